//! Whole wheels, honest and hostile.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::model::{Integrity, LockedPackage, PythonTerms, Sha256Digest, Terms};

const FILE: &str = "foo_bar-1.0-py3-none-any.whl";
const INFO: &str = "foo_bar-1.0.dist-info";
const METADATA: &str = "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.0\nRequires-Python: >=3.10\nRequires-Dist: b>=1\nRequires-Dist: a; extra == 'x'\n\
    Provides-Extra: X\nProject-URL: Source, https://github.com/example/foo\nProject-URL: Bug Tracker, https://github.com/other/foo/issues\n\
    Home-page: https://github.com/example/home\n\nBody: of the description\nName: evil\n";
const WHEEL: &str = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
const ENTRIES: &str = "[console_scripts]\nfoo-bar = foo_bar.cli:main\n";

/// A wheel under construction: files by path.
#[derive(Clone)]
struct Build {
    file_name: &'static str,
    files: BTreeMap<String, Vec<u8>>,
    /// `None`: an honest one is made.
    record: Option<String>,
}

impl Build {
    fn honest() -> Self {
        let mut build = Self {
            file_name: FILE,
            files: BTreeMap::new(),
            record: None,
        };
        build.put("foo_bar/__init__.py", "").put("foo_bar/cli.py", "def main(): pass\n");
        build
            .info("METADATA", METADATA)
            .info("WHEEL", WHEEL)
            .info("entry_points.txt", ENTRIES);
        build
    }

    fn put(&mut self, path: &str, text: impl AsRef<[u8]>) -> &mut Self {
        self.files.insert(path.to_owned(), text.as_ref().to_vec());
        self
    }

    fn info(&mut self, file: &str, text: &str) -> &mut Self {
        self.put(&format!("{INFO}/{file}"), text)
    }

    fn without(&mut self, path: &str) -> &mut Self {
        self.files.remove(path).unwrap();
        self
    }

    /// The lines of RECORD, without the one of itself.
    fn rows(&self) -> Vec<String> {
        let row = |(path, bytes): (&String, &Vec<u8>)| {
            let digest = URL_SAFE_NO_PAD.encode(Sha256Digest::of(bytes).as_bytes());
            format!("{path},sha256={digest},{}", bytes.len())
        };
        self.files.iter().map(row).collect()
    }

    fn recorded(&mut self, change: impl FnOnce(&mut Vec<String>)) -> &mut Self {
        let mut rows = self.rows();
        rows.push(format!("{INFO}/RECORD,,"));
        change(&mut rows);
        self.record = Some(rows.join("\n") + "\n");
        self
    }

    fn contents(&self) -> WheelContents {
        let mut all = self.files.clone();
        let honest = || format!("{}\r\n{INFO}/RECORD,,\r\n", self.rows().join("\r\n"));
        all.insert(format!("{INFO}/RECORD"), self.record.clone().unwrap_or_else(honest).into_bytes());
        let file = |(path, bytes): (&String, &Vec<u8>)| ArchiveFile {
            path: path.clone(),
            executable: false,
            size: bytes.len() as u64,
            digest: Sha256Digest::of(bytes),
            native: bytes.starts_with(b"\x7fELF"),
        };
        let files = all.iter().map(file).collect();
        let told = |path: &str| {
            layout::has_ending(path, ".pth")
                || path
                    .split_once('/')
                    .is_some_and(|(top, rest)| top.ends_with(".dist-info") && !rest.contains('/'))
        };
        all.retain(|path, _| told(path));
        WheelContents { files, read: all }
    }

    fn read(&self) -> Result<Wheel, Refusal> {
        read(self.file_name, &self.contents())
    }

    fn refusal(&self) -> Refusal {
        self.read().unwrap_err()
    }
}

fn with(path: &str, text: &str) -> Build {
    let mut build = Build::honest();
    build.put(path, text);
    build
}

fn metadata(from: &str, to: &str) -> Build {
    assert!(METADATA.contains(from));
    let mut build = Build::honest();
    build.info("METADATA", &METADATA.replacen(from, to, 1));
    build
}

#[test]
fn an_honest_wheel_is_read() {
    let wheel = Build::honest().read().unwrap();
    assert_eq!(wheel.name.as_str(), "foo-bar");
    assert_eq!(wheel.version, "1.0");
    assert_eq!(wheel.requires, ["b>=1", "a; extra == 'x'"]);
    assert_eq!(wheel.requires_python.as_deref(), Some(">=3.10"));
    assert_eq!(wheel.extras, ["x".to_owned()].into());
    assert_eq!(wheel.scripts["foo-bar"].to_string(), "foo-bar = foo_bar.cli:main");
    assert_eq!(
        wheel.repositories,
        ["https://github.com/example/foo", "https://github.com/example/home"]
    );
    assert!(wheel.pure && !wheel.native && wheel.startup.is_empty());
}

#[test]
fn a_record_that_lies_is_refused() {
    let refused = |change: &dyn Fn(&mut Vec<String>)| Build::honest().recorded(change).refusal();
    let path = "foo_bar/cli.py".to_owned();
    let other = format!("sha256={}", URL_SAFE_NO_PAD.encode(Sha256Digest::of("other").as_bytes()));
    let row = |rows: &[String]| rows.iter().position(|row| row.starts_with("foo_bar/cli.py")).unwrap();
    let replaced = |text: String| {
        refused(&move |rows: &mut Vec<String>| {
            let at = row(rows);
            rows[at].clone_from(&text);
        })
    };
    assert_eq!(replaced(format!("{path},{other},17")), Refusal::Changed { path: path.clone() });
    assert_eq!(replaced(format!("{path},sha256=,17")), Refusal::Changed { path: path.clone() });
    assert_eq!(replaced(format!("{path},,17")), Refusal::NoDigest { path: path.clone() });
    let named = |algorithm: &str| Refusal::Algorithm {
        path: path.clone(),
        algorithm: algorithm.to_owned(),
    };
    assert_eq!(replaced(format!("{path},md5=1B2M2Y8AsgTpgAmY7PhCfg,17")), named("md5"));
    assert_eq!(replaced(format!("{path},sha512=AAAA,17")), named("sha512"));
    assert_eq!(replaced(format!("{path},SHA256=AAAA,17")), named("SHA256"));
    assert_eq!(
        refused(&|rows: &mut Vec<String>| {
            rows.remove(row(rows));
        }),
        Refusal::Unlisted { path: path.clone() }
    );
    assert_eq!(
        refused(&|rows: &mut Vec<String>| {
            let again = rows[row(rows)].clone();
            rows.push(again);
        }),
        Refusal::ListedTwice { path: path.clone() }
    );
    let gone = refused(&|rows: &mut Vec<String>| rows.push("gone.py,sha256=AAAA,1".to_owned()));
    assert_eq!(
        gone,
        Refusal::Lost {
            path: "gone.py".to_owned()
        }
    );
    assert!(gone.hint().unwrap().contains("do not use this version"));
    let size = refused(&|rows: &mut Vec<String>| {
        let at = row(rows);
        rows[at] = rows[at].replace(",17", ",18");
    });
    assert_eq!(size, Refusal::Changed { path });
    let own = refused(&|rows: &mut Vec<String>| *rows.last_mut().unwrap() = format!("{INFO}/RECORD,sha256=AAAA,"));
    assert!(matches!(own, Refusal::Record { .. }), "{own}");
}

#[test]
fn a_record_that_is_no_table_is_refused() {
    for row in ["a", "a,b", "a,b,c,d", "a,b,c,", "\"a,b,c", "a\"b,c,d", "\"a\"b,c,d", "a,b,c\rd,e,f"] {
        let refusal = Build::honest().recorded(|rows| rows.push(row.to_owned())).refusal();
        assert!(matches!(refusal, Refusal::Record { line: 7, .. }), "{row}: {refusal}");
    }
    // No second file of the name is hidden in quotes, and names with commas are read.
    let mut quoted = with("foo_bar/a,\"b\".txt", "x");
    quoted.recorded(|rows| {
        for row in rows.iter_mut().filter(|row| row.starts_with("foo_bar/a,")) {
            *row = row.replacen("foo_bar/a,\"b\".txt", "\"foo_bar/a,\"\"b\"\".txt\"", 1);
        }
    });
    quoted.read().unwrap();
    // RECORD may leave itself out, and its signatures.
    let mut signed = Build::honest();
    signed.recorded(|rows| drop(rows.pop())).info("RECORD.jws", "{}");
    signed.read().unwrap();
    let mut jws = Build::honest();
    jws.info("RECORD.jws", "{}")
        .recorded(|rows| rows.retain(|row| !row.contains(".jws")));
    jws.info("RECORD.jws", "{\"other\": 1}").read().unwrap();
    // A signature file anywhere else is a file.
    let mut elsewhere = Build::honest();
    elsewhere.recorded(|_| ()).put("foo_bar/RECORD.jws", "x");
    assert!(matches!(elsewhere.refusal(), Refusal::Unlisted { .. }));
}

#[test]
fn another_package_in_the_name_of_this_one_is_refused() {
    let renamed = |build: Build, named: &str| match build.refusal() {
        Refusal::Renamed { field, .. } => assert_eq!(field, named),
        other => panic!("{other}"),
    };
    renamed(metadata("Foo.Bar", "evil"), "Name");
    renamed(metadata("Version: 1.0\nReq", "Version: 1.0.1\nReq"), "Version");
    renamed(metadata("Version: 1.0\nReq", "Version: one\nReq"), "Version");
    let tag = |tags: &str| {
        let mut build = Build::honest();
        build.info("WHEEL", &WHEEL.replace("Tag: py3-none-any\n", tags));
        build
    };
    renamed(tag("Tag: py2-none-any\n"), "Tag");
    renamed(tag("Tag: py3-none-any\nTag: py2-none-any\n"), "Tag");
    renamed(tag(""), "Tag");
    renamed(tag("Tag: py3-none\n"), "Tag");
    renamed(tag("Tag: py2.py3-none-any\n"), "Tag");
    tag("Tag: Py3-None-Any\n").read().unwrap();
    let mut both = tag("Tag: py2-none-any\nTag: py3-none-any\n");
    both.file_name = "foo_bar-1.0-py2.py3-none-any.whl";
    both.read().unwrap();
    // Some tools write the set in the short form that file names have.
    let mut short = tag("Tag: py3.py2-none-any\n");
    short.file_name = "foo_bar-1.0-py2.py3-none-any.whl";
    short.read().unwrap();
    // And some publish `linux_ARCH` under another name, of the same processor and nothing else.
    let renamed_to = |inside: &str, name: &'static str| {
        let mut build = tag(&format!("Tag: cp311-cp311-{inside}\n"));
        build.file_name = name;
        build.read().is_ok()
    };
    let published = "foo_bar-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
    assert!(renamed_to("linux_x86_64", published));
    for inside in ["linux_aarch64", "win_amd64", "macosx_11_0_x86_64", "linux_86_64", "linux_"] {
        assert!(!renamed_to(inside, published), "{inside}");
    }
    assert!(!renamed_to("linux_x86_64", "foo_bar-1.0-cp311-cp311-win_amd64.whl"));
    assert!(!renamed_to("linux_x86_64", "foo_bar-1.0-cp310-cp310-manylinux_2_17_x86_64.whl"));
    metadata("Version: 1.0\nReq", "Version: v1.0.0\nReq").read().unwrap();
}

#[test]
fn metadata_of_two_readings_is_refused() {
    let twice = |field: &str| {
        let build = metadata("\n\nBody", &format!("\n{field}: x\n\nBody"));
        assert!(
            matches!(build.refusal(), Refusal::Twice { file: "METADATA", .. }),
            "{field}: {}",
            build.refusal()
        );
    };
    for field in ["Name", "name", "VERSION", "Requires-Python", "Metadata-Version"] {
        twice(field);
    }
    for (from, to) in [
        ("Requires-Dist: b>=1", "Requires-Dist: b>=1\n evil"),
        ("Requires-Python: >=3.10", "Requires-Python:\n >=3.10"),
        ("Requires-Dist: b>=1", "Summary: x\rRequires-Dist: evil"),
        ("Requires-Dist: b>=1", "Summary: x\u{b}Requires-Dist: evil"),
        ("Requires-Dist: b>=1", "Summary: x\n y\u{c}Requires-Dist: evil"),
        ("Requires-Dist: b>=1", "Summary: x\u{2028}Requires-Dist: evil"),
        ("Requires-Dist: b>=1", "Summary: x\u{85}Requires-Dist: evil"),
        ("Requires-Dist: b>=1", "Requires-Dist : b>=1"),
        ("Requires-Dist: b>=1", "no field"),
        ("Requires-Dist: b>=1", "From x: y"),
        ("Metadata-Version", " Metadata-Version"),
        ("Metadata-Version", "\u{feff}Metadata-Version"),
    ] {
        let refusal = metadata(from, to).refusal();
        assert!(matches!(refusal, Refusal::Header { .. }), "{to:?}: {refusal}");
    }
    let mut latin = Build::honest();
    latin.put(
        &format!("{INFO}/METADATA"),
        b"Metadata-Version: 2.1\nName: foo-bar\nAuthor: \xe9\nVersion: 1.0\n",
    );
    assert!(matches!(latin.refusal(), Refusal::Header { line: 3, .. }));
    let hidden = metadata("b>=1", "b>=1\u{200b}").refusal();
    assert_eq!(hidden, Refusal::Invisible { field: "Requires-Dist" });
    // Folded text of which nothing depends is common, and licences have pages.
    let licence = metadata(
        "Requires-Dist: b>=1",
        "License: x\n        \n\u{20}page\n \u{c} page\nRequires-Dist: b>=1",
    )
    .read()
    .unwrap();
    assert_eq!(licence.requires.len(), 2);
    // Line ends of other systems, and a body that is no text.
    let mut windows = Build::honest();
    windows.info("METADATA", &METADATA.replace('\n', "\r\n"));
    assert_eq!(windows.read().unwrap(), Build::honest().read().unwrap());
}

#[test]
fn formats_that_are_not_known_are_refused() {
    let wheel = |from: &str, to: &str| {
        let mut build = Build::honest();
        build.info("WHEEL", &WHEEL.replace(from, to));
        build.refusal()
    };
    assert!(matches!(wheel("Wheel-Version: 1.0", "Wheel-Version: 2.0"), Refusal::Unknown { .. }));
    assert!(matches!(wheel("Wheel-Version: 1.0", "Wheel-Version: 1"), Refusal::Unknown { .. }));
    assert!(matches!(wheel("Wheel-Version: 1.0\n", ""), Refusal::Absent { .. }));
    assert!(matches!(wheel("Purelib: true", "Purelib: yes"), Refusal::Unknown { .. }));
    assert!(matches!(
        metadata("Metadata-Version: 2.1", "Metadata-Version: 3.0").refusal(),
        Refusal::Unknown { .. }
    ));
    assert!(matches!(
        metadata("Name: Foo.Bar\n", "").refusal(),
        Refusal::Absent { field: "Name", .. }
    ));
}

#[test]
fn what_is_missing_or_there_twice_is_named() {
    for file in ["METADATA", "WHEEL"] {
        let refusal = Build::honest().without(&format!("{INFO}/{file}")).refusal();
        assert_eq!(refusal, Refusal::Missing { file });
    }
    let mut unread = Build::honest().contents();
    unread.read.remove(&format!("{INFO}/RECORD"));
    assert_eq!(read(FILE, &unread), Err(Refusal::Missing { file: "RECORD" }));
    unread = Build::honest().contents();
    unread.read.remove(&format!("{INFO}/entry_points.txt"));
    assert_eq!(read(FILE, &unread), Err(Refusal::Missing { file: "entry_points.txt" }));
    let spelled = with("Foo_Bar-1.0.dist-info/METADATA", METADATA).refusal();
    assert!(matches!(spelled, Refusal::DistInfo { found } if found.len() == 2));
    assert!(matches!(read(FILE, &WheelContents::default()), Err(Refusal::DistInfo { found }) if found.is_empty()));
    assert!(matches!(
        with("other-2.dist-info/METADATA", METADATA).refusal(),
        Refusal::Foreign { .. }
    ));
    let mut doubled = Build::honest().contents();
    doubled.files.push(doubled.files[0].clone());
    assert!(matches!(read(FILE, &doubled), Err(Refusal::Clash { .. })));
}

#[test]
fn two_files_for_one_place_are_refused() {
    for path in [
        "foo_bar-1.0.data/purelib/foo_bar/cli.py",
        "foo_bar-1.0.data/platlib/Foo_Bar/CLI.py",
        "foo_bar/CLI.py",
    ] {
        let refusal = with(path, "evil").refusal();
        assert!(matches!(refusal, Refusal::Clash { .. }), "{path}: {refusal}");
    }
    let mut data = with("foo_bar-1.0.data/data/share/x", "1");
    data.put("Foo_Bar-1.0.data/data/share/X", "2");
    assert!(matches!(data.refusal(), Refusal::Clash { .. }));
    // Scripts go nowhere, so they meet nothing.
    with("foo_bar-1.0.data/scripts/cli.py", "#!python\n").read().unwrap();
}

#[test]
fn compiled_code_needs_its_source() {
    for path in [
        "foo_bar/cli.pyc",
        "foo_bar/__pycache__/cli.cpython-312.pyc",
        "foo_bar/__pycache__/cli.cpython-312.opt-1.pyc",
        "foo_bar/__pycache__/README",
    ] {
        with(path, "x").read().unwrap_or_else(|refusal| panic!("{path}: {refusal}"));
    }
    for path in [
        "foo_bar/evil.pyc",
        "evil.pyc",
        "foo_bar/evil.PYC",
        "foo_bar/__pycache__/evil.cpython-312.pyc",
        "__pycache__/cli.cpython-312.pyc",
        "foo_bar/__pycache__/.pyc",
        "foo_bar/cli.cpython-312.pyc",
        "foo_bar-1.0.data/purelib/foo_bar/evil.pyc",
    ] {
        let refusal = with(path, "x").refusal();
        assert_eq!(refusal, Refusal::Sourceless { path: path.to_owned() });
        assert!(refusal.to_string().contains("nobody can read what it does"));
    }
}

#[test]
fn code_that_runs_at_the_start_is_found() {
    let startup = |path: &str, text: &str| with(path, text).read().unwrap().startup;
    let one = |path: &str, value: &str| BTreeMap::from([(path.to_owned(), value.to_owned())]);
    assert_eq!(startup("x.pth", "import evil\n"), one("x.pth", "import evil\n"));
    assert_eq!(startup("foo_bar-1.0.data/purelib/x.pth", "../evil"), one("x.pth", "../evil"));
    assert_eq!(startup("x.pth", "foo_bar/sub\n"), BTreeMap::new());
    assert_eq!(startup("foo_bar/x.pth", "import evil\n"), BTreeMap::new());
    let long = format!("import a{}", " ".repeat(1024));
    assert_eq!(
        startup("x.pth", &long),
        one("x.pth", &format!("sha256:{}", Sha256Digest::of(&long)))
    );
    for path in ["sitecustomize.py", "usercustomize/__init__.py", "x.start"] {
        assert_eq!(startup(path, "evil"), one(path, &format!("sha256:{}", Sha256Digest::of("evil"))));
    }
    // What the store did not read is not harmless.
    let mut unread = with("x.pth", "").contents();
    unread.read.remove("x.pth");
    assert_eq!(read(FILE, &unread).unwrap().startup.len(), 1);
    assert_eq!(
        with("x\u{200b}.pth", "import a").refusal(),
        Refusal::Invisible { field: "start-up files" }
    );
}

#[test]
fn native_code_in_a_wheel_for_everybody_is_found() {
    assert!(with("foo_bar/data.bin", "\x7fELF").read().unwrap().native);
    assert!(with("foo_bar/x.cpython-312-darwin.so", "").read().unwrap().native);
    assert!(with("foo_bar/libx.so.1", "").read().unwrap().native);
    let mut platform = with("foo_bar/x.so", "\x7fELF");
    platform.file_name = "foo_bar-1.0-cp312-cp312-linux_x86_64.whl";
    platform.info("WHEEL", &WHEEL.replace("py3-none-any", "cp312-cp312-linux_x86_64"));
    let wheel = platform.read().unwrap();
    assert!(!wheel.pure && !wheel.native);
}

fn claim() -> Claim {
    Claim {
        name: "foo-bar".parse().unwrap(),
        version: "1".into(),
        requires_python: Some(">= 3.10.0".into()),
        metadata: None,
    }
}

fn confused(claim: &Claim, build: &Build) -> Vec<&'static str> {
    match confirm(claim, FILE, &build.contents()) {
        Ok(_) => Vec::new(),
        Err(Refusal::Confused(found)) => found.iter().map(|one| one.field).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_the_index_says_in_another_spelling_is_the_same() {
    let honest = Build::honest();
    assert_eq!(confused(&claim(), &honest), [""; 0]);
    let silent = Claim {
        requires_python: None,
        ..claim()
    };
    assert_eq!(confused(&silent, &honest), [""; 0]);
}

#[test]
fn every_kind_of_confusion_is_named() {
    let honest = Build::honest();
    let lie = Claim {
        name: "evil".parse().unwrap(),
        version: "1.0.1".into(),
        requires_python: Some(">=3.9".into()),
        metadata: Some(Integrity::Sha256([7; 32])),
    };
    assert_eq!(confused(&lie, &honest), ["name", "version", "Requires-Python", "METADATA"]);
    let text = &honest.contents().read["foo_bar-1.0.dist-info/METADATA"];
    let truth = Claim {
        metadata: Some(Integrity::Sha256(*Sha256Digest::of(text).as_bytes())),
        ..claim()
    };
    assert_eq!(confused(&truth, &honest), [""; 0]);
    let python = |claimed: &str, archived: &str| {
        let claim = Claim {
            requires_python: Some(claimed.into()),
            ..claim()
        };
        confused(&claim, &metadata(">=3.10", archived)).is_empty()
    };
    assert!(python(">=3.10,<4", "<4.0, >=3.10"));
    assert!(python("~=3.8", "~= 3.8"));
    assert!(!python("~=3.8", "~=3.8.0"));
    assert!(!python("==3.8.*", "==3.*"));
    assert!(!python(">=3.10", ">3.10"));
    assert!(!python(">=3.10", ""));
    assert!(!python("nonsense", "other nonsense"));
    assert!(!python("", ">=3.10"));
}

#[test]
fn a_lock_that_says_otherwise_is_seen_in_every_field() {
    let terms = PythonTerms {
        marker: None,
        requires: vec!["b>=1".into(), "a; extra == 'x'".into()],
        requires_python: Some(">=3.10".into()),
        built: false,
    };
    let honest = LockedPackage {
        name: "foo-bar".parse().unwrap(),
        version: "1.0".into(),
        archives: Vec::new(),
        scripts: BTreeMap::new(),
        native: false,
        terms: Terms::Python(terms.clone()),
    };
    let contents = Build::honest().contents();
    assert_eq!(check_locked(&honest, FILE, &contents), Ok(Vec::new()));
    let fields = |locked: &LockedPackage, contents: &WheelContents| {
        let found = check_locked(locked, FILE, contents).unwrap();
        found.into_iter().map(|one| one.field).collect::<Vec<_>>()
    };
    let changed = |change: &dyn Fn(&mut LockedPackage)| {
        let mut locked = honest.clone();
        change(&mut locked);
        fields(&locked, &contents)
    };
    assert_eq!(changed(&|locked| locked.name = "evil".parse().unwrap()), ["name"]);
    assert_eq!(changed(&|locked| locked.version = "2".into()), ["version"]);
    assert_eq!(changed(&|locked| locked.native = true), ["native code"]);
    assert_eq!(
        changed(&|locked| drop(locked.scripts.insert("x.pth".into(), "import x".into()))),
        ["start-up code"]
    );
    let with_terms = |change: &dyn Fn(&mut PythonTerms)| {
        let mut terms = terms.clone();
        change(&mut terms);
        changed(&|locked| locked.terms = Terms::Python(terms.clone()))
    };
    assert_eq!(with_terms(&|terms| terms.requires.reverse()), ["Requires-Dist"]);
    assert_eq!(with_terms(&|terms| drop(terms.requires.pop())), ["Requires-Dist"]);
    assert_eq!(with_terms(&|terms| terms.requires_python = None), ["Requires-Python"]);
    // A wheel whose start-up code the lock hides.
    assert_eq!(fields(&honest, &with("x.pth", "import evil").contents()), ["start-up code"]);
}

proptest::proptest! {
    #[test]
    fn no_bytes_break_the_readers(path in "\\PC{0,40}", bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), text in "[a\",\n\r :=\\[\\];#\u{c}]{0,60}") {
        let layout = Layout::of(FILE).unwrap();
        if let Ok(Placed::Site(place) | Placed::Prefix(place)) = layout.place(&path) {
            proptest::prop_assert!(place.split('/').all(|segment| !["", ".", ".."].contains(&segment)));
        }
        for file in ["METADATA", "WHEEL", "RECORD", "entry_points.txt"] {
            for bytes in [&bytes[..], text.as_bytes()] {
                let mut contents = Build::honest().contents();
                contents.read.insert(format!("{INFO}/{file}"), bytes.to_vec());
                if file != "entry_points.txt" {
                    proptest::prop_assert!(read(FILE, &contents).is_err());
                }
                drop(read(FILE, &contents));
            }
        }
    }
}

//! Trees of several wheels: where files go, who may not stand where, and every kind of tampering
//! with what was compiled.

use std::fs::Permissions;

use super::super::derive::DeriveError;
use super::super::testing::zip::Zip as Crafted;
use super::super::testing::{Home, SITE, Tgz};
use super::super::{Part, Place, Refusal, TreeCheck};
use super::*;
use crate::model::Integrity;
use crate::model::drift::TreeChangeKind;

/// Compiles whatever is not in old Python.
struct Compiler;

impl Derive for Compiler {
    fn derive(&self, _: &Integrity, sources: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, DeriveError> {
        let made = sources
            .iter()
            .filter(|(_, content)| !content.starts_with(b"print "))
            .map(|(path, content)| {
                let (folder, name) = path.rsplit_once('/').unwrap();
                let name = name.strip_suffix(".py").unwrap();
                // The batch shows, as it may in a real compiler.
                let made = format!("compiled with {} others: ", sources.len() - 1).into_bytes();
                (
                    format!("{folder}/__pycache__/{name}.cpython-312.pyc"),
                    [made, content.clone()].concat(),
                )
            });
        Ok(made.collect())
    }
}

struct Fails;

impl Derive for Fails {
    fn derive(&self, _: &Integrity, _: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, DeriveError> {
        Err(DeriveError {
            cause: "the interpreter ended with signal 9".into(),
        })
    }
}

fn alpha() -> Crafted {
    Crafted::new()
        .file("alpha/__init__.py", b"import beta\n")
        .file("alpha/old.py", b"print 'old'\n")
        .file("alpha/data.txt", b"text")
        .file("alpha/stale.pyc", b"stale")
        .program("alpha-1.0.data/purelib/alpha_extra/run.py", b"run\n")
        .file("alpha-1.0.data/data/share/alpha/doc.py", b"not code\n")
        .file("alpha-1.0.data/scripts/alpha", b"#!python\n")
        .file("alpha-1.0.dist-info/METADATA", b"Name: alpha\n")
        .file("alpha-1.0.dist-info/RECORD", b"")
}

fn beta() -> Crafted {
    Crafted::new()
        .file("beta/__init__.py", b"pass\n")
        .file("alpha/plugin.py", b"plugin\n")
        .file("tests/__init__.py", b"")
        .file("beta-2.0.dist-info/METADATA", b"Name: beta\n")
}

fn tree_of(home: &Home) -> Vec<Part> {
    vec![home.wheel("alpha@1.0", &alpha()), home.wheel("beta@2.0", &beta())]
}

fn check(home: &Home, parts: &[Part]) -> TreeCheck {
    home.store.check(&home.id, parts, Some(&Compiler)).unwrap()
}

fn files(root: &Path) -> Vec<String> {
    let found = tree::walk(root, "", |_| false).unwrap();
    let mut files: Vec<_> = found
        .paths
        .into_iter()
        .filter(|(_, kind)| *kind != tree::Kind::Folder)
        .map(|(path, _)| path.replace(SITE, "SITE"))
        .collect();
    files.sort();
    files
}

fn clash(home: &Home, parts: &[Part]) -> String {
    let mut texts: Vec<_> = [parts.to_vec(), parts.iter().rev().cloned().collect()]
        .iter()
        .map(|parts| match home.store.install(&home.id, parts, Some(&Compiler)) {
            Err(error @ StoreError::Clash { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(home.leftovers().is_empty() && !home.store.has_install(&home.id));
    texts.dedup();
    texts.remove(0)
}

#[test]
fn another_file_for_a_module_that_a_wheel_has_is_refused() {
    for path in ["alpha.py", "alpha/old.abi3.so", "alpha/old/__init__.py", "Alpha_Extra/Run.pyd"] {
        let home = Home::new();
        let evil = Crafted::new()
            .file(path, b"evil\n")
            .file("beta-2.0.dist-info/METADATA", b"Name: beta\n");
        let text = clash(&home, &[home.wheel("alpha@1.0", &alpha()), home.wheel("beta@2.0", &evil)]);
        assert!(text.contains("`alpha@1.0`") && text.contains("`beta@2.0`"), "{path}: {text}");
    }
}

#[test]
fn every_file_goes_to_its_place_and_sources_are_compiled() {
    let home = Home::new();
    let parts = tree_of(&home);
    let done = home.store.install(&home.id, &parts, Some(&Compiler)).unwrap();
    let root = done.installed.root();
    assert_eq!(
        files(root),
        [
            "SITE/alpha-1.0.dist-info/METADATA",
            "SITE/alpha-1.0.dist-info/RECORD",
            "SITE/alpha/__init__.py",
            "SITE/alpha/__pycache__/__init__.cpython-312.pyc",
            "SITE/alpha/__pycache__/plugin.cpython-312.pyc",
            "SITE/alpha/data.txt",
            "SITE/alpha/old.py",
            "SITE/alpha/plugin.py",
            "SITE/alpha_extra/__pycache__/run.cpython-312.pyc",
            "SITE/alpha_extra/run.py",
            "SITE/beta-2.0.dist-info/METADATA",
            "SITE/beta/__init__.py",
            "SITE/beta/__pycache__/__init__.cpython-312.pyc",
            "SITE/tests/__init__.py",
            "SITE/tests/__pycache__/__init__.cpython-312.pyc",
            "share/alpha/doc.py",
        ]
    );
    let mode = |path: &str| fs::metadata(root.join(SITE).join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("alpha_extra/run.py") & 0o333, mode("alpha/data.txt") & 0o333), (0o111, 0));
    assert_eq!(
        (
            mode("alpha/__pycache__/plugin.cpython-312.pyc") & 0o333,
            mode("alpha/__pycache__") & 0o222
        ),
        (0, 0)
    );
    let check = check(&home, &parts);
    assert_eq!((check.changes, check.files, check.derived), (vec![], 11, 5));
    assert_eq!(check.installed.unwrap().root(), root);
    assert!(home.leftovers().is_empty());
}

#[test]
fn without_a_compiler_compiled_files_belong_to_nobody() {
    let home = Home::new();
    let parts = tree_of(&home);
    home.store.install(&home.id, &parts, Some(&Compiler)).unwrap();
    let check = home.store.check(&home.id, &parts, None).unwrap();
    assert!(check.installed.is_none() && check.changes.len() == 5);
    assert!(
        check
            .changes
            .iter()
            .all(|(path, kind)| path.contains(".cpython-312.") && *kind == TreeChangeKind::Added)
    );
    home.store.install(&home.id, &parts, None).unwrap();
    let check = self::check(&home, &parts);
    assert!(check.installed.is_none());
    assert_eq!(check.changes.iter().filter(|(_, kind)| *kind == TreeChangeKind::Missing).count(), 5);
    assert!(home.store.check(&home.id, &parts, None).unwrap().installed.is_some());
}

/// What a check finds after `tamper`, paths below the site folder.
fn after(tamper: impl FnOnce(&Path)) -> Vec<(String, TreeChangeKind)> {
    let home = Home::new();
    let parts = tree_of(&home);
    let root = home
        .store
        .install(&home.id, &parts, Some(&Compiler))
        .unwrap()
        .installed
        .root()
        .to_owned();
    for path in tree::walk(&root, "", |_| false).unwrap().paths.into_keys() {
        let path = root.join(path);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        fs::set_permissions(&path, Permissions::from_mode(mode | 0o200)).unwrap();
    }
    tamper(&root.join(SITE));
    let check = check(&home, &parts);
    assert_eq!(check.installed.is_none(), !check.changes.is_empty());
    let below = |path: &str| {
        path.strip_prefix(SITE)
            .map_or(format!("../{path}"), |path| path.trim_start_matches('/').to_owned())
    };
    check.changes.iter().map(|(path, kind)| (below(path), *kind)).collect()
}

fn one(path: &str, kind: TreeChangeKind) -> Vec<(String, TreeChangeKind)> {
    vec![(path.to_owned(), kind)]
}

#[test]
fn tampering_is_found_in_sources_and_in_what_was_made_of_them() {
    const COMPILED: &str = "beta/__pycache__/__init__.cpython-312.pyc";
    assert_eq!(after(|_| ()), []);
    let changes = after(|site| {
        let mut bytes = fs::read(site.join(COMPILED)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(site.join(COMPILED), bytes).unwrap();
    });
    assert_eq!(changes, one(COMPILED, TreeChangeKind::Changed));
    assert_eq!(after(|site| fs::remove_file(site.join(COMPILED)).unwrap()), {
        // The folder is empty now, and no archive has an empty folder.
        one(COMPILED, TreeChangeKind::Missing)
    });
    let changes = after(|site| fs::set_permissions(site.join(COMPILED), Permissions::from_mode(0o755)).unwrap());
    assert_eq!(changes, one(COMPILED, TreeChangeKind::ModeChanged));
    let changes = after(|site| {
        fs::rename(site.join(COMPILED), site.join("../moved")).unwrap();
        std::os::unix::fs::symlink(site.join("../moved"), site.join(COMPILED)).unwrap();
    });
    assert!(changes.contains(&(COMPILED.to_owned(), TreeChangeKind::NotAFile)), "{changes:?}");
    // Changed together with its source, both are found.
    let changes = after(|site| {
        fs::write(site.join("beta/__init__.py"), "evil\n").unwrap();
        fs::write(site.join(COMPILED), "compiled with 2 others: evil\n").unwrap();
    });
    assert_eq!(
        changes,
        [
            ("beta/__init__.py".to_owned(), TreeChangeKind::Changed),
            (COMPILED.to_owned(), TreeChangeKind::Changed)
        ]
    );
    for added in [
        "beta/__pycache__/evil.cpython-312.pyc",
        "beta/__pycache__/__init__.cpython-311.pyc",
        "alpha/__pycache__/old.cpython-312.pyc",
        "alpha/stale.pyc",
        "alpha/old.pyc",
        "evil.pth",
        "beta/evil/__init__.py",
        "../../../bin/alpha",
        "../../../pyvenv.cfg",
    ] {
        let changes = after(|site| {
            fs::create_dir_all(site.join(added).parent().unwrap()).unwrap();
            fs::write(site.join(added), "x").unwrap();
        });
        let name = added.strip_prefix("../../").unwrap_or(added);
        assert_eq!(changes, one(name, TreeChangeKind::Added));
    }
    let changes = after(|site| {
        fs::rename(site.join("beta"), site.join("../moved")).unwrap();
        std::os::unix::fs::symlink(site.join("../moved"), site.join("beta")).unwrap();
    });
    assert!(changes.contains(&("beta".to_owned(), TreeChangeKind::NotAFile)), "{changes:?}");
    assert!(changes.contains(&(COMPILED.to_owned(), TreeChangeKind::Missing)), "{changes:?}");
}

#[test]
fn no_wheel_runs_in_the_place_of_another() {
    for (path, content) in [
        ("alpha/__init__.py", &b"import evil\n"[..]),
        ("alpha/__init__.PY", b"import beta\n"),
        ("Alpha/other.py", b""),
        ("alpha", b""),
        ("alpha/__init__.py/x", b""),
        ("evil-1.data/platlib/alpha/__init__.py", b"import evil\n"),
    ] {
        let home = Home::new();
        let parts = [
            home.wheel("alpha@1.0", &alpha()),
            home.wheel("evil@1", &Crafted::new().file(path, content)),
        ];
        let text = clash(&home, &parts);
        assert!(text.contains("`alpha@1.0`") && text.contains("`evil@1`"), "{text}");
        assert!(text.contains("in the place of the other"), "{text}");
    }
    let home = Home::new();
    let other_bit = Crafted::new().program("alpha/data.txt", b"text");
    clash(&home, &[home.wheel("alpha@1.0", &alpha()), home.wheel("evil@1", &other_bit)]);
    // One that clashes with itself, too.
    let twice = Crafted::new().file("x.py", b"1").file("evil-1.data/purelib/x.py", b"2");
    clash(&home, &[home.wheel("evil@1", &twice)]);
    let twice = Crafted::new()
        .file("tests/__init__.py", b"")
        .file("evil-1.data/purelib/tests/__init__.py", b"");
    clash(&home, &[tree_of(&home), vec![home.wheel("evil@1", &twice)]].concat());
}

#[test]
fn the_same_file_in_two_wheels_is_fine_and_not_compiled() {
    let home = Home::new();
    let gamma = Crafted::new()
        .file("tests/__init__.py", b"")
        .file("alpha/data.txt", b"text")
        .file("gamma.py", b"gamma\n");
    let parts = [tree_of(&home), vec![home.wheel("gamma@3", &gamma)]].concat();
    for _ in 0..8 {
        let root = home
            .store
            .install(&home.id, &parts, Some(&Compiler))
            .unwrap()
            .installed
            .root()
            .to_owned();
        assert!(!root.join(SITE).join("tests/__pycache__").exists());
        let check = check(&home, &parts);
        assert_eq!((check.changes.as_slice(), check.derived), (&[][..], 5));
        assert!(check.installed.is_some());
    }
    // Somebody compiles it after all.
    let folder = home.store.install_path(&home.id).join(SITE).join("tests");
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(folder.join("__pycache__")).unwrap();
    fs::write(folder.join("__pycache__/__init__.cpython-312.pyc"), "compiled with 2 others: ").unwrap();
    let added = format!("{SITE}/tests/__pycache__/__init__.cpython-312.pyc");
    assert_eq!(check(&home, &parts).changes, one(&added, TreeChangeKind::Added));
}

#[test]
fn a_check_also_refuses_wheels_that_clash() {
    let home = Home::new();
    let mut parts = tree_of(&home);
    home.store.install(&home.id, &parts, Some(&Compiler)).unwrap();
    parts.push(home.wheel("evil@1", &Crafted::new().file("ALPHA/x.py", b"")));
    let error = home.store.check(&home.id, &parts, Some(&Compiler)).unwrap_err();
    assert!(matches!(error, StoreError::Clash { .. }), "{error}");
    // Other content at the same path: the tree cannot be what both say.
    parts.pop();
    parts.push(home.wheel("evil@1", &Crafted::new().file("beta/__init__.py", b"evil\n")));
    let check = check(&home, &parts);
    assert!(check.installed.is_none());
    assert!(
        check
            .changes
            .contains(&(format!("{SITE}/beta/__init__.py"), TreeChangeKind::Changed))
    );
}

#[test]
fn a_missing_wheel_decides_nothing_and_accuses_nobody() {
    let home = Home::new();
    let parts = tree_of(&home);
    home.store.install(&home.id, &parts, Some(&Compiler)).unwrap();
    home.store.discard_archive(&parts[1].integrity).unwrap();
    let check = check(&home, &parts);
    assert_eq!((check.changes, check.installed), (vec![], None));
    assert_eq!(check.missing_archives, ["beta@2.0"]);
    assert!(matches!(
        home.store.install(&home.id, &parts, None),
        Err(StoreError::MissingArchive { .. })
    ));
    home.tamper_archive(&parts[0], b"other");
    let error = home.store.check(&home.id, &parts, Some(&Compiler)).unwrap_err();
    assert!(matches!(error, StoreError::ChangedOnDisk { .. }));
}

#[test]
fn hostile_wheels_leave_no_tree() {
    for (what, archive) in [
        ("parent", Crafted::new().file("a.py", b"").file("../evil.py", b"")),
        ("link", Crafted::new().entry(b"a.py", b"/etc/passwd", false, 0o120_777, |_| ())),
        ("parent in data", Crafted::new().file("evil-1.data/data/../../../evil", b"")),
        ("absolute in data", Crafted::new().file("evil-1.data/data//etc/evil", b"")),
        (
            "data among the code",
            Crafted::new().file("evil-1.data/data/lib/python3.12/site-packages/alpha/old.py", b"evil"),
        ),
        ("no scheme", Crafted::new().file("evil-1.data/other/x", b"")),
    ] {
        let home = Home::new();
        let parts = [tree_of(&home), vec![home.wheel("evil@1", &archive)]].concat();
        let error = home.store.install(&home.id, &parts, Some(&Compiler)).unwrap_err();
        assert!(
            matches!(error, StoreError::Refused(_) | StoreError::Layout { .. }),
            "{what}: {error}"
        );
        assert!(error.to_string().contains("`evil@1`"), "{what}: {error}");
        assert!(home.leftovers().is_empty() && !home.store.has_install(&home.id));
    }
}

#[test]
fn a_site_folder_that_leads_away_is_refused() {
    let home = Home::new();
    let mut part = home.wheel("alpha@1.0", &alpha());
    for site in ["../out", "/out", "", "a/./b"] {
        let Place::Wheel { file, .. } = &part.place else { panic!() };
        part.place = Place::Wheel {
            file: file.clone(),
            site: site.to_owned(),
        };
        let error = home.store.install(&home.id, std::slice::from_ref(&part), None);
        assert_eq!(error.is_err(), !site.is_empty(), "{site}");
    }
}

#[test]
fn the_format_is_decided_by_the_place_never_by_the_bytes() {
    let home = Home::new();
    let tgz = Tgz::new().file("package.json", b"{}");
    let npm = home.part("node_modules/a", &tgz);
    let mut wheel = home.wheel("alpha@1.0", &alpha());
    assert!(matches!(
        home.store.install(&home.id, &[npm.clone(), wheel.clone()], None),
        Err(StoreError::MixedTree)
    ));
    assert!(
        home.store
            .check(&home.id, std::slice::from_ref(&npm), None)
            .unwrap()
            .installed
            .is_none()
    );
    let swapped = Part {
        place: npm.place.clone(),
        ..wheel.clone()
    };
    assert!(matches!(
        home.store.install(&home.id, &[swapped], None),
        Err(StoreError::Refused(_))
    ));
    wheel.integrity = npm.integrity;
    assert!(matches!(home.store.install(&home.id, &[wheel], None), Err(StoreError::Refused(_))));
}

#[test]
fn a_compiler_that_fails_or_lies_makes_no_tree() {
    struct Lies;
    impl Derive for Lies {
        fn derive(&self, _: &Integrity, sources: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, DeriveError> {
            Ok(vec![(sources[0].0.clone(), b"evil".to_vec())])
        }
    }
    let home = Home::new();
    let parts = tree_of(&home);
    let error = home.store.install(&home.id, &parts, Some(&Fails)).unwrap_err().to_string();
    assert!(error.contains("signal 9") && error.contains("could not compile"), "{error}");
    let error = home.store.install(&home.id, &parts, Some(&Lies)).unwrap_err();
    assert!(matches!(error, StoreError::DerivedElsewhere { .. }), "{error}");
    assert!(home.leftovers().is_empty() && !home.store.has_install(&home.id));
    home.store.install(&home.id, &parts, Some(&Compiler)).unwrap();
    assert!(home.store.check(&home.id, &parts, Some(&Fails)).is_err());
}

#[test]
fn a_wheels_contents_are_listed_and_what_it_says_is_read() {
    let home = Home::new();
    let archive = Crafted::new()
        .file("a/mod.SO", b"text")
        .file("a/lib.so.1", b"text")
        .file("a/elf", b"\x7fELF")
        .file("a/x.py", b"pass")
        .file("a/deep.pth", b"no")
        .file("a.pth", b"import a")
        .file("a-1.data/purelib/b.PTH", b"import b")
        .file("a-1.dist-info/METADATA", b"Name: a")
        .file("a-1.dist-info/licenses/LICENSE", b"free");
    let part = home.wheel("a@1", &archive);
    let stored = home.store.archive(&part.integrity, "a@1").unwrap().unwrap();
    let wheel = stored.wheel().unwrap();
    let native: Vec<_> = wheel
        .files
        .iter()
        .filter(|file| file.native)
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(native, ["a/elf", "a/lib.so.1", "a/mod.SO"]);
    let read: Vec<_> = wheel.read.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    assert_eq!(
        read,
        [
            ("a-1.data/purelib/b.PTH", &b"import b"[..]),
            ("a-1.dist-info/METADATA", b"Name: a"),
            ("a.pth", b"import a")
        ]
    );
    assert!(wheel.files.is_sorted_by(|a, b| a.path < b.path) && wheel.files.len() == 9);
    assert_eq!(wheel.files[2].digest, Sha256Digest::of(b"free"));
    let mut count = 0;
    stored.for_each_wheel_file(&mut |_, _, _| count += 1).unwrap();
    assert_eq!(count, 9);
    assert!(stored.contents().is_err());
    let large = Crafted::new().file("a-1.dist-info/RECORD", &vec![b'x'; (16 << 20) + 1]);
    let part = home.wheel("a@1", &large);
    let error = home.store.archive(&part.integrity, "a@1").unwrap().unwrap().wheel().err();
    assert!(matches!(
        error,
        Some(ArchiveError::Entry {
            refusal: Refusal::TooLargeToRead,
            ..
        })
    ));
}

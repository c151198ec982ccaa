//! What a wheel says about itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use mcp_pin::model::python::EntryPoint;
use mcp_pin::model::{ArchiveFile, Sha256Digest, WheelContents};
use mcp_pin::verify::wheel::{Layout, Placed, entry_point, read};

const FILE: &str = "foo_bar-1.0-py2.py3-none-any.whl";
const INFO: &str = "foo_bar-1.0.dist-info";
const METADATA: &str = "Metadata-Version: 2.1\nName: foo-bar\nVersion: 1.0\n";
const WHEEL: &str = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n";

/// METADATA, WHEEL, entry_points.txt, a `.pth` file and RECORD, with a zero byte between them; an
/// empty one is an honest one.
pub(crate) fn contents(data: &[u8]) {
    let mut parts = data.splitn(5, |&byte| byte == 0);
    let mut part = |honest: &str| match parts.next() {
        None | Some([]) => honest.as_bytes().to_vec(),
        Some(part) => part.to_vec(),
    };
    let mut files = vec![
        (format!("{INFO}/METADATA"), part(METADATA)),
        (format!("{INFO}/WHEEL"), part(WHEEL)),
        (format!("{INFO}/entry_points.txt"), part("")),
        ("a.pth".to_owned(), part("")),
        ("foo_bar/a,\"b\".py".to_owned(), Vec::new()),
        ("foo_bar/__init__.py".to_owned(), Vec::new()),
    ];
    let record = part(&files.iter().map(row).collect::<String>());
    let lists = files.iter().all(|file| listed(&record, file));
    files.push((format!("{INFO}/RECORD"), record));
    files.sort();
    let contents = WheelContents {
        files: files.iter().map(|(path, bytes)| file(path, bytes)).collect(),
        read: files.into_iter().filter(|(path, _)| !path.starts_with("foo_bar/")).collect(),
    };
    let Ok(wheel) = read(FILE, &contents) else { return };
    assert!(lists, "a file passes whose digest RECORD does not have");
    assert_eq!(wheel.name.as_str(), "foo-bar");
    assert!(wheel.startup.iter().all(|(path, text)| path == "a.pth" && text.len() <= 1024));
    let pth = &contents.read["a.pth"];
    if pth.windows(7).any(|word| word == b"import ") && !pth.contains(&b'#') {
        let inside = pth.split(|byte| b"\r\n".contains(byte)).all(|line| !line.starts_with(b"import "));
        assert!(inside || !wheel.startup.is_empty(), "code at the start is not seen");
    }
    for wanted in [None, Some("foo-bar")] {
        if let Ok(entry) = entry_point(&wheel, wanted) {
            assert_eq!(entry.to_string().parse::<EntryPoint>().as_ref(), Ok(&entry));
            assert!(wheel.scripts.contains_key(entry.name()));
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256Digest::of(bytes).as_bytes())
}

fn row((path, bytes): &(String, Vec<u8>)) -> String {
    format!("\"{}\",sha256={},{}\n", path.replace('"', "\"\""), digest(bytes), bytes.len())
}

fn listed(record: &[u8], (_, bytes): &(String, Vec<u8>)) -> bool {
    let digest = digest(bytes);
    record.windows(digest.len()).any(|part| part == digest.as_bytes())
}

fn file(path: &str, bytes: &[u8]) -> ArchiveFile {
    ArchiveFile {
        path: path.to_owned(),
        executable: false,
        size: bytes.len() as u64,
        digest: Sha256Digest::of(bytes),
        native: false,
    }
}

/// The file name of a wheel and the path of a file in it, a line each: nothing leaves its place.
pub(crate) fn layout(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let (name, path) = text.split_once('\n').unwrap_or((FILE, text));
    let Ok(layout) = Layout::of(name) else { return };
    assert_eq!(layout.name().file_name(), name);
    let Ok(placed) = layout.place(path) else { return };
    let place = match &placed {
        Placed::Site(place) | Placed::Prefix(place) => place,
        Placed::Dropped(_) => return,
    };
    assert!(path.ends_with(place.as_str()), "{path:?} becomes {place:?}");
    let bad = |segment: &str| ["", ".", ".."].contains(&segment) || segment.contains(['\\', '\0']);
    assert!(!place.split('/').any(bad), "{place:?} leaves its folder");
    let lower = place.to_lowercase();
    let has = |name: &str| lower.split('/').any(|segment| segment == name);
    assert!(!lower.ends_with(".pyc") && !has("__pycache__"), "{place:?} is compiled");
    if matches!(placed, Placed::Prefix(_)) {
        let code = has("site-packages") || lower.starts_with("lib/py") || lower == "pyvenv.cfg";
        assert!(!code, "{place:?} passes for code");
    }
}

//! Which names an archive's entries may have.
//!
//! The attacks: a name that leaves the folder (`..`, absolute, backslash), one that two systems read
//! differently (control characters, not UTF-8), two names that are one file on another system
//! (duplicates, case), and names that cost memory by their number, length or depth.

use std::collections::HashMap;
use std::fmt;

use super::entry::Refusal;

/// Longest name, before and after the leading folder is taken off.
pub(super) const MAX_PATH: usize = 1024;
/// Longest segment: what file systems take.
const MAX_SEGMENT: usize = 255;
/// Most folders above a file.
const MAX_DEPTH: usize = 64;
/// Bytes of all names of an archive together, folders among them: bounds the memory of [`Names`].
const MAX_NAME_BYTES: usize = if cfg!(test) { 1 << 20 } else { 32 << 20 };

/// The names seen so far in one archive.
#[derive(Default)]
pub(super) struct Names {
    /// Names are taken whole and must be normal already; else a leading folder goes.
    whole: bool,
    /// From the folded name to what it is and how it was spelled (`None`: as folded).
    seen: HashMap<String, (Kind, Option<Box<str>>)>,
    /// The folder whose chain was registered last; most files stand next to each other.
    last_folder: String,
    bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

impl Names {
    /// For archives without a leading folder, as wheels are. A name that two readers could clean in
    /// two ways (`a//b`, `./a`) is refused instead of cleaned.
    pub(super) fn whole() -> Self {
        Self {
            whole: true,
            ..Self::default()
        }
    }

    /// Takes a file's name as it stands in the archive; gives the path below the leading folder, or
    /// the whole path.
    pub(super) fn file(&mut self, raw: &[u8]) -> Result<String, Refusal> {
        let path = self.clean(raw)?.ok_or(Refusal::NoName)?;
        if let Some((folder, _)) = path.rsplit_once('/')
            && folder != self.last_folder
        {
            self.folders(folder)?;
        }
        if self.register(&path, Kind::File)? {
            Ok(path)
        } else {
            Err(Refusal::Duplicate)
        }
    }

    /// Takes a folder's name. Folders may be named often, or never.
    pub(super) fn folder(&mut self, raw: &[u8]) -> Result<(), Refusal> {
        match self.clean(raw)? {
            Some(path) => self.folders(&path),
            None => Ok(()),
        }
    }

    fn clean(&self, raw: &[u8]) -> Result<Option<String>, Refusal> {
        if self.whole { normal(raw).map(Some) } else { clean(raw) }
    }

    fn folders(&mut self, path: &str) -> Result<(), Refusal> {
        for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
            self.register(&path[..end], Kind::Folder)?;
        }
        path.clone_into(&mut self.last_folder);
        Ok(())
    }

    /// Whether the name is new; refuses one that clashes.
    fn register(&mut self, path: &str, kind: Kind) -> Result<bool, Refusal> {
        let folded = path.to_lowercase();
        if let Some((there, spelling)) = self.seen.get(&folded) {
            let spelling = spelling.as_deref().unwrap_or(&folded);
            return if spelling != path {
                Err(Refusal::CaseCollision(spelling.to_owned()))
            } else if *there != kind {
                Err(Refusal::FileAndFolder)
            } else {
                Ok(false)
            };
        }
        self.bytes += folded.len() + size_of::<(String, Kind, Option<Box<str>>)>();
        if self.bytes > MAX_NAME_BYTES {
            return Err(Refusal::TooManyNames);
        }
        let spelling = (folded != path).then(|| path.into());
        self.seen.insert(folded, (kind, spelling));
        Ok(true)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Names({})", self.seen.len())
    }
}

/// The path below the archive's leading folder, whatever that is called; `None` for the leading
/// folder itself. Empty and `.` segments mean nothing and go.
///
/// What comes out is relative, `/`-separated, and has no `..`: joined to a folder it stays below it.
pub(super) fn clean(raw: &[u8]) -> Result<Option<String>, Refusal> {
    let segments = segments(raw)?;
    // The first one is the leading folder, and `.` or nothing may stand in its place.
    let below: Vec<_> = segments
        .into_iter()
        .skip(1)
        .filter(|segment| !["", "."].contains(segment))
        .collect();
    if below.len() > MAX_DEPTH + 1 {
        return Err(Refusal::TooDeep);
    }
    Ok((!below.is_empty()).then(|| below.join("/")))
}

/// The path as it stands, which must be normal; a folder's ends in one `/`, which goes.
pub(super) fn normal(raw: &[u8]) -> Result<String, Refusal> {
    let raw = match raw.strip_suffix(b"/") {
        Some(folder) if !folder.is_empty() => folder,
        _ => raw,
    };
    let segments = segments(raw)?;
    if segments.iter().any(|segment| ["", "."].contains(segment)) {
        return Err(Refusal::NotNormal);
    }
    if segments.len() > MAX_DEPTH + 1 {
        return Err(Refusal::TooDeep);
    }
    Ok(segments.join("/"))
}

/// The segments of a name that stays where it belongs, empty ones included.
fn segments(raw: &[u8]) -> Result<Vec<&str>, Refusal> {
    let text = std::str::from_utf8(raw).map_err(|_| Refusal::NotUtf8)?;
    if text.is_empty() {
        return Err(Refusal::NoName);
    }
    if text.len() > MAX_PATH {
        return Err(Refusal::TooLong);
    }
    if text.starts_with('/') {
        return Err(Refusal::Absolute);
    }
    if text.contains('\\') {
        return Err(Refusal::Backslash);
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::Control);
    }
    let segments: Vec<_> = text.split('/').collect();
    for &segment in &segments {
        match segment {
            ".." => return Err(Refusal::Parent),
            s if s.len() > MAX_SEGMENT => return Err(Refusal::TooLong),
            // A drive letter makes a path absolute on Windows.
            s if s.len() >= 2 && s.as_bytes()[1] == b':' && s.as_bytes()[0].is_ascii_alphabetic() => return Err(Refusal::Absolute),
            _ => {}
        }
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_leading_folder_goes_whatever_its_name() {
        for (raw, path) in [
            ("package/a", "a"),
            ("node/lib/x.js", "lib/x.js"),
            ("./a/b", "a/b"),
            ("p//./a/", "a"),
        ] {
            assert_eq!(clean(raw.as_bytes()), Ok(Some(path.to_owned())), "{raw}");
        }
        for raw in ["package", "package/", "./", "p/."] {
            assert_eq!(clean(raw.as_bytes()), Ok(None), "{raw}");
        }
    }

    #[test]
    fn names_that_escape_are_refused() {
        for (raw, refusal) in [
            (&b"/etc/passwd"[..], Refusal::Absolute),
            (b"package/../x", Refusal::Parent),
            (b"../x", Refusal::Parent),
            (b"package/a/..", Refusal::Parent),
            (b"package/a\\b", Refusal::Backslash),
            (b"package/a\nb", Refusal::Control),
            (b"package/a\0b", Refusal::Control),
            (b"package/\xc2\x9bx", Refusal::Control),
            (b"package/\xff", Refusal::NotUtf8),
            (b"package/C:/x", Refusal::Absolute),
            (b"", Refusal::NoName),
        ] {
            assert_eq!(clean(raw), Err(refusal), "{raw:?}");
        }
        assert_eq!(clean(format!("p/{}", "d/".repeat(66)).as_bytes()), Err(Refusal::TooDeep));
        assert!(clean(format!("p/{}f", "d/".repeat(64)).as_bytes()).is_ok());
        assert_eq!(clean(format!("p/{}", "a".repeat(256)).as_bytes()), Err(Refusal::TooLong));
        assert_eq!(clean(format!("p/{}", "abc/".repeat(256)).as_bytes()), Err(Refusal::TooLong));
    }

    #[test]
    fn names_that_clash_are_refused() {
        let mut names = Names::default();
        assert_eq!(names.file(b"p/Lib/A.js").as_deref(), Ok("Lib/A.js"));
        assert_eq!(names.file(b"p/Lib/A.js"), Err(Refusal::Duplicate));
        assert_eq!(names.file(b"other/Lib/A.js"), Err(Refusal::Duplicate));
        assert_eq!(names.file(b"p/Lib/a.js"), Err(Refusal::CaseCollision("Lib/A.js".into())));
        assert_eq!(names.file(b"p/lib/b.js"), Err(Refusal::CaseCollision("Lib".into())));
        assert_eq!(names.file(b"p/Lib"), Err(Refusal::FileAndFolder));
        assert_eq!(names.file(b"p/Lib/A.js/x"), Err(Refusal::FileAndFolder));
        assert_eq!(names.folder(b"p/Lib/A.js"), Err(Refusal::FileAndFolder));
        assert_eq!(names.folder(b"p/Lib/"), Ok(()));
        assert_eq!(names.file("p/\u{c9}".as_bytes()).as_deref(), Ok("\u{c9}"));
        assert_eq!(names.file("p/\u{e9}".as_bytes()), Err(Refusal::CaseCollision("\u{c9}".into())));
    }

    #[test]
    fn the_memory_for_names_is_bounded() {
        let mut names = Names::default();
        let deep = "d/".repeat(60);
        let refused = (0..200_000).find_map(|i| names.file(format!("p/{i}/{deep}{i}").as_bytes()).err());
        assert_eq!(refused, Some(Refusal::TooManyNames));
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder(raw in prop_oneof![
            any::<Vec<u8>>(),
            "[./\\\\a-c:\u{0}é]{0,24}".prop_map(String::into_bytes),
            prop::collection::vec(prop_oneof![Just(".."), Just("."), Just(""), Just("a"), Just("C:"), Just("~")], 0..8)
                .prop_map(|segments| segments.join("/").into_bytes()),
        ]) {
            if let Ok(path) = Names::default().file(&raw) {
                let parts: Vec<_> = Path::new(&path).components().collect();
                prop_assert!(!parts.is_empty());
                prop_assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))), "{path}");
                prop_assert!(!path.contains(['\\', '\0']));
            }
        }
    }
}

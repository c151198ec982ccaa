//! Where each file of a wheel goes.
//!
//! The attacks: a folder of metadata of another project, with which a wheel passes for something
//! that it is not; a data file that lands among the installed code, or makes a folder look like a
//! virtual environment; a compiled file that runs other code than the source beside it shows.
//!
//! Specification: binary distribution format, "The .data directory".

use crate::model::python::{WheelName, normal_name};

use super::Refusal;

/// Where the files of one wheel go. Cheap: the store asks for every entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    name: WheelName,
}

/// The place of one file. Both paths are relative, `/`-separated, and have no `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// Below `site-packages`.
    Site(String),
    /// Below the root of the server's tree: a data file (`share/...`, `etc/...`). Never below the
    /// folder of the installed code.
    Prefix(String),
    /// Nowhere.
    Dropped(Drop),
}

/// Why a file is not unpacked. It stays covered by the archive's digest and by RECORD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drop {
    /// A script (`*.data/scripts/`, or data for `bin/`): never run, and nothing here is on a PATH.
    /// Console scripts are started by module and callable, never by a file.
    Script,
    /// A C header: nothing is built.
    Header,
    /// A compiled file (`.pyc`, and all of `__pycache__`): what runs is compiled here, from the
    /// source. One without a source is refused by [`super::read`].
    Compiled,
}

impl Layout {
    /// For the wheel of this file name, which says whose metadata is inside.
    pub fn of(file_name: &str) -> Result<Self, Refusal> {
        match WheelName::parse(file_name) {
            Some(name) => Ok(Self { name }),
            None => Err(Refusal::FileName {
                file_name: file_name.chars().take(200).collect(),
            }),
        }
    }

    /// What the file name says.
    pub fn name(&self) -> &WheelName {
        &self.name
    }

    /// Where the file of this path in the archive goes. Total and pure; names that leave their
    /// folder are refused here as well, though the reader of archives refuses them first.
    pub fn place(&self, path: &str) -> Result<Placed, Refusal> {
        let bad = |segment: &str| ["", ".", ".."].contains(&segment);
        if path.contains('\\') || path.chars().any(char::is_control) || path.split('/').any(bad) {
            return Err(Refusal::Path { path: path.to_owned() });
        }
        let placed = match path.split_once('/') {
            Some((top, rest)) if has_ending(top, ".data") => {
                self.own(top, ".data", path)?;
                scheme(path, rest)?
            }
            _ => Placed::Site(path.to_owned()),
        };
        if let Placed::Site(site) = &placed {
            self.not_foreign(site, path)?;
        }
        if is_compiled(path) && !matches!(placed, Placed::Dropped(_)) {
            return Ok(Placed::Dropped(Drop::Compiled));
        }
        Ok(placed)
    }

    /// The top-level folder of the wheel's own metadata, if a path stands in it.
    pub(super) fn dist_info<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (top, _) = path.split_once('/')?;
        self.own(top, ".dist-info", path).is_ok().then_some(top)
    }

    /// Python finds metadata by the endings of the names in `site-packages`, without letter case.
    fn not_foreign(&self, site: &str, path: &str) -> Result<(), Refusal> {
        let top = site.split('/').next().unwrap_or_default();
        if [".egg-info", ".egg-link", ".egg"].iter().any(|ending| has_ending(top, ending)) || top.eq_ignore_ascii_case("egg-info") {
            return Err(self.foreign(top));
        }
        if !has_ending(top, ".dist-info") {
            return Ok(());
        }
        // Through `.data/purelib` it would be a second one.
        if site == top || site != path {
            return Err(self.foreign(top));
        }
        self.own(top, ".dist-info", path)
    }

    /// Whether a folder `NAME-VERSION.ENDING` is this wheel's. Older tools did not spell it as the
    /// file name does, so both are compared in normal form.
    fn own(&self, top: &str, ending: &str, path: &str) -> Result<(), Refusal> {
        let fits = top
            .strip_suffix(ending)
            .and_then(|stem| stem.rsplit_once('-'))
            .is_some_and(|(name, version)| {
                normal_name(name).is_some_and(|name| self.name.matches_project(&name, version)) && version.trim() == version
            });
        if fits && top != path { Ok(()) } else { Err(self.foreign(top)) }
    }

    fn foreign(&self, folder: &str) -> Refusal {
        Refusal::Foreign {
            folder: folder.to_owned(),
            project: format!("{} {}", self.name.name(), self.name.version()),
        }
    }
}

fn scheme(path: &str, rest: &str) -> Result<Placed, Refusal> {
    let unknown = || Refusal::Scheme { path: path.to_owned() };
    let (scheme, inner) = rest.split_once('/').ok_or_else(unknown)?;
    match scheme {
        "purelib" | "platlib" => Ok(Placed::Site(inner.to_owned())),
        "scripts" => Ok(Placed::Dropped(Drop::Script)),
        "headers" => Ok(Placed::Dropped(Drop::Header)),
        "data" => data(path, inner),
        _ => Err(unknown()),
    }
}

/// A data file, by its path below the tree's root.
fn data(path: &str, inner: &str) -> Result<Placed, Refusal> {
    let lower = inner.to_lowercase();
    let mut segments = lower.split('/');
    let (top, next) = (segments.next().unwrap_or_default(), segments.next());
    let code = lower.split('/').any(|segment| ["site-packages", "dist-packages"].contains(&segment))
        || top == "pyvenv.cfg"
        || (top == "lib" && next.is_none())
        // `lib/python3.12`, and where other systems and interpreters have theirs.
        || (top.starts_with("lib") && next.is_some_and(|next| next.starts_with("py") || !next.is_ascii()));
    if code || !top.is_ascii() {
        return Err(Refusal::IntoCode { path: path.to_owned() });
    }
    if ["bin", "scripts"].contains(&top) && next.is_some() {
        return Ok(Placed::Dropped(Drop::Script));
    }
    if top == "include" && next.is_some() {
        return Ok(Placed::Dropped(Drop::Header));
    }
    Ok(Placed::Prefix(inner.to_owned()))
}

/// Whether a file is compiled Python, or stands where Python keeps such files: by its name, without
/// letter case, as some file systems have it.
pub(super) fn is_compiled(path: &str) -> bool {
    has_ending(path, ".pyc") || path.split('/').any(|segment| segment.eq_ignore_ascii_case("__pycache__"))
}

/// Whether a name ends so, in any letter case.
pub(super) fn has_ending(name: &str, ending: &str) -> bool {
    let at = name.len().checked_sub(ending.len());
    at.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHEEL: &str = "foo_bar-1.0-py3-none-any.whl";

    fn place(path: &str) -> Result<Placed, Refusal> {
        Layout::of(WHEEL).unwrap().place(path)
    }

    #[test]
    fn every_file_has_its_place() {
        let site = |path: &str| Ok(Placed::Site(path.to_owned()));
        let prefix = |path: &str| Ok(Placed::Prefix(path.to_owned()));
        for (path, expected) in [
            ("foo_bar/__init__.py", site("foo_bar/__init__.py")),
            ("top.py", site("top.py")),
            ("x.data", site("x.data")),
            ("a/other-1.0.dist-info/METADATA", site("a/other-1.0.dist-info/METADATA")),
            (
                "foo_bar-1.0.dist-info/licenses/LICENSE",
                site("foo_bar-1.0.dist-info/licenses/LICENSE"),
            ),
            ("Foo.Bar-1.0.0.dist-info/METADATA", site("Foo.Bar-1.0.0.dist-info/METADATA")),
            ("foo_bar-1.0.data/purelib/a/b.py", site("a/b.py")),
            ("foo_bar-1.0.data/platlib/b.so", site("b.so")),
            ("foo_bar-1.0.data/data/share/x/y.json", prefix("share/x/y.json")),
            ("foo_bar-1.0.data/data/lib/libx.so", prefix("lib/libx.so")),
            ("foo_bar-1.0.data/data/bin", prefix("bin")),
            ("foo_bar-1.0.data/scripts/run", Ok(Placed::Dropped(Drop::Script))),
            ("foo_bar-1.0.data/data/bin/run", Ok(Placed::Dropped(Drop::Script))),
            ("foo_bar-1.0.data/data/Scripts/run.exe", Ok(Placed::Dropped(Drop::Script))),
            ("foo_bar-1.0.data/headers/x.h", Ok(Placed::Dropped(Drop::Header))),
            ("foo_bar-1.0.data/data/include/x.h", Ok(Placed::Dropped(Drop::Header))),
            ("foo_bar/a.pyc", Ok(Placed::Dropped(Drop::Compiled))),
            ("foo_bar/A.PYC", Ok(Placed::Dropped(Drop::Compiled))),
            ("foo_bar/__pycache__/a.cpython-312.pyc", Ok(Placed::Dropped(Drop::Compiled))),
            ("foo_bar/__PyCache__/a.nbi", Ok(Placed::Dropped(Drop::Compiled))),
            ("foo_bar-1.0.data/data/share/a.pyc", Ok(Placed::Dropped(Drop::Compiled))),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn metadata_of_another_project_is_refused() {
        for path in [
            "other-1.0.dist-info/METADATA",
            "Other-1.0.DIST-INFO/METADATA",
            "foo_bar-1.1.dist-info/METADATA",
            "foo_bar.dist-info/METADATA",
            "foo_bar-1.0.DIST-INFO/METADATA",
            "foo_bar-1.0.dist-info",
            "other-1.0.data/purelib/a.py",
            "foo_bar-1.0.DATA/purelib/a.py",
            "foo_bar-1.0.data/purelib/foo_bar-1.0.dist-info/METADATA",
            "foo_bar-1.0.data/platlib/other-2.dist-info/METADATA",
            "other.egg-info/PKG-INFO",
            "other.egg-info",
            "EGG-INFO/PKG-INFO",
            "foo_bar-1.0.data/purelib/other.egg-link",
        ] {
            assert!(matches!(place(path), Err(Refusal::Foreign { .. })), "{path}: {:?}", place(path));
        }
    }

    #[test]
    fn data_cannot_pass_for_code() {
        for path in [
            "lib/python3.12/site-packages/evil.py",
            "lib/python3.12/evil.py",
            "LIB/Python3.12/evil.py",
            "lib64/python3.12/site-packages/evil.py",
            "lib/pypy3.10/evil.py",
            "Lib/site-packages/evil.py",
            "x/site-packages/evil.py",
            "pyvenv.cfg",
            "PYVENV.CFG",
            "lib",
            "\u{217c}ib/x",
        ] {
            let path = format!("foo_bar-1.0.data/data/{path}");
            assert!(matches!(place(&path), Err(Refusal::IntoCode { .. })), "{path}");
        }
        for path in ["foo_bar-1.0.data/other/x", "foo_bar-1.0.data/x", "foo_bar-1.0.data/PURELIB/x.py"] {
            assert!(matches!(place(path), Err(Refusal::Scheme { .. })), "{path}");
        }
    }

    #[test]
    fn no_path_leaves_its_folder() {
        for path in [
            "",
            "/a",
            "a//b",
            "../a",
            "a/../b",
            "a/.",
            "a\\b",
            "a\nb",
            "a\0",
            "foo_bar-1.0.data/data/../../x",
            "foo_bar-1.0.data/purelib//x",
        ] {
            assert!(matches!(place(path), Err(Refusal::Path { .. })), "{path:?}");
        }
    }

    #[test]
    fn only_a_wheel_has_a_layout() {
        assert!(matches!(Layout::of("foo-1.0.tar.gz"), Err(Refusal::FileName { .. })));
        assert_eq!(Layout::of(WHEEL).unwrap().name().name().as_str(), "foo-bar");
    }
}

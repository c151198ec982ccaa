//! Wheels: what a Python package's archive says about itself, held against what is in it.
//!
//! The attacks: a RECORD that describes other bytes than the archive holds; METADATA of another
//! package than the file name and the index say (*manifest confusion*); two files for one place;
//! compiled code without its source; code that Python runs unasked when it starts. The verified
//! archive is the authority for everything that a lock says about a package, and what it says in
//! two ways is refused rather than guessed.
//!
//! Specifications: binary distribution format (PEP 427), recording installed projects (RECORD),
//! core metadata, entry points.
//!
//! Measured on real wheels: every check here is one that they pass. None of the rules is looser
//! than the specifications, except that RECORD may leave itself out; several are stricter.
//!
//! Pure: bytes in, facts out. Hashes of archives are compared elsewhere; everything here assumes
//! that the contents belong to an archive whose digest is the expected one.

mod confirm;
mod entry;
mod fields;
mod layout;
mod metadata;
mod record;
mod refusal;
mod source;
mod startup;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::python::EntryPoint;
use crate::model::{ArchiveFile, PackageName, WheelContents};

pub use super::npm::Confusion;
pub use confirm::{Claim, check_locked, confirm};
pub use entry::{EntryError, entry_point};
pub use layout::{Drop, Layout, Placed};
pub use refusal::Refusal;
pub use source::{BuildSystem, SourceRefusal, build_system, check_source};

use metadata::Metadata;

/// What a wheel is, by its own word, after everything that can be checked in it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// The project, normalised.
    pub name: PackageName,
    /// `Version` of METADATA, as written there.
    pub version: String,
    /// `Requires-Dist`, in order, as written.
    pub requires: Vec<String>,
    /// `Requires-Python`, as written.
    pub requires_python: Option<String>,
    /// `Provides-Extra`, normalised. What is no name of an extra cannot be asked for and is left out.
    pub extras: BTreeSet<String>,
    /// The console scripts that can be started, by name. Nothing here is ever on a PATH: a script of
    /// a dependency with the name of a program, or of the server's own script, has no effect.
    pub scripts: BTreeMap<String, EntryPoint>,
    /// Console scripts that name no module and callable, or not plainly: they cannot be started.
    pub unusable: BTreeSet<String>,
    /// What Python's start-up would run without being asked, by its path below `site-packages`:
    /// `.pth` files with code or with paths that lead elsewhere, `.start` files, `sitecustomize` and
    /// `usercustomize`. The value is the text where it is short and was read, else its digest as
    /// `sha256:HEX`.
    pub startup: BTreeMap<String, String>,
    /// It is for every platform (its platform tag is `any`).
    pub pure: bool,
    /// It is [`pure`](Self::pure), and native code is in it all the same. Wheels for certain
    /// platforms are native by nature: their file names say so.
    pub native: bool,
    /// Where METADATA says that the source is. Nobody checks it; [`super::attest::source`] compares
    /// it with an attested source.
    pub repositories: Vec<String>,
}

/// Reads a wheel and holds everything in it that can be checked against the rest: the layout, RECORD
/// against every file, METADATA and WHEEL against the file name.
pub fn read(file_name: &str, contents: &WheelContents) -> Result<Wheel, Refusal> {
    let layout = Layout::of(file_name)?;
    let files = index(contents)?;
    let folder = dist_info(&layout, &files)?;
    let placed = place(&layout, &files)?;
    let text = |file: &'static str| {
        let bytes = contents.read.get(&format!("{folder}/{file}"));
        bytes.map(Vec::as_slice).ok_or(Refusal::Missing { file })
    };
    let metadata = Metadata::read(text("METADATA")?, layout.name())?;
    metadata::check_wheel(text("WHEEL")?, layout.name())?;
    record::check(text("RECORD")?, folder, &files)?;
    let scripts = match contents.read.get(&format!("{folder}/entry_points.txt")) {
        Some(bytes) => entry::scripts(bytes)?,
        None if files.contains_key(format!("{folder}/entry_points.txt").as_str()) => {
            return Err(Refusal::Missing { file: "entry_points.txt" });
        }
        None => entry::Scripts::default(),
    };
    let pure = layout.name().is_pure();
    Ok(Wheel {
        name: layout.name().name().clone(),
        version: metadata.version,
        requires: metadata.requires,
        requires_python: metadata.requires_python,
        extras: metadata.extras,
        scripts: scripts.usable,
        unusable: scripts.unusable,
        startup: startup::found(&placed, contents)?,
        pure,
        native: pure && contents.files.iter().any(is_native),
        repositories: metadata.repositories,
    })
}

/// The files of a wheel by path.
type Files<'a> = BTreeMap<&'a str, &'a ArchiveFile>;

fn index(contents: &WheelContents) -> Result<Files<'_>, Refusal> {
    let mut files = BTreeMap::new();
    for file in &contents.files {
        if files.insert(file.path.as_str(), file).is_some() {
            return Err(Refusal::Clash {
                path: file.path.clone(),
                other: file.path.clone(),
            });
        }
    }
    Ok(files)
}

/// The one folder of metadata. That it is the file name's is checked for every file.
fn dist_info<'a>(layout: &Layout, files: &Files<'a>) -> Result<&'a str, Refusal> {
    let found: BTreeSet<&str> = files.keys().filter_map(|path| layout.dist_info(path)).collect();
    match (found.first(), found.len()) {
        (Some(folder), 1) => Ok(folder),
        _ => Err(Refusal::DistInfo {
            found: found.into_iter().map(str::to_owned).collect(),
        }),
    }
}

/// The files that are installed below `site-packages`, by their path there.
fn place<'a>(layout: &Layout, files: &Files<'a>) -> Result<BTreeMap<String, &'a ArchiveFile>, Refusal> {
    let mut site = BTreeMap::new();
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (path, file) in files {
        // Without letter case: some file systems have one place for both.
        let place = match layout.place(path)? {
            Placed::Site(place) => {
                let key = format!("site/{}", place.to_lowercase());
                site.insert(place, *file);
                key
            }
            Placed::Prefix(place) => format!("prefix/{}", place.to_lowercase()),
            Placed::Dropped(_) => {
                has_source(path, files)?;
                continue;
            }
        };
        if let Some(other) = taken.insert(place, path) {
            return Err(Refusal::Clash {
                path: (*path).to_owned(),
                other: other.to_owned(),
            });
        }
    }
    Ok(site)
}

/// A `.pyc` needs the `.py` that it was made of: `x.py` for `x.pyc`, and for
/// `__pycache__/x.cpython-312.opt-1.pyc`. It is dropped all the same, but code that nobody can read
/// is not passed over in silence: without it, the package is another one than was published.
fn has_source(path: &str, files: &Files<'_>) -> Result<(), Refusal> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let Some(stem) = file
        .get(..file.len().saturating_sub(4))
        .filter(|_| layout::has_ending(file, ".pyc"))
    else {
        return Ok(());
    };
    let cached = folder
        .rsplit('/')
        .next()
        .is_some_and(|last| last.eq_ignore_ascii_case("__pycache__"));
    let sourced = if cached {
        let parent = folder.get(..folder.len() - "__pycache__".len()).unwrap_or_default();
        let mut stems = stem.match_indices('.').map(|(at, _)| &stem[..at]);
        stems.any(|stem| files.contains_key(format!("{parent}{stem}.py").as_str()))
    } else {
        let separator = if folder.is_empty() { "" } else { "/" };
        files.contains_key(format!("{folder}{separator}{stem}.py").as_str())
    };
    if sourced {
        return Ok(());
    }
    Err(Refusal::Sourceless { path: path.to_owned() })
}

fn is_native(file: &ArchiveFile) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let ending = [".so", ".pyd", ".dylib", ".dll", ".exe"]
        .iter()
        .any(|ending| name.ends_with(ending));
    file.native || ending || name.contains(".so.")
}

#[cfg(test)]
mod tests;

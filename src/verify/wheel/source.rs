//! Source distributions: of which project they are, and how they say that they are built.
//!
//! The attacks: an archive of another project that is built under a permitted name; build settings
//! that lead out of the source's own folder, or name a program where a module is expected.
//!
//! Specifications: source distribution format (PEP 625, PEP 643), build systems (PEP 517, PEP 518).

use std::str::FromStr as _;

use pep440_rs::Version;
use toml_edit::{Document, Item};

use super::fields::Fields;
use super::metadata::repositories;
use crate::model::PackageName;
use crate::model::python::normal_name;

/// What a source without a `build-system` is built with (PEP 517).
const DEFAULT_BACKEND: &str = "setuptools.build_meta:__legacy__";
/// What it needs (PEP 518).
const DEFAULT_REQUIRES: &str = "setuptools>=40.8.0";

/// Why a source distribution is refused. Its publisher, or who gave it out, is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceRefusal {
    /// It has no metadata, or none that can be read in one way only.
    #[error("its PKG-INFO is missing or cannot be read: {what}")]
    Info {
        /// Why.
        what: String,
    },
    /// It is another package than its file name and the index say.
    #[error("its PKG-INFO says that it is {found}, and not {wanted}")]
    Other {
        /// What it says.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// Its `pyproject.toml` cannot be used.
    #[error("its pyproject.toml cannot be used: {what}")]
    Project {
        /// Why.
        what: &'static str,
    },
}

/// `[build-system]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildSystem {
    /// What the build needs (PEP 508), as written.
    pub requires: Vec<String>,
    /// `module` or `module:object`, plain names.
    pub backend: String,
    /// Folders of the source, relative and without `..`, in which the backend stands.
    pub paths: Vec<String>,
}

/// Holds `PKG-INFO` against the name (normalised) and the version of a package, and gives where it
/// says that its source is.
///
/// # Errors
/// [`SourceRefusal`].
pub fn check_source(info: Option<&[u8]>, name: &PackageName, version: &str) -> Result<Vec<String>, SourceRefusal> {
    let unreadable = |what: String| SourceRefusal::Info { what };
    let info = info.ok_or_else(|| unreadable("there is none".into()))?;
    let fields = Fields::read("PKG-INFO", info).map_err(|error| unreadable(error.to_string()))?;
    let needed = |field| fields.needed(field).map_err(|error| unreadable(error.to_string()));
    let (found_name, found_version) = (needed("Name")?, needed("Version")?);
    let wanted = Version::from_str(version).ok();
    if normal_name(found_name).as_ref() != Some(name) || wanted.is_none() || Version::from_str(found_version).ok() != wanted {
        let found: String = format!("{found_name} {found_version}").chars().take(200).collect();
        let wanted = format!("{name} {version}");
        return Err(SourceRefusal::Other { found, wanted });
    }
    Ok(repositories(&fields))
}

/// How a source is built, by its `pyproject.toml` where it has one.
///
/// # Errors
/// [`SourceRefusal::Project`].
pub fn build_system(pyproject: Option<&[u8]>) -> Result<BuildSystem, SourceRefusal> {
    let wrong = |what: &'static str| SourceRefusal::Project { what };
    let fallback = || BuildSystem {
        requires: vec![DEFAULT_REQUIRES.to_owned()],
        backend: DEFAULT_BACKEND.to_owned(),
        paths: Vec::new(),
    };
    let Some(pyproject) = pyproject else { return Ok(fallback()) };
    let text = std::str::from_utf8(pyproject).map_err(|_| wrong("it is not UTF-8"))?;
    let document = Document::parse(text).map_err(|_| wrong("it is not TOML"))?;
    let Some(table) = document.get("build-system") else {
        return Ok(fallback());
    };
    let table = table.as_table_like().ok_or_else(|| wrong("`build-system` is no table"))?;
    let requires = table.get("requires").ok_or_else(|| wrong("`build-system` has no `requires`"))?;
    let requires = texts(requires).ok_or_else(|| wrong("`build-system.requires` is no list of texts"))?;
    let backend = match table.get("build-backend") {
        None => DEFAULT_BACKEND,
        Some(item) => item.as_str().ok_or_else(|| wrong("`build-backend` is no text"))?,
    };
    if !is_object(backend) {
        return Err(wrong("`build-backend` names no module and object"));
    }
    let paths = match table.get("backend-path") {
        None => Vec::new(),
        Some(item) => texts(item).ok_or_else(|| wrong("`backend-path` is no list of texts"))?,
    };
    if !paths.iter().all(|path| is_inside(path)) {
        return Err(wrong("`backend-path` leads out of the source"));
    }
    Ok(BuildSystem {
        requires,
        backend: backend.to_owned(),
        paths,
    })
}

/// A list of texts; `None` where it is something else.
fn texts(item: &Item) -> Option<Vec<String>> {
    item.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}

fn is_object(text: &str) -> bool {
    let name = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let path = |text: &str| text.split('.').all(name);
    match text.split_once(':') {
        Some((module, object)) => path(module) && path(object),
        None => path(text),
    }
}

fn is_inside(path: &str) -> bool {
    let plain = !path.is_empty() && !path.starts_with(['/', '-']) && !path.contains('\\') && !path.chars().any(char::is_control);
    plain && path.split('/').all(|part| part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(info: &str) -> Result<Vec<String>, SourceRefusal> {
        check_source(Some(info.as_bytes()), &"demo-helper".parse().unwrap(), "1.5")
    }

    #[test]
    fn a_source_is_of_the_package_it_was_fetched_for() {
        let url = "Project-URL: Source, https://github.com/a/b\n";
        let same = format!("Metadata-Version: 2.1\nName: Demo_Helper\nVersion: 1.5.0\n{url}");
        assert_eq!(checked(&same).unwrap(), ["https://github.com/a/b"]);
        for other in [
            "Name: evil\nVersion: 1.5\n",
            "Name: demo-helper\nVersion: 1.6\n",
            "Name: demo-helper\n",
            "Name: demo-helper\nName: evil\nVersion: 1.5\n",
            "",
        ] {
            assert!(checked(other).is_err(), "{other}");
        }
        assert!(check_source(None, &"demo-helper".parse().unwrap(), "1.5").is_err());
    }

    #[test]
    fn how_it_is_built() {
        let read = |text: &str| build_system(Some(text.as_bytes()));
        let legacy = build_system(None).unwrap();
        assert_eq!((legacy.backend.as_str(), legacy.requires.len()), (DEFAULT_BACKEND, 1));
        assert_eq!(read("[project]\nname = 'x'\n").unwrap(), legacy);
        let own = read("[build-system]\nrequires = ['a>=1']\nbuild-backend = 'a.b:c'\nbackend-path = ['.', 'tools/x']\n").unwrap();
        assert_eq!((own.backend.as_str(), own.requires.as_slice()), ("a.b:c", &["a>=1".to_owned()][..]));
        assert_eq!(own.paths, [".", "tools/x"]);
        for bad in [
            "[build-system]\n",
            "[build-system]\nrequires = 'a'\n",
            "[build-system]\nrequires = [1]\n",
            "[build-system]\nrequires = []\nbuild-backend = 'os; evil'\n",
            "[build-system]\nrequires = []\nbuild-backend = '../x'\n",
            "[build-system]\nrequires = []\nbackend-path = ['../x']\n",
            "[build-system]\nrequires = []\nbackend-path = ['/x']\n",
            "build-system = 3",
            "[build-system",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}

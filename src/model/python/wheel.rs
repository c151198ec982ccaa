//! The name of a wheel (PEP 427, PEP 425): the only thing that says which machine it is for.
//!
//! The attack: a name that one reader takes for a wheel of `foo` and another for one of `foo-1`, or
//! whose tags one reader counts and another skips. There is one reading here, or none.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::str::FromStr as _;

use pep440_rs::Version;

use super::super::closure::PackageName;
use super::name::normal_name;

/// A wheel's file name, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelName {
    file_name: String,
    name: PackageName,
    version: Version,
    build: Option<(u64, String)>,
    python: BTreeSet<String>,
    abi: BTreeSet<String>,
    platform: BTreeSet<String>,
}

impl WheelName {
    /// Takes a file name apart. `None` for everything that is not exactly a wheel's name: another
    /// ending, another number of parts, an empty part, a name or version that is none, a sign that
    /// the format does not know, or more than 255 bytes.
    pub fn parse(file_name: &str) -> Option<Self> {
        if file_name.len() > 255 {
            return None;
        }
        let parts: Vec<&str> = file_name.strip_suffix(".whl")?.split('-').collect();
        let (name, version, build, [python, abi, platform]) = match parts[..] {
            [name, version, python, abi, platform] => (name, version, None, [python, abi, platform]),
            [name, version, build, python, abi, platform] => (name, version, Some(build), [python, abi, platform]),
            _ => return None,
        };
        // `__` stood for other signs in old names; nobody reads it alike.
        if name.contains("__") {
            return None;
        }
        let build = match build {
            Some(build) => Some(build_tag(build)?),
            None => None,
        };
        Some(Self {
            file_name: file_name.to_owned(),
            name: normal_name(name)?,
            version: version_of(version)?,
            build,
            python: tags(python)?,
            abi: tags(abi)?,
            platform: tags(platform)?,
        })
    }

    /// The name as it was given.
    pub fn file_name(&self) -> &str {
        &self.file_name
    }

    /// The project, normalised.
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// Python, ABI and platform tags, in lower case.
    pub fn tags(&self) -> [&BTreeSet<String>; 3] {
        [&self.python, &self.abi, &self.platform]
    }

    /// Whether it is for every platform: its only platform tag is `any`.
    pub fn is_pure(&self) -> bool {
        self.platform.iter().all(|tag| tag == "any")
    }

    /// Whether it is a wheel of this project (normalised name) and this version, in any spelling of
    /// PEP 440. A version that is none matches nothing.
    pub fn matches_project(&self, name: &PackageName, version: &str) -> bool {
        self.name == *name && Version::from_str(version).is_ok_and(|version| version == self.version)
    }

    /// Build tags as installers compare them: none is the lowest, then by number, then by text.
    pub(super) fn compare_build(&self, other: &Self) -> Ordering {
        self.build.cmp(&other.build)
    }
}

/// Whether a file name is that of a source distribution of this project (normalised name) and this
/// version (PEP 625, and the older spellings of the name).
pub fn is_source_distribution(file_name: &str, name: &PackageName, version: &str) -> bool {
    let parts = [".tar.gz", ".zip"]
        .iter()
        .find_map(|ending| file_name.strip_suffix(ending))
        .filter(|_| file_name.len() <= 255)
        .and_then(|stem| stem.rsplit_once('-'));
    let Some((project, found)) = parts else { return false };
    normal_name(project).as_ref() == Some(name) && version_of(found).is_some_and(|found| Version::from_str(version) == Ok(found))
}

fn version_of(text: &str) -> Option<Version> {
    // The reader of versions skips white space around them.
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+!".contains(&byte));
    Version::from_str(text).ok().filter(|_| plain)
}

fn build_tag(text: &str) -> Option<(u64, String)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(end)?;
    let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
    Some((number.parse().ok()?, rest.to_owned())).filter(|_| plain)
}

/// `py2.py3`: parts are kept and never multiplied with those of the other two places.
fn tags(text: &str) -> Option<BTreeSet<String>> {
    text.split('.')
        .map(|tag| {
            let plain = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            (plain && !tag.is_empty()).then(|| tag.to_ascii_lowercase())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> WheelName {
        WheelName::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn a_name_is_taken_apart() {
        let wheel = parse("Foo_Bar-1.0.post1-2abc-cp39.cp310-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
        assert_eq!(wheel.name().as_str(), "foo-bar");
        assert_eq!(wheel.version().to_string(), "1.0.post1");
        assert_eq!(wheel.build, Some((2, "abc".to_owned())));
        assert_eq!(wheel.tags().map(BTreeSet::len), [2, 1, 2]);
        assert!(!wheel.is_pure());
        assert!(parse("a-1-py2.py3-none-any.whl").is_pure());
        assert!(!parse("a-1-py3-none-any.win32.whl").is_pure());
    }

    #[test]
    fn it_belongs_to_one_project_and_version() {
        let wheel = parse("foo-1.0-py3-none-any.whl");
        let foo = normal_name("foo").unwrap();
        assert!(wheel.matches_project(&foo, "1") && wheel.matches_project(&foo, "1.0.0"));
        assert!(!wheel.matches_project(&foo, "1.0.1") && !wheel.matches_project(&foo, "1.0-py3"));
        assert!(!wheel.matches_project(&normal_name("foo-1").unwrap(), "1.0"));
    }

    #[test]
    fn a_source_distribution_belongs_to_one_project_and_version() {
        let name = normal_name("foo-bar").unwrap();
        for yes in ["foo_bar-1.0.tar.gz", "Foo.Bar-1.0.0.tar.gz", "foo-bar-1.0.zip"] {
            assert!(is_source_distribution(yes, &name, "1.0"), "{yes}");
        }
        for no in [
            "foo_bar-1.1.tar.gz",
            "foo-1.0.tar.gz",
            "foo_bar-1.0.tar.bz2",
            "x/foo_bar-1.0.tar.gz",
            "foo_bar- 1.0.tar.gz",
            "foo_bar.tar.gz",
        ] {
            assert!(!is_source_distribution(no, &name, "1.0"), "{no}");
        }
    }

    #[test]
    fn what_could_be_read_otherwise_is_none() {
        for name in [
            "",
            ".whl",
            "foo.whl",
            "foo-1.0-py3-none-any",
            "foo-1.0-py3-none-any.WHL",
            "foo-1.0-py3-none-any.whl ",
            " foo-1.0-py3-none-any.whl",
            "foo-1.0-py3-none.whl",
            "foo-1.0-py3--any.whl",
            "foo-1.0-py3.-none-any.whl",
            "foo-1.0-x-py3-none-any.whl",
            "foo-1.0--py3-none-any.whl",
            "foo-1.0-99999999999999999999-py3-none-any.whl",
            "foo-1-0-1-py3-none-any.whl",
            "foo__bar-1.0-py3-none-any.whl",
            "_foo-1.0-py3-none-any.whl",
            "foo-one-py3-none-any.whl",
            "foo- 1.0-py3-none-any.whl",
            "../foo-1.0-py3-none-any.whl",
            "a/b-1.0-py3-none-any.whl",
            "f\u{f6}o-1.0-py3-none-any.whl",
            "foo-1.0-py3-none-any\u{200b}.whl",
            "foo-1.0-py3-none-any\n.whl",
        ] {
            assert_eq!(WheelName::parse(name), None, "{name:?}");
        }
        assert_eq!(WheelName::parse(&format!("{}-1.0-py3-none-any.whl", "a".repeat(240))), None);
    }
}

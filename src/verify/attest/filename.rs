//! Names of Python distribution files, compared as a Python index compares them.
//!
//! The attack: a true attestation of one file shown for another. The digest is compared as well, so
//! the name only has to tell projects, versions and platforms apart, and may not be so strict that
//! an honest other spelling (`Foo-1.0.tar.gz`, `foo-1.tar.gz`) fails.
//!
//! Specification: binary distribution format (PEP 427), source distribution file names (PEP 625),
//! name normalisation (PEP 503), tags (PEP 425), versions (PEP 440).

use std::collections::BTreeSet;

use super::version::Version;

/// What a file name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Distribution {
    Wheel {
        name: String,
        version: Version,
        build: Option<(String, String)>,
        /// Python, ABI, platform.
        tags: [BTreeSet<String>; 3],
    },
    Source {
        name: String,
        version: Version,
        ending: &'static str,
    },
}

impl Distribution {
    /// `None` for what is no such name.
    pub(super) fn parse(file_name: &str) -> Option<Self> {
        if file_name.len() > 512 {
            return None;
        }
        if let Some(stem) = file_name.strip_suffix(".whl") {
            return wheel(stem);
        }
        [".tar.gz", ".zip"].into_iter().find_map(|ending| {
            let (name, version) = file_name.strip_suffix(ending)?.rsplit_once('-')?;
            Some(Self::Source {
                name: normal_name(name)?,
                version: Version::parse(version)?,
                ending,
            })
        })
    }
}

fn wheel(stem: &str) -> Option<Distribution> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, build, tags) = match parts[..] {
        [name, version, python, abi, platform] => (name, version, None, [python, abi, platform]),
        [name, version, build, python, abi, platform] => (name, version, Some(build), [python, abi, platform]),
        _ => return None,
    };
    if name.contains("__") {
        return None;
    }
    let build = match build {
        None => None,
        Some(build) => {
            let end = build.find(|c: char| !c.is_ascii_digit()).unwrap_or(build.len());
            let (number, rest) = build.split_at_checked(end)?;
            (!number.is_empty()).then_some(())?;
            Some((number.trim_start_matches('0').to_owned(), rest.to_owned()))
        }
    };
    Some(Distribution::Wheel {
        name: normal_name(name)?,
        version: Version::parse(version)?,
        build,
        tags: expand(tags),
    })
}

/// `py2.py3-none-any` stands for two tags: each of the one part with each of the others. Parts are
/// compared and never multiplied: a name of 512 bytes would stand for half a million tags.
fn expand(parts: [&str; 3]) -> [BTreeSet<String>; 3] {
    parts.map(|part| part.split('.').map(str::to_ascii_lowercase).collect())
}

/// PEP 503: runs of `-`, `_` and `.` are one `-`, letters are lower case.
fn normal_name(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    Some(words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let parse = |name: &str| Distribution::parse(name).unwrap_or_else(|| panic!("{name}"));
        parse(a) == parse(b)
    }

    #[test]
    fn an_honest_other_spelling_is_the_same_file() {
        assert!(same("Foo.Bar-1.0.tar.gz", "foo_bar-1.0.tar.gz"));
        assert!(same("foo-bar-1.0.tar.gz", "foo_bar-1.0.0.tar.gz"));
        assert!(same("foo-1.0-py2.py3-none-any.whl", "Foo-1.0-py3.py2-none-any.whl"));
        assert!(same("foo-1.0RC1-py3-none-any.whl", "foo-1.0rc1-py3-none-any.whl"));
        assert!(same("foo-1.0-01x-py3-none-any.whl", "foo-1.0-1x-py3-none-any.whl"));
    }

    /// Found by fuzzing, as slowness: 64,000 tags were made of this name.
    #[test]
    fn many_tags_are_not_multiplied() {
        let part = |letter: char| (10..50).map(|number| format!("{letter}{number}")).collect::<Vec<_>>().join(".");
        let Some(Distribution::Wheel { tags, .. }) = Distribution::parse(&format!("foo-1.0-{}-{}-{}.whl", part('a'), part('b'), part('c')))
        else {
            panic!("a wheel");
        };
        assert_eq!(tags.map(|part| part.len()), [40, 40, 40]);
    }

    #[test]
    fn another_file_is_another_file() {
        let wheel = "foo-1.0-py3-none-any.whl";
        for other in [
            "foo2-1.0-py3-none-any.whl",
            "foo-1.1-py3-none-any.whl",
            "foo-1.0-1-py3-none-any.whl",
            "foo-1.0-py2-none-any.whl",
            "foo-1.0-py2.py3-none-any.whl",
            "foo-1.0-py3-abi3-any.whl",
            "foo-1.0-py3-none-linux_x86_64.whl",
            "foo-1.0.tar.gz",
        ] {
            assert!(!same(wheel, other), "{other}");
        }
        assert!(!same("foo-1.0.tar.gz", "foo-1.0.zip"));
        assert!(!same("foo-1.0.tar.gz", "foo-bar-1.0.tar.gz"));
    }

    #[test]
    fn what_is_no_name_of_a_distribution_is_none() {
        for name in [
            "",
            "foo",
            "foo-1.0.exe",
            "foo-1.0.whl",
            "foo-1.0-py3-none.whl",
            "a-b-1.0-1-py3-none-any.whl",
            "foo-1.0-x-py3-none-any.whl",
            "foo__bar-1.0-py3-none-any.whl",
            "foo-one.tar.gz",
            "foo.tar.gz",
            "-1.0.tar.gz",
            "f\u{f6}o-1.0.tar.gz",
            "../foo-1.0.tar.gz",
            "foo-1.0.tar.gz\n",
            "foo-1.0.TAR.GZ",
        ] {
            assert_eq!(Distribution::parse(name), None, "{name}");
        }
        assert_eq!(Distribution::parse(&format!("{}-1.0.tar.gz", "a".repeat(600))), None);
    }
}

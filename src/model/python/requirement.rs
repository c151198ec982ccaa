//! One `Requires-Dist` of a METADATA (PEP 508): a name, extras, versions and a marker.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use pep440_rs::VersionSpecifiers;

use super::super::closure::PackageName;
use super::marker::{Marker, MarkerError};
use super::name::{normal_extra, normal_name};

/// Why a requirement cannot be read. The package that carries it is at fault, or whoever edited
/// the lock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// It does not follow the grammar.
    #[error("the requirement `{requirement}` cannot be read: {what}")]
    Unreadable {
        /// The requirement's beginning.
        requirement: String,
        /// Why.
        what: &'static str,
    },
    /// Its marker has no meaning.
    #[error(transparent)]
    Marker(#[from] MarkerError),
}

/// A requirement that was understood completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonRequirement {
    /// The project, normalised.
    pub name: PackageName,
    /// The extras asked for, normalised.
    pub extras: BTreeSet<String>,
    /// The versions that are accepted. Empty: all.
    pub specifiers: VersionSpecifiers,
    /// What stands after `@`: a URL or a path, no registry. `specifiers` is empty then.
    pub url: Option<String>,
    /// When it counts; `None`: always.
    pub marker: Option<Marker>,
}

impl PythonRequirement {
    /// Reads `NAME[EXTRAS] SPECIFIERS; MARKER` or `NAME[EXTRAS] @ URL ; MARKER`. Everything in it
    /// must be understood; only plain ASCII is.
    pub fn parse(text: &str) -> Result<Self, RequirementError> {
        let refuse = |what| RequirementError::Unreadable {
            requirement: text.chars().take(200).collect(),
            what,
        };
        if text.len() > 20 * 1024 || text.bytes().any(|byte| !(b' '..=b'~').contains(&byte) && byte != b'\t') {
            return Err(refuse("it is too long, or holds hidden or foreign characters"));
        }
        let (head, rest) = head(text.trim()).map_err(refuse)?;
        let (name, extras) = head;
        let (url, versions, marker) = if let Some(place) = rest.strip_prefix('@') {
            // A URL may hold a semicolon; a marker stands behind white space.
            let (url, marker) = parted(place, " ;");
            (Some(url.trim().to_owned()), "", marker)
        } else {
            let (versions, marker) = parted(rest, ";");
            (None, versions, marker)
        };
        Ok(Self {
            name,
            extras,
            specifiers: specifiers(versions).map_err(refuse)?,
            url,
            marker: marker.map(|marker| Marker::parse(marker.trim())).transpose()?,
        })
    }
}

fn parted<'a>(text: &'a str, by: &str) -> (&'a str, Option<&'a str>) {
    text.split_once(by).map_or((text, None), |(before, after)| (before, Some(after)))
}

type Head = (PackageName, BTreeSet<String>);

fn head(text: &str) -> Result<(Head, &str), &'static str> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(text.len());
    let name = normal_name(&text[..end]).ok_or("the name is none")?;
    let rest = text[end..].trim_start();
    let Some(inside) = rest.strip_prefix('[') else {
        return Ok(((name, BTreeSet::new()), rest));
    };
    let (inside, rest) = inside.split_once(']').ok_or("a bracket is not closed")?;
    let extras = match inside.trim() {
        "" => BTreeSet::new(),
        inside => inside
            .split(',')
            .map(|extra| normal_extra(extra.trim()).ok_or("an extra has no name"))
            .collect::<Result<_, _>>()?,
    };
    Ok(((name, extras), rest.trim_start()))
}

/// `>=1,<2` or `(>=1,<2)`; nothing at all accepts every version.
fn specifiers(text: &str) -> Result<VersionSpecifiers, &'static str> {
    let text = text.trim();
    let text = match text.strip_prefix('(') {
        Some(inside) => inside.strip_suffix(')').ok_or("a bracket is not closed")?.trim(),
        None => text,
    };
    if text.is_empty() {
        return Ok(VersionSpecifiers::empty());
    }
    if text.split(',').any(|one| one.trim().is_empty()) {
        return Err("a version is missing");
    }
    VersionSpecifiers::from_str(text).map_err(|_| "the versions cannot be read")
}

#[cfg(test)]
mod tests {
    use pep440_rs::Version;

    use super::*;

    #[test]
    fn a_requirement_is_taken_apart() {
        let read = PythonRequirement::parse("Foo.Bar[A_b, c] (>=1,<2) ; extra == 'x'").unwrap();
        assert_eq!(read.name.as_str(), "foo-bar");
        assert_eq!(read.extras, BTreeSet::from(["a-b".to_owned(), "c".to_owned()]));
        let accepts = |version: &str| read.specifiers.contains(&Version::from_str(version).unwrap());
        assert!(accepts("1.5") && !accepts("2.0") && !accepts("2.0a1"));
        assert_eq!(read.marker.as_ref().map(Marker::as_str), Some("extra == 'x'"));
        for plain in [
            "foo",
            "foo ",
            "foo[]",
            "foo>=1",
            "foo >=1 , <3",
            "foo==1.*",
            "foo~=1.2",
            "foo[a]>=1;os_name=='nt'",
        ] {
            let read = PythonRequirement::parse(plain).unwrap_or_else(|error| panic!("{plain}: {error}"));
            assert_eq!((read.name.as_str(), read.url), ("foo", None), "{plain}");
        }
    }

    #[test]
    fn a_place_is_never_taken_for_versions() {
        let read = PythonRequirement::parse("foo @ git+ssh://host/x;y ; os_name == 'nt'").unwrap();
        assert_eq!(read.url.as_deref(), Some("git+ssh://host/x;y"));
        assert!(read.marker.is_some());
        assert!(PythonRequirement::parse("foo@file:///x").unwrap().url.is_some());
    }

    #[test]
    fn what_is_half_understood_is_an_error() {
        for bad in [
            "",
            "-foo",
            "foo bar",
            "foo >= ",
            "foo >=1,",
            "foo (>=1",
            "foo >=1)",
            "foo[a",
            "foo[a b]",
            "foo[,]",
            "foo >=1 <2",
            "foo =1",
            "foo 1.0",
            "foo;",
            "foo; ",
            "foo; bogus == 'x'",
            "foo; os_name",
            "foo>=1;os_name=='nt';os_name=='x'",
            "f\u{f6}o",
            "foo\u{200b}",
            "foo\n>=1",
        ] {
            assert!(PythonRequirement::parse(bad).is_err(), "{bad:?}");
        }
    }
}

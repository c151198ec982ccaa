//! The parts of a tree, and which tree it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::error::StoreError;
use crate::model::{DigestError, InstallPath, Integrity, Platform, ServerName, Sha256Digest};

/// Which tree: the digest of the server's name, the platform, and every package's place and digest.
///
/// Two trees that differ in any of these never share a folder. The identifier proves nothing about
/// what lies in that folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallId(Sha256Digest);

impl InstallId {
    /// The identifier of an npm server's tree. The order of `parts` does not matter.
    pub fn of<'a>(server: &ServerName, platform: &Platform, parts: impl IntoIterator<Item = (&'a InstallPath, &'a Integrity)>) -> Self {
        let parts: BTreeMap<_, _> = parts.into_iter().collect();
        let mut fields = Fields::default();
        let mut field = |text: &str| fields.add(text);
        field("mcp-pin install 1");
        field(server.as_str());
        field(&platform.os);
        field(&platform.cpu);
        field(if platform.libc.is_some() { "libc" } else { "" });
        field(platform.libc.as_deref().unwrap_or_default());
        for (path, integrity) in parts {
            field(path.as_str());
            field(&integrity.to_string());
        }
        fields.finish()
    }

    /// The identifier of a Python server's tree: `interpreter` is everything about the interpreter
    /// that a tree depends on (version, tag, the compiled form's number), as any text. The order of
    /// `parts` does not matter.
    pub fn of_python<'a>(server: &ServerName, interpreter: &str, parts: impl IntoIterator<Item = &'a Part>) -> Self {
        let places: BTreeSet<_> = parts.into_iter().map(|part| (&part.place, &part.integrity)).collect();
        let mut fields = Fields::default();
        for text in ["mcp-pin python install 1", server.as_str(), interpreter] {
            fields.add(text);
        }
        for (place, integrity) in places {
            match place {
                Place::Wheel { file, site } => ["wheel", file, site].map(|text| fields.add(text)),
                Place::Package(path) => ["package", path.as_str(), ""].map(|text| fields.add(text)),
            };
            fields.add(&integrity.to_string());
        }
        fields.finish()
    }
}

/// A digest over texts.
#[derive(Default)]
struct Fields(Sha256);

impl Fields {
    fn add(&mut self, text: &str) {
        // The length first, so that no two lists of fields give the same bytes.
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> InstallId {
        InstallId(Sha256Digest::from_bytes(self.0.finalize().into()))
    }
}

impl fmt::Display for InstallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for InstallId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// One package of a tree. Its archive is opened, hashed and unpacked when its turn comes, so that a
/// few archives are in memory at a time, not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it stands in the tree, and what kind of archive it is.
    pub place: Place,
    /// The digest its archive must have.
    pub integrity: Integrity,
    /// The package, as errors name it: `name@version`.
    pub what: String,
}

/// Where a package's files go. Which reader its archive gets is decided here, never by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An npm package, in a folder of its own.
    Package(InstallPath),
    /// A wheel: its files go where its layout says, among those of other wheels.
    Wheel {
        /// The wheel's file name, which says whose metadata is inside.
        file: String,
        /// The folder of the installed code below the tree's root: `lib/python3.11/site-packages`.
        site: String,
    },
}

/// All parts of a tree, which are of one kind.
pub(super) enum Parts<'a> {
    Packages(Vec<(&'a Part, &'a str)>),
    Wheels(Vec<Wheel<'a>>),
}

/// A part that is a wheel.
#[derive(Clone, Copy)]
pub(super) struct Wheel<'a> {
    pub(super) part: &'a Part,
    pub(super) file: &'a str,
    pub(super) site: &'a str,
}

impl<'a> Parts<'a> {
    /// Sorts the parts out. No parts at all are no packages.
    pub(super) fn of(parts: &'a [Part]) -> Result<Self, StoreError> {
        let (mut packages, mut wheels) = (vec![], vec![]);
        for part in parts {
            match &part.place {
                Place::Package(path) => packages.push((part, path.as_str())),
                Place::Wheel { file, site } => wheels.push(Wheel { part, file, site }),
            }
        }
        match (packages.is_empty(), wheels.is_empty()) {
            (_, true) => Ok(Self::Packages(packages)),
            (true, false) => Ok(Self::Wheels(wheels)),
            (false, false) => Err(StoreError::MixedTree),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifier_covers_everything_and_no_order() {
        let (name, other): (ServerName, ServerName) = ("n".parse().unwrap(), "m".parse().unwrap());
        let platform = |libc: Option<&str>| Platform {
            os: "linux".into(),
            cpu: "x64".into(),
            libc: libc.map(str::to_owned),
        };
        let (a, b): (InstallPath, InstallPath) = ("node_modules/a".parse().unwrap(), "node_modules/b".parse().unwrap());
        let (x, y) = (Integrity::Sha512([1; 64]), Integrity::Sha512([2; 64]));
        let id = InstallId::of(&name, &platform(None), [(&a, &x), (&b, &y)]);
        assert_eq!(id, InstallId::of(&name, &platform(None), [(&b, &y), (&a, &x)]));
        for different in [
            InstallId::of(&other, &platform(None), [(&a, &x), (&b, &y)]),
            InstallId::of(&name, &platform(Some("")), [(&a, &x), (&b, &y)]),
            InstallId::of(&name, &platform(None), [(&a, &y), (&b, &x)]),
            InstallId::of(&name, &platform(None), [(&a, &x)]),
        ] {
            assert_ne!(id, different);
        }
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_python_identifier_covers_everything_and_no_order() {
        let part = |file: &str, site: &str, byte: u8| Part {
            place: Place::Wheel {
                file: file.into(),
                site: site.into(),
            },
            integrity: Integrity::Sha512([byte; 64]),
            what: "w@1".into(),
        };
        let (name, other): (ServerName, ServerName) = ("n".parse().unwrap(), "m".parse().unwrap());
        let (a, b) = (part("a.whl", "s", 1), part("b.whl", "s", 2));
        let id = InstallId::of_python(&name, "3.12.1", [&a, &b]);
        assert_eq!(id, InstallId::of_python(&name, "3.12.1", [&b, &a]));
        for different in [
            InstallId::of_python(&other, "3.12.1", [&a, &b]),
            InstallId::of_python(&name, "3.12.2", [&a, &b]),
            InstallId::of_python(&name, "3.12.1", [&a]),
            InstallId::of_python(&name, "3.12.1", [&a, &part("b.whl", "s", 3)]),
            InstallId::of_python(&name, "3.12.1", [&a, &part("c.whl", "s", 2)]),
            InstallId::of_python(&name, "3.12.1", [&a, &part("b.whl", "t", 2)]),
        ] {
            assert_ne!(id, different);
        }
    }

    #[test]
    fn the_identifiers_of_npm_trees_stay() {
        let platform = Platform {
            os: "linux".into(),
            cpu: "x64".into(),
            libc: Some("glibc".into()),
        };
        let path: InstallPath = "node_modules/a".parse().unwrap();
        let id = InstallId::of(&"n".parse().unwrap(), &platform, [(&path, &Integrity::Sha512([7; 64]))]);
        assert_eq!(id.to_string(), "558c8f1326fcad848c15c7d9004b0d3901de52acff74fb4a35428fffb3bdf1d3");
    }
}

//! The closure of a Python package.
//!
//! The attacks: a wheel of another project or version under an honest package's name, which every
//! machine that takes that file name would install; a package that stands there in two spellings;
//! and members of the other ecosystem, which one reader heeds and the next passes over.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use pep440_rs::Version;

use super::super::wire::{WireArchive, WirePackage, WireProved, WireRoot};
use super::{MAX_PACKAGES, Read, Reader, VERSION_WITHOUT_PYTHON};
use crate::model::python::{EntryPoint, WheelName, is_source_distribution, normal_name};
use crate::model::{Closure, Evidence, InstallPath, Integrity, LockedArchive, LockedPackage, PackageName, PythonTerms, Terms};

/// The most requirements of a closure, and the most bytes that they and the markers have together:
/// each is read for every kind of machine. Real closures stay below a twentieth of it.
const MAX_REQUIREMENTS: usize = 100_000;
const MAX_TEXT: usize = 8 << 20;

const NOT_PYTHON: &str = "a Python package has `wheels`, or `sdist` and `built`, and nothing of an npm package";

impl Reader<'_> {
    pub(super) fn python_closure(&self, root: &WireRoot, wire: BTreeMap<String, WirePackage>) -> Read<Closure> {
        if self.version <= VERSION_WITHOUT_PYTHON {
            return self.rule("package", "a Python package stands in a lock of a version that has none");
        }
        let name = self.python_name("package", &root.identifier)?;
        let path = InstallPath::python(&name, &root.version).filter(|_| root.path.is_none());
        let Some(root) = path else {
            return self.rule(
                "package",
                "its version is none, or it has a `path`, which Python packages do not have",
            );
        };
        let archives: usize = wire.values().map(|package| package.wheels.len() + package.sdist.len()).sum();
        if wire.len() + archives > MAX_PACKAGES {
            return self.rule("packages", "there are more than 20000 packages and wheels");
        }
        let requirements: usize = wire.values().map(|package| package.requires.len()).sum();
        let texts = wire.values().flat_map(|package| package.requires.iter().chain(&package.marker));
        if requirements > MAX_REQUIREMENTS || texts.map(String::len).sum::<usize>() > MAX_TEXT {
            return self.rule("packages", "there are more requirements than can be checked");
        }
        let packages = wire
            .into_iter()
            .map(|(path, package)| {
                let install: InstallPath = self.at(&path, path.parse())?;
                let package = self.python_package(&install, package)?;
                Ok((install, package))
            })
            .collect::<Read<BTreeMap<_, _>>>()?;
        if packages.contains_key(&root) {
            Ok(Closure { root, packages })
        } else {
            self.rule("package", "it is missing in `packages`")
        }
    }

    /// `NAME = module:callable`, in its one spelling.
    pub(super) fn python_entry(&self, entry: String) -> Read<String> {
        if entry.parse::<EntryPoint>().is_ok() {
            Ok(entry)
        } else {
            self.rule("launch.entry", "it is not of the form `NAME = module:callable`")
        }
    }

    fn python_name(&self, at: &str, text: &str) -> Read<PackageName> {
        match normal_name(text) {
            Some(name) if name.as_str() == text => Ok(name),
            _ => self.rule(at, "the name is not in the form that indexes compare"),
        }
    }

    fn python_package(&self, path: &InstallPath, wire: WirePackage) -> Read<LockedPackage> {
        let at = path.as_str();
        let WirePackage {
            name: None,
            version,
            integrity: None,
            evidence: None,
            os,
            cpu,
            libc,
            optional: false,
            scripts,
            native,
            dependencies,
            optional_dependencies,
            peer_dependencies,
            optional_peers,
            bundled,
            engines_node: None,
            wheels,
            sdist,
            built,
            marker,
            requires,
            requires_python,
            startup,
        } = wire
        else {
            return self.rule(at, NOT_PYTHON);
        };
        let lists = [os, cpu, libc, optional_peers, bundled];
        let maps = [scripts, dependencies, optional_dependencies, peer_dependencies];
        if !lists.iter().all(Vec::is_empty) || !maps.iter().all(BTreeMap::is_empty) {
            return self.rule(at, NOT_PYTHON);
        }
        let name = path.name();
        // Two spellings of one version would be two packages of one name.
        if Version::from_str(&version).map(|read| read.to_string()) != Ok(version.clone()) {
            return self.rule(at, "the version is not one of PEP 440 in its normal form");
        }
        if InstallPath::python(&name, &version).as_ref() != Some(path) {
            return self.rule(at, "it is not the place of this version");
        }
        let texts = requires.iter().chain(&marker).chain(&requires_python).chain(startup.keys());
        self.plain(at, texts)?;
        let archives = match (built, sdist.len()) {
            (false, 0) => self.wheels(at, &name, &version, wheels)?,
            (true, 1) if wheels.is_empty() => self.sdist(at, &name, &version, sdist)?,
            _ => return self.rule(at, NOT_PYTHON),
        };
        let package = LockedPackage {
            name,
            version,
            archives,
            scripts: startup,
            native,
            terms: Terms::Python(PythonTerms {
                marker,
                requires,
                requires_python,
                built,
            }),
        };
        if native && package.is_platform_limited() {
            return self.rule(at, "`native` stands beside wheels of certain platforms, which are native by nature");
        }
        Ok(package)
    }

    fn wheels(&self, at: &str, name: &PackageName, version: &str, wheels: BTreeMap<String, WireArchive>) -> Read<Vec<LockedArchive>> {
        if wheels.is_empty() {
            return self.rule(at, "it has no wheel");
        }
        wheels
            .into_iter()
            .map(|(file, archive)| {
                if WheelName::parse(&file).is_some_and(|wheel| wheel.matches_project(name, version)) {
                    self.archive(at, file, archive)
                } else {
                    self.rule(at, "a file in `wheels` is no wheel of this package and version")
                }
            })
            .collect()
    }

    fn sdist(&self, at: &str, name: &PackageName, version: &str, sdist: BTreeMap<String, WireArchive>) -> Read<Vec<LockedArchive>> {
        sdist
            .into_iter()
            .map(|(file, archive)| {
                if is_source_distribution(&file, name, version) {
                    self.archive(at, file, archive)
                } else {
                    self.rule(at, "the file in `sdist` is no source distribution of this package and version")
                }
            })
            .collect()
    }

    fn archive(&self, at: &str, file: String, archive: WireArchive) -> Read<LockedArchive> {
        let (integrity, evidence) = match archive {
            WireArchive::Digest(integrity) => (integrity, Evidence::default()),
            WireArchive::Proved(proved) => {
                let WireProved { integrity, evidence } = *proved;
                (integrity, self.evidence(at, Some(evidence))?)
            }
        };
        let integrity = self.integrity(at, &integrity)?;
        if !matches!(integrity, Integrity::Sha256(_)) {
            return self.rule(at, "a digest is not SHA-256, the one that indexes give");
        }
        Ok(LockedArchive {
            file: Some(file),
            integrity,
            evidence,
        })
    }
}

//! npm packages: what the registry claims, and what the archive itself says.
//!
//! The attack is *manifest confusion*: the registry's metadata is written by whoever publishes and
//! nothing forces it to agree with the archive. Metadata that hides an install script or a
//! dependency passes every tool that only reads metadata. Here the verified archive is the
//! authority, the metadata is a [`Claim`], and every security-relevant field that differs is a
//! [`Confusion`].
//!
//! Pure: bytes in, facts out. Hashes are compared elsewhere; everything here assumes that the
//! contents belong to an archive whose digest is the claimed one.

mod confirm;
mod entry;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Evidence, Integrity, LockedArchive, LockedPackage, NodeTerms, PackageName, Terms};

pub use confirm::{Confusion, Refusal, check_locked, confirm};
pub use entry::{EntryError, entry_point};
pub use manifest::{Manifest, ManifestError, install_scripts};

/// What a registry, through the resolver, says about one package. Nothing in it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The real name, also where an alias gives the path another one.
    pub name: PackageName,
    /// The exact version.
    pub version: String,
    /// The archive's digest.
    pub integrity: Integrity,
    /// Where the resolver would fetch it. Transient: never stored, it names a machine's registry.
    pub resolved: Option<String>,
    /// `os` limits.
    pub os: Vec<String>,
    /// `cpu` limits.
    pub cpu: Vec<String>,
    /// `libc` limits.
    pub libc: Vec<String>,
    /// Only reached through optional edges.
    pub optional: bool,
    /// Only reached through peer edges.
    pub peer: bool,
    /// `dependencies` without those that are optional.
    pub dependencies: BTreeMap<String, String>,
    /// `optionalDependencies`.
    pub optional_dependencies: BTreeMap<String, String>,
    /// `peerDependencies`.
    pub peer_dependencies: BTreeMap<String, String>,
    /// Peers that are called optional.
    pub optional_peers: BTreeSet<String>,
    /// `bin`, normalised as npm does it.
    pub bin: BTreeMap<String, String>,
    /// Names the package says stand inside its archive.
    pub bundled: BTreeSet<String>,
    /// `engines.node`.
    pub engines_node: Option<String>,
    /// Whether install scripts are admitted.
    pub has_install_script: bool,
}

impl Claim {
    /// The claim as a lock entry, for a package of another platform whose archive is not fetched
    /// here: it is checked by [`check_locked`] on a machine that fetches it. `None` where only the
    /// archive can tell what the entry must hold (install scripts, bundled packages): fetch it.
    pub fn as_claimed(&self) -> Option<LockedPackage> {
        if self.has_install_script || !self.bundled.is_empty() {
            return None;
        }
        Some(LockedPackage {
            name: self.name.clone(),
            version: self.version.clone(),
            archives: vec![self.archive()],
            scripts: BTreeMap::new(),
            native: false,
            terms: Terms::Node(NodeTerms {
                os: self.os.clone(),
                cpu: self.cpu.clone(),
                libc: self.libc.clone(),
                optional: self.optional,
                dependencies: self.dependencies.clone(),
                optional_dependencies: self.optional_dependencies.clone(),
                peer_dependencies: self.peer_dependencies.clone(),
                optional_peers: self.optional_peers.clone(),
                bundled: BTreeSet::new(),
                engines_node: self.engines_node.clone(),
            }),
        })
    }

    /// The claimed archive, without any evidence yet.
    fn archive(&self) -> LockedArchive {
        LockedArchive {
            file: None,
            integrity: self.integrity.clone(),
            evidence: Evidence::default(),
        }
    }
}

//! What the operations need of a package ecosystem. Nothing above this trait knows which one it has:
//! resolving, the cooldown, confusion, evidence, installing, verifying and updating are one code.
//!
//! The attack on a second ecosystem is a check that the first one has and it forgot. So the order of
//! checks stands once, above, and each ecosystem answers the same questions.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use jiff::Timestamp;

use crate::error::Error;
use crate::manifest::{Policy, ServerEntry};
use crate::mcp::probe::Launchable;
use crate::model::{
    Closure, Finding, InstallPath, Integrity, Launch, LockedPackage, PackageName, RegistrySignature, ServerName, Source, Told,
};
use crate::ops::archive::{Archive, Key};
use crate::ops::tools::Tools;
use crate::store::{InstallId, Part, Store, StoreError, StoredArchive};
use crate::verify::attest::{Document, Proven, Refused, Trust};

mod compiled;
mod machine;
mod npm;
mod python;
mod versions;

pub use machine::{Belief, Interpreter, Machine, Recorded, Start, is_built};
pub use versions::Offered;

/// An answer that has to be waited for.
pub type Pending<'a, T> = LocalBoxFuture<'a, Result<T, Error>>;

/// Where the bytes of an archive go as they arrive.
pub type Sink<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), StoreError> + Send);

/// Which server, under whose lock.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// The key of the scope, as approvals have it.
    pub scope: &'a str,
    /// The server.
    pub server: &'a ServerName,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// For which server.
    pub site: Site<'a>,
    /// The manifest's source.
    pub source: &'a Source,
    /// Nothing younger is taken by itself.
    pub cutoff: Option<Timestamp>,
    /// What may be built.
    pub builds: Builds<'a>,
}

/// What may be built on this machine, and how. A build runs code of the package before anybody has
/// looked at it.
#[derive(Debug, Clone, Copy)]
pub struct Builds<'a> {
    /// The policy in force. A project permits nothing in it.
    pub policy: &'a Policy,
    /// The user accepted that nothing keeps a build in, where there is no sandbox.
    pub unsandboxed: bool,
}

/// What the resolver answered. All of it claims.
#[derive(Debug)]
pub struct Resolution {
    /// Where the asked-for package stands.
    pub root: InstallPath,
    /// Every package, for all platforms.
    pub claims: BTreeMap<InstallPath, Claimed>,
    /// What the answer leaves out, or passed over.
    pub findings: Vec<Finding>,
    /// The versions of the runtime that the asked-for package wants, as claimed.
    pub runtime: Option<String>,
    /// Versions that were pinned before: [`Ecosystem::releases`] says of those too what it is told.
    pub earlier: Earlier,
    /// What the registries say of the packages; filled by [`Ecosystem::releases`].
    pub told: Told,
}

/// Versions by package.
pub type Earlier = BTreeMap<PackageName, BTreeSet<String>>;

/// One package as claimed.
#[derive(Debug)]
pub struct Claimed {
    /// The real name.
    pub name: PackageName,
    /// The exact version.
    pub version: String,
    /// Every archive of it.
    pub archives: Vec<Wanted>,
    /// What a page says beside an archive, by file name.
    pub beside: BTreeMap<String, Beside>,
    /// What else is claimed.
    pub words: Words,
}

/// What a page of an index says beside an archive, for resolvers that do not fetch it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The versions of the runtime.
    pub runtime: Option<String>,
    /// The digest of the copy of its manifest that is given to them.
    pub manifest: Option<Integrity>,
}

/// What else an ecosystem claims of a package.
#[derive(Debug)]
pub enum Words {
    /// An entry of npm's lockfile.
    Npm(Box<crate::registry::npm::Claim>),
    /// An entry of uv's answer.
    Python(Box<crate::registry::pypi::Claim>),
}

/// An archive to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which, and what its bytes must hash to.
    pub key: Key,
    /// The resolver's address, where there is one. A lock has none.
    pub address: Option<String>,
}

impl Wanted {
    /// A locked archive.
    pub fn locked(archive: Archive<'_>) -> Self {
        Self {
            key: archive.key(),
            address: None,
        }
    }
}

/// The registry's word about one archive: date and evidence.
#[derive(Debug, Clone)]
pub struct Release {
    /// When it was published; `None` where the registry does not say.
    pub published: Option<Timestamp>,
    /// The registry's signatures, as written.
    pub signatures: Vec<RegistrySignature>,
    /// The registry says that it has attestations.
    pub attestations: Option<Announced>,
}

/// Where a registry says that attestations are.
#[derive(Debug, Clone)]
pub enum Announced {
    /// `dist.attestations`.
    Npm(crate::registry::npm::Announced),
    /// The `provenance` of a file on an index page.
    Python(Box<crate::registry::pypi::IndexFile>),
}

/// The registry's word about every archive of a closure.
pub type Releases = BTreeMap<Key, Release>;

/// A package as an archive of it says, and the repository that it names.
pub type Confirmed = (LockedPackage, Option<String>);

/// Why an archive is not taken for what was claimed.
#[derive(Debug)]
pub struct NotConfirmed {
    /// Metadata and archive say different things (manifest confusion); otherwise the archive by
    /// itself is refused.
    pub confused: bool,
    /// What.
    pub what: String,
}

/// A kind of packages.
pub trait Ecosystem: Sync {
    /// The whole closure, for all platforms, as of the cutoff; where nothing old enough is there, as
    /// of the day of what is wanted.
    fn resolve<'a>(&'a self, tools: &'a Tools<'a>, ask: Ask<'a>) -> Pending<'a, Resolution>;

    /// Which versions of the asked-for package there are: claims, and nothing of its closure.
    fn versions<'a>(&'a self, tools: &'a Tools<'a>, source: &'a Source, cutoff: Option<Timestamp>) -> Pending<'a, Offered>;

    /// Dates, signatures and announced attestations of every claimed archive. What the registry says
    /// there of an archive is one more claim, which the archive must confirm.
    fn releases<'a>(&'a self, tools: &'a Tools<'a>, resolved: &'a mut Resolution) -> Pending<'a, Releases>;

    /// Findings that need the registry's word about releases: what was passed over, what was taken back.
    fn passed_over<'a>(&'a self, tools: &'a Tools<'a>, ask: Ask<'a>, resolved: &'a Resolution) -> Pending<'a, Vec<Finding>>;

    /// The machine for a server, before anything of it is fetched: the runtime that fits what the
    /// server's own package wants.
    fn machine<'a>(&'a self, tools: &'a Tools<'a>, wanted: Option<&'a str>) -> Pending<'a, Machine>;

    /// The machine that an installed server was installed with.
    fn recorded(&self, tools: &Tools<'_>, site: Site<'_>, belief: Belief) -> Result<Recorded, Error>;

    /// Of the claimed archives, those whose bytes must be seen here before anything is believed.
    fn needed(&self, machine: &Machine, resolved: &Resolution) -> Result<Vec<Wanted>, Error>;

    /// Streams an archive, as sent.
    fn fetch<'a>(&'a self, tools: &'a Tools<'a>, wanted: &'a Wanted, sink: Sink<'a>) -> Pending<'a, ()>;

    /// The attestations that the registry has of an archive; `None`: it says that there are none.
    fn attestations<'a>(&'a self, tools: &'a Tools<'a>, key: &'a Key, announced: Option<&'a Announced>) -> Pending<'a, Option<Vec<u8>>>;

    /// Splits a reply into documents.
    fn documents(&self, key: &Key, reply: &[u8]) -> Result<Vec<Document>, Refused>;

    /// Proves what was delivered about an archive.
    fn prove(
        &self,
        trust: &Trust,
        key: &Key,
        signatures: &[RegistrySignature],
        documents: &[Document],
        now: Timestamp,
    ) -> Result<Proven, Refused>;

    /// The package as its archives say, as far as they are at hand.
    fn confirm(&self, store: &Store, claim: &Claimed) -> Result<Result<Confirmed, NotConfirmed>, Error>;

    /// What a stored archive says differently from the lock, a line each.
    fn differences(&self, stored: &StoredArchive, at: Archive<'_>) -> Result<Vec<String>, Error>;

    /// The repository that an archive names.
    fn repository(&self, stored: &StoredArchive, at: Archive<'_>) -> Result<Option<String>, Error>;

    /// Makes sure that everything is there which only this machine can make of a locked closure, and
    /// that it is what the lock says: wheels that are built here. Called once the entry is approved.
    fn build<'a>(&'a self, _: &'a Tools<'a>, _: Builds<'a>, _: &'a ServerName, _: &'a Closure, machine: Machine) -> Pending<'a, Machine> {
        std::future::ready(Ok(machine)).boxed_local()
    }

    /// How the server is started, by its own archive's word.
    fn launch(&self, store: &Store, machine: &Machine, name: &ServerName, entry: &ServerEntry, closure: &Closure) -> Result<Launch, Error>;

    /// Why the launch of a lock is none of the server's own package; `None` where it is, or where that
    /// package is still to be built.
    fn wrong_launch(&self, store: &Store, machine: &Machine, closure: &Closure, launch: &Launch) -> Result<Option<String>, Error>;

    /// Whether this machine's runtime is one that the server's own package asks for.
    fn runtime_finding(&self, machine: &Machine, server: &ServerName, closure: &Closure) -> Result<Option<Finding>, Error>;

    /// The archives of a lock that this machine must fetch, hold and compare.
    fn required<'a>(&self, machine: &Machine, closure: &'a Closure) -> Result<Vec<Archive<'a>>, Error>;

    /// Why the closure cannot be installed on this machine: a package that is needed and cannot be had
    /// for it, or what only this machine shows to be wrong with the lock.
    fn unfit(&self, machine: &Machine, closure: &Closure, source: &Source) -> Result<Option<String>, Error>;

    /// The archives that are unpacked here, with their places: those that were built here among them
    /// ([`Archive::is_local`]).
    fn unpacked<'a>(&self, machine: &'a Machine, closure: &'a Closure) -> Result<Vec<(&'a InstallPath, Archive<'a>)>, Error>;

    /// The tree they make.
    fn tree(&self, machine: &Machine, server: &ServerName, closure: &Closure) -> Result<(InstallId, Vec<Part>), Error>;

    /// Every file of an archive: for comparing code.
    fn files(&self, stored: &StoredArchive) -> Result<Files, Error>;

    /// A started server: runtime, entry, arguments.
    fn start(&self, machine: &Machine, start: Start<'_>) -> Result<Launchable, Error>;
}

/// Files of an archive: what they are, and their bytes by path.
pub type Files = (crate::model::ArchiveContents, BTreeMap<String, Vec<u8>>);

/// The ecosystem of a source; `None` for commands of this machine and remote servers.
pub fn of_source(source: &Source) -> Option<&'static dyn Ecosystem> {
    match source {
        Source::Npm { .. } => Some(&npm::Npm),
        Source::Pypi { .. } => Some(&python::Python),
        Source::Local | Source::Remote(_) => None,
    }
}

/// The ecosystem of a closure.
pub fn of(closure: &Closure) -> &'static dyn Ecosystem {
    if closure.root.is_python() { &python::Python } else { &npm::Npm }
}

/// The error for something that a lower floor promised and does not hold.
pub(super) const fn gone(what: &'static str) -> Error {
    Error::Worker { what }
}

/// The archive of a package that is at hand, the first in order.
pub(super) fn at_hand(store: &Store, package: &LockedPackage) -> Result<Option<(StoredArchive, usize)>, Error> {
    for (index, archive) in package.archives.iter().enumerate() {
        let label = Archive { package, archive }.label();
        if let Some(stored) = store.archive(&archive.integrity, &label)? {
            return Ok(Some((stored, index)));
        }
    }
    Ok(None)
}

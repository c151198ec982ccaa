//! Drift: the facts of a difference between a pin and what was found. No judgement lives here;
//! `policy` turns drift into findings with a grade.

use std::collections::BTreeSet;

use serde_json::Value;

use super::closure::{InstallPath, PackageName};
use super::code::CodeSign;
use super::digest::{Integrity, Sha256Digest};
use super::evidence::Level;
use super::surface::{ClientProfile, Era, ItemKind, Shape};

/// The views (era and kind of client) in which a surface change was seen.
pub type Views = BTreeSet<(Era, ClientProfile)>;

/// One changed leaf of a definition or a handshake.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafChange {
    /// JSON pointer (RFC 6901) from the definition's root.
    pub pointer: String,
    /// The value before, `None` where it is new.
    pub before: Option<Value>,
    /// The value after, `None` where it is gone.
    pub after: Option<Value>,
}

/// How one file of a package differs between two archives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path inside the package.
    pub path: String,
    /// What happened to it.
    pub kind: FileChangeKind,
    /// The content's digest before, `None` where it is new. Consent covers it: other content with
    /// the same counts of lines is another change.
    pub before: Option<Sha256Digest>,
    /// The content's digest now, `None` where it is gone.
    pub after: Option<Sha256Digest>,
    /// Lines added, where both sides are text.
    pub lines_added: usize,
    /// Lines removed, where both sides are text.
    pub lines_removed: usize,
    /// Invisible or bidirectional characters stand in the added lines.
    pub invisible: bool,
    /// The file is not text.
    pub binary: bool,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileChangeKind {
    /// Only in the new archive.
    Added,
    /// Only in the old archive.
    Removed,
    /// In both, with other content.
    Changed,
    /// Same content, other executable bit.
    ModeChanged,
}

/// How one file of an installed tree differs from the verified archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TreeChangeKind {
    /// Other content than the archive's.
    Changed,
    /// In the archive, not on disk.
    Missing,
    /// On disk, in no archive.
    Added,
    /// Same content, other executable bit.
    ModeChanged,
    /// A link, socket, device or folder stands where a file belongs (or the reverse).
    NotAFile,
}

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The source or requirement of the entry is another.
    Source {
        /// As locked.
        before: String,
        /// As found.
        after: String,
    },
    /// The server's own package has another version.
    Version {
        /// As locked.
        before: String,
        /// As found.
        after: String,
    },
    /// Command, entry, arguments, names of variables, working directory or network permission.
    Launch {
        /// `runtime`, `entry`, `args`, `env`, `cwd`, `network` or `command`.
        field: &'static str,
        /// As locked, as text.
        before: String,
        /// As found, as text.
        after: String,
    },
    /// Where a remote server is, or on which terms it is spoken to.
    Remote {
        /// `origin`, `path`, `transport`, `headers`, `issuers`, `tls-key`, `private` or `authorization`.
        field: &'static str,
        /// As locked, as text; lists a line each.
        before: String,
        /// As found, likewise.
        after: String,
    },
    /// A package is new in the closure (no package of this name was there before).
    PackageAdded {
        /// Where it stands.
        path: InstallPath,
        /// Its real name.
        name: PackageName,
        /// Its version.
        version: String,
    },
    /// No package of this name is left in the closure.
    PackageRemoved {
        /// Where it stood.
        path: InstallPath,
        /// Its real name.
        name: PackageName,
        /// Its version.
        version: String,
    },
    /// A package of the same name has another version or place.
    PackageChanged {
        /// Where it stands now.
        path: InstallPath,
        /// Its real name.
        name: PackageName,
        /// The version before.
        before: String,
        /// The version now.
        after: String,
    },
    /// A version that was pinned before has one more archive, which some machines prefer.
    ArchiveAdded {
        /// The package.
        name: PackageName,
        /// Its version, which was pinned before.
        version: String,
        /// The wheel that was not there then.
        file: String,
        /// Its digest.
        integrity: String,
    },
    /// The same name and version has other bytes: a registry must never do that.
    BytesReplaced {
        /// The package.
        name: PackageName,
        /// The version that both sides claim.
        version: String,
        /// The digest as locked.
        before: String,
        /// The digest as found.
        after: String,
    },
    /// Code that runs unasked and was not there, or is other code. (`after` is `None` where it went
    /// away.)
    Script {
        /// The package.
        name: PackageName,
        /// It is the server's own package.
        own: bool,
        /// It runs whenever the server's interpreter starts (Python). Otherwise it is an install
        /// script of npm's, which mcp-pin never runs.
        startup: bool,
        /// `preinstall`, `install` or `postinstall`; for startup code its file.
        script: String,
        /// The command before.
        before: Option<String>,
        /// The command now.
        after: Option<String>,
    },
    /// The evidence about a package reaches another level than before.
    EvidenceLevel {
        /// The package.
        name: PackageName,
        /// It is the server's own package.
        own: bool,
        /// The version that the evidence is about now.
        version: String,
        /// Its archive: consent covers these bytes and no others.
        integrity: Integrity,
        /// The version that the evidence before was about.
        before_version: String,
        /// What that one was built from (its repository, else its signer), where provenance said it.
        before_source: Option<String>,
        /// The level before.
        before: Level,
        /// The level now.
        after: Level,
    },
    /// The registry vouched for a package before and does not now, though there is provenance: the
    /// level says nothing of it.
    RegistryWordLost {
        /// The package.
        name: PackageName,
        /// It is the server's own package.
        own: bool,
        /// The version that the registry does not vouch for.
        version: String,
        /// Its archive: consent covers these bytes and no others.
        integrity: Integrity,
        /// The version that it vouched for.
        before_version: String,
    },
    /// Provenance of a package names somebody else, or something else that built it.
    Signer {
        /// The package.
        name: PackageName,
        /// It is the server's own package.
        own: bool,
        /// The version that is signed otherwise now.
        version: String,
        /// Its archive: consent covers these bytes and no others.
        integrity: Integrity,
        /// `issuer`, `signer`, `repository`, `repository-id`, `owner-id`, `workflow`, `builder` or
        /// `ref`. For `ref` the two texts are patterns, in which the version is `*`.
        field: &'static str,
        /// Before; empty where it was not named.
        before: String,
        /// Now; empty where it is not named.
        after: String,
    },
    /// The archive of a package names another repository than before, or none any more. Its own word,
    /// which nobody proved.
    Repository {
        /// The package.
        name: PackageName,
        /// It is the server's own package.
        own: bool,
        /// The version now.
        version: String,
        /// The version before.
        before_version: String,
        /// The repository before.
        before: String,
        /// The repository now; `None` where none is named.
        after: Option<String>,
    },
    /// A version is built from source on this machine that was not, or not from this source.
    BuildAdded {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// The digest of the source distribution.
        integrity: String,
    },
    /// Native code is new in a package.
    NativeAdded {
        /// The package.
        name: PackageName,
    },
    /// Files of one package differ between two versions.
    Files {
        /// The package.
        name: PackageName,
        /// It is the server's own package.
        own: bool,
        /// Every file that differs, sorted by path.
        files: Vec<FileChange>,
    },
    /// The code of a package holds what it did not hold before.
    Code {
        /// The package.
        name: PackageName,
        /// It is the server's own package.
        own: bool,
        /// Its version now.
        version: String,
        /// Its archive now: consent covers these bytes and no others.
        integrity: Integrity,
        /// Nothing came before: it is the first look at the package.
        first: bool,
        /// What is new, sorted.
        signs: Vec<CodeSign>,
    },
    /// An installed file is not what its verified archive holds.
    Tree {
        /// Path below the install's root.
        path: String,
        /// How it differs.
        kind: TreeChangeKind,
        /// The digest of what is on disk; `None` where nothing is, where it is no file, and where
        /// it cannot be read.
        found: Option<Sha256Digest>,
    },
    /// A rule of the guard that the lock holds is another.
    GuardRule {
        /// `allow`, `deny`, `confirm`, `arguments`, `results.visible` or `results.largest`.
        rule: &'static str,
        /// As locked, as text.
        before: String,
        /// As found, as text.
        after: String,
        /// It takes less away than before.
        looser: bool,
    },
    /// A pinned file of a local command has other content, or is gone (`after` is `None`).
    LocalFile {
        /// Its path.
        path: String,
        /// The digest as pinned.
        before: Sha256Digest,
        /// The digest now.
        after: Option<Sha256Digest>,
    },
    /// The server answers in an era, or differently to a kind of client, where it did not.
    ViewAdded {
        /// Which.
        era: Era,
        /// Which.
        client: ClientProfile,
    },
    /// The server no longer answers in an era or to a kind of client as pinned.
    ViewRemoved {
        /// Which.
        era: Era,
        /// Which.
        client: ClientProfile,
    },
    /// A leaf of the handshake: version, capabilities, identity, instructions.
    Handshake {
        /// Where it was seen.
        views: Views,
        /// The leaf.
        leaf: LeafChange,
    },
    /// A definition is new.
    ItemAdded {
        /// Where it was seen.
        views: Views,
        /// Its kind.
        kind: ItemKind,
        /// Its key.
        key: String,
        /// The definition.
        definition: Value,
    },
    /// A definition is gone.
    ItemRemoved {
        /// Where it was seen.
        views: Views,
        /// Its kind.
        kind: ItemKind,
        /// Its key.
        key: String,
        /// The definition.
        definition: Value,
    },
    /// A definition differs.
    ItemChanged {
        /// Where it was seen.
        views: Views,
        /// Its kind.
        kind: ItemKind,
        /// Its key.
        key: String,
        /// Every leaf that differs in the exact form; empty never.
        leaves: Vec<LeafChange>,
        /// The normalised forms are equal: the bytes moved, the meaning did not.
        same_meaning: bool,
        /// The whole definition before.
        before: Value,
        /// The whole definition now.
        after: Value,
    },
    /// A leaf differs between two takings of the same version.
    Volatile {
        /// Which view.
        era: Era,
        /// Which view.
        client: ClientProfile,
        /// Where (see [`super::surface::Volatile::at`]).
        at: String,
        /// Its shape.
        shape: Shape,
        /// It was already pinned as volatile with this shape.
        pinned: bool,
    },
    /// The server's answer cannot be pinned: not I-JSON, over a limit, different within one run.
    Hostile {
        /// The finding's code, for example `surface-not-i-json`.
        code: &'static str,
        /// What was seen, in our own words.
        what: String,
    },
}

/// All facts about one server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drift {
    /// The facts, in the order in which they were found.
    pub changes: Vec<Change>,
}

impl Drift {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

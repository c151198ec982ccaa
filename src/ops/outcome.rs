//! What an operation came to, for any renderer.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::{Evidence, Level, Pin, Pinned, Provenance, Report, ServerName};
use crate::ops::evidence::{Counts, counts};

/// What became of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// New in the lock.
    Added,
    /// Another version (or another surface) was approved and locked.
    Updated,
    /// Nothing newer, nothing to do.
    Unchanged,
    /// The machine was made to match the lock.
    Installed,
    /// Installed files differed from their archives and were replaced.
    Repaired,
    /// A newer version is there and was only shown.
    Available,
    /// Checked.
    Checked,
    /// Two versions were compared.
    Compared,
    /// What was approved before is approved and locked again.
    RolledBack,
    /// Taken out.
    Removed,
}

impl Action {
    /// The word in every output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Installed => "installed",
            Self::Repaired => "repaired",
            Self::Available => "available",
            Self::Checked => "checked",
            Self::Compared => "compared",
            Self::RolledBack => "restored",
            Self::Removed => "removed",
        }
    }
}

/// One server of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerLine {
    /// Its name.
    pub name: ServerName,
    /// What became of it.
    pub action: Action,
    /// The version of its own package; `None` for a local command.
    pub version: Option<String>,
    /// How many packages its closure has, for all platforms.
    pub packages: usize,
    /// How many installed files were compared with their archives.
    pub files: Option<u64>,
    /// How many tools its pinned surface has; `None` where no surface is pinned.
    pub tools: Option<usize>,
    /// The level of evidence of its own package; `None` for a local command.
    pub evidence: Option<Level>,
    /// Who built its own package, where that is proved.
    pub provenance: Option<Provenance>,
    /// How many packages of its closure reach which level.
    pub levels: Counts,
    /// How many packages' signatures and attestations were proved again.
    pub proved: Option<usize>,
    /// What a person should know beside that, one sentence fragment each.
    pub notes: Vec<String>,
}

impl ServerLine {
    /// A line about a pin.
    pub fn new(name: &ServerName, action: Action, pin: &Pin) -> Self {
        let (packages, own, levels) = match &pin.pinned {
            Pinned::Package { closure, .. } => {
                let own = closure
                    .root_package()
                    .and_then(crate::model::LockedPackage::weakest)
                    .map(|archive| &archive.evidence);
                (closure.packages.len(), own, counts(closure))
            }
            Pinned::Local(_) | Pinned::Remote(_) => (0, None, Counts::default()),
        };
        let tools = pin.surface.as_ref().map(|surface| surface.count(crate::model::ItemKind::Tool));
        let mut notes = Vec::new();
        if let Pinned::Remote(remote) = &pin.pinned {
            notes.push(format!("runs at {}: its code is not seen", remote.url.origin()));
        }
        if pin.surface.is_none() {
            notes.push("no surface is pinned: nothing guards what it tells the model".to_owned());
        }
        Self {
            name: name.clone(),
            action,
            version: pin.version().map(str::to_owned),
            packages,
            files: None,
            tools,
            evidence: own.map(Evidence::level),
            provenance: own.and_then(|evidence| evidence.provenance.clone()),
            levels,
            proved: None,
            notes,
        }
    }
}

/// Where the lock lies in its repository, and on which line each entry begins: for programs that show
/// a finding at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockPlace {
    /// Its path from the repository's root, or its name alone where it lies in none.
    pub path: String,
    /// The line of each server's entry.
    pub lines: BTreeMap<String, usize>,
}

impl LockPlace {
    /// Looks at a lock. One that cannot be read has no lines.
    pub fn of(lock: &Path) -> Self {
        let name = || lock.file_name().map_or(lock, Path::new);
        let root = lock
            .ancestors()
            .skip(1)
            .find(|folder| folder.join(".git").symlink_metadata().is_ok());
        let path = root.and_then(|root| lock.strip_prefix(root).ok()).unwrap_or_else(name);
        let text = std::fs::read_to_string(lock).unwrap_or_default();
        Self {
            path: path.display().to_string(),
            lines: crate::lock::lines(&text),
        }
    }
}

/// What an operation came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The servers it was about, sorted by name.
    pub servers: Vec<ServerLine>,
    /// What it found.
    pub report: Report,
    /// What signatures were proved against, and how old that is, where any were.
    pub trust: Option<String>,
    /// Where the lock lies that it was about, where that was looked up.
    pub place: Option<LockPlace>,
}

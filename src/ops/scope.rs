//! Which `mcp-pin.toml` and `mcp-pin.lock` an operation is about, and what they say together.
//!
//! The attack: a cloned project whose files start something or loosen a rule. A project's files
//! are a proposal: its policy is merged so that it can only tighten, and nothing of it is started
//! that this user has not approved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::lock::{self, Lockfile};
use crate::manifest::{self, AlertChannel, AlertTables, Loosening, Manifest, Policy, Scope as Owner, TrustSettings};
use crate::model::ServerName;
use crate::model::guard::{GuardPin, GuardRules};
use crate::ops::{Context, Interact};
use crate::store::{FileLock, atomic};

/// The manifest's file name.
pub const MANIFEST: &str = manifest::FILE_NAME;
/// The lockfile's file name.
pub const LOCKFILE: &str = lock::FILE_NAME;
/// No honest file of ours is larger.
const MAX_FILE: u64 = 256 * 1024 * 1024;

/// A folder with a manifest and a lockfile (either may not exist yet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Whose.
    pub owner: Owner,
    /// The folder.
    pub folder: PathBuf,
}

impl Scope {
    /// The user's own scope.
    pub fn user(context: &Context) -> Self {
        Self {
            owner: Owner::User,
            folder: context.config.clone(),
        }
    }

    /// The nearest folder at or above the working directory that has one of the files.
    pub fn project(context: &Context) -> Option<Self> {
        let has = |folder: &Path| [MANIFEST, LOCKFILE].iter().any(|name| folder.join(name).symlink_metadata().is_ok());
        let folder = context.cwd.ancestors().find(|folder| has(folder))?;
        if folder == context.config {
            return Some(Self::user(context));
        }
        Some(Self {
            owner: Owner::Project,
            folder: folder.to_path_buf(),
        })
    }

    /// For adding: the user's with `--global`, else the project's, else a new one in the working
    /// directory, as npm does. The flag says whether it is new.
    pub fn for_adding(context: &Context) -> (Self, bool) {
        if context.global {
            return (Self::user(context), false);
        }
        match Self::project(context) {
            Some(scope) => (scope, false),
            None => (
                Self {
                    owner: Owner::Project,
                    folder: context.cwd.clone(),
                },
                true,
            ),
        }
    }

    /// For everything else: the user's with `--global`, else the project's, else the user's own;
    /// the flag says that it fell back to that, and the caller tells the person.
    pub fn for_reading(context: &Context) -> (Self, bool) {
        match Self::project(context).filter(|_| !context.global) {
            Some(scope) => (scope, false),
            None => (Self::user(context), !context.global),
        }
    }

    /// Where the manifest stands.
    pub fn manifest(&self) -> PathBuf {
        self.folder.join(MANIFEST)
    }

    /// Where the lockfile stands.
    pub fn lockfile(&self) -> PathBuf {
        self.folder.join(LOCKFILE)
    }

    /// The key of this scope in the history.
    pub fn key(&self) -> String {
        self.lockfile().display().to_string()
    }
}

/// What a scope's files say.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Which scope.
    pub scope: Scope,
    /// The manifest's text, empty where the file does not exist: edits keep its comments.
    pub manifest_text: String,
    /// The manifest, validated.
    pub manifest: Manifest,
    /// The lock, its form checked. Its content is checked entry by entry before use.
    pub lock: Lockfile,
    key: String,
    /// The lockfile exists.
    pub locked: bool,
    /// The merged policy.
    pub policy: Policy,
    /// What a project's manifest tried to loosen; ignored, and reported.
    pub loosened: Vec<Loosening>,
    /// What signatures are proved against: the user's and the system's word, never a project's.
    pub trust: TrustSettings,
    /// The administrator's manifest and the user's own, whatever the scope.
    machine: (Option<Manifest>, Option<Manifest>),
}

/// Reads a scope's files and merges the policies that apply.
///
/// # Errors
/// A file that cannot be read, is malformed, newer than this version, or another tool's. Nothing
/// is written.
pub fn load(context: &Context, scope: Scope) -> Result<Loaded, Error> {
    let manifest_text = read(&scope.manifest())?.unwrap_or_default();
    let manifest = parse(&manifest_text, scope.manifest(), scope.owner)?;
    let lock_text = read(&scope.lockfile())?;
    let lock = match &lock_text {
        Some(text) => lock::parse(text).map_err(|source| Error::Lock {
            path: scope.lockfile(),
            source,
        })?,
        None => Lockfile::default(),
    };
    let (system, user) = machine(context)?;
    let policy_of = |manifest: &Option<Manifest>| manifest.as_ref().map(|manifest| manifest.policy.clone());
    let project = (scope.owner == Owner::Project).then_some(&manifest.policy);
    let (policy, mut loosened) = Policy::effective(policy_of(&system).as_ref(), policy_of(&user).as_ref(), project);
    loosened.extend(manifest.alerts.loosening());
    Ok(Loaded {
        locked: lock_text.is_some(),
        key: scope.key(),
        scope,
        manifest_text,
        manifest,
        lock,
        policy,
        loosened,
        trust: trust_of(system.as_ref(), user.as_ref()),
        machine: (system, user),
    })
}

fn parse(text: &str, path: PathBuf, owner: Owner) -> Result<Manifest, Error> {
    manifest::parse(text, owner).map_err(|source| Error::Manifest { path, source })
}

/// The system's and the user's manifests: what may say anything about this machine.
fn machine(context: &Context) -> Result<(Option<Manifest>, Option<Manifest>), Error> {
    let of = |folder: &Path, owner| {
        let path = folder.join(MANIFEST);
        read(&path)?.map(|text| parse(&text, path, owner)).transpose()
    };
    Ok((of(&context.system, Owner::System)?, of(&context.config, Owner::User)?))
}

fn trust_of(system: Option<&Manifest>, user: Option<&Manifest>) -> TrustSettings {
    TrustSettings::effective(system.map(|manifest| &manifest.trust), user.map(|manifest| &manifest.trust))
}

/// What signatures are proved against, outside any scope: the system's and the user's settings.
///
/// # Errors
/// One of the two files cannot be read or is malformed.
pub fn trust_settings(context: &Context) -> Result<TrustSettings, Error> {
    let (system, user) = machine(context)?;
    Ok(trust_of(system.as_ref(), user.as_ref()))
}

/// The channels of alerts, outside any scope: the system's and the user's settings.
///
/// # Errors
/// One of the two files cannot be read or is malformed.
pub fn alert_channels(context: &Context) -> Result<BTreeMap<String, AlertChannel>, Error> {
    let (system, user) = machine(context)?;
    Ok(AlertTables::effective(system.as_ref(), user.as_ref()))
}

/// Reads a text file of bounded size; `None` where it does not exist.
fn read(path: &Path) -> Result<Option<String>, Error> {
    let failed = |source| Error::File {
        action: "read",
        path: path.to_path_buf(),
        source,
    };
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.is_file() => return Err(failed(std::io::Error::other("not a regular file"))),
        Ok(found) if found.len() > MAX_FILE => return Err(failed(std::io::Error::other("larger than any lockfile"))),
        Ok(_) => {}
    }
    std::fs::read_to_string(path).map(Some).map_err(failed)
}

/// Keeps two mcp-pin from editing the same lockfile at once; waits for the other. The user's own
/// folder is made where it does not exist yet; a project's exists.
///
/// # Errors
/// The lock cannot be taken.
pub fn guard(context: &Context, scope: &Scope, person: &dyn Interact) -> Result<FileLock, Error> {
    if scope.owner == Owner::User {
        create(&scope.folder)?;
    }
    let waiting = || person.note("waiting for another mcp-pin that works on the same lockfile");
    Ok(atomic::lock_beside(&context.home, &scope.lockfile(), waiting)?)
}

fn create(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::File {
        action: "create",
        path: folder.to_path_buf(),
        source,
    })
}

impl Loaded {
    /// The key of the scope in the history.
    pub fn scope_key(&self) -> &str {
        &self.key
    }

    /// The policy in force if the project's manifest were this one, as the base of a change has it.
    pub fn policy_under(&self, manifest: &Manifest) -> Policy {
        let policy_of = |manifest: &Option<Manifest>| manifest.as_ref().map(|manifest| manifest.policy.clone());
        let (system, user) = (policy_of(&self.machine.0), policy_of(&self.machine.1));
        let project = (self.scope.owner == Owner::Project).then_some(&manifest.policy);
        Policy::effective(system.as_ref(), user.as_ref(), project).0
    }

    /// The channels of alerts in force.
    pub fn alert_channels(&self) -> BTreeMap<String, AlertChannel> {
        AlertTables::effective(self.machine.0.as_ref(), self.machine.1.as_ref())
    }

    /// The guard's rules in force for an entry: what the lock holds, and what every manifest that has a
    /// say adds.
    pub fn guard_rules(&self, name: &ServerName, pinned: &GuardPin) -> GuardRules {
        let manifests = manifest::Manifests {
            system: self.machine.0.as_ref(),
            user: self.machine.1.as_ref(),
            project: (self.scope.owner == Owner::Project).then_some(&self.manifest),
            owner: self.scope.owner,
        };
        GuardRules::effective(name, manifests, pinned)
    }

    /// Writes the lock and then the manifest, each atomically; a file that would not change is not
    /// touched. Killed between the two, the lock holds an entry that the manifest does not name
    /// yet: `verify` says so, and repeating the command mends it.
    ///
    /// # Errors
    /// A file could not be written; both are then as they were.
    pub fn save(&self, manifest_text: &str) -> Result<(), Error> {
        create(&self.scope.folder)?;
        let text = lock::write(&self.lock);
        // Nothing that could not be read back is ever put on the disk.
        let again = lock::parse(&text).map_err(|source| Error::Lock {
            path: self.scope.lockfile(),
            source,
        })?;
        if lock::write(&again) != text {
            return Err(Error::Worker {
                what: "writing the lock: it does not read back as it was written",
            });
        }
        let lock = atomic::prepare(&self.scope.lockfile(), text.as_bytes())?;
        let manifest = atomic::prepare(&self.scope.manifest(), manifest_text.as_bytes())?;
        for prepared in [lock, manifest].into_iter().flatten() {
            prepared.commit()?;
        }
        Ok(())
    }
}

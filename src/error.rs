//! Every way in which an operation can end without a result, and the exit status of each.
//!
//! Messages are lower-case and say what could not be done or what was found; causes follow below; hints name the
//! command or the line that helps. `0` nothing to report, `1` findings (a refusal is one), `2`
//! could not decide. Drift never looks like a crash, and a crash never looks like a pass.

mod exit;
mod hints;

use std::path::PathBuf;

use crate::history::HistoryError;
use crate::lock::LockError;
use crate::manifest::{ManifestError, edit::EditError};
use crate::mcp::launch::LaunchError;
use crate::mcp::oauth::OAuthError;
use crate::mcp::runtime::RuntimeError;
use crate::model::{EnvNameError, Finding, Fingerprint, Report, ServerName, SourceError};
use crate::net::NetError;
use crate::ops::consent::NoConsent;
use crate::ops::local::LocalError;
use crate::ops::run::refusal::Why;
use crate::registry::git::GitError;
use crate::registry::npm::NpmError;
use crate::registry::pypi::PypiError;
use crate::registry::tuf::TufError;
use crate::schedule::ScheduleError;
use crate::store::{ArchiveError, StoreError};
use crate::verify::attest::KeysError;
use crate::verify::sigstore::RootError;

pub use exit::ExitStatus;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest is malformed: the user's (or the project's) file is at fault.
    #[error("could not read {}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// All its problems.
        source: ManifestError,
    },
    /// The lockfile is malformed, edited, newer, or another tool's.
    #[error("could not use {}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        source: LockError,
    },
    /// A file of the user could not be read or written; it is as it was.
    #[error("could not {action} {}", path.display())]
    File {
        /// `read`, `write`, `create`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The resolver or the registry.
    #[error(transparent)]
    Npm(#[from] NpmError),
    /// This machine cannot take part: its runtime says something that cannot be used.
    #[error("{what}")]
    Machine {
        /// What.
        what: String,
        /// What helps.
        hint: Option<String>,
    },
    /// The server's package asks for a runtime that this machine has not.
    #[error("could not use {package} on this machine")]
    NoRuntime {
        /// Name and version.
        package: String,
        /// What it asks for, and what there is.
        source: RuntimeError,
    },
    /// An index's page gives a file one digest, and gave the resolver another.
    #[error("the index gives two digests for `{file}`: it, or something between, answers differently each time")]
    TwoDigests {
        /// The file.
        file: String,
    },
    /// The Python index.
    #[error(transparent)]
    Pypi(#[from] PypiError),
    /// A package has only source, and nobody permitted its build.
    #[error("{why}")]
    NotPermitted {
        /// What was found out.
        why: PypiError,
        /// What would permit it.
        line: String,
        /// The user's own manifest, where it belongs.
        manifest: PathBuf,
    },
    /// A permitted build gave no wheel that can be used; nothing was written.
    #[error("could not build {package} from its source: {what}")]
    Build {
        /// Name and version.
        package: String,
        /// Why.
        what: String,
        /// What helps.
        hint: Option<String>,
    },
    /// A file of another git revision.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A login at a remote server.
    #[error("could not log in at `{server}`")]
    OAuth {
        /// The server.
        server: ServerName,
        /// Why; names the attack where it is one.
        source: OAuthError,
    },
    /// The user's state.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The interpreter.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A local command that cannot be pinned.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// An entry that cannot be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A source or name on the command line.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No consent. The report that was shown goes with it, for JSON.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: NoConsent,
        /// What was shown.
        report: Box<Report>,
    },
    /// Findings that no consent can accept: the bytes are not what they claim to be.
    #[error("could not trust `{server}`: {what}")]
    Untrustworthy {
        /// The server.
        server: ServerName,
        /// The attack, in words.
        what: String,
        /// What was found.
        report: Box<Report>,
    },
    /// The server could not be started or read; nothing was written.
    #[error("`{server}`: could not {what}")]
    Probe {
        /// The server.
        server: ServerName,
        /// Why.
        what: String,
        /// What helps.
        hints: Vec<String>,
    },
    /// Evidence was delivered that cannot be judged: never taken for "unsigned". Nothing was written.
    #[error("could not decide who made the packages of `{server}`: {what}")]
    Evidence {
        /// The server.
        server: ServerName,
        /// Which package, and why.
        what: String,
    },
    /// A package has no entry that can be started.
    #[error("could not find out how to start `{server}`: {what}")]
    Entry {
        /// The server.
        server: ServerName,
        /// Why.
        what: String,
        /// What helps.
        hint: Option<String>,
    },
    /// Neither here nor in the user's own scope is anything to work on.
    #[error("could not find mcp-pin.toml or mcp-pin.lock {}", if *global { format!("in {}", user.display()) } else { format!("in {} or above", folder.display()) })]
    NothingHere {
        /// The working directory.
        folder: PathBuf,
        /// The user's own scope.
        user: PathBuf,
        /// `--global` was given.
        global: bool,
    },
    /// The name is in neither file.
    #[error("could not find a server called `{name}`")]
    NoSuchServer {
        /// As given.
        name: ServerName,
        /// What is there.
        known: Vec<ServerName>,
    },
    /// The manifest names a server that the lock does not.
    #[error("could not use `{name}`: it is not locked")]
    NotLocked {
        /// The server.
        name: ServerName,
    },
    /// The name is taken by another source.
    #[error("could not add `{name}`: that name stands for `{taken}` already")]
    NameTaken {
        /// The name.
        name: ServerName,
        /// What it stands for.
        taken: String,
    },
    /// `--env` with what may not be passed to a server.
    #[error("could not use what `--env` names: {0}")]
    EnvName(#[from] EnvNameError),
    /// `--name`, `--arg`... with several specs.
    #[error("could not apply `{option}` to several servers at once")]
    OneAtATime {
        /// The option.
        option: &'static str,
    },
    /// `--format sarif` or `markdown` of a command that finds nothing.
    #[error("could not write the result in this format: it is no report")]
    NoReport,
    /// What was asked for cannot be, for a reason that lies in the question.
    #[error("could not {what}")]
    NotPossible {
        /// What, and why.
        what: String,
        /// What helps.
        hint: Option<String>,
    },
    /// The lock would have to change under `--locked`.
    #[error("could not go on with --locked: {what} would change")]
    Locked {
        /// What.
        what: String,
    },
    /// The network is needed under `--offline`.
    #[error("could not {what} without the network")]
    Offline {
        /// What.
        what: String,
    },
    /// `approve` without recorded drift.
    #[error("could not approve drift of `{name}`: none is recorded")]
    NoDrift {
        /// The server.
        name: ServerName,
    },
    /// `approve` of what only a connection saw, and no probe has looked for since.
    #[error("could not approve what `{name}` showed while it ran: no probe has looked for it since")]
    OnlySeenRunning {
        /// The server.
        name: ServerName,
    },
    /// The manifest is laid out in a way that cannot be edited.
    #[error("could not edit {}", path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why.
        source: EditError,
    },
    /// The source gives no name for the entry.
    #[error("could not make a name out of `{source_text}`")]
    NoName {
        /// The source.
        source_text: String,
    },
    /// An archive that is refused as it is.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The manifest asks for something else than what is locked.
    #[error("could not install `{name}` from the lock: {what}")]
    ManifestDiffers {
        /// The server.
        name: ServerName,
        /// How they differ.
        what: String,
    },
    /// An entry that this user has not approved is no ground to accept anything on.
    #[error("could not go on with `{name}`: the entry in the lock is not one that you approved")]
    NotApproved {
        /// The server.
        name: ServerName,
    },
    /// A server that `run` did not start: nothing of it ran.
    #[error("could not start `{server}`: {}", why.what())]
    NotStarted {
        /// The server.
        server: ServerName,
        /// Why.
        why: Why,
        /// The command that shows more or mends it; empty where there is none.
        command: String,
        /// What differs.
        drift: Vec<Finding>,
        /// What went wrong.
        #[source]
        cause: Option<Box<Self>>,
    },
    /// The lock that `run` was told to use has no such server.
    #[error("could not find a server called `{name}` in {}", lock.display())]
    NotInLock {
        /// As given.
        name: ServerName,
        /// The lock.
        lock: PathBuf,
        /// What is there.
        known: Vec<ServerName>,
        /// A lock in the working directory, which was not asked for and not read.
        beside: Option<PathBuf>,
    },
    /// Neither file names a server: nothing was checked, which is not a pass.
    #[error("could not verify anything: no server stands in mcp-pin.toml or mcp-pin.lock in {}", folder.display())]
    NothingToVerify {
        /// The scope's folder.
        folder: PathBuf,
    },
    /// What signatures are to be proved against cannot be used: the user's file, or a stored one
    /// that was changed, is at fault.
    #[error("could not use {place}")]
    TrustRoot {
        /// Which, and where it stands.
        place: String,
        /// Why.
        source: RootError,
    },
    /// A set of registry keys cannot be used: as [`Error::TrustRoot`].
    #[error("could not use {place}")]
    RegistryKeys {
        /// Which, and where it stands.
        place: String,
        /// Why.
        source: KeysError,
    },
    /// The stored trust root is not the one that was fetched and proved: somebody, or a broken
    /// disk, changed it; or the configured repository is another one now.
    #[error("could not use the trust root in {}", path.display())]
    TrustStored {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TufError,
    },
    /// The repository of trust roots shows nothing that may be taken. What was there stays.
    #[error("could not refresh the trust root from {url}")]
    TrustRefresh {
        /// The repository.
        url: String,
        /// Why.
        source: TufError,
    },
    /// The configuration names a repository of trust roots that was never asked. The public-good
    /// root must not stand in for it: other people sign there.
    #[error("could not find a trust root: {url} is configured, and nothing was fetched from it yet")]
    TrustNeverFetched {
        /// The repository.
        url: String,
    },
    /// A file on the command line of `trust check` is not what it must be.
    #[error("could not use {}: {what}", path.display())]
    TrustInput {
        /// The file.
        path: PathBuf,
        /// Why.
        what: String,
        /// What helps.
        hint: Option<String>,
    },
    /// No such finding code.
    #[error("could not explain `{code}`: there is no such code")]
    NoSuchCode {
        /// As given.
        code: String,
    },
    /// Neither a home folder nor `MCP_PIN_HOME`.
    #[error("could not find your home folder")]
    NoHome,
    /// The working directory is gone.
    #[error("could not find the working directory")]
    WorkingDirectory {
        /// Why.
        source: std::io::Error,
    },
    /// The binary cannot find itself.
    #[error("could not find the program's own file")]
    OwnBinary {
        /// Why.
        source: std::io::Error,
    },
    /// Standard output could not be written.
    #[error("could not write to standard output")]
    Output {
        /// Why.
        source: std::io::Error,
    },
    /// A worker of ours ended early: a bug.
    #[error("could not finish {what}")]
    Worker {
        /// What it did.
        what: &'static str,
    },
}

impl Error {
    /// Standard output could not be written.
    pub const fn output(source: std::io::Error) -> Self {
        Self::Output { source }
    }

    /// `1` where the answer is "no", `2` where there is none.
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Refused { reason, .. } => reason.exit_status(),
            Self::NotStarted { why, .. } => why.exit_status(),
            Self::OAuth { source, .. } if source.is_finding() => 1,
            Self::Manifest { .. }
            | Self::Lock { .. }
            | Self::File { .. }
            | Self::Store(_)
            | Self::Npm(_)
            | Self::Pypi(_)
            | Self::NotPermitted { .. }
            | Self::Build { .. }
            | Self::Machine { .. }
            | Self::TwoDigests { .. }
            | Self::NoReport
            | Self::Git(_)
            | Self::Net(_)
            | Self::Schedule(_)
            | Self::OAuth { .. }
            | Self::History(_)
            | Self::Runtime(_)
            | Self::NoRuntime { .. }
            | Self::Local(_)
            | Self::Launch(_)
            | Self::Source(_)
            | Self::Untrustworthy { .. }
            | Self::Probe { .. }
            | Self::Entry { .. }
            | Self::Evidence { .. }
            | Self::NothingHere { .. }
            | Self::NoSuchServer { .. }
            | Self::NotLocked { .. }
            | Self::NameTaken { .. }
            | Self::EnvName(_)
            | Self::OneAtATime { .. }
            | Self::NotPossible { .. }
            | Self::Locked { .. }
            | Self::Offline { .. }
            | Self::NoDrift { .. }
            | Self::OnlySeenRunning { .. }
            | Self::TrustRoot { .. }
            | Self::RegistryKeys { .. }
            | Self::TrustStored { .. }
            | Self::TrustRefresh { .. }
            | Self::TrustNeverFetched { .. }
            | Self::TrustInput { .. }
            | Self::NoSuchCode { .. }
            | Self::Edit { .. }
            | Self::NoName { .. }
            | Self::ManifestDiffers { .. }
            | Self::NotApproved { .. }
            | Self::NotInLock { .. }
            | Self::NothingToVerify { .. }
            | Self::Archive(_)
            | Self::NoHome
            | Self::WorkingDirectory { .. }
            | Self::OwnBinary { .. }
            | Self::Output { .. }
            | Self::Worker { .. } => 2,
        }
    }

    /// The findings that go with a refusal.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Refused { report, .. } | Self::Untrustworthy { report, .. } => Some(report),
            _ => None,
        }
    }

    /// The findings that nobody was shown yet: those of a refusal were, when it was decided about.
    pub fn unseen_report(&self) -> Option<&Report> {
        match self {
            Self::Untrustworthy { report, .. } => Some(report),
            _ => None,
        }
    }

    /// The fingerprint of the report that a decision is open about.
    pub const fn fingerprint(&self) -> Option<&Fingerprint> {
        match self {
            Self::Refused {
                reason: NoConsent::AboveNotice { report, .. },
                ..
            } => Some(report),
            _ => None,
        }
    }
}

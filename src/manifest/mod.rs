//! Floor 1: `mcp-pin.toml`, what the user wants. Text in and values out, without I/O.
//!
//! The reader reports every problem of a file at once, each with its line. Unknown keys are
//! errors, wherever they stand: a misspelt `polcy` must not leave a policy unenforced.
//!
//! The attacks: a cloned project whose manifest loosens this machine's rules, names a command of
//! this machine, passes a variable that loads code into the server, or names the root that its own
//! forged signatures are proved against, or that lets its own server ask for completions. A project's
//! manifest can only tighten ([`Policy::effective`],
//! [`GuardRules::effective`](crate::model::GuardRules::effective)); `local` sources, `[trust]` and
//! `[guard]` are refused in it; such variables are
//! refused everywhere. A project's `[alerts]` is ignored and told.
//!
//! Values of variables never stand in the file, and nothing that may be a secret is repeated in a
//! message.

pub mod alerts;
mod distance;
pub mod edit;
mod guard;
mod parse;
mod policy;
mod problem;
mod schema;
mod trust;

use std::collections::BTreeMap;

use crate::model::{CwdRule, IdentityRule, Level, RemoteSettings, ServerName, Source};

pub use alerts::{AlertChannel, AlertTables, AlertTarget};
pub use distance::nearest;
pub use guard::{GuardSettings, GuardTables, Manifests, Permission};
pub use parse::{parse, receiver};
pub use policy::{Loosening, Policy, PolicySettings, Trust};
pub use problem::{ManifestError, Problem};
pub use schema::schema;
pub use trust::{TrustSettings, TufSettings};

/// The file's name.
pub const FILE_NAME: &str = "mcp-pin.toml";

/// Whose file it is, which decides what may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A project's: a proposal by whoever wrote it.
    Project,
    /// The user's own, in the configuration folder.
    User,
    /// The administrator's, for every user of the machine.
    System,
}

/// One `[servers.NAME]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEntry {
    /// Where it comes from.
    pub source: Source,
    /// Arguments for the server.
    pub args: Vec<String>,
    /// Names of the variables to pass through.
    pub env: Vec<String>,
    /// The working directory.
    pub cwd: CwdRule,
    /// The probe may use the network.
    pub network: bool,
    /// Which of the package's executables to start, where it has several: of an npm package a name
    /// in `bin`, of a Python package a console script.
    pub bin: Option<String>,
    /// The least level of evidence of the server's own package; the stricter of this and the
    /// policy's counts.
    pub evidence: Option<Level>,
    /// Who must have built the server's own package.
    pub identity: Option<IdentityRule>,
    /// The command with its arguments; only, and always, with the source `local`.
    pub command: Vec<String>,
    /// What is said of a remote server; the usual with every other source.
    pub remote: RemoteSettings,
    /// The guard's rules for this entry. Edits leave them as they stand.
    pub guard: GuardSettings,
}

impl ServerEntry {
    /// An entry with nothing but a source.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            args: Vec::new(),
            env: Vec::new(),
            cwd: CwdRule::Empty,
            network: false,
            bin: None,
            evidence: None,
            identity: None,
            command: Vec::new(),
            remote: RemoteSettings::default(),
            guard: GuardSettings::default(),
        }
    }
}

/// A whole manifest without a problem in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Manifest {
    /// The servers by local name.
    pub servers: BTreeMap<ServerName, ServerEntry>,
    /// What `[policy]` says; see [`Policy::effective`] for what it means.
    pub policy: PolicySettings,
    /// What `[trust]` says. User's or system's file only.
    pub trust: TrustSettings,
    /// What `[guard]` says about servers of other files. User's or system's file only.
    pub guard: GuardTables,
    /// What `[alerts]` says. User's or system's file only; of a project's, the names.
    pub alerts: AlertTables,
}

#[cfg(test)]
mod tests;

//! One entry of the lock: what is proposed to everybody, and what an approval is about.

use super::closure::Closure;
use super::guard::GuardPin;
use super::launch::{Launch, LocalCommand};
use super::remote::Remote;
use super::server::Source;
use super::surface::Surface;

/// What stands behind an entry. A package has a closure; a local command has files of this
/// machine; a remote server has neither, and nothing of its code is ever seen.
#[derive(Debug, Clone, PartialEq)]
pub enum Pinned {
    /// A registry package with its closure.
    Package {
        /// Every package, digests and edges.
        closure: Closure,
        /// How it starts.
        launch: Launch,
    },
    /// A command of this machine.
    Local(LocalCommand),
    /// A server of somebody else's, spoken to over HTTP.
    Remote(Box<Remote>),
}

/// A whole lock entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// The manifest's source, as it was when this was locked.
    pub source: Source,
    /// The bytes and the launch.
    pub pinned: Pinned,
    /// What the server tells the model. `None` after `--no-probe`: nothing guards it then, and
    /// every report says so.
    pub surface: Option<Surface>,
    /// The rules that the manifest beside the lock adds, which only take away.
    pub guard: GuardPin,
}

impl Pin {
    /// The exact version of the server's own package; `None` for a local command
    /// and a remote server.
    pub fn version(&self) -> Option<&str> {
        match &self.pinned {
            Pinned::Package { closure, .. } => closure.root_package().map(|package| package.version.as_str()),
            Pinned::Local(_) | Pinned::Remote(_) => None,
        }
    }

    /// The names of the variables the entry passes through.
    pub fn env(&self) -> &[String] {
        match &self.pinned {
            Pinned::Package { launch, .. } => &launch.env,
            Pinned::Local(local) => &local.env,
            Pinned::Remote(remote) => remote.env(),
        }
    }

    /// Whether the probe may use the network. A remote server is nowhere else.
    pub fn network(&self) -> bool {
        match &self.pinned {
            Pinned::Package { launch, .. } => launch.network,
            Pinned::Local(local) => local.network,
            Pinned::Remote(_) => true,
        }
    }
}

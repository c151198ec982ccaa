//! How a server is started: a runtime and an entry file, never a shell and never a launcher that
//! could fetch something.

use super::digest::Sha256Digest;

/// The interpreter a package needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// Node.js, with the server package's own `engines.node` as the wanted version.
    Node {
        /// The range as written; `None` where the package names none.
        wanted: Option<String>,
    },
    /// Python, with the server package's own `Requires-Python` as the wanted version.
    Python {
        /// The specifiers as written; `None` where the package names none.
        wanted: Option<String>,
    },
}

impl Runtime {
    /// `node` or `python`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Node { .. } => "node",
            Self::Python { .. } => "python",
        }
    }

    /// The versions that the server's own package names.
    pub fn wanted(&self) -> Option<&str> {
        match self {
            Self::Node { wanted } | Self::Python { wanted } => wanted.as_deref(),
        }
    }
}

/// The folder a server starts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CwdRule {
    /// An empty folder of ours: files of a project cannot steer the server.
    #[default]
    Empty,
    /// The client's working directory, where the entry says `cwd = "client"`.
    Client,
}

impl CwdRule {
    /// `empty` or `client`, as in the manifest and the lock.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Client => "client",
        }
    }
}

/// The launch of a locked package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The interpreter.
    pub runtime: Runtime,
    /// What is started. Node: the entry file, relative to the tree's root, `/`-separated, inside the
    /// root package. Python: a console script of the root package, `NAME = module:callable`.
    pub entry: String,
    /// Arguments as pinned.
    pub args: Vec<String>,
    /// Names of the variables passed through from the client. Values are never stored.
    pub env: Vec<String>,
    /// Where it starts.
    pub cwd: CwdRule,
    /// The user allowed the probe to use the network, because the server's lists need it.
    pub network: bool,
}

/// A file of this machine, pinned by content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedFile {
    /// The absolute path with every link resolved.
    pub path: String,
    /// The content's digest.
    pub digest: Sha256Digest,
}

/// A local command: pins of this machine, in the user's scope only.
///
/// What is pinned is the command and every argument that names a file. Files those load in turn
/// are not: a package from a registry is the stronger choice, and the report says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCommand {
    /// The executable.
    pub command: PinnedFile,
    /// Every argument as given, in order.
    pub args: Vec<LocalArg>,
    /// Names of the variables passed through from the client.
    pub env: Vec<String>,
    /// Where it starts.
    pub cwd: CwdRule,
    /// As in [`Launch::network`].
    pub network: bool,
}

/// One argument of a local command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalArg {
    /// Plain text.
    Text(String),
    /// A file, pinned.
    File(PinnedFile),
}

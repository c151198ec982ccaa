//! What a row of the table of clients says.

use super::places::Os;
use super::rows::CLIENTS;

/// How a file is written. Every JSON file is read with comments and trailing commas: strict JSON
/// means the same either way, and nothing is overlooked in a client that is lenient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON; the client may refuse comments.
    Json,
    /// JSON with comments and trailing commas.
    Jsonc,
    /// TOML 1.0.
    Toml,
    /// The part of YAML that such files use; anything else is not read.
    Yaml,
}

/// Who a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// The user, in all projects.
    User,
    /// A project: the file may come from a repository.
    Project,
    /// The machine's administrator.
    Managed,
    /// A plugin that the client fetched.
    Plugin,
}

impl ScopeKind {
    /// `user`, `project`, `managed` or `plugin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
            Self::Managed => "managed",
            Self::Plugin => "plugin",
        }
    }
}

/// The folder that a path starts at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The user's home.
    Home,
    /// `~/Library/Application Support` on macOS, `%APPDATA%` on Windows, `$XDG_CONFIG_HOME` or
    /// `~/.config` elsewhere.
    AppSupport,
    /// `$XDG_CONFIG_HOME` or `~/.config`, on macOS as well; `%APPDATA%` on Windows.
    DotConfig,
    /// `$CODEX_HOME` or `~/.codex`.
    CodexHome,
    /// The root of the file system.
    Root,
    /// The project's folder.
    Project,
}

/// One file (or a pattern of files) of a client.
#[derive(Debug)]
pub struct Place {
    /// Whose it is.
    pub scope: ScopeKind,
    /// Where the path starts.
    pub base: Base,
    /// The path: components by `/`; `*` stands for anything inside one component, `**` for up to
    /// eight folders.
    pub path: &'static str,
    /// The only system that has it.
    pub os: Option<Os>,
    /// How it is written.
    pub format: Format,
    /// Where servers stand in it; the first that is there counts, but for those with a `*`.
    pub containers: &'static [Container],
}

/// The way to a member that holds servers, a map or a list of entries with a `name`: either is
/// understood. `*` is any key, which is then the folder of a local scope. Empty: the root.
pub type Container = &'static [&'static str];

/// How a client writes what it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandShape {
    /// A text and a list of arguments, under these two keys.
    Words {
        /// The key of the command.
        command: &'static str,
        /// The key of the arguments.
        args: &'static str,
    },
    /// One list with the command first, under this key.
    Array(&'static str),
}

/// How a client writes an entry that starts a process, which is what `wrap` makes. Reading understands every client's spelling in every file: what
/// two clients would take for two things is then seen in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// What is started.
    pub command: CommandShape,
    /// The key of the variables.
    pub env: &'static str,
    /// The member that says "a local process", where the client wants one.
    pub stdio_type: Option<(&'static str, &'static str)>,
}

/// One AI client.
#[derive(Debug)]
pub struct Client {
    /// Its word on the command line and in machine-readable output.
    pub id: &'static str,
    /// Its name as people know it.
    pub name: &'static str,
    /// Where its configuration stands.
    pub places: &'static [Place],
    /// How it writes entries.
    pub dialect: Dialect,
}

/// The client with this id.
pub fn client(id: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|client| client.id == id)
}

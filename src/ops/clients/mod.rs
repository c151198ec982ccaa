//! The configuration files of AI clients on this machine: found, read, compared with the locks and
//! with what this user agreed to before.
//!
//! The attacks: an approved entry whose command is swapped (CVE-2025-54136), a worm that adds a
//! server to every client it finds, a repository whose project file starts something, and a file made
//! so that this reader overlooks what its client reads.

mod elsewhere;
mod find;
mod judge;
mod survey;

use std::path::PathBuf;

use crate::clients::{Client, Entry, Meaning, Place, ReadError};
use crate::model::{ServerName, Sha256Digest};

pub use elsewhere::elsewhere;
pub(crate) use find::project;
pub use find::{files, read_text};
pub(crate) use judge::{WHOLE, acknowledged, covered};
pub use judge::{check, judge};
pub use survey::{Locks, Owner, Seen, survey};

/// Which files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The user's, the administrator's and plugins'.
    User,
    /// The project's.
    Project,
    /// Both.
    All,
}

/// One configuration file that is there.
#[derive(Debug)]
pub struct ClientFile {
    /// Every client that reads it, the first of the table first.
    pub clients: Vec<&'static Client>,
    /// The row of the first one.
    pub place: &'static Place,
    /// The file, absolute, links resolved; as it was looked for where it could not be resolved.
    pub path: PathBuf,
    /// Its servers, or why it is unread.
    pub entries: Result<Vec<Entry>, Unread>,
    /// The projects that it names, as it says them.
    pub folders: Vec<PathBuf>,
}

/// A file that is there and whose servers are not known. Never "no servers".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Why.
    pub why: UnreadError,
    /// The digest of its text, where that could be read: somebody may agree to it as it is.
    pub text: Option<Sha256Digest>,
}

/// Why a file is unread.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadError {
    /// A folder, a device, a pipe: reading it could wait for ever.
    #[error("it is no regular file")]
    NotAFile,
    /// A link in a project that leads out of it: a repository has no say in what is read there.
    #[error("it is a link that leads out of the project")]
    LeadsOut,
    /// Another user can change it at will.
    #[error("it belongs to another user (number {0})")]
    Foreign(u32),
    /// Larger than any honest file.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// Not UTF-8.
    #[error("it is no text")]
    NotText,
    /// The system says no.
    #[error("{0}")]
    Io(String),
    /// More files than anybody has.
    #[error("it holds more files or folders than are looked through")]
    TooMany,
    /// It does not say what its client needs, or in a way that is not read here.
    #[error(transparent)]
    Content(#[from] ReadError),
}

/// Where a server of a client stands with mcp-pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It starts `mcp-pin run`.
    Wrapped,
    /// It is pinned under this name; the client starts it past mcp-pin.
    Pinned(ServerName),
    /// It can be pinned.
    NotPinned,
    /// It cannot be pinned as it is.
    NotPossible(String),
    /// A part of the client.
    Inside,
    /// Its name stands for something else already.
    Conflict(String),
}

impl Status {
    /// The word in tables and machine-readable output.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Wrapped => "wrapped",
            Self::Pinned(_) => "pinned",
            Self::NotPinned => "not-pinned",
            Self::NotPossible(_) => "not-possible",
            Self::Inside => "part-of-client",
            Self::Conflict(_) => "conflict",
        }
    }
}

/// The words of a meaning that two entries must share to be one server.
pub(crate) fn same_meaning(a: &Meaning, b: &Meaning) -> bool {
    match (a, b) {
        (Meaning::Package(a), Meaning::Package(b)) => (&a.source, &a.bin, &a.args) == (&b.source, &b.bin, &b.args),
        (Meaning::Command { words: a, .. }, Meaning::Command { words: b, .. }) => a == b,
        (Meaning::Remote { url: a, headers: one, .. }, Meaning::Remote { url: b, headers: two, .. }) => a == b && one == two,
        (Meaning::Wrapped(a), Meaning::Wrapped(b)) => (&a.name, &a.from) == (&b.name, &b.from),
        _ => false,
    }
}

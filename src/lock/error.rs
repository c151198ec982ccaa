//! Why a lock is refused.

use super::VERSION;
use crate::model::guard::PatternError;
use crate::model::{ClosureError, DigestError, EnvNameError, Sha256Digest, SourceError};
use crate::surface::visible;

/// Why a lock could not be read. Nothing is ever written over a file that gave one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another tool's file, or any text without our marker. Nobody is at fault: names collide.
    #[error("this is another tool's lockfile ({format}, without the `mcp-pin/closure` marker), and it was left alone")]
    Foreign {
        /// What it looks like: `JSON`, or `not JSON`.
        format: &'static str,
    },
    /// A newer mcp-pin wrote it. This mcp-pin is at fault for being old.
    #[error("lockfile version {found} is newer than version {VERSION}, the newest this mcp-pin reads")]
    Newer {
        /// The file's version.
        found: u64,
    },
    /// `lockfileVersion` is missing or no version that ever was. The file was edited or damaged.
    #[error("`lockfileVersion` is missing or was never a version")]
    NoVersion,
    /// A merge left its conflict markers in. Whoever merged is at fault.
    #[error("git conflict markers are in it, from line {line} on")]
    Conflict {
        /// The first marker's line, from 1.
        line: usize,
    },
    /// Not well-formed, or not of the format's shape, or with duplicate keys. The file was edited
    /// or damaged.
    #[error("line {line}, column {column}: {what}")]
    Corrupt {
        /// From 1.
        line: usize,
        /// From 1; 0 where the line is empty.
        column: usize,
        /// The reader's words, with invisible characters escaped.
        what: String,
    },
    /// One entry says something that cannot be. The file was edited, damaged, or made to deceive.
    #[error("entry `{server}`, {at}: {problem}")]
    Entry {
        /// The entry's name, escaped.
        server: String,
        /// Where inside the entry, escaped.
        at: String,
        /// What is wrong.
        problem: EntryError,
    },
    /// A definition and the digest beside it disagree: one was edited without the other, by hand,
    /// by a bad merge, or by somebody who hoped that only the digest is compared.
    #[error("entry `{server}`, {item}: the definition was edited; its digest is {computed}, the lock says {stated}")]
    EditedDefinition {
        /// The entry's name, escaped.
        server: String,
        /// The item (`tool read_file`) or `handshake`, with its view, escaped.
        item: String,
        /// The digest that stands in the lock.
        stated: Sha256Digest,
        /// The digest of the definition that stands in the lock.
        computed: Sha256Digest,
    },
}

/// What is wrong with one place of an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The server's name or its source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A package name or an install path, perhaps one that would leave the tree.
    #[error(transparent)]
    Closure(#[from] ClosureError),
    /// A digest that is malformed or too weak.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// A variable that may not be passed.
    #[error(transparent)]
    Env(#[from] EnvNameError),
    /// A rule of the guard that names no tool.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A rule of the format, in words.
    #[error("{0}")]
    Rule(&'static str),
    /// The same thing twice, so that two readers could take different ones.
    #[error("it stands there twice")]
    Twice,
}

impl LockError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Foreign { .. } => {
                "move or rename the other tool's file, or work in another folder: mcp-pin never writes over it".to_owned()
            }
            Self::Newer { .. } => "use the mcp-pin that wrote it, or a newer one; nothing was changed".to_owned(),
            Self::NoVersion | Self::Corrupt { .. } | Self::Entry { .. } => {
                "restore the file from version control; it is written by mcp-pin, not by hand".to_owned()
            }
            Self::Conflict { .. } => {
                "take one side's file whole (`git checkout --ours mcp-pin.lock` or `--theirs`), then run `mcp-pin install`".to_owned()
            }
            Self::EditedDefinition { .. } => {
                "find out who edited it before anything else; then restore the file from version control".to_owned()
            }
        })
    }

    pub(super) fn entry(server: &str, at: &str, problem: impl Into<EntryError>) -> Self {
        Self::Entry {
            server: visible(server),
            at: visible(at),
            problem: problem.into(),
        }
    }
}

//! What can go wrong in the store, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

use super::derive::DeriveError;
use super::entry::ArchiveError;
use crate::model::Sha256Digest;
use crate::surface::visible;
use crate::verify::{VerifyError, wheel};

/// Why the store could not do what it was asked.
///
/// Every case means "not done" or "could not decide"; none of them is ever a pass.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the quota is full: the machine's fault. Files that were there are as they were.
    #[error("could not write `{}`: the disk is full", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The user may not read or write here: the machine's set-up is at fault.
    #[error("could not {doing} `{}`: permission denied", path.display())]
    Permission {
        /// What was tried, as a verb.
        doing: &'static str,
        /// Where.
        path: PathBuf,
    },
    /// The delivered bytes are not the locked ones: the registry, or somebody between, is at fault.
    #[error("could not accept the archive of `{what}`: {source}")]
    Mismatch {
        /// The package.
        what: String,
        /// Both digests.
        source: VerifyError,
    },
    /// More bytes were delivered than allowed: the registry is at fault (an endless-data attack).
    #[error("could not accept the archive of `{what}`: it is larger than the {limit} bytes allowed")]
    TooLarge {
        /// The package.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// The archive holds what no package may hold: its publisher is at fault.
    #[error(transparent)]
    Refused(#[from] ArchiveError),
    /// A wheel's file belongs nowhere in a tree: its publisher is at fault.
    #[error("could not unpack the wheel of `{what}`: {source}")]
    Layout {
        /// The package.
        what: String,
        /// The rule it breaks.
        source: wheel::Refusal,
    },
    /// Two wheels of one server have the same path and not the same content: one of the publishers
    /// is at fault, by accident or on purpose.
    #[error(
        "could not install `{one}` together with `{other}`: both have `{}`, and one of them would run in the place of the other",
        visible(path)
    )]
    Clash {
        /// One package.
        one: String,
        /// The other; the same one if it clashes with itself.
        other: String,
        /// The path below the tree.
        path: String,
    },
    /// npm packages and wheels in one tree: a fault of this program.
    #[error("could not put npm packages and wheels into one tree")]
    MixedTree,
    /// What is made of a package's sources could not be made: the machine, or its interpreter, is at
    /// fault.
    #[error("could not compile the sources of `{what}`: {source}")]
    NotDerived {
        /// The package.
        what: String,
        /// What happened.
        source: DeriveError,
    },
    /// Something was made that belongs to no source: a fault of this program, or of the interpreter.
    #[error("could not use what was compiled of `{what}`: `{}` belongs to no source of it", visible(path))]
    DerivedElsewhere {
        /// The package.
        what: String,
        /// The path.
        path: String,
    },
    /// The stored archive is no longer what was verified when it was stored: somebody, or a broken
    /// disk, changed it.
    #[error("could not use the stored archive of `{what}`: the stored archive was changed on disk: {source}")]
    ChangedOnDisk {
        /// The package.
        what: String,
        /// Both digests.
        source: VerifyError,
    },
    /// An archive is needed and not stored.
    #[error("could not find the archive of `{what}` in the store")]
    MissingArchive {
        /// The package.
        what: String,
    },
    /// The stored attestation is no longer the one of its digest: somebody, or a broken disk,
    /// changed it.
    #[error("could not use the stored attestation {digest}: it was changed on disk and is now {found}")]
    BundleChanged {
        /// The digest it is stored under.
        digest: Sha256Digest,
        /// The digest of what lies there.
        found: Sha256Digest,
    },
    /// An attestation, delivered or stored, is larger than any real one: the registry is at fault,
    /// or who changed it on disk.
    #[error("could not use an attestation: it is larger than the {limit} bytes allowed")]
    BundleTooLarge {
        /// The limit.
        limit: u64,
    },
    /// A link, a folder or a device stands where a file of ours belongs: somebody put it there.
    #[error("could not use `{}`: it is not a regular file", path.display())]
    NotAFile {
        /// Where.
        path: PathBuf,
    },
    /// The file to be written is a symbolic link. A hostile clone may ship `mcp-pin.lock` as a link
    /// to a file that a shell reads.
    #[error("could not write `{}`: it is a symbolic link to `{}`, and links are not followed", path.display(), target.display())]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it points.
        target: PathBuf,
    },
    /// Another program wrote the file between reading and writing; its content stays.
    #[error("could not change `{}`: another program wrote it meanwhile", path.display())]
    ChangedMeanwhile {
        /// The file.
        path: PathBuf,
    },
    /// Any other failure of the system.
    #[error("could not {doing} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    /// The line that says what to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ChangedOnDisk { .. } | Self::MissingArchive { .. } | Self::BundleChanged { .. } => {
                Some("run `mcp-pin install` to fetch it again".into())
            }
            Self::DiskFull { .. } => Some("make room, for example with `mcp-pin prune`, and try again".into()),
            Self::Link { target, .. } => Some(format!("work on `{}` itself, or replace the link by a file", target.display())),
            Self::ChangedMeanwhile { .. } => Some("nothing was changed; run it again, with the program that writes the file closed".into()),
            Self::Mismatch { .. } => Some("do not install it: the registry or a mirror gives other bytes than the locked ones".into()),
            Self::Clash { .. } => Some("leave one of the two out, or take versions that do not share the file".into()),
            Self::Permission { .. }
            | Self::Layout { .. }
            | Self::MixedTree
            | Self::NotDerived { .. }
            | Self::DerivedElsewhere { .. }
            | Self::TooLarge { .. }
            | Self::BundleTooLarge { .. }
            | Self::Refused(_)
            | Self::NotAFile { .. }
            | Self::Io { .. } => None,
        }
    }
}

/// Sorts a failure of the system into the cases above.
pub(super) trait At<T> {
    /// Names what was done where, for the error.
    fn at(self, doing: &'static str, path: &Path) -> Result<T, StoreError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, doing: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| {
            let path = path.to_owned();
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull { path },
                io::ErrorKind::PermissionDenied => StoreError::Permission { doing, path },
                _ => StoreError::Io { doing, path, source },
            }
        })
    }
}

//! Why a set of trust roots is not taken.

use jiff::Timestamp;

use crate::net::NetError;
use crate::surface::visible;

/// Why a set of trust roots is not taken. What was there before stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum TufError {
    /// The repository could not be asked: network, host or configuration.
    #[error(transparent)]
    Net {
        /// Why.
        source: NetError,
    },
    /// The first root role cannot be used: the user's file, or this program, is at fault.
    #[error("the root role that is trusted at first cannot be used: {cause}")]
    Root {
        /// Why.
        cause: String,
    },
    /// The repository, or somebody between, shows an older state than was seen before: a rollback
    /// attack, or a stale mirror.
    #[error("rollback: it shows version {offered} of its `{role}`, older than version {known}, which was seen before")]
    Rollback {
        /// The role.
        role: String,
        /// What was seen before.
        known: u64,
        /// What is offered.
        offered: u64,
    },
    /// What the repository shows is no longer valid: it is not maintained, somebody freezes an old
    /// state, or this machine's clock is wrong.
    #[error("its `{role}` expired on {expires:.0}")]
    Expired {
        /// The role.
        role: String,
        /// When.
        expires: Timestamp,
    },
    /// Too few valid signatures by the keys that the role was given to: forged.
    #[error("its `{role}` is not signed by those who may: {found} of {needed} signatures hold")]
    Unsigned {
        /// The role.
        role: String,
        /// Valid signatures.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// A file has not the signed length, hash or version: swapped, or changed.
    #[error("not the file that was signed: {what}")]
    Altered {
        /// Which.
        what: String,
    },
    /// A set without a trust root.
    #[error("it has no `trusted_root.json`")]
    NoRoot,
    /// Which of the two would count? Whoever runs the repository is at fault.
    #[error("it has two sets of registry keys, `{}` and `{}`", visible(first), visible(second))]
    TwoKeySets {
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// Any other breach of the format or its rules.
    #[error("{cause}")]
    Refused {
        /// Which.
        cause: String,
    },
    /// The stored set cannot be read: somebody, or a broken disk, changed it.
    #[error("it cannot be read: {cause}")]
    Stored {
        /// Why.
        cause: String,
    },
}

impl TufError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Net {
                source: NetError::Unreachable { .. } | NetError::Timeout { .. } | NetError::Interrupted { .. },
            } => Some("check the connection; until it works, what was in force stays in force".into()),
            Self::Net { source } => source.hint(),
            Self::Rollback { .. } => Some("a mirror may be stale; if it stays so, somebody shows you an old state".into()),
            Self::Expired { .. } => Some("look whether this machine's clock is right".into()),
            _ => None,
        }
    }
}

impl From<sigstore_tuf::Error> for TufError {
    fn from(error: sigstore_tuf::Error) -> Self {
        use sigstore_tuf::Error;
        match error {
            Error::Rollback { role, trusted, new } => Self::Rollback {
                role: visible(&role),
                known: trusted,
                offered: new,
            },
            Error::Expired { role, expires } => Self::Expired {
                role: visible(&role),
                expires,
            },
            Error::ThresholdNotMet { role, found, threshold } => Self::Unsigned {
                role: visible(&role),
                found,
                needed: threshold,
            },
            Error::IntegrityMismatch(what) => Self::Altered { what: visible(&what) },
            error => Self::Refused { cause: chain(&error) },
        }
    }
}

/// An error with its causes, in one line that can be shown.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    visible(&text)
}

//! How much is proved about where a package comes from.

use std::fmt;
use std::str::FromStr;

/// The levels of evidence, weakest first. A higher level includes the lower ones.
///
/// `Hash` says only that the bytes are those the lock names; it says nothing about who made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The bytes match the digest in the lock.
    Hash,
    /// The registry signed `name@version:integrity` for these bytes.
    Signed,
    /// A Sigstore bundle over exactly these bytes names who built them, and from what.
    Provenance,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash => "hash",
            Self::Signed => "signed",
            Self::Provenance => "provenance",
        })
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hash" => Ok(Self::Hash),
            "signed" => Ok(Self::Signed),
            "provenance" => Ok(Self::Provenance),
            other => Err(UnknownLevel(other.to_owned())),
        }
    }
}

/// The text names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a level of evidence (`hash`, `signed` or `provenance`)")]
pub struct UnknownLevel(pub String);

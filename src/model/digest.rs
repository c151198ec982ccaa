//! Digests: what a byte string is, in a form that cannot be weak by accident.
//!
//! The attack: a lockfile or a registry that names SHA-1 (or nothing) makes a swapped archive look
//! right. SHA-1 does not parse here; a string with several digests is read as its strongest one.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a digest could not be read. The text came from a lockfile, a registry or the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Only SHA-1 (or MD5) was offered; both can be forged.
    #[error("only a `{0}` digest is given, which can be forged; SHA-512 or SHA-256 is needed")]
    TooWeak(String),
    /// The text is not a digest at all.
    #[error("`{0}` is not a digest")]
    Malformed(String),
}

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// Wraps a digest that was computed elsewhere, for example while a stream was read.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{self}")
    }
}

impl FromStr for Sha256Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || DigestError::Malformed(text.chars().take(80).collect());
        Ok(Self(read_hex(text).and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)?))
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The digest of an archive in Subresource Integrity form: `sha512-…` or `sha256-…`, base64.
///
/// Parsing a string with several digests keeps the strongest, as npm does. Parsing one with only
/// SHA-1 fails: such an entry is refused rather than believed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Integrity {
    /// SHA-256, as the Python index publishes it.
    Sha256([u8; 32]),
    /// SHA-512, as the npm registry publishes it.
    Sha512([u8; 64]),
}

impl Integrity {
    /// The algorithm's name as a path segment: `sha256` or `sha512`.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha512(_) => "sha512",
        }
    }

    /// The digest as lower-case hexadecimal digits, safe as a file name.
    pub fn hex(&self) -> String {
        struct Hex<'a>(&'a [u8]);
        impl fmt::Display for Hex<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, self.0)
            }
        }
        Hex(self.as_bytes()).to_string()
    }

    /// The raw digest.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.algorithm(), STANDARD.encode(self.as_bytes()))
    }
}

impl fmt::Debug for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Integrity {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || DigestError::Malformed(text.chars().take(120).collect());
        let mut best: Option<Self> = None;
        let mut weak = None;
        for part in text.split_ascii_whitespace() {
            // Options after `?` carry no meaning in the standard and none here.
            let (algorithm, value) = part.split_once('-').ok_or_else(malformed)?;
            let value = value.split('?').next().unwrap_or_default();
            match algorithm {
                "sha512" | "sha256" => {
                    let bytes = STANDARD.decode(value).map_err(|_| malformed())?;
                    let found = match algorithm {
                        "sha512" => Self::Sha512(bytes.try_into().map_err(|_| malformed())?),
                        _ => Self::Sha256(bytes.try_into().map_err(|_| malformed())?),
                    };
                    best = best.max(Some(found));
                }
                other => weak = Some(other.to_owned()),
            }
        }
        best.ok_or_else(|| weak.map_or_else(malformed, DigestError::TooWeak))
    }
}

impl Serialize for Integrity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Integrity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex(text: &str) -> Option<Vec<u8>> {
    let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !lower || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_digest_counts() {
        let weak = Integrity::Sha256([7; 32]);
        let strong = Integrity::Sha512([9; 64]);
        let both = format!("{weak} {strong}");
        assert_eq!(both.parse::<Integrity>(), Ok(strong.clone()));
        assert_eq!(format!("{strong} {weak}").parse::<Integrity>(), Ok(strong));
    }

    #[test]
    fn sha1_is_refused_by_name() {
        let error = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=".parse::<Integrity>();
        assert_eq!(error, Err(DigestError::TooWeak("sha1".into())));
    }

    #[test]
    fn a_truncated_digest_is_refused() {
        assert!("sha512-AAAA".parse::<Integrity>().is_err());
        assert!("".parse::<Integrity>().is_err());
        assert!("ABCD".parse::<Sha256Digest>().is_err());
    }

    #[test]
    fn hex_round_trips_in_lower_case_only() {
        let digest = Sha256Digest::of(b"x");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Sha256Digest>().is_err());
    }
}

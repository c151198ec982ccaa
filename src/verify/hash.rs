//! The hash-level proof: these bytes have that digest.
//!
//! The attack: a registry, a mirror or a hand on the disk gives other bytes than the locked ones.
//! The digest that counts is the one computed here, over the bytes as they pass.

use sha2::{Digest as _, Sha256, Sha512};

use crate::model::Integrity;

/// Why bytes are not the expected ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The bytes have another digest: whoever delivered or stored them is at fault, never the
    /// lock that named the digest.
    #[error("the digest is {found}, but {expected} is expected")]
    Mismatch {
        /// The digest that was asked for.
        expected: Box<Integrity>,
        /// The digest of the bytes that were seen, by the same algorithm.
        found: Box<Integrity>,
    },
}

/// Proof that a byte string of this digest passed through an [`ArchiveCheck`] in this process.
///
/// Private fields and a single constructor, [`ArchiveCheck::finish`]: a function that takes a
/// `Verified` cannot be called with bytes nobody hashed. It says nothing about who made the bytes.
///
/// It can be asked what it proves:
/// ```
/// fn size(proof: &mcp_pin::verify::Verified) -> u64 {
///     proof.size()
/// }
/// ```
/// It cannot be written down:
/// ```compile_fail
/// let forged = mcp_pin::verify::Verified { integrity: mcp_pin::model::Integrity::Sha256([0; 32]), size: 1 };
/// ```
/// Nor be had for nothing:
/// ```compile_fail
/// let forged = mcp_pin::verify::Verified::default();
/// ```
/// Nor be bent to other bytes:
/// ```compile_fail
/// fn bend(proof: &mut mcp_pin::verify::Verified) {
///     proof.integrity = mcp_pin::model::Integrity::Sha256([0; 32]);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    integrity: Integrity,
    size: u64,
}

impl Verified {
    /// The digest the bytes have.
    pub const fn integrity(&self) -> &Integrity {
        &self.integrity
    }

    /// How many bytes there were.
    pub const fn size(&self) -> u64 {
        self.size
    }
}

/// Hashes bytes as they pass and says in the end whether they were the expected ones.
#[derive(Debug, Clone)]
pub struct ArchiveCheck {
    expected: Integrity,
    state: State,
    size: u64,
}

#[derive(Debug, Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl ArchiveCheck {
    /// Starts a check against `expected`, by the algorithm `expected` is written in.
    pub fn new(expected: &Integrity) -> Self {
        let state = match expected {
            Integrity::Sha256(_) => State::Sha256(Sha256::new()),
            Integrity::Sha512(_) => State::Sha512(Sha512::new()),
        };
        Self {
            expected: expected.clone(),
            state,
            size: 0,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        match &mut self.state {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// The proof, or both digests.
    pub fn finish(self) -> Result<Verified, VerifyError> {
        let found = match self.state {
            State::Sha256(state) => Integrity::Sha256(state.finalize().into()),
            State::Sha512(state) => Integrity::Sha512(state.finalize().into()),
        };
        if found == self.expected {
            Ok(Verified {
                integrity: found,
                size: self.size,
            })
        } else {
            Err(VerifyError::Mismatch {
                expected: Box::new(self.expected),
                found: Box::new(found),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abc() -> [Integrity; 2] {
        // The examples of FIPS 180-4.
        [
            "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
        ]
        .map(|text| text.parse().unwrap())
    }

    #[test]
    fn the_right_bytes_pass_in_any_pieces() {
        for expected in abc() {
            let mut check = ArchiveCheck::new(&expected);
            for piece in [&b"a"[..], b"", b"bc"] {
                check.update(piece);
            }
            let verified = check.finish().unwrap();
            assert_eq!((verified.integrity(), verified.size()), (&expected, 3));
        }
    }

    #[test]
    fn other_bytes_are_named_by_both_digests() {
        for expected in abc() {
            for wrong in [&b"abd"[..], b"ab", b"abcc", b""] {
                let mut check = ArchiveCheck::new(&expected);
                check.update(wrong);
                let VerifyError::Mismatch { expected: asked, found } = check.finish().unwrap_err();
                assert_eq!(*asked, expected);
                assert_ne!(*found, expected);
                assert_eq!(found.algorithm(), expected.algorithm());
            }
        }
    }
}

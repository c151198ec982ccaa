//! Floor 1: the trust core. What bytes are, proved; no I/O, no clock.
//!
//! The promise: nothing unverified is unpacked, compared against or run, and that is held by types.
//! A [`Verified`] exists only where an [`ArchiveCheck`] saw every byte and the digest was the
//! expected one; the store gives out archives only together with theirs.

pub mod attest;
pub mod hash;
pub mod npm;
pub mod sigstore;
pub mod wheel;

pub use hash::{ArchiveCheck, Verified, VerifyError};

//! Sigstore bundles: who signed exactly these bytes, proved offline against a trust root.
//!
//! The attack: a package published by somebody who holds a stolen registry token, with a story
//! about where it was built. A bundle is believed only after every check below; a check that was
//! left out, or passed for want of something to check, would be worse than no bundle at all.
//!
//! This folder is the only one that knows the Sigstore crates (`registry::tuf` fetches with their
//! TUF client): their next breaking release touches nothing else.
//!
//! # The order of checks
//!
//! [`Bundle::parse`]: size, strict JSON, known version, exactly one signature of exactly one kind,
//! few log entries and timestamps. Then [`prove`]:
//!
//! 1. The bundle is of the kind that is asked for: signed with a certificate, or with a key. One
//!    never stands in for the other.
//! 2. It names at least one log entry, and each entry brings what proves it: an inclusion proof, or
//!    (v0.1 alone) a signed entry timestamp. Proof and checkpoint are about one tree.
//! 3. The crate's verification, with nothing skipped:
//!    1. times: every RFC 3161 timestamp is by an authority of the root, over this signature; every
//!       signed entry timestamp is by a log of the root;
//!    2. the certificate chains to an authority of the root and was valid at each of these times;
//!    3. a certificate transparency log of the root saw the certificate;
//!    4. the entry is in the log: inclusion proof, and a checkpoint signed by a log of the root;
//!    5. the signature holds over the payload (or the artifact), with the certificate's key (or the
//!       given one);
//!    6. the artifact is the signed one (or a subject of the signed statement);
//!    7. the log entry is about this signature, this signer and this content.
//! 4. The crate says that it did each of them.
//! 5. The log that an entry names is in the root. An entry without a signed entry timestamp is in the very log that it names, and that log was
//!    in service at the proved times.
//! 6. There is a proved time, and none lies after `now`.
//! 7. The certificate says who its holder is, in characters that can be shown.
//!
//! # What this does not check
//!
//! The name of the statement's subject, the type of the predicate and its content, the label and
//! the validity of a registry's key, and whether the signer is the one the user wants: that is
//! `verify::attest` and policy. A statement's digest is compared with the artifact; which of
//! several subjects matched is the caller's to see.
//!
//! Specifications: the Sigstore client specification; protobuf-specs `sigstore_bundle.proto` and
//! `sigstore_trustroot.proto`; DSSE v1; RFC 6962 and 9162 (logs); RFC 3161 (timestamps).

mod bundle;
mod claims;
mod error;
mod identity;
mod key;
mod log;
mod proof;
mod prove;
mod refusal;
mod root;
mod shape;
mod summary;

pub use bundle::Bundle;
pub use error::{RootError, SigstoreError};
pub use key::PublicKey;
pub use log::LogEntry;
pub use proof::Proof;
pub use prove::{Artifact, By, prove};
pub use root::{EMBEDDED_DATE, Root};
pub use summary::{Anchor, RootSummary};

#[cfg(test)]
mod tests;

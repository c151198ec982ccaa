//! The proof itself.

use jiff::Timestamp;
use sigstore_verify::types::{Artifact as Input, ArtifactDigest, HashAlgorithm, SignatureContent};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

use super::bundle::Bundle;
use super::claims::Claims;
use super::error::SigstoreError;
use super::key::PublicKey;
use super::proof::Proof;
use super::root::Root;
use super::{log, refusal};
use crate::model::Integrity;

/// Who must have signed.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// The holder of a certificate that the root's authority issued; who that is stands in the proof.
    Certificate,
    /// The holder of this key. A log entry is required all the same.
    Key(&'a PublicKey),
}

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub enum Artifact<'a> {
    /// The bytes themselves.
    Bytes(&'a [u8]),
    /// Their digest, computed by us.
    Digest(&'a Integrity),
}

/// Proves a bundle. `now` bounds the times it may name: a log entry from the future is refused.
/// The checks and their order stand in the [module's page](super).
///
/// # Errors
/// Everything that is not proved. Each error names what was attacked.
pub fn prove(root: &Root, bundle: &Bundle, artifact: Artifact<'_>, by: By<'_>, now: Timestamp) -> Result<Proof, SigstoreError> {
    let wire = bundle.wire();
    // 1. Of the kind that is asked for.
    right_kind(bundle, by)?;
    // 2. Log entries that can be proved.
    log::complete(wire)?;
    // 3. The crate's verification, nothing skipped.
    let result = verify(root, bundle, artifact, by)?;
    // 4. It did each step.
    nothing_skipped(&result, by)?;
    // 5. In the logs that are named, while they were in service.
    let times = result.verified_timestamps().to_vec();
    let entries = log::in_their_logs(root, wire, &times)?;
    // 6. A time, and not from the future.
    possible(&times, now)?;
    // 7. Who it is.
    let claims = result.certificate().map(Claims::of).transpose()?;
    let statement = match &wire.content {
        SignatureContent::DsseEnvelope(envelope) => Some(envelope.payload.as_bytes().to_vec()),
        _ => None,
    };
    let timestamps = wire.verification_material.timestamp_verification_data.rfc3161_timestamps.len();
    Ok(Proof {
        claims,
        statement,
        times,
        entries,
        timestamps,
    })
}

fn right_kind(bundle: &Bundle, by: By<'_>) -> Result<(), SigstoreError> {
    match (by, bundle.has_certificate()) {
        (By::Certificate, true) | (By::Key(_), false) => Ok(()),
        (By::Certificate, false) => Err(SigstoreError::refused(
            "it is signed with a bare key, where a certificate must say who signed",
        )),
        (By::Key(_), true) => Err(SigstoreError::refused(
            "it is signed with a certificate, where the registry's own key must have signed",
        )),
    }
}

fn verify(root: &Root, bundle: &Bundle, artifact: Artifact<'_>, by: By<'_>) -> Result<VerificationResult, SigstoreError> {
    let input = match artifact {
        Artifact::Bytes(bytes) => Input::from_blob(bytes),
        Artifact::Digest(digest) => Input::from_digest(typed(digest)?),
    };
    let verifier = root.verifier();
    let result = match by {
        // Any identity: whose it must be is decided from the proof, by the pin and the user.
        By::Certificate => verifier.verify(input, bundle.wire(), &VerificationPolicy::any_identity()),
        By::Key(key) => verifier.verify(input, bundle.wire(), &PublicKeyVerificationPolicy::new(key.spki().clone())),
    };
    result.map_err(|error| refusal::explain(&error))
}

fn typed(digest: &Integrity) -> Result<ArtifactDigest, SigstoreError> {
    let algorithm = match digest {
        Integrity::Sha256(_) => HashAlgorithm::Sha2256,
        Integrity::Sha512(_) => HashAlgorithm::Sha2512,
    };
    ArtifactDigest::new(algorithm, digest.as_bytes().to_vec()).map_err(|error| SigstoreError::unsupported(error.to_string()))
}

/// The policies above skip nothing; should a later version of the crate read them otherwise, the
/// bundle is refused and not waved through.
fn nothing_skipped(result: &VerificationResult, by: By<'_>) -> Result<(), SigstoreError> {
    let by_certificate = result.certificate_verified() && result.sct_verified() && result.certificate().is_some();
    let whole = match by {
        By::Certificate => by_certificate,
        By::Key(_) => result.certificate().is_none(),
    };
    if whole && result.tlog_verified() {
        return Ok(());
    }
    Err(SigstoreError::refused("not every check was made"))
}

fn possible(times: &[Timestamp], now: Timestamp) -> Result<(), SigstoreError> {
    if times.is_empty() {
        return Err(SigstoreError::refused("nobody vouches for the time of signing"));
    }
    match times.iter().find(|time| **time > now) {
        None => Ok(()),
        Some(time) => Err(SigstoreError::refused(format!("it was signed at {time}, which is in the future"))),
    }
}

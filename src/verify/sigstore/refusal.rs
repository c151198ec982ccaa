//! The crate's errors, as sentences that name the attack.

use sigstore_verify::bundle::Error as Form;
use sigstore_verify::{CertificateError, Error, TimestampError, TransparencyLogError};

use super::error::SigstoreError;
use crate::surface::visible;

/// Each variant says what an attacker would have done to cause it.
pub(super) fn explain(error: &Error) -> SigstoreError {
    let cause = match error {
        Error::UnsupportedBundle(what) | Error::UnsupportedArtifact(what) => return SigstoreError::unsupported(visible(what)),
        Error::Certificate(error) => certificate(error),
        Error::TransparencyLog(error) => log(error),
        Error::Timestamp(error) => timestamp(error),
        Error::Bundle(error) => form(error),
        Error::SignatureInvalid(_) => "the signature does not hold: it was forged, or what it signs was changed".to_owned(),
        Error::ArtifactMismatch(_) => "it is about other bytes than these".to_owned(),
        Error::InvalidBundle(what) => format!("the bundle is broken: {}", visible(what)),
        other => format!("the bundle cannot be verified: {}", visible(&other.to_string())),
    };
    SigstoreError::refused(cause)
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Malformed(what) => format!("the signer's certificate cannot be read: {}", visible(what)),
        // The wording alone hangs on the crate's text, not the refusal.
        CertificateError::ChainInvalid(what) if what.contains("CertExpired") => "the certificate had expired when it signed".to_owned(),
        CertificateError::ChainInvalid(what) if what.contains("CertNotValidYet") => {
            "the certificate was not yet valid when it signed".to_owned()
        }
        CertificateError::ChainInvalid(_) => {
            "the signer's certificate was not issued by an authority of the trust root, or not for signing code".to_owned()
        }
        CertificateError::NoValidAuthority { time } => {
            format!("no certificate authority of the trust root was in service at {time}, when it was signed")
        }
        CertificateError::NotYetValid { time, not_before } => {
            format!("the certificate was not yet valid when it signed ({time}, valid from {not_before})")
        }
        CertificateError::Expired { time, not_after } => {
            format!("the certificate had expired when it signed ({time}, valid until {not_after})")
        }
        CertificateError::Sct(_) => "no certificate transparency log of the trust root vouches for the signer's certificate".to_owned(),
        other => format!("the signer's certificate is refused: {}", visible(&other.to_string())),
    }
}

fn log(error: &TransparencyLogError) -> String {
    match error {
        TransparencyLogError::UnknownLog { .. } => "the transparency log that its entry names is not in the trust root".to_owned(),
        TransparencyLogError::InclusionProof(_) => "the inclusion proof is forged: it does not lead to the log's tree".to_owned(),
        TransparencyLogError::Checkpoint(_) => {
            "the checkpoint is forged: no transparency log of the trust root signed this tree".to_owned()
        }
        TransparencyLogError::InclusionPromise(_) => {
            "the signed entry timestamp is forged: no transparency log of the trust root signed this entry at this time".to_owned()
        }
        TransparencyLogError::EntryMismatch(_) => "the transparency log's entry is about another signature".to_owned(),
        TransparencyLogError::IntegratedTime(what) => format!("the transparency log's time cannot be right: {}", visible(what)),
        TransparencyLogError::MalformedEntry(what) => format!("the transparency log's entry cannot be read: {}", visible(what)),
        other => format!("the transparency log's entry is refused: {}", visible(&other.to_string())),
    }
}

fn timestamp(error: &TimestampError) -> String {
    match error {
        TimestampError::Invalid(_) => {
            "the signed timestamp is forged: no timestamp authority of the trust root made it for this signature".to_owned()
        }
        TimestampError::OutsideAuthorityValidity { time } => {
            format!("the timestamp authority was not in service at {time}, when it signed the time")
        }
        TimestampError::NoVerifiedTimestamp(_) => "nobody vouches for the time of signing".to_owned(),
        other => format!("the signed timestamp is refused: {}", visible(&other.to_string())),
    }
}

fn form(error: &Form) -> String {
    match error {
        Form::MissingInclusionPromise(_) => "the signed entry timestamp of its transparency log entry is missing".to_owned(),
        Form::MissingInclusionProof(_) => "the inclusion proof of its transparency log entry is missing".to_owned(),
        Form::MissingSigningTimeEvidence | Form::MissingTimestamp => "nobody vouches for the time of signing".to_owned(),
        Form::MissingCheckpoint => "the transparency log's checkpoint is missing".to_owned(),
        Form::LogIndexOutOfRange { log_index, tree_size } => {
            format!("the inclusion proof is forged: entry {log_index} of a tree of {tree_size}")
        }
        Form::CheckpointRootMismatch => "the inclusion proof is forged: it leads to another tree than the checkpoint's".to_owned(),
        other => format!("the bundle contradicts itself: {other}"),
    }
}

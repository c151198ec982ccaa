//! What a bundle's log entries bring along, and the log they name.

use jiff::Timestamp;
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::TransparencyLog;
use sigstore_verify::types::bundle::InclusionProof;
use sigstore_verify::types::{Bundle as Wire, KindVersion, MediaType, TransparencyLogEntry};

use super::error::SigstoreError;
use super::root::Root;
use crate::surface::visible;

/// A proved entry of a transparency log: what it is proved with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub(super) log: String,
    pub(super) index: u64,
    pub(super) signed_timestamp: bool,
    pub(super) inclusion: bool,
    pub(super) time: Option<Timestamp>,
}

impl LogEntry {
    /// Where the log lives, from the trust root.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// The entry's index in the log.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The log's signed entry timestamp was checked: the log's promise to include the entry.
    pub const fn signed_timestamp(&self) -> bool {
        self.signed_timestamp
    }

    /// The inclusion proof and the log's signed checkpoint were checked: the entry is in the log.
    pub const fn inclusion(&self) -> bool {
        self.inclusion
    }

    /// When the log took it up, as the signed entry timestamp says.
    pub const fn time(&self) -> Option<Timestamp> {
        self.time
    }
}

/// Every entry brings what proves it. The crate asks that one of them does.
pub(super) fn complete(bundle: &Wire) -> Result<(), SigstoreError> {
    let entries = &bundle.verification_material.tlog_entries;
    if entries.is_empty() {
        return Err(SigstoreError::refused(
            "no transparency log entry comes with the signature: nobody could have seen it",
        ));
    }
    for entry in entries {
        let promise_suffices = bundle.media_type() == MediaType::Bundle0_1 && entry.inclusion_promise.is_some();
        if entry.inclusion_proof.is_none() && !promise_suffices {
            return Err(SigstoreError::refused(
                "the inclusion proof of its transparency log entry is missing",
            ));
        }
        entry.inclusion_proof.as_ref().map_or(Ok(()), |proof| one_tree(entry, proof))?;
    }
    Ok(())
}

/// The numbers that stand twice are the same. The crate proves one of each: what it leaves aside
/// could say anything.
fn one_tree(entry: &TransparencyLogEntry, proof: &InclusionProof) -> Result<(), SigstoreError> {
    let Some(checkpoint) = proof.checkpoint.checkpoint() else {
        return Err(SigstoreError::refused("the transparency log's checkpoint is missing"));
    };
    let same_index = entry.kind_version != KindVersion::HashedRekordV002 || proof.log_index == entry.log_index;
    if proof.tree_size == checkpoint.tree_size() && proof.root_hash == *checkpoint.root_hash() && same_index {
        return Ok(());
    }
    Err(SigstoreError::refused(
        "the inclusion proof is forged: it is about another tree than the checkpoint",
    ))
}

/// The entries are in the logs they name, and those were in service at `times`.
///
/// A signed entry timestamp covers the log's name and time. Without one nothing does: the crate
/// takes a checkpoint by any log of the root, in service or not.
pub(super) fn in_their_logs(root: &Root, bundle: &Wire, times: &[Timestamp]) -> Result<Vec<LogEntry>, SigstoreError> {
    let entries = bundle.verification_material.tlog_entries.iter();
    entries
        .map(|entry| {
            let log = named(root, entry)?;
            if entry.inclusion_promise.is_none() {
                vouched_by(log, entry)?;
                in_service(log, times)?;
            }
            let signed_timestamp = entry.inclusion_promise.is_some();
            Ok(LogEntry {
                log: visible(&log.base_url),
                index: proved_index(entry),
                signed_timestamp,
                inclusion: entry.inclusion_proof.is_some(),
                time: entry
                    .integrated_time
                    .filter(|_| signed_timestamp && entry.kind_version != KindVersion::HashedRekordV002),
            })
        })
        .collect()
}

/// The log's own count where the signed entry timestamp covers it, else the proved place in the tree.
fn proved_index(entry: &TransparencyLogEntry) -> u64 {
    let proof = entry.inclusion_proof.as_ref().filter(|_| entry.inclusion_promise.is_none());
    proof.map_or(entry.log_index, |proof| proof.log_index).get()
}

fn named<'a>(root: &'a Root, entry: &TransparencyLogEntry) -> Result<&'a TransparencyLog, SigstoreError> {
    let mut logs = root.trusted().tlogs.iter();
    logs.find(|log| log.log_id.key_id == entry.log_id.key_id)
        .ok_or_else(|| SigstoreError::refused("the transparency log that its entry names is not in the trust root"))
}

fn vouched_by(log: &TransparencyLog, entry: &TransparencyLogEntry) -> Result<(), SigstoreError> {
    let checkpoint = entry.inclusion_proof.as_ref().and_then(|proof| proof.checkpoint.checkpoint());
    let key = VerificationKey::from_spki(&log.public_key.raw_bytes).ok();
    let (Some(checkpoint), Some(key)) = (checkpoint, key) else {
        return Err(SigstoreError::refused("the transparency log's checkpoint is missing"));
    };
    let mut signatures = checkpoint.signatures().iter();
    let hint = log.log_id.key_id.as_bytes().get(..4);
    if signatures.any(|line| hint == Some(line.key_id.as_bytes()) && key.verify(checkpoint.signed_data(), &line.signature).is_ok()) {
        return Ok(());
    }
    Err(SigstoreError::refused(
        "the checkpoint is not signed by the transparency log that the entry names",
    ))
}

fn in_service(log: &TransparencyLog, times: &[Timestamp]) -> Result<(), SigstoreError> {
    let Some(window) = log.public_key.valid_for else {
        return Ok(());
    };
    match times.iter().find(|time| !window.contains(**time)) {
        None => Ok(()),
        Some(time) => Err(SigstoreError::refused(format!(
            "the transparency log was not in service at {time}, when it was signed"
        ))),
    }
}

//! The form of a bundle's JSON, looked at before anything in it is decoded.
//!
//! The attack: a text that two readers read differently (a member twice, two signatures, a
//! certificate beside a key), and one that is small to send and expensive to check.

use serde_json::{Map, Value};

use super::error::SigstoreError;
use crate::surface::strict::{self, Limits};
use crate::surface::visible;

/// Bytes of one bundle, and how deep it may be nested (a real one: eight).
const LIMITS: Limits = Limits {
    bytes: 4 * 1024 * 1024,
    depth: 24,
};
/// Log entries, timestamps and certificates of a chain; real bundles have one or two.
const MAX_ITEMS: usize = 8;
/// Hashes in an inclusion proof: a tree of more than 2^63 entries has no more.
const MAX_HASHES: usize = 64;
/// Bytes of a checkpoint: each line may cost a signature check.
const MAX_CHECKPOINT: usize = 16 * 1024;

/// The media types, in both spellings of v0.3.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
];

/// Kinds of log entries that can be compared with a bundle.
const ENTRY_KINDS: [(&str, &str); 4] = [
    ("hashedrekord", "0.0.1"),
    ("hashedrekord", "0.0.2"),
    ("dsse", "0.0.1"),
    ("intoto", "0.0.2"),
];

/// Reads the text strictly and checks its form. What it gives back is the same text.
pub(super) fn check(json: &[u8]) -> Result<&str, SigstoreError> {
    let value = strict::parse(json, &LIMITS).map_err(|error| SigstoreError::malformed(visible(&error.to_string())))?;
    let top = object(&value, "the text")?;
    media_type(top)?;
    only(
        top,
        "the bundle",
        &["mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"],
    )?;
    material(object_in(top, "verificationMaterial")?)?;
    if one_of(top, "the bundle", &["dsseEnvelope", "messageSignature"])? == "dsseEnvelope" {
        envelope(object_in(top, "dsseEnvelope")?)?;
    }
    std::str::from_utf8(json).map_err(|_| SigstoreError::malformed("the text is not UTF-8"))
}

fn media_type(top: &Map<String, Value>) -> Result<(), SigstoreError> {
    let Some(name) = top.get("mediaType").and_then(Value::as_str) else {
        return Err(SigstoreError::malformed("it names no media type"));
    };
    if MEDIA_TYPES.contains(&name) {
        return Ok(());
    }
    Err(SigstoreError::unsupported(format!("its media type is `{}`", short(name))))
}

fn material(material: &Map<String, Value>) -> Result<(), SigstoreError> {
    const PLACE: &str = "the verification material";
    let signers = ["certificate", "x509CertificateChain", "publicKey"];
    only(
        material,
        PLACE,
        &[&signers[..], &["tlogEntries", "timestampVerificationData"]].concat(),
    )?;
    if one_of(material, PLACE, &signers)? == "x509CertificateChain" {
        let chain = list(object_in(material, "x509CertificateChain")?, "certificates", MAX_ITEMS)?;
        if chain.is_empty() {
            return Err(SigstoreError::malformed("its certificate chain is empty"));
        }
    }
    for item in list(material, "tlogEntries", MAX_ITEMS)? {
        entry(object(item, "a log entry")?)?;
    }
    if let Some(data) = present(material, "timestampVerificationData") {
        let data = object(data, "`timestampVerificationData`")?;
        only(data, "the timestamps", &["rfc3161Timestamps"])?;
        list(data, "rfc3161Timestamps", MAX_ITEMS)?;
    }
    Ok(())
}

fn entry(entry: &Map<String, Value>) -> Result<(), SigstoreError> {
    const MEMBERS: [&str; 7] = [
        "logIndex",
        "logId",
        "kindVersion",
        "integratedTime",
        "inclusionPromise",
        "inclusionProof",
        "canonicalizedBody",
    ];
    only(entry, "a log entry", &MEMBERS)?;
    let kind = object_in(entry, "kindVersion")?;
    let text = |name| kind.get(name).and_then(Value::as_str).unwrap_or_default();
    if !ENTRY_KINDS.contains(&(text("kind"), text("version"))) {
        let kind = format!("{}/{}", short(text("kind")), short(text("version")));
        return Err(SigstoreError::unsupported(format!("its log entry is a `{kind}`")));
    }
    let Some(proof) = present(entry, "inclusionProof") else {
        return Ok(());
    };
    let proof = object(proof, "an inclusion proof")?;
    only(
        proof,
        "an inclusion proof",
        &["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"],
    )?;
    list(proof, "hashes", MAX_HASHES)?;
    let checkpoint = proof.get("checkpoint").and_then(|checkpoint| checkpoint.get("envelope"));
    if checkpoint.and_then(Value::as_str).is_some_and(|note| note.len() > MAX_CHECKPOINT) {
        return Err(SigstoreError::malformed(format!(
            "a checkpoint is larger than {MAX_CHECKPOINT} bytes"
        )));
    }
    Ok(())
}

/// More than one signature is refused: the certificate, the timestamps and the log entries vouch
/// for one, and a reader that checks one and uses another can be fooled.
fn envelope(envelope: &Map<String, Value>) -> Result<(), SigstoreError> {
    only(envelope, "the envelope", &["payload", "payloadType", "signatures"])?;
    match list(envelope, "signatures", usize::MAX)?.len() {
        0 => Err(SigstoreError::malformed("its envelope has no signature")),
        1 => Ok(()),
        count => Err(SigstoreError::refused(format!(
            "the envelope has {count} signatures, where a bundle vouches for one"
        ))),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, SigstoreError> {
    value
        .as_object()
        .ok_or_else(|| SigstoreError::malformed(format!("{what} is no object")))
}

fn object_in<'a>(map: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>, SigstoreError> {
    object(map.get(name).unwrap_or(&Value::Null), &format!("`{name}`"))
}

/// A member that is there and not `null`, which JSON of protocol buffers takes for absent.
fn present<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

fn list<'a>(map: &'a Map<String, Value>, name: &str, most: usize) -> Result<&'a [Value], SigstoreError> {
    match present(map, name) {
        None => Ok(&[]),
        Some(Value::Array(items)) if items.len() <= most => Ok(items),
        Some(Value::Array(items)) => Err(SigstoreError::malformed(format!(
            "`{name}` has {} items, more than {most}",
            items.len()
        ))),
        Some(_) => Err(SigstoreError::malformed(format!("`{name}` is no list"))),
    }
}

/// A member nobody here reads could change what the bundle means to another reader.
fn only(map: &Map<String, Value>, place: &str, known: &[&str]) -> Result<(), SigstoreError> {
    match map.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(SigstoreError::unsupported(format!("{place} has a member `{}`", short(name)))),
    }
}

fn one_of<'a>(map: &Map<String, Value>, place: &str, names: &[&'a str]) -> Result<&'a str, SigstoreError> {
    let mut found = names.iter().filter(|name| present(map, name).is_some());
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name),
        (None, _) => Err(SigstoreError::malformed(format!("{place} has none of `{}`", names.join("`, `")))),
        (Some(one), Some(two)) => Err(SigstoreError::refused(format!(
            "{place} has `{one}` and `{two}`: readers choose differently"
        ))),
    }
}

fn short(text: &str) -> String {
    visible(&text.chars().take(80).collect::<String>())
}

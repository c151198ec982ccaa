//! Transparency logs: Rekor's entries, with everything in them that proves inclusion.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::ca::{key, spki};

/// A log with its key. Every entry stands in a tree of two leaves of its own.
pub(crate) struct Log {
    key: KeyPair,
    origin: &'static str,
    count: AtomicU64,
}

/// What an entry is about.
pub(crate) struct Entry<'a> {
    /// What was signed: the payload, the envelope's encoding of it, or an artifact.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: &'a [u8],
    pub(crate) verifier: Verifier<'a>,
}

/// Whose signature it is.
#[derive(Clone, Copy)]
pub(crate) enum Verifier<'a> {
    Certificate(&'a [u8]),
    Key(&'a [u8]),
}

impl Verifier<'_> {
    /// As version 1 of the log writes it.
    pub(crate) fn pem(self) -> String {
        let (label, der) = match self {
            Self::Certificate(der) => ("CERTIFICATE", der),
            Self::Key(der) => ("PUBLIC KEY", der),
        };
        let text = STANDARD.encode(der);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }
}

impl Log {
    pub(crate) fn new(origin: &'static str) -> Self {
        Self {
            key: key(),
            origin,
            count: AtomicU64::new(1000),
        }
    }

    /// As a trust root names it.
    pub(crate) fn instance(&self, start: &str) -> Value {
        instance(&spki(&self.key), &format!("https://{}", self.origin), start)
    }

    /// Rekor v1's entry for a DSSE envelope.
    pub(crate) fn dsse(&self, envelope: &Value, entry: &Entry<'_>, at: i64) -> Value {
        let body = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": hex(&Sha256::digest(envelope.to_string()))},
            "payloadHash": {"algorithm": "sha256", "value": hex(&Sha256::digest(entry.signed))},
            "signatures": [{"signature": STANDARD.encode(entry.signature), "verifier": STANDARD.encode(entry.verifier.pem())}],
        }});
        self.first(&body, at)
    }

    /// Rekor v1's entry for a signature over an artifact.
    pub(crate) fn hashed(&self, entry: &Entry<'_>, at: i64) -> Value {
        let body = json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hex(&Sha256::digest(entry.signed))}},
            "signature": {
                "content": STANDARD.encode(entry.signature),
                "publicKey": {"content": STANDARD.encode(entry.verifier.pem())},
            },
        }});
        self.first(&body, at)
    }

    /// Rekor v2's entry, which has no time of its own.
    pub(crate) fn second(&self, entry: &Entry<'_>) -> Value {
        let verifier = match entry.verifier {
            Verifier::Certificate(der) => json!({"x509Certificate": {"rawBytes": STANDARD.encode(der)}}),
            Verifier::Key(der) => json!({"publicKey": {"rawBytes": STANDARD.encode(der)}}),
        };
        let mut body = json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
            "data": {"algorithm": "SHA2_256", "digest": STANDARD.encode(Sha256::digest(entry.signed))},
            "signature": {"content": STANDARD.encode(entry.signature), "verifier": verifier},
        }}});
        body["spec"]["hashedRekordV002"]["signature"]["verifier"]["keyDetails"] = "PKIX_ECDSA_P256_SHA_256".into();
        let (body, proof) = self.include(&body);
        json!({
            "logIndex": "1",
            "logId": {"keyId": self.id()},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
            "inclusionProof": proof,
            "canonicalizedBody": STANDARD.encode(body),
        })
    }

    fn first(&self, body: &Value, at: i64) -> Value {
        let kind = json!({"kind": body["kind"], "version": body["apiVersion"]});
        let (body, proof) = self.include(body);
        let index = self.count.fetch_add(1, Ordering::Relaxed);
        let body = STANDARD.encode(body);
        let id = hex(&Sha256::digest(spki(&self.key)));
        let promise = canonical(&json!({"body": body, "integratedTime": at, "logID": id, "logIndex": index}));
        json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": self.id()},
            "kindVersion": kind,
            "integratedTime": at.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": STANDARD.encode(self.key.sign(&promise).unwrap())},
            "inclusionProof": proof,
            "canonicalizedBody": body,
        })
    }

    fn id(&self) -> String {
        STANDARD.encode(Sha256::digest(spki(&self.key)))
    }

    /// An entry's bytes, and the proof that it is the second of two leaves (RFC 6962).
    fn include(&self, body: &Value) -> (Vec<u8>, Value) {
        let body = canonical(body);
        let leaf = Sha256::digest([&[0], body.as_slice()].concat());
        let neighbour = Sha256::digest(b"\0the entry before");
        let root = Sha256::digest([&[1], neighbour.as_slice(), leaf.as_slice()].concat());
        let note = format!("{}\n2\n{}\n", self.origin, STANDARD.encode(root));
        let mut signature = Sha256::digest(spki(&self.key))[..4].to_vec();
        signature.extend(self.key.sign(note.as_bytes()).unwrap());
        let envelope = format!("{note}\n\u{2014} {} {}\n", self.origin, STANDARD.encode(signature));
        let proof = json!({
            "logIndex": "1",
            "rootHash": STANDARD.encode(root),
            "treeSize": "2",
            "hashes": [STANDARD.encode(neighbour)],
            "checkpoint": {"envelope": envelope},
        });
        (body, proof)
    }
}

/// A log as a trust root names it.
pub(crate) fn instance(key: &[u8], url: &str, start: &str) -> Value {
    json!({
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": STANDARD.encode(key),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": start},
        },
        "logId": {"keyId": STANDARD.encode(Sha256::digest(key))},
    })
}

fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

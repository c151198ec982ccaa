//! Statements about an archive, and the bundles that sign them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::SigningKey as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::ca::{Authority, Build, key, spki};
use super::log::{Entry, Verifier};
use super::{NOON, RegistryKey, World};
use crate::harness::hex;

/// What npm's publish attestation is called.
const PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
/// What the publish attestation of Python files (PEP 740) is called; a name, split so that no address of a
/// registry stands here.
const PYPI_PUBLISH: &str = concat!("https://docs.py", "pi.org/attestations/publish/v1");
/// SLSA's provenance, version 1.
const SLSA: &str = "https://slsa.dev/provenance/v1";
const PAYLOAD: &str = "application/vnd.in-toto+json";

/// An in-toto statement; any field may be set to anything.
#[derive(Clone, Debug)]
pub(crate) struct Statement(Value);

impl Statement {
    /// What a builder says of a version it built.
    pub(crate) fn provenance(name: &str, version: &str, integrity: &str, build: &Build) -> Self {
        let source = build.source().unwrap_or_default();
        let predicate = json!({
            "buildDefinition": {
                "buildType": "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
                "externalParameters": {"workflow": {"ref": build.git_ref, "repository": source, "path": build.workflow}},
                "resolvedDependencies": [{
                    "uri": format!("git+{source}@{}", build.git_ref),
                    "digest": {"gitCommit": build.commit},
                }],
            },
            "runDetails": {
                "builder": {"id": format!("https://github.com/actions/runner/{}", build.runner)},
                "metadata": {"invocationId": build.run()},
            },
        });
        Self(json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [subject(&purl(name, version), integrity)],
            "predicateType": SLSA,
            "predicate": predicate,
        }))
    }

    /// What the registry says of a version that was published.
    pub(crate) fn publish(name: &str, version: &str, integrity: &str, registry: &str) -> Self {
        Self(json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": [subject(&purl(name, version), integrity)],
            "predicateType": PUBLISH,
            "predicate": {"name": name, "version": version, "registry": registry},
        }))
    }

    /// What a publisher says of a Python file that it uploads (PEP 740).
    pub(crate) fn pypi(file: &str, sha256: &str) -> Self {
        Self(json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": file, "digest": {"sha256": sha256}}],
            "predicateType": PYPI_PUBLISH,
            "predicate": null,
        }))
    }

    /// Sets what a JSON pointer names.
    pub(crate) fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        *self.0.pointer_mut(pointer).expect("a field of the statement") = value.into();
        self
    }

    /// Adds a subject, after the others.
    pub(crate) fn also(mut self, name: &str, integrity: &str) -> Self {
        let all = self.0["subject"].as_array_mut().unwrap();
        all.push(subject(name, integrity));
        self
    }

    /// Puts a subject before the others.
    pub(crate) fn first(mut self, name: &str, integrity: &str) -> Self {
        let all = self.0["subject"].as_array_mut().unwrap();
        all.insert(0, subject(name, integrity));
        self
    }

    /// As an envelope holds it.
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(self.0.to_string())
    }

    fn predicate_type(&self) -> &Value {
        &self.0["predicateType"]
    }
}

/// A package version as in-toto names it.
pub(crate) fn purl(name: &str, version: &str) -> String {
    format!("pkg:npm/{}@{version}", name.replace('@', "%40"))
}

fn subject(name: &str, integrity: &str) -> Value {
    let digest = STANDARD.decode(integrity.trim_start_matches("sha512-")).unwrap();
    json!({"name": name, "digest": {"sha512": hex(&digest)}})
}

/// Which logs and stamps a bundle has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flavour {
    /// Rekor v1, whose entry names the time.
    First,
    /// Rekor v1 and a timestamp.
    FirstStamped,
    /// Rekor v2, with a timestamp.
    Second,
}

/// How and when something is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing {
    pub(crate) flavour: Flavour,
    /// When the certificate starts; it counts for ten minutes.
    pub(crate) certified: i64,
    /// When the log took the entry in.
    pub(crate) logged: i64,
}

impl Signing {
    /// Logged at a time, with a certificate of a few seconds before.
    pub(crate) const fn at(time: i64) -> Self {
        Self {
            flavour: Flavour::First,
            certified: time - 5,
            logged: time,
        }
    }
}

impl World {
    /// A bundle with a certificate for a build, over a statement.
    pub(crate) fn attest(&self, build: &Build, statement: &Statement) -> Value {
        self.attest_as(Signing::at(NOON), build, statement)
    }

    /// As [`World::attest`], with everything chosen. Without a timestamp where there is no `openssl`.
    pub(crate) fn attest_as(&self, signing: Signing, build: &Build, statement: &Statement) -> Value {
        self.attest_by([&self.authority, &self.authority], signing, build, statement)
    }

    /// As [`World::attest_as`], certified by one authority, with a receipt of the log of another.
    pub(crate) fn attest_by(&self, authorities: [&Authority; 2], signing: Signing, build: &Build, statement: &Statement) -> Value {
        let payload = statement.0.to_string();
        let pae = pae(&payload);
        let signer = key();
        let certificate = authorities[0].certify(authorities[1], &signer, build, signing.certified);
        let signature = signer.sign(&pae).unwrap();
        let envelope = envelope(&payload, &signature, "");
        let entry = Entry {
            signed: if signing.flavour == Flavour::Second {
                &pae
            } else {
                payload.as_bytes()
            },
            signature: &signature,
            verifier: Verifier::Certificate(certificate.der()),
        };
        let entry = match signing.flavour {
            Flavour::First | Flavour::FirstStamped => self.rekor.dsse(&envelope, &entry, signing.logged),
            Flavour::Second => self.second.second(&entry),
        };
        let material = self.material(certificate.der(), &entry, signing.flavour, &signature);
        json!({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": material, "dsseEnvelope": envelope})
    }

    /// A bundle with a certificate over bytes themselves.
    pub(crate) fn sign_bytes(&self, signing: Signing, build: &Build, bytes: &[u8]) -> Value {
        let signer = key();
        let certificate = self.authority.certify(&self.authority, &signer, build, signing.certified);
        let signature = signer.sign(bytes).unwrap();
        let entry = Entry {
            signed: bytes,
            signature: &signature,
            verifier: Verifier::Certificate(certificate.der()),
        };
        let entry = match signing.flavour {
            Flavour::First | Flavour::FirstStamped => self.rekor.hashed(&entry, signing.logged),
            Flavour::Second => self.second.second(&entry),
        };
        let digest = json!({"algorithm": "SHA2_256", "digest": STANDARD.encode(Sha256::digest(bytes))});
        let material = self.material(certificate.der(), &entry, signing.flavour, &signature);
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": material,
            "messageSignature": {"messageDigest": digest, "signature": STANDARD.encode(signature)},
        })
    }

    fn material(&self, certificate: &[u8], entry: &Value, flavour: Flavour, signature: &[u8]) -> Value {
        let stamps: Vec<_> = (flavour != Flavour::First)
            .then(|| self.stamps.stamp(signature))
            .flatten()
            .map(|token| json!({"signedTimestamp": STANDARD.encode(token)}))
            .into_iter()
            .collect();
        json!({
            "certificate": {"rawBytes": STANDARD.encode(certificate)},
            "tlogEntries": [entry],
            "timestampVerificationData": {"rfc3161Timestamps": stamps},
        })
    }

    /// A bundle by one of the registry's keys, as its publish attestations are.
    pub(crate) fn attest_with(&self, key: &RegistryKey, statement: &Statement, at: i64) -> Value {
        let payload = statement.0.to_string();
        let signature = key.pair.sign(&pae(&payload)).unwrap();
        let envelope = envelope(&payload, &signature, key.keyid);
        let public = spki(&key.pair);
        let entry = Entry {
            signed: payload.as_bytes(),
            signature: &signature,
            verifier: Verifier::Key(&public),
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2",
            "verificationMaterial": {
                "publicKey": {"hint": key.keyid},
                "tlogEntries": [self.rekor.dsse(&envelope, &entry, at)],
                "timestampVerificationData": {"rfc3161Timestamps": []},
            },
            "dsseEnvelope": envelope,
        })
    }
}

/// The registry's reply for some bundles; the predicate types stand beside them, unsigned.
pub(crate) fn reply(bundles: &[(Statement, Value)]) -> Value {
    let one = |(statement, bundle): &(Statement, Value)| json!({"predicateType": statement.predicate_type(), "bundle": bundle});
    json!({"attestations": bundles.iter().map(one).collect::<Vec<_>>()})
}

fn envelope(payload: &str, signature: &[u8], keyid: &str) -> Value {
    json!({
        "payload": STANDARD.encode(payload),
        "payloadType": PAYLOAD,
        "signatures": [{"sig": STANDARD.encode(signature), "keyid": keyid}],
    })
}

fn pae(payload: &str) -> Vec<u8> {
    format!("DSSEv1 {} {PAYLOAD} {} {payload}", PAYLOAD.len(), payload.len()).into_bytes()
}

/// Flips a bit in the middle of the base64 text that a JSON pointer names.
pub(crate) fn flip(bundle: &Value, pointer: &str) -> Value {
    let mut bundle = bundle.clone();
    let text = bundle.pointer_mut(pointer).expect("a field of the bundle");
    let mut bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    *text = STANDARD.encode(bytes).into();
    bundle
}

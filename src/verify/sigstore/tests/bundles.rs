//! Real bundles that others published, read where they lie.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use crate::model::Integrity;
use crate::verify::sigstore::{By, PublicKey, Root};

/// The folder of published Sigstore data, or `None` (said on stderr) where it is absent.
#[expect(clippy::disallowed_methods, reason = "a test says where its data is by a variable")]
pub(super) fn folder() -> Option<PathBuf> {
    let data =
        std::env::var_os("MCP_PIN_TEST_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let folder = data.join("sigstore");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is absent", folder.display());
    None
}

pub(super) struct Sample {
    pub(super) name: String,
    pub(super) bundle: Value,
    pub(super) digest: Integrity,
    pub(super) key: Option<PublicKey>,
}

impl Sample {
    pub(super) fn by(&self) -> By<'_> {
        self.key.as_ref().map_or(By::Certificate, By::Key)
    }

    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(&self.bundle).unwrap()
    }
}

pub(super) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The key that the registry lists under a label.
fn key(folder: &Path, keyid: &str) -> PublicKey {
    let keys = json(&folder.join("npm-keys/keys.json"));
    let found = keys["keys"].as_array().unwrap().iter().find(|key| key["keyId"] == keyid);
    let raw = found.unwrap_or_else(|| panic!("no key {keyid}"))["publicKey"]["rawBytes"]
        .as_str()
        .unwrap();
    PublicKey::from_spki(&STANDARD.decode(raw).unwrap()).unwrap()
}

/// The digest that the bundle's own statement names first.
pub(super) fn own_digest(bundle: &Value) -> Integrity {
    let payload = STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    let digest = &statement["subject"][0]["digest"];
    let hex = |text: &Value| -> Vec<u8> {
        let text = text.as_str().unwrap();
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    };
    if digest["sha512"].is_string() {
        Integrity::Sha512(hex(&digest["sha512"]).try_into().unwrap())
    } else {
        Integrity::Sha256(hex(&digest["sha256"]).try_into().unwrap())
    }
}

fn sample(folder: &Path, name: String, bundle: Value) -> Sample {
    let hint = bundle["verificationMaterial"]["publicKey"]["hint"].as_str();
    let key = hint.map(|hint| key(folder, hint));
    let digest = own_digest(&bundle);
    Sample { name, bundle, digest, key }
}

/// Every bundle from the npm registry that must be accepted, and those of the Python index whose
/// files hold whole bundles.
pub(super) fn real(folder: &Path) -> Vec<Sample> {
    let mut paths: Vec<_> = std::fs::read_dir(folder.join("npm"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.push(folder.join("npm/pacote/valid-attestations.json"));
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let mut samples = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let value = json(&path);
        match value["attestations"].as_array() {
            None => samples.push(sample(folder, name, value)),
            Some(attestations) => {
                for (at, attestation) in attestations.iter().enumerate() {
                    samples.push(sample(folder, format!("{name}#{at}"), attestation["bundle"].clone()));
                }
            }
        }
    }
    samples
}

pub(super) fn public_good() -> Root {
    Root::public_good().unwrap()
}

/// After every real bundle was made.
pub(super) fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

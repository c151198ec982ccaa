//! Real bundles that others published, read where they lie.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::model::Integrity;
use crate::verify::sigstore::{Artifact, Bundle, By, Proof, PublicKey, Root, SigstoreError, prove};

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

/// A bundle that holds, with what it holds against.
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) bundle: Value,
    pub(super) signed: Signed,
    pub(super) key: Option<PublicKey>,
    pub(super) root: Root,
}

pub(super) enum Signed {
    Digest(Integrity),
    File(Vec<u8>),
}

impl Sample {
    pub(super) fn by(&self) -> By<'_> {
        self.key.as_ref().map_or(By::Certificate, By::Key)
    }

    pub(super) fn artifact(&self) -> Artifact<'_> {
        match &self.signed {
            Signed::Digest(digest) => Artifact::Digest(digest),
            Signed::File(bytes) => Artifact::Bytes(bytes),
        }
    }

    /// Another text under everything that the sample holds against.
    pub(super) fn judge(&self, text: &[u8]) -> Result<Proof, SigstoreError> {
        prove(&self.root, &Bundle::parse(text)?, self.artifact(), self.by(), now())
    }

    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(&self.bundle).unwrap()
    }

    pub(super) fn parsed(&self) -> Bundle {
        Bundle::parse(&self.text()).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

pub(super) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The key that the registry lists under a label.
pub(super) fn key(folder: &Path, keyid: &str) -> PublicKey {
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
    Sample {
        name,
        key: hint.map(|hint| key(folder, hint)),
        signed: Signed::Digest(own_digest(&bundle)),
        bundle,
        root: public_good(),
    }
}

/// The JSON files right in a folder, by name.
fn files(folder: &Path) -> Vec<(String, Value)> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| (name(path), json(path))).collect()
}

/// Every bundle from the npm registry that must be accepted.
pub(super) fn npm(folder: &Path) -> Vec<Sample> {
    let mut found = files(&folder.join("npm"));
    found.push(("pacote".to_owned(), json(&folder.join("npm/pacote/valid-attestations.json"))));
    let mut samples = Vec::new();
    for (name, value) in found {
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

/// A PEP 740 attestation, as the bundle it was made from.
fn from_pep740(attestation: &Value) -> Value {
    let (material, envelope) = (&attestation["verification_material"], &attestation["envelope"]);
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": { "rawBytes": material["certificate"] },
            "tlogEntries": material["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": envelope["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{ "sig": envelope["signature"] }],
        },
    })
}

/// Every attestation from the Python index that must be accepted.
pub(super) fn pypi(folder: &Path) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (name, value) in files(&folder.join("pypi")) {
        let bundles = value["attestation_bundles"].as_array();
        let attestations: Vec<&Value> = match bundles {
            None => vec![&value],
            Some(bundles) => bundles
                .iter()
                .flat_map(|bundle| bundle["attestations"].as_array().unwrap())
                .collect(),
        };
        for (at, attestation) in attestations.into_iter().enumerate() {
            samples.push(sample(folder, format!("{name}#{at}"), from_pep740(attestation)));
        }
    }
    samples
}

/// The conformance suite's good cases: Rekor v2, timestamp authorities, message signatures.
pub(super) fn conformance(folder: &Path) -> Vec<Sample> {
    let cases = folder.join("conformance/bundle-verify");
    let good = [
        "happy-path-v0.1",
        "happy-path-v0.3",
        "intoto-with-custom-trust-root",
        "rekor2-happy-path",
        "rekor2-dsse-happy-path",
    ];
    let load = |name: &str| {
        let case = cases.join(name);
        let read = |file: &str| std::fs::read(case.join(file)).ok();
        let root = read("trusted_root.json").map(|text| Root::parse(std::str::from_utf8(&text).unwrap()).unwrap());
        Sample {
            name: name.to_owned(),
            bundle: json(&case.join("bundle.sigstore.json")),
            signed: Signed::File(read("artifact").unwrap_or_else(|| std::fs::read(cases.join("a.txt")).unwrap())),
            key: None,
            root: root.unwrap_or_else(public_good),
        }
    };
    good.map(load).into()
}

/// All of them.
pub(super) fn all(folder: &Path) -> Vec<Sample> {
    [npm(folder), pypi(folder), conformance(folder)].into_iter().flatten().collect()
}

pub(super) fn public_good() -> Root {
    Root::public_good().unwrap()
}

/// After every real bundle was made.
pub(super) fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

/// The bad files from npm and what each attestation in them comes to, in order.
pub(super) fn bad_npm(folder: &Path) -> Vec<(String, Vec<Result<(), String>>)> {
    let mut found = files(&folder.join("npm/tampered"));
    found.extend(files(&folder.join("npm/pacote")));
    // The archive is that of the first attestation, whose digest stands right in each file.
    let judge = |attestation: &Value, archive: &Value| {
        let bundle = &attestation["bundle"];
        let hint = bundle["verificationMaterial"]["publicKey"]["hint"].as_str();
        let sample = Sample {
            name: String::new(),
            key: hint.map(|hint| key(folder, hint)),
            signed: Signed::Digest(own_digest(&archive["bundle"])),
            bundle: bundle.clone(),
            root: public_good(),
        };
        sample.judge(&sample.text()).map(|_| ()).map_err(|error| error.to_string())
    };
    let all = |value: &Value| {
        let attestations = value["attestations"].as_array().unwrap();
        attestations
            .iter()
            .map(|attestation| judge(attestation, &attestations[0]))
            .collect()
    };
    found.iter().map(|(name, value)| (name.clone(), all(value))).collect()
}

//! A whole private Sigstore, made by the test: a certificate authority, transparency logs, a
//! timestamp authority, and a registry's keys. What it signs is right by the rules of the real one,
//! and everything in it can be made wrong.

pub(crate) mod bundle;
pub(crate) mod ca;
mod check;
pub(crate) mod forge;
mod log;
mod samples;
mod stamp;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, SigningKey as _};
use serde_json::{Value, json};

pub(crate) use bundle::{Flavour, Signing, Statement};
pub(crate) use ca::Build;

use ca::{Authority, key, spki};
use log::Log;
use stamp::Stamps;

/// When things are signed that name no other time: 2024-06-01, noon.
pub(crate) const NOON: i64 = 1_717_243_200;
/// A minute later, as a registry writes it: when it says that it published.
pub(crate) const PUBLISHED: &str = "2024-06-01T12:01:00.000Z";

const START: &str = "2020-01-01T00:00:00Z";

/// A registry's key, with the time in which it counts.
pub(crate) struct RegistryKey {
    pub(crate) keyid: &'static str,
    pair: KeyPair,
    start: &'static str,
    end: Option<&'static str>,
}

impl RegistryKey {
    fn new(keyid: &'static str, end: Option<&'static str>) -> Self {
        Self {
            keyid,
            pair: key(),
            start: "2020-01-01T00:00:00.000Z",
            end,
        }
    }

    /// The signature over `name@version:integrity`, as `dist.signatures` has it.
    pub(crate) fn signature(&self, name: &str, version: &str, integrity: &str) -> Value {
        let message = format!("{name}@{version}:{integrity}");
        let signature = self.pair.sign(message.as_bytes()).unwrap();
        json!({"keyid": self.keyid, "sig": STANDARD.encode(signature)})
    }

    fn entry(&self, usage: &str) -> Value {
        let mut valid = json!({"start": self.start});
        if let Some(end) = self.end {
            valid["end"] = end.into();
        }
        json!({"keyId": self.keyid, "keyUsage": usage, "publicKey": {
            "rawBytes": STANDARD.encode(spki(&self.pair)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": valid,
        }})
    }
}

/// The private Sigstore.
pub(crate) struct World {
    authority: Authority,
    rekor: Log,
    second: Log,
    stamps: Stamps,
    /// The registry's key of today.
    pub(crate) registry: RegistryKey,
    /// The registry's key until the end of 2023.
    pub(crate) expired: RegistryKey,
    /// A key that claims to be the registry's and stands in no key set.
    pub(crate) stranger: RegistryKey,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            authority: Authority::new(),
            rekor: Log::new("rekor.example.test"),
            second: Log::new("log2.example.test"),
            stamps: Stamps::new(),
            registry: RegistryKey::new("SHA256:key-of-today", None),
            expired: RegistryKey::new("SHA256:key-of-old", Some("2023-12-31T00:00:00.000Z")),
            stranger: RegistryKey::new("SHA256:key-of-nobody", None),
        }
    }

    /// `trusted_root.json`.
    pub(crate) fn trusted_root(&self) -> Value {
        let chain = self
            .authority
            .chain()
            .map(|certificate| json!({"rawBytes": STANDARD.encode(certificate)}));
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self.rekor.instance(START), self.second.instance(START)],
            "certificateAuthorities": [{
                "subject": {"organization": "tests", "commonName": "root"},
                "uri": "https://fulcio.example.test",
                "certChain": {"certificates": chain},
                "validFor": {"start": START},
            }],
            "ctlogs": [log::instance(&self.authority.receipts_key(), "https://ct.example.test", START)],
            "timestampAuthorities": [self.stamps.instance()],
        })
    }

    /// The registry's keys, in the form of the signed TUF target.
    pub(crate) fn keys(&self) -> Value {
        let usages = ["npm:signatures", "npm:attestations"];
        let keys = [&self.registry, &self.expired];
        let entries: Vec<_> = keys.iter().flat_map(|key| usages.map(|usage| key.entry(usage))).collect();
        json!({"keys": entries})
    }

    /// Writes `trusted_root.json` and `keys.json` into a folder.
    pub(crate) fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        std::fs::create_dir_all(folder).unwrap();
        let (root, keys) = (folder.join("trusted_root.json"), folder.join("keys.json"));
        std::fs::write(&root, self.trusted_root().to_string()).unwrap();
        std::fs::write(&keys, self.keys().to_string()).unwrap();
        (root, keys)
    }
}

//! A timestamp authority (RFC 3161), spoken by the `openssl` program.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{Certificate, KeyPair};
use serde_json::{Value, json};

use super::ca::{key, stamping};

/// The authority: its own root and its signer. It stamps with the time of this machine.
pub(crate) struct Stamps {
    root: Certificate,
    leaf: Certificate,
    key: KeyPair,
}

impl Stamps {
    pub(crate) fn new() -> Self {
        let (above, key) = (key(), key());
        let (root, leaf) = stamping(&above, &key);
        Self { root, leaf, key }
    }

    /// As a trust root names it.
    pub(crate) fn instance(&self) -> Value {
        let chain = [&self.leaf, &self.root].map(|certificate| json!({"rawBytes": STANDARD.encode(certificate.der())}));
        json!({
            "subject": {"organization": "tests", "commonName": "stamps"},
            "uri": "https://stamps.example.test",
            "certChain": {"certificates": chain},
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        })
    }

    /// A token over a signature; `None` where there is no `openssl`.
    pub(crate) fn stamp(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("signature"), signature).unwrap();
        std::fs::write(path("key.pem"), self.key.serialize_pem()).unwrap();
        std::fs::write(path("leaf.pem"), self.leaf.pem()).unwrap();
        std::fs::write(path("serial"), "01\n").unwrap();
        let mut config = String::from("[tsa]\ndefault_tsa = it\n[it]\ndefault_policy = 1.2.3.4\ndigests = sha256\n");
        let _ = writeln!(
            config,
            "signer_digest = sha256\ness_cert_id_alg = sha256\nserial = {}",
            path("serial").display()
        );
        std::fs::write(path("config"), config).unwrap();
        openssl(folder.path(), "-query -data signature -sha256 -cert -out query")?;
        openssl(
            folder.path(),
            "-reply -config config -queryfile query -inkey key.pem -signer leaf.pem -out token",
        )?;
        Some(std::fs::read(path("token")).unwrap())
    }
}

fn openssl(folder: &Path, args: &str) -> Option<()> {
    let output = Command::new("openssl")
        .arg("ts")
        .args(args.split(' '))
        .current_dir(folder)
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(())
}

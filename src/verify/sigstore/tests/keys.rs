//! A registry's keys, over its real signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bundles::{folder, json, key};
use crate::verify::sigstore::{PublicKey, RootError};

#[test]
fn real_registry_signatures_hold_over_exactly_their_text() {
    let Some(folder) = folder() else { return };
    let list = json(&folder.join("npm-keys/registry-signatures.json"));
    let text = |entry: &serde_json::Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let mut held = 0;
    for entry in list.as_array().unwrap() {
        let key = key(&folder, &text(entry, "keyid"));
        let message = format!("{}@{}:{}", text(entry, "name"), text(entry, "version"), text(entry, "integrity"));
        let signature = STANDARD.decode(text(entry, "sig")).unwrap();
        assert!(key.verifies(message.as_bytes(), &signature), "{message}");
        assert!(!key.verifies(&message.as_bytes()[1..], &signature), "{message}");
        let mut forged = signature.clone();
        *forged.last_mut().unwrap() ^= 1;
        assert!(!key.verifies(message.as_bytes(), &forged), "{message}");
        assert!(!key.verifies(message.as_bytes(), &signature[..8]) && !key.verifies(message.as_bytes(), b""));
        held += 1;
    }
    assert!(held > 90, "{held}");
    eprintln!("registry signatures: {held} held");
}

#[test]
fn what_is_no_key_is_refused() {
    for der in [&b""[..], b"\x30\x00", b"no key at all"] {
        assert!(matches!(PublicKey::from_spki(der), Err(RootError::Key { .. })));
    }
}

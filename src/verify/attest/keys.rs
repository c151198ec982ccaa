//! The keys a registry signs with: their labels, what each may sign, and when.
//!
//! The attacks: a key that has leaked and expired signs again; a key for one purpose signs for the
//! other; the registry that is checked brings its own key. So a key set never comes from the
//! registry under check: it is built in, signed (TUF), or named by the user.
//!
//! A `keyid` is an opaque label. It looks like a hash and is none of the key: it is looked up,
//! never computed.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::quoted;
use crate::model::Sha256Digest;
use crate::surface::strict::{self, Limits};
use crate::verify::sigstore::PublicKey;

/// The public npm registry's keys, in the form of its signed TUF target.
const EMBEDDED: &[u8] = include_bytes!("npm_keys.json");

/// What a key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// `name@version:integrity`.
    Signatures,
    /// Publish attestations.
    Attestations,
}

impl Usage {
    /// The name the TUF target gives it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signatures => "npm:signatures",
            Self::Attestations => "npm:attestations",
        }
    }
}

/// A registry's keys with their usages and validity.
///
/// Promises: no label names two keys, none stands twice for one usage, every key can be used, and
/// there is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
    digest: Sha256Digest,
}

/// One key for one usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    keyid: String,
    usage: Usage,
    pub(super) public: PublicKey,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Key {
    /// Whether the key was entitled to sign at `time`: not before its start, and before its end.
    pub(super) fn covers(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time < end)
    }

    /// The end of the key's time, where it has one.
    pub(super) const fn end(&self) -> Option<Timestamp> {
        self.end
    }
}

/// What is shown of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySummary {
    /// The label.
    pub keyid: String,
    /// What it may sign.
    pub usage: Usage,
    /// From when on.
    pub start: Option<Timestamp>,
    /// Until when.
    pub end: Option<Timestamp>,
}

impl KeySet {
    /// The public npm registry's, as built into this program.
    ///
    /// # Errors
    /// None in a program whose tests passed.
    pub fn embedded() -> Result<Self, KeysError> {
        Self::parse(EMBEDDED)
    }

    /// Reads a key set in the form of the signed TUF target `.../keys.json`, or in the form a
    /// registry serves (`keyid`, `key`, `expires`), whose keys may sign both things.
    ///
    /// # Errors
    /// Not a key set, or a key that cannot be used: a set that is understood in part is refused.
    pub fn parse(json: &[u8]) -> Result<Self, KeysError> {
        let text = strict::parse(json, &Limits::default()).map_err(|error| fault(error.to_string()))?;
        let entries = text
            .get("keys")
            .and_then(Value::as_array)
            .ok_or_else(|| fault("it has no list `keys`"))?;
        let mut keys: Vec<Key> = Vec::new();
        for entry in entries {
            let entry = entry.as_object().ok_or_else(|| fault("a key is no object"))?;
            for key in read(entry)? {
                if keys.iter().any(|other| other.keyid == key.keyid && other.usage == key.usage) {
                    let keyid = quoted(&key.keyid);
                    return Err(fault(format!("the key id `{keyid}` stands twice for {}", key.usage.as_str())));
                }
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Err(fault("it has no key"));
        }
        let set = Self {
            keys,
            digest: Sha256Digest::of(json),
        };
        set.is_unambiguous()?;
        Ok(set)
    }

    /// This set and the keys of `other`, for a private registry's keys beside the built-in ones.
    /// Where both hold one key under one label, this set's usage and validity count: another set
    /// cannot prolong a key's life.
    ///
    /// # Errors
    /// A label that names one key here and another there: whose signature would it be?
    pub fn merged(&self, other: &Self) -> Result<Self, KeysError> {
        let known: BTreeSet<&str> = self.keys.iter().map(|key| key.keyid.as_str()).collect();
        let mut keys = self.keys.clone();
        keys.extend(other.keys.iter().cloned());
        let digest = Sha256Digest::of([self.digest.as_bytes().as_slice(), other.digest.as_bytes()].concat());
        let all = Self { keys, digest };
        all.is_unambiguous()?;
        let added = other.keys.iter().filter(|key| !known.contains(key.keyid.as_str()));
        let keys = self.keys.iter().chain(added).cloned().collect();
        Ok(Self { keys, digest })
    }

    /// The SHA-256 of the text it was read from; of a merged set, the SHA-256 of both digests.
    pub const fn digest(&self) -> Sha256Digest {
        self.digest
    }

    /// The keys, for people to look at.
    pub fn summary(&self) -> Vec<KeySummary> {
        let summary = |key: &Key| KeySummary {
            keyid: key.keyid.clone(),
            usage: key.usage,
            start: key.start,
            end: key.end,
        };
        self.keys.iter().map(summary).collect()
    }

    /// The key of this label, if it may sign this.
    pub(super) fn find(&self, keyid: &str, usage: Usage) -> Option<&Key> {
        self.keys.iter().find(|key| key.keyid == keyid && key.usage == usage)
    }

    fn is_unambiguous(&self) -> Result<(), KeysError> {
        for (at, key) in self.keys.iter().enumerate() {
            let clash = |other: &Key| other.keyid == key.keyid && other.public != key.public;
            if self.keys.iter().skip(at + 1).any(clash) {
                return Err(fault(format!("the key id `{}` names two keys", quoted(&key.keyid))));
            }
        }
        Ok(())
    }
}

/// Why a key set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the registry's key set cannot be used: {cause}")]
pub struct KeysError {
    /// Why.
    pub cause: String,
}

fn fault(cause: impl Into<String>) -> KeysError {
    KeysError { cause: cause.into() }
}

fn read(entry: &Map<String, Value>) -> Result<Vec<Key>, KeysError> {
    if entry.contains_key("keyId") == entry.contains_key("keyid") {
        return Err(fault("a key has no key id, or two"));
    }
    if entry.contains_key("keyId") {
        of_target(entry).map(|key| vec![key])
    } else {
        of_registry(entry)
    }
}

/// `keyId`, `keyUsage`, `publicKey` with `rawBytes`, `keyDetails`, `validFor`.
fn of_target(entry: &Map<String, Value>) -> Result<Key, KeysError> {
    let keyid = text(entry, "keyId")?;
    let usage = match text(entry, "keyUsage")? {
        "npm:signatures" => Usage::Signatures,
        "npm:attestations" => Usage::Attestations,
        other => {
            return Err(fault(format!(
                "the key `{}` has the unknown usage `{}`",
                quoted(keyid),
                quoted(other)
            )));
        }
    };
    let key = entry.get("publicKey").and_then(Value::as_object);
    let key = key.ok_or_else(|| fault(format!("the key `{}` has no `publicKey`", quoted(keyid))))?;
    is_known(keyid, text(key, "keyDetails")?, "PKIX_ECDSA_P256_SHA_256")?;
    let window = match key.get("validFor") {
        None | Some(Value::Null) => None,
        Some(Value::Object(window)) => Some(window),
        Some(_) => return Err(fault(format!("the key `{}` has a malformed `validFor`", quoted(keyid)))),
    };
    Ok(Key {
        keyid: keyid.to_owned(),
        usage,
        public: public_key(keyid, text(key, "rawBytes")?)?,
        start: window.map_or(Ok(None), |window| time(window, "start"))?,
        end: window.map_or(Ok(None), |window| time(window, "end"))?,
    })
}

/// `keyid`, `keytype`, `scheme`, `key`, `expires`: says nothing of usage, so both.
fn of_registry(entry: &Map<String, Value>) -> Result<Vec<Key>, KeysError> {
    let keyid = text(entry, "keyid")?;
    is_known(keyid, text(entry, "keytype")?, "ecdsa-sha2-nistp256")?;
    is_known(keyid, text(entry, "scheme")?, "ecdsa-sha2-nistp256")?;
    let public = public_key(keyid, text(entry, "key")?)?;
    let end = time(entry, "expires")?;
    let of = |usage| Key {
        keyid: keyid.to_owned(),
        usage,
        public: public.clone(),
        start: None,
        end,
    };
    Ok(vec![of(Usage::Signatures), of(Usage::Attestations)])
}

fn is_known(keyid: &str, kind: &str, known: &str) -> Result<(), KeysError> {
    if kind == known {
        return Ok(());
    }
    Err(fault(format!(
        "the key `{}` is of the unknown type `{}`",
        quoted(keyid),
        quoted(kind)
    )))
}

fn public_key(keyid: &str, base64: &str) -> Result<PublicKey, KeysError> {
    let spki = STANDARD
        .decode(base64)
        .map_err(|_| fault(format!("the key `{}` is not base64", quoted(keyid))))?;
    PublicKey::from_spki(&spki).map_err(|error| fault(format!("the key `{}`: {error}", quoted(keyid))))
}

fn text<'a>(object: &'a Map<String, Value>, member: &str) -> Result<&'a str, KeysError> {
    let text = object.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| fault(format!("a key has no text `{member}`")))
}

fn time(object: &Map<String, Value>, member: &str) -> Result<Option<Timestamp>, KeysError> {
    match object.get(member) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let time = value.as_str().and_then(|text| text.parse().ok());
            time.map(Some).ok_or_else(|| fault(format!("a key has no date as `{member}`")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ONE: &str =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY6Ya7W++7aUPzvMTrezH6Ycx3c+HOKYCcNGybJZSCJq/fd7Qa8uuAKtdIkUQtQiEKERhAmE5lMMJhP8OkDOa2g==";
    const TWO: &str =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1Olb3zMAFFxXKHiIkQO5cJ3Yhl5i6UPp+IhuteBJbuHcA5UogKo0EWtlWwW6KSaKoTNEYL7JlCQiVnkhBktUgg==";

    fn served(keyid: &str, key: &str, expires: &Value) -> Value {
        json!({"keyid": keyid, "keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256", "key": key, "expires": expires})
    }

    fn set(keys: &[Value]) -> Result<KeySet, KeysError> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_built_in_keys_have_their_windows() {
        let keys = KeySet::embedded().unwrap();
        assert_eq!(keys.summary().len(), 4);
        let old = "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA";
        let old = keys.find(old, Usage::Attestations).unwrap();
        assert!(!old.covers(at("2022-11-30T23:59:59Z")));
        assert!(old.covers(at("2022-12-01T00:00:00Z")));
        assert!(old.covers(at("2025-01-28T23:59:59Z")));
        assert!(!old.covers(at("2025-01-29T00:00:00Z")));
        let new = keys
            .find("SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U", Usage::Attestations)
            .unwrap();
        assert_eq!(new.end(), None);
        assert!(!new.covers(at("2025-01-12T23:59:59Z")) && new.covers(at("2035-01-01T00:00:00Z")));
    }

    #[test]
    fn the_form_a_registry_serves_signs_both_things_until_it_expires() {
        let keys = set(&[served("a", ONE, &json!("2025-01-29T00:00:00.000Z")), served("b", TWO, &Value::Null)]).unwrap();
        for usage in [Usage::Signatures, Usage::Attestations] {
            let a = keys.find("a", usage).unwrap();
            assert!(a.covers(at("1999-01-01T00:00:00Z")) && !a.covers(at("2025-01-29T00:00:00Z")));
            assert!(keys.find("b", usage).unwrap().covers(at("2099-01-01T00:00:00Z")));
        }
        assert!(keys.find("c", Usage::Signatures).is_none());
    }

    #[test]
    fn what_cannot_be_used_whole_is_refused() {
        let says = |keys: &[Value], text: &str| {
            let cause = set(keys).unwrap_err().cause;
            assert!(cause.contains(text), "{cause}");
        };
        says(&[], "no key");
        says(&[served("a", ONE, &Value::Null), served("a", ONE, &Value::Null)], "stands twice");
        says(&[served("a", ONE, &json!("soon"))], "no date as `expires`");
        says(&[served("a", ONE, &json!(1))], "no date as `expires`");
        says(&[served("", ONE, &Value::Null)], "no text `keyid`");
        says(&[served("a", "%%%", &Value::Null)], "not base64");
        says(&[served("a", "AAAA", &Value::Null)], "the key `a`: ");
        let mut other = served("a", ONE, &Value::Null);
        other["keytype"] = json!("rsa");
        says(&[other], "unknown type `rsa`");
        let target = |usage: &str, key: &str| json!({"keyId": "t", "keyUsage": usage, "publicKey": {"rawBytes": key, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}});
        says(&[target("npm:everything", ONE)], "unknown usage");
        says(&[target("npm:signatures", ONE), target("npm:attestations", TWO)], "names two keys");
        let mut half = target("npm:signatures", ONE);
        half["publicKey"]["validFor"] = json!("always");
        says(&[half], "malformed `validFor`");
        let mut double = target("npm:signatures", ONE);
        double["keyid"] = json!("u");
        says(&[double], "or two");
        for text in [
            &b"{}"[..],
            b"[]",
            b"",
            b"{\"keys\":{}}",
            b"{\"keys\":[1]}",
            b"{\"keys\":[],\"keys\":[]}",
        ] {
            assert!(KeySet::parse(text).is_err());
        }
    }

    #[test]
    fn private_keys_stand_beside_the_built_in_ones_and_never_replace_them() {
        let built_in = KeySet::embedded().unwrap();
        let own = set(&[served("own", TWO, &Value::Null)]).unwrap();
        let both = built_in.merged(&own).unwrap();
        assert_eq!(both.summary().len(), 6);
        assert!(both.find("own", Usage::Signatures).is_some());
        assert_ne!(both.digest(), built_in.digest());

        let old = "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA";
        let prolonged = set(&[served(old, TWO, &Value::Null)]).unwrap();
        let both = built_in.merged(&prolonged).unwrap();
        assert_eq!(both.summary(), built_in.summary(), "an expired key is not brought back to life");
        let swapped = set(&[served(old, ONE, &Value::Null)]).unwrap();
        assert!(built_in.merged(&swapped).unwrap_err().cause.contains("names two keys"));
    }
}

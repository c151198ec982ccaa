//! The registry's own signatures over `name@version:integrity`.
//!
//! The attacks: a registry or mirror that serves another archive than the one that was signed; a
//! signature moved from one version to another; a key that has expired signing something new. The
//! message is built from the digest that was computed here, never from the registry's words.
//!
//! The date of publication is the registry's word, as it is for npm's own client: it can only ever
//! make an expired key's signature count less, unless whoever holds the expired key also rewrites
//! dates. Log times bind publish attestations more strongly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keys::{KeySet, Usage};
use super::{Refused, forged, quoted, undecidable};
use crate::model::{Integrity, PackageName, RegistrySignature};

/// What is to be pinned of the signatures, and what was checked.
#[derive(Debug, Default)]
pub(super) struct Signed {
    pub(super) pin: Option<RegistrySignature>,
    pub(super) checked: Vec<String>,
}

/// Checks every delivered signature; see the steps in [`super`].
pub(super) fn check(
    keys: &KeySet,
    (name, version): (&PackageName, &str),
    archive: &Integrity,
    signatures: &[RegistrySignature],
) -> Result<Signed, Refused> {
    let message = format!("{name}@{version}:{archive}");
    let mut signed = Signed::default();
    let mut lasting = false;
    let mut unjudged = Vec::new();
    for signature in signatures {
        let keyid = quoted(&signature.keyid);
        let Some(key) = keys.find(&signature.keyid, Usage::Signatures) else {
            unjudged.push(format!(
                "the key set knows no key `{keyid}` for registry signatures; \
                 `mcp-pin trust refresh` fetches the public registry's, `[trust] registry-keys` names a private one's"
            ));
            continue;
        };
        let bytes = STANDARD.decode(&signature.signature).unwrap_or_default();
        if !key.public.verifies(message.as_bytes(), &bytes) {
            return Err(forged(format!(
                "the registry's signature by the key `{keyid}` is not over `{message}`: \
                 the archive, its name or its version is not what was signed"
            )));
        }
        match (key.end(), signature.published) {
            (None, _) => {
                if !lasting {
                    // With its date: the key will have an end one day, and the pin must still count.
                    signed.pin = Some(signature.clone());
                }
                lasting = true;
                signed.checked.push(format!("registry signature by key {keyid} over {message}"));
            }
            (Some(end), Some(published)) if key.covers(published) => {
                signed.pin.get_or_insert_with(|| signature.clone());
                signed.checked.push(format!(
                    "registry signature by key {keyid} over {message}; the key counts until {end}, \
                     and the registry says that the version was published at {published}"
                ));
            }
            (Some(end), Some(published)) => {
                return Err(forged(format!(
                    "the registry's signature over `{message}` is signed with a key that had expired: \
                     `{keyid}` does not count for {published} (its time ended at {end})"
                )));
            }
            (Some(end), None) => unjudged.push(format!(
                "the registry's key `{keyid}` counts until {end}, and no date says whether the version was published before; \
                 `mcp-pin update` asks the registry again"
            )),
        }
    }
    if signed.pin.is_none()
        && let Some(why) = unjudged.first()
    {
        return Err(undecidable(format!(
            "the registry's signature over `{message}` cannot be judged: {why}"
        )));
    }
    signed.checked.extend(
        unjudged
            .into_iter()
            .map(|why| format!("passed over a further registry signature: {why}")),
    );
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::path::{Path, PathBuf};

    const OLD: &str = "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA";
    const NEW: &str = "SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U";

    /// What npm signed: name, version, digest, signature.
    struct Real {
        name: PackageName,
        version: String,
        integrity: Integrity,
        signature: RegistrySignature,
    }

    impl Real {
        fn judge(&self, signatures: &[RegistrySignature]) -> Result<Signed, Refused> {
            self.judge_with(&KeySet::embedded().unwrap(), signatures)
        }

        fn judge_with(&self, keys: &KeySet, signatures: &[RegistrySignature]) -> Result<Signed, Refused> {
            check(keys, (&self.name, &self.version), &self.integrity, signatures)
        }

        fn dated(&self, published: Option<&str>) -> RegistrySignature {
            RegistrySignature {
                published: published.map(|date| date.parse().unwrap()),
                ..self.signature.clone()
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a test says where its data is by a variable")]
    fn real() -> Vec<Real> {
        let data = std::env::var_os("MCP_PIN_TEST_DATA")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
        let file = data.join("sigstore/npm-keys/registry-signatures.json");
        let Ok(text) = std::fs::read(&file) else {
            eprintln!("skipped: {} is absent", file.display());
            return Vec::new();
        };
        let all: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let text = |value: &Value, member: &str| value[member].as_str().unwrap().to_owned();
        let one = |value: &Value| Real {
            name: text(value, "name").parse().unwrap(),
            version: text(value, "version"),
            integrity: text(value, "integrity").parse().unwrap(),
            signature: RegistrySignature {
                keyid: text(value, "keyid"),
                signature: text(value, "sig"),
                published: Some("2024-06-01T00:00:00Z".parse().unwrap()),
            },
        };
        all.iter().map(one).collect()
    }

    fn by<'a>(all: &'a [Real], keyid: &str) -> Option<&'a Real> {
        all.iter().find(|real| real.signature.keyid == keyid)
    }

    fn is_forged(result: Result<Signed, Refused>, text: &str) {
        match result.unwrap_err() {
            Refused::Forged { attack } => assert!(attack.contains(text), "{attack}"),
            Refused::Undecidable(error) => panic!("undecidable: {error}"),
        }
    }

    fn is_undecidable(result: Result<Signed, Refused>, text: &str) {
        match result.unwrap_err() {
            Refused::Undecidable(error) => assert!(error.what.contains(text), "{error}"),
            Refused::Forged { attack } => panic!("forged: {attack}"),
        }
    }

    #[test]
    fn every_real_signature_verifies_and_none_over_anything_else() {
        let all = real();
        for one in &all {
            let signed = one.judge(std::slice::from_ref(&one.signature)).unwrap();
            assert_eq!(signed.pin.as_ref(), Some(&one.signature));
            let line = format!("over {}@{}:{}", one.name, one.version, one.integrity);
            assert!(signed.checked.iter().any(|checked| checked.contains(&line)), "{:?}", signed.checked);

            let mut bytes = STANDARD.decode(&one.signature.signature).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            let flipped = RegistrySignature {
                signature: STANDARD.encode(bytes),
                ..one.signature.clone()
            };
            is_forged(one.judge(&[flipped]), "is not over");
            let other_version = Real {
                name: one.name.clone(),
                version: format!("{}0", one.version),
                integrity: one.integrity.clone(),
                signature: one.signature.clone(),
            };
            is_forged(other_version.judge(std::slice::from_ref(&one.signature)), "is not over");
            let other_key = RegistrySignature {
                keyid: if one.signature.keyid == OLD { NEW } else { OLD }.to_owned(),
                ..one.signature.clone()
            };
            is_forged(one.judge(&[other_key]), "is not over");
        }
        for pair in all.windows(2) {
            is_forged(pair[0].judge(std::slice::from_ref(&pair[1].signature)), "is not over");
        }
    }

    #[test]
    fn an_expired_key_counts_only_for_what_was_published_in_its_time() {
        let all = real();
        let Some(one) = by(&all, OLD) else { return };
        let pin = one.judge(&[one.dated(Some("2025-01-28T23:59:59Z"))]).unwrap().pin.unwrap();
        assert_eq!(pin.published, Some("2025-01-28T23:59:59Z".parse().unwrap()));
        is_forged(one.judge(&[one.dated(Some("2025-01-29T00:00:00Z"))]), "a key that had expired");
        is_forged(one.judge(&[one.dated(Some("1998-01-01T00:00:00Z"))]), "a key that had expired");
        is_undecidable(one.judge(&[one.dated(None)]), "no date says");
    }

    #[test]
    fn a_key_without_an_end_needs_no_date_and_the_pin_outlives_its_end() {
        let all = real();
        let Some(one) = by(&all, NEW) else { return };
        let ended = keys(&[(NEW, NEW_KEY, json!("2026-06-01T00:00:00Z"))]);
        for date in [None, Some("2012-01-01T00:00:00Z"), Some("2026-01-01T00:00:00Z")] {
            let pin = one.judge(&[one.dated(date)]).unwrap().pin.unwrap();
            assert_eq!(pin.published, date.map(|date| date.parse().unwrap()));
            let later = one.judge_with(&ended, &[pin]);
            match date {
                None => is_undecidable(later, "no date says"),
                Some(_) => assert!(later.is_ok()),
            }
        }
    }

    /// The old and the new key under other labels and windows, so that one signature can be by an
    /// expired key and by a lasting one.
    fn keys(entries: &[(&str, &str, Value)]) -> KeySet {
        let key = |(keyid, key, expires): &(&str, &str, Value)| json!({"keyid": keyid, "keytype": "ecdsa-sha2-nistp256", "scheme": "ecdsa-sha2-nistp256", "key": key, "expires": expires});
        let keys: Vec<Value> = entries.iter().map(key).collect();
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    const NEW_KEY: &str =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEY6Ya7W++7aUPzvMTrezH6Ycx3c+HOKYCcNGybJZSCJq/fd7Qa8uuAKtdIkUQtQiEKERhAmE5lMMJhP8OkDOa2g==";

    #[test]
    fn of_two_signatures_the_lasting_one_is_pinned_in_either_order() {
        let all = real();
        let Some(one) = by(&all, NEW) else { return };
        let keys = keys(&[("ended", NEW_KEY, json!("2025-01-01T00:00:00Z")), ("lasting", NEW_KEY, Value::Null)]);
        let labelled = |keyid: &str, date: Option<&str>| RegistrySignature {
            keyid: keyid.to_owned(),
            ..one.dated(date)
        };
        let ended = labelled("ended", Some("2024-01-01T00:00:00Z"));
        let lasting = labelled("lasting", None);
        for pair in [[ended.clone(), lasting.clone()], [lasting.clone(), ended.clone()]] {
            let signed = one.judge_with(&keys, &pair).unwrap();
            assert_eq!(signed.pin.unwrap().keyid, "lasting");
            assert_eq!(signed.checked.len(), 2);
        }
        let late = labelled("ended", Some("2026-01-01T00:00:00Z"));
        is_forged(one.judge_with(&keys, &[lasting.clone(), late]), "a key that had expired");
        let undated = labelled("ended", None);
        let signed = one.judge_with(&keys, &[undated, lasting.clone()]).unwrap();
        assert_eq!(signed.pin.unwrap().keyid, "lasting");
        let broken = RegistrySignature {
            signature: "AAAA".to_owned(),
            ..ended
        };
        is_forged(one.judge_with(&keys, &[lasting, broken]), "is not over");
    }

    #[test]
    fn one_key_must_be_known_and_the_fix_is_named() {
        let all = real();
        let Some(one) = by(&all, NEW) else { return };
        let unknown = RegistrySignature {
            keyid: "SHA256:else".to_owned(),
            ..one.signature.clone()
        };
        is_undecidable(one.judge(std::slice::from_ref(&unknown)), "mcp-pin trust refresh");
        let signed = one.judge(&[unknown, one.signature.clone()]).unwrap();
        assert_eq!(signed.pin.unwrap().keyid, NEW);
        assert!(signed.checked.iter().any(|line| line.starts_with("passed over")));
    }

    #[test]
    fn none_is_none() {
        let keys = KeySet::embedded().unwrap();
        let signed = check(&keys, (&"a".parse().unwrap(), "1.0.0"), &Integrity::Sha512([0; 64]), &[]).unwrap();
        assert_eq!((signed.pin, signed.checked.len()), (None, 0));
    }
}

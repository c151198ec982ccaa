//! The form of a bundle: what is refused before anything is decoded.

use serde_json::{Value, json};

use crate::verify::sigstore::{Bundle, SigstoreError};

fn entry() -> Value {
    json!({
        "logIndex": "1",
        "logId": { "keyId": "AAAA" },
        "kindVersion": { "kind": "dsse", "version": "0.0.1" },
        "canonicalizedBody": "e30=",
    })
}

fn bundle() -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": "mine" }, "tlogEntries": [entry()] },
        "dsseEnvelope": { "payload": "e30=", "payloadType": "t", "signatures": [{ "sig": "AA==", "keyid": "k" }] },
    })
}

fn parse(value: &Value) -> Result<Bundle, SigstoreError> {
    Bundle::parse(value.to_string().as_bytes())
}

#[track_caller]
fn malformed(result: Result<Bundle, SigstoreError>, says: &str) {
    match result {
        Err(SigstoreError::Malformed { cause }) => assert!(cause.contains(says), "{cause}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn labels_are_read_and_empty_ones_are_none() {
    let good = parse(&bundle()).unwrap();
    assert_eq!(
        (good.key_hint(), good.keyid(), good.has_certificate()),
        (Some("mine"), Some("k"), false)
    );
    let mut empty = bundle();
    empty["verificationMaterial"]["publicKey"]["hint"] = "".into();
    empty["dsseEnvelope"]["signatures"][0]["keyid"] = "".into();
    let empty = parse(&empty).unwrap();
    assert_eq!((empty.key_hint(), empty.keyid()), (None, None));
}

#[test]
fn both_spellings_of_each_version_are_known() {
    for (media_type, known) in [
        ("application/vnd.dev.sigstore.bundle+json;version=0.1", true),
        ("application/vnd.dev.sigstore.bundle+json;version=0.2", true),
        ("application/vnd.dev.sigstore.bundle+json;version=0.3", true),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", true),
        ("application/vnd.dev.sigstore.bundle.v0.4+json", false),
        ("", false),
    ] {
        let mut edited = bundle();
        edited["mediaType"] = media_type.into();
        match parse(&edited) {
            Ok(_) => assert!(known, "{media_type}"),
            Err(error) => assert!(
                !known && matches!(error, SigstoreError::Unsupported { .. }),
                "{media_type}: {error}"
            ),
        }
    }
}

#[test]
fn text_that_is_no_bundle_is_told_from_a_bad_one() {
    malformed(Bundle::parse(b"{"), "not JSON");
    malformed(Bundle::parse(b"[]"), "no object");
    malformed(Bundle::parse(b"{}"), "no media type");
    malformed(Bundle::parse(b"\xff"), "UTF-8");
    for (path, says) in [("verificationMaterial", "no object"), ("dsseEnvelope", "has none of")] {
        let mut edited = bundle();
        edited.as_object_mut().unwrap().remove(path);
        malformed(parse(&edited), says);
    }
}

#[test]
fn a_member_twice_is_refused() {
    let text = bundle().to_string();
    let twice = text.replacen("\"payload\":", "\"payload\":\"AAAA\",\"payload\":", 1);
    assert_ne!(text, twice);
    malformed(Bundle::parse(twice.as_bytes()), "stands twice");
}

#[test]
fn much_of_anything_is_refused() {
    let with = |path: &str, value: Value| {
        let mut edited = bundle();
        *edited.pointer_mut(path).unwrap() = value;
        parse(&edited)
    };
    malformed(with("/verificationMaterial/tlogEntries", vec![entry(); 9].into()), "9 items");
    assert!(with("/verificationMaterial/tlogEntries", vec![entry(); 8].into()).is_ok());
    malformed(with("/dsseEnvelope/payload", "A".repeat(4 << 20).into()), "more than the limit");
    let proof = |hashes: usize, note: usize| {
        let mut with_proof = entry();
        with_proof["inclusionProof"] = json!({
            "hashes": vec!["AAAA"; hashes],
            "checkpoint": { "envelope": "x".repeat(note) },
        });
        with("/verificationMaterial/tlogEntries/0", with_proof)
    };
    malformed(proof(65, 1), "65 items");
    malformed(proof(1, 20_000), "larger than 16384 bytes");
    let stamps = json!({ "rfc3161Timestamps": vec![json!({ "signedTimestamp": "AAAA" }); 9] });
    let material = json!({ "publicKey": { "hint": "" }, "timestampVerificationData": stamps });
    malformed(with("/verificationMaterial", material), "9 items");
    let chain = json!({ "x509CertificateChain": { "certificates": vec![json!({ "rawBytes": "AAAA" }); 9] } });
    malformed(with("/verificationMaterial", chain), "9 items");
}

#[test]
fn refusals_show_no_foreign_control_characters() {
    let mut edited = bundle();
    edited["mediaType"] = "\u{1b}[2J\u{202e}".into();
    let error = parse(&edited).unwrap_err().to_string();
    assert!(error.contains("\\u{1b}") && !error.contains('\u{202e}'), "{error:?}");
}

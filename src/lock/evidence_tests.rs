//! What a lock may say about who made an archive.

use serde_json::{Value, json};

use crate::lock::sample::{lockfile, name, package_pin, provenance};
use crate::lock::{LockError, entry_digest, parse, static_digest, write};
use crate::model::{Evidence, Pin, Pinned};

const OWN: &str = "/servers/notes/packages/node_modules~1@example~1server-notes/evidence";
const HELPER: &str = "/servers/notes/packages/node_modules~1helper/evidence";

/// The sample with one value replaced (or taken away with `None`), read again.
fn edited(at: &str, value: Option<Value>) -> Result<(), String> {
    let mut file: Value = serde_json::from_str(&write(&lockfile())).unwrap();
    let (parent, key) = at.rsplit_once('/').unwrap();
    let parent = file.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(key.to_owned(), value),
        None => parent.remove(key),
    };
    parse(&file.to_string()).map(drop).map_err(|error| error.to_string())
}

fn refused(at: &str, value: impl Into<Value>, why: &str) {
    let value = value.into();
    let error = edited(at, Some(value.clone())).expect_err(&format!("{at} {value}"));
    assert!(error.contains(why), "{at} {value}: {error}");
}

#[test]
fn nobody_writes_a_level_over_nothing() {
    assert_eq!(edited(&format!("{OWN}/level"), Some(json!("provenance"))), Ok(()));
    for wrong in ["hash", "signed", "Provenance", "provenance ", "", "slsa"] {
        refused(&format!("{OWN}/level"), json!(wrong), "`level` says something else");
    }
    refused(&format!("{HELPER}/level"), json!("provenance"), "`level` says something else");
    // The proof taken away and the word left.
    let error = edited(&format!("{OWN}/provenance"), None).unwrap_err();
    assert!(error.contains("`level` says something else"), "{error}");
    refused(HELPER, json!({"level": "hash"}), "holds nothing");
    refused(HELPER, json!({"level": "provenance"}), "holds nothing");
    refused(HELPER, json!({}), "missing field `level`");
    refused(HELPER, Value::Null, "invalid type: null");
    refused(&format!("{HELPER}/more"), json!(1), "unknown field `more`");
    refused(&format!("{OWN}/provenance/more"), json!(1), "unknown field `more`");
}

#[test]
fn version_1_has_no_evidence() {
    let text = write(&lockfile()).replacen("\"lockfileVersion\": 4", "\"lockfileVersion\": 1", 1);
    match parse(&text) {
        Err(LockError::Entry { problem, .. }) => assert!(problem.to_string().contains("version 1"), "{problem}"),
        other => panic!("{other:?}"),
    }
    let empty = json!({"kind": "mcp-pin/closure", "lockfileVersion": 1, "servers": {}});
    assert!(parse(&empty.to_string()).is_ok());
}

#[test]
fn no_text_of_an_identity_hides_anything() {
    for member in [
        "issuer",
        "signer",
        "repository",
        "repositoryId",
        "ownerId",
        "workflow",
        "builder",
        "ref",
        "commit",
    ] {
        let at = format!("{OWN}/provenance/{member}");
        refused(&at, json!("a\u{202e}b"), "invisible");
        refused(&at, json!("a\nb"), "invisible");
        refused(&at, json!(""), "empty");
        refused(&at, json!("a".repeat(2049)), "too long");
        assert_eq!(edited(&at, Some(json!("a".repeat(2048)))), Ok(()));
        let left_out = edited(&at, None);
        assert_eq!(left_out.is_ok(), !["issuer", "signer"].contains(&member), "{member}");
    }
    refused(&format!("{HELPER}/signature/keyid"), json!("a\u{200b}"), "invisible");
    refused(&format!("{HELPER}/signature/keyid"), json!(""), "empty");
    refused(&format!("{HELPER}/signature/keyid"), json!("k".repeat(257)), "too long");
}

#[test]
fn nothing_of_evidence_has_two_spellings() {
    let signature = format!("{HELPER}/signature/signature");
    for wrong in ["", "AAA", "AAAA=", "AAB=", " AAAA", "AA_-", "AAAA\n"] {
        refused(&signature, json!(wrong), "base64");
    }
    refused(&signature, json!("A".repeat(1028)), "too long");
    let published = format!("{OWN}/signature/published");
    for wrong in ["2025-01-28", "2025-01-28T12:00:00.500Z", "2025-01-28T13:00:00+01:00", "soon", ""] {
        refused(&published, json!(wrong), "`published`");
    }
    let digest = "a".repeat(64);
    let bundles = format!("{OWN}/provenance/bundles");
    refused(&bundles, json!([]), "without a bundle");
    refused(&bundles, json!([digest, digest]), "twice");
    refused(&bundles, json!(["b".repeat(64), digest]), "not sorted");
    refused(&bundles, json!([digest.to_uppercase()]), "is not a digest");
    let many = |count: usize| json!((0..count).map(|n| format!("{n:064x}")).collect::<Vec<_>>());
    assert_eq!(edited(&bundles, Some(many(64))), Ok(()));
    refused(&bundles, many(65), "more than 64");
    refused(&format!("{OWN}/publish"), json!("../../x"), "is not a digest");
}

fn evidence(pin: &mut Pin) -> &mut Evidence {
    let Pinned::Package { closure, .. } = &mut pin.pinned else {
        unreachable!()
    };
    &mut closure.packages.get_mut(&closure.root.clone()).unwrap().archive_mut().evidence
}

type Edit = fn(&mut Evidence);

/// An approval of one signer is no approval of another.
#[test]
fn approvals_cover_every_field_of_evidence() {
    fn built(evidence: &mut Evidence) -> &mut crate::model::Provenance {
        evidence.provenance.get_or_insert_with(provenance)
    }
    let edits: &[Edit] = &[
        |evidence| evidence.signature = None,
        |evidence| evidence.signature.as_mut().unwrap().keyid.push('x'),
        |evidence| evidence.signature.as_mut().unwrap().signature = "AAAA".into(),
        |evidence| evidence.signature.as_mut().unwrap().published = None,
        |evidence| evidence.publish = None,
        |evidence| evidence.provenance = None,
        |evidence| built(evidence).identity.issuer.push('x'),
        |evidence| built(evidence).identity.signer.push('x'),
        |evidence| built(evidence).identity.repository = None,
        |evidence| built(evidence).identity.repository_id = Some("2".into()),
        |evidence| built(evidence).identity.owner_id = Some("2".into()),
        |evidence| built(evidence).identity.workflow = None,
        |evidence| built(evidence).identity.builder = Some("self-hosted".into()),
        |evidence| built(evidence).git_ref = None,
        |evidence| built(evidence).commit = None,
        |evidence| assert!(built(evidence).bundles.pop_first().is_some()),
    ];
    let server = name("notes");
    let mut seen = std::collections::BTreeSet::from([static_digest(&server, &package_pin())]);
    for (index, edit) in edits.iter().enumerate() {
        let mut pin = package_pin();
        edit(evidence(&mut pin));
        assert!(seen.insert(static_digest(&server, &pin)), "{index}");
        assert_ne!(entry_digest(&server, &pin), entry_digest(&server, &package_pin()), "{index}");
        let mut lockfile = lockfile();
        lockfile.servers.insert(server.clone(), pin);
        assert_eq!(parse(&write(&lockfile)), Ok(lockfile), "{index}");
    }
}

#[test]
fn what_the_reader_would_refuse_is_told_before_it_is_pinned() {
    let mut pin = package_pin();
    assert_eq!(super::check_evidence(evidence(&mut pin)), Ok(()));
    evidence(&mut pin).provenance.as_mut().unwrap().bundles.clear();
    assert!(super::check_evidence(evidence(&mut pin)).is_err());
    evidence(&mut pin).provenance = None;
    evidence(&mut pin).signature.as_mut().unwrap().signature = "not base64".into();
    assert!(super::check_evidence(evidence(&mut pin)).is_err());
}

//! The samples of the fuzz targets: a private Sigstore's root and keys, and what it signed about one
//! archive. Its keys are made for this and thrown away, so all of it changes together:
//!
//!     MCP_PIN_WRITE_SAMPLES=1 cargo test --test it the_fuzz_samples_prove

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_pin::model::{Integrity, Sha256Digest};
use mcp_pin::verify::attest::{self, Document, KeySet, NpmSubject, PypiSubject, Refused, Trust};
use mcp_pin::verify::sigstore::Root;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use super::bundle::reply;
use super::{Build, Flavour, NOON, Signing, Statement, World};

const NAME: &str = "@example/server";
const VERSION: &str = "1.2.3";
const WHEEL: &str = "example_server-1.2.3-py3-none-any.whl";

/// A sample that proves nothing would have the fuzzer mutate rubbish.
#[test]
#[expect(clippy::disallowed_methods, reason = "the samples are written anew only where that is asked for")]
fn the_fuzz_samples_prove() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/samples/world");
    if std::env::var_os("MCP_PIN_WRITE_SAMPLES").is_some() {
        write(&folder);
    }
    let text = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let trust = Trust {
        root: Root::parse(&String::from_utf8(text("trusted_root.json")).unwrap()).unwrap(),
        keys: KeySet::parse(&text("keys.json")).unwrap(),
    };
    let archive = text("archive");
    let now = "2100-01-01T00:00:00Z".parse().unwrap();
    let (name, digest) = (NAME.parse().unwrap(), Integrity::Sha512(Sha512::digest(&archive).into()));
    let subject = NpmSubject {
        name: &name,
        version: VERSION,
        archive: &digest,
    };
    let documents = attest::read_npm_reply(&text("reply.json")).unwrap();
    let proven = attest::prove_npm(&trust, subject, &[], &documents, now).unwrap();
    assert!(proven.evidence().provenance.is_some() && proven.evidence().publish.is_some());
    for name in ["stamped.json", "second.json"] {
        let document = Document::new(&text(name)).unwrap();
        assert!(attest::prove_npm(&trust, subject, &[], &[document], now).is_ok(), "{name}");
    }
    let digest = Integrity::Sha256(*Sha256Digest::of(&archive).as_bytes());
    let subject = PypiSubject {
        file_name: WHEEL,
        archive: &digest,
    };
    let python = |provenance: &[u8]| attest::prove_pypi(&trust, subject, &attest::read_pep740(provenance).unwrap(), now);
    let honest = text("pep740.json");
    assert!(python(&honest).unwrap().evidence().provenance.is_some());
    // What the index says of the publisher is not signed: where the certificate differs, it is a lie.
    for (member, lie) in [
        ("repository", "evil/server"),
        ("workflow", "other.yml"),
        ("kind", "GitLab"),
        ("kind", "Google"),
    ] {
        let mut swapped: Value = serde_json::from_slice(&honest).unwrap();
        swapped["attestation_bundles"][0]["publisher"][member] = lie.into();
        let refused = python(swapped.to_string().as_bytes()).unwrap_err();
        assert!(matches!(refused, Refused::Forged { .. }), "{member} {lie}: {refused}");
    }
}

fn write(folder: &Path) {
    let archive = std::fs::read(folder.join("archive")).unwrap();
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&archive)));
    let world = World::new();
    world.write(folder);
    let build = Build::github("example/server");
    let statement = Statement::provenance(NAME, VERSION, &integrity, &build);
    let publish = Statement::publish(NAME, VERSION, &integrity, "https://registry.example.test");
    // The stamps have this machine's time.
    let now = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
    )
    .unwrap();
    let with = |flavour, at| Signing {
        flavour,
        ..Signing::at(at)
    };
    let first = world.attest(&build, &statement);
    let registry = world.attest_with(&world.registry, &publish, NOON);
    // The type of what a trusted publisher says; in pieces, since it begins like an index's address.
    let publisher = concat!("https://docs.py", "pi.org/attestations/publish/v1");
    let sha256 = Sha256Digest::of(&archive).to_string();
    let wheel = json!([{"name": WHEEL, "digest": {"sha256": sha256}}]);
    let python = statement
        .clone()
        .with("/subject", wheel)
        .with("/predicateType", publisher)
        .with("/predicate", Value::Null);
    let python = world.attest(&build, &python);
    let material = &python["verificationMaterial"];
    let envelope = &python["dsseEnvelope"];
    let pep740 = json!({"version": 1, "attestation_bundles": [{
        "publisher": {"kind": "GitHub", "repository": "example/server", "workflow": "release.yml", "environment": null, "claims": null},
        "attestations": [{
            "version": 1,
            "verification_material": {"certificate": material["certificate"]["rawBytes"], "transparency_entries": material["tlogEntries"]},
            "envelope": {"statement": envelope["payload"], "signature": envelope["signatures"][0]["sig"]},
        }],
    }]});
    for (name, value) in [
        ("first.json", first.clone()),
        (
            "stamped.json",
            world.attest_as(with(Flavour::FirstStamped, now), &build, &statement),
        ),
        ("second.json", world.attest_as(with(Flavour::Second, now), &build, &statement)),
        ("message.json", world.sign_bytes(with(Flavour::First, NOON), &build, &archive)),
        ("publish.json", registry.clone()),
        ("pep740.json", pep740),
        ("signatures.json", json!([world.registry.signature(NAME, VERSION, &integrity)])),
        ("reply.json", reply(&[(statement, first), (publish, registry)])),
    ] {
        std::fs::write(folder.join(name), value.to_string()).unwrap();
    }
}

//! npm: registry signatures, publish attestations, provenance.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_pin::model::{Level, RegistrySignature};
use mcp_pin::verify::Verified;
use mcp_pin::verify::attest::{Document, KeySet, NpmSubject, Trust, prove_npm};
use serde_json::{Value, json};

use super::{GITHUB, OLD_KEY, changed, data, documents, is_forged, is_undecidable, now, npm, prove, sha256, sha512, stored, trust};

/// The commits of the releases of npm's `sigstore`, all by one repository.
const NPM: [(&str, &str, &str, &str); 8] = [
    (
        "pacote/valid-attestations.json",
        "0.4.0",
        "8a2ee2fd20dda58ffa4a8d808a65cb1e04711c03",
        "publish.yml",
    ),
    (
        "sigstore-1.0.0.attestations.json",
        "1.0.0",
        "06528997c3c8ab9f864fad9a3658446aca7fd86d",
        "publish.yml",
    ),
    (
        "sigstore-1.3.0.provenance.sigstore.json",
        "1.3.0",
        "dae8bd8eb433a4147b4655c00fe73e0f22bc0fb1",
        "release.yml",
    ),
    (
        "sigstore-2.1.0.provenance.v0.1.sigstore.json",
        "2.1.0",
        "26d16513386ffaa790b1c32f927544f1322e4194",
        "release.yml",
    ),
    (
        "sigstore-2.1.0.provenance.v0.3.sigstore.json",
        "2.1.0",
        "26d16513386ffaa790b1c32f927544f1322e4194",
        "release.yml",
    ),
    (
        "sigstore-2.3.1.attestations.json",
        "2.3.1",
        "46e7056ff9912ebfee5298d94024895a9fea76c0",
        "release.yml",
    ),
    (
        "sigstore-5.0.0.attestations.json",
        "5.0.0",
        "7d2900eca1c22b3f87c13987c8d4b7c9a29b733a",
        "release.yml",
    ),
    ("sigstore-1.3.0.publish.sigstore.json", "1.3.0", "", ""),
];

#[test]
fn every_npm_bundle_holds_against_its_archive() {
    let Some(data) = data() else { return };
    for (file, version, commit, workflow) in NPM {
        let Some(archive) = npm("sigstore", version) else { return };
        let documents = documents(&data.join("npm").join(file));
        let archive = sha512(&archive);
        let proven = prove(&trust(), ("sigstore", version), &archive, &documents).unwrap_or_else(|error| panic!("{file}: {error}"));
        let evidence = proven.evidence();
        assert_eq!(proven.checked().len(), documents.len(), "{file}");
        assert_eq!(evidence.bundles().len(), documents.len(), "{file}");
        assert!(proven.logged_at().is_some(), "{file}");
        let again = prove(&trust(), ("sigstore", version), &archive, &stored(&documents)).unwrap();
        assert_eq!(again, proven, "{file}: the store proves the same");
        if commit.is_empty() {
            assert_eq!(evidence.level(), Level::Signed);
            let line = &proven.checked()[0];
            assert!(line.starts_with("publish attestation") && line.contains(OLD_KEY), "{line}");
            continue;
        }
        assert_eq!(evidence.level(), Level::Provenance, "{file}");
        assert_eq!(evidence.publish.is_some(), documents.len() == 2, "{file}");
        let provenance = evidence.provenance.as_ref().unwrap();
        assert_eq!(provenance.commit.as_deref(), Some(commit), "{file}");
        assert_eq!(provenance.identity.issuer, GITHUB);
        assert_eq!(
            provenance.identity.repository.as_deref(),
            Some("https://github.com/sigstore/sigstore-js")
        );
        assert_eq!(provenance.identity.workflow, Some(format!(".github/workflows/{workflow}")));
        assert!(provenance.identity.builder.is_some(), "{file}");
        let line = proven.checked().iter().find(|line| line.starts_with("SLSA provenance v")).unwrap();
        assert!(
            line.contains(&format!("certificate by {GITHUB} for https://github.com/sigstore/sigstore-js/")),
            "{line}"
        );
        assert!(line.contains(", logged at 202"), "{line}");
    }
}

#[test]
fn signature_and_attestations_of_one_version_are_pinned_together() {
    let Some(data) = data() else { return };
    let Some(archive) = npm("sigstore", "5.0.0") else { return };
    let all: Vec<Value> = serde_json::from_slice(&std::fs::read(data.join("npm-keys/registry-signatures.json")).unwrap()).unwrap();
    let Some(real) = all.iter().find(|real| real["name"] == "sigstore" && real["version"] == "5.0.0") else {
        panic!("no signature of sigstore 5.0.0");
    };
    let signature = RegistrySignature {
        keyid: real["keyid"].as_str().unwrap().to_owned(),
        signature: real["sig"].as_str().unwrap().to_owned(),
        published: None,
    };
    let name = "sigstore".parse().unwrap();
    let archive = sha512(&archive);
    let documents = documents(&data.join("npm/sigstore-5.0.0.attestations.json"));
    let judge = |version: &str, archive: &Verified| {
        let subject = NpmSubject {
            name: &name,
            version,
            archive: archive.integrity(),
        };
        prove_npm(&trust(), subject, std::slice::from_ref(&signature), &documents, now())
    };
    let proven = judge("5.0.0", &archive).unwrap();
    assert_eq!(proven.evidence().signature.as_ref(), Some(&signature));
    assert_eq!(proven.checked().len(), 3);
    assert!(
        proven.checked()[0].starts_with("registry signature by key SHA256:DhQ8"),
        "{:?}",
        proven.checked()
    );
    assert!(
        proven
            .run()
            .unwrap()
            .starts_with("https://github.com/sigstore/sigstore-js/actions/runs/")
    );
    is_forged(judge("5.0.1", &archive), "is not over `sigstore@5.0.1:");
    is_forged(judge("5.0.0", &sha512(b"other")), "is not over `sigstore@5.0.0:");
}

#[test]
fn a_true_npm_bundle_proves_nothing_of_anything_else() {
    let Some(data) = data() else { return };
    let (Some(bytes), Some(other)) = (npm("sigstore", "2.3.1"), npm("sigstore", "2.1.0")) else {
        return;
    };
    let file = data.join("npm/sigstore-2.3.1.attestations.json");
    let (archive, other) = (sha512(&bytes), sha512(&other));
    let true_ones = documents(&file);
    prove(&trust(), ("sigstore", "2.3.1"), &archive, &true_ones).unwrap();
    let about = |name, version, archive: &Verified| prove(&trust(), (name, version), archive, &true_ones);
    is_forged(about("sigstore", "2.3.1", &other), "other bytes");
    is_forged(about("tuf-js", "2.3.1", &archive), "not about `pkg:npm/tuf-js@2.3.1`");
    is_forged(about("@s/sigstore", "2.3.1", &archive), "not about `pkg:npm/%40s/sigstore@2.3.1`");
    is_forged(about("sigstore", "2.3.2", &archive), "not about `pkg:npm/sigstore@2.3.2`");
    is_undecidable(about("sigstore", "2.3.1", &sha256(&bytes)), "only a SHA-256 digest");

    let foreign = documents(&data.join("npm/sigstore-2.1.0.provenance.v0.3.sigstore.json"));
    let mixed = [true_ones.clone(), foreign].concat();
    is_forged(prove(&trust(), ("sigstore", "2.3.1"), &archive, &mixed), "other bytes");

    let ours = ("sigstore", "2.3.1");
    let relabelled = changed(&file, |reply| {
        reply["attestations"][0]["predicateType"] = json!("https://slsa.dev/provenance/v1");
    });
    is_forged(prove(&trust(), ours, &archive, &relabelled), "the registry calls it");
    let early = "2024-05-16T00:00:00Z".parse().unwrap();
    let name = "sigstore".parse().unwrap();
    let subject = NpmSubject {
        name: &name,
        version: "2.3.1",
        archive: archive.integrity(),
    };
    is_forged(prove_npm(&trust(), subject, &[], &true_ones, early), "in the future");
}

#[test]
fn a_publish_attestation_counts_by_its_key_alone() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "2.3.1") else { return };
    let file = data.join("npm/sigstore-2.3.1.attestations.json");
    let archive = sha512(&bytes);
    let target: Value = serde_json::from_slice(&std::fs::read(data.join("npm-keys/keys.json")).unwrap()).unwrap();
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut target = target.clone();
        change(target["keys"].as_array_mut().unwrap());
        let trust = Trust {
            keys: KeySet::parse(target.to_string().as_bytes()).unwrap(),
            ..trust()
        };
        prove(&trust, ("sigstore", "2.3.1"), &archive, &documents(&file))
    };
    with(&|_| {}).unwrap();
    let window = |member: &'static str, time: &'static str| {
        move |keys: &mut Vec<Value>| {
            for key in keys {
                key["publicKey"]["validFor"][member] = json!(time);
            }
        }
    };
    is_forged(with(&window("end", "2024-05-01T00:00:00Z")), "did not count at 2024-05-16");
    is_forged(with(&window("start", "2024-06-01T00:00:00Z")), "did not count at 2024-05-16");
    is_undecidable(with(&|keys| keys.retain(|key| key["keyId"] != OLD_KEY)), "mcp-pin trust refresh");
    is_undecidable(
        with(&|keys| keys.retain(|key| key["keyUsage"] == "npm:signatures")),
        "for attestations",
    );
    let swap = |keys: &mut Vec<Value>| {
        let new = keys[2]["publicKey"]["rawBytes"].clone();
        keys.retain(|key| key["keyId"] == OLD_KEY);
        for key in keys {
            key["publicKey"]["rawBytes"] = new.clone();
        }
    };
    is_forged(with(&swap), "");
}

/// What npm's own client refuses, and what each is here.
#[test]
fn every_reply_that_npms_client_refuses_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "0.4.0") else { return };
    let archive = sha512(&bytes);
    let judge = |documents: &[Document]| prove(&trust(), ("sigstore", "0.4.0"), &archive, documents);
    let of = |file: &str| judge(&documents(&data.join(format!("npm/pacote/{file}-attestations.json"))));
    is_undecidable(of("invalid"), "it is no Sigstore bundle");
    is_undecidable(of("unsupported"), "tlog-entry-mismatch");
    is_forged(of("malformed-subject"), "missing field `digest`");
    is_forged(of("mismatched-keyid"), "who signed is said twice");
    is_forged(of("mismatched-subject-digest"), "the signature does not hold");
    is_forged(of("mismatched-subject-name"), "the signature does not hold");
    is_forged(of("no-keyid"), "");

    // The key ids alone, nothing else being wrong.
    let keyid = |id: &str| {
        changed(&data.join("npm/pacote/valid-attestations.json"), |reply| {
            reply["attestations"][1]["bundle"]["dsseEnvelope"]["signatures"][0]["keyid"] = json!(id);
        })
    };
    judge(&keyid(OLD_KEY)).unwrap();
    is_forged(judge(&keyid("")), "does not name the key");
    is_forged(judge(&keyid("SHA256:else")), "its two key ids differ");
}

#[test]
fn a_broken_signature_of_either_document_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "2.3.1") else { return };
    for file in [
        "sigstore-2.3.1.invalid-provenance-signature.json",
        "sigstore-2.3.1.invalid-publish-signature.json",
    ] {
        let documents = documents(&data.join("npm/tampered").join(file));
        is_forged(prove(&trust(), ("sigstore", "2.3.1"), &sha512(&bytes), &documents), "");
    }
}

/// A flipped bit anywhere in what is signed or vouched for.
#[test]
fn one_changed_byte_in_any_part_of_a_bundle_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "5.0.0") else { return };
    let archive = sha512(&bytes);
    let file = data.join("npm/sigstore-5.0.0.attestations.json");
    let entry = "verificationMaterial/tlogEntries/0";
    for part in [
        "dsseEnvelope/payload",
        "dsseEnvelope/signatures/0/sig",
        "verificationMaterial/certificate/rawBytes",
        &format!("{entry}/inclusionPromise/signedEntryTimestamp"),
        &format!("{entry}/inclusionProof/rootHash"),
        &format!("{entry}/inclusionProof/hashes/0"),
        &format!("{entry}/canonicalizedBody"),
    ] {
        let documents = changed(&file, |reply| {
            let place = reply.pointer_mut(&format!("/attestations/1/bundle/{part}")).unwrap();
            let mut raw = STANDARD.decode(place.as_str().unwrap()).unwrap();
            let middle = raw.len() / 2;
            raw[middle] ^= 1;
            *place = json!(STANDARD.encode(raw));
        });
        let result = prove(&trust(), ("sigstore", "5.0.0"), &archive, &documents);
        assert!(result.is_err(), "{part} was changed and proved all the same");
    }
}

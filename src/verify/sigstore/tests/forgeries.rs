//! Every forgery of every real bundle is refused, and with a sentence that names it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bundles::{self, Sample, all, folder, now, public_good};
use super::edits::FORGERIES;
use crate::model::Integrity;
use crate::verify::sigstore::{Artifact, Bundle, By, Root, SigstoreError, prove};

const CERTIFICATES: [&str; 2] = [
    "/verificationMaterial/certificate/rawBytes",
    "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
];

const STAMP: &str = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0";

/// A bundle about something else by somebody else, as alike as possible: a swap has something to
/// swap in.
fn other<'a>(samples: &'a [Sample], mine: &Sample) -> &'a Value {
    let [single, chain] = CERTIFICATES;
    let alike = |sample: &&Sample| {
        let same = |path: &str| mine.bundle.pointer(path).is_some() == sample.bundle.pointer(path).is_some();
        [STAMP, single, chain, "/dsseEnvelope"]
            .into_iter()
            .filter(|path| same(path))
            .count()
    };
    let differs = |sample: &&Sample| {
        let own = |path: &str| {
            mine.bundle
                .pointer(path)
                .is_none_or(|value| Some(value) != sample.bundle.pointer(path))
        };
        own("/verificationMaterial/tlogEntries/0/canonicalizedBody") && own(single) && own(chain)
    };
    let kind = |sample: &&Sample| sample.key.is_some() == mine.key.is_some();
    let found = samples.iter().filter(differs).filter(kind).max_by_key(alike);
    &found.unwrap_or_else(|| panic!("nothing to swap into {}", mine.name)).bundle
}

#[test]
fn every_forgery_is_refused_by_its_name() {
    let Some(folder) = folder() else { return };
    let samples = all(&folder);
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for sample in &samples {
        assert!(
            sample.judge(&sample.text()).is_ok(),
            "{} must hold before it is forged",
            sample.name
        );
        let other = other(&samples, sample);
        for forgery in FORGERIES {
            let Some(forged) = (forgery.edit)(&sample.bundle, other) else {
                continue;
            };
            assert_ne!(forged, sample.bundle, "{}: `{}` changes nothing", sample.name, forgery.name);
            *tried.entry(forgery.name).or_default() += 1;
            match sample.judge(&serde_json::to_vec(&forged).unwrap()) {
                Ok(_) => wrong.push(format!("{}: `{}` was accepted", sample.name, forgery.name)),
                Err(error) => {
                    let said = error.to_string();
                    if !forgery.says.is_empty() && !forgery.says.iter().any(|says| said.contains(says)) {
                        wrong.push(format!("{}: `{}` was refused with `{said}`", sample.name, forgery.name));
                    }
                }
            }
        }
    }
    let total: usize = tried.values().sum();
    eprintln!("forgeries: {total} of {} bundles, {} wrong", samples.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    let never: Vec<_> = FORGERIES
        .iter()
        .filter(|forgery| !tried.contains_key(forgery.name))
        .map(|forgery| forgery.name)
        .collect();
    assert!(never.is_empty(), "never tried: {never:?}");
}

/// Refused, by a sentence with these words in it.
fn refused(sample: &Sample, result: Result<impl Sized, SigstoreError>, says: &str) {
    let Err(error) = result else {
        panic!("{}: accepted, `{says}` was expected", sample.name)
    };
    assert!(matches!(error, SigstoreError::Refused { .. }), "{}: {error:?}", sample.name);
    assert!(error.to_string().contains(says), "{}: {error}", sample.name);
}

#[test]
fn other_bytes_are_refused() {
    let Some(folder) = folder() else { return };
    for sample in all(&folder) {
        let bundle = sample.parsed();
        let others = [Integrity::Sha256([7; 32]), Integrity::Sha512([7; 64])];
        let artifacts = others.iter().map(Artifact::Digest).chain([Artifact::Bytes(b"other bytes")]);
        for artifact in artifacts {
            let result = prove(&sample.root, &bundle, artifact, sample.by(), now());
            if sample.bundle["messageSignature"].is_object() && matches!(artifact, Artifact::Digest(Integrity::Sha512(_))) {
                assert!(result.is_err(), "{}", sample.name);
            } else {
                refused(&sample, result, "about other bytes");
            }
        }
    }
}

#[test]
fn a_key_and_a_certificate_never_stand_in_for_each_other() {
    let Some(folder) = folder() else { return };
    let samples = all(&folder);
    let key = samples.iter().find_map(|sample| sample.key.clone()).unwrap();
    for sample in &samples {
        let bundle = sample.parsed();
        let (by, says) = match sample.key {
            Some(_) => (By::Certificate, "bare key"),
            None => (By::Key(&key), "signed with a certificate"),
        };
        refused(sample, prove(&sample.root, &bundle, sample.artifact(), by, now()), says);
    }
}

#[test]
fn another_key_is_refused() {
    let Some(folder) = folder() else { return };
    let samples: Vec<_> = bundles::npm(&folder).into_iter().filter(|sample| sample.key.is_some()).collect();
    let mut tried = 0;
    for sample in &samples {
        let others = samples
            .iter()
            .filter_map(|other| other.key.as_ref())
            .filter(|key| Some(*key) != sample.key.as_ref());
        for key in others {
            let result = prove(&sample.root, &sample.parsed(), sample.artifact(), By::Key(key), now());
            refused(sample, result, "signature does not hold");
            tried += 1;
        }
    }
    assert!(tried > 0, "the samples know two keys");
}

#[test]
fn another_root_proves_nothing() {
    let Some(folder) = folder() else { return };
    let staging = sigstore_verify::trust_root::SigstoreInstance::Staging.embedded_trusted_root_json();
    let staging = Root::parse(staging).unwrap();
    for sample in bundles::npm(&folder).into_iter().chain(bundles::pypi(&folder)) {
        let result = prove(&staging, &sample.parsed(), sample.artifact(), sample.by(), now());
        refused(&sample, result, "of the trust root");
    }
    for sample in bundles::conformance(&folder)
        .into_iter()
        .filter(|sample| sample.root.digest() != public_good().digest())
    {
        let result = prove(&public_good(), &sample.parsed(), sample.artifact(), sample.by(), now());
        refused(&sample, result, "trust root");
    }
}

#[test]
fn a_time_to_come_is_refused() {
    let Some(folder) = folder() else { return };
    for sample in all(&folder) {
        let bundle = sample.parsed();
        let proof = prove(&sample.root, &bundle, sample.artifact(), sample.by(), now()).unwrap();
        let latest = proof.times().iter().max().copied().unwrap();
        let second = jiff::SignedDuration::from_secs(1);
        assert!(
            prove(&sample.root, &bundle, sample.artifact(), sample.by(), latest).is_ok(),
            "{}",
            sample.name
        );
        refused(
            &sample,
            prove(&sample.root, &bundle, sample.artifact(), sample.by(), latest - second),
            "in the future",
        );
    }
}

#[test]
fn forgeries_by_others_are_refused() {
    let Some(folder) = folder() else { return };
    let root = public_good();
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("pypi/mutations")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        let digest = bundles::own_digest(&value);
        let result = Bundle::parse(&text).and_then(|bundle| prove(&root, &bundle, Artifact::Digest(&digest), By::Certificate, now()));
        assert!(result.is_err(), "{} was accepted", path.display());
        count += 1;
    }
    assert_eq!(count, 9);
}

/// What the npm project and the SLSA verifier publish as bad: which attestation of each file is
/// refused here. Names, labels and predicates of well-signed ones are `verify::attest`'s.
#[test]
fn broken_signatures_of_npm_are_refused() {
    let Some(folder) = folder() else { return };
    let broken = "signature does not hold";
    // Each file holds two attestations; what the refusal of each says, or nothing for a good one.
    let expected: [(&str, [&str; 2]); 10] = [
        ("sigstore-2.3.1.invalid-provenance-signature.json", ["", broken]),
        ("sigstore-2.3.1.invalid-publish-signature.json", [broken, ""]),
        ("invalid-attestations.json", ["", "no Sigstore bundle: Invalid encoding"]),
        ("malformed-subject-attestations.json", ["", "failed to parse in-toto statement"]),
        ("mismatched-keyid-attestations.json", ["", ""]),
        ("mismatched-subject-digest-attestations.json", ["", broken]),
        ("mismatched-subject-name-attestations.json", ["", broken]),
        ("no-keyid-attestations.json", [broken, ""]),
        ("unsupported-attestations.json", ["", "unsupported DSSE payload type"]),
        ("valid-attestations.json", ["", ""]),
    ];
    let found = bundles::bad_npm(&folder);
    assert_eq!(found.len(), expected.len());
    for ((name, results), (expected_name, says)) in found.iter().zip(expected) {
        assert_eq!((name.as_str(), results.len()), (expected_name, 2));
        for (result, says) in results.iter().zip(says) {
            match result {
                Ok(()) => assert_eq!(says, "", "{name}"),
                Err(error) => assert!(!says.is_empty() && error.contains(says), "{name}: {error}"),
            }
        }
    }
}

//! Real bundles, as the registries gave them, hold; and who signed them.

use super::bundles::{self, Sample, folder};
use crate::model::Identity;

const GITHUB: &str = "https://token.actions.githubusercontent.com";

#[test]
fn every_real_bundle_is_proved() {
    let Some(folder) = folder() else { return };
    let (npm, pypi) = (bundles::npm(&folder), bundles::pypi(&folder));
    assert_eq!((npm.len(), pypi.len()), (12, 8));
    for sample in npm.iter().chain(&pypi) {
        let proof = sample
            .judge(&sample.text())
            .unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        assert_eq!(proof.identity().is_none(), sample.key.is_some(), "{}", sample.name);
        assert_eq!(proof.entries().len(), 1, "{}", sample.name);
        assert_eq!(proof.logged_at(), proof.entries()[0].time(), "{}", sample.name);
        assert!(
            proof.logged_at().is_some() && proof.statement().is_some_and(|text| text.starts_with(b"{")),
            "{}",
            sample.name
        );
    }
}

/// The sample whose name begins so, and that names an identity.
fn named(samples: Vec<Sample>, name: &str) -> Sample {
    samples
        .into_iter()
        .find(|sample| sample.name.starts_with(name) && sample.key.is_none())
        .unwrap()
}

#[test]
fn a_github_build_says_who_it_was() {
    let Some(folder) = folder() else { return };
    let sample = named(bundles::npm(&folder), "sigstore-5.0.0");
    let proof = sample.judge(&sample.text()).unwrap();
    let expected = Identity {
        issuer: GITHUB.into(),
        signer: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml".into(),
        repository: Some("https://github.com/sigstore/sigstore-js".to_owned()),
        repository_id: Some("495574555".to_owned()),
        owner_id: Some("71096353".to_owned()),
        workflow: Some(".github/workflows/release.yml".to_owned()),
        builder: Some("github-hosted".to_owned()),
    };
    assert_eq!(proof.identity(), Some(&expected));
    assert_eq!(proof.git_ref(), Some("refs/heads/main"));
    assert_eq!(proof.commit(), Some("7d2900eca1c22b3f87c13987c8d4b7c9a29b733a"));
    assert_eq!(
        proof.run(),
        Some("https://github.com/sigstore/sigstore-js/actions/runs/26781866618/attempts/1")
    );
    assert_eq!((proof.trigger(), proof.visibility()), (Some("push"), Some("public")));
}

#[test]
fn an_old_certificate_says_less_and_nothing_is_made_up() {
    let Some(folder) = folder() else { return };
    let sample = named(bundles::npm(&folder), "sigstore-1.0.0");
    let proof = sample.judge(&sample.text()).unwrap();
    let expected = Identity {
        issuer: GITHUB.into(),
        signer: "https://github.com/sigstore/sigstore-js/.github/workflows/publish.yml".into(),
        repository: Some("https://github.com/sigstore/sigstore-js".to_owned()),
        repository_id: None,
        owner_id: None,
        workflow: Some(".github/workflows/publish.yml".to_owned()),
        builder: None,
    };
    assert_eq!(proof.identity(), Some(&expected));
    assert_eq!(proof.git_ref(), Some("refs/tags/v1.0.0"));
    assert_eq!(proof.run(), None);
}

#[test]
fn other_hosts_are_understood() {
    let Some(folder) = folder() else { return };
    let identity = |name: &str| {
        let sample = named(bundles::pypi(&folder), name);
        sample.judge(&sample.text()).unwrap().identity().unwrap().clone()
    };
    let gitlab = identity("gitlab");
    assert_eq!(
        gitlab.repository,
        Some("https://gitlab.com/facutuesca/gitlab-oidc-project".to_owned())
    );
    assert_eq!(
        (gitlab.workflow, gitlab.builder),
        (Some(".gitlab-ci.yml".to_owned()), Some("gitlab-hosted".to_owned()))
    );
    let circle = identity("circleci");
    assert_eq!(
        circle.repository,
        Some("https://github.com/CircleCI-Public/sign-and-publish-examples".to_owned())
    );
    assert_eq!(
        (circle.workflow, circle.builder),
        (None, None),
        "an address of the run, and two quotes"
    );
    let google = identity("sampleproject-3");
    assert_eq!(google.signer, "919436158236-compute@developer.gserviceaccount.com");
    assert_eq!(
        (google.issuer.as_str(), google.repository, google.workflow),
        ("https://accounts.google.com", None, None)
    );
}

#[test]
fn what_was_checked_of_the_log_is_said() {
    let Some(folder) = folder() else { return };
    let checks = |sample: &Sample| sample.judge(&sample.text()).unwrap().log_checks().join("; ");
    let old = checks(&named(bundles::npm(&folder), "sigstore-1.0.0"));
    assert_eq!(
        old,
        "entry 12988397 of https://rekor.sigstore.dev: signed entry timestamp alone: the log's promise, without proof that it was kept"
    );
    let new = checks(&named(bundles::npm(&folder), "sigstore-5.0.0"));
    assert_eq!(
        new,
        "entry 1697019812 of https://rekor.sigstore.dev: inclusion proof, checkpoint and signed entry timestamp"
    );
    let second = checks(&named(bundles::conformance(&folder), "rekor2-happy-path"));
    assert_eq!(
        second,
        "entry 735 of https://log2025-alpha1.rekor.sigstage.dev: inclusion proof and checkpoint; time signed by a timestamp authority"
    );
}

/// v0.1 knows entries with the log's promise alone. A bundle that lost its proof on the way says so.
#[test]
fn a_bundle_without_its_proof_is_worth_less() {
    let Some(folder) = folder() else { return };
    let mut sample = named(bundles::npm(&folder), "sigstore-2.1.0.provenance.v0.1");
    assert!(sample.judge(&sample.text()).unwrap().entries()[0].inclusion());
    let entry = sample.bundle.pointer_mut("/verificationMaterial/tlogEntries/0").unwrap();
    entry.as_object_mut().unwrap().remove("inclusionProof").unwrap();
    let proof = sample.judge(&sample.text()).unwrap();
    assert!(!proof.entries()[0].inclusion() && proof.entries()[0].signed_timestamp());
}

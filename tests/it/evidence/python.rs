//! Python: PEP 740 attestations by every kind of publisher.

use mcp_pin::model::Level;
use mcp_pin::verify::attest::{Document, read_pep740};
use serde_json::{Value, json};

use super::{GITHUB, asset, data, documents, is_forged, is_undecidable, prove_file, sdist, sha256, sha512, stored, wheel};

/// A Python vector: its file, the archive's name, and who signed.
struct Python {
    file: &'static str,
    archive: Option<Vec<u8>>,
    issuer: &'static str,
    repository: Option<&'static str>,
}

fn python() -> [(&'static str, Python); 8] {
    let github = |file, archive, repository| Python {
        file,
        archive,
        issuer: GITHUB,
        repository: Some(repository),
    };
    let abi3info = "https://github.com/woodruffw/abi3info";
    [
        (
            "abi3info-2024.10.3-py3-none-any.whl",
            github(
                "abi3info-2024.10.3-py3-none-any.whl.provenance",
                wheel("abi3info", "2024.10.3"),
                abi3info,
            ),
        ),
        (
            "abi3info-2024.10.8-py3-none-any.whl",
            github(
                "abi3info-2024.10.8-py3-none-any.whl.provenance",
                wheel("abi3info", "2024.10.8"),
                abi3info,
            ),
        ),
        (
            "abi3info-2024.10.8.tar.gz",
            github("abi3info-2024.10.8.tar.gz.provenance", sdist("abi3info", "2024.10.8"), abi3info),
        ),
        (
            "sampleproject-4.0.0.tar.gz",
            github(
                "sampleproject-4.0.0.tar.gz.provenance",
                sdist("sampleproject", "4.0.0"),
                "https://github.com/pypa/sampleproject",
            ),
        ),
        (
            "sampleproject-3.0.0.tar.gz",
            Python {
                file: "sampleproject-3.0.0.tar.gz.publish.attestation",
                archive: sdist("sampleproject", "3.0.0"),
                issuer: "https://accounts.google.com",
                repository: None,
            },
        ),
        (
            "pypi_attestations-0.0.19.tar.gz",
            github(
                "pypi_attestations-0.0.19.tar.gz.provenance",
                asset("pypi_attestations-0.0.19.tar.gz"),
                "https://github.com/trailofbits/pypi-attestations",
            ),
        ),
        (
            "gitlab_oidc_project-0.0.3.tar.gz",
            Python {
                file: "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
                archive: asset("gitlab_oidc_project-0.0.3.tar.gz"),
                issuer: "https://gitlab.com",
                repository: Some("https://gitlab.com/facutuesca/gitlab-oidc-project"),
            },
        ),
        (
            "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl",
            Python {
                file: "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.provenance",
                archive: asset("circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl"),
                issuer: "https://oidc.circleci.com",
                repository: Some("https://github.com/CircleCI-Public/sign-and-publish-examples"),
            },
        ),
    ]
}

#[test]
fn every_python_attestation_holds_against_its_file_alone() {
    let Some(data) = data() else { return };
    for (name, vector) in python() {
        let Some(bytes) = &vector.archive else { continue };
        let archive = sha256(bytes);
        let documents = documents(&data.join("pypi").join(vector.file));
        let proven = prove_file(name, &archive, &documents).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(proven.evidence().level(), Level::Provenance, "{name}");
        let identity = &proven.evidence().provenance.as_ref().unwrap().identity;
        assert_eq!(
            (identity.issuer.as_str(), identity.repository.as_deref()),
            (vector.issuer, vector.repository),
            "{name}"
        );
        assert!(proven.checked()[0].contains(name), "{:?}", proven.checked());
        assert_eq!(
            prove_file(name, &archive, &stored(&documents)).unwrap().evidence(),
            proven.evidence()
        );

        is_forged(prove_file(name, &sha256(b"other"), &documents), "other bytes");
        is_forged(prove_file("other-1.0.tar.gz", &archive, &documents), "not about `other-1.0.tar.gz`");
        is_undecidable(prove_file(name, &sha512(bytes), &documents), "only a SHA-512 digest");
        is_undecidable(prove_file("archive", &archive, &documents), "no name of a wheel");
    }
}

#[test]
fn publish_attestation_and_slsa_provenance_of_one_file_agree() {
    let name = "pypi_attestations-0.0.19.tar.gz";
    let Some(bytes) = asset(name) else { return };
    let of = |kind: &str| read_pep740(&asset(&format!("{name}.{kind}.attestation")).unwrap()).unwrap();
    let both = [of("publish"), of("slsa")].concat();
    let proven = prove_file(name, &sha256(&bytes), &both).unwrap();
    assert_eq!(proven.evidence().provenance.as_ref().unwrap().bundles.len(), 2);
    assert!(proven.checked().iter().any(|line| line.starts_with("SLSA provenance v1")));

    let gcb = "gcb_attestation_test-0.0.0.tar.gz";
    let documents = read_pep740(&asset(&format!("{gcb}.provenance")).unwrap()).unwrap();
    let proven = prove_file(gcb, &sha256(&asset(gcb).unwrap()), &documents).unwrap();
    assert!(proven.checked()[0].contains("publisher Google agrees"), "{:?}", proven.checked());
}

#[test]
fn a_publisher_that_is_swapped_is_refused() {
    let Some(data) = data() else { return };
    let name = "abi3info-2024.10.3-py3-none-any.whl";
    let Some(bytes) = wheel("abi3info", "2024.10.3") else { return };
    let text = std::fs::read(data.join("pypi").join(format!("{name}.provenance"))).unwrap();
    let with = |publisher: Value| {
        let mut provenance: Value = serde_json::from_slice(&text).unwrap();
        provenance["attestation_bundles"][0]["publisher"] = publisher;
        prove_file(name, &sha256(&bytes), &read_pep740(provenance.to_string().as_bytes()).unwrap())
    };
    let proven = with(json!({"kind": "GitHub", "repository": "WoodruffW/abi3info", "workflow": "release.yml"})).unwrap();
    assert!(proven.checked()[0].contains("publisher GitHub agrees"), "{:?}", proven.checked());
    let says = "but the certificate says";
    is_forged(
        with(json!({"kind": "GitHub", "repository": "pypa/pip", "workflow": "release.yml"})),
        says,
    );
    is_forged(
        with(json!({"kind": "GitHub", "repository": "woodruffw/abi3info", "workflow": "other.yml"})),
        says,
    );
    is_forged(
        with(json!({"kind": "GitLab", "repository": "woodruffw/abi3info", "workflow_filepath": "release.yml"})),
        says,
    );
    is_forged(with(json!({"kind": "Google", "email": "a@b.example"})), says);
}

#[test]
fn every_forged_python_bundle_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = wheel("sigstore", "4.5.0") else { return };
    let archive = sha256(&bytes);
    let mut count = 0;
    for file in std::fs::read_dir(data.join("pypi/mutations")).unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read(&file).unwrap();
        let result = prove_file("sigstore-4.5.0-py3-none-any.whl", &archive, &[Document::new(&text).unwrap()]);
        // Two of them hold a checkpoint that is no checkpoint: malformed, and so no pass either.
        let name = file.file_name().unwrap().to_string_lossy();
        if name.contains("forged-set-and-proof") || name.contains("forged-inclusion-proof") {
            is_undecidable(result, "it is no Sigstore bundle");
        } else {
            is_forged(result, "");
        }
        count += 1;
    }
    assert_eq!(count, 9);
}

//! The Sigstore project's own conformance suite for verifiers.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

use super::bundles::{folder, now, public_good};
use crate::model::Integrity;
use crate::verify::sigstore::{Artifact, Bundle, By, Proof, PublicKey, Root, prove};

const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

fn cases() -> Option<Vec<PathBuf>> {
    let folder = folder()?.join("conformance/bundle-verify");
    let mut cases: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    Some(cases)
}

fn optional(case: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(case.join(name)).ok()
}

fn key(pem: &str) -> Result<PublicKey, String> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body).map_err(|error| format!("no key: {error}"))?;
    PublicKey::from_spki(&der).map_err(|error| error.to_string())
}

fn artifact(case: &Path) -> Vec<u8> {
    let path = case.join("artifact");
    let path = if path.is_file() {
        path
    } else {
        case.parent().unwrap().join("a.txt")
    };
    std::fs::read(path).unwrap()
}

/// What a client of the suite does: trust root, bundle, proof, then the identity it was told.
fn run(case: &Path, artifact: Artifact<'_>) -> Result<Proof, String> {
    let root = match optional(case, "trusted_root.json") {
        Some(text) => Root::parse(&text).map_err(|error| error.to_string())?,
        None => public_good(),
    };
    let bundle = std::fs::read(case.join("bundle.sigstore.json")).unwrap();
    let bundle = Bundle::parse(&bundle).map_err(|error| error.to_string())?;
    let key = optional(case, "key.pub").map(|pem| key(&pem)).transpose()?;
    let by = key.as_ref().map_or(By::Certificate, By::Key);
    let proof = prove(&root, &bundle, artifact, by, now()).map_err(|error| error.to_string())?;
    if let Some(identity) = proof.identity() {
        let wanted = optional(case, "identity").unwrap_or_else(|| BEACON.to_owned());
        let wanted = wanted.trim();
        let issuer = optional(case, "issuer").unwrap_or_else(|| ISSUER.to_owned());
        let (signer, git_ref) = wanted
            .split_once("@refs/")
            .map_or((wanted, None), |(signer, rest)| (signer, Some(format!("refs/{rest}"))));
        if signer != identity.signer || (proof.git_ref().is_some() && proof.git_ref() != git_ref.as_deref()) {
            return Err(format!("another identity: {} at {:?}", identity.signer, proof.git_ref()));
        }
        if issuer.trim() != identity.issuer {
            return Err(format!("another issuer: {}", identity.issuer));
        }
    }
    Ok(proof)
}

#[test]
fn no_case_is_judged_wrongly() {
    let Some(cases) = cases() else { return };
    assert_eq!(cases.len(), 70, "the suite has 70 cases");
    let (mut accepted, mut refused, mut wrong) = (0, 0, Vec::new());
    for case in &cases {
        let name = case.file_name().unwrap().to_str().unwrap();
        let bytes = artifact(case);
        let digest = Integrity::Sha256(sha2::Sha256::digest(&bytes).into());
        for (input, artifact) in [("file", Artifact::Bytes(&bytes)), ("digest", Artifact::Digest(&digest))] {
            match (run(case, artifact), name.ends_with("_fail")) {
                (Ok(_), false) => accepted += 1,
                (Err(error), true) => {
                    println!("{name} ({input}): {error}");
                    refused += 1;
                }
                (Ok(_), true) => wrong.push(format!("{name} ({input}) was accepted")),
                (Err(error), false) => wrong.push(format!("{name} ({input}) was refused: {error}")),
            }
        }
    }
    eprintln!(
        "conformance: {accepted} rightly accepted, {refused} rightly refused, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!((accepted, refused), (42, 98));
}

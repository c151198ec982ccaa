//! PEP 740: what a Python index delivers, converted to Sigstore bundles.
//!
//! The attacks: a provenance object of a later version read with the rules of this one; a publisher
//! swapped for a better-known name. The object is a container that nobody signed: only what it
//! carries can be proved.

use serde_json::{Map, Value, json};

use super::document::{Document, list, malformed, read};
use super::gather::Signer;
use super::source::names_same_repository;
use super::{Refused, Undecidable, forged, quoted};

const WHAT: &str = "the index's provenance object";

/// The documents in a PEP 740 provenance object (`attestation_bundles`), or in a single attestation
/// object, converted to bundles v0.3.
///
/// # Errors
/// It is malformed or of another version: nothing is decided, least of all that there are none.
pub fn read_pep740(provenance: &[u8]) -> Result<Vec<Document>, Undecidable> {
    let value = read(WHAT, provenance)?;
    is_version_1(&value)?;
    if value.get("envelope").is_some() {
        return document(&value).map(|document| vec![document]);
    }
    let mut documents = Vec::new();
    for bundle in list(&value, "attestation_bundles", WHAT)? {
        let publisher = Publisher::read(bundle.get("publisher"))?;
        for attestation in list(bundle, "attestations", WHAT)? {
            is_version_1(attestation)?;
            documents.push(document(attestation)?.published_by(publisher.clone()));
        }
    }
    Ok(documents)
}

fn is_version_1(value: &Value) -> Result<(), Undecidable> {
    match value.get("version").and_then(Value::as_u64) {
        Some(1) => Ok(()),
        Some(other) => Err(malformed(WHAT, &format!("version {other} is not known here"))),
        None => Err(malformed(WHAT, "it has no version")),
    }
}

fn document(attestation: &Value) -> Result<Document, Undecidable> {
    let text = |pointer: &str| {
        let text = attestation.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| malformed(WHAT, &format!("an attestation has no text `{pointer}`")))
    };
    let material = attestation.get("verification_material").unwrap_or(&Value::Null);
    let entries = list(material, "transparency_entries", WHAT)?;
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": text("/verification_material/certificate")?},
            "tlogEntries": entries,
        },
        "dsseEnvelope": {
            "payload": text("/envelope/statement")?,
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": text("/envelope/signature")?}],
        },
    });
    Document::of(&bundle).ok_or_else(|| malformed(WHAT, "an attestation is no object"))
}

/// Who the index says has published. Unsigned: it can contradict a certificate, and prove nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Publisher {
    kind: String,
    members: Map<String, Value>,
}

impl Publisher {
    fn read(value: Option<&Value>) -> Result<Self, Undecidable> {
        let members = value.and_then(Value::as_object);
        let members = members.ok_or_else(|| malformed(WHAT, "a group of attestations names no publisher"))?;
        let kind = members.get("kind").and_then(Value::as_str);
        Ok(Self {
            kind: kind.ok_or_else(|| malformed(WHAT, "a publisher is of no kind"))?.to_owned(),
            members: members.clone(),
        })
    }

    /// Its kind, as the index names it, or that it is not one that can be compared.
    pub(super) fn kind(&self) -> String {
        quoted(&self.kind)
    }

    /// Whether the certificate is such a publisher's, as far as both speak of it.
    pub(super) fn agrees(&self, signer: &Signer) -> Result<(), Refused> {
        let identity = &signer.identity;
        let issuer = match self.kind.as_str() {
            "GitHub" => "https://token.actions.githubusercontent.com",
            "GitLab" => "https://gitlab.com",
            "Google" => "https://accounts.google.com",
            "CircleCI" => "https://oidc.circleci.com",
            "ActiveState" => "https://platform.activestate.com/api/v1/oauth/oidc",
            _ => return Ok(()),
        };
        self.same("issuer", Some(issuer), &identity.issuer, |a, b| a == b)?;
        let repository = identity.repository.as_deref().unwrap_or_default();
        let workflow = identity.workflow.as_deref().unwrap_or_default();
        let host = |host: &str| self.text("repository").map(|path| format!("https://{host}/{path}"));
        match self.kind.as_str() {
            "GitHub" => {
                self.same("repository", host("github.com").as_deref(), repository, names_same_repository)?;
                let path = self.text("workflow").map(|file| format!(".github/workflows/{file}"));
                self.same("workflow", path.as_deref(), workflow, |a, b| a == b)
            }
            "GitLab" => {
                self.same("repository", host("gitlab.com").as_deref(), repository, names_same_repository)?;
                self.same("workflow", self.text("workflow_filepath"), workflow, |a, b| a == b)
            }
            "Google" => self.same("e-mail address", self.text("email"), &identity.signer, |a, b| a == b),
            "CircleCI" => {
                let project = self.text("project_id").map(|id| format!("/projects/{id}/"));
                self.same("project", project.as_deref(), &identity.signer, |a, b| b.contains(a))?;
                let pipeline = self.text("pipeline_definition_id").map(|id| format!("/pipeline-definitions/{id}"));
                self.same("pipeline", pipeline.as_deref(), &identity.signer, |a, b| b.ends_with(a))?;
                self.same("repository", self.text("vcs_origin"), repository, names_same_repository)?;
                let git_ref = signer.git_ref.as_deref().unwrap_or_default();
                self.same("ref", self.text("vcs_ref"), git_ref, |a, b| a == b)
            }
            _ => Ok(()),
        }
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.members.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A certificate that does not say what the publisher says contradicts it as well.
    fn same(&self, what: &str, theirs: Option<&str>, certified: &str, same: impl Fn(&str, &str) -> bool) -> Result<(), Refused> {
        match theirs {
            Some(theirs) if !same(theirs, certified) => {
                let (kind, theirs, certified) = (quoted(&self.kind), quoted(theirs), quoted(certified));
                Err(forged(format!(
                    "the index names a {kind} publisher with the {what} `{theirs}`, but the certificate says `{certified}`"
                )))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Identity;

    fn attestation() -> Value {
        json!({
            "version": 1,
            "verification_material": {"certificate": "Y2VydA==", "transparency_entries": [{"logIndex": "1"}]},
            "envelope": {"statement": "c3Q=", "signature": "c2ln"}
        })
    }

    fn provenance() -> Value {
        let publisher = json!({"kind": "GitHub", "repository": "o/r", "workflow": "release.yml"});
        json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": [attestation()]}]})
    }

    fn take(value: &Value) -> Result<Vec<Document>, Undecidable> {
        read_pep740(value.to_string().as_bytes())
    }

    #[test]
    fn an_attestation_becomes_a_bundle() {
        let one = take(&attestation()).unwrap();
        let bundle: Value = serde_json::from_slice(one[0].json()).unwrap();
        assert_eq!(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json");
        assert_eq!(bundle["verificationMaterial"]["certificate"]["rawBytes"], "Y2VydA==");
        assert_eq!(bundle["verificationMaterial"]["tlogEntries"], json!([{"logIndex": "1"}]));
        assert_eq!(bundle["dsseEnvelope"]["payload"], "c3Q=");
        assert_eq!(bundle["dsseEnvelope"]["signatures"], json!([{"sig": "c2ln"}]));
        let all = take(&provenance()).unwrap();
        assert_eq!(all[0].digest(), one[0].digest(), "the container changes nothing");
        assert_eq!(all[0].publisher().unwrap().kind(), "GitHub");
        assert_eq!(one[0].publisher(), None);
    }

    #[test]
    fn a_malformed_object_never_says_that_there_is_none() {
        let mut bad = vec![
            json!({}),
            json!([]),
            json!(null),
            json!({"version": 1}),
            json!({"version": 1, "attestation_bundles": []}),
        ];
        let mut with = |pointer: &str, to: Value| {
            let mut value = provenance();
            *value.pointer_mut(pointer).unwrap() = to;
            bad.push(value);
        };
        with("/version", json!(2));
        with("/version", json!("1"));
        let first = "/attestation_bundles/0";
        with(&format!("{first}/publisher"), Value::Null);
        with(&format!("{first}/publisher"), json!({}));
        with(&format!("{first}/attestations"), json!([]));
        with(&format!("{first}/attestations/0/version"), json!(2));
        with(&format!("{first}/attestations/0/envelope/statement"), Value::Null);
        with(&format!("{first}/attestations/0/envelope/signature"), json!(""));
        with(&format!("{first}/attestations/0/verification_material"), Value::Null);
        with(&format!("{first}/attestations/0/verification_material/certificate"), json!(1));
        with(
            &format!("{first}/attestations/0/verification_material/transparency_entries"),
            json!([]),
        );
        for value in bad {
            let error = take(&value).unwrap_err();
            assert!(error.what.contains("is malformed"), "{value}: {}", error.what);
        }
        assert!(read_pep740(br#"{"version":1,"version":1}"#).is_err());
    }

    fn signer(issuer: &str, signer: &str, repository: Option<&str>, workflow: Option<&str>) -> Signer {
        Signer {
            identity: Identity {
                issuer: issuer.to_owned(),
                signer: signer.to_owned(),
                repository: repository.map(str::to_owned),
                repository_id: None,
                owner_id: None,
                workflow: workflow.map(str::to_owned),
                builder: None,
            },
            git_ref: Some("refs/heads/main".to_owned()),
            commit: None,
            run: None,
        }
    }

    fn agrees(publisher: &Value, signer: &Signer) -> bool {
        Publisher::read(Some(publisher)).unwrap().agrees(signer).is_ok()
    }

    /// Each publisher agrees with its own certificate, and with no member changed to another's.
    fn only_as_it_is(publisher: &Value, signer: &Signer, members: &[&str]) {
        assert!(agrees(publisher, signer), "{publisher}");
        for member in members {
            let mut other = publisher.clone();
            other[*member] = json!("other/other");
            assert!(!agrees(&other, signer), "{member}");
        }
        let somebody = self::signer("https://issuer.example", "somebody", None, None);
        assert!(!agrees(publisher, &somebody));
    }

    #[test]
    fn a_publisher_that_contradicts_the_certificate_is_refused() {
        only_as_it_is(
            &json!({"kind": "GitHub", "repository": "O/r", "workflow": "release.yml", "environment": ""}),
            &signer(
                "https://token.actions.githubusercontent.com",
                "https://github.com/o/r/.github/workflows/release.yml",
                Some("https://github.com/o/r"),
                Some(".github/workflows/release.yml"),
            ),
            &["repository", "workflow"],
        );
        only_as_it_is(
            &json!({"kind": "GitLab", "repository": "g/s/r", "workflow_filepath": ".gitlab-ci.yml"}),
            &signer(
                "https://gitlab.com",
                "https://gitlab.com/g/s/r//.gitlab-ci.yml",
                Some("https://gitlab.com/g/s/r"),
                Some(".gitlab-ci.yml"),
            ),
            &["repository", "workflow_filepath"],
        );
        only_as_it_is(
            &json!({"kind": "Google", "email": "a@b.example"}),
            &signer("https://accounts.google.com", "a@b.example", None, None),
            &["email"],
        );
        only_as_it_is(
            &json!({"kind": "CircleCI", "project_id": "p", "pipeline_definition_id": "d", "vcs_origin": "github.com/o/r", "vcs_ref": "refs/heads/main"}),
            &signer(
                "https://oidc.circleci.com",
                "https://circleci.com/api/v2/projects/p/pipeline-definitions/d",
                Some("https://github.com/o/r"),
                None,
            ),
            &["project_id", "pipeline_definition_id", "vcs_origin", "vcs_ref"],
        );
        only_as_it_is(
            &json!({"kind": "ActiveState"}),
            &signer("https://platform.activestate.com/api/v1/oauth/oidc", "x", None, None),
            &[],
        );
    }

    #[test]
    fn a_publisher_of_an_unknown_kind_says_nothing() {
        assert!(agrees(&json!({"kind": "New"}), &signer("https://issuer.example", "x", None, None)));
    }
}

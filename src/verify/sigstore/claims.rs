//! What a proved certificate says about its holder and the build.

use sigstore_verify::SubjectAltName;
use sigstore_verify::crypto::CertificateInfo;

use super::error::SigstoreError;
use super::identity::{self, Subject};
use crate::model::Identity;
use crate::surface::visible;
use crate::surface::visible::is_invisible;

/// Bytes of one claim: they go to terminals and into the lock.
const MAX_CLAIM: usize = 2048;

/// The claims of a certificate that was proved. Absent stays absent: nothing is made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) identity: Identity,
    pub(super) git_ref: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) run: Option<String>,
    pub(super) trigger: Option<String>,
    pub(super) visibility: Option<String>,
}

impl Claims {
    pub(super) fn of(certificate: &CertificateInfo) -> Result<Self, SigstoreError> {
        let claims = &certificate.ci_claims;
        let old = &claims.deprecated_github;
        let subject = certificate
            .identity
            .as_ref()
            .map(SubjectAltName::as_str)
            .filter(|name| !name.is_empty());
        let Some(subject) = subject else {
            return Err(SigstoreError::unsupported(
                "the certificate's subject is neither a URL nor an e-mail address",
            ));
        };
        let issuer = certificate.issuer.as_deref().filter(|issuer| !issuer.is_empty());
        let Some(issuer) = issuer else {
            return Err(SigstoreError::refused("the certificate does not say who vouched for its holder"));
        };
        let newer_or = |newer: &Option<String>, older: &Option<String>| given(newer.as_ref()).or_else(|| given(older.as_ref()));
        let found = Self {
            identity: identity::of(&Subject {
                name: subject,
                issuer,
                source_repository: claims.source_repository_uri.as_deref(),
                old_repository: old.workflow_repository.as_deref(),
                build_config: claims.build_config_uri.as_deref(),
                repository_id: given(claims.source_repository_identifier.as_ref()),
                owner_id: given(claims.source_repository_owner_identifier.as_ref()),
                runner: given(claims.runner_environment.as_ref()),
            }),
            git_ref: newer_or(&claims.source_repository_ref, &old.workflow_ref),
            commit: newer_or(&claims.source_repository_digest, &old.workflow_sha),
            run: given(claims.run_invocation_uri.as_ref()),
            trigger: newer_or(&claims.build_trigger, &old.workflow_trigger),
            visibility: given(claims.source_repository_visibility_at_signing.as_ref()),
        };
        found.showable()?;
        Ok(found)
    }

    /// The attack: a branch or workflow name that drives the terminal, or that looks like another.
    fn showable(&self) -> Result<(), SigstoreError> {
        let Identity {
            issuer,
            signer,
            repository,
            repository_id,
            owner_id,
            workflow,
            builder,
        } = &self.identity;
        let optional = [repository, repository_id, owner_id, workflow, builder];
        let others = [&self.git_ref, &self.commit, &self.run, &self.trigger, &self.visibility];
        let texts = optional.into_iter().chain(others).filter_map(Option::as_ref);
        for text in texts.chain([issuer, signer]) {
            if text.chars().any(is_invisible) {
                let shown = visible(&text.chars().take(80).collect::<String>());
                return Err(SigstoreError::refused(format!("the certificate hides characters in `{shown}`")));
            }
            if text.len() > MAX_CLAIM {
                return Err(SigstoreError::refused(format!(
                    "the certificate has a claim of {} bytes",
                    text.len()
                )));
            }
        }
        Ok(())
    }
}

/// An empty claim says nothing, and neither do two quotes (`CircleCI`).
fn given(claim: Option<&String>) -> Option<String> {
    claim.filter(|text| !matches!(text.as_str(), "" | "\"\"")).cloned()
}

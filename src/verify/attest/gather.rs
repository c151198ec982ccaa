//! What several documents prove together.
//!
//! The attack: two true attestations by different people over one archive, so that the one that is
//! looked at is not the one that is pinned. All provenance of an archive must be by one identity,
//! from one ref and commit.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::document::{Document, MANY};
use super::{Proven, Refused, forged, quoted, undecidable};
use crate::model::{Evidence, Identity, Integrity, Provenance, RegistrySignature, Sha256Digest};
use crate::verify::sigstore::{Artifact, Bundle, By, Proof, Root, SigstoreError, prove};

/// Who signed, from the certificate alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signer {
    pub(super) identity: Identity,
    pub(super) git_ref: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) run: Option<String>,
}

impl Signer {
    pub(super) fn of(proof: &Proof) -> Result<Self, Refused> {
        let identity = proof.identity().ok_or_else(|| undecidable("the certificate names nobody"))?;
        Ok(Self {
            identity: identity.clone(),
            git_ref: proof.git_ref().map(str::to_owned),
            commit: proof.commit().map(str::to_owned),
            run: proof.run().map(str::to_owned),
        })
    }

    /// `certificate by ISSUER for SIGNER`.
    pub(super) fn line(&self) -> String {
        format!(
            "certificate by {} for {}",
            quoted(&self.identity.issuer),
            quoted(&self.identity.signer)
        )
    }
}

/// One proved document that names who built the archive.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attested {
    pub(super) signer: Signer,
    /// The statement's own word for what ran the build.
    pub(super) builder: Option<String>,
}

/// What one document turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Publish,
    Provenance(Box<Attested>),
    /// A kind that is not known here: counts for nothing.
    Unknown,
}

/// Collects what is proved.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    signature: Option<RegistrySignature>,
    publish: BTreeSet<Sha256Digest>,
    attested: Vec<(Attested, Sha256Digest)>,
    checked: Vec<String>,
    logged_at: Option<Timestamp>,
}

impl Gathered {
    pub(super) fn signed(&mut self, signature: Option<RegistrySignature>, checked: Vec<String>) {
        self.signature = signature;
        self.checked.extend(checked);
    }

    pub(super) fn take(&mut self, document: &Document, kind: Kind, checked: String, logged_at: Option<Timestamp>) {
        match kind {
            Kind::Publish => drop(self.publish.insert(document.digest())),
            Kind::Provenance(attested) => self.attested.push((*attested, document.digest())),
            Kind::Unknown => {}
        }
        self.checked.push(checked);
        self.logged_at = self.logged_at.into_iter().chain(logged_at).min();
    }

    /// The proof, if all provenance is by one identity.
    pub(super) fn proven(self) -> Result<Proven, Refused> {
        let run = self.attested.iter().find_map(|(attested, _)| attested.signer.run.clone());
        Ok(Proven {
            evidence: Evidence {
                signature: self.signature,
                publish: self.publish.first().copied(),
                provenance: one_identity(self.attested)?,
            },
            checked: self.checked,
            logged_at: self.logged_at,
            run,
        })
    }
}

fn one_identity(attested: Vec<(Attested, Sha256Digest)>) -> Result<Option<Provenance>, Refused> {
    let mut all = attested.into_iter();
    let Some((first, digest)) = all.next() else { return Ok(None) };
    let mut together = first;
    let mut bundles = BTreeSet::from([digest]);
    for (next, digest) in all {
        let (one, two) = (&together.signer, &next.signer);
        if one.identity != two.identity {
            let (one, two) = (quoted(&one.identity.signer), quoted(&two.identity.signer));
            return Err(forged(format!(
                "two identities claim to have built this archive: {one} and {two} (or what their certificates say of the source differs)"
            )));
        }
        together.signer.git_ref = agreed("ref", together.signer.git_ref, next.signer.git_ref)?;
        together.signer.commit = agreed("commit", together.signer.commit, next.signer.commit)?;
        together.builder = agreed("builder", together.builder, next.builder)?;
        bundles.insert(digest);
    }
    let Attested { signer, builder } = together;
    let mut identity = signer.identity;
    identity.builder = identity.builder.or(builder);
    Ok(Some(Provenance {
        identity,
        git_ref: signer.git_ref,
        commit: signer.commit,
        bundles,
    }))
}

fn agreed(what: &str, one: Option<String>, two: Option<String>) -> Result<Option<String>, Refused> {
    match (one, two) {
        (Some(one), Some(two)) if one != two => {
            let (one, two) = (quoted(&one), quoted(&two));
            Err(forged(format!(
                "two attestations of this archive name different {what}s: `{one}` and `{two}`"
            )))
        }
        (one, two) => Ok(one.or(two)),
    }
}

/// The documents, each once.
pub(super) fn each(documents: &[Document]) -> Result<Vec<&Document>, Refused> {
    if documents.len() > MANY {
        return Err(undecidable(format!("there are more than {MANY} attestations for one archive")));
    }
    let mut once: Vec<&Document> = Vec::new();
    for document in documents {
        if !once.contains(&document) {
            once.push(document);
        }
    }
    Ok(once)
}

/// Words that say which document an error is about.
pub(super) fn place(document: &Document) -> String {
    let digest = document.digest().to_string();
    format!("the attestation {}", digest.get(..12).unwrap_or(&digest))
}

pub(super) fn parse(document: &Document) -> Result<Bundle, Refused> {
    Bundle::parse(document.json()).map_err(refused)
}

/// The proof of a bundle over the archive, and the statement that was signed.
pub(super) fn proof(root: &Root, bundle: &Bundle, archive: &Integrity, by: By<'_>, now: Timestamp) -> Result<Proof, Refused> {
    let proof = prove(root, bundle, Artifact::Digest(archive), by, now).map_err(refused)?;
    if proof.statement().is_none() {
        return Err(forged("it signs the archive alone: nothing that is signed names the package"));
    }
    Ok(proof)
}

fn refused(error: SigstoreError) -> Refused {
    match error {
        SigstoreError::Refused { cause } => forged(cause),
        SigstoreError::Malformed { .. } | SigstoreError::Unsupported { .. } => undecidable(error.to_string()),
    }
}

/// `, logged at TIME (what the log entry was proved with)`.
pub(super) fn logged(proof: &Proof) -> String {
    let time = proof.logged_at().map_or_else(String::new, |time| format!(", logged at {time}"));
    format!("{time} ({})", proof.log_checks().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attested(signer: &str, commit: Option<&str>, builder: Option<&str>) -> Attested {
        Attested {
            signer: Signer {
                identity: Identity {
                    issuer: "https://issuer.example".to_owned(),
                    signer: signer.to_owned(),
                    repository: None,
                    repository_id: None,
                    owner_id: None,
                    workflow: None,
                    builder: None,
                },
                git_ref: Some("refs/tags/v1".to_owned()),
                commit: commit.map(str::to_owned),
                run: None,
            },
            builder: builder.map(str::to_owned),
        }
    }

    fn together(all: &[Attested]) -> Result<Option<Provenance>, Refused> {
        let digest = |at: usize| Sha256Digest::of([u8::try_from(at).unwrap()]);
        one_identity(
            all.iter()
                .cloned()
                .enumerate()
                .map(|(at, attested)| (attested, digest(at)))
                .collect(),
        )
    }

    #[test]
    fn one_identity_may_attest_twice() {
        assert_eq!(together(&[]).unwrap(), None);
        let both = [attested("a", None, None), attested("a", Some("c"), Some("b"))];
        let provenance = together(&both).unwrap().unwrap();
        assert_eq!(provenance.bundles.len(), 2);
        assert_eq!(provenance.commit.as_deref(), Some("c"));
        assert_eq!(provenance.identity.builder.as_deref(), Some("b"));
    }

    #[test]
    fn two_builders_of_one_archive_are_refused() {
        let forged = |one: Attested, two: Attested, what: &str| {
            for pair in [[one.clone(), two.clone()], [two, one]] {
                let error = together(&pair).unwrap_err();
                assert!(matches!(&error, Refused::Forged { attack } if attack.contains(what)), "{error}");
            }
        };
        forged(attested("a", None, None), attested("b", None, None), "two identities");
        forged(attested("a", Some("1"), None), attested("a", Some("2"), None), "different commits");
        forged(attested("a", None, Some("x")), attested("a", None, Some("y")), "different builders");
    }

    #[test]
    fn the_certificates_word_for_the_builder_counts() {
        let mut one = attested("a", None, Some("statement"));
        one.signer.identity.builder = Some("certificate".to_owned());
        let provenance = together(&[one]).unwrap().unwrap();
        assert_eq!(provenance.identity.builder.as_deref(), Some("certificate"));
    }

    #[test]
    fn a_document_that_comes_twice_counts_once() {
        let document = Document::new(b"{}").unwrap();
        assert_eq!(each(&[document.clone(), document.clone()]).unwrap().len(), 1);
        assert!(each(&vec![document; MANY + 1]).is_err());
    }
}

//! Evidence about Python distributions: PEP 740 attestations.
//!
//! The publisher that an index names beside its attestations is not signed. It is never believed;
//! but where it contradicts the certificate, somebody swapped one of them.

use jiff::Timestamp;

use super::document::Document;
use super::filename::Distribution;
use super::gather::{Attested, Gathered, Kind, Signer, each, logged, parse, place, proof};
use super::statement::{PYPI_PUBLISH, SLSA_V1, Statement};
use super::{Proven, PypiSubject, Refused, Trust, forged, quoted, slsa, undecidable};
use crate::model::Integrity;
use crate::verify::sigstore::By;

/// Proves everything that was delivered about a Python distribution's file.
///
/// The order of its checks is the one in the [module's documentation](super).
///
/// # Errors
/// As [`super::prove_npm`].
pub fn prove_pypi(trust: &Trust, subject: PypiSubject<'_>, documents: &[Document], now: Timestamp) -> Result<Proven, Refused> {
    let mut gathered = Gathered::default();
    if documents.is_empty() {
        return gathered.proven();
    }
    // 1. The archive's digest is SHA-256.
    if !matches!(subject.archive, Integrity::Sha256(_)) {
        return Err(undecidable(
            "only a SHA-512 digest of the file is known, and a Python index's attestations are over SHA-256: they cannot be about it",
        ));
    }
    // 2. Each document.
    for document in each(documents)? {
        let (kind, checked, logged_at) = judge(trust, subject, document, now).map_err(|error| error.within(&place(document)))?;
        gathered.take(document, kind, checked, logged_at);
    }
    // 3. One identity.
    gathered.proven()
}

type Judged = (Kind, String, Option<Timestamp>);

fn judge(trust: &Trust, subject: PypiSubject<'_>, document: &Document, now: Timestamp) -> Result<Judged, Refused> {
    let PypiSubject { file_name, archive } = subject;
    let bundle = parse(document)?;
    // 2.1 A certificate.
    if !bundle.has_certificate() {
        return Err(forged("it names a key: a Python index takes attestations by certificates only"));
    }
    // 2.2 The bundle is proved.
    let proof = proof(&trust.root, &bundle, archive, By::Certificate, now)?;
    // 2.3 One subject: this file, these bytes.
    let statement = Statement::read(proof.statement().unwrap_or_default())?;
    is_about(&statement, file_name)?;
    statement.is_about_bytes(archive)?;
    // 2.4 The publisher is the certificate's.
    let signer = Signer::of(&proof)?;
    let publisher = match document.publisher() {
        None => String::new(),
        Some(publisher) => {
            publisher.agrees(&signer)?;
            format!(" (the index's publisher {} agrees)", publisher.kind())
        }
    };
    // 2.5 The kind, and for SLSA the source.
    let logged = logged(&proof);
    let Some((what, builder)) = meaning(&statement, &signer)? else {
        let kind = quoted(&statement.predicate_type);
        let line = format!("passed over a signed statement of the unknown kind `{kind}`: it counts for nothing");
        return Ok((Kind::Unknown, line, proof.logged_at()));
    };
    let line = format!("{what} for {}: {}{publisher}{logged}", quoted(file_name), signer.line());
    Ok((Kind::Provenance(Box::new(Attested { signer, builder })), line, proof.logged_at()))
}

/// What a statement by a certificate is called, with the builder it names; `None` where its kind is
/// not known here.
fn meaning(statement: &Statement, signer: &Signer) -> Result<Option<(&'static str, Option<String>)>, Refused> {
    match statement.predicate_type.as_str() {
        PYPI_PUBLISH => Ok(Some(("publish attestation v1", None))),
        slsa @ SLSA_V1 => {
            let builder = slsa::agree(slsa, &statement.predicate, signer)?;
            Ok(Some(("SLSA provenance v1", builder)))
        }
        _ => Ok(None),
    }
}

/// The statement's file name is ours, as far as a Python index tells names apart.
fn is_about(statement: &Statement, file_name: &str) -> Result<(), Refused> {
    let ours = Distribution::parse(file_name)
        .ok_or_else(|| undecidable(format!("`{}` is no name of a wheel or a source distribution", quoted(file_name))))?;
    if Distribution::parse(&statement.name) == Some(ours) {
        return Ok(());
    }
    let (theirs, ours) = (quoted(&statement.name), quoted(file_name));
    Err(forged(format!(
        "the signed statement is about the file `{theirs}`, not about `{ours}`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Identity;
    use serde_json::{Value, json};

    fn statement(name: &str, predicate_type: &str, predicate: &Value) -> Statement {
        let text = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name, "digest": {"sha256": "00"}}],
            "predicateType": predicate_type,
            "predicate": predicate,
        });
        Statement::read(text.to_string().as_bytes()).unwrap()
    }

    fn means(predicate_type: &str, predicate: &Value) -> Result<Option<&'static str>, Refused> {
        let signer = Signer {
            identity: Identity {
                issuer: "https://issuer.example".to_owned(),
                signer: "a@b.example".to_owned(),
                repository: Some("https://github.com/o/r".to_owned()),
                repository_id: None,
                owner_id: None,
                workflow: None,
                builder: None,
            },
            git_ref: None,
            commit: None,
            run: None,
        };
        let statement = statement("a-1.0.tar.gz", predicate_type, predicate);
        meaning(&statement, &signer).map(|meaning| meaning.map(|(what, _)| what))
    }

    #[test]
    fn only_the_two_known_kinds_count() {
        assert_eq!(means(PYPI_PUBLISH, &Value::Null).unwrap(), Some("publish attestation v1"));
        assert_eq!(means(SLSA_V1, &json!({})).unwrap(), Some("SLSA provenance v1"));
        let lie = json!({"buildDefinition": {"externalParameters": {"workflow": {"repository": "https://github.com/famous/project"}}}});
        assert!(matches!(means(SLSA_V1, &lie), Err(Refused::Forged { .. })));
        for other in ["https://slsa.dev/provenance/v0.2", "https://example.com/kind", ""] {
            assert_eq!(means(other, &json!({})).unwrap(), None, "{other}");
        }
    }

    #[test]
    fn the_subject_is_the_file_as_an_index_tells_names_apart() {
        let about = |name: &str| is_about(&statement(name, PYPI_PUBLISH, &Value::Null), "foo_bar-1.0.tar.gz");
        about("Foo.Bar-1.0.tar.gz").unwrap();
        for other in [
            "foo_bar-1.1.tar.gz",
            "foo_bar-1.0-py3-none-any.whl",
            "foo-1.0.tar.gz",
            "x",
            "pkg:pypi/foo-bar@1.0",
        ] {
            assert!(matches!(about(other), Err(Refused::Forged { .. })), "{other}");
        }
        let nameless = is_about(&statement("x", PYPI_PUBLISH, &Value::Null), "x");
        assert!(
            matches!(nameless, Err(Refused::Undecidable(_))),
            "two names that say nothing are not the same"
        );
    }
}

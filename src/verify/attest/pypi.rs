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
    let kind = statement.predicate_type.as_str();
    let (what, builder) = match kind {
        PYPI_PUBLISH => ("publish attestation v1", None),
        SLSA_V1 => ("SLSA provenance v1", slsa::agree(kind, &statement.predicate, &signer)?),
        other => {
            let line = format!(
                "passed over a signed statement of the unknown kind `{}`: it counts for nothing",
                quoted(other)
            );
            return Ok((Kind::Unknown, line, proof.logged_at()));
        }
    };
    let line = format!("{what} for {}: {}{publisher}{logged}", quoted(file_name), signer.line());
    Ok((Kind::Provenance(Box::new(Attested { signer, builder })), line, proof.logged_at()))
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

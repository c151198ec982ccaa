//! Evidence about npm packages: registry signatures, publish attestations, provenance.
//!
//! At least as strict as npm's own client (`npm audit signatures`), and stricter where it looks
//! away: one subject instead of the first, the key id of an attestation always named, the key's
//! time held against the proved time of the log, the predicate's kind held against who signed it.

use jiff::Timestamp;

use super::document::Document;
use super::gather::{Attested, Gathered, Kind, Signer, each, logged, parse, place, proof};
use super::keys::{Key, KeySet, Usage};
use super::statement::{NPM_PUBLISH, SLSA_V1, SLSA_V02, Statement, publish_predicate};
use super::{NpmSubject, Proven, Refused, Trust, forged, quoted, signature, slsa, undecidable};
use crate::model::{Integrity, PackageName, RegistrySignature};
use crate::verify::sigstore::{Bundle, By, Proof};

/// Proves everything that was delivered about an npm archive. Each document must prove something:
/// one that does not is an attack (or a fault) and is not passed over.
///
/// The order of its checks is the one in the [module's documentation](super).
///
/// # Errors
/// [`Refused::Forged`] names the attack; [`Refused::Undecidable`] what cannot be judged.
pub fn prove_npm(
    trust: &Trust,
    subject: NpmSubject<'_>,
    signatures: &[RegistrySignature],
    documents: &[Document],
    now: Timestamp,
) -> Result<Proven, Refused> {
    let mut gathered = Gathered::default();
    if signatures.is_empty() && documents.is_empty() {
        return gathered.proven();
    }
    // 1. The archive's digest is SHA-512.
    if !matches!(subject.archive, Integrity::Sha512(_)) {
        return Err(undecidable(
            "only a SHA-256 digest of the archive is known, and npm's signatures and attestations are over SHA-512: they cannot be about it",
        ));
    }
    // 2. Registry signatures.
    let signed = signature::check(&trust.keys, (subject.name, subject.version), subject.archive, signatures)?;
    gathered.signed(signed.pin, signed.checked);
    // 3. Each document.
    for document in each(documents)? {
        let judged = judge(trust, subject, document, now).map_err(|error| error.within(&place(document)))?;
        gathered.take(document, judged.kind, judged.checked, judged.logged_at);
    }
    // 4. One identity.
    gathered.proven()
}

struct Judged {
    kind: Kind,
    checked: String,
    logged_at: Option<Timestamp>,
}

fn judge(trust: &Trust, subject: NpmSubject<'_>, document: &Document, now: Timestamp) -> Result<Judged, Refused> {
    let NpmSubject { name, version, archive } = subject;
    let bundle = parse(document)?;
    // 3.1 A certificate, or one of the registry's keys.
    let key = signing_key(&trust.keys, &bundle)?;
    // 3.2 The bundle is proved.
    let by = key.map_or(By::Certificate, |key| By::Key(&key.public));
    let proof = proof(&trust.root, &bundle, archive, by, now)?;
    // 3.3 The key was valid at the proved time.
    if let Some(key) = key {
        was_valid(key, &proof)?;
    }
    // 3.4 One subject: this package, this version, these bytes.
    let statement = Statement::read(proof.statement().unwrap_or_default())?;
    statement.is_about_npm(name, version)?;
    statement.is_about_bytes(archive)?;
    // 3.5 The label says what the statement says.
    if let Some(label) = document.label().filter(|label| *label != statement.predicate_type) {
        let (label, signed) = (quoted(label), quoted(&statement.predicate_type));
        return Err(forged(format!("the registry calls it `{label}`, but what is signed is `{signed}`")));
    }
    // 3.6 The kind, and who may say such a thing.
    let by = match bundle.key_hint() {
        Some(key) => Who::Key(quoted(key)),
        None => Who::Certificate(Box::new(Signer::of(&proof)?)),
    };
    let (kind, checked) = kind(&statement, by, (name, version), &logged(&proof))?;
    Ok(Judged {
        kind,
        checked,
        logged_at: proof.logged_at(),
    })
}

/// The key that must have signed; `None` where a certificate does.
fn signing_key<'a>(keys: &'a KeySet, bundle: &Bundle) -> Result<Option<&'a Key>, Refused> {
    if bundle.has_certificate() {
        return match bundle.keyid() {
            None => Ok(None),
            Some(keyid) => Err(forged(format!(
                "it names the key `{}` and a certificate: who signed is said twice",
                quoted(keyid)
            ))),
        };
    }
    let hint = bundle
        .key_hint()
        .filter(|hint| !hint.is_empty())
        .ok_or_else(|| forged("it names neither a certificate nor a key"))?;
    match bundle.keyid() {
        Some(keyid) if keyid == hint => {}
        Some(keyid) => {
            let (hint, keyid) = (quoted(hint), quoted(keyid));
            return Err(forged(format!(
                "its two key ids differ: `{hint}` in the bundle, `{keyid}` in the envelope"
            )));
        }
        None => {
            return Err(forged(format!(
                "its envelope does not name the key `{}` that the bundle names",
                quoted(hint)
            )));
        }
    }
    let key = keys.find(hint, Usage::Attestations).ok_or_else(|| {
        undecidable(format!(
            "the key set knows no key `{}` for attestations; \
             `mcp-pin trust refresh` fetches the public registry's, `[trust] registry-keys` names a private one's",
            quoted(hint)
        ))
    })?;
    Ok(Some(key))
}

/// At every proved time, should there be several.
fn was_valid(key: &Key, proof: &Proof) -> Result<(), Refused> {
    if proof.times().is_empty() {
        return Err(undecidable("no proved time says whether the registry's key counted when it signed"));
    }
    match proof.times().iter().find(|time| !key.covers(**time)) {
        None => Ok(()),
        Some(time) => Err(forged(format!(
            "it is signed with a key of the registry that did not count at {time}, the proved time of signing"
        ))),
    }
}

/// Who has signed, proved.
enum Who {
    Key(String),
    Certificate(Box<Signer>),
}

/// What a proved statement counts for. A kind that only the registry may state is by its key, one
/// that only a builder may state by a certificate; never the other way round.
fn kind(statement: &Statement, by: Who, (name, version): (&PackageName, &str), logged: &str) -> Result<(Kind, String), Refused> {
    match (statement.predicate_type.as_str(), by) {
        (NPM_PUBLISH, Who::Key(key)) => {
            let registry = publish_predicate(&statement.predicate, name, version)?;
            let registry = registry.map_or_else(String::new, |registry| format!(" to {registry}"));
            let line = format!("publish attestation{registry} by the registry's key {key} for {name}@{version}{logged}");
            Ok((Kind::Publish, line))
        }
        (NPM_PUBLISH, Who::Certificate(_)) => Err(forged(
            "it says that the registry accepted the package, but it is signed with a certificate and not with a key of the registry",
        )),
        (SLSA_V02 | SLSA_V1, Who::Key(key)) => Err(forged(format!(
            "it is provenance signed with the registry's key `{key}`: a registry does not build, and a certificate is expected"
        ))),
        (slsa @ (SLSA_V02 | SLSA_V1), Who::Certificate(signer)) => {
            let builder = slsa::agree(slsa, &statement.predicate, &signer)?;
            let number = slsa.rsplit('/').next().unwrap_or_default();
            let line = format!("SLSA provenance {number} for {name}@{version}: {}{logged}", signer.line());
            Ok((Kind::Provenance(Box::new(Attested { signer: *signer, builder })), line))
        }
        (other, _) => {
            let line = format!(
                "passed over a signed statement of the unknown kind `{}`: it counts for nothing",
                quoted(other)
            );
            Ok((Kind::Unknown, line))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Identity, Level};
    use serde_json::{Value, json};

    fn statement(predicate_type: &str, predicate: &Value) -> Statement {
        let text = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "pkg:npm/a@1.0.0", "digest": {"sha512": "00"}}],
            "predicateType": predicate_type,
            "predicate": predicate,
        });
        Statement::read(text.to_string().as_bytes()).unwrap()
    }

    fn certificate() -> Who {
        Who::Certificate(Box::new(Signer {
            identity: Identity {
                issuer: "https://issuer.example".to_owned(),
                signer: "https://host.example/o/r/build.yml".to_owned(),
                repository: Some("https://host.example/o/r".to_owned()),
                repository_id: None,
                owner_id: None,
                workflow: None,
                builder: None,
            },
            git_ref: None,
            commit: None,
            run: None,
        }))
    }

    fn judged(predicate_type: &str, predicate: &Value, by: Who) -> Result<(Kind, String), Refused> {
        kind(&statement(predicate_type, predicate), by, (&"a".parse().unwrap(), "1.0.0"), "")
    }

    fn key() -> Who {
        Who::Key("k".to_owned())
    }

    #[test]
    fn each_kind_counts_by_its_own_signer_alone() {
        let publish = json!({"name": "a", "version": "1.0.0", "registry": "r"});
        assert_eq!(judged(NPM_PUBLISH, &publish, key()).unwrap().0, Kind::Publish);
        assert!(matches!(judged(SLSA_V1, &json!({}), certificate()).unwrap().0, Kind::Provenance(_)));
        assert!(matches!(judged(NPM_PUBLISH, &publish, certificate()), Err(Refused::Forged { .. })));
        for slsa in [SLSA_V02, SLSA_V1] {
            assert!(matches!(judged(slsa, &json!({}), key()), Err(Refused::Forged { .. })));
        }
        let other = json!({"name": "b", "version": "1.0.0"});
        assert!(matches!(judged(NPM_PUBLISH, &other, key()), Err(Refused::Forged { .. })));
    }

    #[test]
    fn an_unknown_kind_is_passed_over_aloud_and_counts_for_nothing() {
        for by in [key(), certificate()] {
            let (kind, line) = judged("https://example.com/kind", &json!({}), by).unwrap();
            assert!(line.contains("`https://example.com/kind`: it counts for nothing"), "{line}");
            let mut gathered = Gathered::default();
            gathered.take(&Document::new(b"{}").unwrap(), kind, line, None);
            let proven = gathered.proven().unwrap();
            assert_eq!((proven.evidence().level(), proven.checked().len()), (Level::Hash, 1));
        }
    }

    #[test]
    fn names_of_kinds_compare_exactly() {
        for almost in [
            "https://slsa.dev/provenance/v1/",
            "https://slsa.dev/provenance/v1.0",
            "HTTPS://slsa.dev/provenance/v1",
        ] {
            assert_eq!(judged(almost, &json!({}), certificate()).unwrap().0, Kind::Unknown);
        }
    }
}

//! Proving one file by hand: who signed it, against which root.
//!
//! Nothing is guessed: what a document is, its shape says, and what the file must be, its name. A
//! shape that is not known is an error, and a file without a single document proves nothing.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha512};

use super::lookup::{self, Offered};
use super::{Loaded, MAX_FILE, loaded, read};
use crate::error::Error;
use crate::model::{Identity, Integrity, Level, PackageName, RegistrySignature};
use crate::ops::{Context, Interact};
use crate::store;
use crate::surface::visible;
use crate::verify::attest::{self, Document, NpmSubject, Proven, PypiSubject, Refused, Undecidable};
use crate::verify::sigstore::{Artifact, Bundle, By, PublicKey, SigstoreError, prove};
use crate::verify::{ArchiveCheck, Verified, npm};

/// No archive of a registry is larger.
const MAX_ARCHIVE: u64 = 2 * 1024 * 1024 * 1024;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The file.
    pub file: PathBuf,
    /// Documents about it.
    pub attestations: Vec<PathBuf>,
    /// The npm package's name, where not the archive's own word is to count.
    pub name: Option<PackageName>,
    /// The npm package's version, likewise.
    pub version: Option<String>,
    /// The public key (PEM) that signed, where no certificate did.
    pub key: Option<PathBuf>,
}

/// The answer, and what it was proved against.
pub struct Checked {
    /// What the file is taken for: `npm NAME@VERSION`, a Python distribution, or just a file.
    pub subject: String,
    /// The digest of its bytes.
    pub digest: Integrity,
    /// The answer.
    pub verdict: Verdict,
    /// What it was proved against.
    pub against: Loaded,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Every document holds.
    Proved(Box<Answer>),
    /// Nothing is offered about it: the registry says so.
    Unsigned(String),
    /// A document does not hold: forged, swapped, or about something else.
    Refused(String),
    /// A document cannot be judged: never a pass.
    Undecided(String),
}

/// Who signed what.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The level that is reached.
    pub level: Level,
    /// Who signed; `None` where keys did.
    pub identity: Option<Identity>,
    /// The ref that was built.
    pub git_ref: Option<String>,
    /// The commit that was built.
    pub commit: Option<String>,
    /// The page of the run.
    pub run: Option<String>,
    /// The earliest proved time.
    pub logged_at: Option<Timestamp>,
    /// What exactly was checked.
    pub checked: Vec<String>,
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Npm,
    Pypi,
    File,
}

impl Kind {
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".tgz"]) {
            Self::Npm
        } else if ends(&[".whl", ".tar.gz"]) {
            Self::Pypi
        } else {
            Self::File
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Npm => "an npm archive",
            Self::Pypi => "a Python distribution",
            Self::File => "a file of another kind",
        }
    }
}

/// What a document is, by its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Bundle,
    NpmReply,
    Pep740,
}

/// What was delivered about a file: a text of one of the known shapes. Nothing in it is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Delivery {
    /// The file it was read from.
    from: PathBuf,
    /// The text.
    text: Vec<u8>,
}

/// The documents that the command line names; `None` without any: the registry is asked then.
fn given(question: &Question) -> Result<Option<Vec<Delivery>>, Error> {
    if question.attestations.is_empty() {
        return Ok(None);
    }
    let delivered = question.attestations.iter().map(|path| {
        Ok(Delivery {
            from: path.clone(),
            text: read(path, MAX_FILE)?,
        })
    });
    delivered.collect::<Result<_, Error>>().map(Some)
}

/// Proves one file against this machine's trust root.
///
/// # Errors
/// A file that cannot be read or is not what it must be, and a trust root that cannot be used. A
/// document that does not hold is an answer, no error.
pub async fn check(context: &Context, question: &Question, person: &dyn Interact) -> Result<Checked, Error> {
    let name = question
        .file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_owned();
    let kind = Kind::of(&name);
    let input = |what: &str, hint: &str| Error::TrustInput {
        path: question.file.clone(),
        what: what.to_owned(),
        hint: Some(hint.to_owned()),
    };
    if kind != Kind::Npm && (question.name.is_some() || question.version.is_some()) {
        return Err(input("it is no npm archive (`.tgz`)", "`--name` and `--version` are for those"));
    }
    if kind != Kind::File && question.key.is_some() {
        let hint = "keys of a private npm registry belong in `[trust] registry-keys` of your own mcp-pin.toml";
        return Err(input("an archive of a registry is not proved with a key of its own", hint));
    }
    let given = given(question)?;
    let against = loaded(context)?;
    let bytes = read(&question.file, MAX_ARCHIVE)?;
    let (subject, digest, verdict) = match kind {
        Kind::Npm => {
            let (package, version) = npm_name(question, &bytes)?;
            let archive = hashed(&Integrity::Sha512(Sha512::digest(&bytes).into()), &bytes)?;
            let subject = NpmSubject {
                name: &package,
                version: &version,
                archive: archive.integrity(),
            };
            let offered = match &given {
                Some(delivered) => Offered::given(gather(delivered, kind)?),
                None => lookup::npm(context, person, &package, &version).await?,
            };
            let verdict = archive_verdict(&offered, |signatures, documents| {
                attest::prove_npm(&against.trust, subject, signatures, documents, context.now())
            });
            (format!("npm {package}@{version}"), archive.integrity().clone(), verdict)
        }
        Kind::Pypi => {
            let archive = hashed(&Integrity::Sha256(Sha256::digest(&bytes).into()), &bytes)?;
            let subject = PypiSubject {
                file_name: &name,
                archive: archive.integrity(),
            };
            let offered = match &given {
                Some(delivered) => Offered::given(gather(delivered, kind)?),
                None => lookup::pypi(context, person, &name, archive.integrity()).await?,
            };
            let verdict = archive_verdict(&offered, |_, documents| {
                attest::prove_pypi(&against.trust, subject, documents, context.now())
            });
            (format!("Python distribution {name}"), archive.integrity().clone(), verdict)
        }
        Kind::File => {
            let digest = Integrity::Sha256(Sha256::digest(&bytes).into());
            let key = question.key.as_deref().map(public_key).transpose()?;
            let hint = "name a document about it with `--attestations FILE`";
            let delivered = given
                .as_deref()
                .ok_or_else(|| input("no registry can be asked about a file of this kind", hint))?;
            let verdict = file_verdict(delivered, &bytes, key.as_ref(), &against, context.now())?;
            (format!("file {name}"), digest, verdict)
        }
    };
    Ok(Checked {
        subject,
        digest,
        verdict,
        against,
    })
}

/// The proof that the bytes in hand have this digest.
fn hashed(integrity: &Integrity, bytes: &[u8]) -> Result<Verified, Error> {
    let mut check = ArchiveCheck::new(integrity);
    check.update(bytes);
    check.finish().map_err(|_| Error::Worker { what: "hashing the file" })
}

/// The package that the archive must be of: what was typed, else the archive's own word.
fn npm_name(question: &Question, archive: &[u8]) -> Result<(PackageName, String), Error> {
    if let (Some(name), Some(version)) = (&question.name, &question.version) {
        return Ok((name.clone(), version.clone()));
    }
    let wrong = |what: String| Error::TrustInput {
        path: question.file.clone(),
        what,
        hint: Some("give both `--name` and `--version`".into()),
    };
    let text = store::manifest_of(archive, &question.file.display().to_string())?;
    let manifest = npm::Manifest::parse(&text).map_err(|error| wrong(error.to_string()))?;
    if let Some(key) = ["name", "version"].iter().find(|key| manifest.duplicate_keys.contains(**key)) {
        return Err(wrong(format!("its package.json has two `{key}`")));
    }
    let own: PackageName = manifest.name.parse().map_err(|error| wrong(format!("its package.json: {error}")))?;
    let version = question.version.clone().unwrap_or(manifest.version);
    if version.is_empty() {
        return Err(wrong("its package.json names no version".to_owned()));
    }
    Ok((question.name.clone().unwrap_or(own), version))
}

/// Reads the documents about an archive. What is malformed is an answer ([`Verdict::Undecided`]),
/// what is of no known shape, or does not go with the file, an error.
fn gather(delivered: &[Delivery], kind: Kind) -> Result<Result<Vec<Document>, Undecidable>, Error> {
    let mut all = Vec::new();
    for delivery in delivered {
        let text = &delivery.text;
        let read = match (shape(delivery)?, kind) {
            (Shape::Bundle, _) => Document::new(text).map(|document| vec![document]),
            (Shape::NpmReply, Kind::Npm) => attest::read_npm_reply(text),
            (Shape::Pep740, Kind::Pypi) => attest::read_pep740(text),
            (shape, _) => return Err(does_not_go(delivery, shape, kind)),
        };
        match read {
            Ok(documents) => all.extend(documents),
            Err(error) => {
                let what = format!("{}: {error}", delivery.from.display());
                return Ok(Err(Undecidable { what }));
            }
        }
    }
    Ok(Ok(all))
}

fn does_not_go(delivery: &Delivery, shape: Shape, kind: Kind) -> Error {
    let what = match shape {
        Shape::Bundle => "a Sigstore bundle",
        Shape::NpmReply => "an npm registry's attestation reply",
        Shape::Pep740 => "a Python index's provenance",
    };
    Error::TrustInput {
        path: delivery.from.clone(),
        what: format!("it is {what}, and the file is {}", kind.noun()),
        hint: Some("files are told apart by their name: `.tgz` for npm, `.whl` and `.tar.gz` for Python".into()),
    }
}

/// What a document is. Exactly one of the known shapes, or an error.
fn shape(delivery: &Delivery) -> Result<Shape, Error> {
    let wrong = |what: String| Error::TrustInput {
        path: delivery.from.clone(),
        what,
        hint: Some("a Sigstore bundle, an npm attestation reply or a PEP 740 provenance object is needed".into()),
    };
    let value: Value = serde_json::from_slice(&delivery.text).map_err(|error| wrong(format!("it is not JSON: {error}")))?;
    let bundle = value
        .get("mediaType")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.starts_with("application/vnd.dev.sigstore.bundle"));
    let shapes = [
        (bundle, Shape::Bundle),
        (value.get("attestations").is_some_and(Value::is_array), Shape::NpmReply),
        (value.get("attestation_bundles").is_some_and(Value::is_array), Shape::Pep740),
    ];
    let mut found = shapes.iter().filter(|(is, _)| *is).map(|(_, shape)| *shape);
    match (found.next(), found.next()) {
        (Some(shape), None) => Ok(shape),
        (Some(_), Some(_)) => Err(wrong("it is of two kinds at once".to_owned())),
        _ => Err(wrong("it is of no kind that is known".to_owned())),
    }
}

fn archive_verdict(offered: &Offered, prove: impl FnOnce(&[RegistrySignature], &[Document]) -> Result<Proven, Refused>) -> Verdict {
    let documents = match &offered.documents {
        Ok(documents) if documents.is_empty() && offered.signatures.is_empty() => return Verdict::Unsigned(offered.nothing.clone()),
        Ok(documents) => documents,
        Err(refused) => return refusal(refused),
    };
    match prove(&offered.signatures, documents) {
        Ok(proven) if proven.evidence().level() == Level::Hash => {
            let kinds = "every document holds, and none is of a kind that is known here: nothing is proved";
            Verdict::Undecided(kinds.to_owned())
        }
        Ok(proven) => {
            let mut answer = answer(&proven);
            let missing = offered.missing.map(|missing| format!("nothing else: {missing}"));
            answer.checked.extend(missing);
            Verdict::Proved(Box::new(answer))
        }
        Err(refused) => refusal(&refused),
    }
}

fn refusal(refused: &Refused) -> Verdict {
    match refused {
        Refused::Forged { attack } => Verdict::Refused(attack.clone()),
        Refused::Undecidable(error) => Verdict::Undecided(error.to_string()),
    }
}

const EMPTY: &str = "the documents hold no attestation: nothing is proved";

fn answer(proven: &Proven) -> Answer {
    let provenance = proven.evidence().provenance.as_ref();
    Answer {
        level: proven.evidence().level(),
        identity: provenance.map(|provenance| provenance.identity.clone()),
        git_ref: provenance.and_then(|provenance| provenance.git_ref.clone()),
        commit: provenance.and_then(|provenance| provenance.commit.clone()),
        run: proven.run().map(str::to_owned),
        logged_at: proven.logged_at(),
        checked: proven.checked().to_vec(),
    }
}

/// A file that no registry names: each document must be a bundle, and each must hold.
fn file_verdict(delivered: &[Delivery], bytes: &[u8], key: Option<&PublicKey>, against: &Loaded, now: Timestamp) -> Result<Verdict, Error> {
    let mut all: Option<Answer> = None;
    for delivery in delivered {
        match shape(delivery)? {
            Shape::Bundle => {}
            other => return Err(does_not_go(delivery, other, Kind::File)),
        }
        let shown = delivery.from.display();
        let next = match prove_file(&delivery.text, bytes, key, against, now) {
            Ok(next) => next,
            Err(SigstoreError::Refused { cause }) => return Ok(Verdict::Refused(format!("{shown}: {cause}"))),
            Err(error) => return Ok(Verdict::Undecided(format!("{shown}: {error}"))),
        };
        match &mut all {
            None => all = Some(next),
            Some(first) if first.identity != next.identity => {
                return Ok(Verdict::Undecided(format!(
                    "{shown}: another signer than in the document before it"
                )));
            }
            Some(first) => first.checked.extend(next.checked),
        }
    }
    Ok(all.map_or_else(|| Verdict::Undecided(EMPTY.to_owned()), |answer| Verdict::Proved(Box::new(answer))))
}

fn prove_file(text: &[u8], bytes: &[u8], key: Option<&PublicKey>, against: &Loaded, now: Timestamp) -> Result<Answer, SigstoreError> {
    let bundle = Bundle::parse(text)?;
    let by = match key {
        Some(key) => By::Key(key),
        None if bundle.has_certificate() => By::Certificate,
        None => {
            return Err(SigstoreError::Unsupported {
                cause: "a key signed it, and none is given (`--key FILE`)".to_owned(),
            });
        }
    };
    let proof = prove(&against.trust.root, &bundle, Artifact::Bytes(bytes), by, now)?;
    let signed = if proof.statement().is_some() {
        "a signed statement names this file's digest; its name and its predicate are not compared with anything"
    } else {
        "the signature is over these bytes"
    };
    let who = match by {
        By::Key(_) => "signed with the given key",
        By::Certificate => "certificate by an authority of the trust root, seen by a certificate log, valid at the time of signing",
    };
    let mut checked = vec![signed.to_owned(), who.to_owned()];
    checked.extend(proof.log_checks());
    Ok(Answer {
        level: if proof.identity().is_some() {
            Level::Provenance
        } else {
            Level::Signed
        },
        identity: proof.identity().cloned(),
        git_ref: proof.git_ref().map(str::to_owned),
        commit: proof.commit().map(str::to_owned),
        run: proof.run().map(str::to_owned),
        logged_at: proof.logged_at(),
        checked,
    })
}

/// A public key in PEM: exactly one, and nothing but it.
fn public_key(path: &Path) -> Result<PublicKey, Error> {
    let wrong = |what: String| Error::TrustInput {
        path: path.to_path_buf(),
        what,
        hint: Some("it must begin with `-----BEGIN PUBLIC KEY-----`".into()),
    };
    let bytes = read(path, MAX_FILE)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default().trim();
    let body = text
        .strip_prefix("-----BEGIN PUBLIC KEY-----")
        .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
        .ok_or_else(|| wrong("it is no public key in PEM".to_owned()))?;
    let base64: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = STANDARD
        .decode(base64)
        .map_err(|_| wrong("the key in it is not base64".to_owned()))?;
    PublicKey::from_spki(&der).map_err(|error| wrong(visible(&error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(text: &str) -> Option<Shape> {
        let delivery = Delivery {
            from: PathBuf::from("doc"),
            text: text.into(),
        };
        shape(&delivery).ok()
    }

    #[test]
    fn documents_are_told_by_their_shape_and_never_guessed() {
        let bundle = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#;
        assert_eq!(shape_of(bundle), Some(Shape::Bundle));
        assert_eq!(shape_of(r#"{"attestations":[]}"#), Some(Shape::NpmReply));
        assert_eq!(shape_of(r#"{"version":1,"attestation_bundles":[]}"#), Some(Shape::Pep740));
        for unknown in [
            "",
            "[]",
            "1",
            "{}",
            r#"{"mediaType":"application/json"}"#,
            r#"{"attestations":{}}"#,
            r#"{"payload":"","payloadType":"","signatures":[]}"#,
            r#"{"attestations":[],"attestation_bundles":[]}"#,
            r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","attestations":[]}"#,
        ] {
            assert_eq!(shape_of(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn files_are_told_by_their_name() {
        for (name, kind) in [
            ("demo-1.0.0.tgz", Kind::Npm),
            ("demo-1.0-py3-none-any.whl", Kind::Pypi),
            ("demo-1.0.tar.gz", Kind::Pypi),
            ("DEMO-1.0.0.TGZ", Kind::Npm),
            ("a.txt", Kind::File),
            ("tgz", Kind::File),
        ] {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
    }
}

//! Evidence about an archive: what a registry's signatures and attestations prove of it.

use jiff::Timestamp;

use super::Verified;
use super::sigstore::Root;
use crate::model::{Evidence, PackageName, RegistrySignature, Sha256Digest};

/// What everything is proved against.
#[derive(Clone)]
pub struct Trust {
    /// Sigstore's root.
    pub root: Root,
    /// The keys of the npm registry (or of a private one, as the user's configuration says).
    pub keys: KeySet,
}

/// A registry's keys with their usages and validity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {}

impl KeySet {
    /// The public npm registry's, as built into this program.
    ///
    /// # Errors
    /// None in a program whose tests passed.
    pub fn embedded() -> Result<Self, KeysError> {
        todo!()
    }

    /// Reads a key set in the form of the signed TUF target `.../keys.json`, or in the form a
    /// registry serves (`keyid`, `key`, `expires`).
    ///
    /// # Errors
    /// Not a key set, or a key that cannot be used.
    pub fn parse(_json: &[u8]) -> Result<Self, KeysError> {
        todo!()
    }

    /// The SHA-256 of the text it was read from.
    pub fn digest(&self) -> Sha256Digest {
        todo!()
    }
}

/// Why a key set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the registry's key set cannot be used: {cause}")]
pub struct KeysError {
    /// Why.
    pub cause: String,
}

/// One Sigstore bundle as a registry delivered it. Nothing in it is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    json: Vec<u8>,
    digest: Sha256Digest,
}

impl Document {
    /// Takes a bundle's JSON and brings it into its RFC 8785 form, so that two deliveries of one
    /// bundle have one digest.
    ///
    /// # Errors
    /// It is not JSON, or not I-JSON.
    pub fn new(_json: &[u8]) -> Result<Self, Undecidable> {
        todo!()
    }

    /// The RFC 8785 form.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Its digest.
    pub const fn digest(&self) -> Sha256Digest {
        self.digest
    }
}

/// The documents in an npm registry's attestation reply (`{"attestations": [...]}`).
///
/// # Errors
/// The reply is malformed: nothing is decided, least of all that there are none.
pub fn read_npm_reply(_reply: &[u8]) -> Result<Vec<Document>, Undecidable> {
    todo!()
}

/// The documents in a PEP 740 provenance object, converted to bundles v0.3.
///
/// # Errors
/// As [`read_npm_reply`].
pub fn read_pep740(_provenance: &[u8]) -> Result<Vec<Document>, Undecidable> {
    todo!()
}

/// The npm package version that evidence must be about.
#[derive(Debug, Clone, Copy)]
pub struct NpmSubject<'a> {
    /// Its real name.
    pub name: &'a PackageName,
    /// Its exact version.
    pub version: &'a str,
    /// Its archive, hashed in this process.
    pub archive: &'a Verified,
}

/// The file of a Python distribution that evidence must be about.
#[derive(Debug, Clone, Copy)]
pub struct PypiSubject<'a> {
    /// The file's name: wheel or source distribution.
    pub file_name: &'a str,
    /// Its bytes, hashed in this process.
    pub archive: &'a Verified,
}

/// Proves everything that was delivered about an npm archive. Each document must prove something:
/// one that does not is an attack (or a fault) and is not passed over.
///
/// # Errors
/// [`Refused::Forged`] names the attack; [`Refused::Undecidable`] what cannot be judged.
pub fn prove_npm(
    _trust: &Trust,
    _subject: NpmSubject<'_>,
    _signatures: &[RegistrySignature],
    _documents: &[Document],
    _now: Timestamp,
) -> Result<Proven, Refused> {
    todo!()
}

/// Proves everything that was delivered about a Python distribution's file.
///
/// # Errors
/// As [`prove_npm`].
pub fn prove_pypi(_trust: &Trust, _subject: PypiSubject<'_>, _documents: &[Document], _now: Timestamp) -> Result<Proven, Refused> {
    todo!()
}

/// Proof of where an archive comes from. Only the functions of this module make one; one without
/// any document proves the level `hash`.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    evidence: Evidence,
    checked: Vec<String>,
    logged_at: Option<Timestamp>,
    run: Option<String>,
}

impl Proven {
    /// What is to be pinned.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What exactly was checked, a line each, for people.
    pub fn checked(&self) -> &[String] {
        &self.checked
    }

    /// The earliest proved time of any document: the archive existed then.
    pub const fn logged_at(&self) -> Option<Timestamp> {
        self.logged_at
    }

    /// The page of the run that built it.
    pub fn run(&self) -> Option<&str> {
        self.run.as_deref()
    }
}

/// A document that cannot be judged: never "none", never a pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Undecidable {
    /// What, and why.
    pub what: String,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Something was delivered that is wrong: forged, swapped, or about something else.
    #[error("{attack}")]
    Forged {
        /// What it is.
        attack: String,
    },
    /// Something was delivered that this version, or this key set, cannot judge.
    #[error(transparent)]
    Undecidable(#[from] Undecidable),
}

//! Sigstore bundles: who signed exactly these bytes, proved offline against a trust root.
//!
//! This folder is the only one that knows the Sigstore crates (`registry::tuf` fetches with their
//! TUF client): their next breaking release touches nothing else.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Identity, Integrity, Sha256Digest};

/// A trust root: certificate authorities, logs and timestamp authorities with their validity.
/// Cheap to clone; may be used from many threads.
#[derive(Clone)]
pub struct Root(Arc<()>);

impl Root {
    /// The public-good instance's root, as built into this program.
    ///
    /// # Errors
    /// None in a program whose tests passed.
    pub fn public_good() -> Result<Self, RootError> {
        todo!()
    }

    /// Reads a `trusted_root.json` (public good's by TUF, or a private instance's).
    ///
    /// # Errors
    /// It is not one, or something in it cannot be used: a root that is understood in part is refused.
    pub fn parse(_json: &str) -> Result<Self, RootError> {
        todo!()
    }

    /// The SHA-256 of the text it was read from: names the root in output.
    pub fn digest(&self) -> Sha256Digest {
        todo!()
    }
}

/// Why a trust root is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// See the text.
    #[error("the trust root cannot be used: {cause}")]
    Unusable {
        /// Why.
        cause: String,
    },
}

/// A public key that signs without a certificate: a registry's. ECDSA P-256 and what else the
/// crates verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// From DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// No key, or of a kind that is not supported.
    pub fn from_spki(_der: &[u8]) -> Result<Self, RootError> {
        todo!()
    }

    /// Whether `signature` (DER) is this key's over `message` (ECDSA P-256 with SHA-256).
    pub fn verifies(&self, _message: &[u8], _signature: &[u8]) -> bool {
        todo!()
    }
}

/// A parsed bundle, v0.1 to v0.3. Nothing in it is proved.
#[derive(Clone)]
pub struct Bundle(Arc<()>);

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// No bundle, or of a version that is not supported.
    pub fn parse(_json: &[u8]) -> Result<Self, SigstoreError> {
        todo!()
    }

    /// The `publicKey.hint` of a bundle without a certificate.
    pub fn key_hint(&self) -> Option<&str> {
        todo!()
    }

    /// The `keyid` of the DSSE envelope's signature, if it is not empty.
    pub fn keyid(&self) -> Option<&str> {
        todo!()
    }

    /// The bundle names a certificate (and not a public key).
    pub fn has_certificate(&self) -> bool {
        todo!()
    }
}

/// Who must have signed.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// The holder of a certificate that the root's authority issued; who that is stands in the proof.
    Certificate,
    /// The holder of this key. A log entry is required all the same.
    Key(&'a PublicKey),
}

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub enum Artifact<'a> {
    /// The bytes themselves.
    Bytes(&'a [u8]),
    /// Their digest, computed by us.
    Digest(&'a Integrity),
}

/// A proof: the bundle's signature holds over exactly the artifact (or a statement about it), its
/// log entry is in the log, and the signer was entitled at the time of signing.
///
/// Only [`prove`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    identity: Option<Identity>,
    git_ref: Option<String>,
    commit: Option<String>,
    run: Option<String>,
    statement: Option<Vec<u8>>,
    logged_at: Option<Timestamp>,
}

impl Proof {
    /// Who signed; `None` where a key signed.
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The ref that was built, from the certificate.
    pub fn git_ref(&self) -> Option<&str> {
        self.git_ref.as_deref()
    }

    /// The commit that was built, from the certificate.
    pub fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }

    /// The page of the run that signed, from the certificate.
    pub fn run(&self) -> Option<&str> {
        self.run.as_deref()
    }

    /// The signed in-toto statement's bytes; `None` for a signature over the artifact itself.
    pub fn statement(&self) -> Option<&[u8]> {
        self.statement.as_deref()
    }

    /// The earliest proved time: a log's or a timestamp authority's.
    pub const fn logged_at(&self) -> Option<Timestamp> {
        self.logged_at
    }
}

/// Proves a bundle. `now` bounds the times it may name: a log entry from the future is refused.
///
/// # Errors
/// Everything that is not proved. Each error names what was attacked.
pub fn prove(_root: &Root, _bundle: &Bundle, _artifact: Artifact<'_>, _by: By<'_>, _now: Timestamp) -> Result<Proof, SigstoreError> {
    todo!()
}

/// Why a bundle proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigstoreError {
    /// The text is no bundle: whoever delivered it is at fault, and nothing is decided.
    #[error("it is no Sigstore bundle: {cause}")]
    Malformed {
        /// Why.
        cause: String,
    },
    /// A bundle of a kind this version does not know: nothing is decided.
    #[error("it is a bundle of a kind that this version does not know: {cause}")]
    Unsupported {
        /// Which.
        cause: String,
    },
    /// See the text.
    #[error("{cause}")]
    Refused {
        /// Which check failed.
        cause: String,
    },
}

//! Evidence about an archive: what a registry's signatures and attestations prove of it.
//!
//! The attacks, in short: evidence about another archive, package or version; evidence by somebody
//! else; evidence signed with a key that may not sign, or not any more; a decoy among the subjects;
//! a statement of one kind passed off as another; and a delivery so broken that it looks like none.
//!
//! Pure: the archive's digest (computed in this process), the documents, the trust and the time in;
//! a [`Proven`] out, or a [`Refused`] that names the attack. **Everything that is delivered must
//! hold**: one bad document among good ones is not passed over, since somebody put it there. The one
//! exception is a statement of a kind that is not known here: where its signature and its subject
//! are right it is passed over aloud, and never counts.
//!
//! # npm ([`prove_npm`]), in this order
//!
//! 1. The archive's digest is SHA-512: nothing npm signs is about another one.
//! 2. Registry signatures over `name@version:integrity`: every one whose key is known must verify,
//!    its key must have been valid when the version was published, and one key must be known.
//! 3. Each document:
//!    1. names a certificate, or one of the registry's keys (hint and key id alike) for attestations;
//!    2. its bundle is proved against the root ([`crate::verify::sigstore`]): signature, log, chain;
//!    3. a key was valid at the proved time of the log;
//!    4. the statement has exactly one subject: this package, this version, these bytes;
//!    5. the registry's label says the same kind as the statement does;
//!    6. a publish attestation is by a key of the registry and names the package once more;
//!       provenance is by a certificate and says of its source what the certificate says.
//! 4. All provenance is by one identity, from one commit.
//!
//! # Python ([`prove_pypi`]), in this order
//!
//! 1. The archive's digest is SHA-256: nothing a Python index attests is about another one.
//! 2. Each document:
//!    1. names a certificate;
//!    2. its bundle is proved against the root;
//!    3. the statement has exactly one subject: this file, these bytes;
//!    4. the publisher that the index names, unsigned, is the certificate's;
//!    5. SLSA provenance says of its source what the certificate says.
//! 3. All of it is by one identity, from one commit.

mod document;
mod filename;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod gather;
mod keys;
mod npm;
mod pep740;
mod pypi;
mod signature;
mod slsa;
pub mod source;
mod statement;
mod version;

use jiff::Timestamp;

use super::sigstore::Root;
use crate::model::{Evidence, Integrity, PackageName};
use crate::surface::visible;

pub use document::{Document, read_npm_reply};
pub use keys::{KeySet, KeySummary, KeysError, Usage};
pub use npm::prove_npm;
pub use pep740::read_pep740;
pub use pypi::prove_pypi;

/// What everything is proved against.
#[derive(Clone)]
pub struct Trust {
    /// Sigstore's root.
    pub root: Root,
    /// The keys of the npm registry (or of a private one, as the user's configuration says).
    pub keys: KeySet,
}

/// The npm package version that evidence must be about.
#[derive(Debug, Clone, Copy)]
pub struct NpmSubject<'a> {
    /// Its real name.
    pub name: &'a PackageName,
    /// Its exact version.
    pub version: &'a str,
    /// Its archive's digest. Whoever uses the archive compares its bytes with the same digest.
    pub archive: &'a Integrity,
}

/// The file of a Python distribution that evidence must be about.
#[derive(Debug, Clone, Copy)]
pub struct PypiSubject<'a> {
    /// The file's name: wheel or source distribution.
    pub file_name: &'a str,
    /// Its digest. Whoever uses the file compares its bytes with the same digest.
    pub archive: &'a Integrity,
}

/// Proof of where an archive comes from. Only [`prove_npm`] and [`prove_pypi`] make one; one without
/// any document proves the level `hash`.
///
/// It can be asked what it proves:
/// ```
/// fn level(proof: &mcp_pin::verify::attest::Proven) -> mcp_pin::model::Level {
///     proof.evidence().level()
/// }
/// ```
/// It cannot be written down:
/// ```compile_fail,E0451
/// let forged = mcp_pin::verify::attest::Proven {
///     evidence: mcp_pin::model::Evidence::default(),
///     checked: Vec::new(),
///     logged_at: None,
///     run: None,
/// };
/// ```
/// Nor be had for nothing:
/// ```compile_fail,E0599
/// let forged = mcp_pin::verify::attest::Proven::default();
/// ```
/// Nor be bent:
/// ```compile_fail,E0616
/// fn bend(proof: &mut mcp_pin::verify::attest::Proven) {
///     proof.evidence = mcp_pin::model::Evidence::default();
/// }
/// ```
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

    /// The page of the run that built it, from the certificate.
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

impl Refused {
    /// The same, with words in front that say where.
    fn within(self, place: &str) -> Self {
        match self {
            Self::Forged { attack } => forged(format!("{place}: {attack}")),
            Self::Undecidable(Undecidable { what }) => undecidable(format!("{place}: {what}")),
        }
    }
}

fn forged(attack: impl Into<String>) -> Refused {
    Refused::Forged { attack: attack.into() }
}

fn undecidable(what: impl Into<String>) -> Refused {
    Refused::Undecidable(Undecidable { what: what.into() })
}

/// Foreign text for a message: one line, nothing invisible, not endless.
fn quoted(text: &str) -> String {
    const LONG: usize = 200;
    let mut shown = visible(&text.chars().take(LONG).collect::<String>());
    if text.chars().nth(LONG).is_some() {
        shown.push('…');
    }
    shown
}

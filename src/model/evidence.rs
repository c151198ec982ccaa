//! How much is proved about where a package comes from.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::digest::Sha256Digest;

/// The levels of evidence, weakest first. A higher level includes the lower ones.
///
/// `Hash` says only that the bytes are those the lock names; it says nothing about who made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The bytes match the digest in the lock.
    Hash,
    /// The registry signed `name@version:integrity` for these bytes.
    Signed,
    /// A Sigstore bundle over exactly these bytes names who built them, and from what.
    Provenance,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hash => "hash",
            Self::Signed => "signed",
            Self::Provenance => "provenance",
        })
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hash" => Ok(Self::Hash),
            "signed" => Ok(Self::Signed),
            "provenance" => Ok(Self::Provenance),
            other => Err(UnknownLevel(other.to_owned())),
        }
    }
}

/// The text names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a level of evidence (`hash`, `signed` or `provenance`)")]
pub struct UnknownLevel(pub String);

/// What is pinned of the evidence about one archive. Everything in it was proved when it was
/// pinned, and can be proved again offline: the signature stands here whole, the bundles lie in the
/// store under their digests.
///
/// Nothing at all (`Evidence::default()`) means that the archive's digest is all there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The registry's signature over `name@version:integrity`.
    pub signature: Option<RegistrySignature>,
    /// The registry's publish attestation: the digest of its bundle, which is signed by one of the
    /// registry's keys and logged.
    pub publish: Option<Sha256Digest>,
    /// Who built these bytes, and from what.
    pub provenance: Option<Provenance>,
}

impl Evidence {
    /// The level this evidence reaches.
    pub const fn level(&self) -> Level {
        if self.provenance.is_some() {
            Level::Provenance
        } else if self.has_registrys_word() {
            Level::Signed
        } else {
            Level::Hash
        }
    }

    /// Whether the registry itself vouches for these bytes. Provenance alone does not say so: anybody
    /// can have a build of their own attest any bytes under any name.
    pub const fn has_registrys_word(&self) -> bool {
        self.signature.is_some() || self.publish.is_some()
    }

    /// The digests of every bundle that the proof needs.
    pub fn bundles(&self) -> BTreeSet<Sha256Digest> {
        let provenance = self.provenance.iter().flat_map(|provenance| provenance.bundles.iter().copied());
        provenance.chain(self.publish).collect()
    }
}

/// A registry's signature over `name@version:integrity` (npm's `dist.signatures`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegistrySignature {
    /// The label of the registry's key. Opaque: it is looked up, never computed.
    pub keyid: String,
    /// The DER signature in base64, as the registry gives it.
    pub signature: String,
    /// When the registry says the version was published: once the key has an end, this date decides
    /// whether the signature still counts. `None` where the registry did not say.
    pub published: Option<Timestamp>,
}

/// A proved attestation by a Sigstore identity over exactly these bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Who signed.
    pub identity: Identity,
    /// The git ref that was built, as the certificate names it (`refs/tags/v1.2.3`).
    pub git_ref: Option<String>,
    /// The commit that was built, as the certificate names it.
    pub commit: Option<String>,
    /// The digests (over the RFC 8785 form) of the bundles that prove it, one an attestation.
    pub bundles: BTreeSet<Sha256Digest>,
}

/// Who signed, as far as it stays the same from release to release. Read from the certificate, which
/// the certificate authority filled in; nothing in it is the signer's own word, except `builder`
/// where the certificate does not name one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The OIDC issuer that vouched for the signer.
    pub issuer: String,
    /// The certificate's subject alternative name, without `@REF` at its end: the signing workflow,
    /// or an e-mail address.
    pub signer: String,
    /// The source repository, `https://HOST/OWNER/NAME`. `None` for identities that are no build,
    /// such as an e-mail address.
    pub repository: Option<String>,
    /// The host's immutable number of the repository: another one under the same name is another
    /// repository (repo squatting).
    pub repository_id: Option<String>,
    /// The host's immutable number of the repository's owner.
    pub owner_id: Option<String>,
    /// The file of the build configuration inside the source repository
    /// (`.github/workflows/release.yml`).
    pub workflow: Option<String>,
    /// What ran the build: the certificate's runner environment (`github-hosted`), else the signed
    /// statement's builder.
    pub builder: Option<String>,
}

/// What a user demands of the identity behind a package: every member that is set must hold. A rule
/// with none set demands provenance by anybody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdentityRule {
    /// [`Identity::issuer`], exactly.
    pub issuer: Option<String>,
    /// [`Identity::signer`], exactly.
    pub signer: Option<String>,
    /// [`Identity::repository`], exactly but for the case of host, owner and name.
    pub repository: Option<String>,
    /// [`Identity::workflow`], exactly.
    pub workflow: Option<String>,
    /// [`Provenance::git_ref`]; one `*` stands for any text (`refs/tags/v*`).
    pub git_ref: Option<String>,
}

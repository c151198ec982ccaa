//! The trust root: the keys and authorities that everything is proved against.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, date};
use sigstore_verify::Verifier;
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};

use super::error::RootError;
use super::summary::RootSummary;
use crate::model::Sha256Digest;
use crate::surface::strict::{self, Limits};
use crate::surface::visible;

/// When the embedded root was refreshed: the day its crate's version came out. A test over its
/// digest makes sure that a newer root brings a newer date.
pub const EMBEDDED_DATE: Date = date(2026, 10, 23);

/// A real root has under 20 kB.
const LIMITS: Limits = Limits {
    bytes: 4 * 1024 * 1024,
    depth: 24,
};

/// Both versions, in the older and the newer spelling.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

/// A trust root: certificate authorities, logs and timestamp authorities with their validity.
/// Cheap to clone; may be used from many threads.
#[derive(Clone)]
pub struct Root(Arc<Inner>);

struct Inner {
    trusted: TrustedRoot,
    verifier: Verifier,
    digest: Sha256Digest,
}

impl Root {
    /// The public-good instance's root, as built into this program ([`EMBEDDED_DATE`]).
    ///
    /// # Errors
    /// None in a program whose tests passed.
    pub fn public_good() -> Result<Self, RootError> {
        Self::parse(SigstoreInstance::PublicGood.embedded_trusted_root_json())
    }

    /// Reads a `trusted_root.json` (public good's by TUF, or a private instance's).
    ///
    /// # Errors
    /// It is not one, or something in it cannot be used: a root that is understood in part is
    /// refused. So is one without a certificate authority, a transparency log or a certificate
    /// transparency log: nothing could be proved against it, or only with a check left out.
    pub fn parse(json: &str) -> Result<Self, RootError> {
        let value = strict::parse(json.as_bytes(), &LIMITS).map_err(unusable)?;
        let media_type = value.get("mediaType").and_then(serde_json::Value::as_str);
        if !media_type.is_some_and(|name| MEDIA_TYPES.contains(&name)) {
            return Err(unusable("its media type is not that of a trusted root, version 0.1 or 0.2"));
        }
        let trusted = TrustedRoot::from_json(json).map_err(unusable)?;
        for (count, what) in [
            (trusted.certificate_authorities.len(), "certificate authority"),
            (trusted.tlogs.len(), "transparency log"),
            (trusted.ctlogs.len(), "certificate transparency log"),
        ] {
            if count == 0 {
                return Err(unusable(format!("it names no {what}")));
            }
        }
        let verifier = Verifier::new(&trusted).map_err(unusable)?;
        let digest = Sha256Digest::of(json);
        Ok(Self(Arc::new(Inner { trusted, verifier, digest })))
    }

    /// The SHA-256 of the text it was read from: names the root in output.
    pub fn digest(&self) -> Sha256Digest {
        self.0.digest
    }

    /// What is in it, for people: `trust show`.
    pub fn summary(&self) -> RootSummary {
        RootSummary::of(&self.0.trusted)
    }

    pub(super) fn trusted(&self) -> &TrustedRoot {
        &self.0.trusted
    }

    pub(super) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({:?})", self.0.digest)
    }
}

fn unusable(cause: impl fmt::Display) -> RootError {
    RootError::Unusable {
        cause: visible(&cause.to_string()),
    }
}

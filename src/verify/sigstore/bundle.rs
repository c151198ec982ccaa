//! Reading a bundle.

use std::sync::Arc;

use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{Bundle as Wire, SignatureContent};

use super::error::SigstoreError;
use super::shape;
use crate::surface::visible;

/// A parsed bundle, v0.1 to v0.3. Nothing in it is proved. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bundle(Arc<Wire>);

impl Bundle {
    /// Reads a bundle of at most 4 MiB.
    ///
    /// # Errors
    /// No bundle ([`SigstoreError::Malformed`]), of a version or with members that are not known
    /// ([`SigstoreError::Unsupported`]), or one that readers would read differently
    /// ([`SigstoreError::Refused`]).
    pub fn parse(json: &[u8]) -> Result<Self, SigstoreError> {
        let text = shape::check(json)?;
        let wire = Wire::from_json(text).map_err(|error| {
            let cause = error.to_string();
            SigstoreError::malformed(visible(cause.strip_prefix("JSON error: ").unwrap_or(&cause)))
        })?;
        Ok(Self(Arc::new(wire)))
    }

    /// The `publicKey.hint` of a bundle without a certificate, if it is not empty. Signed by nobody:
    /// good to look up a key with, and for nothing else.
    pub fn key_hint(&self) -> Option<&str> {
        match &self.0.verification_material.content {
            VerificationMaterialContent::PublicKey(key) => Some(key.hint.as_str()).filter(|hint| !hint.is_empty()),
            _ => None,
        }
    }

    /// The `keyid` of the DSSE envelope's signature, if it is not empty. Signed by nobody.
    pub fn keyid(&self) -> Option<&str> {
        match &self.0.content {
            SignatureContent::DsseEnvelope(envelope) => Some(envelope.signature.keyid.as_str()).filter(|keyid| !keyid.is_empty()),
            _ => None,
        }
    }

    /// The bundle names a certificate (and not a public key).
    pub fn has_certificate(&self) -> bool {
        self.0.signing_certificate().is_some()
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.0
    }
}

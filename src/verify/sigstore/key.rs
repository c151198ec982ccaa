//! A registry's public key: signs without a certificate.

use sigstore_verify::crypto::{KeyAlgorithm, verify_signature};
use sigstore_verify::types::{DerPublicKey, SignatureBytes};

use super::error::RootError;
use crate::surface::visible;

/// A public key that signs without a certificate: a registry's. ECDSA P-256 and what else the
/// crates verify (P-384, Ed25519, RSA).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    spki: DerPublicKey,
    algorithm: KeyAlgorithm,
}

impl PublicKey {
    /// From DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// No key, or of a kind that is not supported.
    pub fn from_spki(der: &[u8]) -> Result<Self, RootError> {
        let spki = DerPublicKey::new(der.to_vec());
        let algorithm = KeyAlgorithm::from_spki(&spki).map_err(|error| RootError::Key {
            cause: visible(&error.to_string()),
        })?;
        Ok(Self { spki, algorithm })
    }

    /// Whether `signature` is this key's over `message`, in the key's own scheme: for ECDSA P-256,
    /// a DER signature over the SHA-256.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = SignatureBytes::from_bytes(signature);
        verify_signature(&self.spki, message, &signature, self.algorithm.default_signing_scheme()).is_ok()
    }

    pub(super) const fn spki(&self) -> &DerPublicKey {
        &self.spki
    }
}

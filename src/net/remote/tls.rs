//! TLS as ordinary, and then the key: a certificate must pass the platform's verification **and**,
//! where a key is pinned for the host, hold that key.
//!
//! The attack: an authority (a company's interception box, a hacked or hurried one) that issues a
//! certificate for somebody else's name. The pin is over the `SubjectPublicKeyInfo`, as RFC 7469 had
//! it, so a renewed certificate with the same key passes. It never replaces a check: a pinned key
//! in an expired or foreign certificate is refused.
//!
//! It is checked inside the handshake, before a byte of the request (and so a token) is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};

use crate::model::Sha256Digest;

/// Keys by host, in lower case.
pub type Keys = BTreeMap<String, BTreeSet<Sha256Digest>>;

/// The server holds another key than the pinned one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the server holds the key {found}, which is not the pinned one")]
pub(super) struct OtherKey {
    pub(super) found: Sha256Digest,
}

/// What the hosts showed, by host.
pub(super) type SeenKeys = Arc<Mutex<BTreeMap<String, Sha256Digest>>>;

/// SHA-256 over the `SubjectPublicKeyInfo` (DER) of a certificate (DER); `None` where it is none.
/// The same as `openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum`.
pub fn key_digest(certificate: &[u8]) -> Option<Sha256Digest> {
    let certificate = CertificateDer::from(certificate);
    let parsed = ParsedCertificate::try_from(&certificate).ok()?;
    Some(Sha256Digest::of(parsed.subject_public_key_info()))
}

struct Verifier {
    ordinary: Arc<dyn ServerCertVerifier>,
    keys: Keys,
    seen: SeenKeys,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self
            .ordinary
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let host = server_name.to_str().to_ascii_lowercase();
        let Some(found) = key_digest(end_entity) else {
            return Err(rustls::CertificateError::BadEncoding.into());
        };
        if self.keys.get(&host).is_some_and(|keys| !keys.contains(&found)) {
            return Err(rustls::Error::Other(OtherError(Arc::new(OtherKey { found }))));
        }
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(host, found);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.ordinary.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.ordinary.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.ordinary.supported_verify_schemes()
    }
}

/// The platform's verification with `extra` authorities (PEM bundles), then the keys.
pub(super) fn config(extra: &[Vec<u8>], keys: Keys, seen: SeenKeys) -> Result<ClientConfig, String> {
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = Vec::new();
    for bundle in extra {
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            roots.push(certificate.map_err(|error| format!("a file of extra certificate authorities: {error}"))?);
        }
    }
    let ordinary = rustls_platform_verifier::Verifier::new_with_extra_roots(roots, Arc::clone(&provider))
        .map_err(|error| format!("certificate authorities: {error}"))?;
    let verifier = Verifier {
        ordinary: Arc::new(ordinary),
        keys: keys.into_iter().map(|(host, keys)| (host.to_ascii_lowercase(), keys)).collect(),
        seen,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        // What stands here does all that the ordinary one does, and more.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

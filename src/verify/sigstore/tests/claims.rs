//! Claims of a certificate that cannot be shown, or say nothing.

use sigstore_verify::crypto::CertificateInfo;

use super::bundles;
use crate::surface::visible::is_invisible;
use crate::verify::sigstore::SigstoreError;
use crate::verify::sigstore::claims::Claims;

fn certificate() -> Option<CertificateInfo> {
    let folder = bundles::folder()?;
    let sample = bundles::npm(&folder).into_iter().find(|sample| sample.key.is_none()).unwrap();
    let bundle = sample.parsed();
    let der = bundle.wire().signing_certificate().unwrap();
    Some(sigstore_verify::crypto::x509::parse_certificate_info(der).unwrap())
}

#[test]
fn hidden_characters_in_a_claim_are_refused() {
    let Some(good) = certificate() else { return };
    assert!(Claims::of(&good).is_ok());
    let edits: [fn(&mut CertificateInfo); 6] = [
        |info| info.issuer = Some("https://issuer\u{202e}.example.com".into()),
        |info| info.ci_claims.source_repository_ref = Some("refs/heads/\u{1b}[2Jmain".into()),
        |info| info.ci_claims.source_repository_uri = Some("https://github.com/me/ser\u{200b}ver".into()),
        |info| info.ci_claims.run_invocation_uri = Some("https://example.com/\n".into()),
        |info| info.ci_claims.runner_environment = Some("hosted\u{7}".into()),
        |info| info.ci_claims.build_trigger = Some("x".repeat(2049)),
    ];
    for edit in edits {
        let mut info = good.clone();
        edit(&mut info);
        let error = Claims::of(&info).expect_err("it must be refused").to_string();
        assert!(!error.chars().any(is_invisible), "{error:?}");
        assert!(
            error.contains("hides characters") || error.contains("a claim of 2049 bytes"),
            "{error}"
        );
    }
}

#[test]
fn a_certificate_without_a_holder_or_a_voucher_says_nothing() {
    let Some(good) = certificate() else { return };
    let mut nobody = good.clone();
    nobody.identity = None;
    assert!(matches!(Claims::of(&nobody), Err(SigstoreError::Unsupported { .. })));
    let mut unvouched = good;
    unvouched.issuer = Some(String::new());
    assert!(matches!(Claims::of(&unvouched), Err(SigstoreError::Refused { .. })));
}

#[test]
fn empty_claims_are_absent() {
    let Some(mut info) = certificate() else { return };
    info.ci_claims.runner_environment = Some("\"\"".into());
    info.ci_claims.source_repository_identifier = Some(String::new());
    let claims = Claims::of(&info).unwrap();
    assert_eq!((claims.identity.builder, claims.identity.repository_id), (None, None));
}

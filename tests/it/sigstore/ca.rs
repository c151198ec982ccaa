//! Who signs, and the authority that certifies it: Fulcio's certificates, with the receipt of a
//! certificate transparency log in them.

use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SanType, SerialNumber, SigningKey as _, date_time_ymd,
};
use sha2::{Digest as _, Sha256};

/// The content of a certificate's extension for the receipts of transparency logs.
const RECEIPTS: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// A build as the certificate authority describes it, after the builder's OIDC token.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    pub(crate) issuer: String,
    /// The host with scheme: `https://github.com`.
    pub(crate) host: String,
    /// `OWNER/NAME`; none for a person.
    pub(crate) repository: Option<String>,
    /// The workflow's path in the repository.
    pub(crate) workflow: String,
    pub(crate) git_ref: String,
    pub(crate) commit: String,
    pub(crate) runner: String,
    pub(crate) repository_id: String,
    pub(crate) owner_id: String,
    /// The subject alternative name where it is not the workflow at its ref: a reusable workflow
    /// of somebody else, or an e-mail address.
    pub(crate) signer: Option<String>,
}

impl Build {
    /// A GitHub build of a tag, by `release.yml`.
    pub(crate) fn github(repository: &str) -> Self {
        Self {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            host: "https://github.com".to_owned(),
            repository: Some(repository.to_owned()),
            workflow: ".github/workflows/release.yml".to_owned(),
            git_ref: "refs/tags/v1.0.0".to_owned(),
            commit: "c0ffee0000000000000000000000000000000001".to_owned(),
            runner: "github-hosted".to_owned(),
            repository_id: "1001".to_owned(),
            owner_id: "2002".to_owned(),
            signer: None,
        }
    }

    /// A person with an e-mail address.
    pub(crate) fn person(address: &str) -> Self {
        Self {
            issuer: "https://accounts.example.test".to_owned(),
            repository: None,
            signer: Some(address.to_owned()),
            ..Self::github("none/none")
        }
    }

    /// Of another tag and commit.
    pub(crate) fn release(&self, version: &str) -> Self {
        let digest = Sha256::digest(version);
        let commit = digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        Self {
            git_ref: format!("refs/tags/v{version}"),
            commit,
            ..self.clone()
        }
    }

    /// The repository's address.
    pub(crate) fn source(&self) -> Option<String> {
        self.repository.as_ref().map(|repository| format!("{}/{repository}", self.host))
    }

    /// The signer as the certificate names it.
    pub(crate) fn subject(&self) -> String {
        let own = || format!("{}/{}@{}", self.source().unwrap_or_default(), self.workflow, self.git_ref);
        self.signer.clone().unwrap_or_else(own)
    }

    /// The page of the run.
    pub(crate) fn run(&self) -> String {
        format!("{}/actions/runs/77/attempts/1", self.source().unwrap_or_default())
    }

    /// Fulcio's extensions by number (`oid-info.md` of the Fulcio project).
    fn extensions(&self) -> Vec<(u64, String)> {
        let mut all = vec![(8, self.issuer.clone())];
        let Some(source) = self.source() else { return all };
        let owner = source.rsplit_once('/').map_or(String::new(), |(owner, _)| owner.to_owned());
        let config = format!("{source}/{}@{}", self.workflow, self.git_ref);
        all.extend([
            (9, self.subject()),
            (10, self.commit.clone()),
            (11, self.runner.clone()),
            (12, source),
            (13, self.commit.clone()),
            (14, self.git_ref.clone()),
            (15, self.repository_id.clone()),
            (16, owner),
            (17, self.owner_id.clone()),
            (18, config),
            (19, self.commit.clone()),
            (20, "push".to_owned()),
            (21, self.run()),
            (22, "public".to_owned()),
        ]);
        all
    }
}

/// A fresh ECDSA P-256 key.
pub(crate) fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

/// The key's `SubjectPublicKeyInfo`.
pub(crate) fn spki(key: &KeyPair) -> Vec<u8> {
    key.subject_public_key_info()
}

/// The certificate authority: a root, one intermediate, and the transparency log's key.
pub(crate) struct Authority {
    root: Certificate,
    intermediate: Certificate,
    issuer: Issuer<'static, KeyPair>,
    receipts: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let root_key = key();
        let root_params = authority("root");
        let root = root_params.self_signed(&root_key).unwrap();
        let above = Issuer::new(root_params, root_key);
        let key = key();
        let params = authority("intermediate");
        let intermediate = params.signed_by(&key, &above).unwrap();
        Self {
            root,
            intermediate,
            issuer: Issuer::new(params, key),
            receipts: self::key(),
        }
    }

    /// The chain for a trust root, issuing certificate first.
    pub(crate) fn chain(&self) -> [&[u8]; 2] {
        [self.intermediate.der(), self.root.der()]
    }

    /// The transparency log's public key.
    pub(crate) fn receipts_key(&self) -> Vec<u8> {
        spki(&self.receipts)
    }

    /// Certifies a signer's key for the ten minutes from a time on.
    pub(crate) fn certify(&self, key: &KeyPair, build: &Build, from: i64) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.serial_number = Some(SerialNumber::from_slice(&[0x21; 16]));
        let moment = |seconds| date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(seconds).unwrap());
        params.not_before = moment(from);
        params.not_after = moment(from + 600);
        let subject = build.subject();
        params.subject_alt_names = vec![if subject.starts_with("https://") {
            SanType::URI(subject.as_str().try_into().unwrap())
        } else {
            SanType::Rfc822Name(subject.as_str().try_into().unwrap())
        }];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.use_authority_key_identifier_extension = true;
        let fulcio = |(number, text): (u64, String)| {
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 57264, 1, number], der(0x0c, text.as_bytes()))
        };
        params.custom_extensions = build.extensions().into_iter().map(fulcio).collect();
        // The receipt signs what the certificate says without the receipt, so it is made twice.
        let without = params.signed_by(key, &self.issuer).unwrap();
        let receipt = self.receipt(body(without.der()), from);
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&RECEIPTS, der(0x04, &receipt)));
        params.signed_by(key, &self.issuer).unwrap()
    }

    /// RFC 6962's list of one signed certificate timestamp.
    fn receipt(&self, precertificate: &[u8], at: i64) -> Vec<u8> {
        let millis = (u64::try_from(at).unwrap() * 1000).to_be_bytes();
        let mut signed = vec![0, 0];
        signed.extend(millis);
        signed.extend([0, 1]);
        signed.extend(Sha256::digest(spki(self.issuer.key())));
        signed.extend(&u32::try_from(precertificate.len()).unwrap().to_be_bytes()[1..]);
        signed.extend(precertificate);
        signed.extend([0, 0]);
        let signature = self.receipts.sign(&signed).unwrap();
        let mut one = vec![0];
        one.extend(Sha256::digest(self.receipts_key()));
        one.extend(millis);
        // No extensions; SHA-256, ECDSA.
        one.extend([0, 0, 4, 3]);
        one.extend(length(signature.len()));
        one.extend(signature);
        let mut list = Vec::new();
        list.extend(length(one.len() + 2));
        list.extend(length(one.len()));
        list.extend(one);
        list
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "tests");
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if name == "intermediate" {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    }
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2045, 1, 1);
    params
}

/// A certificate of a timestamp authority's own root for its signer.
pub(crate) fn stamping(root: &KeyPair, signer: &KeyPair) -> (Certificate, Certificate) {
    let params = authority("stamps");
    let top = params.self_signed(root).unwrap();
    let issuer = Issuer::from_params(&params, root);
    let mut leaf = authority("stamper");
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // RFC 3161 wants this purpose alone, and critical, which the library's own field is not.
    let mut purpose = CustomExtension::from_oid_content(&[2, 5, 29, 37], der(0x30, &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8]));
    purpose.set_criticality(true);
    leaf.custom_extensions = vec![purpose];
    (top, leaf.signed_by(signer, &issuer).unwrap())
}

fn length(count: usize) -> [u8; 2] {
    u16::try_from(count).unwrap().to_be_bytes()
}

/// A DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short @ 0..0x80) => element.push(short),
        Ok(long) => element.extend([0x81, long]),
        Err(_) => {
            element.push(0x82);
            element.extend(length(content.len()));
        }
    }
    element.extend(content);
    element
}

/// The part of a certificate that is signed, with its header.
fn body(certificate: &[u8]) -> &[u8] {
    // Both headers are four bytes long: between 256 and 65535 bytes follow.
    assert_eq!((certificate[1], certificate[5]), (0x82, 0x82));
    let inner = usize::from(u16::from_be_bytes([certificate[6], certificate[7]]));
    &certificate[4..8 + inner]
}

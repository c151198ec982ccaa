//! The private Sigstore is right: what it signs is proved, and what is wrong in it is refused.

use jiff::Timestamp;
use mcp_pin::model::{Integrity, Level, PackageName, RegistrySignature};
use mcp_pin::verify::attest::{self, KeySet, NpmSubject, Proven, Refused, Trust};
use mcp_pin::verify::sigstore::{Artifact, Bundle, By, Proof, Root, SigstoreError, prove};
use mcp_pin::verify::{ArchiveCheck, Verified};
use serde_json::Value;

use super::bundle::reply;
use super::forge::{About, Served};
use super::{Build, Flavour, NOON, PUBLISHED, Signing, Statement, World};
use crate::registry::integrity;

const BYTES: &[u8] = b"an archive";
const FLAVOURS: [Flavour; 3] = [Flavour::First, Flavour::FirstStamped, Flavour::Second];

fn now() -> Timestamp {
    Timestamp::now()
}

fn root(world: &World) -> Root {
    Root::parse(&world.trusted_root().to_string()).unwrap()
}

fn proof(root: &Root, bundle: &Value, artifact: Artifact<'_>) -> Result<Proof, SigstoreError> {
    let bundle = Bundle::parse(bundle.to_string().as_bytes())?;
    prove(root, &bundle, artifact, By::Certificate, now())
}

/// Stamps are of now; there are none without `openssl`.
fn signing(flavour: Flavour) -> Signing {
    Signing {
        flavour,
        ..Signing::at(if flavour == Flavour::First { NOON } else { now().as_second() - 3 })
    }
}

fn openssl() -> bool {
    let found = std::process::Command::new("openssl").arg("version").output().is_ok();
    if !found {
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("skipped: no `openssl` for timestamps");
        }
    }
    found
}

#[test]
fn what_it_signs_is_proved_whatever_logs_it() {
    let world = World::new();
    let build = Build::github("acme/demo");
    let statement = Statement::provenance("demo", "1.0.0", &integrity(BYTES), &build);
    let digest: Integrity = integrity(BYTES).parse().unwrap();
    let root = root(&world);
    let strangers = [Root::public_good().unwrap(), self::root(&World::new())];
    for flavour in FLAVOURS {
        if flavour != Flavour::First && !openssl() {
            return;
        }
        let signing = signing(flavour);
        let attested = world.attest_as(signing, &build, &statement);
        let signed = world.sign_bytes(signing, &build, BYTES);
        for (bundle, artifact) in [
            (&attested, Artifact::Digest(&digest)),
            (&attested, Artifact::Bytes(BYTES)),
            (&signed, Artifact::Bytes(BYTES)),
        ] {
            let proof = proof(&root, bundle, artifact).unwrap();
            let identity = proof.identity().unwrap();
            assert_eq!(identity.issuer, build.issuer, "{flavour:?}");
            assert_eq!(identity.signer, build.subject().split_once('@').unwrap().0);
            assert_eq!(identity.repository, build.source());
            assert_eq!(identity.repository_id.as_ref(), Some(&build.repository_id));
            assert_eq!(identity.owner_id.as_ref(), Some(&build.owner_id));
            assert_eq!(identity.workflow.as_ref(), Some(&build.workflow));
            assert_eq!(identity.builder.as_ref(), Some(&build.runner));
            assert_eq!(proof.commit(), Some(build.commit.as_str()));
            assert_eq!(proof.git_ref(), Some(build.git_ref.as_str()));
            assert_eq!(proof.run(), Some(build.run().as_str()));
            let logged = proof.logged_at().unwrap().as_second();
            assert!((signing.logged..signing.logged + 60).contains(&logged), "{flavour:?}: {logged}");
            for root in &strangers {
                self::proof(root, bundle, artifact).unwrap_err();
            }
        }
        proof(&root, &attested, Artifact::Bytes(b"other")).unwrap_err();
        proof(&root, &signed, Artifact::Bytes(b"other")).unwrap_err();
    }
}

#[test]
fn the_second_log_alone_proves_no_time() {
    let world = World::new();
    let build = Build::github("acme/demo");
    let mut bundle = world.sign_bytes(signing(Flavour::Second), &build, BYTES);
    bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] = serde_json::json!([]);
    proof(&root(&world), &bundle, Artifact::Bytes(BYTES)).unwrap_err();
}

#[test]
fn a_stamp_of_another_signature_proves_no_time() {
    if !openssl() {
        return;
    }
    let world = World::new();
    let build = Build::github("acme/demo");
    let pointer = "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp";
    let mut bundle = world.sign_bytes(signing(Flavour::Second), &build, BYTES);
    let other = world.sign_bytes(signing(Flavour::Second), &build, BYTES);
    proof(&root(&world), &super::bundle::flip(&bundle, pointer), Artifact::Bytes(BYTES)).unwrap_err();
    *bundle.pointer_mut(pointer).unwrap() = other.pointer(pointer).unwrap().clone();
    proof(&root(&world), &bundle, Artifact::Bytes(BYTES)).unwrap_err();
}

fn trust(world: &World) -> Trust {
    Trust {
        root: root(world),
        keys: KeySet::parse(world.keys().to_string().as_bytes()).unwrap(),
    }
}

fn verified(bytes: &[u8]) -> Verified {
    let mut check = ArchiveCheck::new(&integrity(bytes).parse().unwrap());
    check.update(bytes);
    check.finish().unwrap()
}

fn judged(trust: &Trust, name: &str, served: &Served) -> Result<Proven, Refused> {
    let name: PackageName = name.parse().unwrap();
    let archive = verified(BYTES);
    let subject = NpmSubject {
        name: &name,
        version: "1.0.0",
        archive: archive.integrity(),
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let signature = |served: &Value| RegistrySignature {
        keyid: text(&served["keyid"]),
        signature: text(&served["sig"]),
        published: Some(PUBLISHED.parse().unwrap()),
    };
    let signatures: Vec<_> = served.signatures.iter().map(signature).collect();
    // An empty list decides nothing; without a reply there are no documents.
    let documents = match served.bundles.as_slice() {
        [] => Vec::new(),
        bundles => attest::read_npm_reply(reply(bundles).to_string().as_bytes())?,
    };
    attest::prove_npm(trust, subject, &signatures, &documents, now())
}

fn about<'a>(name: &'a str, integrity: &'a str) -> About<'a> {
    About {
        name,
        version: "1.0.0",
        integrity,
        registry: "https://registry.example.test",
    }
}

#[test]
fn what_a_registry_serves_is_proved() {
    let world = World::new();
    let trust = trust(&world);
    let integrity = integrity(BYTES);
    let build = Build::github("acme/demo");
    for name in ["demo", "@acme/demo"] {
        let served = world.honest(about(name, &integrity), &build);
        let proven = judged(&trust, name, &served).unwrap();
        let evidence = proven.evidence();
        assert_eq!(evidence.level(), Level::Provenance);
        assert!(evidence.signature.is_some() && evidence.publish.is_some());
        assert_eq!(evidence.bundles().len(), 2);
        assert_eq!(proven.logged_at().unwrap().as_second(), NOON);
        let mut signed = served.clone();
        signed.bundles.clear();
        assert_eq!(judged(&trust, name, &signed).unwrap().evidence().level(), Level::Signed);
        signed.signatures.clear();
        assert_eq!(judged(&trust, name, &signed).unwrap().evidence().level(), Level::Hash);
    }
}

/// Why each forgery must be refused: by the check that is meant for it, not by another.
const REASONS: [(&str, &str); 46] = [
    ("of another package", "other bytes"),
    ("other name, right digest", "pkg:npm/evil@1.0.0"),
    ("other version, right digest", "pkg:npm/demo@9.9.9"),
    ("name without its ecosystem", "about `demo`"),
    ("right name, other digest", "other bytes"),
    ("digest and name in different subjects", "2 subjects"),
    ("decoy before it", "2 subjects"),
    ("no subject", "no subjects"),
    ("no statement", "unknown type"),
    ("published as another version", "for the version `9.9.9`"),
    ("published as another name", "for the name `evil`"),
    ("published, other digest", "other bytes"),
    ("other instance", "signed entry timestamp"),
    ("other authority", "not issued by an authority"),
    ("other authority, right receipt", "not issued by an authority"),
    ("receipt of another log", "no certificate transparency log"),
    ("logged elsewhere", "signed entry timestamp"),
    ("logged after the certificate", "had expired"),
    ("logged before the certificate", "not yet valid"),
    ("logged in the future", "in the future"),
    ("flipped promise", "signed entry timestamp"),
    ("flipped root", "inclusion proof"),
    ("flipped proof", "inclusion proof"),
    ("flipped entry", "signed entry timestamp"),
    ("flipped signature", "the signature does not hold"),
    ("flipped certificate", "certificate"),
    ("other payload", "the signature does not hold"),
    ("other payload type", "payload type"),
    ("other time", "signed entry timestamp"),
    ("other index", "signed entry timestamp"),
    ("entry of another signature", "about another signature"),
    ("no entry", "no transparency log entry"),
    ("certificate of another signature", "the signature does not hold"),
    ("signed over the bytes of nothing", ""),
    ("signature by a stranger", "knows no key"),
    ("signature by a stranger in the registry's name", "is not over"),
    ("signature of another version", "is not over"),
    ("signature of other bytes", "is not over"),
    ("signature by an expired key", "had expired"),
    ("published by a stranger", "knows no key"),
    ("published by a stranger in the registry's name", "the signature does not hold"),
    ("published with two names of a key", "two key ids"),
    ("published by an expired key", "did not count"),
    ("published by a build", "signed with a certificate"),
    ("provenance that is called something else", "the registry calls it"),
    ("provenance by the registry's key", "a registry does not build"),
];

#[test]
fn every_forgery_is_refused() {
    let world = World::new();
    let trust = trust(&world);
    let integrity = integrity(BYTES);
    let build = Build::github("acme/demo");
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (what, served) in world.forgeries(about("demo", &integrity), &build) {
        tried += 1;
        let reason = REASONS.iter().find(|(name, _)| *name == what).expect(what).1;
        match judged(&trust, "demo", &served) {
            Ok(proven) => wrong.push(format!("{what}: accepted as {}", proven.evidence().level())),
            Err(refused) if refused.to_string().contains(reason) => {}
            Err(refused) => wrong.push(format!("{what}: {refused}")),
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(tried, REASONS.len());
    // All of it, whole, proves nothing to whoever trusts others.
    let public = Trust {
        root: Root::public_good().unwrap(),
        keys: KeySet::embedded().unwrap(),
    };
    judged(&public, "demo", &world.honest(about("demo", &integrity), &build)).unwrap_err();
}

#[test]
fn a_statement_of_an_unknown_kind_counts_for_nothing() {
    let world = World::new();
    let integrity = integrity(BYTES);
    let build = Build::github("acme/demo");
    let about = about("demo", &integrity);
    let mut served = world.honest(about, &build);
    let statement = about.provenance(&build).with("/predicateType", "https://example.test/vsa/v1");
    served.bundles[1] = (statement.clone(), world.attest(&build, &statement));
    assert_eq!(judged(&trust(&world), "demo", &served).unwrap().evidence().level(), Level::Signed);
}

#[test]
fn a_key_counts_in_its_time() {
    let world = World::new();
    let trust = trust(&world);
    let integrity = integrity(BYTES);
    let publish = about("demo", &integrity).publish();
    // 2023-06-01, when the old key was the registry's.
    let bundle = world.attest_with(&world.expired, &publish, 1_685_620_800);
    let served = Served {
        signatures: Vec::new(),
        bundles: vec![(publish, bundle)],
    };
    assert_eq!(judged(&trust, "demo", &served).unwrap().evidence().level(), Level::Signed);
}

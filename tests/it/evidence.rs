//! Real evidence against the real archives, fetched by the ordinary clients as this machine's are
//! configured: every published bundle holds against its archive, and against nothing else.
//!
//! Where a client's registry does not answer, or the published bundles are not there, the tests say
//! "skipped" aloud.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mcp_pin::model::{Integrity, Level, RegistrySignature};
use mcp_pin::verify::attest::{
    Document, KeySet, NpmSubject, Proven, PypiSubject, Refused, Trust, prove_npm, prove_pypi, read_npm_reply, read_pep740,
};
use mcp_pin::verify::sigstore::Root;
use mcp_pin::verify::{ArchiveCheck, Verified};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_secs(5);
const OLD_KEY: &str = "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA";
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// The folder of published bundles, or `None`, said aloud.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn data() -> Option<PathBuf> {
    let data =
        std::env::var_os("MCP_PIN_TEST_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let folder = data.join("sigstore");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is absent", folder.display());
    None
}

fn trust() -> Trust {
    Trust {
        root: Root::public_good().unwrap(),
        keys: KeySet::embedded().unwrap(),
    }
}

/// A fixed clock: later than every bundle here.
fn now() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

/// What a client downloads into an empty folder, or `None`, said aloud. Each archive once.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn fetched(program: &str, args: &[&str]) -> Option<Vec<u8>> {
    type Cache = Mutex<BTreeMap<String, Option<Vec<u8>>>>;
    static CACHE: OnceLock<Cache> = OnceLock::new();
    let key = format!("{program} {}", args.join(" "));
    let mut cache = CACHE.get_or_init(Mutex::default).lock().unwrap();
    let found = cache.entry(key.clone()).or_insert_with(|| {
        (0..TRIES).find_map(|round| {
            if round > 0 {
                std::thread::sleep(PAUSE);
            }
            let folder = tempfile::tempdir().unwrap();
            let ran = Command::new(program).args(args).current_dir(folder.path()).output().ok()?;
            let file = std::fs::read_dir(folder.path()).unwrap().next()?.unwrap().path();
            ran.status.success().then(|| std::fs::read(file).unwrap())
        })
    });
    if found.is_none() {
        eprintln!("skipped: `{key}` fetched nothing");
    }
    found.clone()
}

fn npm(name: &str, version: &str) -> Option<Vec<u8>> {
    fetched("npm", &["pack", "--silent", &format!("{name}@{version}")])
}

fn pip(kind: &str, name: &str, version: &str) -> Option<Vec<u8>> {
    let spec = format!("{name}=={version}");
    fetched("pip", &["download", "--quiet", "--no-deps", kind, ":all:", &spec])
}

fn sdist(name: &str, version: &str) -> Option<Vec<u8>> {
    pip("--no-binary", name, version)
}

fn wheel(name: &str, version: &str) -> Option<Vec<u8>> {
    pip("--only-binary", name, version)
}

/// A file among the test data inside the sources of `pypi-attestations`.
fn asset(file: &str) -> Option<Vec<u8>> {
    let sources = sdist("pypi-attestations", "0.0.30")?;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&sources[..]));
    let wanted = Path::new("pypi_attestations-0.0.30/test/assets").join(file);
    let mut entry = archive
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|entry| *entry.path().unwrap() == wanted);
    let mut bytes = Vec::new();
    entry.as_mut().unwrap().read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

fn verified(bytes: &[u8], digest: Integrity) -> Verified {
    let mut check = ArchiveCheck::new(&digest);
    check.update(bytes);
    check.finish().unwrap()
}

fn sha512(bytes: &[u8]) -> Verified {
    verified(bytes, Integrity::Sha512(Sha512::digest(bytes).into()))
}

fn sha256(bytes: &[u8]) -> Verified {
    verified(bytes, Integrity::Sha256(Sha256::digest(bytes).into()))
}

fn prove(trust: &Trust, (name, version): (&str, &str), archive: &Verified, documents: &[Document]) -> Result<Proven, Refused> {
    let name = name.parse().unwrap();
    let subject = NpmSubject {
        name: &name,
        version,
        archive: archive.integrity(),
    };
    prove_npm(trust, subject, &[], documents, now())
}

fn prove_file(file_name: &str, archive: &Verified, documents: &[Document]) -> Result<Proven, Refused> {
    let archive = archive.integrity();
    prove_pypi(&trust(), PypiSubject { file_name, archive }, documents, now())
}

#[track_caller]
fn is_forged(result: Result<Proven, Refused>, text: &str) {
    match result {
        Err(Refused::Forged { attack }) => assert!(attack.contains(text), "no `{text}` in: {attack}"),
        other => panic!("not forged: {other:?}"),
    }
}

#[track_caller]
fn is_undecidable(result: Result<Proven, Refused>, text: &str) {
    match result {
        Err(Refused::Undecidable(error)) => assert!(error.what.contains(text), "no `{text}` in: {error}"),
        other => panic!("decided: {other:?}"),
    }
}

/// A file's documents: an npm reply, a PEP 740 object or a bundle.
fn documents(file: &Path) -> Vec<Document> {
    let text = std::fs::read(file).unwrap();
    let value: Value = serde_json::from_slice(&text).unwrap();
    if value.get("attestations").is_some() {
        read_npm_reply(&text).unwrap()
    } else if value.get("mediaType").is_some() {
        vec![Document::new(&text).unwrap()]
    } else {
        read_pep740(&text).unwrap()
    }
}

/// An npm reply, changed.
fn changed(file: &Path, change: impl FnOnce(&mut Value)) -> Vec<Document> {
    let mut reply: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    change(&mut reply);
    read_npm_reply(reply.to_string().as_bytes()).unwrap()
}

/// From the store: the same bundles without what the delivery said.
fn stored(documents: &[Document]) -> Vec<Document> {
    documents.iter().map(|document| Document::new(document.json()).unwrap()).collect()
}

/// The commits of the releases of npm's `sigstore`, all by one repository.
const NPM: [(&str, &str, &str, &str); 8] = [
    (
        "pacote/valid-attestations.json",
        "0.4.0",
        "8a2ee2fd20dda58ffa4a8d808a65cb1e04711c03",
        "publish.yml",
    ),
    (
        "sigstore-1.0.0.attestations.json",
        "1.0.0",
        "06528997c3c8ab9f864fad9a3658446aca7fd86d",
        "publish.yml",
    ),
    (
        "sigstore-1.3.0.provenance.sigstore.json",
        "1.3.0",
        "dae8bd8eb433a4147b4655c00fe73e0f22bc0fb1",
        "release.yml",
    ),
    (
        "sigstore-2.1.0.provenance.v0.1.sigstore.json",
        "2.1.0",
        "26d16513386ffaa790b1c32f927544f1322e4194",
        "release.yml",
    ),
    (
        "sigstore-2.1.0.provenance.v0.3.sigstore.json",
        "2.1.0",
        "26d16513386ffaa790b1c32f927544f1322e4194",
        "release.yml",
    ),
    (
        "sigstore-2.3.1.attestations.json",
        "2.3.1",
        "46e7056ff9912ebfee5298d94024895a9fea76c0",
        "release.yml",
    ),
    (
        "sigstore-5.0.0.attestations.json",
        "5.0.0",
        "7d2900eca1c22b3f87c13987c8d4b7c9a29b733a",
        "release.yml",
    ),
    ("sigstore-1.3.0.publish.sigstore.json", "1.3.0", "", ""),
];

#[test]
fn every_npm_bundle_holds_against_its_archive() {
    let Some(data) = data() else { return };
    for (file, version, commit, workflow) in NPM {
        let Some(archive) = npm("sigstore", version) else { return };
        let documents = documents(&data.join("npm").join(file));
        let archive = sha512(&archive);
        let proven = prove(&trust(), ("sigstore", version), &archive, &documents).unwrap_or_else(|error| panic!("{file}: {error}"));
        let evidence = proven.evidence();
        assert_eq!(proven.checked().len(), documents.len(), "{file}");
        assert_eq!(evidence.bundles().len(), documents.len(), "{file}");
        assert!(proven.logged_at().is_some(), "{file}");
        let again = prove(&trust(), ("sigstore", version), &archive, &stored(&documents)).unwrap();
        assert_eq!(again, proven, "{file}: the store proves the same");
        if commit.is_empty() {
            assert_eq!(evidence.level(), Level::Signed);
            let line = &proven.checked()[0];
            assert!(line.starts_with("publish attestation") && line.contains(OLD_KEY), "{line}");
            continue;
        }
        assert_eq!(evidence.level(), Level::Provenance, "{file}");
        assert_eq!(evidence.publish.is_some(), documents.len() == 2, "{file}");
        let provenance = evidence.provenance.as_ref().unwrap();
        assert_eq!(provenance.commit.as_deref(), Some(commit), "{file}");
        assert_eq!(provenance.identity.issuer, GITHUB);
        assert_eq!(
            provenance.identity.repository.as_deref(),
            Some("https://github.com/sigstore/sigstore-js")
        );
        assert_eq!(provenance.identity.workflow, Some(format!(".github/workflows/{workflow}")));
        assert!(provenance.identity.builder.is_some(), "{file}");
        let line = proven.checked().iter().find(|line| line.starts_with("SLSA provenance v")).unwrap();
        assert!(
            line.contains(&format!("certificate by {GITHUB} for https://github.com/sigstore/sigstore-js/")),
            "{line}"
        );
        assert!(line.contains(", logged at 202"), "{line}");
    }
}

#[test]
fn signature_and_attestations_of_one_version_are_pinned_together() {
    let Some(data) = data() else { return };
    let Some(archive) = npm("sigstore", "5.0.0") else { return };
    let all: Vec<Value> = serde_json::from_slice(&std::fs::read(data.join("npm-keys/registry-signatures.json")).unwrap()).unwrap();
    let Some(real) = all.iter().find(|real| real["name"] == "sigstore" && real["version"] == "5.0.0") else {
        panic!("no signature of sigstore 5.0.0");
    };
    let signature = RegistrySignature {
        keyid: real["keyid"].as_str().unwrap().to_owned(),
        signature: real["sig"].as_str().unwrap().to_owned(),
        published: None,
    };
    let name = "sigstore".parse().unwrap();
    let archive = sha512(&archive);
    let documents = documents(&data.join("npm/sigstore-5.0.0.attestations.json"));
    let judge = |version: &str, archive: &Verified| {
        let subject = NpmSubject {
            name: &name,
            version,
            archive: archive.integrity(),
        };
        prove_npm(&trust(), subject, std::slice::from_ref(&signature), &documents, now())
    };
    let proven = judge("5.0.0", &archive).unwrap();
    assert_eq!(proven.evidence().signature.as_ref(), Some(&signature));
    assert_eq!(proven.checked().len(), 3);
    assert!(
        proven.checked()[0].starts_with("registry signature by key SHA256:DhQ8"),
        "{:?}",
        proven.checked()
    );
    assert!(
        proven
            .run()
            .unwrap()
            .starts_with("https://github.com/sigstore/sigstore-js/actions/runs/")
    );
    is_forged(judge("5.0.1", &archive), "is not over `sigstore@5.0.1:");
    is_forged(judge("5.0.0", &sha512(b"other")), "is not over `sigstore@5.0.0:");
}

#[test]
fn nothing_delivered_proves_no_more_than_the_hash() {
    let proven = prove(&trust(), ("sigstore", "1.0.0"), &sha512(b"x"), &[]).unwrap();
    assert_eq!((proven.evidence().level(), proven.checked().len()), (Level::Hash, 0));
    let proven = prove_file("x-1.0.tar.gz", &sha256(b"x"), &[]).unwrap();
    assert_eq!((proven.evidence().level(), proven.checked().len()), (Level::Hash, 0));
}

#[test]
fn a_true_npm_bundle_proves_nothing_of_anything_else() {
    let Some(data) = data() else { return };
    let (Some(bytes), Some(other)) = (npm("sigstore", "2.3.1"), npm("sigstore", "2.1.0")) else {
        return;
    };
    let file = data.join("npm/sigstore-2.3.1.attestations.json");
    let (archive, other) = (sha512(&bytes), sha512(&other));
    let true_ones = documents(&file);
    let about = |name, version, archive: &Verified| prove(&trust(), (name, version), archive, &true_ones);
    is_forged(about("sigstore", "2.3.1", &other), "other bytes");
    is_forged(about("tuf-js", "2.3.1", &archive), "not about `pkg:npm/tuf-js@2.3.1`");
    is_forged(about("@s/sigstore", "2.3.1", &archive), "not about `pkg:npm/%40s/sigstore@2.3.1`");
    is_forged(about("sigstore", "2.3.2", &archive), "not about `pkg:npm/sigstore@2.3.2`");
    is_undecidable(about("sigstore", "2.3.1", &sha256(&bytes)), "only a SHA-256 digest");

    let foreign = documents(&data.join("npm/sigstore-2.1.0.provenance.v0.3.sigstore.json"));
    let mixed = [true_ones.clone(), foreign].concat();
    is_forged(prove(&trust(), ("sigstore", "2.3.1"), &archive, &mixed), "other bytes");

    let ours = ("sigstore", "2.3.1");
    let relabelled = changed(&file, |reply| {
        reply["attestations"][0]["predicateType"] = json!("https://slsa.dev/provenance/v1")
    });
    is_forged(prove(&trust(), ours, &archive, &relabelled), "the registry calls it");
    let early = "2024-05-16T00:00:00Z".parse().unwrap();
    let name = "sigstore".parse().unwrap();
    let subject = NpmSubject {
        name: &name,
        version: "2.3.1",
        archive: archive.integrity(),
    };
    is_forged(prove_npm(&trust(), subject, &[], &true_ones, early), "in the future");
}

#[test]
fn a_publish_attestation_counts_by_its_key_alone() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "2.3.1") else { return };
    let file = data.join("npm/sigstore-2.3.1.attestations.json");
    let archive = sha512(&bytes);
    let target: Value = serde_json::from_slice(&std::fs::read(data.join("npm-keys/keys.json")).unwrap()).unwrap();
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut target = target.clone();
        change(target["keys"].as_array_mut().unwrap());
        let trust = Trust {
            keys: KeySet::parse(target.to_string().as_bytes()).unwrap(),
            ..trust()
        };
        prove(&trust, ("sigstore", "2.3.1"), &archive, &documents(&file))
    };
    with(&|_| {}).unwrap();
    let window = |member: &'static str, time: &'static str| {
        move |keys: &mut Vec<Value>| {
            for key in keys {
                key["publicKey"]["validFor"][member] = json!(time);
            }
        }
    };
    is_forged(with(&window("end", "2024-05-01T00:00:00Z")), "did not count at 2024-05-16");
    is_forged(with(&window("start", "2024-06-01T00:00:00Z")), "did not count at 2024-05-16");
    is_undecidable(with(&|keys| keys.retain(|key| key["keyId"] != OLD_KEY)), "mcp-pin trust refresh");
    is_undecidable(
        with(&|keys| keys.retain(|key| key["keyUsage"] == "npm:signatures")),
        "for attestations",
    );
    let swap = |keys: &mut Vec<Value>| {
        let new = keys[2]["publicKey"]["rawBytes"].clone();
        keys.retain(|key| key["keyId"] == OLD_KEY);
        for key in keys {
            key["publicKey"]["rawBytes"] = new.clone();
        }
    };
    is_forged(with(&swap), "");
}

/// What npm's own client refuses, and what each is here.
#[test]
fn every_reply_that_npms_client_refuses_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "0.4.0") else { return };
    let archive = sha512(&bytes);
    for (file, forged, says) in [
        ("invalid", true, ""),
        ("malformed-subject", true, ""),
        ("mismatched-keyid", true, "said twice"),
        ("mismatched-subject-digest", true, ""),
        ("mismatched-subject-name", true, ""),
        ("no-keyid", true, "does not name the key"),
        ("unsupported", true, ""),
    ] {
        let documents = documents(&data.join(format!("npm/pacote/{file}-attestations.json")));
        let result = prove(&trust(), ("sigstore", "0.4.0"), &archive, &documents);
        println!("{file}: {result:?}");
        if forged {
            is_forged(result, says)
        } else {
            is_undecidable(result, says)
        }
    }
}

#[test]
fn a_broken_signature_of_either_document_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "2.3.1") else { return };
    for file in [
        "sigstore-2.3.1.invalid-provenance-signature.json",
        "sigstore-2.3.1.invalid-publish-signature.json",
    ] {
        let documents = documents(&data.join("npm/tampered").join(file));
        is_forged(prove(&trust(), ("sigstore", "2.3.1"), &sha512(&bytes), &documents), "");
    }
}

/// A Python vector: its file, the archive's name, and who signed.
struct Python {
    file: &'static str,
    archive: Option<Vec<u8>>,
    issuer: &'static str,
    repository: Option<&'static str>,
}

fn python() -> [(&'static str, Python); 8] {
    let github = |file, archive, repository| Python {
        file,
        archive,
        issuer: GITHUB,
        repository: Some(repository),
    };
    let abi3info = "https://github.com/woodruffw/abi3info";
    [
        (
            "abi3info-2024.10.3-py3-none-any.whl",
            github(
                "abi3info-2024.10.3-py3-none-any.whl.provenance",
                wheel("abi3info", "2024.10.3"),
                abi3info,
            ),
        ),
        (
            "abi3info-2024.10.8-py3-none-any.whl",
            github(
                "abi3info-2024.10.8-py3-none-any.whl.provenance",
                wheel("abi3info", "2024.10.8"),
                abi3info,
            ),
        ),
        (
            "abi3info-2024.10.8.tar.gz",
            github("abi3info-2024.10.8.tar.gz.provenance", sdist("abi3info", "2024.10.8"), abi3info),
        ),
        (
            "sampleproject-4.0.0.tar.gz",
            github(
                "sampleproject-4.0.0.tar.gz.provenance",
                sdist("sampleproject", "4.0.0"),
                "https://github.com/pypa/sampleproject",
            ),
        ),
        (
            "sampleproject-3.0.0.tar.gz",
            Python {
                file: "sampleproject-3.0.0.tar.gz.publish.attestation",
                archive: sdist("sampleproject", "3.0.0"),
                issuer: "https://accounts.google.com",
                repository: None,
            },
        ),
        (
            "pypi_attestations-0.0.19.tar.gz",
            github(
                "pypi_attestations-0.0.19.tar.gz.provenance",
                asset("pypi_attestations-0.0.19.tar.gz"),
                "https://github.com/trailofbits/pypi-attestations",
            ),
        ),
        (
            "gitlab_oidc_project-0.0.3.tar.gz",
            Python {
                file: "gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
                archive: asset("gitlab_oidc_project-0.0.3.tar.gz"),
                issuer: "https://gitlab.com",
                repository: Some("https://gitlab.com/facutuesca/gitlab-oidc-project"),
            },
        ),
        (
            "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl",
            Python {
                file: "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.provenance",
                archive: asset("circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl"),
                issuer: "https://oidc.circleci.com",
                repository: Some("https://github.com/CircleCI-Public/sign-and-publish-examples"),
            },
        ),
    ]
}

#[test]
fn every_python_attestation_holds_against_its_file_alone() {
    let Some(data) = data() else { return };
    for (name, vector) in python() {
        let Some(bytes) = &vector.archive else { continue };
        let archive = sha256(bytes);
        let documents = documents(&data.join("pypi").join(vector.file));
        let proven = prove_file(name, &archive, &documents).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(proven.evidence().level(), Level::Provenance, "{name}");
        let identity = &proven.evidence().provenance.as_ref().unwrap().identity;
        assert_eq!(
            (identity.issuer.as_str(), identity.repository.as_deref()),
            (vector.issuer, vector.repository),
            "{name}"
        );
        assert!(proven.checked()[0].contains(name), "{:?}", proven.checked());
        assert_eq!(
            prove_file(name, &archive, &stored(&documents)).unwrap().evidence(),
            proven.evidence()
        );

        is_forged(prove_file(name, &sha256(b"other"), &documents), "other bytes");
        is_forged(prove_file("other-1.0.tar.gz", &archive, &documents), "not about `other-1.0.tar.gz`");
        is_undecidable(prove_file(name, &sha512(bytes), &documents), "only a SHA-512 digest");
        is_undecidable(prove_file("archive", &archive, &documents), "no name of a wheel");
    }
}

#[test]
fn publish_attestation_and_slsa_provenance_of_one_file_agree() {
    let name = "pypi_attestations-0.0.19.tar.gz";
    let Some(bytes) = asset(name) else { return };
    let of = |kind: &str| read_pep740(&asset(&format!("{name}.{kind}.attestation")).unwrap()).unwrap();
    let both = [of("publish"), of("slsa")].concat();
    let proven = prove_file(name, &sha256(&bytes), &both).unwrap();
    assert_eq!(proven.evidence().provenance.as_ref().unwrap().bundles.len(), 2);
    assert!(proven.checked().iter().any(|line| line.starts_with("SLSA provenance v1")));

    let gcb = "gcb_attestation_test-0.0.0.tar.gz";
    let documents = read_pep740(&asset(&format!("{gcb}.provenance")).unwrap()).unwrap();
    let proven = prove_file(gcb, &sha256(&asset(gcb).unwrap()), &documents).unwrap();
    assert!(proven.checked()[0].contains("publisher Google agrees"), "{:?}", proven.checked());
}

#[test]
fn a_publisher_that_is_swapped_is_refused() {
    let Some(data) = data() else { return };
    let name = "abi3info-2024.10.3-py3-none-any.whl";
    let Some(bytes) = wheel("abi3info", "2024.10.3") else { return };
    let text = std::fs::read(data.join("pypi").join(format!("{name}.provenance"))).unwrap();
    let with = |publisher: Value| {
        let mut provenance: Value = serde_json::from_slice(&text).unwrap();
        provenance["attestation_bundles"][0]["publisher"] = publisher;
        prove_file(name, &sha256(&bytes), &read_pep740(provenance.to_string().as_bytes()).unwrap())
    };
    let proven = with(json!({"kind": "GitHub", "repository": "WoodruffW/abi3info", "workflow": "release.yml"})).unwrap();
    assert!(proven.checked()[0].contains("publisher GitHub agrees"), "{:?}", proven.checked());
    let says = "but the certificate says";
    is_forged(
        with(json!({"kind": "GitHub", "repository": "pypa/pip", "workflow": "release.yml"})),
        says,
    );
    is_forged(
        with(json!({"kind": "GitHub", "repository": "woodruffw/abi3info", "workflow": "other.yml"})),
        says,
    );
    is_forged(
        with(json!({"kind": "GitLab", "repository": "woodruffw/abi3info", "workflow_filepath": "release.yml"})),
        says,
    );
    is_forged(with(json!({"kind": "Google", "email": "a@b.example"})), says);
}

#[test]
fn every_forged_python_bundle_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = wheel("sigstore", "4.5.0") else { return };
    let archive = sha256(&bytes);
    let mut count = 0;
    for file in std::fs::read_dir(data.join("pypi/mutations")).unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read(&file).unwrap();
        is_forged(
            prove_file("sigstore-4.5.0-py3-none-any.whl", &archive, &[Document::new(&text).unwrap()]),
            "",
        );
        count += 1;
    }
    assert_eq!(count, 9);
}

/// A registry that delivers one ecosystem's true evidence for another's package.
#[test]
fn npm_evidence_is_none_for_python_nor_the_other_way_round() {
    let Some(data) = data() else { return };
    let (Some(tgz), Some(whl)) = (npm("sigstore", "5.0.0"), wheel("abi3info", "2024.10.3")) else {
        return;
    };
    let npm_documents = documents(&data.join("npm/sigstore-5.0.0.attestations.json"));
    let python_documents = documents(&data.join("pypi/abi3info-2024.10.3-py3-none-any.whl.provenance"));
    is_forged(prove_file("sigstore-5.0.0.tar.gz", &sha256(&tgz), &npm_documents), "");
    is_forged(
        prove(&trust(), ("abi3info", "2024.10.3"), &sha512(&whl), &python_documents),
        "other bytes",
    );
}

/// A flipped bit anywhere in what is signed or vouched for.
#[test]
fn one_changed_byte_in_any_part_of_a_bundle_is_refused() {
    let Some(data) = data() else { return };
    let Some(bytes) = npm("sigstore", "5.0.0") else { return };
    let archive = sha512(&bytes);
    let file = data.join("npm/sigstore-5.0.0.attestations.json");
    let entry = "verificationMaterial/tlogEntries/0";
    for part in [
        "dsseEnvelope/payload",
        "dsseEnvelope/signatures/0/sig",
        "verificationMaterial/certificate/rawBytes",
        &format!("{entry}/inclusionPromise/signedEntryTimestamp"),
        &format!("{entry}/inclusionProof/rootHash"),
        &format!("{entry}/inclusionProof/hashes/0"),
        &format!("{entry}/canonicalizedBody"),
    ] {
        let documents = changed(&file, |reply| {
            let place = reply.pointer_mut(&format!("/attestations/1/bundle/{part}")).unwrap();
            let mut raw = STANDARD.decode(place.as_str().unwrap()).unwrap();
            let middle = raw.len() / 2;
            raw[middle] ^= 1;
            *place = json!(STANDARD.encode(raw));
        });
        let result = prove(&trust(), ("sigstore", "5.0.0"), &archive, &documents);
        assert!(result.is_err(), "{part} was changed and proved all the same");
    }
}

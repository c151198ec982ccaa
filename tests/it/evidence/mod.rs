//! Real evidence against the real archives, fetched by the ordinary clients as this machine's are
//! configured: every published bundle holds against its archive, and against nothing else.
//!
//! Where a client's registry does not answer, or the published bundles are not there, the tests say
//! "skipped" aloud.

mod npm;
mod python;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use mcp_pin::model::{Integrity, Level};
use mcp_pin::verify::attest::{
    Document, KeySet, NpmSubject, Proven, PypiSubject, Refused, Trust, prove_npm, prove_pypi, read_npm_reply, read_pep740,
};
use mcp_pin::verify::sigstore::Root;
use mcp_pin::verify::{ArchiveCheck, Verified};
use serde_json::Value;
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

fn verified(bytes: &[u8], digest: &Integrity) -> Verified {
    let mut check = ArchiveCheck::new(digest);
    check.update(bytes);
    check.finish().unwrap()
}

fn sha512(bytes: &[u8]) -> Verified {
    verified(bytes, &Integrity::Sha512(Sha512::digest(bytes).into()))
}

fn sha256(bytes: &[u8]) -> Verified {
    verified(bytes, &Integrity::Sha256(Sha256::digest(bytes).into()))
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

#[test]
fn nothing_delivered_proves_no_more_than_the_hash() {
    let proven = prove(&trust(), ("sigstore", "1.0.0"), &sha512(b"x"), &[]).unwrap();
    assert_eq!((proven.evidence().level(), proven.checked().len()), (Level::Hash, 0));
    let proven = prove_file("x-1.0.tar.gz", &sha256(b"x"), &[]).unwrap();
    assert_eq!((proven.evidence().level(), proven.checked().len()), (Level::Hash, 0));
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

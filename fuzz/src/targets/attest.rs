//! What registries deliver about archives, and what is signed in it.

use std::sync::LazyLock;

use jiff::Timestamp;
use mcp_pin::model::{Identity, Integrity, Level, PackageName, RegistrySignature, Sha256Digest};
use mcp_pin::registry::tuf;
use mcp_pin::verify::attest::fuzzing::{Expected, same_distribution};
use mcp_pin::verify::attest::source::{names_same_repository, repository_of};
use mcp_pin::verify::attest::{
    Document, KeySet, NpmSubject, Proven, PypiSubject, Refused, Trust, fuzzing, prove_npm, prove_pypi, read_npm_reply, read_pep740,
};
use mcp_pin::verify::sigstore::Root;
use serde_json::Value;

use super::mutate::mutate;

const VERSION: &str = "1.2.3";
const WHEEL: &str = "example_server-1.2.3-py3-none-any.whl";
const OTHER_WHEEL: &str = "example_server-1.2.4-py3-none-any.whl";
const ARCHIVE: &[u8] = include_bytes!("../../samples/world/archive");
const OTHER: &[u8] = b"other bytes";
const REPLY: &str = include_str!("../../samples/world/reply.json");
const PEP740: &str = include_str!("../../samples/world/pep740.json");

struct World {
    trust: Trust,
    name: PackageName,
    other_name: PackageName,
    now: Timestamp,
    /// The archive and other bytes, by SHA-512 and by SHA-256.
    npm: [Integrity; 2],
    pypi: [Integrity; 2],
    reply: Value,
    pep740: Value,
    identity: Identity,
    signatures: Vec<RegistrySignature>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let trust = Trust {
        root: Root::parse(include_str!("../../samples/world/trusted_root.json")).expect("the sample's root"),
        keys: KeySet::parse(include_bytes!("../../samples/world/keys.json")).expect("the sample's keys"),
    };
    let name: PackageName = "@example/server".parse().expect("a name");
    let now: Timestamp = "2030-01-01T00:00:00Z".parse().expect("a time");
    let npm = [ARCHIVE, OTHER].map(sha512);
    let subject = NpmSubject {
        name: &name,
        version: VERSION,
        archive: &npm[0],
    };
    let documents = read_npm_reply(REPLY.as_bytes()).expect("the sample's reply");
    let signatures: Value = serde_json::from_str(include_str!("../../samples/world/signatures.json")).expect("JSON");
    let signatures = signatures.as_array().expect("a list").iter().map(signature).collect::<Vec<_>>();
    let proven = prove_npm(&trust, subject, &signatures, &documents, now).expect("the sample holds");
    let identity = proven.evidence().provenance.as_ref().expect("provenance").identity.clone();
    let pypi = [ARCHIVE, OTHER].map(sha256);
    let wheel = PypiSubject {
        file_name: WHEEL,
        archive: &pypi[0],
    };
    let documents = read_pep740(PEP740.as_bytes()).expect("the sample's provenance");
    let python = prove_pypi(&trust, wheel, &documents, now).expect("the sample holds");
    assert_eq!(python.evidence().level(), Level::Provenance);
    World {
        trust,
        other_name: "@example/other".parse().expect("a name"),
        name,
        now,
        npm,
        pypi,
        reply: serde_json::from_str(REPLY).expect("JSON"),
        pep740: serde_json::from_str(PEP740).expect("JSON"),
        identity,
        signatures,
    }
});

fn signature(value: &Value) -> RegistrySignature {
    RegistrySignature {
        keyid: value["keyid"].as_str().unwrap_or_default().to_owned(),
        signature: value["sig"].as_str().unwrap_or_default().to_owned(),
        published: None,
    }
}

pub(crate) fn sha512(bytes: &[u8]) -> Integrity {
    use sha2::Digest as _;
    integrity("sha512", &sha2::Sha512::digest(bytes))
}

fn sha256(bytes: &[u8]) -> Integrity {
    use sha2::Digest as _;
    integrity("sha256", &sha2::Sha256::digest(bytes))
}

fn integrity(algorithm: &str, digest: &[u8]) -> Integrity {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(digest);
    format!("{algorithm}-{text}").parse().expect("a digest")
}

/// Anything as an npm registry's attestation reply.
pub(crate) fn npm_reply(data: &[u8]) {
    if let Ok(documents) = read_npm_reply(data) {
        about_npm(&documents);
    }
}

/// Anything as a PEP 740 provenance object.
pub(crate) fn pep740(data: &[u8]) {
    if let Ok(documents) = read_pep740(data) {
        about_python(&documents);
    }
}

/// A delivery of the samples, changed inside its base64 as well. What was changed may be refused or
/// hold no more than before; what is missing from it never adds to it.
pub(crate) fn mutated(data: &[u8]) {
    let Some((which, edits)) = data.split_first() else { return };
    if which.is_multiple_of(2) {
        let text = mutate(&WORLD.reply, edits).to_string();
        npm_reply(text.as_bytes());
    } else {
        let text = mutate(&WORLD.pep740, edits).to_string();
        pep740(text.as_bytes());
    }
}

fn about_npm(documents: &[Document]) {
    let world = &*WORLD;
    stored(documents);
    let ask = |name, version, archive, signatures: &[RegistrySignature]| {
        let subject = NpmSubject { name, version, archive };
        prove_npm(&world.trust, subject, signatures, documents, world.now)
    };
    let [own, other] = &world.npm;
    for (name, version, archive) in [
        (&world.other_name, VERSION, own),
        (&world.name, "1.2.4", own),
        (&world.name, VERSION, other),
    ] {
        nothing(&ask(name, version, archive, &[]), documents);
        assert!(
            ask(name, version, archive, &world.signatures).is_err(),
            "a signature over something else counts"
        );
    }
    if let Ok(proven) = ask(&world.name, VERSION, own, &[]) {
        by_the_signer(&proven);
    }
}

fn about_python(documents: &[Document]) {
    let world = &*WORLD;
    stored(documents);
    let ask = |file_name, archive| prove_pypi(&world.trust, PypiSubject { file_name, archive }, documents, world.now);
    let [own, other] = &world.pypi;
    for (file_name, archive) in [(OTHER_WHEEL, own), (WHEEL, other), ("", own)] {
        nothing(&ask(file_name, archive), documents);
    }
    if let Ok(proven) = ask(WHEEL, own) {
        by_the_signer(&proven);
    }
}

/// A document is the same when it comes back from the store.
fn stored(documents: &[Document]) {
    for document in documents {
        let again = Document::new(document.json()).expect("what was read is stored and read");
        assert_eq!((again.json(), again.digest()), (document.json(), document.digest()));
        assert_eq!(Sha256Digest::of(document.json()), document.digest());
    }
}

/// About something else it was not made for, only an empty delivery is no error, and proves nothing.
fn nothing(found: &Result<Proven, Refused>, documents: &[Document]) {
    if let Ok(proven) = found {
        assert!(documents.is_empty(), "a delivery about something else is passed over");
        assert_eq!(proven.evidence().level(), Level::Hash);
    }
}

fn by_the_signer(proven: &Proven) {
    if let Some(provenance) = &proven.evidence().provenance {
        assert_eq!(provenance.identity, WORLD.identity, "somebody else signed");
    }
}

/// A signed statement that may say anything. It holds only where the text names what it is about.
pub(crate) fn statement(data: &[u8]) {
    static EXPECTED: LazyLock<Expected> = LazyLock::new(|| Expected {
        name: WORLD.name.clone(),
        version: VERSION.to_owned(),
        archive: sha512(ARCHIVE),
        identity: WORLD.identity.clone(),
    });
    let Some(holds) = fuzzing::statement(data, &EXPECTED) else { return };
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let subject = |pointer: &str| value.pointer(&format!("/subject/0/{pointer}")).and_then(Value::as_str);
    if holds.bytes {
        assert_eq!(subject("digest/sha512"), Some(EXPECTED.archive.hex().as_str()));
    }
    if holds.package {
        assert_eq!(subject("name"), Some("pkg:npm/%40example/server@1.2.3"));
    }
    if holds.published {
        assert_eq!(value.pointer("/predicate/name").and_then(Value::as_str), Some("@example/server"));
    }
    if holds.provenance {
        assert!(
            value["predicateType"]
                .as_str()
                .is_some_and(|kind| kind.starts_with("https://slsa.dev/provenance/"))
        );
    }
}

/// A registry's key set: beside the one in force it prolongs and replaces nothing.
pub(crate) fn keys(data: &[u8]) {
    let Ok(set) = KeySet::parse(data) else { return };
    let summary = set.summary();
    assert!(!summary.is_empty(), "a key set without a key");
    let ours = &WORLD.trust.keys;
    if let Ok(merged) = ours.merged(&set) {
        assert_eq!(merged.summary()[..ours.summary().len()], ours.summary(), "another set changes ours");
    }
}

/// Two spellings of a repository, a line each.
pub(crate) fn source(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, "https://github.com/example/server"));
    let named = repository_of(one);
    if let Some(named) = &named {
        assert_eq!(
            repository_of(named).as_ref(),
            Some(named),
            "{one:?} is named {named:?}, which is named otherwise"
        );
        assert!(names_same_repository(one, one) && names_same_repository(one, named));
        let host = named
            .strip_prefix("https://")
            .and_then(|rest| rest.split('/').next())
            .unwrap_or_default();
        assert!(!host.is_empty() && !host.contains(['@', '\\', '%']), "{named:?}");
    }
    assert_eq!(names_same_repository(one, other), names_same_repository(other, one));
}

/// Two names of Python distributions, a line each.
pub(crate) fn file_names(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let (one, other) = text.split_once('\n').unwrap_or((text, WHEEL));
    assert_ne!(same_distribution(one, one), Some(false), "{one:?} is not itself");
    assert_eq!(same_distribution(one, other), same_distribution(other, one));
    if same_distribution(one, other) == Some(true) {
        let digits = |text: &str| text.chars().filter(|c| ('1'..='9').contains(c)).collect::<String>();
        assert_eq!(digits(one), digits(other), "{one:?} is taken for {other:?}");
    }
}

/// The file in which fetched metadata is kept: nothing in it is believed for lying there.
pub(crate) fn tuf_stored(data: &[u8]) {
    let Ok(stored) = tuf::Stored::read(data) else { return };
    let written = stored.write().expect("it is written");
    assert_eq!(tuf::Stored::read(&written).ok().as_ref(), Some(&stored));
    if let Ok(proved) = tuf::reload(tuf::public_good_root(), &stored.files, stored.refreshed) {
        let root = std::str::from_utf8(proved.trusted_root()).expect("text");
        assert!(Root::parse(root).is_ok(), "a signed root that is none");
    }
}

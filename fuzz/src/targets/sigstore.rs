//! Sigstore bundles and roots. What counts most: whatever is changed, a bundle never proves
//! anything about bytes it was not made for, and never says anything its signer did not say.

use std::sync::LazyLock;

use jiff::Timestamp;
use mcp_pin::model::Integrity;
use mcp_pin::verify::sigstore::{Artifact, Bundle, By, Proof, Root, prove};
use serde_json::Value;

use super::attest::sha512;
use super::mutate::mutate;

/// A private Sigstore's root, and what it signed about `ARCHIVE`.
const ROOT: &str = include_str!("../../samples/world/trusted_root.json");
const ARCHIVE: &[u8] = include_bytes!("../../samples/world/archive");
const BUNDLES: [&[u8]; 4] = [
    include_bytes!("../../samples/world/first.json"),
    include_bytes!("../../samples/world/stamped.json"),
    include_bytes!("../../samples/world/second.json"),
    include_bytes!("../../samples/world/message.json"),
];

struct Seed {
    value: Value,
    proof: Proof,
}

struct World {
    root: Root,
    public: Root,
    digest: Integrity,
    seeds: Vec<Seed>,
    now: Timestamp,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let root = Root::parse(ROOT).expect("the sample's root");
    let now: Timestamp = "2030-01-01T00:00:00Z".parse().expect("a time");
    let seed = |json: &&[u8]| {
        let bundle = Bundle::parse(json).expect("a sample");
        let proof = prove(&root, &bundle, Artifact::Bytes(ARCHIVE), By::Certificate, now).expect("a sample proves its archive");
        let value = serde_json::from_slice(json).expect("JSON");
        Seed { value, proof }
    };
    World {
        public: Root::public_good().expect("the embedded root"),
        digest: sha512(ARCHIVE),
        seeds: BUNDLES.iter().map(seed).collect(),
        root,
        now,
    }
});

/// Anything as a bundle.
pub(crate) fn bundle(data: &[u8]) {
    let Ok(bundle) = Bundle::parse(data) else { return };
    bundle.key_hint();
    bundle.keyid();
    try_all(&bundle, None);
}

/// A bundle of the samples, changed inside its base64 as well: the input's bytes say where and how.
pub(crate) fn mutated(data: &[u8]) {
    let Some((which, edits)) = data.split_first() else { return };
    let seed = &WORLD.seeds[usize::from(*which) % WORLD.seeds.len()];
    let changed = mutate(&seed.value, edits);
    let Ok(bundle) = Bundle::parse(changed.to_string().as_bytes()) else {
        return;
    };
    try_all(&bundle, Some(seed));
}

fn try_all(bundle: &Bundle, seed: Option<&Seed>) {
    let world = &*WORLD;
    let others = [Artifact::Bytes(b"other bytes"), Artifact::Digest(&OTHER)];
    for other in others {
        for root in [&world.root, &world.public] {
            let proof = prove(root, bundle, other, By::Certificate, world.now);
            assert!(proof.is_err(), "it proves other bytes than it was made for");
        }
    }
    for own in [Artifact::Bytes(ARCHIVE), Artifact::Digest(&world.digest)] {
        assert!(
            prove(&world.public, bundle, own, By::Certificate, world.now).is_err(),
            "another root proves it"
        );
        let Ok(proof) = prove(&world.root, bundle, own, By::Certificate, world.now) else {
            continue;
        };
        assert!(
            prove(&world.root, bundle, own, By::Certificate, Timestamp::UNIX_EPOCH).is_err(),
            "it is from the future"
        );
        let known = |seed: &Seed| {
            seed.proof.identity() == proof.identity()
                && seed.proof.statement() == proof.statement()
                && seed.proof.commit() == proof.commit()
                && seed.proof.git_ref() == proof.git_ref()
                && proof.times().iter().all(|time| seed.proof.times().contains(time))
        };
        let said = seed.map_or_else(|| world.seeds.iter().any(known), known);
        assert!(said, "it says something nobody signed: {proof:?}");
    }
}

static OTHER: LazyLock<Integrity> = LazyLock::new(|| sha512(b"other bytes"));

/// Anything as a trust root: it proves none of the samples, unless it is theirs.
pub(crate) fn root(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let Ok(root) = Root::parse(text) else { return };
    root.digest();
    root.summary();
    let bundle = Bundle::parse(BUNDLES[0]).expect("a sample");
    assert!(prove(&root, &bundle, Artifact::Digest(&OTHER), By::Certificate, WORLD.now).is_err());
}

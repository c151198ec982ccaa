//! Writes `samples/world` anew: a private Sigstore's root and keys, and what it signed about one
//! archive. Its keys are made for this and thrown away, so all of it changes together:
//!
//!     cargo test --manifest-path fuzz/Cargo.toml -- --ignored
#![expect(dead_code, reason = "the tests' world can do more")]

#[path = "../../tests/it/sigstore/mod.rs"]
mod sigstore;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};
use sigstore::bundle::reply;
use sigstore::{Build, Flavour, NOON, Signing, Statement, World};

const NAME: &str = "@example/server";
const VERSION: &str = "1.2.3";

#[test]
#[ignore = "writes into samples/"]
fn write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/world");
    let archive = std::fs::read(folder.join("archive")).unwrap();
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&archive)));
    let world = World::new();
    world.write(&folder);
    let build = Build::github("example/server");
    let statement = Statement::provenance(NAME, VERSION, &integrity, &build);
    let publish = Statement::publish(NAME, VERSION, &integrity, "https://registry.example.test");
    // The stamps have this machine's time.
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let with = |flavour, at| Signing { flavour, ..Signing::at(at) };
    let first = world.attest(&build, &statement);
    let registry = world.attest_with(&world.registry, &publish, NOON);
    for (name, value) in [
        ("first.json", first.clone()),
        ("stamped.json", world.attest_as(with(Flavour::FirstStamped, now), &build, &statement)),
        ("second.json", world.attest_as(with(Flavour::Second, now), &build, &statement)),
        ("message.json", world.sign_bytes(with(Flavour::First, NOON), &build, &archive)),
        ("publish.json", registry.clone()),
        ("reply.json", reply(&[(&statement, first), (&publish, registry)])),
    ] {
        std::fs::write(folder.join(name), value.to_string()).unwrap();
    }
}

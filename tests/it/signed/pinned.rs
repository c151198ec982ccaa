//! What is proved is shown before it is accepted, pinned, kept, and proved again.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{DEMO, INSTALL, PROVE, Scene, acme, bundles, demo, evidence};
use crate::harness::{Machine, hex};
use crate::registry::{Package, helper};
use crate::sigstore::Build;

const SOURCE: &str = "https://github.com/acme/demo";
const WORKFLOW: &str = ".github/workflows/release.yml";

/// `demo`, which needs `helper`: one built in the open, the other only signed by the registry.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.publish(helper("1.0.0"), None);
    scene.publish(demo("1.0.0").dependency("helper", "^1.0.0"), Some(&acme("1.0.0")));
    scene
}

#[test]
fn install_shows_and_pins_who_built_it() {
    let scene = scene();
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0).says("provenance").says(SOURCE).says(WORKFLOW);

    let build = acme("1.0.0");
    let pinned = evidence(&machine, DEMO);
    assert_eq!(pinned["level"], "provenance", "{pinned}");
    let provenance = &pinned["provenance"];
    assert_eq!(provenance["issuer"], json!(build.issuer), "{pinned}");
    assert_eq!(provenance["signer"], json!(format!("{SOURCE}/{WORKFLOW}")), "{pinned}");
    assert_eq!(provenance["repository"], SOURCE, "{pinned}");
    assert_eq!(provenance["workflow"], WORKFLOW, "{pinned}");
    assert_eq!(provenance["ref"], "refs/tags/v1.0.0", "{pinned}");
    assert_eq!(provenance["commit"], json!(build.commit), "{pinned}");
    assert_eq!(pinned["signature"]["keyid"], "SHA256:key-of-today", "{pinned}");

    // Every digest in the lock is that of a stored document, and nothing else is stored.
    let mut named: Vec<_> = provenance["bundles"].as_array().unwrap().iter().collect();
    named.push(&pinned["publish"]);
    let mut named: Vec<_> = named.into_iter().map(|digest| digest.as_str().unwrap().to_owned()).collect();
    named.sort();
    assert_eq!(stored(&machine), named);

    let below = evidence(&machine, "node_modules/helper");
    assert_eq!((&below["level"], &below["provenance"]), (&json!("signed"), &Value::Null), "{below}");
}

/// The stored documents' names, each checked against the bytes under it.
fn stored(machine: &Machine) -> Vec<String> {
    let name = |(path, bytes): &(std::path::PathBuf, Vec<u8>)| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let digest = hex(&Sha256::digest(bytes));
        assert!(name.ends_with(&digest), "{name} holds {digest}");
        digest
    };
    let mut names: Vec<_> = bundles(machine).iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn it_is_proved_again_without_a_network() {
    let scene = scene();
    let machine = scene.installed();
    let lock = machine.read("mcp-pin.lock");
    let asked = scene.registry.requests().len();
    machine.run(&PROVE).exits(0);
    assert_eq!(scene.registry.requests().len(), asked, "offline asks nobody");
    // The same bytes however often it is written.
    machine.run(&INSTALL).exits(0);
    assert_eq!(machine.read("mcp-pin.lock"), lock);
    // Offline, with the registry gone.
    drop(scene.registry);
    machine.run(&PROVE).exits(0);
}

#[test]
fn every_view_names_level_signer_and_commit() {
    let scene = scene();
    let machine = scene.installed();
    let commit = acme("1.0.0").commit;
    machine.run(&["list"]).exits(0).says("provenance");
    let show = machine.run(&["show", "demo"]).exits(0);
    show.says("provenance").says(SOURCE).says(WORKFLOW).says(&commit);
    let list = machine.run(&["list", "--format", "json"]).exits(0).json();
    assert_eq!(list["servers"][0]["evidence"], "provenance", "{list}");
    let text = machine.run(&["show", "demo", "--format", "json"]).exits(0).json().to_string();
    for part in ["provenance", SOURCE, WORKFLOW, &commit] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    let verified = machine
        .run(&["verify", "--no-probe", "--offline", "--format", "json"])
        .exits(0)
        .json();
    assert!(verified.to_string().contains("provenance"), "{verified}");
}

#[test]
fn two_machines_prove_one_lock() {
    let scene = scene();
    let first = scene.installed();
    let lock = first.read("mcp-pin.lock");
    let second = scene.machine();
    second.clone_project(&first);
    second.run(&["install", "--no-probe", "--yes"]).exits(0).says(SOURCE);
    assert_eq!(second.read("mcp-pin.lock"), lock);
    assert_eq!(bundles(&second).len(), bundles(&first).len());
    drop(scene.registry);
    second.run(&PROVE).exits(0);
}

#[test]
fn a_machine_that_trusts_others_refuses_it() {
    let scene = scene();
    let first = scene.installed();
    // Its root is the public-good one, and its keys are the public registry's.
    let second = Machine::with_registry(&scene.registry.url());
    second.refuses(&INSTALL);
    assert_eq!(bundles(&second), []);
    second.clone_project(&first);
    second.refuses(&["install", "--no-probe", "--yes"]);
    // The root of another private instance.
    let other = Scene::new();
    let third = other.machine();
    third.npmrc(&format!("registry={}", scene.registry.url()));
    third.refuses(&INSTALL);
    assert_eq!(bundles(&third), []);
}

#[test]
fn a_root_may_be_named_for_one_run() {
    let scene = scene();
    let machine = scene.installed();
    let other = Scene::new();
    let (root, _) = other.world.write(&machine.home().join("other"));
    let root = root.to_str().unwrap();
    let ran = machine.run(&["verify", "--no-probe", "--offline", "--trusted-root", root]);
    assert_ne!(ran.status, 0, "{ran:?}");
    let (root, _) = scene.world.write(&machine.home().join("same"));
    let root = root.to_str().unwrap();
    machine.run(&["verify", "--no-probe", "--offline", "--trusted-root", root]).exits(0);
}

#[test]
fn what_nobody_signed_is_pinned_by_its_digest_alone() {
    let scene = Scene::new();
    scene.registry.publish(demo("1.0.0").published(super::PUBLISHED));
    let machine = scene.installed();
    assert_eq!(evidence(&machine, DEMO), Value::Null);
    assert_eq!(bundles(&machine), []);
    machine.run(&PROVE).exits(0).never_says("provenance");
    machine.run(&["list"]).exits(0).says("hash").never_says("provenance");
}

#[test]
fn scoped_names_and_people_are_proved_too() {
    let scene = Scene::new();
    let package = Package::new("@acme/demo", "2.0.0").file("index.js", "x").bin("demo", "index.js");
    scene.publish(package, Some(&Build::person("me@example.org")));
    let machine = scene.machine();
    machine
        .run(&["install", "npm:@acme/demo", "--name", "demo", "--no-probe", "--yes"])
        .exits(0)
        .says("me@example.org");
    let pinned = evidence(&machine, "node_modules/@acme/demo");
    assert_eq!(pinned["provenance"]["signer"], "me@example.org", "{pinned}");
    assert_eq!(pinned["provenance"]["repository"], Value::Null, "{pinned}");
    machine.run(&PROVE).exits(0);
}

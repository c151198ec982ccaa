//! A cloned project, and a mirror that strips: what a lock says of evidence is a claim until it is
//! proved here.

use serde_json::{Value, json};

use super::{DEMO, INSTALL, PROVE, Scene, UPDATE, acme, bundles, demo, edit, grade, parts, unchanged};
use crate::harness::Machine;

const MATCH: [&str; 3] = ["install", "--no-probe", "--yes"];

/// Our machine after cloning theirs.
fn ours(scene: &Scene, theirs: &Machine) -> Machine {
    let machine = scene.machine();
    machine.clone_project(theirs);
    machine
}

/// Runs what must not pass, and leaves nothing installed.
#[track_caller]
fn never_installs(machine: &Machine, args: &[&str]) -> crate::harness::Ran {
    let ran = machine.run(args);
    assert_ne!(ran.status, 0, "{ran:?}");
    let installs = machine.store().join("installs").read_dir().map_or(0, Iterator::count);
    assert_eq!(installs, 0, "{ran:?}");
    let verified = machine.run(&PROVE);
    assert_ne!(verified.status, 0, "{verified:?}");
    ran
}

#[test]
fn a_mirror_that_strips_is_critical() {
    let scene = Scene::with_demo();
    let theirs = scene.installed();
    for served in ["metadata kept", "all gone"] {
        if served == "metadata kept" {
            scene.registry.loses_attestations("demo", "1.0.0");
        } else {
            scene.registry.strips("demo", "1.0.0");
        }
        let machine = ours(&scene, &theirs);
        let ran = never_installs(&machine, &["install", "--no-probe", "--yes", "--format", "json"]);
        assert_eq!(grade(&ran, "evidence-stripped"), "critical", "{served}: {}", ran.stdout);
    }
    // The first machine holds what it proved, and needs nobody for that.
    theirs.run(&PROVE).exits(0);
}

#[test]
fn a_mirror_that_strips_does_not_rewrite_a_cloned_lock() {
    let scene = Scene::with_demo();
    let theirs = scene.installed();
    scene.registry.strips("demo", "1.0.0");
    for args in [&INSTALL, &UPDATE] {
        let machine = ours(&scene, &theirs);
        let ran = unchanged(&machine, args, 1);
        assert!(
            ran.stdout.contains("evidence-stripped") || ran.stdout.contains("evidence-downgraded"),
            "{ran:?}"
        );
    }
    // Nor where this machine proved it and has lost the proof since.
    for (path, _) in bundles(&theirs) {
        std::fs::remove_file(path).unwrap();
    }
    for args in [&INSTALL, &UPDATE] {
        let ran = unchanged(&theirs, args, 1);
        assert!(
            ran.stdout.contains("evidence-stripped") || ran.stdout.contains("evidence-downgraded"),
            "{ran:?}"
        );
    }
}

#[test]
fn a_stripped_mirror_is_noticed_by_whoever_updates() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    scene.registry.strips("demo", "1.0.0");
    machine.run(&["update", "demo", "--no-probe", "--yes", "--dry-run"]);
    let ran = machine.run(&INSTALL);
    let lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    assert_eq!(
        lock["servers"]["demo"]["packages"][DEMO]["evidence"]["level"], "provenance",
        "the pin lost its evidence without a word: {ran:?}"
    );
    machine.run(&PROVE).exits(0);
}

#[test]
fn fabricated_evidence_never_installs_as_proven() {
    let scene = Scene::new();
    let package = demo("1.0.0");
    scene.publish(package.clone(), None);
    let plain = scene.installed();
    // Somebody's identity, real enough to be believed, over bundles of nothing.
    let (_, _, integrity) = parts(&package);
    let other = Scene::with_demo();
    let real = other.installed();
    let lock: Value = serde_json::from_str(&real.read("mcp-pin.lock")).unwrap();
    let claimed = lock["servers"]["demo"]["packages"][DEMO]["evidence"].clone();
    assert!(integrity.starts_with("sha512-"));

    let mut nowhere = claimed.clone();
    nowhere["provenance"]["bundles"] = json!([digest("a")]);
    let mut without_publish = claimed.clone();
    without_publish.as_object_mut().unwrap().remove("publish");
    let forms = [
        ("of another instance", claimed),
        ("of nothing", nowhere),
        ("no publish", without_publish),
    ];
    for (what, evidence) in forms {
        let attacker = scene.machine();
        attacker.clone_project(&plain);
        edit(&attacker, |packages| packages[DEMO]["evidence"] = evidence);
        let machine = ours(&scene, &attacker);
        never_installs(&machine, &MATCH);
        assert_eq!(bundles(&machine), [], "{what}");
    }
}

/// A digest as the lock writes it.
fn digest(letter: &str) -> String {
    letter.repeat(64)
}

#[test]
fn bundles_of_another_package_prove_nothing() {
    let scene = Scene::with_demo();
    let other = crate::registry::Package::new("other", "1.0.0")
        .file("index.js", "x")
        .bin("other", "index.js");
    scene.publish(other, Some(&acme("1.0.0")));
    // This machine holds bundles of `other`, proved, which a lock of `demo` may name.
    let machine = scene.machine();
    machine.run(&["install", "npm:other", "--no-probe", "--yes"]).exits(0);
    let held = bundles(&machine);
    let lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    let evidence = lock["servers"]["other"]["packages"]["node_modules/other"]["evidence"].clone();
    machine.run(&["remove", "other"]).exits(0);

    let theirs = scene.installed();
    edit(&theirs, |packages| packages[DEMO]["evidence"] = evidence);
    machine.clone_project(&theirs);
    let ran = machine.run(&MATCH);
    assert_ne!(ran.status, 0, "{ran:?}");
    assert_ne!(machine.run(&PROVE).status, 0);
    assert!(held.iter().all(|bundle| bundles(&machine).contains(bundle)));
}

#[test]
fn a_level_that_the_evidence_does_not_give_is_no_lock() {
    let scene = Scene::with_demo();
    let theirs = scene.installed();
    edit(&theirs, |packages| {
        packages[DEMO]["evidence"].as_object_mut().unwrap().remove("provenance");
    });
    let machine = ours(&scene, &theirs);
    machine.refuses(&MATCH).says("level");
}

#[test]
fn a_clone_cannot_bring_its_own_roots() {
    let scene = Scene::with_demo();
    let theirs = scene.installed();
    let (root, _) = scene.world.write(&theirs.project());
    let manifest = theirs.read("mcp-pin.toml");
    theirs.write("mcp-pin.toml", &format!("{manifest}\n[trust]\ntrusted-root = {root:?}\n"));
    let machine = Machine::with_registry(&scene.registry.url());
    machine.clone_project(&theirs);
    machine.refuses(&MATCH).says("trust");
}

#[test]
fn a_pulled_lock_that_lost_its_evidence_is_compared_with_what_was_approved() {
    let scene = Scene::with_demo();
    let theirs = scene.installed();
    let machine = ours(&scene, &theirs);
    machine.run(&MATCH).exits(0);
    // A release by whoever holds the publishing token, and a machine that knows no better.
    scene.publish(demo("1.1.0"), None);
    let attacker = scene.installed();
    machine.clone_project(&attacker);
    let ran = machine.run(&MATCH).exits(1).says("evidence-downgraded");
    assert!(ran.stdout.contains("signed"), "{ran:?}");
    assert_ne!(machine.run(&PROVE).status, 0);
    // One by somebody else's build.
    let theirs = demo("1.1.0").field("repository", json!("https://github.com/evil/demo"));
    scene.publish(theirs, Some(&crate::sigstore::Build::github("evil/demo").release("1.1.0")));
    let attacker = scene.installed();
    machine.clone_project(&attacker);
    machine.run(&MATCH).exits(1).says("https://github.com/evil/demo");
    assert_ne!(machine.run(&PROVE).status, 0);
}

#[test]
fn a_claimed_source_is_compared_on_every_machine() {
    let scene = Scene::new();
    let package = demo("1.0.0").field("repository", json!("https://github.com/famous/server"));
    scene.publish(package, Some(&acme("1.0.0")));
    let theirs = scene.machine_with("[policy]\naccept-without-terminal = true\n");
    let ran = theirs
        .run(&["install", "npm:demo", "--no-probe", "--yes", "--format", "json"])
        .exits(1);
    let fingerprint = ran.json()["fingerprint"].as_str().unwrap().to_owned();
    theirs.run(&[&INSTALL[..], &["--accept", &fingerprint]].concat()).exits(0);
    let machine = ours(&scene, &theirs);
    machine.run(&MATCH).exits(1).says("source-mismatch");
}

#[test]
fn a_clone_with_less_than_this_machine_demands_is_refused() {
    let scene = Scene::new();
    scene.publish(demo("1.0.0"), None);
    let theirs = scene.installed();
    let machine = scene.machine_with("[policy]\nevidence = \"provenance\"\n");
    machine.clone_project(&theirs);
    never_installs(&machine, &MATCH).says("evidence-too-low");
    let lenient = ours(&scene, &theirs);
    lenient.run(&MATCH).exits(0);
}

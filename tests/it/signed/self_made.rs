//! Provenance that anybody can make, in the place of what only the registry can say.

use serde_json::Value;

use super::{DEMO, INSTALL, PROVE, Scene, UPDATE, acme, evidence, grade, parts, unchanged};
use crate::harness::Machine;
use crate::registry::{Package, helper};
use crate::sigstore::{Build, PUBLISHED, Statement};

/// A server that names no repository of its own.
fn nameless(version: &str) -> Package {
    Package::new("demo", version)
        .file("index.js", format!("console.log('demo {version}')\n"))
        .bin("demo", "index.js")
}

/// A mirror without any key serves its own bytes, and attests them itself.
fn self_made(scene: &Scene, package: Package) {
    let (name, version, integrity) = parts(&package);
    let build = Build::github("evil/demo").release(&version);
    scene.registry.publish(package.published(PUBLISHED));
    scene.registry.signatures(&name, &version, Value::Null);
    let provenance = Statement::provenance(&name, &version, &integrity, &build);
    let bundle = scene.world.attest(&build, &provenance);
    scene.serve(&name, &version, &[(provenance, bundle)]);
}

fn json<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &["--format", "json"]].concat()
}

#[test]
fn it_is_no_gain_over_the_registrys_signature() {
    let scene = Scene::new();
    scene.publish(nameless("1.0.0"), None);
    let machine = scene.installed();
    self_made(&scene, nameless("1.1.0"));
    let ran = unchanged(&machine, &json(&UPDATE), 1);
    assert_eq!(grade(&ran, "registry-signature-lost"), "critical", "{}", ran.stdout);
    unchanged(&machine, &UPDATE, 1).says("anybody can make");
}

#[test]
fn neither_for_a_dependency() {
    let scene = Scene::new();
    scene.publish(helper("1.0.0"), None);
    scene.publish(nameless("1.0.0").dependency("helper", "^1.0.0"), None);
    let machine = scene.installed();
    self_made(&scene, helper("1.1.0"));
    let ran = unchanged(&machine, &json(&UPDATE), 1);
    assert_eq!(grade(&ran, "registry-signature-lost"), "critical", "{}", ran.stdout);
}

#[test]
fn it_does_not_meet_a_demand_for_the_registrys_signature() {
    let scene = Scene::new();
    self_made(&scene, nameless("1.0.0"));
    for demanded in ["signed", "provenance"] {
        let machine = scene.machine_with(&format!("[policy]\nevidence = \"{demanded}\"\n"));
        let ran = machine.run(&json(&INSTALL)).exits(1);
        assert_eq!(grade(&ran, "evidence-too-low"), "critical", "{demanded}: {}", ran.stdout);
    }
    // Without any demand it is taken for what it is, and shown.
    scene.installed().run(&PROVE).exits(0);
}

#[test]
fn provenance_that_appears_does_not_replace_the_signature() {
    let scene = Scene::new();
    let package = nameless("1.0.0");
    scene.publish(package.clone(), None);
    let machine = scene.installed();
    let signed = evidence(&machine, DEMO)["signature"].clone();
    // The same bytes are attested later, by a mirror that drops the registry's signature.
    let statement = Statement::provenance("demo", "1.0.0", &package.integrity(), &acme("1.0.0"));
    let bundle = scene.world.attest(&acme("1.0.0"), &statement);
    scene.serve("demo", "1.0.0", &[(statement, bundle)]);
    scene.registry.signatures("demo", "1.0.0", Value::Null);
    machine.run(&UPDATE).exits(0);
    let now = evidence(&machine, DEMO);
    assert_eq!(now["level"], "provenance", "{now}");
    assert_eq!(now["signature"], signed, "{now}");
    machine.run(&PROVE).exits(0);
}

/// A second server with the same dependency.
fn other() -> Package {
    Package::new("other", "1.0.0")
        .file("index.js", "x")
        .bin("other", "index.js")
        .dependency("helper", "^1.0.0")
}

#[test]
fn what_another_server_of_the_lock_pins_cannot_be_stripped() {
    let scene = Scene::new();
    scene.publish(helper("1.0.0"), Some(&Build::github("acme/helper")));
    scene.publish(nameless("1.0.0").dependency("helper", "^1.0.0"), Some(&acme("1.0.0")));
    scene.publish(other(), Some(&acme("1.0.0")));
    let theirs = scene.installed();
    let machine = scene.machine();
    machine.clone_project(&theirs);
    scene.registry.strips("helper", "1.0.0");
    let args = ["install", "npm:other", "--no-probe", "--yes"];
    let ran = unchanged(&machine, &json(&args), 1);
    assert_eq!(grade(&ran, "evidence-stripped"), "critical", "{}", ran.stdout);
}

#[test]
fn a_stricter_policy_is_asked_about_even_where_nothing_is_new() {
    let scene = Scene::new();
    scene.publish(nameless("1.0.0"), None);
    let machine = scene.installed();
    let manifest = machine.read("mcp-pin.toml");
    machine.write("mcp-pin.toml", &format!("{manifest}\n[policy]\nevidence = \"provenance\"\n"));
    for args in [&UPDATE[..], &[&UPDATE[..], &["--dry-run"]].concat()] {
        let ran = unchanged(&machine, &json(args), 1);
        assert_eq!(grade(&ran, "evidence-too-low"), "critical", "{}", ran.stdout);
    }
}

/// Puts other content into every installed entry file.
fn tamper(machine: &Machine) {
    let script = "chmod -R u+w . && find . -name index.js -exec sh -c 'echo evil > \"$1\"' _ {} \\;";
    let mut shell = std::process::Command::new("sh");
    let done = shell.args(["-c", script]).current_dir(machine.store().join("installs")).status();
    assert!(done.unwrap().success());
}

#[test]
fn a_broken_trust_root_does_not_hide_what_else_is_wrong() {
    let scene = Scene::new();
    scene.publish(nameless("1.0.0"), Some(&acme("1.0.0")));
    let machine = scene.installed();
    std::fs::write(machine.home().join("trust/trusted_root.json"), "{}").unwrap();
    machine.run(&PROVE).exits(2).says("trusted_root.json");
    tamper(&machine);
    let ran = machine.run(&json(&PROVE)).exits(1);
    assert_eq!(grade(&ran, "file-changed"), "critical", "{}", ran.stdout);
    assert!(ran.stdout.contains("trusted_root.json"), "{}", ran.stdout);
}

#[test]
fn what_a_lock_claims_is_shown_as_a_claim() {
    let scene = Scene::new();
    scene.publish(nameless("1.0.0"), Some(&acme("1.0.0")));
    let machine = scene.installed();
    machine.run(&["show", "demo"]).exits(0).never_says("claims");
    super::edit(&machine, |packages| {
        packages[DEMO]["evidence"]["provenance"]["repository"] = "https://github.com/famous/demo".into();
    });
    machine.run(&["show", "demo"]).exits(0).says("as the lock claims");
}

#[test]
fn a_check_by_hand_says_what_is_announced_and_missing() {
    let scene = Scene::new();
    scene.publish(nameless("1.0.0"), Some(&acme("1.0.0")));
    let machine = scene.installed();
    let mut archives = machine.store().join("archives/sha512").read_dir().unwrap();
    let file = machine.home().join("demo-1.0.0.tgz");
    std::fs::copy(archives.next().unwrap().unwrap().path(), &file).unwrap();
    let check = ["trust", "check", file.to_str().unwrap()];
    machine.run(&check).exits(0).says("provenance").never_says("stripped");
    scene.registry.loses_attestations("demo", "1.0.0");
    machine
        .run(&check)
        .exits(0)
        .says("announces attestations and says that there are none");
}

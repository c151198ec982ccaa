//! `why`: how a package came into a closure, from the lock alone.

use serde_json::json;

use crate::registry::{FakeNpm, Package};
use crate::scripted::{honest, machine_with, package};

fn closure() -> (FakeNpm, crate::harness::Machine) {
    let registry = FakeNpm::start();
    registry
        .publish(Package::new("deep", "1.0.0"))
        .publish(Package::new("deep", "2.0.0"))
        .publish(Package::new("mid", "1.0.0").dependency("deep", "^1"))
        .publish(Package::new("host", "1.0.0"))
        .publish(Package::new("plug", "1.0.0").peer_dependency("host", "1"))
        .publish(Package::new("mac", "1.0.0").field("os", json!(["aix"])))
        .publish(
            package("demo", "1.0.0", &honest())
                .dependency("mid", "^1")
                .dependency("deep", "^2")
                .dependency("plug", "*")
                .optional_dependency("mac", "1"),
        );
    let machine = machine_with(&registry);
    machine.run(&["install", "--no-probe", "--yes", "npm:demo"]).exits(0);
    (registry, machine)
}

#[test]
fn every_way_to_every_version_is_shown_without_the_network() {
    let (registry, machine) = closure();
    let asked = registry.requests().len();
    let ran = machine
        .run(&["why", "deep"])
        .exits(0)
        .says("deep 1.0.0 in demo\n  demo 1.0.0 -> mid 1.0.0 (^1) -> deep 1.0.0 (^1)\n")
        .says("deep 2.0.0 in demo\n  demo 1.0.0 -> deep 2.0.0 (^2)\n");
    assert_eq!(ran.stdout.lines().count(), 4, "{}", ran.stdout);
    machine.run(&["why", "deep@2.0.0"]).exits(0).never_says("mid");
    machine
        .run(&["why", "host"])
        .exits(0)
        .says("  demo 1.0.0 -> plug 1.0.0 (*) -> host 1.0.0 (1, peer)\n");
    machine
        .run(&["why", "mac", "--server", "demo", "--offline", "--locked"])
        .exits(0)
        .says("mac 1.0.0 in demo, only for os aix\n  demo 1.0.0 -> mac 1.0.0 (1, optional)\n");
    machine.run(&["why", "demo"]).exits(0).says("it is the server's own package");
    assert_eq!(registry.requests().len(), asked, "it asked somebody");
    let found = machine.run(&["why", "mac", "--format", "json"]).exits(0).json();
    let answer = &found["servers"][0]["packages"][0];
    assert_eq!(
        (&answer["onlyFor"], &answer["ways"][0][1]["kind"], &found["servers"][0]["approved"]),
        (&json!("os aix"), &json!("optional"), &json!(true))
    );
}

#[test]
fn a_package_that_is_nowhere_is_a_no() {
    let (_registry, machine) = closure();
    machine
        .run(&["why", "dep"])
        .exits(1)
        .says("none of 1 closure holds `dep`")
        .says("did you mean `deep`?");
    machine.run(&["why", "deep@3.0.0"]).exits(1);
    machine
        .run(&["why", "x\u{1b}]0;y\u{202e}"])
        .exits(1)
        .never_says("\u{1b}")
        .never_says("\u{202e}");
    machine
        .run(&["why", "deep", "--server", "dem"])
        .exits(2)
        .says("did you mean `demo`?");
    let found = machine.run(&["why", "nothing", "--format", "json"]).exits(1).json();
    assert_eq!(found["servers"], json!([]));
}

#[test]
fn what_an_unapproved_lock_says_is_told_as_its_word() {
    let (registry, machine) = closure();
    let other = machine_with(&registry);
    other.clone_project(&machine);
    other.run(&["why", "deep@2.0.0"]).exits(0).says("you have not approved");
}

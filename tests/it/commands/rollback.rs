//! `rollback`: what was approved before stands again, approved anew, from what the store has.

use serde_json::json;

use super::{demo, installed, more, standing, trap};
use crate::harness::Machine;
use crate::registry::{FakeNpm, Package};
use crate::scripted::{Local, accepting, findings, honest, with_code};

/// 1.0.0, then 1.1.0 with another tool, each approved.
fn updated() -> (FakeNpm, Machine, String) {
    let (registry, machine) = installed();
    let first = machine.read("mcp-pin.lock");
    registry.publish(demo("1.1.0", &more()));
    machine.allow_accept();
    accepting(&machine, &["update"]).0.exits(0);
    machine.run(&["verify"]).exits(0).says("1.1.0");
    (registry, machine, first)
}

#[test]
fn going_back_restores_the_very_entry_and_needs_neither_registry_nor_network() {
    let (registry, machine, first) = updated();
    let toml = machine.read("mcp-pin.toml");
    // Pulled by its publisher, and the store tidied up.
    registry.unpublish("demo", "1.0.0");
    machine.run(&["prune"]).exits(0);
    let before = standing(&machine);
    machine
        .run(&["rollback", "demo", "--dry-run", "--offline"])
        .exits(1)
        .says("[version-downgraded]")
        .says("available demo 1.0.0");
    assert_eq!(standing(&machine), before);
    machine
        .run(&["rollback", "demo", "--offline", "--locked"])
        .exits(2)
        .says("--locked");
    machine
        .run(&["rollback", "demo", "--offline"])
        .exits(2)
        .says("nobody can be asked here");
    assert_eq!(standing(&machine).0, before.0);
    machine
        .run(&["rollback", "demo", "--offline", "--yes"])
        .exits(0)
        .says("restored  demo 1.0.0")
        .says("offers 1.1.0 again")
        .says("source = \"npm:demo@1.0.0\"");
    assert_eq!(machine.read("mcp-pin.lock"), first, "the very entry that was approved");
    assert_eq!(machine.read("mcp-pin.toml"), toml);
    machine.run(&["verify", "--offline"]).exits(0).says("1.0.0");
    machine.run(&["log"]).exits(0).says("1.1.0 back to 1.0.0");
    // There is nothing before it.
    machine
        .run(&["rollback", "demo", "--yes"])
        .exits(2)
        .says("you approved nothing before 1.0.0");
    machine.run(&["verify"]).exits(0);
}

#[test]
fn twice_goes_further_back_and_forward_is_an_update() {
    let (registry, machine, first) = updated();
    registry.publish(demo("1.2.0", &honest()));
    accepting(&machine, &["update"]).0.exits(0);
    accepting(&machine, &["rollback", "demo"]).0.exits(0);
    machine.run(&["verify"]).exits(0).says("1.1.0");
    machine.run(&["rollback", "demo", "--yes"]).exits(0).says("1.0.0");
    assert_eq!(machine.read("mcp-pin.lock"), first);
    accepting(&machine, &["update"]).0.exits(0);
    machine.run(&["verify"]).exits(0).says("1.2.0");
    machine.run(&["rollback", "demo", "--yes"]).exits(0).says("restored  demo 1.0.0");
}

#[test]
fn what_going_back_brings_is_asked_about_as_in_an_update() {
    let (registry, machine) = installed();
    machine.run(&["remove", "demo"]).exits(0);
    registry.publish(demo("1.1.0", &more()));
    machine.run(&["install", "--yes", "npm:demo"]);
    machine.allow_accept();
    accepting(&machine, &["install", "npm:demo"]).0.exits(0);
    registry.publish(demo("1.2.0", &honest()));
    accepting(&machine, &["update"]).0.exits(0);
    let before = machine.read("mcp-pin.lock");
    // It brings a tool: `--yes` is not enough for that.
    let report = machine.run(&["rollback", "demo", "--yes", "--format", "json"]).exits(1).json();
    assert_eq!(with_code(&report, "tool-added").len(), 1, "{report:#}");
    let grade = findings(&report)
        .into_iter()
        .find(|(code, ..)| code == "version-downgraded")
        .unwrap()
        .2;
    assert_eq!(grade, "notice", "that it gets older is what was asked for");
    assert_eq!(machine.read("mcp-pin.lock"), before);
    machine.run(&["verify"]).exits(0).says("1.2.0");
    accepting(&machine, &["rollback", "demo"]).0.exits(0);
    machine.run(&["verify"]).exits(0).says("1.1.0");
}

#[test]
fn a_removed_server_and_a_file_that_somebody_made_are_nothing_to_go_back_to() {
    let (registry, machine, _) = updated();
    machine.run(&["remove", "demo"]).exits(0);
    machine.run(&["rollback", "demo"]).exits(2).says("could not find");
    accepting(&machine, &["install", "npm:demo"]).0.exits(0);
    machine
        .run(&["rollback", "demo", "--yes"])
        .exits(2)
        .says("you approved nothing before 1.1.0");
    // An entry that this user never approved, where an earlier one would lie.
    registry.publish(demo("1.5.0", &trap()));
    let other = crate::scripted::machine_with(&registry);
    other.allow_accept();
    accepting(&other, &["install", "--no-probe", "npm:demo"]).0.exits(0);
    let approved = machine.store().join("approved");
    let file = std::fs::read_dir(&approved).unwrap().next().unwrap().unwrap().path();
    let earlier = file.with_extension("1.json");
    std::fs::write(&earlier, other.read("mcp-pin.lock")).unwrap();
    machine
        .run(&["rollback", "demo", "--yes"])
        .exits(2)
        .says("you approved nothing before 1.1.0");
    std::fs::write(&earlier, b"\xff{").unwrap();
    machine
        .run(&["rollback", "demo", "--yes"])
        .exits(2)
        .says("you approved nothing before 1.1.0");
}

#[test]
fn a_manifest_that_excludes_the_old_version_is_named_and_left_alone() {
    let (_registry, machine, first) = updated();
    let (toml, lock) = (machine.read("mcp-pin.toml"), machine.read("mcp-pin.lock"));
    let changed = toml.replace("npm:demo", "npm:demo@^1.1.0");
    machine.write("mcp-pin.toml", &changed);
    machine
        .run(&["rollback", "demo", "--yes"])
        .exits(2)
        .says("mcp-pin.toml asks for `npm:demo@^1.1.0`, which excludes 1.0.0")
        .says("write `source = \"npm:demo\"`");
    assert_eq!((machine.read("mcp-pin.toml"), machine.read("mcp-pin.lock")), (changed, lock));
    // One that admits it is the entry's from now on; further back there is nothing.
    machine.write("mcp-pin.toml", &toml.replace("npm:demo", "npm:demo@^1.0.0"));
    machine.run(&["rollback", "demo", "--yes"]).exits(0);
    assert_eq!(machine.read("mcp-pin.lock"), first.replace("npm:demo\"", "npm:demo@^1.0.0\""));
    machine.run(&["verify"]).exits(0).says("1.0.0");
    machine
        .run(&["rollback", "demo", "--yes"])
        .exits(2)
        .says("you approved nothing before 1.0.0");
}

#[test]
fn a_swapped_archive_of_the_old_version_is_refused() {
    let (registry, machine, _) = updated();
    let lock = machine.read("mcp-pin.lock");
    let honest_archive = demo("1.0.0", &honest()).archive();
    let digest = machine
        .archives()
        .into_iter()
        .find(|name| *name == crate::harness::hex(&<sha2::Sha512 as sha2::Digest>::digest(&honest_archive)))
        .unwrap();
    let stored = machine.store().join("archives/sha512").join(digest);
    crate::harness::unlock(stored.parent().unwrap());
    std::fs::remove_file(&stored).unwrap();
    std::fs::write(&stored, Package::new("demo", "1.0.0").archive()).unwrap();
    machine.run(&["rollback", "demo", "--yes", "--offline"]).exits(2);
    assert_eq!(machine.read("mcp-pin.lock"), lock);
    // Fetched anew, by its digest.
    registry.swap_archive("demo", "1.0.0", Package::new("demo", "1.0.0").archive());
    machine.run(&["rollback", "demo", "--yes"]).exits(2);
    assert_eq!(machine.read("mcp-pin.lock"), lock);
    machine.run(&["verify"]).exits(0).says("1.1.0");
    registry.swap_archive("demo", "1.0.0", honest_archive);
    machine.run(&["rollback", "demo", "--yes"]).exits(0);
    machine.run(&["verify"]).exits(0).says("1.0.0");
}

#[test]
fn a_command_of_this_machine_has_nothing_to_go_back_to() {
    let machine = crate::scripted::machine();
    Local::new(&machine, "mine", &honest())
        .install(&machine, &["--no-probe"], &[])
        .exits(0);
    machine
        .run(&["rollback", "mine", "--global"])
        .exits(2)
        .says("a command of this machine");
    machine.run(&["rollback", "min", "--global"]).exits(2).says("did you mean `mine`?");
    let document = machine.run(&["rollback", "mine", "--global", "--format", "json"]).exits(2).json();
    assert_eq!(document["status"], json!("undecided"));
}

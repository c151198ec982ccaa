//! What ends a drift: each way of it is told to who was told of the drift.

use serde_json::json;

use super::{Alerted, Receiver, evil};
use crate::harness::{Machine, unlock};
use crate::registry::FakeNpm;
use crate::scripted::{accepting, allow_accept_beside_servers, machine_with, package, tool};

fn channel(machine: &Machine, port: u16) {
    let manifest = machine.store().join("config/mcp-pin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap_or_default();
    let lines = format!("[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\n");
    std::fs::create_dir_all(manifest.parent().unwrap()).unwrap();
    std::fs::write(manifest, format!("{text}\n{lines}")).unwrap();
}

#[test]
fn what_is_installed_anew_ends_what_was_told() {
    let ops = Receiver::start();
    let alerted = Alerted::new("");
    channel(&alerted.machine, ops.port);
    alerted.server.turn(&evil());
    alerted.check(1);
    assert_eq!(ops.kinds(), ["drift"]);
    allow_accept_beside_servers(&alerted.machine);
    let start = alerted.server.start();
    let mut words = vec!["install", "--yes", "--format", "json", "--name", "calc"];
    let end = ["--", "node", &start];
    let seen = alerted.machine.run(&[&words[..], &end].concat()).exits(1).json();
    assert!(ops.take().is_empty(), "nothing is over before it is approved");
    let fingerprint = seen["fingerprint"].as_str().unwrap();
    words.extend(["--accept", fingerprint]);
    alerted.machine.run(&[&words[..], &end].concat()).exits(0);
    assert_eq!(ops.kinds(), ["resolved", "approved"]);
    alerted.check(0);
    assert!(ops.take().is_empty());
}

#[test]
fn an_update_ends_what_was_told() {
    let (ops, registry) = (Receiver::start(), FakeNpm::start());
    let script = json!({"tools": [tool("note", "Adds a note.")]});
    registry.publish(package("notes", "1.0.0", &script));
    let machine = machine_with(&registry);
    machine.run(&["install", "npm:notes", "--yes"]).exits(0);
    channel(&machine, ops.port);
    // Somebody adds a file to the tree.
    let installs = machine.store().join("installs");
    unlock(&installs);
    let tree = std::fs::read_dir(&installs)
        .unwrap()
        .flatten()
        .find(|entry| entry.path().is_dir())
        .unwrap();
    std::fs::write(tree.path().join("node_modules/notes/evil.js"), "evil()").unwrap();
    machine.run(&["verify", "--notify", "--no-probe"]).exits(1);
    assert_eq!(ops.kinds(), ["drift"]);
    registry.publish(package("notes", "1.1.0", &script));
    allow_accept_beside_servers(&machine);
    accepting(&machine, &["update", "notes"]).0.exits(0);
    assert_eq!(ops.kinds().iter().filter(|kind| *kind == "resolved").count(), 1);
    machine.run(&["verify", "--notify"]).exits(0);
    assert!(!ops.kinds().contains(&"resolved".to_owned()));
}

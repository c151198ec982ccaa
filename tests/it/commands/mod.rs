//! `diff`, `outdated`, `why` and `rollback` through the real binary.

mod diff;
mod outdated;
mod rollback;
mod updates;
mod why;

use serde_json::{Value, json};

use crate::harness::{Machine, snapshot};
use crate::registry::{FakeNpm, Package};
use crate::scripted::{honest, machine_with, package, tool};

/// Two tools where there was one.
fn more() -> Value {
    json!({"tools": [tool("add", "Adds two numbers."), tool("sub", "Subtracts.")]})
}

/// A server with a package behind it, in the version that its closure has then.
fn demo(version: &str, script: &Value) -> Package {
    package("demo", version, script)
        .file("lib.js", format!("module.exports = '{version}';\n"))
        .dependency("helper", "^1.0.0")
}

/// A registry with 1.0.0, and a machine that has it installed, with its surface.
fn installed() -> (FakeNpm, Machine) {
    let registry = FakeNpm::start();
    registry.publish(Package::new("helper", "1.0.0")).publish(demo("1.0.0", &honest()));
    let machine = machine_with(&registry);
    machine.run(&["install", "--yes", "npm:demo"]).exits(0);
    (registry, machine)
}

/// Everything of the project and of the installed trees, and how long the history is.
fn standing(machine: &Machine) -> (Vec<(std::path::PathBuf, Vec<u8>)>, usize, usize) {
    let log = machine.run(&["log", "--format", "json", "-n", "1000"]).exits(0).json();
    let installs = std::fs::read_dir(machine.store().join("installs")).unwrap().count();
    (snapshot(&machine.project()), installs, log["events"].as_array().unwrap().len())
}

/// Never to be started by one of these commands.
fn trap() -> Value {
    json!({"stderr": "I was started", "exit": 9})
}

/// A release date, as the registry writes it.
fn hours_ago(hours: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours)).to_string()
}

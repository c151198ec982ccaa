//! Row 5: the launch of an approved server is swapped in the files of a project.

use serde_json::{Value, json};

use super::{caught, marker};
use crate::harness::Machine;
use crate::registry::FakeNpm;
use crate::scripted::{honest, machine_with, package};

const MATCH: [&str; 2] = ["install", "--yes"];

/// A machine on which a project's server was approved, and the files as a colleague with other plans
/// sends them: lock and manifest agree.
fn pulled(change: impl FnOnce(&mut Value), manifest: &str) -> (FakeNpm, Machine) {
    let registry = FakeNpm::start();
    registry.publish(package("demo", "1.0.0", &honest()).file("other.mjs", "process.exit(9);\n"));
    let machine = machine_with(&registry);
    machine.run(&["install", "--yes", "npm:demo"]).exits(0);
    machine.run(&["verify"]).exits(0);
    let mut lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    change(&mut lock["servers"]["demo"]);
    machine.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
    let before = machine.read("mcp-pin.toml");
    machine.write("mcp-pin.toml", &format!("{before}{manifest}"));
    (registry, machine)
}

#[test]
fn arguments_swapped_in_a_pulled_lock_start_nothing() {
    let swap = |entry: &mut Value| entry["launch"]["args"] = json!(["--eval", "evil"]);
    let (_registry, machine) = pulled(swap, "args = [\"--eval\", \"evil\"]\n");
    // `verify` comes first, and needs nobody's judgement: nobody approved that.
    machine.refuses(&["verify"]).says("not one that you approved");
    let caught = caught(&machine, &MATCH, &marker(&machine));
    caught.names("launch-changed", "args", "critical", "the way the server is started changed: args");
    caught.shows("--eval");
}

#[test]
fn variables_added_in_a_pulled_lock_start_nothing() {
    let swap = |entry: &mut Value| entry["launch"]["env"] = json!(["AWS_SECRET_ACCESS_KEY"]);
    let (_registry, machine) = pulled(swap, "env = [\"AWS_SECRET_ACCESS_KEY\"]\n");
    machine.refuses(&["verify"]).says("not one that you approved");
    let caught = caught(&machine, &MATCH, &marker(&machine));
    caught.names("launch-changed", "env", "critical", "the way the server is started changed: env");
    caught.shows("AWS_SECRET_ACCESS_KEY");
}

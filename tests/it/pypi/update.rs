//! `update` of a Python server: what a newer version changes is shown item by item, and nothing of
//! it reaches the lock, or is started, before somebody who may has said yes.

use serde_json::{Value, json};

use super::index::FakePypi;
use super::wheel::{Wheel, deep, demo, helper, inside, server};
use super::{PROBE, accepting, machine, packages, three};
use crate::harness::{Machine, snapshot};
use crate::scripted::{findings, honest, tool, with_code};

fn installed() -> (FakePypi, Machine) {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    machine.run(&PROBE).exits(0);
    (index, machine)
}

fn files(machine: &Machine) -> (String, String) {
    (machine.read("mcp-pin.toml"), machine.read("mcp-pin.lock"))
}

fn installs(machine: &Machine) -> usize {
    std::fs::read_dir(machine.store().join("installs")).unwrap().count()
}

#[test]
fn yes_accepts_up_to_notice_and_a_second_update_finds_nothing() {
    let (index, machine) = installed();
    index.publish(&server("1.1", &json!({"tools": [tool("add", "Adds two integers.")]})).requires("demo-helper>=1,<2"));
    machine.run(&["update"]).exits(2).says("nobody can be asked here");
    assert!(machine.read("mcp-pin.lock").contains("Adds two numbers."));
    machine
        .run(&["update", "--yes"])
        .exits(0)
        .says("Adds two [-numbers-]{+integers+}.")
        .says("[tool-description-changed]");
    assert_eq!(packages(&machine), three("1.1", "1.0", "1.0"));
    machine.run(&["verify"]).exits(0).says("1.1");
    let before = snapshot(&machine.project());
    let report = machine.run(&["update", "--format", "json"]).exits(0).json();
    assert_eq!(
        (&report["status"], &report["servers"][0]["action"]),
        (&json!("clean"), &json!("unchanged"))
    );
    assert_eq!(snapshot(&machine.project()), before);
    machine.run(&["log"]).exits(0).says("1.0 to 1.1");
}

/// Started, this candidate would fail the whole command with another exit status.
fn candidate() -> Wheel {
    server("2.0", &json!({"stderr": "I was started", "exit": 9}))
        .file(&inside("fresh.py"), "a = 1\nb = 2\n")
        .file("demo.pth", "import demo_mcp_server.fresh\n")
        .requires_python(">=3.9")
        .requires("demo-helper>=1.5")
        .requires("demo-coming")
}

fn publish_code_change(index: &FakePypi) {
    index
        .publish(&candidate())
        .publish(&Wheel::new("demo-helper", "1.5").file("demo_helper/__init__.py", "VERSION = '1.5'\nMORE = 1\n"))
        .publish(&Wheel::new("demo-coming", "1.0").file("demo_coming/fast.so", "\u{7f}ELF\u{2}\u{1}\u{1}"));
}

#[test]
fn what_a_version_changes_in_the_code_is_shown_before_anything_is_started() {
    let (index, machine) = installed();
    publish_code_change(&index);
    let (before, trees) = (files(&machine), installs(&machine));
    let dry = machine
        .run(&["update", "--dry-run", "--format", "json"])
        .exits(1)
        .never_says("I was started");
    let report = dry.json();
    assert_eq!(
        (&report["servers"][0]["action"], &report["servers"][0]["version"]),
        (&json!("available"), &json!("2.0"))
    );
    let found = findings(&report);
    for (code, subject) in [
        ("version-changed", "version"),
        ("package-added", "demo-coming"),
        ("package-removed", "closure"),
        ("package-changed", "closure"),
        ("code-changed", "demo-mcp-server"),
        ("code-changed", "demo-helper"),
        ("startup-code-added", "demo-mcp-server"),
        ("runtime-range-changed", "runtime"),
    ] {
        let is = |(found, about, _): &(String, String, String)| found == code && (about == subject || subject == "runtime");
        assert!(found.iter().any(is), "{code} about {subject} is not in {found:#?}");
    }
    machine
        .run(&["update", "--dry-run", "--verbose"])
        .exits(1)
        .says("version 1.0 becomes 2.0")
        .says("fresh.py added, +2 -0")
        .says("demo_helper/__init__.py changed, +2 -1")
        .says("demo-helper 1.0 -> 1.5")
        .says("demo-deep 1.0")
        .says("demo-coming 1.0")
        .says("demo.pth")
        .says("import demo_mcp_server.fresh");
    assert_eq!(files(&machine), before);
    assert_eq!(installs(&machine), trees, "--dry-run leaves no trace");

    // `--yes` is no consent to code that runs unasked: not even unpacked.
    let report = machine
        .run(&["update", "--yes", "--format", "json"])
        .exits(1)
        .never_says("I was started")
        .json();
    assert!(report["fingerprint"].is_string(), "{report}");
    assert_eq!(files(&machine), before);
    assert_eq!(installs(&machine), trees, "a tree that nobody approved is not unpacked");
    machine.run(&["verify"]).exits(0).says("1.0");
}

#[test]
fn what_was_accepted_by_name_is_taken() {
    let (index, machine) = installed();
    publish_code_change(&index);
    let tools = json!({"tools": [tool("add", "Adds two numbers."), tool("sub", "Subtracts.")]});
    index.publish(
        &server("2.0", &tools)
            .file("demo.pth", "import demo_mcp_server.fresh\n")
            .requires("demo-helper>=1.5")
            .requires("demo-coming"),
    );
    accepting(&machine, &["update"]).exits(0);
    assert!(machine.read("mcp-pin.lock").contains("Subtracts."));
    let found = packages(&machine);
    for (name, version) in [("demo-coming", "1.0"), ("demo-helper", "1.5"), ("demo-mcp-server", "2.0")] {
        assert!(found.contains(&super::at(name, version)), "{found:?}");
    }
    assert_eq!(found.len(), 3, "what nobody needs any more is gone: {found:?}");
    machine.run(&["verify"]).exits(0).says("2.0");
}

#[test]
fn a_dependency_alone_moves_the_surface() {
    let index = FakePypi::start();
    index
        .publish(&server("1.0", &json!({"imports": ["demo_helper"]})).requires("demo-helper"))
        .publish(&helper("1.0"))
        .publish(&deep("1.0"));
    let machine = machine(&index);
    machine.run(&PROBE).exits(0);
    assert_eq!(super::description(&machine, "imports"), r#"{"demo_helper": "1.0"}"#);
    index.publish(&helper("1.1"));
    let report = accepting(&machine, &["update"]).exits(0).json();
    assert_eq!(with_code(&report, "version-changed").len(), 0, "{report}");
    assert_eq!(super::description(&machine, "imports"), r#"{"demo_helper": "1.1"}"#);
    assert_eq!(packages(&machine), three("1.0", "1.1", "1.0"));
    machine.run(&["verify"]).exits(0);
}

#[test]
fn a_candidate_that_cannot_be_taken_leaves_everything_as_it_was() {
    let (index, machine) = installed();
    let before = files(&machine);
    for (version, wheel, words) in [
        (
            "1.1",
            server("1.1", &json!({"stderr": "no database", "exit": 3})),
            "exited with status 3",
        ),
        ("1.2", server("1.2", &honest()).requires("demo-nowhere"), "demo-nowhere"),
        ("1.3", server("1.3", &honest()).unrecorded(&inside("server.py")), "server.py"),
        (
            "1.4",
            server("1.4", &honest()).file(
                "demo_mcp_server-1.4.dist-info/entry_points.txt",
                "[console_scripts]\nx = os:abort\ny = os:_exit\n",
            ),
            "console script",
        ),
    ] {
        index.publish(&wheel);
        let spec = format!("pypi:demo-mcp-server=={version}");
        machine.write("mcp-pin.toml", &before.0.replace("pypi:demo-mcp-server", &spec));
        machine.run(&["update", "--yes"]).exits(2).says(words);
        assert_eq!(machine.read("mcp-pin.lock"), before.1, "{version}");
    }
    machine.write("mcp-pin.toml", &before.0);
    machine.run(&["update", "--yes", "--offline"]).exits(2).says("without the network");
    machine.run(&["update", "nobody"]).exits(2).says("there is `demo`");
    machine.run(&["verify"]).exits(0).says("1.0");
}

#[test]
fn a_version_that_asks_for_another_python_is_passed_over_aloud() {
    let (index, machine) = installed();
    index.publish(&demo("1.9").requires_python(">=3.99"));
    let before = files(&machine);
    let ran = machine.run(&["update", "--yes"]);
    assert_eq!(files(&machine), before);
    // Not in silence: somebody has to know that there is something newer.
    ran.exits(2).says("demo-mcp-server@1.9").says("3.99").says("older version");
}

#[test]
fn only_the_named_servers_are_updated() {
    let (index, machine) = installed();
    let other = |version: &str| super::wheel::named_server("mcp-server-other", version, &json!({"tools": [tool("sub", "Subtracts.")]}));
    index.publish(&other("1.0"));
    machine.run(&["install", "--yes", "pypi:mcp-server-other"]).exits(0);
    index.publish(&other("1.1")).publish(&demo("1.1"));
    machine.run(&["update", "--yes", "other"]).exits(0).says("1.1");
    let lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    assert_eq!(lock["servers"]["demo"]["package"]["version"], "1.0");
    assert_eq!(lock["servers"]["other"]["package"]["version"], "1.1");
    machine.run(&["verify"]).exits(0);
}

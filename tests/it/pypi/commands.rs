//! `diff`, `outdated`, `why` and `rollback` of Python servers: what is promised for npm, and what only
//! Python has.

use serde_json::{Value, json};

use super::index::FakePypi;
use super::wheel::{Wheel, deep, helper, server};
use super::{PROBE, accepting, hours_ago, machine, packages, three};
use crate::harness::{Machine, snapshot};
use crate::scripted::{findings, honest, tool, with_code};

fn installed() -> (FakePypi, Machine) {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    machine.run(&PROBE).exits(0);
    (index, machine)
}

fn release(version: &str, script: &Value) -> Wheel {
    server(version, script).requires("demo-helper>=1,<2")
}

fn more() -> Value {
    json!({"tools": [tool("add", "Adds two numbers."), tool("sub", "Subtracts.")]})
}

/// Never to be started by one of these commands.
fn trap() -> Value {
    json!({"stderr": "I was started", "exit": 9})
}

#[test]
fn versions_are_compared_without_being_taken() {
    let (index, machine) = installed();
    index.publish(&release("1.1", &trap()));
    index.publish_at(&release("2.0", &trap()).requires("demo-deep"), &hours_ago(2));
    let before = snapshot(&machine.project());
    let report = machine
        .run(&["diff", "demo", "--format", "json"])
        .exits(1)
        .never_says("I was started")
        .json();
    assert_eq!(report["servers"][0]["version"], "1.1", "2.0 is too young");
    let update = machine.run(&["update", "--dry-run", "--format", "json"]).exits(1).json();
    assert_eq!(findings(&report), findings(&update));
    machine
        .run(&["diff", "demo", "1.0", "2.0"])
        .exits(1)
        .says("before: 1.0 (locked)")
        .says("after:  2.0 (as the registry has it), released")
        .says("2 hours ago")
        .never_says("I was started");
    // One spelling of a version is as good as another.
    machine.run(&["diff", "demo", "v1.0", "@locked"]).exits(0).says("nothing to report");
    for text in [">=1", "==1.0", "1.*", "newest", "1.0; python_version > '3'"] {
        machine
            .run(&["diff", "demo", text])
            .exits(2)
            .says("is neither a version nor a name for one");
    }
    machine.run(&["diff", "demo", "@locked", "7.0"]).exits(2).says("7.0");
    assert_eq!(snapshot(&machine.project()), before);
}

#[test]
fn nothing_is_built_for_a_comparison() {
    let (index, machine) = installed();
    index.publish_source("demo-mcp-server", "3.0", b"no archive at all".to_vec());
    let config = machine.store().join("config");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("mcp-pin.toml"), "[policy]\nbuilds = [\"demo-mcp-server\"]\n").unwrap();
    machine
        .run(&["diff", "demo", "@locked", "3.0"])
        .exits(2)
        .says("nothing is built for a comparison")
        .says("mcp-pin update demo --dry-run");
    machine.run(&["outdated"]).exits(0).says("3.0: it has no wheel");
}

#[test]
fn what_is_newer_is_listed_from_one_page() {
    let (index, machine) = installed();
    index.publish(&release("1.1", &trap()));
    index.publish_at(&release("2.0", &trap()), &hours_ago(2));
    let asked = index.requests().len();
    machine
        .run(&["outdated"])
        .exits(0)
        .never_says("I was started")
        .says("demo  1.0     1.1     2.0 (2 hours ago)  2.0: cooldown until ");
    assert_eq!(index.requests().len() - asked, 1, "{:?}", index.requests());
    let found = machine.run(&["outdated", "--format", "json"]).exits(0).json();
    let update = machine.run(&["update", "--dry-run", "--format", "json"]).exits(1).json();
    assert_eq!(update["servers"][0]["version"], found["servers"][0]["wanted"]["version"]);
    machine.run(&["outdated", "--offline"]).exits(2).never_says("nothing newer");
    index.forget("demo-mcp-server");
    machine.run(&["outdated"]).exits(2).says("undecided").never_says("nothing newer");
}

#[test]
fn ways_go_along_names_markers_and_extras_that_are_asked_for() {
    let index = FakePypi::with_demo();
    index
        .publish(&Wheel::new("demo-fast", "1.0").file("demo_fast.py", ""))
        .publish(&server("1.0", &honest()).requires("demo-helper>=1,<2").extra("fast", "demo-fast>=1"));
    let machine = machine(&index);
    machine
        .run(&["install", "--no-probe", "--yes", "pypi:demo-mcp-server[fast]"])
        .exits(0);
    machine
        .run(&["why", "Demo_Deep", "--offline"])
        .exits(0)
        .says("demo-mcp-server 1.0 -> demo-helper 1.0 (>=1, <2) -> demo-deep 1.0 (if python_version >= '3')");
    machine
        .run(&["why", "demo-fast"])
        .exits(0)
        .says("demo-mcp-server 1.0 -> demo-fast 1.0 (>=1, extra fast, if extra == 'fast')");
    machine.run(&["why", "demo-hepler"]).exits(1).says("did you mean `demo-helper`?");
}

#[test]
fn going_back_restores_the_very_entry_offline() {
    let (index, machine) = installed();
    let first = machine.read("mcp-pin.lock");
    index
        .publish(&release("1.1", &more()))
        .publish(&helper("1.5"))
        .publish(&deep("2.0"));
    accepting(&machine, &["update"]).exits(0);
    assert_eq!(packages(&machine), three("1.1", "1.5", "2.0"));
    // All of it is pulled.
    for wheel in [release("1.0", &honest()), helper("1.0"), deep("1.0")] {
        index.unpublish(&wheel.file_name());
    }
    machine.run(&["prune"]).exits(0);
    let report = machine
        .run(&["rollback", "demo", "--dry-run", "--offline", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(
        (&report["servers"][0]["version"], with_code(&report, "tool-removed").len()),
        (&json!("1.0"), 1),
        "{report:#}"
    );
    assert_eq!(with_code(&report, "version-downgraded").len(), 1, "{report:#}");
    accepting(&machine, &["rollback", "demo", "--offline"]).exits(0);
    assert_eq!(machine.read("mcp-pin.lock"), first);
    machine.run(&["verify", "--offline"]).exits(0).says("1.0");
    machine
        .run(&["rollback", "demo", "--yes"])
        .exits(2)
        .says("you approved nothing before 1.0");
}

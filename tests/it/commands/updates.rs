//! `verify --check-updates`: newer versions are told, and nothing of them is fetched or started.

use super::{demo, hours_ago, installed, trap};
use crate::notify::desktop;

#[test]
fn a_newer_version_is_told_once_and_changes_no_exit_status() {
    let (registry, machine) = installed();
    let json = || machine.run(&["verify", "--check-updates", "--format", "json"]).exits(0).json();
    assert_eq!(json()["clean"][0], "demo");
    registry
        .publish(demo("1.1.0", &trap()))
        .publish(demo("1.2.0", &trap()).published(&hours_ago(1)));
    let asked = registry.requests().len();
    let found = json();
    assert_eq!(registry.requests().split_off(asked), ["/demo"], "one document, no archive");
    let finding = &found["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["grade"]),
        (&"newer-version".into(), &"info".into()),
        "{found}"
    );
    assert!(
        finding["title"].as_str().unwrap().contains("1.1.0 is out; 1.0.0 is locked"),
        "not the one that is held back: {found}"
    );
    assert_eq!((&found["status"], found["clean"].as_array().unwrap().len()), (&"clean".into(), 0));
    machine
        .run(&["verify", "--check-updates"])
        .exits(0)
        .says("`mcp-pin update demo` shows what it changes")
        .never_says("I was started");
    // What cannot be asked says nothing about what is pinned, and is not passed over.
    machine
        .run(&["verify", "--check-updates", "--offline"])
        .exits(0)
        .says("could not look for newer versions of demo");
    let lines = "for n in 1 2; do $PIN verify --notify --check-updates; done";
    let Some((shown, talk)) = desktop(&machine, lines) else { return };
    assert_eq!(shown.len(), 1, "{shown:#?}\n{talk}");
    assert_eq!(shown[0].0, "MCP server demo: a newer version");
}

//! `outdated`: what is newer and what holds it back; nothing is resolved, written or started.

use serde_json::json;

use super::{demo, hours_ago, installed, standing, trap};
use crate::registry::{Package, Trouble};
use crate::scripted::{Local, honest};

#[test]
fn what_is_newer_is_listed_with_what_holds_it_back() {
    let (registry, machine) = installed();
    machine.run(&["outdated"]).exits(0).says("1 server has nothing newer");
    registry
        .publish(demo("1.1.0", &trap()))
        .publish(demo("1.2.0", &trap()).published(&hours_ago(1)));
    let before = standing(&machine);
    let asked = registry.requests().len();
    machine
        .run(&["outdated"])
        .exits(0)
        .never_says("I was started")
        .says("demo  1.0.0   1.1.0   1.2.0 (1 hours ago)  1.2.0: cooldown until ");
    let asked: Vec<_> = registry.requests().split_off(asked);
    assert_eq!(asked, ["/demo"], "one document, and nothing of the closure");
    assert_eq!(standing(&machine), before);
    let found = machine.run(&["outdated", "--format", "json"]).exits(0).json();
    let row = &found["servers"][0];
    assert_eq!(
        (
            &row["current"]["version"],
            &row["wanted"]["version"],
            &row["latest"]["version"],
            &row["outdated"]
        ),
        (&json!("1.0.0"), &json!("1.1.0"), &json!("1.2.0"), &json!(true))
    );
    assert_eq!(
        (&row["heldBack"][0]["by"], &row["heldBack"][0]["version"]),
        (&json!("cooldown"), &json!("1.2.0"))
    );
    // What it says is what an update does.
    let update = machine.run(&["update", "--dry-run", "--format", "json"]).exits(1).json();
    assert_eq!(update["servers"][0]["version"], row["wanted"]["version"]);
}

#[test]
fn a_requirement_that_excludes_the_newest_is_named() {
    let (registry, machine) = installed();
    machine.run(&["remove", "demo"]).exits(0);
    machine.run(&["install", "--yes", "npm:demo@^1.0.0"]).exits(0);
    registry
        .publish(demo("2.0.0", &trap()))
        .publish(demo("1.0.5", &trap()))
        .tag("demo", "latest", "2.0.0");
    machine
        .run(&["outdated"])
        .exits(0)
        .says("2.0.0: mcp-pin.toml asks for `^1.0.0`")
        .says("1.0.5");
    let update = machine.run(&["update", "--dry-run", "--format", "json"]).json();
    assert_eq!(update["servers"][0]["version"], "1.0.5");
}

#[test]
fn a_registry_that_cannot_be_asked_is_no_pass() {
    let (registry, machine) = installed();
    registry.publish(demo("1.1.0", &trap()));
    machine
        .run(&["outdated", "--offline"])
        .exits(2)
        .says("ask which versions of `demo` there are without the network")
        .never_says("nothing newer");
    registry.trouble("/demo", Trouble::Status(500));
    machine.run(&["outdated"]).exits(2).says("undecided").never_says("nothing newer");
    let found = machine.run(&["outdated", "--format", "json"]).exits(2).json();
    assert_eq!(
        (&found["status"], &found["undecided"][0]["server"]),
        (&json!("undecided"), &json!("demo"))
    );
    registry.calm();
    machine.run(&["outdated", "dem"]).exits(2).says("did you mean `demo`?");
    machine.run(&["outdated", "--locked"]).exits(0).says("1.1.0");
}

#[test]
fn hostile_versions_and_commands_of_this_machine_are_shown_as_what_they_are() {
    let (registry, machine) = installed();
    registry
        .publish(Package::new("demo", "9.9.9\u{1b}[2J"))
        .tag("demo", "latest", "9.9.9\u{1b}[2J");
    let ran = machine.run(&["outdated", "--verbose"]);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:?}");
    Local::new(&machine, "mine", &honest())
        .install(&machine, &["--no-probe"], &[])
        .exits(0);
    machine
        .run(&["outdated", "--global", "mine"])
        .exits(0)
        .says("nobody publishes versions of it");
}

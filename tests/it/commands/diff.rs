//! `diff`: what an update would show, for any two versions, and nothing of it done.

use serde_json::json;

use super::{demo, installed, more, standing, trap};
use crate::registry::Package;
use crate::scripted::{Local, accepting, findings, machine, with_code};

#[test]
fn the_newest_version_is_compared_and_nothing_is_changed_or_started() {
    let (registry, machine) = installed();
    machine
        .run(&["diff", "demo"])
        .exits(0)
        .says("nothing to report")
        .says("is what you approved");
    registry.publish(demo("1.1.0", &trap()).script("postinstall", "node lib.js"));
    let before = standing(&machine);
    let report = machine
        .run(&["diff", "demo", "--format", "json"])
        .exits(1)
        .never_says("I was started")
        .json();
    assert_eq!(
        (&report["servers"][0]["action"], &report["servers"][0]["version"]),
        (&json!("compared"), &json!("1.1.0"))
    );
    let update = machine.run(&["update", "--dry-run", "--format", "json"]).exits(1).json();
    assert_eq!(findings(&report), findings(&update), "the update's report");
    let script = ("install-script-added".to_owned(), "demo".to_owned(), "warning".to_owned());
    assert!(findings(&report).contains(&script), "{report:#}");
    machine
        .run(&["diff", "demo"])
        .exits(1)
        .says("before: 1.0.0 (locked and approved)")
        .says("after:  1.1.0 (newest that is allowed)")
        .says("1.1.0 was not started");
    assert_eq!(standing(&machine), before);
    machine.run(&["verify"]).exits(0).says("1.0.0");
}

#[test]
fn any_two_versions_are_compared_without_a_cooldown_and_with_their_dates() {
    let (registry, machine) = installed();
    registry
        .publish(demo("2.0.0", &trap()).dependency("coming", "1"))
        .publish(Package::new("coming", "1.0.0"))
        .publish(demo("3.0.0", &trap()).published(&super::hours_ago(1)));
    let before = standing(&machine);
    machine
        .run(&["diff", "demo", "2.0.0", "3.0.0"])
        .exits(1)
        .never_says("I was started")
        .says("before: 2.0.0 (as the registry has it), released")
        .says("after:  3.0.0 (as the registry has it), released")
        .says("1 hours ago")
        .says("is not compared: 2.0.0 and 3.0.0 were not started");
    machine
        .run(&["diff", "demo", "3.0.0", "2.0.0"])
        .exits(1)
        .says("coming 1.0.0")
        .says("[package-added]");
    // One version: what is locked stands after it, and that it is the newer one is said.
    machine
        .run(&["diff", "demo", "2.0.0"])
        .exits(1)
        .says("[version-downgraded]")
        .says("`mcp-pin diff demo 1.0.0 2.0.0` shows what it would bring");
    machine
        .run(&["diff", "demo", "@locked", "2.0.0"])
        .exits(1)
        .says("[version-changed]");
    machine
        .run(&["diff", "demo", "1.0.0", "@approved"])
        .exits(0)
        .says("nothing to report");
    assert_eq!(standing(&machine), before);
}

#[test]
fn the_surfaces_of_two_pins_that_we_hold_are_compared_offline() {
    let (registry, machine) = installed();
    registry.publish(demo("1.1.0", &more()));
    machine.allow_accept();
    accepting(&machine, &["update"]).0.exits(0);
    let report = machine
        .run(&["diff", "demo", "1.0.0", "@locked", "--offline", "--format", "json"])
        .exits(1)
        .json();
    assert_eq!(with_code(&report, "tool-added").len(), 1, "{report:#}");
    assert_eq!(with_code(&report, "code-changed").len(), 1, "{report:#}");
    machine
        .run(&["diff", "demo", "1.0.0", "@installed", "--offline", "--surface"])
        .exits(1)
        .says("installed, locked")
        .says("[tool-added]")
        .never_says("[code-changed]");
    machine
        .run(&["diff", "demo", "9.9.9", "--offline"])
        .exits(2)
        .says("without the network");
    machine.run(&["diff", "demo", "--offline"]).exits(2).says("without the network");
}

#[test]
fn a_narrowed_report_counts_what_it_hides_and_keeps_the_exit_status() {
    let (registry, machine) = installed();
    registry.publish(demo("1.1.0", &trap()).script("postinstall", "node lib.js"));
    // The surface has nothing to say here: no pass comes of that.
    machine
        .run(&["diff", "demo", "--surface"])
        .exits(1)
        .says("not shown: ")
        .says("1 warning")
        .says("the exit status is about all of them")
        .never_says("nothing to report");
    let report = machine.run(&["diff", "demo", "--surface", "--format", "json"]).exits(1).json();
    assert_eq!((&report["status"], findings(&report).len()), (&json!("findings"), 0));
    assert!(report["servers"][0]["notes"].to_string().contains("not shown"), "{report:#}");
    machine
        .run(&["diff", "demo", "--closure"])
        .exits(1)
        .says("[version-changed]")
        .never_says("[code-changed]");
    machine
        .run(&["diff", "demo", "--code", "--closure"])
        .exits(1)
        .says("[version-changed]")
        .says("[code-changed]");
}

#[test]
fn what_cannot_be_compared_is_said_with_what_helps() {
    let (registry, machine) = installed();
    registry.publish(demo("1.1.0", &trap()));
    machine.run(&["diff", "dmeo"]).exits(2).says("did you mean `demo`?");
    for text in [
        "latest",
        "^1",
        "1.x",
        "",
        "v",
        "file:../x",
        "npm:other@1.0.0",
        "1.0.0 || 2.0.0",
        "1.0.0\u{202e}",
        "@nobody",
    ] {
        machine
            .run(&["diff", "demo", "--", text])
            .exits(2)
            .says("is neither a version nor a name for one")
            .says("write an exact version")
            .never_says("\u{202e}");
    }
    machine.run(&["diff", "demo", "7.7.7"]).exits(2).says("7.7.7");
    let local = machine_of_a_command();
    local.run(&["diff", "mine", "1.0.0", "--global"]).exits(2).says("has no versions");
    local.run(&["diff", "mine", "--global"]).exits(0).says("nothing to report");
}

fn machine_of_a_command() -> crate::harness::Machine {
    let machine = machine();
    Local::new(&machine, "mine", &crate::scripted::honest())
        .install(&machine, &["--no-probe"], &[])
        .exits(0);
    machine
}

#[test]
fn a_lock_that_nobody_here_approved_is_compared_with_what_was_approved() {
    let (registry, machine) = installed();
    registry.publish(demo("1.1.0", &more()));
    // Somebody else updates the project.
    let other = crate::scripted::machine_with(&registry);
    other.clone_project(&machine);
    other.allow_accept();
    accepting(&other, &["install"]).0.exits(0);
    accepting(&other, &["update"]).0.exits(0);
    machine.clone_project(&other);
    machine
        .run(&["diff", "demo"])
        .exits(1)
        .says("before: 1.0.0 (approved last)")
        .says("after:  1.1.0 (locked, not approved by you)")
        .says("[tool-added]");
    // A lock whose archive says something else is no side to compare with.
    let lock = machine.read("mcp-pin.lock");
    let fresh = crate::scripted::machine_with(&registry);
    fresh.clone_project(&other);
    fresh.run(&["diff", "demo"]).exits(2).says("you approved").says("mcp-pin install");
    machine.write("mcp-pin.lock", &lock.replace("\"version\": \"1.1.0\"", "\"version\": \"1.1.1\""));
    machine
        .run(&["diff", "demo", "@approved", "@locked"])
        .exits(2)
        .never_says("nothing to report");
}

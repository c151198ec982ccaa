//! Releases that are young, undated, or taken back.

use super::index::FakePypi;
use super::wheel::{demo, helper};
use super::{INSTALL, VERIFY, accepting, cloned, hours_ago, installed, machine, packages, three};

const UPDATE: [&str; 3] = ["update", "--no-probe", "--yes"];

#[test]
fn young_releases_of_the_whole_closure_are_not_taken_by_themselves() {
    let (index, machine) = installed();
    let lock = machine.read("mcp-pin.lock");
    index
        .publish_at(&demo("1.1"), &hours_ago(24))
        .publish_at(&helper("1.1"), &hours_ago(2));
    machine.run(&UPDATE).exits(0).says("unchanged");
    assert_eq!(machine.read("mcp-pin.lock"), lock);
    let fresh = super::machine(&index);
    fresh.run(&INSTALL).exits(0);
    assert_eq!(packages(&fresh), three("1.0", "1.0", "1.0"));
    // Asked for by name it is explained, and `--yes` is not enough.
    let exact = ["install", "pypi:demo-mcp-server==1.1", "--no-probe", "--yes"];
    let fresh = super::machine(&index);
    fresh.run(&exact).exits(1).says("release-too-young").says("demo-mcp-server");
    assert!(!fresh.project().join("mcp-pin.lock").exists());
    accepting(&fresh, &exact).exits(0);
    assert_eq!(
        packages(&fresh),
        three("1.1", "1.0", "1.0"),
        "the young dependency is not taken with it"
    );
    // A little older, and they are taken.
    index
        .publish_at(&demo("1.1"), &hours_ago(24 * 30))
        .publish_at(&helper("1.1"), &hours_ago(24 * 30));
    // They come after years without a release, which is a question of its own.
    machine
        .run(&UPDATE)
        .exits(1)
        .says("release-after-silence")
        .never_says("release-too-young");
    accepting(&machine, &UPDATE).exits(0);
    assert_eq!(packages(&machine), three("1.1", "1.1", "1.0"));
}

#[test]
fn a_young_dependency_that_is_needed_is_said_by_name() {
    let (index, machine) = installed();
    let lock = machine.read("mcp-pin.lock");
    index
        .publish(&demo("1.2").requires("demo-helper>=1.2"))
        .publish_at(&helper("1.2"), &hours_ago(1));
    let ran = machine.run(&UPDATE);
    assert_eq!(machine.read("mcp-pin.lock"), lock);
    // The older server is still the newest that can be had; if not, the reason is named.
    if ran.status != 0 {
        ran.says("demo-helper");
    }
    let exact = machine.run(&["install", "pypi:demo-mcp-server==1.2", "--no-probe", "--yes"]);
    assert_ne!(exact.status, 0, "{exact:?}");
    exact.says("demo-helper");
    assert_eq!(machine.read("mcp-pin.lock"), lock);
}

#[test]
fn a_users_longer_wait_counts_and_a_projects_shorter_one_does_not() {
    let index = FakePypi::with_demo();
    index.publish_at(&demo("1.1"), &hours_ago(24 * 20));
    let careful = machine(&index);
    careful.write("mcp-pin.toml", "[policy]\ncooldown = { install = \"30d\" }\n");
    careful.run(&INSTALL).exits(0);
    assert_eq!(packages(&careful), three("1.0", "1.0", "1.0"));
    index.publish_at(&demo("1.2"), &hours_ago(1));
    let hasty = machine(&index);
    hasty.write("mcp-pin.toml", "[policy]\ncooldown = { install = \"0d\" }\n");
    hasty.run(&INSTALL).exits(0).says("`cooldown.install = 0d`");
    assert_eq!(packages(&hasty), three("1.1", "1.0", "1.0"));
}

#[test]
fn an_index_without_dates_is_said_aloud() {
    for html in [false, true] {
        let index = FakePypi::with_demo();
        if html {
            index.speaks_html();
        } else {
            index.undated();
        }
        let machine = machine(&index);
        machine.run(&INSTALL).exits(0).says("release-date-unknown");
        assert_eq!(packages(&machine), three("1.0", "1.0", "1.0"));
        machine.run(&VERIFY).exits(0);
    }
    // One file without a date among dated ones is no way around the wait either.
    let index = FakePypi::with_demo();
    index.publish(&helper("1.1")).dated(&helper("1.1").file_name(), None);
    let machine = machine(&index);
    let ran = machine.run(&INSTALL).exits(0);
    if packages(&machine) != three("1.0", "1.0", "1.0") {
        ran.says("release-date-unknown").says("demo-helper");
    }
}

#[test]
fn a_release_that_was_taken_back_is_not_chosen_but_a_locked_one_stays() {
    let (index, first) = installed();
    index.publish(&demo("1.1")).yank(&demo("1.1").file_name(), "steals keys");
    let fresh = machine(&index);
    fresh.run(&INSTALL).exits(0);
    assert_eq!(packages(&fresh), three("1.0", "1.0", "1.0"));
    // Asked for exactly, it is had as pip gives it, and said.
    let exact = machine(&index);
    let ran = exact.run(&["install", "pypi:demo-mcp-server==1.1", "--no-probe", "--yes"]);
    ran.says("release-yanked").says("steals keys");
    // What is locked and taken back afterwards still installs: the bytes are the same.
    index.yank(&demo("1.0").file_name(), "broken");
    first.run(&VERIFY).exits(0);
    let second = cloned(&index, &first);
    second.run(&["install", "--no-probe", "--yes"]).exits(0);
    second.run(&VERIFY).exits(0);
}

//! A registry that lies, is young, or is ill. Whatever it does, nothing of it reaches the lock, and
//! the error names the package.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::harness::{Machine, snapshot};
use crate::registry::{FakeNpm, Package, Trouble, demo, helper, integrity};

const INSTALL: [&str; 4] = ["install", "npm:demo", "--no-probe", "--yes"];

/// A release date, as a registry writes it.
#[expect(clippy::disallowed_methods, reason = "dates in a test are relative to the day it runs")]
fn hours_ago(hours: i64) -> String {
    let then = Timestamp::now() - SignedDuration::from_hours(hours);
    then.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A machine and a registry where `demo` itself is the given package.
fn with(package: Package) -> (FakeNpm, Machine) {
    let registry = FakeNpm::start();
    registry.publish(helper("1.0.0")).publish(package);
    let machine = Machine::with_registry(&registry.url());
    (registry, machine)
}

/// The locked packages: path to version.
fn locked(machine: &Machine) -> Vec<(String, String)> {
    let lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    let packages = lock["servers"]["demo"]["packages"].as_object().unwrap();
    packages
        .iter()
        .map(|(path, package)| (path.clone(), package["version"].as_str().unwrap().to_owned()))
        .collect()
}

fn two(demo: &str, helper: &str) -> Vec<(String, String)> {
    vec![
        ("node_modules/demo".to_owned(), demo.to_owned()),
        ("node_modules/helper".to_owned(), helper.to_owned()),
    ]
}

#[test]
fn wrong_bytes_for_a_right_name() {
    let (registry, machine) = with(demo("1.0.0"));
    let other = demo("1.0.0").file("evil.js", "x").archive();
    registry.swap_archive("demo", "1.0.0", other.clone());
    machine
        .refuses(&INSTALL)
        .says("demo@1.0.0")
        .says(&demo("1.0.0").integrity())
        .says(&integrity(&other));
    assert!(machine.archives().len() <= 1, "of `demo` nothing is stored");
    assert!(!machine.project().join("mcp-pin.lock").exists());
}

#[test]
fn right_bytes_that_are_swapped_later() {
    let (registry, first) = with(demo("1.0.0"));
    first.run(&INSTALL).exits(0);
    let other = helper("1.0.0").file("evil.js", "x").archive();
    registry.swap_archive("helper", "1.0.0", other.clone());
    let second = Machine::with_registry(&registry.url());
    second.clone_project(&first);
    second
        .refuses(&["install", "--no-probe", "--yes"])
        .says("helper@1.0.0")
        .says(&helper("1.0.0").integrity())
        .says(&integrity(&other));
    assert_eq!(std::fs::read_dir(second.store().join("installs")).unwrap().count(), 0);
    // The first machine holds what it verified, and needs nobody for that.
    first.run(&["verify", "--no-probe", "--offline"]).exits(0);
}

#[test]
fn new_bytes_for_an_old_version() {
    let (registry, machine) = with(demo("1.0.0"));
    machine.run(&INSTALL).exits(0);
    let lock = machine.read("mcp-pin.lock");
    let other = demo("1.0.0").file("evil.js", "x").archive();
    registry.replace_archive("demo", "1.0.0", other);
    for args in [
        &["update", "demo", "--no-probe", "--yes"],
        &INSTALL,
        &["install", "npm:demo@1.0.0", "--no-probe", "--yes"],
    ] {
        machine.run(args).exits(1).says("bytes-replaced");
        assert_eq!(machine.read("mcp-pin.lock"), lock, "{args:?}");
    }
    machine
        .run(&["update", "demo", "--no-probe", "--dry-run"])
        .exits(1)
        .says("bytes-replaced");
    machine.run(&["verify", "--no-probe"]).exits(0);
    // Somebody else who has the lock gets the pinned bytes or none.
    let second = Machine::with_registry(&registry.url());
    second.clone_project(&machine);
    second
        .refuses(&["install", "--no-probe", "--yes"])
        .says("demo@1.0.0")
        .says(&demo("1.0.0").integrity());
}

#[test]
fn metadata_that_hides_a_script() {
    let (_registry, machine) = with(demo("1.0.0").script("postinstall", "touch /tmp/never").hide_scripts());
    machine
        .refuses(&INSTALL)
        .says("demo@1.0.0")
        .says("scripts")
        .says("postinstall: touch /tmp/never");
}

#[test]
fn metadata_that_hides_a_dependency() {
    let (registry, machine) = with(demo("1.0.0").hide_dependencies());
    machine.refuses(&INSTALL).says("demo@1.0.0").says("helper: ^1.0.0");
    // The same one floor down, where nobody looks.
    registry.publish(Package::new("deep", "1.0.0").dependency("helper", "*").hide_dependencies());
    registry.publish(demo("1.0.1").dependency("deep", "1.0.0"));
    machine.refuses(&INSTALL).says("deep@1.0.0").says("helper: *");
}

#[test]
fn metadata_that_takes_a_needed_package_to_another_platform() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.publish(helper("1.0.1").claims("os", json!(["aix"])));
    machine.refuses(&INSTALL).says("helper");
}

#[test]
fn metadata_that_describes_another_package() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.replace_archive("demo", "1.0.0", Package::new("evil", "6.6.6").archive());
    machine.refuses(&INSTALL).says("demo@1.0.0").says("`evil`").says("`6.6.6`");
    // Metadata that invents an edge is no better than one that hides it.
    registry.publish(helper("1.0.1").claims("dependencies", json!({"demo": "*"})));
    registry.publish(demo("1.0.1"));
    machine.refuses(&INSTALL).says("helper@1.0.1").says("`dependencies`");
}

#[test]
fn a_shrinkwrap_in_the_archive() {
    let lock = json!({"name": "demo", "version": "1.0.0", "lockfileVersion": 3, "packages": {}});
    let (registry, machine) = with(demo("1.0.0").shrinkwrap(&lock));
    machine.refuses(&INSTALL).says("hint: such a package cannot be pinned");
    assert!(machine.archives().is_empty());
    // One that the metadata does not admit.
    registry.publish(demo("1.0.1").file("npm-shrinkwrap.json", lock.to_string()));
    machine.refuses(&INSTALL).says("demo@1.0.1").says("npm-shrinkwrap.json");
}

#[test]
fn dependencies_from_elsewhere() {
    let (registry, machine) = with(demo("1.0.0"));
    let tarball = format!("{}evil/-/evil-1.0.0.tgz", registry.url());
    registry.publish(Package::new("evil", "1.0.0").file("index.js", "x"));
    let kinds = ["git+https://127.0.0.1:1/evil.git", "someone/evil", &tarball, "file:../evil"];
    for (patch, requirement) in (1..).zip(kinds) {
        registry.publish(helper(&format!("1.0.{patch}")).dependency("evil", requirement));
        machine
            .refuses(&INSTALL)
            .says("registry")
            .says("hint: such a package cannot be pinned");
    }
    let fetched: Vec<_> = registry
        .requests()
        .into_iter()
        .filter(|path| path.contains("evil-1.0.0.tgz"))
        .collect();
    assert!(fetched.is_empty(), "{fetched:?}");
    assert!(machine.archives().is_empty());
}

#[test]
fn digests_that_can_be_forged_or_are_missing() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.set_integrity("helper", "1.0.0", "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    machine.refuses(&INSTALL).says("helper").says("sha1");
    registry.set_integrity("helper", "1.0.0", "");
    machine.refuses(&INSTALL).says("helper").says("digest");
    assert!(machine.archives().is_empty());
}

#[test]
fn a_registry_without_dates_is_noticed_and_no_obstacle() {
    let registry = FakeNpm::start();
    registry.publish(helper("1.0.0").undated()).publish(demo("1.0.0").undated());
    let machine = Machine::with_registry(&registry.url());
    machine.run(&INSTALL).exits(0).says("release-date-unknown");
    machine.run(&["verify", "--no-probe"]).exits(0);
}

#[test]
fn a_range_does_not_choose_a_young_release() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.publish(demo("1.1.0").published(&hours_ago(2)));
    registry.publish(helper("1.1.0").published(&hours_ago(2)));
    machine
        .run(&["install", "npm:demo@^1", "--no-probe", "--yes"])
        .exits(0)
        .never_says("release-too-young");
    assert_eq!(locked(&machine), two("1.0.0", "1.0.0"));
    // The whole closure stays as of that date, and `latest` is a range too.
    let second = Machine::with_registry(&registry.url());
    second.run(&INSTALL).exits(0);
    assert_eq!(locked(&second), two("1.0.0", "1.0.0"));
    second.run(&["update", "--no-probe", "--yes"]).exits(0).says("unchanged");
}

#[test]
fn an_exact_young_release_needs_more_than_yes() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.publish(demo("1.1.0").published(&hours_ago(30)));
    let exact = ["install", "npm:demo@1.1.0", "--no-probe", "--yes"];
    let refused = machine.run(&exact).exits(1).says("release-too-young").says("1.1.0");
    assert!(!machine.project().join("mcp-pin.lock").exists());
    let fingerprint = fingerprint(&refused.stdout);

    let accept = [&exact[..], &["--accept", &fingerprint]].concat();
    machine.run(&accept).exits(2).says("without a terminal");
    assert!(!machine.project().join("mcp-pin.lock").exists());

    machine.allow_accept();
    let other = "0".repeat(fingerprint.len());
    let wrong = [&exact[..], &["--accept", &other]].concat();
    machine.run(&wrong).exits(1);
    machine.run(&accept).exits(0);
    assert_eq!(locked(&machine), two("1.1.0", "1.0.0"));
}

fn fingerprint(text: &str) -> String {
    let (_, rest) = text
        .split_once("report fingerprint: ")
        .expect("a report above notice has a fingerprint");
    rest.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_young_dependency_of_an_exact_young_release_is_named_too() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.publish(helper("2.0.0").published(&hours_ago(3)));
    registry.publish(demo("2.0.0").published(&hours_ago(2)).dependency("helper", "^2"));
    let refused = machine.run(&["install", "npm:demo@2", "--no-probe", "--yes"]).exits(1);
    refused.says("demo 2.0.0 was released").says("helper 2.0.0 was released");
    assert!(!machine.project().join("mcp-pin.lock").exists());
}

#[test]
fn an_update_waits_for_fewer_days_than_a_first_install() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.publish(helper("1.5.0").published(&hours_ago(24 * 5)));
    let old = [("node_modules/demo", "1.0.0"), ("node_modules/helper", "1.0.0")];
    machine.run(&INSTALL).exits(0);
    assert_eq!(locked(&machine), old.map(|(path, version)| (path.to_owned(), version.to_owned())));
    // Five days are enough for an update (three days), not for a first install (seven).
    machine.run(&["update", "--no-probe", "--yes"]).exits(0).says("updated");
    assert_eq!(locked(&machine), two("1.0.0", "1.5.0"));
}

#[test]
fn what_is_not_there_is_named() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.publish(demo("1.2.0")).tag("demo", "next", "1.2.0");
    machine
        .refuses(&["install", "npm:dmo", "--yes"])
        .says("`dmo`")
        .says("hint: check the spelling");
    machine
        .refuses(&["install", "npm:demo@^7", "--yes"])
        .says("`^7`")
        .says("1.2.0, 1.0.0");
    machine.refuses(&["install", "npm:demo@9.9.9", "--yes"]).says("9.9.9").says("1.2.0");
    machine
        .refuses(&["install", "npm:demo@beta", "--yes"])
        .says("`beta`")
        .says("next = 1.2.0");
    registry.publish(demo("1.3.0").dependency("missing", "^1"));
    machine.refuses(&["install", "npm:demo@1.3.0", "--yes"]).says("`missing`");
    let refused = machine.refuses(&["install", "npm:dmo", "--yes", "--format", "json"]).json();
    assert_eq!(refused["status"], "undecided");
    assert!(refused["error"]["message"].as_str().unwrap().contains("`dmo`"), "{refused}");
}

#[test]
fn a_release_that_was_taken_back() {
    let (registry, first) = with(demo("1.0.0"));
    first.run(&INSTALL).exits(0);
    registry.publish(demo("1.0.1")).unpublish("demo", "1.0.0");
    let second = Machine::with_registry(&registry.url());
    second.clone_project(&first);
    second
        .refuses(&["install", "--no-probe", "--yes"])
        .says("no archive of `demo` 1.0.0")
        .says("hint:");
    first.run(&["verify", "--no-probe"]).exits(0);
    first.run(&["install", "--no-probe"]).exits(0);
}

#[test]
fn a_registry_that_wants_a_token() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.require_token("t0p-s3cret");
    machine.refuses(&INSTALL).says("did not allow").says("npm login");
    let host = registry.url().replace("http:", "");
    machine.npmrc(&format!("{host}:_authToken=t0p-s3cret"));
    machine.run(&INSTALL).exits(0).never_says("t0p-s3cret");
    // Nothing of it stays anywhere but in the user's own settings.
    for (path, bytes) in snapshot(&machine.store()).into_iter().chain(snapshot(&machine.project())) {
        let found = bytes.windows(10).any(|piece| piece == b"t0p-s3cret");
        assert!(!found, "{}", path.display());
    }
}

#[test]
fn a_registry_that_is_down_or_slow() {
    let (registry, machine) = with(demo("1.0.0"));
    machine.npmrc("fetch-retries=0\nfetch-timeout=1000");
    registry.trouble("/", Trouble::Slow(Duration::from_secs(4)));
    let start = Instant::now();
    machine.refuses(&INSTALL).says("timeout");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    registry.calm().trouble("/", Trouble::Hangup);
    machine.refuses(&INSTALL).says("could not reach the registry");
    registry.calm().trouble("/", Trouble::Status(503));
    machine.refuses(&INSTALL).says("could not reach the registry");
    drop(registry);
    machine.refuses(&INSTALL).says("could not reach the registry").says("hint:");
}

#[test]
fn a_slow_registry_that_answers_is_waited_for() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.trouble("/", Trouble::Slow(Duration::from_millis(400)));
    machine.run(&INSTALL).exits(0);
}

#[test]
fn archives_that_do_not_arrive() {
    let (registry, machine) = with(demo("1.0.0"));
    let troubles = [
        (Trouble::Truncated, "demo"),
        (Trouble::Status(404), "no archive of `demo` 1.0.0"),
        (Trouble::Status(500), "500"),
        (Trouble::Hangup, "demo"),
    ];
    for (trouble, says) in troubles {
        registry.calm().trouble("/demo/-/", trouble.clone());
        machine.refuses(&INSTALL).says(says);
        assert!(machine.archives().len() <= 1, "{trouble:?}");
    }
    registry.calm();
    machine.run(&INSTALL).exits(0);
}

#[test]
fn an_archive_without_an_end() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.trouble("/demo/-/", Trouble::Endless);
    machine.refuses(&INSTALL).says("demo").says("more than");
    assert!(machine.archives().len() <= 1);
}

#[test]
fn a_redirect_to_other_bytes() {
    let (registry, machine) = with(demo("1.0.0"));
    registry.trouble("/helper/-/", Trouble::Redirect(format!("{}demo/-/demo-1.0.0.tgz", registry.url())));
    // A redirect leads to other bytes: the digest decides, not the address.
    machine.refuses(&INSTALL).says("helper@1.0.0").says(&demo("1.0.0").integrity());
}

//! Who stands behind a release, and how loudly it is told, through the real binary.

use serde_json::{Value, json};

use crate::harness::Machine;
use crate::registry::{FakeNpm, Package};
use crate::scripted::{findings, honest, machine_with, package, tool};

const DRY: [&str; 4] = ["update", "--dry-run", "--format", "json"];

fn days_ago(days: i64) -> String {
    let now = jiff::Timestamp::now();
    (now - jiff::SignedDuration::from_hours(24 * days)).to_string()
}

fn found(report: &Value, code: &str) -> Vec<(String, String)> {
    let of_code = findings(report).into_iter().filter(|(found, ..)| found == code);
    of_code.map(|(_, subject, grade)| (subject, grade)).collect()
}

fn grade(report: &Value, code: &str) -> String {
    let all = found(report, code);
    assert_eq!(all.len(), 1, "{code}: {all:?}");
    all[0].1.clone()
}

fn installed(registry: &FakeNpm, first: Package) -> Machine {
    registry.publish(first);
    let machine = machine_with(registry);
    machine.run(&["install", "--yes", "npm:demo"]).exits(0);
    machine
}

fn user_policy(machine: &Machine, text: &str) {
    let config = machine.store().join("config");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("mcp-pin.toml"), text).unwrap();
}

/// A trusted package releases again, by another hand, with one more dependency whose name was made
/// last week and which runs a script: everything but the digest says so.
#[test]
fn a_release_by_another_hand_with_a_name_made_last_week_is_told_as_that() {
    let registry = FakeNpm::start();
    let by = |name: &str| json!({"name": name, "email": "x@y.test"});
    let people = |names: &[&str]| names.iter().map(|name| by(name)).collect::<Value>();
    registry.publish(Package::new("old-one", "1.0.0"));
    registry.publish(
        Package::new("http-thing", "1.0.0")
            .claims("_npmUser", json!({"name": "Forge", "trustedPublisher": {"id": "forge"}}))
            .claims("maintainers", people(&["ann"])),
    );
    let first = package("demo", "1.0.0", &honest())
        .dependency("http-thing", "^1")
        .field("repository", json!("https://github.com/acme/demo"))
        .claims("_npmUser", by("ann"))
        .claims("maintainers", people(&["ann", "bob"]));
    let machine = installed(&registry, first);
    registry.publish(Package::new("plain-thing", "1.0.0").published(&days_ago(6)));
    registry.publish(
        Package::new("plain-thing", "1.0.1")
            .script("postinstall", "node setup.js")
            .published(&days_ago(5)),
    );
    registry.publish(
        Package::new("http-thing", "1.0.1")
            .dependency("plain-thing", "^1.0.1")
            .dependency("old-one", "^1")
            .published(&days_ago(5))
            .claims("_npmUser", by("eve"))
            .claims("maintainers", people(&["ann"])),
    );
    registry.publish(
        package("demo", "1.1.0", &honest())
            .dependency("http-thing", "^1.0.1")
            .field("repository", json!("git+https://github.com/eve/demo.git"))
            .published(&days_ago(4))
            .claims("_npmUser", by("eve"))
            .claims("deprecated", json!("do not use"))
            .claims("maintainers", people(&["ann", "eve"])),
    );
    let report = machine.run(&DRY).exits(1).json();
    let at = |subject: &str, grade: &str| vec![(subject.to_owned(), grade.to_owned())];
    for (code, expected) in [
        ("package-added", at("closure", "notice")),
        ("package-brand-new", at("plain-thing", "critical")),
        ("publisher-by-hand", at("http-thing", "warning")),
        ("publisher-changed", at("demo", "warning")),
        ("maintainers-changed", at("demo", "notice")),
        ("repository-changed", at("demo", "warning")),
        ("release-deprecated", at("demo", "warning")),
    ] {
        assert_eq!(found(&report, code), expected, "{code} {report:#}");
    }
    let mut silent = found(&report, "release-after-silence");
    silent.sort();
    assert_eq!(silent, [at("demo", "warning"), at("http-thing", "notice")].concat());
    machine
        .run(&["update", "--dry-run", "--verbose"])
        .exits(1)
        .says("plain-thing 1.0.1; brought by http-thing; released 5 days ago; first release 6 days ago; runs postinstall")
        .says("old-one 1.0.0; brought by http-thing; released")
        .says("demo 1.1.0 was released 4 days ago by eve, the registry says")
        .says("+eve, -bob")
        .says("do not use");
}

#[test]
fn a_release_without_a_date_beside_dated_ones_is_asked_about() {
    let registry = FakeNpm::start();
    let machine = installed(&registry, package("demo", "1.0.0", &honest()));
    registry.publish(Package::new("undated", "1.0.0").undated());
    registry.publish(package("demo", "1.1.0", &honest()).dependency("undated", "1.0.0"));
    let report = machine.run(&DRY).exits(1).json();
    assert_eq!(grade(&report, "release-date-missing"), "warning");
    assert_eq!(found(&report, "release-date-unknown"), []);
    machine
        .run(&["update", "--dry-run", "--verbose"])
        .exits(1)
        .says("undated 1.0.0; brought by demo; release date unknown");
}

#[test]
fn the_user_chooses_how_loudly_and_a_project_only_raises() {
    let registry = FakeNpm::start();
    let machine = installed(&registry, package("demo", "1.0.0", &honest()));
    let manifest = machine.read("mcp-pin.toml");
    let more = json!({"tools": [tool("add", "Adds two numbers."), tool("sub", "Subtracts.")]});
    registry.publish(package("demo", "1.1.0", &more));
    let version = |machine: &Machine| grade(&machine.run(&DRY).exits(1).json(), "version-changed");
    assert_eq!(version(&machine), "notice");

    // A project's word raises, and what would lower is told and ignored.
    let project = |text: &str| machine.write("mcp-pin.toml", &format!("{manifest}\n[policy.grades]\n{text}\n"));
    project("version-changed = \"critical\"");
    assert_eq!(version(&machine), "critical");
    project("version-changed = \"info\"");
    assert_eq!(version(&machine), "notice");
    machine.run(&DRY).exits(1).says("`grades.version-changed = info`");
    project("version-chnged = \"info\"");
    machine
        .run(&DRY)
        .exits(2)
        .says("no finding has the code `version-chnged`")
        .says("did you mean `version-changed`?");
    project("bytes-replaced = \"notice\"");
    machine.run(&DRY).exits(2).says("only `\"critical\"` may stand here");
    machine.write("mcp-pin.toml", &manifest);

    // `--yes` is no consent to a new tool, unless the user said beforehand that it is nothing special.
    machine.run(&["update", "--yes"]).exits(1).says("[tool-added]");
    user_policy(&machine, "[policy.grades]\ntool-added = \"notice\"\ntool-removed = \"warning\"\n");
    machine.run(&["update", "--yes"]).exits(0).says("updated");
    machine
        .run(&["verify", "--no-probe"])
        .exits(0)
        .says("2 overrides of [policy.grades] matched nothing in this run: tool-added, tool-removed");
    machine
        .run(&["verify", "--no-probe", "demo"])
        .exits(0)
        .never_says("matched nothing");
}

#[test]
fn a_profile_moves_whole_groups() {
    let registry = FakeNpm::start();
    let machine = installed(&registry, package("demo", "1.0.0", &honest()));
    registry.publish(Package::new("coming", "1.0.0"));
    registry.publish(package("demo", "1.1.0", &honest()).dependency("coming", "1.0.0"));
    let added = || grade(&machine.run(&DRY).exits(1).json(), "package-added");
    assert_eq!(added(), "notice");
    user_policy(&machine, "[policy]\nprofile = \"strict\"\n");
    assert_eq!(added(), "warning");
    machine.run(&["update", "--yes"]).exits(1).says("[package-added]");
    // The user's own word about one code counts over the profile they chose.
    user_policy(
        &machine,
        "[policy]\nprofile = \"strict\"\n[policy.grades]\npackage-added = \"notice\"\n",
    );
    assert_eq!(added(), "notice");
}

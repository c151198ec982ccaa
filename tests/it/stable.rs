//! The same thing gives the same bytes: whoever installs it, where, with which settings, and in
//! which order. Only then does a difference in a pull request mean something.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde_json::json;

use crate::harness::{Machine, snapshot};
use crate::registry::{FakeNpm, Package, demo};

const DEMO: [&str; 4] = ["install", "npm:demo@^1", "--no-probe", "--yes"];
const OTHER: [&str; 6] = ["install", "npm:@scope/server-other", "--no-probe", "--yes", "--arg", "/srv"];

/// A registry with two servers, one of which has packages for other platforms, peers and nested
/// versions.
fn registry() -> FakeNpm {
    let registry = FakeNpm::with_demo();
    let other = Package::new("@scope/server-other", "2.0.0")
        .file("cli.js", "1\n")
        .bin("other", "cli.js")
        .dependency("helper", "^2")
        .dependency("demo", "1")
        .optional_dependency("for-aix", "*")
        .peer_dependency("peer", ">=1")
        .field("engines", json!({"node": ">=18"}));
    registry
        .publish(crate::registry::helper("2.0.0").script("postinstall", "node x"))
        .publish(
            Package::new("for-aix", "1.0.0")
                .field("os", json!(["aix"]))
                .field("cpu", json!(["ppc64"])),
        )
        .publish(Package::new("peer", "1.2.3"))
        .publish(other);
    registry
}

fn both(machine: &Machine) -> (String, String) {
    (machine.read("mcp-pin.lock"), machine.read("mcp-pin.toml"))
}

#[test]
fn twice_elsewhere_by_somebody_else() {
    let (first, second) = (registry(), registry());
    let one = Machine::with_registry(&first.url());
    one.run(&DEMO).exits(0);
    one.run(&OTHER).exits(0);

    // Another registry's address, home, folder, umask-free settings, language and time zone.
    let mut two = Machine::with_registry(&second.url());
    two.npmrc("omit[]=optional\nomit[]=peer\ninstall-strategy=nested\nlegacy-peer-deps=true\nsave-exact=true\npackage-lock=false")
        .npmrc("lockfile-version=1\nprefix=/nonexistent\nignore-scripts=false\nbefore=2001-01-01");
    two.set("TZ", "Pacific/Auckland")
        .set("LANG", "de_DE.UTF-8")
        .set("COLUMNS", "20")
        .set("npm_config_omit", "optional")
        .set("npm_config_lockfile_version", "2")
        .set("NODE_ENV", "production")
        .set("NODE_OPTIONS", "--require=/nonexistent.js");
    two.run(&DEMO).exits(0);
    two.run(&OTHER).exits(0);
    assert_eq!(both(&one), both(&two));
    assert!(
        one.read("mcp-pin.lock").contains("for-aix"),
        "packages of other platforms are locked"
    );
    for text in ["127.0.0.1", "/tmp", "home"] {
        assert!(!one.read("mcp-pin.lock").contains(text), "{text} in the lock");
    }
    two.run(&["verify", "--no-probe"]).exits(0);
}

#[test]
fn in_any_order() {
    let registry = registry();
    let machines = [(); 3].map(|()| Machine::with_registry(&registry.url()));
    let other = ["install", "npm:@scope/server-other", "--no-probe", "--yes"];
    machines[0].run(&DEMO).exits(0);
    machines[0].run(&other).exits(0);
    machines[1].run(&other).exits(0);
    machines[1].run(&DEMO).exits(0);
    machines[2]
        .run(&["install", "npm:@scope/server-other", "npm:demo@^1", "--no-probe", "--yes"])
        .exits(0);
    let lock = machines[0].read("mcp-pin.lock");
    for machine in &machines[1..] {
        assert_eq!(machine.read("mcp-pin.lock"), lock);
    }
    // Taken out and put back.
    machines[0].run(&["remove", "demo", "--yes"]).exits(0);
    assert_ne!(machines[0].read("mcp-pin.lock"), lock);
    machines[0].run(&DEMO).exits(0);
    assert_eq!(machines[0].read("mcp-pin.lock"), lock);
}

/// What tells a file that was written from one that was not.
fn stamps(folder: &Path) -> Vec<(String, u64, i64, i64)> {
    let files = snapshot(folder).into_iter().map(|(path, _)| {
        let found = fs::metadata(&path).unwrap();
        (path.display().to_string(), found.ino(), found.mtime(), found.mtime_nsec())
    });
    files.collect()
}

#[test]
fn nothing_to_do_touches_nothing() {
    let registry = registry();
    let machine = Machine::with_registry(&registry.url());
    machine.run(&DEMO).exits(0);
    let (project, tree) = (stamps(&machine.project()), stamps(&machine.store().join("installs")));
    for args in [
        &["install", "--no-probe", "--yes"][..],
        &["install"],
        &["install", "--offline"],
        &["install", "--locked"],
        &DEMO,
        &["update", "--no-probe", "--yes"],
        &["update", "--no-probe", "--dry-run"],
        &["verify", "--no-probe"],
    ] {
        machine.run(args).exits(0);
        assert_eq!(stamps(&machine.project()), project, "{args:?}");
        assert_eq!(stamps(&machine.store().join("installs")), tree, "{args:?}");
    }
}

#[test]
fn comments_and_order_of_the_manifest_survive() {
    let registry = registry();
    let machine = Machine::with_registry(&registry.url());
    machine.write(
        "mcp-pin.toml",
        "# ours, since 2024\n\n[policy] # strict\ncooldown = { install = \"30d\" } # a month\n\n# the list\n",
    );
    machine.run(&DEMO).exits(0);
    let commented = machine
        .read("mcp-pin.toml")
        .replace("[servers.demo]", "# why we need it\n[servers.demo] # here");
    machine.write("mcp-pin.toml", &commented);
    machine.run(&OTHER).exits(0);
    let after = machine.read("mcp-pin.toml");
    for comment in [
        "# ours, since 2024",
        "[policy] # strict",
        "# a month",
        "# the list",
        "# why we need it\n[servers.demo] # here",
    ] {
        assert!(after.contains(comment), "{comment} is gone:\n{after}");
    }
    machine.run(&["verify", "--no-probe"]).exits(0);

    // Another range, the other server gone: what is about neither stays.
    registry.publish(demo("1.2.0"));
    machine.run(&["install", "npm:demo@^1.2", "--no-probe", "--yes"]);
    machine.run(&["remove", "other", "--yes"]).exits(0);
    let after = machine.read("mcp-pin.toml");
    for comment in [
        "# ours, since 2024",
        "[policy] # strict",
        "# a month",
        "# why we need it\n[servers.demo] # here",
    ] {
        assert!(after.contains(comment), "{comment} is gone:\n{after}");
    }
    assert!(!after.contains("server-other"), "{after}");
    machine.run(&["verify", "--no-probe"]).exits(0);
}

#[test]
fn a_user_who_changes_the_form_of_the_lock_loses_nothing() {
    let registry = registry();
    let machine = Machine::with_registry(&registry.url());
    machine.run(&DEMO).exits(0);
    let lock = machine.read("mcp-pin.lock");
    let value: serde_json::Value = serde_json::from_str(&lock).unwrap();
    machine.write("mcp-pin.lock", &value.to_string());
    // The same entry in other clothes is still the approved one, and reading rewrites nothing.
    machine.run(&["verify", "--no-probe"]).exits(0);
    machine.run(&["install", "--no-probe"]).exits(0);
    assert_eq!(machine.read("mcp-pin.lock"), value.to_string());
    // The next change brings back the one form there is.
    machine.run(&OTHER).exits(0);
    machine.run(&["remove", "other", "--yes"]).exits(0);
    assert_eq!(machine.read("mcp-pin.lock"), lock);
}

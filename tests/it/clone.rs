//! A hostile clone: a project whose files somebody else wrote. They start nothing, loosen nothing,
//! and bring in nothing that does not belong.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{Machine, ran, snapshot};
use crate::registry::{FakeNpm, Package, demo, helper};

const INSTALL: [&str; 4] = ["install", "npm:demo", "--no-probe", "--yes"];
const MATCH: [&str; 3] = ["install", "--no-probe", "--yes"];

/// A registry and the machine of somebody who pinned `demo` from it.
fn theirs(spec: &str) -> (FakeNpm, Machine) {
    let registry = FakeNpm::with_demo();
    let machine = Machine::with_registry(&registry.url());
    machine.run(&["install", spec, "--no-probe", "--yes"]).exits(0);
    (registry, machine)
}

/// Our machine after cloning theirs.
fn ours(registry: &FakeNpm, theirs: &Machine) -> Machine {
    let machine = Machine::with_registry(&registry.url());
    machine.clone_project(theirs);
    machine
}

/// Edits the lock's one entry.
fn edit(machine: &Machine, change: impl FnOnce(&mut Value)) {
    let mut lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    change(&mut lock["servers"]["demo"]);
    machine.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
}

fn installs(machine: &Machine) -> usize {
    fs::read_dir(machine.store().join("installs")).map_or(0, Iterator::count)
}

#[test]
fn nothing_of_it_is_started() {
    let registry = FakeNpm::start();
    let attacker = Machine::with_registry(&registry.url());
    let marker = attacker.home().join("marker");
    let touch = format!("touch {}", marker.display());
    let package = Package::new("demo", "1.0.0")
        .file(
            "index.js",
            format!("require('fs').writeFileSync({:?}, '')\n", marker.display().to_string()),
        )
        .script("preinstall", &touch)
        .script("postinstall", &touch)
        .bin("demo", "index.js");
    registry.publish(package);
    attacker.run(&INSTALL).exits(0);
    // With a surface in the lock, there is something to compare a fresh start with.
    let handshake = json!({"protocolVersion": "2025-11-25"});
    let digest = Sha256::digest(handshake.to_string());
    let digest = digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let surface = json!({"views": [{"era": "legacy", "client": "any", "handshake": {"definition": handshake, "digest": digest}}]});
    edit(&attacker, |entry| entry["surface"] = surface);

    let machine = ours(&registry, &attacker);
    machine.refuses(&["verify"]).says("mcp-pin install");
    machine.refuses(&["install"]).says("nobody can be asked").says("--yes");
    machine.refuses(&["verify"]).says("mcp-pin install");
    machine.refuses(&["install", "--no-probe"]).says("install-script-present");
    assert_eq!(installs(&machine), 0, "what is not approved is not unpacked");
    assert!(!marker.exists(), "something of the clone was started");
    machine.run(&MATCH).exits(0);
    machine.run(&["verify", "--no-probe"]).exits(0);
    assert!(!marker.exists(), "installing started something");
}

#[test]
fn its_files_belong_to_nobody_here() {
    let (registry, attacker) = theirs("npm:demo");
    // Approved once, for the very entry that was shown.
    let machine = ours(&registry, &attacker);
    machine.run(&MATCH).exits(0);
    edit(&attacker, |entry| entry["launch"]["args"] = json!(["--evil"]));
    let manifest = attacker.read("mcp-pin.toml");
    attacker.write("mcp-pin.toml", &format!("{manifest}args = [\"--evil\"]\n"));
    machine.clone_project(&attacker);
    machine.refuses(&["verify", "--no-probe"]).says("not one that you approved");
    // Compared with what was approved here, not with what the clone says.
    machine.run(&MATCH).exits(1).says("launch-changed").says("--evil");
    // A state that comes with the clone is not ours either.
    fs::create_dir(machine.project().join("state")).unwrap();
    fs::copy(attacker.store().join("state.db"), machine.project().join("state.db")).unwrap();
    machine.refuses(&["verify", "--no-probe"]);
}

#[test]
fn its_policy_only_tightens() {
    let (registry, attacker) = theirs("npm:demo");
    let manifest = attacker.read("mcp-pin.toml");
    let loose =
        "\n[policy]\ncooldown = { install = \"0d\", update = \"0\" }\ntrust = \"allow-downgrade\"\naccept-without-terminal = true\n";
    attacker.write("mcp-pin.toml", &format!("{manifest}{loose}"));
    let machine = ours(&registry, &attacker);
    let young = "2099-01-01T00:00:00.000Z";
    registry.publish(demo("1.1.0").published(young));
    machine
        .run(&MATCH)
        .exits(0)
        .says("`cooldown.install = 0d`")
        .says("`cooldown.update = 0d`")
        .says("`trust = allow-downgrade`")
        .says("`accept-without-terminal = true`");
    machine.run(&["verify", "--no-probe"]).exits(0).says("ignored");
    machine.run(&["update", "--no-probe", "--yes"]).exits(0).says("unchanged");
    let lock = machine.read("mcp-pin.lock");
    let exact = ["install", "npm:demo@1.1.0", "--no-probe", "--yes"];
    let refused = machine.run(&exact).exits(1).says("release-too-young");
    let (_, fingerprint) = refused.stdout.split_once("report fingerprint: ").unwrap();
    let accept = [&exact[..], &["--accept", fingerprint.split_whitespace().next().unwrap()]].concat();
    machine
        .run(&accept)
        .exits(2)
        .says("without a terminal")
        .says("a project's does not count");
    assert_eq!(machine.read("mcp-pin.lock"), lock);
    // What is stricter counts.
    machine.write("mcp-pin.toml", &format!("{manifest}\n[policy]\nevidence = \"provenance\"\n"));
    machine.run(&["verify", "--no-probe"]).exits(1).says("evidence-too-low");
}

#[test]
fn its_manifest_is_refused_with_every_problem_at_once() {
    let (registry, attacker) = theirs("npm:demo");
    let manifest = "[servers.demo]
source = \"npm:demo\"
env = [\"LD_PRELOAD\", \"TOKEN=hunter2\"]
hooks = \"rm -rf\"

[servers.own]
source = \"local\"
command = [\"/bin/sh\", \"-c\", \"touch x\"]

[servers.git]
source = \"git+https://127.0.0.1:1/x.git\"

[policy]
sandbox = false
";
    attacker.write("mcp-pin.toml", manifest);
    let machine = ours(&registry, &attacker);
    for args in [
        &["verify"][..],
        &["install", "--yes"],
        &["update", "--yes"],
        &["install", "npm:helper", "--yes"],
        &["list"],
    ] {
        let refused = machine.refuses(args);
        for (line, what) in [
            (3, "`LD_PRELOAD`"),
            (3, "`TOKEN` is given a value"),
            (4, "unknown key `hooks`"),
            (7, "may not name commands of this machine"),
            (11, "git, URL, file and folder sources are refused"),
            (14, "unknown key `sandbox`"),
        ] {
            let found = refused
                .stderr
                .lines()
                .any(|text| text.contains(&format!("line {line}: ")) && text.contains(what));
            assert!(found, "line {line}: {what}\n{}", refused.stderr);
        }
        refused.never_says("hunter2");
    }
}

#[test]
fn its_local_command_is_not_started() {
    let (registry, attacker) = theirs("npm:demo");
    let mut lock: Value = serde_json::from_str(&attacker.read("mcp-pin.lock")).unwrap();
    let digest = "0".repeat(64);
    let local = json!({"command": {"path": "/bin/sh", "digest": digest}, "args": [{"text": "-c"}, {"text": "touch x"}], "cwd": "client"});
    lock["servers"]["own"] = json!({"source": "local", "local": local});
    attacker.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
    let machine = ours(&registry, &attacker);
    machine.refuses(&MATCH).says("`own`");
    machine.run(&["verify"]).exits(1).says("own");
    assert!(!machine.project().join("x").exists());
}

type Poison = (&'static str, fn(&FakeNpm, &mut Value));

fn locked(package: &Package, version: &str) -> Value {
    json!({"version": version, "integrity": package.integrity()})
}

fn package<'a>(entry: &'a mut Value, path: &str) -> &'a mut Value {
    &mut entry["packages"][format!("node_modules/{path}")]
}

/// What the refusal says, and what is done to the entry. Every digest is a true one of a package
/// that the registry really has: only how they hang together is wrong.
const POISON: [Poison; 16] = [
    ("nothing requires `node_modules/evil`", |registry, entry| {
        let evil = Package::new("evil", "1.0.0");
        *package(entry, "evil") = locked(&evil, "1.0.0");
        registry.publish(evil);
    }),
    ("needs the package `helper` but would get `evil`", |registry, entry| {
        let evil = Package::new("evil", "1.0.0");
        *package(entry, "helper") = locked(&evil, "1.0.0");
        package(entry, "helper")["name"] = "evil".into();
        registry.publish(evil);
    }),
    ("needs `helper@^1.0.0` but would get version 2.0.0", |registry, entry| {
        *package(entry, "helper") = locked(&helper("2.0.0"), "2.0.0");
        registry.publish(helper("2.0.0"));
    }),
    ("`demo@^1` is asked for but version 2.0.0 is locked", |registry, entry| {
        entry["package"]["version"] = "2.0.0".into();
        let root = package(entry, "demo");
        root["version"] = "2.0.0".into();
        root["integrity"] = demo("2.0.0").integrity().into();
        registry.publish(demo("2.0.0"));
    }),
    ("`demo` is asked for but `evil` is locked", |registry, entry| {
        let evil = Package::new("evil", "1.0.0").file("index.js", "x");
        entry["packages"] = json!({"node_modules/evil": locked(&evil, "1.0.0")});
        entry["package"]["identifier"] = "evil".into();
        entry["launch"]["entry"] = "node_modules/evil/index.js".into();
        registry.publish(evil);
    }),
    ("needs `helper@^1.0.0`, which is not locked", |_, entry| {
        entry["packages"].as_object_mut().unwrap().remove("node_modules/helper");
    }),
    ("is nested in a package that is not locked", |_, entry| {
        *package(entry, "ghost/node_modules/helper") = locked(&helper("1.0.0"), "1.0.0");
    }),
    ("which is not a registry", |_, entry| {
        package(entry, "demo")["dependencies"]["helper"] = "git+ssh://127.0.0.1/x".into();
    }),
    ("no archive of `helper` 1.0.9", |_, entry| {
        package(entry, "helper")["version"] = "1.0.9".into();
    }),
    ("is marked optional but is required", |_, entry| {
        package(entry, "helper")["optional"] = true.into();
    }),
    ("but the archive says {}", |_, entry| {
        package(entry, "helper")["os"] = json!(["aix"]);
    }),
    ("only a `sha1` digest is given", |_, entry| {
        package(entry, "helper")["integrity"] = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=".into();
    }),
    ("is not an install path", |_, entry| {
        *package(entry, "../../evil") = locked(&helper("1.0.0"), "1.0.0");
    }),
    ("not a plain path inside the server's own package", |_, entry| {
        entry["launch"]["entry"] = "node_modules/demo/../../../evil.js".into();
    }),
    ("`NODE_OPTIONS` can load other code", |_, entry| {
        entry["launch"]["env"] = json!(["NODE_OPTIONS"]);
    }),
    // The last one: from here on the registry gives wrong bytes.
    ("`name` is claimed as `helper` but the archive says `evil`", |registry, entry| {
        let evil = Package::new("evil", "1.0.0");
        registry.publish(evil.clone()).swap_archive("helper", "1.0.0", evil.archive());
        *package(entry, "helper") = locked(&evil, "1.0.0");
    }),
];

#[test]
fn its_lock_is_poisoned() {
    let (registry, attacker) = theirs("npm:demo@^1");
    let machine = ours(&registry, &attacker);
    machine.run(&["list"]).exits(0);
    for (says, poison) in POISON {
        machine.clone_project(&attacker);
        edit(&machine, |entry| poison(&registry, entry));
        machine.refuses(&MATCH).says(says).never_says("panicked");
        let verified = machine.run(&["verify", "--no-probe"]);
        assert!(verified.status == 1 || verified.status == 2, "{says}: {verified:?}");
        assert_eq!(installs(&machine), 0, "{says}");
    }
    // And the poison is no reason to refuse the truth.
    let fresh = FakeNpm::with_demo();
    let machine = ours(&fresh, &attacker);
    machine.run(&MATCH).exits(0);
    machine.run(&["verify", "--no-probe"]).exits(0);
}

#[test]
fn a_key_that_stands_twice_in_the_lock() {
    let (registry, attacker) = theirs("npm:demo");
    let lock = attacker.read("mcp-pin.lock");
    attacker.write(
        "mcp-pin.lock",
        &lock.replacen("\"cwd\"", "\"entry\": \"node_modules/demo/run.sh\",\n\"cwd\"", 1),
    );
    let machine = ours(&registry, &attacker);
    for args in [&MATCH[..], &["verify"]] {
        machine.refuses(args).says("entry");
    }
}

#[test]
fn its_links_are_not_written_through() {
    let registry = FakeNpm::with_demo();
    for name in ["mcp-pin.lock", "mcp-pin.toml"] {
        let machine = Machine::with_registry(&registry.url());
        let victim = machine.home().join(".bashrc");
        symlink(&victim, machine.project().join(name)).unwrap();
        machine.run(&INSTALL).exits(2).says(name).says("symbolic link").says("hint:");
        assert!(!victim.exists());
        let names: Vec<_> = fs::read_dir(machine.project())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, [name], "nothing was written beside it");
    }
}

#[test]
fn its_npm_settings_and_programs_are_not_used() {
    let (registry, evil) = (FakeNpm::with_demo(), FakeNpm::with_demo());
    let machine = Machine::with_registry(&registry.url());
    let marker = machine.home().join("marker");
    machine.write(".npmrc", &format!("registry={}\nscript-shell=/bin/false\n", evil.url()));
    machine.write("package.json", "{\"overrides\": {\"helper\": \"9.9.9\"}, \"workspaces\": [\"*\"]}");
    let bin = machine.project().join("node_modules/.bin");
    fs::create_dir_all(&bin).unwrap();
    for name in ["npm", "node", "git"] {
        program(&bin.join(name), &format!("#!/bin/sh\ntouch {}\n", marker.display()));
    }
    let mut command = machine.command(&INSTALL);
    let path = command
        .get_envs()
        .find(|(name, _)| *name == "PATH")
        .and_then(|(_, value)| value)
        .unwrap()
        .to_owned();
    let mut folders: Vec<PathBuf> = vec![bin, "node_modules/.bin".into(), ".".into()];
    folders.extend(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
    ran(command).exits(0);
    assert!(!marker.exists(), "a program of the project was started");
    assert!(evil.requests().is_empty(), "{:?}", evil.requests());
    let lock = machine.read("mcp-pin.lock");
    assert!(lock.contains("\"1.0.0\"") && !lock.contains("127.0.0.1"), "{lock}");
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn reading_commands_leave_it_as_it_is() {
    let (registry, attacker) = theirs("npm:demo");
    let machine = ours(&registry, &attacker);
    let before = snapshot(&machine.project());
    for args in [&["list"][..], &["show", "demo"], &["log"], &["verify"]] {
        assert!(machine.run(args).status >= 0, "{args:?}");
        assert_eq!(snapshot(&machine.project()), before, "{args:?}");
    }
    assert!(machine.archives().is_empty());
    assert_eq!(installs(&machine), 0);
}

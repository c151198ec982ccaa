//! `doctor`: each thing broken in turn, each line with the command that mends it, and that command mends
//! it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Machine, ran, snapshot};
use crate::scripted::{Local, honest, machine};

fn fit() -> Machine {
    let mut machine = machine();
    let run = machine.home().join("session");
    std::fs::create_dir(&run).unwrap();
    machine.set("XDG_RUNTIME_DIR", run);
    let server = Local::new(&machine, "calc", &honest());
    server.install(&machine, &["--global"], &[]).exits(0);
    machine
}

fn look(machine: &Machine) -> Value {
    machine.run(&["doctor", "--format", "json"]).json()
}

fn lines(checkup: &Value, state: &str) -> Vec<(String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let all = checkup["lines"].as_array().unwrap().iter();
    all.filter(|line| line["state"] == state)
        .map(|line| (text(line, "what"), text(line, "mend")))
        .collect()
}

/// Runs a command that `doctor` names, with the binary under its own name.
fn mend(machine: &Machine, command: &str) {
    let bin = machine.home().join("mending");
    std::fs::create_dir_all(&bin).unwrap();
    let link = bin.join("mcp-pin");
    if !link.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mcp-pin"), &link).unwrap();
    }
    let prepared = machine.command(&[]);
    let variables: Vec<_> = prepared.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
    let path = variables.iter().find(|(name, _)| *name == "PATH").unwrap().1;
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(path))).unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .env_clear()
        .envs(variables)
        .env("PATH", path)
        .current_dir(machine.project());
    ran(shell).exits(0);
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_fit_machine_is_told_so_and_nothing_is_changed() {
    let machine = fit();
    let before = snapshot(&machine.home());
    let checkup = look(&machine);
    assert_eq!(checkup["status"], "warn", "{checkup:#}");
    assert!(
        lines(&checkup, "broken").is_empty() && lines(&checkup, "unknown").is_empty(),
        "{checkup:#}"
    );
    let warned = lines(&checkup, "warn");
    assert!(
        warned
            .iter()
            .any(|(what, mend)| what.contains("nothing verifies") && mend == "mcp-pin schedule enable"),
        "{warned:?}"
    );
    assert!(warned.iter().any(|(what, _)| what.contains("no desktop session")), "{warned:?}");
    let said = machine.run(&["doctor"]).exits(0);
    for text in [
        "node ",
        "python ",
        "1 server pinned and approved",
        "is yours alone",
        "the trust root",
    ] {
        assert!(said.stdout.contains(text), "{text}: {}", said.stdout);
    }
    assert_eq!(snapshot(&machine.home()), before, "doctor changes nothing");
}

#[test]
fn a_machine_without_anything_gets_nothing_made() {
    let mut machine = Machine::new();
    machine.set("XDG_RUNTIME_DIR", machine.home());
    machine
        .run(&["doctor"])
        .exits(0)
        .says("no server is pinned")
        .says("nothing is recorded yet");
    assert!(snapshot(&machine.home()).is_empty() && !machine.store().exists());
    let checkup = look(&machine);
    assert_eq!(checkup["schemaVersion"], 1);
}

/// What is broken, how, and what is said of it.
type Break<'a> = (&'a str, Box<dyn Fn() + 'a>, &'a str);

#[test]
fn each_thing_that_is_broken_is_named_with_what_mends_it() {
    let machine = fit();
    let (store, home) = (machine.store(), machine.home());
    let lock = store.join("config/mcp-pin.lock");
    let kept = std::fs::read(&lock).unwrap();
    let breaks: Vec<Break<'_>> = vec![
        ("an open folder", Box::new(|| chmod(&store, 0o755)), "others may read"),
        (
            "a folder that others write to",
            Box::new(|| chmod(&store, 0o777)),
            "others may change",
        ),
        (
            "packages in the home",
            Box::new(|| std::fs::create_dir_all(home.join("node_modules/evil")).unwrap()),
            "holds packages that Node.js would find",
        ),
        (
            "a damaged archive",
            Box::new(|| {
                let name = format!("archives/sha256/{}", "ab".repeat(32));
                std::fs::write(store.join(name), "something").unwrap();
            }),
            "no longer what was verified",
        ),
        (
            "a manifest that names nothing",
            Box::new(|| {
                let manifest = store.join("config/mcp-pin.toml");
                std::fs::write(manifest, "").unwrap();
            }),
            "mcp-pin.toml and mcp-pin.lock differ",
        ),
    ];
    for (name, break_it, said) in breaks {
        break_it();
        let checkup = look(&machine);
        let broken = lines(&checkup, "broken");
        let found = broken.iter().find(|(what, _)| what.contains(said));
        let (_, command) = found.unwrap_or_else(|| panic!("{name}: {checkup:#}"));
        machine.run(&["doctor"]).exits(1).says(said).says("mend: ");
        mend(&machine, command.split(", then").next().unwrap());
        let after = look(&machine);
        assert!(lines(&after, "broken").is_empty(), "{name}: `{command}` did not mend it: {after:#}");
    }
    // The last one was mended by taking the server out; it comes back unapproved.
    std::fs::write(&lock, kept).unwrap();
    let checkup = look(&machine);
    assert!(
        lines(&checkup, "broken")
            .iter()
            .any(|(what, _)| what.contains("you did not approve")),
        "{checkup:#}"
    );
    std::fs::write(&lock, "{").unwrap();
    assert!(!lines(&look(&machine), "broken").is_empty());
    std::fs::write(store.join("state.db"), "no database").unwrap();
    machine.run(&["doctor"]).exits(1).says("history");
}

#[test]
fn what_a_killed_one_left_and_an_old_schedule_are_named() {
    let machine = fit();
    std::fs::write(machine.store().join("tmp/half"), "x").unwrap();
    let warned = lines(&look(&machine), "warn");
    let (_, command) = warned.iter().find(|(what, _)| what.contains("1 unfinished")).unwrap();
    mend(&machine, command);
    assert!(!machine.store().join("tmp/half").exists());
    let mut bare = Machine::new();
    bare.set("XDG_RUNTIME_DIR", bare.home()).set("PATH", "/nonexistent");
    bare.run(&["doctor"])
        .exits(0)
        .says("could not find `node` on PATH; nothing here needs it");
    bare.write("mcp-pin.toml", "[servers.demo]\nsource = \"npm:demo\"\n");
    bare.run(&["doctor"])
        .exits(1)
        .says("could not find `node`")
        .says("apt-get install nodejs");
}

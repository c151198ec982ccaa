//! A crontab program that fails, lies or is killed half way: the crontab is the old one or the new one, and
//! what cannot be read is never written. And a scheduled run that finds something else than it was made for.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::harness::{Machine, Ran};
use crate::scripted::{Local, honest, machine};

/// Keeps the crontab in a file, and does what `$HOME/mood` says.
const CRONTAB: &str = r##"#!/bin/sh
tab=$HOME/tab mood=$(cat $HOME/mood 2>/dev/null)
echo "$*" >>$HOME/calls
case $mood:$1 in
denied:-l) echo "crontab: cannot open: Permission denied" >&2; exit 1 ;;
torn:-l) head -c 20 $tab; exit 1 ;;
endless:-l) yes ;;
racing:-l) echo "# $$" ;;
deaf:/*) exit 0 ;;
full:/*) echo "No space left on device" >&2; exit 1 ;;
killed-before:/*) kill -9 $PPID; exit 0 ;;
killed-after:/*) cp $1 $tab; kill -9 $PPID; exit 0 ;;
*:-l) if [ -f $tab ]; then cat $tab; else echo "no crontab for me" >&2; exit 1; fi ;;
*:-r) rm $tab ;;
*:/*) cp $1 $tab ;;
esac
"##;

const BASE: &str = "# mine\n0 5 * * 1 /bin/true\n";

pub(super) fn with_crontab() -> Machine {
    let mut machine = machine();
    let folder = machine.home().join("bin");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("crontab"), CRONTAB).unwrap();
    std::fs::set_permissions(folder.join("crontab"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = machine
        .command(&[])
        .get_envs()
        .find(|(name, _)| *name == "PATH")
        .unwrap()
        .1
        .unwrap()
        .to_owned();
    let path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path))).unwrap();
    machine.set("PATH", path);
    let run = machine.home().join("session");
    std::fs::create_dir(&run).unwrap();
    machine.set("XDG_RUNTIME_DIR", run);
    let server = Local::new(&machine, "calc", &honest());
    server.install(&machine, &["--global"], &[]).exits(0);
    std::fs::write(tab(&machine), BASE).unwrap();
    machine
}

fn tab(machine: &Machine) -> PathBuf {
    machine.home().join("tab")
}

fn mood(machine: &Machine, mood: &str) {
    std::fs::write(machine.home().join("mood"), mood).unwrap();
}

pub(super) fn read(machine: &Machine) -> String {
    std::fs::read_to_string(tab(machine)).unwrap()
}

pub(super) fn enable(machine: &Machine) -> Ran {
    machine.run(&["--global", "schedule", "enable", "--backend", "cron"])
}

fn disable(machine: &Machine) -> Ran {
    machine.run(&["--global", "schedule", "disable"])
}

#[test]
fn a_crontab_that_cannot_be_read_or_written_is_left_alone() {
    let machine = with_crontab();
    for (bad, said) in [
        ("denied", "so it was left alone"),
        ("torn", "so it was left alone"),
        ("endless", "so it was left alone"),
        ("racing", "changed by another program"),
        ("deaf", "not what was written"),
        ("full", "No space left"),
    ] {
        mood(&machine, bad);
        enable(&machine).exits(2).says(said);
        assert_eq!(read(&machine), BASE, "{bad}");
        let status = machine.run(&["schedule", "status"]);
        assert!(status.stdout.contains("no schedule is enabled"), "{bad}: {}", status.stdout);
    }
    mood(&machine, "");
    enable(&machine).exits(0);
    let enabled = read(&machine);
    assert!(enabled.starts_with(BASE) && enabled.contains("--scheduled mcp-pin-"), "{enabled}");
    for bad in ["denied", "torn", "deaf", "full"] {
        mood(&machine, bad);
        disable(&machine).exits(2);
        assert_eq!(read(&machine), enabled, "{bad}");
    }
    // What cannot be looked at is neither well nor wrong, where somebody would be told.
    let channel = "[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    std::fs::write(machine.store().join("config/mcp-pin.toml"), channel).unwrap();
    mood(&machine, "denied");
    let status = machine.run(&["--format", "json", "schedule", "status"]).exits(2).json();
    assert_eq!(status["status"], "undecided", "{status}");
    mood(&machine, "");
    disable(&machine).exits(0);
    assert_eq!(read(&machine), BASE);
}

#[test]
fn killed_half_way_it_is_the_old_or_the_new_one_and_can_be_finished() {
    let machine = with_crontab();
    for bad in ["killed-before", "killed-after"] {
        mood(&machine, bad);
        let ran = enable(&machine);
        assert_eq!(ran.status, -1, "{}", ran.stderr);
        let there = read(&machine);
        assert!(
            there == BASE || there.starts_with(BASE) && there.contains("# <<< mcp-pin"),
            "{there}"
        );
        mood(&machine, "");
        // Either way on.
        disable(&machine).exits(0);
        assert_eq!(read(&machine), BASE, "{bad}");
        mood(&machine, bad);
        enable(&machine);
        mood(&machine, "");
        enable(&machine).exits(0);
        let enabled = read(&machine);
        mood(&machine, bad);
        disable(&machine);
        mood(&machine, "");
        assert!([BASE, &enabled].contains(&read(&machine).as_str()), "{bad}");
        let status = machine.run(&["schedule", "status"]);
        assert_eq!(status.stdout.contains("are gone"), read(&machine) == BASE, "{}", status.stdout);
        disable(&machine).exits(0);
        assert_eq!(read(&machine), BASE, "{bad}");
    }
    // What the kills left lies where it is swept.
    let scratch = || std::fs::read_dir(machine.store().join("scratch")).unwrap().count();
    assert!(scratch() > 0);
    machine.run(&["doctor"]).says("left by an mcp-pin that was killed");
    machine.run(&["prune"]).exits(0);
    assert_eq!(scratch(), 0);
}

#[test]
fn an_interval_that_no_calendar_has_is_refused_with_the_nearest() {
    let machine = with_crontab();
    machine
        .run(&["--global", "schedule", "enable", "--every", "7h"])
        .exits(2)
        .says("--every 6h")
        .says("--every 8h");
    machine
        .run(&["--global", "schedule", "enable", "--every", "often"])
        .exits(2)
        .says("6h");
    machine
        .run(&["schedule", "disable", "mcp-pin-nosuch"])
        .exits(2)
        .says("could not find a schedule");
    assert_eq!(read(&machine), BASE);
}

#[test]
fn a_scheduled_run_of_another_scope_is_no_pass() {
    let machine = with_crontab();
    enable(&machine).exits(0);
    let line = read(&machine);
    let name = line
        .split("--scheduled ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    let run = |name: &str| machine.run(&["--global", "verify", "--notify", "--scheduled", name]);
    let ran = run(&name).exits(0);
    assert!(
        ran.stdout.is_empty() && ran.stderr.is_empty(),
        "cron mails whatever is said: {}{}",
        ran.stdout,
        ran.stderr
    );
    let last = |machine: &Machine| machine.run(&["--format", "json", "schedule", "status"]).json()["schedules"][0]["last"].clone();
    assert_eq!(
        (last(&machine)["exitStatus"].clone(), last(&machine)["summary"].clone()),
        (0.into(), "nothing to report".into())
    );
    assert!(
        last(&machine)["untold"].as_str().unwrap().contains("no desktop"),
        "it could not have told: {}",
        last(&machine)
    );
    machine.run(&["schedule", "status"]).exits(1).says("could not have told you");
    // The same name, from a place where another scope is found.
    machine.write("mcp-pin.toml", "");
    machine
        .run(&["verify", "--notify", "--scheduled", &name])
        .exits(2)
        .says("no longer found")
        .says("could not notify");
    assert_eq!(last(&machine)["exitStatus"], 2);
    // A lock that cannot be read is a run that failed, and is kept as one.
    let lock = machine.store().join("config/mcp-pin.lock");
    std::fs::write(&lock, "{").unwrap();
    run(&name).exits(2).says("could not notify");
    assert_eq!(last(&machine)["exitStatus"], 2);
    std::fs::remove_file(lock).unwrap();
    machine
        .run(&["schedule", "status"])
        .exits(1)
        .says("is gone: nothing is checked")
        .says("schedule disable mcp-pin-");
    machine.run(&["schedule", "disable", &name]).exits(0);
    assert_eq!(read(&machine), BASE);
}

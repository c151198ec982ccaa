//! Killed at every step, and two at once: a client's file is the old one or the new one, whole, and the
//! next call works.

use std::os::unix::process::ExitStatusExt as _;

use super::*;
use crate::interrupted::{can_trace, start, succeeded};

const ONE: &str = "{\n  // mine\n  \"mcpServers\": {\"calc\": {\"command\": \"node\", \"args\": [ARGS]}}\n}\n";

#[test]
fn killed_between_copy_and_rename() {
    if !can_trace() {
        return;
    }
    let desk = Desk::new();
    let path = desk.file(".cursor/mcp.json", ONE);
    let old = text(&path);
    desk.run(&["wrap", "--all", "--yes"]).exits(0);
    let new = text(&path);
    let mut kills = 0;
    for (args, from, to) in [(["unwrap", "--all", "--yes"], &new, &old), (["wrap", "--all", "--yes"], &old, &new)] {
        for call in ["openat", "write", "fsync", "rename", "unlink"] {
            for step in 1..60 {
                // As it is before: without what a killed one left.
                std::fs::write(&path, from).unwrap();
                let (inject, trace) = (format!("inject={call}:signal=KILL:when={step}"), format!("trace={call}"));
                let folder = desk.machine.store().join("backups");
                let paths = [path.clone(), path.with_file_name(".mcp.json.mcp-pin-new")];
                let kept: Vec<_> = snapshot(&folder).into_iter().map(|(path, _)| path).collect();
                let mut command = Command::new("strace");
                command.args(["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]);
                for path in paths.iter().chain(&kept).chain([&folder]) {
                    command.arg("-P").arg(path);
                }
                let inner = desk.machine.command(&args);
                command.arg(inner.get_program()).args(inner.get_args()).env_clear();
                command.current_dir(inner.get_current_dir().unwrap());
                command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
                let status = command
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .unwrap();
                let at = format!("{args:?} killed at {call} number {step}: {status}");
                let now = text(&path);
                assert!(now == *from || now == *to, "{at}: {now}");
                if status.success() {
                    assert_eq!(now, *to, "{at}");
                }
                desk.run(&args).exits(0);
                assert_eq!(text(&path), *to, "{at}");
                // Back to where this round starts.
                let other = if args[0] == "wrap" { "unwrap" } else { "wrap" };
                desk.run(&[other, "--all", "--yes"]).exits(0);
                assert_eq!(text(&path), *from, "{at}");
                if status.signal() != Some(9) && status.code() != Some(137) {
                    break;
                }
                kills += 1;
            }
        }
        // The other way round next.
        desk.run(&args).exits(0);
    }
    assert!(kills > 8, "only {kills} kills");
}

#[test]
fn two_at_once_change_it_once() {
    let desk = Desk::new();
    let path = desk.file(".cursor/mcp.json", ONE);
    let old = text(&path);
    let wraps: Vec<_> = (0..3).map(|_| start(desk.machine.command(&["wrap", "--all", "--yes"]))).collect();
    let ended: Vec<_> = wraps.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    assert!(ended.iter().any(|output| output.status.success()));
    desk.run(&["wrap", "--all", "--yes"]).exits(0).says("already   1 entry");
    succeeded(start(desk.machine.command(&["unwrap", "--all", "--yes"])));
    assert_eq!(text(&path), old);
}

#[test]
fn one_waits_for_the_other() {
    let desk = Desk::new();
    let path = desk.file(".cursor/mcp.json", ONE);
    let old = text(&path);
    let real = path.canonicalize().unwrap();
    let held = mcp_pin::store::atomic::lock_beside(&desk.machine.store(), &real, || ()).unwrap();
    let mut waiting = start(desk.machine.command(&["wrap", "--all", "--yes"]));
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(waiting.try_wait().unwrap().is_none(), "it waits");
    assert_eq!(text(&path), old);
    drop(held);
    succeeded(waiting);
    assert!(text(&path).contains("\"run\", \"calc\""));
}

//! What the desktop is told and asked while a server runs, with a real notification daemon.

use serde_json::{Value, json};

use super::{EVIL, Turning, call, logged, two, with};
use crate::notify::desktop;
use crate::scripted::tool;

/// A file with frames: the handshake, and then these.
fn frames(turning: &Turning, more: &[Value]) -> String {
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    let mut text = format!("{}\n", json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}));
    for frame in more {
        text += &frame.to_string();
        text.push('\n');
    }
    let path = turning.machine.home().join("frames");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn drift_is_told_as_verify_tells_it_and_once() {
    let evil = json!([tool("add", EVIL), tool("echo", "Says it again.")]);
    let turning = Turning::installed(&with(two(&json!({})), &json!({"forClient": {"test": {"tools": evil}}})), &[]);
    let frames = frames(&turning, &[json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})]);
    let run = format!("(cat {frames}; sleep 3) | $PIN run calc >out; echo \"ended with $?\"");
    let Some((shown, talk)) = desktop(&turning.machine, &format!("{run}; {run}")) else {
        return;
    };
    assert_eq!(shown.len(), 1, "{shown:?}\n{talk}");
    assert_eq!(shown[0].0, "MCP server calc changed");
    assert!(
        shown[0].1.starts_with("CRITICAL: the description of tool `add` changed"),
        "{shown:?}"
    );
    assert!(shown[0].1.ends_with("Look before you use it: mcp-pin verify calc"), "{shown:?}");
    assert_eq!(talk.matches("ended with 1").count(), 2, "{talk}");
    assert_eq!(logged(&turning.machine, "drift").len(), 2, "a line a connection");
}

#[test]
fn what_is_not_started_is_told_once_and_again_when_it_comes_back() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    let honest = turning.machine.home().join("honest");
    std::fs::copy(turning.start(), &honest).unwrap();
    let (frames, start, honest) = (frames(&turning, &[]), turning.start(), honest.display().to_string());
    let run = format!("(cat {frames}; sleep 1) | $PIN run calc >out");
    let lines = format!("echo '// x' >>{start}; {run}; {run}; cp {honest} {start}; {run}; echo '// x' >>{start}; {run}; true");
    let Some((shown, talk)) = desktop(&turning.machine, &lines) else {
        return;
    };
    let alerts = logged(&turning.machine, "alert");
    assert_eq!(alerts.len(), 2, "{alerts:?}\n{talk}");
    assert_eq!(shown[0].0, "MCP server calc was not started");
    assert_eq!(
        shown[0].1,
        "A file of it is not the one that was approved\nRun: mcp-pin verify --global calc"
    );
}

/// Asks at the desktop whether a tool may be called; the person's answer is the menu's choice.
fn confirmed(choice: &str) -> Option<(String, Vec<(String, String)>)> {
    let turning = Turning::installed(&two(&json!({})), &[]);
    turning.configure("[servers.calc.guard]\nconfirm = [\"echo\"]");
    let asked = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call("echo")});
    let frames = frames(&turning, &[asked]);
    let menu = turning.machine.home().join("menu");
    std::fs::write(&menu, format!("#!/bin/sh\ngrep -m1 {choice}\n")).unwrap();
    std::fs::set_permissions(&menu, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut machine = turning.machine;
    machine.set("DESKTOP_MENU", menu);
    let lines = format!("(cat {frames}; sleep 8) | $PIN run calc >out & sleep 5; dunstctl context; wait");
    let (_, talk) = desktop(&machine, &lines)?;
    let out = machine.read("out");
    assert!(out.lines().count() >= 2, "{out}\n{talk}");
    Some((out, logged(&machine, "run")))
}

#[test]
fn only_a_yes_lets_a_call_pass_that_is_to_be_confirmed() {
    let Some((out, log)) = confirmed("Allow") else { return };
    assert!(out.contains("called echo"), "{out}");
    assert!(log.iter().any(|(_, text)| text.contains("yes")), "{log:?}");
    let Some((out, log)) = confirmed("Refuse") else { return };
    assert!(!out.contains("called echo"), "{out}");
    assert!(log.iter().any(|(_, text)| text.contains("no")), "{log:?}");
}

//! The journal's native protocol into a real systemd-journald.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Alerted, nasty, there};

#[test]
fn journald_keeps_every_field_and_the_lines_of_the_message() {
    let daemon = "/lib/systemd/systemd-journald";
    let root = rustix::process::getuid().is_root();
    if !there("journalctl", "systemd") || !there("unshare", "util-linux") || !Path::new(daemon).exists() || !root {
        eprintln!("SKIPPED: needs root and {daemon}");
        return;
    }
    let alerted = Alerted::new("[alerts.journal]\ntype = \"journald\"");
    alerted.server.turn(&nasty());
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alerts/journald.sh");
    let prepared = alerted.machine.command(&[]);
    let mut command = Command::new("sh");
    command
        .arg(fixture)
        .args(["sh", "-c", "\"$PIN\" alert test; \"$PIN\" verify --notify; echo ended with $?"]);
    command.current_dir(alerted.machine.project()).env_clear().stdin(Stdio::null());
    command.envs(prepared.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("PIN", env!("CARGO_BIN_EXE_mcp-pin"));
    let output = command.output().unwrap();
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(
        talk.contains("ok      journal") && talk.contains("ended with 1") && !talk.contains("could not"),
        "{talk}"
    );
    let kept: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [test, drift] = &kept[..] else { panic!("{kept:#?}\n{talk}") };
    assert_eq!((&test["MCP_PIN_KIND"], &test["PRIORITY"]), (&"test".into(), &"6".into()));
    assert_eq!(
        (&drift["MCP_PIN_SERVER"], &drift["MCP_PIN_KIND"]),
        (&"calc".into(), &"drift".into())
    );
    assert_eq!(drift["MESSAGE_ID"], "5b7b6c8e1f7f4c3b9a52b3f0d1a6c7e4");
    let message = drift["MESSAGE"].as_str().unwrap();
    assert!(
        message.starts_with("MCP server calc changed\n") && !message.contains("UNREPEATABLE"),
        "{message}"
    );
    assert!(
        !message.replace('\n', "").chars().any(|c| c.is_control() || c == '\u{202e}'),
        "{message:?}"
    );
    let ours: Vec<_> = drift.as_object().unwrap().keys().filter(|name| !name.starts_with('_')).collect();
    let known = |name: &str| name.starts_with("MCP_PIN_") || ["MESSAGE", "MESSAGE_ID", "PRIORITY", "SYSLOG_IDENTIFIER"].contains(&name);
    assert!(ours.iter().all(|name| known(name)), "{ours:?}");
}

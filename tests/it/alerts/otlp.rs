//! OpenTelemetry logs into a receiver that reads with the project's own message definitions.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Alerted, Running, evil};

/// The receiver, its port and the file it writes.
#[expect(clippy::print_stderr, reason = "a skipped test says so aloud")]
fn receiver(alerted: &Alerted, words: &[&str]) -> Option<(Running, u16, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = root.join("target/tools/otlp");
    let out = alerted.machine.home().join("records");
    let mut child = Command::new("python3")
        .arg(root.join("tests/fixtures/alerts/otlp.py"))
        .arg(&out)
        .args(words)
        .env("PYTHONPATH", &packages)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let child = Running(child);
    let Ok(port) = line.trim().parse() else {
        eprintln!(
            "SKIPPED: the package opentelemetry-proto is not there (tests/run installs it into {})",
            packages.display()
        );
        return None;
    };
    Some((child, port, out))
}

#[test]
fn the_official_definitions_read_every_record() {
    let alerted = Alerted::new("");
    let Some((_receiver, port, out)) = receiver(&alerted, &[]) else {
        return;
    };
    let token = alerted.secret("token", "X-Token: SECRET");
    alerted.configure(&format!(
        "[alerts.telemetry]\ntype = \"otlp\"\nendpoint = \"http://127.0.0.1:{port}\"\nheader-file = \"{}\"",
        token.display()
    ));
    alerted.machine.run(&["alert", "test"]).exits(0);
    alerted.server.turn(&evil());
    alerted.check(1).never_says("could not");
    alerted.server.repent();
    alerted.check(0).never_says("could not");
    let text = std::fs::read_to_string(out).unwrap();
    let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [trial, drift, over] = &read[..] else { panic!("{text}") };
    assert_eq!(
        (&trial["severity"], &trial["attributes"]["mcp_pin.kind"]),
        (&9.into(), &"test".into())
    );
    assert_eq!((&drift["severity"], &drift["text"]), (&17.into(), &"CRITICAL".into()));
    assert_eq!(
        (&drift["scope"], &drift["resource"]["service.name"]),
        (&"mcp-pin".into(), &"mcp-pin".into())
    );
    assert_eq!(
        (&drift["attributes"]["mcp_pin.server"], &drift["token"]),
        (&"calc".into(), &"SECRET".into())
    );
    assert!(drift["time"].as_u64().unwrap() > 1_700_000_000_000_000_000, "{drift}");
    assert!(
        drift["body"].as_str().unwrap().starts_with("MCP server calc changed\nCRITICAL: "),
        "{drift}"
    );
    assert_eq!(over["attributes"]["mcp_pin.kind"], "resolved");
    assert!(!text.contains("UNREPEATABLE"));
}

#[test]
fn a_receiver_that_says_yes_and_takes_nothing_has_not_taken_it() {
    let alerted = Alerted::new("");
    let Some((_receiver, port, _)) = receiver(&alerted, &["reject"]) else {
        return;
    };
    alerted.configure(&format!(
        "[alerts.telemetry]\ntype = \"otlp\"\nendpoint = \"http://127.0.0.1:{port}/\""
    ));
    alerted.machine.run(&["alert", "test"]).exits(2).says("refused the alert: too old");
}

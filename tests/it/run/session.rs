//! Sessions in which nothing is wrong: what they would be without us.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Client, Turning, call, logged, said, two, with};
use crate::scripted::tool;

/// The same frames to the server itself and through `run`.
fn both(turning: &Turning, frames: &[Value]) -> [Vec<Vec<u8>>; 2] {
    let mut direct = Command::new("node");
    direct.arg(turning.start()).stderr(Stdio::null());
    [Client::spawn(direct), turning.client()].map(|mut client| {
        let mut seen = Vec::new();
        for frame in frames {
            client.send(frame);
            if frame.get("id").is_some() {
                seen.push(client.frame());
            }
        }
        let ended = client.end();
        assert_eq!((ended.status, ended.rest.len()), (0, 0), "{}", ended.stderr);
        seen
    })
}

#[test]
fn a_clean_session_is_byte_for_byte_what_it_is_without_us() {
    let turning = Turning::installed(&with(two(&json!({})), &json!({"instructions": "Add."})), &[]);
    let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    let request = |id: Value, method: &str, params: &Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let frames = [
        request(json!(0), "initialize", &hello),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        request(json!("a"), "tools/list", &json!({})),
        request(json!("b"), "tools/call", &call("echo")),
        request(json!(-7), "prompts/list", &json!({})),
        request(json!(8), "ping", &json!({})),
    ];
    let [direct, guarded] = both(&turning, &frames);
    assert_eq!(direct, guarded);
    assert_eq!(guarded.len(), 5);
    assert_eq!(
        (logged(&turning.machine, "drift"), logged(&turning.machine, "refusal")),
        (vec![], vec![])
    );
}

#[test]
fn the_newer_era_passes_as_it_is() {
    let turning = Turning::installed(&with(two(&json!({})), &json!({"era": "dual"})), &[]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    let request = |id: i64, method: &str, mut params: Value| {
        params["_meta"] = meta.clone();
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
    };
    let frames = [
        request(1, "server/discover", json!({})),
        request(2, "tools/list", json!({})),
        request(3, "tools/call", call("add")),
    ];
    let [direct, guarded] = both(&turning, &frames);
    assert_eq!(direct, guarded);
}

#[test]
fn two_copies_at_once_know_nothing_of_each_other() {
    let turning = Turning::installed(&two(&json!({"report": "pid"})), &[]);
    let (mut one, mut other) = (turning.connected(), turning.connected());
    let (first, second) = (one.ask("tools/call", &call("echo")), other.ask("tools/call", &call("echo")));
    assert_ne!(said(&first), said(&second));
    assert_eq!(one.end().status, 0);
    assert_eq!(said(&other.ask("tools/call", &call("echo"))), said(&second), "the other goes on");
    assert_eq!(other.end().status, 0);
}

#[test]
fn the_servers_talk_and_status_are_passed_on() {
    let turning = Turning::installed(&two(&json!({"stderr": "going down", "exit": 7})), &[]);
    let mut client = turning.connected();
    client.send(&json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call("echo")}));
    let ended = client.end();
    assert_eq!(ended.status, 7);
    assert_eq!(ended.stderr, "going down\n");
}

#[test]
fn a_trace_has_every_frame_and_no_secret() {
    let turning = Turning::installed(&two(&json!({"report": "env"})), &["--env", "SERVICE_KEY"]);
    let trace = turning.machine.home().join("trace.txt");
    let path = trace.to_str().unwrap();
    let mut command = turning.machine.command(&["run", "--trace", path, "calc"]);
    command.env("SERVICE_KEY", "hunter2-hunter2");
    let mut client = Client::spawn(command);
    client.initialize(&json!({}));
    let answer = client.ask(
        "tools/call",
        &json!({"name": "echo", "arguments": {"password": "hunter3", "note": "Bearer hunter4-hunter4"}}),
    );
    assert!(
        said(&answer).contains("SERVICE_KEY=hunter2-hunter2"),
        "the client gets what the server says: {answer}"
    );
    assert_eq!(client.end().status, 0);
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(!text.contains("hunter"), "{text}");
    for part in ["\"passed\"", "{mcp-pin:env:SERVICE_KEY}", "tools/call"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&trace).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn tools_keep_what_no_sdk_knows() {
    let mut odd = tool("odd", "Odd.");
    odd["x-vendor"] = json!({"deep": [1, 2.50, "\u{e9}"]});
    let turning = Turning::installed(&json!({"tools": [odd.clone()]}), &[]);
    let mut client = turning.connected();
    assert_eq!(client.ask("tools/list", &json!({}))["result"]["tools"], json!([odd]));
    assert_eq!(client.end().status, 0);
}

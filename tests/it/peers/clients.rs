//! Real clients: what they show through `mcp-pin run` is what they show without it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Direct, kit, program};
use crate::harness::{Machine, Ran};
use crate::real;
use crate::scripted::{Local, machine, tool};

const PATIENCE: Duration = Duration::from_secs(90);

/// What a server of both eras says, whose answers stay the same.
pub(super) fn surface() -> Value {
    let text = |text: &str| json!({"type": "text", "text": text});
    let called = json!({"content": [text("three \u{1f600}")], "structuredContent": {"sum": 3}, "resultType": "complete"});
    let prompt = json!({"messages": [{"role": "user", "content": text("one and two")}], "resultType": "complete"});
    let table = json!({"uri": "file:///table", "mimeType": "text/plain", "text": "1 2 3"});
    let read = json!({"contents": [table], "ttlMs": 0, "cacheScope": "public", "resultType": "complete"});
    let raw = |result: Value| json!([format!("{{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{result}}}")]);
    json!({
        "era": "dual",
        "instructions": "Add two numbers at a time.",
        "tools": [tool("add", "Adds two numbers."), tool("take", "Takes one from another.")],
        "prompts": [{"name": "sum", "description": "Asks for a sum.", "arguments": [{"name": "a", "required": true}]}],
        "resources": [{"uri": "file:///table", "name": "table", "mimeType": "text/plain"}],
        "templates": [{"uriTemplate": "file:///{name}", "name": "any"}],
        "raw": {"tools/call": raw(called), "prompts/get": raw(prompt), "resources/read": raw(read)},
    })
}

/// What clients do with it, beside listing everything.
fn doings() -> Value {
    json!({"name": "add", "arguments": {}, "prompt": "sum", "uri": "file:///table"})
}

/// Asserts that a client got all that it asked for.
#[track_caller]
fn complete(seen: &Value) {
    assert_eq!(seen["call"]["content"][0]["text"], "three \u{1f600}");
    assert_eq!(seen["prompt"]["messages"][0]["content"]["text"], "one and two");
    assert_eq!(seen["resource"]["contents"][0]["text"], "1 2 3");
    assert_eq!(seen["resources"]["resources"][0]["name"], "table");
    assert_eq!(seen["prompts"]["prompts"][0]["name"], "sum");
}

/// A machine with that server.
pub(super) fn both_eras() -> (Machine, Local) {
    let machine = machine();
    let server = Local::new(&machine, "calc", &surface());
    server.install(&machine, &[], &[]).exits(0);
    (machine, server)
}

#[test]
fn the_typescript_sdk_in_its_first_line() {
    let Some(folder) = kit::npm() else { return };
    let (machine, _server) = both_eras();
    let seen = alike(&machine, folder, &["node", &script("sdk-v1.mjs"), "-"], "calc", &doings());
    assert_eq!(seen["instructions"], "Add two numbers at a time.");
    complete(&seen);
}

#[test]
fn the_typescript_sdk_in_its_second_line_in_both_eras() {
    let Some(folder) = kit::npm() else { return };
    let (machine, _server) = both_eras();
    for (mode, version) in [("legacy", "2025-11-25"), ("auto", "2026-07-28"), ("modern", "2026-07-28")] {
        let seen = alike(&machine, folder, &["node", &script("sdk-v2.mjs"), mode], "calc", &doings());
        assert_eq!(seen["version"], version, "{mode}");
        assert_eq!(seen["tools"]["tools"][1]["name"], "take", "{mode}");
        complete(&seen);
    }
}

#[test]
fn the_python_sdk_in_both_eras() {
    let Some(python) = kit::python() else { return };
    let (machine, _server) = both_eras();
    for mode in ["legacy", "auto", "2026-07-28"] {
        let words = [python.to_str().unwrap(), &script("python.py"), mode];
        let seen = alike(&machine, python.parent().unwrap(), &words, "calc", &doings());
        assert_eq!(seen["tools"]["tools"][0]["name"], "add", "{mode}");
        complete(&seen);
    }
}

#[test]
fn the_inspector() {
    let Some(folder) = kit::npm() else { return };
    let (machine, server) = both_eras();
    for (asked, word) in [
        (&["--method", "tools/list"][..], "take"),
        (&["--method", "tools/call", "--tool-name", "add"], "three"),
        (&["--method", "prompts/list"], "sum"),
        (
            &["--method", "prompts/get", "--prompt-name", "sum", "--prompt-args", "a=1"],
            "one and two",
        ),
        (&["--method", "resources/list"], "table"),
        (&["--method", "resources/read", "--uri", "file:///table"], "1 2 3"),
        (&["--method", "resources/templates/list"], "any"),
    ] {
        let inspector = folder.join("node_modules/.bin/mcp-inspector");
        let through = |words: &[&str]| {
            // It hands down only a few variables of its own accord.
            let home = format!("MCP_PIN_HOME={}", machine.store().display());
            let all = [&[inspector.to_str().unwrap(), "--cli", "-e", &home], words, asked].concat();
            bounded(&machine, folder, &all, &json!(null)).exits(0).stdout
        };
        let direct = through(&["node", &server.start()]);
        assert!(direct.contains(word), "{direct}");
        assert_eq!(through(&[env!("CARGO_BIN_EXE_mcp-pin"), "run", "calc"]), direct);
    }
}

#[test]
fn real_clients_with_a_real_server() {
    let (Some(folder), Some(python), Some(machine)) = (kit::npm(), kit::python(), real::ready()) else {
        return;
    };
    real::patiently(
        &machine,
        &[
            "install",
            "--global",
            "--yes",
            "npm:@modelcontextprotocol/server-everything@2026.8.31",
        ],
    )
    .exits(0);
    let call = json!({"name": "echo", "arguments": {"message": "hello"}});
    let python = python.to_str().unwrap();
    for words in [
        &["node", &script("sdk-v1.mjs"), "-"],
        &["node", &script("sdk-v2.mjs"), "auto"],
        &[python, &script("python.py"), "auto"],
    ] {
        let seen = alike(&machine, folder, words, "everything", &call);
        assert_eq!(seen["call"]["content"][0]["text"], "Echo: hello", "{words:?}");
        assert_eq!(
            seen["tools"]["tools"].as_array().map(|tools| tools.len() > 5),
            Some(true),
            "{words:?}"
        );
    }
}

pub(super) fn script(name: &str) -> String {
    format!("{}/tests/it/peers/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a client shows with and without us is one; gives it.
#[track_caller]
fn alike(machine: &Machine, folder: &Path, client: &[&str], name: &str, call: &Value) -> Value {
    let direct = Direct::of(machine, name);
    let words: Vec<&str> = direct.words.iter().map(String::as_str).collect();
    let through = |server: &[&str]| {
        let mut seen = bounded(machine, folder, &[client, server].concat(), call).exits(0).json();
        let unknown = seen.as_object_mut().unwrap().remove("unknown").unwrap();
        (seen, unknown)
    };
    let (without, _) = through(&words);
    let (with, unknown) = through(&[env!("CARGO_BIN_EXE_mcp-pin"), "run", name]);
    // The one thing that differs by design: a tool that is not pinned never hears of the call.
    assert!(unknown.get("refused").is_some(), "a call to no tool was answered: {unknown}");
    assert_eq!(with, without, "{client:?}");
    without
}

/// Runs a client, and ends it where it waits for ever.
pub(super) fn bounded(machine: &Machine, folder: &Path, words: &[&str], call: &Value) -> Ran {
    let mut command = program(machine, words);
    let out = tempfile::NamedTempFile::new().unwrap();
    let err = tempfile::NamedTempFile::new().unwrap();
    command.current_dir(folder).env("PEER_CALL", call.to_string()).stdin(Stdio::null());
    command.stdout(out.reopen().unwrap()).stderr(err.reopen().unwrap());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            break -2;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let read = |file: &tempfile::NamedTempFile| String::from_utf8(std::fs::read(file.path()).unwrap()).unwrap();
    Ran {
        status,
        stdout: read(&out),
        stderr: read(&err),
    }
}

//! Thousands of frames against real servers: what arrives is what was sent, byte for byte.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::Direct;
use super::pipe::Pipe;
use crate::harness::Machine;
use crate::{pypi, real};

const ROUNDS: usize = 250;

#[test]
fn everything_byte_for_byte() {
    let Some(machine) = real::ready() else { return };
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
    let frames = frames(|n, text| {
        vec![
            call("echo", &json!({"message": text})),
            call("get-sum", &json!({"a": n, "b": 0.5})),
            call("get-structured-content", &json!({"location": "Chicago"})),
            call("get-tiny-image", &json!({})),
            call(
                "get-annotated-message",
                &json!({"messageType": "error", "includeImage": n % 2 == 0}),
            ),
            call("get-sum", &json!({"a": "x"})),
            ("prompts/get", json!({"name": "simple-prompt"})),
            (
                "prompts/get",
                json!({"name": "args-prompt", "arguments": {"city": text.chars().take(40).collect::<String>()}}),
            ),
            ("tools/list", json!({})),
            ("prompts/list", json!({})),
            ("resources/list", json!({})),
            ("resources/templates/list", json!({})),
        ]
    });
    identical(&machine, "everything", &frames);
}

#[test]
fn filesystem_byte_for_byte() {
    let Some(machine) = real::ready() else { return };
    let data = machine.home().join("data");
    std::fs::create_dir_all(data.join("inner")).unwrap();
    std::fs::write(data.join("large.txt"), "A line of a file. \u{e9}\u{1f600}\n".repeat(5_000)).unwrap();
    let data = data.to_str().unwrap().to_owned();
    let install = [
        "install",
        "--global",
        "--yes",
        "npm:@modelcontextprotocol/server-filesystem@2026.8.31",
        "--arg",
        &data,
    ];
    real::patiently(&machine, &install).exits(0);
    let file = |name: &str| format!("{data}/{name}");
    let frames = frames(|n, text| {
        vec![
            call("write_file", &json!({"path": file("a.txt"), "content": text})),
            call("read_text_file", &json!({"path": file("a.txt")})),
            call("list_directory", &json!({"path": data})),
            call("read_text_file", &json!({"path": "/etc/passwd"})),
            call("search_files", &json!({"path": data, "pattern": "*.txt"})),
            call("list_allowed_directories", &json!({})),
            call("read_text_file", &json!({"path": file("large.txt"), "head": 1 + n % 500})),
            call("create_directory", &json!({"path": file("inner/b")})),
            call("directory_tree", &json!({"path": data})),
            ("tools/list", json!({})),
            ("prompts/list", json!({})),
        ]
    });
    identical(&machine, "filesystem", &frames);
}

#[test]
fn a_python_server_byte_for_byte() {
    let Some(machine) = pypi::real::ready() else { return };
    let install = [
        "install",
        "--global",
        "--yes",
        "pypi:mcp-server-time==2026.10.19",
        "--name",
        "time",
        "--arg=--local-timezone=UTC",
    ];
    real::patiently(&machine, &install).exits(0);
    let frames = frames(|n, text| {
        let at = |hour: usize| json!({"source_timezone": "UTC", "time": format!("{:02}:30", hour % 24), "target_timezone": "Asia/Tokyo"});
        vec![
            call("convert_time", &at(n)),
            call(
                "convert_time",
                &json!({"source_timezone": text, "time": "1", "target_timezone": "UTC"}),
            ),
            call("convert_time", &json!({})),
            ("tools/list", json!({})),
            ("resources/list", json!({})),
        ]
    });
    identical(&machine, "time", &frames);
}

fn call(name: &str, arguments: &Value) -> (&'static str, Value) {
    ("tools/call", json!({"name": name, "arguments": arguments}))
}

/// Frames as clients of all kinds write them: ids of both kinds, spaces, escapes in names, both line ends.
fn frames(questions: impl Fn(usize, &str) -> Vec<(&'static str, Value)>) -> Vec<Vec<u8>> {
    let texts = [
        "plain".to_owned(),
        "\u{e9}\u{1f600}\u{2028}\u{85} \"quoted\" \\ \t\n".to_owned(),
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}".to_owned(),
        String::new(),
        "long ".repeat(4_000),
    ];
    let mut all = Vec::new();
    for n in 0..ROUNDS {
        for (method, params) in questions(n, &texts[n % texts.len()]) {
            let id = all.len();
            let mut frame = match id % 5 {
                0 => format!("{{\"jsonrpc\":\"2.0\",\"id\":\"q-{id}\",\"method\":\"{method}\",\"params\":{params}}}"),
                1 => format!(" {{ \"params\" : {params} , \"method\" : \"{method}\" , \"id\" : {id} , \"jsonrpc\" : \"2.0\" }} "),
                2 => format!(
                    "{{\"jsonrpc\":\"2.0\",\"\\u0069d\":{id},\"meth\\u006fd\":\"{}\",\"params\":{params}}}",
                    method.replace('/', "\\/")
                ),
                3 => json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string(),
                _ => format!("{{\"id\":{id},\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":{params}}}"),
            };
            let _ = write!(frame, "{}", if id % 7 == 0 { "\r\n" } else { "\n" });
            all.push(frame.into_bytes());
        }
        all.push(format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}}\n", all.len()).into_bytes());
        all.push(
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"logging/setLevel\",\"params\":{{\"level\":\"error\"}}}}\n",
                all.len()
            )
            .into_bytes(),
        );
    }
    all
}

/// Without us twice (the server itself must be the same twice), and through us.
fn identical(machine: &Machine, name: &str, frames: &[Vec<u8>]) {
    assert!(frames.len() > 1_000);
    let direct = Direct::of(machine, name);
    let first = transcript(direct.command(), frames);
    let second = transcript(direct.command(), frames);
    same(&first, &second, "the server itself is not the same twice");
    let guarded = transcript(machine.command(&["run", name]), frames);
    same(&first, &guarded, "through `mcp-pin run` something else arrives");
}

fn transcript(command: Command, frames: &[Vec<u8>]) -> (Vec<u8>, i32) {
    let mut pipe = Pipe::start(command);
    pipe.hello();
    for frame in frames {
        pipe.ask(frame);
    }
    pipe.end()
}

#[track_caller]
fn same(one: &(Vec<u8>, i32), two: &(Vec<u8>, i32), what: &str) {
    let lines = one.0.split(|byte| *byte == b'\n').zip(two.0.split(|byte| *byte == b'\n'));
    for (at, (one, two)) in lines.enumerate() {
        let show = |line: &[u8]| String::from_utf8_lossy(&line[..line.len().min(400)]).into_owned();
        assert!(one == two, "{what}, line {at}:\n{}\n{}", show(one), show(two));
    }
    assert!(one.0 == two.0, "{what}: {} bytes, {} bytes", one.0.len(), two.0.len());
    assert_eq!(one.1, two.1, "{what}: the exit status");
}

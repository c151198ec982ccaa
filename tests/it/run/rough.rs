//! Clients and servers that do not behave: early ends, half-closed pipes, bytes that are no text.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use super::{Client, Turning, call, said, two, with};
use crate::scripted::{assert_gone, processes};

#[test]
fn a_client_that_is_killed_leaves_nothing_running() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    let mut client = turning.connected();
    assert_eq!(said(&client.ask("tools/call", &call("add"))), "called add");
    assert!(!processes(&turning.start()).is_empty());
    // A client that dies takes its pipes with it, and `run` may be killed with it or not.
    client.vanish();
    assert_gone(&turning.start());
}

#[test]
fn a_server_that_does_not_want_to_end_ends_with_its_client() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    turning.script(&with(two(&json!({})), &json!({"stubborn": true})));
    let mut command = turning.machine.command(&["run", "calc"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut run = command.spawn().unwrap();
    let (mut input, output) = (run.stdin.take().unwrap(), run.stdout.take().unwrap());
    input.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").unwrap();
    let mut output = BufReader::new(output);
    let mut answer = String::new();
    output.read_line(&mut answer).unwrap();
    assert!(answer.contains("result"), "{answer}");
    // As the system does it for one that died: both pipes at once.
    drop((input, output));
    for _ in 0..100 {
        if processes(&turning.start()).is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_gone(&turning.start());
    run.wait().unwrap();
}

#[test]
fn one_that_is_killed_before_it_said_anything_leaves_nothing_either() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    for wait in [0, 20, 200] {
        let client = turning.client();
        std::thread::sleep(Duration::from_millis(wait));
        client.vanish();
        assert_gone(&turning.start());
    }
}

#[test]
fn a_signal_to_us_reaches_the_server() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    let mut client = turning.connected();
    drop(client.ask("ping", &json!({})));
    client.signal("TERM");
    let ended = client.end();
    assert_eq!(ended.status, 128 + 15, "{}", ended.stderr);
    assert_gone(&turning.start());
}

#[test]
fn a_client_that_stops_writing_still_gets_its_answers() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    let mut client = turning.connected();
    client.send(&json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": call("echo")}));
    client.hang_up();
    let answer = client.message();
    assert_eq!(said(&answer), "called echo");
    assert_eq!(client.end().status, 0);
}

#[test]
fn bytes_that_are_no_text_do_not_arrive() {
    let raw = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"\u{ff}\u{fe}secret\"}]}}";
    let turning = Turning::installed(&two(&json!({"raw": [raw]})), &[]);
    let mut client = turning.connected();
    client.send(&json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call("echo")}));
    let frame = client.frame();
    let answer: serde_json::Value = serde_json::from_slice(&frame).unwrap();
    assert!(answer["id"] == 9 && answer["error"]["message"].is_string(), "{answer}");
    assert!(!answer.to_string().contains("secret"), "{answer}");
    drop(client.end());
}

#[test]
fn fifty_megabytes_are_refused_and_the_session_goes_on() {
    let turning = Turning::installed(&two(&json!({"text": 50 * 1024 * 1024})), &[]);
    let mut client = turning.connected();
    client.send(&json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call("echo")}));
    let frame = client.frame();
    assert!(frame.len() < 10_000, "{}", frame.len());
    let answer: serde_json::Value = serde_json::from_slice(&frame).unwrap();
    assert!(answer["id"] == 9 && answer["error"]["message"].is_string(), "{answer}");
    assert_eq!(said(&client.ask("tools/call", &call("add"))), "called add");
    assert_eq!(client.end().status, 0);
}

#[test]
fn a_large_result_passes_whole() {
    let turning = Turning::installed(&two(&json!({"text": 5_000_000})), &[]);
    let mut client = turning.connected();
    assert_eq!(said(&client.ask("tools/call", &call("echo"))).len(), 5_000_000);
    assert_eq!(client.end().status, 0);
}

#[test]
fn a_server_that_ends_ends_us() {
    let turning = Turning::installed(&two(&json!({"exit": 0})), &[]);
    let mut client: Client = turning.connected();
    client.send(&json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call("echo")}));
    assert_eq!(client.wait(), 0, "though the client's side is still open");
}

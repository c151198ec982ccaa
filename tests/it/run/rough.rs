//! Clients and servers that do not behave: early ends, half-closed pipes, bytes that are no text.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use super::{Client, Turning, call, logged, said, two, with};
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

/// The processes that a process started: number and command line.
fn started_by(parent: u32) -> Vec<(u32, String)> {
    let of = |number: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()?;
        let line = std::fs::read(format!("/proc/{number}/cmdline")).ok()?;
        Some((parent, String::from_utf8_lossy(&line).replace('\0', " ")))
    };
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter_map(|number| of(&number.to_string()).map(|(of, line)| (number, of, line)))
        .filter(|(_, of, _)| *of == parent)
        .map(|(number, _, line)| (number, line))
        .collect()
}

/// Waits until none of these is there any more.
#[track_caller]
fn all_gone(numbers: &[u32]) {
    let there = |number: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start().to_owned());
        state.is_some_and(|state| !state.starts_with(['Z', 'X']))
    };
    for _ in 0..100 {
        if !numbers.iter().any(there) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!(
        "still there: {:?}",
        numbers.iter().filter(|number| there(number)).collect::<Vec<_>>()
    );
}

#[test]
fn a_server_ends_though_we_are_killed_and_it_does_not_want_to() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    turning.script(&with(two(&json!({})), &json!({"stubborn": true})));
    let mut client = turning.connected();
    let started = started_by(client.id());
    assert_eq!(started.len(), 2, "the server and the warden: {started:?}");
    let (server, warden) = started.iter().partition::<Vec<_>, _>(|(_, line)| line.contains("start.mjs"));
    assert_eq!((server.len(), warden.len()), (1, 1), "{started:?}");
    assert!(warden[0].1.ends_with(&format!("__warden {} ", server[0].0)), "{started:?}");
    client.signal("KILL");
    assert_eq!(client.wait(), -1);
    all_gone(&[server[0].0, warden[0].0]);
}

#[test]
fn a_warden_goes_without_a_word_where_we_end_as_we_should() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    let client = turning.connected();
    let started: Vec<_> = started_by(client.id()).into_iter().map(|(number, _)| number).collect();
    assert_eq!(client.end().status, 0);
    all_gone(&started);
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

#[test]
fn a_connection_writes_a_bounded_number_of_lines() {
    let turning = Turning::installed(&two(&json!({})), &[]);
    let mut client = turning.connected();
    for number in 0..250 {
        let answer = client.ask(&format!("own/method-{number}"), &json!({}));
        assert!(answer["error"].is_object(), "{answer}");
    }
    // What was refused before is counted.
    for _ in 0..2 {
        drop(client.ask("own/method-1", &json!({})));
    }
    assert_eq!(client.end().status, 0);
    let lines = logged(&turning.machine, "refusal");
    let left_out: Vec<_> = lines.iter().filter(|(_, text)| text.contains("left out")).collect();
    assert_eq!(left_out.len(), 1, "{lines:#?}");
    assert!(left_out[0].1.starts_with("50 more lines"), "{left_out:?}");
    let counted: Vec<_> = lines.iter().filter(|(_, text)| text.ends_with("(3 times)")).collect();
    assert!(matches!(&counted[..], [(_, text)] if text.contains("own/method-1")), "{counted:?}");
    assert_eq!(lines.len(), 202, "{lines:#?}");
}

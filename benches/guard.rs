//! What the guard spends on looking at a frame, beside the cheapest other way to know that it is JSON.
//!
//!     cargo bench --bench guard
//!
//! Each frame is read in turns: by `guard::frame::peek`, and by `str::from_utf8` with `serde_json` into
//! `IgnoredAny` (which keeps nothing). Medians. Ends with 1 where a frame takes more than
//! 2.5 times as long: a machine's load slows both.
#![expect(clippy::print_stdout, reason = "a bench talks")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mcp_pin::guard::frame::{Frame, Message, peek};
use serde::de::IgnoredAny;
use serde_json::json;

const ROUNDS: usize = 301;
/// Ours to theirs.
const MOST: f64 = 2.5;

fn main() -> ExitCode {
    let mut good = true;
    println!("{:<28} {:>10} {:>12} {:>12} {:>7}", "frame", "bytes", "peek", "serde_json", "ratio");
    for (name, frame) in frames() {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(time(|| {
                matches!(
                    peek(black_box(&frame)),
                    Ok(Frame::Message(Message::Result { .. } | Message::Request { .. }))
                )
            }));
            theirs.push(time(|| {
                std::str::from_utf8(black_box(&frame)).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
            }));
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let Some((ours, theirs)) = ours.zip(theirs) else {
            println!("{name:<28} not read");
            return ExitCode::FAILURE;
        };
        let verdict = if us(ours) > MOST * us(theirs) { "  too slow" } else { "" };
        good &= verdict.is_empty();
        println!(
            "{name:<28} {:>10} {:>9.2} us {:>9.2} us {:>7.2}{verdict}",
            frame.len(),
            us(ours),
            us(theirs),
            us(ours) / us(theirs)
        );
    }
    ExitCode::from(u8::from(!good))
}

/// Results of a tool as servers send them: text, a data structure, a picture, text in another script.
fn frames() -> Vec<(&'static str, Vec<u8>)> {
    let prose = "All of it is \"one\" line,\nand then another. ";
    let script = "\u{4e00}\u{6761}\u{6d88}\u{606f}, \u{442}\u{435}\u{43a}\u{441}\u{442} ";
    let text = |bytes: usize, of: &str| result(&json!({"content": [{"type": "text", "text": of.repeat(bytes / of.len())}]}));
    let rows = |count: usize| {
        let rows: Vec<_> = (0..count)
            .map(|n| json!({"id": n, "name": format!("row {n}"), "size": n * 37, "ratio": 0.25, "tags": ["a", "b"], "ok": true}))
            .collect();
        result(&json!({"content": [], "structuredContent": {"rows": rows}}))
    };
    let picture =
        |bytes: usize| result(&json!({"content": [{"type": "image", "mimeType": "image/png", "data": "iVBORw0K".repeat(bytes / 8)}]}));
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo", "arguments": {"message": "hello"}}});
    vec![
        ("a call", call.to_string().into_bytes()),
        ("a small result", text(60, prose)),
        ("100 KB of text", text(100_000, prose)),
        ("100 KB of data", rows(1_250)),
        ("100 KB of a picture", picture(100_000)),
        ("1 MB of text", text(1_000_000, prose)),
        ("1 MB in other scripts", text(1_000_000, script)),
        ("1 MB of data", rows(12_500)),
        ("1 MB of a picture", picture(1_000_000)),
    ]
}

fn result(result: &serde_json::Value) -> Vec<u8> {
    json!({"jsonrpc": "2.0", "id": 7, "result": result}).to_string().into_bytes()
}

/// `None` where it fails: a refusal is quick.
fn time(read: impl FnOnce() -> bool) -> Option<Duration> {
    let begun = Instant::now();
    let good = black_box(read());
    good.then(|| begun.elapsed())
}

fn median(times: Vec<Option<Duration>>) -> Option<Duration> {
    let mut times = times.into_iter().collect::<Option<Vec<_>>>()?;
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

//! JSON-RPC with one process of a server, or with a remote one.
//!
//! The attack: a server that floods, stalls, talks nonsense or asks back. Every wait has an end,
//! every buffer a size; what is not a message is noise, what is a message that readers disagree on
//! is hostile, and whatever the server asks of its client is refused.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::time::timeout;

#[cfg(feature = "fuzzing")]
use super::link::Frames;
use super::link::{Broken, Link};
use super::probe::{ProbeError, ProbeLimits};
use crate::surface::line::{has_inner_line_end, looks_like_json, mentions_rpc};
use crate::surface::strict::{self, Limits};
use crate::surface::take::{Hostile, code, unreadable};
use crate::surface::visible;

const NOTES: usize = 32;
/// Once nothing is asked any more: the quiet after which a server has nothing more to say, and
/// how long it may go on.
const QUIET: Duration = Duration::from_millis(50);
const LAST_WORDS: Duration = Duration::from_millis(500);

/// An answer.
pub(super) enum Reply {
    Result(Value),
    Error { code: i64, message: String },
}

pub(super) struct Session {
    link: Link,
    waiting: VecDeque<Value>,
    last_id: i64,
    /// Questions without an answer so far.
    open: BTreeSet<i64>,
    notes: BTreeSet<String>,
    request_time: Duration,
    /// The slowest answer so far, the start included.
    pub(super) slowest: Duration,
    /// Methods that are not claimed and were not answered.
    pub(super) silent: BTreeSet<&'static str>,
    /// The 2026-07-28 protocol forbids servers to ask.
    pub(super) may_ask: bool,
}

impl Session {
    /// A session with a server that is already there.
    pub(super) fn over(link: Link, limits: &ProbeLimits) -> Self {
        Self {
            link,
            waiting: VecDeque::new(),
            last_id: 0,
            open: BTreeSet::new(),
            notes: BTreeSet::new(),
            request_time: limits.request,
            slowest: Duration::ZERO,
            silent: BTreeSet::new(),
            may_ask: true,
        }
    }

    /// Asks, and waits as long as any request may take.
    pub(super) async fn request(&mut self, method: &'static str, params: Value) -> Result<Reply, ProbeError> {
        self.request_within(method, params, self.request_time).await
    }

    /// Asks, and waits this long. A timeout leaves the session usable.
    pub(super) async fn request_within(&mut self, method: &'static str, params: Value, wait: Duration) -> Result<Reply, ProbeError> {
        self.last_id += 1;
        let id = self.last_id;
        self.open.insert(id);
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let begun = Instant::now();
        match timeout(wait, self.ask(id, &message)).await {
            Ok(Ok(Some(reply))) => {
                self.slowest = self.slowest.max(begun.elapsed());
                Ok(reply)
            }
            Ok(Ok(None)) => Err(self.link.ended(method).await),
            Ok(Err(Broken::Hostile(hostile))) => Err(ProbeError::from(hostile)),
            Ok(Err(Broken::Http { why, .. })) => Err(ProbeError::Http {
                waiting_for: format!("`{method}`"),
                why,
            }),
            Err(_) => Err(ProbeError::Timeout {
                waiting_for: format!("`{method}`"),
                seconds: wait.as_secs(),
                stderr: self.last_words(),
                hint: None,
            }),
        }
    }

    /// At least this long, longer for a server that was slow before, never longer than a request.
    pub(super) fn patience(&self, least: Duration) -> Duration {
        least.max(2 * self.slowest).min(self.request_time)
    }

    /// Tells. A server that is gone is noticed by the next request.
    pub(super) async fn notify(&mut self, method: &'static str) {
        self.link.send(&json!({"jsonrpc": "2.0", "method": method})).await;
    }

    /// `None` when the server closed its end.
    async fn ask(&mut self, id: i64, message: &Value) -> Result<Option<Reply>, Broken> {
        // A failed write is not the end: an answer (or the reason) may still stand in the pipe.
        self.link.send(message).await;
        loop {
            while let Some(message) = self.waiting.pop_front() {
                if let Some(reply) = self.take(Some(id), message).await? {
                    return Ok(Some(reply));
                }
            }
            match self.link.next().await {
                Ok(Some(line)) => self.read(&line)?,
                Ok(None) => return Ok(None),
                Err(Broken::Http { id: failed, .. }) if failed != Some(id) => self.unanswered(failed),
                Err(broken) => return Err(broken),
            }
        }
    }

    /// A message of ours that is not awaited was refused.
    fn unanswered(&mut self, id: Option<i64>) {
        match id {
            Some(id) => drop(self.open.remove(&id)),
            None => self.note("it refuses messages that ask for nothing".into()),
        }
    }

    /// One line: a message, several (a batch), or noise.
    fn read(&mut self, line: &[u8]) -> Result<(), Hostile> {
        match messages(line, self.link.frame_limit())? {
            Line::Messages(messages) => self.waiting.extend(messages),
            Line::Noise(sample) => {
                if !self.notes.iter().any(|note| note.starts_with("it writes")) {
                    self.note(format!("it writes lines to stdout that are no messages, such as `{sample}`"));
                }
            }
        }
        Ok(())
    }

    /// Looks at one message while an answer to `awaited` is awaited, or none.
    async fn take(&mut self, awaited: Option<i64>, message: Value) -> Result<Option<Reply>, Hostile> {
        let Value::Object(mut message) = message else {
            self.note("it sends batches with entries that are no messages".into());
            return Ok(None);
        };
        let answers = message.contains_key("result") || message.contains_key("error");
        if answers && message.contains_key("method") && message.contains_key("id") {
            return Err(Hostile::new(
                code::MALFORMED,
                "a message is a question and an answer at once: clients differ in what they take",
            ));
        }
        if let Some(method) = message.get("method").and_then(Value::as_str) {
            let method: String = visible(method).chars().take(60).collect();
            match message.remove("id") {
                Some(asked) => self.refuse(asked, &method).await,
                None if method.ends_with("list_changed") => self.note(format!("it sends `{method}` while it is probed")),
                None => {}
            }
            return Ok(None);
        }
        let Some(id) = answered(&message, self.last_id)? else {
            self.note("it sends answers to questions that nobody asked".into());
            return Ok(None);
        };
        if !self.open.remove(&id) {
            return Err(Hostile::new(
                code::LIST_UNSTABLE,
                "one question got two answers: clients differ in which they take",
            ));
        }
        if awaited != Some(id) {
            self.note("it answers after the time for the answer".into());
            return Ok(None);
        }
        match (message.remove("result"), message.remove("error")) {
            (Some(result), None) => Ok(Some(Reply::Result(result))),
            (None, Some(error)) => Ok(Some(Reply::Error {
                code: error.get("code").and_then(Value::as_i64).unwrap_or(0),
                message: error
                    .get("message")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .chars()
                    .take(2_000)
                    .collect(),
            })),
            _ => Err(Hostile::new(
                code::MALFORMED,
                "an answer has both a result and an error, or neither: clients differ in what they take",
            )),
        }
    }

    async fn refuse(&mut self, id: Value, method: &str) {
        if method == "ping" {
            self.link.send(&json!({"jsonrpc": "2.0", "id": id, "result": {}})).await;
            return;
        }
        let forbidden = if self.may_ask { "" } else { ", which its protocol forbids" };
        self.note(format!("it asks its client for `{method}` while it is probed{forbidden}"));
        let error = json!({"code": -32601, "message": "not available"});
        self.link.send(&json!({"jsonrpc": "2.0", "id": id, "error": error})).await;
    }

    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() < NOTES {
            self.notes.insert(note);
        }
    }

    pub(super) fn last_words(&self) -> String {
        self.link.last_words()
    }

    /// Ends the server and everything it started; gives back what was noticed. What it still has
    /// to say is read before: a second answer to the last question would be one too many.
    pub(super) async fn close(mut self) -> Result<BTreeSet<String>, ProbeError> {
        let heard = timeout(LAST_WORDS, self.listen()).await;
        self.link.close().await;
        match heard {
            Ok(Err(hostile)) => Err(hostile.into()),
            Ok(Ok(())) | Err(_) => Ok(std::mem::take(&mut self.notes)),
        }
    }

    /// Reads until the server is quiet or gone.
    async fn listen(&mut self) -> Result<(), Hostile> {
        loop {
            while let Some(message) = self.waiting.pop_front() {
                self.take(None, message).await?;
            }
            match timeout(QUIET, self.link.next()).await {
                Ok(Ok(Some(line))) => self.read(&line)?,
                Ok(Err(Broken::Hostile(hostile))) => return Err(hostile),
                Ok(Err(Broken::Http { id, .. })) => self.unanswered(id),
                Ok(Ok(None)) | Err(_) => return Ok(()),
            }
        }
    }
}

/// What a line holds.
enum Line {
    /// Messages, none in an empty line.
    Messages(Vec<Value>),
    /// No message; how it begins, visibly.
    Noise(String),
}

/// Reads one line. What readers disagree on is hostile.
fn messages(line: &[u8], most: usize) -> Result<Line, Hostile> {
    let whole = line.strip_suffix(b"\n").unwrap_or(line);
    let whole = whole.strip_suffix(b"\r").unwrap_or(whole);
    let line = whole.trim_ascii();
    if line.is_empty() {
        return Ok(Line::Messages(Vec::new()));
    }
    let limits = Limits {
        bytes: most,
        ..Limits::default()
    };
    let parsed = strict::parse(line, &limits);
    if mentions_rpc(line) && has_inner_line_end(whole, parsed.is_err()) {
        return Err(Hostile::new(
            code::NOT_I_JSON,
            "readers disagree on where a message ends: a line end of another kind stands inside a line",
        ));
    }
    match parsed {
        Ok(Value::Array(batch)) => Ok(Line::Messages(batch)),
        Ok(message @ Value::Object(_)) => Ok(Line::Messages(vec![message])),
        Err(error) if looks_like_json(line) && (!error.is_noise() || mentions_rpc(line)) => Err(unreadable(line, &error)),
        Ok(_) | Err(_) => {
            let sample: String = String::from_utf8_lossy(line).chars().take(60).collect();
            Ok(Line::Noise(visible(&sample)))
        }
    }
}

/// Everything a server wrote, read as a session does: each message with the question that it
/// answers. For the fuzz targets.
#[cfg(feature = "fuzzing")]
pub fn hear(output: &[u8], frame_limit: usize, total_limit: usize) -> Result<Vec<(Value, Option<i64>)>, Hostile> {
    use futures_util::FutureExt as _;
    let mut frames = Frames::new(output, frame_limit, total_limit);
    let mut heard = Vec::new();
    while let Some(line) = frames.next().now_or_never().transpose()?.flatten() {
        let Line::Messages(found) = messages(&line, frame_limit)? else {
            continue;
        };
        for message in found {
            let answers = message.as_object().map(|message| answered(message, 7)).transpose()?;
            heard.push((message, answers.flatten()));
        }
    }
    Ok(heard)
}

/// The question of ours that a message answers. Clients match answers by number, some by text that
/// reads as the number, or by `2.0`: so only the number that was sent is taken, and everything else
/// in the form of an answer is hostile. What is no message of the protocol, or answers nothing, is
/// `None`.
fn answered(message: &Map<String, Value>, last_id: i64) -> Result<Option<i64>, Hostile> {
    let id = match message.get("id") {
        None | Some(Value::Null) => return Ok(None),
        Some(id) => id,
    };
    let sent = |number: i64| (1..=last_id).contains(&number);
    if let Some(number) = id.as_i64().filter(|number| sent(*number)) {
        return Ok(Some(number));
    }
    let read = match id {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number that is too large for ours was never sent"
    )]
    if read.is_some_and(|number: f64| number.fract() == 0.0 && sent(number as i64)) {
        let what = "it answers under another spelling of the id: clients differ in whether they take it";
        return Err(Hostile::new(code::MALFORMED, what));
    }
    if message.contains_key("jsonrpc") {
        return Err(Hostile::new(code::MALFORMED, "it answers a question that nobody asked"));
    }
    Ok(None)
}

#[cfg(test)]
mod tests;

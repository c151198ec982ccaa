//! A server that is not started: what the client is answered, and what the user hears.
//!
//! The client gets a JSON-RPC error to its first requests, since a program that ends without a word
//! is shown as a crash at best. It may hand that text to the model, so nothing of the server's or of
//! the lock's stands in it: only sentences of ours and the entry's local name.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Options, scope_of};
use crate::error::Error;
use crate::history::EventKind;
use crate::model::{Fingerprint, ServerName};
use crate::ops::alerts::{Alerts, Refusal};
use crate::ops::notices::Lasting;
use crate::ops::{Context, Interact, notices, queries};

/// The code of our JSON-RPC error, the guard's own: of those that are left to implementations, one that
/// no version of the protocol uses.
pub const CODE: i32 = -32050;
/// How long the client has for its first request.
const FIRST: Duration = Duration::from_secs(30);
/// How long it has for each further one, and for all of them.
const NEXT: Duration = Duration::from_secs(1);
const ALL: Duration = Duration::from_secs(5);
/// The largest frame that is read, and the most bytes of all.
const BYTES: u64 = 1024 * 1024;
/// The longest `id` that is answered.
const ID: usize = 1024;

/// Why a server is not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The entry is not one that this user approved.
    NotApproved,
    /// It is not installed on this machine.
    NotInstalled,
    /// The installed files are not those of the archives.
    Tree,
    /// A stored archive is not what its name says.
    Archive,
    /// The interpreter is another one.
    Interpreter,
    /// A pinned file of a local command is another one.
    LocalFile,
    /// Node would find packages outside the tree.
    Beside,
    /// The tree could not be compared: an archive is missing.
    Unchecked,
    /// The runtime could not be started.
    Runtime,
}

impl Why {
    /// In words, after "it was not started:".
    pub const fn what(self) -> &'static str {
        match self {
            Self::NotApproved => "the entry in the lock is not one that you approved",
            Self::NotInstalled => "it is not installed on this machine",
            Self::Tree => "its installed files are not those that were approved",
            Self::Archive => "a stored archive of it was changed on disk",
            Self::Interpreter => "the interpreter it was installed for is another one now",
            Self::LocalFile => "a file of it is not the one that was approved",
            Self::Beside => "node would find packages outside its tree that nobody approved",
            Self::Unchecked => "its installed files could not be checked",
            Self::Runtime => "its program could not be started",
        }
    }

    /// The command that shows more, or mends it.
    pub(super) const fn command(self) -> Option<&'static str> {
        match self {
            Self::NotApproved | Self::NotInstalled | Self::Unchecked => Some("install"),
            Self::Tree | Self::Archive | Self::Interpreter | Self::LocalFile => Some("verify"),
            Self::Beside | Self::Runtime => None,
        }
    }

    /// `1` where the answer is "no", `2` where there is none.
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::NotApproved | Self::Tree | Self::Archive | Self::Interpreter | Self::LocalFile | Self::Beside => 1,
            Self::NotInstalled | Self::Unchecked | Self::Runtime => 2,
        }
    }
}

/// What the client is told: one sentence, and the command to run.
pub fn sentence(name: &ServerName, global: bool, error: &Error) -> String {
    let flag = if global { " --global" } else { "" };
    match error {
        Error::NotStarted { why, command, .. } if command.is_empty() => format!("mcp-pin did not start `{name}`: {}", why.what()),
        Error::NotStarted { why, command, .. } => format!("mcp-pin did not start `{name}`: {}; run `{command}`", why.what()),
        Error::NotInLock { .. } => format!("mcp-pin did not start `{name}`: the lock has no server of this name; run `mcp-pin list{flag}`"),
        _ => format!("mcp-pin did not start `{name}`: it could not be checked; run `mcp-pin verify{flag}`"),
    }
}

/// Writes to the history that a server was not started, and tells the channels of alerts, once a distinct cause.
/// What of that could not be done is said to the person: the exit status and the client's answer tell
/// all the same.
pub fn tell(context: &Context, options: &Options, error: &Error, person: &dyn Interact) {
    match told(context, options, error) {
        Ok(lines) => lines.iter().for_each(|line| person.warn(line)),
        Err(error) => person.warn(&format!("could not write the history: {error}")),
    }
}

fn told(context: &Context, options: &Options, error: &Error) -> Result<Vec<String>, Error> {
    let name = &options.name;
    let scope = scope_of(context, options).map_or_else(|_| "run".to_owned(), |scope| scope.key());
    let (what, command, drift) = match error {
        Error::NotStarted { why, command, drift, .. } => (why.what().to_owned(), command.clone(), drift.as_slice()),
        error => (error.to_string(), String::new(), &[][..]),
    };
    let history = queries::open_history(context)?;
    let (now, worst) = (context.now(), drift.iter().map(|finding| finding.grade).max());
    let first = drift.first().map(|finding| format!(" ({})", finding.title)).unwrap_or_default();
    let summary = format!("not started: {what}{first}");
    let line = Lasting {
        kind: EventKind::Refusal,
        server: name,
        stream: &format!("start {scope}"),
        grade: worst,
        summary: &summary,
    };
    notices::lasting(&history, now, &line)?;
    let prints: Vec<_> = drift.iter().map(|finding| finding.fingerprint.as_str()).collect();
    let cause = Fingerprint::of_canonical(json!({"not-started": what, "findings": prints}).to_string().as_bytes());
    let mut capital = what.chars();
    let sentence: String = capital.next().into_iter().flat_map(char::to_uppercase).chain(capital).collect();
    let run = format!("Run: {command}");
    let lines = [sentence.as_str(), run.as_str()];
    let lines = if command.is_empty() { &lines[..1] } else { &lines[..] };
    let Some(runtime) = super::watch::runtime() else {
        return Ok(Vec::new());
    };
    let refusal = Refusal {
        lines,
        command: &command,
        cause,
    };
    let alerts = Alerts::or_desktop(context);
    runtime.block_on(notices::tell_of_refusal(&history, &alerts, &scope, name, &refusal, drift))
}

/// Answers the client's first requests with the sentence, then returns: bounded in time and bytes.
pub fn answer(input: impl Read + Send + 'static, output: &mut dyn Write, sentence: &str) {
    let (send, frames) = mpsc::sync_channel(8);
    // Not joined: it may wait for a client that never says anything more.
    std::thread::spawn(move || {
        let mut reader = BufReader::new(input.take(BYTES));
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if send.send(std::mem::take(&mut line)).is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    let mut answered: Option<Instant> = None;
    loop {
        let left = match answered {
            None => FIRST.saturating_sub(start.elapsed()),
            Some(first) => NEXT.min(ALL.saturating_sub(first.elapsed())),
        };
        match frames.recv_timeout(left) {
            Ok(frame) => {
                if let Some(error) = reply(&frame, sentence) {
                    if output.write_all(&error).and_then(|()| output.flush()).is_err() {
                        return;
                    }
                    answered.get_or_insert_with(Instant::now);
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    #[expect(dead_code, reason = "a response has an id as well")]
    method: &'a RawValue,
}

/// The error for a request, with its line end; `None` for anything else.
fn reply(frame: &[u8], sentence: &str) -> Option<Vec<u8>> {
    let request: Request<'_> = serde_json::from_slice(frame).ok()?;
    let id = request.id.get();
    let plain = id.starts_with(['"', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    if !plain || id.len() > ID {
        return None;
    }
    let error = json!({"code": CODE, "message": sentence});
    Some(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(frames: &str) -> String {
        let mut out = Vec::new();
        answer(std::io::Cursor::new(frames.to_owned()), &mut out, "no");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_request_gets_its_own_id_and_nothing_else_an_answer() {
        let frames = concat!(
            "not json\n",
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"method\":\"server/discover\"}\r\n",
            "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\",\"method\":\"initialize\"}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":{\"x\":1},\"method\":\"initialize\"}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"initialize\"}\n",
        );
        assert_eq!(
            said(frames),
            "{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"error\":{\"code\":-32050,\"message\":\"no\"}}\n{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\",\"error\":{\"code\":-32050,\"message\":\"no\"}}\n"
        );
    }

    #[test]
    fn a_frame_without_an_end_is_not_waited_for() {
        assert_eq!(said(&"x".repeat(3 * 1024 * 1024)), "");
    }
}

//! `--trace`: the frames of a connection in a file, for debugging, without what is secret.
//!
//! The attack: a trace that is sent to somebody with a bug report and holds a key. What the user's
//! variables hold is replaced by their names, encoded forms included; so is everything below a member
//! that is named like a secret, and every word that looks like a key of a well-known kind. A frame that
//! is no JSON is told by its length alone.
//!
//! Not promised: that no other text in it is private. The file is the user's alone (0600).

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use serde_json::Value;

use crate::guard::LARGEST_FRAME;
use crate::mcp::relay::{ClientEnds, Ended, Patience, Received, Signal, Upstream};
use crate::surface::take::Places;

/// How many frames may wait to be written: then the connection waits too, since a trace is to be whole.
const WAITING: usize = 256;
const REDACTED: &str = "[redacted]";
/// Parts of members' names, in lower case and without `_` and `-`.
const SECRET: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "authorization",
    "credential",
    "cookie",
    "privatekey",
    "requeststate",
];
/// Members that only sound like it.
const HARMLESS: [&str; 3] = ["progresstoken", "maxtokens", "tokens"];
/// How keys of well-known kinds begin.
const KEYS: [&str; 14] = [
    "sk-",
    "sk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "AIza",
    "eyJ",
];

/// Who wrote a frame, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    /// As the client sent it.
    FromClient,
    /// As the server got it.
    ToServer,
    /// As the server sent it.
    FromServer,
    /// As the client got it.
    ToClient,
}

impl Leg {
    const fn as_str(self) -> &'static str {
        match self {
            Self::FromClient => "client>       ",
            Self::ToServer => "       >server",
            Self::FromServer => "       <server",
            Self::ToClient => "client<       ",
        }
    }
}

/// A trace that is being written.
pub(super) struct Trace {
    send: Mutex<Option<SyncSender<(Leg, Vec<u8>)>>>,
    worker: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl Trace {
    /// Appends to a file, which is made where there is none. `secrets` knows the variables' values.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn open(path: &Path, secrets: Places, now: fn() -> Timestamp) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let (send, frames) = mpsc::sync_channel(WAITING);
        let worker = std::thread::spawn(move || write(&frames, file, &secrets, now));
        Ok(Self {
            send: Mutex::new(Some(send)),
            worker: Mutex::new(Some(worker)),
        })
    }

    /// Takes a frame.
    pub(super) fn frame(&self, leg: Leg, frame: &[u8]) {
        let send = self.send.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(send) = send {
            // The worker ends early only where the file cannot be written, which the end says.
            drop(send.send((leg, frame.to_vec())));
        }
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// The file could not be written.
    pub(super) fn finish(&self) -> io::Result<()> {
        drop(self.send.lock().unwrap_or_else(PoisonError::into_inner).take());
        match self.worker.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(worker) => worker.join().unwrap_or_else(|_| Err(io::Error::other("its writer failed"))),
            None => Ok(()),
        }
    }
}

fn write(frames: &Receiver<(Leg, Vec<u8>)>, file: File, secrets: &Places, now: fn() -> Timestamp) -> io::Result<()> {
    let mut file = BufWriter::new(file);
    for (leg, frame) in frames {
        writeln!(file, "{} {} {}", now(), leg.as_str(), line(&frame, secrets))?;
        file.flush()?;
    }
    Ok(())
}

/// A frame as one line without secrets.
fn line(frame: &[u8], secrets: &Places) -> String {
    let Ok(mut value) = serde_json::from_slice::<Value>(frame) else {
        return format!("({} bytes that are no JSON)", frame.trim_ascii_end().len());
    };
    redact(&mut value, secrets, false);
    crate::surface::visible(&value.to_string())
}

/// Takes out what is secret; everything where `all`. Names of members may hold secrets too.
fn redact(value: &mut Value, secrets: &Places, all: bool) {
    match value {
        Value::String(_) | Value::Number(_) if all => *value = REDACTED.into(),
        Value::String(text) => *text = words(&secrets.replace(text)),
        Value::Array(values) => values.iter_mut().for_each(|value| redact(value, secrets, all)),
        Value::Object(members) => {
            for (name, mut value) in std::mem::take(members) {
                redact(&mut value, secrets, all || is_secret(&name));
                members.insert(words(&secrets.replace(&name)), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect();
    SECRET.iter().any(|part| plain.contains(part)) && !HARMLESS.contains(&plain.as_str())
}

/// The text without words that look like keys, and without what stands behind `Bearer`.
fn words(text: &str) -> String {
    let in_word = |c: char| c.is_alphanumeric() || "-_.+/=".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut bearer = false;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| in_word(c) != in_word(first)).unwrap_or(rest.len());
        let (piece, next) = rest.split_at(end);
        rest = next;
        let is_word = in_word(first);
        let is_key = piece.len() >= 16 && KEYS.iter().any(|start| piece.starts_with(start));
        out.push_str(if is_word && (is_key || bearer) { REDACTED } else { piece });
        if is_word {
            bearer = ["bearer", "basic"].iter().any(|scheme| piece.eq_ignore_ascii_case(scheme)) && next.starts_with(' ');
        }
    }
    out
}

/// The two sides, with what passes on either handed to the trace, where there is one.
pub(super) fn traced(client: ClientEnds, server: Arc<dyn Upstream>, trace: Option<&Arc<Trace>>) -> (ClientEnds, Arc<dyn Upstream>) {
    let Some(trace) = trace else { return (client, server) };
    let tap = |leg| Tap {
        trace: Arc::clone(trace),
        leg,
        line: Vec::new(),
    };
    let client = client.through(
        |stream| Box::new(Tapped(stream, tap(Leg::FromClient))),
        |stream| Box::new(Tapped(stream, tap(Leg::ToClient))),
    );
    let trace = Arc::clone(trace);
    (client, Arc::new(TracedServer { server, trace }))
}

/// A server whose frames are handed to a trace.
struct TracedServer {
    server: Arc<dyn Upstream>,
    trace: Arc<Trace>,
}

impl Upstream for TracedServer {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        self.trace.frame(Leg::ToServer, frame);
        self.server.send(frame)
    }

    fn next(&self) -> io::Result<Option<Received>> {
        let next = self.server.next()?;
        if let Some(Received::Frame(frame)) = &next {
            self.trace.frame(Leg::FromServer, frame);
        }
        Ok(next)
    }

    fn finish_input(&self) {
        self.server.finish_input();
    }

    fn signal(&self, signal: Signal) -> bool {
        self.server.signal(signal)
    }

    fn end(&self, patience: Patience) -> Ended {
        self.server.end(patience)
    }
}

/// Makes lines of bytes.
struct Tap {
    trace: Arc<Trace>,
    leg: Leg,
    line: Vec<u8>,
}

impl Tap {
    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            // What is too long is told by a length that is too short: it is no JSON either way.
            if self.line.len() <= LARGEST_FRAME {
                self.line.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                self.trace.frame(self.leg, &std::mem::take(&mut self.line));
            }
        }
    }
}

/// A stream with a tap.
struct Tapped<S>(S, Tap);

impl<S: Read> Read for Tapped<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(into)?;
        self.1.take(into.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl<S: Write> Write for Tapped<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.take(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_get_into_a_trace() {
        let secrets = Places::default().variable("KEY", "hunter2-hunter2");
        for frame in [
            r#"{"params":{"arguments":{"api_key":"hunter3","x":{"Authorization":["hunter3"],"PASSWORD":{"a":"hunter3","n":31337}}}}}"#,
            r#"{"a":"it is hunter2-hunter2 !","hunter2-hunter2":1,"b":"aHVudGVyMi1odW50ZXIy"}"#,
            r#"{"a":"Bearer hunter3.hunter3","b":"see ghp_hunter3hunter3hunter3, or sk-ant-hunter3hunter3"}"#,
            r#"{"result":{"requestState":"hunter3"}}"#,
        ] {
            let line = line(frame.as_bytes(), &secrets);
            assert!(
                !line.contains("hunter") && !line.contains("31337") && !line.contains("aHVudGVy"),
                "{line}"
            );
        }
        let kept = r#"{"id":1,"params":{"_meta":{"progressToken":7},"maxTokens":100,"name":"basic words, sk-short"}}"#;
        assert_eq!(line(kept.as_bytes(), &secrets), kept);
        assert_eq!(line(b"hunter3 {\r\n", &secrets), "(9 bytes that are no JSON)");
        assert_eq!(line("{\"a\":\"\u{202e}\"}".as_bytes(), &secrets), "{\"a\":\"\\u{202e}\"}");
    }
}

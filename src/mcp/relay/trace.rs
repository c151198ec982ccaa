//! What `run --trace FILE` writes: every frame, a JSON line each, without secrets.
//!
//! The attack: a file that is made to find a fault, sent to somebody, and holds keys. So values of the
//! entry's variables are replaced in every text, also where they are encoded, and so are members
//! whose names sound like secrets, bearer tokens, and the state that 2026-07-28 servers hand to their
//! clients; long encoded texts are cut. What is no JSON is described and not written. What cannot be
//! promised: that a secret of another kind, in a text, is recognised.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Mutex;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::outgoing::held;
use crate::surface::take::Places;

/// Where a frame was going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// From the client to the server.
    Server,
    /// From the server to the client.
    Client,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It went on as it came.
    Passed,
    /// Something of the guard's went on instead.
    Replaced,
    /// It was kept from passing.
    Refused,
    /// The guard made it.
    Ours,
}

impl Fate {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Replaced => "replaced",
            Self::Refused => "refused",
            Self::Ours => "ours",
        }
    }
}

/// An open trace.
pub struct Trace {
    file: Mutex<File>,
    places: Places,
}

/// Stands where something was left out.
const HIDDEN: &str = "{mcp-pin:hidden}";
/// Longer texts without a space that look encoded are cut.
const LONGEST_BLOB: usize = 256;
/// Frames larger than this are described only.
const LARGEST: usize = 1024 * 1024;
/// Parts of names that sound like secrets, compared without case, `-` and `_`.
const SECRET_NAMES: [&str; 14] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "secret",
    "cookie",
    "credential",
    "sessionid",
    "bearer",
    "requeststate",
];
/// Names of the protocol's that only sound so.
const NO_SECRETS: [&str; 3] = ["progresstoken", "maxtokens", "tokenstopsequences"];

impl Trace {
    /// Opens `path` to write behind what it holds, for this user alone. `places` knows the values of the
    /// entry's variables.
    ///
    /// # Errors
    /// It is a link or no regular file, or cannot be written.
    pub fn open(path: &Path, places: Places) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        // Neither a link nor a pipe that nobody reads can lead or hold us up.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
        let file = options.open(path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        if found.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
        Ok(Self {
            file: Mutex::new(file),
            places,
        })
    }

    /// Writes a frame. What cannot be written is lost: a trace never holds up or ends a session.
    pub(super) fn frame(&self, now: Timestamp, toward: Toward, fate: Fate, frame: &[u8]) {
        let toward = match toward {
            Toward::Server => "to-server",
            Toward::Client => "to-client",
        };
        let mut line = json!({
            "at": now.to_string(),
            "direction": toward,
            "fate": fate.as_str(),
            "bytes": frame.len(),
        });
        match self.redacted(frame) {
            Ok(frame) => line["frame"] = frame,
            Err(why) => line["left_out"] = why.into(),
        }
        let mut text = line.to_string();
        text.push('\n');
        // One call, so that two copies of a server do not write into each other's lines.
        let _ = held(&self.file).write_all(text.as_bytes());
    }

    /// Notes that a frame was too large to be kept.
    pub(super) fn oversized(&self, now: Timestamp, toward: Toward) {
        let toward = if toward == Toward::Server { "to-server" } else { "to-client" };
        let line = json!({"at": now.to_string(), "direction": toward, "fate": "refused", "left_out": "larger than any frame may be"});
        let _ = held(&self.file).write_all(format!("{line}\n").as_bytes());
    }

    fn redacted(&self, frame: &[u8]) -> Result<Value, &'static str> {
        if frame.len() > LARGEST {
            return Err("larger than what a trace keeps");
        }
        let mut value: Value = serde_json::from_slice(frame).map_err(|_| "not JSON")?;
        self.hide(&mut value);
        Ok(value)
    }

    fn hide(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = hide_blobs(&hide_bearer(&self.places.replace(text))),
            Value::Array(values) => values.iter_mut().for_each(|value| self.hide(value)),
            Value::Object(members) => {
                let taken = std::mem::take(members);
                for (name, mut value) in taken {
                    if sounds_secret(&name) {
                        value = HIDDEN.into();
                    } else {
                        self.hide(&mut value);
                    }
                    // Two names may become the same: the trace is for reading.
                    members.insert(hide_blobs(&self.places.replace(&name)), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn sounds_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    !NO_SECRETS.contains(&plain.as_str()) && SECRET_NAMES.iter().any(|secret| plain.contains(secret))
}

/// What follows `Bearer` or `Basic` up to a space or a quote, in any case of the word.
fn hide_bearer(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let (mut out, mut at) = (String::new(), 0);
    while let Some((found, word)) = ["bearer ", "basic "]
        .iter()
        .filter_map(|word| Some((lower[at..].find(word)?, word.len())))
        .min()
    {
        let from = at + found + word;
        let rest = &text[from..];
        let length = rest.find(|c: char| c.is_whitespace() || "\"',;".contains(c)).unwrap_or(rest.len());
        out.push_str(&text[at..from]);
        // A short word is one of a sentence.
        out.push_str(if length < 8 { &rest[..length] } else { HIDDEN });
        at = from + length;
    }
    out.push_str(&text[at..]);
    out
}

/// Long runs of characters that encodings use, cut to how long they were.
fn hide_blobs(text: &str) -> String {
    if text.len() < LONGEST_BLOB {
        return text.to_owned();
    }
    let is_blob = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c);
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while !rest.is_empty() {
        let run = rest.find(|c| !is_blob(c)).unwrap_or(rest.len());
        if run >= LONGEST_BLOB {
            out += "{mcp-pin:";
            out += &run.to_string();
            out += " characters}";
        } else {
            out.push_str(&rest[..run]);
        }
        let other = rest[run..].find(is_blob).unwrap_or(rest.len() - run);
        out.push_str(&rest[run..run + other]);
        rest = &rest[run + other..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-1234567890abcdef";

    fn traced(frame: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let trace = Trace::open(&path, Places::default().variable("KEY", KEY)).unwrap();
        trace.frame(Timestamp::UNIX_EPOCH, Toward::Server, Fate::Passed, frame.as_bytes());
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn nothing_secret_is_written() {
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("user:{KEY}"));
        let frame = json!({
            "id": 1,
            "params": {
                "arguments": {"text": format!("my {KEY}!"), "nested": [format!("x{encoded}")], KEY: 1},
                "Api-Key": "hush-1", "api_key": "hush-2", "accessToken": {"deep": "hush-3"}, "Set-Cookie": ["hush-4"],
                "requestState": "hush-5", "header": "authorization: BEARER hush-6-long-enough, ok",
                "_meta": {"progressToken": 7}, "maxTokens": 100,
                "data": "QUJD".repeat(400),
            }
        });
        let line = traced(&frame.to_string());
        assert!(
            !line.contains(KEY) && !line.contains("hush-") && !line.contains("QUJDQUJD"),
            "{line}"
        );
        assert!(line.contains("{mcp-pin:env:KEY}") && line.contains("\"progressToken\":7") && line.contains("\"maxTokens\":100"));
        assert!(line.contains("{mcp-pin:1600 characters}"));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&value["direction"], &value["fate"]), (&json!("to-server"), &json!("passed")));
        assert_eq!(value["frame"]["id"], 1);
    }

    #[test]
    fn what_is_no_json_is_described_only() {
        let line = traced(&format!("debug: {KEY} hush"));
        assert!(!line.contains("hush") && line.contains("not JSON"), "{line}");
    }

    #[test]
    fn a_link_is_not_followed_and_the_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        std::fs::write(&target, "before\n").unwrap();
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(Trace::open(&link, Places::default()).is_err());
        assert!(Trace::open(folder.path(), Places::default()).is_err());
        Trace::open(&target, Places::default())
            .unwrap()
            .oversized(Timestamp::UNIX_EPOCH, Toward::Client);
        let text = std::fs::read_to_string(&target).unwrap();
        assert!(text.starts_with("before\n{") && text.lines().count() == 2, "{text}");
        assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

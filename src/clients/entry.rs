//! One server, as a client's file describes it.
//!
//! Values of variables and of headers are not kept, and what people put into arguments and
//! addresses is kept out of `Debug`.

use std::fmt;

use serde_json::json;

use super::table::ScopeKind;
use crate::model::{RemoteTransport, Sha256Digest};

/// Whose an entry is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryScope {
    /// As its file.
    Of(ScopeKind),
    /// The user's, for one folder: `projects[FOLDER]` in `~/.claude.json`.
    Local {
        /// The folder, as the file says it.
        folder: String,
    },
}

impl EntryScope {
    /// The word in tables.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Of(kind) => kind.as_str(),
            Self::Local { .. } => "local",
        }
    }
}

/// One step into a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The member with this key.
    Key(String),
    /// The element with this number, from 0.
    Index(usize),
}

/// Where an entry stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The way from the root to the entry's own value.
    pub steps: Vec<Step>,
    /// Its line, from 1.
    pub line: usize,
}

/// One server, as a client's file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name there: any text.
    pub name: String,
    /// Whose it is.
    pub scope: EntryScope,
    /// What the client would do.
    pub launch: Launch,
    /// The file says that it is switched off.
    pub disabled: bool,
    /// Where it stands.
    pub at: At,
}

/// What a client would do with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// Start a process.
    Stdio(Stdio),
    /// Speak to a remote server.
    Remote(RemoteEntry),
    /// Nothing from outside: a part of the client itself.
    Inside {
        /// Which.
        what: String,
    },
    /// It cannot be told, so nothing is guessed.
    NotUnderstood {
        /// Why, a fragment.
        why: String,
        /// The digest of all that stands there but the values of variables and headers, so that a
        /// change is seen all the same.
        body: Sha256Digest,
    },
}

/// A process that a client starts.
#[derive(Clone, PartialEq, Eq)]
pub struct Stdio {
    /// The command, as written.
    pub command: String,
    /// Its arguments, as written. May hold secrets: shown through [`command_line`](super::command_line).
    pub args: Vec<String>,
    /// The names of the variables it is given, sorted. Never their values.
    pub env: Vec<String>,
    /// More variables come from a file.
    pub env_file: bool,
    /// Where it is started.
    pub cwd: Option<String>,
}

/// A remote server that a client speaks to.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteEntry {
    /// The address, as written. May hold a secret: shown through [`address`](super::address).
    pub url: String,
    /// How it is spoken to, where the file says so.
    pub transport: Option<RemoteTransport>,
    /// The headers it is sent, sorted by name.
    pub headers: Vec<Header>,
}

/// A header of a remote entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value, only where that is nothing but one variable, with a scheme such as `Bearer` before it.
    pub template: Option<String>,
}

impl At {
    /// The entry's key in its file: a JSON pointer in which an element of a list stands by the
    /// server's name, so that it stays the same when others come before it.
    pub fn key(&self, name: &str) -> String {
        let escape = |text: &str| text.replace('~', "~0").replace('/', "~1");
        let mut key = String::new();
        for (number, step) in self.steps.iter().enumerate() {
            key.push('/');
            match step {
                Step::Key(text) => key.push_str(&escape(text)),
                Step::Index(_) if number + 1 == self.steps.len() => key.push_str(&escape(name)),
                Step::Index(index) => key.push_str(&index.to_string()),
            }
        }
        key
    }
}

impl Entry {
    /// The entry's key in its file.
    pub fn key(&self) -> String {
        self.at.key(&self.name)
    }

    /// The digest of what the entry starts: command, arguments, names of variables, folder; or
    /// address, transport and names of headers. Not of values, of whether it is switched off, and
    /// of what clients keep beside it.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(self.launch.canonical().as_bytes())
    }
}

impl Launch {
    fn canonical(&self) -> String {
        let value = match self {
            Self::Stdio(stdio) => json!({
                "command": stdio.command, "args": stdio.args, "env": stdio.env,
                "envFile": stdio.env_file, "cwd": stdio.cwd,
            }),
            Self::Remote(remote) => json!({
                "url": remote.url,
                "transport": remote.transport.map(RemoteTransport::as_str),
                "headers": remote.headers.iter().map(|header| (&header.name, &header.template)).collect::<Vec<_>>(),
            }),
            Self::Inside { what } => json!({"inside": what}),
            Self::NotUnderstood { body, .. } => json!({"notUnderstood": body.to_string()}),
        };
        value.to_string()
    }
}

impl fmt::Debug for Stdio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdio")
            .field("command", &self.command)
            .field("args", &self.args.len())
            .field("env", &self.env)
            .field("env_file", &self.env_file)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RemoteEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteEntry")
            .field("url", &super::address(&self.url))
            .field("transport", &self.transport)
            .field("headers", &self.headers)
            .finish()
    }
}

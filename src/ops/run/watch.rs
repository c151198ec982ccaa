//! What happens on a connection, written to the history and told to the desktop, beside the relay:
//! a frame never waits for a disk or a desktop.

use std::collections::HashSet;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use serde_json::Value;

use super::Options;
use crate::guard::{Event, Output};
use crate::history::{EventKind, History, NewEvent};
use crate::model::{Grade, ServerName};
use crate::ops::Context;
use crate::ops::scope::Loaded;

/// How many different lines one connection may write into the history.
const LINES: usize = 200;

/// What it is about.
pub(super) struct Place {
    server: ServerName,
    scope: String,
    now: fn() -> Timestamp,
}

impl Place {
    pub(super) fn of(context: &Context, loaded: &Loaded, options: &Options) -> Self {
        Self {
            server: options.name.clone(),
            scope: loaded.scope_key().to_owned(),
            now: context.now,
        }
    }
}

/// A worker that has the history.
pub(super) struct Watch {
    send: Sender<Line>,
    seen: Mutex<HashSet<String>>,
    worker: JoinHandle<()>,
}

struct Line {
    kind: EventKind,
    grade: Option<Grade>,
    text: String,
}

impl Watch {
    pub(super) fn start(place: Place, history: History) -> Self {
        let (send, lines) = mpsc::channel::<Line>();
        let worker = std::thread::spawn(move || {
            let _ = &place.scope;
            for line in lines {
                let new = NewEvent {
                    server: Some(&place.server),
                    kind: line.kind,
                    grade: line.grade,
                    summary: &line.text,
                    detail: &Value::Null,
                };
                drop(history.record_event(&new, (place.now)()));
            }
        });
        Self {
            send,
            seen: Mutex::default(),
            worker,
        }
    }

    /// Takes the events out of what the guard said.
    pub(super) fn take(&self, output: &mut Output) {
        for event in output.events.drain(..) {
            let line = match event {
                Event::Drift(finding) => Line {
                    kind: EventKind::Drift,
                    grade: Some(finding.grade),
                    text: finding.title,
                },
                Event::Refused { grade, what } => Line {
                    kind: EventKind::Refusal,
                    grade: Some(grade),
                    text: what,
                },
                Event::Decision { what } => Line {
                    kind: EventKind::Run,
                    grade: None,
                    text: what,
                },
            };
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.len() < LINES && seen.insert(line.text.clone()) {
                drop(self.send.send(line));
            }
        }
    }

    /// Waits until everything is written.
    pub(super) fn finish(self) {
        drop(self.send);
        drop(self.worker.join());
    }
}

//! What happens on a connection, written to the history and told over the channels of alerts, beside the relay:
//! a frame never waits for a disk or a desktop.
//!
//! The attack: a server that does a million things that are worth a notification, so that the one that matters
//! has no room any more. What becomes a row of the log is for [`super::lines`] to say.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::json;

use super::Options;
use super::lines::{Lines, Row};
use crate::error::Error;
use crate::guard::{Event, Question, Said};
use crate::history::{EventKind, History};
use crate::mcp::relay::{Answer, Observer};
use crate::model::{Finding, Fingerprint, Grade, GradeBudget, ServerName};
use crate::notify::{self, Message, Urgency};
use crate::ops::alerts::Alerts;
use crate::ops::scope::Loaded;
use crate::ops::{Context, notices};

/// How many notifications of drift of one grade one connection may raise.
const ALERTS: usize = 5;
/// How long the desktop waits for findings that belong together: a server mostly turns as a whole.
const TOGETHER: Duration = Duration::from_millis(300);
/// How many questions of one connection are on the screen at once.
const QUESTIONS: usize = 4;
/// How many lines of a question are shown.
const SHOWN: usize = 8;

/// What a connection is about.
#[derive(Debug, Clone)]
pub(super) struct Place {
    server: ServerName,
    scope: String,
    alerts: Alerts,
    now: fn() -> Timestamp,
}

impl Place {
    pub(super) fn of(context: &Context, loaded: &Loaded, options: &Options) -> Self {
        Self {
            server: options.name.clone(),
            scope: loaded.scope_key().to_owned(),
            alerts: Alerts::of_loaded(context, loaded),
            now: context.now,
        }
    }
}

/// A worker that has the history, and whoever asks the user.
pub(super) struct Watch {
    place: Place,
    begun: Instant,
    send: Mutex<Option<Sender<Row>>>,
    lines: Mutex<Lines>,
    worker: Mutex<Option<JoinHandle<Vec<String>>>>,
    asking: AtomicUsize,
}

impl Watch {
    pub(super) fn start(place: Place, history: History) -> Self {
        let (send, events) = mpsc::channel();
        let worker = Worker {
            place: place.clone(),
            history,
            alerts: GradeBudget::default(),
            warnings: Vec::new(),
        };
        Self {
            place,
            begun: Instant::now(),
            send: Mutex::new(Some(send)),
            lines: Mutex::default(),
            worker: Mutex::new(Some(std::thread::spawn(move || worker.work(&events)))),
            asking: AtomicUsize::new(0),
        }
    }

    /// Takes an event. Never waits.
    pub(super) fn event(&self, event: Event) {
        let row = held(&self.lines).take(event, self.begun.elapsed());
        if let Some(row) = row {
            self.send(row);
        }
    }

    fn send(&self, row: Row) {
        if let Some(send) = held(&self.send).as_ref() {
            // A worker that failed is told of at the end.
            drop(send.send(row));
        }
    }

    /// Asks the user at the desktop, on a thread of its own, as long as the question allows.
    pub(super) fn ask(self: &Arc<Self>, question: Question, answer: impl FnOnce(Said) + Send + 'static) {
        if self.asking.fetch_add(1, Ordering::Relaxed) >= QUESTIONS {
            self.asking.fetch_sub(1, Ordering::Relaxed);
            return answer(Said::Nobody);
        }
        let watch = Arc::clone(self);
        std::thread::spawn(move || {
            let said = watch.asked(&question).unwrap_or(Said::Nobody);
            watch.asking.fetch_sub(1, Ordering::Relaxed);
            answer(said);
        });
    }

    fn asked(&self, question: &Question) -> Option<Said> {
        let lines: Vec<_> = question.body.lines().take(SHOWN).collect();
        let about = json!({"question": question.id, "body": question.body}).to_string();
        let about = Fingerprint::of_canonical(about.as_bytes());
        let message = Message::new(&question.title, &lines, Urgency::Critical, about);
        let left = question.until.duration_since((self.place.now)());
        let wait = Duration::try_from(left).ok()?;
        runtime()?
            .block_on(notify::desktop::ask(self.place.alerts.bus(), &message, wait))
            .ok()
    }

    /// Waits until everything is written; what could not be is returned, a line each.
    pub(super) fn finish(&self) -> Vec<String> {
        let rest = held(&self.lines).rest();
        for row in rest {
            self.send(row);
        }
        drop(held(&self.send).take());
        let worker = held(&self.worker).take();
        worker.map_or_else(Vec::new, |worker| {
            worker
                .join()
                .unwrap_or_else(|_| vec!["could not write the history of this connection".into()])
        })
    }
}

/// What the relay tells.
pub(super) struct Watching(pub(super) Arc<Watch>);

impl Observer for Watching {
    fn event(&mut self, event: Event) {
        self.0.event(event);
    }

    fn question(&mut self, question: Question, answer: Answer) {
        self.0.ask(question, move |said| answer.say(said));
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Worker {
    place: Place,
    history: History,
    alerts: GradeBudget,
    warnings: Vec<String>,
}

impl Worker {
    fn work(mut self, events: &Receiver<Row>) -> Vec<String> {
        let forgotten = notices::started(&self.history, &self.place.alerts, &self.place.scope, &self.place.server);
        self.settle(forgotten);
        let mut drift = Vec::new();
        loop {
            let next = if drift.is_empty() {
                events.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                events.recv_timeout(TOGETHER)
            };
            match next {
                Ok((event, times)) => {
                    self.write(&event, times);
                    if let Event::Drift(finding) = event {
                        drift.push(finding);
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.tell(&std::mem::take(&mut drift)),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.tell(&drift);
        self.warnings
    }

    fn write(&mut self, event: &Event, times: u64) {
        let (kind, grade, text) = match event {
            Event::Drift(finding) => (EventKind::Drift, Some(finding.grade), finding.title.as_str()),
            Event::Refused { grade, what } => (EventKind::Refusal, Some(*grade), what.as_str()),
            Event::Observed { grade, what } => (EventKind::Run, Some(*grade), what.as_str()),
            Event::Decision { what } => (EventKind::Run, None, what.as_str()),
        };
        let counted = (times > 1).then(|| format!("{text} ({times} times)"));
        let text = counted.as_deref().unwrap_or(text);
        let written = notices::event(&self.history, (self.place.now)(), kind, &self.place.server, grade, text);
        self.settle(written);
        if let Event::Drift(finding) = event {
            // Open until it was dealt with: the next probe may see nothing of it.
            let kept = self.history.record_sighting(&self.place.scope, finding, (self.place.now)());
            self.settle(kept.map_err(Error::from));
        }
    }

    fn tell(&mut self, findings: &[Finding]) {
        let worst = findings.iter().map(|finding| finding.grade).max();
        // Of what is below no channel hears.
        let Some(worst) = worst.filter(|worst| *worst >= Grade::Notice) else {
            return;
        };
        if !self.alerts.take(worst, ALERTS) {
            return;
        }
        let Some(runtime) = runtime() else { return };
        let Place { scope, alerts, .. } = &self.place;
        let told = runtime.block_on(notices::tell_of_drift(&self.history, alerts, scope, findings));
        match told {
            Ok(lines) => lines.into_iter().for_each(|line| self.warn(line)),
            Err(error) => self.settle(Err(error)),
        }
    }

    fn settle(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.warn(error.to_string());
        }
    }

    fn warn(&mut self, text: String) {
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }
}

/// A runtime for one thread, made where the desktop is to be spoken to and not before.
pub(super) fn runtime() -> Option<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().ok()
}

//! `doctor`: whether this machine can do what mcp-pin is for, each line with the command that mends it.
//!
//! Changes nothing, starts no server, asks no network. The attack: a check-up that is cut short and reads
//! like a pass. What could not be found out is a line of its own, and an exit status of its own.

mod desktop;
mod home;
mod runtimes;
mod sandbox;
mod servers;
mod stored;

use std::path::PathBuf;

use crate::error::Error;
use crate::history::{self, History};
use crate::manifest::Scope as Owner;
use crate::ops::Context;
use crate::ops::scope::{self, Loaded, Scope};

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Ok,
    /// It works; something would be better otherwise.
    Warn,
    /// It could not be found out.
    Unknown,
    /// It needs doing.
    Broken,
}

impl State {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The kind of thing: `runtime`, `desktop`.
    pub topic: &'static str,
    /// How it stands.
    pub state: State,
    /// What was seen. May hold names of files and answers of programs: show it escaped.
    pub what: String,
    /// The command that mends it, where one is needed.
    pub mend: Option<String>,
}

impl Line {
    fn ok(topic: &'static str, what: impl Into<String>) -> Self {
        Self {
            topic,
            state: State::Ok,
            what: what.into(),
            mend: None,
        }
    }

    fn not(topic: &'static str, state: State, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            topic,
            state,
            what: what.into(),
            mend: Some(mend.into()),
        }
    }

    /// An error of ours, with what helps.
    fn of(topic: &'static str, state: State, error: &Error) -> Self {
        let mut what = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            what = format!("{what}: {source}");
            cause = source.source();
        }
        let hints = error.hints().join("; ");
        Self {
            topic,
            state,
            what,
            mend: (!hints.is_empty()).then_some(hints),
        }
    }
}

/// A whole check-up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkup {
    /// In a fixed order of topics.
    pub lines: Vec<Line>,
}

impl Checkup {
    /// The worst of it. Something that needs doing comes before something that is not known.
    pub fn worst(&self) -> State {
        self.lines.iter().map(|line| line.state).max().unwrap_or(State::Ok)
    }

    /// How many lines are in a state.
    pub fn count(&self, state: State) -> usize {
        self.lines.iter().filter(|line| line.state == state).count()
    }
}

/// What the parts of a check-up share.
struct Patient<'a> {
    context: &'a Context,
    /// `None`: there is none yet, or it cannot be used.
    history: Option<History>,
    /// Scopes that can be read: the user's own, the one here, and every one with an approval.
    scopes: Vec<Loaded>,
}

/// Looks at everything. An error of one part is a line of its own and keeps no other from being looked at.
pub async fn doctor(context: &Context) -> Checkup {
    let mut lines = Vec::new();
    // Before the history is opened: opening mends its mode.
    home::modes(context, &mut lines);
    let history = opened(context, &mut lines);
    let mut patient = Patient {
        context,
        history,
        scopes: Vec::new(),
    };
    patient.scopes = scopes(&patient, &mut lines);
    runtimes::look(&patient, &mut lines).await;
    sandbox::look(context, &mut lines).await;
    home::search(&patient, &mut lines);
    stored::look(context, &mut lines);
    servers::look(&patient, &mut lines);
    desktop::look(&patient, &mut lines).await;
    Checkup { lines }
}

/// The history, where there is one. A missing file is not made.
fn opened(context: &Context, lines: &mut Vec<Line>) -> Option<History> {
    const TOPIC: &str = "history";
    let path = context.home.join(history::FILE_NAME);
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            lines.push(Line::ok(TOPIC, "nothing is recorded yet"));
            return None;
        }
        _ => {}
    }
    match History::open(&path).and_then(|history| history.sound().map(|()| history)) {
        Ok(history) => {
            lines.push(Line::ok(TOPIC, format!("{} can be read", path.display())));
            Some(history)
        }
        Err(error) => {
            lines.push(Line::of(TOPIC, State::Broken, &error.into()));
            None
        }
    }
}

/// Every scope this machine knows, read. What cannot be read is a line.
fn scopes(patient: &Patient<'_>, lines: &mut Vec<Line>) -> Vec<Loaded> {
    let context = patient.context;
    let mut folders: Vec<PathBuf> = vec![context.config.clone()];
    folders.extend(Scope::project(context).map(|scope| scope.folder));
    if let Some(history) = &patient.history {
        match history.scopes() {
            Ok(keys) => folders.extend(keys.iter().filter_map(|key| Some(PathBuf::from(key).parent()?.to_path_buf()))),
            Err(error) => lines.push(Line::of("history", State::Broken, &error.into())),
        }
    }
    folders.sort();
    folders.dedup();
    let mut read = Vec::new();
    for folder in folders {
        let owner = if folder == context.config { Owner::User } else { Owner::Project };
        let scope = Scope { owner, folder };
        let there = |path: PathBuf| path.symlink_metadata().is_ok();
        if !there(scope.manifest()) && !there(scope.lockfile()) {
            continue;
        }
        match scope::load(context, scope) {
            Ok(loaded) => read.push(loaded),
            Err(error) => lines.push(Line::of("files", State::Broken, &error)),
        }
    }
    read
}

//! Floor 1: the guard between a client and a server, without I/O, clock or threads.
//!
//! Raw frames go in, decisions come out. Promise: what the guard does not object to passes byte for
//! byte, and nothing of a text that nobody approved reaches the client, not even inside an error.
//!
//! The attacks: a server that is harmless while it is looked at and turns later (another list on the
//! second call, on page two, for another client), that offers what is in no list, that asks the
//! client for a completion or a password, or that sends what two readers read differently.
//!
//! Beside deciding it asks: the server for lists that no client asked for (module `fresh`), and the user
//! for a yes, through the client's own dialog or outside of it (module `by_client`). The client sees nothing
//! of the former, the server nothing of the latter.
//!
//! Not promised: that what a tool's result says is harmless. Results are data, and pass.

pub mod ask;
mod by_client;
pub mod frame;
mod fresh;
mod from_client;
mod from_server;
mod handshake;
mod held;
pub mod hygiene;
mod lists;
mod open;
mod pinned;
mod refusal;
mod rounds;
mod server_asks;
pub mod session;
mod template;
#[cfg(test)]
mod testing;
pub mod tools;
mod turned;

use std::sync::Arc;

use jiff::Timestamp;

use self::ask::Budget;
use crate::model::guard::GuardRules;
use crate::model::{Finding, Grade, ServerName, Surface};
use crate::policy::{Grading, JudgeContext};
use crate::surface::take::Places;

pub use session::Guard;

#[cfg(test)]
mod by_client_tests;
#[cfg(test)]
mod calls_tests;
#[cfg(test)]
mod edges_tests;
#[cfg(test)]
mod frames_tests;
#[cfg(test)]
mod fresh_tests;
#[cfg(test)]
mod held_tests;
#[cfg(test)]
mod lists_tests;
#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod rounds_tests;

/// The largest frame that passes, in bytes; larger ones are refused.
pub const LARGEST_FRAME: usize = 16 * 1024 * 1024;

/// What a guard is made of: one server, one connection of one client.
#[derive(Clone)]
pub struct Setup {
    /// The entry's name.
    pub server: ServerName,
    /// The pinned surface. `None` where nothing is pinned (`--no-probe`): lists then pass, and the rules
    /// are all that holds.
    pub pinned: Option<Surface>,
    /// The real places and values behind the pin's tokens: the client's home, the working directory,
    /// the tree, the variables.
    pub places: Places,
    /// The entry's rules.
    pub rules: GuardRules,
    /// What grading needs to know.
    pub judge: JudgeContext,
    /// The profile and the overrides in force.
    pub grading: Grading,
    /// The entry is of the user's own scope: commands that the client is told have `--global`.
    pub global: bool,
    /// The day's tokens, which this connection shares with the others of this entry.
    pub budget: Arc<dyn Budget>,
}

/// What is to be done after a frame, in this order: write `to_server` and `to_client`, then the frame
/// itself if it passes, then close.
#[derive(Debug, Default)]
pub struct Output {
    /// The frame goes on to where it was going, as it came.
    pub pass: bool,
    /// Frames of the guard's own for the client, without line ends.
    pub to_client: Vec<Vec<u8>>,
    /// Frames of the guard's own for the server, without line ends.
    pub to_server: Vec<Vec<u8>>,
    /// What happened: for the history and the desktop.
    pub events: Vec<Event>,
    /// What the user has to be asked outside the client (the desktop). The answer comes back through
    /// [`Guard::answered`].
    pub questions: Vec<Question>,
    /// Nothing more passes in either direction: end the server.
    pub close: bool,
}

impl Output {
    /// The frame passes, and nothing happened.
    pub fn pass() -> Self {
        Self {
            pass: true,
            ..Self::default()
        }
    }

    /// Nothing is to be done but, perhaps, to let the frame pass.
    pub const fn is_quiet(&self) -> bool {
        let Self {
            pass: _,
            to_client,
            to_server,
            events,
            questions,
            close,
        } = self;
        to_client.is_empty() && to_server.is_empty() && events.is_empty() && questions.is_empty() && !*close
    }
}

/// Where a frame comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Something worth remembering. Text in it may come from a server: it is shown escaped.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The server differs from its pin: judged as `verify` judges it, with the same fingerprint.
    Drift(Finding),
    /// Something was kept from passing that is no drift of the surface: a call to a tool that is not
    /// pinned, a malformed frame, a request that the rules deny.
    Refused {
        /// How bad.
        grade: Grade,
        /// One line without text of the server, except names.
        what: String,
    },
    /// What would have been kept from passing. It passed: the entry is only observed.
    Observed {
        /// How bad.
        grade: Grade,
        /// One line without text of the server, except names.
        what: String,
    },
    /// A decision about sampling, elicitation, roots or a confirmed call, whichever way it went.
    Decision {
        /// One line: what was asked, and what became of it.
        what: String,
    },
}

/// A question for the user, outside the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Names it, for the answer.
    pub id: u64,
    /// One line.
    pub title: String,
    /// What it is about, shown escaped.
    pub body: String,
    /// When no answer any more is a no.
    pub until: Timestamp,
}

/// The user's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Nobody could be asked: counts as no, and the log says so.
    Nobody,
}

//! One connection: which requests are open, which era is spoken, what has been refused so far.

use jiff::Timestamp;

use super::{Output, Said, Setup, Side};

/// The guard of one connection.
pub struct Guard {
    setup: Setup,
}

impl Guard {
    /// A guard for a connection that has not said anything yet.
    pub const fn new(setup: Setup) -> Self {
        Self { setup }
    }

    /// A frame from the client, without its line end.
    pub fn from_client(&mut self, _frame: &[u8], _now: Timestamp) -> Output {
        Output::pass()
    }

    /// A frame from the server, without its line end.
    pub fn from_server(&mut self, _frame: &[u8], _now: Timestamp) -> Output {
        Output::pass()
    }

    /// A frame above [`LARGEST_FRAME`](super::LARGEST_FRAME) came, of which nothing was kept. It never
    /// passes, whatever is decided here.
    pub fn oversized(&mut self, _from: Side, _now: Timestamp) -> Output {
        Output::default()
    }

    /// The user answered a [question](super::Question).
    pub fn answered(&mut self, _question: u64, _said: Said, _now: Timestamp) -> Output {
        Output::default()
    }

    /// When [`Self::tick`] has something to do, if nothing else happens before.
    pub fn due(&self) -> Option<Timestamp> {
        let _ = &self.setup;
        None
    }

    /// Time has passed: questions and requests that waited too long are refused.
    pub fn tick(&mut self, _now: Timestamp) -> Output {
        Output::default()
    }
}

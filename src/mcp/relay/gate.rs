//! What the relay needs of whoever decides: the guard, and in tests anybody.

use jiff::Timestamp;

use crate::guard::{Guard, Output, Said, Side};

/// Decides about frames. See [`Guard`], whose methods these are.
pub trait Gate: Send + 'static {
    /// A frame from the client, without its line end.
    fn client_says(&mut self, frame: &[u8], now: Timestamp) -> Output;
    /// A frame from the server, without its line end.
    fn server_says(&mut self, frame: &[u8], now: Timestamp) -> Output;
    /// A frame that is too large, of which nothing was kept.
    fn oversized(&mut self, from: Side, now: Timestamp) -> Output;
    /// The user's answer.
    fn answered(&mut self, question: u64, said: Said, now: Timestamp) -> Output;
    /// When [`Self::tick`] has something to do.
    fn due(&self) -> Option<Timestamp>;
    /// Time has passed.
    fn tick(&mut self, now: Timestamp) -> Output;
    /// Whether frames of the client's wait that may still go to the server. Not beyond [`Self::due`].
    fn holds(&self) -> bool {
        false
    }
}

impl Gate for Guard {
    fn client_says(&mut self, frame: &[u8], now: Timestamp) -> Output {
        Self::from_client(self, frame, now)
    }

    fn server_says(&mut self, frame: &[u8], now: Timestamp) -> Output {
        Self::from_server(self, frame, now)
    }

    fn oversized(&mut self, from: Side, now: Timestamp) -> Output {
        Self::oversized(self, from, now)
    }

    fn answered(&mut self, question: u64, said: Said, now: Timestamp) -> Output {
        Self::answered(self, question, said, now)
    }

    fn due(&self) -> Option<Timestamp> {
        Self::due(self)
    }

    fn tick(&mut self, now: Timestamp) -> Output {
        Self::tick(self, now)
    }

    fn holds(&self) -> bool {
        Self::holds(self)
    }
}

//! How a relay and its server ended.

use std::time::Duration;

/// How long a server may take to end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After its input was closed.
    pub input: Duration,
    /// After it was asked with a signal.
    pub signal: Duration,
}

impl Patience {
    /// For a server that did nothing wrong. Together less than the four seconds after which the
    /// official clients kill what they started.
    pub const NORMAL: Self = Self {
        input: Duration::from_secs(2),
        signal: Duration::from_millis(1500),
    };
    /// For a server that the guard closes.
    pub const SHORT: Self = Self {
        input: Duration::from_millis(200),
        signal: Duration::from_millis(800),
    };
}

/// How the server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Code(u8),
    /// By this signal.
    Signal(u8),
    /// It was no process, or nobody knows.
    Gone,
}

impl Ended {
    /// The status to end with oneself: the code, or 128 and the signal, as shells have it.
    pub const fn status(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128u8.saturating_add(signal),
            Self::Gone => 0,
        }
    }
}

/// What ended a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The server ended, or sends nothing any more.
    Server,
    /// The client is gone: it neither sends nor reads.
    Client,
    /// The guard closed the connection.
    Guard,
    /// A signal to us that the server could not be given.
    Signal(u8),
    /// A thread of ours failed. Never a reason to let anything pass.
    Broken,
}

/// The end of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// What came first.
    pub why: Why,
    /// How the server ended then.
    pub server: Ended,
}

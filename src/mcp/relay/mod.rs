//! The relay: frames between a client and a server, each through the [`Guard`].
//!
//! Promise: a frame that the guard passes goes on byte for byte, line end included; a frame that it
//! does not pass goes nowhere; and when the relay ends, the server has ended, and what it started in
//! its process group with it.
//!
//! The attacks: a frame that is one line to us and two to the client; a server that fills a pipe
//! and waits, so that the guard hangs; one that never ends its line, so that memory fills; one that
//! outlives its client.
//!
//! # Threads
//! Blocking threads, one a direction, and the caller's own, which waits for time and for ends; a
//! thread that tells the observer; and a thread a side that writes frames of the guard's own that go
//! against the direction of the frame they were decided on, started by the first such frame.
//!
//! # Why it cannot lock up
//! The guard's lock is held while a frame is decided on, and never while something is read or written.
//! The direction's thread itself writes only to its own side: client to server, or server to client. So it
//! waits for nothing but what a direct connection would wait for too. What it has to say to the other
//! side is queued. A queue is bounded, and only a side that sends on and on without reading what it is
//! answered meets the bound: its own direction then waits, the other does not. Time and ends are the
//! caller's thread, which neither reads nor writes frames, and ends the server by its process group:
//! that closes the pipes on which others wait. Threads that wait for the client are left to end with
//! the process.

mod child;
mod client;
mod direction;
mod ended;
mod gate;
mod line;
mod os;
mod outgoing;
mod signals;
#[cfg(test)]
mod tests;
mod told;
mod trace;
mod vigil;
pub mod warden;

use std::io;

pub use child::{Child, Start};
pub use client::ClientEnds;
pub use direction::{Answer, Observer, Relay, relay};
pub use ended::{Ended, Finished, Patience, Why};
pub use gate::Gate;
pub use line::{Lines, Received, body};
pub use signals::Signal;
pub use trace::{Fate, Toward, Trace};

/// The server's side of a relay.
///
/// A frame is one message with its line end. Both directions are used at once, each by one thread
/// at a time, but for [`Self::finish_input`] and [`Self::end`], which anybody may call at any time.
pub trait Upstream: Send + Sync {
    /// Gives the server a frame, with its line end as it came: `\n`, `\r\n`, or none at the end of the
    /// client's input. Blocks until it is written. Errors end this direction, not the other.
    fn send(&self, frame: &[u8]) -> io::Result<()>;

    /// Waits for the next frame. `None`: the server sends nothing any more, which ends the relay.
    ///
    /// A frame has its line end as it is to reach the client; an upstream that is no stream of lines
    /// adds `\n`. A line end inside is refused by the relay: it would be two messages to the client.
    fn next(&self) -> io::Result<Option<Received>>;

    /// Whether it is on this machine, so that an answer may come in microseconds.
    fn is_near(&self) -> bool {
        false
    }

    /// The client sends nothing any more.
    fn finish_input(&self);

    /// A signal reached us. Says whether it was passed on, so that the server decides what follows;
    /// otherwise the relay ends.
    fn signal(&self, signal: Signal) -> bool {
        let _ = signal;
        false
    }

    /// Ends the server: asks first, waits as long as `patience` says, then ends it by force. Blocks
    /// until it has ended. A pending [`Self::next`] or [`Self::send`] ends too.
    fn end(&self, patience: Patience) -> Ended;
}

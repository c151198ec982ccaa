//! Remote servers over HTTP: frames out, frames in, as over a pipe.
//!
//! Promise: what the client wrote is the body that is sent, byte for byte; what the server answers is
//! handed on one message a frame; tokens and headers go to the approved origin and to no other
//! ([`crate::net::remote`] follows no redirect to one); and nothing is said twice: a request whose
//! answer is lost is not repeated.
//!
//! The attacks: an answer, an event or a stream without an end; an endpoint event that sends the
//! token to another host; a session id that smuggles headers.
//!
//! Both eras: the connection does not negotiate. It carries what the client speaks, and takes the
//! protocol's version from the frames themselves.

mod authorized;
mod connection;
mod error;
mod events;
mod old;
mod peek;
mod upstream;

pub use connection::{Connection, Heard, Options, Terms};
pub use error::HttpError;
pub use events::{Event, EventReader, EventTooLarge};
pub use peek::Mirrors;
pub use upstream::HttpUpstream;

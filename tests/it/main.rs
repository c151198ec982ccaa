//! Through the real binary: what a user sees, against fakes that stand only at the wire.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod architecture;
mod harness;
mod npm;
mod registry;

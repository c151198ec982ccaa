//! Through the real binary: what a user sees, against fakes that stand only at the wire.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "what cannot be unwrapped fails the test; nothing here is an interface"
)]

mod alerts;
mod architecture;
mod bad_input;
mod clone;
mod commands;
mod doctor;
mod drift;
mod evidence;
mod harness;
mod import;
mod incidents;
mod interrupted;
mod lying;
mod notify;
mod npm;
mod peers;
mod probe;
mod pypi;
mod real;
mod registry;
mod remote;
mod review;
mod run;
mod schedule;
mod scripted;
mod signed;
mod sigstore;
mod stable;
mod tamper;
mod terminal;
mod trust;
mod trusting;
mod tuf;
mod update;
mod wrap;

//! `run` as a client meets it: frames on a pipe, an exit status, and what the history says.

mod client;
mod session;

use client::Client;

use crate::harness::Machine;
use crate::scripted::{Local, machine};

/// A machine with a server that was installed and approved.
fn installed(script: &serde_json::Value) -> (Machine, Local) {
    let machine = machine();
    let server = Local::new(&machine, "calc", script);
    server.install(&machine, &[], &[]).exits(0);
    (machine, server)
}

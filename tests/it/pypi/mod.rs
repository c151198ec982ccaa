//! Python servers from an index on loopback, through the real binary: what is promised for npm
//! must hold for Python, and for what only Python has.

mod builds;
mod commands;
mod environment;
mod fleeting;
mod hostile;
mod http;
pub(crate) mod index;
mod install;
mod interrupted;
mod itself;
mod lying;
mod private;
pub(crate) mod real;
mod scripts;
mod signed;
mod tamper;
mod update;
mod wanting;
pub(crate) mod wheel;
mod zip;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::harness::{Machine, Ran};
use index::FakePypi;
use wheel::Wheel;

/// Adds the server without starting it.
const INSTALL: [&str; 4] = ["install", "pypi:demo-mcp-server", "--no-probe", "--yes"];
/// Adds the server and pins what it says.
const PROBE: [&str; 3] = ["install", "pypi:demo-mcp-server", "--yes"];
/// Makes the machine match the lock.
const MATCH: [&str; 3] = ["install", "--no-probe", "--yes"];
const VERIFY: [&str; 2] = ["verify", "--no-probe"];

/// A machine whose uv is configured with an index, and whose output is not wrapped.
pub(crate) fn machine(index: &FakePypi) -> Machine {
    let mut machine = Machine::new();
    machine.set("UV_DEFAULT_INDEX", index.url()).set("COLUMNS", "1000");
    machine
}

/// The smallest closure with edges, installed without having been started.
fn installed() -> (FakePypi, Machine) {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    machine.run(&INSTALL).exits(0);
    (index, machine)
}

/// Somebody else's machine with the same project.
fn cloned(index: &FakePypi, of: &Machine) -> Machine {
    let machine = machine(index);
    machine.clone_project(of);
    machine
}

/// The lock's entry of the server.
#[track_caller]
fn entry(machine: &Machine) -> Value {
    let lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    lock["servers"]["demo"].clone()
}

/// The places of the locked packages.
#[track_caller]
fn packages(machine: &Machine) -> Vec<String> {
    entry(machine)["packages"].as_object().unwrap().keys().cloned().collect()
}

fn at(name: &str, version: &str) -> String {
    format!("site-packages/{name}@{version}")
}

/// The places of the server, its helper and what that needs, in these versions.
fn three(demo: &str, helper: &str, deep: &str) -> Vec<String> {
    vec![at("demo-deep", deep), at("demo-helper", helper), at("demo-mcp-server", demo)]
}

/// A wheel's digest as the lock has it.
fn integrity(wheel: &Wheel) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(wheel.archive())))
}

/// The folder that the installed server's modules lie in.
#[track_caller]
fn site(machine: &Machine) -> PathBuf {
    let folders = std::fs::read_dir(machine.tree().join("lib")).unwrap();
    let pythons: Vec<_> = folders.map(|entry| entry.unwrap().path().join("site-packages")).collect();
    assert!(pythons.len() == 1 && pythons[0].is_dir(), "{pythons:?}");
    pythons[0].clone()
}

/// What a tool of the pinned surface says.
#[track_caller]
fn description(machine: &Machine, tool: &str) -> String {
    let entry = entry(machine);
    let tools = entry["surface"]["views"][0]["tools"].as_array().unwrap();
    let found = tools.iter().find(|found| found["definition"]["name"] == tool);
    let found = found.unwrap_or_else(|| panic!("no tool `{tool}` in {tools:#?}"));
    found["definition"]["description"].as_str().unwrap().to_owned()
}

/// Runs a command until it needs no further consent, naming what it stops at; the user's own
/// configuration must allow that.
#[track_caller]
fn accepting(machine: &Machine, args: &[&str]) -> Ran {
    machine.allow_accept();
    // It says `--yes` itself.
    let args: Vec<&str> = args.iter().copied().filter(|word| *word != "--yes").collect();
    crate::scripted::accepting(machine, &args).0
}

/// A release date, as an index writes it.
#[expect(clippy::disallowed_methods, reason = "dates in a test are relative to the day it runs")]
fn hours_ago(hours: i64) -> String {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
    then.strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

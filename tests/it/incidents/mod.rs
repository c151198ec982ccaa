//! What has happened to others, replayed: each known attack on packages or configurations as a
//! harmless package of our own, caught at the moment it should be and called by its name.
//!
//! The numbers are those of the list of incidents that the project works from. A payload writes at
//! most a file into the temporary folder of its test, and that file must not exist afterwards.

mod config;
mod npm;
mod python;
mod rogue;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Machine, Ran, snapshot};

/// What a user has of a run that was stopped.
struct Caught {
    report: Value,
    plain: Ran,
}

impl Caught {
    /// Asserts that a finding stands in the report with this grade, and that its title is shown.
    #[track_caller]
    fn names(&self, code: &str, subject: &str, grade: &str, title: &str) -> &Value {
        let all = self.report["findings"].as_array().unwrap();
        let found = all.iter().find(|finding| finding["code"] == code && finding["subject"] == subject);
        let found = found.unwrap_or_else(|| panic!("no {code} about {subject} in {all:#?}"));
        assert_eq!(found["grade"], grade, "{found:#}");
        assert!(found["title"].as_str().unwrap().contains(title), "`{title}` is not in {found:#}");
        assert!(self.plain.stdout.contains(title), "`{title}` is not in\n{}", self.plain.stdout);
        found
    }

    /// Asserts that no finding has this code.
    #[track_caller]
    fn has_no(&self, code: &str) {
        let all = self.report["findings"].as_array().unwrap();
        assert!(all.iter().all(|finding| finding["code"] != code), "{all:#?}");
    }

    /// Asserts that the evidence of some finding shows this.
    #[track_caller]
    fn shows(&self, text: &str) {
        assert!(self.plain.stdout.contains(text), "`{text}` is not in\n{}", self.plain.stdout);
    }
}

/// Runs a command that must be stopped by findings with nothing run, locked or unpacked: once for
/// programs, once for people.
#[track_caller]
fn caught(machine: &Machine, args: &[&str], marker: &Path) -> Caught {
    let files = snapshot(&machine.project());
    let trees = installs(machine);
    let report = machine.run(&[args, &["--format", "json"]].concat()).exits(1).json();
    let plain = machine.run(&[args, &["--verbose"]].concat()).exits(1);
    assert_eq!(report["status"], "findings");
    assert_eq!(snapshot(&machine.project()), files, "the project's files changed");
    assert_eq!(installs(machine), trees, "what nobody approved was unpacked");
    assert!(!marker.exists(), "the payload was run");
    Caught { report, plain }
}

/// An update of an installed server that must be stopped, tried and in earnest.
#[track_caller]
fn update_caught(machine: &Machine, marker: &Path) -> Caught {
    caught(machine, &["update", "--dry-run"], marker);
    caught(machine, &["update", "--yes"], marker)
}

fn installs(machine: &Machine) -> usize {
    std::fs::read_dir(machine.store().join("installs")).map_or(0, Iterator::count)
}

/// What a payload would write.
fn marker(machine: &Machine) -> PathBuf {
    machine.home().join("payload-was-here")
}

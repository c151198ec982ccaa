//! What a pull request changes, as a reviewer and CI see it: `diff --base`, and the commands of
//! `docs/ci.md` as they stand there.

mod base;
mod documented;
mod page;

use std::path::Path;
use std::process::Command;

use crate::harness::Machine;
use crate::registry::FakeNpm;
use crate::scripted::{honest, machine_with, package};

/// Runs git in a folder, as somebody.
#[track_caller]
fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(machine: &Machine, message: &str) {
    git(&machine.project(), &["add", "-A"]);
    git(&machine.project(), &["commit", "-qm", message]);
}

/// A project in git that has `calc` 1.0.0 on `main`, and stands on the branch `change`.
fn project() -> (FakeNpm, Machine) {
    let registry = FakeNpm::start();
    registry.publish(package("calc", "1.0.0", &honest()));
    let machine = machine_with(&registry);
    git(&machine.project(), &["init", "-q"]);
    machine.run(&["install", "npm:calc", "--yes"]).exits(0);
    commit(&machine, "Pin calc");
    git(&machine.project(), &["checkout", "-qb", "change"]);
    (registry, machine)
}

//! Killed while a tree is made, or compiled, or made whole again: the next call finds the old state
//! or the new one. What the files of a project go through is the same as for npm.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{MATCH, VERIFY, cloned, installed, machine, site};
use crate::harness::{Machine, snapshot};
use crate::interrupted::{NAMING, STORE, can_trace, files, killed_at_every_step, start, succeeded};

/// A machine with the lock of another and its archives, so that only the tree is missing.
fn with_archives(index: &super::index::FakePypi, of: &Machine) -> Machine {
    let machine = cloned(index, of);
    let (from, to) = (of.store().join("archives"), machine.store().join("archives"));
    for (path, bytes) in snapshot(&from) {
        let target = to.join(path.strip_prefix(&from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, bytes).unwrap();
    }
    machine
}

#[test]
fn a_tree_that_is_made_killed_at_every_step() {
    if !can_trace() {
        return;
    }
    let (index, reference) = installed();
    let new = files(&reference.project());
    killed_at_every_step(&MATCH, &[&NAMING, &STORE[..4]], &|| with_archives(&index, &reference), &new);
}

#[test]
fn a_repair_killed_at_every_step() {
    if !can_trace() {
        return;
    }
    let (index, reference) = installed();
    let prepare = || {
        let machine = with_archives(&index, &reference);
        machine.run(&MATCH).exits(0);
        let file = site(&machine).join("demo_deep.py");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(file, "evil()").unwrap();
        machine
    };
    let new = files(&reference.project());
    killed_at_every_step(&MATCH, &[&NAMING, &STORE[5..]], &prepare, &new);
}

#[test]
fn two_at_a_time_on_one_store() {
    let (index, reference) = installed();
    let first = cloned(&index, &reference);
    let mut second = machine(&index);
    second.clone_project(&reference);
    let store = first.store();
    second.set("MCP_PIN_HOME", store);
    let both = [start(first.command(&MATCH)), start(second.command(&MATCH))];
    both.into_iter().for_each(succeeded);
    for machine in [&first, &second] {
        machine.run(&VERIFY).exits(0);
    }
    first.archives();
}

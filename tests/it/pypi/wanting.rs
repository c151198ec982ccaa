//! What is missing - uv, an interpreter, a wheel - is said before anything is fetched or run.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::index::FakePypi;
use super::wheel::{Wheel, demo, helper};
use super::{INSTALL, VERIFY, installed, machine, packages, three};
use crate::harness::Machine;

/// The interpreter behind `python3`, which may be a shim.
fn interpreter() -> PathBuf {
    behind("python3")
}

fn behind(program: &str) -> PathBuf {
    let output = Command::new(program)
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// A PATH that holds these programs and no others.
fn only(machine: &mut Machine, programs: &[(&str, PathBuf)]) {
    let bin = machine.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (name, target) in programs {
        symlink(target, bin.join(name)).unwrap();
    }
    machine.set("PATH", bin);
}

#[test]
fn without_uv_the_error_says_how_to_get_it() {
    let index = FakePypi::with_demo();
    let mut machine = machine(&index);
    only(&mut machine, &[("python3", interpreter())]);
    machine.refuses(&INSTALL).says("uv is not on the PATH").says("hint: install uv");
    assert_eq!(index.requests(), Vec::<String>::new());
}

#[test]
fn what_is_locked_needs_no_uv() {
    let (index, first) = installed();
    let mut second = super::cloned(&index, &first);
    only(&mut second, &[("python3", interpreter())]);
    second.run(&["install", "--no-probe", "--yes"]).exits(0);
    second.run(&VERIFY).exits(0);
}

#[test]
fn without_python_the_error_says_so() {
    let (index, first) = installed();
    let mut second = super::cloned(&index, &first);
    only(&mut second, &[]);
    second
        .refuses(&["install", "--no-probe", "--yes"])
        .says("could not find a Python")
        .says("there is none on PATH")
        .says("hint: install one");
}

#[test]
fn a_python_that_no_interpreter_is_is_said_before_anything_is_fetched() {
    for (server, helper, says) in [
        (
            demo("1.0").requires_python(">=3.99"),
            helper("1.0"),
            "could not find a Python that meets `>=3.99`",
        ),
        (
            demo("1.0"),
            helper("1.0").requires_python(">=3.99"),
            "demo-helper==1.0 depends on Python>=3.99",
        ),
        (
            demo("1.0").requires_python("<3"),
            helper("1.0"),
            "`demo-mcp-server` 1.0 is for Python `<3`",
        ),
    ] {
        let index = FakePypi::with_demo();
        index.publish(&server).publish(&helper);
        machine(&index).refuses(&INSTALL).says(says);
        assert_eq!(index.fetched(), Vec::<String>::new());
    }
}

/// A source distribution whose build would leave a mark.
fn source(mark: &std::path::Path) -> Vec<u8> {
    let setup = format!(
        "open({:?}, 'w')\nfrom setuptools import setup\nsetup(name='demo-helper', version='1.5')\n",
        mark.display().to_string()
    );
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, text) in [
        ("PKG-INFO", "Metadata-Version: 2.1\nName: demo-helper\nVersion: 1.5\n"),
        ("setup.py", setup.as_str()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("demo_helper-1.5/{name}"), text.as_bytes())
            .unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_dependency_that_is_source_only_is_named_and_not_built() {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    let mark = machine.home().join("mark");
    index
        .unpublish(&helper("1.0").file_name())
        .publish_source("demo-helper", "1.5", source(&mark));
    machine.refuses(&INSTALL).says("the dependency `demo-helper` 1.5 has no wheel");
    assert!(!mark.exists(), "a build ran");
    // The server itself.
    let index = FakePypi::start();
    index.publish_source("demo-mcp-server", "1.5", source(&mark));
    super::machine(&index).refuses(&INSTALL).says("`demo-mcp-server` 1.5 has no wheel");
    assert!(!mark.exists(), "a build ran");
}

#[test]
fn a_newer_version_that_has_no_wheel_is_not_passed_over_in_silence() {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    let mark = machine.home().join("mark");
    index
        .publish_source("demo-helper", "1.5", source(&mark))
        .publish_source("demo-mcp-server", "1.7", source(&mark));
    machine
        .run(&INSTALL)
        .exits(0)
        .says("newer-without-wheel")
        .says("1.5")
        .says("demo-helper")
        .says("1.7");
    assert_eq!(packages(&machine), three("1.0", "1.0", "1.0"));
    assert!(!mark.exists(), "a build ran");
    // A source beside the wheel of the same version is nothing to say.
    index
        .unpublish("demo_helper-1.5.tar.gz")
        .unpublish("demo_mcp_server-1.7.tar.gz")
        .publish_source("demo-helper", "1.0", source(&mark));
    let machine = super::machine(&index);
    machine.run(&INSTALL).exits(0).never_says("1.5").never_says(".tar.gz");
    assert!(!machine.read("mcp-pin.lock").contains(".tar.gz"), "sources are not locked");
}

#[test]
fn a_wheel_for_other_machines_only_is_named() {
    let index = FakePypi::with_demo();
    index
        .unpublish(&helper("1.0").file_name())
        .publish(&helper("1.0").tag("cp27-cp27m-win32"))
        .publish(&helper("1.1").tag("py3-none-plan9_x86"));
    machine(&index)
        .refuses(&INSTALL)
        .says("`demo-helper@1.1` has no wheel for this machine");
    assert!(index.fetched().iter().all(|file| !file.contains("helper")));
}

#[test]
fn the_most_special_wheel_is_taken_and_only_that() {
    let index = FakePypi::with_demo();
    let generic = Wheel::new("demo-helper", "1.0").file("demo_helper/__init__.py", "VERSION = 'generic'\n");
    let special = Wheel::new("demo-helper", "1.0").file("demo_helper/__init__.py", "VERSION = 'special'\n");
    index.publish(&generic);
    for python in 8..=15 {
        index.publish(&special.clone().tag(&format!("cp3{python}-none-any")));
    }
    let machine = machine(&index);
    machine.run(&INSTALL).exits(0);
    let text = std::fs::read_to_string(super::site(&machine).join("demo_helper/__init__.py")).unwrap();
    assert_eq!(text, "VERSION = 'special'\n");
    machine.run(&VERIFY).exits(0);
}

/// Every interpreter that uv finds here, fit for the server; behind shims and links, and once.
fn interpreters() -> Vec<PathBuf> {
    let words = ["python", "list", "--only-installed", "--output-format", "json"];
    let output = Command::new("uv").args(words).output().unwrap();
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found: Vec<PathBuf> = Vec::new();
    for python in all.as_array().unwrap() {
        let parts = &python["version_parts"];
        if parts["major"] == 3 && parts["minor"].as_u64() >= Some(9) && python["implementation"] == "cpython" {
            let real = behind(python["path"].as_str().unwrap()).canonicalize().unwrap();
            if !found.contains(&real) {
                found.push(real);
            }
        }
    }
    found
}

/// Puts a copy of an interpreter at a place, which finds its library from there. Whether it does.
fn copied(interpreter: &Path, place: &Path) -> bool {
    let _ = std::fs::remove_file(place);
    std::fs::copy(interpreter, place).unwrap();
    let works = Command::new(place).args(["-c", "import json, ssl"]).env_clear().output();
    works.is_ok_and(|output| output.status.success())
}

#[test]
fn another_interpreter_is_seen() {
    let (index, first) = installed();
    let mut machine = super::cloned(&index, &first);
    only(&mut machine, &[]);
    let python = machine.home().join("bin/python3");
    let fit: Vec<_> = interpreters().into_iter().filter(|found| copied(found, &python)).collect();
    let [one, other, ..] = &fit[..] else {
        println!("skipped: fewer than two Pythons here work where they are copied to: {fit:?}");
        return;
    };
    copied(one, &python);
    machine.run(&["install", "--no-probe", "--yes"]).exits(0);
    machine.run(&VERIFY).exits(0);
    // One that comes before it on the PATH is not the one that the server was installed with.
    let path = machine.home().join("bin");
    let before = machine.home().join("before");
    std::fs::create_dir(&before).unwrap();
    symlink(other, before.join("python3")).unwrap();
    machine.set("PATH", std::env::join_paths([&before, &path]).unwrap());
    machine.run(&VERIFY).exits(0);
    machine.set("PATH", path);
    // In its place: another, a link, nothing.
    copied(other, &python);
    machine
        .run(&VERIFY)
        .exits(1)
        .says("interpreter-changed")
        .says("recorded")
        .says("found");
    // Made anew for the one that is here, and then there is nothing to say.
    machine.run(&["install", "--no-probe", "--yes"]).exits(0);
    machine.run(&VERIFY).exits(0);
    std::fs::remove_file(&python).unwrap();
    symlink(other, &python).unwrap();
    machine.run(&VERIFY).exits(1).says("interpreter-changed");
    std::fs::remove_file(&python).unwrap();
    machine.run(&VERIFY).exits(1).says("interpreter-changed").says("not there any more");
    assert_eq!(
        machine.read("mcp-pin.lock"),
        first.read("mcp-pin.lock"),
        "no interpreter is in the lock"
    );
}

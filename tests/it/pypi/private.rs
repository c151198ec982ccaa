//! A private index: its credentials are used as uv and pip use them, and are found nowhere else.

use std::fs;

use super::index::FakePypi;
use super::{MATCH, PROBE, VERIFY};
use crate::harness::{Machine, Ran, snapshot};

const USER: &str = "jane";
const PASSWORD: &str = "s3cr3t-p4ss";

fn index() -> FakePypi {
    let index = FakePypi::with_demo();
    index.requires(USER, PASSWORD);
    index
}

/// A machine without any index of its own.
fn machine() -> Machine {
    let mut machine = Machine::new();
    machine.set("COLUMNS", "1000");
    machine
}

fn write(machine: &Machine, path: &str, text: &str) {
    let path = machine.home().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// `base64("jane:s3cr3t-p4ss")`, as it goes over the wire.
const ON_THE_WIRE: &str = "amFuZTpzM2NyM3QtcDRzcw==";

#[track_caller]
fn keeps_the_secret(ran: Ran) -> Ran {
    ran.never_says(PASSWORD).never_says(ON_THE_WIRE)
}

#[track_caller]
fn stored_nowhere(machine: &Machine) {
    let files = [snapshot(&machine.project()), snapshot(&machine.store())].concat();
    for (path, bytes) in files {
        for secret in [PASSWORD, ON_THE_WIRE] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the password is in {}", path.display());
        }
    }
}

#[test]
fn it_works_however_it_is_configured() {
    type Configure = fn(&mut Machine, &FakePypi);
    let ways: [(&str, Configure); 6] = [
        ("UV_DEFAULT_INDEX", |machine, index| {
            machine.set("UV_DEFAULT_INDEX", index.url_with(USER, PASSWORD));
        }),
        ("UV_INDEX and variables", |machine, index| {
            machine
                .set("UV_DEFAULT_INDEX", format!("corp={}", index.url()))
                .set("UV_INDEX_CORP_USERNAME", USER)
                .set("UV_INDEX_CORP_PASSWORD", PASSWORD);
        }),
        ("uv.toml", |machine, index| {
            let text = format!(
                "[[index]]\nname = \"corp\"\nurl = \"{}\"\ndefault = true\n",
                index.url_with(USER, PASSWORD)
            );
            write(machine, ".config/uv/uv.toml", &text);
        }),
        (".netrc", |machine, index| {
            machine.set("UV_DEFAULT_INDEX", index.url());
            write(
                machine,
                ".netrc",
                &format!("machine 127.0.0.1\n  login {USER}\n  password {PASSWORD}\n"),
            );
        }),
        ("pip.conf", |machine, index| {
            let text = format!("[global]\nindex-url = {}\n", index.url_with(USER, PASSWORD));
            write(machine, ".config/pip/pip.conf", &text);
        }),
        ("PIP_INDEX_URL", |machine, index| {
            machine.set("PIP_INDEX_URL", index.url_with(USER, PASSWORD));
        }),
    ];
    for (what, configure) in ways {
        println!("{what}");
        let index = index();
        let mut machine = machine();
        configure(&mut machine, &index);
        keeps_the_secret(machine.run(&PROBE)).exits(0);
        keeps_the_secret(machine.run(&["show", "demo", "--verbose"])).exits(0);
        keeps_the_secret(machine.run(&["log", "--format", "json"])).exits(0);
        keeps_the_secret(machine.run(&["update", "--yes", "--verbose"])).exits(0);
        let lock = machine.read("mcp-pin.lock");
        assert!(!lock.contains(USER) && !lock.contains("127.0.0.1"), "{lock}");
        stored_nowhere(&machine);
    }
}

#[test]
fn a_wrong_password_is_said_without_it() {
    let index = index();
    let mut machine = machine();
    let wrong = "wr0ng-p4ss";
    machine.set("UV_DEFAULT_INDEX", index.url_with(USER, wrong));
    let refused = machine.refuses(&PROBE);
    refused
        .never_says(wrong)
        .says("has of `demo-mcp-server`")
        .says("answered with status 401");
    assert!(!index.requests().is_empty(), "the index was not even asked");
    // Nor where the index breaks in the middle.
    let mut machine = self::machine();
    machine.set("UV_DEFAULT_INDEX", index.url_with(USER, PASSWORD));
    for path in ["/files/", "/simple/demo-helper/", "/simple/"] {
        index.calm().trouble(path, crate::registry::Trouble::Status(500));
        keeps_the_secret(machine.refuses(&PROBE)).says("500");
    }
    stored_nowhere(&machine);
}

#[test]
fn a_lock_from_behind_a_private_index_works_behind_another() {
    let index = index();
    let mut one = machine();
    one.set("UV_DEFAULT_INDEX", index.url_with(USER, PASSWORD));
    one.run(&PROBE).exits(0);
    let public = FakePypi::with_demo();
    let two = super::cloned(&public, &one);
    two.run(&MATCH).exits(0);
    two.run(&VERIFY).exits(0);
    assert_eq!(two.read("mcp-pin.lock"), one.read("mcp-pin.lock"));
}

#[test]
fn passwords_do_not_follow_a_link_to_another_host() {
    let (index, files) = (index(), FakePypi::with_demo());
    let file = super::wheel::helper("1.0").file_name();
    // Another host that asks for a password gets none of ours. (`localhost`, as the other host.)
    files.requires(USER, PASSWORD);
    let elsewhere = files.url().replace("127.0.0.1", "localhost");
    index.links(&file, &format!("{elsewhere}/../files/demo-helper/{file}"));
    let mut machine = machine();
    machine.set("UV_DEFAULT_INDEX", index.url_with(USER, PASSWORD));
    keeps_the_secret(machine.refuses(&PROBE)).says("did not allow it").says(&file);
}

//! From a requirement to a locked, verified tree, and to the same tree somewhere else.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::index::FakePypi;
use super::wheel::{Wheel, deep, demo, helper};
use super::{INSTALL, MATCH, PROBE, VERIFY, at, cloned, entry, integrity, machine, packages, three};
use crate::harness::{Machine, snapshot};

/// `deep` as another platform and another interpreter get it.
fn foreign_deep() -> [Wheel; 2] {
    ["cp310-cp310-macosx_11_0_arm64", "cp312-cp312-win_amd64"].map(|tag| deep("1.0").tag(tag))
}

#[test]
fn a_server_is_locked_whole_and_verified() {
    let index = FakePypi::with_demo();
    for wheel in foreign_deep() {
        index.publish(&wheel);
    }
    let machine = machine(&index);
    machine.run(&PROBE).exits(0).says("added").says("demo");

    assert_eq!(packages(&machine), three("1.0", "1.0", "1.0"));
    let lock = machine.read("mcp-pin.lock");
    let [mac, windows] = foreign_deep();
    for wheel in [demo("1.0"), helper("1.0"), deep("1.0"), mac, windows] {
        assert!(lock.contains(&wheel.file_name()), "{} in\n{lock}", wheel.file_name());
        assert!(lock.contains(&integrity(&wheel)), "the digest of {} in\n{lock}", wheel.file_name());
    }
    let entry = entry(&machine);
    assert_eq!(entry["source"], "pypi:demo-mcp-server");
    assert_eq!(entry["launch"]["runtime"]["kind"], "python");
    assert_eq!(entry["launch"]["entry"], "demo-mcp-server = demo_mcp_server.server:main");
    for leak in ["127.0.0.1", "http:", "/simple", "/tmp", "home", "linux", "x86_64", "cpython"] {
        assert!(!lock.contains(leak), "`{leak}` in\n{lock}");
    }
    assert!(lock.contains("Adds two numbers."), "{lock}");

    machine.run(&["verify"]).exits(0).says("demo: as pinned");
    machine
        .run(&["list"])
        .exits(0)
        .says("demo")
        .says("1.0")
        .says("pypi:demo-mcp-server");
    machine
        .run(&["show", "demo"])
        .exits(0)
        .says("demo-mcp-server")
        .says("3 packages")
        .says("Adds two numbers.");
    // Only what this machine can use is fetched.
    let fetched = index.fetched();
    assert!(
        fetched.iter().all(|file| !file.contains("macosx") && !file.contains("win_amd64")),
        "{fetched:?}"
    );
    // And without the index, nothing is missing.
    drop(index);
    machine.run(&["verify", "--offline"]).exits(0);
    machine.run(&["remove", "demo", "--yes"]).exits(0);
    machine.run(&["list"]).exits(0).never_says("demo-mcp-server");
}

#[test]
fn for_the_user_it_works_in_any_folder() {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    machine
        .run(&["install", "--global", "--yes", "pypi:demo-mcp-server"])
        .exits(0)
        .says("demo");
    assert_eq!(snapshot(&machine.project()), [], "a global server leaves the project alone");
    machine.run(&["verify", "--global"]).exits(0).says("demo: as pinned");
    machine.run(&["update", "--global", "--yes"]).exits(0).says("unchanged");
    machine.run(&["remove", "--global", "demo", "--yes"]).exits(0);
}

#[test]
fn requirements_are_read_as_python_reads_them() {
    let index = FakePypi::with_demo();
    index
        .publish(&demo("1.5").extra("more", "demo-extra>=1"))
        .publish(&demo("1.10"))
        .publish(&demo("2.0rc1"))
        .publish(&demo("2.0"))
        .publish(&Wheel::new("demo-extra", "1.0").file("demo_extra.py", ""));
    for (spec, version, extra) in [
        ("pypi:demo-mcp-server==1.0", "1.0", false),
        ("pypi:Demo_MCP.Server[more]>=1,<1.10", "1.5", true),
        ("pypi:demo-mcp-server<2", "1.10", false),
        ("pypi:demo-mcp-server", "2.0", false),
        ("pypi:demo-mcp-server==2.0rc1", "2.0rc1", false),
    ] {
        let machine = machine(&index);
        machine.run(&["install", spec, "--no-probe", "--yes"]).exits(0);
        let found = packages(&machine);
        assert!(found.contains(&at("demo-mcp-server", version)), "{spec}: {found:?}");
        assert_eq!(found.contains(&at("demo-extra", "1.0")), extra, "{spec}: {found:?}");
        machine.run(&VERIFY).exits(0);
    }
    let machine = machine(&index);
    machine
        .refuses(&["install", "pypi:demo-mcp-server>=9", "--no-probe", "--yes"])
        .says("no version of `demo-mcp-server` matches `>=9`");
    machine
        .refuses(&["install", "pypi:nobody-has-this", "--yes"])
        .says("no index has a package `nobody-has-this`");
    for (spec, says) in [
        ("pypi:demo-mcp-server@1.0", "write `pypi:demo-mcp-server==1.0`"),
        ("pypi:git+https://127.0.0.1:1/x", "is not a registry package"),
        ("pypi:./demo", "is not a registry package"),
        ("pypi:demo @ http://127.0.0.1:1/x.whl", "is not a registry package"),
    ] {
        machine.refuses(&["install", spec, "--yes"]).says(says);
    }
}

#[test]
fn packages_for_other_machines_are_locked_and_not_installed() {
    let index = FakePypi::with_demo();
    index
        .publish(
            &helper("1.0")
                .requires("demo-mac; sys_platform == 'darwin'")
                .requires("demo-old>=1; python_version < '3.9'"),
        )
        .publish(&demo("1.0").requires_python(">=3.8"))
        .publish(
            &Wheel::new("demo-mac", "1.0")
                .file("demo_mac.py", "")
                .tag("cp312-abi3-macosx_11_0_arm64"),
        )
        .publish(&Wheel::new("demo-old", "1.0").file("demo_old.py", ""));
    let machine = machine(&index);
    machine.run(&INSTALL).exits(0);
    let lock = machine.read("mcp-pin.lock");
    assert!(packages(&machine).contains(&at("demo-mac", "1.0")), "{lock}");
    assert!(lock.contains("sys_platform == 'darwin'"), "{lock}");
    let site = super::site(&machine);
    assert!(site.join("demo_helper/__init__.py").is_file());
    assert!(!site.join("demo_mac.py").exists());
    assert!(!site.join("demo_old.py").exists());
    machine.run(&VERIFY).exits(0);
    // Whoever locks it reads a wheel of each package, for what it needs; whoever takes the lock
    // fetches what is for this machine.
    let mac = || index.fetched().iter().filter(|file| file.contains("demo_mac")).count();
    assert_eq!(mac(), 1);
    let second = cloned(&index, &machine);
    second.run(&MATCH).exits(0);
    second.run(&VERIFY).exits(0);
    assert_eq!(mac(), 1);
}

/// Every installed file: path, mode, bytes.
fn contents(machine: &Machine) -> Vec<(String, u32, Vec<u8>)> {
    let tree = machine.tree();
    let files = snapshot(&tree).into_iter().map(|(path, bytes)| {
        let mode = fs::metadata(&path).unwrap().mode() & 0o777;
        (path.strip_prefix(&tree).unwrap().to_str().unwrap().to_owned(), mode, bytes)
    });
    files.collect()
}

#[test]
fn a_second_machine_gets_the_same_bytes() {
    let index = FakePypi::with_demo();
    let one = machine(&index);
    one.run(&PROBE).exits(0);
    // Newer releases do not matter: the lock does.
    index.publish(&helper("1.5")).publish(&demo("1.9"));
    let mut two = cloned(&index, &one);
    two.set("TZ", "Pacific/Auckland")
        .set("LANG", "de_DE.UTF-8")
        .set("PYTHONHASHSEED", "7");
    two.run(&["verify"]).exits(2).says("mcp-pin install");
    two.run(&MATCH).exits(0);
    two.run(&["verify"]).exits(0);
    assert_eq!(two.read("mcp-pin.lock"), one.read("mcp-pin.lock"));
    let (ours, theirs) = (contents(&one), contents(&two));
    let names = |files: &[(String, u32, Vec<u8>)]| files.iter().map(|file| file.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&ours), names(&theirs));
    assert!(ours == theirs, "the same names with other bytes or modes");
    assert!(
        ours.iter()
            .any(|file| Path::new(&file.0).extension().is_some_and(|end| end == "pyc")),
        "nothing is compiled: {:?}",
        names(&ours)
    );
    assert!(ours.iter().all(|file| file.1 & 0o222 == 0), "files that can be written");
}

#[test]
fn the_lock_is_the_same_whatever_the_index_and_the_machine_are_like() {
    let first = FakePypi::with_demo();
    let one = machine(&first);
    one.run(&INSTALL).exits(0);
    let second = FakePypi::with_demo();
    second.without_metadata();
    let mut two = machine(&second);
    two.set("TZ", "Pacific/Auckland")
        .set("LANG", "de_DE.UTF-8")
        .set("UV_RESOLUTION", "lowest")
        .set("UV_PRERELEASE", "allow")
        .set("UV_EXCLUDE_NEWER", "2001-01-01T00:00:00Z")
        .set("UV_NO_BINARY", "1")
        .set("UV_FROZEN", "1")
        .set("PIP_NO_BINARY", ":all:")
        .set("VIRTUAL_ENV", "/nonexistent");
    two.run(&INSTALL).exits(0);
    assert_eq!(one.read("mcp-pin.lock"), two.read("mcp-pin.lock"));
    assert_eq!(one.read("mcp-pin.toml"), two.read("mcp-pin.toml"));
    // An old index that speaks HTML and knows no dates is believed in everything but its age.
    let third = FakePypi::with_demo();
    third.speaks_html();
    let three = machine(&third);
    three.run(&INSTALL).exits(0);
    assert_eq!(one.read("mcp-pin.lock"), three.read("mcp-pin.lock"));
}

/// What tells a file that was written from one that was not.
fn stamps(folder: &Path) -> Vec<(String, u64, i64, i64)> {
    let files = snapshot(folder).into_iter().map(|(path, _)| {
        let found = fs::metadata(&path).unwrap();
        (path.display().to_string(), found.ino(), found.mtime(), found.mtime_nsec())
    });
    files.collect()
}

#[test]
fn nothing_to_do_touches_nothing() {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    machine.run(&INSTALL).exits(0);
    let (project, tree) = (stamps(&machine.project()), stamps(&machine.store().join("installs")));
    for args in [
        &MATCH[..],
        &["install", "--offline"],
        &["install", "--locked"],
        &INSTALL,
        &["update", "--no-probe", "--yes"],
        &["update", "--no-probe", "--dry-run"],
        &VERIFY,
    ] {
        machine.run(args).exits(0);
        assert_eq!(stamps(&machine.project()), project, "{args:?}");
        assert_eq!(stamps(&machine.store().join("installs")), tree, "{args:?}");
    }
}

#[test]
fn servers_of_both_worlds_stand_side_by_side() {
    let (index, npm) = (FakePypi::with_demo(), crate::registry::FakeNpm::with_demo());
    index.publish(&super::wheel::named_server("mcp-server-other", "1.0", &crate::scripted::honest()));
    let machine = machine(&index);
    machine.npmrc(&format!("registry={}", npm.url()));
    machine.run(&INSTALL).exits(0);
    machine
        .run(&["install", "npm:demo", "--name", "node", "--no-probe", "--yes"])
        .exits(0);
    machine.run(&["install", "pypi:mcp-server-other", "--no-probe", "--yes"]).exits(0);
    machine.run(&VERIFY).exits(0).says("demo").says("node").says("other");
    // Each has its own copy of its tree.
    let trees = fs::read_dir(machine.store().join("installs")).unwrap().count();
    assert_eq!(trees, 3);
    machine.run(&["remove", "demo", "--yes"]).exits(0);
    machine.run(&VERIFY).exits(0).says("node").says("other");
}

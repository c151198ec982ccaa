//! An index that lies, or is ill. Whatever it does, nothing of it reaches the lock, and the error
//! names the package.

use crate::registry::Trouble;

use super::index::FakePypi;
use super::wheel::{Wheel, deep, demo, helper};
use super::{INSTALL, MATCH, VERIFY, cloned, installed, machine};

/// What is done to the index about a file, given the text of its plainest metadata.
type Lie = fn(&FakePypi, &str, String);
type Loss = fn(&FakePypi, &str);

const UPDATE: [&str; 4] = ["update", "demo", "--no-probe", "--yes"];

#[test]
fn wrong_bytes_for_a_right_name() {
    let index = FakePypi::with_demo();
    let other = helper("1.0").file("evil.py", "").archive();
    index.swap(&helper("1.0").file_name(), other);
    let machine = machine(&index);
    machine.refuses(&INSTALL).says(&helper("1.0").file_name()).says("digest");
    assert!(!machine.project().join("mcp-pin.lock").exists());
}

#[test]
fn the_page_gives_another_digest_than_it_serves() {
    let file = helper("1.0").file_name();
    let zeros = "0".repeat(64);
    for (digest, says) in [(Some(zeros.as_str()), file.as_str()), (Some("abc"), "/demo-helper/"), (None, &file)] {
        let index = FakePypi::with_demo();
        index.claims_sha256(&file, digest);
        machine(&index).refuses(&INSTALL).says(says);
    }
}

#[test]
fn right_bytes_that_are_swapped_later() {
    let index = FakePypi::with_demo();
    let file = helper("1.0").file_name();
    index.swap_later(&file, helper("1.0").file("evil.py", "").archive());
    let first = machine(&index);
    first.run(&INSTALL).exits(0);
    let second = cloned(&index, &first);
    second.refuses(&MATCH).says(&file).says("digest");
    assert_eq!(std::fs::read_dir(second.store().join("installs")).unwrap().count(), 0);
    // The first machine holds what it verified, and needs nobody for that.
    first.run(&["verify", "--no-probe", "--offline"]).exits(0);
}

#[test]
fn new_bytes_for_an_old_version() {
    let (index, machine) = installed();
    let lock = machine.read("mcp-pin.lock");
    let other = demo("1.0").file("evil.py", "").archive();
    index.replace(&demo("1.0").file_name(), other);
    for args in [&UPDATE, &INSTALL] {
        machine.run(args).exits(1).says("bytes-replaced").says("demo-mcp-server");
        assert_eq!(machine.read("mcp-pin.lock"), lock, "{args:?}");
    }
    machine.run(&VERIFY).exits(0);
    let second = cloned(&index, &machine);
    second.refuses(&MATCH).says(&demo("1.0").file_name()).says("digest");
}

#[test]
fn a_wheel_that_is_added_to_an_old_version_is_seen() {
    let (index, machine) = installed();
    let lock = machine.read("mcp-pin.lock");
    // A more special wheel is what pip and uv would take from now on.
    let tags = ["cp310", "cp311", "cp312", "cp313", "cp314"].map(|python| format!("{python}-none-any"));
    for tag in &tags {
        index.publish(&helper("1.0").tag(tag).file("demo_helper/__init__.py", "evil()\n"));
    }
    machine.run(&UPDATE).exits(1).says("archive-added").says("demo-helper");
    assert_eq!(machine.read("mcp-pin.lock"), lock);
    machine.run(&VERIFY).exits(0);
}

/// What the metadata beside a wheel, or the page, says otherwise than the wheel.
#[test]
fn metadata_that_hides_something() {
    let file = helper("1.0").file_name();
    let plain = Wheel::new("demo-helper", "1.0").metadata_text();
    let confused = "manifest-confusion";
    let lies: [(&str, &str, Lie); 7] = [
        ("a dependency", confused, |index, file, plain| {
            index.claims_metadata(file, Some(plain));
        }),
        // With no digest to compare, the wheel's own word still counts.
        ("a dependency, vaguely", "closure-broken", |index, file, plain| {
            index.claims_metadata(file, Some(plain)).vague(file);
        }),
        ("a dependency's bounds", confused, |index, file, plain| {
            index.claims_metadata(file, Some(plain + "Requires-Dist: demo-deep<9\n"));
        }),
        ("a dependency's bounds, vaguely", "closure-broken", |index, file, _| {
            let honest = helper("1.0").requires("demo-deep>=2");
            let lie = honest.metadata_text().replace("demo-deep>=2", "demo-deep<2");
            index
                .publish(&honest)
                .publish(&deep("2.0"))
                .claims_metadata(file, Some(lie))
                .vague(file);
        }),
        ("a dependency it has not", confused, |index, file, plain| {
            index.publish(&Wheel::new("demo-evil", "1.0").file("evil.py", ""));
            let text = plain + "Requires-Dist: demo-deep; python_version >= '3'\nRequires-Dist: demo-evil\n";
            index.claims_metadata(file, Some(text));
        }),
        ("the name", "does not match given name", |index, file, plain| {
            let text = plain + "Requires-Dist: demo-deep; python_version >= '3'\n";
            index.claims_metadata(file, Some(text.replace("Name: demo-helper", "Name: demo_helper_two")));
        }),
        ("the interpreter", confused, |index, file, _| {
            let asks = helper("1.0").requires_python(">=3.9");
            index.publish(&asks).claims_metadata(file, Some(helper("1.0").metadata_text()));
            index.claims_python(file, None);
        }),
    ];
    for (what, says, lie) in lies {
        println!("{what}");
        let index = FakePypi::with_demo();
        lie(&index, &file, plain.clone());
        machine(&index).refuses(&INSTALL).says(says).says("demo-helper");
    }
    // The page alone, where it asks for less or more than the wheel.
    let index = FakePypi::with_demo();
    let asks = helper("1.0").requires_python(">=3.9");
    index.publish(&asks).claims_python(&file, Some(">=3.7"));
    machine(&index)
        .refuses(&INSTALL)
        .says("manifest-confusion")
        .says("demo-helper@1.0")
        .says(">=3.9");
}

#[test]
fn a_wheel_of_something_else_inside() {
    for (name, version) in [("evil", "1.0"), ("demo-helper", "6.6")] {
        let index = FakePypi::with_demo();
        let honest = helper("1.0").metadata_text();
        let wheel = helper("1.0").says(name, version);
        index.publish(&wheel).claims_metadata(&wheel.file_name(), Some(honest));
        machine(&index)
            .refuses(&INSTALL)
            .says("demo-helper@1.0")
            .says("inside the wheel is")
            .says(if name == "evil" { name } else { version });
    }
}

#[test]
fn what_disappears_after_locking() {
    let losses: [(&str, Loss); 3] = [
        ("the file", |index, file| {
            index.loses(file);
        }),
        ("the version", |index, file| {
            index.unpublish(file);
        }),
        ("the project", |index, _| {
            index.forget("demo-helper");
        }),
    ];
    let file = helper("1.0").file_name();
    for (what, lose) in losses {
        println!("{what}");
        let (index, first) = installed();
        lose(&index, &file);
        // With the wheel in the store everything works, also a tree that is made again.
        first.run(&VERIFY).exits(0);
        first.run(&MATCH).exits(0);
        std::fs::rename(first.tree(), first.store().join("elsewhere")).unwrap();
        first.run(&MATCH).exits(0).says("installed");
        first.run(&VERIFY).exits(0);
        // Elsewhere it is said what is missing, and nothing is half done.
        let second = cloned(&index, &first);
        second.refuses(&MATCH).says("the index no longer has").says(&file);
        assert_eq!(std::fs::read_dir(second.store().join("installs")).map_or(0, Iterator::count), 0);
        // Whoever brings the wheel's bytes back is as good as the index.
        index.publish(&helper("1.0"));
        second.run(&MATCH).exits(0);
    }
}

#[test]
fn pages_that_are_no_pages() {
    let page = "<!DOCTYPE html><html><title>Sign in</title><body>Please <a href=\"/login\">sign in</a>.</body></html>";
    let wheel = format!("/files/demo-helper/{}", helper("1.0").file_name());
    for (path, says) in [
        ("/simple/", "page about `demo-mcp-server` cannot be used"),
        ("/simple/demo-helper/", "no versions of demo-helper"),
        // What uv reads beside the wheel, and the wheel.
        ("/files/demo-helper/", "Hash mismatch for package metadata"),
        (&wheel, "could not accept the archive of `demo_helper-1.0"),
    ] {
        println!("{path}");
        let index = FakePypi::with_demo();
        index.says_instead(path, page);
        let machine = machine(&index);
        machine.refuses(&INSTALL).never_says("panicked").says(says);
        index.calm();
        machine.run(&INSTALL).exits(0);
    }
}

#[test]
fn an_index_that_is_ill_changes_nothing() {
    let file = deep("1.0").file_name();
    // The wheel alone is ill: what uv reads beside it stays, as on another host.
    let wheel = format!("/files/demo-deep/{file}");
    let fetching = format!("could not fetch `{file}`");
    for (path, trouble, says) in [
        (wheel.as_str(), Trouble::Truncated, fetching.as_str()),
        (&wheel, Trouble::Hangup, &fetching),
        (&wheel, Trouble::Status(500), "answered with status 500"),
        (&wheel, Trouble::Status(404), "the index no longer has"),
        ("/files/", Trouble::Status(404), "uv could not reach an index"),
        (
            "/simple/",
            Trouble::Status(500),
            "could not learn what the index has of `demo-mcp-server`",
        ),
        ("/simple/demo-deep/", Trouble::Truncated, "(index)/demo-deep/"),
    ] {
        println!("{path}: {trouble:?}");
        let index = FakePypi::with_demo();
        let machine = machine(&index);
        index.trouble(path, trouble);
        machine.refuses(&INSTALL).says(says);
        index.calm();
        machine.run(&INSTALL).exits(0);
        machine.run(&VERIFY).exits(0);
    }
}

#[test]
fn a_link_that_leads_to_no_index() {
    let file = helper("1.0").file_name();
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join(&file);
    std::fs::write(&local, helper("1.0").archive()).unwrap();
    for (link, says) in [
        (format!("file://{}", local.display()), "to where we do not follow"),
        (format!("ftp://127.0.0.1/{file}"), "URL scheme is not allowed"),
    ] {
        let index = FakePypi::with_demo();
        index.links(&file, &link);
        machine(&index).refuses(&INSTALL).says(says).says(&file);
    }
    // Another host may hold the files, as most indexes do: the bytes are what counts.
    let (index, files) = (FakePypi::with_demo(), FakePypi::with_demo());
    index.links(&file, &format!("{}/../files/demo-helper/{file}", files.url()));
    let machine = machine(&index);
    machine.run(&INSTALL).exits(0);
    assert_eq!(files.fetched(), [format!("demo-helper/{file}")]);
    let port = files.url();
    assert!(!machine.read("mcp-pin.lock").contains(port.split('/').nth(2).unwrap()));
}

#[test]
fn a_dependency_that_is_an_address_is_refused() {
    let other = FakePypi::with_demo();
    let address = format!("{}/../files/demo-deep/{}", other.url(), deep("1.0").file_name());
    let nowhere = tempfile::tempdir().unwrap();
    for requirement in [
        format!("demo-deep @ {address}"),
        "demo-deep @ git+https://127.0.0.1:1/x.git".to_owned(),
        format!("demo-deep @ file://{}", nowhere.path().join("x").display()),
    ] {
        let index = FakePypi::with_demo();
        index.publish(&demo("1.0").requires(&requirement));
        machine(&index)
            .refuses(&INSTALL)
            .says("`demo-deep` does not come from a package index");
        assert!(other.fetched().is_empty(), "{:?}", other.fetched());
    }
}

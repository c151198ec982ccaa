//! The fake is an index that uv and pip themselves install from, and its wheels are good ones.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use super::index::FakePypi;
use super::wheel::{Wheel, demo, server};
use super::zip::Entry;
use crate::registry::Trouble;

/// uv or pip in an empty home; only the PATH and the index come from outside.
#[expect(clippy::disallowed_methods, reason = "the test hands its own PATH to the tool")]
fn tool(home: &Path, index: &str, words: &[&str]) -> Output {
    Command::new(words[0])
        .args(&words[1..])
        .current_dir(home)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("UV_DEFAULT_INDEX", index)
        .env("UV_CACHE_DIR", home.join("cache"))
        .env("PIP_INDEX_URL", index)
        .output()
        .unwrap()
}

#[track_caller]
fn works(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out.into_owned()
}

const PROJECT: &str = "[project]\nname = \"x\"\nversion = \"0\"\nrequires-python = \">=3.9\"\ndependencies = [\"demo-mcp-server\"]\n";

fn closure(index: &FakePypi) -> String {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("pyproject.toml"), PROJECT).unwrap();
    works(&tool(
        home.path(),
        &index.url(),
        &["uv", "lock", "--no-build", "--no-python-downloads"],
    ));
    works(&tool(
        home.path(),
        &index.url(),
        &["uv", "export", "--frozen", "--no-emit-project", "--format", "pylock.toml"],
    ))
}

#[test]
fn uv_locks_from_it_without_fetching_a_wheel() {
    for html in [false, true] {
        let index = FakePypi::with_demo();
        if html {
            index.speaks_html();
        }
        let lock = closure(&index);
        for wheel in [demo("1.0"), super::wheel::helper("1.0"), super::wheel::deep("1.0")] {
            assert!(lock.contains(&wheel.file_name()), "{lock}");
            assert!(lock.contains(&wheel.sha256()), "{lock}");
        }
        assert_eq!(lock.contains("upload-time = 2020-01-01T00:00:00Z"), !html, "{lock}");
        assert_eq!(index.fetched(), Vec::<String>::new());
    }
    // Without metadata beside the files, uv has to read the wheels themselves.
    let index = FakePypi::with_demo();
    index.without_metadata();
    closure(&index);
    assert!(!index.fetched().is_empty());
}

#[test]
fn pip_downloads_from_it_and_the_server_answers() {
    let index = FakePypi::with_demo();
    index.requires("me", "s3cret");
    let home = tempfile::tempdir().unwrap();
    let into = home.path().join("site");
    let into = into.to_str().unwrap();
    let install = [
        "python3",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--only-binary=:all:",
        "--target",
        into,
        "demo-mcp-server",
    ];
    let refused = tool(home.path(), &index.url(), &install);
    assert!(!refused.status.success());
    works(&tool(home.path(), &index.url_with("me", "s3cret"), &install));
    let ask = "import sys, io; sys.path.insert(0, sys.argv[1]); \
        sys.stdin = io.StringIO('{\"id\": 1, \"method\": \"tools/list\"}\\n'); \
        import demo_mcp_server.server as s; s.main()";
    let said = works(&tool(home.path(), &index.url(), &["python3", "-c", ask, into]));
    assert!(said.contains("Adds two numbers."), "{said}");
}

#[test]
fn the_server_says_what_it_sees() {
    let script = json!({"report": {"modules": ["json", "nope"], "env": ["HOME"]}, "imports": ["nope"]});
    let index = FakePypi::start();
    index.publish(&server("1.0", &script));
    let home = tempfile::tempdir().unwrap();
    let install = ["python3", "-m", "pip", "install", "--quiet", "--target", "site", "demo-mcp-server"];
    works(&tool(home.path(), &index.url(), &install));
    let ask = "import sys, io; sys.path.insert(0, 'site'); \
        sys.stdin = io.StringIO('{\"id\": 1, \"method\": \"tools/list\"}\\n'); \
        import demo_mcp_server.server as s; s.main()";
    let said = works(&tool(home.path(), &index.url(), &["python3", "-c", ask]));
    assert!(said.contains(r#"\"nope\": null"#) && said.contains("ModuleNotFoundError"), "{said}");
}

#[test]
fn it_lies_as_told() {
    let index = FakePypi::with_demo();
    let file = demo("1.0").file_name();
    let home = tempfile::tempdir().unwrap();
    let download = |index: &FakePypi| {
        let words = [
            "python3",
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-cache-dir",
            "--no-deps",
            "--dest",
            "d",
            "demo-mcp-server",
        ];
        tool(home.path(), &index.url(), &words)
    };
    works(&download(&index));
    let _ = std::fs::remove_dir_all(home.path().join("d"));
    index.swap(&file, demo("1.0").file("evil.py", "").archive());
    let lied = download(&index);
    assert!(String::from_utf8_lossy(&lied.stderr).contains("DO NOT MATCH"), "{lied:?}");
    index.publish(&demo("1.0")).swap_later(&file, b"other".to_vec());
    works(&download(&index));
    let _ = std::fs::remove_dir_all(home.path().join("d"));
    assert!(!download(&index).status.success());
    index.publish(&demo("1.0")).loses(&file);
    assert!(!download(&index).status.success());
    index.publish(&demo("1.0")).trouble("/files/", Trouble::Status(503)).calm();
    works(&download(&index));
    index.publish(&demo("2.0")).yank(&demo("2.0").file_name(), "broken");
    let lock = closure(&index);
    assert!(lock.contains("1.0-py3") && !lock.contains("2.0-py3"), "{lock}");
    index.publish_source("demo-mcp-server", "3.0", b"no archive".to_vec());
    assert!(closure(&index).contains("1.0-py3"), "a source is passed over");
    let young = Wheel::new("demo-mcp-server", "4.0");
    index
        .publish_at(&young, "2099-01-01T00:00:00Z")
        .claims_python(&young.file_name(), Some(">=99"));
    assert!(closure(&index).contains("1.0-py3"));
}

#[test]
fn its_wheels_hold_what_they_are_told_to() {
    let wheel = demo("1.0")
        .odd("../up.py", "x")
        .raw(Entry::link("link", "/etc/passwd"))
        .raw(Entry::file("demo_mcp_server/__init__.py", b"twice", false))
        .executable("run.sh", "#!/bin/false\n")
        .data("scripts/x", "")
        .followed(b"more");
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("w.zip"), wheel.archive()).unwrap();
    let list = "import zipfile, warnings\n\
        z = zipfile.ZipFile('w.zip')\nassert z.testzip() is None\n\
        for i in z.infolist(): print(i.filename, oct(i.external_attr >> 16))";
    let said = works(&tool(home.path(), "", &["python3", "-c", list]));
    for line in [
        "../up.py 0o100644",
        "link 0o120777",
        "run.sh 0o100755",
        "demo_mcp_server-1.0.data/scripts/x 0o100644",
    ] {
        assert!(said.lines().any(|found| found == line), "{line} in\n{said}");
    }
    assert_eq!(said.matches("demo_mcp_server/__init__.py ").count(), 2, "{said}");
}

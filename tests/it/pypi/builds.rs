//! Packages that have no wheel: named, and built only where the user permits it by name.

use std::path::Path;

use serde_json::{Value, json};

use super::index::FakePypi;
use super::wheel::{Wheel, deep, demo, helper, sha256};
use super::{INSTALL, MATCH, VERIFY, at, cloned, entry, machine, packages};
use crate::harness::{Machine, Ran};
use crate::scripted::honest;

/// A source distribution that is built by the tiny backend.
fn source(name: &str, version: &str, said: &Value) -> Vec<u8> {
    let folder = format!("{}-{version}", name.replace('-', "_"));
    let mut all = json!({"name": name, "version": version});
    all.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    let project = "[build-system]\nrequires = ['tiny-backend>=1']\nbuild-backend = 'tiny_backend'\n";
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (path, text) in [
        ("PKG-INFO", format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")),
        ("pyproject.toml", project.to_owned()),
        ("tiny.json", all.to_string()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("{folder}/{path}"), text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// What the helper is by default: a module, and an edge to another package.
fn plain() -> Value {
    json!({"files": {"demo_helper/__init__.py": "VERSION = 'built'\n"}, "requires": ["demo-deep"]})
}

/// An index on which the server's helper 1.5 has no wheel.
fn index(said: &Value) -> FakePypi {
    let index = FakePypi::with_demo();
    let backend = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pypi/tiny_backend.py");
    let backend = Wheel::new("tiny-backend", "1.0").file("tiny_backend.py", std::fs::read(backend).unwrap());
    index
        .publish(&backend)
        .unpublish(&helper("1.0").file_name())
        .publish_source("demo-helper", "1.5", source("demo-helper", "1.5", said));
    index
}

/// The user's own settings permit these builds.
fn permit(machine: &Machine, names: &[&str]) {
    let config = machine.store().join("config");
    std::fs::create_dir_all(&config).unwrap();
    let settings = format!("[policy]\naccept-without-terminal = true\nbuilds = {names:?}\n");
    std::fs::write(config.join("mcp-pin.toml"), settings).unwrap();
}

#[track_caller]
fn accepting(machine: &Machine, args: &[&str]) -> Ran {
    let args: Vec<&str> = args.iter().copied().filter(|word| *word != "--yes").collect();
    crate::scripted::accepting(machine, &args).0
}

/// A machine on which the helper was built.
fn built() -> (FakePypi, Machine) {
    let index = index(&plain());
    let machine = machine(&index);
    permit(&machine, &["demo-helper"]);
    accepting(&machine, &INSTALL).exits(0);
    (index, machine)
}

/// The one wheel in the store that no index has.
#[track_caller]
fn local_wheel(machine: &Machine) -> String {
    let known: Vec<String> = [demo("1.0"), deep("1.0")].iter().map(Wheel::sha256).collect();
    let mut names = machine.archives();
    let backend = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/pypi/tiny_backend.py");
    let backend = Wheel::new("tiny-backend", "1.0").file("tiny_backend.py", std::fs::read(backend).unwrap());
    let sdist = sha256(&source("demo-helper", "1.5", &plain()));
    names.retain(|name| !known.contains(name) && *name != backend.sha256() && *name != sdist);
    assert_eq!(names.len(), 1, "{names:?}");
    names.remove(0)
}

#[test]
fn what_is_not_permitted_is_named_with_what_would_permit_it() {
    let index = index(&plain());
    let machine = machine(&index);
    let ran = machine.refuses(&INSTALL);
    ran.says("demo-helper")
        .says("builds = [\"demo-helper\"]")
        .says("[policy]")
        .says("runs the package's own code");
    // Another name permits nothing, and stays in the list that is suggested.
    permit(&machine, &["other"]);
    machine.refuses(&INSTALL).says("builds = [\"demo-helper\", \"other\"]");
    // Nor does a project.
    let machine = super::machine(&index);
    std::fs::write(machine.project().join("mcp-pin.toml"), "[policy]\nbuilds = [\"demo-helper\"]\n").unwrap();
    machine
        .refuses(&INSTALL)
        .says("demo-helper")
        .says("builds")
        .says("looser than yours");
    assert!(index.fetched().iter().all(|file| !file.contains("helper")), "{:?}", index.fetched());
}

#[test]
fn a_permitted_build_is_flagged_pinned_and_verified() {
    let (_index, machine) = built();
    assert_eq!(
        packages(&machine),
        [at("demo-deep", "1.0"), at("demo-helper", "1.5"), at("demo-mcp-server", "1.0")]
    );
    let locked = &entry(&machine)["packages"][at("demo-helper", "1.5")];
    assert_eq!(locked["built"], true, "{locked:#}");
    assert!(locked["sdist"]["demo_helper-1.5.tar.gz"].is_string(), "{locked:#}");
    assert_eq!(locked["requires"], json!(["demo-deep"]));
    let lock = machine.read("mcp-pin.lock");
    assert!(!lock.contains("tiny") && !lock.contains("demo_helper-1.5-py3"), "{lock}");
    let module = std::fs::read_to_string(super::site(&machine).join("demo_helper/__init__.py")).unwrap();
    assert_eq!(module, "VERSION = 'built'\n");
    assert!(!super::site(&machine).join("tiny_backend.py").exists(), "a build tool is installed");
    let wheel = local_wheel(&machine);
    machine.run(&VERIFY).exits(0).says("built on this machine").says(&wheel);
    machine.run(&["show", "demo"]).exits(0).says("demo-helper").says("built");
    // Nothing of a build is left.
    assert_eq!(std::fs::read_dir(machine.store().join("installs")).unwrap().count(), 1);
}

#[test]
fn a_first_install_stops_at_a_build() {
    let index = index(&plain());
    let machine = machine(&index);
    permit(&machine, &["demo-helper"]);
    let ran = machine.run(&INSTALL).exits(1);
    ran.says("built-from-source")
        .says("demo-helper 1.5")
        .says("building demo-helper 1.5");
}

#[test]
fn nothing_is_built_twice() {
    let (index, machine) = built();
    let (before, wheel) = (index.fetched(), local_wheel(&machine));
    for args in [&MATCH[..], &["update", "--no-probe", "--yes"], &INSTALL, &["install", "--offline"]] {
        machine.run(args).exits(0).never_says("building");
    }
    // What is locked and built needs no permission any more: nothing is run.
    permit(&machine, &[]);
    machine.run(&MATCH).exits(0).never_says("building");
    assert_eq!(index.fetched(), before);
    machine.run(&["prune"]).exits(0);
    assert!(machine.archives().contains(&wheel), "prune took the built wheel");
    machine.run(&VERIFY).exits(0);
    crate::harness::unlock(&machine.store().join("installs"));
    std::fs::remove_dir_all(machine.store().join("installs")).unwrap();
    machine
        .run(&["install", "--offline", "--no-probe", "--yes"])
        .exits(0)
        .never_says("building");
    machine.run(&VERIFY).exits(0);
}

#[test]
fn a_second_machine_builds_for_itself_and_only_where_it_is_permitted() {
    let (index, first) = built();
    let second = cloned(&index, &first);
    second.run(&MATCH).exits(1).says("built-from-source").never_says("building");
    permit(&second, &[]);
    let ran = accepting(&second, &MATCH);
    assert_eq!(ran.status, 2, "{ran:?}");
    ran.says("builds = ");
    permit(&second, &["demo-helper"]);
    accepting(&second, &MATCH).exits(0);
    second.run(&VERIFY).exits(0).says("built on this machine");
    assert_eq!(second.read("mcp-pin.lock"), first.read("mcp-pin.lock"));
    assert_eq!(local_wheel(&second), local_wheel(&first));
}

#[test]
fn another_wheel_in_the_store_is_seen() {
    let (_index, machine) = built();
    let wheel = machine.store().join("archives/sha256").join(local_wheel(&machine));
    let good = std::fs::read(&wheel).unwrap();
    std::fs::remove_file(&wheel).unwrap();
    std::fs::write(&wheel, b"another").unwrap();
    machine
        .run(&VERIFY)
        .exits(1)
        .says("archive-changed")
        .says("demo_helper-1.5")
        .says("built on this machine");
    permit(&machine, &[]);
    machine.run(&MATCH).exits(2).says("demo-helper").says("builds = ");
    permit(&machine, &["demo-helper"]);
    machine
        .run(&MATCH)
        .exits(0)
        .says("changed on disk")
        .says("building demo-helper 1.5");
    assert!(std::fs::read(&wheel).unwrap() == good, "the build is not the same");
    machine.run(&VERIFY).exits(0);
    std::fs::remove_file(&wheel).unwrap();
    machine.run(&VERIFY).exits(2).says("demo_helper-1.5").says("built on this machine");
    machine.run(&MATCH).exits(0).says("is gone");
    machine.run(&VERIFY).exits(0);
}

#[test]
fn a_build_sees_no_network_and_no_home() {
    let first = r#"
import os, socket, sys
tried = []
def attempt(name, do):
    try:
        do()
        tried.append(name + ": done")
    except Exception as error:
        tried.append(name + ": refused")
attempt("network", lambda: socket.create_connection(("127.0.0.1", PORT), 5).close())
attempt("home", lambda: open("HOME/secret").read())
attempt("store", lambda: os.listdir("HOME"))
attempt("write", lambda: open("/usr/mark", "w").close())
attempt("variables", lambda: os.environ["TOKEN"])
attempt("hash seed", lambda: [][1 - int(os.environ["PYTHONHASHSEED"] == "0" and os.environ["SOURCE_DATE_EPOCH"] == "315532800")])
attempt("path", lambda: [][1 - int(all(p.startswith((sys.base_prefix, "/mcp/", "/usr")) for p in sys.path))])
FILES = {"demo_helper/tried.txt": "\n".join(tried)}
"#;
    let mut said = plain();
    let index = index(&said);
    let mut machine = machine(&index);
    let port = index.url().rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
    let home = machine.home().display().to_string();
    std::fs::write(machine.home().join("secret"), "key").unwrap();
    machine.set("TOKEN", "hunter2");
    said["first"] = first.replace("PORT", &port).replace("HOME", &home).into();
    index.replace("demo_helper-1.5.tar.gz", source("demo-helper", "1.5", &said));
    permit(&machine, &["demo-helper"]);
    accepting(&machine, &INSTALL).exits(0);
    let tried = std::fs::read_to_string(super::site(&machine).join("demo_helper/tried.txt")).unwrap();
    let wanted = ["network", "home", "store", "write", "variables"].map(|name| format!("{name}: refused"));
    assert_eq!(tried.lines().take(5).collect::<Vec<_>>(), wanted, "{tried}");
}

#[test]
fn what_a_build_does_wrong_is_named() {
    for (said, words) in [
        (
            json!({"first": "print('before')\nraise SystemExit('no compiler here')"}),
            vec!["demo-helper 1.5", "no compiler here"],
        ),
        (json!({"name": "evil"}), vec!["demo-helper 1.5", "evil-1.5"]),
        (json!({"version": "9"}), vec!["demo-helper 1.5", "demo_helper-9"]),
        (json!({"lies": true}), vec!["demo-helper 1.5", "RECORD"]),
        (
            json!({"first": "import os\nos.symlink('/etc/passwd', '../out/demo_helper-1.5-py3-none-any.whl')\nos._exit(0)"}),
            vec!["demo-helper 1.5", "no plain file"],
        ),
        (json!({"first": "import os\nos._exit(0)"}), vec!["demo-helper 1.5", "nothing"]),
        (json!({"more": ["nobody-has-this"]}), vec!["demo-helper 1.5", "nobody-has-this"]),
        (
            json!({"more": ["--index-url http://127.0.0.1:1/"]}),
            vec!["demo-helper 1.5", "index"],
        ),
        (json!({"more": ["x @ http://127.0.0.1:1/x.whl"]}), vec!["demo-helper 1.5", "index"]),
    ] {
        let index = index(&said);
        let machine = machine(&index);
        permit(&machine, &["demo-helper"]);
        words.iter().fold(machine.refuses(&INSTALL), |ran, word| ran.says(word));
        assert!(!machine.project().join("mcp-pin.lock").exists(), "{said}");
    }
}

#[test]
fn a_source_of_another_package_is_not_built() {
    let index = index(&plain());
    let machine = machine(&index);
    permit(&machine, &["demo-helper"]);
    index.replace("demo_helper-1.5.tar.gz", source("evil", "1.5", &json!({"name": "demo-helper"})));
    machine.refuses(&INSTALL).says("evil 1.5").never_says("building");
    index.swap("demo_helper-1.5.tar.gz", source("demo-helper", "1.5", &plain()));
    let machine = super::machine(&index);
    permit(&machine, &["demo-helper"]);
    machine.refuses(&INSTALL).says("demo_helper-1.5.tar.gz").never_says("building");
}

#[test]
fn the_server_itself_may_be_built() {
    let index = index(&plain());
    index.unpublish(&demo("1.0").file_name());
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/server.py");
    let said = json!({
        "files": {
            "demo_mcp_server/__init__.py": "",
            "demo_mcp_server/server.py": std::fs::read_to_string(fixture).unwrap(),
            "demo_mcp_server/script.json": honest().to_string(),
        },
        "script": "demo-mcp-server = demo_mcp_server.server:main",
        "requires": ["demo-helper"],
        "more": ["demo-deep"],
    });
    index.publish_source("demo-mcp-server", "1.0", source("demo-mcp-server", "1.0", &said));
    let first = machine(&index);
    permit(&first, &["demo-helper"]);
    first
        .refuses(&INSTALL)
        .says("`demo-mcp-server` 1.0 has no wheel")
        .says("builds = [\"demo-helper\", \"demo-mcp-server\"]");
    permit(&first, &["demo-helper", "demo-mcp-server"]);
    accepting(&first, &["install", "pypi:demo-mcp-server"]).exits(0);
    first.run(&["verify"]).exits(0).says("built on this machine");
    let second = cloned(&index, &first);
    permit(&second, &["demo-helper", "demo-mcp-server"]);
    accepting(&second, &MATCH).exits(0);
    second.run(&["verify"]).exits(0);
    assert_eq!(second.read("mcp-pin.lock"), first.read("mcp-pin.lock"));
}

#[test]
fn the_version_that_the_server_asks_for_is_built() {
    let index = index(&plain());
    for version in ["0.9", "1.4", "2.0"] {
        let mut said = plain();
        said["version"] = version.into();
        index.publish_source("demo-helper", version, source("demo-helper", version, &said));
    }
    index.publish_source("demo-helper", "1.9", source("demo-helper", "1.9", &plain()));
    index.yank("demo_helper-1.9.tar.gz", "broken");
    let machine = machine(&index);
    permit(&machine, &["demo-helper"]);
    accepting(&machine, &INSTALL).exits(0);
    assert!(packages(&machine).contains(&at("demo-helper", "1.5")), "{:?}", packages(&machine));
    machine.run(&VERIFY).exits(0);
}

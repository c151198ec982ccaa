//! Tampering after the installation: in the tree, in the store, in the lock. `verify` never passes
//! and never repairs; `install` repairs, and says what.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::index::FakePypi;
use super::wheel::{deep, demo, helper, server};
use super::{INSTALL, MATCH, PROBE, VERIFY, accepting, at, cloned, description, installed, integrity, machine, site};
use crate::harness::{Machine, snapshot};
use crate::scripted::tool;

/// What an attacker with the user's rights does first: takes the write protection away.
fn open_up(path: &Path) {
    for path in [path.parent().unwrap(), path] {
        if let Ok(found) = fs::symlink_metadata(path)
            && !found.is_symlink()
        {
            fs::set_permissions(path, fs::Permissions::from_mode(found.mode() | 0o200)).unwrap();
        }
    }
}

fn put(path: &Path, content: impl AsRef<[u8]>) {
    open_up(path);
    fs::write(path, content).unwrap();
}

/// Other bytes of the same length, with the old times put back.
fn change_unseen(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let before = fs::metadata(path).unwrap();
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    put(path, &bytes);
    let times = fs::FileTimes::new()
        .set_modified(before.modified().unwrap())
        .set_accessed(before.accessed().unwrap());
    fs::File::options().write(true).open(path).unwrap().set_times(times).unwrap();
    let after = fs::metadata(path).unwrap();
    assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
}

/// The compiled file of a module; `__pycache__/NAME.TAG.pyc`.
fn compiled(source: &Path) -> PathBuf {
    let folder = source.parent().unwrap().join("__pycache__");
    let stem = source.file_stem().unwrap().to_str().unwrap();
    let mut found = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    found
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{stem}.")))
        .unwrap_or_else(|| panic!("nothing is compiled for {}", source.display()))
}

type Tampering = (&'static str, &'static str, &'static str, fn(&Path));

/// What is done, the finding's code, the name it must say, and the deed below `site-packages`.
const TREE: &[Tampering] = &[
    ("source, size and time kept", "file-changed", "demo_mcp_server/server.py", |site| {
        change_unseen(&site.join("demo_mcp_server/server.py"), |bytes| bytes[3] ^= 1);
    }),
    ("source of a dependency", "file-changed", "demo_helper/__init__.py", |site| {
        put(&site.join("demo_helper/__init__.py"), "VERSION = 'evil'\n");
    }),
    // Valid, unchecked by Python (its flags say so), and other code than the source's.
    ("compiled to run other code", "file-changed", "demo_helper/__pycache__/", |site| {
        let other = fs::read(compiled(&site.join("demo_deep.py"))).unwrap();
        put(&compiled(&site.join("demo_helper/__init__.py")), other);
    }),
    (
        "compiled, one bit, size and time kept",
        "file-changed",
        "demo_mcp_server/__pycache__/",
        |site| {
            change_unseen(&compiled(&site.join("demo_mcp_server/server.py")), |bytes| {
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
            });
        },
    ),
    (
        "compiled for another interpreter",
        "file-added",
        "demo_deep.cpython-399.pyc",
        |site| {
            put(&site.join("__pycache__/demo_deep.cpython-399.pyc"), "x");
        },
    ),
    ("compiled without a source", "file-added", "json.pyc", |site| {
        put(&site.join("json.pyc"), "x");
    }),
    ("compiled removed", "file-missing", "demo_helper/__pycache__/", |site| {
        let path = compiled(&site.join("demo_helper/__init__.py"));
        open_up(&path);
        fs::remove_file(path).unwrap();
    }),
    ("module added", "file-added", "demo_mcp_server/evil.py", |site| {
        put(&site.join("demo_mcp_server/evil.py"), "evil()\n");
    }),
    ("standard library shadowed", "file-added", "json.py", |site| {
        put(&site.join("json.py"), "evil()\n");
    }),
    (".pth added", "file-added", "evil.pth", |site| {
        put(&site.join("evil.pth"), "import os\n");
    }),
    ("sitecustomize added", "file-added", "sitecustomize.py", |site| {
        put(&site.join("sitecustomize.py"), "evil()\n");
    }),
    ("folder added", "file-added", "evil", |site| {
        open_up(&site.join("evil"));
        fs::create_dir(site.join("evil")).unwrap();
    }),
    ("above site-packages", "file-added", "pyvenv.cfg", |site| {
        put(&site.ancestors().nth(3).unwrap().join("pyvenv.cfg"), "home = /tmp\n");
    }),
    ("removed", "file-missing", "demo_deep.py", |site| {
        open_up(&site.join("demo_deep.py"));
        fs::remove_file(site.join("demo_deep.py")).unwrap();
    }),
    ("metadata changed", "file-changed", "entry_points.txt", |site| {
        put(
            &site.join("demo_mcp_server-1.0.dist-info/entry_points.txt"),
            "[console_scripts]\ndemo-mcp-server = os:abort\n",
        );
    }),
    ("made executable", "file-mode-changed", "demo_deep.py", |site| {
        fs::set_permissions(site.join("demo_deep.py"), fs::Permissions::from_mode(0o755)).unwrap();
    }),
    ("link to the same bytes", "file-not-regular", "demo_deep.py", |site| {
        let file = site.join("demo_deep.py");
        open_up(&file);
        let copy = site.ancestors().nth(5).unwrap().join("copy.py");
        fs::write(&copy, fs::read(&file).unwrap()).unwrap();
        fs::remove_file(&file).unwrap();
        symlink(copy, file).unwrap();
    }),
    ("folder swapped for a link", "file-not-regular", "demo_helper", |site| {
        open_up(&site.join("demo_helper"));
        let aside = site.ancestors().nth(5).unwrap().join("aside");
        fs::rename(site.join("demo_helper"), &aside).unwrap();
        symlink(aside, site.join("demo_helper")).unwrap();
    }),
];

/// Every installed file: path, executable, bytes.
fn contents(machine: &Machine) -> Vec<(String, bool, Vec<u8>)> {
    let tree = machine.tree();
    let files = snapshot(&tree).into_iter().map(|(path, bytes)| {
        let executable = fs::metadata(&path).unwrap().mode() & 0o111 != 0;
        (path.strip_prefix(&tree).unwrap().to_str().unwrap().to_owned(), executable, bytes)
    });
    files.collect()
}

#[test]
fn the_tree() {
    let (index, machine) = installed();
    machine.run(&VERIFY).exits(0);
    let pristine = contents(&machine);
    let project = snapshot(&machine.project());
    drop(index);
    for (what, code, name, tamper) in TREE {
        println!("{what}");
        tamper(&site(&machine));
        machine.run(&VERIFY).exits(1).says(code).says(name);
        machine.run(&VERIFY).exits(1).says(code);
        machine
            .run(&["install", "--no-probe", "--yes", "--offline"])
            .exits(0)
            .says("repaired")
            .says(name);
        machine.run(&VERIFY).exits(0);
        assert!(contents(&machine) == pristine, "{what}: the repaired tree is another");
    }
    assert_eq!(snapshot(&machine.project()), project);
    machine.run(&MATCH).exits(0).says("unchanged").never_says("replaced");
}

/// The file in the store that holds a wheel.
fn stored(machine: &Machine, bytes: &[u8]) -> PathBuf {
    let found = snapshot(&machine.store().join("archives"))
        .into_iter()
        .find(|(_, found)| found == bytes);
    found.expect("the wheel is stored").0
}

#[test]
fn stored_wheels() {
    let (_index, machine) = installed();
    let path = stored(&machine, &helper("1.0").archive());
    change_unseen(&path, |bytes| bytes[40] ^= 1);
    machine
        .run(&VERIFY)
        .exits(1)
        .says("archive-changed")
        .says(&helper("1.0").file_name());
    machine
        .run(&["install", "--no-probe", "--yes", "--offline"])
        .exits(2)
        .says("without the network");
    machine.run(&MATCH).exits(0).says("changed on disk: fetching it again");
    machine.run(&VERIFY).exits(0);
    // The store is believed for its digests, never for lying there.
    let evil = helper("1.0").file("demo_helper/__init__.py", "evil()\n").archive();
    put(&stored(&machine, &helper("1.0").archive()), evil);
    put(&site(&machine).join("demo_helper/__init__.py"), "evil()\n");
    machine.run(&VERIFY).exits(1).says("archive-changed");
    machine.run(&MATCH).exits(0).says("replaced").says("demo_helper/__init__.py");
    machine.run(&VERIFY).exits(0);
    let path = stored(&machine, &deep("1.0").archive());
    open_up(&path);
    fs::remove_file(path).unwrap();
    machine.run(&VERIFY).exits(2).says(&deep("1.0").file_name()).says("mcp-pin install");
    machine.run(&MATCH).exits(0);
    machine.run(&VERIFY).exits(0);
    machine.archives();
}

/// What is compiled is kept for the next tree, and counts by its recorded digest alone.
#[test]
fn kept_compiled_files() {
    let (_index, machine) = installed();
    let kept: Vec<PathBuf> = fs::read_dir(machine.store().join("compiled"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(kept.len() > 1, "nothing is kept");
    let pristine = contents(&machine);
    let other = fs::read(&kept[0]).unwrap();
    for path in &kept {
        if path == &kept[0] {
            change_unseen(path, |bytes| *bytes.last_mut().unwrap() ^= 1);
        } else {
            put(path, &other);
        }
    }
    fs::rename(machine.tree(), machine.store().join("elsewhere")).unwrap();
    machine.run(&MATCH).exits(0).says("installed");
    assert!(contents(&machine) == pristine, "a swapped file of the store was believed");
    machine.run(&VERIFY).exits(0);
    machine.run(&["prune"]).exits(0);
    assert_eq!(fs::read_dir(machine.store().join("compiled")).unwrap().count(), 0);
    machine.run(&VERIFY).exits(0);
}

#[test]
fn the_tree_removed() {
    let (_index, machine) = installed();
    fs::rename(machine.tree(), machine.store().join("elsewhere")).unwrap();
    machine.run(&VERIFY).exits(2).says("mcp-pin install");
    machine
        .run(&["install", "--no-probe", "--yes", "--offline"])
        .exits(0)
        .says("installed");
    machine.run(&VERIFY).exits(0);
}

#[test]
fn a_server_cannot_write_into_its_tree_and_what_is_written_is_seen() {
    let script = json!({"write": {"log.txt": "x", "__pycache__/y.pyc": "y"}});
    let index = FakePypi::start();
    index.publish(&server("1.0", &script));
    let machine = machine(&index);
    accepting(&machine, &PROBE).exits(0);
    let wrote = description(&machine, "wrote");
    assert!(wrote.contains("Error") && !wrote.contains("ok"), "{wrote}");
    machine.run(&["verify"]).exits(0);
    // Started by somebody with more rights, it could: then it is seen, and named.
    put(&site(&machine).join("demo_mcp_server/log.txt"), "x");
    machine.run(&["verify"]).exits(1).says("file-added").says("demo_mcp_server/log.txt");
}

type Edit = (&'static str, fn(&mut Value));

fn package<'a>(entry: &'a mut Value, name: &str) -> &'a mut Value {
    &mut entry["packages"][at(name, "1.0")]
}

/// Every string of a value that is like this becomes that.
fn replace(value: &mut Value, from: &str, to: &str) -> usize {
    match value {
        Value::String(text) if text.contains(from) => {
            *text = text.replace(from, to);
            1
        }
        Value::Array(values) => values.iter_mut().map(|value| replace(value, from, to)).sum(),
        Value::Object(values) => values.values_mut().map(|value| replace(value, from, to)).sum(),
        _ => 0,
    }
}

/// What is done, what is said of it, and how it is done.
type LockEdit = (&'static str, &'static str, fn(&mut Value));

/// What somebody with an editor may do to the entry.
const LOCK: &[LockEdit] = &[
    ("digest of a dependency", "[lock-poisoned]", |entry| {
        let changed = replace(package(entry, "demo-helper"), &integrity(&helper("1.0")), &integrity(&deep("1.0")));
        assert_eq!(changed, 1);
    }),
    ("name of a wheel", "`Tag` inside the wheel is `py3-none-any`", |entry| {
        let wheels = package(entry, "demo-deep")["wheels"].as_object_mut().unwrap();
        let digest = wheels.remove(&deep("1.0").file_name()).unwrap();
        wheels.insert(deep("1.0").tag("py2.py3-none-any").file_name(), digest);
    }),
    ("edge removed", "nothing requires `site-packages/demo-helper@1.0`", |entry| {
        assert!(replace(package(entry, "demo-mcp-server"), "demo-helper", "demo-deep") > 0);
    }),
    ("package removed", "which is not locked", |entry| {
        let packages = entry["packages"].as_object_mut().unwrap();
        packages.remove(&at("demo-deep", "1.0")).unwrap();
    }),
    ("package moved out of its place", "is not an install path", |entry| {
        let packages = entry["packages"].as_object_mut().unwrap();
        let deep = packages.remove(&at("demo-deep", "1.0")).unwrap();
        packages.insert("site-packages/../demo-deep@1.0".into(), deep);
    }),
    ("package in npm's place", "it is not the place of this version", |entry| {
        let packages = entry["packages"].as_object_mut().unwrap();
        let deep = packages.remove(&at("demo-deep", "1.0")).unwrap();
        packages.insert("node_modules/demo-deep".into(), deep);
    }),
    ("package under another name", "is no wheel of this package and version", |entry| {
        let packages = entry["packages"].as_object_mut().unwrap();
        let deep = packages.remove(&at("demo-deep", "1.0")).unwrap();
        packages.insert(at("demo-evil", "1.0"), deep);
    }),
    ("marker that leaves a package out", "leaves it out", |entry| {
        package(entry, "demo-deep")["marker"] = "sys_platform == 'aix'".into();
    }),
    ("another callable", "has no console script `demo-mcp-server = os:abort`", |entry| {
        entry["launch"]["entry"] = "demo-mcp-server = os:abort".into();
    }),
    ("code as a callable", "not of the form `NAME = module:callable`", |entry| {
        entry["launch"]["entry"] = "demo-mcp-server = os:system('x')".into();
    }),
    ("node for python", "it is of another kind than the package", |entry| {
        entry["launch"]["runtime"]["kind"] = "node".into();
    }),
    ("variable that steers python", "can load other code into the server", |entry| {
        entry["launch"]["env"] = json!(["PYTHONPATH"]);
    }),
    ("argument added", "args is [] in the manifest", |entry| {
        entry["launch"]["args"] = json!(["--root=/"]);
    }),
];

#[test]
fn the_lock() {
    let (_index, machine) = installed();
    let good = machine.read("mcp-pin.lock");
    let tree = snapshot(&machine.store().join("installs"));
    for (what, says, edit) in LOCK {
        println!("{what}");
        let mut lock: Value = serde_json::from_str(&good).unwrap();
        edit(&mut lock["servers"]["demo"]);
        machine.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
        let verified = machine.run(&VERIFY).never_says("as pinned");
        assert!(verified.status == 1 || verified.status == 2, "{what}: {verified:?}");
        machine.run(&MATCH).exits(2).says(says);
        assert_eq!(snapshot(&machine.store().join("installs")), tree, "{what}");
    }
    machine.write("mcp-pin.lock", &good);
    machine.run(&VERIFY).exits(0);
}

#[test]
fn a_hostile_clone_brings_in_nothing() {
    let (index, attacker) = installed();
    let evil = super::wheel::Wheel::new("demo-evil", "1.0").file("evil.py", "");
    index.publish(&evil);
    let victim = cloned(&index, &attacker);
    // True digests of packages the index really has: only how they hang together is wrong.
    let edits: [Edit; 4] = [
        ("nothing requires `site-packages/demo-evil@1.0`", |entry| {
            let mut extra = package(entry, "demo-deep").clone();
            let evil = super::wheel::Wheel::new("demo-evil", "1.0").file("evil.py", "");
            replace(&mut extra, &integrity(&deep("1.0")), &integrity(&evil));
            let wheels = extra["wheels"].as_object_mut().unwrap();
            let digest = wheels.remove(&deep("1.0").file_name()).unwrap();
            let evil = super::wheel::Wheel::new("demo-evil", "1.0");
            wheels.insert(evil.file_name(), digest);
            entry["packages"][at("demo-evil", "1.0")] = extra;
        }),
        ("`Requires-Dist` is claimed as {demo-helper}", |entry| {
            replace(package(entry, "demo-mcp-server"), "demo-helper>=1,<2", "demo-helper");
        }),
        ("demo_deep-1.0-py3-none-any.whl: the wheel has 0 `.dist-info` folders", |entry| {
            replace(package(entry, "demo-deep"), &integrity(&deep("1.0")), &integrity(&demo("1.0")));
        }),
        ("has no console script `demo-mcp-server = demo_helper:main`", |entry| {
            entry["launch"]["entry"] = "demo-mcp-server = demo_helper:main".into();
        }),
    ];
    for (name, edit) in edits {
        victim.clone_project(&attacker);
        let mut lock: Value = serde_json::from_str(&victim.read("mcp-pin.lock")).unwrap();
        edit(&mut lock["servers"]["demo"]);
        victim.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
        victim.refuses(&MATCH).says(name).never_says("panicked");
        let installs = fs::read_dir(victim.store().join("installs")).map_or(0, Iterator::count);
        assert_eq!(installs, 0, "{name}");
    }
    victim.clone_project(&attacker);
    victim.run(&["verify"]).exits(2).says("mcp-pin install");
    victim.run(&MATCH).exits(0);
    victim.run(&INSTALL).exits(0);
}

#[test]
fn an_honest_tool_keeps_its_words() {
    // The other half of every test here: nothing changed, nothing said.
    let index = FakePypi::start();
    index.publish(&server("1.0", &json!({"tools": [tool("add", "Adds two numbers.")]})));
    let machine = machine(&index);
    machine.run(&PROBE).exits(0);
    let report = machine.run(&["verify", "--format", "json"]).exits(0).json();
    assert_eq!((&report["findings"], &report["clean"]), (&json!([]), &json!(["demo"])));
}

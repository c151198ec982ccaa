//! Tampering after the installation: in the tree, in the store, in the lock. `verify` never passes
//! and never repairs; `install` repairs, and says what.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Machine, snapshot, unlock};
use crate::registry::{FakeNpm, demo};

const VERIFY: [&str; 2] = ["verify", "--no-probe"];
const REPAIR: [&str; 3] = ["install", "--no-probe", "--yes"];

fn installed() -> (FakeNpm, Machine) {
    let registry = FakeNpm::with_demo();
    let machine = Machine::with_registry(&registry.url());
    machine.run(&["install", "npm:demo", "--no-probe", "--yes"]).exits(0);
    machine.run(&VERIFY).exits(0);
    (registry, machine)
}

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

/// Other content of the same length, with the old times put back.
fn change_unseen(path: &Path) {
    open_up(path);
    let before = fs::metadata(path).unwrap();
    let mut bytes = fs::read(path).unwrap();
    bytes[0] ^= 1;
    fs::write(path, bytes).unwrap();
    let times = fs::FileTimes::new()
        .set_modified(before.modified().unwrap())
        .set_accessed(before.accessed().unwrap());
    fs::File::options().write(true).open(path).unwrap().set_times(times).unwrap();
    let after = fs::metadata(path).unwrap();
    assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
}

type Tampering = (&'static str, &'static str, fn(&Path));

/// The name of each, the finding's code, and what is done to the package's folder.
const TREE: [Tampering; 11] = [
    ("changed, size and time kept", "file-changed", |demo| {
        change_unseen(&demo.join("index.js"));
    }),
    ("appended", "file-changed", |demo| {
        open_up(&demo.join("lib/deep/text.js"));
        let before = fs::read_to_string(demo.join("lib/deep/text.js")).unwrap();
        fs::write(demo.join("lib/deep/text.js"), before + "evil()\n").unwrap();
    }),
    ("file added", "file-added", |demo| {
        open_up(&demo.join("lib/new.js"));
        fs::write(demo.join("lib/new.js"), "evil()").unwrap();
    }),
    ("folder added", "file-added", |demo| {
        open_up(&demo.join("lib/empty"));
        fs::create_dir(demo.join("lib/empty")).unwrap();
    }),
    ("package added", "file-added", |demo| {
        let package = demo.join("../evil");
        open_up(&package);
        fs::create_dir(&package).unwrap();
        fs::write(package.join("index.js"), "evil()").unwrap();
    }),
    ("package shadowed", "file-added", |demo| {
        // node looks here first.
        open_up(&demo.join("node_modules"));
        fs::create_dir_all(demo.join("node_modules/helper")).unwrap();
        fs::write(demo.join("node_modules/helper/index.js"), "evil()").unwrap();
    }),
    ("removed", "file-missing", |demo| {
        open_up(&demo.join("lib/deep/text.js"));
        fs::remove_file(demo.join("lib/deep/text.js")).unwrap();
    }),
    ("made executable", "file-mode-changed", |demo| {
        fs::set_permissions(demo.join("index.js"), fs::Permissions::from_mode(0o755)).unwrap();
    }),
    ("made plain", "file-mode-changed", |demo| {
        fs::set_permissions(demo.join("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    }),
    ("link to the same bytes", "file-not-regular", |demo| {
        let file = demo.join("index.js");
        open_up(&file);
        let copy = demo.ancestors().nth(4).unwrap().join("copy.js");
        fs::write(&copy, fs::read(&file).unwrap()).unwrap();
        fs::remove_file(&file).unwrap();
        symlink(copy, file).unwrap();
    }),
    ("folder swapped for a link", "file-not-regular", |demo| {
        open_up(&demo.join("lib"));
        let aside = demo.ancestors().nth(4).unwrap().join("aside");
        fs::rename(demo.join("lib"), &aside).unwrap();
        symlink(aside, demo.join("lib")).unwrap();
    }),
];

#[test]
fn the_tree() {
    let (_registry, machine) = installed();
    let pristine = contents(&machine);
    let project = snapshot(&machine.project());
    for (what, code, tamper) in TREE {
        println!("{what}");
        tamper(&machine.tree().join("node_modules/demo"));
        machine.run(&VERIFY).exits(1).says(code);
        machine.run(&VERIFY).exits(1).says(code);
        machine
            .run(&["install", "--no-probe", "--yes", "--offline"])
            .exits(0)
            .says("repaired")
            .says("node_modules/");
        machine.run(&VERIFY).exits(0);
        assert_eq!(contents(&machine), pristine, "{what}");
    }
    assert_eq!(snapshot(&machine.project()), project);
    machine.run(&REPAIR).exits(0).says("unchanged").never_says("replaced");
}

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
fn adding_again_does_not_repair_in_silence() {
    let (_registry, machine) = installed();
    change_unseen(&machine.tree().join("node_modules/helper/index.js"));
    machine
        .run(&["install", "npm:demo", "--no-probe", "--yes"])
        .exits(0)
        .says("replaced node_modules/helper/index.js");
    machine.run(&VERIFY).exits(0);
}

#[test]
fn the_tree_removed() {
    let (_registry, machine) = installed();
    fs::rename(machine.tree(), machine.store().join("elsewhere")).unwrap();
    machine.run(&VERIFY).exits(2).says("mcp-pin install");
    machine
        .run(&["install", "--no-probe", "--yes", "--offline"])
        .exits(0)
        .says("installed");
    machine.run(&VERIFY).exits(0);
    // A link to a good tree is none of ours.
    let tree = machine.tree();
    unlock(&machine.store().join("elsewhere"));
    fs::remove_dir_all(machine.store().join("elsewhere")).unwrap();
    fs::rename(&tree, machine.store().join("elsewhere")).unwrap();
    symlink(machine.store().join("elsewhere"), &tree).unwrap();
    machine.run(&VERIFY).exits(1).says("file-not-regular");
    machine.run(&REPAIR).exits(0).says("repaired");
    machine.run(&VERIFY).exits(0);
    assert!(
        machine.store().join("elsewhere/node_modules/demo/index.js").exists(),
        "what the link led to is not ours"
    );
}

/// The stored archives, in no particular order.
fn stored(machine: &Machine) -> Vec<std::path::PathBuf> {
    snapshot(&machine.store().join("archives"))
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn a_stored_archive_changed() {
    let (_registry, machine) = installed();
    for path in stored(&machine) {
        change_unseen(&path);
        machine.run(&VERIFY).exits(1).says("archive-changed").says("mcp-pin install");
        machine
            .run(&["install", "--no-probe", "--yes", "--offline"])
            .exits(2)
            .says("without the network");
        machine.run(&VERIFY).exits(1).says("archive-changed");
        machine.run(&REPAIR).exits(0).says("changed on disk: fetching it again");
        machine.run(&VERIFY).exits(0);
    }
    machine.archives();
}

#[test]
fn a_stored_archive_and_the_tree_changed_together() {
    let (_registry, machine) = installed();
    // The store is believed for its digests, never for lying there.
    let evil = demo("1.0.0").file("index.js", "evil()").archive();
    for path in stored(&machine) {
        open_up(&path);
        fs::write(path, &evil).unwrap();
    }
    let file = machine.tree().join("node_modules/demo/index.js");
    open_up(&file);
    fs::write(file, "evil()").unwrap();
    machine.run(&VERIFY).exits(1).says("archive-changed");
    machine.run(&REPAIR).exits(0).says("replaced node_modules/demo/index.js");
    machine.run(&VERIFY).exits(0);
    machine.archives();
}

#[test]
fn a_stored_archive_removed() {
    let (_registry, machine) = installed();
    for path in stored(&machine) {
        open_up(&path);
        fs::remove_file(path).unwrap();
    }
    machine
        .run(&VERIFY)
        .exits(2)
        .says("demo@1.0.0")
        .says("helper@1.0.0")
        .says("mcp-pin install");
    machine.run(&REPAIR).exits(0).says("unchanged");
    machine.run(&VERIFY).exits(0);
    // A link to the right bytes could lead to others a moment later.
    let path = stored(&machine).remove(0);
    open_up(&path);
    fs::rename(&path, machine.store().join("aside")).unwrap();
    symlink(machine.store().join("aside"), &path).unwrap();
    machine.run(&VERIFY).exits(2).says("not a regular file");
    machine.run(&REPAIR).exits(0);
    machine.run(&VERIFY).exits(0);
}

#[test]
fn one_damaged_archive_does_not_hide_another_servers_drift() {
    let (registry, machine) = installed();
    registry.publish(
        crate::registry::Package::new("other", "1.0.0")
            .file("index.js", "1\n")
            .bin("other", "index.js"),
    );
    machine.run(&["install", "npm:other", "--no-probe", "--yes"]).exits(0);
    for path in stored(&machine) {
        if fs::read(&path).unwrap() == demo("1.0.0").archive() {
            change_unseen(&path);
        }
    }
    for (path, _) in snapshot(&machine.store().join("installs")) {
        if path.ends_with("node_modules/other/index.js") {
            change_unseen(&path);
        }
    }
    machine.run(&VERIFY).exits(1).says("file-changed").says("changed on disk");
}

type Edit = (&'static str, i32, &'static str, fn(&mut Value));

fn package<'a>(entry: &'a mut Value, name: &str) -> &'a mut Value {
    &mut entry["packages"][format!("node_modules/{name}")]
}

/// What is edited in the entry, the exit status of `verify`, a word it says, and the edit.
const LOCK: [Edit; 13] = [
    ("integrity", 2, "not one that you approved", |entry| {
        let other = package(entry, "demo")["integrity"].clone();
        package(entry, "helper")["integrity"] = other;
    }),
    ("version", 2, "not one that you approved", |entry| {
        package(entry, "helper")["version"] = "1.0.9".into();
    }),
    ("edge removed", 1, "nothing requires `node_modules/helper`", |entry| {
        package(entry, "demo").as_object_mut().unwrap().remove("dependencies");
    }),
    ("edge and package removed", 2, "not one that you approved", |entry| {
        package(entry, "demo").as_object_mut().unwrap().remove("dependencies");
        entry["packages"].as_object_mut().unwrap().remove("node_modules/helper");
    }),
    ("edge loosened", 2, "not one that you approved", |entry| {
        package(entry, "demo")["dependencies"]["helper"] = "*".into();
    }),
    ("script removed", 2, "not one that you approved", |entry| {
        package(entry, "helper")
            .as_object_mut()
            .unwrap()
            .remove("scripts")
            .expect("a script");
    }),
    ("native code hidden", 2, "not one that you approved", |entry| {
        package(entry, "helper")
            .as_object_mut()
            .unwrap()
            .remove("native")
            .expect("native code");
    }),
    ("made optional", 1, "is marked optional but is required", |entry| {
        package(entry, "helper")["optional"] = true.into();
    }),
    ("limited to another platform", 2, "not one that you approved", |entry| {
        package(entry, "helper")["os"] = json!(["aix"]);
    }),
    ("another entry file", 2, "not one that you approved", |entry| {
        entry["launch"]["entry"] = "node_modules/demo/lib/deep/text.js".into();
    }),
    ("variable added", 1, "manifest-differs", |entry| {
        entry["launch"]["env"] = json!(["AWS_SECRET_ACCESS_KEY"]);
    }),
    ("argument added", 1, "manifest-differs", |entry| {
        entry["launch"]["args"] = json!(["--root=/"]);
    }),
    ("network opened", 1, "manifest-differs", |entry| {
        entry["launch"]["network"] = true.into();
    }),
];

#[test]
fn the_lock() {
    let registry = FakeNpm::start();
    let helper = crate::registry::helper("1.0.0")
        .script("postinstall", "node x")
        .file("x.node", "\x7fELF");
    registry.publish(helper).publish(demo("1.0.0"));
    let machine = Machine::with_registry(&registry.url());
    machine.run(&["install", "npm:demo", "--no-probe", "--yes"]).exits(0);
    let good = machine.read("mcp-pin.lock");
    let tree = snapshot(&machine.store().join("installs"));
    for (what, status, says, edit) in LOCK {
        println!("{what}");
        let mut lock: Value = serde_json::from_str(&good).unwrap();
        edit(&mut lock["servers"]["demo"]);
        machine.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
        machine.run(&VERIFY).exits(status).says(says);
        // What is true to the archives is asked about; what is not is refused whatever is said.
        let without = machine.run(&["install", "--no-probe"]);
        let asked = what == "another entry file";
        assert_eq!(without.status, if asked { 1 } else { 2 }, "{what}: {without:?}");
        if !asked {
            machine.refuses(&REPAIR).says("could not");
        }
        assert_eq!(snapshot(&machine.store().join("installs")), tree, "{what}");
    }
    machine.write("mcp-pin.lock", &good);
    machine.run(&VERIFY).exits(0);
}

#[test]
fn the_manifest() {
    let (_registry, machine) = installed();
    let good = machine.read("mcp-pin.toml");
    let edits = [
        good.replace("npm:demo", "npm:demo@2"),
        good.replace("npm:demo", "npm:helper"),
        format!("{good}args = [\"--evil\"]\n"),
        format!("{good}env = [\"TOKEN\"]\n"),
        format!("{good}network = true\n"),
        format!("{good}cwd = \"client\"\n"),
        String::new(),
        format!("{good}\n[servers.more]\nsource = \"npm:more\"\n"),
    ];
    for edit in edits {
        assert_ne!(edit, good);
        machine.write("mcp-pin.toml", &edit);
        machine.run(&VERIFY).exits(1).says("manifest-differs");
        machine.refuses(&REPAIR);
    }
    machine.write("mcp-pin.toml", &good);
    machine.run(&VERIFY).exits(0);
}

#[test]
fn an_edit_of_both_files_that_agrees_is_not_approved() {
    let (_registry, machine) = installed();
    let manifest = machine.read("mcp-pin.toml");
    machine.write("mcp-pin.toml", &format!("{manifest}env = [\"AWS_SECRET_ACCESS_KEY\"]\n"));
    let mut lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    lock["servers"]["demo"]["launch"]["env"] = json!(["AWS_SECRET_ACCESS_KEY"]);
    machine.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
    machine
        .run(&VERIFY)
        .exits(2)
        .says("not one that you approved")
        .says("mcp-pin install");
    // Not to be nodded through either: the variable is a secret, and nobody here asked for it.
    machine.run(&REPAIR).exits(1).says("launch-changed").says("launch-env-passed");
    machine.run(&VERIFY).exits(2);
}

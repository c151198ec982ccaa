//! Bad input: archives, lockfiles, manifests and words on the command line that nobody honest
//! writes. Each is refused by name with exit status 2, and every file is as it was.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use crate::harness::{Machine, snapshot};
use crate::registry::{FakeNpm, Package, demo};
use tar::EntryType;

const INSTALL: [&str; 4] = ["install", "npm:demo", "--no-probe", "--yes"];

type Archive = (&'static str, fn(Package) -> Package);

/// What the refusal says about the entry, and the archive.
const ARCHIVES: [Archive; 15] = [
    ("entry `package/../../evil.js` leaves its folder with `..`", |p| {
        p.raw_file("package/../../evil.js", "x")
    }),
    ("entry `../evil.js`", |p| p.raw_file("../evil.js", "x")),
    ("entry `/etc/evil.js` is an absolute path", |p| p.raw_file("/etc/evil.js", "x")),
    ("is a symbolic link", |p| {
        p.special("package/link", EntryType::Symlink, "/etc/passwd")
    }),
    ("is a symbolic link", |p| p.special("package/link", EntryType::Symlink, "index.js")),
    ("is a hard link", |p| p.special("package/link", EntryType::Link, "package/index.js")),
    ("is a device", |p| p.special("package/null", EntryType::Char, "")),
    ("is a device", |p| p.special("package/disk", EntryType::Block, "")),
    ("entry `package/pipe` is a", |p| p.special("package/pipe", EntryType::Fifo, "")),
    ("entry `package/odd` is a", |p| p.special("package/odd", EntryType::new(b'Z'), "")),
    (
        "entry `package/INDEX.js` differs only in upper and lower case from `index.js`",
        |p| p.raw_file("package/INDEX.js", "x"),
    ),
    ("entry `package/index.js` stands twice", |p| p.raw_file("package/index.js", "x")),
    ("entry `package/lib` is a file and a folder at once", |p| {
        p.raw_file("package/lib", "x")
    }),
    ("has a backslash in its name", |p| p.raw_file("package/a\\..\\b.js", "x")),
    ("has a control character in its name", |p| p.raw_file("package/a\u{1b}[2Jb.js", "x")),
];

#[test]
fn archives_that_are_refused() {
    let registry = FakeNpm::with_demo();
    let machine = Machine::with_registry(&registry.url());
    // One install that gets as far as fetching; from then on only the lock is needed.
    machine.run(&INSTALL).exits(0);
    for (says, change) in ARCHIVES {
        let bad = change(demo("1.0.0"));
        registry.replace_archive("demo", "1.0.0", bad.archive());
        let lock = machine.read("mcp-pin.lock");
        machine.write("mcp-pin.lock", &lock.replace(&demo("1.0.0").integrity(), &bad.integrity()));
        machine.refuses(&["install", "--no-probe", "--yes"]).says("`demo@1.0.0`").says(says);
        assert_eq!(fs::read_dir(machine.store().join("installs")).unwrap().count(), 1, "{says}");
        assert_eq!(fs::read_dir(machine.store().join("tmp")).unwrap().count(), 0, "{says}");
        machine.write("mcp-pin.lock", &lock);
    }
    assert!(!machine.home().join("evil.js").exists() && !machine.store().join("evil.js").exists());
    machine.run(&["verify", "--no-probe"]).exits(0);
}

#[test]
fn a_new_server_with_a_bad_archive() {
    let registry = FakeNpm::with_demo();
    registry.publish(demo("1.0.1").raw_file("package/../../evil.js", "x"));
    let machine = Machine::with_registry(&registry.url());
    machine.refuses(&INSTALL).says("`demo@1.0.1`").says("leaves its folder with `..`");
    assert_eq!(fs::read_dir(machine.store().join("installs")).unwrap().count(), 0);
    // A file in the place of a package that npm nests there.
    let shadow = Package::new("other", "1.0.0").dependency("helper", "^2");
    let shadow = shadow.raw_file("package/node_modules/helper/index.js", "x");
    registry.publish(crate::registry::helper("2.0.0")).publish(shadow);
    registry.publish(demo("1.0.2").dependency("other", "*"));
    machine
        .refuses(&INSTALL)
        .says("`other@1.0.0`")
        .says("stands in the place of the nested package");
    assert_eq!(fs::read_dir(machine.store().join("installs")).unwrap().count(), 0);
}

/// Gzip of a tar with so much that no package holds it, made without holding it.
fn bomb(files: usize, size: usize) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    for number in 0..files {
        let mut header = tar::Header::new_ustar();
        header.set_path(format!("package/{number}")).unwrap();
        header.set_size(size as u64);
        header.set_mode(0o644);
        header.set_cksum();
        gzip.write_all(header.as_bytes()).unwrap();
        let mut left = size.div_ceil(512) * 512;
        while left > 0 {
            let now = left.min(zeros.len());
            gzip.write_all(&zeros[..now]).unwrap();
            left -= now;
        }
    }
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn bombs_and_archives_that_are_none() {
    let registry = FakeNpm::with_demo();
    let machine = Machine::with_registry(&registry.url());
    machine.run(&INSTALL).exits(0);
    let lock = machine.read("mcp-pin.lock");
    let mut cut = demo("1.0.0").archive();
    cut.truncate(cut.len() / 2);
    let archives = [
        ("is larger than 256 MiB", bomb(1, 257 << 20)),
        ("unpacks to more than", bomb(6, 200 << 20)),
        ("could not unpack", cut),
        ("could not unpack", b"<html>Sign in</html>".to_vec()),
        ("could not unpack", Vec::new()),
        ("holds no `package.json`", bomb(1, 1)),
    ];
    for (says, bytes) in archives {
        registry.replace_archive("demo", "1.0.0", bytes.clone());
        let bad = crate::registry::integrity(&bytes);
        machine.write("mcp-pin.lock", &lock.replace(&demo("1.0.0").integrity(), &bad));
        machine.refuses(&["install", "--no-probe", "--yes"]).says("`demo@1.0.0`").says(says);
        assert_eq!(fs::read_dir(machine.store().join("tmp")).unwrap().count(), 0, "{says}");
    }
}

/// Commands that read a project's files.
const READING: [&[&str]; 6] = [
    &["verify"],
    &["install", "--yes"],
    &["install", "npm:demo", "--yes"],
    &["update", "--yes"],
    &["list"],
    &["remove", "demo"],
];

#[test]
fn lockfiles_that_are_not_read() {
    let registry = FakeNpm::with_demo();
    let machine = Machine::with_registry(&registry.url());
    machine.run(&INSTALL).exits(0);
    let good = machine.read("mcp-pin.lock");
    let conflict = good
        .replacen("{\n", "{\n<<<<<<< HEAD\n", 2)
        .replacen("\"launch\"", "=======\n>>>>>>> theirs\n\"launch\"", 1);
    let locks = [
        ("line ", "hint: restore the file", good[..good.len() / 2].to_owned()),
        ("line ", "hint: restore the file", good.replacen('}', "},", 1)),
        ("the file is empty", "hint:", String::new()),
        ("git conflict marker", "git checkout --ours", conflict),
        (
            "lockfile version 5 is newer",
            "hint: use the mcp-pin that wrote it",
            good.replace("\"lockfileVersion\": 4", "\"lockfileVersion\": 5"),
        ),
        (
            "`lockfileVersion`",
            "hint:",
            good.replace("\"lockfileVersion\": 4", "\"lockfileVersion\": 0"),
        ),
        (
            "unknown",
            "hint:",
            good.replace("\"lockfileVersion\"", "\"more\": 1, \"lockfileVersion\""),
        ),
        (
            "another tool's lockfile",
            "hint: move or rename",
            "{\"lockfileVersion\": 3, \"packages\": {}}".into(),
        ),
        (
            "another tool's lockfile",
            "hint: move or rename",
            "# yarn lockfile v1\n\n\"a@^1\":\n  version \"1.0.0\"\n".into(),
        ),
    ];
    for (says, hint, lock) in locks {
        assert_ne!(lock, good);
        machine.write("mcp-pin.lock", &lock);
        for args in READING {
            machine
                .refuses(args)
                .says("mcp-pin.lock")
                .says(says)
                .says(hint)
                .never_says("panicked");
        }
    }
    fs::write(machine.project().join("mcp-pin.lock"), b"\xff\xfe{}").unwrap();
    machine.refuses(&["verify"]).says("mcp-pin.lock");
    fs::remove_file(machine.project().join("mcp-pin.lock")).unwrap();
    fs::create_dir(machine.project().join("mcp-pin.lock")).unwrap();
    machine.run(&["verify"]).exits(2).says("not a regular file");
    fs::remove_dir(machine.project().join("mcp-pin.lock")).unwrap();
    symlink("mcp-pin.lock", machine.project().join("mcp-pin.lock")).unwrap();
    machine.run(&["verify"]).exits(2).says("mcp-pin.lock");
}

#[test]
fn a_manifest_with_many_problems() {
    let machine = Machine::new();
    let manifest = "[servers.\"bad name\"]
source = \"npm:demo\"
[servers.a]
sorce = \"npm:demo\"
[servers.b]
source = \"demo\"
args = \"x\"
[servers.c]
source = \"pypi:demo@1\"
cwd = \"home\"
[policy]
cooldown = { install = \"soon\" }
evidence = \"trust me\"
";
    machine.write("mcp-pin.toml", manifest);
    for args in READING {
        let refused = machine.refuses(args).says("mcp-pin.toml").says("hint:");
        for (line, what) in [
            (1, "`bad name` is not a server name"),
            (3, "server `a` has no `source`"),
            (4, "unknown key `sorce` (did you mean `source`?)"),
            (6, "`demo` does not say where it comes from"),
            (7, "`args` must be a list of strings"),
            (
                9,
                "`demo@1` asks for a version with `@`, which a Python requirement has no place for (write `pypi:demo==1`)",
            ),
            (10, "`cwd` must be"),
            (12, "`install` is not a cooldown"),
            (13, "`evidence` must be"),
        ] {
            let found = refused.stderr.lines().any(|text| text.contains(&format!("line {line}: {what}")));
            assert!(found, "line {line}: {what}\n{}", refused.stderr);
        }
    }
    machine.write("mcp-pin.toml", "[servers\n");
    machine.refuses(&["verify"]).says("line 1");
    // The user's own file is no better where it is bad.
    machine.allow_accept();
    fs::write(machine.store().join("config/mcp-pin.toml"), "[polcy]\n").unwrap();
    machine.write("mcp-pin.toml", "");
    machine.write(
        "mcp-pin.lock",
        "{\"kind\": \"mcp-pin/closure\", \"lockfileVersion\": 1, \"servers\": {}}",
    );
    machine
        .refuses(&["verify"])
        .says("config/mcp-pin.toml")
        .says("did you mean `policy`?");
}

#[test]
fn words_that_are_no_source() {
    let machine = Machine::new();
    for (word, says) in [
        ("demo", "does not say where it comes from"),
        ("@scope/demo", "does not say where it comes from"),
        ("demo@1.0.0", "does not say where it comes from"),
        ("pypi:", "is not a Python requirement"),
        ("pypi:-demo", "is not the name of a Python package"),
        ("pypi:demo@1.0.0", "hint: write `pypi:demo==1.0.0`"),
        ("pypi:demo===1.0.0", "hint: write `==1.0.0`"),
        ("pypi:demo; python_version > '3.8'", "hint: write `pypi:demo`"),
        ("pypi:demo @ https://127.0.0.1/demo.whl", "not a registry package"),
        ("pypi:./demo", "not a registry package"),
        ("pypi:demo-1.0-py3-none-any.whl", "not a registry package"),
        ("pypi:demo\u{1b}[2J", "is not a Python requirement"),
        ("oci:host/demo:1", "`oci:` sources are not supported"),
        ("made-up:demo", "`made-up:`"),
        ("git+https://127.0.0.1/x.git", "not a registry package"),
        ("https://127.0.0.1/x.tgz", "the address of an archive"),
        ("file:../x", "not a registry package"),
        ("./x", "does not say where it comes from"),
        ("npm:", "is not an npm package name"),
        ("npm:../x", "is not an npm package name"),
        ("npm:a b", "is not an npm package name"),
        ("npm:demo@", "is not a version, range or tag"),
        ("npm:demo@file:../x", "not a registry package"),
        ("npm:demo@npm:evil@1", "not a registry package"),
        ("npm:demo@https://127.0.0.1/x.tgz", "not a registry package"),
        ("npm:demo@\u{1b}[2J", "is not a version, range or tag"),
    ] {
        let refused = machine.refuses(&["install", word, "--yes"]).says(says);
        assert!(!refused.stderr.contains('\u{1b}'), "{word}: {:?}", refused.stderr);
    }
    machine
        .refuses(&["install"])
        .says("could not find mcp-pin.toml")
        .says("hint: add a server");
    machine.refuses(&["verify", "nobody"]);
    machine.refuses(&["frobnicate"]);
    machine
        .refuses(&["install", "npm:demo", "--name", "../evil"])
        .says("is not a server name");
    assert!(!machine.store().join("state.db").exists(), "words alone start no work");
}

#[test]
fn commands_that_pin_nothing() {
    let machine = Machine::new();
    machine.write("server.js", "process.exit()\n");
    machine.write("server.py", "pass\n");
    let cases: [(&[&str], &str); 14] = [
        (
            &["sh", "-c", "node server.js"],
            "a program that runs what its arguments say pins nothing",
        ),
        (&["bash", "server.js"], "pins nothing"),
        (&["/bin/sh", "-c", "x"], "pins nothing"),
        (&["env", "node", "server.js"], "pins nothing"),
        (&["npx", "-y", "demo"], "it fetches what it runs"),
        (&["npm", "exec", "demo"], "it fetches what it runs"),
        (&["node", "-e", "1"], "in no file that could be pinned"),
        (&["node", "--eval=1"], "in no file that could be pinned"),
        (
            &["node", "--import", "data:text/javascript,1", "server.js"],
            "in no file that could be pinned",
        ),
        (&["node"], "in no file that could be pinned"),
        (&["python3", "-c", "1"], "in no file that could be pinned"),
        (&["python3", "-m", "http.server"], "in no file that could be pinned"),
        (&["./not-here"], "could not find the command"),
        (&["no-such-program-anywhere"], "could not find the command"),
    ];
    for (command, says) in cases {
        let args = [&["install", "--no-probe", "--yes", "--name", "own", "--"], command].concat();
        machine.refuses(&args).says(says).says("hint:");
        assert!(!machine.store().join("config/mcp-pin.lock").exists(), "{command:?}");
    }
    let args = ["install", "--no-probe", "--yes", "--", "node", "server.js"];
    machine.refuses(&args).says("--name");
}

#[test]
fn a_local_command_goes_to_the_users_scope_and_is_pinned_by_content() {
    let machine = Machine::new();
    machine.write("server.js", "process.exit()\n");
    let before = snapshot(&machine.project());
    machine
        .run(&["install", "--no-probe", "--yes", "--name", "own", "--", "node", "server.js"])
        .exits(0);
    assert_eq!(snapshot(&machine.project()), before, "a project names no commands of a machine");
    machine.run(&["verify", "--global", "--no-probe"]).exits(0);
    machine.write("server.js", "evil()\n");
    machine
        .run(&["verify", "--global", "--no-probe"])
        .exits(1)
        .says("local-file-changed");
    machine
        .run(&["install", "--global", "--no-probe", "--yes"])
        .exits(2)
        .says("other content");
    machine
        .run(&["verify", "--global", "--no-probe"])
        .exits(1)
        .says("local-file-changed");
    fs::remove_file(machine.project().join("server.js")).unwrap();
    machine.run(&["verify", "--global", "--no-probe"]).exits(1).says("local-file-");
    // Pinning what it has become is a change like any other.
    machine.write("server.js", "evil()\n");
    let again = ["install", "--no-probe", "--yes", "--name", "own", "--", "node", "server.js"];
    machine.run(&again).exits(1).says("local-file-changed");
}

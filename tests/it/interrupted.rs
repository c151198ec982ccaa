//! Killed at every write step, two at a time, a full disk: the project's files are the old or the
//! new ones, nothing unverified is in the store, and the next call works.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::{Machine, ran, snapshot};
use crate::registry::{FakeNpm, Package, demo, helper};

const INSTALL: [&str; 4] = ["install", "npm:demo", "--no-probe", "--yes"];
const MATCH: [&str; 3] = ["install", "--no-probe", "--yes"];
const ROLLBACK: [&str; 3] = ["rollback", "demo", "--yes"];
const UPDATE: [&str; 3] = ["update", "--no-probe", "--yes"];

/// Says aloud, past the test harness, that something was not tested.
fn skipped(what: &str) {
    drop(writeln!(std::io::stderr(), "skipped: {what}"));
}

/// An `npm` that gives the real one's answers again: hundreds of runs ask the same question.
struct Recorded(TempDir);

impl Recorded {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("mcp-pin-npm").tempdir().unwrap();
        let program = folder.path().join("npm");
        let real = on_path("npm").expect("npm is installed");
        let text = format!(
            "#!/bin/sh
answers='{answers}'
case \"$1\" in
config) kind=config ;;
*) kind=$(cksum < package.json | tr ' ' -) ;;
esac
if [ ! -f \"$answers/$kind.out\" ]; then
    '{real}' \"$@\" > \"$answers/$kind.new\" || exit
    [ \"$kind\" = config ] || cp package-lock.json \"$answers/$kind.lock\"
    mv \"$answers/$kind.new\" \"$answers/$kind.out\"
fi
[ \"$kind\" = config ] || cp \"$answers/$kind.lock\" package-lock.json
exec cat \"$answers/$kind.out\"
",
            answers = folder.path().display(),
            real = real.display(),
        );
        fs::write(&program, text).unwrap();
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    /// Makes a machine ask this npm from now on.
    fn on(&self, machine: &mut Machine) {
        let path = path_of(&machine.command(&[]));
        let folders = [self.0.path().to_owned()].into_iter().chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).unwrap();
        machine.set("PATH", path);
    }
}

fn path_of(command: &Command) -> std::ffi::OsString {
    let found = command.get_envs().filter(|(name, _)| *name == "PATH").last();
    found.and_then(|(_, value)| value).expect("a PATH").to_owned()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let machine = Machine::new();
    let path = path_of(&machine.command(&[]));
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// A command of another program that starts the product's with the same environment.
fn around(wrapper: &[&str], inner: &Command) -> Command {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(inner.get_program()).args(inner.get_args());
    command
        .current_dir(inner.get_current_dir().unwrap())
        .env_clear()
        .stdin(Stdio::null());
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Whether strace is here and may trace.
pub(crate) fn can_trace() -> bool {
    let found = on_path("strace").is_some_and(|strace| {
        let tried = Command::new(strace)
            .args(["-qq", "-o", "/dev/null", "true"])
            .stderr(Stdio::null())
            .status();
        tried.is_ok_and(|status| status.success())
    });
    if !found {
        skipped("kill at every write step: no strace here, or it may not trace");
    }
    found
}

/// Where a kill is tried: only on the user's own files or anywhere, at which system call, and how
/// many of them are passed over from one kill to the next. One call each: strace counts them apart,
/// and in a set the first of the one would hide the first of the other.
pub(crate) type Step = (bool, &'static str, usize);

/// Every step on the user's own files.
const PROJECT: [Step; 6] = [
    (true, "openat", 1),
    (true, "write", 1),
    (true, "fsync", 1),
    (true, "rename", 1),
    (true, "renameat2", 1),
    (true, "unlink", 1),
];

/// What gives things their final names in the store.
pub(crate) const NAMING: [Step; 3] = [(false, "rename", 1), (false, "renameat", 1), (false, "renameat2", 1)];

/// A sample of the many other steps in the store and the history.
pub(crate) const STORE: [Step; 8] = [
    (false, "fsync", 3),
    (false, "syncfs", 1),
    (false, "fchmod", 1),
    (false, "chmod", 1),
    (false, "pwrite64", 7),
    (false, "mkdir", 5),
    (false, "unlink", 2),
    (false, "unlinkat", 7),
];

/// Kills a command at one write step after the other until it gets through. `prepare` makes the
/// machine as it is before; `new` are the project's files after a run that nobody killed.
pub(crate) fn killed_at_every_step(args: &[&str], steps: &[&[Step]], prepare: &dyn Fn() -> Machine, new: &[(String, Vec<u8>)]) {
    let mut kills = 0;
    for &(project, calls, stride) in steps.iter().copied().flatten() {
        for step in (1..400).step_by(stride) {
            let machine = prepare();
            let old = files(&machine.project());
            let inject = format!("inject=?{calls}:signal=KILL:when={step}");
            let trace = format!("trace=?{calls}");
            let mut strace = vec!["strace", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let paths = own_files(&machine);
            if project {
                strace.extend(paths.iter().flat_map(|path| ["-P", path]));
            }
            let status = around(&strace, &machine.command(args))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            let at = format!("{args:?}, killed at {calls} number {step}: {status}");
            if status.success() {
                break;
            }
            assert_eq!(status.signal(), Some(9), "{at}");
            kills += 1;
            // `archives` fails where bytes differ from their name.
            machine.archives();
            for (name, content) in files(&machine.project()) {
                let whole = [&old[..], new]
                    .into_iter()
                    .flatten()
                    .any(|known| *known == (name.clone(), content.clone()));
                assert!(
                    whole || name.ends_with(".mcp-pin-new"),
                    "{at}: {name} is neither the old nor the new one"
                );
            }
            for name in old.iter().map(|(name, _)| name) {
                assert!(machine.project().join(name).exists(), "{at}: {name} is gone");
            }
            // Once more would go further back.
            let is_back = args[0] == "rollback" && files(&machine.project()) == new;
            let next = machine.run(if is_back { &MATCH } else { args });
            assert_eq!(next.status, 0, "{at}: {next:?}");
            assert_eq!(names(&files(&machine.project())), names(new), "{at}");
            assert_eq!(files(&machine.project()), new, "{at}");
            assert_eq!(fs::read_dir(machine.store().join("tmp")).unwrap().count(), 0, "{at}");
            let verified = machine.run(&["verify", "--no-probe"]);
            assert_eq!(verified.status, 0, "{at}: {verified:?}");
        }
    }
    assert!(kills > 5, "only {kills} kills");
}

/// The project's files, and the names they are written under first.
fn own_files(machine: &Machine) -> Vec<String> {
    let names = [
        "mcp-pin.lock",
        "mcp-pin.toml",
        ".mcp-pin.lock.mcp-pin-new",
        ".mcp-pin.toml.mcp-pin-new",
    ];
    names.map(|name| machine.project().join(name).display().to_string()).into()
}

fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(name, _)| name.as_str()).collect()
}

/// The files of a folder by name.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let found = snapshot(folder).into_iter();
    found
        .map(|(path, bytes)| (path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned(), bytes))
        .collect()
}

fn machine(registry: &FakeNpm, npm: &Recorded) -> Machine {
    let mut machine = Machine::with_registry(&registry.url());
    npm.on(&mut machine);
    machine
}

#[test]
fn an_install_killed_at_every_step() {
    if !can_trace() {
        return;
    }
    let (registry, npm) = (FakeNpm::with_demo(), Recorded::new());
    let reference = machine(&registry, &npm);
    reference.run(&INSTALL).exits(0);
    let new = files(&reference.project());
    killed_at_every_step(&INSTALL, &[&PROJECT, &NAMING, &STORE], &|| machine(&registry, &npm), &new);
}

#[test]
fn an_update_killed_at_every_step() {
    if !can_trace() {
        return;
    }
    let (registry, before, after) = (FakeNpm::with_demo(), Recorded::new(), Recorded::new());
    machine(&registry, &before).run(&INSTALL).exits(0);
    registry.publish(helper("1.1.0")).publish(demo("1.1.0"));
    let prepare = || {
        let mut machine = machine(&registry, &before);
        machine.run(&INSTALL).exits(0);
        after.on(&mut machine);
        machine
    };
    let reference = prepare();
    let old = files(&reference.project());
    reference.run(&UPDATE).exits(0).says("updated");
    let new = files(&reference.project());
    assert_ne!(new, old);
    killed_at_every_step(&UPDATE, &[&PROJECT, &NAMING], &prepare, &new);
}

#[test]
fn a_rollback_killed_at_every_step() {
    if !can_trace() {
        return;
    }
    let (registry, before, after) = (FakeNpm::with_demo(), Recorded::new(), Recorded::new());
    machine(&registry, &before).run(&INSTALL).exits(0);
    registry.publish(helper("1.1.0")).publish(demo("1.1.0"));
    let prepare = || {
        let mut machine = machine(&registry, &before);
        machine.run(&INSTALL).exits(0);
        after.on(&mut machine);
        machine.run(&UPDATE).exits(0);
        machine
    };
    let reference = prepare();
    reference.run(&ROLLBACK).exits(0).says("restored");
    let new = files(&reference.project());
    killed_at_every_step(&ROLLBACK, &[&PROJECT, &NAMING], &prepare, &new);
}

#[test]
fn a_repair_killed_at_every_step() {
    if !can_trace() {
        return;
    }
    let (registry, npm) = (FakeNpm::with_demo(), Recorded::new());
    let prepare = || {
        let machine = machine(&registry, &npm);
        machine.run(&INSTALL).exits(0);
        let file = machine.tree().join("node_modules/demo/index.js");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(file, "evil()").unwrap();
        machine
    };
    let new = files(&prepare().project());
    // It writes nothing in the project.
    killed_at_every_step(&MATCH, &[&NAMING, &STORE[5..]], &prepare, &new);
}

/// Starts a command whose output nobody reads before its end.
pub(crate) fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[track_caller]
pub(crate) fn succeeded(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn two_at_a_time_in_one_project() {
    let (registry, npm) = (FakeNpm::with_demo(), Recorded::new());
    registry.publish(Package::new("other", "1.0.0").file("index.js", "1\n").bin("other", "index.js"));
    let machine = machine(&registry, &npm);
    let other = ["install", "npm:other", "--no-probe", "--yes"];
    let both = [
        start(machine.command(&INSTALL)),
        start(machine.command(&other)),
        start(machine.command(&INSTALL)),
    ];
    both.into_iter().for_each(succeeded);
    machine.run(&["verify", "--no-probe"]).exits(0).says("demo").says("other");
    assert_eq!(names(&files(&machine.project())), ["mcp-pin.lock", "mcp-pin.toml"]);
    machine.archives();
    // Readers while a writer works: each sees the old or the new files, never half of one.
    let writer = start(machine.command(&["update", "--no-probe", "--yes"]));
    for _ in 0..5 {
        machine.run(&["verify", "--no-probe"]).exits(0);
    }
    succeeded(writer);
}

#[test]
fn two_at_a_time_on_one_store() {
    let (registry, npm) = (FakeNpm::with_demo(), Recorded::new());
    let first = machine(&registry, &npm);
    let mut second = machine(&registry, &npm);
    let store = first.store();
    second.set("MCP_PIN_HOME", store);
    let both = [start(first.command(&INSTALL)), start(second.command(&INSTALL))];
    both.into_iter().for_each(succeeded);
    for machine in [&first, &second] {
        machine.run(&["verify", "--no-probe"]).exits(0);
    }
    assert_eq!(first.read("mcp-pin.lock"), second.read("mcp-pin.lock"));
}

#[test]
fn the_second_waits_and_says_so() {
    let (registry, npm) = (FakeNpm::with_demo(), Recorded::new());
    let machine = machine(&registry, &npm);
    machine.run(&INSTALL).exits(0);
    let lock = fs::File::options().write(true).open(machine.store().join("lock")).unwrap();
    lock.lock().unwrap();
    let waiting = start(machine.command(&MATCH));
    // Checking takes no lock, so that it is never held up.
    machine.run(&["verify", "--no-probe"]).exits(0);
    std::thread::sleep(Duration::from_millis(300));
    lock.unlock().unwrap();
    let output = waiting.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("waiting for another mcp-pin"), "{said}");
}

/// Runs a command below a shell that first mounts small disks, in a namespace of its own. `None`
/// where that is not allowed.
fn on_small_disks(machine: &Machine, script: &str, args: &[&str]) -> Option<crate::harness::Ran> {
    let mut mount = Command::new("unshare");
    let tried = mount
        .args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"])
        .stderr(Stdio::null())
        .status();
    if !tried.is_ok_and(|status| status.success()) {
        skipped("a full disk: no mount namespace of one's own is allowed here");
        return None;
    }
    fs::create_dir_all(machine.store()).unwrap();
    let command = around(&["unshare", "-rm", "/bin/sh", "-euc", script, "sh"], &machine.command(args));
    Some(ran(command))
}

#[test]
fn a_full_disk_for_the_store() {
    let (registry, npm) = (FakeNpm::start(), Recorded::new());
    // Bytes that do not compress, so that archive and tree both need room.
    let noise: Vec<u8> = std::iter::successors(Some(1_u32), |x| Some(x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)))
        .map(|x| x.to_be_bytes()[0])
        .take(1 << 20)
        .collect();
    registry.publish(helper("1.0.0")).publish(demo("1.0.0").file("noise.bin", noise));
    // Fills the recording.
    machine(&registry, &npm).run(&INSTALL).exits(0);
    for (kilobytes, status) in [(16, 2), (64, 2), (256, 2), (1024, 2), (1500, 2), (2048, 2), (16384, 0)] {
        let machine = machine(&registry, &npm);
        let script = format!("mount -t tmpfs -o size={kilobytes}k none \"$MCP_PIN_HOME\"; exec \"$@\"");
        let Some(ran) = on_small_disks(&machine, &script, &INSTALL) else {
            return;
        };
        let ran = ran.exits(status);
        if status == 2 {
            // In our own words where we write, in SQLite's where it does.
            assert!(ran.stderr.contains("full"), "{kilobytes}: {}", ran.stderr);
            assert!(
                ran.stderr.contains(&machine.store().display().to_string()),
                "{kilobytes}: no path in {}",
                ran.stderr
            );
            assert!(files(&machine.project()).is_empty(), "{kilobytes}");
        }
    }
}

#[test]
fn a_full_disk_for_the_project() {
    let (registry, npm) = (FakeNpm::with_demo(), Recorded::new());
    registry.publish(Package::new("other", "1.0.0").file("index.js", "1\n").bin("other", "index.js"));
    let machine = machine(&registry, &npm);
    machine.run(&INSTALL).exits(0);
    let old = files(&machine.project());
    // Room for the two files and one page more: the new lock fits, the new manifest does not.
    let script = "cp mcp-pin.* \"$HOME\"
mount -t tmpfs -o size=12k none \"$PWD\"
cd \"$PWD\"
cp \"$HOME\"/mcp-pin.* .
status=0
\"$@\" || status=$?
ls -A
cat mcp-pin.lock mcp-pin.toml
exit $status";
    let other = ["install", "npm:other", "--no-probe", "--yes"];
    let Some(ran) = on_small_disks(&machine, script, &other) else {
        return;
    };
    let ran = ran.exits(2).says("disk is full").says("mcp-pin.toml");
    let (_, after) = ran.stdout.split_once("mcp-pin.lock\n").unwrap();
    let expected: String = old.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
    assert_eq!(after, format!("mcp-pin.toml\n{expected}"));
}

#[test]
fn a_killed_process_is_not_waited_for() {
    let (registry, npm) = (FakeNpm::with_demo(), Recorded::new());
    registry.trouble("/demo/-/", crate::registry::Trouble::Slow(Duration::from_secs(5)));
    let machine = machine(&registry, &npm);
    let mut first = start(machine.command(&INSTALL));
    let begun = Instant::now();
    while !registry.requests().iter().any(|path| path.starts_with("/demo/-/")) {
        assert!(begun.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    registry.calm();
    machine.run(&INSTALL).exits(0);
    assert_eq!(fs::read_dir(machine.store().join("tmp")).unwrap().count(), 0);
    assert_eq!(
        fs::read_dir(machine.store().join("scratch")).unwrap().count(),
        0,
        "what the killed one held is swept"
    );
    machine.run(&["verify", "--no-probe"]).exits(0);
}

//! The real package index, as this machine's uv and pip are configured for it: five servers people
//! use, from an older version to a newer one, and one that only its lock still starts. Everything
//! else is tested against an index on loopback.
//!
//! Where no index answers at all, each test says "skipped" aloud. Where one answers, it does not
//! skip, and only what is the network's fault is tried again.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::json;

use crate::harness::{Machine, snapshot};
use crate::real::{accepting, patiently};

/// A server, an older and a newer version, and what it is started with.
struct Case {
    package: &'static str,
    name: &'static str,
    old: &'static str,
    new: &'static str,
    args: &'static [&'static str],
    tool: &'static str,
}

#[test]
fn time_from_install_to_update() {
    from_install_to_update(&Case {
        package: "mcp-server-time",
        name: "time",
        old: "2026.10.10",
        new: "2026.10.19",
        args: &["--arg=--local-timezone=UTC"],
        tool: "get_current_time",
    });
}

#[test]
fn fetch_from_install_to_update() {
    from_install_to_update(&Case {
        package: "mcp-server-fetch",
        name: "fetch",
        old: "2026.10.10",
        new: "2026.10.24",
        args: &[],
        tool: "fetch",
    });
}

#[test]
fn git_from_install_to_update() {
    from_install_to_update(&Case {
        package: "mcp-server-git",
        name: "git",
        old: "2026.10.10",
        new: "2026.10.19",
        args: &[],
        tool: "git_status",
    });
}

#[test]
fn aws_documentation_from_install_to_update() {
    from_install_to_update(&Case {
        package: "awslabs.aws-documentation-mcp-server",
        name: "awslabs-aws-documentation",
        old: "1.2.1",
        new: "1.2.3",
        args: &[],
        tool: "read_documentation",
    });
}

#[test]
fn duckduckgo_from_install_to_update() {
    from_install_to_update(&Case {
        package: "duckduckgo-mcp-server",
        name: "duckduckgo",
        old: "0.6.1",
        new: "0.7.0",
        args: &[],
        tool: "search",
    });
}

fn from_install_to_update(case: &Case) {
    if skipped() {
        return;
    }
    let spec = format!("pypi:{}=={}", case.package, case.old);
    let mut install = vec!["install", spec.as_str(), "--name", case.name];
    install.extend(case.args);

    let one = machine();
    accepting(&one, &install);
    let old = one.read("mcp-pin.lock");
    assert!(old.contains(&format!("\"{}\"", case.tool)), "no tool `{}` in the lock", case.tool);
    assert!(!old.contains(one.home().to_str().unwrap()), "a path of this machine is in the lock");
    as_pinned(case, &one);

    // Another machine gets the same closure from the lock alone, and the same bytes.
    let two = machine();
    two.clone_project(&one);
    accepting(&two, &["install"]);
    as_pinned(case, &two);
    assert!(two.read("mcp-pin.lock") == old, "installing from the lock changed it");

    let manifest = one.read("mcp-pin.toml");
    let wanted = manifest.replace(&format!("=={}", case.old), &format!(">={}", case.old));
    assert_ne!(wanted, manifest);
    one.write("mcp-pin.toml", &wanted);
    patiently(&one, &["update", "--dry-run"])
        .exits(1)
        .says(&format!("version {} becomes", case.old));
    assert_eq!(one.read("mcp-pin.lock"), old, "`update --dry-run` writes nothing");
    accepting(&one, &["update"]);
    let new = one.read("mcp-pin.lock");
    assert!(
        !new.contains(&format!("{}@{}", case.package, case.old)),
        "the old version is still locked"
    );
    assert!(at_least(case, &one), "{} is not what was asked for", case.new);
    as_pinned(case, &one);
    patiently(&one, &["update"]).exits(0).says("unchanged");
    assert!(one.read("mcp-pin.lock") == new, "a second `update` has nothing to write");
}

/// Whether the locked version is the newer one, or one that came out since.
fn at_least(case: &Case, machine: &Machine) -> bool {
    let lock: serde_json::Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    let version = lock["servers"][case.name]["package"]["version"].as_str().unwrap().to_owned();
    let parts = |text: &str| text.split('.').map(|part| part.parse::<u64>().unwrap_or(0)).collect::<Vec<_>>();
    parts(&version) >= parts(case.new)
}

/// `verify` compares every file and the surface, finds nothing, and writes nothing.
fn as_pinned(case: &Case, machine: &Machine) {
    let before = snapshot(&machine.project());
    let report = machine.run(&["verify", "--format", "json"]).exits(0).json();
    assert_eq!(report["clean"], json!([case.name]));
    assert_eq!(report["findings"], json!([]));
    assert!(report["servers"][0]["files"].as_u64() > Some(100), "{report}");
    assert!(snapshot(&machine.project()) == before, "`verify` writes nothing");
}

/// A version whose dependencies moved on: what is resolved for it today does not start.
const ROTTEN: &str = "pypi:mcp-server-time==2026.1.26";
/// The day after its release, when everything it needs was there and nothing of what broke it.
const THEN: &str = "2026-01-28T00:00:00Z";

#[test]
fn what_breaks_when_resolved_today_starts_from_its_lock() {
    if skipped() {
        return;
    }
    // Somebody locked it when it was new: a wait so long that it ends on that day.
    let then = machine();
    let since: Timestamp = THEN.parse().unwrap();
    let days = now().duration_since(since).as_hours() / 24;
    then.write("mcp-pin.toml", &format!("[policy]\ncooldown = {{ install = \"{days}d\" }}\n"));
    let install = ["install", ROTTEN, "--name", "time", "--arg=--local-timezone=UTC"];
    accepting(&then, &install);
    assert!(then.read("mcp-pin.lock").contains("\"get_current_time\""));

    // Today, without the lock: it installs, and does not start.
    let fresh = machine();
    fresh.allow_accept();
    let mut words = install.to_vec();
    words.push("--yes");
    let failed = patiently(&fresh, &words);
    assert_ne!(failed.status, 0, "{ROTTEN} has recovered: this test needs another version");
    failed.says("ImportError");

    // Today, from the lock.
    let today = machine();
    today.write("mcp-pin.lock", &then.read("mcp-pin.lock"));
    today.write(
        "mcp-pin.toml",
        &then
            .read("mcp-pin.toml")
            .replace(&format!("install = \"{days}d\""), "install = \"7d\""),
    );
    accepting(&today, &["install"]);
    today.run(&["verify"]).exits(0).says("time: as pinned");
    assert!(today.read("mcp-pin.lock") == then.read("mcp-pin.lock"));
}

#[test]
fn the_readmes_first_python_command_works_with_an_empty_home() {
    if skipped() {
        return;
    }
    let machine = machine();
    patiently(&machine, &["install", "--global", "--yes", "pypi:mcp-server-fetch"])
        .exits(0)
        .says("fetch");
    machine.run(&["verify", "--global"]).exits(0).says("fetch: as pinned");
    assert_eq!(snapshot(&machine.project()), [], "a global server leaves the project alone");
}

#[expect(clippy::disallowed_methods, reason = "the wait is counted from the day the test runs")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// A machine for tests elsewhere, where an index answers.
pub(crate) fn ready() -> Option<Machine> {
    (!skipped()).then(machine)
}

/// A machine with an empty home whose uv and pip find their index as this machine's do.
fn machine() -> Machine {
    let mut machine = Machine::new();
    machine.set("COLUMNS", "1000");
    let (variables, files) = ordinary_python();
    for (name, value) in variables {
        machine.set(name.to_str().unwrap(), value);
    }
    for (path, content) in files {
        let path = machine.home().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    machine
}

type Settings = (Vec<(OsString, OsString)>, Vec<(&'static str, String)>);

/// What tells uv and pip where their index is: the user's own files, settings in variables, and
/// the way through proxies.
fn ordinary_python() -> &'static Settings {
    static FOUND: OnceLock<Settings> = OnceLock::new();
    const FILES: [&str; 4] = [".config/uv/uv.toml", ".config/pip/pip.conf", ".pip/pip.conf", ".netrc"];
    FOUND.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test hands the machine's own settings to the code under test"
        )]
        let (variables, home) = (std::env::vars_os(), std::env::var_os("HOME"));
        let of_python = |name: &OsString| {
            let name = name.to_string_lossy().to_ascii_lowercase();
            name.starts_with("uv_") || name.starts_with("pip_") || name.ends_with("_proxy")
        };
        let variables = variables.filter(|(name, _)| of_python(name)).collect();
        let home = PathBuf::from(home.unwrap_or_default());
        let file = |path: &'static str| std::fs::read_to_string(home.join(path)).ok().map(|text| (path, text));
        (variables, FILES.into_iter().filter_map(file).collect())
    })
}

/// Whether no index answers. One look-up by uv itself decides, for all tests.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn skipped() -> bool {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    let answers = *ANSWERS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("wanted.in"), "mcp-server-time\n").unwrap();
        let words = ["pip", "compile", "--quiet", "--no-deps", "--no-build", "wanted.in"];
        let ask = || {
            let asked = Command::new("uv").args(words).current_dir(folder.path()).output();
            asked.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
        };
        ask() || ask()
    });
    if !answers {
        eprintln!("skipped: the index this machine's uv is configured for does not answer");
    }
    !answers
}

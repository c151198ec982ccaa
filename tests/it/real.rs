//! The real npm registry, as this machine's npm is configured for it: three servers people use,
//! from an older version to a newer one. Everything else is tested against a registry on loopback.
//!
//! Where no registry answers at all, each test says "skipped" aloud. Where one answers, it does not
//! skip, and only what is the network's fault is tried again.

use std::ffi::OsString;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::json;

use crate::harness::{Machine, Ran, snapshot};
use crate::registry::{FakeNpm, Package};

const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_secs(5);

/// Whole fragments of our errors that are the network's fault and nobody else's.
const NETWORK: [&str; 9] = [
    "could not reach",
    "did not answer in time",
    "answered with status 429",
    "answered with status 5",
    "broke off before its end",
    "npm could not reach the registry",
    "npm did not finish within",
    "uv could not reach",
    "uv did not finish within",
];

/// A server, an older exact version, a newer range, and what it is started with.
struct Case {
    package: &'static str,
    name: &'static str,
    old: &'static str,
    new: &'static str,
    args: &'static [&'static str],
    tool: &'static str,
}

const MEMORY: Case = Case {
    package: "@modelcontextprotocol/server-memory",
    name: "memory",
    old: "2025.9.25",
    new: "^2026",
    args: &[],
    tool: "create_entities",
};

const FILESYSTEM: Case = Case {
    package: "@modelcontextprotocol/server-filesystem",
    name: "filesystem",
    old: "2025.8.21",
    new: "^2026",
    // A folder that every sandbox has.
    args: &["--arg", "/tmp"],
    tool: "read_text_file",
};

const EVERYTHING: Case = Case {
    package: "@modelcontextprotocol/server-everything",
    name: "everything",
    old: "2025.9.25",
    new: "^2026",
    args: &[],
    tool: "echo",
};

#[test]
fn memory_from_install_to_update() {
    from_install_to_update(&MEMORY);
}

#[test]
fn filesystem_from_install_to_update() {
    from_install_to_update(&FILESYSTEM);
}

#[test]
fn everything_from_install_to_update() {
    from_install_to_update(&EVERYTHING);
}

#[test]
fn the_readmes_first_command_works_with_an_empty_home() {
    if skipped() {
        return;
    }
    let machine = machine();
    patiently(
        &machine,
        &["install", "--global", "--yes", "npm:@modelcontextprotocol/server-memory"],
    )
    .exits(0)
    .says("added     memory");
    machine.run(&["verify", "--global"]).exits(0).says("memory: as pinned");
    assert_eq!(snapshot(&machine.project()), [], "a global server leaves the project alone");
}

#[test]
fn the_systems_npmrc_names_the_registry() {
    // The system's file lies below npm's prefix: a prefix of the user's own makes one to test with.
    let registry = FakeNpm::start();
    registry.publish(Package::new("server", "1.0.0").file("index.js", "").bin("server", "index.js"));
    let machine = Machine::new();
    let prefix = machine.home().join("npm");
    std::fs::create_dir_all(prefix.join("etc")).unwrap();
    std::fs::write(prefix.join("etc/npmrc"), format!("registry={}\n", registry.url())).unwrap();
    std::fs::write(machine.home().join(".npmrc"), format!("prefix={}\n", prefix.display())).unwrap();
    machine.run(&["install", "--yes", "--no-probe", "npm:server"]).exits(0);
    assert!(!registry.requests().is_empty());
}

/// One machine takes the whole way. Another, with a home and a folder of its own, accepts the
/// very fingerprints of the first and holds the same bytes.
fn from_install_to_update(case: &Case) {
    if skipped() {
        return;
    }
    let spec = format!("npm:{}@{}", case.package, case.old);
    let mut install = vec!["install", spec.as_str()];
    install.extend(case.args);

    let one = machine();
    let mut accepted = accepting(&one, &install);
    let old = one.read("mcp-pin.lock");
    assert!(old.contains(&format!("\"{}\"", case.tool)), "no tool `{}` in the lock", case.tool);
    assert!(!old.contains(one.home().to_str().unwrap()), "a path of this machine is in the lock");
    as_pinned(case, &one);
    let manifest = want_newer(case, &one);
    one.run(&["verify", "--no-probe"]).exits(1).says("manifest-differs");
    dry_run(case, &one);
    assert_eq!(one.read("mcp-pin.lock"), old, "`update --dry-run` writes nothing");
    accepted.extend(accepting(&one, &["update"]));
    let new = one.read("mcp-pin.lock");
    assert_ne!(new, old);
    assert_eq!(one.read("mcp-pin.toml"), manifest, "`update` leaves the manifest alone");
    as_pinned(case, &one);
    patiently(&one, &["update"]).exits(0).says("unchanged");
    assert_eq!(one.read("mcp-pin.lock"), new, "a second `update` has nothing to write");

    let two = machine();
    two.allow_accept();
    let accept = |words: &[&str]| {
        let mut words = words.to_vec();
        words.push("--yes");
        words.extend(accepted.iter().flat_map(|fingerprint| ["--accept", fingerprint.as_str()]));
        patiently(&two, &words).exits(0);
    };
    accept(&install);
    assert!(
        two.read("mcp-pin.lock") == old,
        "the older {} is locked with other bytes elsewhere",
        case.package
    );
    want_newer(case, &two);
    accept(&["update"]);
    assert!(
        two.read("mcp-pin.lock") == new,
        "the newer {} is locked with other bytes elsewhere",
        case.package
    );
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

/// Asks for newer versions in the manifest; gives its text.
fn want_newer(case: &Case, machine: &Machine) -> String {
    let manifest = machine.read("mcp-pin.toml");
    let wanted = manifest.replace(&format!("@{}", case.old), &format!("@{}", case.new));
    assert_ne!(wanted, manifest);
    machine.write("mcp-pin.toml", &wanted);
    wanted
}

/// The report names the versions, the packages and how many files of them changed.
fn dry_run(case: &Case, machine: &Machine) {
    let ran = patiently(machine, &["update", "--dry-run", "--format", "json"]).exits(1);
    let report = ran.json();
    let titles = |code: &str| -> Vec<String> {
        let findings = report["findings"].as_array().unwrap();
        let of_code = findings.iter().filter(|finding| finding["code"] == code);
        of_code.map(|finding| finding["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(report["servers"][0]["action"], "available", "{report}");
    let version = titles("version-changed");
    assert!(
        matches!(&version[..], [title] if title.starts_with(&format!("version {} becomes 2026.", case.old))),
        "{version:?}"
    );
    let code = titles("code-changed");
    assert!(
        code.iter()
            .any(|title| title.starts_with("the server's own code changed: ") && title.contains(" files, +")),
        "{code:?}"
    );
    let packages = titles("package-changed");
    assert!(
        packages.iter().any(|title| title.contains("changed version or place")),
        "{packages:?}"
    );
}

/// Runs a command that asks, as a person would who reads each report and accepts it: first the
/// code's, then the surface's. Gives what was accepted.
pub(crate) fn accepting(machine: &Machine, command: &[&str]) -> Vec<String> {
    machine.allow_accept();
    let mut accepted: Vec<String> = Vec::new();
    loop {
        let mut words = command.to_vec();
        words.extend(["--yes", "--format", "json"]);
        words.extend(accepted.iter().flat_map(|fingerprint| ["--accept", fingerprint.as_str()]));
        let ran = patiently(machine, &words);
        if ran.status == 0 {
            return accepted;
        }
        let report = ran.exits(1).json();
        let fingerprint = report["fingerprint"].as_str().unwrap_or_else(|| panic!("{report}")).to_owned();
        assert!(!accepted.contains(&fingerprint), "accepted and asked again: {report}");
        assert!(accepted.len() < 2, "there are two stages: {report}");
        accepted.push(fingerprint);
    }
}

/// Runs, and runs again where the network failed.
pub(crate) fn patiently(machine: &Machine, args: &[&str]) -> Ran {
    let mut ran = machine.run(args);
    for _ in 1..TRIES {
        let text = format!("{}{}", ran.stdout, ran.stderr)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if ran.status != 2 || !NETWORK.iter().any(|fault| text.contains(fault)) {
            break;
        }
        std::thread::sleep(PAUSE);
        ran = machine.run(args);
    }
    ran
}

/// A machine for tests elsewhere, where a registry answers.
pub(crate) fn ready() -> Option<Machine> {
    (!skipped()).then(machine)
}

/// A machine with an empty home whose npm finds its registry as this machine's does.
fn machine() -> Machine {
    let mut machine = Machine::new();
    for (name, value) in ordinary_npm() {
        machine.set(name.to_str().unwrap(), value);
    }
    machine
}

/// What of the environment tells npm where its registry is: the user's own `.npmrc`, settings in
/// variables, and the way through proxies.
fn ordinary_npm() -> &'static [(OsString, OsString)] {
    static FOUND: OnceLock<Vec<(OsString, OsString)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test hands the machine's own settings to the code under test"
        )]
        let variables = std::env::vars_os();
        let of_npm = |name: &OsString| {
            let name = name.to_string_lossy().to_ascii_lowercase();
            name.starts_with("npm_config_") || name.ends_with("_proxy")
        };
        let mut found: Vec<_> = variables.filter(|(name, _)| of_npm(name)).collect();
        let user = Command::new("npm").args(["config", "get", "userconfig"]).output();
        if let Ok(user) = user
            && user.status.success()
        {
            let path = String::from_utf8(user.stdout).unwrap().trim().to_owned();
            found.push(("npm_config_userconfig".into(), path.into()));
        }
        found
    })
}

/// Whether no registry answers. One look-up by npm itself decides, for all tests.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn skipped() -> bool {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    let answers = *ANSWERS.get_or_init(|| {
        (0..TRIES).any(|round| {
            if round > 0 {
                std::thread::sleep(PAUSE);
            }
            let asked = Command::new("npm").args(["view", MEMORY.package, "version"]).output();
            asked.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
        })
    });
    if !answers {
        eprintln!("skipped: the registry this machine's npm is configured for does not answer");
    }
    !answers
}

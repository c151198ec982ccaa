//! The scriptable server as a user meets it: a package of a registry, or a command of this machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Machine, Ran};
use crate::registry::Package;

/// Starts the server with the script beside it; `turned.json` wins where it exists, so that a
/// server can turn without one byte of what is pinned having changed.
const STARTER: &str = r#"#!/usr/bin/env node
import { existsSync } from "node:fs";
const beside = (name) => new URL(name, import.meta.url).pathname;
process.argv[2] = existsSync(beside("turned.json")) ? beside("turned.json") : beside("script.json");
await import("./server.mjs");
"#;

/// Wants a variable before it starts, as many servers do.
pub(crate) const NEEDS_KEY: &str = r#"import "node:fs";
if (!process.env.BRAVE_API_KEY) {
  console.error("Error: BRAVE_API_KEY environment variable is required");
  process.exit(1);
}
process.argv[2] = new URL("script.json", import.meta.url).pathname;
await import("./server.mjs");
"#;

fn server() -> String {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/server.mjs");
    std::fs::read_to_string(fixture).unwrap()
}

/// A machine whose output is not wrapped, so that whole sentences can be looked for.
pub(crate) fn machine() -> Machine {
    wide(Machine::new())
}

/// As [`machine`], with a registry.
pub(crate) fn machine_with(registry: &crate::registry::FakeNpm) -> Machine {
    wide(Machine::with_registry(&registry.url()))
}

fn wide(mut machine: Machine) -> Machine {
    machine.set("COLUMNS", "1000");
    machine
}

/// A tool without parameters.
pub(crate) fn tool(name: &str, description: &str) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object"}})
}

/// A script with one harmless tool.
pub(crate) fn honest() -> Value {
    json!({"tools": [tool("add", "Adds two numbers.")]})
}

/// A script in letters alone: what it makes the server say is not in the code that is compared.
fn ascii(script: &Value) -> String {
    let mut text = String::new();
    for c in script.to_string().chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

/// A release whose program is the scriptable server.
pub(crate) fn package(name: &str, version: &str, script: &Value) -> Package {
    Package::new(name, version)
        .executable("start.mjs", STARTER)
        .file("server.mjs", server())
        .file("script.json", ascii(script))
        .bin(name, "start.mjs")
}

/// A server of this machine, in a folder of its own.
pub(crate) struct Local {
    folder: PathBuf,
    name: String,
}

impl Local {
    /// Writes the server's files.
    pub(crate) fn new(machine: &Machine, name: &str, script: &Value) -> Self {
        let folder = machine.home().join("servers").join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("start.mjs"), STARTER).unwrap();
        std::fs::write(folder.join("server.mjs"), server()).unwrap();
        std::fs::write(folder.join("script.json"), ascii(script)).unwrap();
        Self {
            folder,
            name: name.to_owned(),
        }
    }

    /// A file of the server's folder.
    pub(crate) fn path(&self, file: &str) -> String {
        self.folder.join(file).to_str().unwrap().to_owned()
    }

    /// The program that is started and pinned.
    pub(crate) fn start(&self) -> String {
        self.path("start.mjs")
    }

    /// Installs it, with more options and arguments; `--yes` only.
    pub(crate) fn install(&self, machine: &Machine, options: &[&str], args: &[&str]) -> Ran {
        let start = self.start();
        let mut words = vec!["install", "--yes", "--name", &self.name];
        words.extend(options);
        words.extend(["--", "node", &start]);
        words.extend(args);
        machine.run(&words)
    }

    /// From now on it says this.
    pub(crate) fn turn(&self, script: &Value) {
        std::fs::write(self.folder.join("turned.json"), ascii(script)).unwrap();
    }

    /// From now on it says again what it said at first.
    pub(crate) fn repent(&self) {
        std::fs::remove_file(self.folder.join("turned.json")).unwrap();
    }
}

/// The user's own lockfile, empty where there is none.
pub(crate) fn user_lock(machine: &Machine) -> String {
    std::fs::read_to_string(machine.store().join("config/mcp-pin.lock")).unwrap_or_default()
}

/// As `Machine::allow_accept`, where the user's own manifest holds servers already.
pub(crate) fn allow_accept_beside_servers(machine: &Machine) {
    let manifest = machine.store().join("config/mcp-pin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, format!("{text}\n[policy]\naccept-without-terminal = true\n")).unwrap();
}

/// The findings of a JSON report: code, subject, grade.
pub(crate) fn findings(report: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let all = report["findings"].as_array().unwrap();
    all.iter()
        .map(|finding| (text(finding, "code"), text(finding, "subject"), text(finding, "grade")))
        .collect()
}

/// The findings of a JSON report with this code.
pub(crate) fn with_code<'a>(report: &'a Value, code: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().unwrap();
    all.iter().filter(|finding| finding["code"] == code).collect()
}

/// Runs a command until it needs no further consent, naming the fingerprint of each report that it
/// stops at, as a careful user would. The user's configuration must allow that. The last run, and
/// how many reports were accepted by name.
#[track_caller]
pub(crate) fn accepting(machine: &Machine, args: &[&str]) -> (Ran, usize) {
    let mut accepted: Vec<String> = Vec::new();
    loop {
        let mut words = args.to_vec();
        words.extend(["--yes", "--format", "json"]);
        for fingerprint in &accepted {
            words.extend(["--accept", fingerprint]);
        }
        let ran = machine.run(&words);
        match ran.json()["fingerprint"].as_str() {
            Some(fingerprint) if accepted.len() < 3 && ran.status == 1 => accepted.push(fingerprint.to_owned()),
            _ => return (ran, accepted.len()),
        }
    }
}

/// Asserts that no process of this machine has the mark among its arguments.
#[track_caller]
pub(crate) fn assert_gone(mark: &str) {
    for _ in 0..20 {
        if processes(mark).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("still running with `{mark}`: {:?}", processes(mark));
}

/// The processes that have the mark among their arguments.
pub(crate) fn processes(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let line = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).ok();
    entries
        .filter_map(line)
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(mark))
        .collect()
}

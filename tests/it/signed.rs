//! Evidence end to end, through the binary: a private Sigstore signs what a registry on loopback
//! serves, and everything on the way may lie.

mod cloned;
mod forged;
mod pinned;
mod policy;
mod self_made;
mod stored;
mod undecided;
mod updated;

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::harness::{Machine, Ran, snapshot};
use crate::registry::{FakeNpm, Package};
use crate::sigstore::bundle::reply;
use crate::sigstore::{Build, NOON, PUBLISHED, Statement, World};

const INSTALL: [&str; 4] = ["install", "npm:demo", "--no-probe", "--yes"];
const UPDATE: [&str; 4] = ["update", "demo", "--no-probe", "--yes"];
const PROVE: [&str; 3] = ["verify", "--no-probe", "--offline"];
const DEMO: &str = "node_modules/demo";

/// A registry and the private Sigstore that its packages are signed with.
pub(crate) struct Scene {
    world: World,
    /// Where they are published.
    pub(crate) registry: FakeNpm,
}

impl Scene {
    /// Nothing is published.
    pub(crate) fn new() -> Self {
        Self {
            world: World::new(),
            registry: FakeNpm::start(),
        }
    }

    /// A scene in which `demo` 1.0.0 was built by `acme/demo`.
    fn with_demo() -> Self {
        let scene = Self::new();
        scene.publish(demo("1.0.0"), Some(&acme("1.0.0")));
        scene
    }

    /// Publishes what the registry signs, and a build vouches for where one is given.
    pub(crate) fn publish(&self, package: Package, build: Option<&Build>) -> &Self {
        let (name, version, integrity) = parts(&package);
        self.registry.publish(package.published(PUBLISHED));
        self.sign(&name, &version, &integrity);
        self.vouch(&name, &version, &integrity, build)
    }

    /// The registry's signature in the metadata.
    fn sign(&self, name: &str, version: &str, integrity: &str) -> &Self {
        let signature = self.world.registry.signature(name, version, integrity);
        self.registry.signatures(name, version, json!([signature]));
        self
    }

    /// The registry's publish attestation, and the provenance of a build beside it.
    fn vouch(&self, name: &str, version: &str, integrity: &str, build: Option<&Build>) -> &Self {
        let Some(build) = build else {
            self.registry.strips_attestations(name, version);
            return self;
        };
        let provenance = Statement::provenance(name, version, integrity, build);
        let bundle = self.world.attest(build, &provenance);
        self.serve(name, version, &[self.published(name, version, integrity), (provenance, bundle)])
    }

    /// The registry's publish attestation of a version.
    fn published(&self, name: &str, version: &str, integrity: &str) -> (Statement, Value) {
        let statement = Statement::publish(name, version, integrity, self.registry.url().trim_end_matches('/'));
        let bundle = self.world.attest_with(&self.world.registry, &statement, NOON + 3);
        (statement, bundle)
    }

    /// Serves these attestations.
    fn serve(&self, name: &str, version: &str, bundles: &[(Statement, Value)]) -> &Self {
        self.registry.attestations(name, version, reply(bundles).to_string());
        self
    }

    /// A machine that trusts the private Sigstore and the registry's keys, and these settings.
    fn machine_with(&self, settings: &str) -> Machine {
        let mut machine = Machine::with_registry(&self.registry.url());
        machine.set("COLUMNS", "1000");
        let config = machine.store().join("config");
        let (root, keys) = self.world.write(&machine.home().join("trust"));
        let mut text = String::new();
        let _ = writeln!(
            text,
            "[trust]\ntrusted-root = \"{}\"\nregistry-keys = \"{}\"\n{settings}",
            root.display(),
            keys.display()
        );
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("mcp-pin.toml"), text).unwrap();
        machine
    }

    /// A machine that trusts the private Sigstore.
    pub(crate) fn machine(&self) -> Machine {
        self.machine_with("")
    }

    /// A machine on which `demo` is installed.
    fn installed(&self) -> Machine {
        let machine = self.machine();
        machine.run(&INSTALL).exits(0);
        machine
    }
}

/// A server without dependencies, with the repository that builds it.
fn demo(version: &str) -> Package {
    Package::new("demo", version)
        .file("index.js", format!("console.log('demo {version}')\n"))
        .bin("demo", "index.js")
        .field("repository", json!({"type": "git", "url": "git+https://github.com/acme/demo.git"}))
}

/// The build of a release of `acme/demo`.
pub(crate) fn acme(version: &str) -> Build {
    Build::github("acme/demo").release(version)
}

/// A package's name, version and digest.
fn parts(package: &Package) -> (String, String, String) {
    (package.name().to_owned(), package.version().to_owned(), package.integrity())
}

/// The pinned evidence of a package in the lock.
#[track_caller]
fn evidence(machine: &Machine, package: &str) -> Value {
    let lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    lock["servers"]["demo"]["packages"][package]["evidence"].clone()
}

/// Edits the lock as somebody with an editor does.
fn edit(machine: &Machine, change: impl FnOnce(&mut Value)) {
    let mut lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    change(&mut lock["servers"]["demo"]["packages"]);
    machine.write("mcp-pin.lock", &serde_json::to_string_pretty(&lock).unwrap());
}

/// The stored bundles.
fn bundles(machine: &Machine) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let folder = machine.store().join("bundles");
    if folder.exists() { snapshot(&folder) } else { Vec::new() }
}

/// Runs a command that must end with this status, and leave the project as it was.
#[track_caller]
fn unchanged(machine: &Machine, args: &[&str], status: i32) -> Ran {
    let before = snapshot(&machine.project());
    let ran = machine.run(args).exits(status);
    assert_eq!(snapshot(&machine.project()), before, "the project's files changed");
    ran
}

/// The grade of a finding in a JSON report; empty where there is none with this code.
fn grade(ran: &Ran, code: &str) -> String {
    let report = ran.json();
    let all = report["findings"].as_array().unwrap();
    let found = all.iter().find(|finding| finding["code"] == code);
    found.map_or(String::new(), |finding| finding["grade"].as_str().unwrap().to_owned())
}

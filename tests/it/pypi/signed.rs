//! PEP 740 end to end: a private Sigstore attests what the index serves, and everything on the way
//! may lie.

use serde_json::{Value, json};

use super::index::FakePypi;
use super::wheel::{Wheel, deep, demo, helper};
use super::{INSTALL, VERIFY, cloned, entry};
use crate::harness::{Machine, Ran, snapshot};
use crate::registry::Trouble;
use crate::sigstore::bundle::flip;
use crate::sigstore::{Build, NOON, Signing, Statement, World};

const UPDATE: [&str; 4] = ["update", "demo", "--no-probe", "--yes"];
const PROVE: [&str; 3] = ["verify", "--no-probe", "--offline"];
/// A minute after [`NOON`]: when the index says that it published.
const PUBLISHED: &str = "2024-06-01T12:01:00.000000Z";

struct Scene {
    world: World,
    index: FakePypi,
}

impl Scene {
    /// `demo` 1.0 was uploaded by `acme/demo`; nothing is known of what it needs.
    fn with_demo() -> Self {
        let scene = Self {
            world: World::new(),
            index: FakePypi::start(),
        };
        scene.publish(&demo("1.0"), Some("acme/demo"));
        scene.publish(&helper("1.0"), None);
        scene.publish(&deep("1.0"), None);
        scene
    }

    /// Publishes a wheel, attested by a repository where one is given.
    fn publish(&self, wheel: &Wheel, repository: Option<&str>) {
        self.index.publish_at(wheel, PUBLISHED);
        if let Some(repository) = repository {
            let build = Build::github(repository).release(wheel.version());
            self.serve(wheel, &build, &Statement::pypi(&wheel.file_name(), &wheel.sha256()));
        }
    }

    /// Serves the attestation of a statement by a build.
    fn serve(&self, wheel: &Wheel, build: &Build, statement: &Statement) {
        let bundle = self.world.attest(build, statement);
        self.index.provenance(&wheel.file_name(), reply(&bundle, build).to_string());
    }

    fn machine_with(&self, settings: &str) -> Machine {
        let machine = super::machine(&self.index);
        trusting(&self.world, &machine, settings);
        machine
    }

    fn machine(&self) -> Machine {
        self.machine_with("")
    }

    fn installed(&self) -> Machine {
        let machine = self.machine();
        machine.run(&INSTALL).exits(0);
        machine
    }
}

/// Lets a machine trust the private Sigstore.
fn trusting(world: &World, machine: &Machine, settings: &str) {
    let (root, _) = world.write(&machine.home().join("trust"));
    let config = machine.store().join("config");
    std::fs::create_dir_all(&config).unwrap();
    let text = format!("[trust]\ntrusted-root = \"{}\"\n{settings}", root.display());
    std::fs::write(config.join("mcp-pin.toml"), text).unwrap();
}

/// An index's reply (PEP 740) for a bundle; the publisher stands beside it, unsigned.
fn reply(bundle: &Value, build: &Build) -> Value {
    let material = &bundle["verificationMaterial"];
    let attestation = json!({
        "version": 1,
        "verification_material": {
            "certificate": material["certificate"]["rawBytes"],
            "transparency_entries": material["tlogEntries"],
        },
        "envelope": {
            "statement": bundle["dsseEnvelope"]["payload"],
            "signature": bundle["dsseEnvelope"]["signatures"][0]["sig"],
        },
    });
    let workflow = build.workflow.rsplit('/').next().unwrap_or_default();
    json!({"version": 1, "attestation_bundles": [{
        "publisher": {"kind": "GitHub", "repository": build.repository, "workflow": workflow, "environment": null, "claims": null},
        "attestations": [attestation],
    }]})
}

/// Runs a command that must end with this status, and leave the project as it was.
#[track_caller]
fn unchanged(machine: &Machine, args: &[&str], status: i32) -> Ran {
    let before = snapshot(&machine.project());
    let ran = machine.run(args).exits(status);
    assert_eq!(snapshot(&machine.project()), before, "the project's files changed");
    ran
}

#[test]
fn what_is_proved_is_pinned_and_proved_again_without_the_network() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let lock = machine.read("mcp-pin.lock");
    assert!(lock.contains("acme/demo"), "{lock}");
    assert!(!lock.contains("127.0.0.1"), "{lock}");
    machine.run(&PROVE).exits(0);
    machine.run(&["show", "demo"]).exits(0).says("acme/demo");
    // The bundle lies in the store, and what it says is compared with the lock.
    let bundles = snapshot(&machine.store().join("bundles"));
    assert_eq!(bundles.len(), 1, "{bundles:?}");
    // Somebody else gets the same lock from the same index.
    let other = scene.machine();
    other.run(&INSTALL).exits(0);
    assert_eq!(other.read("mcp-pin.lock"), lock);
    let clone = cloned(&scene.index, &machine);
    trusting(&scene.world, &clone, "");
    clone.run(&["install", "--no-probe", "--yes"]).exits(0);
    clone.run(&PROVE).exits(0);
    assert_eq!(clone.read("mcp-pin.lock"), lock);
}

#[test]
fn wrong_evidence_is_refused_and_nothing_changes() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let kept = snapshot(&machine.store().join("bundles"));
    let wheel = demo("1.1");
    let file = wheel.file_name();
    let acme = Build::github("acme/demo").release("1.1");
    let honest = Statement::pypi(&file, &wheel.sha256());
    let bundle = scene.world.attest(&acme, &honest);
    let other = World::new();
    let publisher = |repository: &str| {
        let mut reply = reply(&bundle, &acme);
        reply["attestation_bundles"][0]["publisher"]["repository"] = repository.into();
        reply
    };
    let of = |statement: &Statement| reply(&scene.world.attest(&acme, statement), &acme);
    let late = Signing {
        logged: NOON + 3600,
        ..Signing::at(NOON)
    };
    scene.publish(&wheel, None);
    for (what, why, served) in [
        (
            "another digest",
            "it is about other bytes than these",
            of(&Statement::pypi(&file, &helper("1.0").sha256())),
        ),
        (
            "another file",
            "is about the file `other-1.1-py3-none-any.whl`",
            of(&Statement::pypi("other-1.1-py3-none-any.whl", &wheel.sha256())),
        ),
        (
            "another version's",
            "it is about other bytes than these",
            of(&Statement::pypi(&demo("1.0").file_name(), &demo("1.0").sha256())),
        ),
        (
            "another authority",
            "no transparency log of the trust root",
            reply(&other.attest(&acme, &honest), &acme),
        ),
        (
            "logged too late",
            "the certificate had expired when it signed",
            reply(&scene.world.attest_as(late, &acme, &honest), &acme),
        ),
        (
            "another publisher beside it",
            "the certificate says `https://github.com/acme/demo`",
            publisher("evil/demo"),
        ),
        (
            "signature flipped",
            "the signature does not hold",
            reply(&flip(&bundle, "/dsseEnvelope/signatures/0/sig"), &acme),
        ),
    ] {
        println!("{what}");
        scene.index.provenance(&file, served.to_string());
        unchanged(&machine, &UPDATE, 2).says("evidence-forged").says(why);
        assert_eq!(snapshot(&machine.store().join("bundles")), kept, "{what}");
    }
    for (what, why, served) in [
        ("no JSON", "the text is not JSON", "<html>"),
        (
            "version 2",
            "version 2 is not known here",
            "{\"version\": 2, \"attestation_bundles\": []}",
        ),
        ("empty", "the text is not JSON", ""),
    ] {
        println!("{what}");
        scene.index.provenance(&file, served);
        unchanged(&machine, &UPDATE, 2).says("malformed").says(why);
    }
    scene.serve(&wheel, &acme, &honest);
    machine.run(&UPDATE).exits(0);
}

#[test]
fn what_is_demanded_is_not_waived() {
    let scene = Scene::with_demo();
    let demand = "[policy]\nevidence = \"provenance\"\n";
    scene.machine_with(demand).run(&INSTALL).exits(0);
    let all = scene.machine_with("[policy]\nevidence-closure = \"provenance\"\n");
    unchanged(&all, &INSTALL, 1).says("evidence-too-low").says("demo-helper");
    scene.index.announces(&demo("1.0").file_name(), false);
    unchanged(&scene.machine_with(demand), &INSTALL, 1).says("evidence-too-low");
    // npm's level between the two is nothing an index has.
    unchanged(&scene.machine_with("[policy]\nevidence = \"signed\"\n"), &INSTALL, 1).says("evidence-too-low");
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0);
    let manifest = machine.read("mcp-pin.toml");
    machine.write("mcp-pin.toml", &format!("{manifest}evidence = \"provenance\"\n"));
    unchanged(&machine, &PROVE, 1).says("evidence-too-low");
}

#[test]
fn an_identity_is_met_or_not() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let manifest = machine.read("mcp-pin.toml");
    for (rule, status) in [
        ("repository = \"https://github.com/acme/demo\"", 0),
        ("repository = \"https://github.com/evil/demo\"", 1),
        ("workflow = \".github/workflows/other.yml\"", 1),
    ] {
        machine.write("mcp-pin.toml", &format!("{manifest}identity = {{ {rule} }}\n"));
        let ran = unchanged(&machine, &PROVE, status);
        assert_eq!(ran.stdout.contains("identity-unmet"), status == 1, "{rule}: {ran:?}");
    }
}

#[test]
fn evidence_that_is_stripped_or_out_of_reach_is_no_pass() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let file = demo("1.0").file_name();
    // A mirror that strips: a new machine with the lock is told, and installs nothing.
    scene.index.announces(&file, false);
    let clone = cloned(&scene.index, &machine);
    trusting(&scene.world, &clone, "");
    let stripped = clone.run(&["install", "--no-probe", "--yes"]);
    assert_ne!(stripped.status, 0, "{stripped:?}");
    stripped.says("evidence-stripped").says(&file);
    machine.run(&PROVE).exits(0);
    // An update to a version without any is a downgrade.
    scene.publish(&demo("1.1"), None);
    unchanged(&machine, &UPDATE, 1)
        .says("evidence-downgraded")
        .says("demo-mcp-server 1.1");
    // Announced, and said not to be there: told. No answer: undecided, and never "there is none".
    let scene = Scene::with_demo();
    scene.index.loses_provenance(&file);
    scene.machine().run(&INSTALL).exits(0).says("attestation-missing").says(&file);
    for trouble in [Trouble::Status(500), Trouble::Hangup, Trouble::Truncated] {
        let scene = Scene::with_demo();
        scene.index.trouble(&FakePypi::provenance_path(&file), trouble);
        unchanged(&scene.machine(), &INSTALL, 2)
            .says("could not fetch the provenance of")
            .says(&file);
    }
}

#[test]
fn another_signer_is_news() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    scene.publish(&demo("1.1"), Some("evil/demo"));
    unchanged(&machine, &UPDATE, 1).says("signer-repository-changed").says("evil");
    scene.publish(&demo("1.1"), Some("acme/demo"));
    machine.run(&UPDATE).exits(0);
    assert_eq!(entry(&machine)["package"]["version"], "1.1");
    machine.run(&VERIFY).exits(0);
}

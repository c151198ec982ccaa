//! Updates that change who vouches for a package.

use serde_json::{Value, json};

use super::{DEMO, INSTALL, PROVE, Scene, UPDATE, acme, demo, evidence, grade, unchanged};
use crate::harness::{Machine, Ran};
use crate::sigstore::Build;

const JSON: [&str; 6] = ["update", "demo", "--no-probe", "--yes", "--format", "json"];

#[test]
fn the_same_builder_passes_with_yes() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    scene.publish(demo("1.1.0"), Some(&acme("1.1.0")));
    machine
        .run(&UPDATE)
        .exits(0)
        .says("provenance")
        .says("https://github.com/acme/demo");
    let pinned = evidence(&machine, DEMO);
    assert_eq!(pinned["provenance"]["ref"], "refs/tags/v1.1.0", "{pinned}");
    assert_eq!(pinned["provenance"]["commit"], acme("1.1.0").commit, "{pinned}");
    machine.run(&PROVE).exits(0);
}

#[test]
fn lost_provenance_is_critical() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    scene.publish(demo("1.1.0"), None);
    let ran = unchanged(&machine, &JSON, 1);
    assert_eq!(grade(&ran, "evidence-downgraded"), "critical", "{}", ran.stdout);
    unchanged(&machine, &UPDATE, 1)
        .says("evidence-downgraded")
        .says("provenance")
        .says("signed");
    // Down to nothing at all.
    scene.registry.strips("demo", "1.1.0");
    unchanged(&machine, &UPDATE, 1).says("evidence-downgraded").says("hash");
    machine.run(&PROVE).exits(0);
}

#[test]
fn a_downgrade_may_be_allowed_and_is_still_said() {
    let scene = Scene::with_demo();
    let machine = scene.machine_with("[policy]\ntrust = \"allow-downgrade\"\naccept-without-terminal = true\n");
    machine.run(&INSTALL).exits(0);
    scene.publish(demo("1.1.0"), None);
    let ran = unchanged(&machine, &JSON, 1);
    assert_eq!(grade(&ran, "evidence-downgraded"), "warning", "{}", ran.stdout);
    accept(&machine, &ran).exits(0);
    assert_eq!(evidence(&machine, DEMO)["level"], "signed");
}

/// Accepts the report of a run by name.
fn accept(machine: &Machine, ran: &Ran) -> Ran {
    let fingerprint = ran.json()["fingerprint"].as_str().unwrap().to_owned();
    machine.run(&[&UPDATE[..], &["--accept", &fingerprint]].concat())
}

#[test]
fn another_builder_is_named_and_graded() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let build = acme("1.1.0");
    let signer = |signer: &str| Build {
        signer: Some(signer.to_owned()),
        ..build.clone()
    };
    let cases = [
        (
            "repository",
            "critical",
            Build::github("evil/demo").release("1.1.0"),
            "https://github.com/evil/demo",
        ),
        (
            "issuer",
            "critical",
            Build {
                issuer: "https://issuer.evil.test".to_owned(),
                ..build.clone()
            },
            "https://issuer.evil.test",
        ),
        (
            "owner id",
            "critical",
            Build {
                owner_id: "6666".to_owned(),
                ..build.clone()
            },
            "6666",
        ),
        (
            "repository id",
            "critical",
            Build {
                repository_id: "7777".to_owned(),
                ..build.clone()
            },
            "7777",
        ),
        (
            "workflow",
            "warning",
            Build {
                workflow: ".github/workflows/ci.yml".to_owned(),
                ..build.clone()
            },
            ".github/workflows/ci.yml",
        ),
        (
            "reusable workflow",
            "warning",
            signer("https://github.com/builders/all/.github/workflows/build.yml@refs/heads/main"),
            "https://github.com/builders/all",
        ),
        (
            "branch",
            "warning",
            Build {
                git_ref: "refs/heads/main".to_owned(),
                ..build.clone()
            },
            "refs/heads/main",
        ),
        (
            "runner",
            "warning",
            Build {
                runner: "self-hosted".to_owned(),
                ..build.clone()
            },
            "self-hosted",
        ),
    ];
    let mut wrong = Vec::new();
    for (what, expected, build, says) in cases {
        scene.publish(demo("1.1.0"), Some(&build));
        let ran = unchanged(&machine, &JSON, 1);
        let found = worst(&ran.json(), says);
        if found != expected {
            wrong.push(format!("{what}: `{found}`, not {expected}: {}", ran.stdout));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "{}", wrong.join("\n"));
    // What was refused has left nothing behind.
    scene.publish(demo("1.1.0"), Some(&build));
    machine.run(&UPDATE).exits(0);
}

/// The worst grade of the findings that say something.
fn worst(report: &Value, says: &str) -> &'static str {
    let all = report["findings"].as_array().unwrap();
    let said = |grade: &str| {
        all.iter()
            .any(|finding| finding["grade"] == grade && finding.to_string().contains(says))
    };
    ["critical", "warning", "notice"]
        .into_iter()
        .find(|grade| said(grade))
        .unwrap_or("nothing")
}

#[test]
fn gained_provenance_passes_with_yes() {
    let scene = Scene::new();
    scene.publish(demo("1.0.0"), None);
    let machine = scene.installed();
    assert_eq!(evidence(&machine, DEMO)["level"], "signed");
    scene.publish(demo("1.1.0"), Some(&acme("1.1.0")));
    machine.run(&UPDATE).exits(0).says("provenance");
    assert_eq!(evidence(&machine, DEMO)["level"], "provenance");
}

#[test]
fn a_dependency_may_not_lose_it_either() {
    let scene = Scene::new();
    let needs = |version: &str| demo(version).dependency("helper", "^1.0.0");
    scene.publish(crate::registry::helper("1.0.0"), Some(&Build::github("acme/helper")));
    scene.publish(needs("1.0.0"), Some(&acme("1.0.0")));
    let machine = scene.installed();
    scene.publish(crate::registry::helper("1.1.0"), None);
    let ran = unchanged(&machine, &UPDATE, 1).says("evidence-downgraded");
    ran.says("helper");
}

#[test]
fn evidence_that_appears_later_for_the_same_bytes_is_taken_in() {
    let scene = Scene::new();
    let package = demo("1.0.0");
    scene.publish(package.clone(), None);
    let machine = scene.installed();
    scene.vouch("demo", "1.0.0", &package.integrity(), Some(&acme("1.0.0")));
    machine.run(&INSTALL).exits(0);
    // Pinned now or still as it was, and proved either way.
    let level = evidence(&machine, DEMO)["level"].clone();
    assert!(level == json!("signed") || level == json!("provenance"), "{level}");
    machine.run(&PROVE).exits(0);
}

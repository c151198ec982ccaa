//! What the user demands of evidence, and what is said about it where nothing is demanded.

use serde_json::json;

use super::{DEMO, INSTALL, PROVE, Scene, UPDATE, acme, demo, evidence, grade, unchanged};
use crate::registry::{Package, helper};

const JSON: [&str; 6] = ["install", "npm:demo", "--no-probe", "--yes", "--format", "json"];

/// Where `demo` has one level and its dependency another.
fn scene(above: Option<()>, below: Option<()>) -> Scene {
    let scene = Scene::new();
    scene.publish(helper("1.0.0"), below.map(|()| acme("1.0.0")).as_ref());
    scene.publish(demo("1.0.0").dependency("helper", "^1.0.0"), above.map(|()| acme("1.0.0")).as_ref());
    scene
}

#[test]
fn less_than_demanded_is_refused() {
    let scene = scene(None, None);
    let machine = scene.machine_with("[policy]\nevidence = \"provenance\"\n");
    unchanged(&machine, &INSTALL, 1).says("evidence-too-low");
    let machine = scene.machine_with("[policy]\nevidence = \"signed\"\n");
    machine.run(&INSTALL).exits(0);
    scene.registry.strips("demo", "1.0.0");
    let machine = scene.machine_with("[policy]\nevidence = \"signed\"\n");
    unchanged(&machine, &INSTALL, 1).says("evidence-too-low");
}

#[test]
fn the_closure_has_a_demand_of_its_own() {
    let scene = scene(Some(()), None);
    let own = scene.machine_with("[policy]\nevidence = \"provenance\"\n");
    own.run(&INSTALL).exits(0);
    let all = scene.machine_with("[policy]\nevidence-closure = \"provenance\"\n");
    unchanged(&all, &INSTALL, 1).says("evidence-too-low").says("helper");
    let signed = scene.machine_with("[policy]\nevidence-closure = \"signed\"\n");
    signed.run(&INSTALL).exits(0);
    scene.registry.strips("helper", "1.0.0");
    let signed = scene.machine_with("[policy]\nevidence-closure = \"signed\"\n");
    unchanged(&signed, &INSTALL, 1).says("evidence-too-low").says("helper");
}

#[test]
fn one_server_may_demand_more_and_verify_holds_it() {
    let scene = scene(None, None);
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0);
    let manifest = machine.read("mcp-pin.toml");
    machine.write("mcp-pin.toml", &format!("{manifest}evidence = \"signed\"\n"));
    machine.run(&PROVE).exits(0);
    machine.write("mcp-pin.toml", &format!("{manifest}evidence = \"provenance\"\n"));
    unchanged(&machine, &PROVE, 1).says("evidence-too-low");
    // Nothing newer is there, and "unchanged" would read like a pass.
    unchanged(&machine, &UPDATE, 1).says("evidence-too-low");
    unchanged(&machine, &["install", "--yes"], 1).says("evidence-too-low");
}

#[test]
fn an_identity_is_met_or_not() {
    let scene = Scene::with_demo();
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0);
    let manifest = machine.read("mcp-pin.toml");
    let met = [
        "repository = \"https://github.com/acme/demo\"",
        "repository = \"https://github.com/Acme/Demo\"",
        "issuer = \"https://token.actions.githubusercontent.com\", workflow = \".github/workflows/release.yml\"",
        "ref = \"refs/tags/v*\"",
    ];
    for rule in met {
        machine.write("mcp-pin.toml", &format!("{manifest}identity = {{ {rule} }}\n"));
        machine.run(&PROVE).exits(0);
    }
    let unmet = [
        "repository = \"https://github.com/acme/demo2\"",
        "repository = \"https://github.com/acme-demo/demo\"",
        "issuer = \"https://token.actions.githubusercontent.com/acme\"",
        "repository = \"https://github.com/acme/demo\", workflow = \".github/workflows/ci.yml\"",
        "ref = \"refs/heads/*\"",
    ];
    for rule in unmet {
        machine.write("mcp-pin.toml", &format!("{manifest}identity = {{ {rule} }}\n"));
        unchanged(&machine, &PROVE, 1).says("identity-unmet");
    }
    // An update to a release by somebody else is refused by name as well.
    machine.write(
        "mcp-pin.toml",
        &format!("{manifest}identity = {{ workflow = \".github/workflows/release.yml\" }}\n"),
    );
    let other = crate::sigstore::Build {
        workflow: ".github/workflows/ci.yml".to_owned(),
        ..acme("1.1.0")
    };
    scene.publish(demo("1.1.0"), Some(&other));
    unchanged(&machine, &UPDATE, 1).says("identity-unmet");
}

#[test]
fn what_stands_in_the_manifest_is_demanded_of_the_first_install() {
    let scene = Scene::with_demo();
    let machine = scene.machine();
    let manifest = |rule: &str| format!("[servers.demo]\nsource = \"npm:demo\"\n{rule}\n");
    machine.write(
        "mcp-pin.toml",
        &manifest("identity = { repository = \"https://github.com/evil/demo\" }"),
    );
    unchanged(&machine, &INSTALL, 1).says("identity-unmet");
    // A project does not loosen what the user demands.
    scene.registry.loses_attestations("demo", "1.0.0");
    let machine = scene.machine_with("[policy]\nevidence = \"provenance\"\n");
    machine.write("mcp-pin.toml", &manifest("evidence = \"hash\"\n\n[policy]\nevidence = \"hash\""));
    unchanged(&machine, &INSTALL, 1).says("evidence-too-low");
}

#[test]
fn an_identity_is_not_met_by_nobody() {
    let scene = scene(None, None);
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0);
    let manifest = machine.read("mcp-pin.toml");
    machine.write(
        "mcp-pin.toml",
        &format!("{manifest}identity = {{ repository = \"https://github.com/acme/demo\" }}\n"),
    );
    unchanged(&machine, &PROVE, 1).says("identity-unmet");
}

#[test]
fn a_claimed_source_other_than_the_attested_is_said() {
    let scene = Scene::new();
    let claims = |url: &str| demo("1.0.0").field("repository", json!({"type": "git", "url": url}));
    scene.publish(claims("git+https://github.com/famous/server.git"), Some(&acme("1.0.0")));
    let machine = scene.machine();
    let ran = unchanged(&machine, &JSON, 1);
    assert_eq!(grade(&ran, "source-mismatch"), "warning", "{}", ran.stdout);
    assert!(
        ran.stdout.contains("famous/server") && ran.stdout.contains("acme/demo"),
        "{}",
        ran.stdout
    );
    // All spellings of the same place are the same place.
    for url in ["acme/demo", "git@github.com:acme/demo.git", "https://github.com/Acme/demo/"] {
        scene.publish(claims(url), Some(&acme("1.0.0")));
        let machine = scene.machine();
        machine.run(&INSTALL).exits(0).never_says("source-mismatch");
    }
}

#[test]
fn a_release_date_before_the_logs_time_is_said() {
    let scene = Scene::new();
    let package = demo("1.0.0");
    scene.publish(package.clone(), Some(&acme("1.0.0")));
    // The registry dates it back, past every cooldown.
    scene.registry.publish(package.published("2020-01-01T00:00:00.000Z"));
    let machine = scene.machine();
    let ran = machine.run(&JSON);
    assert_ne!(grade(&ran, "release-date-before-log"), "", "{}", ran.stdout);
}

#[test]
fn what_has_no_signature_at_all_may_still_be_built_in_the_open() {
    let scene = Scene::new();
    let package = Package::new("demo", "1.0.0").file("index.js", "x").bin("demo", "index.js");
    scene.publish(package, Some(&acme("1.0.0")));
    scene.registry.signatures("demo", "1.0.0", serde_json::Value::Null);
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0).says("provenance");
    let pinned = evidence(&machine, DEMO);
    assert_eq!(
        (&pinned["level"], &pinned["signature"]),
        (&json!("provenance"), &serde_json::Value::Null)
    );
}

#[test]
fn a_signature_by_a_key_of_its_time_counts_and_is_proved_again() {
    let scene = Scene::new();
    let package = demo("1.0.0");
    let signature = scene.world.expired.signature("demo", "1.0.0", &package.integrity());
    scene.registry.publish(package.published("2022-06-01T00:00:00.000Z"));
    scene.registry.signatures("demo", "1.0.0", json!([signature]));
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0);
    let pinned = evidence(&machine, DEMO);
    assert_eq!(pinned["level"], "signed", "{pinned}");
    assert_eq!(pinned["signature"]["published"], "2022-06-01T00:00:00Z", "{pinned}");
    machine.run(&PROVE).exits(0);
}

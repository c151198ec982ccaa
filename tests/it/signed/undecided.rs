//! No answer is not "no": only an explicit not-found counts as unsigned, and not where something
//! says that there is more.

use std::time::Duration;

use serde_json::Value;

use super::{DEMO, INSTALL, Scene, UPDATE, acme, bundles, demo, evidence, unchanged};
use crate::registry::{FakeNpm, Trouble};

#[test]
fn a_registry_that_does_not_answer_decides_nothing() {
    let scene = Scene::with_demo();
    let machine = scene.machine();
    let path = FakeNpm::attestations_path("demo", "1.0.0");
    let troubles = [
        Trouble::Status(500),
        Trouble::Status(503),
        Trouble::Status(429),
        Trouble::Status(401),
        Trouble::Hangup,
        Trouble::Truncated,
        Trouble::Redirect("/elsewhere".to_owned()),
    ];
    for trouble in troubles {
        scene.registry.calm().trouble(&path, trouble.clone());
        let ran = unchanged(&machine, &INSTALL, 2);
        let ran = ran.says("demo").never_says("unsigned");
        assert!(!ran.stdout.contains("installed"), "{trouble:?}: {ran:?}");
        assert_eq!(bundles(&machine), []);
    }
    scene.registry.calm();
    machine.run(&INSTALL).exits(0);
    assert_eq!(evidence(&machine, DEMO)["level"], "provenance");
}

#[test]
fn an_answer_that_says_nothing_decides_nothing() {
    let scene = Scene::with_demo();
    let machine = scene.machine();
    let bodies = [
        "<!doctype html><title>Sign in</title>",
        "",
        "null",
        "{}",
        "[]",
        "{\"attestations\": null}",
        "{\"attestations\": {}}",
        "{\"attestations\": [{}]}",
        "{\"attestations\": [{\"predicateType\": \"x\", \"bundle\": {}}]}",
        "{\"attestations\": [",
        "{\"error\": \"rate limited\"}",
    ];
    for body in bodies {
        scene.registry.attestations("demo", "1.0.0", body);
        let ran = unchanged(&machine, &INSTALL, 2);
        ran.says("demo").never_says("unsigned");
        assert_eq!(bundles(&machine), [], "{body}");
    }
}

#[test]
fn an_update_waits_for_an_answer() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    scene.publish(demo("1.1.0"), Some(&acme("1.1.0")));
    scene
        .registry
        .trouble(&FakeNpm::attestations_path("demo", "1.1.0"), Trouble::Status(502));
    unchanged(&machine, &UPDATE, 2).says("demo");
    scene.registry.calm();
    machine.run(&UPDATE).exits(0);
    assert_eq!(evidence(&machine, DEMO)["provenance"]["commit"], acme("1.1.0").commit);
}

#[test]
fn a_registry_that_hangs_is_left_in_time() {
    let scene = Scene::with_demo();
    let machine = scene.machine();
    machine.npmrc("fetch-retries=0\nfetch-timeout=1000");
    scene
        .registry
        .trouble(&FakeNpm::attestations_path("demo", "1.0.0"), Trouble::Slow(Duration::from_secs(45)));
    let start = std::time::Instant::now();
    unchanged(&machine, &INSTALL, 2).says("demo");
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
}

#[test]
fn not_found_where_the_metadata_promises_more_is_noticed() {
    let scene = Scene::with_demo();
    scene.registry.loses_attestations("demo", "1.0.0");
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0).says("attestation-missing");
    assert_eq!(evidence(&machine, DEMO)["level"], "signed");

    // Where nothing is promised, nothing is missing.
    let scene = Scene::with_demo();
    scene.registry.loses_attestations("demo", "1.0.0").announces("demo", "1.0.0", false);
    let machine = scene.machine();
    machine.run(&INSTALL).exits(0).never_says("attestation-missing");
    assert_eq!(evidence(&machine, DEMO)["level"], "signed");
}

#[test]
fn an_empty_list_is_not_provenance() {
    let scene = Scene::with_demo();
    scene.registry.attestations("demo", "1.0.0", "{\"attestations\": []}");
    let machine = scene.machine();
    let ran = machine.run(&INSTALL);
    if ran.status == 0 {
        ran.says("attestation-missing");
        assert_eq!(evidence(&machine, DEMO)["provenance"], Value::Null);
    } else {
        ran.exits(2);
    }
}

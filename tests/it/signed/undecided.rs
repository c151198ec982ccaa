//! No answer is not "no": only an explicit not-found counts as unsigned, and not where something
//! says that there is more.

use super::{DEMO, INSTALL, Scene, UPDATE, acme, bundles, demo, evidence, unchanged};
use crate::registry::{FakeNpm, Trouble};
use crate::sigstore::Statement;

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
        // "None" is said by a status, not by a list with nothing in it.
        "{\"attestations\": []}",
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
fn a_file_about_which_only_unknown_things_are_said_is_not_proved() {
    let scene = Scene::new();
    let machine = scene.machine();
    let package = demo("1.0.0");
    std::fs::write(machine.project().join("demo.tgz"), package.archive()).unwrap();
    let check = ["trust", "check", "demo.tgz", "--attestations", "bundle.json"];
    let known = Statement::provenance("demo", "1.0.0", &package.integrity(), &acme("1.0.0"));
    let unknown = known.clone().with("/predicateType", "https://example.test/kind");
    machine.write("bundle.json", &scene.world.attest(&acme("1.0.0"), &unknown).to_string());
    machine
        .run(&check)
        .exits(2)
        .says("nothing is proved")
        .never_says("result     proved");
    machine.write("bundle.json", &scene.world.attest(&acme("1.0.0"), &known).to_string());
    machine.run(&check).exits(0).says("result     proved");
}

//! Evidence on this machine that was touched: `verify` proves it again, every time.

use serde_json::json;

use super::{DEMO, INSTALL, PROVE, Scene, acme, bundles, demo, edit, unchanged};

#[test]
fn a_flipped_byte_in_a_stored_bundle_is_found_and_named() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    for (path, bytes) in bundles(&machine) {
        crate::harness::unlock(path.parent().unwrap());
        let mut flipped = bytes.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        write(&path, &flipped);
        unchanged(&machine, &PROVE, 1).says("bundle-changed").says("demo@1.0.0");
        write(&path, &bytes);
        machine.run(&PROVE).exits(0);
    }
}

/// Stored files are read-only.
fn write(path: &std::path::Path, bytes: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_missing_bundle_decides_nothing() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let all = bundles(&machine);
    assert_eq!(all.len(), 2, "publish and provenance");
    for (path, bytes) in &all {
        std::fs::remove_file(path).unwrap();
        unchanged(&machine, &PROVE, 2).says("hint:");
        write(path, bytes);
    }
    // What the hint says: the same install brings it back.
    for (path, _) in &all {
        std::fs::remove_file(path).unwrap();
    }
    machine.run(&["install", "--no-probe", "--yes"]).exits(0);
    assert_eq!(bundles(&machine), all);
    machine.run(&PROVE).exits(0);
}

#[test]
fn one_bundle_under_the_digest_of_another_is_found() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let all = bundles(&machine);
    write(&all[0].0, &all[1].1);
    unchanged(&machine, &PROVE, 1);
}

#[test]
fn a_lock_that_names_somebody_else_is_refused() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let lock = machine.read("mcp-pin.lock");
    let claims = [
        ("/provenance/repository", json!("https://github.com/evil/demo")),
        ("/provenance/issuer", json!("https://issuer.evil.test")),
        (
            "/provenance/signer",
            json!("https://github.com/evil/demo/.github/workflows/release.yml"),
        ),
        ("/provenance/commit", json!("0000000000000000000000000000000000000000")),
        ("/provenance/ref", json!("refs/heads/main")),
    ];
    for (pointer, value) in claims {
        edit(&machine, |packages| {
            *packages[DEMO]["evidence"].pointer_mut(pointer).expect(pointer) = value;
        });
        // Neither what was approved here nor what the bundles prove.
        unchanged(&machine, &PROVE, 1).says("evidence-forged").says("approved");
        // Nor can it be approved.
        unchanged(&machine, &["install", "--no-probe", "--yes"], 2).says("evidence-forged");
        unchanged(&machine, &PROVE, 1);
        machine.write("mcp-pin.lock", &lock);
    }
    machine.run(&PROVE).exits(0);
}

#[test]
fn a_lock_without_the_evidence_is_not_the_one_that_was_approved() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    edit(&machine, |packages| {
        packages[DEMO].as_object_mut().unwrap().remove("evidence");
    });
    unchanged(&machine, &PROVE, 2).says("approved");
    // To approve it is to accept less than was accepted before.
    unchanged(&machine, &["install", "--no-probe", "--yes"], 1).says("evidence-downgraded");
    unchanged(&machine, &PROVE, 2).says("approved");
}

#[test]
fn prune_keeps_what_a_lock_names() {
    let scene = Scene::with_demo();
    scene.publish(demo("1.1.0"), Some(&acme("1.1.0")));
    let machine = scene.installed();
    let all = bundles(&machine);
    machine.run(&["prune"]).exits(0);
    assert_eq!(bundles(&machine), all);
    machine.run(&PROVE).exits(0);
    machine.run(&["remove", "demo"]).exits(0);
    machine.run(&["prune"]).exits(0);
    assert_eq!(bundles(&machine), []);
    machine.run(&INSTALL).exits(0);
    assert_eq!(bundles(&machine), all);
}

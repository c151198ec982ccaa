//! Evidence that is wrong: it is refused, nothing is changed, nothing of it is kept.

use serde_json::json;

use super::{DEMO, INSTALL, Scene, UPDATE, acme, bundles, demo, evidence, parts, unchanged};
use crate::registry::{Package, helper};
use crate::sigstore::forge::{About, Served};

/// Those that go through the binary as well; all of them are tried in `sigstore::check`.
const TRIED: [&str; 11] = [
    "of another package",
    "other name, right digest",
    "decoy before it",
    "published, other digest",
    "other authority",
    "logged after the certificate",
    "flipped promise",
    "entry of another signature",
    "signature by a stranger",
    "signature by an expired key",
    "provenance by the registry's key",
];

impl Scene {
    fn offer(&self, package: &Package, served: &Served) {
        let (name, version, _) = parts(package);
        self.registry.signatures(&name, &version, json!(served.signatures));
        self.serve(&name, &version, &served.bundles);
    }
}

#[test]
fn wrong_evidence_is_refused_and_nothing_changes() {
    let scene = Scene::with_demo();
    let machine = scene.machine();
    let package = demo("1.0.0");
    let (url, integrity) = (scene.registry.url(), package.integrity());
    let about = About {
        name: "demo",
        version: "1.0.0",
        integrity: &integrity,
        registry: url.trim_end_matches('/'),
    };
    let mut tried = 0;
    for (what, served) in scene.world.forgeries(about, &acme("1.0.0")) {
        if !TRIED.contains(&what) {
            continue;
        }
        tried += 1;
        scene.offer(&package, &served);
        let ran = machine.refuses(&INSTALL);
        assert!(ran.stderr.contains("demo"), "{what}: {ran:?}");
        assert!(!machine.project().join("mcp-pin.lock").exists(), "{what}");
        assert_eq!(bundles(&machine), [], "{what}");
        assert!(
            !machine
                .store()
                .join("installs")
                .read_dir()
                .is_ok_and(|mut all| all.next().is_some())
        );
    }
    assert_eq!(tried, TRIED.len());
    scene.offer(&package, &scene.world.honest(about, &acme("1.0.0")));
    machine.run(&INSTALL).exits(0);
}

#[test]
fn an_update_with_wrong_evidence_leaves_the_pin() {
    let scene = Scene::with_demo();
    let machine = scene.installed();
    let kept = bundles(&machine);
    let package = demo("1.1.0");
    scene.publish(package.clone(), Some(&acme("1.1.0")));
    let (url, integrity) = (scene.registry.url(), package.integrity());
    let about = About {
        name: "demo",
        version: "1.1.0",
        integrity: &integrity,
        registry: url.trim_end_matches('/'),
    };
    for (what, served) in scene.world.forgeries(about, &acme("1.1.0")) {
        if ["flipped promise", "right name, other digest", "published by a stranger"].contains(&what) {
            scene.offer(&package, &served);
            unchanged(&machine, &UPDATE, 2).says("demo");
            assert_eq!(bundles(&machine), kept, "{what}");
        }
    }
}

#[test]
fn two_packages_cannot_swap_their_evidence() {
    let scene = Scene::new();
    let below = helper("1.0.0");
    let above = demo("1.0.0").dependency("helper", "^1.0.0");
    scene
        .publish(below.clone(), Some(&acme("1.0.0")))
        .publish(above.clone(), Some(&acme("1.0.0")));
    let machine = scene.machine();
    // Everything in each reply is proved, about the other package.
    let (name, version, integrity) = parts(&below);
    let url = scene.registry.url();
    let registry = url.trim_end_matches('/');
    let about = |name, version, integrity| About {
        name,
        version,
        integrity,
        registry,
    };
    let of_below = scene.world.honest(about(&name, &version, &integrity), &acme("1.0.0"));
    let (name, version, integrity) = parts(&above);
    let of_above = scene.world.honest(about(&name, &version, &integrity), &acme("1.0.0"));
    scene
        .serve("helper", "1.0.0", &of_above.bundles)
        .serve("demo", "1.0.0", &of_below.bundles);
    machine.refuses(&INSTALL);
    scene.serve("demo", "1.0.0", &of_above.bundles);
    machine.refuses(&INSTALL).says("helper");
    scene.serve("helper", "1.0.0", &of_below.bundles);
    machine.run(&INSTALL).exits(0);
    assert_eq!(evidence(&machine, DEMO)["level"], "provenance");
    assert_eq!(evidence(&machine, "node_modules/helper")["level"], "provenance");
}

#[test]
fn what_a_terminal_would_obey_is_neither_shown_nor_pinned() {
    let scene = Scene::new();
    let machine = scene.machine();
    for mark in ["\u{1b}[2K", "\u{202e}", "\n", "\u{200b}"] {
        let build = crate::sigstore::Build {
            signer: Some("https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1".to_owned()),
            git_ref: format!("refs/tags/{mark}v1"),
            ..acme("1.0.0")
        };
        scene.publish(demo("1.0.0"), Some(&build));
        machine
            .refuses(&INSTALL)
            .says("hides characters")
            .never_says(&format!("tags/{mark}"));
    }
}

//! `mcp-pin trust`: what signatures are proved against can be replaced by nobody but its owner, and
//! never goes back; and one file is proved by hand.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_verify::crypto::KeyPair;
use sigstore_verify::trust_root::SIGSTORE_PRODUCTION_TRUSTED_ROOT as BUILT_IN;

use mcp_pin::model::Sha256Digest;

use crate::harness::{Machine, Ran, snapshot};
use crate::registry::Package;
use crate::tuf::{KEYS, Server, World};

/// A registry's key set of one key.
fn keys(keyid: &str) -> String {
    let key = KeyPair::generate_ecdsa_p256().unwrap().public_key_der().unwrap();
    let window = json!({"start": "2024-01-01T00:00:00.000Z"});
    json!({"keys": [{
        "keyId": keyid,
        "keyUsage": "npm:attestations",
        "publicKey": {"rawBytes": STANDARD.encode(key.as_bytes()), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": window},
    }]})
    .to_string()
}

/// A trust root that is not the built-in one, byte for byte.
fn another_root(blanks: usize) -> String {
    format!("{BUILT_IN}{}", " ".repeat(blanks))
}

/// A machine whose user trusts a repository of the test's own.
struct Setup {
    machine: Machine,
    world: World,
    server: Server,
}

impl Setup {
    fn new() -> Self {
        let world = World::new(&another_root(1), &keys("first"));
        let server = Server::start(world.files());
        let machine = Machine::new();
        let setup = Self { machine, world, server };
        let root = setup.machine.home().join("root.json");
        std::fs::write(&root, setup.world.first_root()).unwrap();
        configure(
            &setup.machine,
            &format!("tuf = {{ url = \"{}\", root = \"{}\" }}\n", setup.server.url(), root.display()),
        );
        setup
    }

    /// The same with a first refresh behind it.
    fn refreshed() -> Self {
        let setup = Self::new();
        setup.refresh().exits(0);
        setup
    }

    fn refresh(&self) -> Ran {
        self.machine.run(&["trust", "refresh"])
    }

    fn show(&self) -> Ran {
        self.machine.run(&["trust", "show"])
    }

    fn stored(&self) -> PathBuf {
        self.machine.store().join("trust/refreshed.json")
    }

    /// Everything in the folder of the stored set.
    fn kept(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.machine.store().join("trust");
        if folder.exists() { snapshot(&folder) } else { Vec::new() }
    }

    fn serve(&self) {
        self.server.set(self.world.files());
    }

    /// A refresh that must fail with these words, and change nothing.
    #[track_caller]
    fn refuses(&self, words: &str) {
        let before = self.kept();
        self.refresh().exits(2).says(words);
        assert_eq!(self.kept(), before, "the stored set changed");
        if !before.is_empty() {
            self.show().exits(0).says("refreshed from");
        }
    }
}

/// Writes `[trust]` of the user's own manifest.
fn configure(machine: &Machine, lines: &str) {
    let folder = machine.store().join("config");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mcp-pin.toml"), format!("[trust]\n{lines}")).unwrap();
}

fn digest(text: &str) -> String {
    Sha256Digest::of(text).to_string()
}

#[test]
fn what_is_built_in_is_shown_with_its_age() {
    let machine = Machine::new();
    let shown = machine.run(&["trust", "show"]).exits(0);
    let shown = shown.says("built in, of 2026-").says("days old)").says(&digest(BUILT_IN));
    shown.says("npm:attestations").says("expired").says("certificate authorities");
    let shown = machine.run(&["trust", "show", "--format", "json"]).exits(0).json();
    assert_eq!(shown["trustRoot"]["source"], "built-in");
    assert_eq!(shown["trustRoot"]["sha256"], digest(BUILT_IN).as_str());
    assert!(shown["trustRoot"]["ageDays"].is_i64(), "{shown}");
    let keys = shown["registryKeys"]["keys"].as_array().unwrap();
    assert!(keys.iter().any(|key| key["state"] == "expired") && keys.iter().any(|key| key["state"] == "valid"));
    assert!(!machine.store().exists(), "looking makes no store");
}

#[test]
fn a_refresh_takes_what_is_newer_and_says_what_changed() {
    let mut setup = Setup::new();
    setup
        .refresh()
        .exits(0)
        .says("refreshed: ")
        .says(&digest(&another_root(1)))
        .says(KEYS);
    let shown = setup.machine.run(&["trust", "show", "--format", "json"]).exits(0).json();
    assert_eq!(shown["trustRoot"]["source"], "refreshed");
    assert_eq!(shown["trustRoot"]["sha256"], digest(&another_root(1)).as_str());
    assert_eq!(shown["trustRoot"]["ageDays"], 0);
    assert_eq!(shown["registryKeys"]["keys"][0]["keyid"], "first");

    setup.refresh().exits(0).says("already current");

    setup.world.bump();
    setup.world.targets.insert("trusted_root.json".into(), another_root(2).into_bytes());
    setup.serve();
    let said = setup.refresh().exits(0).says("version 1 -> version 2");
    said.says(&format!(
        "sha256 {} -> sha256 {}",
        digest(&another_root(1)),
        digest(&another_root(2))
    ));
    setup.show().exits(0).says(&digest(&another_root(2)));

    // A root role that hands everything to another key, by way of the old one.
    setup.world.rotate();
    setup.serve();
    let changed = setup.machine.run(&["trust", "refresh", "--format", "json"]).exits(0).json();
    assert_eq!(
        (&changed["before"]["versions"]["root"], &changed["after"]["versions"]["root"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(changed["changed"], true);
    setup.show().exits(0).says("refreshed from");
    setup.refresh().exits(0).says("already current");
}

#[test]
fn an_older_state_is_a_rollback_and_changes_nothing() {
    let mut setup = Setup::new();
    let old = setup.world.files();
    setup.world.bump();
    setup.serve();
    setup.refresh().exits(0);
    setup.server.set(old);
    setup.refuses("rollback: it shows version 1 of its `timestamp`, older than version 2");
    // Only the snapshot goes back, under a timestamp that is newer.
    setup.world.versions = [1, 3, 1, 1];
    setup.serve();
    setup.refuses("rollback");
    setup.world.versions = [1, 3, 3, 1];
    setup.serve();
    setup.refuses("rollback");
}

#[test]
fn what_is_forged_expired_or_swapped_is_refused() {
    for first in [true, false] {
        let mut setup = if first { Setup::new() } else { Setup::refreshed() };
        setup.world.bump();
        setup.server.set(setup.world.forged());
        setup.refuses("its `timestamp` is not signed by those who may: 0 of 1 signatures hold");

        setup.world.expires = "2026-01-01T00:00:00Z".into();
        setup.serve();
        setup.refuses("its `timestamp` expired on 2026-01-01");
        setup.world.expires = crate::tuf::FOREVER.into();

        setup.world.targets.insert("trusted_root.json".into(), another_root(3).into_bytes());
        setup.world.delegated.insert(KEYS.into(), keys("newer").into_bytes());
        let good = setup.world.files();
        for name in good
            .keys()
            .filter(|name| !name.ends_with("root.json") || name.starts_with("targets/"))
        {
            let mut bad = good.clone();
            let bytes = bad.get_mut(name).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            setup.server.set(bad);
            let before = setup.kept();
            setup.refresh().exits(2).says("could not refresh the trust root");
            assert_eq!(setup.kept(), before, "{name}");
        }
        // Too short is not the file either.
        let mut bad = good.clone();
        let target = bad.iter_mut().find(|(name, _)| name.ends_with(".trusted_root.json")).unwrap();
        target.1.pop();
        setup.server.set(bad);
        setup.refuses("not the file that was signed: trusted_root.json");
    }
}

#[test]
fn a_set_that_could_not_be_used_is_not_taken() {
    let mut setup = Setup::refreshed();
    let good = (setup.world.targets.clone(), setup.world.delegated.clone());
    setup.world.bump();
    setup.world.targets.insert("trusted_root.json".into(), b"{}".to_vec());
    setup.serve();
    setup.refuses("could not use the trust root of");
    setup.world.targets.clone_from(&good.0);
    setup.world.delegated.insert(KEYS.into(), b"{\"keys\":[]}".to_vec());
    setup.serve();
    setup.refuses("could not use `registry.example/keys.json`");
    setup.world.delegated.clone_from(&good.1);
    setup.world.targets.insert("other/keys.json".into(), keys("second").into_bytes());
    setup.serve();
    setup.refuses("it has two sets of registry keys");
    setup.world.targets.clear();
    setup.serve();
    setup.refuses("it has no `trusted_root.json`");
    // Keys that nobody delegated to the role do not count.
    setup.world.targets = good.0;
    setup
        .world
        .delegated
        .insert("elsewhere/keys.json".into(), keys("stray").into_bytes());
    setup.serve();
    setup.refresh().exits(0);
    setup.show().exits(0).says("first").never_says("stray");
}

#[test]
fn without_keys_in_the_repository_the_built_in_ones_count() {
    let mut setup = Setup::new();
    setup.world.delegated.clear();
    setup.serve();
    setup.refresh().exits(0).says("none in this repository");
    setup.show().exits(0).says("registry keys  built in");
}

#[test]
fn without_network_nothing_changes_and_the_old_set_stays() {
    let setup = Setup::refreshed();
    setup.server.requests();
    let before = snapshot(&setup.machine.store().join("trust"));
    setup
        .machine
        .run(&["--offline", "trust", "refresh"])
        .exits(2)
        .says("without the network");
    setup.machine.run(&["--offline", "trust", "show"]).exits(0).says("refreshed from");
    assert_eq!(setup.server.requests(), Vec::<String>::new());
    let Setup { machine, server, .. } = setup;
    drop(server);
    machine.run(&["trust", "refresh"]).exits(2).says("could not reach");
    machine.run(&["trust", "show"]).exits(0).says("refreshed from");
    assert_eq!(snapshot(&machine.store().join("trust")), before);
}

#[test]
fn killed_on_the_way_leaves_the_old_set_and_the_next_one_works() {
    let mut setup = Setup::refreshed();
    let before = std::fs::read(setup.stored()).unwrap();
    setup.world.bump();
    setup.world.targets.insert("trusted_root.json".into(), another_root(4).into_bytes());
    setup.serve();
    for at in [
        "timestamp.json",
        "snapshot.json",
        "targets.json",
        "registry.example.json",
        "trusted_root.json",
    ] {
        setup.server.requests();
        setup.server.stall(Some(at));
        let mut command = setup.machine.command(&["trust", "refresh"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while !setup.server.requests().iter().any(|path| path.contains(at)) {
            assert!(start.elapsed() < Duration::from_secs(20), "{at} was never asked for");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(std::fs::read(setup.stored()).unwrap(), before, "{at}");
        setup.show().exits(0).says(&digest(&another_root(1)));
    }
    setup.server.stall(None);
    // What a kill in the middle of writing leaves beside it.
    std::fs::write(setup.stored().with_file_name(".refreshed.json.mcp-pin-new"), "half of").unwrap();
    setup.show().exits(0).says(&digest(&another_root(1)));
    setup.refresh().exits(0).says("version 1 -> version 2");
    setup.show().exits(0).says(&digest(&another_root(4)));
    let names = snapshot(&setup.machine.store().join("trust"));
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn a_stored_set_that_was_changed_is_refused_and_never_passed_over() {
    let mut setup = Setup::new();
    setup.world.rotate();
    setup.serve();
    setup.refresh().exits(0);
    let good: Value = serde_json::from_slice(&std::fs::read(setup.stored()).unwrap()).unwrap();
    let write = |value: &Value| std::fs::write(setup.stored(), value.to_string()).unwrap();
    let refused = |words: &str| {
        setup
            .show()
            .exits(2)
            .says("could not use the trust root in")
            .says("refreshed.json")
            .says(words);
    };
    let names: Vec<String> = good["files"].as_object().unwrap().keys().cloned().collect();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        // The first root role is the one that is configured: the stored copy is never asked.
        if name == "root_history/1.root.json" {
            continue;
        }
        let mut gone = good.clone();
        gone["files"].as_object_mut().unwrap().remove(&name);
        write(&gone);
        refused("");
        let mut changed = good.clone();
        let text = changed["files"][&name].as_str().unwrap().to_owned();
        let text = text
            .replacen("registry.example", "registry.exbmple", 1)
            .replacen("2999-01-01", "2998-01-01", 1);
        let text = if name.starts_with("targets/") { format!("{text} ") } else { text };
        changed["files"][&name] = text.into();
        write(&changed);
        refused(name.strip_prefix("targets/").unwrap_or_default());
    }
    let mut future = good.clone();
    future["refreshed"] = json!("2998-01-01T00:00:00Z");
    write(&future);
    refused("which is not yet");
    std::fs::write(setup.stored(), "").unwrap();
    refused("cannot be read");
    // The command that mends it says that it starts again.
    setup
        .refresh()
        .exits(0)
        .says("Starting again from the root that is trusted at first");
    setup.show().exits(0).says("refreshed from");
    write(&good);
    setup.show().exits(0);
}

#[test]
fn another_repository_than_the_stored_one_is_refused() {
    let setup = Setup::refreshed();
    let stranger = World::new(&another_root(5), &keys("stranger"));
    std::fs::write(setup.machine.home().join("root.json"), stranger.first_root()).unwrap();
    setup.show().exits(2).says("is not signed by those who may");
    configure(&setup.machine, "");
    setup.show().exits(2).says("mcp-pin trust refresh");
}

#[test]
fn a_configured_repository_is_not_replaced_by_the_public_one() {
    let setup = Setup::new();
    setup
        .show()
        .exits(2)
        .says("nothing was fetched from it yet")
        .says("mcp-pin trust refresh");
    let Some(data) = data() else { return };
    let (file, bundle) = conformance(&data, "happy-path-v0.3");
    let check = setup.machine.run(&["trust", "check", &file, "--attestations", &bundle]);
    check.exits(2).says("nothing was fetched from it yet");
}

#[test]
fn what_is_built_in_wins_over_an_older_refresh_alone() {
    let machine = Machine::new();
    let folder = machine.store().join("trust");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |refreshed: &str| {
        let text = json!({"format": 1, "url": "https://tuf.example", "refreshed": refreshed, "files": {}});
        std::fs::write(folder.join("refreshed.json"), text.to_string()).unwrap();
    };
    write("2020-01-01T00:00:00Z");
    machine.run(&["trust", "show"]).exits(0).says("built in, of");
    write("2026-10-24T00:00:00Z");
    machine.run(&["trust", "show"]).exits(2).says("refreshed.json");
}

#[test]
fn a_project_cannot_choose_what_is_trusted() {
    let machine = Machine::new();
    let root = machine.project().join("trusted_root.json");
    std::fs::write(&root, BUILT_IN).unwrap();
    let line = format!("[trust]\ntrusted-root = \"{}\"\n", root.display());
    machine.write("mcp-pin.toml", &line);
    machine
        .run(&["list"])
        .exits(2)
        .says("a project's manifest may not choose what signatures are proved against");
    // The command that works outside any project does not look at it.
    machine.run(&["trust", "show"]).exits(0).says("built in").never_says("project");
}

#[test]
fn the_option_wins_over_the_configured_file_and_each_is_named_when_it_cannot_be_used() {
    let machine = Machine::new();
    let file = |name: &str, text: &str| {
        let path = machine.home().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (own, broken) = (file("own.json", &another_root(1)), file("broken.json", "{}"));
    let missing = machine.home().join("nowhere.json").display().to_string();
    configure(&machine, &format!("trusted-root = \"{broken}\"\n"));
    machine.run(&["trust", "show"]).exits(2).says(&format!("could not use {broken}"));
    let shown = machine.run(&["trust", "show", "--trusted-root", &own]).exits(0);
    shown.says(&format!("--trusted-root {own}")).says(&digest(&another_root(1)));
    configure(&machine, &format!("trusted-root = \"{own}\"\n"));
    machine.run(&["trust", "show"]).exits(0).says(&format!("{own}, as configured"));
    for bad in [&missing, &broken] {
        machine.run(&["trust", "show", "--trusted-root", bad]).exits(2).says(bad);
    }
    configure(&machine, &format!("trusted-root = \"{missing}\"\n"));
    machine.run(&["trust", "show"]).exits(2).says(&missing);
}

#[test]
fn a_private_registrys_keys_stand_beside_the_built_in_ones() {
    let machine = Machine::new();
    let path = machine.home().join("keys.json");
    std::fs::write(&path, keys("ours")).unwrap();
    configure(&machine, &format!("registry-keys = \"{}\"\n", path.display()));
    let shown = machine.run(&["trust", "show"]).exits(0);
    shown
        .says("ours")
        .says("npm:signatures")
        .says(&format!("{}, as configured", path.display()));
    std::fs::write(&path, "{}").unwrap();
    machine.run(&["trust", "show"]).exits(2).says(&path.display().to_string());
    std::fs::remove_file(&path).unwrap();
    machine.run(&["trust", "show"]).exits(2).says(&path.display().to_string());
}

/// The published bundles, where they are at hand.
#[expect(clippy::disallowed_methods, reason = "a test stands where the user does")]
fn data() -> Option<PathBuf> {
    let folder =
        std::env::var_os("MCP_PIN_TEST_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let folder = folder.join("sigstore");
    if folder.is_dir() {
        return Some(folder);
    }
    drop(writeln!(std::io::stderr(), "skipped: no published bundles at {}", folder.display()));
    None
}

fn conformance(data: &Path, case: &str) -> (String, String) {
    let folder = data.join("conformance/bundle-verify");
    let text = |path: PathBuf| path.display().to_string();
    (text(folder.join("a.txt")), text(folder.join(case).join("bundle.sigstore.json")))
}

#[test]
fn a_file_is_proved_refused_or_left_undecided() {
    let Some(data) = data() else { return };
    let machine = Machine::new();
    let check = |case: &str, more: &[&str]| {
        let (file, bundle) = conformance(&data, case);
        let words = [&["trust", "check", &file, "--attestations", &bundle], more].concat();
        machine.run(&words)
    };
    let proved = check("happy-path-v0.3", &[])
        .exits(0)
        .says("result     proved")
        .says("level      provenance");
    proved.says("signer     https://").says("inclusion proof").says("built in, of");
    let json = check("happy-path-v0.3", &["--format", "json"]).exits(0).json();
    assert_eq!(
        (&json["result"], &json["evidence"]["level"]),
        (&json!("proved"), &json!("provenance"))
    );
    assert!(!json["evidence"]["checked"].as_array().unwrap().is_empty());

    let refused = check("set-invalid-signature_fail", &[]).exits(1);
    refused.says("result     refused").never_says("proved");
    let json = check("set-invalid-signature_fail", &["--format", "json"]).exits(1).json();
    assert_eq!((&json["result"], &json["evidence"]), (&json!("refused"), &Value::Null));
    check("bundle-unknown-version_fail", &[]).exits(2).says("could not decide");

    let key = |case: &str| {
        data.join("conformance/bundle-verify")
            .join(case)
            .join("key.pub")
            .display()
            .to_string()
    };
    let right = key("managed-key-happy-path");
    let stranger = KeyPair::generate_ecdsa_p256().unwrap().public_key_der().unwrap();
    machine.write("wrong.pem", &stranger.to_pem());
    check("managed-key-happy-path", &["--key", &right])
        .exits(0)
        .says("level      signed");
    check("managed-key-happy-path", &["--key", "wrong.pem"]).exits(1).says("refused");
    let damaged = key("managed-key-wrong-key_fail");
    check("managed-key-wrong-key_fail", &["--key", &damaged])
        .exits(2)
        .says("the key in it is not base64");
    check("managed-key-happy-path", &[]).exits(2).says("--key FILE");
    check("happy-path-v0.3", &["--key", &right]).exits(1);
    assert!(!machine.store().exists(), "a check opens no store");

    // Another file under the same documents; and the same file under another root.
    let (_, bundle) = conformance(&data, "happy-path-v0.3");
    machine.write("a.txt", "something else");
    machine.run(&["trust", "check", "a.txt", "--attestations", &bundle]).exits(1);
    let private = data.join("conformance/bundle-verify/intoto-with-custom-trust-root/trusted_root.json");
    let private = private.display().to_string();
    check("happy-path-v0.3", &["--trusted-root", &private]).exits(1);
    // An npm archive is what its own package.json says, unless the options say otherwise.
    std::fs::write(machine.project().join("x.tgz"), Package::new("demo", "1.2.3").archive()).unwrap();
    let npm = |more: &[&str]| machine.run(&[&["trust", "check", "x.tgz", "--attestations", &bundle], more].concat());
    npm(&[]).says("subject    npm demo@1.2.3").never_says("proved\n");
    npm(&["--version", "2.0.0"]).says("subject    npm demo@2.0.0");
    npm(&["--name", "other"]).says("subject    npm other@1.2.3");
    // One that holds does not speak for one that does not.
    let (_, bad) = conformance(&data, "set-invalid-signature_fail");
    check("happy-path-v0.3", &["--attestations", &bad]).exits(1);
}

#[test]
fn what_goes_into_a_check_is_never_guessed() {
    let machine = Machine::new();
    machine.write("a.txt", "a");
    machine.write("a.whl", "a");
    machine.write("a.tgz", "no archive");
    machine.write("reply.json", r#"{"attestations":[]}"#);
    machine.write("pep740.json", r#"{"version":1,"attestation_bundles":[]}"#);
    machine.write("both.json", r#"{"attestations":[],"attestation_bundles":[]}"#);
    machine.write("envelope.json", r#"{"payload":"","payloadType":"","signatures":[]}"#);
    machine.write("text.json", "hello");
    machine.write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    for (words, says) in [
        (&["a.txt"][..], "no registry can be asked about a file of this kind"),
        (&["nowhere.txt", "--attestations", "reply.json"], "could not read"),
        (&["a.txt", "--attestations", "nowhere.json"], "could not read"),
        (&["a.txt", "--attestations", "envelope.json"], "of no kind that is known"),
        (&["a.txt", "--attestations", "both.json"], "of two kinds at once"),
        (&["a.txt", "--attestations", "text.json"], "it is not JSON"),
        (&["a.txt", "--attestations", "reply.json"], "an npm registry's attestation reply"),
        (&["a.whl", "--attestations", "reply.json"], "the file is a Python distribution"),
        (&["a.tgz", "--attestations", "reply.json"], "could not unpack"),
        (&["a.whl", "--name", "a", "--attestations", "pep740.json"], "it is no npm archive"),
        (
            &["a.whl", "--key", "key.pem", "--attestations", "pep740.json"],
            "not proved with a key of its own",
        ),
        (
            &["a.txt", "--key", "key.pem", "--attestations", "reply.json"],
            "it is no public key in PEM",
        ),
        // An empty delivery proves nothing.
        (&["a.whl", "--attestations", "pep740.json"], "could not decide"),
        (
            &["a.tgz", "--name", "a", "--version", "1.0.0", "--attestations", "reply.json"],
            "could not decide",
        ),
    ] {
        machine
            .run(&[&["trust", "check"], words].concat())
            .exits(2)
            .says(says)
            .never_says("proved\n");
    }
}

//! Registries that claim something else than their archives say.

use super::*;
use crate::model::{ArchiveFile, Integrity, Sha256Digest};

fn contents(manifest: &str, files: &[&str]) -> ArchiveContents {
    let mut paths: Vec<&str> = files.to_vec();
    paths.push("package.json");
    paths.sort_unstable();
    let file = |path: &&str| ArchiveFile {
        path: (*path).to_owned(),
        executable: false,
        size: 0,
        digest: Sha256Digest::of(b""),
        native: path.ends_with("x.node"),
    };
    ArchiveContents {
        files: paths.iter().map(file).collect(),
        manifest: manifest.as_bytes().to_vec(),
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn claim() -> Claim {
    Claim {
        name: "conf".parse().unwrap(),
        version: "1.0.0".into(),
        integrity: Integrity::Sha512([1; 64]),
        resolved: None,
        os: Vec::new(),
        cpu: Vec::new(),
        libc: Vec::new(),
        optional: false,
        peer: false,
        dependencies: map(&[("a", "^1")]),
        optional_dependencies: BTreeMap::new(),
        peer_dependencies: BTreeMap::new(),
        optional_peers: BTreeSet::new(),
        bin: map(&[("conf", "cli.js")]),
        bundled: BTreeSet::new(),
        engines_node: None,
        has_install_script: false,
    }
}

const HONEST: &str = r#"{"name":"conf","version":"1.0.0","dependencies":{"a":"^1"},"bin":"./cli.js"}"#;

fn fields(claim: &Claim, contents: &ArchiveContents) -> Vec<&'static str> {
    match confirm(claim, contents) {
        Ok(_) => Vec::new(),
        Err(Refusal::Confused(list)) => list.iter().map(|confusion| confusion.field).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_honest_package_is_confirmed_from_its_archive() {
    let package = confirm(&claim(), &contents(HONEST, &["cli.js", "build/x.node"])).unwrap();
    assert_eq!(package.node().unwrap().dependencies, map(&[("a", "^1")]));
    assert!(package.native && package.scripts.is_empty());
}

#[test]
fn every_kind_of_confusion_is_named() {
    let evil = r#"{"name":"other","version":"9.9.9","dependencies":{"a":"^1","hidden":"*"},"bin":"./evil.js",
        "optionalDependencies":{"o":"1"},"peerDependencies":{"p":"1"},"peerDependenciesMeta":{"p":{"optional":true}},
        "bundleDependencies":["b"],"os":["linux"],"cpu":["x64"],"libc":"musl","scripts":{"postinstall":"evil"}}"#;
    assert_eq!(
        fields(&claim(), &contents(evil, &[])),
        [
            "name",
            "version",
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            "peerDependenciesMeta",
            "bundleDependencies",
            "os",
            "cpu",
            "libc",
            "bin",
            "scripts"
        ]
    );
}

#[test]
fn a_dependency_the_registry_adds_is_confusion_too() {
    let claim = Claim {
        dependencies: map(&[("a", "^1"), ("extra", "1")]),
        ..claim()
    };
    let Err(Refusal::Confused(list)) = confirm(&claim, &contents(HONEST, &[])) else {
        panic!()
    };
    assert_eq!(
        list[0].to_string(),
        "`dependencies` is claimed as {extra: 1} but the archive says {}"
    );
}

#[test]
fn a_shrinkwrap_and_a_broken_manifest_are_refused() {
    assert_eq!(
        confirm(&claim(), &contents(HONEST, &["npm-shrinkwrap.json"])),
        Err(Refusal::Shrinkwrap)
    );
    assert!(matches!(confirm(&claim(), &contents("", &[])), Err(Refusal::Manifest(_))));
}

#[test]
fn what_registries_do_honestly_is_no_alarm() {
    // `node-gyp rebuild` added for a gyp file, with and without the flag.
    for has_install_script in [true, false] {
        let claim = Claim {
            has_install_script,
            ..claim()
        };
        let package = confirm(&claim, &contents(HONEST, &["binding.gyp"])).unwrap();
        assert_eq!(package.scripts, map(&[("install", "node-gyp rebuild")]));
    }
    // `directories.bin` filled in, or not.
    let manifest = r#"{"name":"conf","version":"v1.0.0","dependencies":{"a":"^1"},"directories":{"bin":"bin"}}"#;
    for bin in [map(&[("x", "bin/x")]), BTreeMap::new()] {
        assert_eq!(
            fields(&Claim { bin, ..claim() }, &contents(manifest, &["bin/x"])),
            Vec::<&str>::new()
        );
    }
}

#[test]
fn packages_inside_the_archive_are_found_whether_declared_or_not() {
    let files = [
        "node_modules/@s/b/index.js",
        "node_modules/c/index.js",
        "node_modules/.bin/c",
        "node_modules/.package-lock.json",
        "node_modules/loose.js",
        "node_modules/plain",
        "node_modules/@s/file.json",
        "node_modules/c.js/index.js",
        "lib/node_modules/deep/index.js",
        "node_modules/c/node_modules/inner/x.js",
        "lib/not_node_modules/x.js",
    ];
    let package = confirm(&claim(), &contents(HONEST, &files)).unwrap();
    let expected = [
        "@s/b",
        "@s/file",
        "@s/file.json",
        "c",
        "c.js",
        "lib/node_modules/deep",
        "loose",
        "loose.js",
        "plain",
    ];
    assert_eq!(package.node().unwrap().bundled, expected.map(String::from).into());
}

#[test]
fn text_the_lock_would_refuse_is_refused_before() {
    let manifest = HONEST.replace("\"bin\"", "\"engines\":{\"node\":\"20\\u202e\"},\"bin\"");
    assert_eq!(
        confirm(&claim(), &contents(&manifest, &[])),
        Err(Refusal::Invisible { field: "engines" })
    );
}

type Edit = fn(&mut LockedPackage);

#[test]
fn a_lock_that_lies_about_an_archive_is_seen_in_every_field() {
    let archive = contents(HONEST, &["cli.js"]);
    let honest = confirm(&claim(), &archive).unwrap();
    assert_eq!(check_locked(&honest, &archive), Ok(Vec::new()));
    let one = || vec!["x".to_owned()];
    let edits: [(&str, Edit); 11] = [
        ("name", |p| p.name = "evil".parse().unwrap()),
        ("version", |p| p.version = "1.0.1".into()),
        ("scripts", |p| p.scripts = map(&[("install", "x")])),
        ("native code", |p| p.native = true),
        ("dependencies", |p| p.node_mut().dependencies.clear()),
        ("optionalDependencies", |p| p.node_mut().optional_dependencies = map(&[("x", "1")])),
        ("peerDependencies", |p| p.node_mut().peer_dependencies = map(&[("x", "1")])),
        ("peerDependenciesMeta", |p| {
            p.node_mut().optional_peers = BTreeSet::from(["x".into()]);
        }),
        ("bundleDependencies", |p| p.node_mut().bundled = BTreeSet::from(["x".into()])),
        ("engines.node", |p| p.node_mut().engines_node = Some("18".into())),
        ("os", |p| p.node_mut().os = vec!["x".into()]),
    ];
    for (field, edit) in edits {
        let mut locked = honest.clone();
        edit(&mut locked);
        let found = check_locked(&locked, &archive).unwrap();
        assert_eq!(found.iter().map(|c| c.field).collect::<Vec<_>>(), [field]);
    }
    let mut limited = honest;
    limited.node_mut().cpu = one();
    limited.node_mut().libc = one();
    assert_eq!(check_locked(&limited, &archive).unwrap().len(), 2);
}

//! What npm and its registries say.

use mcp_pin::lock::check::{Range, Requirement, Version};
use mcp_pin::model::{ArchiveContents, ArchiveFile, Sha256Digest};
use mcp_pin::registry::npm::{Environment, fuzzing};
use mcp_pin::verify::npm::{Manifest, entry_point, install_scripts};

const ROOT: &str = "@example/server";

/// The resolver's answer.
pub(crate) fn resolution(data: &[u8]) {
    let root = ROOT.parse().expect("a name");
    let Ok(found) = fuzzing::resolution(data, &root) else { return };
    assert_eq!(found.root.name(), root);
    assert!(found.claims.contains_key(&found.root), "the root is not among the claims");
}

/// A registry's document about a package. What is malformed about a version is an error of that
/// version, and never "no signatures".
pub(crate) fn packument(data: &[u8]) {
    let name = ROOT.parse().expect("a name");
    let Ok(found) = fuzzing::packument(&name, data) else { return };
    for version in found.versions() {
        found.time(version);
        if let Ok(document) = found.version(version) {
            assert!(document.is_some(), "a version that is listed is not there");
        }
        if let Ok(release) = found.release(version) {
            let release = release.expect("a version that is listed is there");
            assert!(
                release
                    .signatures
                    .iter()
                    .all(|one| !one.keyid.is_empty() && !one.signature.is_empty())
            );
        }
    }
}

/// A package's own manifest: the entry point is a file of the archive.
pub(crate) fn package_json(data: &[u8]) {
    let Ok(manifest) = Manifest::parse(data) else { return };
    let contents = contents();
    install_scripts(&manifest, &contents);
    for (_, path) in manifest.executables(&contents) {
        assert!(
            !path.starts_with('/') && !path.split('/').any(|segment| segment == ".."),
            "{path:?}"
        );
    }
    for wanted in [None, Some("server")] {
        if let Ok(entry) = entry_point(&manifest, &contents, wanted, |_| Some(b"#!/usr/bin/env node\n".to_vec())) {
            assert!(contents.has(&entry), "{entry:?} is not in the archive");
        }
    }
}

fn contents() -> ArchiveContents {
    let file = |path: &str| ArchiveFile {
        path: path.to_owned(),
        executable: false,
        size: 1,
        digest: Sha256Digest::of(b"1"),
        native: path == "native",
    };
    ArchiveContents {
        files: ["bin/a.js", "bin/b", "bin/c.sh", "cli.js", "index.js", "native", "package.json"]
            .map(file)
            .into(),
        ..ArchiveContents::default()
    }
}

/// A range and a version, a line each.
pub(crate) fn range(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let (range, version) = text.split_once('\n').unwrap_or((text, "1.2.3"));
    Requirement::parse(range).accepts(version);
    let (parsed, exact) = (Range::parse(range), Version::parse(version));
    if let Some(parsed) = &parsed {
        let accepted = parsed.accepts(version);
        assert!(!accepted || exact.is_some(), "{version:?} is no version, and {range:?} takes it");
    }
    if let (Some(exact), Some(itself)) = (&exact, Range::parse(version)) {
        assert!(itself.accepts(version), "{version:?} does not take itself");
        assert_eq!(exact.cmp(exact), std::cmp::Ordering::Equal);
    }
}

/// An `.npmrc`: a host that is not named in it gets nothing.
pub(crate) fn npmrc(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let env = Environment::from([("TOKEN".into(), "s3cret".into())]);
    let gives = |url: &str| fuzzing::npmrc_gives_a_secret(text, &env, url, "http://registry.example.test:8080/npm/");
    gives("https://registry.example.test/npm/a");
    gives("http://registry.example.test:8080/npm/a");
    // Escapes in quotes, and variables, could spell a name that is not to be seen in the text.
    if !text.to_lowercase().contains("other.example") && !text.contains(['\\', '$', '%']) {
        assert!(!gives("https://other.example/npm/a"), "a host that is not named gets a secret");
    }
}

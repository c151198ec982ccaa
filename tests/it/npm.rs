//! The machine's npm against a registry on loopback: resolving, fetching, and being lied to.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use mcp_pin::lock::check::check;
use mcp_pin::model::{ArchiveContents, ArchiveFile, Closure, PackageName, Sha256Digest};
use mcp_pin::net::{NetError, Network, NetworkOptions};
use mcp_pin::registry::npm::{Environment, FetchError, Note, Npm, NpmError, Resolution};
use mcp_pin::verify::npm::{Refusal, confirm};
use serde_json::{Value, json};

use crate::registry::{FakeNpm, Package, Trouble};

struct Lab {
    folder: tempfile::TempDir,
    npm: Npm,
    network: Network,
}

impl Lab {
    async fn new(registry: &FakeNpm) -> Self {
        Self::with_npmrc(registry, "").await
    }

    /// A machine with nothing but this `.npmrc`, and a hostile project above our folder.
    async fn with_npmrc(registry: &FakeNpm, npmrc: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, text: &str| std::fs::write(root.join(path), text).unwrap();
        write("user.npmrc", npmrc);
        write("system.npmrc", "");
        write(".npmrc", "registry=http://127.0.0.1:1/\nignore-scripts=false\n");
        write(
            "package.json",
            r#"{"name":"hostile","overrides":{"dep":"npm:evil@1"},"workspaces":["*"]}"#,
        );
        std::fs::create_dir_all(root.join("scratch")).unwrap();
        let npm = Npm::discover(&environment(root, registry), None, &root.join("scratch"))
            .await
            .unwrap();
        let options = NetworkOptions {
            backoff: Duration::from_millis(1),
            ..npm.settings().network_options().clone()
        };
        let network = Network::new(&options).unwrap();
        Self { folder, npm, network }
    }

    async fn resolve(&self, text: &str, before: Option<&str>) -> Result<Resolution, NpmError> {
        let (name, requirement) = text.split_once('@').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let before = before.map(|date| date.parse().unwrap());
        let resolution = self.npm.resolve(&self.network, &name.parse().unwrap(), requirement, before).await;
        // Whatever happened, nothing of it is left behind.
        assert_eq!(std::fs::read_dir(self.folder.path().join("scratch")).unwrap().count(), 0);
        resolution
    }

    async fn fetch(&self, name: &str, version: &str, resolved: Option<&str>) -> Result<Vec<u8>, NpmError> {
        let mut bytes = Vec::new();
        let sink: &mut (dyn FnMut(&[u8]) -> Result<(), ()> + Send) = &mut |chunk| {
            bytes.extend_from_slice(chunk);
            Ok(())
        };
        match self.npm.fetch(&self.network, &name.parse().unwrap(), version, resolved, sink).await {
            Ok(length) => {
                assert_eq!(length, bytes.len() as u64);
                Ok(bytes)
            }
            Err(FetchError::Npm(error)) => Err(error),
            Err(FetchError::Sink(())) => unreachable!(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test hands its own PATH to the code under test")]
fn environment(root: &Path, registry: &FakeNpm) -> Environment {
    let path = std::env::var_os("PATH").unwrap();
    let settings = [
        ("HOME", root.as_os_str().to_owned()),
        ("npm_config_registry", registry.url().into()),
        ("npm_config_userconfig", root.join("user.npmrc").into()),
        ("npm_config_globalconfig", root.join("system.npmrc").into()),
        ("npm_config_fetch_retries", "0".into()),
        ("npm_config_ignore_scripts", "false".into()),
        ("NODE_OPTIONS", "--require=/nonexistent.js".into()),
    ];
    let mut env: Environment = settings.into_iter().map(|(name, value)| (name.into(), value)).collect();
    env.insert("PATH".into(), path);
    env
}

fn versions(resolution: &Resolution) -> BTreeMap<&str, &str> {
    resolution
        .claims
        .iter()
        .map(|(path, claim)| (path.as_str(), claim.version.as_str()))
        .collect()
}

fn server() -> Package {
    Package::new("server", "1.0.0").file("index.js", "").bin("server", "index.js")
}

#[tokio::test]
async fn a_closure_is_resolved_whole_whatever_the_users_settings_and_the_parent_folder_say() {
    let registry = FakeNpm::start();
    registry
        .publish(
            server()
                .dependency("dep", "^1")
                .optional_dependency("mac", "1")
                .optional_dependency("gone", "1"),
        )
        .publish(Package::new("dep", "1.0.0").dependency("deep", "1"))
        .publish(Package::new("deep", "1.0.0").peer_dependency("peer", "1"))
        .publish(Package::new("peer", "1.2.0"))
        .publish(Package::new("mac", "1.0.0").field("os", json!(["aix"])));
    let plain = Lab::new(&registry).await.resolve("server", None).await.unwrap();
    assert_eq!(
        versions(&plain),
        BTreeMap::from([
            ("node_modules/deep", "1.0.0"),
            ("node_modules/dep", "1.0.0"),
            ("node_modules/mac", "1.0.0"),
            ("node_modules/peer", "1.2.0"),
            ("node_modules/server", "1.0.0"),
        ])
    );
    assert!(matches!(&plain.notes[..], [Note::OptionalAbsent { name, .. }] if name == "gone"));
    let packages = plain
        .claims
        .iter()
        .map(|(path, claim)| (path.clone(), claim.as_claimed().unwrap()))
        .collect();
    let closure = Closure {
        root: plain.root.clone(),
        packages,
    };
    assert_eq!(check(&closure, &"npm:server@^1".parse().unwrap()), []);
    let odd = "install-strategy=nested\nlegacy-peer-deps=true\nomit=optional\nos=darwin\nlockfile-version=1\nglobal=true\n\
        dry-run=true\npackage-lock=false\nsave=false\nomit-lockfile-registry-resolved=true\noffline=true\nprefix=/nonexistent\n\
        legacy-bundling=true\ncache=/nonexistent\nworkspaces=true\ntag=other\n";
    assert_eq!(Lab::with_npmrc(&registry, odd).await.resolve("server", None).await.unwrap(), plain);
}

#[tokio::test]
async fn nothing_is_run_and_no_archive_is_fetched_for_resolving() {
    let registry = FakeNpm::start();
    registry.publish(server().script("preinstall", "touch ran"));
    Lab::new(&registry).await.resolve("server", None).await.unwrap();
    assert!(
        registry.requests().iter().all(|path| !path.contains("/-/server")),
        "{:?}",
        registry.requests()
    );
}

#[tokio::test]
async fn dates_bound_the_whole_closure() {
    let registry = FakeNpm::start();
    registry
        .publish(server().dependency("dep", "*"))
        .publish(Package::new("server", "1.1.0").published("2026-06-01T00:00:00Z"))
        .publish(Package::new("dep", "1.0.0"))
        .publish(Package::new("dep", "2.0.0").published("2026-06-01T00:00:00Z"));
    let lab = Lab::with_npmrc(&registry, "min-release-age-exclude[]=*\n").await;
    let found = lab.resolve("server", Some("2026-01-01T00:00:00Z")).await.unwrap();
    assert_eq!(
        versions(&found),
        BTreeMap::from([("node_modules/dep", "1.0.0"), ("node_modules/server", "1.0.0")])
    );
    for wanted in ["server@1.1.0", "server@>1.0.0"] {
        let error = lab.resolve(wanted, Some("2026-01-01T00:00:00Z")).await.unwrap_err();
        assert!(matches!(error, NpmError::OnlyYounger { .. }), "{error:?}");
    }
    let document = lab.npm.packument(&lab.network, &"dep".parse().unwrap()).await.unwrap();
    assert_eq!(document.time("2.0.0"), Some("2026-06-01T00:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn what_is_not_there_is_said_by_name() {
    let registry = FakeNpm::start();
    registry
        .publish(server().dependency("nope", "^1"))
        .publish(Package::new("dep", "1.0.0"))
        .tag("dep", "next", "1.0.0");
    let lab = Lab::new(&registry).await;
    let unknown = NpmError::UnknownPackage { name: "nope".into() };
    assert_eq!(lab.resolve("server", None).await, Err(unknown));
    for wanted in ["^9", "beta"] {
        let error = lab.resolve(&format!("dep@{wanted}"), None).await.unwrap_err();
        assert_eq!(error.to_string(), format!("no version of `dep` matches `{wanted}`"));
        assert_eq!(
            error.hint().as_deref(),
            Some("its highest versions: 1.0.0; its tags: latest = 1.0.0, next = 1.0.0")
        );
    }
    registry.trouble("/", Trouble::Hangup);
    assert!(matches!(
        lab.resolve("dep", None).await,
        Err(NpmError::Unreachable { .. } | NpmError::Failed { .. })
    ));
}

#[tokio::test]
async fn what_no_registry_stands_behind_is_refused() {
    let registry = FakeNpm::start();
    let other = FakeNpm::start();
    other.publish(Package::new("x", "1.0.0"));
    let lab = Lab::new(&registry).await;
    let address = format!("{}x/-/x-1.0.0.tgz", other.url());
    for spec in [address.as_str(), "git+https://127.0.0.1:1/x.git", "file:../../..", "x/y"] {
        registry.publish(server().dependency("dep", spec));
        let error = lab.resolve("server", None).await.unwrap_err();
        assert!(
            matches!(error, NpmError::Elsewhere { .. } | NpmError::NotRegistry { .. }),
            "{spec}: {error:?}"
        );
    }
    assert!(other.requests().is_empty());
    registry.publish(server().shrinkwrap(&json!({"lockfileVersion": 3, "packages": {}})));
    let error = lab.resolve("server", None).await.unwrap_err();
    assert!(matches!(error, NpmError::Shrinkwrap { .. }), "{error:?}");
    registry.publish(server());
    for digest in ["sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", ""] {
        registry.set_integrity("server", "1.0.0", digest);
        assert!(
            matches!(lab.resolve("server", None).await, Err(NpmError::Digest { .. })),
            "{digest}"
        );
    }
}

#[tokio::test]
async fn archives_come_from_the_configured_registry() {
    let registry = FakeNpm::start();
    let evil = FakeNpm::start();
    evil.publish(server().file("evil.js", ""));
    registry.publish(server());
    let lab = Lab::new(&registry).await;
    let bytes = server().archive();
    let elsewhere = format!("{}server/-/server-1.0.0.tgz", evil.url());
    for resolved in [None, Some(elsewhere.as_str())] {
        assert_eq!(lab.fetch("server", "1.0.0", resolved).await.as_ref(), Ok(&bytes));
    }
    assert!(evil.requests().is_empty());
    let gone = lab.fetch("server", "2.0.0", None).await;
    assert!(matches!(gone, Err(NpmError::NoArchive { .. })), "{gone:?}");
    for odd in ["1.0.0/../../x", "1.0.0?x", "..%2f"] {
        assert!(matches!(lab.fetch("server", odd, None).await, Err(NpmError::NoArchive { .. })));
    }
    registry.trouble("/server/-/", Trouble::Truncated);
    assert!(matches!(
        lab.fetch("server", "1.0.0", None).await,
        Err(NpmError::Net(NetError::Interrupted { .. }))
    ));
    registry.trouble("/server/-/", Trouble::Endless);
    assert!(matches!(
        lab.fetch("server", "1.0.0", None).await,
        Err(NpmError::Net(NetError::TooLarge { .. }))
    ));
    registry.trouble("/server/-/", Trouble::Status(500));
    assert!(matches!(
        lab.fetch("server", "1.0.0", None).await,
        Err(NpmError::Net(NetError::Status { status: 500, .. }))
    ));
}

#[tokio::test]
async fn tokens_are_used_and_not_shown() {
    let registry = FakeNpm::start();
    registry.publish(server()).require_token("t0ken");
    let place = registry.url().replace("http:", "");
    let denied = Lab::new(&registry).await.resolve("server", None).await.unwrap_err();
    assert!(matches!(denied, NpmError::Denied { .. }), "{denied:?}");
    let lab = Lab::with_npmrc(&registry, &format!("{place}:_authToken=t0ken\n")).await;
    lab.resolve("server", None).await.unwrap();
    assert!(lab.fetch("server", "1.0.0", None).await.is_ok());
    assert!(!format!("{:?}", lab.npm).contains("t0ken"));
}

#[tokio::test]
async fn scopes_go_to_their_own_registry() {
    let registry = FakeNpm::start();
    let scoped = FakeNpm::start();
    registry.publish(Package::new("@s/x", "6.6.6"));
    scoped.publish(Package::new("@s/x", "1.0.0"));
    let lab = Lab::with_npmrc(&registry, &format!("@s:registry={}\n", scoped.url())).await;
    let name: PackageName = "@s/x".parse().unwrap();
    let found = lab.npm.resolve(&lab.network, &name, None, None).await.unwrap();
    assert_eq!(versions(&found), BTreeMap::from([("node_modules/@s/x", "1.0.0")]));
    assert!(lab.fetch("@s/x", "1.0.0", None).await.is_ok());
    assert_eq!(registry.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn packages_inside_an_archive_are_noted() {
    let registry = FakeNpm::start();
    let inner = json!({"name": "inner", "version": "3.0.0"}).to_string();
    registry
        .publish(server().dependency("outer", "1"))
        .publish(
            Package::new("outer", "1.0.0")
                .dependency("inner", "^3")
                .field("bundleDependencies", json!(["inner"]))
                .file("node_modules/inner/package.json", inner),
        )
        .publish(Package::new("inner", "3.0.0"));
    let found = Lab::new(&registry).await.resolve("server", None).await.unwrap();
    assert_eq!(versions(&found).len(), 2);
    assert!(
        matches!(&found.notes[..], [Note::Bundled { version, .. }] if version == "3.0.0"),
        "{:?}",
        found.notes
    );
}

#[tokio::test]
async fn metadata_that_hides_something_is_confusion() {
    let registry = FakeNpm::start();
    let package = server()
        .script("postinstall", "evil")
        .dependency("hidden", "1")
        .executable("run", "");
    registry.publish(package.clone().hide_scripts().hide_dependencies().undated());
    let lab = Lab::new(&registry).await;
    let found = lab.resolve("server", None).await.unwrap();
    let claim = &found.claims[&found.root];
    assert!(!claim.has_install_script && claim.dependencies.is_empty());
    let document = lab.npm.packument(&lab.network, &claim.name).await.unwrap();
    assert!(document.times.is_none());
    let contents = contents(&lab.fetch("server", "1.0.0", claim.resolved.as_deref()).await.unwrap());
    let Err(Refusal::Confused(confusions)) = confirm(claim, &contents) else {
        panic!()
    };
    assert_eq!(
        confusions.iter().map(|confusion| confusion.field).collect::<Vec<_>>(),
        ["dependencies", "scripts"]
    );
    // The registry's own shrinkwrap flag is not needed to see one.
    registry.publish(server().file("npm-shrinkwrap.json", "{}"));
    let found = lab.resolve("server", None).await.unwrap();
    let contents = self::contents(&lab.fetch("server", "1.0.0", None).await.unwrap());
    assert_eq!(confirm(&found.claims[&found.root], &contents), Err(Refusal::Shrinkwrap));
}

/// Names, links and manifest of an archive, read without any of the store's care.
fn contents(bytes: &[u8]) -> ArchiveContents {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut contents = ArchiveContents::default();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let file = ArchiveFile {
            path: path.trim_start_matches("package/").to_owned(),
            executable: entry.header().mode().unwrap() & 0o111 != 0,
            size: bytes.len() as u64,
            digest: Sha256Digest::of(&bytes),
            native: false,
        };
        if file.path == "package.json" {
            contents.manifest = bytes;
        }
        contents.files.push(file);
    }
    contents.files.sort_by(|a, b| a.path.cmp(&b.path));
    contents
}

#[tokio::test]
async fn bytes_can_be_swapped_and_taken_away_under_a_running_tool() {
    let registry = FakeNpm::start();
    registry.publish(server()).publish(Package::new("server", "1.1.0"));
    let lab = Lab::new(&registry).await;
    let claimed = lab.resolve("server@1.0.0", None).await.unwrap();
    let evil = server()
        .raw_file("/etc/absolute", "x")
        .raw_file("package/../../up", "x")
        .special("package/link", tar::EntryType::Symlink, "/etc/passwd")
        .archive();
    assert!(["/etc/absolute", "../../up", "link"].iter().all(|path| contents(&evil).has(path)));
    registry.swap_archive("server", "1.0.0", evil.clone());
    assert_eq!(lab.fetch("server", "1.0.0", None).await.as_ref(), Ok(&evil));
    assert_eq!(lab.resolve("server@1.0.0", None).await.unwrap(), claimed);
    registry.replace_archive("server", "1.0.0", evil);
    let moved = lab.resolve("server@1.0.0", None).await.unwrap();
    assert_ne!(moved.claims[&moved.root].integrity, claimed.claims[&claimed.root].integrity);
    registry.unpublish("server", "1.1.0");
    assert_eq!(
        versions(&lab.resolve("server", None).await.unwrap()),
        BTreeMap::from([("node_modules/server", "1.0.0")])
    );
    let other = FakeNpm::start();
    other.publish(server());
    registry.trouble("/server/-/", Trouble::Redirect(format!("{}server/-/server-1.0.0.tgz", other.url())));
    assert_eq!(lab.fetch("server", "1.0.0", None).await, Ok(server().archive()));
    registry.calm().trouble("/server", Trouble::Slow(Duration::from_millis(50)));
    assert!(lab.fetch("server", "1.0.0", None).await.is_ok());
}

/// The fake is a registry npm itself installs from.
#[tokio::test]
async fn npm_itself_installs_from_the_fake() {
    let registry = FakeNpm::start();
    registry
        .publish(server().dependency("@s/dep", "^1").file("lib/a.js", "1"))
        .publish(Package::new("@s/dep", "1.0.0"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package.json"), "{}").unwrap();
    let status = std::process::Command::new("npm")
        .args([
            "install",
            "server",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
            "--cache=cache",
            "--prefix=.",
        ])
        .current_dir(folder.path())
        .env_clear()
        .envs(environment(folder.path(), &registry))
        .env_remove("NODE_OPTIONS")
        .status()
        .unwrap();
    assert!(status.success());
    for file in ["server/lib/a.js", "server/package.json", "@s/dep/package.json", ".bin/server"] {
        assert!(folder.path().join("node_modules").join(file).exists(), "{file}");
    }
    let lock = std::fs::read_to_string(folder.path().join("package-lock.json")).unwrap();
    let lock: Value = serde_json::from_str(&lock).unwrap();
    let expected = server().dependency("@s/dep", "^1").file("lib/a.js", "1").integrity();
    let locked = lock["packages"]["node_modules/server"]["integrity"].as_str();
    assert!(locked.is_none_or(|found| found == expected));
}

//! What a change of a closure must be reported as.

use super::*;
use crate::model::{CwdRule, PinnedFile, Runtime, Sha256Digest, Source};

fn package(name: &str, version: &str) -> LockedPackage {
    crate::lock::sample::locked(name, version)
}

fn closure(packages: Vec<(&str, LockedPackage)>) -> Closure {
    Closure {
        root: "node_modules/top".parse().unwrap(),
        packages: packages
            .into_iter()
            .map(|(path, package)| (path.parse().unwrap(), package))
            .collect(),
    }
}

fn launch() -> Launch {
    Launch {
        runtime: Runtime::Node {
            wanted: Some(">=18".into()),
        },
        entry: "node_modules/top/i.js".into(),
        args: vec![],
        env: vec![],
        cwd: CwdRule::Empty,
        network: false,
    }
}

fn codes(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| match change {
            Change::PackageAdded { name, version, .. } => format!("+{name}@{version}"),
            Change::PackageRemoved { name, version, .. } => format!("-{name}@{version}"),
            Change::PackageChanged { name, before, after, .. } => format!("{name}@{before}..{after}"),
            Change::BytesReplaced { name, version, .. } => format!("!{name}@{version}"),
            Change::Script {
                name,
                script,
                before,
                after,
                own,
                startup: false,
            } => format!("{name} {script} {own} {before:?}>{after:?}"),
            Change::NativeAdded { name } => format!("native {name}"),
            other => format!("{other:?}"),
        })
        .collect()
}

#[test]
fn packages_come_go_and_change() {
    let before = closure(vec![
        ("node_modules/top", package("top", "1.0.0")),
        ("node_modules/gone", package("gone", "1.0.0")),
        ("node_modules/kept", package("kept", "1.0.0")),
        ("node_modules/a", package("a", "1.0.0")),
    ]);
    let after = closure(vec![
        ("node_modules/top", package("top", "1.1.0")),
        ("node_modules/new", package("new", "1.0.0")),
        ("node_modules/kept", package("kept", "1.0.0")),
        ("node_modules/a", package("a", "1.0.0")),
        ("node_modules/top/node_modules/a", package("a", "2.0.0")),
    ]);
    assert_eq!(
        codes(&diff_closures(&before, &after)),
        ["a@1.0.0..2.0.0", "-gone@1.0.0", "+new@1.0.0", "top@1.0.0..1.1.0"]
    );
    assert!(diff_closures(&before, &before).is_empty());
}

#[test]
fn other_bytes_under_the_same_version_are_named() {
    let before = closure(vec![("node_modules/top", package("top", "1.0.0"))]);
    let mut after = before.clone();
    after
        .packages
        .values_mut()
        .for_each(|p| p.archive_mut().integrity = Integrity::Sha512([9; 64]));
    assert_eq!(codes(&diff_closures(&before, &after)), ["!top@1.0.0"]);
}

#[test]
fn a_package_under_anothers_name_is_seen_by_its_own() {
    let before = closure(vec![
        ("node_modules/top", package("top", "1.0.0")),
        ("node_modules/a", package("a", "1.0.0")),
    ]);
    let mut after = before.clone();
    after
        .packages
        .insert("node_modules/top/node_modules/a".parse().unwrap(), package("evil", "1.0.0"));
    assert_eq!(codes(&diff_closures(&before, &after)), ["+evil@1.0.0"]);
    let mut moved = before.clone();
    moved
        .packages
        .insert("node_modules/top/node_modules/a".parse().unwrap(), package("a", "1.0.0"));
    assert_eq!(codes(&diff_closures(&before, &moved)), ["a@1.0.0..1.0.0"]);
}

#[test]
fn scripts_and_native_code_are_seen() {
    let mut before = closure(vec![
        ("node_modules/top", package("top", "1.0.0")),
        ("node_modules/n", package("n", "1.0.0")),
    ]);
    let root: InstallPath = "node_modules/top".parse().unwrap();
    before.packages.get_mut(&root).unwrap().scripts.insert("install".into(), "a".into());
    let mut after = before.clone();
    let package = after.packages.get_mut(&root).unwrap();
    package.scripts = BTreeMap::from([("install".into(), "b".into()), ("preinstall".into(), "c".into())]);
    after.packages.get_mut(&"node_modules/n".parse().unwrap()).unwrap().node_mut().os = vec!["linux".into()];
    assert_eq!(
        codes(&diff_closures(&before, &after)),
        [
            "n@1.0.0..1.0.0",
            "native n",
            "top install true Some(\"a\")>Some(\"b\")",
            "top preinstall true None>Some(\"c\")"
        ]
    );
    assert_eq!(codes(&diff_closures(&after, &before))[1..].len(), 2);
}

#[test]
fn every_field_of_a_launch_is_compared() {
    let before = launch();
    let after = Launch {
        runtime: Runtime::Node { wanted: None },
        entry: "x".into(),
        args: vec!["--all".into()],
        env: vec!["A".into()],
        cwd: CwdRule::Client,
        network: true,
    };
    let fields: Vec<_> = diff_launch(&before, &after)
        .into_iter()
        .map(|change| if let Change::Launch { field, .. } = change { field } else { "?" })
        .collect();
    assert_eq!(fields, ["runtime", "entry", "args", "env", "cwd", "network"]);
    assert!(diff_launch(&before, &before).is_empty());
}

#[test]
fn a_local_command_is_its_files() {
    let file = |path: &str, content: &str| PinnedFile {
        path: path.into(),
        digest: Sha256Digest::of(content),
    };
    let pin = |command: PinnedFile, arg: LocalArg| Pin {
        source: Source::Local,
        pinned: Pinned::Local(LocalCommand {
            command,
            args: vec![arg],
            env: vec![],
            cwd: CwdRule::Empty,
            network: false,
        }),
        surface: None,
        guard: crate::model::GuardPin::default(),
    };
    let before = pin(file("/bin/node", "1"), LocalArg::File(file("/s.js", "1")));
    let after = pin(file("/bin/node", "2"), LocalArg::File(file("/s.js", "2")));
    assert_eq!(
        diff_pins(&before, &after)
            .iter()
            .filter(|c| matches!(c, Change::LocalFile { .. }))
            .count(),
        2
    );
    let text = pin(file("/bin/node", "1"), LocalArg::Text("/s.js".into()));
    assert!(matches!(
        diff_pins(&before, &text).as_slice(),
        [Change::Launch { field: "args", .. }]
    ));
    let package = Pin {
        source: "npm:root".parse().unwrap(),
        pinned: Pinned::Package {
            closure: closure(vec![]),
            launch: launch(),
        },
        surface: None,
        guard: crate::model::GuardPin::default(),
    };
    assert!(
        diff_pins(&before, &package)
            .iter()
            .any(|c| matches!(c, Change::Launch { field: "command", .. }))
    );
}

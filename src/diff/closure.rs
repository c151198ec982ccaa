//! What differs between two closures, two launches, two pins.
//!
//! Packages are compared by real name, over every copy in the tree: an alias or another place in
//! the tree does not make a package a new one, and a new copy under a trusted path is seen by its
//! own name.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::evidence;
use super::guard::diff_guard;
use crate::model::pin::Pinned;
use crate::model::{
    Change, Closure, Evidence, InstallPath, Integrity, Launch, LocalArg, LocalCommand, LockedArchive, LockedPackage, PackageName, Pin,
};

/// Every copy of one package in one closure.
pub(super) type Copies<'a> = Vec<(&'a InstallPath, &'a LockedPackage)>;

/// Every difference between two closures.
pub fn diff_closures(before: &Closure, after: &Closure) -> Vec<Change> {
    let (old, new) = (by_name(before), by_name(after));
    let own = after.root_package().map(|package| &package.name);
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    let mut out = Vec::new();
    for name in names {
        let none = Vec::new();
        let (was, is) = (old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        if was.is_empty() {
            each_version(is, |path, version| {
                out.push(Change::PackageAdded {
                    path,
                    name: name.clone(),
                    version,
                });
            });
        } else if is.is_empty() {
            each_version(was, |path, version| {
                out.push(Change::PackageRemoved {
                    path,
                    name: name.clone(),
                    version,
                });
            });
            continue;
        } else {
            versions(name, was, is, &mut out);
            evidence(name, own == Some(name), was, is, &mut out);
        }
        scripts(name, own == Some(name), was, is, &mut out);
        let native = |copies: &Copies<'_>| copies.iter().any(|(_, package)| package.is_native());
        if native(is) && !native(was) {
            out.push(Change::NativeAdded { name: name.clone() });
        }
        builds(name, was, is, &mut out);
    }
    out
}

fn by_name(closure: &Closure) -> BTreeMap<&PackageName, Copies<'_>> {
    let mut out: BTreeMap<_, Copies<'_>> = BTreeMap::new();
    for (path, package) in &closure.packages {
        out.entry(&package.name).or_default().push((path, package));
    }
    out
}

fn each_version(copies: &Copies<'_>, mut tell: impl FnMut(InstallPath, String)) {
    let mut seen = BTreeSet::new();
    for (path, package) in copies {
        // An alias is told for itself: its path claims another name.
        if seen.insert((&package.version, path.name() != package.name)) {
            tell((*path).clone(), package.version.clone());
        }
    }
}

/// The digests of one version's archives, by file name.
type Files = BTreeMap<Option<String>, BTreeSet<Integrity>>;

fn digests(copies: &Copies<'_>) -> BTreeMap<String, Files> {
    let mut map: BTreeMap<String, Files> = BTreeMap::new();
    for (_, package) in copies {
        let files = map.entry(package.version.clone()).or_default();
        for archive in &package.archives {
            files.entry(archive.file.clone()).or_default().insert(archive.integrity.clone());
        }
    }
    map
}

/// What happened to one file of a version that was pinned before. The attack: a version that
/// everybody has reviewed gets other bytes, or one more wheel that some machines prefer.
fn archives(
    name: &PackageName,
    version: &str,
    file: Option<&str>,
    known: Option<&BTreeSet<Integrity>>,
    after: &BTreeSet<Integrity>,
    out: &mut Vec<Change>,
) {
    for after in after.iter().filter(|after| known.is_none_or(|known| !known.contains(after))) {
        out.push(match (known, file) {
            (None, Some(file)) => Change::ArchiveAdded {
                name: name.clone(),
                version: version.to_owned(),
                file: file.to_owned(),
                integrity: after.to_string(),
            },
            _ => Change::BytesReplaced {
                name: name.clone(),
                version: version.to_owned(),
                before: known
                    .and_then(|known| known.iter().next())
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                after: after.to_string(),
            },
        });
    }
}

/// Versions and places of a package that is on both sides.
fn versions(name: &PackageName, was: &Copies<'_>, is: &Copies<'_>, out: &mut Vec<Change>) {
    let (old, new) = (digests(was), digests(is));
    for (version, found) in &new {
        let Some(known) = old.get(version) else { continue };
        for (file, after) in found {
            archives(name, version, file.as_deref(), known.get(file), after, out);
        }
    }
    let gone: Vec<_> = old.keys().filter(|version| !new.contains_key(*version)).cloned().collect();
    let come: Vec<_> = new.keys().filter(|version| !old.contains_key(*version)).cloned().collect();
    let path_of = |version: &str| {
        is.iter()
            .find(|(_, package)| package.version == version)
            .or(is.first())
            .map(|(path, _)| (*path).clone())
    };
    let last = |map: &BTreeMap<String, Files>| map.keys().next_back().cloned().unwrap_or_default();
    let mut changed = |before: String, after: String| {
        if let Some(path) = path_of(&after) {
            out.push(Change::PackageChanged {
                path,
                name: name.clone(),
                before,
                after,
            });
        }
    };
    for index in 0..gone.len().max(come.len()) {
        let before = gone.get(index).cloned().unwrap_or_else(|| last(&old));
        let after = come.get(index).cloned().unwrap_or_else(|| last(&new));
        changed(before, after);
    }
    if gone.is_empty() && come.is_empty() && entries_differ(was, is) {
        changed(last(&old), last(&new));
    }
}

/// Whether the same versions stand in other places, or say something else about themselves.
/// Digests, evidence and scripts have changes of their own.
fn entries_differ(was: &Copies<'_>, is: &Copies<'_>) -> bool {
    let bare = |copies: &Copies<'_>| -> BTreeMap<InstallPath, LockedPackage> {
        let strip = |package: &LockedPackage| LockedPackage {
            archives: package.archives.iter().map(bare_archive).collect(),
            scripts: BTreeMap::new(),
            native: false,
            ..package.clone()
        };
        copies.iter().map(|(path, package)| ((*path).clone(), strip(package))).collect()
    };
    bare(was) != bare(is)
}

fn bare_archive(archive: &LockedArchive) -> LockedArchive {
    LockedArchive {
        file: archive.file.clone(),
        integrity: Integrity::Sha256([0; 32]),
        evidence: Evidence::default(),
    }
}

fn scripts(name: &PackageName, own: bool, was: &Copies<'_>, is: &Copies<'_>, out: &mut Vec<Change>) {
    let all = |copies: &Copies<'_>| {
        let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (script, command) in copies.iter().flat_map(|(_, package)| &package.scripts) {
            map.entry(script.clone()).or_default().insert(command.clone());
        }
        map
    };
    let (old, new) = (all(was), all(is));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let none = BTreeSet::new();
    let startup = is.iter().chain(was).any(|(_, package)| package.python().is_some());
    for script in names {
        let (was, is) = (old.get(script).unwrap_or(&none), new.get(script).unwrap_or(&none));
        let mut tell = |before: Option<&String>, after: Option<&String>| {
            out.push(Change::Script {
                name: name.clone(),
                own,
                startup,
                script: script.clone(),
                before: before.cloned(),
                after: after.cloned(),
            });
        };
        for command in is.difference(was) {
            tell(was.iter().next(), Some(command));
        }
        if is.is_empty() {
            tell(was.iter().next(), None);
        }
    }
}

/// The versions that are built from a source that they were not built from before.
fn builds(name: &PackageName, was: &Copies<'_>, is: &Copies<'_>, out: &mut Vec<Change>) {
    let built = |copies: &Copies<'_>| -> BTreeSet<(String, String)> {
        let built = copies
            .iter()
            .filter(|(_, package)| package.python().is_some_and(|terms| terms.built));
        let sources = |package: &LockedPackage| -> Vec<_> {
            let digest = |archive: &LockedArchive| (package.version.clone(), archive.integrity.to_string());
            package.archives.iter().map(digest).collect()
        };
        built.flat_map(|(_, package)| sources(package)).collect()
    };
    for (version, integrity) in built(is).difference(&built(was)) {
        out.push(Change::BuildAdded {
            name: name.clone(),
            version: version.clone(),
            integrity: integrity.clone(),
        });
    }
}

fn list(items: &[String]) -> String {
    serde_json::Value::from(items).to_string()
}

fn launch_change(out: &mut Vec<Change>, field: &'static str, before: String, after: String) {
    if before != after {
        out.push(Change::Launch { field, before, after });
    }
}

/// Every difference between two launches. Lists are shown as JSON.
pub fn diff_launch(before: &Launch, after: &Launch) -> Vec<Change> {
    let runtime = |launch: &Launch| {
        launch.runtime.wanted().map_or_else(
            || launch.runtime.kind().to_owned(),
            |wanted| format!("{} {wanted}", launch.runtime.kind()),
        )
    };
    let mut out = Vec::new();
    launch_change(&mut out, "runtime", runtime(before), runtime(after));
    launch_change(&mut out, "entry", before.entry.clone(), after.entry.clone());
    launch_change(&mut out, "args", list(&before.args), list(&after.args));
    launch_change(&mut out, "env", list(&before.env), list(&after.env));
    launch_change(&mut out, "cwd", before.cwd.as_str().into(), after.cwd.as_str().into());
    launch_change(&mut out, "network", before.network.to_string(), after.network.to_string());
    out
}

fn diff_local(before: &LocalCommand, after: &LocalCommand) -> Vec<Change> {
    let mut out = Vec::new();
    let mut files = vec![(&before.command, &after.command)];
    launch_change(&mut out, "command", before.command.path.clone(), after.command.path.clone());
    let text = |arg: &LocalArg| match arg {
        LocalArg::Text(text) => text.clone(),
        LocalArg::File(file) => format!("file {}", file.path),
    };
    let texts = |command: &LocalCommand| list(&command.args.iter().map(text).collect::<Vec<_>>());
    launch_change(&mut out, "args", texts(before), texts(after));
    launch_change(&mut out, "env", list(&before.env), list(&after.env));
    launch_change(&mut out, "cwd", before.cwd.as_str().into(), after.cwd.as_str().into());
    launch_change(&mut out, "network", before.network.to_string(), after.network.to_string());
    for pair in before.args.iter().zip(&after.args) {
        if let (LocalArg::File(old), LocalArg::File(new)) = pair {
            files.push((old, new));
        }
    }
    for (old, new) in files {
        if old.path == new.path && old.digest != new.digest {
            out.push(Change::LocalFile {
                path: old.path.clone(),
                before: old.digest,
                after: Some(new.digest),
            });
        }
    }
    out
}

/// Every difference between two pins except their surfaces: source, version, launch, closure, the
/// guard's rules; for local commands the command, its arguments and its files.
pub fn diff_pins(before: &Pin, after: &Pin) -> Vec<Change> {
    let mut out = Vec::new();
    if before.source != after.source {
        out.push(Change::Source {
            before: before.source.to_string(),
            after: after.source.to_string(),
        });
    }
    if let (Some(old), Some(new)) = (before.version(), after.version())
        && old != new
    {
        out.push(Change::Version {
            before: old.to_owned(),
            after: new.to_owned(),
        });
    }
    match (&before.pinned, &after.pinned) {
        (
            Pinned::Package {
                closure: old,
                launch: old_launch,
            },
            Pinned::Package {
                closure: new,
                launch: new_launch,
            },
        ) => {
            out.extend(diff_launch(old_launch, new_launch));
            out.extend(diff_closures(old, new));
        }
        (Pinned::Local(old), Pinned::Local(new)) => out.extend(diff_local(old, new)),
        (Pinned::Remote(old), Pinned::Remote(new)) => out.extend(super::remote::diff_remote(old, new)),
        (old, new) => out.push(Change::Launch {
            field: "command",
            before: command(old),
            after: command(new),
        }),
    }
    out.extend(diff_guard(&before.guard, &after.guard));
    out
}

fn command(pinned: &Pinned) -> String {
    match pinned {
        Pinned::Package { launch, .. } => format!("{} {}", launch.runtime.kind(), launch.entry),
        Pinned::Local(local) => local.command.path.clone(),
        Pinned::Remote(remote) => remote.url.to_string(),
    }
}

#[cfg(test)]
#[path = "closure_tests.rs"]
mod tests;

//! Where the packages that moved say that their source is, before and now.
//!
//! The attack: a package that changed hands and points at the new owner's fork. What an archive says
//! of its repository is its own word; that it says another one is the fact.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::model::{Change, Closure, Drift, LockedPackage, PackageName, Pin, Pinned};
use crate::ops::archive::Archive;
use crate::ops::ecosystem::{self, Ecosystem};
use crate::ops::tools::Tools;
use crate::verify::attest::source::names_same_repository;

/// The changed repositories of packages whose version changed. Only archives that the store holds are
/// asked: nothing is fetched for it, and what is not at hand says nothing.
///
/// # Errors
/// The store, or an archive that changed on disk.
pub fn changes(tools: &Tools<'_>, before: &Pin, after: &Pin, drift: &Drift) -> Result<Vec<Change>, Error> {
    let (Pinned::Package { closure: before, .. }, Pinned::Package { closure: after, .. }) = (&before.pinned, &after.pinned) else {
        return Ok(Vec::new());
    };
    if before.root.is_python() != after.root.is_python() {
        return Ok(Vec::new());
    }
    let ecosystem = ecosystem::of(after);
    let own = after.root_package().map(|root| &root.name);
    let (mut seen, mut out) = (BTreeSet::new(), Vec::new());
    for change in &drift.changes {
        let Change::PackageChanged {
            name,
            before: was,
            after: is,
            ..
        } = change
        else {
            continue;
        };
        if was == is || !seen.insert((name, was, is)) {
            continue;
        }
        let (Some(old), Some(new)) = (find(before, name, was), find(after, name, is)) else {
            continue;
        };
        let Some(Some(said)) = repository(tools, ecosystem, old)? else {
            continue;
        };
        let Some(says) = repository(tools, ecosystem, new)? else {
            continue;
        };
        if says.as_deref().is_none_or(|says| !names_same_repository(&said, says)) {
            out.push(Change::Repository {
                name: name.clone(),
                own: own == Some(name),
                version: is.clone(),
                before_version: was.clone(),
                before: said,
                after: says,
            });
        }
    }
    Ok(out)
}

fn find<'a>(closure: &'a Closure, name: &PackageName, version: &str) -> Option<&'a LockedPackage> {
    closure
        .packages
        .values()
        .find(|package| package.name == *name && package.version == version)
}

/// What the first archive at hand names; `None` without one at hand.
fn repository(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, package: &LockedPackage) -> Result<Option<Option<String>>, Error> {
    for archive in &package.archives {
        let at = Archive { package, archive };
        if let Some(stored) = tools.store.archive(&archive.integrity, &at.label())? {
            return ecosystem.repository(&stored, at).map(Some);
        }
    }
    Ok(None)
}

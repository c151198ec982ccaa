//! Freeing what no lockfile that this machine knows needs any more: plan, then execute.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::Error;
use crate::manifest::Scope as Owner;
use crate::model::{Closure, Pin, Pinned, Sha256Digest};
use crate::ops::ecosystem::{self, Belief, Recorded, Site};
use crate::ops::scope::{self, Scope};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, baseline};

/// What was (or would be) freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freed {
    /// How many archives.
    pub archives: usize,
    /// How many installed trees.
    pub installs: usize,
    /// How many attestations.
    pub bundles: usize,
    /// How many bytes.
    pub bytes: u64,
}

/// Plans, and executes unless `dry_run`.
///
/// # Errors
/// A lockfile that this machine knows cannot be read: nothing is freed then, since what it needs
/// is not known. A lockfile that is gone needs nothing.
pub fn prune(context: &Context, dry_run: bool, person: &dyn Interact) -> Result<Freed, Error> {
    let tools = Tools::open(context, person)?;
    let _lock = tools.lock_store()?;
    let (mut archives, mut installs, mut bundles) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for folder in known_folders(context, &tools)? {
        let owner = if folder == context.config { Owner::User } else { Owner::Project };
        let loaded = scope::load(context, Scope { owner, folder })?;
        for (name, pin) in &loaded.lock.servers {
            bundles.extend(evidence(pin));
            let Pinned::Package { closure, .. } = &pin.pinned else { continue };
            // `rollback` must work when the version it goes back to was taken from the registry.
            if let Some(before) = baseline::previous(&tools, loaded.scope_key(), name, pin)?
                && let Pinned::Package { closure, .. } = &before.pinned
            {
                archives.extend(closure.archives().map(|(_, archive)| archive.integrity.clone()));
            }
            archives.extend(closure.archives().map(|(_, archive)| archive.integrity.clone()));
            let site = Site {
                scope: loaded.scope_key(),
                server: name,
            };
            let ecosystem = ecosystem::of(closure);
            // A tree for a runtime that is gone serves nobody.
            if let Recorded::As(machine) = ecosystem.recorded(&tools, site, Belief::Nothing)? {
                installs.insert(ecosystem.tree(&machine, name, closure)?.0);
                let unpacked = ecosystem.unpacked(&machine, closure)?;
                archives.extend(unpacked.iter().map(|(_, at)| at.archive.integrity.clone()));
            }
        }
    }
    // What was approved last is what the next candidate's evidence is compared with.
    for remembered in baseline::all(&tools)? {
        let pins = remembered.servers.values();
        bundles.extend(pins.flat_map(evidence));
    }
    let plan = tools.store.prune_plan(&archives, &installs, &bundles)?;
    let freed = Freed {
        archives: plan.archives.len(),
        installs: plan.installs.len(),
        bundles: plan.bundles.len(),
        bytes: plan.bytes + tools.store.discard_compiled(dry_run)?,
    };
    if !dry_run {
        tools.history.forget_compiled()?;
        tools.store.prune(&plan)?;
    }
    Ok(freed)
}

/// The attestations that prove a pin's closure.
fn evidence(pin: &Pin) -> impl Iterator<Item = Sha256Digest> {
    let closure = match &pin.pinned {
        Pinned::Package { closure, .. } => Some(closure),
        Pinned::Local(_) | Pinned::Remote(_) => None,
    };
    closure
        .into_iter()
        .flat_map(Closure::archives)
        .flat_map(|(_, archive)| archive.evidence.bundles())
}

/// Folders of every lockfile an approval was ever given in, the user's own, and the present one.
fn known_folders(context: &Context, tools: &Tools<'_>) -> Result<BTreeSet<PathBuf>, Error> {
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for key in tools.history.scopes()? {
        folders.extend(PathBuf::from(key).parent().map(std::path::Path::to_path_buf));
    }
    folders.insert(context.config.clone());
    folders.extend(Scope::project(context).map(|scope| scope.folder));
    Ok(folders.into_iter().filter(|folder| folder.join(scope::LOCKFILE).exists()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::sample;
    use crate::model::Evidence;

    #[test]
    fn every_attestation_of_every_package_is_kept() {
        let mut lock = sample::lockfile();
        let digest = Sha256Digest::of("bundle");
        let mut named = 0;
        for pin in lock.servers.values_mut() {
            let Pinned::Package { closure, .. } = &mut pin.pinned else {
                continue;
            };
            for package in closure.packages.values_mut() {
                named += 1;
                package.archive_mut().evidence = Evidence {
                    publish: Some(digest),
                    ..Evidence::default()
                };
            }
        }
        let kept: Vec<_> = lock.servers.values().flat_map(evidence).collect();
        assert!(named > 0 && kept == vec![digest; named], "{kept:?}");
    }
}

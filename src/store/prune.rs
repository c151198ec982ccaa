//! Making room: first a plan that can be shown, then its execution.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use super::error::{At as _, StoreError};
use super::part::InstallId;
use super::{Store, tree};
use crate::model::{Integrity, Sha256Digest};

/// What would go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunePlan {
    /// Archives nobody keeps, sorted.
    pub archives: Vec<Integrity>,
    /// Trees nobody keeps, sorted.
    pub installs: Vec<InstallId>,
    /// Attestations nobody keeps, sorted.
    pub bundles: Vec<Sha256Digest>,
    /// How many bytes they hold together.
    pub bytes: u64,
}

impl PrunePlan {
    /// Whether nothing would go.
    pub const fn is_empty(&self) -> bool {
        self.archives.is_empty() && self.installs.is_empty() && self.bundles.is_empty()
    }
}

impl Store {
    /// What is stored and not in `keep`. Files whose name is no digest are not ours and stay.
    pub fn prune_plan(
        &self,
        keep_archives: &BTreeSet<Integrity>,
        keep_installs: &BTreeSet<InstallId>,
        keep_bundles: &BTreeSet<Sha256Digest>,
    ) -> Result<PrunePlan, StoreError> {
        let mut plan = PrunePlan::default();
        for algorithm in ["sha256", "sha512"] {
            let folder = self.root.join("archives").join(algorithm);
            let kept: HashSet<String> = keep_archives
                .iter()
                .filter(|i| i.algorithm() == algorithm)
                .map(Integrity::hex)
                .collect();
            for name in names(&folder)? {
                if let Some(integrity) = from_hex(algorithm, &name).filter(|_| !kept.contains(&name)) {
                    plan.bytes += self.archive_size(&integrity);
                    plan.archives.push(integrity);
                }
            }
        }
        for name in names(&self.installs())? {
            if let Some(id) = name.parse::<InstallId>().ok().filter(|id| !keep_installs.contains(id)) {
                plan.bytes += size_of_tree(&self.install_path(&id))?;
                plan.installs.push(id);
            }
        }
        for name in names(&self.bundles())? {
            let digest = name.parse::<Sha256Digest>().ok().filter(|digest| digest.to_string() == name);
            if let Some(digest) = digest.filter(|digest| !keep_bundles.contains(digest)) {
                plan.bytes += self.bundle_size(&digest);
                plan.bundles.push(digest);
            }
        }
        plan.bundles.sort();
        plan.archives.sort();
        plan.installs.sort();
        Ok(plan)
    }

    /// Carries a plan out. What is gone already is fine.
    pub fn prune(&self, plan: &PrunePlan) -> Result<(), StoreError> {
        for id in &plan.installs {
            self.remove_install(id)?;
        }
        for integrity in &plan.archives {
            self.discard_archive(integrity)?;
        }
        for digest in &plan.bundles {
            self.discard_bundle(digest)?;
        }
        Ok(())
    }
}

fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).at("read", folder)? {
        // A name that is not UTF-8 is no digest.
        names.extend(entry.at("read", folder)?.file_name().into_string().ok());
    }
    Ok(names)
}

fn size_of_tree(root: &Path) -> Result<u64, StoreError> {
    if tree::is_folder(root)? != Some(true) {
        return Ok(0);
    }
    let found = tree::walk(root, "", |_| false)?;
    Ok(found
        .paths
        .keys()
        .filter_map(|path| fs::symlink_metadata(root.join(path)).ok())
        .filter(fs::Metadata::is_file)
        .map(|there| there.len())
        .sum())
}

/// Reads an archive's file name back; only the exact form that [`Integrity::hex`] writes.
pub(super) fn from_hex(algorithm: &str, hex: &str) -> Option<Integrity> {
    let bytes: Vec<u8> = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<_>>()?;
    let integrity = match algorithm {
        "sha256" => Integrity::Sha256(bytes.try_into().ok()?),
        _ => Integrity::Sha512(bytes.try_into().ok()?),
    };
    (integrity.hex() == hex).then_some(integrity)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Home, Tgz};
    use super::*;

    #[test]
    fn only_what_nobody_keeps_goes() {
        let home = Home::new();
        let kept = home.part("node_modules/a", &Tgz::new().file("package.json", b"{}"));
        let old = home.part("node_modules/b", &Tgz::new().file("package.json", b"old"));
        let other: InstallId = "11".repeat(32).parse().unwrap();
        home.store.install(&home.id, std::slice::from_ref(&kept), None).unwrap();
        home.store.install(&other, std::slice::from_ref(&old), None).unwrap();
        fs::write(home.store.root().join("archives/sha512/README"), "not ours").unwrap();

        let [proof, stale] = [b"kept", b"gone"].map(|json| home.store.put_bundle(json).unwrap());
        fs::write(home.store.root().join("bundles/README"), "not ours").unwrap();

        let all = home.store.prune_plan(
            &BTreeSet::from([kept.integrity.clone(), old.integrity.clone()]),
            &BTreeSet::from([home.id, other]),
            &BTreeSet::from([proof, stale]),
        );
        assert!(all.unwrap().is_empty());

        let (archives, installs) = (BTreeSet::from([kept.integrity.clone()]), BTreeSet::from([home.id]));
        let plan = home.store.prune_plan(&archives, &installs, &BTreeSet::from([proof])).unwrap();
        assert_eq!(
            (plan.archives.as_slice(), plan.installs.as_slice(), plan.bundles.as_slice()),
            (&[old.integrity.clone()][..], &[other][..], &[stale][..])
        );
        let archive = fs::metadata(home.store.archive_file(&old.integrity)).unwrap().len();
        assert_eq!(plan.bytes, 3 + 4 + archive);
        for _ in 0..2 {
            home.store.prune(&plan).unwrap();
        }
        assert!(home.check(&[kept]).installed.is_some());
        assert!(!home.store.has_archive(&old.integrity) && !home.store.has_install(&other));
        assert!(home.store.bundle(&proof).unwrap().is_some() && home.store.bundle(&stale).unwrap().is_none());
        assert!(home.store.root().join("bundles/README").exists());
        assert!(home.store.root().join("archives/sha512/README").exists() && home.leftovers().is_empty());
    }
}

//! What can be said of the store in a moment, without its lock and without changing it.
//!
//! The attack: an archive that was changed on disk. It is never used, since its bytes are hashed again
//! each time; this says so before somebody needs it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{Store, StoreError};
use crate::model::Integrity;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreHealth {
    /// Bytes that this user may still write there; `None`: nobody says.
    pub free: Option<u64>,
    /// Things that a killed process left, and nobody works on.
    pub unfinished: Vec<PathBuf>,
    /// Archives that are not what their name says.
    pub damaged: Vec<PathBuf>,
    /// Archives that could not be read, and why.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Archives that were hashed, of how many.
    pub hashed: (usize, usize),
}

impl Store {
    /// Looks at a store that is there, hashing archives of at most `budget` bytes together, the smallest
    /// first. Opens nothing for writing and makes nothing.
    pub fn health(root: &Path, budget: u64) -> StoreHealth {
        let store = Self { root: root.to_owned() };
        let mut health = StoreHealth {
            free: free(root),
            unfinished: store.unfinished(),
            ..StoreHealth::default()
        };
        let mut archives = store.stored();
        archives.sort_by_key(|(_, _, size)| *size);
        health.hashed.1 = archives.len();
        let mut left = budget;
        for (integrity, path, size) in archives {
            // A file whose name is no digest was never ours; one that is empty, or no file, is damaged.
            let Some(rest) = left.checked_sub(size) else { break };
            left = rest;
            health.hashed.0 += 1;
            match store.archive(&integrity, "an archive") {
                Ok(Some(_)) => {}
                Ok(None) | Err(StoreError::ChangedOnDisk { .. } | StoreError::NotAFile { .. }) => health.damaged.push(path),
                Err(error) => health.unreadable.push((path, error.to_string())),
            }
        }
        health
    }

    fn stored(&self) -> Vec<(Integrity, PathBuf, u64)> {
        let mut found = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            let folder = self.root.join("archives").join(algorithm);
            for entry in entries(&folder) {
                let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                let integrity = super::prune::from_hex(algorithm, &name);
                let size = fs::symlink_metadata(&entry).map_or(0, |there| there.len());
                found.extend(integrity.map(|integrity| (integrity, entry, size)));
            }
        }
        found
    }

    /// What lies in `tmp/` while nobody has the store's lock, and scratch folders whose owner is gone.
    fn unfinished(&self) -> Vec<PathBuf> {
        let is_free = |path: &Path| File::open(path).map_or(true, |file| file.try_lock_shared().is_ok());
        let mut left = Vec::new();
        if is_free(&self.root.join("lock")) {
            left.extend(entries(&self.temporary()));
        }
        let scratch = entries(&self.root.join("scratch"));
        left.extend(
            scratch
                .into_iter()
                .filter(|path| path.is_dir() && is_free(&path.with_extension("held"))),
        );
        left
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = found.map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn free(root: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(root).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sha256Digest;

    #[test]
    fn a_changed_archive_and_what_was_left_are_seen() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let look = || Store::health(home.path(), 1 << 20);
        assert_eq!((look().unfinished, look().damaged, look().hashed), (Vec::new(), Vec::new(), (0, 0)));
        let folder = home.path().join("archives/sha256");
        let good = folder.join(Sha256Digest::of("good").to_string());
        let bad = folder.join(Sha256Digest::of("bad").to_string());
        fs::write(&good, "good").unwrap();
        fs::write(&bad, "something else").unwrap();
        fs::write(home.path().join("tmp/half"), "x").unwrap();
        let held = store.scratch().unwrap();
        let health = look();
        assert_eq!((health.damaged, health.hashed), (vec![bad], (2, 2)));
        assert_eq!(health.unfinished, [home.path().join("tmp/half")]);
        assert_eq!(Store::health(home.path(), 4).hashed, (1, 2));
        let changing = store.lock(|| ()).unwrap();
        assert!(look().unfinished.is_empty(), "somebody works there");
        drop((changing, held));
        assert!(look().free.is_some());
    }
}

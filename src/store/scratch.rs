//! Folders for work in progress outside the store's lock: a resolver's, a probe's.
//!
//! Each is held by a file lock for as long as its owner lives. What a killed process left behind
//! is told from what a living one uses by that lock, never by age.

use std::fs::File;
use std::path::Path;

use tempfile::TempDir;

use super::error::At as _;
use super::{Store, StoreError, StoreLock, tree};

const HELD: &str = ".held";

/// A private folder (0700) that is removed when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    _held: File,
}

impl Scratch {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Store {
    /// A fresh scratch folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn scratch(&self) -> Result<Scratch, StoreError> {
        let parent = self.root.join("scratch");
        tree::private_folder(&parent)?;
        let folder = TempDir::with_prefix_in("s", &parent).at("create", &parent)?;
        let path = folder.path().join(HELD);
        let held = File::create(&path).at("create", &path)?;
        held.lock().at("lock", &path)?;
        Ok(Scratch { folder, _held: held })
    }

    /// Removes scratch folders whose owner is gone.
    ///
    /// # Errors
    /// One cannot be removed.
    pub(super) fn sweep_scratch(&self, _held: &StoreLock) -> Result<(), StoreError> {
        let parent = self.root.join("scratch");
        let Ok(entries) = std::fs::read_dir(&parent) else { return Ok(()) };
        for entry in entries {
            let folder = entry.at("read", &parent)?.path();
            let abandoned = File::open(folder.join(HELD)).is_ok_and(|file| file.try_lock().is_ok());
            if abandoned {
                tree::remove(&folder)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_holds_is_swept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let living = store.scratch().unwrap();
        let left = home.path().join("scratch/s-left");
        std::fs::create_dir_all(left.join("deep")).unwrap();
        std::fs::write(left.join(HELD), "").unwrap();
        store.sweep(&store.lock(|| ()).unwrap()).unwrap();
        assert!(living.path().exists() && !left.exists());
        let path = living.path().to_owned();
        drop(living);
        assert!(!path.exists());
    }
}

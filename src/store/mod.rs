//! Floor 2: the store. Archives as downloaded and verified, servers' trees unpacked from them, and
//! files written so that a crash leaves the old or the new one.
//!
//! The promise: nothing unverified is in the store under a final name, and nothing that lies in it
//! is believed because it lies there. An archive's bytes are hashed again every time they are used;
//! a tree is compared with those archives byte by byte before it counts as [`Installed`].
//!
//! # On disk, below the root
//! - `archives/<algorithm>/<digest>`: as downloaded, read-only
//! - `installs/<digest>/`: one server's tree, its own copy, files and folders read-only
//! - `bundles/<digest>`: attestations, read-only
//! - `compiled/<digest>`: what was derived of sources; counts only with a digest known from elsewhere
//! - `tmp/`: what is being made; whatever lies here after a crash is rubbish
//! - `lock`, `locks/<digest>`: empty files that only carry advisory locks
//!
//! # Locking
//! [`Store::lock`] keeps two processes that change the store apart. Reading, checking and launching
//! never take it, so a running server is never held up.
//!
//! # Killed at any moment
//! Archives and trees are made under `tmp/` and renamed when they are whole. [`Store::sweep`] takes
//! away what a killed process left.

mod archives;
pub mod atomic;
mod bundles;
mod check;
mod claims;
mod compiled;
mod derive;
mod entry;
mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod install;
mod lock;
mod names;
mod parallel;
mod part;
mod prune;
mod scratch;
mod source;
mod stamp;
mod tarball;
#[cfg(test)]
mod testing;
mod tree;
mod wheels;
mod zip;

use std::path::{Path, PathBuf};

pub use archives::{Incoming, StoredArchive, manifest_of};
pub use check::TreeCheck;
pub use compiled::Batch;
pub use derive::{Derive, DeriveError};
pub use entry::{ArchiveError, Refusal};
pub use error::StoreError;
pub use health::StoreHealth;
pub use install::{Installation, Installed};
pub use lock::{FileLock, StoreLock};
pub use part::{InstallId, Part, Place};
pub use prune::PrunePlan;
pub use scratch::Scratch;
pub use stamp::{FileStamp, Stamped};

use crate::model::Integrity;
use error::At as _;

/// The store below one folder. Cheap to clone; holds no file open and no lock.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the store below `root`, making the folders that are missing, for this user alone (0700).
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let store = Self { root: root.to_owned() };
        for folder in [
            store.root.clone(),
            store.root.join("archives/sha256"),
            store.root.join("archives/sha512"),
            store.installs(),
            store.bundles(),
            store.compiled_folder(),
            store.temporary(),
        ] {
            tree::private_folder(&folder)?;
        }
        Ok(store)
    }

    /// The folder everything is below.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Takes the lock that changing operations hold. If another process has it, `on_wait` is called
    /// once (to tell the user), and the call blocks until it is free.
    ///
    /// A killed process loses its lock; there are no stale ones.
    pub fn lock(&self, on_wait: impl FnOnce()) -> Result<StoreLock, StoreError> {
        Ok(StoreLock {
            _lock: lock::take(&self.root.join("lock"), on_wait)?,
        })
    }

    /// Takes away what killed processes left in `tmp/`. The lock in hand proves that nobody else is
    /// writing there.
    pub fn sweep(&self, held: &StoreLock) -> Result<(), StoreError> {
        let folder = self.temporary();
        for entry in std::fs::read_dir(&folder).at("read", &folder)? {
            tree::remove(&entry.at("read", &folder)?.path())?;
        }
        self.sweep_scratch(held)
    }

    fn archive_path(&self, integrity: &Integrity) -> PathBuf {
        self.root.join("archives").join(integrity.algorithm()).join(integrity.hex())
    }

    fn installs(&self) -> PathBuf {
        self.root.join("installs")
    }

    fn bundles(&self) -> PathBuf {
        self.root.join("bundles")
    }

    fn compiled_folder(&self) -> PathBuf {
        self.root.join("compiled")
    }

    fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn folders_are_private_and_a_sweep_empties_tmp() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("deep/home");
        let store = Store::open(&root).unwrap();
        for folder in ["", "archives/sha512", "installs", "bundles", "tmp"] {
            let mode = std::fs::metadata(root.join(folder)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{folder}");
        }
        let left = root.join("tmp/tree-left/node_modules/a");
        std::fs::create_dir_all(&left).unwrap();
        std::fs::write(left.join("f"), "x").unwrap();
        std::fs::set_permissions(&left, std::fs::Permissions::from_mode(0o555)).unwrap();
        std::fs::write(root.join("tmp/archive-left"), "half").unwrap();
        let lock = store.lock(|| panic!("nobody else holds it")).unwrap();
        store.sweep(&lock).unwrap();
        assert_eq!(std::fs::read_dir(root.join("tmp")).unwrap().count(), 0);
    }
}

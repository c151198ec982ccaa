//! Folders for work in progress outside the store's lock: a resolver's, a probe's.
//!
//! Each is held by a file lock for as long as its owner lives. What a killed process left behind
//! is told from what a living one uses by that lock, never by age. The locked file stands beside
//! the folder, out of reach of what works in it.
//!
//! The attack: a server that is probed in such a folder leaves behind what cannot be removed, or
//! removes what the folder is known by, and fills the disk.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::error::At as _;
use super::{Store, StoreError, StoreLock, tree};

const HELD: &str = ".held";

/// A private folder (0700) that is removed when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Scratch {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now keeps its name and is swept later.
        if tree::remove(&self.folder).is_ok() {
            let _ = std::fs::remove_file(&self.lock);
        }
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
        loop {
            let made = tempfile::Builder::new().prefix("s").suffix(HELD).tempfile_in(&parent);
            let (held, lock) = made.and_then(|made| made.keep().map_err(|kept| kept.error)).at("create", &parent)?;
            held.lock().at("lock", &lock)?;
            // A sweep may have taken it before it was locked.
            if held.metadata().at("read", &lock)?.nlink() == 0 {
                continue;
            }
            // Only now: a folder whose lock nobody holds is nobody's.
            let folder = lock.with_extension("");
            std::fs::DirBuilder::new().mode(0o700).create(&folder).at("create", &folder)?;
            return Ok(Scratch { folder, lock, _held: held });
        }
    }

    /// Removes scratch folders whose owner is gone. One that cannot be removed stays for the next
    /// time: it must not keep the user from everything else.
    ///
    /// # Errors
    /// The folder of all of them cannot be read.
    pub(super) fn sweep_scratch(&self, _held: &StoreLock) -> Result<(), StoreError> {
        let parent = self.root.join("scratch");
        let Ok(entries) = std::fs::read_dir(&parent) else { return Ok(()) };
        let mut names = BTreeSet::new();
        for entry in entries {
            let name = entry.at("read", &parent)?.file_name();
            names.insert(name.as_bytes().strip_suffix(HELD.as_bytes()).unwrap_or(name.as_bytes()).to_vec());
        }
        for name in names {
            let folder = parent.join(OsString::from_vec(name.clone()));
            let lock = parent.join(OsString::from_vec([&name, HELD.as_bytes()].concat()));
            let held = File::options().create(true).truncate(false).write(true).open(&lock);
            let abandoned = held.as_ref().is_ok_and(|held| held.try_lock().is_ok());
            if abandoned && tree::remove(&folder).is_ok() {
                let _ = std::fs::remove_file(&lock);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn left(home: &Path) -> Vec<OsString> {
        home.join("scratch")
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect()
    }

    #[test]
    fn only_what_nobody_holds_is_swept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let living = store.scratch().unwrap();
        for name in ["s-left", "s-unnamed", "deeper/s-old"] {
            std::fs::create_dir_all(home.path().join("scratch").join(name).join("deep")).unwrap();
        }
        std::fs::write(home.path().join("scratch/s-left.held"), "").unwrap();
        std::fs::write(home.path().join("scratch/s-gone.held"), "").unwrap();
        store.sweep(&store.lock(|| ()).unwrap()).unwrap();
        assert!(living.path().is_dir());
        assert_eq!(left(home.path()).len(), 2, "{:?}", left(home.path()));
        assert_eq!(living.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(living);
        assert_eq!(left(home.path()), [""; 0]);
    }

    #[test]
    fn folders_without_any_rights_are_removed() {
        // In a thread of its own: root, too, must not pass by what the modes forbid.
        let work = std::thread::spawn(|| {
            #[cfg(target_os = "linux")]
            {
                let mut sets = rustix::thread::capabilities(None).unwrap();
                sets.effective = rustix::thread::CapabilitySet::empty();
                rustix::thread::set_capabilities(None, sets).unwrap();
            }
            let home = tempfile::tempdir().unwrap();
            let store = Store::open(home.path()).unwrap();
            let close = |folder: &Path| {
                std::fs::create_dir_all(folder.join("a/b")).unwrap();
                std::fs::write(folder.join("a/b/c"), "").unwrap();
                for name in ["a/b", "a", ""] {
                    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o000)).unwrap();
                }
            };
            let scratch = store.scratch().unwrap();
            close(scratch.path());
            drop(scratch);
            assert_eq!(left(home.path()), [""; 0]);
            close(&home.path().join("scratch/s-left"));
            store.sweep(&store.lock(|| ()).unwrap()).unwrap();
            assert_eq!(left(home.path()), [""; 0]);
        });
        work.join().unwrap();
    }
}

//! Advisory locks on files of our own, never on the user's.
//!
//! The failure it prevents: two `mcp-pin` processes that change the store, or one lockfile, at once.
//! The system drops the lock when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::error::{At as _, StoreError};

/// An exclusive lock, held until dropped.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct FileLock {
    _file: File,
}

/// The store's lock, held until dropped. Only [`super::Store::lock`] makes one.
#[derive(Debug)]
#[must_use = "the lock is given back when this is dropped"]
pub struct StoreLock {
    pub(super) _lock: FileLock,
}

/// Takes the lock on `path`, making the (empty) file if needed.
pub(super) fn take(path: &Path, on_wait: impl FnOnce()) -> Result<FileLock, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .at("open", path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            on_wait();
            file.lock().at("lock", path)?;
        }
        Err(TryLockError::Error(error)) => Err(error).at("lock", path)?,
    }
    Ok(FileLock { _file: file })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_second_one_waits_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = take(&path, || panic!("free")).unwrap();
        let (say, hear) = mpsc::channel();
        let second = std::thread::spawn({
            let path = path.clone();
            move || {
                let lock = take(&path, || say.send("waiting").unwrap()).unwrap();
                say.send("mine").unwrap();
                drop(lock);
            }
        });
        assert_eq!(hear.recv().unwrap(), "waiting");
        assert!(hear.recv_timeout(Duration::from_millis(50)).is_err());
        drop(first);
        assert_eq!(hear.recv().unwrap(), "mine");
        second.join().unwrap();
    }
}

//! Writing one file so that a crash, a full disk or a second reader sees the old or the new one.
//!
//! # Links
//! A symbolic link is refused, loudly. git and cargo write through it, but a lockfile comes with a
//! clone: `mcp-pin.lock -> ~/.bashrc` in a hostile one would have us overwrite a file that a shell
//! reads, with text the attacker chose. Git refuses links for its own in-tree files for that reason.
//!
//! # Filesystems
//! The mode of an existing file is kept; extended attributes and hard links are not. The owner is kept
//! where a file is written over a known content ([`replace`]), else it is whoever writes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::{At as _, StoreError};
use super::lock::{self, FileLock};
use super::tree;
use crate::model::Sha256Digest;

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// The file already had exactly this content; it was not touched.
    Unchanged,
    /// The file has the new content.
    Written,
}

/// Gives `path` the content `bytes`, whole or not at all.
///
/// On any error the old file is as it was. A killed process may leave one `.NAME.mcp-pin-new`
/// beside the file; the next write replaces it. Hold [`lock_beside`] around reading, deciding and
/// writing: without it two writers may fail on each other's temporary file, though never mix.
pub fn write(path: &Path, bytes: &[u8]) -> Result<WriteOutcome, StoreError> {
    match prepare(path, bytes)? {
        None => Ok(WriteOutcome::Unchanged),
        Some(prepared) => prepared.commit().map(|()| WriteOutcome::Written),
    }
}

/// Gives `path` the content `new` if it has the content `old`, whole or not at all. For files of other
/// programs, which may write them at any moment: the content is read again right before the one
/// step that replaces it, and what is not `old` stays. Another program that writes between those
/// two, or that holds the old file open, is not seen.
///
/// # Errors
/// [`StoreError::ChangedMeanwhile`], or as [`write`]. The file is as it was.
pub fn replace(path: &Path, old: &[u8], new: &[u8]) -> Result<WriteOutcome, StoreError> {
    let Some(prepared) = prepare(path, new)? else {
        return Ok(WriteOutcome::Unchanged);
    };
    let (there, made) = (
        fs::metadata(path).at("read", path)?,
        fs::metadata(&prepared.new).at("read", &prepared.new)?,
    );
    if (there.uid(), there.gid()) != (made.uid(), made.gid()) {
        std::os::unix::fs::chown(&prepared.new, Some(there.uid()), Some(there.gid())).at("keep the owner of", path)?;
        // A change of owner may take bits of the mode away.
        fs::set_permissions(&prepared.new, there.permissions()).at("write", path)?;
    }
    if fs::read(path).at("read", path)? != old {
        return Err(StoreError::ChangedMeanwhile { path: path.to_owned() });
    }
    prepared.commit().map(|()| WriteOutcome::Written)
}

/// As [`write`], for what only this user may read: the file, and a folder that is made for it.
///
/// # Errors
/// As [`write`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<WriteOutcome, StoreError> {
    if let Some(folder) = path.parent() {
        tree::private_folder(folder)?;
    }
    match prepare_with(path, bytes, 0o600)? {
        None => Ok(WriteOutcome::Unchanged),
        Some(prepared) => prepared.commit().map(|()| WriteOutcome::Written),
    }
}

/// New content that lies whole and durable beside its file, and is not yet the file. Several files
/// that belong together are all prepared before the first is committed: a full disk or a link then
/// leaves all of them as they were. Dropped without [`Prepared::commit`], it leaves nothing.
#[derive(Debug)]
#[must_use = "the file is only written by `commit`"]
pub struct Prepared {
    path: PathBuf,
    new: PathBuf,
    folder: PathBuf,
    committed: bool,
}

/// Prepares new content for `path`; `None` where the file has exactly this content.
///
/// # Errors
/// What stands at `path` is a link or no file, or the content cannot be written. The old file is
/// as it was.
pub fn prepare(path: &Path, bytes: &[u8]) -> Result<Option<Prepared>, StoreError> {
    prepare_with(path, bytes, 0o666)
}

/// As [`prepare`]; a file that is not there yet gets this mode, less the user's mask.
fn prepare_with(path: &Path, bytes: &[u8], first: u32) -> Result<Option<Prepared>, StoreError> {
    let mode = match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => {
            let target = fs::read_link(path).at("read", path)?;
            return Err(StoreError::Link {
                path: path.to_owned(),
                target,
            });
        }
        Ok(there) if !there.is_file() => return Err(StoreError::NotAFile { path: path.to_owned() }),
        Ok(there) => {
            if there.len() == bytes.len() as u64 && fs::read(path).at("read", path)? == bytes {
                return Ok(None);
            }
            Some(there.permissions())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).at("read", path),
    };
    let (folder, new) = beside(path)?;
    let prepared = Prepared {
        path: path.to_owned(),
        new,
        folder,
        committed: false,
    };
    prepared.fill(bytes, first, mode)?;
    Ok(Some(prepared))
}

impl Prepared {
    /// Gives the file its new content, in one step.
    ///
    /// # Errors
    /// The old file is as it was.
    pub fn commit(mut self) -> Result<(), StoreError> {
        fs::rename(&self.new, &self.path).at("write", &self.path)?;
        self.committed = true;
        tree::sync_folder(&self.folder)
    }

    fn fill(&self, bytes: &[u8], first: u32, mode: Option<fs::Permissions>) -> Result<(), StoreError> {
        match fs::remove_file(&self.new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).at("replace", &self.new),
            _ => {}
        }
        // `create_new` follows no link, so a link planted under this name leads nowhere.
        let mut file: File = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if mode.is_some() { 0o600 } else { first })
            .open(&self.new)
            .at("write", &self.path)?;
        if let Some(mode) = mode {
            file.set_permissions(mode).at("write", &self.path)?;
        }
        file.write_all(bytes).at("write", &self.path)?;
        file.sync_all().at("write", &self.path)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        if !self.committed {
            // An error on the way is what the user needs to see; what stays here is replaced by
            // the next write.
            let _ = fs::remove_file(&self.new);
        }
    }
}

/// Takes the lock for one lockfile or manifest. The lock's file lies in our own folder, named by a
/// digest of `path`, so nothing is added to the user's project.
///
/// The folder of `path` must exist; the file need not.
pub fn lock_beside(state_root: &Path, path: &Path, on_wait: impl FnOnce()) -> Result<FileLock, StoreError> {
    let (folder, _) = beside(path)?;
    let folder = fs::canonicalize(&folder).at("open", &folder)?;
    let whole = folder.join(path.file_name().unwrap_or_default());
    let locks = state_root.join("locks");
    tree::private_folder(&locks)?;
    lock::take(&locks.join(Sha256Digest::of(whole.as_os_str().as_bytes()).to_string()), on_wait)
}

/// The folder of `path`, and the name beside it that the new content is written to.
fn beside(path: &Path) -> Result<(PathBuf, PathBuf), StoreError> {
    let name = path.file_name().ok_or_else(|| StoreError::NotAFile { path: path.to_owned() })?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut new = std::ffi::OsString::from(".");
    new.push(name);
    new.push(".mcp-pin-new");
    let new = folder.join(new);
    Ok((folder, new))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn equal_content_is_not_written_and_the_mode_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp-pin.lock");
        assert_eq!(write(&path, b"one").unwrap(), WriteOutcome::Written);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = fs::metadata(&path).unwrap();
        assert_eq!(write(&path, b"one").unwrap(), WriteOutcome::Unchanged);
        assert_eq!(fs::metadata(&path).unwrap().ino(), before.ino());
        assert_eq!(write(&path, b"two").unwrap(), WriteOutcome::Written);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["mcp-pin.lock"]);
    }

    #[test]
    fn a_link_is_refused_and_its_target_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("mcp-pin.lock"), folder.path().join("bashrc"));
        fs::write(&target, "mine").unwrap();
        symlink(&target, &path).unwrap();
        assert!(matches!(write(&path, b"evil"), Err(StoreError::Link { target: t, .. }) if t == target));
        // The same for a link planted under the temporary name.
        fs::remove_file(&path).unwrap();
        symlink(&target, folder.path().join(".mcp-pin.lock.mcp-pin-new")).unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"mine");
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_leftover_is_replaced_and_a_failure_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp-pin.lock");
        fs::write(&path, "old").unwrap();
        fs::write(folder.path().join(".mcp-pin.lock.mcp-pin-new"), "half of some").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), names(folder.path())),
            (b"new".to_vec(), vec!["mcp-pin.lock".to_owned()])
        );
        // A folder under the temporary name cannot be replaced: an error, and the old content.
        fs::create_dir(folder.path().join(".mcp-pin.lock.mcp-pin-new")).unwrap();
        write(&path, b"newer").unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_full_disk_is_named() {
        let Ok(mut full) = OpenOptions::new().write(true).open("/dev/full") else {
            println!("skipped: no /dev/full here");
            return;
        };
        let error = full.write_all(b"x").at("write", Path::new("mcp-pin.lock")).unwrap_err();
        assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
        assert!(matches!(write(Path::new("/dev/full"), b"x"), Err(StoreError::NotAFile { .. })));
    }

    #[test]
    fn one_file_has_one_lock_however_it_is_named() {
        let (state, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(project.path().join("sub")).unwrap();
        let path = project.path().join("mcp-pin.lock");
        let first = lock_beside(state.path(), &path, || panic!("free")).unwrap();
        let _other = lock_beside(state.path(), &project.path().join("mcp-pin.toml"), || panic!("another file")).unwrap();
        let (say, hear) = std::sync::mpsc::channel();
        let (state_root, alias) = (state.path().to_owned(), project.path().join("sub/../mcp-pin.lock"));
        let second = std::thread::spawn(move || drop(lock_beside(&state_root, &alias, || say.send(()).unwrap()).unwrap()));
        hear.recv().unwrap();
        drop(first);
        second.join().unwrap();
        assert_eq!(names(project.path()), ["sub"]);
    }
}

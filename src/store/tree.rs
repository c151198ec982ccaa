//! Folders and trees on disk: making, removing, reading without following links.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::{At as _, StoreError};
use crate::model::Sha256Digest;

/// What stands at a path of a tree; links are not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A regular file.
    File,
    /// A folder with something in it.
    Folder,
    /// A folder with nothing in it.
    EmptyFolder,
    /// A link, socket, device or named pipe.
    Other,
}

/// What was found below a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By path, `/`-separated, with the prefix that was asked for.
    pub(super) paths: HashMap<String, Kind>,
    /// Things whose name is not UTF-8, which no archive can hold. Written with replacement
    /// characters, and kept apart so that they can never be taken for a name an archive holds.
    pub(super) unnameable: Vec<String>,
}

/// Makes a folder, and those above it, for this user alone. One that is there stays as it is.
pub(super) fn private_folder(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .at("make the folder", path)
}

/// Makes the names in a folder survive a power cut.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|folder| folder.sync_all()).at("write", path)
}

/// Opens for reading; on Linux neither a link nor a named pipe that was swapped in can lead or hold
/// us up.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    options.open(path)
}

/// Whether a real folder, not a link to one, stands at `path`. `None` if nothing does.
pub(super) fn is_folder(path: &Path) -> Result<Option<bool>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(there) => Ok(Some(there.is_dir())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error).at("read", path),
    }
}

/// Everything below `folder`, each path with `prefix/` before it (`prefix` empty: none). Does not
/// look into folders for which `skip` holds, but names them.
pub(super) fn walk(folder: &Path, prefix: &str, skip: impl Fn(&str) -> bool) -> Result<Found, StoreError> {
    let mut found = Found::default();
    let mut todo = vec![(folder.to_owned(), prefix.to_owned())];
    while let Some((folder, prefix)) = todo.pop() {
        let mut empty = true;
        for entry in fs::read_dir(&folder).at("read", &folder)? {
            empty = false;
            let entry = entry.at("read", &folder)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                found.unnameable.push(joined(&prefix, &name.to_string_lossy()));
                continue;
            };
            let path = joined(&prefix, name);
            let kind = entry.file_type().at("read", &entry.path())?;
            let kind = if kind.is_file() {
                Kind::File
            } else if kind.is_dir() {
                if !skip(&path) {
                    todo.push((entry.path(), path.clone()));
                }
                Kind::Folder
            } else {
                Kind::Other
            };
            found.paths.insert(path, kind);
        }
        if empty {
            found.paths.entry(prefix).and_modify(|kind| *kind = Kind::EmptyFolder);
        }
    }
    Ok(found)
}

/// The digest of a file on disk.
pub(super) fn digest_of(path: &Path) -> Option<Sha256Digest> {
    let mut file = open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Some(Sha256Digest::from_bytes(hasher.finalize().into())),
            Ok(read) => hasher.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// `prefix/name`, or `name` below the root.
pub(super) fn joined(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    }
}

/// Takes away a file or a whole tree, read-only folders included. Nothing there is fine.
///
/// Links are removed, never followed.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match is_folder(path)? {
        None => return Ok(()),
        Some(false) => return gone(fs::remove_file(path)).at("remove", path),
        Some(true) => {}
    }
    make_removable(path);
    gone(fs::remove_dir_all(path)).at("remove", path)
}

/// Gives every folder its write permission back, as far as possible: what could not be opened
/// shows when it is removed.
fn make_removable(path: &Path) {
    let mut todo: Vec<PathBuf> = vec![path.to_owned()];
    while let Some(folder) = todo.pop() {
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        todo.extend(
            entries
                .flatten()
                .filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|e| e.path()),
        );
    }
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A folder under `tmp/` that goes away unless it is [`Scratch::keep`]t.
#[derive(Debug)]
pub(super) struct Scratch {
    path: Option<PathBuf>,
}

impl Scratch {
    /// Makes an empty folder of a fresh name.
    pub(super) fn new(temporary: &Path, prefix: &str) -> Result<Self, StoreError> {
        let folder = tempfile::Builder::new()
            .prefix(prefix)
            .tempdir_in(temporary)
            .at("make a folder in", temporary)?;
        Ok(Self { path: Some(folder.keep()) })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// It was renamed to its place: leave it alone.
    pub(super) fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // What cannot be removed now is swept later.
            let _ = remove(&path);
        }
    }
}

//! One configuration file of a client: read as its bytes are, and given new ones.
//!
//! The attacks and accidents: a client that writes its file while somebody looks at the difference
//! (some do all the time), two `mcp-pin` at once, a link that leads to another file, a crash between
//! two bytes.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::ops::{Context, Interact};
use crate::store::{FileLock, atomic};

/// No honest file of a client is larger.
const MAX: u64 = 64 * 1024 * 1024;

/// A file's text, and where it is written.
#[derive(Debug, Clone)]
pub(in crate::ops) struct ReadFile {
    /// The file itself: where the client's path leads, links resolved.
    pub(in crate::ops) path: PathBuf,
    /// Its text, whole.
    pub(in crate::ops) text: String,
    /// What a person should know before it is replaced.
    pub(in crate::ops) notes: Vec<String>,
}

/// Reads a file that is to be changed.
///
/// # Errors
/// Why it is not changed, in words.
pub(in crate::ops) fn read(path: &Path) -> Result<ReadFile, String> {
    let real = path.canonicalize().map_err(|error| error.to_string())?;
    let found = real.metadata().map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if found.len() > MAX {
        return Err("it is larger than any configuration".to_owned());
    }
    let bytes = std::fs::read(&real).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut notes = Vec::new();
    if real != path {
        notes.push(format!("it is a link: {} is what is written", real.display()));
    }
    if found.nlink() > 1 {
        notes.push("the file has a second name (a hard link), which keeps the old content".to_owned());
    }
    if found.permissions().readonly() {
        return Err("it is read-only: whoever made it so does not want it changed".to_owned());
    }
    Ok(ReadFile { path: real, text, notes })
}

/// Keeps two `mcp-pin` from changing one file at once.
///
/// # Errors
/// The lock cannot be taken.
pub(in crate::ops) fn lock(context: &Context, path: &Path, person: &dyn Interact) -> Result<FileLock, Error> {
    let waiting = || person.note("waiting for another mcp-pin that works on the same file");
    Ok(atomic::lock_beside(&context.home, path, waiting)?)
}

/// Gives a file its new text, if it still has the old one.
///
/// # Errors
/// It has another one by now, or cannot be written. It is as it was.
pub(in crate::ops) fn write(path: &Path, old: &str, new: &str) -> Result<(), Error> {
    atomic::replace(path, old.as_bytes(), new.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_wrote_in_between_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp.json");
        std::fs::write(&path, "old").unwrap();
        write(&path, "old", "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        std::fs::write(&path, "the client's").unwrap();
        assert!(write(&path, "new", "newer").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "the client's");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

//! Files of our own making in folders of the user's: written whole, and only touched where they are still
//! as they were written.

use std::fs;
use std::io;
use std::path::Path;

use super::{ScheduleError, seal};
use crate::store::atomic::{self, WriteOutcome};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Nothing.
    Nothing,
    /// A text that mcp-pin wrote, unchanged.
    Ours(String),
    /// Anything else.
    Other,
}

/// What stands at a path.
///
/// # Errors
/// It cannot be read.
pub fn standing(path: &Path) -> Result<Written, ScheduleError> {
    match fs::symlink_metadata(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(Written::Nothing),
        Ok(there) if !there.is_file() || there.len() > 1 << 20 => return Ok(Written::Other),
        _ => {}
    }
    let bytes = fs::read(path).map_err(|source| ScheduleError::File {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) if seal::is_whole(&text) => Written::Ours(text),
        _ => Written::Other,
    })
}

/// Writes a sealed text, in the place of nothing or of an older one of ours. Says whether it was not there
/// already.
///
/// # Errors
/// [`ScheduleError::NotOurs`] where something else stands there.
pub fn write(path: &Path, text: &str) -> Result<bool, ScheduleError> {
    if standing(path)? == Written::Other {
        return Err(not_ours(path));
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| ScheduleError::File {
            action: "make the folder",
            path: folder.to_path_buf(),
            source,
        })?;
    }
    Ok(atomic::write(path, text.as_bytes())? == WriteOutcome::Written)
}

/// Removes a file of ours. Says whether one was there.
///
/// # Errors
/// [`ScheduleError::NotOurs`] where something else stands there.
pub fn remove(path: &Path) -> Result<bool, ScheduleError> {
    match standing(path)? {
        Written::Nothing => Ok(false),
        Written::Other => Err(not_ours(path)),
        Written::Ours(_) => fs::remove_file(path).map(|()| true).map_err(|source| ScheduleError::File {
            action: "remove",
            path: path.to_path_buf(),
            source,
        }),
    }
}

fn not_ours(path: &Path) -> ScheduleError {
    ScheduleError::NotOurs {
        place: crate::surface::visible(&path.display().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/x.timer");
        let text = |body: &str| seal::close(&format!("# {}\n{body}\n", seal::open()));
        assert!(write(&path, &text("one")).unwrap() && !write(&path, &text("one")).unwrap());
        assert!(write(&path, &text("two")).unwrap());
        assert_eq!(standing(&path).unwrap(), Written::Ours(text("two")));
        fs::write(&path, text("two").replace("two", "mine")).unwrap();
        for result in [write(&path, &text("three")).map(drop), remove(&path).map(drop)] {
            assert!(matches!(result, Err(ScheduleError::NotOurs { .. })));
        }
        assert!(fs::read_to_string(&path).unwrap().contains("mine"));
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(write(&path, &text("x")).is_err() && remove(&path).is_err());
        fs::remove_file(&path).unwrap();
        write(&path, &text("x")).unwrap();
        assert!(remove(&path).unwrap() && !remove(&path).unwrap());
    }
}

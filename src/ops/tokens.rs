//! Logins on disk: `tokens/KEY.json` in the user's data folder, one for each remote server's address.
//!
//! The attacks: another user of the machine who reads a token (the folder is 0700, a file 0600 from
//! its first byte on), a link planted in its place ([`atomic`] refuses those), two processes that
//! refresh at once and spend each other's token (one lock for each key).
//!
//! Not promised: anything against programs of the same user. Tokens are as plain there as in other
//! clients' files.

use std::any::Any;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::mcp::oauth::TokenStore;
use crate::store::atomic;

/// The longest file that is read.
const LONGEST: u64 = 256 * 1024;

/// The folder of logins.
#[derive(Debug, Clone)]
pub struct TokenFiles {
    home: PathBuf,
}

impl TokenFiles {
    /// In the user's data folder.
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.home.join("tokens").join(format!("{key}.json"))
    }

    fn folder(&self) -> Result<(), String> {
        let folder = self.home.join("tokens");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        let private = made.and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)));
        private.map_err(|error| format!("{}: {error}", folder.display()))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> String + '_ {
    move |error| format!("{}: {error}", path.display())
}

impl TokenStore for TokenFiles {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.path(key);
        let there = match fs::symlink_metadata(&path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
        };
        if !there.is_file() || there.permissions().mode() & 0o077 != 0 {
            return Err(format!("{} is not a file that only you can read", path.display()));
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(at(&path))?;
        file.take(LONGEST).read_to_end(&mut bytes).map_err(at(&path))?;
        // Made and not yet written: nobody logged in.
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    fn save(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        self.folder()?;
        let path = self.path(key);
        // The new content takes over the mode of what is there, before its first byte.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(at(&path)(error)),
            _ => {}
        }
        atomic::write(&path, bytes).map(|_| ()).map_err(|error| error.to_string())
    }

    fn forget(&self, key: &str) -> Result<(), String> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path)(error)),
            _ => Ok(()),
        }
    }

    fn hold(&self, key: &str) -> Result<Box<dyn Any + Send>, String> {
        self.folder()?;
        let lock = atomic::lock_beside(&self.home, &self.path(key), || ()).map_err(|error| error.to_string())?;
        Ok(Box::new(lock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_file_that_only_its_user_reads() {
        let home = tempfile::tempdir().unwrap();
        let files = TokenFiles::new(home.path());
        assert_eq!(files.load("k"), Ok(None));
        files.save("k", b"one").unwrap();
        files.save("k", b"two").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&files.path("k")), 0o600);
        assert_eq!(mode(&home.path().join("tokens")), 0o700);
        assert_eq!(files.load("k"), Ok(Some(b"two".to_vec())));
        // One that others can read is not taken.
        fs::set_permissions(files.path("k"), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(files.load("k").unwrap_err().contains("only you"));
        files.forget("k").unwrap();
        files.forget("k").unwrap();
        assert_eq!(files.load("k"), Ok(None));
        // A link is not written through.
        let target = home.path().join("mine");
        fs::write(&target, "x").unwrap();
        std::os::unix::fs::symlink(&target, files.path("k")).unwrap();
        files.save("k", b"evil").unwrap_err();
        files.load("k").unwrap_err();
        assert_eq!(fs::read(&target).unwrap(), b"x");
    }
}

//! Source distributions of Python packages: unpacked only to be built, in a folder of the builder's.
//!
//! The rules are those for npm's archives, which are tar archives too: no links, no devices, no way
//! out of the folder, one leading folder that is dropped.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::StoredArchive;
use super::entry::Entries as _;
use super::error::{At as _, StoreError};

impl StoredArchive {
    /// Unpacks a `.tar.gz` into an existing folder, which it must have for itself. Files can be
    /// written: a build may change its own copy.
    ///
    /// # Errors
    /// The archive is refused, or the disk.
    pub fn unpack_source(&self, folder: &Path) -> Result<(), StoreError> {
        let mut entries = self.tarball();
        while let Some(head) = entries.next_file()? {
            let path = folder.join(&head.path);
            if let Some(above) = path.parent() {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(above)
                    .at("make the folder", above)?;
            }
            let mode = if head.executable { 0o700 } else { 0o600 };
            let mut file: fs::File = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(&path)
                .at("write", &path)?;
            while let Some(chunk) = entries.chunk()? {
                file.write_all(chunk).at("write", &path)?;
            }
        }
        Ok(())
    }

    /// The archive's bytes, as hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Home, Tgz};

    #[test]
    fn a_source_is_unpacked_below_its_folder() {
        let home = Home::new();
        let part = home.part("node_modules/a", &Tgz::new().file("setup.py", b"x").file("a/b.py", b"y"));
        let archive = home.store.archive(&part.integrity, "a").unwrap().unwrap();
        let folder = tempfile::tempdir().unwrap();
        archive.unpack_source(folder.path()).unwrap();
        assert_eq!(std::fs::read(folder.path().join("setup.py")).unwrap(), b"x");
        assert_eq!(std::fs::read(folder.path().join("a/b.py")).unwrap(), b"y");
        // Never over what is there.
        assert!(archive.unpack_source(folder.path()).is_err());
    }
}

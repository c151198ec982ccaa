//! Attestations: stored under their digest, hashed again whenever they are used.
//!
//! The promise: `verify` repeats a proof without network from exactly the documents the lock names.
//! The attacks: a stored document swapped or cut on the disk, a link or a named pipe put in its
//! place. A document that is not the one of its digest is an error that says so, never "none".

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::error::{At as _, StoreError};
use super::{Store, tree};
use crate::model::Sha256Digest;

/// The largest document that is kept or read back. Real ones have some 20 kB.
const MAX_BUNDLE: u64 = 8 << 20;

impl Store {
    /// Keeps a document under its digest, which is computed here. One that is there already, and
    /// whole, is left alone; a damaged one is replaced.
    ///
    /// # Errors
    /// The disk, or a document larger than 8 MiB.
    pub fn put_bundle(&self, json: &[u8]) -> Result<Sha256Digest, StoreError> {
        let digest = Sha256Digest::of(json);
        if json.len() as u64 > MAX_BUNDLE {
            return Err(StoreError::BundleTooLarge { limit: MAX_BUNDLE });
        }
        match self.bundle(&digest) {
            Ok(Some(_)) => return Ok(digest),
            // A folder cannot be renamed over.
            Err(StoreError::NotAFile { .. }) => self.discard_bundle(&digest)?,
            Ok(None) | Err(StoreError::BundleChanged { .. } | StoreError::BundleTooLarge { .. }) => {}
            Err(error) => return Err(error),
        }
        let (path, temporary) = (self.bundle_path(&digest), self.temporary());
        let mut file = tempfile::Builder::new()
            .prefix("bundle-")
            .tempfile_in(&temporary)
            .at("make a file in", &temporary)?;
        file.write_all(json).at("write", &path)?;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o400))
            .at("write", &path)?;
        file.as_file().sync_all().at("write", &path)?;
        file.persist(&path).map_err(|error| error.error).at("write", &path)?;
        tree::sync_folder(&self.bundles())?;
        Ok(digest)
    }

    /// A stored document; `None` if it is not stored.
    ///
    /// # Errors
    /// The disk, or a document that is no longer the one of its digest.
    pub fn bundle(&self, digest: &Sha256Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.bundle_path(digest);
        match fs::symlink_metadata(&path) {
            Ok(there) if !there.is_file() => return Err(StoreError::NotAFile { path }),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at("read", &path),
        }
        let mut bytes = Vec::new();
        let file = tree::open(&path).at("read", &path)?;
        file.take(MAX_BUNDLE + 1).read_to_end(&mut bytes).at("read", &path)?;
        if bytes.len() as u64 > MAX_BUNDLE {
            return Err(StoreError::BundleTooLarge { limit: MAX_BUNDLE });
        }
        let found = Sha256Digest::of(&bytes);
        if found != *digest {
            return Err(StoreError::BundleChanged { digest: *digest, found });
        }
        Ok(Some(bytes))
    }

    /// Takes away whatever lies where this document belongs.
    pub(super) fn discard_bundle(&self, digest: &Sha256Digest) -> Result<(), StoreError> {
        tree::remove(&self.bundle_path(digest))
    }

    /// The size of a stored document, 0 if there is none: only for figures.
    pub(super) fn bundle_size(&self, digest: &Sha256Digest) -> u64 {
        fs::symlink_metadata(self.bundle_path(digest)).map_or(0, |there| there.len())
    }

    fn bundle_path(&self, digest: &Sha256Digest) -> PathBuf {
        self.bundles().join(digest.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::super::testing::Home;
    use super::*;

    #[test]
    fn a_document_comes_back_as_it_was_kept() {
        let home = Home::new();
        let digest = home.store.put_bundle(b"{}").unwrap();
        assert_eq!(digest, Sha256Digest::of(b"{}"));
        assert_eq!(home.store.bundle(&digest).unwrap().as_deref(), Some(&b"{}"[..]));
        assert_eq!(home.store.bundle(&Sha256Digest::of(b"other")).unwrap(), None);
        let path = home.store.root().join("bundles").join(digest.to_string());
        let first = fs::metadata(&path).unwrap();
        assert_eq!(first.mode() & 0o777, 0o400);
        home.store.put_bundle(b"{}").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().ino(), first.ino(), "a whole one is left alone");
        assert!(home.leftovers().is_empty());
    }

    #[test]
    fn a_changed_document_is_named_and_replaced() {
        let home = Home::new();
        let digest = home.store.put_bundle(b"{\"a\":1}").unwrap();
        let path = home.store.root().join("bundles").join(digest.to_string());
        for bytes in [&b"{\"a\":2}"[..], b"", b"{\"a\":1}\n"] {
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            let error = home.store.bundle(&digest).unwrap_err();
            assert!(matches!(error, StoreError::BundleChanged { .. }), "{error}");
            assert!(error.to_string().contains(&digest.to_string()) && error.to_string().contains("was changed on disk"));
            assert!(error.hint().unwrap().contains("mcp-pin install"));
            home.store.put_bundle(b"{\"a\":1}").unwrap();
            assert!(home.store.bundle(&digest).unwrap().is_some());
        }
    }

    #[test]
    fn links_folders_and_pipes_are_not_read() {
        let home = Home::new();
        let digest = home.store.put_bundle(b"{}").unwrap();
        let path = home.store.root().join("bundles").join(digest.to_string());
        let elsewhere = home.store.root().join("elsewhere");
        fs::write(&elsewhere, b"{}").unwrap();
        fs::remove_file(&path).unwrap();
        // A link to the right bytes is none of ours either.
        symlink(&elsewhere, &path).unwrap();
        assert!(matches!(home.store.bundle(&digest), Err(StoreError::NotAFile { .. })));
        home.store.put_bundle(b"{}").unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file() && elsewhere.exists());
        fs::remove_file(&path).unwrap();
        fs::create_dir_all(path.join("full")).unwrap();
        assert!(matches!(home.store.bundle(&digest), Err(StoreError::NotAFile { .. })));
        home.store.put_bundle(b"{}").unwrap();
        assert!(home.store.bundle(&digest).unwrap().is_some());
    }

    #[test]
    fn what_is_too_large_is_neither_kept_nor_read() {
        let home = Home::new();
        let large = vec![b' '; usize::try_from(MAX_BUNDLE).unwrap() + 1];
        assert!(matches!(home.store.put_bundle(&large), Err(StoreError::BundleTooLarge { .. })));
        let digest = Sha256Digest::of(&large);
        assert_eq!(home.store.bundle(&digest).unwrap(), None);
        // Grown on the disk, even to something whose beginning has the right digest.
        let small = home.store.put_bundle(&large[1..]).unwrap();
        for digest in [digest, small] {
            let path = home.store.root().join("bundles").join(digest.to_string());
            drop(fs::remove_file(&path));
            fs::write(path, [&large[..], b"more"].concat()).unwrap();
            assert!(matches!(home.store.bundle(&digest), Err(StoreError::BundleTooLarge { .. })));
        }
        assert_eq!(home.store.put_bundle(&large[1..]).unwrap(), small);
        assert!(home.store.bundle(&small).unwrap().is_some());
    }
}

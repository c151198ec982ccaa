//! What was derived of one batch of sources, kept so that the next tree need not wait for it.
//!
//! The attack: a kept file that is swapped for one that runs other code. Nothing here is believed
//! because it lies here: whoever asks must know the digest from elsewhere, what does not have it
//! counts as absent, and a check of a tree never looks here: it derives again and compares.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::error::{At as _, StoreError};
use super::{Store, tree};
use crate::model::Sha256Digest;

/// More than this is derived again each time. Real batches have up to 20 MB.
const LARGEST: u64 = 256 << 20;

/// Files by path, sorted as they were made.
pub type Batch = Vec<(String, Vec<u8>)>;

impl Store {
    /// Keeps what was derived under `key`, which names the sources and the maker. Gives the digest by
    /// which alone it comes back; `None` for a batch that is too large to be kept.
    ///
    /// # Errors
    /// The disk.
    pub fn keep_compiled(&self, key: &Sha256Digest, batch: &[(String, Vec<u8>)]) -> Result<Option<Sha256Digest>, StoreError> {
        let Some(bytes) = packed(batch).filter(|bytes| bytes.len() as u64 <= LARGEST) else {
            return Ok(None);
        };
        let (path, temporary) = (self.compiled_path(key), self.temporary());
        let mut file = tempfile::Builder::new()
            .prefix("compiled-")
            .tempfile_in(&temporary)
            .at("make a file in", &temporary)?;
        file.write_all(&bytes).at("write", &path)?;
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o400))
            .at("write", &path)?;
        // Not flushed: one that a power cut tears has another digest, and is made again.
        file.persist(&path).map_err(|error| error.error).at("write", &path)?;
        Ok(Some(Sha256Digest::of(&bytes)))
    }

    /// What is kept under `key`, if its bytes have this digest. Whatever else lies there, a link or a
    /// pipe among it, is as if nothing did.
    pub fn compiled(&self, key: &Sha256Digest, digest: &Sha256Digest) -> Option<Batch> {
        let file = tree::open(&self.compiled_path(key)).ok()?;
        let there = file.metadata().ok().filter(|there| there.is_file() && there.len() <= LARGEST)?;
        let mut bytes = Vec::with_capacity(usize::try_from(there.len()).ok()?);
        file.take(LARGEST).read_to_end(&mut bytes).ok()?;
        (Sha256Digest::of(&bytes) == *digest).then(|| unpacked(&bytes)).flatten()
    }

    /// Takes everything away that is kept; gives the bytes that were freed, or would be.
    ///
    /// # Errors
    /// The disk.
    pub fn discard_compiled(&self, dry_run: bool) -> Result<u64, StoreError> {
        let folder = self.compiled_folder();
        let mut bytes = 0;
        for entry in fs::read_dir(&folder).at("read", &folder)? {
            let path = entry.at("read", &folder)?.path();
            bytes += fs::symlink_metadata(&path).map_or(0, |there| there.len());
            if !dry_run {
                tree::remove(&path)?;
            }
        }
        Ok(bytes)
    }

    fn compiled_path(&self, key: &Sha256Digest) -> PathBuf {
        self.compiled_folder().join(key.to_string())
    }
}

/// Length and path, length and content, one after the other.
fn packed(batch: &[(String, Vec<u8>)]) -> Option<Vec<u8>> {
    let total = batch.iter().map(|(path, content)| path.len() + content.len() + 8).sum();
    let mut bytes = Vec::with_capacity(total);
    for part in batch.iter().flat_map(|(path, content)| [path.as_bytes(), content]) {
        bytes.extend(u32::try_from(part.len()).ok()?.to_le_bytes());
        bytes.extend(part);
    }
    Some(bytes)
}

fn unpacked(mut bytes: &[u8]) -> Option<Batch> {
    let mut part = || -> Option<Vec<u8>> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        bytes = rest;
        Some(part.to_vec())
    };
    let mut batch = Batch::new();
    while let Some(path) = part() {
        batch.push((String::from_utf8(path).ok()?, part()?));
    }
    bytes.is_empty().then_some(batch)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::testing::Home;
    use super::*;

    fn batch() -> Batch {
        vec![("a/__pycache__/b.x.pyc".into(), vec![1, 2, 3]), ("c".into(), vec![])]
    }

    #[test]
    fn a_batch_comes_back_by_its_digest_alone() {
        let home = Home::new();
        let key = Sha256Digest::of(b"sources");
        let digest = home.store.keep_compiled(&key, &batch()).unwrap().unwrap();
        assert_eq!(home.store.compiled(&key, &digest), Some(batch()));
        assert_eq!(home.store.compiled(&key, &Sha256Digest::of(b"other")), None);
        assert_eq!(home.store.compiled(&Sha256Digest::of(b"other"), &digest), None);
        assert!(home.leftovers().is_empty());
    }

    #[test]
    fn what_was_swapped_counts_as_absent() {
        let home = Home::new();
        let key = Sha256Digest::of(b"sources");
        let digest = home.store.keep_compiled(&key, &batch()).unwrap().unwrap();
        let path = home.store.compiled_path(&key);
        let good = fs::read(&path).unwrap();
        let mut changed = good.clone();
        *changed.last_mut().unwrap() ^= 1;
        for bytes in [&changed[..], &good[1..], b""] {
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            assert_eq!(home.store.compiled(&key, &digest), None);
        }
        fs::remove_file(&path).unwrap();
        let elsewhere = home.store.root().join("elsewhere");
        fs::write(&elsewhere, &good).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert_eq!(home.store.compiled(&key, &digest), None, "a link is not followed");
        assert_eq!(home.store.keep_compiled(&key, &batch()).unwrap(), Some(digest));
        assert_eq!(home.store.compiled(&key, &digest), Some(batch()));
        assert!(home.store.discard_compiled(false).unwrap() > 0);
        assert_eq!(home.store.compiled(&key, &digest), None);
    }
}

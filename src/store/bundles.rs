//! Attestations: stored under their digest, hashed again whenever they are used.

use super::{Store, StoreError};
use crate::model::Sha256Digest;

impl Store {
    /// Keeps a document under its digest, which is computed here. One that is there already, and
    /// whole, is left alone; a damaged one is replaced.
    ///
    /// # Errors
    /// The disk.
    pub fn put_bundle(&self, _json: &[u8]) -> Result<Sha256Digest, StoreError> {
        todo!()
    }

    /// A stored document; `None` if it is not stored.
    ///
    /// # Errors
    /// The disk, or a document that is no longer the one of its digest.
    pub fn bundle(&self, _digest: &Sha256Digest) -> Result<Option<Vec<u8>>, StoreError> {
        todo!()
    }
}

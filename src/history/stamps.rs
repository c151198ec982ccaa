//! What installed trees looked like to the system when every file of theirs was last compared.
//!
//! A stamp holds the archives that were compared too (see [`Store::check_stamped`]), so a row that was
//! made for others is only ever unequal. `verify` and `run --full` do not read this table.
//!
//! [`Store::check_stamped`]: crate::store::Store::check_stamped

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{History, HistoryError};
use crate::model::Sha256Digest;
use crate::store::InstallId;

impl History {
    /// The stamp recorded for a tree. One that cannot be read is none: a full check follows.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn stamp(&self, install: &InstallId) -> Result<Option<Sha256Digest>, HistoryError> {
        let sql = "SELECT stamp FROM stamps WHERE install = ?1";
        let found = self
            .connection
            .query_row(sql, params![install.to_string()], |row| row.get::<_, String>(0))
            .optional()
            .map_err(|error| self.error(error))?;
        Ok(found.and_then(|stamp| stamp.parse().ok()))
    }

    /// Records a tree's stamp, in place of an earlier one.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_stamp(&self, install: &InstallId, stamp: &Sha256Digest, now: Timestamp) -> Result<(), HistoryError> {
        let sql = "INSERT INTO stamps (install, stamp, at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (install) DO UPDATE SET stamp = ?2, at = ?3";
        let values = params![install.to_string(), stamp.to_string(), now.as_microsecond()];
        self.connection.execute(sql, values).map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Forgets a tree's stamp. Says whether there was one.
    ///
    /// # Errors
    /// As for every write.
    pub fn forget_stamp(&self, install: &InstallId) -> Result<bool, HistoryError> {
        let gone = self
            .connection
            .execute("DELETE FROM stamps WHERE install = ?1", params![install.to_string()]);
        gone.map(|rows| rows > 0).map_err(|error| self.error(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_one_stamp() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("state.db")).unwrap();
        let tree = |text: &str| Sha256Digest::of(text).to_string().parse::<InstallId>().unwrap();
        let (one, two) = (Sha256Digest::of("1"), Sha256Digest::of("2"));
        assert_eq!(history.stamp(&tree("a")).unwrap(), None);
        history.record_stamp(&tree("a"), &one, Timestamp::UNIX_EPOCH).unwrap();
        history.record_stamp(&tree("a"), &two, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(history.stamp(&tree("a")).unwrap(), Some(two));
        assert_eq!(history.stamp(&tree("b")).unwrap(), None);
        assert!(history.forget_stamp(&tree("a")).unwrap() && !history.forget_stamp(&tree("a")).unwrap());
        assert_eq!(history.stamp(&tree("a")).unwrap(), None);
    }
}

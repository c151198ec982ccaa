//! What installed trees, pinned files and interpreters looked like to the system when they were last
//! read, or asked, in full.
//!
//! A stamp holds what was found too (see [`Store::check_stamped`] and [`FileStamp`]), so a row that was
//! made for something else is only ever unequal. `verify` and `run --full` do not read these tables.
//!
//! [`Store::check_stamped`]: crate::store::Store::check_stamped
//! [`FileStamp`]: crate::store::FileStamp

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{History, HistoryError};
use crate::model::Sha256Digest;
use crate::store::InstallId;

/// What an interpreter said of itself, and the stamp of everything it was made of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Word for word.
    pub answer: String,
    /// To be compared.
    pub stamp: Sha256Digest,
}

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

    /// The stamp recorded for a file whose content was what a lock pins.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn file_stamp(&self, path: &str) -> Result<Option<Sha256Digest>, HistoryError> {
        let sql = "SELECT stamp FROM file_stamps WHERE path = ?1";
        let found = self.connection.query_row(sql, params![path], |row| row.get::<_, String>(0));
        let found = found.optional().map_err(|error| self.error(error))?;
        Ok(found.and_then(|stamp| stamp.parse().ok()))
    }

    /// Records a file's stamp, in place of an earlier one.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_file_stamp(&self, path: &str, stamp: &Sha256Digest, now: Timestamp) -> Result<(), HistoryError> {
        let sql = "INSERT INTO file_stamps (path, stamp, at) VALUES (?1, ?2, ?3) \
                   ON CONFLICT (path) DO UPDATE SET stamp = ?2, at = ?3";
        let values = params![path, stamp.to_string(), now.as_microsecond()];
        self.connection.execute(sql, values).map_err(|error| self.error(error))?;
        Ok(())
    }

    /// What an interpreter said when it was last asked. What cannot be read is nothing: it is asked.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn remembered(&self, interpreter: &Path) -> Result<Option<Remembered>, HistoryError> {
        let sql = "SELECT answer, stamp FROM answers WHERE interpreter = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let Some(path) = interpreter.to_str() else { return Ok(None) };
        let found = self.connection.query_row(sql, params![path], row).optional();
        let found = found.map_err(|error| self.error(error))?;
        Ok(found.and_then(|(answer, stamp)| {
            let stamp = stamp.parse().ok()?;
            Some(Remembered { answer, stamp })
        }))
    }

    /// Records what an interpreter said, in place of what it said before.
    ///
    /// # Errors
    /// As for every write.
    pub fn remember(&self, interpreter: &Path, said: &Remembered, now: Timestamp) -> Result<(), HistoryError> {
        let sql = "INSERT INTO answers (interpreter, answer, stamp, at) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (interpreter) DO UPDATE SET answer = ?2, stamp = ?3, at = ?4";
        let Some(path) = interpreter.to_str() else { return Ok(()) };
        let values = params![path, said.answer, said.stamp.to_string(), now.as_microsecond()];
        self.connection.execute(sql, values).map_err(|error| self.error(error))?;
        Ok(())
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

    #[test]
    fn files_and_answers_are_kept_by_their_place() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("state.db")).unwrap();
        let (one, two) = (Sha256Digest::of("1"), Sha256Digest::of("2"));
        for stamp in [one, two] {
            history.record_file_stamp("/a", &stamp, Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(history.file_stamp("/a").unwrap(), Some(two));
        assert_eq!(history.file_stamp("/b").unwrap(), None);
        let said = |answer: &str| Remembered {
            answer: answer.into(),
            stamp: one,
        };
        for answer in ["a", "b"] {
            history.remember(Path::new("/p"), &said(answer), Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(history.remembered(Path::new("/p")).unwrap(), Some(said("b")));
        assert_eq!(history.remembered(Path::new("/q")).unwrap(), None);
    }
}

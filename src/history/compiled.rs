//! Digests of compiled Python that the store keeps.
//!
//! A kept batch counts only with the digest that was recorded when it was made: without this table a
//! file in the store could put other code beside a source. `verify` does not read it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};

use super::{History, HistoryError};
use crate::model::Sha256Digest;

impl History {
    /// The digests of what was made for `interpreter`, by key.
    pub fn compiled(&self, interpreter: &str) -> Result<BTreeMap<Sha256Digest, Sha256Digest>, HistoryError> {
        let sql = "SELECT key, digest FROM compiled WHERE interpreter = ?1";
        let mut statement = self.connection.prepare(sql).map_err(|error| self.error(error))?;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let rows = statement.query_map(params![interpreter], row).map_err(|error| self.error(error))?;
        let mut out = BTreeMap::new();
        for row in rows {
            let (key, digest) = row.map_err(|error| self.error(error))?;
            out.insert(self.read(&key, "compiled.key")?, self.read(&digest, "compiled.digest")?);
        }
        Ok(out)
    }

    /// Records what was made for `interpreter`: key and digest.
    pub fn record_compiled(&self, interpreter: &str, made: &[(Sha256Digest, Sha256Digest)], now: Timestamp) -> Result<(), HistoryError> {
        if made.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO compiled (key, interpreter, digest, at) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (key) DO UPDATE SET interpreter = ?2, digest = ?3, at = ?4";
        let record = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            for (key, digest) in made {
                transaction.execute(sql, params![key.to_string(), interpreter, digest.to_string(), now.as_microsecond()])?;
            }
            transaction.commit()
        };
        record().map_err(|error| self.error(error))
    }

    /// Forgets all of it, for `prune`.
    pub fn forget_compiled(&self) -> Result<(), HistoryError> {
        self.connection
            .execute("DELETE FROM compiled", ())
            .map_err(|error| self.error(error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_belong_to_an_interpreter_and_are_forgotten_together() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("state.db")).unwrap();
        let of = |text: &str| Sha256Digest::of(text.as_bytes());
        history
            .record_compiled("one", &[(of("a"), of("1")), (of("b"), of("2"))], Timestamp::UNIX_EPOCH)
            .unwrap();
        history
            .record_compiled("one", &[(of("a"), of("3"))], Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(history.compiled("one").unwrap(), [(of("a"), of("3")), (of("b"), of("2"))].into());
        assert!(history.compiled("two").unwrap().is_empty());
        history.forget_compiled().unwrap();
        assert!(history.compiled("one").unwrap().is_empty());
    }
}

//! How many tokens servers were let ask for, a day each.
//!
//! The attack: a server whose limit of a day is one of a connection, and that is started again and again.
//! Days are those of UTC. Two copies that run at once add to the same day, and each learns at its start what
//! was spent until then.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{History, HistoryError};
use crate::model::ServerName;

impl History {
    /// What was spent for a server of a scope on the day of `now`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn spent(&self, server: &ServerName, scope: &str, now: Timestamp) -> Result<u64, HistoryError> {
        let sql = "SELECT tokens FROM spent WHERE server = ?1 AND scope = ?2 AND day = ?3";
        let values = params![server.as_str(), scope, day(now)];
        let found: Option<i64> = self
            .connection
            .query_row(sql, values, |row| row.get(0))
            .optional()
            .map_err(|error| self.error(error))?;
        // What is no number of tokens is taken for all of them.
        Ok(found.map_or(0, |tokens| u64::try_from(tokens).unwrap_or(u64::MAX)))
    }

    /// Adds to what was spent today. Days before are forgotten.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_spent(&self, server: &ServerName, scope: &str, tokens: u64, now: Timestamp) -> Result<(), HistoryError> {
        let record = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let (server, day) = (server.as_str(), day(now));
            transaction.execute(
                "DELETE FROM spent WHERE server = ?1 AND scope = ?2 AND day < ?3",
                params![server, scope, day],
            )?;
            // Never beyond the largest number there is, where it would become a small one.
            transaction.execute(
                "INSERT INTO spent (server, scope, day, tokens) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (server, scope, day) DO UPDATE SET tokens = min(tokens, ?5 - ?4) + ?4",
                params![server, scope, day, i64::try_from(tokens).unwrap_or(i64::MAX), i64::MAX],
            )?;
            transaction.commit()
        };
        record().map_err(|error| self.error(error))
    }
}

fn day(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_added_up_and_the_next_one_begins_at_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state.db");
        let (one, two) = (History::open(&path).unwrap(), History::open(&path).unwrap());
        let server: ServerName = "s".parse().unwrap();
        let at = |hours: i64| Timestamp::from_second(hours * 3600).unwrap();
        let spent = |hours| one.spent(&server, "/l", at(hours)).unwrap();
        assert_eq!(spent(1), 0);
        one.record_spent(&server, "/l", 100, at(1)).unwrap();
        two.record_spent(&server, "/l", 20, at(23)).unwrap();
        assert_eq!((spent(2), spent(25)), (120, 0));
        assert_eq!(one.spent(&server, "/other", at(2)).unwrap(), 0);
        one.record_spent(&server, "/l", 7, at(25)).unwrap();
        assert_eq!((spent(26), spent(2)), (7, 0));
        one.record_spent(&server, "/l", u64::MAX, at(26)).unwrap();
        one.record_spent(&server, "/l", 5, at(26)).unwrap();
        assert_eq!(spent(26), u64::try_from(i64::MAX).unwrap());
    }
}

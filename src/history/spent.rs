//! How many tokens servers were let ask for, a day each.
//!
//! The attack: a server whose limit of a day is one of a connection, and that is started again and again, or
//! twice at once. Days are those of UTC. Whether there are enough left is said in the same step in which they
//! are taken, so that copies that run at once share one day.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{History, HistoryError};
use crate::model::ServerName;

impl History {
    /// Takes tokens from those that a server of a scope has on the day of `now`. Gives what is taken of the
    /// day then; `None`, and nothing is taken, where it would be more than `per_day`. Days before are
    /// forgotten. A clock that was set back begins no new day.
    ///
    /// # Errors
    /// As for every write: nothing was taken.
    pub fn take_tokens(
        &self,
        server: &ServerName,
        scope: &str,
        tokens: u64,
        per_day: u64,
        now: Timestamp,
    ) -> Result<Option<u64>, HistoryError> {
        let take = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let (server, day) = (server.as_str(), now.strftime("%Y-%m-%d").to_string());
            transaction.execute(
                "DELETE FROM spent WHERE server = ?1 AND scope = ?2 AND day < ?3",
                params![server, scope, day],
            )?;
            let sql = "SELECT day, tokens FROM spent WHERE server = ?1 AND scope = ?2 ORDER BY day DESC LIMIT 1";
            let found: Option<(String, i64)> = transaction
                .query_row(sql, params![server, scope], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let (day, before) = found.unwrap_or((day, 0));
            // What is no number of tokens is taken for all of them.
            let before = u64::try_from(before).unwrap_or(u64::MAX);
            let sum = before.checked_add(tokens).filter(|sum| *sum <= per_day);
            let Some((sum, kept)) = sum.and_then(|sum| Some((sum, i64::try_from(sum).ok()?))) else {
                return Ok(None);
            };
            transaction.execute(
                "INSERT INTO spent (server, scope, day, tokens) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (server, scope, day) DO UPDATE SET tokens = ?4",
                params![server, scope, day, kept],
            )?;
            transaction.commit()?;
            Ok(Some(sum))
        };
        take().map_err(|error| self.error(error))
    }
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
        let take = |history: &History, scope: &str, tokens, hours: i64| {
            let at = Timestamp::from_second(hours * 3600).unwrap();
            history.take_tokens(&server, scope, tokens, 150, at).unwrap()
        };
        assert_eq!(take(&one, "/l", 100, 1), Some(100));
        assert_eq!(take(&two, "/l", 20, 23), Some(120));
        assert_eq!(take(&one, "/l", 31, 23), None);
        assert_eq!(take(&one, "/other", 150, 2), Some(150));
        assert_eq!(take(&one, "/l", 30, 23), Some(150), "what was refused took nothing");
        assert_eq!(take(&one, "/l", 7, 25), Some(7));
        assert_eq!(take(&two, "/l", 144, 2), None, "the clock was set back");
        assert_eq!(take(&one, "/l", u64::MAX, 26), None);
        let set = "UPDATE spent SET tokens = -1";
        one.connection.execute(set, []).unwrap();
        assert_eq!(take(&one, "/l", 1, 26), None, "no number of tokens");
    }
}

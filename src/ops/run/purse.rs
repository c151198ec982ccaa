//! The day's tokens of an entry, counted in the history.
//!
//! The attack: two copies of `run` at once, each of which counts for itself. A completion waits until it is
//! counted; where it cannot be, it is refused.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::guard::ask::{Budget, NotTaken};
use crate::history::History;
use crate::model::ServerName;

/// Counts in the history's file, which is opened when a server first asks for a completion: few ever do.
#[derive(Debug)]
pub(super) struct Purse {
    file: PathBuf,
    server: ServerName,
    scope: String,
    history: Mutex<Option<History>>,
}

impl Purse {
    pub(super) const fn new(file: PathBuf, server: ServerName, scope: String) -> Self {
        let history = Mutex::new(None);
        Self {
            file,
            server,
            scope,
            history,
        }
    }
}

impl Budget for Purse {
    fn take(&self, tokens: u64, per_day: u64, now: Timestamp) -> Result<u64, NotTaken> {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let history = match &mut *history {
            Some(history) => history,
            none => none.insert(History::open(&self.file).map_err(|_| NotTaken::NotCounted)?),
        };
        let taken = history.take_tokens(&self.server, &self.scope, tokens, per_day, now);
        taken.map_err(|_| NotTaken::NotCounted)?.ok_or(NotTaken::TooMany)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_copies_have_one_day() {
        let home = tempfile::tempdir().unwrap();
        let purse = |file: &str| Purse::new(home.path().join(file), "s".parse().unwrap(), "/l".into());
        let (one, two) = (purse("state.db"), purse("state.db"));
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(one.take(60, 100, now), Ok(60));
        assert_eq!(two.take(60, 100, now), Err(NotTaken::TooMany));
        assert_eq!(two.take(40, 100, now), Ok(100));
        assert_eq!(one.take(1, 100, now), Err(NotTaken::TooMany));
        // All at once, and each token is taken once.
        let taken = std::thread::scope(|scope| {
            let copies: Vec<_> = (0..4)
                .map(|_| {
                    let purse = purse("state.db");
                    scope.spawn(move || (0..10).filter(|_| purse.take(7, 200, now).is_ok()).count())
                })
                .collect();
            copies.into_iter().map(|copy| copy.join().unwrap()).sum::<usize>()
        });
        assert_eq!(taken, 14, "of the 100 that are left");
        // What cannot be counted is not taken.
        std::fs::write(home.path().join("other.db"), "no database").unwrap();
        assert_eq!(purse("other.db").take(1, 100, now), Err(NotTaken::NotCounted));
        let other = rusqlite::Connection::open(home.path().join("state.db")).unwrap();
        other.execute_batch("DROP TABLE spent").unwrap();
        assert_eq!(one.take(1, 1_000, now), Err(NotTaken::NotCounted));
    }
}

//! The tokens of a day, which all connections of an entry share.
//!
//! The attack: a server that is started twice, or again and again, and has a day's tokens each time. So
//! whoever counts says yes or no in one step, and no other connection comes between.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

const DAY: i64 = 86_400;

/// Counts the tokens that a server was let ask for on a day (UTC's).
///
/// The guard itself touches no disk: what is kept there is asked through this, only where an entry is let
/// ask for completions at all, and while the connection waits.
pub trait Budget: Send + Sync + fmt::Debug {
    /// Takes tokens from the day's, all or none of them. Gives what is taken of that day then.
    ///
    /// # Errors
    /// There are not as many, or nobody can say: none were taken.
    fn take(&self, tokens: u64, per_day: u64, now: Timestamp) -> Result<u64, NotTaken>;
}

/// Why no tokens were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// It would be more than a day has.
    TooMany,
    /// The count could not be read or kept.
    NotCounted,
}

/// A count of one connection alone.
#[derive(Debug, Default)]
pub struct Alone {
    /// The last day there was, and what was taken of it.
    today: Mutex<Option<(i64, u64)>>,
}

impl Budget for Alone {
    fn take(&self, tokens: u64, per_day: u64, now: Timestamp) -> Result<u64, NotTaken> {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.as_second().div_euclid(DAY);
        // Only a later day is a new one: a clock that is set back gives nothing anew.
        let (day, taken) = today.filter(|(known, _)| *known >= day).unwrap_or((day, 0));
        let sum = taken.checked_add(tokens).filter(|sum| *sum <= per_day);
        let sum = sum.ok_or(NotTaken::TooMany)?;
        *today = Some((day, sum));
        Ok(sum)
    }
}

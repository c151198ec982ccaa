//! Removing old rows of the log: plan, then execute.
//!
//! The chain stays one that can be checked: a row at its end tells up to which row was removed, and
//! the hash of that one, from which the first row that stays follows. Approvals in force are never
//! lost: those whose row goes are written down again, with the time they were given.
//!
//! The attack: a log that somebody tampered with is pruned, and the traces are gone. A log that does
//! not hold together is not pruned.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde_json::json;

use super::chain::{self, Entry};
use super::events::EventKind;
use super::head::Head;
use super::recorded::{self, Given, Replay};
use super::{History, HistoryError};

/// What a retention removes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Up to this row.
    pub up_to: i64,
    /// How many rows.
    pub rows: i64,
    /// How many of each kind, as the rows name it.
    pub kinds: BTreeMap<String, i64>,
    /// How many approvals in force lose their row, and are written down again.
    pub carried: usize,
    /// How many rows stay.
    pub kept: i64,
}

impl History {
    /// What would go if rows older than this went: from the first row on, up to the first one that
    /// is not older.
    pub fn plan_retention(&self, older_than: Timestamp) -> Result<Plan, HistoryError> {
        let planned = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
            plan(&transaction, older_than).map(|(plan, _)| plan)
        };
        planned().map_err(|error: rusqlite::Error| self.error(error))
    }

    /// Removes what a plan says. A log that does not hold together stays as it is.
    pub fn execute_retention(&self, planned: &Plan, older_than: Timestamp, now: Timestamp) -> Result<(), HistoryError> {
        let check = self.verify_log(None)?;
        if !check.problems.is_empty() {
            return Err(HistoryError::Tampered {
                path: self.path.clone(),
                problems: check.problems.len(),
            });
        }
        let done = self.write(|transaction| self.retire(transaction, planned, older_than, now))?;
        if done {
            Ok(())
        } else {
            Err(HistoryError::PlanIsOld { path: self.path.clone() })
        }
    }

    fn retire(&self, transaction: &Transaction<'_>, planned: &Plan, older_than: Timestamp, now: Timestamp) -> rusqlite::Result<bool> {
        let (present, carried) = plan(transaction, older_than)?;
        // Rows that came since only stay; another first row or another end is another plan.
        if (present.up_to, present.rows, present.carried) != (planned.up_to, planned.rows, planned.carried) {
            return Ok(false);
        }
        let Some(hash) = chain::hash_of(transaction, present.up_to)? else {
            return Ok(false);
        };
        let at = now.as_microsecond();
        for approval in &carried {
            recorded::carry(transaction, approval, Some(at))?;
        }
        let s = if present.rows == 1 { "" } else { "s" };
        let detail = json!({
            "removed": chain::checkpoint_detail(&Head::new(present.up_to, hash)),
            "rows": present.rows,
            "kinds": present.kinds,
            "olderThan": older_than.to_string(),
            "by": self.who.as_ref().map(recorded::Who::json),
        });
        let row = Entry {
            at,
            server: None,
            kind: EventKind::Prune.as_str(),
            grade: None,
            summary: &format!("removed {} row{s} older than {older_than:.0} from the log", present.rows),
            detail: &detail.to_string(),
        };
        chain::append(transaction, &row)?;
        transaction.execute("INSERT INTO retention (up_to) VALUES (?1)", params![present.up_to])?;
        transaction.execute("DELETE FROM events WHERE id <= ?1", params![present.up_to])?;
        transaction.execute("DELETE FROM retention", ())?;
        Ok(true)
    }
}

fn plan(connection: &Connection, older_than: Timestamp) -> rusqlite::Result<(Plan, Vec<Given>)> {
    let first_kept: Option<i64> =
        connection.query_row("SELECT min(id) FROM events WHERE at >= ?1", [older_than.as_microsecond()], |row| {
            row.get(0)
        })?;
    let up_to = match first_kept {
        Some(id) => id - 1,
        None => chain::last(connection)?.count,
    };
    let mut statement = connection.prepare("SELECT kind, count(*) FROM events WHERE id <= ?1 GROUP BY kind")?;
    let kinds: BTreeMap<String, i64> = statement
        .query_map([up_to], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let rows = kinds.values().sum();
    let kept = connection.query_row("SELECT count(*) FROM events WHERE id > ?1", [up_to], |row| row.get(0))?;
    let carried = replayed(connection)?.told_up_to(up_to);
    let plan = Plan {
        up_to,
        rows,
        kinds,
        carried: carried.len(),
        kept,
    };
    Ok((plan, carried))
}

fn replayed(connection: &Connection) -> rusqlite::Result<Replay> {
    let mut replay = Replay::default();
    chain::each(connection, |id, row| replay.row(id, row))?;
    Ok(replay)
}

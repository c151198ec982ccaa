//! Going on with a log that was broken: a person who knows what happened acknowledges exactly that, in a
//! row of its own, and each check says so from then on.
//!
//! The attacks: a break that is waved through unseen, and one acknowledgement that covers what is
//! changed later. An acknowledgement names what was wrong down to the content of each row at which it
//! showed: the same row edited once more is a problem again. It says nothing for rows after itself, and
//! nothing where its own row does not follow from the one before.
//!
//! Approvals are never acknowledged. Those that the log does not tell of, those that it tells of and
//! that are gone, and those whose row was broken are taken back, with all of their server: they are to
//! be given anew.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use super::chain::{self, Entry, LogCheck, Problem};
use super::events::EventKind;
use super::head::{self, Head};
use super::recorded::{self, Replay, Who};
use super::{History, HistoryError};
use crate::model::Fingerprint;

/// A problem of the chain, and what stands at its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// The row at which it shows.
    pub row: i64,
    pub problem: Problem,
    /// The hash that the row has.
    pub stored: Option<String>,
    /// The hash of what it holds, after the row before it.
    pub found: String,
}

impl Broken {
    fn json(&self) -> Value {
        json!({"row": self.row, "said": self.problem.to_string(), "stored": self.stored, "found": self.found})
    }
}

/// A row that says that a person went on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Which row says so.
    pub row: i64,
    /// Who, as the system said then.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was wrong. May hold any text: show it escaped.
    pub said: Vec<String>,
    /// What it covers.
    broken: Vec<Value>,
}

/// What going on came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The row that says so.
    pub row: i64,
    /// The servers all of whose approvals were taken back, each with its scope.
    pub revoked: Vec<(String, String)>,
}

/// Reads such a row; `None` for any other.
pub(super) fn read(id: i64, row: &Entry<'_>) -> Option<Acknowledged> {
    if row.kind != EventKind::Break.as_str() {
        return None;
    }
    let detail: Value = serde_json::from_str(row.detail).ok()?;
    let said = detail["said"].as_array()?.iter();
    let by = &detail["by"];
    let name = by["user"].as_str().unwrap_or("an unknown user");
    Some(Acknowledged {
        row: id,
        by: format!(
            "{name} (uid {}) on {}",
            by["uid"],
            by["host"].as_str().unwrap_or("an unknown machine")
        ),
        at: Timestamp::from_microsecond(row.at).ok()?,
        said: said.filter_map(Value::as_str).map(str::to_owned).collect(),
        broken: detail["broken"].as_array()?.clone(),
    })
}

/// Takes the problems out that a later row acknowledges.
pub(super) fn set_aside(mut broken: Vec<Broken>, acknowledged: Vec<Acknowledged>) -> (Vec<Broken>, Vec<Acknowledged>) {
    broken.retain(|broken| {
        let json = broken.json();
        !acknowledged.iter().any(|told| told.row > broken.row && told.broken.contains(&json))
    });
    (broken, acknowledged)
}

/// Names what is wrong.
pub(super) fn fingerprint(problems: &[Problem], broken: &[Broken]) -> Fingerprint {
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let broken: Vec<_> = broken.iter().map(Broken::json).collect();
    Fingerprint::of_canonical(json!({"said": said, "broken": broken}).to_string().as_bytes())
}

impl Problem {
    /// Whether it is about what is noted beside the database, not about a row.
    pub const fn is_of_head(&self) -> bool {
        matches!(
            self,
            Self::Truncated { .. } | Self::Replaced { .. } | Self::NoHead { .. } | Self::BadHead { .. }
        )
    }
}

impl History {
    /// Goes on with a log that is broken, exactly as it was seen: appends a row that says what was wrong, takes
    /// back the approvals that the break leaves in doubt, and notes the end of the log anew.
    ///
    /// # Errors
    /// Something else is wrong than was seen, or it cannot be written: then nothing was.
    pub fn accept_break(&self, seen: &Fingerprint, now: Timestamp) -> Result<Accepted, HistoryError> {
        let accepted = self.write(|transaction| {
            let walked = chain::look(transaction, &self.path)?;
            if walked.check.fingerprint != *seen || walked.check.problems.is_empty() {
                return Ok(None);
            }
            let revoked = take_back(transaction, &walked.broken, now.as_microsecond(), self.who.as_ref())?;
            let row = append(transaction, &walked.check.problems, &walked.broken, now, self.who.as_ref())?;
            Ok(Some((Accepted { row, revoked }, walked.check)))
        })?;
        let Some((accepted, check)) = accepted else {
            return Err(HistoryError::PlanIsOld { path: self.path.clone() });
        };
        if check.problems.iter().any(Problem::is_of_head) {
            head::keep_anew(&self.connection, &self.path)?;
        }
        Ok(accepted)
    }

    /// Notes the last row anew beside the database, whatever is noted there: for a user who knows why the two
    /// differ, after restoring a backup for example. Where they did not fit, a row says so.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep_head(&self, now: Timestamp) -> Result<Head, HistoryError> {
        let problems: Vec<_> = self.verify_log(None)?.problems.into_iter().filter(Problem::is_of_head).collect();
        let head = head::keep_anew(&self.connection, &self.path)?;
        if problems.is_empty() {
            return Ok(head);
        }
        self.write(|transaction| append(transaction, &problems, &[], now, self.who.as_ref()))?;
        self.log_head()
    }
}

/// A check, and what it found of the chain.
pub(super) struct Looked {
    pub check: LogCheck,
    pub broken: Vec<Broken>,
}

fn append(
    transaction: &Transaction<'_>,
    problems: &[Problem],
    broken: &[Broken],
    now: Timestamp,
    who: Option<&Who>,
) -> rusqlite::Result<i64> {
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let more = match said.len() {
        0 | 1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let first = said.first().map(String::as_str).unwrap_or_default();
    let detail = json!({
        "said": said,
        "broken": broken.iter().map(Broken::json).collect::<Vec<_>>(),
        "by": who.map(Who::json),
    });
    let row = Entry {
        at: now.as_microsecond(),
        server: None,
        kind: EventKind::Break.as_str(),
        grade: Some("critical"),
        summary: &format!("went on with a broken log: {first}{more}"),
        detail: &detail.to_string(),
    };
    chain::append(transaction, &row)?;
    Ok(chain::last(transaction)?.count)
}

/// Takes back all approvals of the servers whose approvals the break leaves in doubt.
fn take_back(transaction: &Transaction<'_>, broken: &[Broken], at: i64, who: Option<&Who>) -> rusqlite::Result<Vec<(String, String)>> {
    let bad: BTreeSet<i64> = broken.iter().map(|broken| broken.row).collect();
    let mut replay = Replay::default();
    // What a broken row says was taken back stays so; what it says was given does not count.
    chain::each(transaction, |id, row| {
        if !bad.contains(&id) || row.kind == EventKind::Revoke.as_str() {
            replay.row(id, row);
        }
    })?;
    let mut revoked = Vec::new();
    for (server, scope) in replay.doubtful(recorded::in_force(transaction)?) {
        let count = transaction.execute(
            "UPDATE approvals SET revoked = ?3 WHERE server = ?1 AND scope = ?2 AND revoked IS NULL",
            params![server, scope, at],
        )?;
        recorded::revoked(transaction, &server, &scope, count, at, who)?;
        revoked.push((server, scope));
    }
    Ok(revoked)
}

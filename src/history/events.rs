//! The log of what happened, for `mcp-pin log`. It lets nothing start: approvals have their own table.

use jiff::Timestamp;
use rusqlite::params;
use serde_json::Value;

use super::chain::{self, Entry};
use super::{History, HistoryError, words};
use crate::model::{Grade, ServerName};

words! {
    /// What happened.
    EventKind {
        /// A server was installed.
        Install = "install",
        /// A server got another version.
        Update = "update",
        /// A check ended.
        Verify = "verify",
        /// The user agreed to something.
        Approve = "approve",
        /// Something differs from its pin.
        Drift = "drift",
        /// A client ran a server: what was decided on its connection.
        Run = "run",
        /// Something was refused.
        Refusal = "refusal",
        /// Somebody was told.
        Alert = "alert",
        /// A server was taken out.
        Remove = "remove",
        /// A server went back to an earlier pin.
        Rollback = "rollback",
        /// Approvals were taken back.
        Revoke = "revoke",
        /// The user logged in at a remote server, or forgot the login.
        Login = "login",
        /// Checks by the clock were switched on or off, or one of them ran.
        Schedule = "schedule",
        /// Old rows were removed from the log.
        Prune = "prune",
        /// A person went on with a log that was broken.
        Break = "break",
    }
}

/// An event to record.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// The server it is about, if one.
    pub server: Option<&'a ServerName>,
    /// What happened.
    pub kind: EventKind,
    /// The worst grade, if anything was found.
    pub grade: Option<Grade>,
    /// One line.
    pub summary: &'a str,
    /// Anything a program may want.
    pub detail: &'a Value,
}

/// A recorded event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the chain, from 1 on.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// The server it is about, if one.
    pub server: Option<ServerName>,
    /// What happened.
    pub kind: EventKind,
    /// The worst grade, if anything was found.
    pub grade: Option<Grade>,
    /// One line. May hold text of a server: show it escaped.
    pub summary: String,
    /// Anything a program may want.
    pub detail: Value,
    /// Its hash, over this row and the hash of the one before it; `None` for a row that something
    /// else than mcp-pin put there.
    pub hash: Option<String>,
}

/// Which events to show.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only this server's.
    pub server: Option<ServerName>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// Only these kinds; all without any.
    pub kinds: Vec<EventKind>,
    /// Only those of at least this grade.
    pub grade: Option<Grade>,
    /// At most so many, the newest; `None` for all.
    pub limit: Option<u32>,
}

type Row = (i64, i64, Option<String>, String, Option<String>, String, String, Option<String>);

impl History {
    /// Appends an event to the log.
    pub fn record_event(&self, new: &NewEvent<'_>, now: Timestamp) -> Result<(), HistoryError> {
        let detail = new.detail.to_string();
        let row = Entry {
            at: now.as_microsecond(),
            server: new.server.map(ServerName::as_str),
            kind: new.kind.as_str(),
            grade: new.grade.map(Grade::as_str),
            summary: new.summary,
            detail: &detail,
        };
        self.write(|transaction| chain::append(transaction, &row))
    }

    /// The events that fit, newest first.
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<Event>, HistoryError> {
        let rows: Vec<Row> = self.event_rows(filter).map_err(|error| self.error(error))?;
        rows.into_iter().map(|row| self.event(row)).collect()
    }

    fn event_rows(&self, filter: &EventFilter) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, at, server, kind, grade, summary, detail, hash FROM events
             WHERE (?1 IS NULL OR server = ?1) AND (?2 IS NULL OR at >= ?2)
               AND (?3 = '' OR instr(?3, ',' || kind || ','))
               AND (?4 = '' OR instr(?4, ',' || grade || ','))
             ORDER BY id DESC LIMIT ?5",
        )?;
        let server = filter.server.as_ref().map(ServerName::as_str);
        let since = filter.since.map(Timestamp::as_microsecond);
        let kinds = listed(filter.kinds.iter().map(|kind| kind.as_str()));
        let grades = [Grade::Info, Grade::Notice, Grade::Warning, Grade::Critical].into_iter();
        let grades = filter
            .grade
            .map(|least| listed(grades.filter(|grade| *grade >= least).map(Grade::as_str)))
            .unwrap_or_default();
        let limit = filter.limit.map_or(-1, i64::from);
        let rows = statement.query_map(params![server, since, kinds, grades, limit], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
            ))
        })?;
        rows.collect()
    }

    fn event(&self, (id, at, server, kind, grade, summary, detail, hash): Row) -> Result<Event, HistoryError> {
        Ok(Event {
            id,
            at: self.read_time(at, "events.at")?,
            server: server.map(|text| self.read(&text, "events.server")).transpose()?,
            kind: self.read(&kind, "events.kind")?,
            grade: self.read_grade(grade.as_deref(), "events.grade")?,
            summary,
            detail: self.read(&detail, "events.detail")?,
            hash,
        })
    }
}

/// Words between commas, for a search of a whole one; empty for none.
fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.fold(String::new(), |list, word| {
        let comma = if list.is_empty() { "," } else { "" };
        format!("{list}{comma}{word},")
    })
}

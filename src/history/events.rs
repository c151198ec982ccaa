//! The log of what happened, for `mcp-pin log`. It proves nothing: approvals have their own table.

use jiff::Timestamp;
use rusqlite::params;
use serde_json::Value;

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
    /// Rises with time.
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
}

/// Which events to show.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only this server's.
    pub server: Option<ServerName>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// At most so many, the newest; `None` for all.
    pub limit: Option<u32>,
}

type Row = (i64, i64, Option<String>, String, Option<String>, String, String);

impl History {
    /// Records an event.
    pub fn record_event(&self, new: &NewEvent<'_>, now: Timestamp) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "INSERT INTO events (at, server, kind, grade, summary, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    now.as_microsecond(),
                    new.server.map(ServerName::as_str),
                    new.kind.as_str(),
                    new.grade.map(Grade::as_str),
                    new.summary,
                    new.detail.to_string(),
                ],
            )
            .map(drop)
            .map_err(|error| self.error(error))
    }

    /// The events that fit, newest first.
    pub fn events(&self, filter: &EventFilter) -> Result<Vec<Event>, HistoryError> {
        let rows: Vec<Row> = self.event_rows(filter).map_err(|error| self.error(error))?;
        rows.into_iter().map(|row| self.event(row)).collect()
    }

    fn event_rows(&self, filter: &EventFilter) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare(
            "SELECT id, at, server, kind, grade, summary, detail FROM events
             WHERE (?1 IS NULL OR server = ?1) AND (?2 IS NULL OR at >= ?2)
             ORDER BY at DESC, id DESC LIMIT ?3",
        )?;
        let server = filter.server.as_ref().map(ServerName::as_str);
        let since = filter.since.map(Timestamp::as_microsecond);
        let limit = filter.limit.map_or(-1, i64::from);
        let rows = statement.query_map(params![server, since, limit], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
            ))
        })?;
        rows.collect()
    }

    fn event(&self, (id, at, server, kind, grade, summary, detail): Row) -> Result<Event, HistoryError> {
        Ok(Event {
            id,
            at: self.read_time(at, "events.at")?,
            server: server.map(|text| self.read(&text, "events.server")).transpose()?,
            kind: self.read(&kind, "events.kind")?,
            grade: self.read_grade(grade.as_deref(), "events.grade")?,
            summary,
            detail: self.read(&detail, "events.detail")?,
        })
    }
}

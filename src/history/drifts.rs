//! Drift that was seen and not yet dealt with, kept so that `approve NAME` accepts exactly what
//! was seen, not what the server says a minute later.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{History, HistoryError, words};
use crate::model::{Fingerprint, Grade, ServerName};

words! {
    /// How a drift ended.
    Resolution {
        /// The user approved it.
        Accepted = "accepted",
        /// The server is as pinned again.
        Gone = "gone",
        /// Another drift of the same server took its place.
        Superseded = "superseded",
        /// The server was removed, updated or rolled back.
        Replaced = "replaced",
    }
}

/// A drift to record.
#[derive(Debug, Clone)]
pub struct NewDrift<'a> {
    /// The report's fingerprint, which covers the candidate.
    pub fingerprint: &'a Fingerprint,
    /// The server.
    pub server: &'a ServerName,
    /// The lock it stands in, as an absolute path.
    pub scope: &'a str,
    /// The worst grade.
    pub grade: Grade,
    /// The whole entry as it would be after acceptance: a lock's text with this one server.
    pub candidate: &'a str,
}

/// A drift nobody has dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDrift {
    /// The report's fingerprint.
    pub fingerprint: Fingerprint,
    /// The worst grade.
    pub grade: Grade,
    /// As it was recorded.
    pub candidate: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

type Row = (String, String, String, i64, i64);

impl History {
    /// Records a drift, or that it was seen again. Any other open drift of the same server and
    /// scope is superseded: one at a time is open.
    pub fn record_drift(&self, new: &NewDrift<'_>, now: Timestamp) -> Result<(), HistoryError> {
        self.record_drift_rows(new, now).map_err(|error| self.error(error))
    }

    fn record_drift_rows(&self, new: &NewDrift<'_>, now: Timestamp) -> rusqlite::Result<()> {
        let (server, fingerprint, at) = (new.server.as_str(), new.fingerprint.as_str(), now.as_microsecond());
        let transaction = rusqlite::Transaction::new_unchecked(&self.connection, rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute(
            "UPDATE drifts SET resolved = ?4, resolution = 'superseded'
             WHERE server = ?1 AND scope = ?2 AND fingerprint <> ?3 AND resolved IS NULL",
            params![server, new.scope, fingerprint, at],
        )?;
        transaction.execute(
            "INSERT INTO drifts (fingerprint, server, scope, grade, candidate, first_seen, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
             ON CONFLICT (server, scope, fingerprint) DO UPDATE
             SET last_seen = excluded.last_seen, grade = excluded.grade, candidate = excluded.candidate, resolved = NULL, resolution = NULL",
            params![fingerprint, server, new.scope, new.grade.as_str(), new.candidate, at],
        )?;
        transaction.commit()
    }

    /// The open drift of a server in a scope.
    pub fn open_drift(&self, server: &ServerName, scope: &str) -> Result<Option<OpenDrift>, HistoryError> {
        let row: Option<Row> = self
            .connection
            .query_row(
                "SELECT fingerprint, grade, candidate, first_seen, last_seen FROM drifts
                 WHERE server = ?1 AND scope = ?2 AND resolved IS NULL ORDER BY last_seen DESC, id DESC LIMIT 1",
                params![server.as_str(), scope],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
            )
            .optional()
            .map_err(|error| self.error(error))?;
        let Some((fingerprint, grade, candidate, first_seen, last_seen)) = row else {
            return Ok(None);
        };
        Ok(Some(OpenDrift {
            fingerprint: self.read(&fingerprint, "drifts.fingerprint")?,
            grade: self.read(&grade, "drifts.grade")?,
            candidate,
            first_seen: self.read_time(first_seen, "drifts.first_seen")?,
            last_seen: self.read_time(last_seen, "drifts.last_seen")?,
        }))
    }

    /// Closes the open drift of this fingerprint, and no other one that took its place meanwhile.
    /// Says whether there was one.
    pub fn resolve_drift(
        &self,
        server: &ServerName,
        scope: &str,
        fingerprint: &Fingerprint,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<bool, HistoryError> {
        self.connection
            .execute(
                "UPDATE drifts SET resolved = ?5, resolution = ?4
                 WHERE server = ?1 AND scope = ?2 AND fingerprint = ?3 AND resolved IS NULL",
                params![
                    server.as_str(),
                    scope,
                    fingerprint.as_str(),
                    resolution.as_str(),
                    now.as_microsecond()
                ],
            )
            .map(|rows| rows > 0)
            .map_err(|error| self.error(error))
    }
}

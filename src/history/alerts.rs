//! Who was told of what, what waits to be delivered, and how each channel of alerts is doing.
//!
//! The attacks: a drift that is told of so often that nobody reads it any more, and one that is never
//! told of because a row says that it was. A row of `alerts_told` is written only after a receiver took
//! the alert; until then it waits, and is tried again.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Params, Row, Transaction, TransactionBehavior, params};

use super::{History, HistoryError, words};
use crate::model::{Fingerprint, ServerName};

/// How many alerts of one channel wait at most; the least go first, and of these the oldest.
const WAITING: i64 = 100;
/// How much is lost with an alert that is given up: a flood of notices must not push out what is worse.
const WORTH: &str = "CASE WHEN kind IN ('refused', 'undecided') THEN 1 WHEN NOT json_valid(alert) THEN 0
     ELSE CASE json_extract(alert, '$.grade') WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END END";

words! {
    /// What saw it. What only a running server shows is not gone because a check does not see it.
    AlertSource {
        /// `verify`.
        Check = "check",
        /// A running server.
        Run = "run",
        /// A server that was not started.
        Start = "start",
        /// An approval, which does not last and is not remembered.
        Approval = "approval",
    }
}

/// Where an alert belongs.
#[derive(Debug, Clone, Copy)]
pub struct AlertPlace<'a> {
    /// The channel's name.
    pub channel: &'a str,
    /// The lock's path.
    pub scope: &'a str,
    /// The server.
    pub server: &'a ServerName,
    /// What saw it.
    pub source: AlertSource,
}

/// What a channel was told, and was not told to be over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What saw it.
    pub source: AlertSource,
    /// What kind of news it was.
    pub kind: String,
    /// Names the news.
    pub fingerprint: Fingerprint,
    /// The findings it was about.
    pub findings: BTreeSet<Fingerprint>,
    /// When it was last told.
    pub told: Timestamp,
    /// When it was last seen.
    pub seen: Timestamp,
}

/// An alert to deliver.
#[derive(Debug, Clone)]
pub struct NewAlert<'a> {
    /// What kind of news.
    pub kind: &'a str,
    /// Names the news.
    pub fingerprint: &'a Fingerprint,
    /// The findings it is about.
    pub findings: &'a BTreeSet<Fingerprint>,
    /// The alert's own form.
    pub alert: &'a str,
}

/// An alert that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its row.
    pub id: i64,
    /// The lock's path.
    pub scope: String,
    /// The server.
    pub server: ServerName,
    /// What saw it.
    pub source: AlertSource,
    /// What kind of news.
    pub kind: String,
    /// Names the news.
    pub fingerprint: Fingerprint,
    /// The findings it is about.
    pub findings: BTreeSet<Fingerprint>,
    /// The alert's own form.
    pub alert: String,
    /// Since when it waits.
    pub queued: Timestamp,
}

/// How a channel is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelState {
    /// When it last took something.
    pub success: Option<Timestamp>,
    /// When it last failed.
    pub failure: Option<Timestamp>,
    /// Why it failed, if it has not taken anything since.
    pub error: Option<String>,
    /// How often it failed in a row.
    pub tries: u32,
    /// Before this, it is not tried again.
    pub next: Option<Timestamp>,
    /// How many alerts were given up.
    pub dropped: u64,
}

type TimeRow = Option<i64>;

impl History {
    /// What a channel was told about a server of a scope.
    ///
    /// # Errors
    /// As [`History::alerts_waiting`].
    pub fn alerts_told(&self, channel: &str, scope: &str, server: &ServerName) -> Result<Vec<Told>, HistoryError> {
        let sql = "SELECT source, kind, fingerprint, findings, told, seen FROM alerts_told WHERE channel = ?1 AND scope = ?2 AND server = ?3 ORDER BY told";
        let rows: Vec<(String, _, String, String, _, _)> = self.all(sql, params![channel, scope, server.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
        rows.into_iter()
            .map(|(source, kind, fingerprint, findings, told, seen)| {
                Ok(Told {
                    source: AlertSource::from_str(&source).map_err(|()| self.bad_row("alerts_told.source"))?,
                    kind,
                    fingerprint: self.read(&fingerprint, "alerts_told.fingerprint")?,
                    findings: self.prints(&findings)?,
                    told: self.read_time(told, "alerts_told.told")?,
                    seen: self.read_time(seen, "alerts_told.seen")?,
                })
            })
            .collect()
    }

    /// The servers of a scope that a channel was told something about, or waits to be.
    ///
    /// # Errors
    /// As [`History::alerts_waiting`].
    pub fn alerted_servers(&self, channel: &str, scope: &str) -> Result<BTreeSet<ServerName>, HistoryError> {
        let sql = "SELECT server FROM alerts_told WHERE channel = ?1 AND scope = ?2
             UNION SELECT server FROM alerts_waiting WHERE channel = ?1 AND scope = ?2 AND kind IN ('drift', 'undecided', 'refused')";
        let names: Vec<String> = self.all(sql, [channel, scope], |row| row.get(0))?;
        names.iter().map(|name| self.read(name, "alerts_told.server")).collect()
    }

    /// Records that a channel took an alert, or that it counts as told.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn record_told(&self, place: AlertPlace<'_>, told: &Told) -> Result<(), HistoryError> {
        self.execute(
            "INSERT INTO alerts_told (channel, scope, server, source, kind, fingerprint, findings, told, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET kind = excluded.kind, findings = excluded.findings, told = excluded.told, seen = excluded.seen",
            params![
                place.channel,
                place.scope,
                place.server.as_str(),
                place.source.as_str(),
                told.kind,
                told.fingerprint.as_str(),
                joined(&told.findings),
                told.told.as_microsecond(),
                told.seen.as_microsecond()
            ],
        )
    }

    /// Forgets one thing that a channel was told: when it comes back, it is news.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn forget_told(&self, place: AlertPlace<'_>, fingerprint: &Fingerprint) -> Result<(), HistoryError> {
        let AlertPlace {
            channel,
            scope,
            server,
            source,
        } = place;
        self.execute(
            "DELETE FROM alerts_told WHERE channel = ?1 AND scope = ?2 AND server = ?3 AND source = ?4 AND fingerprint = ?5",
            params![channel, scope, server.as_str(), source.as_str(), fingerprint.as_str()],
        )
    }

    /// Forgets all that a channel was told about a server: by its starts, where the place's source is
    /// one, else by checks and by runs.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn forget_all_told(&self, place: AlertPlace<'_>) -> Result<(), HistoryError> {
        let AlertPlace {
            channel,
            scope,
            server,
            source,
        } = place;
        let start = source == AlertSource::Start;
        self.execute(
            "DELETE FROM alerts_told WHERE channel = ?1 AND scope = ?2 AND server = ?3 AND (source = 'start') = ?4",
            params![channel, scope, server.as_str(), start],
        )
    }

    /// Adds an alert to what waits for a channel, unless the last thing that waits about the same news
    /// is the same. Where too many wait, the oldest of the least is given up, and counted.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn queue_alert(&self, place: AlertPlace<'_>, new: &NewAlert<'_>, now: Timestamp) -> Result<(), HistoryError> {
        self.queue_rows(place, new, now).map_err(|error| self.error(error))
    }

    fn queue_rows(&self, place: AlertPlace<'_>, new: &NewAlert<'_>, now: Timestamp) -> rusqlite::Result<()> {
        let AlertPlace {
            channel,
            scope,
            server,
            source,
        } = place;
        let (server, source, print) = (server.as_str(), source.as_str(), new.fingerprint.as_str());
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let last: Option<String> = transaction
            .query_row(
                "SELECT kind FROM alerts_waiting WHERE channel = ?1 AND scope = ?2 AND server = ?3 AND source = ?4 AND fingerprint = ?5 ORDER BY id DESC LIMIT 1",
                params![channel, scope, server, source, print],
                |row| row.get(0),
            )
            .optional()?;
        if last.as_deref() == Some(new.kind) {
            return Ok(());
        }
        transaction.execute(
            "INSERT INTO alerts_waiting (channel, scope, server, source, kind, fingerprint, findings, alert, queued) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![channel, scope, server, source, new.kind, print, joined(new.findings), new.alert, now.as_microsecond()],
        )?;
        let dropped = transaction.execute(
            &format!(
                "DELETE FROM alerts_waiting WHERE channel = ?1
                 AND id NOT IN (SELECT id FROM alerts_waiting WHERE channel = ?1 ORDER BY {WORTH} DESC, id DESC LIMIT ?2)"
            ),
            params![channel, WAITING],
        )?;
        count_dropped(&transaction, channel, dropped)?;
        transaction.commit()
    }

    /// What waits for a channel, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn alerts_waiting(&self, channel: &str) -> Result<Vec<Waiting>, HistoryError> {
        let sql = "SELECT id, scope, server, source, kind, fingerprint, findings, alert, queued FROM alerts_waiting WHERE channel = ?1 ORDER BY id";
        let rows: Vec<(_, _, String, String, _, String, String, _, _)> = self.all(sql, [channel], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
                row.get(7)?,
                row.get(8)?,
            ))
        })?;
        rows.into_iter()
            .map(|(id, scope, server, source, kind, fingerprint, findings, alert, queued)| {
                Ok(Waiting {
                    id,
                    scope,
                    server: self.read(&server, "alerts_waiting.server")?,
                    source: AlertSource::from_str(&source).map_err(|()| self.bad_row("alerts_waiting.source"))?,
                    kind,
                    fingerprint: self.read(&fingerprint, "alerts_waiting.fingerprint")?,
                    findings: self.prints(&findings)?,
                    alert,
                    queued: self.read_time(queued, "alerts_waiting.queued")?,
                })
            })
            .collect()
    }

    /// Takes an alert from what waits: it was delivered, or is no news any more.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn unqueue_alert(&self, id: i64) -> Result<(), HistoryError> {
        self.execute("DELETE FROM alerts_waiting WHERE id = ?1", [id])
    }

    /// Gives up what has waited for a channel since before `since`, and counts it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn give_up_alerts(&self, channel: &str, since: Timestamp) -> Result<usize, HistoryError> {
        let give_up = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let dropped = transaction.execute(
                "DELETE FROM alerts_waiting WHERE channel = ?1 AND queued < ?2",
                params![channel, since.as_microsecond()],
            )?;
            count_dropped(&transaction, channel, dropped)?;
            transaction.commit()?;
            Ok(dropped)
        };
        give_up().map_err(|error| self.error(error))
    }

    /// How a channel is doing.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn alert_channel(&self, channel: &str) -> Result<ChannelState, HistoryError> {
        let row: Option<(TimeRow, TimeRow, Option<String>, u32, TimeRow, i64)> = self
            .connection
            .query_row(
                "SELECT success, failure, error, tries, next, dropped FROM alert_channels WHERE channel = ?1",
                [channel],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
            )
            .optional()
            .map_err(|error| self.error(error))?;
        let Some((success, failure, error, tries, next, dropped)) = row else {
            return Ok(ChannelState::default());
        };
        let time = |time: TimeRow| time.map(|time| self.read_time(time, "alert_channels")).transpose();
        Ok(ChannelState {
            success: time(success)?,
            failure: time(failure)?,
            error,
            tries,
            next: time(next)?,
            dropped: dropped.unsigned_abs(),
        })
    }

    /// Records that a channel took something.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn channel_succeeded(&self, channel: &str, now: Timestamp) -> Result<(), HistoryError> {
        self.execute(
            "INSERT INTO alert_channels (channel, success, tries, dropped) VALUES (?1, ?2, 0, 0)
             ON CONFLICT DO UPDATE SET success = excluded.success, error = NULL, tries = 0, next = NULL",
            params![channel, now.as_microsecond()],
        )
    }

    /// Records that a channel failed, and when it is tried again.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn channel_failed(&self, channel: &str, error: &str, now: Timestamp, next: Timestamp) -> Result<(), HistoryError> {
        self.execute(
            "INSERT INTO alert_channels (channel, failure, error, tries, next, dropped) VALUES (?1, ?2, ?3, 1, ?4, 0)
             ON CONFLICT DO UPDATE SET failure = excluded.failure, error = excluded.error, tries = tries + 1, next = excluded.next",
            params![channel, now.as_microsecond(), error, next.as_microsecond()],
        )
    }

    /// The channels that something waits for.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn waiting_channels(&self) -> Result<Vec<String>, HistoryError> {
        self.all("SELECT DISTINCT channel FROM alerts_waiting ORDER BY channel", (), |row| row.get(0))
    }

    /// Runs one statement.
    fn execute(&self, sql: &str, params: impl Params) -> Result<(), HistoryError> {
        self.connection.execute(sql, params).map(drop).map_err(|error| self.error(error))
    }

    /// Every row that a query finds.
    fn all<T>(&self, sql: &str, params: impl Params, row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, HistoryError> {
        let rows = || -> rusqlite::Result<Vec<T>> { self.connection.prepare(sql)?.query_map(params, row)?.collect() };
        rows().map_err(|error| self.error(error))
    }

    fn prints(&self, text: &str) -> Result<BTreeSet<Fingerprint>, HistoryError> {
        text.split_whitespace().map(|print| self.read(print, "alerts.findings")).collect()
    }
}

fn count_dropped(transaction: &Transaction<'_>, channel: &str, dropped: usize) -> rusqlite::Result<()> {
    if dropped == 0 {
        return Ok(());
    }
    transaction
        .execute(
            "INSERT INTO alert_channels (channel, tries, dropped) VALUES (?1, 0, ?2) ON CONFLICT DO UPDATE SET dropped = dropped + excluded.dropped",
            params![channel, i64::try_from(dropped).unwrap_or(i64::MAX)],
        )
        .map(drop)
}

fn joined(prints: &BTreeSet<Fingerprint>) -> String {
    prints.iter().map(Fingerprint::as_str).collect::<Vec<_>>().join(" ")
}

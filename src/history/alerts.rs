//! Who was told of which drift: once per distinct drift and channel.

use jiff::Timestamp;
use rusqlite::params;

use super::{History, HistoryError};
use crate::model::Fingerprint;

impl History {
    /// Whether this drift was never sent over this channel (`desktop`). Ask, send, and only then
    /// [`History::record_alert`]: an alert that could not be sent stays due.
    pub fn alert_due(&self, channel: &str, fingerprint: &Fingerprint) -> Result<bool, HistoryError> {
        self.connection
            .query_row(
                "SELECT NOT EXISTS (SELECT 1 FROM alerts_sent WHERE channel = ?1 AND fingerprint = ?2)",
                params![channel, fingerprint.as_str()],
                |row| row.get(0),
            )
            .map_err(|error| self.error(error))
    }

    /// Records that it was sent.
    pub fn record_alert(&self, channel: &str, fingerprint: &Fingerprint, now: Timestamp) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "INSERT INTO alerts_sent (channel, fingerprint, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![channel, fingerprint.as_str(), now.as_microsecond()],
            )
            .map(drop)
            .map_err(|error| self.error(error))
    }
}

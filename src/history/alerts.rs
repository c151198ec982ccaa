//! Who was told of which drift: once per distinct drift and channel.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};

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

    /// Forgets what was sent over a channel, except of the drifts that are there now: one that goes
    /// away and comes back is told again. Says how many were forgotten.
    ///
    /// `keep` must hold every drift of every scope that was just looked at, and of those that were
    /// not looked at as well: what is left out becomes due again.
    pub fn forget_alerts(&self, channel: &str, keep: &BTreeSet<Fingerprint>) -> Result<usize, HistoryError> {
        self.drop_alerts(channel, keep).map_err(|error| self.error(error))
    }

    fn drop_alerts(&self, channel: &str, keep: &BTreeSet<Fingerprint>) -> rusqlite::Result<usize> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let mut gone: Vec<String> = transaction
            .prepare("SELECT fingerprint FROM alerts_sent WHERE channel = ?1")?
            .query_map([channel], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        gone.retain(|sent| !keep.iter().any(|kept| kept.as_str() == sent));
        for sent in &gone {
            transaction.execute(
                "DELETE FROM alerts_sent WHERE channel = ?1 AND fingerprint = ?2",
                params![channel, sent],
            )?;
        }
        transaction.commit()?;
        Ok(gone.len())
    }
}

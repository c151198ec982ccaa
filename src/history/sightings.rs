//! What running servers showed that differs from their pins, kept until somebody dealt with it.
//!
//! The attack: a server that turns only while it is used. Whoever looks for its drift later starts it
//! anew, is shown the pinned surface, and believes that all is well. So what a connection saw stays open,
//! by the fingerprint of each finding: a probe that shows the same takes it over, as drift that can be
//! approved; of what no probe shows, nothing can be approved, for nobody knows what the whole would be.
//! It can only be acknowledged.
//!
//! No text of a server is kept, but for what titles of findings hold of it.

use std::str::FromStr as _;

use jiff::Timestamp;
use rusqlite::params;

use super::{History, HistoryError, Resolution};
use crate::model::{Finding, Fingerprint, Grade, ServerName};

/// More than this of one server and one grade is not kept: a server that differs in a thousand ways differs.
const MOST: i64 = 500;

/// A finding of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// As `verify` would have it.
    pub fingerprint: Fingerprint,
    /// The finding's code.
    pub code: String,
    /// How bad.
    pub grade: Grade,
    /// What inside the server.
    pub subject: String,
    /// One line.
    pub title: String,
    /// When a connection saw it last.
    pub last_seen: Timestamp,
    /// When a probe since then did not show it.
    pub missed: Option<Timestamp>,
}

type Row = (String, String, String, String, String, i64, Option<i64>);

impl History {
    /// Records what a connection saw. What was acknowledged stays so; what ended in another way is open again.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_sighting(&self, scope: &str, finding: &Finding, now: Timestamp) -> Result<(), HistoryError> {
        self.record_sighting_row(scope, finding, now).map_err(|error| self.error(error))
    }

    fn record_sighting_row(&self, scope: &str, finding: &Finding, now: Timestamp) -> rusqlite::Result<()> {
        let Finding { server, fingerprint, .. } = finding;
        let at = now.as_microsecond();
        let transaction = rusqlite::Transaction::new_unchecked(&self.connection, rusqlite::TransactionBehavior::Immediate)?;
        let again = transaction.execute(
            "UPDATE sightings SET last_seen = ?4, grade = ?5, title = ?6, missed = NULL,
                 resolved = CASE resolution WHEN 'accepted' THEN resolved END,
                 resolution = CASE resolution WHEN 'accepted' THEN resolution END
             WHERE server = ?1 AND scope = ?2 AND fingerprint = ?3",
            params![
                server.as_str(),
                scope,
                fingerprint.as_str(),
                at,
                finding.grade.as_str(),
                finding.title
            ],
        )?;
        if again == 0 {
            transaction.execute(
                "INSERT INTO sightings (server, scope, fingerprint, code, grade, subject, title, first_seen, last_seen)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8
                 WHERE (SELECT count(*) FROM sightings WHERE server = ?1 AND scope = ?2 AND grade = ?5) < ?9",
                params![
                    server.as_str(),
                    scope,
                    fingerprint.as_str(),
                    finding.code,
                    finding.grade.as_str(),
                    finding.subject,
                    finding.title,
                    at,
                    MOST
                ],
            )?;
        }
        transaction.commit()
    }

    /// What connections saw of a server and nobody has dealt with, the first first.
    ///
    /// # Errors
    /// The database cannot be read, or a row is none of ours.
    pub fn open_sightings(&self, server: &ServerName, scope: &str) -> Result<Vec<Sighting>, HistoryError> {
        let rows = self.sighting_rows(server, scope).map_err(|error| self.error(error))?;
        let read = |(fingerprint, code, grade, subject, title, last_seen, missed): Row| {
            let bad = || self.bad_row("sightings");
            Ok(Sighting {
                fingerprint: fingerprint.parse().map_err(|_| bad())?,
                grade: Grade::from_str(&grade).map_err(|_| bad())?,
                last_seen: Timestamp::from_microsecond(last_seen).map_err(|_| bad())?,
                missed: missed.map(Timestamp::from_microsecond).transpose().map_err(|_| bad())?,
                code,
                subject,
                title,
            })
        };
        rows.into_iter().map(read).collect()
    }

    fn sighting_rows(&self, server: &ServerName, scope: &str) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self.connection.prepare(
            "SELECT fingerprint, code, grade, subject, title, last_seen, missed FROM sightings
             WHERE server = ?1 AND scope = ?2 AND resolved IS NULL ORDER BY first_seen, rowid",
        )?;
        let rows = statement.query_map(params![server.as_str(), scope], |row| {
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

    /// A probe of the server showed its whole surface, and not this.
    ///
    /// # Errors
    /// As for every write.
    pub fn missed_sighting(&self, server: &ServerName, scope: &str, fingerprint: &Fingerprint, now: Timestamp) -> Result<(), HistoryError> {
        let sql = "UPDATE sightings SET missed = ?4 WHERE server = ?1 AND scope = ?2 AND fingerprint = ?3 AND resolved IS NULL";
        let values = params![server.as_str(), scope, fingerprint.as_str(), now.as_microsecond()];
        self.connection.execute(sql, values).map(drop).map_err(|error| self.error(error))
    }

    /// Closes what connections saw: one finding, or all of a server's.
    ///
    /// # Errors
    /// As for every write.
    pub fn resolve_sightings(
        &self,
        server: &ServerName,
        scope: &str,
        fingerprint: Option<&Fingerprint>,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<(), HistoryError> {
        let sql = "UPDATE sightings SET resolved = ?5, resolution = ?4
                   WHERE server = ?1 AND scope = ?2 AND (?3 IS NULL OR fingerprint = ?3) AND resolved IS NULL";
        let values = params![
            server.as_str(),
            scope,
            fingerprint.map(Fingerprint::as_str),
            resolution.as_str(),
            now.as_microsecond()
        ];
        self.connection.execute(sql, values).map(drop).map_err(|error| self.error(error))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sighting_is_open_until_it_was_dealt_with() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("state.db")).unwrap();
        let server: ServerName = "s".parse().unwrap();
        let finding = |subject: &str| Finding::new("tool-added", Grade::Warning, &server, subject, "a new tool", &json!(subject));
        let at = |second| Timestamp::from_second(second).unwrap();
        let open = || history.open_sightings(&server, "/l").unwrap();
        for second in [1, 2] {
            history.record_sighting("/l", &finding("a"), at(second)).unwrap();
            history.record_sighting("/l", &finding("b"), at(second)).unwrap();
        }
        assert_eq!(history.open_sightings(&server, "/other").unwrap(), []);
        let [a, b] = &open()[..] else { panic!("{:?}", open()) };
        assert_eq!((a.subject.as_str(), a.last_seen, a.missed), ("a", at(2), None));
        let (a, b) = (a.fingerprint.clone(), b.fingerprint.clone());
        history.missed_sighting(&server, "/l", &a, at(3)).unwrap();
        assert_eq!(open()[0].missed, Some(at(3)));
        // Seen once more: that probe says nothing about it any longer.
        history.record_sighting("/l", &finding("a"), at(4)).unwrap();
        assert_eq!(open()[0].missed, None);
        let resolve = |print: Option<&Fingerprint>, how| history.resolve_sightings(&server, "/l", print, how, at(5)).unwrap();
        resolve(Some(&a), Resolution::Accepted);
        resolve(Some(&b), Resolution::Superseded);
        assert_eq!(open(), []);
        for subject in ["a", "b"] {
            history.record_sighting("/l", &finding(subject), at(6)).unwrap();
        }
        assert_eq!(open().iter().map(|open| open.subject.as_str()).collect::<Vec<_>>(), ["b"]);
        resolve(None, Resolution::Replaced);
        assert_eq!(open(), []);
    }

    #[test]
    fn a_server_cannot_fill_the_disk() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("state.db")).unwrap();
        let server: ServerName = "s".parse().unwrap();
        for number in 0..MOST + 5 {
            let finding = Finding::new("tool-added", Grade::Warning, &server, "", "t", &json!(number.to_string()));
            history.record_sighting("/l", &finding, Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(history.open_sightings(&server, "/l").unwrap().len(), usize::try_from(MOST).unwrap());
        // Nor hide something worse behind what it filled.
        let worse = Finding::new("tool-added", Grade::Critical, &server, "", "t", &json!("worse"));
        history.record_sighting("/l", &worse, Timestamp::UNIX_EPOCH).unwrap();
        let open = history.open_sightings(&server, "/l").unwrap();
        assert!(open.iter().any(|open| open.grade == Grade::Critical));
    }
}

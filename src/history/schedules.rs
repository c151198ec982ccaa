//! Which scopes are checked by a schedule, and what each scheduled run came to.
//!
//! The attacks: a schedule whose files were edited or taken away behind the user's back (the texts are
//! kept here, to compare), and one that looks enabled and does not run, or runs and cannot tell anybody
//! (each run leaves a row when it begins, and what it found when it ends).

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{History, HistoryError};

/// Runs that are kept for each scope.
const KEPT: i64 = 100;

/// A schedule as it was enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The scope's lockfile.
    pub scope: String,
    /// The name of its files.
    pub name: String,
    /// `systemd`, `launchd` or `cron`.
    pub backend: String,
    /// The interval in seconds.
    pub every: i64,
    /// It also looks for newer versions.
    pub updates: bool,
    /// The program that is run.
    pub program: String,
    /// The folders that programs are found in.
    pub folders: Vec<String>,
    /// What was written: the file (or, for a crontab, its name) and its text.
    pub files: Vec<(String, String)>,
    /// When.
    pub at: Timestamp,
}

/// What one scheduled run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledRun {
    /// When it began.
    pub began: Timestamp,
    /// When it ended, and how; `None`: it did not, or not yet.
    pub ended: Option<RunEnd>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// When.
    pub at: Timestamp,
    /// Its exit status.
    pub status: u8,
    /// One line: what it found. May hold text of a server: show it escaped.
    pub summary: String,
    /// Why nobody could have been told, over any channel; `None`: somebody could.
    pub untold: Option<String>,
}

type Row = (String, String, String, i64, bool, String, String, String, i64);
type RunRow = (i64, Option<i64>, Option<u8>, Option<String>, Option<String>);

impl History {
    /// Records a schedule, in place of an earlier one of the scope.
    pub fn record_schedule(&self, new: &Schedule) -> Result<(), HistoryError> {
        let (folders, files) = (serde_json::json!(new.folders).to_string(), serde_json::json!(new.files).to_string());
        self.connection
            .execute(
                "INSERT OR REPLACE INTO schedules (scope, name, backend, every, updates, program, folders, files, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    new.scope,
                    new.name,
                    new.backend,
                    new.every,
                    new.updates,
                    new.program,
                    folders,
                    files,
                    new.at.as_microsecond()
                ],
            )
            .map(drop)
            .map_err(|error| self.error(error))
    }

    /// All schedules, by scope.
    pub fn schedules(&self) -> Result<Vec<Schedule>, HistoryError> {
        let rows: Vec<Row> = self.schedule_rows().map_err(|error| self.error(error))?;
        rows.into_iter().map(|row| self.schedule_of(row)).collect()
    }

    fn schedule_rows(&self) -> rusqlite::Result<Vec<Row>> {
        let mut statement = self
            .connection
            .prepare("SELECT scope, name, backend, every, updates, program, folders, files, at FROM schedules ORDER BY scope")?;
        let rows = statement.query_map((), |row| {
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
        rows.collect()
    }

    fn schedule_of(&self, (scope, name, backend, every, updates, program, folders, files, at): Row) -> Result<Schedule, HistoryError> {
        Ok(Schedule {
            scope,
            name,
            backend,
            every,
            updates,
            program,
            folders: serde_json::from_str(&folders).map_err(|_| self.bad_row("schedules.folders"))?,
            files: serde_json::from_str(&files).map_err(|_| self.bad_row("schedules.files"))?,
            at: self.read_time(at, "schedules.at")?,
        })
    }

    /// Forgets a scope's schedule and its runs. Says whether there was one.
    pub fn forget_schedule(&self, scope: &str) -> Result<bool, HistoryError> {
        let gone = self.connection.execute("DELETE FROM schedules WHERE scope = ?1", [scope]);
        let gone = gone.map_err(|error| self.error(error))?;
        let runs = self.connection.execute("DELETE FROM scheduled_runs WHERE scope = ?1", [scope]);
        runs.map(|_| gone > 0).map_err(|error| self.error(error))
    }

    /// Records that a run began, and lets go of the oldest ones. The answer names it.
    pub fn begin_run(&self, scope: &str, now: Timestamp) -> Result<i64, HistoryError> {
        let begin = || {
            self.connection.execute(
                "INSERT INTO scheduled_runs (scope, began) VALUES (?1, ?2)",
                params![scope, now.as_microsecond()],
            )?;
            let id = self.connection.last_insert_rowid();
            self.connection.execute(
                "DELETE FROM scheduled_runs WHERE scope = ?1 AND id NOT IN
                 (SELECT id FROM scheduled_runs WHERE scope = ?1 ORDER BY id DESC LIMIT ?2)",
                params![scope, KEPT],
            )?;
            Ok(id)
        };
        begin().map_err(|error| self.error(error))
    }

    /// Records how a run ended.
    pub fn end_run(&self, id: i64, end: &RunEnd) -> Result<(), HistoryError> {
        self.connection
            .execute(
                "UPDATE scheduled_runs SET ended = ?2, status = ?3, summary = ?4, untold = ?5 WHERE id = ?1",
                params![id, end.at.as_microsecond(), end.status, end.summary, end.untold],
            )
            .map(drop)
            .map_err(|error| self.error(error))
    }

    /// The last run of a scope.
    pub fn last_run(&self, scope: &str) -> Result<Option<ScheduledRun>, HistoryError> {
        let row: Option<RunRow> = self
            .connection
            .query_row(
                "SELECT began, ended, status, summary, untold FROM scheduled_runs WHERE scope = ?1 ORDER BY id DESC LIMIT 1",
                [scope],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
            )
            .optional()
            .map_err(|error| self.error(error))?;
        let Some((began, ended, status, summary, untold)) = row else {
            return Ok(None);
        };
        let ended = match (ended, status, summary) {
            (Some(at), Some(status), Some(summary)) => Some(RunEnd {
                at: self.read_time(at, "scheduled_runs.ended")?,
                status,
                summary,
                untold,
            }),
            _ => None,
        };
        Ok(Some(ScheduledRun {
            began: self.read_time(began, "scheduled_runs.began")?,
            ended,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_schedule_and_its_runs_are_kept_until_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(&folder.path().join("state.db")).unwrap();
        let schedule = Schedule {
            scope: "/p/mcp-pin.lock".into(),
            name: "mcp-pin-1".into(),
            backend: "cron".into(),
            every: 21600,
            updates: true,
            program: "/bin/mcp-pin".into(),
            folders: vec!["/bin".into()],
            files: vec![("crontab".into(), "a\n\"b\"".into())],
            at: at(7),
        };
        history.record_schedule(&schedule).unwrap();
        history.record_schedule(&schedule).unwrap();
        assert_eq!(history.schedules().unwrap(), std::slice::from_ref(&schedule));
        assert_eq!(history.last_run(&schedule.scope).unwrap(), None);
        for second in 0..KEPT + 5 {
            history.begin_run(&schedule.scope, at(second)).unwrap();
        }
        let id = history.begin_run(&schedule.scope, at(1000)).unwrap();
        assert_eq!(history.last_run(&schedule.scope).unwrap().unwrap().ended, None);
        let end = RunEnd {
            at: at(1001),
            status: 1,
            summary: "1 finding".into(),
            untold: Some("no desktop".into()),
        };
        history.end_run(id, &end).unwrap();
        let last = history.last_run(&schedule.scope).unwrap().unwrap();
        assert_eq!((last.began, last.ended), (at(1000), Some(end)));
        let count: i64 = history
            .connection
            .query_row("SELECT count(*) FROM scheduled_runs", (), |row| row.get(0))
            .unwrap();
        assert_eq!(count, KEPT);
        assert!(history.forget_schedule(&schedule.scope).unwrap() && !history.forget_schedule(&schedule.scope).unwrap());
        assert!(history.schedules().unwrap().is_empty() && history.last_run(&schedule.scope).unwrap().is_none());
    }
}

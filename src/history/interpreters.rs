//! Which interpreter of this machine a server was installed with.
//!
//! The attack: something puts another `python3` in front of the one a tree was made and compiled
//! for, and `verify` or a launch takes it without a word. What is recorded is used again; that it
//! changed is for the caller to report.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{History, HistoryError};
use crate::model::ServerName;

/// An interpreter as it was when a server was installed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The program, absolute, links resolved.
    pub path: PathBuf,
    /// Its version: `3.12.1`.
    pub version: String,
    /// What else must not change: a text to compare, nothing to read.
    pub identity: String,
}

impl History {
    /// The interpreter a server of a scope was installed with; `None` for one that needs none.
    pub fn interpreter(&self, scope: &str, server: &ServerName) -> Result<Option<Interpreter>, HistoryError> {
        let sql = "SELECT path, version, identity FROM interpreters WHERE scope = ?1 AND server = ?2";
        let row: Option<(String, String, String)> = self
            .connection
            .query_row(sql, params![scope, server.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()
            .map_err(|error| self.error(error))?;
        let Some((path, version, identity)) = row else {
            return Ok(None);
        };
        let path = PathBuf::from(path);
        if !path.is_absolute() {
            return Err(self.bad_row("interpreters.path"));
        }
        Ok(Some(Interpreter { path, version, identity }))
    }

    /// Records the interpreter a server was installed with, in place of an earlier one.
    ///
    /// # Errors
    /// As for every write; [`HistoryError::Io`] for a path that is not absolute or not UTF-8, which
    /// could not be found again.
    pub fn record_interpreter(
        &self,
        scope: &str,
        server: &ServerName,
        interpreter: &Interpreter,
        now: Timestamp,
    ) -> Result<(), HistoryError> {
        let path = Some(interpreter.path.as_path())
            .filter(|path| path.is_absolute())
            .and_then(Path::to_str);
        let path = path.ok_or_else(|| HistoryError::Io {
            path: interpreter.path.clone(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidFilename, "it cannot be written down"),
        })?;
        let sql = "INSERT INTO interpreters (scope, server, path, version, identity, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (scope, server) DO UPDATE SET path = ?3, version = ?4, identity = ?5, at = ?6";
        let values = params![
            scope,
            server.as_str(),
            path,
            interpreter.version,
            interpreter.identity,
            now.as_microsecond()
        ];
        self.connection.execute(sql, values).map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Forgets it, for `remove`. Says whether there was one.
    pub fn forget_interpreter(&self, scope: &str, server: &ServerName) -> Result<bool, HistoryError> {
        let sql = "DELETE FROM interpreters WHERE scope = ?1 AND server = ?2";
        let gone = self.connection.execute(sql, params![scope, server.as_str()]);
        gone.map(|rows| rows > 0).map_err(|error| self.error(error))
    }
}

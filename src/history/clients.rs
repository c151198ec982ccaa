//! What clients' configuration files said when this user last looked at them, and which entries
//! `wrap` changed.
//!
//! The attack: the command of an entry that was agreed to is swapped (CVE-2025-54136), or a worm
//! adds a server of its own. Digests are kept, never the entries: no argument, no value of a variable.
//! A row is written when a person agrees (`import`, `wrap`), or when a file is looked at for the first
//! time; `verify` never moves a row by itself, so what it found once it finds until somebody decides.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

use super::{History, HistoryError};
use crate::model::{ServerName, Sha256Digest};

/// The columns, in the order in which they are read.
const COLUMNS: &str = "file, entry, meaning, server, scope, original, wrapped, at";

/// The row that says that the user's files were looked at: no file is called so.
const LOOKED: &str = "/";

/// An entry as it was last agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRow {
    /// The file, absolute, links resolved.
    pub file: PathBuf,
    /// The entry's key in it ([`Entry::key`](crate::clients::Entry::key)).
    pub key: String,
    /// The digest of what it starts ([`Entry::digest`](crate::clients::Entry::digest)).
    pub meaning: Sha256Digest,
    /// It was wrapped.
    pub wrap: Option<WrapRow>,
    /// When.
    pub at: Timestamp,
}

/// What `wrap` made of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapRow {
    /// The server that `mcp-pin run` starts.
    pub server: ServerName,
    /// The key of the lock it stands in.
    pub scope: String,
    /// The digest of the entry before.
    pub original: Sha256Digest,
    /// The digest of the entry after.
    pub wrapped: Sha256Digest,
}

/// A wrap to record.
#[derive(Debug, Clone)]
pub struct NewWrap<'a> {
    /// The file, absolute, links resolved.
    pub file: &'a Path,
    /// The entry's key in it.
    pub key: &'a str,
    /// The server that `mcp-pin run` starts.
    pub server: &'a ServerName,
    /// The key of the lock it stands in.
    pub scope: &'a str,
    /// The digest of the entry before.
    pub original: &'a Sha256Digest,
    /// The digest of the entry after.
    pub wrapped: &'a Sha256Digest,
}

impl History {
    /// Every entry that was ever agreed to and not forgotten, by file and key.
    ///
    /// # Errors
    /// The database cannot be read, or a row is not what was written.
    pub fn client_entries(&self) -> Result<Vec<ClientRow>, HistoryError> {
        let sql = format!("SELECT {COLUMNS} FROM client_entries WHERE file <> '{LOOKED}' ORDER BY file, entry");
        let mut statement = self.connection.prepare(&sql).map_err(|error| self.error(error))?;
        let rows = statement.query_map((), raw).map_err(|error| self.error(error))?;
        rows.map(|row| self.client_row(row.map_err(|error| self.error(error))?)).collect()
    }

    /// One entry.
    ///
    /// # Errors
    /// As [`History::client_entries`].
    pub fn client_entry(&self, file: &Path, key: &str) -> Result<Option<ClientRow>, HistoryError> {
        let sql = format!("SELECT {COLUMNS} FROM client_entries WHERE file = ?1 AND entry = ?2");
        let values = params![text_of(file)?, key];
        let row = self
            .connection
            .query_row(&sql, values, raw)
            .optional()
            .map_err(|error| self.error(error))?;
        row.map(|row| self.client_row(row)).transpose()
    }

    /// Records what an entry starts as agreed to. That it was wrapped is kept only where it is still
    /// the very entry that `wrap` wrote.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_client_entry(&self, file: &Path, key: &str, meaning: &Sha256Digest, now: Timestamp) -> Result<(), HistoryError> {
        let sql = "INSERT INTO client_entries (file, entry, meaning, at) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (file, entry) DO UPDATE SET meaning = ?3, at = ?4, \
                   server = iif(wrapped = ?3, server, NULL), scope = iif(wrapped = ?3, scope, NULL), \
                   original = iif(wrapped = ?3, original, NULL), wrapped = iif(wrapped = ?3, wrapped, NULL)";
        let values = params![text_of(file)?, key, meaning.to_string(), now.as_microsecond()];
        self.connection.execute(sql, values).map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Records that an entry was wrapped, which is agreed to with it.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_wrap(&self, wrap: &NewWrap<'_>, now: Timestamp) -> Result<(), HistoryError> {
        let sql = "INSERT INTO client_entries (file, entry, meaning, server, scope, original, wrapped, at) \
                   VALUES (?1, ?2, ?6, ?3, ?4, ?5, ?6, ?7) \
                   ON CONFLICT (file, entry) DO UPDATE SET meaning = ?6, server = ?3, scope = ?4, original = ?5, wrapped = ?6, at = ?7";
        let values = params![
            text_of(wrap.file)?,
            wrap.key,
            wrap.server.as_str(),
            wrap.scope,
            wrap.original.to_string(),
            wrap.wrapped.to_string(),
            now.as_microsecond()
        ];
        self.connection.execute(sql, values).map_err(|error| self.error(error))?;
        Ok(())
    }

    /// Records that an entry was put back as it was before it was wrapped. Says whether it was known
    /// as wrapped.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_unwrap(&self, file: &Path, key: &str, now: Timestamp) -> Result<bool, HistoryError> {
        let sql = "UPDATE client_entries SET meaning = original, server = NULL, scope = NULL, original = NULL, wrapped = NULL, at = ?3 \
                   WHERE file = ?1 AND entry = ?2 AND wrapped IS NOT NULL";
        let values = params![text_of(file)?, key, now.as_microsecond()];
        self.connection
            .execute(sql, values)
            .map(|rows| rows > 0)
            .map_err(|error| self.error(error))
    }

    /// Forgets an entry that is gone from its file. Says whether it was known.
    ///
    /// # Errors
    /// As for every write.
    pub fn forget_client_entry(&self, file: &Path, key: &str) -> Result<bool, HistoryError> {
        let sql = "DELETE FROM client_entries WHERE file = ?1 AND entry = ?2";
        let gone = self.connection.execute(sql, params![text_of(file)?, key]);
        gone.map(|rows| rows > 0).map_err(|error| self.error(error))
    }

    /// Whether the user's files were ever looked at: what is new since then is news.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn clients_looked_at(&self) -> Result<bool, HistoryError> {
        Ok(self.client_entry(Path::new(LOOKED), "")?.is_some())
    }

    /// Records that the user's files were looked at.
    ///
    /// # Errors
    /// As for every write.
    pub fn record_clients_looked_at(&self, now: Timestamp) -> Result<(), HistoryError> {
        self.record_client_entry(Path::new(LOOKED), "", &Sha256Digest::of(""), now)
    }

    fn client_row(&self, row: Raw) -> Result<ClientRow, HistoryError> {
        let digest = |text: &str| self.read::<Sha256Digest>(text, "client_entries.meaning");
        let wrap = match (row.server, row.scope, row.original, row.wrapped) {
            (Some(server), Some(scope), Some(original), Some(wrapped)) => Some(WrapRow {
                server: self.read(&server, "client_entries.server")?,
                scope,
                original: digest(&original)?,
                wrapped: digest(&wrapped)?,
            }),
            (None, None, None, None) => None,
            _ => return Err(self.bad_row("client_entries.wrapped")),
        };
        Ok(ClientRow {
            file: PathBuf::from(row.file),
            key: row.key,
            meaning: digest(&row.meaning)?,
            wrap,
            at: self.read_time(row.at, "client_entries.at")?,
        })
    }
}

struct Raw {
    file: String,
    key: String,
    meaning: String,
    server: Option<String>,
    scope: Option<String>,
    original: Option<String>,
    wrapped: Option<String>,
    at: i64,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        file: row.get(0)?,
        key: row.get(1)?,
        meaning: row.get(2)?,
        server: row.get(3)?,
        scope: row.get(4)?,
        original: row.get(5)?,
        wrapped: row.get(6)?,
        at: row.get(7)?,
    })
}

/// A path as it is stored: one that is not UTF-8 or not absolute could not be found again.
fn text_of(file: &Path) -> Result<&str, HistoryError> {
    Some(file)
        .filter(|file| file.is_absolute())
        .and_then(Path::to_str)
        .ok_or_else(|| HistoryError::Io {
            path: file.to_path_buf(),
            source: std::io::Error::new(std::io::ErrorKind::InvalidFilename, "it cannot be written down"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_remembered_wrapped_and_put_back() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("state.db")).unwrap();
        let (file, key, now) = (Path::new("/home/x/.cursor/mcp.json"), "/mcpServers/memory", Timestamp::UNIX_EPOCH);
        let (one, two, three) = (Sha256Digest::of("1"), Sha256Digest::of("2"), Sha256Digest::of("3"));
        assert_eq!(history.client_entry(file, key).unwrap(), None);
        history.record_client_entry(file, key, &one, now).unwrap();
        assert_eq!(history.client_entries().unwrap()[0].meaning, one);
        let wrap = NewWrap {
            file,
            key,
            server: &"memory".parse().unwrap(),
            scope: "/home/x/mcp-pin.lock",
            original: &one,
            wrapped: &two,
        };
        history.record_wrap(&wrap, now).unwrap();
        // Looking again at what `wrap` wrote changes nothing; agreeing to something else ends the wrap.
        history.record_client_entry(file, key, &two, now).unwrap();
        let row = history.client_entry(file, key).unwrap().unwrap();
        assert_eq!((row.meaning, row.wrap.map(|wrap| wrap.original)), (two, Some(one)));
        assert!(history.record_unwrap(file, key, now).unwrap() && !history.record_unwrap(file, key, now).unwrap());
        let row = history.client_entry(file, key).unwrap().unwrap();
        assert_eq!((row.meaning, row.wrap), (one, None));
        history.record_wrap(&wrap, now).unwrap();
        history.record_client_entry(file, key, &three, now).unwrap();
        assert_eq!(history.client_entry(file, key).unwrap().unwrap().wrap, None);
        assert!(history.forget_client_entry(file, key).unwrap());
        assert!(history.record_client_entry(Path::new("relative"), key, &one, now).is_err());
    }
}

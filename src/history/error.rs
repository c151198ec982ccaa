//! Why the history could not be used.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the history could not be read or written. Nothing was approved, and nothing was recreated.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The folder or the file cannot be made or opened. The machine is at fault: permissions, a
    /// full disk, a read-only file system.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is damaged, or is no database. The disk is at fault, or whoever wrote to it.
    #[error("the history `{}` is damaged", path.display())]
    Corrupt {
        /// Which.
        path: PathBuf,
    },
    /// The file is some other program's database.
    #[error("`{}` is another program's database", path.display())]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// A newer mcp-pin wrote it. This mcp-pin is at fault for being old.
    #[error("the history `{}` has version {found}; this mcp-pin knows versions up to {known}", path.display())]
    Newer {
        /// Which.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest this build knows.
        known: i64,
    },
    /// Another process kept it locked for longer than anybody should.
    #[error("the history `{}` is in use by another process", path.display())]
    Busy {
        /// Which.
        path: PathBuf,
    },
    /// A row holds something this version never wrote. Somebody edited the database.
    #[error("the history `{}` holds a row that mcp-pin did not write ({what})", path.display())]
    Row {
        /// Which file.
        path: PathBuf,
        /// Which table and column.
        what: &'static str,
    },
    /// The log does not hold together: pruning it would take the traces away.
    #[error("the log in `{}` was tampered with ({problems} problem{})", path.display(), if *problems == 1 { "" } else { "s" })]
    Tampered {
        /// Which.
        path: PathBuf,
        /// How many.
        problems: usize,
    },
    /// What is to be removed is not what was shown any more.
    #[error("the log in `{}` changed since the plan was made; nothing was removed", path.display())]
    PlanIsOld {
        /// Which.
        path: PathBuf,
    },
    /// Anything else that `SQLite` reports, a full disk for example.
    #[error("the history `{}`: {source}", path.display())]
    Sqlite {
        /// Which.
        path: PathBuf,
        /// `SQLite`'s words.
        source: rusqlite::Error,
    },
}

impl HistoryError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Corrupt { path } | Self::Row { path, .. } => Some(format!(
                "restore `{0}` from a backup, or move it away: every server is then shown and asked about again",
                path.display()
            )),
            Self::Foreign { .. } => Some("point MCP_PIN_HOME at another folder".into()),
            Self::Newer { .. } => Some("use the mcp-pin that wrote it, or a newer one; nothing was changed".into()),
            Self::Busy { .. } => Some("try again; if it stays so, look for an mcp-pin process that hangs".into()),
            Self::Tampered { .. } => Some("`mcp-pin log verify` says what is wrong; nothing was removed".into()),
            Self::PlanIsOld { .. } => Some("try again".into()),
            Self::Io { .. } | Self::Sqlite { .. } => None,
        }
    }

    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Corrupt { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            _ => Self::Sqlite { path, source: error },
        }
    }
}

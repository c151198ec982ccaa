//! Floor 2: what this user approved, what happened, which drift is open, who was told, which
//! interpreter a server was installed with, what was built on this machine, and what a tree looked
//! like when it was last checked in full.
//!
//! One `SQLite` file in the user's own state folder, never in a project: a cloned project cannot
//! bring approvals along. Approvals are about digests ([`crate::lock::static_digest`],
//! [`crate::lock::entry_digest`]); an [`Approval`] is made here and nowhere else, and launching
//! asks for one.
//!
//! The attacks: an approval that covers less than what is started (the digests see to that), a
//! damaged or removed database that is quietly replaced by an empty one and hides what was known,
//! and two processes that lose each other's rows.
//!
//! Each row of the log is chained to the one before it ([`History::verify_log`]): a row that was
//! edited, removed, moved or put in is found, and so is an approval without a row.
//!
//! Not promised: protection from programs of the same user, which can write to the file, and can
//! write the whole chain anew.
//!
//! # Locking
//! WAL with a busy timeout; every write is one transaction. Readers never wait for writers. The log's
//! head stands in a file of its own (`log.head`), locked for each write.
//!
//! # Compatibility
//! `user_version` counts the steps of `migrations`, which are only ever appended to. A newer
//! file is refused and left as it is.
//!
//! # File system
//! The file is made with mode 0600 in a folder with mode 0700; `SQLite` gives its `-wal` and `-shm`
//! files the same.

mod alerts;
mod approvals;
mod breaks;
mod builds;
mod chain;
mod clients;
mod compiled;
mod drifts;
mod error;
mod events;
mod head;
mod health;
mod interpreters;
mod migrations;
mod recorded;
mod retention;
mod schedules;
mod sightings;
mod spent;
mod stamps;

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::model::Grade;

pub use alerts::{AlertPlace, AlertSource, ChannelState, NewAlert, Told, Waiting};
pub use approvals::{Approval, ApprovalKind, How, NewApproval};
pub use breaks::{Accepted, Acknowledged};
pub use builds::Build;
pub use chain::{LogCheck, Problem};
pub use clients::{ClientRow, NewWrap, WrapRow};
pub use drifts::{NewDrift, OpenDrift, Resolution};
pub use error::HistoryError;
pub use events::{Event, EventFilter, EventKind, NewEvent};
pub use head::{HEAD_FILE, Head, HeadError};
pub use interpreters::Interpreter;
pub use recorded::Who;
pub use retention::Plan;
pub use schedules::{RunEnd, Schedule, ScheduledRun};
pub use sightings::Sighting;
pub use stamps::Remembered;

use migrations::Kind;

/// The file's name in the state folder.
pub const FILE_NAME: &str = "state.db";

/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_secs(10);

/// An open history.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    path: PathBuf,
    who: Option<Who>,
}

impl History {
    /// Opens the history, and makes a new one where there is none. A file that is damaged, newer
    /// or another program's is an error and stays as it is.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let io = |source| HistoryError::Io {
            path: path.to_path_buf(),
            source,
        };
        private_file(path).map_err(io)?;
        let sqlite = |error| HistoryError::of(path, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
        connection.busy_timeout(BUSY).map_err(sqlite)?;
        let version = ours(path, migrations::look(&mut connection).map_err(sqlite)?)?;
        prepare(&connection).map_err(sqlite)?;
        if version < migrations::known() {
            if !chain::is_there(&connection).map_err(sqlite)? {
                head::begin(path).map_err(io)?;
            }
            ours(path, migrations::migrate(&mut connection).map_err(sqlite)?)?;
            head::keep(&connection, path);
        }
        Ok(Self {
            connection,
            path: path.to_path_buf(),
            who: None,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes in one transaction that no other writer comes between, and notes the log's head after it.
    fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, HistoryError> {
        let written = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let done = write(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        let done = written().map_err(|error| self.error(error))?;
        head::keep(&self.connection, &self.path);
        Ok(done)
    }

    fn error(&self, error: rusqlite::Error) -> HistoryError {
        HistoryError::of(&self.path, error)
    }

    /// Reads a text column back into its type.
    fn read<T: FromStr>(&self, text: &str, what: &'static str) -> Result<T, HistoryError> {
        text.parse().map_err(|_| self.bad_row(what))
    }

    fn read_grade(&self, text: Option<&str>, what: &'static str) -> Result<Option<Grade>, HistoryError> {
        text.map(|text| self.read(text, what)).transpose()
    }

    fn read_time(&self, microseconds: i64, what: &'static str) -> Result<Timestamp, HistoryError> {
        Timestamp::from_microsecond(microseconds).map_err(|_| self.bad_row(what))
    }

    fn bad_row(&self, what: &'static str) -> HistoryError {
        HistoryError::Row {
            path: self.path.clone(),
            what,
        }
    }
}

/// The version, if the file is ours and not newer than this build.
fn ours(path: &Path, kind: Kind) -> Result<i64, HistoryError> {
    let path = || path.to_path_buf();
    match kind {
        Kind::Ours(version) => Ok(version),
        Kind::Newer(found) => Err(HistoryError::Newer {
            path: path(),
            found,
            known: migrations::known(),
        }),
        Kind::Foreign => Err(HistoryError::Foreign { path: path() }),
    }
}

/// Makes the folder and the file with modes that keep other users out, before `SQLite` would make
/// them with the process's usual ones.
///
/// A file that is there is never opened here. `SQLite`'s locks on Linux are POSIX record locks, and
/// closing any descriptor of a file takes away all that the process holds on it (`fcntl(2)`):
/// another process then believes it is the last one, removes the write-ahead log, and what this one
/// writes afterwards is lost. For the same reason only one thread at a time makes the file.
fn private_file(path: &Path) -> std::io::Result<()> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut folder = fs::DirBuilder::new();
    let mut file = fs::OpenOptions::new();
    file.write(true).create_new(true);
    folder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        folder.create(parent)?;
    }
    match file.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        made => return made.map(drop),
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let found = fs::metadata(path)?;
        if found.is_file() && found.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

/// Settings of a connection. Switching to WAL does not wait for other connections by itself.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let mut tries = 0;
    loop {
        let switched = connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get::<_, String>(0));
        match switched {
            Err(error) if tries < 100 && error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            other => return other.map(drop),
        }
    }
}

/// A closed set of words, stored as text.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word, as it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(()),
                }
            }
        }
    };
}
use words;

#[cfg(test)]
mod breaks_tests;
#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod tests;

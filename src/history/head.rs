//! The log's head, kept in a file beside the database: how many rows there are, and the hash of the
//! last one.
//!
//! The attack: the newest rows are cut off. What is left is a whole chain; only somebody who
//! remembers how long it was can tell. The file remembers, and a head that does not stand in the
//! chain is never written over, so that the next row does not hide the cut.
//!
//! # Locking
//! Written after the row is, under a lock on the file itself, with what the database then holds: it
//! may lag behind where a process was killed, and is never ahead.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rusqlite::Connection;

use super::HistoryError;
use super::chain::{self, Problem};
use crate::model::Sha256Digest;

/// The file's name, beside the database.
pub const HEAD_FILE: &str = "log.head";

/// Begins the file. The whole of it is one line of a fixed length, far below a disk's sector.
const MARK: &str = "mcp-pin log head 1 ";

/// The last row of a log: its number, from 1 on, and its hash. Written `NUMBER:HASH`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The row's number: as many rows were ever written.
    pub count: i64,
    /// Its hash; empty for a log without rows.
    pub hash: String,
}

impl Head {
    pub(super) const fn new(count: i64, hash: String) -> Self {
        Self { count, hash }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, self.hash)
    }
}

/// The text is no head of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a head is written NUMBER:HASH, as `mcp-pin log head` prints it")]
pub struct HeadError;

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, HeadError> {
        let (count, hash) = text.split_once(':').ok_or(HeadError)?;
        let count = count.parse().ok().filter(|count| *count >= 0).ok_or(HeadError)?;
        if count > 0 || !hash.is_empty() {
            hash.parse::<Sha256Digest>().map_err(|_| HeadError)?;
        }
        Ok(Self::new(count, hash.to_owned()))
    }
}

pub(super) fn path(database: &Path) -> PathBuf {
    database.with_file_name(HEAD_FILE)
}

/// The head that is kept; `None` where there is no file.
pub(super) fn read(path: &Path) -> io::Result<Option<Head>> {
    match options().open(path) {
        Ok(mut file) => {
            // Never half of what another process is writing.
            file.lock_shared()?;
            parse(&mut file).map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    // A link would have us write to whatever file it leads to.
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
    options.read(true).mode(0o600).custom_flags(flags.cast_signed());
    options
}

fn parse(file: &mut File) -> io::Result<Head> {
    let mut text = String::new();
    file.take(256).read_to_string(&mut text)?;
    let body = text.strip_prefix(MARK).and_then(|rest| rest.strip_suffix('\n'));
    let body = body.and_then(|body| body.parse().ok());
    body.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Whether a head that was noted once still stands in the chain.
pub(super) fn stands(connection: &Connection, noted: &Head, base: &Head, last: &Head) -> rusqlite::Result<Option<Problem>> {
    if noted.count == 0 || noted.count < base.count {
        return Ok(None);
    }
    if noted.count > last.count {
        return Ok(Some(Problem::Truncated {
            last: last.count,
            noted: noted.count,
        }));
    }
    let found = if noted.count == base.count {
        Some(base.hash.clone())
    } else {
        chain::hash_of(connection, noted.count)?
    };
    Ok((found.as_ref() != Some(&noted.hash)).then_some(Problem::Replaced { id: noted.count }))
}

/// Makes the file of a log that is about to begin. From then on it is there: one that is gone was
/// taken away, and is not quietly made again.
pub(super) fn begin(database: &Path) -> io::Result<()> {
    match options().write(true).create_new(true).open(path(database)) {
        Ok(mut file) => file.write_all(line(&Head::default()).as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes down what the last row is, whatever the file holds: the user says so.
pub(super) fn keep_anew(connection: &Connection, database: &Path) -> Result<Head, HistoryError> {
    let path = path(database);
    let io = |source| HistoryError::Io {
        path: path.clone(),
        source,
    };
    let mut file = options().write(true).create(true).open(&path).map_err(io)?;
    file.lock().map_err(io)?;
    let last = chain::last(connection).map_err(|error| HistoryError::of(database, error))?;
    file.set_len(0).and_then(|()| file.write_all(line(&last).as_bytes())).map_err(io)?;
    Ok(last)
}

fn line(head: &Head) -> String {
    format!("{MARK}{:020}:{}\n", head.count, head.hash)
}

/// Writes down what the last row is. Failing leaves the old head, which `log verify` then says lags
/// behind: the row itself is written, and no reason to stop anybody.
pub(super) fn keep(connection: &Connection, database: &Path) {
    drop(try_keep(connection, database));
}

fn try_keep(connection: &Connection, database: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = options().write(true).open(path(database))?;
    file.lock()?;
    let kept = parse(&mut file)?;
    let last = chain::last(connection)?;
    let base = if chain::hash_of(connection, kept.count)?.is_some() {
        Head::default()
    } else {
        chain::checkpoint(connection)?.unwrap_or_default()
    };
    if stands(connection, &kept, &base, &last)?.is_none() {
        file.set_len(line(&last).len() as u64)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(line(&last).as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_written_and_nothing_else_is() {
        let head = Head::new(7, Sha256Digest::of("x").to_string());
        assert_eq!(head.to_string().parse(), Ok(head.clone()));
        for bad in ["", "7", "7:", "-1:", &format!("x:{}", head.hash), &format!("7:{}0", head.hash)] {
            assert_eq!(bad.parse::<Head>(), Err(HeadError), "{bad}");
        }
        assert_eq!("0:".parse(), Ok(Head::default()));
    }
}

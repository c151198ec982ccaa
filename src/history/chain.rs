//! The log's chain: each row's hash covers the row and the hash of the row before it.
//!
//! The attack: somebody takes the line out that says what they approved, or changes, moves or adds
//! one, and the log still reads well. [`History::verify_log`] finds a row that was removed, edited,
//! moved or put in between, a tail that was cut off (the [head](super::head) is kept beside the
//! database, and can be noted elsewhere), and an approval that stands in its table without the line
//! that tells of it.
//!
//! What is wrong stays wrong: a person can only [acknowledge](super::breaks) exactly that, which is a row
//! of its own, and is said from then on.
//!
//! Not promised: a program of the same user that knows how the chain is made can write it anew from
//! any row on, head included. Only a head that was noted on another machine shows that.

use std::io;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::breaks::{self, Acknowledged, Broken, Looked};
use super::head::{self, Head};
use super::recorded::{self, Replay};
use super::{History, HistoryError};
use crate::model::{Fingerprint, Sha256Digest};

/// Begins every row's bytes, so that they are no other protocol's.
const DOMAIN: &[u8] = b"mcp-pin log 1\0";

/// A row to append.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub at: i64,
    pub server: Option<&'a str>,
    pub kind: &'a str,
    pub grade: Option<&'a str>,
    pub summary: &'a str,
    pub detail: &'a str,
}

/// What is wrong with the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Rows are gone that no retention removed.
    #[error("{} removed", if from == to { format!("row {from} was") } else { format!("rows {from} to {to} were") })]
    Removed {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// A row does not follow from the one before it.
    #[error("row {id} does not follow from the row before it: one of the two was edited, moved or put in")]
    Edited {
        /// Which.
        id: i64,
    },
    /// A row without a place in the chain.
    #[error("row {id} was not written by mcp-pin: it is not chained")]
    Unchained {
        /// Which.
        id: i64,
    },
    /// The newest rows are gone.
    #[error("the newest rows are gone: the log ends at row {last}, and had {noted}")]
    Truncated {
        /// The last row there is.
        last: i64,
        /// The rows that were noted.
        noted: i64,
    },
    /// The row that was the last one is another one now.
    #[error("row {id} is another one than was noted when it was the last")]
    Replaced {
        /// Which.
        id: i64,
    },
    /// No head is kept though there are rows.
    #[error("`{}` is gone: that no newer rows were cut off cannot be told", .path.display())]
    NoHead {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The head file holds something else.
    #[error("`{}` does not hold what mcp-pin wrote", .path.display())]
    BadHead {
        /// The file.
        path: std::path::PathBuf,
    },
    /// An approval that no row tells of.
    #[error("an approval of `{server}` ({kind}) is in force that the log does not tell of, or tells otherwise")]
    Approval {
        /// The server, as it stands there.
        server: String,
        /// `static` or `entry`.
        kind: String,
    },
    /// An approval that the log tells of and that is gone.
    #[error("an approval of `{server}` ({kind}) that the log tells of is gone")]
    ApprovalGone {
        /// The server, as it stands there.
        server: String,
        /// `static` or `entry`.
        kind: String,
    },
}

/// What a check of the log came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCheck {
    /// How many rows were checked.
    pub rows: i64,
    /// How many rows retention removed before them.
    pub pruned: i64,
    /// The last row: to be noted elsewhere.
    pub head: Head,
    /// By how many rows the kept head lags behind: a process was killed between its two writes.
    pub behind: i64,
    /// How many approvals are in force, each with its row.
    pub approvals: usize,
    /// What is wrong; empty where nothing is.
    pub problems: Vec<Problem>,
    /// What was wrong and a person went on with: the rows that say so, the oldest first.
    pub acknowledged: Vec<Acknowledged>,
    /// Names exactly what is wrong, down to the content of the rows it shows at.
    pub fingerprint: Fingerprint,
}

fn digest(previous: &str, id: i64, row: &Entry<'_>) -> String {
    let mut hasher = Sha256::new_with_prefix(DOMAIN);
    let mut field = |value: Option<&[u8]>| match value {
        None => hasher.update([0]),
        Some(bytes) => {
            hasher.update([1]);
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
    };
    field(Some(previous.as_bytes()));
    field(Some(&id.to_le_bytes()));
    field(Some(&row.at.to_le_bytes()));
    field(row.server.map(str::as_bytes));
    field(Some(row.kind.as_bytes()));
    field(row.grade.map(str::as_bytes));
    field(Some(row.summary.as_bytes()));
    field(Some(row.detail.as_bytes()));
    Sha256Digest::from_bytes(hasher.finalize().into()).to_string()
}

/// The last row, as the database has it.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<Head> {
    let sql = "SELECT id, coalesce(hash, '') FROM events ORDER BY id DESC LIMIT 1";
    let row = connection
        .prepare_cached(sql)?
        .query_row((), |row| Ok(Head::new(row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.unwrap_or_default())
}

/// The hash of one row.
pub(super) fn hash_of(connection: &Connection, id: i64) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT coalesce(hash, '') FROM events WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()
}

/// Appends a row. The transaction must be an immediate one: two that append at once would both
/// follow the same row otherwise.
pub(super) fn append(transaction: &Transaction<'_>, row: &Entry<'_>) -> rusqlite::Result<()> {
    let last = last(transaction)?;
    let id = last.count + 1;
    let hash = digest(&last.hash, id, row);
    let sql = "INSERT INTO events (id, at, server, kind, grade, summary, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    transaction
        .prepare_cached(sql)?
        .execute(params![id, row.at, row.server, row.kind, row.grade, row.summary, row.detail, hash])
        .map(drop)
}

/// Whether the database has the chain's column.
pub(super) fn is_there(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM pragma_table_info('events') WHERE name = 'hash')",
        (),
        |row| row.get(0),
    )
}

/// Chains the rows that were written before there was a chain, and writes down the approvals in
/// force. What those rows hold is taken as it is.
pub(super) fn adopt(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let ids: Vec<i64> = transaction
        .prepare("SELECT id FROM events ORDER BY id")?
        .query_map((), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut previous = String::new();
    for (old, id) in ids.into_iter().zip(1_i64..) {
        let hash = transaction.query_row(
            "SELECT at, server, kind, grade, summary, detail FROM events WHERE id = ?1",
            [old],
            |row| with_entry(row, 0, |entry| digest(&previous, id, entry)),
        )?;
        transaction.execute("UPDATE events SET id = ?2, hash = ?3 WHERE id = ?1", params![old, id, hash])?;
        previous = hash;
    }
    for approval in recorded::in_force(transaction)? {
        recorded::carry(transaction, &approval, None)?;
    }
    Ok(())
}

/// Reads the columns of an entry, from this one on.
fn with_entry<T>(row: &rusqlite::Row<'_>, first: usize, then: impl FnOnce(&Entry<'_>) -> T) -> rusqlite::Result<T> {
    let text = |at: usize| row.get_ref(first + at).and_then(|value| Ok(value.as_str()?));
    let maybe = |at: usize| row.get_ref(first + at).and_then(|value| Ok(value.as_str_or_null()?));
    Ok(then(&Entry {
        at: row.get(first)?,
        server: maybe(1)?,
        kind: text(2)?,
        grade: maybe(3)?,
        summary: text(4)?,
        detail: text(5)?,
    }))
}

/// Hands every row on, in their order.
pub(super) fn each(connection: &Connection, mut take: impl FnMut(i64, &Entry<'_>)) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT id, at, server, kind, grade, summary, detail FROM events ORDER BY id")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        with_entry(row, 1, |entry| take(id, entry))?;
    }
    Ok(())
}

/// What retention removed: the number and the hash of the last row of it. The newest row that tells
/// of a retention counts; it is a link of the chain as any other.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<Option<Head>> {
    let detail: Option<String> = connection
        .query_row(
            "SELECT detail FROM events WHERE kind = 'prune' ORDER BY id DESC LIMIT 1",
            (),
            |row| row.get(0),
        )
        .optional()?;
    let detail: Option<Value> = detail.and_then(|text| serde_json::from_str(&text).ok());
    Ok(detail.and_then(|detail| {
        let removed = &detail["removed"];
        Some(Head::new(removed["upTo"].as_i64()?, removed["hash"].as_str()?.to_owned()))
    }))
}

/// How a checkpoint is written into a row's detail.
pub(super) fn checkpoint_detail(removed: &Head) -> Value {
    json!({"upTo": removed.count, "hash": removed.hash})
}

/// Walks the whole chain.
///
/// The kept head is read before the database is: read after it, it could tell of a row that another
/// process wrote in between, which would look like one that was cut off.
fn check(connection: &Connection, database: &Path, noted: Option<&Head>) -> rusqlite::Result<Looked> {
    let kept = head::read(&head::path(database));
    let mut problems = Vec::new();
    let base = checkpoint(connection)?.unwrap_or_default();
    let walk = walk(connection, &base)?;
    let (broken, acknowledged) = breaks::set_aside(walk.broken, walk.acknowledged);
    problems.extend(broken.iter().map(|broken| broken.problem.clone()));
    let behind = judge_head(connection, (database, kept), &base, &walk.last, &mut problems)?;
    if let Some(noted) = noted {
        problems.extend(head::stands(connection, noted, &base, &walk.last)?);
    }
    let standing = recorded::in_force(connection)?;
    let approvals = standing.len();
    problems.extend(walk.replay.compare(standing));
    let check = LogCheck {
        rows: walk.rows,
        pruned: base.count.min(walk.first.saturating_sub(1)).max(0),
        head: walk.last,
        behind,
        approvals,
        fingerprint: breaks::fingerprint(&problems, &broken),
        problems,
        acknowledged,
    };
    Ok(Looked { check, broken })
}

/// Walks the whole chain, and tells what it found of it.
pub(super) fn look(connection: &Connection, database: &Path) -> rusqlite::Result<Looked> {
    check(connection, database, None)
}

/// What a walk over the rows finds.
#[derive(Debug, Default)]
struct Walk {
    /// The first row's number.
    first: i64,
    last: Head,
    rows: i64,
    broken: Vec<Broken>,
    replay: Replay,
    acknowledged: Vec<Acknowledged>,
}

fn walk(connection: &Connection, base: &Head) -> rusqlite::Result<Walk> {
    let mut walk = Walk::default();
    let mut statement = connection.prepare("SELECT id, hash, at, server, kind, grade, summary, detail FROM events ORDER BY id")?;
    let mut found = statement.query(())?;
    while let Some(row) = found.next()? {
        let (id, hash): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
        if walk.rows == 0 {
            walk.first = id;
            if id == base.count + 1 {
                walk.last = base.clone();
            }
        }
        walk.rows += 1;
        let follows = id == walk.last.count + 1;
        let (expected, told) = with_entry(row, 2, |entry| {
            walk.replay.row(id, entry);
            (digest(&walk.last.hash, id, entry), breaks::read(id, entry))
        })?;
        let mut broken = |problem| {
            walk.broken.push(Broken {
                row: id,
                problem,
                stored: hash.clone(),
                found: expected.clone(),
            });
        };
        if !follows {
            broken(Problem::Removed {
                from: walk.last.count + 1,
                to: id - 1,
            });
        }
        match &hash {
            None => broken(Problem::Unchained { id }),
            Some(hash) if follows && *hash != expected => broken(Problem::Edited { id }),
            // Only a row that follows can speak for what stands before it.
            Some(_) if follows => walk.acknowledged.extend(told),
            Some(_) => {}
        }
        // As the next row was written: after a row without a hash, it follows nothing.
        walk.last.hash = hash.unwrap_or_default();
        walk.last.count = id;
    }
    Ok(walk)
}

/// Compares with the head that is kept beside the database; says by how much that lags behind.
fn judge_head(
    connection: &Connection,
    (database, kept): (&Path, io::Result<Option<Head>>),
    base: &Head,
    last: &Head,
    problems: &mut Vec<Problem>,
) -> rusqlite::Result<i64> {
    let path = || head::path(database);
    match kept {
        Ok(Some(kept)) => {
            problems.extend(head::stands(connection, &kept, base, last)?);
            return Ok((last.count - kept.count).max(0));
        }
        Ok(None) if last.count == 0 => {}
        Ok(None) => problems.push(Problem::NoHead { path: path() }),
        Err(_) => problems.push(Problem::BadHead { path: path() }),
    }
    Ok(0)
}

impl History {
    /// Checks the log and the approvals against it. `noted` is a head that was noted elsewhere, on
    /// another machine for example: it must stand in the chain.
    pub fn verify_log(&self, noted: Option<&Head>) -> Result<LogCheck, HistoryError> {
        let checked = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
            check(&transaction, &self.path, noted).map(|looked| looked.check)
        };
        checked().map_err(|error: rusqlite::Error| self.error(error))
    }

    /// The last row's number and hash.
    pub fn log_head(&self) -> Result<Head, HistoryError> {
        last(&self.connection).map_err(|error| self.error(error))
    }
}

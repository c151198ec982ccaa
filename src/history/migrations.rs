//! The database's versions. A step is never changed or removed once released, only appended to.

use rusqlite::{Connection, TransactionBehavior};

use super::chain;

/// `user_version` is the number of steps taken.
pub(super) const STEPS: &[&str] = &[
    "
CREATE TABLE approvals (
    id          INTEGER PRIMARY KEY,
    digest      TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('static', 'entry')),
    server      TEXT NOT NULL,
    scope       TEXT NOT NULL,
    fingerprint TEXT,
    how         TEXT NOT NULL CHECK (how IN ('prompt', 'yes', 'accept')),
    grade       TEXT,
    at          INTEGER NOT NULL,
    revoked     INTEGER
) STRICT;
CREATE INDEX approvals_digest ON approvals (digest, kind);

CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    server  TEXT,
    kind    TEXT NOT NULL,
    grade   TEXT,
    summary TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX events_server ON events (server, at);

CREATE TABLE drifts (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    server      TEXT NOT NULL,
    scope       TEXT NOT NULL,
    grade       TEXT NOT NULL,
    candidate   TEXT NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    resolved    INTEGER,
    resolution  TEXT,
    UNIQUE (server, scope, fingerprint)
) STRICT;

CREATE TABLE alerts_sent (
    channel     TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (channel, fingerprint)
) STRICT;
",
    "
CREATE TABLE interpreters (
    scope    TEXT NOT NULL,
    server   TEXT NOT NULL,
    path     TEXT NOT NULL,
    version  TEXT NOT NULL,
    identity TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (scope, server)
) STRICT;
",
    "
CREATE TABLE builds (
    name        TEXT NOT NULL,
    version     TEXT NOT NULL,
    source      TEXT NOT NULL,
    interpreter TEXT NOT NULL,
    file        TEXT NOT NULL,
    wheel       TEXT NOT NULL,
    inputs      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (name, version, source, interpreter)
) STRICT;
",
    "
CREATE TABLE compiled (
    key         TEXT NOT NULL PRIMARY KEY,
    interpreter TEXT NOT NULL,
    digest      TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
",
    "
CREATE TABLE stamps (
    install TEXT NOT NULL PRIMARY KEY,
    stamp   TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
",
    "
CREATE TABLE client_entries (
    file     TEXT NOT NULL,
    entry    TEXT NOT NULL,
    meaning  TEXT NOT NULL,
    server   TEXT,
    scope    TEXT,
    original TEXT,
    wrapped  TEXT,
    at       INTEGER NOT NULL,
    PRIMARY KEY (file, entry)
) STRICT;
",
    "
CREATE TABLE schedules (
    scope   TEXT NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    backend TEXT NOT NULL,
    every   INTEGER NOT NULL,
    updates INTEGER NOT NULL,
    program TEXT NOT NULL,
    folders TEXT NOT NULL,
    files   TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE scheduled_runs (
    id      INTEGER PRIMARY KEY,
    scope   TEXT NOT NULL,
    began   INTEGER NOT NULL,
    ended   INTEGER,
    status  INTEGER,
    summary TEXT,
    untold  TEXT
) STRICT;
CREATE INDEX scheduled_runs_scope ON scheduled_runs (scope, id);
",
    // The log's chain: see `chain`, which gives the rows that are there their hashes.
    "
ALTER TABLE events ADD COLUMN hash TEXT;
CREATE TABLE retention (up_to INTEGER NOT NULL) STRICT;
CREATE TRIGGER events_stay BEFORE UPDATE ON events WHEN OLD.hash IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the log is only appended to'); END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events
WHEN NOT EXISTS (SELECT 1 FROM retention WHERE OLD.id <= up_to)
BEGIN SELECT RAISE(ABORT, 'the log is only appended to'); END;
CREATE TRIGGER approvals_stay BEFORE UPDATE ON approvals
WHEN OLD.revoked IS NOT NULL OR NEW.id <> OLD.id OR NEW.digest <> OLD.digest OR NEW.kind <> OLD.kind OR NEW.server <> OLD.server
  OR NEW.scope <> OLD.scope OR NEW.fingerprint IS NOT OLD.fingerprint OR NEW.how <> OLD.how OR NEW.grade IS NOT OLD.grade
  OR NEW.at <> OLD.at
BEGIN SELECT RAISE(ABORT, 'approvals are only given and taken back'); END;
CREATE TRIGGER approvals_are_kept BEFORE DELETE ON approvals
BEGIN SELECT RAISE(ABORT, 'approvals are only given and taken back'); END;
",
    "
DROP TABLE IF EXISTS alerts_sent;
CREATE TABLE alerts_told (
    channel     TEXT NOT NULL,
    scope       TEXT NOT NULL,
    server      TEXT NOT NULL,
    source      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    findings    TEXT NOT NULL,
    told        INTEGER NOT NULL,
    seen        INTEGER NOT NULL,
    PRIMARY KEY (channel, scope, server, source, fingerprint)
) STRICT;
CREATE TABLE alerts_waiting (
    id          INTEGER PRIMARY KEY,
    channel     TEXT NOT NULL,
    scope       TEXT NOT NULL,
    server      TEXT NOT NULL,
    source      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    findings    TEXT NOT NULL,
    alert       TEXT NOT NULL,
    queued      INTEGER NOT NULL
) STRICT;
CREATE INDEX alerts_waiting_channel ON alerts_waiting (channel, id);
CREATE TABLE alert_channels (
    channel TEXT NOT NULL PRIMARY KEY,
    success INTEGER,
    failure INTEGER,
    error   TEXT,
    tries   INTEGER NOT NULL,
    next    INTEGER,
    dropped INTEGER NOT NULL
) STRICT;
",
    "
CREATE TABLE file_stamps (
    path  TEXT NOT NULL PRIMARY KEY,
    stamp TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT;

CREATE TABLE answers (
    interpreter TEXT NOT NULL PRIMARY KEY,
    answer      TEXT NOT NULL,
    stamp       TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;
",
    "
CREATE TABLE sightings (
    server      TEXT NOT NULL,
    scope       TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    code        TEXT NOT NULL,
    grade       TEXT NOT NULL,
    subject     TEXT NOT NULL,
    title       TEXT NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    missed      INTEGER,
    resolved    INTEGER,
    resolution  TEXT,
    PRIMARY KEY (server, scope, fingerprint)
) STRICT;
",
    "
CREATE TABLE spent (
    server TEXT NOT NULL,
    scope  TEXT NOT NULL,
    day    TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (server, scope, day)
) STRICT;
",
];

/// The file's `application_id`, by which our file is told from another program's: `mcpi`.
pub(super) const APPLICATION_ID: i64 = 0x6d63_7069;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// New, or ours with this many steps taken.
    Ours(i64),
    /// Ours, with more steps than this build knows.
    Newer(i64),
    /// Somebody else's.
    Foreign,
}

/// The number of steps this build knows.
pub(super) fn known() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// Looks, in one read transaction, and changes nothing.
pub(super) fn look(connection: &mut Connection) -> rusqlite::Result<Kind> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    classify(&transaction)
}

fn classify(connection: &Connection) -> rusqlite::Result<Kind> {
    let number = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    Ok(match (application, version, tables) {
        (APPLICATION_ID, version, _) if version > known() => Kind::Newer(version),
        (APPLICATION_ID, version, _) if version > 0 => Kind::Ours(version),
        (0, 0, 0) => Kind::Ours(0),
        _ => Kind::Foreign,
    })
}

/// Takes the steps that are missing, all or none of them. Two processes may try at once: the
/// second finds them taken.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<Kind> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    let Kind::Ours(version) = classify(&transaction)? else {
        return classify(&transaction);
    };
    let chained = version > 0 && chain::is_there(&transaction)?;
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or_default()) {
        transaction.execute_batch(step)?;
    }
    if !chained {
        chain::adopt(&transaction)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known())?;
    transaction.commit()?;
    Ok(Kind::Ours(known()))
}

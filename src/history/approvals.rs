//! Approvals: the proof that this user agreed to exactly these bytes.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Params, Transaction, params};

use super::recorded::{self, Given};
use super::{History, HistoryError, words};
use crate::model::{Fingerprint, Grade, ServerName, Sha256Digest};

words! {
    /// What was approved.
    ApprovalKind {
        /// [`crate::lock::static_digest`]: the server may be probed in the sandbox.
        Static = "static",
        /// [`crate::lock::entry_digest`]: the server may be started for a client.
        Entry = "entry",
    }
}

words! {
    /// How the user agreed.
    How {
        /// Answered a question on a terminal.
        Prompt = "prompt",
        /// `--yes`, which covers findings up to `notice`.
        Yes = "yes",
        /// `--accept FINGERPRINT`.
        Accept = "accept",
    }
}

/// An approval to record.
#[derive(Debug, Clone)]
pub struct NewApproval<'a> {
    /// What it is about.
    pub digest: Sha256Digest,
    /// Which of the two digests that is.
    pub kind: ApprovalKind,
    /// The server.
    pub server: &'a ServerName,
    /// The lock it stands in, as an absolute path.
    pub scope: &'a str,
    /// The report that was shown, where there was one.
    pub fingerprint: Option<&'a Fingerprint>,
    /// How the user agreed.
    pub how: How,
    /// The worst grade in the report; `None` where nothing was found.
    pub grade: Option<Grade>,
}

/// Proof that this user approved a digest.
///
/// Its fields are private and only [`History`] makes one, from a row that is not revoked: code
/// that asks for an `Approval` cannot be reached with an entry nobody approved. Whoever takes one
/// must still compare [`Approval::digest`] and [`Approval::kind`] with what is about to start.
///
/// ```compile_fail
/// let forged = mcp_pin::history::Approval { ..unreachable!() };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    digest: Sha256Digest,
    kind: ApprovalKind,
    at: Timestamp,
    how: How,
    grade: Option<Grade>,
    fingerprint: Option<Fingerprint>,
}

impl Approval {
    /// What was approved.
    pub const fn digest(&self) -> &Sha256Digest {
        &self.digest
    }

    /// Which of the two digests that is.
    pub const fn kind(&self) -> ApprovalKind {
        self.kind
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// How.
    pub const fn how(&self) -> How {
        self.how
    }

    /// The worst grade of the report that was shown.
    pub const fn grade(&self) -> Option<Grade> {
        self.grade
    }

    /// The report that was shown.
    pub const fn fingerprint(&self) -> Option<&Fingerprint> {
        self.fingerprint.as_ref()
    }
}

type Row = (i64, String, Option<String>, Option<String>);

impl History {
    /// Records that the user agreed, and writes a row of the log in the same transaction. The caller
    /// has asked; nothing here can tell.
    ///
    /// An approval of an entry takes the place of the earlier ones of the same server and scope,
    /// in one transaction. The attack: somebody puts an old lock back, with a version that has
    /// known holes by now, and the approval of long ago lets it start.
    pub fn approve(&self, new: &NewApproval<'_>, now: Timestamp) -> Result<Approval, HistoryError> {
        self.write(|transaction| self.record(transaction, new, now))?;
        // Not read back: another process may have approved the next entry since, which takes this
        // one's place, and that is nobody's tampering.
        Ok(Approval {
            digest: new.digest,
            kind: new.kind,
            at: self.read_time(now.as_microsecond(), "approvals.at")?,
            how: new.how,
            grade: new.grade,
            fingerprint: new.fingerprint.cloned(),
        })
    }

    fn record(&self, transaction: &Transaction<'_>, new: &NewApproval<'_>, now: Timestamp) -> rusqlite::Result<()> {
        if new.kind == ApprovalKind::Entry {
            transaction.execute(
                "UPDATE approvals SET revoked = ?3 WHERE kind = 'entry' AND server = ?1 AND scope = ?2 AND revoked IS NULL",
                params![new.server.as_str(), new.scope, now.as_microsecond()],
            )?;
        }
        let given = Given {
            server: new.server.as_str().to_owned(),
            scope: new.scope.to_owned(),
            kind: new.kind.as_str().to_owned(),
            digest: new.digest.to_string(),
            fingerprint: new.fingerprint.map(|print| print.as_str().to_owned()),
            how: new.how.as_str().to_owned(),
            grade: new.grade.map(|grade| grade.as_str().to_owned()),
            at: now.as_microsecond(),
        };
        transaction.execute(
            "INSERT INTO approvals (digest, kind, server, scope, fingerprint, how, grade, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                given.digest,
                given.kind,
                given.server,
                given.scope,
                given.fingerprint,
                given.how,
                given.grade,
                given.at
            ],
        )?;
        recorded::given(transaction, &given, self.who.as_ref())
    }

    /// The newest approval of exactly this digest and kind that was not revoked, under whichever
    /// name and in whichever lock it was given. For an entry, ask [`History::approval_in`]: what
    /// another project still uses may be long superseded in this one.
    pub fn approval(&self, digest: &Sha256Digest, kind: ApprovalKind) -> Result<Option<Approval>, HistoryError> {
        let filter = "digest = ?1 AND kind = ?2 AND revoked IS NULL";
        self.newest(filter, params![digest.to_string(), kind.as_str()], *digest, kind)
    }

    /// As [`History::approval`], but only one that was given for this server in this scope.
    pub fn approval_in(
        &self,
        digest: &Sha256Digest,
        kind: ApprovalKind,
        server: &ServerName,
        scope: &str,
    ) -> Result<Option<Approval>, HistoryError> {
        let filter = "digest = ?1 AND kind = ?2 AND server = ?3 AND scope = ?4 AND revoked IS NULL";
        let values = params![digest.to_string(), kind.as_str(), server.as_str(), scope];
        self.newest(filter, values, *digest, kind)
    }

    /// Whether an entry was ever approved for this server in this scope, also where another took its
    /// place since. That is no approval: only something to go back to, and to be asked about again.
    pub fn was_approved(&self, digest: &Sha256Digest, server: &ServerName, scope: &str) -> Result<bool, HistoryError> {
        let sql = "SELECT 1 FROM approvals WHERE digest = ?1 AND kind = 'entry' AND server = ?2 AND scope = ?3 LIMIT 1";
        let found: Option<i64> = self
            .connection
            .query_row(sql, params![digest.to_string(), server.as_str(), scope], |row| row.get(0))
            .optional()
            .map_err(|error| self.error(error))?;
        Ok(found.is_some())
    }

    fn newest(
        &self,
        filter: &str,
        values: impl Params,
        digest: Sha256Digest,
        kind: ApprovalKind,
    ) -> Result<Option<Approval>, HistoryError> {
        let sql = format!("SELECT at, how, grade, fingerprint FROM approvals WHERE {filter} ORDER BY id DESC LIMIT 1");
        let row: Option<Row> = self
            .connection
            .query_row(&sql, values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()
            .map_err(|error| self.error(error))?;
        let Some((at, how, grade, fingerprint)) = row else {
            return Ok(None);
        };
        Ok(Some(Approval {
            digest,
            kind,
            at: self.read_time(at, "approvals.at")?,
            how: self.read(&how, "approvals.how")?,
            grade: self.read_grade(grade.as_deref(), "approvals.grade")?,
            fingerprint: fingerprint.map(|text| self.read(&text, "approvals.fingerprint")).transpose()?,
        }))
    }

    /// Every server with an entry approved in a scope and not revoked, by name: one that is in no
    /// file of that scope any more was taken out by somebody else than `remove`.
    pub fn approved_servers(&self, scope: &str) -> Result<Vec<ServerName>, HistoryError> {
        let mut statement = self
            .connection
            .prepare("SELECT DISTINCT server FROM approvals WHERE kind = 'entry' AND scope = ?1 AND revoked IS NULL ORDER BY server")
            .map_err(|error| self.error(error))?;
        let rows = statement
            .query_map([scope], |row| row.get::<_, String>(0))
            .map_err(|error| self.error(error))?;
        rows.map(|row| self.read(&row.map_err(|error| self.error(error))?, "approvals.server"))
            .collect()
    }

    /// Every lock in which an approval stands that is not revoked, as absolute paths.
    pub fn scopes(&self) -> Result<Vec<String>, HistoryError> {
        let mut statement = self
            .connection
            .prepare("SELECT DISTINCT scope FROM approvals WHERE revoked IS NULL ORDER BY scope")
            .map_err(|error| self.error(error))?;
        let rows = statement.query_map([], |row| row.get(0)).map_err(|error| self.error(error))?;
        rows.collect::<Result<_, _>>().map_err(|error| self.error(error))
    }

    /// Takes back every approval that was given for a server in a scope, for `remove`: installing
    /// it again asks again. Says how many there were.
    pub fn revoke(&self, server: &ServerName, scope: &str, now: Timestamp) -> Result<usize, HistoryError> {
        let (name, at) = (server.as_str(), now.as_microsecond());
        self.write(|transaction| {
            let count = transaction.execute(
                "UPDATE approvals SET revoked = ?3 WHERE server = ?1 AND scope = ?2 AND revoked IS NULL",
                params![name, scope, at],
            )?;
            if count > 0 {
                recorded::revoked(transaction, name, scope, count, at, self.who.as_ref())?;
            }
            Ok(count)
        })
    }
}

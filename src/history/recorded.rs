//! What the log says about approvals: every one that is given or taken back is a row of it, with the
//! digest, the report's fingerprint, how it was given and by whom.
//!
//! The attack: a row put into the table of approvals, or one that was taken back made good again, so
//! that something starts that nobody agreed to. Played through from its beginning, the log comes to
//! the approvals that must be in force; every difference is a [`Problem`].

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction};
use serde_json::{Value, json};

use super::chain::{self, Entry, Problem};
use super::events::EventKind;
use super::{ApprovalKind, History};

/// Who is at work, as the system and the environment say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    /// The user's name, as the environment has it: a claim.
    pub user: Option<String>,
    /// The user's number, as the system has it.
    pub uid: u32,
    /// The machine's name.
    pub host: String,
}

impl Who {
    pub(super) fn json(&self) -> Value {
        json!({"user": self.user, "uid": self.uid, "host": self.host})
    }
}

/// An approval, as its table and the log both hold it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Given {
    pub server: String,
    pub scope: String,
    pub kind: String,
    pub digest: String,
    pub fingerprint: Option<String>,
    pub how: String,
    pub grade: Option<String>,
    pub at: i64,
}

impl Given {
    fn detail(&self, carried: bool, who: Option<&Who>) -> Value {
        json!({
            "approval": {
                "digest": self.digest,
                "kind": self.kind,
                "scope": self.scope,
                "fingerprint": self.fingerprint,
                "how": self.how,
                "grade": self.grade,
                "at": self.at,
                "carried": carried,
            },
            "by": who.map(Who::json),
        })
    }

    fn read(server: &str, approval: &Value) -> Option<Self> {
        let text = |key: &str| approval[key].as_str().map(str::to_owned);
        Some(Self {
            server: server.to_owned(),
            scope: text("scope")?,
            kind: text("kind")?,
            digest: text("digest")?,
            fingerprint: text("fingerprint"),
            how: text("how")?,
            grade: text("grade"),
            at: approval["at"].as_i64()?,
        })
    }

    fn summary(&self) -> String {
        let what = if self.kind == ApprovalKind::Entry.as_str() {
            "the whole entry, for clients"
        } else {
            "its code, for the probe"
        };
        let report = self
            .fingerprint
            .as_ref()
            .map(|print| format!(", report {print}"))
            .unwrap_or_default();
        let above = matches!(self.grade.as_deref(), Some("warning" | "critical"));
        let findings = if above { "approved findings above notice" } else { "approved" };
        format!("{findings} ({}){report}: {what}", self.how)
    }
}

/// Every approval in force, the oldest first.
pub(super) fn in_force(connection: &Connection) -> rusqlite::Result<Vec<Given>> {
    let sql = "SELECT server, scope, kind, digest, fingerprint, how, grade, at FROM approvals WHERE revoked IS NULL ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map((), |row| {
        Ok(Given {
            server: row.get(0)?,
            scope: row.get(1)?,
            kind: row.get(2)?,
            digest: row.get(3)?,
            fingerprint: row.get(4)?,
            how: row.get(5)?,
            grade: row.get(6)?,
            at: row.get(7)?,
        })
    })?;
    rows.collect()
}

/// Writes the row of an approval that is given now.
pub(super) fn given(transaction: &Transaction<'_>, approval: &Given, who: Option<&Who>) -> rusqlite::Result<()> {
    write(
        transaction,
        approval,
        approval.at,
        &approval.summary(),
        &approval.detail(false, who),
    )
}

/// Writes the row of an approval that was given before, whose own row goes or never was.
pub(super) fn carry(transaction: &Transaction<'_>, approval: &Given, now: Option<i64>) -> rusqlite::Result<()> {
    let summary = format!("still {}", approval.summary());
    write(
        transaction,
        approval,
        now.unwrap_or(approval.at),
        &summary,
        &approval.detail(true, None),
    )
}

fn write(transaction: &Transaction<'_>, approval: &Given, at: i64, summary: &str, detail: &Value) -> rusqlite::Result<()> {
    let row = Entry {
        at,
        server: Some(&approval.server),
        kind: EventKind::Approve.as_str(),
        grade: approval.grade.as_deref(),
        summary,
        detail: &detail.to_string(),
    };
    chain::append(transaction, &row)
}

/// Writes the row of approvals that are taken back.
pub(super) fn revoked(
    transaction: &Transaction<'_>,
    server: &str,
    scope: &str,
    count: usize,
    at: i64,
    who: Option<&Who>,
) -> rusqlite::Result<()> {
    let s = if count == 1 { "" } else { "s" };
    let row = Entry {
        at,
        server: Some(server),
        kind: EventKind::Revoke.as_str(),
        grade: None,
        summary: &format!("took {count} approval{s} back"),
        detail: &json!({"revoked": {"scope": scope}, "by": who.map(Who::json)}).to_string(),
    };
    chain::append(transaction, &row)
}

/// The approvals that must be in force, as the log tells, row by row.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// Each with the row that told of it last.
    standing: BTreeMap<Given, i64>,
}

impl Replay {
    /// Takes in the next row.
    pub(super) fn row(&mut self, id: i64, row: &Entry<'_>) {
        let approve = row.kind == EventKind::Approve.as_str();
        let revoke = row.kind == EventKind::Revoke.as_str();
        let (true, Some(server)) = (approve || revoke, row.server) else {
            return;
        };
        let Ok(detail) = serde_json::from_str::<Value>(row.detail) else {
            return;
        };
        if let Some(scope) = detail["revoked"]["scope"].as_str().filter(|_| revoke) {
            self.standing.retain(|given, _| given.server != server || given.scope != scope);
        }
        let approval = &detail["approval"];
        let Some(given) = Given::read(server, approval).filter(|_| approve) else {
            return;
        };
        // An entry takes the place of the one before it.
        if given.kind == ApprovalKind::Entry.as_str() && approval["carried"] != true {
            self.standing
                .retain(|other, _| other.kind != given.kind || other.server != given.server || other.scope != given.scope);
        }
        self.standing.insert(given, id);
    }

    /// What the table of approvals has otherwise.
    pub(super) fn compare(mut self, table: Vec<Given>) -> Vec<Problem> {
        let mut problems = Vec::new();
        for given in table.into_iter().collect::<BTreeSet<_>>() {
            if self.standing.remove(&given).is_none() {
                problems.push(Problem::Approval {
                    server: given.server,
                    kind: given.kind,
                });
            }
        }
        let gone = self.standing.into_keys().map(|given| Problem::ApprovalGone {
            server: given.server,
            kind: given.kind,
        });
        problems.extend(gone);
        problems
    }

    /// The servers, each with its scope, of which the table of approvals has anything otherwise.
    pub(super) fn doubtful(mut self, table: Vec<Given>) -> BTreeSet<(String, String)> {
        let unknown: Vec<_> = table.into_iter().filter(|given| self.standing.remove(given).is_none()).collect();
        let all = unknown.into_iter().chain(self.standing.into_keys());
        all.map(|given| (given.server, given.scope)).collect()
    }

    /// The approvals in force whose row is this one or an earlier one.
    pub(super) fn told_up_to(self, last: i64) -> Vec<Given> {
        let early = self.standing.into_iter().filter(|(_, id)| *id <= last);
        early.map(|(given, _)| given).collect()
    }
}

impl History {
    /// The same history, which writes down who gives approvals and takes them back.
    #[must_use]
    pub fn by(mut self, who: Who) -> Self {
        self.who = Some(who);
        self
    }
}

//! What has changed in clients' configuration files since this user agreed to them.
//!
//! What is found is found again by every later check: only `import` and `wrap`, where a person says
//! so, move what is remembered. Where nothing is wrapped at all, what is new is one line and not
//! forty: such a user was never told that clients are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{ClientFile, Locks, Seen, Status, Unread, Which, files, same_meaning, survey};
use crate::clients::{EntryScope, Launch, Meaning, ScopeKind, address, command_line};
use crate::error::Error;
use crate::history::{ClientRow, History};
use crate::model::report::Undecided;
use crate::model::{Detail, Finding, Grade, Report, ServerName, Sha256Digest};
use crate::ops::{Context, Interact};

const UNWRAPPED: &str = "client-entry-unwrapped";
const CHANGED: &str = "client-launch-changed";
const UNKNOWN: &str = "client-server-unknown";
/// The key under which a file that cannot be read is remembered by its text.
pub(crate) const WHOLE: &str = "";

/// Compares the files that a verification covers with what was agreed to. The first look at a user's
/// files remembers what they say, as nobody has agreed to anything before, and says so.
///
/// # Errors
/// The history cannot be read or written, or a lock cannot be used. What a file says is no error.
pub fn check(context: &Context, history: &History, which: Which, person: &dyn Interact) -> Result<Report, Error> {
    let found = files(context, which);
    let locks = Locks::load(context)?;
    let mut seen = survey(&found, &locks);
    let folder = super::find::project(context);
    if which == Which::Project {
        // Local entries of this very project stand in the user's file.
        let user = files(context, Which::User);
        seen.extend(survey(&user, &locks).into_iter().filter(|one| is_local_to(one, &folder)));
    }
    if which != Which::Project && !history.clients_looked_at()? {
        first_look(context, history, &seen, person)?;
    }
    let rows = history.client_entries()?;
    Ok(judge(&found, &seen, &rows, &locks, &covered(context, which, &found, &rows)))
}

/// Remembers what nobody has agreed to yet, once.
fn first_look(context: &Context, history: &History, seen: &[Seen], person: &dyn Interact) -> Result<(), Error> {
    let mut count = 0;
    for one in seen {
        if history.client_entry(&one.file, &one.entry.key())?.is_none() {
            history.record_client_entry(&one.file, &one.entry.key(), &one.entry.digest(), context.now())?;
            count += 1;
        }
    }
    history.record_clients_looked_at(context.now())?;
    if count > 0 {
        let s = if count == 1 { " is" } else { "s are" };
        person.note(&format!(
            "first look at your AI clients' files: {count} server{s} remembered as they stand there; `mcp-pin import` lists them"
        ));
    }
    Ok(())
}

fn is_local_to(one: &Seen, folder: &Path) -> bool {
    matches!(&one.entry.scope, EntryScope::Local { folder: local } if Path::new(local) == folder)
}

/// The remembered files that a check of this kind looks at, were they there: an entry that is gone from
/// one of them is gone, one of another project is not.
pub(crate) fn covered(context: &Context, which: Which, found: &[ClientFile], rows: &[ClientRow]) -> BTreeSet<PathBuf> {
    let folder = super::find::project(context);
    let users = super::find::fixed(context);
    let all = rows.iter().map(|row| &row.file);
    all.filter(|file| {
        let of_user = users.contains(*file)
            || found
                .iter()
                .any(|known| &known.path == *file && known.place.scope != ScopeKind::Project);
        match which {
            Which::User => of_user,
            Which::Project => !of_user && file.starts_with(&folder),
            Which::All => of_user || file.starts_with(&folder),
        }
    })
    .cloned()
    .collect()
}

/// Compares entries with what was agreed to.
pub fn judge(found: &[ClientFile], seen: &[Seen], rows: &[ClientRow], locks: &Locks, covered: &BTreeSet<PathBuf>) -> Report {
    let known: BTreeMap<(&Path, &str), &ClientRow> = rows.iter().map(|row| ((row.file.as_path(), row.key.as_str()), row)).collect();
    let mut report = Report::default();
    for file in found {
        if let Err(unread) = &file.entries
            && !agreed(unread, known.get(&(file.path.as_path(), WHOLE)).copied())
        {
            report.undecided.push(undecided(file, unread));
        }
    }
    for one in seen {
        let row = known.get(&(one.file.as_path(), one.entry.key().as_str())).copied();
        let found = entry(one, row, locks);
        let open = found.as_ref().is_none_or(|finding| finding.code == UNKNOWN);
        // One finding an entry: that its name is another's says more than that it is not known.
        let finding = open.then(|| conflict(one, row, seen, locks)).flatten().or(found);
        report.findings.extend(finding);
    }
    for row in rows.iter().filter(|row| covered.contains(&row.file) && row.key != WHOLE) {
        let unread = found.iter().any(|file| file.path == row.file && file.entries.is_err());
        let there = seen.iter().any(|one| one.file == row.file && one.entry.key() == row.key);
        report
            .findings
            .extend(row.wrap.as_ref().filter(|_| !unread && !there).map(|wrap| gone(row, &wrap.server)));
    }
    let watched = rows.iter().any(|row| row.wrap.is_some()) || seen.iter().any(|one| one.status == Status::Wrapped);
    if !watched {
        collapse(&mut report.findings);
    }
    report.sort();
    report
}

fn agreed(unread: &Unread, row: Option<&ClientRow>) -> bool {
    unread.text.is_some() && unread.text.as_ref() == row.map(|row| &row.meaning)
}

fn undecided(file: &ClientFile, unread: &Unread) -> Undecided {
    let client = file.clients.first();
    Undecided {
        server: ServerName::like(client.map_or("client", |client| client.id)),
        what: format!(
            "see which servers {} starts: {} is unread: {}",
            client.map_or("a client", |client| client.name),
            file.path.display(),
            unread.why
        ),
        hints: vec!["`mcp-pin verify --no-clients` leaves clients out; `mcp-pin import --acknowledge` agrees to the file as it is".into()],
    }
}

/// Whether an entry is as this user agreed to it.
pub(crate) fn acknowledged(one: &Seen, row: Option<&ClientRow>) -> bool {
    row.is_some_and(|row| row.meaning == one.entry.digest() && row.wrap.as_ref().is_none_or(|wrap| wrap.wrapped == row.meaning))
}

fn entry(one: &Seen, row: Option<&ClientRow>, locks: &Locks) -> Option<Finding> {
    let digest = one.entry.digest();
    if let Some(row) = row {
        if let Some(wrap) = row.wrap.as_ref().filter(|wrap| wrap.wrapped != digest) {
            return Some(unwrapped(one, &wrap.server, &digest));
        }
        if row.meaning != digest {
            let pinned = locks.has(one.owner, &one.name);
            let grade = if pinned { Grade::Critical } else { Grade::Warning };
            let title = format!(
                "`{}` in {} starts something else than what you agreed to",
                one.entry.name,
                one.clients_told()
            );
            return Some(
                placed(
                    one,
                    Finding::new(
                        CHANGED,
                        grade,
                        &one.name,
                        one.subject(),
                        title,
                        &json!([row.meaning.to_string(), digest.to_string()]),
                    ),
                )
                .with(accept()),
            );
        }
    }
    match (&one.status, row) {
        (Status::Pinned(name), _) if !one.entry.disabled => {
            let title = format!(
                "{} starts `{}` past mcp-pin, though `{name}` is pinned",
                one.clients_told(),
                one.entry.name
            );
            let finding = Finding::new(
                "client-entry-unguarded",
                Grade::Info,
                &one.name,
                one.subject(),
                title,
                &json!(digest.to_string()),
            );
            Some(placed(one, finding).with(Detail::Line(format!("`mcp-pin wrap {name}` has it started by mcp-pin"))))
        }
        (Status::NotPinned | Status::NotPossible(_) | Status::Conflict(_), None) if !one.entry.disabled => {
            let title = format!(
                "{} would start `{}`, which is not pinned and which you have not agreed to",
                one.clients_told(),
                one.entry.name
            );
            let finding = Finding::new(UNKNOWN, Grade::Warning, &one.name, one.subject(), title, &json!(digest.to_string()));
            Some(placed(one, finding).with(Detail::Line(format!(
                "if it is yours: `mcp-pin import {}` pins it, `mcp-pin import --acknowledge {}` agrees to it as it is",
                one.name, one.name
            ))))
        }
        _ => None,
    }
}

fn unwrapped(one: &Seen, server: &ServerName, digest: &Sha256Digest) -> Finding {
    let (code, title) = match &one.meaning {
        Meaning::Wrapped(_) => (
            CHANGED,
            format!(
                "`{}` in {} still starts mcp-pin, but not as `wrap` wrote it",
                one.entry.name,
                one.clients_told()
            ),
        ),
        _ => (
            UNWRAPPED,
            format!(
                "`{}` in {} was wrapped and is not any more: nothing guards it",
                one.entry.name,
                one.clients_told()
            ),
        ),
    };
    let finding = Finding::new(code, Grade::Critical, server, one.subject(), title, &json!(digest.to_string()));
    placed(one, finding).with(Detail::Line(format!(
        "`mcp-pin wrap {server}` wraps it again; if it was you: `mcp-pin import --acknowledge {}` on a terminal",
        one.name
    )))
}

fn accept() -> Detail {
    Detail::Line("if it was you: `mcp-pin import --acknowledge` agrees to it as it is now, on a terminal".into())
}

fn gone(row: &ClientRow, server: &ServerName) -> Finding {
    let title = format!("the entry of `{server}` that was wrapped is gone from {}", row.file.display());
    Finding::new(
        "client-entry-gone",
        Grade::Notice,
        server,
        row.file.display().to_string(),
        title,
        &json!(row.meaning.to_string()),
    )
    .with(Detail::Line("if you took it out: `mcp-pin import --acknowledge` forgets it".into()))
}

/// One name, two things: which of them a person means is not to be told from the name.
fn conflict(one: &Seen, row: Option<&ClientRow>, seen: &[Seen], locks: &Locks) -> Option<Finding> {
    let counts = |one: &Seen| !one.entry.disabled && !matches!(one.status, Status::Inside | Status::Wrapped | Status::Pinned(_));
    if !counts(one) || acknowledged(one, row) {
        return None;
    }
    let pinned = locks.has(one.owner, &one.name);
    let other = seen.iter().find(|other| {
        other.name == one.name
            && !other.entry.disabled
            && (other.file != one.file || other.entry.key() != one.entry.key())
            && differs(one, other)
    });
    let against = match (pinned, other) {
        (true, _) => format!("the pinned `{}`", one.name),
        (false, Some(other)) => format!("what {} calls so ({})", other.clients_told(), other.meaning.told()),
        (false, None) => return None,
    };
    let title = format!("`{}` in {} is another server than {against}", one.entry.name, one.clients_told());
    let facts = json!([one.entry.digest().to_string(), other.map(|other| other.entry.digest().to_string())]);
    Some(
        placed(
            one,
            Finding::new("client-name-conflict", Grade::Warning, &one.name, one.subject(), title, &facts),
        )
        .with(accept()),
    )
}

fn differs(one: &Seen, other: &Seen) -> bool {
    match (&one.meaning, &other.meaning) {
        (_, Meaning::Wrapped(_) | Meaning::Inside { .. }) => false,
        (Meaning::NotUnderstood { .. }, Meaning::NotUnderstood { .. }) => one.entry.digest() != other.entry.digest(),
        (one, other) => !same_meaning(one, other),
    }
}

/// The finding with its place in the file, and what would be started.
fn placed(one: &Seen, finding: Finding) -> Finding {
    let now = match &one.entry.launch {
        Launch::Stdio(stdio) => command_line(stdio),
        Launch::Remote(remote) => address(&remote.url),
        Launch::Inside { what } => what.clone(),
        Launch::NotUnderstood { why, .. } => why.clone(),
    };
    finding.with(Detail::Code {
        path: one.shown.clone(),
        line: u32::try_from(one.entry.at.line).unwrap_or(u32::MAX),
        before: String::new(),
        after: now,
    })
}

/// What is not critical becomes one line.
fn collapse(findings: &mut Vec<Finding>) {
    let (mut keep, many): (Vec<_>, Vec<_>) = findings
        .drain(..)
        .partition(|finding| finding.grade == Grade::Critical || finding.grade == Grade::Info);
    let mut entries: Vec<_> = many.iter().map(|finding| finding.subject.clone()).collect();
    entries.sort();
    entries.dedup();
    if !entries.is_empty() {
        let mut names: Vec<_> = many.iter().map(|finding| finding.server.as_str().to_owned()).collect();
        names.sort();
        names.dedup();
        let (count, s) = (entries.len(), if entries.len() == 1 { "" } else { "s" });
        let title = format!("{count} server{s} in clients' files: new, changed or of two meanings since you last agreed, and not pinned");
        let mut prints: Vec<_> = many.iter().map(|finding| finding.fingerprint.as_str().to_owned()).collect();
        prints.sort();
        let all: ServerName = ServerName::like("clients");
        let finding = Finding::new("client-servers-unknown", Grade::Notice, &all, "", title, &json!(prints));
        let first: Option<Detail> = many
            .iter()
            .flat_map(|finding| &finding.details)
            .find(|detail| matches!(detail, Detail::Code { .. }))
            .cloned();
        let finding = first.into_iter().fold(finding, Finding::with);
        keep.push(finding.with(Detail::Line(names.join(", "))).with(Detail::Line(
            "`mcp-pin import` lists them and pins them; `mcp-pin import --acknowledge` agrees to them as they are".into(),
        )));
    }
    *findings = keep;
}

impl Seen {
    /// The entry's place, as the subject of findings.
    pub(crate) fn subject(&self) -> String {
        format!("{}#{}", self.shown, self.entry.key())
    }
}

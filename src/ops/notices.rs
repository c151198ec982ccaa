//! Approvals and drift, written to the history and told over the channels of alerts.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::error::Error;
use crate::history::{ApprovalKind, EventFilter, EventKind, History, NewApproval, NewEvent, Resolution};
use crate::model::{Finding, Grade, Report, ServerName, Sha256Digest};
use crate::ops::alerts::{self, Alerts, Over, Refusal, Undelivered};
use crate::ops::consent::How;
use crate::ops::tools::Tools;

/// Records an approval, tells of one above `notice` (if it was not the person who approved, the person
/// hears of it), and tells who was told of drift that it is over.
///
/// # Errors
/// The history cannot be written. A channel that takes nothing is no error.
pub async fn record_approval(
    tools: &Tools<'_>,
    kind: ApprovalKind,
    server: &ServerName,
    scope: &str,
    digest: &Sha256Digest,
    how: How,
    report: &Report,
) -> Result<(), Error> {
    let grade = report.worst();
    let fingerprint = report.fingerprint(digest);
    let now = tools.context.now();
    let new = NewApproval {
        digest: *digest,
        kind,
        server,
        scope,
        fingerprint: Some(&fingerprint),
        how,
        grade,
    };
    tools.history.approve(&new, now)?;
    let alerts = Alerts::or_desktop(tools.context);
    if kind == ApprovalKind::Entry {
        alerts.over(&tools.history, scope, server, Over::Approved)?;
    }
    if grade.is_some_and(|grade| grade > Grade::Notice) {
        alerts.approved(&tools.history, scope, server, report, &fingerprint)?;
    }
    // Nobody at the other end is no reason to take the approval back: the log has it too.
    for failed in alerts.deliver(&tools.history, alerts::CHECK).await? {
        for line in failed.lines().iter().filter(|_| !failed.desktop) {
            tools.person.warn(line);
        }
    }
    Ok(())
}

/// Adds a line to the history.
///
/// # Errors
/// The history cannot be written.
pub fn event(
    history: &History,
    now: Timestamp,
    kind: EventKind,
    server: &ServerName,
    grade: Option<Grade>,
    summary: &str,
) -> Result<(), Error> {
    let new = NewEvent {
        server: Some(server),
        kind,
        grade,
        summary,
        detail: &serde_json::Value::Null,
    };
    Ok(history.record_event(&new, now)?)
}

/// How many findings of an update are kept with its line; the others are counted.
const FINDINGS: usize = 60;
/// The most characters that are kept of one of their titles, and of a figure.
const WIDTH: usize = 300;

/// Adds the line of an update, with what the review showed of it: figures, and findings by code and title. The
/// changed text itself is not kept.
///
/// # Errors
/// The history cannot be written.
pub fn updated(tools: &Tools<'_>, server: &ServerName, what: &str, figures: &[String], report: &Report) -> Result<(), Error> {
    let cut = |text: &str| text.chars().take(WIDTH).collect::<String>();
    let mut findings: Vec<_> = report.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    let more = findings.len().saturating_sub(FINDINGS);
    let findings = findings.into_iter().take(FINDINGS);
    let findings: Vec<_> = findings
        .map(|finding| serde_json::json!({"code": finding.code, "grade": finding.grade.as_str(), "title": cut(&finding.title)}))
        .collect();
    let figures: Vec<_> = figures.iter().take(FINDINGS).map(|figure| cut(figure)).collect();
    let new = NewEvent {
        server: Some(server),
        kind: EventKind::Update,
        grade: None,
        summary: what,
        detail: &serde_json::json!({"changes": {"figures": figures, "findings": findings, "more": more}}),
    };
    Ok(tools.history.record_event(&new, tools.context.now())?)
}

/// What adds a line to the history again and again while it lasts, and is news only where it says something
/// else than before.
#[derive(Debug, Clone, Copy)]
pub struct Lasting<'a> {
    /// The kind of line.
    pub kind: EventKind,
    /// The server.
    pub server: &'a ServerName,
    /// Who says so: lines of others in between make it no news.
    pub stream: &'a str,
    /// How bad.
    pub grade: Option<Grade>,
    /// The line.
    pub summary: &'a str,
}

/// How many lines back it is looked for; beyond, it is news.
const BACK: u32 = 500;

/// Adds a line to the history, unless the last one of its stream says the same and nothing was done about the
/// server since: the same drift, found every hour, is one line of the history.
///
/// # Errors
/// The history cannot be read or written.
pub fn lasting(history: &History, now: Timestamp, line: &Lasting<'_>) -> Result<(), Error> {
    let filter = EventFilter {
        server: Some(line.server.clone()),
        limit: Some(BACK),
        ..EventFilter::default()
    };
    let seen = |kind| {
        matches!(
            kind,
            EventKind::Drift | EventKind::Refusal | EventKind::Alert | EventKind::Verify | EventKind::Run
        )
    };
    let mut before = history.events(&filter)?.into_iter().take_while(|event| seen(event.kind));
    let last = before.find(|event| event.kind == line.kind && event.detail["stream"] == line.stream);
    if last.is_some_and(|last| last.summary == line.summary && last.grade == line.grade) {
        return Ok(());
    }
    let new = NewEvent {
        server: Some(line.server),
        kind: line.kind,
        grade: line.grade,
        summary: line.summary,
        detail: &serde_json::json!({"stream": line.stream}),
    };
    Ok(history.record_event(&new, now)?)
}

/// Closes the drift of a server that is open, if any is.
///
/// # Errors
/// The history cannot be read or written.
pub fn resolved(tools: &Tools<'_>, server: &ServerName, scope: &str, how: Resolution) -> Result<(), Error> {
    if let Some(open) = tools.history.open_drift(server, scope)? {
        tools
            .history
            .resolve_drift(server, scope, &open.fingerprint, how, tools.context.now())?;
    }
    if how == Resolution::Replaced {
        // What connections saw differed from an entry that is gone.
        tools.history.resolve_sightings(server, scope, None, how, tools.context.now())?;
    }
    Ok(())
}

/// Tells every channel what a check is news of: drift and servers that could not be checked, once each
/// and again after a while, and what is over. What could not be delivered is said, and waits.
///
/// # Errors
/// The history cannot be read or written.
pub async fn tell(tools: &Tools<'_>, scope: &str, report: &Report, looked: Looked<'_>) -> Result<(), Error> {
    let (alerts, history) = (Alerts::of(tools.context)?, &tools.history);
    let mut servers: BTreeSet<_> = looked.at.iter().cloned().collect();
    servers.extend(report.findings.iter().map(|finding| finding.server.clone()));
    servers.extend(report.undecided.iter().map(|undecided| undecided.server.clone()));
    for server in &servers {
        let about = Report {
            findings: report
                .findings
                .iter()
                .filter(|finding| &finding.server == server)
                .cloned()
                .collect(),
            undecided: report.undecided.iter().filter(|one| &one.server == server).cloned().collect(),
            ..Report::default()
        };
        let decided = looked.started && about.undecided.is_empty();
        alerts.checked(history, scope, server, &about, decided)?;
    }
    if looked.whole {
        alerts.only(history, scope, &servers)?;
    }
    deliver(tools, &alerts).await
}

/// What a check looked at.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    /// These servers.
    pub at: &'a [ServerName],
    /// Those are all of the scope.
    pub whole: bool,
    /// They were started too: what was not found is not there.
    pub started: bool,
}

/// Delivers what waits, and says what could not be.
async fn deliver(tools: &Tools<'_>, alerts: &Alerts) -> Result<(), Error> {
    for failed in alerts.deliver(&tools.history, alerts::CHECK).await? {
        for line in failed.lines() {
            tools.person.warn(&line);
        }
    }
    Ok(())
}

/// Tells of drift that a running server showed, once a distinct finding, whoever saw it first. What could
/// not be delivered is the answer's lines.
///
/// # Errors
/// The history cannot be read or written.
pub async fn tell_of_drift(history: &History, alerts: &Alerts, scope: &str, findings: &[Finding]) -> Result<Vec<String>, Error> {
    alerts.ran(history, scope, findings)?;
    beside_a_run(history, alerts).await
}

/// Tells that a server was not started, once a distinct cause.
///
/// # Errors
/// As [`tell_of_drift`].
pub async fn tell_of_refusal(
    history: &History,
    alerts: &Alerts,
    scope: &str,
    server: &ServerName,
    refusal: &Refusal<'_>,
    findings: &[Finding],
) -> Result<Vec<String>, Error> {
    alerts.refused(history, scope, server, refusal, findings)?;
    beside_a_run(history, alerts).await
}

/// A server was started: what kept it from that is over, and told again when it comes back. It is
/// delivered with what is told next.
///
/// # Errors
/// The history cannot be written.
pub fn started(history: &History, alerts: &Alerts, scope: &str, server: &ServerName) -> Result<(), Error> {
    alerts.over(history, scope, server, Over::Started)
}

/// Delivers beside a server that runs, in little time; what could not be is the answer's lines.
async fn beside_a_run(history: &History, alerts: &Alerts) -> Result<Vec<String>, Error> {
    let failed = alerts.deliver(history, alerts::RUN).await?;
    Ok(failed.iter().flat_map(Undelivered::lines).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_one_line_of_each_stream_until_it_changes_or_something_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(&folder.path().join("state.db")).unwrap();
        let (server, now) = (ServerName::like("calc"), Timestamp::UNIX_EPOCH);
        let line = |stream, summary, grade| {
            let line = Lasting {
                kind: EventKind::Drift,
                server: &server,
                stream,
                grade: Some(grade),
                summary,
            };
            lasting(&history, now, &line).unwrap();
        };
        let count = || history.events(&EventFilter::default()).unwrap().len();
        // Two kinds of drift, found by every run, with what was told of them in between.
        for _ in 0..3 {
            line("clients", "its entry changed", Grade::Warning);
            line("check", "a tool changed", Grade::Critical);
            event(&history, now, EventKind::Alert, &server, None, "told").unwrap();
        }
        assert_eq!(count(), 2 + 3);
        // Another one, the first one again, and the same with another grade.
        line("check", "two tools changed", Grade::Critical);
        line("check", "a tool changed", Grade::Critical);
        line("check", "a tool changed", Grade::Warning);
        assert_eq!(count(), 5 + 3);
        line("clients", "its entry changed", Grade::Warning);
        assert_eq!(count(), 8);
        // Something was done about it, and it is there again.
        event(&history, now, EventKind::Approve, &server, None, "approved").unwrap();
        line("check", "a tool changed", Grade::Warning);
        line("check", "a tool changed", Grade::Warning);
        assert_eq!(count(), 8 + 2);
    }
}

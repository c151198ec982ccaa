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

/// Whether the last thing known about a server is something else: the same drift, found every hour,
/// is one line of the history.
///
/// # Errors
/// The history cannot be read.
pub fn is_news(history: &History, server: &ServerName, summary: &str) -> Result<bool, Error> {
    let filter = EventFilter {
        server: Some(server.clone()),
        limit: Some(1),
        ..EventFilter::default()
    };
    let last = history.events(&filter)?.pop();
    Ok(last.is_none_or(|last| last.kind == EventKind::Alert || last.summary != summary))
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

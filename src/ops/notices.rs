//! Approvals and drift, written to the history and told to the desktop.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::error::Error;
use crate::history::{ApprovalKind, EventFilter, EventKind, History, NewApproval, NewEvent, Resolution};
use crate::model::{Finding, Fingerprint, Grade, Report, ServerName, Sha256Digest};
use crate::notify::{self, DesktopBus, Message, Urgency};
use crate::ops::Environment;
use crate::ops::consent::How;
use crate::ops::tools::Tools;

/// Records an approval, and tells the desktop of one above `notice`: if it was not the person who
/// approved, the person hears of it.
///
/// # Errors
/// The history cannot be written: then nothing is approved. A desktop that is not there is no
/// error.
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
    if grade.is_some_and(|grade| grade > Grade::Notice) {
        let body = format!("Findings graded {} were accepted for it.", grade.map_or("notice", Grade::as_str));
        let message = Message::new(&format!("{server} was approved"), &[&body], Urgency::Normal, fingerprint);
        // Nobody at the desktop is no reason to take the approval back: the log has it too.
        drop(notify::desktop::send(&bus(&tools.context.env), &message).await);
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
    Ok(())
}

/// The session bus as the environment names it, or as this user's session has it: cron hands no
/// variable down.
pub fn bus(env: &Environment) -> DesktopBus {
    let runtime_dir = env.get("XDG_RUNTIME_DIR").map(PathBuf::from);
    DesktopBus {
        address: env
            .get("DBUS_SESSION_BUS_ADDRESS")
            .and_then(|value| value.to_str())
            .map(str::to_owned),
        runtime_dir: runtime_dir.or_else(|| Some(PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw())))),
    }
}

/// Tells the desktop of findings that it was not told of before, once a distinct drift, and of
/// servers that could not be checked: one that keeps a check from ending is not passed over. Where
/// there is no desktop, a line of talk says so, and the exit status still tells.
///
/// # Errors
/// The history cannot be read or written.
pub async fn tell(tools: &Tools<'_>, scope: &str, report: &Report, whole: bool) -> Result<(), Error> {
    let channel = format!("desktop {scope}");
    let mut current = BTreeSet::new();
    let mut servers: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.grade >= Grade::Notice)
        .map(|finding| &finding.server)
        .chain(report.undecided.iter().map(|undecided| &undecided.server))
        .collect();
    servers.sort();
    servers.dedup();
    for server in servers {
        let findings = report
            .findings
            .iter()
            .filter(|finding| &finding.server == server)
            .cloned()
            .collect();
        let undecided = report
            .undecided
            .iter()
            .filter(|undecided| &undecided.server == server)
            .cloned()
            .collect();
        let about = Report {
            findings,
            undecided,
            ..Report::default()
        };
        let Some(message) = notify::message(&about) else { continue };
        current.insert(message.fingerprint().clone());
        if !tools.history.alert_due(&channel, message.fingerprint())? {
            continue;
        }
        match notify::desktop::send(&bus(&tools.context.env), &message).await {
            Ok(()) => {
                let now = tools.context.now();
                tools.history.record_alert(&channel, message.fingerprint(), now)?;
                event(&tools.history, now, EventKind::Alert, server, about.worst(), message.title())?;
            }
            Err(error) => {
                tools.person.warn(&format!("could not notify the desktop: {error}"));
                if let Some(hint) = error.hint() {
                    tools.person.warn(&format!("hint: {hint}"));
                }
            }
        }
    }
    if whole {
        // What is gone is told again when it comes back.
        tools.history.forget_alerts(&channel, &current)?;
    }
    Ok(())
}

/// The channel under which the desktop is told what a scope's servers do when they run. Not
/// `verify`'s own: what only a running server shows is not gone because a check does not see it.
fn run_channel(scope: &str) -> String {
    format!("desktop run {scope}")
}

/// The channel under which the desktop is told that a server was not started.
fn start_channel(scope: &str, server: &ServerName) -> String {
    format!("desktop start {scope} {server}")
}

/// Tells the desktop of drift that a running server showed: the notification of `verify`, and once a
/// distinct finding, whoever of the two saw it first.
///
/// # Errors
/// The history cannot be read or written. A desktop that cannot be told is the answer's text.
pub async fn tell_of_drift(
    history: &History,
    bus: &DesktopBus,
    scope: &str,
    findings: &[Finding],
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let report = Report {
        findings: findings.to_vec(),
        ..Report::default()
    };
    let Some(message) = notify::message(&report) else { return Ok(None) };
    let channel = run_channel(scope);
    let mut due = false;
    for finding in findings.iter().filter(|finding| finding.grade >= Grade::Notice) {
        due |= history.alert_due(&channel, &finding.fingerprint)?;
    }
    if !due || !history.alert_due(&format!("desktop {scope}"), message.fingerprint())? {
        return Ok(None);
    }
    if let Err(error) = notify::desktop::send(bus, &message).await {
        return Ok(Some(error.to_string()));
    }
    for finding in findings {
        history.record_alert(&channel, &finding.fingerprint, now)?;
    }
    if let Some(first) = findings.first() {
        event(history, now, EventKind::Alert, &first.server, report.worst(), message.title())?;
    }
    Ok(None)
}

/// Tells the desktop that a server was not started, once a distinct cause.
///
/// # Errors
/// As [`tell_of_drift`].
pub async fn tell_of_refusal(
    history: &History,
    bus: &DesktopBus,
    scope: &str,
    server: &ServerName,
    lines: &[&str],
    cause: Fingerprint,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let channel = start_channel(scope, server);
    if !history.alert_due(&channel, &cause)? {
        return Ok(None);
    }
    let title = format!("MCP server {server} was not started");
    let message = Message::new(&title, lines, Urgency::Critical, cause);
    if let Err(error) = notify::desktop::send(bus, &message).await {
        return Ok(Some(error.to_string()));
    }
    history.record_alert(&channel, message.fingerprint(), now)?;
    event(history, now, EventKind::Alert, server, None, message.title())?;
    Ok(None)
}

/// A server was started: what kept it from that is told again when it comes back.
///
/// # Errors
/// The history cannot be written.
pub fn started(history: &History, scope: &str, server: &ServerName) -> Result<(), Error> {
    history.forget_alerts(&start_channel(scope, server), &BTreeSet::new())?;
    Ok(())
}

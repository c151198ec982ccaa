//! A run that a schedule started: `verify`, and a row that says so.
//!
//! Nobody sits in front of it. So an error is told over the channels of alerts as findings are, and what it came to
//! is kept for `status`.

use serde_json::json;

use super::name_of;
use crate::error::Error;
use crate::history::{EventKind, History, NewEvent, RunEnd};
use crate::model::report::Status;
use crate::model::{Finding, Fingerprint, Grade, Report, ServerName};
use crate::ops::alerts::{self, Alerts};
use crate::ops::outcome::Outcome;
use crate::ops::scope::Scope;
use crate::ops::{Context, Interact, outdated, queries, verify};
use crate::policy;
use crate::schedule::ScheduleError;

/// Verifies as the schedule of this name does, and records it. The scope that is found must be the one
/// that the schedule was made for: a project whose lock is gone must not pass as its parent's.
///
/// # Errors
/// As [`verify::verify`]. The channels of alerts were told, once for each distinct error.
pub async fn scheduled(context: &Context, name: &str, options: verify::Options, person: &dyn Interact) -> Result<Outcome, Error> {
    let (scope, _) = Scope::for_reading(context);
    let is_meant = name_of(context, &scope) == name;
    let history = queries::open_history(context);
    let key = match &history {
        Ok(history) if !is_meant => {
            let known = history.schedules().unwrap_or_default().into_iter().find(|known| known.name == name);
            known.map_or_else(|| scope.key(), |known| known.scope)
        }
        _ => scope.key(),
    };
    let run = history
        .as_ref()
        .ok()
        .map(|history| history.begin_run(&key, context.now()))
        .transpose();
    let result = if is_meant {
        verify::verify(context, options, person).await
    } else {
        Err(ScheduleError::OtherScope {
            folder: context.cwd.clone(),
        }
        .into())
    };
    let (status, summary) = match &result {
        Ok(outcome) => (status_of(&outcome.report), summary(&outcome.report)),
        Err(error) => (error.exit_status(), told(error)),
    };
    match (&result, &history) {
        (Err(error), Ok(history)) => tell(context, history, &key, error, person).await?,
        (Err(error), Err(_)) => tell_without_history(context, error, person).await,
        (Ok(_), Ok(history)) => Alerts::or_desktop(context).checked_again(history, &key, &ended_check())?,
        (Ok(_), Err(_)) => {}
    }
    if let Ok(history) = &history {
        let row = NewEvent {
            server: None,
            kind: EventKind::Schedule,
            grade: result.as_ref().ok().and_then(|outcome| outcome.report.worst()),
            summary: &summary,
            detail: &json!({"schedule": name, "status": status}),
        };
        history.record_event(&row, context.now())?;
    }
    if let (Ok(history), Some(id)) = (&history, run?) {
        let untold = alerts::nobody(&Alerts::or_desktop(context).hearers(history).await?);
        let end = RunEnd {
            at: context.now(),
            status,
            summary,
            untold,
        };
        history.end_run(id, &end)?;
    }
    result
}

fn status_of(report: &Report) -> u8 {
    match report.status(policy::THRESHOLD) {
        Status::Clean => 0,
        Status::Findings => 1,
        Status::Undecided => 2,
    }
}

/// One line: what a report comes to.
fn summary(report: &Report) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let mut parts = Vec::new();
    for (grade, noun) in [
        (Grade::Critical, "critical finding"),
        (Grade::Warning, "warning"),
        (Grade::Notice, "notice"),
    ] {
        let found = report.count(grade);
        if found > 0 {
            parts.push(count(found, noun));
        }
    }
    if !report.undecided.is_empty() {
        parts.push(format!("{} could not be checked", count(report.undecided.len(), "server")));
    }
    if parts.is_empty() {
        "nothing to report".to_owned()
    } else {
        parts.join(", ")
    }
}

/// An error with its causes, on one line.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

/// Under which an ended check is remembered as told.
fn ended_check() -> ServerName {
    ServerName::like("schedule")
}

/// Tells the channels that a check ended without a result.
async fn tell(context: &Context, history: &History, scope: &str, error: &Error, person: &dyn Interact) -> Result<(), Error> {
    let text = told(error);
    let print = Fingerprint::of_canonical(json!({"scheduled": scope, "error": text}).to_string().as_bytes());
    let alerts = Alerts::or_desktop(context);
    alerts.unchecked(history, scope, &ended_check(), &[&text, "Nothing was checked."], &print)?;
    deliver(&alerts, history, person).await
}

/// The same where the history cannot be opened: then nothing is remembered, and it is told each time.
async fn tell_without_history(context: &Context, error: &Error, person: &dyn Interact) {
    let alerts = Alerts::or_desktop(context);
    for failed in alerts.tell_now(&alerts.broken(&told(error))).await {
        for line in failed.lines() {
            person.warn(&line);
        }
    }
}

async fn deliver(alerts: &Alerts, history: &History, person: &dyn Interact) -> Result<(), Error> {
    for failed in alerts.deliver(history, alerts::CHECK).await? {
        for line in failed.lines() {
            person.warn(&line);
        }
    }
    Ok(())
}

/// Looks for newer versions and adds them to what `verify` found, as findings of grade `info`: that
/// there is something newer is no drift, and changes no exit status. Nothing is started. Where `notify` is
/// set, the channels of alerts hear of each version once.
///
/// A registry that cannot be asked is said in a note: it says nothing about what is pinned.
///
/// # Errors
/// The history cannot be read or written.
pub async fn updates(context: &Context, outcome: &mut Outcome, notify: bool, person: &dyn Interact) -> Result<(), Error> {
    let names: Vec<_> = outcome.servers.iter().map(|line| line.name.clone()).collect();
    let found = match outdated::outdated(context, &names, person).await {
        Ok(found) => found,
        Err(error) => {
            person.warn(&format!("could not look for newer versions: {}", told(&error)));
            return Ok(());
        }
    };
    for open in &found.undecided {
        person.warn(&format!("could not look for newer versions of {}: {}", open.server, open.what));
    }
    let mut news = Vec::new();
    for row in found.rows.iter().filter(|row| row.outdated) {
        let (Some(newest), Some(current)) = (&row.wanted, &row.current) else {
            continue;
        };
        // What is held back is no news yet: `update` would not take it.
        if newest.version == current.version {
            continue;
        }
        let locked = &current.version;
        let title = format!("version {} is out; {locked} is locked", newest.version);
        let finding = Finding::new(
            "newer-version",
            Grade::Info,
            &row.name,
            "",
            title.clone(),
            &json!({"locked": locked, "newest": newest.version}),
        );
        if let Some(line) = outcome.servers.iter_mut().find(|line| line.name == row.name) {
            line.notes
                .push(format!("{title}: `mcp-pin update {}` shows what it changes", row.name));
        }
        outcome.report.clean.retain(|clean| *clean != row.name);
        news.push(finding.clone());
        outcome.report.findings.push(finding);
    }
    if notify {
        tell_of_updates(context, &news, person).await?;
    }
    Ok(())
}

async fn tell_of_updates(context: &Context, news: &[Finding], person: &dyn Interact) -> Result<(), Error> {
    let history = queries::open_history(context)?;
    let (scope, _) = Scope::for_reading(context);
    let alerts = Alerts::of(context)?;
    for finding in news {
        alerts.newer(&history, &scope.key(), finding)?;
    }
    deliver(&alerts, &history, person).await
}

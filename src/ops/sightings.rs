//! Drift that only a connection saw: what `verify` says of it, and how it is closed.
//!
//! The attack: a server that turns while it is used and shows every probe the pinned surface. A check
//! that starts it anew must not pass then, and an approval must not grant what nobody has seen whole.
//! So `verify` goes on reporting it; a probe that shows the same takes it over, with a candidate that can
//! be approved; and what no probe shows, `approve` closes without granting anything: the lock stays as
//! it is, and `run` goes on refusing it.

use crate::error::Error;
use crate::history::{EventKind, Resolution, Sighting};
use crate::lock;
use crate::model::report::Undecided;
use crate::model::{Detail, Finding, Pin, Report, ServerName};
use crate::ops::consent::{self, Consent, Shown};
use crate::ops::interact::Stage;
use crate::ops::notices;
use crate::ops::outcome::{Action, Outcome, ServerLine};
use crate::ops::scope::Loaded;
use crate::ops::tools::Tools;
use crate::policy;

/// Adds what connections saw to a report of a check. What the check found as well is its own from now on.
/// `compared`: the whole surface was compared, so that what is not in the report was not shown.
///
/// # Errors
/// The history cannot be read or written.
pub(super) fn settle(tools: &Tools<'_>, scope: &str, report: &mut Report, name: &ServerName, compared: bool) -> Result<(), Error> {
    let now = tools.context.now();
    for seen in tools.history.open_sightings(name, scope)? {
        if report.findings.iter().any(|finding| finding.fingerprint == seen.fingerprint) {
            if compared {
                let print = Some(&seen.fingerprint);
                tools.history.resolve_sightings(name, scope, print, Resolution::Superseded, now)?;
            }
            continue;
        }
        if compared {
            tools.history.missed_sighting(name, scope, &seen.fingerprint, now)?;
        }
        match finding(name, &seen, compared) {
            Some(finding) => report.findings.push(finding),
            None => report.undecided.push(Undecided {
                server: name.clone(),
                what: "say what it showed while it ran: another version of mcp-pin wrote it down".into(),
                hints: Vec::new(),
            }),
        }
    }
    Ok(())
}

/// The finding of a connection, with what this check says of it; `None` for a code of another version.
fn finding(name: &ServerName, seen: &Sighting, compared: bool) -> Option<Finding> {
    let code = policy::page(&seen.code)?.code;
    let mut finding = Finding::new(code, seen.grade, name, &seen.subject, &seen.title, &serde_json::Value::Null);
    finding.fingerprint = seen.fingerprint.clone();
    let when = seen.last_seen.strftime("%Y-%m-%d %H:%M");
    finding.details.push(Detail::Line(if compared {
        format!("`mcp-pin run` saw this on {when} UTC; probed now, the server does not show it")
    } else {
        format!("`mcp-pin run` saw this on {when} UTC; this check did not look for it")
    }));
    if compared {
        finding.details.push(Detail::Line(format!(
            "a server that shows its clients what it shows no check is to be distrusted; `mcp-pin approve {name}` closes this and grants nothing"
        )));
    }
    Some(finding)
}

/// Closes what only connections saw, once a probe has looked for it: nothing is granted.
///
/// # Errors
/// No probe has looked since, or no consent. It is open then, as before.
pub(super) fn acknowledge(
    tools: &Tools<'_>,
    loaded: &Loaded,
    name: &ServerName,
    pin: &Pin,
    seen: &[Sighting],
    given: &Consent,
) -> Result<Outcome, Error> {
    if seen.iter().any(|seen| seen.missed.is_none()) {
        return Err(Error::OnlySeenRunning { name: name.clone() });
    }
    let mut report = Report {
        findings: seen.iter().filter_map(|seen| finding(name, seen, true)).collect(),
        ..Report::default()
    };
    super::settle::grade(&mut report, &loaded.policy);
    let shown = Shown {
        stage: Stage::Surface,
        summary: &["this closes what was seen while it ran, and grants nothing of it".into()],
        texts: &[],
        report: &report,
    };
    let digest = lock::entry_digest(name, pin);
    consent::decide(name, shown, &digest, given, tools.person).map_err(|reason| Error::Refused {
        reason,
        report: Box::new(report.clone()),
    })?;
    let (scope, now) = (loaded.scope_key(), tools.context.now());
    for seen in seen {
        let print = Some(&seen.fingerprint);
        tools.history.resolve_sightings(name, scope, print, Resolution::Accepted, now)?;
    }
    let what = "what it showed while it ran was acknowledged; nothing of it is granted";
    notices::event(&tools.history, now, EventKind::Approve, name, report.worst(), what)?;
    let mut line = ServerLine::new(name, Action::Unchanged, pin);
    line.notes
        .push("the lock is as it was: `mcp-pin run` goes on refusing what differs".into());
    Ok(Outcome {
        servers: vec![line],
        ..Outcome::default()
    })
}

//! Accepting drift that `verify` recorded: exactly what was seen then, and nothing newer. What only a
//! connection saw is never accepted, see [`sightings`].

use crate::error::Error;
use crate::history::{ApprovalKind, EventKind, Resolution};
use crate::lock::{self, Lockfile};
use crate::model::{Drift, Pin, Report, ServerName};
use crate::ops::consent::{self, Consent, Shown};
use crate::ops::interact::Stage;
use crate::ops::outcome::{Action, Outcome, ServerLine};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, baseline, notices, queries, scope, settle, sightings};
use crate::{diff, policy};

/// Shows the drift recorded for a server, asks, and writes the lock.
///
/// # Errors
/// No drift is recorded, the lock moved since, or no consent. The lock is then as it was.
pub async fn approve(context: &Context, name: &ServerName, mut given: Consent, person: &dyn Interact) -> Result<Outcome, Error> {
    let (found, _) = scope::Scope::for_reading(context);
    let _guard = scope::guard(context, &found, person)?;
    let mut loaded = queries::reading(context, person)?;
    queries::select(&loaded, std::slice::from_ref(name))?;
    let pin = queries::entry(&loaded, name)?;
    let tools = Tools::open(context, person)?;
    let key = loaded.scope_key().to_owned();
    if !baseline::is_approved(&tools, &key, name, pin)? {
        return Err(Error::NotApproved { name: name.clone() });
    }
    let Some(recorded) = tools.history.open_drift(name, &key)? else {
        let seen = tools.history.open_sightings(name, &key)?;
        if seen.is_empty() {
            return Err(Error::NoDrift { name: name.clone() });
        }
        given.accept_without_terminal = loaded.policy.accept_without_terminal;
        return sightings::acknowledge(&tools, &loaded, name, pin, &seen, &given);
    };
    let candidate = candidate(name, pin, &recorded.candidate).ok_or_else(|| Error::NoDrift { name: name.clone() })?;
    let mut report = report(name, pin, &candidate, &settle::judge_context(name, (&loaded).into()))?;
    settle::grade(&mut report, &loaded.policy);
    if context.locked {
        return Err(Error::Locked {
            what: "mcp-pin.lock".into(),
        });
    }
    let digest = lock::entry_digest(name, &candidate);
    given.accept_without_terminal = loaded.policy.accept_without_terminal;
    let shown = Shown {
        stage: Stage::Surface,
        summary: &[],
        texts: &[],
        report: &report,
    };
    let how = consent::decide(name, shown, &digest, &given, person).map_err(|reason| Error::Refused {
        reason,
        report: Box::new(report.clone()),
    })?;
    let outcome = Outcome {
        servers: vec![ServerLine::new(name, Action::Updated, &candidate)],
        report: Report::default(),
        ..Outcome::default()
    };
    // Approved first: killed in between, the old entry still stands and is still approved too.
    notices::record_approval(&tools, ApprovalKind::Entry, name, &key, &digest, how, &report).await?;
    baseline::remember(&tools, &key, name, &candidate)?;
    loaded.lock.servers.insert(name.clone(), candidate);
    loaded.save(&loaded.manifest_text.clone())?;
    tools
        .history
        .resolve_drift(name, &key, &recorded.fingerprint, Resolution::Accepted, context.now())?;
    notices::event(
        &tools.history,
        context.now(),
        EventKind::Approve,
        name,
        None,
        "recorded drift approved",
    )?;
    Ok(outcome)
}

/// The recorded candidate, if it is still about the entry that is locked now: same bytes, same
/// launch. Approving drift must never smuggle in another package.
fn candidate(name: &ServerName, pin: &Pin, text: &str) -> Option<Pin> {
    let recorded: Lockfile = lock::parse(text).ok()?;
    let candidate = recorded.servers.get(name)?;
    (lock::static_digest(name, candidate) == lock::static_digest(name, pin)).then(|| candidate.clone())
}

/// The report that `verify` gave, judged again beside the same other servers: a tool that imitates
/// one of theirs is no smaller finding here.
fn report(name: &ServerName, pin: &Pin, candidate: &Pin, context: &policy::JudgeContext) -> Result<Report, Error> {
    let mut changes = diff::diff_pins(pin, candidate);
    changes.extend(match (&pin.surface, &candidate.surface) {
        (Some(before), Some(after)) => diff::diff_surfaces(before, after).map_err(|less| Error::Probe {
            server: name.clone(),
            what: less.to_string(),
            hints: Vec::new(),
        })?,
        _ => return Err(Error::NoDrift { name: name.clone() }),
    });
    let findings = policy::judge(name, &Drift { changes }, context);
    Ok(Report {
        findings,
        ..Report::default()
    })
}

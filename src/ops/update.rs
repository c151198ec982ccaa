//! `update`: the newest allowed version, what it changes, the question, the lock.

use crate::error::Error;
use crate::history::Resolution;
use crate::lock;
use crate::manifest::Scope as Owner;
use crate::manifest::ServerEntry;
use crate::model::{Pin, Pinned, Report, ServerName, Source};
use crate::ops::baseline::{self, Baseline};
use crate::ops::candidate::{self, Terms};
use crate::ops::consent::Consent;
use crate::ops::ecosystem::Site;
use crate::ops::outcome::{Action, Outcome, ServerLine};
use crate::ops::scope::{self, Loaded};
use crate::ops::settle::{self, Manner, Proposal};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, checks, evidence, notices, queries};
use crate::policy::Asked;

/// How to update.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which; all without any.
    pub names: Vec<ServerName>,
    /// Show, change and start nothing.
    pub dry_run: bool,
    /// Start the candidate, once its code is approved, to read its surface.
    pub probe: bool,
    /// Without a sandbox where none is to be had.
    pub unsandboxed: bool,
    /// What the user allowed.
    pub consent: Consent,
}

/// Updates.
///
/// # Errors
/// No consent, or anything that keeps a candidate from being made, installed or read. The lock
/// holds what was approved before the error, and nothing else.
pub async fn update(context: &Context, options: Options, person: &dyn Interact) -> Result<Outcome, Error> {
    let (found, _) = scope::Scope::for_reading(context);
    let _guard = scope::guard(context, &found, person)?;
    let mut loaded = queries::reading(context, person)?;
    let names = queries::select(&loaded, &options.names)?;
    let tools = Tools::open(context, person)?;
    let _store = tools.lock_store()?;
    let mut outcome = Outcome::default();
    for name in &names {
        let before = baseline::of(&tools, loaded.scope_key(), name, loaded.lock.servers.get(name))?;
        let Some(entry) = entry(&loaded, name) else {
            continue;
        };
        let locked = loaded.lock.servers.get(name);
        if entry.source == Source::Local && locked.is_none_or(|pin| checks::manifest(name, Some(pin), Some(&entry)).is_empty()) {
            if let Some(pin) = locked {
                let mut line = ServerLine::new(name, Action::Unchanged, pin);
                line.notes
                    .push("a command of this machine has no newer version; install it again to pin a changed one".into());
                outcome.servers.push(line);
            }
            continue;
        }
        if let (Source::Remote(_), Some(pin)) = (&entry.source, loaded.lock.servers.get(name))
            && options.dry_run
        {
            let mut line = ServerLine::new(name, Action::Unchanged, pin);
            line.notes.push(no_versions(name));
            outcome.servers.push(line);
            continue;
        }
        let (line, report) = one(&tools, &mut loaded, &options, name, &entry, before.as_ref()).await?;
        outcome.servers.push(line);
        outcome.report.extend(report);
    }
    Ok(outcome)
}

/// The manifest's entry; where the manifest lost it, what the lock says.
pub fn entry(loaded: &Loaded, name: &ServerName) -> Option<ServerEntry> {
    loaded.manifest.servers.get(name).cloned().or_else(|| {
        let pin = loaded.lock.servers.get(name)?;
        Some(candidate::entry_of(pin))
    })
}

async fn one(
    tools: &Tools<'_>,
    loaded: &mut Loaded,
    options: &Options,
    name: &ServerName,
    entry: &ServerEntry,
    before: Option<&Baseline>,
) -> Result<(ServerLine, Report), Error> {
    let site = Site {
        scope: loaded.scope_key(),
        server: name,
    };
    let made = match &entry.source {
        Source::Remote(url) => candidate::remote(entry, url, before.map(|before| &before.pin)),
        // Its settings were edited. Files that changed meanwhile are findings of the same report.
        Source::Local => candidate::local(tools, entry)?,
        Source::Npm { .. } | Source::Pypi { .. } => {
            let terms = Terms {
                cooldown: loaded.policy.cooldown_update,
                policy: &loaded.policy,
                unsandboxed: options.unsandboxed,
                known: evidence::known([&loaded.lock], before.map(|before| &before.pin)),
                before: before.map(|before| &before.pin),
            };
            candidate::package(tools, site, entry, &terms).await?
        }
    };
    // A rule of the guard that was edited is news like any other line of the manifest.
    let same = |pin: &Pin| pin.guard == made.pin.guard && lock::static_digest(name, pin) == lock::static_digest(name, &made.pin);
    // A demand that came later is asked about, also where nothing newer is there.
    let met = evidence::demands(name, &made.pin, &loaded.policy, Some(entry)).is_empty();
    // A remote server may have been locked before anybody could log in: now it is asked.
    let unread = |pin: &Pin| options.probe && pin.surface.is_none() && matches!(pin.pinned, Pinned::Remote(_));
    if let Some(before) = before.filter(|before| met && before.approved && same(&before.pin) && !unread(&before.pin)) {
        let (mut line, report) = unchanged(tools, loaded, options, name, &before.pin)?;
        if let Source::Remote(_) = entry.source {
            line.notes.push(no_versions(name));
        }
        return Ok((line, report));
    }
    let own = loaded.scope.owner == Owner::User;
    let mut findings = made.findings;
    if !loaded.manifest.servers.contains_key(name) {
        // Whoever takes the entry out takes out what it demands.
        findings.extend(checks::manifest(name, Some(&made.pin), None));
    }
    let proposal = Proposal {
        name,
        before,
        candidate: made.pin,
        findings,
        summary: made.summary,
        told: made.told,
        asked: Asked { env: own, network: own },
    };
    if options.dry_run {
        let report = settle::static_report(tools, &proposal, (&*loaded).into()).await?;
        let mut line = ServerLine::new(name, Action::Available, &proposal.candidate);
        line.notes = proposal.summary;
        return Ok((line, report));
    }
    if tools.context.locked {
        return Err(Error::Locked {
            what: format!("the entry of `{name}`"),
        });
    }
    let consent = Consent {
        accept_without_terminal: loaded.policy.accept_without_terminal,
        ..options.consent.clone()
    };
    let figures = proposal.summary.clone();
    let settled = {
        let manner = Manner {
            probe: options.probe,
            unsandboxed: options.unsandboxed,
            consent,
            beside: (&*loaded).into(),
            scope: loaded.scope_key(),
        };
        settle::settle(tools, proposal, &manner).await?
    };
    let mut line = ServerLine::new(name, if before.is_some() { Action::Updated } else { Action::Added }, &settled.pin);
    line.notes.extend(settled.notes);
    let what = format!(
        "{} to {}",
        before.and_then(|before| before.pin.version()).unwrap_or("nothing"),
        settled.pin.version().unwrap_or("nothing")
    );
    loaded.lock.servers.insert(name.clone(), settled.pin);
    let text = loaded.manifest_text.clone();
    loaded.save(&text)?;
    notices::resolved(tools, name, loaded.scope_key(), Resolution::Replaced)?;
    notices::updated(tools, name, &what, &figures, &settled.report)?;
    Ok((line, settled.report))
}

fn no_versions(name: &ServerName) -> String {
    format!("a remote server has no versions; `mcp-pin verify {name}` compares what it says")
}

/// Nothing newer than what is approved. A lock that holds something else, which nobody here
/// approved, gets the approved entry back.
fn unchanged(
    tools: &Tools<'_>,
    loaded: &mut Loaded,
    options: &Options,
    name: &ServerName,
    approved: &Pin,
) -> Result<(ServerLine, Report), Error> {
    let locked = loaded.lock.servers.get(name).map(|pin| lock::entry_digest(name, pin));
    if locked == Some(lock::entry_digest(name, approved)) || options.dry_run {
        return Ok((ServerLine::new(name, Action::Unchanged, approved), Report::default()));
    }
    if tools.context.locked {
        return Err(Error::Locked {
            what: format!("the entry of `{name}`"),
        });
    }
    loaded.lock.servers.insert(name.clone(), approved.clone());
    let text = loaded.manifest_text.clone();
    loaded.save(&text)?;
    let mut line = ServerLine::new(name, Action::Updated, approved);
    line.notes
        .push("the lock held an entry that you had not approved; it holds the approved one again".into());
    Ok((line, Report::default()))
}

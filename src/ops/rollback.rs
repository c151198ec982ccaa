//! `rollback`: what this user approved before, approved and locked again.
//!
//! Nothing is resolved and nothing is started: the entry is the very one that was approved then, with
//! its surface, and its tree is made anew from the archives of the store. The attack: an old version
//! with holes that are known by now, put back behind somebody's back. So going back is asked for,
//! shown as what it changes, and approved anew.

use crate::error::Error;
use crate::history::{ApprovalKind, EventKind, Resolution};
use crate::lock;
use crate::lock::check::{Poison, check};
use crate::model::{Finding, Grade, Pin, Pinned, Report, ServerName};
use crate::ops::archive::Archive;
use crate::ops::baseline::{self, Baseline};
use crate::ops::candidate;
use crate::ops::consent::{self, Consent, Shown};
use crate::ops::ecosystem::{self, Builds, Site};
use crate::ops::interact::Stage;
use crate::ops::outcome::{Action, Outcome, ServerLine};
use crate::ops::scope::{self, Loaded};
use crate::ops::settle;
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, checks, compare, evidence, notices, queries, sync};
use crate::surface::visible;

/// How to go back.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which server.
    pub name: ServerName,
    /// Show, change nothing.
    pub dry_run: bool,
    /// A build without a sandbox where none is to be had.
    pub unsandboxed: bool,
    /// What the user allowed.
    pub consent: Consent,
}

/// Goes back to the entry that was approved before the present one. Once more goes further back.
///
/// # Errors
/// Nothing was approved before, the manifest rules it out, an archive is to be had nowhere, or no
/// consent. The lock is then as it was.
pub async fn rollback(context: &Context, options: Options, person: &dyn Interact) -> Result<Outcome, Error> {
    let (found, _) = scope::Scope::for_reading(context);
    let _guard = scope::guard(context, &found, person)?;
    let mut loaded = queries::reading(context, person)?;
    let name = &options.name;
    queries::select(&loaded, std::slice::from_ref(name))?;
    let tools = Tools::open(context, person)?;
    let _store = tools.lock_store()?;
    let present = queries::entry(&loaded, name)?.clone();
    let (target, known) = target(&tools, &loaded, name, &present)?;
    let report = report(&tools, &loaded, name, &present, &target).await?;
    if options.dry_run {
        let mut line = ServerLine::new(name, Action::Available, &target);
        line.notes.extend(notes(&loaded, name, &present, &target));
        return Ok(one(line, report));
    }
    if context.locked {
        return Err(Error::Locked {
            what: format!("the entry of `{name}`"),
        });
    }
    approve(&tools, &loaded, name, &target, &report, &options.consent).await?;
    let synced = install(&tools, &loaded, name, &target, options.unsandboxed).await?;
    baseline::went_back(&tools, loaded.scope_key(), name, &target, &known)?;
    let mut line = ServerLine::new(name, Action::RolledBack, &target);
    line.notes.extend(synced);
    line.notes.extend(notes(&loaded, name, &present, &target));
    let what = format!(
        "{} back to {}",
        present.version().unwrap_or("nothing"),
        target.version().unwrap_or("nothing")
    );
    loaded.lock.servers.insert(name.clone(), target);
    let text = loaded.manifest_text.clone();
    loaded.save(&text)?;
    notices::resolved(&tools, name, loaded.scope_key(), Resolution::Replaced)?;
    notices::event(&tools.history, context.now(), EventKind::Rollback, name, None, &what)?;
    Ok(one(line, report))
}

fn one(line: ServerLine, report: Report) -> Outcome {
    Outcome {
        servers: vec![line],
        report,
        ..Outcome::default()
    }
}

fn impossible(name: &ServerName, what: &str, hint: String) -> Error {
    Error::NotPossible {
        what: format!("go back with `{name}`: {what}"),
        hint: Some(hint),
    }
}

/// The entry to go back to: as the manifest of today has it, and as it was approved.
fn target(tools: &Tools<'_>, loaded: &Loaded, name: &ServerName, present: &Pin) -> Result<(Pin, Pin), Error> {
    if let Pinned::Local(_) = present.pinned {
        let hint = format!("put the files back as they were, and `mcp-pin verify {name}` is content again");
        return Err(impossible(name, "it is a command of this machine, whose files nobody keeps", hint));
    }
    if let Pinned::Remote(_) = present.pinned {
        let hint = format!("`mcp-pin remove {name}` ends it; `mcp-pin run` refuses what differs from the pin");
        return Err(impossible(
            name,
            "it is a remote server, of which nobody keeps an older version",
            hint,
        ));
    }
    let previous = baseline::previous(tools, loaded.scope_key(), name, present)?;
    let Some(mut target) = previous.filter(|pin| matches!(pin.pinned, Pinned::Package { .. })) else {
        let version = present.version().map(visible).unwrap_or_default();
        return Err(impossible(
            name,
            &format!("you approved nothing before {version} that is still known"),
            format!(
                "ask for an older version by its number, for example `mcp-pin install --name {name} SOURCE`, with the version behind the source"
            ),
        ));
    };
    let known = target.clone();
    let Some(entry) = loaded.manifest.servers.get(name) else {
        return Ok((target, known));
    };
    if entry.source != target.source {
        let version = target.version().map(visible).unwrap_or_default();
        let written = target.source.to_string();
        target.source = entry.source.clone();
        let Pinned::Package { closure, .. } = &target.pinned else {
            return Ok((target, known));
        };
        let wrong = |poison: &Poison| !poison.is_notice();
        if check(closure, &target.source).iter().any(wrong) {
            return Err(impossible(
                name,
                &format!(
                    "mcp-pin.toml asks for `{}`, which excludes {version}",
                    visible(&entry.source.to_string())
                ),
                format!(
                    "write `source = \"{}\"` under `[servers.{name}]`, as when you approved it, and run it again",
                    visible(&written)
                ),
            ));
        }
    }
    let differs = checks::manifest(name, Some(&target), Some(entry));
    differs.first().map_or(Ok((target, known)), |differs| {
        Err(impossible(
            name,
            &differs.title,
            "write it in mcp-pin.toml as it was when you approved that version, and run it again".into(),
        ))
    })
}

/// What going back changes. Its archives must be at hand, or to be had, and what they were.
async fn report(tools: &Tools<'_>, loaded: &Loaded, name: &ServerName, present: &Pin, target: &Pin) -> Result<Report, Error> {
    let Pinned::Package { closure, launch } = &target.pinned else {
        return Ok(Report::default());
    };
    checks::whole(name, target, loaded)?;
    let ecosystem = ecosystem::of(closure);
    let machine = ecosystem.machine(tools, launch.runtime.wanted()).await?;
    sync::prepare(tools, name, closure, &target.source, &machine).await?;
    evidence::prepare(tools, ecosystem, name, &Archive::all(closure)).await?;
    checks::entry(tools, name, &machine, closure, launch)?;
    let before = Baseline {
        pin: present.clone(),
        // What is locked was approved, or the target is shown in full as well.
        approved: baseline::is_approved(tools, loaded.scope_key(), name, present)?,
    };
    let mut report = settle::entry_report(tools, name, Some(&before), target, loaded.into()).await?;
    report
        .findings
        .extend(evidence::demands(name, target, &loaded.policy, loaded.manifest.servers.get(name)));
    report.findings.extend(evidence::mismatches(tools, name, closure)?);
    report.findings.iter_mut().for_each(asked_for);
    report.sort();
    Ok(report)
}

/// That the version becomes older is what was asked for.
fn asked_for(finding: &mut Finding) {
    if finding.code == "version-downgraded" && finding.grade == Grade::Warning {
        finding.grade = Grade::Notice;
    }
}

async fn approve(
    tools: &Tools<'_>,
    loaded: &Loaded,
    name: &ServerName,
    target: &Pin,
    report: &Report,
    consent: &Consent,
) -> Result<(), Error> {
    let consent = Consent {
        accept_without_terminal: loaded.policy.accept_without_terminal,
        ..consent.clone()
    };
    let (code, entry) = (lock::static_digest(name, target), lock::entry_digest(name, target));
    let mut summary = candidate::figures(target);
    summary.insert(0, "this is what you approved before; going back to it changes:".into());
    let shown = Shown {
        stage: Stage::Entry,
        summary: &summary,
        texts: &[],
        report,
    };
    let how = consent::decide(name, shown, &entry, &consent, tools.person).map_err(|reason| Error::Refused {
        reason,
        report: Box::new(report.clone()),
    })?;
    notices::record_approval(tools, ApprovalKind::Static, name, loaded.scope_key(), &code, how, report).await?;
    notices::record_approval(tools, ApprovalKind::Entry, name, loaded.scope_key(), &entry, how, report).await
}

/// The tree, from the archives.
async fn install(tools: &Tools<'_>, loaded: &Loaded, name: &ServerName, target: &Pin, unsandboxed: bool) -> Result<Vec<String>, Error> {
    let Pinned::Package { closure, launch } = &target.pinned else {
        return Ok(Vec::new());
    };
    let ecosystem = ecosystem::of(closure);
    let machine = ecosystem.machine(tools, launch.runtime.wanted()).await?;
    let builds = Builds {
        policy: &loaded.policy,
        unsandboxed,
    };
    let machine = ecosystem.build(tools, builds, name, closure, machine).await?;
    checks::entry(tools, name, &machine, closure, launch)?;
    let site = Site {
        scope: loaded.scope_key(),
        server: name,
    };
    Ok(sync::install(tools, site, closure, machine)?.replaced)
}

/// What the person should know: the next update comes back to the newer one.
fn notes(loaded: &Loaded, name: &ServerName, present: &Pin, target: &Pin) -> Vec<String> {
    let (Some(now), Some(then)) = (present.version(), target.version()) else {
        return Vec::new();
    };
    let (now, then) = (visible(now), visible(then));
    let held = loaded
        .manifest
        .servers
        .get(name)
        .is_none_or(|entry| entry.source == compare::exactly(&entry.source, &then));
    if held || !compare::is_newer(present, target) {
        return Vec::new();
    }
    let exact = compare::exactly(&target.source, &then);
    vec![format!(
        "the next `mcp-pin update` offers {now} again; to stay, write `source = \"{exact}\"` under `[servers.{name}]` and run `mcp-pin update {name}`"
    )]
}

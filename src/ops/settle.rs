//! From a candidate to a pin: two stages, two approvals, nothing started in between unasked.
//!
//! 1. The static report (closure, scripts, bytes, launch) is shown and decided about.
//! 2. Only then the tree is unpacked and the server is started, in the sandbox.
//! 3. What it tells the model is shown and decided about.
//! 4. Only then the caller may write the lock.

use std::collections::BTreeSet;

use crate::diff;
use crate::error::Error;
use crate::history::ApprovalKind;
use crate::lock::{self, Lockfile};
use crate::manifest::{Policy, Trust};
use crate::model::{Change, Drift, Finding, Grade, Level, Pin, Pinned, Report, ServerName, Told};
use crate::ops::baseline::{self, Baseline};
use crate::ops::consent::{self, Consent, How, Shown};
use crate::ops::ecosystem::{self, Builds, Site};
use crate::ops::interact::Stage;
use crate::ops::probe::{self, Taken};
use crate::ops::scope::Loaded;
use crate::ops::tools::Tools;
use crate::ops::{code, handover, introduce, issuers, notices, sync};
use crate::policy::{self, Asked, Company, JudgeContext, OtherServer};

/// The code of the finding that nothing guards what a server tells the model.
const NOT_PINNED: &str = "surface-not-pinned";

/// What is proposed.
#[derive(Debug)]
pub struct Proposal<'a> {
    /// The entry's name.
    pub name: &'a ServerName,
    /// What is pinned now, for an update.
    pub before: Option<&'a Baseline>,
    /// The candidate, without a surface.
    pub candidate: Pin,
    /// What was found while it was made: dates, registry, peers.
    pub findings: Vec<Finding>,
    /// A few lines of figures for the person.
    pub summary: Vec<String>,
    /// What registries say of the candidate's packages.
    pub told: Told,
    /// What the person asked for, so that it need not be warned of.
    pub asked: Asked,
}

/// How to go about it.
#[derive(Debug, Clone)]
pub struct Manner<'a> {
    /// Start the server to read its surface.
    pub probe: bool,
    /// Without a sandbox where none is to be had.
    pub unsandboxed: bool,
    /// What the user allowed.
    pub consent: Consent,
    /// What the entry stands beside.
    pub beside: Beside<'a>,
    /// The scope's key in the history.
    pub scope: &'a str,
}

/// What an entry stands beside when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The whole lock: names and tools of the other servers.
    pub lock: &'a Lockfile,
    /// Whether evidence may shrink.
    pub trust: Trust,
    /// What may be built.
    pub policy: &'a Policy,
}

impl<'a> From<&'a Loaded> for Beside<'a> {
    fn from(loaded: &'a Loaded) -> Self {
        Self {
            lock: &loaded.lock,
            trust: loaded.policy.trust,
            policy: &loaded.policy,
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Settled {
    /// The pin that was approved.
    pub pin: Pin,
    /// Everything that was found on the way.
    pub report: Report,
    /// Worth saying.
    pub notes: Vec<String>,
}

/// The static report of a proposal: what can be known without starting anything.
///
/// # Errors
/// An archive that is needed for the comparison cannot be read.
pub async fn static_report(tools: &Tools<'_>, proposal: &Proposal<'_>, beside: Beside<'_>) -> Result<Report, Error> {
    let mut report = code_report(
        tools,
        proposal.name,
        proposal.before,
        &proposal.candidate,
        &proposal.told,
        beside,
        proposal.asked,
    )
    .await?;
    report.findings.extend(proposal.findings.iter().cloned());
    grade(&mut report, beside.policy);
    Ok(report)
}

/// Gives the findings the grades of the profile and the overrides in force, worst first. Every report
/// passes here after its last finding and before anybody sees it, is asked about it, or an exit
/// status is made of it. Twice does no harm.
pub fn grade(report: &mut Report, policy: &Policy) {
    policy.grading.apply(&mut report.findings);
    report.sort();
}

async fn code_report(
    tools: &Tools<'_>,
    name: &ServerName,
    before: Option<&Baseline>,
    pin: &Pin,
    told: &Told,
    beside: Beside<'_>,
    asked: Asked,
) -> Result<Report, Error> {
    let mut context = judge_context(name, beside);
    let mut findings = Vec::new();
    if let Some(before) = before {
        let mut drift = Drift {
            changes: diff::diff_pins(&before.pin, pin),
        };
        drift.changes.extend(code::changes(tools, &before.pin, pin).await?);
        let repositories = handover::changes(tools, &before.pin, pin, &drift)?;
        drift.changes.extend(repositories);
        if let (Pinned::Package { closure: old, .. }, Pinned::Package { closure: new, .. }) = (&before.pin.pinned, &pin.pinned) {
            context.company = Company::of(old, new, told.clone());
        }
        findings.extend(policy::judge(name, &drift, &context));
        if let (Pinned::Package { closure: old, .. }, Pinned::Package { closure: new, .. }) = (&before.pin.pinned, &pin.pinned)
            && before.approved
            && old.root_package().is_none_or(|root| root.level() < Level::Provenance)
        {
            // Provenance for the first time is judged as at a first install.
            findings.extend(policy::weak_provenance(name, new));
        }
    }
    if before.is_none_or(|before| !before.approved) {
        findings.extend(policy::first_install(name, pin, &context.others, &asked));
        let changes = code::first(tools, pin).await?;
        findings.extend(policy::judge(name, &Drift { changes }, &context));
    }
    Ok(Report {
        findings,
        ..Report::default()
    })
}

/// The report about an entry that somebody else locked, against the one this user approved last.
///
/// # Errors
/// As [`static_report`].
pub async fn entry_report(
    tools: &Tools<'_>,
    name: &ServerName,
    before: Option<&Baseline>,
    pin: &Pin,
    beside: Beside<'_>,
) -> Result<Report, Error> {
    let mut report = code_report(tools, name, before, pin, &Told::default(), beside, Asked::default()).await?;
    if let Some(before) = before {
        report.findings.extend(surface_findings(
            name,
            Some(before),
            pin,
            &judge_context(name, beside),
            Asked::default(),
        )?);
    }
    grade(&mut report, beside.policy);
    Ok(report)
}

/// As [`entry_report`], of what the two entries say by themselves: no archive is read. The caller says
/// that the code was not compared.
///
/// # Errors
/// Surfaces that cannot be compared.
pub fn listed_report(name: &ServerName, before: Option<&Baseline>, pin: &Pin, beside: Beside<'_>) -> Result<Report, Error> {
    let context = judge_context(name, beside);
    let mut findings = Vec::new();
    match before {
        Some(before) => {
            let drift = Drift {
                changes: diff::diff_pins(&before.pin, pin),
            };
            let mut company = context.clone();
            if let (Pinned::Package { closure: old, .. }, Pinned::Package { closure: new, .. }) = (&before.pin.pinned, &pin.pinned) {
                company.company = Company::of(old, new, Told::default());
            }
            findings.extend(policy::judge(name, &drift, &company));
            findings.extend(surface_findings(name, Some(before), pin, &context, Asked::default())?);
        }
        None => findings.extend(policy::first_install(name, pin, &context.others, &Asked::default())),
    }
    Ok(Report {
        findings,
        ..Report::default()
    })
}

/// What the surface of a pin changes of the one before; a first surface, or one that cannot be
/// compared because it was taken with less, is judged as a whole.
fn surface_findings(
    name: &ServerName,
    before: Option<&Baseline>,
    pin: &Pin,
    context: &JudgeContext,
    asked: Asked,
) -> Result<Vec<Finding>, Error> {
    let mut context = context.clone();
    let pins = before.map(|before| &before.pin).into_iter().chain([pin]);
    context.own_tools.extend(pins.flat_map(policy::tool_names));
    let mut findings = Vec::new();
    match (before.and_then(|before| Some((before, before.pin.surface.as_ref()?))), &pin.surface) {
        (Some((approved, before)), Some(after)) => {
            let changes = diff::diff_surfaces(before, after).map_err(|less| Error::Probe {
                server: name.clone(),
                what: less.to_string(),
                hints: less.hint().into_iter().collect(),
            })?;
            findings.extend(policy::judge(name, &Drift { changes }, &context));
            if findings.iter().any(|finding| finding.grade > Grade::Info) {
                findings.extend(policy::moved_by_closure(name, &approved.pin, pin));
            }
        }
        (Some(_), None) => findings.push(policy::surface_unpinned(name)),
        (None, _) => findings.extend(policy::first_install(name, pin, &context.others, &asked)),
    }
    if before.is_some_and(|before| !before.approved) {
        findings.extend(policy::first_install(name, pin, &context.others, &asked));
    }
    Ok(findings)
}

/// What the grading needs to know of the other servers, and of this one's own tools.
pub fn judge_context(name: &ServerName, beside: Beside<'_>) -> JudgeContext {
    let all = beside.lock;
    let others = all.servers.iter().filter(|(other, _)| *other != name);
    JudgeContext {
        others: others.map(|(other, pin)| OtherServer::from_pin(other.clone(), pin)).collect(),
        own_tools: all.servers.get(name).map(policy::tool_names).unwrap_or_default(),
        allow_downgrade: beside.trust == Trust::AllowDowngrade,
        company: Company::default(),
    }
}

/// Takes a proposal through both stages.
///
/// # Errors
/// No consent, or anything that kept the server from being installed or read. Nothing but the
/// store and the approvals given on the way has changed.
pub async fn settle(tools: &Tools<'_>, proposal: Proposal<'_>, manner: &Manner<'_>) -> Result<Settled, Error> {
    let name = proposal.name;
    let mut static_report = static_report(tools, &proposal, manner.beside).await?;
    if manner.probe {
        // It is about to be: the second stage says so if it is not.
        static_report.findings.retain(|finding| finding.code != NOT_PINNED);
    } else if let Some(before) = proposal.before {
        let had = before.pin.surface.is_some();
        static_report.findings.push(if had {
            policy::surface_unpinned(name)
        } else {
            policy::surface_not_pinned(name)
        });
        grade(&mut static_report, manner.beside.policy);
    }
    let digest = lock::static_digest(name, &proposal.candidate);
    let stage = if manner.probe { Stage::Code } else { Stage::Entry };
    let shown = Shown {
        stage,
        summary: &proposal.summary,
        texts: &[],
        report: &static_report,
    };
    let mut how = ask(tools, name, shown, &digest, manner)?;
    notices::record_approval(tools, ApprovalKind::Static, name, manner.scope, &digest, how, &static_report).await?;

    let synced = match &proposal.candidate.pinned {
        Pinned::Package { closure, launch } => {
            let site = Site {
                scope: manner.scope,
                server: name,
            };
            let ecosystem = ecosystem::of(closure);
            let machine = ecosystem.machine(tools, launch.runtime.wanted()).await?;
            let builds = Builds {
                policy: manner.beside.policy,
                unsandboxed: manner.unsandboxed,
            };
            let machine = ecosystem.build(tools, builds, name, closure, machine).await?;
            Some(sync::install(tools, site, closure, machine)?)
        }
        Pinned::Local(_) | Pinned::Remote(_) => None,
    };
    let mut settled = Settled {
        pin: proposal.candidate,
        report: static_report,
        notes: synced.iter().flat_map(|synced| synced.replaced.clone()).collect(),
    };
    if manner.probe {
        let approval = tools
            .history
            .approval(&digest, ApprovalKind::Static)?
            .ok_or(Error::Worker { what: "the approval" })?;
        let ready = synced.as_ref().map(|synced| (&synced.installed, &synced.machine));
        let taken = probe::take(tools, name, &settled.pin, ready, &approval, manner.unsandboxed).await?;
        if let (Pinned::Remote(remote), Taken::Surface { .. }) = (&settled.pin.pinned, &taken) {
            let named = issuers::named(tools, name, remote, &digest, &approval).await?;
            if let Some((what, hints)) = named.undecided {
                let server = name.clone();
                return Err(Error::Probe { server, what, hints });
            }
            settled.notes.extend(named.note);
            settled.pin.pinned = Pinned::Remote(Box::new(named.remote));
        }
        // What the history calls the approval is how this last question was answered.
        how = surface_stage(tools, name, proposal.before, &mut settled, taken, manner, proposal.asked)?;
    }
    let entry = lock::entry_digest(name, &settled.pin);
    notices::record_approval(tools, ApprovalKind::Entry, name, manner.scope, &entry, how, &settled.report).await?;
    baseline::remember(tools, manner.scope, name, &settled.pin)?;
    Ok(settled)
}

fn surface_stage(
    tools: &Tools<'_>,
    name: &ServerName,
    before: Option<&Baseline>,
    settled: &mut Settled,
    taken: Taken,
    manner: &Manner<'_>,
    asked: Asked,
) -> Result<How, Error> {
    match taken {
        Taken::Undecided { what, mut hints } => {
            if hints.iter().any(|hint| hint.contains("mcp-pin.toml")) && before.is_none() {
                hints.push("while it has no entry yet, give the same to `install`: `--env NAME`, `--arg ARG`, `--network`".into());
            }
            return Err(Error::Probe {
                server: name.clone(),
                what,
                hints,
            });
        }
        Taken::Hostile { code, what } => {
            let change = Change::Hostile { code, what: what.clone() };
            return Err(untrustworthy(name, what, change, manner));
        }
        Taken::OtherKey { found } => {
            let what = "its host holds another TLS key than the one that you pin".to_owned();
            return Err(untrustworthy(name, what, probe::other_key(&settled.pin, &found), manner));
        }
        Taken::Surface { surface, notes } => {
            settled.pin.surface = Some(surface);
            settled.notes.extend(notes);
        }
    }
    let known: BTreeSet<_> = settled.report.findings.iter().map(|finding| finding.fingerprint.clone()).collect();
    let context = judge_context(name, manner.beside);
    let mut found = surface_findings(name, before, &settled.pin, &context, asked)?;
    if let (Some(before), Pinned::Remote(_)) = (before.filter(|before| was_asked(&before.pin)), &settled.pin.pinned) {
        // Who hands out its tokens is known only now.
        let changes = diff::diff_pins(&before.pin, &settled.pin);
        found.extend(policy::judge(name, &Drift { changes }, &context));
    }
    let mut report = Report {
        findings: found,
        ..Report::default()
    };
    report.findings.retain(|finding| !known.contains(&finding.fingerprint));
    grade(&mut report, manner.beside.policy);
    let digest = lock::entry_digest(name, &settled.pin);
    let mut summary = summary(&settled.pin);
    summary.extend(settled.notes.iter().cloned());
    let mut texts = Vec::new();
    if before.is_none_or(|before| before.pin.surface.is_none()) {
        // Nobody has read any of it yet.
        summary.extend(introduce::lines(&settled.pin));
        texts = introduce::passages(&settled.pin);
    }
    let shown = Shown {
        stage: Stage::Surface,
        summary: &summary,
        texts: &texts,
        report: &report,
    };
    let how = ask(tools, name, shown, &digest, manner)?;
    settled.report.extend(report);
    Ok(how)
}

/// A remote server that was never asked named nobody: whom it names first is no change, and stands in
/// what is said of a first install.
fn was_asked(pin: &Pin) -> bool {
    let named = match &pin.pinned {
        Pinned::Remote(remote) => !remote.issuers.is_empty(),
        _ => false,
    };
    named || pin.surface.is_some()
}

fn untrustworthy(name: &ServerName, what: String, change: Change, manner: &Manner<'_>) -> Error {
    let drift = Drift { changes: vec![change] };
    let mut report = Report {
        findings: policy::judge(name, &drift, &judge_context(name, manner.beside)),
        ..Report::default()
    };
    grade(&mut report, manner.beside.policy);
    Error::Untrustworthy {
        server: name.clone(),
        what,
        report: Box::new(report),
    }
}

/// One line a view: how many of each kind.
fn summary(pin: &Pin) -> Vec<String> {
    let Some(surface) = &pin.surface else { return Vec::new() };
    let mut lines = Vec::new();
    for view in &surface.views {
        let counts: Vec<_> = crate::model::ItemKind::ALL
            .iter()
            .filter(|kind| !view.list(**kind).is_empty())
            .map(|kind| {
                let number = view.list(*kind).len();
                format!("{number} {}{}", kind.noun(), if number == 1 { "" } else { "s" })
            })
            .collect();
        let counts = if counts.is_empty() {
            "nothing listed".to_owned()
        } else {
            counts.join(", ")
        };
        let instructions = if view.instructions().is_some() { ", instructions" } else { "" };
        lines.push(format!(
            "{} handshake, {} clients: {counts}{instructions}",
            view.era.as_str(),
            view.client.as_str()
        ));
    }
    lines
}

fn ask(
    tools: &Tools<'_>,
    name: &ServerName,
    shown: Shown<'_>,
    candidate: &crate::model::Sha256Digest,
    manner: &Manner<'_>,
) -> Result<How, Error> {
    consent::decide(name, shown, candidate, &manner.consent, tools.person).map_err(|reason| Error::Refused {
        reason,
        report: Box::new(shown.report.clone()),
    })
}

//! Floor 1: judgement. Facts in, findings out; no I/O, no clock.
//!
//! Promise: every fact of a drift yields a finding, and a fact that no rule knows yields a
//! `warning`. The grading is a security grading: widening is the alarm, narrowing is noise. Rules
//! over text only raise a grade; none approves a change to text that a model reads.

mod attribution;
mod code;
mod codes;
mod collapse;
mod demand;
mod evidence;
mod first;
mod handshake;
mod install;
mod item;
mod members;
mod names;
mod newcomers;
mod novelty;
mod package;
mod phrases;
pub mod profile;
mod python;
mod reach;
mod remote;
mod rename;
mod schema;
mod signals;
mod trust;

pub use attribution::moved_by_closure;
pub use codes::{Page, codes, explain, page, pages, part};
pub use demand::{
    attestation_missing, evidence_stripped, evidence_stripped_of_many, evidence_too_low, identity_unmet, release_before_log,
    source_mismatch, weak_provenance,
};
pub use install::{Asked, first_install, first_surface, project_policy_changed, server_removed, surface_not_pinned, surface_unpinned};
pub use profile::{Grades, Grading, Profile};
pub use python::{interpreter_changed, newer_without_wheel, release_yanked};
pub use trust::{Company, release_deprecated};

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::diff::{Segment, words};
use crate::model::drift::Views;
use crate::model::report::Detail;
use crate::model::surface::{ClientProfile, Era};
use crate::model::{Change, Drift, Finding, Grade, ItemKind, Pin, ServerName, Shape, Surface};
use crate::surface::digest;

use signals::{OtherTools, Signal};

/// From this grade on `verify` ends in exit status 1. `info` is logged and fails nothing.
pub const THRESHOLD: Grade = Grade::Notice;

/// What judging needs to know about the machine beside the drift itself.
#[derive(Debug, Clone, Default)]
pub struct JudgeContext {
    /// The other pinned servers: a tool that takes one of their names, or speaks about one of
    /// their tools, is shadowing.
    pub others: Vec<OtherServer>,
    /// The names of the judged server's own tools, pinned and found: speaking of those is no
    /// shadowing.
    pub own_tools: Vec<String>,
    /// The policy's `trust` is `allow-downgrade`: lost evidence is a warning and not critical. Named
    /// so that the default is the strict one.
    pub allow_downgrade: bool,
    /// The closure that is judged and what registries say of its packages, where they were asked.
    pub company: Company,
}

/// Another pinned server, as far as it can be imitated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherServer {
    /// Its name in the lock.
    pub server: ServerName,
    /// Its tools.
    pub tools: Vec<String>,
    /// What it calls itself: the names and titles in its handshakes.
    pub called: BTreeSet<String>,
    /// Words in its texts that are written as names of tools are (`read_file`).
    pub speaks_of: BTreeSet<String>,
}

impl OtherServer {
    /// What a pin offers.
    pub fn from_pin(server: ServerName, pin: &Pin) -> Self {
        match &pin.surface {
            Some(surface) => Self::from_surface(server, surface),
            None => Self::named(server, Vec::new()),
        }
    }

    /// A server of which no more is known than its tools' names.
    pub fn named(server: ServerName, tools: Vec<String>) -> Self {
        Self {
            server,
            tools,
            called: BTreeSet::new(),
            speaks_of: BTreeSet::new(),
        }
    }

    /// What a surface offers and says.
    pub fn from_surface(server: ServerName, surface: &Surface) -> Self {
        let (mut tools, mut called, mut speaks_of) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for view in &surface.views {
            let modern = view
                .handshake
                .get("_meta")
                .and_then(|meta| meta.get("io.modelcontextprotocol/serverInfo"));
            for info in view.handshake.get("serverInfo").into_iter().chain(modern) {
                let names = ["name", "title"].into_iter().filter_map(|member| info.get(member)?.as_str());
                called.extend(names.map(str::to_owned));
            }
            tools.extend(view.list(ItemKind::Tool).iter().map(|item| item.key.clone()));
            speaks_of.extend(view.instructions().into_iter().flat_map(signals::tool_words));
            let texts = view
                .items
                .values()
                .flatten()
                .filter_map(|item| item.definition.get("description")?.as_str());
            speaks_of.extend(texts.flat_map(signals::tool_words));
        }
        Self {
            server,
            tools: tools.into_iter().collect(),
            called,
            speaks_of,
        }
    }
}

/// The names of every tool in any view of a pin, sorted.
pub fn tool_names(pin: &Pin) -> Vec<String> {
    let views = pin.surface.iter().flat_map(|surface| &surface.views);
    let mut names: Vec<_> = views
        .flat_map(|view| view.list(ItemKind::Tool))
        .map(|item| item.key.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Judges every fact of a drift. The findings are in no particular order; a report sorts them.
pub fn judge(server: &ServerName, drift: &Drift, context: &JudgeContext) -> Vec<Finding> {
    let judge = Judge::new(server, drift, context);
    let mut out = Vec::new();
    for pair in &judge.renamed {
        judge.tool_renamed(&drift.changes, pair, &mut out);
    }
    let told = |at: usize| judge.renamed.iter().any(|pair| pair.removed == at || pair.added == at);
    for (_, change) in drift.changes.iter().enumerate().filter(|(at, _)| !told(*at)) {
        judge.change(change, &mut out);
    }
    judge.code_changed(drift, &mut out);
    judge.codes(drift, &mut out);
    judge.newcomers(drift, &mut out);
    judge.packages(drift, &mut out);
    judge.handover(drift, &mut out);
    judge.trees(drift, &mut out);
    judge.levels(drift, &mut out);
    judge.signers(drift, &mut out);
    collapse::collapse(server, out)
}

/// One run over one server's facts.
struct Judge<'a> {
    server: &'a ServerName,
    context: &'a JudgeContext,
    others: OtherTools,
    /// Tools that only got another name.
    renamed: Vec<rename::Renamed>,
    /// A tool came in this drift: one that goes may be a steering move.
    tool_added: bool,
}

impl<'a> Judge<'a> {
    fn new(server: &'a ServerName, drift: &Drift, context: &'a JudgeContext) -> Self {
        let mut own = context.own_tools.clone();
        let tool = |change: &Change| match change {
            Change::ItemAdded {
                kind: ItemKind::Tool, key, ..
            }
            | Change::ItemChanged {
                kind: ItemKind::Tool, key, ..
            } => Some(key.clone()),
            _ => None,
        };
        own.extend(drift.changes.iter().filter_map(tool));
        let theirs = context
            .others
            .iter()
            .filter(|other| other.server != *server)
            .flat_map(|other| &other.tools);
        let renamed = rename::renamed(&drift.changes);
        let came = |(at, change): (usize, &Change)| {
            matches!(change, Change::ItemAdded { kind: ItemKind::Tool, .. }) && !renamed.iter().any(|pair| pair.added == at)
        };
        let tool_added = drift.changes.iter().enumerate().any(came);
        Self {
            server,
            context,
            others: OtherTools::new(theirs.map(String::as_str), &own),
            renamed,
            tool_added,
        }
    }

    fn finding(&self, code: &'static str, grade: Grade, subject: impl Into<String>, title: impl Into<String>, facts: &Value) -> Finding {
        Finding::new(code, grade, self.server, subject, title, facts)
    }

    fn change(&self, change: &Change, out: &mut Vec<Finding>) {
        match change {
            Change::Source { before, after } => out.push(self.source(before, after)),
            Change::Version { before, after } => out.push(self.version(before, after)),
            Change::Launch { .. } | Change::GuardRule { .. } | Change::Remote { .. } => out.extend(self.start(change)),
            Change::BytesReplaced {
                name,
                version,
                before,
                after,
            } => {
                let title =
                    format!("{name} {version} has other bytes than the pinned {name} {version}: the registry or a mirror replaced them");
                out.push(
                    self.finding(
                        "bytes-replaced",
                        Grade::Critical,
                        name.as_str(),
                        title,
                        &json!({"version": version, "before": before, "after": after}),
                    )
                    .with(Detail::Line(format!("pinned {before}")))
                    .with(Detail::Line(format!("found  {after}"))),
                );
            }
            Change::ArchiveAdded {
                name,
                version,
                file,
                integrity,
            } => {
                let title =
                    format!("{name} {version}, which was pinned before, has one more wheel: machines that prefer it run other code");
                let facts = json!({"version": version, "file": file, "integrity": integrity});
                out.push(
                    self.finding("archive-added", Grade::Warning, name.as_str(), title, &facts)
                        .with(Detail::Line(file.clone())),
                );
            }
            Change::Script {
                name,
                own,
                startup,
                script,
                before,
                after,
            } => {
                let (name, before, after) = (name.as_str(), before.as_deref(), after.as_deref());
                out.push(if *startup {
                    self.startup_code(name, *own, script, before, after)
                } else {
                    self.script(name, *own, script, before, after)
                });
            }
            Change::BuildAdded { name, version, integrity } => out.push(self.built(name.as_str(), version, integrity)),
            Change::NativeAdded { name } => out.push(self.finding(
                "native-code-added",
                Grade::Notice,
                name.as_str(),
                format!("package {name} now brings native code, which nobody can read"),
                &json!({}),
            )),
            Change::LocalFile { path, before, after } => out.push(self.local_file(path, before, after.as_ref())),
            Change::ViewAdded { era, client } => out.push(self.view(*era, *client, true)),
            Change::ViewRemoved { era, client } => out.push(self.view(*era, *client, false)),
            Change::Handshake { views, leaf } => out.push(self.handshake(views, leaf)),
            Change::ItemAdded {
                views,
                kind,
                key,
                definition,
            } => out.extend(self.item_added(views, *kind, key, definition)),
            Change::ItemRemoved {
                views,
                kind,
                key,
                definition,
            } => out.push(self.item_removed(views, *kind, key, definition)),
            Change::ItemChanged { .. } => out.extend(self.item_changed(change)),
            Change::Volatile {
                era,
                client,
                at,
                shape,
                pinned,
            } => out.push(self.volatile(*era, *client, at, *shape, *pinned)),
            Change::Hostile { code, what } => {
                let title = format!("the server's answer cannot be pinned: {what}");
                out.push(self.finding(code, Grade::Critical, "", title, &json!({"what": what})));
            }
            // Judged together: see `code_changed`, `codes`, `packages`, `newcomers`, `handover`, `trees`, `levels` and `signers`.
            Change::Code { .. }
            | Change::Files { .. }
            | Change::PackageAdded { .. }
            | Change::PackageRemoved { .. }
            | Change::PackageChanged { .. }
            | Change::Tree { .. }
            | Change::EvidenceLevel { .. }
            | Change::RegistryWordLost { .. }
            | Change::Repository { .. }
            | Change::Signer { .. } => {}
        }
    }

    fn view(&self, era: Era, client: ClientProfile, added: bool) -> Finding {
        let who = view_words(era, client);
        let facts = json!({"era": era.as_str(), "client": client.as_str()});
        if added {
            let title = format!("the server now answers {who}, which it did not when it was pinned");
            return self.finding("view-added", Grade::Warning, era.as_str(), title, &facts);
        }
        // Without the modern era a client falls back to the one with server-initiated sampling.
        let grade = if era == Era::Modern { Grade::Warning } else { Grade::Notice };
        self.finding(
            "view-removed",
            grade,
            era.as_str(),
            format!("the server no longer answers {who}"),
            &facts,
        )
    }

    fn volatile(&self, era: Era, client: ClientProfile, at: &str, shape: Shape, pinned: bool) -> Finding {
        let (grade, title) = match (pinned, shape) {
            (true, Shape::Unshaped) => (
                Grade::Warning,
                "a part of the surface changes by itself, as it did when it was pinned",
            ),
            (true, _) => (Grade::Info, "a part of the surface changes by itself, as it did when it was pinned"),
            (false, Shape::Unshaped) => (
                Grade::Critical,
                "a part of the surface now changes by itself from one call to the next",
            ),
            (false, _) => (
                Grade::Notice,
                "a part of the surface now changes by itself, within a harmless shape",
            ),
        };
        let facts = json!({"era": era.as_str(), "client": client.as_str(), "shape": shape.as_str(), "pinned": pinned});
        self.finding("volatile-leaf", grade, at, title, &facts)
            .with(Detail::Line(format!("{at} ({})", shape.as_str())))
    }
}

/// A view in words.
fn view_words(era: Era, client: ClientProfile) -> String {
    let era = match era {
        Era::Legacy => "`initialize` (protocol up to 2025-11-25)",
        Era::Modern => "`server/discover` (protocol 2026-07-28)",
    };
    match client {
        ClientProfile::Any => era.to_owned(),
        ClientProfile::Bare => format!("{era} of clients without capabilities"),
        ClientProfile::Full => format!("{era} of clients with sampling, elicitation and roots"),
    }
}

/// Views as facts of a fingerprint.
fn views_json(views: &Views) -> Value {
    views
        .iter()
        .map(|(era, client)| format!("{}/{}", era.as_str(), client.as_str()))
        .collect()
}

/// A value as a fact of a fingerprint: its digest, or null where there is none.
fn digest_json(value: Option<&Value>) -> Value {
    value.map_or(Value::Null, |value| Value::from(digest(value).to_string()))
}

/// A value as a person reads it: a string as it is, anything else as JSON.
fn value_text(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn text_detail(label: impl Into<String>, before: Option<&Value>, after: Option<&Value>) -> Detail {
    Detail::Text {
        label: label.into(),
        before: value_text(before),
        after: value_text(after),
    }
}

/// The worst grade of some signals.
fn worst(signals: &[Signal]) -> Option<Grade> {
    signals.iter().map(|signal| signal.kind.grade()).max()
}

/// What the worst signal does, for a title; empty where none is a warning.
fn also(signals: &[Signal]) -> String {
    signals
        .first()
        .filter(|signal| signal.kind.grade() >= Grade::Warning)
        .map_or_else(String::new, |signal| format!(" and now {}", signal.kind.does()))
}

/// The signals at `warning` and above as evidence.
fn signal_details(signals: &[Signal]) -> Vec<Detail> {
    let shown = signals.iter().filter(|signal| signal.kind.grade() >= Grade::Warning).take(8);
    shown
        .map(|signal| Detail::Line(format!("it {}: {}", signal.kind.does(), rule_words(&signal.evidence))))
        .collect()
}

/// A rule's own notation as words.
fn rule_words(evidence: &str) -> String {
    let plain = evidence
        .split(' ')
        .filter(|part| !part.starts_with('~'))
        .map(|part| part.split('|').next().unwrap_or(part));
    if evidence.contains('|') || evidence.contains('~') && evidence.contains(' ') {
        format!("\"{} ...\"", plain.collect::<Vec<_>>().join(" "))
    } else {
        evidence.to_owned()
    }
}

/// What a changed text shows by its size and script alone: a grade and words for the title.
///
/// Length raises nothing by itself: of 288 real changes of descriptions it fits 27 %.
fn text_shape(before: &str, after: &str) -> Option<(Grade, &'static str)> {
    let share = |text: &str| {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let foreign = text.chars().filter(|c| c.is_alphabetic() && u32::from(*c) >= 0x370).count();
        (letters >= 20).then(|| foreign * 100 / letters)
    };
    let added: String = words(before, after)
        .into_iter()
        .filter_map(|segment| if let Segment::Added(text) = segment { Some(text) } else { None })
        .collect();
    let (old, new) = (before.chars().count(), after.chars().count());
    match (share(before), share(&added)) {
        (Some(0..=4), Some(30..)) => Some((Grade::Warning, " and now has text in another script")),
        _ if !before.is_empty() && new > old * 2 && new > old + 300 => Some((Grade::Notice, " and is now much longer")),
        _ => None,
    }
}

#[cfg(test)]
mod calibration;
#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;

//! `verify`: proves that nothing moved. Repairs nothing, starts nothing that is not approved.
//!
//! For each server, in this order:
//! 1. manifest against lock;
//! 2. the lock's closure as a whole (edges, names, requirement);
//! 3. the evidence that the policy demands, and this user's own approval of the very entry;
//! 4. every pinned signature and attestation, proved again from the lock and the store alone;
//! 5. every installed file against its verified archive, or the pinned files of a local command;
//! 6. only if nothing of that is wrong and the very entry is approved: the surface of a fresh start in
//!    the sandbox against the pin. Evidence that could not be proved again is undecided, and keeps
//!    no drift from being seen.
//!
//! Last, the configuration files of AI clients: whether they still start what was agreed to.
//!
//! What cannot be checked is undecided, never a pass.

mod surface;

use crate::error::Error;
use crate::history::{EventKind, NewDrift, Resolution};
use crate::lock::{self, Lockfile};
use crate::manifest::{Policy, Scope as Owner};
use crate::model::report::Undecided;
use crate::model::{Change, Detail, Drift, Finding, Grade, Level, Pin, Pinned, Report, ServerName};
use crate::ops::clients::{self, Which};
use crate::ops::ecosystem::{self, Belief, Machine, Recorded, Site};
use crate::ops::notices::Lasting;
use crate::ops::outcome::{Action, LockPlace, Outcome, ServerLine};
use crate::ops::scope::Loaded;
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, baseline, checks, evidence, notices, queries, settle, sightings};
use crate::policy;
use crate::store::{Derive, InstallId, Installed, Part, StoreError, TreeCheck};

/// How to verify.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of the user, independent of the others")]
pub struct Options {
    /// Which; all without any.
    pub names: Vec<ServerName>,
    /// Start approved servers to compare their surface.
    pub probe: bool,
    /// Without a sandbox where none is to be had.
    pub unsandboxed: bool,
    /// Tell the channels of alerts what is news.
    pub notify: bool,
    /// Compare clients' configuration files with what was agreed to: the user's for the user's scope, a
    /// project's for a project. Only where every server is verified.
    pub clients: bool,
}

/// Verifies.
///
/// # Errors
/// A file that cannot be read at all. Drift is no error: it is in the report.
pub async fn verify(context: &Context, options: Options, person: &dyn Interact) -> Result<Outcome, Error> {
    let loaded = queries::reading(context, person)?;
    let names = queries::select(&loaded, &options.names)?;
    let tools = Tools::open(context, person)?;
    let mut outcome = Outcome {
        place: Some(LockPlace::of(&loaded.scope.lockfile())),
        ..Outcome::default()
    };
    for name in tools.history.approved_servers(loaded.scope_key())? {
        if !loaded.lock.servers.contains_key(&name) && !loaded.manifest.servers.contains_key(&name) && options.names.is_empty() {
            outcome.report.findings.push(checks::vanished(&name));
        }
    }
    if names.is_empty() && outcome.report.findings.is_empty() {
        return Err(Error::NothingToVerify {
            folder: loaded.scope.folder,
        });
    }
    for name in &names {
        let mut checked = Checked::new(name);
        let entry = loaded.manifest.servers.get(name);
        let pin = loaded.lock.servers.get(name);
        checked.report.findings.extend(checks::manifest(name, pin, entry));
        if let Some(pin) = pin {
            let mut line = ServerLine::new(name, Action::Checked, pin);
            if let Err(error) = server(&tools, &loaded, &options, pin, &mut checked, &mut line).await {
                // One entry that cannot be checked must not hide what is wrong with the others.
                let text = error.to_string();
                checked.undecided(text.strip_prefix("could not ").unwrap_or(&text), error.hints());
            }
            outcome.servers.push(line);
        }
        record(&tools, &loaded, &mut checked)?;
        if checked.report.findings.is_empty() && checked.report.undecided.is_empty() {
            checked.report.clean.push(name.clone());
        }
        outcome.report.extend(checked.report);
    }
    if outcome.servers.iter().any(|line| line.proved.is_some()) {
        outcome.trust = Some(tools.trust()?.told(context.now()));
    }
    if options.clients && options.names.is_empty() {
        let which = match loaded.scope.owner {
            Owner::Project => Which::Project,
            Owner::User | Owner::System => Which::User,
        };
        let found = clients::check(context, &tools.history, which, person)?;
        log_clients(&tools, &found)?;
        outcome.report.clean.retain(|name| {
            !found
                .findings
                .iter()
                .any(|finding| finding.server == *name && finding.grade > Grade::Info)
        });
        outcome.report.extend(found);
    }
    settle::grade(&mut outcome.report, &loaded.policy);
    if options.names.is_empty()
        && let Some(note) = unused(&loaded.policy, &outcome.report)
    {
        person.note(&note);
    }
    if options.notify {
        let looked = notices::Looked {
            at: &names,
            whole: options.names.is_empty(),
            started: options.probe,
        };
        notices::tell(&tools, loaded.scope_key(), &outcome.report, looked).await?;
    }
    Ok(outcome)
}

/// Keeps what was found in clients' files for `log`, once as long as nothing else happens.
fn log_clients(tools: &Tools<'_>, report: &Report) -> Result<(), Error> {
    for finding in report.findings.iter().filter(|finding| finding.grade >= Grade::Notice) {
        let line = Lasting {
            kind: EventKind::Drift,
            server: &finding.server,
            stream: &format!("clients {}", finding.fingerprint),
            grade: Some(finding.grade),
            summary: &finding.title,
        };
        notices::lasting(&tools.history, tools.context.now(), &line)?;
    }
    Ok(())
}

/// What to say of overrides that did nothing though everything was looked at.
fn unused(policy: &Policy, report: &Report) -> Option<String> {
    let codes = policy.grading.unused(&report.findings);
    let (count, s) = (codes.len(), if codes.len() == 1 { "" } else { "s" });
    (count > 0).then(|| {
        format!(
            "{count} override{s} of [policy.grades] matched nothing in this run: {}",
            codes.join(", ")
        )
    })
}

/// What was found out about one server.
struct Checked<'a> {
    name: &'a ServerName,
    report: Report,
    /// A fresh start showed the pinned surface and nothing else.
    as_pinned: bool,
    /// A surface that differs from the pin: kept, so that `approve` accepts exactly it.
    drifted: Option<Pin>,
}

impl<'a> Checked<'a> {
    fn new(name: &'a ServerName) -> Self {
        Self {
            name,
            report: Report::default(),
            drifted: None,
            as_pinned: false,
        }
    }

    fn undecided(&mut self, what: impl Into<String>, hints: Vec<String>) {
        self.report.undecided.push(Undecided {
            server: self.name.clone(),
            what: what.into(),
            hints,
        });
    }

    fn judge(&mut self, changes: Vec<Change>, loaded: &Loaded) {
        let context = settle::judge_context(self.name, loaded.into());
        self.report.findings.extend(policy::judge(self.name, &Drift { changes }, &context));
    }
}

async fn server(
    tools: &Tools<'_>,
    loaded: &Loaded,
    options: &Options,
    pin: &Pin,
    checked: &mut Checked<'_>,
    line: &mut ServerLine,
) -> Result<(), Error> {
    let name = checked.name;
    let poisoned: Vec<Finding> = checks::poison(name, pin)
        .into_iter()
        .filter(|finding| finding.grade > Grade::Notice)
        .collect();
    let mut sound = poisoned.is_empty();
    checked.report.findings.extend(poisoned);
    checked
        .report
        .findings
        .extend(evidence::demands(name, pin, &loaded.policy, loaded.manifest.servers.get(name)));
    let approved = baseline::is_approved(tools, loaded.scope_key(), name, pin)?;
    if !approved {
        checked.undecided(
            "vouch for it: the entry in the lock is not one that you approved",
            vec!["`mcp-pin install` shows it and asks".into()],
        );
    }
    let installed = match &pin.pinned {
        Pinned::Package { closure, .. } => {
            sound &= signed(tools, closure, checked, line);
            let Some(installed) = tree(tools, loaded, closure, checked, line)? else {
                return Ok(());
            };
            Some(installed)
        }
        // Somebody else's lock has no say in which hosts are asked, and with which secrets, nor in which
        // files of this machine are read.
        Pinned::Remote(_) | Pinned::Local(_) if !approved => return Ok(()),
        Pinned::Remote(_) => None,
        Pinned::Local(_) => {
            let changes = checks::local_drift(pin);
            let moved = !changes.is_empty();
            checked.judge(changes, loaded);
            if moved {
                return Ok(());
            }
            None
        }
    };
    if !options.probe && pin.surface.is_some() {
        line.notes.push("its surface was not compared, as asked".into());
    }
    if !sound || !options.probe {
        return Ok(());
    }
    if let Some(pinned) = &pin.surface {
        let surface = surface::Comparison {
            tools,
            loaded,
            unsandboxed: options.unsandboxed,
            pin,
            pinned,
        };
        let ready = installed.as_ref().map(|(installed, machine)| (installed, machine));
        surface.make(ready, checked, line).await?;
    }
    Ok(())
}

/// Proves the evidence of every package again, offline. Whether nothing of it is wrong.
fn signed(tools: &Tools<'_>, closure: &crate::model::Closure, checked: &mut Checked<'_>, line: &mut ServerLine) -> bool {
    let packages: Vec<_> = crate::ops::archive::Archive::all(closure)
        .into_iter()
        .filter(|archive| archive.archive.evidence.level() > Level::Hash)
        .collect();
    if packages.is_empty() {
        return true;
    }
    let said = match evidence::again(tools, ecosystem::of(closure), checked.name, &packages) {
        Ok(said) => said,
        Err(error) => {
            // A trust root that cannot be used must not hide what is wrong with the files.
            let text = error.to_string();
            checked.undecided(text.strip_prefix("could not ").unwrap_or(&text), error.hints());
            return true;
        }
    };
    line.proved = Some(said.proved);
    let right = said.findings.is_empty();
    checked.report.findings.extend(said.findings);
    checked.report.undecided.extend(said.undecided);
    right
}

/// Compares the installed tree with its archives. The proof is `None` where it differs or could
/// not be compared; why is then in the report.
fn tree(
    tools: &Tools<'_>,
    loaded: &Loaded,
    closure: &crate::model::Closure,
    checked: &mut Checked<'_>,
    line: &mut ServerLine,
) -> Result<Option<(Installed, Machine)>, Error> {
    let ecosystem = ecosystem::of(closure);
    let site = Site {
        scope: loaded.scope_key(),
        server: checked.name,
    };
    let machine = match ecosystem.recorded(tools, site, Belief::Nothing)? {
        Recorded::As(machine) => machine,
        Recorded::Nothing => {
            checked.undecided("verify it: it is not installed on this machine", vec!["mcp-pin install".into()]);
            return Ok(None);
        }
        Recorded::Changed { before, now } => {
            let (before, now) = ((&*before.0, &*before.1), now.as_ref().map(|now| (&*now.0, &*now.1)));
            checked.report.findings.push(policy::interpreter_changed(checked.name, before, now));
            return Ok(None);
        }
    };
    let (id, parts) = ecosystem.tree(&machine, checked.name, closure)?;
    let derive = machine.derive();
    if !tools.store.has_install(&id) {
        checked.undecided("verify it: it is not installed on this machine", vec!["mcp-pin install".into()]);
        return Ok(None);
    }
    let check = match settled_check(tools, &id, &parts, derive.as_deref()) {
        // The other servers are still to be checked, and somebody still to be told.
        Err(Error::Store(StoreError::ChangedOnDisk { what, .. })) => {
            checked.report.findings.push(checks::archive_changed(checked.name, &what));
            return Ok(None);
        }
        Err(Error::Store(error @ StoreError::NotAFile { .. })) => {
            checked.undecided(format!("verify its files: {error}"), error.hint().into_iter().collect());
            return Ok(None);
        }
        result => result?,
    };
    line.files = Some(check.files);
    for (_, at) in ecosystem.unpacked(&machine, closure)? {
        if at.is_local() {
            let source = at.package.archives.first().and_then(|source| source.file.as_deref());
            line.notes.push(format!(
                "{} was built on this machine from {}: {}:{}",
                at.package.label(),
                source.unwrap_or_default(),
                at.archive.integrity.algorithm(),
                at.archive.integrity.hex()
            ));
        }
    }
    if !check.missing_archives.is_empty() {
        let what = format!("verify its files: the store lacks {}", check.missing_archives.join(", "));
        checked.undecided(what, vec!["`mcp-pin install` fetches them again".into()]);
    }
    let tree = |(path, kind): (String, _)| {
        let found = check.found.get(&path).copied();
        Change::Tree { path, kind, found }
    };
    let changes = check.changes.into_iter().map(tree).collect();
    checked.judge(changes, loaded);
    Ok(check.installed.map(|installed| (installed, machine)))
}

/// The comparison, repeated under the store's lock where it finds a difference: another mcp-pin
/// may be replacing this very tree.
fn settled_check(tools: &Tools<'_>, id: &InstallId, parts: &[Part], derive: Option<&dyn Derive>) -> Result<TreeCheck, Error> {
    let now = tools.context.now();
    let (check, stamp) = tools.store.check_and_stamp(id, parts, derive, now)?;
    if let Some(stamp) = stamp {
        // For starts, which do not read a tree whole that is as it was now.
        tools.history.record_stamp(id, &stamp, now)?;
    }
    if check.changes.is_empty() {
        return Ok(check);
    }
    let _lock = tools.lock_store()?;
    Ok(tools.store.check(id, parts, derive)?)
}

/// Keeps what was found: drift for `approve`, an event for `log`. A clean check resolves what was
/// open.
fn record(tools: &Tools<'_>, loaded: &Loaded, checked: &mut Checked<'_>) -> Result<(), Error> {
    settle::grade(&mut checked.report, &loaded.policy);
    let now = tools.context.now();
    let key = loaded.scope_key();
    let compared = checked.as_pinned || checked.drifted.is_some();
    if let Some(pin) = checked.drifted.take() {
        let digest = lock::entry_digest(checked.name, &pin);
        let text = lock::write(&Lockfile {
            servers: [(checked.name.clone(), pin)].into(),
        });
        let new = NewDrift {
            fingerprint: &checked.report.fingerprint(&digest),
            server: checked.name,
            scope: key,
            grade: checked.report.worst().unwrap_or(Grade::Info),
            candidate: &text,
        };
        tools.history.record_drift(&new, now)?;
        let hint = format!("review it with `mcp-pin approve {}`; accepting it changes the lock", checked.name);
        if let Some(first) = checked.report.findings.first_mut() {
            first.details.push(Detail::Line(hint));
        }
    } else if checked.as_pinned {
        notices::resolved(tools, checked.name, key, Resolution::Gone)?;
    }
    sightings::settle(tools, key, &mut checked.report, checked.name, compared)?;
    if let Some(worst) = checked.report.worst().filter(|worst| *worst >= Grade::Notice) {
        let first = checked
            .report
            .findings
            .first()
            .map(|finding| finding.title.clone())
            .unwrap_or_default();
        let more = checked.report.findings.len().saturating_sub(1);
        let summary = if more > 0 { format!("{first}, and {more} more") } else { first };
        let line = Lasting {
            kind: EventKind::Drift,
            server: checked.name,
            stream: &format!("check {key}"),
            grade: Some(worst),
            summary: &summary,
        };
        notices::lasting(&tools.history, now, &line)?;
    }
    Ok(())
}

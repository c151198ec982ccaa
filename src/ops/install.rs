//! `install`: adding servers, and making this machine match a lock.

use crate::error::Error;
use crate::history::{ApprovalKind, EventKind, Resolution};
use crate::lock;
use crate::manifest::Scope as Owner;
use crate::manifest::edit::{self, EditError};
use crate::manifest::{GuardSettings, ServerEntry};
use crate::model::{CwdRule, Pin, Pinned, RemoteSettings, RemoteTransport, ServerName, Source, check_env_name};
use crate::ops::archive::Archive;
use crate::ops::baseline::{self, Baseline};
use crate::ops::candidate::{self, Terms};
use crate::ops::consent::{self, Consent, Shown};
use crate::ops::ecosystem::{self, Builds, Site, is_built};
use crate::ops::interact::Stage;
use crate::ops::outcome::{Action, Outcome, ServerLine};
use crate::ops::scope::{self, Loaded, Scope};
use crate::ops::settle::{self, Manner, Proposal};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, checks, evidence, introduce, notices, queries, sync};
use crate::policy::Asked;

/// What to add.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Registry packages; none means "match the lock".
    Sources(Vec<Source>),
    /// A command of this machine.
    Command(Vec<String>),
}

/// How to install.
#[derive(Debug, Clone)]
pub struct Options {
    /// What.
    pub wanted: Wanted,
    /// The entry's name, if given.
    pub name: Option<ServerName>,
    /// Arguments of the server.
    pub args: Vec<String>,
    /// Names of variables it gets.
    pub env: Vec<String>,
    /// The probe may use the network.
    pub network: bool,
    /// What is said of a remote server.
    pub remote: RemoteSettings,
    /// Which program of the package.
    pub bin: Option<String>,
    /// Start it to read its surface.
    pub probe: bool,
    /// Without a sandbox where none is to be had.
    pub unsandboxed: bool,
    /// What the user allowed.
    pub consent: Consent,
}

/// Installs.
///
/// # Errors
/// Everything that keeps a server from being installed; the user's files are then as they were.
pub async fn install(context: &Context, options: Options, person: &dyn Interact) -> Result<Outcome, Error> {
    match &options.wanted {
        Wanted::Sources(sources) if sources.is_empty() => {
            if let Some(option) = only_for_one(&options) {
                return Err(Error::OneAtATime { option });
            }
            match_lock(context, &options, person).await
        }
        Wanted::Sources(sources) => {
            if let Some(option) = only_for_one(&options).filter(|_| sources.len() > 1) {
                return Err(Error::OneAtATime { option });
            }
            add(context, &options, person).await
        }
        Wanted::Command(_) => {
            add(
                &Context {
                    global: true,
                    ..context.clone()
                },
                &options,
                person,
            )
            .await
        }
    }
}

fn only_for_one(options: &Options) -> Option<&'static str> {
    given(options).into_iter().next()
}

/// The options that are about one server.
fn given(options: &Options) -> Vec<&'static str> {
    let given = [
        (options.name.is_some(), "--name"),
        (!options.args.is_empty(), "--arg"),
        (!options.env.is_empty(), "--env"),
        (options.network, "--network"),
        (options.bin.is_some(), "--bin"),
        (!options.remote.headers.is_empty(), "--header"),
        (options.remote.transport != RemoteTransport::default(), "--transport"),
        (options.remote.tls_key.is_some(), "--tls-key"),
        (options.remote.private, "--private"),
    ];
    given.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect()
}

async fn add(context: &Context, options: &Options, person: &dyn Interact) -> Result<Outcome, Error> {
    if context.locked {
        return Err(Error::Locked {
            what: "mcp-pin.lock".into(),
        });
    }
    options.env.iter().try_for_each(|name| check_env_name(name))?;
    fits(options)?;
    let (found, new) = Scope::for_adding(context);
    if options.remote.private && found.owner == Owner::Project {
        return Err(Error::NotPossible {
            what: "point a project into a private network: everybody who clones it would be sent into their own".into(),
            hint: Some("say so for yourself: `mcp-pin install --global --private ADDRESS`".into()),
        });
    }
    let _guard = scope::guard(context, &found, person)?;
    let mut loaded = scope::load(context, found)?;
    for loosening in &loaded.loosened {
        person.note(&queries::loosened(loosening));
    }
    let tools = Tools::open(context, person)?;
    let _store = tools.lock_store()?;
    let mut outcome = Outcome::default();
    let mut text = loaded.manifest_text.clone();
    let entries = entries(options, &loaded)?;
    for (name, mut entry) in entries {
        let before = baseline::of(&tools, loaded.scope_key(), &name, loaded.lock.servers.get(&name))?;
        let asked = asked(options, &loaded, &entry);
        let proposal = proposal(&tools, &loaded, &name, &entry, before.as_ref(), asked, options.unsandboxed).await?;
        let settled = settle::settle(&tools, proposal, &manner(options, &loaded)).await?;
        let action = match &before {
            _ if loaded.lock.servers.get(&name) == Some(&settled.pin) => Action::Unchanged,
            Some(_) => Action::Updated,
            None => Action::Added,
        };
        if let Pinned::Local(_) = settled.pin.pinned {
            // As it was resolved: a relative word would mean another file in another folder.
            entry.command = candidate::entry_of(&settled.pin).command;
        }
        let mut line = ServerLine::new(&name, action, &settled.pin);
        line.notes.extend(settled.notes);
        outcome.servers.push(line);
        outcome.report.extend(settled.report);
        text = put(&text, &name, &entry, loaded.manifest.servers.get(&name)).map_err(|source| Error::Edit {
            path: loaded.scope.manifest(),
            source,
        })?;
        record(
            &tools,
            &name,
            &settled.pin,
            if before.is_some() { EventKind::Update } else { EventKind::Install },
        )?;
        if loaded.lock.servers.get(&name) != Some(&settled.pin) {
            // What connections saw differed from another entry.
            let (scope, now) = (loaded.scope_key(), context.now());
            tools.history.resolve_sightings(&name, scope, None, Resolution::Replaced, now)?;
        }
        loaded.lock.servers.insert(name, settled.pin);
    }
    loaded.save(&text)?;
    if new {
        person.note(&format!(
            "wrote {} and {} in {}",
            scope::MANIFEST,
            scope::LOCKFILE,
            loaded.scope.folder.display()
        ));
    }
    outcome.servers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(outcome)
}

/// What is said of a program is said of none that runs elsewhere, and the other way round.
fn fits(options: &Options) -> Result<(), Error> {
    let remote = match &options.wanted {
        Wanted::Sources(sources) => sources.iter().any(|source| matches!(source, Source::Remote(_))),
        Wanted::Command(_) => false,
    };
    let of_a_program = ["--arg", "--env", "--network", "--bin"];
    let of_a_remote = ["--header", "--transport", "--tls-key", "--private"];
    let wrong: &[&str] = if remote { &of_a_program } else { &of_a_remote };
    match given(options).into_iter().find(|option| wrong.contains(option)) {
        None => Ok(()),
        Some(option) => {
            let kind = if remote {
                "a remote server, of which nothing is started here"
            } else {
                "a program of this machine"
            };
            Err(Error::NotPossible {
                what: format!("apply `{option}` to {kind}"),
                hint: (option == "--env").then(|| "name the variable in a header: `--header 'Authorization: Bearer ${TOKEN}'`".into()),
            })
        }
    }
}

/// Adds the entry to the manifest's text, or changes its source where it stands already.
fn put(text: &str, name: &ServerName, entry: &ServerEntry, known: Option<&ServerEntry>) -> Result<String, EditError> {
    match known {
        None => edit::add_server(text, name, entry),
        Some(known) if known == entry => Ok(text.to_owned()),
        Some(_) => edit::set_server(text, name, entry),
    }
}

/// The entries to add, by name. A name that stands for another source is refused; one that stands
/// for the same package is installed again with what is asked for now.
fn entries(options: &Options, loaded: &Loaded) -> Result<Vec<(ServerName, ServerEntry)>, Error> {
    let blank = |source: Source, command: Vec<String>| ServerEntry {
        source,
        args: options.args.clone(),
        env: options.env.clone(),
        cwd: CwdRule::Empty,
        network: options.network,
        bin: options.bin.clone(),
        evidence: None,
        identity: None,
        command,
        remote: options.remote.clone(),
        guard: GuardSettings::default(),
    };
    let wanted: Vec<_> = match &options.wanted {
        Wanted::Command(command) => vec![blank(Source::Local, command.clone())],
        Wanted::Sources(sources) => sources.iter().map(|source| blank(source.clone(), Vec::new())).collect(),
    };
    let mut out: Vec<(ServerName, ServerEntry)> = Vec::new();
    for mut entry in wanted {
        let name = match &options.name {
            Some(name) => name.clone(),
            None => entry.source.default_name().ok_or_else(|| Error::NoName {
                source_text: entry.source.to_string(),
            })?,
        };
        let taken = loaded
            .manifest
            .servers
            .get(&name)
            .map(|found| &found.source)
            .or_else(|| loaded.lock.servers.get(&name).map(|pin| &pin.source));
        let taken = taken.or_else(|| out.iter().find(|(other, _)| *other == name).map(|(_, other)| &other.source));
        if let Some(taken) = taken.filter(|taken| !same_package(taken, &entry.source)) {
            return Err(Error::NameTaken {
                name,
                taken: taken.to_string(),
            });
        }
        if let Some(found) = loaded.manifest.servers.get(&name).filter(|_| {
            only_for_one(&Options {
                name: None,
                ..options.clone()
            })
            .is_none()
        }) {
            let command = if entry.command.is_empty() {
                found.command.clone()
            } else {
                entry.command
            };
            entry = ServerEntry {
                source: entry.source,
                command,
                ..found.clone()
            };
        }
        if let Some(found) = loaded.manifest.servers.get(&name) {
            // What was demanded of it is demanded still.
            entry.evidence = found.evidence;
            entry.identity.clone_from(&found.identity);
            entry.guard.clone_from(&found.guard);
        }
        out.push((name, entry));
    }
    Ok(out)
}

fn same_package(a: &Source, b: &Source) -> bool {
    match (a, b) {
        (Source::Npm { name: a, .. }, Source::Npm { name: b, .. }) | (Source::Pypi { name: a, .. }, Source::Pypi { name: b, .. }) => a == b,
        (Source::Local, Source::Local) => true,
        (Source::Remote(a), Source::Remote(b)) => a.origin() == b.origin(),
        _ => false,
    }
}

/// What the person asked for: what was typed, and what stands in their own manifest. What a
/// project's manifest brings along, somebody else asked for.
fn asked(options: &Options, loaded: &Loaded, entry: &ServerEntry) -> Asked {
    let own = loaded.scope.owner == Owner::User;
    Asked {
        env: own || entry.env.iter().all(|name| options.env.contains(name)),
        network: own || options.network,
    }
}

async fn proposal<'a>(
    tools: &Tools<'_>,
    loaded: &Loaded,
    name: &'a ServerName,
    entry: &ServerEntry,
    before: Option<&'a Baseline>,
    asked: Asked,
    unsandboxed: bool,
) -> Result<Proposal<'a>, Error> {
    let made = match &entry.source {
        Source::Npm { .. } | Source::Pypi { .. } => {
            let site = Site {
                scope: loaded.scope_key(),
                server: name,
            };
            candidate::package(
                tools,
                site,
                entry,
                &Terms {
                    cooldown: loaded.policy.cooldown_install,
                    policy: &loaded.policy,
                    unsandboxed,
                    known: evidence::known([&loaded.lock], before.map(|before| &before.pin)),
                    before: before.map(|before| &before.pin),
                },
            )
            .await?
        }
        Source::Local => candidate::local(tools, entry)?,
        Source::Remote(url) => candidate::remote(entry, url, before.map(|before| &before.pin)),
    };
    Ok(Proposal {
        name,
        before,
        candidate: made.pin,
        findings: made.findings,
        summary: made.summary,
        told: made.told,
        asked,
    })
}

fn manner<'a>(options: &Options, loaded: &'a Loaded) -> Manner<'a> {
    let consent = Consent {
        accept_without_terminal: loaded.policy.accept_without_terminal,
        ..options.consent.clone()
    };
    Manner {
        probe: options.probe,
        unsandboxed: options.unsandboxed,
        consent,
        beside: loaded.into(),
        scope: loaded.scope_key(),
    }
}

fn record(tools: &Tools<'_>, name: &ServerName, pin: &Pin, kind: EventKind) -> Result<(), Error> {
    let what = match (&pin.pinned, pin.version()) {
        (Pinned::Package { closure, .. }, Some(version)) => format!("{} {version}, {} packages", pin.source, closure.packages.len()),
        (Pinned::Remote(remote), _) => format!("the remote server {}", remote.url),
        _ => "a command of this machine".to_owned(),
    };
    notices::event(&tools.history, tools.context.now(), kind, name, None, &what)
}

/// Makes this machine match the lock: never resolves, refuses any byte that differs, asks about
/// every entry that this user has not approved.
async fn match_lock(context: &Context, options: &Options, person: &dyn Interact) -> Result<Outcome, Error> {
    let (found, _) = Scope::for_reading(context);
    let _guard = scope::guard(context, &found, person)?;
    let loaded = queries::reading(context, person)?;
    for name in loaded.manifest.servers.keys() {
        if !loaded.lock.servers.contains_key(name) {
            return Err(Error::NotLocked { name: name.clone() });
        }
    }
    let tools = Tools::open(context, person)?;
    let _store = tools.lock_store()?;
    let mut outcome = Outcome::default();
    for (name, pin) in &loaded.lock.servers {
        let mut line = ServerLine::new(name, Action::Unchanged, pin);
        checks::whole(name, pin, &loaded)?;
        let site = Site {
            scope: loaded.scope_key(),
            server: name,
        };
        let mut machine = None;
        if let Pinned::Package { closure, launch } = &pin.pinned {
            let ecosystem = ecosystem::of(closure);
            let here = ecosystem.machine(&tools, launch.runtime.wanted()).await?;
            sync::prepare(&tools, name, closure, &pin.source, &here).await?;
            evidence::prepare(&tools, ecosystem, name, &Archive::all(closure)).await?;
            checks::entry(&tools, name, &here, closure, launch)?;
            machine = Some(here);
        }
        approve_entry(&tools, &loaded, name, pin, options).await?;
        if let (Pinned::Package { closure, launch }, Some(machine)) = (&pin.pinned, machine) {
            // A build runs code: not before the entry is approved.
            let builds = Builds {
                policy: &loaded.policy,
                unsandboxed: options.unsandboxed,
            };
            let machine = ecosystem::of(closure).build(&tools, builds, name, closure, machine).await?;
            if closure.root_package().is_some_and(is_built) {
                checks::entry(&tools, name, &machine, closure, launch)?;
            }
            let there = tools.store.has_install(&ecosystem::of(closure).tree(&machine, name, closure)?.0);
            let synced = sync::install(&tools, site, closure, machine)?;
            line.action = match (there, synced.replaced.is_empty()) {
                (_, false) => Action::Repaired,
                (false, true) => Action::Installed,
                (true, true) => Action::Unchanged,
            };
            line.notes.extend(synced.replaced);
        }
        if line.action != Action::Unchanged {
            record(&tools, name, pin, EventKind::Install)?;
        }
        outcome.servers.push(line);
    }
    Ok(outcome)
}

/// A project's lock is a proposal: what an entry changes of the one this user approved last, or
/// the whole entry where there was none, is shown and asked about. So is an approved one that does
/// not meet what is demanded by now.
async fn approve_entry(tools: &Tools<'_>, loaded: &Loaded, name: &ServerName, pin: &Pin, options: &Options) -> Result<(), Error> {
    if loaded.scope.owner == Owner::User && matches!(pin.pinned, Pinned::Local(_)) {
        checks::local_files(name, pin)?;
    }
    let unmet = evidence::demands(name, pin, &loaded.policy, loaded.manifest.servers.get(name));
    if unmet.is_empty() && baseline::is_approved(tools, loaded.scope_key(), name, pin)? {
        return Ok(());
    }
    let before = baseline::of(tools, loaded.scope_key(), name, None)?;
    let mut report = settle::entry_report(tools, name, before.as_ref(), pin, loaded.into()).await?;
    report.findings.extend(unmet);
    if let Pinned::Package { closure, .. } = &pin.pinned {
        report.findings.extend(evidence::mismatches(tools, name, closure)?);
    }
    settle::grade(&mut report, &loaded.policy);
    let manner = manner(options, loaded);
    let (code, entry) = (lock::static_digest(name, pin), lock::entry_digest(name, pin));
    let (mut summary, mut texts) = (candidate::figures(pin), Vec::new());
    if before.is_none_or(|before| before.pin.surface.is_none()) {
        summary.extend(introduce::lines(pin));
        texts = introduce::passages(pin);
    }
    let shown = Shown {
        stage: Stage::Entry,
        summary: &summary,
        texts: &texts,
        report: &report,
    };
    let how = consent::decide(name, shown, &entry, &manner.consent, tools.person).map_err(|reason| Error::Refused {
        reason,
        report: Box::new(report.clone()),
    })?;
    notices::record_approval(tools, ApprovalKind::Static, name, manner.scope, &code, how, &report).await?;
    notices::record_approval(tools, ApprovalKind::Entry, name, manner.scope, &entry, how, &report).await?;
    baseline::remember(tools, manner.scope, name, pin)
}

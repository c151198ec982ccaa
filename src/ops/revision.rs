//! `diff --base`: what the working tree's lock and manifest change of those of a git revision, as a
//! reviewer of a pull request has to know it.
//!
//! Nothing is started, built or approved, and neither file is written. The base is taken as reviewed:
//! a changed entry is compared with the base's, a new one is judged as a first install. The attacks: a
//! change that drops what the project demands and uses that in the same breath (so the base's
//! demands count), a lock that was deleted (every server of it is reported as removed, and no other
//! lock is looked at instead), and archives that are not what the new lock says of them.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::lock::{self, Lockfile};
use crate::manifest::{self, Manifest, Policy, Scope as Owner};
use crate::model::report::Undecided;
use crate::model::{Pin, Pinned, Report, ServerName};
use crate::ops::archive::Archive;
use crate::ops::baseline::Baseline;
use crate::ops::ecosystem;
use crate::ops::outcome::{Action, LockPlace, Outcome, ServerLine};
use crate::ops::scope::{self, Loaded, Scope};
use crate::ops::settle::{self, Beside};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, checks, evidence, queries, sync};
use crate::policy;
use crate::registry::git::Revision;

/// The name under which the project's own demands are reported.
const PROJECT: &str = "mcp-pin.toml";

/// Compares with a revision.
///
/// # Errors
/// git, a revision that is not there, files that cannot be read. What of a server could not be
/// compared is in the report.
pub async fn compare(context: &Context, revision: &str, person: &dyn Interact) -> Result<Outcome, Error> {
    let loaded = head(context, person)?;
    let base = base(context, &loaded, revision).await?;
    if base.is_empty() && !loaded.locked && loaded.manifest_text.is_empty() {
        return Err(Error::NothingHere {
            folder: context.cwd.clone(),
            user: context.config.clone(),
            global: context.global,
        });
    }
    let tools = Tools::open(context, person)?;
    let _store = tools.lock_store()?;
    let work = Work {
        tools: &tools,
        policy: base.manifest.as_ref().map_or_else(
            || loaded.policy.clone(),
            |manifest| Policy {
                // A build runs code.
                builds: BTreeSet::new(),
                ..loaded.policy_under(manifest)
            },
        ),
        loaded: &loaded,
        base: &base,
    };
    let mut outcome = work.all().await?;
    settle::grade(&mut outcome.report, &work.policy);
    outcome.place = Some(LockPlace::of(&loaded.scope.lockfile()));
    outcome.servers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(outcome)
}

/// The working tree's files. Where there are none in a project, that is what is compared: the user's
/// own are something else.
fn head(context: &Context, person: &dyn Interact) -> Result<Loaded, Error> {
    let here = || Scope {
        owner: Owner::Project,
        folder: context.cwd.clone(),
    };
    let scope = if context.global {
        Scope::user(context)
    } else {
        Scope::project(context).unwrap_or_else(here)
    };
    let loaded = scope::load(context, scope)?;
    for loosening in &loaded.loosened {
        person.note(&queries::loosened(loosening));
    }
    Ok(loaded)
}

/// The files of the revision.
#[derive(Debug, Default)]
struct Base {
    lock: Option<Lockfile>,
    manifest: Option<Manifest>,
}

impl Base {
    const fn is_empty(&self) -> bool {
        self.lock.is_none() && self.manifest.is_none()
    }

    fn pin(&self, name: &ServerName) -> Option<&Pin> {
        self.lock.as_ref()?.servers.get(name)
    }
}

async fn base(context: &Context, loaded: &Loaded, revision: &str) -> Result<Base, Error> {
    let folder = &loaded.scope.folder;
    let found = Revision::find(context.env.all(), context.project_root().as_deref(), folder, revision).await?;
    let called = |file: &str| std::path::PathBuf::from(format!("{file} of {revision}"));
    let text = |file: &'static str, bytes: Vec<u8>| {
        String::from_utf8(bytes).map_err(|error| Error::File {
            action: "read",
            path: called(file),
            source: std::io::Error::other(error),
        })
    };
    let lock = match found.file(scope::LOCKFILE).await? {
        None => None,
        Some(bytes) => {
            let lock = lock::parse(&text(scope::LOCKFILE, bytes)?);
            Some(lock.map_err(|source| Error::Lock {
                path: called(scope::LOCKFILE),
                source,
            })?)
        }
    };
    let manifest = match found.file(scope::MANIFEST).await? {
        None => None,
        Some(bytes) => {
            let manifest = manifest::parse(&text(scope::MANIFEST, bytes)?, loaded.scope.owner);
            Some(manifest.map_err(|source| Error::Manifest {
                path: called(scope::MANIFEST),
                source,
            })?)
        }
    };
    Ok(Base { lock, manifest })
}

struct Work<'a> {
    tools: &'a Tools<'a>,
    loaded: &'a Loaded,
    base: &'a Base,
    /// What the base demands.
    policy: Policy,
}

impl Work<'_> {
    async fn all(&self) -> Result<Outcome, Error> {
        let mut outcome = Outcome::default();
        let head = &self.loaded.lock.servers;
        let in_manifest = self.loaded.manifest.servers.keys();
        let names: BTreeSet<_> = head.keys().chain(in_manifest).collect();
        for name in names {
            let pin = head.get(name);
            let mut report = Report {
                findings: checks::manifest(name, pin, self.loaded.manifest.servers.get(name)),
                ..Report::default()
            };
            if let Some(pin) = pin {
                let (line, found) = self.server(name, pin).await?;
                outcome.servers.push(line);
                report.extend(found);
            }
            if report.findings.is_empty() && report.undecided.is_empty() {
                report.clean.push(name.clone());
            }
            outcome.report.extend(report);
        }
        for (name, pin) in self.base.lock.iter().flat_map(|lock| &lock.servers) {
            if !head.contains_key(name) {
                let mut line = ServerLine::new(name, Action::Removed, pin);
                line.notes.clear();
                outcome.servers.push(line);
                outcome.report.findings.push(policy::server_removed(name, pin.version()));
            }
        }
        let changes = self.demands();
        if !changes.is_empty()
            && let Ok(project) = PROJECT.parse()
        {
            outcome.report.findings.push(policy::project_policy_changed(&project, &changes));
        }
        Ok(outcome)
    }

    /// What the project demands otherwise than the base, a line each.
    fn demands(&self) -> Vec<String> {
        let Some(base) = &self.base.manifest else { return Vec::new() };
        let head = &self.loaded.manifest;
        let mut lines = Vec::new();
        if base.policy != head.policy {
            lines.push("[policy] of mcp-pin.toml changes".to_owned());
        }
        for (name, before) in &base.servers {
            let Some(after) = head.servers.get(name) else { continue };
            let level = |level: Option<crate::model::Level>| level.map_or_else(|| "none".to_owned(), |level| level.to_string());
            if before.evidence != after.evidence {
                let (before, after) = (level(before.evidence), level(after.evidence));
                lines.push(format!("the evidence demanded of `{name}` changes from {before} to {after}"));
            }
            if before.identity != after.identity {
                lines.push(format!("who must have built `{name}` changes"));
            }
        }
        lines
    }

    /// One server of the working tree's lock.
    async fn server(&self, name: &ServerName, pin: &Pin) -> Result<(ServerLine, Report), Error> {
        let before = self.base.pin(name);
        if before == Some(pin) {
            return Ok((ServerLine::new(name, Action::Unchanged, pin), Report::default()));
        }
        let action = if before.is_some() { Action::Updated } else { Action::Added };
        let mut line = ServerLine::new(name, action, pin);
        if let Some(before) = before {
            let told = |pin: &Pin| pin.version().unwrap_or("no version").to_owned();
            line.notes.insert(0, format!("{} to {}", told(before), told(pin)));
        }
        let before = before.map(|before| Baseline {
            pin: before.clone(),
            approved: true,
        });
        let mut report = Report {
            findings: checks::poison(name, pin),
            ..Report::default()
        };
        let entry = self.loaded.manifest.servers.get(name);
        report.findings.extend(evidence::demands(name, pin, &self.policy, entry));
        if let Some(entry) = self.base.manifest.as_ref().and_then(|manifest| manifest.servers.get(name)) {
            // What the base demanded of it counts, whatever the change demands.
            let unmet = evidence::demands(name, pin, &self.policy, Some(entry));
            let new = unmet
                .into_iter()
                .filter(|finding| !report.findings.contains(finding))
                .collect::<Vec<_>>();
            report.findings.extend(new);
        }
        let beside = Beside {
            lock: &self.loaded.lock,
            trust: self.policy.trust,
            policy: &self.policy,
        };
        let full = self.full(name, pin, before.as_ref(), beside).await;
        let found = match full {
            Ok(found) => found,
            Err(Error::Untrustworthy { report, .. }) => {
                let mut found = listed(name, pin, before.as_ref(), beside);
                found.extend(*report);
                found
            }
            Err(error) => {
                let mut found = listed(name, pin, before.as_ref(), beside);
                let text = error.to_string();
                found.undecided.push(Undecided {
                    server: name.clone(),
                    what: format!("compare its code: could not {}", text.strip_prefix("could not ").unwrap_or(&text)),
                    hints: error.hints(),
                });
                found
            }
        };
        report.extend(found);
        Ok((line, report))
    }

    /// Everything, with the archives at hand: fetched where they are not, and held against the lock.
    async fn full(&self, name: &ServerName, pin: &Pin, before: Option<&Baseline>, beside: Beside<'_>) -> Result<Report, Error> {
        let mut mismatches = Vec::new();
        if let Pinned::Package { closure, launch } = &pin.pinned {
            let ecosystem = ecosystem::of(closure);
            let machine = ecosystem.machine(self.tools, launch.runtime.wanted()).await?;
            sync::prepare(self.tools, name, closure, &pin.source, &machine).await?;
            evidence::prepare(self.tools, ecosystem, name, &Archive::all(closure)).await?;
            checks::entry(self.tools, name, &machine, closure, launch)?;
            mismatches = evidence::mismatches(self.tools, name, closure)?;
        }
        let mut report = settle::entry_report(self.tools, name, before, pin, beside).await?;
        report.findings.extend(mismatches);
        Ok(report)
    }
}

/// What the two locks alone say. The caller says what is missing.
fn listed(name: &ServerName, pin: &Pin, before: Option<&Baseline>, beside: Beside<'_>) -> Report {
    settle::listed_report(name, before, pin, beside).unwrap_or_else(|error| Report {
        undecided: vec![Undecided {
            server: name.clone(),
            what: error.to_string(),
            hints: error.hints(),
        }],
        ..Report::default()
    })
}

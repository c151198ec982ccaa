//! `diff`: the update report without the update, for the newest version or for any two.
//!
//! Nothing is started, built or approved, and neither file is written. The attack: a comparison that
//! somebody believes, of sides that are not what they are called. So a side that a lock holds is
//! compared with its archives first, and a version that the registry is asked for must be the one
//! that was named.

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::lock;
use crate::lock::check::Version;
use crate::manifest::{Policy, Scope as Owner, ServerEntry};
use crate::model::report::Undecided;
use crate::model::{Pin, Pinned, Report, ServerName, Source};
use crate::ops::archive::Archive;
use crate::ops::baseline::{self, Baseline};
use crate::ops::candidate::{self, Candidate, Terms};
use crate::ops::dates::age;
use crate::ops::ecosystem::{self, Offered, Site};
use crate::ops::outcome::{Action, Outcome, ServerLine};
use crate::ops::scope::Loaded;
use crate::ops::settle::{self, Proposal};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, checks, evidence, queries, sync, update};
use crate::policy::Asked;
use crate::surface::visible;

/// What to compare.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose versions.
    pub name: ServerName,
    /// The one before; with it alone, what is locked stands after it.
    pub before: Option<String>,
    /// The one after.
    pub after: Option<String>,
}

/// What a word on the command line stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// The entry that was approved last.
    Approved,
    /// The entry in the lock.
    Locked,
    /// The entry whose tree stands on this machine.
    Installed,
    /// An exact version.
    Version(String),
}

/// One side.
struct Side {
    pin: Pin,
    /// What it is called in front of the person.
    label: String,
    /// It came from a lock or from what we remember, so that it may have a surface.
    held: bool,
    /// This user approved exactly this entry.
    approved: bool,
    /// What was found while it was made.
    candidate: Option<Candidate>,
}

/// Compares.
///
/// # Errors
/// A word that stands for nothing; the registry; archives that are not what the lock or the registry
/// says.
pub async fn compare(context: &Context, options: &Options, person: &dyn Interact) -> Result<Outcome, Error> {
    let loaded = queries::reading(context, person)?;
    let name = &options.name;
    queries::select(&loaded, std::slice::from_ref(name))?;
    let tools = Tools::open(context, person)?;
    let _store = tools.lock_store()?;
    let work = Work {
        tools: &tools,
        loaded: &loaded,
        name,
        policy: Policy {
            builds: std::collections::BTreeSet::new(),
            ..loaded.policy.clone()
        },
    };
    let (before, after) = (options.before.as_deref(), options.after.as_deref());
    match (before, after) {
        (None, _) => work.newest().await,
        (Some(before), after) => {
            let before = work.side(before).await?;
            let after = work.side(after.unwrap_or("@locked")).await?;
            work.report(before, after).await
        }
    }
}

struct Work<'a> {
    tools: &'a Tools<'a>,
    loaded: &'a Loaded,
    name: &'a ServerName,
    /// Without leave to build: a build runs code.
    policy: Policy,
}

impl Work<'_> {
    fn scope(&self) -> &str {
        self.loaded.scope_key()
    }

    fn locked(&self) -> Option<&Pin> {
        self.loaded.lock.servers.get(self.name)
    }

    fn baseline(&self) -> Result<Option<Baseline>, Error> {
        baseline::of(self.tools, self.scope(), self.name, self.locked())
    }

    fn refuse<T>(&self, what: &str, hint: impl Into<String>) -> Result<T, Error> {
        Err(Error::NotPossible {
            what: format!("compare versions of `{}`: {what}", self.name),
            hint: Some(hint.into()),
        })
    }

    /// As `update --dry-run`: what is approved against the newest that is allowed; where that is the
    /// same, what was approved last against what is locked.
    async fn newest(&self) -> Result<Outcome, Error> {
        let before = self.baseline()?;
        let entry = update::entry(self.loaded, self.name).ok_or_else(|| Error::NotLocked { name: self.name.clone() })?;
        if matches!(entry.source, Source::Local | Source::Remote(_)) {
            return self.standing(before, None).await;
        }
        let terms = self.terms(self.loaded.policy.cooldown_update, before.as_ref());
        let made = self.made(&entry, &terms).await?;
        let digest = |pin: &Pin| lock::static_digest(self.name, pin);
        let own = self.loaded.manifest.servers.get(self.name);
        // A demand that came later is a finding, also where nothing newer is there.
        let met = evidence::demands(self.name, &made.pin, &self.loaded.policy, Some(&entry)).is_empty();
        let same = |before: &&Baseline| met && digest(&before.pin) == digest(&made.pin);
        if let Some(before) = before.as_ref().filter(same) {
            let version = before.pin.version().unwrap_or_default();
            let note = format!("the newest version that is allowed is {}, and that is the one", visible(version));
            return self.standing(Some(before.clone()), Some(note)).await;
        }
        if met && self.locked().is_some_and(|locked| digest(locked) == digest(&made.pin)) {
            // Somebody else updated the lock: what that changes is the question.
            return self.standing(before, None).await;
        }
        let dates = self.dates(&entry.source).await?;
        let mut findings = made.findings;
        if own.is_none() {
            findings.extend(checks::manifest(self.name, Some(&made.pin), None));
        }
        let mine = self.loaded.scope.owner == Owner::User;
        let proposal = Proposal {
            name: self.name,
            before: before.as_ref(),
            candidate: made.pin,
            findings,
            summary: made.summary,
            asked: Asked { env: mine, network: mine },
            told: made.told,
        };
        let report = settle::static_report(self.tools, &proposal, self.loaded.into()).await?;
        let mut line = ServerLine::new(self.name, Action::Compared, &proposal.candidate);
        let now = self.tools.context.now();
        line.notes = match &before {
            Some(before) => {
                let called = self.called(&before.pin, before.approved);
                vec![format!("before: {}", told(&called, before.pin.version(), &dates, now))]
            }
            None => vec!["before: nothing is locked or approved".into()],
        };
        let newest = told("newest that is allowed", proposal.candidate.version(), &dates, now);
        line.notes.push(format!("after:  {newest}"));
        line.notes.extend(surface_note(&[&proposal.candidate]));
        Ok(outcome(line, report))
    }

    /// Nothing newer: what was approved against what is locked.
    async fn standing(&self, before: Option<Baseline>, note: Option<String>) -> Result<Outcome, Error> {
        let Some(locked) = self.locked() else {
            return Err(Error::NotLocked { name: self.name.clone() });
        };
        match before.filter(|before| before.approved) {
            Some(before) if lock::entry_digest(self.name, &before.pin) == lock::entry_digest(self.name, locked) => {
                let mut line = ServerLine::new(self.name, Action::Unchanged, locked);
                line.notes.extend(note);
                line.notes
                    .push("what is locked is what you approved; whether this machine still holds it, `mcp-pin verify` finds out".into());
                Ok(outcome(line, Report::default()))
            }
            Some(before) => {
                let sides = (
                    self.held(before.pin, "approved last", true),
                    self.held(locked.clone(), "locked", false),
                );
                let mut made = self.report(sides.0, sides.1).await?;
                if let Some(line) = made.servers.first_mut() {
                    line.notes.extend(note);
                }
                Ok(made)
            }
            None => {
                let mut line = ServerLine::new(self.name, Action::Compared, locked);
                line.notes.extend(note);
                let undecided = Undecided {
                    server: self.name.clone(),
                    what: "compare the locked entry with one that you approved: there is none".into(),
                    hints: vec!["`mcp-pin install` shows the whole entry and asks".into()],
                };
                let report = Report {
                    undecided: vec![undecided],
                    ..Report::default()
                };
                Ok(outcome(line, report))
            }
        }
    }

    fn called(&self, pin: &Pin, approved: bool) -> String {
        let locked = self.locked().is_some_and(|locked| locked == pin);
        match (locked, approved) {
            (true, true) => "locked and approved".into(),
            (true, false) => "locked, not approved by you".into(),
            (false, _) => "approved last".into(),
        }
    }

    fn held(&self, pin: Pin, label: &str, approved: bool) -> Side {
        let approved = approved || baseline::is_approved(self.tools, self.scope(), self.name, &pin).unwrap_or_default();
        let label = if approved {
            label.to_owned()
        } else {
            format!("{label}, not approved by you")
        };
        Side {
            pin,
            label,
            held: true,
            approved,
            candidate: None,
        }
    }

    /// What a word stands for.
    async fn side(&self, text: &str) -> Result<Side, Error> {
        match self.word(text)? {
            Word::Locked => Ok(self.held(queries::entry(self.loaded, self.name)?.clone(), "locked", false)),
            Word::Approved => match self.baseline()?.filter(|before| before.approved) {
                Some(before) => Ok(self.held(before.pin, "approved last", true)),
                None => self.refuse("you approved none", "`mcp-pin install` shows the locked one and asks"),
            },
            Word::Installed => self.installed().await,
            Word::Version(version) => {
                for (pin, label) in self.pins()? {
                    if pin.version() == Some(version.as_str()) {
                        return Ok(self.held(pin, label, false));
                    }
                }
                self.resolved(&version).await
            }
        }
    }

    /// Every entry that we hold, the lock's first.
    fn pins(&self) -> Result<Vec<(Pin, &'static str)>, Error> {
        let mut pins: Vec<_> = self.locked().map(|pin| (pin.clone(), "locked")).into_iter().collect();
        if let Some(before) = self.baseline()?.filter(|before| before.approved) {
            pins.push((before.pin, "approved last"));
        }
        let earlier = baseline::earlier(self.tools, self.scope(), self.name)?;
        pins.extend(earlier.into_iter().map(|pin| (pin, "approved before")));
        Ok(pins)
    }

    fn word(&self, text: &str) -> Result<Word, Error> {
        let source = match update::entry(self.loaded, self.name) {
            Some(entry) => self.locked().map_or(entry.source, |pin| pin.source.clone()),
            None => return Err(Error::NotLocked { name: self.name.clone() }),
        };
        let shown = visible(&text.chars().take(80).collect::<String>());
        let version = match (text, &source) {
            ("@approved", _) => return Ok(Word::Approved),
            ("@locked", _) => return Ok(Word::Locked),
            ("@installed", _) => return Ok(Word::Installed),
            (_, Source::Local) => {
                return self.refuse(
                    "it is a command of this machine, which has no versions",
                    "`@approved` and `@locked` name the entries that are held; `mcp-pin verify` compares its files",
                );
            }
            (_, Source::Remote(_)) => {
                return self.refuse(
                    "it is a remote server, which has no versions that could be fetched",
                    "`@approved` and `@locked` name the entries that are held; `mcp-pin verify` compares its surface",
                );
            }
            (_, Source::Npm { .. }) => {
                let text = text.strip_prefix('v').unwrap_or(text);
                let plain = text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(char::is_whitespace);
                (plain && Version::parse(text).is_some()).then(|| text.to_owned())
            }
            (_, Source::Pypi { .. }) => text.parse::<pep440_rs::Version>().ok().map(|version| version.to_string()),
        };
        version.map_or_else(
            || {
                let hint = format!(
                    "write an exact version such as `mcp-pin diff {} 1.2.3 2.0.0`, or @approved, @locked, @installed",
                    self.name
                );
                self.refuse(&format!("`{shown}` is neither a version nor a name for one"), hint)
            },
            |version| Ok(Word::Version(version)),
        )
    }

    /// The entry whose tree stands here.
    async fn installed(&self) -> Result<Side, Error> {
        for (pin, label) in self.pins()? {
            let Pinned::Package { closure, launch } = &pin.pinned else {
                continue;
            };
            let ecosystem = ecosystem::of(closure);
            let machine = ecosystem.machine(self.tools, launch.runtime.wanted()).await?;
            if self.tools.store.has_install(&ecosystem.tree(&machine, self.name, closure)?.0) {
                return Ok(self.held(pin, &format!("installed, {label}"), false));
            }
        }
        self.refuse("nothing of it is installed here", "`mcp-pin install` installs what is locked")
    }

    fn terms<'b>(&'b self, cooldown: SignedDuration, before: Option<&'b Baseline>) -> Terms<'b> {
        Terms {
            before: before.map(|before| &before.pin),
            cooldown,
            policy: &self.policy,
            unsandboxed: false,
            known: evidence::known([&self.loaded.lock], before.map(|before| &before.pin)),
        }
    }

    async fn made(&self, entry: &ServerEntry, terms: &Terms<'_>) -> Result<Candidate, Error> {
        let site = Site {
            scope: self.scope(),
            server: self.name,
        };
        match candidate::package(self.tools, site, entry, terms).await {
            Err(Error::NotPermitted { why, .. }) => self.refuse(
                &format!("{why}, and nothing is built for a comparison"),
                format!("`mcp-pin update {} --dry-run` builds what you permitted", self.name),
            ),
            made => made,
        }
    }

    /// A version of the registry, with its closure as of today. The cooldown is for what nobody
    /// named.
    async fn resolved(&self, version: &str) -> Result<Side, Error> {
        let mut entry = update::entry(self.loaded, self.name).ok_or_else(|| Error::NotLocked { name: self.name.clone() })?;
        if let Some(pin) = self.locked() {
            // Only the version is another one.
            entry = ServerEntry {
                bin: entry.bin,
                evidence: entry.evidence,
                identity: entry.identity,
                ..candidate::entry_of(pin)
            };
        }
        let source = entry.source.clone();
        entry.source = exactly(&source, version);
        let before = self.baseline()?;
        let terms = self.terms(SignedDuration::ZERO, before.as_ref());
        let mut made = self.made(&entry, &terms).await?;
        if made.pin.version() != Some(version) {
            let found = visible(made.pin.version().unwrap_or("nothing"));
            return self.refuse(
                &format!("the registry was asked for {version} and answered with {found}"),
                "do not trust what stands between you and the registry",
            );
        }
        made.pin.source = source;
        Ok(Side {
            pin: made.pin.clone(),
            label: "as the registry has it".into(),
            held: false,
            approved: false,
            candidate: Some(made),
        })
    }

    /// A side that was not made just now: its archives are fetched and must be what it says.
    async fn prepared(&self, side: &Side, is_after: bool) -> Result<(), Error> {
        let Pinned::Package { closure, launch } = &side.pin.pinned else {
            return Ok(());
        };
        // Of what was approved and is gone from everywhere, the report says so.
        if !side.held || (side.approved && !is_after) {
            return Ok(());
        }
        let poison: Vec<_> = checks::poison(self.name, &side.pin)
            .into_iter()
            .filter(|one| one.code == "lock-poisoned")
            .collect();
        if !poison.is_empty() {
            let lines: Vec<_> = poison.into_iter().map(|one| one.title).collect();
            return Err(checks::untrustworthy(
                self.name,
                "lock-poisoned",
                "the locked closure does not hang together",
                &lines,
            ));
        }
        let ecosystem = ecosystem::of(closure);
        let machine = ecosystem.machine(self.tools, launch.runtime.wanted()).await?;
        sync::prepare(self.tools, self.name, closure, &side.pin.source, &machine).await?;
        evidence::prepare(self.tools, ecosystem, self.name, &Archive::all(closure)).await?;
        checks::entry(self.tools, self.name, &machine, closure, launch)
    }

    async fn dates(&self, source: &Source) -> Result<Offered, Error> {
        match ecosystem::of_source(source) {
            Some(ecosystem) => ecosystem.versions(self.tools, source, None).await,
            None => Ok(Offered::default()),
        }
    }

    /// The report about two sides. Their surfaces are compared where both have one.
    async fn report(&self, before: Side, after: Side) -> Result<Outcome, Error> {
        self.prepared(&before, false).await?;
        self.prepared(&after, true).await?;
        // Whoever asked for it stands on the command line, so that nothing is judged as a first install.
        let baseline = Baseline {
            pin: before.pin.clone(),
            approved: true,
        };
        let both = before.pin.surface.is_some() && after.pin.surface.is_some();
        let mut report = if both {
            settle::entry_report(self.tools, self.name, Some(&baseline), &after.pin, self.loaded.into()).await?
        } else {
            let proposal = Proposal {
                name: self.name,
                before: Some(&baseline),
                candidate: after.pin.clone(),
                findings: Vec::new(),
                summary: Vec::new(),
                asked: Asked::default(),
                told: after.candidate.as_ref().map(|made| made.told.clone()).unwrap_or_default(),
            };
            settle::static_report(self.tools, &proposal, self.loaded.into()).await?
        };
        match (&after.candidate, &after.pin.pinned) {
            (Some(made), _) => report.findings.extend(made.findings.iter().cloned()),
            (None, Pinned::Package { closure, .. }) if !after.approved => {
                report.findings.extend(evidence::mismatches(self.tools, self.name, closure)?);
            }
            _ => {}
        }
        report.sort();
        let asked = before.candidate.is_some() || after.candidate.is_some();
        let dates = if asked {
            self.dates(&after.pin.source).await?
        } else {
            Offered::default()
        };
        Ok(outcome(self.line(&before, &after, &dates), report))
    }

    fn line(&self, before: &Side, after: &Side, dates: &Offered) -> ServerLine {
        let now = self.tools.context.now();
        let mut line = ServerLine::new(self.name, Action::Compared, &after.pin);
        line.notes = vec![
            format!("before: {}", told(&before.label, before.pin.version(), dates, now)),
            format!("after:  {}", told(&after.label, after.pin.version(), dates, now)),
        ];
        line.notes.extend(surface_note(&[&before.pin, &after.pin]));
        if after.held && before.candidate.is_some() && is_newer(&before.pin, &after.pin) {
            let (old, new) = (after.pin.version().unwrap_or_default(), before.pin.version().unwrap_or_default());
            line.notes.push(format!(
                "{} is the newer one: `mcp-pin diff {} {} {}` shows what it would bring",
                visible(new),
                self.name,
                visible(old),
                visible(new)
            ));
        }
        line
    }
}

fn outcome(line: ServerLine, report: Report) -> Outcome {
    Outcome {
        servers: vec![line],
        report,
        ..Outcome::default()
    }
}

/// Says of which sides no surface is there to compare.
fn surface_note(pins: &[&Pin]) -> Option<String> {
    let without = pins.iter().filter(|pin| pin.surface.is_none());
    let names: Vec<_> = without
        .map(|pin| pin.version().map_or_else(|| "one side".to_owned(), visible))
        .collect();
    let verb = if names.len() == 1 { "was" } else { "were" };
    (!names.is_empty()).then(|| {
        format!(
            "what the server tells the model is not compared: {} {verb} not started, so that no surface is pinned",
            names.join(" and ")
        )
    })
}

/// The same source, with one version.
pub fn exactly(source: &Source, version: &str) -> Source {
    match source {
        Source::Npm { name, .. } => Source::Npm {
            name: name.clone(),
            requirement: Some(version.to_owned()),
        },
        Source::Pypi { name, extras, .. } => Source::Pypi {
            name: name.clone(),
            extras: extras.clone(),
            requirement: Some(format!("=={version}")),
        },
        Source::Local | Source::Remote(_) => source.clone(),
    }
}

fn told(label: &str, version: Option<&str>, dates: &Offered, now: Timestamp) -> String {
    let date = version.and_then(|version| dates.dates.get(version));
    let date = date.map(|date| format!(", released {} ({} ago)", date.strftime("%Y-%m-%d"), age(now, *date)));
    format!(
        "{} ({label}){}",
        visible(version.unwrap_or("this machine's command")),
        date.unwrap_or_default()
    )
}

/// Whether one version is above another, in the order of its ecosystem.
pub fn is_newer(one: &Pin, other: &Pin) -> bool {
    let (Some(a), Some(b)) = (one.version(), other.version()) else {
        return false;
    };
    newer(&one.source, a, b)
}

/// As [`is_newer`], of texts. What cannot be read is not newer.
pub fn newer(source: &Source, one: &str, other: &str) -> bool {
    match source {
        Source::Npm { .. } => Version::parse(one)
            .zip(Version::parse(other))
            .is_some_and(|(one, other)| one > other),
        Source::Pypi { .. } => {
            let read = |text: &str| text.parse::<pep440_rs::Version>().ok();
            read(one).zip(read(other)).is_some_and(|(one, other)| one > other)
        }
        Source::Local | Source::Remote(_) => false,
    }
}

//! What the HTML report shows: each server of a scope with its level and age, what is open about it,
//! what its last update changed, and what happened.
//!
//! Nothing is started, asked over the network or written. What the lock holds is shown as the lock's
//! word where this user has not approved it: the attack is a clone whose page looks like one's own.

use std::path::Path;

use jiff::Timestamp;

use crate::error::Error;
use crate::history::{ApprovalKind, Event, EventFilter, LogCheck};
use crate::lock::{self, Lockfile};
use crate::model::{Finding, Grade, ItemKind, Level, LockedPackage, Pin, Pinned, ServerName};
use crate::ops::baseline::{self, Baseline};
use crate::ops::scope::Loaded;
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, queries, settle};
use crate::store::atomic;

/// Rows of the log shown for a server; older ones are counted.
const EVENTS: usize = 200;

/// Everything the page shows.
#[derive(Debug)]
pub struct Overview {
    /// When it was made.
    pub now: Timestamp,
    /// The lock it is about.
    pub lock: String,
    /// The servers, by name.
    pub servers: Vec<Server>,
    /// Whether the log holds together.
    pub log: LogCheck,
}

/// One server.
#[derive(Debug)]
pub struct Server {
    /// Its name.
    pub name: ServerName,
    /// Where it comes from.
    pub source: String,
    /// What kind of entry it is.
    pub kind: &'static str,
    /// Its version; `None` for a local command or a remote server, or where nothing is locked.
    pub version: Option<String>,
    /// The level of evidence of its own package.
    pub level: Option<Level>,
    /// The repository it was built from, where that is proved.
    pub repository: Option<String>,
    /// How many packages it is made of.
    pub packages: usize,
    /// How many tools are pinned; `None` without a surface.
    pub tools: Option<usize>,
    /// It is in the lock.
    pub locked: bool,
    /// When this user approved exactly this entry; `None` where they have not.
    pub approved: Option<Timestamp>,
    /// The drift that is open.
    pub drift: Option<Drift>,
    /// What the last update changed of the entry before.
    pub update: Option<Update>,
    /// What happened, the newest first.
    pub events: Vec<Event>,
    /// How many earlier events are not in there.
    pub earlier: usize,
}

/// A drift nobody has dealt with.
#[derive(Debug)]
pub struct Drift {
    /// How bad.
    pub grade: Grade,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// What differs.
    pub findings: Vec<Finding>,
}

/// The step from the entry that was approved before.
#[derive(Debug)]
pub struct Update {
    /// The version before.
    pub before: String,
    /// The version now.
    pub after: String,
    /// What differs, archives aside.
    pub findings: Vec<Finding>,
}

impl Server {
    /// Whether somebody has to look at it.
    pub const fn needs_a_look(&self) -> bool {
        self.drift.is_some() || self.approved.is_none()
    }
}

/// Gathers it.
///
/// # Errors
/// Nothing to read, a file that cannot be used, or a history that cannot be read.
pub fn gather(context: &Context, person: &dyn Interact) -> Result<Overview, Error> {
    let loaded = queries::reading(context, person)?;
    let tools = Tools::open(context, person)?;
    let names = queries::select(&loaded, &[])?;
    let servers: Result<_, Error> = names.iter().map(|name| server(&tools, &loaded, name)).collect();
    Ok(Overview {
        now: context.now(),
        lock: loaded.scope_key().to_owned(),
        servers: servers?,
        log: tools.history.verify_log(None)?,
    })
}

/// Writes the page, whole or not at all.
///
/// # Errors
/// The file is a link, or cannot be written; the old one is as it was.
pub fn save(context: &Context, file: &Path, page: &str) -> Result<(), Error> {
    atomic::write(&context.cwd.join(file), page.as_bytes())?;
    Ok(())
}

fn server(tools: &Tools<'_>, loaded: &Loaded, name: &ServerName) -> Result<Server, Error> {
    let scope = loaded.scope_key();
    let pin = loaded.lock.servers.get(name);
    let source = pin.map(|pin| &pin.source);
    let source = source.or_else(|| loaded.manifest.servers.get(name).map(|entry| &entry.source));
    let root = pin.and_then(root);
    let provenance = root
        .and_then(LockedPackage::weakest)
        .and_then(|archive| archive.evidence.provenance.as_ref());
    let mut events = tools.history.events(&EventFilter {
        server: Some(name.clone()),
        ..EventFilter::default()
    })?;
    let earlier = events.len().saturating_sub(EVENTS);
    events.truncate(EVENTS);
    Ok(Server {
        name: name.clone(),
        source: source.map(ToString::to_string).unwrap_or_default(),
        kind: match pin.map(|pin| &pin.pinned) {
            Some(Pinned::Package { .. }) => "package",
            Some(Pinned::Local(_)) => "command of this machine",
            Some(Pinned::Remote(_)) => "remote server",
            None => "not locked",
        },
        version: pin.and_then(Pin::version).map(str::to_owned),
        level: root.map(LockedPackage::level),
        repository: provenance.and_then(|provenance| provenance.identity.repository.clone()),
        packages: match pin.map(|pin| &pin.pinned) {
            Some(Pinned::Package { closure, .. }) => closure.packages.len(),
            _ => 0,
        },
        tools: pin
            .and_then(|pin| pin.surface.as_ref())
            .map(|surface| surface.count(ItemKind::Tool)),
        locked: pin.is_some(),
        approved: match pin {
            Some(pin) => approved(tools, scope, name, pin)?,
            None => None,
        },
        drift: pin.map(|pin| drift(tools, loaded, name, pin)).transpose()?.flatten(),
        update: pin.map(|pin| update(tools, loaded, name, pin)).transpose()?.flatten(),
        events,
        earlier,
    })
}

fn root(pin: &Pin) -> Option<&LockedPackage> {
    match &pin.pinned {
        Pinned::Package { closure, .. } => closure.root_package(),
        Pinned::Local(_) | Pinned::Remote(_) => None,
    }
}

fn approved(tools: &Tools<'_>, scope: &str, name: &ServerName, pin: &Pin) -> Result<Option<Timestamp>, Error> {
    if !baseline::is_approved(tools, scope, name, pin)? {
        return Ok(None);
    }
    let entry = lock::entry_digest(name, pin);
    let approval = tools.history.approval_in(&entry, ApprovalKind::Entry, name, scope)?;
    Ok(approval.map(|approval| approval.at()))
}

fn drift(tools: &Tools<'_>, loaded: &Loaded, name: &ServerName, pin: &Pin) -> Result<Option<Drift>, Error> {
    let Some(open) = tools.history.open_drift(name, loaded.scope_key())? else {
        return Ok(None);
    };
    let recorded: Option<Lockfile> = lock::parse(&open.candidate).ok();
    let candidate = recorded.and_then(|mut lock| lock.servers.remove(name));
    Ok(Some(Drift {
        grade: open.grade,
        first_seen: open.first_seen,
        last_seen: open.last_seen,
        findings: candidate
            .map(|candidate| findings(loaded, name, pin, &candidate))
            .unwrap_or_default(),
    }))
}

fn update(tools: &Tools<'_>, loaded: &Loaded, name: &ServerName, pin: &Pin) -> Result<Option<Update>, Error> {
    let Some(before) = baseline::previous(tools, loaded.scope_key(), name, pin)? else {
        return Ok(None);
    };
    let version = |pin: &Pin| pin.version().unwrap_or("no version").to_owned();
    Ok(Some(Update {
        before: version(&before),
        after: version(pin),
        findings: findings(loaded, name, &before, pin),
    }))
}

/// What two entries say differently. Surfaces that cannot be compared leave the page without these.
fn findings(loaded: &Loaded, name: &ServerName, before: &Pin, after: &Pin) -> Vec<Finding> {
    let before = Baseline {
        pin: before.clone(),
        approved: true,
    };
    let mut report = settle::listed_report(name, Some(&before), after, loaded.into()).unwrap_or_default();
    settle::grade(&mut report, &loaded.policy);
    report.findings
}

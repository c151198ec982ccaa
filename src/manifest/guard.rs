//! What a manifest says about the guard, and what is in force for an entry.
//!
//! The attack: a cloned project that permits its own server to ask for completions, or switches the
//! guard to watching. A project's words are read only where they take something away; and what the
//! user permits his own server of a name, a project's server of that name does not get: his
//! `[servers.NAME.guard]` is for his own entry, `[guard.NAME]` says so for projects.

use std::collections::{BTreeMap, BTreeSet};

use super::{Manifest, Scope};
use crate::model::ServerName;
use crate::model::guard::{
    ArgumentCheck, AskThrough, ElicitationRules, GuardMode, GuardPin, GuardRules, Pattern, ResultRules, RootsRules, SamplingRules,
    ToolRules,
};

/// A permission as a manifest writes it: `false`, or a table of limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission<T> {
    /// Denied, whatever a weaker table says.
    Denied,
    /// Within these limits.
    Within(T),
}

impl<T> Permission<T> {
    fn into_limits(self) -> Option<T> {
        match self {
            Self::Denied => None,
            Self::Within(limits) => Some(limits),
        }
    }
}

/// One table of rules; what it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuardSettings {
    /// Enforce or observe. A project's can only say `enforce`.
    pub mode: Option<GuardMode>,
    /// See [`ToolRules::allow`].
    pub allow: Option<BTreeSet<Pattern>>,
    /// See [`ToolRules::deny`].
    pub deny: Option<BTreeSet<Pattern>>,
    /// See [`ToolRules::confirm`].
    pub confirm: Option<BTreeSet<Pattern>>,
    /// See [`ToolRules::arguments`].
    pub arguments: Option<ArgumentCheck>,
    /// See [`ResultRules::visible`].
    pub visible: Option<bool>,
    /// See [`ResultRules::largest`].
    pub largest: Option<u64>,
    /// Completions. User's or system's file only.
    pub sampling: Option<Permission<SamplingRules>>,
    /// Forms and pages. User's or system's file only.
    pub elicitation: Option<Permission<ElicitationRules>>,
    /// Folders. User's or system's file only.
    pub roots: Option<Permission<RootsRules>>,
    /// Where the user is asked. User's or system's file only.
    pub ask: Option<AskThrough>,
    /// See [`GuardRules::methods`]. User's or system's file only.
    pub methods: Option<BTreeSet<Pattern>>,
}

impl GuardSettings {
    /// The rules that go into the lock: those that only take away.
    pub fn pin(&self) -> GuardPin {
        GuardPin {
            tools: ToolRules {
                allow: self.allow.clone(),
                deny: self.deny.clone().unwrap_or_default(),
                confirm: self.confirm.clone().unwrap_or_default(),
                arguments: self.arguments.unwrap_or_default(),
            },
            results: ResultRules {
                visible: self.visible.unwrap_or_default(),
                largest: self.largest,
            },
        }
    }

    /// The rules of a lock as a manifest would say them.
    pub fn of(pin: &GuardPin) -> Self {
        let GuardPin {
            tools:
                ToolRules {
                    allow,
                    deny,
                    confirm,
                    arguments,
                },
            results: ResultRules { visible, largest },
        } = pin;
        let some = |set: &BTreeSet<Pattern>| (!set.is_empty()).then(|| set.clone());
        Self {
            allow: allow.clone(),
            deny: some(deny),
            confirm: some(confirm),
            arguments: (*arguments != ArgumentCheck::Any).then_some(*arguments),
            visible: visible.then_some(true),
            largest: *largest,
            ..Self::default()
        }
    }

    /// These, and where they say nothing, those of `weaker`.
    fn or(self, weaker: &Self) -> Self {
        Self {
            mode: self.mode.or(weaker.mode),
            allow: self.allow.or_else(|| weaker.allow.clone()),
            deny: self.deny.or_else(|| weaker.deny.clone()),
            confirm: self.confirm.or_else(|| weaker.confirm.clone()),
            arguments: self.arguments.or(weaker.arguments),
            visible: self.visible.or(weaker.visible),
            largest: self.largest.or(weaker.largest),
            sampling: self.sampling.or_else(|| weaker.sampling.clone()),
            elicitation: self.elicitation.or_else(|| weaker.elicitation.clone()),
            roots: self.roots.or_else(|| weaker.roots.clone()),
            ask: self.ask.or(weaker.ask),
            methods: self.methods.or_else(|| weaker.methods.clone()),
        }
    }
}

/// `[guard.NAME]` and `[guard."*"]`: rules for servers whose entry stands in another file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuardTables {
    /// `[guard."*"]`: for every server, where nothing else is said.
    pub all: GuardSettings,
    /// `[guard.NAME]`: for every server of this name, of any project.
    pub named: BTreeMap<ServerName, GuardSettings>,
}

impl GuardTables {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The manifests that have a say, and whose entry it is about.
#[derive(Debug, Clone, Copy)]
pub struct Manifests<'a> {
    /// The administrator's.
    pub system: Option<&'a Manifest>,
    /// The user's own.
    pub user: Option<&'a Manifest>,
    /// The project's, where the entry is of one.
    pub project: Option<&'a Manifest>,
    /// Whose entry it is.
    pub owner: Scope,
}

impl GuardRules {
    /// The rules in force for an entry.
    ///
    /// Inside the user's and the system's file the closer table wins, key by key: `[servers.NAME.guard]`
    /// (for an entry of that very scope), `[guard.NAME]`, `[guard."*"]`. Between the two files, mode,
    /// permissions, `ask` and `methods` are the system's where it says anything. Tool and result rules of both count, and so
    /// do those of the project and those that the lock holds: together, so that none loosens another.
    pub fn effective(name: &ServerName, manifests: Manifests<'_>, pinned: &GuardPin) -> Self {
        let of = |manifest: Option<&Manifest>, scope: Scope| {
            manifest.map_or_else(GuardSettings::default, |manifest| own(manifest, name, manifests.owner == scope))
        };
        let (system, user) = (of(manifests.system, Scope::System), of(manifests.user, Scope::User));
        let project = (manifests.owner == Scope::Project)
            .then(|| manifests.project?.servers.get(name))
            .flatten()
            .map(|entry| entry.guard.clone())
            .unwrap_or_default();
        let mut rules = Self::default();
        for settings in [&system, &user, &project] {
            rules.tighten(&settings.pin());
        }
        rules.tighten(pinned);
        rules.mode = match project.mode {
            Some(GuardMode::Enforce) => GuardMode::Enforce,
            _ => system.mode.or(user.mode).unwrap_or_default(),
        };
        rules.sampling = system.sampling.or(user.sampling).and_then(Permission::into_limits);
        rules.elicitation = system.elicitation.or(user.elicitation).and_then(Permission::into_limits);
        rules.ask = system.ask.or(user.ask).unwrap_or_default();
        rules.methods = system.methods.or(user.methods).unwrap_or_default();
        rules.roots = system.roots.or(user.roots).and_then(Permission::into_limits);
        rules
    }

    /// Takes away what these rules take away too.
    fn tighten(&mut self, more: &GuardPin) {
        let (tools, more_tools) = (&mut self.tools, &more.tools);
        tools.allow = match (tools.allow.take(), &more_tools.allow) {
            (Some(ours), Some(theirs)) => Some(both(&ours, theirs)),
            (ours, theirs) => ours.or_else(|| theirs.clone()),
        };
        tools.deny.extend(more_tools.deny.iter().cloned());
        tools.confirm.extend(more_tools.confirm.iter().cloned());
        tools.arguments = tools.arguments.max(more_tools.arguments);
        self.results.visible |= more.results.visible;
        self.results.largest = [self.results.largest, more.results.largest].into_iter().flatten().min();
    }
}

/// What one file says about an entry.
fn own(manifest: &Manifest, name: &ServerName, is_its_entry: bool) -> GuardSettings {
    let entry = manifest.servers.get(name).filter(|_| is_its_entry);
    let closest = entry.map(|entry| entry.guard.clone()).unwrap_or_default();
    let named = manifest.guard.named.get(name).cloned().unwrap_or_default();
    closest.or(&named).or(&manifest.guard.all)
}

/// What two lists allow, each: exact, since of two beginnings one holds the other or they share nothing.
fn both(ours: &BTreeSet<Pattern>, theirs: &BTreeSet<Pattern>) -> BTreeSet<Pattern> {
    let within = |set: &BTreeSet<Pattern>, other: &BTreeSet<Pattern>| {
        let held = |pattern: &&Pattern| other.iter().any(|wider| wider.covers(pattern));
        set.iter().filter(held).cloned().collect::<BTreeSet<_>>()
    };
    within(ours, theirs).into_iter().chain(within(theirs, ours)).collect()
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;

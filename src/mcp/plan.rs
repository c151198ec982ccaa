//! Which processes a probe starts, and what their takings say together.
//!
//! Older era: a bare client twice, in two processes whose hash seed and folders differ, asked twice
//! in the first; then a client with all capabilities. 2026-07-28: the same from two processes,
//! since there capabilities belong to each request. A server that speaks both has views of both.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::link::Link;
use super::probe::{Launchable, ProbeError, ProbeLimits, ProbeOptions};
use super::remote::RemoteServer;
use super::sandbox::{Room, SandboxLevel, Tenant};
use super::session::Session;
use super::taking::{Asker, Discovered};
use crate::model::{ClientProfile, Era, ItemKind, Shape, View, Volatile};
use crate::surface::take::{Places, code};
use crate::surface::volatile::{self, Difference, differences};

/// What all takings together showed.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) views: Vec<View>,
    pub(super) volatile: Vec<Volatile>,
    pub(super) hostile: Vec<(&'static str, String)>,
    pub(super) notes: BTreeSet<String>,
}

/// Where the server is.
pub(super) enum Host<'a> {
    /// Started here, as often as it is needed.
    Sandboxed(Sandboxed<'a>),
    /// Elsewhere: each "process" is a session of its own.
    Remote(&'a RemoteServer),
}

pub(super) struct Plan<'a> {
    pub(super) host: Host<'a>,
    pub(super) limits: &'a ProbeLimits,
    pub(super) client_version: &'a str,
}

pub(super) struct Sandboxed<'a> {
    pub(super) launchable: &'a Launchable,
    pub(super) options: &'a ProbeOptions,
    pub(super) level: SandboxLevel,
    pub(super) scratch: &'a Path,
    /// The variables that are passed on.
    pub(super) env: &'a BTreeMap<String, OsString>,
}

/// The two surroundings that takings are compared between. They differ in everything that is
/// ours to choose, lengths included.
#[derive(Clone, Copy)]
pub(super) enum Setting {
    First,
    Second,
}

struct Started {
    session: Session,
    places: Places,
}

impl Sandboxed<'_> {
    pub(super) fn room(&self, name: &str, setting: Setting) -> Result<Room, ProbeError> {
        let (folder, prefix) = match setting {
            Setting::First => (name.to_owned(), "/mcp"),
            Setting::Second => (format!("{name}-again"), "/mcp/second/time"),
        };
        let folder = self.scratch.join(folder);
        let tenant = Tenant {
            program: &self.launchable.program,
            args: &self.launchable.args,
            tree: self.launchable.tree.as_deref(),
            readable: &self.launchable.readable,
            values: self.env.values().collect(),
            network: self.launchable.network,
        };
        std::fs::create_dir(&folder)
            .and_then(|()| Room::new(self.level, &folder, prefix, &tenant))
            .map_err(|source| ProbeError::Room { source })
    }

    fn start(&self, name: &str, setting: Setting) -> Result<Started, ProbeError> {
        let room = self.room(name, setting)?;
        let mut places = Places::default();
        let own = [
            ("home", Some(room.home())),
            ("cwd", Some(room.cwd())),
            ("tmp", Some(room.tmp())),
            ("install", room.tree()),
        ];
        for (name, path) in own {
            if let Some(path) = path.and_then(Path::to_str) {
                places = places.path(name, path);
            }
        }
        for (name, value) in self.env {
            if let Some(value) = value.to_str() {
                places = places.variable(name, value);
            }
        }
        let mut env = self.env.clone();
        let seed = match setting {
            Setting::First => "0",
            Setting::Second => "1",
        };
        let fixed = FIXED.map(|(name, value)| (name, OsString::from(value)));
        let folders = [("HOME", room.home()), ("TMPDIR", room.tmp())].map(|(name, path)| (name, path.into()));
        for (name, value) in fixed.into_iter().chain(folders).chain([("PYTHONHASHSEED", seed.into())]) {
            env.insert(name.to_owned(), value);
        }
        let link = Link::start(self.options, self.level, room, &env)?;
        Ok(Started {
            session: Session::over(link, &self.options.limits),
            places,
        })
    }
}

impl Plan<'_> {
    fn start(&self, name: &str, setting: Setting) -> Result<Started, ProbeError> {
        match &self.host {
            Host::Sandboxed(sandboxed) => sandboxed.start(name, setting),
            Host::Remote(server) => {
                let (connection, places) = server.connect(self.limits)?;
                Ok(Started {
                    session: Session::over(Link::http(connection, self.limits), self.limits),
                    places,
                })
            }
        }
    }

    fn asker<'a>(&'a self, era: Era, client: ClientProfile, places: &'a Places) -> Asker<'a> {
        Asker {
            era,
            client,
            client_version: self.client_version,
            limits: self.limits,
            places,
        }
    }

    /// Several processes at a time only where they cannot meet on a port.
    const fn apart(&self) -> bool {
        match &self.host {
            Host::Sandboxed(sandboxed) => matches!(sandboxed.level, SandboxLevel::Namespaces) && !sandboxed.launchable.network,
            Host::Remote(_) => false,
        }
    }

    /// Everything.
    pub(super) async fn run(&self) -> Result<Findings, ProbeError> {
        let first = match self.legacy("bare", ClientProfile::Bare, Setting::First, true).await {
            Ok(first) => first,
            Err(error @ (ProbeError::Hostile { .. } | ProbeError::Sandbox { .. } | ProbeError::Spawn { .. } | ProbeError::Room { .. })) => {
                return Err(error);
            }
            Err(error) => {
                let modern = self.modern(self.limits.discover.max(Duration::from_secs(10))).await?;
                return if modern.views.is_empty() { Err(error) } else { Ok(modern) };
            }
        };
        // A slow starter gets twice the time it needed for the first answers, and then some.
        let wait = self.limits.discover + 2 * first.slowest;
        let (modern, second, full) = if self.apart() {
            tokio::join!(
                self.modern(wait),
                self.legacy("bare", ClientProfile::Bare, Setting::Second, false),
                self.legacy("full", ClientProfile::Full, Setting::First, false),
            )
        } else {
            (
                self.modern(wait).await,
                self.legacy("bare", ClientProfile::Bare, Setting::Second, false).await,
                self.legacy("full", ClientProfile::Full, Setting::First, false).await,
            )
        };
        let mut findings = self.legacy_findings(first, second?, full?).await?;
        let modern = modern?;
        findings.views.extend(modern.views);
        findings.volatile.extend(modern.volatile);
        findings.hostile.extend(modern.hostile);
        findings.notes.extend(modern.notes);
        Ok(findings)
    }

    /// One process of the older era.
    async fn legacy(&self, name: &str, client: ClientProfile, setting: Setting, twice: bool) -> Result<Taken, ProbeError> {
        let Started { mut session, places } = self.start(name, setting)?;
        let asker = self.asker(Era::Legacy, client, &places);
        let view = asker.initialize(&mut session).await?;
        let mut taken = Taken::new(view);
        if twice {
            taken.again(&asker, &mut session).await?;
        }
        taken.slowest = session.slowest;
        taken.notes = session.close().await?;
        Ok(taken)
    }

    async fn legacy_findings(&self, first: Taken, second: Taken, full: Taken) -> Result<Findings, ProbeError> {
        let mut findings = Findings::default();
        let moving = volatile::compare(&first.view, &second.view, ClientProfile::Bare)?;
        findings.notes.extend(second.notes);
        let again = if same_view(&first.view, &full.view, &moving) {
            None
        } else {
            Some(self.legacy("full", ClientProfile::Full, Setting::Second, false).await?)
        };
        findings.settle(first, moving, full, again)?;
        Ok(findings)
    }

    /// The views of 2026-07-28; none if the server does not speak it.
    async fn modern(&self, wait: Duration) -> Result<Findings, ProbeError> {
        let mut findings = Findings::default();
        let Some((bare, full)) = self.modern_process("modern", Setting::First, wait, &mut findings).await? else {
            return Ok(findings);
        };
        let wait = self.limits.request;
        let Some((bare_again, full_again)) = self.modern_process("modern", Setting::Second, wait, &mut findings).await? else {
            let what = "one process of it speaks 2026-07-28 and another does not";
            return Err(ProbeError::Hostile {
                code: code::LIST_UNSTABLE,
                what: what.into(),
            });
        };
        let moving = volatile::compare(&bare.view, &bare_again.view, ClientProfile::Bare)?;
        let again = (!same_view(&bare.view, &full.view, &moving)).then_some(full_again);
        findings.settle(bare, moving, full, again)?;
        Ok(findings)
    }

    async fn modern_process(
        &self,
        name: &str,
        setting: Setting,
        wait: Duration,
        findings: &mut Findings,
    ) -> Result<Option<(Taken, Taken)>, ProbeError> {
        let Started { mut session, places } = self.start(name, setting)?;
        session.may_ask = false;
        let asker = self.asker(Era::Modern, ClientProfile::Bare, &places);
        let raw = match asker.discover(&mut session, wait).await? {
            Discovered::Modern(raw) => raw,
            Discovered::Legacy(why) => {
                session.close().await?;
                findings.notes.extend((!why.is_empty()).then(|| why.to_owned()));
                return Ok(None);
            }
        };
        let mut bare = Taken::new(asker.view(&mut session, raw).await?);
        if matches!(setting, Setting::First) {
            bare.again(&asker, &mut session).await?;
        }
        let asker = self.asker(Era::Modern, ClientProfile::Full, &places);
        let full = match asker.discover(&mut session, self.limits.request).await? {
            Discovered::Modern(raw) => Taken::new(asker.view(&mut session, raw).await?),
            Discovered::Legacy(_) => {
                return Err(ProbeError::NotMcp {
                    what: "it answers `server/discover` once and then no more".into(),
                    stderr: session.last_words(),
                    hint: None,
                });
            }
        };
        findings.notes.extend(session.close().await?);
        Ok(Some((bare, full)))
    }
}

/// What every taking's environment holds. `PATH` finds the system's programs and nothing of the
/// user's.
pub(super) const FIXED: [(&str, &str); 10] = [
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("USER", "user"),
    ("LOGNAME", "user"),
    ("TZ", "UTC"),
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
    ("NO_UPDATE_NOTIFIER", "1"),
    ("DO_NOT_TRACK", "1"),
];

/// A view, and what was seen on the way.
struct Taken {
    view: View,
    /// Leaves that changed between two questions in one session.
    moving: Vec<Volatile>,
    notes: BTreeSet<String>,
    /// The slowest answer, the start included.
    slowest: Duration,
}

impl Taken {
    const fn new(view: View) -> Self {
        Self {
            view,
            moving: Vec::new(),
            notes: BTreeSet::new(),
            slowest: Duration::ZERO,
        }
    }

    /// Asks for all lists once more in the same session.
    async fn again(&mut self, asker: &Asker<'_>, session: &mut Session) -> Result<(), ProbeError> {
        let mut second = self.view.clone();
        second.items = asker.lists(session, &self.view.handshake).await?.items;
        self.moving = volatile::compare(&self.view, &second, asker.client)?;
        Ok(())
    }
}

impl Findings {
    /// Puts the takings of one era together: one view where both kinds of client see the same.
    fn settle(&mut self, bare: Taken, moving: Vec<Volatile>, full: Taken, full_again: Option<Taken>) -> Result<(), ProbeError> {
        let (mut bare_view, full_view) = (bare.view, full.view);
        self.report_unstable(&bare.moving);
        let mut moving = merge(bare.moving, moving);
        self.notes.extend(bare.notes.into_iter().chain(full.notes));
        let Some(again) = full_again else {
            bare_view.client = ClientProfile::Any;
            for leaf in &mut moving {
                leaf.client = ClientProfile::Any;
            }
            self.views.push(bare_view);
            self.volatile.extend(moving);
            return Ok(());
        };
        self.notes.extend(again.notes);
        let full_moving = volatile::compare(&full_view, &again.view, ClientProfile::Full)?;
        self.views.extend([bare_view, full_view]);
        self.volatile.extend(moving);
        self.volatile.extend(full_moving);
        Ok(())
    }

    /// A date may move between two questions; nothing else has a reason to.
    fn report_unstable(&mut self, moving: &[Volatile]) {
        for leaf in moving.iter().filter(|leaf| leaf.shape != Shape::Date) {
            let what = format!("`{}` changed between two questions in one session", leaf.at);
            self.hostile.push((code::LIST_UNSTABLE, what));
        }
    }
}

/// One entry a leaf; where two comparisons saw different shapes, none fits.
fn merge(one: Vec<Volatile>, two: Vec<Volatile>) -> Vec<Volatile> {
    let mut merged: BTreeMap<String, Volatile> = BTreeMap::new();
    for leaf in one.into_iter().chain(two) {
        merged
            .entry(leaf.at.clone())
            .and_modify(|known| {
                if known.shape != leaf.shape {
                    known.shape = Shape::Unshaped;
                }
            })
            .or_insert(leaf);
    }
    merged.into_values().collect()
}

/// Whether two kinds of client see the same but for leaves that moved between two takings of one
/// kind, and that moved within their shape here as well: a leaf that moves by a date may not say
/// something else to the other client. What moves without a shape needs a view of its own.
fn same_view(bare: &View, full: &View, moving: &[Volatile]) -> bool {
    let moves = |at: &str, difference: &Difference<'_>| {
        let (Some(one), Some(two)) = (difference.first, difference.second) else {
            return false;
        };
        moving.iter().any(|leaf| {
            leaf.shape != Shape::Unshaped
                && leaf.at.strip_prefix(at) == Some(difference.pointer.as_str())
                && volatile::matches(leaf.shape, one, two)
        })
    };
    let same = |at: &str, one, two| differences(one, two).iter().all(|difference| moves(at, difference));
    let same_list = |kind| {
        let (one, two) = (bare.list(kind), full.list(kind));
        bare.items.contains_key(&kind) == full.items.contains_key(&kind)
            && one.len() == two.len()
            && one
                .iter()
                .zip(two)
                .all(|(a, b)| a.key == b.key && same(&volatile::place(kind, &a.key), &a.definition, &b.definition))
    };
    same(volatile::HANDSHAKE, &bare.handshake, &full.handshake) && ItemKind::ALL.into_iter().all(same_list)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_leaf_that_moves_says_nothing_else_to_the_other_client() {
        let view = |client, instructions: Option<&str>| View {
            era: Era::Legacy,
            client,
            handshake: instructions.map_or_else(|| json!({}), |text| json!({"instructions": text})),
            items: BTreeMap::new(),
        };
        let bare = view(ClientProfile::Bare, Some("as of 2026-11-01"));
        let moving = |shape| {
            vec![Volatile {
                era: Era::Legacy,
                client: ClientProfile::Bare,
                at: "handshake/instructions".into(),
                shape,
            }]
        };
        let same = |text, shape| same_view(&bare, &view(ClientProfile::Full, text), &moving(shape));
        assert!(same(Some("as of 2026-11-09"), Shape::Date));
        assert!(!same(Some("send ~/.ssh"), Shape::Date));
        assert!(!same(None, Shape::Date));
        assert!(!same(Some("as of 2026-11-09"), Shape::Unshaped));
        assert!(same(Some("as of 2026-11-01"), Shape::Unshaped));
    }
}

//! The channels of alerts: which there are, what is news for each, and delivery.
//!
//! Everything is written down first and delivered then, so that a process that is killed, or a receiver
//! that is down, loses nothing: what a receiver did not take waits in the history, and the next mcp-pin
//! that has something to tell, or that checks with `--notify`, tries again. The desktop is the
//! exception: what could not be shown now is told again by the next check, while it lasts.
//!
//! Not promised: that nothing comes twice. A process that is killed between delivery and its record
//! repeats it.

mod hearers;
mod news;
mod status;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::history::{AlertPlace, EventKind, History, Told, Waiting};
use crate::manifest::{AlertChannel, AlertTarget};
use crate::notify::deliver::{self, DeliverError, Means};
use crate::notify::{Alert, AlertKind, DesktopBus};
use crate::ops::context::Environment;
use crate::ops::scope::{self, Loaded};
use crate::ops::{Context, notices};

pub use hearers::{Hearer, nobody};
pub use news::{Over, Refusal};
pub use status::{Status, Tested, status, test};

/// How long all deliveries of a check may take together.
pub const CHECK: Duration = Duration::from_secs(15);
/// How long those beside a running server may take: its client may be waiting for its end.
pub const RUN: Duration = Duration::from_secs(5);
/// How many alerts one channel gets at once.
const AT_ONCE: usize = 20;
/// What waits longer is given up: it is in the history, and no news any more.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The pause after the first failure; each further one makes it four times as long, up to a day.
const PAUSE: SignedDuration = SignedDuration::from_mins(5);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The channels in force, and what delivery needs of this machine.
#[derive(Debug, Clone)]
pub struct Alerts {
    channels: BTreeMap<String, AlertChannel>,
    means: Means,
    host: String,
    offline: bool,
    now: fn() -> Timestamp,
}

/// A channel that did not take what it was to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The channel.
    pub channel: String,
    /// It is the desktop, which keeps nothing.
    pub desktop: bool,
    /// How many alerts wait for it now.
    pub waiting: usize,
    /// Why.
    pub why: String,
    /// What helps.
    pub hint: Option<String>,
    /// When it is tried again, at the earliest.
    pub next: Option<Timestamp>,
}

impl Undelivered {
    /// The lines that say so.
    pub fn lines(&self) -> Vec<String> {
        let Self {
            channel,
            waiting,
            why,
            next,
            ..
        } = self;
        let mut lines = Vec::new();
        if self.desktop {
            lines.push(format!("could not notify the desktop: {why}"));
        } else {
            let again = next.map(|next| format!("; tried again from {next:.0} on")).unwrap_or_default();
            let kept = match waiting {
                0 => String::new(),
                1 => format!(" (1 alert waits{again})"),
                waiting => format!(" ({waiting} alerts wait{again})"),
            };
            lines.push(format!("could not deliver to the alert channel `{channel}`: {why}{kept}"));
        }
        lines.extend(self.hint.iter().map(|hint| format!("hint: {hint}")));
        lines
    }
}

impl Alerts {
    /// The channels that the user's and the system's configuration name; the desktop without any.
    ///
    /// # Errors
    /// One of the two files cannot be read or is malformed.
    pub fn of(context: &Context) -> Result<Self, Error> {
        Ok(Self::with(scope::alert_channels(context)?, context))
    }

    /// The same, and the desktop where the configuration cannot be read: that must not keep somebody from
    /// being told.
    pub fn or_desktop(context: &Context) -> Self {
        Self::of(context).unwrap_or_else(|_| {
            let desktop = BTreeMap::from([("desktop".to_owned(), AlertChannel::desktop())]);
            Self::with(desktop, context)
        })
    }

    /// The same from a scope that was read already.
    pub fn of_loaded(context: &Context, loaded: &Loaded) -> Self {
        Self::with(loaded.alert_channels(), context)
    }

    fn with(channels: BTreeMap<String, AlertChannel>, context: &Context) -> Self {
        Self {
            channels,
            means: Means {
                bus: bus(&context.env),
                env: context.env.all().clone(),
            },
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            offline: context.offline,
            now: context.now,
        }
    }

    /// The session bus.
    pub const fn bus(&self) -> &DesktopBus {
        &self.means.bus
    }

    /// Delivers what waits, all channels at the same time, and says which did not take it.
    ///
    /// # Errors
    /// The history cannot be read or written.
    pub async fn deliver(&self, history: &History, all: Duration) -> Result<Vec<Undelivered>, Error> {
        let now = (self.now)();
        let (mut failed, mut posts) = (Vec::new(), Vec::new());
        for (name, channel) in &self.channels {
            history.give_up_alerts(name, now.saturating_sub(KEPT).unwrap_or(now))?;
            let waiting = history.alerts_waiting(name)?;
            if waiting.is_empty() {
                continue;
            }
            if let Some(held) = self.held_up(history, name, channel, waiting.len(), now)? {
                failed.push(held);
                continue;
            }
            posts.push(self.post(name, channel, waiting, all));
        }
        for posted in join_all(posts).await {
            failed.extend(self.settle(history, posted)?);
        }
        Ok(failed)
    }

    /// Why a channel is not tried now, if it is not.
    fn held_up(
        &self,
        history: &History,
        name: &str,
        channel: &AlertChannel,
        waiting: usize,
        now: Timestamp,
    ) -> Result<Option<Undelivered>, Error> {
        let held = |why: String, next| Undelivered {
            channel: name.to_owned(),
            desktop: false,
            waiting,
            why,
            hint: None,
            next,
        };
        if self.offline && deliver::needs_network(&channel.target) {
            return Ok(Some(held("the network is not to be used".to_owned(), None)));
        }
        let state = history.alert_channel(name)?;
        // No pause is longer: a later time was set by a clock that went ahead.
        let later = state
            .next
            .filter(|next| *next > now && next.duration_since(now) <= LONGEST && !matches!(channel.target, AlertTarget::Desktop));
        Ok(later.map(|next| held(state.error.unwrap_or_default(), Some(next))))
    }

    async fn post<'a>(&self, name: &'a str, channel: &'a AlertChannel, waiting: Vec<Waiting>, all: Duration) -> Posted<'a> {
        let start = Instant::now();
        let mut posted = Posted {
            name,
            channel,
            waiting: waiting.len(),
            taken: Vec::new(),
            unreadable: Vec::new(),
            left: Vec::new(),
            error: None,
        };
        for one in waiting.into_iter().take(AT_ONCE) {
            let alert = serde_json::from_str(&one.alert).ok().and_then(|value| Alert::of_json(&value));
            let Some(alert) = alert else {
                posted.unreadable.push(one.id);
                continue;
            };
            if posted.error.is_some() {
                posted.left.push(one.id);
                continue;
            }
            let delivery = deliver::deliver(&channel.target, &alert, &self.means);
            let what = "everything together";
            let sent = tokio::time::timeout(all.saturating_sub(start.elapsed()), delivery).await;
            match sent.unwrap_or(Err(DeliverError::Timeout { what })) {
                Ok(()) => posted.taken.push((one, alert)),
                Err(error) => {
                    posted.left.push(one.id);
                    posted.error = Some(error);
                }
            }
        }
        posted
    }

    fn settle(&self, history: &History, posted: Posted<'_>) -> Result<Option<Undelivered>, Error> {
        let (now, name) = ((self.now)(), posted.name);
        for id in posted.unreadable {
            history.unqueue_alert(id)?;
        }
        let (taken, desktop) = (posted.taken.len(), matches!(posted.channel.target, AlertTarget::Desktop));
        for (one, alert) in posted.taken {
            let place = AlertPlace {
                channel: name,
                scope: &one.scope,
                server: &one.server,
                source: one.source,
            };
            let lasts = matches!(
                alert.kind,
                AlertKind::Drift | AlertKind::Undecided | AlertKind::Refused | AlertKind::Newer
            );
            if lasts {
                let told = Told {
                    source: one.source,
                    kind: one.kind,
                    fingerprint: one.fingerprint,
                    findings: one.findings,
                    told: now,
                    seen: now,
                };
                history.record_told(place, &told)?;
            } else if alert.kind == AlertKind::Resolved {
                // What waited with it was told just now, and is over.
                history.forget_all_told(place)?;
            }
            history.unqueue_alert(one.id)?;
            let over = if desktop { String::new() } else { format!(", over `{name}`") };
            let summary = format!("{}{over}", alert.message().title());
            notices::event(history, now, EventKind::Alert, &one.server, alert.grade, &summary)?;
        }
        if taken > 0 {
            history.channel_succeeded(name, now)?;
        }
        let Some(error) = posted.error else { return Ok(None) };
        let tries = history.alert_channel(name)?.tries;
        let next = now.saturating_add(pause(tries)).unwrap_or(now);
        let why = error.to_string();
        history.channel_failed(name, &why, now, next)?;
        if desktop {
            for id in posted.left {
                history.unqueue_alert(id)?;
            }
        }
        Ok(Some(Undelivered {
            channel: name.to_owned(),
            desktop,
            waiting: posted.waiting - taken,
            why,
            hint: error.hint(),
            next: Some(next),
        }))
    }
}

/// What came of one channel.
struct Posted<'a> {
    name: &'a str,
    channel: &'a AlertChannel,
    waiting: usize,
    taken: Vec<(Waiting, Alert)>,
    unreadable: Vec<i64>,
    left: Vec<i64>,
    error: Option<DeliverError>,
}

/// How long a channel is left alone after this many failures before.
fn pause(tries: u32) -> SignedDuration {
    let factor = 4_i32.saturating_pow(tries.min(8));
    PAUSE.checked_mul(factor).map_or(LONGEST, |pause| pause.min(LONGEST))
}

/// The session bus as the environment names it, or as this user's session has it: cron hands no
/// variable down.
pub(in crate::ops) fn bus(env: &Environment) -> DesktopBus {
    let runtime_dir = env.get("XDG_RUNTIME_DIR").map(PathBuf::from);
    DesktopBus {
        address: env
            .get("DBUS_SESSION_BUS_ADDRESS")
            .and_then(|value| value.to_str())
            .map(str::to_owned),
        runtime_dir: runtime_dir.or_else(|| Some(PathBuf::from(format!("/run/user/{}", rustix::process::getuid().as_raw())))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_up_to_a_day() {
        let minutes: Vec<_> = (0..7).map(|tries| pause(tries).as_secs() / 60).collect();
        assert_eq!(minutes, [5, 20, 80, 320, 1280, 1440, 1440]);
        assert_eq!(pause(u32::MAX), LONGEST);
    }
}

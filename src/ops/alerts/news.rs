//! What is news for a channel, what lasts, and what is over.
//!
//! A channel is told of a distinct drift once, again after its reminder interval while it lasts, and once
//! that it is over: approved, gone, or replaced. What was not seen for a week counts as gone without a
//! word, since nobody looked; when it comes back, it is news.
//!
//! Undecided is neither: a server that cannot be checked keeps what was told about it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Alerts;
use crate::error::Error;
use crate::history::{AlertPlace, AlertSource, History, NewAlert, Problem, Told};
use crate::manifest::{AlertChannel, AlertTarget};
use crate::model::{Finding, Fingerprint, Grade, Report, ServerName};
use crate::notify::{Alert, AlertKind, Seen};

/// What a running server showed, and has not shown for this long, is gone.
const QUIET: SignedDuration = SignedDuration::from_hours(7 * 24);

const UNCHECKED: &str = "MCP servers could not be checked";

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The user approved what the server is now.
    Approved,
    /// It is as approved again.
    Gone,
    /// It was started again.
    Started,
    /// It was taken out of the lock.
    Removed,
}

impl Over {
    const fn sentence(self) -> &'static str {
        match self {
            Self::Approved => "What it is now was approved on this machine.",
            Self::Gone => "It is as it was approved again.",
            Self::Started => "It was started again.",
            Self::Removed => "It was removed.",
        }
    }
}

impl Alerts {
    fn seen<'a>(&'a self, scope: &'a str, now: Timestamp) -> Seen<'a> {
        Seen {
            scope,
            host: &self.host,
            at: now,
        }
    }

    pub(super) fn seen_nowhere(&self, now: Timestamp) -> Seen<'_> {
        self.seen("", now)
    }

    /// Writes down what a check of one server is news of, for each channel. `decided`: everything was
    /// looked at, so that what is not in the report is gone.
    ///
    /// # Errors
    /// The history cannot be read or written.
    pub fn checked(&self, history: &History, scope: &str, server: &ServerName, report: &Report, decided: bool) -> Result<(), Error> {
        let now = (self.now)();
        for (name, channel) in &self.channels {
            let report = above(report, channel.floor);
            let place = AlertPlace {
                channel: name,
                scope,
                server,
                source: AlertSource::Check,
            };
            match Alert::of(&report, server, self.seen(scope, now)) {
                Some(alert) => news(history, channel, place, alert, &report.findings, now)?,
                None if decided => self.over_here(history, channel, place, Over::Gone, now)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Writes down what a running server showed.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn ran(&self, history: &History, scope: &str, findings: &[Finding]) -> Result<(), Error> {
        let Some(server) = findings.first().map(|finding| &finding.server) else {
            return Ok(());
        };
        let now = (self.now)();
        for (name, channel) in &self.channels {
            let report = Report {
                findings: findings.to_vec(),
                ..Report::default()
            };
            let report = above(&report, channel.floor);
            let Some(alert) = Alert::of(&report, server, self.seen(scope, now)) else {
                continue;
            };
            let place = AlertPlace {
                channel: name,
                scope,
                server,
                source: AlertSource::Run,
            };
            news(history, channel, place, alert, &report.findings, now)?;
        }
        Ok(())
    }

    /// Writes down that a server was not started. `worst` is the grade of what differs, if that is why.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn refused(
        &self,
        history: &History,
        scope: &str,
        server: &ServerName,
        said: &Refusal<'_>,
        findings: &[Finding],
    ) -> Result<(), Error> {
        let now = (self.now)();
        let worst = findings.iter().map(|finding| finding.grade).max();
        for (name, channel) in &self.channels {
            if worst.is_some_and(|worst| worst < channel.floor) {
                continue;
            }
            let title = format!("MCP server {server} was not started");
            let seen = self.seen(scope, now);
            let alert = Alert::new(AlertKind::Refused, Some(server), &title, said.lines, said.cause.clone(), seen)
                .graded(worst)
                .run(said.command)
                .with(findings);
            let place = AlertPlace {
                channel: name,
                scope,
                server,
                source: AlertSource::Start,
            };
            // The cause is what is distinct, whatever findings stand behind it.
            news(history, channel, place, alert, &[], now)?;
        }
        Ok(())
    }

    /// Writes down that findings above `notice` were approved: if it was not the person who approved,
    /// the person hears of it.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn approved(&self, history: &History, scope: &str, server: &ServerName, report: &Report, print: &Fingerprint) -> Result<(), Error> {
        let now = (self.now)();
        let Some(worst) = report.worst() else { return Ok(()) };
        for (name, channel) in self.channels.iter().filter(|(_, channel)| worst >= channel.floor) {
            let line = format!("Findings graded {worst} were accepted for it.");
            let title = format!("{server} was approved");
            let alert = Alert::new(
                AlertKind::Approved,
                Some(server),
                &title,
                &[&line],
                print.clone(),
                self.seen(scope, now),
            )
            .graded(Some(worst))
            .run(&format!("mcp-pin log {server}"))
            .with(&above(report, channel.floor).findings);
            let place = AlertPlace {
                channel: name,
                scope,
                server,
                source: AlertSource::Approval,
            };
            queue(history, place, &alert, &BTreeSet::new(), now)?;
        }
        Ok(())
    }

    /// Writes down that a check which nobody sits in front of ended without a result, once a distinct
    /// error while it lasts. `schedule` is the name under which it is remembered.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn unchecked(
        &self,
        history: &History,
        scope: &str,
        schedule: &ServerName,
        lines: &[&str],
        print: &Fingerprint,
    ) -> Result<(), Error> {
        let now = (self.now)();
        for (name, channel) in &self.channels {
            let alert = Alert::new(AlertKind::Undecided, None, UNCHECKED, lines, print.clone(), self.seen(scope, now));
            let place = AlertPlace {
                channel: name,
                scope: &beside("schedule", scope),
                server: schedule,
                source: AlertSource::Check,
            };
            news(history, channel, place, alert.run("mcp-pin schedule status"), &[], now)?;
        }
        Ok(())
    }

    /// The same as an alert, for when nothing can be written down.
    pub fn broken(&self, text: &str) -> Alert {
        let print = Fingerprint::of_canonical(text.as_bytes());
        let lines = [text, "Nothing was checked. Look: mcp-pin schedule status"];
        let seen = self.seen_nowhere((self.now)());
        Alert::new(AlertKind::Undecided, None, UNCHECKED, &lines, print, seen).run("mcp-pin schedule status")
    }

    /// Such a check ended with a result again: the error is news when it comes back.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn checked_again(&self, history: &History, scope: &str, schedule: &ServerName) -> Result<(), Error> {
        for name in self.channels.keys() {
            history.forget_all_told(AlertPlace {
                channel: name,
                scope: &beside("schedule", scope),
                server: schedule,
                source: AlertSource::Check,
            })?;
        }
        Ok(())
    }

    /// Writes down that somebody went on with a log that was broken: if it was not the person who is told, the
    /// person hears of it.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn broke(&self, history: &History, problems: &[Problem], print: &Fingerprint) -> Result<(), Error> {
        let (now, log) = ((self.now)(), ServerName::like("log"));
        let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let lines: Vec<_> = said.iter().map(String::as_str).collect();
        for name in self.channels.keys() {
            let title = "Somebody went on with a broken log of mcp-pin";
            let alert = Alert::new(AlertKind::Approved, None, title, &lines, print.clone(), self.seen_nowhere(now));
            let place = AlertPlace {
                channel: name,
                scope: &beside("log", ""),
                server: &log,
                source: AlertSource::Approval,
            };
            let alert = alert.graded(Some(Grade::Critical)).run("mcp-pin log verify");
            queue(history, place, &alert, &BTreeSet::new(), now)?;
        }
        Ok(())
    }

    /// Writes down that a newer version is out, once for each version. It is no drift: channels whose floor is
    /// above `notice` do not hear of it.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn newer(&self, history: &History, scope: &str, finding: &Finding) -> Result<(), Error> {
        let now = (self.now)();
        let server = &finding.server;
        for (name, channel) in self.channels.iter().filter(|(_, channel)| channel.floor <= Grade::Notice) {
            let title = format!("MCP server {server}: a newer version");
            let lines = [finding.title.as_str()];
            let print = finding.fingerprint.clone();
            let alert = Alert::new(AlertKind::Newer, Some(server), &title, &lines, print, self.seen(scope, now));
            let place = AlertPlace {
                channel: name,
                scope: &beside("updates", scope),
                server,
                source: AlertSource::Start,
            };
            let once = AlertChannel {
                remind: None,
                ..channel.clone()
            };
            news(history, &once, place, alert.run(&format!("mcp-pin update {server}")), &[], now)?;
        }
        Ok(())
    }

    /// Writes down that whatever was told of a server is over.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn over(&self, history: &History, scope: &str, server: &ServerName, how: Over) -> Result<(), Error> {
        let now = (self.now)();
        for (name, channel) in &self.channels {
            let place = AlertPlace {
                channel: name,
                scope,
                server,
                source: AlertSource::Check,
            };
            self.over_here(history, channel, place, how, now)?;
        }
        Ok(())
    }

    /// Servers of a scope that are in neither file any more.
    ///
    /// # Errors
    /// As [`Alerts::checked`].
    pub fn only(&self, history: &History, scope: &str, there: &BTreeSet<ServerName>) -> Result<(), Error> {
        let mut gone = BTreeSet::new();
        for name in self.channels.keys() {
            gone.extend(history.alerted_servers(name, scope)?);
        }
        for server in gone.difference(there) {
            self.over(history, scope, server, Over::Removed)?;
        }
        Ok(())
    }

    fn over_here(&self, history: &History, channel: &AlertChannel, place: AlertPlace<'_>, how: Over, now: Timestamp) -> Result<(), Error> {
        let AlertPlace {
            channel: name,
            scope,
            server,
            ..
        } = place;
        let told = history.alerts_told(name, scope, server)?;
        let checked: BTreeSet<_> = told
            .iter()
            .filter(|told| told.source == AlertSource::Check)
            .flat_map(|told| told.findings.iter().cloned())
            .collect();
        let ends = |source: AlertSource, findings: &BTreeSet<Fingerprint>| match (how, source) {
            (Over::Gone, AlertSource::Run) => !findings.is_empty() && findings.is_subset(&checked),
            (Over::Gone, AlertSource::Start) | (Over::Started, AlertSource::Check | AlertSource::Run) => false,
            _ => true,
        };
        let mut ended: Vec<(AlertSource, Fingerprint)> = Vec::new();
        for told in told.into_iter().filter(|told| ends(told.source, &told.findings)) {
            let place = AlertPlace {
                source: told.source,
                ..place
            };
            history.forget_told(place, &told.fingerprint)?;
            ended.push((told.source, told.fingerprint));
        }
        // What still waits will be told late, and then that it is over.
        for waiting in history.alerts_waiting(name)? {
            let about = waiting.scope == scope && &waiting.server == server && lasts(&waiting.kind);
            if about && ends(waiting.source, &waiting.findings) {
                ended.push((waiting.source, waiting.fingerprint));
            }
        }
        // Whoever started it sees that it runs.
        let silent = how == Over::Started && matches!(channel.target, AlertTarget::Desktop);
        let Some((source, print)) = ended.pop().filter(|_| !silent) else {
            return Ok(());
        };
        let title = format!("Resolved: MCP server {server}");
        let lines = [how.sentence()];
        let alert = Alert::new(AlertKind::Resolved, Some(server), &title, &lines, print, self.seen(scope, now));
        let alert = alert.run(&format!("mcp-pin log {server}"));
        queue(history, AlertPlace { source, ..place }, &alert, &BTreeSet::new(), now)
    }
}

/// What is said of a server that was not started.
#[derive(Debug, Clone)]
pub struct Refusal<'a> {
    /// Lines.
    pub lines: &'a [&'a str],
    /// The command that shows more; may be empty.
    pub command: &'a str,
    /// Names the cause.
    pub cause: Fingerprint,
}

/// The name under which is remembered what was told about a scope beside its servers' state: no check of a
/// server ends it.
fn beside(what: &str, scope: &str) -> String {
    format!("{what} {scope}")
}

fn lasts(kind: &str) -> bool {
    [AlertKind::Drift, AlertKind::Undecided, AlertKind::Refused]
        .iter()
        .any(|lasting| lasting.as_str() == kind)
}

/// The report with the findings that a channel hears of.
fn above(report: &Report, floor: Grade) -> Report {
    Report {
        findings: report.findings.iter().filter(|finding| finding.grade >= floor).cloned().collect(),
        undecided: report.undecided.clone(),
        ..Report::default()
    }
}

/// Writes an alert down where it is news, or where it is time to be reminded.
fn news(
    history: &History,
    channel: &AlertChannel,
    place: AlertPlace<'_>,
    mut alert: Alert,
    findings: &[Finding],
    now: Timestamp,
) -> Result<(), Error> {
    let prints: BTreeSet<_> = findings.iter().map(|finding| finding.fingerprint.clone()).collect();
    let mut told = history.alerts_told(place.channel, place.scope, place.server)?;
    // What lies far in the future was dated by a clock that was set back since: it silences nobody.
    told.retain(|told| told.source != AlertSource::Run || now.duration_since(told.seen).abs() < QUIET);
    supersede(history, place, &alert, &told)?;
    let Some(before) = heard(&told, place.source, &alert, &prints) else {
        return queue(history, place, &alert, &prints, now);
    };
    let source = before.source;
    let mut again = before.clone();
    again.seen = now;
    history.record_told(AlertPlace { source, ..place }, &again)?;
    if source != place.source && place.source == AlertSource::Check {
        // Told by a running server before: from now on the check is what ends it.
        let told = Told {
            source: place.source,
            kind: alert.kind.as_str().to_owned(),
            fingerprint: alert.fingerprint.clone(),
            findings: prints.clone(),
            ..again
        };
        history.record_told(place, &told)?;
    }
    let due = channel.remind.is_some_and(|remind| now.duration_since(before.told).abs() >= remind);
    if due {
        alert.reminder = true;
        return queue(history, place, &alert, &prints, now);
    }
    Ok(())
}

/// What was told that makes this alert no news: the same, or all of its findings.
fn heard<'a>(told: &'a [Told], source: AlertSource, alert: &Alert, prints: &BTreeSet<Fingerprint>) -> Option<&'a Told> {
    let same = told
        .iter()
        .find(|told| told.source == source && told.fingerprint == alert.fingerprint);
    same.or_else(|| told.iter().find(|told| !prints.is_empty() && prints.is_subset(&told.findings)))
}

/// Another drift in the place of what a check told before: the old one needs no word of its own, and when
/// it comes back it is news.
fn supersede(history: &History, place: AlertPlace<'_>, alert: &Alert, told: &[Told]) -> Result<(), Error> {
    // A server that cannot be checked may be what it was.
    let replaces = |kind: &str| alert.kind == AlertKind::Drift || kind == alert.kind.as_str();
    if place.source == AlertSource::Run {
        return Ok(());
    }
    let others = |told: &&Told| told.source == place.source && told.fingerprint != alert.fingerprint && replaces(&told.kind);
    for old in told.iter().filter(others) {
        history.forget_told(place, &old.fingerprint)?;
    }
    Ok(())
}

fn queue(history: &History, place: AlertPlace<'_>, alert: &Alert, findings: &BTreeSet<Fingerprint>, now: Timestamp) -> Result<(), Error> {
    let alert = alert.clone().noting(&history.log_head()?.to_string());
    let text = alert.to_json().to_string();
    let new = NewAlert {
        kind: alert.kind.as_str(),
        fingerprint: &alert.fingerprint,
        findings,
        alert: &text,
    };
    Ok(history.queue_alert(place, &new, now)?)
}

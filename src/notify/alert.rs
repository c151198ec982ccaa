//! One piece of news for every channel: facts, kept as they were found, made harmless when they are
//! written into a medium.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::message::{bounded, draft};
use super::{Message, Urgency};
use crate::model::{Finding, Fingerprint, Grade, Report, ServerName};

/// How many findings stand in one alert; the others are counted.
const ITEMS: usize = 8;
/// The most characters of a title of a finding, and of a place, as they are kept.
const KEPT: usize = 400;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertKind {
    /// A server is not what was approved.
    Drift,
    /// A server could not be checked.
    Undecided,
    /// A server was not started.
    Refused,
    /// Findings above `notice` were approved.
    Approved,
    /// What this channel was told of is over.
    Resolved,
    /// A newer version is out.
    Newer,
    /// `alert test`.
    Test,
}

impl AlertKind {
    /// The word in every medium.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Undecided => "undecided",
            Self::Refused => "refused",
            Self::Approved => "approved",
            Self::Resolved => "resolved",
            Self::Newer => "newer",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for AlertKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [
            Self::Drift,
            Self::Undecided,
            Self::Refused,
            Self::Approved,
            Self::Resolved,
            Self::Newer,
            Self::Test,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or(())
    }
}

/// One finding in an alert: what names it, never the changed text itself. Who reads alerts may be a
/// program with a language model in it, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The finding's code.
    pub code: String,
    /// Its grade.
    pub grade: Grade,
    /// Its title, which may hold names that a server chose: renderers make it harmless.
    pub title: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// One piece of news. Its texts are bounded, and raw until [`Alert::message`] or a renderer of
/// [`payload`](super::payload) writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// The server; none in a test.
    pub server: Option<ServerName>,
    /// The lock it stands in.
    pub scope: String,
    /// This machine's name.
    pub host: String,
    /// The worst grade, where there is one.
    pub grade: Option<Grade>,
    /// One line.
    pub title: String,
    /// A few more.
    pub lines: Vec<String>,
    /// The findings from `notice` on, the worst first.
    pub items: Vec<Item>,
    /// How many findings are not among them.
    pub more: usize,
    /// Names the news, so that it is told once.
    pub fingerprint: Fingerprint,
    /// What shows the rest.
    pub command: String,
    /// It was told before and lasts.
    pub reminder: bool,
    /// When it was seen.
    pub at: Timestamp,
    /// The last row of the log then, `NUMBER:HASH`: a copy that is kept elsewhere shows when the log is cut or
    /// written anew later. Empty where it is not known.
    pub log_head: String,
}

/// Where and when something was seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The lock's path.
    pub scope: &'a str,
    /// This machine's name.
    pub host: &'a str,
    /// When.
    pub at: Timestamp,
}

impl Alert {
    /// An alert with a title and lines of one's own.
    pub fn new(
        kind: AlertKind,
        server: Option<&ServerName>,
        title: &str,
        lines: &[&str],
        fingerprint: Fingerprint,
        seen: Seen<'_>,
    ) -> Self {
        Self {
            kind,
            server: server.cloned(),
            scope: bounded(seen.scope, KEPT),
            host: bounded(seen.host, 64),
            grade: None,
            title: bounded(title, KEPT),
            lines: lines.iter().take(ITEMS).map(|line| bounded(line, KEPT)).collect(),
            items: Vec::new(),
            more: 0,
            fingerprint,
            command: String::new(),
            reminder: false,
            at: seen.at,
            log_head: String::new(),
        }
    }

    /// What to tell about one server's report; `None` where nobody needs to hear anything.
    pub fn of(report: &Report, server: &ServerName, seen: Seen<'_>) -> Option<Self> {
        let draft = draft(report)?;
        let lines: Vec<_> = draft.lines.iter().map(String::as_str).collect();
        let worst = report.worst().filter(|grade| *grade >= Grade::Notice);
        let kind = if worst.is_some() { AlertKind::Drift } else { AlertKind::Undecided };
        let alert = Self::new(kind, Some(server), &draft.title, &lines, draft.fingerprint, seen);
        Some(Self {
            grade: worst,
            command: format!("mcp-pin verify {server}"),
            ..alert.with(&report.findings)
        })
    }

    /// The same with these findings.
    #[must_use]
    pub fn with(mut self, findings: &[Finding]) -> Self {
        let mut told: Vec<_> = findings.iter().filter(|finding| finding.grade >= Grade::Notice).collect();
        told.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
        self.more = told.len().saturating_sub(ITEMS);
        self.items = told
            .into_iter()
            .take(ITEMS)
            .map(|finding| Item {
                code: finding.code.to_owned(),
                grade: finding.grade,
                title: bounded(&finding.title, KEPT),
                fingerprint: finding.fingerprint.clone(),
            })
            .collect();
        self
    }

    /// The same with a command to run.
    #[must_use]
    pub fn run(mut self, command: &str) -> Self {
        self.command = bounded(command, KEPT);
        self
    }

    /// The same with a grade.
    #[must_use]
    pub const fn graded(mut self, grade: Option<Grade>) -> Self {
        self.grade = grade;
        self
    }

    /// The same with the log's head.
    #[must_use]
    pub fn noting(mut self, head: &str) -> Self {
        self.log_head = bounded(head, KEPT);
        self
    }

    /// As a title and lines that are harmless everywhere.
    pub fn message(&self) -> Message {
        let title = if self.reminder {
            format!("Still so: {}", self.title)
        } else {
            self.title.clone()
        };
        let lines: Vec<_> = self.lines.iter().map(String::as_str).collect();
        Message::new(&title, &lines, self.urgency(), self.fingerprint.clone())
    }

    fn urgency(&self) -> Urgency {
        let urgent = match self.kind {
            AlertKind::Drift => self.grade >= Some(Grade::Warning),
            AlertKind::Refused => true,
            AlertKind::Undecided | AlertKind::Approved | AlertKind::Resolved | AlertKind::Newer | AlertKind::Test => false,
        };
        if urgent { Urgency::Critical } else { Urgency::Normal }
    }

    /// As it is kept until it can be delivered.
    pub fn to_json(&self) -> Value {
        let items: Vec<_> = self
            .items
            .iter()
            .map(|item| json!({"code": item.code, "grade": item.grade.as_str(), "title": item.title, "fingerprint": item.fingerprint.as_str()}))
            .collect();
        json!({
            "kind": self.kind.as_str(),
            "server": self.server.as_ref().map(ServerName::as_str),
            "scope": self.scope,
            "host": self.host,
            "grade": self.grade.map(Grade::as_str),
            "title": self.title,
            "lines": self.lines,
            "items": items,
            "more": self.more,
            "fingerprint": self.fingerprint.as_str(),
            "command": self.command,
            "reminder": self.reminder,
            "at": self.at.to_string(),
            "logHead": self.log_head,
        })
    }

    /// Reads what [`Alert::to_json`] wrote; `None` for anything else.
    pub fn of_json(value: &Value) -> Option<Self> {
        let text = |key: &str| value[key].as_str();
        let seen = Seen {
            scope: text("scope")?,
            host: text("host")?,
            at: text("at")?.parse().ok()?,
        };
        let server = match &value["server"] {
            Value::Null => None,
            name => Some(name.as_str()?.parse::<ServerName>().ok()?),
        };
        let lines: Vec<_> = value["lines"].as_array()?.iter().filter_map(Value::as_str).collect();
        let mut alert = Self::new(
            text("kind")?.parse().ok()?,
            server.as_ref(),
            text("title")?,
            &lines,
            text("fingerprint")?.parse().ok()?,
            seen,
        );
        alert.grade = text("grade").and_then(|grade| grade.parse().ok());
        alert.more = usize::try_from(value["more"].as_u64()?).ok()?;
        text("command")?.clone_into(&mut alert.command);
        alert.reminder = value["reminder"].as_bool()?;
        // One that waits since before there was such a field has none.
        alert = alert.noting(text("logHead").unwrap_or_default());
        let item = |item: &Value| {
            let text = |key: &str| item[key].as_str();
            Some(Item {
                code: text("code")?.to_owned(),
                grade: text("grade")?.parse().ok()?,
                title: bounded(text("title")?, KEPT),
                fingerprint: text("fingerprint")?.parse().ok()?,
            })
        };
        alert.items = value["items"].as_array()?.iter().take(ITEMS).map(item).collect::<Option<_>>()?;
        Some(alert)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Everything that some medium could stumble over.
    pub(in crate::notify) const NASTY: &str = "a\"]\\b<!channel> @everyone & *x* [l](http://evil.example)\r\nBcc: x@y.example\n.\n\u{1b}[31m\u{202e}\u{200b}\u{e0041}\0=?utf-8?q?x?= ü世";

    /// A head as the log writes it.
    pub(in crate::notify) const HEAD: &str = "12:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    pub(in crate::notify) fn nasty() -> Alert {
        let server: ServerName = "calc".parse().unwrap();
        let findings: Vec<_> = (0..12)
            .map(|n| {
                Finding::new(
                    "tool-added",
                    Grade::Critical,
                    &server,
                    NASTY,
                    format!("tool `{NASTY}{n}`"),
                    &json!(n),
                )
            })
            .collect();
        let report = Report {
            findings,
            ..Report::default()
        };
        let seen = Seen {
            scope: &format!("/p{NASTY}/mcp-pin.lock"),
            host: &format!("box{NASTY}"),
            at: Timestamp::from_second(1_700_000_000).unwrap(),
        };
        Alert::of(&report, &server, seen).unwrap().noting(HEAD)
    }

    /// An alert without anything odd.
    pub(in crate::notify) fn plain() -> Alert {
        let server: ServerName = "calc".parse().unwrap();
        let finding = Finding::new("tool-added", Grade::Warning, &server, "x", "tool `x` is new", &json!(1));
        let report = Report {
            findings: vec![finding],
            ..Report::default()
        };
        let seen = Seen {
            scope: "/p/mcp-pin.lock",
            host: "box",
            at: Timestamp::from_second(1_700_000_000).unwrap(),
        };
        Alert::of(&report, &server, seen).unwrap().noting(HEAD)
    }

    #[test]
    fn it_is_kept_and_read_back_as_it_was() {
        for alert in [nasty(), plain()] {
            assert_eq!(Alert::of_json(&alert.to_json()), Some(alert));
        }
        assert_eq!(Alert::of_json(&json!({"kind": "drift"})), None);
    }

    #[test]
    fn it_says_what_the_desktop_is_told() {
        let message = plain().message();
        assert_eq!(message.title(), "MCP server calc changed");
        assert_eq!(
            message.body(),
            "Warning: tool `x` is new\nLook before you use it: mcp-pin verify calc"
        );
        let nasty = nasty();
        assert_eq!((nasty.items.len(), nasty.more), (8, 4));
        assert!(!nasty.message().title().contains(['<', '&', '\n']));
    }
}

//! What is said, and how foreign text is made harmless in it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::model::report::Undecided;
use crate::model::{Finding, Fingerprint, Grade, Report, ServerName};
use crate::surface::visible;

/// The most characters of a title, and of one line of a body.
const TITLE: usize = 80;
const LINE: usize = 160;

/// How a desktop should treat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Shown and let go.
    Normal,
    /// Stays until it is dismissed.
    Critical,
}

/// One notification.
///
/// Its texts are bounded, on lines of ours only, and hold neither markup nor control, bidi or
/// invisible characters, whatever it was made from: there is no other way to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    title: String,
    body: String,
    urgency: Urgency,
    fingerprint: Fingerprint,
}

impl Message {
    /// A message of a title and lines, each made harmless. `fingerprint` names what it is about,
    /// so that the same news is not sent twice.
    pub fn new(title: &str, lines: &[&str], urgency: Urgency, fingerprint: Fingerprint) -> Self {
        let lines: Vec<_> = lines.iter().map(|line| harmless(line, LINE)).collect();
        Self {
            title: harmless(title, TITLE),
            body: lines.join("\n"),
            urgency,
            fingerprint,
        }
    }

    /// The title, one line.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The body, a few lines.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// How a desktop should treat it.
    pub const fn urgency(&self) -> Urgency {
        self.urgency
    }

    /// Names the news: for `history.alert_due` and `record_alert`.
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

/// What to tell about a report: its worst finding from `notice` upward, or else that something
/// could not be checked. `None` where nobody needs to hear anything.
pub fn message(report: &Report) -> Option<Message> {
    let draft = draft(report)?;
    let lines: Vec<_> = draft.lines.iter().map(String::as_str).collect();
    Some(Message::new(&draft.title, &lines, draft.urgency, draft.fingerprint))
}

/// A message before its texts are made harmless.
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    pub(super) urgency: Urgency,
    pub(super) fingerprint: Fingerprint,
}

/// What [`message`] says.
pub(super) fn draft(report: &Report) -> Option<Draft> {
    let mut findings: Vec<_> = report.findings.iter().filter(|finding| finding.grade >= Grade::Notice).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    match findings.split_first() {
        Some((worst, rest)) => Some(of_findings(worst, rest, &report.undecided)),
        None => of_undecided(&report.undecided),
    }
}

fn of_findings(worst: &Finding, rest: &[&Finding], undecided: &[Undecided]) -> Draft {
    let server = &worst.server;
    let others: BTreeSet<&ServerName> = rest
        .iter()
        .map(|finding| &finding.server)
        .filter(|other| *other != server)
        .collect();
    let more = match (rest.len(), others.len()) {
        (0, _) => String::new(),
        (n, 0) => format!("and {n} more"),
        (n, 1) => format!("and {n} more, also in 1 other server"),
        (n, servers) => format!("and {n} more, also in {servers} other servers"),
    };
    let unchecked = match undecided.len() {
        0 => String::new(),
        n => format!("{n} more could not be checked"),
    };
    let word = match worst.grade {
        Grade::Critical => "CRITICAL",
        Grade::Warning => "Warning",
        Grade::Notice | Grade::Info => "Notice",
    };
    let first = format!("{word}: {}", worst.title);
    let what = if worst.subject.is_empty() || worst.title.contains(&worst.subject) {
        String::new()
    } else {
        format!("in: {}", worst.subject)
    };
    let look = if others.is_empty() {
        format!("Look before you use it: mcp-pin verify {server}")
    } else {
        "Look before you use them: mcp-pin verify".to_owned()
    };
    let lines: Vec<_> = [first, what, more, unchecked, look]
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect();
    let urgency = if worst.grade >= Grade::Warning {
        Urgency::Critical
    } else {
        Urgency::Normal
    };
    let mut prints: Vec<_> = rest.iter().map(|finding| finding.fingerprint.as_str()).collect();
    prints.push(worst.fingerprint.as_str());
    prints.sort_unstable();
    let fingerprint = Fingerprint::of_canonical(json!({"findings": prints}).to_string().as_bytes());
    Draft {
        title: format!("MCP server {server} changed"),
        lines,
        urgency,
        fingerprint,
    }
}

fn of_undecided(undecided: &[Undecided]) -> Option<Draft> {
    let (first, rest) = undecided.split_first()?;
    let mut facts: Vec<_> = undecided.iter().map(|one| (one.server.as_str(), one.what.as_str())).collect();
    facts.sort_unstable();
    let fingerprint = Fingerprint::of_canonical(json!({"undecided": facts}).to_string().as_bytes());
    let what = format!("Could not {}", first.what);
    let more = format!("and {} more", rest.len());
    let look = format!("Run: mcp-pin verify {}", first.server);
    let lines = if rest.is_empty() {
        vec![what, look]
    } else {
        vec![what, more, look]
    };
    Some(Draft {
        title: format!("MCP server {} could not be checked", first.server),
        lines,
        urgency: Urgency::Normal,
        fingerprint,
    })
}

/// The beginning of a text, with a mark where it was cut.
pub(super) fn bounded(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Text as one bounded line without control, bidi and invisible characters.
pub(super) fn line(text: &str, most: usize) -> String {
    // Escapes make text longer, never shorter: cutting first bounds the work, cutting again the result.
    bounded(&visible(&bounded(text, most + 1)), most)
}

/// Text as one bounded line without markup.
///
/// Some daemons render `<b>`, `<a>`, `<img>` and entities in a body, some show entities as they
/// are, some do so in titles too. The three characters that markup needs are therefore replaced by
/// others that look alike: right everywhere, whatever a daemon says it can do.
fn harmless(text: &str, most: usize) -> String {
    // Escapes make text longer, never shorter: cutting first bounds the work, cutting again the result.
    let start: String = text.chars().take(most + 1).collect();
    let plain = visible(&start)
        .replace('<', "\u{2039}")
        .replace('>', "\u{203a}")
        .replace('&', "\u{ff06}");
    if plain.chars().count() <= most {
        return plain;
    }
    let mut cut: String = plain.chars().take(most - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::visible::is_invisible;

    fn finding(grade: Grade, server: &str, subject: &str, title: &str) -> Finding {
        Finding::new(
            "tool-description-changed",
            grade,
            &server.parse().unwrap(),
            subject,
            title,
            &json!(title),
        )
    }

    fn report(findings: Vec<Finding>) -> Report {
        Report {
            findings,
            ..Report::default()
        }
    }

    #[test]
    fn it_names_the_server_the_worst_and_the_command() {
        let report = report(vec![
            finding(Grade::Notice, "memory", "x", "a new file"),
            finding(
                Grade::Critical,
                "memory",
                "read_graph",
                "tool `read_graph` tells the model something else",
            ),
            finding(Grade::Info, "memory", "y", "nothing"),
            finding(Grade::Warning, "memory", "z", "a script"),
        ]);
        let message = message(&report).unwrap();
        assert_eq!(message.title(), "MCP server memory changed");
        assert_eq!(
            message.body(),
            "CRITICAL: tool `read_graph` tells the model something else\nand 2 more\nLook before you use it: mcp-pin verify memory"
        );
        assert_eq!(message.urgency(), Urgency::Critical);
    }

    #[test]
    fn several_servers_are_counted_and_the_subject_is_named_once() {
        let report = report(vec![
            finding(Grade::Notice, "a", "lib/x.js", "a file differs"),
            finding(Grade::Notice, "b", "", "t"),
            finding(Grade::Notice, "c", "", "t"),
        ]);
        let message = message(&report).unwrap();
        assert_eq!(
            message.body(),
            "Notice: a file differs\nin: lib/x.js\nand 2 more, also in 2 other servers\nLook before you use them: mcp-pin verify"
        );
        assert_eq!(message.urgency(), Urgency::Normal);
    }

    #[test]
    fn nothing_is_said_about_nothing_and_a_crash_is_not_silence() {
        assert_eq!(message(&Report::default()), None);
        assert_eq!(message(&report(vec![finding(Grade::Info, "a", "", "t")])), None);
        let undecided = Undecided {
            server: "a".parse().unwrap(),
            what: "start it: no such file".into(),
            hints: vec![],
        };
        let report = Report {
            undecided: vec![undecided],
            ..Report::default()
        };
        let message = message(&report).unwrap();
        assert_eq!(message.title(), "MCP server a could not be checked");
        assert_eq!(message.body(), "Could not start it: no such file\nRun: mcp-pin verify a");
    }

    #[test]
    fn a_servers_text_stays_text() {
        let evil = "<b>x</b><img src='http://e/'>&lt;\n\u{1b}[31m\u{202e}\u{e0041}\u{200b}";
        let message = message(&report(vec![finding(Grade::Critical, "a", evil, evil)])).unwrap();
        for text in [message.title(), message.body()] {
            assert!(!text.contains(['<', '>', '&']), "{text}");
            assert!(text.split('\n').all(|line| !line.chars().any(is_invisible)), "{text}");
        }
        assert_eq!(message.body().lines().count(), 2, "{}", message.body());
        assert!(
            message.body().contains("\\u{202e}") && message.body().contains("‹b›"),
            "{}",
            message.body()
        );
    }

    #[test]
    fn a_long_name_cannot_push_the_command_off_the_screen() {
        for long in ["x".repeat(5_000_000), "\u{202e}".repeat(5_000)] {
            let message = message(&report(vec![finding(Grade::Critical, "a", &long, &long)])).unwrap();
            assert!(message.body().chars().count() < 2 * LINE, "{}", message.body().chars().count());
            assert!(message.body().ends_with("mcp-pin verify a"));
            assert!(message.body().contains('…'));
        }
    }

    #[test]
    fn the_same_news_has_the_same_fingerprint_in_any_order() {
        let (one, two) = (finding(Grade::Critical, "a", "1", "t"), finding(Grade::Critical, "a", "2", "t"));
        let print = |findings| message(&report(findings)).unwrap().fingerprint().clone();
        assert_eq!(print(vec![one.clone(), two.clone()]), print(vec![two.clone(), one.clone()]));
        assert_ne!(print(vec![one.clone()]), print(vec![one, two]));
    }
}

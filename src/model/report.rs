//! Judgements: findings with a grade and a fingerprint, and the report that gathers them.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use super::digest::Sha256Digest;
use super::server::ServerName;

/// What a finding could do to you. `DESIGN` section 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Logged.
    Info,
    /// Shown, approved with the batch.
    Notice,
    /// Approved one by one.
    Warning,
    /// Accepted only by naming its fingerprint.
    Critical,
}

impl Grade {
    /// `info`, `notice`, `warning` or `critical`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Grade {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Info, Self::Notice, Self::Warning, Self::Critical]
            .into_iter()
            .find(|grade| grade.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a grade (info, notice, warning, critical)"))
    }
}

/// How many there were of each grade, with the same bound for each: a flood of what is harmless leaves room
/// for what is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GradeBudget {
    used: [usize; Grade::Critical as usize + 1],
}

impl GradeBudget {
    /// Counts one more of a grade, unless there were `most` of it already. Says whether it was counted.
    pub const fn take(&mut self, grade: Grade, most: usize) -> bool {
        let used = &mut self.used[grade as usize];
        let is_room = *used < most;
        if is_room {
            *used += 1;
        }
        is_room
    }
}

/// What a finding is about: the part of a server that a person looks at to judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// What the code of its packages does, and what runs it.
    Code,
    /// What it tells the model.
    Surface,
    /// Which packages stand behind it.
    Closure,
    /// Who made them, and how that is proved.
    Trust,
    /// How it is started, and what it is given.
    Launch,
    /// What lies on this machine.
    Machine,
}

impl Part {
    /// Every part, in the order in which they are read.
    pub const ALL: [Self; 6] = [Self::Code, Self::Surface, Self::Closure, Self::Trust, Self::Launch, Self::Machine];

    /// The word in every output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Surface => "surface",
            Self::Closure => "closure",
            Self::Trust => "trust",
            Self::Launch => "launch",
            Self::Machine => "machine",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Names one finding, or one whole report, by content: 128 bits of SHA-256 as 32 hexadecimal
/// digits. Fewer bits would let an attacker prepare two candidates that share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a JSON value in its RFC 8785 form, which the caller has computed.
    pub fn of_canonical(canonical: &[u8]) -> Self {
        let mut hex = Sha256Digest::of(canonical).to_string();
        hex.truncate(32);
        Self(hex)
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err("a fingerprint has 32 hexadecimal digits, as the report prints them".into())
        }
    }
}

/// Evidence under a finding. Everything in it may have come from a server or a package: renderers
/// show it with [control, bidi and invisible characters escaped](crate::surface::visible()).
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// One line of text.
    Line(String),
    /// A changed text, shown as a word diff.
    Text {
        /// Which text: a JSON pointer, `description`, a file name.
        label: String,
        /// Before, empty where it is new.
        before: String,
        /// After, empty where it is gone.
        after: String,
    },
    /// A piece of code at its place.
    Code {
        /// The file; with the package's name in front where the finding is about several.
        path: String,
        /// The line, from 1; 0 where it is about the whole file.
        line: u32,
        /// What stood there, empty where it is new.
        before: String,
        /// What stands there now.
        after: String,
    },
}

/// One judged fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Stable kebab-case code, one documented meaning each.
    pub code: &'static str,
    /// How bad.
    pub grade: Grade,
    /// A sign of its own (a trick of the text) made it worse, or would have: no profile lowers it.
    /// Not part of the fingerprint.
    pub raised: bool,
    /// The server it is about.
    pub server: ServerName,
    /// What inside the server: a tool, a package, a file. May be empty.
    pub subject: String,
    /// One line a person understands, without a full stop. Contains no raw text of a server
    /// except names, which renderers escape.
    pub title: String,
    /// The evidence.
    pub details: Vec<Detail>,
    /// Names this finding exactly, so that approval is exact and survives a re-run.
    pub fingerprint: Fingerprint,
}

impl Finding {
    /// Builds a finding. Its fingerprint covers the code, the server, the subject and `facts`,
    /// and nothing that may change between two runs over the same facts (grade and wording may,
    /// with a new version of mcp-pin). `facts` holds digests or full values of what was compared.
    pub fn new(
        code: &'static str,
        grade: Grade,
        server: &ServerName,
        subject: impl Into<String>,
        title: impl Into<String>,
        facts: &Value,
    ) -> Self {
        let subject = subject.into();
        let identity = json!({"code": code, "server": server.as_str(), "subject": subject, "facts": facts});
        // Keys are sorted and strings escaped one way by serde_json's default map: stable for the
        // values used here, which are never numbers with more than one spelling.
        let fingerprint = Fingerprint::of_canonical(identity.to_string().as_bytes());
        Self {
            code,
            grade,
            raised: false,
            server: server.clone(),
            subject,
            title: title.into(),
            details: Vec::new(),
            fingerprint,
        }
    }

    /// Adds evidence.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }
}

/// Something that could not be checked. Never a pass: a report with one ends in exit status 2 if
/// it has no finding at or above the threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The server it is about.
    pub server: ServerName,
    /// What could not be decided and why, a fragment that fits "could not ...".
    pub what: String,
    /// What to do, without the word `hint:`.
    pub hints: Vec<String>,
}

/// All findings of one operation, worst first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The findings, sorted: worst grade first, then server, code, subject.
    pub findings: Vec<Finding>,
    /// What could not be checked.
    pub undecided: Vec<Undecided>,
    /// Servers that were checked in full and have nothing to report, sorted.
    pub clean: Vec<ServerName>,
}

impl Report {
    /// Puts the findings into their one order.
    pub fn sort(&mut self) {
        self.findings.sort_by(|a, b| {
            (b.grade, &a.server, a.code, &a.subject, &a.fingerprint).cmp(&(a.grade, &b.server, b.code, &b.subject, &b.fingerprint))
        });
        self.findings.dedup_by(|a, b| a.fingerprint == b.fingerprint);
        self.clean.sort();
    }

    /// The worst grade of any finding.
    pub fn worst(&self) -> Option<Grade> {
        self.findings.iter().map(|finding| finding.grade).max()
    }

    /// How many findings have exactly this grade.
    pub fn count(&self, grade: Grade) -> usize {
        self.findings.iter().filter(|finding| finding.grade == grade).count()
    }

    /// Joins another report to this one.
    pub fn extend(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.undecided.extend(other.undecided);
        self.clean.extend(other.clean);
        self.sort();
    }

    /// The outcome at a threshold: findings at or above it win over what could not be decided,
    /// and that wins over a pass.
    pub fn status(&self, threshold: Grade) -> Status {
        if self.worst().is_some_and(|worst| worst >= threshold) {
            Status::Findings
        } else if self.undecided.is_empty() {
            Status::Clean
        } else {
            Status::Undecided
        }
    }

    /// The fingerprint of the whole: of every finding's, and of the candidate they are about.
    pub fn fingerprint(&self, candidate: &Sha256Digest) -> Fingerprint {
        let mut prints: Vec<_> = self.findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
        prints.sort_unstable();
        Fingerprint::of_canonical(json!({"candidate": candidate, "findings": prints}).to_string().as_bytes())
    }
}

/// How a check ended. Exit statuses 0, 1 and 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing to report.
    Clean,
    /// Findings at or above the threshold.
    Findings,
    /// Could not decide.
    Undecided,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(code: &'static str, grade: Grade) -> Finding {
        let server = "s".parse().unwrap();
        Finding::new(code, grade, &server, "x", "t", &json!({"a": 1}))
    }

    #[test]
    fn a_flood_leaves_room_for_what_is_worse() {
        let mut budget = GradeBudget::default();
        let taken = |budget: &mut GradeBudget, grade| (0..5).filter(|_| budget.take(grade, 3)).count();
        for grade in [Grade::Info, Grade::Notice, Grade::Warning, Grade::Critical] {
            assert_eq!(taken(&mut budget, grade), 3, "{grade}");
            assert_eq!(taken(&mut budget, grade), 0, "{grade}");
        }
    }

    #[test]
    fn a_crash_never_looks_like_a_pass() {
        let mut report = Report::default();
        assert_eq!(report.status(Grade::Info), Status::Clean);
        report.undecided.push(Undecided {
            server: "s".parse().unwrap(),
            what: "start it".into(),
            hints: vec![],
        });
        assert_eq!(report.status(Grade::Info), Status::Undecided);
        report.findings.push(finding("a", Grade::Notice));
        assert_eq!(report.status(Grade::Notice), Status::Findings);
        assert_eq!(report.status(Grade::Warning), Status::Undecided);
    }

    #[test]
    fn a_fingerprint_is_about_facts_not_about_judgement() {
        assert_eq!(finding("a", Grade::Info).fingerprint, finding("a", Grade::Critical).fingerprint);
        assert_ne!(finding("a", Grade::Info).fingerprint, finding("b", Grade::Info).fingerprint);
    }

    #[test]
    fn the_worst_comes_first() {
        let mut report = Report {
            findings: vec![finding("b", Grade::Info), finding("a", Grade::Critical)],
            ..Report::default()
        };
        report.sort();
        assert_eq!(report.worst(), Some(Grade::Critical));
        assert_eq!(report.findings[0].code, "a");
    }
}

//! Who may say yes, and to what.
//!
//! The attack: an agent with a shell nods a rug pull through with `--yes`. So `--yes` reaches up
//! to `notice`; anything above is accepted one by one at a terminal, or by naming a fingerprint,
//! and that without a terminal only where the user's own configuration allows it.

use std::collections::BTreeSet;

use crate::model::{Fingerprint, Grade, Report, ServerName, Sha256Digest};
use crate::ops::interact::{Interact, Passage, Stage};
use crate::ops::review::review;

pub use crate::history::How;

/// What the user allowed beforehand.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    /// `--yes`.
    pub yes: bool,
    /// `--accept`.
    pub accept: BTreeSet<Fingerprint>,
    /// The user's (or system's) configuration lets `--accept` count without a terminal.
    pub accept_without_terminal: bool,
}

/// Why there is no consent. The user's files stay as they were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoConsent {
    /// Nobody to ask, and no `--yes`.
    #[error("could not approve `{server}`: nobody can be asked here")]
    NobodyToAsk {
        /// The server.
        server: ServerName,
    },
    /// A person said no.
    #[error("could not go on with `{server}`: not approved")]
    Declined {
        /// The server.
        server: ServerName,
    },
    /// The report could not be written out.
    #[error("could not show the report about `{server}`")]
    NotShown {
        /// The server.
        server: ServerName,
    },
    /// Findings above `notice` that nobody accepted.
    #[error("could not go on with `{server}`: {count} finding(s) above notice need to be accepted one by one")]
    AboveNotice {
        /// The server.
        server: ServerName,
        /// How many.
        count: usize,
        /// The fingerprint of the whole report.
        report: Fingerprint,
    },
    /// `--accept` was given where no terminal is, and the user's configuration does not allow that.
    #[error("could not accept findings above notice for `{server}` without a terminal")]
    NoTerminal {
        /// The server.
        server: ServerName,
    },
}

impl NoConsent {
    /// `1` where the answer is no, `2` where nobody could give one.
    pub const fn exit_status(&self) -> u8 {
        match self {
            Self::Declined { .. } | Self::AboveNotice { .. } => 1,
            Self::NobodyToAsk { .. } | Self::NoTerminal { .. } | Self::NotShown { .. } => 2,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NobodyToAsk { .. } => "read the report above, then run the same command at a terminal or with `--yes`".into(),
            Self::Declined { .. } => "nothing was changed".into(),
            Self::NotShown { .. } => "standard output cannot be written: nothing was changed".into(),
            Self::AboveNotice { report, .. } => {
                format!(
                    "review the findings, then run the same command at a terminal, or with `--accept {report}` if you accept exactly this report"
                )
            }
            Self::NoTerminal { .. } => Self::no_terminal_hint().into(),
        }
    }

    /// What helps where a terminal is missing.
    pub const fn no_terminal_hint() -> &'static str {
        "run it at a terminal, or set `accept-without-terminal = true` under [policy] in your own mcp-pin.toml (a project's does not count)"
    }
}

/// What a person has before the eyes when they decide.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What it is about.
    pub stage: Stage,
    /// A few lines of figures.
    pub summary: &'a [String],
    /// What can be read in full.
    pub texts: &'a [Passage],
    /// What was found.
    pub report: &'a Report,
}

/// Asks for consent to a report about a candidate.
///
/// # Errors
/// [`NoConsent`] says why nothing may go on; it is a refusal, not a crash.
pub fn decide(
    server: &ServerName,
    shown: Shown<'_>,
    candidate: &Sha256Digest,
    consent: &Consent,
    person: &dyn Interact,
) -> Result<How, NoConsent> {
    let Shown {
        stage,
        summary,
        texts,
        report,
    } = shown;
    let fingerprint = report.fingerprint(candidate);
    if !person.present(server, stage, summary, report, &fingerprint) {
        return Err(NoConsent::NotShown { server: server.clone() });
    }
    let above: Vec<_> = report.findings.iter().filter(|finding| finding.grade > Grade::Notice).collect();
    let whole = consent.accept.contains(&fingerprint);
    let open: Vec<_> = above
        .iter()
        .copied()
        .filter(|finding| !whole && !consent.accept.contains(&finding.fingerprint))
        .collect();
    if above.len() > open.len() && !person.can_ask() && !consent.accept_without_terminal {
        return Err(NoConsent::NoTerminal { server: server.clone() });
    }
    if !open.is_empty() {
        if !person.can_ask() {
            return Err(NoConsent::AboveNotice {
                server: server.clone(),
                count: open.len(),
                report: fingerprint,
            });
        }
        if !review(&open, texts, person) {
            return Err(NoConsent::Declined { server: server.clone() });
        }
        return Ok(How::Prompt);
    }
    if !above.is_empty() || whole {
        return Ok(How::Accept);
    }
    if consent.yes {
        return Ok(How::Yes);
    }
    if !person.can_ask() {
        return Err(NoConsent::NobodyToAsk { server: server.clone() });
    }
    let question = match stage {
        Stage::Code => format!("start `{server}` in the sandbox to record what it tells the model?"),
        Stage::Surface | Stage::Entry => format!("approve `{server}`?"),
    };
    if person.confirm(&question, texts) {
        Ok(How::Prompt)
    } else {
        Err(NoConsent::Declined { server: server.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::model::Finding;
    use crate::ops::interact::{Answer, Progress, Step};

    struct Person {
        there: bool,
        says: bool,
        asked: Mutex<usize>,
    }

    impl Interact for Person {
        fn can_ask(&self) -> bool {
            self.there
        }
        fn present(&self, _: &ServerName, _: Stage, _: &[String], _: &Report, _: &Fingerprint) -> bool {
            true
        }
        fn confirm(&self, _: &str, _: &[Passage]) -> bool {
            *self.asked.lock().unwrap() += 1;
            self.says
        }
        fn review(&self, _: &Finding, _: Step<'_>) -> Answer {
            *self.asked.lock().unwrap() += 1;
            if self.says { Answer::Accept } else { Answer::Refuse }
        }
        fn note(&self, _: &str) {}
        fn progress(&self, _: &str, _: usize) -> Box<dyn Progress> {
            unreachable!()
        }
    }

    fn ask(there: bool, says: bool, grades: &[Grade], consent: &Consent) -> (Result<How, NoConsent>, usize) {
        let person = Person {
            there,
            says,
            asked: Mutex::new(0),
        };
        let (server, report) = case(grades);
        let answer = decide(&server, shown(&report), &candidate(), consent, &person);
        (answer, *person.asked.lock().unwrap())
    }

    fn case(grades: &[Grade]) -> (ServerName, Report) {
        let server: ServerName = "s".parse().unwrap();
        let findings = grades
            .iter()
            .enumerate()
            .map(|(i, &grade)| Finding::new("code", grade, &server, i.to_string(), "t", &json!({})))
            .collect();
        (
            server,
            Report {
                findings,
                ..Report::default()
            },
        )
    }

    fn shown(report: &Report) -> Shown<'_> {
        Shown {
            stage: Stage::Code,
            summary: &[],
            texts: &[],
            report,
        }
    }

    fn candidate() -> Sha256Digest {
        Sha256Digest::of(b"candidate")
    }

    #[test]
    fn yes_reaches_up_to_notice() {
        let yes = Consent {
            yes: true,
            ..Consent::default()
        };
        assert_eq!(ask(false, false, &[Grade::Notice, Grade::Info], &yes).0, Ok(How::Yes));
        assert!(matches!(
            ask(false, false, &[Grade::Warning], &yes).0,
            Err(NoConsent::AboveNotice { count: 1, .. })
        ));
        assert!(matches!(
            ask(false, false, &[Grade::Critical], &yes).0,
            Err(NoConsent::AboveNotice { .. })
        ));
    }

    #[test]
    fn nobody_there_is_never_a_yes() {
        assert!(matches!(
            ask(false, true, &[], &Consent::default()).0,
            Err(NoConsent::NobodyToAsk { .. })
        ));
    }

    #[test]
    fn accept_needs_a_terminal_or_the_users_configuration() {
        let (_, report) = case(&[Grade::Critical]);
        let mut consent = Consent {
            accept: [report.findings[0].fingerprint.clone()].into(),
            ..Consent::default()
        };
        assert!(matches!(
            ask(false, false, &[Grade::Critical], &consent).0,
            Err(NoConsent::NoTerminal { .. })
        ));
        consent.accept_without_terminal = true;
        assert_eq!(ask(false, false, &[Grade::Critical], &consent).0, Ok(How::Accept));
        assert!(matches!(
            ask(false, false, &[Grade::Critical, Grade::Critical], &consent).0,
            Err(NoConsent::AboveNotice { count: 1, .. })
        ));
    }

    #[test]
    fn the_reports_fingerprint_covers_the_candidate() {
        let (server, report) = case(&[Grade::Warning]);
        let other = report.fingerprint(&Sha256Digest::of(b"swapped"));
        let consent = Consent {
            accept: [other].into(),
            accept_without_terminal: true,
            yes: true,
        };
        let person = Person {
            there: false,
            says: false,
            asked: Mutex::new(0),
        };
        let answer = decide(&server, shown(&report), &candidate(), &consent, &person);
        assert!(matches!(answer, Err(NoConsent::AboveNotice { .. })));
    }

    #[test]
    fn a_person_is_asked_for_each_finding_above_notice() {
        let (answer, asked) = ask(true, true, &[Grade::Warning, Grade::Critical, Grade::Notice], &Consent::default());
        assert_eq!((answer, asked), (Ok(How::Prompt), 2));
        assert!(matches!(
            ask(true, false, &[Grade::Warning], &Consent::default()).0,
            Err(NoConsent::Declined { .. })
        ));
    }
}

//! Stepping through findings: each is accepted by itself, or nothing is.
//!
//! The attack: a long list, of which the last item is the one that counts, and a person who has
//! said yes four times. So nothing is accepted that was not answered with an acceptance of its own,
//! in any order, and one refusal ends it with nothing changed.

use crate::model::Finding;
use crate::ops::interact::{Answer, Interact, Passage, Step};

/// Steps through findings until each was accepted, or one was refused. `texts` can be read in full on
/// the way.
pub fn review(open: &[&Finding], texts: &[Passage], person: &dyn Interact) -> bool {
    let mut accepted = vec![false; open.len()];
    let mut at = 0;
    while let Some(finding) = open.get(at) {
        let step = Step {
            number: at + 1,
            total: open.len(),
            accepted: accepted.iter().filter(|accepted| **accepted).count(),
            texts,
        };
        match person.review(finding, step) {
            Answer::Refuse => return false,
            Answer::Accept => accepted[at] = true,
            Answer::Skip => {}
            Answer::Back => {
                // What one goes back to is asked anew.
                at = at.saturating_sub(1);
                accepted[at] = false;
                continue;
            }
        }
        let next = (1..=open.len()).map(|ahead| (at + ahead) % open.len());
        match next.into_iter().find(|next| !accepted[*next]) {
            Some(next) => at = next,
            None => return true,
        }
    }
    open.is_empty()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::model::{Fingerprint, Grade, Report, ServerName};
    use crate::ops::interact::{Progress, Stage};

    struct Person {
        answers: Mutex<Vec<Answer>>,
        asked: Mutex<Vec<String>>,
    }

    impl Interact for Person {
        fn can_ask(&self) -> bool {
            true
        }
        fn present(&self, _: &ServerName, _: Stage, _: &[String], _: &Report, _: &Fingerprint) -> bool {
            true
        }
        fn confirm(&self, _: &str, _: &[Passage]) -> bool {
            false
        }
        fn review(&self, finding: &Finding, _: Step<'_>) -> Answer {
            self.asked.lock().unwrap().push(finding.subject.clone());
            self.answers.lock().unwrap().pop().unwrap_or(Answer::Refuse)
        }
        fn note(&self, _: &str) {}
        fn progress(&self, _: &str, _: usize) -> Box<dyn Progress> {
            unreachable!()
        }
    }

    fn stepped(findings: usize, answers: &str) -> (bool, String) {
        let server = "s".parse().unwrap();
        let all: Vec<_> = (0..findings)
            .map(|at| Finding::new("c", Grade::Warning, &server, at.to_string(), "t", &json!({})))
            .collect();
        let answer = |key| match key {
            'a' => Answer::Accept,
            's' => Answer::Skip,
            'b' => Answer::Back,
            _ => Answer::Refuse,
        };
        let person = Person {
            answers: Mutex::new(answers.chars().rev().map(answer).collect()),
            asked: Mutex::default(),
        };
        let whole = review(&all.iter().collect::<Vec<_>>(), &[], &person);
        let asked = person.asked.lock().unwrap().concat();
        (whole, asked)
    }

    #[test]
    fn each_is_accepted_by_itself() {
        assert_eq!(stepped(3, "aaa"), (true, "012".into()));
        assert_eq!(stepped(3, "aa"), (false, "012".into()), "silence is a no");
        assert_eq!(stepped(3, "aar"), (false, "012".into()));
        assert_eq!(stepped(1, "r"), (false, "0".into()));
        assert_eq!(stepped(0, ""), (true, String::new()));
    }

    #[test]
    fn what_is_skipped_comes_again_until_it_is_answered() {
        assert_eq!(stepped(3, "saaa"), (true, "0120".into()));
        assert_eq!(stepped(2, "sssar"), (false, "01010".into()));
        assert_eq!(stepped(2, "sas"), (false, "0100".into()));
    }

    #[test]
    fn going_back_takes_an_acceptance_back() {
        assert_eq!(stepped(2, "abaa"), (true, "0101".into()));
        assert_eq!(stepped(2, "abra"), (false, "010".into()));
        assert_eq!(stepped(2, "bbaa"), (true, "0001".into()));
    }
}

//! Talking with a person, as a capability: operations ask through it and never print.

use crate::model::{Finding, Fingerprint, Report, ServerName};

/// What a person is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The static report, before anything of the candidate was started.
    Code,
    /// What the server said when it was started in the sandbox.
    Surface,
    /// Both at once: entries of a lock that somebody else wrote.
    Entry,
}

/// A text of the server that can be read in full before one answers. Hostile until it is approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Which text, for example `tool add`.
    pub heading: String,
    /// The text.
    pub text: String,
}

/// Where a review stands.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The finding's number, from 1.
    pub number: usize,
    /// How many there are.
    pub total: usize,
    /// How many of them are accepted so far.
    pub accepted: usize,
    /// What can be read in full on the way.
    pub texts: &'a [Passage],
}

/// What a person says to one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Exactly this one is accepted; a critical one by the first eight digits of its fingerprint.
    Accept,
    /// No: nothing goes on. Also where nobody answers, or the finding could not be shown.
    Refuse,
    /// Later.
    Skip,
    /// The one before, again.
    Back,
}

/// How many bytes of how many are there, shown on a terminal only.
pub trait Progress: Send + Sync {
    /// One step is done.
    fn step(&self, what: &str);
    /// Bytes arrived.
    fn bytes(&self, count: u64);
}

/// The person at the other end. Implemented by the terminal, and by "nobody there".
pub trait Interact: Send + Sync {
    /// Somebody can be asked.
    fn can_ask(&self) -> bool;
    /// Shows a report that a decision is about; `fingerprint` names it as a whole. `false` where it
    /// could not be shown: nobody agrees to what nobody saw.
    fn present(&self, server: &ServerName, stage: Stage, summary: &[String], report: &Report, fingerprint: &Fingerprint) -> bool;
    /// A yes-or-no question; `texts` can be read in full before it is answered. Without an answer
    /// it is no.
    fn confirm(&self, question: &str, texts: &[Passage]) -> bool;
    /// One finding above `notice`, of a report that was presented.
    fn review(&self, finding: &Finding, step: Step<'_>) -> Answer;
    /// A line of talk.
    fn note(&self, text: &str);
    /// A line that something asked for did not happen: said even where talk is not wanted.
    fn warn(&self, text: &str) {
        self.note(text);
    }
    /// Starts a progress display over `total` steps.
    fn progress(&self, label: &str, total: usize) -> Box<dyn Progress>;
}

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
    /// A yes-or-no question. Without an answer it is no.
    fn confirm(&self, question: &str) -> bool;
    /// A critical finding: accepted only by typing the first eight digits of its fingerprint.
    fn type_fingerprint(&self, finding: &Finding) -> bool;
    /// A line of talk.
    fn note(&self, text: &str);
    /// A line that something asked for did not happen: said even where talk is not wanted.
    fn warn(&self, text: &str) {
        self.note(text);
    }
    /// Starts a progress display over `total` steps.
    fn progress(&self, label: &str, total: usize) -> Box<dyn Progress>;
}

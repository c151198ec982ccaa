//! Everything one run has to say, before it takes a form: JSON, SARIF and Markdown render the same
//! value, so that none of them can tell another story than the exit status does.

use std::io::{self, Write};

use crate::cli::Format;
use crate::model::report::Status;
use crate::model::{Fingerprint, Report};
use crate::ops::outcome::LockPlace;
use crate::ops::{Outcome, ServerLine};
use crate::output::json::v1;
use crate::output::{markdown, sarif};
use crate::policy::THRESHOLD;

/// Why an operation ended early, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What could not be done, or what was found.
    pub message: String,
    /// The causes below it.
    pub causes: Vec<String>,
    /// What helps.
    pub hints: Vec<String>,
}

/// What one run has to say.
#[derive(Debug, Clone)]
pub struct Document {
    /// What was found, sorted.
    pub report: Report,
    /// What became of each server.
    pub servers: Vec<ServerLine>,
    /// What signatures were proved against.
    pub trust: Option<String>,
    /// Where the lock lies, where that was looked up.
    pub place: Option<LockPlace>,
    /// How it ended: the exit status.
    pub status: Status,
    /// The findings were decided about, and accepted: they are listed and open no question.
    pub accepted: bool,
    /// Why it ended early, if it did.
    pub failure: Option<Failure>,
    /// Names the report as a whole, where a decision about it is open.
    pub fingerprint: Option<Fingerprint>,
}

impl Document {
    /// A report by itself.
    pub fn new(report: &Report) -> Self {
        let mut report = report.clone();
        report.sort();
        Self {
            status: report.status(THRESHOLD),
            report,
            servers: Vec::new(),
            trust: None,
            place: None,
            accepted: false,
            failure: None,
            fingerprint: None,
        }
    }

    /// What an operation came to. `accepted`: its findings were shown, and decided about, on the
    /// way; what could not be decided stays so.
    pub fn of(outcome: &Outcome, accepted: bool) -> Self {
        let mut document = Self::new(&outcome.report);
        document.servers.clone_from(&outcome.servers);
        document.trust.clone_from(&outcome.trust);
        document.place.clone_from(&outcome.place);
        document.accepted = accepted;
        if accepted {
            document.status = if outcome.report.undecided.is_empty() {
                Status::Clean
            } else {
                Status::Undecided
            };
        }
        document
    }

    /// An operation that ended early, with this exit status.
    #[must_use]
    pub fn failed(mut self, failure: Failure, exit_status: u8) -> Self {
        self.failure = Some(failure);
        self.status = if exit_status == 1 { Status::Findings } else { Status::Undecided };
        self
    }

    /// Writes it as one document for programs. Plain output has no such form: what would ask for
    /// it gets JSON.
    ///
    /// # Errors
    /// As the writer's.
    pub fn write(&self, out: &mut dyn Write, format: Format) -> io::Result<()> {
        match format {
            Format::Plain | Format::Json => v1::report(out, &v1::Report::from(self)),
            Format::Sarif => sarif::write(out, self),
            Format::Markdown => markdown::write(out, self),
        }
    }
}

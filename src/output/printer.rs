//! Standard output is data, standard error is talk. Both are values here, so that nothing below
//! this floor can print by accident.

use std::io::{self, Write};

use crate::cli::Format;
use crate::output::Style;

/// Where results and talk go, and how they look.
#[derive(Debug, Clone)]
pub struct Printer {
    /// The form of standard output.
    pub format: Format,
    /// How standard output looks.
    pub out: Style,
    /// How standard error looks.
    pub err: Style,
    /// Say less.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
}

impl Printer {
    /// Whether results are JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether results are one document for programs, in any form: nobody is asked, and nothing is
    /// shown before the end.
    pub fn is_document(&self) -> bool {
        self.format != Format::Plain
    }

    /// Writes data to standard output. A reader that went away is not an error.
    ///
    /// # Errors
    /// Standard output cannot be written for another reason, for example a full disk: a result
    /// that was not delivered is not a pass.
    pub fn data(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        match write(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Writes one JSON document to standard output, safe to look at.
    ///
    /// # Errors
    /// As [`Printer::data`].
    pub fn json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        self.data(|out| super::json::write(out, value))
    }

    /// Writes a line of talk to standard error, unless `--quiet`.
    pub fn talk(&self, line: &str) {
        if !self.quiet {
            self.insist(line);
        }
    }

    /// Writes a line to standard error, also with `--quiet`.
    pub fn insist(&self, line: &str) {
        // Nobody is left to tell when standard error is gone.
        drop(writeln!(io::stderr().lock(), "{line}"));
    }
}

//! The one place that renders an error: message, causes, hints.

use std::error::Error as _;

use crate::error::Error;
use crate::model::Report;
use crate::output::document::{Document, Failure};
use crate::output::{Printer, plain};

/// Shows an error: in a form for programs as one document on standard output, otherwise on standard error.
pub fn show(printer: &Printer, error: &Error) {
    let (message, causes, hints) = (error.to_string(), causes(error), error.hints());
    if printer.is_document() {
        let nothing = Report::default();
        let failure = Failure { message, causes, hints };
        let mut document = Document::new(error.report().unwrap_or(&nothing)).failed(failure, error.exit_status());
        document.fingerprint = error.fingerprint().cloned();
        // Nobody is left to tell when standard output is gone; the exit status still tells.
        drop(printer.data(|out| document.write(out, printer.format)));
        return;
    }
    if let Some(report) = error.unseen_report() {
        drop(printer.data(|out| {
            report
                .findings
                .iter()
                .try_for_each(|finding| plain::finding(out, finding, printer.out))
        }));
    }
    talk(printer, error);
}

/// Shows an error on standard error alone, whatever the format: standard output is a client's.
pub fn talk(printer: &Printer, error: &Error) {
    let mut text = Vec::new();
    if let Error::NotStarted { drift, .. } = error {
        for finding in drift {
            drop(plain::finding(&mut text, finding, printer.err));
        }
    }
    if plain::error(&mut text, &error.to_string(), &causes(error), &error.hints(), printer.err).is_ok() {
        printer.insist(String::from_utf8_lossy(&text).trim_end());
    }
}

/// The chain below the error, without links that only repeat what the one above said.
fn causes(error: &Error) -> Vec<String> {
    if let Error::Manifest { source, .. } = error {
        return source.problems.iter().map(ToString::to_string).collect();
    }
    let mut above = error.to_string();
    let mut chain = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !above.contains(&text) {
            chain.push(text.clone());
            above = text;
        }
        next = cause.source();
    }
    chain
}

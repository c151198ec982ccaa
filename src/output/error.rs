//! The one place that renders an error: message, causes, hints.

use std::error::Error as _;

use crate::error::Error;
use crate::model::Report;
use crate::output::json::v1;
use crate::output::{Printer, plain};
use crate::policy::THRESHOLD;

/// Shows an error: in JSON mode as JSON on standard output, otherwise on standard error.
pub fn show(printer: &Printer, error: &Error) {
    let (message, causes, hints) = (error.to_string(), causes(error), error.hints());
    if printer.is_json() {
        let nothing = Report::default();
        let failure = v1::Failure { message, causes, hints };
        let mut document = v1::Report::new(error.report().unwrap_or(&nothing), THRESHOLD).with_failure(failure, error.exit_status());
        document.fingerprint = error.fingerprint().map(ToString::to_string);
        // Nobody is left to tell when standard output is gone; the exit status still tells.
        drop(printer.data(|out| v1::report(out, &document)));
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
    let mut text = Vec::new();
    if plain::error(&mut text, &message, &causes, &hints, printer.err).is_ok() {
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

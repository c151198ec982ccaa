//! Renders an [`Outcome`]: a line a server, then the report.

use std::io::{self, Write};

use crate::model::Report;
use crate::ops::{Outcome, ServerLine};
use crate::output::document::Document;
use crate::output::{Printer, plain};
use crate::surface::visible;

/// Writes the outcome in the printer's format. `with_report` is false where the report was already
/// shown, finding by finding, while it was decided about.
///
/// # Errors
/// Standard output cannot be written.
pub fn show(printer: &Printer, outcome: &Outcome, with_report: bool) -> io::Result<()> {
    if printer.is_document() {
        let document = Document::of(outcome, !with_report);
        return printer.data(|out| document.write(out, printer.format));
    }
    printer.data(|out| {
        for server in &outcome.servers {
            line(out, server)?;
        }
        if let Some(trust) = &outcome.trust {
            plain::line(out, &format!("          proved against {trust}"), 12, printer.out)?;
        }
        if with_report && printer.verbose {
            plain::report(out, &outcome.report, printer.out)
        } else if with_report {
            plain::brief_report(out, &outcome.report, printer.out)
        } else if !outcome.report.undecided.is_empty() {
            let open = Report {
                findings: Vec::new(),
                ..outcome.report.clone()
            };
            plain::report(out, &open, printer.out)
        } else {
            Ok(())
        }
    })
}

fn line(out: &mut dyn Write, server: &ServerLine) -> io::Result<()> {
    let mut facts = Vec::new();
    if server.packages > 0 {
        facts.push(count(server.packages, "package"));
    }
    facts.extend(
        server
            .files
            .map(|files| count(usize::try_from(files).unwrap_or(usize::MAX), "file")),
    );
    facts.extend(
        server
            .proved
            .map(|proved| format!("evidence of {} proved", count(proved, "package"))),
    );
    facts.extend(
        server
            .evidence
            .filter(|_| server.proved.is_none())
            .map(|level| format!("evidence {level}")),
    );
    facts.extend(server.tools.map(|tools| count(tools, "tool")));
    let version = server
        .version
        .as_deref()
        .map(|version| format!(" {}", visible(version)))
        .unwrap_or_default();
    writeln!(out, "{:<9} {}{version}  {}", server.action.as_str(), server.name, facts.join(", "))?;
    for note in &server.notes {
        writeln!(out, "          {}", visible(note))?;
    }
    Ok(())
}

/// `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

//! `mcp-pin doctor`: whether this machine can do what mcp-pin is for.

use std::io::{self, Write};

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::ops::doctor::{self, Checkup, State};
use crate::output::json::doctor as json;
use crate::output::outcome::count;
use crate::output::{Printer, plain};
use crate::surface::visible;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Looks and writes a line a thing. The exit status is 1 where something needs doing, else 2 where
/// something could not be found out; warnings alone are 0.
///
/// # Errors
/// Standard output cannot be written.
pub async fn exec(_: Args, session: &Session) -> Result<ExitStatus, Error> {
    let checkup = doctor::doctor(&session.context).await;
    let printer = &session.printer;
    let written = if printer.is_json() {
        printer.json(&json::Checkup::from(&checkup))
    } else {
        printer.data(|out| show(out, &checkup, printer))
    };
    written.map_err(Error::output)?;
    Ok(match checkup.worst() {
        State::Ok | State::Warn => ExitStatus::Clean,
        State::Unknown => ExitStatus::Undecided,
        State::Broken => ExitStatus::Findings,
    })
}

fn show(out: &mut dyn Write, checkup: &Checkup, printer: &Printer) -> io::Result<()> {
    for line in &checkup.lines {
        let text = format!("{:<8} {:<9} {}", line.state.as_str(), line.topic, visible(&line.what));
        plain::line(out, &text, 19, printer.out)?;
        if let Some(mend) = &line.mend {
            plain::line(out, &format!("{:<18} mend: {}", "", visible(mend)), 25, printer.out)?;
        }
    }
    let parts: Vec<_> = [
        (State::Broken, "thing needs doing", "things need doing"),
        (State::Unknown, "thing could not be found out", "things could not be found out"),
    ]
    .into_iter()
    .filter_map(|(state, one, more)| match checkup.count(state) {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {more}")),
    })
    .chain(
        Some(checkup.count(State::Warn))
            .filter(|warnings| *warnings > 0)
            .map(|warnings| count(warnings, "warning")),
    )
    .collect();
    let sum = if parts.is_empty() {
        "all is well".to_owned()
    } else {
        parts.join(", ")
    };
    writeln!(out, "{sum}")
}

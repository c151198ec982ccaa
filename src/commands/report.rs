//! `mcp-pin report`: one page about the servers of this scope, to look at or to hand on.

use std::path::PathBuf;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::ops::report;
use crate::output::html;
use crate::output::outcome::count;

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write a page of HTML, without scripts and without anything to load; `-` for standard output.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    html: PathBuf,
}

/// Gathers and writes the page.
///
/// # Errors
/// As [`report::gather`] and [`report::save`].
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let overview = report::gather(&session.context, &session.terminal)?;
    let page = html::page(&overview);
    if args.html.as_os_str() == "-" {
        session.printer.data(|out| out.write_all(page.as_bytes())).map_err(Error::output)?;
    } else {
        report::save(&session.context, &args.html, &page)?;
        session.printer.talk(&format!(
            "wrote {}: {}",
            crate::surface::visible(&args.html.display().to_string()),
            count(overview.servers.len(), "server")
        ));
    }
    Ok(ExitStatus::Clean)
}

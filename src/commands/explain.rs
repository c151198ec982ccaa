//! `mcp-pin explain`: what a finding's code means, and what to do about it.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::output::plain;
use crate::policy::{self, Page};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code, as reports print it; all codes without one.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Writes the page of one code, or the meanings of all, to standard output.
///
/// # Errors
/// No such code.
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let wanted = |page: &&Page| args.code.as_deref().is_none_or(|wanted| wanted == page.code);
    let entries: Vec<_> = policy::codes().filter(wanted).collect();
    if entries.is_empty() {
        return Err(Error::NoSuchCode {
            code: args.code.clone().unwrap_or_default(),
        });
    }
    let printed = if session.printer.is_json() {
        let map: serde_json::Map<_, _> = entries.iter().map(|page| (page.code.to_owned(), page.meaning.into())).collect();
        session.printer.json(&map)
    } else if args.code.is_some() {
        let style = session.printer.out;
        session
            .printer
            .data(|out| entries.iter().try_for_each(|page| plain::page(out, page.code, style)))
    } else {
        session.printer.data(|out| {
            entries
                .iter()
                .try_for_each(|page| writeln!(out, "{}\n  {}", page.code, page.meaning))
        })
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

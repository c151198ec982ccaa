//! `mcp-pin explain`: what a finding's code means.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code, as reports print it; all codes without one.
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Writes the meaning to standard output.
///
/// # Errors
/// No such code.
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let mut entries = Vec::new();
    for page in crate::policy::codes() {
        if args.code.as_deref().is_none_or(|wanted| wanted == page.code) {
            entries.push((page.code, page.meaning));
        }
    }
    if entries.is_empty() {
        return Err(Error::NoSuchCode {
            code: args.code.clone().unwrap_or_default(),
        });
    }
    let printed = if session.printer.is_json() {
        let map: serde_json::Map<_, _> = entries
            .iter()
            .map(|(code, meaning)| ((*code).to_owned(), (*meaning).into()))
            .collect();
        session.printer.json(&map)
    } else {
        session
            .printer
            .data(|out| entries.iter().try_for_each(|(code, meaning)| writeln!(out, "{code}\n  {meaning}")))
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

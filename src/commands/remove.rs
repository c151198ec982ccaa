//! `mcp-pin remove`: take servers out of the manifest and the lock.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::ServerName;
use crate::ops::remove;
use crate::output::outcome;

/// Arguments of `remove`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The servers.
    #[arg(value_name = "NAME", required = true)]
    names: Vec<ServerName>,
}

/// Removes and shows what became of it.
///
/// # Errors
/// As [`remove::remove`].
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let result = remove::remove(&session.context, &args.names, &session.terminal)?;
    outcome::show(&session.printer, &result, false).map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

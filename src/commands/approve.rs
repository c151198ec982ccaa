//! `mcp-pin approve`: review drift that `verify` recorded, and accept it.

use crate::cli::ConsentArgs;
use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::ServerName;
use crate::ops::approve;
use crate::output::outcome;

/// Arguments of `approve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server.
    #[arg(value_name = "NAME")]
    name: ServerName,
    #[command(flatten)]
    consent: ConsentArgs,
}

/// Shows the recorded drift, asks, and writes the lock.
///
/// # Errors
/// As [`approve::approve`].
pub async fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let result = approve::approve(&session.context, &args.name, session.consent(&args.consent), &session.terminal).await?;
    outcome::show(&session.printer, &result, false).map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

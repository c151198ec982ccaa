//! `mcp-pin logout`: forget the login at a remote server.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::ServerName;
use crate::ops::Interact as _;
use crate::ops::login;

/// Arguments of `logout`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server.
    #[arg(value_name = "NAME")]
    name: ServerName,
}

/// Forgets, and says so.
///
/// # Errors
/// As [`login::logout`].
pub async fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    login::logout(&session.context, &args.name, &session.terminal).await?;
    session.terminal.note(&format!("forgot the login at `{}`", args.name));
    Ok(ExitStatus::Clean)
}

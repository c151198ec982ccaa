//! `mcp-pin verify`: prove that nothing moved.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{Grade, ServerName};
use crate::ops::verify::{self, Options};
use crate::output::outcome;

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The servers to verify; all of this scope without any.
    #[arg(value_name = "NAME")]
    names: Vec<ServerName>,
    #[command(flatten)]
    probe: crate::cli::ProbeArgs,
    /// Tell of what is news: on the desktop, or over the channels of [alerts].
    #[arg(long)]
    notify: bool,
}

/// Verifies and shows what was found.
///
/// # Errors
/// As [`verify::verify`].
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let options = Options {
        names: args.names,
        probe: !args.probe.no_probe,
        unsandboxed: args.probe.probe_unsandboxed,
        notify: args.notify,
    };
    let result = verify::verify(&session.context, options, &session.terminal).await?;
    outcome::show(&session.printer, &result, true).map_err(Error::output)?;
    Ok(ExitStatus::from(result.report.status(Grade::Notice)))
}

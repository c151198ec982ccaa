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
    /// Raise a desktop notification for drift that was not notified before.
    #[arg(long)]
    notify: bool,
    /// Leave out the configuration files of AI clients.
    #[arg(long)]
    no_clients: bool,
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
        clients: !args.no_clients,
    };
    let result = verify::verify(&session.context, options, &session.terminal).await?;
    outcome::show(&session.printer, &result, true).map_err(Error::output)?;
    Ok(ExitStatus::from(result.report.status(Grade::Notice)))
}

//! `mcp-pin verify`: prove that nothing moved.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::report::Status;
use crate::model::{Grade, ServerName};
use crate::ops::schedule;
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
    /// Leave out the configuration files of AI clients.
    #[arg(long)]
    no_clients: bool,
    /// Also look for newer versions; nothing of them is fetched or started.
    #[arg(long)]
    check_updates: bool,
    /// The schedule of this name makes this run: it is recorded, and says nothing where there is nothing
    /// to say.
    #[arg(long, hide = true, value_name = "NAME", conflicts_with = "names")]
    scheduled: Option<String>,
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
    let (context, person) = (&session.context, &session.terminal);
    let mut result = match &args.scheduled {
        Some(name) => schedule::scheduled(context, name, options, person).await?,
        None => verify::verify(context, options, person).await?,
    };
    if args.check_updates {
        schedule::updates(context, &mut result, args.notify, person).await?;
    }
    let quiet = args.scheduled.is_some() && !session.printer.is_document();
    if quiet && result.report.status(Grade::Notice) == Status::Clean {
        // Cron mails whatever is printed.
        return Ok(ExitStatus::Clean);
    }
    outcome::show(&session.printer, &result, true).map_err(Error::output)?;
    Ok(ExitStatus::from(result.report.status(Grade::Notice)))
}

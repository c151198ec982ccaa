//! `mcp-pin update`: newest allowed version, the report, the question, the lock.

use crate::cli::{ConsentArgs, ProbeArgs};
use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{Grade, Report, ServerName};
use crate::ops::update::{self, Options};
use crate::output::outcome;

/// Arguments of `update`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The servers to update; all of this scope without any.
    #[arg(value_name = "NAME")]
    names: Vec<ServerName>,
    /// Show the report and change nothing; starts nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    consent: ConsentArgs,
}

/// Updates and shows what became of it.
///
/// # Errors
/// As [`update::update`].
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let options = Options {
        names: args.names,
        dry_run: args.dry_run,
        probe: !args.probe.no_probe,
        unsandboxed: args.probe.probe_unsandboxed,
        consent: session.consent(&args.consent),
    };
    let result = update::update(&session.context, options, &session.terminal).await?;
    outcome::show(&session.printer, &result, args.dry_run).map_err(Error::output)?;
    let left = if args.dry_run {
        result.report
    } else {
        Report {
            findings: Vec::new(),
            ..result.report
        }
    };
    Ok(ExitStatus::from(left.status(Grade::Notice)))
}

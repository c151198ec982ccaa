//! `mcp-pin rollback`: what was approved before, approved and locked again.

use crate::cli::ConsentArgs;
use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{Report, ServerName};
use crate::ops::rollback::{self, Options};
use crate::output::outcome;
use crate::policy::THRESHOLD;

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server.
    #[arg(value_name = "NAME")]
    name: ServerName,
    /// Show what it would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Build a package, where you permitted that, without a sandbox where this machine offers none.
    #[arg(long)]
    build_unsandboxed: bool,
    #[command(flatten)]
    consent: ConsentArgs,
}

/// Goes back and shows what became of it.
///
/// # Errors
/// As [`rollback::rollback`].
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let options = Options {
        name: args.name,
        dry_run: args.dry_run,
        unsandboxed: args.build_unsandboxed,
        consent: session.consent(&args.consent),
    };
    let result = rollback::rollback(&session.context, options, &session.terminal).await?;
    outcome::show(&session.printer, &result, args.dry_run).map_err(Error::output)?;
    let left = if args.dry_run {
        result.report
    } else {
        Report {
            findings: Vec::new(),
            ..result.report
        }
    };
    Ok(ExitStatus::from(left.status(THRESHOLD)))
}

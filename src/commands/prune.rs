//! `mcp-pin prune`: free what no lockfile that this machine knows needs any more.

use serde_json::json;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::ops::prune;
use crate::output::outcome::count;

/// Arguments of `prune`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what would go, and keep it.
    #[arg(long)]
    dry_run: bool,
}

/// Plans, shows, and (without `--dry-run`) executes.
///
/// # Errors
/// As [`prune::prune`].
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let freed = prune::prune(&session.context, args.dry_run, &session.terminal)?;
    let printed = if session.printer.is_json() {
        let gone = json!({"archives": freed.archives, "installs": freed.installs, "bytes": freed.bytes, "dryRun": args.dry_run});
        session.printer.json(&json!({"schemaVersion": 1, "pruned": gone}))
    } else {
        session.printer.data(|out| {
            let verb = if args.dry_run { "would free" } else { "freed" };
            #[expect(clippy::cast_precision_loss, reason = "a figure for the eye")]
            let megabytes = freed.bytes as f64 / 1e6;
            writeln!(
                out,
                "{verb} {} and {}, {megabytes:.1} MB",
                count(freed.archives, "archive"),
                count(freed.installs, "install")
            )
        })
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

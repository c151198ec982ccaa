//! `mcp-pin prune`: free what no lockfile that this machine knows needs any more.

use serde_json::json;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::ops::prune::{self, Freed};
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
        let gone = json!({"archives": freed.archives, "installs": freed.installs, "attestations": freed.bundles, "bytes": freed.bytes, "dryRun": args.dry_run});
        session.printer.json(&json!({"schemaVersion": 1, "pruned": gone}))
    } else {
        session.printer.data(|out| {
            let verb = if args.dry_run { "would free" } else { "freed" };
            #[expect(clippy::cast_precision_loss, reason = "a figure for the eye")]
            let megabytes = freed.bytes as f64 / 1e6;
            writeln!(out, "{verb} {}, {megabytes:.1} MB", listed(&freed))
        })
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

/// `1 archive and 2 installs`, and attestations where there are some.
fn listed(freed: &Freed) -> String {
    let (archives, installs) = (count(freed.archives, "archive"), count(freed.installs, "install"));
    match freed.bundles {
        0 => format!("{archives} and {installs}"),
        bundles => format!("{archives}, {installs} and {}", count(bundles, "attestation")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestations_are_counted_where_there_are_some() {
        let line = |bundles| {
            listed(&Freed {
                archives: 1,
                installs: 2,
                bundles,
                bytes: 0,
            })
        };
        assert_eq!(line(0), "1 archive and 2 installs");
        assert_eq!(line(1), "1 archive, 2 installs and 1 attestation");
    }
}

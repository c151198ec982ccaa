//! `mcp-pin alert`: which channels there are and how they do, and a test of them.

use serde_json::json;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::ops::alerts::{self, Status, Tested};
use crate::surface::visible;

/// Arguments of `alert`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the channels, when each last took something, and what waits for it and why.
    Status,
    /// Send a message that says that it is a test to each channel; 2 where one did not take it.
    Test {
        /// Only to this channel.
        #[arg(value_name = "CHANNEL")]
        channel: Option<String>,
    },
}

/// Shows or tests.
///
/// # Errors
/// As [`alerts::status`] and [`alerts::test`].
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    match args.what {
        What::Status => {
            show(&alerts::status(&session.context)?, session).map_err(Error::output)?;
            Ok(ExitStatus::Clean)
        }
        What::Test { channel } => {
            let tested = alerts::test(&session.context, channel.as_deref()).await?;
            told(&tested, session).map_err(Error::output)?;
            let all = tested.iter().all(|one| one.result.is_ok());
            Ok(if all { ExitStatus::Clean } else { ExitStatus::Undecided })
        }
    }
}

fn show(all: &[Status], session: &Session) -> std::io::Result<()> {
    if session.printer.is_json() {
        let channels: Vec<_> = all.iter().map(as_json).collect();
        return session.printer.json(&json!({"schemaVersion": 1, "channels": channels}));
    }
    session.printer.data(|out| {
        all.iter().try_for_each(|one| {
            let (name, place, state) = (visible(&one.name), visible(&one.place), &one.state);
            match &one.channel {
                Some(channel) => {
                    let remind = channel.remind.map_or_else(
                        || "never".to_owned(),
                        |remind| format!("after {}", crate::manifest::alerts::show_time(remind)),
                    );
                    writeln!(
                        out,
                        "{name}: {} to {place}, from {} on, reminds {remind}",
                        channel.target.kind(),
                        channel.floor
                    )?;
                }
                None => writeln!(out, "{name}: {place}")?,
            }
            match state.success {
                Some(at) => writeln!(out, "  last took something at {at:.0}")?,
                None => writeln!(out, "  never took anything yet: try `mcp-pin alert test {name}`")?,
            }
            if let (Some(why), Some(at)) = (&state.error, state.failure) {
                writeln!(out, "  failed at {at:.0} ({} in a row): {}", state.tries, visible(why))?;
            }
            if let (count @ 1.., Some(since)) = (one.waiting, one.since) {
                let next = state
                    .next
                    .map(|next| format!(", tried again from {next:.0} on"))
                    .unwrap_or_default();
                writeln!(out, "  {count} waiting, the oldest since {since:.0}{next}")?;
            }
            if state.dropped > 0 {
                writeln!(
                    out,
                    "  {} given up, too old or too many: `mcp-pin log` has what they were about",
                    state.dropped
                )?;
            }
            Ok(())
        })
    })
}

fn as_json(one: &Status) -> serde_json::Value {
    let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
    json!({
        "name": one.name,
        "type": one.channel.as_ref().map(|channel| channel.target.kind()),
        "to": one.place,
        "floor": one.channel.as_ref().map(|channel| channel.floor.as_str()),
        "remind": one.channel.as_ref().and_then(|channel| channel.remind).map(crate::manifest::alerts::show_time),
        "lastSuccess": time(one.state.success),
        "lastFailure": time(one.state.failure),
        "error": one.state.error,
        "failuresInARow": one.state.tries,
        "nextTry": time(one.state.next),
        "waiting": one.waiting,
        "waitingSince": time(one.since),
        "givenUp": one.state.dropped,
    })
}

fn told(tested: &[Tested], session: &Session) -> std::io::Result<()> {
    if session.printer.is_json() {
        let tests: Vec<_> = tested
            .iter()
            .map(|one| {
                let error = one.result.as_ref().err();
                json!({
                    "name": one.name,
                    "type": one.kind,
                    "to": one.place,
                    "ok": error.is_none(),
                    "error": error.map(ToString::to_string),
                    "hint": error.and_then(crate::notify::deliver::DeliverError::hint),
                })
            })
            .collect();
        return session.printer.json(&json!({"schemaVersion": 1, "tests": tests}));
    }
    session.printer.data(|out| {
        tested.iter().try_for_each(|one| {
            let (name, place) = (visible(&one.name), visible(&one.place));
            match &one.result {
                Ok(()) => writeln!(out, "ok      {name} ({} to {place})", one.kind),
                Err(error) => {
                    writeln!(out, "FAILED  {name} ({} to {place}): {}", one.kind, visible(&error.to_string()))?;
                    match error.hint() {
                        Some(hint) => writeln!(out, "        hint: {}", visible(&hint)),
                        None => Ok(()),
                    }
                }
            }
        })
    })
}

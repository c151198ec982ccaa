//! `mcp-pin log`: installs, approvals, drift, alerts, oldest first.

use serde_json::json;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::history::EventFilter;
use crate::model::ServerName;
use crate::ops::queries;
use crate::surface::visible;

/// Arguments of `log`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only what is about this server.
    #[arg(value_name = "NAME")]
    name: Option<ServerName>,
    /// Only the last so many.
    #[arg(short = 'n', long, default_value_t = 50, value_name = "COUNT")]
    limit: u32,
}

/// Writes a line an event.
///
/// # Errors
/// The history cannot be read.
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let filter = EventFilter {
        server: args.name.clone(),
        since: None,
        limit: Some(args.limit),
    };
    let mut events = queries::events(&session.context, &filter)?;
    events.reverse();
    let printed = if session.printer.is_json() {
        let events: Vec<_> = events
            .iter()
            .map(|event| {
                json!({
                    "at": event.at.to_string(),
                    "kind": event.kind.as_str(),
                    "server": event.server.as_ref().map(ServerName::as_str),
                    "grade": event.grade.map(crate::model::Grade::as_str),
                    "summary": event.summary,
                })
            })
            .collect();
        session.printer.json(&json!({"schemaVersion": 1, "events": events}))
    } else {
        session.printer.data(|out| {
            events.iter().try_for_each(|event| {
                let server = event.server.as_ref().map_or("-", ServerName::as_str);
                let grade = event.grade.map(|grade| format!(" {grade}")).unwrap_or_default();
                writeln!(
                    out,
                    "{:.0}  {:<8} {server}{grade}  {}",
                    event.at,
                    event.kind.as_str(),
                    visible(&event.summary)
                )
            })
        })
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

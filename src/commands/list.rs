//! `mcp-pin list`: the servers of this scope.

use serde_json::json;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::lock::entry_digest;
use crate::model::{ItemKind, Level, Pin, Pinned, ServerName};
use crate::ops::queries;
use crate::output::outcome::count;
use crate::surface::visible;

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// One server.
struct Row<'a> {
    name: &'a ServerName,
    source: String,
    version: Option<&'a str>,
    tools: Option<usize>,
    level: Option<Level>,
    locked: bool,
    approved: bool,
    /// Drift is open.
    drift: bool,
}

/// The level of evidence of a server's own package.
fn level(pin: &Pin) -> Option<Level> {
    match &pin.pinned {
        Pinned::Package { closure, .. } => closure.root_package().map(crate::model::LockedPackage::level),
        Pinned::Local(_) | Pinned::Remote(_) => None,
    }
}

/// Writes a line a server.
///
/// # Errors
/// Nothing to read, or a file that cannot be used.
pub fn exec(_args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let loaded = queries::reading(&session.context, &session.terminal)?;
    let names = queries::select(&loaded, &[])?;
    let rows: Result<Vec<_>, Error> = names
        .iter()
        .map(|name| {
            let pin = loaded.lock.servers.get(name);
            let approved = match pin {
                Some(pin) => queries::is_approved(&session.context, loaded.scope_key(), name, &entry_digest(name, pin))?,
                None => false,
            };
            let source = pin
                .map(|pin| &pin.source)
                .or_else(|| loaded.manifest.servers.get(name).map(|entry| &entry.source));
            let tools = pin
                .and_then(|pin| pin.surface.as_ref())
                .map(|surface| surface.count(ItemKind::Tool));
            Ok(Row {
                name,
                source: source.map(ToString::to_string).unwrap_or_default(),
                version: pin.and_then(|pin| pin.version()),
                tools,
                level: pin.and_then(level),
                locked: pin.is_some(),
                approved,
                drift: queries::has_drift(&session.context, loaded.scope_key(), name)?,
            })
        })
        .collect();
    let rows = rows?;
    let printed = if session.printer.is_json() {
        let servers: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "name": row.name.as_str(),
                    "source": row.source,
                    "version": row.version,
                    "evidence": row.level.map(|level| level.to_string()),
                    "tools": row.tools,
                    "locked": row.locked,
                    "approved": row.approved,
                    "drift": row.drift,
                })
            })
            .collect();
        session
            .printer
            .json(&json!({"schemaVersion": 1, "folder": loaded.scope.folder, "servers": servers}))
    } else {
        let wide = rows.iter().map(|row| row.name.as_str().len()).max().unwrap_or(0);
        session.printer.data(|out| {
            for row in &rows {
                let tools = row
                    .tools
                    .map_or_else(|| "no surface pinned".to_owned(), |tools| count(tools, "tool"));
                let state = match (row.locked, row.approved) {
                    (true, true) if row.drift => format!("{tools}, drift is open: `mcp-pin verify {}`", row.name),
                    (true, true) => tools,
                    // The level, too, is only the word of whoever wrote the lock.
                    (true, false) => format!("{tools}, not approved by you"),
                    (false, _) => "not locked".to_owned(),
                };
                writeln!(
                    out,
                    "{:<wide$}  {:<10}  {:<10}  {state}  {}",
                    row.name.as_str(),
                    visible(row.version.unwrap_or("-")),
                    row.level.map_or_else(|| "-".to_owned(), |level| level.to_string()),
                    visible(&row.source)
                )?;
            }
            Ok(())
        })
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

//! `mcp-pin list`: the servers of this scope.

use serde_json::json;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{ItemKind, Level, Pin, Pinned};
use crate::ops::queries;
use crate::output::outcome::count;
use crate::surface::visible;

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// The level of evidence of a server's own package.
fn level(pin: &Pin) -> Option<Level> {
    match &pin.pinned {
        Pinned::Package { closure, .. } => closure.root_package().map(|root| root.evidence.level()),
        Pinned::Local(_) => None,
    }
}

/// Writes a line a server.
///
/// # Errors
/// Nothing to read, or a file that cannot be used.
pub fn exec(_args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let loaded = queries::reading(&session.context, &session.terminal)?;
    let names = queries::select(&loaded, &[])?;
    let rows: Vec<_> = names
        .iter()
        .map(|name| {
            let pin = loaded.lock.servers.get(name);
            let source = pin
                .map(|pin| &pin.source)
                .or_else(|| loaded.manifest.servers.get(name).map(|entry| &entry.source));
            let tools = pin
                .and_then(|pin| pin.surface.as_ref())
                .map(|surface| surface.count(ItemKind::Tool));
            (
                name,
                source.map(ToString::to_string).unwrap_or_default(),
                pin.and_then(|pin| pin.version()),
                tools,
                pin.and_then(level),
                pin.is_some(),
            )
        })
        .collect();
    let printed = if session.printer.is_json() {
        let servers: Vec<_> = rows
            .iter()
            .map(|(name, source, version, tools, level, locked)| {
                let evidence = level.map(|level| level.to_string());
                json!({"name": name.as_str(), "source": source, "version": version, "evidence": evidence, "tools": tools, "locked": locked})
            })
            .collect();
        session
            .printer
            .json(&json!({"schemaVersion": 1, "folder": loaded.scope.folder, "servers": servers}))
    } else {
        let wide = rows.iter().map(|(name, ..)| name.as_str().len()).max().unwrap_or(0);
        session.printer.data(|out| {
            for (name, source, version, tools, level, locked) in &rows {
                let tools = tools.map_or_else(|| "no surface pinned".to_owned(), |tools| count(tools, "tool"));
                let state = if *locked { tools } else { "not locked".to_owned() };
                writeln!(
                    out,
                    "{:<wide$}  {:<10}  {:<10}  {state}  {}",
                    name.as_str(),
                    visible(version.unwrap_or("-")),
                    level.map_or_else(|| "-".to_owned(), |level| level.to_string()),
                    visible(source)
                )?;
            }
            Ok(())
        })
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

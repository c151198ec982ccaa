//! Taking servers out of the manifest and the lock. The store keeps their bytes until `prune`.

use crate::error::Error;
use crate::history::{EventKind, Resolution};
use crate::manifest::edit;
use crate::model::ServerName;
use crate::ops::alerts::{Alerts, Over};
use crate::ops::outcome::{Action, Outcome, ServerLine};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, baseline, notices, queries, scope};

/// Removes the servers from both files of the scope.
///
/// # Errors
/// A name that is in neither file, `--locked`, or a file that cannot be used or written.
pub fn remove(context: &Context, names: &[ServerName], person: &dyn Interact) -> Result<Outcome, Error> {
    let (found, _) = scope::Scope::for_reading(context);
    let _guard = scope::guard(context, &found, person)?;
    let mut loaded = queries::reading(context, person)?;
    let tools = Tools::open(context, person)?;
    // One that vanished from both files is still approved: removing it takes that back.
    let approved = tools.history.approved_servers(loaded.scope_key())?;
    let (vanished, standing): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| {
        let stands = loaded.lock.servers.contains_key(name) || loaded.manifest.servers.contains_key(name);
        !stands && approved.contains(name)
    });
    let mut names = if standing.is_empty() {
        Vec::new()
    } else {
        queries::select(&loaded, &standing)?
    };
    names.extend(vanished);
    if context.locked {
        return Err(Error::Locked {
            what: "mcp-pin.lock".into(),
        });
    }
    let mut outcome = Outcome::default();
    let mut text = loaded.manifest_text.clone();
    for name in &names {
        if loaded.manifest.servers.contains_key(name) {
            text = edit::remove_server(&text, name).map_err(|source| Error::Edit {
                path: loaded.scope.manifest(),
                source,
            })?;
        }
        if let Some(pin) = loaded.lock.servers.remove(name) {
            let mut line = ServerLine::new(name, Action::Removed, &pin);
            line.notes.clear();
            outcome.servers.push(line);
        }
    }
    // Approvals go first: killed in between, the entry stands and is asked about again.
    for name in &names {
        tools.history.revoke(name, loaded.scope_key(), context.now())?;
        let (scope, now) = (loaded.scope_key(), context.now());
        tools.history.resolve_sightings(name, scope, None, Resolution::Replaced, now)?;
        baseline::forget(&tools, loaded.scope_key(), name);
    }
    loaded.save(&text)?;
    let alerts = Alerts::or_desktop(context);
    for name in &names {
        notices::event(
            &tools.history,
            context.now(),
            EventKind::Remove,
            name,
            None,
            "removed from manifest and lock",
        )?;
        // Delivered with what is told next.
        alerts.over(&tools.history, loaded.scope_key(), name, Over::Removed)?;
    }
    Ok(outcome)
}

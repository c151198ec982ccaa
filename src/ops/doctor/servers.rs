//! Every scope's files: whether manifest and lock agree, and whether this user approved what is locked.

use super::runtimes::within;
use super::{Line, Patient, State};
use crate::history::ApprovalKind;
use crate::lock;
use crate::ops::checks;

/// One line a server that cannot be started, one a scope where all can.
pub(super) fn look(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    const TOPIC: &str = "servers";
    if patient
        .scopes
        .iter()
        .all(|loaded| loaded.lock.servers.is_empty() && loaded.manifest.servers.is_empty())
    {
        lines.push(Line::not(
            TOPIC,
            State::Warn,
            "no server is pinned",
            "mcp-pin install --global npm:NAME",
        ));
    }
    for loaded in &patient.scopes {
        let before = lines.len();
        let names = loaded.lock.servers.keys().chain(
            loaded
                .manifest
                .servers
                .keys()
                .filter(|name| !loaded.lock.servers.contains_key(*name)),
        );
        for name in names {
            let (pin, entry) = (loaded.lock.servers.get(name), loaded.manifest.servers.get(name));
            for finding in checks::manifest(name, pin, entry) {
                let mend = if entry.is_some() {
                    format!("mcp-pin update {name}")
                } else {
                    format!("mcp-pin remove {name}")
                };
                let what = format!("{name} in {}: {}", loaded.scope.folder.display(), finding.title);
                lines.push(Line::not(TOPIC, State::Broken, what, within(&mend, loaded)));
            }
            let Some(pin) = pin else { continue };
            let digest = lock::entry_digest(name, pin);
            let approved = patient
                .history
                .as_ref()
                .map(|history| history.approval_in(&digest, ApprovalKind::Entry, name, loaded.scope_key()));
            match approved.transpose().map(Option::flatten) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    let what = format!(
                        "{name} in {}: you did not approve what the lock holds",
                        loaded.scope.folder.display()
                    );
                    lines.push(Line::not(TOPIC, State::Broken, what, within("mcp-pin install", loaded)));
                }
                Err(error) => lines.push(Line::of(TOPIC, State::Unknown, &error.into())),
            }
        }
        let count = loaded.lock.servers.len();
        if lines.len() == before && count > 0 {
            let s = if count == 1 { "" } else { "s" };
            lines.push(Line::ok(
                TOPIC,
                format!("{count} server{s} pinned and approved in {}", loaded.scope.folder.display()),
            ));
        }
    }
}

//! Clients' configuration files: which servers they start past mcp-pin, and why.

use super::{Line, Patient, State};
use crate::ops::clients::{Locks, Status, Which, files, survey};

const TOPIC: &str = "clients";

/// One line an entry that is not guarded, one for all that are. Nothing is started, and no value of a
/// variable is read out.
pub(super) fn look(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    let found = files(patient.context, Which::All);
    for file in &found {
        if let Err(unread) = &file.entries {
            let what = format!("could not tell which servers {} starts: {}", file.path.display(), unread.why);
            lines.push(Line::not(TOPIC, State::Unknown, what, "mcp-pin import"));
        }
    }
    let locks = match Locks::load(patient.context) {
        Ok(locks) => locks,
        Err(error) => {
            lines.push(Line::of(TOPIC, State::Unknown, &error));
            return;
        }
    };
    let (mut guarded, mut inside) = (0, 0);
    for seen in survey(&found, &locks) {
        let at = format!("{} of {} ({})", seen.entry.name, seen.clients_told(), seen.shown);
        let (why, mend) = match &seen.status {
            Status::Wrapped => {
                guarded += 1;
                continue;
            }
            Status::Inside => {
                inside += 1;
                continue;
            }
            Status::Pinned(name) => (
                format!("is pinned as {name}, and started past mcp-pin"),
                format!("mcp-pin wrap {name}"),
            ),
            Status::NotPinned => (
                "is not pinned".to_owned(),
                "mcp-pin import --all, then `mcp-pin wrap --all`".to_owned(),
            ),
            Status::NotPossible(why) => (format!("cannot be pinned: {why}"), "mcp-pin import".to_owned()),
            Status::Conflict(why) => (format!("is not guarded: {why}"), "mcp-pin import".to_owned()),
        };
        lines.push(Line::not(TOPIC, State::Warn, format!("{at} {why}"), &mend));
    }
    if guarded > 0 || lines.iter().all(|line| line.topic != TOPIC) {
        let parts = if inside > 0 {
            format!(", {inside} part of a client")
        } else {
            String::new()
        };
        lines.push(Line::ok(
            TOPIC,
            format!("{guarded} of clients' servers started through mcp-pin{parts}"),
        ));
    }
}

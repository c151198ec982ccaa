//! Whether anybody would hear of drift: the desktop, and the schedule.

use super::{Line, Patient, State};
use crate::notify::desktop::NotifyError;
use crate::ops::{alerts, schedule};

/// Asks the notification daemon whether it is there, and looks at every schedule.
pub(super) async fn look(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    let context = patient.context;
    let state = crate::notify::desktop::reachable(&alerts::bus(&context.env)).await;
    lines.push(match state {
        Ok(()) => Line::ok("desktop", "a notification daemon answers"),
        // A machine without a desktop has nobody to be told this way, and is not broken.
        Err(error @ NotifyError::NoDesktop) => {
            let mend = "run it inside a desktop session; on a machine without one the exit status of `mcp-pin verify` tells";
            Line::not("desktop", State::Warn, error.to_string(), mend)
        }
        Err(error) => {
            let mend = error.hint().unwrap_or_else(|| "restart the desktop's notification daemon".into());
            Line::not("desktop", State::Broken, error.to_string(), mend)
        }
    });
    schedules(patient, lines).await;
}

async fn schedules(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    const TOPIC: &str = "schedule";
    let none = || {
        Line::not(
            TOPIC,
            State::Warn,
            "nothing verifies your servers by itself",
            "mcp-pin schedule enable",
        )
    };
    // Without a history there is none, and looking would make one.
    if patient.history.is_none() {
        lines.push(none());
        return;
    }
    let status = match schedule::status(patient.context).await {
        Ok(status) => status,
        Err(error) => {
            lines.push(Line::of(TOPIC, State::Unknown, &error));
            return;
        }
    };
    if status.rows.is_empty() {
        lines.push(none());
    }
    for row in &status.rows {
        let every = row
            .every
            .map_or_else(|| "an unknown interval".to_owned(), |every| every.to_string());
        if row.problems.is_empty() {
            let last = row
                .last
                .as_ref()
                .map_or_else(|| "not yet".to_owned(), |run| format!("last at {:.0}", run.began));
            lines.push(Line::ok(TOPIC, format!("{} is verified every {every}, {last}", row.schedule.scope)));
        }
    }
    let of_rows = status
        .rows
        .iter()
        .flat_map(|row| row.problems.iter().map(|problem| (Some(&row.schedule.scope), problem)));
    for (scope, problem) in of_rows.chain(status.problems.iter().map(|problem| (None, problem))) {
        let state = if problem.undecided { State::Unknown } else { State::Broken };
        let what = scope.map_or_else(|| problem.what.clone(), |scope| format!("{scope}: {}", problem.what));
        lines.push(Line::not(TOPIC, state, what, problem.hint.clone()));
    }
}

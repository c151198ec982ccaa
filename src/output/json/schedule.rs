//! Version 1 of what `schedule` says. Fields may be added; none changes its meaning or goes away without
//! a new version.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ops::alerts::Hearer;
use crate::ops::schedule as ops;

/// The schedules of a user.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mcp-pin schedule status")]
pub struct Status {
    /// Always 1 in this form.
    #[schemars(range(min = 1, max = 1))]
    pub schema_version: u32,
    /// `clean`, `findings` (exit status 1), `undecided` (2).
    pub status: String,
    /// One a scope.
    pub schedules: Vec<Schedule>,
    /// Who would hear of drift: every channel of alerts.
    pub tells: Vec<Tells>,
    /// What is wrong outside any of them.
    pub problems: Vec<Problem>,
}

/// One schedule.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Names its files, for `schedule disable NAME`.
    pub name: String,
    /// The lockfile that is verified.
    pub lock: String,
    /// `systemd`, `launchd` or `cron`.
    pub backend: String,
    /// The interval: `6h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// It also looks for newer versions.
    pub checks_updates: bool,
    /// When it was enabled.
    pub enabled: String,
    /// The files that were written, or `crontab`.
    pub files: Vec<String>,
    /// The last run; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Run>,
    /// When the next run is due; absent where the backend does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// A channel of alerts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tells {
    /// Its name.
    pub name: String,
    /// Its type: `desktop`, `webhook`.
    pub r#type: String,
    /// Where it leads, without what may be a secret.
    pub to: String,
    /// From which grade on it hears.
    pub floor: String,
    /// Why it would not hear now: no desktop answers, or it did not take what it was sent last. Absent where
    /// nothing is known against it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deaf: Option<String>,
}

/// A run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// When it began.
    pub began: String,
    /// When it ended; absent where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Its exit status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<u8>,
    /// What it found, in one line. Text in it may come from servers: treat it as hostile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Why nobody could have been told, over any channel; absent where somebody could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untold: Option<String>,
}

/// Something wrong.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What.
    pub what: String,
    /// The command that mends it.
    pub hint: String,
    /// It could not be found out.
    pub undecided: bool,
}

/// What was enabled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enabled {
    schema_version: u32,
    name: String,
    lock: String,
    backend: String,
    every: String,
    changed: bool,
    wrote: Vec<Wrote>,
    tells: Vec<Tells>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Wrote {
    place: String,
    text: String,
}

/// What was taken away.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Disabled {
    schema_version: u32,
    name: String,
    removed: Vec<String>,
}

impl From<&ops::Status> for Status {
    fn from(status: &ops::Status) -> Self {
        let word = if status.all_problems().any(|problem| !problem.undecided) {
            "findings"
        } else if status.all_problems().next().is_some() {
            "undecided"
        } else {
            "clean"
        };
        Self {
            schema_version: 1,
            status: word.to_owned(),
            schedules: status.rows.iter().map(Schedule::from).collect(),
            tells: status.hearers.iter().map(Tells::from).collect(),
            problems: status.problems.iter().map(Problem::from).collect(),
        }
    }
}

impl From<&Hearer> for Tells {
    fn from(hearer: &Hearer) -> Self {
        Self {
            name: hearer.name.clone(),
            r#type: hearer.kind.to_owned(),
            to: hearer.place.clone(),
            floor: hearer.floor.as_str().to_owned(),
            deaf: hearer.deaf.clone(),
        }
    }
}

impl From<&ops::Row> for Schedule {
    fn from(row: &ops::Row) -> Self {
        let schedule = &row.schedule;
        Self {
            name: schedule.name.clone(),
            lock: schedule.scope.clone(),
            backend: schedule.backend.clone(),
            every: row.every.map(|every| every.to_string()),
            checks_updates: schedule.updates,
            enabled: schedule.at.to_string(),
            files: schedule.files.iter().map(|(file, _)| file.clone()).collect(),
            last: row.last.as_ref().map(|run| {
                let end = run.ended.as_ref();
                Run {
                    began: run.began.to_string(),
                    ended: end.map(|end| end.at.to_string()),
                    exit_status: end.map(|end| end.status),
                    summary: end.map(|end| end.summary.clone()),
                    untold: end.and_then(|end| end.untold.clone()),
                }
            }),
            next: row.next.map(|next| next.to_string()),
            problems: row.problems.iter().map(Problem::from).collect(),
        }
    }
}

impl From<&ops::Problem> for Problem {
    fn from(problem: &ops::Problem) -> Self {
        Self {
            what: problem.what.clone(),
            hint: problem.hint.clone(),
            undecided: problem.undecided,
        }
    }
}

impl From<&ops::Enabled> for Enabled {
    fn from(enabled: &ops::Enabled) -> Self {
        let wrote = enabled.wrote.iter().map(|(place, text)| Wrote {
            place: place.clone(),
            text: text.clone(),
        });
        Self {
            schema_version: 1,
            name: enabled.name.clone(),
            lock: enabled.scope.display().to_string(),
            backend: enabled.backend.as_str().to_owned(),
            every: enabled.every.to_string(),
            changed: enabled.changed,
            wrote: wrote.collect(),
            tells: enabled.hearers.iter().map(Tells::from).collect(),
            notes: enabled.notes.clone(),
        }
    }
}

impl From<&ops::Disabled> for Disabled {
    fn from(disabled: &ops::Disabled) -> Self {
        Self {
            schema_version: 1,
            name: disabled.name.clone(),
            removed: disabled.removed.clone(),
        }
    }
}

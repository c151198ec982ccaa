//! What can be seen of the schedules: how they stand, when they ran, what came of it, and what is wrong.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::enable::scope_of;
use super::{CRONTAB, machine, name_of, units};
use crate::error::Error;
use crate::history::{History, Schedule, ScheduledRun};
use crate::ops::alerts::{self, Alerts, Hearer};
use crate::ops::doctor::quoted;
use crate::ops::scope::{self, Scope};
use crate::ops::{Context, queries};
use crate::schedule::{Backend, Every, LaunchAgents, Machine, ScheduleError, Written, cron, standing};

/// A service is given half an hour; a check takes seconds.
const LONGEST: SignedDuration = SignedDuration::from_mins(35);

/// Something that keeps a schedule from doing what it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, in plain words.
    pub what: String,
    /// The command that mends it.
    pub hint: String,
    /// It could not be found out: no more than that is known.
    pub undecided: bool,
}

/// One schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// As it was enabled.
    pub schedule: Schedule,
    /// How often; `None`: what is recorded is no interval of ours.
    pub every: Option<Every>,
    /// The last run.
    pub last: Option<ScheduledRun>,
    /// When the next one is due, where the backend says so.
    pub next: Option<Timestamp>,
    /// The same in words, where only those are known.
    pub when: Option<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// All schedules of this user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// One a scope.
    pub rows: Vec<Row>,
    /// Who would hear of drift.
    pub hearers: Vec<Hearer>,
    /// What is wrong outside any of them.
    pub problems: Vec<Problem>,
    /// The present, for ages.
    pub now: Timestamp,
}

impl Status {
    /// All problems.
    pub fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.rows.iter().flat_map(|row| &row.problems))
    }
}

fn problem(what: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem {
        what: what.into(),
        hint: hint.into(),
        undecided: false,
    }
}

fn unknown(error: &ScheduleError) -> Problem {
    Problem {
        what: error.to_string(),
        hint: error
            .hint()
            .unwrap_or_else(|| "look at it as the user whose schedule it is, in that user's session".into()),
        undecided: true,
    }
}

/// Looks at every schedule. Changes nothing.
///
/// # Errors
/// The history cannot be read.
pub async fn status(context: &Context) -> Result<Status, Error> {
    let history = queries::open_history(context)?;
    let machine = machine(context);
    let now = context.now();
    let mut status = Status { now, ..Status::default() };
    let here = Scope::for_reading(context).0;
    let known = history.schedules()?;
    if known.iter().all(|known| known.scope != here.key()) {
        let name = name_of(context, &here);
        let left = units(&machine, &name)?
            .into_iter()
            .find(|path| matches!(standing(path), Ok(Written::Ours(_))));
        status.problems.extend(left.map(|path| {
            problem(
                format!(
                    "{} is there, and nothing is recorded of it: an `enable` did not finish",
                    path.display()
                ),
                "`mcp-pin schedule enable` finishes it, `mcp-pin schedule disable` removes it",
            )
        }));
    }
    for schedule in known {
        let mut row = Row {
            every: Every::from_seconds(schedule.every),
            last: history.last_run(&schedule.scope)?,
            next: None,
            when: None,
            problems: Vec::new(),
            schedule,
        };
        look(context, &machine, &mut row, now).await;
        status.rows.push(row);
    }
    match told(context, &history).await {
        Ok(hearers) => status.hearers = hearers,
        Err(error) => status.problems.push(Problem {
            what: format!("who would hear of drift could not be found out: {error}"),
            hint: "see `mcp-pin alert status`".into(),
            undecided: true,
        }),
    }
    if !status.rows.is_empty() && !status.hearers.is_empty() {
        status.problems.extend(unheard(context, &status.hearers));
    }
    Ok(status)
}

/// Who would hear of what a scheduled run finds.
pub(super) async fn told(context: &Context, history: &History) -> Result<Vec<Hearer>, Error> {
    Alerts::of(context)?.hearers(history).await
}

/// What to say where nobody hears.
pub(super) fn unheard(context: &Context, hearers: &[Hearer]) -> Option<Problem> {
    let why = alerts::nobody(hearers)?;
    let hint = if hearers.iter().all(|hearer| hearer.kind == "desktop") {
        let manifest = context.config.join(scope::MANIFEST);
        format!(
            "log in to a desktop, or name a channel in {} (`[alerts.NAME]`: webhook, slack, mail, syslog, journald or otlp) and try it with `mcp-pin alert test`",
            manifest.display()
        )
    } else {
        "mcp-pin alert test".to_owned()
    };
    Some(problem(format!("nobody would hear of drift now ({why})"), hint))
}

async fn look(context: &Context, machine: &Machine, row: &mut Row, now: Timestamp) {
    let again = match scope_of(context, &row.schedule) {
        Some(scope) if scope.folder == context.config => "mcp-pin --global schedule enable".to_owned(),
        Some(scope) => format!("cd {} && mcp-pin schedule enable", quoted(&scope.folder)),
        None => {
            let hint = format!("mcp-pin schedule disable {}", row.schedule.name);
            row.problems
                .push(problem(format!("{} is gone: nothing is checked", row.schedule.scope), hint.clone()));
            hint
        }
    };
    program(row, &again);
    let files = row.schedule.files.clone();
    match row.schedule.backend.parse() {
        Ok(Backend::Systemd) => {
            files_of(row, &files, &again);
            systemd(machine, row, &again).await;
        }
        Ok(Backend::Launchd) => {
            files_of(row, &files, &again);
            launchd(machine, row, &again).await;
        }
        Ok(Backend::Cron) => crontab(machine, row, &files, &again).await,
        Err(()) => row
            .problems
            .push(problem("what keeps it is not known to this version", again.clone())),
    }
    runs(row, now, &again);
}

/// The program and the folders that are searched for others must still be there.
fn program(row: &mut Row, again: &str) {
    let program = &row.schedule.program;
    let starts = Path::new(program)
        .metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    if !starts {
        row.problems.push(problem(format!("{program}, which it starts, is gone"), again));
    }
    for folder in &row.schedule.folders {
        if !folder.starts_with("/usr/local") && !Path::new(folder).is_dir() {
            row.problems
                .push(problem(format!("{folder}, where it finds programs, is gone"), again));
        }
    }
}

fn files_of(row: &mut Row, files: &[(String, String)], again: &str) {
    for (path, text) in files {
        let what = match standing(Path::new(path)) {
            Ok(Written::Ours(found)) if found == *text => continue,
            Ok(Written::Ours(_)) => format!("{path} is not what was recorded: an `enable` did not finish, or somebody wrote it anew"),
            Ok(Written::Other) => {
                let hint = format!("look at {path}, remove it, then: {again}");
                row.problems.push(problem(format!("{path} was edited"), hint));
                continue;
            }
            Ok(Written::Nothing) => format!("{path} is gone"),
            Err(error) => {
                row.problems.push(unknown(&error));
                continue;
            }
        };
        row.problems.push(problem(what, again));
    }
}

async fn systemd(machine: &Machine, row: &mut Row, again: &str) {
    let state = async { machine.user_manager().await?.state(&row.schedule.name).await };
    let state = match state.await {
        Ok(state) => state,
        Err(error) => {
            row.problems.push(unknown(&error));
            return;
        }
    };
    row.next = state.next;
    if !state.active {
        row.problems.push(problem("its timer is not running", again));
    }
    if !state.enabled {
        row.problems.push(problem("its timer is not started with your session", again));
    }
    if state.stale {
        let hint = format!("systemctl --user daemon-reload, then: {again}");
        row.problems
            .push(problem("its files changed on disk since systemd read them", hint));
    }
    let ours: Vec<_> = row.schedule.files.iter().map(|(path, _)| Path::new(path)).collect();
    let mut others: Vec<_> = state.fragments.iter().filter(|path| !ours.contains(&path.as_path())).collect();
    others.dedup();
    for other in others {
        let what = format!("systemd also reads {}, which changes it", other.display());
        row.problems.push(problem(
            what,
            format!("look at {}, and remove it if it is not yours", other.display()),
        ));
    }
}

async fn launchd(machine: &Machine, row: &mut Row, again: &str) {
    let loaded = async { machine.launch_agents()?.is_loaded(&row.schedule.name).await };
    match loaded.await {
        Ok(true) => {}
        Ok(false) => row.problems.push(problem("launchd has not loaded it", again)),
        Err(error) => row.problems.push(unknown(&error)),
    }
    if let Ok(home) = machine.home() {
        let path = LaunchAgents::path(&home, &row.schedule.name);
        if row.schedule.files.iter().all(|(file, _)| Path::new(file) != path) {
            row.problems.push(problem("its file stands elsewhere now", again));
        }
    }
}

async fn crontab(machine: &Machine, row: &mut Row, files: &[(String, String)], again: &str) {
    let read = async { machine.crontab()?.read().await };
    let text = match read.await {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => {
            row.problems.push(unknown(&error));
            return;
        }
    };
    let recorded = files.iter().find(|(file, _)| file == CRONTAB).map_or("", |(_, text)| text.as_str());
    row.when = cron::fields(recorded).map(|fields| format!("crontab `{fields}`, in this machine's time"));
    match cron::find(&text, &row.schedule.name) {
        Ok(Some(range)) if text.get(range.clone()) == Some(recorded.as_bytes()) => {}
        Ok(Some(_)) => {
            let hint = format!(
                "look at it with `crontab -l`, remove the block `{}`, then: {again}",
                row.schedule.name
            );
            row.problems.push(problem(
                "its lines of your crontab are not what was recorded: they were edited",
                hint,
            ));
        }
        Ok(None) => row.problems.push(problem("its lines of your crontab are gone", again)),
        Err(error) => row.problems.push(problem(error.to_string(), error.hint().unwrap_or_default())),
    }
    if machine.cron_runs() == Some(false) {
        let what = "no cron daemon seems to run on this machine";
        row.problems.push(problem(what, "start it, for example with `service cron start`"));
    }
}

/// Whether it ran when it should have, to its end, and somebody could have heard of it.
fn runs(row: &mut Row, now: Timestamp, again: &str) {
    let Some(every) = row.every else {
        row.problems
            .push(problem("its recorded interval is none that mcp-pin can keep", again));
        return;
    };
    let since = row.last.as_ref().map_or(row.schedule.at, |last| last.began.max(row.schedule.at));
    let interval = SignedDuration::try_from(every.duration()).unwrap_or(SignedDuration::MAX);
    let spread = SignedDuration::try_from(every.spread()).unwrap_or_default();
    let silent = now.duration_since(since);
    if silent > interval.saturating_mul(2).saturating_add(spread) {
        let when = match &row.last {
            Some(_) => format!("it has not run since {since:.0}"),
            None => format!("it has never run, and was enabled at {since:.0}"),
        };
        let hint = match row.schedule.backend.as_str() {
            "systemd" => format!(
                "if you were logged out meanwhile: `loginctl enable-linger`; else look at `systemctl --user status {}.timer`",
                row.schedule.name
            ),
            "cron" => "look whether cron runs, and what its log says".to_owned(),
            _ => again.to_owned(),
        };
        row.problems
            .push(problem(format!("{when}, which is more than two intervals"), hint));
    } else if silent < SignedDuration::ZERO {
        row.problems.push(problem(
            format!("its last run is dated {since:.0}, which is not yet"),
            "look at this machine's clock",
        ));
    }
    let Some(last) = &row.last else { return };
    let look = "run `mcp-pin verify --notify` by hand and see";
    match &last.ended {
        None if now.duration_since(last.began) > LONGEST => {
            row.problems
                .push(problem(format!("its last run began at {:.0} and did not end", last.began), look));
        }
        Some(end) => {
            if let Some(why) = &end.untold {
                let what = format!("its last run could not have told you: {why}");
                row.problems
                    .push(problem(what, "run `mcp-pin verify --notify` once somebody can be told"));
            }
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::RunEnd;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn row(last: Option<ScheduledRun>) -> Row {
        Row {
            schedule: Schedule {
                scope: "/p/mcp-pin.lock".into(),
                name: "mcp-pin-1".into(),
                backend: "cron".into(),
                every: 6 * 3600,
                updates: false,
                program: "/bin/sh".into(),
                folders: vec!["/nonexistent/bin".into()],
                files: Vec::new(),
                at: at(100),
            },
            every: Every::from_seconds(6 * 3600),
            last,
            next: None,
            when: None,
            problems: Vec::new(),
        }
    }

    fn said(last: Option<ScheduledRun>, now: i64) -> String {
        let mut row = row(last);
        runs(&mut row, at(now), "again");
        row.problems
            .iter()
            .map(|problem| problem.what.clone())
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn silence_of_two_intervals_is_said() {
        assert_eq!(said(None, 112), "");
        assert!(said(None, 113).contains("never run"));
        let ran = |began: i64, ended| ScheduledRun { began: at(began), ended };
        let end = |untold: Option<&str>| RunEnd {
            at: at(120),
            status: 1,
            summary: "1 warning".into(),
            untold: untold.map(str::to_owned),
        };
        assert_eq!(said(Some(ran(120, Some(end(None)))), 132), "");
        assert!(said(Some(ran(120, Some(end(None)))), 133).contains("has not run since"));
        assert!(said(Some(ran(120, Some(end(Some("no daemon"))))), 121).contains("could not have told you: no daemon"));
        assert_eq!(said(Some(ran(120, None)), 120), "");
        assert!(said(Some(ran(120, None)), 121).contains("did not end"));
        assert!(said(Some(ran(120, Some(end(None)))), 119).contains("not yet"));
        // A schedule that was enabled anew is not blamed for the time before.
        assert_eq!(said(Some(ran(10, Some(end(None)))), 101), "");
    }

    #[test]
    fn what_it_starts_must_be_there() {
        let mut row = row(None);
        program(&mut row, "again");
        assert_eq!(row.problems.len(), 1, "{:?}", row.problems);
        row.schedule.program = "/nonexistent/mcp-pin".into();
        program(&mut row, "again");
        assert!(row.problems.iter().any(|problem| problem.what.contains("/nonexistent/mcp-pin")));
    }
}

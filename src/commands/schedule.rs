//! `mcp-pin schedule`: have the servers verified by themselves.

use std::io::{self, Write};

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::ops::alerts::Hearer;
use crate::ops::schedule::{self, CRONTAB, Disabled, Enabled, Options, Row, Status};
use crate::output::json::schedule as json;
use crate::output::plain;
use crate::schedule::{Backend, Every};
use crate::surface::visible;

/// Arguments of `schedule`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Verify this scope's servers at intervals from now on, and tell your channels of alerts of drift (the desktop where none is configured).
    Enable(Enable),
    /// Take away what `enable` wrote.
    Disable(Disable),
    /// Show every schedule: when it ran, what came of it, when it is due, who is told, and what is wrong.
    Status,
}

#[derive(Debug, clap::Args)]
struct Enable {
    /// How often: minutes that divide an hour, hours that divide a day, up to 6 days, or `1w`.
    #[arg(long, default_value_t = Every::DEFAULT, value_name = "INTERVAL", value_parser = every)]
    every: Every,
    /// Also look for newer versions; nothing of them is fetched or started.
    #[arg(long)]
    check_updates: bool,
    /// What keeps the schedule; the machine's own choice without.
    #[arg(long, value_name = "BACKEND", value_parser = ["systemd", "launchd", "cron"])]
    backend: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Disable {
    /// The schedule, as `status` names it; this scope's without.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// An interval, or a usage error that names the nearest one.
fn every(text: &str) -> Result<Every, String> {
    text.parse().map_err(|error: crate::schedule::ScheduleError| {
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{error}{hint}")
    })
}

/// Enables, disables or shows.
///
/// # Errors
/// As the operations say.
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let (context, printer) = (&session.context, &session.printer);
    match args.action {
        Action::Enable(args) => {
            let options = Options {
                every: args.every,
                updates: args.check_updates,
                backend: args.backend.and_then(|word| word.parse().ok()),
            };
            let enabled = schedule::enable(context, options, &session.terminal).await?;
            let written = if printer.is_json() {
                printer.json(&json::Enabled::from(&enabled))
            } else {
                printer.data(|out| show_enabled(out, &enabled))
            };
            written.map_err(Error::output)?;
            for note in &enabled.notes {
                session.printer.talk(&format!("note: {}", visible(note)));
            }
            Ok(ExitStatus::Clean)
        }
        Action::Disable(args) => {
            let disabled = schedule::disable(context, args.name.as_deref(), &session.terminal).await?;
            let written = if printer.is_json() {
                printer.json(&json::Disabled::from(&disabled))
            } else {
                printer.data(|out| show_disabled(out, &disabled))
            };
            written.map_err(Error::output)?;
            Ok(ExitStatus::Clean)
        }
        Action::Status => {
            let status = schedule::status(context).await?;
            let written = if printer.is_json() {
                printer.json(&json::Status::from(&status))
            } else {
                printer.data(|out| show_status(out, &status, session))
            };
            written.map_err(Error::output)?;
            Ok(if status.all_problems().any(|problem| !problem.undecided) {
                ExitStatus::Findings
            } else if status.all_problems().next().is_some() {
                ExitStatus::Undecided
            } else {
                ExitStatus::Clean
            })
        }
    }
}

fn show_enabled(out: &mut dyn Write, enabled: &Enabled) -> io::Result<()> {
    let lock = visible(&enabled.scope.display().to_string());
    if !enabled.changed {
        return writeln!(
            out,
            "{lock} is verified every {} by {} already; nothing was written",
            enabled.every, enabled.backend
        );
    }
    for (place, text) in &enabled.wrote {
        let place = if place == CRONTAB {
            "your crontab".to_owned()
        } else {
            visible(place)
        };
        writeln!(out, "wrote {place}:")?;
        for line in text.lines() {
            writeln!(out, "    {}", visible(line))?;
        }
    }
    writeln!(out, "{lock} is verified every {} by {} from now on", enabled.every, enabled.backend)?;
    show_hearers(out, &enabled.hearers)?;
    let first = match enabled.backend {
        Backend::Systemd => format!("; a first time now: `systemctl --user start {}.service`", enabled.name),
        Backend::Launchd | Backend::Cron => String::new(),
    };
    writeln!(out, "`mcp-pin schedule status` shows how it goes{first}")
}

fn show_disabled(out: &mut dyn Write, disabled: &Disabled) -> io::Result<()> {
    if disabled.removed.is_empty() {
        return writeln!(out, "no schedule was enabled; nothing was removed");
    }
    for place in &disabled.removed {
        if place == CRONTAB {
            writeln!(out, "took the block {} out of your crontab", visible(&disabled.name))?;
        } else {
            writeln!(out, "removed {}", visible(place))?;
        }
    }
    Ok(())
}

fn show_status(out: &mut dyn Write, status: &Status, session: &Session) -> io::Result<()> {
    let style = session.printer.out;
    if status.rows.is_empty() {
        writeln!(out, "no schedule is enabled: `mcp-pin schedule enable` makes one")?;
    }
    for row in &status.rows {
        show_row(out, row)?;
        for problem in &row.problems {
            show_problem(out, problem, style)?;
        }
    }
    if !status.rows.is_empty() {
        show_hearers(out, &status.hearers)?;
    }
    for problem in &status.problems {
        show_problem(out, problem, style)?;
    }
    Ok(())
}

/// Who is told of drift, one channel a line.
fn show_hearers(out: &mut dyn Write, hearers: &[Hearer]) -> io::Result<()> {
    hearers.iter().try_for_each(|hearer| {
        let (name, place) = (visible(&hearer.name), visible(&hearer.place));
        let channel = if hearer.name == hearer.kind {
            place
        } else {
            format!("`{name}`, {} to {place}", hearer.kind)
        };
        match &hearer.deaf {
            None => writeln!(out, "tells {channel}, from {} on", hearer.floor),
            Some(why) => writeln!(out, "DOES NOT REACH {channel}: {}", visible(why)),
        }
    })
}

fn show_row(out: &mut dyn Write, row: &Row) -> io::Result<()> {
    let schedule = &row.schedule;
    let backend = schedule
        .backend
        .parse::<Backend>()
        .map_or_else(|()| visible(&schedule.backend), |backend| backend.to_string());
    let every = row
        .every
        .map_or_else(|| "an unknown interval".to_owned(), |every| every.to_string());
    writeln!(out, "{}", visible(&schedule.scope))?;
    writeln!(out, "  every {every}, by {backend} ({})", visible(&schedule.name))?;
    if schedule.updates {
        writeln!(out, "  also looks for newer versions")?;
    }
    let last = match &row.last {
        None => "never".to_owned(),
        Some(run) => match &run.ended {
            None => format!("{:.0}, not ended yet", run.began),
            Some(end) => format!("{:.0}, exit status {}: {}", run.began, end.status, visible(&end.summary)),
        },
    };
    writeln!(out, "  last run  {last}")?;
    let next = row.next.map(|next| format!("{next:.0}")).or_else(|| row.when.clone());
    writeln!(out, "  next run  {}", next.unwrap_or_else(|| "not known".to_owned()))
}

fn show_problem(out: &mut dyn Write, problem: &schedule::Problem, style: crate::output::Style) -> io::Result<()> {
    let word = if problem.undecided { "could not decide" } else { "wrong" };
    plain::line(out, &format!("  {word}: {}", visible(&problem.what)), 4, style)?;
    plain::line(out, &format!("    hint: {}", visible(&problem.hint)), 6, style)
}

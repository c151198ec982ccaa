//! `mcp-pin outdated`: what is newer, and what holds it back.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{Report, ServerName};
use crate::ops::dates::age;
use crate::ops::outdated::{self, Dated, Found, Held, Row};
use crate::output::outcome::count;
use crate::output::plain;
use crate::surface::visible;

/// Arguments of `outdated`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The servers to ask about; all of this scope without any.
    #[arg(value_name = "NAME")]
    names: Vec<ServerName>,
}

/// Asks and writes a line for each server with something newer. That something is newer is no
/// finding: the exit status is 0, or 2 where a registry could not be asked.
///
/// # Errors
/// As [`outdated::outdated`].
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let found = outdated::outdated(&session.context, &args.names, &session.terminal).await?;
    let printer = &session.printer;
    let written = if printer.is_json() {
        printer.json(&document(&found))
    } else {
        let all = printer.verbose || !args.names.is_empty();
        let open = Report {
            undecided: found.undecided.clone(),
            ..Report::default()
        };
        printer.data(|out| {
            table(out, &found, all)?;
            if open.undecided.is_empty() {
                Ok(())
            } else {
                plain::report(out, &open, printer.out)
            }
        })
    };
    written.map_err(Error::output)?;
    Ok(if found.undecided.is_empty() {
        ExitStatus::Clean
    } else {
        ExitStatus::Undecided
    })
}

fn document(found: &Found) -> Value {
    let dated = |dated: &Option<Dated>| {
        dated
            .as_ref()
            .map(|dated| json!({"version": dated.version, "published": dated.published.map(|date| date.to_string())}))
    };
    let row = |row: &Row| {
        json!({
            "name": row.name.as_str(),
            "source": row.source.to_string(),
            "current": dated(&row.current),
            "wanted": dated(&row.wanted),
            "latest": dated(&row.latest),
            "outdated": row.outdated,
            "local": row.local,
            "heldBack": row.held.iter().map(held).collect::<Vec<_>>(),
        })
    };
    let undecided = |one: &crate::model::report::Undecided| json!({"server": one.server.as_str(), "what": one.what, "hints": one.hints});
    json!({
        "schemaVersion": 1,
        "status": if found.undecided.is_empty() { "clean" } else { "undecided" },
        "servers": found.rows.iter().map(row).collect::<Vec<_>>(),
        "undecided": found.undecided.iter().map(undecided).collect::<Vec<_>>(),
    })
}

fn held(held: &Held) -> Value {
    match held {
        Held::Cooldown { version, until } => json!({"version": version, "by": "cooldown", "until": until.to_string()}),
        Held::Requirement { requirement, version } => json!({"version": version, "by": "requirement", "requirement": requirement}),
        Held::NoWheel { version } => json!({"version": version, "by": "no-wheel"}),
    }
}

fn table(out: &mut dyn Write, found: &Found, all: bool) -> std::io::Result<()> {
    let shown: Vec<_> = found.rows.iter().filter(|row| all || row.outdated).collect();
    let mut lines = vec![["name", "locked", "wanted", "latest", "held back by"].map(str::to_owned)];
    lines.extend(shown.iter().map(|row| cells(row, found.now)));
    let width = |column: usize| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    if !shown.is_empty() {
        for cells in &lines {
            let mut line = String::new();
            for (cell, width) in cells.iter().zip(widths.iter().chain([&0])) {
                line.extend([format!("{cell:<width$}"), "  ".to_owned()]);
            }
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    let packages = found.rows.iter().filter(|row| !row.local);
    let current = packages.clone().filter(|row| !row.outdated).count();
    if current > 0 || packages.count() == 0 && found.undecided.is_empty() {
        let verb = if current == 1 { "has" } else { "have" };
        writeln!(out, "{} {verb} nothing newer", count(current, "server"))?;
    }
    Ok(())
}

fn cells(row: &Row, now: Timestamp) -> [String; 5] {
    let version = |dated: &Option<Dated>| dated.as_ref().map_or_else(|| "-".to_owned(), |dated| visible(&dated.version));
    let latest = row.latest.as_ref().map(|latest| {
        let age = latest.published.map(|date| format!(" ({} ago)", age(now, date)));
        format!("{}{}", visible(&latest.version), age.unwrap_or_default())
    });
    let reasons: Vec<_> = row.held.iter().map(reason).collect();
    let why = if row.local {
        "a command of this machine: nobody publishes versions of it".to_owned()
    } else {
        reasons.join("; ")
    };
    [
        row.name.to_string(),
        version(&row.current),
        version(&row.wanted),
        latest.unwrap_or_else(|| "-".to_owned()),
        why,
    ]
}

fn reason(held: &Held) -> String {
    match held {
        Held::Cooldown { version, until } => format!("{}: cooldown until {}", visible(version), until.strftime("%Y-%m-%d %H:%M UTC")),
        Held::Requirement { requirement, version } => format!("{}: mcp-pin.toml asks for `{}`", visible(version), visible(requirement)),
        Held::NoWheel { version } => format!("{}: it has no wheel", visible(version)),
    }
}

//! `mcp-pin import`: list the servers that AI clients start, and pin them.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::cli::{ConsentArgs, ProbeArgs};
use crate::clients::{EntryScope, Launch, address, command_line};
use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{Grade, Report, ServerName};
use crate::ops::clients::{ClientFile, Seen, Status};
use crate::ops::import::{self, Imported, Options};
use crate::output::outcome::{self, count};
use crate::output::{Printer, error as error_output};
use crate::surface::visible;

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mcp-pin import                        # the list; on a terminal it asks what to pin
  mcp-pin import --all                  # pins everything that can be pinned
  mcp-pin import memory git             # pins these two
  mcp-pin import cursor:memory --as memory-cursor
  mcp-pin import --acknowledge          # agrees to what the files say, without pinning")]
pub struct Args {
    /// Which servers to pin, by their name in a client, or `CLIENT:NAME`.
    #[arg(value_name = "NAME", conflicts_with = "all")]
    names: Vec<String>,
    /// Pin every server that can be pinned.
    #[arg(long)]
    all: bool,
    /// What the one server that is named is called in the lock.
    #[arg(long = "as", value_name = "NAME")]
    rename: Option<ServerName>,
    /// Agree to what clients' files say now, without pinning it: `verify` reports what changes after
    /// that.
    #[arg(long, conflicts_with_all = ["all", "rename"])]
    acknowledge: bool,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    consent: ConsentArgs,
}

/// How many files that were not looked at are named.
const NAMED: usize = 20;

/// Lists and pins.
///
/// # Errors
/// As [`import::import`]. What could not be pinned is shown, and in the exit status.
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let options = Options {
        names: args.names,
        all: args.all,
        rename: args.rename,
        acknowledge: args.acknowledge,
        probe: !args.probe.no_probe,
        unsandboxed: args.probe.probe_unsandboxed,
        consent: session.consent(&args.consent),
    };
    let done = import::import(&session.context, options, &session.terminal).await?;
    let printed = if session.printer.is_json() {
        session.printer.json(&document(&done))
    } else {
        plain(&done, &session.printer)
    };
    printed.map_err(Error::output)?;
    Ok(status(&done))
}

/// A file that could not be read, or a server that could not be pinned, is never a pass.
fn status(done: &Imported) -> ExitStatus {
    let refused = done
        .results
        .iter()
        .filter_map(|(_, result)| result.as_ref().err())
        .map(Error::exit_status);
    let undecided = done.results.iter().filter_map(|(_, result)| result.as_ref().ok()).any(|outcome| {
        let report = Report {
            findings: Vec::new(),
            ..outcome.report.clone()
        };
        report.status(Grade::Notice) != crate::model::report::Status::Clean
    });
    let worst = refused.max().unwrap_or(0);
    ExitStatus::Passed(if !done.unread.is_empty() || undecided {
        worst.max(2)
    } else {
        worst
    })
}

fn plain(done: &Imported, printer: &Printer) -> io::Result<()> {
    for (name, result) in &done.results {
        match result {
            Ok(result) => outcome::show(printer, result, false)?,
            Err(error) => {
                printer.talk(&format!("{name} was not pinned:"));
                error_output::talk(printer, error);
            }
        }
    }
    printer.data(|out| {
        if done.list_only {
            list(out, done)?;
        }
        for file in &done.unread {
            unread(out, file)?;
        }
        if done.list_only {
            elsewhere(out, done)?;
        }
        summary(out, done)
    })
}

fn list(out: &mut dyn Write, done: &Imported) -> io::Result<()> {
    let rows: Vec<[String; 4]> = done
        .seen
        .iter()
        .map(|one| {
            [
                visible(&one.entry.name),
                one.clients_told(),
                one.entry.scope.as_str().to_owned(),
                state(one),
            ]
        })
        .collect();
    let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, clients, scopes) = (wide(0).min(40), wide(1).min(40), wide(2));
    let mut file = None;
    for (one, row) in done.seen.iter().zip(&rows) {
        if file != Some(&one.file) {
            writeln!(out, "{}", visible(&one.file.display().to_string()))?;
            file = Some(&one.file);
        }
        let [name, client, scope, state] = row;
        writeln!(out, "  {name:<names$}  {client:<clients$}  {scope:<scopes$}  {state}")?;
        writeln!(out, "  {:<names$}  starts: {}", "", visible(&starts(one)))?;
        if let EntryScope::Local { folder } = &one.entry.scope {
            writeln!(out, "  {:<names$}  in: {}", "", visible(folder))?;
        }
        if let Some(why) = why(one) {
            writeln!(out, "  {:<names$}  {}", "", visible(why))?;
        }
    }
    Ok(())
}

fn state(one: &Seen) -> String {
    let word = match &one.status {
        Status::Wrapped => "wrapped".to_owned(),
        Status::Pinned(name) if *name == one.name => "pinned, not wrapped".to_owned(),
        Status::Pinned(name) => format!("pinned as {name}, not wrapped"),
        Status::NotPinned if one.name.as_str() != one.entry.name => format!("not pinned; would be {}", one.name),
        Status::NotPinned => "not pinned".to_owned(),
        Status::NotPossible(_) => "cannot be pinned as it is".to_owned(),
        Status::Inside => "part of the client".to_owned(),
        Status::Conflict(_) => "name conflict".to_owned(),
    };
    if one.entry.disabled { format!("{word}, disabled") } else { word }
}

fn why(one: &Seen) -> Option<&str> {
    match &one.status {
        Status::NotPossible(why) | Status::Conflict(why) => Some(why),
        _ => None,
    }
}

/// What the file says, without what looks like a secret.
fn starts(one: &Seen) -> String {
    match &one.entry.launch {
        Launch::Stdio(stdio) => command_line(stdio),
        Launch::Remote(remote) => address(&remote.url),
        Launch::Inside { what } => what.clone(),
        Launch::NotUnderstood { .. } => "?".to_owned(),
    }
}

fn unread(out: &mut dyn Write, file: &ClientFile) -> io::Result<()> {
    let Err(unread) = &file.entries else { return Ok(()) };
    let names: Vec<_> = file.clients.iter().map(|client| client.name).collect();
    writeln!(
        out,
        "unread: {} ({}): {}",
        visible(&file.path.display().to_string()),
        names.join(", "),
        visible(&unread.why.to_string())
    )
}

/// What the list does not hold.
fn elsewhere(out: &mut dyn Write, done: &Imported) -> io::Result<()> {
    for file in done.elsewhere.iter().take(NAMED) {
        writeln!(
            out,
            "not looked at: {} (of another project that a client was started in: run `mcp-pin import` there)",
            visible(&file.display().to_string())
        )?;
    }
    match done.elsewhere.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => writeln!(out, "not looked at: {more} more such files"),
    }
}

fn summary(out: &mut dyn Write, done: &Imported) -> io::Result<()> {
    let number = |is: fn(&Status) -> bool| done.seen.iter().filter(|one| is(&one.status)).count();
    let open = number(|status| matches!(status, Status::NotPinned));
    if done.acknowledged > 0 {
        writeln!(
            out,
            "agreed to {} as they are",
            count(done.acknowledged, "entry").replace("entrys", "entries")
        )?;
    }
    if done.seen.is_empty() && done.unread.is_empty() {
        return writeln!(out, "no server stands in any client's file");
    }
    if !done.list_only {
        return Ok(());
    }
    writeln!(
        out,
        "{}: {} wrapped, {} pinned, {open} not pinned, {} in conflict, {} that cannot be pinned",
        count(done.seen.len(), "server"),
        number(|status| matches!(status, Status::Wrapped)),
        number(|status| matches!(status, Status::Pinned(_))),
        number(|status| matches!(status, Status::Conflict(_))),
        number(|status| matches!(status, Status::NotPossible(_) | Status::Inside)),
    )?;
    if open > 0 {
        writeln!(out, "next: `mcp-pin import --all` pins what is not pinned")?;
    }
    Ok(())
}

fn document(done: &Imported) -> Value {
    let servers: Vec<_> = done.seen.iter().map(server).collect();
    let unread: Vec<_> = done
        .unread
        .iter()
        .map(|file| {
            json!({
                "clients": file.clients.iter().map(|client| client.id).collect::<Vec<_>>(),
                "file": file.path.display().to_string(),
                "why": file.entries.as_ref().err().map(|unread| unread.why.to_string()),
            })
        })
        .collect();
    let results: Vec<_> = done
        .results
        .iter()
        .map(|(name, result)| match result {
            Ok(_) => json!({"name": name.as_str(), "pinned": true}),
            Err(error) => json!({"name": name.as_str(), "pinned": false, "error": error.to_string(), "hints": error.hints()}),
        })
        .collect();
    json!({
        "schemaVersion": 1,
        "servers": servers,
        "unread": unread,
        "notLookedAt": done.elsewhere.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
        "results": results,
        "acknowledged": done.acknowledged,
    })
}

fn server(one: &Seen) -> Value {
    let (env, headers) = match &one.entry.launch {
        Launch::Stdio(stdio) => (stdio.env.clone(), Vec::new()),
        Launch::Remote(remote) => (Vec::new(), remote.headers.iter().map(|header| header.name.clone()).collect()),
        _ => Default::default(),
    };
    json!({
        "name": one.entry.name,
        "as": match &one.status {
            Status::Pinned(name) => name.as_str(),
            _ => one.name.as_str(),
        },
        "clients": one.clients.iter().map(|client| client.id).collect::<Vec<_>>(),
        "scope": one.entry.scope.as_str(),
        "folder": match &one.entry.scope {
            EntryScope::Local { folder } => Some(folder),
            EntryScope::Of(_) => None,
        },
        "lock": one.owner.as_str(),
        "file": one.file.display().to_string(),
        "line": one.entry.at.line,
        "place": one.entry.key(),
        "starts": starts(one),
        "means": one.meaning.told(),
        "env": env,
        "headers": headers,
        "status": one.status.as_str(),
        "why": why(one),
        "disabled": one.entry.disabled,
    })
}

//! `mcp-pin log`: installs, approvals, drift, alerts, oldest first; and whether the log still says
//! what was written.

use std::io::{self, Write};

use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::history::{Event, EventFilter, EventKind, Head, LogCheck, Plan};
use crate::model::{Fingerprint, Grade, ServerName};
use crate::ops::log;
use crate::output::json::line;
use crate::output::outcome::count;
use crate::surface::visible;

/// Arguments of `log`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    task: Option<Task>,
    /// Only what is about this server.
    #[arg(value_name = "NAME")]
    name: Option<ServerName>,
    /// The same, for a server that is called like one of the commands above.
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    server: Option<ServerName>,
    /// Only since then: a date (2026-11-01, UTC), an instant, or how long ago (30m, 12h, 7d, 2w).
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Only what is graded so or worse.
    #[arg(long, value_name = "GRADE", value_parser = PossibleValuesParser::new(["info", "notice", "warning", "critical"]))]
    grade: Option<String>,
    /// Only these kinds (may be repeated): install, update, approve, revoke, drift, refusal, alert...
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = PossibleValuesParser::new(KINDS))]
    kind: Vec<String>,
    /// Only the last so many; 0 for all.
    #[arg(short = 'n', long, default_value_t = 50, value_name = "COUNT")]
    limit: u32,
    /// Write JSON, one object a line.
    #[arg(long)]
    lines: bool,
}

/// What else can be done with the log.
#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Check that no row was edited, removed, moved or put in, and that each approval has its row.
    Verify(VerifyArgs),
    /// Print the number and hash of the last row, to be noted on another machine.
    Head(HeadArgs),
    /// Remove old rows: shows the plan, and does nothing without --execute.
    Prune(PruneArgs),
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// A head that was noted elsewhere, as `mcp-pin log head` printed it: it must stand in the log.
    #[arg(long, value_name = "HEAD")]
    expect: Option<Head>,
    /// Go on with a log that is broken, exactly as it is now: asks, or takes the fingerprint of what is wrong.
    /// A row of the log says so, each later check repeats it, and approvals in doubt are taken back.
    #[arg(long, value_name = "FINGERPRINT", num_args = 0..=1, require_equals = true, conflicts_with = "expect")]
    #[expect(clippy::option_option, reason = "not given, given, and given with a value are three things")]
    accept_break: Option<Option<Fingerprint>>,
}

#[derive(Debug, clap::Args)]
struct HeadArgs {
    /// Note it anew beside the database, whatever is noted there: after restoring a backup.
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, clap::Args)]
struct PruneArgs {
    /// Rows older than this go: a date (2026-11-01, UTC), an instant, or an age (12h, 90d, 52w).
    #[arg(long, value_name = "WHEN")]
    older_than: String,
    /// Do it.
    #[arg(long)]
    execute: bool,
}

/// The words of every kind.
const KINDS: [&str; EventKind::ALL.len()] = {
    let mut words = [""; EventKind::ALL.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = EventKind::ALL[at].as_str();
        at += 1;
    }
    words
};

/// Writes a line an event, or does what the subcommand says.
///
/// # Errors
/// The history cannot be read, or holds what mcp-pin did not write.
pub async fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    match &args.task {
        None => show(args, session),
        Some(Task::Verify(verify)) => check(verify, session).await,
        Some(Task::Head(head)) => {
            let head = log::head(&session.context, head.keep)?;
            let printed = if session.printer.is_json() {
                session.printer.json(&json!({"schemaVersion": 1, "head": head_json(&head)}))
            } else {
                session.printer.data(|out| writeln!(out, "{head}"))
            };
            printed.map_err(Error::output)?;
            Ok(ExitStatus::Clean)
        }
        Some(Task::Prune(prune)) => retention(prune, session),
    }
}

fn moment(text: &str, session: &Session) -> Result<jiff::Timestamp, Error> {
    log::moment(text, session.context.now()).map_err(|what| Error::NotPossible {
        what: format!("read the time: {what}"),
        hint: None,
    })
}

fn show(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let filter = EventFilter {
        server: args.name.clone().or_else(|| args.server.clone()),
        since: args.since.as_deref().map(|text| moment(text, session)).transpose()?,
        kinds: args.kind.iter().filter_map(|word| word.parse().ok()).collect(),
        grade: args.grade.as_deref().and_then(|word| word.parse().ok()),
        limit: Some(args.limit).filter(|limit| *limit > 0),
    };
    let (events, more) = log::events(&session.context, &filter)?;
    let printed = if args.lines {
        session
            .printer
            .data(|out| events.iter().try_for_each(|event| line(out, &event_json(event))))
    } else if session.printer.is_json() {
        let events: Vec<_> = events.iter().map(event_json).collect();
        session.printer.json(&json!({"schemaVersion": 1, "events": events, "more": more}))
    } else {
        session.printer.data(|out| events.iter().try_for_each(|event| plain(out, event)))
    };
    printed.map_err(Error::output)?;
    if more {
        session
            .printer
            .talk(&format!("only the last {} are shown: `--limit 0` shows all", events.len()));
    }
    Ok(ExitStatus::Clean)
}

fn event_json(event: &Event) -> Value {
    json!({
        "id": event.id,
        "at": event.at.to_string(),
        "kind": event.kind.as_str(),
        "server": event.server.as_ref().map(ServerName::as_str),
        "grade": event.grade.map(Grade::as_str),
        "summary": event.summary,
        "detail": event.detail,
        "hash": event.hash,
    })
}

fn plain(out: &mut dyn Write, event: &Event) -> io::Result<()> {
    let server = event.server.as_ref().map_or("-", ServerName::as_str);
    let grade = event.grade.map(|grade| format!(" {grade}")).unwrap_or_default();
    writeln!(
        out,
        "{:.0}  {:<8} {server}{grade}  {}",
        event.at,
        event.kind.as_str(),
        visible(&event.summary)
    )
}

fn head_json(head: &Head) -> Value {
    json!({"count": head.count, "hash": head.hash})
}

async fn check(args: &VerifyArgs, session: &Session) -> Result<ExitStatus, Error> {
    let mut check = log::verify(&session.context, args.expect.as_ref())?;
    if let Some(named) = args.accept_break.as_ref().filter(|_| !check.problems.is_empty()) {
        // What one agrees to has to be read first; on standard output stands what came of it.
        for problem in check.problems.iter().take(SHOWN) {
            session.printer.insist(&format!("TAMPERED  {}", visible(&problem.to_string())));
        }
        if let Some(more @ 1..) = check.problems.len().checked_sub(SHOWN) {
            session
                .printer
                .insist(&format!("and {more} more: `mcp-pin log verify --format json` has all"));
        }
        if let Some(accepted) = log::accept_break(&session.context, &check, named.as_ref(), &session.terminal).await? {
            for (server, scope) in &accepted.revoked {
                session.printer.insist(&format!(
                    "the approvals of {} in {} are taken back: look at it and approve it anew",
                    visible(server),
                    visible(scope)
                ));
            }
            check = log::verify(&session.context, None)?;
        }
    }
    let printed = if session.printer.is_json() {
        session.printer.json(&check_json(&check))
    } else {
        session.printer.data(|out| told(out, &check))
    };
    printed.map_err(Error::output)?;
    if check.problems.is_empty() {
        return Ok(ExitStatus::Clean);
    }
    let rows = check.problems.iter().any(|problem| !problem.is_of_head());
    let hint = if rows {
        "compare with a backup of state.db; only if you know why it is so, `mcp-pin log verify --accept-break` goes on, and says so from then on"
    } else {
        "compare with a backup of state.db; only if you know why it is so, `mcp-pin log head --keep` notes the present end of the log anew, and says so in the log"
    };
    session.printer.insist(&format!("hint: {hint}"));
    Ok(ExitStatus::Findings)
}

fn check_json(check: &LogCheck) -> Value {
    let problems: Vec<_> = check.problems.iter().map(ToString::to_string).collect();
    let acknowledged: Vec<_> = check
        .acknowledged
        .iter()
        .map(|told| json!({"row": told.row, "by": told.by, "at": told.at.to_string(), "problems": told.said}))
        .collect();
    json!({
        "schemaVersion": 1,
        "whole": check.problems.is_empty() && check.acknowledged.is_empty(),
        "rows": check.rows,
        "pruned": check.pruned,
        "approvals": check.approvals,
        "head": head_json(&check.head),
        "behind": check.behind,
        "problems": problems,
        "fingerprint": Some(&check.fingerprint).filter(|_| !check.problems.is_empty()).map(Fingerprint::as_str),
        "acknowledged": acknowledged,
    })
}

/// Problems shown; the rest is counted.
const SHOWN: usize = 20;

fn told(out: &mut dyn Write, check: &LogCheck) -> io::Result<()> {
    for problem in check.problems.iter().take(SHOWN) {
        writeln!(out, "TAMPERED  {}", visible(&problem.to_string()))?;
    }
    if let Some(more @ 1..) = check.problems.len().checked_sub(SHOWN) {
        writeln!(out, "and {more} more")?;
    }
    let number = |rows: i64, noun: &str| count(usize::try_from(rows).unwrap_or_default(), noun);
    let rows = number(check.rows, "row");
    for told in &check.acknowledged {
        writeln!(out, "ACKNOWLEDGED  in row {} by {} at {:.0}:", told.row, visible(&told.by), told.at)?;
        for said in told.said.iter().take(SHOWN) {
            writeln!(out, "    {}", visible(said))?;
        }
    }
    let breaks = count(check.acknowledged.len(), "acknowledged break");
    if !check.problems.is_empty() {
        writeln!(
            out,
            "the log was tampered with: {} in {rows} (fingerprint {})",
            count(check.problems.len(), "problem"),
            check.fingerprint
        )?;
    } else if check.acknowledged.is_empty() {
        writeln!(
            out,
            "the log is whole: {rows}, {} in force, each with its row",
            count(check.approvals, "approval")
        )?;
    } else {
        writeln!(
            out,
            "the log is whole but for {breaks}: {rows}, {} in force, each with its row",
            count(check.approvals, "approval")
        )?;
    }
    if check.pruned > 0 {
        writeln!(out, "{} before them removed by `mcp-pin log prune`", number(check.pruned, "row"))?;
    }
    if check.behind > 0 {
        writeln!(
            out,
            "the noted head is {} behind: mcp-pin was stopped between its two writes",
            number(check.behind, "row")
        )?;
    }
    writeln!(out, "head {}", check.head)
}

fn retention(args: &PruneArgs, session: &Session) -> Result<ExitStatus, Error> {
    let execute = args.execute || session.context.yes;
    let plan = log::prune(&session.context, moment(&args.older_than, session)?, execute)?;
    let done = execute && plan.rows > 0;
    let printed = if session.printer.is_json() {
        session.printer.json(&json!({
            "schemaVersion": 1,
            "executed": done,
            "rows": plan.rows,
            "kinds": plan.kinds,
            "carried": plan.carried,
            "kept": plan.kept,
        }))
    } else {
        session.printer.data(|out| planned(out, &plan, done))
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

fn planned(out: &mut dyn Write, plan: &Plan, done: bool) -> io::Result<()> {
    let number = |rows: i64| count(usize::try_from(rows).unwrap_or_default(), "row");
    if plan.rows == 0 {
        return writeln!(out, "nothing is that old");
    }
    let verb = if done { "removed" } else { "would remove" };
    writeln!(out, "{verb} {} of {}", number(plan.rows), number(plan.rows + plan.kept))?;
    for (kind, rows) in &plan.kinds {
        writeln!(out, "  {:<8} {rows}", visible(kind))?;
    }
    if plan.carried > 0 {
        let verb = if done { "were" } else { "would be" };
        let carried = count(plan.carried, "approval");
        writeln!(out, "{carried} in force {verb} written down again: none is lost")?;
    }
    if !done {
        writeln!(out, "nothing was removed: `--execute` does it")?;
    }
    Ok(())
}

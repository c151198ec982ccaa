//! `mcp-pin unwrap`: clients' files become what they were before `wrap`.

use std::path::PathBuf;

use serde_json::json;

use crate::commands::Session;
use crate::commands::wrap::{Asking, Which, changes, heading, short, skipped};
use crate::error::{Error, ExitStatus};
use crate::ops::Interact as _;
use crate::ops::unwrap::{self, FilePlan, Plan};
use crate::output::edits;
use crate::surface::visible;

/// Arguments of `unwrap`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each entry gets the bytes it had before `mcp-pin wrap`; whatever else was changed in the file since stays, and the copy of \
the file as it was then is kept and named. An entry that somebody edited after it was wrapped, and that still starts mcp-pin, \
is shown and left alone; so is one that was changed by hand to start mcp-pin, as what stood there is not known.

Exit status: 0 done, 2 something is left for you to do (such an entry, a file that could not be changed).")]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Show what it would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Shows each file's change, asks, and writes.
///
/// # Errors
/// As [`unwrap::plan`]; nobody to ask and no `--yes`.
pub fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let dry_run = args.dry_run;
    let plan = unwrap::plan(&session.context, &args.which.options(false))?;
    let asking = Asking {
        session,
        dry_run,
        verb: "unwrap",
    };
    let mut done = Vec::new();
    let mut failed = false;
    for file in &plan.files {
        let head = heading(session, file.client.name, &file.path);
        // Nothing of the file changes where only something remembered is forgotten.
        let changes = !file.entries.is_empty();
        if changes {
            asking.show(&head, &file.notes, &file.lines)?;
        }
        if if changes {
            asking.agreed(&format!("change {head}?"))?
        } else {
            !dry_run
        } {
            match unwrap::apply(&session.context, file, &session.terminal) {
                Ok(copy) => done.push(Done { file, copy }),
                Err(error) => {
                    crate::output::error::talk(&session.printer, &error);
                    failed = true;
                }
            }
        }
    }
    result(session, &plan, &done, dry_run)?;
    let left = plan.skipped.iter().any(|skipped| skipped.left);
    Ok(if failed || left || !plan.conflicts.is_empty() {
        ExitStatus::Undecided
    } else {
        ExitStatus::Clean
    })
}

/// A file that was written, and the copy of it that is kept for good.
struct Done<'a> {
    file: &'a FilePlan,
    copy: Option<PathBuf>,
}

fn result(session: &Session, plan: &Plan, done: &[Done<'_>], dry_run: bool) -> Result<(), Error> {
    let printer = &session.printer;
    if printer.is_json() {
        let entries = |file: &FilePlan| {
            let one = |entry: &String| json!({"client": file.client.id, "file": file.path, "entry": entry});
            file.entries.iter().map(one).collect::<Vec<_>>()
        };
        let conflicts = plan.conflicts.iter().map(|conflict| {
            json!({
                "client": conflict.client.id, "file": conflict.path, "entry": conflict.entry,
                "copy": conflict.copy, "changes": changes(&conflict.path, &conflict.lines),
            })
        });
        let document = json!({
            "schemaVersion": 1, "dryRun": dry_run,
            "unwrapped": done.iter().flat_map(|done| entries(done.file)).collect::<Vec<_>>(),
            "planned": plan.files.iter().filter(|_| dry_run).flat_map(entries).collect::<Vec<_>>(),
            "copies": done.iter().filter_map(|done| Some(json!({"file": done.file.path, "copy": done.copy.as_ref()?}))).collect::<Vec<_>>(),
            "changes": plan.files.iter().map(|file| changes(&file.path, &file.lines)).collect::<Vec<_>>(),
            "skipped": skipped(&plan.skipped), "conflicts": conflicts.collect::<Vec<_>>(),
        });
        return printer.json(&document).map_err(Error::output);
    }
    let told = printer.data(|out| {
        for Done { file, .. } in done {
            for entry in &file.entries {
                writeln!(
                    out,
                    "unwrapped {}  in {}",
                    visible(entry),
                    heading(session, file.client.name, &file.path)
                )?;
            }
        }
        for skipped in &plan.skipped {
            let entry = skipped
                .entry
                .as_deref()
                .map_or(String::new(), |entry| format!("{}  ", visible(entry)));
            writeln!(
                out,
                "skipped   {entry}in {}: {}",
                visible(&skipped.path.display().to_string()),
                visible(&skipped.why)
            )?;
        }
        for conflict in &plan.conflicts {
            let head = heading(session, conflict.client.name, &conflict.path);
            writeln!(
                out,
                "edited    {}  in {head}: from what it is to what it was:",
                visible(&conflict.entry)
            )?;
            edits::lines(out, &conflict.lines, printer.out)?;
        }
        if plan.files.is_empty() && plan.skipped.is_empty() && plan.conflicts.is_empty() {
            writeln!(out, "nothing to unwrap: no entry of a client is wrapped")?;
        }
        Ok(())
    });
    told.map_err(Error::output)?;
    for conflict in &plan.conflicts {
        let copy = conflict
            .copy
            .as_ref()
            .map_or(String::new(), |copy| format!("; the file as it was before: {}", copy.display()));
        session.terminal.warn(&format!(
            "`{}` was edited after it was wrapped, and is left as it is: take over by hand what you want of the lines above{copy}",
            conflict.entry
        ));
    }
    for (done, copy) in done.iter().filter_map(|done| Some((done, done.copy.as_ref()?))) {
        session.terminal.warn(&format!(
            "{} was edited while it was wrapped, and is not byte for byte what it was before; that is kept in {}, which is yours to remove",
            short(session, &done.file.path),
            copy.display()
        ));
    }
    if !done.is_empty() {
        session
            .terminal
            .note("clients read their files when they start: restart those that run");
    }
    Ok(())
}

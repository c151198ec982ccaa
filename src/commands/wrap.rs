//! `mcp-pin wrap`: clients start `mcp-pin run NAME` where they started a pinned server by themselves.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::clients::edit::{Line, LineKind};
use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::ops::Interact as _;
use crate::ops::wrap::{self, FilePlan, Options, Patch, Plan, Skipped};
use crate::output::edits;
use crate::surface::visible;

/// Arguments of `wrap`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What is written: the absolute path of this mcp-pin, `run`, and the server's name (for a server of a project's lock also \
`--lock` with its path). Clients of the desktop have another search path than your shell, which is why the path is \
absolute. Variables, comments, order and everything else in the file stay as they are.

Only entries are changed that start exactly what you pinned and approved. One that differs (other arguments, another exact \
version) is shown, and changed when you name it.

`mcp-pin unwrap` puts everything back, byte for byte. What is needed for that, and a copy of each file, is kept in the data \
folder, readable by you alone.

Exit status: 0 done, 2 something is left for you to do (a printed patch, an entry or a file that could not be read or changed).")]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Also change files of the project, which others use too: paths of this machine are written into them.
    #[arg(long)]
    project: bool,
    /// Show what it would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which entries.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Which {
    /// Entries, by their name in the client or the server's name in the lock.
    #[arg(value_name = "NAME", conflicts_with = "all")]
    names: Vec<String>,
    /// Only entries of this client, for example `cursor` (may be repeated).
    #[arg(long, value_name = "ID")]
    client: Vec<String>,
    /// Every entry.
    #[arg(long)]
    all: bool,
}

impl Which {
    pub(super) fn options(self, project: bool) -> Options {
        Options {
            names: self.names,
            clients: self.client,
            project,
        }
    }
}

/// Shows each file's change, asks, and writes.
///
/// # Errors
/// As [`wrap::plan`]; nobody to ask and no `--yes`.
pub fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let dry_run = args.dry_run;
    let options = args.which.options(args.project);
    let plan = wrap::plan(&session.context, &options)?;
    warn(session, &plan);
    let asking = Asking {
        session,
        dry_run,
        verb: "wrap",
    };
    let mut done = Vec::new();
    let mut failed = false;
    for file in &plan.files {
        let head = heading(session, file.client.name, &file.path);
        asking.show(&head, &file.notes, &file.lines)?;
        if asking.agreed(&format!("change {head}?"))? {
            match wrap::apply(&session.context, file, &session.terminal) {
                Ok(()) => done.push(file),
                Err(error) => {
                    crate::output::error::talk(&session.printer, &error);
                    failed = true;
                }
            }
        }
    }
    result(session, &plan, &done, dry_run)?;
    Ok(
        if failed || !plan.patches.is_empty() || plan.skipped.iter().any(|skipped| is_left(&options, skipped)) {
            ExitStatus::Undecided
        } else {
            ExitStatus::Clean
        },
    )
}

/// What could not be changed, and an entry that was asked for by name and is not: no success.
fn is_left(options: &Options, skipped: &Skipped) -> bool {
    skipped.left || skipped.entry.as_ref().is_some_and(|entry| options.names.contains(entry))
}

/// Folders of ours that only this shell knows of: a client finds no lock then.
fn warn(session: &Session, plan: &Plan) {
    let env = &session.context.env;
    let home = env.get("HOME").map(PathBuf::from).unwrap_or_default();
    let usual = [
        ("MCP_PIN_HOME", None),
        ("XDG_DATA_HOME", Some(".local/share")),
        ("XDG_CONFIG_HOME", Some(".config")),
    ];
    let moved = |(name, folder): &(&str, Option<&str>)| {
        let value = env.get(name).map(PathBuf::from);
        value.is_some_and(|value| folder.is_none_or(|folder| value != home.join(folder)))
    };
    if let Some((name, _)) = usual.iter().find(|variable| moved(variable))
        && !plan.files.is_empty()
    {
        session.terminal.warn(&format!(
            "{name} is set here; a client that is not started from here does not have it, and finds no lock: set it for the whole login"
        ));
    }
}

/// Shows changes and asks about them.
pub(super) struct Asking<'a> {
    pub(super) session: &'a Session,
    pub(super) dry_run: bool,
    pub(super) verb: &'static str,
}

impl Asking<'_> {
    /// Shows one file's change.
    pub(super) fn show(&self, heading: &str, notes: &[String], groups: &[Vec<Line>]) -> Result<(), Error> {
        let printer = &self.session.printer;
        if printer.is_document() {
            return Ok(());
        }
        let shown = printer.data(|out| {
            writeln!(out, "{heading}")?;
            edits::lines(out, groups, printer.out)?;
            for note in notes {
                writeln!(out, "  note: {}", visible(note))?;
            }
            writeln!(out)
        });
        shown.map_err(Error::output)
    }

    /// Whether the change is made.
    pub(super) fn agreed(&self, question: &str) -> Result<bool, Error> {
        if self.dry_run {
            return Ok(false);
        }
        if self.session.context.yes {
            return Ok(true);
        }
        if !self.session.terminal.can_ask() {
            return Err(Error::NotPossible {
                what: format!("{} without being asked: nobody is at the terminal", self.verb),
                hint: Some("look at it with `--dry-run`, then run it with `--yes`".into()),
            });
        }
        Ok(self.session.terminal.confirm(question, &[]))
    }
}

/// `Cursor: ~/.cursor/mcp.json`.
pub(super) fn heading(session: &Session, client: &str, path: &Path) -> String {
    format!("{client}: {}", short(session, path))
}

pub(super) fn short(session: &Session, path: &Path) -> String {
    let home = session.context.env.get("HOME").map(PathBuf::from);
    edits::path(path, home.as_deref())
}

fn result(session: &Session, plan: &Plan, done: &[&FilePlan], dry_run: bool) -> Result<(), Error> {
    let printer = &session.printer;
    if printer.is_json() {
        let wrapped: Vec<_> = done.iter().flat_map(|file| entries(file)).collect();
        let planned: Vec<_> = plan.files.iter().filter(|_| dry_run).flat_map(entries).collect();
        let patches: Vec<_> = plan.patches.iter().map(patch).collect();
        let document = json!({
            "schemaVersion": 1, "dryRun": dry_run, "wrapped": wrapped, "planned": planned, "already": plan.already, "unguarded": plan.unguarded,
            "changes": plan.files.iter().map(|file| changes(&file.path, &file.lines)).collect::<Vec<_>>(),
            "skipped": skipped(&plan.skipped), "patches": patches,
        });
        return printer.json(&document).map_err(Error::output);
    }
    let told = printer.data(|out| {
        for file in done {
            for (entry, server) in &file.entries {
                let server = if entry == server.as_str() {
                    String::new()
                } else {
                    format!("as {server}, ")
                };
                let place = heading(session, file.client.name, &file.path);
                writeln!(out, "wrapped   {}  {server}in {place}", visible(entry))?;
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
                short(session, &skipped.path),
                visible(&skipped.why)
            )?;
        }
        if plan.already > 0 {
            writeln!(out, "already   {}", entries_of(plan.already))?;
        }
        if plan.unguarded > 0 {
            let number = entries_of(plan.unguarded);
            writeln!(
                out,
                "left      {number} with something that is not pinned and approved: `mcp-pin import` lists what clients start"
            )?;
        }
        let nothing = plan.files.is_empty() && plan.patches.is_empty() && plan.skipped.is_empty();
        if nothing && plan.already == 0 && plan.unguarded == 0 {
            writeln!(out, "nothing to wrap: no client on this machine starts a server")?;
        }
        plan.patches.iter().try_for_each(|patch| {
            writeln!(out)?;
            write!(out, "{}", patch.text)
        })
    });
    told.map_err(Error::output)?;
    for patch in &plan.patches {
        session.terminal.warn(&format!(
            "{} is written in a way that cannot be edited without losing something: look at the patch above, keep it in a file, and apply it with `patch -p0 -d {} < FILE`",
            short(session, &patch.path),
            patch.folder.display()
        ));
    }
    if !done.is_empty() {
        session
            .terminal
            .note("clients read their files when they start: restart those that run");
    }
    Ok(())
}

fn entries_of(number: usize) -> String {
    if number == 1 {
        "1 entry".to_owned()
    } else {
        format!("{number} entries")
    }
}

fn entries(file: &FilePlan) -> Vec<Value> {
    let entry = |(entry, server): &(String, crate::model::ServerName)| json!({"client": file.client.id, "file": file.path, "entry": entry, "server": server.as_str(), "notes": file.notes});
    file.entries.iter().map(entry).collect()
}

fn patch(patch: &Patch) -> Value {
    json!({"client": patch.client, "file": patch.path, "folder": patch.folder, "entries": patch.entries, "patch": patch.text})
}

/// The changed lines of a file, secrets hidden.
pub(super) fn changes(path: &Path, groups: &[Vec<Line>]) -> Value {
    let line = |line: &Line| {
        let kind = match line.kind {
            LineKind::Same => "same",
            LineKind::Old => "old",
            LineKind::New => "new",
        };
        json!({"number": line.number, "kind": kind, "text": line.text})
    };
    json!({"file": path, "lines": groups.iter().flatten().map(line).collect::<Vec<_>>()})
}

/// What stays, and why.
pub(super) fn skipped(all: &[Skipped]) -> Vec<Value> {
    let one = |skipped: &Skipped| json!({"client": skipped.client, "file": skipped.path, "entry": skipped.entry, "why": skipped.why});
    all.iter().map(one).collect()
}

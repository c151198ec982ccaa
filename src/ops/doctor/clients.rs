//! Clients' configuration files: which servers they start past mcp-pin, and why.

use std::path::{Path, PathBuf};

use super::home::quoted;
use super::{Line, Patient, State};
use crate::manifest::Scope as ScopeOwner;
use crate::ops::Context;
use crate::ops::clients::{ClientFile, Locks, Owner, Seen, Status, Which, elsewhere, files, project, survey};

const TOPIC: &str = "clients";

/// Other projects that are looked at; more than anybody works in.
const MOST: usize = 200;
/// Servers that one line names.
const NAMED: usize = 5;

/// What is counted and not told one by one.
#[derive(Default)]
struct Sum {
    guarded: usize,
    inside: usize,
}

/// One line an entry that is not guarded, one a file of another project that has such, one for all that
/// are. Nothing is started, and no value of a variable is read out. Other projects are those of which
/// this user approved a lock, and those that a client's own file says it was started in.
pub(super) fn look(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    let context = patient.context;
    let found = files(context, Which::All);
    let mut sum = Sum::default();
    for seen in unguarded(context, &found, "", lines, &mut sum) {
        let (why, mend) = told(&seen);
        let what = format!("{} of {} ({}) {why}", seen.entry.name, seen.clients_told(), seen.shown);
        lines.push(Line::not(TOPIC, State::Warn, what, mend));
    }
    others(patient, &found, lines, &mut sum);
    if sum.guarded > 0 || lines.iter().all(|line| line.topic != TOPIC) {
        let parts = if sum.inside > 0 {
            format!(", {} part of a client", sum.inside)
        } else {
            String::new()
        };
        lines.push(Line::ok(
            TOPIC,
            format!("{} of clients' servers started through mcp-pin{parts}", sum.guarded),
        ));
    }
}

/// The entries of some files that are started past mcp-pin. What could not be read is a line.
fn unguarded(context: &Context, found: &[ClientFile], within: &str, lines: &mut Vec<Line>, sum: &mut Sum) -> Vec<Seen> {
    for file in found {
        if let Err(unread) = &file.entries {
            let what = format!("could not tell which servers {} starts: {}", file.path.display(), unread.why);
            lines.push(Line::not(TOPIC, State::Unknown, what, format!("{within}mcp-pin import")));
        }
    }
    let locks = match Locks::load(context) {
        Ok(locks) => locks,
        Err(error) => {
            lines.push(Line::of(TOPIC, State::Unknown, &error));
            return Vec::new();
        }
    };
    let mut seen = survey(found, &locks);
    // One that is switched off starts nothing.
    seen.retain(|seen| !seen.entry.disabled);
    let count = |is: fn(&Status) -> bool| seen.iter().filter(|seen| is(&seen.status)).count();
    sum.guarded += count(|status| *status == Status::Wrapped);
    sum.inside += count(|status| *status == Status::Inside);
    seen.retain(|seen| !matches!(seen.status, Status::Wrapped | Status::Inside));
    seen
}

/// The files of other projects.
fn others(patient: &Patient<'_>, found: &[ClientFile], lines: &mut Vec<Line>, sum: &mut Sum) {
    let context = patient.context;
    let approved = patient.scopes.iter().filter(|loaded| loaded.scope.owner == ScopeOwner::Project);
    let mut folders: Vec<_> = approved.map(|loaded| loaded.scope.folder.clone()).collect();
    let named = elsewhere(context, found);
    folders.extend(named.iter().filter_map(|file| Some(file.parent()?.to_path_buf())));
    let real = |folder: &PathBuf| folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let here = real(&project(context));
    folders = folders.iter().map(real).filter(|folder| *folder != here).collect();
    folders.sort();
    folders.dedup();
    for folder in folders.iter().take(MOST) {
        let there = Context {
            cwd: folder.clone(),
            ..context.clone()
        };
        let within = format!("cd {} && ", quoted(folder));
        let files = files(&there, Which::Project);
        let open = unguarded(&there, &files, &within, lines, sum);
        for file in &files {
            let open: Vec<_> = open.iter().filter(|seen| seen.file == file.path).collect();
            if !open.is_empty() {
                lines.push(one_file(&file.path, &open, &within));
            }
        }
    }
    if let Some(left) = folders.get(MOST) {
        let what = format!("{} other projects were not looked at", folders.len() - MOST);
        let mend = format!("cd {} && mcp-pin doctor", quoted(left));
        lines.push(Line::not(TOPIC, State::Unknown, what, mend));
    }
}

/// What one file of another project starts past mcp-pin.
fn one_file(file: &Path, open: &[&Seen], within: &str) -> Line {
    let named: Vec<_> = open.iter().take(NAMED).map(|seen| seen.entry.name.as_str()).collect();
    let more = match open.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = format!("{}{more} of {}: started past mcp-pin", named.join(", "), file.display());
    let is = |wanted: fn(&Status) -> bool| open.iter().any(|seen| wanted(&seen.status));
    let mend = if is(|status| *status == Status::NotPinned) {
        format!("{within}mcp-pin import --all, then `mcp-pin wrap --all --project` there")
    } else if is(|status| matches!(status, Status::Pinned(_))) {
        format!("{within}mcp-pin wrap --all --project")
    } else {
        format!("{within}mcp-pin import")
    };
    Line::not(TOPIC, State::Warn, what, mend)
}

/// Why an entry is not guarded, and what mends that.
fn told(seen: &Seen) -> (String, String) {
    let project = if seen.owner == Owner::Project { " --project" } else { "" };
    match &seen.status {
        Status::Pinned(name) => (
            format!("is pinned as {name}, and started past mcp-pin"),
            format!("mcp-pin wrap {name}{project}"),
        ),
        Status::NotPossible(why) => (format!("cannot be pinned: {why}"), "mcp-pin import".to_owned()),
        Status::Conflict(why) => {
            let client = seen.clients.first().map_or("CLIENT", |client| client.id);
            (
                format!("is not guarded: {why}"),
                format!("mcp-pin import {client}:{} --as OTHER", seen.name),
            )
        }
        Status::NotPinned | Status::Wrapped | Status::Inside => (
            "is not pinned".to_owned(),
            format!("mcp-pin import --all, then `mcp-pin wrap --all{project}`"),
        ),
    }
}

//! Writes what was agreed to, and remembers how it was.

use std::path::Path;

use super::file;
use super::remembered::{Book, Remembered};
use super::{Edit, FilePlan, exact};
use crate::clients::edit::{self, Written};
use crate::clients::{Entry, Meaning, understand};
use crate::error::Error;
use crate::history::NewWrap;
use crate::model::Sha256Digest;
use crate::ops::{Context, Interact, queries};

/// Writes one file of a plan. Another content than the planned one is taken as long as the entries
/// themselves are as they were shown.
///
/// # Errors
/// An entry changed meanwhile, or something cannot be written: the file is as it was.
pub fn apply(context: &Context, plan: &FilePlan, person: &dyn Interact) -> Result<(), Error> {
    let _lock = file::lock(context, &plan.file, person)?;
    let history = queries::open_history(context)?;
    let read = file::read(&plan.file).map_err(|why| cannot(&plan.path, &why))?;
    let format = plan.place.format;
    let mut book = Book::open(context, &plan.file, plan.client.id, format)?;
    let mut text = read.text.clone();
    let mut remembered = Vec::new();
    let mut edits = Vec::new();
    for edit in &plan.edits {
        if is_done(plan, &text, edit) {
            continue; // By another mcp-pin, a moment ago.
        }
        let at = &edit.entry.at.steps;
        let seen = edit::members(format, &text, at).map_err(|error| cannot(&plan.path, &error.to_string()))?;
        if seen != edit.seen {
            let why = format!("the entry `{}` was changed while you were looking", edit.entry.name);
            return Err(cannot(&plan.path, &why));
        }
        let edited = edit::change(format, &text, at, &edit.change).map_err(|error| cannot(&plan.path, &error.to_string()))?;
        remembered.push(remember(edit, edited.before, edited.after));
        text = edited.text;
        edits.push(edit.clone());
    }
    exact(plan.place, &read.text, &text, &edits).map_err(|why| cannot(&plan.path, &why))?;
    if edits.is_empty() {
        return Ok(());
    }
    let known = book.clone();
    book.keep_copy(context, read.text.as_bytes())?;
    book.entries.retain(|old| remembered.iter().all(|new| new.key != old.key));
    book.entries.extend(remembered);
    book.save(context)?;
    // Killed right behind this, `verify` asks for the wrap that did not happen, and repeating it
    // mends that; the other way round it would report a change that nobody made.
    for edit in &edits {
        let wrapped = digest(plan, &text, &edit.entry).unwrap_or_else(|| edit.entry.digest());
        let wrap = NewWrap {
            file: &plan.file,
            key: &edit.entry.key(),
            server: &edit.server,
            scope: &edit.scope,
            original: &edit.entry.digest(),
            wrapped: &wrapped,
        };
        history.record_wrap(&wrap, context.now())?;
    }
    let written = file::write(&plan.file, &read.text, &text);
    if written.is_err() {
        for edit in &edits {
            history.record_unwrap(&plan.file, &edit.entry.key(), context.now())?;
        }
        if known.entries.is_empty() {
            book.drop_copy(context, read.text.as_bytes());
        }
        known.save(context)?;
    }
    written
}

fn is_done(plan: &FilePlan, text: &str, edit: &Edit) -> bool {
    let entries = crate::clients::read(plan.place, text).unwrap_or_default();
    let found = entries.iter().find(|found| found.key() == edit.entry.key());
    found.is_some_and(|found| matches!(understand(&found.launch), Meaning::Wrapped(wrapped) if wrapped.name == edit.server))
}

fn digest(plan: &FilePlan, text: &str, entry: &Entry) -> Option<Sha256Digest> {
    let entries = crate::clients::read(plan.place, text).ok()?;
    entries.iter().find(|found| found.key() == entry.key()).map(Entry::digest)
}

fn remember(edit: &Edit, before: String, after: String) -> Remembered {
    let set = edit.change.set.iter().map(|(name, _)| name);
    let touched: Vec<_> = set.chain(&edit.change.remove).collect();
    let original = edit.seen.iter().filter(|(name, _)| touched.contains(&name));
    let written = edit.change.set.iter().filter_map(|(name, value)| match value {
        Written::Value(value) => Some((name.clone(), value.clone())),
        Written::Raw(_) => None,
    });
    Remembered::new(
        edit.entry.key(),
        edit.entry.name.clone(),
        edit.server.to_string(),
        &edit.entry.at.steps,
        (before, after),
        original
            .map(|(name, text)| (name.clone(), text.raw.clone(), text.value.clone()))
            .collect(),
        written.collect(),
    )
}

/// A file that is not changed.
pub(in crate::ops) fn cannot(path: &Path, why: &str) -> Error {
    Error::NotPossible {
        what: format!(
            "change {}: {}",
            crate::surface::visible(&path.display().to_string()),
            crate::surface::visible(why)
        ),
        hint: Some("nothing was changed in it; run it again, with the client closed if it goes on".into()),
    }
}

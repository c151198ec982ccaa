//! `unwrap`: entries that `wrap` changed become what they were, byte for byte.
//!
//! What stood there is put back where what `wrap` wrote stands still; everything that was changed
//! around it meanwhile stays. The attack and the accident: an entry that somebody edited after it was
//! wrapped is not overwritten with what was remembered, and not taken for unwrapped. It is shown, and
//! left to a person.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::wrap::file;
use super::wrap::remembered::{Book, Remembered};
use super::wrap::{Options, Skipped, cannot, shown};
use crate::clients::edit::{self, Change, EditError, Line, MemberText, Written};
use crate::clients::{Client, Meaning, ScopeKind, Step, understand};
use crate::error::Error;
use crate::ops::clients::{Which, files};
use crate::ops::{Context, Interact, queries};

/// One file, and what becomes of it.
#[derive(Debug, Clone)]
pub struct FilePlan {
    /// The client.
    pub client: &'static Client,
    /// The file.
    pub path: PathBuf,
    /// The names of the entries that are put back.
    pub entries: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// The lines that differ, secrets hidden.
    pub lines: Vec<Vec<Line>>,
    keys: Vec<String>,
}

/// An entry that was edited since it was wrapped.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// The client.
    pub client: &'static Client,
    /// The file.
    pub path: PathBuf,
    /// The entry's name.
    pub entry: String,
    /// From what it is to what it was before it was wrapped; secrets hidden.
    pub lines: Vec<Vec<Line>>,
    /// The file as it was before it was changed first.
    pub copy: Option<PathBuf>,
}

/// Everything that would be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Files that change.
    pub files: Vec<FilePlan>,
    /// Entries that stay.
    pub skipped: Vec<Skipped>,
    /// Entries that somebody edited meanwhile, and that still start `mcp-pin`.
    pub conflicts: Vec<Conflict>,
}

/// What is to be done with one remembered entry.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// It is put back.
    Back,
    /// It does not start `mcp-pin` any more: nothing is left to do.
    Gone(&'static str),
    /// It was edited, and still does.
    Edited,
}

/// What is to be done with each of some entries.
type Ways<'a> = Vec<(&'a Remembered, Way)>;

/// Finds what can be put back. Nothing is written.
///
/// # Errors
/// A word that is no client's, a name that is nobody's, or something remembered that cannot be read.
pub fn plan(context: &Context, options: &Options) -> Result<Plan, Error> {
    options.check()?;
    let mut plan = Plan::default();
    let mut known = BTreeSet::new();
    let mut named = BTreeSet::new();
    for book in Book::all(context)? {
        let Some(client) = crate::clients::client(&book.client) else {
            continue;
        };
        known.extend(book.entries.iter().map(|entry| (book.file.clone(), entry.key.clone())));
        if !options.clients.is_empty() && !options.clients.contains(&book.client) {
            continue;
        }
        let wanted: Vec<_> = book.entries.iter().filter(|entry| wants(options, entry)).collect();
        named.extend(wanted.iter().flat_map(|entry| [entry.name.clone(), entry.server.clone()]));
        if !wanted.is_empty() {
            file_plan(context, client, &book, &wanted, &mut plan);
        }
    }
    strangers(context, options, &known, &mut named, &mut plan);
    options.names.iter().find(|name| !named.contains(*name)).map_or(Ok(()), |name| {
        Err(Error::NotPossible {
            what: format!("find a wrapped entry called `{}`", crate::surface::visible(name)),
            hint: Some("`mcp-pin unwrap --all --dry-run` shows those that are wrapped".into()),
        })
    })?;
    Ok(plan)
}

fn wants(options: &Options, entry: &Remembered) -> bool {
    options.names.is_empty() || options.names.iter().any(|name| *name == entry.name || *name == entry.server)
}

/// Entries that start `mcp-pin run`, of which nothing is remembered.
fn strangers(context: &Context, options: &Options, known: &BTreeSet<(PathBuf, String)>, named: &mut BTreeSet<String>, plan: &mut Plan) {
    for found in files(context, Which::All) {
        let Some(&client) = found.clients.first().filter(|_| options.takes(&found.clients)) else {
            continue;
        };
        let Ok(read) = file::read(&found.path) else { continue };
        let entries = crate::clients::read(found.place, &read.text).unwrap_or_default();
        for entry in entries {
            let Meaning::Wrapped(wrapped) = understand(&entry.launch) else {
                continue;
            };
            let wanted = options.names.is_empty()
                || options
                    .names
                    .iter()
                    .any(|name| *name == entry.name || *name == wrapped.name.as_str());
            if wanted && !known.contains(&(read.path.clone(), entry.key())) {
                named.extend([entry.name.clone(), wrapped.name.to_string()]);
                let what =
                    "it starts mcp-pin, and was not changed by `mcp-pin wrap` here: what stood there is not known, and is put back by hand";
                plan.skipped.push(Skipped {
                    client: client.id,
                    path: found.path.clone(),
                    entry: Some(entry.name.clone()),
                    why: what.to_owned(),
                    // Others' files, a repository's among them, may start it for good.
                    left: found.place.scope == ScopeKind::User || !options.names.is_empty(),
                });
            }
        }
    }
}

fn file_plan(context: &Context, client: &'static Client, book: &Book, wanted: &[&Remembered], plan: &mut Plan) {
    let skip = |plan: &mut Plan, entry: Option<String>, why: String, left: bool| {
        plan.skipped.push(Skipped {
            client: client.id,
            path: book.file.clone(),
            entry,
            why,
            left,
        });
    };
    let read = match file::read(&book.file) {
        Ok(read) => read,
        Err(why) => {
            if book.file.exists() {
                skip(plan, None, format!("the file is not changed: {why}"), true);
            } else {
                skip(plan, None, "the file is gone".to_owned(), false);
            }
            return;
        }
    };
    let (text, steps) = match back(book, wanted, &read.text) {
        Ok(made) => made,
        Err(error) => return skip(plan, None, error.to_string(), true),
    };
    let mut entries = Vec::new();
    for (entry, step) in &steps {
        match step {
            Way::Back => entries.push(entry.name.clone()),
            Way::Gone(why) => skip(plan, Some(entry.name.clone()), (*why).to_owned(), false),
            Way::Edited => plan.conflicts.push(Conflict {
                client,
                path: book.file.clone(),
                entry: entry.name.clone(),
                lines: conflict(book, entry, &read.text),
                copy: book.copy_path(context),
            }),
        }
    }
    let done = steps.iter().filter(|(_, step)| *step != Way::Edited);
    let keys: Vec<_> = done.map(|(entry, _)| entry.key.clone()).collect();
    if !keys.is_empty() {
        plan.files.push(FilePlan {
            client,
            path: book.file.clone(),
            entries,
            notes: read.notes,
            lines: shown(book.format(), &read.text, &text),
            keys,
        });
    }
}

/// The text with the entries put back, and what was done with each.
fn back<'a>(book: &Book, wanted: &[&'a Remembered], text: &str) -> Result<(String, Ways<'a>), EditError> {
    let mut text = text.to_owned();
    let mut steps = Vec::new();
    for &entry in wanted {
        let (new, step) = one(book, entry, &text)?;
        text = new.unwrap_or(text);
        steps.push((entry, step));
    }
    Ok((text, steps))
}

fn one(book: &Book, entry: &Remembered, text: &str) -> Result<(Option<String>, Way), EditError> {
    let format = book.format();
    let tree = edit::tree(format, text)?;
    let Some(at) = entry.at(&tree) else {
        return Ok((None, Way::Gone("it is not in the file any more")));
    };
    let Some(Value::Object(now)) = edit::look(&tree, &at) else {
        return Ok((None, Way::Gone("it is no entry any more")));
    };
    let is_written = entry.written.iter().all(|(name, value)| now.get(name) == Some(value));
    let is_removed = |name: &String| entry.written.iter().any(|(written, _)| written == name) || !now.contains_key(name);
    if !is_written || !entry.original.iter().all(|(name, _, _)| is_removed(name)) {
        let was = entry.original.iter().all(|(name, _, value)| now.get(name) == Some(value));
        if was
            && entry
                .written
                .iter()
                .all(|(name, _)| is_original(entry, name) || !now.contains_key(name))
        {
            return Ok((None, Way::Gone("it is as it was before already")));
        }
        return Ok(if starts_this(entry, now) {
            (None, Way::Edited)
        } else {
            (
                None,
                Way::Gone("somebody else changed it, and it does not start mcp-pin any more: it is left as it is"),
            )
        });
    }
    let exact = edit::restore(format, text, &at, &entry.after, &entry.before);
    let exact = exact.ok().filter(|new| says_original(entry, new, &at, format));
    let new = exact.or_else(|| member_by_member(entry, text, &at, format));
    Ok(new.map_or((None, Way::Edited), |new| (Some(new), Way::Back)))
}

/// Where something around or between the members was changed: they are put back one by one.
fn member_by_member(entry: &Remembered, text: &str, at: &[Step], format: crate::clients::Format) -> Option<String> {
    let original = entry.original.iter();
    let added = entry.written.iter().map(|(name, _)| name).filter(|name| !is_original(entry, name));
    let change = Change {
        set: original.map(|(name, raw, _)| (name.clone(), Written::Raw(raw.clone()))).collect(),
        remove: added.cloned().collect(),
    };
    let edited = edit::change(format, text, at, &change).ok()?;
    says_original(entry, &edited.text, at, format).then_some(edited.text)
}

fn is_original(entry: &Remembered, name: &str) -> bool {
    entry.original.iter().any(|(original, _, _)| original == name)
}

/// Whether the entry still has the command that was written, or a word of it.
fn starts_this(entry: &Remembered, now: &serde_json::Map<String, Value>) -> bool {
    let first = |value: &Value| match value {
        Value::Array(words) => words.first().and_then(Value::as_str).map(str::to_owned),
        Value::String(word) => Some(word.clone()),
        _ => None,
    };
    let is_ours = |word: &str| word.rsplit('/').next() == Some("mcp-pin");
    let written = entry.written.iter().filter(|(name, _)| ["command", "cmd"].contains(&name.as_str()));
    let same = written.filter_map(|(name, value)| Some((first(value)?, first(now.get(name)?)?)));
    let mut same = same.map(|(written, found)| written == found || is_ours(&found));
    same.any(|same| same)
}

/// Whether the members of an entry say what they said once, and none is left of those that were added.
fn says_original(entry: &Remembered, text: &str, at: &[Step], format: crate::clients::Format) -> bool {
    let Ok(tree) = edit::tree(format, text) else { return false };
    let Some(Value::Object(now)) = edit::look(&tree, at) else {
        return false;
    };
    entry.original.iter().all(|(name, _, value)| now.get(name) == Some(value))
        && entry
            .written
            .iter()
            .all(|(name, _)| is_original(entry, name) || !now.contains_key(name))
}

/// From the edited entry to what it was, member by member.
fn conflict(book: &Book, entry: &Remembered, text: &str) -> Vec<Vec<Line>> {
    let format = book.format();
    let written = |members: Vec<(String, Value)>| {
        let lines: Vec<_> = members.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let tree = Value::Object(members.into_iter().collect());
        edit::masked(&lines.concat(), &tree)
    };
    let touched: Vec<_> = entry
        .written
        .iter()
        .map(|(name, _)| name)
        .chain(entry.original.iter().map(|(name, _, _)| name))
        .collect();
    let now = edit::tree(format, text)
        .ok()
        .and_then(|tree| edit::members(format, text, &entry.at(&tree)?).ok());
    let member = |(name, text): (String, MemberText)| (name, text.value);
    let now: Vec<_> = now
        .unwrap_or_default()
        .into_iter()
        .map(member)
        .filter(|(name, _)| touched.contains(&name))
        .collect();
    let was: Vec<_> = entry
        .original
        .iter()
        .map(|(name, _, value)| (name.clone(), value.clone()))
        .collect();
    edit::lines(&written(now), &written(was))
}

/// Puts the entries of one file back. Answers the copy of the file as it was before it was changed
/// first, where that stays: the file has other bytes, since somebody edited it in between.
///
/// # Errors
/// An entry changed meanwhile, or something cannot be written: the file is as it was.
pub fn apply(context: &Context, plan: &FilePlan, person: &dyn Interact) -> Result<Option<PathBuf>, Error> {
    let _lock = file::lock(context, &plan.path, person)?;
    let history = queries::open_history(context)?;
    let mut book = Book::all(context)?
        .into_iter()
        .find(|book| book.file == plan.path)
        .ok_or_else(|| cannot(&plan.path, "another mcp-pin did it meanwhile"))?;
    let read = file::read(&plan.path).map_err(|why| cannot(&plan.path, &why))?;
    let wanted: Vec<_> = book.entries.iter().filter(|entry| plan.keys.contains(&entry.key)).collect();
    let (text, steps) = back(&book, &wanted, &read.text).map_err(|error| cannot(&plan.path, &error.to_string()))?;
    let names: Vec<_> = steps
        .iter()
        .filter(|(_, step)| *step == Way::Back)
        .map(|(entry, _)| &entry.name)
        .collect();
    if wanted.len() != plan.keys.len() || !names.into_iter().eq(&plan.entries) {
        return Err(cannot(&plan.path, "an entry was changed while you were looking"));
    }
    file::write(&plan.path, &read.text, &text)?;
    let now = context.now();
    for (entry, _) in &steps {
        history.record_unwrap(&plan.path, &entry.key, now)?;
    }
    book.entries.retain(|entry| !plan.keys.contains(&entry.key));
    let mut kept = None;
    if book.entries.is_empty() {
        book.drop_copy(context, text.as_bytes());
        kept = book.copy_path(context).filter(|copy| copy.exists());
    }
    book.save(context)?;
    Ok(kept)
}

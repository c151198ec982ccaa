//! `wrap`: the entries of AI clients that start a pinned server start `mcp-pin run NAME` instead.
//!
//! The attacks: an entry with a pinned server's name that starts something else is not taken over
//! (what an entry starts decides, not its name); secrets of a client's file go nowhere but the same
//! file and, for the way back, a private copy. Nothing is written that nobody saw: [`plan`] makes
//! the new texts, [`apply`] writes those that were agreed to, if the entries still are what was shown.
//!
//! Not promised: that a client does not write its file at the very moment. What it wrote before is
//! seen and kept; a client that holds the old text in memory and writes it later takes the change
//! back, and `verify` says so.

mod apply;
pub(in crate::ops) mod file;
mod launch;
mod matching;
pub(in crate::ops) mod remembered;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::Value;

pub use self::apply::apply;
pub(in crate::ops) use self::apply::cannot;
use self::matching::{Candidate, Found};
use crate::clients::edit::{self, Change, EditError, Line, MemberText, Written};
use crate::clients::{Client, Entry, EntryScope, Format, Meaning, Place, ScopeKind, Step, understand};
use crate::error::Error;
use crate::model::ServerName;
use crate::ops::Context;
use crate::ops::clients::{ClientFile, Which, files};

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// By their name in the client or the server's name in the lock; all without.
    pub names: Vec<String>,
    /// Only those of these clients, by id; all without.
    pub clients: Vec<String>,
    /// Also files of the project, which others use too.
    pub project: bool,
}

impl Options {
    /// Refuses words that are no client's.
    pub(in crate::ops) fn check(&self) -> Result<(), Error> {
        let unknown = self.clients.iter().find(|id| crate::clients::client(id).is_none());
        unknown.map_or(Ok(()), |id| {
            let known: Vec<_> = crate::clients::CLIENTS.iter().map(|client| client.id).collect();
            Err(Error::NotPossible {
                what: format!("find a client called `{}`", crate::surface::visible(id)),
                hint: Some(format!("there is {}", known.join(", "))),
            })
        })
    }

    /// Whether a file of these clients is meant.
    pub(in crate::ops) fn takes(&self, clients: &[&Client]) -> bool {
        self.clients.is_empty() || clients.iter().any(|client| self.clients.iter().any(|id| id == client.id))
    }

    fn wants(&self, entry: &str, server: Option<&str>) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == entry || Some(name.as_str()) == server)
    }
}

/// One file, and what becomes of it.
#[derive(Debug, Clone)]
pub struct FilePlan {
    /// The client.
    pub client: &'static Client,
    /// The file as the client calls it.
    pub path: PathBuf,
    /// The entries that change: name in the client, name in the lock.
    pub entries: Vec<(String, ServerName)>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// The lines that differ, secrets hidden.
    pub lines: Vec<Vec<Line>>,
    place: &'static Place,
    file: PathBuf,
    edits: Vec<Edit>,
}

/// An entry that is not changed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The client's id.
    pub client: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The entry's name, if it is about one.
    pub entry: Option<String>,
    /// Why. May hold foreign text: show it escaped.
    pub why: String,
    /// It was to be changed and could not be: a person has to do something.
    pub left: bool,
}

/// A change that a person has to make: what `patch` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The client.
    pub client: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The folder that the names in the patch start at.
    pub folder: PathBuf,
    /// The entries.
    pub entries: Vec<String>,
    /// The patch.
    pub text: String,
}

/// Everything that would be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Files that change.
    pub files: Vec<FilePlan>,
    /// Entries that stay.
    pub skipped: Vec<Skipped>,
    /// Files that cannot be changed without loss.
    pub patches: Vec<Patch>,
    /// Entries that start `mcp-pin run` already.
    pub already: usize,
    /// Entries that start something which is not pinned, or not approved.
    pub unguarded: usize,
    /// Names that something was found for.
    met: BTreeSet<String>,
}

/// One entry's change.
#[derive(Debug, Clone)]
struct Edit {
    entry: Entry,
    server: ServerName,
    scope: String,
    change: Change,
    seen: Vec<(String, MemberText)>,
}

/// Finds the entries, and makes the new texts. Nothing is written.
///
/// # Errors
/// A word that is no client's, a name that is nobody's, a lock or the history that cannot be used.
pub fn plan(context: &Context, options: &Options) -> Result<Plan, Error> {
    options.check()?;
    let candidates = matching::candidates(context)?;
    let program = program(context)?;
    let mut plan = Plan::default();
    for found in &files(context, Which::All) {
        if options.takes(&found.clients) {
            let Some(&client) = found.clients.first() else { continue };
            let work = Work {
                context,
                options,
                candidates: &candidates,
                program: &program,
                client,
                found,
            };
            work.file(&mut plan);
        }
    }
    unknown(options, &plan)?;
    Ok(plan)
}

/// A name that nothing was found for is a mistake, never a success.
fn unknown(options: &Options, plan: &Plan) -> Result<(), Error> {
    options.names.iter().find(|name| !plan.met.contains(*name)).map_or(Ok(()), |name| {
        Err(Error::NotPossible {
            what: format!("find an entry called `{}` in the files of a client", crate::surface::visible(name)),
            hint: Some("`mcp-pin import` shows what clients start".into()),
        })
    })
}

/// What an entry that is wrapped starts: it is told from others by this name.
const NAME: &str = "mcp-pin";

/// How clients start this program: absolute, since a client of the desktop has another search path.
fn program(context: &Context) -> Result<String, Error> {
    let exe = context.exe.canonicalize().unwrap_or_else(|_| context.exe.clone());
    // The name that a package manager keeps, rather than the folder of this very version.
    let path = context.env.get("PATH").map(std::env::split_paths).into_iter().flatten();
    let named = path
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(NAME))
        .find(|file| file.canonicalize().is_ok_and(|file| file == exe));
    let program = named.unwrap_or_else(|| context.exe.clone());
    let name = program.file_name().unwrap_or_default();
    if name != NAME {
        let shown = |text: &OsStr| crate::surface::visible(&text.display().to_string());
        return Err(Error::NotPossible {
            what: format!(
                "wrap: the file of this program is called `{}`, and clients' entries are known as guarded only by the name `{NAME}`",
                shown(name)
            ),
            hint: Some(format!(
                "call it `{NAME}`, or put a link of that name that leads to {} in a folder of your PATH; then run it again",
                shown(exe.as_os_str())
            )),
        });
    }
    program.to_str().map(str::to_owned).ok_or_else(|| Error::NotPossible {
        what: format!(
            "write the path of this program, {}, into a client's file: it is not UTF-8",
            program.display()
        ),
        hint: None,
    })
}

/// One file, while it is planned.
struct Work<'a> {
    context: &'a Context,
    options: &'a Options,
    candidates: &'a [Candidate],
    program: &'a str,
    /// The first that reads the file: as it writes entries, they are written.
    client: &'static Client,
    found: &'a ClientFile,
}

/// What becomes of an entry.
enum Decision {
    Nothing,
    Unguarded,
    Already,
    Skip(String),
    Fail(String),
    Wrap(Box<Edit>, Vec<String>),
}

impl Work<'_> {
    fn skip(&self, plan: &mut Plan, entry: Option<&str>, why: impl Into<String>, left: bool) {
        plan.skipped.push(Skipped {
            client: self.client.id,
            path: self.found.path.clone(),
            entry: entry.map(str::to_owned),
            why: why.into(),
            left,
        });
    }

    /// Whether every entry of this file was asked for, and would be changed.
    fn is_whole_meant(&self) -> bool {
        let scope = match self.found.place.scope {
            ScopeKind::User => true,
            ScopeKind::Project => self.options.project,
            ScopeKind::Managed | ScopeKind::Plugin => false,
        };
        scope && self.options.names.is_empty()
    }

    fn file(&self, plan: &mut Plan) {
        let place = self.found.place;
        if let Err(unread) = &self.found.entries {
            let why = format!("the file cannot be read: {}", unread.why);
            self.skip(plan, None, why, self.is_whole_meant());
            return;
        }
        let read = match file::read(&self.found.path) {
            Ok(read) => read,
            Err(why) => {
                if self.options.names.is_empty() {
                    let why = format!("the file is not changed: {why}");
                    self.skip(plan, None, why, self.is_whole_meant());
                }
                return;
            }
        };
        let entries = match crate::clients::read(place, &read.text) {
            Ok(entries) => entries,
            Err(why) => {
                let why = format!("the file cannot be read: {why}");
                self.skip(plan, None, why, self.is_whole_meant());
                return;
            }
        };
        let (mut edits, mut notes) = (Vec::new(), read.notes.clone());
        for entry in &entries {
            let (decision, server) = self.decide(entry, &read.text);
            if !matches!(decision, Decision::Nothing | Decision::Unguarded) {
                plan.met.insert(entry.name.clone());
                plan.met.extend(server.map(|server| server.to_string()));
            }
            match decision {
                Decision::Nothing => {}
                Decision::Unguarded => plan.unguarded += 1,
                Decision::Already => plan.already += 1,
                Decision::Skip(why) => self.skip(plan, Some(&entry.name), why, false),
                Decision::Fail(why) => self.skip(plan, Some(&entry.name), why, true),
                Decision::Wrap(edit, more) => {
                    notes.extend(more.into_iter().map(|line| format!("`{}`: {line}", entry.name)));
                    edits.push(*edit);
                }
            }
        }
        self.edited(plan, &read, edits, notes);
    }

    /// What becomes of an entry, and the pin that it means.
    fn decide(&self, entry: &Entry, text: &str) -> (Decision, Option<ServerName>) {
        let meaning = understand(&entry.launch);
        let named = self.options.wants(&entry.name, None) && !self.options.names.is_empty();
        let is_project = match &entry.scope {
            EntryScope::Local { .. } | EntryScope::Of(ScopeKind::User) => false,
            EntryScope::Of(ScopeKind::Project) => true,
            EntryScope::Of(ScopeKind::Managed) => return (skip_if(named, "the machine's administrator manages this file"), None),
            EntryScope::Of(ScopeKind::Plugin) => {
                return (
                    skip_if(named, "a plugin brought this file, and its next update brings another"),
                    None,
                );
            }
        };
        match &meaning {
            Meaning::Wrapped(wrapped) => {
                let wanted = self.options.wants(&entry.name, Some(wrapped.name.as_str()));
                return (
                    if wanted { Decision::Already } else { Decision::Nothing },
                    Some(wrapped.name.clone()),
                );
            }
            Meaning::Inside { .. } => return (Decision::Nothing, None),
            Meaning::NotUnderstood { why } => {
                let namesake = self.options.names.is_empty() && matching::namesake(entry, self.candidates).is_some();
                return (self.unguarded(named || namesake, why), None);
            }
            Meaning::Package(_) | Meaning::Command { .. } | Meaning::Remote { .. } => {}
        }
        match matching::find(self.context, entry, &meaning, self.candidates, is_project) {
            Found::Pin(candidate, differences) => {
                let decision = self.matched(entry, &meaning, candidate, differences, text);
                (decision, Some(candidate.name.clone()))
            }
            Found::Nothing(why, always) => (self.unguarded(named || (always && self.options.names.is_empty()), &why), None),
        }
    }

    fn unguarded(&self, named: bool, why: &str) -> Decision {
        match skip_if(named, why) {
            Decision::Nothing if self.options.names.is_empty() => Decision::Unguarded,
            decision => decision,
        }
    }

    /// An entry of which the pin is known.
    fn matched(&self, entry: &Entry, meaning: &Meaning, candidate: &Candidate, differences: Vec<String>, text: &str) -> Decision {
        if !self.options.wants(&entry.name, Some(candidate.name.as_str())) {
            return Decision::Nothing;
        }
        let is_project = entry.scope == EntryScope::Of(ScopeKind::Project);
        if is_project && !self.options.project {
            return Decision::Skip(
                "a file of the project, which others use too: `--project` changes it, and writes a path of this machine into it".to_owned(),
            );
        }
        if !differences.is_empty() && self.options.names.is_empty() {
            return Decision::Skip(format!(
                "`mcp-pin run {}` would not do the same: {}; `mcp-pin wrap {}` does it all the same",
                candidate.name,
                differences.join("; "),
                candidate.name
            ));
        }
        let mut notes = differences;
        if is_project {
            notes.push("the paths that are written are of this machine: do not commit them".to_owned());
        }
        match self.change(entry, meaning, candidate, text) {
            Ok(edit) => Decision::Wrap(Box::new(edit), notes),
            Err(why) => Decision::Fail(why),
        }
    }

    fn change(&self, entry: &Entry, meaning: &Meaning, candidate: &Candidate, text: &str) -> Result<Edit, String> {
        let format = self.found.place.format;
        let extra = launch::extra(meaning, candidate);
        let words = launch::words(candidate, &extra).ok_or_else(|| "the path of its lock is not UTF-8".to_owned())?;
        let seen = edit::members(format, text, &entry.at.steps);
        let seen = match seen {
            Ok(seen) => seen,
            // A layout that is not edited is still read, for a patch.
            Err(EditError::Layout(_)) => values(format, text, &entry.at.steps).ok_or_else(|| "it is no table of members".to_owned())?,
            Err(error) => return Err(error.to_string()),
        };
        let change = launch::change(self.client, &entry.launch, &seen, candidate, self.program, &words)?;
        Ok(Edit {
            entry: entry.clone(),
            server: candidate.name.clone(),
            scope: candidate.scope.clone(),
            change,
            seen,
        })
    }

    fn edited(&self, plan: &mut Plan, read: &file::ReadFile, edits: Vec<Edit>, notes: Vec<String>) {
        let (client, place) = (self.client, self.found.place);
        let (mut good, mut odd) = (Vec::new(), Vec::new());
        let mut text = read.text.clone();
        for edit in edits {
            match edit::change(place.format, &text, &edit.entry.at.steps, &edit.change) {
                Ok(edited) => {
                    text = edited.text;
                    good.push(edit);
                }
                Err(error @ (EditError::Layout(_) | EditError::NotExact)) => odd.push((edit, error)),
                Err(error) => self.skip(plan, Some(&edit.entry.name), error.to_string(), true),
            }
        }
        let mut patched = text.clone();
        let mut by_hand = Vec::new();
        for (edit, error) in odd {
            match edit::rewritten(place.format, &patched, &edit.entry.at.steps, &edit.change) {
                Some(new) => {
                    patched = new;
                    by_hand.push(edit.entry.name);
                }
                None => self.skip(
                    plan,
                    Some(&edit.entry.name),
                    format!(
                        "{error}; by hand, from line {} on: {}",
                        edit.entry.at.line,
                        by_hand_words(&edit.change)
                    ),
                    true,
                ),
            }
        }
        if !by_hand.is_empty() {
            plan.patches.push(self.patch(&text, &patched, by_hand));
        }
        if !good.is_empty() {
            if let Err(why) = exact(place, &read.text, &text, &good) {
                self.skip(plan, None, why, true);
                return;
            }
            plan.files.push(FilePlan {
                client,
                path: self.found.path.clone(),
                entries: good.iter().map(|edit| (edit.entry.name.clone(), edit.server.clone())).collect(),
                notes,
                lines: shown(place.format, &read.text, &text),
                place,
                file: read.path.clone(),
                edits: good,
            });
        }
    }

    fn patch(&self, old: &str, new: &str, entries: Vec<String>) -> Patch {
        let path = &self.found.path;
        let home = self.context.env.get("HOME").map(PathBuf::from).unwrap_or_default();
        let (folder, name) = match path.strip_prefix(&home) {
            Ok(name) if home.is_absolute() => (home, name),
            _ => (PathBuf::from("/"), path.strip_prefix("/").unwrap_or(path)),
        };
        let secret = edit::tree(self.found.place.format, old).is_ok_and(|tree| edit::masked(old, &tree) != old);
        Patch {
            client: self.client.id,
            path: path.clone(),
            folder,
            entries,
            text: edit::patch(old, new, &name.display().to_string(), secret),
        }
    }
}

fn skip_if(named: bool, why: &str) -> Decision {
    if named { Decision::Skip(why.to_owned()) } else { Decision::Nothing }
}

/// An entry's members without their bytes.
fn values(format: Format, text: &str, at: &[Step]) -> Option<Vec<(String, MemberText)>> {
    let tree = edit::tree(format, text).ok()?;
    let member = |(name, value): (&String, &Value)| {
        (
            name.clone(),
            MemberText {
                raw: String::new(),
                value: value.clone(),
            },
        )
    };
    Some(edit::look(&tree, at)?.as_object()?.iter().map(member).collect())
}

/// What to write by hand, without a secret.
fn by_hand_words(change: &Change) -> String {
    let set = change.set.iter().map(|(name, value)| match value {
        Written::Value(Value::Object(variables)) => {
            let names: Vec<_> = variables.keys().map(|name| format!("`{name}`")).collect();
            format!("`{name}` gets {} from the values of the headers", names.join(", "))
        }
        Written::Value(value) => format!("`{name}` becomes {value}"),
        Written::Raw(_) => format!("`{name}` changes"),
    });
    let gone = change.remove.iter().map(|name| format!("`{name}` goes"));
    set.chain(gone).collect::<Vec<_>>().join(", ")
}

/// The lines that differ, with every secret of either text hidden.
pub(in crate::ops) fn shown(format: Format, old: &str, new: &str) -> Vec<Vec<Line>> {
    let masked = |text: &str| edit::tree(format, text).map_or_else(|_| String::new(), |tree| edit::masked(text, &tree));
    // What is hidden in one is hidden in the other.
    let both = |text: &str, other: &str| {
        let once = masked(text);
        edit::tree(format, other).map_or(once.clone(), |tree| edit::masked(&once, &tree))
    };
    edit::lines(&both(old, new), &both(new, old))
}

/// Reads the new text as the client does: the changed entries start `mcp-pin run`, and no other
/// entry says anything else than before.
fn exact(place: &Place, old: &str, new: &str, edits: &[Edit]) -> Result<(), String> {
    let wrong = || "the changed file would not say exactly what was asked for, so it is not changed".to_owned();
    let (before, after) = (crate::clients::read(place, old), crate::clients::read(place, new));
    let (Ok(before), Ok(after)) = (before, after) else {
        return Err(wrong());
    };
    let is_right = |(before, after): (&Entry, &Entry)| match edits.iter().find(|edit| edit.entry.at.steps == before.at.steps) {
        None => before.launch == after.launch && before.disabled == after.disabled && before.key() == after.key(),
        Some(edit) => {
            let wrapped = matches!(understand(&after.launch), Meaning::Wrapped(wrapped) if wrapped.name == edit.server);
            wrapped && before.disabled == after.disabled && before.key() == after.key()
        }
    };
    let right = before.len() == after.len() && before.iter().zip(&after).all(is_right);
    if right { Ok(()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_text_that_says_more_than_was_asked_for_is_no_new_text() {
        let place = &crate::clients::client("cursor").unwrap().places[0];
        let text = |one: &str, two: &str| format!(r#"{{"mcpServers": {{"one": {one}, "two": {two}}}}}"#);
        let (npx, run) = (
            r#"{"command": "npx", "args": ["x"]}"#,
            r#"{"command": "mcp-pin", "args": ["run", "one"]}"#,
        );
        let old = text(npx, npx);
        let edit = Edit {
            entry: crate::clients::read(place, &old).unwrap().remove(0),
            server: "one".parse().unwrap(),
            scope: String::new(),
            change: Change::default(),
            seen: Vec::new(),
        };
        let edits = [edit];
        assert_eq!(exact(place, &old, &text(run, npx), &edits), Ok(()));
        for new in [
            old.clone(),
            text(&run.replace("one", "two"), npx),
            text(run, run),
            text(run, &npx.replace("\"x\"", "\"y\"")),
            text(run, &npx.replace('}', ", \"disabled\": true}")),
            text(&run.replace('}', ", \"disabled\": true}"), npx),
            format!(r#"{{"mcpServers": {{"one": {run}}}}}"#),
            "{".to_owned(),
        ] {
            assert!(exact(place, &old, &new, &edits).is_err(), "{new}");
        }
    }
}

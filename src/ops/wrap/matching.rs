//! Which pin an entry of a client means, and in what the two differ.
//!
//! The attack (MCPoison): an entry has the name of a pinned server and starts something else. A name
//! decides nothing here: what an entry starts does.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::clients::{Entry, Header, Launch, Meaning};
use crate::error::Error;
use crate::lock::entry_digest;
use crate::mcp::launch::client_environment;
use crate::model::{CwdRule, HeaderRule, LocalArg, LocalCommand, Pin, Pinned, ServerName, Source};
use crate::ops::scope::{self, Loaded, Scope};
use crate::ops::{Context, queries};

/// A pin that this user may run.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Its name in the lock.
    pub(super) name: ServerName,
    /// What is locked.
    pub(super) pin: Pin,
    /// The lock; `None` for the user's own.
    pub(super) lock: Option<PathBuf>,
    /// The lock's key in the history.
    pub(super) scope: String,
    /// This user approved exactly this entry.
    pub(super) approved: bool,
}

/// Every pin of the user's own lock, and of the project's unless `--global` is given.
///
/// # Errors
/// A lock that cannot be used, or the history cannot be read.
pub(super) fn candidates(context: &Context) -> Result<Vec<Candidate>, Error> {
    let user = scope::load(context, Scope::user(context))?;
    let project = Scope::project(context).filter(|scope| !context.global && *scope != user.scope);
    let project = project.map(|scope| scope::load(context, scope)).transpose()?;
    let mut all = Vec::new();
    let own = (&user, None);
    let theirs = project.as_ref().map(|loaded| (loaded, Some(loaded.scope.lockfile())));
    for (loaded, lock) in [Some(own), theirs].into_iter().flatten() {
        of(context, loaded, lock.as_ref(), &mut all)?;
    }
    Ok(all)
}

fn of(context: &Context, loaded: &Loaded, lock: Option<&PathBuf>, all: &mut Vec<Candidate>) -> Result<(), Error> {
    for (name, pin) in &loaded.lock.servers {
        let approved = queries::is_approved(context, loaded.scope_key(), name, &entry_digest(name, pin))?;
        all.push(Candidate {
            name: name.clone(),
            pin: pin.clone(),
            lock: lock.cloned(),
            scope: loaded.scope_key().to_owned(),
            approved,
        });
    }
    Ok(())
}

/// What became of the search.
pub(super) enum Found<'a> {
    /// This pin is what the entry starts; differences in how, one a line.
    Pin(&'a Candidate, Vec<String>),
    /// No pin that may be run is. `true`: one of its name, or one that was not approved, is there.
    Nothing(String, bool),
}

/// Finds the pin that an entry means: of those that are the same thing, the one with the fewest
/// differences, then the one of the entry's name, then the one of the nearer lock.
pub(super) fn find<'a>(context: &Context, entry: &Entry, meaning: &Meaning, all: &'a [Candidate], project_first: bool) -> Found<'a> {
    let same = all.iter().filter(|candidate| is_same(context, meaning, &candidate.pin));
    let wanted = ServerName::like(&entry.name);
    let best = same.min_by_key(|candidate| {
        (
            !candidate.approved,
            differences(context, entry, meaning, &candidate.pin).len(),
            candidate.name != wanted,
            candidate.lock.is_some() != project_first,
        )
    });
    if let Some(best) = best {
        if !best.approved {
            let why = format!(
                "`{}` is locked, and you have not approved it: `mcp-pin install` shows it and asks",
                best.name
            );
            return Found::Nothing(why, true);
        }
        return Found::Pin(best, differences(context, entry, meaning, &best.pin));
    }
    match namesake(entry, all) {
        Some(other) => {
            let why = format!("it starts {}, and the pin `{wanted}` is {}", meaning.told(), other.pin.source);
            Found::Nothing(why, true)
        }
        None => Found::Nothing(
            format!("{} is not pinned: `mcp-pin import` pins what clients start", meaning.told()),
            false,
        ),
    }
}

/// A pin that is called as the entry is.
pub(super) fn namesake<'a>(entry: &Entry, all: &'a [Candidate]) -> Option<&'a Candidate> {
    let wanted = ServerName::like(&entry.name);
    all.iter().find(|candidate| candidate.name == wanted)
}

/// Whether an entry and a pin are the same thing, in whatever version.
fn is_same(context: &Context, meaning: &Meaning, pin: &Pin) -> bool {
    match (meaning, &pin.pinned) {
        (Meaning::Package(package), Pinned::Package { .. }) => match (&package.source, &pin.source) {
            (Source::Npm { name, .. }, Source::Npm { name: pinned, .. })
            | (Source::Pypi { name, .. }, Source::Pypi { name: pinned, .. }) => name == pinned,
            _ => false,
        },
        (Meaning::Remote { url, .. }, Pinned::Remote(remote)) => *url == remote.url,
        (Meaning::Command { words, .. }, Pinned::Local(local)) => is_command(context, words, local),
        _ => false,
    }
}

fn is_command(context: &Context, words: &[String], local: &LocalCommand) -> bool {
    let found = words.first().and_then(|command| resolved(context, command));
    found.is_some_and(|found| found == Path::new(&local.command.path))
}

/// Where a command's file is, links resolved.
fn resolved(context: &Context, command: &str) -> Option<PathBuf> {
    if command.contains('/') {
        return Path::new(command).canonicalize().ok();
    }
    let path = context.env.get("PATH")?;
    let mut folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| folder.join(command).canonicalize().ok().filter(|file| file.is_file()))
}

/// In what an entry and a pin of the same thing differ, as far as the server could notice.
fn differences(context: &Context, entry: &Entry, meaning: &Meaning, pin: &Pin) -> Vec<String> {
    let mut lines = Vec::new();
    match (meaning, &pin.pinned) {
        (Meaning::Package(package), Pinned::Package { launch, .. }) => {
            lines.extend(version(&package.source, pin));
            if let (Source::Pypi { extras, .. }, Source::Pypi { extras: pinned, .. }) = (&package.source, &pin.source)
                && extras != pinned
            {
                lines.push("it asks for other extras of the package than the pin".to_owned());
            }
            lines.extend(arguments(&package.args, &launch.args));
            lines.extend(program(package.bin.as_deref(), &launch.entry, &pin.source));
        }
        (Meaning::Command { words, .. }, Pinned::Local(local)) => {
            let is_arg = |(word, arg): (&String, &LocalArg)| match arg {
                LocalArg::Text(text) => word == text,
                LocalArg::File(file) => resolved(context, word).is_some_and(|found| found == Path::new(&file.path)),
            };
            let words = words.get(1..).unwrap_or_default();
            if words.len() != local.args.len() || !words.iter().zip(&local.args).all(is_arg) {
                lines.push("its arguments are others than the pinned ones".to_owned());
            }
        }
        (
            Meaning::Remote {
                transport,
                headers,
                bridge,
                ..
            },
            Pinned::Remote(remote),
        ) => {
            let pinned = remote.settings.transport;
            if let Some(transport) = transport.filter(|&transport| transport != pinned) {
                lines.push(format!("it speaks {}, the pin {}", transport.as_str(), pinned.as_str()));
            }
            // Those of a remote entry are moved one by one; a bridge has them among its arguments.
            if bridge.is_some() && !is_sent(headers, &remote.settings.headers) {
                lines.push("its headers are others than the pinned ones".to_owned());
            }
        }
        _ => {}
    }
    if let Launch::Stdio(stdio) = &entry.launch {
        let is_kept = |name: &&String| {
            let given = [(OsString::from(name.as_str()), OsString::from("x"))].into();
            !client_environment(&given, pin.env()).is_empty()
        };
        let lost: Vec<_> = stdio
            .env
            .iter()
            .filter(|name| !is_kept(name))
            .map(|name| format!("`{name}`"))
            .collect();
        if !lost.is_empty() {
            lines.push(format!(
                "it sets {}, which the pin does not hand on (`env` in the manifest names what it does)",
                lost.join(", ")
            ));
        }
        if stdio.env_file {
            lines.push("it takes variables from a file; only those that the pin names reach the server".to_owned());
        }
        if stdio.cwd.is_some() && cwd(pin) == Some(CwdRule::Empty) {
            lines.push("it is started in a folder of its choice, the pin in an empty one".to_owned());
        }
    }
    lines
}

fn is_sent(headers: &[Header], rules: &[HeaderRule]) -> bool {
    let is_rule = |header: &Header| {
        let rule = rules.iter().find(|rule| header.name.eq_ignore_ascii_case(rule.name()));
        rule.is_some_and(|rule| header.template.as_deref() == Some(rule.template()))
    };
    headers.len() == rules.len() && headers.iter().all(is_rule)
}

fn cwd(pin: &Pin) -> Option<CwdRule> {
    match &pin.pinned {
        Pinned::Package { launch, .. } => Some(launch.cwd),
        Pinned::Local(local) => Some(local.cwd),
        Pinned::Remote(_) => None,
    }
}

/// A range or a tag is what a pin is there for; another exact version is a difference.
fn version(source: &Source, pin: &Pin) -> Option<String> {
    let asked = match source {
        Source::Npm { requirement, .. } => requirement.as_deref()?,
        Source::Pypi { requirement, .. } => requirement.as_deref()?.strip_prefix("==")?,
        Source::Local | Source::Remote(_) => return None,
    };
    let exact = asked.starts_with(|c: char| c.is_ascii_digit())
        && asked.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
        && (matches!(source, Source::Pypi { .. }) || asked.split(['-', '+']).next()?.split('.').count() == 3);
    let pinned = pin.version()?;
    (exact && asked != pinned).then(|| format!("it starts version {asked}, the pin is {pinned}"))
}

fn arguments(asked: &[String], pinned: &[String]) -> Option<String> {
    if asked == pinned {
        return None;
    }
    Some(match asked.len().cmp(&pinned.len()) {
        std::cmp::Ordering::Greater if asked.starts_with(pinned) => {
            "it has more arguments than the pin; they are handed on behind those that are locked".to_owned()
        }
        _ => format!("its arguments are others than the pinned ones ({})", counted(pinned.len())),
    })
}

fn counted(number: usize) -> String {
    match number {
        0 => "none".to_owned(),
        1 => "one".to_owned(),
        more => more.to_string(),
    }
}

/// A program of the package that is asked for by name.
fn program(bin: Option<&str>, entry: &str, source: &Source) -> Option<String> {
    let bin = bin?;
    let pinned = match source {
        Source::Pypi { .. } => entry.split('=').next().unwrap_or_default().trim(),
        // Which file a program of an npm package is stands in its archive; its usual name is the package's.
        Source::Npm { name, .. } => name.base(),
        Source::Local | Source::Remote(_) => return None,
    };
    (bin != pinned).then(|| format!("it starts the program `{bin}` of the package; whether the pin does is not known"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_arguments_are_handed_on_and_others_are_named() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(arguments(&words(&["a"]), &words(&["a"])), None);
        assert!(arguments(&words(&["a", "b"]), &words(&["a"])).unwrap().contains("handed on"));
        assert!(arguments(&words(&["b"]), &words(&["a"])).unwrap().contains("others"));
        assert!(arguments(&words(&[]), &words(&["hunter2"])).is_some_and(|line| !line.contains("hunter2")));
    }

    #[test]
    fn a_program_is_compared_by_name() {
        let npm: Source = "npm:@scope/server".parse().unwrap();
        let pypi: Source = "pypi:mcp-server-git".parse().unwrap();
        assert_eq!(program(None, "index.js", &npm), None);
        assert_eq!(program(Some("server"), "index.js", &npm), None);
        assert!(program(Some("other"), "index.js", &npm).is_some());
        assert_eq!(program(Some("git"), "git = git:main", &pypi), None);
        assert!(program(Some("evil"), "git = git:main", &pypi).is_some());
    }
}

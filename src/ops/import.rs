//! `import`: which servers the AI clients of this machine start, and pinning them.
//!
//! Writes no client's file (that is `wrap`). What is pinned goes through `install`, with its reports
//! and its consent; agreeing to an entry as it is, without a pin, is `--acknowledge`, and above `notice`
//! needs a terminal: a program with a shell must not nod through what it changed itself.

use std::path::PathBuf;

use crate::clients::{Header, Meaning};
use crate::error::Error;
use crate::history::{EventKind, History};
use crate::model::{Finding, Grade, HeaderRule, RemoteSettings, Report, ServerName, check_env_name};
use crate::ops::clients::{self, ClientFile, Locks, Owner, Seen, Status, Which};
use crate::ops::consent::Consent;
use crate::ops::install::{self, Wanted};
use crate::ops::{Context, Interact, Outcome, notices, queries};

/// How to import.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of the user, independent of the others")]
pub struct Options {
    /// Which: `NAME`, or `CLIENT:NAME` where two clients differ.
    pub names: Vec<String>,
    /// All that can be pinned.
    pub all: bool,
    /// What the one that is named is called in the lock.
    pub rename: Option<ServerName>,
    /// Agree to entries as they are, instead of pinning.
    pub acknowledge: bool,
    /// Start servers to read their surface.
    pub probe: bool,
    /// Without a sandbox where none is to be had.
    pub unsandboxed: bool,
    /// What the user allowed.
    pub consent: Consent,
}

/// What an import came to.
#[derive(Debug)]
pub struct Imported {
    /// Every server of every file, as it is after the import.
    pub seen: Vec<Seen>,
    /// Files that could not be read.
    pub unread: Vec<ClientFile>,
    /// Files of servers in other projects that clients were started in. They were not opened.
    pub elsewhere: Vec<PathBuf>,
    /// What was pinned, or why it was not.
    pub results: Vec<(ServerName, Result<Outcome, Error>)>,
    /// How many entries were agreed to as they are.
    pub acknowledged: usize,
    /// Nothing was asked for: the list alone.
    pub list_only: bool,
}

/// A server that can be pinned, and every entry that means it.
struct Candidate {
    name: ServerName,
    owner: Owner,
    entries: Vec<Seen>,
}

/// Lists, and pins what was chosen.
///
/// # Errors
/// A lock or the history cannot be used, or a name is in no client's file. What could not be pinned is
/// in the result.
pub async fn import(context: &Context, options: Options, person: &dyn Interact) -> Result<Imported, Error> {
    let history = queries::open_history(context)?;
    let files = clients::files(context, Which::All);
    let seen = clients::survey(&files, &Locks::load(context)?);
    let mut done = Imported {
        seen: Vec::new(),
        unread: Vec::new(),
        elsewhere: clients::elsewhere(context, &files),
        results: Vec::new(),
        acknowledged: 0,
        list_only: false,
    };
    if options.acknowledge {
        done.acknowledged = acknowledge(context, &history, &options, (&files, &seen), person)?;
    } else {
        let chosen = choose(&options, &seen, person)?;
        done.list_only = chosen.is_none();
        for candidate in chosen.unwrap_or_default() {
            let result = pin(context, &candidate, &options, person).await;
            if result.is_ok() {
                remember(context, &history, &candidate)?;
            }
            done.results.push((candidate.name, result));
        }
    }
    done.seen = clients::survey(&files, &Locks::load(context)?);
    done.unread = files.into_iter().filter(|file| file.entries.is_err()).collect();
    Ok(done)
}

/// An entry that is pinned now is agreed to, but nothing that was agreed to otherwise before.
fn remember(context: &Context, history: &History, candidate: &Candidate) -> Result<(), Error> {
    for one in &candidate.entries {
        if history.client_entry(&one.file, &one.entry.key())?.is_none() {
            history.record_client_entry(&one.file, &one.entry.key(), &one.entry.digest(), context.now())?;
        }
    }
    Ok(())
}

fn is_meant(selector: &str, one: &Seen) -> bool {
    let (client, name) = match selector.split_once(':') {
        Some((client, name)) if crate::clients::client(client).is_some() => (Some(client), name),
        _ => (None, selector),
    };
    let named = one.entry.name == name || one.name.as_str() == name;
    named && client.is_none_or(|client| one.clients.iter().any(|known| known.id == client))
}

/// What is to be pinned; `None` where only the list was asked for.
fn choose(options: &Options, seen: &[Seen], person: &dyn Interact) -> Result<Option<Vec<Candidate>>, Error> {
    if options.names.is_empty() {
        let candidates = candidates(seen.iter().filter(|one| one.status == Status::NotPinned && !one.entry.disabled));
        if options.rename.is_some() {
            return Err(not_possible(
                "call several servers by one name",
                "name one: `mcp-pin import CLIENT:NAME --as OTHER`",
            ));
        }
        if options.all {
            return Ok(Some(candidates));
        }
        if !person.can_ask() || candidates.is_empty() {
            return Ok(None);
        }
        return Ok(Some(ask(candidates, person)));
    }
    let mut meant: Vec<&Seen> = Vec::new();
    for selector in &options.names {
        let found: Vec<_> = seen.iter().filter(|one| is_meant(selector, one)).collect();
        if found.is_empty() {
            return Err(not_possible(
                &format!("find a server called `{selector}` in any client's file"),
                "`mcp-pin import` lists them; write `NAME` or `CLIENT:NAME`",
            ));
        }
        let open: Vec<_> = found.iter().filter(|one| can_be_pinned(one, options)).copied().collect();
        if open.is_empty() {
            refuse(selector, &found, person)?;
        }
        meant.extend(open);
    }
    let mut candidates = candidates(meant.into_iter());
    if let Some(name) = &options.rename {
        let [one] = candidates.as_mut_slice() else {
            return Err(not_possible(
                "call several servers by one name",
                "name one: `mcp-pin import CLIENT:NAME --as OTHER`",
            ));
        };
        one.name = name.clone();
    }
    Ok(Some(candidates))
}

fn can_be_pinned(one: &Seen, options: &Options) -> bool {
    match one.status {
        Status::NotPinned => true,
        Status::Conflict(_) => options.rename.is_some(),
        _ => false,
    }
}

/// Says why what was named cannot be pinned. One that is pinned already is no mistake.
fn refuse(selector: &str, found: &[&Seen], person: &dyn Interact) -> Result<(), Error> {
    let why = |one: &Seen| match &one.status {
        Status::NotPossible(why) => Some((why.clone(), "`mcp-pin import` shows every entry and where it stands")),
        Status::Conflict(why) => Some((
            format!("{why}: which one is meant has to be said"),
            "give it a name of its own: `mcp-pin import CLIENT:NAME --as OTHER`",
        )),
        Status::Inside => Some(("it is a part of the client".to_owned(), "there is nothing to pin")),
        Status::Pinned(_) | Status::Wrapped | Status::NotPinned => None,
    };
    if let Some((why, hint)) = found.iter().find_map(|one| why(one)) {
        return Err(not_possible(&format!("pin `{selector}`: {why}"), hint));
    }
    person.note(&format!("`{selector}` is pinned already"));
    Ok(())
}

fn not_possible(what: &str, hint: &str) -> Error {
    Error::NotPossible {
        what: what.to_owned(),
        hint: Some(hint.to_owned()),
    }
}

/// One candidate for each thing that is meant, under the first name it has.
fn candidates<'a>(seen: impl Iterator<Item = &'a Seen>) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = Vec::new();
    for one in seen {
        let known = out.iter_mut().find(|known| {
            known.owner == one.owner
                && known
                    .entries
                    .iter()
                    .any(|entry| clients::same_meaning(&entry.meaning, &one.meaning))
        });
        match known {
            Some(known) => known.entries.push(one.clone()),
            None => out.push(Candidate {
                name: one.name.clone(),
                owner: one.owner,
                entries: vec![one.clone()],
            }),
        }
    }
    out
}

impl Candidate {
    fn told(&self) -> String {
        let mut clients: Vec<_> = self.entries.iter().flat_map(|one| &one.clients).map(|client| client.name).collect();
        clients.dedup();
        let starts = self.entries.first().map(|one| one.meaning.told()).unwrap_or_default();
        format!("`{}`: {} ({})", self.name, crate::surface::visible(&starts), clients.join(", "))
    }
}

fn ask(candidates: Vec<Candidate>, person: &dyn Interact) -> Vec<Candidate> {
    for candidate in &candidates {
        person.note(&candidate.told());
    }
    let count = candidates.len();
    if count > 1 && person.confirm(&format!("pin all {count}? (no: asks about each)"), &[]) {
        return candidates;
    }
    candidates
        .into_iter()
        .filter(|candidate| person.confirm(&format!("pin {}?", candidate.told()), &[]))
        .collect()
}

async fn pin(context: &Context, candidate: &Candidate, options: &Options, person: &dyn Interact) -> Result<Outcome, Error> {
    let Some(first) = candidate.entries.first() else {
        return Ok(Outcome::default());
    };
    let mut cwd = context.cwd.clone();
    if candidate.owner == Owner::Project {
        cwd = clients::project(context);
    }
    let mut install = install::Options {
        wanted: Wanted::Sources(Vec::new()),
        name: Some(candidate.name.clone()),
        args: Vec::new(),
        env: env(candidate, person),
        network: false,
        remote: RemoteSettings::default(),
        bin: None,
        probe: options.probe,
        unsandboxed: options.unsandboxed,
        consent: options.consent.clone(),
    };
    match &first.meaning {
        Meaning::Package(package) => {
            install.wanted = Wanted::Sources(vec![package.source.clone()]);
            install.args.clone_from(&package.args);
            install.bin.clone_from(&package.bin);
            stays(&candidate.name, &package.tail, person);
        }
        Meaning::Command { words, tail, relative } => {
            install.wanted = Wanted::Command(words.clone());
            stays(&candidate.name, tail, person);
            if !relative {
                // A word that happens to name a file here means no file of here.
                cwd = PathBuf::from("/");
            }
        }
        Meaning::Remote {
            url, transport, headers, ..
        } => {
            install.wanted = Wanted::Sources(vec![crate::model::Source::Remote(url.clone())]);
            install.env.clear();
            install.remote = RemoteSettings {
                transport: transport.unwrap_or_default(),
                headers: rules(headers)?,
                ..RemoteSettings::default()
            };
        }
        Meaning::Wrapped(_) | Meaning::Inside { .. } | Meaning::NotUnderstood { .. } => return Ok(Outcome::default()),
    }
    let context = Context {
        global: candidate.owner == Owner::User,
        cwd,
        ..context.clone()
    };
    install::install(&context, install, person).await
}

fn rules(headers: &[Header]) -> Result<Vec<HeaderRule>, Error> {
    let rule = |header: &Header| {
        let template = header.template.as_deref().unwrap_or_default();
        HeaderRule::new(&header.name, template).map_err(|error| Error::NotPossible {
            what: format!("take over the header `{}`: {error}", header.name.escape_debug()),
            hint: error.hint(),
        })
    };
    headers.iter().map(rule).collect()
}

/// The names of the variables that the server gets from now on, and a word about those it does not.
fn env(candidate: &Candidate, person: &dyn Interact) -> Vec<String> {
    let mut names: Vec<_> = candidate.entries.iter().flat_map(variables).collect();
    names.sort();
    names.dedup();
    let (kept, left): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| check_env_name(name).is_ok());
    if !left.is_empty() {
        let left: Vec<_> = left.iter().map(|name| crate::surface::visible(name)).collect();
        person.note(&format!(
            "`{}` will not get {}: such variables can load other code into it",
            candidate.name,
            left.join(", ")
        ));
    }
    if candidate.entries.iter().any(has_env_file) {
        person.note(&format!(
            "`{}` takes variables from a file: name them in mcp-pin.toml, or it will not get them",
            candidate.name
        ));
    }
    kept
}

fn variables(one: &Seen) -> Vec<String> {
    match &one.entry.launch {
        crate::clients::Launch::Stdio(stdio) => stdio.env.clone(),
        _ => Vec::new(),
    }
}

fn has_env_file(one: &Seen) -> bool {
    matches!(&one.entry.launch, crate::clients::Launch::Stdio(stdio) if stdio.env_file)
}

fn stays(name: &ServerName, tail: &[String], person: &dyn Interact) {
    if !tail.is_empty() {
        person.note(&format!(
            "`{name}`: the last {} of its arguments stay in the client's file, which fills in a variable there",
            tail.len()
        ));
    }
}

/// Agrees to entries as they are. Above `notice` somebody has to say so on a terminal.
fn acknowledge(
    context: &Context,
    history: &History,
    options: &Options,
    (files, seen): (&[ClientFile], &[Seen]),
    person: &dyn Interact,
) -> Result<usize, Error> {
    let rows = history.client_entries()?;
    let covered = clients::covered(context, Which::All, files, &rows);
    let whole = options.names.is_empty();
    for selector in &options.names {
        if !seen.iter().any(|one| is_meant(selector, one)) {
            return Err(not_possible(
                &format!("find a server called `{selector}` in any client's file"),
                "`mcp-pin import` lists them",
            ));
        }
    }
    let meant = |one: &Seen| whole || options.names.iter().any(|selector| is_meant(selector, one));
    let locks = Locks::load(context)?;
    let report = clients::judge(files, seen, &rows, &locks, &covered);
    let open: Vec<(Finding, &Seen)> = above_notice(report, seen).into_iter().filter(|(_, one)| meant(one)).collect();
    if !open.is_empty() && !person.can_ask() {
        return Err(not_possible(
            &format!("agree to {} change(s) above notice: nobody can be asked here", open.len()),
            "run it on a terminal; `mcp-pin verify` shows the changes",
        ));
    }
    let mut count = 0;
    for one in seen.iter().filter(|one| meant(one)) {
        let row = rows.iter().find(|row| row.file == one.file && row.key == one.entry.key());
        if clients::acknowledged(one, row) {
            continue;
        }
        if let Some((finding, _)) = open
            .iter()
            .find(|(_, other)| other.file == one.file && other.entry.key() == one.entry.key())
        {
            person.note(&format!(
                "{}: {}\n  it starts: {}",
                finding.grade,
                finding.title,
                crate::surface::visible(&one.meaning.told())
            ));
            if !person.confirm("agree to it as it is?", &[]) {
                continue;
            }
            notices::event(
                history,
                context.now(),
                EventKind::Approve,
                &one.name,
                Some(finding.grade),
                &finding.title,
            )?;
        }
        history.record_client_entry(&one.file, &one.entry.key(), &one.entry.digest(), context.now())?;
        count += 1;
    }
    if whole {
        for file in files {
            if let Some(text) = file.entries.as_ref().err().and_then(|unread| unread.text.as_ref()) {
                history.record_client_entry(&file.path, clients::WHOLE, text, context.now())?;
            }
        }
        for row in rows.iter().filter(|row| covered.contains(&row.file) && row.key != clients::WHOLE) {
            let unread = files.iter().any(|file| file.path == row.file && file.entries.is_err());
            if !unread && !seen.iter().any(|one| one.file == row.file && one.entry.key() == row.key) {
                history.forget_client_entry(&row.file, &row.key)?;
            }
        }
        history.record_clients_looked_at(context.now())?;
    }
    Ok(count)
}

/// The findings above `notice` about single entries, each with its entry.
fn above_notice(report: Report, seen: &[Seen]) -> Vec<(Finding, &Seen)> {
    let above = report.findings.into_iter().filter(|finding| finding.grade > Grade::Notice);
    above
        .filter_map(|finding| seen.iter().find(|one| one.subject() == finding.subject).map(|one| (finding, one)))
        .collect()
}

//! `run`: what a client starts instead of `npx` or `uvx`. Starts the locked bytes of an entry that
//! this user approved, and lets through only the surface that is pinned.
//!
//! The attacks: a lock or a tree that somebody else changed, a project that brings its own server
//! along, and a server that turns once nobody looks. What may not be started is not started, and the
//! client, the user and the history are told so.
//!
//! A project's files are never looked for: whoever wants a project's server names its lock. The
//! demands of the policy on evidence are `verify`'s; what counts here is that the very entry was
//! approved, and that the files are those of its archives.
//!
//! Starting takes no lock of the store and writes nothing that a second copy could stumble over: a
//! client may start two at once and end one early.

mod lines;
mod purse;
mod ready;
pub mod refusal;
mod watch;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::ready::{Ready, What};
use self::refusal::Why;
use self::watch::{Place, Watch, Watching};
use crate::error::Error;
use crate::guard::{Event, Guard};
use crate::manifest::Scope as Owner;
use crate::mcp::http::{HttpUpstream, Mirrors, Terms};
use crate::mcp::relay::{self, Child, ClientEnds, Finished, Relay, Trace, Upstream};
use crate::model::{Pin, ServerName};
use crate::ops::scope::{self, LOCKFILE, Loaded, Scope};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, probe};

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The entry.
    pub name: ServerName,
    /// A project's lockfile, absolute; the user's own without.
    pub lock: Option<PathBuf>,
    /// Read every installed file, whatever is known of them.
    pub full: bool,
    /// Write the frames here, secrets redacted.
    pub trace: Option<PathBuf>,
    /// Arguments after those of the entry.
    pub extra: Vec<OsString>,
}

/// Runs a server until the client or the server ends. Returns the exit status to pass on.
///
/// # Errors
/// It was not started; nothing of it ran. [`refusal::answer`] tells the client.
pub fn run(context: &Context, options: &Options, person: &dyn Interact) -> Result<u8, Error> {
    let loaded = scope::load(context, scope_of(context, options)?)?;
    let pin = entry(context, options, &loaded)?;
    let tools = Tools::open(context, person)?;
    let ready = ready::ready(&tools, &loaded, options, pin)?;
    let trace = match &options.trace {
        Some(path) => Some(Trace::open(path, ready.setup.places.clone()).map_err(|source| Error::File {
            action: "write",
            path: path.clone(),
            source,
        })?),
        None => None,
    };
    let (program, server, remote) = upstream(context, &ready, options)?;
    // From here on the server runs, and nothing may end this but its end.
    let watch = Arc::new(Watch::start(Place::of(context, &loaded, options), tools.history));
    let client = ClientEnds::stdio().map_err(|source| cannot_start(options, &program, source))?;
    let finished = relay::relay(Relay {
        client,
        upstream: server,
        guard: Guard::new(ready.setup),
        observer: Watching(Arc::clone(&watch)),
        clock: context.now,
        signals: true,
        trace,
    });
    let other_key = remote.and_then(|remote| remote.other_key());
    if let Some(found) = other_key {
        let findings = ready::judged(&options.name, &loaded, vec![probe::other_key(pin, &found)]);
        for finding in findings {
            watch.event(Event::Drift(finding));
        }
    }
    for line in watch.finish() {
        person.warn(&line);
    }
    Ok(if other_key.is_some() { 1 } else { status(finished) })
}

/// The server's name, for errors, its side of the relay, and the same once more where it is a
/// connection.
type Server = (PathBuf, Arc<dyn Upstream>, Option<Arc<HttpUpstream>>);

/// The server's side of the relay: a process that is started here, or a connection.
fn upstream(context: &Context, ready: &Ready, options: &Options) -> Result<Server, Error> {
    match &ready.start {
        What::Process(launchable) => {
            let child = Child::start(relay::Start {
                launchable,
                extra: &options.extra,
                environment: &ready.environment,
                cwd: &ready.cwd,
                exe: &context.exe,
            });
            let child = child.map_err(|source| cannot_start(options, &launchable.program, source))?;
            Ok((launchable.program.clone(), Arc::new(child), None))
        }
        What::Remote(_) if !options.extra.is_empty() => Err(Error::NotPossible {
            what: "give arguments to a remote server: nothing of it is started here".into(),
            hint: None,
        }),
        What::Remote(server) => {
            let mirrors = ready.setup.pinned.as_ref().map(Mirrors::of).unwrap_or_default();
            let url = PathBuf::from(server.remote().url.as_str());
            let connect = || server.open(mirrors, Terms::RUN);
            let connected = HttpUpstream::start(options.name.as_str(), connect);
            let connected = connected.map_err(|source| cannot_start(options, &url, source))?;
            let connected = Arc::new(connected);
            Ok((url, Arc::<HttpUpstream>::clone(&connected), Some(connected)))
        }
    }
}

/// The server's own status where it ended by itself; `1` where the guard closed the connection, which is
/// a finding, and `2` where something of ours failed.
const fn status(finished: Finished) -> u8 {
    match finished.why {
        relay::Why::Server | relay::Why::Client => finished.server.status(),
        relay::Why::Guard => 1,
        relay::Why::Signal(signal) => 128u8.saturating_add(signal),
        relay::Why::Broken => 2,
    }
}

fn cannot_start(options: &Options, program: &Path, source: std::io::Error) -> Error {
    Error::NotStarted {
        server: options.name.clone(),
        why: Why::Runtime,
        command: String::new(),
        drift: Vec::new(),
        cause: Some(Box::new(Error::File {
            action: "start",
            path: program.to_path_buf(),
            source,
        })),
    }
}

/// The scope that the options name, never one that is found.
///
/// # Errors
/// `--lock` with a path that depends on where the client happens to stand, or that is none.
pub fn scope_of(context: &Context, options: &Options) -> Result<Scope, Error> {
    let Some(lock) = &options.lock else {
        return Ok(Scope::user(context));
    };
    let refused = |what: &str, hint: String| Error::NotPossible {
        what: format!("use `--lock {}`: {what}", crate::surface::visible(&lock.display().to_string())),
        hint: Some(hint),
    };
    if context.global {
        return Err(refused("`--global` names another lock", "leave one of the two out".into()));
    }
    if !lock.is_absolute() {
        let whole = context.cwd.join(lock);
        let hint = format!(
            "write the whole path: `--lock {}`",
            crate::surface::visible(&whole.display().to_string())
        );
        return Err(refused("the path is relative, and clients start servers anywhere", hint));
    }
    let named = lock.file_name().is_some_and(|name| name == LOCKFILE);
    let folder = lock
        .parent()
        .filter(|_| named && lock.is_file())
        .and_then(|folder| folder.canonicalize().ok());
    let Some(folder) = folder else {
        return Err(refused("there is no such lock", format!("name a project's {LOCKFILE}")));
    };
    if context.config.canonicalize().is_ok_and(|config| config == folder) {
        return Ok(Scope::user(context));
    }
    Ok(Scope {
        owner: Owner::Project,
        folder,
    })
}

/// The lock's entry of the server.
fn entry<'a>(context: &Context, options: &Options, loaded: &'a Loaded) -> Result<&'a Pin, Error> {
    let name = &options.name;
    if let Some(pin) = loaded.lock.servers.get(name) {
        return Ok(pin);
    }
    let beside = options
        .lock
        .is_none()
        .then(|| context.cwd.join(LOCKFILE))
        .filter(|lock| lock.is_file());
    Err(Error::NotInLock {
        name: name.clone(),
        lock: loaded.scope.lockfile(),
        known: loaded.lock.servers.keys().cloned().collect(),
        beside,
    })
}

/// How the user calls commands about this scope.
fn flag(options: &Options) -> &'static str {
    if options.lock.is_none() { " --global" } else { "" }
}

/// A command about the server, for its scope. `install` without a name makes this machine match the
/// lock, and asks; with one it would add a server.
fn command(word: &str, options: &Options) -> String {
    match word {
        "install" => format!("mcp-pin install{}", flag(options)),
        word => format!("mcp-pin {word}{} {}", flag(options), options.name),
    }
}

//! Operations that only look: what a scope holds, and what happened.

use crate::error::Error;
use crate::history::{ApprovalKind, History, Interpreter, Who};
use crate::manifest::Loosening;
use crate::model::{Pin, ServerName, Sha256Digest};
use crate::ops::scope::{self, Loaded, Scope};
use crate::ops::{Context, Interact};

/// Loads the scope that reading commands are about, and says so where it is not the obvious one.
///
/// # Errors
/// Nothing to read anywhere, or a file that cannot be used.
pub fn reading(context: &Context, person: &dyn Interact) -> Result<Loaded, Error> {
    let (scope, fell_back) = Scope::for_reading(context);
    let loaded = scope::load(context, scope)?;
    let empty = !loaded.locked && loaded.manifest_text.is_empty();
    if empty {
        return Err(Error::NothingHere {
            folder: context.cwd.clone(),
            user: context.config.clone(),
            global: context.global,
        });
    }
    if fell_back {
        person.warn(&format!(
            "no {} here or above: using your own in {}",
            scope::MANIFEST,
            context.config.display()
        ));
    }
    for loosening in &loaded.loosened {
        person.note(&loosened(loosening));
    }
    Ok(loaded)
}

/// The names asked for, or all of the lock's and the manifest's.
///
/// # Errors
/// A name that is in neither.
pub fn select(loaded: &Loaded, names: &[ServerName]) -> Result<Vec<ServerName>, Error> {
    let mut all: Vec<_> = loaded.lock.servers.keys().chain(loaded.manifest.servers.keys()).cloned().collect();
    all.sort();
    all.dedup();
    if names.is_empty() {
        return Ok(all);
    }
    for name in names {
        if !all.contains(name) {
            return Err(Error::NoSuchServer {
                name: name.clone(),
                known: all,
            });
        }
    }
    let mut chosen = names.to_vec();
    chosen.sort();
    chosen.dedup();
    Ok(chosen)
}

/// The lock's entry of a server.
///
/// # Errors
/// The lock has none.
pub fn entry<'a>(loaded: &'a Loaded, name: &ServerName) -> Result<&'a Pin, Error> {
    loaded.lock.servers.get(name).ok_or_else(|| Error::NotLocked { name: name.clone() })
}

/// Whether this user approved an entry with this digest.
///
/// # Errors
/// The history cannot be read.
pub fn is_approved(context: &Context, scope: &str, name: &ServerName, digest: &Sha256Digest) -> Result<bool, Error> {
    Ok(open_history(context)?
        .approval_in(digest, ApprovalKind::Entry, name, scope)?
        .is_some())
}

/// Whether drift of a server is open: what a check recorded, or what a connection saw.
///
/// # Errors
/// The history cannot be read.
pub fn has_drift(context: &Context, scope: &str, name: &ServerName) -> Result<bool, Error> {
    let history = open_history(context)?;
    Ok(history.open_drift(name, scope)?.is_some() || !history.open_sightings(name, scope)?.is_empty())
}

/// The interpreter that a Python server was installed with on this machine.
///
/// # Errors
/// The history cannot be read.
pub fn interpreter(context: &Context, scope: &str, name: &ServerName) -> Result<Option<Interpreter>, Error> {
    Ok(open_history(context)?.interpreter(scope, name)?)
}

/// Opens the user's state.
///
/// # Errors
/// It is corrupt, newer than this version, or cannot be opened.
pub fn open_history(context: &Context) -> Result<History, Error> {
    std::fs::create_dir_all(&context.home).map_err(|source| Error::File {
        action: "create",
        path: context.home.clone(),
        source,
    })?;
    Ok(History::open(&context.home.join("state.db"))?.by(who(context)))
}

/// Who is at work: for the rows of approvals.
fn who(context: &Context) -> Who {
    let user = ["USER", "LOGNAME"].into_iter().find_map(|name| context.env.get(name));
    Who {
        user: user.map(|user| user.to_string_lossy().into_owned()),
        uid: rustix::process::getuid().as_raw(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    }
}

/// What to say of a setting that a project's manifest tried to loosen.
pub fn loosened(loosening: &Loosening) -> String {
    let Loosening { key, asked, kept } = loosening;
    format!("ignored: this project asks for `{key} = {asked}`, which is looser than yours ({kept})")
}

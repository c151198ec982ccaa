//! What a candidate is compared with: the entry that this user approved last, never one that
//! somebody else wrote into a lock.
//!
//! The attack: a project's lock that holds the malicious version already. Compared with that, the
//! malicious candidate changes nothing, and a report of "nothing" is approved in passing. So an
//! entry that was not approved here is no baseline by itself: the candidate is compared with what
//! was approved, or shown as a first install together with what it changes of the lock's entry.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::history::ApprovalKind;
use crate::lock::{self, Lockfile};
use crate::model::{Pin, ServerName, Sha256Digest};
use crate::ops::tools::Tools;
use crate::store::atomic;

/// What a candidate is compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// The entry.
    pub pin: Pin,
    /// This user approved it. Otherwise somebody else wrote it into the lock: what a candidate
    /// changes of it is shown, and the candidate is shown in full as well.
    pub approved: bool,
}

/// Whether this user approved exactly this entry, its code and its surface, under this name in this
/// scope, and nothing else since: an old lock put back is not approved any more.
///
/// # Errors
/// The history cannot be read.
pub fn is_approved(tools: &Tools<'_>, scope: &str, name: &ServerName, pin: &Pin) -> Result<bool, Error> {
    let (code, entry) = (lock::static_digest(name, pin), lock::entry_digest(name, pin));
    let whole = tools.history.approval_in(&entry, ApprovalKind::Entry, name, scope)?.is_some();
    Ok(whole && tools.history.approval(&code, ApprovalKind::Static)?.is_some())
}

/// The entry to compare with: the lock's if this user approved it, else the one they approved last
/// under this name in this scope, else the lock's as somebody else's word, else none.
///
/// # Errors
/// The history or the remembered entry cannot be read.
pub fn of(tools: &Tools<'_>, scope: &str, name: &ServerName, locked: Option<&Pin>) -> Result<Option<Baseline>, Error> {
    let theirs = || {
        locked.map(|pin| Baseline {
            pin: pin.clone(),
            approved: false,
        })
    };
    if let Some(pin) = locked
        && is_approved(tools, scope, name, pin)?
    {
        return Ok(Some(Baseline {
            pin: pin.clone(),
            approved: true,
        }));
    }
    let path = path(tools, scope, name);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(theirs()),
        Err(source) => {
            return Err(Error::File {
                action: "read",
                path,
                source,
            });
        }
    };
    // A memory that was tampered with, or is of an older form, is none: the entry is then shown in
    // full, which is the careful answer.
    let remembered = lock::parse(&text).ok().and_then(|mut lock| lock.servers.remove(name));
    match remembered {
        Some(pin) if is_approved(tools, scope, name, &pin)? => Ok(Some(Baseline { pin, approved: true })),
        _ => Ok(theirs()),
    }
}

/// Remembers an entry that was just approved.
///
/// # Errors
/// It cannot be written.
pub fn remember(tools: &Tools<'_>, scope: &str, name: &ServerName, pin: &Pin) -> Result<(), Error> {
    let path = path(tools, scope, name);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|source| Error::File {
            action: "create",
            path: folder.to_path_buf(),
            source,
        })?;
    }
    let text = lock::write(&Lockfile {
        servers: [(name.clone(), pin.clone())].into(),
    });
    atomic::write(&path, text.as_bytes())?;
    Ok(())
}

/// Forgets what was approved last: the server is removed.
pub fn forget(tools: &Tools<'_>, scope: &str, name: &ServerName) {
    // Without an approval, which `remove` revokes, a file left behind counts for nothing.
    drop(std::fs::remove_file(path(tools, scope, name)));
}

/// Every entry that is remembered as approved, in whatever scope. A file that was tampered with
/// counts for nothing, as in [`of`].
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn all(tools: &Tools<'_>) -> Result<Vec<Lockfile>, Error> {
    let folder = folder(tools);
    let failed = |path: &Path, source| Error::File {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(&folder, source)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| failed(&folder, source))?.path();
        let bytes = std::fs::read(&path).map_err(|source| failed(&path, source))?;
        all.extend(std::str::from_utf8(&bytes).ok().and_then(|text| lock::parse(text).ok()));
    }
    Ok(all)
}

fn folder(tools: &Tools<'_>) -> PathBuf {
    tools.context.home.join("approved")
}

fn path(tools: &Tools<'_>, scope: &str, name: &ServerName) -> PathBuf {
    let key = Sha256Digest::of(format!("{scope}\0{name}"));
    folder(tools).join(format!("{key}.json"))
}

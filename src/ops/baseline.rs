//! What a candidate is compared with: the entry that this user approved last, never one that
//! somebody else wrote into a lock.
//!
//! The attack: a project's lock that holds the malicious version already. Compared with that, the
//! malicious candidate changes nothing, and a report of "nothing" is approved in passing. So an
//! entry that was not approved here is no baseline by itself: the candidate is compared with what
//! was approved, or shown as a first install together with what it changes of the lock's entry.
//!
//! What was approved before that is kept as well, the newest few, for `rollback` to go back to. An
//! entry counts there only if the history has an approval of exactly it: a file that somebody put
//! into our folder is nothing to go back to.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::history::{Approval, ApprovalKind};
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

/// How many entries are kept of those that were approved before the last one.
const EARLIER: usize = 5;

/// Whether this user approved exactly this entry, its code and its surface, under this name in this
/// scope, and nothing else since: an old lock put back is not approved any more.
///
/// # Errors
/// The history cannot be read.
pub fn is_approved(tools: &Tools<'_>, scope: &str, name: &ServerName, pin: &Pin) -> Result<bool, Error> {
    Ok(approval(tools, scope, name, pin)?.is_some())
}

/// The digest and the approval of the entry's code, where [`is_approved`] holds of the entry.
///
/// # Errors
/// The history cannot be read.
pub fn approval(tools: &Tools<'_>, scope: &str, name: &ServerName, pin: &Pin) -> Result<Option<(Sha256Digest, Approval)>, Error> {
    let entry = lock::entry_digest(name, pin);
    if tools.history.approval_in(&entry, ApprovalKind::Entry, name, scope)?.is_none() {
        return Ok(None);
    }
    let code = lock::static_digest(name, pin);
    let approval = tools.history.approval(&code, ApprovalKind::Static)?;
    Ok(approval.map(|approval| (code, approval)))
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
    match read(&path(tools, scope, name), name)? {
        Some(pin) if is_approved(tools, scope, name, &pin)? => Ok(Some(Baseline { pin, approved: true })),
        _ => Ok(theirs()),
    }
}

/// A memory that was tampered with, or is of an older form, is none: the entry is then shown in
/// full, which is the careful answer.
fn read(path: &Path, name: &ServerName) -> Result<Option<Pin>, Error> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::File {
                action: "read",
                path: path.to_owned(),
                source,
            });
        }
    };
    let lock = std::str::from_utf8(&bytes).ok().and_then(|text| lock::parse(text).ok());
    Ok(lock.and_then(|mut lock| lock.servers.remove(name)))
}

/// Remembers an entry that was just approved.
///
/// # Errors
/// It cannot be written.
pub fn remember(tools: &Tools<'_>, scope: &str, name: &ServerName, pin: &Pin) -> Result<(), Error> {
    set_aside(tools, scope, name, pin)?;
    write(&path(tools, scope, name), name, pin)
}

fn write(path: &Path, name: &ServerName, pin: &Pin) -> Result<(), Error> {
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
    atomic::write(path, text.as_bytes())?;
    Ok(())
}

/// Keeps the entry that is remembered now as an earlier one, where the new one has other code or
/// another launch. Of one version, only the entry that was approved last is worth going back to. An
/// entry that is approved again is no earlier one any more.
fn set_aside(tools: &Tools<'_>, scope: &str, name: &ServerName, next: &Pin) -> Result<(), Error> {
    let digest = |pin: &Pin| lock::static_digest(name, pin);
    let Some(last) = read(&path(tools, scope, name), name)?.filter(|last| digest(last) != digest(next)) else {
        return Ok(());
    };
    let mut kept = earlier(tools, scope, name)?;
    kept.retain(|pin| digest(pin) != digest(&last) && digest(pin) != digest(next));
    kept.insert(0, last);
    kept.truncate(EARLIER);
    keep(tools, scope, name, &kept)
}

/// Writes the earlier entries, the newest as `.1.json`. Each file is whole at any time; killed in
/// between, one stands there twice, which [`earlier`] evens out.
fn keep(tools: &Tools<'_>, scope: &str, name: &ServerName, pins: &[Pin]) -> Result<(), Error> {
    // From the oldest on, so that none is overwritten before it stands elsewhere.
    for (at, pin) in pins.iter().enumerate().rev() {
        write(&earlier_path(tools, scope, name, at), name, pin)?;
    }
    (pins.len()..EARLIER).try_for_each(|at| remove(&earlier_path(tools, scope, name, at)))
}

fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::File {
            action: "remove",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// The entries that were approved before the last one, the newest first, each with other code or
/// another launch than the one after it.
///
/// # Errors
/// The history or a file cannot be read.
pub fn earlier(tools: &Tools<'_>, scope: &str, name: &ServerName) -> Result<Vec<Pin>, Error> {
    let mut found: Vec<Pin> = Vec::new();
    for at in 0..EARLIER {
        let Some(pin) = read(&earlier_path(tools, scope, name, at), name)? else {
            continue;
        };
        let known = found
            .iter()
            .any(|other| lock::static_digest(name, other) == lock::static_digest(name, &pin));
        if !known && tools.history.was_approved(&lock::entry_digest(name, &pin), name, scope)? {
            found.push(pin);
        }
    }
    Ok(found)
}

/// What `rollback` goes back to from a locked entry: the newest entry that this user approved and
/// that has other code or another launch.
///
/// # Errors
/// The history or a file cannot be read.
pub fn previous(tools: &Tools<'_>, scope: &str, name: &ServerName, locked: &Pin) -> Result<Option<Pin>, Error> {
    let last = read(&path(tools, scope, name), name)?;
    let digest = lock::static_digest(name, locked);
    for pin in last.into_iter().chain(earlier(tools, scope, name)?) {
        let known = tools.history.was_approved(&lock::entry_digest(name, &pin), name, scope)?;
        if known && lock::static_digest(name, &pin) != digest {
            return Ok(Some(pin));
        }
    }
    Ok(None)
}

/// Remembers an entry that was gone back to and approved again: neither it (as it was `known`) nor
/// what was approved after it is an earlier entry, so that the next step back goes further.
///
/// # Errors
/// A file cannot be written.
pub fn went_back(tools: &Tools<'_>, scope: &str, name: &ServerName, pin: &Pin, known: &Pin) -> Result<(), Error> {
    let digest = lock::static_digest(name, known);
    let same = |pin: &Pin| lock::static_digest(name, pin) == digest;
    let mut files = Vec::new();
    for at in 0..EARLIER {
        let file = earlier_path(tools, scope, name, at);
        let this = read(&file, name)?.as_ref().is_some_and(same);
        files.push(file);
        if this {
            // First remembered, then forgotten: killed in between, it is known twice.
            write(&path(tools, scope, name), name, pin)?;
            return files.iter().try_for_each(|file| remove(file));
        }
    }
    write(&path(tools, scope, name), name, pin)
}

/// Forgets what was approved last: the server is removed.
pub fn forget(tools: &Tools<'_>, scope: &str, name: &ServerName) {
    // Without an approval, which `remove` revokes, a file left behind counts for nothing.
    drop(std::fs::remove_file(path(tools, scope, name)));
    for at in 0..EARLIER {
        drop(std::fs::remove_file(earlier_path(tools, scope, name, at)));
    }
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
    folder(tools).join(format!("{}.json", key(scope, name)))
}

fn earlier_path(tools: &Tools<'_>, scope: &str, name: &ServerName, at: usize) -> PathBuf {
    folder(tools).join(format!("{}.{}.json", key(scope, name), at + 1))
}

fn key(scope: &str, name: &ServerName) -> Sha256Digest {
    Sha256Digest::of(format!("{scope}\0{name}"))
}

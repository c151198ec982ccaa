//! From an approved, verified install to something that can be started.
//!
//! The promise held by types: a [`Launchable`] of a package needs an [`Installed`] (only a tree
//! that equals its verified archives has one) and an [`Approval`] of exactly this entry (only the
//! user's own state hands one out). There is no other way to one.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::history::Approval;
use crate::mcp::probe::Launchable;
use crate::mcp::runtime::NodeRuntime;
use crate::model::env::check_env_name;
use crate::model::{Launch, LocalArg, LocalCommand, PinnedFile, Sha256Digest};
use crate::store::Installed;

/// Why an entry cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The approval at hand is about something else: a bug or an attack, never started.
    #[error("could not start an entry with the approval of another")]
    OtherApproval,
    /// A pinned file of a local command changed since it was pinned.
    #[error("could not start it: `{}` is not the file that was pinned", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// A pinned file could not be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The entry file of the lock is not in the tree.
    #[error("could not start it: the entry `{entry}` is not a file of its tree")]
    NoEntry {
        /// As the lock names it.
        entry: String,
    },
}

/// The values of the variables an entry names, where they are set. A name that lets the
/// environment decide what code runs is never passed, even if it is listed.
pub fn pass_through(names: &[String], environment: &BTreeMap<OsString, OsString>) -> BTreeMap<String, OsString> {
    names
        .iter()
        .filter(|name| check_env_name(name).is_ok())
        .filter_map(|name| Some((name.clone(), environment.get(OsStr::new(name))?.clone())))
        .collect()
}

/// A locked package, ready to start: the runtime and the entry file, no shell, no launcher.
///
/// # Errors
/// [`LaunchError::OtherApproval`] where `approval` is not about `digest`; [`LaunchError::NoEntry`].
pub fn package(
    installed: &Installed,
    launch: &Launch,
    digest: &Sha256Digest,
    approval: &Approval,
    node: &NodeRuntime,
    env: BTreeMap<String, OsString>,
) -> Result<Launchable, LaunchError> {
    if approval.digest() != digest {
        return Err(LaunchError::OtherApproval);
    }
    let entry = installed.root().join(&launch.entry);
    let inside = Path::new(&launch.entry)
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    if !inside || !entry.symlink_metadata().is_ok_and(|found| found.is_file()) {
        return Err(LaunchError::NoEntry {
            entry: launch.entry.clone(),
        });
    }
    let args = std::iter::once(entry.into_os_string())
        .chain(launch.args.iter().map(OsString::from))
        .collect();
    Ok(Launchable {
        program: node.path().to_path_buf(),
        args,
        tree: Some(installed.root().to_path_buf()),
        readable: Vec::new(),
        env,
        network: launch.network,
    })
}

/// A local command, ready to start: every pinned file is hashed again first.
///
/// # Errors
/// As [`package`], and [`LaunchError::FileChanged`] where a file is not what was pinned.
pub fn local(
    command: &LocalCommand,
    digest: &Sha256Digest,
    approval: &Approval,
    env: BTreeMap<String, OsString>,
) -> Result<Launchable, LaunchError> {
    if approval.digest() != digest {
        return Err(LaunchError::OtherApproval);
    }
    check_file(&command.command)?;
    let mut readable = vec![PathBuf::from(&command.command.path)];
    let mut args = Vec::new();
    for arg in &command.args {
        match arg {
            LocalArg::Text(text) => args.push(OsString::from(text)),
            LocalArg::File(file) => {
                check_file(file)?;
                let path = PathBuf::from(&file.path);
                readable.extend(path.parent().map(Path::to_path_buf));
                args.push(path.into_os_string());
            }
        }
    }
    Ok(Launchable {
        program: PathBuf::from(&command.command.path),
        args,
        tree: None,
        readable,
        env,
        network: command.network,
    })
}

fn check_file(file: &PinnedFile) -> Result<(), LaunchError> {
    let path = PathBuf::from(&file.path);
    match digest_file(&path) {
        Ok(found) if found == file.digest => Ok(()),
        Ok(_) => Err(LaunchError::FileChanged { path }),
        Err(source) => Err(LaunchError::Unreadable { path, source }),
    }
}

/// The digest of a file's content, read in pieces.
///
/// # Errors
/// It cannot be read.
pub fn digest_file(path: &Path) -> std::io::Result<Sha256Digest> {
    use sha2::Digest as _;
    let mut file = std::fs::File::open(path)?;
    let mut hasher = sha2::Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        match std::io::Read::read(&mut file, &mut piece)? {
            0 => return Ok(Sha256Digest::from_bytes(hasher.finalize().into())),
            read => hasher.update(&piece[..read]),
        }
    }
}

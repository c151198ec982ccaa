//! From an approved, verified install to something that can be started.
//!
//! The promise held by types: a [`Launchable`] of a package needs an [`Installed`] (only a tree
//! that equals its verified archives has one) and an [`Approval`] of exactly this entry (only the
//! user's own state hands one out). There is no other way to one.

mod environment;
mod files;
mod python;
mod search;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::history::Approval;
use crate::mcp::probe::Launchable;
use crate::mcp::runtime::NodeRuntime;
use crate::model::env::check_env_name;
use crate::model::{Launch, LocalArg, LocalCommand, Sha256Digest};
use crate::store::Installed;

pub use environment::client_environment;
pub use files::{Files, digest_file};
#[cfg(test)]
pub(in crate::mcp) use python::launchable;
pub use python::python;
pub use search::node_search;

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
    /// The lock's entry for Python is not of its form. Whoever wrote the lock is at fault.
    #[error("could not start it: the entry `{}` is not `NAME = module:callable`", crate::surface::visible(.entry))]
    NotAnEntry {
        /// As the lock has it.
        entry: String,
    },
    /// The tree was made for another version of Python.
    #[error("could not start it with Python {version}: its tree has no `{folder}`")]
    OtherPython {
        /// The interpreter's version.
        version: String,
        /// Where its packages would be.
        folder: String,
    },
    /// Node would find packages outside the tree.
    #[error("could not start it: node would also take packages from `{}`, which nobody approved", folder.display())]
    OtherPackages {
        /// Where.
        folder: PathBuf,
    },
}

impl LaunchError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OtherPython { .. } => Some("install it again: its tree is then made for the Python of this machine".into()),
            Self::OtherPackages { folder } => Some(format!(
                "move `{}` away, or keep the data of mcp-pin below another folder",
                folder.display()
            )),
            _ => None,
        }
    }
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

/// A local command, ready to start: every pinned file is hashed again first, unless nothing of it
/// changed since it was, as `files` knows.
///
/// A script mostly needs the modules beside it, so the folder of a pinned argument is readable
/// too, unless it is one that holds more than a program: see [`is_programs_own`].
///
/// # Errors
/// As [`package`], and [`LaunchError::FileChanged`] where a file is not what was pinned.
pub fn local(
    command: &LocalCommand,
    digest: &Sha256Digest,
    approval: &Approval,
    home: Option<&Path>,
    env: BTreeMap<String, OsString>,
    files: &mut Files<'_>,
) -> Result<Launchable, LaunchError> {
    if approval.digest() != digest {
        return Err(LaunchError::OtherApproval);
    }
    files.check(&command.command)?;
    let mut readable = vec![PathBuf::from(&command.command.path)];
    let mut args = Vec::new();
    for arg in &command.args {
        match arg {
            LocalArg::Text(text) => args.push(OsString::from(text)),
            LocalArg::File(file) => {
                files.check(file)?;
                let path = PathBuf::from(&file.path);
                readable.push(path.clone());
                readable.extend(path.parent().filter(|folder| is_programs_own(folder, home)).map(Path::to_path_buf));
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

/// Whether a folder can be shown to the program in it: neither the user's home, nor above it, nor
/// one that everybody uses, and nothing in it that looks like a key, a password or a socket.
///
/// The attack: a lock pins a file that stands among the user's own, and so reads them all. What
/// cannot be looked at is not shown.
fn is_programs_own(folder: &Path, home: Option<&Path>) -> bool {
    const SHARED: [&str; 11] = [
        "/", "/tmp", "/var/tmp", "/home", "/root", "/etc", "/run", "/var/run", "/dev/shm", "/usr", "/var",
    ];
    const PRIVATE: [&str; 12] = [
        ".ssh",
        ".aws",
        ".gnupg",
        ".env",
        ".npmrc",
        ".netrc",
        ".config",
        ".git-credentials",
        "id_rsa",
        "id_ecdsa",
        "id_ed25519",
        ".docker",
    ];
    let Ok(real) = folder.canonicalize() else { return false };
    let homes = home
        .into_iter()
        .flat_map(|home| [Some(home.to_path_buf()), home.canonicalize().ok()]);
    let mut homes = homes.flatten();
    if SHARED.iter().any(|shared| real == Path::new(shared)) || homes.any(|home| home.starts_with(&real)) {
        return false;
    }
    let Ok(entries) = real.read_dir() else { return false };
    let harmless = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let private = PRIVATE.iter().any(|name| entry.file_name() == *name) || is_socket(entry.file_type().ok()?);
        Some(!private)
    };
    entries.into_iter().all(|entry| harmless(entry).unwrap_or(false))
}

#[cfg(unix)]
fn is_socket(kind: std::fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_socket(&kind)
}

#[cfg(not(unix))]
fn is_socket(_: std::fs::FileType) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_a_programs_own_folder_is_shown() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        let make = |name: &str| {
            let folder = root.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("server.mjs"), "").unwrap();
            folder
        };
        let (home, server) = (make("home/user"), make("home/user/server"));
        let link = root.join("link");
        std::os::unix::fs::symlink(&home, &link).unwrap();
        assert!(is_programs_own(&server, Some(&home)) && is_programs_own(&server, None));
        for folder in [&home, &root.join("home"), &link, &root.join("none"), &server.join("..")] {
            assert!(!is_programs_own(folder, Some(&home)), "{}", folder.display());
        }
        assert!(!is_programs_own(&home, Some(&link)), "a home that is a link");
        for shared in ["/", "/tmp", "/etc", "/root", "/run"] {
            assert!(!is_programs_own(Path::new(shared), Some(&home)), "{shared}");
        }
        for name in [".env", ".ssh", "id_rsa", ".npmrc"] {
            std::fs::write(make(name).join(name), "").unwrap();
            assert!(!is_programs_own(&root.join(name), Some(&home)), "{name}");
        }
        let _held = std::os::unix::net::UnixListener::bind(server.join("agent")).unwrap();
        assert!(!is_programs_own(&server, Some(&home)));
    }
}

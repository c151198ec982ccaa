//! Projects in which a client was started, other than the one here.
//!
//! The attack is an omission: a list of "everything that clients start" is read as the whole, while
//! the `.mcp.json` of a repository in another folder starts servers as soon as that folder is opened.
//! Whether the client asks first stands in several files of its own, and other clients read the same
//! file; so each such file is named, whatever was answered there.

use std::path::{Path, PathBuf};

use super::ClientFile;
use crate::clients::ScopeKind;
use crate::ops::Context;

/// Folders that are looked for files in; more than anybody works in.
const MOST: usize = 2000;

/// The files of servers that lie in other projects which the clients' own files name. They are not
/// opened. Each once, sorted.
pub fn elsewhere(context: &Context, found: &[ClientFile]) -> Vec<PathBuf> {
    let here = real(&super::project(context));
    let mut files = Vec::new();
    for file in found {
        let places = file.clients.iter().flat_map(|client| client.places);
        let names: Vec<_> = places
            .filter(|place| place.scope == ScopeKind::Project && !place.path.contains('*'))
            .map(|place| place.path)
            .collect();
        let folders = file.folders.iter().filter(|folder| folder.is_absolute()).take(MOST);
        for folder in folders.filter(|folder| real(folder) != here) {
            let there = |path: &PathBuf| path.symlink_metadata().is_ok_and(|found| !found.is_dir());
            files.extend(names.iter().map(|name| folder.join(name)).filter(there));
        }
    }
    files.sort();
    files.dedup();
    files
}

fn real(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf())
}

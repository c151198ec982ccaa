//! mcp-pin's own folder: who may enter it, and what stands above it.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::{Line, Patient, State};
use crate::history;
use crate::mcp::launch::{LaunchError, node_search};
use crate::mcp::runtime::NodeRuntime;
use crate::ops::Context;

const TOPIC: &str = "home";

/// Modes and owners of the folder and of what must be this user's alone.
pub(super) fn modes(context: &Context, lines: &mut Vec<Line>) {
    let home = &context.home;
    let own = ["archives", "bundles", "installs", "approved", "trust", "locks", "config"].map(|name| home.join(name));
    let mut wrong = Vec::new();
    match home.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            lines.push(Line::ok(TOPIC, format!("{} is made when it is needed", home.display())));
            return;
        }
        Err(error) => {
            let what = format!("could not look at {}: {error}", home.display());
            lines.push(Line::not(TOPIC, State::Unknown, what, "set MCP_PIN_HOME to a folder of yours"));
            return;
        }
        Ok(meta) if !meta.is_dir() => {
            let what = format!("{} is no folder", home.display());
            lines.push(Line::not(TOPIC, State::Broken, what, format!("mv {0} {0}.old", quoted(home))));
            return;
        }
        Ok(meta) => wrong.extend(open_to_others(home, &meta, "700")),
    }
    // Below a closed folder nobody gets in; still, nothing in it may be another user's.
    for folder in own {
        if let Ok(meta) = folder.metadata() {
            wrong.extend(foreign(&folder, &meta));
        }
    }
    let state = home.join(history::FILE_NAME);
    if let Ok(meta) = state.metadata() {
        wrong.extend(open_to_others(&state, &meta, "600"));
    }
    if wrong.is_empty() {
        lines.push(Line::ok(TOPIC, format!("{} is yours alone", home.display())));
    }
    lines.extend(wrong);
}

fn foreign(path: &Path, meta: &Metadata) -> Option<Line> {
    let me = rustix::process::getuid().as_raw();
    (meta.uid() != me).then(|| {
        let what = format!("{} belongs to the user with the number {}", path.display(), meta.uid());
        Line::not(TOPIC, State::Broken, what, format!("sudo chown -R {me} {}", quoted(path)))
    })
}

fn open_to_others(path: &Path, meta: &Metadata, mode: &str) -> Option<Line> {
    if let Some(line) = foreign(path, meta) {
        return Some(line);
    }
    let found = meta.permissions().mode() & 0o777;
    let others = match (found & 0o077, found & 0o022) {
        (0, _) => return None,
        (_, 0) => "read",
        _ => "change",
    };
    let what = format!("others may {others} {} (mode {found:o})", path.display());
    Some(Line::not(TOPIC, State::Broken, what, format!("chmod {mode} {}", quoted(path))))
}

/// Folders in which Node.js would find packages that nobody approved: `run` starts nothing then.
pub(super) fn search(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    let context = patient.context;
    let path = context.env.get("PATH").unwrap_or_default();
    let Ok(node) = NodeRuntime::find(path, context.project_root().as_deref()) else {
        return;
    };
    // Node.js goes by the real path of a tree; where none is there yet, by what would be above it.
    let installs = context.home.join("installs");
    let tree = std::fs::read_dir(&installs)
        .ok()
        .and_then(|mut trees| Some(trees.next()?.ok()?.path()));
    let Some(root) = tree.into_iter().chain([installs, context.home.clone()]).find(|path| path.is_dir()) else {
        return;
    };
    let home = context.env.get("HOME").map(PathBuf::from);
    match node_search(&root, home.as_deref(), node.path()) {
        Ok(()) => {}
        Err(LaunchError::OtherPackages { folder }) => {
            let what = format!(
                "{} holds packages that Node.js would find: `mcp-pin run` starts no npm server",
                folder.display()
            );
            let mend = format!("mv {0} {0}.away", quoted(&folder));
            lines.push(Line::not(TOPIC, State::Broken, what, mend));
        }
        Err(error) => lines.push(Line::not(TOPIC, State::Unknown, error.to_string(), "mcp-pin verify")),
    }
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@".contains(c)) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

//! Which indexes uv and pip are configured with: the environment's, the user's and the system's
//! settings, never a project's.
//!
//! uv's settings count where they name any index; otherwise pip's. Within uv's the order is uv's
//! own: the environment before files, the user's file before the system's, `[[index]]` before
//! `extra-index-url`; the default index comes last, and the first that is marked so is the one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::index::Index;
use super::{PypiError, netrc, pip, uv};
use crate::registry::Environment;

/// What the settings say.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Asked first, in this order.
    pub(super) others: Vec<Index>,
    /// Asked last. `None`: the tool's own default.
    pub(super) default: Option<Index>,
}

/// Where settings are looked for.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) env: &'a Environment,
    /// What the system's folders are below: `/`, but for tests.
    pub(super) root: &'a Path,
}

/// An index as a setting names it. Its address may hold a password: it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Option<String>,
    pub(super) address: String,
    pub(super) default: bool,
    /// Where it stands, for errors.
    pub(super) setting: String,
}

/// The indexes a tool's settings name, in its order.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    /// Nothing is to be asked.
    pub(super) no_index: bool,
}

impl Settings {
    /// Reads them.
    pub(super) fn read(places: Places<'_>) -> Result<Self, PypiError> {
        for tool in ["uv", "pip"] {
            let listed = if tool == "uv" { uv::listed(places)? } else { pip::listed(places)? };
            if listed.no_index {
                return Err(PypiError::Forbidden { tool });
            }
            if !listed.entries.is_empty() {
                return Self::of(listed.entries, places);
            }
        }
        Ok(Self::default())
    }

    fn of(entries: Vec<Entry>, places: Places<'_>) -> Result<Self, PypiError> {
        let mut settings = Self::default();
        let netrc = places.netrc()?;
        let mut names = std::collections::BTreeSet::new();
        for entry in entries {
            // As in uv, the first index of a name is the one.
            if entry.name.as_ref().is_some_and(|name| !names.insert(name.clone())) {
                continue;
            }
            let login = entry.name.as_deref().and_then(|name| uv::named_login(places, name));
            let index = Index::parse(&entry.address, &entry.setting)?.or_login(login).or_netrc(&netrc);
            if !entry.default {
                settings.others.push(index);
            } else if settings.default.is_none() {
                settings.default = Some(index);
            }
        }
        Ok(settings)
    }
}

impl<'a> Places<'a> {
    /// A variable that is set and not empty.
    pub(super) fn var(self, name: &str) -> Option<&'a str> {
        self.env.get(OsStr::new(name))?.to_str().filter(|value| !value.trim().is_empty())
    }

    /// A variable that is set to something like "yes".
    pub(super) fn flag(self, name: &str) -> bool {
        self.var(name).is_some_and(is_yes)
    }

    pub(super) fn home(self) -> Option<PathBuf> {
        self.var("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// The user's configuration folder.
    pub(super) fn config(self) -> Option<PathBuf> {
        let named = self.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        named.or_else(|| Some(self.home()?.join(".config")))
    }

    /// The system's configuration folders, `/etc` not among them, first one first.
    pub(super) fn system(self) -> Vec<PathBuf> {
        match self.var("XDG_CONFIG_DIRS") {
            Some(list) => std::env::split_paths(list).filter(|path| path.is_absolute()).collect(),
            None => vec![self.root.join("etc/xdg")],
        }
    }

    /// A file that a variable names. A relative one would be looked for in the project's folder.
    pub(super) fn named_file(self, variable: &str) -> Result<Option<PathBuf>, PypiError> {
        let Some(path) = self.var(variable).map(PathBuf::from) else {
            return Ok(None);
        };
        if path.is_absolute() {
            return Ok(Some(path));
        }
        Err(PypiError::SettingFile {
            path: path.display().to_string(),
            cause: format!("{variable} names it with a relative path"),
        })
    }

    fn netrc(self) -> Result<String, PypiError> {
        let path = self.named_file("NETRC")?.or_else(|| Some(self.home()?.join(".netrc")));
        let text = path.map_or(Ok(None), |path| read(&path))?;
        Ok(netrc::without_comments(&text.unwrap_or_default()))
    }
}

/// Reads a settings file; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, PypiError> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(malformed(path, error.to_string())),
    }
}

/// The error for a file. The cause must not quote it: it may hold passwords.
pub(super) fn malformed(path: &Path, cause: impl Into<String>) -> PypiError {
    PypiError::SettingFile {
        path: path.display().to_string(),
        cause: cause.into(),
    }
}

/// How uv and pip spell "yes".
pub(super) fn is_yes(text: &str) -> bool {
    ["1", "true", "yes", "on", "y", "t"].contains(&text.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;

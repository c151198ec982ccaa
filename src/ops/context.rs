//! What every operation is handed: places, clock, environment and the user's general wishes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::ops::scope::Scope;

/// The environment as it was at the start, as a value.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Wraps variables.
    pub const fn new(variables: BTreeMap<OsString, OsString>) -> Self {
        Self(variables)
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// All variables.
    pub const fn all(&self) -> &BTreeMap<OsString, OsString> {
        &self.0
    }
}

/// What every operation is handed.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of the user, independent of the others")]
pub struct Context {
    /// The data folder: store, state, locks. `MCP_PIN_HOME` moves it.
    pub home: PathBuf,
    /// The folder of the user's own `mcp-pin.toml` and `mcp-pin.lock`.
    pub config: PathBuf,
    /// The system's configuration folder, read only.
    pub system: PathBuf,
    /// The working directory.
    pub cwd: PathBuf,
    /// The environment.
    pub env: Environment,
    /// This very binary: the sandbox starts it again.
    pub exe: PathBuf,
    /// The clock.
    pub now: fn() -> jiff::Timestamp,
    /// `--global`.
    pub global: bool,
    /// `--locked`.
    pub locked: bool,
    /// `--offline`.
    pub offline: bool,
    /// `--yes`.
    pub yes: bool,
    /// `--trusted-root`, absolute: for this call it wins over every setting.
    pub trusted_root: Option<PathBuf>,
}

impl Context {
    /// The present instant.
    pub fn now(&self) -> jiff::Timestamp {
        (self.now)()
    }

    /// The folder that programs must not come from: the project's, or where there is none the
    /// working directory. Never a folder that holds the user's home: their own programs may stand
    /// there.
    pub fn project_root(&self) -> Option<PathBuf> {
        let folder = Scope::project(self).map_or_else(|| self.cwd.clone(), |scope| scope.folder);
        let home = self.env.get("HOME").map(PathBuf::from);
        Some(folder).filter(|folder| home.is_none_or(|home| !home.starts_with(folder)))
    }
}

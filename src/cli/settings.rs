//! Touches the world once: environment, working directory, terminal, clock, own binary.
//!
//! Nothing below this floor reads the environment, so nothing below can be steered by it unseen.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use crate::cli::{Color, GlobalArgs};
use crate::error::Error;
use crate::ops::{Context, Environment};
use crate::output::Style;

/// Reads the environment, for the whole program.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
fn environment() -> BTreeMap<OsString, OsString> {
    std::env::vars_os().collect()
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks for the working directory")]
fn working_directory() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|source| Error::WorkingDirectory { source })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one clock; everything below takes `now` as an argument"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Builds the context from the command line and the world.
///
/// # Errors
/// No home folder and no `MCP_PIN_HOME`, a working directory that is gone, or a binary that cannot
/// find itself: each is a usage error with its own text.
pub fn context(global: &GlobalArgs) -> Result<Context, Error> {
    let env = environment();
    let places = places(&env)?;
    let exe = std::env::current_exe().map_err(|source| Error::OwnBinary { source })?;
    Ok(Context {
        home: places.data,
        config: places.config,
        system: PathBuf::from("/etc/mcp-pin"),
        cwd: working_directory()?,
        env: Environment::new(env),
        exe,
        now,
        global: global.global,
        locked: global.locked,
        offline: global.offline,
        yes: global.yes,
        trusted_root: match &global.trusted_root {
            Some(path) => Some(std::path::absolute(path).map_err(|source| Error::WorkingDirectory { source })?),
            None => None,
        },
    })
}

struct Places {
    data: PathBuf,
    config: PathBuf,
}

/// `MCP_PIN_HOME` moves the store and, below it, the user's configuration: a test or a second
/// identity is then whole and touches nothing else.
fn places(env: &BTreeMap<OsString, OsString>) -> Result<Places, Error> {
    if let Some(home) = env.get(&OsString::from("MCP_PIN_HOME")).filter(|home| !home.is_empty()) {
        let home = std::path::absolute(Path::new(home)).map_err(|source| Error::WorkingDirectory { source })?;
        return Ok(Places {
            config: home.join("config"),
            data: home,
        });
    }
    let dirs = directories::ProjectDirs::from("", "", "mcp-pin").ok_or(Error::NoHome)?;
    Ok(Places {
        data: dirs.data_dir().to_path_buf(),
        config: dirs.config_dir().to_path_buf(),
    })
}

/// How standard output and standard error look.
pub fn styles(global: &GlobalArgs) -> (Style, Style) {
    let env = environment();
    let set = |name: &str| env.get(&OsString::from(name)).is_some_and(|value| !value.is_empty());
    let wanted = |terminal: bool| match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !set("NO_COLOR") && env.get(&OsString::from("TERM")).is_none_or(|term| term != "dumb"),
    };
    let out = std::io::stdout().is_terminal();
    let err = std::io::stderr().is_terminal();
    // Lines are broken for eyes alone: in a pipe or a log each message stays one line to search.
    let width = |stream: rustix::fd::BorrowedFd<'_>, terminal: bool| {
        let columns = env
            .get(&OsString::from("COLUMNS"))
            .and_then(|columns| columns.to_str()?.parse().ok());
        columns
            .or_else(|| terminal.then(|| terminal_width(stream).unwrap_or(80)))
            .unwrap_or(0)
    };
    let (out_width, err_width) = (width(std::io::stdout().as_fd(), out), width(std::io::stderr().as_fd(), err));
    (
        Style {
            color: wanted(out),
            width: out_width,
        },
        Style {
            color: wanted(err),
            width: err_width,
        },
    )
}

fn terminal_width(stream: rustix::fd::BorrowedFd<'_>) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|&width| width >= 40)
}

/// Whether a person can be asked: both standard input and standard error are a terminal.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

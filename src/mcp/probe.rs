//! The probe: starts an approved server in a sandbox and takes its surface.
//!
//! Promises: it starts only what a [`Launchable`] holds, which only `launch` makes of an approved
//! and verified install; it ends within its limits, whatever the server does; nothing the server
//! started is left behind (see [`super::sandbox`] for the limits of that without namespaces); and
//! what it could not see whole is an error, never a smaller surface.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::hints;
use super::http::HttpError;
use super::level::strongest;
use super::plan::{FIXED, Host, Plan, Sandboxed, Setting};
use super::sandbox::SandboxLevel;
use crate::model::Surface;
use crate::surface::take::Hostile;
use crate::surface::visible;

/// A server that may be started: the proof is that only the launch module makes one.
#[derive(Debug, Clone)]
pub struct Launchable {
    /// The runtime or command, absolute.
    pub(crate) program: PathBuf,
    /// Its arguments; files of the tree by their path in it.
    pub(crate) args: Vec<OsString>,
    /// The installed tree.
    pub(crate) tree: Option<PathBuf>,
    /// Further files and folders the server may read.
    pub(crate) readable: Vec<PathBuf>,
    /// Values of those of the entry's variables that are set.
    pub(crate) env: BTreeMap<String, OsString>,
    /// The entry allows the network.
    pub(crate) network: bool,
}

/// How long, how much.
#[derive(Debug, Clone, Copy)]
pub struct ProbeLimits {
    /// Bytes of one message.
    pub frame: usize,
    /// Bytes one process may write altogether.
    pub bytes: usize,
    /// Pages of one list.
    pub pages: usize,
    /// Definitions of one kind.
    pub items: usize,
    /// Wait for one answer.
    pub request: Duration,
    /// Wait for an answer to `server/discover` by a server that answers other questions.
    pub discover: Duration,
    /// The whole probe.
    pub total: Duration,
}

impl Default for ProbeLimits {
    fn default() -> Self {
        Self {
            frame: 16 * 1024 * 1024,
            bytes: 64 * 1024 * 1024,
            pages: 256,
            items: 5_000,
            request: Duration::from_secs(30),
            discover: Duration::from_secs(5),
            total: Duration::from_mins(2),
        }
    }
}

/// Everything a probe needs beside the server.
#[derive(Debug, Clone)]
pub struct ProbeOptions {
    /// The mcp-pin binary, which starts itself again as the sandbox.
    pub sandbox_exe: PathBuf,
    /// An existing folder of ours; a folder made in it is removed at the end.
    pub scratch: PathBuf,
    /// Limits.
    pub limits: ProbeLimits,
    /// The user accepted that nothing keeps the server in.
    pub unsandboxed: bool,
    /// The version to call ourselves.
    pub client_version: String,
}

/// What a probe found.
#[derive(Debug, Clone)]
pub struct Probed {
    /// The surface.
    pub surface: Surface,
    /// What kept the server in.
    pub sandbox: SandboxLevel,
    /// What an honest server does not do, code and text; the surface could be taken all the same.
    pub hostile: Vec<(&'static str, String)>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// Why there is no surface.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The server did what no honest server does, and no surface can be pinned. A finding, not a
    /// failure: the server is at fault.
    #[error("take the surface: {}", visible(.what))]
    Hostile {
        /// Stable code, `surface::take::code`.
        code: &'static str,
        /// What happened.
        what: String,
    },
    /// The server ended. It may lack something, or be broken.
    #[error("take the surface: the server {status} while {waiting_for} was awaited{}", words(.stderr))]
    Exited {
        /// How it ended.
        status: String,
        /// What it was asked.
        waiting_for: String,
        /// The end of what it wrote to stderr, raw.
        stderr: String,
        /// What a person can do.
        hint: Option<String>,
    },
    /// The server did not answer in time.
    #[error("take the surface: the server did not answer {waiting_for} within {seconds} seconds{}", words(.stderr))]
    Timeout {
        /// What it was asked.
        waiting_for: String,
        /// How long it had.
        seconds: u64,
        /// The end of what it wrote to stderr, raw.
        stderr: String,
        /// What a person can do.
        hint: Option<String>,
    },
    /// The server answered a question it must answer with an error. It may lack something.
    #[error("take the surface: the server answers `{method}` with error {code}: {message}{}", words(.stderr))]
    Refused {
        /// The question.
        method: String,
        /// The error's code.
        code: i64,
        /// The error's text, escaped.
        message: String,
        /// The end of what it wrote to stderr, raw.
        stderr: String,
        /// What a person can do.
        hint: Option<String>,
    },
    /// A remote server could not be reached, or did not answer with messages.
    #[error("take the surface: {why} while {waiting_for} was awaited")]
    Http {
        /// What it was asked.
        waiting_for: String,
        /// Why.
        why: HttpError,
    },
    /// Whatever it is, it is no MCP server.
    #[error("take the surface: this is not an MCP server: {what}{}", words(.stderr))]
    NotMcp {
        /// What it did.
        what: String,
        /// The end of what it wrote to stderr, raw.
        stderr: String,
        /// What a person can do.
        hint: Option<String>,
    },
    /// The sandbox process could not be started: this machine is at fault.
    #[error("start the server")]
    Spawn {
        /// The system's answer.
        source: io::Error,
    },
    /// The folders of the sandbox could not be made, or the server's files are not there.
    #[error("make the server's sandbox folders")]
    Room {
        /// The system's answer.
        source: io::Error,
    },
    /// The sandbox worked a moment ago and then did not.
    #[error("set up the server's sandbox: {what}")]
    Sandbox {
        /// The step, and the system's answer.
        what: String,
    },
    /// This system can keep nothing in.
    #[error("find a sandbox to start the server in ({why})")]
    SandboxUnavailable {
        /// What each kind of sandbox answered.
        why: String,
    },
}

pub(super) fn words(stderr: &str) -> String {
    let lines: Vec<_> = stderr.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let last: Vec<String> = lines
        .iter()
        .skip(lines.len().saturating_sub(4))
        .map(|line| visible(line).chars().take(200).collect())
        .collect();
    if last.is_empty() {
        String::new()
    } else {
        format!("; it said: {}", last.join(" | "))
    }
}

impl From<Hostile> for ProbeError {
    fn from(hostile: Hostile) -> Self {
        Self::Hostile {
            code: hostile.code,
            what: hostile.what,
        }
    }
}

impl ProbeError {
    /// The line that says what to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exited { hint, .. } | Self::Timeout { hint, .. } | Self::Refused { hint, .. } | Self::NotMcp { hint, .. } => hint.clone(),
            Self::SandboxUnavailable { .. } => Some(
                "allow unprivileged user namespaces, or accept the risk with `--probe-unsandboxed`, or install with `--no-probe`".into(),
            ),
            Self::Http { why, .. } => why.hint(),
            Self::Hostile { .. } | Self::Spawn { .. } | Self::Room { .. } | Self::Sandbox { .. } => None,
        }
    }

    fn with_hint(mut self, launchable: &Launchable) -> Self {
        let (text, hint) = match &mut self {
            Self::Refused { message, stderr, hint, .. } => (format!("{message}\n{stderr}"), hint),
            Self::Exited { stderr, hint, .. } | Self::Timeout { stderr, hint, .. } | Self::NotMcp { stderr, hint, .. } => {
                (stderr.clone(), hint)
            }
            _ => return self,
        };
        // Its own files it does see, and stack traces name them.
        let seen = || launchable.tree.iter().chain(&launchable.readable);
        let own = |arg: &str| seen().any(|seen| Path::new(arg).starts_with(seen));
        let args = launchable.args.iter().filter_map(|arg| arg.to_str()).filter(|arg| !own(arg));
        *hint = hints::about_files(&text, args).or_else(|| {
            hints::hint(&text, launchable.network, |name| {
                launchable.env.contains_key(name) || is_fixed(name) || is_forbidden(name)
            })
        });
        self
    }
}

/// Takes a server's whole surface.
pub async fn probe(launchable: &Launchable, options: &ProbeOptions) -> Result<Probed, ProbeError> {
    match tokio::time::timeout(options.limits.total, Box::pin(take(launchable, options))).await {
        Ok(result) => result.map_err(|error| error.with_hint(launchable)),
        Err(_) => Err(ProbeError::Timeout {
            waiting_for: "all questions of the probe".into(),
            seconds: options.limits.total.as_secs(),
            stderr: String::new(),
            hint: None,
        }),
    }
}

async fn take(launchable: &Launchable, options: &ProbeOptions) -> Result<Probed, ProbeError> {
    let folder = tempfile::Builder::new().prefix("probe-").tempdir_in(&options.scratch);
    let scratch = folder.map_err(|source| ProbeError::Room { source })?;
    let env = passed_on(launchable);
    let level = choose(launchable, options, scratch.path(), &env).await?;
    take_at(level, launchable, options, scratch.path(), &env).await
}

/// The entry's variables but for those that are never passed on.
fn passed_on(launchable: &Launchable) -> BTreeMap<String, OsString> {
    let mut env = launchable.env.clone();
    env.retain(|name, _| !is_forbidden(name) && !is_fixed(name));
    env
}

pub(super) async fn take_at(
    level: SandboxLevel,
    launchable: &Launchable,
    options: &ProbeOptions,
    scratch: &Path,
    env: &BTreeMap<String, OsString>,
) -> Result<Probed, ProbeError> {
    let plan = Plan {
        host: Host::Sandboxed(Sandboxed {
            launchable,
            options,
            level,
            scratch,
            env,
        }),
        limits: &options.limits,
        client_version: &options.client_version,
    };
    let findings = plan.run().await?;
    let mut notes: Vec<_> = findings.notes.into_iter().collect();
    for name in launchable.env.keys().filter(|name| !env.contains_key(*name)) {
        notes.push(format!("the variable `{name}` was not passed on"));
    }
    Ok(Probed {
        surface: Surface {
            env: env.keys().cloned().collect(),
            network: launchable.network,
            views: findings.views,
            volatile: findings.volatile,
        },
        sandbox: level,
        hostile: findings.hostile,
        notes,
    })
}

/// The strongest sandbox this system allows, found by setting one up.
async fn choose(
    launchable: &Launchable,
    options: &ProbeOptions,
    scratch: &Path,
    env: &BTreeMap<String, OsString>,
) -> Result<SandboxLevel, ProbeError> {
    if options.unsandboxed {
        return Ok(SandboxLevel::None);
    }
    strongest(&options.sandbox_exe, |level| {
        let plan = Sandboxed {
            launchable,
            options,
            level,
            scratch,
            env,
        };
        plan.room(&format!("check-{level}"), Setting::First)
    })
    .await
}

/// Variables that change which code runs: never passed, even if an entry lists them.
fn is_forbidden(name: &str) -> bool {
    const PREFIXES: [&str; 5] = ["LD_", "DYLD_", "PYTHON", "npm_config_", "NPM_CONFIG_"];
    ["NODE_OPTIONS", "NODE_PATH", ""].contains(&name)
        || name.contains(['=', '\0'])
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Variables whose value every taking has from us.
fn is_fixed(name: &str) -> bool {
    FIXED.iter().any(|(fixed, _)| *fixed == name) || ["HOME", "TMPDIR"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_steer_code_are_never_passed() {
        for name in [
            "LD_PRELOAD",
            "NODE_OPTIONS",
            "NODE_PATH",
            "PYTHONPATH",
            "DYLD_INSERT_LIBRARIES",
            "npm_config_prefix",
            "A=B",
            "",
        ] {
            assert!(is_forbidden(name), "{name}");
        }
        assert!(!is_forbidden("BRAVE_API_KEY") && is_fixed("HOME") && is_fixed("PATH"));
    }

    #[test]
    fn last_words_are_short_and_visible() {
        assert_eq!(words("a\n\nb\u{1b}[31m\n"), "; it said: a | b\\u{1b}[31m");
        assert_eq!(words(" \n"), "");
    }
}

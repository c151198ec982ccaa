//! Starting an approved server in the sandbox to read its surface.

use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::history::Approval;
use crate::lock;
use crate::mcp::launch::{self, Files};
use crate::mcp::oauth::Authorizer;
use crate::mcp::probe::{self, ProbeError, ProbeOptions};
use crate::mcp::remote::{self, RemoteServer};
use crate::mcp::sandbox::SandboxLevel;
use crate::model::{Change, Pin, Pinned, Remote, ServerName, Sha256Digest, Surface};
use crate::net::NetworkOptions;
use crate::ops::ecosystem::{self, Machine, Start};
use crate::ops::login;
use crate::ops::tools::Tools;
use crate::store::Installed;

/// What starting it came to.
#[derive(Debug)]
pub enum Taken {
    /// Its surface, and what is worth saying about how it was taken.
    Surface {
        /// What it tells the model.
        surface: Surface,
        /// Sandbox level, stray output and the like.
        notes: Vec<String>,
    },
    /// It answered something that cannot be pinned.
    Hostile {
        /// The finding's code.
        code: &'static str,
        /// What it did.
        what: String,
    },
    /// The remote host holds another TLS key than the pinned one: nothing was sent.
    OtherKey {
        /// SHA-256 over the key that was found.
        found: Sha256Digest,
    },
    /// It could not be read.
    Undecided {
        /// Why.
        what: String,
        /// What helps.
        hints: Vec<String>,
    },
}

/// Starts the server and reads its surface. `ready` is the proof for a package's bytes with its runtime, and
/// `None` for a local command, whose files are hashed again here.
///
/// # Errors
/// It may not or cannot be started at all; what the server does wrong is in [`Taken`].
pub async fn take(
    tools: &Tools<'_>,
    name: &ServerName,
    pin: &Pin,
    ready: Option<(&Installed, &Machine)>,
    approval: &Approval,
    unsandboxed: bool,
) -> Result<Taken, Error> {
    let digest = lock::static_digest(name, pin);
    if let Pinned::Remote(remote) = &pin.pinned {
        return elsewhere(tools, name, remote, &digest, approval).await;
    }
    let env = launch::pass_through(pin.env(), tools.context.env.all());
    let launchable = match (&pin.pinned, ready) {
        (Pinned::Package { launch, closure }, Some((installed, machine))) => {
            let start = Start {
                installed,
                launch,
                digest: &digest,
                approval,
                env,
            };
            ecosystem::of(closure).start(machine, start)?
        }
        (Pinned::Local(local), _) => {
            let home = tools.context.env.get("HOME").map(Path::new);
            launch::local(local, &digest, approval, home, env, &mut Files::unknown())?
        }
        (Pinned::Package { .. }, None) | (Pinned::Remote(_), _) => {
            return Err(Error::Worker {
                what: "the check of the installed files",
            });
        }
    };
    let scratch = tools.store.scratch()?;
    let options = ProbeOptions {
        sandbox_exe: tools.context.exe.clone(),
        scratch: scratch.path().to_path_buf(),
        limits: probe::ProbeLimits::default(),
        unsandboxed,
        client_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let result = probe::probe(&launchable, &options).await;
    Ok(match result {
        Ok(probed) => match probed.hostile.into_iter().next() {
            Some((code, what)) => Taken::Hostile { code, what },
            None => Taken::Surface {
                surface: probed.surface,
                notes: notes(probed.sandbox, probed.notes),
            },
        },
        Err(ProbeError::Hostile { code, what }) => Taken::Hostile { code, what },
        Err(error) => Taken::Undecided {
            hints: error.hint().into_iter().collect(),
            what: error.to_string(),
        },
    })
}

/// How the network is set up for remote servers: as for everything else, with the user's own
/// certificate authorities.
pub fn network(tools: &Tools<'_>) -> NetworkOptions {
    let extra = tools.context.env.get("NODE_EXTRA_CA_CERTS").map(Path::new);
    let extra = extra.filter(|path| path.is_absolute()).and_then(|path| std::fs::read(path).ok());
    NetworkOptions {
        extra_ca: extra.into_iter().collect(),
        ..NetworkOptions::default()
    }
}

/// The same of a remote server: no sandbox, since nothing of it is started here.
async fn elsewhere(
    tools: &Tools<'_>,
    name: &ServerName,
    remote: &Remote,
    digest: &Sha256Digest,
    approval: &Approval,
) -> Result<Taken, Error> {
    if tools.context.offline {
        return Ok(Taken::Undecided {
            what: "take the surface: it is a remote server, and this run is offline".into(),
            hints: vec!["run it again without `--offline`".into()],
        });
    }
    let (server, _) = server(tools, remote, digest, approval)?;
    let result = remote::probe(&server, &probe::ProbeLimits::default(), env!("CARGO_PKG_VERSION")).await;
    Ok(match result {
        Ok(probed) => {
            if let Some((code, what)) = probed.hostile.into_iter().next() {
                return Ok(Taken::Hostile { code, what });
            }
            let mut notes = probed.notes;
            let equipped = server.equipped();
            if !remote.env().is_empty() {
                notes.push(match equipped.as_slice() {
                    [] => "asked without any authorization: none of its variables has a value".to_owned(),
                    names => format!("asked with {}", names.join(", ")),
                });
            }
            Taken::Surface {
                surface: probed.surface,
                notes,
            }
        }
        Err(ProbeError::Hostile { code, what }) => Taken::Hostile { code, what },
        Err(error) => other_key_in(&error).map_or_else(
            || Taken::Undecided {
                hints: hints_about(name, error.hint()),
                what: error.to_string(),
            },
            |found| Taken::OtherKey { found },
        ),
    })
}

/// A remote server that may be asked, with the stored login.
///
/// # Errors
/// The approval is not about it, or the network's settings cannot be used.
pub fn server(
    tools: &Tools<'_>,
    remote: &Remote,
    digest: &Sha256Digest,
    approval: &Approval,
) -> Result<(RemoteServer, Arc<Authorizer>), Error> {
    let values = launch::pass_through(remote.env(), tools.context.env.all());
    let server = RemoteServer::new(remote, digest, approval, &values, network(tools))?;
    let authorizer = login::authorizer(tools.context, network(tools), remote, login::pin_of(remote)).map_err(|source| Error::Machine {
        what: source.to_string(),
        hint: source.hint(),
    })?;
    let authorizer = Arc::new(authorizer);
    Ok((server.authorized(Arc::clone(&authorizer)), authorizer))
}

/// A hint with the server's own name in it.
pub fn hints_about(name: &ServerName, hint: Option<String>) -> Vec<String> {
    hint.into_iter().map(|hint| hint.replace("NAME", name.as_str())).collect()
}

const fn other_key_in(error: &ProbeError) -> Option<Sha256Digest> {
    match error {
        ProbeError::Http { why, .. } => why.other_key(),
        _ => None,
    }
}

/// The change that another key than the pinned one is.
pub fn other_key(pin: &Pin, found: &Sha256Digest) -> Change {
    let pinned = match &pin.pinned {
        Pinned::Remote(remote) => remote.settings.tls_key,
        _ => None,
    };
    Change::Remote {
        field: "tls-key",
        before: pinned.map(|key| key.to_string()).unwrap_or_default(),
        after: found.to_string(),
    }
}

fn notes(level: SandboxLevel, mut notes: Vec<String>) -> Vec<String> {
    match level {
        SandboxLevel::Namespaces => {}
        SandboxLevel::LandlockOnly => notes.push("probed behind Landlock alone: this machine allows no namespaces".into()),
        SandboxLevel::None => notes.push("probed WITHOUT a sandbox, as asked".into()),
    }
    notes
}

//! What a session speaks over: the pipes of a process in its sandbox, or HTTP to a remote server.
//!
//! The attack is the same for both: a server that floods, or never ends what it begins. Every message
//! and the sum of all have a bound here; the waits are the session's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::hints::Tail;
use super::http::{Connection, Heard, HttpError};
use super::probe::{ProbeError, ProbeLimits, ProbeOptions};
use super::sandbox::{Room, SandboxLevel};
use crate::surface::take::{Hostile, code};

/// Why there is no next message.
pub(super) enum Broken {
    /// No honest server does this.
    Hostile(Hostile),
    /// A remote server did not answer a question (`None`: what was no question).
    Http { id: Option<i64>, why: HttpError },
}

impl From<Hostile> for Broken {
    fn from(hostile: Hostile) -> Self {
        Self::Hostile(hostile)
    }
}

/// The way to a server.
pub(super) enum Link {
    /// A process of this machine.
    Process(Box<Process>),
    /// A server elsewhere.
    Http(Box<Remote>),
}

impl Link {
    /// Starts the server in its room, with exactly this environment.
    pub(super) fn start(
        options: &ProbeOptions,
        level: SandboxLevel,
        room: Room,
        env: &BTreeMap<String, OsString>,
    ) -> Result<Self, ProbeError> {
        Ok(Self::Process(Box::new(Process::start(options, level, room, env)?)))
    }

    /// Over a connection that is set up.
    pub(super) fn http(connection: Connection, limits: &ProbeLimits) -> Self {
        Self::Http(Box::new(Remote {
            connection: Some(connection),
            total: 0,
            frame_limit: limits.frame,
            total_limit: limits.bytes,
        }))
    }

    /// Sends one message; `false` where the server is known to be gone.
    pub(super) async fn send(&mut self, message: &Value) -> bool {
        match self {
            Self::Process(process) => process.send(message).await,
            Self::Http(remote) => {
                if let Some(connection) = &mut remote.connection {
                    connection.send(message.to_string().into_bytes()).await;
                }
                remote.connection.is_some()
            }
        }
    }

    /// The next message as bytes; `None` at the end. May be dropped while it waits: nothing is lost.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        match self {
            Self::Process(process) => Ok(process.frames.next().await?),
            Self::Http(remote) => remote.next().await,
        }
    }

    /// The largest message.
    pub(super) fn frame_limit(&self) -> usize {
        match self {
            Self::Process(process) => process.frames.frame_limit,
            Self::Http(remote) => remote.frame_limit,
        }
    }

    /// The end of what it wrote to stderr.
    pub(super) fn last_words(&self) -> String {
        match self {
            Self::Process(process) => process.words(),
            Self::Http(_) => String::new(),
        }
    }

    /// It closed its end while `method` was awaited: how, and what it said.
    pub(super) async fn ended(&mut self, method: &str) -> ProbeError {
        match self {
            Self::Process(process) => process.ended(method).await,
            Self::Http(_) => ProbeError::Http {
                waiting_for: format!("`{method}`"),
                why: HttpError::NoAnswer,
            },
        }
    }

    /// Ends the server and everything it started, or the session with a remote one.
    pub(super) async fn close(&mut self) {
        match self {
            Self::Process(process) => {
                process.kill();
                timeout(Duration::from_secs(5), process.child.wait()).await.ok();
            }
            Self::Http(remote) => {
                if let Some(connection) = remote.connection.take() {
                    connection.close().await;
                }
            }
        }
    }
}

/// A server elsewhere.
pub(super) struct Remote {
    connection: Option<Connection>,
    total: usize,
    frame_limit: usize,
    total_limit: usize,
}

impl Remote {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let Some(connection) = &mut self.connection else { return Ok(None) };
        match connection.next().await {
            None => Ok(None),
            Some(Heard::Frame(frame)) => {
                self.total = self.total.saturating_add(frame.len());
                if self.total > self.total_limit {
                    let what = format!("what the server wrote is larger than {} bytes", self.total_limit);
                    return Err(Hostile::new(code::TOO_LARGE, what).into());
                }
                Ok(Some(frame))
            }
            Some(Heard::Failed { id, why }) => Err(match why {
                HttpError::TooLarge(limit) => Hostile::new(code::TOO_LARGE, format!("one message is larger than {limit} bytes")).into(),
                HttpError::ForeignEndpoint => Hostile::new(code::MALFORMED, why.to_string()).into(),
                why => Broken::Http {
                    id: id.and_then(|id| id.parse().ok()),
                    why,
                },
            }),
        }
    }
}

/// A process in its sandbox.
pub(super) struct Process {
    child: Child,
    pid: Option<u32>,
    stdin: ChildStdin,
    frames: Frames,
    stderr: Arc<Mutex<Tail>>,
    drain: JoinHandle<()>,
    room: Room,
    level: SandboxLevel,
}

impl Process {
    fn start(options: &ProbeOptions, level: SandboxLevel, room: Room, env: &BTreeMap<String, OsString>) -> Result<Self, ProbeError> {
        let spawn_error = |source| ProbeError::Spawn { source };
        let mut command = Command::from(room.command(&options.sandbox_exe).map_err(spawn_error)?);
        command
            .env_clear()
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(spawn_error)?;
        let no_pipe = || spawn_error(std::io::Error::other("a pipe is missing"));
        let stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let tail = Arc::new(Mutex::new(Tail::default()));
        let drain = tokio::spawn(drain(child.stderr.take().ok_or_else(no_pipe)?, Arc::clone(&tail)));
        Ok(Self {
            pid: child.id(),
            child,
            stdin,
            frames: Frames::new(stdout, options.limits.frame, options.limits.bytes),
            stderr: tail,
            drain,
            room,
            level,
        })
    }

    async fn send(&mut self, message: &Value) -> bool {
        let line = format!("{message}\n");
        self.stdin.write_all(line.as_bytes()).await.is_ok() && self.stdin.flush().await.is_ok()
    }

    fn words(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// The server closed its end: how it ended, and what it said.
    async fn ended(&mut self, method: &str) -> ProbeError {
        let status = timeout(Duration::from_secs(2), self.child.wait()).await;
        self.kill();
        timeout(Duration::from_millis(500), &mut self.drain).await.ok();
        if let Some(what) = self.room.failure() {
            return ProbeError::Sandbox { what };
        }
        let status = match status {
            Ok(Ok(status)) => describe(status),
            _ => "closed its output without ending".to_owned(),
        };
        ProbeError::Exited {
            status,
            waiting_for: format!("`{method}`"),
            stderr: self.words(),
            hint: None,
        }
    }

    /// With namespaces, the kernel ends everything inside with the first process. Otherwise all
    /// that stayed in the server's session ends here.
    fn kill(&mut self) {
        let reaped = self.child.id().is_none();
        #[cfg(unix)]
        if !(reaped && self.level == SandboxLevel::Namespaces)
            && let Some(pid) = self
                .pid
                .and_then(|pid| i32::try_from(pid).ok())
                .and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
        }
        self.child.start_kill().ok();
        if reaped {
            self.pid = None;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        self.drain.abort();
    }
}

fn describe(status: std::process::ExitStatus) -> String {
    match status.code() {
        Some(code @ 129..=192) => format!("was ended by signal {}", code - 128),
        Some(code) => format!("exited with status {code}"),
        None => "was killed".to_owned(),
    }
}

async fn drain(mut stderr: ChildStderr, tail: Arc<Mutex<Tail>>) {
    let mut chunk = [0; 8192];
    while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
        tail.lock().unwrap_or_else(PoisonError::into_inner).push(&chunk[..length]);
    }
}

/// Lines from a pipe, of bounded length and number.
pub(super) struct Frames<R = ChildStdout> {
    stdout: R,
    buffer: Vec<u8>,
    /// Up to here the buffer holds no line end.
    searched: usize,
    total: usize,
    pub(super) frame_limit: usize,
    total_limit: usize,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) const fn new(stdout: R, frame_limit: usize, total_limit: usize) -> Self {
        Self {
            stdout,
            buffer: Vec::new(),
            searched: 0,
            total: 0,
            frame_limit,
            total_limit,
        }
    }

    /// The next line, without waiting beyond it; `None` at the end. May be dropped while it waits:
    /// nothing is lost.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Hostile> {
        loop {
            if let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(self.searched + at + 1);
                self.searched = 0;
                return Ok(Some(std::mem::replace(&mut self.buffer, rest)));
            }
            self.searched = self.buffer.len();
            let too_large = |what: &str, limit: usize| Hostile::new(code::TOO_LARGE, format!("{what} is larger than {limit} bytes"));
            if self.buffer.len() > self.frame_limit {
                return Err(too_large("one message", self.frame_limit));
            }
            if self.total > self.total_limit {
                return Err(too_large("what the server wrote", self.total_limit));
            }
            self.buffer.reserve(64 * 1024);
            match self.stdout.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(length) => self.total += length,
            }
        }
    }
}

//! Builds a wheel of a source distribution, in the sandbox, by the hooks of PEP 517.
//!
//! A build runs the package's own code, and that of its build tools, before anybody has looked at
//! either: it is only ever started for a package that the user permitted by name. What the sandbox
//! gives: no network, no home, nothing to write to but the build's own folders, and an end. So the
//! wheel can depend on nothing but the verified source, the verified tools, the interpreter and the
//! system's own programs. What it does not give: the same bytes on every machine. Whether what
//! comes out is a wheel of that package is not decided here.
//!
//! Without namespaces the sandbox is Landlock alone, as for a probe; without either there is no
//! build, unless the user accepted that nothing keeps it in.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::PythonRuntime;
use crate::mcp::hints::Tail;
use crate::mcp::level::strongest;
use crate::mcp::plan::FIXED;
use crate::mcp::probe::{ProbeError, words};
use crate::mcp::sandbox::{Room, SandboxLevel, Tenant};
use crate::store::{Installed, StoreError, StoredArchive};

/// The constant program that calls a hook.
const PROGRAM: &str = include_str!("build.py");
/// How long a hook may take: a package with much native code takes minutes.
const PATIENCE: Duration = Duration::from_mins(15);
/// No honest wheel is larger.
const LARGEST_WHEEL: u64 = 256 << 20;
/// What a hook answers is a short list.
const LARGEST_ANSWER: u64 = 64 << 10;
/// How long what it wrote is waited for once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// The first second that a zip archive can hold.
const EPOCH: &str = "315532800";

/// A build backend (PEP 517).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// `build-backend`: `module` or `module:object`, plain names.
    pub object: String,
    /// `backend-path`: folders of the source, relative, without `..`.
    pub paths: Vec<String>,
}

/// What a build needs beside the backend's name.
#[derive(Debug)]
pub struct Builder<'a> {
    /// The interpreter.
    pub runtime: &'a PythonRuntime,
    /// The build tools, verified and unpacked.
    pub tools: &'a Installed,
    /// The source distribution.
    pub source: &'a StoredArchive,
    /// The mcp-pin binary, which starts itself again as the sandbox.
    pub sandbox_exe: &'a Path,
    /// An existing folder of ours; what is made in it is removed at the end.
    pub scratch: &'a Path,
    /// The user accepted that nothing keeps the build in.
    pub unsandboxed: bool,
}

/// What came out of a build. Nobody has looked into it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltWheel {
    /// Its file name.
    pub file: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What kept the build in.
    pub sandbox: SandboxLevel,
}

/// Why there is no wheel.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The package's build failed: it lacks something, or is broken.
    #[error("its build ended with {status}{}", words(.output))]
    Failed {
        /// How it ended.
        status: String,
        /// The end of what it wrote, raw.
        output: String,
    },
    /// The build did not end.
    #[error("its build did not end within {seconds} seconds{}", words(.output))]
    Timeout {
        /// The limit.
        seconds: u64,
        /// The end of what it wrote, raw.
        output: String,
    },
    /// The build left something else than one wheel: the build backend is at fault.
    #[error("its build left {what} instead of one wheel")]
    NotOneWheel {
        /// What is there.
        what: String,
    },
    /// The hook's answer is none: the build backend is at fault.
    #[error("its build backend answers with something that is no list of requirements")]
    Answer,
    /// The sandbox's folders could not be made, or read: this machine is at fault.
    #[error("could not make the folders for its build")]
    Room {
        /// The system's answer.
        source: io::Error,
    },
    /// The sandbox process could not be started: this machine is at fault.
    #[error("could not start its build")]
    Spawn {
        /// The system's answer.
        source: io::Error,
    },
    /// The sandbox could not be set up.
    #[error("could not set up the sandbox for its build: {what}")]
    Sandbox {
        /// The step, and the system's answer.
        what: String,
    },
    /// This system can keep nothing in, so nothing was built.
    #[error("this system has no sandbox to build it in ({why})")]
    NoSandbox {
        /// What each kind of sandbox answered.
        why: String,
    },
    /// The source distribution is refused.
    #[error(transparent)]
    Source(#[from] StoreError),
}

impl BuildError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSandbox { .. } => {
                "allow unprivileged user namespaces, or accept with `--probe-unsandboxed` that the build runs with all your rights".into()
            }
            Self::Failed { .. } => {
                "a build has no network, no home, the system's compilers and its declared build requirements alone; one that needs more cannot be done here".into()
            }
            Self::Source(error) => return error.hint(),
            _ => return None,
        })
    }
}

impl From<ProbeError> for BuildError {
    fn from(error: ProbeError) -> Self {
        match error {
            ProbeError::SandboxUnavailable { why } => Self::NoSandbox { why },
            ProbeError::Spawn { source } => Self::Spawn { source },
            ProbeError::Room { source } => Self::Room { source },
            other => Self::Sandbox { what: other.to_string() },
        }
    }
}

/// A hook of PEP 517.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hook {
    Requires,
    Wheel,
}

impl Builder<'_> {
    /// What the build needs beside what `pyproject.toml` names: `get_requires_for_build_wheel`.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn requires(&self, backend: &Backend) -> Result<Vec<String>, BuildError> {
        let done = self.call(backend, Hook::Requires).await?;
        let answer = read(&done.cwd().join("answer.json"), LARGEST_ANSWER).map_err(|_| BuildError::Answer)?;
        serde_json::from_slice(&answer).map_err(|_| BuildError::Answer)
    }

    /// Builds the wheel: `build_wheel`.
    ///
    /// # Errors
    /// [`BuildError`].
    pub async fn wheel(&self, backend: &Backend) -> Result<BuiltWheel, BuildError> {
        let done = self.call(backend, Hook::Wheel).await?;
        let file = only_file(&done.cwd().join("out"))?;
        let bytes = read(&done.cwd().join("out").join(&file), LARGEST_WHEEL).map_err(|_| BuildError::NotOneWheel {
            what: "something that is no plain file, or one of more than 256 MiB,".into(),
        })?;
        Ok(BuiltWheel {
            file,
            bytes,
            sandbox: done.level,
        })
    }

    /// Each hook has a room of its own, with the source as it was published.
    async fn call(&self, backend: &Backend, hook: Hook) -> Result<Done, BuildError> {
        let folder = tempfile::Builder::new().prefix("build-").tempdir_in(self.scratch);
        let folder = folder.map_err(|source| BuildError::Room { source })?;
        let args = self.args(backend, hook);
        let readable = self.readable();
        let tenant = Tenant {
            program: self.runtime.path(),
            args: &args,
            tree: Some(self.tools.root()),
            readable: &readable,
            values: Vec::new(),
            network: false,
        };
        let room = |level: SandboxLevel, name: &str| {
            let below = folder.path().join(name);
            std::fs::create_dir(&below)
                .and_then(|()| Room::new(level, &below, "/mcp", &tenant))
                .map_err(|source| ProbeError::Room { source })
        };
        let level = if self.unsandboxed {
            SandboxLevel::None
        } else {
            strongest(self.sandbox_exe, |level| room(level, &format!("check-{level}"))).await?
        };
        let room = room(level, "build")?;
        let failed = |source| BuildError::Room { source };
        for name in ["source", "out"] {
            std::fs::create_dir(room.cwd_outside().join(name)).map_err(failed)?;
        }
        self.source.unpack_source(&room.cwd_outside().join("source"))?;
        self.run(&room).await?;
        Ok(Done {
            _folder: folder,
            room,
            level,
        })
    }

    fn args(&self, backend: &Backend, hook: Hook) -> Vec<OsString> {
        let site = self.tools.root().join(self.runtime.site_packages());
        let hook = match hook {
            Hook::Requires => "requires",
            Hook::Wheel => "wheel",
        };
        // Before 3.11 there is no `-P`; the program takes out what it would have kept out.
        let safe_path = (self.runtime.minor() >= 11).then_some("-P");
        let fixed = safe_path.into_iter().chain(["-s", "-S", "-B", "-c", PROGRAM]).map(OsString::from);
        let own = [site.into_os_string(), hook.into(), backend.object.clone().into()];
        fixed.chain(own).chain(backend.paths.iter().map(OsString::from)).collect()
    }

    /// The standard library, and beside it the headers that native code is built with.
    fn readable(&self) -> Vec<PathBuf> {
        let headers = self
            .runtime
            .path()
            .parent()
            .and_then(Path::parent)
            .map(|prefix| prefix.join("include"));
        let headers = headers.filter(|folder| folder.is_dir());
        self.runtime.library().iter().cloned().chain(headers).collect()
    }

    async fn run(&self, room: &Room) -> Result<(), BuildError> {
        let spawn_error = |source| BuildError::Spawn { source };
        let mut command = Command::from(room.command(self.sandbox_exe).map_err(spawn_error)?);
        let folders = [("HOME", room.home()), ("TMPDIR", room.tmp())];
        command
            .env_clear()
            .envs(FIXED)
            .envs(folders)
            .envs([
                ("SOURCE_DATE_EPOCH", EPOCH),
                ("PYTHONHASHSEED", "0"),
                ("PYTHONDONTWRITEBYTECODE", "1"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut running = Running::new(command.spawn().map_err(spawn_error)?);
        let tail = Arc::new(Mutex::new(Tail::default()));
        let drains = [
            running
                .child
                .stdout
                .take()
                .map(|stream| tokio::spawn(drain(stream, Arc::clone(&tail)))),
            running
                .child
                .stderr
                .take()
                .map(|stream| tokio::spawn(drain(stream, Arc::clone(&tail)))),
        ];
        let ended = tokio::time::timeout(PATIENCE, running.child.wait()).await;
        // Whatever it left running goes before anything of it is read.
        running.kill();
        for mut drain in drains.into_iter().flatten() {
            if tokio::time::timeout(LAST_WORDS, &mut drain).await.is_err() {
                drain.abort();
            }
        }
        let output = tail.lock().unwrap_or_else(PoisonError::into_inner).text();
        let Ok(status) = ended else {
            let seconds = PATIENCE.as_secs();
            return Err(BuildError::Timeout { seconds, output });
        };
        let status = status.map_err(spawn_error)?;
        if let Some(what) = room.failure() {
            return Err(BuildError::Sandbox { what });
        }
        if !status.success() {
            let status = match status.code() {
                Some(code @ 129..=192) => format!("signal {}", code - 128),
                Some(code) => format!("status {code}"),
                None => "a signal".to_owned(),
            };
            return Err(BuildError::Failed { status, output });
        }
        Ok(())
    }
}

/// A hook's room after it ended. The folder goes with it.
struct Done {
    _folder: tempfile::TempDir,
    room: Room,
    level: SandboxLevel,
}

impl Done {
    fn cwd(&self) -> &Path {
        self.room.cwd_outside()
    }
}

/// A process that is ended, with all that stayed in its session, when it is dropped.
struct Running {
    child: Child,
    pid: Option<u32>,
}

impl Running {
    fn new(child: Child) -> Self {
        Self { pid: child.id(), child }
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(pid) = self
            .pid
            .take()
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
        }
        self.child.start_kill().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn drain(mut stream: impl AsyncRead + Unpin, tail: Arc<Mutex<Tail>>) {
    let mut chunk = [0; 8192];
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        tail.lock().unwrap_or_else(PoisonError::into_inner).push(&chunk[..length]);
    }
}

/// The one file of the output folder, by name. The build could put anything there, and anything in
/// the folder's own place.
fn only_file(folder: &Path) -> Result<String, BuildError> {
    let wrong = |what: String| BuildError::NotOneWheel { what };
    if !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Err(wrong("no folder".into()));
    }
    let entries = folder.read_dir().map_err(|source| BuildError::Room { source })?;
    let names: Vec<_> = entries.flatten().take(2).map(|entry| entry.file_name()).collect();
    match &names[..] {
        [name] => name
            .to_str()
            .map(str::to_owned)
            .ok_or_else(|| wrong("a name that is not UTF-8".into())),
        [] => Err(wrong("nothing".into())),
        _ => Err(wrong("several files".into())),
    }
}

/// Reads a plain file that the build wrote: no link leads out, no pipe holds us up, and no more than
/// `limit` is taken.
fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let refused = || io::Error::other("it is no plain file, or too large");
    if !path.symlink_metadata()?.is_file() {
        return Err(refused());
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(refused());
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(refused());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_leaves_is_read_without_following_it() {
        let folder = tempfile::tempdir().unwrap();
        let (out, secret) = (folder.path().join("out"), folder.path().join("secret"));
        std::fs::write(&secret, "key").unwrap();
        let left = || only_file(&out).map_err(|error| error.to_string());
        assert!(left().unwrap_err().contains("no folder"));
        std::os::unix::fs::symlink(folder.path(), &out).unwrap();
        assert!(left().unwrap_err().contains("no folder"), "a link in the folder's place");
        std::fs::remove_file(&out).unwrap();
        std::fs::create_dir(&out).unwrap();
        assert!(left().unwrap_err().contains("left nothing"));
        std::os::unix::fs::symlink(&secret, out.join("a.whl")).unwrap();
        assert_eq!(left().unwrap(), "a.whl");
        assert!(read(&out.join("a.whl"), 9).is_err(), "a link out was followed");
        std::fs::write(out.join("b.whl"), "four").unwrap();
        assert!(left().unwrap_err().contains("several"));
        assert_eq!(read(&out.join("b.whl"), 4).unwrap(), b"four");
        assert!(read(&out.join("b.whl"), 3).is_err());
        assert!(read(&out, 3).is_err());
    }
}

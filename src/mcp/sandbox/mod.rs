//! The room a server is probed in: no home, no network unless the entry says so, a read-only tree,
//! bounded processes and files, and an end when the probe ends.
//!
//! The attack: a server that was only approved to be *looked at* reads keys, writes a start-up
//! file, phones home or leaves something running.
//!
//! On Linux the binary starts itself again ([`WORD`]): a fresh process with one thread puts itself
//! into user, mount, pid, network, ipc and host name namespaces, builds a small read-only root, adds
//! Landlock and a filter of system calls, and only then becomes the server. Where namespaces are
//! forbidden, Landlock and the filter keep files and the network, and the level says so. Root gets
//! no level without Landlock, for the machine's own settings are files of root. What it does not
//! give: a bound on memory, and, with Landlock alone, on processes that leave the session. With the
//! network allowed, the machine's own loopback is reachable as well.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod raw;
#[cfg(target_os = "linux")]
mod root;
#[cfg(target_os = "linux")]
mod rules;

/// The first argument with which the binary is started as a sandbox. `main` hands over to
/// [`enter`] before anything else looks at the arguments.
pub const WORD: &str = "__sandbox";

/// What kept the server in while it was probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxLevel {
    /// Own user, mount, pid, network, ipc and host name namespaces, a filter of system calls, and
    /// Landlock where the kernel has it (for root, always).
    Namespaces,
    /// Landlock and a filter of system calls, without namespaces: files and the network.
    LandlockOnly,
    /// Nothing: the user said so.
    None,
}

impl SandboxLevel {
    /// What is in force, in words for a person.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Namespaces => "own namespaces: no home, no other process, network only if the entry asks for it",
            Self::LandlockOnly => "Landlock alone: no home, no network unless the entry asks for it; process names stay visible",
            Self::None => "no sandbox: the server ran with all your rights",
        }
    }
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Namespaces => "namespaces",
            Self::LandlockOnly => "landlock",
            Self::None => "none",
        })
    }
}

/// The status with which a sandbox ends that could not be set up. What went wrong is in its
/// status file, which the server can neither see nor write.
pub(crate) const FAILED: u8 = 125;

/// What the parent asks of the sandbox process. Holds paths only: no secrets stand in arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Spec {
    level: Level,
    /// Set everything up, then end instead of starting the server.
    check: bool,
    network: bool,
    /// The process that asks: if it is no longer the parent, nothing is started.
    parent: u32,
    /// Landlock must be in force beside the namespaces. Set by the outer stage, which knows who
    /// the caller is.
    #[serde(default)]
    needs_landlock: bool,
    /// Errors of the set-up go here.
    status: PathBuf,
    /// An empty folder to build the root on.
    root: PathBuf,
    home: Mapped,
    cwd: Mapped,
    tmp: Mapped,
    read: Vec<Mapped>,
    /// Empty folders that stand for the folders the server is told to work in.
    stand_ins: Vec<Mapped>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Level {
    Namespaces,
    LandlockOnly,
    None,
}

impl From<SandboxLevel> for Level {
    fn from(level: SandboxLevel) -> Self {
        match level {
            SandboxLevel::Namespaces => Self::Namespaces,
            SandboxLevel::LandlockOnly => Self::LandlockOnly,
            SandboxLevel::None => Self::None,
        }
    }
}

/// A path of this machine, and the one under which the server sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mapped {
    outside: PathBuf,
    inside: PathBuf,
}

/// One sandbox: its folders, and how they look from inside.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    spec: Spec,
    tree: Option<Mapped>,
    program: PathBuf,
    args: Vec<OsString>,
}

/// What a room needs to know about the server.
pub(crate) struct Tenant<'a> {
    pub(crate) program: &'a Path,
    pub(crate) args: &'a [OsString],
    pub(crate) tree: Option<&'a Path>,
    pub(crate) readable: &'a [PathBuf],
    /// Values of the variables it gets: folders among them are stood in for, as those among the
    /// arguments are.
    pub(crate) values: Vec<&'a OsString>,
    pub(crate) network: bool,
}

impl Room {
    /// Makes the folders of a room below `folder`, which must be empty and ours. With namespaces,
    /// the server sees them below `prefix`, whatever the machine.
    pub(crate) fn new(level: SandboxLevel, folder: &Path, prefix: &str, tenant: &Tenant<'_>) -> io::Result<Self> {
        let folder = folder.canonicalize()?;
        let moved = level == SandboxLevel::Namespaces;
        let seen = |outside: PathBuf, name: &str| Mapped {
            inside: if moved { Path::new(prefix).join(name) } else { outside.clone() },
            outside,
        };
        let make = |name: &str| {
            let path = folder.join(name);
            std::fs::create_dir(&path).map(|()| seen(path, name))
        };
        let tree = tenant
            .tree
            .map(|tree| Ok::<_, io::Error>(seen(tree.canonicalize()?, "server")))
            .transpose()?;
        let program = tenant.program.canonicalize()?;
        let mut read: Vec<_> = tree.iter().cloned().collect();
        for path in tenant.readable.iter().cloned().chain(runtime_paths(&program)) {
            let path = path.canonicalize()?;
            if path == Path::new("/") {
                return Err(io::Error::other("a server cannot be given the whole file system to read"));
            }
            read.push(Mapped {
                outside: path.clone(),
                inside: path,
            });
        }
        let read = outermost(read);
        let stand_ins = if moved { stand_ins(&folder, tenant)? } else { Vec::new() };
        let mut room = Self {
            spec: Spec {
                level: level.into(),
                check: false,
                network: tenant.network,
                parent: std::process::id(),
                needs_landlock: false,
                status: folder.join("status"),
                root: make("root")?.outside,
                home: make("home")?,
                cwd: make("cwd")?,
                tmp: make("tmp")?,
                read,
                stand_ins,
            },
            program: program.clone(),
            args: Vec::new(),
            tree,
        };
        room.program = room.seen(&program);
        room.args = tenant.args.iter().map(|arg| room.seen_arg(arg, tenant.tree)).collect();
        Ok(room)
    }

    pub(crate) fn home(&self) -> &Path {
        &self.spec.home.inside
    }

    pub(crate) fn cwd(&self) -> &Path {
        &self.spec.cwd.inside
    }

    /// The working folder as it is called outside: to put something in before, and to take something
    /// out after.
    pub(crate) fn cwd_outside(&self) -> &Path {
        &self.spec.cwd.outside
    }

    pub(crate) fn tmp(&self) -> &Path {
        &self.spec.tmp.inside
    }

    pub(crate) fn tree(&self) -> Option<&Path> {
        self.tree.as_ref().map(|tree| tree.inside.as_path())
    }

    /// A path below the tree, as the server sees it.
    fn seen(&self, path: &Path) -> PathBuf {
        let below = |tree: &Mapped| path.strip_prefix(&tree.outside).ok().map(|rest| tree.inside.join(rest));
        self.tree.as_ref().and_then(below).unwrap_or_else(|| path.to_owned())
    }

    /// An argument that names a file of the tree, under whichever name the tree was given.
    fn seen_arg(&self, arg: &OsString, given: Option<&Path>) -> OsString {
        let (Some(tree), Some(given)) = (&self.tree, given) else {
            return arg.clone();
        };
        let path = Path::new(arg);
        match path.strip_prefix(given).or_else(|_| path.strip_prefix(&tree.outside)) {
            Ok(rest) if path.is_absolute() => tree.inside.join(rest).into_os_string(),
            _ => arg.clone(),
        }
    }

    /// The same room, set up and left again without starting the server.
    pub(crate) fn as_check(&self) -> Self {
        let mut room = self.clone();
        room.spec.check = true;
        room
    }

    /// The command that starts the server in this room. Environment and pipes are the caller's.
    pub(crate) fn command(&self, sandbox_exe: &Path) -> io::Result<std::process::Command> {
        if cfg!(not(target_os = "linux")) {
            let mut command = std::process::Command::new(&self.program);
            command.args(&self.args).current_dir(&self.spec.cwd.outside);
            return Ok(command);
        }
        let spec = serde_json::to_string(&self.spec).map_err(io::Error::other)?;
        let mut command = std::process::Command::new(sandbox_exe);
        command.arg(WORD).arg(spec).arg(&self.program).args(&self.args).current_dir("/");
        Ok(command)
    }

    /// What kept the room from being set up, if something did.
    pub(crate) fn failure(&self) -> Option<String> {
        std::fs::read_to_string(&self.spec.status).ok().filter(|text| !text.is_empty())
    }
}

/// Without what stands below another: a folder that is shown over one of its own files would hide
/// a mount that then cannot be made read-only.
fn outermost(mut read: Vec<Mapped>) -> Vec<Mapped> {
    // Above before below.
    read.sort_by(|one, other| one.inside.cmp(&other.inside));
    let mut kept: Vec<Mapped> = Vec::new();
    for mapped in read {
        if !kept.iter().any(|above| mapped.inside.starts_with(&above.inside)) {
            kept.push(mapped);
        }
    }
    kept
}

/// Folders of the machine that the server is told of, each an empty folder of ours inside: a
/// server that is pointed at a folder mostly refuses to start without it, and must not see into it
/// only to be looked at.
fn stand_ins(folder: &Path, tenant: &Tenant<'_>) -> io::Result<Vec<Mapped>> {
    let mut told = std::collections::BTreeSet::new();
    for text in tenant
        .args
        .iter()
        .chain(tenant.values.iter().copied())
        .filter_map(|text| text.to_str())
    {
        let path = Path::new(text.rsplit_once('=').map_or(text, |(_, value)| value));
        // The file itself may be readable where its folder is not.
        let ours = tenant.tree.is_some_and(|tree| path.starts_with(tree)) || tenant.readable.iter().any(|read| path.starts_with(read));
        let path = if path.is_file() { path.parent().unwrap_or(path) } else { path };
        let plain = path
            .components()
            .skip(1)
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if path.is_absolute() && plain && path.is_dir() && !ours && !is_reserved(path) {
            told.insert(path.to_owned());
        }
    }
    let make = |(number, inside)| {
        let outside = folder.join(format!("stand-in-{number}"));
        std::fs::create_dir(&outside).map(|()| Mapped { outside, inside })
    };
    told.into_iter().enumerate().map(make).collect()
}

/// Folders that the room itself fills, and the root.
fn is_reserved(path: &Path) -> bool {
    const RESERVED: [&str; 12] = [
        "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/proc", "/sys", "/dev", "/mcp",
    ];
    path == Path::new("/")
        || path == Path::new("/tmp")
        || path.starts_with("/nix")
        || RESERVED.iter().any(|reserved| path.starts_with(reserved))
}

/// What a runtime outside the system's folders needs: itself, and the libraries beside it.
fn runtime_paths(program: &Path) -> Vec<PathBuf> {
    let mut paths = vec![program.to_owned()];
    if let Some(prefix) = program.parent().filter(|folder| folder.ends_with("bin")).and_then(Path::parent) {
        paths.extend(["lib", "lib64"].iter().map(|name| prefix.join(name)).filter(|path| path.is_dir()));
    }
    paths
}

/// The newest interface of Landlock that this machine's kernel has; `None`: none.
pub fn landlock() -> Option<u8> {
    #[cfg(target_os = "linux")]
    return rules::newest();
    #[cfg(not(target_os = "linux"))]
    None
}

/// Becomes the sandbox: sets it up as the arguments after [`WORD`] say, and turns into the server.
///
/// Must be called first thing in `main`, while the process has one thread. Returns only when the
/// server has ended (with its status) or when the set-up failed (125, the reason in the room's
/// status file).
pub fn enter(args: &[OsString]) -> ExitCode {
    #[cfg(target_os = "linux")]
    return linux::enter(args);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = args;
        ExitCode::from(FAILED)
    }
}

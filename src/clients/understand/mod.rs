//! What an entry would start, in our words; or why that cannot be told.
//!
//! Nothing is guessed: an option that is not known here may change which code runs, so an entry
//! with one is shown and left alone. Variables of the client (`${X}`, `${input:x}`) pass through:
//! the client fills them in, so they and what follows them cannot be locked and stay with it.

mod container;
mod node;
mod own;
mod python;
mod remote;

use std::path::PathBuf;

use super::entry::{Header, Launch, RemoteEntry, Stdio};
use super::shown;
use crate::model::{RemoteTransport, RemoteUrl, ServerName, Source};

/// What an entry would start.
#[derive(Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A package of a registry.
    Package(PackageLaunch),
    /// A program of this machine, with its arguments; the command first.
    Command {
        /// The words.
        words: Vec<String>,
        /// What follows from the first variable of the client on.
        tail: Vec<String>,
        /// A word is a path that does not start at the root: it depends on where the client starts.
        relative: bool,
    },
    /// A remote server.
    Remote {
        /// Its address.
        url: RemoteUrl,
        /// How it is spoken to, where that was said.
        transport: Option<RemoteTransport>,
        /// What it is sent.
        headers: Vec<Header>,
        /// Through a bridge that the client starts, by its name.
        bridge: Option<String>,
    },
    /// `mcp-pin run NAME`.
    Wrapped(Wrapped),
    /// A part of the client itself.
    Inside {
        /// Which.
        what: String,
    },
    /// It cannot be told.
    NotUnderstood {
        /// Why, a fragment.
        why: String,
    },
}

/// How a package is started.
#[derive(Clone, PartialEq, Eq)]
pub struct PackageLaunch {
    /// The package.
    pub source: Source,
    /// Which of its programs, where that was said.
    pub bin: Option<String>,
    /// The arguments up to the first variable of the client: these are locked.
    pub args: Vec<String>,
    /// The rest, which the client fills in and hands to `mcp-pin run NAME -- ...`.
    pub tail: Vec<String>,
}

/// An entry that is guarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The server.
    pub name: ServerName,
    /// Whose lock.
    pub from: WrappedFrom,
    /// Arguments after those that are locked.
    pub extra: Vec<String>,
}

/// Which lock `mcp-pin run` reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrappedFrom {
    /// The user's own.
    User,
    /// This one.
    Lock(PathBuf),
}

/// Says what an entry would start.
pub fn understand(launch: &Launch) -> Meaning {
    match launch {
        Launch::Inside { what } => Meaning::Inside { what: what.clone() },
        Launch::NotUnderstood { why, .. } => Meaning::NotUnderstood { why: why.clone() },
        Launch::Remote(entry) => remote::entry(entry),
        Launch::Stdio(stdio) => process(&stdio.command, &stdio.args, stdio, 0),
    }
}

fn unclear(why: impl Into<String>) -> Meaning {
    Meaning::NotUnderstood { why: why.into() }
}

/// The last component of a command, without the ending Windows gives it.
fn base(command: &str) -> String {
    let last = command.rsplit(['/', '\\']).next().unwrap_or(command).to_ascii_lowercase();
    for ending in [".exe", ".cmd", ".bat", ".ps1"] {
        if let Some(stem) = last.strip_suffix(ending) {
            return stem.to_owned();
        }
    }
    last
}

fn process(command: &str, args: &[String], stdio: &Stdio, depth: usize) -> Meaning {
    if has_variable(command) {
        return unclear("its command is filled in by the client");
    }
    let name = base(command);
    let meaning = match name.as_str() {
        "mcp-pin" => return own::wrapped(args),
        "npx" => node::npx(args),
        "npm" => node::npm(args),
        "pnpm" | "pnpx" => node::pnpm(&name, args),
        "yarn" => node::yarn(args),
        "bunx" => node::bunx(args),
        "bun" => node::bun(args),
        "uvx" => python::uvx(args),
        "uv" => python::uv(args),
        "pipx" => python::pipx(args),
        "docker" | "podman" | "nerdctl" => container::run(&name, args),
        "cmd" if depth == 0 => return windows(args, stdio),
        "sh" | "bash" | "zsh" | "dash" | "fish" | "ksh" | "cmd" | "powershell" | "pwsh" => {
            unclear(format!("`{name}` is a shell: what it starts can be anything"))
        }
        "env" | "sudo" | "doas" | "nohup" | "nice" | "timeout" | "xargs" | "setsid" | "ssh" | "su" | "wsl" => {
            unclear(format!("`{name}` starts something else in a way that is not read"))
        }
        "deno" | "go" | "cargo" | "nix" | "mise" | "asdf" | "dotnet" | "gem" | "dnx" | "rye" | "poetry" | "pixi" | "conda" | "hatch" => {
            unclear(format!("what `{name}` fetches and builds is not pinned by this version"))
        }
        _ if is_python(&name) => python::interpreter(command, args),
        "node" | "nodejs" => node::interpreter(command, args),
        _ => local(command, args),
    };
    guarded(meaning, stdio)
}

/// What is true of every process: secrets are not copied, and folders are not guessed.
fn guarded(meaning: Meaning, stdio: &Stdio) -> Meaning {
    if matches!(meaning, Meaning::NotUnderstood { .. }) {
        return meaning;
    }
    if !matches!(meaning, Meaning::Remote { .. }) && !shown::secrets(&stdio.args).is_empty() {
        return unclear("one of its arguments looks like a secret, which may not stand in a lock: hand it over in a variable");
    }
    match &meaning {
        Meaning::Package(_) | Meaning::Command { .. } if stdio.cwd.is_some() => {
            unclear("it is started in a folder of its own, which is not taken over: install it by hand with `cwd = \"client\"`")
        }
        _ => meaning,
    }
}

fn is_python(name: &str) -> bool {
    let rest = name
        .strip_prefix("pythonw")
        .or_else(|| name.strip_prefix("python"))
        .or(name.strip_prefix("pypy"));
    name == "py" || rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// `cmd /c COMMAND ARGS`, Windows' way to start `npx`.
fn windows(args: &[String], stdio: &Stdio) -> Meaning {
    match args {
        [flag, command, rest @ ..] if flag.eq_ignore_ascii_case("/c") => {
            let words: Vec<&String> = args[1..].iter().collect();
            if words
                .iter()
                .any(|word| word.contains(['&', '|', '<', '>', '^', '%', '"', '\n']) || (words.len() == 1 && word.contains(' ')))
            {
                return unclear("`cmd /c` reads one of its words as more than a word");
            }
            process(command, rest, stdio, 1)
        }
        _ => unclear("`cmd` is a shell: what it starts can be anything"),
    }
}

/// Any other program: pinned by its content, where it can be found.
fn local(command: &str, args: &[String]) -> Meaning {
    let mut words = vec![command.to_owned()];
    let (args, tail) = split(args);
    words.extend(args);
    let relative = words.iter().any(|word| is_relative_path(word));
    Meaning::Command { words, tail, relative }
}

/// A path with a separator that does not start at the root.
fn is_relative_path(word: &str) -> bool {
    let windows = word.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/");
    let relative = word.starts_with("./") || word.starts_with("../") || word.starts_with(".\\") || word.starts_with("~/");
    relative || (!windows && !word.starts_with(['/', '-', '@']) && !word.contains("://") && word.contains('/') && looks_like_a_file(word))
}

fn looks_like_a_file(word: &str) -> bool {
    let last = word.rsplit('/').next().unwrap_or(word);
    !word.contains(' ')
        && last
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ["js", "mjs", "cjs", "ts", "py", "sh", "jar", "wasm"].contains(&ending))
}

fn has_variable(text: &str) -> bool {
    text.contains("${") || text.contains("$(") || text.contains("{{")
}

/// What can be locked, and what the client fills in: everything from the first variable on, so that
/// the order stays.
fn split(args: &[String]) -> (Vec<String>, Vec<String>) {
    let at = args.iter().position(|arg| has_variable(arg)).unwrap_or(args.len());
    (args[..at].to_vec(), args[at..].to_vec())
}

fn package(source: Result<Source, impl std::fmt::Display>, bin: Option<String>, args: &[String]) -> Meaning {
    match source {
        Ok(source) => {
            let (args, tail) = split(args);
            Meaning::Package(PackageLaunch { source, bin, args, tail })
        }
        Err(error) => unclear(error.to_string()),
    }
}

impl std::fmt::Debug for Meaning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.told())
    }
}

impl Meaning {
    /// In a few words, without what looks like a secret. May hold hostile text.
    pub fn told(&self) -> String {
        match self {
            Self::Package(package) => with_args(&package.source.to_string(), &package.args, &package.tail),
            Self::Command { words, tail, .. } => {
                let (command, args) = words.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
                with_args(command, args, tail)
            }
            Self::Remote { url, bridge: None, .. } => shown::address(url.as_str()),
            Self::Remote {
                url, bridge: Some(bridge), ..
            } => format!("{} through {bridge}", shown::address(url.as_str())),
            Self::Wrapped(wrapped) => match &wrapped.from {
                WrappedFrom::User => format!("mcp-pin run {}", wrapped.name),
                WrappedFrom::Lock(lock) => format!("mcp-pin run {} --lock {}", wrapped.name, lock.display()),
            },
            Self::Inside { what } => what.clone(),
            Self::NotUnderstood { why } => why.clone(),
        }
    }
}

fn with_args(command: &str, args: &[String], tail: &[String]) -> String {
    shown::command_line(&Stdio {
        command: command.to_owned(),
        args: args.iter().chain(tail).cloned().collect(),
        env: Vec::new(),
        env_file: false,
        cwd: None,
    })
}

/// A remote entry for the bridges.
fn bridged(url: &str, transport: Option<RemoteTransport>, headers: Vec<Header>, bridge: &str) -> Meaning {
    let entry = RemoteEntry {
        url: url.to_owned(),
        transport,
        headers,
    };
    match remote::entry(&entry) {
        Meaning::Remote {
            url, transport, headers, ..
        } => Meaning::Remote {
            url,
            transport,
            headers,
            bridge: Some(bridge.to_owned()),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests;

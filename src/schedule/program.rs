//! Running the machine's own schedulers: which program, with which environment, and for how long.
//!
//! The attacks: a project that brings its own `crontab`; a program that never ends; an answer that is cut
//! off and taken for the whole.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use super::ScheduleError;

/// No honest answer is longer; a longer one is an error, never cut.
const MAX_OUTPUT: u64 = 16 << 20;
/// What is shown of what a program said.
const MAX_SAID: usize = 400;

/// A program of this machine, and what it is handed.
#[derive(Debug, Clone)]
pub(super) struct Program {
    path: PathBuf,
    first: Vec<&'static str>,
    env: BTreeMap<OsString, OsString>,
}

/// What a program came to.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) success: bool,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

impl Program {
    pub(super) fn new(path: PathBuf, first: &[&'static str], env: &BTreeMap<OsString, OsString>) -> Self {
        Self {
            path,
            first: first.to_vec(),
            env: env.clone(),
        }
    }

    /// As a person would type it.
    pub(super) fn typed(&self, args: &[&OsStr]) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let first = self.first.iter().map(|word| OsStr::new(*word));
        let words = first.chain(args.iter().copied()).map(|word| word.to_string_lossy());
        let words: Vec<_> = std::iter::once(name).chain(words).collect();
        crate::surface::visible(&words.join(" "))
    }

    pub(super) fn failed(&self, args: &[&OsStr], said: &str) -> ScheduleError {
        ScheduleError::Failed {
            program: self.typed(args),
            said: bounded(said),
        }
    }

    /// Runs it; anything but success is an error with what it said.
    pub(super) async fn content(&self, args: &[&OsStr], limit: Duration) -> Result<Vec<u8>, ScheduleError> {
        let output = run(self, args, limit).await?;
        if output.success {
            return Ok(output.stdout);
        }
        let said = if output.stderr.trim().is_empty() {
            String::from_utf8_lossy(&output.stdout).into_owned()
        } else {
            output.stderr
        };
        Err(self.failed(args, &said))
    }
}

/// What a program said, on one line, without what could move a cursor.
pub(super) fn bounded(said: &str) -> String {
    let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = if line.is_empty() { "it did not say why".to_owned() } else { line };
    crate::surface::visible(&line).chars().take(MAX_SAID).collect()
}

/// Runs a program, at most for `limit`, and kills it with its children after that.
pub(super) async fn run(program: &Program, args: &[&OsStr], limit: Duration) -> Result<Output, ScheduleError> {
    let failed = |error: std::io::Error| program.failed(args, &error.to_string());
    let mut command = Command::new(&program.path);
    command
        .args(&program.first)
        .args(args)
        .env_clear()
        .envs(&program.env)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let all = async { tokio::join!(child.wait(), whole(stdout), whole(stderr)) };
    let Ok((status, stdout, stderr)) = tokio::time::timeout(limit, all).await else {
        return Err(program.failed(args, &format!("it did not end within {} seconds", limit.as_secs())));
    };
    Ok(Output {
        success: status.map_err(failed)?.success(),
        stdout: stdout.map_err(failed)?,
        stderr: String::from_utf8_lossy(&stderr.map_err(failed)?).into_owned(),
    })
}

async fn whole(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(stream) = stream else { return Ok(bytes) };
    stream.take(MAX_OUTPUT + 1).read_to_end(&mut bytes).await?;
    if bytes.len() as u64 > MAX_OUTPUT {
        return Err(std::io::Error::other(format!("it said more than {MAX_OUTPUT} bytes")));
    }
    Ok(bytes)
}

/// The program of that name in the first folder of `PATH` that has one: absolute folders, none of the
/// project's, none of a package's.
pub(super) fn find(path: &OsStr, name: &str, project: Option<&Path>) -> Option<PathBuf> {
    find_all(path, name, project).next()
}

/// The programs of that name in all such folders, in order.
pub(super) fn find_all(path: &OsStr, name: &str, project: Option<&Path>) -> impl Iterator<Item = PathBuf> {
    folders(path, project)
        .into_iter()
        .map(move |folder| folder.join(name))
        .filter(move |path| {
            let real = path.canonicalize().ok();
            is_program(path) && real.is_some_and(|real| !is_a_projects(&real, project))
        })
}

/// The folders of `PATH` that programs may come from.
pub(super) fn folders(path: &OsStr, project: Option<&Path>) -> Vec<PathBuf> {
    let trusted = |folder: &PathBuf| {
        folder.is_absolute() && !is_a_projects(folder, project) && !folder.components().any(|part| part.as_os_str() == "node_modules")
    };
    std::env::split_paths(path).filter(trusted).collect()
}

/// What the programs are called that version managers link a tool's name to.
const STAND_INS: [&str; 5] = ["volta-shim", "mise", "asdf", "rtx", "proto-shim"];

/// Whether it is a version manager's stand-in, which looks the real program up when it is run: a script, or
/// a link to the manager.
pub(super) fn is_stand_in(path: &Path) -> bool {
    let mut start = [0; 2];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    let script = read.is_ok() && &start == b"#!";
    let leads_to = path.canonicalize().ok();
    let manager = leads_to.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
    script || manager.is_some_and(|name| STAND_INS.contains(&name))
}

fn is_a_projects(path: &Path, project: Option<&Path>) -> bool {
    let real = project.and_then(|project| project.canonicalize().ok());
    [project, real.as_deref()]
        .into_iter()
        .flatten()
        .any(|project| path.starts_with(project))
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

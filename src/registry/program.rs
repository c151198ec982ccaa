//! Running the machine's own tools: which one, where, and for how long.
//!
//! The attacks: a cloned project that brings its own `npm` or `python3`; a tool that never ends, or
//! that prints without end.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::Environment;

/// What a tool may print before the rest is thrown away.
pub(super) const MAX_OUTPUT: usize = 4 << 20;

/// What a tool printed, and whether it was content.
pub(super) struct Output {
    pub(super) success: bool,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Why there is no output.
#[derive(Debug)]
pub(super) enum RunError {
    /// It could not be started or read.
    Io { cause: String },
    /// It did not finish, and was killed.
    Timeout { seconds: u64 },
}

/// Runs a program in `folder` with exactly the environment `env`, waits at most `limit`, and kills
/// it with its children after that.
pub(super) async fn run(program: &Path, folder: &Path, args: &[OsString], env: &Environment, limit: Duration) -> Result<Output, RunError> {
    run_up_to(program, folder, args, env, limit, MAX_OUTPUT).await
}

/// As [`run`], for a tool that may print more, or less.
pub(super) async fn run_up_to(
    program: &Path,
    folder: &Path,
    args: &[OsString],
    env: &Environment,
    limit: Duration,
    most: usize,
) -> Result<Output, RunError> {
    let failed = |error: std::io::Error| RunError::Io { cause: error.to_string() };
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(folder)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let finished = tokio::time::timeout(limit, async {
        tokio::join!(child.wait(), bounded(stdout, most), bounded(stderr, most))
    })
    .await;
    let Ok((status, stdout, stderr)) = finished else {
        kill(&mut child).await;
        return Err(RunError::Timeout { seconds: limit.as_secs() });
    };
    Ok(Output {
        success: status.map_err(failed)?.success(),
        stdout: stdout.map_err(failed)?,
        stderr: stderr.map_err(failed)?,
    })
}

async fn kill(child: &mut Child) {
    // A tool may be a launcher that starts the real one: its group goes as a whole.
    #[cfg(target_os = "linux")]
    if let Some(group) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill().await;
}

/// Reads to the end so that the writer never blocks, and keeps what fits.
async fn bounded(stream: Option<impl AsyncRead + Unpin>, most: usize) -> std::io::Result<Vec<u8>> {
    let Some(mut stream) = stream else { return Ok(Vec::new()) };
    let mut kept = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(kept);
        }
        let room = most.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(&buffer[..room]);
    }
}

/// A fresh folder only this user may enter, removed when the value is dropped.
pub(super) fn closed_folder(scratch: &Path, prefix: &str) -> std::io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(scratch)
}

/// The program of that name in the first of `folders` that has one which is not the project's.
pub(super) fn find(folders: &[PathBuf], program: &str, project: Option<&Path>) -> Option<PathBuf> {
    find_all(folders, program, project).next()
}

/// The programs of that name in `folders`, in order, without the project's.
pub(super) fn find_all(folders: &[PathBuf], program: &str, project: Option<&Path>) -> impl Iterator<Item = PathBuf> {
    folders
        .iter()
        .map(move |folder| folder.join(program))
        .filter(move |path| is_program(path) && path.canonicalize().is_ok_and(|real| !is_below(&real, project)))
}

/// Whether what is there is a stand-in that looks up the real program when it is run: a script, or
/// a link to a program of another name.
pub(super) fn is_shim(path: &Path) -> bool {
    let mut start = [0; 2];
    let script = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    let script = script.is_ok() && &start == b"#!";
    script || path.canonicalize().is_ok_and(|real| real.file_name() != path.file_name())
}

/// Takes user names and passwords out of addresses, queries too, and control characters, from text
/// that a tool printed or a package wrote. At most `limit` characters are kept.
pub(super) fn redacted(text: &str, limit: usize) -> String {
    let words = text.split_whitespace().map(|word| {
        let Some((before, rest)) = word.split_once("://") else {
            return word.to_owned();
        };
        let end = rest.find(['/', '\'', '"', ',', ')']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let cut = path.find(['?', '#']).unwrap_or(path.len());
        format!("{before}://{host}{}", &path[..cut])
    });
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).take(limit).collect()
}

/// The folders of `PATH` in which a tool is looked for: absolute ones, outside `project` and any
/// `node_modules`.
pub(super) fn trusted_folders(env: &Environment, project: Option<&Path>) -> Vec<PathBuf> {
    let path = env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute() && !is_below(folder, project))
        .filter(|folder| {
            folder
                .components()
                .all(|part| part.as_os_str() != "node_modules" && part.as_os_str() != "..")
        })
        .collect()
}

fn is_below(path: &Path, project: Option<&Path>) -> bool {
    let Some(project) = project else { return false };
    let real = project.canonicalize();
    path.starts_with(project) || real.is_ok_and(|real| path.starts_with(real))
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

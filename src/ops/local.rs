//! Pinning a command of this machine: absolute paths and digests, no shells, no inline code.
//!
//! The attack: `sh -c "..."`, `node -e "..."` or `npx whatever` as "a server": what runs is then
//! not in any file that could be pinned.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::mcp::launch::digest_file;
use crate::model::{CwdRule, LocalArg, LocalCommand, PinnedFile};

/// Programs that run what their arguments say.
const SHELLS: [&str; 17] = [
    "sh",
    "bash",
    "dash",
    "zsh",
    "fish",
    "ksh",
    "mksh",
    "csh",
    "tcsh",
    "ash",
    "busybox",
    "env",
    "cmd",
    "powershell",
    "pwsh",
    "xargs",
    "sudo",
];
/// Programs that fetch what they run.
const LAUNCHERS: [&str; 11] = [
    "npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "uvx", "uv", "pipx", "docker", "podman",
];
/// Interpreters, by the start of their name, and the arguments with which they run inline code or
/// code that is not a file.
const INTERPRETERS: [(&str, &[&str]); 7] = [
    (
        "node",
        &[
            "-e",
            "--eval",
            "-p",
            "--print",
            "-pe",
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
        ],
    ),
    ("bun", &["-e", "--eval", "-p", "--print", "x", "-r", "--preload"]),
    ("deno", &["eval"]),
    ("python", &["-c", "-m", "-"]),
    ("perl", &["-e", "-E", "-M"]),
    ("ruby", &["-e", "-r"]),
    ("php", &["-r"]),
];

/// Why a command is not pinned. The user's command line is at fault.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A shell (or a program that starts another by name).
    #[error("could not pin `{command}`: a program that runs what its arguments say pins nothing")]
    Shell {
        /// The command.
        command: String,
    },
    /// A launcher that fetches what it runs.
    #[error("could not pin `{command}`: it fetches what it runs, so nothing of that would be pinned")]
    Launcher {
        /// The command.
        command: String,
    },
    /// Inline code or a module by name.
    #[error("could not pin `{command} {argument}`: that code is in no file that could be pinned")]
    Inline {
        /// The command.
        command: String,
        /// The argument.
        argument: String,
    },
    /// No such program on `PATH` or at the path given.
    #[error("could not find the command `{command}`")]
    NotFound {
        /// The command.
        command: String,
    },
    /// A file could not be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A path or argument is not Unicode: it could not be written to the lock as it is.
    #[error("could not pin an argument that is not Unicode: `{0}`")]
    NotUnicode(String),
}

impl LocalError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Shell { .. } => Some("name the program itself and its arguments, for example `-- node /path/to/server.js`".into()),
            Self::Launcher { .. } => Some("install the package itself: `mcp-pin install npm:NAME`".into()),
            Self::Inline { .. } => Some("put the code into a file and name that".into()),
            Self::NotFound { .. } => Some("give the full path of the program".into()),
            Self::Unreadable { .. } | Self::NotUnicode(_) => None,
        }
    }
}

/// Resolves and pins a command. `path` is the value of `PATH`; relative arguments that name a file
/// are taken from `cwd` and become absolute.
///
/// # Errors
/// [`LocalError`] says what cannot be pinned, and why.
pub fn pin(command: &[String], path: &OsStr, cwd: &Path) -> Result<LocalCommand, LocalError> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| LocalError::NotFound { command: String::new() })?;
    let found = resolve(program, path, cwd).ok_or_else(|| LocalError::NotFound { command: program.clone() })?;
    let args = arguments
        .iter()
        .map(|argument| pin_argument(argument, cwd))
        .collect::<Result<Vec<_>, _>>()?;
    for name in [Path::new(program).file_name(), found.file_name()].into_iter().flatten() {
        refuse_by_name(&name.to_string_lossy(), &args)?;
    }
    let command = pin_file(&found)?;
    Ok(LocalCommand {
        command,
        args,
        env: Vec::new(),
        cwd: CwdRule::Empty,
        network: false,
    })
}

fn refuse_by_name(name: &str, arguments: &[LocalArg]) -> Result<(), LocalError> {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    if SHELLS.contains(&name) {
        return Err(LocalError::Shell { command: name.to_owned() });
    }
    if LAUNCHERS.contains(&name) || name.ends_with("-cli.js") {
        return Err(LocalError::Launcher { command: name.to_owned() });
    }
    let Some((_, banned)) = INTERPRETERS.iter().find(|(start, _)| is_interpreter(name, start)) else {
        return Ok(());
    };
    // Options after the script are the script's own; without a script the code is in no file.
    for argument in arguments {
        let LocalArg::Text(argument) = argument else { return Ok(()) };
        let word = argument.split('=').next().unwrap_or(argument);
        let glued = banned
            .iter()
            .any(|bad| bad.len() == 2 && bad.starts_with('-') && !argument.starts_with("--") && argument.starts_with(bad));
        if banned.contains(&word) || glued {
            return Err(LocalError::Inline {
                command: name.to_owned(),
                argument: argument.clone(),
            });
        }
    }
    Err(LocalError::Inline {
        command: name.to_owned(),
        argument: "(standard input)".into(),
    })
}

/// `node`, `nodejs`, `node20`, `python3.11`, but not `nodemon`.
fn is_interpreter(name: &str, start: &str) -> bool {
    name.strip_prefix(start)
        .map(|rest| rest.strip_prefix("js").unwrap_or(rest))
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-'))
}

fn resolve(program: &str, path: &OsStr, cwd: &Path) -> Option<PathBuf> {
    let candidate = |full: PathBuf| full.canonicalize().ok().filter(|found| found.is_file());
    if program.contains('/') {
        return candidate(cwd.join(program));
    }
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .find_map(|folder| candidate(folder.join(program)))
}

fn pin_argument(argument: &str, cwd: &Path) -> Result<LocalArg, LocalError> {
    let full = cwd.join(argument);
    match full.canonicalize() {
        Ok(found) if found.is_file() => Ok(LocalArg::File(pin_file(&found)?)),
        _ => Ok(LocalArg::Text(argument.to_owned())),
    }
}

fn pin_file(path: &Path) -> Result<PinnedFile, LocalError> {
    let digest = digest_file(path).map_err(|source| LocalError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    let text = path.to_str().ok_or_else(|| LocalError::NotUnicode(path.display().to_string()))?;
    Ok(PinnedFile {
        path: text.to_owned(),
        digest,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn machine() -> (tempfile::TempDir, PathBuf) {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        for name in ["node", "bash", "npx", "python3.11", "server"] {
            std::fs::write(root.join(name), name).unwrap();
            std::fs::set_permissions(root.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("bash"), root.join("innocent")).unwrap();
        std::fs::write(root.join("server.js"), "x").unwrap();
        (scratch, root)
    }

    fn try_pin(words: &[&str]) -> Result<LocalCommand, LocalError> {
        let (_scratch, root) = machine();
        let words: Vec<_> = words.iter().map(|&word| word.to_owned()).collect();
        pin(&words, root.as_os_str(), &root)
    }

    #[test]
    fn shells_launchers_and_inline_code_are_refused() {
        assert!(matches!(try_pin(&["bash", "server.js"]), Err(LocalError::Shell { .. })));
        assert!(
            matches!(try_pin(&["innocent", "server.js"]), Err(LocalError::Shell { .. })),
            "a link to a shell"
        );
        assert!(matches!(try_pin(&["npx", "-y", "x"]), Err(LocalError::Launcher { .. })));
        for words in [
            &["node", "-e", "1"][..],
            &["node", "--eval=1"],
            &["node", "-p", "1"],
            &["node", "--import", "x", "server.js"],
            &["node", "--conditions", "x", "-e", "1"],
            &["python3.11", "-c", "1"],
            &["python3.11", "-cprint()"],
            &["python3.11", "-m", "x"],
            &["node"],
        ] {
            assert!(matches!(try_pin(words), Err(LocalError::Inline { .. })), "{words:?}");
        }
        assert!(matches!(try_pin(&["nowhere"]), Err(LocalError::NotFound { .. })));
    }

    #[test]
    fn files_among_the_arguments_are_pinned_by_absolute_path() {
        let (_scratch, root) = machine();
        let words = ["node", "server.js", "--port", "1"].map(str::to_owned);
        let pinned = pin(&words, root.as_os_str(), &root).unwrap();
        assert_eq!(pinned.command.path, root.join("node").to_str().unwrap());
        let script = PinnedFile {
            path: root.join("server.js").to_str().unwrap().into(),
            digest: crate::model::Sha256Digest::of("x"),
        };
        assert_eq!(
            pinned.args,
            [LocalArg::File(script), LocalArg::Text("--port".into()), LocalArg::Text("1".into())]
        );
    }

    #[test]
    fn options_of_the_script_are_its_own() {
        assert!(try_pin(&["node", "server.js", "-e"]).is_ok());
        assert!(try_pin(&["server", "-c", "config"]).is_ok());
    }
}

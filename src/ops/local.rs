//! Pinning a command of this machine: absolute paths and digests, no shells, no inline code.
//!
//! The attack: `sh -c "..."`, `node -e "..."` or `npx whatever` as "a server": what runs is then
//! not in any file that could be pinned.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::mcp::launch::digest_file;
use crate::model::{CwdRule, LocalArg, LocalCommand, PinnedFile};
use crate::surface::visible;
use crate::surface::visible::is_invisible;

/// Programs that run what their arguments say.
const SHELLS: [&str; 46] = [
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
    "toybox",
    "env",
    "cmd",
    "powershell",
    "pwsh",
    "xargs",
    "sudo",
    "su",
    "doas",
    "runuser",
    "pkexec",
    "timeout",
    "nice",
    "ionice",
    "nohup",
    "setsid",
    "setpriv",
    "chroot",
    "unshare",
    "nsenter",
    "taskset",
    "flock",
    "systemd-run",
    "ssh",
    "awk",
    "gawk",
    "mawk",
    "nawk",
    "stdbuf",
    "time",
    "watch",
    "parallel",
    "script",
    "strace",
    "unbuffer",
];
/// Programs that fetch what they run.
const LAUNCHERS: [&str; 11] = [
    "npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "uvx", "uv", "pipx", "docker", "podman",
];

/// What may stand between an interpreter and its script.
struct Interpreter {
    /// The start of its name.
    name: &'static str,
    /// A word that may come first.
    verb: Option<&'static str>,
    /// Letters of short options that run code which is in no pinned file.
    code: &'static str,
    /// Letters of short options that take no value and run nothing, alone or together.
    short: &'static str,
    /// The same of long options.
    long: &'static [&'static str],
}

const INTERPRETERS: [Interpreter; 7] = [
    Interpreter {
        name: "node",
        verb: None,
        code: "epr",
        short: "",
        long: &[
            "--no-warnings",
            "--trace-warnings",
            "--no-deprecation",
            "--trace-deprecation",
            "--throw-deprecation",
            "--enable-source-maps",
            "--experimental-strip-types",
            "--preserve-symlinks",
            "--preserve-symlinks-main",
            "--use-system-ca",
            "--use-openssl-ca",
            "--use-bundled-ca",
            "--expose-gc",
        ],
    },
    Interpreter {
        name: "bun",
        verb: Some("run"),
        code: "epr",
        short: "",
        long: &["--smol", "--silent", "--no-install"],
    },
    Interpreter {
        name: "deno",
        verb: Some("run"),
        code: "",
        short: "AENRSWq",
        long: &[
            "--allow-all",
            "--allow-env",
            "--allow-net",
            "--allow-read",
            "--allow-sys",
            "--allow-write",
            "--cached-only",
            "--no-prompt",
            "--no-remote",
            "--quiet",
        ],
    },
    Interpreter {
        name: "python",
        verb: None,
        code: "cm",
        short: "BEIOPRSbdqsuv",
        long: &[],
    },
    Interpreter {
        name: "perl",
        verb: None,
        code: "EMem",
        short: "TWtw",
        long: &[],
    },
    Interpreter {
        name: "ruby",
        verb: None,
        code: "er",
        short: "w",
        long: &["--yjit", "--disable-gems"],
    },
    Interpreter {
        name: "php",
        verb: None,
        code: "BEFRSr",
        short: "nq",
        long: &[],
    },
];

/// Long options of any of them that run, load or fetch other code, or
/// open a debugger that would.
const LOADS_CODE: [&str; 32] = [
    "--build-sea",
    "--build-snapshot-config",
    "--config",
    "--cwd",
    "--define",
    "--env",
    "--env-file",
    "--env-file-if-exists",
    "--eval",
    "--experimental-config-file",
    "--experimental-loader",
    "--experimental-sea-config",
    "--import",
    "--import-map",
    "--install",
    "--loader",
    "--openssl-config",
    "--php-ini",
    "--plugin",
    "--preload",
    "--print",
    "--process-begin",
    "--process-code",
    "--process-end",
    "--process-file",
    "--require",
    "--run",
    "--server",
    "--snapshot-blob",
    "--tsconfig-override",
    "--v8-flags",
    "--zend-extension",
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
    /// An option before the script of which it is not known that it runs no other code, or that
    /// takes its value from the next argument.
    #[error("could not pin `{command} {argument}`: this option before the script may run other code")]
    Option {
        /// The command.
        command: String,
        /// The option.
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
    /// A path or argument holds a character that nobody would see in the lock.
    #[error("could not pin an argument with a control or invisible character: `{}`", visible(.0))]
    Invisible(String),
}

impl LocalError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Shell { .. } => Some("name the program itself and its arguments, for example `-- node /path/to/server.js`".into()),
            Self::Launcher { .. } => Some("install the package itself: `mcp-pin install npm:NAME`".into()),
            Self::Inline { .. } => Some("put the code into a file and name that".into()),
            Self::Option { argument, .. } if argument.starts_with("--") && !argument.contains('=') => {
                Some(format!("leave it out; where it takes a value, write `{argument}=VALUE`"))
            }
            Self::Option { .. } => Some("leave it out, or write its long form with the value: `--NAME=VALUE`".into()),
            Self::NotFound { .. } => Some("give the full path of the program".into()),
            Self::Unreadable { .. } | Self::NotUnicode(_) | Self::Invisible(_) => None,
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
    match INTERPRETERS.iter().find(|known| is_interpreter(name, known.name)) {
        Some(interpreter) => script_first(name, interpreter, arguments),
        None => Ok(()),
    }
}

/// The first argument that is no option must be the script, and pinned; what stands before it must
/// be known to run nothing else. Options after the script are the script's own.
///
/// An option with its value in the next argument is refused: whether that is a value or the script
/// depends on the interpreter's version.
fn script_first(name: &str, interpreter: &Interpreter, arguments: &[LocalArg]) -> Result<(), LocalError> {
    let command = || name.to_owned();
    let inline = |argument: &str| LocalError::Inline {
        command: command(),
        argument: argument.to_owned(),
    };
    for (at, argument) in arguments.iter().enumerate() {
        let LocalArg::Text(argument) = argument else { return Ok(()) };
        if at == 0 && interpreter.verb == Some(argument) {
            continue;
        }
        if !argument.starts_with('-') || argument == "-" {
            return Err(inline(argument));
        }
        let unknown = || LocalError::Option {
            command: command(),
            argument: argument.clone(),
        };
        let known = if argument.starts_with("--") {
            let (option, value) = argument.split_once('=').map_or((argument.as_str(), None), |(o, v)| (o, Some(v)));
            // Node takes `_` for `-`.
            let option = option.to_ascii_lowercase().replace('_', "-");
            if LOADS_CODE.contains(&option.as_str()) || option.starts_with("--inspect") {
                return Err(inline(argument));
            }
            value.is_some() || interpreter.long.contains(&argument.as_str())
        } else {
            if argument.chars().any(|letter| interpreter.code.contains(letter)) {
                return Err(inline(argument));
            }
            argument[1..].chars().all(|letter| interpreter.short.contains(letter))
        };
        if !known {
            return Err(unknown());
        }
    }
    Err(inline("(standard input)"))
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
    if argument.chars().any(is_invisible) {
        return Err(LocalError::Invisible(argument.to_owned()));
    }
    let full = cwd.join(argument);
    match full.canonicalize() {
        // A file of the name `-e` does not make an option harmless.
        Ok(found) if found.is_file() && !argument.starts_with('-') => Ok(LocalArg::File(pin_file(&found)?)),
        _ => Ok(LocalArg::Text(argument.to_owned())),
    }
}

fn pin_file(path: &Path) -> Result<PinnedFile, LocalError> {
    let digest = digest_file(path).map_err(|source| LocalError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    let text = path.to_str().ok_or_else(|| LocalError::NotUnicode(path.display().to_string()))?;
    if text.chars().any(is_invisible) {
        return Err(LocalError::Invisible(text.to_owned()));
    }
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
        for name in ["node", "bash", "npx", "python3.11", "perl", "deno", "timeout", "server"] {
            std::fs::write(root.join(name), name).unwrap();
            std::fs::set_permissions(root.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("bash"), root.join("innocent")).unwrap();
        for name in ["server.js", "-e", "-c"] {
            std::fs::write(root.join(name), "x").unwrap();
        }
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
        assert!(matches!(
            try_pin(&["timeout", "5", "node", "server.js"]),
            Err(LocalError::Shell { .. })
        ));
        for words in [
            &["node"][..],
            &["node", "-"],
            &["node", "1", "server.js"],
            &["node", "--eval=1", "server.js"],
            &["node", "--import=x", "server.js"],
            &["node", "--env-file=server.js", "server.js"],
            &["node", "--env_file=server.js", "server.js"],
            &["node", "--inspect-brk=0", "server.js"],
            &["deno", "eval", "server.js"],
            &["node", "-e", "server.js"],
            &["node", "-p", "server.js"],
            &["node", "--eval", "server.js"],
            &["node", "-r", "server.js", "server.js"],
            &["node", "--env-file", "server.js"],
            &["node", "--no-warnings", "-pe", "1", "server.js"],
            &["python3.11", "-c", "server.js"],
            &["python3.11", "-cprint()", "server.js"],
            &["python3.11", "-Ic", "1", "server.js"],
            &["python3.11", "-m", "server.js"],
            &["perl", "-we", "1", "server.js"],
        ] {
            assert!(matches!(try_pin(words), Err(LocalError::Inline { .. })), "{words:?}");
        }
        for words in [
            &["node", "--conditions", "server.js", "-e", "1"][..],
            &["node", "--", "server.js"],
            &["node", "-C", "x", "server.js"],
            &["python3.11", "-X", "server.js"],
        ] {
            assert!(matches!(try_pin(words), Err(LocalError::Option { .. })), "{words:?}");
        }
        let hint = try_pin(&["node", "--conditions", "server.js"]).unwrap_err().hint();
        assert!(hint.unwrap().contains("--conditions=VALUE"));
        assert!(matches!(try_pin(&["server", "a\u{202e}"]), Err(LocalError::Invisible(_))));
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
        assert!(try_pin(&["node", "--no-warnings", "--conditions=x", "server.js", "--eval", "1"]).is_ok());
        assert!(try_pin(&["python3.11", "-Iu", "server.js"]).is_ok());
        assert!(try_pin(&["deno", "run", "-A", "server.js"]).is_ok());
        assert!(try_pin(&["server", "-c", "config"]).is_ok());
    }
}

//! A user's machine in a temporary folder: an empty home, a project, and the real binary.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::Digest as _;
use tempfile::TempDir;

/// What a run of the binary came to.
#[derive(Debug)]
pub struct Ran {
    /// The exit status, or -1 after a signal.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Asserts the exit status, showing everything where it is another.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that a text stands in either stream.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "no `{text}` in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that a text stands in neither stream.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "`{text}` in\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }
}

/// A user's machine.
pub struct Machine {
    root: TempDir,
    variables: Vec<(OsString, OsString)>,
}

impl Machine {
    /// An empty home and an empty project.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("mcp-pin-test").tempdir().unwrap();
        for folder in ["home", "project"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        Self {
            root,
            variables: Vec::new(),
        }
    }

    /// A machine whose npm is configured with a registry.
    pub fn with_registry(url: &str) -> Self {
        let machine = Self::new();
        std::fs::write(machine.home().join(".npmrc"), format!("registry={url}\n")).unwrap();
        machine
    }

    /// Sets a variable for every later run.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The user's home.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The store and state (`MCP_PIN_HOME`).
    pub fn store(&self) -> PathBuf {
        self.root.path().join("home/pin")
    }

    /// The project, where commands run.
    pub fn project(&self) -> PathBuf {
        self.root.path().join("project")
    }

    /// A file of the project.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.project().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.project().join(name), content).unwrap();
    }

    /// The binary, with a clean environment, ready to be given more.
    #[expect(clippy::disallowed_methods, reason = "a test stands where the user does")]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-pin"));
        command.args(args).current_dir(self.project()).env_clear().stdin(Stdio::null());
        for name in ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.home())
            .env("MCP_PIN_HOME", self.store())
            .env("LC_ALL", "C.UTF-8");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the binary in the project.
    pub fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args))
    }

    /// Lets `--accept` count without a terminal, in the user's own configuration.
    pub fn allow_accept(&self) {
        let config = self.store().join("config");
        std::fs::create_dir_all(&config).unwrap();
        std::fs::write(config.join("mcp-pin.toml"), "[policy]\naccept-without-terminal = true\n").unwrap();
    }

    /// Adds settings to the user's `.npmrc`.
    pub fn npmrc(&self, lines: &str) -> &Self {
        let path = self.home().join(".npmrc");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(path, format!("{before}{lines}\n")).unwrap();
        self
    }

    /// Copies the project's files of another machine, as a clone does.
    pub fn clone_project(&self, of: &Self) -> &Self {
        for entry in std::fs::read_dir(of.project()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, self.project().join(path.file_name().unwrap())).unwrap();
        }
        self
    }

    /// Runs a command that must be refused with exit status 2, and leave the project as it was and
    /// nothing in the store that differs from its name.
    #[track_caller]
    pub fn refuses(&self, args: &[&str]) -> Ran {
        let before = snapshot(&self.project());
        let ran = self.run(args).exits(2);
        assert_eq!(snapshot(&self.project()), before, "the project's files changed");
        self.archives();
        ran
    }

    /// Every stored archive, by the hexadecimal digest it is named after. Fails where the bytes
    /// are not those of the name.
    #[track_caller]
    pub fn archives(&self) -> Vec<String> {
        let folder = self.store().join("archives");
        let mut names = Vec::new();
        for (path, bytes) in if folder.exists() { snapshot(&folder) } else { Vec::new() } {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let digest = match path.parent().and_then(Path::file_name).and_then(|name| name.to_str()) {
                Some("sha512") => hex(&sha2::Sha512::digest(&bytes)),
                Some("sha256") => hex(&sha2::Sha256::digest(&bytes)),
                other => panic!("{other:?}"),
            };
            assert_eq!(digest, name, "unverified bytes in the store");
            names.push(name);
        }
        names
    }

    /// The one installed tree.
    pub fn tree(&self) -> PathBuf {
        let mut trees: Vec<_> = std::fs::read_dir(self.store().join("installs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(trees.len(), 1, "{trees:?}");
        trees.remove(0)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Installed trees are read-only; whoever is not root could not remove them.
        unlock(self.root.path());
    }
}

/// Gives the owner back the right to change every folder below this one.
pub fn unlock(folder: &Path) {
    let open = std::fs::Permissions::from_mode(0o700);
    let Ok(entries) = std::fs::set_permissions(folder, open).and_then(|()| std::fs::read_dir(folder)) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlock(&entry.path());
        }
    }
}

/// Runs a prepared command to its end.
pub fn ran(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Every file below a folder with its content, for "as it was" assertions.
pub fn snapshot(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push((path.clone(), std::fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

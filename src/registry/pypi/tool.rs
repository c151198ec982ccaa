//! The machine's uv: which one, how old, and with what in its environment.
//!
//! The attacks: a project that brings its own uv, a Python of its own, or settings and variables
//! that steer the resolver (another index, overrides, links to files). uv is run with a handful of
//! variables, a home and a cache of ours, and one settings file that we wrote.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::PypiError;
use super::index::Index;
use crate::registry::Environment;
use crate::registry::program::{self, Output, RunError};

/// The oldest uv whose options and answer are what [`super::Pypi::resolve`] relies on.
const OLDEST: (u32, u32) = (0, 7);

const VERSION_LIMIT: Duration = Duration::from_secs(30);

/// What uv needs to reach an index. Everything else could change its mind.
const PASSED: [&str; 18] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_HTTP_TIMEOUT",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "PYENV_ROOT",
];

/// This machine's uv.
pub struct Uv {
    program: PathBuf,
    /// It looks the real one up, for which it needs the user's home.
    shim: bool,
    env: Environment,
    home: Option<OsString>,
    python: Option<PathBuf>,
    scratch: PathBuf,
    version: String,
}

impl std::fmt::Debug for Uv {
    // The environment may hold a proxy's password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Uv")
            .field("program", &self.program)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Uv {
    /// Finds uv on the `PATH` of `env` and asks for its version.
    ///
    /// Programs below `project`, and relative entries of `PATH`, are passed over; a real program is
    /// preferred to a script that looks one up. `scratch` is an existing folder of ours; what is
    /// made below it is removed again.
    ///
    /// # Errors
    /// There is none, it cannot be run, or it is too old.
    pub async fn discover(env: &Environment, project: Option<&Path>, scratch: &Path) -> Result<Self, PypiError> {
        let folders = program::trusted_folders(env, project);
        let all: Vec<PathBuf> = program::find_all(&folders, "uv", project).collect();
        let real = all.iter().find(|path| !program::is_shim(path));
        let found = real.or_else(|| all.first()).ok_or(PypiError::NoUv)?;
        let mut kept: Environment = PASSED
            .iter()
            .filter_map(|name| env.get_key_value(OsStr::new(name)))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let path = std::env::join_paths(&folders).map_err(|error| PypiError::Run { cause: error.to_string() })?;
        kept.insert("PATH".into(), path);
        let python = program::find(&folders, "python3", project);
        let mut uv = Self {
            program: found.clone(),
            shim: real.is_none(),
            env: kept,
            home: env.get(OsStr::new("HOME")).cloned(),
            python,
            scratch: scratch.to_owned(),
            version: String::new(),
        };
        let folder = uv.folder(&[])?;
        let output = uv.run(&folder, &["--version".into(), "--no-config".into()], VERSION_LIMIT).await?;
        uv.version = version(&output.stdout)
            .filter(|_| output.success)
            .ok_or_else(|| PypiError::Answer {
                cause: "`uv --version` names none".to_owned(),
            })?;
        let mut numbers = uv.version.split('.').map(str::parse);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
            return Err(PypiError::Answer {
                cause: "`uv --version` names no version".to_owned(),
            });
        };
        if (major, minor) < OLDEST {
            return Err(PypiError::TooOld {
                found: uv.version,
                oldest: format!("{}.{}", OLDEST.0, OLDEST.1),
            });
        }
        Ok(uv)
    }

    /// With a certain Python to run beside it, where it must not be the `PATH`'s. It changes nothing
    /// about what is resolved: that is for every Python.
    #[must_use]
    pub fn with_python(mut self, python: PathBuf) -> Self {
        self.python = Some(python);
        self
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where it is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn python(&self) -> Option<&Path> {
        self.python.as_deref()
    }

    /// A closed folder with our settings for uv, which name these indexes and nothing else.
    pub(super) fn folder(&self, indexes: &[Index]) -> Result<Folder, PypiError> {
        let failed = |error: std::io::Error| PypiError::Run {
            cause: format!("no folder below `{}`: {error}", self.scratch.display()),
        };
        let dir = program::closed_folder(&self.scratch, "uv-").map_err(failed)?;
        for name in ["cache", "home"] {
            std::fs::create_dir(dir.path().join(name)).map_err(failed)?;
        }
        std::fs::write(dir.path().join("netrc"), "").map_err(failed)?;
        std::fs::write(dir.path().join("uv.toml"), settings(indexes)).map_err(failed)?;
        let mut env = self.env.clone();
        let home = self.home.clone().filter(|_| self.shim);
        env.insert("HOME".into(), home.unwrap_or_else(|| dir.path().join("home").into()));
        env.insert("NETRC".into(), dir.path().join("netrc").into());
        env.insert("UV_CACHE_DIR".into(), dir.path().join("cache").into());
        env.insert("UV_CREDENTIALS_DIR".into(), dir.path().join("home").into());
        env.insert("UV_PYTHON_DOWNLOADS".into(), "never".into());
        for (at, index) in indexes.iter().enumerate() {
            if let Some(login) = index.login() {
                env.insert(format!("UV_INDEX_I{at}_USERNAME").into(), login.user.clone().into());
                env.insert(format!("UV_INDEX_I{at}_PASSWORD").into(), login.password.clone().into());
            }
        }
        Ok(Folder { dir, env })
    }

    /// Runs uv, waits at most `limit`, and kills it with its children after that.
    ///
    /// It is run in `/`: uv, and scripts that look up the real uv or Python, read settings of the
    /// folder they are run in and of all above it, which may be another's.
    pub(super) async fn run(&self, folder: &Folder, args: &[OsString], limit: Duration) -> Result<Output, PypiError> {
        let output = program::run(&self.program, Path::new("/"), args, &folder.env, limit).await;
        output.map_err(|error| match error {
            RunError::Io { cause } => PypiError::Run { cause },
            RunError::Timeout { seconds } => PypiError::Timeout { seconds },
        })
    }
}

/// A closed folder and the environment that belongs to it.
pub(super) struct Folder {
    dir: TempDir,
    env: Environment,
}

impl Folder {
    /// Where the requirement stands.
    pub(super) fn question(&self) -> PathBuf {
        self.dir.path().join("requirements.in")
    }

    /// Where uv puts its answer.
    pub(super) fn answer(&self) -> PathBuf {
        self.dir.path().join("pylock.toml")
    }

    pub(super) fn settings(&self) -> PathBuf {
        self.dir.path().join("uv.toml")
    }

    /// Where wheels lie that no index has.
    pub(super) fn wheels(&self) -> PathBuf {
        self.dir.path().join("wheels")
    }
}

/// The indexes in the order they are asked, by names of ours: their credentials are handed over in
/// variables of those names.
fn settings(indexes: &[Index]) -> String {
    let mut list = toml_edit::ArrayOfTables::new();
    for (at, index) in indexes.iter().enumerate() {
        let mut table = toml_edit::Table::new();
        table.insert("name", toml_edit::value(format!("i{at}")));
        table.insert("url", toml_edit::value(index.address()));
        table.insert("default", toml_edit::value(at + 1 == indexes.len()));
        list.push(table);
    }
    let mut document = toml_edit::DocumentMut::new();
    document.insert("index", toml_edit::Item::ArrayOfTables(list));
    document.to_string()
}

/// `uv 0.13.9 (TRIPLE)`.
fn version(stdout: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(stdout).ok()?;
    let version = text.strip_prefix("uv ")?.split_whitespace().next()?;
    let fits = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
    fits.then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::str::FromStr as _;

    use super::*;

    fn program(folder: &Path, text: &str) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join("uv");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    async fn discover(folders: &[&Path], project: Option<&Path>, scratch: &Path) -> Result<Uv, PypiError> {
        let env = Environment::from([
            ("PATH".into(), std::env::join_paths(folders).unwrap()),
            ("HOME".into(), "/nobody".into()),
            ("UV_INDEX_URL".into(), "http://me:hunter2@h/".into()),
            ("HTTPS_PROXY".into(), "http://proxy.test".into()),
            ("LD_PRELOAD".into(), "/evil.so".into()),
            ("PYTHONPATH".into(), "/evil".into()),
        ]);
        Uv::discover(&env, project, scratch).await
    }

    #[tokio::test]
    async fn a_projects_own_uv_is_passed_over_and_none_is_said_with_a_hint() {
        let root = tempfile::tempdir().unwrap();
        let (project, tools) = (root.path().join("project"), root.path().join("tools"));
        let mark = root.path().join("mark");
        program(&project.join("bin"), &format!("echo x > {}; echo 'uv 0.13.9'", mark.display()));
        let bin = project.join("bin");
        let error = discover(&[&bin], Some(&project), root.path()).await.unwrap_err();
        assert_eq!(error, PypiError::NoUv);
        assert!(error.hint().unwrap().contains("pipx install uv"));
        let good = program(&tools, "echo 'uv 0.13.9 (TRIPLE)'");
        let uv = discover(&[&bin, &tools], Some(&project), root.path()).await.unwrap();
        assert_eq!((uv.program(), uv.version()), (good.as_path(), "0.13.9"));
        assert!(!mark.exists());
        // A stand-in needs the user's home to find the real one.
        assert!(uv.shim && format!("{uv:?}").contains("0.13.9"));
    }

    #[tokio::test]
    async fn a_real_program_is_preferred_to_a_stand_in() {
        let root = tempfile::tempdir().unwrap();
        let (shims, real) = (root.path().join("shims"), root.path().join("real"));
        program(&shims, "echo 'uv 0.13.9'");
        std::fs::create_dir(&real).unwrap();
        std::fs::copy("/bin/true", real.join("uv")).unwrap();
        // It is `true`: it names no version.
        let error = discover(&[&shims, &real], None, root.path()).await.unwrap_err();
        assert!(matches!(error, PypiError::Answer { .. }), "{error}");
        std::os::unix::fs::symlink("/bin/true", shims.join("linked")).unwrap();
        assert!(program::is_shim(&shims.join("uv")) && program::is_shim(&shims.join("linked")));
        assert!(!program::is_shim(&real.join("uv")));
    }

    #[tokio::test]
    async fn the_version_decides() {
        let root = tempfile::tempdir().unwrap();
        for (said, expected) in [
            ("uv 0.6.17 (x)", "uv 0.6.17 is too old; 0.7 or newer is needed"),
            ("uv 0.7.0", "ok"),
            ("uv 1.0.0", "ok"),
            ("uv x", "uv's answer cannot be used: `uv --version` names no version"),
            ("npm 0.13.9", "uv's answer cannot be used: `uv --version` names none"),
            ("uv 0.7;x", "uv's answer cannot be used: `uv --version` names none"),
        ] {
            program(root.path(), &format!("echo '{said}'"));
            let found = discover(&[root.path()], None, root.path()).await;
            let found = found.map_or_else(|error| error.to_string(), |_| "ok".to_owned());
            assert_eq!(found, expected, "{said}");
        }
        program(root.path(), "echo 'uv 0.13.9'; exit 1");
        assert!(discover(&[root.path()], None, root.path()).await.is_err());
    }

    #[tokio::test]
    async fn uv_sees_a_handful_of_variables_and_a_closed_folder() {
        let root = tempfile::tempdir().unwrap();
        program(
            root.path(),
            "if [ \"$1\" = --version ]; then echo 'uv 0.13.9'; else /usr/bin/env; /bin/pwd; fi",
        );
        let uv = discover(&[root.path()], None, root.path()).await.unwrap();
        let index = |text: &str| Index::parse(text, "x").unwrap();
        let folder = uv
            .folder(&[index("http://me:hunter2@first.test/a"), index("http://last.test/\"b")])
            .unwrap();
        let output = uv.run(&folder, &["x".into()], VERSION_LIMIT).await.unwrap();
        let seen = String::from_utf8(output.stdout).unwrap();
        for hidden in ["LD_PRELOAD", "PYTHONPATH", "UV_INDEX_URL"] {
            assert!(!seen.contains(hidden), "{seen}");
        }
        for there in [
            "HTTPS_PROXY=http://proxy.test",
            "UV_INDEX_I0_PASSWORD=hunter2",
            "UV_PYTHON_DOWNLOADS=never",
        ] {
            assert!(seen.contains(there), "{seen}");
        }
        assert!(seen.ends_with("\n/\n"), "{seen}");
        let written = std::fs::read_to_string(folder.settings()).unwrap();
        assert!(!written.contains("hunter2"), "{written}");
        let read = toml_edit::DocumentMut::from_str(&written).unwrap();
        let all: Vec<(String, bool)> = read["index"]
            .as_array_of_tables()
            .unwrap()
            .iter()
            .map(|table| (table["url"].as_str().unwrap().to_owned(), table["default"].as_bool().unwrap()))
            .collect();
        assert_eq!(
            all,
            [
                ("http://first.test/a/".to_owned(), false),
                ("http://last.test/%22b/".to_owned(), true)
            ]
        );
        let mode = folder.dir.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

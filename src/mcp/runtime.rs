//! The interpreter on this machine: found once, by absolute path, outside any project.
//!
//! The attack: a project that ships its own `node` (in `node_modules/.bin`, or by a relative entry
//! of `PATH`) and so decides what runs the verified bytes.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::model::Platform;

/// Why no runtime can be used.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Nothing of that name on `PATH` outside the project.
    #[error("could not find `{name}` on PATH")]
    NotFound {
        /// The program looked for.
        name: &'static str,
    },
    /// What was found is a script: a version manager's shim, which decides by the working
    /// directory what it starts.
    #[error("could not use `{}` as a runtime: it is not a program but a script", path.display())]
    Script {
        /// Where it stands.
        path: PathBuf,
    },
    /// It could not be read or started.
    #[error("could not use `{}` as a runtime", path.display())]
    Unusable {
        /// Where it stands.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What a project or somebody else names as an interpreter is not one that can be used.
    #[error("could not use `{}` as a Python: {what}", path.display())]
    NotUsable {
        /// Where it stands.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// No Python of this machine will do.
    #[error("could not find {}{}", wanted.as_ref().map_or_else(|| "a Python to use".to_owned(), |wanted| format!("a Python that meets `{wanted}`")), there(.found))]
    NoPython {
        /// The version that is asked for, as written.
        wanted: Option<String>,
        /// What there is, each with its place.
        found: Vec<String>,
    },
    /// The version that is asked for cannot be read: the package is at fault.
    #[error("could not read the Python version `{}` that is asked for", crate::surface::visible(.wanted))]
    BadRequirement {
        /// As written.
        wanted: String,
    },
    /// It answered something that is not a version.
    #[error("could not read the version of `{}`", path.display())]
    NoVersion {
        /// Where it stands.
        path: PathBuf,
    },
}

impl RuntimeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } => {
                Some("install Node.js 18 or newer (for example `apt-get install nodejs npm`) and make sure it is on PATH".into())
            }
            Self::NoPython { wanted, .. } => Some(format!(
                "install one, for example with `uv python install {}` or with your system's packages, and put it on PATH",
                wanted.as_deref().map_or_else(|| "3.12".to_owned(), crate::mcp::python::example)
            )),
            Self::Script { .. } => Some("put the folder of the real `node` program first on PATH, not a version manager's shim".into()),
            Self::Unusable { .. } | Self::NotUsable { .. } | Self::BadRequirement { .. } | Self::NoVersion { .. } => None,
        }
    }
}

/// What there is, in words.
fn there(found: &[String]) -> String {
    if found.is_empty() {
        return "; there is none on PATH".into();
    }
    format!("; there are: {}", found.join(", "))
}

/// A Node.js of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRuntime {
    path: PathBuf,
    platform: Platform,
}

impl NodeRuntime {
    /// Finds `node` on a `PATH` value. Passed over, under the name given and with links resolved:
    /// relative entries, folders below `project`, and folders of any project's dependencies.
    ///
    /// # Errors
    /// [`RuntimeError`]: none found, a shim, or unreadable.
    pub fn find(path: &OsStr, project: Option<&Path>) -> Result<Self, RuntimeError> {
        let name = "node";
        let trusted = Trusted::new(project);
        let found = trusted
            .folders(path)
            .find_map(|folder| trusted.program(&folder, name))
            .ok_or(RuntimeError::NotFound { name })?;
        let head = read_head(&found).map_err(|source| RuntimeError::Unusable {
            path: found.clone(),
            source,
        })?;
        if head.starts_with(b"#!") {
            return Err(RuntimeError::Script { path: found });
        }
        Ok(Self {
            platform: platform_of(&head),
            path: found,
        })
    }

    /// The program, absolute, links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The platform the program was built for: it decides which optional packages belong.
    pub const fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Asks the program for its version, with an empty environment. Without the leading `v`.
    ///
    /// # Errors
    /// It cannot be started, or does not answer with a version.
    pub fn version(&self) -> Result<String, RuntimeError> {
        let output = Command::new(&self.path)
            .arg("--version")
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .map_err(|source| RuntimeError::Unusable {
                path: self.path.clone(),
                source,
            })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text
            .trim()
            .strip_prefix('v')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        version
            .map(str::to_owned)
            .ok_or_else(|| RuntimeError::NoVersion { path: self.path.clone() })
    }
}

/// What of a machine may decide which interpreter runs: nothing that a project brings along.
pub(super) struct Trusted<'a> {
    /// The project, as it was named and with links resolved.
    project: [Option<std::borrow::Cow<'a, Path>>; 2],
}

impl<'a> Trusted<'a> {
    pub(super) fn new(project: Option<&'a Path>) -> Self {
        let real = project.and_then(|project| project.canonicalize().ok());
        Self {
            project: [project.map(Into::into), real.map(Into::into)],
        }
    }

    fn is_in_project(&self, path: &Path) -> bool {
        self.project.iter().flatten().any(|project| path.starts_with(project))
    }

    fn is_a_projects(&self, folder: &Path) -> bool {
        self.is_in_project(folder) || folder.components().any(|part| part.as_os_str() == "node_modules")
    }

    /// The folders of a `PATH` value, in order, links resolved.
    pub(super) fn folders(&self, path: &OsStr) -> impl Iterator<Item = PathBuf> {
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute() && !self.is_a_projects(folder))
            .filter_map(|folder| folder.canonicalize().ok())
            .filter(|folder| !self.is_a_projects(folder))
    }

    /// A file of such a folder, links resolved.
    pub(super) fn program(&self, folder: &Path, name: impl AsRef<Path>) -> Option<PathBuf> {
        let found = folder.join(name).canonicalize().ok()?;
        (found.is_file() && !self.is_in_project(&found)).then_some(found)
    }
}

pub(super) fn read_head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(8192).read_to_end(&mut head)?;
    Ok(head)
}

/// Reads the platform off the program itself rather than running it: `verify` must stay fast, and
/// a 32-bit node on a 64-bit machine wants 32-bit packages.
fn platform_of(head: &[u8]) -> Platform {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let machine = head.starts_with(b"\x7fELF").then(|| head.get(18..20)).flatten();
    let cpu = match machine {
        Some([0x3e, 0x00]) => "x64",
        Some([0xb7, 0x00]) => "arm64",
        Some([0x28, 0x00]) => "arm",
        Some([0x03, 0x00]) => "ia32",
        Some([0xf3, 0x00]) => "riscv64",
        Some([0x15, 0x00]) => "ppc64",
        Some([0x00, 0x16]) => "s390x",
        Some([0x02, 0x01]) => "loong64",
        _ => match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            "x86" => "ia32",
            other => other,
        },
    };
    let musl = head.windows(8).any(|window| window == b"/ld-musl");
    let libc = (os == "linux").then(|| if musl { "musl" } else { "glibc" }.to_owned());
    Platform {
        os: os.to_owned(),
        cpu: cpu.to_owned(),
        libc,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn program(folder: &Path, content: &[u8]) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("node"), content).unwrap();
        std::fs::set_permissions(folder.join("node"), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_projects_own_node_is_passed_over() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        let (project, real) = (root.join("project"), root.join("real"));
        let mut elf = b"\x7fELF".to_vec();
        elf.resize(64, 0);
        elf[18] = 0xb7;
        program(&project.join("node_modules/.bin"), &elf);
        program(&real, &elf);
        let path = std::env::join_paths([&project.join("node_modules/.bin"), Path::new("bin"), &real]).unwrap();
        let node = NodeRuntime::find(&path, Some(&project)).unwrap();
        assert_eq!(node.path(), real.join("node"));
        assert_eq!(node.platform().cpu, "arm64");
    }

    #[test]
    fn links_into_a_project_are_passed_over() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().canonicalize().unwrap();
        let (project, other, real) = (root.join("project"), root.join("other/node_modules/.bin"), root.join("real"));
        for folder in [&project.join("tools"), &other, &real] {
            program(folder, b"\x7fELF");
        }
        let link = |target: &Path, name: &str| {
            let path = root.join(name);
            std::os::unix::fs::symlink(target, &path).unwrap();
            path
        };
        let (to_tools, to_other, to_project) = (link(&project.join("tools"), "a"), link(&other, "b"), link(&project, "c"));
        let folders = [&other, &to_tools, &to_other, &to_project.join("tools"), &real];
        // The shell may know the project under a link's name, too.
        for known in [&project, &to_project] {
            let node = NodeRuntime::find(&std::env::join_paths(folders).unwrap(), Some(known)).unwrap();
            assert_eq!(node.path(), real.join("node"));
        }
        let none = NodeRuntime::find(&std::env::join_paths([&other, &to_other]).unwrap(), None);
        assert!(matches!(none, Err(RuntimeError::NotFound { .. })));
    }

    #[test]
    fn a_shim_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        program(scratch.path(), b"#!/bin/sh\nexec other\n");
        let error = NodeRuntime::find(scratch.path().as_os_str(), None);
        assert!(matches!(error, Err(RuntimeError::Script { .. })));
        assert!(matches!(
            NodeRuntime::find(OsStr::new(""), None),
            Err(RuntimeError::NotFound { .. })
        ));
    }
}

//! Python: the interpreter, the compiled files of a tree, and how a server is started.
//!
//! An interpreter is a program of this machine, known by its absolute path and by what it says of
//! itself. The attacks: a project that brings its own `python3`, a version manager's script that
//! decides by the working directory what it starts, and a virtual environment whose packages are
//! taken for the standard library.

mod build;
mod compile;
mod facts;
mod marshal;
mod remembered;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use pep440_rs::{Version, VersionSpecifiers};

use super::runtime::{RuntimeError, Trusted, read_head};
use crate::model::python::PythonFacts;

pub use build::{Backend, BuildError, Builder, BuiltWheel};
pub use compile::{CompileError, Compiler};

use facts::{Known, Unknown};

/// The oldest Python that servers are started with: older ones get no repairs any more.
const OLDEST: u32 = 10;
/// The newest Python that is suggested.
const SUGGESTED: u32 = 13;

/// A Python of this machine that has been asked what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonRuntime {
    path: PathBuf,
    known: Known,
}

/// Programs of this machine that look like a Python, none of them started yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PythonCandidates {
    /// Every `python3` of `PATH`, in its order.
    first: Vec<PathBuf>,
    /// All others.
    others: Vec<PathBuf>,
}

impl PythonCandidates {
    /// Finds `python3`, `python` and `python3.N` on a `PATH` value, and takes `further` paths, which
    /// whoever manages interpreters named. As [`NodeRuntime::find`](super::runtime::NodeRuntime::find)
    /// does, it passes over relative entries and whatever stands below `project` or in a project's
    /// dependencies, under the name given and with links resolved. Scripts are passed over too: a
    /// version manager's decides by the working directory what it starts.
    pub fn find(path: &OsStr, project: Option<&Path>, further: &[PathBuf]) -> Self {
        let trusted = Trusted::new(project);
        let mut found = Self::default();
        let folders: Vec<_> = trusted.folders(path).collect();
        for folder in &folders {
            found
                .first
                .extend(trusted.program(folder, "python3").filter(|path| is_program(path)));
        }
        let numbered = folders.iter().flat_map(|folder| {
            let names = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.file_name());
            let mut names: Vec<_> = names.filter(|name| name.to_str().is_some_and(is_name)).collect();
            names.sort();
            names.into_iter().map(move |name| (folder.clone(), name))
        });
        let others = numbered.chain(further.iter().filter_map(|path| {
            let folders = trusted.folders(path.parent()?.as_os_str());
            Some((folders.last()?, path.file_name()?.to_owned()))
        }));
        let others = others.filter_map(|(folder, name)| trusted.program(&folder, name));
        found.others.extend(others.filter(|path| is_program(path)));
        found.drop_repeats();
        found
    }

    fn drop_repeats(&mut self) {
        let mut seen = std::collections::BTreeSet::new();
        self.first.retain(|path| seen.insert(path.clone()));
        self.others.retain(|path| seen.insert(path.clone()));
    }

    /// Their paths, in the order in which they are asked.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.first.iter().chain(&self.others).map(PathBuf::as_path)
    }
}

/// `python` and `python3.12`, not `python3.12-config` or `python3-pip`.
fn is_name(name: &str) -> bool {
    let name = name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(name);
    let number = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    name == "python"
        || name
            .strip_prefix("python3.")
            .is_some_and(|rest| number(rest.strip_suffix('t').unwrap_or(rest)))
}

fn is_program(path: &Path) -> bool {
    read_head(path).is_ok_and(|head| !head.is_empty() && !head.starts_with(b"#!"))
}

impl PythonRuntime {
    /// Asks one program what it is, in an empty environment.
    ///
    /// # Errors
    /// [`RuntimeError`]: a script, not to be started, not `CPython`, older than is supported, or the
    /// copy of a virtual environment.
    pub fn ask(path: &Path) -> Result<Self, RuntimeError> {
        let unusable = |source| RuntimeError::Unusable {
            path: path.to_path_buf(),
            source,
        };
        let real = path.canonicalize().map_err(unusable)?;
        let not_usable = |what: String| RuntimeError::NotUsable { path: real.clone(), what };
        if read_head(&real).map_err(unusable)?.starts_with(b"#!") {
            return Err(RuntimeError::Script { path: real });
        }
        let known = facts::ask(&real).map_err(|unknown| match unknown {
            Unknown::Silent(source) => unusable(source),
            Unknown::Nonsense(what) => not_usable(what.to_owned()),
        })?;
        Self::of(real, known)
    }

    /// One whose answer is known, if it can be used.
    fn of(real: PathBuf, known: Known) -> Result<Self, RuntimeError> {
        let not_usable = |what: String| RuntimeError::NotUsable { path: real.clone(), what };
        let facts = &known.facts;
        if facts.implementation != "cpython" {
            return Err(not_usable(format!(
                "it is {} and only CPython is supported",
                crate::surface::visible(&facts.markers.platform_python_implementation)
            )));
        }
        if facts.version.0 != 3 || facts.version.1 < OLDEST {
            return Err(not_usable(format!(
                "it is Python {} and only 3.{OLDEST} and newer are supported",
                facts.full_version
            )));
        }
        if known.in_environment {
            return Err(not_usable("it belongs to a virtual environment".into()));
        }
        Ok(Self { path: real, known })
    }

    /// The first `python3` of `PATH` that meets `requires_python` (as METADATA writes it; several of
    /// them joined by commas), or else the newest of all that do.
    ///
    /// # Errors
    /// [`RuntimeError::NoPython`] with what there is instead; [`RuntimeError::BadRequirement`].
    pub fn pick(requires_python: Option<&str>, candidates: &PythonCandidates) -> Result<Self, RuntimeError> {
        let wanted = requires_python.filter(|text| !text.trim().is_empty());
        let specifiers: Option<VersionSpecifiers> = wanted
            .map(|text| text.parse().map_err(|_| RuntimeError::BadRequirement { wanted: text.to_owned() }))
            .transpose()?;
        let mut found = Vec::new();
        let mut fits = |path: &PathBuf| match Self::ask(path) {
            Ok(runtime) if runtime.meets(specifiers.as_ref()) => Some(runtime),
            Ok(runtime) => {
                found.push(format!("{} (`{}`)", runtime.version(), path.display()));
                None
            }
            Err(error) => {
                found.push(match error {
                    RuntimeError::NotUsable { what, .. } => format!("`{}`: {what}", path.display()),
                    other => other.to_string(),
                });
                None
            }
        };
        if let Some(runtime) = candidates.first.iter().find_map(&mut fits) {
            return Ok(runtime);
        }
        let newest = candidates.others.iter().filter_map(&mut fits).reduce(|best, other| {
            // Of two alike, the one that comes first; the usual build before the free-threaded one.
            let rank = |runtime: &Self| (!runtime.facts().free_threaded, runtime.parsed());
            if rank(&other) > rank(&best) { other } else { best }
        });
        newest.ok_or_else(|| RuntimeError::NoPython {
            wanted: wanted.map(str::to_owned),
            found,
        })
    }

    /// The interpreter that was recorded, if it is still the one: at this path, without links, with
    /// this version.
    ///
    /// # Errors
    /// As [`PythonRuntime::ask`]; [`RuntimeError::NotUsable`] where it is another one now.
    pub fn reopen(path: &Path, version: &str) -> Result<Self, RuntimeError> {
        let runtime = Self::ask(path)?;
        let what = if runtime.path != path {
            format!("it is now a link to `{}`", runtime.path.display())
        } else if runtime.version() != version {
            format!("it is now Python {} and was {version}", runtime.version())
        } else {
            return Ok(runtime);
        };
        Err(RuntimeError::NotUsable {
            path: path.to_path_buf(),
            what,
        })
    }

    fn parsed(&self) -> Option<Version> {
        self.version().parse().ok()
    }

    fn meets(&self, specifiers: Option<&VersionSpecifiers>) -> bool {
        let Some(version) = self.parsed() else { return false };
        specifiers.is_none_or(|specifiers| specifiers.contains(&version))
    }

    /// The program, absolute, links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says of itself, from which its target is made.
    pub const fn facts(&self) -> &PythonFacts {
        &self.known.facts
    }

    /// Its whole version: `3.12.1`.
    pub fn version(&self) -> &str {
        &self.facts().full_version
    }

    /// What else must not change between an install and a launch: the ABI, the compiled files' magic
    /// number, and the machine it runs on. A text to record and to compare.
    pub fn identity(&self) -> String {
        let facts = self.facts();
        let kind = match (facts.free_threaded, facts.debug) {
            (false, false) => "",
            (true, false) => "t",
            (false, true) => "d",
            (true, true) => "td",
        };
        format!("{}{kind} {} {}", facts.cache_tag, facts.magic, facts.markers.platform_machine)
    }

    /// The second number of its version.
    pub const fn minor(&self) -> u32 {
        self.facts().version.1
    }

    /// Where a tree keeps its packages, below its root: `lib/python3.12/site-packages`.
    pub fn site_packages(&self) -> String {
        format!("lib/python3.{}/site-packages", self.minor())
    }

    /// What its compiled files are called by: `cpython-312`.
    pub fn cache_tag(&self) -> &str {
        &self.facts().cache_tag
    }

    /// The four bytes its compiled files begin with.
    pub const fn magic(&self) -> [u8; 4] {
        self.known.magic
    }

    /// Its standard library, which a sandbox must let it read.
    pub fn library(&self) -> &[PathBuf] {
        &self.known.library
    }
}

/// A version to suggest that meets a requirement: the newest that does, or one that mostly works.
pub(super) fn example(wanted: &str) -> String {
    let specifiers: Option<VersionSpecifiers> = wanted.parse().ok();
    let meets = |minor: u64, micro: u64| specifiers.as_ref().is_none_or(|all| all.contains(&Version::new([3, minor, micro])));
    // `>=3.12.4` is met by a later 3.12.
    let minor = (u64::from(OLDEST)..=u64::from(SUGGESTED)).rev().find(|minor| meets(*minor, 99));
    let minor = minor.or_else(|| (u64::from(SUGGESTED)..100).find(|minor| meets(*minor, 99)));
    format!("3.{}", minor.unwrap_or(12))
}

#[cfg(test)]
mod launch_tests;
#[cfg(test)]
mod tests;

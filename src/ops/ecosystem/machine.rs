//! The runtime that a server is installed for and started with.

use std::collections::BTreeMap;
use std::ffi::OsString;

use jiff::Timestamp;

use super::Site;
use super::compiled::CompilingOnce;
use crate::error::Error;
use crate::history::{self, Approval};
use crate::mcp::python::{Compiler, PythonRuntime};
use crate::mcp::runtime::NodeRuntime;
use crate::model::{Evidence, Integrity, Launch, LockedArchive, LockedPackage, PackageName, Sha256Digest};
use crate::ops::tools::Tools;
use crate::store::{Derive, DeriveError, Installed};

/// A runtime of this machine.
#[derive(Debug, Clone)]
pub enum Machine {
    /// Node.js.
    Node(NodeRuntime),
    /// An interpreter.
    Python(Box<Interpreter>),
}

/// An interpreter, and the wheels that were built on this machine for it.
#[derive(Debug, Clone)]
pub struct Interpreter {
    /// The interpreter.
    pub runtime: PythonRuntime,
    /// By the package and the source distribution.
    builds: BTreeMap<(PackageName, String, Integrity), LockedArchive>,
}

impl Interpreter {
    /// With everything that is recorded for it.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn new(tools: &Tools<'_>, runtime: PythonRuntime) -> Result<Self, Error> {
        let recorded = tools.history.builds(&runtime.identity())?.into_iter().map(|build| {
            let archive = LockedArchive {
                file: Some(build.file),
                integrity: build.wheel,
                evidence: Evidence::default(),
            };
            ((build.name, build.version, build.source), archive)
        });
        Ok(Self {
            builds: recorded.collect(),
            runtime,
        })
    }

    /// The wheel that was built of a package's source distribution, if it was. Its bytes are not
    /// looked at.
    pub fn built(&self, package: &LockedPackage) -> Option<&LockedArchive> {
        let source = package.archives.first()?;
        let key = (package.name.clone(), package.version.clone(), source.integrity.clone());
        self.builds.get(&key).filter(|_| is_built(package))
    }
}

/// Whether a package is built on each machine.
pub fn is_built(package: &LockedPackage) -> bool {
    package.python().is_some_and(|terms| terms.built)
}

impl Machine {
    /// What makes the files of a tree that are derived on this machine: compiled Python.
    pub fn derive(&self) -> Option<Box<dyn Derive>> {
        match self {
            Self::Node(_) => None,
            Self::Python(python) => Some(Box::new(Compiling(Compiler::new(&python.runtime)))),
        }
    }

    /// As [`Self::derive`], for an installation alone: what was made of the same sources before by the
    /// same interpreter is taken from the store. A check makes it again and compares.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn derive_once(&self, tools: &Tools<'_>) -> Result<Option<CompilingOnce>, Error> {
        match self {
            Self::Node(_) => Ok(None),
            Self::Python(python) => Ok(Some(CompilingOnce::new(tools, &python.runtime)?)),
        }
    }

    /// Records, for `verify` and for starts, which runtime a server was installed with.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn record(&self, tools: &Tools<'_>, site: Site<'_>) -> Result<(), Error> {
        match self {
            Self::Node(_) => Ok(()),
            Self::Python(python) => {
                let runtime = &python.runtime;
                let recorded = history::Interpreter {
                    path: runtime.path().to_path_buf(),
                    version: runtime.version().to_owned(),
                    identity: runtime.identity(),
                };
                let now = tools.context.now();
                tools.history.record_interpreter(site.scope, site.server, &recorded, now)?;
                // It was asked some time ago: what counts for starts is what it says now.
                match PythonRuntime::reopen(&recorded.path, &recorded.version) {
                    Ok(runtime) => remember(tools, &runtime, now),
                    Err(_) => Ok(()),
                }
            }
        }
    }
}

/// Keeps what an interpreter said for starts. It was asked at `asked` or later.
///
/// # Errors
/// The state cannot be written.
pub(super) fn remember(tools: &Tools<'_>, runtime: &PythonRuntime, asked: Timestamp) -> Result<(), Error> {
    match runtime.remembered(asked) {
        Some(said) => Ok(tools.history.remember(runtime.path(), &said, tools.context.now())?),
        None => Ok(()),
    }
}

/// The store's way of asking for compiled files, and the interpreter's of making them.
struct Compiling(Compiler);

impl Derive for Compiling {
    fn derive(&self, _: &Integrity, sources: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, DeriveError> {
        self.0.derive(sources).map_err(|error| DeriveError { cause: error.to_string() })
    }
}

/// What counts as known of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// What it said when nothing of it was different: for starts.
    Stamps,
    /// What it says now.
    Nothing,
}

/// What became of the runtime that a server was installed with.
#[derive(Debug)]
pub enum Recorded {
    /// It is what it was.
    As(Machine),
    /// It stands somewhere else or has another version: the installed tree was made for another one.
    Changed {
        /// Path and version as recorded.
        before: (String, String),
        /// The same of what stands there now; `None`: nothing that can be started.
        now: Option<(String, String)>,
    },
    /// Nothing is recorded: it was not installed on this machine.
    Nothing,
}

/// What a start needs beside the runtime.
#[derive(Debug)]
pub struct Start<'a> {
    /// The proof for the bytes.
    pub installed: &'a Installed,
    /// The lock's launch.
    pub launch: &'a Launch,
    /// What the approval must be about.
    pub digest: &'a Sha256Digest,
    /// This user's approval.
    pub approval: &'a Approval,
    /// The values of the variables it gets.
    pub env: BTreeMap<String, OsString>,
}

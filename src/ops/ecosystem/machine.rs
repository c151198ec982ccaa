//! The runtime that a server is installed for and started with.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::Site;
use crate::error::Error;
use crate::history::{Approval, Interpreter};
use crate::mcp::python::{Compiler, PythonRuntime};
use crate::mcp::runtime::NodeRuntime;
use crate::model::{Launch, Sha256Digest};
use crate::ops::tools::Tools;
use crate::store::{Derive, DeriveError, Installed};

/// A runtime of this machine.
#[derive(Debug, Clone)]
pub enum Machine {
    /// Node.js.
    Node(NodeRuntime),
    /// An interpreter.
    Python(Box<PythonRuntime>),
}

impl Machine {
    /// What makes the files of a tree that are derived on this machine: compiled Python.
    pub fn derive(&self) -> Option<Box<dyn Derive>> {
        match self {
            Self::Node(_) => None,
            Self::Python(runtime) => Some(Box::new(Compiling(Compiler::new(runtime)))),
        }
    }

    /// Records, for `verify` and for starts, which runtime a server was installed with.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn record(&self, tools: &Tools<'_>, site: Site<'_>) -> Result<(), Error> {
        match self {
            Self::Node(_) => Ok(()),
            Self::Python(runtime) => {
                let recorded = Interpreter {
                    path: runtime.path().to_path_buf(),
                    version: runtime.version().to_owned(),
                    identity: runtime.identity(),
                };
                Ok(tools
                    .history
                    .record_interpreter(site.scope, site.server, &recorded, tools.context.now())?)
            }
        }
    }
}

/// The store's way of asking for compiled files, and the interpreter's of making them.
struct Compiling(Compiler);

impl Derive for Compiling {
    fn derive(&self, sources: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, DeriveError> {
        self.0.derive(sources).map_err(|error| DeriveError { cause: error.to_string() })
    }
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

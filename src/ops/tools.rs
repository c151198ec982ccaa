//! The machine's tools, made when they are first needed: store, state, runtime, network, npm.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::Error;
use crate::history::History;
use crate::mcp::python::{PythonCandidates, PythonRuntime};
use crate::mcp::runtime::NodeRuntime;
use crate::net::{Network, NetworkOptions};
use crate::ops::context::Environment;
use crate::ops::{Context, Interact, queries, trust};
use crate::registry::npm::Npm;
use crate::registry::pypi::{Pypi, Uv};
use crate::store::{Scratch, Store, StoreLock};

/// What operations on packages work with.
pub struct Tools<'a> {
    /// Places, clock, wishes.
    pub context: &'a Context,
    /// The person.
    pub person: &'a dyn Interact,
    /// The store.
    pub store: Store,
    /// The user's state.
    pub history: History,
    node: OnceLock<NodeRuntime>,
    trust: OnceLock<trust::Loaded>,
    online: tokio::sync::OnceCell<Online>,
    index: tokio::sync::OnceCell<(Pypi, Network)>,
    uv: tokio::sync::OnceCell<(Uv, Scratch)>,
    pythons: Mutex<Pythons>,
}

/// Interpreters by the versions that were wanted.
type Pythons = BTreeMap<Option<String>, PythonRuntime>;

struct Online {
    npm: Npm,
    network: Network,
    _scratch: Scratch,
}

impl<'a> Tools<'a> {
    /// Opens the store and the state.
    ///
    /// # Errors
    /// Either cannot be opened.
    pub fn open(context: &'a Context, person: &'a dyn Interact) -> Result<Self, Error> {
        let store = Store::open(&context.home)?;
        let history = queries::open_history(context)?;
        Ok(Self {
            context,
            person,
            store,
            history,
            node: OnceLock::new(),
            trust: OnceLock::new(),
            online: tokio::sync::OnceCell::new(),
            index: tokio::sync::OnceCell::new(),
            uv: tokio::sync::OnceCell::new(),
            pythons: Mutex::default(),
        })
    }

    /// Takes the store for changing it, waiting for another mcp-pin where one has it, and clears
    /// what a killed one left behind.
    ///
    /// # Errors
    /// The lock cannot be taken.
    pub fn lock_store(&self) -> Result<StoreLock, Error> {
        let lock = self.store.lock(|| self.person.note("waiting for another mcp-pin to finish"))?;
        self.store.sweep(&lock)?;
        Ok(lock)
    }

    /// The Node.js of this machine, outside the project.
    ///
    /// # Errors
    /// None is found.
    pub fn node(&self) -> Result<&NodeRuntime, Error> {
        if let Some(node) = self.node.get() {
            return Ok(node);
        }
        let path = self.context.env.get("PATH").unwrap_or(OsStr::new(""));
        let node = NodeRuntime::find(path, self.context.project_root().as_deref())?;
        Ok(self.node.get_or_init(|| node))
    }

    /// A Python of this machine, outside the project, of the versions that are wanted. Where none of
    /// `PATH` is, those that uv and pyenv keep are looked at.
    ///
    /// # Errors
    /// None fits; what there is instead is named.
    pub fn python(&self, wanted: Option<&str>) -> Result<PythonRuntime, Error> {
        let known = |pythons: &Pythons| pythons.get(&wanted.map(str::to_owned)).cloned();
        if let Some(python) = known(&self.pythons.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(python);
        }
        let path = self.context.env.get("PATH").unwrap_or(OsStr::new(""));
        let project = self.context.project_root();
        let managed = managed_pythons(&self.context.env);
        let python = PythonRuntime::pick(wanted, &PythonCandidates::find(path, project.as_deref(), &managed))?;
        let mut pythons = self.pythons.lock().unwrap_or_else(PoisonError::into_inner);
        pythons.insert(wanted.map(str::to_owned), python.clone());
        Ok(python)
    }

    /// The machine's uv.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub async fn uv(&self) -> Result<&Uv, Error> {
        let made = self
            .uv
            .get_or_try_init(|| async {
                let scratch = self.store.scratch()?;
                let uv = Uv::discover(self.context.env.all(), self.context.project_root().as_deref(), scratch.path()).await?;
                Ok::<_, Error>((uv, scratch))
            })
            .await?;
        Ok(&made.0)
    }

    /// The Python indexes and the network, configured as uv or pip is.
    ///
    /// # Errors
    /// `--offline`, no index, or settings that cannot be used.
    pub async fn index(&self, what: &str) -> Result<(&Pypi, &Network), Error> {
        self.must_be_online(what)?;
        let made = self
            .index
            .get_or_try_init(|| async {
                let scratch = self.store.scratch()?;
                let project = self.context.project_root();
                let pypi = Pypi::discover(self.context.env.all(), project.as_deref(), scratch.path()).await?;
                let network = Network::new(&NetworkOptions::default())?;
                Ok::<_, Error>((pypi, network))
            })
            .await?;
        Ok((&made.0, &made.1))
    }

    /// What signatures are proved against, loaded once.
    ///
    /// # Errors
    /// A root or key set that was chosen and cannot be used.
    pub fn trust(&self) -> Result<&trust::Loaded, Error> {
        if let Some(trust) = self.trust.get() {
            return Ok(trust);
        }
        let trust = trust::loaded(self.context)?;
        Ok(self.trust.get_or_init(|| trust))
    }

    /// Refuses where `--offline` was given.
    ///
    /// # Errors
    /// [`Error::Offline`], naming what was to be done.
    pub fn must_be_online(&self, what: &str) -> Result<(), Error> {
        if self.context.offline {
            return Err(Error::Offline { what: what.to_owned() });
        }
        Ok(())
    }

    /// npm and the network, configured as npm is.
    ///
    /// # Errors
    /// `--offline`, no npm, or a configuration that cannot be used.
    pub async fn online(&self, what: &str) -> Result<(&Npm, &Network), Error> {
        self.must_be_online(what)?;
        let made = self
            .online
            .get_or_try_init(|| async {
                let scratch = self.store.scratch()?;
                let npm = Npm::discover(self.context.env.all(), self.context.project_root().as_deref(), scratch.path()).await?;
                let network = Network::new(npm.settings().network_options())?;
                Ok::<_, Error>(Online {
                    npm,
                    network,
                    _scratch: scratch,
                })
            })
            .await?;
        Ok((&made.npm, &made.network))
    }
}

/// The interpreters that uv and pyenv keep for this user, by the folders these use by themselves or
/// are told to use.
pub(super) fn managed_pythons(env: &Environment) -> Vec<PathBuf> {
    let home = env.get("HOME").map(PathBuf::from);
    let below = |folder: &str| home.as_ref().map(|home| home.join(folder));
    let named = |name: &str| env.get(name).map(PathBuf::from);
    let data = named("XDG_DATA_HOME").map(|data| data.join("uv/python"));
    let uv = named("UV_PYTHON_INSTALL_DIR").or(data).or_else(|| below(".local/share/uv/python"));
    let pyenv = named("PYENV_ROOT").or_else(|| below(".pyenv")).map(|root| root.join("versions"));
    let folders = [uv, pyenv].into_iter().flatten().filter(|folder| folder.is_absolute());
    let entries = folders.filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.path().join("bin/python3")).collect();
    found.sort();
    found
}

//! The machine's tools, made when they are first needed: store, state, runtime, network, npm.

use std::ffi::OsStr;
use std::sync::OnceLock;

use crate::error::Error;
use crate::history::History;
use crate::mcp::runtime::NodeRuntime;
use crate::net::Network;
use crate::ops::{Context, Interact, queries, trust};
use crate::registry::npm::Npm;
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
}

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

    /// npm and the network, configured as npm is.
    ///
    /// # Errors
    /// `--offline`, no npm, or a configuration that cannot be used.
    pub async fn online(&self, what: &str) -> Result<(&Npm, &Network), Error> {
        if self.context.offline {
            return Err(Error::Offline { what: what.to_owned() });
        }
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

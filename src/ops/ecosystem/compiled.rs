//! Compiling each batch of sources once.
//!
//! Most of an installation is compiling, and the same wheels are installed for many servers. So what
//! was compiled is kept in the store, and its digest in the user's state: a kept file that was swapped
//! has another digest and is made again. `verify` takes nothing from here.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::mcp::python::{Compiler, PythonRuntime};
use crate::model::{Integrity, Sha256Digest};
use crate::ops::tools::Tools;
use crate::store::{Batch, Derive, DeriveError, Store};

/// Changes whenever the form of compiled files does: what was kept in an older one is not used.
const FORM: &str = "mcp-pin compiled 1";

/// Compiles what is not kept.
#[derive(Debug)]
pub struct CompilingOnce {
    compiler: Compiler,
    store: Store,
    /// Form, version, path and identity: another one compiles anew.
    maker: String,
    known: BTreeMap<Sha256Digest, Sha256Digest>,
    made: Mutex<Vec<(Sha256Digest, Sha256Digest)>>,
}

impl CompilingOnce {
    /// With what is recorded for this interpreter.
    pub(super) fn new(tools: &Tools<'_>, runtime: &PythonRuntime) -> Result<Self, Error> {
        let (version, path, identity) = (runtime.version(), runtime.path().display(), runtime.identity());
        let maker = format!("{FORM}\n{version}\n{path}\n{identity}");
        Ok(Self {
            known: tools.history.compiled(&maker)?,
            compiler: Compiler::new(runtime),
            store: tools.store.clone(),
            made: Mutex::default(),
            maker,
        })
    }

    /// Records what was compiled, so that it counts the next time.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn record(self, tools: &Tools<'_>) -> Result<(), Error> {
        let made = self.made.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(tools.history.record_compiled(&self.maker, &made, tools.context.now())?)
    }

    /// Names the sources, by the wheel they came out of, and the maker: each part with its length in front, so that no two batches
    /// share one text.
    fn key(&self, archive: &Integrity, sources: &[(String, Vec<u8>)]) -> Sha256Digest {
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(self.maker.as_bytes());
        part(archive.to_string().as_bytes());
        for (path, source) in sources {
            part(path.as_bytes());
            part(&(source.len() as u64).to_le_bytes());
        }
        Sha256Digest::from_bytes(hasher.finalize().into())
    }
}

impl Derive for CompilingOnce {
    fn derive(&self, archive: &Integrity, sources: &[(String, Vec<u8>)]) -> Result<Batch, DeriveError> {
        let failed = |cause: String| DeriveError { cause };
        let key = self.key(archive, sources);
        if let Some(batch) = self.known.get(&key).and_then(|digest| self.store.compiled(&key, digest)) {
            return Ok(batch);
        }
        let batch = self.compiler.derive(sources).map_err(|error| failed(error.to_string()))?;
        let digest = self.store.keep_compiled(&key, &batch).map_err(|error| failed(error.to_string()))?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.extend(digest.map(|digest| (key, digest)));
        Ok(batch)
    }
}

//! npm registries, by way of the machine's own npm.
//!
//! npm resolves (so that ranges, peers and hoisting are exactly npm's) and this module fetches.
//! The attacks: a project whose `.npmrc`, `package.json` or `node_modules/.bin/npm` would steer the
//! resolver; settings of the user's that change the tree's shape; a resolver that believes a
//! registry. So npm is run from a folder of ours with an environment of ours, its answer is a set
//! of [`Claim`]s that the archives must confirm (`verify::npm`), and no byte is taken from its cache.
//!
//! Which registry, which proxy and which credentials are npm's settings, read once; the address of
//! no registry stands in this code.

mod config;
mod credentials;
mod error;
mod evidence;
mod fetch;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod lockfile;
mod packument;
mod resolve;
mod run;
mod told;

use std::path::{Path, PathBuf};

pub use config::Settings;
pub use error::{FetchError, NpmError};
pub use evidence::{Announced, Release};
pub use lockfile::{Note, Resolution};
pub use packument::{Packument, VersionDocument};

pub use super::Environment;
pub use crate::verify::npm::Claim;

use run::Runner;

/// The oldest npm whose lockfile and options are what [`Npm::resolve`] relies on.
const OLDEST: u32 = 9;

/// This machine's npm and its settings.
#[derive(Debug)]
pub struct Npm {
    runner: Runner,
    settings: Settings,
    scratch: PathBuf,
}

impl Npm {
    /// Finds npm and node on the `PATH` of `env` and asks npm for its settings, once.
    ///
    /// Programs below `project` (the user's project, never their home) or below any
    /// `node_modules`, and relative entries of `PATH`, are passed over: a cloned project must not
    /// bring its own npm. `scratch` is an existing folder of ours; what is made below it is
    /// removed again.
    pub async fn discover(env: &Environment, project: Option<&Path>, scratch: &Path) -> Result<Self, NpmError> {
        let runner = Runner::find(env, project)?;
        let folder = run::closed_folder(scratch)?;
        let settings = Settings::ask(&runner, folder.path(), env).await?;
        let major = settings.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_none_or(|major| major < OLDEST) {
            return Err(NpmError::TooOld {
                found: settings.version.clone(),
                oldest: OLDEST,
            });
        }
        Ok(Self {
            runner,
            settings,
            scratch: scratch.to_owned(),
        })
    }

    /// npm's settings as far as they matter here.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The node that npm runs with, absolute.
    pub fn node(&self) -> &Path {
        &self.runner.node
    }
}

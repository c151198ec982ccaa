//! Python package indexes, as the machine's own uv or pip is configured.
//!
//! What an index has of a file, and the provenance (PEP 740) it announces for that very file. The
//! attacks: a mirror that strips provenance on the way, an error page that reads like "there is
//! none", a provenance link of another file, a link that has a password sent to another host, and a
//! public project of the name of a private one. So "none" is only ever a page that lists the file
//! without a link, or an explicit not-found; a link is only followed from the file's own entry;
//! credentials stay with the index's origin; and of several indexes the first that has the project
//! is the one, as with uv: what it lacks is not looked for in the next.
//!
//! Which indexes: uv's settings where they name any, else pip's, else the default that uv or pip
//! itself names. No index's address stands in this code, and a project's own files are never read.

mod agree;
mod answer;
mod built;
mod default;
mod error;
mod explain;
mod fetch;
mod html;
mod index;
mod names;
mod netrc;
mod newest;
mod page;
mod pip;
mod project;
mod resolve;
mod settings;
mod tool;
mod universe;
mod uv;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use reqwest::Url;

pub use answer::{Claim, ClaimedWheel, Resolution};
pub use built::{Built, Source};
pub use error::PypiError;
pub use fetch::FetchError;
pub use names::{file_parts, normalised};
pub use project::Project;
pub use resolve::Ask;
pub use tool::Uv;

use super::Environment;
use crate::model::Integrity;
use crate::net::Network;
use index::Index;
use settings::{Places, Settings};

/// The largest pages of the public index have some 30 MB.
const MAX_PAGE: u64 = 96 << 20;

/// The largest provenance object that is taken. Real ones have some 10 kB.
const MAX_PROVENANCE: u64 = 8 << 20;

const ACCEPT_PROVENANCE: &str = "application/vnd.pypi.integrity.v1+json, application/json;q=0.5, */*;q=0.1";

/// The package indexes of this machine. Holds credentials, which nothing prints.
#[derive(Debug)]
pub struct Pypi {
    /// In the order they are asked.
    indexes: Vec<Index>,
    /// Pages of projects that were read already.
    pages: Mutex<BTreeMap<String, Arc<Project>>>,
}

/// What an index says of one file. All of it claims.
#[derive(Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// Its name, exactly as asked.
    pub name: String,
    /// Its digest, where the index gives one.
    pub sha256: Option<Integrity>,
    /// Where it is. The query may be a credential: not for messages.
    pub url: String,
    /// Where its provenance is. `None`: the index lists the file and announces none.
    pub provenance: Option<String>,
    /// When it was uploaded; `None` where the index does not say.
    pub upload_time: Option<Timestamp>,
    /// The publisher took it back (PEP 592).
    pub yanked: bool,
    /// Why, in the publisher's words.
    pub yanked_because: Option<String>,
    /// The Pythons it is for, as the index says.
    pub requires_python: Option<String>,
    /// The digest of the copy of its METADATA that the index gives to resolvers (PEP 658).
    pub metadata: Option<Integrity>,
    /// Its length, where the index says.
    pub size: Option<u64>,
    /// Which index said so.
    index: usize,
}

impl fmt::Debug for IndexFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexFile").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Pypi {
    /// Reads uv's and pip's settings, and asks the tools for their default where they name none.
    ///
    /// Programs below `project`, and relative entries of `PATH`, are passed over. `scratch` is an
    /// existing folder of ours; what is made below it is removed again.
    ///
    /// # Errors
    /// No index is known, or a setting cannot be used: an index is never guessed.
    pub async fn discover(env: &Environment, project: Option<&Path>, scratch: &Path) -> Result<Self, PypiError> {
        let places = Places { env, root: Path::new("/") };
        let settings = Settings::read(places)?;
        let default = match settings.default {
            Some(index) => index,
            None => default::ask(env, project, scratch).await?,
        };
        let mut indexes = settings.others;
        indexes.push(default);
        Ok(Self::of(indexes))
    }

    fn of(indexes: Vec<Index>) -> Self {
        Self {
            indexes,
            pages: Mutex::default(),
        }
    }

    /// What the index that has the project says of one of its files.
    ///
    /// `None`: every index says explicitly that it has no such project, or the first that has it
    /// lists no such file. That is not "the file has no provenance".
    ///
    /// # Errors
    /// The name, the network, or a page that cannot be read without doubt.
    pub async fn file(&self, network: &Network, project: &str, file_name: &str) -> Result<Option<IndexFile>, PypiError> {
        let project = self.project(network, project).await?;
        Ok(project.and_then(|project| project.file(file_name).cloned()))
    }

    /// The provenance object that the index announces for this file. `None`: it announces none, or
    /// says explicitly that the announced one is not there ([`IndexFile::provenance`] tells which).
    ///
    /// # Errors
    /// Whatever else went wrong: that is never "there is none".
    pub async fn provenance(&self, network: &Network, file: &IndexFile) -> Result<Option<Vec<u8>>, PypiError> {
        let Some(url) = &file.provenance else { return Ok(None) };
        let secret = self.indexes.get(file.index).and_then(|index| index.credential(url));
        let document = network.document(url, secret, Some(ACCEPT_PROVENANCE), MAX_PROVENANCE).await;
        let document = document.map_err(|cause| PypiError::Provenance {
            file: file.name.clone(),
            cause,
        })?;
        Ok(document.map(|document| document.body))
    }
}

/// A link of a page, absolute and without user and password.
fn resolved(index: &Index, page: &str, link: &str) -> Option<String> {
    let mut url = Url::parse(page).ok()?.join(link).ok()?;
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    index.may_follow(&url).then(|| url.to_string())
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

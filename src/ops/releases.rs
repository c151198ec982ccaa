//! What the registry's documents say of every version in a closure: dates, signatures, whether
//! there are attestations. One download a package; all of it claims.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::model::{Integrity, PackageName};
use crate::ops::archive::Key;
use crate::ops::tools::Tools;
use crate::registry::npm::{NpmError, Resolution};

pub use crate::registry::npm::Release;

/// How many documents are asked for at once.
const AT_ONCE: usize = 12;

/// By name, version and the digest the resolver claims.
pub type Releases = BTreeMap<Key, Release>;

/// Fetches the documents.
///
/// # Errors
/// A document could not be fetched: "could not decide" is neither "old enough" nor "unsigned".
pub async fn fetch(tools: &Tools<'_>, resolved: &Resolution) -> Result<Releases, Error> {
    let mut wanted: BTreeMap<PackageName, BTreeSet<(String, Integrity)>> = BTreeMap::new();
    for claim in resolved.claims.values() {
        let version = (claim.version.clone(), claim.integrity.clone());
        wanted.entry(claim.name.clone()).or_default().insert(version);
    }
    let (npm, network) = tools.online("ask for release dates and signatures").await?;
    let progress = tools.person.progress("releases", wanted.len());
    let mut waiting = wanted.into_iter();
    let mut running = futures_util::stream::FuturesUnordered::new();
    let mut releases = Releases::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((name, versions)) = waiting.next()
        {
            running.push(async move {
                let document = npm.packument(network, &name).await;
                (name, versions, document)
            });
        }
        let Some((name, versions, document)) = futures_util::StreamExt::next(&mut running).await else {
            return Ok(releases);
        };
        progress.step(name.as_str());
        let document = document?;
        for (version, integrity) in versions {
            let release = document.release(&version)?.ok_or_else(|| NpmError::Document {
                name: name.clone(),
                cause: format!("it does not hold version {version}, which npm chose"),
            })?;
            let key = Key {
                name: name.clone(),
                version,
                file: None,
                integrity,
            };
            releases.insert(key, release);
        }
    }
}

//! Fetching the trust root anew: explicit, in one step, and never backwards.

use std::os::unix::fs::DirBuilderExt as _;

use jiff::Timestamp;

use super::load::{parse_keys, parse_root, repository, stored};
use super::stored_path;
use crate::error::Error;
use crate::model::Sha256Digest;
use crate::net::{Network, NetworkOptions};
use crate::ops::{Context, Interact, scope};
use crate::registry::tuf::{self, Cache, Refreshed, Stored, Versions};
use crate::store::atomic;

/// What a refresh did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The repository.
    pub url: String,
    /// What was stored before.
    pub before: Option<State>,
    /// What is stored now.
    pub after: State,
}

impl Update {
    /// Whether anything but the date is new.
    pub fn changed(&self) -> bool {
        self.before
            .as_ref()
            .is_none_or(|before| (before.versions, before.root, &before.keys) != (self.after.versions, self.after.root, &self.after.keys))
    }
}

/// A stored set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// When it was fetched.
    pub at: Timestamp,
    /// The versions of the repository's roles.
    pub versions: Versions,
    /// The SHA-256 of the trust root.
    pub root: Sha256Digest,
    /// The target's path and the SHA-256 of the registry's keys.
    pub keys: Option<(String, Sha256Digest)>,
}

impl State {
    fn new(at: Timestamp, refreshed: &Refreshed) -> Self {
        Self {
            at,
            versions: refreshed.versions(),
            root: Sha256Digest::of(refreshed.trusted_root()),
            keys: refreshed.keys().map(|keys| (keys.path.clone(), Sha256Digest::of(&keys.bytes))),
        }
    }
}

/// Fetches the newest trust root and registry keys. Nothing older than what is stored is taken, and
/// nothing that could not be used; on any error what is stored stays as it is.
///
/// # Errors
/// `--offline`; the repository cannot be reached; what it shows is forged, expired, older, or
/// cannot be used; the file cannot be written.
pub async fn refresh(context: &Context, person: &dyn Interact) -> Result<Update, Error> {
    if context.offline {
        return Err(Error::Offline {
            what: "refresh the trust root".to_owned(),
        });
    }
    let settings = scope::trust_settings(context)?;
    let (url, root) = repository(&settings)?;
    let path = stored_path(context);
    if let Some(folder) = path.parent() {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| Error::File {
            action: "create",
            path: folder.to_path_buf(),
            source,
        })?;
    }
    let _lock = atomic::lock_beside(&context.home, &path, || person.note("waiting for another mcp-pin to finish"))?;
    let known = match stored(context, &settings) {
        Ok(known) => known,
        Err(Error::TrustStored { path, source }) => {
            person.warn(&format!(
                "{} is not used: {source}. Starting again from the root that is trusted at first",
                path.display()
            ));
            None
        }
        Err(error) => return Err(error),
    };
    let nothing = Cache::default();
    let cache = known.as_ref().map_or(&nothing, |(stored, _)| &stored.files);
    let network = Network::new(&NetworkOptions::default())?;
    let now = context.now();
    let fetched = tuf::refresh(&network, &url, &root, cache, now)
        .await
        .map_err(|source| Error::TrustRefresh { url: url.clone(), source })?;
    is_usable(&fetched, &url)?;
    let written = Stored::new(url.clone(), now, fetched.cache().clone()).write();
    let bytes = written.map_err(|source| Error::TrustRefresh { url: url.clone(), source })?;
    atomic::write(&path, &bytes)?;
    if let Some(other) = context.trusted_root.as_ref().or(settings.trusted_root.as_ref()) {
        person.note(&format!("signatures are proved against {} all the same", other.display()));
    }
    Ok(Update {
        url,
        before: known.map(|(stored, refreshed)| State::new(stored.refreshed, &refreshed)),
        after: State::new(now, &fetched),
    })
}

/// A set that this version could not use is not taken: the one that is there works.
fn is_usable(fetched: &Refreshed, url: &str) -> Result<(), Error> {
    parse_root(fetched.trusted_root(), || format!("the trust root of {url}"))?;
    if let Some(keys) = fetched.keys() {
        parse_keys(&keys.bytes, || format!("`{}` of {url}", keys.path))?;
    }
    Ok(())
}

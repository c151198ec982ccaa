//! The Update Framework: a trust root, fetched so that whoever holds the server or the line cannot
//! put another one in its place, and cannot put an older one there either.
//!
//! The attacks: a forged root under which forged signatures hold (every role is signed to its
//! threshold, from a root that is built in or that the user named); a replay of an older one, from
//! before a key was withdrawn (versions never go back behind what was seen); an old state shown for
//! ever (every role expires); another file under the right name (length and hash are signed);
//! endless data (each file has a bound). Specification: TUF 1.0, section 5, the client's workflow.
//!
//! The verification is the Sigstore project's TUF client (`sigstore-tuf`). Bytes come from
//! [`Network`] alone. What was fetched is kept as one value, a [`Cache`], so that it can be written
//! in one step; [`reload`] proves it again without the network, as of the time it was fetched.

mod cache;
mod error;
mod fetch;

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use sigstore_trust_root::SigstoreInstance;
use sigstore_tuf::{Updater, UpdaterConfig};

use crate::net::Network;

pub use cache::{Cache, Stored};
pub use error::TufError;

use cache::Files;
use fetch::Online;

/// The target every repository must have.
const TRUSTED_ROOT: &str = "trusted_root.json";
/// How the path of the registry's keys ends.
const KEYS: &str = "/keys.json";
/// More roles than this are no repository of trust roots.
const MAX_ROLES: usize = 32;
/// A trust root has some 10 kB; this bounds what one target may take.
const MAX_TARGET: u64 = 4 * 1024 * 1024;

/// The public-good repository's address.
pub fn public_good_url() -> &'static str {
    SigstoreInstance::PublicGood.tuf_url()
}

/// The root role of the public-good repository that is trusted at first, as built in.
pub fn public_good_root() -> &'static [u8] {
    SigstoreInstance::PublicGood.tuf_root()
}

/// The versions of the roles that a set was proved by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Of the root role.
    pub root: u64,
    /// Of the timestamp role.
    pub timestamp: u64,
    /// Of the snapshot role.
    pub snapshot: u64,
    /// Of the top-level targets role.
    pub targets: u64,
}

/// The registry's keys, as a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysTarget {
    /// The target's path.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A proved set of targets. Only [`refresh`] and [`reload`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    trusted_root: Vec<u8>,
    keys: Option<KeysTarget>,
    versions: Versions,
    cache: Cache,
}

impl Refreshed {
    /// The content of `trusted_root.json`.
    pub fn trusted_root(&self) -> &[u8] {
        &self.trusted_root
    }

    /// The registry's keys: the one target whose path ends in `/keys.json`. `None` where the
    /// repository has none.
    pub const fn keys(&self) -> Option<&KeysTarget> {
        self.keys.as_ref()
    }

    /// The versions of the roles.
    pub const fn versions(&self) -> Versions {
        self.versions
    }

    /// Everything that [`reload`] needs.
    pub const fn cache(&self) -> &Cache {
        &self.cache
    }
}

/// Fetches the newest set from the repository at `url`, starting from the root role `root` and from
/// what was seen before (`known`): nothing older than that is taken.
///
/// # Errors
/// Anything that is not proved, expired, older than what is known, or could not be fetched. Nothing
/// is written anywhere by this function.
pub async fn refresh(network: &Network, url: &str, root: &[u8], known: &Cache, now: Timestamp) -> Result<Refreshed, TufError> {
    let online = Online::new(network, url);
    let files = Files::new(known);
    let failure = online.failure();
    let mut updater = updater(online, root)?.with_store(files.clone());
    let result = collect(&mut updater, &files, now, Source::Network).await;
    let fetched = result.map_err(|error| match failure.take() {
        Some(source) => TufError::Net { source },
        None => error,
    })?;
    // What is kept must be enough to prove it again, and must be the same.
    let again = reload(root, &fetched.cache, now)?;
    if again != fetched {
        return Err(TufError::Altered {
            what: "what was fetched, read back".to_owned(),
        });
    }
    Ok(fetched)
}

/// Proves a stored set again, without the network, as of the time it was fetched.
///
/// # Errors
/// It is not the signed one: somebody, or a broken disk, changed it; or it was fetched from a
/// repository with another root.
pub fn reload(root: &[u8], stored: &Cache, as_of: Timestamp) -> Result<Refreshed, TufError> {
    let files = Files::new(stored);
    let mut updater = updater(files.clone(), root)?.with_store(files.clone());
    // Everything is in memory, so that nothing is ever waited for.
    collect(&mut updater, &files, as_of, Source::Stored)
        .now_or_never()
        .unwrap_or_else(|| {
            Err(TufError::Stored {
                cause: "a file of it is missing".to_owned(),
            })
        })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Network,
    Stored,
}

fn updater(repository: impl sigstore_tuf::Repository + 'static, root: &[u8]) -> Result<Updater, TufError> {
    let mut config = UpdaterConfig::default();
    config.target_max_length = MAX_TARGET;
    Ok(Updater::new(repository, root)
        .map_err(|error| TufError::Root {
            cause: error::chain(&error),
        })?
        .with_config(config))
}

async fn collect(updater: &mut Updater, files: &Files, now: Timestamp, source: Source) -> Result<Refreshed, TufError> {
    updater.refresh(now).await.map_err(TufError::from)?;
    let trusted_root = target(updater, TRUSTED_ROOT, now, source).await?.ok_or(TufError::NoRoot)?;
    let keys = match keys_path(updater, now).await? {
        Some(path) => target(updater, &path, now, source).await?.map(|bytes| KeysTarget { path, bytes }),
        None => None,
    };
    let trusted = updater.trusted();
    let (Some(timestamp), Some(snapshot), Some(targets)) = (trusted.timestamp(), trusted.snapshot(), trusted.targets_role("targets"))
    else {
        return Err(TufError::NoRoot);
    };
    let versions = Versions {
        root: trusted.root().version,
        timestamp: timestamp.version,
        snapshot: snapshot.version,
        targets: targets.version,
    };
    let kept = [Some(TRUSTED_ROOT), keys.as_ref().map(|keys| keys.path.as_str())];
    let cache = files.keep(kept.into_iter().flatten())?;
    Ok(Refreshed {
        trusted_root,
        keys,
        versions,
        cache,
    })
}

/// A target's bytes, which have the signed length and hash; `None` where no role names it.
async fn target(updater: &mut Updater, path: &str, now: Timestamp, source: Source) -> Result<Option<Vec<u8>>, TufError> {
    let Some(info) = updater.get_target_info(path, now).await? else {
        return Ok(None);
    };
    match updater.find_cached_target(&info, path) {
        Some(bytes) => Ok(Some(bytes)),
        None if source == Source::Stored => Err(TufError::Altered { what: path.to_owned() }),
        None => Ok(Some(updater.download_target(&info, path).await?)),
    }
}

/// The path of the registry's keys. Roles are loaded on the way to a target, so each delegation is
/// asked for the keys that it may name.
async fn keys_path(updater: &mut Updater, now: Timestamp) -> Result<Option<String>, TufError> {
    let mut roles = vec!["targets".to_owned()];
    let mut seen = BTreeSet::new();
    let mut named = BTreeSet::new();
    while let Some(role) = roles.pop() {
        if !seen.insert(role.clone()) {
            continue;
        }
        if seen.len() > MAX_ROLES {
            return Err(TufError::Refused {
                cause: format!("it delegates to more than {MAX_ROLES} roles"),
            });
        }
        let Some(targets) = updater.trusted().targets_role(&role) else {
            continue;
        };
        named.extend(targets.targets.keys().filter(|path| path.ends_with(KEYS)).cloned());
        let mut probes = Vec::new();
        for child in targets.delegations.iter().flat_map(|delegations| &delegations.roles) {
            probes.extend(child.paths.iter().flatten().filter_map(|pattern| probe(pattern)));
            roles.push(child.name.clone());
        }
        for path in probes {
            updater.get_target_info(&path, now).await?;
        }
    }
    // A role may name what it was not given: only what the way from the root leads to counts.
    let mut found = Vec::new();
    for path in named {
        if updater.get_target_info(&path, now).await?.is_some() {
            found.push(path);
        }
    }
    match found.as_slice() {
        [] => Ok(None),
        [path] => Ok(Some(path.clone())),
        [first, second, ..] => Err(TufError::TwoKeySets {
            first: first.clone(),
            second: second.clone(),
        }),
    }
}

/// A path of keys that a delegation's pattern covers.
fn probe(pattern: &str) -> Option<String> {
    let folder = pattern.strip_suffix("/*").map(|folder| format!("{folder}{KEYS}"));
    folder
        .or_else(|| pattern.ends_with(KEYS).then(|| pattern.to_owned()))
        .filter(|path| !path.contains(['*', '?', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_role_is_one() {
        assert!(updater(Files::new(&Cache::default()), public_good_root()).is_ok());
        assert!(public_good_url().starts_with("https://"));
    }

    #[test]
    fn delegations_are_asked_for_the_keys_they_may_name() {
        assert_eq!(probe("registry.example/*").as_deref(), Some("registry.example/keys.json"));
        assert_eq!(probe("a/b/keys.json").as_deref(), Some("a/b/keys.json"));
        assert_eq!(probe("*"), None);
        assert_eq!(probe("*/keys.json"), None);
        assert_eq!(probe("a/other.json"), None);
    }
}

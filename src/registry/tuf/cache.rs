//! What was fetched, as one value and as one file.
//!
//! One file, because a set that was half written would be no set: it is replaced in one step, and
//! whoever reads sees the old or the new one. Nothing in it is believed for lying there: it is
//! proved again every time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{MetadataStore, Repository};

use super::TufError;

/// The form of the stored file that this version writes.
const FORMAT: u32 = 1;

/// Signed metadata and targets by name, as the TUF client names them. All of it is text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cache {
    files: BTreeMap<String, String>,
}

/// The stored file: a set, where it came from and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    format: u32,
    /// The repository's address.
    pub url: String,
    /// When it was fetched. Expiry is judged as of this time.
    pub refreshed: Timestamp,
    /// The files.
    pub files: Cache,
}

impl Stored {
    /// A set that was fetched from `url`.
    pub const fn new(url: String, refreshed: Timestamp, files: Cache) -> Self {
        Self {
            format: FORMAT,
            url,
            refreshed,
            files,
        }
    }

    /// Reads the stored file. Nothing in it is proved by that.
    ///
    /// # Errors
    /// It is not such a file.
    pub fn read(bytes: &[u8]) -> Result<Self, TufError> {
        let stored: Self = serde_json::from_slice(bytes).map_err(|error| TufError::Stored { cause: error.to_string() })?;
        if stored.format != FORMAT {
            return Err(TufError::Stored {
                cause: format!("it is of the form {}, and this version knows the form {FORMAT}", stored.format),
            });
        }
        Ok(stored)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// None for a value of this type.
    pub fn write(&self) -> Result<Vec<u8>, TufError> {
        serde_json::to_vec(self).map_err(|error| TufError::Stored { cause: error.to_string() })
    }
}

/// The same in memory, shared with the TUF client: it writes down what it verified, and reads it
/// back where there is no network.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Files {
    pub(super) fn new(cache: &Cache) -> Self {
        let files = cache.files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes()));
        Self(Arc::new(Mutex::new(files.collect())))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is worth keeping: metadata once each, and these targets.
    pub(super) fn keep<'a>(&self, targets: impl Iterator<Item = &'a str>) -> Result<Cache, TufError> {
        let targets: Vec<_> = targets.map(|path| format!("targets/{path}")).collect();
        let mut files = BTreeMap::new();
        for (name, bytes) in &*self.lock() {
            let twice = name == "root.json" || unversioned(name).is_some();
            if twice || (name.starts_with("targets/") && !targets.contains(name)) {
                continue;
            }
            let text = String::from_utf8(bytes.clone()).map_err(|_| TufError::Refused {
                cause: format!("`{}` is not text", crate::surface::visible(name)),
            })?;
            files.insert(name.clone(), text);
        }
        Ok(Cache { files })
    }
}

impl MetadataStore for Files {
    fn load(&self, name: &str) -> sigstore_tuf::Result<Option<Vec<u8>>> {
        Ok(self.lock().get(name).cloned())
    }

    fn store(&self, name: &str, bytes: &[u8]) -> sigstore_tuf::Result<()> {
        self.lock().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// Offline the store is the repository. Versioned names lead to what is kept without the version:
/// which version it is, its signature says.
impl Repository for Files {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        let found = match unversioned(name) {
            Some("root.json") => self.lock().get(&format!("root_history/{name}")).cloned(),
            Some(role) => self.lock().get(role).cloned(),
            None => self.lock().get(name).cloned(),
        };
        bounded(found, name, max_length)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        let found = self.lock().get(&format!("targets/{path}")).cloned();
        bounded(found, path, max_length)
    }
}

fn bounded<'a>(found: Option<Vec<u8>>, name: &str, max_length: u64) -> FetchFuture<'a> {
    let result = match found {
        Some(bytes) if bytes.len() as u64 > max_length => Err(sigstore_tuf::Error::transport(format!("stored {name} is too long"))),
        found => Ok(found),
    };
    Box::pin(std::future::ready(result))
}

/// `7.snapshot.json` is `snapshot.json`.
fn unversioned(name: &str) -> Option<&str> {
    let (version, rest) = name.split_once('.')?;
    let digits = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    // `7.json` is the role `7`, of no version.
    rest.strip_suffix(".json").filter(|_| digits)?;
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_names() {
        assert_eq!(unversioned("7.snapshot.json"), Some("snapshot.json"));
        assert_eq!(unversioned("12.registry.example.json"), Some("registry.example.json"));
        for name in ["snapshot.json", "registry.example.json", "root_history/3.root.json", "7.json"] {
            assert_eq!(unversioned(name), None, "{name}");
        }
    }

    #[test]
    fn another_file_is_no_stored_set() {
        for bad in [
            &b""[..],
            b"{}",
            b"[]",
            br#"{"format":2,"url":"x","refreshed":"2026-01-01T00:00:00Z","files":{}}"#,
            br#"{"format":1,"url":"x","refreshed":"2026-01-01T00:00:00Z","files":{},"more":1}"#,
            br#"{"format":1,"url":"x","refreshed":"soon","files":{}}"#,
        ] {
            assert!(Stored::read(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
        let stored = Stored::new("https://tuf.example".into(), Timestamp::UNIX_EPOCH, Cache::default());
        assert_eq!(Stored::read(&stored.write().unwrap()).unwrap(), stored);
    }
}

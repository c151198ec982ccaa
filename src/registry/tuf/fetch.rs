//! The repository as the TUF client sees it, over our own network.

use std::sync::{Arc, Mutex, PoisonError};

use sigstore_tuf::Repository;
use sigstore_tuf::transport::FetchFuture;

use crate::net::{NetError, Network};

/// A repository at an address. Metadata stands at its root, targets below `targets/`.
pub(super) struct Online {
    network: Network,
    base: String,
    failure: Failure,
}

/// Why the last request failed: the client's own error has lost what kind it was.
#[derive(Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<NetError>>>);

impl Failure {
    pub(super) fn take(&self) -> Option<NetError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: NetError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl Online {
    pub(super) fn new(network: &Network, url: &str) -> Self {
        Self {
            network: network.clone(),
            base: url.trim_end_matches('/').to_owned(),
            failure: Failure::default(),
        }
    }

    pub(super) fn failure(&self) -> Failure {
        self.failure.clone()
    }

    fn get(&self, path: String, max_length: u64) -> FetchFuture<'_> {
        Box::pin(async move {
            let url = format!("{}/{path}", self.base);
            match self.network.get(&url, None, max_length).await {
                Ok(found) => Ok(found),
                // Object stores say "forbidden" of what is not there. It decides nothing that a
                // plain "not found" could not: the end of the root chain, or a missing file.
                Err(NetError::Status { status: 403, .. }) => Ok(None),
                Err(error) => {
                    let text = error.to_string();
                    self.failure.set(error);
                    Err(sigstore_tuf::Error::transport(text))
                }
            }
        })
    }
}

impl Repository for Online {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.get(name.to_owned(), max_length)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        self.get(format!("targets/{path}"), max_length)
    }
}

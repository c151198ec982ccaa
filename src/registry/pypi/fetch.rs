//! Wheels, by name, from the index that has the project.

use super::{Pypi, PypiError};
use crate::model::PackageName;
use crate::net::{Network, StreamError};

/// The largest wheel that is taken: some for machine learning come close.
const MAX_WHEEL: u64 = 2 << 30;

/// Why a file did not arrive: the index's side or the receiver of the bytes.
#[derive(Debug)]
pub enum FetchError<E> {
    /// The index or the network.
    Pypi(PypiError),
    /// The sink refused.
    Sink(E),
}

impl<E> From<PypiError> for FetchError<E> {
    fn from(error: PypiError) -> Self {
        Self::Pypi(error)
    }
}

impl Pypi {
    /// Streams a file of a project into `sink`, as sent, and returns its length. Unverified: the
    /// caller hashes what arrives and compares before anything else sees it.
    ///
    /// The address is the one that the index's page has for that very name; the index's credential
    /// goes along only to the index's own origin.
    ///
    /// # Errors
    /// [`PypiError::Gone`] where the index no longer has the file.
    pub async fn fetch<E>(
        &self,
        network: &Network,
        project: &PackageName,
        file: &str,
        sink: &mut (dyn FnMut(&[u8]) -> Result<(), E> + Send),
    ) -> Result<u64, FetchError<E>> {
        let gone = || PypiError::Gone {
            name: project.to_string(),
            file: file.to_owned(),
        };
        let page = self.project(network, project.as_str()).await?.ok_or_else(gone)?;
        let listed = page.file(file).ok_or_else(gone)?;
        let secret = self.indexes.get(listed.index).and_then(|index| index.credential(&listed.url));
        match network.stream(&listed.url, secret, MAX_WHEEL, sink).await {
            Ok(length) => Ok(length.ok_or_else(gone)?),
            Err(StreamError::Sink(error)) => Err(FetchError::Sink(error)),
            Err(StreamError::Net(cause)) => Err(FetchError::Pypi(PypiError::Fetch {
                file: file.to_owned(),
                cause,
            })),
        }
    }
}

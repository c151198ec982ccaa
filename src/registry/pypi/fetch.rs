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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::net::testing::network;
    use crate::registry::pypi::testing::{Served, Site, indexes};

    async fn fetch(pypi: &Pypi, project: &str, file: &str) -> Result<String, FetchError<()>> {
        let mut bytes = Vec::new();
        let mut sink = |chunk: &[u8]| {
            bytes.extend_from_slice(chunk);
            Ok(())
        };
        let length = pypi.fetch(&network(), &project.parse().unwrap(), file, &mut sink).await?;
        assert_eq!(length, bytes.len() as u64);
        Ok(String::from_utf8(bytes).unwrap())
    }

    fn said(found: Result<String, FetchError<()>>) -> String {
        match found {
            Err(FetchError::Pypi(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn by_name_with_one_look_at_the_page() {
        let site = Site::new();
        site.project("low", vec![Served::wheel("low", "1.0", &[]), Served::wheel("low", "2.0", &[])]);
        let pypi = site.pypi();
        for file in ["low-1.0-py3-none-any.whl", "low-2.0-py3-none-any.whl"] {
            assert_eq!(fetch(&pypi, "Low", file).await.unwrap(), file);
        }
        let pages = site.seen().iter().filter(|head| head.starts_with("GET /simple/")).count();
        assert_eq!(pages, 1);
    }

    #[tokio::test]
    async fn what_disappeared_is_named() {
        let site = Site::new();
        let gone = "the index no longer has `low-1.0-py3-none-any.whl` of `low`";
        let file = "low-1.0-py3-none-any.whl";
        // The project, the entry, the file.
        assert_eq!(said(fetch(&site.pypi(), "low", file).await), gone);
        site.project("low", vec![Served::wheel("low", "2.0", &[])]);
        assert_eq!(said(fetch(&site.pypi(), "low", file).await), gone);
        let elsewhere = Served::wheel("low", "1.0", &[]).with("url", json!("/nowhere.whl"));
        site.project("low", vec![elsewhere]);
        assert_eq!(said(fetch(&site.pypi(), "low", file).await), gone);
        // An error is not "gone".
        site.route("/nowhere.whl", 403, "text/plain", "");
        assert!(said(fetch(&site.pypi(), "low", file).await).starts_with("could not fetch `low-1.0-py3-none-any.whl`"));
        let refuses = site.project("low", vec![Served::wheel("low", "1.0", &[])]).pypi();
        let name = "low".parse().unwrap();
        let full = refuses.fetch(&network(), &name, file, &mut |_: &[u8]| Err("full")).await;
        assert!(matches!(full, Err(FetchError::Sink("full"))));
    }

    #[tokio::test]
    async fn the_password_goes_to_the_index_alone() {
        let login = "bWU6aHVudGVyMg==";
        let (site, files) = (Site::guarded(Some(login)), Site::new());
        let pypi = indexes(&[&site.address().replace("http://", "http://me:hunter2@")]);
        let other = format!("http://{}/there.whl", files.host());
        files.route("/there.whl", 200, "application/zip", "there");
        site.project(
            "low",
            vec![
                Served::wheel("low", "1.0", &[]),
                Served::wheel("low", "2.0", &[]).with("url", json!(other)),
            ],
        );
        assert!(fetch(&pypi, "low", "low-1.0-py3-none-any.whl").await.is_ok());
        assert_eq!(fetch(&pypi, "low", "low-2.0-py3-none-any.whl").await.unwrap(), "there");
        assert_eq!(files.seen().len(), 1);
        assert!(!files.seen()[0].to_lowercase().contains("authorization"), "{:?}", files.seen());
    }
}

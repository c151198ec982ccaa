//! Archives, from where npm's settings say they are.

use crate::model::PackageName;
use crate::net::Network;

use super::{FetchError, Npm, NpmError};

/// The largest archive that is taken.
pub(super) const MAX_ARCHIVE: u64 = 256 << 20;

impl Npm {
    /// Streams a package's archive into `sink`, as sent, and returns its length. Unverified: the
    /// caller hashes what arrives and compares before anything else sees it.
    ///
    /// `resolved` is the resolver's address, if there is one (a lock has none). It is used where it
    /// lies below the package's own registry. Otherwise the registry's usual address is tried, and
    /// after an explicit not-found the one the registry's document names; an address that neither
    /// gives is never asked.
    pub async fn fetch<E>(
        &self,
        network: &Network,
        name: &PackageName,
        version: &str,
        resolved: Option<&str>,
        sink: &mut (dyn FnMut(&[u8]) -> Result<(), E> + Send),
    ) -> Result<u64, FetchError<E>> {
        let gone = || NpmError::NoArchive {
            name: name.clone(),
            version: version.to_owned(),
        };
        if !version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte)) {
            return Err(gone().into());
        }
        let registry = self.settings.registry_of(name);
        let usual = usual_address(registry, name, version);
        let first = resolved.filter(|url| is_below(url, registry)).unwrap_or(&usual);
        if let Some(length) = self.stream(network, first, sink).await? {
            return Ok(length);
        }
        let document = self.packument(network, name).await?.version(version)?.ok_or_else(gone)?;
        let named = document.tarball.filter(|url| url != first).ok_or_else(gone)?;
        Ok(self.stream(network, &named, sink).await?.ok_or_else(gone)?)
    }

    async fn stream<E>(
        &self,
        network: &Network,
        url: &str,
        sink: &mut (dyn FnMut(&[u8]) -> Result<(), E> + Send),
    ) -> Result<Option<u64>, FetchError<E>> {
        Ok(network.stream(url, self.settings.credential(url), MAX_ARCHIVE, sink).await?)
    }
}

/// `REGISTRY/NAME/-/BASE-VERSION.tgz`, which every npm registry serves or redirects.
fn usual_address(registry: &str, name: &PackageName, version: &str) -> String {
    format!("{registry}{name}/-/{}-{version}.tgz", name.base())
}

/// Whether an address lies below the registry's: same scheme, host, port and path.
pub(super) fn is_below(url: &str, registry: &str) -> bool {
    match (reqwest::Url::parse(url), reqwest::Url::parse(registry)) {
        (Ok(url), Ok(registry)) => url.origin() == registry.origin() && url.path().starts_with(registry.path()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let usual = |name: &str| usual_address("http://h/npm/", &name.parse().unwrap(), "1.0.0");
        assert_eq!(usual("a"), "http://h/npm/a/-/a-1.0.0.tgz");
        assert_eq!(usual("@s/a"), "http://h/npm/@s/a/-/a-1.0.0.tgz");
        assert!(is_below("http://h/npm/a.tgz", "http://h/npm/"));
        for other in [
            "https://h/npm/a",
            "http://h:81/npm/a",
            "http://h/npmx",
            "http://h/npm/../a",
            "http://x@evil/npm/a",
            "git+ssh://h/npm/a",
            "x",
        ] {
            assert!(!is_below(other, "http://h/npm/"), "{other}");
        }
    }
}

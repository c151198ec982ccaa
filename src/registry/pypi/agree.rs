//! uv's answer held against the index's own pages.
//!
//! The attack: two readers of one index who are told, or understand, different things. uv computes
//! a digest itself where an index gives none: such a digest nobody vouches for. So each wheel must
//! stand on the page that we read, with that digest. (These pages are asked for anyway, when wheels
//! are fetched and their provenance is looked up; here they are only asked for earlier.)

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Claim, Project, Pypi, PypiError};
use crate::model::PackageName;
use crate::net::Network;

/// Pages asked for at once.
const AT_ONCE: usize = 8;

impl Pypi {
    /// Holds every claim against its project's page.
    pub(super) async fn agree(&self, network: &Network, claims: &BTreeMap<(PackageName, String), Claim>) -> Result<(), PypiError> {
        let checks = claims.values().map(|claim| async move {
            let page = self.project(network, claim.name.as_str()).await?;
            let page = page.ok_or_else(|| PypiError::UnknownPackage {
                name: claim.name.to_string(),
            })?;
            listed(claim, &page)
        });
        stream::iter(checks).buffer_unordered(AT_ONCE).try_collect::<()>().await
    }
}

fn listed(claim: &Claim, page: &Project) -> Result<(), PypiError> {
    for wheel in claim.files() {
        let file = page.file(&wheel.file).ok_or_else(|| PypiError::Gone {
            name: claim.name.to_string(),
            file: wheel.file.clone(),
        })?;
        let digest = file
            .sha256
            .as_ref()
            .ok_or_else(|| PypiError::NoDigest { file: wheel.file.clone() })?;
        if *digest != wheel.sha256 {
            return Err(PypiError::Disagree { file: wheel.file.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::network;
    use crate::registry::pypi::testing::{Served, Site};
    use crate::registry::pypi::{ClaimedWheel, Integrity};

    #[tokio::test]
    async fn every_wheel_stands_on_our_page_with_its_digest() {
        let site = Site::new();
        let name: PackageName = "low".parse().unwrap();
        let files = || vec![Served::wheel("low", "1.0", &[]), Served::wheel("low", "1.1", &[])];
        let check = async |file: &str, digest: Integrity| {
            let wheel = ClaimedWheel {
                file: file.to_owned(),
                sha256: digest,
                address: None,
                uploaded: None,
                size: None,
            };
            let claim = Claim {
                name: name.clone(),
                version: "1.0".into(),
                marker: None,
                wheels: vec![wheel],
                source: None,
            };
            let claims = BTreeMap::from([((name.clone(), "1.0".to_owned()), claim)]);
            site.pypi().agree(&network(), &claims).await.map_err(|error| error.to_string())
        };
        let of = |file: &str| Integrity::Sha256(*crate::model::Sha256Digest::of(file).as_bytes());
        let file = "low-1.0-py3-none-any.whl";
        assert_eq!(check(file, of(file)).await.unwrap_err(), "no index has a package `low`");
        site.project("low", files());
        assert_eq!(check(file, of(file)).await, Ok(()));
        assert_eq!(
            check(file, of("other")).await.unwrap_err(),
            format!("uv and the index's own page give different digests of `{file}`")
        );
        site.project("low", vec![Served::wheel("low", "1.0", &[]).with("hashes", serde_json::json!({}))]);
        assert_eq!(
            check(file, of(file)).await.unwrap_err(),
            format!("the index gives no sha256 of `{file}`")
        );
        let missing = "low-1.0-py2-none-any.whl";
        assert_eq!(
            check(missing, of(missing)).await.unwrap_err(),
            format!("the index no longer has `{missing}` of `low`")
        );
    }
}

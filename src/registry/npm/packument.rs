//! The registry's document about a package: versions, tags, dates. All of it claims.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::model::{PackageName, RegistrySignature};
use crate::net::Network;
use crate::verify::npm::{Manifest, install_scripts};

use super::{Npm, NpmError};

/// The largest documents of the public registry have some 60 MB.
const MAX_DOCUMENT: u64 = 96 << 20;

/// What is kept of a package's document. Version documents are parsed when asked for.
#[derive(Debug)]
pub struct Packument {
    name: PackageName,
    /// When each version was published. `None`: this registry gives no dates, and nothing can be
    /// said about age.
    pub times: Option<BTreeMap<String, Timestamp>>,
    /// Tags and the versions they name.
    pub tags: BTreeMap<String, String>,
    versions: BTreeMap<String, Box<RawValue>>,
}

/// The registry's word about one version.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionDocument {
    /// The metadata's manifest, which need not be the archive's.
    pub manifest: Manifest,
    /// Where the archive is.
    pub tarball: Option<String>,
    /// `dist.integrity`, as written.
    pub integrity: Option<String>,
    /// Install scripts the metadata admits.
    pub scripts: BTreeMap<String, String>,
    /// `dist.signatures`, as written: the registry's word, to be proved.
    pub signatures: Vec<RegistrySignature>,
    /// `dist.attestations` is there: the registry says that it has attestations.
    pub announces_attestations: bool,
    /// The publisher's warning, if the version is deprecated.
    pub deprecated: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    time: Option<Map<String, Value>>,
    #[serde(default, rename = "dist-tags")]
    tags: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    versions: Option<BTreeMap<String, Box<RawValue>>>,
}

impl Packument {
    pub(super) fn parse(name: &PackageName, bytes: &[u8]) -> Result<Self, NpmError> {
        let document = |cause: String| NpmError::Document { name: name.clone(), cause };
        let wire: Wire = serde_json::from_slice(bytes).map_err(|error| document(error.to_string()))?;
        if wire.name.as_deref().is_some_and(|found| found != name.as_str()) {
            return Err(document("it is about another package".to_owned()));
        }
        let times = wire.time.map(|times| {
            let dated = times
                .into_iter()
                .filter_map(|(version, time)| Some((version, time.as_str()?.parse().ok()?)));
            dated
                .filter(|(version, _)| version != "created" && version != "modified")
                .collect::<BTreeMap<_, _>>()
        });
        let tags = wire.tags.unwrap_or_default().into_iter();
        Ok(Self {
            name: name.clone(),
            times: times.filter(|times| !times.is_empty()),
            tags: tags
                .filter_map(|(tag, version)| Some((tag, version.as_str()?.to_owned())))
                .collect(),
            versions: wire.versions.unwrap_or_default(),
        })
    }

    /// Every version there is, in no meaningful order.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.versions.keys().map(String::as_str)
    }

    /// When a version was published; `None` where the registry does not say.
    pub fn time(&self, version: &str) -> Option<Timestamp> {
        self.times.as_ref()?.get(version).copied()
    }

    /// One version's document as it came.
    pub(super) fn raw(&self, version: &str) -> Option<&str> {
        self.versions.get(version).map(|raw| raw.get())
    }

    /// The error for a version's document.
    pub(super) fn malformed(&self, version: &str, cause: &str) -> NpmError {
        NpmError::Document {
            name: self.name.clone(),
            cause: format!("version {version}: {cause}"),
        }
    }

    /// The document of one version; `None` if there is no such version.
    pub fn version(&self, version: &str) -> Result<Option<VersionDocument>, NpmError> {
        let Some(raw) = self.raw(version) else { return Ok(None) };
        let document = |cause: String| self.malformed(version, &cause);
        let object: Map<String, Value> = serde_json::from_str(raw).map_err(|error| document(error.to_string()))?;
        let manifest = Manifest::from_object(&object).map_err(|error| document(error.to_string()))?;
        let dist = |key: &str| {
            object
                .get("dist")
                .and_then(|dist| dist.get(key))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let Some(release) = self.release(version)? else { return Ok(None) };
        Ok(Some(VersionDocument {
            scripts: install_scripts(&manifest, &crate::model::ArchiveContents::default()),
            tarball: dist("tarball"),
            integrity: dist("integrity"),
            announces_attestations: release.announces_attestations(),
            signatures: release.signatures,
            deprecated: object.get("deprecated").and_then(Value::as_str).map(str::to_owned),
            manifest,
        }))
    }
}

impl Npm {
    /// Fetches the registry's full document about a package: dates, tags, versions.
    pub async fn packument(&self, network: &Network, name: &PackageName) -> Result<Packument, NpmError> {
        let url = format!("{}{}", self.settings.registry_of(name), name.as_str().replace('/', "%2f"));
        let bytes = network.get(&url, self.settings.credential(&url), MAX_DOCUMENT).await?;
        let bytes = bytes.ok_or_else(|| NpmError::UnknownPackage { name: name.to_string() })?;
        Packument::parse(name, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Packument, NpmError> {
        Packument::parse(&"a".parse().unwrap(), text.as_bytes())
    }

    #[test]
    fn dates_tags_and_versions() {
        let found = parse(
            r#"{"name":"a","dist-tags":{"latest":"1.0.0"},"time":{"created":"2020-01-01T00:00:00Z","1.0.0":"2020-01-02T00:00:00.000Z","x":7},
            "versions":{"1.0.0":{"name":"a","version":"1.0.0","scripts":{"postinstall":"p","test":"t"},"deprecated":"old",
            "dist":{"tarball":"http://h/a.tgz","integrity":"sha512-x"}}}}"#,
        )
        .unwrap();
        assert_eq!(found.time("1.0.0"), Some("2020-01-02T00:00:00Z".parse().unwrap()));
        assert_eq!(
            (found.time("x"), found.time("created"), found.tags["latest"].as_str()),
            (None, None, "1.0.0")
        );
        let version = found.version("1.0.0").unwrap().unwrap();
        assert_eq!(version.tarball.as_deref(), Some("http://h/a.tgz"));
        assert_eq!(version.scripts, BTreeMap::from([("postinstall".into(), "p".into())]));
        assert_eq!(version.deprecated.as_deref(), Some("old"));
        assert!(found.version("2.0.0").unwrap().is_none());
    }

    #[test]
    fn no_dates_is_not_the_same_as_old() {
        assert!(parse("{}").unwrap().times.is_none());
        assert!(parse(r#"{"time":{"created":"2020-01-01T00:00:00Z"}}"#).unwrap().times.is_none());
    }

    #[test]
    fn another_packages_document_is_refused() {
        assert!(parse(r#"{"name":"b"}"#).is_err());
        assert!(parse("7").is_err());
    }
}

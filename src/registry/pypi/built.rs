//! Source distributions that are built on this machine: which one is meant, and how their wheels
//! take part in a resolution.
//!
//! The attack: an index that adds a wheel or another source later. What was built stays bound to the
//! file and the digest that it was built of.

use jiff::Timestamp;
use pep440_rs::{Operator, Version, VersionSpecifiers};

use super::tool::Folder;
use super::{ClaimedWheel, IndexFile, Pypi, PypiError};
use crate::model::python::is_source_distribution;
use crate::model::{Integrity, PackageName};
use crate::net::Network;

/// A source distribution of an index's page. All of it claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The project, normalised.
    pub name: PackageName,
    /// Its version, in the normal form of PEP 440.
    pub version: String,
    /// Its file.
    pub file: ClaimedWheel,
    /// The Pythons that the page says it is for.
    pub requires_python: Option<String>,
}

/// Which version of a project's source is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought<'a> {
    /// The newest that these specifiers accept; `None`: the newest.
    Requirement(Option<&'a str>),
    /// Exactly this one.
    Version(&'a str),
}

/// A wheel that was built here, in the place of the source that its index has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The project, normalised.
    pub name: PackageName,
    /// Its version, in the normal form of PEP 440.
    pub version: String,
    /// The source distribution.
    pub source: ClaimedWheel,
    /// The wheel's file name.
    pub file: String,
    /// The wheel's digest.
    pub sha256: Integrity,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Built {
    pub(super) fn wheel(&self) -> ClaimedWheel {
        ClaimedWheel {
            file: self.file.clone(),
            sha256: self.sha256.clone(),
            address: None,
            uploaded: self.source.uploaded,
            size: Some(self.bytes.len() as u64),
        }
    }

    /// Whether it was built of this file.
    pub(super) fn is_of(&self, name: &str, version: &Version, file: &IndexFile) -> bool {
        let same = self.name.as_str() == name && self.version == version.to_string();
        same && self.source.file == file.name && file.sha256.as_ref() == Some(&self.source.sha256)
    }
}

/// Puts wheels where uv is told to look for some. Their names are made to fit every platform: the
/// closure is the same everywhere, and each machine builds a wheel of its own.
pub(super) fn lay_out(folder: &Folder, built: &[Built]) -> Result<(), PypiError> {
    if built.is_empty() {
        return Ok(());
    }
    let failed = |error: std::io::Error| PypiError::Run { cause: error.to_string() };
    std::fs::create_dir(folder.wheels()).map_err(failed)?;
    for one in built {
        let file = format!("{}-{}-py3-none-any.whl", one.name.as_str().replace('-', "_"), one.version);
        std::fs::write(folder.wheels().join(file), &one.bytes).map_err(failed)?;
    }
    Ok(())
}

impl Pypi {
    /// The source distribution (`.tar.gz`) that would be built: of the newest final version that is
    /// wanted, was there before the date and was not taken back; of other versions only where there is
    /// nothing else or one is named exactly.
    ///
    /// # Errors
    /// [`PypiError::SourceOnly`] where none can be had.
    pub async fn source(
        &self,
        network: &Network,
        name: &PackageName,
        sought: Sought<'_>,
        before: Option<Timestamp>,
    ) -> Result<Source, PypiError> {
        let page = self.project(network, name.as_str()).await?;
        let page = page.ok_or_else(|| PypiError::UnknownPackage { name: name.to_string() })?;
        let none = || PypiError::SourceOnly {
            name: name.to_string(),
            version: None,
        };
        let (specifiers, exact) = match sought {
            Sought::Version(version) => (format!("=={version}"), true),
            Sought::Requirement(text) => (text.unwrap_or_default().to_owned(), false),
        };
        let specifiers: VersionSpecifiers = specifiers
            .parse()
            .map_err(|_| PypiError::Requirement { text: specifiers.clone() })?;
        let exact = exact
            || specifiers
                .iter()
                .any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual));
        let releases = page.releases();
        let mut found: Vec<(bool, &Version, &IndexFile)> = Vec::new();
        for (version, release) in releases.iter().filter(|(version, _)| specifiers.contains(version)) {
            let text = version.to_string();
            let fits = |file: &&&IndexFile| {
                let source = file.name.ends_with(".tar.gz") && is_source_distribution(&file.name, name, &text);
                source && file.is_before(before) && (exact || !file.yanked)
            };
            found.extend(release.others.iter().filter(fits).map(|file| (!version.any_prerelease(), version, *file)));
        }
        let (_, version, file) = found
            .into_iter()
            .max_by(|one, other| (one.0, one.1, &one.2.name).cmp(&(other.0, other.1, &other.2.name)))
            .ok_or_else(none)?;
        let sha256 = file.sha256.clone().ok_or_else(|| PypiError::NoDigest { file: file.name.clone() })?;
        Ok(Source {
            name: name.clone(),
            version: version.to_string(),
            requires_python: file.requires_python.clone(),
            file: ClaimedWheel {
                file: file.name.clone(),
                sha256,
                address: None,
                uploaded: file.upload_time,
                size: file.size,
            },
        })
    }
}

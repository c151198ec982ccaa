//! Source distributions that are built on this machine: which one is meant, and how their wheels
//! take part in a resolution.
//!
//! The attack: an index that adds a wheel or another source later. What was built stays bound to the
//! file and the digest that it was built of.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pep440_rs::{Operator, Version, VersionSpecifiers};

use super::tool::Folder;
use super::{Ask, ClaimedWheel, IndexFile, Pypi, PypiError, Uv};
use crate::model::python::is_source_distribution;
use crate::model::{Integrity, PackageName, Sha256Digest};
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

impl Source {
    /// A wheel that says nothing but whose it is: to ask a resolver which version it would take.
    fn stand_in(&self) -> Built {
        let (name, version) = (&self.name, &self.version);
        let folder = format!("{}-{version}.dist-info", name.as_str().replace('-', "_"));
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let wheel = "Wheel-Version: 1.0\nGenerator: mcp-pin\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let bytes = stored_zip(&[
            (format!("{folder}/METADATA"), metadata.as_bytes()),
            (format!("{folder}/WHEEL"), wheel.as_bytes()),
            (format!("{folder}/RECORD"), b""),
        ]);
        Built {
            name: name.clone(),
            version: version.clone(),
            source: self.file.clone(),
            file: format!("{}-{version}-py3-none-any.whl", name.as_str().replace('-', "_")),
            sha256: Integrity::Sha256(*Sha256Digest::of(&bytes).as_bytes()),
            bytes,
        }
    }
}

/// A zip archive of some small files, uncompressed.
fn stored_zip(files: &[(String, &[u8])]) -> Vec<u8> {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
    let short = |value: usize| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (path, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        // Version 2.0, no flags, stored, the first of January 1980.
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        head.extend(crc.sum().to_le_bytes());
        head.extend([number(content.len()), number(content.len())].concat());
        head.extend([short(path.len()), short(0)].concat());
        directory.extend([b"PK\x01\x02\x14\0".as_slice(), &head, &[0; 10], &number(out.len()), path.as_bytes()].concat());
        out.extend([b"PK\x03\x04".as_slice(), &head, path.as_bytes(), content].concat());
    }
    let ends = [short(0), short(0), short(files.len()), short(files.len())].concat();
    let sizes = [number(directory.len()), number(out.len())].concat();
    [out.as_slice(), &directory, b"PK\x05\x06", &ends, &sizes, &short(0)].concat()
}

impl Pypi {
    /// The source distributions (`.tar.gz`) of a project that were there before the date, of versions
    /// that the requirement accepts; the one that would be built last: the newest final version. Files
    /// that were taken back are left out unless a version is named exactly.
    ///
    /// # Errors
    /// [`PypiError::OnlyYounger`] or [`PypiError::SourceOnly`] where there are none.
    pub async fn sources(
        &self,
        network: &Network,
        name: &PackageName,
        requirement: Option<&str>,
        before: Option<Timestamp>,
    ) -> Result<Vec<Source>, PypiError> {
        let page = self.project(network, name.as_str()).await?;
        let page = page.ok_or_else(|| PypiError::UnknownPackage { name: name.to_string() })?;
        let text = requirement.unwrap_or_default();
        let specifiers: VersionSpecifiers = text.parse().map_err(|_| PypiError::Requirement { text: text.to_owned() })?;
        let exact = specifiers
            .iter()
            .any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual));
        let releases = page.releases();
        let mut found: Vec<(bool, &Version, &IndexFile)> = Vec::new();
        for (version, release) in releases.iter().filter(|(version, _)| specifiers.contains(version)) {
            let text = version.to_string();
            let fits = |file: &&&IndexFile| {
                let source = file.name.ends_with(".tar.gz") && is_source_distribution(&file.name, name, &text);
                source && (exact || !file.yanked)
            };
            let files = release.others.iter().filter(fits);
            found.extend(files.map(|file| (!version.any_prerelease(), version, *file)));
        }
        let any = !found.is_empty();
        found.retain(|(_, _, file)| file.is_before(before));
        found.sort_by_key(|(whole, version, file)| (*whole, *version, &file.name));
        found.dedup_by_key(|(_, version, _)| *version);
        match (found.is_empty(), before.filter(|_| any)) {
            (false, _) => found.into_iter().map(|(_, version, file)| source(name, version, file)).collect(),
            (true, Some(before)) => Err(PypiError::OnlyYounger {
                name: name.to_string(),
                requirement: text.to_owned(),
                before: before.to_string(),
            }),
            (true, None) => Err(PypiError::SourceOnly {
                name: name.to_string(),
                version: None,
            }),
        }
    }

    /// Which source distribution of a dependency a resolution would take, if it had a wheel: asked
    /// with wheels that say nothing but whose they are. `None`: that cannot be told. `others` are
    /// dependencies that may be built too.
    ///
    /// # Errors
    /// As [`Pypi::sources`].
    #[expect(clippy::too_many_arguments, reason = "a resolution, and what to ask of it")]
    pub async fn meant(
        &self,
        uv: &Uv,
        network: &Network,
        ask: &Ask,
        before: Option<Timestamp>,
        built: &[Built],
        name: &PackageName,
        others: &BTreeSet<PackageName>,
    ) -> Result<Option<Source>, PypiError> {
        let mut pretended = self.sources(network, name, None, before).await?;
        loop {
            let is_new = |source: &&Source| !built.iter().any(|one| (&one.name, &one.version) == (&source.name, &source.version));
            let mut all = built.to_vec();
            all.extend(pretended.iter().filter(is_new).map(Source::stand_in));
            let other = match self.resolve(uv, network, ask, before, &all).await {
                Ok(found) => {
                    let taken = |source: &&Source| {
                        source.name == *name && found.claims.contains_key(&(source.name.clone(), source.version.clone()))
                    };
                    return Ok(pretended.iter().filter(is_new).rfind(taken).cloned());
                }
                Err(PypiError::SourceOnly { name, .. }) => name.parse::<PackageName>().ok(),
                Err(_) => None,
            };
            let other = other.filter(|other| others.contains(other) && pretended.iter().all(|source| source.name != *other));
            let Some(other) = other else { return Ok(None) };
            pretended.extend(self.sources(network, &other, None, before).await?);
        }
    }
}

fn source(name: &PackageName, version: &Version, file: &IndexFile) -> Result<Source, PypiError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_a_zip_archive_that_names_the_package() {
        let source = Source {
            name: "demo-helper".parse().unwrap(),
            version: "1.5".into(),
            requires_python: None,
            file: ClaimedWheel {
                file: "demo_helper-1.5.tar.gz".into(),
                sha256: Integrity::Sha256([0; 32]),
                address: None,
                uploaded: None,
                size: None,
            },
        };
        let made = source.stand_in();
        let text = String::from_utf8_lossy(&made.bytes).into_owned();
        assert!(
            text.starts_with("PK")
                && text.contains("demo_helper-1.5.dist-info/METADATA")
                && text.contains("Name: demo-helper\nVersion: 1.5\n")
        );
        assert_eq!(made.file, "demo_helper-1.5-py3-none-any.whl");
    }
}

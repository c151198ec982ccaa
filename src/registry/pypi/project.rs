//! Everything that an index has of a project.
//!
//! The attacks: a page that lists one file twice with different digests; a newer release that is
//! passed over in silence because it cannot be installed without running its build.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;
use pep440_rs::Version;

use super::index::Index;
use super::page::{self, Listing};
use super::{IndexFile, MAX_PAGE, Pypi, PypiError, names, normalised, resolved};
use crate::net::Network;

/// The files of a project, as the first index that has it lists them. All of it claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name, normalised.
    pub name: String,
    /// Its wheels and source distributions, sorted by name.
    pub files: Vec<IndexFile>,
}

/// What a project has of one version.
#[derive(Debug, Default)]
pub(super) struct Release<'a> {
    pub(super) wheels: Vec<&'a IndexFile>,
    pub(super) others: Vec<&'a IndexFile>,
}

impl Project {
    /// A file by its exact name.
    pub fn file(&self, name: &str) -> Option<&IndexFile> {
        let at = self.files.binary_search_by(|file| file.name.as_str().cmp(name)).ok()?;
        self.files.get(at)
    }

    /// Whether the index says of any file when it was uploaded. Where it says so of none, a
    /// resolver that is given a cut-off date finds nothing.
    pub fn is_dated(&self) -> bool {
        self.files.iter().any(|file| file.upload_time.is_some())
    }

    /// Which of the indexes has it, for comparing; `None` where it lists no file.
    pub fn index(&self) -> Option<usize> {
        self.files.first().map(|file| file.index)
    }

    /// Final versions above `chosen` that were on the index before the cut-off, are not taken back,
    /// and have no wheel: the resolver passed them over without a word. Lowest first.
    pub fn passed_over(&self, chosen: &str, before: Option<Timestamp>) -> Vec<String> {
        let Ok(chosen) = chosen.parse::<Version>() else { return Vec::new() };
        let releases = self.releases().into_iter();
        let newer = releases.filter(|(version, release)| {
            let there = |file: &&&IndexFile| !file.yanked && file.is_before(before);
            *version > chosen && !version.any_prerelease() && release.wheels.is_empty() && release.others.iter().any(|file| there(&file))
        });
        newer.map(|(version, _)| version.to_string()).collect()
    }

    /// What there is of each version. Files whose names do not say that they are of this project
    /// and of one version are left out.
    pub(super) fn releases(&self) -> BTreeMap<Version, Release<'_>> {
        let mut releases: BTreeMap<Version, Release<'_>> = BTreeMap::new();
        for file in &self.files {
            let Some((project, version)) = names::file_parts(&file.name) else {
                continue;
            };
            let (true, Ok(version)) = (project == self.name, version.parse::<Version>()) else {
                continue;
            };
            let release = releases.entry(version).or_default();
            let kind = if names::is_wheel(&file.name) {
                &mut release.wheels
            } else {
                &mut release.others
            };
            kind.push(file);
        }
        releases
    }
}

impl IndexFile {
    /// Whether it was there at a date, as far as the index says.
    pub(super) fn is_before(&self, date: Option<Timestamp>) -> bool {
        match (self.upload_time, date) {
            (Some(uploaded), Some(date)) => uploaded < date,
            _ => true,
        }
    }
}

impl Pypi {
    /// Everything that the first index that has the project has of it. `None`: every index says
    /// explicitly that it has no such project.
    ///
    /// Pages are asked for once and then remembered.
    ///
    /// # Errors
    /// The name, the network, or a page that cannot be read without doubt.
    pub async fn project(&self, network: &Network, project: &str) -> Result<Option<Arc<Project>>, PypiError> {
        let name = normalised(project).ok_or_else(|| PypiError::Name { name: project.to_owned() })?;
        let known = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if known.is_some() {
            return Ok(known);
        }
        for (at, index) in self.indexes.iter().enumerate() {
            let address = index.page(&name);
            let document = network
                .document(&address, index.credential(&address), Some(page::ACCEPT), MAX_PAGE)
                .await
                .map_err(|cause| PypiError::Ask {
                    project: name.clone(),
                    cause,
                })?;
            let Some(document) = document else { continue };
            let wrong = |cause: String| PypiError::Page {
                project: name.clone(),
                cause,
            };
            let listed = page::read(document.kind.as_deref(), &document.body, &name).map_err(wrong)?;
            drop(document.body);
            let files = listed.into_values().map(|listing| file(index, at, &document.url, listing));
            let found = Arc::new(Project {
                files: files.collect::<Result<_, _>>().map_err(wrong)?,
                name: name.clone(),
            });
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            return Ok(Some(Arc::clone(pages.entry(name).or_insert(found))));
        }
        Ok(None)
    }
}

fn file(index: &Index, at: usize, page: &str, listing: Listing) -> Result<IndexFile, String> {
    let link = |text: &str| resolved(index, page, text).ok_or_else(|| format!("it links `{}` to where we do not follow", listing.file));
    Ok(IndexFile {
        url: link(&listing.link)?,
        provenance: listing.provenance.as_deref().map(link).transpose()?,
        sha256: listing.sha256,
        upload_time: listing.upload_time,
        yanked: listing.yanked,
        yanked_because: listing.yanked_because,
        requires_python: listing.requires_python,
        metadata: listing.metadata,
        size: listing.size,
        index: at,
        name: listing.file,
    })
}

/// The highest of some versions, highest first, final ones before others.
pub(super) fn newest<'a>(versions: impl Iterator<Item = &'a Version>) -> Vec<String> {
    let sorted: BTreeSet<(bool, &Version)> = versions.map(|version| (!version.any_prerelease(), version)).collect();
    sorted.iter().rev().take(8).map(|(_, version)| version.to_string()).collect()
}

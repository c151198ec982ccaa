//! Which version of a project is the newest, and when each came, from the index's page alone.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::project::Project;
use super::{PypiError, universe};

impl Project {
    /// The newest version that a request accepts and that has a wheel, as [`super::Pypi::resolve`]
    /// chooses it; `None`: there is none. An index without dates holds nothing back.
    ///
    /// # Errors
    /// The requirement cannot be read, or a wheel of the version has no digest.
    pub fn newest(&self, requirement: Option<&str>, before: Option<Timestamp>) -> Result<Option<String>, PypiError> {
        let before = before.filter(|_| self.is_dated());
        match universe::choose(self, requirement, before, &[]) {
            Ok(chosen) => Ok(Some(chosen.version.to_string())),
            Err(PypiError::NoVersion { .. } | PypiError::Yanked { .. } | PypiError::NoWheel { .. } | PypiError::OnlyYounger { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// When the first file of each version was uploaded, as far as the index says: wheels before
    /// other files, since those are what is installed.
    pub fn dates(&self) -> BTreeMap<String, Timestamp> {
        let releases = self.releases().into_iter();
        let dated = releases.filter_map(|(version, release)| {
            let first = |files: &[&super::IndexFile]| files.iter().filter_map(|file| file.upload_time).min();
            Some((version.to_string(), first(&release.wheels).or_else(|| first(&release.others))?))
        });
        dated.collect()
    }
}

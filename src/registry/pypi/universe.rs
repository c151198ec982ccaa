//! Which version is asked for, and for which Pythons its closure is resolved.
//!
//! Both are read from the index alone, so that two machines with different Pythons resolve the same
//! closure. The attack: a resolver that falls back to an older release without a word, because the
//! newest cannot be installed, was taken back, or is too young.

use std::str::FromStr as _;

use jiff::Timestamp;
use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use super::built::Built;
use super::project::{Project, Release, newest};
use super::{IndexFile, PypiError};

/// The oldest Python that a closure is resolved for, unless the package wants an older one.
const OLDEST: [u64; 2] = [3, 10];

/// The newest minor version that a lower bound is raised to.
const NEWEST_MINOR: u64 = 15;

/// The version that a request means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) version: Version,
    pub(super) universe: Universe,
}

/// Some Pythons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Universe {
    /// The lowest.
    pub(super) lowest: Version,
    /// What else must hold: upper bounds and exceptions.
    rest: Vec<VersionSpecifier>,
}

/// The newest version that the request accepts and that can be installed.
///
/// Versions that were taken back count only where the request names one exactly, pre-releases only
/// where it names one or there is nothing else, as with uv and pip.
///
/// Versions of which a wheel was `built` here have one.
pub(super) fn choose(
    project: &Project,
    requirement: Option<&str>,
    before: Option<Timestamp>,
    built: &[Built],
) -> Result<Chosen, PypiError> {
    let (name, wanted) = (project.name.clone(), requirement.unwrap_or_default().trim().to_owned());
    let specifiers = VersionSpecifiers::from_str(&wanted).map_err(|_| PypiError::Requirement { text: wanted.clone() })?;
    let releases = project.releases();
    let mut matching: Vec<(&Version, &Release<'_>)> = releases.iter().filter(|(version, _)| specifiers.contains(version)).collect();
    if matching.is_empty() {
        let available = newest(releases.keys());
        return Err(PypiError::NoVersion {
            name,
            requirement: wanted,
            available,
        });
    }
    let exact = specifiers
        .iter()
        .any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual));
    let files = |release: &Release<'_>| -> Vec<bool> { release.wheels.iter().chain(&release.others).map(|file| file.yanked).collect() };
    if !exact {
        matching.retain(|(_, release)| !files(release).iter().all(|yanked| *yanked));
    }
    if matching.is_empty() {
        return Err(PypiError::Yanked { name, requirement: wanted });
    }
    let named = specifiers.iter().any(VersionSpecifier::any_prerelease);
    let usable = |version: &Version, release: &Release<'_>| {
        let takable = |file: &&IndexFile| (exact || !file.yanked) && file.is_before(before);
        let source = |file: &&IndexFile| built.iter().any(|built| built.is_of(&name, version, file));
        release.wheels.iter().any(takable) || release.others.iter().any(|file| source(file) && takable(file))
    };
    let fits = |&&(version, release): &&(&Version, &Release<'_>)| usable(version, release) && (named || !version.any_prerelease());
    let found = matching.iter().rev().find(fits);
    let found = found.or_else(|| matching.iter().rev().find(|(version, release)| usable(version, release)));
    let Some((version, release)) = found else {
        let wheels = matching.iter().rev().find(|(_, release)| !release.wheels.is_empty());
        return Err(match (wheels, before) {
            (Some(_), Some(before)) => PypiError::OnlyYounger {
                name,
                requirement: wanted,
                before: before.to_string(),
            },
            _ => PypiError::NoWheel {
                version: newest(matching.iter().map(|(version, _)| *version))
                    .into_iter()
                    .next()
                    .unwrap_or_default(),
                name,
            },
        });
    };
    // uv would download such a wheel to compute one.
    if let Some(wheel) = release.wheels.iter().find(|wheel| wheel.sha256.is_none()) {
        return Err(PypiError::NoDigest { file: wheel.name.clone() });
    }
    Ok(Chosen {
        version: (*version).clone(),
        universe: Universe::of(
            release
                .wheels
                .iter()
                .chain(&release.others)
                .find_map(|file: &&IndexFile| file.requires_python.as_deref()),
        ),
    })
}

impl Universe {
    /// What a `Requires-Python` allows, from 3.10 on where it allows that. One that cannot be read
    /// does not narrow anything: the wheel's own METADATA decides later.
    fn of(requires: Option<&str>) -> Self {
        let specifiers = requires.and_then(read).unwrap_or_default();
        let lower = |one: &VersionSpecifier| match one.operator() {
            Operator::GreaterThanEqual | Operator::GreaterThan | Operator::TildeEqual | Operator::EqualStar | Operator::Equal => {
                Some(one.version().only_release())
            }
            _ => None,
        };
        let wanted = specifiers.iter().filter_map(lower).max();
        let oldest = Version::new(OLDEST);
        // Python 4 is not a bound worth writing into every entry of a lock.
        let four = Version::new([4]);
        let bounds = |one: &&VersionSpecifier| match one.operator() {
            Operator::GreaterThanEqual => false,
            Operator::LessThan | Operator::LessThanEqual => *one.version() < four,
            _ => true,
        };
        let rest: Vec<VersionSpecifier> = specifiers.iter().filter(bounds).cloned().collect();
        let universe = |lowest: Version| Self {
            lowest,
            rest: rest.clone(),
        };
        let raised = universe(wanted.clone().map_or(oldest.clone(), |wanted| wanted.max(oldest)));
        match wanted {
            Some(wanted) if !raised.has_any() => universe(wanted),
            _ => raised,
        }
    }

    /// What one minor version of Python 3 and newer ones need.
    pub(super) fn from(minor: u32) -> Self {
        Self {
            lowest: Version::new([3, u64::from(minor)]),
            rest: Vec::new(),
        }
    }

    /// Whether any Python is in it.
    pub(super) fn has_any(&self) -> bool {
        let minors = (6..60).flat_map(|minor| [0, 1, 50].map(|patch| Version::new([3, minor, patch])));
        let all = minors.chain([self.lowest.clone()]);
        all.filter(|version| *version >= self.lowest)
            .any(|version| self.rest.iter().all(|one| one.contains(&version)))
    }

    /// What must hold beside the lower bound, as written in a `Requires-Python`.
    pub(super) fn rest(&self) -> String {
        let rest: Vec<String> = self.rest.iter().map(ToString::to_string).collect();
        rest.join(",")
    }

    /// The same from the next minor version of Python on, for a closure that needs it.
    pub(super) fn raised(&self) -> Option<Self> {
        let minor = self.lowest.release().get(1).copied().unwrap_or_default() + 1;
        let raised = Self {
            lowest: Version::new([3, minor]),
            rest: self.rest.clone(),
        };
        (minor <= NEWEST_MINOR && raised.has_any()).then_some(raised)
    }

    /// As a marker of a requirement, without the lower bound.
    pub(super) fn marker(&self) -> Option<String> {
        let one = |specifier: &VersionSpecifier| {
            let text = specifier.to_string();
            let version = text.trim_start_matches(|c: char| "<>=!~".contains(c));
            let operator = &text[..text.len() - version.len()];
            format!("python_full_version {operator} '{}'", version.trim())
        };
        let parts: Vec<String> = self.rest.iter().map(one).collect();
        (!parts.is_empty()).then(|| parts.join(" and "))
    }

    /// As a `Requires-Python`.
    pub(super) fn requires_python(&self) -> String {
        let rest = self.rest.iter().map(|one| format!(",{one}"));
        format!(">={}{}", self.lowest, rest.collect::<String>())
    }
}

/// Reads a `Requires-Python`, also of the old form `>=3.6.*`.
fn read(text: &str) -> Option<VersionSpecifiers> {
    if let Ok(found) = VersionSpecifiers::from_str(text) {
        return Some(found);
    }
    let parts = text.split(',').map(|part| {
        let part = part.trim();
        let ordered = part.starts_with(['<', '>']);
        part.strip_suffix(".*").filter(|_| ordered).unwrap_or(part)
    });
    VersionSpecifiers::from_str(&parts.collect::<Vec<_>>().join(",")).ok()
}

#[cfg(test)]
#[path = "universe_tests.rs"]
mod tests;

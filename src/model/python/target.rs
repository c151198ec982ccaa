//! A machine to install Python packages on: which wheels it takes, and which markers hold.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};

use super::facts::{PythonFacts, PythonPlatform};
use super::marker::{Environment, Marker, MarkerError};
use super::tags::{Group, groups, platforms};
use super::wheel::WheelName;

/// Why an interpreter cannot be a target. The machine is at fault, or what asked it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// `PyPy` and the like have other wheels and other compiled files.
    #[error("the interpreter is {0}, and only CPython is supported")]
    Implementation(String),
    /// A version that is none, too old, or that contradicts itself.
    #[error("the interpreter's version `{0}` is not one of Python 3.8 or newer")]
    Version(String),
    /// Markers and requirements mean different things to different readers there.
    #[error("the interpreter is the pre-release {0}, and only releases are supported")]
    Prerelease(String),
    /// A debug build: another ABI.
    #[error("the interpreter is a debug build")]
    Debug,
    /// A system or processor no wheel tag is known for.
    #[error("no wheels are known for this system ({0})")]
    Platform(String),
    /// What the interpreter said of itself does not fit together.
    #[error("what the interpreter says of itself does not fit together: {0}")]
    Contradiction(&'static str),
}

impl TargetError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Implementation(_) | Self::Version(_) | Self::Prerelease(_) | Self::Debug => {
                Some("install a released CPython, for example with `uv python install`".to_owned())
            }
            Self::Platform(_) | Self::Contradiction(_) => None,
        }
    }
}

/// An interpreter of which everything is known that decides what is installed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonTarget {
    facts: PythonFacts,
    environment: Environment,
    groups: Vec<Group>,
    platforms: Vec<String>,
    positions: BTreeMap<String, usize>,
}

impl PythonTarget {
    /// Checks that the facts fit together. The attack: an interpreter (or its output) that names
    /// one system to the markers and another to the wheels.
    pub fn new(facts: PythonFacts) -> Result<Self, TargetError> {
        check(&facts)?;
        let machine = || TargetError::Platform(format!("{:?}", facts.platform));
        let platforms = platforms(&facts.platform, facts.pointer_size).ok_or_else(machine)?;
        let positions = platforms.iter().enumerate().map(|(at, tag)| (tag.clone(), at)).collect();
        Ok(Self {
            environment: environment(&facts)?,
            groups: groups(&facts),
            platforms,
            positions,
            facts,
        })
    }

    /// What the interpreter said of itself.
    pub fn facts(&self) -> &PythonFacts {
        &self.facts
    }

    /// Every tag, the most preferred first, as `python-abi-platform`.
    pub fn tags(&self) -> impl Iterator<Item = String> + '_ {
        let any = ["any".to_owned()];
        self.groups.iter().flat_map(move |group| {
            let platforms = if group.any { any.to_vec() } else { self.platforms.clone() };
            platforms
                .into_iter()
                .map(move |platform| format!("{}-{}-{platform}", group.python, group.abi))
        })
    }

    /// How much this machine prefers a wheel: the lower, the better. `None`: it does not take it.
    pub fn rank(&self, wheel: &WheelName) -> Option<usize> {
        let [python, abi, platform] = wheel.tags();
        self.groups.iter().enumerate().find_map(|(group_at, group)| {
            if !python.contains(&group.python) || !abi.contains(&group.abi) {
                return None;
            }
            let at = if group.any {
                platform.contains("any").then_some(0)
            } else {
                platform.iter().filter_map(|tag| self.positions.get(tag)).min().copied()
            };
            Some(group_at * (self.platforms.len() + 1) + at?)
        })
    }

    /// The wheel to install out of several of one version: the lowest rank, then the highest build
    /// tag, then the first name. The same for every order they are given in.
    pub fn best<'a>(&self, wheels: impl IntoIterator<Item = &'a WheelName>) -> Option<&'a WheelName> {
        wheels
            .into_iter()
            .filter_map(|wheel| Some((self.rank(wheel)?, wheel)))
            .min_by(|(rank, wheel), (other_rank, other)| {
                rank.cmp(other_rank)
                    .then_with(|| other.compare_build(wheel))
                    .then_with(|| wheel.file_name().cmp(other.file_name()))
            })
            .map(|(_, wheel)| wheel)
    }

    /// Whether a marker holds here, with these extras (normalised) asked for. What cannot be read,
    /// or has two meanings here, is an error: neither true nor false.
    pub fn holds(&self, marker: &str, extras: &BTreeSet<String>) -> Result<bool, MarkerError> {
        self.meets(&Marker::parse(marker)?, extras)
    }

    /// The same for a marker that was read before.
    pub fn meets(&self, marker: &Marker, extras: &BTreeSet<String>) -> Result<bool, MarkerError> {
        marker.holds(&self.environment, extras)
    }

    /// Whether every marker has the same answer on the other machine: they differ at most in the wheels
    /// they take.
    pub fn reads_like(&self, other: &Self) -> bool {
        self.environment == other.environment
    }

    /// For people: `Python 3.12.0 on linux x86_64`.
    pub fn label(&self) -> String {
        let Environment {
            sys_platform,
            platform_machine,
            ..
        } = &self.environment;
        format!("Python {} on {sys_platform} {platform_machine}", self.facts.full_version)
    }

    /// Whether these specifiers (`Requires-Python`) allow this interpreter.
    pub fn allowed_by(&self, requires_python: &VersionSpecifiers) -> bool {
        requires_python.contains(&self.environment.python_full_version)
    }

    /// The version of Python.
    pub fn version(&self) -> &Version {
        &self.environment.python_full_version
    }

    /// A text that differs wherever other wheels, markers or compiled files could apply: version,
    /// ABI, cache tag, magic number of compiled files, platform. For the identity of an install.
    pub fn identity(&self) -> String {
        let abi = self.groups.first().map_or("", |group| group.abi.as_str());
        let platform = self.platforms.first().map_or("", String::as_str);
        let facts = &self.facts;
        format!("{} {abi} {} {} {platform}", facts.full_version, facts.cache_tag, facts.magic)
    }

    /// The same machine with another version of Python, for checks that must hold for all.
    pub(super) fn with_version(&self, version: (u32, u32, u32)) -> Result<Self, TargetError> {
        let (major, minor, patch) = version;
        let mut facts = self.facts.clone();
        facts.version = version;
        facts.full_version = format!("{major}.{minor}.{patch}");
        facts.markers.implementation_version.clone_from(&facts.full_version);
        facts.cache_tag = format!("cpython-{major}{minor}");
        Self::new(facts)
    }
}

fn check(facts: &PythonFacts) -> Result<(), TargetError> {
    let markers = &facts.markers;
    if facts.implementation != "cpython" || markers.platform_python_implementation != "CPython" {
        return Err(TargetError::Implementation(facts.implementation.chars().take(40).collect()));
    }
    if facts.debug {
        return Err(TargetError::Debug);
    }
    let (sys_platform, os_name, system) = match facts.platform {
        PythonPlatform::Linux { .. } => ("linux", "posix", "Linux"),
        PythonPlatform::MacOs { .. } => ("darwin", "posix", "Darwin"),
        PythonPlatform::Windows { .. } => ("win32", "nt", "Windows"),
    };
    if [&markers.sys_platform, &markers.os_name, &markers.platform_system] != [sys_platform, os_name, system] {
        return Err(TargetError::Contradiction("its system has several names"));
    }
    if ![4, 8].contains(&facts.pointer_size) {
        return Err(TargetError::Contradiction("its pointers have an unknown size"));
    }
    let plain = |text: &str| {
        !text.is_empty() && text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    if !plain(&facts.cache_tag) || !plain(&facts.magic) {
        return Err(TargetError::Contradiction("its cache tag or magic number is not plain"));
    }
    Ok(())
}

fn environment(facts: &PythonFacts) -> Result<Environment, TargetError> {
    let refuse = || TargetError::Version(facts.full_version.chars().take(40).collect());
    // A build from version control ends with `+`, which PEP 440 does not know.
    let full = |text: &str| Version::from_str(text.strip_suffix('+').unwrap_or(text)).map_err(|_| refuse());
    let python_full_version = full(&facts.full_version)?;
    let (major, minor, patch) = facts.version;
    if python_full_version.release() != [u64::from(major), u64::from(minor), u64::from(patch)] || major != 3 || !(8..100).contains(&minor) {
        return Err(refuse());
    }
    if python_full_version.any_prerelease() {
        return Err(TargetError::Prerelease(facts.full_version.clone()));
    }
    let python_version_text = format!("{major}.{minor}");
    let markers = &facts.markers;
    Ok(Environment {
        python_version: full(&python_version_text)?,
        python_version_text,
        python_full_version,
        implementation_version: full(&markers.implementation_version)?,
        implementation_name: facts.implementation.clone(),
        os_name: markers.os_name.clone(),
        sys_platform: markers.sys_platform.clone(),
        platform_machine: markers.platform_machine.clone(),
        platform_python_implementation: markers.platform_python_implementation.clone(),
        platform_release: markers.platform_release.clone(),
        platform_system: markers.platform_system.clone(),
        platform_version: markers.platform_version.clone(),
    })
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;

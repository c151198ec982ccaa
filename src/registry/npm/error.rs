//! What can go wrong with npm and its registries.

use std::collections::BTreeMap;

use crate::model::{DigestError, PackageName};
use crate::net::{NetError, StreamError};
use crate::registry::program;

/// Why resolving or fetching failed. Text that came from npm has had credentials taken out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NpmError {
    /// The machine lacks a program.
    #[error("`{program}` is not on the PATH")]
    NotInstalled {
        /// `npm` or `node`.
        program: &'static str,
    },
    /// The machine's npm is too old to be steered safely.
    #[error("npm {found} is too old; {oldest} or newer is needed")]
    TooOld {
        /// Its version.
        found: String,
        /// The oldest major version that will do.
        oldest: u32,
    },
    /// npm could not be started, or its folder could not be made: this machine's fault.
    #[error("could not run npm: {cause}")]
    Run {
        /// What the system said.
        cause: String,
    },
    /// npm did not finish.
    #[error("npm did not finish within {seconds} seconds")]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// npm answered something we cannot read.
    #[error("npm's {what} cannot be read: {cause}")]
    Answer {
        /// Which answer.
        what: &'static str,
        /// Why.
        cause: String,
    },
    /// A file that npm's settings name cannot be read.
    #[error("npm's `{setting}` names a file that cannot be read: {cause}")]
    SettingFile {
        /// The setting.
        setting: &'static str,
        /// What the system said.
        cause: String,
    },
    /// The registry does not know the package: a typing error, or a private one.
    #[error("the registry has no package `{name}`")]
    UnknownPackage {
        /// As asked.
        name: String,
    },
    /// The package is there, the version is not.
    #[error("no version of `{name}` matches `{requirement}`")]
    NoVersion {
        /// The package, perhaps a dependency of the one asked for.
        name: String,
        /// What was wanted.
        requirement: String,
        /// The highest versions there are, highest first, shortened. Empty if the registry would not say.
        available: Vec<String>,
        /// Tags and what they name.
        tags: BTreeMap<String, String>,
    },
    /// Versions match, but all are younger than the date allows.
    #[error("every version of `{name}` that matches `{requirement}` is younger than {before}")]
    OnlyYounger {
        /// The package, perhaps a dependency of the one asked for.
        name: String,
        /// What was wanted.
        requirement: String,
        /// The date asked for.
        before: String,
    },
    /// npm could not reach the registry.
    #[error("npm could not reach the registry: {cause}")]
    Unreachable {
        /// What npm said.
        cause: String,
    },
    /// The registry wants credentials, or refuses the ones it got.
    #[error("the registry did not allow it: {cause}")]
    Denied {
        /// What npm said.
        cause: String,
    },
    /// npm itself found bytes that differ from their digest.
    #[error("npm found bytes that differ from their digest: {cause}")]
    Integrity {
        /// What npm said.
        cause: String,
    },
    /// Peer dependencies cannot be satisfied together.
    #[error("the package's dependencies contradict each other: {cause}")]
    Conflict {
        /// What npm said.
        cause: String,
    },
    /// A needed package does not run on this platform.
    #[error("the package does not run on this machine: {cause}")]
    Platform {
        /// What npm said.
        cause: String,
    },
    /// A git, URL, file or folder dependency somewhere in the closure.
    #[error("`{from}` needs `{name}` from `{requirement}`, which is not a registry")]
    NotRegistry {
        /// The package that needs it.
        from: String,
        /// The dependency.
        name: String,
        /// As written, without credentials.
        requirement: String,
    },
    /// npm itself refused a dependency from elsewhere.
    #[error("a dependency does not come from a registry: {cause}")]
    Elsewhere {
        /// What npm said.
        cause: String,
    },
    /// An entry of npm's answer that no registry package can have.
    #[error("`{path}` {what}")]
    Entry {
        /// Where it would stand.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// A package whose archive brings its own lockfile.
    #[error("`{name}` {version} brings an npm-shrinkwrap.json, which would choose its own dependencies")]
    Shrinkwrap {
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// A digest that is missing or can be forged.
    #[error("the registry gives no usable digest for `{name}` {version}: {cause}")]
    Digest {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// Why.
        cause: DigestError,
    },
    /// Anything else npm said.
    #[error("npm failed ({code}): {cause}")]
    Failed {
        /// npm's code.
        code: String,
        /// What npm said.
        cause: String,
    },
    /// The registry's document about a package is malformed.
    #[error("the registry's document about `{name}` cannot be read: {cause}")]
    Document {
        /// The package.
        name: PackageName,
        /// Why.
        cause: String,
    },
    /// The archive is gone, though the lock (or the registry) names it.
    #[error("the registry has no archive of `{name}` {version}")]
    NoArchive {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
    },
    /// The registry did not say whether it has attestations: its fault, the network's, or that of
    /// somebody who holds them back. Never "there are none".
    #[error("could not learn whether the registry has attestations of `{name}` {version}: {cause}")]
    Attestations {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// What went wrong.
        cause: NetError,
    },
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
}

impl NpmError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotInstalled { .. } => "install Node.js (it brings npm), for example with your system's package manager, and try again".into(),
            Self::TooOld { .. } => "update with `npm install --global npm`, or install a newer Node.js".into(),
            Self::Timeout { .. } | Self::Unreachable { .. } => {
                "check the connection and npm's settings: `npm config get registry`, `npm ping`".into()
            }
            Self::Denied { .. } => "log in with `npm login`, or check the token in your .npmrc".into(),
            Self::UnknownPackage { .. } => "check the spelling; for a private package, check npm's registry and login".into(),
            Self::NoVersion { available, tags, .. } => return versions_hint(available, tags),
            Self::OnlyYounger { .. } => "wait until the release is old enough, or name the exact version to be asked about it".into(),
            Self::Conflict { .. } => "choose another version of the server, or report this to its publisher".into(),
            Self::Digest { .. } | Self::Shrinkwrap { .. } | Self::NotRegistry { .. } | Self::Elsewhere { .. } => {
                "such a package cannot be pinned; ask its publisher, or pin a checked-out copy with `mcp-pin install --name NAME -- node FILE`".into()
            }
            Self::NoArchive { .. } => "it was unpublished, or your mirror does not have it: check npm's `registry`".into(),
            Self::Net(error) | Self::Attestations { cause: error, .. } => return error.hint(),
            _ => return None,
        })
    }
}

fn versions_hint(available: &[String], tags: &BTreeMap<String, String>) -> Option<String> {
    let tags: Vec<_> = tags.iter().map(|(tag, version)| format!("{tag} = {version}")).collect();
    match (available.is_empty(), tags.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("its tags: {}", tags.join(", "))),
        (false, true) => Some(format!("its highest versions: {}", available.join(", "))),
        (false, false) => Some(format!(
            "its highest versions: {}; its tags: {}",
            available.join(", "),
            tags.join(", ")
        )),
    }
}

/// Why an archive did not arrive: npm's side or the receiver of the bytes.
#[derive(Debug)]
pub enum FetchError<E> {
    /// The registry or the network.
    Npm(NpmError),
    /// The sink refused.
    Sink(E),
}

impl<E> From<StreamError<E>> for FetchError<E> {
    fn from(error: StreamError<E>) -> Self {
        match error {
            StreamError::Net(error) => Self::Npm(error.into()),
            StreamError::Sink(error) => Self::Sink(error),
        }
    }
}

impl<E> From<NpmError> for FetchError<E> {
    fn from(error: NpmError) -> Self {
        Self::Npm(error)
    }
}

/// Takes user names and passwords out of addresses, queries too, and control characters, from text
/// that npm printed or a package wrote. At most 400 characters are kept.
pub(super) fn redacted(text: &str) -> String {
    program::redacted(text, 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_credentials() {
        let text = "GET\n https://user:pa55@host:1/p?token=x#y - \u{1b}[31mfailed 'http://a@b'";
        assert_eq!(redacted(text), "GET https://host:1/p - [31mfailed 'http://b'");
        assert_eq!(redacted("git+ssh://git:pw@h/x"), "git+ssh://h/x");
    }
}

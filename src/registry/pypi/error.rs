//! What can go wrong with a Python package index.

use crate::net::NetError;

/// Why an index could not be asked, or its answer not be used. None of them is ever "there is
/// none"; no variant holds a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PypiError {
    /// Nothing is configured, and no tool on this machine names its default: the set-up is at fault.
    #[error("no Python package index is known: {cause}")]
    NoIndex {
        /// What was tried.
        cause: String,
    },
    /// The user's own settings forbid it.
    #[error("{tool}'s `no-index` setting forbids asking a package index")]
    Forbidden {
        /// `uv` or `pip`.
        tool: &'static str,
    },
    /// A settings file cannot be read or is malformed.
    #[error("the settings file `{path}` cannot be used: {cause}")]
    SettingFile {
        /// The file.
        path: String,
        /// What is wrong.
        cause: String,
    },
    /// The address of an index cannot be used. It is not repeated: it may hold a password.
    #[error("the index address in `{setting}` cannot be used: {cause}")]
    Setting {
        /// Where it stands.
        setting: String,
        /// What is wrong.
        cause: String,
    },
    /// The name cannot be a project's: whoever wrote it is at fault.
    #[error("`{name}` cannot be the name of a Python project")]
    Name {
        /// As asked.
        name: String,
    },
    /// The index answered something that is not a page about this project, or not one that can be
    /// read: its fault, or that of somebody between. Nothing is decided.
    #[error("the index's page about `{project}` cannot be used: {cause}")]
    Page {
        /// The project.
        project: String,
        /// What is wrong.
        cause: String,
    },
    /// The index did not say what it has of a project: the network, credentials, or the index.
    #[error("could not learn what the index has of `{project}`: {cause}")]
    Ask {
        /// The project.
        project: String,
        /// What went wrong.
        cause: NetError,
    },
    /// The provenance that the index announces did not arrive: never "there is none".
    #[error("could not fetch the provenance of `{file}`: {cause}")]
    Provenance {
        /// The file it is about.
        file: String,
        /// What went wrong.
        cause: NetError,
    },
    /// The machine has no uv.
    #[error("uv is not on the PATH: it is what finds out which packages a Python server needs")]
    NoUv,
    /// The machine's uv is too old to be steered safely.
    #[error("uv {found} is too old; {oldest} or newer is needed")]
    TooOld {
        /// Its version.
        found: String,
        /// The oldest that will do.
        oldest: String,
    },
    /// uv could not be started, or its folder could not be made: this machine's fault.
    #[error("could not run uv: {cause}")]
    Run {
        /// What the system said.
        cause: String,
    },
    /// uv did not finish.
    #[error("uv did not finish within {seconds} seconds")]
    Timeout {
        /// The limit.
        seconds: u64,
    },
    /// uv answered something we cannot read.
    #[error("uv's answer cannot be used: {cause}")]
    Answer {
        /// Why.
        cause: String,
    },
    /// The version wanted is not written as PEP 440 has it: whoever wrote it is at fault.
    #[error("`{text}` is not a Python version or range")]
    Requirement {
        /// As asked.
        text: String,
    },
    /// No index knows the package: a typing error, or a private one.
    #[error("no index has a package `{name}`")]
    UnknownPackage {
        /// The package, perhaps a dependency of the one asked for.
        name: String,
    },
    /// The package is there, the version is not.
    #[error("no version of `{name}` matches `{requirement}`")]
    NoVersion {
        /// The package.
        name: String,
        /// What was wanted.
        requirement: String,
        /// The highest versions there are, highest first, shortened.
        available: Vec<String>,
    },
    /// Every version that matches was taken back by its publisher.
    #[error("every version of `{name}`{} was taken back by its publisher", matching(.requirement))]
    Yanked {
        /// The package.
        name: String,
        /// What was wanted.
        requirement: String,
    },
    /// Versions match, but all are younger than the date allows.
    #[error("every version of `{name}`{} is younger than {before}", matching(.requirement))]
    OnlyYounger {
        /// The package, perhaps a dependency of the one asked for.
        name: String,
        /// What was wanted; empty where uv does not say.
        requirement: String,
        /// The date asked for.
        before: String,
    },
    /// The package itself has only source distributions, and building one runs its code.
    #[error("`{name}` {version} has no wheel, only source that would have to be built")]
    NoWheel {
        /// The package.
        name: String,
        /// The version that would have been taken.
        version: String,
    },
    /// No Python that servers are started with is one that the package is for.
    #[error("`{name}` {version} is for Python `{wanted}`, and servers are started with 3.10 or newer")]
    OldPython {
        /// The package.
        name: String,
        /// The version that would have been taken.
        version: String,
        /// The Pythons it is for.
        wanted: String,
    },
    /// A dependency has only source distributions, and building one runs its code.
    #[error("the dependency `{name}`{} has no wheel, only source that would have to be built", of_version(.version.as_deref()))]
    SourceOnly {
        /// The dependency.
        name: String,
        /// Its version; `None`: none has one.
        version: Option<String>,
    },
    /// The dependencies cannot be satisfied together.
    #[error("the package's dependencies contradict each other: {cause}")]
    Conflict {
        /// What uv said.
        cause: String,
    },
    /// A dependency from a repository, an address or a folder.
    #[error("the dependency `{name}` does not come from a package index")]
    NotIndexed {
        /// The dependency.
        name: String,
    },
    /// A wheel whose name says that it is of another package: the index or uv is at fault.
    #[error("`{file}` is listed as a wheel of `{name}` {version}, and its name says otherwise")]
    ForeignWheel {
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// The wheel.
        file: String,
    },
    /// An index that gives no SHA-256 of a wheel: nothing could be pinned.
    #[error("the index gives no sha256 of `{file}`")]
    NoDigest {
        /// The wheel.
        file: String,
    },
    /// uv and we were told different things about one file: the index, or somebody between, is at
    /// fault.
    #[error("uv and the index's own page give different digests of `{file}`")]
    Disagree {
        /// The wheel.
        file: String,
    },
    /// uv could not reach an index.
    #[error("uv could not reach an index: {cause}")]
    Unreachable {
        /// What uv said.
        cause: String,
    },
    /// An index wants credentials, or refuses the ones it got.
    #[error("an index did not allow it: {cause}")]
    Denied {
        /// What uv said.
        cause: String,
    },
    /// uv needs some Python to run beside it, and found none that works.
    #[error("uv found no Python: {cause}")]
    NoPython {
        /// What uv said.
        cause: String,
    },
    /// Anything else uv said.
    #[error("uv failed: {cause}")]
    Failed {
        /// What uv said.
        cause: String,
    },
    /// The file is gone, though the lock (or the index a moment ago) names it.
    #[error("the index no longer has `{file}` of `{name}`")]
    Gone {
        /// The package, perhaps a dependency.
        name: String,
        /// The file.
        file: String,
    },
    /// The file did not arrive: the network, credentials, or the index.
    #[error("could not fetch `{file}`: {cause}")]
    Fetch {
        /// The file.
        file: String,
        /// What went wrong.
        cause: NetError,
    },
}

fn matching(requirement: &str) -> String {
    if requirement.is_empty() {
        return String::new();
    }
    format!(" that matches `{requirement}`")
}

fn of_version(version: Option<&str>) -> String {
    version.map(|version| format!(" {version}")).unwrap_or_default()
}

impl PypiError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoIndex { .. } => "configure an index in uv (`[[index]]` in uv.toml, UV_DEFAULT_INDEX) or pip (`index-url` in pip.conf)",
            Self::Forbidden { .. } => "take `no-index` out of the settings, or name an index there",
            Self::Setting { .. } => "write it as `https://HOST/PATH`; passwords may stand in it or in .netrc",
            Self::Page { .. } => "check that the index configured in uv or pip is a package index (PEP 503 or PEP 691)",
            Self::Ask { cause, .. } | Self::Provenance { cause, .. } | Self::Fetch { cause, .. } => {
                return net_hint(cause).map(str::to_owned);
            }
            Self::NoUv => {
                "install uv with `pipx install uv`, `python3 -m pip install --user uv` or your distribution's package manager, and try again"
            }
            Self::TooOld { .. } => {
                "update it the way it was installed: `uv self update`, `pipx upgrade uv`, `python3 -m pip install --user --upgrade uv`"
            }
            Self::Timeout { .. } | Self::Unreachable { .. } => "check the connection and the index that uv or pip is configured with",
            Self::Requirement { .. } => "write it as in `==1.2`, `>=1,<2` or `~=1.4`",
            Self::UnknownPackage { .. } => "check the spelling; for a private package, check the indexes that uv or pip is configured with",
            Self::NoVersion { available, .. } => {
                return (!available.is_empty()).then(|| format!("its highest versions: {}", available.join(", ")));
            }
            Self::Yanked { .. } => "name one exactly (`==VERSION`) to have it all the same",
            Self::OnlyYounger { .. } => "wait until the release is old enough, or name the exact version to be asked about it",
            Self::NoWheel { .. } => "choose a version that has a wheel, or ask its publisher for one",
            Self::OldPython { .. } => "choose another version of the server",
            Self::SourceOnly { .. } => "choose another version of the server, or ask the dependency's publisher for a wheel",
            Self::Conflict { .. } => "choose another version of the server, or report this to its publisher",
            Self::NotIndexed { .. } | Self::NoDigest { .. } => {
                "such a package cannot be pinned; ask its publisher, or the index's operator"
            }
            Self::Denied { .. } => {
                "check the index's user and password: in its address, in .netrc, or in UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD"
            }
            Self::NoPython { .. } => "install Python 3 with your system's package manager, and try again",
            Self::Gone { .. } => "it was deleted, or your mirror does not have it: check the index that uv or pip is configured with",
            Self::SettingFile { .. }
            | Self::Name { .. }
            | Self::Run { .. }
            | Self::Answer { .. }
            | Self::ForeignWheel { .. }
            | Self::Disagree { .. }
            | Self::Failed { .. } => return None,
        };
        Some(text.to_owned())
    }
}

fn net_hint(error: &NetError) -> Option<&'static str> {
    Some(match error {
        NetError::Status { status: 401 | 403, .. } => {
            "check the index's user and password: in its address, in .netrc, or in UV_INDEX_NAME_USERNAME and UV_INDEX_NAME_PASSWORD"
        }
        NetError::Status { status: 429, .. } => "the index asks for fewer requests: wait a while and try again",
        NetError::Status { status: 500.., .. } => "the index has a fault of its own: try again later",
        NetError::Unreachable { .. } | NetError::Timeout { .. } | NetError::Interrupted { .. } => {
            "check the connection and the index that uv or pip is configured with"
        }
        NetError::Tls { .. } => "if the index has its own certificate authority, name its file in SSL_CERT_FILE",
        _ => return None,
    })
}

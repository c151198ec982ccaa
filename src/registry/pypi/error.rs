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
}

impl PypiError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoIndex { .. } => "configure an index in uv (`[[index]]` in uv.toml, UV_DEFAULT_INDEX) or pip (`index-url` in pip.conf)",
            Self::Forbidden { .. } => "take `no-index` out of the settings, or name an index there",
            Self::Setting { .. } => "write it as `https://HOST/PATH`; passwords may stand in it or in .netrc",
            Self::Page { .. } => "check that the index configured in uv or pip is a package index (PEP 503 or PEP 691)",
            Self::Ask { cause, .. } | Self::Provenance { cause, .. } => return net_hint(cause).map(str::to_owned),
            Self::SettingFile { .. } | Self::Name { .. } => return None,
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

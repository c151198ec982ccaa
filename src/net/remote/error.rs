//! Why a stranger's server was not asked, or did not answer.

use std::net::IpAddr;

use reqwest::Url;

use super::resolve::OutOfReach;
use super::tls::OtherKey;
use crate::model::Sha256Digest;
use crate::net::NetError;
use crate::net::address::AddressKind;
use crate::net::error::{chain, host_of, shown};

/// Why a request did not bring an answer. Addresses are shown without user, password, query and
/// fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The address, or what its name resolves to, is not public, and the user permitted no other:
    /// request forgery, DNS rebinding, or a server of the user's own that needs a permission.
    #[error("`{url}` is at {}a {} address, which a server from outside may not send us to", address.map(|address| format!("{address}, ")).unwrap_or_default(), kind.as_str())]
    Refused {
        /// The address.
        url: String,
        /// What its name resolved to.
        address: Option<IpAddr>,
        /// What kind that is.
        kind: AddressKind,
    },
    /// Anybody on the way could read the token and change the answer.
    #[error("`{url}` is not https: on the way to it, anybody can read the token and change the answer")]
    Insecure {
        /// The address.
        url: String,
    },
    /// A user or password in an address misleads readers and lands in logs.
    #[error("a user or a password stands in the address `{url}`")]
    UserInfo {
        /// The address without them.
        url: String,
    },
    /// Its certificate is in order, and its key is not the pinned one: the server renewed its key,
    /// or somebody with a certificate of his own stands between.
    #[error("`{host}` holds the TLS key {found}, which is not the pinned one")]
    Key {
        /// Host and port.
        host: String,
        /// SHA-256 of the key that was found.
        found: Sha256Digest,
    },
    /// What goes wrong with every host.
    #[error(transparent)]
    Net(#[from] NetError),
}

impl AskError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Refused { kind, .. } if kind.can_be_permitted() => {
                "if this server is one of your own, permit it in your own configuration: `private = true` in its entry"
            }
            Self::Insecure { .. } => "use its https address",
            Self::Key { .. } => "ask whoever runs the server whether its key was renewed before you pin the new one",
            Self::Net(NetError::Unreachable { .. } | NetError::Timeout { .. } | NetError::Interrupted { .. }) => {
                "check the connection and your proxy settings"
            }
            Self::Net(NetError::Tls { .. }) => "if the host has its own certificate authority, name its file in NODE_EXTRA_CA_CERTS",
            _ => return None,
        };
        Some(text.to_owned())
    }

    pub(super) fn refused(url: &Url, address: Option<IpAddr>, kind: AddressKind) -> Self {
        let url = shown(url);
        Self::Refused { url, address, kind }
    }

    /// Sorts a client error by whose fault it is.
    pub(super) fn of(error: &reqwest::Error, url: &Url) -> Self {
        for cause in chain(error) {
            if let Some(OutOfReach { address, kind }) = cause.downcast_ref::<OutOfReach>() {
                return Self::refused(url, Some(*address), *kind);
            }
            if let Some(rustls::Error::Other(other)) = cause.downcast_ref::<rustls::Error>()
                && let Some(OtherKey { found }) = other.0.downcast_ref::<OtherKey>()
            {
                return Self::Key {
                    host: host_of(url),
                    found: *found,
                };
            }
        }
        Self::Net(NetError::of(error, url))
    }
}

//! What can go wrong between this machine and a host.

use reqwest::Url;

/// Why a request did not bring what was asked for. No variant holds a credential: addresses are
/// shown without user, password, query and fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The address is not one we ask: the configuration or the registry's answer is at fault.
    #[error("`{url}` is not an http or https address")]
    Address {
        /// The address as far as it may be shown.
        url: String,
    },
    /// The host's name does not resolve, or nothing answers: network or configuration.
    #[error("could not reach `{host}`: {cause}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system said.
        cause: String,
    },
    /// The host accepted the request and then stayed silent, or sends too slowly.
    #[error("`{host}` did not answer in time")]
    Timeout {
        /// Host and port.
        host: String,
    },
    /// The host answered with a status that is neither success nor an explicit not-found.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// More bytes than allowed: a wrong file, a decompression bomb or an endless-data attack.
    #[error("`{url}` sends more than the {limit} bytes allowed")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit that was passed.
        limit: u64,
    },
    /// The connection broke before the announced end.
    #[error("`{url}` broke off before its end: {cause}")]
    Interrupted {
        /// The address.
        url: String,
        /// What the connection said.
        cause: String,
    },
    /// The host could not prove who it is: an interception, or a missing certificate authority.
    #[error("the TLS connection to `{host}` failed: {cause}")]
    Tls {
        /// Host and port.
        host: String,
        /// What the verifier said.
        cause: String,
    },
    /// Too many redirects, or one from https to http.
    #[error("`{url}` redirects to where we do not follow: {cause}")]
    Redirect {
        /// The address first asked.
        url: String,
        /// Which rule stopped it.
        cause: String,
    },
    /// The client itself could not be set up: a certificate file or a proxy address is wrong.
    #[error("the network settings cannot be used: {cause}")]
    Settings {
        /// Which one, and why.
        cause: String,
    },
}

impl NetError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Unreachable { .. } => "check the connection and npm's `registry`, `proxy` and `https-proxy` settings",
            Self::Timeout { .. } | Self::Interrupted { .. } => "try again; if it stays slow, look at npm's `registry` and `proxy` settings",
            Self::Tls { .. } => "if the host has its own certificate authority, name its file in npm's `cafile` or in NODE_EXTRA_CA_CERTS",
            Self::Status { status: 401 | 403, .. } => "log in with `npm login`, or check the token in your .npmrc",
            Self::Status { status: 429, .. } => "the host asks for fewer requests: wait a while and try again",
            Self::Status { status: 500.., .. } => "the host has a fault of its own: try again later",
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// Whether asking again could help.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } | Self::Interrupted { .. } => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// Sorts a client error by whose fault it is.
    pub(super) fn of(error: &reqwest::Error, url: &Url) -> Self {
        let host = host_of(url);
        let cause = root_cause(error);
        let tls = chain(error).any(|e| e.is::<rustls::Error>() || e.to_string().contains("invalid peer certificate"));
        if tls {
            Self::Tls { host, cause }
        } else if error.is_timeout() {
            Self::Timeout { host }
        } else if error.is_redirect() {
            Self::Redirect { url: shown(url), cause }
        } else if error.is_connect() {
            Self::Unreachable { host, cause }
        } else {
            Self::Interrupted { url: shown(url), cause }
        }
    }
}

/// Why a stream ended early: the network, or the receiver of its bytes.
#[derive(Debug)]
pub enum StreamError<E> {
    /// The host or the connection.
    Net(NetError),
    /// The sink refused, for example because the disk is full.
    Sink(E),
}

pub(super) fn chain<'a>(error: &'a (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    // Errors of rustls travel inside an `io::Error`, which hides them from `source`.
    std::iter::successors(Some(error), |e| {
        match e.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => e.source(),
        }
    })
}

fn root_cause(error: &reqwest::Error) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// `host:port`, for messages.
pub(super) fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "(no host)".to_owned(),
    }
}

/// The address without user, password, query and fragment: those may be credentials.
pub(super) fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), host_of(url), url.path())
}

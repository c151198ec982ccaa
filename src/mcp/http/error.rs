//! What can go wrong with a remote server. Nothing of what it says is repeated.

use crate::mcp::oauth::OAuthError;
use crate::model::Sha256Digest;
use crate::net::NetError;
use crate::net::remote::AskError;

/// Why a message has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It was not asked, or did not answer: network, address, certificate.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// There is no token for it: nobody logged in, or who hands them out is not who was approved.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// Another status than success, without an answer in the body.
    #[error("the server answers with status {0}")]
    Status(u16),
    /// It wants to know who asks.
    #[error("the server wants an authorization (status {0})")]
    Unauthorized(u16),
    /// The session that it gave is none any more. The client has to begin anew.
    #[error("the server has ended the session")]
    SessionEnded,
    /// An answer of a kind that holds no messages.
    #[error("the server's answer is neither JSON nor an event stream")]
    Kind,
    /// More than a bound allows.
    #[error("the server's answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The stream ended before the answer.
    #[error("the server ended its stream without an answer")]
    NoAnswer,
    /// The old transport's endpoint is of another origin: the token would go there.
    #[error("the server names an endpoint of another origin, which would get what is meant for it")]
    ForeignEndpoint,
    /// The old transport's stream names no endpoint.
    #[error("the server's stream names no endpoint to send to")]
    NoEndpoint,
    /// A value cannot be sent as a header.
    #[error("the value of the header `{0}` has characters that no header may have")]
    Header(String),
}

impl HttpError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Ask(error) => error.hint(),
            Self::OAuth(error) => error.hint(),
            Self::Unauthorized(_) => {
                Some("send a token in a header from a variable: `--header 'Authorization: Bearer ${TOKEN}'`, with TOKEN set; or log in with `mcp-pin login NAME`".into())
            }
            Self::Status(404 | 405) => Some("check the address; a server of the old transport needs `transport = \"sse\"`".into()),
            _ => None,
        }
    }

    /// The key that the host holds in place of the pinned one, where that is what is wrong.
    pub const fn other_key(&self) -> Option<Sha256Digest> {
        match self {
            Self::Ask(AskError::Key { found, .. })
            | Self::OAuth(OAuthError::Ask {
                source: AskError::Key { found, .. },
                ..
            }) => Some(*found),
            _ => None,
        }
    }

    /// Logging in may help.
    pub const fn wants_login(&self) -> bool {
        matches!(self, Self::Unauthorized(401) | Self::OAuth(OAuthError::LoginNeeded { .. }))
    }

    /// The same for a client, which may show it to a model: nothing in it is the server's word.
    pub const fn for_the_client(&self) -> &'static str {
        match self {
            Self::Ask(AskError::Refused { .. } | AskError::Insecure { .. } | AskError::UserInfo { .. }) => {
                "is at an address that is not permitted"
            }
            Self::Ask(AskError::Key { .. })
            | Self::OAuth(OAuthError::Ask {
                source: AskError::Key { .. },
                ..
            }) => "has another TLS key than the pinned one",
            Self::Ask(AskError::Net(NetError::Redirect { .. })) => "sends requests elsewhere, which is not followed",
            Self::Ask(_) | Self::NoAnswer => "cannot be reached, or did not answer",
            Self::Unauthorized(_) | Self::OAuth(_) => "wants an authorization that it was not given",
            Self::SessionEnded => "has ended the session; the client has to begin anew",
            Self::Status(_) | Self::Kind => "does not answer with a message",
            Self::TooLarge(_) => "sends more than is allowed",
            Self::ForeignEndpoint | Self::NoEndpoint => "names no endpoint of its own",
            Self::Header(_) => "cannot be sent a header as it stands in a variable",
        }
    }

    /// The server, and not the way to it, refuses what was asked: another era may be understood.
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Status(400..=499) | Self::SessionEnded | Self::Kind)
    }
}

//! Why there is no token: each case names the attack, or what the user does about it.

use std::collections::BTreeSet;

use crate::net::remote::AskError;

/// Why a login failed, or a token could not be had. Holds no secret; text of a server's is cut and
/// has no control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// Nobody logged in yet, or what was granted has ended. A browser is only opened by a command of
    /// the user's own.
    #[error("`{origin}` wants an authorization, and nobody is logged in there")]
    LoginNeeded {
        /// The server's origin.
        origin: String,
    },
    /// The server could not be asked.
    #[error("{what} could not be had: {source}")]
    Ask {
        /// Which document or answer.
        what: &'static str,
        /// Why.
        source: AskError,
    },
    /// A document that says nothing usable.
    #[error("{what} is not usable: {why}")]
    Document {
        /// Which document.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The server's metadata is about another resource: with it, a token for that one would be
    /// sent to this one.
    #[error("resource mismatch: the metadata is for `{found}`, not for `{asked}`")]
    Resource {
        /// The server's address.
        asked: String,
        /// What the metadata says.
        found: String,
    },
    /// The authorization server is none of those that were approved: it could collect the user's
    /// login.
    #[error("the server now names the authorization server `{found}`; approved: {}", list(approved))]
    IssuerNotPinned {
        /// What was found.
        found: String,
        /// What was approved.
        approved: BTreeSet<String>,
    },
    /// The authorization server's metadata speaks for another one.
    #[error("issuer mismatch: the metadata of `{asked}` says that it is `{found}`")]
    Issuer {
        /// Whose metadata was asked for.
        asked: String,
        /// Who it says it is.
        found: String,
    },
    /// Without PKCE, whoever sees the code has the token.
    #[error("PKCE downgrade: `{issuer}` does not offer the S256 challenge")]
    Pkce {
        /// The authorization server.
        issuer: String,
    },
    /// An address that could run a program or go to a stranger (CVE-2025-6514).
    #[error("the {what} `{url}` is refused: {why}")]
    Endpoint {
        /// Which address.
        what: &'static str,
        /// The address, cut.
        url: String,
        /// Why.
        why: String,
    },
    /// The token endpoint redirects: code and verifier would go elsewhere.
    #[error("redirect elsewhere: the token endpoint of `{issuer}` redirects, and a code is sent to no other address")]
    TokenRedirect {
        /// The authorization server.
        issuer: String,
    },
    /// The answer in the browser is not to our question: forged by another page.
    #[error("state mismatch: the answer in the browser is not to the question that was asked")]
    State,
    /// The answer comes from another authorization server than the one asked (RFC 9207).
    #[error("mix-up attack: `{expected}` was asked, {} answered", found.as_ref().map_or("and nobody signed what".to_owned(), |found| format!("and `{found}`")))]
    MixUp {
        /// Who was asked.
        expected: String,
        /// Who says to have answered; `None` where it says nothing though it promised to.
        found: Option<String>,
    },
    /// The user, or the authorization server, said no.
    #[error("`{issuer}` refused: {error}")]
    Denied {
        /// The authorization server.
        issuer: String,
        /// Its word for it (`access_denied`).
        error: String,
    },
    /// Nobody answered in the browser.
    #[error("nobody answered in the browser in time")]
    TimedOut,
    /// More rights than were approved: a token for them could do more than anybody agreed to.
    #[error("the server wants rights that nobody approved: {}", list(wanted))]
    ScopeGrew {
        /// The scopes that are new.
        wanted: BTreeSet<String>,
    },
    /// There is no way to introduce ourselves.
    #[error("`{issuer}` does not register clients by itself")]
    NoRegistration {
        /// The authorization server.
        issuer: String,
    },
    /// A token was about to be sent to another origin than its own.
    #[error("the token is for `{origin}` and is sent nowhere else, not to `{url}`")]
    Elsewhere {
        /// Where the token belongs.
        origin: String,
        /// Where it was to go: an origin.
        url: String,
    },
    /// The tokens on disk cannot be read or written.
    #[error("the stored login cannot be used: {0}")]
    Store(String),
    /// The machine: no port, no randomness, no program to open a browser with.
    #[error("{0}")]
    Machine(String),
}

impl OAuthError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::LoginNeeded { .. } => {
                "run `mcp-pin login NAME` in a terminal (where it is not locked yet: `mcp-pin install --no-probe` before, `mcp-pin update NAME` after); or send a token in a header from a variable: `--header 'Authorization: Bearer ${TOKEN}'`"
            }
            Self::ScopeGrew { .. } => {
                "run `mcp-pin verify NAME`, review what it wants with `mcp-pin approve NAME`, then `mcp-pin login NAME`"
            }
            Self::IssuerNotPinned { .. } => {
                "if the server's owner says that its login moved, run `mcp-pin verify NAME` and review the change with `mcp-pin approve NAME` before you log in"
            }
            Self::NoRegistration { .. } => "register a client there by hand and give its id: `mcp-pin login NAME --client-id ID`",
            Self::TimedOut => "run `mcp-pin login NAME` again and answer in the browser within five minutes",
            Self::Ask { source, .. } => return source.hint(),
            _ => return None,
        };
        Some(text.to_owned())
    }

    /// Whether somebody may be attacking, as opposed to a fault, a missing login or an answer of the
    /// user's. What is drift has a finding of its own; this decides between exit status 1 and 2.
    pub const fn is_finding(&self) -> bool {
        matches!(
            self,
            Self::Resource { .. }
                | Self::IssuerNotPinned { .. }
                | Self::Issuer { .. }
                | Self::Pkce { .. }
                | Self::Endpoint { .. }
                | Self::TokenRedirect { .. }
                | Self::State
                | Self::MixUp { .. }
                | Self::ScopeGrew { .. }
                | Self::Elsewhere { .. }
                | Self::Ask {
                    source: AskError::Key { .. },
                    ..
                }
        )
    }
}

fn list(words: &BTreeSet<String>) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Text of a stranger's for a message: cut, and printable ASCII only.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .take(200)
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .collect()
}

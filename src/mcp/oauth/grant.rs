//! What an authorization server granted, and to whom it may be shown.
//!
//! The attack: a token that reaches another origin, a log or a lock. A [`Grant`] is bound to the
//! server's origin, the issuer and the client's id; an [`AccessToken`] gives its secret only for an
//! address of its origin, and neither can be printed.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::error::OAuthError;
use crate::net::Secret;
use crate::net::remote::origin_of;

/// Keeps grants between runs: bytes that only this user may read. Blocking; called off the async
/// threads. A key names one server's address.
pub trait TokenStore: Send + Sync {
    /// What was saved last; `None` where there is nothing.
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, String>;
    /// Replaces it, whole or not at all.
    fn save(&self, key: &str, bytes: &[u8]) -> Result<(), String>;
    /// Forgets it. Nothing there is no error.
    fn forget(&self, key: &str) -> Result<(), String>;
    /// Holds all other processes off this key until the value is dropped: two that refresh at once
    /// would each spend the other's token.
    fn hold(&self, key: &str) -> Result<Box<dyn std::any::Any + Send>, String>;
}

/// A client's id that the user registered by hand.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Registered {
    /// The id.
    pub id: String,
    /// The secret, where the authorization server gave one. From the environment, never from a file
    /// of a project.
    pub secret: Option<String>,
    /// The port of the redirect address, where it was registered with one.
    pub port: Option<u16>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How the client shows who it is at the token endpoint (RFC 6749 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClientAuth {
    None,
    ClientSecretBasic,
    ClientSecretPost,
}

/// Who we are to one authorization server, and to no other.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClientIdentity {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    pub(super) auth: ClientAuth,
}

/// What was granted, as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) version: u32,
    /// The origin that the access token is sent to.
    pub(super) origin: String,
    /// The `resource` that it was asked for.
    pub(super) resource: String,
    pub(super) issuer: String,
    pub(super) client: ClientIdentity,
    /// Where refresh tokens go: as the issuer's metadata had it at the login.
    pub(super) token_endpoint: String,
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    /// When a new one is fetched; `None` where the server names no end.
    pub(super) until: Option<Timestamp>,
    pub(super) scopes: BTreeSet<String>,
}

pub(super) const GRANT_VERSION: u32 = 1;

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Grant {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, OAuthError> {
        let grant: Self = serde_json::from_slice(bytes).map_err(|_| OAuthError::Store("its file is damaged".into()))?;
        if grant.version != GRANT_VERSION {
            return Err(OAuthError::Store("its file is of another version of this program".into()));
        }
        Ok(grant)
    }

    pub(super) fn write(&self) -> Result<Vec<u8>, OAuthError> {
        serde_json::to_vec_pretty(self).map_err(|_| OAuthError::Store("it cannot be written as JSON".into()))
    }

    pub(super) fn token(&self) -> AccessToken {
        AccessToken {
            origin: self.origin.clone(),
            secret: Secret::bearer(&self.access),
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// A token, for one origin. Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    origin: String,
    secret: Secret,
}

impl AccessToken {
    /// The credential for a request to `url`.
    ///
    /// # Errors
    /// [`OAuthError::Elsewhere`]: `url` is not of the token's origin.
    pub fn for_url(&self, url: &Url) -> Result<&Secret, OAuthError> {
        let origin = origin_of(url);
        if origin == self.origin {
            return Ok(&self.secret);
        }
        Err(OAuthError::Elsewhere {
            origin: self.origin.clone(),
            url: origin,
        })
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("origin", &self.origin).finish_non_exhaustive()
    }
}

//! The OAuth client for remote MCP servers (the authorization chapters of 2025-06-18, 2025-11-25 and
//! 2026-07-28): finds who hands out a server's tokens, has the user log in there, keeps the token
//! fresh, and shows it to the server's origin alone.
//!
//! # The attacks, and what holds
//! - A server that names another authorization server one day: the set of issuers is part of the
//!   pin, and one that is not in it is refused before any browser opens.
//! - Metadata that speaks for another resource or another issuer: both must name what was asked for.
//! - Mix-up (RFC 9207): state first, then `iss`, and only then the code.
//! - A stolen code: PKCE with S256, or no login at all.
//! - An `authorization_endpoint` that reaches a shell (CVE-2025-6514): see [`Browser`]; only web addresses
//!   without a character that a shell reads, handed over as one argument or only printed.
//! - A token that is passed on: `resource` (RFC 8707) in every request, [`AccessToken::for_url`] for
//!   every use, no redirect ever followed with it.
//! - Rights that grow: more scopes than pinned are refused by name, at the login and later.
//!
//! # Why no crate
//! What is dangerous here (which metadata counts, whom an answer may come from, where a token may
//! go) is what general crates leave to the caller; what they do, build two forms and hash a verifier,
//! is a screen of code over what is in the tree. The MCP project's own client comes with 139 packages.
//!
//! # Limits
//! No client metadata documents (we have no address to publish one at): a registered id, or dynamic
//! registration. A server without RFC 9728 metadata is taken at its word of 2025-03-26: its own
//! origin is the issuer.

mod challenge;
mod discover;
mod error;
mod flow;
mod grant;
mod listener;
mod metadata;

#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use tokio::sync::Mutex;

pub use challenge::{Challenge, bearer};
pub use error::OAuthError;
pub use grant::{AccessToken, Registered, TokenStore};

use crate::model::Sha256Digest;
use crate::net::remote::{Ask, AskError, RemoteNetwork, origin_of};
use crate::net::{NetError, Secret};
use discover::Found;
use flow::{Granted, Question, TokenRequest};
use grant::{ClientAuth, ClientIdentity, GRANT_VERSION, Grant};
use listener::Listener;
use metadata::{IssuerMetadata, LONGEST_DOCUMENT, issuer_name};

/// How long the user may take in the browser.
const PATIENCE: Duration = Duration::from_mins(5);
/// Asks for a refresh token; no right on the server.
const OFFLINE: &str = "offline_access";

/// Shows the login's address to the user, or opens it. The address is an http or https one without
/// characters that a shell reads; it still belongs into an argument, never into a command line.
pub type Browser<'a> = dyn Fn(&Url) -> Result<(), String> + Send + Sync + 'a;

/// What was found out about who hands out a server's tokens: facts for the pin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovery {
    /// The authorization servers, in one spelling each.
    pub issuers: BTreeSet<String>,
    /// The server's RFC 9728 metadata names them. Otherwise its own origin is taken for one, as
    /// 2025-03-26 has it, and may be none.
    pub named: bool,
    /// The scopes that the server asks for.
    pub scopes: BTreeSet<String>,
    /// The resource that tokens are for.
    pub resource: String,
}

/// What was approved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IssuerPin {
    /// The authorization servers.
    pub issuers: BTreeSet<String>,
    /// The scopes. Empty: none is ever asked for by name, and what the authorization server grants
    /// without one is its own affair.
    pub scopes: BTreeSet<String>,
}

/// What to do after a server refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// There is another token: ask once more, and only once.
    Retry,
    /// There is none.
    Failed(OAuthError),
}

/// The OAuth client of one server.
pub struct Authorizer {
    net: RemoteNetwork,
    store: Arc<dyn TokenStore>,
    server: Url,
    pinned: Option<IssuerPin>,
    registered: Option<Registered>,
    now: fn() -> Timestamp,
    held: Mutex<Option<Grant>>,
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer")
            .field("origin", &origin_of(&self.server))
            .finish_non_exhaustive()
    }
}

impl Authorizer {
    /// For the server at `server`. Without `pinned` (a first install) every issuer is taken as
    /// found: whoever calls [`Authorizer::login`] then has shown it to the user before.
    pub fn new(net: RemoteNetwork, store: Arc<dyn TokenStore>, server: Url, pinned: Option<IssuerPin>, now: fn() -> Timestamp) -> Self {
        Self {
            net,
            store,
            server,
            pinned,
            registered: None,
            now,
            held: Mutex::new(None),
        }
    }

    /// With a client's id that the user registered by hand.
    #[must_use]
    pub fn registered(mut self, client: Option<Registered>) -> Self {
        self.registered = client;
        self
    }

    /// The `WWW-Authenticate` of a server that wants a login; `None` where it says nothing of the
    /// kind. Asks with a `ping`, which has no effect.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn challenge(&self) -> Result<Option<String>, OAuthError> {
        let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let mut ask = Ask::post(&self.server, "application/json", body.to_vec());
        ask.headers
            .insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let what = "the server's answer";
        let answer = self.net.ask(ask).await.map_err(|source| OAuthError::Ask { what, source })?;
        let said = (answer.status() == 401).then(|| challenge_of(answer.headers())).flatten();
        Ok(said)
    }

    /// What is stored: who granted it, and what. For the pin, after a first login. Without a
    /// `pinned` check beyond that of [`Authorizer::token`].
    ///
    /// # Errors
    /// What is stored cannot be read, or is of no pinned issuer.
    pub async fn granted(&self) -> Result<Option<Discovery>, OAuthError> {
        Ok(self.load().await?.map(|grant| Discovery {
            issuers: [grant.issuer].into(),
            named: false,
            scopes: grant.scopes.into_iter().filter(|scope| scope != OFFLINE).collect(),
            resource: grant.resource,
        }))
    }

    /// Finds out who hands out the server's tokens. Facts only: nothing is compared with the pin,
    /// nothing is opened. `challenge` is the `WWW-Authenticate` of a 401, where there was one.
    ///
    /// # Errors
    /// The metadata cannot be had, is not usable, or is for another resource.
    pub async fn discover(&self, challenge: Option<&str>) -> Result<Discovery, OAuthError> {
        let found = self.find(challenge).await?;
        Ok(Discovery {
            issuers: found.issuers.iter().map(issuer_name).collect(),
            named: found.named,
            scopes: found.scopes,
            resource: flow::resource_text(&found.resource),
        })
    }

    /// Has the user log in, and keeps the grant. What was found is what the pin may take over.
    ///
    /// # Errors
    /// Each [`OAuthError`] that names an attack comes before the browser opens or before the code is
    /// spent. Nothing that was stored before is lost on an error.
    pub async fn login(&self, challenge: Option<&str>, browser: &Browser<'_>) -> Result<Discovery, OAuthError> {
        let found = self.find(challenge).await?;
        self.check_pin(&found)?;
        let at = self.issuer(&found.issuers).await?;
        let mut scopes = found.scopes.clone();
        if !scopes.is_empty() && at.scopes.contains(OFFLINE) {
            scopes.insert(OFFLINE.to_owned());
        }
        let listener = Listener::open(self.registered.as_ref().and_then(|client| client.port)).await?;
        let client = self.client(&at, &listener.redirect(), &scopes).await?;
        let question = Question::new(&chance()?, listener.redirect());
        let address = question.address(&at, &client.id, &found.resource, &scopes);
        browser(&address).map_err(OAuthError::Machine)?;
        let code = listener.answer(PATIENCE, |query| question.answer(query, &at)).await?;
        let resource = flow::resource_text(&found.resource);
        let request = TokenRequest::code(&code, &question, &client, &resource);
        let granted = self.redeem(&at.token, &issuer_name(&at.issuer), request).await?;
        let all = granted.scopes.clone().unwrap_or_else(|| scopes.clone());
        self.check_granted(&all)?;
        let grant = Grant {
            version: GRANT_VERSION,
            origin: origin_of(&self.server),
            resource: resource.clone(),
            issuer: issuer_name(&at.issuer),
            client,
            token_endpoint: at.token.to_string(),
            access: granted.access,
            refresh: granted.refresh,
            until: granted.until,
            scopes: all.clone(),
        };
        let _held = self.hold().await?;
        self.save(&grant).await?;
        *self.held.lock().await = Some(grant);
        Ok(Discovery {
            issuers: found.issuers.iter().map(issuer_name).collect(),
            named: found.named,
            scopes: all.into_iter().filter(|scope| scope != OFFLINE).collect(),
            resource,
        })
    }

    /// A token that is not over, fetched anew where the last one is. Opens no browser.
    ///
    /// # Errors
    /// [`OAuthError::LoginNeeded`] where there is none; the pin's errors where the stored one is not
    /// of a pinned issuer any more.
    pub async fn token(&self) -> Result<AccessToken, OAuthError> {
        let mut held = self.held.lock().await;
        if held.is_none() {
            *held = self.load().await?;
        }
        let grant = held.as_ref().ok_or_else(|| self.login_needed())?;
        if !grant.is_over((self.now)()) {
            return Ok(grant.token());
        }
        let fresh = self.refresh(&grant.token()).await?;
        let token = fresh.token();
        *held = Some(fresh);
        Ok(token)
    }

    /// What to do after the server refused a request that was sent with `used`: once, by whoever
    /// sends requests.
    pub async fn refused(&self, status: u16, challenge: Option<&str>, used: Option<&AccessToken>) -> Next {
        let said = challenge.and_then(bearer).unwrap_or_default();
        let refused = |error: OAuthError| Next::Failed(error);
        if said.error.as_deref() == Some("insufficient_scope") {
            let held = self.held.lock().await;
            let granted = held.as_ref().map(|grant| grant.scopes.clone()).unwrap_or_default();
            let wanted: BTreeSet<_> = said.scopes.difference(&granted).cloned().collect();
            return refused(OAuthError::ScopeGrew { wanted });
        }
        if status != 401 {
            return refused(OAuthError::Denied {
                issuer: origin_of(&self.server),
                error: format!("status {status}"),
            });
        }
        let Some(used) = used else {
            return match self.token().await {
                Ok(_) => Next::Retry,
                Err(error) => refused(error),
            };
        };
        match self.refresh(used).await {
            Ok(fresh) => {
                *self.held.lock().await = Some(fresh);
                Next::Retry
            }
            Err(error) => refused(error),
        }
    }

    /// Forgets what was granted. The authorization server is not told.
    pub async fn logout(&self) -> Result<(), OAuthError> {
        let _held = self.hold().await?;
        *self.held.lock().await = None;
        self.blocking(|store, key| store.forget(&key)).await
    }

    /// Another token than `used`: one that another process fetched meanwhile, or a new one.
    async fn refresh(&self, used: &AccessToken) -> Result<Grant, OAuthError> {
        let _held = self.hold().await?;
        let mut grant = self.load().await?.ok_or_else(|| self.login_needed())?;
        if grant.token() != *used && !grant.is_over((self.now)()) {
            return Ok(grant);
        }
        let refresh = grant.refresh.clone().ok_or_else(|| self.login_needed())?;
        let request = TokenRequest::refresh(&refresh, &grant.client, &grant.resource);
        let endpoint = metadata::endpoint("token_endpoint", &grant.token_endpoint)?;
        let granted = match self.redeem(&endpoint, &grant.issuer, request).await {
            Err(OAuthError::Denied { error, .. }) if error == "invalid_grant" || error == "invalid_client" => {
                return Err(self.login_needed());
            }
            other => other?,
        };
        if let Some(scopes) = granted.scopes {
            let wanted: BTreeSet<_> = scopes.difference(&grant.scopes).cloned().collect();
            if !wanted.is_empty() && !grant.scopes.is_empty() {
                return Err(OAuthError::ScopeGrew { wanted });
            }
            self.check_granted(&scopes)?;
            grant.scopes = scopes;
        }
        grant.access = granted.access;
        grant.until = granted.until;
        // A server that rotates has already forgotten the old one.
        grant.refresh = granted.refresh.or(grant.refresh);
        self.save(&grant).await?;
        Ok(grant)
    }

    async fn redeem(&self, endpoint: &Url, issuer: &str, request: TokenRequest) -> Result<Granted, OAuthError> {
        let what = "the token";
        let basic = request.basic.map(|(user, password)| Secret::basic(&user, &password));
        let mut ask = Ask::post(endpoint, "application/x-www-form-urlencoded", request.form.into_bytes());
        ask.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        ask.auth = basic.as_ref();
        let answer = match self.net.ask(ask).await {
            Err(AskError::Net(NetError::Redirect { .. })) => {
                return Err(OAuthError::TokenRedirect { issuer: issuer.to_owned() });
            }
            other => other.map_err(|source| OAuthError::Ask { what, source })?,
        };
        let status = answer.status();
        let body = answer.body(LONGEST_DOCUMENT as u64).await;
        let body = body.map_err(|source| OAuthError::Ask { what, source })?;
        flow::read_token(status, &body, issuer, (self.now)())
    }

    /// Who we are to this issuer.
    async fn client(&self, at: &IssuerMetadata, redirect: &str, scopes: &BTreeSet<String>) -> Result<ClientIdentity, OAuthError> {
        if let Some(client) = &self.registered {
            return Ok(ClientIdentity {
                id: client.id.clone(),
                secret: client.secret.clone(),
                auth: if client.secret.is_some() {
                    ClientAuth::ClientSecretPost
                } else {
                    ClientAuth::None
                },
            });
        }
        let issuer = issuer_name(&at.issuer);
        let Some(place) = &at.registration else {
            return Err(OAuthError::NoRegistration { issuer });
        };
        let what = "the registration";
        let mut ask = Ask::post(place, "application/json", flow::registration(redirect, scopes));
        ask.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self.net.ask(ask).await.map_err(|source| OAuthError::Ask { what, source })?;
        let status = answer.status();
        let body = answer
            .body(LONGEST_DOCUMENT as u64)
            .await
            .map_err(|source| OAuthError::Ask { what, source })?;
        if !matches!(status, 200 | 201) {
            return Err(OAuthError::NoRegistration { issuer });
        }
        flow::read_registration(&body)
    }

    fn check_pin(&self, found: &Found) -> Result<(), OAuthError> {
        for issuer in found.issuers.iter().map(issuer_name) {
            self.check_issuer(&issuer)?;
        }
        self.check_scopes(&found.scopes)
    }

    fn check_issuer(&self, issuer: &str) -> Result<(), OAuthError> {
        match &self.pinned {
            Some(pin) if !pin.issuers.contains(issuer) => Err(OAuthError::IssuerNotPinned {
                found: error::shown(issuer),
                approved: pin.issuers.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn check_scopes(&self, scopes: &BTreeSet<String>) -> Result<(), OAuthError> {
        let Some(pin) = &self.pinned else { return Ok(()) };
        let new = |scope: &&String| *scope != OFFLINE && !pin.scopes.contains(*scope);
        let wanted: BTreeSet<_> = scopes.iter().filter(new).cloned().collect();
        if wanted.is_empty() {
            Ok(())
        } else {
            Err(OAuthError::ScopeGrew { wanted })
        }
    }

    fn check_granted(&self, scopes: &BTreeSet<String>) -> Result<(), OAuthError> {
        let by_name = self.pinned.as_ref().is_some_and(|pin| !pin.scopes.is_empty());
        if by_name { self.check_scopes(scopes) } else { Ok(()) }
    }

    fn login_needed(&self) -> OAuthError {
        OAuthError::LoginNeeded {
            origin: origin_of(&self.server),
        }
    }

    /// The stored grant, where it is one for this server, of a pinned issuer and for our client.
    async fn load(&self) -> Result<Option<Grant>, OAuthError> {
        let Some(bytes) = self.blocking(|store, key| store.load(&key)).await? else {
            return Ok(None);
        };
        let grant = Grant::read(&bytes)?;
        let ours = self.registered.as_ref().is_none_or(|client| client.id == grant.client.id);
        if grant.origin != origin_of(&self.server) || !ours {
            return Ok(None);
        }
        self.check_issuer(&grant.issuer)?;
        self.check_granted(&grant.scopes)?;
        Ok(Some(grant))
    }

    async fn save(&self, grant: &Grant) -> Result<(), OAuthError> {
        let bytes = grant.write()?;
        self.blocking(move |store, key| store.save(&key, &bytes)).await
    }

    async fn hold(&self) -> Result<Box<dyn Any + Send>, OAuthError> {
        self.blocking(|store, key| store.hold(&key)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TokenStore, String) -> Result<T, String> + Send + 'static,
    ) -> Result<T, OAuthError> {
        let (store, key) = (Arc::clone(&self.store), Sha256Digest::of(self.server.as_str()).to_string());
        let done = tokio::task::spawn_blocking(move || work(&*store, key)).await;
        done.map_err(|error| OAuthError::Store(error.to_string()))?
            .map_err(OAuthError::Store)
    }
}

/// The first `Bearer` challenge of an answer's headers, for [`Authorizer::refused`].
pub fn challenge_of(headers: &HeaderMap) -> Option<String> {
    let said = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    said.filter(|text| bearer(text).is_some()).map(str::to_owned).next()
}

/// 512 bits of chance, from the provider that makes the keys of TLS.
fn chance() -> Result<[u8; 64], OAuthError> {
    let mut bytes = [0; 64];
    let filled = rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| OAuthError::Machine("the system gave no randomness".into()))?;
    Ok(bytes)
}

//! The messages of the authorization code flow with PKCE: built and read here, sent elsewhere. Pure.
//!
//! Rests on OAuth 2.1, RFC 7636 (S256 alone), RFC 8707 (`resource`), RFC 9207 (`iss`), RFC 7591
//! (registration).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::challenge::scopes;
use super::error::{OAuthError, shown};
use super::grant::{ClientAuth, ClientIdentity};
use super::metadata::{IssuerMetadata, issuer, issuer_name, object, text, unusable};

const TOKEN: &str = "the token endpoint's answer";
const REGISTRATION: &str = "the registration's answer";
/// The longest token that is taken: it has to fit a header.
const LONGEST_TOKEN: usize = 12 * 1024;

/// One question in the browser: made once, answered once.
#[derive(Clone)]
pub(super) struct Question {
    /// The code that only we can redeem (RFC 7636): 256 bits of chance.
    pub(super) verifier: String,
    /// Ties the answer to the question: 256 bits of chance.
    pub(super) state: String,
    pub(super) redirect: String,
}

impl Question {
    pub(super) fn new(chance: &[u8; 64], redirect: String) -> Self {
        let (verifier, state) = chance.split_at(32);
        Self {
            verifier: URL_SAFE_NO_PAD.encode(verifier),
            state: URL_SAFE_NO_PAD.encode(state),
            redirect,
        }
    }

    /// The address for the browser.
    pub(super) fn address(&self, at: &IssuerMetadata, client: &str, resource: &Url, scopes: &BTreeSet<String>) -> Url {
        let mut url = at.authorization.clone();
        let scopes = joined(scopes);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()));
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("resource", &resource_text(resource));
        if !scopes.is_empty() {
            query.append_pair("scope", &scopes);
        }
        drop(query);
        url
    }

    /// Reads the query that the browser came back with. State first: what is not an answer to this
    /// question says nothing at all. Then who answered, and only then what.
    pub(super) fn answer(&self, query: &str, at: &IssuerMetadata) -> Result<String, OAuthError> {
        let pairs: Vec<(String, String)> = form(query);
        let one = |name: &str| {
            let mut found = pairs.iter().filter(|(known, _)| known == name);
            match (found.next(), found.next()) {
                (Some((_, value)), None) => Ok(Some(value.as_str())),
                (None, _) => Ok(None),
                _ => Err(OAuthError::State),
            }
        };
        if one("state")? != Some(self.state.as_str()) {
            return Err(OAuthError::State);
        }
        let expected = issuer_name(&at.issuer);
        match one("iss")? {
            Some(found) if issuer(found).is_ok_and(|found| found == at.issuer) => {}
            None if !at.names_itself => {}
            found => {
                return Err(OAuthError::MixUp {
                    expected,
                    found: found.map(shown),
                });
            }
        }
        if let Some(error) = one("error")? {
            return Err(OAuthError::Denied {
                issuer: expected,
                error: shown(error),
            });
        }
        match one("code")? {
            Some(code) if !code.is_empty() && code.len() <= LONGEST_TOKEN => Ok(code.to_owned()),
            _ => Err(unusable("the answer in the browser", "it has no code")),
        }
    }
}

/// The resource as the spec wants it: a lone slash is left out.
pub(super) fn resource_text(resource: &Url) -> String {
    match (resource.path(), resource.query()) {
        ("/", None) => resource.as_str().trim_end_matches('/').to_owned(),
        _ => resource.as_str().to_owned(),
    }
}

fn form(query: &str) -> Vec<(String, String)> {
    let Ok(mut url) = Url::parse("http://localhost/") else {
        return Vec::new();
    };
    url.set_query(Some(query));
    url.query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://localhost/") else {
        return String::new();
    };
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// A request to the token endpoint: the form, and user and password of its `Authorization` header.
pub(super) struct TokenRequest {
    pub(super) form: String,
    pub(super) basic: Option<(String, String)>,
}

impl TokenRequest {
    pub(super) fn code(code: &str, question: &Question, client: &ClientIdentity, resource: &str) -> Self {
        Self::new(
            client,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &question.redirect),
                ("code_verifier", &question.verifier),
                ("resource", resource),
            ],
        )
    }

    pub(super) fn refresh(token: &str, client: &ClientIdentity, resource: &str) -> Self {
        Self::new(
            client,
            &[("grant_type", "refresh_token"), ("refresh_token", token), ("resource", resource)],
        )
    }

    fn new(client: &ClientIdentity, pairs: &[(&str, &str)]) -> Self {
        let mut pairs = pairs.to_vec();
        let secret = client.secret.as_deref().unwrap_or_default();
        let basic = client.auth == ClientAuth::ClientSecretBasic;
        if !basic {
            pairs.push(("client_id", &client.id));
        }
        if client.auth == ClientAuth::ClientSecretPost {
            pairs.push(("client_secret", secret));
        }
        // RFC 6749 section 2.3.1: both are form-encoded first.
        let word = |text: &str| encoded(&[("", text)]).trim_start_matches('=').to_owned();
        Self {
            form: encoded(&pairs),
            basic: basic.then(|| (word(&client.id), word(secret))),
        }
    }
}

/// What the token endpoint granted.
pub(super) struct Granted {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) until: Option<Timestamp>,
    /// `None` where it says nothing: then it is what was asked for.
    pub(super) scopes: Option<BTreeSet<String>>,
}

/// Reads the answer of the token endpoint. A word of refusal comes out as [`OAuthError::Denied`].
pub(super) fn read_token(status: u16, body: &[u8], from: &str, now: Timestamp) -> Result<Granted, OAuthError> {
    let document = object(body, TOKEN);
    if status != 200 {
        let word = document.ok().and_then(|document| text(&document, "error").map(shown));
        return Err(OAuthError::Denied {
            issuer: from.to_owned(),
            error: word.unwrap_or_else(|| format!("status {status}")),
        });
    }
    let document = document?;
    if !text(&document, "token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(unusable(TOKEN, "the token is no bearer token"));
    }
    let access = token(&document, "access_token")?.ok_or_else(|| unusable(TOKEN, "it has no token"))?;
    let lasts = document.get("expires_in").and_then(seconds);
    // Fetched anew a little before its end.
    let until = lasts.and_then(|lasts| now.checked_add(SignedDuration::from_secs(lasts - (lasts / 10).min(30))).ok());
    Ok(Granted {
        access,
        refresh: token(&document, "refresh_token")?,
        until,
        scopes: text(&document, "scope").map(scopes),
    })
}

/// Some servers write the number as text.
fn seconds(value: &Value) -> Option<i64> {
    let lasts = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    (0..=400 * 24 * 3600).contains(&lasts).then_some(lasts)
}

fn token(document: &Map<String, Value>, member: &str) -> Result<Option<String>, OAuthError> {
    let Some(token) = text(document, member) else { return Ok(None) };
    let fits = !token.is_empty() && token.len() <= LONGEST_TOKEN && token.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        return Ok(Some(token.to_owned()));
    }
    Err(unusable(TOKEN, "a token has characters that no header may have, or is too long"))
}

/// What dynamic registration is asked for (RFC 7591).
pub(super) fn registration(redirect: &str, scopes: &BTreeSet<String>) -> Vec<u8> {
    let mut document = json!({
        "client_name": "mcp-pin",
        "application_type": "native",
        "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    if !scopes.is_empty() {
        document["scope"] = joined(scopes).into();
    }
    document.to_string().into_bytes()
}

/// Reads the answer of dynamic registration.
pub(super) fn read_registration(body: &[u8]) -> Result<ClientIdentity, OAuthError> {
    let document = object(body, REGISTRATION)?;
    let id = text(&document, "client_id").filter(|id| !id.is_empty() && id.len() <= 2048);
    let id = id.ok_or_else(|| unusable(REGISTRATION, "it has no client_id"))?.to_owned();
    let secret = text(&document, "client_secret")
        .filter(|secret| !secret.is_empty())
        .map(str::to_owned);
    let auth = match (text(&document, "token_endpoint_auth_method"), &secret) {
        (Some("client_secret_post"), Some(_)) => ClientAuth::ClientSecretPost,
        (Some("client_secret_basic") | None, Some(_)) => ClientAuth::ClientSecretBasic,
        (Some("none"), _) | (None, None) => ClientAuth::None,
        _ => return Err(unusable(REGISTRATION, "it wants a kind of client authentication that we lack")),
    };
    let secret = secret.filter(|_| auth != ClientAuth::None);
    Ok(ClientIdentity { id, secret, auth })
}

pub(super) fn joined(scopes: &BTreeSet<String>) -> String {
    scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

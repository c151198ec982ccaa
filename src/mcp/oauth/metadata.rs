//! The two documents of discovery (RFC 9728, RFC 8414 / OpenID Connect), checked. Pure.
//!
//! The attacks: metadata that speaks for another resource or another authorization server, so that
//! the user logs in at one and the token reaches the other; an `authorization_endpoint` that is no
//! web address and ends in a shell (CVE-2025-6514); PKCE left out, so that a seen code is enough.

use std::collections::BTreeSet;

use reqwest::Url;
use serde_json::{Map, Value};

use super::challenge::{MOST_SCOPES, is_scope};
use super::error::{OAuthError, shown};
use crate::surface::strict::{self, Limits};

const RESOURCE: &str = "the server's metadata";
const ISSUER: &str = "the authorization server's metadata";
/// The longest document that is read.
pub(super) const LONGEST_DOCUMENT: usize = 256 * 1024;
/// The most authorization servers that are taken.
const MOST_ISSUERS: usize = 10;

/// What a server says about who hands out its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourceMetadata {
    pub(super) resource: Url,
    /// In the document's order.
    pub(super) issuers: Vec<Url>,
    pub(super) scopes: BTreeSet<String>,
}

/// An authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IssuerMetadata {
    pub(super) issuer: Url,
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) registration: Option<Url>,
    /// It promises to sign its answers with its name (RFC 9207).
    pub(super) names_itself: bool,
    pub(super) scopes: BTreeSet<String>,
}

/// Where the metadata of a server may be, in the order in which it is asked.
pub(super) fn resource_places(server: &Url) -> Vec<Url> {
    let inserted = inserted(server, "oauth-protected-resource");
    let root = at_root(server, "oauth-protected-resource");
    if inserted == root { vec![root] } else { vec![inserted, root] }
}

/// Where the metadata of an authorization server may be.
pub(super) fn issuer_places(issuer: &Url) -> Vec<Url> {
    let (oauth, openid) = ("oauth-authorization-server", "openid-configuration");
    let mut places = vec![inserted(issuer, oauth), inserted(issuer, openid)];
    let path = issuer.path().trim_end_matches('/');
    if !path.is_empty() {
        let mut appended = bare(issuer);
        appended.set_path(&format!("{path}/.well-known/{openid}"));
        places.push(appended);
    }
    places
}

fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn at_root(url: &Url, name: &str) -> Url {
    let mut place = bare(url);
    place.set_path(&format!("/.well-known/{name}"));
    place
}

fn inserted(url: &Url, name: &str) -> Url {
    let mut place = bare(url);
    place.set_path(&format!("/.well-known/{name}{}", url.path().trim_end_matches('/')));
    place
}

/// Reads and checks RFC 9728 metadata. `resource` must be `server`'s origin, and its path a whole
/// part of `server`'s.
pub(super) fn read_resource(body: &[u8], server: &Url) -> Result<ResourceMetadata, OAuthError> {
    let document = object(body, RESOURCE)?;
    let resource = url(&document, "resource", RESOURCE)?;
    if resource.origin() != server.origin() || !is_within(server.path(), resource.path()) || resource.fragment().is_some() {
        return Err(OAuthError::Resource {
            asked: shown(server.as_str()),
            found: shown(resource.as_str()),
        });
    }
    let mut issuers = Vec::new();
    for text in texts(&document, "authorization_servers").into_iter().take(MOST_ISSUERS) {
        issuers.push(issuer(text)?);
    }
    if issuers.is_empty() {
        return Err(unusable(RESOURCE, "it names no authorization server"));
    }
    Ok(ResourceMetadata {
        resource,
        issuers,
        scopes: scope_list(&document),
    })
}

/// `/mcp/x` is within `/mcp` and `/`, `/mcpx` is not.
fn is_within(path: &str, whole: &str) -> bool {
    let whole = whole.trim_end_matches('/');
    path.strip_prefix(whole)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An issuer's identifier: a web address without query and fragment.
pub(super) fn issuer(text: &str) -> Result<Url, OAuthError> {
    let refused = |why: &str| endpoint_error("authorization server", text, why);
    let url = Url::parse(text).map_err(|_| refused("it is no address"))?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(refused("an issuer has no user, query or fragment"));
    }
    if !matches!(url.scheme(), "https" | "http") {
        return Err(refused("only web addresses are asked"));
    }
    Ok(url)
}

/// One spelling of an issuer: `https://h` and `https://h/` are one.
pub(super) fn issuer_name(issuer: &Url) -> String {
    let text = issuer.as_str();
    match issuer.path() {
        "/" => text.trim_end_matches('/').to_owned(),
        _ => text.to_owned(),
    }
}

/// Reads and checks the metadata of the authorization server `asked`.
pub(super) fn read_issuer(body: &[u8], asked: &Url) -> Result<IssuerMetadata, OAuthError> {
    let document = object(body, ISSUER)?;
    let named = text(&document, "issuer").ok_or_else(|| unusable(ISSUER, "it does not say whose it is"))?;
    let same = Url::parse(named).is_ok_and(|named| named == *asked);
    if !same {
        return Err(OAuthError::Issuer {
            asked: issuer_name(asked),
            found: shown(named),
        });
    }
    if !texts(&document, "code_challenge_methods_supported").contains(&"S256") {
        return Err(OAuthError::Pkce {
            issuer: issuer_name(asked),
        });
    }
    let kinds = texts(&document, "response_types_supported");
    if !kinds.is_empty() && !kinds.contains(&"code") {
        return Err(unusable(ISSUER, "it hands out no codes"));
    }
    let endpoint = |member: &'static str| text(&document, member).map(|text| endpoint(member, text)).transpose();
    let required = |member: &'static str| endpoint(member)?.ok_or_else(|| unusable(ISSUER, &format!("it has no {member}")));
    Ok(IssuerMetadata {
        issuer: asked.clone(),
        authorization: required("authorization_endpoint")?,
        token: required("token_endpoint")?,
        registration: endpoint("registration_endpoint")?,
        names_itself: document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)),
        scopes: scope_list(&document),
    })
}

/// An address that is asked or opened: the web, and no character that a shell, or a program that a
/// browser is opened with, could take for more than text. Whether its host may be asked is the
/// network's to say.
pub(super) fn endpoint(what: &'static str, text: &str) -> Result<Url, OAuthError> {
    let refused = |why: &str| endpoint_error(what, text, why);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?[]@!*+,=%&".contains(&b);
    if text.len() > 2048 {
        return Err(refused("it is longer than 2048 characters"));
    }
    let url = Url::parse(text).map_err(|_| refused("it is no address"))?;
    if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
        return Err(refused("only http and https addresses are opened"));
    }
    if !text.bytes().all(plain) || !url.as_str().bytes().all(plain) {
        return Err(refused("it has characters that a shell reads"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it has a user in it"));
    }
    Ok(url)
}

fn endpoint_error(what: &'static str, text: &str, why: &str) -> OAuthError {
    OAuthError::Endpoint {
        what,
        url: shown(text),
        why: why.to_owned(),
    }
}

pub(super) fn unusable(what: &'static str, why: &str) -> OAuthError {
    OAuthError::Document { what, why: why.to_owned() }
}

/// A JSON object that all readers read alike: a member given twice is refused.
pub(super) fn object(body: &[u8], what: &'static str) -> Result<Map<String, Value>, OAuthError> {
    match strict::parse(
        body,
        &Limits {
            bytes: LONGEST_DOCUMENT,
            depth: 32,
        },
    ) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(unusable(what, "it is not a JSON object")),
        Err(_) => Err(unusable(what, "it is not JSON that all readers read alike")),
    }
}

pub(super) fn text<'a>(document: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    document.get(member)?.as_str()
}

fn texts<'a>(document: &'a Map<String, Value>, member: &str) -> Vec<&'a str> {
    let items = document.get(member).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn scope_list(document: &Map<String, Value>) -> BTreeSet<String> {
    let listed = texts(document, "scopes_supported").into_iter();
    listed.filter(|word| is_scope(word)).take(MOST_SCOPES).map(str::to_owned).collect()
}

fn url(document: &Map<String, Value>, member: &str, what: &'static str) -> Result<Url, OAuthError> {
    let text = text(document, member).ok_or_else(|| unusable(what, &format!("it has no `{member}`")))?;
    Url::parse(text).map_err(|_| unusable(what, &format!("its `{member}` is no address")))
}

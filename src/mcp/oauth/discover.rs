//! Discovery over the wire: which documents are asked for, in which order, and which answer counts.
//!
//! An explicit "not there" (a 4xx: servers that demand a login everywhere say 401) leads to the next
//! place; everything else is an error, since it decides whom the user logs in with.

use std::collections::BTreeSet;

use reqwest::Url;
use reqwest::header::ACCEPT;

use super::challenge::bearer;
use super::error::{OAuthError, shown};
use super::metadata::{IssuerMetadata, LONGEST_DOCUMENT, issuer_places, read_issuer, read_resource, resource_places, unusable};
use super::{Authorizer, error};
use crate::net::NetError;
use crate::net::remote::{Ask, AskError};

const RESOURCE: &str = "the server's metadata";
const ISSUER: &str = "the authorization server's metadata";

/// Who hands out a server's tokens.
pub(super) struct Found {
    pub(super) resource: Url,
    /// Never empty.
    pub(super) issuers: Vec<Url>,
    /// They stand in the server's metadata.
    pub(super) named: bool,
    /// What the challenge wants, else what the metadata lists.
    pub(super) scopes: BTreeSet<String>,
}

impl Authorizer {
    pub(super) async fn find(&self, challenge: Option<&str>) -> Result<Found, OAuthError> {
        let said = challenge.and_then(bearer).unwrap_or_default();
        let named = said.resource_metadata.as_deref().map(|text| {
            Url::parse(text).map_err(|_| OAuthError::Endpoint {
                what: "address of its metadata",
                url: error::shown(text),
                why: "it is no address".into(),
            })
        });
        let places = match named.transpose()? {
            Some(place) => vec![place],
            None => resource_places(&self.server),
        };
        let sure = said.resource_metadata.is_some();
        for place in places {
            let Some(body) = self.fetch(&place, RESOURCE).await? else {
                continue;
            };
            let found = read_resource(&body, &self.server)?;
            return Ok(Found {
                resource: found.resource,
                issuers: found.issuers,
                named: true,
                scopes: if said.scopes.is_empty() { found.scopes } else { said.scopes },
            });
        }
        if sure {
            return Err(unusable(RESOURCE, "the server names a place where it is not"));
        }
        let mut origin = self.server.clone();
        origin.set_path("/");
        origin.set_query(None);
        let mut resource = self.server.clone();
        resource.set_query(None);
        Ok(Found {
            resource,
            issuers: vec![origin],
            named: false,
            scopes: said.scopes,
        })
    }

    /// The metadata of the first issuer: the server's own preference.
    pub(super) async fn issuer(&self, issuers: &[Url]) -> Result<IssuerMetadata, OAuthError> {
        let Some(issuer) = issuers.first() else {
            return Err(unusable(RESOURCE, "it names no authorization server"));
        };
        for place in issuer_places(issuer) {
            let Some(body) = self.fetch(&place, ISSUER).await? else { continue };
            let found = read_issuer(&body, issuer)?;
            let named = [
                ("authorization_endpoint", Some(&found.authorization)),
                ("token_endpoint", Some(&found.token)),
                ("registration_endpoint", found.registration.as_ref()),
            ];
            for (what, url) in named {
                let Some(url) = url else { continue };
                self.net.check(url).map_err(|why| OAuthError::Endpoint {
                    what,
                    url: shown(url.as_str()),
                    why: why.to_string(),
                })?;
            }
            return Ok(found);
        }
        Err(unusable(ISSUER, "it has none"))
    }

    async fn fetch(&self, place: &Url, what: &'static str) -> Result<Option<Vec<u8>>, OAuthError> {
        let failed = |source: AskError| OAuthError::Ask { what, source };
        let answer = self
            .net
            .ask(Ask::get(place).header(ACCEPT, "application/json"))
            .await
            .map_err(failed)?;
        match answer.status() {
            200 => Ok(Some(answer.body(LONGEST_DOCUMENT as u64).await.map_err(failed)?)),
            400..=499 if answer.status() != 429 => Ok(None),
            status => Err(failed(AskError::Net(NetError::Status {
                url: shown(place.as_str()),
                status,
            }))),
        }
    }
}

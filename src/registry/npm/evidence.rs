//! What a registry says and holds about who made a version: signatures and attestations.
//!
//! The attacks: evidence that is stripped on the way reads like a package that never had any, and
//! a reply that is an error page reads like "none". So "none" is a document without the member, or
//! an explicit not-found, and nothing else: what is malformed, refused or late is an error. Nothing
//! here is proved; `verify::attest` does that.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::model::{PackageName, RegistrySignature};
use crate::net::Network;

use super::fetch::is_below;
use super::packument::Packument;
use super::{Npm, NpmError};

/// The largest attestation reply that is taken. Real ones have some 20 kB.
const MAX_REPLY: u64 = 8 << 20;

/// More signatures of one version than any registry has keys.
const MAX_SIGNATURES: usize = 64;

/// The registry's word about one version as far as dates and evidence go. Read without the rest of
/// the version's document, so that one download of a [`Packument`] serves both questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// When it was published; `None` where the registry does not say.
    pub published: Option<Timestamp>,
    /// `dist.signatures`, as written. Empty: the registry gives none.
    pub signatures: Vec<RegistrySignature>,
    /// The registry says that it has attestations of this version, and where, as far as it does.
    pub attestations: Option<Announced>,
}

impl Release {
    /// `dist.attestations` is there: the registry says that it has attestations.
    pub const fn announces_attestations(&self) -> bool {
        self.attestations.is_some()
    }
}

/// `dist.attestations`: the registry says that it has some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The address it names, which need not be its own.
    url: Option<String>,
}

impl Packument {
    /// Date, signatures and announced attestations of one version; `None` if there is no such
    /// version.
    ///
    /// # Errors
    /// What stands there is malformed: that is not "none".
    pub fn release(&self, version: &str) -> Result<Option<Release>, NpmError> {
        let Some(raw) = self.raw(version) else { return Ok(None) };
        let document = |cause: String| self.malformed(version, &cause);
        let object: Map<String, Value> = serde_json::from_str(raw).map_err(|error| document(error.to_string()))?;
        let none = Map::new();
        let dist = match object.get("dist") {
            None | Some(Value::Null) => &none,
            Some(Value::Object(dist)) => dist,
            Some(_) => return Err(document("`dist` is malformed".to_owned())),
        };
        let published = self.time(version);
        Ok(Some(Release {
            published,
            signatures: signatures(dist.get("signatures"), published).map_err(document)?,
            attestations: announced(dist.get("attestations")).map_err(document)?,
        }))
    }
}

/// Reads `dist.signatures`: `[{"keyid", "sig"}]`. One that cannot be read spoils all of them: the
/// attack is a signature damaged just enough to be passed over.
fn signatures(value: Option<&Value>, published: Option<Timestamp>) -> Result<Vec<RegistrySignature>, String> {
    let list = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= MAX_SIGNATURES => list,
        Some(_) => return Err("`dist.signatures` is malformed".to_owned()),
    };
    let read = |member: &Value| {
        let text = |key: &str| member.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(RegistrySignature {
            keyid: text("keyid")?,
            signature: text("sig")?,
            published,
        })
    };
    list.iter()
        .map(|member| read(member).ok_or_else(|| "a member of `dist.signatures` is malformed".to_owned()))
        .collect()
}

/// Reads `dist.attestations`: an object whose `url` says where they are.
fn announced(value: Option<&Value>) -> Result<Option<Announced>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(Announced {
            url: object.get("url").and_then(Value::as_str).map(str::to_owned),
        })),
        Some(_) => Err("`dist.attestations` is malformed".to_owned()),
    }
}

impl Npm {
    /// The registry's attestation reply about a version. `None` is an explicit not-found; every
    /// other failure is an error, and never "there are none".
    ///
    /// `announced` is what the package's document says. As npm does, its path is asked of the
    /// registry that npm is configured with, never of another host; where it does not lie below
    /// that registry's own path (a mirror passed on its origin's), the usual place is asked. `None`
    /// comes back only when every place asked says not-found.
    ///
    /// # Errors
    /// The network, or a status that is neither success nor 404.
    pub async fn attestations(
        &self,
        network: &Network,
        name: &PackageName,
        version: &str,
        announced: Option<&Announced>,
    ) -> Result<Option<Vec<u8>>, NpmError> {
        let registry = self.settings.registry_of(name);
        let usual = usual_address(registry, name, version).ok_or_else(|| NpmError::Document {
            name: name.clone(),
            cause: "a version that no address can hold".to_owned(),
        })?;
        let other = announced
            .and_then(|announced| own_address(registry, announced.url.as_deref()?))
            .filter(|url| *url != usual);
        for url in other.iter().chain([&usual]) {
            let reply = network.get(url, self.settings.credential(url), MAX_REPLY).await;
            let reply = reply.map_err(|cause| NpmError::Attestations {
                name: name.clone(),
                version: version.to_owned(),
                cause,
            })?;
            if reply.is_some() {
                return Ok(reply);
            }
        }
        Ok(None)
    }
}

/// `REGISTRY-/npm/v1/attestations/NAME@VERSION`, the name escaped as npm does.
fn usual_address(registry: &str, name: &PackageName, version: &str) -> Option<String> {
    let plain = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
    let name = name.as_str().replace('/', "%2f");
    plain.then(|| format!("{registry}-/npm/v1/attestations/{name}@{version}"))
}

/// The path of an announced address at the registry's own origin, if it lies below the registry.
fn own_address(registry: &str, announced: &str) -> Option<String> {
    let announced = reqwest::Url::parse(announced).ok()?;
    let mut own = reqwest::Url::parse(registry).ok()?;
    own.set_path(announced.path());
    // What a server might decode into a step upward.
    let lower = own.path().to_ascii_lowercase();
    let upward = lower.contains("..") || lower.contains("%2e") || lower.contains("%5c") || lower.contains('\\');
    let own = own.to_string();
    (!upward && is_below(&own, registry)).then_some(own)
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;

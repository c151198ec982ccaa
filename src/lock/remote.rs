//! The member `remote` of an entry: text to model and back. Every struct is taken apart field by
//! field, so that a digest over an entry covers all of it.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::EntryError;
use crate::model::{Authorization, HeaderRule, Remote, RemoteSettings, RemoteTransport, RemoteUrl, Sha256Digest, Source};

/// A remote server: where it is and on which terms it is spoken to. Nothing of its code is known.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireRemote {
    /// The address, as in `source`.
    #[schemars(length(min = 8, max = 2048))]
    pub(super) url: String,
    /// How it is spoken to.
    pub(super) transport: WireTransport,
    /// Headers by name in lower case; values name variables (`${NAME}`) and hold no secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    /// The OAuth authorization servers that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) issuers: Vec<String>,
    /// The scopes of the token that it was asked with. Absent where headers alone were sent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::wire::present")]
    pub(super) scopes: Option<Vec<String>>,
    /// SHA-256 of the public key of its certificate, where that is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "super::wire::present")]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub(super) tls_key: Option<String>,
    /// Its host may be in a private network; only in a user's own lock.
    #[serde(default, skip_serializing_if = "super::wire::is_false")]
    pub(super) private: bool,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WireTransport {
    /// Streamable HTTP.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05.
    Sse,
}

/// Model to wire.
pub(super) fn wire(remote: &Remote) -> WireRemote {
    let RemoteSettings {
        transport,
        headers,
        tls_key,
        private,
    } = &remote.settings;
    let mut named = BTreeMap::new();
    for rule in headers {
        // Two of one name, which no reader takes, both stay, so that a digest covers both.
        let mut name = rule.name().to_owned();
        while named.contains_key(&name) {
            name.push('+');
        }
        named.insert(name, rule.template().to_owned());
    }
    WireRemote {
        url: remote.url.to_string(),
        transport: match transport {
            RemoteTransport::StreamableHttp => WireTransport::StreamableHttp,
            RemoteTransport::Sse => WireTransport::Sse,
        },
        headers: named,
        issuers: remote.issuers.iter().cloned().collect(),
        scopes: match &remote.authorization {
            Authorization::Headers => None,
            Authorization::OAuth { scopes } => Some(scopes.iter().cloned().collect()),
        },
        tls_key: tls_key.as_ref().map(ToString::to_string),
        private: *private,
    }
}

/// Wire to model. What would be written in another spelling is refused: one entry has one text.
pub(super) fn read(wire: WireRemote, source: &Source, version: u64) -> Result<Remote, EntryError> {
    if version <= super::VERSION_WITHOUT_GUARD {
        return Err(EntryError::Rule("it stands in a lock of a version that has none"));
    }
    let WireRemote {
        url,
        transport,
        headers,
        issuers,
        scopes,
        tls_key,
        private,
    } = wire;
    let parsed: RemoteUrl = url
        .parse()
        .map_err(|_| EntryError::Rule("its address is not one that is taken (`https://HOST/PATH`, no user, no fragment)"))?;
    if parsed.as_str() != url || *source != Source::Remote(parsed.clone()) {
        return Err(EntryError::Rule(
            "its address is not the one that `source` names, in its one spelling",
        ));
    }
    let mut rules = Vec::new();
    for (name, value) in headers {
        let rule = HeaderRule::new(&name, &value)
            .map_err(|_| EntryError::Rule("a header that is not taken (a literal secret, a name of the transport's, a broken template)"))?;
        if rule.name() != name {
            return Err(EntryError::Rule("names of headers stand in lower case"));
        }
        rules.push(rule);
    }
    let transport = match transport {
        WireTransport::StreamableHttp => RemoteTransport::StreamableHttp,
        WireTransport::Sse => RemoteTransport::Sse,
    };
    let tls_key = tls_key.map(|hex| hex.parse::<Sha256Digest>()).transpose()?;
    let settings = RemoteSettings {
        transport,
        headers: rules,
        tls_key,
        private,
    };
    let issuers = sorted(issuers, "its issuers")?;
    if issuers.iter().any(|issuer| issuer.parse::<RemoteUrl>().is_err()) {
        return Err(EntryError::Rule("an issuer is an address (`https://HOST`)"));
    }
    let mut remote = Remote::new(parsed, settings);
    remote.authorization = match scopes {
        None => Authorization::Headers,
        Some(_) if issuers.is_empty() => return Err(EntryError::Rule("`scopes` need `issuers` that grant them")),
        Some(scopes) => Authorization::OAuth {
            scopes: sorted(scopes, "its scopes")?,
        },
    };
    remote.issuers = issuers;
    Ok(remote)
}

fn sorted(list: Vec<String>, what: &'static str) -> Result<BTreeSet<String>, EntryError> {
    let fine = |text: &String| !text.is_empty() && text.len() <= 2_048 && text.bytes().all(|b| b.is_ascii_graphic());
    if list.len() > 64 || !list.iter().all(fine) || !list.is_sorted_by(|a, b| a < b) {
        return Err(EntryError::Rule(match what {
            "its scopes" => "its scopes are not a sorted list of ASCII words",
            _ => "its issuers are not a sorted list of addresses",
        }));
    }
    Ok(list.into_iter().collect())
}

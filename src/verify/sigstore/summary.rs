//! What a trust root holds, in words.

use jiff::Timestamp;
use sigstore_verify::trust_root::{TimeRange, TrustedRoot};

use crate::surface::visible;

/// What a trust root holds. Text from the root is shown with invisible characters escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootSummary {
    /// Who issues certificates to signers.
    pub authorities: Vec<Anchor>,
    /// Who logs signatures.
    pub logs: Vec<Anchor>,
    /// Who logs certificates.
    pub certificate_logs: Vec<Anchor>,
    /// Who signs times.
    pub timestamp_authorities: Vec<Anchor>,
}

/// One authority or log of a trust root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Its name: `ORGANISATION COMMON-NAME` of an authority, the kind of key of a log.
    pub name: String,
    /// Where it lives; empty where the root does not say.
    pub url: String,
    /// In service from; `None` where the root sets no bound.
    pub from: Option<Timestamp>,
    /// In service until; `None` for as long as the root is trusted.
    pub until: Option<Timestamp>,
}

impl RootSummary {
    pub(super) fn of(root: &TrustedRoot) -> Self {
        let subject = |organisation: &Option<String>, name: &Option<String>| {
            let parts = [organisation, name].map(|part| part.as_deref().unwrap_or_default());
            parts.join(" ").trim().to_owned()
        };
        let authorities = root.certificate_authorities.iter();
        let stampers = root.timestamp_authorities.iter();
        let logs = root.tlogs.iter();
        let certificate_logs = root.ctlogs.iter();
        Self {
            authorities: authorities
                .map(|ca| anchor(&subject(&ca.subject.organization, &ca.subject.common_name), &ca.uri, ca.valid_for))
                .collect(),
            logs: logs
                .map(|log| anchor(log.public_key.key_details.as_str(), &log.base_url, log.public_key.valid_for))
                .collect(),
            certificate_logs: certificate_logs
                .map(|log| anchor(log.public_key.key_details.as_str(), &log.base_url, log.public_key.valid_for))
                .collect(),
            timestamp_authorities: stampers
                .map(|tsa| {
                    let name = subject(&tsa.subject.organization, &tsa.subject.common_name);
                    anchor(&name, tsa.uri.as_deref().unwrap_or_default(), tsa.valid_for)
                })
                .collect(),
        }
    }
}

fn anchor(name: &str, url: &str, window: Option<TimeRange>) -> Anchor {
    Anchor {
        name: visible(name),
        url: visible(url),
        from: window.map(|window| window.start),
        until: window.and_then(|window| window.end),
    }
}

//! Remote servers: where requests and tokens go, and what nobody can see.
//!
//! The attacks: an entry that keeps its name and goes to another host with the same token; one more
//! authorization server, which collects tokens from then on; a header that carries one more secret.

use std::collections::BTreeSet;

use serde_json::json;

use super::Judge;
use super::package::{WithLines as _, changed};
use crate::model::{Finding, Grade, HeaderRule, Remote};

impl Judge<'_> {
    /// What a person should know before a remote server is asked anything.
    pub(super) fn first_remote(&self, remote: &Remote) -> Finding {
        let title = "the server runs elsewhere: its code is not seen, and can change between two calls";
        let settings = &remote.settings;
        let facts = json!({
            "url": remote.url.as_str(),
            "transport": settings.transport.as_str(),
            "headers": settings.headers.iter().map(HeaderRule::name).collect::<Vec<_>>(),
            "issuers": remote.issuers,
            "private": settings.private,
        });
        let mut lines = vec![format!("requests go to {} and nowhere else", remote.url.origin())];
        lines.extend(remote.url.unicode_host());
        let header = |rule: &HeaderRule| format!("sends the header {}: {}", rule.name(), rule.template());
        lines.extend(settings.headers.iter().map(header));
        lines.extend(remote.issuers.iter().map(|issuer| format!("takes tokens of {issuer}")));
        if settings.private {
            lines.push("its host may be in a private network".into());
        }
        self.finding("remote-code-unseen", Grade::Notice, remote.url.origin(), title, &facts)
            .with_lines(lines.into_iter())
    }

    /// The finding for one changed field.
    pub(super) fn remote(&self, field: &str, before: &str, after: &str) -> Finding {
        let facts = json!({"before": before, "after": after});
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let grew = lines(after).difference(&lines(before)).next().is_some();
        let (code, grade, title) = match field {
            "origin" => (
                "remote-origin-changed",
                Grade::Critical,
                "requests, and the tokens in them, go to another host",
            ),
            "issuers" if before.is_empty() => (
                "remote-issuers-grew",
                Grade::Warning,
                "the server names authorization servers where it named none",
            ),
            "issuers" if grew => (
                "remote-issuers-grew",
                Grade::Critical,
                "the server names another authorization server, which could collect tokens",
            ),
            "issuers" => (
                "remote-issuers-shrank",
                Grade::Notice,
                "the server no longer names an authorization server",
            ),
            "transport" => ("remote-transport-changed", Grade::Warning, "the server is spoken to in another way"),
            "tls-key" if after.is_empty() => (
                "tls-key-changed",
                Grade::Critical,
                "the key of the server's certificate was pinned and no longer is",
            ),
            "tls-key" if before.is_empty() => (
                "tls-key-changed",
                Grade::Notice,
                "the key of the server's certificate is pinned now",
            ),
            "tls-key" => (
                "tls-key-changed",
                Grade::Critical,
                "the server's certificate has another key than the pinned one",
            ),
            "headers" if !grew => ("remote-request-changed", Grade::Notice, "fewer headers are sent"),
            "headers" => (
                "remote-request-changed",
                Grade::Critical,
                "other headers are sent, which can carry secrets",
            ),
            "private" if after == "yes" => (
                "remote-request-changed",
                Grade::Critical,
                "the server's host may now be in a private network",
            ),
            "authorization" if grew => (
                "remote-request-changed",
                Grade::Warning,
                "the server is asked under another authorization",
            ),
            "authorization" | "private" => ("remote-request-changed", Grade::Notice, "less is allowed than before"),
            _ => (
                "remote-request-changed",
                Grade::Critical,
                "another address of the same host is asked",
            ),
        };
        self.finding(code, grade, field, title, &facts).with(changed(field, before, after))
    }
}

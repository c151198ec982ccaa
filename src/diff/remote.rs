//! What differs between two pins of a remote server, their surfaces aside.

use std::collections::BTreeSet;

use crate::model::{Authorization, Change, HeaderRule, Remote, RemoteSettings};

/// Every difference, one a field.
pub(super) fn diff_remote(before: &Remote, after: &Remote) -> Vec<Change> {
    let mut out = Vec::new();
    let mut compare = |field: &'static str, before: String, after: String| {
        if before != after {
            out.push(Change::Remote { field, before, after });
        }
    };
    let RemoteSettings {
        transport,
        headers,
        tls_key,
        private,
    } = &before.settings;
    let new = &after.settings;
    let key = |key: &Option<crate::model::Sha256Digest>| key.as_ref().map(ToString::to_string).unwrap_or_default();
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    compare("origin", before.url.origin(), after.url.origin());
    compare("path", path(before), path(after));
    compare("transport", transport.as_str().into(), new.transport.as_str().into());
    compare("headers", header_lines(headers), header_lines(&new.headers));
    compare("issuers", joined(&before.issuers), joined(&after.issuers));
    compare("tls-key", key(tls_key), key(&new.tls_key));
    compare("private", yes(*private), yes(new.private));
    compare("authorization", scopes(&before.authorization), scopes(&after.authorization));
    out
}

fn path(remote: &Remote) -> String {
    let url = remote.url.url();
    url.query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn header_lines(headers: &[HeaderRule]) -> String {
    let lines: Vec<_> = headers.iter().map(|rule| format!("{}: {}", rule.name(), rule.template())).collect();
    lines.join("\n")
}

fn joined(list: &BTreeSet<String>) -> String {
    list.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

fn scopes(authorization: &Authorization) -> String {
    match authorization {
        Authorization::Headers => "headers".into(),
        Authorization::OAuth { scopes } => format!("oauth\n{}", joined(scopes)),
    }
}

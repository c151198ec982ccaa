//! The promises about remote servers in a lock.

use std::collections::BTreeSet;

use super::sample::name;
use super::*;
use crate::model::{Authorization, HeaderRule, Pin, Pinned, Remote, RemoteSettings, RemoteTransport, Sha256Digest, Source};

type Edit = fn(&mut Remote);

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn remote() -> Remote {
    let settings = RemoteSettings {
        headers: vec![HeaderRule::new("X-Region", "${REGION}").unwrap()],
        tls_key: Some(Sha256Digest::of("key")),
        ..RemoteSettings::default()
    };
    let mut remote = Remote::new("https://mcp.example.com/mcp".parse().unwrap(), settings);
    remote.issuers = set(&["https://login.example.com/"]);
    remote.authorization = Authorization::OAuth { scopes: set(&["read"]) };
    remote
}

fn pin(remote: Remote) -> Pin {
    Pin {
        source: Source::Remote(remote.url.clone()),
        pinned: Pinned::Remote(Box::new(remote)),
        surface: None,
        guard: crate::model::guard::GuardPin::default(),
    }
}

fn text(remote: Remote) -> String {
    write(&Lockfile {
        servers: [(name("far"), pin(remote))].into(),
    })
}

#[test]
fn each_field_comes_back_and_is_covered_by_the_right_approval() {
    let server = name("far");
    let base = pin(remote());
    let edits: [(&str, bool, Edit); 7] = [
        ("headers", true, |remote| remote.settings.headers.clear()),
        ("key", true, |remote| remote.settings.tls_key = None),
        ("private", true, |remote| remote.settings.private = true),
        ("transport", true, |remote| remote.settings.transport = RemoteTransport::Sse),
        // Found out by asking, which only the first approval permits.
        ("issuers", false, |remote| {
            remote.issuers.insert("https://other.example.com/".into());
        }),
        ("scopes", false, |remote| {
            remote.authorization = Authorization::OAuth {
                scopes: set(&["read", "write"]),
            };
        }),
        ("no login", false, |remote| remote.authorization = Authorization::Headers),
    ];
    assert_eq!(parse(&text(remote())).unwrap().servers[&server], base);
    for (what, first, edit) in edits {
        let mut edited = remote();
        edit(&mut edited);
        let edited = pin(edited);
        assert_ne!(entry_digest(&server, &edited), entry_digest(&server, &base), "{what}");
        assert_eq!(static_digest(&server, &edited) != static_digest(&server, &base), first, "{what}");
    }
    let mut moved = remote();
    moved.url = "https://mcp.example.org/mcp".parse().unwrap();
    assert_ne!(static_digest(&server, &pin(moved)), static_digest(&server, &base));
}

#[test]
fn an_entry_that_reads_two_ways_is_refused() {
    let whole = text(remote());
    for (from, to, expected) in [
        ("\"lockfileVersion\": 4", "\"lockfileVersion\": 3", "of a version that has none"),
        ("\"lockfileVersion\": 4", "\"lockfileVersion\": 1", "of a version that has none"),
        ("\"url\": \"https://mcp.", "\"url\": \"https://MCP.", "in its one spelling"),
        (
            "\"url\": \"https://mcp.",
            "\"url\": \"https://evil.",
            "not the one that `source` names",
        ),
        ("${REGION}", "${REGION", "a header that is not taken"),
        ("x-region", "X-Region", "lower case"),
        ("https://login.example.com/", "login.example.com", "an issuer is an address"),
        ("\"read\"", "\"read\", \"read\"", "sorted list"),
        ("\"streamable-http\"", "\"websocket\"", "unknown variant"),
        ("\"tlsKey\"", "\"tlskey\"", "unknown field"),
    ] {
        let edited = whole.replacen(from, to, 1);
        assert_ne!(edited, whole, "{from}");
        let error = parse(&edited).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    let mut unowned = remote();
    unowned.issuers.clear();
    let error = parse(&text(unowned)).map(drop).unwrap_err().to_string();
    assert!(error.contains("`scopes` need `issuers`"), "{error}");
}

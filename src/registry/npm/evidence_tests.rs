//! Documents, and scripted registries on loopback.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::net::NetError;
use crate::net::testing::{Requests, host, network, ok, status};
use crate::registry::npm::Environment;

fn release(dist: &Value) -> Result<Option<Release>, NpmError> {
    let document = json!({"name": "a", "time": {"1.0.0": "2025-01-02T03:04:05Z"}, "versions": {"1.0.0": {"name": "a", "version": "1.0.0", "dist": dist}}});
    let packument = Packument::parse(&"a".parse().unwrap(), document.to_string().as_bytes())?;
    // The whole document says the same.
    let (release, whole) = (packument.release("1.0.0"), packument.version("1.0.0"));
    match (&release, whole) {
        (Ok(Some(release)), Ok(Some(whole))) => {
            assert_eq!(
                (&release.signatures, release.announces_attestations()),
                (&whole.signatures, whole.announces_attestations)
            );
        }
        (Err(one), Err(other)) => assert_eq!(*one, other),
        other => panic!("{other:?}"),
    }
    assert_eq!(packument.release("2.0.0"), Ok(None));
    release
}

#[test]
fn signatures_come_with_the_date_of_their_version() {
    let found = release(&json!({"signatures": [{"keyid": "SHA256:k", "sig": "c2ln"}], "attestations": {"url": "http://h/x"}})).unwrap();
    let found = found.unwrap();
    let published = Some("2025-01-02T03:04:05Z".parse().unwrap());
    assert_eq!(found.published, published);
    let expected = RegistrySignature {
        keyid: "SHA256:k".into(),
        signature: "c2ln".into(),
        published,
    };
    assert_eq!(
        (found.signatures.as_slice(), found.announces_attestations()),
        (&[expected][..], true)
    );
}

#[test]
fn only_an_absent_or_empty_list_is_none() {
    for none in [
        json!({}),
        json!({"signatures": []}),
        json!({"signatures": null, "attestations": null}),
    ] {
        let found = release(&none).unwrap().unwrap();
        assert!(found.signatures.is_empty() && !found.announces_attestations(), "{none}");
    }
    let good = json!({"keyid": "k", "sig": "s"});
    for malformed in [
        json!({"signatures": {}}),
        json!({"signatures": "x"}),
        json!({"signatures": [good, {"keyid": "k"}]}),
        json!({"signatures": [good, {"keyid": "", "sig": "s"}]}),
        json!({"signatures": [good, {"keyid": "k", "sig": 7}]}),
        json!({"signatures": [null]}),
        json!({"signatures": vec![good; 65]}),
        json!({"attestations": []}),
        json!({"attestations": true}),
        json!("x"),
        json!([]),
    ] {
        let error = release(&malformed).unwrap_err();
        assert!(matches!(error, NpmError::Document { .. }), "{malformed}: {error}");
    }
}

#[test]
fn an_announced_address_never_leads_to_another_host() {
    let own = |announced: &str| own_address("http://h:1/npm/", announced);
    let expected = Some("http://h:1/npm/-/npm/v1/attestations/@s%2fa@1.0.0".to_owned());
    for announced in [
        "https://origin/npm/-/npm/v1/attestations/@s%2fa@1.0.0",
        "http://u:p@h:1/npm/-/npm/v1/attestations/@s%2fa@1.0.0?q#f",
    ] {
        assert_eq!(own(announced), expected, "{announced}");
    }
    for outside in [
        "https://origin/-/npm/v1/attestations/a@1",
        "http://h:1/npmx/a",
        "http://h:1/npm/../a",
        "http://h:1/npm/%2e%2e/a",
        "http://h:1/npm/..%2fa",
        "http://h:1/npm/..%5ca",
        "/npm/a",
        "x",
    ] {
        assert_eq!(own(outside), None, "{outside}");
    }
    assert_eq!(
        usual_address("http://h/", &"@s/a".parse().unwrap(), "1.0.0-x.1").as_deref(),
        Some("http://h/-/npm/v1/attestations/@s%2fa@1.0.0-x.1")
    );
    assert_eq!(usual_address("http://h/", &"a".parse().unwrap(), "1/../2"), None);
}

/// An npm that knows nothing but its registry, and a token for it.
async fn npm(home: &Path, registry: &str) -> Npm {
    let place = registry.trim_start_matches("http:");
    let userconfig = home.join("npmrc");
    std::fs::write(&userconfig, format!("{place}/:_authToken=t0ken\n")).unwrap();
    let settings = json!({"registry": registry, "npm-version": "11.0.0", "userconfig": userconfig});
    for (program, text) in [("npm", format!("#!/bin/sh\necho '{settings}'\n")), ("node", String::new())] {
        std::fs::write(home.join(program), text).unwrap();
        std::fs::set_permissions(home.join(program), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let env = Environment::from([("PATH".into(), home.into())]);
    Npm::discover(&env, None, home).await.unwrap()
}

async fn asked(answers: Vec<Vec<u8>>, announced: Option<&str>) -> (Result<Option<Vec<u8>>, NpmError>, Requests) {
    let home = tempfile::tempdir().unwrap();
    let (base, requests) = host(answers);
    let npm = npm(home.path(), &format!("{base}/npm")).await;
    let announced = announced.map(|url| Announced { url: Some(url.to_owned()) });
    let reply = npm
        .attestations(&network(), &"@s/a".parse().unwrap(), "1.0.0", announced.as_ref())
        .await;
    (reply, requests)
}

#[tokio::test]
async fn a_reply_and_an_explicit_not_found() {
    let (reply, requests) = asked(vec![ok("{}")], None).await;
    assert_eq!(reply, Ok(Some(b"{}".to_vec())));
    let requests = requests.lock().unwrap().clone();
    assert!(
        requests[0].starts_with("get /npm/-/npm/v1/attestations/@s%2fa@1.0.0 "),
        "{requests:?}"
    );
    assert!(requests[0].contains("authorization: bearer t0ken"));
    assert_eq!(asked(vec![status("404 Not Found", "")], None).await.0, Ok(None));
}

#[tokio::test]
async fn the_announced_path_is_asked_of_our_own_registry() {
    let (reply, requests) = asked(vec![ok("there")], Some("http://origin.invalid/npm/elsewhere/a@1.0.0?x")).await;
    assert_eq!(reply, Ok(Some(b"there".to_vec())));
    assert!(requests.lock().unwrap()[0].starts_with("get /npm/elsewhere/a@1.0.0 "));
    // Not there: the usual place as well, before it counts as none.
    let answers = vec![status("404 Not Found", ""), ok("usual")];
    let (reply, _) = asked(answers, Some("http://origin.invalid/npm/elsewhere/a@1.0.0")).await;
    assert_eq!(reply, Ok(Some(b"usual".to_vec())));
    // Outside our registry: the usual place alone.
    let (_, requests) = asked(vec![ok("usual")], Some("http://origin.invalid/secret")).await;
    assert!(requests.lock().unwrap()[0].starts_with("get /npm/-/npm/v1/attestations/"));
    // An error at the announced place is not made up for by a not-found at the usual one.
    let answers = vec![status("403 Forbidden", ""), status("404 Not Found", "")];
    assert!(asked(answers, Some("http://origin.invalid/npm/x")).await.0.is_err());
}

#[tokio::test]
async fn nothing_but_not_found_reads_like_none() {
    let cut = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 600\r\n\r\n{\"attest".to_vec();
    let endless = [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(),
        vec![b' '; usize::try_from(MAX_REPLY).unwrap() + 1],
    ]
    .concat();
    let faults = [
        ("401", status("401 Unauthorized", "")),
        ("403", status("403 Forbidden", "")),
        ("410", status("410 Gone", "")),
        ("429", status("429 Too Many Requests", "")),
        ("500", status("500 Oops", "")),
        ("silence", Vec::new()),
        ("cut", cut),
        ("endless", endless),
        ("empty", status("204 No Content", "")),
    ];
    for (what, answer) in faults {
        let error = asked(vec![answer], None).await.0.unwrap_err();
        assert!(matches!(error, NpmError::Attestations { .. }), "{what}: {error:?}");
        assert!(
            error
                .to_string()
                .starts_with("could not learn whether the registry has attestations of `@s/a` 1.0.0"),
            "{what}"
        );
        if what == "401" {
            assert!(error.hint().unwrap().contains("npm login"));
        }
        assert_eq!(what == "endless", error.to_string().contains("8388608 bytes"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_token_away() {
    let (other, told) = host(vec![ok("x")]);
    let (reply, requests) = asked(vec![status("302 Found", &format!("location: {other}/y\r\n"))], None).await;
    assert_eq!(reply, Ok(Some(b"x".to_vec())));
    assert!(requests.lock().unwrap()[0].contains("authorization: bearer t0ken"));
    assert!(!told.lock().unwrap()[0].contains("authorization"));
    // Nor does a redirect to nowhere read like none.
    let (reply, _) = asked(vec![status("302 Found", "location: /again\r\n")], None).await;
    let Err(NpmError::Attestations { cause, .. }) = reply else {
        panic!("{reply:?}")
    };
    assert!(matches!(cause, NetError::Redirect { .. }));
}

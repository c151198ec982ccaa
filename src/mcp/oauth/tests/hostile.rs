//! Servers and authorization servers that do not mean well.

use super::*;

/// Tries a login; gives its error, and how often a browser opened and the token endpoint was asked.
async fn attempt(manners: Manners, members: Vec<(&'static str, Value)>) -> (OAuthError, usize, usize) {
    let issuer = authorization_server(manners);
    let server = resource_server(json!([issuer.base]), members);
    let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
    let pinned = pin(&[&issuer.base], &["read"]);
    let client = authorizer(&server, &store, pinned, early);
    let error = client.login(None, &|url: &Url| browser.open(url)).await.unwrap_err();
    assert!(store.0.lock().unwrap().is_empty(), "{error}");
    let tokens = issuer
        .seen
        .lock()
        .unwrap()
        .iter()
        .filter(|request| request.path() == "/token")
        .count();
    (error, browser.times(), tokens)
}

fn metadata_with(member: &'static str, value: Value) -> Manners {
    Manners {
        metadata: vec![(member, value)],
        ..Manners::default()
    }
}

fn answer_with(name: &'static str, value: &str) -> Manners {
    Manners {
        answer: vec![(name, value.to_owned())],
        ..Manners::default()
    }
}

#[tokio::test]
async fn metadata_that_lies_opens_no_browser() {
    let cases = [
        (metadata_with("issuer", json!("https://login.example")), "issuer mismatch"),
        (
            metadata_with("code_challenge_methods_supported", json!(["plain"])),
            "PKCE downgrade",
        ),
        (metadata_with("code_challenge_methods_supported", Value::Null), "PKCE downgrade"),
        (
            metadata_with("authorization_endpoint", json!("javascript:alert(1)")),
            "only http and https",
        ),
        (
            metadata_with("authorization_endpoint", json!("file:///etc/passwd")),
            "only http and https",
        ),
        (
            metadata_with("authorization_endpoint", json!("https://a.example/$(touch${IFS}x)")),
            "a shell reads",
        ),
        (
            metadata_with("authorization_endpoint", json!("https://a.example/?a='b';calc.exe")),
            "a shell reads",
        ),
        (
            metadata_with("authorization_endpoint", json!("https://a.example/`id`")),
            "a shell reads",
        ),
        (
            metadata_with("authorization_endpoint", json!("http://a.example/authorize")),
            "not https",
        ),
        (
            metadata_with("authorization_endpoint", json!("https://10.0.0.1/authorize")),
            "private address",
        ),
        (metadata_with("token_endpoint", json!("http://a.example/token")), "not https"),
        (
            metadata_with("token_endpoint", json!("https://169.254.169.254/token")),
            "metadata address",
        ),
        (metadata_with("registration_endpoint", Value::Null), "does not register"),
    ];
    for (manners, expected) in cases {
        let (error, browsers, tokens) = attempt(manners, Vec::new()).await;
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!((browsers, tokens), (0, 0), "{expected}");
    }
}

#[tokio::test]
async fn a_resource_of_somebody_else_is_refused() {
    for resource in ["https://bank.example/mcp", "http://127.0.0.1:1/mcp"] {
        let (error, browsers, _) = attempt(Manners::default(), vec![("resource", json!(resource))]).await;
        assert!(matches!(&error, OAuthError::Resource { found, .. } if found == resource), "{error}");
        assert_eq!(browsers, 0);
    }
}

#[tokio::test]
async fn an_issuer_that_is_not_pinned_is_refused_before_the_browser() {
    let (honest, thief) = (authorization_server(Manners::default()), authorization_server(Manners::default()));
    for named in [json!([thief.base]), json!([honest.base, thief.base])] {
        let server = resource_server(named, Vec::new());
        let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
        let client = authorizer(&server, &store, pin(&[&honest.base], &["read"]), early);
        let error = client.login(None, &|url: &Url| browser.open(url)).await.unwrap_err();
        assert!(
            matches!(&error, OAuthError::IssuerNotPinned { found, .. } if *found == thief.base),
            "{error}"
        );
        assert!(error.to_string().contains(&honest.base) && error.is_finding());
        assert_eq!(browser.times(), 0);
    }
    assert!(thief.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_grant_of_an_issuer_that_is_no_longer_pinned_is_not_used() {
    let issuer = authorization_server(Manners {
        lasts: 3600,
        ..Manners::default()
    });
    let server = resource_server(json!([issuer.base]), Vec::new());
    let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
    authorizer(&server, &store, None, early)
        .login(None, &|url: &Url| browser.open(url))
        .await
        .unwrap();
    let moved = authorizer(&server, &store, pin(&["https://new.example"], &["read"]), early);
    assert!(matches!(moved.token().await, Err(OAuthError::IssuerNotPinned { .. })));
    // Nor one that was made for another origin, whatever the file is called.
    let (key, bytes) = store.0.lock().unwrap().iter().next().map(|(k, v)| (k.clone(), v.clone())).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let foreign = text.replace(&format!("\"origin\": \"{}\"", server.base), "\"origin\": \"https://bank.example\"");
    assert_ne!(foreign, text);
    store.0.lock().unwrap().insert(key, foreign.into_bytes());
    let error = authorizer(&server, &store, None, early).token().await.unwrap_err();
    assert!(matches!(error, OAuthError::LoginNeeded { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_of_somebody_else_spends_no_code() {
    for (manners, expected) in [
        (answer_with("iss", "https://thief.example"), "mix-up"),
        (answer_with("iss", ""), "mix-up"),
        (answer_with("state", "guessed"), "state mismatch"),
        (answer_with("state", ""), "state mismatch"),
        (answer_with("error", "access_denied"), "access_denied"),
        (answer_with("code", ""), "no code"),
    ] {
        let (error, browsers, tokens) = attempt(manners, Vec::new()).await;
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert_eq!((browsers, tokens), (1, 0), "{expected}");
    }
}

#[tokio::test]
async fn the_token_endpoint_leads_nowhere_else() {
    let thief = serve(|_, _| (200, String::new(), String::new()));
    let manners = Manners {
        token_redirect: Some(format!("{}/token", thief.base)),
        ..Manners::default()
    };
    let (error, _, tokens) = attempt(manners, Vec::new()).await;
    assert!(matches!(error, OAuthError::TokenRedirect { .. }), "{error}");
    assert_eq!(tokens, 1);
    assert!(thief.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn rights_do_not_grow_unseen() {
    // The server asks for more than was pinned.
    let (error, browsers, _) = attempt(Manners::default(), vec![("scopes_supported", json!(["read", "admin:all"]))]).await;
    assert_eq!(
        error,
        OAuthError::ScopeGrew {
            wanted: ["admin:all".to_owned()].into()
        }
    );
    assert!(error.to_string().contains("`admin:all`"));
    assert_eq!(browsers, 0);
    // The authorization server grants more.
    let manners = Manners {
        grants: Some("read write"),
        ..Manners::default()
    };
    let (error, _, tokens) = attempt(manners, Vec::new()).await;
    assert_eq!(
        error,
        OAuthError::ScopeGrew {
            wanted: ["write".to_owned()].into()
        }
    );
    assert_eq!(tokens, 1);
    // A step up in the middle (403) is never taken by itself.
    let server = resource_server(json!(["http://127.0.0.1:1"]), Vec::new());
    let client = authorizer(&server, &Arc::new(Memory::default()), None, early);
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"read files:write\"";
    let next = client.refused(403, Some(challenge), None).await;
    let wanted = ["files:write", "read"].map(str::to_owned).into();
    assert_eq!(next, Next::Failed(OAuthError::ScopeGrew { wanted }));
}

#[tokio::test]
async fn other_connections_do_not_keep_the_answer_out() {
    let issuer = authorization_server(Manners {
        lasts: 3600,
        ..Manners::default()
    });
    let server = resource_server(json!([issuer.base]), Vec::new());
    let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
    let client = authorizer(&server, &store, None, early);
    let noisy = |url: &Url| {
        let back = Url::parse(&pairs(url.query().unwrap())["redirect_uri"]).unwrap();
        // One that says nothing, and one for another path.
        std::mem::forget(TcpStream::connect((back.host_str().unwrap(), back.port().unwrap())).unwrap());
        let (icon, url, browser) = (back.join("/favicon.ico?x=y").unwrap(), url.clone(), browser.clone());
        thread::spawn(move || {
            assert_eq!(visit(&icon).0, 404);
            browser.open(&url).unwrap();
        });
        Ok(())
    };
    client.login(None, &noisy).await.unwrap();
}

//! What works with a server and an authorization server that mean well.

use super::*;

#[tokio::test]
async fn a_login_ends_with_a_token_for_this_origin_alone() {
    let issuer = authorization_server(Manners {
        lasts: 3600,
        ..Manners::default()
    });
    let server = resource_server(json!([issuer.base]), Vec::new());
    let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
    let first = authorizer(&server, &store, None, early);
    let error = first.token().await.unwrap_err();
    assert!(matches!(&error, OAuthError::LoginNeeded { .. }) && error.hint().unwrap().contains("mcp-pin login"));
    let found = first.discover(None).await.unwrap();
    assert_eq!(found.issuers, [issuer.base.clone()].into());
    assert_eq!(
        (found.scopes.clone(), found.resource.clone()),
        (["read".to_owned()].into(), format!("{}/mcp", server.base))
    );
    assert_eq!(browser.times(), 0);
    let granted = first.login(None, &|url: &Url| browser.open(url)).await.unwrap();
    assert_eq!(granted, found);
    let token = first.token().await.unwrap();
    let sent = token.for_url(&Url::parse(&format!("{}/mcp?x=1", server.base)).unwrap()).unwrap();
    assert_eq!(*sent, Secret::bearer("access-1"));
    assert!(!format!("{token:?} {first:?}").contains("access-1"));
    for elsewhere in [issuer.base.as_str(), "https://example.com/mcp"] {
        let error = token.for_url(&Url::parse(elsewhere).unwrap()).unwrap_err();
        assert!(matches!(error, OAuthError::Elsewhere { .. }), "{error}");
    }
    // The question in the browser named the resource, the scope and our address.
    let asked = pairs(browser.0.lock().unwrap()[0].query().unwrap());
    assert_eq!((&*asked["resource"], &*asked["scope"]), (&*format!("{}/mcp", server.base), "read"));
    assert!(asked["redirect_uri"].starts_with("http://127.0.0.1:"));
    // The next run finds it, with the pin in force.
    let pinned = pin(&[&issuer.base], &["read"]);
    assert_eq!(authorizer(&server, &store, pinned, early).token().await.unwrap(), token);
    // The MCP server has seen no code, verifier or token, and the issuer no access token.
    for (host, secret) in [
        (&server, "the-code"),
        (&server, "access-1"),
        (&server, "refresh-1"),
        (&issuer, "access-1"),
    ] {
        let seen = host.seen.lock().unwrap();
        assert!(seen.iter().all(|request| !format!("{request:?}").contains(secret)), "{secret}");
    }
    first.logout().await.unwrap();
    assert!(matches!(first.token().await, Err(OAuthError::LoginNeeded { .. })));
    assert!(store.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn refresh_tokens_rotate_and_are_kept() {
    let issuer = authorization_server(Manners {
        lasts: 3600,
        ..Manners::default()
    });
    let server = resource_server(json!([issuer.base]), Vec::new());
    let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
    let pinned = pin(&[&issuer.base], &["read"]);
    let first = authorizer(&server, &store, pinned.clone(), early);
    first.login(None, &|url: &Url| browser.open(url)).await.unwrap();
    let old = first.token().await.unwrap();
    // Two hours later it is over: a new one, without a browser.
    let second = authorizer(&server, &store, pinned.clone(), later);
    let new = second.token().await.unwrap();
    assert_ne!(new, old);
    assert_eq!(browser.times(), 1);
    // The server refuses the old one that another process still holds: it takes the stored one.
    assert_eq!(
        authorizer(&server, &store, pinned.clone(), later)
            .refused(401, None, Some(&old))
            .await,
        Next::Retry
    );
    let tokens = |issuer: &Host| {
        issuer
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.path() == "/token")
            .count()
    };
    assert_eq!(tokens(&issuer), 2);
    // And refuses the new one: the rotated refresh token works, the spent one would not.
    assert_eq!(second.refused(401, None, Some(&new)).await, Next::Retry);
    assert_ne!(second.token().await.unwrap(), new);
    assert_eq!(tokens(&issuer), 3);
    let stored = String::from_utf8(store.0.lock().unwrap().values().next().unwrap().clone()).unwrap();
    assert!(stored.contains("refresh-3") && !stored.contains("refresh-2"));
    // Spent elsewhere: a login is needed, and says so.
    let spent = stored.replace("refresh-3", "refresh-1");
    store
        .0
        .lock()
        .unwrap()
        .values_mut()
        .for_each(|value| *value = spent.clone().into_bytes());
    let last = authorizer(&server, &store, pinned, later);
    let token = last.token().await.unwrap();
    let next = last.refused(401, None, Some(&token)).await;
    assert!(matches!(next, Next::Failed(OAuthError::LoginNeeded { .. })), "{next:?}");
}

#[tokio::test]
async fn the_place_that_the_challenge_names_counts() {
    let issuer = authorization_server(Manners::default());
    let named = issuer.base.clone();
    let server = serve(move |request, base| match request.path() {
        "/elsewhere" => {
            let document = json!({"resource": format!("{base}/"), "authorization_servers": [named]});
            (200, String::new(), document.to_string())
        }
        _ => (404, String::new(), String::new()),
    });
    let store = Arc::new(Memory::default());
    let client = authorizer(&server, &store, None, early);
    let challenge = format!("Bearer resource_metadata=\"{}/elsewhere\", scope=\"a b\"", server.base);
    let found = client.discover(Some(&challenge)).await.unwrap();
    assert_eq!(
        (found.resource, found.scopes),
        (server.base.clone(), ["a", "b"].map(str::to_owned).into())
    );
    let gone = format!("Bearer resource_metadata=\"{}/gone\"", server.base);
    assert!(matches!(client.discover(Some(&gone)).await, Err(OAuthError::Document { .. })));
    // Without any metadata, the server's own origin is the issuer.
    assert_eq!(client.discover(None).await.unwrap().issuers, [server.base.clone()].into());
}

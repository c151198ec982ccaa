//! The parts without I/O.

use super::super::flow;
use super::super::metadata::{endpoint, issuer, issuer_name, issuer_places, read_issuer, read_resource, resource_places};
use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn all(places: Vec<Url>) -> Vec<String> {
    places.into_iter().map(String::from).collect()
}

#[test]
fn well_known_places_are_asked_in_order() {
    assert_eq!(
        all(resource_places(&url("https://h/a/mcp/?q=1"))),
        [
            "https://h/.well-known/oauth-protected-resource/a/mcp",
            "https://h/.well-known/oauth-protected-resource"
        ]
    );
    assert_eq!(
        all(resource_places(&url("https://h/"))),
        ["https://h/.well-known/oauth-protected-resource"]
    );
    assert_eq!(
        all(issuer_places(&url("https://h/t1"))),
        [
            "https://h/.well-known/oauth-authorization-server/t1",
            "https://h/.well-known/openid-configuration/t1",
            "https://h/t1/.well-known/openid-configuration"
        ]
    );
    assert_eq!(
        all(issuer_places(&url("https://h"))),
        [
            "https://h/.well-known/oauth-authorization-server",
            "https://h/.well-known/openid-configuration"
        ]
    );
}

#[test]
fn a_resource_covers_whole_parts_of_a_path() {
    let read = |resource: &str, server: &str| {
        let document = json!({"resource": resource, "authorization_servers": ["https://a"]}).to_string();
        read_resource(document.as_bytes(), &url(server)).map(|found| found.resource)
    };
    for resource in ["https://h/mcp/x", "https://h/mcp", "https://h/mcp/", "https://h", "https://H:443/"] {
        assert!(read(resource, "https://h/mcp/x").is_ok(), "{resource}");
    }
    for resource in [
        "https://h/mc",
        "https://h/mcp/xy",
        "https://h/mcp/x/y",
        "http://h/mcp/x",
        "https://h:444/mcp/x",
        "https://h.evil/mcp/x",
        "https://h/mcp/x#y",
    ] {
        assert!(
            matches!(read(resource, "https://h/mcp/x"), Err(OAuthError::Resource { .. })),
            "{resource}"
        );
    }
    assert!(matches!(read("nothing", "https://h/"), Err(OAuthError::Document { .. })));
    let twice = br#"{"resource":"https://h","resource":"https://evil","authorization_servers":["https://a"]}"#;
    assert!(matches!(read_resource(twice, &url("https://h/")), Err(OAuthError::Document { .. })));
    assert!(read_resource(br#"{"resource":"https://h","authorization_servers":[]}"#, &url("https://h/")).is_err());
}

#[test]
fn an_issuer_has_one_spelling() {
    assert_eq!(issuer_name(&issuer("https://A.example/").unwrap()), "https://a.example");
    assert_eq!(issuer_name(&issuer("https://a.example/t/").unwrap()), "https://a.example/t/");
    for text in ["https://a/?x", "https://a/#x", "https://u@a/", "file:///a", "a"] {
        assert!(issuer(text).is_err(), "{text}");
    }
    let document = |issuer: &str| {
        let text = json!({"issuer": issuer, "authorization_endpoint": "https://a/x", "token_endpoint": "https://a/y",
            "code_challenge_methods_supported": ["S256"]});
        read_issuer(text.to_string().as_bytes(), &url("https://a/t"))
    };
    assert!(document("https://a/t").is_ok());
    for other in ["https://a/t/", "https://a", "https://a/T", "http://a/t", "https://a/t?", ""] {
        assert!(matches!(document(other), Err(OAuthError::Issuer { .. })), "{other}");
    }
}

#[test]
fn only_plain_web_addresses_are_opened() {
    for text in [
        "https://a.example/authorize",
        "https://a.example:8443/x?tenant=1&a=b",
        "http://127.0.0.1:1/x",
    ] {
        assert!(endpoint("x", text).is_ok(), "{text}");
    }
    for text in [
        "javascript:alert(1)",
        "JAVASCRIPT://a/%0aalert(1)",
        "file:///bin/sh",
        "data:text/html,x",
        "ms-settings://x",
        "https://a/\"&calc\"",
        "https://a/ b",
        "https://a/|x",
        "https://a/\nx",
        "https://a/x;y",
        "https://u:p@a/",
        "https://a\\b/",
        "-Wfile",
        "//a/b",
        "",
    ] {
        assert!(matches!(endpoint("x", text), Err(OAuthError::Endpoint { .. })), "{text}");
    }
    assert!(endpoint("x", &format!("https://a/{}", "a".repeat(3000))).is_err());
}

#[test]
fn tokens_that_no_header_may_have_are_refused() {
    let read = |body: Value| flow::read_token(200, body.to_string().as_bytes(), "https://a", early());
    let good = read(json!({"access_token": "a", "token_type": "Bearer", "expires_in": "3600"})).unwrap();
    assert_eq!(good.until.unwrap().as_second(), early().as_second() + 3570);
    assert!(
        read(json!({"access_token": "a", "token_type": "bearer", "expires_in": -1}))
            .unwrap()
            .until
            .is_none()
    );
    for body in [
        json!({"access_token": "a\r\nX: y", "token_type": "bearer"}),
        json!({"access_token": "", "token_type": "bearer"}),
        json!({"access_token": "a", "token_type": "dpop"}),
        json!({"access_token": "a"}),
        json!({"token_type": "bearer"}),
        json!({"access_token": "a".repeat(20_000), "token_type": "bearer"}),
    ] {
        assert!(matches!(read(body), Err(OAuthError::Document { .. })));
    }
    let refused = flow::read_token(400, br#"{"error":"bad\u001b[31m"}"#, "https://a", early())
        .map(|_| ())
        .unwrap_err();
    assert!(!refused.to_string().contains('\u{1b}'));
}

#[test]
fn a_secret_client_shows_itself_as_registered() {
    let read = |body: Value| flow::read_registration(body.to_string().as_bytes()).unwrap();
    let basic = read(json!({"client_id": "a b", "client_secret": "s+"}));
    let request = flow::TokenRequest::refresh("r", &basic, "https://h");
    assert_eq!(request.basic, Some(("a+b".to_owned(), "s%2B".to_owned())));
    assert!(!request.form.contains("client_"));
    let post = read(json!({"client_id": "a", "client_secret": "s", "token_endpoint_auth_method": "client_secret_post"}));
    assert_eq!(
        pairs(&flow::TokenRequest::refresh("r", &post, "https://h").form)["client_secret"],
        "s"
    );
    let none = read(json!({"client_id": "a", "client_secret": "s", "token_endpoint_auth_method": "none"}));
    assert!(!flow::TokenRequest::refresh("r", &none, "https://h").form.contains("secret"));
    assert!(flow::read_registration(br#"{"client_id":"a","token_endpoint_auth_method":"private_key_jwt"}"#).is_err());
}

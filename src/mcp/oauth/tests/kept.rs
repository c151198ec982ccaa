//! What is stored, refreshed and proven, in the places where a wrong line would go unseen otherwise.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::flow::{Question, read_token};
use super::super::listener::Listener;
use super::super::metadata::read_issuer;
use super::*;

/// A store with a login, made at `issuer` without a pin; gives the server too.
async fn logged_in(issuer: &Host) -> (Host, Arc<Memory>) {
    let server = resource_server(json!([issuer.base]), Vec::new());
    let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
    let first = authorizer(&server, &store, None, early);
    first.login(None, &|url: &Url| browser.open(url)).await.unwrap();
    (server, store)
}

fn lasting() -> Manners {
    Manners {
        lasts: 3600,
        ..Manners::default()
    }
}

fn stored(store: &Memory) -> String {
    String::from_utf8(store.0.lock().unwrap().values().next().unwrap().clone()).unwrap()
}

fn edit(store: &Memory, from: &str, to: &str) {
    let text = stored(store);
    assert!(text.contains(from), "{text}");
    let other = text.replace(from, to).into_bytes();
    store.0.lock().unwrap().values_mut().for_each(|value| value.clone_from(&other));
}

/// A token endpoint that answers everything with this.
fn granting(answer: Value) -> Host {
    serve(move |_, _| (200, String::new(), answer.to_string()))
}

#[tokio::test]
async fn what_the_browser_sees_proves_nothing_at_the_token_endpoint() {
    let issuer = authorization_server(lasting());
    let server = resource_server(json!([issuer.base]), Vec::new());
    let (store, browser) = (Arc::new(Memory::default()), FakeBrowser::default());
    let client = authorizer(&server, &store, None, early);
    client.login(None, &|url: &Url| browser.open(url)).await.unwrap();
    let asked = pairs(browser.0.lock().unwrap()[0].query().unwrap());
    let seen = issuer.seen.lock().unwrap();
    let redeemed = seen.iter().find(|request| request.path() == "/token").unwrap().form();
    let verifier = &redeemed["code_verifier"];
    assert!(asked.values().all(|value| value != verifier), "{asked:?}");
    assert_ne!(asked["state"], asked["code_challenge"]);
    assert_eq!(redeemed["redirect_uri"], asked["redirect_uri"]);
}

#[test]
fn an_answer_that_says_something_twice_is_none() {
    let document = metadata(&Manners::default(), "https://login.example");
    let at = read_issuer(document.to_string().as_bytes(), &Url::parse("https://login.example").unwrap()).unwrap();
    let question = Question::new(&[7; 64], "http://127.0.0.1:1/callback".into());
    let state = format!("state={}", question.state);
    let answer = |query: &str| question.answer(&format!("{state}&iss=https://login.example&{query}"), &at);
    assert_eq!(answer("code=good").unwrap(), "good");
    for query in [
        "code=good&code=evil",
        "code=good&state=x",
        "code=good&iss=https://evil.example",
        "code=a&error=b&error=c",
    ] {
        assert!(matches!(answer(query), Err(OAuthError::State)), "{query}");
    }
    // The state is that of this question.
    let other = Question::new(&[8; 64], "http://127.0.0.1:1/callback".into());
    assert!(matches!(other.answer(&format!("{state}&code=good"), &at), Err(OAuthError::State)));
}

#[tokio::test]
async fn metadata_that_cannot_be_had_is_not_metadata_that_is_not_there() {
    for status in [500, 503, 429] {
        let server = serve(move |_, _| (status, String::new(), String::new()));
        let client = authorizer(&server, &Arc::new(Memory::default()), None, early);
        let found = client.discover(None).await;
        assert!(matches!(found, Err(OAuthError::Ask { .. })), "{status}: {found:?}");
    }
}

#[tokio::test]
async fn a_stored_grant_of_more_than_the_pin_is_not_used() {
    let issuer = authorization_server(Manners {
        grants: Some("read write"),
        ..lasting()
    });
    let (server, store) = logged_in(&issuer).await;
    let narrow = authorizer(&server, &store, pin(&[&issuer.base], &["read"]), early);
    let error = narrow.token().await.unwrap_err();
    let wanted = ["write".to_owned()].into();
    assert_eq!(error, OAuthError::ScopeGrew { wanted });
    let wide = authorizer(&server, &store, pin(&[&issuer.base], &["read", "write"]), early);
    assert!(wide.token().await.is_ok());
}

#[tokio::test]
async fn a_grant_of_another_client_is_not_used() {
    let issuer = authorization_server(lasting());
    let (server, store) = logged_in(&issuer).await;
    let of = |id: &str| {
        let client = Registered {
            id: id.to_owned(),
            ..Registered::default()
        };
        authorizer(&server, &store, None, early).registered(Some(client))
    };
    assert!(of("client-1").token().await.is_ok());
    let error = of("client-2").token().await.unwrap_err();
    assert!(matches!(error, OAuthError::LoginNeeded { .. }), "{error}");
}

#[tokio::test]
async fn a_refresh_grants_no_more_than_the_login_did() {
    let issuer = authorization_server(lasting());
    let (server, store) = logged_in(&issuer).await;
    let wider = granting(json!({"access_token": "new", "token_type": "bearer", "scope": "read write"}));
    edit(&store, &format!("{}/token", issuer.base), &format!("{}/token", wider.base));
    let error = authorizer(&server, &store, None, later).token().await.unwrap_err();
    let wanted = ["write".to_owned()].into();
    assert_eq!(error, OAuthError::ScopeGrew { wanted });
    assert!(!stored(&store).contains("\"new\""), "what was refused is not kept");
}

#[tokio::test]
async fn a_refresh_token_that_is_not_rotated_stays() {
    let issuer = authorization_server(lasting());
    let (server, store) = logged_in(&issuer).await;
    let plain = granting(json!({"access_token": "new", "token_type": "bearer", "expires_in": 3600}));
    edit(&store, &format!("{}/token", issuer.base), &format!("{}/token", plain.base));
    authorizer(&server, &store, None, later).token().await.unwrap();
    assert!(stored(&store).contains("refresh-1") && stored(&store).contains("\"new\""));
    let asked = plain.seen.lock().unwrap()[0].form();
    assert_eq!((&*asked["grant_type"], &*asked["refresh_token"]), ("refresh_token", "refresh-1"));
    assert_eq!(asked["resource"], format!("{}/mcp", server.base));
}

#[test]
fn a_refusal_that_holds_a_token_is_a_refusal() {
    let body = br#"{"access_token":"a","token_type":"bearer"}"#;
    assert!(read_token(200, body, "https://a", early()).is_ok());
    for status in [201, 302, 400, 500] {
        let read = read_token(status, body, "https://a", early());
        assert!(matches!(read, Err(OAuthError::Denied { .. })), "{status}");
    }
}

/// Counts how often other processes were held off.
#[derive(Default)]
struct Counting(Memory, AtomicUsize);

impl TokenStore for Counting {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.0.load(key)
    }

    fn save(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        assert!(self.1.load(Ordering::SeqCst) > 0, "saved while others could");
        self.0.save(key, bytes)
    }

    fn forget(&self, key: &str) -> Result<(), String> {
        self.0.forget(key)
    }

    fn hold(&self, key: &str) -> Result<Box<dyn Any + Send>, String> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.hold(key)
    }
}

#[tokio::test]
async fn others_are_held_off_while_a_token_is_fetched() {
    let issuer = authorization_server(lasting());
    let (server, memory) = logged_in(&issuer).await;
    let store = Arc::new(Counting::default());
    for (key, bytes) in memory.0.lock().unwrap().iter() {
        store.0.save(key, bytes).unwrap();
    }
    let url = Url::parse(&format!("{}/mcp", server.base)).unwrap();
    let client = Authorizer::new(network(), Arc::clone(&store) as Arc<dyn TokenStore>, url, None, later);
    client.token().await.unwrap();
    assert_eq!(store.1.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_browser_comes_back_to_the_registered_port_of_this_machine_alone() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listener = Listener::open(Some(free)).await.unwrap();
    assert_eq!(listener.redirect(), format!("http://127.0.0.1:{free}/callback"));
    assert!(listener.address().unwrap().ip().is_loopback());
    assert!(
        Listener::open(Some(free)).await.is_err(),
        "a port that is taken is not replaced by another"
    );
}

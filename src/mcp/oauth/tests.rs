//! An honest and a hostile authorization server on loopback, and a browser that follows what it is
//! told.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex as Lock;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::net::remote::{Permitted, RemoteOptions};

mod honest;
mod hostile;
mod kept;
mod pure;

/// A request as a host saw it.
#[derive(Clone, Debug)]
struct Seen {
    target: String,
    #[expect(dead_code, reason = "searched for secrets through `Debug`")]
    head: String,
    body: String,
}

impl Seen {
    fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    fn form(&self) -> BTreeMap<String, String> {
        pairs(&self.body)
    }
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    let url = Url::parse(&format!("http://h/?{query}")).unwrap();
    url.query_pairs().into_owned().collect()
}

struct Host {
    base: String,
    seen: Arc<Lock<Vec<Seen>>>,
}

type Reply = (u16, String, String);

/// Serves on a free port; `answer` is handed the request and the host's own origin.
fn serve(answer: impl Fn(&Seen, &str) -> Reply + Send + 'static) -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Lock<Vec<Seen>>>::default();
    let (own, log) = (base.clone(), Arc::clone(&seen));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(request) = read_request(&mut stream) else { continue };
            log.lock().unwrap().push(request.clone());
            let (status, headers, body) = answer(&request, &own);
            let text = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(text.as_bytes());
        }
    });
    Host { base, seen }
}

fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(Seen {
        target: head.split(' ').nth(1)?.to_owned(),
        head,
        body: String::from_utf8(body).unwrap(),
    })
}

/// What a browser does with an address: gives the status, and where it is sent next.
fn visit(url: &Url) -> (u16, Option<String>) {
    let mut stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    let target = format!("{}?{}", url.path(), url.query().unwrap());
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    (status, location.map(str::to_owned))
}

/// How the authorization server behaves; the default is honest.
#[derive(Clone, Default)]
struct Manners {
    /// Members of its metadata that are set otherwise; `Null` takes one away.
    metadata: Vec<(&'static str, Value)>,
    /// Parameters of the browser's answer that are set otherwise; an empty value takes one away.
    answer: Vec<(&'static str, String)>,
    /// Where the token endpoint redirects to.
    token_redirect: Option<String>,
    /// The scopes that it grants.
    grants: Option<&'static str>,
    /// Seconds that a token lasts.
    lasts: i64,
}

#[derive(Default)]
struct Issued {
    challenge: String,
    count: usize,
    refresh: String,
}

fn authorization_server(manners: Manners) -> Host {
    let issued = Lock::new(Issued::default());
    serve(move |request, base| {
        let mut issued = issued.lock().unwrap();
        match request.path() {
            "/.well-known/oauth-authorization-server" => (200, String::new(), metadata(&manners, base).to_string()),
            "/register" => {
                let asked: Value = serde_json::from_str(&request.body).unwrap();
                assert_eq!(asked["token_endpoint_auth_method"], "none");
                (
                    201,
                    String::new(),
                    json!({"client_id": "client-1", "redirect_uris": asked["redirect_uris"]}).to_string(),
                )
            }
            "/authorize" => {
                let asked = pairs(request.target.split_once('?').unwrap().1);
                assert_eq!((&*asked["code_challenge_method"], &*asked["response_type"]), ("S256", "code"));
                issued.challenge.clone_from(&asked["code_challenge"]);
                let mut answer: BTreeMap<&str, String> = [
                    ("code", "the-code".to_owned()),
                    ("state", asked["state"].clone()),
                    ("iss", base.to_owned()),
                ]
                .into();
                answer.extend(manners.answer.clone());
                answer.retain(|_, value| !value.is_empty());
                let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
                back.query_pairs_mut().extend_pairs(answer);
                (302, format!("location: {back}\r\n"), String::new())
            }
            "/token" => token(&manners, &mut issued, &request.form()),
            _ => (404, String::new(), String::new()),
        }
    })
}

fn metadata(manners: &Manners, base: &str) -> Value {
    let mut document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "registration_endpoint": format!("{base}/register"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    for (member, value) in &manners.metadata {
        document[member] = value.clone();
    }
    document.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    document
}

fn token(manners: &Manners, issued: &mut Issued, form: &BTreeMap<String, String>) -> Reply {
    if let Some(to) = &manners.token_redirect {
        return (307, format!("location: {to}\r\n"), String::new());
    }
    let refused = |word: &str| (400, String::new(), json!({ "error": word }).to_string());
    if !form["resource"].ends_with("/mcp") || form["client_id"] != "client-1" {
        return refused("invalid_target");
    }
    let proven = match &*form["grant_type"] {
        "authorization_code" => {
            let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
            form["code"] == "the-code" && hash == issued.challenge && form["code_verifier"].len() >= 43
        }
        "refresh_token" => form["refresh_token"] == issued.refresh,
        _ => false,
    };
    if !proven {
        return refused("invalid_grant");
    }
    issued.count += 1;
    issued.refresh = format!("refresh-{}", issued.count);
    let mut answer = json!({
        "access_token": format!("access-{}", issued.count),
        "token_type": "bearer",
        "refresh_token": issued.refresh,
        "expires_in": manners.lasts,
    });
    if let Some(scopes) = manners.grants {
        answer["scope"] = scopes.into();
    }
    (200, String::new(), answer.to_string())
}

/// An MCP server whose metadata names `issuers`; `members` are set into it.
fn resource_server(issuers: Value, members: Vec<(&'static str, Value)>) -> Host {
    serve(move |request, base| match request.path() {
        "/.well-known/oauth-protected-resource/mcp" => {
            let mut document = json!({
                "resource": format!("{base}/mcp"),
                "authorization_servers": issuers,
                "scopes_supported": ["read"],
            });
            for (member, value) in &members {
                document[member] = value.clone();
            }
            (200, String::new(), document.to_string())
        }
        _ => (401, String::new(), String::new()),
    })
}

/// A store in memory.
#[derive(Default)]
struct Memory(Lock<BTreeMap<String, Vec<u8>>>);

impl TokenStore for Memory {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    fn save(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        self.0.lock().unwrap().insert(key.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn forget(&self, key: &str) -> Result<(), String> {
        self.0.lock().unwrap().remove(key);
        Ok(())
    }

    fn hold(&self, _: &str) -> Result<Box<dyn Any + Send>, String> {
        Ok(Box::new(()))
    }
}

/// One second after 2026 began.
fn early() -> Timestamp {
    Timestamp::from_second(1_767_225_601).unwrap()
}

/// Two hours later.
fn later() -> Timestamp {
    Timestamp::from_second(1_767_232_801).unwrap()
}

fn network() -> RemoteNetwork {
    RemoteNetwork::new(&RemoteOptions {
        permitted: Permitted {
            this_machine: true,
            ..Permitted::default()
        },
        ..RemoteOptions::default()
    })
    .unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "as it is handed in")]
fn pin(issuers: &[&str], scopes: &[&str]) -> Option<IssuerPin> {
    let set = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    Some(IssuerPin {
        issuers: set(issuers),
        scopes: set(scopes),
    })
}

fn authorizer(server: &Host, store: &Arc<Memory>, pinned: Option<IssuerPin>, now: fn() -> Timestamp) -> Authorizer {
    let url = Url::parse(&format!("{}/mcp", server.base)).unwrap();
    Authorizer::new(network(), Arc::clone(store) as Arc<dyn TokenStore>, url, pinned, now)
}

/// Counts how often it was opened, and follows redirects to the end.
#[derive(Default, Clone)]
struct FakeBrowser(Arc<Lock<Vec<Url>>>);

impl FakeBrowser {
    #[expect(clippy::unnecessary_wraps, reason = "as a browser answers")]
    fn open(&self, url: &Url) -> Result<(), String> {
        self.0.lock().unwrap().push(url.clone());
        let url = url.clone();
        thread::spawn(move || {
            let (_, back) = visit(&url);
            visit(&Url::parse(&back.unwrap()).unwrap());
        });
        Ok(())
    }

    fn times(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

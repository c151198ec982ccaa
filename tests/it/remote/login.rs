//! Logging in at a remote server: who is asked, where the token goes, and what the pin holds.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::server::{Manners, Server};
use super::{answer, honest, run};
use crate::harness::Machine;
use crate::terminal::{Seen, at_terminal_with};

/// An honest authorization server; gives its address.
pub fn authorization_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let address = base.clone();
    std::thread::spawn(move || {
        let mut challenge = String::new();
        for mut stream in listener.incoming().flatten() {
            let Some((target, body)) = request(&mut stream) else { continue };
            let (status, more, text) = reply(&base, &target, &body, &mut challenge);
            let length = text.len();
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n");
            let _ = write!(stream, "{head}{more}\r\n{text}");
        }
    });
    address
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut piece).ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some((head.split(' ').nth(1)?.to_owned(), body.to_owned()));
        }
    }
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn reply(base: &str, target: &str, body: &str, challenge: &mut String) -> (u16, String, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let json = |value: Value| (200, String::new(), value.to_string());
    match path {
        "/.well-known/oauth-authorization-server" => json(json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "registration_endpoint": format!("{base}/register"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        })),
        "/register" => json(json!({"client_id": "client-1"})),
        "/authorize" => {
            let asked = pairs(query);
            challenge.clone_from(&asked["code_challenge"]);
            let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
            back.query_pairs_mut()
                .append_pair("code", "the-code")
                .append_pair("state", &asked["state"])
                .append_pair("iss", base);
            (302, format!("location: {back}\r\n"), String::new())
        }
        "/token" => {
            let form = pairs(body);
            let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
            assert_eq!((&*form["code"], &proof), ("the-code", &*challenge));
            assert!(form["resource"].ends_with("/mcp"));
            json(json!({"access_token": "access-1", "token_type": "Bearer", "expires_in": 3600, "scope": "read"}))
        }
        _ => (404, String::new(), String::new()),
    }
}

/// What a browser does with an address; where it is sent next.
fn visit(url: &Url) -> Option<Url> {
    let mut stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    let (path, query, host) = (url.path(), url.query().unwrap_or_default(), url.authority());
    write!(stream, "GET {path}?{query} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    location.map(|to| to.parse().unwrap())
}

/// A person who types `keys` and logs in where the screen says.
fn log_in(machine: &Machine, keys: &str) -> Option<Seen> {
    let mut visited = false;
    at_terminal_with(machine, &["login", "far", "--no-browser"], keys, |screen| {
        let mut lines = screen.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let Some(line) = lines.find_map(|line| line.split_once("log in here: ")) else {
            return;
        };
        if !std::mem::replace(&mut visited, true) {
            let back = visit(&line.1.trim().parse().unwrap()).unwrap();
            assert_eq!(visit(&back), None);
        }
    })
}

pub fn wanting(issuer: &str) -> Manners {
    Manners {
        issuer: Some(issuer.to_owned()),
        ..honest()
    }
}

fn entry(machine: &Machine) -> Value {
    let lock: Value = serde_json::from_str(&machine.read("mcp-pin.lock")).unwrap();
    lock["servers"]["far"]["remote"].clone()
}

/// Locked before the login, logged in, and pinned whole.
fn pinned(server: &Server) -> Option<Machine> {
    let machine = Machine::new();
    super::install(&machine, server, &[]).exits(2).says("mcp-pin login far");
    super::install(&machine, server, &["--no-probe"]).exits(0);
    assert!(entry(&machine).get("issuers").is_none());
    log_in(&machine, "y\n")?
        .exits(0)
        .asks("wants a login at http://127.0.0.1")
        .asks("read");
    let seen = at_terminal_with(&machine, &["update", "far"], "y\ny\ny\n", |_| {})?;
    seen.exits(0).asks("takes tokens of");
    Some(machine)
}

#[test]
fn a_login_is_pinned_kept_and_shown_to_its_server_alone() {
    let (issuer, other) = (authorization_server(), authorization_server());
    let thief = Server::start(honest());
    let server = Server::start(wanting(&issuer));
    let Some(machine) = pinned(&server) else { return };
    assert_eq!(entry(&machine)["issuers"], json!([issuer]));
    assert_eq!(entry(&machine)["scopes"], json!(["read"]));
    assert_eq!(super::tools(&machine), ["legacy look"]);

    let folder = machine.store().join("tokens");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
    let token = files
        .iter()
        .find(|file| file.path().extension().is_some_and(|end| end == "json"))
        .unwrap();
    assert_eq!(token.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(token.path()).unwrap().contains("access-1"));
    for name in ["mcp-pin.lock", "mcp-pin.toml"] {
        assert!(!machine.read(name).contains("access-1"), "{name}");
    }
    machine.run(&["verify"]).exits(0).never_says("access-1");

    // A client is served with it.
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}});
    let (heard, status) = run(&machine, std::slice::from_ref(&list));
    assert_eq!(
        (&answer(&heard, 1)["result"]["serverInfo"]["name"], status),
        (&json!("remote-fake"), 0)
    );

    // It follows no redirect.
    for status in [307, 308] {
        server.turn(|manners| manners.redirect = Some((status, thief.url())));
        machine.run(&["verify"]).exits(2);
        run(&machine, std::slice::from_ref(&list));
    }
    assert!(thief.seen().is_empty(), "{:?}", thief.seen());
    server.turn(|manners| *manners = wanting(&issuer));

    // Another authorization server: found at once, and nobody is sent there.
    server.turn(|manners| manners.issuer = Some(other.clone()));
    // The word diff may cut the address before its port.
    let port = other.rsplit(':').next().unwrap();
    machine.run(&["verify"]).exits(1).says("another authorization server").says(port);
    server.turn(|manners| manners.revoked = true);
    machine.run(&["verify"]).exits(1).says("another authorization server");
    let seen = log_in(&machine, "y\n").unwrap();
    assert_eq!(seen.status, 1, "{}", seen.screen);
    assert!(seen.screen.contains("now names the authorization server"), "{}", seen.screen);
    assert!(!seen.screen.contains("log in here"), "{}", seen.screen);

    // Without a login it is no pass, and no finding either.
    server.turn(|manners| *manners = wanting(&issuer));
    machine.run(&["verify"]).exits(0);
    machine.run(&["logout", "far"]).exits(0);
    machine.run(&["verify"]).exits(2).says("mcp-pin login far");
    let (heard, _) = run(&machine, &[list]);
    let message = answer(&heard, 1)["error"]["message"].as_str().unwrap();
    assert!(message.contains("mcp-pin login far"), "{message}");
    // What it shows to everybody is not what it shows to whoever is logged in, even where the two are equal.
    server.turn(|manners| manners.open = true);
    let ran = machine.run(&["verify"]).exits(2);
    ran.says("it was taken with a login, and there is none").says("mcp-pin login far");
}

#[test]
fn an_approved_change_of_the_issuer_is_the_pin() {
    let (issuer, other) = (authorization_server(), authorization_server());
    let server = Server::start(wanting(&issuer));
    let Some(machine) = pinned(&server) else { return };
    server.turn(|manners| {
        manners.issuer = Some(other.clone());
        manners.revoked = true;
    });
    machine.run(&["logout", "far"]).exits(0);
    let found = machine.run(&["verify"]).exits(1).says("another authorization server").stdout;
    let fingerprint = found.split("fingerprint ").nth(1).unwrap().split_whitespace().next().unwrap();
    machine.allow_accept();
    let accepted = machine.run(&["approve", "far", "--accept", fingerprint]);
    accepted.exits(0);
    assert_eq!(entry(&machine)["issuers"], json!([other]));
    server.turn(|manners| manners.revoked = false);
    log_in(&machine, "").unwrap().exits(0);
    machine.run(&["verify"]).exits(0);
}

#[test]
fn nobody_logs_in_without_saying_so() {
    let server = Server::start(wanting(&authorization_server()));
    let machine = Machine::new();
    super::install(&machine, &server, &["--no-probe"]).exits(0);
    let before = server.seen().len();
    assert_eq!(before, 0, "nothing is asked where nothing is to be read: {:?}", server.seen());
    let Some(seen) = log_in(&machine, "n\n") else { return };
    let seen = seen.exits(2);
    assert!(!seen.screen.contains("log in here"), "{}", seen.screen);
    // Somebody else's entry sends nobody to a login page.
    let mine = Machine::new();
    mine.clone_project(&machine);
    let before = server.seen().len();
    let ran = mine.run(&["login", "far", "--no-browser"]);
    assert_ne!(ran.status, 0);
    assert_eq!(server.seen().len(), before);
}

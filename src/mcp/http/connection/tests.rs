//! One connection with a server that answers as the test says.

use std::any::Any;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::json;

use super::*;
use crate::mcp::oauth::TokenStore;
use crate::model::RemoteSettings;

const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
const SHAKEN: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25"}}"#;
const LISTED: &str = r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}"#;

type Heads = Arc<Mutex<Vec<String>>>;

/// Answers the n-th request with the n-th answer (status, headers, body), the last one for ever. `HOST` in a
/// body is the server's own.
fn server(answers: Vec<(u16, &'static str, &'static str)>) -> (String, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let url = format!("http://{here}/mcp");
    let heads = Heads::default();
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            stream.read_exact(&mut vec![0; length.unwrap_or(0)]).unwrap();
            let mut heads = seen.lock().unwrap();
            let (status, headers, body) = answers[heads.len().min(answers.len() - 1)];
            heads.push(head);
            let body = body.replace("HOST", &here);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
            );
        }
    });
    (url, heads)
}

fn options(url: &str) -> Options {
    Options {
        network: NetworkOptions::default(),
        remote: Remote::new(url.parse().unwrap(), RemoteSettings::default()),
        values: BTreeMap::new(),
        mirrors: Mirrors::default(),
        terms: Terms {
            frame: 1_000,
            answer: Duration::from_secs(20),
            notice: Duration::from_secs(20),
            listen: false,
        },
        authorizer: None,
    }
}

/// Sends a question and gives what came of it, in one word or the frame.
async fn ask(connection: &mut Connection, frame: &str) -> String {
    connection.send(frame.as_bytes().to_vec()).await;
    heard(connection).await
}

async fn heard(connection: &mut Connection) -> String {
    let heard = tokio::time::timeout(Duration::from_secs(20), connection.next()).await;
    match heard.unwrap().unwrap() {
        Heard::Frame(frame) => String::from_utf8(frame).unwrap(),
        Heard::Failed { why, .. } => format!("{why:?}"),
    }
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn the_session_is_the_handshakes_and_no_other() {
    let (url, heads) = server(vec![
        (200, "content-type: application/json\r\nmcp-session-id: mine\r\n", SHAKEN),
        (200, "content-type: application/json\r\nmcp-session-id: stolen\r\n", LISTED),
        (200, JSON, LISTED),
        (200, JSON, SHAKEN),
    ]);
    let mut connection = Connection::new(options(&url)).unwrap();
    for frame in [HELLO, LIST, LIST, HELLO] {
        ask(&mut connection, frame).await;
    }
    let heads = heads.lock().unwrap();
    assert!(!heads[0].contains("mcp-session-id"));
    assert!(heads[1].contains("mcp-session-id: mine") && heads[2].contains("mcp-session-id: mine"));
    assert!(!heads[3].contains("mcp-session-id"), "a new handshake begins anew: {}", heads[3]);
}

#[tokio::test]
async fn a_session_that_ended_is_told_and_left() {
    let (url, heads) = server(vec![
        (200, "content-type: application/json\r\nmcp-session-id: mine\r\n", SHAKEN),
        (404, JSON, r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32001,"message":"gone"}}"#),
        (200, JSON, LISTED),
    ]);
    let mut connection = Connection::new(options(&url)).unwrap();
    ask(&mut connection, HELLO).await;
    assert_eq!(ask(&mut connection, LIST).await, "SessionEnded");
    assert_eq!(ask(&mut connection, LIST).await, LISTED);
    assert!(!heads.lock().unwrap()[2].contains("mcp-session-id"));
}

#[tokio::test]
async fn only_an_answer_to_the_question_is_one() {
    const OTHER: &str = r#"{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}"#;
    const OURS: &str = r#"{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"x"}}"#;
    for (answer, expected) in [
        ((200, "content-type: text/html\r\n", LISTED), "Kind"),
        ((200, "", LISTED), "Kind"),
        ((400, JSON, OTHER), "Status(400)"),
        ((400, JSON, LISTED), "Status(400)"),
        ((400, "content-type: text/html\r\n", OURS), "Status(400)"),
        ((400, JSON, OURS), OURS),
        ((401, JSON, OURS), "Unauthorized(401)"),
        ((403, JSON, OURS), "Unauthorized(403)"),
        ((200, JSON, LISTED), LISTED),
    ] {
        let (url, _) = server(vec![answer]);
        let mut connection = Connection::new(options(&url)).unwrap();
        assert_eq!(ask(&mut connection, LIST).await, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn one_message_is_one_line_of_bounded_length() {
    let (url, _) = server(vec![(200, JSON, "{\"jsonrpc\":\"2.0\",\r\n\"id\":2,\n\"result\":{}}")]);
    let mut connection = Connection::new(options(&url)).unwrap();
    assert_eq!(ask(&mut connection, LIST).await, "{\"jsonrpc\":\"2.0\",  \"id\":2, \"result\":{}}");
    let (url, _) = server(vec![(200, JSON, LISTED)]);
    let mut small = options(&url);
    small.terms.frame = LISTED.len() - 1;
    assert!(ask(&mut Connection::new(small).unwrap(), LIST).await.starts_with("TooLarge"));
}

#[tokio::test]
async fn a_stream_is_read_up_to_the_answer() {
    const STREAMED: &str = concat!(
        "event: advert\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"evil\":1}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n\n",
        "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n",
    );
    let (url, _) = server(vec![(200, "content-type: text/event-stream\r\n", STREAMED)]);
    let mut connection = Connection::new(options(&url)).unwrap();
    // What answers another question is the guard's to judge; what is no message is left out.
    assert_eq!(ask(&mut connection, LIST).await, r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
    assert_eq!(heard(&mut connection).await, r#"{"jsonrpc":"2.0","id":2,"result":{}}"#);
}

#[tokio::test]
async fn the_old_transport_posts_to_its_own_origin_alone() {
    const NAMED: [&str; 4] = [
        "event: endpoint\ndata: http://127.0.0.1:1/mcp\n\n",
        "event: endpoint\ndata: //evil.example/mcp\n\n",
        "event: endpoint\ndata: //user:hunter2@127.0.0.1/mcp\n\n",
        "event: endpoint\ndata: //user:hunter2@HOST/mcp\n\n",
    ];
    for named in NAMED {
        let (url, heads) = server(vec![(200, "content-type: text/event-stream\r\n", named)]);
        let mut old = options(&url);
        old.remote.settings.transport = RemoteTransport::Sse;
        let said = ask(&mut Connection::new(old).unwrap(), LIST).await;
        assert!(["ForeignEndpoint", "NoEndpoint"].contains(&&*said), "{named}: {said}");
        assert!(heads.lock().unwrap().iter().all(|head| head.starts_with("get ")), "{named}");
    }
}

#[tokio::test]
async fn a_private_address_needs_a_permission() {
    let far = options("https://10.255.255.1/mcp");
    assert!(Connection::new(far).is_err());
    let mut near = options("https://10.255.255.1/mcp");
    near.remote.settings.private = true;
    assert!(Connection::new(near).is_ok());
}

/// One login for whatever is asked.
struct Fixed(Vec<u8>);

impl TokenStore for Fixed {
    fn load(&self, _: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(Some(self.0.clone()))
    }

    fn save(&self, _: &str, _: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn forget(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn hold(&self, _: &str) -> Result<Box<dyn Any + Send>, String> {
        Ok(Box::new(()))
    }
}

#[tokio::test]
async fn the_users_own_header_goes_before_a_login_and_is_never_printed() {
    let (url, heads) = server(vec![(200, JSON, LISTED)]);
    let origin = url.trim_end_matches("/mcp");
    let grant = json!({
        "version": 1, "origin": origin, "resource": url, "issuer": origin, "token_endpoint": format!("{origin}/token"),
        "client": {"id": "c", "secret": null, "auth": "none"}, "access": "granted", "refresh": null, "until": null, "scopes": [],
    });
    let authorizer = |url: &str| {
        let network = RemoteNetwork::new(&RemoteOptions {
            permitted: Permitted {
                this_machine: true,
                ..Permitted::default()
            },
            ..RemoteOptions::default()
        });
        let store = Arc::new(Fixed(grant.to_string().into_bytes()));
        Arc::new(Authorizer::new(network.unwrap(), store, url.parse().unwrap(), None, || {
            jiff::Timestamp::UNIX_EPOCH
        }))
    };
    let mut plain = options(&url);
    plain.authorizer = Some(authorizer(&url));
    ask(&mut Connection::new(plain).unwrap(), LIST).await;
    let mut own = options(&url);
    own.authorizer = Some(authorizer(&url));
    let rule = crate::model::HeaderRule::new("Authorization", "Bearer ${TOKEN}").unwrap();
    own.remote = Remote::new(
        url.parse().unwrap(),
        RemoteSettings {
            headers: vec![rule],
            ..RemoteSettings::default()
        },
    );
    own.values.insert("TOKEN".into(), "hunter2".into());
    let mut connection = Connection::new(own).unwrap();
    assert!(!format!("{:?}", connection.inner.headers).contains("hunter2"));
    ask(&mut connection, LIST).await;
    let heads = heads.lock().unwrap();
    let sent = |head: &str| -> Vec<String> {
        let lines = head.lines().filter_map(|line| line.strip_prefix("authorization: "));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(sent(&heads[0]), ["bearer granted"]);
    assert_eq!(sent(&heads[1]), ["bearer hunter2"]);
}

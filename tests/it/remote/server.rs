//! A remote MCP server of the tests: both eras, JSON and event streams, and what a hostile one does.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// How it behaves. May be changed while it runs.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
pub struct Manners {
    /// Speaks 2026-07-28 as well.
    pub modern: bool,
    /// Answers with event streams.
    pub stream: bool,
    /// The description of its tool.
    pub description: String,
    /// Tools beside `look`.
    pub more: Vec<String>,
    /// Only with this `Authorization`.
    pub wants: Option<String>,
    /// Tools that are shown only with an `Authorization`.
    pub hidden: Vec<String>,
    /// Sends every request there.
    pub redirect: Option<(u16, String)>,
    /// An event without an end.
    pub endless: bool,
    /// Events without an end, none of them an answer.
    pub babble: bool,
    /// The old transport's endpoint event.
    pub endpoint: Option<String>,
    /// Wants a token of this authorization server.
    pub issuer: Option<String>,
    /// Answers those without a token as well.
    pub open: bool,
    /// Stands behind TLS, and knows it.
    pub secure: bool,
    /// Tokens that it does not take any more.
    pub revoked: bool,
    /// The session ends after so many requests in it.
    pub forgets: bool,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// A running server. It ends with the tests.
pub struct Server {
    pub port: u16,
    manners: Arc<Mutex<Manners>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Streams = Arc<Mutex<BTreeMap<u32, TcpStream>>>;

impl Server {
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self {
            port,
            manners: Arc::new(Mutex::new(manners)),
            seen: Arc::default(),
        };
        let (manners, seen) = (Arc::clone(&server.manners), Arc::clone(&server.seen));
        let streams = Streams::default();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (manners, seen, streams) = (Arc::clone(&manners), Arc::clone(&seen), Arc::clone(&streams));
                std::thread::spawn(move || serve(&stream, &manners, &seen, &streams));
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    pub fn turn(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap());
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&count| count > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|&count| count > 0)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen {
        method,
        path,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}

fn serve(stream: &TcpStream, manners: &Mutex<Manners>, seen: &Mutex<Vec<Seen>>, streams: &Streams) {
    static SESSIONS: AtomicU32 = AtomicU32::new(1);
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        seen.lock().unwrap().push(request.clone());
        let manners = manners.lock().unwrap().clone();
        if let Some((status, target)) = &manners.redirect {
            if respond(stream, *status, &[("location", target)], "").is_none() {
                return;
            }
            continue;
        }
        if manners.wants.is_some() && manners.wants.as_ref() != request.headers.get("authorization") {
            if respond(stream, 401, &[("www-authenticate", "Bearer")], "").is_none() {
                return;
            }
            continue;
        }
        if let Some(issuer) = &manners.issuer {
            match tokens(stream, &request, &manners, issuer) {
                Told::Nothing => {}
                Told::Instead(Some(())) => continue,
                Told::Instead(None) => return,
            }
        }
        if request.method == "GET" {
            let Some(endpoint) = &manners.endpoint else {
                if respond(stream, 405, &[], "").is_none() {
                    return;
                }
                continue;
            };
            let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
            let mut out = stream;
            let endpoint = endpoint.replace("{}", &number.to_string());
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            streams.lock().unwrap().insert(number, stream.try_clone().unwrap());
            let _ = write!(out, "{head}event: endpoint\ndata: {endpoint}\n\n");
            std::thread::sleep(Duration::from_secs(20));
            return;
        }
        if request.method == "DELETE" {
            respond(stream, 200, &[], "");
            continue;
        }
        if post(stream, &request, &manners, streams).is_none() {
            return;
        }
    }
}

/// What was answered in place of the surface; `None` in it where the client is gone.
enum Told {
    Nothing,
    Instead(Option<()>),
}

/// Answers what a server answers that hands out its surface to those with a token alone.
fn tokens(stream: &TcpStream, request: &Seen, manners: &Manners, issuer: &str) -> Told {
    const PLACE: &str = "/.well-known/oauth-protected-resource/mcp";
    let scheme = if manners.secure { "https" } else { "http" };
    let base = format!("{scheme}://{}", request.headers["host"]);
    if request.path == PLACE {
        let about = json!({"resource": format!("{base}/mcp"), "authorization_servers": [issuer], "scopes_supported": ["read"]});
        return Told::Instead(respond(stream, 200, &[], &about.to_string()));
    }
    let token = request.headers.get("authorization").filter(|_| !manners.revoked);
    if manners.open || token.is_some_and(|token| token.starts_with("Bearer access-")) {
        return Told::Nothing;
    }
    let wants = format!("Bearer resource_metadata=\"{base}{PLACE}\", scope=\"read\"");
    Told::Instead(respond(stream, 401, &[("www-authenticate", &wants)], ""))
}

fn post(stream: &TcpStream, request: &Seen, manners: &Manners, streams: &Streams) -> Option<()> {
    let message: Value = serde_json::from_str(&request.body).ok()?;
    let Some(id) = message.get("id") else {
        return respond(stream, 202, &[], "");
    };
    let method = message["method"].as_str().unwrap_or_default();
    if manners.endless || manners.babble {
        return flood(stream, manners.endless);
    }
    if method != "initialize" && manners.forgets && request.headers.contains_key("mcp-session-id") {
        return respond(stream, 404, &[], "");
    }
    let modern = request.headers.contains_key("mcp-method");
    let result = answer(method, &message, manners, modern, request.headers.contains_key("authorization"));
    let answer = match result {
        Some(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        None => json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no such method"}}),
    };
    if let Some((_, number)) = request.path.split_once("session=") {
        let streams = streams.lock().unwrap();
        let mut old = streams.get(&number.parse().ok()?)?;
        write!(old, "event: message\ndata: {answer}\n\n").ok()?;
        return respond(stream, 202, &[], "");
    }
    let session = if method == "initialize" {
        vec![("mcp-session-id", "the-session")]
    } else {
        Vec::new()
    };
    if manners.stream {
        let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}});
        // A JSON text over several lines, as events may have it.
        let pretty = format!("{answer:#}").replace('\n', "\ndata: ");
        let body = format!(": hello\n\ndata: {note}\n\nid: 1\nevent: message\ndata: {pretty}\n\n");
        return respond_as(stream, 200, "text/event-stream", &session, &body);
    }
    let status = if answer.get("error").is_some() && modern { 404 } else { 200 };
    respond(stream, status, &session, &format!("{answer:#}"))
}

fn answer(method: &str, message: &Value, manners: &Manners, modern: bool, authorized: bool) -> Option<Value> {
    let capabilities = json!({"tools": {}});
    let info = json!({"name": "remote-fake", "version": "1.0.0"});
    let tool = |name: &str, description: &str| json!({"name": name, "description": description, "inputSchema": {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}});
    let mut result = match method {
        "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": info}),
        "server/discover" if manners.modern => json!({"supportedVersions": ["2026-07-28"], "capabilities": capabilities}),
        "tools/list" => {
            let mut tools = vec![tool("look", &manners.description)];
            tools.extend(manners.more.iter().map(|name| tool(name, "one more")));
            if authorized {
                tools.extend(manners.hidden.iter().map(|name| tool(name, "for those who may")));
            }
            json!({"tools": tools})
        }
        "tools/call" => json!({"content": [{"type": "text", "text": format!("called {}", message["params"]["name"])}]}),
        _ => return None,
    };
    if modern {
        result["resultType"] = "complete".into();
        result["ttlMs"] = 0.into();
        result["cacheScope"] = "private".into();
    }
    Some(result)
}

fn flood(mut stream: &TcpStream, one_event: bool) -> Option<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let piece = if one_event {
        format!("data: {}", "x".repeat(1 << 16))
    } else {
        let note = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x".repeat(1 << 16)}});
        format!("data: {note}\n\n")
    };
    loop {
        stream.write_all(piece.as_bytes()).ok()?;
    }
}

fn respond(stream: &TcpStream, status: u16, headers: &[(&str, &str)], body: &str) -> Option<()> {
    respond_as(stream, status, "application/json", headers, body)
}

fn respond_as(mut stream: &TcpStream, status: u16, kind: &str, headers: &[(&str, &str)], body: &str) -> Option<()> {
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(stream, "{head}\r\n{body}").ok()
}

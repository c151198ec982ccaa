//! The address that the browser comes back to: a port of this machine that is open for one answer.
//!
//! The attacks: another page that sends a code of its own to the port (the state decides), a name
//! that resolves to this machine so that its page may read the answer (the `Host` must be the
//! address itself), a connection that is opened and left silent (each has its own time; browsers
//! do that too, so the others are heard meanwhile).

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::error::OAuthError;

const PATH: &str = "/callback";
const LONGEST_HEAD: usize = 32 * 1024;
const MOST_CONNECTIONS: usize = 32;
const PATIENCE: Duration = Duration::from_secs(20);

/// The open port. Closed when dropped.
pub(super) struct Listener {
    listener: TcpListener,
    port: u16,
}

impl Listener {
    /// Opens a port on 127.0.0.1: any that is free, or the one that was registered.
    pub(super) async fn open(port: Option<u16>) -> Result<Self, OAuthError> {
        let failed = |error: std::io::Error| OAuthError::Machine(format!("no port for the browser's answer could be opened: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0))).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port })
    }

    /// The redirect address, as registered.
    pub(super) fn redirect(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// What it listens on.
    #[cfg(test)]
    pub(super) fn address(&self) -> std::io::Result<std::net::SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for the browser, and reads the first answer with `read`: right or wrong, it is the
    /// only one.
    pub(super) async fn answer<T>(self, patience: Duration, read: impl Fn(&str) -> Result<T, OAuthError> + Sync) -> Result<T, OAuthError> {
        timeout(patience, self.first(read)).await.map_err(|_| OAuthError::TimedOut)?
    }

    async fn first<T>(self, read: impl Fn(&str) -> Result<T, OAuthError> + Sync) -> Result<T, OAuthError> {
        let host = format!("127.0.0.1:{}", self.port);
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if open.len() < MOST_CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        open.push(timeout(PATIENCE, heard(stream, &host)));
                    }
                }
                Some(heard) = open.next(), if !open.is_empty() => {
                    let Ok(Some((mut stream, query))) = heard else { continue };
                    let answer = read(&query);
                    let text = match &answer {
                        Ok(_) => "mcp-pin has the answer. You can close this page.",
                        Err(_) => "mcp-pin did not take this answer: the terminal says why.",
                    };
                    let _ = timeout(PATIENCE, reply(&mut stream, "200 OK", text)).await;
                    return answer;
                }
            }
        }
    }
}

/// Reads one request; gives its query where it is for us, and sends it off where it is not.
async fn heard(mut stream: TcpStream, host: &str) -> Option<(TcpStream, String)> {
    let mut head = Vec::new();
    let mut piece = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut piece).await.ok()?;
        head.extend_from_slice(piece.get(..count)?);
        if count == 0 || head.len() > LONGEST_HEAD {
            return None;
        }
    }
    if let Some(query) = query_of(&String::from_utf8(head).ok()?, host) {
        return Some((stream, query));
    }
    reply(&mut stream, "404 Not Found", "There is nothing here.").await;
    None
}

/// The query of a request for our path at our address.
fn query_of(head: &str, host: &str) -> Option<String> {
    let mut lines = head.split("\r\n");
    let target = lines.next()?.strip_prefix("GET ")?.split(' ').next()?;
    let (path, query) = target.split_once('?')?;
    let mut hosts = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    let ours = hosts.next() == Some(host) && hosts.next().is_none();
    (path == PATH && ours).then(|| query.to_owned())
}

async fn reply(stream: &mut TcpStream, status: &str, text: &str) {
    let body = format!("<!doctype html><meta charset=\"utf-8\"><title>mcp-pin</title><p>{text}</p>\n");
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\ncontent-security-policy: default-src 'none'\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_path_at_our_address_is_heard() {
        let host = "127.0.0.1:4000";
        let get = |target: &str, host: &str| format!("GET {target} HTTP/1.1\r\nAccept: */*\r\nHost: {host}\r\n\r\n");
        assert_eq!(query_of(&get("/callback?a=b", host), host).as_deref(), Some("a=b"));
        for (target, at) in [
            ("/callback", host),
            ("/favicon.ico?a=b", host),
            ("/callback?a=b", "evil.example:4000"),
            ("/callback?a=b", "localhost:4000"),
        ] {
            assert_eq!(query_of(&get(target, at), host), None, "{target} {at}");
        }
        assert_eq!(query_of("POST /callback?a=b HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n\r\n", host), None);
        let twice = "GET /callback?a=b HTTP/1.1\r\nHost: 127.0.0.1:4000\r\nHost: evil\r\n\r\n";
        assert_eq!(query_of(twice, host), None);
    }
}

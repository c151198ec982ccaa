//! As much of HTTP as package indexes speak.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::registry::Trouble;

/// What a client asks.
pub(super) struct Request {
    /// Only the headers are wanted.
    pub(super) head: bool,
    pub(super) path: String,
    pub(super) accept: String,
    pub(super) authorization: Option<String>,
}

/// What it gets: a media type and a body, or a status without one.
pub(super) struct Answer {
    pub(super) reply: Result<(&'static str, Vec<u8>), u16>,
    pub(super) trouble: Option<Trouble>,
}

/// Answers every request of a connection.
pub(super) fn serve(stream: &TcpStream, answer: impl Fn(&Request) -> Answer) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        if respond(stream, &request, answer(&request)).is_none() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&count| count > 0)?;
    let mut words = line.split_whitespace();
    let mut request = Request {
        head: words.next()? == "HEAD",
        path: words.next()?.replace("%2B", "+").replace("%2b", "+").replace("%21", "!"),
        accept: String::new(),
        authorization: None,
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|&count| count > 0)?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => request.authorization = Some(value.into()),
            Some((name, value)) if name.eq_ignore_ascii_case("accept") => request.accept = value.into(),
            None if header.trim_end().is_empty() => return Some(request),
            _ => {}
        }
    }
}

/// `None` ends the connection.
fn respond(mut stream: &TcpStream, request: &Request, answer: Answer) -> Option<()> {
    let (status, kind, body) = match (&answer.trouble, answer.reply) {
        (Some(Trouble::Status(status)), _) => (*status, "text/plain", Vec::new()),
        (Some(Trouble::Redirect(_)), _) => (302, "text/plain", Vec::new()),
        (_, Err(status)) => (status, "text/plain", Vec::new()),
        (_, Ok((kind, body))) => (200, kind, body),
    };
    let mut more = String::new();
    match &answer.trouble {
        Some(Trouble::Redirect(target)) => more = format!("location: {target}\r\n"),
        Some(Trouble::Hangup) => return None,
        Some(Trouble::Slow(pause)) => std::thread::sleep(*pause),
        Some(Trouble::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").ok()?;
            loop {
                stream.write_all(&[b' '; 1 << 13]).ok()?;
            }
        }
        _ => {}
    }
    if status == 401 {
        more += "www-authenticate: Basic realm=\"index\"\r\n";
    }
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{more}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    if request.head {
        return Some(());
    }
    if matches!(answer.trouble, Some(Trouble::Truncated)) {
        stream.write_all(&body[..body.len() / 2]).ok()?;
        return None;
    }
    stream.write_all(&body).ok()
}

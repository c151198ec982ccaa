//! Scripted hosts on loopback, for tests: each connection gets the next canned answer.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Network, NetworkOptions};

/// The heads of the requests so far, in lower case.
pub(crate) type Requests = Arc<Mutex<Vec<String>>>;

/// Answers the n-th connection with the n-th script; the last one repeats.
pub(crate) fn host(answers: Vec<Vec<u8>>) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                head.push(byte[0]);
            }
            seen.lock().unwrap().push(String::from_utf8_lossy(&head).to_lowercase());
            let answer = &answers[n.min(answers.len() - 1)];
            if answer.is_empty() {
                std::thread::sleep(Duration::from_secs(3));
            }
            let _ = stream.write_all(answer);
        }
    });
    (base, requests)
}

/// A whole answer.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// An answer without a body; `extra` are header lines.
pub(crate) fn status(line: &str, extra: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nconnection: close\r\ncontent-length: 0\r\n{extra}\r\n").into_bytes()
}

/// A network that is short of patience.
pub(crate) fn network() -> Network {
    Network::new(&NetworkOptions {
        connect_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_millis(300),
        backoff: Duration::from_millis(1),
        no_proxy: Some("127.0.0.1".into()),
        http_proxy: Some("http://proxy.invalid:1".into()),
        ..NetworkOptions::default()
    })
    .unwrap()
}

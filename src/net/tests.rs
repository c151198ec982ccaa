//! Against scripted hosts on loopback: each connection gets the next canned answer.

use std::io::Write as _;

use super::testing::{host, network, ok, status};
use super::*;

async fn read(url: &str, limit: u64) -> Result<Option<String>, StreamError<()>> {
    let mut body = Vec::new();
    let count = network()
        .stream(url, None, limit, &mut |chunk: &[u8]| {
            body.extend_from_slice(chunk);
            Ok(())
        })
        .await?;
    assert!(count.is_none_or(|n| n == body.len() as u64));
    Ok(count.map(|_| String::from_utf8(body).unwrap()))
}

#[tokio::test]
async fn only_an_explicit_404_is_not_there() {
    let (base, _) = host(vec![status("404 Not Found", "")]);
    assert_eq!(network().get(&base, None, 10).await, Ok(None));
    for line in ["403 Forbidden", "410 Gone", "204 No Content", "500 Oops"] {
        let (base, _) = host(vec![status(line, "")]);
        assert!(
            matches!(network().get(&base, None, 10).await, Err(NetError::Status { .. })),
            "{line}"
        );
    }
    let closed = "http://127.0.0.1:1/x";
    assert!(matches!(network().get(closed, None, 10).await, Err(NetError::Unreachable { .. })));
}

#[tokio::test]
async fn passing_faults_are_asked_again() {
    let (base, requests) = host(vec![status("503 Busy", ""), status("429 Slow down", ""), ok("here")]);
    assert_eq!(network().get(&base, None, 10).await, Ok(Some(b"here".to_vec())));
    assert_eq!(requests.lock().unwrap().len(), 3);
    let (base, requests) = host(vec![status("400 Bad", ""), ok("here")]);
    assert!(network().get(&base, None, 10).await.is_err());
    assert_eq!(requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn endless_data_is_cut() {
    let (base, _) = host(vec![ok("0123456789A")]);
    assert!(matches!(
        network().get(&base, None, 10).await,
        Err(NetError::TooLarge { limit: 10, .. })
    ));
    assert!(matches!(read(&base, 10).await, Err(StreamError::Net(NetError::TooLarge { .. }))));
    // No announced length: counted while it arrives.
    let (base, _) = host(vec![b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789A".to_vec()]);
    assert!(matches!(read(&base, 10).await, Err(StreamError::Net(NetError::TooLarge { .. }))));
    assert!(matches!(network().get(&base, None, 10).await, Err(NetError::TooLarge { .. })));
    assert_eq!(read(&base, 11).await.unwrap().as_deref(), Some("0123456789A"));
}

#[tokio::test]
async fn a_bomb_is_measured_unpacked() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b'x'; 100_000]).unwrap();
    let packed = packed.finish().unwrap();
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    answer.extend(&packed);
    let (base, _) = host(vec![answer]);
    assert!(matches!(network().get(&base, None, 10_000).await, Err(NetError::TooLarge { .. })));
    // An archive's bytes are taken as sent, whatever the host calls their encoding.
    let mut body = Vec::new();
    let sink: &mut (dyn FnMut(&[u8]) -> Result<(), ()> + Send) = &mut |chunk| {
        body.extend_from_slice(chunk);
        Ok(())
    };
    network().stream(&base, None, 10_000, sink).await.unwrap();
    assert_eq!(body, packed);
}

#[tokio::test]
async fn silence_ends_in_a_timeout() {
    let (base, requests) = host(vec![Vec::new()]);
    assert!(matches!(network().get(&base, None, 10).await, Err(NetError::Timeout { .. })));
    assert!(!requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_broken_stream_is_resumed_once_and_in_order() {
    let cut = |body: &str| format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\n{body}").into_bytes();
    let rest = b"HTTP/1.1 206 Partial\r\nconnection: close\r\ncontent-range: bytes 2-5/6\r\ncontent-length: 4\r\n\r\ncdef".to_vec();
    let (base, requests) = host(vec![cut("ab"), rest]);
    assert_eq!(read(&base, 100).await.unwrap().as_deref(), Some("abcdef"));
    assert!(requests.lock().unwrap()[1].contains("range: bytes=2-"));
    // A host that ignores the range, and one that answers another one.
    let (base, _) = host(vec![cut("ab"), ok("abcdef")]);
    assert_eq!(read(&base, 100).await.unwrap().as_deref(), Some("abcdef"));
    let wrong = b"HTTP/1.1 206 Partial\r\nconnection: close\r\ncontent-range: bytes 0-5/6\r\ncontent-length: 6\r\n\r\nabcdef".to_vec();
    let (base, _) = host(vec![cut("ab"), wrong]);
    assert!(read(&base, 100).await.is_err());
    // Cut for good: never a short file that reads like a whole one.
    let (base, _) = host(vec![cut("ab")]);
    assert!(matches!(
        read(&base, 100).await,
        Err(StreamError::Net(NetError::Interrupted { .. }))
    ));
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let secret = Secret::bearer("t0ken");
    let (other, told) = host(vec![ok("x")]);
    let (base, asked) = host(vec![status("302 Found", &format!("location: {other}/y\r\n"))]);
    assert!(network().get(&base, Some(&secret), 10).await.is_ok());
    assert!(asked.lock().unwrap()[0].contains("authorization: bearer t0ken"));
    assert!(!told.lock().unwrap()[0].contains("authorization"));
}

#[tokio::test]
async fn redirects_are_bounded() {
    let (base, requests) = host(vec![status("302 Found", "location: /again\r\n")]);
    assert!(matches!(network().get(&base, None, 10).await, Err(NetError::Redirect { .. })));
    assert!(requests.lock().unwrap().len() <= 7);
}

#[tokio::test]
async fn messages_hold_no_credentials() {
    let error = network()
        .get("http://user:pa55@127.0.0.1:1/x?token=s3cret", None, 10)
        .await
        .unwrap_err();
    let text = format!("{error} {error:?} {:?}", error.hint());
    assert!(!text.contains("pa55") && !text.contains("s3cret"), "{text}");
    assert!(matches!(
        network().get("file:///etc/passwd", None, 1).await,
        Err(NetError::Address { .. })
    ));
}

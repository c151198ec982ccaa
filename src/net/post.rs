//! One message handed to a receiver that the user chose: a POST that follows nothing.
//!
//! The attacks: a redirect that carries a message, or a header with a token in it, to another host; an
//! address that is itself a secret and lands in a log. An error here names the host and nothing else of
//! the address.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};

use super::address::{AddressKind, is_local_name, kind_of};
use super::error::{chain, host_of};

/// What is read of an answer.
const ANSWER: usize = 64 * 1024;

/// One message.
#[derive(Debug)]
pub struct Post<'a> {
    /// Where to. Whether it may be asked is decided by who calls.
    pub url: &'a Url,
    /// A header that may be a secret: name and value.
    pub header: Option<(&'a str, &'a str)>,
    /// The body: JSON.
    pub body: Vec<u8>,
    /// The longest that all of it may take.
    pub patience: Duration,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The name does not resolve, or nothing answers.
    #[error("could not reach `{host}`: {cause}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system said.
        cause: String,
    },
    /// It did not answer.
    #[error("`{host}` did not answer within {seconds} seconds")]
    Timeout {
        /// Host and port.
        host: String,
        /// How long it was waited.
        seconds: u64,
    },
    /// It could not prove who it is.
    #[error("the TLS connection to `{host}` failed: {cause}")]
    Tls {
        /// Host and port.
        host: String,
        /// What the verifier said.
        cause: String,
    },
    /// It refused.
    #[error("`{host}` answered with status {status}")]
    Status {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// It sends elsewhere.
    #[error("`{host}` redirects (status {status}), and alerts are not sent where somebody else says")]
    Redirect {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The client could not be set up, or the header cannot be sent.
    #[error("the settings cannot be used: {what}")]
    Settings {
        /// Which, and why.
        what: String,
    },
}

/// Sends it, once. Success is a status from 200 to 299; the beginning of the answer is returned.
///
/// Proxies are those of the system, and none for this machine.
///
/// # Errors
/// [`PostError`]: the receiver did not say that it took the message.
pub async fn post(post: Post<'_>) -> Result<Vec<u8>, PostError> {
    // Another part of the process may have installed the same provider before: that is fine.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = |what: &str| PostError::Settings { what: what.to_owned() };
    let host = host_of(post.url);
    let mut builder = Client::builder()
        .user_agent(concat!("mcp-pin/", env!("CARGO_PKG_VERSION")))
        .timeout(post.patience)
        .referer(false)
        .redirect(redirect::Policy::none());
    if is_here(post.url) {
        builder = builder.no_proxy();
    }
    let client = builder.build().map_err(|error| settings(&error.without_url().to_string()))?;
    let mut request = client
        .post(post.url.clone())
        .header(CONTENT_TYPE, "application/json")
        .body(post.body);
    if let Some((name, value)) = post.header {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| settings("the header's name is none"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| settings("the header's value holds characters that none may have"))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    let seconds = post.patience.as_secs();
    let mut response = request.send().await.map_err(|error| sorted(&error.without_url(), &host, seconds))?;
    let status = response.status();
    if status.is_redirection() {
        let status = status.as_u16();
        return Err(PostError::Redirect { host, status });
    }
    if !status.is_success() {
        let status = status.as_u16();
        return Err(PostError::Status { host, status });
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| sorted(&error.without_url(), &host, seconds))?
    {
        answer.extend_from_slice(&chunk);
        if answer.len() >= ANSWER {
            answer.truncate(ANSWER);
            break;
        }
    }
    Ok(answer)
}

/// Whether it leads to this machine, as far as its text says.
pub fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => is_local_name(name),
        Some(url::Host::Ipv4(address)) => kind_of(address.into()) == AddressKind::Loopback,
        Some(url::Host::Ipv6(address)) => kind_of(address.into()) == AddressKind::Loopback,
        None => false,
    }
}

fn sorted(error: &reqwest::Error, host: &str, seconds: u64) -> PostError {
    let host = host.to_owned();
    let cause = chain(error).last().map(ToString::to_string).unwrap_or_default();
    if chain(error).any(|e| e.is::<rustls::Error>() || e.to_string().contains("invalid peer certificate")) {
        PostError::Tls { host, cause }
    } else if error.is_timeout() {
        PostError::Timeout { host, seconds }
    } else {
        PostError::Unreachable { host, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{host, ok, status};
    use super::*;

    async fn send(answers: Vec<Vec<u8>>, patience: u64) -> (Result<Vec<u8>, PostError>, Vec<String>) {
        let (base, requests) = host(answers);
        let url = Url::parse(&format!("{base}/hook/SECRET?key=SECRET")).unwrap();
        let result = post(Post {
            url: &url,
            header: Some(("X-Token", "SECRET")),
            body: b"{}".to_vec(),
            patience: Duration::from_millis(patience),
        })
        .await;
        let requests = requests.lock().unwrap().clone();
        (result, requests)
    }

    #[tokio::test]
    async fn a_success_and_nothing_else_is_one() {
        let (result, requests) = send(vec![ok("taken")], 2000).await;
        assert_eq!(result, Ok(b"taken".to_vec()));
        assert!(requests[0].starts_with("post /hook/secret?key=secret ") && requests[0].contains("x-token: secret"));
        for line in ["400 Bad Request", "404 Not Found", "500 Oops"] {
            let (result, _) = send(vec![status(line, "")], 2000).await;
            assert!(matches!(result, Err(PostError::Status { .. })), "{line}: {result:?}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        for code in [301, 302, 303, 307, 308] {
            let (elsewhere, there) = host(vec![ok("")]);
            let line = format!("location: {elsewhere}/\r\n");
            let (result, _) = send(vec![status(&format!("{code} Moved"), &line)], 2000).await;
            assert!(matches!(result, Err(PostError::Redirect { .. })), "{result:?}");
            assert!(there.lock().unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn silence_is_a_failure_in_time_and_no_error_shows_the_address() {
        let (result, _) = send(vec![Vec::new()], 300).await;
        let silent = result.unwrap_err();
        assert!(matches!(silent, PostError::Timeout { .. }), "{silent:?}");
        let dead = Url::parse("http://127.0.0.1:1/SECRET?SECRET").unwrap();
        let refused = post(Post {
            url: &dead,
            header: None,
            body: Vec::new(),
            patience: Duration::from_secs(1),
        })
        .await
        .unwrap_err();
        assert!(matches!(refused, PostError::Unreachable { .. }), "{refused:?}");
        for error in [silent, refused] {
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{error:?}");
        }
    }
}

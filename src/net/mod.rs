//! Floor 2: the one HTTP client, with limits on everything a host can do to us.
//!
//! The attacks: endless data, a connection that trickles for ever, a redirect that carries a token
//! to another host or drops to plain http, an address with a password in it that lands in a log.
//! Every request has a size bound, an idle and a total time limit; credentials go to the origin
//! they are for and nowhere else, and cannot be printed.
//!
//! Being offline is a value, not a flag: whoever needs the network takes an `Option<&Network>`.

pub mod address;
mod error;
pub mod post;
pub mod remote;
mod secret;

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use reqwest::{Certificate, Client, ClientBuilder, NoProxy, Proxy, Response, StatusCode, Url, redirect};

pub use error::{NetError, StreamError};
pub use secret::Secret;

const MAX_REDIRECTS: usize = 5;
const ATTEMPTS: u32 = 3;

/// How a [`Network`] is set up. `Default` is what the tool uses; tests make the times short.
#[derive(Clone)]
pub struct NetworkOptions {
    /// Certificate authorities on top of the system's, as PEM bundles.
    pub extra_ca: Vec<Vec<u8>>,
    /// Proxy for http addresses; `None` with `https_proxy: None` takes the system's settings.
    pub http_proxy: Option<String>,
    /// Proxy for https addresses.
    pub https_proxy: Option<String>,
    /// Hosts that are asked directly, comma separated.
    pub no_proxy: Option<String>,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// The longest silence while bytes are expected.
    pub idle_timeout: Duration,
    /// The longest a whole answer may take.
    pub total_timeout: Duration,
    /// The pause before the second attempt; the third waits four times as long.
    pub backoff: Duration,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            extra_ca: Vec::new(),
            http_proxy: None,
            https_proxy: None,
            no_proxy: None,
            connect_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_mins(10),
            backoff: Duration::from_millis(300),
        }
    }
}

impl fmt::Debug for NetworkOptions {
    // Proxy addresses may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkOptions")
            .field("extra_ca", &self.extra_ca.len())
            .finish_non_exhaustive()
    }
}

/// The network. Cheap to clone; one per run.
#[derive(Clone)]
pub struct Network {
    /// Takes compressed answers: documents.
    documents: Client,
    /// Takes bytes as they are: archives, whose digest is over what was sent.
    archives: Client,
    backoff: Duration,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

/// A document as a host gave it.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it came from after redirects, without user and password. Its query may be a
    /// credential: not for messages.
    pub url: String,
    /// The host's `Content-Type`.
    pub kind: Option<String>,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Network {
    /// Sets the client up. Nothing is sent yet.
    pub fn new(options: &NetworkOptions) -> Result<Self, NetError> {
        // Another part of the process may have installed the same provider before: that is fine.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let settings = |error: &reqwest::Error| NetError::Settings { cause: error.to_string() };
        let build = |gzip: bool| builder(options, gzip)?.build().map_err(|error| settings(&error));
        Ok(Self {
            documents: build(true)?,
            archives: build(false)?,
            backoff: options.backoff,
        })
    }

    /// Fetches a document of at most `max_bytes` (counted after decompression). `None` is an
    /// explicit 404 and nothing else: any other failure is an error, because "not there" decides
    /// things that "could not ask" must not.
    pub async fn get(&self, url: &str, auth: Option<&Secret>, max_bytes: u64) -> Result<Option<Vec<u8>>, NetError> {
        Ok(self.document(url, auth, None, max_bytes).await?.map(|document| document.body))
    }

    /// As [`Network::get`], for who must know what was sent and where it came from. `accept` are the
    /// kinds of documents that are understood.
    pub async fn document(
        &self,
        url: &str,
        auth: Option<&Secret>,
        accept: Option<&str>,
        max_bytes: u64,
    ) -> Result<Option<Document>, NetError> {
        let url = parse(url)?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.get_once(&url, auth, accept, max_bytes).await {
                Err(error) if error.is_transient() && attempt < ATTEMPTS => self.pause(attempt).await,
                other => return other,
            }
        }
    }

    async fn get_once(&self, url: &Url, auth: Option<&Secret>, accept: Option<&str>, max_bytes: u64) -> Result<Option<Document>, NetError> {
        let asked = Asked { auth, accept, from: 0 };
        let Some(mut response) = send(&self.documents, url, asked).await? else {
            return Ok(None);
        };
        let (found, kind) = (response.url().to_string(), response.headers().get(CONTENT_TYPE));
        let kind = kind.and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        if response.content_length().is_some_and(|length| length > max_bytes) {
            return Err(too_large(url, max_bytes));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| NetError::of(&error, url))? {
            if body.len() as u64 + chunk.len() as u64 > max_bytes {
                return Err(too_large(url, max_bytes));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(Document { url: found, kind, body }))
    }

    /// Streams the bytes at `url`, exactly as sent, into `sink`, at most `max_bytes` of them.
    /// Returns how many there were; `None` is an explicit 404, before which nothing reached the
    /// sink. A broken connection is resumed where the host supports it, so the sink sees each byte
    /// once and in order; what arrives is unverified and the caller's hash decides.
    pub async fn stream<E>(
        &self,
        url: &str,
        auth: Option<&Secret>,
        max_bytes: u64,
        sink: &mut (dyn FnMut(&[u8]) -> Result<(), E> + Send),
    ) -> Result<Option<u64>, StreamError<E>> {
        let url = parse(url).map_err(StreamError::Net)?;
        let mut received = 0;
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.stream_once(&url, auth, max_bytes, &mut received, sink).await {
                Err(StreamError::Net(error)) if error.is_transient() && attempt < ATTEMPTS => self.pause(attempt).await,
                Err(error) => return Err(error),
                Ok(false) if received > 0 => {
                    let cause = "the file vanished while it was read".to_owned();
                    return Err(StreamError::Net(NetError::Interrupted {
                        url: error::shown(&url),
                        cause,
                    }));
                }
                Ok(found) => return Ok(found.then_some(received)),
            }
        }
    }

    async fn stream_once<E>(
        &self,
        url: &Url,
        auth: Option<&Secret>,
        max_bytes: u64,
        received: &mut u64,
        sink: &mut (dyn FnMut(&[u8]) -> Result<(), E> + Send),
    ) -> Result<bool, StreamError<E>> {
        let asked = Asked {
            auth,
            accept: None,
            from: *received,
        };
        let Some(mut response) = send(&self.archives, url, asked).await.map_err(StreamError::Net)? else {
            return Ok(false);
        };
        // A host that ignores the range sends everything again: skip what the sink already has.
        let mut skip = if response.status() == StatusCode::PARTIAL_CONTENT {
            0
        } else {
            *received
        };
        if response.content_length().is_some_and(|length| length > max_bytes) {
            return Err(StreamError::Net(too_large(url, max_bytes)));
        }
        loop {
            let chunk = response
                .chunk()
                .await
                .map_err(|error| StreamError::Net(NetError::of(&error, url)))?;
            let Some(chunk) = chunk else { break };
            let known = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= known as u64;
            let fresh = &chunk[known..];
            if *received + fresh.len() as u64 > max_bytes {
                return Err(StreamError::Net(too_large(url, max_bytes)));
            }
            if !fresh.is_empty() {
                sink(fresh).map_err(StreamError::Sink)?;
                *received += fresh.len() as u64;
            }
        }
        Ok(true)
    }

    async fn pause(&self, attempt: u32) {
        tokio::time::sleep(self.backoff * 4u32.saturating_pow(attempt - 1)).await;
    }
}

fn builder(options: &NetworkOptions, gzip: bool) -> Result<ClientBuilder, NetError> {
    let mut builder = Client::builder()
        .user_agent(concat!("mcp-pin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        .read_timeout(options.idle_timeout)
        .timeout(options.total_timeout)
        .referer(false)
        .gzip(gzip)
        .redirect(redirect::Policy::custom(follow));
    for bundle in &options.extra_ca {
        let certificates = Certificate::from_pem_bundle(bundle).map_err(|error| NetError::Settings {
            cause: format!("a file of extra certificate authorities: {error}"),
        })?;
        builder = builder.tls_certs_merge(certificates);
    }
    let exempt = options.no_proxy.as_deref().and_then(NoProxy::from_string);
    // The addresses are not repeated in messages: they may hold a password.
    let bad_proxy = |_| NetError::Settings {
        cause: "the proxy's address does not parse".to_owned(),
    };
    if let Some(address) = &options.http_proxy {
        builder = builder.proxy(Proxy::http(address).map_err(bad_proxy)?.no_proxy(exempt.clone()));
    }
    if let Some(address) = &options.https_proxy {
        builder = builder.proxy(Proxy::https(address).map_err(bad_proxy)?.no_proxy(exempt));
    }
    Ok(builder)
}

// The client drops credentials whenever scheme, host or port change; this stops the rest.
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("too many redirects");
    }
    let downgrade = attempt.url().scheme() != "https" && attempt.previous().iter().any(|url| url.scheme() == "https");
    if downgrade {
        return attempt.error("a redirect from https to an insecure address");
    }
    attempt.follow()
}

/// What a request says besides its address.
#[derive(Clone, Copy)]
struct Asked<'a> {
    auth: Option<&'a Secret>,
    accept: Option<&'a str>,
    from: u64,
}

async fn send(client: &Client, url: &Url, asked: Asked<'_>) -> Result<Option<Response>, NetError> {
    let Asked { auth, accept, from } = asked;
    let mut request = client.get(url.clone());
    if let Some(accept) = accept {
        request = request.header(ACCEPT, accept);
    }
    if let Some(auth) = auth {
        let value = auth.header().ok_or_else(|| NetError::Settings {
            cause: "a credential holds characters that no header may have".to_owned(),
        })?;
        request = request.header(AUTHORIZATION, value);
    }
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-")).header(ACCEPT_ENCODING, "identity");
    }
    let response = request.send().await.map_err(|error| NetError::of(&error, url))?;
    let status = response.status();
    match status {
        StatusCode::NOT_FOUND => Ok(None),
        StatusCode::PARTIAL_CONTENT if from > 0 && starts_at(&response, from) => Ok(Some(response)),
        StatusCode::OK => Ok(Some(response)),
        _ => Err(NetError::Status {
            url: error::shown(url),
            status: status.as_u16(),
        }),
    }
}

fn starts_at(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

fn parse(url: &str) -> Result<Url, NetError> {
    match Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => {
            // A password in an address would be sent along; credentials come as a `Secret` only.
            let mut clean = parsed;
            let _ = clean.set_username("");
            let _ = clean.set_password(None);
            Ok(clean)
        }
        Ok(parsed) => Err(NetError::Address {
            url: error::shown(&parsed),
        }),
        Err(_) => Err(NetError::Address {
            url: "(malformed)".to_owned(),
        }),
    }
}

fn too_large(url: &Url, limit: u64) -> NetError {
    NetError::TooLarge {
        url: error::shown(url),
        limit,
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

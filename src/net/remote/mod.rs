//! The client for servers that strangers run: remote MCP servers and the authorization servers they
//! name. [`super::Network`] asks registries that the user configured; here the address itself comes
//! from somebody else.
//!
//! The attacks, and what holds:
//! - A name that resolves into the user's own network (or does so the second time): addresses are
//!   judged after resolution, in the connection itself, so there is no second resolution to turn
//!   ([`AddressKind`]). A permission is for one origin.
//! - A redirect that carries a token or a body elsewhere: none leaves its origin, and within it at
//!   most three are followed, each judged again; a POST only where it stays a POST (307, 308).
//! - Everybody on the way: `https` only, except to this machine itself where that is permitted.
//! - An authority that certifies the wrong one: the server's key can be pinned ([`key_digest`]).
//! - Endless answers, endless headers, silence: bounds and times are values of each request.
//!
//! # Proxies
//! The user's proxy is used, as everywhere: a company's network often has no other way out. A proxy
//! resolves names itself, so behind one an address is only judged where it is written out (and
//! `localhost` by name); what a name leads to is then the proxy's to refuse. Its own name may be
//! private. To this machine no proxy is asked.

mod error;
mod resolve;
mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, ClientBuilder, Method, NoProxy, Proxy, Response, StatusCode, Url, redirect};
use tokio::time::timeout;

use super::address::{AddressKind, is_local_name, kind_of};
use super::error::{host_of, shown};
use super::{NetError, NetworkOptions, Secret};
use crate::model::Sha256Digest;

pub use error::AskError;
pub use tls::{Keys, key_digest};

const MAX_REDIRECTS: usize = 3;
const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// What the user permits beyond public addresses and `https`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permitted {
    /// Origins (`https://host[:port]`, as [`origin_of`] writes them) that may be at a private address
    /// or at this machine.
    pub private: BTreeSet<String>,
    /// This machine, whatever the port, also over `http`. For a server that runs on this machine
    /// itself: it could reach the other ports anyway.
    pub this_machine: bool,
}

/// How a [`RemoteNetwork`] is set up.
#[derive(Debug, Clone, Default)]
pub struct RemoteOptions {
    /// Proxies, authorities and the time to connect; the other times are [`Waits`].
    pub network: NetworkOptions,
    /// What is permitted.
    pub permitted: Permitted,
    /// Pinned keys by host: in addition to ordinary verification.
    pub keys: Keys,
}

/// How long an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// Until its head is there, the connection included.
    pub head: Duration,
    /// The longest silence within its body.
    pub idle: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            idle: Duration::from_secs(30),
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// GET, POST or DELETE.
    pub method: Method,
    /// Where to.
    pub url: &'a Url,
    /// A credential, for `url`'s origin and no other.
    pub auth: Option<&'a Secret>,
    /// Further headers. Those that carry a secret must be marked sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Whether redirects within the origin are followed.
    pub follow: bool,
    /// How long it may take.
    pub waits: Waits,
}

impl<'a> Ask<'a> {
    /// A GET that follows redirects within its origin.
    pub fn get(url: &'a Url) -> Self {
        Self {
            method: Method::GET,
            url,
            auth: None,
            headers: HeaderMap::new(),
            body: None,
            follow: true,
            waits: Waits::default(),
        }
    }

    /// A POST that follows nothing.
    pub fn post(url: &'a Url, kind: &'static str, body: Vec<u8>) -> Self {
        let mut ask = Self::get(url).header(reqwest::header::CONTENT_TYPE, kind);
        ask.method = Method::POST;
        ask.follow = false;
        ask.body = Some(body);
        ask
    }

    /// Adds a header whose value is known here.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

/// The answer's head, and its body as it arrives. Whatever the status: what it means is the caller's.
pub struct Answer {
    response: Response,
    url: Url,
    idle: Duration,
    read: u64,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The headers: text of a stranger's, a hundred at most.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header's value where it is ASCII text; the first, where there are several.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Where the answer came from: of the asked origin, always.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The next piece of the body, `None` at its end. `max` bounds the whole body, after
    /// decompression; for a stream without an end the caller bounds its events.
    pub async fn chunk(&mut self, max: u64) -> Result<Option<Vec<u8>>, AskError> {
        let chunk = timeout(self.idle, self.response.chunk()).await;
        let chunk = chunk
            .map_err(|_| AskError::Net(NetError::Timeout { host: host_of(&self.url) }))?
            .map_err(|error| AskError::of(&error, &self.url))?;
        let Some(chunk) = chunk else { return Ok(None) };
        self.read = self.read.saturating_add(chunk.len() as u64);
        if self.read > max {
            return Err(AskError::Net(NetError::TooLarge {
                url: shown(&self.url),
                limit: max,
            }));
        }
        Ok(Some(chunk.into()))
    }

    /// The whole body, at most `max` bytes of it.
    pub async fn body(mut self, max: u64) -> Result<Vec<u8>, AskError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk(max).await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct RemoteNetwork {
    /// Public addresses only.
    public: Client,
    /// Private ones too, for the origins that are permitted.
    private: Client,
    /// This machine, and nothing else; no proxy.
    local: Client,
    /// Names that were asked for, as opposed to a proxy's: what they resolve to is judged.
    names: resolve::Names,
    permitted: Arc<Permitted>,
    seen: tls::SeenKeys,
}

impl fmt::Debug for RemoteNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RemoteNetwork")
    }
}

impl RemoteNetwork {
    /// Sets the client up. Nothing is sent yet.
    ///
    /// # Errors
    /// An authority's file or a proxy's address cannot be used.
    pub fn new(options: &RemoteOptions) -> Result<Self, AskError> {
        // Another part of the process may have installed the same provider before: that is fine.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let (names, seen) = (resolve::Names::default(), Arc::new(Mutex::new(BTreeMap::new())));
        let settings = |cause: String| AskError::Net(NetError::Settings { cause });
        let tls = tls::config(&options.network.extra_ca, options.keys.clone(), Arc::clone(&seen)).map_err(settings)?;
        let build = |reach: resolve::Reach| -> Result<Client, AskError> {
            let mut builder = Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("mcp-pin/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(options.network.connect_timeout)
                .http1_max_headers(MAX_HEADERS)
                .http2_max_header_list_size(MAX_HEADER_BYTES)
                .referer(false)
                .redirect(redirect::Policy::none())
                .dns_resolver(resolve::Judge::new(reach, Arc::clone(&names)));
            builder = match reach {
                resolve::Reach::ThisMachine => builder.no_proxy(),
                _ => proxies(builder, &options.network)?,
            };
            builder.build().map_err(|error| settings(error.to_string()))
        };
        Ok(Self {
            public: build(resolve::Reach::Public)?,
            private: build(resolve::Reach::Private)?,
            local: build(resolve::Reach::ThisMachine)?,
            names,
            permitted: Arc::new(options.permitted.clone()),
            seen,
        })
    }

    /// Asks, and returns with the answer's head. Never asks twice: what is sent may have an effect.
    ///
    /// # Errors
    /// [`AskError`]: nothing was sent where the address, the redirect or the key is refused.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Answer, AskError> {
        let mut url = ask.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.once(&ask, &url).await?;
            let status = answer.response.status();
            let moved = status.is_redirection() && status != StatusCode::NOT_MODIFIED;
            if !moved {
                return Ok(answer);
            }
            url = next(&ask, &url, &answer)?;
        }
        Err(redirected(ask.url, "more than three times"))
    }

    async fn once(&self, ask: &Ask<'_>, url: &Url) -> Result<Answer, AskError> {
        let client = self.client_for(url)?;
        let mut request = client.request(ask.method.clone(), url.clone()).headers(ask.headers.clone());
        if let Some(auth) = ask.auth {
            let value = auth.header().ok_or_else(|| {
                AskError::Net(NetError::Settings {
                    cause: "a credential holds characters that no header may have".to_owned(),
                })
            })?;
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let response = timeout(ask.waits.head, request.send())
            .await
            .map_err(|_| AskError::Net(NetError::Timeout { host: host_of(url) }))?
            .map_err(|error| AskError::of(&error, url))?;
        Ok(Answer {
            response,
            url: url.clone(),
            idle: ask.waits.idle,
            read: 0,
        })
    }

    /// The key that `url`'s host showed last, where there was a TLS connection to it: what a pin of
    /// it would hold.
    pub fn seen_key(&self, url: &Url) -> Option<Sha256Digest> {
        let host = bare_host(url)?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&host).copied()
    }

    /// Whether `url` could be asked as it stands: what can be said without resolving its name.
    ///
    /// # Errors
    /// As [`RemoteNetwork::ask`].
    pub fn check(&self, url: &Url) -> Result<(), AskError> {
        self.client_for(url).map(|_| ())
    }

    /// Judges an address as it is written, and picks the client that may reach it.
    fn client_for(&self, url: &Url) -> Result<&Client, AskError> {
        let Some(host) = bare_host(url) else {
            return Err(AskError::Net(NetError::Address { url: shown(url) }));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AskError::UserInfo { url: shown(url) });
        }
        let literal = host.parse::<IpAddr>().ok().map(kind_of);
        let private = self.permitted.private.contains(&origin_of(url));
        let here = literal == Some(AddressKind::Loopback) || is_local_name(&host);
        if here {
            if !private && !self.permitted.this_machine {
                return Err(AskError::refused(url, None, AddressKind::Loopback));
            }
        } else if let Some(kind) = literal {
            let reachable = kind == AddressKind::Public || (private && kind.can_be_permitted());
            if !reachable {
                return Err(AskError::refused(url, host.parse().ok(), kind));
            }
        }
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => return Err(AskError::Insecure { url: shown(url) }),
            _ => return Err(AskError::Net(NetError::Address { url: shown(url) })),
        }
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(host);
        Ok(match (here, private) {
            (true, _) => &self.local,
            (false, true) => &self.private,
            (false, false) => &self.public,
        })
    }
}

/// Scheme, host and port: what a token or a permission is for. The default port is left out.
pub fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The host as the resolver and TLS know it: in lower case, an IPv6 address without brackets.
fn bare_host(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    Some(host.to_ascii_lowercase())
}

/// Where a redirect leads, if it may be followed.
fn next(ask: &Ask<'_>, from: &Url, answer: &Answer) -> Result<Url, AskError> {
    if !ask.follow {
        return Err(redirected(from, "this request follows none"));
    }
    let status = answer.response.status();
    let keeps = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    if ask.method != Method::GET && !keeps {
        return Err(redirected(from, "it would turn the request into another"));
    }
    let to = answer.header(LOCATION).and_then(|to| from.join(to).ok());
    let Some(to) = to else {
        return Err(redirected(from, "without saying where"));
    };
    if to.origin() != ask.url.origin() {
        return Err(redirected(from, &format!("to another origin, {}", shown(&to))));
    }
    Ok(to)
}

fn redirected(url: &Url, cause: &str) -> AskError {
    AskError::Net(NetError::Redirect {
        url: shown(url),
        cause: cause.to_owned(),
    })
}

/// The proxies that the options name; without any, the system's.
fn proxies(mut builder: ClientBuilder, options: &NetworkOptions) -> Result<ClientBuilder, AskError> {
    let exempt = options.no_proxy.as_deref().and_then(NoProxy::from_string);
    let bad = |_| {
        AskError::Net(NetError::Settings {
            cause: "the proxy's address does not parse".to_owned(),
        })
    };
    if let Some(address) = &options.http_proxy {
        builder = builder.proxy(Proxy::http(address).map_err(bad)?.no_proxy(exempt.clone()));
    }
    if let Some(address) = &options.https_proxy {
        builder = builder.proxy(Proxy::https(address).map_err(bad)?.no_proxy(exempt));
    }
    Ok(builder)
}

#[cfg(test)]
mod tests;

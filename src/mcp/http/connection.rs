//! One client's connection with a remote server.
//!
//! Frames are sent in the client's order: what is no request is waited for (the server has it, or
//! refused it) before the next goes out; requests run beside each other, since their answers come
//! when they come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::HttpError;
use super::events::{Event, EventReader};
use super::peek::{Mirrors, Peek};
use crate::mcp::oauth::Authorizer;
use crate::model::{Remote, RemoteTransport};
use crate::net::NetworkOptions;
use crate::net::remote::{Answer, Ask, AskError, Permitted, RemoteNetwork, RemoteOptions, Waits, origin_of};

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");
const BOTH: &str = "application/json, text/event-stream";
pub(super) const STREAM: &str = "text/event-stream";
/// Messages that wait for their reader; a server that sends more waits.
const QUEUE: usize = 64;
/// How often a stream that broke off is taken up again without anything new on it.
const RESUMES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How long, how much.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Bytes of one message.
    pub frame: usize,
    /// Until an answer begins, and the longest silence in it.
    pub answer: Duration,
    /// The same for what is no question.
    pub notice: Duration,
    /// Listen for what the server says unasked (a GET stream; versions before 2026-07-28).
    pub listen: bool,
}

impl Terms {
    /// For a client: a call takes as long as it takes, and it is the client's to lose patience.
    pub const RUN: Self = Self {
        frame: crate::guard::LARGEST_FRAME,
        answer: Duration::from_hours(24),
        notice: Duration::from_secs(30),
        listen: true,
    };
}

/// What a connection is made of.
#[derive(Clone)]
pub struct Options {
    /// Proxies and authorities.
    pub network: NetworkOptions,
    /// Where, how, and which headers.
    pub remote: Remote,
    /// Values of the variables that the headers name, where they have any.
    pub values: BTreeMap<String, String>,
    /// Which arguments are repeated in headers.
    pub mirrors: Mirrors,
    /// Limits.
    pub terms: Terms,
    /// Tokens, where the server hands them out. A header of the user's for the same purpose wins.
    pub authorizer: Option<Arc<Authorizer>>,
}

/// What comes from the server.
#[derive(Debug)]
pub enum Heard {
    /// One message, without a line end in it.
    Frame(Vec<u8>),
    /// A question will have no answer, and why; `None` as the id where no question was asked.
    Failed {
        /// The question's id, as JSON.
        id: Option<String>,
        /// Why.
        why: HttpError,
    },
}

/// A connection. Dropping it ends everything that is under way.
pub struct Connection {
    inner: Arc<Inner>,
    heard: mpsc::Receiver<Heard>,
    /// Questions that await their answer.
    tasks: JoinSet<()>,
    /// Streams that stay open.
    streams: JoinSet<()>,
    listening: bool,
}

pub(super) struct Inner {
    pub(super) network: RemoteNetwork,
    pub(super) authorizer: Option<Arc<Authorizer>>,
    pub(super) url: Url,
    transport: RemoteTransport,
    headers: HeaderMap,
    mirrors: Mirrors,
    pub(super) terms: Terms,
    state: Mutex<State>,
    sender: mpsc::Sender<Heard>,
    /// The old transport: where to post, once the stream said it.
    pub(super) endpoint: watch::Sender<Option<Result<Url, HttpError>>>,
}

#[derive(Default)]
struct State {
    session: Option<HeaderValue>,
    /// What the older handshake settled on.
    legacy: Option<HeaderValue>,
    /// The id of the older handshake, as JSON, while its answer is awaited.
    handshake: Option<String>,
    /// The last version that a request named for itself.
    modern: Option<HeaderValue>,
}

impl Connection {
    /// Sets a connection up. Nothing is sent yet.
    ///
    /// # Errors
    /// A header's value cannot be sent, or the network's settings cannot be used.
    pub fn new(options: Options) -> Result<Self, HttpError> {
        let Options {
            network,
            remote,
            values,
            mirrors,
            terms,
            authorizer,
        } = options;
        let mut permitted = Permitted::default();
        // The origin was approved as it stands: this machine's own address says what it is.
        if remote.settings.private || remote.url.is_this_machine() {
            permitted.private.insert(origin_of(remote.url.url()));
        }
        let mut keys = crate::net::remote::Keys::default();
        if let Some(key) = remote.settings.tls_key {
            keys.entry(remote.url.host().trim_matches(['[', ']']).to_owned())
                .or_default()
                .insert(key);
        }
        let network = RemoteNetwork::new(&RemoteOptions { network, permitted, keys })?;
        network.check(remote.url.url())?;
        let mut headers = HeaderMap::new();
        for rule in &remote.settings.headers {
            let Some(value) = rule.fill(|name| values.get(name).cloned()) else {
                continue;
            };
            let bad = || HttpError::Header(rule.name().to_owned());
            let name = HeaderName::from_bytes(rule.name().as_bytes()).map_err(|_| bad())?;
            let mut value = HeaderValue::from_str(&value).map_err(|_| bad())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let (sender, heard) = mpsc::channel(QUEUE);
        Ok(Self {
            inner: Arc::new(Inner {
                network,
                authorizer: authorizer.filter(|_| !headers.contains_key(AUTHORIZATION)),
                url: remote.url.url().clone(),
                transport: remote.settings.transport,
                headers,
                mirrors,
                terms,
                state: Mutex::default(),
                sender,
                endpoint: watch::Sender::new(None),
            }),
            heard,
            tasks: JoinSet::new(),
            streams: JoinSet::new(),
            listening: false,
        })
    }

    /// Sends one frame, without its line end.
    pub async fn send(&mut self, frame: Vec<u8>) {
        while self.tasks.try_join_next().is_some() {}
        if self.inner.transport == RemoteTransport::Sse && !self.listening {
            self.listening = true;
            self.streams.spawn(Arc::clone(&self.inner).stream());
        }
        let (request, initialized) = {
            let peek = Peek::of(&frame);
            (peek.is_request(), peek.method.as_deref() == Some("notifications/initialized"))
        };
        let posted = Arc::clone(&self.inner).post(frame, request);
        if request {
            self.tasks.spawn(posted);
            return;
        }
        posted.await;
        if initialized && self.inner.terms.listen && !self.listening {
            self.listening = true;
            self.streams.spawn(Arc::clone(&self.inner).listen());
        }
    }

    /// Waits for the next message. May be dropped while it waits: nothing is lost.
    pub async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// Takes over what is heard, so that sending and hearing can be on two threads.
    pub(super) fn split(mut self) -> (Self, mpsc::Receiver<Heard>) {
        let (_, none) = mpsc::channel(1);
        let heard = std::mem::replace(&mut self.heard, none);
        (self, heard)
    }

    /// Waits until every question has its answer. The old transport answers on a stream of its own,
    /// which is not waited for.
    pub(super) async fn answered(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Ends the session, if there is one. What the server says to that does not matter.
    pub async fn close(mut self) {
        self.tasks.abort_all();
        self.streams.abort_all();
        let inner = &self.inner;
        let session = inner.state().session.take();
        if let (Some(session), RemoteTransport::StreamableHttp) = (session, inner.transport) {
            let mut headers = inner.headers(None);
            headers.insert(SESSION, session);
            let mut ask = inner.ask(Method::DELETE, &inner.url, headers, Duration::from_secs(2));
            ask.follow = false;
            inner.authorized(ask).await.ok();
        }
    }
}

impl Inner {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ask<'a>(&self, method: Method, url: &'a Url, headers: HeaderMap, head: Duration) -> Ask<'a> {
        Ask {
            method,
            headers,
            waits: Waits {
                head,
                idle: self.terms.answer,
            },
            ..Ask::get(url)
        }
    }

    /// The user's headers and the protocol's.
    pub(super) fn headers(&self, peek: Option<&Peek<'_>>) -> HeaderMap {
        let mut headers = self.headers.clone();
        let mut state = self.state();
        let named = peek
            .and_then(Peek::modern_version)
            .and_then(|version| HeaderValue::from_str(&version).ok());
        if let Some(version) = &named {
            state.modern = Some(version.clone());
        }
        if let Some(session) = &state.session {
            headers.insert(SESSION, session.clone());
        }
        let handshake = peek.is_some_and(|peek| peek.method.as_deref() == Some("initialize"));
        // A notification of the newer era may name no version: the last one holds.
        let modern = named.or_else(|| state.modern.clone().filter(|_| state.legacy.is_none()));
        if let Some(version) = modern {
            headers.insert(VERSION, version);
            for (name, value) in peek.map(|peek| peek.mirrored(&self.mirrors)).unwrap_or_default() {
                if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
                    headers.insert(name, value);
                }
            }
        } else if let Some(version) = state.legacy.clone().filter(|_| !handshake) {
            headers.insert(VERSION, version);
        }
        headers
    }

    pub(super) async fn fail(&self, id: Option<String>, why: HttpError) {
        self.sender.send(Heard::Failed { id, why }).await.ok();
    }

    /// Sends a frame and hands on what is answered. A question always gets something.
    async fn post(self: Arc<Self>, frame: Vec<u8>, request: bool) {
        let id = Peek::of(&frame).id.filter(|_| request).map(|raw| raw.get().to_owned());
        let result = match self.posted(frame, id.as_deref()).await {
            Ok(answer) => self.answer(answer, id.as_deref()).await,
            Err(why) => Err(why),
        };
        if let Err(why) = result {
            self.fail(id, why).await;
        }
    }

    async fn posted(&self, frame: Vec<u8>, id: Option<&str>) -> Result<Answer, HttpError> {
        let url = match self.transport {
            RemoteTransport::StreamableHttp => self.url.clone(),
            RemoteTransport::Sse => self.endpoint().await?,
        };
        let mut headers = {
            let peek = Peek::of(&frame);
            if peek.method.as_deref() == Some("initialize") {
                // A new handshake: nothing of an earlier one holds.
                let mut state = self.state();
                *state = State {
                    handshake: id.map(str::to_owned),
                    ..State::default()
                };
            }
            self.headers(Some(&peek))
        };
        headers.insert(ACCEPT, HeaderValue::from_static(BOTH));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let had_session = headers.contains_key(SESSION);
        let wait = if id.is_some() { self.terms.answer } else { self.terms.notice };
        let mut ask = self.ask(Method::POST, &url, headers, wait);
        ask.body = Some(frame);
        let answer = self.authorized(ask).await?;
        if answer.status() == 404 && had_session {
            self.state().session = None;
            return Err(HttpError::SessionEnded);
        }
        Ok(answer)
    }

    async fn answer(&self, answer: Answer, id: Option<&str>) -> Result<(), HttpError> {
        let status = answer.status();
        let kind = answer.header(CONTENT_TYPE).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !(200..300).contains(&status) {
            return self.refused(answer, status, &kind, id).await;
        }
        // Which session it is stands beside the answer to the handshake, and nowhere else.
        if id.is_some()
            && self.state().handshake.as_deref() == id
            && let Some(session) = answer
                .headers()
                .get(SESSION)
                .filter(|value| value.len() <= 1_024 && value.to_str().is_ok())
        {
            self.state().session = Some(session.clone());
        }
        match kind.as_str() {
            _ if id.is_none() && status == 202 => Ok(()),
            "application/json" => {
                let body = self.body(answer).await?;
                self.frame(body).await;
                Ok(())
            }
            STREAM => self.events(answer, id).await,
            // The old transport answers on its stream.
            _ if self.transport == RemoteTransport::Sse || id.is_none() => Ok(()),
            _ => Err(HttpError::Kind),
        }
    }

    /// A refusal may hold an answer all the same: 2026-07-28 answers errors with status 400.
    async fn refused(&self, answer: Answer, status: u16, kind: &str, id: Option<&str>) -> Result<(), HttpError> {
        if status == 401 || status == 403 {
            return Err(HttpError::Unauthorized(status));
        }
        if let (Some(id), "application/json") = (id, kind)
            && let Ok(body) = self.body(answer).await
            && let Ok(Value::Object(message)) = serde_json::from_slice(&body)
            && message.contains_key("error")
            && message.get("id").map(ToString::to_string).as_deref() == Some(id)
        {
            self.frame(body).await;
            return Ok(());
        }
        Err(HttpError::Status(status))
    }

    async fn body(&self, answer: Answer) -> Result<Vec<u8>, HttpError> {
        answer.body(self.terms.frame as u64).await.map_err(|error| match error {
            AskError::Net(crate::net::NetError::TooLarge { .. }) => HttpError::TooLarge(self.terms.frame),
            error => error.into(),
        })
    }

    /// Hands a message on. A line end in JSON stands between two tokens only, where a blank is the
    /// same: one message stays one line.
    pub(super) async fn frame(&self, mut body: Vec<u8>) {
        for byte in body.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
        self.settle(&body);
        if !body.trim_ascii().is_empty() {
            self.sender.send(Heard::Frame(body)).await.ok();
        }
    }

    /// Reads the version out of the answer to the older handshake: later requests name it.
    fn settle(&self, body: &[u8]) {
        let mut state = self.state();
        let Some(id) = state.handshake.clone() else { return };
        let Ok(Value::Object(message)) = serde_json::from_slice(body) else {
            return;
        };
        if message.get("id").map(ToString::to_string) != Some(id) {
            return;
        }
        state.handshake = None;
        let version = message
            .get("result")
            .and_then(|result| result.get("protocolVersion"))
            .and_then(Value::as_str);
        state.legacy = version
            .filter(|version| version.len() <= 32)
            .and_then(|version| HeaderValue::from_str(version).ok());
    }

    /// Hands on the events of an answer. A stream that breaks off before the answer is taken up
    /// where it broke, if its events have ids.
    async fn events(&self, answer: Answer, id: Option<&str>) -> Result<(), HttpError> {
        let mut seen = Seen::default();
        let mut answered = self.drain(answer, id, &mut seen).await?;
        let mut resumes = 0;
        while !answered && id.is_some() {
            let Some(last) = seen.id.take() else {
                return Err(HttpError::NoAnswer);
            };
            resumes += 1;
            if resumes > RESUMES {
                return Err(HttpError::NoAnswer);
            }
            tokio::time::sleep(seen.pause()).await;
            let Some(answer) = self.reopened(&last).await? else {
                return Err(HttpError::NoAnswer);
            };
            seen.id = Some(last.clone());
            answered = self.drain(answer, id, &mut seen).await?;
            if seen.id.as_ref() != Some(&last) {
                resumes = 0;
            }
        }
        Ok(())
    }

    /// Reads a stream to its end, or to the answer. Whether the answer came.
    async fn drain(&self, mut answer: Answer, id: Option<&str>, seen: &mut Seen) -> Result<bool, HttpError> {
        let mut reader = EventReader::new(self.terms.frame);
        loop {
            let chunk = match answer.chunk(u64::MAX).await {
                Ok(Some(chunk)) => chunk,
                // Broken off: whoever called decides whether it is taken up again.
                Ok(None) | Err(AskError::Net(crate::net::NetError::Interrupted { .. })) => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            let events = reader.push(&chunk).map_err(|error| HttpError::TooLarge(error.0))?;
            for event in events {
                seen.note(&event);
                if !matches!(event.name.as_str(), "" | "message") || event.data.is_empty() {
                    continue;
                }
                let last = id.is_some_and(|id| answers(&event.data, id));
                self.frame(event.data).await;
                if last {
                    return Ok(true);
                }
            }
        }
    }

    /// A GET stream; `None` where the server has none.
    async fn reopened(&self, last: &str) -> Result<Option<Answer>, HttpError> {
        let mut headers = self.headers(None);
        headers.insert(ACCEPT, HeaderValue::from_static(STREAM));
        if let Ok(last) = HeaderValue::from_str(last)
            && !last.is_empty()
        {
            headers.insert(LAST_EVENT, last);
        }
        let ask = self.ask(Method::GET, &self.url, headers, self.terms.notice);
        let answer = self.authorized(ask).await?;
        let kind = answer.header(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        Ok((answer.status() == 200 && kind.starts_with(STREAM)).then_some(answer))
    }

    /// What the server says unasked, for as long as it has a stream for it.
    async fn listen(self: Arc<Self>) {
        let mut seen = Seen::default();
        let mut failures = 0;
        while failures <= RESUMES {
            let before = seen.events;
            let last = seen.id.clone().unwrap_or_default();
            match self.reopened(&last).await {
                Ok(None) => return,
                Ok(Some(answer)) => {
                    if let Err(HttpError::TooLarge(limit)) = self.drain(answer, None, &mut seen).await {
                        self.fail(None, HttpError::TooLarge(limit)).await;
                        return;
                    }
                }
                Err(_) => {}
            }
            failures = if seen.events > before { 0 } else { failures + 1 };
            tokio::time::sleep(seen.pause() * 2_u32.saturating_pow(failures)).await;
        }
    }
}

/// What is known of a stream, for taking it up again.
#[derive(Default)]
struct Seen {
    id: Option<String>,
    retry: Option<Duration>,
    events: u64,
}

impl Seen {
    fn note(&mut self, event: &Event) {
        self.events += 1;
        if event.id.is_some() {
            self.id.clone_from(&event.id);
        }
        if let Some(retry) = event.retry {
            self.retry = Some(Duration::from_millis(retry));
        }
    }

    fn pause(&self) -> Duration {
        self.retry.unwrap_or(PAUSE).min(LONGEST_PAUSE)
    }
}

/// Whether a message is the answer to the question of this id.
fn answers(frame: &[u8], id: &str) -> bool {
    let peek = Peek::of(frame);
    peek.method.is_none() && peek.id.is_some_and(|raw| raw.get() == id)
}

#[cfg(test)]
mod tests;

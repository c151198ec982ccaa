//! What the client asks: calls to what is pinned, and nothing else.
//!
//! The attack: a tool, a prompt or an address that stands in no approved list and is asked for all
//! the same; a server may talk a model into it. Names are looked up in the pin, in any of its views.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Output;
use super::ask::Kind;
use super::by_client::shows_forms;
use super::frame::{Id, Members, Message, Peeked, Raw};
use super::fresh::OWN;
use super::held::{Asking, Cleared, PATIENCE, Way};
use super::lists::ListAsked;
use super::refusal::{self, INVALID, NO_METHOD, NO_RESOURCE, REFUSED, UNKNOWN};
use super::rounds::holds_answers;
use super::session::{Asked, Fate, Guard, Open, Refusal, Request};
use super::tools::Verdict;
use crate::model::guard::any_matches;
use crate::model::{ClientProfile, Era, Grade, ItemKind};

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Methods of the protocol, in any version, beside those that are looked into.
const CALLED: [&str; 6] = [
    "ping",
    "logging/setLevel",
    "resources/unsubscribe",
    "tasks/list",
    "tasks/cancel",
    "tasks/update",
];

/// A frame that is no message, as far as it can be read; nothing in it stands twice.
#[derive(Deserialize)]
struct Meant {
    id: Value,
    method: Value,
    result: Option<Value>,
    error: Option<Value>,
}

/// The parameters of a request, which may be missing.
type Params<'a, 'b> = Option<&'b Members<'a>>;

impl Guard {
    pub(super) fn client_message(&mut self, message: &Message<'_>, text: &[u8], now: Timestamp, out: &mut Output) -> Fate {
        match message {
            Message::Request { id, method, params } => {
                let request = Request {
                    id,
                    method,
                    params: params.as_ref(),
                    frame: text,
                };
                self.client_request(request, now, out)
            }
            Message::Notification { method, params } => {
                if self.closed.is_some() {
                    return Fate::Drop;
                }
                if &**method == "notifications/cancelled"
                    && let Some(id) = params.as_ref().and_then(|params| params.get("requestId"))
                    && let Some(id) = id_of(id.get())
                    && !self.give_up(&id, out)
                {
                    return Fate::Drop;
                }
                Fate::Pass
            }
            Message::Result { id, result } => self.client_answers(id, Some(result), text, now, out),
            Message::Error { id, .. } => self.client_answers(id, None, text, now, out),
        }
    }

    /// An answer of the client's: without a result where it is an error.
    fn client_answers(&mut self, id: &Id, result: Option<&Peeked<'_>>, text: &[u8], now: Timestamp, out: &mut Output) -> Fate {
        if self.closed.is_some() {
            return Fate::Drop;
        }
        if let Some(fate) = self.own_answer(id, result, now, out) {
            return fate;
        }
        match self.asked_by_server.remove(id) {
            Some(asked) => match result.filter(|_| asked.kind == Some(Kind::Sampling) && !self.observing()) {
                Some(completion) => self.completed(id, completion, text, now, out),
                None => Fate::Pass,
            },
            None if id.is_null() && result.is_none() => Fate::Pass,
            None => self.strange(
                out,
                Grade::Notice,
                "an answer of the client to a question that was not passed on to it",
            ),
        }
    }

    fn client_request(&mut self, request: Request<'_>, now: Timestamp, out: &mut Output) -> Fate {
        let id = request.id;
        if let Some(message) = &self.closed {
            out.to_client.push(refusal::error(id, REFUSED, message));
            return Fate::Drop;
        }
        let state = request.params.and_then(|params| params.text("requestState").ok().flatten());
        if let Some(state) = state.filter(|state| state.starts_with(OWN)) {
            let retried = self.retried(request, &state, now, out);
            return retried.unwrap_or_else(|refusal| self.refuse(out, Some(id), refusal));
        }
        let asked = match self.judge_request(request.method, request.params) {
            Ok(asked) => asked,
            Err(refusal) => {
                if self.refuse(out, Some(id), refusal) == Fate::Drop {
                    return Fate::Drop;
                }
                Asked::Other
            }
        };
        match self.start(request, asked, Cleared::default(), now, out) {
            Ok(true) => Fate::Drop,
            Ok(false) => Fate::Pass,
            Err(refusal) => self.refuse(out, Some(id), refusal),
        }
    }

    /// A request that comes in the place of another one: judged from the beginning.
    pub(super) fn enter(&mut self, request: Request<'_>, cleared: Cleared, now: Timestamp, out: &mut Output) -> Result<bool, Refusal> {
        let asked = self.judge_request(request.method, request.params)?;
        self.start(request, asked, cleared, now, out)
    }

    /// Remembers a request, and says whether it is held.
    fn start(&mut self, request: Request<'_>, asked: Asked, cleared: Cleared, now: Timestamp, out: &mut Output) -> Result<bool, Refusal> {
        let kind = asked.kind();
        let about = self.about(request, &asked, now)?;
        self.remember(request.id, asked, about)?;
        let held = self.admit(request, kind, cleared, now, out);
        if held.is_err() && !self.observing() {
            self.open.remove(request.id);
        }
        held
    }

    /// Whether a request that may be asked is held all the same: until its list was compared, and until
    /// the user says yes where the entry's rules want that. Judged anew after each wait.
    pub(super) fn admit(
        &mut self,
        request: Request<'_>,
        kind: Option<ItemKind>,
        cleared: Cleared,
        now: Timestamp,
        out: &mut Output,
    ) -> Result<bool, Refusal> {
        let asks = match request.method {
            "tools/call" => self.rules(request.params)?,
            _ => None,
        };
        if let Some(kind) = kind
            && self.awaits_list(request, kind, cleared, now, out)?
        {
            return Ok(true);
        }
        if asks.is_none() && !holds_answers(request) {
            return Ok(false);
        }
        let open = self.open.get(request.id);
        let (forms, during) = open.map_or((false, 0), |open| (open.about.forms, open.about.during));
        let subject = open.map(Open::subject).unwrap_or_default();
        let completions = self.completions_inside(request, &subject, now)?.filter(|_| !cleared.shown);
        if self.observing() {
            return Ok(false);
        }
        let confirmed = asks.is_some() && (cleared.confirmed || self.rounds.is_agreed(during, request));
        let asks = asks.filter(|_| !confirmed);
        let cleared = Cleared {
            confirmed: cleared.confirmed || asks.is_some(),
            shown: true,
        };
        let asking = match (asks, completions) {
            (Some((title, body)), Some((_, more))) => Some((title, format!("{body}\n\n{more}"))),
            (asks, completions) => asks.or(completions),
        };
        let Some((title, body)) = asking else {
            if confirmed && self.pins.is_some() {
                self.rounds.agree(during, request);
            }
            return Ok(false);
        };
        let asking = Asking {
            way: Way::Call(cleared),
            title,
            body,
            until: now.saturating_add(PATIENCE).unwrap_or(now),
            forms,
        };
        self.hold(request.id, request.frame.to_vec(), &asking, out).map(|()| true)
    }

    /// The entry's rules about a call: what the user is asked, if anything.
    fn rules(&self, params: Params<'_, '_>) -> Result<Option<(String, String)>, Refusal> {
        if self.gate.is_open() {
            return Ok(None);
        }
        let name = text(params, "name")?.unwrap_or_default();
        let key = self.pins.as_ref().and_then(|pins| pins.key(ItemKind::Tool, &name));
        let arguments = params.and_then(|params| params.get("arguments"));
        match self.gate.call(key.unwrap_or(&name), arguments.map(Raw::get)) {
            Verdict::Pass => Ok(None),
            Verdict::Refuse { code, why } => Err(Refusal {
                code,
                what: format!(
                    "a call to {}: {why}",
                    key.map_or_else(|| "a tool".to_owned(), |key| format!("tool `{}`", refusal::short(key)))
                ),
                message: why,
                grade: Grade::Notice,
                uri: None,
            }),
            Verdict::Confirm { title, body } => Ok(Some((title, body))),
        }
    }

    /// What a request asks for, or why it may not be asked.
    pub(super) fn judge_request(&mut self, method: &str, params: Params<'_, '_>) -> Result<Asked, Refusal> {
        if let Some(kind) = ItemKind::ALL.into_iter().find(|kind| kind.method() == method) {
            return self.list(kind, params).map(Asked::List);
        }
        match method {
            "initialize" => self.initialize(params),
            "server/discover" => {
                self.modern |= self.version.is_none();
                Ok(Asked::Discover)
            }
            "tools/call" => self.named(ItemKind::Tool, params),
            "prompts/get" => self.named(ItemKind::Prompt, params),
            "resources/read" => self.resource(params).map(Asked::Work),
            // Without an address it asks for nothing: the server says that it is malformed, or that there is no
            // such method (2026-07-28).
            "resources/subscribe" => match text(params, "uri")? {
                Some(_) => self.resource(params).map(|_| Asked::Other),
                None => Ok(Asked::Other),
            },
            "completion/complete" => self.completion(params),
            "subscriptions/listen" => self.listen(params),
            "tasks/get" | "tasks/result" => Ok(Asked::Work(None)),
            _ if CALLED.contains(&method) || self.lets_through(method) => Ok(Asked::Other),
            _ => Err(Refusal {
                code: NO_METHOD,
                message: refusal::no_method(&self.setup, method),
                grade: Grade::Notice,
                what: format!("a request with the method `{}`, which no protocol knows", refusal::short(method)),
                uri: None,
            }),
        }
    }

    /// Whether a method that the protocol does not know passes unread. Where nothing is pinned nothing
    /// could be compared anyway.
    pub(super) fn lets_through(&self, method: &str) -> bool {
        self.pins.is_none() || any_matches(&self.setup.rules.methods, method)
    }

    fn initialize(&mut self, params: Params<'_, '_>) -> Result<Asked, Refusal> {
        let version = text(params, "protocolVersion")?;
        if let Some(capabilities) = object(params, "capabilities")? {
            self.client = profile(&capabilities);
            self.elicits = shows_forms(&capabilities);
        }
        Ok(Asked::Initialize(version.map(Cow::into_owned)))
    }

    fn list(&mut self, kind: ItemKind, params: Params<'_, '_>) -> Result<ListAsked, Refusal> {
        let (eras, client) = self.spoken(params)?;
        self.client = client;
        self.modern |= eras.first() == Some(&Era::Modern) && self.version.is_none();
        let cursor = match params.and_then(|params| params.get("cursor")) {
            Some(cursor) if cursor.get() != "null" => text(params, "cursor")?.map(Cow::into_owned).filter(|cursor| !cursor.is_empty()),
            _ => None,
        };
        Ok(ListAsked {
            kind,
            eras,
            client,
            cursor,
            own: false,
        })
    }

    /// The eras whose pins a request is held against, the one that is spoken first, and what the client
    /// says it can do.
    pub(super) fn spoken(&self, params: Params<'_, '_>) -> Result<(&'static [Era], ClientProfile), Refusal> {
        let meta = object(params, "_meta")?;
        let modern = meta.as_ref().is_some_and(|meta| meta.get(META_VERSION).is_some());
        let capabilities = meta.as_ref().and_then(|meta| meta.object(META_CAPABILITIES).ok().flatten());
        let client = capabilities.map_or(self.client, |capabilities| profile(&capabilities));
        let pinned = |era| {
            self.pins
                .as_ref()
                .is_some_and(|pins| pins.surface().views.iter().any(|view| view.era == era))
        };
        let eras: &[Era] = match (modern, self.version.is_some()) {
            (true, true) if pinned(Era::Modern) => &[Era::Modern, Era::Legacy],
            (true, false) => &[Era::Modern],
            _ => &[Era::Legacy],
        };
        Ok((eras, client))
    }

    /// Whether a request in the newer manner says that the client shows forms.
    pub(super) fn forms(&self, params: Params<'_, '_>) -> bool {
        let meta = object(params, "_meta").ok().flatten();
        let meta = meta.filter(|meta| self.version.is_none() && meta.get(META_VERSION).is_some());
        meta.and_then(|meta| meta.object(META_CAPABILITIES).ok()?)
            .is_some_and(|capabilities| shows_forms(&capabilities))
    }

    /// The id of a frame that is no message but is meant as a request, if no open request has it.
    pub(super) fn id_of_unread(&self, frame: &[u8]) -> Option<Id> {
        let meant: Meant = serde_json::from_slice(frame).ok()?;
        if meant.result.is_some() || meant.error.is_some() {
            return None;
        }
        meant.method.as_str()?;
        id_of(&meant.id.to_string()).filter(|id| !self.is_taken(id))
    }

    /// A tool or a prompt by its name.
    fn named(&self, kind: ItemKind, params: Params<'_, '_>) -> Result<Asked, Refusal> {
        let name = text(params, "name")?;
        let Some(pins) = &self.pins else { return Ok(Asked::Work(None)) };
        match name.and_then(|name| pins.key(kind, &name)) {
            Some(key) => self.usable(kind, key).map(|()| Asked::Work(Some((kind, key.to_owned())))),
            None => Err(self.unknown(kind)),
        }
    }

    /// A resource that is used. What nobody approved is answered as what is not there, in the words of the
    /// version that is spoken, so that clients go on as they do with any server.
    fn resource(&self, params: Params<'_, '_>) -> Result<Option<(ItemKind, String)>, Refusal> {
        let uri = text(params, "uri")?;
        let refused = match self.address(uri.as_deref()) {
            Err(refusal) if refusal.code == UNKNOWN && uri.is_some() => refusal,
            found => return found,
        };
        let (eras, _) = self.spoken(params)?;
        let modern = eras.first() == Some(&Era::Modern);
        Err(Refusal {
            code: if modern { UNKNOWN } else { NO_RESOURCE },
            uri: params.and_then(|params| params.get("uri")).map(|uri| uri.get().to_owned()),
            ..refused
        })
    }

    /// A resource, or what a template makes.
    fn address(&self, uri: Option<&str>) -> Result<Option<(ItemKind, String)>, Refusal> {
        let Some(pins) = &self.pins else { return Ok(None) };
        let found = uri.and_then(|uri| {
            let resource = pins.key(ItemKind::Resource, uri).map(|key| (ItemKind::Resource, key));
            resource.or_else(|| pins.template(uri).map(|key| (ItemKind::Template, key)))
        });
        let (kind, key) = found.ok_or_else(|| self.unknown(ItemKind::Resource))?;
        self.usable(kind, key).map(|()| Some((kind, key.to_owned())))
    }

    fn completion(&self, params: Params<'_, '_>) -> Result<Asked, Refusal> {
        let Some(pins) = &self.pins else { return Ok(Asked::Other) };
        let reference = object(params, "ref")?;
        let reference = reference.as_ref();
        if let Some(name) = text(reference, "name")? {
            let key = pins.key(ItemKind::Prompt, &name);
            return key
                .map_or_else(|| Err(self.unknown(ItemKind::Prompt)), |key| self.usable(ItemKind::Prompt, key))
                .map(|()| Asked::Other);
        }
        let uri = text(reference, "uri")?;
        if let Some(key) = uri.as_deref().and_then(|uri| pins.key(ItemKind::Template, uri)) {
            return self.usable(ItemKind::Template, key).map(|()| Asked::Other);
        }
        self.address(uri.as_deref()).map(|_| Asked::Other)
    }

    /// Every address to be told about must be one that may be read.
    fn listen(&self, params: Params<'_, '_>) -> Result<Asked, Refusal> {
        let filter = object(params, "notifications")?;
        for members in params.into_iter().chain(filter.as_ref()) {
            let Some(uris) = members.get("resourceSubscriptions").filter(|uris| uris.get() != "null") else {
                continue;
            };
            let uris: Vec<String> = serde_json::from_str(uris.get()).map_err(|_| malformed())?;
            uris.iter().try_for_each(|uri| self.address(Some(uri)).map(drop))?;
        }
        Ok(Asked::Other)
    }

    /// Refuses what turned since.
    pub(super) fn usable(&self, kind: ItemKind, key: &str) -> Result<(), Refusal> {
        if self.refused.is_empty() || !self.refused.contains(&(kind, key.to_owned())) {
            return Ok(());
        }
        Err(Refusal {
            code: REFUSED,
            message: refusal::item(&self.setup, kind, key),
            grade: Grade::Warning,
            what: format!("a use of {} `{}`, which is not what was approved", kind.noun(), refusal::short(key)),
            uri: None,
        })
    }

    fn unknown(&self, kind: ItemKind) -> Refusal {
        Refusal {
            code: UNKNOWN,
            message: refusal::unknown(&self.setup, kind),
            grade: Grade::Warning,
            what: format!("a use of a {} that is not in the pin", kind.noun()),
            uri: None,
        }
    }
}

/// What the client says it can do.
fn profile(capabilities: &Members<'_>) -> ClientProfile {
    let has = |name| capabilities.get(name).is_some_and(|value| value.get() != "null");
    if ["sampling", "elicitation", "roots"].into_iter().any(has) {
        ClientProfile::Full
    } else {
        ClientProfile::Bare
    }
}

fn malformed() -> Refusal {
    Refusal {
        code: INVALID,
        message: "the request's parameters are malformed".into(),
        grade: Grade::Notice,
        what: "a request of the client with malformed parameters".into(),
        uri: None,
    }
}

/// A parameter that is a text. One that is something else is malformed: the server might read it.
fn text<'a>(params: Params<'a, '_>, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
    let found = params.map(|params| params.text(name)).transpose().map_err(|_| malformed())?;
    Ok(found.flatten())
}

/// A parameter that is an object.
fn object<'a>(params: Params<'a, '_>, name: &str) -> Result<Option<Members<'a>>, Refusal> {
    let Some(raw) = params.and_then(|params| params.get(name)).filter(|raw| raw.get() != "null") else {
        return Ok(None);
    };
    raw.members().map_err(|_| malformed())?.map(Some).ok_or_else(malformed)
}

/// An id in a parameter.
pub(super) fn id_of(raw: &str) -> Option<Id> {
    match serde_json::from_str(raw).ok()? {
        Value::Number(number) => number.as_i64().map(Id::number),
        Value::String(text) => Some(Id::text(&text)),
        _ => None,
    }
}

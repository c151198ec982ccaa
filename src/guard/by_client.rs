//! The user's word through the client's own dialog, where it has one.
//!
//! Before 2026-07-28 the guard sends the client an `elicitation/create` of its own and holds what it is
//! about; since then a server sends no requests, so the call itself is answered with the question, and
//! the client calls again with the answer. Accepted and `approve` chosen is a yes. Everything else is a no:
//! declined, cancelled, malformed, too late, or another call than the one that was asked about. What goes on
//! to the server is then the call that was asked about, not what came with the answer.
//!
//! The attacks: a server that asks in the guard's name, or answers in the user's. Ids and states that begin
//! with `mcp-pin/` are the guard's, and refused where a server sends them; forms of servers whose words
//! look like the guard's own are refused (see [`Asks`](super::ask::Asks)); and answers are looked for in
//! what the client sends, nowhere else.
//!
//! Not promised: that a person answers. A client that accepts by itself, as agents may, chooses nothing, so
//! that accepting alone is no yes; one that also fills in forms is a reason for `ask = "desktop"`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::frame::{self, Frame, Id, Members, Message, Peeked};
use super::fresh::OWN;
use super::held::{Asking, Cleared, Held, Wait, Way};
use super::refusal::{self, INVALID, REFUSED};
use super::session::{Fate, Guard, Refusal, Request};
use super::{Output, Said};
use crate::model::guard::AskThrough;

/// The versions in which a server, so the guard too, may send `elicitation/create`.
const ELICITING: [&str; 2] = ["2025-06-18", "2025-11-25"];

/// The name of the guard's question inside a result.
const KEY: &str = "mcp-pin";

/// Members of a call that say what is called.
const SUBJECT: [&str; 3] = ["name", "uri", "arguments"];

impl Guard {
    /// Where the user is asked. `forms`: a newer client said with this request that it shows forms.
    pub(super) fn way_to_ask(&mut self, forms: bool) -> Result<Wait, Refusal> {
        let through = self.setup.rules.ask;
        let version = self.version.as_deref();
        let by_request = self.elicits && version.is_some_and(|version| ELICITING.contains(&version));
        match through {
            AskThrough::Desktop => Ok(Wait::Desktop),
            _ if by_request => Ok(Wait::Client(self.own_id("ask"))),
            _ if forms && version.is_none() => {
                let id = self.own_id("ask");
                Ok(Wait::Retry(id.as_text().unwrap_or_default().to_owned()))
            }
            AskThrough::Either => Ok(Wait::Desktop),
            AskThrough::Client => Err(Refusal::of(
                REFUSED,
                "the rules say that the client asks the user, and this client shows no forms",
            )),
        }
    }

    /// Puts the question to the client.
    pub(super) fn ask_client(&mut self, wait: &Wait, id: &Id, asking: &Asking, out: &mut Output) {
        let server = &self.setup.server;
        let params = json!({
            "message": format!("mcp-pin asks, about the server {server}: {}\n\n{}", asking.title, asking.body),
            "requestedSchema": {
                "type": "object",
                "properties": {"decision": {"type": "string", "title": "Decision", "enum": ["refuse", "approve"]}},
                "required": ["decision"],
            },
        });
        match wait {
            Wait::Client(own) => out.to_client.push(
                format!(
                    "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"elicitation/create\",\"params\":{params}}}",
                    own.raw()
                )
                .into_bytes(),
            ),
            Wait::Retry(state) => {
                let mut params = params;
                params["mode"] = "form".into();
                let result = json!({
                    "resultType": "input_required",
                    "inputRequests": {KEY: {"method": "elicitation/create", "params": params}},
                    "requestState": state,
                });
                self.open.remove(id);
                out.to_client.push(refusal::with_result(id, &result.to_string()));
            }
            Wait::Desktop | Wait::List(_) => {}
        }
    }

    /// An answer of the client's to a question of the guard's; `None` where it is none of those.
    pub(super) fn own_answer(&mut self, id: &Id, result: Option<&Peeked<'_>>, now: Timestamp, out: &mut Output) -> Option<Fate> {
        let is_own = id.as_text().is_some_and(|id| id.starts_with(OWN));
        let at = self
            .held
            .iter()
            .find(|(_, held)| matches!(&held.wait, Wait::Client(own) if own == id));
        let Some(at) = at.map(|(at, _)| *at) else {
            // The answer to a question that is not open any more.
            return is_own.then_some(Fate::Drop);
        };
        if let Some(mut held) = self.held.remove(&at) {
            match result {
                Some(result) => self.decided(held, said(&result.members), now, out),
                None if self.setup.rules.ask == AskThrough::Either => {
                    held.wait = Wait::Desktop;
                    // It was held before, so there is room.
                    let _ = self.ask_desktop(held, out);
                }
                None => self.decided(held, Said::Nobody, now, out),
            }
        }
        Some(Fate::Drop)
    }

    /// A call that comes again with an answer to the guard's question.
    pub(super) fn retried(&mut self, request: Request<'_>, state: &str, now: Timestamp, out: &mut Output) -> Result<Fate, Refusal> {
        let closed = || Refusal::of(REFUSED, "the question that this call answers is not open any more");
        if self.is_taken(request.id) {
            return Err(Refusal::of(INVALID, "its id is that of a request that is still open"));
        }
        let at = self
            .held
            .iter()
            .find(|(_, held)| matches!(&held.wait, Wait::Retry(own) if own == state));
        let at = at.map(|(at, _)| *at).ok_or_else(closed)?;
        let held = self.held.remove(&at).ok_or_else(closed)?;
        let answer = request
            .params
            .and_then(|params| params.get("inputResponses")?.members().ok()??.object(KEY).ok()?);
        let said = answer.as_ref().map_or(Said::No, said);
        if !held.word(said, now, out) {
            return Err(Refusal::of(REFUSED, "the user did not agree"));
        }
        if let Way::Call(cleared) = held.way {
            return self.goes_on(request, &held, cleared, now, out);
        }
        let Ok(Frame::Message(Message::Result { result, .. })) = frame::peek(&held.frame) else {
            return Err(closed());
        };
        if let Way::Result(Some((kind, key))) = &held.way {
            self.usable(*kind, key)?;
        }
        out.to_client.push(refusal::with_result(request.id, result.raw().get()));
        Ok(Fate::Drop)
    }

    /// The call that the user agreed to, under its new id: judged as if it had just come.
    fn goes_on(&mut self, request: Request<'_>, held: &Held, cleared: Cleared, now: Timestamp, out: &mut Output) -> Result<Fate, Refusal> {
        let other = || Refusal::of(REFUSED, "the user agreed to another call than this one");
        let Ok(Frame::Message(Message::Request { method, params, .. })) = frame::peek(&held.frame) else {
            return Err(other());
        };
        let value = |params: Option<&Members<'_>>, name: &str| {
            let text = params?.get(name)?.get().to_owned();
            serde_json::from_str::<Value>(&text).ok()
        };
        let same = |name: &str| value(params.as_ref(), name) == value(request.params, name);
        if method != request.method || !SUBJECT.iter().all(|name| same(name)) {
            return Err(other());
        }
        let before = params.iter().flat_map(Members::iter).filter(|(name, _)| *name != "_meta");
        let meta = request
            .params
            .into_iter()
            .flat_map(Members::iter)
            .filter(|(name, _)| *name == "_meta");
        let members: Vec<_> = before
            .chain(meta)
            .map(|(name, value)| format!("{}:{}", Value::from(name), value.get()))
            .collect();
        let frame = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":{},\"params\":{{{}}}}}",
            request.id.raw(),
            Value::from(request.method),
            members.join(",")
        )
        .into_bytes();
        let Ok(Frame::Message(Message::Request { id, method, params })) = frame::peek(&frame) else {
            return Err(other());
        };
        let again = Request {
            id: &id,
            method: &method,
            params: params.as_ref(),
            frame: &frame,
        };
        let held = self.enter(again, cleared, now, out)?;
        Ok(if held { Fate::Drop } else { Fate::Instead(frame) })
    }

    /// Takes the guard's question off the client's screen.
    pub(super) fn withdraw(held: &Held, out: &mut Output) {
        if let Wait::Client(own) = &held.wait {
            out.to_client.push(cancelled(own));
        }
    }
}

/// A request is given up.
pub(super) fn cancelled(id: &Id) -> Vec<u8> {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{}}}}}",
        id.raw()
    )
    .into_bytes()
}

/// What the user said: yes only where he accepted, and chose to approve.
fn said(answer: &Members<'_>) -> Said {
    let text = |members: &Members<'_>, name: &str, wanted: &str| matches!(members.text(name), Ok(Some(text)) if text == wanted);
    let content = answer.object("content").ok().flatten();
    if text(answer, "action", "accept") && content.is_some_and(|content| text(&content, "decision", "approve")) {
        Said::Yes
    } else {
        Said::No
    }
}

/// Whether a client's capabilities say that it shows forms. Before modes were named, saying anything was
/// saying so.
pub(super) fn shows_forms(capabilities: &Members<'_>) -> bool {
    let Ok(Some(elicitation)) = capabilities.object("elicitation") else {
        return false;
    };
    elicitation.get("form").is_some() || elicitation.get("url").is_none()
}

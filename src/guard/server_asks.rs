//! What the server asks, by the rules: as requests (older versions) and inside results (2026-07-28).
//!
//! The attacks: a server that spends the user's tokens, asks for a password, or asks for what no
//! protocol knows. What the rules do not permit never reaches the client. Of a result in which one
//! question is refused nothing passes: a question cannot be taken out without answering it, and the
//! state that goes with it is the server's, which the guard neither reads nor changes.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::ask::{Kind, Verdict};
use super::by_client::cancelled;
use super::frame::{Id, Members, Peeked, Raw};
use super::fresh::OWN;
use super::held::{Asking, Held, Way};
use super::refusal::{self, INVALID, NO_METHOD, REFUSED};
use super::session::{Fate, Guard, Open, Refusal};
use super::{Event, Output};
use crate::model::Grade;
use crate::model::guard::any_matches;

/// Questions of the server that may be open at a time, or stand in one result.
const MOST_ASKED: usize = 256;

/// Nobody can tell during which request of the client a server asks: they all count together.
pub(super) const ROUNDS: u64 = 0;

/// Pages that one error may send the user to.
const MOST_PAGES: usize = 8;

/// What kind of question one is.
#[derive(Deserialize)]
struct Mode<'a> {
    #[serde(borrow)]
    mode: Cow<'a, str>,
}

/// A request of the server that the client has.
#[derive(Debug)]
pub(super) struct Forwarded {
    /// What is asked for, where it is looked at on its way back.
    pub(super) kind: Option<Kind>,
    /// When the client has to have answered.
    pub(super) until: Option<Timestamp>,
}

impl Guard {
    /// Whether a request of the server under this id is not answered yet.
    pub(super) fn is_asked(&self, id: &Id) -> bool {
        let waits = |held: &Held| matches!(held.way, Way::Request(_) | Way::Completion) && held.id == *id;
        self.asked_by_server.contains_key(id) || self.held.values().any(waits)
    }

    /// Remembers a request of the server that goes to the client.
    pub(super) fn forward(&mut self, id: &Id, kind: Option<Kind>, now: Timestamp) {
        let until = kind.filter(|_| !self.observing()).map(|kind| self.asks.until(kind, now));
        self.asked_by_server.insert(id.clone(), Forwarded { kind, until });
    }

    /// Answers for a client that lets the server wait longer than the rules permit.
    pub(super) fn late_asks(&mut self, now: Timestamp, out: &mut Output) {
        let is_late = |asked: &Forwarded| asked.until.is_some_and(|until| until <= now);
        let late: Vec<Id> = self
            .asked_by_server
            .iter()
            .filter(|(_, asked)| is_late(asked))
            .map(|(id, _)| id.clone())
            .collect();
        for id in late {
            let kind = self.asked_by_server.remove(&id).and_then(|asked| asked.kind);
            let method = kind.map_or("a request of the server", Kind::method);
            out.events.push(Event::Decision {
                what: format!("{method}: the client did not answer in time"),
            });
            out.to_server
                .push(refusal::error(&id, REFUSED, "the client did not answer in time"));
            out.to_client.push(cancelled(&id));
        }
    }

    /// A completion on its way to the server.
    pub(super) fn completed(&mut self, id: &Id, completion: &Peeked<'_>, text: &[u8], now: Timestamp, out: &mut Output) -> Fate {
        let decision = self.asks.completion(completion.raw().get(), now);
        let held = match decision.verdict {
            Verdict::Ask { title, body, until, .. } => {
                let asking = Asking {
                    way: Way::Completion,
                    title,
                    body,
                    until,
                    forms: false,
                };
                self.hold(id, text.to_vec(), &asking, out).map_err(|refusal| refusal.what)
            }
            Verdict::Refuse { .. } => Err(decision.log.clone()),
            _ => return Fate::Pass,
        };
        match held {
            Ok(()) => out.events.push(Event::Decision { what: decision.log }),
            Err(what) => {
                let grade = Grade::Notice;
                out.events.push(Event::Refused { grade, what });
                out.to_server.push(refusal::error(id, REFUSED, "not permitted"));
            }
        }
        Fate::Drop
    }

    /// An error that sends the user to pages first (2025-11-25): each of them by the rules.
    pub(super) fn pages_first(
        &mut self,
        open: &Open,
        error: &Members<'_>,
        text: &[u8],
        now: Timestamp,
        out: &mut Output,
    ) -> Result<Fate, String> {
        let wrong = || "an error that sends the user to an address: it does not say where as it should".to_owned();
        let data = error.object("data").ok().flatten().ok_or_else(wrong)?;
        let pages: Vec<&RawValue> = data
            .get("elicitations")
            .and_then(|pages| serde_json::from_str(pages.get()).ok())
            .filter(|pages: &Vec<_>| !pages.is_empty() && pages.len() <= MOST_PAGES)
            .ok_or_else(wrong)?;
        let mut asked: Option<Asking> = None;
        for page in pages {
            let mode: Option<Mode<'_>> = serde_json::from_str(page.get()).ok();
            if mode.is_none_or(|mode| mode.mode != "url") {
                return Err(wrong());
            }
            let decision = self.asks.judge(Kind::Elicitation, Some(page.get()), ROUNDS, now);
            let log = format!("inside an error, {}", decision.log);
            match decision.verdict {
                Verdict::Pass => {}
                Verdict::Ask { title, body, until, .. } => {
                    let way = Way::Result(open.asked.item().cloned());
                    asked = Some(both(asked, way, title, body, until, false));
                }
                Verdict::Replace(_) | Verdict::Answer(_) | Verdict::Refuse { .. } => return Err(log),
            }
            out.events.push(Event::Decision { what: log });
        }
        let Some(asking) = asked.filter(|_| !self.observing()) else {
            return Ok(Fate::Pass);
        };
        self.hold(&open.id, text.to_vec(), &asking, out).map_err(|refusal| refusal.what)?;
        Ok(Fate::Drop)
    }

    pub(super) fn server_request(
        &mut self,
        id: &Id,
        method: &str,
        params: Option<&Members<'_>>,
        text: &[u8],
        now: Timestamp,
        out: &mut Output,
    ) -> Fate {
        if self.modern && self.version.is_none() {
            let what = "a request of the server, which may send none in protocol version 2026-07-28";
            return self.strange(out, Grade::Warning, what);
        }
        let refusal = if self.asked_by_server.len() >= MOST_ASKED {
            Refusal::of(REFUSED, "a request of the server: too many are open")
        } else if self.is_asked(id) || id.as_text().is_some_and(|id| id.starts_with(OWN)) {
            Refusal::of(INVALID, "a request of the server with an id that is in use")
        } else if method == "ping" || Kind::of(method).is_none() && any_matches(&self.setup.rules.methods, method) {
            self.forward(id, None, now);
            return Fate::Pass;
        } else if let Some(kind) = Kind::of(method) {
            match self.judge_request_of_server(kind, id, params, text, now, out) {
                Ok(fate) => return fate,
                Err(refusal) => refusal,
            }
        } else {
            Refusal::of(NO_METHOD, "a request of the server that the protocol does not know")
        };
        let grade = Grade::Warning;
        if self.observing() {
            self.forward(id, None, now);
            out.events.push(Event::Observed { grade, what: refusal.what });
            return Fate::Pass;
        }
        out.events.push(Event::Refused { grade, what: refusal.what });
        out.to_server.push(refusal::error(id, refusal.code, &refusal.message));
        Fate::Drop
    }

    fn judge_request_of_server(
        &mut self,
        kind: Kind,
        id: &Id,
        params: Option<&Members<'_>>,
        text: &[u8],
        now: Timestamp,
        out: &mut Output,
    ) -> Result<Fate, Refusal> {
        let decision = self.asks.judge(kind, params.map(|params| params.raw().get()), ROUNDS, now);
        if let Verdict::Refuse { .. } = decision.verdict {
            return Err(Refusal {
                message: "not permitted".into(),
                ..Refusal::of(REFUSED, &decision.log)
            });
        }
        out.events.push(Event::Decision { what: decision.log });
        let instead = |params: Value| {
            let method = Value::from(kind.method());
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":{method},\"params\":{params}}}",
                id.raw()
            )
            .into_bytes()
        };
        let fate = match decision.verdict {
            _ if self.observing() => Fate::Pass,
            Verdict::Replace(params) => Fate::Instead(instead(params)),
            Verdict::Answer(answer) => {
                out.to_server.push(refusal::with_result(id, &answer.to_string()));
                return Ok(Fate::Drop);
            }
            Verdict::Ask {
                title,
                body,
                until,
                replace,
            } => {
                let asking = Asking {
                    way: Way::Request(kind),
                    title,
                    body,
                    until,
                    forms: false,
                };
                self.hold(id, replace.map_or_else(|| text.to_vec(), instead), &asking, out)?;
                return Ok(Fate::Drop);
            }
            Verdict::Pass | Verdict::Refuse { .. } => Fate::Pass,
        };
        self.forward(id, Some(kind), now);
        Ok(fate)
    }

    /// Questions inside a result.
    pub(super) fn asks_inside(&mut self, open: &Open, result: &Peeked<'_>, text: &[u8], now: Timestamp, out: &mut Output) -> Fate {
        let state = result.members.text("requestState");
        if !matches!(&state, Ok(state) if !state.as_ref().is_some_and(|state| state.starts_with(OWN))) {
            let refusal = self.asks_wrongly("a result of the server with a state that is the guard's own, or no text");
            return self.refuse(out, Some(&open.id), refusal);
        }
        // Without a question it only says: ask again.
        let Some(requests) = result.input_requests() else {
            self.goes_round(open, result, &[], now);
            return Fate::Pass;
        };
        match self.judge_inside(open, result, requests, text, now, out) {
            Ok(fate) => fate,
            Err(what) => {
                let refusal = self.asks_wrongly(&what);
                self.refuse(out, Some(&open.id), refusal)
            }
        }
    }

    fn judge_inside(
        &mut self,
        open: &Open,
        result: &Peeked<'_>,
        requests: Raw<'_>,
        text: &[u8],
        now: Timestamp,
        out: &mut Output,
    ) -> Result<Fate, String> {
        let malformed = || "questions of the server inside a result are malformed".to_owned();
        let requests = requests.members().ok().flatten().ok_or_else(malformed)?;
        let mut kept = Vec::new();
        let mut asked: Option<Asking> = None;
        let mut replaced = false;
        let mut kinds = Vec::new();
        for (name, request) in requests.iter() {
            let request = request.members().ok().flatten().ok_or_else(malformed)?;
            let method = request.text("method").ok().flatten().ok_or_else(malformed)?;
            let kind = Kind::of(&method).ok_or_else(|| "a question inside a result that the protocol does not know".to_owned())?;
            if kept.len() >= MOST_ASKED {
                return Err("too many questions inside a result".to_owned());
            }
            let decision = self.asks.judge(kind, request.get("params").map(Raw::get), open.about.during, now);
            let log = format!("inside a result, {}", decision.log);
            let mut with = |params: Value| {
                replaced = true;
                serde_json::json!({"method": kind.method(), "params": params}).to_string()
            };
            let kept_text = match decision.verdict {
                Verdict::Pass => request.raw().get().to_owned(),
                Verdict::Replace(params) => with(params),
                Verdict::Answer(_) | Verdict::Refuse { .. } => return Err(log),
                Verdict::Ask {
                    title,
                    body,
                    until,
                    replace,
                } => {
                    let way = Way::Result(open.asked.item().cloned());
                    asked = Some(both(asked.take(), way, title, body, until, open.about.forms));
                    replace.map_or_else(|| request.raw().get().to_owned(), with)
                }
            };
            kept.push(format!("{}:{kept_text}", Value::from(name)));
            kinds.push((name.to_owned(), kind));
            out.events.push(Event::Decision { what: log });
        }
        // The client's time begins when the user has had his.
        let shown = asked.as_ref().map_or(now, |asking| asking.until);
        self.goes_round(open, result, &kinds, shown);
        if self.observing() {
            return Ok(Fate::Pass);
        }
        let frame = replaced.then(|| {
            let members = result.members.iter().map(|(name, value)| {
                let value = if name == "inputRequests" {
                    format!("{{{}}}", kept.join(","))
                } else {
                    value.get().to_owned()
                };
                format!("{}:{value}", Value::from(name))
            });
            refusal::with_result(&open.id, &format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
        });
        let Some(asking) = asked else {
            return Ok(frame.map_or(Fate::Pass, Fate::Instead));
        };
        self.hold(&open.id, frame.unwrap_or_else(|| text.to_vec()), &asking, out)
            .map_err(|refusal| refusal.what)?;
        Ok(Fate::Drop)
    }
}

/// Two questions as one: the user says yes to both, or to none.
fn both(before: Option<Asking>, way: Way, title: String, body: String, until: Timestamp, forms: bool) -> Asking {
    let (first, body, until) = match before {
        None => (None, body, until),
        Some(before) => (Some(before.title), format!("{}\n\n{body}", before.body), before.until.min(until)),
    };
    let title = match first {
        Some(first) if first != title => format!("{first} And: {title}"),
        _ => title,
    };
    Asking {
        way,
        title,
        body,
        until,
        forms,
    }
}

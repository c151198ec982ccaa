//! What the server asks, by the rules: as requests (older versions) and inside results (2026-07-28).
//!
//! The attacks: a server that spends the user's tokens, asks for a password, or asks for what no
//! protocol knows. What the rules do not permit never reaches the client. Of a result in which one
//! question is refused nothing passes: a question cannot be taken out without answering it, and the
//! state that goes with it is the server's, which the guard neither reads nor changes.

use jiff::Timestamp;
use serde_json::Value;

use super::ask::{Kind, Verdict};
use super::frame::{Id, Members, Peeked, Raw};
use super::held::{Asking, Way};
use super::refusal::{self, INVALID, NO_METHOD, REFUSED};
use super::session::{Fate, Guard, Open, Refusal};
use super::{Event, Output};
use crate::model::Grade;

/// Questions of the server that may be open at a time, or stand in one result.
const MOST_ASKED: usize = 256;

/// Nobody can tell during which request of the client a server asks: they all count together.
pub(super) const ROUNDS: u64 = 0;

impl Guard {
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
        } else if self.asked_by_server.contains(id) || self.held.values().any(|held| matches!(held.way, Way::Request(_)) && held.id == *id)
        {
            Refusal::of(INVALID, "a request of the server with an id that is in use")
        } else if method == "ping" {
            self.asked_by_server.insert(id.clone());
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
            self.asked_by_server.insert(id.clone());
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
        self.spent(out);
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
                };
                self.hold(id, replace.map_or_else(|| text.to_vec(), instead), asking, out)?;
                return Ok(Fate::Drop);
            }
            Verdict::Pass | Verdict::Refuse { .. } => Fate::Pass,
        };
        self.asked_by_server.insert(id.clone());
        Ok(fate)
    }

    /// Says what a decision took of the day's tokens.
    fn spent(&mut self, out: &mut Output) {
        let tokens = self.asks.take_spent();
        if tokens > 0 {
            out.events.push(Event::Spent { tokens });
        }
    }

    /// Questions inside a result.
    pub(super) fn asks_inside(&mut self, open: &Open, result: &Peeked<'_>, text: &[u8], now: Timestamp, out: &mut Output) -> Fate {
        // Without a question it only says: ask again.
        let Some(requests) = result.input_requests() else {
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
        for (name, request) in requests.iter() {
            let request = request.members().ok().flatten().ok_or_else(malformed)?;
            let method = request.text("method").ok().flatten().ok_or_else(malformed)?;
            let kind = Kind::of(&method).ok_or_else(|| "a question inside a result that the protocol does not know".to_owned())?;
            if kept.len() >= MOST_ASKED {
                return Err("too many questions inside a result".to_owned());
            }
            let decision = self.asks.judge(kind, request.get("params").map(Raw::get), ROUNDS, now);
            let log = format!("inside a result, {}", decision.log);
            self.spent(out);
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
                    let before = asked.take();
                    asked = Some(Asking {
                        way: Way::Result(open.asked.item()),
                        title,
                        until: before.as_ref().map_or(until, |before| before.until.min(until)),
                        body: before.map_or_else(|| body.clone(), |before| format!("{}\n\n{body}", before.body)),
                    });
                    replace.map_or_else(|| request.raw().get().to_owned(), with)
                }
            };
            kept.push(format!("{}:{kept_text}", Value::from(name)));
            out.events.push(Event::Decision { what: log });
        }
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
        self.hold(&open.id, frame.unwrap_or_else(|| text.to_vec()), asking, out)
            .map_err(|refusal| refusal.what)?;
        Ok(Fate::Drop)
    }
}

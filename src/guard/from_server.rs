//! What the server sends: answers judged by what was asked, questions by the rules, and of what it
//! tells only what the protocol knows.
//!
//! The attacks: an answer to nothing, a second answer, a question that spends the user's tokens or
//! asks for a password, also inside a result, and messages that some hosts put before the model.

use jiff::Timestamp;
use serde::Deserialize;

use super::frame::{Members, Message, NotAFrame, Peeked};
use super::fresh::{OWN, list_part};
use super::handshake::{Shaken, judge_handshake};
use super::lists::{ListAsked, Sent};
use super::refusal::{self, REFUSED};
use super::server_asks::ROUNDS;
use super::session::{Asked, Fate, Guard, Open, Refusal};
use super::turned::hostile;
use super::{Output, hygiene};
use crate::model::guard::ResultRules;
use crate::model::{Era, Grade};
use crate::surface::strict::{self, Limits};
use crate::surface::take::{Hostile, code, unreadable};

/// A server wants the user to open an address first (2025-11-25).
const URL_ELICITATION: f64 = -32_042.0;

/// What a server may tell a client.
const TOLD: [&str; 10] = [
    "notifications/progress",
    "notifications/message",
    "notifications/cancelled",
    "notifications/resources/updated",
    "notifications/resources/list_changed",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/elicitation/complete",
    "notifications/tasks/status",
    "notifications/subscriptions/acknowledged",
];

impl Guard {
    pub(super) fn server_message(&mut self, message: &Message<'_>, text: &[u8], now: Timestamp, out: &mut Output) -> Fate {
        match message {
            Message::Request { id, method, params } => self.server_request(id, method, params.as_ref(), text, now, out),
            Message::Notification { method, params } => self.server_tells(method, params.as_ref(), out),
            Message::Result { id, result } => match self.open.remove(id) {
                Some(open) => {
                    let line = std::str::from_utf8(text).unwrap_or_default();
                    self.answer(&open, Sent { line, result }, now, out)
                }
                None => self.strange(out, Grade::Warning, "an answer of the server to a request that is not open"),
            },
            Message::Error { id, error } => {
                if id.is_null() {
                    return Fate::Pass;
                }
                match self.open.remove(id) {
                    Some(open) => self.server_error(&open, error, text, now, out),
                    None => self.strange(out, Grade::Warning, "an answer of the server to a request that is not open"),
                }
            }
        }
    }

    fn answer(&mut self, open: &Open, sent: Sent<'_>, now: Timestamp, out: &mut Output) -> Fate {
        let asks = sent.result.input_requests().is_some() || sent.result.result_type.as_deref() == Some("input_required");
        match &open.asked {
            Asked::Initialize(version) => self.shaken(open, Era::Legacy, version.as_deref(), sent, out),
            Asked::Discover => self.shaken(open, Era::Modern, None, sent, out),
            Asked::List(asked) => self.listed(open, asked, sent, out),
            Asked::Own(asked) => {
                self.own_listed(open, asked, sent, now, out);
                Fate::Drop
            }
            Asked::Work(_) if asks => self.asks_inside(open, sent.result, sent.line.as_bytes(), now, out),
            Asked::Other if asks => {
                let refusal = self.asks_wrongly("questions of the server in a result that may hold none");
                self.refuse(out, Some(&open.id), refusal)
            }
            Asked::Work(_) => {
                self.asks.finished(ROUNDS);
                self.rounds_over(open);
                self.cleaned(open, sent.result, out)
            }
            Asked::Other => Fate::Pass,
        }
    }

    /// A result by the rules of the entry, which are off unless set.
    fn cleaned(&self, open: &Open, result: &Peeked<'_>, out: &mut Output) -> Fate {
        let rules = &self.setup.rules.results;
        if *rules == ResultRules::default() {
            return Fate::Pass;
        }
        match hygiene::clean(rules, result.raw().get()) {
            Ok(Some(text)) if !self.observing() => Fate::Instead(refusal::with_result(&open.id, &text)),
            Ok(_) => Fate::Pass,
            Err(large) => self.refuse(out, Some(&open.id), Refusal::of(REFUSED, &large.to_string())),
        }
    }

    fn shaken(&mut self, open: &Open, era: Era, asked: Option<&str>, sent: Sent<'_>, out: &mut Output) -> Fate {
        let fate = match &self.pins {
            None => Fate::Pass,
            Some(pins) => {
                let views = pins.views(&[era], self.client);
                match judge_handshake(&self.setup, pins, &views, asked, sent) {
                    Shaken::Goes(judged) => self.act(judged, open, "what it says about itself", out),
                    Shaken::Ends(judged) => {
                        self.tell(judged.findings, out);
                        if self.observing() {
                            Fate::Pass
                        } else {
                            self.close("what it says about itself", Some(&open.id), out);
                            Fate::Drop
                        }
                    }
                }
            }
        };
        if era == Era::Legacy && fate != Fate::Drop {
            let version = sent.result.members.text("protocolVersion").ok().flatten();
            self.version = version.map(std::borrow::Cow::into_owned).or_else(|| Some(String::new()));
            self.modern = false;
        }
        fate
    }

    fn listed(&mut self, open: &Open, asked: &ListAsked, sent: Sent<'_>, out: &mut Output) -> Fate {
        let Some(pins) = &self.pins else { return Fate::Pass };
        let views = pins.views(asked.eras, asked.client);
        let judged = self.lists.judge(&self.setup, pins, asked, &views, sent);
        if judged.whole {
            self.fresh.insert(asked.key());
        }
        self.act(judged, open, &list_part(asked.kind), out)
    }

    pub(super) fn asks_wrongly(&self, what: &str) -> Refusal {
        let server = &self.setup.server;
        Refusal {
            code: REFUSED,
            message: format!("{server} asks for something that its rules do not permit, so this request cannot be completed"),
            grade: Grade::Warning,
            what: what.to_owned(),
            uri: None,
        }
    }

    fn server_error(&mut self, open: &Open, error: &Members<'_>, text: &[u8], now: Timestamp, out: &mut Output) -> Fate {
        if let Asked::Own(asked) = &open.asked {
            self.own_refused(open, asked, error, now, out);
            return Fate::Drop;
        }
        let code = error.get("code").and_then(|code| code.get().parse::<f64>().ok());
        if !code.is_some_and(|code| (code - URL_ELICITATION).abs() < 0.5) {
            return Fate::Pass;
        }
        match self.pages_first(open, error, text, now, out) {
            Ok(fate) => fate,
            Err(what) => {
                let refusal = self.asks_wrongly(&what);
                self.refuse(out, Some(&open.id), refusal)
            }
        }
    }

    fn server_tells(&mut self, method: &str, params: Option<&Members<'_>>, out: &mut Output) -> Fate {
        self.list_changed(method);
        if method == "notifications/cancelled"
            && let Some(id) = params.and_then(|params| params.get("requestId"))
            && let Some(id) = super::from_client::id_of(id.get())
        {
            if id.as_text().is_some_and(|id| id.starts_with(OWN)) {
                return self.strange(
                    out,
                    Grade::Warning,
                    "a notification of the server about a question of the guard's own",
                );
            }
            if self.drop_asked(&id, out) {
                return Fate::Drop;
            }
            if let Some(asked) = self.asked_by_server.get_mut(&id) {
                asked.until = None;
            }
        }
        let known = TOLD.contains(&method);
        if known || self.lets_through(method) {
            return Fate::Pass;
        }
        self.strange(out, Grade::Warning, "a notification of the server that the protocol does not know")
    }

    /// What is no message. Noise is left out; what some reader could take for a message is hostile.
    pub(super) fn unread(&mut self, why: &NotAFrame, frame: &[u8], out: &mut Output) -> Fate {
        if matches!(why, NotAFrame::Noise | NotAFrame::NoVersion) {
            return self.strange(out, Grade::Info, "a line of the server that is no message");
        }
        let found = match (why, strict::parse(frame, &Limits::default())) {
            (NotAFrame::LineEnd, _) => Hostile::new(
                code::NOT_I_JSON,
                "readers disagree on where a message ends: a line end of another kind stands inside a line",
            ),
            (NotAFrame::Malformed { .. }, Ok(_)) => Hostile::new(code::MALFORMED, why.to_string()),
            (NotAFrame::TooLarge { .. }, _) => Hostile::new(code::TOO_LARGE, why.to_string()),
            (_, Err(error)) if !error.is_noise() => unreadable(frame, &error),
            _ => Hostile::new(code::NOT_I_JSON, why.to_string()),
        };
        let findings = hostile(&self.setup, found);
        self.tell(findings, out);
        if self.observing() {
            return Fate::Pass;
        }
        let id = serde_json::from_slice::<Lenient>(frame).ok();
        let id = id.and_then(|lenient| super::from_client::id_of(&lenient.id.to_string()));
        match id.and_then(|id| self.open.remove(&id)) {
            Some(open) if matches!(open.asked, Asked::Work(_) | Asked::Other) => {
                let message = refusal::unreadable(&self.setup);
                out.to_client.push(refusal::error(&open.id, REFUSED, &message));
                Fate::Drop
            }
            open => {
                let current = open.filter(|open| !matches!(open.asked, Asked::Own(_)));
                self.close("the form of its messages", current.as_ref().map(|open| &open.id), out);
                Fate::Drop
            }
        }
    }
}

/// The id of a frame that cannot be read as a message.
#[derive(Deserialize)]
struct Lenient {
    id: serde_json::Value,
}

//! What waits: for the user's word, or for a list that is to be compared first.
//!
//! The attack: a server that turns while a question stands open. So nothing that waited goes on by a
//! yes alone: it is judged again, by the same function, as if it had just come.

use jiff::{SignedDuration, Timestamp};

use super::ask::Kind;
use super::frame::{self, Frame, Id, Message};
use super::fresh::ListKey;
use super::refusal::{self, REFUSED};
use super::session::{Fate, Guard, Refusal, Request};
use super::{Event, Output, Question, Said};
use crate::model::ItemKind;

/// Frames that wait for the user's word.
const MOST_QUESTIONS: usize = 64;
/// Bytes of all that waits.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How long the user may think about a call.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

const NOT_AGREED: &str = "the user did not agree";

/// What a call of the client's has behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cleared {
    /// The user agreed to the call.
    pub(super) confirmed: bool,
    /// The user agreed to the completions inside it.
    pub(super) shown: bool,
}

/// Which way a held frame goes in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// A request of the client's, to the server; and what it has behind it when it goes on.
    Call(Cleared),
    /// A request of the server's, to the client.
    Request(Kind),
    /// A result with questions in it, to the client; and what was used when they were asked.
    Result(Option<(ItemKind, String)>),
    /// The client's completion, to the server.
    Completion,
}

/// What a frame waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wait {
    /// The user, at the desktop.
    Desktop,
    /// The client's answer to a question of the guard's with this id.
    Client(Id),
    /// The same call once more, with this state. The call itself is answered.
    Retry(String),
    /// The guard's own look at a list.
    List(ListKey),
}

/// What the user is asked about a held frame.
pub(super) struct Asking {
    pub(super) way: Way,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) until: Timestamp,
    /// The request that it is about says that the client shows forms (2026-07-28).
    pub(super) forms: bool,
}

/// A frame that waits.
pub(super) struct Held {
    pub(super) way: Way,
    pub(super) wait: Wait,
    pub(super) id: Id,
    pub(super) frame: Vec<u8>,
    /// What the user is asked: one line, and what it is about.
    pub(super) title: String,
    pub(super) body: String,
    /// Without an end where another limit holds.
    pub(super) until: Option<Timestamp>,
}

impl Held {
    /// Whether the user agreed; a yes that comes too late is none. It is logged.
    pub(super) fn word(&self, said: Said, now: Timestamp, out: &mut Output) -> bool {
        let late = self.until.is_some_and(|until| until < now);
        let word = match said {
            _ if late => "no answer in time",
            Said::Yes => "yes",
            Said::No => "no",
            Said::Nobody => "nobody could be asked",
        };
        out.events.push(Event::Decision {
            what: format!("{}: {word}", self.title.trim_end_matches('?')),
        });
        said == Said::Yes && !late
    }
}

impl Guard {
    /// The user answered a [question](super::Question).
    pub fn answered(&mut self, question: u64, said: Said, now: Timestamp) -> Output {
        let mut out = Output::default();
        if self.held.get(&question).is_none_or(|held| held.wait != Wait::Desktop) {
            return out;
        }
        let Some(held) = self.held.remove(&question) else { return out };
        self.decided(held, said, now, &mut out);
        out
    }

    /// What becomes of a frame by the user's word.
    pub(super) fn decided(&mut self, held: Held, said: Said, now: Timestamp, out: &mut Output) {
        if held.word(said, now, out) {
            self.release(held, now, out);
        } else {
            self.decline(&held, NOT_AGREED, out);
        }
    }

    /// Lets a frame go on, if it still may: judged as if it had just come.
    fn release(&mut self, held: Held, now: Timestamp, out: &mut Output) {
        match held.way {
            Way::Call(cleared) => self.readmit(held.frame, cleared, now, out),
            Way::Request(kind) => {
                if !self.asks.permits(kind) || self.is_asked(&held.id) {
                    return self.decline(&held, "not permitted", out);
                }
                self.forward(&held.id, Some(kind), now);
                out.to_client.push(held.frame);
            }
            Way::Result(ref item) => {
                let turned = item.as_ref().and_then(|(kind, key)| self.usable(*kind, key).err());
                if let Some(refusal) = turned
                    && self.refuse(out, Some(&held.id), refusal) == Fate::Drop
                {
                    return;
                }
                out.to_client.push(held.frame);
            }
            Way::Completion => {
                if !self.asks.permits(Kind::Sampling) {
                    return self.decline(&held, "not permitted", out);
                }
                out.to_server.push(held.frame);
            }
        }
    }

    /// Judges a request of the client's that waited, and sends it on if nothing is against it.
    pub(super) fn readmit(&mut self, frame: Vec<u8>, cleared: Cleared, now: Timestamp, out: &mut Output) {
        let Ok(Frame::Message(Message::Request { id, method, params })) = frame::peek(&frame) else {
            return;
        };
        let request = Request {
            id: &id,
            method: &method,
            params: params.as_ref(),
            frame: &frame,
        };
        let judged = self.judge_request(request.method, request.params);
        let judged = judged.and_then(|asked| self.admit(request, asked.kind(), cleared, now, out));
        match judged {
            Ok(true) => {}
            Ok(false) => out.to_server.push(frame),
            Err(refusal) => {
                if self.refuse(out, Some(&id), refusal) == Fate::Drop {
                    self.open.remove(&id);
                } else {
                    out.to_server.push(frame);
                }
            }
        }
    }

    /// Answers for what does not go on.
    pub(super) fn decline(&mut self, held: &Held, why: &str, out: &mut Output) {
        match held.way {
            _ if matches!(held.wait, Wait::Retry(_)) => {}
            Way::Call(_) if self.open.remove(&held.id).is_none_or(|open| open.cancelled) => {}
            Way::Call(_) | Way::Result(_) => out.to_client.push(refusal::error(&held.id, REFUSED, why)),
            Way::Request(_) | Way::Completion => out.to_server.push(refusal::error(&held.id, REFUSED, why)),
        }
    }

    /// When [`Self::tick`] has something to do, if nothing else happens before.
    pub fn due(&self) -> Option<Timestamp> {
        if self.held.is_empty() && self.own.is_empty() && self.asked_by_server.is_empty() {
            return None;
        }
        let held = self.held.values().filter_map(|held| held.until);
        let asked = self.asked_by_server.values().filter_map(|asked| asked.until);
        held.chain(self.own.values().map(|listing| listing.until)).chain(asked).min()
    }

    /// Time has passed: what waited too long is refused.
    pub fn tick(&mut self, now: Timestamp) -> Output {
        let mut out = Output::default();
        let is_late = |held: &Held| held.until.is_some_and(|until| until <= now);
        let late: Vec<u64> = self.held.iter().filter(|(_, held)| is_late(held)).map(|(id, _)| *id).collect();
        for question in late {
            if let Some(held) = self.held.remove(&question) {
                out.events.push(Event::Decision {
                    what: format!("{}: no answer in time", held.title.trim_end_matches('?')),
                });
                Self::withdraw(&held, &mut out);
                self.decline(&held, NOT_AGREED, &mut out);
            }
        }
        self.late_asks(now, &mut out);
        self.late_lists(now, &mut out);
        out
    }

    /// Whether frames of the client's wait that may still go to the server: its input must not end
    /// before that is decided. Bounded by [`Self::due`].
    pub fn holds(&self) -> bool {
        let to_server = |held: &Held| matches!(held.way, Way::Call(_) | Way::Completion) && !matches!(held.wait, Wait::Retry(_));
        self.held.values().any(to_server)
    }

    /// Holds a frame back until the user says yes: in the client where that shows forms, at the desktop
    /// otherwise, unless the rules say where.
    pub(super) fn hold(&mut self, id: &Id, frame: Vec<u8>, asking: &Asking, out: &mut Output) -> Result<(), Refusal> {
        let questions = self.held.values().filter(|held| !matches!(held.wait, Wait::List(_))).count();
        if questions >= MOST_QUESTIONS {
            return Err(Refusal::of(REFUSED, "too many questions wait for the user's word"));
        }
        let wait = self.way_to_ask(asking.forms)?;
        let held = Held {
            way: asking.way.clone(),
            wait: wait.clone(),
            id: id.clone(),
            frame,
            title: asking.title.clone(),
            body: asking.body.clone(),
            until: Some(asking.until),
        };
        if wait == Wait::Desktop {
            return self.ask_desktop(held, out);
        }
        self.keep(held)?;
        self.ask_client(&wait, id, asking, out);
        Ok(())
    }

    /// Puts the question to the user at the desktop.
    pub(super) fn ask_desktop(&mut self, held: Held, out: &mut Output) -> Result<(), Refusal> {
        let (title, body) = (held.title.clone(), held.body.clone());
        let Some(until) = held.until else { return Ok(()) };
        let id = self.keep(held)?;
        out.questions.push(Question { id, title, body, until });
        Ok(())
    }

    /// Keeps a frame, under a number.
    pub(super) fn keep(&mut self, held: Held) -> Result<u64, Refusal> {
        let bytes: usize = self.held.values().map(|held| held.frame.len()).sum();
        if bytes + held.frame.len() > MOST_BYTES {
            return Err(Refusal::of(REFUSED, "too much waits already"));
        }
        self.numbers += 1;
        self.held.insert(self.numbers, held);
        Ok(self.numbers)
    }

    /// The client gave a request up that waits here. Whether it is a call, which the server has not seen.
    pub(super) fn drop_held(&mut self, id: &Id, out: &mut Output) -> bool {
        let is_its = |held: &Held| held.id == *id && matches!(held.way, Way::Call(_) | Way::Result(_));
        let dropped = self.drop_where(|held| is_its(held) && !matches!(held.wait, Wait::Retry(_)), out);
        dropped.iter().any(|way| matches!(way, Way::Call(_)))
    }

    /// The server gave a request up that waits here. Whether the client has not heard of it.
    pub(super) fn drop_asked(&mut self, id: &Id, out: &mut Output) -> bool {
        let is_its = |held: &Held| held.id == *id && matches!(held.way, Way::Request(_) | Way::Completion);
        !self.drop_where(is_its, out).is_empty()
    }

    fn drop_where(&mut self, is_its: impl Fn(&Held) -> bool, out: &mut Output) -> Vec<Way> {
        let ids: Vec<u64> = self.held.iter().filter(|(_, held)| is_its(held)).map(|(at, _)| *at).collect();
        let dropped: Vec<Held> = ids.iter().filter_map(|at| self.held.remove(at)).collect();
        for held in &dropped {
            Self::withdraw(held, out);
        }
        dropped.into_iter().map(|held| held.way).collect()
    }
}

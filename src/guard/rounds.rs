//! Which request of the client a question of the server belongs to: a call that comes again with answers
//! is still the same call.
//!
//! The attacks: a server that asks again and again by answering each call with another question, each of
//! them the first of its call; one that asks through a task that is looked at a thousand times; and a
//! completion that reaches the server inside a call, so that nobody looked at it.
//!
//! A yes of the user's holds for all rounds of the call that it was given to: the same tool with the same
//! arguments, once for each question of the server, and until any list or handshake is not as pinned.
//! A call that is answered is over; the next one is asked about, whatever state it names.

use std::borrow::Cow;
use std::collections::VecDeque;

use jiff::Timestamp;

use super::ask::{Kind, Verdict};
use super::frame::{Members, Peeked, Raw};
use super::refusal::REFUSED;
use super::session::{Asked, Guard, Open, Refusal, Request};
use crate::model::Sha256Digest;

/// Calls whose next round is waited for.
const MOST: usize = 256;

/// What a task's number begins with: tasks end when they like, so their rounds are never forgotten.
const TASK: u64 = 1 << 63;

/// A call that was answered with questions.
struct Chain {
    key: Sha256Digest,
    during: u64,
    /// The names of questions that a completion answers.
    completions: Vec<String>,
    /// No answer after that.
    until: Timestamp,
}

/// The user's yes to a call.
struct Yes {
    during: u64,
    /// What was called, and with what.
    call: Sha256Digest,
    /// The server has asked something, and the next round is waited for.
    waits: bool,
}

/// The calls that were answered with questions.
#[derive(Default)]
pub(super) struct Rounds {
    chains: VecDeque<Chain>,
    yeses: VecDeque<Yes>,
    last: u64,
}

/// What a request is about, for rounds.
#[derive(Debug, Default)]
pub(super) struct About {
    /// Its number; the same for all its rounds.
    pub(super) during: u64,
    /// What it names beside the pinned definition that it uses.
    pub(super) named: Named,
    /// The client shows forms for it (2026-07-28).
    pub(super) forms: bool,
}

/// What a request names.
#[derive(Debug, Default)]
pub(super) enum Named {
    /// A task.
    Task(String),
    /// The pinned definition that is used.
    #[default]
    Item,
    /// Nothing: its method has to do.
    Method(String),
}

impl Named {
    /// What tells the rounds of a request from those of others where no state does.
    pub(super) fn subject(&self, asked: &Asked) -> Cow<'_, str> {
        match (self, asked.item()) {
            (Self::Task(task), _) => format!("task\0{task}").into(),
            (Self::Item, Some((kind, key))) => format!("{}\0{key}", kind.method()).into(),
            (Self::Item, None) => "".into(),
            (Self::Method(method), _) => method.into(),
        }
    }
}

impl Rounds {
    fn find(&self, key: &Sha256Digest) -> Option<&Chain> {
        self.chains.iter().rev().find(|chain| chain.key == *key)
    }

    /// The user said yes to this call, which goes to the server now.
    pub(super) fn agree(&mut self, during: u64, request: Request<'_>) {
        self.yeses.retain(|yes| yes.during != during);
        if self.yeses.len() >= MOST {
            self.yeses.pop_front();
        }
        self.yeses.push_back(Yes {
            during,
            call: call(request),
            waits: false,
        });
    }

    /// Whether this is the next round of a call that the user said yes to.
    pub(super) fn is_agreed(&self, during: u64, request: Request<'_>) -> bool {
        let is_it = |yes: &Yes| yes.during == during && yes.waits && yes.call == call(request);
        self.yeses.iter().any(is_it)
    }

    /// What was approved is not what there is: nothing goes on by a yes that was given before.
    pub(super) fn turned(&mut self) {
        self.yeses.clear();
    }
}

/// What is called, and with what: all but what differs from round to round.
fn call(request: Request<'_>) -> Sha256Digest {
    const OF_ONE_ROUND: [&str; 3] = ["_meta", "requestState", "inputResponses"];
    let members = request.params.into_iter().flat_map(Members::iter);
    let members = members.filter(|(name, _)| !OF_ONE_ROUND.contains(name));
    let mut members: Vec<_> = members
        .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name), value.get()))
        .collect();
    members.sort();
    Sha256Digest::of(format!("{}\0{}", request.method, members.join(",")).as_bytes())
}

/// The state that goes to and fro tells calls apart; without one, what is called does.
fn key(state: Option<Raw<'_>>, subject: &str) -> Sha256Digest {
    match state {
        Some(state) => Sha256Digest::of(format!("state\0{}", state.get()).as_bytes()),
        None => Sha256Digest::of(format!("subject\0{subject}").as_bytes()),
    }
}

/// Whether a request answers questions of the server.
pub(super) fn holds_answers(request: Request<'_>) -> bool {
    request.params.is_some_and(|params| params.get("inputResponses").is_some())
}

/// Members of a call that is made again.
fn is_again(params: &Members<'_>) -> bool {
    params.get("requestState").is_some() || params.get("inputResponses").is_some()
}

impl Guard {
    /// What a request is about. Refused where it answers a question too late.
    pub(super) fn about(&mut self, request: Request<'_>, asked: &Asked, now: Timestamp) -> Result<About, Refusal> {
        let named = match (task(request), asked.item()) {
            (Some(task), _) => Named::Task(task),
            (None, Some(_)) => Named::Item,
            (None, None) => Named::Method(request.method.to_owned()),
        };
        let chain = request.params.filter(|params| is_again(params)).and_then(|params| {
            let key = key(params.get("requestState"), &named.subject(asked));
            self.rounds.find(&key)
        });
        if chain.is_some_and(|chain| now > chain.until) {
            return Err(Refusal::of(REFUSED, "the server's question was not answered in time"));
        }
        let during = match (&named, chain) {
            (Named::Task(task), _) => number(task) | TASK,
            (_, Some(chain)) => chain.during,
            (_, None) => {
                self.rounds.last = (self.rounds.last + 1) & !TASK;
                self.rounds.last
            }
        };
        let forms = self.forms(request.params);
        Ok(About { during, named, forms })
    }

    /// The call is answered with questions, which may be shown from `now` on: its next round is the same
    /// call's.
    pub(super) fn goes_round(&mut self, open: &Open, result: &Peeked<'_>, asked: &[(String, Kind)], now: Timestamp) {
        let until = asked.iter().map(|(_, kind)| self.asks.until(*kind, now)).max();
        let completions = asked.iter().filter(|(_, kind)| *kind == Kind::Sampling);
        let chain = Chain {
            key: key(result.members.get("requestState"), &open.subject()),
            during: open.about.during,
            completions: completions.map(|(name, _)| name.clone()).collect(),
            until: until.unwrap_or(Timestamp::MAX),
        };
        if self.rounds.chains.len() >= MOST {
            self.rounds.chains.pop_front();
        }
        self.rounds.chains.push_back(chain);
        for yes in &mut self.rounds.yeses {
            yes.waits |= yes.during == open.about.during;
        }
    }

    /// The request is answered: its rounds are over.
    pub(super) fn rounds_over(&mut self, open: &Open) {
        if open.about.during & TASK == 0 {
            self.asks.finished(open.about.during);
            self.rounds.yeses.retain(|yes| yes.during != open.about.during);
        }
    }

    /// What the user is asked about completions inside a call on their way to the server.
    pub(super) fn completions_inside(
        &self,
        request: Request<'_>,
        subject: &str,
        now: Timestamp,
    ) -> Result<Option<(String, String)>, Refusal> {
        let Some(params) = request.params.filter(|params| params.get("inputResponses").is_some()) else {
            return Ok(None);
        };
        let Some(chain) = self.rounds.find(&key(params.get("requestState"), subject)) else {
            return Ok(None);
        };
        if chain.completions.is_empty() {
            // Nothing to show: what is malformed is the server's to refuse.
            return Ok(None);
        }
        let malformed = |_| Refusal::of(REFUSED, "the answers to the server's questions are malformed");
        let answers = params.object("inputResponses").map_err(malformed)?;
        let mut asking: Option<(String, String)> = None;
        for name in &chain.completions {
            let Some(answer) = answers.as_ref().and_then(|answers| answers.get(name)) else {
                continue;
            };
            match self.asks.completion(answer.get(), now).verdict {
                Verdict::Ask { title, body, .. } => {
                    let before = asking.take().map(|(_, before)| format!("{before}\n\n")).unwrap_or_default();
                    asking = Some((title, format!("{before}{body}")));
                }
                Verdict::Refuse { why } => return Err(Refusal::of(REFUSED, &format!("a completion: {why}"))),
                _ => {}
            }
        }
        Ok(asking)
    }
}

/// The task that a request is about.
fn task(request: Request<'_>) -> Option<String> {
    let id = || request.params?.text("taskId").ok()?.map(std::borrow::Cow::into_owned);
    request.method.starts_with("tasks/").then(id).flatten()
}

fn number(text: &str) -> u64 {
    let digest = Sha256Digest::of(text.as_bytes());
    digest
        .as_bytes()
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

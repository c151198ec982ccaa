//! What a server asks of its client: completions (sampling), forms and addresses (elicitation), roots.
//!
//! The attacks: a server that spends the user's tokens, reads the conversation, asks for a password in
//! a form, or sends the user to a page of its own. Denied unless the user's configuration permits it,
//! and then within its limits. It is the same whether the server sends a request (older versions) or
//! puts it into a result (2026-07-28).
//!
//! Not promised: that a prompt within the limits is harmless, that the client uses the model that is
//! hinted at, or that a question for a secret is seen in every language and spelling. Where the user
//! reviews, he says yes or no to what is shown; he can edit only where the client itself offers that.

mod budget;
mod form;
mod looks;
mod page;
mod sampling;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::guard::tools::shown;
use crate::model::guard::{ElicitationRules, GuardRules, Review, RootsRules};
use crate::surface::strict::{self, Limits};

pub use budget::{Alone, Budget, NotTaken};

/// Questions for the client's folders that pass in a minute; there is nothing to spend.
const ROOTS_PER_MINUTE: u32 = 60;

/// Requests of the client whose rounds are remembered.
const MOST_REQUESTS: usize = 1_000;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `sampling/createMessage`.
    Sampling,
    /// `elicitation/create`.
    Elicitation,
    /// `roots/list`.
    Roots,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Sampling, Self::Elicitation, Self::Roots];

    /// The kind that a method asks for.
    pub fn of(method: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.method() == method)
    }

    /// The method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Sampling => "sampling/createMessage",
            Self::Elicitation => "elicitation/create",
            Self::Roots => "roots/list",
        }
    }

    /// The member of a client's capabilities that permits it.
    pub const fn capability(self) -> &'static str {
        match self {
            Self::Sampling => "sampling",
            Self::Elicitation => "elicitation",
            Self::Roots => "roots",
        }
    }
}

/// What becomes of what a server asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It goes on to the client as it came.
    Pass,
    /// It goes on to the client with these parameters instead.
    Replace(Value),
    /// The client is not asked: this is the result.
    Answer(Value),
    /// It is answered with an error, or declined.
    Refuse {
        /// One line that names the rule, without text of the server.
        why: String,
    },
    /// The user is asked first.
    Ask {
        /// One line.
        title: String,
        /// What it is about: the server's words, shown escaped.
        body: String,
        /// No answer by then is a no.
        until: Timestamp,
        /// What goes on to the client after a yes, where it is not what came.
        replace: Option<Value>,
    },
}

/// A verdict, and what the log says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What is to be done.
    pub verdict: Verdict,
    /// One line without any text of prompt, form, page or completion; of a page its host.
    pub log: String,
}

impl Decision {
    fn refuse(kind: Kind, why: impl Into<String>) -> Self {
        let why = why.into();
        Self {
            log: format!("{}: refused, {why}", kind.method()),
            verdict: Verdict::Refuse { why },
        }
    }

    fn new(kind: Kind, verdict: Verdict, what: &str) -> Self {
        let became = match &verdict {
            Verdict::Pass => "passed",
            Verdict::Replace(_) => "passed within the limits of the rules",
            Verdict::Answer(_) => "answered from the rules",
            Verdict::Refuse { .. } => "refused",
            Verdict::Ask { .. } => "the user is asked",
        };
        Self {
            log: format!("{}: {became}{what}", kind.method()),
            verdict,
        }
    }
}

/// The permissions of one entry, and what one connection has used of them.
#[derive(Debug, Clone)]
pub struct Asks {
    rules: GuardRules,
    /// When something passed, in the last minute.
    recent: BTreeMap<Kind, VecDeque<Timestamp>>,
    /// How often each was asked for during a request of the client.
    rounds: BTreeMap<(u64, Kind), u32>,
    budget: Arc<dyn Budget>,
}

impl Asks {
    /// Nothing used yet in this connection. Tokens are taken from `budget` when a request passes or the user
    /// is asked: an answer can only be shorter.
    pub fn new(rules: &GuardRules, budget: Arc<dyn Budget>) -> Self {
        Self {
            rules: rules.clone(),
            recent: BTreeMap::new(),
            rounds: BTreeMap::new(),
            budget,
        }
    }

    /// Whether anything of a kind can pass at all. What cannot is best left out of the client's
    /// capabilities, so that an honest server does not ask.
    pub const fn permits(&self, kind: Kind) -> bool {
        match kind {
            Kind::Sampling => self.rules.sampling.is_some(),
            Kind::Elicitation => self.rules.elicitation.is_some(),
            Kind::Roots => self.rules.roots.is_some(),
        }
    }

    /// When the client has to have answered what passes now.
    pub fn until(&self, kind: Kind, now: Timestamp) -> Timestamp {
        let seconds = match kind {
            Kind::Sampling => self.rules.sampling.as_ref().map(|rules| rules.timeout),
            Kind::Elicitation => self.rules.elicitation.as_ref().map(|rules| rules.timeout),
            Kind::Roots => None,
        };
        later(now, seconds.unwrap_or(60))
    }

    /// What becomes of a request. `params` is the raw text of its parameters; `during` numbers the
    /// client's request that it belongs to, retries of it included (any number of the caller's; one and
    /// the same where nobody can tell).
    pub fn judge(&mut self, kind: Kind, params: Option<&str>, during: u64, now: Timestamp) -> Decision {
        let limits = match kind {
            Kind::Sampling => self.rules.sampling.as_ref().map(|r| (r.per_minute, r.rounds, r.largest)),
            Kind::Elicitation => self.rules.elicitation.as_ref().map(|r| (r.per_minute, r.rounds, r.largest)),
            Kind::Roots => self.rules.roots.as_ref().map(|_| (ROOTS_PER_MINUTE, u32::MAX, 64 * 1024)),
        };
        let Some((per_minute, rounds, largest)) = limits else {
            return Decision::refuse(kind, "the guard's rules do not permit it");
        };
        let text = params.unwrap_or("{}");
        if text.len() as u64 > largest {
            return Decision::refuse(kind, format!("it has {} bytes, more than the {largest} of the rules", text.len()));
        }
        let params = match strict::parse(text.as_bytes(), &Limits::default()) {
            Ok(params) if params.is_object() => params,
            Ok(_) => return Decision::refuse(kind, "its parameters are not an object"),
            Err(_) => return Decision::refuse(kind, "different readers read it differently (not I-JSON)"),
        };
        if self.used(kind, now) >= per_minute {
            return Decision::refuse(kind, format!("more than {per_minute} a minute"));
        }
        if self.rounds.get(&(during, kind)).is_some_and(|used| *used >= rounds) {
            return Decision::refuse(kind, format!("more than {rounds} during one request"));
        }
        let decision = match kind {
            Kind::Sampling => self.sampling(params, now),
            Kind::Elicitation => self.elicitation(&params, now),
            Kind::Roots => self.roots(),
        };
        if !matches!(decision.verdict, Verdict::Refuse { .. }) {
            self.count(kind, during, now);
        }
        decision
    }

    /// The client's request is answered: its rounds are over.
    pub fn finished(&mut self, during: u64) {
        if !self.rounds.is_empty() {
            self.rounds.retain(|(request, _), _| *request != during);
        }
    }

    fn used(&mut self, kind: Kind, now: Timestamp) -> u32 {
        let recent = self.recent.entry(kind).or_default();
        // A clock that was set back must not open the gate: what lies in the future counts.
        recent.retain(|at| now.duration_since(*at) < MINUTE);
        u32::try_from(recent.len()).unwrap_or(u32::MAX)
    }

    fn count(&mut self, kind: Kind, during: u64, now: Timestamp) {
        self.recent.entry(kind).or_default().push_back(now);
        if self.rounds.len() >= MOST_REQUESTS {
            self.rounds.pop_first();
        }
        let rounds = self.rounds.entry((during, kind)).or_default();
        *rounds = rounds.saturating_add(1);
    }

    fn elicitation(&self, params: &Value, now: Timestamp) -> Decision {
        let kind = Kind::Elicitation;
        let Some(rules) = &self.rules.elicitation else {
            return Decision::refuse(kind, "the guard's rules do not permit it");
        };
        if looks::like_the_guard(params) {
            return Decision::refuse(kind, "its words look like a question of the guard's own");
        }
        let checked = match params.get("mode") {
            None => form::check(params).map(|()| ", a form".to_owned()),
            Some(Value::String(mode)) if mode == "form" => form::check(params).map(|()| ", a form".to_owned()),
            Some(Value::String(mode)) if mode == "url" => page::check(params, &rules.domains).map(|host| format!(", a page of {host}")),
            Some(_) => Err("it is neither a form nor a page".to_owned()),
        };
        match checked {
            Err(why) => Decision::refuse(kind, why),
            Ok(what) => Decision::new(kind, elicited(rules, params, now), &what),
        }
    }

    fn roots(&self) -> Decision {
        match &self.rules.roots {
            None => Decision::refuse(Kind::Roots, "the guard's rules do not permit it"),
            Some(RootsRules { paths: None }) => Decision::new(Kind::Roots, Verdict::Pass, ""),
            Some(RootsRules { paths: Some(paths) }) => {
                let roots: Vec<_> = paths.iter().map(|path| json!({"uri": file_uri(path)})).collect();
                Decision::new(Kind::Roots, Verdict::Answer(json!({"roots": roots})), "")
            }
        }
    }
}

fn elicited(rules: &ElicitationRules, params: &Value, now: Timestamp) -> Verdict {
    if rules.review == Review::Pass {
        return Verdict::Pass;
    }
    let text = |key: &str| params.get(key).and_then(Value::as_str);
    let mut body = shown(text("message").unwrap_or_default());
    if let Some(url) = text("url") {
        body = format!("{}\n{body}", shown(url));
    } else if let Some(schema) = params.get("requestedSchema") {
        body = format!("{body}\n{}", shown(&schema.to_string()));
    }
    Verdict::Ask {
        title: "let the server ask you for something?".to_owned(),
        body,
        until: later(now, rules.timeout),
        replace: None,
    }
}

fn later(now: Timestamp, seconds: u32) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now)
}

/// An absolute path as a `file:` address (RFC 8089): what is not plain is percent-encoded.
fn file_uri(path: &str) -> String {
    let mut uri = String::from("file://");
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase());
            uri.push('%');
            uri.extend([digit(byte >> 4), digit(byte & 15)].into_iter().flatten());
        }
    }
    uri
}

#[cfg(test)]
mod tests;

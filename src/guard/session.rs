//! One connection: which requests are open, which era is spoken, what has been refused so far.
//!
//! The attack: an answer that is judged as something else than what the client takes it for. So every
//! answer is judged as the answer to exactly the open request whose id it has, once, and what answers
//! nothing does not pass. What is kept of a connection is bounded.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::ask::Asks;
use super::frame::{self, Frame, Id, Members, Message};
use super::fresh::{ListKey, Listing};
use super::held::{Held, Wait, Way};
use super::lists::{Judged, ListAsked, Lists};
use super::open::Requests;
use super::pinned::Pins;
use super::refusal::{self, REFUSED};
use super::rounds::{About, Rounds};
use super::server_asks::Forwarded;
use super::tools::Gate;
use super::{Event, Output, Setup, Side};
use crate::model::guard::GuardMode;
use crate::model::{ClientProfile, Finding, Fingerprint, Grade, GradeBudget, ItemKind};

/// Requests that may be open at a time, in each direction.
const MOST_OPEN: usize = 4_096;
/// Requests whose answers are still waited for after the client gave them up.
const MOST_CANCELLED: usize = 1_024;
/// Findings of one grade that are told in one connection.
const MOST_TOLD: usize = 4_096;

/// What an open request of the client asks for.
#[derive(Debug)]
pub(super) enum Asked {
    /// `initialize`, with the protocol version that was asked for.
    Initialize(Option<String>),
    /// `server/discover`.
    Discover,
    /// One page of a list.
    List(ListAsked),
    /// One page of a list, asked by the guard itself.
    Own(ListAsked),
    /// What a server may answer with questions of its own: calls, prompts, reads, tasks. With the pinned
    /// definition that is used.
    Work(Option<(ItemKind, String)>),
    /// Anything else.
    Other,
}

impl Asked {
    /// The pinned definition that is used.
    pub(super) const fn item(&self) -> Option<&(ItemKind, String)> {
        match self {
            Self::Work(item) => item.as_ref(),
            _ => None,
        }
    }

    /// Of which kind it is.
    pub(super) fn kind(&self) -> Option<ItemKind> {
        self.item().map(|(kind, _)| *kind)
    }
}

/// An open request of the client, or of the guard.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) id: Id,
    pub(super) asked: Asked,
    pub(super) cancelled: bool,
    pub(super) about: About,
}

impl Open {
    /// A question of the guard's own.
    pub(super) fn own(id: &Id, asked: ListAsked) -> Self {
        Self {
            id: id.clone(),
            asked: Asked::Own(asked),
            cancelled: false,
            about: About::default(),
        }
    }

    /// What it is about, for rounds.
    pub(super) fn subject(&self) -> Cow<'_, str> {
        self.about.named.subject(&self.asked)
    }

    const fn is_own(&self) -> bool {
        matches!(self.asked, Asked::Own(_))
    }
}

/// Why a message does not pass, and what its sender is told.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: i64,
    /// For the client, or the server.
    pub(super) message: String,
    pub(super) grade: Grade,
    /// For the log.
    pub(super) what: String,
    /// The uri that the sender named and nobody knows, as JSON in its own spelling.
    pub(super) uri: Option<String>,
}

impl Refusal {
    /// The same words for the client and the log.
    pub(super) fn of(code: i64, what: &str) -> Self {
        Self {
            code,
            message: what.to_owned(),
            grade: Grade::Notice,
            what: what.to_owned(),
            uri: None,
        }
    }
}

/// What becomes of one message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It passes as it came.
    Pass,
    /// Another one passes in its place.
    Instead(Vec<u8>),
    /// It does not pass.
    Drop,
}

/// A request of the client's, in its parts.
#[derive(Clone, Copy)]
pub(super) struct Request<'m> {
    pub(super) id: &'m Id,
    pub(super) method: &'m str,
    pub(super) params: Option<&'m Members<'m>>,
    /// All of it, as it came.
    pub(super) frame: &'m [u8],
}

/// The guard of one connection.
pub struct Guard {
    pub(super) setup: Setup,
    pub(super) pins: Option<Pins>,
    pub(super) gate: Gate,
    pub(super) asks: Asks,
    pub(super) lists: Lists,
    pub(super) open: Requests,
    given_up: VecDeque<Id>,
    /// Requests of the server that were passed on.
    pub(super) asked_by_server: HashMap<Id, Forwarded>,
    pub(super) client: ClientProfile,
    /// The client said at `initialize` that it shows forms.
    pub(super) elicits: bool,
    /// The version that `initialize` settled on.
    pub(super) version: Option<String>,
    /// A request in the newer manner was seen.
    pub(super) modern: bool,
    pub(super) refused: BTreeSet<(ItemKind, String)>,
    told: HashSet<Fingerprint>,
    tellable: GradeBudget,
    said: BTreeSet<String>,
    pub(super) closed: Option<String>,
    pub(super) held: BTreeMap<u64, Held>,
    /// Lists that were compared as a whole, and have not changed since as far as the server says.
    pub(super) fresh: BTreeSet<ListKey>,
    /// Lists that the guard itself asks for.
    pub(super) own: BTreeMap<ListKey, Listing>,
    pub(super) rounds: Rounds,
    /// The last number given to something held, or asked by the guard.
    pub(super) numbers: u64,
}

impl Guard {
    /// A guard for a connection that has not said anything yet.
    pub fn new(mut setup: Setup) -> Self {
        let pins = setup.pinned.take().map(|surface| Pins::new(surface, setup.places.clone()));
        // Arguments name real places: so must the schemas that they are held against.
        let real = pins.as_ref().map(Pins::real_surface);
        let gate = Gate::new(&setup.rules, real.as_ref());
        let asks = Asks::new(&setup.rules, Arc::clone(&setup.budget));
        Self {
            setup,
            pins,
            gate,
            asks,
            lists: Lists::default(),
            open: Requests::default(),
            given_up: VecDeque::new(),
            asked_by_server: HashMap::new(),
            client: ClientProfile::Bare,
            elicits: false,
            version: None,
            modern: false,
            refused: BTreeSet::new(),
            told: HashSet::new(),
            tellable: GradeBudget::default(),
            said: BTreeSet::new(),
            closed: None,
            held: BTreeMap::new(),
            fresh: BTreeSet::new(),
            own: BTreeMap::new(),
            rounds: Rounds::default(),
            numbers: 0,
        }
    }

    /// A frame from the client, without its line end.
    pub fn from_client(&mut self, frame: &[u8], now: Timestamp) -> Output {
        let mut out = Output::default();
        match frame::peek(frame) {
            Ok(Frame::Blank) => out.pass = true,
            Ok(Frame::Message(message)) => {
                let fate = self.client_message(&message, frame, now, &mut out);
                settle(fate, true, &mut out);
            }
            Ok(Frame::Batch(batch)) => self.client_batch(&batch, now, &mut out),
            Err(why) => {
                let refusal = Refusal {
                    code: if why.is_noise() { refusal::PARSE } else { refusal::INVALID },
                    message: why.to_string(),
                    grade: Grade::Notice,
                    what: format!("a frame of the client: {why}"),
                    uri: None,
                };
                let id = self.id_of_unread(frame).unwrap_or_else(Id::null);
                if self.refuse(&mut out, Some(&id), refusal) == Fate::Pass {
                    out.pass = true;
                }
            }
        }
        out
    }

    fn client_batch(&mut self, batch: &[(frame::Raw<'_>, Message<'_>)], now: Timestamp, out: &mut Output) {
        if !self.batches() {
            let refusal = Refusal {
                code: refusal::INVALID,
                message: "batches belong to protocol version 2025-03-26 alone".into(),
                grade: Grade::Notice,
                what: "a batch of the client, in a protocol version without batches".into(),
                uri: None,
            };
            let fate = self.refuse(out, Some(&Id::null()), refusal);
            return settle(fate, true, out);
        }
        let fates = batch
            .iter()
            .map(|(raw, message)| self.client_message(message, raw.get().as_bytes(), now, out))
            .collect();
        settle_batch(batch, fates, true, out);
    }

    /// A frame from the server, without its line end.
    pub fn from_server(&mut self, frame: &[u8], now: Timestamp) -> Output {
        let mut out = Output::default();
        if self.closed.is_some() {
            out.close = true;
            return out;
        }
        match frame::peek(frame) {
            Ok(Frame::Blank) => out.pass = true,
            Ok(Frame::Message(message)) => {
                let fate = self.server_message(&message, frame, now, &mut out);
                settle(fate, false, &mut out);
            }
            Ok(Frame::Batch(batch)) if self.batches() => {
                let mut fates = Vec::new();
                for (raw, message) in &batch {
                    let closed = self.closed.is_some();
                    fates.push(if closed {
                        Fate::Drop
                    } else {
                        self.server_message(message, raw.get().as_bytes(), now, &mut out)
                    });
                }
                if self.closed.is_some() {
                    return out;
                }
                settle_batch(&batch, fates, false, &mut out);
            }
            Ok(Frame::Batch(_)) => {
                let what = "a batch of the server, in a protocol version without batches";
                let fate = self.strange(&mut out, Grade::Warning, what);
                settle(fate, false, &mut out);
            }
            Err(why) => {
                let fate = self.unread(&why, frame, &mut out);
                settle(fate, false, &mut out);
            }
        }
        out
    }

    fn batches(&self) -> bool {
        self.version.as_deref() == Some("2025-03-26")
    }

    /// A frame above [`LARGEST_FRAME`](super::LARGEST_FRAME) came, of which nothing was kept. It never
    /// passes, whatever is decided here. Which request it answered is not known, so every open one is
    /// answered with an error: a client that waits for ever would be worse.
    pub fn oversized(&mut self, from: Side, now: Timestamp) -> Output {
        let mut out = Output::default();
        if self.closed.is_some() {
            out.close = from == Side::Server;
            return out;
        }
        let whose = match from {
            Side::Client => "client",
            Side::Server => "server",
        };
        out.events.push(Event::Refused {
            grade: Grade::Warning,
            what: format!("a frame of the {whose} above {} MiB", super::LARGEST_FRAME / (1024 * 1024)),
        });
        let message = "a message above the limit of 16 MiB was left out";
        match from {
            Side::Client => out.to_client.push(refusal::error(&Id::null(), refusal::INVALID, message)),
            Side::Server => {
                // A call that waits has not reached the server: nothing answers it.
                let waits = |id: &Id| self.held.values().any(|held| matches!(held.way, Way::Call(_)) && held.id == *id);
                let open = self.open.take_where(|open| !waits(&open.id));
                let open = open.iter().filter(|open| !open.cancelled && !open.is_own());
                out.to_client.extend(open.map(|open| refusal::error(&open.id, REFUSED, message)));
                self.lost_lists(now, &mut out);
            }
        }
        out
    }

    pub(super) fn observing(&self) -> bool {
        self.setup.rules.mode == GuardMode::Observe
    }

    /// Logs a refusal and answers with it; while observing it passes all the same.
    pub(super) fn refuse(&self, out: &mut Output, to: Option<&Id>, refusal: Refusal) -> Fate {
        let Refusal {
            code,
            message,
            grade,
            what,
            uri,
        } = refusal;
        if self.observing() {
            out.events.push(Event::Observed { grade, what });
            return Fate::Pass;
        }
        out.events.push(Event::Refused { grade, what });
        out.to_client
            .extend(to.map(|id| refusal::error_about(id, code, &message, uri.as_deref())));
        Fate::Drop
    }

    /// Drops what the server should not have sent. Told once a connection.
    pub(super) fn strange(&mut self, out: &mut Output, grade: Grade, what: &str) -> Fate {
        let news = self.said.len() < MOST_TOLD && self.said.insert(what.to_owned());
        let what = what.to_owned();
        let (fate, event) = if self.observing() {
            (Fate::Pass, Event::Observed { grade, what })
        } else {
            (Fate::Drop, Event::Refused { grade, what })
        };
        out.events.extend(news.then_some(event));
        fate
    }

    /// Whether a request of the client under this id is not answered yet.
    pub(super) fn is_taken(&self, id: &Id) -> bool {
        let waits = |held: &Held| matches!((&held.way, &held.wait), (Way::Result(_), wait) if !matches!(wait, Wait::Retry(_)));
        self.open.get(id).is_some_and(|open| !open.cancelled) || self.held.values().any(|held| waits(held) && held.id == *id)
    }

    /// Remembers a request of the client; refuses what is more than can be kept apart.
    pub(super) fn remember(&mut self, id: &Id, asked: Asked, about: About) -> Result<(), Refusal> {
        let refusal = |message: &str| Refusal {
            code: refusal::INVALID,
            message: message.to_owned(),
            grade: Grade::Notice,
            what: format!("a request of the client: {message}"),
            uri: None,
        };
        if self.is_taken(id) {
            return Err(refusal("its id is that of a request that is still open"));
        }
        if self.open.len() >= MOST_OPEN {
            return Err(refusal("too many requests are open"));
        }
        let open = Open {
            id: id.clone(),
            asked,
            cancelled: false,
            about,
        };
        self.open.insert(open);
        Ok(())
    }

    /// The client gave a request up: its answer may still come. Whether the server has heard of it.
    pub(super) fn give_up(&mut self, id: &Id, out: &mut Output) -> bool {
        if self.drop_held(id, out) {
            self.open.remove(id);
            return false;
        }
        let Some(open) = self.open.get_mut(id).filter(|open| !open.cancelled && !open.is_own()) else {
            return true;
        };
        open.cancelled = true;
        self.given_up.push_back(id.clone());
        if self.given_up.len() > MOST_CANCELLED
            && let Some(oldest) = self.given_up.pop_front()
            && self.open.get(&oldest).is_some_and(|open| open.cancelled)
        {
            self.open.remove(&oldest);
        }
        true
    }

    /// Acts on what was found about an answer of the server.
    pub(super) fn act(&mut self, judged: Judged, open: &Open, part: &str, out: &mut Output) -> Fate {
        let worst = judged.worst();
        if worst.is_some() {
            self.rounds.turned();
        }
        self.tell(judged.findings, out);
        if self.observing() {
            return Fate::Pass;
        }
        if worst == Some(Grade::Critical) {
            let critical = judged.items.iter().find(|(_, _, grade)| *grade == Grade::Critical);
            let critical = critical.map(|(kind, key, _)| format!("{} `{}`", kind.noun(), refusal::short(key)));
            let current = (!open.is_own()).then_some(&open.id);
            self.close(critical.as_deref().unwrap_or(part), current, out);
            return Fate::Drop;
        }
        let refused = judged.items.into_iter().filter(|(_, _, grade)| *grade >= Grade::Warning);
        self.refused.extend(refused.map(|(kind, key, _)| (kind, key)));
        match judged.instead {
            Some(result) => Fate::Instead(refusal::with_result(&open.id, &result)),
            None => Fate::Pass,
        }
    }

    /// Tells what was found, each finding once.
    pub(super) fn tell(&mut self, findings: Vec<Finding>, out: &mut Output) {
        for finding in findings {
            if !self.told.contains(&finding.fingerprint) && self.tellable.take(finding.grade, MOST_TOLD) {
                self.told.insert(finding.fingerprint.clone());
                out.events.push(Event::Drift(finding));
            }
        }
    }

    /// Ends the connection: every open request gets an error, and nothing passes any more.
    pub(super) fn close(&mut self, part: &str, current: Option<&Id>, out: &mut Output) {
        let message = refusal::closed(&self.setup, part);
        let mut ids: Vec<Id> = self
            .open
            .take_where(|_| true)
            .into_iter()
            .filter(|open| !open.cancelled && !open.is_own())
            .map(|open| open.id)
            .collect();
        for held in self.held.values() {
            Self::withdraw(held, out);
            if matches!(held.way, Way::Result(_)) && !matches!(held.wait, Wait::Retry(_)) {
                ids.push(held.id.clone());
            }
        }
        ids.extend(current.cloned());
        ids.sort_by(|a, b| (a.as_number(), a.as_text()).cmp(&(b.as_number(), b.as_text())));
        ids.dedup();
        out.to_client.extend(ids.iter().map(|id| refusal::error(id, REFUSED, &message)));
        out.events.push(Event::Refused {
            grade: Grade::Critical,
            what: format!("the connection was closed: {part} is not what was approved"),
        });
        out.close = true;
        self.held.clear();
        self.own.clear();
        self.closed = Some(message);
    }
}

/// Puts one message's fate into the output.
fn settle(fate: Fate, to_server: bool, out: &mut Output) {
    match fate {
        Fate::Pass => out.pass = true,
        Fate::Instead(frame) if to_server => out.to_server.push(frame),
        Fate::Instead(frame) => out.to_client.push(frame),
        Fate::Drop => {}
    }
}

/// Puts a batch together again: as it came where every message passes, else without those that do not.
fn settle_batch(batch: &[(frame::Raw<'_>, Message<'_>)], fates: Vec<Fate>, to_server: bool, out: &mut Output) {
    if fates.iter().all(|fate| *fate == Fate::Pass) {
        out.pass = true;
        return;
    }
    let mut kept = Vec::new();
    for ((raw, _), fate) in batch.iter().zip(fates) {
        match fate {
            Fate::Pass => kept.push(raw.get().as_bytes().to_vec()),
            Fate::Instead(frame) => kept.push(frame),
            Fate::Drop => {}
        }
    }
    if !kept.is_empty() {
        let frame = [b"[".as_slice(), &kept.join(b",".as_slice()), b"]"].concat();
        let to = if to_server { &mut out.to_server } else { &mut out.to_client };
        to.push(frame);
    }
}

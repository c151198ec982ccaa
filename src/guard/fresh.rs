//! Lists that nobody looked at: the guard asks for them itself.
//!
//! The attack: a tool that turned, and a client that never lists (many call by names they were given)
//! or does not list again after `list_changed`: the name is pinned, what is behind it is another tool,
//! and nothing was ever compared. So the first call to an item of a kind whose whole list was not seen
//! in this connection, or not since the server said that it changed, waits until the guard has asked for
//! that list itself and compared all pages. No answer in time, an error, or pages without an end: the
//! call is answered with an error that says so, and the server never sees it.
//!
//! It asks at the first call and not at the handshake: a client that lists by itself, as most do, costs
//! the server nothing more; connections that are thrown away after the handshake (TypeScript's client
//! starts such ones) neither; and the reply to `initialize` waits for nothing. Who does not list pays one
//! round trip, once.
//!
//! The client sees nothing of it. The ids are texts that begin with `mcp-pin/`; one that is open is not
//! used again, and a request of the client's under an id that is open is refused anyway.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Output;
use super::frame::{Id, Members};
use super::held::{Cleared, Held, Wait, Way};
use super::lists::{ListAsked, Sent};
use super::refusal::{self, REFUSED};
use super::session::{Fate, Guard, Open, Refusal, Request};
use crate::model::{ClientProfile, Era, Grade, ItemKind};

/// What the guard's own ids begin with, in both directions.
pub(super) const OWN: &str = "mcp-pin/";

/// How long all pages of a list may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// How often a listing begins anew because the list changed meanwhile.
const MOST_RESTARTS: u8 = 3;

/// The members of a request's `_meta` that a 2026-07-28 server needs. No others: a progress token, say,
/// is the client's.
const NEEDED: [&str; 3] = [
    "io.modelcontextprotocol/protocolVersion",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/clientCapabilities",
];

/// Codes of errors about the form of a request, and not about what is asked for.
const OF_FORM: [i64; 6] = [-32_700, -32_600, -32_602, -32_020, -32_021, -32_022];

/// Why a list could not be compared.
#[derive(Clone, Copy)]
enum Failed<'a> {
    /// In our words.
    Why(&'a str),
    /// The server takes no request of this form: its error, and the call whose form it was.
    Form(&'a str, &'a Id),
}

/// A list as it is answered to a client: a server may answer others otherwise.
pub(super) type ListKey = (ItemKind, Era, ClientProfile);

/// A listing of the guard's own.
pub(super) struct Listing {
    /// The page that is asked for.
    asked: ListAsked,
    /// Under which id.
    id: Id,
    /// The call that it began with.
    first: Id,
    /// What that call says about the client.
    meta: Option<String>,
    /// The end of patience.
    pub(super) until: Timestamp,
    restarts: u8,
}

impl ListAsked {
    pub(super) fn key(&self) -> ListKey {
        (self.kind, self.eras.first().copied().unwrap_or(Era::Legacy), self.client)
    }
}

impl Guard {
    /// Whether a call to an item of this kind has to wait for its list; if so it is held, and the list
    /// asked for.
    pub(super) fn awaits_list(
        &mut self,
        request: Request<'_>,
        kind: ItemKind,
        cleared: Cleared,
        now: Timestamp,
        out: &mut Output,
    ) -> Result<bool, Refusal> {
        if self.pins.is_none() {
            return Ok(false);
        }
        let (eras, client) = self.spoken(request.params)?;
        let asked = ListAsked {
            kind,
            eras,
            client,
            cursor: None,
            own: true,
        };
        let key = asked.key();
        if self.fresh.contains(&key) {
            return Ok(false);
        }
        self.keep(Held {
            way: Way::Call(cleared),
            wait: Wait::List(key),
            id: request.id.clone(),
            frame: request.frame.to_vec(),
            title: String::new(),
            body: String::new(),
            until: None,
        })?;
        if !self.own.contains_key(&key) {
            let meta = request.params.and_then(|params| params.get("_meta"));
            let meta = meta.and_then(|meta| meta.members().ok().flatten());
            let listing = Listing {
                asked,
                id: Id::null(),
                first: request.id.clone(),
                meta: meta.map(|meta| needed(&meta)).filter(|meta| meta != "{}"),
                until: now.saturating_add(PATIENCE).unwrap_or(now),
                restarts: 0,
            };
            self.ask_page(listing, out);
        }
        Ok(true)
    }

    fn ask_page(&mut self, mut listing: Listing, out: &mut Output) {
        listing.id = self.own_id("list");
        let mut params: Vec<String> = Vec::new();
        params.extend(
            listing
                .asked
                .cursor
                .as_ref()
                .map(|cursor| format!("\"cursor\":{}", Value::from(cursor.as_str()))),
        );
        params.extend(listing.meta.as_ref().map(|meta| format!("\"_meta\":{meta}")));
        out.to_server.push(
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"{}\",\"params\":{{{}}}}}",
                listing.id.raw(),
                listing.asked.kind.method(),
                params.join(",")
            )
            .into_bytes(),
        );
        self.open.insert(Open::own(&listing.id, listing.asked.clone()));
        self.own.insert(listing.asked.key(), listing);
    }

    /// An id that no open request has.
    pub(super) fn own_id(&mut self, what: &str) -> Id {
        loop {
            self.numbers += 1;
            let id = Id::text(&format!("{OWN}{what}/{}", self.numbers));
            if self.open.get(&id).is_none() {
                return id;
            }
        }
    }

    /// The server answered a question of the guard's own. Nothing of it reaches the client.
    pub(super) fn own_listed(&mut self, open: &Open, asked: &ListAsked, sent: Sent<'_>, now: Timestamp, out: &mut Output) {
        let key = asked.key();
        let Some(mut listing) = self.take_own(key, &open.id) else { return };
        let Some(pins) = &self.pins else { return };
        let views = pins.views(asked.eras, asked.client);
        let judged = self.lists.judge(&self.setup, pins, asked, &views, sent);
        let (whole, next) = (judged.whole, judged.next.clone());
        self.act(judged, open, &list_part(asked.kind), out);
        if self.closed.is_some() {
            return;
        }
        if whole {
            self.fresh.insert(key);
            return self.release_list(key, None, now, out);
        }
        listing.restarts += u8::from(next.is_none());
        listing.asked.cursor = next;
        if listing.restarts > MOST_RESTARTS {
            return self.release_list(key, Some(Failed::Why("it changed again and again, or has no end")), now, out);
        }
        self.ask_page(listing, out);
    }

    /// The server answered a question of the guard's own with an error. Where it says that it takes no
    /// request of this form, the call has the same form and gets the same answer, as it would have without
    /// the guard.
    pub(super) fn own_refused(&mut self, open: &Open, asked: &ListAsked, error: &Members<'_>, now: Timestamp, out: &mut Output) {
        let Some(listing) = self.take_own(asked.key(), &open.id) else {
            return;
        };
        let code = error.get("code").and_then(|code| code.get().parse::<i64>().ok());
        let failed = if code.is_some_and(|code| OF_FORM.contains(&code)) && !self.observing() {
            Failed::Form(error.raw().get(), &listing.first)
        } else {
            Failed::Why("the server answered with an error")
        };
        self.release_list(asked.key(), Some(failed), now, out);
    }

    /// The listing that waits for this very answer; a late answer is nobody's.
    fn take_own(&mut self, key: ListKey, id: &Id) -> Option<Listing> {
        if self.own.get(&key).is_some_and(|listing| listing.id == *id) {
            return self.own.remove(&key);
        }
        None
    }

    /// Lets go on what waited for a list, or says why it cannot be called.
    fn release_list(&mut self, key: ListKey, failed: Option<Failed<'_>>, now: Timestamp, out: &mut Output) {
        let waited = |held: &Held| held.wait == Wait::List(key);
        let waiting: Vec<u64> = self.held.iter().filter(|(_, held)| waited(held)).map(|(at, _)| *at).collect();
        let what = list_part(key.0);
        for at in waiting {
            let Some(held) = self.held.remove(&at) else { continue };
            let Way::Call(cleared) = held.way else { continue };
            let why = match failed {
                Some(Failed::Form(error, first)) if *first == held.id => {
                    self.open.remove(&held.id);
                    out.to_client.push(refusal::with_error(&held.id, error));
                    continue;
                }
                None | Some(Failed::Form(..)) => {
                    self.readmit(held.frame, cleared, now, out);
                    continue;
                }
                Some(Failed::Why(why)) => why,
            };
            let refusal = Refusal {
                code: REFUSED,
                message: refusal::unread_list(&self.setup, key.0, why),
                grade: Grade::Warning,
                what: format!("a use of a {}, as {what} could not be compared: {why}", key.0.noun()),
                uri: None,
            };
            if self.refuse(out, Some(&held.id), refusal) == Fate::Drop {
                self.open.remove(&held.id);
            } else {
                out.to_server.push(held.frame);
            }
        }
    }

    /// Gives up what the server has not listed in time.
    pub(super) fn late_lists(&mut self, now: Timestamp, out: &mut Output) {
        let late: Vec<ListKey> = self
            .own
            .iter()
            .filter(|(_, listing)| listing.until <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in late {
            self.own.remove(&key);
            self.release_list(key, Some(Failed::Why("it did not come in time")), now, out);
        }
    }

    /// Nobody knows what the server answered: no listing goes on.
    pub(super) fn lost_lists(&mut self, now: Timestamp, out: &mut Output) {
        while let Some((key, _)) = self.own.pop_first() {
            self.release_list(key, Some(Failed::Why("an answer was too large")), now, out);
        }
    }

    /// The server says that lists changed: what was seen of them does not count any more.
    pub(super) fn list_changed(&mut self, method: &str) {
        let kinds: &[ItemKind] = match method {
            "notifications/tools/list_changed" => &[ItemKind::Tool],
            "notifications/prompts/list_changed" => &[ItemKind::Prompt],
            "notifications/resources/list_changed" => &[ItemKind::Resource, ItemKind::Template],
            _ => return,
        };
        self.fresh.retain(|(kind, ..)| !kinds.contains(kind));
        self.lists.changed(kinds);
    }
}

/// A list, as the log and the client are told of it.
pub(super) fn list_part(kind: ItemKind) -> String {
    match kind.list_key() {
        "resourceTemplates" => "its list of resource templates".to_owned(),
        key => format!("its list of {key}"),
    }
}

fn needed(meta: &Members<'_>) -> String {
    let kept = meta.iter().filter(|(name, _)| NEEDED.contains(name));
    let kept: Vec<_> = kept.map(|(name, value)| format!("{}:{}", Value::from(name), value.get())).collect();
    format!("{{{}}}", kept.join(","))
}

//! List results: every page of every list, held against the pin.
//!
//! The attacks: a list that differs on the second call, on page two, for this client; a definition
//! listed twice; text beside the items. A page in which nothing differs passes byte for byte; in any
//! other one changed definitions are served as pinned, and unlisted ones are not there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Setup;
use super::frame::Peeked;
use super::handshake::MODERN_INFO;
use super::pinned::{Pins, Standing, Views};
use super::turned::{self, Turn, beside_changes, beside_of, changes, hostile, judge, set};
use crate::model::{ClientProfile, Era, Finding, Grade, ItemKind, Sha256Digest};
use crate::surface::strict::{self, Limits};
use crate::surface::take::{self, Hostile, LISTS_MEMBER, code, unreadable};
use crate::surface::volatile::HANDSHAKE;

/// Pages of one listing, and definitions of one kind: as many as a probe takes.
const MOST_PAGES: usize = 256;
const MOST_ITEMS: usize = 5_000;
/// Pages remembered as clean.
const MOST_CLEAN: usize = 64;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListAsked {
    pub(super) kind: ItemKind,
    pub(super) eras: &'static [Era],
    /// What the client said it can do when it asked: views differ by it.
    pub(super) client: ClientProfile,
    pub(super) cursor: Option<String>,
    /// The guard itself asks.
    pub(super) own: bool,
}

/// An answer: the message it stands in, and its result.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) line: &'a str,
    pub(super) result: &'a Peeked<'a>,
}

/// What becomes of a list result.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// The result to send instead.
    pub(super) instead: Option<String>,
    /// What was found.
    pub(super) findings: Vec<Finding>,
    /// How bad it is for each definition that is pinned.
    pub(super) items: Vec<(ItemKind, String, Grade)>,
    /// With this page the whole list was compared, from its first page on.
    pub(super) whole: bool,
    /// Where the listing goes on, if it does, and was not cut.
    pub(super) next: Option<String>,
}

impl Judged {
    pub(super) fn worst(&self) -> Option<Grade> {
        let items = self.items.iter().map(|(_, _, grade)| *grade);
        self.findings.iter().map(|finding| finding.grade).chain(items).max()
    }
}

/// The listings of one connection.
#[derive(Default)]
pub(super) struct Lists {
    /// Pages found clean, with what the pager needs of them.
    clean: HashMap<Known, Page>,
    pagers: BTreeMap<(ItemKind, &'static [Era], ClientProfile, bool), Pager>,
}

/// All that decides whether a page is clean: of which list, what the pin's views were chosen by, whether
/// it may lack what stands beside the items, and what was sent.
type Known = (ItemKind, &'static [Era], ClientProfile, bool, Sha256Digest);

/// What one page says of the listing.
#[derive(Debug, Clone, Default)]
struct Page {
    /// The pinned keys on it.
    keys: BTreeSet<String>,
    next: Option<String>,
}

/// One listing, from its first page on.
#[derive(Default)]
struct Pager {
    keys: BTreeSet<String>,
    next: Option<String>,
    pages: usize,
    cursors: BTreeSet<String>,
}

/// What a page adds to its listing.
#[derive(Default)]
struct Turned {
    missing: Vec<String>,
    twice: Vec<String>,
    endless: bool,
    whole: bool,
    next: Option<String>,
}

impl Pager {
    /// The next page was listed. Asked with another cursor than the last page's, the listing is not
    /// whole, and says nothing about what is missing.
    fn add(&mut self, pins: &Pins, asked: &ListAsked, views: &Views, page: &Page) -> Turned {
        if asked.cursor.is_none() {
            *self = Self::default();
        } else if self.pages == 0 || self.next != asked.cursor {
            *self = Self::default();
            return Turned::default();
        }
        self.pages += 1;
        self.next.clone_from(&page.next);
        let mut turned = Turned {
            twice: page.keys.intersection(&self.keys).cloned().collect(),
            ..Turned::default()
        };
        if self.keys.len() < MOST_ITEMS {
            self.keys.extend(page.keys.iter().cloned());
        }
        match &page.next {
            None => {
                let wanted = pins.keys(asked.kind, views).into_iter();
                turned.missing = wanted.filter(|key| !self.keys.contains(*key)).map(str::to_owned).collect();
                *self = Self::default();
            }
            Some(next) => turned.endless = !self.cursors.insert(next.clone()) || self.pages >= MOST_PAGES,
        }
        turned.whole = page.next.is_none();
        turned.next = page.next.clone().filter(|_| !turned.endless);
        turned
    }
}

impl Lists {
    /// Judges one list result.
    pub(super) fn judge(&mut self, setup: &Setup, pins: &Pins, asked: &ListAsked, views: &Views, sent: Sent<'_>) -> Judged {
        let result = sent.result.raw().get();
        let digest = Sha256Digest::of(result.as_bytes());
        let known = (asked.kind, asked.eras, asked.client, asked.cursor.is_some(), digest);
        let listing = (asked.kind, asked.eras, asked.client, asked.own);
        let pager = self.pagers.entry(listing).or_default();
        if let Some(page) = self.clean.get(&known) {
            let turned = pager.add(pins, asked, views, page);
            return Reading::new(setup, pins, asked, views).end(turned);
        }
        let mut reading = Reading::new(setup, pins, asked, views);
        let page = match reading.page(sent) {
            Ok(page) => page,
            Err(found) => {
                reading.judged.findings.extend(hostile(setup, found));
                reading.judged.instead = Some(reading.empty());
                return reading.judged;
            }
        };
        let turned = pager.add(pins, asked, views, &page);
        if reading.is_clean() && self.clean.len() < MOST_CLEAN {
            self.clean.insert(known, page);
        }
        reading.end(turned)
    }

    /// The lists of these kinds changed: a listing that goes on now is of two lists, and not whole.
    pub(super) fn changed(&mut self, kinds: &[ItemKind]) {
        self.pagers.retain(|(kind, ..), _| !kinds.contains(kind));
    }
}

/// What becomes of one element of a page.
enum Served {
    /// It passes as it was sent.
    AsSent,
    /// The pinned definition stands in its place.
    Pinned(Value),
    /// It is not there for the client.
    LeftOut,
}

/// One page being read.
struct Reading<'a> {
    setup: &'a Setup,
    pins: &'a Pins,
    asked: &'a ListAsked,
    views: &'a Views,
    judged: Judged,
    turns: Vec<Turn>,
    /// What becomes of each element of the page.
    instead: Vec<Served>,
    /// The members beside the items, where they are not as pinned.
    beside: Option<Map<String, Value>>,
    raw: Map<String, Value>,
}

impl<'a> Reading<'a> {
    fn new(setup: &'a Setup, pins: &'a Pins, asked: &'a ListAsked, views: &'a Views) -> Self {
        Self {
            setup,
            pins,
            asked,
            views,
            judged: Judged::default(),
            turns: Vec::new(),
            instead: Vec::new(),
            beside: None,
            raw: Map::new(),
        }
    }

    fn is_clean(&self) -> bool {
        self.judged.findings.is_empty() && self.turns.is_empty() && self.judged.instead.is_none()
    }

    fn malformed(&self, what: &str) -> Hostile {
        Hostile::new(code::MALFORMED, format!("the answer to `{}` {what}", self.asked.kind.method()))
    }

    /// Reads the page: what of it is as pinned, and what is not.
    fn page(&mut self, sent: Sent<'_>) -> Result<Page, Hostile> {
        let kind = self.asked.kind;
        let line = sent.line.as_bytes();
        let message = strict::parse(line, &Limits::default()).map_err(|error| unreadable(line, &error))?;
        let Some(Value::Object(result)) = message.get("result") else {
            return Err(self.malformed("is not an object"));
        };
        let Some(Value::Array(items)) = result.get(kind.list_key()) else {
            return Err(self.malformed(&format!("has no array `{}`", kind.list_key())));
        };
        let next = match result.get("nextCursor") {
            None | Some(Value::Null) => None,
            Some(Value::String(cursor)) if cursor.is_empty() => None,
            Some(Value::String(cursor)) => Some(cursor.clone()),
            Some(_) => return Err(self.malformed("has a cursor that is no text")),
        };
        if items.len() > MOST_ITEMS {
            let what = format!("`{}` has more than {MOST_ITEMS} {}s", kind.method(), kind.noun());
            return Err(Hostile::new(code::TOO_LARGE, what));
        }
        let mut page = Page { next, ..Page::default() };
        let mut seen = BTreeSet::new();
        for item in items {
            let (key, instead) = self.item(item)?;
            let again = !seen.insert(key.clone());
            self.instead.push(if again { Served::LeftOut } else { instead });
            page.keys.insert(key);
        }
        if seen.len() < items.len() {
            // The same words as the probe's.
            let found = take::items(kind, items.clone(), self.pins.places()).err();
            let what = || Hostile::new(code::DUPLICATE_NAMES, format!("a {} is listed more than once", kind.noun()));
            self.judged.findings.extend(hostile(self.setup, found.unwrap_or_else(what)));
        }
        self.beside(result, page.next.is_some() || self.asked.cursor.is_some())?;
        if !self.turns.is_empty() || !self.judged.findings.is_empty() {
            self.raw.clone_from(result);
            self.judged.instead = Some(self.rebuilt(sent));
        }
        Ok(page)
    }

    /// Holds one definition against the pin: its key, and what to send in its place.
    fn item(&mut self, raw: &Value) -> Result<(String, Served), Hostile> {
        let kind = self.asked.kind;
        match self.pins.stand(kind, self.views, raw)? {
            Standing::AsPinned(key) => Ok((key, Served::AsSent)),
            Standing::Changed { key, view, found } => {
                let served = self.pins.served(kind, view, &key);
                let turn = Turn::Changed {
                    key: key.clone(),
                    view,
                    found,
                };
                let grade = self.grade(&turn);
                self.judged.items.push((kind, key.clone(), grade));
                self.turns.push(turn);
                Ok((key, served.map_or(Served::LeftOut, Served::Pinned)))
            }
            Standing::Unlisted(found) => {
                let key = found.key.clone();
                self.turns.push(Turn::Unlisted(found));
                Ok((key, Served::LeftOut))
            }
        }
    }

    /// How bad one changed definition is, by itself. At least a warning where nothing says.
    fn grade(&self, turn: &Turn) -> Grade {
        let found = judge(
            self.setup,
            changes(self.pins, self.asked.kind, self.views, std::slice::from_ref(turn)),
        );
        let own = found.iter().filter(|finding| finding.code != "view-added");
        own.map(|finding| finding.grade).max().unwrap_or(Grade::Warning)
    }

    /// Holds what stands beside the items against the pin.
    fn beside(&mut self, result: &Map<String, Value>, several: bool) -> Result<(), Hostile> {
        let kind = self.asked.kind;
        let mut first = None;
        for &at in &self.views.at {
            let Some(view) = self.pins.view(at) else { continue };
            let found = take::list_extras(kind, result, &view.handshake, self.pins.places())?;
            let bare = || take::list_extras(kind, result, &self.pins.restored(&view.handshake), &take::Places::default()).ok();
            let known: Vec<Option<&Value>> = match beside_of(view, kind) {
                Some(Value::Array(pages)) => pages.iter().map(Some).chain([None]).collect(),
                None => vec![None],
                one => [one].into_iter().chain(several.then_some(None)).collect(),
            };
            let nest = |value: Option<&Value>| {
                let mut nested = Map::new();
                nested.extend(value.map(|value| (kind.method().to_owned(), value.clone())));
                Value::Object(Map::from_iter([(LISTS_MEMBER.to_owned(), Value::Object(nested))]))
            };
            let same = |known: Option<&Value>| {
                let untouched = || bare().map(|found| nest(found.as_ref()));
                self.pins.same(view, HANDSHAKE, &nest(known), &nest(found.as_ref()), untouched)
            };
            if known.iter().copied().any(same) {
                return Ok(());
            }
            first = first.or(Some((at, found, known.first().copied().flatten().cloned())));
        }
        let Some((at, found, known)) = first else { return Ok(()) };
        if self.views.stranger && found.as_ref().is_none_or(is_plain) {
            return Ok(());
        }
        let changes = beside_changes(self.pins, kind, self.views, at, found.as_ref());
        self.judged.findings.extend(judge(self.setup, changes));
        let known = known.map(|known| self.pins.restored(&known));
        self.beside = Some(match known {
            Some(Value::Object(members)) if !self.views.stranger => members,
            _ => Map::new(),
        });
        Ok(())
    }

    /// The page as the pin has it: equal definitions as they were sent.
    fn rebuilt(&self, sent: Sent<'_>) -> String {
        let kind = self.asked.kind;
        let list = sent.result.members.get(kind.list_key());
        let texts: Vec<&RawValue> = list.and_then(|list| serde_json::from_str(list.get()).ok()).unwrap_or_default();
        let mut list = Vec::new();
        for (text, instead) in texts.iter().zip(&self.instead) {
            match instead {
                Served::AsSent => list.push(text.get().to_owned()),
                Served::Pinned(value) => list.push(value.to_string()),
                Served::LeftOut => {}
            }
        }
        let mut members = match &self.beside {
            None => self.raw.clone(),
            Some(pinned) => self.set_back(pinned),
        };
        members.remove(kind.list_key());
        if !members.get("nextCursor").is_some_and(Value::is_string) {
            members.remove("nextCursor");
        }
        let mut out = format!("{{\"{}\":[{}]", kind.list_key(), list.join(","));
        for (name, value) in members {
            out.push(',');
            out.push_str(&Value::from(name).to_string());
            out.push(':');
            out.push_str(&value.to_string());
        }
        out.push('}');
        out
    }

    /// The members of the result that move by design, as they were sent, and the pinned others.
    fn set_back(&self, pinned: &Map<String, Value>) -> Map<String, Value> {
        let honest = |name: &str, value: &Value| match name {
            "nextCursor" => value.is_string(),
            "ttlMs" => value.is_u64(),
            "resultType" => value == "complete",
            _ => false,
        };
        let sent = self.raw.iter().filter(|(name, value)| honest(name, value));
        let mut out: Map<String, Value> = sent.map(|(name, value)| (name.clone(), value.clone())).collect();
        out.extend(pinned.clone());
        let named = self.raw.get("_meta").is_some_and(|meta| meta.get(MODERN_INFO).is_some());
        if let Some(info) = self.identity().filter(|_| named) {
            let meta = out.entry("_meta").or_insert_with(|| Value::Object(Map::new()));
            set(meta, MODERN_INFO, Some(info));
        }
        if self.views.era == Era::Modern {
            out.entry("resultType").or_insert_with(|| "complete".into());
            out.entry("ttlMs").or_insert_with(|| 0.into());
            out.entry("cacheScope").or_insert_with(|| "private".into());
        }
        out
    }

    /// Who the server said it is when it was pinned.
    fn identity(&self) -> Option<Value> {
        let handshake = &self.pins.view(*self.views.at.first()?)?.handshake;
        let modern = || handshake.get("_meta")?.get(MODERN_INFO);
        Some(self.pins.restored(handshake.get("serverInfo").or_else(modern)?))
    }

    /// A list of nothing, where what was sent cannot be read.
    fn empty(&self) -> String {
        let mut out = Value::Object(self.set_back(&Map::new()));
        set(&mut out, self.asked.kind.list_key(), Some(Value::Array(Vec::new())));
        out.to_string()
    }

    /// Judges all that turned on this page, and what the whole listing lacks.
    fn end(mut self, turned: Turned) -> Judged {
        let kind = self.asked.kind;
        self.judged.whole = turned.whole;
        self.judged.next = turned.next;
        if turned.endless {
            let what = format!("`{}` never ends: it gives the same cursor again", kind.method());
            self.judged
                .findings
                .extend(hostile(self.setup, Hostile::new(code::ENDLESS_PAGES, what)));
        }
        if !turned.twice.is_empty() {
            let names: Vec<_> = turned
                .twice
                .iter()
                .take(5)
                .map(|key| format!("`{}`", key.chars().take(80).collect::<String>()))
                .collect();
            let what = format!(
                "{} {}s are listed more than once: {}",
                turned.twice.len(),
                kind.noun(),
                names.join(", ")
            );
            self.judged
                .findings
                .extend(hostile(self.setup, Hostile::new(code::DUPLICATE_NAMES, what)));
        }
        self.turns.extend(turned.missing.into_iter().map(Turn::Missing));
        if !self.turns.is_empty() || self.views.stranger {
            let found = changes(self.pins, kind, self.views, &self.turns);
            let mut found = turned::judge(self.setup, found);
            found.extend(std::mem::take(&mut self.judged.findings));
            self.judged.findings = found;
        }
        self.judged
    }
}

/// What a 2026-07-28 server has to say beside its items, and nothing else.
fn is_plain(beside: &Value) -> bool {
    beside.as_object().is_some_and(|members| {
        members
            .iter()
            .all(|(name, value)| name == "cacheScope" && (value == "private" || value == "public"))
    })
}

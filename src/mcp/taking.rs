//! One taking: a handshake and all pages of all lists, asked of one session.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::probe::{ProbeError, ProbeLimits};
use super::session::{Reply, Session};
use crate::model::{ClientProfile, Era, Item, ItemKind, View};
use crate::surface::take::{self, Hostile, Places, code};
use crate::surface::visible;

/// The newest version with `initialize`, which is asked for.
const LEGACY_VERSION: &str = "2025-11-25";
/// The version with `server/discover`.
const MODERN_VERSION: &str = "2026-07-28";
const METHOD_NOT_FOUND: i64 = -32601;
const UNSUPPORTED_VERSION: i64 = -32022;
/// For lists that a server, which has answered other questions by then, does not claim to have.
const UNCLAIMED_TIME: Duration = Duration::from_secs(1);
/// Times a list is begun anew when a later page fails.
const RESTARTS: usize = 2;

/// How a session is asked.
pub(super) struct Asker<'a> {
    pub(super) era: Era,
    pub(super) client: ClientProfile,
    pub(super) client_version: &'a str,
    pub(super) limits: &'a ProbeLimits,
    pub(super) places: &'a Places,
}

/// Every list, and what stood beside the items.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) items: BTreeMap<ItemKind, Vec<Item>>,
    beside: Map<String, Value>,
}

/// What `server/discover` told.
pub(super) enum Discovered {
    /// The handshake's raw result.
    Modern(Value),
    /// Not this era, and why in a few words.
    Legacy(&'static str),
}

impl Asker<'_> {
    fn capabilities(&self) -> Value {
        match self.client {
            ClientProfile::Full => json!({
                "sampling": {},
                "elicitation": {"form": {}, "url": {}},
                "roots": {"listChanged": true},
            }),
            ClientProfile::Bare | ClientProfile::Any => json!({}),
        }
    }

    /// A name that is true and says no more than the protocol does: a server that could tell the
    /// probe by its name could show it another face. It is nobody else's name either; what a
    /// server can still tell by is that no client asks as much, as fast.
    fn client_info(&self) -> Value {
        json!({"name": "mcp-client", "version": self.client_version})
    }

    fn params(&self, cursor: Option<&str>) -> Value {
        let mut params = Map::new();
        if let Some(cursor) = cursor {
            params.insert("cursor".into(), cursor.into());
        }
        if self.era == Era::Modern {
            let meta = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
                "io.modelcontextprotocol/clientCapabilities": self.capabilities(),
                "io.modelcontextprotocol/clientInfo": self.client_info(),
            });
            params.insert("_meta".into(), meta);
        }
        Value::Object(params)
    }

    /// Shakes hands the older way and takes the whole view.
    pub(super) async fn initialize(&self, session: &mut Session) -> Result<View, ProbeError> {
        let params = json!({
            "protocolVersion": LEGACY_VERSION,
            "capabilities": self.capabilities(),
            "clientInfo": self.client_info(),
        });
        let raw = match session.request("initialize", params).await? {
            Reply::Result(raw) => raw,
            Reply::Error { code, message } => return Err(refused(session, "initialize", code, &message)),
        };
        if raw.get("protocolVersion").and_then(Value::as_str).is_none() {
            return Err(not_mcp(session, "its answer to `initialize` names no protocol version"));
        }
        session.notify("notifications/initialized").await;
        self.view(session, raw).await
    }

    /// Asks whether the server speaks 2026-07-28, within this time.
    pub(super) async fn discover(&self, session: &mut Session, wait: Duration) -> Result<Discovered, ProbeError> {
        let reply = session.request_within("server/discover", self.params(None), wait).await;
        Ok(match reply {
            Ok(Reply::Result(raw)) => match raw.get("supportedVersions").and_then(Value::as_array) {
                Some(versions) if versions.iter().any(|version| version == MODERN_VERSION) => Discovered::Modern(raw),
                Some(_) => Discovered::Legacy("it speaks newer protocol versions than 2026-07-28 that this mcp-pin does not know"),
                None => Discovered::Legacy("its answer to `server/discover` names no versions"),
            },
            Ok(Reply::Error {
                code: UNSUPPORTED_VERSION, ..
            }) => Discovered::Legacy("it speaks newer protocol versions than 2026-07-28 that this mcp-pin does not know"),
            Ok(Reply::Error { .. }) => Discovered::Legacy(""),
            Err(ProbeError::Timeout { .. }) => Discovered::Legacy("it does not answer `server/discover` at all"),
            Err(ProbeError::Exited { .. }) => Discovered::Legacy("it ends when it is asked for `server/discover`"),
            Err(ProbeError::Http { why, .. }) if why.is_refusal() => Discovered::Legacy(""),
            Err(error) => return Err(error),
        })
    }

    /// The view behind a handshake.
    pub(super) async fn view(&self, session: &mut Session, raw: Value) -> Result<View, ProbeError> {
        let mut handshake = take::handshake(raw, self.places)?;
        let lists = self.lists(session, &handshake).await?;
        if let Some(members) = handshake.as_object_mut().filter(|_| !lists.beside.is_empty()) {
            members.insert(take::LISTS_MEMBER.to_owned(), Value::Object(lists.beside));
        }
        Ok(View {
            era: self.era,
            client: self.client,
            handshake,
            items: lists.items,
        })
    }

    /// All lists of a server with this handshake, as taken. Those it does not claim are asked for
    /// too.
    pub(super) async fn lists(&self, session: &mut Session, handshake: &Value) -> Result<Lists, ProbeError> {
        let claims = |name| {
            handshake
                .get("capabilities")
                .is_some_and(|capabilities| capabilities.get(name).is_some())
        };
        let mut lists = Lists::default();
        for kind in ItemKind::ALL {
            let claimed = match kind {
                ItemKind::Tool => claims("tools"),
                ItemKind::Prompt => claims("prompts"),
                ItemKind::Resource | ItemKind::Template => claims("resources"),
            };
            let Some(pages) = self.list(session, kind, claimed, handshake).await? else {
                continue;
            };
            if let Some(beside) = pages.beside() {
                lists.beside.insert(kind.method().to_owned(), beside);
            }
            lists.items.insert(kind, take::items(kind, pages.items, self.places)?);
        }
        Ok(lists)
    }

    /// One list with all its pages; `None` where the server has none of the kind.
    async fn list(&self, session: &mut Session, kind: ItemKind, claimed: bool, handshake: &Value) -> Result<Option<Pages>, ProbeError> {
        for _ in 0..=RESTARTS {
            match self.pages(session, kind, claimed, handshake).await? {
                Listed::Pages(pages) => return Ok(Some(pages)),
                Listed::None => return Ok(None),
                Listed::Broken => {}
            }
        }
        Err(Hostile::new(code::MALFORMED, format!("`{}` refuses the cursor it gave", kind.method())).into())
    }

    async fn pages(&self, session: &mut Session, kind: ItemKind, claimed: bool, handshake: &Value) -> Result<Listed, ProbeError> {
        let method = kind.method();
        let mut pages = Pages::default();
        let mut seen = BTreeSet::new();
        let mut cursor: Option<String> = None;
        loop {
            let params = self.params(cursor.as_deref());
            let reply = if claimed {
                session.request(method, params).await?
            } else {
                if session.silent.contains(method) {
                    return Ok(Listed::None);
                }
                match session.request_within(method, params, session.patience(UNCLAIMED_TIME)).await {
                    Err(ProbeError::Timeout { .. }) => {
                        session.silent.insert(method);
                        session.note(format!("it does not answer `{method}`, which it does not claim to have"));
                        return Ok(Listed::None);
                    }
                    reply => reply?,
                }
            };
            let result = match reply {
                Reply::Result(Value::Object(result)) => result,
                Reply::Result(_) => return Err(malformed(kind, "is not an object").into()),
                Reply::Error { .. } if cursor.is_some() => return Ok(Listed::Broken),
                Reply::Error {
                    code: METHOD_NOT_FOUND, ..
                } if claimed => return Ok(Listed::Pages(pages)),
                Reply::Error { .. } if !claimed => return Ok(Listed::None),
                Reply::Error { code, message } => return Err(refused(session, method, code, &message)),
            };
            cursor = next_cursor(session, kind, &result)?;
            pages.add(kind, result, handshake, self.places)?;
            self.check(kind, &pages)?;
            match &cursor {
                None => return Ok(Listed::Pages(pages)),
                Some(next) if !seen.insert(next.clone()) => {
                    let what = format!("`{method}` never ends: it gives the same cursor again after {} pages", pages.count);
                    return Err(Hostile::new(code::ENDLESS_PAGES, what).into());
                }
                Some(_) => {}
            }
        }
    }

    fn check(&self, kind: ItemKind, pages: &Pages) -> Result<(), Hostile> {
        if pages.items.len() > self.limits.items {
            let what = format!("`{}` has more than {} {}s", kind.method(), self.limits.items, kind.noun());
            return Err(Hostile::new(code::TOO_LARGE, what));
        }
        if pages.count >= self.limits.pages {
            let what = format!("`{}` has not ended after {} pages", kind.method(), pages.count);
            return Err(Hostile::new(code::ENDLESS_PAGES, what));
        }
        Ok(())
    }
}

enum Listed {
    Pages(Pages),
    None,
    /// A page after the first failed.
    Broken,
}

#[derive(Default)]
struct Pages {
    items: Vec<Value>,
    count: usize,
    /// What stood beside the items, each different thing once, in order.
    extras: Vec<Value>,
}

impl Pages {
    fn add(&mut self, kind: ItemKind, mut result: Map<String, Value>, handshake: &Value, places: &Places) -> Result<(), Hostile> {
        let Some(Value::Array(items)) = result.remove(kind.list_key()) else {
            return Err(malformed(kind, &format!("has no array `{}`", kind.list_key())));
        };
        self.items.extend(items);
        self.count += 1;
        if let Some(beside) = take::list_extras(kind, &result, handshake, places)?.filter(|beside| !self.extras.contains(beside)) {
            self.extras.push(beside);
        }
        Ok(())
    }

    fn beside(&self) -> Option<Value> {
        match self.extras.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            more => Some(Value::Array(more.to_vec())),
        }
    }
}

/// An empty cursor ends a list for most clients; for those that go on, the guard compares.
fn next_cursor(session: &mut Session, kind: ItemKind, result: &Map<String, Value>) -> Result<Option<String>, Hostile> {
    match result.get("nextCursor") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(cursor)) if cursor.is_empty() => {
            session.note(format!("`{}` ends with an empty cursor", kind.method()));
            Ok(None)
        }
        Some(Value::String(cursor)) => Ok(Some(cursor.clone())),
        Some(_) => Err(malformed(kind, "has a cursor that is no text")),
    }
}

fn malformed(kind: ItemKind, what: &str) -> Hostile {
    Hostile::new(code::MALFORMED, format!("the answer to `{}` {what}", kind.method()))
}

fn refused(session: &Session, method: &str, code: i64, message: &str) -> ProbeError {
    ProbeError::Refused {
        method: method.to_owned(),
        code,
        message: visible(message),
        stderr: session.last_words(),
        hint: None,
    }
}

fn not_mcp(session: &Session, what: &str) -> ProbeError {
    ProbeError::NotMcp {
        what: what.to_owned(),
        stderr: session.last_words(),
        hint: None,
    }
}

//! A server, a client and a pin for the guard's tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::ask::{Alone, Asks};
use super::{Event, Guard, Output, Said, Setup};
use crate::model::guard::GuardRules;
use crate::model::{ClientProfile, Era, Finding, ItemKind, Surface, View};
use crate::policy::{Grading, JudgeContext};
use crate::surface::take::{self, LISTS_MEMBER, Places};

/// A server as it answers: its handshake and its lists, one page each.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) era: Era,
    pub(super) handshake: Value,
    pub(super) lists: BTreeMap<ItemKind, Vec<Value>>,
    /// Beside the items of every list.
    pub(super) beside: Map<String, Value>,
}

impl Fake {
    pub(super) fn legacy() -> Self {
        let mut lists = BTreeMap::new();
        lists.insert(
            ItemKind::Tool,
            vec![tool("echo", "Echoes a text."), tool("add", "Adds two numbers.")],
        );
        lists.insert(ItemKind::Prompt, vec![json!({"name": "greet", "description": "Greets a person."})]);
        lists.insert(
            ItemKind::Resource,
            vec![
                json!({"uri": "demo://one", "name": "one", "size": 7}),
                json!({"uri": "ui://demo/page", "name": "page"}),
            ],
        );
        lists.insert(ItemKind::Template, vec![json!({"uriTemplate": "demo://text/{id}", "name": "text"})]);
        Self {
            era: Era::Legacy,
            handshake: json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {"listChanged": true}, "prompts": {}, "resources": {}},
                "serverInfo": {"name": "demo", "version": "1.0.0"},
                "instructions": "Echo before you add.",
            }),
            lists,
            beside: Map::new(),
        }
    }

    pub(super) fn modern() -> Self {
        Self {
            era: Era::Modern,
            handshake: json!({
                "resultType": "complete", "ttlMs": 5000, "cacheScope": "private",
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {}, "prompts": {}, "resources": {}},
                "instructions": "Echo before you add.",
                "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "demo", "version": "1.0.0"}},
            }),
            beside: object(&json!({
                "resultType": "complete", "ttlMs": 60000, "cacheScope": "private",
                "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "demo", "version": "1.0.0"}},
            })),
            ..Self::legacy()
        }
    }

    pub(super) fn tools(&mut self) -> &mut Vec<Value> {
        self.lists.entry(ItemKind::Tool).or_default()
    }

    pub(super) fn result(&self, kind: ItemKind) -> Value {
        let mut result = self.beside.clone();
        result.insert(
            kind.list_key().to_owned(),
            self.lists.get(&kind).cloned().unwrap_or_default().into(),
        );
        Value::Object(result)
    }

    /// The view a probe with these places would take.
    pub(super) fn view(&self, places: &Places) -> View {
        let mut handshake = take::handshake(self.handshake.clone(), places).unwrap();
        let mut beside = Map::new();
        let mut items = BTreeMap::new();
        for (&kind, list) in &self.lists {
            let extras = take::list_extras(kind, &object(&self.result(kind)), &handshake, places).unwrap();
            beside.extend(extras.map(|extras| (kind.method().to_owned(), extras)));
            items.insert(kind, take::items(kind, list.clone(), places).unwrap());
        }
        if !beside.is_empty() {
            handshake[LISTS_MEMBER] = Value::Object(beside);
        }
        View {
            era: self.era,
            client: ClientProfile::Any,
            handshake,
            items,
        }
    }
}

pub(super) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

pub(super) fn tool(name: &str, description: &str) -> Value {
    json!({
        "name": name, "description": description,
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    })
}

pub(super) fn surface(views: Vec<View>) -> Surface {
    Surface {
        env: vec![],
        network: false,
        views,
        volatile: vec![],
    }
}

pub(super) fn setup(pinned: Option<Surface>) -> Setup {
    Setup {
        server: "demo".parse().unwrap(),
        pinned,
        places: Places::default(),
        rules: GuardRules::default(),
        judge: JudgeContext::default(),
        grading: Grading::default(),
        global: false,
        budget: Arc::new(Alone::default()),
    }
}

/// A guard of a client that has listed everything.
pub(super) fn listed(setup: Setup) -> Guard {
    let mut guard = Guard::new(setup);
    for kind in ItemKind::ALL {
        for era in [Era::Legacy, Era::Modern] {
            for client in [ClientProfile::Bare, ClientProfile::Full] {
                guard.fresh.insert((kind, era, client));
            }
        }
    }
    guard
}

/// A guard, and the ids of a client that has listed everything.
pub(super) struct Bench {
    pub(super) guard: Guard,
    pub(super) events: Vec<Event>,
    /// All that went to the client.
    pub(super) told: String,
    id: i64,
    modern: bool,
    /// What a newer client says it can do.
    pub(super) can: Value,
}

impl Bench {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            guard: listed(setup),
            events: vec![],
            told: String::new(),
            id: 0,
            modern: false,
            can: json!({}),
        }
    }

    /// A guard for what this server sent when it was pinned.
    pub(super) fn of(fake: &Fake) -> Self {
        let mut bench = Self::new(setup(Some(surface(vec![fake.view(&Places::default())]))));
        bench.modern = fake.era == Era::Modern;
        bench
    }

    pub(super) fn client(&mut self, frame: &str) -> Output {
        let out = self.guard.from_client(frame.as_bytes(), Timestamp::UNIX_EPOCH);
        self.note(&out);
        out
    }

    pub(super) fn server(&mut self, frame: &str) -> Output {
        let out = self.guard.from_server(frame.as_bytes(), Timestamp::UNIX_EPOCH);
        if out.pass {
            self.told.push_str(frame);
        }
        self.note(&out);
        out
    }

    fn note(&mut self, out: &Output) {
        self.events.extend(out.events.iter().cloned());
        for frame in &out.to_client {
            let text = std::str::from_utf8(frame).unwrap();
            serde_json::from_str::<Value>(text).unwrap();
            self.told.push_str(text);
        }
    }

    /// A request of the client that must pass; its id.
    pub(super) fn ask(&mut self, method: &str, params: Value) -> i64 {
        let out = self.call(method, params);
        assert!(out.pass && out.to_client.is_empty(), "{method}: {out:?}");
        self.id
    }

    pub(super) fn call(&mut self, method: &str, mut params: Value) -> Output {
        self.id += 1;
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": self.can,
            });
        }
        let frame = json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params});
        self.client(&frame.to_string())
    }

    /// Rules that were changed hold from now on, and nothing was asked for yet.
    pub(super) fn asks_anew(&mut self) {
        let budget = Arc::clone(&self.guard.setup.budget);
        self.guard.asks = Asks::new(&self.guard.setup.rules, budget);
    }

    /// The id of the last request.
    pub(super) const fn last(&self) -> i64 {
        self.id
    }

    /// The server's answer to a request that passed.
    pub(super) fn reply(&mut self, method: &str, params: Value, result: &Value) -> Output {
        let id = self.ask(method, params);
        self.server(&format!("{{\"jsonrpc\": \"2.0\", \"id\": {id}, \"result\": {result}}}"))
    }

    /// The user answers the only question.
    pub(super) fn says(&mut self, asked: &Output, said: Said) -> Output {
        assert_eq!(asked.questions.len(), 1, "{asked:?}");
        let out = self.guard.answered(asked.questions[0].id, said, Timestamp::UNIX_EPOCH);
        self.note(&out);
        out
    }

    /// Time has passed until the guard has something to do.
    pub(super) fn wait(&mut self) -> Output {
        let out = self.guard.tick(self.guard.due().unwrap());
        self.note(&out);
        out
    }

    pub(super) fn shake(&mut self, fake: &Fake) -> Output {
        match fake.era {
            Era::Legacy => {
                let params =
                    json!({"protocolVersion": "2025-11-25", "capabilities": self.can, "clientInfo": {"name": "c", "version": "1"}});
                self.reply("initialize", params, &fake.handshake)
            }
            Era::Modern => self.reply("server/discover", json!({}), &fake.handshake),
        }
    }

    pub(super) fn list(&mut self, fake: &Fake, kind: ItemKind) -> Output {
        self.reply(kind.method(), json!({}), &fake.result(kind))
    }

    pub(super) fn drifts(&self) -> Vec<&Finding> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Drift(finding) = event { Some(finding) } else { None })
            .collect()
    }
}

/// The result in the only frame that went to the client.
pub(super) fn told(out: &Output) -> Value {
    assert!(!out.pass, "{out:?}");
    assert_eq!(out.to_client.len(), 1, "{out:?}");
    serde_json::from_slice(&out.to_client[0]).unwrap()
}

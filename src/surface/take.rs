//! From what a server sent to what is pinned: definitions whole, minus the members that move by
//! design, with this run's own paths and secrets replaced by tokens.
//!
//! The attack this must not open: a member that is left out, or a text that is folded with
//! another, is a hiding place. So only the members that the protocol calls volatile are left out,
//! at the places where the protocol puts them, and tokens cannot be faked: a text that already
//! holds something like a token is changed into another one (see [`Places`]).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::canonical::{canonical, digest};
use crate::model::{Item, ItemKind};

/// What a server did that no honest server does, with a stable code for the report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Hostile {
    /// Kebab-case code: one of the constants in [`code`].
    pub code: &'static str,
    /// What happened, as a sentence fragment. Text of the server in it is not escaped yet.
    pub what: String,
}

impl Hostile {
    /// A finding.
    pub fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self { code, what: what.into() }
    }
}

/// The codes of hostile findings.
pub mod code {
    /// The surface is text that JSON readers read differently.
    pub const NOT_I_JSON: &str = "surface-not-i-json";
    /// A message, a definition or a list is larger than any honest one.
    pub const TOO_LARGE: &str = "surface-too-large";
    /// A list never ends.
    pub const ENDLESS_PAGES: &str = "endless-pages";
    /// The same question got two answers.
    pub const LIST_UNSTABLE: &str = "list-unstable";
    /// Two definitions have one name: which of them a client uses is chance.
    pub const DUPLICATE_NAMES: &str = "duplicate-names";
    /// A list or a definition has no form a client can read.
    pub const MALFORMED: &str = "surface-malformed";
}

/// The member of a taken handshake that holds what stood beside the items in list results
/// (`cacheScope`, unknown members), an object by method. No server's handshake may have it.
pub const LISTS_MEMBER: &str = "mcp-pin:lists";

/// The key under which 2026-07-28 servers name themselves in any result's `_meta`.
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Largest definition, in bytes of its canonical form.
pub const DEFINITION_LIMIT: usize = 1024 * 1024;

const TOKEN: &str = "{mcp-pin:";
const QUOTED_TOKEN: &str = "{mcp-pin:text}";

/// The texts of this run that stand for something: its folders, and values of variables.
///
/// A path becomes `{mcp-pin:home}`, `{mcp-pin:cwd}`, `{mcp-pin:tmp}` or `{mcp-pin:install}`, a
/// variable's value `{mcp-pin:env:NAME}`: no path of one machine and no secret gets into a lock.
/// The replacement can be undone: `{mcp-pin:` in the server's own text becomes `{mcp-pin:text}`,
/// so two different texts never become the same.
#[derive(Clone, Default)]
pub struct Places {
    /// Longest text first.
    places: Vec<Place>,
}

#[derive(Clone)]
struct Place {
    text: String,
    token: String,
    /// Only whole path prefixes count: `/tmp` does not stand in `/tmpfile`.
    is_path: bool,
}

impl Places {
    /// Adds a folder. Empty paths, relative ones and the root are ignored.
    #[must_use]
    pub fn path(self, name: &str, path: &str) -> Self {
        let path = path.trim_end_matches('/');
        if path.len() < 2 || !path.starts_with('/') {
            return self;
        }
        self.with(path.to_owned(), name, true)
    }

    /// Adds a variable's value, if it looks like a secret or a place: an absolute path, or at
    /// least eight characters that are not only letters. Ordinary words (`true`, `production`)
    /// stay as they are, since they also stand in ordinary text.
    #[must_use]
    pub fn variable(self, name: &str, value: &str) -> Self {
        let is_path = value.len() > 1 && value.starts_with('/');
        let secretive = value.chars().count() >= 8 && !value.chars().all(char::is_alphabetic);
        if !is_path && !secretive {
            return self;
        }
        self.with(value.to_owned(), &format!("env:{name}"), is_path)
    }

    fn with(mut self, text: String, name: &str, is_path: bool) -> Self {
        let at = self.places.partition_point(|place| place.text.len() >= text.len());
        let token = format!("{TOKEN}{name}}}");
        self.places.insert(at, Place { text, token, is_path });
        self
    }

    /// The text with tokens in it.
    pub fn replace(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        'next: while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            for place in &self.places {
                if rest.starts_with(&place.text) && (!place.is_path || is_whole_path(&text[..at], &rest[place.text.len()..])) {
                    out.push_str(&place.token);
                    at += place.text.len();
                    continue 'next;
                }
            }
            if rest.starts_with(TOKEN) {
                out.push_str(QUOTED_TOKEN);
                at += TOKEN.len();
            } else {
                out.push(c);
                at += c.len_utf8();
            }
        }
        out
    }

    /// Replaces in every string of a value. Member names are left alone.
    pub fn replace_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if text.contains(TOKEN) || self.places.iter().any(|place| text.contains(&place.text)) {
                    *text = self.replace(text);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.replace_in(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.replace_in(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn is_whole_path(before: &str, after: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !before.chars().next_back().is_some_and(|c| in_name(c) || c == '.') && !after.chars().next().is_some_and(in_name)
}

/// The handshake's result as it is pinned: without `ttlMs`, `resultType` and the volatile `_meta`
/// keys, with tokens. Refuses a result that is no object or that claims [`LISTS_MEMBER`].
pub fn handshake(raw: Value, places: &Places) -> Result<Value, Hostile> {
    let Value::Object(mut members) = raw else {
        return Err(Hostile::new(code::MALFORMED, "the handshake's result is not an object"));
    };
    if members.contains_key(LISTS_MEMBER) {
        return Err(Hostile::new(
            code::MALFORMED,
            format!("the handshake has the reserved member `{LISTS_MEMBER}`"),
        ));
    }
    members.remove("ttlMs");
    members.remove("resultType");
    clean_meta(&mut members);
    let mut value = Value::Object(members);
    places.replace_in(&mut value);
    check_size("the handshake", &value)?;
    Ok(value)
}

/// What stands beside the items in one list result and is not volatile: `cacheScope` and unknown
/// members. `None` where there is nothing. A repeated server identity in `_meta` is left out.
pub fn list_extras(kind: ItemKind, result: &Map<String, Value>, places: &Places) -> Option<Value> {
    let mut members = result.clone();
    for name in [kind.list_key(), "nextCursor", "ttlMs", "resultType"] {
        members.remove(name);
    }
    if let Some(Value::Object(meta)) = members.get_mut("_meta") {
        meta.remove(SERVER_INFO);
    }
    clean_meta(&mut members);
    if members.get("_meta").and_then(Value::as_object).is_some_and(Map::is_empty) {
        members.remove("_meta");
    }
    let mut value = Value::Object(members);
    places.replace_in(&mut value);
    (value != Value::Object(Map::new())).then_some(value)
}

/// One definition as it is pinned. Unknown members stay.
pub fn item(kind: ItemKind, raw: Value, places: &Places) -> Result<Item, Hostile> {
    let malformed = |what: &str| Hostile::new(code::MALFORMED, format!("a {} {what}", kind.noun()));
    let Value::Object(mut members) = raw else {
        return Err(malformed("is not an object"));
    };
    clean_meta(&mut members);
    if kind == ItemKind::Resource {
        members.remove("size");
        if let Some(Value::Object(annotations)) = members.get_mut("annotations") {
            annotations.remove("lastModified");
        }
    }
    let mut definition = Value::Object(members);
    places.replace_in(&mut definition);
    let Some(key) = definition.get(kind.name_key()).and_then(Value::as_str).map(str::to_owned) else {
        return Err(malformed(&format!("has no text as its `{}`", kind.name_key())));
    };
    check_size(&format!("the {} `{}`", kind.noun(), short(&key)), &definition)?;
    Ok(Item {
        digest: digest(&definition),
        key,
        definition,
    })
}

/// A whole list, all pages together, sorted by key. Two definitions of one name are refused.
pub fn items(kind: ItemKind, raw: Vec<Value>, places: &Places) -> Result<Vec<Item>, Hostile> {
    let mut items = raw.into_iter().map(|raw| item(kind, raw, places)).collect::<Result<Vec<_>, _>>()?;
    items.sort_by(|a, b| a.key.cmp(&b.key));
    let twice: BTreeSet<_> = items
        .windows(2)
        .filter(|pair| pair[0].key == pair[1].key)
        .map(|pair| short(&pair[0].key))
        .collect();
    if twice.is_empty() {
        return Ok(items);
    }
    let names: Vec<_> = twice.iter().take(5).map(|name| format!("`{name}`")).collect();
    let what = format!("{} {}s are listed more than once: {}", twice.len(), kind.noun(), names.join(", "));
    Err(Hostile::new(code::DUPLICATE_NAMES, what))
}

/// Removes the `_meta` keys that belong to one request, and `_meta` itself if nothing else stood
/// there.
fn clean_meta(members: &mut Map<String, Value>) {
    const VOLATILE: [&str; 5] = ["progressToken", "subscriptionId", "traceparent", "tracestate", "baggage"];
    let Some(Value::Object(meta)) = members.get_mut("_meta") else {
        return;
    };
    let before = meta.len();
    for name in VOLATILE {
        meta.remove(name);
        meta.remove(&format!("io.modelcontextprotocol/{name}"));
    }
    if meta.is_empty() && before > 0 {
        members.remove("_meta");
    }
}

fn check_size(what: &str, value: &Value) -> Result<(), Hostile> {
    let bytes = canonical(value).len();
    if bytes <= DEFINITION_LIMIT {
        return Ok(());
    }
    Err(Hostile::new(
        code::TOO_LARGE,
        format!("{what} is {bytes} bytes long, more than {DEFINITION_LIMIT}"),
    ))
}

fn short(name: &str) -> String {
    name.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn places() -> Places {
        Places::default()
            .path("home", "/mcp/home")
            .path("cwd", "/mcp/home/cwd/")
            .path("tmp", "/tmp")
            .path("root", "/")
            .variable("KEY", "s3cret-value")
            .variable("MODE", "production")
    }

    #[test]
    fn paths_become_tokens_at_their_borders_and_the_longest_wins() {
        for (text, wanted) in [
            ("in /mcp/home/cwd/x", "in {mcp-pin:cwd}/x"),
            ("file:///mcp/home/a", "file://{mcp-pin:home}/a"),
            ("(/mcp/home).", "({mcp-pin:home})."),
            ("/mcp/homes /x/mcp/home /tmpfile a/tmp", "/mcp/homes /x/mcp/home /tmpfile a/tmp"),
            ("key=s3cret-valuex&", "key={mcp-pin:env:KEY}x&"),
            ("for production", "for production"),
        ] {
            assert_eq!(places().replace(text), wanted);
        }
    }

    #[test]
    fn a_token_cannot_be_faked() {
        assert_ne!(places().replace("/mcp/home"), places().replace("{mcp-pin:home}"));
        assert_eq!(places().replace("{mcp-pin:home}"), "{mcp-pin:text}home}");
    }

    proptest! {
        #[test]
        fn replacing_can_be_undone(text in "(/mcp/home|/cwd|/tmp|\\{mcp-pin:|text\\}|home\\}|s3cret-value|[a-z{}/ é]){0,12}") {
            let mut back = String::new();
            let taken = places().replace(&text);
            let mut parts = taken.split(TOKEN);
            back.push_str(parts.next().unwrap());
            for part in parts {
                let (name, rest) = part.split_once('}').unwrap();
                back.push_str(match name {
                    "home" => "/mcp/home",
                    "cwd" => "/mcp/home/cwd",
                    "tmp" => "/tmp",
                    "env:KEY" => "s3cret-value",
                    "text" => TOKEN,
                    other => panic!("{other}"),
                });
                back.push_str(rest);
            }
            prop_assert_eq!(back, text);
        }
    }

    #[test]
    fn only_what_is_volatile_goes() {
        let raw = json!({"uri": "a:b", "name": "n", "size": 4, "id": 7, "x-new": null, "ttlMs": 3,
            "annotations": {"lastModified": "2026-01-01", "priority": 1},
            "_meta": {"progressToken": 1, "io.modelcontextprotocol/subscriptionId": "s", "keep": 1}});
        let resource = item(ItemKind::Resource, raw.clone(), &places()).unwrap();
        assert_eq!(
            resource.definition,
            json!({"uri": "a:b", "name": "n", "id": 7, "x-new": null, "ttlMs": 3, "annotations": {"priority": 1}, "_meta": {"keep": 1}})
        );
        let tool = item(ItemKind::Tool, raw, &places()).unwrap();
        assert_eq!(tool.definition["size"], 4, "a tool's size is no volatile member");
        assert_eq!(tool.definition["annotations"]["lastModified"], "2026-01-01");
    }

    #[test]
    fn a_handshake_keeps_what_it_does_not_know() {
        let raw = json!({"protocolVersion": "2025-11-25", "ttlMs": 1, "resultType": "complete", "cacheScope": "public", "instructions": "see /mcp/home", "new": [1]});
        assert_eq!(
            handshake(raw, &places()),
            Ok(json!({"protocolVersion": "2025-11-25", "cacheScope": "public", "instructions": "see {mcp-pin:home}", "new": [1]}))
        );
        assert_eq!(
            handshake(json!({LISTS_MEMBER: 1}), &places()).map_err(|e| e.code),
            Err(code::MALFORMED)
        );
        assert!(handshake(json!([]), &places()).is_err());
    }

    #[test]
    fn list_extras_keep_the_cache_scope() {
        let raw = json!({"tools": [], "nextCursor": "a", "ttlMs": 1, "resultType": "complete", "cacheScope": "private", "_meta": {SERVER_INFO: {}}});
        assert_eq!(
            list_extras(ItemKind::Tool, raw.as_object().unwrap(), &places()),
            Some(json!({"cacheScope": "private"})),
        );
        assert_eq!(
            list_extras(ItemKind::Tool, json!({"tools": []}).as_object().unwrap(), &places()),
            None
        );
    }

    #[test]
    fn what_has_no_name_or_two_is_refused() {
        let refused = |raw: Vec<Value>| items(ItemKind::Tool, raw, &places()).map_err(|e| e.code);
        assert_eq!(refused(vec![json!("x")]), Err(code::MALFORMED));
        assert_eq!(refused(vec![json!({"uri": "x"})]), Err(code::MALFORMED));
        assert_eq!(refused(vec![json!({"name": 1})]), Err(code::MALFORMED));
        let twice = vec![json!({"name": "a"}), json!({"name": "b"}), json!({"name": "a", "x": 1})];
        assert_eq!(refused(twice), Err(code::DUPLICATE_NAMES));
        let big = vec![json!({"name": "a", "description": "x".repeat(DEFINITION_LIMIT)})];
        assert_eq!(refused(big), Err(code::TOO_LARGE));
        let sorted = items(ItemKind::Tool, vec![json!({"name": "b"}), json!({"name": "a"})], &places()).unwrap();
        assert_eq!(sorted.iter().map(|i| i.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }
}

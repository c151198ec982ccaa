//! What a request's headers repeat of its body (SEP-2243), read from the frame as the client wrote it.
//!
//! The attack is a body and headers that say different things: a server, or a gateway before it,
//! decides by the one and acts by the other. So every value comes from the very bytes that are sent,
//! and which arguments are repeated is the **pinned** schema's to say, never the running server's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::{Era, ItemKind, Surface};

const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// Nested deeper than this nobody's arguments are.
const DEEPEST: usize = 16;

/// A frame as far as its headers need it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Peek<'a> {
    #[serde(borrow, default)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// What stands in `params`.
#[derive(Debug, Default, Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(rename = "_meta", borrow, default)]
    meta: Option<&'a RawValue>,
}

impl<'a> Peek<'a> {
    /// Reads a frame; a batch, or what is no message, has nothing to repeat.
    pub(super) fn of(frame: &'a [u8]) -> Self {
        serde_json::from_slice(frame).unwrap_or_default()
    }

    /// A question, which gets an answer.
    pub(super) const fn is_request(&self) -> bool {
        self.id.is_some() && self.method.is_some()
    }

    fn params(&self) -> Params<'a> {
        self.params.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    /// The version of 2026-07-28 or later that the request names for itself.
    pub(super) fn modern_version(&self) -> Option<String> {
        let meta: Value = serde_json::from_str(self.params().meta?.get()).ok()?;
        meta.get(VERSION_KEY)?.as_str().map(str::to_owned)
    }

    /// The headers of 2026-07-28 that repeat the body.
    pub(super) fn mirrored(&self, mirrors: &Mirrors) -> Vec<(String, String)> {
        let Some(method) = &self.method else { return Vec::new() };
        let mut out = vec![("mcp-method".to_owned(), encode(method))];
        let params = self.params();
        let name = match &**method {
            "tools/call" | "prompts/get" => params.name.as_deref(),
            "resources/read" => params.uri.as_deref(),
            _ => None,
        };
        out.extend(name.map(|name| ("mcp-name".to_owned(), encode(name))));
        if method == "tools/call"
            && let (Some(name), Some(arguments)) = (params.name.as_deref(), params.arguments)
            && let Some(mirrored) = mirrors.0.get(name)
            && let Ok(arguments) = serde_json::from_str::<Value>(arguments.get())
        {
            for (header, path) in mirrored {
                let value = path.iter().try_fold(&arguments, |value, step| value.get(step));
                let text = match value {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Bool(flag)) => flag.to_string(),
                    Some(Value::Number(number)) => number.to_string(),
                    _ => continue,
                };
                out.push((format!("mcp-param-{header}"), encode(&text)));
            }
        }
        out
    }
}

/// A value as a header takes it: plain where that is safe, `=?base64?…?=` otherwise.
fn encode(text: &str) -> String {
    let plain = text.bytes().all(|b| b == b'\t' || (0x20..0x7f).contains(&b)) && text.trim() == text;
    let looks_encoded = text.starts_with("=?base64?") && text.ends_with("?=");
    if plain && !looks_encoded {
        text.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(text))
    }
}

/// Which arguments of which tool are repeated in `Mcp-Param-*`.
#[derive(Debug, Clone, Default)]
pub struct Mirrors(BTreeMap<String, Vec<(String, Vec<String>)>>);

impl Mirrors {
    /// As the pinned definitions say. A tool whose marks break the rules has none here: clients must
    /// drop it.
    pub fn of(surface: &Surface) -> Self {
        let mut out = BTreeMap::new();
        for view in surface.views.iter().filter(|view| view.era == Era::Modern) {
            for item in view.list(ItemKind::Tool) {
                let mut found = Vec::new();
                if let Some(schema) = item.definition.get("inputSchema") {
                    walk(schema, &mut Vec::new(), &mut found);
                }
                let mut names: Vec<_> = found.iter().map(|(header, _)| header.clone()).collect();
                names.sort_unstable();
                names.dedup();
                if names.len() == found.len() && !found.is_empty() {
                    out.insert(item.key.clone(), found);
                }
            }
        }
        Self(out)
    }
}

fn walk(schema: &Value, path: &mut Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    if path.len() >= DEEPEST {
        return;
    }
    for (name, property) in properties {
        path.push(name.clone());
        if let Some(header) = property.get("x-mcp-header").and_then(Value::as_str)
            && !header.is_empty()
            && header.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        {
            found.push((header.to_ascii_lowercase(), path.clone()));
        }
        walk(property, path, found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{ClientProfile, Item, Sha256Digest, View};

    fn mirrors() -> Mirrors {
        let definition = json!({"name": "query", "inputSchema": {"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "limit": {"type": "integer", "x-mcp-header": "Limit"},
            "deep": {"type": "object", "properties": {"on": {"type": "boolean", "x-mcp-header": "On"}}},
            "broken": {"type": "string", "x-mcp-header": "a b"},
        }}});
        let item = Item {
            key: "query".into(),
            digest: Sha256Digest::of("x"),
            definition,
        };
        Mirrors::of(&Surface {
            env: Vec::new(),
            network: true,
            views: vec![View {
                era: Era::Modern,
                client: ClientProfile::Any,
                handshake: json!({}),
                items: [(ItemKind::Tool, vec![item])].into(),
            }],
            volatile: Vec::new(),
        })
    }

    #[test]
    fn headers_repeat_the_body_and_the_pinned_schema_says_which() {
        let frame = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "query", "arguments": {"region": "Zürich", "limit": 7, "deep": {"on": true}, "other": "x"},
            "_meta": {VERSION_KEY: "2026-07-28"},
        }})
        .to_string();
        let peek = Peek::of(frame.as_bytes());
        assert_eq!(peek.modern_version().as_deref(), Some("2026-07-28"));
        let mut headers = peek.mirrored(&mirrors());
        headers.sort();
        let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            headers,
            [
                "mcp-method: tools/call",
                "mcp-name: query",
                "mcp-param-limit: 7",
                "mcp-param-on: true",
                "mcp-param-region: =?base64?WsO8cmljaA==?=",
            ]
        );
    }

    #[test]
    fn what_could_be_read_twice_is_encoded() {
        assert_eq!(encode("a b"), "a b");
        for text in [" a", "a\r\nHost: x", "=?base64?YQ==?=", "\u{202e}"] {
            let encoded = encode(text);
            assert!(
                encoded.starts_with("=?base64?") && encoded.bytes().all(|b| b.is_ascii_graphic()),
                "{encoded}"
            );
        }
    }
}

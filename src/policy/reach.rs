//! What a parameter, a value or a default can reach, judged by name and shape.
//!
//! Names lie as easily as texts do: a harmless name lowers no grade, a telling one raises it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::Grade;

/// Whether a parameter can carry any text: a string or object without limits, or a list of such.
pub(super) fn is_free(schema: &Value) -> bool {
    let Value::Object(map) = schema else {
        return schema == &Value::Bool(true);
    };
    if ["enum", "const", "pattern"].iter().any(|key| map.contains_key(*key)) {
        return false;
    }
    if ["format"].iter().any(|key| {
        map.get(*key)
            .and_then(Value::as_str)
            .is_some_and(|format| matches!(format, "date" | "date-time" | "time" | "uuid" | "duration"))
    }) {
        return false;
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(list)) = map.get(key) {
            return list.iter().any(is_free);
        }
    }
    let types: Vec<&str> = match map.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => return true,
    };
    types.iter().any(|name| match *name {
        "string" => true,
        "object" => {
            let closed = map.get("additionalProperties") == Some(&Value::Bool(false));
            !closed
                || map
                    .get("properties")
                    .and_then(Value::as_object)
                    .is_some_and(|inner| inner.values().any(is_free))
        }
        "array" => map.get("items").is_none_or(is_free),
        _ => false,
    })
}

/// A name under which a server collects what was said, or secrets.
pub(super) fn secret_shaped(name: &str) -> bool {
    let lower = name.trim_matches('_').to_lowercase();
    let parts: Vec<_> = lower.split(['_', '-', ' ', '.']).collect();
    // The token of a page is no secret.
    if parts
        .iter()
        .any(|part| matches!(*part, "page" | "next" | "continuation" | "sync" | "cursor"))
        || lower.ends_with("pagetoken")
    {
        return false;
    }
    let whole = ["context", "notes", "history", "env", "environment", "key", "thoughts", "system"];
    listens(name)
        || whole.contains(&lower.as_str())
        || parts
            .iter()
            .any(|part| matches!(*part, "token" | "password" | "secret" | "apikey" | "credential" | "credentials"))
        || lower.ends_with("api_key")
        || lower.ends_with("private_key")
}

/// Parameters by which a tool asks for the conversation or the system prompt, whoever calls it:
/// hostile also where the whole tool is new.
pub(super) fn listening_parameters(definition: &Value) -> Vec<String> {
    let properties = definition
        .get("inputSchema")
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object);
    let names = properties.into_iter().flat_map(Map::keys);
    names.filter(|name| listens(name)).cloned().collect()
}

/// The names of all parameters of a schema, at any depth. A member called `properties` that is
/// none is read as one: too many names raise a grade, and none lowers it.
pub(super) fn parameter_names(schema: Option<&Value>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    if let Some(schema) = schema {
        walk(schema, &mut |map| {
            for key in ["properties", "patternProperties"] {
                let names = map.get(key).and_then(Value::as_object).into_iter().flat_map(Map::keys);
                out.extend(names.cloned());
            }
        });
    }
    out
}

/// As [`parameter_names`], without the `key` of a `key` and a `value`: that one asks for no secret.
pub(super) fn asked_names(schema: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    walk(schema, &mut |map| {
        for key in ["properties", "patternProperties"] {
            if let Some(names) = map.get(key).and_then(Value::as_object) {
                out.extend(names.keys().filter(|name| !is_of_pair(name, names)).cloned());
            }
        }
    });
    out
}

/// Whether a parameter is the `key` of a `key` and a `value`.
pub(super) fn is_of_pair(name: &str, beside: &Map<String, Value>) -> bool {
    name == "key" && beside.contains_key("value")
}

/// Whether whoever fills this schema must give a text under a name that was nowhere before. Where the rules
/// are not plain, they must.
pub(super) fn forces(schema: &Value, known: &BTreeSet<String>) -> bool {
    let Value::Object(map) = schema else {
        return schema != &Value::Bool(true);
    };
    let plain = [
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "dependentRequired",
        "dependentSchemas",
        "if",
        "not",
        "oneOf",
    ];
    if plain.iter().any(|key| map.contains_key(*key)) || map.get("enum").is_some_and(says_nothing) {
        return true;
    }
    let Some(properties) = map.get("properties").and_then(Value::as_object) else {
        return is_free(schema);
    };
    let required = map.get("required").and_then(Value::as_array).into_iter().flatten();
    required
        .filter_map(Value::as_str)
        .any(|name| !known.contains(name) && properties.get(name).is_none_or(is_free))
}

/// The parameter at the end of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]")
}

/// Whether a default only names another version of what it named before, and says so by its name.
pub(super) fn next_version(name: &str, was: Option<&Value>, is: &Value) -> bool {
    let (Some(was), Some(is)) = (was.and_then(Value::as_str), is.as_str()) else {
        return false;
    };
    let snake = snake(name);
    let named = snake.split('_').any(|part| matches!(part, "model" | "version")) && !sensitive(name);
    let plain = |text: &str| text.len() <= 60 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let words = |text: &str| text.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect::<String>();
    named && plain(was) && plain(is) && words(was) == words(is) && words(is).len() >= 3
}

/// The names that are required anywhere in a schema.
pub(super) fn required_names(schema: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    walk(schema, &mut |map| {
        let names = map.get("required").and_then(Value::as_array).into_iter().flatten();
        out.extend(names.filter_map(Value::as_str).map(str::to_owned));
    });
    out
}

/// The HTTP headers that parameters of a schema are copied into, at any depth.
pub(super) fn headers(schema: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    walk(schema, &mut |map| {
        out.extend(
            map.get("x-mcp-header")
                .map(|header| header.as_str().map_or_else(|| header.to_string(), str::to_owned)),
        );
    });
    out
}

fn walk(value: &Value, see: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            see(map);
            map.values().for_each(|inner| walk(inner, see));
        }
        Value::Array(list) => list.iter().for_each(|inner| walk(inner, see)),
        _ => {}
    }
}

/// As [`listens`], with the words that mean it only where the model *must* fill them.
pub(super) fn listens_if_required(name: &str) -> bool {
    let lower = name.trim_matches('_').to_lowercase();
    listens(name) || ["context", "history", "messages", "notes", "system", "thoughts"].contains(&lower.as_str())
}

/// `chatHistory` as `chat_history`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && out.ends_with(|last: char| last.is_lowercase() || last.is_ascii_digit()) {
            out.push('_');
        }
        out.extend(c.to_lowercase().map(|c| if c == '-' || c == '.' || c == ' ' { '_' } else { c }));
    }
    out
}

/// A name under which a server collects what was said. An identifier (`..._id`) asks for no content.
pub(super) fn listens(name: &str) -> bool {
    let lower = snake(name.trim_matches('_'));
    let wrapped = name.starts_with('_') && name.ends_with('_') && name.len() > 2;
    // The number of a conversation is none of its words.
    if !wrapped && ["_id", "_ids", "_uuid"].iter().any(|end| lower.ends_with(end)) {
        return false;
    }
    let stems = [
        "conversation_",
        "system_prompt",
        "systemprompt",
        "llm_",
        "model_name",
        "exfil",
        "chat_history",
        "sidenote",
    ];
    lower == "conversation" || stems.iter().any(|stem| lower.starts_with(stem)) || wrapped
}

/// A parameter whose checks keep paths, addresses or commands in bounds.
pub(super) fn sensitive(name: &str) -> bool {
    let lower = name.to_lowercase();
    [
        "path",
        "file",
        "dir",
        "url",
        "uri",
        "host",
        "command",
        "cmd",
        "query",
        "sql",
        "recipient",
        "to",
        "email",
        "address",
        "script",
        "code",
    ]
    .iter()
    .any(|word| lower == *word || (word.len() > 2 && lower.contains(word)))
}

/// An enum value that gives reach.
pub(super) fn powerful(text: &str) -> bool {
    let lower = text.to_lowercase();
    reaches_out(&lower)
        || lower.contains('/')
        || matches!(
            lower.as_str(),
            "*" | "all" | "admin" | "root" | "sudo" | "exec" | "shell" | "bash" | "sh" | "eval" | "write" | "delete"
        )
}

/// A default that names a place or a program.
pub(super) fn reaches_out(text: &str) -> bool {
    text.contains("://")
        || text.starts_with(['/', '~', '\\'])
        || text.contains("../")
        || (text.contains('@') && text.contains('.'))
        || ["curl ", "wget ", "rm ", "bash ", "sh ", "sudo "]
            .iter()
            .any(|command| text.starts_with(command))
        || text.contains("$(")
}

/// References that leave the document, anywhere in a value.
pub(super) fn network_references(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(target)
                        if matches!(key.as_str(), "$ref" | "$dynamicRef" | "$recursiveRef") && !target.starts_with('#') =>
                    {
                        out.insert(target.clone());
                    }
                    _ => network_references(inner, out),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| network_references(inner, out)),
        _ => {}
    }
}

/// What a value that a server fixes can do.
pub(super) fn value_grade(value: &Value) -> Grade {
    let mut texts = Vec::new();
    super::signals::strings(value, &mut texts);
    if texts.iter().any(|text| reaches_out(text)) {
        Grade::Critical
    } else if texts.iter().any(|text| powerful(text)) {
        Grade::Warning
    } else {
        Grade::Notice
    }
}

/// Whether a value is empty: null, an empty text, an empty list.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What a parameter that was not there before takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    New,
    /// One that stood elsewhere, or was checked otherwise.
    Moved,
    /// One that was checked alike.
    Renamed,
}

/// `anyOf` and `oneOf` list alternatives alike.
pub(super) fn twin(key: &str) -> &'static str {
    if key == "anyOf" { "oneOf" } else { "anyOf" }
}

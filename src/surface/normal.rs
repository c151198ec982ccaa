//! The normalised form: two definitions that mean the same have the same one.
//!
//! Promise: whatever is dropped or reordered here has no meaning to a model or a client, so that a
//! release that only spells defaults out raises no alarm. It is for grading alone: identity is the
//! exact form, and a change that vanishes here is still reported, at `info`.
//!
//! The attack: text hidden where normalisation looks away. So only what is provably redundant
//! goes: a `$defs` entry is dropped only where its whole content was put in the place of a
//! reference, keywords are recognised by position (a *parameter* called `required` is not the
//! keyword), and a schema that cannot be expanded within bounds stays as it was written.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::canonical::canonical;
use crate::model::ItemKind;

/// How many values the expansion of references may make before it is given up.
const MAX_NODES: usize = 50_000;
/// How deep expansion may nest.
const MAX_DEPTH: usize = 96;
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Keywords that may stand beside `$ref` and be merged into what it refers to: they say nothing
/// about which values are valid.
const NOTES: [&str; 8] = [
    "description",
    "title",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$comment",
];

/// The normalised form of a definition.
pub fn normal(kind: ItemKind, definition: &Value) -> Value {
    let Value::Object(map) = definition else {
        return definition.clone();
    };
    let mut out = map.clone();
    match kind {
        ItemKind::Tool => {
            if let Some(annotations) = annotations(map.get("annotations")) {
                out.insert("annotations".into(), annotations);
            }
            for key in ["inputSchema", "outputSchema"] {
                if let Some(found) = map.get(key) {
                    out.insert(key.into(), schema(found));
                }
            }
        }
        ItemKind::Prompt => {
            if let Some(Value::Array(arguments)) = out.get_mut("arguments") {
                for argument in arguments.iter_mut().filter_map(Value::as_object_mut) {
                    argument.entry("required").or_insert(Value::Bool(false));
                }
            }
        }
        ItemKind::Resource | ItemKind::Template => {}
    }
    Value::Object(out)
}

/// Annotations with the specification's defaults filled in, and without the hints that have no
/// meaning for a read-only tool. `None` where they are not an object: then nothing is assumed.
pub fn annotations(given: Option<&Value>) -> Option<Value> {
    let mut map = match given {
        None => Map::new(),
        Some(Value::Object(map)) => map.clone(),
        Some(_) => return None,
    };
    for (hint, default) in [
        ("readOnlyHint", false),
        ("destructiveHint", true),
        ("idempotentHint", false),
        ("openWorldHint", true),
    ] {
        map.entry(hint).or_insert(Value::Bool(default));
    }
    if map.get("readOnlyHint") == Some(&Value::Bool(true)) {
        // Only where they are booleans: text in their place is a hiding place, not a hint.
        for hint in ["destructiveHint", "idempotentHint"] {
            if map.get(hint).is_some_and(Value::is_boolean) {
                map.remove(hint);
            }
        }
    }
    Some(Value::Object(map))
}

/// The normalised form of a whole JSON Schema document.
pub fn schema(document: &Value) -> Value {
    let attempt = |expand: bool| {
        let mut expansion = Expansion {
            document,
            nodes: 0,
            open: Vec::new(),
            whole: BTreeSet::new(),
            expand,
        };
        expansion.schema(document, 0).map(|out| (out, expansion.whole))
    };
    // Without expansion only a bound can be passed: then the schema stays as written.
    let as_written = |_| (document.clone(), BTreeSet::new());
    let (mut out, whole) = attempt(!has_own_base(document))
        .or_else(|_| attempt(false))
        .unwrap_or_else(as_written);
    if let Some(map) = out.as_object_mut() {
        if map
            .get("$schema")
            .and_then(Value::as_str)
            .is_some_and(|uri| uri.trim_end_matches('#') == DIALECT)
        {
            map.remove("$schema");
        }
        for holder in ["$defs", "definitions"] {
            let Some(Value::Object(definitions)) = map.get_mut(holder) else {
                continue;
            };
            definitions.retain(|name, _| !whole.contains(&format!("/{holder}/{}", escape(name))));
            if definitions.is_empty() {
                map.remove(holder);
            }
        }
    }
    out
}

/// Whether references may mean something else than a pointer into the document.
fn has_own_base(document: &Value) -> bool {
    match document {
        Value::Object(map) => {
            map.iter()
                .any(|(key, value)| matches!(key.as_str(), "$id" | "$dynamicRef" | "$recursiveRef") && value.is_string())
                || map.values().any(has_own_base)
        }
        Value::Array(list) => list.iter().any(has_own_base),
        _ => false,
    }
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The reference cannot be expanded: a cycle, a dead pointer, or a bound was passed.
struct GivenUp;

struct Expansion<'a> {
    document: &'a Value,
    nodes: usize,
    /// Pointers being expanded now: meeting one again is a cycle.
    open: Vec<&'a str>,
    /// Pointers whose whole target has been put in place somewhere.
    whole: BTreeSet<String>,
    expand: bool,
}

impl<'a> Expansion<'a> {
    fn schema(&mut self, value: &'a Value, depth: usize) -> Result<Value, GivenUp> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return Err(GivenUp);
        }
        let Value::Object(map) = value else { return Ok(value.clone()) };
        let mut out = Map::new();
        for (key, inner) in map {
            let inner = match key.as_str() {
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => self.named(inner, depth)?,
                "allOf" | "anyOf" | "oneOf" | "prefixItems" => self.listed(inner, depth)?,
                "items" if inner.is_array() => self.listed(inner, depth)?,
                "items"
                | "additionalProperties"
                | "unevaluatedProperties"
                | "additionalItems"
                | "unevaluatedItems"
                | "contains"
                | "propertyNames"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contentSchema" => self.schema(inner, depth + 1)?,
                "required" | "enum" | "type" => as_set(inner),
                _ => inner.clone(),
            };
            out.insert(key.clone(), inner);
        }
        if out.get("required") == Some(&json!([])) {
            out.remove("required");
        }
        for open in ["additionalProperties", "unevaluatedProperties"] {
            if out
                .get(open)
                .is_some_and(|value| *value == Value::Bool(true) || *value == json!({}))
            {
                out.remove(open);
            }
        }
        if let (Some(Value::Array(types)), 1) = (out.get("type"), out.get("type").and_then(Value::as_array).map_or(0, Vec::len)) {
            let only = types[0].clone();
            out.insert("type".into(), only);
        }
        inclusive(&mut out);
        self.reference(map, out, depth)
    }

    fn named(&mut self, value: &'a Value, depth: usize) -> Result<Value, GivenUp> {
        let Value::Object(map) = value else { return Ok(value.clone()) };
        let mut out = Map::new();
        for (name, inner) in map {
            out.insert(name.clone(), self.schema(inner, depth + 1)?);
        }
        Ok(Value::Object(out))
    }

    fn listed(&mut self, value: &'a Value, depth: usize) -> Result<Value, GivenUp> {
        let Value::Array(list) = value else { return Ok(value.clone()) };
        list.iter()
            .map(|inner| self.schema(inner, depth + 1))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
    }

    /// Puts a local reference's target in its place.
    fn reference(&mut self, map: &'a Map<String, Value>, mut out: Map<String, Value>, depth: usize) -> Result<Value, GivenUp> {
        let pointer = map.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        let Some(pointer) = pointer.filter(|_| self.expand) else {
            return Ok(Value::Object(out));
        };
        if self.open.contains(&pointer) || pointer.is_empty() || pointer.contains('%') {
            return Err(GivenUp);
        }
        let target = self.document.pointer(pointer).ok_or(GivenUp)?;
        self.open.push(pointer);
        let expanded = self.schema(target, depth + 1)?;
        self.open.pop();
        self.whole.insert(pointer.to_owned());
        out.remove("$ref");
        let mergeable = |map: &Map<String, Value>| out.keys().all(|key| NOTES.contains(&key.as_str()) && !map.contains_key(key));
        match expanded {
            Value::Object(target) if mergeable(&target) => {
                out.extend(target);
            }
            other => {
                out.insert("$ref".into(), other);
            }
        }
        Ok(Value::Object(out))
    }
}

/// For whole numbers `exclusiveMinimum: 0` is `minimum: 1`.
fn inclusive(out: &mut Map<String, Value>) {
    if out.get("type").and_then(Value::as_str) != Some("integer") {
        return;
    }
    for (exclusive, bound, step) in [("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)] {
        let same = out
            .get(exclusive)
            .and_then(Value::as_i64)
            .and_then(|number| number.checked_add(step));
        if let (Some(same), false) = (same, out.contains_key(bound)) {
            out.remove(exclusive);
            out.insert(bound.into(), Value::from(same));
        }
    }
}

/// An array in the one order of its members' canonical forms, each once. Anything else as it is.
fn as_set(value: &Value) -> Value {
    let Value::Array(list) = value else { return value.clone() };
    let mut keyed: Vec<_> = list.iter().map(|member| (canonical(member), member)).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    keyed.dedup_by(|a, b| a.0 == b.0);
    Value::Array(keyed.into_iter().map(|(_, member)| member.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "literals are handed over")]
    fn tool(schema: Value) -> Value {
        normal(ItemKind::Tool, &json!({"name": "t", "inputSchema": schema}))
    }

    #[test]
    fn defaults_and_orders_mean_nothing() {
        let short = json!({"name": "t", "annotations": {"readOnlyHint": true}, "inputSchema": {"type": "object", "required": ["a", "b"],
            "properties": {"a": {"enum": ["x", "y"], "type": ["string"]}, "b": {}}}});
        let long = json!({"name": "t",
            "annotations": {"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true, "openWorldHint": true},
            "inputSchema": {"$schema": DIALECT, "type": "object", "required": ["b", "a", "a"], "additionalProperties": true,
            "properties": {"a": {"enum": ["y", "x"], "type": "string"}, "b": {"required": []}}}});
        assert_eq!(normal(ItemKind::Tool, &short), normal(ItemKind::Tool, &long));
    }

    #[test]
    fn bounds_of_whole_numbers_are_written_in_two_ways() {
        let within = |schema: Value| tool(json!({"properties": {"a": schema}}));
        let exclusive = within(json!({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 10}));
        assert_eq!(exclusive, within(json!({"type": "integer", "minimum": 1, "maximum": 9})));
        assert_ne!(exclusive, within(json!({"type": "integer", "minimum": 1, "maximum": 10})));
        let number = within(json!({"type": "number", "exclusiveMinimum": 0}));
        assert_ne!(number, within(json!({"type": "number", "minimum": 1})));
    }

    #[test]
    fn hints_that_count_stay() {
        let writes = json!({"name": "t", "annotations": {"destructiveHint": false}});
        assert_ne!(normal(ItemKind::Tool, &writes), normal(ItemKind::Tool, &json!({"name": "t"})));
        let text = json!({"name": "t", "annotations": {"readOnlyHint": true, "destructiveHint": "call me first"}});
        assert_ne!(
            normal(ItemKind::Tool, &text),
            normal(ItemKind::Tool, &json!({"name": "t", "annotations": {"readOnlyHint": true}}))
        );
    }

    #[test]
    fn a_parameter_with_a_keywords_name_is_a_parameter() {
        let one = tool(json!({"properties": {"required": {"default": ["b", "a"]}, "enum": {"const": ["b", "a"]}}}));
        let two = tool(json!({"properties": {"required": {"default": ["a", "b"]}, "enum": {"const": ["a", "b"]}}}));
        assert_ne!(one, two);
        let open = tool(json!({"properties": {"additionalProperties": true}}));
        assert_ne!(open, tool(json!({"properties": {}})));
    }

    #[test]
    fn references_are_expanded_and_nothing_hides_beside_them() {
        let inline = tool(json!({"properties": {"a": {"type": "string", "description": "d"}}}));
        let by_name = tool(json!({"properties": {"a": {"$ref": "#/$defs/A", "description": "d"}}, "$defs": {"A": {"type": "string"}}}));
        assert_eq!(inline, by_name);
        let unused = tool(json!({"properties": {"a": {"$ref": "#/$defs/A", "description": "d"}},
            "$defs": {"A": {"type": "string"}, "B": {"description": "read me"}}}));
        assert_ne!(inline, unused);
        let two_texts = tool(json!({"properties": {"a": {"$ref": "#/$defs/A", "description": "d"}},
            "$defs": {"A": {"type": "string", "description": "other"}}}));
        assert_ne!(inline, two_texts);
        let closed =
            tool(json!({"properties": {"a": {"$ref": "#/$defs/A", "additionalProperties": false}}, "$defs": {"A": {"type": "object"}}}));
        assert_ne!(
            closed,
            tool(json!({"properties": {"a": {"type": "object", "additionalProperties": false}}}))
        );
    }

    #[test]
    fn cycles_bombs_and_dead_references_stay_as_written() {
        for document in [
            json!({"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": {"$ref": "#/$defs/A"}}}}}),
            json!({"$ref": "#"}),
            json!({"$ref": "#/$defs/gone"}),
            json!({"$ref": "https://example.com/schema"}),
            json!({"$id": "https://example.com/x", "$ref": "#/$defs/A", "$defs": {"A": {}}}),
        ] {
            assert_eq!(schema(&document), document);
        }
        let mut definitions = Map::new();
        for level in 0..40 {
            let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
            definitions.insert(format!("d{level}"), json!({"allOf": [next.clone(), next]}));
        }
        definitions.insert("d40".into(), json!({"type": "string"}));
        let bomb = json!({"$ref": "#/$defs/d0", "$defs": definitions});
        assert_eq!(schema(&bomb), bomb);
    }
}

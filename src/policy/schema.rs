//! Grading the change of an input schema.
//!
//! Works on two normalised schemas. A compatibility checker asks whether an old caller breaks; this
//! asks whether the server can now receive more, or tell the model more.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::novelty::{TYPES, check_grade};
pub(super) use super::reach::network_references;
use super::reach::{
    Place, asked_names, headers, is_free, is_of_pair, last, next_version, parameter_names, powerful, reaches_out, says_nothing,
    secret_shaped, sensitive, twin, value_grade,
};
use crate::model::Grade;

mod alternatives;

/// One graded difference of two schemas.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) code: &'static str,
    pub(super) grade: Grade,
    /// The parameter, `a.b[]`; empty for the whole input.
    pub(super) path: String,
    /// What happened, to follow "parameter `x`".
    pub(super) what: &'static str,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

/// Every difference of two normalised schemas, graded. Different schemas give at least one.
pub(super) fn compare(before: Option<&Value>, after: Option<&Value>) -> Vec<Event> {
    let mut walk = Walk {
        out: Vec::new(),
        known: parameter_names(before),
        leeway: false,
    };
    let (none, empty) = (Value::Null, Value::Object(Map::new()));
    if before == after {
        return walk.out;
    }
    walk.schema("", before.unwrap_or(&empty), after.unwrap_or(&none), 0);
    if walk.out.is_empty() {
        walk.event("input-schema-changed", Grade::Warning, "", "changed", before, after);
    }
    walk.out
}

struct Walk {
    out: Vec<Event>,
    /// The names of all parameters before, at any depth: one that moved is not new.
    known: BTreeSet<String>,
    /// Inside a part that may be left out, or that another can be taken for.
    leeway: bool,
}

const TEXTS: [&str; 4] = ["description", "title", "examples", "$comment"];
const LOWER: [&str; 5] = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];
const UPPER: [&str; 5] = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
const EXACT: [&str; 6] = [
    "pattern",
    "format",
    "multipleOf",
    "uniqueItems",
    "contentEncoding",
    "contentMediaType",
];

impl Walk {
    fn event(&mut self, code: &'static str, grade: Grade, path: &str, what: &'static str, before: Option<&Value>, after: Option<&Value>) {
        self.out.push(Event {
            code,
            grade,
            path: path.to_owned(),
            what,
            before: before.cloned(),
            after: after.cloned(),
        });
    }

    fn schema(&mut self, path: &str, before: &Value, after: &Value, depth: usize) {
        if before == after {
            return;
        }
        let (Value::Object(old), Value::Object(new)) = (before, after) else {
            let (code, grade, what) = match after {
                Value::Bool(false) => ("input-schema-narrowed", Grade::Info, "takes nothing any more"),
                Value::Bool(true) => ("input-schema-widened", Grade::Warning, "now takes anything"),
                _ => ("input-schema-changed", Grade::Warning, "changed"),
            };
            return self.event(code, grade, path, what, Some(before), Some(after));
        };
        if depth > 100 {
            return self.event(
                "input-schema-changed",
                Grade::Warning,
                path,
                "changed, too deep to say how",
                Some(before),
                Some(after),
            );
        }
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let (was, is) = (old.get(key), new.get(key));
            if was != is {
                self.keyword(path, key, (was, is), (old, new), depth);
            }
        }
    }

    /// What `look` sees in a part that may be left out.
    fn at_leisure(&mut self, leeway: bool, look: impl FnOnce(&mut Self)) {
        let outside = self.leeway;
        self.leeway |= leeway;
        look(self);
        self.leeway = outside;
    }

    fn keyword(
        &mut self,
        path: &str,
        key: &str,
        (was, is): (Option<&Value>, Option<&Value>),
        whole: (&Map<String, Value>, &Map<String, Value>),
        depth: usize,
    ) {
        match key {
            "properties" => self.properties(path, was, is, whole, depth),
            "required" => self.required(path, whole),
            "type" => self.types(path, was, is),
            "enum" | "const" => self.values(path, key, was, is, whole),
            "default" => self.default(path, was, is),
            "additionalProperties" | "unevaluatedProperties" => self.open(path, was, is, depth),
            "items" | "contains" | "propertyNames" | "additionalItems" | "unevaluatedItems" => self.members(path, was, is, depth),
            "anyOf" | "oneOf" if is.is_none() && was.is_some() && whole.1.contains_key(twin(key)) && !whole.0.contains_key(twin(key)) => {
                let title = "is checked by alternatives of which another number must fit";
                self.event("input-schema-changed", Grade::Notice, path, title, None, None);
                self.combined(path, key, was, whole.1.get(twin(key)), depth);
            }
            // Told with the one that went away.
            "anyOf" | "oneOf" if was.is_none() && whole.0.contains_key(twin(key)) && !whole.1.contains_key(twin(key)) => {}
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => self.combined(path, key, was, is, depth),
            "x-mcp-header" => {
                let grade = if secret_shaped(last(path)) || is.and_then(Value::as_str).is_some_and(secret_shaped) {
                    Grade::Critical
                } else {
                    Grade::Warning
                };
                self.event("header-parameter-changed", grade, path, "is copied into an HTTP header", was, is);
            }
            "$schema" => {
                let known = is.is_none_or(|is| is.as_str().is_some_and(super::signals::is_meta_schema));
                let grade = if known { Grade::Notice } else { Grade::Warning };
                self.event("input-schema-changed", grade, path, "names another schema dialect", was, is);
            }
            key if TEXTS.contains(&key) => self.event(
                "parameter-description-changed",
                Grade::Notice,
                path,
                "has another description",
                was,
                is,
            ),
            key if EXACT.contains(&key) => match (was, is) {
                (None, Some(value)) => {
                    let grade = check_grade(key, value);
                    self.event("input-schema-narrowed", grade, path, "is checked more strictly", was, is);
                }
                _ => self.loosened(path, was, is),
            },
            key if LOWER.contains(&key) || UPPER.contains(&key) => {
                let sign = if LOWER.contains(&key) { 1.0 } else { -1.0 };
                let number = |value: Option<&Value>| value.and_then(Value::as_f64).map(|n| n * sign);
                let tighter = match (number(was), number(is)) {
                    (None, Some(_)) => was.is_none(),
                    (Some(was), Some(is)) => is >= was,
                    _ => false,
                };
                if tighter {
                    self.event("input-schema-narrowed", Grade::Info, path, "is checked more strictly", was, is);
                } else {
                    self.loosened(path, was, is);
                }
            }
            "deprecated" | "readOnly" | "writeOnly" if is.is_none_or(Value::is_boolean) => {
                self.event("input-schema-changed", Grade::Notice, path, "carries another remark", was, is);
            }
            _ => {
                let (old, new) = (parameter_names(was), parameter_names(is));
                let asks = new.difference(&old).any(|name| secret_shaped(name));
                let grade = if asks { Grade::Critical } else { Grade::Warning };
                self.event("input-schema-changed", grade, path, "changed in a way no rule knows", was, is);
            }
        }
    }

    fn members(&mut self, path: &str, was: Option<&Value>, is: Option<&Value>, depth: usize) {
        let inner = format!("{path}[]");
        match (was, is) {
            (Some(was), Some(is)) if was.is_object() && is.is_object() => self.schema(&inner, was, is, depth + 1),
            (Some(_), None) => self.event(
                "input-schema-widened",
                Grade::Warning,
                path,
                "now takes members of any kind",
                was,
                is,
            ),
            (None, Some(schema)) if schema.is_object() => self.fresh(&inner, schema, depth),
            (None, Some(Value::Bool(_))) => self.event("input-schema-narrowed", Grade::Info, path, "is checked more strictly", was, is),
            _ => {
                self.event("input-schema-changed", Grade::Warning, path, "takes other members", was, is);
                self.alternatives(&inner, is.and_then(Value::as_array).into_iter().flatten().chain(is), depth);
            }
        }
    }

    fn loosened(&mut self, path: &str, was: Option<&Value>, is: Option<&Value>) {
        let grade = if sensitive(last(path)) { Grade::Warning } else { Grade::Notice };
        self.event("constraint-loosened", grade, path, "is checked less strictly", was, is);
    }

    fn properties(
        &mut self,
        path: &str,
        was: Option<&Value>,
        is: Option<&Value>,
        (old, new): (&Map<String, Value>, &Map<String, Value>),
        depth: usize,
    ) {
        let none = Map::new();
        let (Some(old_names), Some(new_names)) = (was.map_or(Some(&none), Value::as_object), is.map_or(Some(&none), Value::as_object))
        else {
            return self.event("input-schema-changed", Grade::Warning, path, "changed", was, is);
        };
        let names: BTreeSet<_> = old_names.keys().chain(new_names.keys()).collect();
        // Required texts that went away: where as many come, the model is made to say no more.
        let was_required = required_names(old);
        let left =
            |(name, schema): &(&String, &Value)| !new_names.contains_key(*name) && was_required.contains(name.as_str()) && is_free(schema);
        let mut gone: Vec<_> = old_names.iter().filter(left).map(|(_, schema)| checks(schema)).collect();
        for name in names {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match (old_names.get(name), new_names.get(name)) {
                (Some(was), Some(is)) => {
                    let optional = !required_names(new).contains(name.as_str());
                    self.at_leisure(optional, |walk| walk.schema(&inner, was, is, depth + 1));
                }
                (Some(was), None) => self.event("parameter-removed", Grade::Notice, &inner, "is gone", Some(was), None),
                (None, Some(is)) => {
                    let required = required_names(new).contains(name.as_str());
                    let mut place = if self.known.contains(name) { Place::Moved } else { Place::New };
                    if required && is_free(is) && place == Place::New && !gone.is_empty() {
                        let same = gone.iter().position(|old| *old == checks(is));
                        gone.swap_remove(same.unwrap_or(0));
                        place = if same.is_some() { Place::Renamed } else { Place::Moved };
                    }
                    let secret = secret_shaped(name) && !is_of_pair(name, new_names);
                    self.added(&inner, secret, is, required, place);
                }
                (None, None) => {}
            }
        }
    }

    fn added(&mut self, path: &str, secret: bool, schema: &Value, required: bool, place: Place) {
        let free = is_free(schema);
        let (inner, sent) = (asked_names(schema), headers(schema));
        let (grade, what) = match (required, free) {
            _ if secret || inner.iter().chain(&sent).any(|name| secret_shaped(name)) => {
                (Grade::Critical, "is new and asks for a secret or for what was said before")
            }
            // Nothing more can be asked for than before: the new name is read like a new description.
            (true, true) if place == Place::Renamed => (Grade::Notice, "takes the place of another that was checked alike"),
            (true, true) if place == Place::Moved => (Grade::Warning, "is new, required and takes any text in the place of another"),
            (true, true) if self.leeway => (
                Grade::Warning,
                "is new, takes any text and is required in a part that may be left out",
            ),
            (true, true) => (Grade::Critical, "is new, required and takes any text"),
            _ if !sent.is_empty() => (Grade::Warning, "is new and is copied into an HTTP header"),
            (true, false) => (Grade::Warning, "is new and required"),
            (false, true) => (Grade::Warning, "is new and takes any text"),
            (false, false) => (Grade::Notice, "is new"),
        };
        let code = if sent.is_empty() {
            "parameter-added"
        } else {
            "header-parameter-changed"
        };
        self.event(code, grade, path, what, None, Some(schema));
    }

    fn required(&mut self, path: &str, (old, new): (&Map<String, Value>, &Map<String, Value>)) {
        let (was, is) = (required_names(old), required_names(new));
        let at = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        let known = |map: &Map<String, Value>, name: &str| map.get("properties").and_then(|p| p.get(name)).is_some();
        let (before, after) = (old.get("required"), new.get("required"));
        for name in is.difference(&was) {
            // A parameter that is itself new has been reported as new and required.
            if known(old, name) || !known(new, name) {
                self.event(
                    "parameter-now-required",
                    Grade::Warning,
                    &at(name),
                    "is now required",
                    before,
                    after,
                );
            }
        }
        for name in was.difference(&is) {
            if known(new, name) {
                self.event(
                    "parameter-now-optional",
                    Grade::Info,
                    &at(name),
                    "is no longer required",
                    before,
                    after,
                );
            } else if !known(old, name) {
                self.event(
                    "input-schema-changed",
                    Grade::Notice,
                    &at(name),
                    "is no longer required",
                    before,
                    after,
                );
            }
        }
        if !(all_strings(before) && all_strings(after)) {
            self.event(
                "input-schema-changed",
                Grade::Warning,
                path,
                "has a malformed list of required parameters",
                before,
                after,
            );
        }
    }

    fn types(&mut self, path: &str, was: Option<&Value>, is: Option<&Value>) {
        let set = |value: Option<&Value>| -> Option<BTreeSet<String>> {
            match value? {
                Value::String(one) => Some(BTreeSet::from([one.clone()])),
                Value::Array(many) => many.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
                _ => None,
            }
        };
        match (set(was), set(is)) {
            (_, Some(new)) if new.iter().any(|name| !TYPES.contains(&name.as_str())) => {
                self.event(
                    "input-schema-changed",
                    Grade::Warning,
                    path,
                    "has a type that does not exist",
                    was,
                    is,
                );
            }
            (Some(old), Some(new)) => {
                let covered = |name: &String| old.contains(name) || (name == "integer" && old.contains("number")) || name == "null";
                if new.iter().all(covered) {
                    self.event("input-schema-narrowed", Grade::Info, path, "takes fewer types", was, is);
                } else if new
                    .iter()
                    .any(|name| !covered(name) && matches!(name.as_str(), "string" | "object" | "array"))
                {
                    self.event("input-schema-widened", Grade::Warning, path, "takes a wider type", was, is);
                } else {
                    self.event("input-schema-widened", Grade::Notice, path, "takes another type", was, is);
                }
            }
            (None, Some(_)) if was.is_none() => self.event("input-schema-narrowed", Grade::Info, path, "has a type now", was, is),
            (Some(_), None) if is.is_none() => self.event("input-schema-widened", Grade::Warning, path, "takes any type", was, is),
            _ => self.event("input-schema-changed", Grade::Warning, path, "has a malformed type", was, is),
        }
    }

    fn values(
        &mut self,
        path: &str,
        key: &str,
        was: Option<&Value>,
        is: Option<&Value>,
        (old, new): (&Map<String, Value>, &Map<String, Value>),
    ) {
        // `const` is an `enum` of one; both are judged once, where either changed.
        let both = |map: &Map<String, Value>| map.contains_key("enum") && map.contains_key("const");
        if key == "const" && (both(old) || both(new)) {
            return self.event("input-schema-changed", Grade::Warning, path, "has another fixed value", was, is);
        }
        if key == "const" && (old.contains_key("enum") || new.contains_key("enum")) {
            return;
        }
        let list = |map: &Map<String, Value>| match (map.get("enum"), map.get("const")) {
            (Some(Value::Array(many)), _) => Some(many.clone()),
            (_, Some(one)) => Some(vec![one.clone()]),
            _ => None,
        };
        match (list(old), list(new)) {
            (Some(_), None) => self.event("enum-dropped", Grade::Warning, path, "takes any value", was, is),
            (None, Some(values)) => {
                // A single value is a default that cannot be left out: sent without being seen.
                let grade = match values.iter().map(value_grade).max() {
                    Some(worst) if worst > Grade::Notice => worst,
                    _ if values.len() == 1 && values[0].is_string() => Grade::Warning,
                    _ => Grade::Notice,
                };
                self.event("input-schema-narrowed", grade, path, "takes only listed values", was, is);
            }
            (Some(was), Some(is)) => {
                let mut reported = false;
                for value in is.iter().filter(|value| !was.contains(value)) {
                    let grade = if value.as_str().is_none_or(|text| !powerful(text)) {
                        Grade::Notice
                    } else {
                        Grade::Warning
                    };
                    self.event("enum-value-added", grade, path, "takes another value", None, Some(value));
                    reported = true;
                }
                for value in was.iter().filter(|value| !is.contains(value)) {
                    self.event(
                        "enum-value-removed",
                        Grade::Info,
                        path,
                        "no longer takes a value",
                        Some(value),
                        None,
                    );
                    reported = true;
                }
                if !reported {
                    self.event(
                        "input-schema-narrowed",
                        Grade::Info,
                        path,
                        "lists the same values in another way",
                        old.get(key),
                        new.get(key),
                    );
                }
            }
            (None, None) => self.event(
                "input-schema-changed",
                Grade::Warning,
                path,
                "has a malformed list of values",
                was,
                is,
            ),
        }
    }

    fn default(&mut self, path: &str, was: Option<&Value>, is: Option<&Value>) {
        let Some(value) = is else {
            return self.event("default-changed", Grade::Info, path, "has no default any more", was, is);
        };
        // Generators write what is not given as null, as an empty text or as an empty list.
        if says_nothing(value) {
            return self.event("default-changed", Grade::Info, path, "has an empty default", was, is);
        }
        if next_version(last(path), was, value) {
            return self.event("default-changed", Grade::Notice, path, "names another version by default", was, is);
        }
        let mut texts = Vec::new();
        super::signals::strings(value, &mut texts);
        let hostile = texts.iter().any(|text| reaches_out(text)) || secret_shaped(last(path));
        let grade = if hostile { Grade::Critical } else { Grade::Warning };
        self.event(
            "default-changed",
            grade,
            path,
            "has another default, which is sent without being seen",
            was,
            is,
        );
    }

    fn open(&mut self, path: &str, was: Option<&Value>, is: Option<&Value>, depth: usize) {
        match (was, is) {
            (Some(Value::Bool(false)), _) => {
                self.event(
                    "additional-properties-opened",
                    Grade::Warning,
                    path,
                    "now takes parameters that are not listed",
                    was,
                    is,
                );
                self.alternatives(&format!("{path}.*"), is.into_iter(), depth);
            }
            (_, Some(Value::Bool(false))) | (None, Some(Value::Bool(true))) => {
                self.event(
                    "input-schema-narrowed",
                    Grade::Info,
                    path,
                    "takes fewer parameters that are not listed",
                    was,
                    is,
                );
            }
            (None, Some(schema)) if schema.is_object() => self.fresh(&format!("{path}.*"), schema, depth),
            (None, Some(_)) => self.event("input-schema-changed", Grade::Warning, path, "changed", was, is),
            (Some(was), Some(is)) => self.schema(&format!("{path}.*"), was, is, depth + 1),
            _ => self.event(
                "additional-properties-opened",
                Grade::Warning,
                path,
                "now takes unlisted parameters of any kind",
                was,
                is,
            ),
        }
    }
}

/// A schema without its texts.
fn checks(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        map.retain(|key, _| !TEXTS.contains(&key.as_str()));
    }
    schema
}

fn required_names(map: &Map<String, Value>) -> BTreeSet<&str> {
    map.get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn all_strings(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string)))
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;

//! A call's arguments against the tool's pinned `inputSchema`.
//!
//! JSON Schema 2020-12 as tools use it, with what older drafts wrote otherwise (`items` as a list,
//! `dependencies`, a boolean `exclusiveMinimum`). The attack: arguments for a parameter that nobody
//! approved. So what widens is understood or refused: a `$ref` that leads nowhere or elsewhere, a name
//! that only an expression decides (`patternProperties` beyond plain beginnings), a schema that is not
//! one, and work without end.
//!
//! Not checked, since without it a value is only less narrow than the server says, which looks itself:
//! `pattern`, `format`, `contentEncoding` and its kin, `unevaluatedItems`, and keywords that are no
//! keywords.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::surface::strict::escape_pointer;

/// Steps that one check may take: a schema can branch without end.
const MOST_STEPS: usize = 500_000;

/// Schemas inside one another, followed references included.
const MOST_DEPTH: usize = 64;

/// Why arguments do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// JSON pointer into the arguments; text of the client's.
    pub(super) at: String,
    /// What is wrong there.
    pub(super) what: &'static str,
}

type Fit = Result<(), Misfit>;

/// Checks arguments. With `known`, no object in them may have a property that no schema that applies
/// to it names.
pub(super) fn check(schema: &Value, arguments: &Value, known: bool) -> Fit {
    let mut walk = Walk {
        root: schema,
        steps: 0,
        seen: Vec::new(),
    };
    walk.value(schema, arguments, "", 0)?;
    if known {
        let named: HashSet<&str> = walk.seen.iter().filter(|seen| seen.named).map(|seen| seen.at.as_str()).collect();
        all_named(arguments, "", &named)?;
    }
    Ok(())
}

fn all_named(value: &Value, at: &str, named: &HashSet<&str>) -> Fit {
    match value {
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            let at = format!("{at}/{}", escape_pointer(name));
            if !named.contains(at.as_str()) {
                return misfit(&at, "the pinned schema names no such property");
            }
            all_named(member, &at, named)
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| all_named(item, &format!("{at}/{index}"), named)),
        _ => Ok(()),
    }
}

fn misfit(at: &str, what: &'static str) -> Fit {
    Err(Misfit { at: at.to_owned(), what })
}

/// A property that a schema looked at.
struct Seen {
    at: String,
    /// It is described: by name, or by a schema of its own for all others.
    named: bool,
}

struct Walk<'s> {
    root: &'s Value,
    steps: usize,
    /// Branches that do not hold are taken back.
    seen: Vec<Seen>,
}

impl<'s> Walk<'s> {
    fn step(&mut self, at: &str, depth: usize) -> Fit {
        self.steps += 1;
        if self.steps > MOST_STEPS || depth > MOST_DEPTH {
            return misfit(at, TOO_MUCH);
        }
        Ok(())
    }

    fn value(&mut self, schema: &'s Value, value: &Value, at: &str, depth: usize) -> Fit {
        self.step(at, depth)?;
        let schema = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => return misfit(at, "nothing fits here"),
            Value::Object(schema) => schema,
            _ => return misfit(at, UNDECIDED),
        };
        let mark = self.seen.len();
        self.reference(schema, value, at, depth)?;
        simple(schema, value, at)?;
        match value {
            Value::Object(members) => self.object(schema, value, members, at, depth)?,
            Value::Array(items) => self.array(schema, items, at, depth)?,
            Value::Number(_) => number(schema, value, at)?,
            Value::String(text) => string(schema, text, at)?,
            Value::Null | Value::Bool(_) => {}
        }
        self.combined(schema, value, at, depth)?;
        if let (Some(rest), Value::Object(members)) = (schema.get("unevaluatedProperties"), value) {
            self.unevaluated(rest, members, mark, at, depth)?;
        }
        Ok(())
    }

    /// Whether it fits; what a failed branch saw is forgotten. Work without end is no failed branch.
    fn holds(&mut self, schema: &'s Value, value: &Value, at: &str, depth: usize) -> Result<bool, Misfit> {
        let mark = self.seen.len();
        match self.value(schema, value, at, depth + 1) {
            Ok(()) => Ok(true),
            Err(misfit) if misfit.what == UNDECIDED || misfit.what == TOO_MUCH => Err(misfit),
            Err(_) => {
                self.seen.truncate(mark);
                Ok(false)
            }
        }
    }

    fn reference(&mut self, schema: &'s Map<String, Value>, value: &Value, at: &str, depth: usize) -> Fit {
        for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
            let Some(reference) = schema.get(key) else { continue };
            let target = reference.as_str().and_then(|reference| self.target(reference));
            let Some(target) = target else {
                return misfit(at, UNDECIDED);
            };
            self.value(target, value, at, depth + 1)?;
        }
        Ok(())
    }

    /// Inside this very document only: nothing is fetched, no identifier is resolved.
    fn target(&self, reference: &str) -> Option<&'s Value> {
        let fragment = reference.strip_prefix('#')?;
        if fragment.is_empty() {
            return Some(self.root);
        }
        if !fragment.starts_with('/') || fragment.contains('%') {
            return None;
        }
        self.root.pointer(fragment)
    }

    fn object(&mut self, schema: &'s Map<String, Value>, value: &Value, members: &Map<String, Value>, at: &str, depth: usize) -> Fit {
        count(schema, "minProperties", "maxProperties", members.len(), at)?;
        let required = |names: &Value, at: &str| match names {
            Value::Array(names) if names.iter().filter_map(Value::as_str).any(|name| !members.contains_key(name)) => {
                misfit(at, "a property that is required is missing")
            }
            Value::Array(_) => Ok(()),
            _ => misfit(at, UNDECIDED),
        };
        if let Some(names) = schema.get("required").filter(|names| !names.is_boolean()) {
            required(names, at)?;
        }
        for key in ["dependentRequired", "dependencies", "dependentSchemas"] {
            for (_, needs) in table(schema, key, at)?.filter(|(name, _)| members.contains_key(name.as_str())) {
                match needs {
                    Value::Array(_) => required(needs, at)?,
                    schema => self.value(schema, value, at, depth + 1)?,
                }
            }
        }
        for (name, member) in members {
            if let Some(names) = schema.get("propertyNames") {
                self.value(names, &Value::String(name.clone()), at, depth + 1)?;
            }
            self.property(schema, name, member, &format!("{at}/{}", escape_pointer(name)), depth)?;
        }
        Ok(())
    }

    fn property(&mut self, schema: &'s Map<String, Value>, name: &str, member: &Value, at: &str, depth: usize) -> Fit {
        let mut described = false;
        match schema.get("properties") {
            None => {}
            Some(Value::Object(properties)) => {
                if let Some(property) = properties.get(name) {
                    described = true;
                    self.value(property, member, at, depth + 1)?;
                }
            }
            Some(_) => return misfit(at, UNDECIDED),
        }
        for (pattern, property) in table(schema, "patternProperties", at)? {
            match begins(pattern, name) {
                Some(false) => {}
                Some(true) => {
                    described = true;
                    self.value(property, member, at, depth + 1)?;
                }
                None if described => {}
                None => return misfit(at, UNDECIDED),
            }
        }
        if described {
            self.seen.push(Seen {
                at: at.to_owned(),
                named: true,
            });
            return Ok(());
        }
        match schema.get("additionalProperties") {
            None => Ok(()),
            Some(Value::Bool(false)) => misfit(at, "the pinned schema has no such property, and takes no others"),
            Some(others) => {
                self.value(others, member, at, depth + 1)?;
                let named = others.as_object().is_some_and(|others| !others.is_empty());
                self.seen.push(Seen { at: at.to_owned(), named });
                Ok(())
            }
        }
    }

    /// What no schema beside it and none inside it has looked at.
    fn unevaluated(&mut self, rest: &'s Value, members: &Map<String, Value>, mark: usize, at: &str, depth: usize) -> Fit {
        let looked_at: HashSet<String> = self.seen[mark..].iter().map(|seen| seen.at.clone()).collect();
        for (name, member) in members {
            let at = format!("{at}/{}", escape_pointer(name));
            if looked_at.contains(&at) {
                continue;
            }
            self.step(&at, depth)?;
            self.value(rest, member, &at, depth + 1)?;
            let named = rest.as_object().is_some_and(|rest| !rest.is_empty());
            self.seen.push(Seen { at, named });
        }
        Ok(())
    }

    fn array(&mut self, schema: &'s Map<String, Value>, items: &[Value], at: &str, depth: usize) -> Fit {
        count(schema, "minItems", "maxItems", items.len(), at)?;
        let (first, rest) = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Value::Array(first)), rest) => (first.as_slice(), rest),
            (None, Some(Value::Array(first))) => (first.as_slice(), schema.get("additionalItems")),
            (None, rest) => (&[][..], rest),
            (Some(_), _) => return misfit(at, UNDECIDED),
        };
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(index).or(rest) {
                self.value(schema, item, &format!("{at}/{index}"), depth + 1)?;
            }
        }
        if let Some(wanted) = schema.get("contains") {
            let mut found = 0_usize;
            for (index, item) in items.iter().enumerate() {
                found += usize::from(self.holds(wanted, item, &format!("{at}/{index}"), depth)?);
            }
            let least = schema.get("minContains").and_then(Value::as_u64).unwrap_or(1);
            let most = schema.get("maxContains").and_then(Value::as_u64).unwrap_or(u64::MAX);
            if !(least..=most).contains(&(found as u64)) {
                return misfit(at, "it does not hold as many of the wanted items as it must");
            }
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            for (index, item) in items.iter().enumerate() {
                for other in &items[..index] {
                    self.step(at, depth)?;
                    if equal(item, other) {
                        return misfit(at, "an item stands there twice");
                    }
                }
            }
        }
        Ok(())
    }

    fn combined(&mut self, schema: &'s Map<String, Value>, value: &Value, at: &str, depth: usize) -> Fit {
        for all in list(schema, "allOf", at)? {
            self.value(all, value, at, depth + 1)?;
        }
        for (key, exactly) in [("anyOf", false), ("oneOf", true)] {
            if !schema.contains_key(key) {
                continue;
            }
            let mut held = 0_usize;
            for one in list(schema, key, at)? {
                held += usize::from(self.holds(one, value, at, depth)?);
            }
            if held == 0 {
                return misfit(at, "it fits none of the forms that it may have");
            }
            if exactly && held > 1 {
                return misfit(at, "it fits several of the forms of which it may have one");
            }
        }
        if let Some(not) = schema.get("not") {
            let mark = self.seen.len();
            let held = self.holds(not, value, at, depth)?;
            self.seen.truncate(mark);
            if held {
                return misfit(at, "it has the form that it must not have");
            }
        }
        if let Some(condition) = schema.get("if") {
            let branch = if self.holds(condition, value, at, depth)? { "then" } else { "else" };
            if let Some(branch) = schema.get(branch) {
                self.value(branch, value, at, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// Types and values.
fn simple(schema: &Map<String, Value>, value: &Value, at: &str) -> Fit {
    if let Some(types) = schema.get("type") {
        let fits = match types {
            Value::String(name) => is_of(name, value),
            Value::Array(names) => names.iter().filter_map(Value::as_str).any(|name| is_of(name, value)),
            _ => return misfit(at, UNDECIDED),
        };
        if !fits {
            return misfit(at, "it is of another type");
        }
    }
    if let Some(expected) = schema.get("const")
        && !equal(expected, value)
    {
        return misfit(at, "it is not the one value that may stand here");
    }
    match schema.get("enum") {
        None => Ok(()),
        Some(Value::Array(values)) if values.iter().any(|one| equal(one, value)) => Ok(()),
        Some(Value::Array(_)) => misfit(at, "it is none of the values that may stand here"),
        Some(_) => misfit(at, UNDECIDED),
    }
}

/// The schema says something that is not understood here: then nobody can tell that it fits.
const UNDECIDED: &str = "the pinned schema cannot be read here";
const TOO_MUCH: &str = "it takes too much work to compare with the pinned schema";

fn table<'s>(schema: &'s Map<String, Value>, key: &str, at: &str) -> Result<impl Iterator<Item = (&'s String, &'s Value)>, Misfit> {
    match schema.get(key) {
        None => Ok(None.into_iter().flatten()),
        Some(Value::Object(table)) => Ok(Some(table.iter()).into_iter().flatten()),
        Some(_) => Err(Misfit {
            at: at.to_owned(),
            what: UNDECIDED,
        }),
    }
}

fn list<'s>(schema: &'s Map<String, Value>, key: &str, at: &str) -> Result<&'s [Value], Misfit> {
    match schema.get(key) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(Misfit {
            at: at.to_owned(),
            what: UNDECIDED,
        }),
    }
}

fn count(schema: &Map<String, Value>, least: &str, most: &str, found: usize, at: &str) -> Fit {
    let found = u32::try_from(found).map_or(f64::INFINITY, f64::from);
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    if limit(least).is_some_and(|least| found < least) {
        return misfit(at, "it is shorter than it must be");
    }
    if limit(most).is_some_and(|most| found > most) {
        return misfit(at, "it is longer than it may be");
    }
    Ok(())
}

/// Length is in characters, as RFC 8259 counts them.
fn string(schema: &Map<String, Value>, text: &str, at: &str) -> Fit {
    if !schema.contains_key("minLength") && !schema.contains_key("maxLength") {
        return Ok(());
    }
    count(schema, "minLength", "maxLength", text.chars().count(), at)
}

fn number(schema: &Map<String, Value>, value: &Value, at: &str) -> Fit {
    let Some(value) = value.as_f64() else {
        return misfit(at, "it is a number that cannot be compared");
    };
    let limit = |key: &str| schema.get(key).and_then(Value::as_f64);
    let older = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    let small = limit("minimum").is_some_and(|least| value < least || (older("exclusiveMinimum") && value <= least))
        || limit("exclusiveMinimum").is_some_and(|least| value <= least);
    let large = limit("maximum").is_some_and(|most| value > most || (older("exclusiveMaximum") && value >= most))
        || limit("exclusiveMaximum").is_some_and(|most| value >= most);
    if small {
        return misfit(at, "it is smaller than it must be");
    }
    if large {
        return misfit(at, "it is larger than it may be");
    }
    if limit("multipleOf").is_some_and(|of| of > 0.0 && !is_multiple(value, of)) {
        return misfit(at, "it is no multiple of what it must be a multiple of");
    }
    Ok(())
}

/// With a little tolerance, since `0.3` is no exact multiple of `0.1` in a double.
fn is_multiple(value: f64, of: f64) -> bool {
    let times = value / of;
    (times - times.round()).abs() <= 1e-9 * times.abs().max(1.0)
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => false,
    }
}

/// As JSON Schema has it: `1` and `1.0` are one number, and the order of members is nothing.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b))),
        _ => a == b,
    }
}

/// Whether a name fits an expression of `patternProperties`, as far as that is plain: anything, a
/// beginning, or the whole name. `None` for every other expression.
fn begins(pattern: &str, name: &str) -> Option<bool> {
    if matches!(pattern, "" | ".*" | "^.*$" | "^.*" | "^" | "^(.*)$") {
        return Some(true);
    }
    let rest = pattern.strip_prefix('^')?;
    let (text, whole) = match rest.strip_suffix('$') {
        Some(inner) => inner.strip_suffix(".*").map_or((inner, true), |text| (text, false)),
        None => (rest.strip_suffix(".*").unwrap_or(rest), false),
    };
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-:/ ".contains(&b));
    plain.then(|| if whole { name == text } else { name.starts_with(text) })
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;

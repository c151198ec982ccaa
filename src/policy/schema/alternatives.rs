//! Grading what stands where nothing stood, and schemas of which one or all must fit.
//!
//! The attack: a required text in an alternative of its own, which the model must take because no
//! other is left.

use serde_json::{Map, Value};

use super::Walk;
use crate::model::Grade;
use crate::policy::reach::forces;

impl Walk {
    /// What stands where nothing stood is judged as if the old were a schema without keywords:
    /// a parameter is as new inside of it as it would be at the top.
    pub(super) fn fresh(&mut self, path: &str, is: &Value, depth: usize) {
        let (empty, told) = (Value::Object(Map::new()), self.out.len());
        self.schema(path, &empty, is, depth + 1);
        if self.out.len() == told {
            self.event(
                "input-schema-narrowed",
                Grade::Info,
                path,
                "is checked more strictly",
                None,
                Some(is),
            );
        }
    }

    /// New alternatives are reported as such by the caller; here follows what is worse in them.
    pub(super) fn alternatives<'v>(&mut self, path: &str, new: impl Iterator<Item = &'v Value>, depth: usize) {
        let told = self.out.len();
        for schema in new.filter(|schema| schema.is_object()) {
            self.fresh(path, schema, depth);
        }
        let kept = self.out.split_off(told).into_iter().filter(|event| event.grade > Grade::Info);
        self.out.extend(kept);
    }

    pub(super) fn combined(&mut self, path: &str, key: &str, was: Option<&Value>, is: Option<&Value>, depth: usize) {
        let (old, new) = match (was, is) {
            (Some(Value::Array(old)), Some(Value::Array(new))) => (old, new),
            (None, Some(Value::Array(new))) => {
                self.event("input-schema-changed", Grade::Notice, path, "is checked by alternatives", was, is);
                let way = self.has_way(key, &[], new);
                return self.at_leisure(way, |walk| walk.alternatives(path, new.iter(), depth));
            }
            _ => {
                return self.event(
                    "input-schema-widened",
                    Grade::Warning,
                    path,
                    "is no longer checked as before",
                    was,
                    is,
                );
            }
        };
        let way = self.has_way(key, old, new);
        if old.len() == new.len() {
            for (was, is) in old.iter().zip(new) {
                self.at_leisure(way, |walk| walk.schema(path, was, is, depth + 1));
            }
            return;
        }
        let within = |inner: &[Value], outer: &[Value]| inner.iter().all(|value| outer.contains(value));
        let narrower = if key == "allOf" {
            within(old, new)
        } else {
            key != "prefixItems" && within(new, old)
        };
        if narrower {
            self.event("input-schema-narrowed", Grade::Info, path, "is checked more strictly", was, is);
        } else {
            self.event("input-schema-widened", Grade::Warning, path, "takes more alternatives", was, is);
        }
        let fresh = new.iter().filter(|value| !old.contains(value));
        self.at_leisure(way, |walk| walk.alternatives(path, fresh, depth));
    }

    /// Whether one of the alternatives can be taken without giving a new text.
    fn has_way(&self, key: &str, old: &[Value], new: &[Value]) -> bool {
        matches!(key, "anyOf" | "oneOf") && new.iter().any(|value| old.contains(value) || !forces(value, &self.known))
    }
}

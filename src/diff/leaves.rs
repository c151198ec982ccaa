//! The smallest places in which two JSON values differ.

use serde_json::Value;

use crate::model::drift::LeafChange;
use crate::surface::canonical;

/// Every place in which two values differ in the RFC 8785 form, by JSON pointer, in order.
///
/// Objects are compared by key and arrays that hold objects or arrays by index, so a place is as
/// small as it can be; arrays of plain values (`required`, `enum`) are one place. Equal values
/// give an empty list, and only they.
pub fn leaves(before: &Value, after: &Value) -> Vec<LeafChange> {
    let mut out = Vec::new();
    walk(before, after, &mut String::new(), &mut out);
    out
}

fn walk(before: &Value, after: &Value, pointer: &mut String, out: &mut Vec<LeafChange>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let segment = key.replace('~', "~0").replace('/', "~1");
                step(old.get(key), new.get(key), &segment, pointer, out);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.iter().chain(new).any(|v| v.is_object() || v.is_array()) => {
            for index in 0..old.len().max(new.len()) {
                step(old.get(index), new.get(index), &index.to_string(), pointer, out);
            }
        }
        _ if canonical(before) == canonical(after) => {}
        _ => out.push(LeafChange {
            pointer: pointer.clone(),
            before: Some(before.clone()),
            after: Some(after.clone()),
        }),
    }
}

fn step(before: Option<&Value>, after: Option<&Value>, segment: &str, pointer: &mut String, out: &mut Vec<LeafChange>) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(segment);
    match (before, after) {
        (Some(before), Some(after)) => walk(before, after, pointer, out),
        (None, None) => {}
        (before, after) => out.push(LeafChange {
            pointer: pointer.clone(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
    pointer.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_place_is_as_small_as_it_can_be() {
        let before = json!({"a": {"b/c": 1, "same": [1]}, "list": [{"x": 1}, {"y": 1}], "set": ["a"], "gone": {}});
        let after = json!({"a": {"b/c": 2, "same": [1]}, "list": [{"x": 2}], "set": ["a", "b"], "new": null});
        let places: Vec<_> = leaves(&before, &after).into_iter().map(|leaf| leaf.pointer).collect();
        assert_eq!(places, ["/a/b~1c", "/gone", "/list/0/x", "/list/1", "/new", "/set"]);
    }

    #[test]
    fn numbers_are_equal_as_their_canonical_form_is() {
        assert!(leaves(&json!({"a": 1}), &json!({"a": 1.0})).is_empty());
        assert_eq!(leaves(&json!(1), &json!("1")).len(), 1);
        assert_eq!(leaves(&json!({"a": null}), &json!({})).len(), 1);
    }
}

//! What fits a schema and what does not, by hand, after the JSON Schema 2020-12 specification.

use super::*;
use serde_json::json;

/// Schema, what fits, what does not.
type Case = (Value, Vec<Value>, Vec<Value>);

#[expect(clippy::too_many_lines, reason = "a table")]
fn table() -> Vec<Case> {
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    vec![
        (json!(true), vec![json!(1), json!({"a": 1})], vec![]),
        (json!({}), vec![json!(null)], vec![]),
        (json!(false), vec![], vec![json!(null)]),
        (
            json!({"type": "integer"}),
            vec![json!(1), json!(1.0), json!(-3)],
            vec![json!(1.5), json!("1"), json!(null)],
        ),
        (json!({"type": "number"}), vec![json!(1), json!(1.5)], vec![json!("1"), json!(true)]),
        (json!({"type": ["string", "null"]}), vec![json!("a"), json!(null)], vec![json!(1)]),
        (json!({"type": "nonsense"}), vec![], vec![json!(1)]),
        (
            json!({"enum": [1, "a", {"b": [1.0]}]}),
            vec![json!(1.0), json!("a"), json!({"b": [1]})],
            vec![json!("b"), json!({"b": [2]})],
        ),
        (json!({"const": false}), vec![json!(false)], vec![json!(0), json!(null)]),
        (
            json!({"minimum": 1, "maximum": 3}),
            vec![json!(1), json!(3), json!("x")],
            vec![json!(0.9), json!(3.1)],
        ),
        (json!({"exclusiveMinimum": 1}), vec![json!(1.1)], vec![json!(1)]),
        (json!({"minimum": 1, "exclusiveMinimum": true}), vec![json!(2)], vec![json!(1)]),
        (json!({"exclusiveMaximum": 1}), vec![json!(0)], vec![json!(1)]),
        (json!({"multipleOf": 0.1}), vec![json!(0.3), json!(7)], vec![json!(0.35)]),
        (
            json!({"minLength": 2, "maxLength": 3}),
            vec![json!("äö"), json!("\u{1f600}\u{1f600}"), json!(1)],
            vec![json!("a"), json!("abcd")],
        ),
        (
            object(json!({"a": {"type": "string"}})),
            vec![json!({}), json!({"a": "x"}), json!({"b": 1})],
            vec![json!({"a": 1}), json!([])],
        ),
        (
            json!({"required": ["a"]}),
            vec![json!({"a": null}), json!("x")],
            vec![json!({}), json!({"b": 1})],
        ),
        (
            json!({"properties": {"a": {}}, "additionalProperties": false}),
            vec![json!({}), json!({"a": 1})],
            vec![json!({"a": 1, "b": 2}), json!({"A": 1})],
        ),
        (
            json!({"additionalProperties": {"type": "string"}}),
            vec![json!({"x": "y"})],
            vec![json!({"x": 1})],
        ),
        (
            json!({"patternProperties": {"^x-": {"type": "string"}}, "additionalProperties": false}),
            vec![json!({"x-a": "b"})],
            vec![json!({"x-a": 1}), json!({"y": "b"})],
        ),
        // What only an expression could tell is refused.
        (
            json!({"patternProperties": {"^[a-z]+$": {}}}),
            vec![json!({})],
            vec![json!({"a": 1})],
        ),
        (
            json!({"propertyNames": {"maxLength": 1}}),
            vec![json!({"a": 1})],
            vec![json!({"ab": 1})],
        ),
        (
            json!({"minProperties": 1, "maxProperties": 1}),
            vec![json!({"a": 1})],
            vec![json!({}), json!({"a": 1, "b": 1})],
        ),
        (
            json!({"dependentRequired": {"a": ["b"]}}),
            vec![json!({"b": 1}), json!({"a": 1, "b": 1})],
            vec![json!({"a": 1})],
        ),
        (
            json!({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}),
            vec![json!({"c": 1, "d": 1})],
            vec![json!({"a": 1}), json!({"c": 1})],
        ),
        (
            json!({"dependentSchemas": {"a": {"maxProperties": 1}}}),
            vec![json!({"a": 1})],
            vec![json!({"a": 1, "b": 1})],
        ),
        (
            json!({"items": {"type": "string"}}),
            vec![json!([]), json!(["a"])],
            vec![json!(["a", 1])],
        ),
        (
            json!({"prefixItems": [{"type": "string"}], "items": false}),
            vec![json!(["a"]), json!([])],
            vec![json!([1]), json!(["a", 1])],
        ),
        (
            json!({"items": [{"type": "string"}], "additionalItems": false}),
            vec![json!(["a"])],
            vec![json!([1]), json!(["a", 1])],
        ),
        (
            json!({"minItems": 1, "maxItems": 2}),
            vec![json!([1])],
            vec![json!([]), json!([1, 2, 3])],
        ),
        (
            json!({"uniqueItems": true}),
            vec![json!([1, "1", [1]])],
            vec![json!([1, 1.0]), json!([{"a": 1}, {"a": 1}])],
        ),
        (json!({"contains": {"const": 1}}), vec![json!([2, 1])], vec![json!([]), json!([2])]),
        (
            json!({"contains": {"const": 1}, "minContains": 0, "maxContains": 1}),
            vec![json!([])],
            vec![json!([1, 1])],
        ),
        (
            json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}),
            vec![json!(1)],
            vec![json!(0), json!(3)],
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"minimum": 3}]}),
            vec![json!("a"), json!(3)],
            vec![json!(2)],
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"minimum": 3}]}),
            vec![json!(1), json!(3.5)],
            vec![json!(3), json!(1.5)],
        ),
        (json!({"anyOf": []}), vec![], vec![json!(1)]),
        (json!({"not": {"type": "string"}}), vec![json!(1)], vec![json!("a")]),
        (
            json!({"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}),
            vec![json!({"a": 1, "b": 1}), json!({"c": 1})],
            vec![json!({"a": 1}), json!({"b": 1})],
        ),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}, "b/c": {}}}),
            vec![json!("x")],
            vec![json!(1)],
        ),
        (
            json!({"$ref": "#/$defs/b~1c", "$defs": {"b/c": {"const": 1}}}),
            vec![json!(1)],
            vec![json!(2)],
        ),
        // A tree that refers to itself.
        (
            json!({"properties": {"child": {"$ref": "#"}, "v": {"type": "string"}}, "additionalProperties": false}),
            vec![json!({"child": {"child": {"v": "x"}}})],
            vec![json!({"child": {"child": {"w": "x"}}})],
        ),
        // A reference is no reason to pass over its neighbours.
        (
            json!({"$ref": "#/$defs/a", "maxLength": 1, "$defs": {"a": {"type": "string"}}}),
            vec![json!("x")],
            vec![json!("xy"), json!(1)],
        ),
        (json!({"$ref": "https://evil.example/schema"}), vec![], vec![json!(1)]),
        (json!({"$ref": "#/$defs/none"}), vec![], vec![json!(1)]),
        (
            json!({"$ref": "#anchor", "$defs": {"a": {"$anchor": "anchor"}}}),
            vec![],
            vec![json!(1)],
        ),
        (json!({"$ref": "#"}), vec![], vec![json!(1)]),
        (
            json!({"allOf": [{"properties": {"a": {}}}], "properties": {"b": {}}, "unevaluatedProperties": false}),
            vec![json!({"a": 1, "b": 1})],
            vec![json!({"c": 1})],
        ),
        (
            json!({"anyOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {}}}], "unevaluatedProperties": false}),
            vec![json!({"a": 1}), json!({"b": 1}), json!({"a": 1, "b": 1})],
            vec![json!({"a": 2}), json!({"c": 1})],
        ),
        // What a schema beside it saw does not count for one further in.
        (
            json!({"properties": {"a": {}}, "allOf": [{"unevaluatedProperties": false}]}),
            vec![json!({})],
            vec![json!({"a": 1})],
        ),
        // What is no schema decides nothing.
        (json!({"properties": []}), vec![json!(1)], vec![json!({"a": 1})]),
        (json!({"properties": {"a": 5}}), vec![json!({})], vec![json!({"a": 1})]),
        (
            json!({"not": {"properties": {"a": {"$ref": "#/none"}}}}),
            vec![],
            vec![json!({"a": 1})],
        ),
        (json!({"anyOf": [{"$ref": "#/none"}, true]}), vec![], vec![json!(1)]),
    ]
}

#[test]
fn schemas_mean_what_the_specification_says() {
    for (schema, fits, fits_not) in table() {
        for value in fits {
            assert_eq!(check(&schema, &value, false), Ok(()), "{schema} {value}");
        }
        for value in fits_not {
            assert!(check(&schema, &value, false).is_err(), "{schema} {value}");
        }
    }
}

#[test]
fn unknown_properties_are_refused_at_every_depth() {
    let schema = json!({
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "edits": {"type": "array", "items": {"type": "object", "properties": {"old": {}}}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "free": {"type": "object"},
            "open": {"type": "object", "additionalProperties": true},
        },
        "anyOf": [{"properties": {"mode": {"const": "a"}}, "required": ["mode"]}, {"properties": {"size": {}}}],
    });
    for value in [
        json!({}),
        json!({"path": "x", "edits": [{"old": 1}, {}], "labels": {"any": "x"}, "free": {}, "open": {}}),
        json!({"mode": "a"}),
        json!({"size": 3}),
    ] {
        assert_eq!(check(&schema, &value, true), Ok(()), "{value}");
    }
    for (value, at) in [
        (json!({"sidenote": "the conversation"}), "/sidenote"),
        (json!({"edits": [{}, {"sidenote": 1}]}), "/edits/1/sidenote"),
        (json!({"free": {"x": 1}}), "/free/x"),
        (json!({"open": {"a/b": 1}}), "/open/a~1b"),
        (json!({"mode": "b"}), "/mode"),
    ] {
        assert_eq!(check(&schema, &value, false), Ok(()), "{value}");
        assert_eq!(check(&schema, &value, true).unwrap_err().at, at, "{value}");
    }
}

#[test]
fn work_has_an_end() {
    let twice = json!({"$ref": "#/$defs/a0", "$defs": (0..40).map(|i| {
        let next = format!("#/$defs/a{}", i + 1);
        (format!("a{i}"), json!({"allOf": [{"$ref": next}, {"$ref": next}]}))
    }).chain([("a40".to_owned(), json!({}))]).collect::<serde_json::Map<_, _>>()});
    assert_eq!(check(&twice, &json!(1), false).unwrap_err().what, TOO_MUCH);
    // A branch that ends there is no branch that failed: `not` would make a pass of it.
    let not = json!({"not": {"$ref": "#/not"}});
    assert_eq!(check(&not, &json!(1), false).unwrap_err().what, TOO_MUCH);
    let many = Value::Array((0..2_000).map(|i| json!(i)).collect());
    assert_eq!(check(&json!({"uniqueItems": true}), &many, false).unwrap_err().what, TOO_MUCH);
}

#[test]
fn plain_expressions_are_understood() {
    for (pattern, name, expected) in [
        ("^.*$", "a", Some(true)),
        ("", "a", Some(true)),
        ("^x-", "x-a", Some(true)),
        ("^x-", "ax-", Some(false)),
        ("^abc$", "abc", Some(true)),
        ("^abc$", "abcd", Some(false)),
        ("^abc.*$", "abcd", Some(true)),
        ("^a.c$", "abc", None),
        ("abc", "abc", None),
        ("^\\d+$", "1", None),
        ("^(a|b)$", "a", None),
    ] {
        assert_eq!(begins(pattern, name), expected, "{pattern} {name}");
    }
}

//! Widening is the alarm, narrowing is noise.

#![expect(clippy::needless_pass_by_value, reason = "literals are handed over")]

use super::*;
use crate::surface::normal::schema as normal;
use serde_json::json;

fn codes(before: Value, after: Value) -> Vec<(&'static str, Grade, String)> {
    let (before, after) = (normal(&before), normal(&after));
    compare(Some(&before), Some(&after))
        .into_iter()
        .map(|event| (event.code, event.grade, event.path))
        .collect()
}

fn one(before: Value, after: Value) -> (&'static str, Grade) {
    let all = codes(json!({"properties": {"p": before}}), json!({"properties": {"p": after}}));
    assert_eq!(all.len(), 1, "{all:?}");
    (all[0].0, all[0].1)
}

#[test]
fn widening_is_the_alarm() {
    use Grade::{Critical, Info, Notice, Warning};
    assert_eq!(
        one(json!({"type": "integer"}), json!({"type": "string"})),
        ("input-schema-widened", Warning)
    );
    assert_eq!(
        one(json!({"type": ["integer", "string"]}), json!({"type": "string"})),
        ("input-schema-narrowed", Info)
    );
    assert_eq!(one(json!({"type": "string"}), json!({})), ("input-schema-widened", Warning));
    assert_eq!(
        one(json!({"enum": ["a"]}), json!({"enum": ["a", "b"]})),
        ("enum-value-added", Notice)
    );
    assert_eq!(
        one(json!({"enum": ["a"]}), json!({"enum": ["a", "*"]})),
        ("enum-value-added", Warning)
    );
    assert_eq!(
        one(json!({"enum": ["a", "b"]}), json!({"enum": ["a"]})),
        ("enum-value-removed", Info)
    );
    assert_eq!(one(json!({"enum": ["a"]}), json!({})), ("enum-dropped", Warning));
    assert_eq!(one(json!({}), json!({"default": "x"})), ("default-changed", Warning));
    assert_eq!(
        one(json!({"default": "x"}), json!({"default": "https://example.com"})),
        ("default-changed", Critical)
    );
    assert_eq!(one(json!({"maximum": 5}), json!({"maximum": 9})), ("constraint-loosened", Notice));
    assert_eq!(one(json!({"maximum": 5}), json!({"maximum": 4})), ("input-schema-narrowed", Info));
    assert_eq!(one(json!({"minimum": 5}), json!({})), ("constraint-loosened", Notice));
    assert_eq!(one(json!({"minimum": 5}), json!({"minimum": "x"})), ("constraint-loosened", Notice));
    assert_eq!(
        one(json!({"additionalProperties": false}), json!({})),
        ("additional-properties-opened", Warning)
    );
    assert_eq!(
        one(json!({}), json!({"additionalProperties": false})),
        ("input-schema-narrowed", Info)
    );
    assert_eq!(one(json!({}), json!({"x-new": 1})), ("input-schema-changed", Warning));
    assert_eq!(
        one(json!({"anyOf": [{"const": 1}]}), json!({"anyOf": [{"const": 1}, {}]})),
        ("input-schema-widened", Warning)
    );
    assert_eq!(
        one(json!({"description": "a"}), json!({"description": "b"})),
        ("parameter-description-changed", Notice)
    );
    assert_eq!(
        one(json!({}), json!({"x-mcp-header": "Authorization-Token"})).0,
        "header-parameter-changed"
    );
}

#[test]
fn a_new_parameter_is_graded_by_what_it_can_carry() {
    let add = |name: &str, schema: Value, required: bool| {
        let required = if required { json!([name]) } else { json!([]) };
        let all = codes(
            json!({"type": "object"}),
            json!({"type": "object", "properties": {name: schema}, "required": required}),
        );
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(all[0].0, "parameter-added");
        all[0].1
    };
    assert_eq!(add("limit", json!({"type": "integer"}), false), Grade::Notice);
    assert_eq!(add("limit", json!({"type": "integer"}), true), Grade::Warning);
    assert_eq!(add("text", json!({"type": "string"}), false), Grade::Warning);
    assert_eq!(add("text", json!({"type": "string"}), true), Grade::Critical);
    assert_eq!(
        add("list", json!({"type": "array", "items": {"type": "string"}}), false),
        Grade::Warning
    );
    assert_eq!(add("_system_prompt_", json!({"type": "boolean"}), false), Grade::Critical);
    assert_eq!(add("exfil_to", json!({"type": "string"}), false), Grade::Critical);
}

#[test]
fn required_comes_and_goes() {
    let with = |required: Value| json!({"properties": {"a": {}, "b": {}}, "required": required});
    assert_eq!(
        codes(with(json!(["a"])), with(json!(["b"]))),
        [
            ("parameter-now-required", Grade::Warning, "b".into()),
            ("parameter-now-optional", Grade::Info, "a".into())
        ]
    );
}

#[test]
fn references_out_of_the_document_are_seen() {
    let mut found = BTreeSet::new();
    network_references(
        &json!({"a": [{"$ref": "https://example.com/x"}, {"$ref": "#/$defs/a"}]}),
        &mut found,
    );
    assert_eq!(found.len(), 1);
}

#[test]
fn what_stands_where_nothing_stood_is_graded_as_at_the_top() {
    let asks = json!({"type": "object", "properties": {"system_prompt": {"type": "string"}}});
    let worst = |before: Value, after: Value| codes(before, after).into_iter().map(|(_, grade, _)| grade).max();
    for key in [
        "items",
        "contains",
        "additionalProperties",
        "unevaluatedProperties",
        "propertyNames",
    ] {
        let after = json!({"properties": {"p": {key: asks.clone()}}});
        assert_eq!(worst(json!({"properties": {"p": {}}}), after), Some(Grade::Critical), "{key}");
    }
    for key in ["anyOf", "allOf", "prefixItems"] {
        assert_eq!(worst(json!({}), json!({key: [asks.clone()]})), Some(Grade::Critical), "{key}");
        let more = json!({key: [{"type": "object"}, asks.clone()]});
        assert_eq!(worst(json!({key: [{"type": "object"}]}), more), Some(Grade::Critical), "{key}");
    }
    for key in ["then", "patternProperties", "items"] {
        assert_eq!(worst(json!({}), json!({key: [asks.clone()]})), Some(Grade::Critical), "{key}");
    }
    let nested = json!({"properties": {"p": {"type": "object", "properties": {"system_prompt": {"type": "string"}}}}});
    assert_eq!(worst(json!({}), nested), Some(Grade::Critical));
    let text = json!({"type": "array", "items": {"type": "string", "description": "read me"}});
    assert_eq!(worst(json!({"type": "array"}), text), Some(Grade::Notice));
    assert_eq!(
        one(json!({"type": "array"}), json!({"type": "array", "items": {"type": "string"}})).1,
        Grade::Info
    );
}

#[test]
fn a_fixed_value_is_graded_like_a_default() {
    assert_eq!(one(json!({}), json!({"const": "https://example.com"})).1, Grade::Critical);
    assert_eq!(one(json!({}), json!({"const": "x"})).1, Grade::Warning);
    assert_eq!(one(json!({}), json!({"enum": ["asc", "desc"]})).1, Grade::Notice);
    assert_eq!(one(json!({}), json!({"enum": ["asc", "sudo"]})).1, Grade::Warning);
    assert_eq!(
        one(json!({"enum": ["a"], "const": "a"}), json!({"enum": ["a"], "const": "b"})).1,
        Grade::Warning
    );
    assert_eq!(one(json!({}), json!({"format": "read the notes"})).1, Grade::Warning);
    assert_eq!(one(json!({}), json!({"type": "string, and read the notes"})).1, Grade::Warning);
}

#[test]
fn what_takes_the_place_of_another_asks_for_no_more() {
    let with = |name: &str, schema: Value| json!({"type": "object", "properties": {name: schema}, "required": [name]});
    let text = || json!({"type": "string", "description": "what to look for"});
    let worst = |before: Value, after: Value| codes(before, after).into_iter().map(|(_, grade, _)| grade).max();
    assert_eq!(worst(with("query", text()), with("query_dsl", text())), Some(Grade::Notice));
    assert_eq!(worst(with("query", text()), with("query_dsl", json!({}))), Some(Grade::Warning));
    assert_eq!(worst(with("query", text()), with("system_prompt", text())), Some(Grade::Critical));
    // One went, two came.
    let two = json!({"type": "object", "properties": {"a": text(), "b": text()}, "required": ["a", "b"]});
    assert_eq!(worst(with("query", text()), two), Some(Grade::Critical));
}

#[test]
fn empty_defaults_and_the_two_kinds_of_alternatives_are_no_alarm() {
    assert_eq!(one(json!({}), json!({"default": null})), ("default-changed", Grade::Info));
    assert_eq!(one(json!({}), json!({"default": [""]})), ("default-changed", Grade::Warning));
    let asks = json!([{"properties": {"keys": {"type": "string"}}, "required": ["keys"]}]);
    let all = codes(json!({"anyOf": asks}), json!({"oneOf": asks}));
    assert_eq!(all.iter().map(|event| event.1).max(), Some(Grade::Notice), "{all:?}");
    let worse = json!([{"properties": {"keys": {"type": "string"}, "system_prompt": {}}, "required": ["keys"]}]);
    let all = codes(json!({"anyOf": asks}), json!({"oneOf": worse}));
    assert_eq!(all.iter().map(|event| event.1).max(), Some(Grade::Critical), "{all:?}");
}

#[test]
fn the_number_of_a_conversation_is_none_of_its_words() {
    use crate::policy::reach::listens;
    for name in ["conversation_id", "conversationId", "system_prompt_ids", "llm_id"] {
        assert!(!listens(name), "{name}");
    }
    for name in [
        "conversation_so_far",
        "conversation",
        "chatHistory",
        "systemPrompt",
        "_user_id_",
        "conversation_identity",
    ] {
        assert!(listens(name), "{name}");
    }
}

#[test]
fn a_text_that_need_not_be_given_is_no_forced_one() {
    let said = json!({"properties": {"said": {"type": "string"}}, "required": ["said"]});
    let grade = |before: Value, after: Value, path: &str| {
        let all = codes(before, after);
        all.into_iter()
            .find(|(code, _, at)| *code == "parameter-added" && at == path)
            .unwrap()
            .1
    };
    let part = |inner: &Value, required: bool| {
        let required = if required { json!(["o"]) } else { json!([]) };
        json!({"properties": {"o": inner}, "required": required})
    };
    let empty = json!({"properties": {}});
    assert_eq!(grade(part(&empty, false), part(&said, false), "o.said"), Grade::Warning);
    assert_eq!(grade(part(&empty, true), part(&said, true), "o.said"), Grade::Critical);
    assert_eq!(grade(part(&empty, false), part(&said, true), "o.said"), Grade::Critical);

    let one = json!({"properties": {"kind": {"const": "a"}}, "required": ["kind"]});
    let told = json!({"properties": {"told": {"type": "string"}}, "required": ["told"]});
    let of = |list: Value| json!({"properties": {"o": {"anyOf": list}}, "required": ["o"]});
    assert_eq!(
        grade(of(json!([one, empty])), of(json!([one, empty, said])), "o.said"),
        Grade::Warning
    );
    assert_eq!(grade(of(json!([one, empty])), of(json!([one, said])), "o.said"), Grade::Warning);
    assert_eq!(grade(of(json!([one, empty])), of(json!([said, told])), "o.said"), Grade::Critical);
    let must = |list: Value| json!({"properties": {"o": {"allOf": list}}, "required": ["o"]});
    assert_eq!(grade(must(json!([one])), must(json!([one, said])), "o.said"), Grade::Critical);
    // A name that asks for what was said stays what it is.
    let asks = json!({"properties": {"conversation": {}}});
    assert_eq!(grade(part(&empty, false), part(&asks, false), "o.conversation"), Grade::Critical);
}

#[test]
fn the_key_of_a_pair_is_no_secret_and_the_next_version_no_news() {
    let object = |names: Value| json!({"type": "object", "properties": names});
    let grade = |names: Value| {
        let all = codes(json!({"properties": {}}), json!({"properties": {"p": object(names)}}));
        all[0].1
    };
    assert_eq!(grade(json!({"key": {}, "value": {}})), Grade::Warning);
    assert_eq!(grade(json!({"key": {}})), Grade::Critical);
    assert_eq!(grade(json!({"api_key": {}, "value": {}})), Grade::Critical);

    let default = |name: &str, was: &str, is: &str| {
        let of = |value: &str| json!({"properties": {name: {"type": "string", "default": value}}});
        codes(of(was), of(is))[0].1
    };
    assert_eq!(default("model", "speech-2.6-hd", "speech-2.8-hd"), Grade::Notice);
    assert_eq!(default("model", "speech-2.6-hd", "video-2.8-hd"), Grade::Warning);
    assert_eq!(default("account", "speech-2.6-hd", "speech-2.8-hd"), Grade::Warning);
    assert_eq!(default("model", "gpt-4", "https://a.example/gpt-5"), Grade::Critical);
}

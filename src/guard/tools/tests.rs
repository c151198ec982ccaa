//! What the gate lets through.

use std::collections::BTreeSet;

use super::*;
use crate::model::guard::Pattern;
use crate::model::{ClientProfile, Era, Item, Sha256Digest, View};

fn set(texts: &[&str]) -> BTreeSet<Pattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn surface(schemas: &[Value]) -> Surface {
    let view = |schema: &Value| View {
        era: Era::Legacy,
        client: ClientProfile::Any,
        handshake: json!({}),
        items: [(
            ItemKind::Tool,
            vec![Item {
                key: "read".into(),
                definition: json!({"name": "read", "inputSchema": schema}),
                digest: Sha256Digest::of("x"),
            }],
        )]
        .into(),
    };
    Surface {
        env: vec![],
        network: false,
        views: schemas.iter().map(view).collect(),
        volatile: vec![],
    }
}

fn gate(tools: ToolRules, schemas: &[Value]) -> Gate {
    let rules = GuardRules {
        tools,
        ..GuardRules::default()
    };
    Gate::new(&rules, Some(&surface(schemas)))
}

fn why(verdict: Verdict) -> String {
    match verdict {
        Verdict::Refuse { code, why } => {
            assert_eq!(code, -32602);
            why
        }
        other => panic!("{other:?}"),
    }
}

fn strict(arguments: ArgumentCheck) -> ToolRules {
    ToolRules {
        arguments,
        ..ToolRules::default()
    }
}

#[test]
fn without_rules_everything_passes() {
    let gate = gate(ToolRules::default(), &[]);
    assert_eq!(gate.call("anything", Some("{\"a\":1,\"a\":2}")), Verdict::Pass);
}

#[test]
fn denied_and_unlisted_tools_are_refused() {
    let rules = ToolRules {
        allow: Some(set(&["read*"])),
        deny: set(&["read_secret"]),
        confirm: set(&["*"]),
        ..ToolRules::default()
    };
    let gate = gate(rules, &[]);
    assert!(why(gate.call("read_secret", None)).contains("`deny`"));
    assert!(why(gate.call("write", None)).contains("`allow`"));
    assert!(matches!(gate.call("read_file", None), Verdict::Confirm { .. }));
    assert!(gate.permits("read_file") && !gate.permits("write"));
}

#[test]
fn arguments_are_compared_with_the_pin() {
    let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]});
    let pinned = gate(strict(ArgumentCheck::Pinned), std::slice::from_ref(&schema));
    assert_eq!(pinned.call("read", Some("{\"path\": \"x\", \"more\": 1}")), Verdict::Pass);
    for (arguments, expected) in [
        (None, "as a whole: a property that is required is missing"),
        (Some("{\"path\": 1}"), "at `/path`: it is of another type"),
        (Some("[]"), "not an object"),
        (Some("null"), "not an object"),
        (Some("{\"path\": \"x\", \"path\": \"y\"}"), "not I-JSON"),
        (Some("{\"path\": \"\\ud800\"}"), "not I-JSON"),
    ] {
        let refused = why(pinned.call("read", arguments));
        assert!(refused.contains(expected), "{arguments:?}: {refused}");
    }
    let known = gate(strict(ArgumentCheck::Known), &[schema]);
    assert_eq!(known.call("read", Some("{\"path\": \"x\"}")), Verdict::Pass);
    let refused = why(known.call("read", Some("{\"path\": \"x\", \"side\\u202enote\": 1}")));
    assert!(
        refused.contains("names no such property") && refused.contains("\\u{202e}"),
        "{refused}"
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let gate = gate(strict(ArgumentCheck::Pinned), &[json!({})]);
    assert!(why(gate.call("other", Some("{}"))).contains("nothing is pinned"));
    let rules = GuardRules {
        tools: strict(ArgumentCheck::Pinned),
        ..GuardRules::default()
    };
    assert!(why(Gate::new(&rules, None).call("read", None)).contains("nothing is pinned"));
}

#[test]
fn one_of_the_views_has_to_fit() {
    let schemas = [json!({"required": ["a"]}), json!({"required": ["b"]})];
    let gate = gate(strict(ArgumentCheck::Pinned), &schemas);
    assert_eq!(gate.call("read", Some("{\"b\": 1}")), Verdict::Pass);
    assert!(why(gate.call("read", Some("{\"c\": 1}"))).contains("required"));
}

#[test]
fn a_question_shows_the_arguments_and_what_is_left_out() {
    let rules = ToolRules {
        confirm: set(&["send*"]),
        arguments: ArgumentCheck::Any,
        ..ToolRules::default()
    };
    let gate = gate(rules, &[]);
    let Verdict::Confirm { title, body } = gate.call("send_mail", Some("{\"to\": \"a\u{202e}b\"}")) else {
        panic!()
    };
    assert_eq!(title, "let the tool `send_mail` be called?");
    assert_eq!(body, "{\"to\": \"a\\u{202e}b\"}");
    let long = format!("{{\"a\": \"{}\", \"bcc\": \"evil\"}}", "x".repeat(9_000));
    let Verdict::Confirm { body, .. } = gate.call("send_mail", Some(&long)) else {
        panic!()
    };
    assert!(
        body.contains("characters are not shown") && body.contains("\"bcc\": \"evil\"}"),
        "{body}"
    );
    assert!(body.len() < 5_000);
}

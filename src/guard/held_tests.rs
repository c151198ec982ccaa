//! What waits for the user's word, and what has turned when it comes.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::frame::Id;
use super::held::{Held, Wait, Way};
use super::testing::{Bench, Fake, listed, setup, surface, told};
use super::{Grade, Output, Said};
use crate::model::ItemKind;
use crate::model::guard::{ElicitationRules, Review, SamplingRules};
use crate::surface::take::Places;

/// A guard that asks before `add` is called, and before a server's questions pass.
fn asking(fake: &Fake, grade: Grade) -> Bench {
    let mut set = setup(Some(surface(vec![fake.view(&Places::default())])));
    set.rules.tools.confirm.insert("add".parse().unwrap());
    set.rules.sampling = Some(SamplingRules::default());
    set.rules.elicitation = Some(ElicitationRules {
        review: Review::Ask,
        ..ElicitationRules::default()
    });
    set.grading.exact.insert("tool-description-changed", grade);
    let mut bench = Bench::of(fake);
    bench.guard = listed(set);
    bench.shake(fake);
    bench
}

fn turned(fake: &Fake) -> Fake {
    let mut turned = fake.clone();
    turned.tools()[1]["description"] = "Adds two numbers, EVIL-TEXT.".into();
    turned
}

fn nothing(out: &Output) -> bool {
    !out.pass && out.to_client.is_empty() && out.to_server.is_empty()
}

const SAMPLING: &str = r#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{"messages":[],"maxTokens":9}}"#;

#[test]
fn a_yes_to_a_tool_that_turned_meanwhile_calls_nothing() {
    for fake in [Fake::legacy(), Fake::modern()] {
        let mut bench = asking(&fake, Grade::Warning);
        let question = bench.call("tools/call", json!({"name": "add"}));
        bench.list(&turned(&fake), ItemKind::Tool);
        let out = bench.says(&question, Said::Yes);
        assert!(out.to_server.is_empty(), "{out:?}");
        assert!(told(&out)["error"]["message"].as_str().unwrap().contains("tool `add`"));

        let mut bench = asking(&fake, Grade::Critical);
        let question = bench.call("tools/call", json!({"name": "add"}));
        assert!(bench.list(&turned(&fake), ItemKind::Tool).close);
        assert!(nothing(&bench.says(&question, Said::Yes)));
    }
}

#[test]
fn a_list_that_changed_meanwhile_is_looked_at_before_the_call() {
    for evil in [false, true] {
        let fake = Fake::legacy();
        let mut bench = asking(&fake, Grade::Warning);
        let question = bench.call("tools/call", json!({"name": "add"}));
        bench.server(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
        let out = bench.says(&question, Said::Yes);
        let asked: Value = serde_json::from_slice(&out.to_server[0]).unwrap();
        assert_eq!(asked["method"], "tools/list");
        let now = if evil { turned(&fake) } else { fake };
        let answer = json!({"jsonrpc": "2.0", "id": asked["id"], "result": now.result(ItemKind::Tool)});
        let out = bench.server(&answer.to_string());
        assert!(out.questions.is_empty(), "asked once");
        assert_eq!((out.to_server.len(), out.to_client.len()), if evil { (0, 1) } else { (1, 0) });
        assert!(!bench.told.contains("EVIL"));
    }
}

#[test]
fn a_yes_that_comes_too_late_is_none() {
    let mut bench = asking(&Fake::legacy(), Grade::Warning);
    let question = &bench.call("tools/call", json!({"name": "add"})).questions[0];
    let out = bench
        .guard
        .answered(question.id, Said::Yes, question.until + SignedDuration::from_secs(1));
    assert_eq!((out.to_server.len(), out.to_client.len()), (0, 1));
}

#[test]
fn a_request_of_the_server_that_is_over_does_not_reach_the_client() {
    let fake = Fake::legacy();
    let mut bench = asking(&fake, Grade::Warning);
    let question = bench.server(SAMPLING);
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s"}}"#;
    assert!(nothing(&bench.server(cancel)), "the client has not heard of it");
    assert!(nothing(&bench.says(&question, Said::Yes)));

    let question = bench.server(SAMPLING);
    let again = bench.server(&SAMPLING.replace("sampling/createMessage", "ping"));
    assert!(!again.pass && again.to_server.len() == 1, "its id is in use: {again:?}");
    assert_eq!(bench.says(&question, Said::Yes).to_client.len(), 1);
    assert!(bench.guard.asked_by_server.contains_key(&Id::text("s")));

    let question = bench.server(&SAMPLING.replace("\"s\"", "\"t\""));
    bench.guard.setup.rules.sampling = None;
    bench.asks_anew();
    let out = bench.says(&question, Said::Yes);
    assert_eq!((out.to_client.len(), out.to_server.len()), (0, 1), "the rules hold when it goes on");
}

#[test]
fn questions_inside_a_result_do_not_outlive_their_request() {
    let fake = Fake::modern();
    let form = json!({"message": "Name?", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}});
    let asks = json!({"resultType": "input_required", "requestState": "s",
        "inputRequests": {"k": {"method": "elicitation/create", "params": form}}});
    let mut bench = asking(&fake, Grade::Warning);
    let question = bench.reply("tools/call", json!({"name": "echo"}), &asks);
    let ping = bench.client(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(told(&ping)["error"]["code"], -32600, "the id is in use");
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
    bench.client(cancel);
    assert!(nothing(&bench.says(&question, Said::Yes)), "nobody waits for it");

    let mut bench = asking(&fake, Grade::Critical);
    bench.reply("tools/call", json!({"name": "echo"}), &asks);
    let out = bench.list(&turned(&fake), ItemKind::Tool);
    assert_eq!(out.to_client.len(), 2, "the waiting request is answered too: {out:?}");

    let mut bench = asking(&fake, Grade::Warning);
    let mut evil = fake.clone();
    evil.tools()[0]["description"] = "Echoes a text, EVIL-TEXT.".into();
    let question = bench.reply("tools/call", json!({"name": "echo"}), &asks);
    bench.list(&evil, ItemKind::Tool);
    let out = bench.says(&question, Said::Yes);
    assert!(told(&out)["error"].is_object(), "what asked has turned");

    let mut bench = asking(&fake, Grade::Warning);
    let question = bench.reply("tools/call", json!({"name": "echo"}), &asks);
    assert_eq!(told(&bench.says(&question, Said::Yes))["result"], asks);
    assert_eq!(bench.guard.due(), None);
    assert_eq!(bench.guard.tick(Timestamp::MAX).to_client.len(), 0);
}

#[test]
fn what_waits_is_bounded() {
    let mut bench = asking(&Fake::legacy(), Grade::Warning);
    for _ in 0..64 {
        assert_eq!(bench.call("tools/call", json!({"name": "add"})).questions.len(), 1);
    }
    let error = told(&bench.call("tools/call", json!({"name": "add"})))["error"].clone();
    assert!(error["message"].as_str().unwrap().contains("too many questions"), "{error}");

    let mut bench = asking(&Fake::legacy(), Grade::Warning);
    let held = |bytes: usize| Held {
        way: Way::Completion,
        wait: Wait::Desktop,
        id: Id::null(),
        frame: vec![b' '; bytes],
        title: String::new(),
        body: String::new(),
        until: None,
    };
    for _ in 0..4 {
        assert!(bench.guard.keep(held(16 * 1024 * 1024)).is_ok());
    }
    assert!(bench.guard.keep(held(1)).is_err());
}

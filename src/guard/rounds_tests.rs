//! One yes for all rounds of a call, and for nothing else.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::testing::{Bench, Fake, listed, setup, surface, told};
use super::{Grade, Output, Said};
use crate::model::ItemKind;
use crate::model::guard::{ElicitationRules, Review, SamplingRules};
use crate::surface::take::Places;

/// A guard that asks at the desktop before `add` is called, and lets the server ask forms.
fn confirming(grade: Grade) -> Bench {
    let fake = Fake::modern();
    let mut set = setup(Some(surface(vec![fake.view(&Places::default())])));
    set.rules.tools.confirm.insert("add".parse().unwrap());
    set.rules.elicitation = Some(ElicitationRules {
        rounds: 20,
        per_minute: 50,
        ..ElicitationRules::default()
    });
    set.grading.exact.insert("tool-description-changed", grade);
    let mut bench = Bench::of(&fake);
    bench.guard = listed(set);
    bench.shake(&fake);
    bench
}

fn asks(state: &str) -> Value {
    let form = json!({"message": "Colour?", "requestedSchema": {"type": "object", "properties": {}}});
    json!({"resultType": "input_required", "requestState": state,
        "inputRequests": {"k": {"method": "elicitation/create", "params": form}}})
}

fn turned() -> Fake {
    let mut turned = Fake::modern();
    turned.tools()[1]["description"] = "Adds two numbers, EVIL-TEXT.".into();
    turned
}

/// The call's next round.
fn again(bench: &mut Bench, state: &str) -> Output {
    let answers = json!({"k": {"action": "accept", "content": {}}});
    bench.call(
        "tools/call",
        json!({"name": "add", "arguments": {"text": "1"}, "requestState": state, "inputResponses": answers}),
    )
}

/// The server answers what went to it last.
fn answered(bench: &mut Bench, out: &Output, result: &Value) {
    let id = match out.to_server.last() {
        Some(frame) => serde_json::from_slice::<Value>(frame).unwrap()["id"].as_i64().unwrap(),
        None => bench.last(),
    };
    let out = bench.server(&json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string());
    assert!(out.pass, "{out:?}");
}

/// A call to which the user said yes, and which the server answered with a question.
fn agreed(grade: Grade) -> Bench {
    let mut bench = confirming(grade);
    let question = bench.call("tools/call", json!({"name": "add", "arguments": {"text": "1"}}));
    let out = bench.says(&question, Said::Yes);
    answered(&mut bench, &out, &asks("s1"));
    bench
}

#[test]
fn one_yes_holds_for_all_rounds_of_its_call() {
    let mut bench = agreed(Grade::Warning);
    for round in 1..6 {
        let out = again(&mut bench, &format!("s{round}"));
        assert!(out.pass && out.questions.is_empty(), "round {round}: {out:?}");
        answered(&mut bench, &out, &asks(&format!("s{}", round + 1)));
    }
    let out = again(&mut bench, "s6");
    answered(&mut bench, &out, &json!({"content": []}));
    // That call is over: the same again is another one, and so is one with a state that was used.
    assert_eq!(again(&mut bench, "s6").questions.len(), 1);
    let out = bench.call("tools/call", json!({"name": "add", "arguments": {"text": "1"}}));
    assert_eq!(out.questions.len(), 1);
}

#[test]
fn a_yes_is_not_for_another_call() {
    for params in [
        json!({"name": "add", "arguments": {"text": "2"}, "requestState": "s1"}),
        json!({"name": "add", "arguments": {"text": "1"}, "requestState": "s2"}),
        json!({"name": "add", "requestState": "s1"}),
        json!({"name": "add", "arguments": {"text": "1"}, "task": {}, "requestState": "s1"}),
        json!({"name": "add", "arguments": {"text": "1"}}),
    ] {
        let out = agreed(Grade::Warning).call("tools/call", params.clone());
        assert!(!out.pass && out.questions.len() == 1, "{params}");
    }
    // Nor twice for one question of the server.
    let mut bench = agreed(Grade::Warning);
    assert!(again(&mut bench, "s1").pass);
    assert_eq!(again(&mut bench, "s1").questions.len(), 1);
    // Nor after a no.
    let mut bench = confirming(Grade::Warning);
    let question = bench.call("tools/call", json!({"name": "add", "arguments": {"text": "1"}}));
    bench.says(&question, Said::No);
    assert_eq!(again(&mut bench, "s1").questions.len(), 1);
    // A state that another call was given since is that call's.
    let mut bench = agreed(Grade::Warning);
    bench.reply("tools/call", json!({"name": "echo"}), &asks("s1"));
    assert_eq!(again(&mut bench, "s1").questions.len(), 1);
}

#[test]
fn a_yes_ends_where_the_tool_turns() {
    // Served as pinned, and refused.
    let mut bench = agreed(Grade::Warning);
    bench.list(&turned(), ItemKind::Tool);
    assert!(
        told(&again(&mut bench, "s1"))["error"]["message"]
            .as_str()
            .unwrap()
            .contains("tool `add`")
    );
    // Let pass by its grade: asked about again.
    let mut bench = agreed(Grade::Notice);
    bench.list(&turned(), ItemKind::Tool);
    assert_eq!(again(&mut bench, "s1").questions.len(), 1);
    // Looked at first where the server says that its list changed.
    for (now, asked_again) in [(Fake::modern(), false), (turned(), true)] {
        let mut bench = agreed(Grade::Notice);
        bench.server(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
        let out = again(&mut bench, "s1");
        let asked: Value = serde_json::from_slice(&out.to_server[0]).unwrap();
        assert_eq!((out.pass, &asked["method"]), (false, &json!("tools/list")));
        let out = bench.server(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": now.result(ItemKind::Tool)}).to_string());
        assert_eq!(
            (out.questions.len(), out.to_server.len()),
            if asked_again { (1, 0) } else { (0, 1) }
        );
    }
}

#[test]
fn a_completion_is_shown_though_the_call_was_agreed_to() {
    completed(false);
    completed(true);
}

fn completed(turns: bool) {
    let mut bench = confirming(Grade::Notice);
    bench.guard.setup.rules.sampling = Some(SamplingRules {
        review: Review::Ask,
        ..SamplingRules::default()
    });
    bench.asks_anew();
    let question = bench.call("tools/call", json!({"name": "add", "arguments": {"text": "1"}}));
    let out = bench.says(&question, Said::Yes);
    let id = serde_json::from_slice::<Value>(&out.to_server[0]).unwrap()["id"].clone();
    let prompt = json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 9}});
    let result = json!({"resultType": "input_required", "requestState": "s1", "inputRequests": {"k": prompt}});
    let question = bench.server(&json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string());
    bench.says(&question, Said::Yes);
    let answer = json!({"k": {"role": "assistant", "content": {"type": "text", "text": "ANSWER"}, "model": "m"}});
    let params = json!({"name": "add", "arguments": {"text": "1"}, "requestState": "s1", "inputResponses": answer});
    let question = bench.call("tools/call", params);
    assert_eq!(question.questions.len(), 1);
    assert_eq!(question.questions[0].body, "ANSWER", "and not the arguments once more");
    if turns {
        // The yes to the completion is none to what the tool has become.
        bench.list(&turned(), ItemKind::Tool);
        let question = bench.says(&question, Said::Yes);
        assert!(question.to_server.is_empty() && question.questions.len() == 1, "{question:?}");
        assert!(!question.questions[0].body.contains("ANSWER"));
        assert_eq!(bench.says(&question, Said::Yes).to_server.len(), 1);
        return;
    }
    let out = bench.says(&question, Said::Yes);
    answered(&mut bench, &out, &asks("s2"));
    assert!(again(&mut bench, "s2").pass);
}

#[test]
fn where_nothing_is_pinned_every_round_is_asked_about() {
    let mut set = setup(None);
    set.rules.tools.confirm.insert("add".parse().unwrap());
    set.rules.elicitation = Some(ElicitationRules::default());
    let mut bench = confirming(Grade::Warning);
    bench.guard = listed(set);
    let question = bench.call("tools/call", json!({"name": "add", "arguments": {"text": "1"}}));
    let out = bench.says(&question, Said::Yes);
    answered(&mut bench, &out, &asks("s1"));
    assert_eq!(again(&mut bench, "s1").questions.len(), 1);
}

#[test]
fn a_question_that_is_answered_too_late_stays_unanswered() {
    let mut bench = agreed(Grade::Warning);
    let call = r#"{"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":"add","arguments":{"text":"1"},"requestState":"s1"}}"#;
    let out = bench.guard.from_client(call.as_bytes(), Timestamp::from_second(86_400).unwrap());
    assert!(told(&out)["error"]["message"].as_str().unwrap().contains("in time"), "{out:?}");
}

#[test]
fn without_a_state_the_next_round_is_of_the_same_thing() {
    let tool = |name: &str| ("tools/call", json!({"name": name, "arguments": {"text": "1"}}));
    let task = |id: &str| ("tasks/result", json!({"taskId": id}));
    let prompt = ("prompts/get", json!({"name": "greet"}));
    let completion = json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 9}});
    let answer = json!({"k": {"role": "assistant", "content": {"type": "text", "text": "ANSWER"}, "model": "m"}});
    for (pinned, asked, other) in [
        (true, tool("add"), tool("echo")),
        (true, tool("add"), prompt.clone()),
        (true, task("1"), task("2")),
        (true, task("1"), tool("add")),
        (false, tool("add"), prompt),
    ] {
        for (next, is_shown) in [(&asked, true), (&other, false)] {
            let mut bench = confirming(Grade::Notice);
            let mut set = setup(pinned.then(|| surface(vec![Fake::modern().view(&Places::default())])));
            set.rules.sampling = Some(SamplingRules {
                review: Review::Ask,
                ..SamplingRules::default()
            });
            bench.guard = listed(set);
            let result = json!({"resultType": "input_required", "inputRequests": {"k": completion}});
            let question = bench.reply(asked.0, asked.1.clone(), &result);
            bench.says(&question, Said::Yes);
            let mut params = next.1.clone();
            params["inputResponses"] = answer.clone();
            let out = bench.call(next.0, params);
            assert_eq!(
                (!out.pass, out.questions.len() == 1),
                (is_shown, is_shown),
                "{asked:?} {next:?} {out:?}"
            );
        }
    }
}

//! The user's word through the client's own dialog, completions on their way back, and rounds.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::Alone;
use super::testing::{Bench, Fake, listed, setup, surface, told};
use super::{Grade, Output, Said};
use crate::model::ItemKind;
use crate::model::guard::{AskThrough, ElicitationRules, Review, SamplingRules};
use crate::surface::take::Places;

/// A client that shows forms, and a guard that asks before `add` is called and lets the server ask.
fn forms(fake: &Fake, ask: AskThrough) -> Bench {
    let mut set = setup(Some(surface(vec![fake.view(&Places::default())])));
    set.rules.ask = ask;
    set.rules.tools.confirm.insert("add".parse().unwrap());
    set.rules.elicitation = Some(ElicitationRules::default());
    set.grading.exact.insert("tool-description-changed", Grade::Warning);
    let mut bench = Bench::of(fake);
    bench.guard = listed(set);
    bench.can = json!({"elicitation": {}});
    bench.shake(fake);
    bench
}

fn frame(out: &Output) -> Value {
    assert!(!out.pass && out.questions.is_empty(), "{out:?}");
    assert_eq!(out.to_client.len(), 1, "{out:?}");
    serde_json::from_slice(&out.to_client[0]).unwrap()
}

fn reply(bench: &mut Bench, asked: &Value, result: &Value) -> Output {
    bench.client(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}).to_string())
}

fn approved() -> Value {
    json!({"action": "accept", "content": {"decision": "approve"}})
}

/// All that is no yes.
fn noes() -> Vec<Value> {
    vec![
        json!({"action": "accept"}),
        json!({"action": "accept", "content": {}}),
        json!({"action": "accept", "content": {"decision": "refuse"}}),
        json!({"action": "accept", "content": {"decision": true}}),
        json!({"action": "accept", "content": "approve"}),
        json!({"action": "decline", "content": {"decision": "approve"}}),
        json!({"action": "cancel"}),
        json!({"action": ["accept"], "content": {"decision": "approve"}}),
        json!({"content": {"decision": "approve"}}),
        json!({}),
        json!("accept"),
    ]
}

#[test]
fn an_older_client_is_asked_by_a_request_and_the_call_goes_on_as_it_came() {
    let fake = Fake::legacy();
    let mut bench = forms(&fake, AskThrough::Either);
    let call = r#"{"id":70,"jsonrpc":"2.0","method":"tools/call","params":{"name":"add","arguments":{"a":"\u001b1"}}}"#;
    let asked = frame(&bench.client(call));
    assert_eq!(asked["method"], "elicitation/create");
    assert!(asked["id"].as_str().unwrap().starts_with("mcp-pin/"));
    let message = asked["params"]["message"].as_str().unwrap();
    for part in ["mcp-pin asks", "server demo", "tool `add`", "\\u001b1"] {
        assert!(message.contains(part), "{message}");
    }
    for question in 0..9 {
        let out = bench.guard.answered(question, Said::Yes, Timestamp::UNIX_EPOCH);
        assert!(out.to_server.is_empty(), "nobody was asked at the desktop");
    }
    let out = reply(&mut bench, &asked, &approved());
    assert_eq!(out.to_server, [call.as_bytes()]);
    assert!(!out.pass && out.to_client.is_empty(), "the answer is the guard's");
    let again = reply(&mut bench, &asked, &approved());
    assert!(!again.pass && again.events.is_empty(), "once, and never the server's: {again:?}");
    for no in noes() {
        let mut bench = forms(&fake, AskThrough::Client);
        let asked = frame(&bench.call("tools/call", json!({"name": "add"})));
        let out = reply(&mut bench, &asked, &no);
        assert!(out.to_server.is_empty(), "{no}");
        assert_eq!(frame(&out)["error"]["code"], -32050, "{no}");
    }
}

#[test]
fn a_newer_client_is_asked_in_the_answer_to_its_call() {
    let fake = Fake::modern();
    let mut bench = forms(&fake, AskThrough::Either);
    let arguments = json!({"a": 1, "b": [2]});
    let params = json!({"name": "add", "arguments": arguments, "requestState": "servers", "inputResponses": {"k": {}}});
    let asked = frame(&bench.call("tools/call", params.clone()));
    let (state, key) = (
        asked["result"]["requestState"].clone(),
        &asked["result"]["inputRequests"]["mcp-pin"],
    );
    assert_eq!(
        (&asked["result"]["resultType"], &key["method"]),
        (&json!("input_required"), &json!("elicitation/create"))
    );
    let again = |state: &Value, name: &str, arguments: &Value, said: &Value| json!({"name": name, "arguments": arguments, "requestState": state, "inputResponses": {"mcp-pin": said}});
    let out = bench.call("tools/call", again(&state, "add", &arguments, &approved()));
    assert!(!out.pass && out.to_client.is_empty(), "{out:?}");
    let mut went: Value = serde_json::from_slice(&out.to_server[0]).unwrap();
    let id = went["id"].as_i64().unwrap();
    assert!(went["params"].as_object_mut().unwrap().remove("_meta").is_some());
    assert_eq!(went["params"], params, "what was asked about, with the server's own state");
    assert!(
        bench
            .server(&json!({"jsonrpc": "2.0", "id": id, "result": {"content": []}}).to_string())
            .pass
    );
    // Not twice, and not for another call.
    let out = bench.call("tools/call", again(&state, "add", &arguments, &approved()));
    assert!(out.to_server.is_empty() && frame(&out)["error"].is_object());
    for (name, arguments) in [("add", json!({"a": 2, "b": [2]})), ("echo", json!({"a": 1, "b": [2]}))] {
        let mut bench = forms(&fake, AskThrough::Either);
        let state = frame(&bench.call("tools/call", params.clone()))["result"]["requestState"].clone();
        let out = bench.call("tools/call", again(&state, name, &arguments, &approved()));
        assert!(!out.pass && out.to_server.is_empty() && frame(&out)["error"].is_object(), "{name}");
    }
    for no in noes() {
        let mut bench = forms(&fake, AskThrough::Either);
        let state = frame(&bench.call("tools/call", params.clone()))["result"]["requestState"].clone();
        let out = bench.call("tools/call", again(&state, "add", &json!({"a": 1, "b": [2]}), &no));
        assert!(!out.pass && out.to_server.is_empty() && frame(&out)["error"].is_object(), "{no}");
    }
    // Under an id that is open it is no answer, and the question stands.
    let mut bench = forms(&fake, AskThrough::Either);
    let state = frame(&bench.call("tools/call", params.clone()))["result"]["requestState"].clone();
    assert!(bench.client(r#"{"jsonrpc":"2.0","id":900,"method":"ping"}"#).pass);
    let retry = json!({"jsonrpc": "2.0", "id": 900, "method": "tools/call", "params": again(&state, "add", &arguments, &approved())});
    assert_eq!(frame(&bench.client(&retry.to_string()))["error"]["code"], -32600);
    let out = bench.call("tools/call", again(&state, "add", &arguments, &approved()));
    assert_eq!(out.to_server.len(), 1, "{out:?}");
    // Too late, and what turned meanwhile.
    let mut bench = forms(&fake, AskThrough::Either);
    let state = frame(&bench.call("tools/call", params.clone()))["result"]["requestState"].clone();
    assert!(
        bench.wait().to_client.is_empty() && bench.guard.due().is_none(),
        "the call was answered"
    );
    let out = bench.call("tools/call", again(&state, "add", &arguments, &approved()));
    assert!(out.to_server.is_empty() && frame(&out)["error"].is_object());
    let mut bench = forms(&fake, AskThrough::Either);
    let state = frame(&bench.call("tools/call", params.clone()))["result"]["requestState"].clone();
    let mut turned = fake.clone();
    turned.tools()[1]["description"] = "Adds two numbers, EVIL.".into();
    bench.list(&turned, ItemKind::Tool);
    let out = bench.call("tools/call", again(&state, "add", &arguments, &approved()));
    assert!(out.to_server.is_empty() && frame(&out)["error"]["message"].as_str().unwrap().contains("tool `add`"));
}

#[test]
fn where_the_client_shows_no_forms_the_rules_say_who_asks() {
    for fake in [Fake::legacy(), Fake::modern()] {
        for can in [json!({}), json!({"elicitation": {"url": {}}})] {
            for ask in AskThrough::ALL {
                let mut bench = forms(&fake, ask);
                bench.can = can.clone();
                bench.shake(&fake);
                let out = bench.call("tools/call", json!({"name": "add"}));
                assert!(out.to_server.is_empty() && !out.pass);
                let at_the_desktop = ask != AskThrough::Client;
                assert_eq!(
                    (out.questions.len() == 1, out.to_client.is_empty()),
                    (at_the_desktop, at_the_desktop),
                    "{ask:?}"
                );
            }
        }
        let mut bench = forms(&fake, AskThrough::Desktop);
        assert_eq!(
            bench.call("tools/call", json!({"name": "add"})).questions.len(),
            1,
            "whatever the client can"
        );
    }
    // A version without forms, and a client that cannot after all.
    let mut fake = Fake::legacy();
    fake.handshake["protocolVersion"] = "2025-03-26".into();
    let mut bench = forms(&fake, AskThrough::Either);
    assert_eq!(bench.call("tools/call", json!({"name": "add"})).questions.len(), 1);
    for (ask, desktop) in [(AskThrough::Either, true), (AskThrough::Client, false)] {
        let mut bench = forms(&Fake::legacy(), ask);
        let asked = frame(&bench.call("tools/call", json!({"name": "add"})));
        let error = json!({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}});
        let out = bench.client(&error.to_string());
        assert!(out.to_server.is_empty());
        assert_eq!((out.questions.len(), out.to_client.len()), if desktop { (1, 0) } else { (0, 1) });
        if desktop {
            assert_eq!(bench.says(&out, Said::Yes).to_server.len(), 1);
        }
    }
}

#[test]
fn a_question_is_taken_off_the_screen_when_nobody_waits_for_it() {
    let fake = Fake::legacy();
    let mut bench = forms(&fake, AskThrough::Either);
    let asked = frame(&bench.client(r#"{"jsonrpc":"2.0","id":70,"method":"tools/call","params":{"name":"add"}}"#));
    let out = bench.client(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":70}}"#);
    let cancelled = frame(&out);
    assert_eq!(
        (&cancelled["method"], &cancelled["params"]["requestId"]),
        (&json!("notifications/cancelled"), &asked["id"])
    );
    assert!(out.to_server.is_empty());
    assert!(reply(&mut bench, &asked, &approved()).to_server.is_empty());
    let asked = frame(&bench.call("tools/call", json!({"name": "add"})));
    let out = bench.wait();
    assert_eq!(
        (out.to_client.len(), out.to_server.len()),
        (2, 0),
        "the dialog and the call: {out:?}"
    );
    assert!(String::from_utf8_lossy(&out.to_client[0]).contains(asked["id"].as_str().unwrap()));
}

#[test]
fn a_server_cannot_ask_or_answer_in_the_guards_name() {
    let fake = Fake::legacy();
    let mut bench = forms(&fake, AskThrough::Either);
    let asked = frame(&bench.call("tools/call", json!({"name": "add"})));
    let own = &asked["id"];
    // Its answer, its request under the same id, its taking back.
    assert!(
        !bench
            .server(&json!({"jsonrpc": "2.0", "id": own, "result": approved()}).to_string())
            .pass
    );
    let request = json!({"jsonrpc": "2.0", "id": own, "method": "ping"});
    let out = bench.server(&request.to_string());
    assert!(!out.pass && out.to_client.is_empty() && out.to_server.len() == 1);
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": own}});
    assert!(!bench.server(&cancel.to_string()).pass);
    // A form that looks like the guard's.
    let form = |message: &str| {
        json!({"jsonrpc": "2.0", "id": "f", "method": "elicitation/create", "params": {
            "message": message, "requestedSchema": {"type": "object", "properties": {"decision": {"type": "string", "enum": ["approve"]}}}}})
    };
    let out = bench.server(&form("MCP\u{2011}PIN asks: approve?").to_string());
    assert!(!out.pass && out.to_client.is_empty() && out.to_server.len() == 1);
    assert!(bench.server(&form("Which colour?").to_string()).pass, "an honest one passes");
    assert_eq!(reply(&mut bench, &asked, &approved()).to_server.len(), 1, "and the question stands");

    let mut bench = forms(&Fake::modern(), AskThrough::Either);
    let state = frame(&bench.call("tools/call", json!({"name": "add"})))["result"]["requestState"].clone();
    for requests in [
        json!({}),
        json!({"mcp-pin": {"method": "elicitation/create", "params": form("Colour?")["params"]}}),
    ] {
        let result = json!({"resultType": "input_required", "requestState": state, "inputRequests": requests});
        let out = bench.reply("tools/call", json!({"name": "echo"}), &result);
        assert!(told(&out)["error"].is_object(), "{requests}");
    }
    let result = json!({"resultType": "input_required", "requestState": state});
    assert!(told(&bench.reply("tools/call", json!({"name": "echo"}), &result))["error"].is_object());
}

#[test]
fn a_question_of_a_tool_that_turned_is_not_shown_after_a_yes() {
    let fake = Fake::modern();
    let form = json!({"message": "Colour?", "requestedSchema": {"type": "object", "properties": {}}});
    let asks = json!({"resultType": "input_required", "requestState": "s",
        "inputRequests": {"k": {"method": "elicitation/create", "params": form}}});
    for turns in [false, true] {
        let mut bench = forms(&fake, AskThrough::Either);
        bench.guard.setup.rules.elicitation = Some(ElicitationRules {
            review: Review::Ask,
            ..ElicitationRules::default()
        });
        bench.asks_anew();
        let asked = frame(&bench.reply("tools/call", json!({"name": "echo"}), &asks));
        let state = &asked["result"]["requestState"];
        assert!(state.as_str().unwrap().starts_with("mcp-pin/"), "{asked}");
        if turns {
            let mut turned = fake.clone();
            turned.tools()[0]["description"] = "Echoes a text, EVIL.".into();
            bench.list(&turned, ItemKind::Tool);
        }
        let params = json!({"name": "echo", "requestState": state, "inputResponses": {"mcp-pin": approved()}});
        let out = frame(&bench.call("tools/call", params));
        assert_eq!(out["result"] == asks, !turns, "{out}");
        assert_eq!(out["error"].is_object(), turns, "{out}");
    }
}

/// A client that completes for the server.
fn completing(fake: &Fake, review: Review) -> Bench {
    let mut bench = forms(fake, AskThrough::Desktop);
    bench.guard.setup.rules.sampling = Some(SamplingRules {
        review,
        timeout: 30,
        rounds: 2,
        per_minute: 50,
        ..SamplingRules::default()
    });
    bench.asks_anew();
    bench
}

const PROMPT: &str = r#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{"messages":[],"maxTokens":9}}"#;
const COMPLETION: &str =
    r#"{"jsonrpc":"2.0","id":"s","result":{"role":"assistant","content":{"type":"text","text":"ANSWER"},"model":"m"}}"#;

#[test]
fn a_completion_is_shown_before_the_server_has_it() {
    for said in [Said::Yes, Said::No] {
        let mut bench = completing(&Fake::legacy(), Review::Ask);
        let question = bench.server(PROMPT);
        assert_eq!(
            bench.guard.setup.budget.take(1, 10, question.questions[0].until),
            Ok(10),
            "it is counted"
        );
        bench.says(&question, Said::Yes);
        let question = bench.client(COMPLETION);
        assert!(!question.pass && question.to_server.is_empty() && question.questions[0].body == "ANSWER");
        assert!(bench.guard.holds());
        let out = bench.says(&question, said);
        assert!(out.to_client.is_empty());
        assert_eq!(out.to_server == [COMPLETION.as_bytes()], said == Said::Yes, "{out:?}");
        assert_eq!(out.to_server.len(), 1, "it is answered either way");
        assert!(!format!("{:?}", bench.events).contains("ANSWER"));
    }
    let mut bench = completing(&Fake::legacy(), Review::Pass);
    assert!(bench.server(PROMPT).pass && bench.client(COMPLETION).pass);
    // The server does not want it any more.
    let mut bench = completing(&Fake::legacy(), Review::Ask);
    let question = bench.server(PROMPT);
    bench.says(&question, Said::Yes);
    let question = bench.client(COMPLETION);
    bench.server(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s"}}"#);
    assert!(bench.says(&question, Said::Yes).to_server.is_empty());
}

#[test]
fn a_completion_that_may_not_be_given_any_more_is_not() {
    let mut bench = completing(&Fake::legacy(), Review::Ask);
    let question = bench.server(PROMPT);
    bench.says(&question, Said::Yes);
    let question = bench.client(COMPLETION);
    bench.guard.setup.rules.sampling = None;
    bench.asks_anew();
    let out = bench.says(&question, Said::Yes);
    assert!(String::from_utf8_lossy(&out.to_server[0]).contains("not permitted"), "{out:?}");
}

#[test]
fn a_client_that_does_not_answer_in_time_is_answered_for() {
    let mut bench = completing(&Fake::legacy(), Review::Pass);
    assert!(bench.server(PROMPT).pass);
    let out = bench.wait();
    assert_eq!((out.to_server.len(), out.to_client.len()), (1, 1));
    assert!(String::from_utf8_lossy(&out.to_client[0]).contains("notifications/cancelled"));
    assert!(!bench.client(COMPLETION).pass, "too late");
    assert_eq!(bench.guard.due(), None);
}

#[test]
fn a_completion_inside_a_call_is_shown_too() {
    for review in [Review::Ask, Review::Pass] {
        let mut bench = completing(&Fake::modern(), review);
        let asks = json!({"resultType": "input_required", "requestState": "s",
            "inputRequests": {"k": {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 9}}}});
        let out = bench.reply("tools/call", json!({"name": "echo"}), &asks);
        assert_eq!(out.pass, review == Review::Pass);
        if review == Review::Ask {
            bench.says(&out, Said::Yes);
        }
        let answer = json!({"k": {"role": "assistant", "content": {"type": "text", "text": "ANSWER"}, "model": "m"}});
        let params = json!({"name": "echo", "requestState": "s", "inputResponses": answer});
        let out = bench.call("tools/call", params.clone());
        assert_eq!(
            (out.pass, out.questions.len()),
            if review == Review::Pass { (true, 0) } else { (false, 1) }
        );
        if review == Review::Ask {
            assert!(out.questions[0].body.contains("ANSWER"));
            let out = bench.says(&out, Said::Yes);
            let went: Value = serde_json::from_slice(&out.to_server[0]).unwrap();
            assert_eq!(went["params"]["inputResponses"], answer);
        }
    }
}

#[test]
fn answers_that_cannot_be_read_are_the_servers_to_refuse_unless_a_completion_is_among_them() {
    let sampling = json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 9}});
    let form =
        json!({"method": "elicitation/create", "params": {"message": "Colour?", "requestedSchema": {"type": "object", "properties": {}}}});
    for (question, shown) in [(Some(&sampling), true), (Some(&form), false), (None, false)] {
        for answers in [json!("EVIL"), json!(7), json!([{"k": 1}])] {
            let mut bench = completing(&Fake::modern(), Review::Ask);
            let mut asks = json!({"resultType": "input_required", "requestState": "s"});
            if let Some(question) = question {
                asks["inputRequests"] = json!({"k": question});
            }
            let out = bench.reply("tools/call", json!({"name": "echo"}), &asks);
            if shown {
                bench.says(&out, Said::Yes);
            }
            let out = bench.call(
                "tools/call",
                json!({"name": "echo", "requestState": "s", "inputResponses": answers}),
            );
            assert_eq!(
                (out.pass, out.to_client.len()),
                if shown { (false, 1) } else { (true, 0) },
                "{answers}"
            );
            if shown {
                assert_eq!(frame(&out)["error"]["code"], -32050);
            }
            assert!(out.to_server.is_empty() && !bench.told.contains("EVIL"));
        }
    }
    // A completion that two readers read differently cannot be shown, so it does not go on.
    let mut bench = completing(&Fake::modern(), Review::Ask);
    let asks = json!({"resultType": "input_required", "requestState": "s", "inputRequests": {"k": sampling}});
    let out = bench.reply("tools/call", json!({"name": "echo"}), &asks);
    bench.says(&out, Said::Yes);
    let call = r#"{"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":"echo","requestState":"s","inputResponses":{"k":{"content":{"text":"a","text":"b"}}}}}"#;
    let out = bench.client(call);
    assert!(!out.pass && frame(&out)["error"]["code"] == -32050, "{out:?}");
    // Nor where the guard knows of no question at all.
    let mut bench = completing(&Fake::modern(), Review::Ask);
    assert!(
        bench
            .call("tools/call", json!({"name": "echo", "requestState": "t", "inputResponses": []}))
            .pass
    );
}

#[test]
fn a_call_that_is_answered_with_questions_again_and_again_has_an_end() {
    for state in [json!("s"), Value::Null] {
        let mut bench = completing(&Fake::modern(), Review::Pass);
        let mut asks = json!({"resultType": "input_required",
            "inputRequests": {"k": {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 9}}}});
        let mut params = json!({"name": "echo"});
        for round in 1..4 {
            if !state.is_null() {
                asks["requestState"] = format!("s{round}").into();
            }
            let out = bench.reply("tools/call", params.clone(), &asks);
            assert_eq!(out.pass, round < 3, "round {round} {out:?}");
            params["inputResponses"] = json!({"k": {}});
            if !state.is_null() {
                params["requestState"] = format!("s{round}").into();
            }
        }
        // Another call has its own rounds.
        assert!(bench.reply("tools/call", json!({"name": "echo"}), &asks).pass);
    }
    // A task that is looked at again and again is one.
    let mut bench = completing(&Fake::modern(), Review::Pass);
    let asks = json!({"inputRequests": {"k": {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 9}}}});
    for task in ["t", "u", "v", "w", "x"] {
        for round in 1..4 {
            let out = bench.reply("tasks/get", json!({"taskId": task}), &asks);
            assert_eq!(out.pass, round < 3, "{task}, round {round}");
            assert!(
                bench
                    .reply("tasks/get", json!({"taskId": task}), &json!({"status": "working"}))
                    .pass
            );
        }
    }
}

#[test]
fn tokens_that_others_spent_count() {
    let fake = Fake::legacy();
    let mut set = setup(Some(surface(vec![fake.view(&Places::default())])));
    set.rules.sampling = Some(SamplingRules {
        review: Review::Pass,
        tokens_per_day: 20,
        ..SamplingRules::default()
    });
    for (spent, passes) in [(0, true), (11, true), (12, false)] {
        set.budget = Arc::new(Alone::default());
        assert_eq!(set.budget.take(spent, 20, Timestamp::UNIX_EPOCH), Ok(spent));
        let mut bench = Bench::new(set.clone());
        bench.shake(&fake);
        let out = bench.server(PROMPT);
        assert_eq!(out.pass, passes, "{spent}");
        let counted = spent + if passes { 9 } else { 0 };
        assert_eq!(set.budget.take(0, 20, Timestamp::UNIX_EPOCH), Ok(counted));
    }
}

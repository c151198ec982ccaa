//! Lists that the client never asked for, and the calls that wait for them.

use serde_json::{Value, json};

use super::testing::{Bench, Fake, setup, surface, told, tool};
use super::{Event, Grade, Output, Said};
use crate::model::ItemKind;
use crate::model::guard::GuardMode;
use crate::surface::take::Places;

const EVIL: &str = "EVIL-TEXT";

/// A client that has only shaken hands.
fn unlisted(fake: &Fake) -> Bench {
    let mut bench = Bench::of(fake);
    bench.guard.fresh.clear();
    bench.shake(fake);
    bench
}

fn sent(out: &Output) -> Value {
    assert!(!out.pass && out.to_client.is_empty(), "{out:?}");
    assert_eq!(out.to_server.len(), 1, "{out:?}");
    serde_json::from_slice(&out.to_server[0]).unwrap()
}

/// What the server answers the guard.
fn answer(bench: &mut Bench, asked: &Value, result: &Value) -> Output {
    bench.server(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}).to_string())
}

#[test]
fn the_first_call_waits_for_the_list_and_goes_on_as_it_came() {
    for fake in [Fake::legacy(), Fake::modern()] {
        let mut bench = unlisted(&fake);
        for (method, params, kind) in [
            ("tools/call", json!({"name": "echo"}), ItemKind::Tool),
            ("prompts/get", json!({"name": "greet"}), ItemKind::Prompt),
            ("resources/read", json!({"uri": "demo://one"}), ItemKind::Resource),
            ("resources/read", json!({"uri": "demo://text/1"}), ItemKind::Template),
        ] {
            let out = bench.call(method, params.clone());
            let asked = sent(&out);
            assert_eq!(asked["method"], kind.method());
            assert!(asked["id"].as_str().unwrap().starts_with("mcp-pin/"), "{asked}");
            let second = bench.call(method, params.clone());
            assert!(
                !second.pass && second.to_server.is_empty() && bench.guard.holds(),
                "one list for both"
            );
            let out = answer(&mut bench, &asked, &fake.result(kind));
            assert!(!out.pass && out.to_client.is_empty() && !bench.guard.holds());
            let went: Vec<Value> = out.to_server.iter().map(|frame| serde_json::from_slice(frame).unwrap()).collect();
            assert_eq!(went.len(), 2);
            assert!(went.iter().all(|call| call["method"] == method && call["id"].is_i64()));
            let id = &went[0]["id"];
            assert!(bench.server(&json!({"jsonrpc": "2.0", "id": id, "result": {}}).to_string()).pass);
            assert!(bench.call(method, params).pass, "once is enough");
        }
        assert_eq!(bench.events, []);
    }
}

#[test]
fn a_call_is_not_rewritten_by_waiting() {
    let fake = Fake::legacy();
    let mut bench = unlisted(&fake);
    let call = r#" { "id" : 7 ,"jsonrpc":"2.0", "method":"tools\/call","params":{"name":"echo","x":1.0} }"#;
    let asked = sent(&bench.client(call));
    let out = answer(&mut bench, &asked, &fake.result(ItemKind::Tool));
    assert_eq!(out.to_server, [call.as_bytes()]);
}

#[test]
fn a_tool_that_turned_without_being_listed_is_not_called() {
    let fake = Fake::legacy();
    for grade in [Grade::Warning, Grade::Critical] {
        let mut set = setup(Some(surface(vec![fake.view(&Places::default())])));
        set.grading.exact.insert("tool-description-changed", grade);
        let mut bench = Bench::new(set);
        bench.guard.fresh.clear();
        bench.shake(&fake);
        let mut turned = fake.clone();
        turned.tools()[0]["description"] = "Echoes a text, EVIL-TEXT.".into();
        let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
        let other = bench.call("tools/call", json!({"name": "add"}));
        assert!(other.to_server.is_empty());
        let out = answer(&mut bench, &asked, &turned.result(ItemKind::Tool));
        assert_eq!(out.close, grade == Grade::Critical);
        let calls = usize::from(grade == Grade::Warning);
        assert_eq!(out.to_server.len(), calls, "the other tool is as pinned");
        assert!(String::from_utf8_lossy(&out.to_client[0]).contains("tool `echo`"));
        assert_eq!(out.to_client.len(), 2 - calls);
        assert!(!bench.told.contains("mcp-pin/") && !bench.told.contains(EVIL));
        assert_eq!(bench.drifts()[0].grade, grade);
    }
}

#[test]
fn all_pages_are_compared() {
    let fake = Fake::legacy();
    let tools = fake.clone().tools().clone();
    for evil in [false, true] {
        let mut bench = unlisted(&fake);
        let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
        let asked = sent(&answer(&mut bench, &asked, &json!({"tools": [tools[0]], "nextCursor": "2"})));
        assert_eq!(asked["params"], json!({"cursor": "2"}));
        let second = if evil {
            json!({"name": "add", "inputSchema": {}, "description": EVIL})
        } else {
            tools[1].clone()
        };
        let out = answer(&mut bench, &asked, &json!({"tools": [second]}));
        assert_eq!(bench.drifts().is_empty(), !evil);
        assert!(out.to_server.len() == 1 || out.close);
    }
    // Pages without an end, and a list that changes all the time.
    let mut bench = unlisted(&fake);
    let mut asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    asked = sent(&answer(&mut bench, &asked, &json!({"tools": [], "nextCursor": "2"})));
    assert!(answer(&mut bench, &asked, &json!({"tools": [], "nextCursor": "2"})).close);
    let mut bench = unlisted(&fake);
    let mut asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    for at in 0..8 {
        let out = answer(&mut bench, &asked, &json!({"tools": [tools[0]], "nextCursor": format!("{at}")}));
        if !out.to_client.is_empty() {
            assert!(told(&out)["error"]["message"].as_str().unwrap().contains("changed again and again"));
            assert_eq!(at, 7, "three more listings, two pages each");
            return;
        }
        asked = sent(&out);
        if at % 2 == 0 {
            bench.server(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
        }
    }
    panic!("it never ended");
}

#[test]
fn without_an_answer_the_call_is_not_made() {
    let fake = Fake::legacy();
    let mut bench = unlisted(&fake);
    let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    let out = bench.wait();
    assert!(told(&out)["error"]["message"].as_str().unwrap().contains("in time") && out.to_server.is_empty());
    assert!(bench.guard.due().is_none());
    let late = answer(&mut bench, &asked, &fake.result(ItemKind::Tool));
    assert!(
        !late.pass && late.to_server.is_empty() && late.events.is_empty(),
        "swallowed: {late:?}"
    );
    let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    let error = json!({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": EVIL}});
    let out = bench.server(&error.to_string());
    assert!(told(&out)["error"]["message"].as_str().unwrap().contains("with an error"));
    assert!(out.to_server.is_empty() && !bench.told.contains(EVIL));
    let asked = bench.call("tools/call", json!({"name": "echo"}));
    assert_eq!(asked.to_server.len(), 1);
    let out = bench.guard.oversized(super::Side::Server, jiff::Timestamp::UNIX_EPOCH);
    assert_eq!((out.to_client.len(), out.to_server.len()), (1, 0), "{out:?}");
    assert!(!String::from_utf8_lossy(&out.to_client[0]).contains("mcp-pin/"));
}

#[test]
fn a_request_of_a_form_that_the_server_does_not_take_gets_the_servers_error() {
    let fake = Fake::modern();
    let mut bench = unlisted(&fake);
    let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    let mut other = bench.call("tools/call", json!({"name": "add"}));
    assert!(other.to_server.is_empty());
    let error = json!({"code": -32022, "message": "no such version", "data": {"supported": ["2026-07-28"]}});
    let out = bench.server(&json!({"jsonrpc": "2.0", "id": asked["id"], "error": error}).to_string());
    assert_eq!(told(&out)["error"], error);
    assert!(out.events.is_empty());
    other.to_server = out.to_server;
    let again = sent(&other);
    assert_eq!(again["method"], "tools/list", "the other call may be of another form");
    assert_eq!(answer(&mut bench, &again, &fake.result(ItemKind::Tool)).to_server.len(), 1);
}

#[test]
fn what_the_client_lists_itself_counts_until_it_changes() {
    let fake = Fake::legacy();
    let mut bench = unlisted(&fake);
    let tools = fake.clone().tools().clone();
    bench.reply("tools/list", json!({}), &json!({"tools": [tools[0]], "nextCursor": "2"}));
    assert!(bench.guard.fresh.is_empty(), "one page is not the list");
    bench.reply("tools/list", json!({"cursor": "2"}), &json!({"tools": [tools[1]]}));
    bench.ask("tools/call", json!({"name": "echo"}));
    assert!(!bench.call("prompts/get", json!({"name": "greet"})).pass, "another list");
    assert!(
        bench
            .server(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
            .pass
    );
    let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    let mut turned = fake.clone();
    turned.tools().push(tool("new", EVIL));
    let out = answer(&mut bench, &asked, &turned.result(ItemKind::Tool));
    assert_eq!(out.to_server.len(), 1, "what is new is told and not there");
    assert_eq!(bench.drifts()[0].code, "tool-added");
    bench.ask("tools/call", json!({"name": "echo"}));
}

#[test]
fn a_call_given_up_while_it_waits_never_reaches_the_server() {
    let fake = Fake::legacy();
    let mut bench = unlisted(&fake);
    let out = bench.call("tools/call", json!({"name": "echo"}));
    let asked = sent(&out);
    let cancel = |id: Value| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}).to_string();
    assert!(bench.client(&cancel(asked["id"].clone())).pass, "an id the client never used");
    let out = bench.client(&cancel(json!(2)));
    assert!(!out.pass && out.to_server.is_empty());
    let out = answer(&mut bench, &asked, &fake.result(ItemKind::Tool));
    assert!(out.to_server.is_empty() && out.to_client.is_empty(), "{out:?}");
    assert!(
        bench
            .client(r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo"}}"#)
            .pass,
        "the id is free"
    );
}

#[test]
fn an_open_id_of_the_guards_cannot_be_taken() {
    let fake = Fake::legacy();
    let mut bench = unlisted(&fake);
    let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    let out = bench.client(&json!({"jsonrpc": "2.0", "id": asked["id"], "method": "ping"}).to_string());
    assert_eq!(told(&out)["error"]["code"], -32600);
    assert_eq!(answer(&mut bench, &asked, &fake.result(ItemKind::Tool)).to_server.len(), 1);
    // Nor is one that the client has open the guard's.
    let mut bench = unlisted(&fake);
    let taken: Vec<String> = (0..8).map(|at| format!("mcp-pin/list/{at}")).collect();
    for id in &taken {
        assert!(
            bench
                .client(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string())
                .pass
        );
    }
    let asked = sent(&bench.call("tools/call", json!({"name": "echo"})));
    assert!(taken.iter().all(|id| asked["id"] != **id), "{asked}");
}

#[test]
fn what_waits_for_a_list_goes_on_by_that_list_alone() {
    let fake = Fake::legacy();
    let mut bench = unlisted(&fake);
    let first = sent(&bench.call("tools/call", json!({"name": "echo"})));
    for question in 0..9 {
        let out = bench.guard.answered(question, Said::Yes, jiff::Timestamp::UNIX_EPOCH);
        assert!(out.to_server.is_empty(), "no word of the user's is asked for: {out:?}");
    }
    // The late answer to a listing that was given up is not that of the next one.
    bench.wait();
    let second = sent(&bench.call("tools/call", json!({"name": "echo"})));
    let late = answer(&mut bench, &first, &fake.result(ItemKind::Tool));
    assert!(!late.pass && late.to_server.is_empty() && bench.guard.holds(), "{late:?}");
    assert_eq!(answer(&mut bench, &second, &fake.result(ItemKind::Tool)).to_server.len(), 1);
}

#[test]
fn a_newer_server_hears_who_the_client_is_and_no_more() {
    let fake = Fake::modern();
    let mut bench = unlisted(&fake);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
        "progressToken": 5, "traceparent": "x",
    });
    let call = json!({"jsonrpc": "2.0", "id": 50, "method": "tools/call", "params": {"name": "echo", "_meta": meta}});
    let asked = sent(&bench.client(&call.to_string()));
    assert_eq!(
        asked["params"],
        json!({"_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
        }})
    );
    assert_eq!(answer(&mut bench, &asked, &fake.result(ItemKind::Tool)).to_server.len(), 1);
    // A server may list otherwise for a client that can do less.
    assert_eq!(sent(&bench.call("tools/call", json!({"name": "echo"})))["method"], "tools/list");
}

#[test]
fn while_observing_a_list_that_cannot_be_read_stops_nothing() {
    let fake = Fake::legacy();
    let mut set = setup(Some(surface(vec![fake.view(&Places::default())])));
    set.rules.mode = GuardMode::Observe;
    let mut bench = Bench::new(set);
    bench.guard.fresh.clear();
    bench.shake(&fake);
    sent(&bench.call("tools/call", json!({"name": "echo"})));
    let out = bench.wait();
    assert_eq!((out.to_server.len(), out.to_client.len()), (1, 0));
    assert!(matches!(out.events[..], [Event::Observed { .. }]));
}

#[test]
fn without_a_pin_nothing_is_asked() {
    let mut bench = Bench::new(setup(None));
    bench.guard.fresh.clear();
    bench.ask("tools/call", json!({"name": "whatever"}));
}

#[test]
fn a_page_that_was_clean_as_a_second_one_is_not_as_the_only_one() {
    let fake = Fake::modern();
    let mut bench = Bench::of(&fake);
    let bare = json!({"tools": fake.clone().tools().clone(), "resultType": "complete", "ttlMs": 1});
    assert!(bench.reply("tools/list", json!({"cursor": "2"}), &bare).pass);
    assert_eq!(bench.events, []);
    let out = bench.reply("tools/list", json!({}), &bare);
    assert!(!out.pass && !bench.drifts().is_empty(), "{out:?}");
}

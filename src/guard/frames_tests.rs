//! Frames that are malformed, batched, or from the wrong side.

use serde_json::json;

use super::testing::{Bench, Fake, told, tool};
use crate::model::ItemKind;

fn in_batches() -> Bench {
    let mut fake = Fake::legacy();
    fake.handshake["protocolVersion"] = "2025-03-26".into();
    let mut bench = Bench::of(&fake);
    let params = json!({"protocolVersion": "2025-03-26", "capabilities": {}});
    assert!(bench.reply("initialize", params, &fake.handshake).pass);
    bench
}

#[test]
fn batches_pass_where_the_protocol_has_them() {
    let batch = r#"[{"jsonrpc":"2.0","id":"a","method":"tools/list"}, {"jsonrpc":"2.0","id":"b","method":"ping"}]"#;
    let mut other = Bench::of(&Fake::legacy());
    other.shake(&Fake::legacy());
    let out = other.client(batch);
    assert!(!out.pass && out.to_client.len() == 1);
    assert!(!other.server(batch).pass);

    let mut bench = in_batches();
    assert!(bench.client(batch).pass);
    let answer = |tools: serde_json::Value| {
        let list = json!({"jsonrpc": "2.0", "id": "a", "result": {"tools": tools}});
        format!(r#"[{list}, {{"jsonrpc":"2.0","id":"b","result":{{}}}}, {{"jsonrpc":"2.0","id":"z","result":"EVIL"}}]"#)
    };
    let mut tools = Fake::legacy().tools().clone();
    tools.push(tool("evil", "EVIL"));
    let out = bench.server(&answer(tools.into()));
    let sent = told(&out);
    assert_eq!(sent[0]["result"], Fake::legacy().result(ItemKind::Tool));
    assert_eq!((&sent[1]["id"], sent.as_array().unwrap().len()), (&json!("b"), 2));
    assert!(!bench.told.contains("EVIL"));
}

#[test]
fn a_refused_call_in_a_batch_is_taken_out() {
    let mut bench = in_batches();
    let out = bench.client(
        r#"[{"jsonrpc":"2.0","id":1001,"method":"tools/call","params":{"name":"evil"}},{"jsonrpc":"2.0","id":1002,"method":"ping"}]"#,
    );
    assert!(!out.pass);
    assert_eq!(out.to_server, [br#"[{"jsonrpc":"2.0","id":1002,"method":"ping"}]"#.to_vec()]);
    assert_eq!(out.to_client.len(), 1);
}

#[test]
fn malformed_frames_of_the_client_are_answered() {
    for (frame, code) in [
        ("nonsense", -32700),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32600),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"evil"}}"#,
            -32600,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, -32600),
    ] {
        let mut bench = Bench::of(&Fake::legacy());
        let out = bench.client(frame);
        assert_eq!(told(&out)["error"]["code"], code, "{frame}");
        assert!(out.to_server.is_empty());
    }
}

#[test]
fn a_malformed_request_is_answered_under_its_id_where_nobody_can_mistake_it() {
    let mut bench = Bench::of(&Fake::legacy());
    let open = bench.ask("ping", json!({}));
    for (frame, id) in [
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","name":"evil"}}"#.to_owned(),
            json!("a"),
        ),
        (r#"{"jsonrpc":"1.0","id":77,"method":"ping"}"#.to_owned(), json!(77)),
        (r#"{"jsonrpc":"2.0","id":77,"id":78,"method":"ping"}"#.to_owned(), json!(null)),
        (r#"{"jsonrpc":"2.0","id":77,"method":"ping","method":"x"}"#.to_owned(), json!(null)),
        (r#"{"jsonrpc":"1.0","id":77,"result":{}}"#.to_owned(), json!(null)),
        (r#"{"jsonrpc":"2.0","id":77,"method":"ping","result":{}}"#.to_owned(), json!(null)),
        (format!(r#"{{"jsonrpc":"1.0","id":{open},"method":"ping"}}"#), json!(null)),
        (r#"{"jsonrpc":"1.0","id":[7],"method":"ping"}"#.to_owned(), json!(null)),
    ] {
        assert_eq!(told(&bench.client(&frame))["id"], id, "{frame}");
    }
}

#[test]
fn noise_is_left_out_and_told_once() {
    let mut bench = Bench::of(&Fake::legacy());
    for _ in 0..3 {
        let out = bench.server("[INFO] started EVIL");
        assert!(!out.pass && out.to_client.is_empty() && !out.close);
    }
    assert_eq!(bench.events.len(), 1);
    assert!(bench.server("").pass);
}

#[test]
fn a_hostile_frame_ends_its_request_or_the_connection() {
    let mut bench = Bench::of(&Fake::legacy());
    let id = bench.ask("tools/call", json!({"name": "echo"}));
    let out = bench.server(&format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"content":["EVIL"]}}}}"#
    ));
    assert_eq!(told(&out)["error"]["code"], -32050);
    assert!(!out.close);
    assert_eq!(bench.drifts()[0].code, "surface-not-i-json");
    let id = bench.ask("tools/list", json!({}));
    let out = bench.server(r#"{"jsonrpc":"2.0","method":"notifications/message","method":"EVIL"}"#);
    assert!(out.close, "nobody knows whose answer it is");
    assert_eq!(told(&out)["id"], id);
    assert!(!bench.told.contains("EVIL"));
}

#[test]
fn an_oversized_answer_is_an_error_for_its_request() {
    let mut bench = Bench::of(&Fake::legacy());
    let id = bench.ask("tools/call", json!({"name": "echo"}));
    let text = "x".repeat(super::LARGEST_FRAME);
    let out = bench.server(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":"{text}"}}}}"#));
    assert_eq!(told(&out)["error"]["code"], -32050);
    assert!(!out.close);
    assert_eq!(bench.drifts()[0].code, "surface-too-large");
}

#[test]
fn notifications_that_no_protocol_knows_do_not_pass() {
    let strange = r#"{"jsonrpc":"2.0","method":"notifications/claude/channel","params":{"content":"EVIL"}}"#;
    let mut bench = Bench::of(&Fake::legacy());
    assert!(!bench.server(strange).pass && !bench.server(strange).pass);
    assert_eq!(bench.events.len(), 1);
    let mut fake = Fake::legacy();
    fake.handshake["capabilities"]["experimental"] = json!({"claude/channel": {}});
    assert!(!Bench::of(&fake).server(strange).pass, "what is claimed is not what is said");
    for known in [
        "progress",
        "message",
        "tools/list_changed",
        "tasks/status",
        "subscriptions/acknowledged",
    ] {
        assert!(
            bench
                .server(&format!(r#"{{"jsonrpc":"2.0","method":"notifications/{known}"}}"#))
                .pass
        );
    }
}

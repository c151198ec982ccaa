//! Edges that a wrong line would move unseen: what asks without saying so, and how much is asked.

use serde_json::{Value, json};

use super::testing::{Bench, Fake, setup, surface, told};
use crate::guard::{Event, Output, Question};
use crate::model::guard::{ElicitationRules, GuardRules, Review, SamplingRules};
use crate::model::{Era, Finding, Grade, ItemKind};
use crate::surface::take::Places;

/// Completions and forms pass within these limits, without a person.
fn permissive(bench: &mut Bench) {
    bench.guard.setup.rules = GuardRules {
        sampling: Some(SamplingRules {
            max_tokens: 10,
            rounds: 1_000,
            per_minute: 1_000,
            review: Review::Pass,
            ..SamplingRules::default()
        }),
        elicitation: Some(ElicitationRules {
            rounds: 1_000,
            per_minute: 1_000,
            ..ElicitationRules::default()
        }),
        ..GuardRules::default()
    };
    bench.asks_anew();
}

/// A completion over everything that others said.
fn greedy() -> Value {
    json!({
        "messages": [{"role": "user", "content": {"type": "text", "text": "Say it."}}],
        "maxTokens": 9_000, "includeContext": "allServers",
    })
}

fn form() -> Value {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    json!({"method": "elicitation/create", "params": {"message": "Your name?", "requestedSchema": schema}})
}

/// The one frame that went on to the client in place of what came.
fn replaced(out: &Output) -> String {
    assert!(!out.pass, "{out:?}");
    assert_eq!(out.to_client.len(), 1, "{out:?}");
    String::from_utf8(out.to_client[0].clone()).unwrap()
}

#[test]
fn questions_are_questions_whatever_the_result_calls_itself() {
    for kind in [None, Some("complete"), Some("task"), Some("input_required")] {
        for method in ["tools/call", "ping"] {
            let mut bench = Bench::of(&Fake::modern());
            let mut asks = json!({"inputRequests": {"k": form()}, "content": []});
            asks["inputRequests"]["k"]["params"]["message"] = "EVIL".into();
            if let Some(kind) = kind {
                asks["resultType"] = kind.into();
            }
            let out = bench.reply(method, json!({"name": "echo"}), &asks);
            assert_eq!(told(&out)["error"]["code"], -32050, "{kind:?} {method}");
            assert!(!bench.told.contains("EVIL"), "{kind:?} {method}");
        }
    }
}

#[test]
fn what_is_permitted_may_be_asked_in_a_tasks_result_too() {
    for method in ["tools/call", "tasks/get", "tasks/result"] {
        let mut bench = Bench::of(&Fake::modern());
        permissive(&mut bench);
        let asks = json!({"resultType": "input_required", "inputRequests": {"k": form()}});
        assert!(bench.reply(method, json!({"name": "echo"}), &asks).pass, "{method}");
    }
}

#[test]
fn a_question_passes_within_its_limits_and_not_as_it_came() {
    let mut bench = Bench::of(&Fake::legacy());
    permissive(&mut bench);
    let frame = json!({"jsonrpc": "2.0", "id": "s", "method": "sampling/createMessage", "params": greedy()});
    let request = replaced(&bench.server(&frame.to_string()));
    let mut bench = Bench::of(&Fake::modern());
    permissive(&mut bench);
    let asks = json!({
        "resultType": "input_required", "requestState": "opaque",
        "inputRequests": {"k": {"method": "sampling/createMessage", "params": greedy()}, "other": form()},
    });
    let inside = replaced(&bench.reply("tools/call", json!({"name": "echo"}), &asks));
    for frame in [request, inside.clone()] {
        assert!(!frame.contains("allServers") && !frame.contains("9000"), "{frame}");
        assert!(frame.contains("\"maxTokens\":10") && frame.contains("Say it."), "{frame}");
    }
    assert!(inside.contains("\"opaque\"") && inside.contains("Your name?"), "{inside}");
}

#[test]
fn a_server_has_so_many_questions_and_each_once() {
    let mut bench = Bench::of(&Fake::legacy());
    let mut ping = |id: usize| bench.server(&json!({"jsonrpc": "2.0", "id": id, "method": "ping"}).to_string());
    assert!(ping(0).pass);
    let again = ping(0);
    assert!(!again.pass && again.to_server.len() == 1, "{again:?}");
    let passed = (1..400).filter(|id| ping(*id).pass).count();
    assert_eq!(passed, 255);
    // The same inside a result.
    for (count, passes) in [(256, true), (257, false)] {
        let mut bench = Bench::of(&Fake::modern());
        permissive(&mut bench);
        let all: serde_json::Map<_, _> = (0..count).map(|n| (n.to_string(), form())).collect();
        let asks = json!({"resultType": "input_required", "inputRequests": all});
        assert_eq!(bench.reply("tools/call", json!({"name": "echo"}), &asks).pass, passes, "{count}");
    }
}

#[test]
fn a_batch_of_the_server_passes_in_one_version_alone() {
    let batch = r#"[{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}]"#;
    for (version, passes) in [("2025-03-26", true), ("2025-11-25", false)] {
        let mut fake = Fake::legacy();
        fake.handshake["protocolVersion"] = version.into();
        let mut bench = Bench::of(&fake);
        let hello = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
        assert!(bench.reply("initialize", hello, &fake.handshake).pass, "{version}");
        assert_eq!(bench.server(batch).pass, passes, "{version}");
    }
    let mut modern = Bench::of(&Fake::modern());
    modern.shake(&Fake::modern());
    assert!(!modern.server(batch).pass);
}

#[test]
fn a_list_asked_for_in_the_newer_way_on_an_older_connection_is_of_either_era() {
    let (legacy, mut modern) = (Fake::legacy(), Fake::modern());
    modern.tools()[0]["description"] = "Echoes a text, in the newer era.".into();
    let views = [&legacy, &modern].map(|fake| fake.view(&Places::default()));
    let mut bench = Bench::new(setup(Some(surface(views.into()))));
    bench.shake(&legacy);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
    for fake in [&modern, &legacy] {
        let out = bench.reply("tools/list", json!({"_meta": meta}), &fake.result(ItemKind::Tool));
        assert!(out.pass && bench.drifts().is_empty(), "{:?}", fake.era);
    }
    assert_eq!(modern.era, Era::Modern);
}

#[test]
fn a_list_that_was_right_in_one_era_is_judged_again_in_the_other() {
    let (legacy, mut modern) = (Fake::legacy(), Fake::modern());
    modern.tools()[0]["description"] = "Echoes a text, in the newer era.".into();
    let views = [&legacy, &modern].map(|fake| fake.view(&Places::default()));
    let mut bench = Bench::new(setup(Some(surface(views.into()))));
    assert!(bench.list(&legacy, ItemKind::Tool).pass);
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
    let out = bench.reply("tools/list", json!({"_meta": meta}), &legacy.result(ItemKind::Tool));
    assert!(!out.pass && !bench.drifts().is_empty(), "{out:?}");
}

#[test]
fn in_an_era_that_is_not_pinned_nothing_passes_beside_what_the_protocol_needs() {
    let modern = Fake::modern();
    let newer = || {
        let mut bench = Bench::of(&Fake::legacy());
        let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}});
        bench.ask("ping", json!({"_meta": meta}));
        (bench, meta)
    };
    let (mut bench, meta) = newer();
    let mut list = modern.result(ItemKind::Tool);
    list["note"] = "EVIL".into();
    bench.reply("tools/list", json!({"_meta": meta}), &list);
    assert!(!bench.told.contains("EVIL"), "{}", bench.told);
    let (mut bench, meta) = newer();
    let mut hello = modern.handshake.clone();
    hello["note"] = "EVIL".into();
    bench.reply("server/discover", json!({"_meta": meta}), &hello);
    assert!(!bench.told.contains("EVIL"), "{}", bench.told);
}

#[test]
fn whatever_stands_beside_a_frame_is_not_quiet() {
    let decided = Event::Decision { what: "x".into() };
    let question = Question {
        id: 1,
        title: "x".into(),
        body: "y".into(),
        until: jiff::Timestamp::UNIX_EPOCH,
    };
    let beside: [fn(&mut Output, Event, Question); 5] = [
        |out, _, _| out.to_client.push(vec![]),
        |out, _, _| out.to_server.push(vec![]),
        |out, event, _| out.events.push(event),
        |out, _, question| out.questions.push(question),
        |out, _, _| out.close = true,
    ];
    for pass in [true, false] {
        let out = || Output { pass, ..Output::default() };
        assert!(out().is_quiet());
        for beside in beside {
            let mut out = out();
            beside(&mut out, decided.clone(), question.clone());
            assert!(!out.is_quiet(), "{out:?}");
        }
    }
}

#[test]
fn a_thousand_harmless_findings_do_not_hide_a_critical_one() {
    let mut bench = Bench::of(&Fake::legacy());
    let server = "demo".parse().unwrap();
    let finding = |number: usize, grade| Finding::new("tool-added", grade, &server, "x", "t", &json!(number));
    let mut out = Output::default();
    let all: Vec<_> = (0..10_000).map(|number| finding(number, Grade::Info)).collect();
    bench.guard.tell([all.clone(), all].concat(), &mut out);
    assert!(out.events.len() < 5_000, "{}", out.events.len());
    let mut out = Output::default();
    let worse = finding(10_000, Grade::Critical);
    bench.guard.tell(vec![worse.clone(), worse.clone()], &mut out);
    assert_eq!(out.events, [Event::Drift(worse)]);
}

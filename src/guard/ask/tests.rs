//! Who may ask, how often, and for what.

use super::*;
use crate::model::guard::SamplingRules;

const DAY: i64 = 86_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn passing() -> SamplingRules {
    SamplingRules {
        review: Review::Pass,
        ..SamplingRules::default()
    }
}

fn asks(rules: &GuardRules) -> Asks {
    Asks::new(rules, Arc::new(Alone::default()))
}

fn sampling(rules: SamplingRules) -> Asks {
    asks(&GuardRules {
        sampling: Some(rules),
        ..GuardRules::default()
    })
}

fn elicitation(rules: ElicitationRules) -> Asks {
    asks(&GuardRules {
        elicitation: Some(rules),
        ..GuardRules::default()
    })
}

fn roots(paths: Option<&[&str]>) -> Asks {
    let paths = paths.map(|paths| paths.iter().map(ToString::to_string).collect());
    asks(&GuardRules {
        roots: Some(RootsRules { paths }),
        ..GuardRules::default()
    })
}

const PROMPT: &str = r#"{"messages":[{"role":"user","content":{"type":"text","text":"PROMPT"}}],"maxTokens":100}"#;
const FORM: &str = r#"{"message":"Name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}"#;

fn why(decision: Decision) -> String {
    match decision.verdict {
        Verdict::Refuse { why } => {
            assert!(decision.log.ends_with(&why) && decision.log.contains("refused"), "{}", decision.log);
            why
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_may_be_asked_for_by_default() {
    let mut asks = asks(&GuardRules::default());
    for kind in Kind::ALL {
        assert!(!asks.permits(kind));
        assert_eq!(Kind::of(kind.method()), Some(kind));
        assert!(why(asks.judge(kind, Some(PROMPT), 1, at(0))).contains("do not permit"));
    }
    assert!(why(asks.completion("{}", at(0))).contains("do not permit"));
    assert_eq!(Kind::of("tools/list"), None);
}

#[test]
fn a_modest_request_passes_as_it_came() {
    let mut asks = sampling(passing());
    let decision = asks.judge(Kind::Sampling, Some(PROMPT), 1, at(0));
    assert_eq!(decision.verdict, Verdict::Pass);
    assert_eq!(
        decision.log,
        "sampling/createMessage: passed, 100 tokens at most, 100 of 100000 today"
    );
}

#[test]
fn tokens_context_and_models_are_cut_down() {
    let mut rules = passing();
    rules.max_tokens = 50;
    rules.models = Some(vec!["small".into()]);
    let request = r#"{"messages":[],"maxTokens":51,"includeContext":"allServers","x":1,
        "modelPreferences":{"hints":[{"name":"huge-1"},{"name":"Small-2"}],"costPriority":0.5}}"#;
    let decision = sampling(rules.clone()).judge(Kind::Sampling, Some(request), 1, at(0));
    let expected = json!({"messages": [], "maxTokens": 50, "includeContext": "none", "x": 1,
        "modelPreferences": {"hints": [{"name": "Small-2"}], "costPriority": 0.5}});
    assert_eq!(decision.verdict, Verdict::Replace(expected));
    // Without a hint that may stay, the permitted names are the hints.
    for preferences in [json!({}), json!({"modelPreferences": {"hints": [{"name": "huge"}, {}]}})] {
        let decision = sampling(rules.clone()).judge(Kind::Sampling, Some(&preferences.to_string()), 1, at(0));
        let Verdict::Replace(params) = decision.verdict else { panic!() };
        assert_eq!(params["modelPreferences"]["hints"], json!([{"name": "small"}]));
        assert_eq!(params["maxTokens"], 50);
    }
    for bad in [
        json!({"maxTokens": -1}),
        json!({"maxTokens": 1.5}),
        json!({"maxTokens": "9"}),
        json!({"modelPreferences": 1}),
    ] {
        why(sampling(rules.clone()).judge(Kind::Sampling, Some(&bad.to_string()), 1, at(0)));
    }
    for context in [json!("thisServer"), json!(null), json!(["allServers"])] {
        let request = json!({"messages": [], "maxTokens": 1, "includeContext": context}).to_string();
        let Verdict::Replace(params) = sampling(passing()).judge(Kind::Sampling, Some(&request), 1, at(0)).verdict else {
            panic!()
        };
        assert_eq!(params["includeContext"], "none");
    }
}

#[test]
fn tools_are_not_handed_to_the_model() {
    for request in [
        r#"{"tools":[{"name":"x"}],"maxTokens":1}"#,
        r#"{"toolChoice":{"mode":"auto"},"maxTokens":1}"#,
        r#"{"tools":{},"maxTokens":1}"#,
    ] {
        assert!(why(sampling(passing()).judge(Kind::Sampling, Some(request), 1, at(0))).contains("tools"));
        let mut rules = passing();
        rules.tools = true;
        assert_eq!(
            sampling(rules).judge(Kind::Sampling, Some(request), 1, at(0)).verdict,
            Verdict::Pass
        );
    }
}

#[test]
fn the_minute_has_its_limit() {
    let mut asks = sampling(SamplingRules {
        per_minute: 2,
        rounds: 100,
        ..passing()
    });
    let mut ask = |seconds| asks.judge(Kind::Sampling, Some(PROMPT), 1, at(seconds));
    assert_eq!(ask(0).verdict, Verdict::Pass);
    assert_eq!(ask(30).verdict, Verdict::Pass);
    assert!(why(ask(59)).contains("a minute"));
    // Refusals do not count, and a clock that is set back opens nothing.
    assert!(why(ask(-3_600)).contains("a minute"));
    assert_eq!(ask(60).verdict, Verdict::Pass);
    assert!(why(ask(61)).contains("a minute"));
    assert_eq!(ask(90).verdict, Verdict::Pass);
}

#[test]
fn the_day_has_its_limit() {
    let mut asks = sampling(SamplingRules {
        tokens_per_day: 250,
        per_minute: 100,
        rounds: 100,
        ..passing()
    });
    assert_eq!(asks.budget.take(60, 250, at(0)), Ok(60), "another connection's");
    assert_eq!(asks.judge(Kind::Sampling, Some(PROMPT), 1, at(0)).verdict, Verdict::Pass);
    assert!(why(asks.judge(Kind::Sampling, Some(PROMPT), 1, at(1)),).contains("tokens a day"));
    assert!(why(asks.judge(Kind::Sampling, Some(PROMPT), 1, at(-2 * DAY))).contains("tokens a day"));
    assert_eq!(asks.judge(Kind::Sampling, Some(PROMPT), 1, at(DAY)).verdict, Verdict::Pass);
    assert_eq!(asks.budget.take(150, 250, at(DAY)), Ok(250), "what passed was taken");
}

#[test]
fn what_cannot_be_counted_does_not_pass() {
    #[derive(Debug)]
    struct Broken;
    impl Budget for Broken {
        fn take(&self, _: u64, _: u64, _: Timestamp) -> Result<u64, NotTaken> {
            Err(NotTaken::NotCounted)
        }
    }
    let mut asks = sampling(passing());
    asks.budget = Arc::new(Broken);
    assert!(why(asks.judge(Kind::Sampling, Some(PROMPT), 1, at(0))).contains("could not be counted"));
}

#[test]
fn a_request_of_the_client_has_its_rounds() {
    let mut asks = sampling(SamplingRules {
        per_minute: 100,
        rounds: 2,
        ..passing()
    });
    let ask = |asks: &mut Asks, during| asks.judge(Kind::Sampling, Some(PROMPT), during, at(0));
    assert_eq!(ask(&mut asks, 1).verdict, Verdict::Pass);
    assert_eq!(ask(&mut asks, 1).verdict, Verdict::Pass);
    assert!(why(ask(&mut asks, 1)).contains("during one request"));
    assert_eq!(ask(&mut asks, 2).verdict, Verdict::Pass);
    asks.finished(1);
    assert_eq!(ask(&mut asks, 1).verdict, Verdict::Pass);
}

#[test]
fn large_and_ambiguous_requests_are_refused() {
    let mut asks = sampling(SamplingRules { largest: 10, ..passing() });
    assert!(why(asks.judge(Kind::Sampling, Some(PROMPT), 1, at(0))).contains("bytes"));
    for (text, expected) in [
        (r#"{"maxTokens":1,"maxTokens":2}"#, "I-JSON"),
        ("[]", "not an object"),
        ("nonsense", "I-JSON"),
    ] {
        assert!(
            why(sampling(passing()).judge(Kind::Sampling, Some(text), 1, at(0))).contains(expected),
            "{text}"
        );
    }
}

#[test]
fn the_user_sees_prompt_and_completion_and_the_log_does_not() {
    let mut asks = sampling(SamplingRules {
        timeout: 30,
        ..SamplingRules::default()
    });
    let request = r#"{"systemPrompt":"SYSTEM","messages":[{"role":"user","content":{"type":"text","text":"PRO\u202eMPT"}},
        {"role":"user","content":{"type":"image","data":"AAAA"}}],"maxTokens":100,"includeContext":"thisServer"}"#;
    let decision = asks.judge(Kind::Sampling, Some(request), 1, at(0));
    let Verdict::Ask {
        title,
        body,
        until,
        replace,
    } = decision.verdict
    else {
        panic!()
    };
    assert!(title.contains("100 tokens"), "{title}");
    assert!(
        body.contains("SYSTEM") && body.contains("PRO\\u{202e}MPT") && body.contains("[image,"),
        "{body}"
    );
    assert_eq!((until, asks.until(Kind::Sampling, at(0))), (at(30), at(30)));
    assert_eq!(replace.unwrap()["includeContext"], "none");
    assert!(
        !decision.log.contains("SYSTEM") && !decision.log.contains("PRO"),
        "{}",
        decision.log
    );

    let decision = asks.completion(
        r#"{"role":"assistant","content":{"type":"text","text":"ANSWER"},"model":"m"}"#,
        at(1),
    );
    let Verdict::Ask { body, .. } = decision.verdict else { panic!() };
    assert_eq!(body, "ANSWER");
    assert!(!decision.log.contains("ANSWER"));
    assert_eq!(sampling(passing()).completion("{}", at(0)).verdict, Verdict::Pass);
}

#[test]
fn forms_and_pages_are_judged() {
    let rules = ElicitationRules {
        domains: vec!["accounts.example.com".into()],
        per_minute: 100,
        rounds: 100,
        ..ElicitationRules::default()
    };
    let mut asks = elicitation(rules.clone());
    let mut ask = |params: &str| asks.judge(Kind::Elicitation, Some(params), 1, at(0));
    assert_eq!(ask(FORM).verdict, Verdict::Pass);
    let page = r#"{"mode":"url","message":"m","url":"https://accounts.example.com/SECRETPATH","elicitationId":"1"}"#;
    let decision = ask(page);
    assert_eq!(decision.verdict, Verdict::Pass);
    assert_eq!(decision.log, "elicitation/create: passed, a page of accounts.example.com");
    assert!(why(ask(&FORM.replace("\"name\"", "\"password\""))).contains("password"));
    assert!(why(ask(&page.replace("accounts.", "evil."))).contains("no domain"));
    assert!(why(ask(&page.replace("\"url\",", "\"other\","))).contains("neither"));
    assert!(why(ask("{}")).contains("no form"));

    let mut asks = elicitation(ElicitationRules {
        review: Review::Ask,
        ..rules
    });
    let Verdict::Ask { body, .. } = asks.judge(Kind::Elicitation, Some(page), 1, at(0)).verdict else {
        panic!()
    };
    assert!(body.starts_with("https://accounts.example.com/SECRETPATH"), "{body}");
}

#[test]
fn roots_are_the_rules_or_the_clients() {
    assert_eq!(roots(None).judge(Kind::Roots, None, 1, at(0)).verdict, Verdict::Pass);
    let decision = roots(Some(&["/srv/a b/\u{e4}", "/x"])).judge(Kind::Roots, None, 1, at(0));
    let expected = json!({"roots": [{"uri": "file:///srv/a%20b/%C3%A4"}, {"uri": "file:///x"}]});
    assert_eq!(decision.verdict, Verdict::Answer(expected));
    assert!(!decision.log.contains("/srv"), "{}", decision.log);
    assert_eq!(
        roots(Some(&[])).judge(Kind::Roots, None, 1, at(0)).verdict,
        Verdict::Answer(json!({"roots": []}))
    );
}

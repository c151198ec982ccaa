//! The log that other programs read: its shape, and that nothing undecided passes.

use serde_json::json;

use super::*;
use crate::model::Report;
use crate::model::report::Undecided;
use crate::output::document::Failure;

fn finding(code: &'static str, grade: Grade, text: &str) -> Finding {
    Finding::new(code, grade, &"memory".parse().unwrap(), "read", text, &json!({"t": text}))
}

fn sample() -> Report {
    Report {
        findings: vec![
            finding("server-version-changed", Grade::Info, "it calls itself 2"),
            finding("tool-added", Grade::Warning, "tool `sub` is new"),
            finding("code-changed", Grade::Notice, "code changed"),
            finding("tool-description-changed", Grade::Critical, "the description changed").with(Detail::Code {
                path: "lib/send.js".into(),
                line: 12,
                before: String::new(),
                after: "bcc: 'a@b.example'".into(),
            }),
        ],
        ..Report::default()
    }
}

fn run(document: &Document) -> Value {
    log(document)["runs"][0].clone()
}

#[test]
fn the_members_that_the_standard_requires_are_there() {
    let log = log(&Document::new(&sample()));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "mcp-pin");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(
            rule["id"].is_string() && rule["fullDescription"]["text"].is_string() && rule["help"]["text"].is_string(),
            "{rule}"
        );
    }
    let results = run["results"].as_array().unwrap();
    let shape: Vec<_> = results
        .iter()
        .map(|result| {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
            assert_eq!(result["partialFingerprints"][FINGERPRINT].as_str().unwrap().len(), 32);
            assert_eq!(
                result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
                "mcp-pin.lock"
            );
            assert!(result.get("suppressions").is_none());
            (result["level"].as_str().unwrap(), result["kind"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        shape,
        [("error", "fail"), ("warning", "fail"), ("note", "fail"), ("none", "informational")]
    );
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["invocations"][0]["exitCode"], 1);
}

#[test]
fn a_file_of_a_package_is_never_a_file_of_the_repository() {
    let run = run(&Document::new(&sample()));
    let text = run.to_string();
    assert_eq!(text.matches("artifactLocation").count(), 4, "{text}");
    let place = &run["results"][0]["relatedLocations"][0];
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "lib/send.js:12");
    assert_eq!(place["message"]["text"], "lib/send.js:12: {{+bcc: 'a@b.example'+}}");
    assert!(place.get("physicalLocation").is_none());
}

#[test]
fn what_could_not_be_decided_is_never_a_pass() {
    let mut report = Report {
        clean: vec!["files".parse().unwrap()],
        ..Report::default()
    };
    assert_eq!(run(&Document::new(&report))["invocations"][0]["executionSuccessful"], true);
    report.undecided.push(Undecided {
        server: "mail".parse().unwrap(),
        what: "start it".into(),
        hints: vec!["add a key".into()],
    });
    let mut with_findings = report.clone();
    with_findings.findings = sample().findings;
    let ended = Document::new(&Report::default()).failed(
        Failure {
            message: "could not read the lock".into(),
            causes: vec!["no such file".into()],
            hints: Vec::new(),
        },
        2,
    );
    for (document, code) in [(Document::new(&report), 2), (Document::new(&with_findings), 1), (ended, 2)] {
        let run = run(&document);
        let invocation = &run["invocations"][0];
        assert_eq!(
            (&invocation["executionSuccessful"], &invocation["exitCode"]),
            (&json!(false), &json!(code))
        );
        let notification = &invocation["toolExecutionNotifications"][0];
        assert_eq!(notification["level"], "error");
        assert!(
            notification["message"]["text"].as_str().unwrap().contains("could not"),
            "{notification}"
        );
    }
}

#[test]
fn what_was_accepted_is_suppressed_and_not_gone() {
    let outcome = crate::ops::Outcome {
        report: sample(),
        ..Default::default()
    };
    let run = run(&Document::of(&outcome, true));
    assert_eq!(run["results"].as_array().unwrap().len(), 4);
    assert_eq!(
        run["results"][0]["suppressions"],
        json!([{"kind": "external", "status": "accepted"}])
    );
    assert_eq!(run["invocations"][0]["exitCode"], 0);
}

#[test]
fn text_of_a_server_makes_no_link_and_no_placeholder() {
    let mut report = sample();
    report.findings = vec![finding(
        "tool-added",
        Grade::Warning,
        "tool `[ok](https://x.example) {0} \u{202e}\\[`",
    )];
    let mut out = Vec::new();
    write(&mut out, &Document::new(&report)).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.chars().any(|c| c != '\n' && crate::surface::visible::is_invisible(c)));
    let log: Value = serde_json::from_str(&text).unwrap();
    let message = log["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert_eq!(message, "memory: tool `\\[ok\\](https://x.example) {{0}} \\\\u{{202e}}\\\\\\[`");
}

#[test]
fn a_run_again_gives_the_same_bytes() {
    let mut turned = sample();
    turned.findings.reverse();
    assert_eq!(log(&Document::new(&sample())).to_string(), log(&Document::new(&turned)).to_string());
}

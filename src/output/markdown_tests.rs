//! What a host would make of it, by the rules of `CommonMark` and of GitHub's additions.

use serde_json::json;

use super::*;
use crate::model::report::{Detail, Undecided};
use crate::model::{Report, ServerName};

fn server() -> ServerName {
    "memory".parse().unwrap()
}

fn hostile() -> Vec<&'static str> {
    vec![
        "# Approved by the security team",
        "@octocat please merge",
        "![](http://collect.example/x.png)",
        "[safe](http://collect.example)",
        "<img src=http://collect.example>",
        "</summary></details><h1>approved</h1>",
        "fixes #12 and GH-12, see https://collect.example www.collect.example mail@collect.example",
        "```\n# out\n```",
        "~~~~ ````` `a` ``b``",
        "&lt;b&gt; &#64;octocat **bold** _it_ ~~gone~~ $x$ :tada: 1234567 deadbeef feedfacecafe",
        "-->\n\n- [x] approved\n\n|a|b|\n|-|-|",
        "\u{202e}\u{200b}\u{1b}[31m",
    ]
}

fn finding(grade: Grade, text: &str) -> Finding {
    let title = format!("tool `{text}` is new {text}");
    Finding::new("tool-added", grade, &server(), text, title, &json!({"t": text}))
        .with(Detail::Line(text.into()))
        .with(Detail::Text {
            label: text.into(),
            before: "old".into(),
            after: text.into(),
        })
}

fn shown(findings: Vec<Finding>) -> String {
    comment(&Document::new(&Report {
        findings,
        undecided: Vec::new(),
        clean: Vec::new(),
    }))
}

/// The comment without its fenced blocks and code spans: what a host reads for structure.
fn structure(comment: &str) -> String {
    let (mut out, mut fence) = (String::new(), None::<String>);
    for line in comment.lines() {
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.trim_end_matches("text").to_owned()),
            None => {
                let spans = if line.starts_with("<summary>") {
                    line.to_owned()
                } else {
                    line.split('`').step_by(2).collect()
                };
                out.push_str(&spans);
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a block that does not end:\n{comment}");
    out
}

#[test]
fn nothing_foreign_becomes_structure() {
    for text in hostile() {
        let comment = shown(vec![finding(Grade::Critical, text)]);
        let seen = structure(&comment);
        for tag in ["<details open>", "</details>", "<summary>", "</summary>", "<b>", "</b>"] {
            assert_eq!(seen.matches(tag).count(), 1, "{tag} of {text:?} in\n{comment}");
        }
        let outside: String = seen
            .split("<code>")
            .map(|part| part.split_once("</code>").map_or(part, |(_, after)| after))
            .collect();
        let rest = ["<details open>", "</details>", "<summary><b>critical</b>", "</summary>"]
            .iter()
            .fold(outside, |text, tag| text.replace(tag, ""));
        assert!(!rest.contains(['<', '>', '@', '!', '*', '~', '|', '$']), "{text:?}: {rest}");
        assert!(
            !rest.contains("](") && !rest.contains("://") && !rest.contains("www."),
            "{text:?}: {rest}"
        );
        let headings: Vec<_> = seen.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(headings, ["### mcp-pin: critical findings"], "{text:?}");
        assert!(!rest.contains("deadbeef") && !rest.contains("1234567"), "{rest}");
        assert!(
            !comment.chars().any(|c| c != '\n' && crate::surface::visible::is_invisible(c)),
            "{comment:?}"
        );
    }
}

#[test]
fn what_could_not_be_decided_is_told_first_and_as_safely() {
    let undecided = hostile().into_iter().map(|text| Undecided {
        server: server(),
        what: format!("start it: {text}"),
        hints: vec![text.to_owned()],
    });
    let report = Report {
        undecided: undecided.collect(),
        clean: vec!["files".parse().unwrap()],
        ..Report::default()
    };
    let comment = comment(&Document::new(&report));
    assert!(
        comment.starts_with("### mcp-pin: could not decide, which is not a pass\n\n- **undecided** memory: could not start"),
        "{comment}"
    );
    let seen = structure(&comment).replace("**undecided**", "");
    assert!(!seen.contains(['<', '>', '@', '*', '~', '|', '$', '[']), "{seen}");
    assert!(!seen.contains("http") && !seen.contains("#1"), "{seen}");
    assert_eq!(seen.lines().filter(|line| line.starts_with('#')).count(), 1, "{seen}");
}

#[test]
fn a_comment_as_people_read_it() {
    let description = Finding::new(
        "tool-description-changed",
        Grade::Warning,
        &server(),
        "read",
        "the description of tool `read` changed",
        &json!({}),
    )
    .with(Detail::Code {
        path: "lib/send.js".into(),
        line: 12,
        before: "bcc: none".into(),
        after: "bcc: `x`".into(),
    });
    let comment = shown(vec![description]);
    assert!(comment.contains(
        "\n<details>\n<summary><b>warning</b> memory: the description of tool <code>read</code> changed</summary>\n\n```text\nlib/send.js:12: bcc: [-none-]{+`x`+}\n"
    ), "{comment}");
    assert!(comment.starts_with("### mcp-pin: findings that need a decision\n"), "{comment}");
}

#[test]
fn what_does_not_fit_is_counted() {
    let long = "word ".repeat(900);
    let findings: Vec<_> = (0..40)
        .map(|at| finding(if at == 7 { Grade::Critical } else { Grade::Notice }, &format!("{at} {long}")))
        .collect();
    let comment = shown(findings);
    assert!(comment.len() < 65_536, "{}", comment.len());
    assert!(comment.contains(" more** did not fit here"), "{comment}");
    let first = comment.find("<summary>").unwrap();
    assert!(comment[first..].starts_with("<summary><b>critical</b>"));
    structure(&comment);
}

#[test]
fn a_run_again_gives_the_same_bytes() {
    let all = || hostile().into_iter().map(|text| finding(Grade::Warning, text)).collect::<Vec<_>>();
    let mut turned = all();
    turned.reverse();
    assert_eq!(shown(all()), shown(turned));
}

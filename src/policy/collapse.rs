//! Many findings that are one cause, told once.
//!
//! A release that annotates every tool, or writes its schemas in another dialect, changes forty
//! tools in one way. Forty questions are answered without reading; one question that names all
//! forty is read. Nothing is left out: every subject stands in the evidence, and the fingerprint
//! covers every single finding.

use std::collections::BTreeMap;

use serde_json::json;

use super::explain;
use crate::model::report::Detail;
use crate::model::{Finding, Grade, ServerName};

/// From this many on they are told as one.
const MANY: usize = 3;
/// The code of a wheel that a pinned version gained.
const WHEEL: &str = "archive-added";
/// Codes whose findings differ in the subject and hardly in anything else. Changed texts are never
/// among them: each is read by itself.
const ALIKE: [&str; 15] = [
    "additional-properties-opened",
    "annotation-changed",
    "annotation-destructive-added",
    "annotation-destructive-dropped",
    "annotation-idempotent-changed",
    "annotation-open-world-added",
    "annotation-open-world-dropped",
    "annotation-read-only-claimed",
    "annotation-read-only-dropped",
    "definition-reformatted",
    "execution-changed",
    "icons-changed",
    "meta-changed",
    "output-schema-changed",
    "tool-renamed",
];

/// Joins alike findings of one code and one grade where there are [`MANY`].
pub(super) fn collapse(server: &ServerName, findings: Vec<Finding>) -> Vec<Finding> {
    let mut alike: BTreeMap<(&'static str, Grade), Vec<Finding>> = BTreeMap::new();
    let mut out = Vec::new();
    for finding in findings {
        if ALIKE.contains(&finding.code) {
            alike.entry((finding.code, finding.grade)).or_default().push(finding);
        } else {
            out.push(finding);
        }
    }
    let mut out = wheels(server, out);
    for ((code, grade), mut findings) in alike {
        if findings.len() < MANY {
            out.extend(findings);
            continue;
        }
        findings.sort_by(|a, b| (&a.subject, &a.fingerprint).cmp(&(&b.subject, &b.fingerprint)));
        out.push(joined(server, code, grade, &findings));
    }
    out
}

/// Wheels that one version gained are one question: a project adds them together, and so does a
/// thief.
fn wheels(server: &ServerName, findings: Vec<Finding>) -> Vec<Finding> {
    let mut versions: BTreeMap<(Grade, String, String), Vec<Finding>> = BTreeMap::new();
    let mut out = Vec::new();
    for finding in findings {
        if finding.code == WHEEL {
            let version = (finding.grade, finding.subject.clone(), finding.title.clone());
            versions.entry(version).or_default().push(finding);
        } else {
            out.push(finding);
        }
    }
    for ((grade, subject, title), mut findings) in versions {
        if findings.len() < 2 {
            out.extend(findings);
            continue;
        }
        findings.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        let prints: Vec<_> = findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
        let title = format!("{title} (so for {} wheels)", findings.len());
        let mut joined = Finding::new(WHEEL, grade, server, subject, title, &json!(prints));
        joined.details = findings.iter().flat_map(|finding| finding.details.clone()).collect();
        joined.details.sort_by_key(|detail| format!("{detail:?}"));
        out.push(joined);
    }
    out
}

fn joined(server: &ServerName, code: &'static str, grade: Grade, findings: &[Finding]) -> Finding {
    let prints: Vec<_> = findings.iter().map(|finding| finding.fingerprint.as_str()).collect();
    let meaning = explain(code).unwrap_or(code);
    let title = format!("the same change {} times: {meaning}", findings.len());
    let mut joined = Finding::new(code, grade, server, "", title, &json!(prints));
    joined.raised = findings.iter().any(|finding| finding.raised);
    let subjects: Vec<_> = findings.iter().map(|finding| finding.subject.as_str()).collect();
    let same_evidence = findings.windows(2).all(|pair| pair[0].details == pair[1].details);
    if same_evidence && subjects.iter().all(|subject| !subject.is_empty()) {
        joined.details.push(Detail::Line(subjects.join(", ")));
        joined
            .details
            .extend(findings.first().into_iter().flat_map(|finding| finding.details.clone()));
        return joined;
    }
    for finding in findings {
        joined.details.push(Detail::Line(finding.title.clone()));
        joined.details.extend(finding.details.iter().cloned());
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(code: &'static str, subjects: &[&str]) -> Vec<Finding> {
        let server = "s".parse().unwrap();
        let one = |subject: &&str| Finding::new(code, Grade::Warning, &server, *subject, format!("on {subject}"), &json!(subject));
        subjects.iter().map(one).collect()
    }

    fn collapsed(code: &'static str, subjects: &[&str]) -> Vec<Finding> {
        collapse(&"s".parse().unwrap(), findings(code, subjects))
    }

    #[test]
    fn many_of_a_kind_are_one_question_that_names_them_all() {
        let out = collapsed("icons-changed", &["c", "a", "b"]);
        assert_eq!(out.len(), 1);
        assert_eq!(out[0].details, [Detail::Line("a, b, c".into())]);
        assert_ne!(out[0].fingerprint, collapsed("icons-changed", &["a", "b", "d"])[0].fingerprint);
        assert_eq!(out[0].fingerprint, collapsed("icons-changed", &["b", "a", "c"])[0].fingerprint);
    }

    #[test]
    fn one_that_was_made_worse_by_a_sign_keeps_all_from_being_lowered() {
        let mut all = findings("icons-changed", &["a", "b", "c"]);
        let joined = |all: &[Finding]| collapse(&"s".parse().unwrap(), all.to_vec())[0].raised;
        assert!(!joined(&all));
        all[1].raised = true;
        assert!(joined(&all));
    }

    #[test]
    fn other_evidence_is_shown_one_by_one() {
        let mut all = findings("icons-changed", &["a", "b", "c"]);
        all[1].details.push(Detail::Line("other".into()));
        let out = collapse(&"s".parse().unwrap(), all);
        let lines = ["on a", "on b", "other", "on c"].map(|line| Detail::Line(line.into()));
        assert_eq!(out[0].details, lines);
    }

    #[test]
    fn the_wheels_of_one_version_are_one_question() {
        let server = "s".parse().unwrap();
        let wheel = |version: &str, file: &str| {
            let title = format!("pkg {version} has one more wheel");
            Finding::new("archive-added", Grade::Warning, &server, "pkg", title, &json!({"file": file})).with(Detail::Line(file.into()))
        };
        let all = vec![wheel("1.0", "b.whl"), wheel("1.0", "a.whl"), wheel("2.0", "c.whl")];
        let mut turned = all.clone();
        turned.reverse();
        let out = collapse(&server, all);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0].title, "pkg 1.0 has one more wheel (so for 2 wheels)");
        assert_eq!(out[0].details, ["a.whl", "b.whl"].map(|file| Detail::Line(file.into())));
        assert_eq!(out, collapse(&server, turned), "order is no fact");
        let other = collapse(&server, vec![wheel("1.0", "b.whl"), wheel("1.0", "d.whl")]);
        assert_ne!(out[0].fingerprint, other[0].fingerprint);
    }

    #[test]
    fn few_and_texts_are_told_one_by_one() {
        assert_eq!(collapsed("icons-changed", &["a", "b"]).len(), 2);
        assert_eq!(collapsed("tool-description-changed", &["a", "b", "c", "d"]).len(), 4);
    }

    #[test]
    fn every_code_that_is_joined_exists() {
        assert!(ALIKE.iter().all(|code| explain(code).is_some()));
    }
}

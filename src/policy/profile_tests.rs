//! What profiles and overrides do to a report, and what they never do.

use serde_json::json;

use super::*;
use crate::policy::explain;

fn finding(code: &'static str, grade: Grade) -> Finding {
    Finding::new(code, grade, &"s".parse().unwrap(), "x", "t", &json!({}))
}

fn graded(grading: &Grading, finding: &Finding) -> Grade {
    let mut findings = [finding.clone()];
    grading.apply(&mut findings);
    let once = findings[0].grade;
    grading.apply(&mut findings);
    assert_eq!(findings[0].grade, once, "{}: applied twice", finding.code);
    assert_eq!(findings[0].fingerprint, finding.fingerprint);
    once
}

fn profile(profile: Profile) -> Grading {
    Grading {
        profile,
        ..Grading::default()
    }
}

#[test]
fn the_tables_are_sorted_and_name_codes_that_exist() {
    for list in [KEPT, RELAXED, STRICT] {
        assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        for code in list {
            assert!(explain(code).is_some(), "{code}");
        }
    }
    assert!(RELAXED.iter().all(|code| !is_kept(code)));
}

#[test]
fn relaxed_lowers_only_plain_warnings() {
    let relaxed = profile(Profile::Relaxed);
    let tool = |grade| finding("tool-added", grade);
    assert_eq!(graded(&relaxed, &tool(Grade::Warning)), Grade::Notice);
    assert_eq!(graded(&relaxed, &tool(Grade::Critical)), Grade::Critical);
    let raised = Finding {
        raised: true,
        ..tool(Grade::Warning)
    };
    assert_eq!(graded(&relaxed, &raised), Grade::Warning);
    assert_eq!(graded(&relaxed, &finding("entry-changed", Grade::Warning)), Grade::Warning);
    assert_eq!(graded(&Grading::default(), &tool(Grade::Warning)), Grade::Warning);
}

#[test]
fn strict_only_raises() {
    let strict = profile(Profile::Strict);
    for code in STRICT {
        for grade in [Grade::Info, Grade::Notice, Grade::Warning, Grade::Critical] {
            let now = graded(&strict, &finding(code, grade));
            assert!(now >= grade, "{code}");
            assert_eq!(now > grade, grade == Grade::Notice, "{code} {grade}");
        }
    }
    assert_eq!(graded(&strict, &finding("version-changed", Grade::Notice)), Grade::Notice);
}

#[test]
fn an_override_wins_over_the_profile_and_never_lowers_what_is_kept() {
    let mut grading = profile(Profile::Relaxed);
    grading.exact.insert("tool-added", Grade::Critical);
    grading.exact.insert("parameter-added", Grade::Info);
    assert_eq!(graded(&grading, &finding("tool-added", Grade::Warning)), Grade::Critical);
    assert_eq!(graded(&grading, &finding("parameter-added", Grade::Critical)), Grade::Info);
    for code in KEPT {
        grading.exact.insert(code, Grade::Info);
        assert_eq!(graded(&grading, &finding(code, Grade::Critical)), Grade::Critical, "{code}");
    }
}

#[test]
fn a_projects_word_is_a_floor() {
    let mut grading = Grading::default();
    grading.at_least.insert("tool-added", Grade::Info);
    grading.at_least.insert("parameter-added", Grade::Critical);
    assert_eq!(graded(&grading, &finding("tool-added", Grade::Warning)), Grade::Warning);
    assert_eq!(graded(&grading, &finding("parameter-added", Grade::Notice)), Grade::Critical);
    // Also where the user wants to hear less.
    grading.exact.insert("parameter-added", Grade::Info);
    assert_eq!(graded(&grading, &finding("parameter-added", Grade::Notice)), Grade::Critical);
}

#[test]
fn what_matched_nothing_is_named() {
    let mut grading = Grading::default();
    grading.exact.insert("tool-added", Grade::Info);
    grading.exact.insert("tool-removed", Grade::Info);
    grading.at_least.insert("prompt-added", Grade::Critical);
    let found = [finding("tool-added", Grade::Info)];
    assert_eq!(grading.unused(&found), ["prompt-added", "tool-removed"]);
}

//! New packages as the report tells them.

use super::super::{Company, JudgeContext, judge};
use super::*;
use crate::model::{Closure, PackageTold, Told as Registry};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn now() -> Timestamp {
    "2026-04-01T00:00:00Z".parse().unwrap()
}

/// The word of a registry: name, version, days since its release, days since the first one.
fn registry(packages: &[(&str, &str, i32, i32)]) -> Registry {
    let ago = |days: i32| now().checked_sub(DAY * days).unwrap();
    let package = |&(name, version, released, first): &(&str, &str, i32, i32)| {
        let dates = [(version.to_owned(), ago(released)), ("0.0.0".to_owned(), ago(first))];
        let told = PackageTold {
            dates: dates.into(),
            ..PackageTold::default()
        };
        (name.parse().unwrap(), told)
    };
    Registry {
        now: Some(now()),
        packages: packages.iter().map(package).collect(),
    }
}

fn closure(names: &[&str]) -> Closure {
    let package = |name: &&str| {
        let path = format!("node_modules/{name}").parse().unwrap();
        (path, crate::lock::sample::locked(name, "1.0.0"))
    };
    Closure {
        root: "node_modules/demo".parse().unwrap(),
        packages: names.iter().chain(&["demo"]).map(package).collect(),
    }
}

fn added(name: &str) -> Change {
    Change::PackageAdded {
        path: format!("node_modules/{name}").parse().unwrap(),
        name: name.parse().unwrap(),
        version: "1.0.0".into(),
    }
}

fn script(name: &str) -> Change {
    Change::Script {
        name: name.parse().unwrap(),
        own: false,
        startup: false,
        script: "postinstall".into(),
        before: None,
        after: Some("node x.js".into()),
    }
}

fn findings(before: &[&str], changes: Vec<Change>, told: Registry) -> Vec<Finding> {
    let context = JudgeContext {
        company: Company::of(&closure(before), &closure(&[]), told),
        ..JudgeContext::default()
    };
    let mut found = judge(&"s".parse().unwrap(), &Drift { changes }, &context);
    found.retain(|finding| finding.code.starts_with("package-"));
    found.sort_by_key(|finding| (finding.code, finding.subject.clone()));
    found
}

fn lines(finding: &Finding) -> Vec<&str> {
    let text = |detail: &'_ Detail| matches!(detail, Detail::Line(_));
    assert!(finding.details.iter().all(text));
    let lines = finding.details.iter();
    lines
        .filter_map(|detail| {
            if let Detail::Line(text) = detail {
                Some(text.as_str())
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn many_new_packages_are_one_question_with_a_line_each() {
    let told = registry(&[("left-pad", "1.0.0", 400, 2000), ("right-pad", "1.0.0", 90, 90)]);
    let changes = vec![added("left-pad"), added("right-pad"), added("undated")];
    let found = findings(&[], changes.clone(), told.clone());
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        (found[0].grade, found[0].title.as_str()),
        (Grade::Notice, "3 packages are new in the closure")
    );
    assert_eq!(
        lines(&found[0]),
        [
            "undated 1.0.0; release date unknown",
            "right-pad 1.0.0; released 2 months ago",
            "left-pad 1.0.0; released 13 months ago; first release 5 years ago",
        ]
    );
    // The age is no part of what is approved, the versions are.
    let print = |told| findings(&[], changes.clone(), told)[0].fingerprint.clone();
    assert_eq!(print(told), print(Registry::default()));
    assert_ne!(
        print(Registry::default()),
        findings(&[], vec![added("left-pad"), added("b")], Registry::default())[0].fingerprint
    );
}

#[test]
fn a_name_made_yesterday_is_asked_about_and_with_a_script_it_is_critical() {
    let grades = |told: Registry, changes: Vec<Change>| -> Vec<_> {
        findings(&[], changes, told)
            .iter()
            .map(|finding| (finding.code, finding.grade))
            .collect()
    };
    let fresh = || registry(&[("plain-thing", "1.0.0", 0, 1)]);
    assert_eq!(
        grades(fresh(), vec![added("plain-thing")]),
        [("package-added", Grade::Notice), ("package-brand-new", Grade::Warning)]
    );
    assert_eq!(
        grades(fresh(), vec![added("plain-thing"), script("plain-thing")]),
        [("package-added", Grade::Notice), ("package-brand-new", Grade::Critical)]
    );
    // Its script is not another's.
    assert_eq!(grades(fresh(), vec![added("plain-thing"), script("other")])[1].1, Grade::Warning);
    for (days, count) in [(29, 2), (30, 1)] {
        assert_eq!(
            grades(registry(&[("a", "1.0.0", 0, days)]), vec![added("a")]).len(),
            count,
            "{days}"
        );
    }
    // Nobody was asked: nothing is known, and nothing is said.
    assert_eq!(grades(Registry::default(), vec![added("a")]), [("package-added", Grade::Notice)]);
}

#[test]
fn a_family_that_moved_house_is_one_question() {
    let names = ["a-one", "a-two", "a-three", "a-four"];
    let told: Vec<_> = names.iter().map(|name| (*name, "1.0.0", 3, 3)).collect();
    let mut changes: Vec<_> = names.iter().map(|name| added(name)).collect();
    changes.push(script("a-four"));
    let found = findings(&[], changes, registry(&told));
    let young: Vec<_> = found.iter().filter(|finding| finding.code == "package-brand-new").collect();
    let told: Vec<_> = young.iter().map(|finding| (finding.grade, finding.subject.as_str())).collect();
    assert_eq!(told, [(Grade::Critical, "a-four"), (Grade::Warning, "closure")]);
    assert_eq!(lines(young[1]).len(), 3);
}

#[test]
fn a_slip_of_the_finger_is_seen() {
    let found = |new: &str, known: &str| {
        let found = findings(&[known], vec![added(new)], Registry::default());
        found
            .iter()
            .any(|finding| finding.code == "package-alike" && finding.grade == Grade::Warning)
    };
    for (new, known) in [
        ("axois", "axios"),
        ("expres", "express"),
        ("lodahs", "lodash"),
        ("is-numbar", "is-number"),
        ("has-own", "hasown"),
    ] {
        assert!(found(new, known) && found(known, new), "{new} {known}");
    }
    for (new, known) in [
        ("through2", "through"),
        ("esbuild-x64", "esbuild-x32"),
        ("ms", "qs"),
        ("@a/tools", "@a/tool"),
        ("express", "express"),
        ("express-a", "express"),
        ("wxyzv", "axios"),
    ] {
        assert!(!found(new, known), "{new} {known}");
    }
    assert!(found("@b/tools", "@a/tools"), "another scope is another owner");
}

//! The grade of lost evidence and of other signers.

use super::*;
use crate::policy::{JudgeContext, explain, judge};

const LEVELS: [Level; 3] = [Level::Hash, Level::Signed, Level::Provenance];

fn level(name: &str, own: bool, before: Level, after: Level) -> Change {
    Change::EvidenceLevel {
        name: name.parse().unwrap(),
        own,
        version: "1.2.0".into(),
        integrity: Integrity::Sha512([0; 64]),
        before_version: "1.1.0".into(),
        before_source: (before == Level::Provenance).then(|| "https://host.example/o/r".into()),
        before,
        after,
    }
}

fn signer(name: &str, own: bool, field: &'static str, before: &str, after: &str) -> Change {
    Change::Signer {
        name: name.parse().unwrap(),
        own,
        version: "1.2.0".into(),
        integrity: Integrity::Sha512([0; 64]),
        field,
        before: before.into(),
        after: after.into(),
    }
}

fn run_with(changes: Vec<Change>, context: &JudgeContext) -> Vec<Finding> {
    let findings = judge(&"s".parse().unwrap(), &Drift { changes }, context);
    for finding in &findings {
        assert!(explain(finding.code).is_some(), "{}", finding.code);
    }
    findings
}

fn run(changes: Vec<Change>) -> Vec<Finding> {
    run_with(changes, &JudgeContext::default())
}

fn one(changes: Vec<Change>) -> Finding {
    let mut findings = run(changes);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

#[test]
fn every_level_against_every_other_has_its_grade() {
    let lenient = JudgeContext {
        allow_downgrade: true,
        ..JudgeContext::default()
    };
    let mut prints = std::collections::BTreeSet::new();
    for before in LEVELS {
        for after in LEVELS.into_iter().filter(|after| *after != before) {
            let (code, strict, loose) = if after < before {
                ("evidence-downgraded", Grade::Critical, Grade::Warning)
            } else {
                ("evidence-gained", Grade::Info, Grade::Info)
            };
            for own in [true, false] {
                let change = level("helper", own, before, after);
                let finding = one(vec![change.clone()]);
                assert_eq!((finding.code, finding.grade, finding.subject.as_str()), (code, strict, "helper"));
                assert_eq!(
                    finding.title.starts_with("the server's own package helper 1.2.0"),
                    own,
                    "{}",
                    finding.title
                );
                assert_eq!(finding.title.starts_with("package helper 1.2.0"), !own, "{}", finding.title);
                let allowed = run_with(vec![change], &lenient);
                assert_eq!((allowed[0].code, allowed[0].grade), (code, loose));
                // The same fact, judged by another policy.
                assert_eq!(allowed[0].fingerprint, finding.fingerprint);
                prints.insert(finding.fingerprint);
            }
        }
    }
    assert_eq!(prints.len(), 6);
}

#[test]
fn what_was_lost_is_said() {
    let title = |before, after| one(vec![level("helper", false, before, after)]).title;
    assert_eq!(
        title(Level::Provenance, Level::Hash),
        "package helper 1.2.0 has no provenance, and no signature of the registry; 1.1.0 was built from https://host.example/o/r: whoever published it did not go through that build"
    );
    assert_eq!(
        title(Level::Provenance, Level::Signed),
        "package helper 1.2.0 has no provenance, only the registry's signature; 1.1.0 was built from https://host.example/o/r: whoever published it did not go through that build"
    );
    assert_eq!(
        title(Level::Signed, Level::Hash),
        "package helper 1.2.0 has no signature of the registry; 1.1.0 is signed by it"
    );
    assert_eq!(title(Level::Hash, Level::Provenance), "package helper 1.2.0 now has provenance");
    assert_eq!(title(Level::Signed, Level::Provenance), "package helper 1.2.0 now has provenance");
    assert_eq!(
        title(Level::Hash, Level::Signed),
        "package helper 1.2.0 is now signed by the registry"
    );
    // The very version that was pinned did not change its build: it was stripped.
    let mut stripped = level("helper", false, Level::Provenance, Level::Hash);
    if let Change::EvidenceLevel { before_version, .. } = &mut stripped {
        *before_version = "1.2.0".into();
    }
    assert_eq!(
        one(vec![stripped]).title,
        "package helper 1.2.0 has no provenance, and no signature of the registry, though it had when it was pinned"
    );
}

#[test]
fn another_fact_of_a_level_is_another_fingerprint() {
    let base = level("helper", false, Level::Provenance, Level::Hash);
    let edits: [fn(&mut Change); 5] = [
        |change| {
            if let Change::EvidenceLevel { integrity, .. } = change {
                *integrity = Integrity::Sha512([1; 64]);
            }
        },
        |change| {
            if let Change::EvidenceLevel { version, .. } = change {
                *version = "1.3.0".into();
            }
        },
        |change| {
            if let Change::EvidenceLevel { before_version, .. } = change {
                *before_version = "1.0.0".into();
            }
        },
        |change| {
            if let Change::EvidenceLevel { after, .. } = change {
                *after = Level::Signed;
            }
        },
        |change| {
            if let Change::EvidenceLevel { before_source, .. } = change {
                *before_source = None;
            }
        },
    ];
    let print = |change: Change| one(vec![change]).fingerprint;
    assert_eq!(print(base.clone()), print(base.clone()));
    for (index, edit) in edits.into_iter().enumerate() {
        let mut other = base.clone();
        edit(&mut other);
        assert_ne!(print(other), print(base.clone()), "{index}");
    }
    assert_ne!(
        print(level("other", false, Level::Provenance, Level::Hash)),
        print(base),
        "the name"
    );
}

#[test]
fn a_mirror_that_strips_everything_is_one_question_and_the_own_package_another() {
    let names: Vec<_> = (0..30).map(|n| format!("dep-{n:02}")).collect();
    let mut changes: Vec<_> = names.iter().map(|name| level(name, false, Level::Signed, Level::Hash)).collect();
    changes.push(level("server", true, Level::Provenance, Level::Hash));
    let findings = run(changes.clone());
    assert_eq!(findings.len(), 2, "{findings:#?}");
    let of = |subject: &str| findings.iter().find(|finding| finding.subject == subject).unwrap();
    assert_eq!(of("server").grade, Grade::Critical);
    let joined = of("closure");
    assert_eq!((joined.code, joined.grade), ("evidence-downgraded", Grade::Critical));
    assert_eq!(
        joined.title,
        "30 packages have less evidence of where they come from than the pinned ones"
    );
    assert_eq!(
        joined.details[0],
        Detail::Line("dep-00 1.2.0 has no signature of the registry; 1.1.0 is signed by it".into())
    );
    // The ones that are only counted are covered all the same; the order is not.
    let mut more = changes.clone();
    more[29] = level("dep-30", false, Level::Signed, Level::Hash);
    let closure = |findings: Vec<Finding>| findings.into_iter().find(|finding| finding.subject == "closure").unwrap();
    assert_ne!(closure(run(more)).fingerprint, joined.fingerprint);
    changes.reverse();
    assert_eq!(closure(run(changes)).fingerprint, joined.fingerprint);
    // Two are two; and what was gained stands beside what was lost.
    let two = |after| ["a", "b"].map(|name| level(name, false, Level::Signed, after)).to_vec();
    assert_eq!(run(two(Level::Hash)).len(), 2);
    let mut both = two(Level::Hash);
    both.push(level("c", false, Level::Hash, Level::Signed));
    assert_eq!(run(both).len(), 3);
}

#[test]
fn every_field_of_a_signer_has_its_grade() {
    for (field, code, grade) in [
        ("repository", "signer-repository-changed", Grade::Critical),
        ("issuer", "signer-issuer-changed", Grade::Critical),
        ("repository-id", "signer-repository-replaced", Grade::Critical),
        ("owner-id", "signer-repository-replaced", Grade::Critical),
        ("signer", "signer-workflow-changed", Grade::Warning),
        ("workflow", "signer-workflow-changed", Grade::Warning),
        ("builder", "builder-changed", Grade::Warning),
        ("ref", "signer-ref-changed", Grade::Warning),
    ] {
        for own in [true, false] {
            let finding = one(vec![signer("helper", own, field, "a", "b")]);
            assert_eq!((finding.code, finding.grade), (code, grade), "{field}");
            assert_eq!(finding.title.starts_with("the server's own package helper "), own);
            assert_eq!(
                finding.details,
                [Detail::Text {
                    label: field.into(),
                    before: "a".into(),
                    after: "b".into()
                }]
            );
            // Allowing lost evidence allows no other signer.
            let lenient = JudgeContext {
                allow_downgrade: true,
                ..JudgeContext::default()
            };
            assert_eq!(run_with(vec![signer("helper", own, field, "a", "b")], &lenient)[0].grade, grade);
        }
    }
}

#[test]
fn a_move_is_one_question_at_its_worst_grade() {
    let moved = vec![
        signer("helper", false, "ref", "refs/tags/v*", "refs/heads/x"),
        signer("helper", false, "workflow", "a.yml", "b.yml"),
        signer("helper", false, "signer", "https://h/o/r/a.yml", "https://h/e/r/b.yml"),
        signer("helper", false, "repository", "https://h/o/r", "https://h/e/r"),
        signer("helper", false, "repository-id", "1", "2"),
    ];
    let finding = one(moved.clone());
    assert_eq!(
        (finding.code, finding.grade, finding.subject.as_str()),
        ("signer-repository-changed", Grade::Critical, "helper")
    );
    assert_eq!(finding.title, "package helper is built from another repository than before");
    assert_eq!(finding.details.len(), 5);
    let mut reordered = moved.clone();
    reordered.reverse();
    assert_eq!(one(reordered).fingerprint, finding.fingerprint);
    // Any field, either text, the version: another finding.
    for index in 0..moved.len() {
        let mut less = moved.clone();
        less.remove(index);
        assert_ne!(one(less).fingerprint, finding.fingerprint, "{index}");
        for edit in ["before", "after", "version", "bytes"] {
            let mut other = moved.clone();
            if let Change::Signer {
                before,
                after,
                version,
                integrity,
                ..
            } = &mut other[index]
            {
                match edit {
                    "before" => before.push('x'),
                    "after" => after.push('x'),
                    "bytes" => *integrity = Integrity::Sha512([1; 64]),
                    _ => version.push('x'),
                }
            }
            assert_ne!(one(other).fingerprint, finding.fingerprint, "{index} {edit}");
        }
    }
}

#[test]
fn somebody_who_took_the_name_of_a_repository_is_called_that() {
    let squatted = one(vec![
        signer("helper", false, "repository-id", "1", "2"),
        signer("helper", false, "owner-id", "3", "4"),
        signer("helper", false, "workflow", "a.yml", "b.yml"),
    ]);
    assert_eq!((squatted.code, squatted.grade), ("signer-repository-replaced", Grade::Critical));
    assert_eq!(
        squatted.title,
        "package helper is built from a repository of the same name that is not the same repository"
    );
    let lost = one(vec![signer("helper", false, "repository-id", "1", "")]);
    assert_eq!((lost.code, lost.grade), ("signer-repository-replaced", Grade::Critical));
    assert!(lost.title.contains("cannot be told any more"), "{}", lost.title);
}

#[test]
fn a_build_on_somebodys_own_machine_is_called_that() {
    let own_machine = one(vec![signer("helper", false, "builder", "github-hosted", "self-hosted")]);
    assert!(own_machine.title.contains("self-hosted"), "{}", own_machine.title);
    let back = one(vec![signer("helper", false, "builder", "self-hosted", "github-hosted")]);
    assert_eq!(back.title, "package helper is built by another builder than before");
}

#[test]
fn packages_that_move_together_are_one_question_and_others_are_not_hidden_in_it() {
    let moved = |name: &str, own, after| signer(name, own, "repository", "https://h/o/r", after);
    let mut changes: Vec<_> = ["a", "b", "c"].map(|name| moved(name, false, "https://h/n/r")).to_vec();
    changes.push(moved("server", true, "https://h/n/r"));
    changes.push(moved("evil", false, "https://h/evil/r"));
    let findings = run(changes.clone());
    let subjects: std::collections::BTreeSet<_> = findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(Vec::from_iter(subjects), ["closure", "evil", "server"]);
    let joined = findings.iter().find(|finding| finding.subject == "closure").unwrap();
    assert_eq!((joined.code, joined.grade), ("signer-repository-changed", Grade::Critical));
    assert_eq!(
        joined.title,
        "the same for 3 packages: each is built from another repository than before"
    );
    assert_eq!(joined.details[1..], ["a", "b", "c"].map(|name| Detail::Line(name.into())));
    changes[2] = moved("d", false, "https://h/n/r");
    let other = run(changes).into_iter().find(|finding| finding.subject == "closure").unwrap();
    assert_ne!(other.fingerprint, joined.fingerprint);
}

#[test]
fn two_versions_of_one_package_keep_their_fields_apart() {
    let mut other = signer("helper", false, "builder", "github-hosted", "x");
    if let Change::Signer { version, .. } = &mut other {
        *version = "2.0.0".into();
    }
    let finding = one(vec![signer("helper", false, "ref", "a", "b"), other]);
    assert_eq!(finding.code, "builder-changed");
    let labels: Vec<_> = finding
        .details
        .iter()
        .map(|detail| {
            if let Detail::Text { label, .. } = detail {
                label.as_str()
            } else {
                "?"
            }
        })
        .collect();
    assert_eq!(labels, ["1.2.0 ref", "2.0.0 builder"]);
}

#[test]
fn the_registrys_word_is_lost_loudly_and_a_mirror_that_drops_it_is_told_once() {
    let lost = |name: &str, own: bool| Change::RegistryWordLost {
        name: name.parse().unwrap(),
        own,
        version: "1.2.0".into(),
        integrity: Integrity::Sha512([0; 64]),
        before_version: "1.1.0".into(),
    };
    let finding = one(vec![lost("helper", false)]);
    assert_eq!((finding.code, finding.grade), ("registry-signature-lost", Grade::Critical));
    assert_eq!(
        finding.title,
        "package helper 1.2.0 is not signed by the registry, as 1.1.0 is: provenance alone, which anybody can make"
    );
    let found = run(vec![lost("top", true), lost("a", false), lost("b", false), lost("c", false)]);
    assert_eq!(found.len(), 2, "{found:#?}");
    let lenient = JudgeContext {
        allow_downgrade: true,
        ..JudgeContext::default()
    };
    assert_eq!(run_with(vec![lost("a", false)], &lenient)[0].grade, Grade::Warning);
}

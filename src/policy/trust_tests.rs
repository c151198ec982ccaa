//! Who stands behind a release, as the report tells it.

use jiff::Timestamp;

use super::super::{JudgeContext, judge};
use super::*;
use crate::lock::sample::{locked, wheeled};
use crate::model::{Detail, LockedPackage, PackageTold, VersionTold};

fn closure(packages: &[LockedPackage]) -> Closure {
    let placed = |package: &LockedPackage| {
        let path = format!("node_modules/{}", package.name);
        (path.parse().unwrap(), package.clone())
    };
    Closure {
        root: "node_modules/demo".parse().unwrap(),
        packages: packages.iter().map(placed).collect(),
    }
}

fn by(name: &str, trusted: bool, maintainers: &[&str]) -> VersionTold {
    VersionTold {
        publisher: (!name.is_empty()).then(|| Publisher {
            name: name.into(),
            trusted,
        }),
        maintainers: maintainers.iter().map(|&one| one.to_owned()).collect(),
        deprecated: None,
    }
}

fn told(name: &str, before: VersionTold, after: VersionTold, dates: &[(&str, &str)]) -> Told {
    let date = |&(version, date): &(&str, &str)| (version.to_owned(), date.parse::<Timestamp>().unwrap());
    let package = PackageTold {
        registry: "r".into(),
        dates: dates.iter().map(date).collect(),
        versions: [("1.0.0".to_owned(), before), ("2.0.0".to_owned(), after)].into(),
    };
    Told {
        now: Some("2026-04-01T00:00:00Z".parse().unwrap()),
        packages: [(name.parse().unwrap(), package)].into(),
    }
}

fn findings(name: &str, told: Told) -> Vec<Finding> {
    let both = [locked("demo", "2.0.0"), locked("other", "2.0.0")];
    let context = JudgeContext {
        company: Company::of(&closure(&both), &closure(&both), told),
        ..JudgeContext::default()
    };
    let changes = vec![Change::PackageChanged {
        path: format!("node_modules/{name}").parse().unwrap(),
        name: name.parse().unwrap(),
        before: "1.0.0".into(),
        after: "2.0.0".into(),
    }];
    let mut found = judge(&"s".parse().unwrap(), &Drift { changes }, &context);
    found.retain(|finding| finding.code != "package-changed");
    found
}

fn codes(name: &str, before: VersionTold, after: VersionTold) -> Vec<(&'static str, Grade)> {
    let found = findings(name, told(name, before, after, &[]));
    found.iter().map(|finding| (finding.code, finding.grade)).collect()
}

#[test]
fn another_publisher_is_a_question_about_the_server_and_a_line_about_its_closure() {
    let (ann, bob, build) = (by("ann", false, &[]), by("bob", false, &[]), by("forge", true, &[]));
    assert_eq!(codes("demo", ann.clone(), bob.clone()), [("publisher-changed", Grade::Warning)]);
    assert_eq!(codes("other", ann.clone(), bob.clone()), [("publisher-changed", Grade::Notice)]);
    assert_eq!(codes("demo", ann.clone(), build.clone()), [("publisher-changed", Grade::Notice)]);
    // Past the build: wherever it happens.
    assert_eq!(codes("demo", build.clone(), bob.clone()), [("publisher-by-hand", Grade::Warning)]);
    assert_eq!(codes("other", build.clone(), bob), [("publisher-by-hand", Grade::Warning)]);
    // Nothing changed, or nothing is known.
    assert_eq!(codes("demo", ann.clone(), ann.clone()), []);
    assert_eq!(codes("demo", build.clone(), build), []);
    assert_eq!(codes("demo", by("", false, &[]), ann.clone()), []);
    assert_eq!(codes("demo", ann, by("", false, &[])), []);
}

#[test]
fn maintainers_who_come_and_go_are_named() {
    let (before, after) = (by("ann", false, &["ann", "bob"]), by("ann", false, &["ann", "eve"]));
    let found = findings("demo", told("demo", before.clone(), after, &[]));
    assert_eq!(
        (found.len(), found[0].code, found[0].grade),
        (1, "maintainers-changed", Grade::Notice)
    );
    assert_eq!(found[0].details, [Detail::Line("demo 1.0.0 -> 2.0.0: +eve, -bob".into())]);
    assert_eq!(codes("demo", before.clone(), by("ann", false, &[])), []);
    assert_eq!(codes("demo", before.clone(), before), []);
}

#[test]
fn a_release_after_a_year_of_silence_is_told() {
    let of = |name: &str, after: &str| -> Vec<(&'static str, Grade)> {
        let dates = [
            ("0.9.0", "2019-01-01T00:00:00Z"),
            ("1.0.0", "2024-01-01T00:00:00Z"),
            ("2.0.0", after),
        ];
        let found = findings(name, told(name, VersionTold::default(), VersionTold::default(), &dates));
        found.iter().map(|finding| (finding.code, finding.grade)).collect()
    };
    assert_eq!(of("demo", "2025-03-01T00:00:00Z"), [("release-after-silence", Grade::Warning)]);
    assert_eq!(of("other", "2025-03-01T00:00:00Z"), [("release-after-silence", Grade::Notice)]);
    assert_eq!(of("demo", "2024-12-01T00:00:00Z"), []);
    assert_eq!(codes("demo", VersionTold::default(), VersionTold::default()), []);
}

#[test]
fn another_repository_is_told() {
    let one = |own, after: Option<&str>| {
        let changes = vec![Change::Repository {
            name: "demo".parse().unwrap(),
            own,
            version: "2.0.0".into(),
            before_version: "1.0.0".into(),
            before: "https://forge.example/o/a".into(),
            after: after.map(str::to_owned),
        }];
        let found = judge(&"s".parse().unwrap(), &Drift { changes }, &JudgeContext::default());
        assert_eq!((found.len(), found[0].code), (1, "repository-changed"));
        found[0].grade
    };
    assert_eq!(one(true, Some("https://forge.example/o/b")), Grade::Warning);
    assert_eq!(one(false, Some("https://forge.example/o/b")), Grade::Notice);
    assert_eq!(one(true, None), Grade::Notice);
}

#[test]
fn a_deprecated_release_is_told_with_the_publishers_words() {
    let server = "s".parse().unwrap();
    let own = "demo".parse().unwrap();
    let release = |name: &str, words: &str| (name.parse().unwrap(), "1.0.0".to_owned(), words.to_owned());
    let found = release_deprecated(
        &server,
        &own,
        &[release("b", "use c"), release("demo", &"x".repeat(999)), release("a", "old")],
    );
    let told: Vec<_> = found.iter().map(|finding| (finding.grade, finding.subject.as_str())).collect();
    assert_eq!(told, [(Grade::Warning, "demo"), (Grade::Notice, "closure")]);
    let line = |text: &str| Detail::Line(text.to_owned());
    assert_eq!(found[1].details, [line("a 1.0.0: old"), line("b 1.0.0: use c")]);
    assert_eq!(found[0].details, [line(&format!("demo 1.0.0: {}", "x".repeat(WORDS)))]);
    assert_eq!(release_deprecated(&server, &own, &[]), []);
}

#[test]
fn whose_idea_a_package_was_is_said_for_both_kinds() {
    let mut demo = locked("demo", "1.0.0");
    demo.node_mut().dependencies.insert("other".into(), "1".into());
    let company = Company::of(&closure(&[]), &closure(&[demo, locked("other", "1.0.0")]), Told::default());
    assert_eq!(company.brought_by(&"other".parse().unwrap()).as_deref(), Some("demo"));
    assert_eq!(company.brought_by(&"demo".parse().unwrap()), None);
    let wheels = [
        wheeled("demo", "1.0.0", &["Other_Thing>=1; python_version > '3'"]),
        wheeled("other-thing", "1.0.0", &[]),
    ];
    let packages = wheels.into_iter().map(|package| {
        let path = crate::model::InstallPath::python(&package.name, &package.version).unwrap();
        (path, package)
    });
    let closure = Closure {
        root: crate::model::InstallPath::python(&"demo".parse().unwrap(), "1.0.0").unwrap(),
        packages: packages.collect(),
    };
    let company = Company::of(&closure, &closure, Told::default());
    assert_eq!(company.brought_by(&"other-thing".parse().unwrap()).as_deref(), Some("demo"));
}

//! What a user is told about Python packages.

use super::*;
use crate::lock::sample::locked;
use crate::model::{Change, Drift, Integrity, LockedArchive, Pin, Pinned, PythonTerms, Terms};
use crate::policy::{Asked, JudgeContext, explain, first_install, judge};

fn server() -> ServerName {
    "s".parse().unwrap()
}

/// A wheel's entry in the lock, its bytes told by a number.
fn wheel(file: &str, bytes: u8) -> LockedArchive {
    LockedArchive {
        file: Some(file.to_owned()),
        integrity: Integrity::Sha256([bytes; 32]),
        evidence: crate::model::Evidence::default(),
    }
}

fn package(name: &str) -> LockedPackage {
    LockedPackage {
        archives: vec![wheel("a-1.0.0-py3-none-any.whl", 1)],
        terms: Terms::Python(PythonTerms::default()),
        ..locked(name, "1.0.0")
    }
}

fn closure(packages: Vec<LockedPackage>) -> Closure {
    let at = |package: &LockedPackage| crate::model::InstallPath::python(&package.name, &package.version).unwrap();
    Closure {
        root: at(&packages[0]),
        packages: packages.into_iter().map(|package| (at(&package), package)).collect(),
    }
}

/// The findings of a first install about the closure.
fn first(closure: Closure) -> Vec<Finding> {
    let pin = crate::lock::sample::package_pin();
    let Pinned::Package { launch, .. } = pin.pinned else {
        unreachable!()
    };
    let pin = Pin {
        source: "pypi:top".parse().unwrap(),
        pinned: Pinned::Package { closure, launch },
        surface: None,
        guard: crate::model::GuardPin::default(),
    };
    let findings = first_install(&server(), &pin, &[], &Asked::default());
    assert!(findings.iter().all(|finding| explain(finding.code).is_some()));
    findings.into_iter().filter(|finding| finding.subject == "closure").collect()
}

fn with_code(code: &str) -> LockedPackage {
    let mut package = package("helper");
    package.scripts.insert("helper.pth".into(), code.into());
    package
}

const HONEST: &str = "import os; var = 'X'; os.environ.get(var, 'local') == 'local' and __import__('_hack').add_shim();";

#[test]
fn startup_code_is_told_and_graded_by_what_it_does() {
    let told = |code: &str| {
        let findings = first(closure(vec![package("top"), with_code(code)]));
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.into_iter().next().unwrap()
    };
    let honest = told(HONEST);
    assert_eq!((honest.code, honest.grade), ("startup-code-present", Grade::Notice));
    assert!(
        honest.title.contains("runs whenever the server's Python starts") && !honest.title.contains("never runs"),
        "{}",
        honest.title
    );
    for code in [
        "import subprocess; subprocess.Popen(['x'])",
        "import base64; exec(base64.b64decode('aW1wb3J0IG9z'))",
        "import urllib.request as u; exec(u.urlopen('x').read())",
    ] {
        assert_eq!(told(code).grade, Grade::Critical, "{code}");
    }
    // Nor is what lies outside the tree.
    for code in ["/usr/share", "a\n../../x\n", "a\r/x", "\u{feff}/x"] {
        assert_eq!(told(code).grade, Grade::Critical, "{code:?}");
    }
    assert_eq!(told("# /usr/share\nimport x; y = '/../z'").grade, Grade::Notice);
    // Too long to be at hand: what nobody can read hides anything.
    assert_eq!(told(&format!("sha256:{}", "ab".repeat(32))).grade, Grade::Critical);
    // Consent is to this code and these bytes.
    let mut other = with_code(HONEST);
    other.archives.push(wheel("a-1.0.0-cp313-cp313-linux_x86_64.whl", 2));
    let prints = [
        first(closure(vec![package("top"), other])),
        first(closure(vec![package("top"), with_code("import x")])),
    ];
    assert!(prints.iter().all(|findings| findings[0].fingerprint != honest.fingerprint));
    // npm's install scripts are never run, and are told as they were.
    let mut node = locked("helper", "1.0.0");
    node.scripts.insert("install".into(), "subprocess".into());
    let mut mixed = closure(vec![package("top")]);
    mixed.packages.insert("node_modules/helper".parse().unwrap(), node);
    let codes: Vec<_> = first(mixed).iter().map(|finding| (finding.code, finding.grade)).collect();
    assert_eq!(codes, [("install-script-present", Grade::Notice)]);
}

#[test]
fn startup_code_and_builds_that_an_update_brings_are_asked_about() {
    let one = |before: &Closure, after: &Closure| {
        let changes = crate::diff::diff_closures(before, after);
        let drift = Drift {
            changes: changes
                .into_iter()
                .filter(|change| matches!(change, Change::Script { .. } | Change::BuildAdded { .. }))
                .collect(),
        };
        let findings = judge(&server(), &drift, &JudgeContext::default());
        let told: Vec<_> = findings.iter().map(|finding| (finding.code, finding.grade)).collect();
        for finding in &findings {
            assert!(
                explain(finding.code).is_some() && !finding.title.contains("never runs"),
                "{}",
                finding.title
            );
        }
        told
    };
    let plain = closure(vec![package("top"), package("helper")]);
    let honest = closure(vec![package("top"), with_code(HONEST)]);
    let hostile = closure(vec![package("top"), with_code("import socket")]);
    assert_eq!(one(&plain, &honest), [("startup-code-added", Grade::Warning)]);
    assert_eq!(one(&plain, &hostile), [("startup-code-added", Grade::Critical)]);
    assert_eq!(
        one(&closure(vec![package("top")]), &honest),
        [("startup-code-added", Grade::Warning)]
    );
    assert_eq!(one(&honest, &hostile), [("startup-code-changed", Grade::Critical)]);
    assert_eq!(one(&honest, &plain), [("startup-code-removed", Grade::Info)]);

    let mut built = package("helper");
    built.archives = vec![wheel("a-1.0.0.tar.gz", 3)];
    built.terms = Terms::Python(PythonTerms {
        built: true,
        ..PythonTerms::default()
    });
    let from_source = closure(vec![package("top"), built]);
    assert_eq!(one(&plain, &from_source), [("built-from-source", Grade::Warning)]);
    assert_eq!(one(&from_source, &from_source), []);
    let findings = first(from_source);
    assert_eq!((findings[0].code, findings[0].grade), ("built-from-source", Grade::Warning));
}

#[test]
fn the_index_and_the_machine_are_judged() {
    let changed = interpreter_changed(&server(), ("/usr/bin/python3", "3.11.2"), Some(("/usr/bin/python3", "3.12.1")));
    assert_eq!((changed.code, changed.grade), ("interpreter-changed", Grade::Warning));
    assert!(
        changed.title.contains("3.11.2") && changed.title.contains("3.12.1"),
        "{}",
        changed.title
    );
    let moved = interpreter_changed(&server(), ("/usr/bin/python3", "3.11.2"), Some(("/opt/python3", "3.11.2")));
    assert_ne!(moved.fingerprint, changed.fingerprint);
    assert!(moved.title.contains("another one"), "{}", moved.title);
    let gone = interpreter_changed(&server(), ("/usr/bin/python3", "3.11.2"), None);
    assert!(gone.title.contains("not there any more"), "{}", gone.title);

    let text = |text: &str| text.to_owned();
    let yanked = release_yanked(
        &server(),
        &[(text("b"), text("2"), None), (text("a"), text("1"), Some(text("broken metadata")))],
    )
    .unwrap();
    assert_eq!((yanked.code, yanked.grade), ("release-yanked", Grade::Warning));
    assert_eq!(format!("{:?}", yanked.details), r#"[Line("a 1: broken metadata"), Line("b 2")]"#);
    let passed = newer_without_wheel(&server(), &[(text("a"), text("1.0"), text("2.0"))]).unwrap();
    assert_eq!((passed.code, passed.grade), ("newer-without-wheel", Grade::Notice));
    assert!(release_yanked(&server(), &[]).is_none() && newer_without_wheel(&server(), &[]).is_none());
    for finding in [changed, yanked, passed] {
        assert!(explain(finding.code).is_some());
    }
}

//! What is demanded, and what is found to fall short of it.

use std::collections::BTreeMap;

use super::*;
use crate::lock::sample::{locked, provenance};
use crate::model::{InstallPath, RegistrySignature, Sha256Digest};
use crate::policy::explain;

fn server() -> ServerName {
    "s".parse().unwrap()
}

fn proved() -> Evidence {
    Evidence {
        provenance: Some(provenance()),
        ..signed()
    }
}

fn signed() -> Evidence {
    Evidence {
        signature: Some(RegistrySignature {
            keyid: "k".into(),
            signature: "AAAA".into(),
            published: None,
        }),
        ..Evidence::default()
    }
}

fn unmet_by(rule: &IdentityRule, evidence: &Evidence) -> Option<Finding> {
    let mut package = locked("notes", "1.0.0");
    package.archive_mut().evidence = evidence.clone();
    let finding = identity_unmet(&server(), &package, rule);
    if let Some(finding) = &finding {
        assert_eq!((finding.code, finding.grade), ("identity-unmet", Grade::Critical));
        assert!(explain(finding.code).is_some());
    }
    finding
}

type Edit = (&'static str, fn(&mut IdentityRule));

#[test]
fn an_identity_holds_only_where_every_member_does() {
    let some = |text: &str| Some(text.to_owned());
    let full = || IdentityRule {
        issuer: some("https://token.actions.githubusercontent.com"),
        signer: some("https://github.com/example/notes/.github/workflows/release.yml"),
        repository: some("https://github.com/EXAMPLE/Notes"),
        workflow: some(".github/workflows/release.yml"),
        git_ref: some("refs/tags/v*"),
    };
    assert_eq!(unmet_by(&full(), &proved()), None);
    assert_eq!(unmet_by(&IdentityRule::default(), &proved()), None);
    let edits: [Edit; 9] = [
        ("issuer", |rule| {
            rule.issuer = Some("https://token.actions.githubusercontent.com/".into());
        }),
        ("issuer", |rule| rule.issuer = Some(String::new())),
        ("signer", |rule| {
            rule.signer = Some("https://github.com/Example/notes/.github/workflows/release.yml".into());
        }),
        ("repository", |rule| {
            rule.repository = Some("https://github.com/example/note".into());
        }),
        ("repository", |rule| {
            rule.repository = Some("https://github.com/example/notes*".into());
        }),
        ("workflow", |rule| rule.workflow = Some(".github/workflows/Release.yml".into())),
        ("ref", |rule| rule.git_ref = Some("refs/heads/*".into())),
        ("ref", |rule| rule.git_ref = Some("refs/tags/v".into())),
        ("ref", |rule| rule.git_ref = Some("*/v*".into())),
    ];
    let mut prints = std::collections::BTreeSet::new();
    for (member, edit) in edits {
        let mut rule = full();
        edit(&mut rule);
        let finding = unmet_by(&rule, &proved()).unwrap();
        assert_eq!(
            finding.title,
            format!("notes@1.0.0 was not built by whom you demand: `{member}` differs")
        );
        assert_eq!(finding.details.len(), 2);
        assert!(prints.insert(finding.fingerprint), "{member}");
    }
}

#[test]
fn what_was_found_is_shown_and_nothing_found_meets_no_rule() {
    let rule = IdentityRule {
        repository: Some("https://github.com/example/notes".into()),
        git_ref: Some("*".into()),
        ..IdentityRule::default()
    };
    let mut evidence = proved();
    let built = evidence.provenance.as_mut().unwrap();
    built.identity.repository = Some("https://github.com/evil/notes".into());
    built.git_ref = None;
    let finding = unmet_by(&rule, &evidence).unwrap();
    assert_eq!(
        finding.title,
        "notes@1.0.0 was not built by whom you demand: `repository`, `ref` differs"
    );
    let lines = [
        "repository demanded `https://github.com/example/notes`",
        "repository found    `https://github.com/evil/notes`",
        "ref demanded `*`",
        "ref found    nothing",
    ];
    assert_eq!(finding.details, lines.map(|line| Detail::Line(line.into())));
    for evidence in [Evidence::default(), signed()] {
        for rule in [&rule, &IdentityRule::default()] {
            let finding = unmet_by(rule, &evidence).unwrap();
            assert_eq!(finding.title, "notes@1.0.0 has no provenance, and who built it is demanded");
        }
    }
}

#[test]
fn consent_to_another_builder_covers_exactly_these_bytes() {
    let rule = IdentityRule {
        issuer: Some("https://else.example".into()),
        ..IdentityRule::default()
    };
    let print = |integrity, evidence| {
        let mut package = locked("notes", "1.0.0");
        package.archive_mut().evidence = evidence;
        package.archive_mut().integrity = crate::model::Integrity::Sha512(integrity);
        identity_unmet(&server(), &package, &rule).unwrap().fingerprint
    };
    for evidence in [proved(), signed()] {
        assert_eq!(print([1; 64], evidence.clone()), print([1; 64], evidence.clone()));
        assert_ne!(print([1; 64], evidence.clone()), print([2; 64], evidence));
    }
}

#[test]
fn a_pattern_has_one_star_and_no_overlap() {
    assert!(fits("refs/tags/v*", "refs/tags/v1.2.3") && fits("refs/*/main", "refs/heads/main") && fits("a*a", "aa"));
    assert!(
        !fits("a*a", "a")
            && !fits("refs/tags/v*", "refs/tags/x/refs/tags/v1")
            && !fits("a", "ab")
            && !fits("v*-ok", "v1-ok-evil")
            && !fits("a**", "ab")
    );
}

fn closure(evidence: [Evidence; 3]) -> Closure {
    let paths = ["node_modules/top", "node_modules/a", "node_modules/b"];
    let package = |(path, evidence): (&str, Evidence)| {
        let install: InstallPath = path.parse().unwrap();
        let mut package = locked(install.name().as_str(), "1.0.0");
        package.archive_mut().evidence = evidence;
        (install, package)
    };
    Closure {
        root: paths[0].parse().unwrap(),
        packages: paths.into_iter().zip(evidence).map(package).collect::<BTreeMap<_, _>>(),
    }
}

#[test]
fn own_and_closure_have_demands_of_their_own() {
    let low = |own, wanted, closure: &Closure| evidence_too_low(&server(), own, wanted, closure);
    let mixed = closure([signed(), proved(), Evidence::default()]);
    assert!(low(Level::Hash, Level::Hash, &mixed).is_empty());
    assert!(low(Level::Signed, Level::Hash, &mixed).is_empty());
    let own = low(Level::Provenance, Level::Hash, &mixed);
    assert_eq!(own.len(), 1);
    assert_eq!((own[0].code, own[0].grade), ("evidence-too-low", Grade::Critical));
    assert_eq!(
        own[0].title,
        "the server's own package top 1.0.0 has `signed` evidence, and `provenance` is demanded"
    );
    let others = low(Level::Hash, Level::Signed, &mixed);
    assert_eq!(others.len(), 1);
    assert_eq!(
        others[0].title,
        "1 package of the closure with less evidence than `signed`, which is demanded"
    );
    assert_eq!(others[0].details, [Detail::Line("b 1.0.0 has `hash`".into())]);
    let bare = closure([Evidence::default(), Evidence::default(), Evidence::default()]);
    let all = low(Level::Provenance, Level::Provenance, &bare);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].details.len(), 2);
}

#[test]
fn provenance_does_not_stand_in_for_the_registrys_signature() {
    let alone = Evidence {
        signature: None,
        ..proved()
    };
    let bare = closure([alone.clone(), alone, Evidence::default()]);
    assert!(evidence_too_low(&server(), Level::Hash, Level::Hash, &bare).is_empty());
    for wanted in [Level::Signed, Level::Provenance] {
        let low = evidence_too_low(&server(), wanted, wanted, &bare);
        let title = &low[0].title;
        assert!(title.contains("has `provenance` alone, not signed by the registry, and"), "{title}");
        assert_eq!(low[1].details.len(), 2);
    }
}

#[test]
fn consent_to_too_little_covers_exactly_these_bytes() {
    let print = |edit: fn(&mut LockedPackage)| {
        let mut closure = closure([signed(), Evidence::default(), Evidence::default()]);
        edit(closure.packages.get_mut(&"node_modules/a".parse().unwrap()).unwrap());
        evidence_too_low(&server(), Level::Hash, Level::Signed, &closure)[0]
            .fingerprint
            .clone()
    };
    let base = print(|_| ());
    assert_eq!(base, print(|_| ()));
    assert_ne!(base, print(|package| package.version = "1.0.1".into()));
    assert_ne!(
        base,
        print(|package| package.archive_mut().integrity = crate::model::Integrity::Sha512([8; 64]))
    );
    assert_ne!(base, print(|package| package.name = "other".parse().unwrap()));
    assert_ne!(
        base,
        print(|package| package.archive_mut().evidence.publish = Some(Sha256Digest::of("x")))
    );
}

#[test]
fn a_release_that_calls_itself_older_than_the_log_is_told() {
    let judged = |released: &str| {
        let moment = |text: &str| text.parse().unwrap();
        release_before_log(&server(), "notes", "1.0.0", moment(released), moment("2026-01-02T12:00:00Z"))
    };
    for fine in ["2026-01-02T12:00:00Z", "2026-01-02T11:00:00Z", "2026-01-09T00:00:00Z"] {
        assert_eq!(judged(fine), None, "{fine}");
    }
    let finding = judged("2026-01-02T10:59:59Z").unwrap();
    assert_eq!((finding.code, finding.grade), ("release-date-before-log", Grade::Warning));
    assert_ne!(finding.fingerprint, judged("2025-01-02T10:59:59Z").unwrap().fingerprint);
    assert_eq!(finding.details.len(), 2);
}

#[test]
fn what_the_registry_claims_and_does_not_keep_is_told() {
    let server = server();
    let mismatch = source_mismatch(&server, "notes", "https://h/o/r", "https://h/e/r");
    assert_eq!((mismatch.code, mismatch.grade), ("source-mismatch", Grade::Warning));
    assert_ne!(
        mismatch.fingerprint,
        source_mismatch(&server, "notes", "https://h/o/r", "https://h/e2/r").fingerprint
    );
    assert_ne!(
        mismatch.fingerprint,
        source_mismatch(&server, "notes", "https://h/e/r", "https://h/o/r").fingerprint
    );

    let missing = |names: &[&str]| attestation_missing(&server, &names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    assert_eq!(
        (missing(&["a 1"]).code, missing(&["a 1"]).grade),
        ("attestation-missing", Grade::Notice)
    );
    assert_eq!(missing(&["b 1", "a 1"]).fingerprint, missing(&["a 1", "b 1", "a 1"]).fingerprint);
    assert_ne!(missing(&["b 1"]).fingerprint, missing(&["a 1"]).fingerprint);

    let stripped = |level| evidence_stripped(&server, "notes 1.0.0", level);
    assert_eq!(
        (stripped(Level::Signed).code, stripped(Level::Signed).grade),
        ("evidence-stripped", Grade::Critical)
    );
    assert_ne!(stripped(Level::Signed).fingerprint, stripped(Level::Provenance).fingerprint);
    for code in [
        "source-mismatch",
        "attestation-missing",
        "evidence-stripped",
        "release-date-before-log",
    ] {
        assert!(explain(code).is_some(), "{code}");
    }
}

#[test]
fn weak_provenance_is_told_on_day_one() {
    let built = |builder: &str, git_ref: &str| {
        let mut evidence = proved();
        let provenance = evidence.provenance.as_mut().unwrap();
        provenance.identity.builder = Some(builder.into());
        provenance.git_ref = Some(git_ref.into());
        evidence
    };
    let told = |evidence| -> Vec<_> {
        let findings = weak_provenance(&server(), &closure(evidence));
        assert!(findings.iter().all(|finding| explain(finding.code).is_some()));
        findings.into_iter().map(|finding| (finding.code, finding.grade)).collect()
    };
    let usual = || built("github-hosted", "refs/heads/main");
    assert!(told([usual(), usual(), Evidence::default()]).is_empty());
    // A dependency's builder is its own business.
    assert!(told([usual(), built("self-hosted", "refs/tags/v1"), usual()]).is_empty());
    assert_eq!(
        told([built("self-hosted", "refs/tags/v1"), usual(), usual()]),
        [("builder-self-hosted", Grade::Notice)]
    );
    for git_ref in ["refs/pull/7/merge", "refs/merge-requests/7/head"] {
        assert_eq!(
            told([usual(), usual(), built("github-hosted", git_ref)]),
            [("signer-ref-unusual", Grade::Warning)]
        );
    }
    let finding = weak_provenance(&server(), &closure([usual(), usual(), built("x", "refs/pull/7/merge")])).remove(0);
    assert_eq!(finding.details, [Detail::Line("b 1.0.0: refs/pull/7/merge".into())]);
}

#[test]
fn a_first_install_tells_of_weak_provenance() {
    let mut pin = crate::lock::sample::package_pin();
    let findings = |pin: &crate::model::Pin| crate::policy::first_install(&server(), pin, &[], &crate::policy::Asked::default());
    let unusual = |pin: &crate::model::Pin| findings(pin).iter().filter(|finding| finding.code == "signer-ref-unusual").count();
    assert_eq!(unusual(&pin), 0);
    let crate::model::Pinned::Package { closure, .. } = &mut pin.pinned else {
        unreachable!()
    };
    let root = closure.packages.get_mut(&closure.root.clone()).unwrap();
    root.archive_mut().evidence.provenance.as_mut().unwrap().git_ref = Some("refs/pull/1/merge".into());
    assert_eq!(unusual(&pin), 1);
}

/// A Python package with one wheel for each of the evidences.
fn python(name: &str, evidence: &[Evidence]) -> LockedPackage {
    let wheel = |(at, evidence): (usize, &Evidence)| LockedArchive {
        file: Some(format!("{name}-1.0.0-py3-none-any{at}.whl")),
        integrity: crate::model::Integrity::Sha256([u8::try_from(at).unwrap(); 32]),
        evidence: evidence.clone(),
    };
    LockedPackage {
        archives: evidence.iter().enumerate().map(wheel).collect(),
        terms: Terms::Python(crate::model::PythonTerms::default()),
        ..locked(name, "1.0.0")
    }
}

/// PEP 740 as it is proved: who built it, and no word of the index.
fn attested() -> Evidence {
    Evidence {
        provenance: Some(provenance()),
        ..Evidence::default()
    }
}

fn python_closure(root: LockedPackage, other: LockedPackage) -> Closure {
    let at = |package: &LockedPackage| InstallPath::python(&package.name, &package.version).unwrap();
    Closure {
        root: at(&root),
        packages: BTreeMap::from([(at(&root), root), (at(&other), other)]),
    }
}

#[test]
fn of_python_packages_every_wheel_must_be_attested() {
    let low = |wheels: &[Evidence], wanted| {
        let closure = python_closure(python("top", wheels), python("other", wheels));
        let mut findings = evidence_too_low(&server(), wanted, wanted, &closure);
        assert!(findings.iter().all(|finding| finding.grade == Grade::Critical));
        findings.sort_by(|a, b| b.subject.cmp(&a.subject));
        findings
    };
    let none = Evidence::default();
    for wheels in [&[none.clone()][..], &[attested()], &[attested(), none.clone()]] {
        assert_eq!(low(wheels, Level::Hash), []);
    }
    for wanted in [Level::Signed, Level::Provenance] {
        assert_eq!(low(&[attested(), attested()], wanted), []);
        // A signature of the registry is none of an index: it does not count for one.
        for wheels in [&[none.clone()][..], &[attested(), none.clone(), attested()], &[signed()], &[]] {
            assert_eq!(low(wheels, wanted).len(), 2, "{wheels:?}");
        }
    }
    let found = low(&[attested(), none.clone(), attested()], Level::Signed);
    let text = format!("{} {:?}", found[0].title, found[0].details);
    assert!(
        text.contains("has `hash` evidence, and `signed` is demanded") && text.contains("1 of 3 wheels"),
        "{text}"
    );
    assert!(text.contains("a Python index signs nothing"), "{text}");
    assert!(!format!("{:?}", low(std::slice::from_ref(&none), Level::Provenance)).contains("signs nothing"));
    // Consent covers every wheel, not the weakest alone.
    let more = low(&[attested(), none.clone(), attested(), none.clone()], Level::Signed);
    let other = low(&[none.clone(), none.clone(), attested()], Level::Signed);
    assert!(found.iter().zip(&more).all(|(a, b)| a.fingerprint != b.fingerprint));
    assert!(found.iter().zip(&other).all(|(a, b)| a.fingerprint != b.fingerprint));
    // npm's rule is as it was: provenance is no signature.
    let mut npm = python("top", &[attested()]);
    npm.terms = locked("top", "1.0.0").terms;
    let closure = python_closure(npm, python("other", &[attested()]));
    assert_eq!(evidence_too_low(&server(), Level::Signed, Level::Hash, &closure).len(), 1);
}

#[test]
fn an_identity_holds_for_every_wheel() {
    let rule = IdentityRule {
        repository: Some("https://github.com/example/notes".into()),
        ..IdentityRule::default()
    };
    let mut stranger = attested();
    stranger.provenance.as_mut().unwrap().identity.repository = Some("https://github.com/mallory/notes".into());
    let check = |wheels: &[Evidence]| identity_unmet(&server(), &python("top", wheels), &rule);
    assert_eq!(check(&[attested(), attested()]), None);
    let one = check(&[attested(), attested(), stranger.clone()]).unwrap();
    assert!(one.title.contains("was not built by whom you demand"), "{}", one.title);
    let two = check(&[attested(), Evidence::default(), stranger.clone()]).unwrap();
    assert_eq!((two.code, two.grade), ("identity-unmet", Grade::Critical));
    let details = format!("{:?}", two.details);
    assert!(
        details.contains("none-any1.whl: no provenance") && details.contains("none-any2.whl: repository demanded"),
        "{details}"
    );
    // Consent to one stranger's wheel is none to a second one's.
    assert_ne!(one.fingerprint, two.fingerprint);
    let first_of_two = check(&[attested(), stranger.clone(), stranger.clone()]).unwrap();
    let first = check(&[attested(), stranger, attested()]).unwrap();
    assert_ne!(first_of_two.fingerprint, first.fingerprint);
}

#[test]
fn the_weakness_of_any_wheel_is_told() {
    let mut weak = attested();
    let provenance = weak.provenance.as_mut().unwrap();
    provenance.identity.builder = Some("self-hosted".into());
    provenance.git_ref = Some("refs/pull/7/merge".into());
    let closure = python_closure(python("top", &[attested(), weak]), python("other", &[attested()]));
    let codes: Vec<_> = weak_provenance(&server(), &closure).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["builder-self-hosted", "signer-ref-unusual"]);
}

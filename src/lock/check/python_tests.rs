//! Poisoned closures of Python packages, each refused by name.

use super::super::{check, check_here, prune};
use super::*;
use crate::lock::sample::wheeled;
use crate::model::Source;

/// `NAME@VERSION`, its marker, its requirements.
type Line<'a> = (&'a str, &'a str, &'a [&'a str]);

fn closure(packages: &[Line<'_>]) -> Closure {
    let package = |(label, marker, requires): &Line<'_>| {
        let (name, version) = label.split_once('@').unwrap();
        let mut package = wheeled(name, version, requires);
        package.python_mut().marker = Some((*marker).to_owned()).filter(|marker| !marker.is_empty());
        (InstallPath::python(&package.name, version).unwrap(), package)
    };
    Closure {
        root: packages.first().map(package).unwrap().0,
        packages: packages.iter().map(package).collect(),
    }
}

fn with_python(mut closure: Closure, label: &str, requires_python: &str) -> Closure {
    let path = format!("site-packages/{label}").parse().unwrap();
    closure.packages.get_mut(&path).unwrap().python_mut().requires_python = Some(requires_python.to_owned());
    closure
}

fn source(text: &str) -> Source {
    text.parse().unwrap()
}

fn said(closure: &Closure) -> Vec<String> {
    check(closure, &source("pypi:s>=1")).iter().map(ToString::to_string).collect()
}

fn poisons(packages: &[Line<'_>]) -> Vec<String> {
    said(&closure(packages))
}

fn machine(sys_platform: &str, version: &str) -> PythonTarget {
    universe(None, [], 1000)
        .unwrap()
        .into_iter()
        .find(|target| target.facts().markers.sys_platform == sys_platform && target.version().to_string() == version)
        .unwrap()
}

const SOUND: &[Line<'static>] = &[
    (
        "s@1.2",
        "",
        &[
            "Dep_A[Fast]>=2,<3",
            "win; sys_platform == 'win32'",
            "old<2; python_version < '3.12'",
            "old>=2; python_version >= '3.12'",
            "tests; extra == 'test'",
            "s[more]; extra == 'all'",
            "more; extra == 'more'",
            "slow; python_full_version < '3.11.3'",
        ],
    ),
    ("dep-a@2.5", "", &["fast~=1.0; extra == 'fast'", "s"]),
    ("fast@1.1rc1", "", &["pre>=1.0rc1"]),
    ("pre@1.0rc2", "", &[]),
    ("win@0.1", "sys_platform == 'win32'", &[]),
    ("old@1.9", "python_full_version < '3.12'", &[]),
    ("old@2.1", "python_full_version >= '3.12'", &[]),
    ("slow@1", "python_full_version < '3.11.3'", &[]),
];

fn without(label: &str) -> Vec<Line<'static>> {
    SOUND.iter().copied().filter(|(at, _, _)| *at != label).collect()
}

/// The sound closure with one line in another's place, or added.
fn edited(line: Line<'static>) -> Vec<String> {
    let mut packages = SOUND.to_vec();
    match packages.iter_mut().find(|(at, _, _)| *at == line.0) {
        Some(at) => *at = line,
        None => packages.push(line),
    }
    poisons(&packages)
}

#[test]
fn a_sound_closure_has_nothing_to_say() {
    // `~=1.0` accepts 1.1rc1, which is what was locked.
    assert_eq!(poisons(SOUND), Vec::<String>::new());
    for (sys_platform, version) in [("linux", "3.10.0"), ("win32", "3.15.99"), ("darwin", "3.12.0")] {
        let here = check_here(&closure(SOUND), &source("pypi:s"), &machine(sys_platform, version));
        assert_eq!(here, []);
    }
}

#[test]
fn nothing_that_is_needed_may_be_missing() {
    let label = "(seen for Python 3.10.0 on linux x86_64)";
    assert_eq!(
        poisons(&without("dep-a@2.5"))[0],
        format!("`site-packages/s@1.2` needs `Dep_A[Fast]>=2,<3`, which is not locked {label}")
    );
    // Through an extra of a dependency.
    assert_eq!(poisons(&without("fast@1.1rc1")).len(), 1);
    // On one system, on some versions, on a few patch releases alone.
    let on = |label: &str| poisons(&without(label)).join("\n");
    assert!(
        on("win@0.1").contains("which is not locked (seen for Python 3.10.0 on win32 AMD64)"),
        "{}",
        on("win@0.1")
    );
    assert!(on("old@2.1").contains("`old>=2; python_version >= '3.12'`, but the marker") || on("old@2.1").contains("not locked"));
    assert!(on("slow@1").contains("not locked"), "{}", on("slow@1"));
    assert_eq!(check(&closure(&without("s@1.2")), &source("pypi:dep-a")).len(), 1);
}

#[test]
fn a_marker_that_leaves_out_what_is_needed_is_named() {
    for marker in [
        "sys_platform == 'win32'",
        "python_version < '3.15'",
        "python_full_version != '3.13.5'",
        "platform_machine != 'arm64'",
        "extra == 'x'",
        "python_version < '0'",
    ] {
        let said = edited(("dep-a@2.5", marker, &["fast~=1.0; extra == 'fast'", "s"]));
        assert!(
            said[0].contains("but the marker of `site-packages/dep-a@2.5` leaves it out"),
            "{marker}: {said:?}"
        );
    }
    let said = edited(("slow@1", "python_full_version < '3.11.2'", &[]));
    assert!(said[0].contains("seen for Python 3.11.2 on linux"), "{said:?}");
}

#[test]
fn nothing_may_be_locked_that_nobody_needs() {
    for (marker, requires) in [("", &[][..]), ("sys_platform == 'win32'", &[]), ("", &["s"])] {
        let said = edited(("extra-one@1", marker, requires));
        assert_eq!(said, ["nothing requires `site-packages/extra-one@1`"]);
    }
    // What only another system, another Python or an extra that nobody asked for would need.
    for requirement in [
        "evil; sys_platform == 'cygwin'",
        "evil; python_version < '3.9'",
        "evil; extra == 'evil'",
    ] {
        let said = poisons(&[("s@1.2", "", &[requirement]), ("evil@1", "", &[])]);
        assert_eq!(said, ["nothing requires `site-packages/evil@1`"], "{requirement}");
    }
}

#[test]
fn a_version_nobody_accepts_is_named() {
    let said = poisons(&[("s@1.2", "", &["a>=2,<3"]), ("a@3.0", "", &[])]);
    assert!(said[0].contains("needs `a>=2,<3` but would get `site-packages/a@3.0`"), "{said:?}");
    // PEP 440: a pre-release of 3 is not below 3.
    assert_eq!(poisons(&[("s@1.2", "", &["a<3"]), ("a@3.0a1", "", &[])]).len(), 1);
    assert_eq!(
        poisons(&[("s@1.2", "", &["a==3.0"]), ("a@3.0+local", "", &[])]),
        Vec::<String>::new()
    );
}

#[test]
fn two_versions_never_meet_on_one_machine() {
    let said = edited(("old@2.1", "python_full_version >= '3.11.7'", &[]));
    let both = "`site-packages/old@1.9` and `site-packages/old@2.1` would both be installed (seen for Python 3.11.7 on linux x86_64)";
    assert!(said.iter().any(|text| text == both), "{said:?}");
}

#[test]
fn what_comes_from_elsewhere_is_named() {
    for (requirement, place) in [
        ("a @ git+ssh://host/x", "git+ssh://host/x"),
        ("a @ file:///x ; sys_platform == 'win32'", "file:///x"),
    ] {
        let said = poisons(&[("s@1.2", "", &[requirement]), ("a@1", "", &[])]);
        assert!(
            said.iter()
                .any(|text| text.contains(&format!("from `{place}`, which is not a registry"))),
            "{said:?}"
        );
    }
    assert_eq!(
        poisons(&[("s@1.2", "", &["a @ git+ssh://host/x ; extra == 'dev'"])]),
        Vec::<String>::new()
    );
}

#[test]
fn what_cannot_be_read_is_never_passed_over() {
    for bad in [
        "a; bogus == 'x'",
        "a ==",
        "a; sys_platform > 'linux'",
        "a; python_version in '3'",
        "a\u{200b}",
    ] {
        let said = poisons(&[("s@1.2", "", &[bad]), ("a@1", "", &[])]);
        assert_eq!(said.len(), 1, "{bad}");
        assert!(said[0].starts_with("`site-packages/s@1.2`: the "), "{said:?}");
    }
    assert!(edited(("win@0.1", "sys_platform = 'win32'", &[]))[0].contains("cannot be read"));
    assert!(edited(("win@0.1", "platform_release >= '20.0'", &[]))[0].contains("two meanings"));
    let odd = with_python(closure(SOUND), "dep-a@2.5", ">=3.8 <4");
    assert!(said(&odd)[0].contains("`Requires-Python` cannot be read"));
    let many: Vec<String> = (0..90).map(|patch| format!("a; python_full_version != '3.11.{patch}'")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut wide: Vec<String> = many.iter().map(|text| text.replace("3.11", "3.12")).collect();
    wide.extend(many.iter().map(|text| text.replace("3.11", "3.13")));
    wide.extend(many.iter().map(|&text| text.to_owned()));
    let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
    assert!(poisons(&[("s@1.2", "", &wide), ("a@1", "", &[])])[0].contains("more versions of Python apart"));
}

#[test]
fn the_root_is_what_was_asked_for() {
    let one = closure(SOUND);
    let found = |text: &str| check(&one, &source(text));
    assert_eq!(found("pypi:s"), []);
    assert_eq!(found("pypi:s==1.2"), []);
    assert!(matches!(found("pypi:s<1")[..], [Poison::RootVersion { .. }]));
    assert!(matches!(found("pypi:dep-a")[..], [Poison::RootName { .. }]));
    assert!(matches!(found("pypi:s[no]")[..], [Poison::NoExtra { .. }]));
    // An extra brings its requirements, also through another one.
    assert!(found("pypi:s[test]")[0].to_string().contains("needs `tests; extra == 'test'`"));
    assert!(found("pypi:s[all]")[0].to_string().contains("needs `more; extra == 'more'`"));
    let mut gone = one.clone();
    gone.packages.remove(&gone.root.clone());
    assert!(matches!(check(&gone, &source("pypi:s"))[..], [Poison::RootMissing { .. }]));
    assert!(!check(&one, &source("npm:s")).is_empty());
}

#[test]
fn a_python_the_server_is_not_for_is_left_out() {
    // For Python 3.12 alone, the older `old` is needed by nobody.
    let narrow = with_python(closure(SOUND), "s@1.2", ">=3.12");
    let said = said(&narrow).join("\n");
    assert!(said.contains("nothing requires `site-packages/old@1.9`"), "{said}");
    let narrow = with_python(
        closure(&[("s@1.2", "python_full_version >= '3.11'", &["a"]), ("a@1", "", &[])]),
        "a@1",
        ">=3.11",
    );
    assert_eq!(check(&narrow, &source("pypi:s")), []);
    let here = check_here(&narrow, &source("pypi:s"), &machine("linux", "3.10.99"));
    assert!(matches!(here[..], [Poison::NotHere { .. }]), "{here:?}");
    for nowhere in [">=3.16", "<3.10"] {
        let nowhere = with_python(closure(SOUND), "s@1.2", nowhere);
        assert!(matches!(check(&nowhere, &source("pypi:s"))[..], [Poison::Nowhere { .. }]));
    }
}

#[test]
fn every_package_allows_the_python_it_is_needed_for() {
    let needs = |text: &str| with_python(closure(SOUND), "dep-a@2.5", text);
    assert!(matches!(
        check(&needs(">=3.11"), &source("pypi:s"))[..],
        [Poison::WrongPython { .. }]
    ));
    assert!(matches!(
        check(&needs("~=3.11"), &source("pypi:s"))[..],
        [Poison::WrongPython { .. }]
    ));
    // An upper bound is a guess until a machine is above it.
    let upper = needs(">=3.8,<3.14");
    assert_eq!(check(&upper, &source("pypi:s")), []);
    assert_eq!(check_here(&upper, &source("pypi:s"), &machine("linux", "3.13.0")), []);
    let here = check_here(&upper, &source("pypi:s"), &machine("linux", "3.14.0"));
    assert!(matches!(here[..], [Poison::WrongPython { .. }]), "{here:?}");
}

#[test]
fn what_no_known_machine_needs_is_taken_out() {
    let mut packages = SOUND.to_vec();
    packages[0] = (
        "s@1.2",
        "",
        &[
            "Dep_A[Fast]>=2,<3",
            "win; sys_platform == 'win32'",
            "old<2; python_version < '3.12'",
            "old>=2; python_version >= '3.12'",
            "slow; python_full_version < '3.11.3'",
            "web; sys_platform == 'emscripten'",
        ],
    );
    packages.push(("web@1", "sys_platform == 'emscripten'", &["webber"]));
    packages.push(("webber@1", "sys_platform == 'emscripten'", &[]));
    let mut closure = closure(&packages);
    let out: Vec<String> = prune(&mut closure, &source("pypi:s")).iter().map(ToString::to_string).collect();
    assert_eq!(out, ["site-packages/web@1", "site-packages/webber@1"]);
    assert_eq!(said(&closure), Vec::<String>::new());
    assert_eq!(closure.packages.len(), SOUND.len());
    assert!(prune(&mut closure, &source("pypi:s")).is_empty());
    // What does not hang together is left as it is: nothing is known of what it needs.
    let mut broken = self::closure(&[("s@1.2", "", &["a", "b"]), ("b@1", "", &[]), ("c@1", "", &[])]);
    assert!(prune(&mut broken, &source("pypi:s")).is_empty());
}

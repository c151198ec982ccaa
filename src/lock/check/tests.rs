//! Poisoned closures, each refused by name.

use super::super::{Poison, Range};
use super::*;
use crate::model::{Integrity, NodeTerms, Terms};

/// `path`, `real@version`, edges: `name: req`, `?name: req` optional, `^name: req` peer, `~name: req`
/// optional peer.
fn package(path: &str, real: &str, edges: &[&str]) -> (InstallPath, LockedPackage) {
    let path: InstallPath = path.parse().unwrap();
    let (name, version) = real.rsplit_once('@').unwrap();
    let mut package = LockedPackage {
        name: if name.is_empty() { path.name() } else { name.parse().unwrap() },
        version: version.to_owned(),
        archives: vec![crate::model::LockedArchive {
            file: None,
            integrity: Integrity::Sha512([0; 64]),
            evidence: crate::model::Evidence::default(),
        }],
        scripts: BTreeMap::new(),
        native: false,
        terms: Terms::Node(NodeTerms::default()),
    };
    for edge in edges {
        let (name, requirement) = edge.split_once(": ").unwrap();
        let name = name.trim_start_matches(['?', '^', '~']).to_owned();
        if edge.starts_with('~') {
            package.node_mut().optional_peers.insert(name.clone());
        }
        let map = match edge.as_bytes()[0] {
            b'?' => &mut package.node_mut().optional_dependencies,
            b'^' | b'~' => &mut package.node_mut().peer_dependencies,
            _ => &mut package.node_mut().dependencies,
        };
        map.insert(name, requirement.to_owned());
    }
    (path, package)
}

fn closure(packages: &[(&str, &str, &[&str])]) -> Closure {
    Closure {
        root: "node_modules/s".parse().unwrap(),
        packages: packages.iter().map(|(path, real, edges)| package(path, real, edges)).collect(),
    }
}

fn found(closure: &Closure) -> Vec<String> {
    check(closure, &"s".parse().unwrap(), Some("^1"))
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn poisons(packages: &[(&str, &str, &[&str])]) -> Vec<String> {
    found(&closure(packages))
}

#[test]
fn a_sound_closure_has_nothing_to_say() {
    let sound = [
        (
            "node_modules/s",
            "@1.2.0",
            &["a: ^1", "b: npm:@x/real@^2", "?mac: 1", "?gone: 1", "tag: latest", "any: "][..],
        ),
        ("node_modules/a", "@1.0.0", &["c: 2", "^p: ^3", "~q: ^4"]),
        ("node_modules/a/node_modules/c", "@2.0.0", &["a: ^1"]),
        ("node_modules/b", "@x/real@2.1.0", &["c: ^1"]),
        ("node_modules/c", "@1.5.0", &[]),
        ("node_modules/p", "@3.0.0", &[]),
        ("node_modules/tag", "@0.0.1", &[]),
        ("node_modules/any", "@1.0.0-rc.1", &[]),
    ];
    assert_eq!(poisons(&sound), Vec::<String>::new());
}

#[test]
fn a_package_nobody_requires_is_found() {
    let found = poisons(&[("node_modules/s", "@1.0.0", &[]), ("node_modules/evil", "@1.0.0", &["evil: *"])]);
    assert_eq!(found, ["nothing requires `node_modules/evil`"]);
    // Nested where node would look first: the rightful one is then the unreachable one.
    let found = poisons(&[
        ("node_modules/s", "@1.0.0", &["a: 1"]),
        ("node_modules/a", "@1.0.0", &[]),
        ("node_modules/s/node_modules/a", "@1.0.0", &[]),
    ]);
    assert_eq!(found, ["nothing requires `node_modules/a`"]);
}

#[test]
fn a_package_under_anothers_name_is_found() {
    let found = poisons(&[("node_modules/s", "@1.0.0", &["a: 1"]), ("node_modules/a", "evil@1.0.0", &[])]);
    assert_eq!(
        found,
        [
            "`node_modules/s` needs the package `a` but would get `evil` from `node_modules/a`",
            "`node_modules/a` holds the package `evil`, and no alias says so"
        ]
    );
    // An alias edge excuses only the package it names.
    let found = poisons(&[
        ("node_modules/s", "@1.0.0", &["a: npm:good@1"]),
        ("node_modules/a", "evil@1.0.0", &[]),
    ]);
    assert_eq!(found.len(), 2);
    // One package's alias is no excuse towards another package that wants the real thing.
    let found = poisons(&[
        ("node_modules/s", "@1.0.0", &["a: npm:good@1", "b: 1"]),
        ("node_modules/a", "good@1.0.0", &[]),
        ("node_modules/b", "@1.0.0", &["a: 1"]),
    ]);
    assert_eq!(
        found,
        ["`node_modules/b` needs the package `a` but would get `good` from `node_modules/a`"]
    );
}

#[test]
fn versions_must_satisfy_every_edge() {
    let found = poisons(&[
        ("node_modules/s", "@1.0.0", &["a: ^1", "?o: ^1", "m: 1"]),
        ("node_modules/a", "@2.0.0", &[]),
        ("node_modules/o", "@2.0.0", &[]),
    ]);
    assert_eq!(
        found,
        [
            "`node_modules/s` needs `m@1`, which is not locked",
            "`node_modules/s` needs `a@^1` but would get version 2.0.0 from `node_modules/a`",
            "`node_modules/s` needs `o@^1` but would get version 2.0.0 from `node_modules/o`"
        ]
    );
    assert_eq!(
        poisons(&[("node_modules/s", "@1.x", &[])])[1],
        "`node_modules/s` has the version `1.x`, which is not one"
    );
}

#[test]
fn the_root_is_what_was_asked_for() {
    let one = closure(&[("node_modules/s", "@1.2.0", &[])]);
    let check = |name: &str, requirement: Option<&str>| check(&one, &name.parse().unwrap(), requirement);
    for fine in [None, Some("latest"), Some("1.2.0"), Some("*"), Some("<2"), Some("")] {
        assert_eq!(check("s", fine), [], "{fine:?}");
    }
    for bad in ["^2", "1.2.1", "npm:s@1", "file:x"] {
        assert!(matches!(check("s", Some(bad))[..], [Poison::RootVersion { .. }]), "{bad}");
    }
    assert!(matches!(check("other", None)[..], [Poison::RootName { .. }]));
    let empty = closure(&[]);
    assert!(matches!(
        super::check(&empty, &"s".parse().unwrap(), None)[..],
        [Poison::RootMissing { .. }]
    ));
}

#[test]
fn what_is_required_cannot_be_marked_optional() {
    let mut lock = closure(&[
        ("node_modules/s", "@1.0.0", &["a: 1", "?o: 1"]),
        ("node_modules/a", "@1.0.0", &["deep: 1"]),
        ("node_modules/o", "@1.0.0", &["deep: 1", "only: 1"]),
        ("node_modules/deep", "@1.0.0", &[]),
        ("node_modules/only", "@1.0.0", &[]),
    ]);
    for (path, package) in &mut lock.packages {
        package.node_mut().optional = path.as_str() != "node_modules/s";
    }
    assert_eq!(
        found(&lock),
        [
            "`node_modules/a` is marked optional but is required",
            "`node_modules/deep` is marked optional but is required"
        ]
    );
}

#[test]
fn what_is_nested_needs_its_parent() {
    let found = poisons(&[
        ("node_modules/s", "@1.0.0", &[]),
        ("node_modules/gone/node_modules/x", "@1.0.0", &[]),
    ]);
    assert_eq!(
        found,
        [
            "nothing requires `node_modules/gone/node_modules/x`",
            "`node_modules/gone/node_modules/x` is nested in a package that is not locked"
        ]
    );
}

#[test]
fn other_places_than_registries_are_refused() {
    for place in [
        "git+https://h/x",
        "file:../x",
        "user/repo",
        "https://h/x.tgz",
        "workspace:*",
        "x.tgz",
        "npm:@s/x@git://h",
        "a b",
    ] {
        let found = poisons(&[("node_modules/s", "@1.0.0", &[&format!("a: {place}")])]);
        assert_eq!(
            found,
            [format!("`node_modules/s` needs `a` from `{place}`, which is not a registry")]
        );
    }
}

#[test]
fn peers_are_a_notice() {
    let lock = closure(&[
        ("node_modules/s", "@1.0.0", &["a: 1", "p: 2"]),
        ("node_modules/a", "@1.0.0", &["^p: ^1", "^gone: 1", "~none: 1"]),
        ("node_modules/p", "@2.0.0", &[]),
    ]);
    let found = check(&lock, &"s".parse().unwrap(), None);
    assert!(found.iter().all(Poison::is_notice));
    let text: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "`node_modules/a` wants `gone@1` beside it, and there is none",
            "`node_modules/a` wants `p@^1` beside it, and version 2.0.0 is there"
        ]
    );
}

#[test]
fn bundled_packages_are_the_archives_business() {
    let mut lock = closure(&[
        ("node_modules/s", "@1.0.0", &["in: git://h/x", "also: 1"]),
        ("node_modules/also", "@9.0.0", &[]),
    ]);
    let root = lock.packages.get_mut(&lock.root.clone()).unwrap();
    root.node_mut().bundled = BTreeSet::from(["in".into(), "also".into()]);
    assert_eq!(found(&lock), Vec::<String>::new());
}

/// Each line was compared with npm's own `semver`, loose, as were some 200,000 other pairs.
#[test]
fn ranges_mean_what_they_mean_to_npm() {
    for (range, yes, no) in [
        ("^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0 2.0.0-rc.1 1.3.0-0"),
        ("^0.1.2", "0.1.2 0.1.9", "0.2.0 0.1.1"),
        ("^0.0.1", "0.0.1", "0.0.2 0.1.0"),
        ("^0", "0.0.1 0.9.0", "1.0.0"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0"),
        ("~>1.2.3", "1.2.9", "1.3.0"),
        ("~> 1", "1.9.0", "2.0.0"),
        ("1.2.3 - 2", "1.2.3 2.9.9", "3.0.0 1.2.2"),
        ("1.2 - 2.3.4", "1.2.0 2.3.4", "2.3.5"),
        ("x - 2", "0.0.0 2.9.9", "3.0.0"),
        ("^1 - 2", "", "0.5.0 3.0.0"),
        (">=1.2.3 <1.2.3", "", "0.0.0 1.2.3 9.0.0"),
        (">x", "", "0.0.0 9.9.9"),
        (">=x", "0.0.0 9.9.9", "1.0.0-rc.1"),
        ("^x", "0.0.0 9.9.9", "1.0.0-rc.1"),
        ("^1.2.3||", "0.0.0 9.9.9", "1.3.0-rc.1"),
        ("1 || >=3 <4", "1.0.0 3.9.9", "2.0.0 4.0.0"),
        ("> 1.2", "1.3.0", "1.2.9"),
        ("<=1.2", "1.2.9", "1.3.0 1.3.0-0"),
        (">=1.2.3-alpha.3", "1.2.3-alpha.7 1.2.3 2.0.0", "1.2.3-alpha.1 1.2.4-alpha"),
        ("1.2.3beta", "1.2.3-beta", "1.2.3"),
        ("=v1.2.3+b", "1.2.3 v1.2.3", "1.2.4"),
        (">=1 foo", "1.0.0", "0.9.0"),
        ("", "1.0.0 1.0.0-rc.1", "x"),
        ("*", "1.0.0 1.0.0-rc.1", ""),
    ] {
        let parsed = Range::parse(range).unwrap_or_else(|| panic!("{range}"));
        for version in yes.split_whitespace() {
            assert!(parsed.accepts(version), "{range} takes {version}");
        }
        for version in no.split_whitespace() {
            assert!(!parsed.accepts(version), "{range} does not take {version}");
        }
    }
    for text in ["latest", "x.1", "1.x.2", "1.2.3.4", "foo bar", "=>1", "^^1", "9007199254740992"] {
        assert!(Range::parse(text).is_none(), "{text}");
    }
    assert!(Version::parse("1.0.0-rc.10") > Version::parse("1.0.0-rc.9"));
    assert!(Version::parse("1.0.0") > Version::parse("1.0.0-rc.9"));
}

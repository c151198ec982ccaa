//! The promises of the module's page, one test each.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::sample::{before_guard, before_python, local_pin, lockfile, name, package_pin, python_pin, unproved};
use super::*;
use crate::model::{ClientProfile, CwdRule, Era, Integrity, ItemKind, LocalArg, Pinned, Runtime, Sha256Digest, Shape};

pub(super) const FIXTURE: &str = include_str!("../../tests/fixtures/lock-v4.json");
const VERSION_3: &str = include_str!("../../tests/fixtures/lock-v3.json");
const VERSION_2: &str = include_str!("../../tests/fixtures/lock-v2.json");
const VERSION_1: &str = include_str!("../../tests/fixtures/lock-v1.json");

#[test]
fn version_4_reads_and_rewrites_to_its_own_bytes() {
    let read = parse(FIXTURE).unwrap();
    assert_eq!(read, lockfile());
    assert_eq!(write(&read), FIXTURE);
}

#[test]
fn older_versions_read_and_rewrite_to_version_4_with_nothing_else_changed() {
    let mut unproven = before_python();
    unproven.servers.values_mut().for_each(|pin| *pin = unproved(pin.clone()));
    for (text, version, expected) in [
        (VERSION_1, 1, unproven),
        (VERSION_2, 2, before_python()),
        (VERSION_3, 3, before_guard()),
    ] {
        let read = parse(text).unwrap();
        assert_eq!(read, expected);
        let line = format!("\"lockfileVersion\": {version}");
        let rewritten = text.replacen(&line, "\"lockfileVersion\": 4", 1);
        assert_ne!(rewritten, text);
        assert_eq!(write(&read), rewritten);
        assert_eq!(parse(&rewritten), Ok(read));
    }
}

#[test]
fn order_and_spelling_do_not_reach_the_bytes() {
    let mut shuffled = lockfile();
    let pin = shuffled.servers.get_mut(&name("notes")).unwrap();
    let surface = pin.surface.as_mut().unwrap();
    surface.views.reverse();
    for view in &mut surface.views {
        view.items.values_mut().for_each(|list| list.reverse());
    }
    assert_eq!(entry_digest(&name("notes"), pin), entry_digest(&name("notes"), &package_pin()));
    assert_eq!(write(&shuffled), FIXTURE);
}

#[test]
fn numbers_survive_and_one_digest_has_one_spelling() {
    let numbers = json!([
        0.1,
        1e-27,
        1e300,
        123_456_789.123_456_78,
        5e-324,
        9_007_199_254_740_992_u64,
        -0.5,
        2.225_073_858_507_201e-308
    ]);
    let with = |value: Value| {
        let mut lockfile = lockfile();
        let surface = lockfile.servers.get_mut(&name("notes")).unwrap().surface.as_mut().unwrap();
        let item = &mut surface.views[0].items.get_mut(&ItemKind::Tool).unwrap()[0];
        item.definition["x"] = value;
        item.digest = crate::surface::digest(&item.definition);
        lockfile
    };
    let text = write(&with(numbers));
    assert_eq!(write(&parse(&text).unwrap()), text);
    assert_eq!(write(&with(json!(1.0))), write(&with(json!(1))));
}

fn any_json() -> impl Strategy<Value = Value> {
    let number = any::<f64>().prop_filter_map("finite", |x| serde_json::Number::from_f64(x).map(Value::Number));
    let leaf = prop_oneof![
        number,
        any::<i32>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_definition_survives(value in any_json()) {
        let mut lockfile = lockfile();
        let surface = lockfile.servers.get_mut(&name("notes")).unwrap().surface.as_mut().unwrap();
        let item = &mut surface.views[0].items.get_mut(&ItemKind::Tool).unwrap()[0];
        item.definition["x"] = value;
        item.digest = crate::surface::digest(&item.definition);
        let text = write(&lockfile);
        let read = parse(&text).unwrap();
        prop_assert_eq!(write(&read), text);
        prop_assert_eq!(
            entry_digest(&name("notes"), &read.servers[&name("notes")]),
            entry_digest(&name("notes"), &lockfile.servers[&name("notes")])
        );
    }
}

#[test]
fn somebody_elses_file_is_left_alone() {
    for (text, format) in [
        ("{\"lockfileVersion\": 1, \"servers\": {}}", "JSON"),
        ("{\"kind\": \"other/tool\", \"lockfileVersion\": 9}", "JSON"),
        ("[1, 2]", "JSON"),
        ("{\"version\": ", "JSON"),
        ("version: 1\nservers:\n  a: b\n", "not JSON"),
        ("[[server]]\nname = \"a\"\n", "JSON"),
        ("version = 1\n", "not JSON"),
    ] {
        assert_eq!(parse(text), Err(LockError::Foreign { format }), "{text}");
    }
}

#[test]
fn a_newer_version_is_refused_before_its_shape_is_judged() {
    let text = json!({"kind": MARKER, "lockfileVersion": 5, "new": [], "servers": 7}).to_string();
    let error = parse(&text).unwrap_err();
    assert_eq!(error, LockError::Newer { found: 5 });
    assert!(error.to_string().contains('5') && error.to_string().contains('4'), "{error}");
    for bad in [json!(0), json!(-1), json!("1"), json!(1.5), Value::Null] {
        let text = json!({"kind": MARKER, "lockfileVersion": bad, "servers": {}}).to_string();
        assert_eq!(parse(&text), Err(LockError::NoVersion), "{bad}");
    }
}

#[test]
fn a_half_merged_file_is_called_that() {
    let text = FIXTURE.replacen(
        "  \"lockfileVersion\": 4,\n",
        "<<<<<<< HEAD\n  \"lockfileVersion\": 4,\n=======\n>>>>>>> b\n",
        1,
    );
    assert_eq!(parse(&text), Err(LockError::Conflict { line: 3 }));
}

#[test]
fn damage_has_a_place() {
    let cut = &FIXTURE[..FIXTURE.len() - 40];
    assert!(
        matches!(parse(cut), Err(LockError::Corrupt { line, .. }) if line > 100),
        "{:?}",
        parse(cut)
    );
    let unknown = FIXTURE.replacen("\"cwd\"", "\"cwd2\\u001b\"", 1);
    let error = parse(&unknown).unwrap_err();
    assert!(
        matches!(&error, LockError::Corrupt { line, column, .. } if *line > 1 && *column > 0),
        "{error}"
    );
    assert!(error.to_string().contains("cwd2\\u{1b}"), "{error}");
    assert!(matches!(parse(""), Err(LockError::Corrupt { line: 1, .. })));
}

#[test]
fn duplicate_keys_are_refused_wherever_they_stand() {
    for (once, twice) in [
        ("\"network\": true,", "\"network\": true, \"network\": true,"),
        ("\"helper\": \"^2.0.0\"", "\"helper\": \"^2.0.0\", \"helper\": \"^9\""),
        ("\"name\": \"add\"", "\"name\": \"add\", \"name\": \"add\""),
        (
            "\"postinstall\": \"node build.js\"",
            "\"postinstall\": \"x\", \"postinstall\": \"node build.js\"",
        ),
    ] {
        let text = FIXTURE.replacen(once, twice, 1);
        assert_ne!(text, FIXTURE, "{once}");
        let error = parse(&text).unwrap_err();
        assert!(
            matches!(&error, LockError::Corrupt { what, .. } if what.contains("twice")),
            "{error}"
        );
    }
}

#[test]
fn an_edited_definition_is_named() {
    let text = FIXTURE.replacen("Adds a note", "Adds a note and mails it", 1);
    match parse(&text) {
        Err(LockError::EditedDefinition {
            server,
            item,
            stated,
            computed,
        }) => {
            assert_eq!((server.as_str(), item.as_str()), ("notes", "tool add, view legacy/bare"));
            assert_ne!(stated, computed);
        }
        other => panic!("{other:?}"),
    }
    let text = FIXTURE.replacen("Two\\nlines", "Two\\nlies", 1);
    assert!(matches!(parse(&text), Err(LockError::EditedDefinition { item, .. }) if item.starts_with("handshake")));
}

#[test]
fn what_cannot_be_does_not_parse() {
    let entry = "node_modules/@example/server-notes/dist/index.js";
    for (from, to) in [
        (entry, "node_modules/helper/index.js"),
        (entry, "node_modules/@example/server-notes/../../x.js"),
        (entry, "/etc/x.js"),
        (entry, "node_modules/@example/server-notes/"),
        ("\"node_modules/helper\": {", "\"node_modules/../helper\": {"),
        ("\"NOTES_FILE\"", "\"NODE_OPTIONS\""),
        ("\"source\": \"local\"", "\"source\": \"npm:a\""),
        (
            "\"version\": \"1.2.3\"\n      },\n      \"packages\"",
            "\"version\": \"1.2.4\"\n      },\n      \"packages\"",
        ),
        ("\"client\": \"full\"", "\"client\": \"bare\""),
        ("\"uri\": \"notes://all\"", "\"uri\": 1"),
    ] {
        let text = FIXTURE.replacen(from, to, 1);
        assert_ne!(text, FIXTURE, "{from}");
        assert!(parse(&text).is_err(), "{to}");
    }
}

#[test]
fn what_a_reviewer_would_misread_does_not_parse() {
    let rejected = |from: &str, to: &str| {
        let text = FIXTURE.replacen(from, to, 1);
        assert_ne!(text, FIXTURE, "{from}");
        match parse(&text) {
            Err(LockError::Entry { at, problem, .. }) => format!("{at}: {problem}"),
            other => panic!("{to}: {other:?}"),
        }
    };
    let weak = Integrity::Sha256([9; 32]).to_string();
    let strong = Integrity::Sha512([1; 64]).to_string();
    for spelling in [
        format!("{weak} {strong}"),
        format!("{strong} {weak}"),
        format!("{weak}?x"),
        format!(" {weak}"),
    ] {
        assert!(rejected(&format!("\"{weak}\""), &format!("\"{spelling}\"")).contains("once and alone"));
    }
    for (from, to) in [
        ("\"--stdio\"", "\"--stdio\\u202e\""),
        ("\"^2.0.0\"", "\"^2.0.0\\u200b\""),
        ("\"postinstall\"", "\"post\\u0007install\""),
        ("\"glibc\"", "\"glibc\\ufe0f\""),
        ("dist/index.js\"", "dist/\\u2066index.js\""),
        ("\"version\": \"2.1.0\"", "\"version\": \"2.1.0\\u200b\""),
    ] {
        assert!(rejected(from, to).contains("invisible"), "{to}");
    }
    assert!(rejected("\"wanted\": \">=20\"", "\"wanted\": \">=2\"").starts_with("launch.runtime"));
}

#[test]
fn a_surface_is_taken_with_what_the_launch_gives() {
    let edited = |edit: fn(&mut Pin)| {
        let mut lockfile = lockfile();
        edit(lockfile.servers.get_mut(&name("notes")).unwrap());
        match parse(&write(&lockfile)) {
            Err(LockError::Entry { at, .. }) => at,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(edited(|pin| surface(pin).env.push("OTHER".into())), "surface.env");
    assert_eq!(edited(|pin| surface(pin).env = vec!["a b".into()]), "surface.env");
    assert_eq!(edited(|pin| package_of(pin).1.network = false), "surface.network");
}

#[test]
fn a_closure_has_a_bound_in_size_and_depth() {
    let with = |paths: Vec<String>| {
        let mut lockfile = lockfile();
        let packages = &mut package_of(lockfile.servers.get_mut(&name("notes")).unwrap()).0.packages;
        for path in paths {
            packages.insert(path.parse().unwrap(), super::sample::locked("a", "1.0.0"));
        }
        parse(&write(&lockfile)).map(drop).map_err(|error| error.to_string())
    };
    let nested = |depth: usize| vec![vec!["node_modules/a"; depth].join("/")];
    assert_eq!(with(nested(50)), Ok(()));
    assert!(with(nested(51)).unwrap_err().contains("50 deep"));
    let many = |count: usize| (0..count).map(|n| format!("node_modules/p{n}")).collect::<Vec<_>>();
    assert!(with(many(20_000)).unwrap_err().contains("20000"));

    let edges = |count: usize| {
        let mut lockfile = lockfile();
        let packages = &mut package_of(lockfile.servers.get_mut(&name("notes")).unwrap()).0.packages;
        let mut deep = super::sample::locked("a", "1.0.0");
        deep.node_mut().dependencies = (0..count).map(|n| (format!("p{n}"), "1".to_owned())).collect();
        let path = vec![format!("node_modules/{}", "a".repeat(200)); 50].join("/");
        packages.insert(path.parse().unwrap(), deep);
        parse(&write(&lockfile)).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(edges(6_000), Ok(()));
    assert!(edges(7_000).unwrap_err().contains("deeper folders"));
}

/// Every leaf of the file: either the reader refuses the change, or both digests' promise holds.
#[test]
fn no_leaf_of_an_entry_escapes_its_digest() {
    let original: Value = serde_json::from_str(FIXTURE).unwrap();
    let before = parse(FIXTURE).unwrap();
    let mut pointers = Vec::new();
    leaves(&original["servers"], "/servers".into(), &mut pointers);
    assert!(pointers.len() > 80);
    let mut moved = 0;
    for pointer in pointers {
        let mut changed = original.clone();
        let leaf = changed.pointer_mut(&pointer).unwrap();
        *leaf = match &*leaf {
            Value::Bool(b) => json!(!b),
            Value::Number(_) => json!(5),
            _ => json!("other"),
        };
        let Ok(after) = parse(&changed.to_string()) else { continue };
        let server = name(pointer.split('/').nth(2).unwrap());
        let (old, new) = (&before.servers[&server], &after.servers[&server]);
        assert_ne!(entry_digest(&server, old), entry_digest(&server, new), "{pointer}");
        let is_static = !pointer.contains("/surface/") && !pointer.contains("/guard/");
        assert_eq!(static_digest(&server, old) != static_digest(&server, new), is_static, "{pointer}");
        moved += 1;
    }
    assert!(moved > 20, "{moved}");
}

fn leaves(value: &Value, at: String, out: &mut Vec<String>) {
    let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(members) => members.iter().for_each(|(key, v)| leaves(v, format!("{at}/{}", escape(key)), out)),
        Value::Array(items) if !items.is_empty() => items.iter().enumerate().for_each(|(i, v)| leaves(v, format!("{at}/{i}"), out)),
        _ => out.push(at),
    }
}

pub(super) type Mutation = (&'static str, fn(&mut Pin));

pub(super) fn package_of(pin: &mut Pin) -> (&mut crate::model::Closure, &mut crate::model::Launch) {
    match &mut pin.pinned {
        Pinned::Package { closure, launch } => (closure, launch),
        Pinned::Local(_) | Pinned::Remote(_) => unreachable!(),
    }
}

fn helper(pin: &mut Pin) -> &mut crate::model::LockedPackage {
    package_of(pin).0.packages.get_mut(&"node_modules/helper".parse().unwrap()).unwrap()
}

fn local(pin: &mut Pin) -> &mut crate::model::LocalCommand {
    match &mut pin.pinned {
        Pinned::Local(local) => local,
        Pinned::Package { .. } | Pinned::Remote(_) => unreachable!(),
    }
}

const STATIC: &[Mutation] = &[
    ("source", |pin| pin.source = "npm:@example/server-notes@^2".parse().unwrap()),
    ("root", |pin| package_of(pin).0.root = "node_modules/helper".parse().unwrap()),
    ("path", |pin| {
        let packages = &mut package_of(pin).0.packages;
        let moved = packages.remove(&"node_modules/helper".parse().unwrap()).unwrap();
        packages.insert("node_modules/native-x64/node_modules/helper".parse().unwrap(), moved);
    }),
    ("name", |pin| helper(pin).name = "helped".parse().unwrap()),
    ("version", |pin| helper(pin).version = "2.1.1".into()),
    ("integrity", |pin| helper(pin).archive_mut().integrity = Integrity::Sha256([8; 32])),
    ("evidence", |pin| {
        helper(pin).archive_mut().evidence = crate::model::Evidence::default();
    }),
    ("evidence added", |pin| {
        helper(pin).archive_mut().evidence.publish = Some(Sha256Digest::of("x"));
    }),
    ("os", |pin| helper(pin).node_mut().os.push("linux".into())),
    ("cpu", |pin| helper(pin).node_mut().cpu.push("x64".into())),
    ("libc", |pin| helper(pin).node_mut().libc.push("musl".into())),
    ("optional", |pin| helper(pin).node_mut().optional = true),
    ("scripts", |pin| helper(pin).scripts.clear()),
    ("native", |pin| helper(pin).native = false),
    ("dependencies", |pin| {
        helper(pin).node_mut().dependencies.insert("x".into(), "1".into());
    }),
    ("optional dependencies", |pin| {
        helper(pin).node_mut().optional_dependencies.insert("x".into(), "1".into());
    }),
    ("peers", |pin| {
        helper(pin).node_mut().peer_dependencies.insert("x".into(), "1".into());
    }),
    ("optional peers", |pin| {
        helper(pin).node_mut().optional_peers.insert("x".into());
    }),
    ("bundled", |pin| {
        helper(pin).node_mut().bundled.insert("x".into());
    }),
    ("engines", |pin| helper(pin).node_mut().engines_node = Some("*".into())),
    ("runtime", |pin| package_of(pin).1.runtime = Runtime::Node { wanted: None }),
    ("entry", |pin| package_of(pin).1.entry.push('x')),
    ("args order", |pin| package_of(pin).1.args.reverse()),
    ("env", |pin| package_of(pin).1.env.clear()),
    ("cwd", |pin| package_of(pin).1.cwd = CwdRule::Empty),
    ("network", |pin| package_of(pin).1.network = false),
];

const LOCAL: &[Mutation] = &[
    ("command path", |pin| local(pin).command.path.push('x')),
    ("command digest", |pin| local(pin).command.digest = Sha256Digest::of("x")),
    ("argument kind", |pin| {
        local(pin).args[0] = LocalArg::Text("/srv/tool/server.js".into());
    }),
    ("arguments", |pin| local(pin).args.reverse()),
    ("local env", |pin| local(pin).env.clear()),
    ("local cwd", |pin| local(pin).cwd = CwdRule::Client),
    ("local network", |pin| local(pin).network = true),
];

const SURFACE: &[Mutation] = &[
    ("no surface", |pin| pin.surface = None),
    ("surface env", |pin| surface(pin).env.clear()),
    ("surface network", |pin| surface(pin).network = false),
    ("view era", |pin| surface(pin).views[0].era = Era::Modern),
    ("view client", |pin| surface(pin).views[0].client = ClientProfile::Any),
    ("handshake", |pin| surface(pin).views[0].handshake["instructions"] = json!("x")),
    ("list absent", |pin| {
        surface(pin).views[0].items.remove(&ItemKind::Prompt);
    }),
    ("item", |pin| {
        surface(pin).views[0].items.get_mut(&ItemKind::Tool).unwrap().pop();
    }),
    ("definition", |pin| {
        surface(pin).views[0].items.get_mut(&ItemKind::Tool).unwrap()[0].definition["x"] = json!(1);
    }),
    ("volatile at", |pin| surface(pin).volatile[0].at.push('x')),
    ("volatile shape", |pin| surface(pin).volatile[0].shape = Shape::Unshaped),
];

fn surface(pin: &mut Pin) -> &mut crate::model::Surface {
    pin.surface.as_mut().unwrap()
}

#[test]
fn approvals_cover_every_field_of_the_model() {
    let server = name("notes");
    let mut seen = BTreeSet::new();
    for (base, mutations, is_static) in [
        (package_pin(), STATIC, true),
        (python_pin(), super::python_tests::PYTHON, true),
        (local_pin(), LOCAL, true),
        (package_pin(), SURFACE, false),
    ] {
        seen.insert(static_digest(&server, &base));
        for (field, mutate) in mutations {
            let mut pin = base.clone();
            mutate(&mut pin);
            assert_ne!(entry_digest(&server, &pin), entry_digest(&server, &base), "{field}");
            if is_static {
                assert!(seen.insert(static_digest(&server, &pin)), "{field}");
            } else {
                assert_eq!(static_digest(&server, &pin), static_digest(&server, &base), "{field}");
            }
        }
    }
    assert_ne!(static_digest(&server, &local_pin()), static_digest(&name("other"), &local_pin()));
    assert_ne!(static_digest(&server, &local_pin()), entry_digest(&server, &local_pin()));
}

#[test]
fn nothing_that_moves_by_itself_is_in_the_file() {
    let empty = Lockfile::default();
    assert_eq!(
        write(&empty),
        "{\n  \"kind\": \"mcp-pin/closure\",\n  \"lockfileVersion\": 4,\n  \"servers\": {}\n}\n"
    );
    assert_eq!(parse(&write(&empty)), Ok(empty));
    assert!(!VERSION_1.contains("http"));
}

#[test]
fn the_schema_knows_every_key_of_the_fixture() {
    let schema = schema().to_string();
    for key in [
        "lockfileVersion",
        "resourceTemplates",
        "engines-node",
        "enginesNode",
        "token-set",
        "optionalPeers",
        "requiresPython",
        "sdist",
    ] {
        assert_eq!(schema.contains(&format!("\"{key}\"")), key != "engines-node", "{key}");
    }
    assert!(schema.contains("\"additionalProperties\":false"));
}

#[test]
fn approvals_given_before_evidence_stay_valid() {
    let (notes, own) = (name("notes"), name("own"));
    let plain = unproved(package_pin());
    let digests = [
        static_digest(&notes, &plain),
        entry_digest(&notes, &plain),
        static_digest(&own, &local_pin()),
        entry_digest(&own, &local_pin()),
    ];
    assert_eq!(
        digests.map(|digest| digest.to_string()),
        [
            "7bb34d5f46d26ba0ddec88b8688016c89230627ea642173abe30a9ce2af19fd3",
            "1e8a8c41655c64e9d9fe8bc71217c4aa81f697c15238afe7e84a583e49a60088",
            "2008b5a15cabe8b6f63d18e22cb5848e9e9f70e2475d5529b5d029257d3af3e1",
            "a700b05e5bfbe3376e15a7403e9516fbefffd3082220190ac0966c03c3eaf6d8",
        ]
    );
}

//! Python entries: the rules between their fields, and what approvals of them cover.

use super::sample::{lockfile, name, wheel};
use super::tests::{FIXTURE, Mutation, package_of};
use super::*;
use crate::model::{Integrity, LockedArchive, Runtime, Sha256Digest};

fn python(pin: &mut Pin) -> &mut crate::model::LockedPackage {
    let path = "site-packages/zstd@1.5.0".parse().unwrap();
    package_of(pin).0.packages.get_mut(&path).unwrap()
}

pub(super) const PYTHON: &[Mutation] = &[
    ("source", |pin| pin.source = "pypi:mcp-notes>=2024".parse().unwrap()),
    ("extras", |pin| pin.source = "pypi:mcp-notes[x]>=2025".parse().unwrap()),
    ("root", |pin| package_of(pin).0.root = "site-packages/anyio@4.9.0".parse().unwrap()),
    ("path", |pin| {
        let packages = &mut package_of(pin).0.packages;
        let moved = packages.remove(&"site-packages/zstd@1.5.0".parse().unwrap()).unwrap();
        packages.insert("site-packages/zstd@1.5.1".parse().unwrap(), moved);
    }),
    ("name", |pin| python(pin).name = "other".parse().unwrap()),
    ("version", |pin| python(pin).version = "1.5.1".into()),
    ("wheel removed", |pin| drop(python(pin).archives.pop())),
    ("wheel added", |pin| {
        python(pin).archives.push(wheel("zstd-1.5.0-py3-none-any.whl", 1));
    }),
    ("wheel twice", |pin| {
        let again = LockedArchive {
            integrity: Integrity::Sha256([6; 32]),
            ..python(pin).archives[0].clone()
        };
        python(pin).archives.push(again);
    }),
    ("wheel without a name", |pin| python(pin).archive_mut().file = None),
    ("wheel renamed", |pin| {
        python(pin).archive_mut().file = Some("zstd-1.5.0-cp313-cp313-win_amd64.whl".into());
    }),
    ("integrity", |pin| python(pin).archive_mut().integrity = Integrity::Sha256([8; 32])),
    ("digests exchanged", |pin| {
        let archives = &mut python(pin).archives;
        let first = archives[0].integrity.clone();
        archives[0].integrity = archives[1].integrity.clone();
        archives[1].integrity = first;
    }),
    ("evidence added", |pin| {
        python(pin).archive_mut().evidence.publish = Some(Sha256Digest::of("x"));
    }),
    ("startup", |pin| {
        python(pin).scripts.insert("a.pth".into(), "import a".into());
    }),
    ("native", |pin| python(pin).native = true),
    ("marker", |pin| python(pin).python_mut().marker = Some("os_name == 'nt'".into())),
    ("requires", |pin| python(pin).python_mut().requires.clear()),
    ("requires order", |pin| {
        let root = "site-packages/mcp-notes@2025.1.7".parse().unwrap();
        package_of(pin).0.packages.get_mut(&root).unwrap().python_mut().requires.reverse();
    }),
    ("requires more", |pin| python(pin).python_mut().requires.push("a".into())),
    ("requires python", |pin| {
        python(pin).python_mut().requires_python = Some(">=3".into());
    }),
    ("built", |pin| python(pin).python_mut().built = true),
    ("terms", |pin| {
        python(pin).terms = crate::model::Terms::Node(crate::model::NodeTerms::default());
    }),
    ("runtime", |pin| package_of(pin).1.runtime = Runtime::Python { wanted: None }),
    ("runtime kind", |pin| {
        package_of(pin).1.runtime = Runtime::Node {
            wanted: Some(">=3.10".into()),
        };
    }),
    ("entry", |pin| package_of(pin).1.entry.push('x')),
];

/// The rules between the fields of a Python entry, each broken alone.
#[test]
fn a_python_entry_that_cannot_be_does_not_parse() {
    let cp = "zstd-1.5.0-cp312-cp312-win_amd64.whl";
    let digest = Integrity::Sha256([2; 32]).to_string();
    let line = format!("\"{cp}\": \"{digest}\"");
    let long = format!("\"{cp}\": \"{}\"", Integrity::Sha512([2; 64]));
    let object = format!("\"{cp}\": {{\"integrity\": \"{digest}\"}}");
    let nothing = format!("\"{cp}\": {{\"integrity\": \"{digest}\", \"evidence\": null}}");
    let extra = format!("\"{cp}\": {{\"integrity\": \"{digest}\", \"x\": 1}}");
    let zstd = "\"site-packages/zstd@1.5.0\": {";
    for (from, to, why) in [
        (cp, "other-1.5.0-cp312-cp312-win_amd64.whl", "no wheel of this package"),
        (cp, "zstd-1.5.1-cp312-cp312-win_amd64.whl", "no wheel of this package"),
        (cp, "zstd-1.5.0-cp312-win_amd64.whl", "no wheel of this package"),
        (cp, "zstd-1.5.0.tar.gz", "no wheel of this package"),
        (cp, "zstd-1.5.0-cp312-cp312-win_amd64\\u200b.whl", "no wheel of this package"),
        (cp, "../zstd-1.5.0-cp312-cp312-win_amd64.whl", "no wheel of this package"),
        (&line, &long, "not SHA-256"),
        (&line, &object, "missing field `evidence`"),
        (&line, &nothing, "invalid type: null"),
        (&line, &extra, "unknown field `x`"),
        (&digest, &format!("{digest} {digest}"), "once and alone"),
        ("builder-1.0.tar.gz", "builder-1.1.tar.gz", "no source distribution"),
        ("builder-1.0.tar.gz", "builder-1.0-py3-none-any.whl", "no source distribution"),
        ("\"built\": true", "\"built\": false", "nothing of an npm package"),
        (zstd, &format!("{zstd}\"built\": true,"), "nothing of an npm package"),
        (zstd, &format!("{zstd}\"integrity\": \"{digest}\","), "nothing of an npm package"),
        (zstd, &format!("{zstd}\"integrity\": null,"), "invalid type: null"),
        (zstd, &format!("{zstd}\"name\": \"zstd\","), "nothing of an npm package"),
        (zstd, &format!("{zstd}\"optional\": true,"), "nothing of an npm package"),
        (zstd, &format!("{zstd}\"os\": [\"linux\"],"), "nothing of an npm package"),
        (zstd, &format!("{zstd}\"scripts\": {{\"a\": \"b\"}},"), "nothing of an npm package"),
        (
            zstd,
            &format!("{zstd}\"dependencies\": {{\"a\": \"1\"}},"),
            "nothing of an npm package",
        ),
        (zstd, &format!("{zstd}\"native\": true,"), "native by nature"),
        (zstd, "\"site-packages/Zstd@1.5.0\": {", "is not an install path"),
        (zstd, "\"site-packages/zstd@1.5.00\": {", "not the place"),
        (zstd, "\"node_modules/zstd\": {", "not the place"),
        ("\"version\": \"1.5.0\"", "\"version\": \"1.5\"", "not the place"),
        ("\"version\": \"1.5.0\"", "\"version\": \"v1.5.0\"", "normal form"),
        ("\"version\": \"1.5.0\"", "\"version\": \"x\"", "normal form"),
        ("\"anyio>=4\"", "\"anyio>=4\\u200b\"", "invisible"),
        ("\"sys_platform == \'win32\'\"", "\"sys_platform == \'win32\'\\u202e\"", "invisible"),
        ("\"anyio.pth\"", "\"anyio\\u2066.pth\"", "invisible"),
        ("mcp_notes.cli:main", "mcp_notes.cli:main()", "NAME = module:callable"),
        ("mcp-notes = mcp", "mcp-notes=mcp", "NAME = module:callable"),
        ("\"wanted\": \">=3.10\"", "\"wanted\": \">=3.1\"", "requiresPython"),
        ("\"kind\": \"python\"", "\"kind\": \"node\"", "another kind"),
        ("\"pypi:mcp-notes>=2025\"", "\"npm:mcp-notes\"", "another registry"),
        ("\"pypi:mcp-notes>=2025\"", "\"local\"", "belong together"),
        ("\"npm:@example/server-notes@^1\"", "\"pypi:notes\"", "another registry"),
        (
            "\"registryType\": \"pypi\"",
            "\"path\": \"site-packages/anyio@4.9.0\", \"registryType\": \"pypi\"",
            "a `path`",
        ),
        (
            "\"identifier\": \"mcp-notes\"",
            "\"identifier\": \"MCP-notes\"",
            "that indexes compare",
        ),
        (
            "\"version\": \"2025.1.7\"\n      },\n      \"packages\"",
            "\"version\": \"2025.1.8\"\n      },\n      \"packages\"",
            "missing in `packages`",
        ),
        (
            "\"node_modules/helper\": {",
            "\"node_modules/helper\": {\"marker\": \"x\",",
            "of a Python package",
        ),
        (
            "\"node_modules/helper\": {",
            "\"node_modules/helper\": {\"requires\": [\"x\"],",
            "of a Python package",
        ),
        (
            "\"node_modules/helper\": {",
            "\"site-packages/helper@2.1.0\": {",
            "closure of an npm package",
        ),
        ("\"lockfileVersion\": 4", "\"lockfileVersion\": 2", "of a version that has none"),
        ("\"lockfileVersion\": 4", "\"lockfileVersion\": 1", "version 1"),
    ] {
        let text = FIXTURE.replacen(from, to, 1);
        assert_ne!(text, FIXTURE, "{from}");
        match parse(&text) {
            Ok(_) => panic!("read: {to}"),
            Err(error) => assert!(error.to_string().contains(why), "{to}: {error}"),
        }
    }
}

#[test]
fn a_python_closure_has_a_bound() {
    let with = |edit: &dyn Fn(&mut crate::model::LockedPackage)| {
        let mut lockfile = lockfile();
        edit(python(lockfile.servers.get_mut(&name("paper")).unwrap()));
        parse(&write(&lockfile)).map(drop).map_err(|error| error.to_string())
    };
    let wheels = |count: usize| {
        with(&|package| package.archives = (0..count).map(|n| wheel(&format!("zstd-1.5.0-{n}-py3-none-any.whl"), 1)).collect())
    };
    assert_eq!(wheels(19_000), Ok(()));
    assert!(wheels(20_000).unwrap_err().contains("20000"));
    assert!(wheels(0).unwrap_err().contains("no wheel"));
    let requires = |count: usize, one: &str| with(&|package| package.python_mut().requires = vec![one.to_owned(); count]);
    assert_eq!(requires(90_000, "a"), Ok(()));
    assert!(requires(100_001, "a").unwrap_err().contains("more requirements"));
    assert!(requires(90_000, &"a".repeat(100)).unwrap_err().contains("more requirements"));
}

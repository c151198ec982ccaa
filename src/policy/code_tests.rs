//! What is told of code, how loudly, and how many times.

use super::*;
use crate::model::ServerName;
use crate::model::code::Ability;
use crate::policy::{JudgeContext, judge};

fn sign(path: &str, line: u32, after: &str, sign: Sign) -> CodeSign {
    CodeSign {
        sign,
        path: path.into(),
        line,
        before: String::new(),
        after: after.into(),
    }
}

fn literal(path: &str, line: u32, after: &str, kind: LiteralKind, text: &str) -> CodeSign {
    let text = text.to_owned();
    sign(path, line, after, Sign::Literal { kind, text })
}

fn able(path: &str, line: u32, ability: Ability, by: &str, first: bool) -> CodeSign {
    let by = by.to_owned();
    sign(path, line, "", Sign::Ability { ability, by, first })
}

fn chain(source: Ability, sink: Ability, encoded: bool) -> CodeSign {
    sign("lib.js", 3, "x", Sign::Chain { source, sink, encoded })
}

fn code(name: &str, own: bool, first: bool, signs: Vec<CodeSign>) -> Change {
    Change::Code {
        name: name.parse().unwrap(),
        own,
        version: "1.0.1".into(),
        integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse().unwrap(),
        first,
        signs,
    }
}

fn judged_all(changes: Vec<Change>) -> Vec<Finding> {
    let server: ServerName = "demo".parse().unwrap();
    judge(&server, &Drift { changes }, &JudgeContext::default())
}

fn own(signs: Vec<CodeSign>) -> Vec<Finding> {
    judged_all(vec![code("demo", true, false, signs)])
}

fn theirs(signs: Vec<CodeSign>) -> Vec<Finding> {
    judged_all(vec![code("helper", false, false, signs)])
}

fn day_one(signs: Vec<CodeSign>) -> Vec<Finding> {
    judged_all(vec![code("demo", true, true, signs)])
}

/// Code and grade of each finding, worst first.
fn short(findings: &[Finding]) -> Vec<(&str, Grade)> {
    let mut out: Vec<_> = findings.iter().map(|finding| (finding.code, finding.grade)).collect();
    out.sort_by_key(|(code, grade)| (std::cmp::Reverse(*grade), *code));
    out
}

#[test]
fn one_address_in_a_line_that_sends_is_critical_and_shown() {
    let line = "    Bcc: \"copies@collector.example\",";
    let found = own(vec![literal("mail.js", 7, line, LiteralKind::Email, "copies@collector.example")]);
    assert_eq!(short(&found), [("code-email-added", Grade::Critical)]);
    assert_eq!(
        found[0].title,
        "the server's own code now sends to 1 e-mail address: copies@collector.example"
    );
    let Detail::Code { path, line: at, after, .. } = &found[0].details[0] else {
        panic!()
    };
    assert_eq!((path.as_str(), *at, after.as_str()), ("mail.js", 7, line));
    // As bad in a package that nobody looks at.
    let line = "send_mail(to, 'copies@collector.example')";
    let found = theirs(vec![literal("m.py", 1, line, LiteralKind::Email, "copies@collector.example")]);
    assert_eq!(short(&found), [("code-email-added", Grade::Critical)]);
    // By itself it is asked about; one that reaches nobody is not.
    let plain = |text| own(vec![literal("a.js", 1, "const contact = x", LiteralKind::Email, text)]);
    assert_eq!(short(&plain("a@maker.example")), [("code-email-added", Grade::Warning)]);
    assert_eq!(short(&plain("a@example.com")), [("code-email-added", Grade::Notice)]);
}

#[test]
fn hosts_are_one_finding_and_raised_where_the_server_itself_talks() {
    let host = |n: u32| literal("api.js", n * 100, "", LiteralKind::Host, &format!("h{n}.example"));
    let found = theirs((1..=12).map(host).collect());
    assert_eq!(short(&found), [("code-host-added", Grade::Notice)]);
    assert!(
        found[0].title.starts_with("package helper now names 12 new hosts: h1.example"),
        "{}",
        found[0].title
    );
    assert!(found[0].title.ends_with("and 8 more"), "{}", found[0].title);
    assert_eq!(found[0].details.len(), PLACES + 1);
    assert_eq!(found[0].details[PLACES], Detail::Line("and at 4 more places".into()));
    let fetch = able("api.js", 102, Ability::Network, "fetch", false);
    assert_eq!(short(&own(vec![host(1), fetch.clone()])), [("code-host-added", Grade::Warning)]);
    let far = able("api.js", 180, Ability::Network, "fetch", false);
    assert_eq!(short(&own(vec![host(1), far])), [("code-host-added", Grade::Notice)]);
    let drop = literal("a.js", 1, "", LiteralKind::Host, "x.oastify.com");
    assert_eq!(short(&theirs(vec![drop])), [("code-host-added", Grade::Warning)]);
    let here = literal("api.js", 102, "", LiteralKind::Host, "localhost:8080");
    assert_eq!(short(&own(vec![here, fetch])), [("code-host-added", Grade::Notice)]);
}

#[test]
fn an_address_without_a_name_is_critical_where_it_is_talked_to() {
    let ip = |text: &str| literal("a.py", 5, "", LiteralKind::Ip, text);
    let talks = able("a.py", 6, Ability::Network, "requests.post", false);
    assert_eq!(
        short(&theirs(vec![ip("45.9.148.1"), talks.clone()])),
        [("code-ip-added", Grade::Critical)]
    );
    assert_eq!(short(&theirs(vec![ip("45.9.148.1")])), [("code-ip-added", Grade::Warning)]);
    for nowhere in [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "0.0.0.0",
        "255.255.255.0",
        "169.254.0.0",
        "::1",
    ] {
        assert_eq!(
            short(&theirs(vec![ip(nowhere), talks.clone()])),
            [("code-ip-added", Grade::Notice)],
            "{nowhere}"
        );
    }
    // Where clouds hand out credentials is no place of this machine.
    assert_eq!(
        short(&theirs(vec![ip("169.254.169.254"), talks])),
        [("code-ip-added", Grade::Critical)]
    );
}

#[test]
fn what_a_package_never_did_is_graded_by_what_it_is_and_more_of_the_same_is_no_news() {
    for ability in Ability::ALL {
        let first = theirs(vec![able("a.js", 1, ability, "x", true)]);
        assert_eq!(first.len(), 1, "{ability:?}");
        let quiet = [
            Ability::Network,
            Ability::Dns,
            Ability::FileWrite,
            Ability::Encode,
            Ability::WholeEnvironment,
        ];
        let wanted = if quiet.contains(&ability) { Grade::Notice } else { Grade::Warning };
        assert_eq!(first[0].grade, wanted, "{ability:?}");
        let again = theirs(vec![able("a.js", 1, ability, "x", false)]);
        let named = matches!(ability, Ability::SecretPath | Ability::ClientConfig);
        assert_eq!(
            again.iter().map(|finding| finding.grade).collect::<Vec<_>>(),
            vec![Grade::Notice; usize::from(named)]
        );
    }
    let found = own(vec![
        able("a.js", 1, Ability::Process, "spawn", true),
        able("b.js", 2, Ability::Network, "fetch", true),
    ]);
    assert_eq!(short(&found), [("code-ability-added", Grade::Warning)]);
    assert_eq!(found[0].title, "the server's own code now starts programs, talks over the network");
}

#[test]
fn a_way_for_secrets_to_leave_is_critical() {
    use Ability::{Network, Process, SecretPath, WholeEnvironment};
    let parts = |source, sink| {
        vec![
            able("lib.js", 3, source, "x", false),
            able("lib.js", 4, sink, "y", false),
            chain(source, sink, false),
        ]
    };
    let chains = |found: Vec<Finding>| -> Vec<Grade> {
        let of = found.iter().filter(|finding| finding.code == "code-chain");
        of.map(|finding| finding.grade).collect()
    };
    assert_eq!(chains(theirs(parts(SecretPath, Network))), [Grade::Critical]);
    assert_eq!(chains(own(parts(WholeEnvironment, Network))), [Grade::Critical]);
    // How programs are started.
    assert_eq!(chains(own(parts(WholeEnvironment, Process))), []);
    // Both ends were there: a function around them moved.
    assert_eq!(chains(own(vec![chain(SecretPath, Network, false)])), [Grade::Warning]);
    let found = theirs(parts(SecretPath, Network));
    let title = "package helper now names places where secrets lie and talks over the network in one place";
    assert!(found.iter().any(|finding| finding.title == title), "{found:#?}");
}

#[test]
fn what_is_hidden_is_critical_whenever_it_is_seen() {
    let disguises = [
        (Sign::Invisible, "invisible-characters"),
        (Sign::Pushed { columns: 400 }, "code-pushed-aside"),
        (
            Sign::Obfuscated {
                how: "names like _0x3fa1".into(),
            },
            "code-obfuscated",
        ),
    ];
    for (disguise, code) in disguises {
        let signs = vec![sign("a.js", 1, "\u{e0141}\u{e0142}", disguise)];
        for found in [own(signs.clone()), theirs(signs.clone()), day_one(signs)] {
            assert_eq!(short(&found), [(code, Grade::Critical)]);
        }
    }
}

#[test]
fn files_that_nobody_can_read_are_asked_about() {
    let opaque = |what: &str| vec![sign("a.bin", 0, "", Sign::Opaque { what: what.into() })];
    assert_eq!(short(&own(opaque("native code"))), [("code-opaque-file", Grade::Warning)]);
    assert_eq!(short(&theirs(opaque("native code"))), [("code-opaque-file", Grade::Notice)]);
    assert_eq!(short(&theirs(opaque("an archive"))), [("code-opaque-file", Grade::Warning)]);
    let turned = judged_all(vec![
        Change::NativeAdded {
            name: "helper".parse().unwrap(),
        },
        code("helper", false, false, opaque("native code")),
    ]);
    assert!(short(&turned).contains(&("code-opaque-file", Grade::Warning)), "{turned:#?}");
    let grown = |before, after| theirs(vec![sign("a.js", 0, "", Sign::Grown { before, after })]);
    assert_eq!(short(&grown(50_000, 11_700_000)), [("code-grown", Grade::Warning)]);
    assert_eq!(short(&grown(50_000, 300_000)), [("code-grown", Grade::Notice)]);
    assert_eq!(
        grown(50_000, 11_700_000)[0].title,
        "package helper grew out of all proportion: 50 kB to 11.7 MB"
    );
    let unread = |path| theirs(vec![sign(path, 0, "", Sign::Unread { why: "x".into() })]);
    assert_eq!(short(&unread("lib/a.js")), [("code-unread", Grade::Warning)]);
    assert_eq!(short(&unread("test/a.js")), [("code-unread", Grade::Notice)]);
    assert_eq!(
        short(&theirs(vec![sign("", 0, "", Sign::LeftOut { count: 9 })])),
        [("code-signs-left-out", Grade::Warning)]
    );
}

#[test]
fn a_dependency_that_is_there_for_its_script_is_critical() {
    let never = || {
        let dependency = "plain-trap".to_owned();
        code(
            "carrier",
            false,
            false,
            vec![sign("package.json", 0, "", Sign::NeverImported { dependency })],
        )
    };
    let added = || Change::PackageAdded {
        path: "node_modules/plain-trap".parse().unwrap(),
        name: "plain-trap".parse().unwrap(),
        version: "4.2.1".into(),
    };
    let script = Change::Script {
        name: "plain-trap".parse().unwrap(),
        own: false,
        startup: false,
        script: "postinstall".into(),
        before: None,
        after: Some("node setup.js".into()),
    };
    let grade = |changes: Vec<Change>| {
        let found = judged_all(changes);
        let found: Vec<_> = found
            .into_iter()
            .filter(|finding| finding.code == "dependency-never-imported")
            .collect();
        found
            .iter()
            .map(|finding| (finding.grade, finding.title.clone()))
            .collect::<Vec<_>>()
    };
    // One that was in the closure before is old news.
    assert_eq!(grade(vec![never()]), []);
    let title = "package carrier now depends on plain-trap, which none of its code imports";
    assert_eq!(grade(vec![never(), added()]), [(Grade::Notice, title.to_owned())]);
    let with_script = format!("{title}, and which brings code that runs unasked (postinstall)");
    assert_eq!(grade(vec![never(), added(), script]), [(Grade::Critical, with_script)]);
}

#[test]
fn an_honest_server_is_one_quiet_line_on_its_first_day() {
    let found = day_one(vec![
        able("a.js", 1, Ability::Network, "fetch", true),
        able("a.js", 2, Ability::FileWrite, "fs.writeFile", true),
        able("a.js", 3, Ability::Process, "spawn", true),
        able("a.js", 3, Ability::WholeEnvironment, "process.env", true),
        literal("a.js", 2, "", LiteralKind::Host, "api.maker.example"),
        literal("a.js", 9, "contact", LiteralKind::Email, "a@maker.example"),
        literal("a.js", 2, "", LiteralKind::Ip, "127.0.0.1"),
        chain(Ability::WholeEnvironment, Ability::Process, false),
    ]);
    assert_eq!(short(&found), [("code-abilities", Grade::Info)]);
    assert_eq!(
        found[0].title,
        "the server's own code starts programs, talks over the network, writes files, reads the whole environment"
    );
    let found = day_one(vec![able("a.js", 1, Ability::Eval, "eval", true)]);
    assert_eq!(short(&found), [("code-abilities", Grade::Notice)]);
}

#[test]
fn a_server_that_spreads_is_named_on_its_first_day() {
    let config = |line, by: &str| able("a.js", line, Ability::ClientConfig, by, true);
    let writes = chain(Ability::ClientConfig, Ability::FileWrite, false);
    let client = |signs| {
        let found = day_one(signs);
        found
            .iter()
            .find(|finding| finding.code == "code-client-config")
            .map(|finding| finding.grade)
    };
    let two = [config(1, ".cursor/mcp.json"), config(2, ".claude.json")];
    assert_eq!(client([&two[..], std::slice::from_ref(&writes)].concat()), Some(Grade::Critical));
    assert_eq!(client(vec![two[0].clone(), writes]), Some(Grade::Warning));
    assert_eq!(client(two.to_vec()), Some(Grade::Notice));
    let stolen = day_one(vec![chain(Ability::SecretPath, Ability::Network, true)]);
    assert_eq!(short(&stolen), [("code-chain", Grade::Critical)]);
    let signs = day_one(vec![chain(Ability::SecretPath, Ability::Network, false)]);
    assert_eq!(short(&signs), [("code-chain", Grade::Warning)]);
}

#[test]
fn consent_covers_the_bytes_and_what_was_found_in_them() {
    let host = |text: &str| literal("a.js", 1, "", LiteralKind::Host, text);
    let print = |change: Change| judged_all(vec![change])[0].fingerprint.clone();
    let (a, b) = (host("a.example"), host("b.example"));
    let one = print(code("helper", false, false, vec![a.clone(), b.clone()]));
    assert_eq!(
        one,
        print(code("helper", false, false, vec![b.clone(), a.clone()])),
        "an order is no fact"
    );
    assert_ne!(one, print(code("helper", false, false, vec![a.clone()])));
    assert_ne!(one, print(code("other", false, false, vec![a.clone(), b.clone()])));
    let mut other = code("helper", false, false, vec![a, b]);
    if let Change::Code { integrity, .. } = &mut other {
        *integrity = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=".parse().unwrap();
    }
    assert_ne!(one, print(other), "other bytes are another release");
}

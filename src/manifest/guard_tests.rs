//! Who may say what about the guard, and what counts in the end.

use super::*;
use crate::manifest::{Problem, edit, parse};

const RULES: &str = r#"
allow = ["read_*", "write_file"]
deny = ["read_secret"]
confirm = ["write_*"]
arguments = "pinned"
results = { visible = true, largest = 1000 }
"#;

const PERMISSIONS: &str = r#"
mode = "observe"
sampling = { per-minute = 2, tokens-per-day = 500, models = ["small"], tools = true, review = "pass" }
elicitation = { domains = ["*.example.com"] }
roots = { paths = ["/srv/data"] }
ask = "desktop"
methods = ["skills/*"]
"#;

fn name(text: &str) -> ServerName {
    text.parse().unwrap()
}

fn set(texts: &[&str]) -> BTreeSet<Pattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A manifest with one server `a` and these rules for it.
fn server(rules: &str, scope: Scope) -> Manifest {
    parse(&format!("[servers.a]\nsource = \"npm:a\"\n[servers.a.guard]\n{rules}"), scope).unwrap()
}

fn table(of: &str, rules: &str) -> Manifest {
    parse(&format!("[guard.{of}]\n{rules}"), Scope::User).unwrap()
}

fn problems(text: &str, scope: Scope) -> Vec<Problem> {
    parse(text, scope).unwrap_err().problems
}

fn effective(system: Option<&Manifest>, user: Option<&Manifest>, project: Option<&Manifest>, owner: Scope) -> GuardRules {
    let manifests = Manifests {
        system,
        user,
        project,
        owner,
    };
    GuardRules::effective(&name("a"), manifests, &GuardPin::default())
}

#[test]
fn every_rule_is_read() {
    let manifest = server(&format!("{RULES}{PERMISSIONS}"), Scope::User);
    let rules = effective(None, Some(&manifest), None, Scope::User);
    let expected = GuardRules {
        mode: GuardMode::Observe,
        tools: ToolRules {
            allow: Some(set(&["read_*", "write_file"])),
            deny: set(&["read_secret"]),
            confirm: set(&["write_*"]),
            arguments: ArgumentCheck::Pinned,
        },
        results: ResultRules {
            visible: true,
            largest: Some(1000),
        },
        sampling: Some(SamplingRules {
            per_minute: 2,
            tokens_per_day: 500,
            models: Some(vec!["small".into()]),
            tools: true,
            review: crate::model::guard::Review::Pass,
            ..SamplingRules::default()
        }),
        elicitation: Some(ElicitationRules {
            domains: vec!["*.example.com".into()],
            ..ElicitationRules::default()
        }),
        roots: Some(RootsRules {
            paths: Some(vec!["/srv/data".into()]),
        }),
        ask: AskThrough::Desktop,
        methods: set(&["skills/*"]),
    };
    assert_eq!(rules, expected);
    let pin = manifest.servers[&name("a")].guard.pin();
    assert_eq!((pin.tools, pin.results), (expected.tools, expected.results));
}

#[test]
fn a_project_only_takes_away() {
    let project = server(RULES, Scope::Project);
    assert_eq!(project.servers[&name("a")].guard.arguments, Some(ArgumentCheck::Pinned));
    let text = format!("[servers.a]\nsource = \"npm:a\"\n[servers.a.guard]{PERMISSIONS}[guard.a]\nallow = []\n");
    let found: Vec<_> = problems(&text, Scope::Project)
        .into_iter()
        .map(|p| (p.line, p.what, p.hint))
        .collect();
    let lines: Vec<_> = found.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 9, 10]);
    for (_, what, hint) in &found {
        assert!(what.starts_with("a project's manifest"), "{what}");
        assert!(hint.as_ref().unwrap().contains("your own mcp-pin.toml"), "{hint:?}");
    }
    // Denying once more is denying all the same.
    assert_eq!(
        problems("[servers.a]\nsource=\"npm:a\"\nguard = { sampling = false }", Scope::Project).len(),
        1
    );
    assert!(parse("[servers.a]\nsource=\"npm:a\"\nguard = { mode = \"enforce\" }", Scope::Project).is_ok());
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (rules, expected) in [
        ("alow = []", "unknown key `alow`"),
        ("sampling = { per-minut = 1 }", "unknown key `per-minut`"),
        ("results = { visibel = true }", "unknown key `visibel`"),
        ("allow = \"x\"", "`allow` must be a list of strings"),
        ("deny = [\"*_x\"]", "`*` may only stand at the end"),
        ("deny = [\"a\\u200b\"]", "invisible"),
        ("arguments = true", "`arguments` must be a string"),
        ("arguments = \"all\"", "`arguments` must be `\"any\"`"),
        ("sampling = true", "`sampling` must be `false` or a table"),
        ("sampling = { max-tokens = 0 }", "`max-tokens` must be a whole number from 1"),
        ("sampling = { per-minute = -1 }", "whole number"),
        ("sampling = { timeout = 86401 }", "from 1 to 86400"),
        ("results = { largest = 16777217 }", "from 1 to 16777216"),
        ("elicitation = { domains = [\"http://example.com\"] }", "not the name of a host"),
        ("roots = { paths = [\"data\"] }", "absolute path"),
        ("roots = { paths = [\"/srv/../etc\"] }", "absolute path"),
        ("mode = \"off\"", "`mode` must be"),
    ] {
        let text = format!("[servers.a]\nsource = \"npm:a\"\n[servers.a.guard]\n{rules}\n");
        let found = problems(&text, Scope::User);
        assert_eq!((found.len(), found[0].line), (1, 4), "{rules}: {found:?}");
        assert!(found[0].what.contains(expected), "{rules}: {}", found[0].what);
    }
    let near = problems("[guard.a]\nalow = []", Scope::User);
    assert_eq!(near[0].hint.as_deref(), Some("did you mean `allow`?"));
    assert!(problems("[guard]\nallow = []", Scope::User)[0].what.contains("must be a table"));
}

#[test]
fn what_the_user_permits_his_own_server_no_project_gets() {
    let user = server("sampling = {}\nelicitation = {}\nroots = {}\nmode = \"observe\"", Scope::User);
    let project = server("", Scope::Project);
    let rules = effective(None, Some(&user), Some(&project), Scope::Project);
    assert_eq!(rules, GuardRules::default());
    let rules = effective(None, Some(&user), None, Scope::User);
    assert!(rules.sampling.is_some() && rules.elicitation.is_some() && rules.roots.is_some());
    // A project's file of that name in the user's scope has no say.
    let rules = effective(None, None, Some(&server(RULES, Scope::Project)), Scope::User);
    assert_eq!(rules, GuardRules::default());
}

#[test]
fn the_closer_table_wins_inside_a_file() {
    let mut user = server("arguments = \"any\"", Scope::User);
    user.guard = table("a", "arguments = \"known\"\nsampling = false\ndeny = [\"x\"]").guard;
    user.guard.all = table("\"*\"", "sampling = {}\nroots = {}\ndeny = [\"y\"]").guard.all;
    let rules = effective(None, Some(&user), None, Scope::User);
    assert_eq!(rules.tools.arguments, ArgumentCheck::Any);
    assert_eq!(rules.tools.deny, set(&["x"]));
    assert!(rules.sampling.is_none() && rules.roots.is_some());
    // For a project's server only the last two are there.
    assert_eq!(
        effective(None, Some(&user), None, Scope::Project).tools.arguments,
        ArgumentCheck::Known
    );
}

#[test]
fn the_system_wins_and_every_denial_counts() {
    let system = table("\"*\"", "sampling = false\ndeny = [\"x\"]\nallow = [\"read_*\", \"go\"]");
    let user = table(
        "a",
        "sampling = {}\nmode = \"observe\"\ndeny = [\"y\"]\nallow = [\"read_file\", \"stop\"]",
    );
    let project = server("confirm = [\"read_*\"]\nallow = [\"*\"]\nmode = \"enforce\"", Scope::Project);
    let pinned = GuardPin {
        results: ResultRules {
            visible: true,
            largest: Some(7),
        },
        ..GuardPin::default()
    };
    let manifests = Manifests {
        system: Some(&system),
        user: Some(&user),
        project: Some(&project),
        owner: Scope::Project,
    };
    let rules = GuardRules::effective(&name("a"), manifests, &pinned);
    assert_eq!(rules.sampling, None);
    assert_eq!(rules.tools.allow, Some(set(&["read_file"])));
    assert_eq!((rules.tools.deny, rules.tools.confirm), (set(&["x", "y"]), set(&["read_*"])));
    assert_eq!(rules.results, pinned.results);
    assert_eq!(rules.mode, GuardMode::Enforce);
}

#[test]
fn what_two_lists_allow_is_what_each_allows() {
    let names = ["a", "ab", "abc", "b", "bc"];
    let lists = [set(&["a*"]), set(&["ab", "b*"]), set(&["*"]), set(&[]), set(&["abc", "bc"])];
    for ours in &lists {
        for theirs in &lists {
            let joint = both(ours, theirs);
            for name in names {
                let each = crate::model::guard::any_matches(ours, name) && crate::model::guard::any_matches(theirs, name);
                assert_eq!(crate::model::guard::any_matches(&joint, name), each, "{ours:?} {theirs:?} {name}");
            }
        }
    }
}

#[test]
fn edits_leave_the_rules_as_they_stand() {
    let text = format!("[servers.a] # ours\nsource = \"npm:a@1\"\n\n[servers.a.guard] # rules\n{RULES}");
    let other = crate::manifest::ServerEntry::new("npm:a@2".parse().unwrap());
    let edited = edit::set_server(&text, &name("a"), &other).unwrap();
    assert_eq!(edited, text.replace("a@1", "a@2"));
    assert_eq!(edit::remove_server(&text, &name("a")).unwrap().trim(), "");
}

//! What the manifest's reader and its edits promise.

use super::edit::{EditError, add_server, remove_server, set_server, set_source};
use super::*;
use crate::model::Grade;
use crate::policy::Profile;

const GOOD: &str = r#"# Servers of this project.

# Remembers things.
[servers.memory]
source = "npm:@modelcontextprotocol/server-memory@^2026"  # the year
env = ["MEMORY_FILE_PATH"]

[servers.files]
source = 'npm:@modelcontextprotocol/server-filesystem'
args = [
    "/srv/data", # read-only
]
cwd = "client"
network = true
bin = "mcp-server-filesystem"

# Our rules.
[policy]
cooldown = { install = "14d", update = "36h" }
evidence = "signed"
trust = "no-downgrade"
"#;

fn name(text: &str) -> ServerName {
    text.parse().unwrap()
}

fn entry(source: &str) -> ServerEntry {
    ServerEntry::new(source.parse().unwrap())
}

fn problems(text: &str, scope: Scope) -> Vec<Problem> {
    parse(text, scope).unwrap_err().problems
}

#[test]
fn a_manifest_is_read_in_full() {
    let manifest = parse(GOOD, Scope::Project).unwrap();
    let files = &manifest.servers[&name("files")];
    assert_eq!(files.args, ["/srv/data"]);
    assert_eq!(
        (files.cwd, files.network, files.bin.as_deref()),
        (CwdRule::Client, true, Some("mcp-server-filesystem"))
    );
    let memory = &manifest.servers[&name("memory")];
    assert_eq!(memory.source.to_string(), "npm:@modelcontextprotocol/server-memory@^2026");
    assert_eq!(
        (memory.env.as_slice(), memory.cwd, memory.network),
        (["MEMORY_FILE_PATH".to_owned()].as_slice(), CwdRule::Empty, false)
    );
    let policy = &manifest.policy;
    assert_eq!(policy.cooldown_install, Some(jiff::SignedDuration::from_hours(14 * 24)));
    assert_eq!(policy.cooldown_update, Some(jiff::SignedDuration::from_hours(36)));
    assert_eq!(
        (policy.evidence, policy.trust),
        (Some(crate::model::Level::Signed), Some(Trust::NoDowngrade))
    );
    assert_eq!(parse("", Scope::Project), Ok(Manifest::default()));
}

#[test]
fn all_problems_come_at_once_with_their_lines() {
    let text = r#"polcy = 1
[servers.memory]
sorce = "npm:a"
args = "x"
[servers."a b"]
source = "npm:b"
[servers.c]
source = "memory"
cwd = "home"
network = "yes"
[policy]
evidence = "strong"
accept_without_terminal = true
[policy.cooldown]
install = "soon"
updated = "1d"
"#;
    let found: Vec<_> = problems(text, Scope::User)
        .into_iter()
        .map(|p| format!("{} {} | {}", p.line, p.what, p.hint.unwrap_or_default()))
        .collect();
    let expected = [
        "1 unknown key `polcy` | did you mean `policy`?",
        "2 server `memory` has no `source` | for example",
        "3 unknown key `sorce` | did you mean `source`?",
        "4 `args` must be a list of strings | ",
        "5 `a b` is not a server name",
        "8 `memory` does not say where it comes from | write `npm:memory`",
        "9 `cwd` must be `\"empty\"` or `\"client\"` | ",
        "10 `network` must be `true` or `false` | ",
        "12 `evidence` must be `\"hash\"` or `\"signed\"` or `\"provenance\"` | ",
        "13 unknown key `accept_without_terminal` | did you mean `accept-without-terminal`?",
        "15 `install` is not a cooldown | days or hours",
        "16 unknown key `updated` | did you mean `update`?",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

#[test]
fn broken_toml_has_a_line_and_shows_nothing_of_it() {
    let text = "[servers.a]\nsource = \"npm:a\"\nenv = [\"KEY=hunter2]\n";
    let error = parse(text, Scope::Project).unwrap_err();
    assert_eq!(error.problems[0].line, 3, "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let twice = "[servers.a]\nsource = \"npm:a\"\n[servers.a]\nsource = \"npm:b\"\n";
    assert!(parse(twice, Scope::Project).is_err());
}

#[test]
fn secrets_are_refused_and_never_repeated() {
    let token = format!("ghp_{}", "s3cr3t".repeat(6));
    for line in [
        "env = [\"API_KEY=s3cr3t\"]".to_owned(),
        "env = [\"s3cr3t s3cr3t\"]".to_owned(),
        format!("args = [\"--token={token}\"]"),
        format!("args = [\"{token}\"]"),
        "env = { API_KEY = \"s3cr3t\" }".to_owned(),
        "args = [\"s3cr3t\\u202e\"]".to_owned(),
        "bin = \"../s3cr3t\"".to_owned(),
        "cwd = \"s3cr3t\"".to_owned(),
        "network = \"s3cr3t\"".to_owned(),
    ] {
        let text = format!("[servers.a]\nsource = \"npm:a\"\n{line}\n");
        let error = parse(&text, Scope::User).unwrap_err();
        assert_eq!((error.problems.len(), error.problems[0].line), (1, 3), "{line}: {error}");
        assert!(!error.to_string().contains("s3cr3t"), "{error}");
    }
    let text = "[servers.a]\nsource = \"git+https://user:s3cr3t@host/x\"\n[servers.b]\nsource = \"npm:a@https://s3cr3t@host/x\"\n";
    let error = parse(text, Scope::User).unwrap_err();
    assert_eq!(error.problems.len(), 2);
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
}

#[test]
fn variables_that_load_code_are_refused() {
    for variable in ["NODE_OPTIONS", "LD_PRELOAD", "npm_config_registry", "PYTHONPATH"] {
        let text = format!("[servers.a]\nsource = \"npm:a\"\nenv = [\"OK\", \"{variable}\"]\n");
        let found = problems(&text, Scope::User);
        assert!(found.len() == 1 && found[0].what.contains("never passed"), "{found:?}");
    }
}

#[test]
fn local_commands_are_the_users_own() {
    let text = "[servers.a]\nsource = \"local\"\ncommand = [\"/usr/bin/node\", \"/srv/x.js\"]\n";
    assert_eq!(
        parse(text, Scope::User).unwrap().servers[&name("a")].command,
        ["/usr/bin/node", "/srv/x.js"]
    );
    assert!(problems(text, Scope::Project)[0].what.contains("may not name commands"));
    for bad in [
        "source = \"local\"\n",
        "source = \"local\"\ncommand = []\n",
        "source = \"npm:a\"\ncommand = [\"x\"]\n",
        "source = \"local\"\ncommand = [\"x\"]\nargs = [\"y\"]\n",
    ] {
        assert_eq!(problems(&format!("[servers.a]\n{bad}"), Scope::User).len(), 1, "{bad}");
    }
}

#[test]
fn adding_keeps_everything_else() {
    let mut new = entry("npm:@playwright/mcp@1");
    new.args = vec!["--head\"less".into()];
    new.env = vec!["DISPLAY".into()];
    new.network = true;
    new.cwd = CwdRule::Client;
    new.bin = Some("mcp".into());
    let text = add_server(GOOD, &name("web"), &new).unwrap();
    assert_eq!(parse(&text, Scope::Project).unwrap().servers[&name("web")], new);
    let start = text.find("\n[servers.web]").unwrap();
    let end = text.find("\n# Our rules.").unwrap();
    assert!(start < end, "{text}");
    assert_eq!(format!("{}{}", &text[..start], &text[end..]), GOOD);
    assert_eq!(add_server(&text, &name("web"), &new), Err(EditError::Exists(name("web"))));
}

#[test]
fn a_new_file_starts_with_its_first_table() {
    let text = add_server("", &name("a"), &entry("npm:a")).unwrap();
    assert_eq!(text, "[servers.a]\nsource = \"npm:a\"\n");
    let text = add_server(&text, &name("b"), &entry("npm:b")).unwrap();
    assert_eq!(text, "[servers.a]\nsource = \"npm:a\"\n\n[servers.b]\nsource = \"npm:b\"\n");
    let text = add_server("# mine\n", &name("a"), &entry("npm:a")).unwrap();
    assert!(text.contains("# mine"), "{text}");
}

#[test]
fn removing_takes_the_table_and_its_own_comment() {
    let text = remove_server(GOOD, &name("memory")).unwrap();
    assert!(text.contains("# Servers of this project.") && !text.contains("Remembers"), "{text}");
    let text = remove_server(GOOD, &name("files")).unwrap();
    let (start, end) = (GOOD.find("\n[servers.files]").unwrap(), GOOD.find("\n# Our rules.").unwrap());
    assert_eq!(text, format!("{}{}", &GOOD[..start], &GOOD[end..]));
    let first = remove_server("[servers.a]\nsource = \"npm:a\"\n\n[servers.b]\nsource = \"npm:b\"\n", &name("a")).unwrap();
    assert_eq!(first, "[servers.b]\nsource = \"npm:b\"\n");
    let last = remove_server("# head\n\n# a\n[servers.a]\nsource = \"npm:a\"\n", &name("a")).unwrap();
    assert!(last.contains("# head") && !last.contains("# a\n"), "{last}");
    assert_eq!(remove_server(GOOD, &name("x")), Err(EditError::Missing(name("x"))));
}

#[test]
fn another_source_changes_one_value() {
    let text = set_source(GOOD, &name("memory"), &"npm:other@2".parse().unwrap()).unwrap();
    assert_eq!(
        text,
        GOOD.replace("\"npm:@modelcontextprotocol/server-memory@^2026\"", "\"npm:other@2\"")
    );
}

const COMMENTED: &str = r#"# head

# first
[servers.a] # a
# where from
source = 'npm:a@1' # src
# with
args = [ # list
    "one", # 1
    "two", # 2
] # args
env = ["X"] # env
network = true # net

# second
[servers.b] # b
source = "npm:b" # keep
# end
"#;

#[test]
fn setting_a_server_keeps_every_comment_order_and_place() {
    let mut new = parse(COMMENTED, Scope::User).unwrap().servers[&name("a")].clone();
    assert_eq!(set_server(COMMENTED, &name("a"), &new).unwrap(), COMMENTED);
    new.source = "npm:a@2".parse().unwrap();
    new.args = ["one", "three", "four"].map(String::from).into();
    new.env.push("Y".into());
    new.cwd = CwdRule::Client;
    let expected = COMMENTED
        .replace("'npm:a@1'", "\"npm:a@2\"")
        .replace("\"two\", # 2\n", "\"three\", # 2\n    \"four\",\n")
        .replace("[\"X\"]", "[\"X\", \"Y\"]")
        .replace("network = true # net\n", "network = true # net\ncwd = \"client\"\n");
    assert_eq!(set_server(COMMENTED, &name("a"), &new).unwrap(), expected);

    new = parse(COMMENTED, Scope::User).unwrap().servers[&name("a")].clone();
    new.args.pop();
    new.network = false;
    let expected = COMMENTED.replace("    \"two\", # 2\n", "").replace("network = true # net\n", "");
    assert_eq!(set_server(COMMENTED, &name("a"), &new).unwrap(), expected);
    assert_eq!(set_server(COMMENTED, &name("x"), &new), Err(EditError::Missing(name("x"))));
}

#[test]
fn every_way_to_write_the_table_can_be_edited_or_is_refused() {
    for text in [
        "servers.a.source = \"npm:a\"\n",
        "servers = { a = { source = \"npm:a\" } }\n",
        "[servers]\na = { source = \"npm:a\" } # c\n",
        "[servers]\na.source = \"npm:a\"\n",
        "[servers.a]\r\nsource = \"npm:a\"\r\n",
        "servers = {}\n",
    ] {
        let before = parse(text, Scope::User).unwrap();
        let added = add_server(text, &name("b"), &entry("npm:b")).unwrap();
        let after = parse(&added, Scope::User).unwrap();
        assert_eq!(after.servers.len(), before.servers.len() + 1, "{added}");
        let mut other = entry("npm:c");
        other.args = vec!["x".into()];
        let set = set_server(&added, &name("b"), &other).unwrap();
        assert_eq!(parse(&set, Scope::User).unwrap().servers[&name("b")], other, "{set}");
        let back = remove_server(&added, &name("b")).unwrap();
        assert_eq!(parse(&back, Scope::User), Ok(before), "{back}");
    }
    assert!(matches!(
        add_server("servers = 1\n", &name("b"), &entry("npm:b")),
        Err(EditError::Invalid(_))
    ));
}

#[test]
fn the_schema_has_the_readers_keys() {
    let schema = schema();
    for (pointer, known) in [
        ("/properties", parse::TOP),
        ("/properties/servers/additionalProperties/properties", parse::SERVER),
        ("/properties/policy/properties", parse::POLICY),
        ("/properties/policy/properties/cooldown/properties", parse::COOLDOWN),
        (
            "/properties/servers/additionalProperties/properties/identity/properties",
            parse::IDENTITY,
        ),
        ("/properties/servers/additionalProperties/properties/guard/properties", parse::GUARD),
        ("/properties/guard/additionalProperties/properties", parse::GUARD),
        (
            "/properties/servers/additionalProperties/properties/guard/properties/results/properties",
            parse::RESULTS,
        ),
        (
            "/properties/servers/additionalProperties/properties/guard/properties/sampling/oneOf/1/properties",
            parse::SAMPLING,
        ),
        (
            "/properties/servers/additionalProperties/properties/guard/properties/elicitation/oneOf/1/properties",
            parse::ELICITATION,
        ),
        (
            "/properties/servers/additionalProperties/properties/guard/properties/roots/oneOf/1/properties",
            parse::ROOTS,
        ),
        ("/properties/alerts/additionalProperties/properties", parse::ALERT),
        ("/properties/trust/properties", parse::TRUST),
        ("/properties/trust/properties/tuf/properties", parse::TUF),
    ] {
        let mut keys: Vec<_> = schema
            .pointer(pointer)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut known = known.to_vec();
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(keys, known, "{pointer}");
    }
}

const SIGNED: &str = r#"[servers.a]
source = "npm:a@1"
evidence = "provenance" # ours
identity = { repository = "https://forge.example/o/a", ref = "refs/tags/v*" } # theirs

[policy]
evidence-closure = "signed"
"#;

#[test]
fn demands_on_evidence_are_read_wherever_they_stand() {
    for scope in [Scope::Project, Scope::User, Scope::System] {
        let manifest = parse(SIGNED, scope).unwrap();
        let server = &manifest.servers[&name("a")];
        assert_eq!(server.evidence, Some(crate::model::Level::Provenance));
        let rule = server.identity.clone().unwrap();
        assert_eq!(rule.repository.as_deref(), Some("https://forge.example/o/a"));
        assert_eq!(rule.git_ref.as_deref(), Some("refs/tags/v*"));
        assert_eq!((rule.issuer, rule.signer, rule.workflow), (None, None, None));
        assert_eq!(manifest.policy.evidence_closure, Some(crate::model::Level::Signed));
    }
    for (bad, what) in [
        ("evidence = \"strong\"", "`evidence` must be"),
        ("identity = {}", "`identity` demands nothing"),
        ("identity = \"me\"", "`identity` must be a table"),
        ("identity = { isuer = \"x\" }", "unknown key `isuer`"),
        ("identity = { issuer = \"\" }", "`issuer` is empty"),
        ("identity = { signer = \"a\\u200b\" }", "`signer` is empty, or"),
        ("identity = { workflow = 1 }", "`workflow` must be a string"),
        ("identity = { ref = \"refs/*/v*\" }", "`ref` has more than one"),
        (
            "identity = { repository = \"http://forge.example/o/a\" }",
            "not the address of a repository",
        ),
        (
            "identity = { repository = \"https://forge.example/o/a/\" }",
            "not the address of a repository",
        ),
        (
            "identity = { repository = \"https://forge.example/o\" }",
            "not the address of a repository",
        ),
        (
            "identity = { repository = \"https://forge.example/o/a.git\" }",
            "not the address of a repository",
        ),
        (
            "identity = { repository = \"https://u:s3cr3t@forge.example/o/a\" }",
            "not the address of a repository",
        ),
    ] {
        let found = problems(&format!("[servers.a]\nsource = \"npm:a\"\n{bad}\n"), Scope::User);
        assert!(
            found.len() == 1 && found[0].what.contains(what) && found[0].line == 3,
            "{bad}: {found:?}"
        );
        assert!(!found[0].what.contains("s3cr3t"), "{found:?}");
    }
    let local = "[servers.a]\nsource = \"local\"\ncommand = [\"/usr/bin/node\"]\nevidence = \"signed\"\n";
    assert!(problems(local, Scope::User)[0].what.contains("a local server has no `evidence`"));
}

#[test]
fn python_servers_are_read_in_one_spelling() {
    let text = "[servers.fetch]\nsource = \"pypi:MCP_Server.Fetch [Extra] < 2, >=1\" # ours\nbin = \"mcp-server-fetch\"\n";
    let manifest = parse(text, Scope::Project).unwrap();
    let canonical = entry("pypi:mcp-server-fetch[extra]>=1,<2");
    let fetch = &manifest.servers[&name("fetch")];
    assert_eq!((&fetch.source, fetch.bin.as_deref()), (&canonical.source, Some("mcp-server-fetch")));
    // The same requirement in another spelling is no change.
    assert_eq!(set_server(text, &name("fetch"), fetch).unwrap(), text);
    let added = add_server("", &name("fetch"), fetch).unwrap();
    assert!(added.contains("source = \"pypi:mcp-server-fetch[extra]>=1,<2\"\n"), "{added}");

    let found = problems("[servers.a]\nsource = \"pypi:a@1.2\"\n", Scope::Project);
    assert!(
        found[0].line == 2 && found[0].hint.as_deref() == Some("write `pypi:a==1.2`"),
        "{found:?}"
    );
    let found = problems("[servers.a]\nsource = \"pypi:a @ https://u:s3cr3t@host/a.whl\"\n", Scope::Project);
    assert!(!found[0].to_string().contains("s3cr3t"), "{found:?}");
}

#[test]
fn permitted_builds_are_names() {
    let text = "[policy]\nbuilds = [\"Foo_Bar\", \"odfpy\"] # run their code\n";
    let builds = parse(text, Scope::User).unwrap().policy.builds.unwrap();
    assert_eq!(
        builds.iter().map(crate::model::PackageName::as_str).collect::<Vec<_>>(),
        ["foo-bar", "odfpy"]
    );
    // Ignored in a project and reported there, by `Policy::effective`.
    assert!(parse(text, Scope::Project).is_ok());
    assert_eq!(parse("", Scope::User).unwrap().policy.builds, None);
    for (bad, what) in [
        ("builds = [\"foo==1\"]", "a permitted build is not the name"),
        ("builds = [\"*\"]", "a permitted build is not the name"),
        ("builds = [\"\"]", "a permitted build is not the name"),
        ("builds = [\"https://u:s3cr3t@host/x\"]", "a permitted build is not the name"),
        ("builds = \"foo\"", "must be a list of strings"),
        ("builds = true", "must be a list of strings"),
        ("build = [\"foo\"]", "unknown key `build`"),
    ] {
        let found = problems(&format!("[policy]\n{bad}\n"), Scope::User);
        assert!(
            found.len() == 1 && found[0].what.contains(what) && found[0].line == 2,
            "{bad}: {found:?}"
        );
        assert!(!found[0].to_string().contains("s3cr3t"), "{found:?}");
    }
}

#[test]
fn an_install_of_the_same_name_keeps_the_users_demands() {
    let new = entry("npm:a@2");
    let set = set_server(SIGNED, &name("a"), &new).unwrap();
    assert_eq!(set, SIGNED.replace("npm:a@1", "npm:a@2"));
    let mut other = new;
    other.evidence = Some(crate::model::Level::Signed);
    let identity = crate::model::IdentityRule {
        issuer: Some("https://issuer.example".into()),
        ..Default::default()
    };
    other.identity = Some(identity);
    let set = set_server(SIGNED, &name("a"), &other).unwrap();
    assert!(set.contains("evidence = \"signed\" # ours"), "{set}");
    assert!(set.contains("identity = { issuer = \"https://issuer.example\" } # theirs"), "{set}");
    let added = add_server("", &name("b"), &other).unwrap();
    assert_eq!(parse(&added, Scope::Project).unwrap().servers[&name("b")], other);
    // Also where the rule stands as a table of its own.
    let apart = "[servers.a]\nsource = \"npm:a@1\"\n\n[servers.a.identity]\nsigner = \"me\" # me\n";
    let set = set_server(apart, &name("a"), &entry("npm:a@2")).unwrap();
    assert_eq!(set, apart.replace("npm:a@1", "npm:a@2"));
}

#[test]
fn only_this_machine_chooses_what_is_trusted() {
    let text = r#"[trust]
trusted-root = "/etc/sigstore/trusted_root.json"
registry-keys = "/etc/sigstore/keys.json"
tuf = { url = "https://tuf.example/repo", root = "/etc/sigstore/root.json" }
"#;
    for scope in [Scope::User, Scope::System] {
        let trust = parse(text, scope).unwrap().trust;
        assert_eq!(trust.trusted_root.unwrap(), std::path::Path::new("/etc/sigstore/trusted_root.json"));
        assert_eq!(trust.registry_keys.unwrap(), std::path::Path::new("/etc/sigstore/keys.json"));
        let tuf = trust.tuf.unwrap();
        assert_eq!(
            (tuf.url.as_str(), tuf.root.as_path()),
            ("https://tuf.example/repo", std::path::Path::new("/etc/sigstore/root.json"))
        );
    }
    for project in [text, "trust.trusted-root = \"/x\"\n", "trust = {}\n", "trust = 1\n"] {
        let found = problems(project, Scope::Project);
        assert!(
            found.len() == 1 && found[0].what.contains("may not choose what signatures are proved against"),
            "{found:?}"
        );
    }
    for (bad, what) in [
        ("trusted-root = \"trusted_root.json\"", "not an absolute path"),
        ("registry-keys = \"~/keys.json\"", "not an absolute path"),
        ("trusted-rot = \"/x\"", "unknown key `trusted-rot`"),
        ("tuf = { url = \"https://tuf.example\" }", "`tuf` has no `root`"),
        (
            "tuf = { url = \"http://tuf.example\", root = \"/x\" }",
            "`url` is not an address that can be used",
        ),
        (
            "tuf = { url = \"https://u:s3cr3t@tuf.example\", root = \"/x\" }",
            "`url` is not an address that can be used",
        ),
    ] {
        let found = problems(&format!("[trust]\n{bad}\n"), Scope::User);
        assert!(found.len() == 1 && found[0].what.contains(what), "{bad}: {found:?}");
        assert!(!found[0].to_string().contains("s3cr3t"), "{found:?}");
    }
}

#[test]
fn profiles_and_overrides_are_read_and_wrong_ones_are_errors() {
    let good = "[policy]\nprofile = \"strict\"\n[policy.grades]\ntool-added = \"critical\"\nbytes-replaced = \"critical\"\n";
    for scope in [Scope::Project, Scope::User, Scope::System] {
        let policy = parse(good, scope).unwrap().policy;
        assert_eq!(policy.profile, Some(Profile::Strict));
        assert_eq!(policy.grades["tool-added"], Grade::Critical);
    }
    for (bad, what, hint) in [
        (
            "tool-aded = \"info\"",
            "no finding has the code `tool-aded`",
            "did you mean `tool-added`?",
        ),
        (
            "nonsense = \"info\"",
            "no finding has the code `nonsense`",
            "`mcp-pin explain` lists every code",
        ),
        ("tool-added = \"ignore\"", "`tool-added` must be", ""),
        ("tool-added = 1", "`tool-added` must be a string", ""),
        ("bytes-replaced = \"warning\"", "only `\"critical\"` may stand here", ""),
        ("file-changed = \"info\"", "only `\"critical\"` may stand here", ""),
    ] {
        let found = problems(&format!("[policy.grades]\n{bad}\n"), Scope::User);
        assert_eq!((found.len(), found[0].line), (1, 2), "{bad}: {found:?}");
        assert!(found[0].what.contains(what), "{bad}: {found:?}");
        assert_eq!(found[0].hint.as_deref().unwrap_or_default(), hint, "{bad}");
    }
    assert!(
        problems("[policy]\nprofile = \"lax\"\n", Scope::User)[0]
            .what
            .contains("`profile` must be")
    );
    assert!(
        problems("[policy]\ngrades = \"info\"\n", Scope::User)[0]
            .what
            .contains("`grades` must be a table")
    );
}

#[test]
fn a_projects_profile_and_overrides_only_tighten() {
    let settings = |text: &str, scope| parse(text, scope).unwrap().policy;
    let user = settings(
        "[policy]\nprofile = \"relaxed\"\n[policy.grades]\ntool-added = \"warning\"\ntool-removed = \"info\"\n",
        Scope::User,
    );
    let loose = settings(
        "[policy]\nprofile = \"relaxed\"\n[policy.grades]\ntool-added = \"notice\"\nprompt-added = \"info\"\ntool-removed = \"warning\"\n",
        Scope::Project,
    );
    let (policy, told) = Policy::effective(None, Some(&user), Some(&loose));
    assert_eq!(policy.grading.exact, user.grades);
    assert_eq!(policy.grading.at_least, [("tool-removed", Grade::Warning)].into());
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "the project's `grades.prompt-added = info` is looser than `its own grade`, which stays in force",
            "the project's `grades.tool-added = notice` is looser than `warning`, which stays in force",
        ]
    );
    // A profile that is looser than the machine's is told, a stricter one counts.
    let (policy, told) = Policy::effective(None, None, Some(&loose));
    assert_eq!(policy.grading.profile, Profile::Standard);
    assert!(told.iter().any(|loosening| loosening.key == "profile"), "{told:?}");
    let strict = settings("[policy]\nprofile = \"strict\"\n", Scope::Project);
    let (policy, told) = Policy::effective(None, Some(&user), Some(&strict));
    assert_eq!((policy.grading.profile, told.len()), (Profile::Strict, 0));
    // The system wins over the user, code by code.
    let system = settings("[policy.grades]\ntool-added = \"critical\"\n", Scope::System);
    let (policy, _) = Policy::effective(Some(&system), Some(&user), None);
    let expected = [("tool-added", Grade::Critical), ("tool-removed", Grade::Info)];
    assert_eq!(policy.grading.exact, expected.into());
    assert_eq!(policy.grading.profile, Profile::Relaxed);
}

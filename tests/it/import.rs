//! `import`, and what `verify` says of clients' configuration files: a machine with three clients and
//! eight servers.

use std::path::PathBuf;

use jiff::Timestamp;
use mcp_pin::history::{History, NewWrap};
use mcp_pin::model::Sha256Digest;
use serde_json::{Value, json};

use crate::harness::{Machine, Ran, snapshot};
use crate::registry::FakeNpm;
use crate::scripted::{Local, findings, honest, machine, machine_with, package, user_lock};
use crate::terminal::at_terminal_with;

const DESKTOP: &str = ".config/Claude/claude_desktop_config.json";
const CURSOR: &str = ".cursor/mcp.json";
const CODE: &str = ".config/Code/User/mcp.json";

/// Writes a file below the home folder.
fn put(machine: &Machine, file: &str, text: &str) -> PathBuf {
    let path = machine.home().join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

/// Three clients with eight entries, of which two are the same server and two differ under one name.
fn eight(machine: &Machine) {
    let desktop = r#"{"mcpServers": {
  "demo": {"command": "npx", "args": ["-y", "demo"], "env": {"DEMO_KEY": "hunter2"}},
  "Weather Desk": {"command": "uvx", "args": ["mcp-server-weather", "--token", "hunter2"]},
  "shell": {"command": "sh", "args": ["-c", "API_KEY=hunter2 npx thing"]}
}}"#;
    let cursor = r#"{"mcpServers": {
  "demo": {"command": "npx", "args": ["demo"], "env": {"OTHER": "hunter2"}},
  "wiki": {"url": "https://wiki.example/mcp", "headers": {"Authorization": "Bearer hunter2"}},
  "time": {"command": "uvx", "args": ["mcp-server-time"]}
}}"#;
    let code = r#"{
  // of mine
  "servers": {
    "time": {"type": "stdio", "command": "npx", "args": ["-y", "time-server"]},
    "files": {"type": "stdio", "command": "npx", "args": ["-y", "files-server", "${workspaceFolder}"]},
  },
}"#;
    put(machine, DESKTOP, desktop);
    put(machine, CURSOR, cursor);
    put(machine, CODE, code);
}

fn clients_files(machine: &Machine) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = snapshot(&machine.home());
    all.retain(|(path, _)| !path.starts_with(machine.store()));
    all
}

fn status(document: &Value, client: &str, name: &str) -> String {
    let servers = document["servers"].as_array().unwrap();
    let found = servers
        .iter()
        .find(|server| server["name"] == name && server["clients"][0] == client);
    found.unwrap_or_else(|| panic!("{client} {name}"))["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn every_server_of_every_client_is_in_one_list_without_a_secret() {
    let machine = machine();
    eight(&machine);
    let before = clients_files(&machine);
    let plain = machine.run(&["import"]).exits(0).never_says("hunter2");
    for text in [
        "Claude Desktop",
        "Cursor",
        "VS Code",
        "cannot be pinned as it is",
        "starts: npx -y files-server '${workspaceFolder}'",
        "`sh` is a shell",
        "its header `Authorization` has its value in the file",
        "name conflict",
        "8 servers: 0 wrapped, 0 pinned, 3 not pinned",
    ] {
        assert!(plain.stdout.contains(text), "no `{text}` in\n{}", plain.stdout);
    }
    let list = machine.run(&["import", "--format", "json"]).exits(0).never_says("hunter2").json();
    assert_eq!(list["servers"].as_array().unwrap().len(), 8);
    for (client, name, expected) in [
        ("claude-desktop", "demo", "not-pinned"),
        ("claude-desktop", "Weather Desk", "not-possible"),
        ("claude-desktop", "shell", "not-possible"),
        ("cursor", "demo", "not-pinned"),
        ("cursor", "wiki", "not-possible"),
        ("cursor", "time", "conflict"),
        ("vscode", "time", "conflict"),
        ("vscode", "files", "not-pinned"),
    ] {
        assert_eq!(status(&list, client, name), expected, "{client} {name}");
    }
    assert_eq!(clients_files(&machine), before);
}

#[test]
fn one_server_of_two_clients_is_one_pin_and_no_client_is_touched() {
    let registry = FakeNpm::start();
    registry.publish(package("demo", "1.0.0", &honest()));
    let machine = machine_with(&registry);
    eight(&machine);
    let before = clients_files(&machine);
    machine
        .run(&["import", "nothing"])
        .exits(2)
        .says("could not find a server called `nothing`");
    machine.run(&["import", "shell"]).exits(2).says("`sh` is a shell");
    machine.run(&["import", "time"]).exits(2).says("--as");
    machine.run(&["import", "demo", "--yes"]).exits(0).says("demo 1.0.0");
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    assert_eq!(
        (status(&list, "claude-desktop", "demo"), status(&list, "cursor", "demo")),
        ("pinned".into(), "pinned".into())
    );
    let manifest = std::fs::read_to_string(machine.store().join("config/mcp-pin.toml")).unwrap();
    assert!(
        manifest.contains("DEMO_KEY") && manifest.contains("OTHER") && !manifest.contains("hunter2"),
        "{manifest}"
    );
    let lock = std::fs::read_to_string(machine.store().join("config/mcp-pin.lock")).unwrap();
    assert!(!lock.contains("hunter2"));
    assert!(!machine.project().join("mcp-pin.toml").exists());
    machine.run(&["import", "demo", "--yes"]).exits(0).says("pinned already");
    // Other arguments are another server than the pinned one.
    let more = r#"{"mcpServers": {"demo": {"command": "npx", "args": ["demo", "--allow", "/"]}}}"#;
    let kiro = put(&machine, ".kiro/settings/mcp.json", more);
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    assert_eq!(status(&list, "kiro", "demo"), "conflict");
    std::fs::remove_file(kiro).unwrap();
    // What the registry has not is said, and is no pass.
    machine.run(&["import", "files", "--yes"]).exits(2).says("files was not pinned");
    assert_eq!(clients_files(&machine), before);
}

/// A machine with one pinned server of its own, which Cursor starts.
fn pinned() -> (Machine, Local) {
    let machine = machine();
    let server = Local::new(&machine, "calc", &honest());
    put(&machine, CURSOR, &cursor(&server.start(), ""));
    machine.run(&["import", "calc", "--yes", "--no-probe"]).exits(0);
    (machine, server)
}

fn cursor(file: &str, more: &str) -> String {
    let file = json!(file);
    format!("{{\"mcpServers\": {{\n  \"calc\": {{\"command\": \"node\", \"args\": [{file}]}}{more}\n}}}}")
}

fn verify(machine: &Machine, more: &[&str]) -> Ran {
    let mut words = vec!["verify", "--global", "--no-probe"];
    words.extend(more);
    machine.run(&words)
}

fn codes(ran: &Ran) -> Vec<(String, String)> {
    let found = findings(&ran.json());
    let mut codes: Vec<_> = found
        .into_iter()
        .filter(|(code, ..)| code.starts_with("client-"))
        .map(|(code, _, grade)| (code, grade))
        .collect();
    codes.retain(|(_, grade)| grade != "info");
    codes
}

#[test]
fn a_swapped_command_is_critical_until_somebody_at_a_terminal_agrees() {
    let (machine, server) = pinned();
    verify(&machine, &[]).exits(0);
    // The second time is as the first: looking is not agreeing.
    put(&machine, CURSOR, &cursor("/tmp/evil.js", ""));
    for _ in 0..2 {
        let ran = verify(&machine, &["--format", "json"]).exits(1);
        assert_eq!(codes(&ran), [("client-launch-changed".into(), "critical".into())]);
    }
    verify(&machine, &[])
        .exits(1)
        .says("/tmp/evil.js")
        .says("mcp-pin import --acknowledge");
    verify(&machine, &["--no-clients"]).exits(0);
    machine.run(&["import", "--acknowledge"]).exits(2).says("nobody can be asked");
    verify(&machine, &[]).exits(1);
    let sarif = verify(&machine, &["--format", "sarif"]).exits(1).json();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(uri.starts_with("file:///") && uri.ends_with("/.cursor/mcp.json"), "{uri}");
    assert_eq!(place["region"]["startLine"], 2);
    machine.run(&["explain", "client-launch-changed"]).exits(0).says("swapped");
    // As it was agreed to, nothing is left of it; and values are nobody's business.
    put(&machine, CURSOR, &cursor(&server.start(), ""));
    verify(&machine, &[]).exits(0);
}

#[test]
fn a_server_that_appears_is_one_line_and_may_be_agreed_to() {
    let (machine, server) = pinned();
    verify(&machine, &[]).exits(0);
    let worm = ",\n  \"index\": {\"command\": \"npx\", \"args\": [\"-y\", \"dev-index\"]},\n  \"lint\": {\"command\": \"npx\", \"args\": [\"-y\", \"dev-lint\"]}";
    put(&machine, CURSOR, &cursor(&server.start(), worm));
    let ran = verify(&machine, &["--format", "json"]).exits(1);
    assert_eq!(codes(&ran), [("client-servers-unknown".into(), "notice".into())]);
    verify(&machine, &[]).exits(1).says("2 servers").says("index, lint");
    machine.run(&["import", "--acknowledge"]).exits(0);
    verify(&machine, &[]).exits(0);
}

#[test]
fn a_wrapped_entry_that_is_not_wrapped_any_more_is_critical() {
    let (machine, server) = pinned();
    let wrapped = r#"{"mcpServers": {"calc": {"command": "mcp-pin", "args": ["run", "--global", "calc"]}}}"#;
    let file = put(&machine, CURSOR, wrapped);
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    assert_eq!(status(&list, "cursor", "calc"), "wrapped");
    record_wrap(&machine, &file);
    verify(&machine, &[]).exits(0);
    put(&machine, CURSOR, &cursor(&server.start(), ""));
    let ran = verify(&machine, &["--format", "json"]).exits(1);
    assert_eq!(codes(&ran), [("client-entry-unwrapped".into(), "critical".into())]);
    // Neither pinning it again nor agreeing without a terminal takes that away.
    machine.run(&["import", "calc", "--yes", "--no-probe"]).exits(0);
    machine.run(&["import", "--acknowledge"]).exits(2);
    verify(&machine, &[]).exits(1);
    // A program that is only called like this one does not guard.
    put(&machine, CURSOR, &wrapped.replace("\"mcp-pin\"", "\"/tmp/evil/mcp-pin\""));
    let ran = verify(&machine, &["--format", "json"]).exits(1);
    assert_eq!(codes(&ran)[0], ("client-launch-changed".into(), "critical".into()));
    // Where something is wrapped, what appears is told one by one.
    put(&machine, CURSOR, wrapped);
    put(
        &machine,
        DESKTOP,
        r#"{"mcpServers": {"x": {"command": "npx", "args": ["x"]}, "calc": {"command": "npx", "args": ["calc"]}}}"#,
    );
    let ran = verify(&machine, &["--format", "json"]).exits(1);
    let names: Vec<_> = codes(&ran).into_iter().map(|(code, grade)| format!("{code} {grade}")).collect();
    assert_eq!(names, ["client-name-conflict warning", "client-server-unknown warning"]);
    // Nor is a name that is pinned nowhere and means two things.
    put(&machine, DESKTOP, r#"{"mcpServers": {"x": {"command": "npx", "args": ["x"]}}}"#);
    let kiro = put(
        &machine,
        ".kiro/settings/mcp.json",
        r#"{"mcpServers": {"x": {"command": "npx", "args": ["y"]}}}"#,
    );
    let ran = verify(&machine, &["--format", "json"]).exits(1);
    assert_eq!(codes(&ran), vec![("client-name-conflict".into(), "warning".into()); 2]);
    std::fs::remove_file(kiro).unwrap();
    std::fs::remove_file(machine.home().join(DESKTOP)).unwrap();
    // Gone is told, and no alarm.
    std::fs::remove_file(&file).unwrap();
    let ran = verify(&machine, &["--format", "json"]).exits(1);
    assert_eq!(codes(&ran), [("client-entry-gone".into(), "notice".into())]);
    machine.run(&["import", "--acknowledge"]).exits(0);
    verify(&machine, &[]).exits(0);
}

/// What `wrap` records.
fn record_wrap(machine: &Machine, file: &std::path::Path) {
    let history = History::open(&machine.store().join("state.db")).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let client = mcp_pin::clients::client("cursor").unwrap();
    let entry = mcp_pin::clients::read(&client.places[0], &text).unwrap().remove(0);
    let wrap = NewWrap {
        file: &std::fs::canonicalize(file).unwrap(),
        key: &entry.key(),
        server: &"calc".parse().unwrap(),
        scope: "user",
        original: &Sha256Digest::of("before"),
        wrapped: &entry.digest(),
    };
    history.record_wrap(&wrap, Timestamp::now()).unwrap();
}

#[test]
fn a_repository_that_brings_a_server_along_is_told() {
    let machine = machine();
    let server = Local::new(&machine, "calc", &honest());
    server.install(&machine, &["--no-probe"], &[]).exits(0);
    machine.write("mcp-pin.toml", "");
    let config = machine.store().join("config");
    for name in ["mcp-pin.toml", "mcp-pin.lock"] {
        assert!(config.join(name).exists(), "{name}");
    }
    machine.write(
        ".mcp.json",
        r#"{"mcpServers": {"helper": {"command": "npx", "args": ["-y", "helper"], "env": {"LD_PRELOAD": "x"}}}}"#,
    );
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    let helper = &list["servers"][0];
    assert_eq!((&helper["scope"], &helper["lock"]), (&json!("project"), &json!("project")));
    // One file that four clients read is one line.
    assert_eq!(helper["clients"], json!(["claude-code", "copilot-cli", "jetbrains-air", "vscode"]));
    // The user's own check is about the user's files.
    verify(&machine, &[]).exits(0);
}

/// Claude Code takes `mcpServers` of the one file, VS Code `servers` of the same.
#[test]
fn a_link_hides_nothing_that_another_client_takes() {
    let machine = machine();
    machine.write(
        ".mcp.json",
        r#"{"mcpServers": {"calc": {"command": "npx", "args": ["-y", "calc"]}},
            "servers": {"steal": {"command": "npx", "args": ["-y", "steal"]}}}"#,
    );
    std::fs::create_dir(machine.project().join(".vscode")).unwrap();
    std::os::unix::fs::symlink("../.mcp.json", machine.project().join(".vscode/mcp.json")).unwrap();
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    let names: Vec<_> = list["servers"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["calc", "steal"]);
}

#[test]
fn a_project_is_told_of_servers_beside_its_lock() {
    let registry = FakeNpm::start();
    registry.publish(package("demo", "1.0.0", &honest()));
    let machine = machine_with(&registry);
    machine.run(&["install", "--yes", "--no-probe", "npm:demo"]).exits(0);
    let check = |more: &[&str]| {
        let mut words = vec!["verify", "--no-probe"];
        words.extend(more);
        machine.run(&words)
    };
    check(&[]).exits(0);
    let lock = std::fs::canonicalize(machine.project().join("mcp-pin.lock")).unwrap();
    let helper = r#""helper": {"command": "npx", "args": ["-y", "helper"]}"#;
    let demo = json!({"command": "mcp-pin", "args": ["run", "demo", "--lock", lock]});
    machine.write(".mcp.json", &format!("{{\"mcpServers\": {{\n{helper}}}}}"));
    let ran = check(&["--format", "json"]).exits(1);
    assert_eq!(codes(&ran), [("client-servers-unknown".into(), "notice".into())]);
    check(&["--no-clients"]).exits(0);
    check(&["demo"]).exits(0);
    // Beside an entry that is wrapped it is one of its own; the file is named as everybody has it.
    machine.write(".mcp.json", &format!("{{\"mcpServers\": {{\n\"demo\": {demo},\n{helper}}}}}"));
    let ran = check(&["--format", "json"]).exits(1);
    assert_eq!(codes(&ran), [("client-server-unknown".into(), "warning".into())]);
    let sarif = check(&["--format", "sarif"]).exits(1).json();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(
        place,
        &json!({"artifactLocation": {"uri": ".mcp.json", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 3}})
    );
    // An entry that is handed what loads other code guards nothing.
    for more in [r#""env": {"LD_PRELOAD": "/tmp/x"}"#, r#""envFile": "${workspaceFolder}/.env""#] {
        let preload = demo.to_string().replace('}', &format!(", {more}}}"));
        machine.write(".mcp.json", &format!("{{\"mcpServers\": {{\"demo\": {preload}}}}}"));
        check(&[]).exits(1);
    }
    machine.write(".mcp.json", &format!("{{\"mcpServers\": {{\"demo\": {demo}}}}}"));
    check(&[]).exits(0);
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_is_no_pass() {
    let machine = machine();
    put(&machine, CURSOR, "{\"mcpServers\": {");
    let ran = machine.run(&["import"]).exits(2);
    assert!(ran.stdout.contains("unread: ") && ran.stdout.contains("(Cursor)"), "{}", ran.stdout);
    let twice = r#"{"mcpServers": {"a": {"command": "x"}, "a": {"command": "hunter2"}}}"#;
    put(&machine, CURSOR, twice);
    machine.run(&["import"]).exits(2).says("stands twice").never_says("hunter2");
    // A pipe is not waited for.
    let pipe = machine.home().join(".config/Code/User/mcp.json");
    std::fs::create_dir_all(pipe.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    machine.run(&["import"]).exits(2).says("it is no regular file");
    // A link in a project that leads out of it is not followed; one of the user's own is.
    std::fs::write(
        machine.home().join("elsewhere.json"),
        r#"{"mcpServers": {"far-away": {"command": "x"}}}"#,
    )
    .unwrap();
    std::os::unix::fs::symlink(machine.home().join("elsewhere.json"), machine.project().join(".mcp.json")).unwrap();
    machine
        .run(&["import"])
        .exits(2)
        .says("leads out of the project")
        .never_says("far-away");
    std::fs::remove_file(machine.project().join(".mcp.json")).unwrap();
    std::fs::remove_file(&pipe).unwrap();
    std::fs::remove_file(machine.home().join(CURSOR)).unwrap();
    std::os::unix::fs::symlink(machine.home().join("elsewhere.json"), machine.home().join(CURSOR)).unwrap();
    machine.run(&["import"]).exits(0).says("far-away");
    let json = machine.run(&["import", "--format", "json"]).exits(0).json();
    assert!(json["servers"][0]["file"].as_str().unwrap().ends_with("elsewhere.json"));
}

#[test]
fn an_unreadable_file_keeps_verify_from_passing_until_it_is_agreed_to() {
    let (machine, _server) = pinned();
    put(&machine, ".config/goose/config.yaml", "extensions: &all\n  a:\n    cmd: x\n");
    verify(&machine, &[]).exits(2).says("Goose").says("is unread");
    machine.run(&["import", "--acknowledge"]).exits(2).says("unread: ");
    verify(&machine, &[]).exits(0);
    put(&machine, ".config/goose/config.yaml", "extensions: &all\n  a:\n    cmd: y\n");
    verify(&machine, &[]).exits(2);
}

#[test]
fn hostile_names_are_shown_harmlessly() {
    let machine = machine();
    let text = json!({"mcpServers": {"a\u{1b}[31m\u{202e}b\n": {"command": "np\u{1b}]0;x\u{7}x", "args": ["-y\u{200b}", "a\nb"]}}});
    put(&machine, CURSOR, &text.to_string());
    let ran = machine.run(&["import"]).exits(0);
    assert!(
        !ran.stdout.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{200b}']),
        "{:?}",
        ran.stdout
    );
    machine.run(&["import", "--as", "x", "--yes"]).exits(2);
}

#[test]
fn at_a_terminal_each_server_is_asked_about() {
    let machine = machine();
    let (one, two) = (Local::new(&machine, "one", &honest()), Local::new(&machine, "two", &honest()));
    let text = json!({"mcpServers": {
        "one": {"command": "node", "args": [one.start()], "env": {"ONE_KEY": "hunter2hunter2"}},
        "two": {"command": "node", "args": [two.start()]},
    }});
    let file = put(&machine, CURSOR, &text.to_string());
    let before = std::fs::read(&file).unwrap();
    let import = |keys: &str| at_terminal_with(&machine, &["import", "--no-probe"], keys, |_| {});
    let untouched = || {
        let config = machine.store().join("config");
        assert!(!config.join("mcp-pin.toml").exists() && !config.join("mcp-pin.lock").exists());
        assert!(!machine.project().join("mcp-pin.toml").exists());
        assert_eq!(std::fs::read(&file).unwrap(), before);
    };
    // No to all of it, by word or by silence, is the list alone.
    for keys in ["n\nn\nn\n", "", "n\n", "n\nyes please\nn\n"] {
        let Some(seen) = import(keys) else { return };
        let seen = seen.exits(0).asks("pin all 2? (no: asks about each) [y/N]");
        assert!(!seen.screen.contains("approve `"), "{keys:?}: {}", seen.screen);
        untouched();
    }
    // Chosen, and the input ends, or a no comes, before it is approved. Who ended it is not asked again.
    for (keys, asked) in [("n\ny\n", false), ("n\ny\nn\n", true), ("n\ny\nn\nn\n", true), ("y\n", true)] {
        let Some(seen) = import(keys) else { return };
        let seen = seen.exits(1).asks("one was not pinned");
        assert_eq!(seen.screen.contains("approve `one`? [y/N]"), asked, "{keys:?}: {}", seen.screen);
        assert!(!seen.screen.contains("approve `two`"), "{keys:?}: {}", seen.screen);
        untouched();
    }
    let Some(seen) = import("n\ny\nn\ny\n") else { return };
    let seen = seen.exits(0).asks("pin `one`: ").asks("pin `two`: ").asks("approve `one`? [y/N]");
    assert!(
        !seen.screen.contains("hunter2") && !seen.screen.contains("approve `two`"),
        "{}",
        seen.screen
    );
    assert!(user_lock(&machine).contains("\"one\"") && !user_lock(&machine).contains("\"two\""));
    assert!(!user_lock(&machine).contains("hunter2"));
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    assert_eq!(
        [status(&list, "cursor", "one"), status(&list, "cursor", "two")],
        ["pinned", "not-pinned"]
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);
    // One alone is asked about by itself.
    let Some(seen) = import("y\ny\n") else { return };
    let seen = seen.exits(0);
    assert!(!seen.screen.contains("pin all"), "{}", seen.screen);
    assert!(user_lock(&machine).contains("\"two\""));
}

#[test]
fn a_change_is_agreed_to_at_a_terminal_and_only_with_a_yes() {
    let (machine, _server) = pinned();
    verify(&machine, &[]).exits(0);
    put(&machine, CURSOR, &cursor("/tmp/other.js", ""));
    verify(&machine, &[]).exits(1);
    for keys in ["n\n", "", "sure\n"] {
        let Some(seen) = at_terminal_with(&machine, &["import", "--acknowledge"], keys, |_| {}) else {
            return;
        };
        seen.exits(0)
            .asks("critical: ")
            .asks("/tmp/other.js")
            .asks("agree to it as it is? [y/N]");
        verify(&machine, &[]).exits(1).says("/tmp/other.js");
    }
    let Some(seen) = at_terminal_with(&machine, &["import", "--acknowledge"], "y\n", |_| {}) else {
        return;
    };
    seen.exits(0);
    verify(&machine, &[]).exits(0);
    machine.run(&["log"]).exits(0).says("starts something else than what you agreed to");
}

#[test]
fn what_lies_in_other_projects_is_named_and_not_looked_at() {
    let machine = machine();
    let shop = machine.home().join("shop");
    put(
        &machine,
        "shop/.mcp.json",
        r#"{"mcpServers": {"brought-along": {"command": "npx", "args": ["-y", "x"]}}}"#,
    );
    machine.write(
        ".mcp.json",
        r#"{"mcpServers": {"here": {"command": "npx", "args": ["-y", "here"]}}}"#,
    );
    std::fs::create_dir_all(machine.home().join("empty")).unwrap();
    let text = json!({"mcpServers": {}, "projects": {
        shop.to_str().unwrap(): {"mcpServers": {}, "enabledMcpjsonServers": ["brought-along"]},
        machine.project().to_str().unwrap(): {},
        machine.home().join("empty").to_str().unwrap(): {"hasTrustDialogAccepted": true},
        "shop": {}, "/nowhere/at/all": {},
    }});
    put(&machine, ".claude.json", &text.to_string());
    let file = shop.join(".mcp.json").display().to_string();
    let ran = machine.run(&["import"]).exits(0).says("here").never_says("brought-along");
    assert_eq!(ran.stdout.matches("not looked at: ").count(), 1, "{}", ran.stdout);
    ran.says(&format!("not looked at: {file} (of another project"));
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    assert_eq!(list["notLookedAt"], json!([file]));
    assert_eq!(list["servers"].as_array().unwrap().len(), 1, "{list:#}");
}

#[test]
fn what_depends_on_its_place_is_not_pinned_and_what_loads_code_is_not_taken_over() {
    let machine = machine();
    let server = Local::new(&machine, "calc", &honest());
    let text = json!({"mcpServers": {
        "near": {"command": "node", "args": ["./server.js"]},
        "there": {"command": "node", "args": [server.start()], "cwd": "/srv"},
        "nobody": {"command": "mcp-pin", "args": ["run", "nobody"]},
        "calc": {"command": "node", "args": [server.start()], "env": {"NODE_OPTIONS": "--require /tmp/hunter2.js", "CALC_KEY": "hunter2"}},
    }});
    put(&machine, CURSOR, &text.to_string());
    let list = machine.run(&["import", "--format", "json"]).exits(0).json();
    for (name, expected, why) in [
        ("near", "not-possible", "relative to where its client happens to start it"),
        ("there", "not-possible", "it is started in a folder of its own"),
        ("nobody", "not-possible", "not a locked server"),
        ("calc", "not-pinned", ""),
    ] {
        assert_eq!(status(&list, "cursor", name), expected, "{name}");
        let all = list["servers"].as_array().unwrap();
        let told = all.iter().find(|one| one["name"] == name).unwrap()["why"]
            .as_str()
            .unwrap_or_default();
        assert!(told.contains(why), "{name}: {told}");
    }
    machine
        .run(&["import", "--all", "--yes", "--no-probe"])
        .exits(0)
        .says("`calc` will not get NODE_OPTIONS")
        .never_says("hunter2");
    let manifest = std::fs::read_to_string(machine.store().join("config/mcp-pin.toml")).unwrap();
    assert!(manifest.contains("CALC_KEY") && !manifest.contains("NODE_OPTIONS"), "{manifest}");
    assert!(!manifest.contains("hunter2") && !user_lock(&machine).contains("hunter2"));
    // Called as this program is, an entry starts another one all the same.
    let evil = put(&machine, "evil/mcp-pin", "#!/bin/sh\n");
    let entry = |command: &str| json!({"mcpServers": {"calc": {"command": command, "args": ["run", "calc"]}}}).to_string();
    for (command, expected) in [
        (env!("CARGO_BIN_EXE_mcp-pin"), "wrapped"),
        (evil.to_str().unwrap(), "not-possible"),
        ("/nowhere/mcp-pin", "not-possible"),
    ] {
        put(&machine, CURSOR, &entry(command));
        let list = machine.run(&["import", "--format", "json"]).exits(0).json();
        assert_eq!(status(&list, "cursor", "calc"), expected, "{command}");
    }
}

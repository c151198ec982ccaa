//! Configuration texts of every client, as their users have them, and texts that are made to be
//! overlooked.

use std::path::{Path, PathBuf};

use super::*;
use crate::model::RemoteTransport;

fn fixture(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clients").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The place of a client whose path ends so.
fn place(id: &str, ending: &str) -> &'static Place {
    let client = client(id).unwrap_or_else(|| panic!("{id}"));
    let place = client.places.iter().find(|place| place.path.ends_with(ending));
    place.unwrap_or_else(|| panic!("{id}: {ending}"))
}

fn entries(id: &str, ending: &str, text: &str) -> Result<Vec<Entry>, ReadError> {
    read(place(id, ending), text)
}

fn told(entry: &Entry) -> String {
    let off = if entry.disabled { " (off)" } else { "" };
    let kind = match understand(&entry.launch) {
        Meaning::Package(_) => "package",
        Meaning::Command { .. } => "command",
        Meaning::Remote { .. } => "remote",
        Meaning::Wrapped(_) => "wrapped",
        Meaning::Inside { .. } => "inside",
        Meaning::NotUnderstood { .. } => "?",
    };
    let meaning = understand(&entry.launch).told();
    format!("{} {} {kind}: {meaning}{off}", entry.name, entry.scope.as_str())
}

#[track_caller]
fn says(id: &str, ending: &str, file: &str, expected: &[&str]) {
    let read = entries(id, ending, &fixture(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let told: Vec<_> = read.iter().map(told).collect();
    assert_eq!(told, expected, "{file}");
    // The line is the entry's own.
    for entry in &read {
        let text = fixture(file);
        let line = text.lines().nth(entry.at.line - 1).unwrap_or_default();
        assert!(line.contains(&entry.name), "{file}: line {} is {line}", entry.at.line);
    }
    let debug = format!("{read:?}");
    assert!(!debug.contains("dummy") && !debug.contains("/srv/notes/memory.json"), "{debug}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_client_is_read_as_its_users_write_it() {
    let memory = "npm:@modelcontextprotocol/server-memory";
    says(
        "claude-desktop",
        "config.json",
        "claude-desktop.json",
        &[
            "filesystem user package: npm:@modelcontextprotocol/server-filesystem /srv/notes /srv/drafts",
            &format!("memory user package: {memory}"),
            "Weather Desk user package: pypi:mcp-server-weather==1.2.0 --units metric",
            "old user ?: `sh` is a shell: what it starts can be anything",
        ],
    );
    says(
        "claude-code",
        ".claude.json",
        "claude-code.json",
        &[
            "git user package: pypi:mcp-server-git --repository '${CLAUDE_PROJECT_DIR:-.}'",
            "tracker user remote: https://tracker.example/mcp",
            "db local command: node /srv/shop/tools/db.js --read-only",
        ],
    );
    says(
        "claude-code",
        ".mcp.json",
        "claude-code-project.json",
        &[
            "docs project package: npm:@example/docs-mcp@2",
            "events project remote: https://events.example/sse",
            "local project command: node ./tools/server.mjs",
        ],
    );
    says(
        "claude-code",
        "**/.mcp.json",
        "claude-code-plugin.json",
        &[
            "linter plugin ?: its command is filled in by the client",
            "search plugin remote: https://search.example/mcp",
        ],
    );
    says(
        "cursor",
        "mcp.json",
        "cursor.json",
        &[
            &format!("memory user package: {memory}"),
            "design user remote: https://design.example/mcp",
            "bridge user remote: https://crm.example/mcp through mcp-remote",
        ],
    );
    says(
        "vscode",
        "User/mcp.json",
        "vscode.json",
        &[
            "forge user ?: it starts the container image `registry.example/forge-mcp:1.4`, and its tag can be moved: images are not pinned by this version",
            "files user package: npm:@modelcontextprotocol/server-filesystem '${workspaceFolder}'",
            "wiki user remote: https://wiki.example/mcp",
        ],
    );
    says(
        "vscode",
        "User/settings.json",
        "vscode-settings.json",
        &["time user package: pypi:mcp-server-time --local-timezone=Europe/Berlin"],
    );
    says(
        "windsurf",
        "mcp_config.json",
        "windsurf.json",
        &[
            "issues user remote: https://issues.example/mcp",
            &format!("memory user package: {memory} (off)"),
        ],
    );
    says(
        "zed",
        "zed/settings.json",
        "zed.json",
        &[
            &format!("memory user package: {memory}"),
            "fetch user package: pypi:mcp-server-fetch",
            "mcp-server-forge user inside: an extension of the client",
            "notes user remote: https://notes.example/mcp",
        ],
    );
    says(
        "cline",
        "cline_mcp_settings.json",
        "cline.json",
        &[
            "browser user package: npm:@example/browser-mcp@latest",
            "search user remote: https://search.example/mcp (off)",
        ],
    );
    says(
        "roo-code",
        "mcp_settings.json",
        "roo-code.json",
        &[
            "context user package: npm:@example/context-mcp",
            "stream user remote: https://stream.example/mcp",
        ],
    );
    says(
        "gemini-cli",
        "settings.json",
        "gemini-cli.json",
        &[
            "python user ?: `python -m example_mcp` names a module and not the package it comes from: install that, for example `mcp-pin install pypi:PACKAGE`",
            "maps user remote: https://maps.example/mcp",
            "old user remote: https://old.example/sse",
        ],
    );
    for (id, file) in [("junie", "junie.json"), ("jetbrains-air", "jetbrains-air.json")] {
        let scope = if id == "junie" { "user" } else { "project" };
        says(
            id,
            "mcp.json",
            file,
            &[
                &format!("memory {scope} package: {memory}"),
                &format!("notes {scope} remote: https://notes.example/mcp"),
            ],
        );
    }
}

#[test]
fn other_formats_are_read_as_their_clients_do() {
    let memory = "npm:@modelcontextprotocol/server-memory";
    says(
        "codex",
        "config.toml",
        "codex.toml",
        &[
            &format!("memory user package: {memory}"),
            "design desk user remote: https://design.example/mcp",
            "shell user ?: `bash` is a shell: what it starts can be anything (off)",
            "fetch user package: pypi:mcp-server-fetch",
        ],
    );
    says(
        "goose",
        "config.yaml",
        "goose.yaml",
        &[
            "developer user inside: a part of the client (builtin)",
            &format!("memory-graph user package: {memory}"),
            "board user remote: https://board.example/mcp (off)",
        ],
    );
    says(
        "continue",
        "config.yaml",
        "continue.yaml",
        &[
            &format!("memory user package: {memory}"),
            "SQLite: read only user package: pypi:mcp-server-sqlite --db-path /srv/data/shop.db",
            "tickets user remote: https://tickets.example/mcp",
            "example/hub-block user ?: it names a block that the client fetches from a hub",
        ],
    );
    says(
        "opencode",
        "opencode.jsonc",
        "opencode.jsonc",
        &[
            &format!("memory user package: {memory}"),
            "docs user remote: https://docs.example/mcp (off)",
        ],
    );
    says(
        "lm-studio",
        "mcp.json",
        "lm-studio.json",
        &["memory user command: /opt/tools/memory-server --stdio"],
    );
    says(
        "amazon-q",
        "amazonq/mcp.json",
        "amazon-q.json",
        &[
            "cloud user package: pypi:example-cloud-mcp-server",
            "kb user remote: https://kb.example/mcp",
        ],
    );
    says(
        "kiro",
        "mcp.json",
        "kiro.json",
        &[
            "docs user package: pypi:example-docs==2.1",
            "notes user remote: https://notes.example/mcp",
        ],
    );
    says("warp", ".mcp.json", "warp.json", &[&format!("memory user package: {memory}")]);
    says(
        "copilot-cli",
        "mcp-config.json",
        "copilot-cli.json",
        &[
            "play user package: npm:@example/play-mcp@1.0.3",
            "forge user remote: https://forge.example/mcp",
        ],
    );
    says(
        "antigravity",
        "config/mcp_config.json",
        "antigravity.json",
        &[
            "sheets user remote: https://sheets.example/mcp",
            &format!("memory user package: {memory}"),
        ],
    );
}

#[test]
fn every_client_of_the_table_has_a_fixture_and_an_id_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/clients");
    let names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let ids: Vec<_> = CLIENTS.iter().map(|client| client.id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    for id in ids {
        assert!(names.iter().any(|name| name.split('.').next() == Some(id)), "{id} has no fixture");
    }
}

/// One entry in a file of Cursor's.
fn one(body: &str) -> Entry {
    let text = format!("{{\"mcpServers\": {{\"x\": {body}}}}}");
    let mut all = entries("cursor", "mcp.json", &text).unwrap_or_else(|error| panic!("{body}: {error}"));
    assert_eq!(all.len(), 1, "{body}");
    all.remove(0)
}

#[test]
fn headers_and_variables_are_kept_by_name_alone() {
    let entry =
        one(r#"{"url": "https://h.example/mcp", "headers": {"B": "secret", "A": "Bearer ${env:TOKEN}", "C": "Bearer ${input:t}"}}"#);
    let Launch::Remote(remote) = &entry.launch else {
        panic!("{entry:?}")
    };
    let kept: Vec<_> = remote
        .headers
        .iter()
        .map(|header| (header.name.as_str(), header.template.as_deref()))
        .collect();
    assert_eq!(kept, [("A", Some("Bearer ${TOKEN}")), ("B", None), ("C", None)]);
    assert!(!format!("{entry:?}").contains("secret"));
    let entry = one(r#"{"type": "sse", "url": "https://h.example/mcp?apiKey=hunter2"}"#);
    assert!(!format!("{entry:?}").contains("hunter2"));
    let Launch::Remote(remote) = &entry.launch else {
        panic!("{entry:?}")
    };
    assert_eq!(remote.transport, Some(RemoteTransport::Sse));
    assert!(matches!(understand(&entry.launch), Meaning::NotUnderstood { why } if !why.contains("hunter2")));
    let entry = one(r#"{"command": "npx", "args": ["a"], "env": {"Z": "v", "A": "v"}, "envFile": "x"}"#);
    let Launch::Stdio(stdio) = &entry.launch else { panic!("{entry:?}") };
    assert_eq!(
        (stdio.env.as_slice(), stdio.env_file),
        (&["A".to_owned(), "Z".to_owned()][..], true)
    );
}

#[test]
fn what_two_readers_take_for_two_things_is_not_read() {
    for text in [
        r#"{"mcpServers": {}, "mcpServers": {"x": {"command": "a"}}}"#,
        r#"{"mcpServers": {"x": {"command": "a"}, "x": {"command": "b"}}}"#,
        r#"{"mcpServers": {"x": {"command": "a", "command": "b"}}}"#,
        r#"{"mcpServers": {"x": {"command": "a", "env": {"A": "1", "A": "2"}}}}"#,
        r#"{"mcpServers": {"\u0078": {"command": "a"}, "x": {"command": "b"}}}"#,
    ] {
        assert!(
            matches!(entries("cursor", "mcp.json", text), Err(ReadError::Twice { .. })),
            "{text}"
        );
    }
    for text in [r#"{"mcpServers": "x"}"#, r#"{"mcpServers": 1}"#] {
        assert!(
            matches!(entries("cursor", "mcp.json", text), Err(ReadError::NoServers { .. })),
            "{text}"
        );
    }
    for text in [
        "{",
        "[1,",
        r#"{"a" 1}"#,
        "{'mcpServers': {}}",
        "\u{0}",
        r#"{"mcpServers": {}} {"mcpServers": {}}"#,
    ] {
        assert!(
            matches!(entries("cursor", "mcp.json", text), Err(ReadError::Syntax { .. })),
            "{text}"
        );
    }
    let deep = format!("{{\"a\": {}1{}}}", "[".repeat(300), "]".repeat(300));
    assert!(matches!(entries("cursor", "mcp.json", &deep), Err(ReadError::TooDeep { .. })));
    let deeper = "[".repeat(100_000);
    assert!(entries("cursor", "mcp.json", &deeper).is_err());
    let many: Vec<_> = (0..3000).map(|number| format!("\"{number}\": {{\"command\": \"a\"}}")).collect();
    let many = format!("{{\"mcpServers\": {{{}}}}}", many.join(","));
    assert!(matches!(entries("cursor", "mcp.json", &many), Err(ReadError::TooMany { .. })));
}

#[test]
fn an_empty_file_and_one_without_servers_have_none() {
    for text in ["", " \n", "{}", "\u{feff}{}", "{\"mcpServers\": null}", "// nothing\n{}"] {
        assert_eq!(entries("cursor", "mcp.json", text).map(|entries| entries.len()), Ok(0), "{text:?}");
    }
    assert_eq!(entries("goose", "config.yaml", "# nothing\n").map(|entries| entries.len()), Ok(0));
    assert_eq!(
        entries("codex", "config.toml", "model = \"x\"\n").map(|entries| entries.len()),
        Ok(0)
    );
}

#[test]
fn an_entry_that_says_two_things_is_not_understood() {
    for body in [
        r#"{"command": "a", "url": "https://h.example/"}"#,
        r#"{"url": "https://h.example/", "serverUrl": "https://i.example/"}"#,
        r#"{"command": "a", "cmd": "b"}"#,
        r#"{"command": ["a"], "args": ["b"]}"#,
        r#"{"command": []}"#,
        r#"{"command": 1}"#,
        r#"{"command": "a", "args": "b"}"#,
        r#"{"command": "a", "args": [1]}"#,
        r#"{"command": "a", "env": ["A"]}"#,
        r#"{"type": "http", "command": "a"}"#,
        r#"{"type": "stdio", "url": "https://h.example/"}"#,
        r#"{"command": " "}"#,
        "{}",
        "7",
    ] {
        assert!(matches!(one(body).launch, Launch::NotUnderstood { .. }), "{body}");
    }
    // And a change of one is seen all the same, but not a change of values.
    let digest = |body: &str| one(body).digest();
    assert_ne!(
        digest(r#"{"command": "a", "args": "b"}"#),
        digest(r#"{"command": "a", "args": "c"}"#)
    );
    let with = |value: &str| digest(&format!(r#"{{"command": "a", "args": "b", "env": {{"A": "{value}"}}}}"#));
    assert_eq!(with("1"), with("2"));
}

#[test]
fn the_digest_is_of_what_is_started() {
    let digest = |body: &str| one(body).digest();
    let base = r#"{"command": "npx", "args": ["a"], "env": {"A": "1"}}"#;
    assert_eq!(
        digest(base),
        digest(r#"{"env": {"A": "2"}, "args": ["a"], "command": "npx", "disabled": true, "timeout": 3}"#)
    );
    for other in [
        r#"{"command": "/tmp/npx", "args": ["a"], "env": {"A": "1"}}"#,
        r#"{"command": "npx", "args": ["a", "b"], "env": {"A": "1"}}"#,
        r#"{"command": "npx a", "args": [], "env": {"A": "1"}}"#,
        r#"{"command": "npx", "args": ["a"], "env": {"A": "1", "NODE_OPTIONS": "x"}}"#,
        r#"{"command": "npx", "args": ["a"], "env": {"A": "1"}, "cwd": "/tmp"}"#,
        r#"{"command": "npx", "args": ["a"], "env": {"A": "1"}, "envFile": "/tmp/x"}"#,
    ] {
        assert_ne!(digest(base), digest(other), "{other}");
    }
    let far = r#"{"url": "https://a.example/", "headers": {"X-Key": "1"}}"#;
    assert_eq!(digest(far), digest(r#"{"headers": {"X-Key": "2"}, "url": "https://a.example/"}"#));
    for other in [
        r#"{"url": "https://b.example/", "headers": {"X-Key": "1"}}"#,
        r#"{"url": "https://a.example/"}"#,
        r#"{"url": "https://a.example/", "headers": {"X-Key": "1", "X-Other": "1"}}"#,
        r#"{"url": "https://a.example/", "headers": {"X-Key": "${KEY}"}}"#,
        r#"{"url": "https://a.example/", "headers": {"X-Key": "1"}, "type": "sse"}"#,
    ] {
        assert_ne!(digest(far), digest(other), "{other}");
    }
}

#[test]
fn a_key_stays_the_same_when_others_come_before_it() {
    let text = "mcpServers:\n- name: a/b\n  command: x\n";
    let more = "mcpServers:\n- name: first\n  command: y\n- name: a/b\n  command: x\n";
    let key = |text: &str| entries("continue", "config.yaml", text).unwrap().pop().unwrap();
    assert_eq!(key(text).key(), "/mcpServers/a~1b");
    assert_eq!(key(text).key(), key(more).key());
    assert_eq!(key(more).at.steps, [Step::Key("mcpServers".into()), Step::Index(1)]);
    let local = entries("claude-code", ".claude.json", &fixture("claude-code.json"))
        .unwrap()
        .pop()
        .unwrap();
    assert_eq!(local.key(), "/projects/~1srv~1shop/mcpServers/db");
}

#[test]
fn yaml_beyond_the_subset_is_unread_and_never_guessed() {
    for text in [
        "extensions: &a\n  x:\n    cmd: y\n",
        "extensions:\n  x: *a\n",
        "extensions:\n  <<: {}\n",
        "extensions:\n  x: !!map {}\n",
        "extensions:\n  x:\n    cmd: a\n      b\n",
        "extensions:\n  x:\n    cmd: \"a\n      b\"\n",
        "extensions:\n\tx: 1\n",
        "a: 1\n---\nextensions: {}\n",
        "---\na: 1\n---\nextensions: {}\n",
        "extensions: {x: {cmd: a}\n",
        "extensions:\n  x: a: b\n",
        "? extensions\n: x\n",
        "extensions:\n  x:\n    cmd: |2\n      a\n",
        "just text\n",
        "- a\nextensions: {}\n",
        "%YAML 1.1\n---\nextensions: {}\n",
    ] {
        let read = entries("goose", "config.yaml", text);
        assert!(read.is_err() || text == "just text\n", "{text:?}: {read:?}");
    }
    // A block text is stepped over and is no command.
    let block = entries("goose", "config.yaml", "extensions:\n  x:\n    cmd: |\n      sh\n    type: stdio\n").unwrap();
    assert!(matches!(block[0].launch, Launch::NotUnderstood { .. }));
    let flow = "extensions: {\"x\": {cmd: npx, args: [-y, 'it''s', \"a\\tb\"], envs: {A: 1}, enabled: false}}  # end\n";
    let flow = entries("goose", "config.yaml", flow).unwrap();
    let Launch::Stdio(stdio) = &flow[0].launch else {
        panic!("{flow:?}")
    };
    assert_eq!(stdio.args, ["-y", "it's", "a\tb"]);
    assert!(flow[0].disabled);
}

#[test]
fn paths_are_where_each_system_has_them() {
    let bases = |os| Bases {
        os,
        home: PathBuf::from("/h"),
        xdg_config: None,
        app_data: None,
        codex_home: Some(PathBuf::from("/codex")),
        root: PathBuf::from("/"),
        project: Some(PathBuf::from("/p")),
    };
    let at = |os, id: &str, ending: &str| bases(os).pattern(place(id, ending)).and_then(|pattern| pattern.path());
    let desktop = |os| at(os, "claude-desktop", "config.json").unwrap();
    assert_eq!(desktop(Os::Linux), Path::new("/h/.config/Claude/claude_desktop_config.json"));
    assert_eq!(
        desktop(Os::MacOs),
        Path::new("/h/Library/Application Support/Claude/claude_desktop_config.json")
    );
    assert_eq!(
        desktop(Os::Windows),
        Path::new("/h/AppData/Roaming/Claude/claude_desktop_config.json")
    );
    assert_eq!(
        at(Os::MacOs, "zed", "zed/settings.json"),
        Some("/h/.config/zed/settings.json".into())
    );
    assert_eq!(at(Os::Linux, "codex", "config.toml"), Some("/codex/config.toml".into()));
    assert_eq!(at(Os::MacOs, "claude-code", "etc/claude-code/managed-mcp.json"), None);
    assert_eq!(at(Os::Linux, "cursor", ".cursor/mcp.json"), Some("/h/.cursor/mcp.json".into()));
    assert!(Pattern::covers("*.json", "a.json") && !Pattern::covers("*.json", "json") && !Pattern::covers("a*a", "a"));
}

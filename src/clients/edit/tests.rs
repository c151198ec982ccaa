//! Odd layouts, each changed and put back.

use serde_json::json;

use super::*;

fn at(steps: &[&str]) -> Vec<Step> {
    let step = |step: &&str| step.parse().map_or_else(|_| Step::Key((*step).to_owned()), Step::Index);
    steps.iter().map(step).collect()
}

fn local() -> Change {
    Change {
        set: vec![
            ("command".into(), Written::Value(json!("/opt/mcp-pin"))),
            ("args".into(), Written::Value(json!(["run", "memory"]))),
        ],
        remove: Vec::new(),
    }
}

fn remote() -> Change {
    Change {
        remove: ["url", "headers", "type"].map(str::to_owned).into(),
        ..local()
    }
}

/// Changes it, checks what it then is, and puts it back.
#[track_caller]
fn round(format: Format, text: &str, steps: &[&str], asked: &Change, expected: &str) {
    let at = at(steps);
    let edited = change(format, text, &at, asked).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(edited.text, expected);
    let back = restore(format, &edited.text, &at, &edited.after, &edited.before).unwrap();
    assert_eq!(back, text);
}

#[test]
fn comments_order_unknown_keys_and_odd_blanks_stay() {
    round(
        Format::Jsonc,
        "{\n  // mine\n  \"servers\": {\n    \"memory\" : { // the one\n      \"args\": [\"-y\", /* always */ \"x\",],\n\n      \"command\"  :\t\"npx\" , // by npm\n      \"dev\": {\"watch\": \"src/**\"},\n    },\n  },\n}",
        &["servers", "memory"],
        &local(),
        "{\n  // mine\n  \"servers\": {\n    \"memory\" : { // the one\n      \"args\": [\"run\", \"memory\"],\n\n      \"command\"  :\t\"/opt/mcp-pin\" , // by npm\n      \"dev\": {\"watch\": \"src/**\"},\n    },\n  },\n}",
    );
}

#[test]
fn a_mark_and_windows_line_ends_stay() {
    round(
        Format::Json,
        "\u{feff}{\r\n\t\"mcpServers\": {\r\n\t\t\"memory\": {\r\n\t\t\t\"command\": \"x\"\r\n\t\t}\r\n\t}\r\n}\r\n\r\n",
        &["mcpServers", "memory"],
        &local(),
        "\u{feff}{\r\n\t\"mcpServers\": {\r\n\t\t\"memory\": {\r\n\t\t\t\"command\": \"/opt/mcp-pin\",\r\n\t\t\t\"args\": [\"run\", \"memory\"]\r\n\t\t}\r\n\t}\r\n}\r\n\r\n",
    );
}

#[test]
fn a_compact_file_stays_compact() {
    round(
        Format::Json,
        r#"{"mcpServers":{"a":{"command":"y"},"memory":{"command":"npx","env":{"A":"b"}}}}"#,
        &["mcpServers", "memory"],
        &local(),
        r#"{"mcpServers":{"a":{"command":"y"},"memory":{"command":"/opt/mcp-pin","args":["run","memory"],"env":{"A":"b"}}}}"#,
    );
}

#[test]
fn a_remote_entry_becomes_a_local_one() {
    round(
        Format::Json,
        "{\n  \"mcpServers\": {\n    \"memory\": {\n      \"type\": \"http\",\n      \"url\": \"https://h.example/mcp\",\n      \"timeout\": 5,\n      \"headers\": {\n        \"A\": \"b\"\n      }\n    }\n  }\n}\n",
        &["mcpServers", "memory"],
        &remote(),
        "{\n  \"mcpServers\": {\n    \"memory\": {\n      \"command\": \"/opt/mcp-pin\",\n      \"args\": [\"run\", \"memory\"],\n      \"timeout\": 5\n    }\n  }\n}\n",
    );
    round(
        Format::Json,
        r#"{ "memory": { "url": "https://h.example/mcp", "headers": {} } }"#,
        &["memory"],
        &remote(),
        r#"{ "memory": { "command": "/opt/mcp-pin", "args": ["run", "memory"] } }"#,
    );
}

#[test]
fn toml_tables_in_either_form() {
    round(
        Format::Toml,
        "# mine\nmodel = \"o\"\n\n[mcp_servers.memory] # here\ncommand   = 'npx'  # by npm\nargs = [\n  \"-y\", # always\n  \"x\",\n]\nstartup_timeout_sec = 20\n\n[mcp_servers.memory.env]\nA = \"b\"\n",
        &["mcp_servers", "memory"],
        &local(),
        "# mine\nmodel = \"o\"\n\n[mcp_servers.memory] # here\ncommand   = \"/opt/mcp-pin\"  # by npm\nargs = [\"run\", \"memory\"]\nstartup_timeout_sec = 20\n\n[mcp_servers.memory.env]\nA = \"b\"\n",
    );
    round(
        Format::Toml,
        "[mcp_servers.memory]\r\ncommand = \"npx\" # by npm\r\n[other]\r\nx = 1",
        &["mcp_servers", "memory"],
        &local(),
        "[mcp_servers.memory]\r\ncommand = \"/opt/mcp-pin\" # by npm\r\nargs = [\"run\", \"memory\"]\r\n[other]\r\nx = 1",
    );
    round(
        Format::Toml,
        "[mcp_servers]\nmemory = { command = \"npx\", env = { A = \"b\" } } # one line\nother = { command = \"npx\" }\n",
        &["mcp_servers", "memory"],
        &local(),
        "[mcp_servers]\nmemory = { command = \"/opt/mcp-pin\", args = [\"run\", \"memory\"], env = { A = \"b\" } } # one line\nother = { command = \"npx\" }\n",
    );
    round(
        Format::Toml,
        "\u{feff}[mcp_servers.memory]\nurl = \"https://h.example/mcp\"\nheaders = { A = \"b\" }",
        &["mcp_servers", "memory"],
        &remote(),
        "\u{feff}[mcp_servers.memory]\ncommand = \"/opt/mcp-pin\"\nargs = [\"run\", \"memory\"]",
    );
}

/// The piece that changed ends behind the last member that is left.
#[test]
fn a_comment_before_a_last_member_that_goes() {
    round(
        Format::Toml,
        "[mcp_servers.memory]\nurl = \"https://h.example/mcp\" # there\n\n# sent [along]\nheaders = { A = \"b\" }\n\n  [last]\nx = 1\n",
        &["mcp_servers", "memory"],
        &remote(),
        "[mcp_servers.memory]\ncommand = \"/opt/mcp-pin\"\nargs = [\"run\", \"memory\"] # there\n\n# sent [along]\n\n  [last]\nx = 1\n",
    );
    round(
        Format::Yaml,
        "mcpServers:\n  memory:\n    url: https://h.example/mcp # there\n\n    # sent along\n    headers:\n      A: b\nlast: 1\n",
        &["mcpServers", "memory"],
        &remote(),
        "mcpServers:\n  memory:\n    command: \"/opt/mcp-pin\"\n    args: [\"run\", \"memory\"] # there\n\n    # sent along\nlast: 1\n",
    );
    round(
        Format::Jsonc,
        "{\"memory\": {\n  \"url\": \"https://h.example/mcp\", // there\n\n  // sent along\n  \"headers\": {}\n}}",
        &["memory"],
        &remote(),
        "{\"memory\": {\n  \"command\": \"/opt/mcp-pin\",\n  \"args\": [\"run\", \"memory\"] // there\n\n  // sent along\n}}",
    );
}

#[test]
fn toml_that_is_scattered_is_left_alone() {
    for text in [
        "mcp_servers.memory.command = \"npx\"\n",
        "[mcp_servers.memory]\nurl = \"https://h.example/\"\n[mcp_servers.memory.headers]\nA = \"b\"\n",
    ] {
        let asked = remote();
        let answer = change(Format::Toml, text, &at(&["mcp_servers", "memory"]), &asked);
        assert!(matches!(answer, Err(EditError::Layout(_))), "{answer:?}");
    }
}

fn goose() -> Change {
    Change {
        set: vec![
            ("cmd".into(), Written::Value(json!("/opt/mcp-pin"))),
            ("args".into(), Written::Value(json!(["run", "memory"]))),
        ],
        remove: Vec::new(),
    }
}

#[test]
fn yaml_in_plain_block_form() {
    round(
        Format::Yaml,
        "# mine\nGOOSE_MODEL: x\nextensions:\n  developer: # part of it\n    type: builtin\n  memory:\n    type: stdio\n    cmd: npx # by npm\n    args:\n    - -y\n    - '@scope/memory'\n\n    # how long\n    timeout: 300\n    envs: {}\nother: 1",
        &["extensions", "memory"],
        &goose(),
        "# mine\nGOOSE_MODEL: x\nextensions:\n  developer: # part of it\n    type: builtin\n  memory:\n    type: stdio\n    cmd: \"/opt/mcp-pin\" # by npm\n    args: [\"run\", \"memory\"]\n\n    # how long\n    timeout: 300\n    envs: {}\nother: 1",
    );
    round(
        Format::Yaml,
        "name: Local\r\nmcpServers:\r\n  - name: other\r\n    command: y\r\n  - name: memory\r\n    command: npx\r\n    env:\r\n      A: b\r\n",
        &["mcpServers", "1"],
        &local(),
        "name: Local\r\nmcpServers:\r\n  - name: other\r\n    command: y\r\n  - name: memory\r\n    command: \"/opt/mcp-pin\"\r\n    args: [\"run\", \"memory\"]\r\n    env:\r\n      A: b\r\n",
    );
    round(
        Format::Yaml,
        "mcpServers:\n- command: npx\n  name: memory\n",
        &["mcpServers", "0"],
        &local(),
        "mcpServers:\n- command: \"/opt/mcp-pin\"\n  args: [\"run\", \"memory\"]\n  name: memory\n",
    );
}

#[test]
fn yaml_in_another_form_is_left_alone_and_offered_as_a_patch() {
    let text = "extensions:\n  memory: {type: stdio, cmd: npx, args: [-y, x], timeout: 300}\n  b:\n    type: stdio\n";
    let at = at(&["extensions", "memory"]);
    assert!(matches!(change(Format::Yaml, text, &at, &goose()), Err(EditError::Layout(_))));
    let new = rewritten(Format::Yaml, text, &at, &goose()).unwrap();
    assert_eq!(
        new,
        "extensions:\n  memory: { \"type\": \"stdio\", \"cmd\": \"/opt/mcp-pin\", \"args\": [\"run\", \"memory\"], \"timeout\": 300 }\n  b:\n    type: stdio\n"
    );
}

#[test]
fn block_text_is_left_as_it_is_and_never_written_as_something_else() {
    let text = "extensions:\n  memory:\n    cmd: npx\n    description: >-\n      It's a \"graph\n      # it's no comment\n    # mine\n  b:\n    type: stdio\n";
    let steps = ["extensions", "memory"];
    let wrapped = text.replace("npx", "\"/opt/mcp-pin\"\n    args: [\"run\", \"memory\"]");
    round(Format::Yaml, text, &steps, &goose(), &wrapped);
    // Where an entry would be written anew, what is only compared by its bytes would become a list.
    for odd in ["timeout: 2.50", "timeout: 0x1e", "in: {a: [1_000]}"] {
        let text = format!("extensions:\n  memory: {{cmd: npx, {odd}}}\n");
        assert!(matches!(
            change(Format::Yaml, &text, &at(&steps), &goose()),
            Err(EditError::Layout(_))
        ));
        assert_eq!(rewritten(Format::Yaml, &text, &at(&steps), &goose()), None, "{odd}");
    }
    let text = "extensions:\n  memory:\n    cmd: npx\n    args: &all [x]\n    description: |\n      A graph.\n";
    assert_eq!(rewritten(Format::Yaml, text, &at(&steps), &goose()), None);
    let text = text.replace("&all ", "").replace("npx", "npx \\\n      y");
    assert_eq!(rewritten(Format::Yaml, &text, &at(&steps), &goose()), None);
}

#[test]
fn a_name_that_stands_twice_is_never_edited() {
    for text in [
        r#"{"a": {"memory": {"command": "x"}, "memory": {"command": "y"}}}"#,
        r#"{"a": {"memory": {"command": "x", "command": "y"}}}"#,
        r#"{"a": {"memory": {"command": "x"}}, "\u0061": {"memory": {"command": "y"}}}"#,
    ] {
        let answer = change(Format::Json, text, &at(&["a", "memory"]), &local());
        assert!(matches!(answer, Err(EditError::Unreadable(_))), "{answer:?}");
    }
}

#[test]
fn what_only_looks_like_the_entry_is_not_touched() {
    let text = "{\n  // \"memory\": {\"command\": \"npx\"},\n  \"note\": \"{\\\"memory\\\": {\\\"command\\\": \\\"npx\\\"}}\",\n  \"a\": {\"memory\": {\"command\": \"npx\"}}\n}";
    let edited = change(Format::Jsonc, text, &at(&["a", "memory"]), &local()).unwrap();
    assert!(edited.text.starts_with(&text[..text.find("\"a\"").unwrap()]), "{}", edited.text);
    assert!(matches!(
        change(Format::Jsonc, text, &at(&["memory"]), &local()),
        Err(EditError::NoEntry)
    ));
}

#[test]
fn a_piece_in_a_comment_is_not_the_entry() {
    let text = r#"{"a": {"memory": {"command": "npx"}}}"#;
    let edited = change(Format::Jsonc, text, &at(&["a", "memory"]), &local()).unwrap();
    let elsewhere = edited
        .text
        .replace("\"memory\": {", &format!("\"memory\": {{ /* {} */ ", edited.after));
    let answer = restore(Format::Jsonc, &elsewhere, &at(&["a", "memory"]), &edited.after, &edited.before);
    assert_eq!(answer, Err(EditError::Changed));
}

#[test]
fn secrets_are_not_shown() {
    let text = "{\"mcpServers\": {\"a\": {\"command\": \"npx\", \"args\": [\"-y\", \"x\", \"--api-key\", \"hunter2\"], \"env\": {\"N\": 7, \"KEY\": \"s3cr\\/et\\n\", \"S\": \"abc\"}}, \"b\": {\"url\": \"https://h.example/?k=hunter3\", \"headers\": {\"Authorization\": \"Bearer hunter4\"}}}}";
    let shown = masked(text, &tree(Format::Json, text).unwrap());
    for secret in ["hunter", "s3cr", "\"abc\""] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for kept in ["npx", "\"-y\", \"x\", \"--api-key\"", "Authorization", "KEY"] {
        assert!(shown.contains(kept), "{shown}");
    }
}

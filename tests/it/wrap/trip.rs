//! There and back.

use super::*;

const CURSOR: &str = r#"{
  "mcpServers": {
    "mine": { "command": "/bin/echo", "args": ["hi"] },
    "calc": {
      "command": "node",
      "args": [ARGS],
      "env": {"CALC_KEY": "hunter2hunter2"},
      "autoApprove": ["add"]
    }
  }
}
"#;
const CODE: &str = "\u{feff}{\r\n\t// Servers of mine\r\n\t\"inputs\": [{\"id\": \"k\", \"type\": \"promptString\"},],\r\n\t\"servers\": {\r\n\t\t\"calc\": { // by hand\r\n\t\t\t\"type\": \"stdio\",\r\n\t\t\t\"command\": \"node\",\t/* of nvm */\r\n\t\t\t\"args\": [ARGS,],\r\n\t\t\t\"dev\": {\"watch\": \"src/**\"},\r\n\t\t},\r\n\t},\r\n}";
const CODEX: &str = "# Codex\nmodel = \"o\"\n\n[mcp_servers.calc]   # calculates\ncommand = 'node'\nargs = [\n  ARGS, # the server and its script\n]\nstartup_timeout_sec = 20\n\n[mcp_servers.calc.env]\nCALC_KEY = \"hunter2hunter2\"\n";
const GOOSE: &str = "GOOSE_PROVIDER: x\nextensions:\n  developer:\n    type: builtin\n    enabled: true\n  calc: # calculates\n    type: stdio\n    name: calc\n    cmd: node\n    args: [ARGS]\n    envs: {}\n    timeout: 300\n";
const OPENCODE: &str = "{\n  \"$schema\": \"https://opencode.example/config.json\",\n  \"mcp\": {\n    \"calc\": {\n      \"type\": \"local\",\n      \"command\": [\"node\", ARGS],\n      \"enabled\": true\n    }\n  }\n}\n";

#[test]
fn every_form_is_wrapped_started_and_put_back() {
    let desk = Desk::new();
    let cursor = desk.file(".cursor/mcp.json", CURSOR);
    let code = desk.file(".config/Code/User/mcp.json", CODE);
    let codex = desk.file(".codex/config.toml", CODEX);
    let goose = desk.file(".config/goose/config.yaml", GOOSE);
    let opencode = desk.file(".config/opencode/opencode.json", OPENCODE);
    let before = desk.files();

    let shown = desk.run(&["wrap", "--all", "--dry-run"]).exits(0);
    assert_eq!(desk.files(), before, "a dry run");
    shown.says("- ").says("\"run\", \"calc\"").never_says("hunter2");
    desk.run(&["wrap", "--all"]).exits(2).says("--yes");
    assert_eq!(desk.files(), before, "nobody agreed");

    let ran = desk.run(&["wrap", "--all", "--yes"]).exits(0).never_says("hunter2");
    assert_eq!(ran.stdout.matches("wrapped   calc").count(), 5, "{}", ran.stdout);
    let program = env!("CARGO_BIN_EXE_mcp-pin");
    let args = desk.args();
    let [server, script] = [&args[0], &args[1]].map(|arg| Value::from(arg.as_str()).to_string());
    let change = |text: &str, pairs: &[(&str, String)]| pairs.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
    let command = format!("\"{program}\"");
    let run = "\"run\", \"calc\"".to_owned();
    assert_eq!(
        text(&cursor),
        change(CURSOR, &[("\"node\"", command.clone()), ("ARGS", run.clone())])
    );
    assert_eq!(
        text(&code),
        change(CODE, &[("\"node\"", command.clone()), ("[ARGS,]", format!("[{run}]"))])
    );
    assert_eq!(
        text(&codex),
        change(
            CODEX,
            &[
                ("'node'", command.clone()),
                ("[\n  ARGS, # the server and its script\n]", format!("[{run}]"))
            ]
        )
    );
    assert_eq!(text(&goose), change(GOOSE, &[("node", command.clone()), ("ARGS", run.clone())]));
    assert_eq!(
        text(&opencode),
        change(OPENCODE, &[("\"node\", ARGS", format!("{command}, {run}"))])
    );
    assert!(server.len() > 2 && script.len() > 2);

    let entry: Value = serde_json::from_str(&text(&cursor)).unwrap();
    let answer = desk.hello(&words(&entry["mcpServers"]["calc"]), &[("CALC_KEY", "x")]);
    assert!(answer["result"]["capabilities"]["tools"].is_object(), "{answer}");

    let again = desk.files();
    desk.run(&["wrap", "--all", "--yes"]).exits(0).says("already");
    assert_eq!(desk.files(), again, "twice is once");
    let state = String::from_utf8_lossy(&desk.state()).into_owned();
    assert!(!state.contains("hunter2"), "a secret left the client's file");

    desk.run(&["unwrap", "--all", "--dry-run"]).exits(0).never_says("hunter2");
    assert_eq!(desk.files(), again, "a dry run");
    let ran = desk.run(&["unwrap", "--all", "--yes"]).exits(0).never_says("hunter2");
    assert_eq!(ran.stdout.matches("unwrapped calc").count(), 5, "{}", ran.stdout);
    assert_eq!(desk.files(), before, "byte for byte");
    desk.run(&["unwrap", "--all", "--yes"]).exits(0).says("nothing to unwrap");
    let backups = std::fs::read_dir(desk.machine.store().join("backups")).unwrap().count();
    assert_eq!(backups, 0, "no copy of a secret is kept without need");
}

#[test]
fn what_is_kept_for_the_way_back_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let cursor = desk.file(".cursor/mcp.json", CURSOR);
    std::fs::set_permissions(&cursor, std::fs::Permissions::from_mode(0o640)).unwrap();
    desk.run(&["wrap", "calc", "--yes"]).exits(0);
    assert_eq!(std::fs::metadata(&cursor).unwrap().permissions().mode() & 0o777, 0o640);
    let folder = desk.machine.store().join("backups");
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let kept = snapshot(&folder);
    assert_eq!(kept.len(), 2, "{kept:?}");
    for (path, _) in kept {
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            path.display()
        );
    }
}

#[test]
fn what_was_changed_around_it_meanwhile_stays() {
    let desk = Desk::new();
    let cursor = desk.file(".cursor/mcp.json", CURSOR);
    let start = text(&cursor);
    desk.run(&["wrap", "--client", "cursor", "--yes"]).exits(0);
    let edited = |text: &str| {
        text.replace("[\"hi\"]", "[\"ho\"]")
            .replace("[\"add\"]", "[]")
            .replace("  \"mcpServers\"", "  \"new\": 1,\n  \"mcpServers\"")
    };
    std::fs::write(&cursor, edited(&text(&cursor))).unwrap();
    desk.run(&["unwrap", "calc", "--yes"]).exits(0);
    assert_eq!(text(&cursor), edited(&start));

    // As a client does that writes its whole file anew.
    std::fs::write(&cursor, &start).unwrap();
    desk.run(&["wrap", "--client", "cursor", "--yes"]).exits(0);
    let whole: Value = serde_json::from_str(&text(&cursor)).unwrap();
    std::fs::write(&cursor, whole.to_string()).unwrap();
    desk.run(&["unwrap", "calc", "--yes"]).exits(0);
    let (now, was): (Value, Value) = (serde_json::from_str(&text(&cursor)).unwrap(), serde_json::from_str(&start).unwrap());
    assert_eq!(now, was);
}

#[test]
fn an_entry_that_was_edited_meanwhile_is_shown_and_left_alone() {
    let desk = Desk::new();
    let cursor = desk.file(".cursor/mcp.json", CURSOR);
    desk.run(&["wrap", "calc", "--yes"]).exits(0);
    let edited = text(&cursor).replace("\"run\", \"calc\"", "\"run\", \"other\"");
    std::fs::write(&cursor, &edited).unwrap();
    desk.run(&["unwrap", "calc", "--yes"])
        .exits(2)
        .says("edited")
        .says("\"node\"")
        .says("\"other\"")
        .says("backups");
    assert_eq!(text(&cursor), edited);
    // Somebody's own command is nobody's to undo.
    let own = edited.replace(env!("CARGO_BIN_EXE_mcp-pin"), "/bin/true");
    std::fs::write(&cursor, &own).unwrap();
    desk.run(&["unwrap", "calc", "--yes"])
        .exits(0)
        .says("does not start mcp-pin any more");
    assert_eq!(text(&cursor), own);
    desk.run(&["unwrap", "--all", "--yes"]).exits(0).says("nothing to unwrap");
}

//! There and back.

use super::*;
use crate::terminal::at_terminal_with;

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
    let ran = desk.run(&["unwrap", "calc", "--yes"]).exits(0);
    assert_eq!(text(&cursor), edited(&start));
    // What it was before is kept, and where is said.
    let copy = copies(&desk).pop().unwrap();
    assert_eq!(text(&copy), start);
    ran.says("~/.cursor/mcp.json was edited while it was wrapped")
        .says(&copy.display().to_string())
        .never_says("hunter2");
    std::fs::remove_file(&copy).unwrap();

    // As a client does that writes its whole file anew.
    std::fs::write(&cursor, &start).unwrap();
    desk.run(&["wrap", "--client", "cursor", "--yes"]).exits(0);
    let whole: Value = serde_json::from_str(&text(&cursor)).unwrap();
    std::fs::write(&cursor, whole.to_string()).unwrap();
    let told = desk.run(&["unwrap", "calc", "--yes", "--format", "json"]).exits(0).json();
    let copy = copies(&desk).pop().unwrap();
    assert_eq!(told["copies"], json!([{"file": cursor, "copy": copy}]));
    let (now, was): (Value, Value) = (serde_json::from_str(&text(&cursor)).unwrap(), serde_json::from_str(&start).unwrap());
    assert_eq!(now, was);
}

/// The files that are kept for the way back.
fn copies(desk: &Desk) -> Vec<PathBuf> {
    snapshot(&desk.machine.store().join("backups"))
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn a_file_that_may_not_be_changed_any_more_is_no_success() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    let cursor = desk.file(".cursor/mcp.json", CURSOR);
    let start = text(&cursor);
    desk.run(&["wrap", "calc", "--yes"]).exits(0);
    let wrapped = text(&cursor);
    std::fs::set_permissions(&cursor, std::fs::Permissions::from_mode(0o444)).unwrap();
    desk.run(&["unwrap", "--all", "--yes"]).exits(2).says("read-only");
    assert_eq!(text(&cursor), wrapped);
    std::fs::set_permissions(&cursor, std::fs::Permissions::from_mode(0o644)).unwrap();
    desk.run(&["unwrap", "--all", "--yes"]).exits(0).never_says("backups");
    assert_eq!(text(&cursor), start);
    // A file that is gone has nothing to put back.
    desk.run(&["wrap", "calc", "--yes"]).exits(0);
    std::fs::remove_file(&cursor).unwrap();
    desk.run(&["unwrap", "--all", "--yes"]).exits(0).says("the file is gone");
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

#[test]
fn what_a_client_writes_while_somebody_looks_is_kept() {
    let desk = Desk::new();
    let cursor = desk.file(".cursor/mcp.json", CURSOR);
    let start = text(&cursor);
    let while_asked = |new: &str| {
        let mut once = Some(new.to_owned());
        at_terminal_with(&desk.machine, &["wrap", "calc"], "y\n", |screen| {
            if screen.contains("[y/N]")
                && let Some(new) = once.take()
            {
                std::fs::write(&cursor, new).unwrap();
            }
        })
    };
    // The entry itself: what would be written is not what was shown.
    let other = start.replace("\"node\"", "\"/bin/true\"");
    let Some(seen) = while_asked(&other) else { return };
    seen.exits(2)
        .asks("change Cursor: ~/.cursor/mcp.json? [y/N]")
        .asks("was changed while you were looking");
    assert_eq!(text(&cursor), other);
    assert!(!desk.machine.store().join("backups").exists() || copies(&desk).is_empty());
    // Something else: both changes are there.
    std::fs::write(&cursor, &start).unwrap();
    let other = start.replace("[\"hi\"]", "[\"ho\"]");
    let Some(seen) = while_asked(&other) else { return };
    seen.exits(0);
    assert!(text(&cursor).contains("[\"ho\"]") && text(&cursor).contains("\"run\", \"calc\""));
    desk.run(&["unwrap", "calc", "--yes"]).exits(0).never_says("backups");
    assert_eq!(text(&cursor), other);
}

#[test]
fn verify_agrees_with_what_wrap_wrote_and_with_nothing_else() {
    let desk = Desk::new();
    crate::scripted::Local::new(&desk.machine, "other", &json!({"tools": []}))
        .install(&desk.machine, &["--global"], &[])
        .exits(0);
    let cursor = desk.file(".cursor/mcp.json", CURSOR);
    let start = text(&cursor);
    let verify = || desk.run(&["verify", "--global", "--no-probe", "--format", "json"]);
    let codes = || {
        let found = crate::scripted::findings(&verify().json()).into_iter();
        let found = found.filter(|(code, _, grade)| code.starts_with("client-") && grade != "info");
        found.map(|(code, _, grade)| format!("{code} {grade}")).collect::<Vec<_>>()
    };
    assert_eq!(codes(), Vec::<String>::new());
    desk.run(&["wrap", "calc", "--yes"]).exits(0);
    let wrapped = text(&cursor);
    assert_eq!(codes(), Vec::<String>::new());
    // Another locked server, one that is in no lock, another lock, no lock of ours at all.
    for (new, code) in [
        (wrapped.replace("\"calc\"]", "\"other\"]"), "client-launch-changed critical"),
        (wrapped.replace("\"calc\"]", "\"nobody\"]"), "client-launch-changed critical"),
        (
            wrapped.replace("\"run\",", "\"run\", \"--lock\", \"/tmp/x/mcp-pin.lock\","),
            "client-launch-changed critical",
        ),
        (start.clone(), "client-entry-unwrapped critical"),
    ] {
        assert_ne!(new, wrapped);
        std::fs::write(&cursor, &new).unwrap();
        assert_eq!(codes(), [code], "{new}");
        verify().exits(1);
    }
    std::fs::write(&cursor, &wrapped).unwrap();
    assert_eq!(codes(), Vec::<String>::new());
    // Put back by `unwrap`, it is what was agreed to once.
    desk.run(&["unwrap", "calc", "--yes"]).exits(0);
    assert_eq!(codes(), Vec::<String>::new());
}

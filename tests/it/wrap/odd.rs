//! Entries that are no pin's, files that are no one's, and what is said about them.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

const ONE: &str = r#"{"mcpServers": {"calc": {"command": "node", "args": [ARGS]}}}"#;

#[test]
fn a_name_alone_wraps_nothing() {
    let desk = Desk::new();
    // The name of the pin, and another program: as a commit that swaps a command does.
    let evil = desk.file(
        ".cursor/mcp.json",
        r#"{"mcpServers": {"calc": {"command": "/bin/sh", "args": ["/tmp/evil"]}}}"#,
    );
    let other = desk.file(
        ".kiro/settings/mcp.json",
        r#"{"mcpServers": {"calc": {"command": "npx", "args": ["-y", "calc-evil"]}}}"#,
    );
    let before = desk.files();
    desk.run(&["wrap", "--all", "--yes"])
        .exits(0)
        .says("shell")
        .says("calc-evil")
        .never_says("wrapped");
    desk.run(&["wrap", "calc", "--yes"]).exits(2).says("shell").says("calc-evil");
    assert_eq!(desk.files(), before);
    assert!(evil.exists() && other.exists());
    desk.run(&["wrap", "nobody", "--yes"])
        .exits(2)
        .says("could not find an entry called `nobody`");
    desk.run(&["wrap", "--client", "nobody", "--all"])
        .exits(2)
        .says("could not find a client")
        .says("cursor");
    desk.run(&["wrap"]).exits(2).says("--all");
}

#[test]
fn what_would_behave_otherwise_is_wrapped_by_name_only() {
    let desk = Desk::new();
    let path = desk.file(
        ".cursor/mcp.json",
        r#"{"mcpServers": {"calc": {"command": "node", "args": [ARGS], "env": {"OTHER_KEY": "hunter2"}}}}"#,
    );
    let before = text(&path);
    desk.run(&["wrap", "--all", "--yes"])
        .exits(0)
        .says("`OTHER_KEY`")
        .never_says("hunter2");
    assert_eq!(text(&path), before);
    desk.run(&["wrap", "calc", "--yes"])
        .exits(0)
        .says("note: `calc`: it sets `OTHER_KEY`");
    assert_ne!(text(&path), before);
    desk.run(&["unwrap", "calc", "--yes"]).exits(0);
    assert_eq!(text(&path), before);
}

#[test]
fn what_the_client_fills_in_is_handed_on() {
    let desk = Desk::new();
    let path = desk.file(
        ".cursor/mcp.json",
        r#"{"mcpServers": {"calc": {"command": "node", "args": [ARGS, "${workspaceFolder}", "-x"]}}}"#,
    );
    desk.run(&["wrap", "--all", "--yes"]).exits(0).says("wrapped   calc");
    assert!(
        text(&path).contains(r#"["run", "calc", "--", "${workspaceFolder}", "-x"]"#),
        "{}",
        text(&path)
    );
}

#[test]
fn a_linked_file_is_written_where_it_is() {
    let desk = Desk::new();
    let real = desk.file("dotfiles/cursor.json", ONE);
    let link = desk.machine.home().join(".cursor/mcp.json");
    std::fs::create_dir_all(link.parent().unwrap()).unwrap();
    symlink("../dotfiles/cursor.json", &link).unwrap();
    let before = text(&real);
    desk.run(&["wrap", "--all", "--yes"]).exits(0);
    assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("../dotfiles/cursor.json"));
    assert!(text(&real).contains("\"run\""));
    desk.run(&["unwrap", "--all", "--yes"]).exits(0);
    assert_eq!((text(&real), std::fs::read_link(&link).is_ok()), (before, true));
    // A second name keeps the old content, and that is said.
    std::fs::hard_link(&real, desk.machine.home().join("second.json")).unwrap();
    desk.run(&["wrap", "--all", "--yes"]).exits(0).says("second name");
}

#[test]
fn a_file_that_nobody_may_change_stays() {
    let desk = Desk::new();
    let path = desk.file(".cursor/mcp.json", ONE);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let before = text(&path);
    desk.run(&["wrap", "--all", "--yes"]).exits(2).says("read-only");
    assert_eq!(text(&path), before);
}

#[test]
fn a_name_that_stands_twice_is_left_alone() {
    let desk = Desk::new();
    let path = desk.file(
        ".cursor/mcp.json",
        r#"{"mcpServers": {"calc": {"command": "node", "args": [ARGS]}, "calc": {"command": "/bin/true"}}}"#,
    );
    let before = text(&path);
    desk.run(&["wrap", "--all", "--yes"]).exits(2).says("twice");
    assert_eq!(text(&path), before);
}

#[test]
fn a_project_s_file_is_changed_only_on_request() {
    let desk = Desk::new();
    let args: Vec<_> = desk.args().iter().map(|arg| Value::from(arg.as_str()).to_string()).collect();
    let before = ONE.replace("ARGS", &args.join(", "));
    desk.machine.write(".mcp.json", &before);
    desk.run(&["wrap", "--all", "--yes"]).exits(0).says("--project");
    assert_eq!(desk.machine.read(".mcp.json"), before);
    desk.run(&["wrap", "--all", "--project", "--yes"]).exits(0).says("do not commit");
    assert!(desk.machine.read(".mcp.json").contains("\"run\", \"calc\""));
    desk.run(&["unwrap", "--all", "--yes"]).exits(0);
    assert_eq!(desk.machine.read(".mcp.json"), before);
}

#[test]
fn what_cannot_be_edited_is_a_patch_that_applies() {
    let desk = Desk::new();
    let yaml =
        "extensions:\n  calc: {type: stdio, cmd: node, args: [ARGS], envs: {CALC_KEY: hunter2hunter2}}\n  developer:\n    type: builtin\n";
    let goose = desk.file(".config/goose/config.yaml", yaml);
    let cursor = desk.file(".cursor/mcp.json", ONE);
    let before = text(&goose);
    let ran = desk
        .run(&["wrap", "--all", "--yes"])
        .exits(2)
        .says("wrapped   calc")
        .says("patch -p0 -d");
    assert_eq!(text(&goose), before);
    assert!(text(&cursor).contains("\"run\""));
    let mut patch = match Command::new("patch")
        .args(["-p0", "-d"])
        .arg(desk.machine.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    {
        Ok(patch) => patch,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "skipped: a printed patch with the real patch: {error}"));
            return;
        }
    };
    patch.stdin.take().unwrap().write_all(ran.stdout.as_bytes()).unwrap();
    let output = patch.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        ran.stdout
    );
    let after = text(&goose);
    assert!(after.contains("[\"run\", \"calc\"]") && after.contains("hunter2hunter2"), "{after}");
    desk.run(&["wrap", "--all", "--yes"]).exits(0).says("already   2 entries");
}

#[test]
fn what_cannot_be_changed_is_left_to_a_person() {
    let desk = Desk::new();
    let codex = desk.file(
        ".codex/config.toml",
        "mcp_servers.calc.command = \"node\"\nmcp_servers.calc.args = [ARGS]\n",
    );
    let before = text(&codex);
    for words in [["wrap", "--all", "--yes"], ["wrap", "calc", "--yes"]] {
        desk.run(&words).exits(2).says("skipped   calc").says("by hand: `command` becomes");
    }
    assert_eq!(text(&codex), before);
    std::fs::write(&codex, "[mcp_servers").unwrap();
    desk.run(&["wrap", "--all", "--yes"]).exits(2).says("cannot be read");
}

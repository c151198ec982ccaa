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
        desk.run(&words)
            .exits(2)
            .says("skipped   calc")
            .says("by hand, from line 1 on: `command` becomes");
    }
    assert_eq!(text(&codex), before);
    // Written anew in a patch, the number would be another thing: so no patch, but what to write.
    let args: Vec<_> = desk.args().iter().map(|arg| Value::from(arg.as_str()).to_string()).collect();
    std::fs::remove_file(&codex).unwrap();
    let goose = desk.file(
        ".config/goose/config.yaml",
        "# mine\nextensions:\n  calc: {cmd: node, args: [ARGS], timeout: 2.50}\n",
    );
    let before = text(&goose);
    desk.run(&["wrap", "--all", "--yes"])
        .exits(2)
        .says("by hand, from line 3 on: `cmd` becomes \"")
        .says("`args` becomes [\"run\",\"calc\"]")
        .never_says("patch");
    assert!(text(&goose) == before && before.contains(&args.join(", ")));
    std::fs::remove_file(&goose).unwrap();
    std::fs::write(&codex, "[mcp_servers").unwrap();
    desk.run(&["wrap", "--all", "--yes"]).exits(2).says("cannot be read");
}

#[test]
fn a_program_that_is_not_understood_is_named_and_left() {
    let registry = crate::registry::FakeNpm::start();
    registry.publish(crate::scripted::package("demo", "1.0.0", &honest()));
    let machine = crate::scripted::machine_with(&registry);
    machine.run(&["install", "--global", "--yes", "npm:demo"]).exits(0);
    let desk = Desk {
        machine,
        server: PathBuf::new(),
        script: PathBuf::new(),
    };
    // Zed's older way to write a command; another program of the pinned package; what no pin covers.
    desk.file(
        ".config/zed/settings.json",
        r#"{"context_servers": {"demo": {"command": {"path": "npx", "args": ["-y", "demo"], "env": {}}}}}"#,
    );
    desk.file(
        ".cursor/mcp.json",
        r#"{"mcpServers": {
            "other": {"command": "npx", "args": ["-y", "-p", "demo", "other-program"]},
            "older": {"command": "npx", "args": ["-y", "demo@0.9.0"]},
            "filed": {"command": "npx", "args": ["-y", "demo"], "envFile": "/srv/.env"},
            "built": {"command": "uv", "args": ["run", "--directory", "/srv/x", "serve"]}
        }}"#,
    );
    let before = desk.files();
    desk.run(&["wrap", "--all", "--yes"])
        .exits(2)
        .says("skipped   demo  in ~/.config/zed/settings.json: its command is written in a way that is not changed here: write `command` as a text")
        .says("skipped   other  in ~/.cursor/mcp.json: `mcp-pin run demo` would not do the same: it starts the program `other-program` of the package")
        .says("skipped   older  in ~/.cursor/mcp.json: `mcp-pin run demo` would not do the same: it starts version 0.9.0, the pin is 1.0.0")
        .says("skipped   filed  in ~/.cursor/mcp.json: `mcp-pin run demo` would not do the same: it takes variables from a file")
        .says("left      1 entry with something that is not pinned")
        .never_says("wrapped");
    // By its name, it is said why.
    desk.run(&["wrap", "built", "--yes"])
        .exits(2)
        .says("skipped   built  in ~/.cursor/mcp.json: `uv run` starts what a project's folder says at that moment");
    let told = desk.run(&["wrap", "--all", "--yes", "--format", "json"]).exits(2).json();
    assert_eq!((&told["wrapped"], &told["unguarded"]), (&json!([]), &json!(1)), "{told:#}");
    assert_eq!(told["skipped"].as_array().unwrap().len(), 4, "{told:#}");
    assert_eq!(desk.files(), before);
}

#[test]
fn scattered_toml_is_changed_by_hand_and_unwrap_says_what_it_knows() {
    let server = crate::remote::server::Server::start(crate::remote::server::Manners::default());
    let url = server.url();
    let machine = machine();
    let header = ["--header", "X-Team: ${TEAM_KEY}"];
    let words = [&["install", "--global", "--yes", "--name", "far", &url][..], &header].concat();
    machine.run(&words).exits(0);
    let desk = Desk {
        machine,
        server: PathBuf::new(),
        script: PathBuf::new(),
    };
    let toml = format!("# mine\n[mcp_servers.far]\nurl = \"{url}\"\n\n[mcp_servers.far.http_headers]\nX-Team = \"hunter2hunter2\"\n");
    let codex = desk.file(".codex/config.toml", &toml);
    let program = env!("CARGO_BIN_EXE_mcp-pin");
    let ran = desk.run(&["wrap", "--all", "--yes"]).exits(2).never_says("hunter2");
    for said in [
        "skipped   far  in ~/.codex/config.toml: ".to_owned(),
        "by hand, from line 2 on: ".to_owned(),
        format!("`command` becomes \"{program}\""),
        "`args` becomes [\"run\",\"far\"]".to_owned(),
        "`env` gets `TEAM_KEY` from the values of the headers".to_owned(),
        "`url` goes".to_owned(),
        "`http_headers` goes".to_owned(),
    ] {
        assert!(ran.stdout.contains(&said), "no `{said}`: {}", ran.stdout);
    }
    assert_eq!(text(&codex), toml);
    // Nothing was wrapped, so nothing is put back.
    desk.run(&["unwrap", "--all", "--yes"]).exits(0).says("nothing to unwrap");
    desk.run(&["unwrap", "far", "--yes"])
        .exits(2)
        .says("could not find a wrapped entry");
    // By hand as it was said.
    let wrapped = format!(
        "# mine\n[mcp_servers.far]\ncommand = \"{program}\"\nargs = [\"run\", \"far\"]\n\n[mcp_servers.far.env]\nTEAM_KEY = \"hunter2hunter2\"\n"
    );
    std::fs::write(&codex, &wrapped).unwrap();
    desk.run(&["wrap", "--all", "--yes"]).exits(0).says("already   1 entry");
    for words in [["unwrap", "--all", "--yes"], ["unwrap", "far", "--yes"]] {
        desk.run(&words)
            .exits(2)
            .says("what stood there is not known, and is put back by hand")
            .never_says("hunter2");
    }
    assert_eq!(text(&codex), wrapped);
}

#[test]
fn what_nobody_here_approved_and_what_others_bring_is_not_wrapped() {
    let registry = crate::registry::FakeNpm::start();
    registry.publish(crate::scripted::package("demo", "1.0.0", &honest()));
    let theirs = crate::scripted::machine_with(&registry);
    theirs.run(&["install", "--yes", "--no-probe", "npm:demo"]).exits(0);
    let machine = crate::scripted::machine_with(&registry);
    machine.clone_project(&theirs);
    let desk = Desk {
        machine,
        server: PathBuf::new(),
        script: PathBuf::new(),
    };
    let entry = r#"{"mcpServers": {"demo": {"command": "npx", "args": ["-y", "demo"]}}}"#;
    desk.machine.write(".mcp.json", entry);
    desk.file(".cursor/mcp.json", entry);
    let plugin = desk.file(".claude/plugins/cache/market/tool/1.0/.mcp.json", entry);
    let before = desk.files();
    for words in [["wrap", "--all", "--project", "--yes"], ["wrap", "demo", "--project", "--yes"]] {
        desk.run(&words)
            .says("`demo` is locked, and you have not approved it")
            .never_says("wrapped");
        assert_eq!((desk.files(), desk.machine.read(".mcp.json")), (before.clone(), entry.to_owned()));
    }
    // Approved now; a plugin's own file is still nobody's to change.
    desk.run(&["install", "--yes", "--no-probe"]).exits(0);
    desk.run(&["wrap", "demo", "--project", "--yes"])
        .exits(2)
        .says("wrapped   demo")
        .says("a plugin brought this file");
    assert_eq!(text(&plugin), entry);
    assert!(desk.machine.read(".mcp.json").contains("\"run\", \"--lock\""));
}

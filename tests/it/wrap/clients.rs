//! Every file of every client of the table: written as that client writes it, wrapped, put back.

use std::fmt::Write as _;

use mcp_pin::clients::{Base, CLIENTS, Client, CommandShape, Format, Place, ScopeKind};

use super::*;

/// Where a file of the table lies on this machine.
fn path(desk: &Desk, place: &Place) -> Option<PathBuf> {
    let home = desk.machine.home();
    let base = match place.base {
        _ if place.os.is_some() => return None,
        Base::Home => home,
        Base::AppSupport | Base::DotConfig => home.join(".config"),
        Base::CodexHome => home.join(".codex"),
        Base::Project => desk.machine.project(),
        Base::Root => return None,
    };
    Some(base.join(place.path.replace("**", "deep").replace('*', "one")))
}

/// The members of an entry, each with its value as JSON.
fn members(client: &Client, args: &[String]) -> Vec<(String, String)> {
    let json = |text: &str| Value::from(text).to_string();
    let args: Vec<_> = args.iter().map(|arg| json(arg)).collect();
    let mut members = Vec::new();
    if let Some((name, word)) = client.dialect.stdio_type {
        members.push((name.to_owned(), json(word)));
    }
    match client.dialect.command {
        CommandShape::Words { command, args: name } => {
            members.push((command.to_owned(), json("node")));
            members.push((name.to_owned(), format!("[{}]", args.join(", "))));
        }
        CommandShape::Array(name) => members.push((name.to_owned(), format!("[\"node\", {}]", args.join(", ")))),
    }
    members.push((client.dialect.env.to_owned(), "{\"CALC_KEY\": \"hunter2hunter2\"}".to_owned()));
    members.push(("timeout".to_owned(), "30".to_owned()));
    members
}

fn json(place: &Place, members: &[(String, String)]) -> String {
    let comment = if place.format == Format::Jsonc { " // of mine" } else { "" };
    let container = place.containers[0];
    let mut text = "{\n  \"zebra\": 1,\n".to_owned();
    for name in container {
        writeln!(text, "  \"{}\": {{{comment}", if *name == "*" { "/somewhere" } else { name }).unwrap();
    }
    text.push_str("      \"calc\": {\n");
    for (name, value) in members {
        writeln!(text, "        \"{name}\":  {value},{comment}").unwrap();
    }
    text.push_str("        \"kept\": [1, 2.50, {\"a\": null}]\n      }\n");
    text.push_str(&"}".repeat(container.len()));
    text.push_str(",\n\"last\": true }\n\n");
    text
}

fn toml(place: &Place, members: &[(String, String)]) -> String {
    let mut text = format!("# mine\nzebra = 1\n\n[{}.calc] # here\n", place.containers[0].join("."));
    for (name, value) in members {
        let value = value.replace("\": ", "\" = ");
        writeln!(text, "{name}  = {value} # {name}").unwrap();
    }
    text + "\n[last]\nwhen = 1979-05-27T07:32:00Z"
}

fn yaml(place: &Place, members: &[(String, String)]) -> String {
    let container = place.containers[0];
    // Continue's.
    let list = *container == ["mcpServers"];
    let mut text = format!(
        "# mine\nzebra: 1\n{}:\n  {}\n",
        container[0],
        if list { "- name: calc" } else { "calc: # here" }
    );
    for (name, value) in members {
        let items: Vec<String> = serde_json::from_str(value).unwrap_or_default();
        if !value.starts_with('[') {
            writeln!(text, "    {name}: {value} # {name}").unwrap();
            continue;
        }
        writeln!(text, "    {name}:").unwrap();
        for item in items {
            writeln!(text, "      - {item}").unwrap();
        }
    }
    text + "    # at the end\nlast: 'x'"
}

#[test]
fn every_client_of_the_table() {
    let desk = Desk::new();
    let mut written = Vec::new();
    for client in CLIENTS {
        for place in client.places {
            if matches!(place.scope, ScopeKind::Managed | ScopeKind::Plugin) || place.containers[0].is_empty() {
                continue;
            }
            let Some(path) = path(&desk, place).filter(|path| !path.exists()) else {
                continue;
            };
            let members = members(client, &desk.args());
            let text = match place.format {
                Format::Json | Format::Jsonc => json(place, &members),
                Format::Toml => toml(place, &members),
                Format::Yaml => yaml(place, &members),
            };
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
            written.push((client.id, path, text));
        }
    }
    assert!(written.len() > 30, "only {}", written.len());
    let ran = desk.run(&["wrap", "--all", "--project", "--yes"]).exits(0).never_says("hunter2");
    for (client, path, before) in &written {
        let after = text(path);
        assert!(
            after.contains("\"run\", \"calc\"]"),
            "{client}: {}\n{after}\n{}",
            path.display(),
            ran.stdout
        );
        // Everything but the launch is as it was.
        let args: Vec<_> = desk.args();
        let launch = |line: &&str| {
            !line.contains("mcp-pin")
                && !line.contains("node")
                && !line.contains("\"run\"")
                && !args.iter().any(|arg| line.contains(arg.as_str()))
        };
        let [was, is] = [before.as_str(), after.as_str()].map(|text| text.lines().filter(launch).collect::<Vec<_>>());
        let is_args = |line: &&&str| line.trim() != "args:";
        assert!(
            was.iter().filter(is_args).eq(is.iter().filter(is_args)),
            "{client}: {before}\n{after}"
        );
    }
    assert_eq!(ran.stdout.matches("wrapped   calc").count(), written.len(), "{}", ran.stdout);
    desk.run(&["unwrap", "--all", "--yes"]).exits(0);
    for (client, path, before) in &written {
        assert_eq!(text(path), *before, "{client}: {}", path.display());
    }
}

#[test]
fn the_local_scope_of_claude_code() {
    let desk = Desk::new();
    let folder = desk.machine.project().display().to_string();
    let whole = format!(
        "{{\n  \"numStartups\": 7,\n  \"projects\": {{\n    \"{folder}\": {{\n      \"mcpServers\": {{\n        \"calc\": {{\n          \"type\": \"stdio\",\n          \"command\": \"node\",\n          \"args\": [ARGS],\n          \"env\": {{}}\n        }}\n      }}\n    }}\n  }}\n}}"
    );
    let path = desk.file(".claude.json", &whole);
    let before = text(&path);
    desk.run(&["wrap", "calc", "--yes"]).exits(0);
    let now: Value = serde_json::from_str(&text(&path)).unwrap();
    assert_eq!(now["projects"][&folder]["mcpServers"]["calc"]["args"], json!(["run", "calc"]));
    desk.run(&["unwrap", "calc", "--yes"]).exits(0);
    assert_eq!(text(&path), before);
}

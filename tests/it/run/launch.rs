//! With what a server is started: arguments, environment, working folder.

use serde_json::json;

use super::{Client, Turning, call, released, said, two};
use crate::registry::FakeNpm;
use crate::scripted::machine_with;

#[test]
fn the_environment_is_a_list_of_what_is_allowed() {
    let turning = Turning::installed(&two(&json!({"report": "env"})), &["--env", "SERVICE_KEY"]);
    let evil = turning.machine.home().join("evil.cjs");
    let mark = turning.machine.home().join("mark");
    std::fs::write(&evil, format!("require('fs').writeFileSync({:?}, '')", mark.to_str().unwrap())).unwrap();
    let mut command = turning.machine.command(&["run", "calc"]);
    command.env("NODE_OPTIONS", format!("--require {}", evil.display()));
    for (name, value) in [
        ("LD_PRELOAD", "/nonexistent/evil.so"),
        ("LD_LIBRARY_PATH", "/nonexistent"),
        ("NODE_PATH", "/nonexistent"),
        ("PYTHONPATH", "/nonexistent"),
        ("npm_config_registry", "http://127.0.0.1:9"),
        ("OTHER_SECRET", "not the server's"),
        ("XDG_RUNTIME_DIR", "/nonexistent"),
        ("XDG_CACHE_HOME", "/nonexistent/cache"),
        ("SERVICE_KEY", "the server's own"),
        ("MCP_PIN_HOME_COPY", "x"),
    ] {
        command.env(name, value);
    }
    let mut client = Client::spawn(command);
    client.initialize(&json!({}));
    let answer = client.ask("tools/call", &call("echo"));
    let text = said(&answer);
    assert!(text.contains("SERVICE_KEY=the server's own"), "{text}");
    assert!(text.contains(&format!("HOME={}", turning.machine.home().display())), "{text}");
    assert!(text.contains("XDG_CACHE_HOME=/nonexistent/cache"), "{text}");
    for name in ["LD_", "NODE_", "XDG_R", "PYTHON", "npm_config", "OTHER_SECRET", "MCP_PIN"] {
        assert!(!text.lines().any(|line| line.starts_with(name)), "{name} in\n{text}");
    }
    assert!(!mark.exists(), "the client's NODE_OPTIONS loaded code into the server");
    drop(client.end());
}

#[test]
fn extra_arguments_come_after_the_pinned_ones_and_as_they_are() {
    let turning = Turning::installed(&two(&json!({"report": "args"})), &[]);
    let mut client = Client::start(&turning.machine, &["calc", "--", "--root", "a b;$HOME", "--", "-v"]);
    client.initialize(&json!({}));
    assert_eq!(said(&client.ask("tools/call", &call("echo"))), "--root|a b;$HOME|--|-v");
    assert_eq!(client.end().status, 0);
}

#[test]
fn it_starts_in_an_empty_folder_that_goes_with_it() {
    let turning = Turning::installed(&two(&json!({"report": "cwd"})), &[]);
    let mut client = turning.connected();
    let answer = client.ask("tools/call", &call("echo"));
    let cwd = std::path::PathBuf::from(said(&answer));
    assert!(cwd.starts_with(turning.machine.store()), "{}", cwd.display());
    assert_eq!(std::fs::read_dir(&cwd).unwrap().count(), 0);
    assert_eq!(client.end().status, 0);
    assert!(!cwd.exists());
}

#[test]
fn it_starts_where_the_client_stands_if_the_entry_says_so() {
    let registry = FakeNpm::start();
    registry.publish(released("demo", "1.0.0", &two(&json!({"report": "cwd"}))));
    let machine = machine_with(&registry);
    machine.write("mcp-pin.toml", "[servers.demo]\nsource = \"npm:demo\"\ncwd = \"client\"\n");
    machine.run(&["update", "--yes"]).exits(0);
    let lock = machine.project().join("mcp-pin.lock");
    let elsewhere = machine.home().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut command = machine.command(&["run", "demo", "--lock", lock.to_str().unwrap()]);
    command.current_dir(&elsewhere);
    let mut client = Client::spawn(command);
    client.initialize(&json!({}));
    let here = elsewhere.canonicalize().unwrap();
    assert_eq!(said(&client.ask("tools/call", &call("echo"))), here.to_str().unwrap());
    assert_eq!(client.end().status, 0);
}

#[test]
fn a_command_of_this_machine_starts_there_too_once_that_is_approved() {
    let turning = Turning::installed(&two(&json!({"report": "cwd"})), &[]);
    let manifest = turning.machine.store().join("config/mcp-pin.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let wanted = text.replace("[servers.calc]\n", "[servers.calc]\ncwd = \"client\"\n");
    assert_ne!(wanted, text);
    std::fs::write(&manifest, &wanted).unwrap();
    turning.machine.run(&["verify"]).exits(1).says("manifest-differs");
    turning.configure("[policy]\naccept-without-terminal = true");
    let report = turning
        .machine
        .run(&["update", "calc", "--yes", "--format", "json"])
        .exits(1)
        .json();
    let finding = &report["findings"][0];
    assert!(finding["title"].as_str().unwrap().contains("cwd"), "{report}");
    let wanted = std::fs::read_to_string(&manifest).unwrap();
    let accepted = finding["fingerprint"].as_str().unwrap();
    turning.machine.run(&["update", "calc", "--yes", "--accept", accepted]).exits(0);
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), wanted);
    turning.machine.run(&["verify"]).exits(0);
    turning.machine.run(&["update", "calc"]).exits(0).says("no newer version");
    let elsewhere = turning.machine.home().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut command = turning.machine.command(&["run", "calc"]);
    command.current_dir(&elsewhere);
    let mut client = Client::spawn(command);
    client.initialize(&json!({}));
    let here = elsewhere.canonicalize().unwrap();
    assert_eq!(said(&client.ask("tools/call", &call("echo"))), here.to_str().unwrap());
    assert_eq!(client.end().status, 0);
}

#[test]
fn packages_beside_the_tree_keep_node_from_being_started() {
    let registry = FakeNpm::start();
    registry.publish(released("demo", "1.0.0", &two(&json!({}))));
    let machine = machine_with(&registry);
    machine.run(&["install", "--yes", "npm:demo"]).exits(0);
    std::fs::create_dir_all(machine.home().join(".node_modules/evil")).unwrap();
    let lock = machine.project().join("mcp-pin.lock");
    let mut client = Client::start(&machine, &["demo", "--lock", lock.to_str().unwrap()]);
    let refused = client.ask("initialize", &json!({}));
    assert_eq!(
        refused["error"]["message"],
        "mcp-pin did not start `demo`: node would find packages outside its tree that nobody approved"
    );
    let ended = client.end();
    assert_eq!(ended.status, 1);
    assert!(
        ended.stderr.contains(".node_modules"),
        "the person is told which folder: {}",
        ended.stderr
    );
}

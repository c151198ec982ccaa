//! Webhooks of our own form and of Slack's.

use super::{Alerted, NASTY, Receiver, evil, nasty};
use crate::scripted::allow_accept_beside_servers;

#[test]
fn a_drift_comes_once_with_nothing_of_its_text_and_so_does_its_end() {
    let (ops, chat) = (Receiver::start(), Receiver::start());
    let alerted = Alerted::new("");
    let header = alerted.secret("token", "X-Token: SECRET-TOKEN");
    let hook = alerted.secret("hook", &format!("http://127.0.0.1:{}/services/SECRET", chat.port));
    alerted.configure(&format!(
        "[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/in/SECRET\"\nheader-file = \"{}\"\n[alerts.chat]\ntype = \"slack\"\nurl-file = \"{}\"",
        ops.port,
        header.display(),
        hook.display()
    ));
    alerted.check(0);
    assert!(ops.take().is_empty() && chat.take().is_empty());

    alerted.server.turn(&evil());
    let said = alerted.check(1).never_says("SECRET").never_says("could not");
    assert!(!said.stderr.contains("desktop"), "{}", said.stderr);
    let [told] = &ops.take()[..] else { panic!("not one") };
    assert!(told.head.starts_with("POST /in/SECRET HTTP/1.1"), "{}", told.head);
    assert!(told.head.to_lowercase().contains("x-token: secret-token"), "{}", told.head);
    let body = &told.body;
    assert_eq!(
        (&body["kind"], &body["server"], &body["grade"]),
        (&"drift".into(), &"calc".into(), &"critical".into())
    );
    assert_eq!(body["command"], "mcp-pin verify calc");
    assert_eq!(body["findings"][0]["code"], "tool-description-changed");
    assert!(body["scope"].as_str().unwrap().ends_with("mcp-pin.lock"), "{body}");
    // The receiver has a copy of the log's head that nobody here can change.
    let head = body["logHead"].as_str().unwrap();
    alerted.machine.run(&["log", "verify", "--expect", head]).exits(0);
    let other = head.replace(|c: char| c.is_ascii_hexdigit() && c.is_alphabetic(), "0");
    alerted.machine.run(&["log", "verify", "--expect", &other]).exits(1);
    let [said] = &chat.take()[..] else { panic!("not one") };
    let text = said.body["text"].as_str().unwrap();
    assert!(text.starts_with("*MCP server calc changed*\nCRITICAL: "), "{text}");
    for text in [body.to_string(), said.body.to_string()] {
        assert!(!text.contains("UNREPEATABLE") && !text.contains("id_rsa"), "{text}");
    }

    alerted.check(1);
    assert!(ops.take().is_empty() && chat.take().is_empty(), "told twice");

    alerted.server.repent();
    alerted.check(0);
    let [over] = &ops.take()[..] else { panic!("not one") };
    assert_eq!(over.body["kind"], "resolved");
    assert_eq!(over.body["fingerprint"], body["fingerprint"], "a receiver can tell which one");
    assert_eq!(chat.take().len(), 1);
    alerted.check(0);
    assert!(ops.take().is_empty() && chat.take().is_empty(), "told twice that it is over");

    // The flaw that this replaced: what was told once was never told again.
    alerted.server.turn(&evil());
    alerted.check(1);
    assert_eq!((ops.kinds(), chat.take().len()), (vec!["drift".to_owned()], 1));
    alerted
        .machine
        .run(&["alert", "status"])
        .exits(0)
        .never_says("SECRET")
        .says("ops: webhook to http://127.0.0.1");
    alerted
        .machine
        .run(&["log", "-n", "100"])
        .exits(0)
        .never_says("SECRET")
        .says("over `ops`");
}

#[test]
fn a_servers_text_is_text_in_a_chat() {
    let (ops, chat) = (Receiver::start(), Receiver::start());
    let alerted = Alerted::new(&format!(
        "[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\n[alerts.chat]\ntype = \"slack\"\nurl = \"http://127.0.0.1:{}/\"",
        ops.port, chat.port
    ));
    alerted.server.turn(&nasty());
    alerted.check(1);
    let chat = chat.take()[0].body["text"].as_str().unwrap().to_owned();
    for bad in ["<", ">", "@", "://", "\u{1b}", "\u{202e}", "\u{200b}"] {
        assert!(!chat.contains(bad), "{bad:?} in {chat}");
    }
    let hook = ops.take()[0].body.to_string();
    for bad in NASTY.chars().filter(|c| !c.is_ascii() || c.is_control()) {
        assert!(!hook.contains(bad), "{bad:?} in {hook}");
    }
    assert!(!hook.contains("UNREPEATABLE") && !chat.contains("UNREPEATABLE"));
}

#[test]
fn an_approval_is_told_and_ends_what_was_told() {
    let ops = Receiver::start();
    let alerted = Alerted::new(&format!(
        "[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"",
        ops.port
    ));
    alerted.server.turn(&evil());
    let seen = alerted.machine.run(&["verify", "--notify", "--format", "json"]).exits(1).json();
    assert_eq!(ops.kinds(), ["drift"]);
    allow_accept_beside_servers(&alerted.machine);
    let fingerprint = seen["findings"][0]["fingerprint"].as_str().unwrap();
    alerted.machine.run(&["approve", "calc", "--accept", fingerprint]).exits(0);
    assert_eq!(ops.kinds(), ["resolved", "approved"]);
    alerted.check(0);
    assert!(ops.take().is_empty());
}

#[test]
fn a_test_says_that_it_is_one_and_a_failure_is_no_pass() {
    let (good, bad) = (Receiver::start(), Receiver::start());
    let alerted = Alerted::new("");
    let open = alerted.secret("open", "https://hook.example/SECRET");
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    alerted.configure(&format!(
        "[alerts.good]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\n[alerts.bad]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/SECRET\"\n[alerts.open]\ntype = \"slack\"\nurl-file = \"{}\"",
        good.port,
        bad.port,
        open.display()
    ));
    bad.answers(302);
    let ran = alerted.machine.run(&["alert", "test"]).exits(2).never_says("SECRET");
    assert!(ran.stdout.contains("ok      good"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("FAILED  bad") && ran.stdout.contains("redirects (status 302)"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("FAILED  open") && ran.stdout.contains("others can read it"),
        "{}",
        ran.stdout
    );
    let [test] = &good.take()[..] else { panic!("not one") };
    assert_eq!(test.body["kind"], "test");
    assert!(test.body["title"].as_str().unwrap().starts_with("TEST"), "{}", test.body);
    alerted.machine.run(&["alert", "test", "good"]).exits(0);
    alerted
        .machine
        .run(&["alert", "test", "none"])
        .exits(2)
        .says("there is none of this name");
    bad.answers(500);
    let json = alerted.machine.run(&["alert", "test", "bad", "--format", "json"]).exits(2).json();
    assert_eq!(
        (&json["tests"][0]["ok"], json["tests"].as_array().unwrap().len()),
        (&false.into(), 1)
    );
}

#[test]
fn a_projects_channels_are_ignored_and_said() {
    let thief = Receiver::start();
    let alerted = Alerted::new("");
    alerted.machine.write(
        "mcp-pin.toml",
        &format!(
            "[servers.x]\nsource = \"npm:x\"\n[alerts.thief]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\n",
            thief.port
        ),
    );
    alerted
        .machine
        .run(&["verify", "--notify"])
        .says("ignored: this project asks for `alerts = thief`");
    alerted.server.turn(&evil());
    alerted.machine.run(&["verify", "--notify", "--global"]).exits(1);
    alerted.machine.run(&["alert", "status"]).exits(0).never_says("thief");
    alerted.machine.run(&["alert", "test", "thief"]).exits(2);
    assert!(thief.take().is_empty());
}

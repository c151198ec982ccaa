//! Mail: what a sendmail program is given, read back by a strict parser that is not ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Alerted, evil, nasty, there};

/// A program that keeps what it is given, as the last thing before the wire.
fn sendmail(alerted: &Alerted, body: &str) -> PathBuf {
    let path = alerted.machine.home().join("sendmail");
    let home = alerted.machine.home().display().to_string();
    std::fs::write(&path, format!("#!/bin/sh\ncd {home}\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    alerted.configure(&format!(
        "[alerts.post]\ntype = \"mail\"\nto = [\"me@example.org\", \"ops@example.org\"]\nfrom = \"pin@example.org\"\nsendmail = \"{}\"",
        path.display()
    ));
    path
}

fn read(mail: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alerts/mail.py");
    let output = Command::new("python3").arg(script).arg(mail).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_strict_parser_reads_every_mail_and_no_text_adds_a_header() {
    if !there("python3", "python3") {
        return;
    }
    let mut alerted = Alerted::new("");
    alerted.machine.set("API_TOKEN", "SECRET");
    sendmail(
        &alerted,
        "n=$(ls mail* 2>/dev/null | wc -l)\nprintf '%s\\n' \"$@\" >args$n\nenv >env$n\ncat >mail$n",
    );
    alerted.server.turn(&evil());
    alerted.check(1).never_says("could not");
    alerted.server.turn(&nasty());
    alerted.check(1).never_says("could not");
    let home = alerted.machine.home();
    let text = |name: &str| std::fs::read_to_string(home.join(name)).unwrap();
    assert_eq!(text("args0"), "-i\n-f\npin@example.org\nme@example.org\nops@example.org\n");
    assert!(!text("env0").contains("SECRET"), "{}", text("env0"));
    for name in ["mail0", "mail1"] {
        let mail = read(&home.join(name));
        let names: Vec<_> = mail["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|header| header[0].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "From",
                "To",
                "Subject",
                "Date",
                "Message-ID",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type",
                "Content-Transfer-Encoding"
            ]
        );
        assert_eq!(mail["to"], serde_json::json!(["me@example.org", "ops@example.org"]));
        assert_eq!((&mail["type"], &mail["parts"]), (&"text/plain".into(), &false.into()));
        let subject = mail["headers"][2][1].as_str().unwrap();
        assert!(subject.starts_with("[mcp-pin] critical: MCP server calc changed ("), "{subject}");
        let body = mail["body"].as_str().unwrap();
        assert!(body.contains("mcp-pin verify calc") && !body.contains("UNREPEATABLE"), "{body}");
        assert!(!body.contains(['\u{1b}', '\u{202e}', '\u{200b}', '\r']), "{body:?}");
        assert!(!body.lines().any(|line| line.starts_with("Bcc:")), "{body}");
        assert!(!text(name).contains('\r'));
    }
}

#[test]
fn a_mail_program_that_refuses_is_quoted_and_the_mail_waits() {
    let alerted = Alerted::new("");
    let program = sendmail(&alerted, "cat >/dev/null\nprintf '\\033[31mqueue full\\n' >&2\nexit 75");
    alerted.server.turn(&evil());
    let ran = alerted.check(1).says("queue full (1 alert waits");
    assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
    assert!(ran.stderr.contains(": \\u{1b}[31mqueue full"), "escaped once: {}", ran.stderr);
    alerted.machine.run(&["alert", "status"]).exits(0).says(": \\u{1b}[31mqueue full");
    std::fs::remove_file(&program).unwrap();
    alerted.hours_pass(1);
    alerted.check(1).says("could not hand a mail to").says("install a mail program");
    assert_eq!(alerted.status("post")["failuresInARow"], 2);
}

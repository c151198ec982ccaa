//! RFC 5424 into a real rsyslogd, over each of the three ways.

use std::process::{Command, Stdio};

use super::{Alerted, Running, evil, free_port, nasty, there, until};

/// A rsyslogd of the test's own, and the file it writes: a JSON object a message, as it parsed it.
fn rsyslogd(alerted: &Alerted) -> Option<(Running, std::path::PathBuf, u16, std::path::PathBuf)> {
    if !there("rsyslogd", "rsyslog") {
        return None;
    }
    let folder = alerted.machine.home().join("syslog");
    std::fs::create_dir(&folder).unwrap();
    let (out, socket, port) = (folder.join("out"), folder.join("log"), free_port());
    let config = folder.join("rsyslog.conf");
    let fields: Vec<_> = [
        ("facility", "syslogfacility-text"),
        ("severity", "syslogseverity-text"),
        ("host", "hostname"),
        ("app", "app-name"),
        ("id", "msgid"),
        ("data", "structured-data"),
        ("message", "msg"),
        ("version", "protocol-version"),
        ("way", "inputname"),
    ]
    .iter()
    .map(|(name, property)| format!("property(outname=\"{name}\" name=\"{property}\" format=\"jsonf\")"))
    .collect();
    let text = format!(
        "global(workDirectory=\"{folder}\" parser.escapeControlCharactersOnReceive=\"off\")\n\
         module(load=\"imuxsock\" SysSock.Use=\"off\")\nmodule(load=\"imudp\")\nmodule(load=\"imtcp\")\n\
         input(type=\"imuxsock\" Socket=\"{socket}\" UseSpecialParser=\"off\" ParseHostname=\"on\" RateLimit.Interval=\"0\")\n\
         input(type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\")\ninput(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
         template(name=\"json\" type=\"list\") {{ constant(value=\"{{\") {fields} constant(value=\"}}\\n\") }}\n\
         action(type=\"omfile\" file=\"{out}\" template=\"json\")\n",
        folder = folder.display(),
        socket = socket.display(),
        out = out.display(),
        fields = fields.join(" constant(value=\",\") ")
    );
    std::fs::write(&config, text).unwrap();
    let log = std::fs::File::create(folder.join("err")).unwrap();
    let daemon = Command::new("sh")
        .args(["-c", "PATH=$PATH:/usr/sbin:/sbin exec rsyslogd -n -f \"$1\" -i \"$2\"", "sh"])
        .arg(&config)
        .arg(folder.join("pid"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let daemon = Running(daemon);
    until("rsyslogd", || {
        let up = socket.exists() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        up.then_some(())
    });
    Some((daemon, socket, port, out))
}

#[test]
fn rsyslogd_reads_what_is_sent_over_a_socket_udp_and_tcp() {
    let alerted = Alerted::new("");
    let Some((_daemon, socket, port, out)) = rsyslogd(&alerted) else {
        return;
    };
    alerted.configure(&format!(
        "[alerts.local]\ntype = \"syslog\"\naddress = \"unix:{}\"\nfacility = \"authpriv\"\n[alerts.udp]\ntype = \"syslog\"\naddress = \"udp:127.0.0.1:{port}\"\nfacility = \"local3\"\n[alerts.tcp]\ntype = \"syslog\"\naddress = \"tcp:127.0.0.1:{port}\"",
        socket.display()
    ));
    let lines = |count: usize| {
        until("messages", || {
            let text = std::fs::read_to_string(&out).unwrap_or_default();
            (text.lines().count() >= count).then_some(text)
        })
    };
    alerted.machine.run(&["alert", "test"]).exits(0);
    assert_eq!(lines(3).matches("\"id\":\"test\"").count(), 3);
    alerted.server.turn(&evil());
    alerted.check(1).never_says("could not");
    alerted.server.turn(&nasty());
    alerted.check(1).never_says("could not");
    let text = lines(9);
    assert_eq!(text.lines().count(), 9, "no text made a line of its own:\n{text}");
    let read: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for (way, facility) in [("imuxsock", "authpriv"), ("imudp", "local3"), ("imtcp", "user")] {
        let [_, drift, nasty] = &read.iter().filter(|one| one["way"] == way).collect::<Vec<_>>()[..] else {
            panic!("{way}: {text}")
        };
        assert_eq!(
            (&drift["facility"], &drift["severity"]),
            (&facility.into(), &"crit".into()),
            "{drift}"
        );
        assert_eq!(
            (&drift["app"], &drift["id"], &drift["version"]),
            (&"mcp-pin".into(), &"drift".into(), &"1".into()),
            "{drift}"
        );
        let data = drift["data"].as_str().unwrap();
        assert!(
            data.starts_with("[mcpPin@32473 kind=\"drift\" server=\"calc\" grade=\"critical\" codes=\"tool-description-changed\""),
            "{data}"
        );
        assert!(
            drift["message"].as_str().unwrap().contains("MCP server calc changed. CRITICAL: "),
            "{drift}"
        );
        let said = nasty["message"].as_str().unwrap();
        assert!(
            said.contains("MCP server calc changed") && !said.chars().any(|c| c.is_control() || c == '\u{202e}'),
            "{said:?}"
        );
        let data = nasty["data"].as_str().unwrap();
        assert!(
            data.starts_with("[mcpPin@32473 ") && data.ends_with(']') && data.matches("mcpPin@").count() == 1,
            "{data}"
        );
        assert!(!nasty.to_string().contains("UNREPEATABLE"));
    }
}

#[test]
fn where_nobody_listens_it_is_a_failure() {
    let alerted = Alerted::new("");
    let port = free_port();
    alerted.configure(&format!(
        "[alerts.local]\ntype = \"syslog\"\naddress = \"unix:{}/none\"\n[alerts.udp]\ntype = \"syslog\"\naddress = \"udp:127.0.0.1:{port}\"\n[alerts.tcp]\ntype = \"syslog\"\naddress = \"tcp:127.0.0.1:{port}\"",
        alerted.machine.home().display()
    ));
    let ran = alerted.machine.run(&["alert", "test"]).exits(2);
    assert_eq!(ran.stdout.matches("FAILED").count(), 3, "{}", ran.stdout);
}

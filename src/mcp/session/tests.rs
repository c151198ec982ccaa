//! A session against servers that write what clients read differently.

use std::collections::BTreeMap;

use super::super::probe::{ProbeLimits, ProbeOptions};
use super::super::sandbox::{Room, SandboxLevel, Tenant};
use super::*;

#[test]
fn an_answer_has_exactly_the_id_that_was_sent() {
    let answered = |id: Value| {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": {}});
        answered(message.as_object().unwrap(), 7).map_err(|hostile| hostile.what)
    };
    assert_eq!(answered(json!(7)), Ok(Some(7)));
    assert_eq!(answered(json!(null)), Ok(None));
    for spelling in [json!("7"), json!(7.0), json!(" 07 "), json!("7e0")] {
        assert!(
            answered(spelling.clone()).is_err_and(|what| what.contains("spelling")),
            "{spelling}"
        );
    }
    for other in [json!(8), json!(0), json!(-7), json!("x"), json!(7.5), json!([7]), json!(true)] {
        assert!(answered(other.clone()).is_err_and(|what| what.contains("nobody")), "{other}");
    }
    let log = json!({"level": "error", "error": "x", "id": "a17"});
    assert_eq!(super::answered(log.as_object().unwrap(), 7), Ok(None), "a log line is no answer");
}

/// What becomes of two questions to a server that writes `first` and `second` after them.
#[cfg(target_os = "linux")]
fn heard(first: &str, second: &str) -> Result<BTreeSet<String>, ProbeError> {
    let folder = tempfile::tempdir().unwrap();
    let options = ProbeOptions {
        sandbox_exe: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/says.sh").into(),
        scratch: folder.path().to_owned(),
        limits: ProbeLimits::default(),
        unsandboxed: true,
        client_version: "0".into(),
    };
    let tenant = Tenant {
        program: std::path::Path::new("/bin/sh"),
        args: &[],
        tree: None,
        readable: &[],
        values: Vec::new(),
        network: false,
    };
    let room = Room::new(SandboxLevel::None, folder.path(), "/mcp", &tenant).unwrap();
    let env = [("FIRST", first), ("SECOND", second)].map(|(name, text)| (name.to_owned(), text.into()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let link = Link::start(&options, SandboxLevel::None, room, &BTreeMap::from(env))?;
        let mut session = Session::over(link, &options.limits);
        for _ in 0..2 {
            session.request("tools/list", json!({})).await?;
        }
        session.close().await
    })
}

#[test]
#[cfg(target_os = "linux")]
fn lines_that_clients_read_differently_are_hostile() {
    let answer = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
    let (one, two) = (answer("1"), answer("2"));
    let ends = |first: &str, second: &str| match heard(&first.replace('\\', r"\\"), &second.replace('\\', r"\\")) {
        Ok(_) => "fine",
        Err(ProbeError::Hostile { code, .. }) => code,
        Err(error) => panic!("{error}"),
    };
    let (one_line, two_line) = (format!("{one}\n"), format!("{two}\r\n"));
    for noise in [
        "10%\r20%\n",
        "{not json}\n",
        "[12:00] start\n",
        "got {\"jsonrpc\":1}\n",
        "{\"id\":5,\"error\":1}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{}}\n",
        "",
    ] {
        assert_eq!(
            ends(&format!("{noise}{one_line}"), &format!("{two_line}{noise}")),
            "fine",
            "{noise}"
        );
    }
    let not_a_number = two.replace("{}", "{\"x\":NaN}");
    for (bad, wanted) in [
        (not_a_number.clone(), code::NOT_I_JSON),
        (not_a_number.replace("jsonrpc", r"\u006asonrpc"), code::NOT_I_JSON),
        (format!("{two}{two}"), code::NOT_I_JSON),
        (format!("\u{feff}{two}"), code::NOT_I_JSON),
        (format!("x\r{two}"), code::NOT_I_JSON),
        (format!("x\u{2028}{two}"), code::NOT_I_JSON),
        (two.replace(':', ":\r"), code::NOT_I_JSON),
        (answer("\"2\""), code::MALFORMED),
        (answer("2.0"), code::MALFORMED),
        (answer("9"), code::MALFORMED),
        (two.replace("\"id\"", "\"method\":\"ping\",\"id\""), code::MALFORMED),
        (one.clone(), code::LIST_UNSTABLE),
    ] {
        assert_eq!(ends(&one_line, &format!("{bad}\n{two_line}")), wanted, "before: {bad}");
        assert_eq!(ends(&one_line, &format!("{two_line}{bad}\n")), wanted, "after: {bad}");
    }
    assert_eq!(ends(&one_line, &format!("{two_line}{two_line}")), code::LIST_UNSTABLE);
}

#[test]
fn the_unreadable_definition_is_named() {
    let line = br#"{"id":1,"result":{"tools":[{"name":"fine"},{"name":"two","inputSchema":{"a":1,"a":2}}]}}"#;
    let error = crate::surface::strict::parse(line, &crate::surface::strict::Limits::default()).unwrap_err();
    let found = crate::surface::take::unreadable(line, &error);
    assert_eq!(found.code, code::NOT_I_JSON);
    assert!(
        found.what.contains("`two`") && found.what.contains("`a` stands twice"),
        "{}",
        found.what
    );
}

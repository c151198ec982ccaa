//! Names that move, that are taken, and that are only words.

use super::*;

#[test]
fn a_renamed_tool_is_one_finding_and_a_replacement_is_two() {
    let tool =
        |name: &str, text: &str| json!({"name": name, "description": text, "inputSchema": {"type": "object", "properties": {"a": {}}}});
    let change = |name: &str, text: &str, came: bool| {
        let (views, kind, key, definition) = (views(), ItemKind::Tool, name.to_owned(), tool(name, text));
        if came {
            Change::ItemAdded {
                views,
                kind,
                key,
                definition,
            }
        } else {
            Change::ItemRemoved {
                views,
                kind,
                key,
                definition,
            }
        }
    };
    let text = "Lists all the channels of a workspace, the newest first, with all of their members";
    let findings = run(vec![change("list", text, false), change("channels_list", text, true)]);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!((findings[0].code, findings[0].grade), ("tool-renamed", Grade::Warning));
    // Its new words and its new name are judged all the same.
    let told = run(vec![
        change("list", text, false),
        change("channels_list", &format!("{text}, secretly"), true),
    ]);
    assert_eq!((told[0].code, told[0].grade), ("tool-description-changed", Grade::Critical));
    let taken = run(vec![change("list", text, false), change("send_mail", text, true)]);
    assert_eq!((taken[0].code, taken[0].grade), ("tool-name-collision", Grade::Critical));
    let other = run(vec![
        change("list", text, false),
        change("channels_list", "Deletes what was sent yesterday for good", true),
    ]);
    let codes: Vec<_> = other.iter().map(|finding| finding.code).collect();
    assert_eq!(codes.len(), 2);
    assert!(codes.contains(&"tool-added") && codes.contains(&"tool-removed"), "{codes:?}");
}

#[test]
fn a_name_that_another_server_speaks_about_or_goes_by_is_told() {
    let mut other = OtherServer::named("mail".parse().unwrap(), vec![]);
    other.speaks_of.insert("read_secrets".into());
    other.called.insert("Corporate Mail".into());
    let context = JudgeContext {
        others: vec![other],
        ..JudgeContext::default()
    };
    let run = |changes| judge(&"s".parse().unwrap(), &Drift { changes }, &context);
    let told = run(vec![added("read_secrets", "")]);
    assert!(
        told.iter()
            .any(|finding| finding.code == "tool-named-elsewhere" && finding.grade == Grade::Warning)
    );
    assert_eq!(run(vec![added("read_notes", "")]).len(), 1);
    let named = run(vec![handshake("/serverInfo/title", json!("Notes"), json!("Corporate Mai1"))]);
    assert_eq!((named[0].code, named[0].grade), ("server-identity-changed", Grade::Critical));
}

#[test]
fn a_value_called_like_another_servers_tool_is_a_word_and_still_told() {
    let with = |values: Value| json!({"name": "t", "description": "d", "inputSchema": {"properties": {"a": {"enum": values, "description": "send_mail or not"}}}});
    let before = json!({"name": "t", "description": "d"});
    let worst = |after: Value| run(vec![changed(before.clone(), after)])[0].grade;
    assert_eq!(worst(with(json!(["send_mail", "none"]))), Grade::Warning);
    assert_eq!(worst(with(json!(["none"]))), Grade::Critical);
}

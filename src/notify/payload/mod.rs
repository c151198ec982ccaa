//! An alert in the words of each medium. Pure: bytes out of facts.
//!
//! The attacks: a tool's name that ends a header, a field or a line and starts one of its own (mail,
//! syslog, journald), that calls a whole channel or makes a link (Slack), that drives a terminal, or
//! that is as long as a book. Every text is bounded and one line, with control, bidi and invisible
//! characters written out, before a medium's own escapes are added.
//!
//! A payload is a pointer: which server, how bad, which findings by code and title, and the command
//! that shows the rest. The changed text itself, which is written to be read by a model, never stands in
//! one, and neither do values of variables or addresses.

pub mod journald;
pub mod mail;
pub mod otlp;
pub mod slack;
pub mod syslog;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::message::line;
use super::{Alert, AlertKind};
use crate::model::{Grade, ServerName};

/// The most characters of a finding's title, and of a place.
const TITLE: usize = 160;
const PLACE: usize = 200;

/// The version of the form of [`webhook`].
const VERSION: u32 = 1;

/// The JSON that a webhook of our own form gets.
pub fn webhook(alert: &Alert) -> Value {
    let message = alert.message();
    let findings: Vec<_> = alert
        .items
        .iter()
        .map(|item| {
            json!({
                "code": line(&item.code, PLACE),
                "grade": item.grade.as_str(),
                "title": line(&item.title, TITLE),
                "fingerprint": item.fingerprint.as_str(),
            })
        })
        .collect();
    json!({
        "schemaVersion": VERSION,
        "kind": alert.kind.as_str(),
        "title": message.title(),
        "text": message.body(),
        "server": alert.server.as_ref().map(ServerName::as_str),
        "scope": line(&alert.scope, PLACE),
        "host": line(&alert.host, PLACE),
        "grade": alert.grade.map(Grade::as_str),
        "findings": findings,
        "more": alert.more,
        "fingerprint": alert.fingerprint.as_str(),
        "command": line(&alert.command, PLACE),
        "reminder": alert.reminder,
        "at": alert.at.to_string(),
        "logHead": line(&alert.log_head, PLACE),
    })
}

/// The facts of an alert as names and values, for media that have such. Empty ones are left out.
fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let codes: BTreeSet<_> = alert.items.iter().map(|item| line(&item.code, 60)).collect();
    let codes: Vec<_> = codes.into_iter().collect();
    [
        ("kind", alert.kind.to_string()),
        ("server", alert.server.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("grade", alert.grade.map(|grade| grade.to_string()).unwrap_or_default()),
        ("codes", line(&codes.join(" "), PLACE)),
        ("fingerprint", alert.fingerprint.to_string()),
        ("scope", line(&alert.scope, PLACE)),
        ("command", line(&alert.command, PLACE)),
        ("log_head", line(&alert.log_head, PLACE)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

/// How urgent it is, as syslog's and journald's severities count: 2 critical, 4 warning, 5 notice, 6
/// informational.
const fn severity(alert: &Alert) -> u8 {
    match (alert.kind, alert.grade) {
        (AlertKind::Resolved | AlertKind::Approved, _) => 5,
        (AlertKind::Newer | AlertKind::Test, _) => 6,
        (_, Some(Grade::Critical)) => 2,
        // What could not be checked or was not started may be anything.
        (AlertKind::Undecided | AlertKind::Refused, _) | (_, Some(Grade::Warning)) => 4,
        (_, Some(Grade::Notice | Grade::Info) | None) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::super::alert::tests::{HEAD, nasty, plain};
    use super::*;
    use crate::surface::visible::is_invisible;

    #[test]
    fn a_webhook_gets_a_pointer_that_is_harmless() {
        let value = webhook(&nasty());
        let text = value.to_string();
        assert!(text.len() < 8000, "{}", text.len());
        let mut texts = vec![&value];
        while let Some(value) = texts.pop() {
            match value {
                // The body's own line ends are the only ones.
                Value::String(text) => assert!(!text.replace('\n', "").chars().any(is_invisible), "{text}"),
                Value::Array(inner) => texts.extend(inner),
                Value::Object(inner) => texts.extend(inner.values()),
                _ => {}
            }
        }
        assert_eq!((value["findings"].as_array().unwrap().len(), &value["more"]), (8, &json!(4)));
    }

    #[test]
    fn a_webhook_says_what_it_is_about() {
        let value = webhook(&plain());
        assert_eq!(value["schemaVersion"], 1);
        assert_eq!(
            (&value["kind"], &value["server"], &value["grade"], &value["command"]),
            (&json!("drift"), &json!("calc"), &json!("warning"), &json!("mcp-pin verify calc"))
        );
        assert_eq!(value["findings"][0]["code"], "tool-added");
        assert_eq!(value["at"], "2023-11-14T22:13:20Z");
        assert_eq!(value["logHead"], HEAD);
    }
}

//! OpenTelemetry logs in their JSON form: an `ExportLogsServiceRequest`.

use serde_json::{Value, json};

use super::{facts, severity};
use crate::notify::Alert;
use crate::notify::message::{bounded, line};

/// The path below a receiver's address.
pub const PATH: &str = "v1/logs";

/// The request's body.
pub fn request(alert: &Alert) -> Value {
    let message = alert.message();
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let resource = [
        attribute("service.name", "mcp-pin"),
        attribute("service.version", env!("CARGO_PKG_VERSION")),
        attribute("host.name", &line(&alert.host, 64)),
    ];
    let mut attributes: Vec<_> = facts(alert)
        .iter()
        .map(|(key, value)| attribute(&format!("mcp_pin.{key}"), value))
        .collect();
    attributes.push(attribute("event.name", &format!("mcp_pin.{}", alert.kind)));
    let (number, word) = match severity(alert) {
        2 => (17, "CRITICAL"),
        4 => (13, "WARNING"),
        5 => (10, "NOTICE"),
        _ => (9, "INFO"),
    };
    // 64-bit numbers are strings in this form.
    let nanoseconds = alert.at.as_nanosecond().max(0).to_string();
    json!({
        "resourceLogs": [{
            "resource": {"attributes": resource},
            "scopeLogs": [{
                "scope": {"name": "mcp-pin", "version": env!("CARGO_PKG_VERSION")},
                "logRecords": [{
                    "timeUnixNano": nanoseconds,
                    "observedTimeUnixNano": nanoseconds,
                    "severityNumber": number,
                    "severityText": word,
                    "body": {"stringValue": format!("{}\n{}", message.title(), message.body())},
                    "attributes": attributes,
                }],
            }],
        }],
    })
}

/// Why a receiver that answered with success took nothing all the same: `partialSuccess`.
pub fn rejected(answer: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let partial = &answer["partialSuccess"];
    let count = match &partial["rejectedLogRecords"] {
        Value::String(text) => text.parse().unwrap_or(0),
        number => number.as_i64().unwrap_or(0),
    };
    (count > 0).then(|| bounded(partial["errorMessage"].as_str().unwrap_or("no reason given"), 120))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::{nasty, plain};
    use crate::surface::visible::is_invisible;

    #[test]
    fn a_record_names_the_server_and_how_bad_it_is() {
        let request = request(&plain());
        let record = &request["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
        assert_eq!(record["timeUnixNano"], "1700000000000000000");
        assert_eq!(
            (&record["severityNumber"], &record["severityText"]),
            (&json!(13), &json!("WARNING"))
        );
        let attributes = record["attributes"].as_array().unwrap();
        assert!(attributes.contains(&json!({"key": "mcp_pin.server", "value": {"stringValue": "calc"}})));
    }

    #[test]
    fn its_texts_are_harmless_and_bounded() {
        let request = request(&nasty()).to_string();
        assert!(request.len() < 6000, "{}", request.len());
        assert!(!request.replace("\\n", "").chars().any(is_invisible), "{request}");
    }

    #[test]
    fn a_success_that_took_nothing_is_none() {
        assert_eq!(rejected(b"{}"), None);
        assert_eq!(rejected(b""), None);
        assert_eq!(rejected(br#"{"partialSuccess":{}}"#), None);
        let said = br#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too \u001b[31mold"}}"#;
        assert_eq!(rejected(said).as_deref(), Some("too \u{1b}[31mold"));
        assert_eq!(
            rejected(br#"{"partialSuccess":{"rejectedLogRecords":1}}"#).as_deref(),
            Some("no reason given")
        );
    }
}

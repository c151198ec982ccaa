//! Frames as the guard sees them.

use mcp_pin::guard::frame::{Frame, Members, Message, peek};
use serde::de::IgnoredAny;
use serde_json::Value;

/// What the guard takes for a message, another reader takes for the same message.
pub(crate) fn guard(data: &[u8]) {
    match peek(data) {
        Ok(Frame::Message(message)) => same(std::str::from_utf8(data).expect("a message is UTF-8"), &message),
        Ok(Frame::Batch(all)) => {
            assert!(!all.is_empty(), "an empty batch");
            let texts: Vec<&str> = serde_json::from_slice::<Vec<&serde_json::value::RawValue>>(data)
                .expect("a batch is an array")
                .iter()
                .map(|raw| raw.get())
                .collect();
            assert_eq!(texts, all.iter().map(|(raw, _)| raw.get()).collect::<Vec<_>>());
            all.iter().for_each(|(raw, message)| same(raw.get(), message));
        }
        Ok(Frame::Blank) => assert!(data.trim_ascii().is_empty(), "something is called nothing"),
        Err(why) => drop(why.to_string()),
    }
}

fn same(text: &str, message: &Message<'_>) {
    serde_json::from_str::<IgnoredAny>(text).expect("a message is JSON");
    // Half a surrogate pair and a number beyond a double pass: a reader of values stops at them.
    let Ok(value) = serde_json::from_str::<Value>(text) else { return };
    let has = |name: &str| value.get(name).is_some();
    let kind = match message {
        Message::Request { params, .. } | Message::Notification { params, .. } => {
            inside(params.as_ref(), &value["params"]);
            has("method") && !has("result") && !has("error")
        }
        Message::Result { result, .. } => {
            inside(Some(&result.members), &value["result"]);
            assert_eq!(
                result.result_type.as_deref(),
                value["result"].get("resultType").and_then(Value::as_str)
            );
            has("result") && has("id") && !has("method") && !has("error")
        }
        Message::Error { error, .. } => {
            inside(Some(error), &value["error"]);
            has("error") && !has("method") && !has("result")
        }
    };
    assert!(kind, "it is of another kind");
    assert_eq!(value["jsonrpc"], "2.0");
    assert_eq!(message.method(), value.get("method").and_then(Value::as_str));
    if let Some(id) = message.id() {
        let read = value.get("id").cloned().unwrap_or_default();
        assert_eq!(serde_json::from_str::<Value>(&id.raw()).expect("an id is JSON"), read);
        assert_eq!(id.as_text(), read.as_str());
        #[expect(clippy::cast_precision_loss, reason = "ids survive in a double")]
        let number = id.as_number().map(|number| number as f64);
        assert_eq!(number, read.as_f64());
    } else {
        assert!(!has("id"), "a notification has an id");
    }
}

fn inside(members: Option<&Members<'_>>, value: &Value) {
    let Some(members) = members else {
        assert!(value.is_null(), "parameters go unseen");
        return;
    };
    assert_eq!(&serde_json::from_str::<Value>(members.raw().get()).expect("JSON"), value);
    assert_eq!(members.iter().count(), value.as_object().map_or(0, serde_json::Map::len));
    for (name, raw) in members.iter() {
        assert_eq!(serde_json::from_str::<Value>(raw.get()).expect("JSON"), value[name]);
    }
}

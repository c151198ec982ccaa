//! The reader of frames, held against `serde_json` and against what clients differ in.

use std::collections::HashSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn one(text: &str) -> Result<Message<'_>, NotAFrame> {
    match peek(text.as_bytes())? {
        Frame::Message(message) => Ok(message),
        other => panic!("{text}: {other:?}"),
    }
}

fn why(text: &str) -> NotAFrame {
    match peek(text.as_bytes()) {
        Err(why) => why,
        Ok(found) => panic!("{text}: {found:?}"),
    }
}

fn malformed_is(text: &str, expected: &str) {
    assert_eq!(why(text).to_string(), format!("a message is malformed: {expected}"), "{text}");
}

#[test]
fn a_request_a_notification_a_result_and_an_error_are_told_apart() {
    let asked = one(r#" {"params":{"name":"a","arguments":{"x":[1,{}]}},"method":"tools/call","id":7,"jsonrpc":"2.0"} "#).unwrap();
    let Message::Request { id, method, params } = asked else {
        panic!("{asked:?}")
    };
    assert_eq!((id.as_number(), &*method), (Some(7), "tools/call"));
    let params = params.unwrap();
    assert_eq!(params.text("name").unwrap().as_deref(), Some("a"));
    assert_eq!(params.get("arguments").unwrap().get(), r#"{"x":[1,{}]}"#);
    assert_eq!(params.object("_meta").unwrap().map(|meta| meta.raw()), None);

    let told = one(r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#).unwrap();
    assert!(matches!(&told, Message::Notification { params: None, .. }), "{told:?}");

    let answered =
        one(r#"{"jsonrpc":"2.0","id":"a","result":{"resultType":"input_required","inputRequests":{"k":1},"requestState":"s","_meta":{}}}"#);
    let Message::Result { id, result } = answered.unwrap() else {
        panic!()
    };
    assert_eq!((id.as_text(), &*id.raw()), (Some("a"), "\"a\""));
    assert_eq!(result.result_type.as_deref(), Some("input_required"));
    assert_eq!(result.input_requests().unwrap().get(), r#"{"k":1}"#);
    assert_eq!(result.meta().unwrap().get(), "{}");
    assert!(result.raw().get().starts_with(r#"{"resultType""#) && result.raw().get().ends_with("}}"));

    let refused = one(r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}"#).unwrap();
    assert!(
        matches!(&refused, Message::Error { id, error } if id.is_null() && error.get("code").unwrap().get() == "-32700"),
        "{refused:?}"
    );
    let refused = one(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#).unwrap();
    assert!(refused.id().unwrap().is_null() && refused.method().is_none() && refused.params().is_none());
}

#[test]
fn names_are_compared_after_unescaping() {
    let text = r#"{"jsonrp\u0063":"2.\u0030","\u0069d":1,"result":{"resultTyp\u0065":"c\u006fmplete"}}"#;
    let Message::Result { result, .. } = one(text).unwrap() else {
        panic!()
    };
    assert_eq!(result.result_type.as_deref(), Some("complete"));
    let asked = one(r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call"}"#).unwrap();
    assert_eq!(asked.method(), Some("tools/call"));
}

#[test]
fn no_member_that_is_looked_at_stands_twice() {
    for (text, member) in [
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"\u0069d":1}"#, "`id`"),
        (r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"result":{}}"#, "`jsonrpc`"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#, "`result`"),
        (r#"{"jsonrpc":"2.0","id":1,"error":{},"error":{}}"#, "`error`"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","method":"a"}"#, "`method`"),
        (r#"{"jsonrpc":"2.0","method":"a","params":{},"params":null}"#, "`params`"),
        (r#"{"jsonrpc":"2.0","method":"a","x":1,"\u0078":1}"#, "a member"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[],"t\u006fols":[]}}"#, "`tools`"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"x":[],"x":[]}}"#, "a member"),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"data":{},"data":{}}}"#, "`data`"),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
            "`name`",
        ),
    ] {
        assert_eq!(why(text), NotAFrame::Duplicate { member }, "{text}");
    }
    let many: Vec<_> = (0..40).map(|n| format!("\"m{}\":{n}", n % 39)).collect();
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{{}}}}}"#, many.join(","));
    assert_eq!(why(&text), NotAFrame::Duplicate { member: "a member" });
    // Deeper inside nobody is asked what it means.
    assert!(one(r#"{"jsonrpc":"2.0","id":1,"result":{"structuredContent":{"a":1,"a":2}}}"#).is_ok());
    // Unless somebody asks.
    let Message::Result { result, .. } = one(r#"{"jsonrpc":"2.0","id":1,"result":{"_meta":{"a":1,"a":2}}}"#).unwrap() else {
        panic!()
    };
    assert_eq!(
        result.members.object("_meta").map(drop),
        Err(NotAFrame::Duplicate { member: "a member" })
    );
}

#[test]
fn other_spellings_are_refused_where_a_reader_would_take_them() {
    for (text, member) in [
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"Method":"ping"}"#, "method"),
        (r#"{"jsonrpc":"2.0","ID":1,"id":1,"result":{}}"#, "id"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"re\u017fult":{}}"#, "result"),
        (r#"{"JSONRPC":"2.0","id":1,"result":{}}"#, "jsonrpc"),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{"result_type":"input_required"}}"#,
            "resultType",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"InputRequests":{}}}"#, "inputRequests"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"input_requests":{}}}"#, "inputRequests"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"_META":{}}}"#, "_meta"),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"Data":{}}}"#, "data"),
    ] {
        assert_eq!(why(text), NotAFrame::OtherSpelling { member }, "{text}");
    }
    // Honest beside `_meta`, and names that the protocol does not know.
    assert!(one(r#"{"jsonrpc":"2.0","id":1,"result":{"meta":{},"Content":[]},"trace":"x"}"#).is_ok());
    assert!(is_other_spelling("\u{212a}ey", "key") && !is_other_spelling("key", "key") && !is_other_spelling("keys", "key"));
}

#[test]
fn what_does_not_fit_the_protocol_is_refused() {
    for (text, expected) in [
        (r#"{"jsonrpc":"1.0","id":1,"result":{}}"#, "`jsonrpc` is not \"2.0\""),
        (r#"{"jsonrpc":2.0,"id":1,"result":{}}"#, "`jsonrpc` is not \"2.0\""),
        (r#"{"jsonrpc":"2.0"}"#, "it neither asks nor answers"),
        (r#"{"jsonrpc":"2.0","id":1}"#, "it neither asks nor answers"),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
            "it has both `result` and `error`",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#,
            "it has both `result` and `error`",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#,
            "it is a question and an answer at once",
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"a","error":null}"#,
            "it is a question and an answer at once",
        ),
        (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, "a request's `id` is null"),
        (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "an answer has no `id`"),
        (r#"{"jsonrpc":"2.0","result":{}}"#, "an answer has no `id`"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"params":{}}"#, "an answer has `params`"),
        (r#"{"jsonrpc":"2.0","id":1,"error":{},"params":{}}"#, "an answer has `params`"),
        (r#"{"jsonrpc":"2.0","params":{},"id":1,"result":{}}"#, "an answer has `params`"),
        (r#"{"jsonrpc":"2.0","params":{},"id":1,"error":{}}"#, "an answer has `params`"),
        (r#"{"jsonrpc":"2.0","id":1,"error":"x"}"#, "`error` is no object"),
        (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, "`method` is no text"),
        (r#"{"jsonrpc":"2.0","id":1,"method":null}"#, "`method` is no text"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#, "`params` is no object"),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":7}}"#,
            "a member that should be a text is none",
        ),
        ("[]", "a batch is empty"),
        (
            r#"[[{"jsonrpc":"2.0","id":1,"result":{}}]]"#,
            "a batch holds something that is no message",
        ),
        (
            r#"[{"jsonrpc":"2.0","method":"a"},1]"#,
            "a batch holds something that is no message",
        ),
        (
            r#"[{"jsonrpc":"2.0","method":"a"},{"level":30}]"#,
            "a batch holds something that is no message",
        ),
        (r#"[{"jsonrpc":"2.0"}]"#, "it neither asks nor answers"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}"#, "it is not JSON"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}} x"#, "it is not JSON"),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{}}{"jsonrpc":"2.0","id":2,"result":{}}"#,
            "it is not JSON",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"x":NaN}}"#, "it is not JSON"),
        ("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", "it is not JSON"),
        ("\u{1f}{\"jsonr\\u0070c\":\"2.0\",\"id\":1,\"result\":{}}", "it is not JSON"),
        ("{\"jsonrpc\":\"2.0\",\"method\":\"a\tb\"}", "it is not JSON"),
    ] {
        malformed_is(text, expected);
    }
}

#[test]
fn ids_are_compared_by_meaning_and_answered_as_written() {
    let id = |text: &str| one(&format!(r#"{{"jsonrpc":"2.0","id":{text},"result":{{}}}}"#)).map(|message| message.id().unwrap().clone());
    assert_eq!(id("1").unwrap(), id("1.00").unwrap());
    assert_eq!(id("0").unwrap(), id("-0").unwrap());
    assert_eq!(id("\"a\"").unwrap(), id("\"\\u0061\"").unwrap());
    assert_ne!(id("1").unwrap(), id("\"1\"").unwrap());
    for written in [
        "0",
        "-0",
        "-0.0",
        "7",
        "-7",
        "1.0",
        "10.000",
        "9007199254740991",
        "-9007199254740991",
        r#""""#,
        r#""a""#,
        r#""\u0061""#,
        r#""\/\n\"""#,
        "\"\u{7f}/'\u{2028}\u{1f600}\"",
    ] {
        assert_eq!(id(written).unwrap().raw(), written);
    }
    let set: HashSet<_> = ["1", "1.0", "\"1\"", "-1"].map(|text| id(text).unwrap()).into();
    assert_eq!(set.len(), 3);
    assert_eq!((Id::number(1), &*Id::text("a\"b").raw()), (id("1").unwrap(), "\"a\\\"b\""));
    assert_eq!((&*Id::number(-3).raw(), &*Id::null().raw()), ("-3", "null"));
    assert_eq!(id("9007199254740991").unwrap().as_number(), Some(9_007_199_254_740_991));
    for bad in [
        "9007199254740993",
        "9007199254740992",
        "-9007199254740993",
        "1.5",
        "1e0",
        "1e400",
        "99999999999999999999",
    ] {
        malformed_is(
            &format!(r#"{{"jsonrpc":"2.0","id":{bad},"result":{{}}}}"#),
            "`id` is no whole number that a double holds",
        );
    }
    for bad in ["true", "{}", "[1]"] {
        malformed_is(
            &format!(r#"{{"jsonrpc":"2.0","id":{bad},"result":{{}}}}"#),
            "`id` is neither a number nor a text",
        );
    }
    malformed_is(
        &format!(r#"{{"jsonrpc":"2.0","id":"{}","result":{{}}}}"#, "x".repeat(1024)),
        "`id` is too long",
    );
}

#[test]
fn half_a_surrogate_pair_is_refused_where_it_is_looked_at_and_passes_elsewhere() {
    for (text, place) in [
        (r#"{"jsonrpc":"2.0","id":"\ud83d","result":{}}"#, "`id`"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a\ude00"}"#, "`method`"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"\ud83d":1}"#, "a member's name"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"\ud83d":1}}"#, "a member's name"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"\ud83d"}}"#, "`resultType`"),
    ] {
        assert_eq!(why(text), NotAFrame::LoneSurrogate { place }, "{text}");
    }
    // A JavaScript server that cuts a text in two sends this, and its clients read it.
    assert!(one(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"\ud83d"}]}}"#).is_ok());
}

#[test]
fn noise_is_what_no_reader_takes_for_a_message() {
    for text in [
        "Server running on stdio",
        "[INFO] jsonrpc ready",
        "{not json}",
        "[1, 2, 3]",
        "[{\"level\":30}]",
        "42",
        "null",
        "\"text\"",
        r#"{"level":30,"msg":"a","msg":"b"}"#,
        r#"{"level":"error","error":"x","Method":"GET"}"#,
        "progress 10%\rprogress 20%",
        r#"sent {"jsonrpc":"2.0","id":1,"result":{}}"#,
        "{\u{2028}",
    ] {
        assert_eq!(why(text), NotAFrame::Noise, "{text:?}");
        assert!(why(text).is_noise());
    }
    assert!(matches!(peek(b"caf\xe9"), Err(NotAFrame::Noise)), "Latin-1 in a log");
    for text in [
        r#"{"method":"GET","url":"/"}"#,
        r#"{"id":1,"result":{}}"#,
        r#"{"id":1,"error":{}}"#,
        r#"[{"id":1,"result":{}}]"#,
    ] {
        assert_eq!(why(text), NotAFrame::NoVersion, "{text}");
    }
}

#[test]
fn bytes_lines_depth_and_size_are_bounded() {
    let bad = peek(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"\xff\"}}");
    assert!(matches!(bad, Err(NotAFrame::Utf8 { at: 39 })), "{bad:?}");
    // `\r` ends a line for some: what follows would be a message of its own.
    for text in [
        "{\"jsonrpc\":\"2.0\",\r\"id\":1,\"result\":{}}",
        "x\r{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        "x\u{2028}{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
        "{\"log\":\r{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}}",
    ] {
        assert_eq!(why(text), NotAFrame::LineEnd, "{text:?}");
    }
    assert!(one("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"\u{2028}\"}}\r\n").is_ok());
    for blank in ["", "\n", "\r\n", " \t"] {
        assert!(matches!(peek(blank.as_bytes()), Ok(Frame::Blank)), "{blank:?}");
    }
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"x":{open}{close}}}}}"#)
    };
    assert!(one(&nested(125)).is_ok());
    assert_eq!(why(&nested(126)), NotAFrame::TooDeep);
    assert!(serde_json::from_str::<Value>(&nested(125)).is_ok() && serde_json::from_str::<Value>(&nested(126)).is_err());
    assert_eq!(why(&"[".repeat(1_000_000)), NotAFrame::TooDeep);
    let large = vec![b' '; LARGEST_FRAME + 1];
    assert!(matches!(peek(&large), Err(NotAFrame::TooLarge { bytes }) if bytes == LARGEST_FRAME + 1));
    let batch = |count: usize| format!("[{}]", vec![r#"{"jsonrpc":"2.0","method":"a"}"#; count].join(","));
    assert!(matches!(peek(batch(1000).as_bytes()), Ok(Frame::Batch(all)) if all.len() == 1000));
    malformed_is(&batch(1001), "a batch has too many messages");
}

#[test]
fn a_batch_gives_each_message_with_its_text() {
    let text = r#" [ {"jsonrpc":"2.0","id":1,"result":{}} , {"jsonrpc":"2.0","method":"a"} ] "#;
    let Ok(Frame::Batch(all)) = peek(text.as_bytes()) else { panic!() };
    let texts: Vec<_> = all.iter().map(|(raw, _)| raw.get()).collect();
    assert_eq!(
        texts,
        [r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, r#"{"jsonrpc":"2.0","method":"a"}"#]
    );
    assert_eq!(all[1].1.method(), Some("a"));
}

#[test]
fn no_text_of_a_frame_stands_in_an_error() {
    let texts = [
        r#"{"jsonrpc":"2.0","id":1,"result":{"ignore-all":1,"ignore-all":2}}"#,
        r#"{"jsonrpc":"2.0","id":"ignore-all","result":{},"Ignore-all":1,"error":"ignore-all"}"#,
        r#"{"jsonrpc":"ignore-all"}"#,
    ];
    for text in texts {
        assert!(!why(text).to_string().contains("gnore-all"), "{text}");
    }
}

/// What a reader of values sees, for comparison.
fn as_values(text: &[u8]) -> Option<(&'static str, Value, Value)> {
    let value: Value = serde_json::from_slice(text).ok()?;
    let of = |name: &str| value.get(name).cloned().unwrap_or_default();
    let kind = match (value.get("method"), value.get("id"), value.get("result")) {
        (Some(_), Some(_), _) => "request",
        (Some(_), None, _) => "notification",
        (None, _, Some(_)) => "result",
        _ => "error",
    };
    Some((kind, of("id"), of("method")))
}

fn as_peeked(message: &Message<'_>) -> (&'static str, Value, Value) {
    let kind = match message {
        Message::Request { .. } => "request",
        Message::Notification { .. } => "notification",
        Message::Result { .. } => "result",
        Message::Error { .. } => "error",
    };
    let id = message.id().map_or(Value::Null, |id| serde_json::from_str(&id.raw()).unwrap());
    (kind, id, message.method().map_or(Value::Null, Value::from))
}

/// What `Value` refuses and a client may read: half surrogate pairs, numbers beyond a double.
fn only_values_refuse(text: &[u8]) -> bool {
    let refusals = ["number out of range", "lone leading surrogate", "unexpected end of hex escape"];
    let refused = serde_json::from_slice::<Value>(text).map_err(|error| error.to_string());
    refused.is_err_and(|why| refusals.iter().any(|known| why.starts_with(known)))
        && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

fn agrees(text: &[u8], message: &Message<'_>) -> Result<(), TestCaseError> {
    match as_values(text) {
        Some(read) => prop_assert_eq!(read, as_peeked(message)),
        None => prop_assert!(only_values_refuse(text), "serde_json does not read it"),
    }
    Ok(())
}

/// Writes JSON in one of its many spellings, as the choices say.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    out: String,
}

impl Writer<'_> {
    fn choose(&mut self, of: u8) -> u8 {
        self.choices.next().map_or(0, |choice| choice % of)
    }

    fn space(&mut self) {
        let space = ["", "", " ", "\t", " \n "][usize::from(self.choose(5))];
        self.out.push_str(space);
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            if self.choose(4) == 0 {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(self.out, "\\u{unit:04X}").unwrap();
                }
            } else {
                let plain = Value::from(c.to_string()).to_string();
                self.out.push_str(&plain[1..plain.len() - 1]);
            }
        }
        self.out.push('"');
    }

    fn value(&mut self, value: &Value) {
        self.space();
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                if !members.is_empty() {
                    let by = usize::from(self.choose(7)) % members.len();
                    members.rotate_left(by);
                }
                self.out.push('{');
                for (at, (name, value)) in members.into_iter().enumerate() {
                    self.out.push_str(if at == 0 { "" } else { "," });
                    self.space();
                    self.string(name);
                    self.space();
                    self.out.push(':');
                    self.value(value);
                }
                self.space();
                self.out.push('}');
            }
            Value::Array(elements) => {
                self.out.push('[');
                for (at, value) in elements.iter().enumerate() {
                    self.out.push_str(if at == 0 { "" } else { "," });
                    self.value(value);
                }
                self.space();
                self.out.push(']');
            }
            Value::String(text) => self.string(text),
            other => self.out.push_str(&other.to_string()),
        }
        self.space();
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,9}|\\PC{0,4}", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn objects() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-z/]{1,9}", values(), 0..5).prop_map(|map| Value::Object(map.into_iter().collect()))
}

fn messages() -> impl Strategy<Value = Value> {
    let id = prop_oneof![
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from)
    ];
    let with = |more: Value| {
        let mut all = Map::from_iter([("jsonrpc".to_owned(), json!("2.0"))]);
        all.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(all)
    };
    prop_oneof![
        (id.clone(), ".{0,20}", objects())
            .prop_map(move |(id, method, params)| with(json!({"id": id, "method": method, "params": params}))),
        (".{0,20}", objects()).prop_map(move |(method, params)| with(json!({"method": method, "params": params}))),
        (id.clone(), values()).prop_map(move |(id, result)| with(json!({"id": id, "result": result}))),
        (id, objects()).prop_map(move |(id, error)| with(json!({"id": id, "error": error}))),
    ]
}

fn written(value: &Value, choices: &[u8]) -> String {
    let mut writer = Writer {
        choices: choices.iter().cycle(),
        out: String::new(),
    };
    writer.value(value);
    writer.out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_message_is_read_the_same_in_every_spelling(value in messages(), choices in prop::collection::vec(any::<u8>(), 1..64)) {
        let text = written(&value, &choices);
        let Frame::Message(message) = peek(text.as_bytes()).map_err(|why| TestCaseError::fail(format!("{why}: {text}")))? else {
            return Err(TestCaseError::fail("no message"));
        };
        agrees(text.as_bytes(), &message)?;
        for (name, members) in [("params", message.params()), ("result", match &message { Message::Result { result, .. } => Some(&result.members), _ => None })] {
            let Some(members) = members else { continue };
            prop_assert_eq!(&serde_json::from_str::<Value>(members.raw().get()).unwrap(), &value[name]);
            for (key, raw) in members.iter() {
                prop_assert_eq!(&serde_json::from_str::<Value>(raw.get()).unwrap(), &value[name][key]);
            }
            prop_assert_eq!(members.iter().count(), value[name].as_object().map_or(0, Map::len));
        }
    }

    #[test]
    fn a_member_written_twice_is_never_read(value in messages(), choices in prop::collection::vec(any::<u8>(), 1..64), pick in any::<prop::sample::Index>(), inside in any::<bool>()) {
        let mut value = value;
        let holder = if inside { value.get_mut("params").or(None) } else { Some(&mut value) };
        let Some(members) = holder.and_then(Value::as_object_mut).filter(|members| !members.is_empty()) else { return Ok(()) };
        let name = members.keys().nth(pick.index(members.len())).unwrap().clone();
        let twin = format!("{name}\u{e000}");
        members.insert(twin.clone(), members[&name].clone());
        let text = written(&value, &choices).replace("\\uE000", "").replace('\u{e000}', "");
        let is_duplicate = matches!(peek(text.as_bytes()), Err(NotAFrame::Duplicate { .. }));
        prop_assert!(is_duplicate, "{}", text);
    }

    #[test]
    fn whatever_the_bytes_are_what_is_read_is_what_serde_reads(
        value in messages(),
        choices in prop::collection::vec(any::<u8>(), 1..64),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..4),
    ) {
        let mut text = written(&value, &choices).into_bytes();
        for (at, byte, how) in changes {
            if text.is_empty() {
                break;
            }
            let at = at.index(text.len());
            match how {
                0 => text[at] = byte,
                1 => drop(text.remove(at)),
                2 => text.insert(at, b"{}[],:\"\\\r\n0eE.-tu"[usize::from(byte) % 17]),
                _ => text.truncate(at + 1),
            }
        }
        match peek(&text) {
            Ok(Frame::Message(message)) => agrees(&text, &message)?,
            Ok(Frame::Batch(all)) => for (raw, message) in &all { agrees(raw.get().as_bytes(), message)? },
            Ok(Frame::Blank) | Err(_) => {}
        }
    }

    #[test]
    fn the_pass_takes_exactly_what_serde_takes(text in "[\\[\\]{}:,\"0-9a\\\\u. e+\\-tfn\u{1}]{0,40}|(\\[|\\{\"\":|[0-9\\]},\" ]){0,30}|-?[0-9]{0,3}\\.?[0-9]{0,2}[eE]?[+-]?[0-9]{0,2}") {
        let mut scanner = Scanner::new(&text);
        scanner.space();
        let taken = scanner.value(0).is_ok() && { scanner.space(); scanner.peek().is_none() };
        prop_assert_eq!(taken, serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!matches!(peek(&bytes), Ok(Frame::Message(_) | Frame::Batch(_))));
    }
}

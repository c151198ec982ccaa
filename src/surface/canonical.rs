//! The exact form: RFC 8785 (JSON Canonicalization Scheme) and SHA-256 over it.
//!
//! The attack: two texts that a client reads differently but a digest takes for the same. RFC 8785
//! alone folds numbers that differ above 2^53 and never sees duplicate keys, so a value may only
//! come here through the strict I-JSON reader. Text is never Unicode-normalised or trimmed.

use serde_json::{Number, Value};

use crate::model::Sha256Digest;

/// The RFC 8785 bytes of a value.
///
/// Every `Value` has them: a number that a double cannot hold exactly, which the strict reader refuses,
/// is written as the nearest one, as the RFC has it.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => self::number(number, out),
        Value::String(text) => string(text, out),
        Value::Array(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(value, out);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push(b'{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                string(name, out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
    }
}

/// As ECMAScript writes it: every number is a double (RFC 8785, section 3.2.2.3).
fn number(number: &Number, out: &mut Vec<u8>) {
    match number.as_f64() {
        Some(double) => out.extend_from_slice(ryu_js::Buffer::new().format(double).as_bytes()),
        // Such a number does not exist without a feature of the reader that is not used here.
        None => out.extend_from_slice(number.to_string().as_bytes()),
    }
}

/// Two-character escapes where JSON has them, `\u00xx` for the other control characters, and everything
/// else as it is (RFC 8785, section 3.2.2.2).
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let (bytes, mut written) = (text.as_bytes(), 0);
    for (index, &byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x09 => b't',
            0x0a => b'n',
            0x0c => b'f',
            0x0d => b'r',
            0..0x20 => 0,
            _ => continue,
        };
        out.extend_from_slice(&bytes[written..index]);
        written = index + 1;
        if short == 0 {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}

/// The identity of a definition: SHA-256 over its RFC 8785 form.
pub fn digest(value: &Value) -> Sha256Digest {
    Sha256Digest::of(canonical(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_value() -> impl Strategy<Value = Value> {
        let text = "[ -~\\x00-\\x1f\u{7f}\u{e9}\u{2028}\u{e000}\u{fffd}\u{ffff}\u{10000}\u{1f600}]{0,6}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1000i64..1000).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (-1e6..1e6).prop_map(|number: f64| Value::from((number * 100.0).round() / 100.0)),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((text, inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_its_peer_writes(value in any_value()) {
            let text = canonical(&value);
            let peer = serde_json_canonicalizer::to_vec(&value).unwrap();
            prop_assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(&peer));
            // Read again it has the same form, whatever kind of number it was.
            let again: Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(canonical(&again), text);
        }
    }

    #[test]
    fn the_rfc_sample_has_the_rfc_form() {
        let value = json!({"numbers": [333_333_333.333_333_3, 1E30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001], "string": "\u{20ac}$\u{f}\nA'B\"\\\\\"/", "literals": [null, true, false]});
        let text = String::from_utf8(canonical(&value)).unwrap();
        assert_eq!(
            text,
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn key_order_does_not_matter_and_text_is_not_touched() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":" e\u0301 "}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":" e\u0301 ","a":1}"#).unwrap();
        let composed: Value = serde_json::from_str(r#"{"a":1,"b":" \u00e9 "}"#).unwrap();
        assert_eq!(digest(&one), digest(&two));
        assert_ne!(digest(&one), digest(&composed));
    }
}

//! The exact form: RFC 8785 (JSON Canonicalization Scheme) and SHA-256 over it.
//!
//! The attack: two texts that a client reads differently but a digest takes for the same. RFC 8785
//! alone folds numbers that differ above 2^53 and never sees duplicate keys, so a value may only
//! come here through the strict I-JSON reader. Text is never Unicode-normalised or trimmed.

use serde_json::Value;

use crate::model::Sha256Digest;

/// The RFC 8785 bytes of a value.
///
/// A `serde_json::Value` that came through the strict reader always has one; should the
/// canonicaliser refuse all the same, the value's plain serialisation with a marker in front is
/// returned, which equals no canonical form: the comparison fails closed.
pub fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_else(|error| format!("not canonical: {error}: {value}").into_bytes())
}

/// The identity of a definition: SHA-256 over its RFC 8785 form.
pub fn digest(value: &Value) -> Sha256Digest {
    Sha256Digest::of(canonical(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

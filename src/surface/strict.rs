//! The strict reader: raw text to a value, only if every reader would see the same value.
//!
//! The attack: a text that two parsers read differently. With a member name twice, `serde_json`
//! keeps the last and another client the first; a lone surrogate stops one client and passes
//! another; `9007199254740993` becomes `…992` in a client that holds numbers in doubles. What a
//! digest is taken of must be what the model gets, so such text (it is not I-JSON, RFC 7493) is
//! refused here, before `serde_json` sees it.

use std::collections::HashSet;

use serde_json::Value;

use super::number::number_end;

/// How large and how deep a text may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one text.
    pub bytes: usize,
    /// Arrays and objects inside one another. At most 127, where `serde_json` stops as well.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 16 * 1024 * 1024,
            depth: 127,
        }
    }
}

/// Why a text is not taken. The one who sent it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotIJson {
    /// Longer than the limit: an endless-data attack, or a server that should paginate.
    #[error("the text has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8: readers replace, drop or refuse the bytes, each in its own way.
    #[error("the text is not UTF-8 (byte {at})")]
    Utf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// Not JSON at all.
    #[error("the text is not JSON: {what} at byte {at}")]
    Syntax {
        /// Offset.
        at: usize,
        /// What was wrong there.
        what: &'static str,
    },
    /// A member name stands twice in one object; readers keep the first or the last.
    #[error("the member `{name}` stands twice in the object at `{at}`")]
    Duplicate {
        /// JSON pointer of the object; empty for the whole text.
        at: String,
        /// The name, unescaped.
        name: String,
    },
    /// Half of a surrogate pair, which is no character.
    #[error("a lone surrogate stands in the text at `{at}`")]
    LoneSurrogate {
        /// JSON pointer of the value (or of the object whose member name it is).
        at: String,
    },
    /// A number that a double cannot hold: readers round it, or fail.
    #[error("the number `{text}` at `{at}` does not survive in a double")]
    Number {
        /// JSON pointer.
        at: String,
        /// The number as written, cut short.
        text: String,
    },
    /// Nested deeper than the limit.
    #[error("the text is nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
}

impl NotIJson {
    /// The text is not JSON to any reader (noise), as opposed to JSON that readers disagree on.
    pub const fn is_noise(&self) -> bool {
        matches!(self, Self::Syntax { .. })
    }
}

/// Reads a text that every JSON reader reads the same way.
///
/// Promises: the text is UTF-8, has no duplicate member names (after unescaping), no lone
/// surrogates, no number that changes in a double, and is within the limits. Does not promise
/// anything about what the value means.
pub fn parse(text: &[u8], limits: &Limits) -> Result<Value, NotIJson> {
    if text.len() > limits.bytes {
        return Err(NotIJson::TooLarge {
            bytes: text.len(),
            limit: limits.bytes,
        });
    }
    let text = std::str::from_utf8(text).map_err(|error| NotIJson::Utf8 { at: error.valid_up_to() })?;
    let mut scanner = Scanner {
        text,
        at: 0,
        depth: limits.depth.min(127),
        path: Vec::new(),
    };
    scanner.space();
    scanner.value()?;
    scanner.space();
    if scanner.at < text.len() {
        return Err(scanner.syntax("more text after the value"));
    }
    serde_json::from_str(text).map_err(|error| NotIJson::Syntax {
        at: error.column(),
        what: "a value the reader refuses",
    })
}

enum Step {
    Member(String),
    Element(usize),
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    path: Vec<Step>,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    const fn syntax(&self, what: &'static str) -> NotIJson {
        NotIJson::Syntax { at: self.at, what }
    }

    fn pointer(&self) -> String {
        self.path.iter().fold(String::new(), |mut out, step| {
            out.push('/');
            match step {
                Step::Member(name) => out.push_str(&escape_pointer(name)),
                Step::Element(index) => out.push_str(&index.to_string()),
            }
            out
        })
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), NotIJson> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(self.syntax("no value")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), NotIJson> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.syntax("no value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn enter(&mut self, step: Step) -> Result<(), NotIJson> {
        if self.path.len() >= self.depth {
            return Err(NotIJson::TooDeep { limit: self.depth });
        }
        self.path.push(step);
        Ok(())
    }

    fn object(&mut self) -> Result<(), NotIJson> {
        self.at += 1;
        self.space();
        if self.path.len() >= self.depth {
            return Err(NotIJson::TooDeep { limit: self.depth });
        }
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut names = HashSet::new();
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.syntax("no member name"));
            }
            let name = self.string()?;
            if !names.insert(name.clone()) {
                return Err(NotIJson::Duplicate { at: self.pointer(), name });
            }
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.syntax("no `:`"));
            }
            self.at += 1;
            self.space();
            self.enter(Step::Member(name))?;
            self.value()?;
            self.path.pop();
            if self.next_or_end(b'}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self) -> Result<(), NotIJson> {
        self.at += 1;
        self.space();
        if self.path.len() >= self.depth {
            return Err(NotIJson::TooDeep { limit: self.depth });
        }
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            self.enter(Step::Element(index))?;
            self.value()?;
            self.path.pop();
            if self.next_or_end(b']')? {
                break;
            }
        }
        Ok(())
    }

    /// After a value: `true` at the closing bracket, `false` before the next one.
    fn next_or_end(&mut self, end: u8) -> Result<bool, NotIJson> {
        self.space();
        let found = self.peek();
        if found == Some(end) {
            self.at += 1;
            return Ok(true);
        }
        if found != Some(b',') {
            return Err(self.syntax("no `,` and no end"));
        }
        self.at += 1;
        self.space();
        Ok(false)
    }

    fn string(&mut self) -> Result<String, NotIJson> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            out.push_str(&self.text[start..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.syntax("a control character in a string")),
                None => return Err(self.syntax("a string without an end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, NotIJson> {
        self.at += 1;
        let escaped = self.peek();
        self.at += 1;
        Ok(match escaped {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.syntax("an unknown escape")),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, NotIJson> {
        let first = self.hex4()?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        let lone = || NotIJson::LoneSurrogate { at: self.pointer() };
        let is_high = (0xd800..0xdc00).contains(&first);
        if !is_high || !self.text[self.at..].starts_with("\\u") {
            return Err(lone());
        }
        let lone = lone();
        self.at += 2;
        let second = self.hex4()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(lone);
        }
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(lone)
    }

    fn hex4(&mut self) -> Result<u32, NotIJson> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits
            .and_then(|d| u32::from_str_radix(d, 16).ok())
            .ok_or_else(|| self.syntax("a short \\u escape"))?;
        self.at += 4;
        Ok(value)
    }

    fn number(&mut self) -> Result<(), NotIJson> {
        let start = self.at;
        self.at = number_end(self.text.as_bytes(), start).map_err(|at| NotIJson::Syntax { at, what: "no digit" })?;
        let text = &self.text[start..self.at];
        if survives(text) {
            Ok(())
        } else {
            Err(NotIJson::Number {
                at: self.pointer(),
                text: text.chars().take(40).collect(),
            })
        }
    }
}

/// A member name as a JSON pointer's segment (RFC 6901).
pub fn escape_pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Whether a double holds the number: finite, not rounded to zero, and, for a whole number, equal
/// to what the double is written as. Digits of a fraction beyond a double's are tolerated: every
/// reader rounds those to the same double.
fn survives(text: &str) -> bool {
    let Ok(double) = text.parse::<f64>() else { return false };
    if !double.is_finite() {
        return false;
    }
    let written = decimal(text);
    if double == 0.0 {
        return written.digits.is_empty();
    }
    written.exponent < 0 || written == decimal(&format!("{double:e}"))
}

/// A number without its sign as `digits * 10^exponent`, without outer zeros.
#[derive(PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

fn decimal(text: &str) -> Decimal {
    let text = text.trim_start_matches('-');
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // An exponent beyond an i64 never belongs to a finite double other than zero.
    let exponent = exponent
        .parse::<i64>()
        .unwrap_or(0)
        .saturating_sub(i64::try_from(fraction.len()).unwrap_or(i64::MAX));
    let all = format!("{whole}{fraction}");
    let trimmed = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - trimmed.len()).unwrap_or(0);
    let digits = trimmed.trim_start_matches('0').to_owned();
    Decimal {
        exponent: if digits.is_empty() { 0 } else { exponent.saturating_add(zeros) },
        digits,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::surface::digest;

    fn read(text: &str) -> Result<Value, NotIJson> {
        parse(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn duplicates_are_found_at_their_place_also_when_escaped() {
        let text = r#"{"tools":[{"name":"a"},{"in/put":{"x":1,"y":2,"\u0078":3}}]}"#;
        assert_eq!(
            read(text),
            Err(NotIJson::Duplicate {
                at: "/tools/1/in~1put".into(),
                name: "x".into()
            })
        );
        assert!(read(r#"{"a":{"x":1},"b":{"x":1}}"#).is_ok());
    }

    #[test]
    fn surrogates_must_come_in_pairs() {
        assert_eq!(read(r#""\ud83d\ude00""#), Ok(Value::from("\u{1f600}")));
        for bad in [
            r#"["\ud83d"]"#,
            r#"["\ude00"]"#,
            r#"["\ud83dx"]"#,
            r#"["\ud83d\u0041"]"#,
            r#"["\ud83d\ud83d\ude00"]"#,
        ] {
            assert_eq!(read(bad), Err(NotIJson::LoneSurrogate { at: "/0".into() }), "{bad}");
        }
    }

    #[test]
    fn numbers_survive_or_are_refused() {
        for good in [
            "0",
            "-0",
            "1",
            "1.0",
            "1e2",
            "0.1",
            "9007199254740991",
            "9007199254740992",
            "-9007199254740992",
            "18014398509481984",
            "1e23",
            "3.141592653589793238462643",
            "1e308",
            "5e-324",
            "10.0e-1",
            "0e999",
        ] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in [
            "9007199254740993",
            "-9007199254740993",
            "9007199254740993.0",
            "9007199254740993e0",
            "9223372036854775807",
            "1e400",
            "-1e400",
            "1e-400",
            "1e99999999999999999999",
        ] {
            assert!(matches!(read(bad), Err(NotIJson::Number { .. })), "{bad}");
        }
        assert_eq!(
            read(r#"{"a":[1,1e400]}"#),
            Err(NotIJson::Number {
                at: "/a/1".into(),
                text: "1e400".into()
            })
        );
    }

    #[test]
    fn two_spellings_of_a_number_have_one_digest() {
        for (one, two) in [
            ("1.0", "1"),
            ("1e19", "10000000000000000000"),
            ("100", "1E2"),
            ("18014398509481984", "1.8014398509481984e16"),
        ] {
            assert_eq!(digest(&read(one).unwrap()), digest(&read(two).unwrap()), "{one} {two}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(127)).is_ok());
        assert_eq!(read(&nested(128)), Err(NotIJson::TooDeep { limit: 127 }));
        assert_eq!(read(&"[".repeat(1_000_000)), Err(NotIJson::TooDeep { limit: 127 }));
        let small = Limits { bytes: 4, depth: 9 };
        assert_eq!(parse(b"[1,2]", &small), Err(NotIJson::TooLarge { bytes: 5, limit: 4 }));
    }

    #[test]
    fn what_is_not_json_is_noise_and_bad_utf8_is_not() {
        for noise in [
            "",
            "{",
            "[INFO] started",
            "{a:1}",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "\"\t\"",
            "nul",
            "[1] x",
            "\u{feff}{}",
            "-",
        ] {
            assert!(read(noise).is_err_and(|error| error.is_noise()), "{noise:?}");
        }
        assert_eq!(parse(b"[\"\xff\"]", &Limits::default()), Err(NotIJson::Utf8 { at: 2 }));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
            any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_writes_passes_unchanged(value in values()) {
            prop_assert_eq!(read(&serde_json::to_string(&value).unwrap()), Ok(value));
        }

        #[test]
        fn duplicates_never_pass(name in any::<String>(), one in values(), two in values()) {
            let key = serde_json::to_string(&name).unwrap();
            let escaped = name.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            let text = format!("[{{{key}:{one},\"{escaped}\":{two}}}]");
            prop_assert_eq!(read(&text), Err(NotIJson::Duplicate { at: "/0".into(), name }));
        }

        #[test]
        fn what_passes_is_what_serde_reads(text in "[\\[\\]{}:,\"0-9a\\\\u. e+-]{0,40}") {
            if let Ok(value) = read(&text) {
                prop_assert_eq!(Some(value), serde_json::from_str(&text).ok());
            }
        }
    }
}

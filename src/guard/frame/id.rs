//! Ids of questions, compared as peers compare them.

use std::hash::{Hash, Hasher};

use super::members::Raw;
use super::{NotAFrame, malformed};

/// An id. `1` and `1.0` are one, `"1"` is another.
///
/// The attack: an answer under a second spelling of an open id, which one reader takes and another
/// does not. Numbers are whole and survive in a double, so that no two readers see two numbers.
#[derive(Debug, Clone)]
pub struct Id {
    value: Meaning,
    raw: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Meaning {
    Number(i64),
    Text(Box<str>),
    Null,
}

/// The longest id, in bytes as written: open ids are kept.
const LONGEST_ID: usize = 1024;

/// The largest number below which every whole number survives in a double.
const SAFE: i64 = (1 << 53) - 1;

impl Id {
    /// A number, for a question of the guard's own.
    pub fn number(number: i64) -> Self {
        Self {
            value: Meaning::Number(number),
            raw: number.to_string().into(),
        }
    }

    /// A text, for a question of the guard's own.
    pub fn text(text: &str) -> Self {
        Self {
            raw: serde_json::Value::from(text).to_string().into(),
            value: Meaning::Text(text.into()),
        }
    }

    /// No id.
    pub fn null() -> Self {
        Self {
            value: Meaning::Null,
            raw: "null".into(),
        }
    }

    /// Whether it is null (or was missing, in an error).
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Meaning::Null)
    }

    /// The JSON text of it, exactly as the peer wrote it: to answer with.
    pub const fn raw(&self) -> &str {
        &self.raw
    }

    /// The number, where it is one.
    pub const fn as_number(&self) -> Option<i64> {
        match self.value {
            Meaning::Number(number) => Some(number),
            Meaning::Text(_) | Meaning::Null => None,
        }
    }

    /// The text, unescaped, where it is one.
    pub const fn as_text(&self) -> Option<&str> {
        match &self.value {
            Meaning::Text(text) => Some(text),
            Meaning::Number(_) | Meaning::Null => None,
        }
    }

    pub(super) fn read(raw: Raw<'_>) -> Result<Self, NotAFrame> {
        let text = raw.get();
        if text.len() > LONGEST_ID {
            return Err(malformed("`id` is too long"));
        }
        let value = match text.as_bytes().first() {
            Some(b'"') => Meaning::Text(raw.text().ok_or(NotAFrame::LoneSurrogate { place: "`id`" })?.into()),
            Some(b'n') => Meaning::Null,
            Some(b'-' | b'0'..=b'9') => Meaning::Number(whole(text).ok_or(malformed("`id` is no whole number that a double holds"))?),
            _ => return Err(malformed("`id` is neither a number nor a text")),
        };
        Ok(Self { value, raw: text.into() })
    }
}

/// A whole number that a double holds, written without an exponent (nobody writes ids with one).
fn whole(text: &str) -> Option<i64> {
    let digits = match text.split_once('.') {
        Some((digits, fraction)) if fraction.bytes().all(|byte| byte == b'0') => digits,
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok().filter(|number| (-SAFE..=SAFE).contains(number))
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

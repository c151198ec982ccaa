//! Ids of questions, compared as peers compare them.

use std::borrow::Cow;
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
    /// As the peer wrote it, where that is not how it is written here.
    raw: Option<Box<str>>,
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
    pub const fn number(number: i64) -> Self {
        Self {
            value: Meaning::Number(number),
            raw: None,
        }
    }

    /// A text, for a question of the guard's own.
    pub fn text(text: &str) -> Self {
        Self {
            value: Meaning::Text(text.into()),
            raw: None,
        }
    }

    /// No id.
    pub const fn null() -> Self {
        Self {
            value: Meaning::Null,
            raw: None,
        }
    }

    /// Whether it is null (or was missing, in an error).
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Meaning::Null)
    }

    /// The JSON text of it, exactly as the peer wrote it: to answer with.
    pub fn raw(&self) -> Cow<'_, str> {
        match (&self.raw, &self.value) {
            (Some(raw), _) => Cow::Borrowed(raw),
            (None, Meaning::Number(number)) => Cow::Owned(number.to_string()),
            (None, Meaning::Text(text)) => Cow::Owned(serde_json::Value::from(&**text).to_string()),
            (None, Meaning::Null) => Cow::Borrowed("null"),
        }
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
        let (value, as_here) = match text.as_bytes().first() {
            Some(b'"') => {
                let text = raw.text().ok_or(NotAFrame::LoneSurrogate { place: "`id`" })?;
                // Without an escape there is one way to write it.
                (Meaning::Text((&*text).into()), matches!(text, Cow::Borrowed(_)))
            }
            Some(b'n') => (Meaning::Null, true),
            Some(b'-' | b'0'..=b'9') => {
                let (number, as_here) = whole(text).ok_or(malformed("`id` is no whole number that a double holds"))?;
                (Meaning::Number(number), as_here)
            }
            _ => return Err(malformed("`id` is neither a number nor a text")),
        };
        Ok(Self {
            value,
            raw: (!as_here).then(|| text.into()),
        })
    }
}

/// A whole number that a double holds, written without an exponent (nobody writes ids with one), and
/// whether it is written as it would be here. The text was checked to be a number of JSON's.
fn whole(text: &str) -> Option<(i64, bool)> {
    let digits = match text.bytes().position(|byte| !byte.is_ascii_digit() && byte != b'-') {
        Some(point) => {
            let zeros = text[point..].strip_prefix('.')?;
            zeros.bytes().all(|byte| byte == b'0').then_some(&text[..point])?
        }
        None => text,
    };
    let number = digits.parse().ok().filter(|number| (-SAFE..=SAFE).contains(number))?;
    Some((number, digits.len() == text.len() && text != "-0"))
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

//! Results made safe to read, where the entry asks for it.
//!
//! The attack: a result whose text holds what a person does not see and a model reads (tag characters,
//! bidirectional controls), or what drives the terminal that shows it. Off unless set, because a
//! result is data: who asks for a file wants its bytes. Not promised: that what is left says nothing
//! harmful, or that binary content (base64) is looked into.

use crate::model::guard::ResultRules;
use crate::surface::visible::is_invisible;

/// A result is larger than the rules permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the result has {bytes} bytes, more than the {limit} that the guard's rules permit")]
pub struct TooLarge {
    /// Its length as it came.
    pub bytes: u64,
    /// The limit.
    pub limit: u64,
}

/// A result, the raw text of well-formed JSON, with every control, escape and invisible character in its texts and names written as
/// `\u{hex}`, as a person is shown it; newlines, carriage returns before them and tabs stay. `None`
/// where nothing changes, so that the bytes pass as they came.
///
/// Everything else stays byte for byte: numbers, order, spacing, the spelling of other escapes.
pub fn clean(rules: &ResultRules, text: &str) -> Result<Option<String>, TooLarge> {
    if let Some(limit) = rules.largest
        && text.len() as u64 > limit
    {
        return Err(TooLarge {
            bytes: text.len() as u64,
            limit,
        });
    }
    Ok(if rules.visible { made_visible(text) } else { None })
}

/// Walks the raw text, which is JSON: only what stands between quotes is touched.
fn made_visible(text: &str) -> Option<String> {
    // Most results have none: then nothing is copied.
    if !text.contains("\\u") && !text.contains("\\b") && !text.contains("\\f") && !text.contains("\\r") && !text.chars().any(is_hidden) {
        return None;
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut changed = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (read, length) = match c {
            '\\' => escape(rest),
            c => (Some(c), c.len_utf8()),
        };
        let after = &rest[length..];
        match read {
            // A backslash that would make the text look like one of our escapes is doubled.
            Some('\\') if c == '\\' && after.starts_with("u{") => {
                out.push_str("\\\\\\\\");
                changed = true;
            }
            Some('\r') if c == '\\' && after.starts_with("\\n") => out.push_str(&rest[..length]),
            // A carriage return that is no escape stands between values.
            Some(found) if is_hidden(found) && c != '\r' => {
                out.push('\\');
                out.extend(found.escape_unicode());
                changed = true;
            }
            // Half a surrogate pair is no character: it is shown as what it says.
            None => {
                out.push('\\');
                out.push_str(&rest[..length]);
                changed = true;
            }
            Some(_) => out.push_str(&rest[..length]),
        }
        rest = after;
    }
    changed.then_some(out)
}

const fn is_hidden(c: char) -> bool {
    is_invisible(c) && !matches!(c, '\n' | '\t')
}

/// What an escape of JSON stands for, and how many bytes it has. `None` for half a surrogate pair.
fn escape(rest: &str) -> (Option<char>, usize) {
    let unit = |text: &str| text.strip_prefix("\\u").and_then(|hex| u32::from_str_radix(hex.get(..4)?, 16).ok());
    match rest.as_bytes().get(1) {
        Some(b'u') => {
            let Some(first) = unit(rest) else {
                return (None, 2.min(rest.len()));
            };
            if let Some(c) = char::from_u32(first) {
                return (Some(c), 6);
            }
            let second = rest.get(6..).and_then(unit).filter(|second| (0xdc00..0xe000).contains(second));
            match second {
                Some(second) if first < 0xdc00 => {
                    let scalar = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    (char::from_u32(scalar), 12)
                }
                _ => (None, 6),
            }
        }
        Some(b'n') => (Some('\n'), 2),
        Some(b't') => (Some('\t'), 2),
        Some(b'r') => (Some('\r'), 2),
        Some(b'b') => (Some('\u{8}'), 2),
        Some(b'f') => (Some('\u{c}'), 2),
        Some(&other) if other.is_ascii() => (Some(char::from(other)), 2),
        _ => (Some('\\'), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VISIBLE: ResultRules = ResultRules {
        visible: true,
        largest: None,
    };

    fn cleaned(text: &str) -> Option<String> {
        clean(&VISIBLE, text).unwrap()
    }

    /// The text as a reader of JSON sees it.
    fn read(text: &str) -> String {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn off_means_off() {
        assert_eq!(clean(&ResultRules::default(), "\"a\u{202e}\\u001b\""), Ok(None));
    }

    #[test]
    fn what_is_hidden_is_shown_and_nothing_else_moves() {
        for (text, expected) in [
            ("\"\\u001b[31mred\"", "\\u{1b}[31mred"),
            ("\"\u{202e}abc\"", "\\u{202e}abc"),
            ("\"\\u202eabc\"", "\\u{202e}abc"),
            ("\"\u{e0041}\"", "\\u{e0041}"),
            ("\"\\udb40\\udc41\"", "\\u{e0041}"),
            ("\"\\b\\f\"", "\\u{8}\\u{c}"),
            ("\"a\\rb\"", "a\\u{d}b"),
            ("\"a\u{7f}b\"", "a\\u{7f}b"),
            ("\"\\u0085\"", "\\u{85}"),
            ("\"\u{200b}x\\\\u{200b}\"", "\\u{200b}x\\\\u{200b}"),
        ] {
            let cleaned = cleaned(text).unwrap();
            assert_eq!(read(&cleaned), expected, "{text}");
        }
        let text = "{ \"b\":1.0e2 ,\"a\":[\"x\\u200by\",\"\\/\\u00e9\"],\"c\\u202e\":null}";
        assert_eq!(
            cleaned(text).unwrap(),
            "{ \"b\":1.0e2 ,\"a\":[\"x\\\\u{200b}y\",\"\\/\\u00e9\"],\"c\\\\u{202e}\":null}"
        );
    }

    #[test]
    fn honest_text_passes_as_it_came() {
        for text in [
            "\"a\\nb\\tc\\r\\nd\"",
            "\"Gr\u{fc}\u{df}e, \u{4e16}\u{754c} \\u00e9 \\ud83d\\ude00 \u{1f600}\"",
            "{\n\t\"a\": \"C:\\\\path\\\\users\"\r\n}",
            "[1, 2.50, true]",
        ] {
            assert_eq!(cleaned(text), None, "{text}");
        }
    }

    #[test]
    fn half_a_character_is_shown() {
        assert_eq!(read(&cleaned("\"\\ud800x\"").unwrap()), "\\ud800x");
    }

    #[test]
    fn cleaning_twice_is_cleaning_once() {
        let once = cleaned("\"\u{202e}\\u001b\"").unwrap();
        let value = read(&once);
        assert!(!value.chars().any(is_hidden));
        assert!(!cleaned(&once).is_some_and(|twice| read(&twice).chars().any(is_hidden)));
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let rules = ResultRules {
            visible: false,
            largest: Some(4),
        };
        assert_eq!(clean(&rules, "\"ab\""), Ok(None));
        assert_eq!(clean(&rules, "\"abc\""), Err(TooLarge { bytes: 5, limit: 4 }));
    }
}

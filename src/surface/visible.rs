//! Foreign text made safe to look at.
//!
//! The attack: text that looks different from what the model reads (tag characters, bidi controls,
//! zero-width joints), or that drives the terminal (escape sequences). Every such character is
//! shown as `\u{...}`; nothing is dropped.

/// Whether a character has no honest look of its own: control, bidi, zero-width, tag, variation
/// selector, private use, unassigned-as-space and the like. Newline and tab count as well.
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' // C0, DEL, C1
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// The text with every invisible character written as `\u{hex}`, and a backslash that stands
/// before `u{` doubled so that an escape cannot be faked. Newlines and tabs become `\n` and `\t`:
/// the result is always one line.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\\' if matches!(rest.peek(), Some('u' | 'n' | 't')) => out.push_str("\\\\"),
            c if is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_invisible_survives() {
        let text = "a\u{1b}[31mb\u{202e}c\u{e0041}d\u{200b}e\u{fe0f}\r\n\u{85}";
        let shown = visible(text);
        assert_eq!(shown, "a\\u{1b}[31mb\\u{202e}c\\u{e0041}d\\u{200b}e\\u{fe0f}\\u{d}\\n\\u{85}");
        assert!(!shown.chars().any(is_invisible));
    }

    #[test]
    fn an_escape_cannot_be_faked() {
        assert_ne!(visible("\u{202e}"), visible("\\u{202e}"));
        assert_ne!(visible("\n"), visible("\\n"));
    }

    #[test]
    fn ordinary_text_stays() {
        assert_eq!(visible("Grüße, 世界 👍 C:\\x"), "Grüße, 世界 👍 C:\\x");
    }
}

//! How a file is written: readable, bundled, minified, or made to be unreadable.
//!
//! The attack: code that no reviewer can read, brought in by a package that was readable before. A
//! bundle that stays a bundle is no news, so figures are compared with those of the version before.

/// A line from here on is not written by a person.
const LONG: usize = 500;
/// So many blanks push code out of what an editor shows.
const PUSHED: usize = 100;

/// Figures of one file's style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Bytes.
    pub size: usize,
    /// Lines.
    pub lines: usize,
    /// Bytes of the longest line.
    pub longest: usize,
    /// Bytes that stand in lines of more than 500.
    pub in_long: usize,
    /// Blanks among these: prose has one in six, minified code mostly one in twenty.
    pub blanks_in_long: usize,
    /// Signs among these that only code is full of: brackets, semicolons, operators.
    pub marks_in_long: usize,
    /// Names like `_0x3fa1`, counted wherever they stand.
    pub hex_names: usize,
    /// Escapes (`\x61`, `\u0061`) of letters and digits that could be written as they are.
    pub escapes: usize,
    /// Variation selectors, the hiding place of whole programs.
    pub selectors: usize,
    /// The signs `[ ] ( ) ! +`, which are enough to write a program with.
    pub signs: usize,
    /// Bytes that are no blanks.
    pub ink: usize,
    /// It unpacks itself (`p,a,c,k,e,d`).
    pub packed: bool,
}

impl Style {
    /// Nobody wrote it by hand: most of it stands in very long lines, and those are no prose.
    pub const fn is_minified(&self) -> bool {
        let prose = self.blanks_in_long * 9 >= self.in_long && self.marks_in_long * 20 < self.in_long;
        self.size >= 1500 && self.in_long * 2 > self.size && !prose
    }

    /// How it was made unreadable, in our own words; minified alone is not that.
    pub fn obfuscated(&self) -> Option<&'static str> {
        if self.hex_names >= 12 && self.hex_names * 800 >= self.size {
            Some("names like _0x3fa1")
        } else if self.escapes >= 60 && self.escapes * 40 >= self.size {
            Some("letters written as escapes")
        } else if self.selectors >= 32 {
            Some("data in variation selectors")
        } else if self.ink >= 400 && self.signs * 10 >= self.ink * 8 {
            Some("a program of brackets and signs")
        } else if self.packed {
            Some("code that unpacks itself")
        } else {
            None
        }
    }
}

/// Measures a file.
pub fn of(source: &str) -> Style {
    let mut out = Style {
        size: source.len(),
        selectors: selectors(source),
        packed: source.contains("eval(function(p,a,c,k,e"),
        ..Style::default()
    };
    for line in source.lines() {
        out.lines += 1;
        out.longest = out.longest.max(line.len());
        if line.len() > LONG {
            out.in_long += line.len();
            out.blanks_in_long += line.bytes().filter(|b| *b == b' ').count();
            out.marks_in_long += line.bytes().filter(|b| b"(){}[];=<>&|+*!".contains(b)).count();
        }
    }
    let bytes = source.as_bytes();
    let digits = |from: usize, count: usize| {
        bytes
            .get(from..from + count)
            .is_some_and(|run| run.iter().all(u8::is_ascii_hexdigit))
    };
    for (at, b) in bytes.iter().enumerate() {
        out.ink += usize::from(!b.is_ascii_whitespace());
        match b {
            b'_' if bytes[at..].starts_with(b"_0x") && digits(at + 3, 3) => out.hex_names += 1,
            b'\\' if bytes[at..].starts_with(b"\\x") && digits(at + 2, 2) => out.escapes += usize::from(is_letter(&source[at + 2..at + 4])),
            b'\\' if bytes[at..].starts_with(b"\\u00") && digits(at + 4, 2) => {
                out.escapes += usize::from(is_letter(&source[at + 4..at + 6]));
            }
            b'[' | b']' | b'(' | b')' | b'!' | b'+' => out.signs += 1,
            _ => {}
        }
    }
    out
}

fn is_letter(hex: &str) -> bool {
    u8::from_str_radix(hex, 16).is_ok_and(|b| b.is_ascii_alphanumeric())
}

fn selectors(source: &str) -> usize {
    if source.is_ascii() {
        return 0;
    }
    source
        .chars()
        .filter(|c| matches!(c, '\u{fe00}'..='\u{fe0e}' | '\u{e0100}'..='\u{e01ef}'))
        .count()
}

/// Code that stands after a hundred blanks or more in its line: its place and the blanks before it.
/// Comments and closing brackets there are no code.
pub fn pushed(source: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut blanks = 0;
    for (at, c) in source.char_indices() {
        match c {
            '\n' | '\r' => blanks = 0,
            '\t' => blanks += 4,
            c if c.is_whitespace() => blanks += 1,
            _ => {
                if blanks >= PUSHED && is_code(&source[at..]) {
                    out.push((at, blanks));
                }
                blanks = 0;
            }
        }
    }
    out
}

/// Whether a line goes on with code: no comment, no closing bracket.
fn is_code(rest: &str) -> bool {
    let rest = &rest[..rest.floor_char_boundary(200)];
    let line = rest.lines().next().unwrap_or_default();
    let comment = ["//", "/*", "*", "#"].iter().any(|sign| line.starts_with(sign));
    !comment && line.trim().len() >= 6 && line.contains(['(', '=', '`', ':', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_told_apart() {
        let readable = "function add(left, right) {\n    return left + right;\n}\n".repeat(60);
        let minified = readable.replace('\n', "").replace("    ", "");
        let prose = "It reads a file, and says what stands in it; nothing else (see the manual). ".repeat(60);
        assert!(!of(&prose).is_minified());
        let mangled = "var _0x3fa1=_0x12ab(0x1);".repeat(40);
        let escaped = "x('\\x65\\x76\\x61\\x6c\\u0028');".repeat(30);
        let signs = "[][(![]+[])[+[]]+(![]+[])[!+[]+!+[]]]".repeat(20);
        assert_eq!((of(&readable).is_minified(), of(&readable).obfuscated()), (false, None));
        assert_eq!((of(&minified).is_minified(), of(&minified).obfuscated()), (true, None));
        assert_eq!(of(&mangled).obfuscated(), Some("names like _0x3fa1"));
        assert_eq!(of(&escaped).obfuscated(), Some("letters written as escapes"));
        assert_eq!(of(&signs).obfuscated(), Some("a program of brackets and signs"));
        // Tables of letters beyond ASCII are written as escapes in good faith.
        assert_eq!(of(&"/[\\u0370-\\u03ff\\x00]/;".repeat(50)).obfuscated(), None);
    }

    #[test]
    fn pushed_code_is_found_and_pushed_comments_are_not() {
        let blanks = " ".repeat(150);
        assert_eq!(pushed(&format!("ok();{blanks}evil();\n")), [(155, 150)]);
        assert_eq!(pushed(&format!("ok();{blanks}// a comment\n{blanks}}}\n    fine();")), []);
    }
}

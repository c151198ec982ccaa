//! Characters nobody sees, told apart from those that every honest text has.
//!
//! The attack: instructions in tag characters, code in variation selectors, text turned round by
//! bidi controls. The exceptions are closed and need the right neighbours: an emoji's own joiner
//! and selector, three flags, the joiners Arabic and Indic writing needs, one byte order mark.

use std::collections::HashSet;
use std::ops::Range;

use crate::surface::visible::is_invisible;

/// A stretch of invisible characters in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenRun {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// Its characters.
    pub text: String,
}

/// The suspicious invisible stretches of a text, in order. Newline, carriage return, tab and form
/// feed never count.
pub fn hidden_runs(text: &str) -> Vec<HiddenRun> {
    let mut out: Vec<HiddenRun> = Vec::new();
    if text.bytes().all(|b| matches!(b, b'\t' | b'\n' | 0x0c | b'\r' | 0x20..=0x7e)) {
        return out;
    }
    let mut before = [None::<char>; 2];
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        if at >= skip_to {
            let rest = &text[at + c.len_utf8()..];
            if let Some(length) = flag(c, rest, before[1]) {
                skip_to = at + c.len_utf8() + length;
            } else if is_invisible(c) && !matches!(c, '\n' | '\r' | '\t' | '\u{c}') && !excused(c, at, before, rest) {
                let end = at + c.len_utf8();
                match out.last_mut() {
                    Some(run) if run.range.end == at => {
                        run.range.end = end;
                        run.text.push(c);
                    }
                    _ => out.push(HiddenRun {
                        range: at..end,
                        text: c.to_string(),
                    }),
                }
            }
        }
        before = [before[1], Some(c)];
    }
    out
}

/// The invisible stretches of `after` that `before` has nowhere with the same neighbours.
pub fn newly_hidden(before: &str, after: &str) -> Vec<HiddenRun> {
    let mut runs = hidden_runs(after);
    let known: HashSet<_> = if runs.is_empty() { Vec::new() } else { hidden_runs(before) }
        .into_iter()
        .map(|run| &before[with_neighbours(before, &run.range)])
        .collect();
    runs.retain(|run| !known.contains(&after[with_neighbours(after, &run.range)]));
    runs
}

/// The stretch with up to two characters of its line on either side.
fn with_neighbours(text: &str, range: &Range<usize>) -> Range<usize> {
    let left = text[..range.start]
        .chars()
        .rev()
        .take_while(|&c| c != '\n')
        .take(2)
        .map(char::len_utf8)
        .sum::<usize>();
    let right = text[range.end..]
        .chars()
        .take_while(|&c| c != '\n')
        .take(2)
        .map(char::len_utf8)
        .sum::<usize>();
    range.start - left..range.end + right
}

fn excused(c: char, at: usize, before: [Option<char>; 2], rest: &str) -> bool {
    let previous = before[1];
    // An emoji may be followed by its presentation selector or skin tone before the joiner.
    let emoji_before = match previous {
        Some('\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}') => before[0].is_some_and(is_emoji),
        Some(c) => is_emoji(c),
        None => false,
    };
    let next = rest.chars().next();
    match c {
        '\u{feff}' => at == 0,
        '\u{fe0f}' => previous.is_some_and(|p| is_emoji(p) || (matches!(p, '0'..='9' | '#' | '*') && next == Some('\u{20e3}'))),
        '\u{200d}' if emoji_before => next.is_some_and(is_emoji),
        '\u{200c}' | '\u{200d}' => previous.is_some_and(needs_joiners) && next.is_none_or(|n| needs_joiners(n) || n.is_whitespace()),
        _ => false,
    }
}

/// The length of a subdivision flag's tag sequence after the black flag: only the three flags that
/// are recommended for interchange, and none directly after another, since a chain of flags can
/// spell a message.
fn flag(c: char, rest: &str, previous: Option<char>) -> Option<usize> {
    const FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];
    if c != '\u{1f3f4}' || previous == Some('\u{e007f}') {
        return None;
    }
    FLAGS.iter().find_map(|name| {
        let tags: String = name
            .bytes()
            .filter_map(|b| char::from_u32(0xe_0000 + u32::from(b)))
            .chain(['\u{e007f}'])
            .collect();
        rest.starts_with(&tags).then_some(tags.len())
    })
}

const fn is_emoji(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{21aa}' | '\u{231a}'..='\u{23ff}'
        | '\u{24c2}' | '\u{25aa}'..='\u{25fe}' | '\u{2600}'..='\u{27bf}' | '\u{2934}' | '\u{2935}' | '\u{2b05}'..='\u{2b55}' | '\u{3030}'
        | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// Letters of scripts whose spelling needs zero-width joiners and non-joiners: Arabic to Sinhala,
/// and Khmer's neighbours are not among them.
const fn needs_joiners(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' | '\u{900}'..='\u{dff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        hidden_runs(text).len()
    }

    #[test]
    fn honest_texts_have_none() {
        for text in [
            "plain\r\n\ttext\u{c}",
            "\u{feff}file",
            "❤\u{fe0f} 👩\u{200d}💻 👩🏽\u{200d}💻 🏳\u{fe0f}\u{200d}🌈 1\u{fe0f}\u{20e3}",
            "می\u{200c}شود क्\u{200d}ष",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} England",
            "Grüße, 世界",
        ] {
            assert_eq!(count(text), 0, "{text:?}");
        }
    }

    #[test]
    fn hidden_texts_are_found() {
        for text in [
            "a\u{200b}b",
            "a\u{200d}b",
            "a\u{fe0f}b",
            "❤\u{fe0f}\u{fe0f}",
            "x\u{feff}",
            "\u{202e}abc",
            "\u{1b}[31m",
            "🏴\u{e0061}\u{e0062}\u{e007f}",
            "a\u{e0041}",
            "👍\u{fe01}",
            "a\u{200c}b",
        ] {
            assert_eq!(count(text), 1, "{text:?}");
        }
        let england = "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}";
        assert_eq!(count(&format!("{england}{england}")), 1);
    }

    #[test]
    fn only_new_places_count() {
        assert!(newly_hidden("const a = '\u{200b}';", "let b; const a = '\u{200b}'; let c;").is_empty());
        assert_eq!(
            newly_hidden("const a = '\u{200b}';", "const a = '\u{200b}'; const b = `\u{200b}`;").len(),
            1
        );
        assert_eq!(newly_hidden("a\u{200b}b", "a\u{200b}\u{200b}b").len(), 1);
    }
}

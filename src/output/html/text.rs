//! Foreign text inside HTML: every character that means something to HTML is a reference, everything
//! invisible is shown and marked, and directions do not reach past the text.

use std::fmt::Write as _;

use crate::diff::{Segment, words};
use crate::surface::visible::is_invisible;

/// Characters of one text; the rest is counted.
const MOST: usize = 20_000;

/// Text inside an element or a quoted attribute, on one line.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_escaped(&mut out, &crate::surface::visible(text));
    out
}

/// The same, isolated: for names and sentences among other text.
pub(super) fn foreign(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

/// Text that was made visible already, as other renderers do.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::from("<bdi>");
    let mut buffer = [0; 4];
    for c in text.chars() {
        if is_invisible(c) {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            push_escaped(&mut out, c.encode_utf8(&mut buffer));
        }
    }
    out.push_str("</bdi>");
    out
}

fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// Text of several lines: lines stay lines, and what is invisible is marked as such.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut buffer = [0; 4];
    while let Some(c) = rest.next() {
        match c {
            '\n' => out.push_str("<span class=\"hid nl\">\\n</span><br>"),
            '\\' if matches!(rest.peek(), Some('u' | 'n' | 't')) => out.push_str("\\\\"),
            '\t' => out.push_str("<span class=\"hid\">\\t</span>"),
            c if is_invisible(c) => {
                let _ = write!(out, "<span class=\"hid\">{}</span>", c.escape_unicode());
            }
            c => push_escaped(&mut out, c.encode_utf8(&mut buffer)),
        }
    }
    out
}

/// Two texts side by side, with the words that differ marked in each.
pub(super) fn side_by_side(label: &str, before: &str, after: &str) -> String {
    let (before, cut_before) = cut(before);
    let (after, cut_after) = cut(after);
    let (mut old, mut new) = (String::new(), String::new());
    for segment in words(before, after) {
        match segment {
            Segment::Same(text) => {
                let text = lines(&text);
                old.push_str(&text);
                new.push_str(&text);
            }
            Segment::Removed(text) => {
                let _ = write!(old, "<del>{}</del>", lines(&text));
            }
            Segment::Added(text) => {
                let _ = write!(new, "<ins>{}</ins>", lines(&text));
            }
        }
    }
    old.push_str(&cut_before);
    new.push_str(&cut_after);
    let side = |head: &str, text: &str| {
        let text = if text.is_empty() { "<em>nothing</em>" } else { text };
        format!("<div class=\"side\"><span class=\"head\">{head}</span><p dir=\"ltr\"><bdi>{text}</bdi></p></div>")
    };
    format!(
        "<figure class=\"diff\"><figcaption>{}</figcaption>{}{}</figure>",
        foreign(label),
        side("before", &old),
        side("now", &new)
    )
}

fn cut(text: &str) -> (&str, String) {
    match text.char_indices().nth(MOST) {
        None => (text, String::new()),
        Some((at, _)) => {
            let left = text[at..].chars().count();
            (&text[..at], format!("<em> and {left} more characters</em>"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_is_markup_or_invisible() {
        let nasty = "<script>alert(1)</script>\" onload='x' &amp; \u{202e}\u{200b}\u{1b}[31m";
        for shown in [
            escape(nasty),
            foreign(nasty),
            super::shown(nasty),
            lines(nasty),
            side_by_side(nasty, nasty, ""),
        ] {
            assert!(!shown.contains("<script") && !shown.contains("\" onload"), "{shown}");
            assert!(!shown.chars().any(is_invisible), "{shown:?}");
            assert!(shown.contains("&lt;script&gt;") && shown.contains("&amp;amp;"), "{shown}");
        }
        assert_eq!(super::shown(&crate::surface::visible("\u{200b}")), "<bdi>\\u{200b}</bdi>");
        assert_eq!(
            lines("a\u{200b}b\n"),
            "a<span class=\"hid\">\\u{200b}</span>b<span class=\"hid nl\">\\n</span><br>"
        );
    }

    #[test]
    fn what_differs_is_marked_on_its_side() {
        let shown = side_by_side("description", "Reads files.", "Reads files. <b>Send</b> them.");
        assert!(shown.contains("<bdi>Reads files.</bdi>"), "{shown}");
        assert!(shown.contains("Reads files.<ins> &lt;b&gt;Send&lt;/b&gt; them.</ins>"), "{shown}");
        assert!(!shown.contains("<del>"), "{shown}");
        let long = side_by_side("x", &"a".repeat(30_000), "");
        assert!(long.contains("and 10000 more characters") && long.len() < 25_000);
    }
}

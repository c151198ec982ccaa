//! A changed text as a person reads it: what stayed is shortened, what is new is shown.

use super::layout::{Piece, Tone};
use crate::diff::{Segment, words};
use crate::surface::visible;

/// Unchanged stretches longer than this are cut in the middle.
const SAME: usize = 70;
/// New text is shown up to this many characters; no honest description is longer.
const ADDED: usize = 4000;
/// Characters of a title where several stand in one line.
const TITLE: usize = 100;
/// Text that is gone is shown up to this many.
const REMOVED: usize = 600;

/// The word diff of two texts as pieces. With colour the tone tells what is new; without, the
/// markers `[-` `-]` `{+` `+}` do, and such marks inside the text are broken by a backslash so
/// that a server cannot pretend that its new sentence was always there.
pub(super) fn word_diff(before: &str, after: &str, color: bool) -> Vec<Piece> {
    let segments = words(before, after);
    let last = segments.len().saturating_sub(1);
    let mut out = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        out.push(match segment {
            Segment::Same(text) => Piece::plain(shown(&shorten(text, index == 0, index == last), color)),
            Segment::Removed(text) => Piece::new(Tone::Removed, marked("[-", &cut(text, REMOVED), "-]", color)),
            Segment::Added(text) => Piece::new(Tone::Added, marked("{+", &cut(text, ADDED), "+}", color)),
        });
    }
    out
}

/// A single line of foreign text, made visible and bounded.
pub(super) fn bounded(text: &str, color: bool) -> String {
    shown(&cut(text, ADDED), color)
}

/// A title where several stand in one line.
pub(super) fn title(text: &str) -> String {
    let shown = visible(text);
    if shown.chars().count() <= TITLE {
        return shown;
    }
    let kept: String = shown.chars().take(TITLE).collect();
    format!("{} ...", kept.rsplit_once(' ').map_or(kept.as_str(), |(whole, _)| whole))
}

fn marked(open: &str, text: &str, close: &str, color: bool) -> String {
    if color {
        shown(text, true)
    } else {
        format!("{open}{}{close}", shown(text, false))
    }
}

fn shown(text: &str, color: bool) -> String {
    let text = visible(text);
    if color {
        return text;
    }
    text.replace("[-", "[\\-")
        .replace("-]", "-\\]")
        .replace("{+", "{\\+")
        .replace("+}", "+\\}")
}

fn cut(text: &str, limit: usize) -> String {
    let total = text.chars().count();
    if total <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit).collect();
    format!("{kept} (and {} more characters)", total - limit)
}

/// Keeps the ends that touch a change.
fn shorten(text: &str, first: bool, last: bool) -> String {
    let total = text.chars().count();
    if total <= SAME || (first && last) {
        return cut(text, ADDED);
    }
    let keep = SAME / 2;
    let head: String = text.chars().take(keep).collect();
    let tail: String = text.chars().skip(total - keep).collect();
    // At whole words, where there are any.
    let head = head.rsplit_once(' ').map_or(head.as_str(), |(whole, _)| whole);
    let tail = tail.split_once(' ').map_or(tail.as_str(), |(_, whole)| whole);
    match (first, last) {
        (true, _) => format!("... {tail}"),
        (_, true) => format!("{head} ..."),
        _ => format!("{head} ... {tail}"),
    }
}

//! What changed inside a text, word by word.
//!
//! The attack: one poisoned sentence in a long description that nobody reads twice. The bound
//! makes a hostile pair of texts coarse, never slow and never equal.

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Above this product of token counts (after common ends are cut) the middle is shown as replaced.
const MAX_PRODUCT: usize = 2_000_000;

/// A stretch of a word diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// In both texts.
    Same(String),
    /// Only in the old text.
    Removed(String),
    /// Only in the new text.
    Added(String),
}

/// The word diff of two texts.
///
/// All `Same` and `Removed` stretches joined are the old text, all `Same` and `Added` the new one,
/// byte for byte.
pub fn words(before: &str, after: &str) -> Vec<Segment> {
    let (old, new) = (tokens(before), tokens(after));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);

    let mut out = Builder::default();
    out.same(&old[..head].concat());
    if old_middle.len().saturating_mul(new_middle.len()) > MAX_PRODUCT {
        out.changed(&old_middle.concat(), &new_middle.concat());
    } else {
        for op in capture_diff_slices(Algorithm::Myers, old_middle, new_middle) {
            let (tag, old_range, new_range) = op.as_tag_tuple();
            match tag {
                DiffTag::Equal => out.same(&old_middle[old_range].concat()),
                _ => out.changed(&old_middle[old_range].concat(), &new_middle[new_range].concat()),
            }
        }
    }
    out.same(&old[old.len() - tail..].concat());
    out.finish()
}

/// Words, runs of blanks, and everything else character by character. Ideographs count singly:
/// their scripts put no blanks between words.
fn tokens(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        '\u{2e80}'..='\u{d7ff}' | '\u{20000}'..='\u{3ffff}' => 0,
        c if c.is_alphanumeric() || c == '_' => 1,
        c if c == ' ' || c == '\t' => 2,
        _ => 0,
    };
    let mut out = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for (at, c) in text.char_indices() {
        let this = class(c);
        if at > start && (this == 0 || this != last) {
            out.push(&text[start..at]);
            start = at;
        }
        last = this;
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

/// Joins neighbours, and pulls a lone blank between two changes into both of them.
#[derive(Default)]
struct Builder {
    out: Vec<Segment>,
    removed: String,
    added: String,
    blank: String,
}

impl Builder {
    fn same(&mut self, text: &str) {
        let pending = !(self.removed.is_empty() && self.added.is_empty());
        if pending && self.blank.is_empty() && text == " " {
            text.clone_into(&mut self.blank);
            return;
        }
        self.flush();
        if text.is_empty() {
            return;
        }
        match self.out.last_mut() {
            Some(Segment::Same(last)) => last.push_str(text),
            _ => self.out.push(Segment::Same(text.to_owned())),
        }
    }

    fn changed(&mut self, removed: &str, added: &str) {
        if removed.is_empty() && added.is_empty() {
            return;
        }
        let blank = std::mem::take(&mut self.blank);
        self.removed.push_str(&blank);
        self.added.push_str(&blank);
        self.removed.push_str(removed);
        self.added.push_str(added);
    }

    fn flush(&mut self) {
        for (text, make) in [
            (&mut self.removed, Segment::Removed as fn(String) -> Segment),
            (&mut self.added, Segment::Added),
        ] {
            if !text.is_empty() {
                self.out.push(make(std::mem::take(text)));
            }
        }
        if !self.blank.is_empty() {
            self.out.push(Segment::Same(std::mem::take(&mut self.blank)));
        }
    }

    fn finish(mut self) -> Vec<Segment> {
        self.flush();
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(before: &str, after: &str) -> String {
        let mut shown = String::new();
        let (mut old, mut new) = (String::new(), String::new());
        for segment in words(before, after) {
            match segment {
                Segment::Same(text) => {
                    shown.push_str(&text);
                    old.push_str(&text);
                    new.push_str(&text);
                }
                Segment::Removed(text) => {
                    shown = shown + "[-" + &text + "-]";
                    old.push_str(&text);
                }
                Segment::Added(text) => {
                    shown = shown + "{+" + &text + "+}";
                    new.push_str(&text);
                }
            }
        }
        assert_eq!((old.as_str(), new.as_str()), (before, after));
        shown
    }

    #[test]
    fn words_are_told_apart() {
        assert_eq!(show("read a file", "read any file now"), "read [-a-]{+any+} file{+ now+}");
        assert_eq!(show("one two three", "four five three"), "[-one two-]{+four five+} three");
        assert_eq!(show("", "x"), "{+x+}");
        assert_eq!(show("same", "same"), "same");
        assert_eq!(show("搜索关键词", "搜索文件"), "搜索[-关键词-]{+文件+}");
    }

    #[test]
    fn hostile_texts_are_coarse_and_quick() {
        let many = |word: &str| (0..20_000).map(|n| format!("{word}{n}")).collect::<Vec<_>>().join(" ");
        let (old, new) = (many("a"), many("b"));
        assert_eq!(words(&old, &new).iter().filter(|s| matches!(s, Segment::Added(_))).count(), 1);
        show(&old, &new);
    }
}

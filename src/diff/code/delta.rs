//! Which lines of a file are new, and the excerpts a person sees.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

/// Above this product of line counts (after common ends are cut) lines are counted as a bag.
const MAX_PRODUCT: usize = 4_000_000;
/// Bytes of an excerpt.
const EXCERPT: usize = 160;

/// Two versions of a text, by lines.
pub(super) struct Delta<'t> {
    old: Lines<'t>,
    new: Lines<'t>,
    /// Stretches of lines, old and new, that stand for each other.
    stretches: Vec<(Range<usize>, Range<usize>)>,
}

struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The line differs from the other side.
    differs: Vec<bool>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1).filter(|&at| at < text.len()))
            .collect();
        let differs = vec![false; starts.len()];
        Self { text, starts, differs }
    }

    fn range(&self, line: usize) -> Range<usize> {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        start..self.starts.get(line + 1).copied().unwrap_or(self.text.len())
    }

    fn line(&self, line: usize) -> &'t str {
        self.text.get(self.range(line)).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    fn all(&self) -> Vec<&'t str> {
        (0..self.starts.len()).map(|line| self.line(line)).collect()
    }

    fn at(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte).saturating_sub(1)
    }

    /// The first line that differs within a range of bytes.
    fn first(&self, range: &Range<usize>) -> Option<usize> {
        let last = self.at(range.end.saturating_sub(1).max(range.start));
        (self.at(range.start)..=last).find(|&line| self.differs.get(line) == Some(&true))
    }
}

impl<'t> Delta<'t> {
    pub(super) fn of(old: &'t str, new: &'t str) -> Self {
        let (mut old, mut new) = (Lines::of(old), Lines::of(new));
        let mut stretches = Vec::new();
        if old.text.is_empty() {
            new.differs.fill(true);
        } else {
            let (a, b) = (old.all(), new.all());
            let head = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
            let tail = a[head..]
                .iter()
                .rev()
                .zip(b[head..].iter().rev())
                .take_while(|(a, b)| a == b)
                .count();
            let (a, b) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
            if a.len().saturating_mul(b.len()) > MAX_PRODUCT {
                bag(a, b, head, &mut new.differs);
                bag(b, a, head, &mut old.differs);
            } else {
                for op in capture_diff_slices(Algorithm::Myers, a, b) {
                    let (tag, from, to) = op.as_tag_tuple();
                    if tag != DiffTag::Equal {
                        let (from, to) = (from.start + head..from.end + head, to.start + head..to.end + head);
                        old.differs[from.clone()].fill(true);
                        new.differs[to.clone()].fill(true);
                        stretches.push((from, to));
                    }
                }
            }
        }
        Self { old, new, stretches }
    }

    pub(super) const fn old_text(&self) -> &'t str {
        self.old.text
    }

    pub(super) const fn new_text(&self) -> &'t str {
        self.new.text
    }

    /// Lines of the text as it is now.
    pub(super) fn lines_within(&self, range: &Range<usize>) -> usize {
        self.new.at(range.end) - self.new.at(range.start) + 1
    }

    /// Whether any line of a range is new.
    pub(super) fn is_new(&self, range: &Range<usize>) -> bool {
        self.new.first(range).is_some()
    }

    /// Whether any line of a range of the old text went away.
    pub(super) fn was_removed(&self, range: &Range<usize>) -> bool {
        self.old.first(range).is_some()
    }

    /// The line to show for a range, and the byte to show it around: that of the literal's text, where it is
    /// written plainly on a new line.
    pub(super) fn place(&self, range: &Range<usize>, text: Option<&str>) -> (usize, usize) {
        let line = self.new.first(range).unwrap_or_else(|| self.new.at(range.start));
        let at = range.start.max(self.new.range(line).start);
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return (line, at);
        };
        let last = self.new.at(range.end.saturating_sub(1).max(range.start));
        (line..=last)
            .filter(|&line| self.new.differs.get(line) == Some(&true))
            .find_map(|line| {
                let lines = self.new.range(line);
                let part = lines.start.max(range.start)..lines.end.min(range.end);
                let place = self.new.text.get(part.clone())?.to_ascii_lowercase().find(text)?;
                Some((line, part.start + place))
            })
            .unwrap_or((line, at))
    }

    /// The line as it is, bounded around a byte.
    pub(super) fn excerpt_after(&self, line: usize, at: usize) -> String {
        around(self.new.line(line), at.saturating_sub(self.new.range(line).start))
    }

    /// The line it replaces, bounded around what differs; empty where nothing stood there.
    pub(super) fn excerpt_before(&self, line: usize, at: usize) -> String {
        let Some((old, new)) = self.stretches.iter().find(|(_, new)| new.contains(&line)) else {
            return String::new();
        };
        if old.is_empty() {
            return String::new();
        }
        let before = self.old.line((old.start + line - new.start).min(old.end - 1));
        let after = self.new.line(line);
        if before.len() <= EXCERPT {
            return before.trim().to_owned();
        }
        // What stands just before the place says where it was; failing that, where the lines part.
        let place = at.saturating_sub(self.new.range(line).start).min(after.len());
        let place = after.floor_char_boundary(place);
        let anchor = &after[after.floor_char_boundary(place.saturating_sub(24))..place];
        let same = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        let found = (anchor.len() >= 8).then(|| before.find(anchor)).flatten();
        around(before, found.map_or(same, |found| found + anchor.len()))
    }
}

/// Lines of `b` that `a` does not have, each as often as it is one too many.
fn bag(a: &[&str], b: &[&str], head: usize, differs: &mut [bool]) {
    let mut bag: HashMap<&str, usize> = HashMap::new();
    for line in a {
        *bag.entry(line).or_default() += 1;
    }
    for (at, line) in b.iter().enumerate() {
        match bag.get_mut(line) {
            Some(left) if *left > 0 => *left -= 1,
            _ => differs[head + at] = true,
        }
    }
}

/// A line, bounded around a byte.
pub(super) fn around(line: &str, at: usize) -> String {
    let indent = line.len() - line.trim_start().len();
    let trimmed = line.trim();
    if trimmed.len() <= EXCERPT {
        return trimmed.to_owned();
    }
    let at = at.saturating_sub(indent).min(trimmed.len());
    let start = trimmed.floor_char_boundary(at.saturating_sub(EXCERPT / 2).min(trimmed.len().saturating_sub(EXCERPT)));
    let end = trimmed.floor_char_boundary((start + EXCERPT).min(trimmed.len()));
    let (left, right) = (if start > 0 { "…" } else { "" }, if end < trimmed.len() { "…" } else { "" });
    format!("{left}{}{right}", &trimmed[start..end])
}

//! What an edit changes, for looking at and for `patch`.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, in the old text or (for a new line) in the new one, from 1.
    pub number: usize,
    /// Gone, come, or neither.
    pub kind: LineKind,
    /// The text, without its end. Foreign: show it escaped.
    pub text: String,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// It stays.
    Same,
    /// It goes.
    Old,
    /// It comes.
    New,
}

/// How many lines are shown around a change.
const AROUND: usize = 2;

/// The lines that differ, with a few around them; groups that lie apart are apart in the outer list.
pub fn lines(old: &str, new: &str) -> Vec<Vec<Line>> {
    let difference = TextDiff::from_lines(old, new);
    let group = |ops: &Vec<similar::DiffOp>| {
        let changes = ops.iter().flat_map(|op| difference.iter_changes(op));
        changes
            .map(|change| Line {
                number: change
                    .new_index()
                    .filter(|_| change.tag() == ChangeTag::Insert)
                    .or(change.old_index())
                    .unwrap_or(0)
                    + 1,
                kind: match change.tag() {
                    ChangeTag::Equal => LineKind::Same,
                    ChangeTag::Delete => LineKind::Old,
                    ChangeTag::Insert => LineKind::New,
                },
                text: change.value().trim_end_matches(['\r', '\n']).to_owned(),
            })
            .collect()
    };
    difference.grouped_ops(AROUND).iter().map(group).collect()
}

/// A unified difference that the program `patch` applies. Whole lines of the file stand in it,
/// secrets among them where they are near; no more lines than needed where `secret` says so.
pub fn patch(old: &str, new: &str, name: &str, secret: bool) -> String {
    let difference = TextDiff::from_lines(old, new);
    let mut patch = String::new();
    let mut unified = difference.unified_diff();
    let radius = if secret { 0 } else { 3 };
    // Writing to a text does not fail.
    let _ = write!(patch, "{}", unified.context_radius(radius).header(name, name));
    patch
}

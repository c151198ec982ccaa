//! What is wrong with a manifest, all of it at once.

use std::fmt;
use std::ops::Range;

/// One problem of one place. Whoever wrote the file is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong. Foreign text in it is escaped, and values are not repeated.
    pub what: String,
    /// What to do about it, without the word `hint:`.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A manifest with at least one problem. Nothing of it is used: half a policy is no policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// Every problem, in the order of the lines.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestError {}

impl ManifestError {
    /// What to do about it, without the word `hint:`. Single problems carry their own.
    pub fn hint(&self) -> Option<String> {
        (self.problems.len() > 1).then(|| format!("all {} problems are listed; nothing was changed", self.problems.len()))
    }
}

/// The line and column of a byte offset, both from 1.
pub(super) fn position(text: &str, span: Option<Range<usize>>) -> (usize, usize) {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before.get(line_start..).unwrap_or_default().chars().count() + 1,
    )
}

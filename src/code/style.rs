//! How a file is written: readable, bundled, minified, or made to be unreadable.

/// Figures of one file's style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Bytes.
    pub size: usize,
    /// Lines.
    pub lines: usize,
}

/// Measures a file.
pub fn of(source: &str) -> Style {
    Style {
        size: source.len(),
        lines: source.lines().count(),
    }
}

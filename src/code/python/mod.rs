//! Python, through ruff's parser.

use super::{Reading, text};

/// Reads a file of Python.
pub fn read(source: &str) -> Reading {
    text::read(source)
}

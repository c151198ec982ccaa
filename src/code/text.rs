//! The search without a syntax tree: for what does not parse, and for scripts of shells.

use super::Reading;

/// Reads a text by its words alone.
pub fn read(_source: &str) -> Reading {
    Reading::default()
}

//! Literals that are worth a look: hosts, addresses, encoded data.

use crate::model::code::LiteralKind;

/// What stands in one constant text (the value of a string, not its spelling).
pub fn in_text(_value: &str) -> Vec<(LiteralKind, String)> {
    Vec::new()
}

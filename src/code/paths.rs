//! Paths that no server needs: where secrets lie, and the configuration of AI clients.

use crate::model::code::Ability;

/// [`Ability::SecretPath`] or [`Ability::ClientConfig`] where a constant text names such a place, with
/// the part that does.
pub fn in_text(_value: &str) -> Vec<(Ability, String)> {
    Vec::new()
}

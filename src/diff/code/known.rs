//! What the package had before. Files are read only as far as the question needs.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::tree::{Role, Tree};
use crate::code::Seen;
use crate::model::code::Ability;

/// Those of the literals that the version before has in its code or data. One that stands there in a comment,
/// or in documentation, is not among them: it was prepared, and not used.
pub(super) fn literals(wanted: &BTreeSet<&Seen>, old: &Tree<'_>) -> BTreeSet<Seen> {
    let mut known = BTreeSet::new();
    let take = |path: &str, known: &mut BTreeSet<Seen>| {
        known.extend(
            old.reading(path)
                .sights
                .iter()
                .map(|sight| &sight.seen)
                .filter(|seen| wanted.contains(seen))
                .cloned(),
        );
    };
    let counts = |path: &str| matches!(old.role(path), Role::Code(_) | Role::Data);
    for path in old.paths().filter(|path| old.was_read(path)) {
        take(path, &mut known);
    }
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|seen| !known.contains(**seen))
        .filter_map(|seen| needle(seen))
        .collect();
    if missing.is_empty() {
        return known;
    }
    let Ok(search) = AhoCorasick::builder().ascii_case_insensitive(true).build(&missing) else {
        return known;
    };
    for path in old.paths().filter(|path| counts(path) && !old.was_read(path)).collect::<Vec<_>>() {
        if search.is_match(old.text(path)) {
            take(path, &mut known);
        }
    }
    known
}

/// What of a literal stands in the source as it is.
fn needle(seen: &Seen) -> Option<&str> {
    let Seen::Literal { text, .. } = seen else {
        return None;
    };
    let text = text.split('…').next()?;
    let host = text.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    Some(host.map_or(text, |(host, _)| host)).filter(|text| !text.is_empty())
}

/// Those of the abilities that the version before has anywhere.
pub(super) fn abilities(wanted: &BTreeSet<Ability>, old: &Tree<'_>) -> BTreeSet<Ability> {
    let mut missing = wanted.clone();
    let mut paths: Vec<&str> = old.paths().filter(|path| matches!(old.role(path), Role::Code(_))).collect();
    paths.sort_by_key(|path| (!old.was_read(path), old.text(path).len(), *path));
    for path in paths {
        if missing.is_empty() {
            break;
        }
        for sight in &old.reading(path).sights {
            if let Seen::Ability { ability, .. } = sight.seen {
                missing.remove(&ability);
            }
        }
    }
    wanted.difference(&missing).copied().collect()
}

//! Two sets of the guard's rules.
//!
//! The attack: a pull request that takes a tool off the list of those that need a yes. A rule that takes
//! less away than before is told apart from one that takes away more; in doubt it is the former.

use std::collections::BTreeSet;

use crate::model::Change;
use crate::model::guard::{GuardPin, Pattern};

/// Every rule that differs.
pub(super) fn diff_guard(before: &GuardPin, after: &GuardPin) -> Vec<Change> {
    let looser = [
        match (&before.tools.allow, &after.tools.allow) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(old), Some(new)) => !within(new, old),
        },
        !within(&before.tools.deny, &after.tools.deny),
        !within(&before.tools.confirm, &after.tools.confirm),
        after.tools.arguments < before.tools.arguments,
        before.results.visible && !after.results.visible,
        match (before.results.largest, after.results.largest) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(old), Some(new)) => new > old,
        },
    ];
    before
        .rules()
        .into_iter()
        .zip(after.rules())
        .zip(looser)
        .filter(|(((_, old), (_, new)), _)| old != new)
        .map(|(((rule, before), (_, after)), looser)| Change::GuardRule {
            rule,
            before,
            after,
            looser,
        })
        .collect()
}

/// Whether everything that `narrow` means, `wide` means too.
fn within(narrow: &BTreeSet<Pattern>, wide: &BTreeSet<Pattern>) -> bool {
    narrow.iter().all(|pattern| wide.iter().any(|wider| wider.covers(pattern)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::guard::ArgumentCheck;

    fn pin(edit: impl FnOnce(&mut GuardPin)) -> GuardPin {
        let mut pin = GuardPin::default();
        edit(&mut pin);
        pin
    }

    fn set(texts: &[&str]) -> BTreeSet<Pattern> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn changes(before: &GuardPin, after: &GuardPin) -> Vec<(&'static str, bool)> {
        let mut out = Vec::new();
        for change in diff_guard(before, after) {
            let Change::GuardRule { rule, looser, .. } = change else { panic!() };
            out.push((rule, looser));
        }
        out
    }

    #[test]
    fn what_takes_less_away_is_looser() {
        let none = GuardPin::default();
        for (rule, strict, looser) in [
            (
                "allow",
                pin(|p| p.tools.allow = Some(set(&["read_*"]))),
                pin(|p| p.tools.allow = Some(set(&["read_*", "go"]))),
            ),
            (
                "allow",
                pin(|p| p.tools.allow = Some(set(&[]))),
                pin(|p| p.tools.allow = Some(set(&["*"]))),
            ),
            ("deny", pin(|p| p.tools.deny = set(&["a*"])), pin(|p| p.tools.deny = set(&["ab"]))),
            (
                "confirm",
                pin(|p| p.tools.confirm = set(&["a", "b"])),
                pin(|p| p.tools.confirm = set(&["a"])),
            ),
            (
                "arguments",
                pin(|p| p.tools.arguments = ArgumentCheck::Known),
                pin(|p| p.tools.arguments = ArgumentCheck::Pinned),
            ),
            (
                "results.largest",
                pin(|p| p.results.largest = Some(1)),
                pin(|p| p.results.largest = Some(2)),
            ),
        ] {
            assert_eq!(changes(&strict, &looser), [(rule, true)]);
            assert_eq!(changes(&looser, &strict), [(rule, false)]);
            assert_eq!(changes(&strict, &none), [(rule, true)]);
            assert_eq!(changes(&none, &strict), [(rule, false)]);
            assert_eq!(changes(&strict, &strict), []);
        }
        let visible = pin(|p| p.results.visible = true);
        assert_eq!(changes(&visible, &none), [("results.visible", true)]);
        // One away and one more: looser all the same.
        let (a, b) = (pin(|p| p.tools.deny = set(&["a"])), pin(|p| p.tools.deny = set(&["b"])));
        assert_eq!(changes(&a, &b), [("deny", true)]);
    }
}

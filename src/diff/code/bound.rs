//! One sign of each kind and text, and no more than a report holds.

use crate::model::code::{Ability, CodeSign, LiteralKind, Sign};

/// The most signs of one package.
pub(super) const MOST: usize = 200;

/// Sorted, without repeats, at most [`MOST`]. The attack is a flood that washes the one sign away: so none
/// makes room for one that weighs less, and what is left out is counted.
pub(super) fn bound(mut signs: Vec<CodeSign>) -> Vec<CodeSign> {
    signs.sort();
    signs.dedup_by(|a, b| a.sign == b.sign && (is_once(&a.sign) || a.path == b.path));
    if signs.len() > MOST {
        let count = signs.len() - (MOST - 1);
        signs.sort_by(|a, b| (rank(&a.sign), a).cmp(&(rank(&b.sign), b)));
        signs.truncate(MOST - 1);
        signs.push(CodeSign {
            sign: Sign::LeftOut { count },
            path: String::new(),
            line: 0,
            before: String::new(),
            after: String::new(),
        });
        signs.sort();
    }
    signs
}

/// What is told once for a package; what is about a file is told for each.
const fn is_once(sign: &Sign) -> bool {
    matches!(sign, Sign::Literal { .. } | Sign::Ability { .. } | Sign::Chain { .. })
}

/// The worst first.
const fn rank(sign: &Sign) -> u8 {
    match sign {
        Sign::LeftOut { .. } | Sign::Chain { .. } => 0,
        Sign::Literal {
            kind: LiteralKind::Email, ..
        } => 1,
        Sign::Invisible | Sign::Pushed { .. } | Sign::Obfuscated { .. } => 2,
        Sign::Literal {
            kind: LiteralKind::Wallet | LiteralKind::Ip,
            ..
        } => 3,
        Sign::Ability { first: true, ability, .. } => match ability {
            Ability::SecretPath
            | Ability::ClientConfig
            | Ability::ChildInterpreter
            | Ability::Publish
            | Ability::Clipboard
            | Ability::Screen => 3,
            Ability::Process
            | Ability::Shell
            | Ability::Network
            | Ability::Dns
            | Ability::WholeEnvironment
            | Ability::Eval
            | Ability::Native => 5,
            Ability::FileWrite | Ability::Encode => 8,
        },
        Sign::NeverImported { .. } | Sign::Opaque { .. } => 4,
        Sign::Literal {
            kind: LiteralKind::Host, ..
        } => 6,
        Sign::Literal {
            kind: LiteralKind::Blob, ..
        }
        | Sign::Grown { .. }
        | Sign::Minified
        | Sign::Unread { .. } => 7,
        Sign::Undeclared { .. } => 8,
        Sign::Ability { first: false, .. } => 9,
    }
}

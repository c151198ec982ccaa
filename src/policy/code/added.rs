//! What a package can do or names that it did not: literals, abilities, and chains of them.

use std::collections::BTreeSet;

use super::place::{calls_out, is_aside, is_nowhere, is_reserved_mail, near, receives_from_anybody, sends_mail};
use super::words::{self, listed};
use super::{Read, Told};
use crate::model::Grade;
use crate::model::code::{Ability, CodeSign, LiteralKind, Sign};
use crate::policy::package::plural;

/// Whether a sign stands where the package sends, starts programs or runs text.
pub(super) fn acts(read: &Read<'_>, sign: &CodeSign, abilities: &[Ability]) -> bool {
    read.signs.iter().any(|other| {
        let able = matches!(&other.sign, Sign::Ability { ability, .. } if abilities.contains(ability));
        able && near(sign, other)
    })
}

/// Whether a literal is handed to a call that sends. Each way of sending is told once a package, so the
/// line itself is asked as well.
pub(super) fn sends(read: &Read<'_>, sign: &CodeSign) -> bool {
    acts(read, sign, &SENDS) || calls_out(&sign.after)
}

pub(super) const SENDS: [Ability; 4] = [Ability::Network, Ability::Dns, Ability::Process, Ability::Shell];

/// The finding for new literals of one kind.
pub(super) fn literals<'a>(read: &Read<'a>, wanted: LiteralKind) -> Option<Told<'a>> {
    let mut worst = Grade::Info;
    let (mut texts, mut signs) = (BTreeSet::new(), Vec::new());
    for sign in read.signs {
        let Sign::Literal { kind, text } = &sign.sign else { continue };
        if *kind != wanted {
            continue;
        }
        texts.insert(text.as_str());
        signs.push((literal_grade(read, sign, wanted, text), sign));
    }
    signs.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade)); // A stable sort: by place within a grade.
    worst = worst.max(signs.first()?.0);
    let (count, who, shown) = (texts.len(), read.who(), listed(&texts));
    let (code, title) = match wanted {
        LiteralKind::Host => ("code-host-added", format!("{who} now names {}: {shown}", plural(count, "new host"))),
        LiteralKind::Email => (
            "code-email-added",
            if worst == Grade::Critical {
                format!("{who} now sends to {}: {shown}", words::addresses(count, "e-mail address"))
            } else {
                format!("{who} now holds {}: {shown}", words::addresses(count, "new e-mail address"))
            },
        ),
        LiteralKind::Ip => (
            "code-ip-added",
            format!("{who} now names {}: {shown}", words::addresses(count, "new IP address")),
        ),
        LiteralKind::Blob => (
            "code-blob-added",
            if worst == Grade::Critical {
                format!("{who} now holds encoded data beside code that runs text as code")
            } else {
                format!(
                    "{who} now holds {} that a reader cannot read",
                    plural(count, "run of encoded data").replace("datas", "data")
                )
            },
        ),
        LiteralKind::Wallet => (
            "code-wallet-added",
            format!("{who} now holds {}: {shown}", words::addresses(count, "address of a wallet")),
        ),
    };
    Some(Told {
        code,
        grade: worst,
        title,
        signs: signs.into_iter().map(|(_, sign)| sign).collect(),
    })
}

pub(super) fn literal_grade(read: &Read<'_>, sign: &CodeSign, kind: LiteralKind, text: &str) -> Grade {
    let grade = match kind {
        LiteralKind::Host if receives_from_anybody(text) => Grade::Warning,
        LiteralKind::Host if read.own && !is_nowhere(text) && sends(read, sign) => Grade::Warning,
        LiteralKind::Host => Grade::Notice,
        LiteralKind::Email if is_reserved_mail(text) => Grade::Notice,
        LiteralKind::Email if sends_mail(&sign.after) || sends(read, sign) => Grade::Critical,
        LiteralKind::Ip if is_nowhere(text) => Grade::Notice,
        LiteralKind::Ip if sends(read, sign) => Grade::Critical,
        LiteralKind::Blob if acts(read, sign, &[Ability::Eval]) => Grade::Critical,
        LiteralKind::Blob if !read.own => Grade::Notice,
        LiteralKind::Email | LiteralKind::Ip | LiteralKind::Blob | LiteralKind::Wallet => Grade::Warning,
    };
    // Nothing runs a package's tests; what runs is an ability, and that is told wherever it stands.
    if grade == Grade::Warning && is_aside(&sign.path) {
        Grade::Notice
    } else {
        grade
    }
}

/// What a class of abilities is worth that a package never had.
pub(super) const fn ability_grade(ability: Ability) -> Grade {
    match ability {
        Ability::Network | Ability::FileWrite | Ability::Encode | Ability::WholeEnvironment | Ability::Dns => Grade::Notice,
        Ability::Process
        | Ability::Shell
        | Ability::SecretPath
        | Ability::Eval
        | Ability::Native
        | Ability::Clipboard
        | Ability::Screen
        | Ability::ChildInterpreter
        | Ability::ClientConfig
        | Ability::Publish => Grade::Warning,
    }
}

/// The finding for classes of abilities that the package never had, and for more places of secrets or
/// of clients' configurations. That it does once more what it did is no news.
pub(super) fn abilities<'a>(read: &Read<'a>) -> Option<Told<'a>> {
    let mut worst: Option<Grade> = None;
    let (mut classes, mut signs) = (BTreeSet::new(), Vec::new());
    for sign in read.signs {
        let Sign::Ability { ability, first, .. } = &sign.sign else {
            continue;
        };
        let again = matches!(ability, Ability::SecretPath | Ability::ClientConfig);
        let grade = match (*first, again) {
            (true, _) => ability_grade(*ability),
            (false, true) => Grade::Notice,
            (false, false) => continue,
        };
        worst = worst.max(Some(grade));
        classes.insert(*ability);
        signs.push((grade, sign));
    }
    signs.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade));
    Some(Told {
        code: "code-ability-added",
        grade: worst?,
        title: format!("{} now {}", read.who(), words::does(&classes)),
        signs: signs.into_iter().map(|(_, sign)| sign).collect(),
    })
}

/// What a chain is worth. An environment that is handed on to a program is how programs are started.
pub(super) const fn chain_grade(source: Ability, sink: Ability, encoded: bool) -> Grade {
    match (source, sink) {
        (Ability::WholeEnvironment, Ability::Process | Ability::Shell) => {
            if encoded {
                Grade::Warning
            } else {
                Grade::Info
            }
        }
        (_, Ability::Process | Ability::Shell) => Grade::Warning,
        _ => Grade::Critical,
    }
}

/// The finding for what is read and leaves in one function.
pub(super) fn chains<'a>(read: &Read<'a>) -> Option<Told<'a>> {
    let mut found: Vec<(Grade, &CodeSign, Ability, Ability, bool)> = Vec::new();
    for sign in read.signs {
        let Sign::Chain { source, sink, encoded } = &sign.sign else {
            continue;
        };
        let grade = chain_grade(*source, *sink, *encoded);
        // Where neither of its ends has a new place in the file, the function around them moved.
        let moved = |end: Ability| {
            let here = |other: &&CodeSign| other.path == sign.path;
            !read
                .signs
                .iter()
                .filter(here)
                .any(|other| matches!(&other.sign, Sign::Ability { ability, .. } if *ability == end))
        };
        let grade = if moved(*source) && moved(*sink) {
            grade.min(Grade::Warning)
        } else {
            grade
        };
        found.push((grade, sign, *source, *sink, *encoded));
    }
    told_chain(read, found, "now ")
}

/// A chain's title is about the worst of them.
pub(super) fn told_chain<'a>(
    read: &Read<'a>,
    mut found: Vec<(Grade, &'a CodeSign, Ability, Ability, bool)>,
    now: &str,
) -> Option<Told<'a>> {
    found.retain(|(grade, ..)| *grade > Grade::Info);
    found.sort_by_key(|(grade, ..)| std::cmp::Reverse(*grade));
    let (grade, _, source, sink, encoded) = *found.first()?;
    let packed = if encoded { ", packed" } else { "" };
    Some(Told {
        code: "code-chain",
        grade,
        title: format!("{} {now}{} in one place{packed}", read.who(), words::chain(source, sink)),
        signs: found.into_iter().map(|(_, sign, ..)| sign).collect(),
    })
}

//! The first look at a package: nothing is new, and everything is.
//!
//! An honest server talks to a network, reads variables and writes files. All of that is one line.
//! What is told for itself is what an honest server has to explain.

use std::collections::BTreeSet;

use super::added::{chain_grade, sends, told_chain};
use super::hidden::disguised;
use super::needs::never_imported;
use super::place::{is_aside, is_nowhere, is_reserved_mail, receives_from_anybody, sends_mail};
use super::words::{self, listed};
use super::{Around, Read, Told, left_out, of_kind};
use crate::model::Grade;
use crate::model::code::{Ability, CodeSign, LiteralKind, Sign};

/// What a first look is to tell. Of a package that is not the server's own, only what harms, and what
/// it can do at `info`.
pub(super) fn judged<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let who = read.who();
    let mut out = disguised(read);
    out.extend(abilities(read, &who));
    out.extend(chains(read));
    out.extend(literals(read, &who));
    out.extend(never_imported(read, around));
    out.extend(left_out(read));
    if read.own {
        out.extend(clients(read, &who));
        out.extend(secrets(read, &who));
        out.extend(unreadable(read, &who));
    }
    out
}

/// Abilities that not every server has.
const UNCOMMON: [Ability; 9] = [
    Ability::Shell,
    Ability::Eval,
    Ability::Native,
    Ability::SecretPath,
    Ability::Clipboard,
    Ability::Screen,
    Ability::ChildInterpreter,
    Ability::ClientConfig,
    Ability::Publish,
];

/// One line: what the code can do.
fn abilities<'a>(read: &Read<'a>, who: &str) -> Option<Told<'a>> {
    let mut classes = BTreeSet::new();
    let mut signs = Vec::new();
    for sign in read.signs {
        if let Sign::Ability { ability, .. } = &sign.sign
            && *ability != Ability::Encode
            && classes.insert(*ability)
        {
            signs.push(sign);
        }
    }
    if classes.is_empty() {
        return None;
    }
    let uncommon = classes.iter().any(|class| UNCOMMON.contains(class));
    Some(Told {
        code: "code-abilities",
        grade: if read.own && uncommon { Grade::Notice } else { Grade::Info },
        title: format!("{who} {}", words::does(&classes)),
        signs,
    })
}

/// Ways for secrets to leave. Without packing, one that reads its settings and calls its service in
/// one function looks the same.
fn chains<'a>(read: &Read<'a>) -> Option<Told<'a>> {
    let mut found = Vec::new();
    for sign in read.signs {
        let Sign::Chain { source, sink, encoded } = &sign.sign else {
            continue;
        };
        if matches!((source, sink), (Ability::ClientConfig, _)) && read.own {
            continue; // See `clients`.
        }
        let grade = chain_grade(*source, *sink, *encoded);
        let grade = match (source, encoded) {
            (Ability::WholeEnvironment, false) => grade.min(Grade::Notice),
            (_, false) => grade.min(Grade::Warning),
            (_, true) => grade,
        };
        if read.own || grade == Grade::Critical {
            found.push((grade, sign, *source, *sink, *encoded));
        }
    }
    told_chain(read, found, "")
}

/// Addresses that an honest server has to explain.
fn literals<'a>(read: &Read<'a>, who: &str) -> Vec<Told<'a>> {
    let mut out = Vec::new();
    let is = |sign: &&CodeSign, wanted: LiteralKind, test: &dyn Fn(&str, &CodeSign) -> bool| {
        matches!(&sign.sign, Sign::Literal { kind, text } if *kind == wanted && test(text, sign)) && !is_aside(&sign.path)
    };
    let pick = |wanted, test: &dyn Fn(&str, &CodeSign) -> bool| -> Vec<&'a CodeSign> {
        read.signs.iter().filter(|sign| is(sign, wanted, test)).collect()
    };
    let mut tell = |code, grade, what: &str, signs: Vec<&'a CodeSign>| {
        let texts: BTreeSet<_> = signs
            .iter()
            .filter_map(|sign| {
                if let Sign::Literal { text, .. } = &sign.sign {
                    Some(text.as_str())
                } else {
                    None
                }
            })
            .collect();
        if !signs.is_empty() {
            let title = format!("{who} {what}: {}", listed(&texts));
            out.push(Told { code, grade, title, signs });
        }
    };
    let drops = pick(LiteralKind::Host, &|text, _| receives_from_anybody(text));
    tell(
        "code-host-added",
        Grade::Warning,
        "names a host that takes what anybody sends",
        drops,
    );
    let ips = pick(LiteralKind::Ip, &|text, sign| !is_nowhere(text) && sends(read, sign));
    tell("code-ip-added", Grade::Warning, "talks to an address that has no name", ips);
    let mail = pick(LiteralKind::Email, &|text, sign| !is_reserved_mail(text) && sends_mail(&sign.after));
    tell(
        "code-email-added",
        Grade::Warning,
        "sends to an e-mail address that it brings",
        mail,
    );
    out
}

/// Configurations of AI clients. Servers that set themselves up name one; what names several, and
/// writes, spreads.
fn clients<'a>(read: &Read<'a>, who: &str) -> Option<Told<'a>> {
    let is = |sign: &Sign| {
        matches!(
            sign,
            Sign::Ability {
                ability: Ability::ClientConfig,
                ..
            }
        )
    };
    of_kind(read, "code-client-config", is, |signs| {
        let by = named(signs);
        let writes = read.signs.iter().any(|sign| {
            matches!(
                sign.sign,
                Sign::Chain {
                    source: Ability::ClientConfig,
                    sink: Ability::FileWrite,
                    ..
                }
            )
        });
        let grade = match (writes, by.len()) {
            (true, 2..) => Grade::Critical,
            (true, _) => Grade::Warning,
            (false, _) => Grade::Notice,
        };
        let does = if writes {
            "writes files and names what AI clients are configured by"
        } else {
            "names what AI clients are configured by"
        };
        (grade, format!("{who} {does}: {}", listed(&by)))
    })
}

/// Places where secrets lie.
fn secrets<'a>(read: &Read<'a>, who: &str) -> Option<Told<'a>> {
    let is = |sign: &Sign| {
        matches!(
            sign,
            Sign::Ability {
                ability: Ability::SecretPath,
                ..
            }
        )
    };
    of_kind(read, "code-secret-path", is, |signs| {
        let by = named(signs);
        let grade = if by.len() >= 3 { Grade::Warning } else { Grade::Notice };
        (grade, format!("{who} names places where secrets lie: {}", listed(&by)))
    })
}

fn named<'a>(signs: &[&'a CodeSign]) -> BTreeSet<&'a str> {
    let by = |sign: &&'a CodeSign| {
        if let Sign::Ability { by, .. } = &sign.sign {
            Some(by.as_str())
        } else {
            None
        }
    };
    signs.iter().filter_map(by).collect()
}

/// Files that nobody can read. Native code is told for the whole closure already.
fn unreadable<'a>(read: &Read<'a>, who: &str) -> Vec<Told<'a>> {
    let other = |sign: &Sign| matches!(sign, Sign::Opaque { what } if !words::is_native(what));
    let opaque = of_kind(read, "code-opaque-file", other, |signs| {
        let kinds: BTreeSet<_> = signs
            .iter()
            .filter_map(|sign| {
                if let Sign::Opaque { what } = &sign.sign {
                    Some(what.as_str())
                } else {
                    None
                }
            })
            .collect();
        (
            if kinds.iter().all(|kind| kind.starts_with("binary data")) {
                Grade::Notice
            } else {
                Grade::Warning
            },
            format!("{who} brings files that nobody can read: {}", listed(&kinds)),
        )
    });
    let unread = of_kind(
        read,
        "code-unread",
        |sign| matches!(sign, Sign::Unread { .. }),
        |_| {
            (
                Grade::Notice,
                format!("{who} has files that cannot be read as code; only their text was searched"),
            )
        },
    );
    [opaque, unread].into_iter().flatten().collect()
}

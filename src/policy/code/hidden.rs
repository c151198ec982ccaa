//! Code and files that a person cannot read, and code that somebody took care to hide.

use std::collections::BTreeSet;

use super::place::is_aside;
use super::words::{self, listed};
use super::{Around, Read, Told, of_kind};
use crate::model::Grade;
use crate::model::code::{CodeSign, Sign};
use crate::policy::package::plural;

/// The findings for code and files that a person cannot read.
pub(super) fn unreadable<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let who = read.who();
    let minified = of_kind(
        read,
        "code-minified",
        |sign| matches!(sign, Sign::Minified),
        |signs| {
            let title = format!(
                "{who} now has {} minified that a person could read before",
                plural(signs.len(), "file")
            );
            // What others minify is their build's business, and its text is searched all the same.
            (if read.own { Grade::Warning } else { Grade::Notice }, title)
        },
    );
    let grown = of_kind(
        read,
        "code-grown",
        |sign| matches!(sign, Sign::Grown { .. }),
        |signs| {
            let factor = |sign: &&CodeSign| match sign.sign {
                Sign::Grown { before, after } => (after / before.max(1), before, after),
                _ => (0, 0, 0),
            };
            let (times, before, after) = signs.iter().map(factor).max().unwrap_or_default();
            // Packages of a closure grow as they do; one file that does is another thing.
            let one_file = signs.iter().any(|sign| !sign.path.is_empty());
            let grade = if times >= 10 && after >= 200_000 && (read.own || one_file) {
                Grade::Warning
            } else {
                Grade::Notice
            };
            let title = format!(
                "{who} grew out of all proportion: {} to {}",
                words::size(before),
                words::size(after)
            );
            (grade, title)
        },
    );
    let opaque = of_kind(
        read,
        "code-opaque-file",
        |sign| matches!(sign, Sign::Opaque { .. }),
        |signs| {
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
            let was_native = !around.native.contains(read.name) && kinds.iter().all(|kind| words::is_native(kind));
            let usual = kinds.iter().all(|kind| kind.ends_with(crate::diff::USUAL));
            let grade = if !read.own && (was_native || usual) {
                Grade::Notice
            } else {
                Grade::Warning
            };
            let title = format!(
                "{who} now brings {} that nobody can read: {}",
                plural(signs.len(), "file"),
                listed(&kinds)
            );
            (grade, title)
        },
    );
    let unread = of_kind(
        read,
        "code-unread",
        |sign| matches!(sign, Sign::Unread { .. }),
        |signs| {
            let aside = signs.iter().all(|sign| is_aside(&sign.path));
            let title = format!(
                "{who} has {} that cannot be read as code; only the text was searched",
                plural(signs.len(), "file")
            );
            (if aside { Grade::Notice } else { Grade::Warning }, title)
        },
    );
    [minified, grown, opaque, unread].into_iter().flatten().collect()
}

/// Code that somebody took care to hide: as bad at a first look as later.
pub(super) fn disguised<'a>(read: &Read<'a>) -> Vec<Told<'a>> {
    let who = read.who();
    let unseen: Vec<_> = read.signs.iter().filter(|sign| matches!(sign.sign, Sign::Invisible)).collect();
    let invisible = (!unseen.is_empty()).then(|| {
        let files: BTreeSet<_> = unseen.iter().map(|sign| sign.path.as_str()).collect();
        // What nothing precedes may be a table of such characters, or a symbol in a text.
        let seen_first = read.first || unseen.iter().all(|sign| is_aside(&sign.path));
        let first = unseen.iter().map(|sign| hides(sign)).max().unwrap_or(Grade::Critical);
        Told {
            code: "invisible-characters",
            grade: if seen_first { first } else { Grade::Critical },
            title: format!(
                "{who} now holds invisible characters, which hide code from a reader, in {}",
                plural(files.len(), "file")
            ),
            signs: unseen,
        }
    });
    let pushed = of_kind(
        read,
        "code-pushed-aside",
        |sign| matches!(sign, Sign::Pushed { .. }),
        |_| {
            (
                Grade::Critical,
                format!("{who} holds code pushed out of sight, behind blanks no editor shows the end of"),
            )
        },
    );
    let obfuscated = of_kind(
        read,
        "code-obfuscated",
        |sign| matches!(sign, Sign::Obfuscated { .. }),
        |signs| {
            let how: BTreeSet<_> = signs
                .iter()
                .filter_map(|sign| {
                    if let Sign::Obfuscated { how } = &sign.sign {
                        Some(how.as_str())
                    } else {
                        None
                    }
                })
                .collect();
            (Grade::Critical, format!("{who} is made hard to read: {}", listed(&how)))
        },
    );
    [invisible, pushed, obfuscated].into_iter().flatten().collect()
}

/// At most so many unseen characters in a row are what code that removes them has to name.
const FEW: usize = 8;

/// What unseen characters are worth at a first look, and in tests and texts later: hardly more than a note in a text for people, and
/// the worst where they are many, or of those that carry text.
fn hides(sign: &CodeSign) -> Grade {
    let runs = crate::diff::hidden_runs(&sign.after);
    let count: usize = runs.iter().map(|run| run.text.chars().count()).sum();
    let carries = runs.iter().any(|run| run.text.chars().any(|c| c >= '\u{e0000}'));
    let text = is_aside(&sign.path)
        || [".md", ".rst", ".txt", ".markdown"]
            .iter()
            .any(|ending| sign.path.ends_with(ending));
    match (carries || count > FEW || count == 0, text) {
        (true, _) => Grade::Critical,
        (false, true) => Grade::Notice,
        (false, false) => Grade::Warning,
    }
}

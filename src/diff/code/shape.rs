//! How files look, compared with how they looked: minified, obfuscated, pushed, grown, invisible, opaque.

use std::collections::BTreeSet;

use super::Changed;
use super::tree::{self, Role, Tree};
use crate::code::{Sight, style};
use crate::diff::hidden::{HiddenRun, newly_hidden};
use crate::model::code::{CodeSign, Sign};

/// How a kind of file is told that the version before had as well.
pub(crate) const USUAL: &str = ", as others before";
/// A file grows out of proportion above both.
const FILE: (usize, usize) = (10, 100_000);
/// The code of a package likewise.
const PACKAGE: (usize, usize) = (3, 1_000_000);
/// So many characters of the harmless kinds are no accident.
const HARMLESS: usize = 64;

/// What one file shows. `compared`: the package has a version before.
pub(super) fn file(file: &Changed<'_, '_>, old: &Tree<'_>, new: &Tree<'_>, compared: bool, out: &mut Vec<CodeSign>) {
    match file.role {
        Role::Opaque(what) => {
            // The same library, built again, is no news.
            let was = file.before.is_some_and(|path| old.role(path) == file.role);
            if !was {
                // Data that is packed in every version is another thing than the first of its kind.
                let usual = old.paths().any(|path| old.role(path) == file.role);
                let what = if usual { format!("{what}{USUAL}") } else { what.to_owned() };
                out.push(file.whole(Sign::Opaque { what }));
            }
            return;
        }
        Role::Code(_) => code(file, old, compared, out),
        Role::Data | Role::Aside => {}
    }
    if matches!(file.role, Role::Aside) && tree::is_picture(new.content(file.path)) {
        return; // Its bytes are no characters; one that a module is loaded from is code, not this.
    }
    let (before, after) = (file.before.map_or("", |path| old.text(path)), new.text(file.path));
    let runs = newly_hidden(before, after);
    let harmless: usize = runs.iter().filter(|run| is_harmless(run)).map(|run| run.text.chars().count()).sum();
    let worth = runs
        .iter()
        .find(|run| !is_harmless(run))
        .or_else(|| runs.first().filter(|_| harmless > HARMLESS));
    if let Some(run) = worth {
        out.push(at(file, Sign::Invisible, run.range.clone()));
    }
}

/// Controls, marks and joiners that tables of characters hold in good faith, few at a time.
fn is_harmless(run: &HiddenRun) -> bool {
    let known = |c: char| matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}');
    run.text.chars().count() <= 4 && run.text.chars().all(known)
}

fn at(file: &Changed<'_, '_>, sign: Sign, range: std::ops::Range<usize>) -> CodeSign {
    let seen = crate::code::Seen::Ability {
        ability: crate::model::code::Ability::Encode,
        by: String::new(),
    };
    file.sign(
        sign,
        &Sight {
            seen,
            range,
            function: None,
        },
    )
}

fn code(file: &Changed<'_, '_>, old: &Tree<'_>, compared: bool, out: &mut Vec<CodeSign>) {
    let now = style::of(file.delta.new_text());
    let was = file.before.map(|path| style::of(old.text(path)));
    // A new file is compared with every file of the version before.
    let others = |is: &dyn Fn(&style::Style) -> bool| old.styles().iter().any(is);
    if let Some(how) = now.obfuscated()
        && was.and_then(|was| was.obfuscated()) != Some(how)
        && (file.before.is_some() || !others(&|style| style.obfuscated() == Some(how)))
    {
        out.push(file.whole(Sign::Obfuscated { how: how.to_owned() }));
    }
    let readable = match was {
        Some(was) => was.size > 0 && !was.is_minified(),
        None => compared && !others(&style::Style::is_minified),
    };
    if compared && now.is_minified() && readable {
        out.push(file.whole(Sign::Minified));
    }
    if let Some(was) = was
        && now.size > was.size.max(1).saturating_mul(FILE.0)
        && now.size - was.size > FILE.1
    {
        out.push(file.whole(Sign::Grown {
            before: was.size as u64,
            after: now.size as u64,
        }));
    }
    // One sign a file: what is pushed once is pushed.
    let pushed = style::pushed(file.delta.new_text());
    if let Some((place, columns)) = pushed.into_iter().find(|(place, _)| file.delta.is_new(&(*place..place + 1)))
        && style::pushed(file.delta.old_text()).iter().all(|(_, before)| *before != columns)
    {
        out.push(at(file, Sign::Pushed { columns }, place..place + 1));
    }
    let failed_before = file.before.is_some_and(|path| old.reading(path).unread.is_some());
    if let Some(why) = file.reading.unread.clone().filter(|_| !failed_before) {
        out.push(file.whole(Sign::Unread { why }));
    }
}

/// What only the whole shows.
pub(super) fn package(old: &Tree<'_>, new: &Tree<'_>, out: &mut Vec<CodeSign>) {
    let size = |tree: &Tree<'_>| -> usize {
        let paths: BTreeSet<&str> = tree.paths().filter(|path| matches!(tree.role(path), Role::Code(_))).collect();
        paths.into_iter().map(|path| tree.text(path).len()).sum()
    };
    let (before, after) = (size(old), size(new));
    if before > 0 && after > before.saturating_mul(PACKAGE.0) && after - before > PACKAGE.1 {
        out.push(CodeSign {
            sign: Sign::Grown {
                before: before as u64,
                after: after as u64,
            },
            path: String::new(),
            line: 0,
            before: String::new(),
            after: String::new(),
        });
    }
}

//! What is new in the code of one package.
//!
//! Only what stands on added or changed lines counts, and of that only what the package had nowhere
//! before: a literal that was there, or an ability that it had, is no news. What was there is asked of
//! code and data alone: a host in a README, or an address in a comment, does not make way for a later
//! version that sends to it.
//!
//! Tests, documentation, types and source maps are no code, until code names them. They are still
//! searched for invisible characters and for files that nobody can read.

mod bound;
mod chain;
mod delta;
mod known;
mod names;
mod pair;
mod shape;
mod tree;

pub(crate) use shape::USUAL;

use std::collections::{BTreeMap, BTreeSet};

use crate::code::{Seen, Sight};
use crate::model::code::{Ability, CodeSign, Sign};

use delta::Delta;
use tree::{Role, Tree};

/// A file as text.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// Its path in the package.
    pub path: &'a str,
    /// Its content, whatever it is.
    pub content: &'a [u8],
}

/// One version of one package, unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// Its name: code may import its own package.
    pub name: &'a str,
    /// Its files, in any order; a path that occurs twice counts by its last occurrence, as in the archive.
    pub files: &'a [SourceFile<'a>],
    /// The names of every package it declares: dependencies of all kinds, optional, peer and bundled
    /// ones among them. `None` where names of modules do not follow from names of packages (Python):
    /// imports are then not compared with them.
    pub declared: Option<&'a [&'a str]>,
}

/// The signs that are new between two versions of one package, sorted; with nothing before, all that
/// a first look is to see. At most 200: the least are left out, and [`Sign::LeftOut`] says how many.
///
/// Pure and free of shared state: run packages side by side on as many threads as there are cores.
pub fn diff_code(before: Option<&Package<'_>>, after: &Package<'_>) -> Vec<CodeSign> {
    let old = Tree::of(before.map_or(&[], |package| package.files));
    let new = Tree::of(after.files);
    let pairs = pair::pairs(&old, &new);
    let mut signs = Vec::new();
    let files: Vec<Changed<'_, '_>> = pairs.iter().map(|pair| Changed::of(pair, &old, &new)).collect();
    let gone = pair::gone(&pairs, &old, &new);
    sights(&files, &gone, &old, &mut signs);
    chain::chains(&files, &gone, &old, &mut signs);
    for file in &files {
        shape::file(file, &old, &new, before.is_some(), &mut signs);
    }
    shape::package(&old, &new, &mut signs);
    if let Some(before) = before {
        names::never_imported(before, after, &new, &mut signs);
    }
    names::undeclared(after, &files, &old, &mut signs);
    bound::bound(signs)
}

/// A file that was added or changed.
struct Changed<'p, 't> {
    /// Its path now.
    path: &'p str,
    /// What it is now.
    role: Role,
    /// The path of the version before.
    before: Option<&'p str>,
    /// Which lines are new.
    delta: Delta<'t>,
    /// What was read in it.
    reading: std::rc::Rc<crate::code::Reading>,
}

impl<'p, 't> Changed<'p, 't> {
    fn of(pair: &pair::Pair<'p>, old: &'t Tree<'_>, new: &'t Tree<'_>) -> Self {
        let before = pair.before.map_or("", |path| old.text(path));
        Self {
            path: pair.after,
            role: new.role(pair.after),
            before: pair.before,
            delta: Delta::of(before, new.text(pair.after)),
            reading: new.reading(pair.after),
        }
    }

    /// A sign with its place and its surroundings.
    fn sign(&self, sign: Sign, sight: &Sight) -> CodeSign {
        let text = match &sign {
            Sign::Literal { text, .. } => Some(text.as_str()),
            _ => None,
        };
        let (line, at) = self.delta.place(&sight.range, text);
        CodeSign {
            sign,
            path: self.path.to_owned(),
            line: u32::try_from(line + 1).unwrap_or(u32::MAX),
            before: self.delta.excerpt_before(line, at),
            after: self.delta.excerpt_after(line, at),
        }
    }

    /// A sign about the whole file.
    fn whole(&self, sign: Sign) -> CodeSign {
        CodeSign {
            sign,
            path: self.path.to_owned(),
            line: 0,
            before: String::new(),
            after: String::new(),
        }
    }
}

/// New literals and abilities, one sign each, at the first place.
fn sights(files: &[Changed<'_, '_>], gone: &[&str], old: &Tree<'_>, out: &mut Vec<CodeSign>) {
    let mut fresh: BTreeMap<&Seen, (usize, &Changed<'_, '_>, &Sight)> = BTreeMap::new();
    for file in files {
        for sight in file.reading.sights.iter().filter(|sight| file.delta.is_new(&sight.range)) {
            fresh.entry(&sight.seen).or_insert((0, file, sight)).0 += 1;
        }
    }
    // What left in the same update only moved.
    let mut left: BTreeMap<Seen, usize> = BTreeMap::new();
    for (path, delta) in files
        .iter()
        .filter_map(|file| Some((file.before?, Some(&file.delta))))
        .chain(gone.iter().map(|path| (*path, None)))
    {
        for sight in &old.reading(path).sights {
            if delta.is_none_or(|delta: &Delta<'_>| delta.was_removed(&sight.range)) {
                *left.entry(sight.seen.clone()).or_default() += 1;
            }
        }
    }
    let literals: BTreeSet<&Seen> = fresh.keys().copied().filter(|seen| matches!(seen, Seen::Literal { .. })).collect();
    let known = known::literals(&literals, old);
    let abilities: BTreeSet<Ability> = fresh.keys().filter_map(|seen| ability(seen)).collect();
    let had = known::abilities(&abilities, old);
    for (seen, (count, file, sight)) in fresh {
        let sign = match seen {
            Seen::Literal { kind, text } if !known.contains(seen) => Sign::Literal {
                kind: *kind,
                text: text.clone(),
            },
            Seen::Ability { ability, by } if left.get(seen).is_none_or(|&left| left < count) => Sign::Ability {
                ability: *ability,
                by: by.clone(),
                first: !had.contains(ability),
            },
            _ => continue,
        };
        out.push(file.sign(sign, sight));
    }
}

const fn ability(seen: &Seen) -> Option<Ability> {
    match seen {
        Seen::Ability { ability, .. } => Some(*ability),
        Seen::Literal { .. } => None,
    }
}

#[cfg(test)]
mod tests;

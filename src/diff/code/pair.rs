//! Which file came of which.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::tree::{Role, Tree};

/// A file that was added or changed, with the file it came of.
pub(super) struct Pair<'p> {
    pub(super) after: &'p str,
    pub(super) before: Option<&'p str>,
}

/// Every file that was added or changed, by path. By path first; then equal content under another name is no
/// change; then names that differ in a digest alone (`chunk-ABC123.js`) go by likeness.
pub(super) fn pairs<'p>(old: &Tree<'p>, new: &Tree<'p>) -> Vec<Pair<'p>> {
    let mut out = Vec::new();
    let mut added = Vec::new();
    for path in new.paths() {
        if !old.has(path) {
            added.push(path);
        } else if new.role(path) != old.role(path) {
            // It was no code before: all of it is new.
            out.push(Pair { after: path, before: None });
        } else if new.content(path) != old.content(path) {
            out.push(Pair {
                after: path,
                before: Some(path),
            });
        }
    }
    let removed: Vec<&str> = old.paths().filter(|path| !new.has(path)).collect();
    let contents: HashSet<(&[u8], u8)> = removed.iter().map(|path| (old.content(path), kind(old.role(path)))).collect();
    added.retain(|path| !contents.contains(&(new.content(path), kind(new.role(path)))));
    out.extend(alike(&removed, &added, old, new));
    out.sort_by_key(|pair| pair.after);
    out
}

/// Files that went away and did not turn into another.
pub(super) fn gone<'p>(pairs: &[Pair<'p>], old: &Tree<'p>, new: &Tree<'p>) -> Vec<&'p str> {
    let used: BTreeSet<&str> = pairs.iter().filter_map(|pair| pair.before).collect();
    old.paths().filter(|path| !new.has(path) && !used.contains(path)).collect()
}

const fn kind(role: Role) -> u8 {
    match role {
        Role::Code(_) => 0,
        Role::Data => 1,
        Role::Aside => 2,
        Role::Opaque(_) => 3,
    }
}

/// So many files of one name are paired by likeness; more go by their order.
const MANY: usize = 400;

fn alike<'p>(removed: &[&'p str], added: &[&'p str], old: &Tree<'p>, new: &Tree<'p>) -> Vec<Pair<'p>> {
    let mut groups: BTreeMap<String, Vec<&'p str>> = BTreeMap::new();
    for path in removed {
        groups.entry(stem(path)).or_default().push(path);
    }
    let mut sketches: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut out = Vec::new();
    for path in added {
        let group = groups.get_mut(&stem(path)).filter(|group| !group.is_empty());
        let before = group.map(|group| {
            let best = if group.len() == 1 || group.len() > MANY {
                0
            } else {
                let mine = sketch(new.content(path));
                for other in group.iter() {
                    sketches.entry(other).or_insert_with(|| sketch(old.content(other)));
                }
                let score = |other: &&str| {
                    let theirs = sketches.get(other);
                    mine.iter()
                        .filter(|part| theirs.is_some_and(|theirs| theirs.contains(part)))
                        .count()
                };
                let scores: Vec<usize> = group.iter().map(score).collect();
                (0..group.len()).max_by_key(|&at| (scores[at], usize::MAX - at)).unwrap_or_default()
            };
            group.remove(best)
        });
        out.push(Pair { after: path, before });
    }
    out
}

/// The path with what looks like a digest or a number taken out of its file's name.
fn stem(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parts = name.split(['-', '.', '_']).map(|part| {
        let mixed = part.bytes().any(|b| b.is_ascii_digit()) || (part.len() >= 8 && part.bytes().any(|b| b.is_ascii_uppercase()));
        if mixed || (part.len() == 8 && part.bytes().all(|b| b.is_ascii_uppercase())) {
            "*"
        } else {
            part
        }
    });
    format!("{folder}/{}", parts.collect::<Vec<_>>().join("."))
}

/// The least digests of a file's pieces: alike files share most of them.
fn sketch(content: &[u8]) -> Vec<u64> {
    let pieces = content
        .split(|b| matches!(b, b'\n' | b';' | b'{' | b'}'))
        .filter(|piece| piece.len() > 12);
    let digests: BTreeSet<u64> = pieces
        .map(|piece| {
            let mut hasher = DefaultHasher::new();
            piece.hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    digests.into_iter().take(48).collect()
}

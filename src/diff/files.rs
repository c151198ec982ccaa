//! What differs between the files of two archives.
//!
//! Unchanged files are known by their digests alone; bytes are asked for only where something
//! differs. Time is linear in the size of what differs, whatever a hostile file holds: a file too
//! large for a line diff has its lines counted as a bag.

use std::collections::{BTreeMap, HashMap};

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::hidden::{hidden_runs, newly_hidden};
use crate::model::drift::{FileChange, FileChangeKind};
use crate::model::{ArchiveContents, ArchiveFile};

/// Above this product of line counts (after common ends are cut) lines are counted as a bag.
const MAX_PRODUCT: usize = 4_000_000;
/// Endings of files a program or a person reads as text, whatever bytes stand in them: a stray
/// invalid byte or NUL must not turn a script into "binary" and so out of sight.
const TEXT: [&str; 26] = [
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "json", "map", "md", "txt", "html", "htm", "css", "svg", "xml", "yml", "yaml",
    "toml", "sh", "bash", "ps1", "bat", "py", "pth",
];

/// Which archive bytes are wanted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The pinned one.
    Before,
    /// The candidate.
    After,
}

/// Every file that differs between two archives, sorted by path.
///
/// `read` is called for files that were added, removed or changed and are not native code, one
/// path at a time; its error ends the comparison, since a file that could not be read was not
/// compared.
pub fn diff_files<E>(
    before: &ArchiveContents,
    after: &ArchiveContents,
    mut read: impl FnMut(Side, &ArchiveFile) -> Result<Vec<u8>, E>,
) -> Result<Vec<FileChange>, E> {
    let mut paths: BTreeMap<&str, (Option<&ArchiveFile>, Option<&ArchiveFile>)> = BTreeMap::new();
    for file in &before.files {
        paths.entry(&file.path).or_default().0 = Some(file);
    }
    for file in &after.files {
        paths.entry(&file.path).or_default().1 = Some(file);
    }
    let mut out = Vec::new();
    for (path, sides) in paths {
        let kind = match sides {
            (Some(old), Some(new)) if old.digest != new.digest => FileChangeKind::Changed,
            (Some(old), Some(new)) if old.executable != new.executable => FileChangeKind::ModeChanged,
            (None, Some(_)) => FileChangeKind::Added,
            (Some(_), None) => FileChangeKind::Removed,
            _ => continue,
        };
        let mut change = FileChange {
            path: path.to_owned(),
            kind,
            before: sides.0.map(|file| file.digest),
            after: sides.1.map(|file| file.digest),
            lines_added: 0,
            lines_removed: 0,
            invisible: false,
            binary: is_native(sides),
        };
        if kind != FileChangeKind::ModeChanged && !change.binary {
            let old = sides.0.map(|file| read(Side::Before, file)).transpose()?;
            let new = sides.1.map(|file| read(Side::After, file)).transpose()?;
            compare(&mut change, old.as_deref().unwrap_or_default(), new.as_deref().unwrap_or_default());
        }
        out.push(change);
    }
    Ok(out)
}

fn is_native(sides: (Option<&ArchiveFile>, Option<&ArchiveFile>)) -> bool {
    // Magic numbers make a file native, and a script can be given one: a name that says text wins.
    [sides.0, sides.1]
        .into_iter()
        .flatten()
        .any(|file| file.native && !has_text_name(&file.path))
}

fn has_text_name(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .is_some_and(|(_, ending)| TEXT.contains(&ending.to_ascii_lowercase().as_str()))
}

fn compare(change: &mut FileChange, before: &[u8], after: &[u8]) {
    let looks_binary = |bytes: &[u8]| bytes.contains(&0) || std::str::from_utf8(bytes).is_err();
    if !has_text_name(&change.path) && (looks_binary(before) || looks_binary(after)) {
        change.binary = true;
        return;
    }
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    change.invisible = if before.is_empty() {
        !hidden_runs(&after).is_empty()
    } else {
        !newly_hidden(&before, &after).is_empty()
    };
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    (change.lines_removed, change.lines_added) = count(&old, &new);
}

/// Lines removed and added.
fn count(old: &[&str], new: &[&str]) -> (usize, usize) {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..]
        .iter()
        .rev()
        .zip(new[head..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    if old.len().saturating_mul(new.len()) > MAX_PRODUCT {
        return count_bag(old, new);
    }
    let (mut removed, mut added) = (0, 0);
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        let (tag, old_range, new_range) = op.as_tag_tuple();
        if tag != DiffTag::Equal {
            removed += old_range.len();
            added += new_range.len();
        }
    }
    (removed, added)
}

fn count_bag(old: &[&str], new: &[&str]) -> (usize, usize) {
    let mut bag: HashMap<&str, usize> = HashMap::new();
    for line in old {
        *bag.entry(line).or_default() += 1;
    }
    let mut added = 0;
    for line in new {
        match bag.get_mut(line) {
            Some(left) if *left > 0 => *left -= 1,
            _ => added += 1,
        }
    }
    (bag.values().sum(), added)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sha256Digest;

    fn run(before: &[(&str, &[u8])], after: &[(&str, &[u8])]) -> Vec<FileChange> {
        let contents = |files: &[(&str, &[u8])]| ArchiveContents {
            files: files
                .iter()
                .map(|(path, bytes)| ArchiveFile {
                    path: (*path).into(),
                    executable: false,
                    size: bytes.len() as u64,
                    digest: Sha256Digest::of(bytes),
                    native: bytes.starts_with(b"\x7fELF"),
                })
                .collect(),
            manifest: vec![],
        };
        diff_files(&contents(before), &contents(after), |side, file| {
            let files = if side == Side::Before { before } else { after };
            files
                .iter()
                .find(|(path, _)| *path == file.path)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or(())
        })
        .unwrap()
    }

    #[test]
    fn lines_are_counted_and_the_unchanged_left_out() {
        let changes = run(
            &[("a.js", b"one\ntwo\nthree\n"), ("gone.js", b"x\n"), ("same.js", b"s")],
            &[("a.js", b"one\n2\nthree\nfour\n"), ("new", b"\x00\xff"), ("same.js", b"s")],
        );
        let short: Vec<_> = changes
            .iter()
            .map(|c| (c.path.as_str(), c.kind, c.lines_added, c.lines_removed, c.binary))
            .collect();
        let digests = |c: &FileChange| (c.before, c.after);
        let of = |text: &str| Some(Sha256Digest::of(text));
        assert_eq!(digests(&changes[0]), (of("one\ntwo\nthree\n"), of("one\n2\nthree\nfour\n")));
        assert_eq!(digests(&changes[1]), (of("x\n"), None));
        assert_eq!(changes[2].before, None);
        assert_eq!(
            short,
            [
                ("a.js", FileChangeKind::Changed, 2, 1, false),
                ("gone.js", FileChangeKind::Removed, 0, 1, false),
                ("new", FileChangeKind::Added, 0, 0, true),
            ]
        );
    }

    #[test]
    fn a_script_cannot_hide_as_binary() {
        let hidden = "let a = '\u{e0041}';\n";
        for prefix in [&b""[..], b"\x00", b"\xff", b"\x7fELF"] {
            let bytes = [prefix, hidden.as_bytes()].concat();
            let changes = run(&[("a.js", b"let a;\n")], &[("a.js", &bytes)]);
            assert!(changes[0].invisible && !changes[0].binary, "{prefix:?}");
        }
    }

    #[test]
    fn invisible_characters_that_were_there_are_not_news() {
        let changes = run(
            &[("a.js", "x='\u{200b}';\n".as_bytes())],
            &[("a.js", "x='\u{200b}';\ny\n".as_bytes())],
        );
        assert!(!changes[0].invisible);
        assert!(run(&[], &[("b.md", "a\u{202e}b".as_bytes())])[0].invisible);
    }

    #[test]
    fn a_huge_pair_is_counted_all_the_same() {
        let many = |word: &str| (0..30_000).map(|n| format!("{word}{n}")).collect::<Vec<_>>().join("\n");
        let (old, new) = (many("a"), many("b"));
        let changes = run(&[("a.js", old.as_bytes())], &[("a.js", new.as_bytes())]);
        assert_eq!((changes[0].lines_added, changes[0].lines_removed), (30_000, 30_000));
    }
}

//! What the system says of every entry of a tree.
//!
//! This is most of what a start costs, so nothing is done twice: a folder is one piece of work,
//! opened below the root instead of from `/`, its entries are asked for by its handle and hashed where
//! they were found. The whole is over the folders in the order of their paths, each with the digest
//! over its entries in the order of their names: how the work was shared out is no part of it.
//!
//! The attack: a folder that becomes a link while it is read, to show another tree. Links are not
//! followed, neither by entries nor by folders.

use std::ffi::{CStr, CString};
use std::io;
use std::path::Path;

use rustix::fd::{AsFd as _, BorrowedFd};
use rustix::fs::{AtFlags, Dir, DirEntry, FileType, Mode, OFlags, fstat, open, openat, statat};
use sha2::{Digest as _, Sha256};

use super::super::parallel;
use super::Record;

/// So many folders that wait are worth further threads. Below that they cost more than they bring: a
/// virtual processor that sleeps takes a millisecond or two to wake, in which one thread asks about
/// several hundred files.
const MANY: usize = 1024;

/// A tree as the system describes it.
#[derive(Debug)]
pub(super) struct Walked {
    /// The root itself.
    pub(super) root: Record,
    /// Every folder, the root too: its path below the root, and the digest over what stands in it. In the
    /// order of the paths.
    pub(super) folders: Vec<(CString, [u8; 32])>,
    /// The youngest change, in nanoseconds.
    pub(super) newest: i128,
    /// No time has a fraction of a second.
    pub(super) coarse: bool,
}

/// Asks about everything below a folder.
///
/// # Errors
/// It is none, or something below it cannot be asked about.
pub(super) fn walk(root: &Path) -> io::Result<Walked> {
    walk_with(root, MANY)
}

/// [`walk`], which is shared out where `many` folders wait to be read.
fn walk_with(root: &Path, many: usize) -> io::Result<Walked> {
    let handle = open(root, FOLDER, Mode::empty())?;
    let top = Record::new(&fstat(&handle)?);
    let (mut found, mut waiting) = (Found::new(&top), vec![CString::default()]);
    while let Some(folder) = waiting.pop() {
        found.read(handle.as_fd(), folder, &mut waiting)?;
        if waiting.len() >= many {
            break;
        }
    }
    let rest = parallel::each(&waiting, |folder| {
        let (mut found, mut waiting) = (Found::new(&top), vec![folder.clone()]);
        while let Some(folder) = waiting.pop() {
            found.read(handle.as_fd(), folder, &mut waiting)?;
        }
        Ok::<_, io::Error>(found)
    })?;
    for other in rest {
        found.join(other);
    }
    found.folders.sort_unstable();
    Ok(Walked {
        root: top,
        folders: found.folders,
        newest: found.newest,
        coarse: found.coarse,
    })
}

/// For reading, and no link.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// What was found so far.
struct Found {
    folders: Vec<(CString, [u8; 32])>,
    /// Empty memory to work in.
    entries: Vec<(DirEntry, Record)>,
    newest: i128,
    coarse: bool,
}

impl Found {
    fn new(top: &Record) -> Self {
        Self {
            folders: Vec::new(),
            entries: Vec::new(),
            newest: top.newest,
            coarse: top.is_coarse(),
        }
    }

    fn join(&mut self, mut other: Self) {
        self.folders.append(&mut other.folders);
        self.newest = self.newest.max(other.newest);
        self.coarse &= other.coarse;
    }

    /// Everything in one folder; the folders in it are added to those that wait.
    fn read(&mut self, root: BorrowedFd<'_>, folder: CString, waiting: &mut Vec<CString>) -> io::Result<()> {
        let path = if folder.is_empty() { c"." } else { folder.as_c_str() };
        let mut dir = Dir::new(openat(root, path, FOLDER, Mode::empty())?)?;
        let mut entries = std::mem::take(&mut self.entries);
        while let Some(entry) = dir.read() {
            let entry = entry?;
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            let stat = statat(dir.fd()?, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
            let record = Record::new(&stat);
            self.newest = self.newest.max(record.newest);
            self.coarse &= record.is_coarse();
            if FileType::from_raw_mode(stat.st_mode).is_dir() {
                waiting.push(joined(&folder, entry.file_name()));
            }
            entries.push((entry, record));
        }
        entries.sort_unstable_by(|a, b| a.0.file_name().cmp(b.0.file_name()));
        let mut hasher = Sha256::new();
        for (entry, record) in entries.drain(..) {
            let name = entry.file_name().to_bytes();
            hasher.update((name.len() as u64).to_be_bytes());
            hasher.update(name);
            hasher.update(record.bytes());
        }
        self.entries = entries;
        self.folders.push((folder, hasher.finalize().into()));
        Ok(())
    }
}

fn joined(folder: &CStr, name: &CStr) -> CString {
    let mut path = Vec::with_capacity(folder.count_bytes() + name.count_bytes() + 2);
    if !folder.is_empty() {
        path.extend_from_slice(folder.to_bytes());
        path.push(b'/');
    }
    path.extend_from_slice(name.to_bytes());
    // Made of two without a zero in them.
    CString::new(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn how_the_work_is_shared_out_is_no_part_of_it() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("tree");
        for number in 0..40 {
            let folder = root.join(format!("a{}/b{}/c{number}", number % 3, number % 7));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("file"), "x").unwrap();
        }
        fs::create_dir(root.join("empty")).unwrap();
        let one = walk_with(&root, usize::MAX).unwrap();
        assert_eq!(one.folders.len(), 1 + 1 + 3 + 21 + 40);
        for many in [1, 2, 5, 20] {
            let shared = walk_with(&root, many).unwrap();
            assert_eq!((&shared.folders, shared.newest), (&one.folders, one.newest), "{many}");
        }
        fs::remove_file(root.join("a1/b4/c4/file")).unwrap();
        let less = walk_with(&root, usize::MAX).unwrap();
        let differing = less.folders.iter().zip(&one.folders).filter(|(less, one)| less != one);
        let differing: Vec<_> = differing.map(|(less, _)| less.0.to_str().unwrap()).collect();
        assert_eq!(differing, ["a1/b4", "a1/b4/c4"], "the folder, and its time in the one above");
    }

    #[test]
    fn no_link_is_followed_and_nothing_is_no_empty_tree() {
        let scratch = tempfile::tempdir().unwrap();
        let (root, link) = (scratch.path().join("tree"), scratch.path().join("link"));
        fs::create_dir_all(root.join("folder")).unwrap();
        symlink(&root, &link).unwrap();
        symlink(scratch.path(), root.join("folder/out")).unwrap();
        assert_eq!(walk(&root).unwrap().folders.len(), 2);
        assert!(walk(&link).is_err());
        assert!(walk(&scratch.path().join("nothing")).is_err());
        assert!(walk(Path::new("/dev/null")).is_err());
    }
}

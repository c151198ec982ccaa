//! The stamp of a tree: what the system says of every file, without reading one.
//!
//! A full check reads every archive and every file. Before each start of a server that is too slow, so
//! its result is kept together with a stamp, and counts as long as the stamp is the same: for every
//! entry, path, kind, mode, owner, size, inode, device, and the times of the last change of content and of
//! the inode, in nanoseconds; and the archives that the tree was compared with.
//!
//! What changes the stamp: every write, also one that restores size and modification time, since the
//! system sets the inode's time itself; every file added, removed, replaced or renamed; a copied or
//! restored tree. So a mistaken tool, a half-done backup, and another user who found a way to write are
//! seen, and the next start checks in full.
//!
//! What does not: changes below the file system (a disk edited raw, a mount over the tree that
//! shows the same numbers), a clock set back by root to the very nanosecond, and what this user's own
//! programs do: they can write the stamp itself, as they can write approvals. `--full` and `verify`
//! read everything and believe no stamp.

mod files;
mod walk;

use std::io;
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::Stat;
use sha2::{Digest as _, Sha256};

use super::derive::Derive;
use super::install::Installed;
use super::part::{InstallId, Part, Place};
use super::{Store, StoreError, TreeCheck};
use crate::model::Sha256Digest;

pub use files::FileStamp;
use walk::Walked;

/// Changes younger than this are not told from later ones: clocks of file systems tick.
const TICK: i128 = 20_000_000;
/// The same, where no time in a tree has a fraction of a second.
const COARSE_TICK: i128 = 2_000_000_000;

/// What a check by stamp came to.
#[derive(Debug)]
pub enum Stamped {
    /// The stamp is the recorded one: the tree is as it was after its last full check.
    Unchanged(Installed),
    /// There was none, or another: the tree was compared in full.
    Checked {
        /// What the comparison found.
        check: Box<TreeCheck>,
        /// To be recorded; only where nothing differs and nothing moved meanwhile.
        stamp: Option<Sha256Digest>,
    },
}

/// A stamp, and when the youngest change was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Taken {
    digest: Sha256Digest,
    newest: i128,
    /// Times are whole seconds here.
    coarse: bool,
}

impl Taken {
    /// The digest, if everything is old enough that a later change shows.
    fn settled(self, now: Timestamp) -> Option<Sha256Digest> {
        let tick = if self.coarse { COARSE_TICK } else { TICK };
        (self.newest.saturating_add(tick) < now.as_nanosecond()).then_some(self.digest)
    }
}

impl Store {
    /// The stamp of a tree that was just made or compared: to be recorded. `None` where something in it
    /// changed a moment before `now`, so that a later change might not show.
    ///
    /// # Errors
    /// The tree cannot be read.
    pub fn stamp(&self, installed: &Installed, parts: &[Part], now: Timestamp) -> Result<Option<Sha256Digest>, StoreError> {
        let root = installed.root();
        let taken = take(root, installed.id(), parts).map_err(|source| StoreError::Io {
            doing: "read",
            path: root.to_owned(),
            source,
        })?;
        Ok(taken.settled(now))
    }

    /// [`Store::check`], unless the tree's stamp is `last`, the recorded one.
    ///
    /// # Errors
    /// As [`Store::check`].
    pub fn check_stamped(
        &self,
        id: &InstallId,
        parts: &[Part],
        derive: Option<&dyn Derive>,
        last: Option<&Sha256Digest>,
        now: Timestamp,
    ) -> Result<Stamped, StoreError> {
        let root = self.install_path(id);
        if let Some(last) = last
            && take(&root, id, parts).is_ok_and(|taken| taken.digest == *last)
        {
            return Ok(Stamped::Unchanged(Installed::proved(*id, root)));
        }
        let (check, stamp) = self.check_and_stamp(id, parts, derive, now)?;
        Ok(Stamped::Checked {
            check: Box::new(check),
            stamp,
        })
    }

    /// [`Store::check`], which believes no stamp, and the stamp to record: only where nothing differs and
    /// nothing moved while it was read.
    ///
    /// # Errors
    /// As [`Store::check`].
    pub fn check_and_stamp(
        &self,
        id: &InstallId,
        parts: &[Part],
        derive: Option<&dyn Derive>,
        now: Timestamp,
    ) -> Result<(TreeCheck, Option<Sha256Digest>), StoreError> {
        let root = self.install_path(id);
        let before = take(&root, id, parts).ok();
        let check = self.check(id, parts, derive)?;
        // A tree that moves while it is read may have been read as it never was.
        let stamp = match (check.installed.is_some(), before) {
            (true, Some(before)) if take(&root, id, parts).is_ok_and(|after| after == before) => before.settled(now),
            _ => None,
        };
        Ok((check, stamp))
    }
}

/// What the system says of an entry.
#[derive(Debug, Clone, Copy)]
struct Record {
    numbers: [[u8; 8]; 10],
    newest: i128,
}

impl Record {
    fn new(found: &Stat) -> Self {
        let nanoseconds = |seconds: i128, rest: i128| seconds * 1_000_000_000 + rest;
        // The kind is in the mode. The types of the numbers differ between systems.
        let numbers: [i128; 10] = [
            found.st_mode.into(),
            found.st_uid.into(),
            found.st_gid.into(),
            found.st_size.into(),
            found.st_ino.into(),
            found.st_dev.into(),
            found.st_mtime.into(),
            found.st_mtime_nsec.into(),
            found.st_ctime.into(),
            found.st_ctime_nsec.into(),
        ];
        Self {
            numbers: numbers.map(low),
            newest: nanoseconds(found.st_ctime.into(), found.st_ctime_nsec.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        self.numbers.as_flattened()
    }

    /// The time of its last change has no fraction of a second.
    const fn is_coarse(&self) -> bool {
        self.newest % 1_000_000_000 == 0
    }
}

/// A number of at most 64 bits.
fn low(number: i128) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&number.to_be_bytes()[8..]);
    bytes
}

fn take(root: &Path, id: &InstallId, parts: &[Part]) -> io::Result<Taken> {
    let walked = walk::walk(root)?;
    Ok(Taken {
        digest: digest(id, parts, &walked),
        newest: walked.newest,
        coarse: walked.coarse,
    })
}

/// Over what was found, and over what the tree was compared with: a stamp of other archives vouches for
/// nothing here.
fn digest(id: &InstallId, parts: &[Part], walked: &Walked) -> Sha256Digest {
    let mut hasher = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(b"mcp-pin stamp 2");
    field(id.to_string().as_bytes());
    let mut compared: Vec<_> = parts.iter().map(|part| (&part.place, &part.integrity)).collect();
    compared.sort_unstable();
    field(&(compared.len() as u64).to_be_bytes());
    for (place, integrity) in compared {
        let texts = match place {
            Place::Package(path) => ["package", path.as_str(), ""],
            Place::Wheel { file, site } => ["wheel", file, site],
        };
        for text in texts {
            field(text.as_bytes());
        }
        field(integrity.to_string().as_bytes());
    }
    field(walked.root.bytes());
    for (path, found) in &walked.folders {
        field(path.to_bytes());
        field(found);
    }
    Sha256Digest::from_bytes(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, FileTimes, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::PathBuf;

    use super::super::testing::{Home, Tgz};
    use super::*;

    /// Long after everything that a test does.
    fn later() -> Timestamp {
        Timestamp::from_second(32_503_680_000).unwrap()
    }

    fn made(home: &Home) -> (Vec<Part>, PathBuf) {
        let archive = Tgz::new().file("package.json", b"{}").file("lib/index.js", b"index");
        let parts = vec![home.part("node_modules/a", &archive)];
        let installed = home.store.install(&home.id, &parts, None).unwrap().installed;
        (parts, installed.root().to_owned())
    }

    fn check(home: &Home, parts: &[Part], last: Option<&Sha256Digest>) -> Stamped {
        home.store.check_stamped(&home.id, parts, None, last, later()).unwrap()
    }

    fn full(home: &Home, parts: &[Part], last: Option<&Sha256Digest>) -> (TreeCheck, Option<Sha256Digest>) {
        match check(home, parts, last) {
            Stamped::Checked { check, stamp } => (*check, stamp),
            Stamped::Unchanged(_) => panic!("believed"),
        }
    }

    #[test]
    fn an_unchanged_tree_is_believed_and_nothing_else() {
        type Tamper = fn(&Path);
        let tampers: [(&str, Tamper); 6] = [
            ("content, with size and time kept", |root| {
                let file = root.join("node_modules/a/lib/index.js");
                let before = fs::metadata(&file).unwrap();
                fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
                fs::write(&file, b"INDEX").unwrap();
                let handle = fs::File::options().write(true).open(&file).unwrap();
                handle.set_times(FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
                fs::set_permissions(&file, before.permissions()).unwrap();
            }),
            ("added", |root| {
                let folder = root.join("node_modules/a/lib");
                fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
                fs::write(folder.join("more.js"), b"").unwrap();
            }),
            ("removed", |root| {
                let folder = root.join("node_modules/a/lib");
                fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
                fs::remove_file(folder.join("index.js")).unwrap();
            }),
            ("mode", |root| {
                fs::set_permissions(root.join("node_modules/a/package.json"), Permissions::from_mode(0o555)).unwrap();
            }),
            ("replaced by a link", |root| {
                let folder = root.join("node_modules/a/lib");
                fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
                fs::rename(folder.join("index.js"), root.parent().unwrap().join("kept")).unwrap();
                std::os::unix::fs::symlink(root.parent().unwrap().join("kept"), folder.join("index.js")).unwrap();
            }),
            ("beside the packages", |root| {
                fs::set_permissions(root, Permissions::from_mode(0o755)).unwrap();
                fs::create_dir(root.join("empty")).unwrap();
            }),
        ];
        for (what, tamper) in tampers {
            let home = Home::new();
            let (parts, root) = made(&home);
            let (first, stamp) = full(&home, &parts, None);
            assert!(first.installed.is_some());
            let stamp = stamp.unwrap();
            let Stamped::Unchanged(installed) = check(&home, &parts, Some(&stamp)) else {
                panic!("{what}")
            };
            assert_eq!(installed.root(), root);
            assert_eq!(home.store.stamp(&installed, &parts, later()).unwrap(), Some(stamp));
            tamper(&root);
            let (again, none) = full(&home, &parts, Some(&stamp));
            assert!(again.installed.is_none() && none.is_none(), "{what}");
        }
    }

    #[test]
    fn a_stamp_of_other_archives_vouches_for_nothing() {
        let home = Home::new();
        let (parts, _) = made(&home);
        let stamp = full(&home, &parts, None).1.unwrap();
        let other = vec![home.part("node_modules/a", &Tgz::new().file("package.json", b"{\"other\":1}"))];
        let (check, none) = full(&home, &other, Some(&stamp));
        assert!(check.installed.is_none() && none.is_none());
        assert!(matches!(check_missing(&home, &stamp), Stamped::Checked { .. }));
    }

    fn check_missing(home: &Home, stamp: &Sha256Digest) -> Stamped {
        check(home, &[], Some(stamp))
    }

    #[test]
    fn what_changed_a_moment_ago_gets_no_stamp() {
        let home = Home::new();
        let (parts, root) = made(&home);
        let changed = fs::metadata(root).unwrap();
        let seconds = Timestamp::from_second(changed.ctime()).unwrap();
        let stamped = home.store.check_stamped(&home.id, &parts, None, None, seconds).unwrap();
        assert!(matches!(stamped, Stamped::Checked { stamp: None, check } if check.installed.is_some()));
    }
}

//! The stamp of single files, wherever they stand: what the system says of each, without reading one.
//!
//! For what was read in full once and is asked for before every start: a program that a lock pins, and
//! everything that an interpreter was made of when it said what it is. As with a tree, every write
//! changes the stamp, and so does another file under the same name, also one that a link leads to; and
//! that a file is missing is part of it, so that one which appears is seen.
//!
//! What it does not show is what the stamp of a tree does not show either (see [`super`]).

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FileType, Stat};
use sha2::{Digest as _, Sha256};

use super::{Record, Taken};
use crate::model::Sha256Digest;

/// A stamp that is being taken.
#[derive(Debug)]
pub struct FileStamp {
    hasher: Sha256,
    newest: i128,
    coarse: bool,
    /// Where folders really are, as far as they were asked for.
    folders: BTreeMap<PathBuf, PathBuf>,
}

impl FileStamp {
    /// A stamp that counts for these words alone: what it is for, and what was found in the files.
    pub fn new(words: &[&str]) -> Self {
        let mut stamp = Self {
            hasher: Sha256::new(),
            newest: i128::MIN,
            coarse: true,
            folders: BTreeMap::new(),
        };
        stamp.field(b"mcp-pin file stamp 1");
        for word in words {
            stamp.field(word.as_bytes());
        }
        stamp
    }

    fn field(&mut self, bytes: &[u8]) {
        self.hasher.update((bytes.len() as u64).to_be_bytes());
        self.hasher.update(bytes);
    }

    /// Adds what stands at a path, links followed and taken in; or that nothing does.
    ///
    /// # Errors
    /// The system does not say: there is no stamp then.
    pub fn add(&mut self, path: &Path) -> io::Result<()> {
        self.field(path.as_os_str().as_bytes());
        let Some(found) = there(ask(path))? else {
            self.field(b"missing");
            return Ok(());
        };
        self.record(&found);
        let link = FileType::from_raw_mode(found.st_mode).is_symlink();
        let real = if link { there(path.canonicalize())? } else { self.real(path)? };
        let Some(real) = real else {
            // It leads nowhere. Should something appear there, this is another stamp.
            self.field(b"leads nowhere");
            return Ok(());
        };
        self.field(real.as_os_str().as_bytes());
        if link {
            let found = ask(&real)?;
            self.record(&found);
        }
        Ok(())
    }

    /// Where a file that is no link really is.
    fn real(&mut self, path: &Path) -> io::Result<Option<PathBuf>> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return path.canonicalize().map(Some);
        };
        if let Some(real) = self.folders.get(folder) {
            return Ok(Some(real.join(name)));
        }
        let Some(real) = there(folder.canonicalize())? else {
            return Ok(None);
        };
        let file = real.join(name);
        self.folders.insert(folder.to_owned(), real);
        Ok(Some(file))
    }

    fn record(&mut self, found: &Stat) {
        let record = Record::new(found);
        self.hasher.update(record.bytes());
        self.newest = self.newest.max(record.newest);
        self.coarse &= record.is_coarse();
    }

    /// The stamp, to be compared with a recorded one.
    pub fn digest(self) -> Sha256Digest {
        self.taken().digest
    }

    /// The stamp, to be recorded. `before` is when reading began: `None` where something changed then, or a
    /// moment before, so that it may not be what was read.
    pub fn settled(self, before: Timestamp) -> Option<Sha256Digest> {
        self.taken().settled(before)
    }

    fn taken(self) -> Taken {
        Taken {
            digest: Sha256Digest::from_bytes(self.hasher.finalize().into()),
            newest: self.newest,
            coarse: self.coarse,
        }
    }
}

/// What the system says of a path; links are not followed.
fn ask(path: &Path) -> io::Result<Stat> {
    Ok(rustix::fs::lstat(path)?)
}

/// What is there, or that nothing is.
fn there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, FileTimes, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn stamp(path: &Path) -> Sha256Digest {
        let mut stamp = FileStamp::new(&["test"]);
        stamp.add(path).unwrap();
        stamp.digest()
    }

    #[test]
    fn whatever_happens_to_a_file_shows() {
        type Tamper = fn(&Path);
        let tampers: [(&str, Tamper); 7] = [
            ("content, with size and time kept", |file| {
                let before = fs::metadata(file).unwrap();
                fs::write(file, "b").unwrap();
                let handle = fs::File::options().write(true).open(file).unwrap();
                handle.set_times(FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
            }),
            ("another file", |file| {
                fs::write(file.with_extension("new"), "a").unwrap();
                fs::rename(file.with_extension("new"), file).unwrap();
            }),
            ("gone", |file| fs::remove_file(file).unwrap()),
            ("mode", |file| fs::set_permissions(file, Permissions::from_mode(0o700)).unwrap()),
            ("a link to the same file", |file| {
                fs::rename(file, file.with_extension("kept")).unwrap();
                symlink(file.with_extension("kept"), file).unwrap();
            }),
            ("a link to another file", |file| {
                fs::write(file.with_extension("other"), "a").unwrap();
                fs::remove_file(file).unwrap();
                symlink(file.with_extension("other"), file).unwrap();
            }),
            ("its folder is a link now", |file| {
                let folder = file.parent().unwrap();
                fs::rename(folder, folder.with_extension("kept")).unwrap();
                symlink(folder.with_extension("kept"), folder).unwrap();
            }),
        ];
        for (what, tamper) in tampers {
            let scratch = tempfile::tempdir().unwrap();
            let file = scratch.path().join("folder/file");
            fs::create_dir(file.parent().unwrap()).unwrap();
            fs::write(&file, "a").unwrap();
            let before = stamp(&file);
            assert_eq!(stamp(&file), before);
            std::thread::sleep(std::time::Duration::from_millis(20));
            tamper(&file);
            assert_ne!(stamp(&file), before, "{what}");
        }
    }

    #[test]
    fn behind_a_link_everything_counts() {
        let scratch = tempfile::tempdir().unwrap();
        let (link, file) = (scratch.path().join("link"), scratch.path().join("file"));
        let missing = stamp(&link);
        symlink(&file, &link).unwrap();
        let nowhere = stamp(&link);
        fs::write(&file, "a").unwrap();
        let here = stamp(&link);
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&file, "b").unwrap();
        let changed = stamp(&link);
        let all = std::collections::BTreeSet::from([missing, nowhere, here, changed].map(|stamp| stamp.to_string()));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn words_and_time_count() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "a").unwrap();
        let taken = |word: &str| {
            let mut stamp = FileStamp::new(&[word]);
            stamp.add(&file).unwrap();
            stamp
        };
        assert_ne!(taken("a").digest(), taken("b").digest());
        let changed = fs::metadata(&file).unwrap().modified().unwrap();
        let changed = Timestamp::try_from(changed).unwrap();
        assert_eq!(taken("a").settled(changed), None);
        let later = changed + std::time::Duration::from_secs(3);
        assert_eq!(taken("a").settled(later), Some(taken("a").digest()));
    }
}

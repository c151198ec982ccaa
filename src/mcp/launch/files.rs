//! The files that a lock pins for a local command: hashed, or as they were when they were hashed last.
//!
//! A runtime has a hundred megabytes, and hashing it takes longer than starting it. So for a start, a
//! file counts as hashed while its stamp is the recorded one (see [`FileStamp`]: what shows in it and
//! what does not). The stamp is made of the digest too: for another pin it vouches for nothing.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::LaunchError;
use crate::model::{PinnedFile, Sha256Digest};
use crate::store::FileStamp;

/// What is known of pinned files.
pub struct Files<'a> {
    known: Option<Known<'a>>,
    /// Files that were read now and did not move meanwhile, with their stamps: to be recorded.
    pub read: Vec<(String, Sha256Digest)>,
}

struct Known<'a> {
    last: &'a dyn Fn(&str) -> Option<Sha256Digest>,
    now: Timestamp,
}

impl<'a> Files<'a> {
    /// Nothing: each file is read.
    pub const fn unknown() -> Self {
        Self {
            known: None,
            read: Vec::new(),
        }
    }

    /// The stamp that was recorded last for a path, and the time.
    pub const fn known(last: &'a dyn Fn(&str) -> Option<Sha256Digest>, now: Timestamp) -> Self {
        Self {
            known: Some(Known { last, now }),
            read: Vec::new(),
        }
    }

    /// Makes sure that a file is what is pinned.
    pub(super) fn check(&mut self, file: &PinnedFile) -> Result<(), LaunchError> {
        let path = PathBuf::from(&file.path);
        let before = self.known.as_ref().and_then(|_| stamp(file)).map(FileStamp::digest);
        if let (Some(known), Some(stamp)) = (&self.known, before)
            && (known.last)(&file.path) == Some(stamp)
        {
            return Ok(());
        }
        match digest_file(&path) {
            Ok(found) if found == file.digest => {}
            Ok(_) => return Err(LaunchError::FileChanged { path }),
            Err(source) => return Err(LaunchError::Unreadable { path, source }),
        }
        // A file that moves while it is read may have been read as it never was.
        let after = self.known.as_ref().and_then(|known| stamp(file)?.settled(known.now));
        if let Some(after) = after.filter(|after| before == Some(*after)) {
            self.read.push((file.path.clone(), after));
        }
        Ok(())
    }
}

fn stamp(file: &PinnedFile) -> Option<FileStamp> {
    let mut stamp = FileStamp::new(&["pinned file", &file.digest.to_string()]);
    stamp.add(Path::new(&file.path)).ok().map(|()| stamp)
}

/// The most bytes a pinned file may have.
const LARGEST: u64 = 1024 * 1024 * 1024;

/// The digest of a file's content, read in pieces.
///
/// The attack: a lock that names a pipe nobody writes to, or a device without an end.
///
/// # Errors
/// It cannot be read, is no regular file, or has more than 1 GiB.
pub fn digest_file(path: &Path) -> std::io::Result<Sha256Digest> {
    use sha2::Digest as _;
    use std::io::{Error, ErrorKind, Read as _};
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut file = file.take(LARGEST + 1);
    let mut hasher = sha2::Sha256::new();
    let mut piece = vec![0; 256 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 if file.limit() == 0 => return Err(Error::new(ErrorKind::FileTooLarge, "it has more than 1 GiB")),
            0 => return Ok(Sha256Digest::from_bytes(hasher.finalize().into())),
            read => hasher.update(&piece[..read]),
        }
    }
}

/// Opens for reading, without waiting for whoever writes to a pipe.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    options.open(path)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_once_it_may_have_changed() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("server");
        std::fs::write(&path, "approved").unwrap();
        let pinned = |text: &str| PinnedFile {
            path: path.to_str().unwrap().into(),
            digest: Sha256Digest::of(text),
        };
        let later = Timestamp::from_second(32_503_680_000).unwrap();
        let none = |_: &str| None;
        let mut first = Files::known(&none, later);
        first.check(&pinned("approved")).unwrap();
        let [(_, stamp)] = first.read[..] else { panic!("not recorded") };
        let last = |_: &str| Some(stamp);
        let check = |text: &str| {
            let mut files = Files::known(&last, later);
            files.check(&pinned(text)).map(|()| files.read.len())
        };
        assert_eq!(check("approved").unwrap(), 0, "it was read again");
        assert!(matches!(check("another"), Err(LaunchError::FileChanged { .. })), "for another pin");
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&path, "Approved").unwrap();
        let handle = std::fs::File::options().write(true).open(&path).unwrap();
        handle.set_times(std::fs::FileTimes::new().set_modified(before)).unwrap();
        assert!(
            matches!(check("approved"), Err(LaunchError::FileChanged { .. })),
            "the time was put back"
        );
        std::fs::write(&path, "approved").unwrap();
        assert_eq!(check("approved").unwrap(), 1, "as pinned, and to be recorded anew");
    }

    #[test]
    fn nothing_is_recorded_of_a_file_that_changed_a_moment_ago() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("server");
        std::fs::write(&path, "approved").unwrap();
        let now = Timestamp::try_from(std::fs::metadata(&path).unwrap().modified().unwrap()).unwrap();
        let none = |_: &str| None;
        let mut files = Files::known(&none, now);
        let pinned = PinnedFile {
            path: path.to_str().unwrap().into(),
            digest: Sha256Digest::of("approved"),
        };
        files.check(&pinned).unwrap();
        assert!(files.read.is_empty());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let scratch = tempfile::tempdir().unwrap();
        let pipe = scratch.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let large = scratch.path().join("large");
        std::fs::File::create(&large).unwrap().set_len(LARGEST + 1).unwrap();
        for path in [&pipe, Path::new("/dev/zero"), scratch.path()] {
            assert_eq!(
                digest_file(path).unwrap_err().kind(),
                std::io::ErrorKind::InvalidInput,
                "{}",
                path.display()
            );
        }
        assert_eq!(digest_file(&large).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
    }
}

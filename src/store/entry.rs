//! What every reader of archives gives out, what it refuses, and how much it takes.
//!
//! npm archives and wheels are read by two readers that keep the same rules; who unpacks, and who
//! checks, sees no difference.

use crate::surface::visible;

/// Most files in one archive. (The tests use smaller limits, to be quick.)
pub(super) const MAX_FILES: u64 = if cfg!(test) { 2_000 } else { 200_000 };
/// Most bytes of one unpacked archive.
pub(super) const MAX_UNPACKED: u64 = if cfg!(test) { 32 << 20 } else { 1 << 30 };
/// Most bytes of one file.
pub(super) const MAX_FILE: u64 = 256 << 20;
/// What is unpacked at a time.
pub(super) const BUFFER: usize = 128 << 10;

/// Why an archive is refused. Its publisher, or whoever built it, is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are not one whole archive: a gzip-compressed tar, or a zip for a wheel.
    #[error("could not unpack the archive of `{package}`: {reason}")]
    Damaged {
        /// The package.
        package: String,
        /// What is wrong, in our own words or the decompressor's.
        reason: String,
    },
    /// One entry is not what a package may hold.
    #[error("could not unpack the archive of `{package}`: entry `{entry}` {refusal}")]
    Entry {
        /// The package.
        package: String,
        /// The entry's name, with invisible characters escaped and cut to a sane length.
        entry: String,
        /// The rule it breaks.
        refusal: Refusal,
    },
    /// More than allowed when unpacked: a decompression bomb, or no package at all.
    #[error("could not unpack the archive of `{package}`: it unpacks to more than {limit}")]
    Bomb {
        /// The package.
        package: String,
        /// Which limit, as a text.
        limit: &'static str,
    },
    /// No `package.json` stands at the archive's root.
    #[error("could not unpack the archive of `{package}`: it holds no `package.json`")]
    NoManifest {
        /// The package.
        package: String,
    },
}

/// The rule an entry breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An absolute path.
    #[error("is an absolute path")]
    Absolute,
    /// A `..` segment.
    #[error("leaves its folder with `..`")]
    Parent,
    /// A backslash: a separator on some systems and a character on others.
    #[error("has a backslash in its name")]
    Backslash,
    /// A NUL or another control character.
    #[error("has a control character in its name")]
    Control,
    /// Not UTF-8.
    #[error("has a name that is not UTF-8")]
    NotUtf8,
    /// A file without a name below the leading folder.
    #[error("is a file without a name below the archive's leading folder")]
    NoName,
    /// A name over the limit.
    #[error("has a name that is too long")]
    TooLong,
    /// Too many folders in each other.
    #[error("stands too deep in folders")]
    TooDeep,
    /// All names together are over the limit.
    #[error("is one name too many for an archive")]
    TooManyNames,
    /// The same name twice: which of the two would count?
    #[error("stands twice in the archive")]
    Duplicate,
    /// The same name in another case: one file on some systems, two on others.
    #[error("differs only in upper and lower case from `{}`", visible(.0))]
    CaseCollision(String),
    /// A file and a folder of the same name.
    #[error("is a file and a folder at once")]
    FileAndFolder,
    /// A link, device, named pipe, sparse file, or a kind of entry nobody defined.
    #[error("is a {0}, which no package may hold")]
    Kind(&'static str),
    /// Over 256 MiB.
    #[error("is larger than 256 MiB")]
    TooLarge,
    /// Two headers give different names or sizes: readers would disagree.
    #[error("has headers that contradict each other")]
    Contradiction,
    /// An extended header that cannot be read.
    #[error("has an extended header that cannot be read")]
    Extended,
    /// An empty or `.` segment: some readers drop it, some do not.
    #[error("has an empty or `.` segment in its name")]
    NotNormal,
    /// Encrypted.
    #[error("is encrypted")]
    Encrypted,
    /// Flags for what no wheel needs, and not every reader knows.
    #[error("has flags that no wheel may have")]
    Flags,
    /// Neither stored nor deflated.
    #[error("is compressed by method {0}; a wheel's files are stored or deflated")]
    Method(u16),
    /// Bytes between two entries, or two entries that share bytes: a reader that goes from front to
    /// back would see other entries than one that trusts the directory at the end.
    #[error("does not begin where the entry before it ends")]
    Elsewhere,
    /// Readers that go from front to back would have to guess where it ends.
    #[error("is stored without its length in front of it")]
    Endless,
    /// A comment can hold a second archive.
    #[error("carries a comment")]
    Comment,
    /// The content is not what the headers promise.
    #[error("does not unpack to exactly the size and the checksum that its headers give")]
    Content,
    /// A file that is read as a whole is over the limit.
    #[error("is larger than the 16 MiB that such a file may have")]
    TooLargeToRead,
    /// It stands where another package of the closure is installed.
    #[error("stands in the place of the nested package `{0}`")]
    NestedPackage(String),
}

/// A file of an archive, before its content is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileHead {
    /// Path below the leading folder; relative, without `..`.
    pub(super) path: String,
    /// Any executable bit is set.
    pub(super) executable: bool,
    /// Length of the content.
    pub(super) size: u64,
}

/// The files of one archive, one after the other, in a fixed amount of memory.
pub(super) trait Entries {
    /// The package, as errors name it.
    fn package(&self) -> &str;

    /// The next file; `None` once the whole archive was read and all its checksums were right.
    fn next_file(&mut self) -> Result<Option<FileHead>, ArchiveError>;

    /// The next piece of the current file's content; `None` at its end.
    fn chunk(&mut self) -> Result<Option<&[u8]>, ArchiveError>;

    /// Reads the rest of the current file into `into`, replacing what it held.
    fn content(&mut self, into: &mut Vec<u8>) -> Result<(), ArchiveError> {
        into.clear();
        while let Some(chunk) = self.chunk()? {
            into.extend_from_slice(chunk);
        }
        Ok(())
    }

    /// An error about an entry of this archive.
    fn refused(&self, entry: &[u8], refusal: Refusal) -> ArchiveError {
        refused(self.package(), entry, refusal)
    }
}

/// An error about an entry of a package's archive.
pub(super) fn refused(package: &str, entry: &[u8], refusal: Refusal) -> ArchiveError {
    let text: String = String::from_utf8_lossy(entry).chars().take(200).collect();
    ArchiveError::Entry {
        package: package.to_owned(),
        entry: visible(&text),
        refusal,
    }
}

/// An archive that is not whole.
pub(super) fn damaged(package: &str, reason: &str) -> ArchiveError {
    ArchiveError::Damaged {
        package: package.to_owned(),
        reason: reason.to_owned(),
    }
}

/// An archive over a limit.
pub(super) fn bomb(package: &str, limit: &'static str) -> ArchiveError {
    ArchiveError::Bomb {
        package: package.to_owned(),
        limit,
    }
}

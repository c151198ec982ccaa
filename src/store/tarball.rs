//! Reading an npm archive (`.tgz`): the one place that turns archive bytes into names and contents.
//!
//! The attacks: entries that leave the folder or make links and devices, archives that two readers
//! see differently (sparse files, sizes that disagree, bytes after the end), and bombs. Whatever is
//! not a plain file or a folder with a plain name is refused; nothing is skipped in silence.
//!
//! Both the unpacking and the check read archives through here, so they cannot disagree.

use std::io::Read as _;

use flate2::bufread::GzDecoder;
use tar::Header;

use super::names::{MAX_PATH, Names};
use crate::surface::visible;

/// Most files in one archive. (The tests use smaller limits, to be quick.)
const MAX_FILES: u64 = if cfg!(test) { 2_000 } else { 200_000 };
/// Most bytes of one unpacked archive.
const MAX_UNPACKED: u64 = if cfg!(test) { 32 << 20 } else { 1 << 30 };
/// Most bytes of one file.
const MAX_FILE: u64 = 256 << 20;
/// Most bytes of one extended header.
const MAX_EXTENDED: u64 = 64 << 10;
/// A tar archive is made of blocks of this size.
const BLOCK: usize = 512;
/// What is unpacked at a time.
const BUFFER: usize = 128 << 10;

/// Why an archive is refused. Its publisher, or whoever built it, is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The bytes are not a whole gzip-compressed tar archive.
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

/// Reads an archive's files one after the other, in a fixed amount of memory.
pub(super) struct Tarball<'a> {
    package: &'a str,
    gzip: GzDecoder<&'a [u8]>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    unpacked: u64,
    names: Names,
    files: u64,
    headers: u64,
    /// Content of the current file that was not lent yet.
    left: u64,
    /// Fill bytes after the current file's content.
    padding: u64,
}

/// What the next header gives.
enum Next {
    Header(Box<[u8; BLOCK]>),
    End,
}

/// What extended headers said about the entry that follows.
#[derive(Default)]
struct Extended {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<'a> Tarball<'a> {
    /// Starts reading `bytes`; `package` is for errors.
    pub(super) fn new(package: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            package,
            gzip: GzDecoder::new(bytes),
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            unpacked: 0,
            names: Names::default(),
            files: 0,
            headers: 0,
            left: 0,
            padding: 0,
        }
    }

    /// The next file; `None` once the whole archive was read and its checksum was right.
    pub(super) fn next_file(&mut self) -> Result<Option<FileHead>, ArchiveError> {
        let mut extended = Extended::default();
        loop {
            while self.chunk()?.is_some() {}
            self.skip_padding()?;
            let Next::Header(block) = self.header()? else {
                if extended.path.is_some() || extended.size.is_some() {
                    return Err(self.damaged("it ends after an extended header"));
                }
                return if self.files == 0 {
                    Err(self.damaged("it holds no file"))
                } else {
                    Ok(None)
                };
            };
            let header = Header::from_byte_slice(&block[..]);
            let size = header.entry_size().map_err(|_| self.damaged("a size in it cannot be read"))?;
            match header.entry_type().as_byte() {
                b'x' | b'g' | b'L' => self.extended(header, size, &mut extended)?,
                kind => {
                    let extended = std::mem::take(&mut extended);
                    let name = extended.path.unwrap_or_else(|| header.path_bytes().into_owned());
                    if let Some(head) = self.entry(kind, &name, header, size, extended.size)? {
                        return Ok(Some(head));
                    }
                }
            }
        }
    }

    /// The next piece of the current file's content; `None` at its end.
    pub(super) fn chunk(&mut self) -> Result<Option<&[u8]>, ArchiveError> {
        if self.left == 0 {
            return Ok(None);
        }
        if self.fill(1)? == 0 {
            return Err(self.damaged("it ends in the middle of a file"));
        }
        let available = (self.end - self.start) as u64;
        let take = usize::try_from(available.min(self.left)).unwrap_or(0);
        self.left -= take as u64;
        let from = self.start;
        self.start += take;
        Ok(Some(&self.buffer[from..from + take]))
    }

    /// Reads the rest of the current file into `into`, replacing what it held.
    pub(super) fn content(&mut self, into: &mut Vec<u8>) -> Result<(), ArchiveError> {
        into.clear();
        while let Some(chunk) = self.chunk()? {
            into.extend_from_slice(chunk);
        }
        Ok(())
    }

    /// An error about an entry of this archive.
    pub(super) fn refused(&self, entry: &[u8], refusal: Refusal) -> ArchiveError {
        let text: String = String::from_utf8_lossy(entry).chars().take(200).collect();
        ArchiveError::Entry {
            package: self.package.to_owned(),
            entry: visible(&text),
            refusal,
        }
    }

    /// A file's head, or `None` for a folder.
    fn entry(&mut self, kind: u8, name: &[u8], header: &Header, size: u64, claimed: Option<u64>) -> Result<Option<FileHead>, ArchiveError> {
        // Old writers mark a folder by a slash alone.
        let folder = kind == b'5' || (matches!(kind, b'0' | 0) && size == 0 && name.ends_with(b"/"));
        if folder {
            // A folder's size means nothing: some writers put the folder's own there, without content.
            return self
                .names
                .folder(name)
                .map(|()| None)
                .map_err(|refusal| self.refused(name, refusal));
        }
        if let Some(refusal) = refused_kind(kind) {
            return Err(self.refused(name, refusal));
        }
        if claimed.is_some_and(|claimed| claimed != size) || name.ends_with(b"/") {
            return Err(self.refused(name, Refusal::Contradiction));
        }
        if size > MAX_FILE {
            return Err(self.refused(name, Refusal::TooLarge));
        }
        self.files += 1;
        if self.files > MAX_FILES {
            return Err(self.bomb("200,000 files"));
        }
        let path = self.names.file(name).map_err(|refusal| self.refused(name, refusal))?;
        self.expect(size);
        let executable = header.mode().is_ok_and(|mode| mode & 0o111 != 0);
        Ok(Some(FileHead { path, executable, size }))
    }

    /// Reads an extended header (`L`: GNU long name, `x`: pax, `g`: pax for all).
    fn extended(&mut self, header: &Header, size: u64, extended: &mut Extended) -> Result<(), ArchiveError> {
        let name = header.path_bytes().into_owned();
        if size > MAX_EXTENDED {
            return Err(self.refused(&name, Refusal::Extended));
        }
        let mut body = Vec::new();
        self.expect(size);
        self.content(&mut body)?;
        let result = match header.entry_type().as_byte() {
            b'L' => long_name(body, extended),
            b'x' => pax(&body, extended),
            // A comment, as `git archive` writes it, is fine; anything that would rename or resize
            // what follows is not.
            _ => {
                let mut global = Extended::default();
                match pax(&body, &mut global) {
                    Ok(()) if global.path.is_some() || global.size.is_some() => Err(Refusal::Contradiction),
                    other => other,
                }
            }
        };
        result.map_err(|refusal| self.refused(&name, refusal))
    }

    fn expect(&mut self, size: u64) {
        self.left = size;
        self.padding = size.next_multiple_of(BLOCK as u64) - size;
    }

    fn skip_padding(&mut self) -> Result<(), ArchiveError> {
        let padding = usize::try_from(std::mem::take(&mut self.padding)).unwrap_or(0);
        if self.fill(padding)? < padding {
            return Err(self.damaged("it ends in the middle of a file"));
        }
        self.start += padding;
        Ok(())
    }

    /// The next header, its checksum proved; or the end, proved to be followed by nothing.
    fn header(&mut self) -> Result<Next, ArchiveError> {
        match self.fill(BLOCK)? {
            0 => return Ok(Next::End),
            BLOCK.. => {}
            _ => return Err(self.damaged("it ends in the middle of a header")),
        }
        let mut block = Box::new([0; BLOCK]);
        block.copy_from_slice(&self.buffer[self.start..self.start + BLOCK]);
        if block.iter().all(|&byte| byte == 0) {
            return self.only_zeros().map(|()| Next::End);
        }
        self.start += BLOCK;
        self.headers += 1;
        if self.headers > 3 * MAX_FILES {
            return Err(self.bomb("600,000 headers"));
        }
        // The checksum's own eight bytes count as spaces.
        let sum: u32 = block
            .iter()
            .enumerate()
            .map(|(i, &byte)| if (148..156).contains(&i) { 32 } else { u32::from(byte) })
            .sum();
        if Header::from_byte_slice(&block[..]).cksum().ok() != Some(sum) {
            return Err(self.damaged("a header's checksum is wrong"));
        }
        Ok(Next::Header(block))
    }

    /// Reads to the end, which also proves the compressed stream's own checksum.
    fn only_zeros(&mut self) -> Result<(), ArchiveError> {
        while self.fill(1)? > 0 {
            if self.buffer[self.start..self.end].iter().any(|&byte| byte != 0) {
                return Err(self.damaged("bytes follow its end"));
            }
            self.start = self.end;
        }
        Ok(())
    }

    /// Unpacks until at least `want` bytes stand in the buffer, or the stream ends; gives the number.
    fn fill(&mut self, want: usize) -> Result<usize, ArchiveError> {
        if self.end - self.start >= want {
            return Ok(self.end - self.start);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < want {
            match self.gzip.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    // Old archives are filled up with zeros, as for a tape. Anything else that follows
                    // is one more compressed member of the same archive, or an error.
                    let rest: &'a [u8] = self.gzip.get_ref();
                    if rest.iter().all(|&byte| byte == 0) {
                        break;
                    }
                    self.gzip = GzDecoder::new(rest);
                }
                Ok(n) => {
                    self.end += n;
                    self.unpacked += n as u64;
                    if self.unpacked > MAX_UNPACKED {
                        return Err(self.bomb("1 GiB"));
                    }
                }
                Err(error) => return Err(self.damaged(&format!("it is not whole: {error}"))),
            }
        }
        Ok(self.end)
    }

    fn damaged(&self, reason: &str) -> ArchiveError {
        ArchiveError::Damaged {
            package: self.package.to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn bomb(&self, limit: &'static str) -> ArchiveError {
        ArchiveError::Bomb {
            package: self.package.to_owned(),
            limit,
        }
    }
}

fn refused_kind(kind: u8) -> Option<Refusal> {
    let name = match kind {
        b'0' | 0 => return None,
        b'1' => "hard link",
        b'2' | b'K' => "symbolic link",
        b'3' | b'4' => "device",
        b'6' => "named pipe",
        b'S' => "sparse file",
        _ => "kind of entry this version does not know",
    };
    Some(Refusal::Kind(name))
}

fn long_name(mut body: Vec<u8>, extended: &mut Extended) -> Result<(), Refusal> {
    while body.last() == Some(&0) {
        body.pop();
    }
    if body.len() > MAX_PATH {
        return Err(Refusal::TooLong);
    }
    match extended.path.replace(body) {
        Some(_) => Err(Refusal::Contradiction),
        None => Ok(()),
    }
}

/// Reads pax records, `LENGTH KEY=VALUE\n` each.
fn pax(mut body: &[u8], extended: &mut Extended) -> Result<(), Refusal> {
    while !body.is_empty() {
        let (key, value, rest) = pax_record(body).ok_or(Refusal::Extended)?;
        body = rest;
        let again = match key {
            b"path" => extended.path.replace(value.to_vec()).is_some(),
            b"size" => {
                let size = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or(Refusal::Extended)?;
                extended.size.replace(size).is_some()
            }
            key if key.starts_with(b"GNU.sparse.") => return Err(Refusal::Kind("sparse file")),
            _ => false,
        };
        if again {
            return Err(Refusal::Contradiction);
        }
    }
    Ok(())
}

fn pax_record(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = body.iter().position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(&body[..space]).ok()?.parse().ok()?;
    let (record, rest) = body.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..], rest))
}

#[cfg(test)]
mod tests;

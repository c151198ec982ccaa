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

use super::entry::{ArchiveError, BUFFER, Entries, FileHead, MAX_FILE, MAX_FILES, MAX_UNPACKED, Refusal, bomb, damaged};
use super::names::{self, MAX_PATH, Names};

/// Most bytes of one extended header.
const MAX_EXTENDED: u64 = 64 << 10;
/// So many files may stand twice: each is looked for from the start.
const MOST_AGAIN: usize = 16;
/// A tar archive is made of blocks of this size.
const BLOCK: usize = 512;

/// Reads an archive's files one after the other, in a fixed amount of memory.
pub(super) struct Tarball<'a> {
    package: &'a str,
    bytes: &'a [u8],
    /// Files that stood twice.
    again: usize,
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
            bytes,
            again: 0,
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
        let executable = header.mode().is_ok_and(|mode| mode & 0o111 != 0);
        let path = match self.names.file(name) {
            Ok(path) => path,
            Err(Refusal::Duplicate) if self.is_the_first_again(name, size, executable)? => return Ok(None),
            Err(refusal) => return Err(self.refused(name, refusal)),
        };
        self.expect(size);
        Ok(Some(FileHead { path, executable, size }))
    }

    /// Whether a file that stands twice (`package/a.js`, `package/./a.js`: well-known packages are packed
    /// like that) has the content and the mode that it had the first time. Then it does not matter
    /// which of the two a reader takes; otherwise two readers would see two packages.
    fn is_the_first_again(&mut self, name: &[u8], size: u64, executable: bool) -> Result<bool, ArchiveError> {
        self.again += 1;
        let Ok(Some(path)) = names::clean(name) else { return Ok(false) };
        if self.again > MOST_AGAIN {
            return Ok(false);
        }
        let (mut second, mut first) = (Vec::new(), Vec::new());
        self.expect(size);
        self.content(&mut second)?;
        let mut before = Tarball::new(self.package, self.bytes);
        while let Some(head) = before.next_file()? {
            if head.path == path {
                before.content(&mut first)?;
                return Ok(head.executable == executable && first == second);
            }
        }
        Ok(false)
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
        damaged(self.package, reason)
    }

    fn bomb(&self, limit: &'static str) -> ArchiveError {
        bomb(self.package, limit)
    }
}

impl Entries for Tarball<'_> {
    fn package(&self) -> &str {
        self.package
    }

    fn next_file(&mut self) -> Result<Option<FileHead>, ArchiveError> {
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

    fn chunk(&mut self) -> Result<Option<&[u8]>, ArchiveError> {
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

//! Reading a wheel's archive (a zip): the one place that turns its bytes into names and contents.
//!
//! The attack: an archive that two readers read differently. A zip says everything twice or three
//! times (before each file, after it, and in a directory at the end); an index, a scanner and an
//! installer that believe different copies see different files. Here all copies must agree, every
//! byte of the archive must belong to exactly one entry, record or directory, and what unpacks must
//! have exactly the size and the CRC-32 that was promised. Beyond that, the rules of `tarball`: plain
//! files and folders with plain names, and no bombs. Nothing is skipped in silence.
//!
//! Specification: PKWARE's APPNOTE 6.3 as far as wheels use it (stored, deflated, zip64), PEP 427.

mod directory;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::entry::{ArchiveError, BUFFER, Entries, FileHead, Refusal, refused};
use directory::Entry;

/// Reads a wheel's files one after the other. The whole structure was checked before the first one.
pub(super) struct Zip<'a> {
    package: &'a str,
    /// Files alone, in the order in which they lie there.
    entries: Vec<Entry<'a>>,
    /// The entry after the current one.
    next: usize,
    /// Compressed bytes of the current file that were not read yet.
    input: &'a [u8],
    /// Content of the current file that was not lent yet.
    left: u64,
    crc: Crc,
    inflate: Decompress,
    buffer: Vec<u8>,
}

impl<'a> Zip<'a> {
    /// Checks the archive's structure; `package` is for errors.
    ///
    /// # Errors
    /// Anything that another reader could understand differently, or that no wheel may hold. The
    /// contents are not looked at yet.
    pub(super) fn new(package: &'a str, bytes: &'a [u8]) -> Result<Self, ArchiveError> {
        Ok(Self {
            package,
            entries: directory::read(package, bytes)?,
            next: 0,
            input: &[],
            left: 0,
            crc: Crc::new(),
            inflate: Decompress::new(false),
            buffer: vec![0; BUFFER + 1],
        })
    }

    /// The paths of all files, before any is unpacked.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.path.as_str())
    }

    fn broken(&self) -> ArchiveError {
        let name = self
            .next
            .checked_sub(1)
            .and_then(|at| self.entries.get(at))
            .map_or(&b""[..], |entry| entry.name);
        refused(self.package, name, Refusal::Content)
    }

    /// Unpacks a piece of the current file to the buffer's start; with its last piece, the stream
    /// was held against its promised end.
    fn inflate(&mut self) -> Result<usize, ArchiveError> {
        // One byte more than is promised, so that a longer stream shows.
        let room = usize::try_from(self.left).unwrap_or(BUFFER).min(BUFFER) + 1;
        let mut filled = 0;
        loop {
            let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(self.input, &mut self.buffer[filled..room], FlushDecompress::None)
                .map_err(|_| self.broken())?;
            let read = usize::try_from(self.inflate.total_in() - read).unwrap_or(usize::MAX);
            let written = usize::try_from(self.inflate.total_out() - written).unwrap_or(usize::MAX);
            self.input = self.input.get(read..).ok_or_else(|| self.broken())?;
            filled += written;
            let ended = status == Status::StreamEnd;
            let promised = self.left == filled as u64;
            match (ended, promised) {
                (true, true) if self.input.is_empty() => break,
                (false, true) if read > 0 || written > 0 => {}
                (false, false) if filled == room && (filled as u64) < self.left => break,
                (false, false) if (filled as u64) < self.left && (read > 0 || written > 0) => {}
                _ => return Err(self.broken()),
            }
        }
        self.left -= filled as u64;
        self.crc.update(&self.buffer[..filled]);
        if self.left == 0 {
            self.prove().map(|()| filled)
        } else {
            Ok(filled)
        }
    }

    /// The current file's checksum, once all of it was read.
    fn prove(&self) -> Result<(), ArchiveError> {
        let entry = self.next.checked_sub(1).and_then(|at| self.entries.get(at));
        if entry.is_some_and(|entry| entry.crc == self.crc.sum()) {
            Ok(())
        } else {
            Err(self.broken())
        }
    }
}

impl Entries for Zip<'_> {
    fn package(&self) -> &str {
        self.package
    }

    fn next_file(&mut self) -> Result<Option<FileHead>, ArchiveError> {
        while self.chunk()?.is_some() {}
        let Some(entry) = self.entries.get(self.next) else {
            return Ok(None);
        };
        let head = FileHead {
            path: entry.path.clone(),
            executable: entry.executable,
            size: entry.size,
        };
        self.next += 1;
        (self.input, self.left) = (entry.data, entry.size);
        self.crc.reset();
        self.inflate.reset(false);
        match (entry.deflated, self.left) {
            // Nothing is lent of an empty file, so its stream is proved here.
            (true, 0) => drop(self.inflate()?),
            (false, 0) => self.prove()?,
            _ => {}
        }
        Ok(Some(head))
    }

    fn chunk(&mut self) -> Result<Option<&[u8]>, ArchiveError> {
        if self.left == 0 {
            return Ok(None);
        }
        if self
            .next
            .checked_sub(1)
            .and_then(|at| self.entries.get(at))
            .is_some_and(|entry| entry.deflated)
        {
            let filled = self.inflate()?;
            return Ok(Some(&self.buffer[..filled]));
        }
        let (piece, rest) = self.input.split_at(self.input.len().min(BUFFER));
        self.input = rest;
        self.left = rest.len() as u64;
        self.crc.update(piece);
        if rest.is_empty() {
            self.prove()?;
        }
        Ok(Some(piece))
    }
}

#[cfg(test)]
mod tests;

//! Crafted wheels: a zip archive that can lie in every place.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// A zip archive in the making.
#[derive(Clone, Default)]
pub(in super::super) struct Zip {
    front: Vec<u8>,
    directory: Vec<u8>,
    count: usize,
}

/// One entry, about to be added. Change what shall lie.
pub(in super::super) struct Entry {
    /// Header, name and extra data before the content.
    pub(in super::super) local: Vec<u8>,
    /// The packed content.
    pub(in super::super) data: Vec<u8>,
    /// What follows the content: nothing, or a descriptor.
    pub(in super::super) after: Vec<u8>,
    /// The record in the directory.
    pub(in super::super) central: Vec<u8>,
}

/// Offsets of fields in the header before the content.
pub(in super::super) mod local {
    pub(in super::super::super) const FLAGS: usize = 6;
    pub(in super::super::super) const METHOD: usize = 8;
    pub(in super::super::super) const CRC: usize = 14;
    pub(in super::super::super) const PACKED: usize = 18;
    pub(in super::super::super) const SIZE: usize = 22;
    pub(in super::super::super) const EXTRA_LENGTH: usize = 28;
    pub(in super::super::super) const NAME: usize = 30;
}

/// Offsets of fields in the directory's record.
pub(in super::super) mod central {
    pub(in super::super::super) const FLAGS: usize = 8;
    pub(in super::super::super) const METHOD: usize = 10;
    pub(in super::super::super) const CRC: usize = 16;
    pub(in super::super::super) const PACKED: usize = 20;
    pub(in super::super::super) const SIZE: usize = 24;
    pub(in super::super::super) const EXTRA_LENGTH: usize = 30;
    pub(in super::super::super) const COMMENT_LENGTH: usize = 32;
    pub(in super::super::super) const DISK: usize = 34;
    pub(in super::super::super) const ATTRIBUTES: usize = 38;
    pub(in super::super::super) const OFFSET: usize = 42;
    pub(in super::super::super) const NAME: usize = 46;
}

/// Puts a little-endian field in its place.
pub(in super::super) fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}

pub(in super::super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(in super::super) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

impl Entry {
    /// Flags, in both places.
    pub(in super::super) fn flags(&mut self, flags: u16) {
        put(&mut self.local, local::FLAGS, flags.to_le_bytes());
        put(&mut self.central, central::FLAGS, flags.to_le_bytes());
    }

    /// Extra data before the content.
    pub(in super::super) fn local_extra(&mut self, extra: &[u8]) {
        self.local.extend_from_slice(extra);
        put(
            &mut self.local,
            local::EXTRA_LENGTH,
            u16::try_from(extra.len()).unwrap().to_le_bytes(),
        );
    }

    /// Extra data in the directory. (Nothing may stand behind it yet.)
    pub(in super::super) fn central_extra(&mut self, extra: &[u8]) {
        self.central.extend_from_slice(extra);
        put(
            &mut self.central,
            central::EXTRA_LENGTH,
            u16::try_from(extra.len()).unwrap().to_le_bytes(),
        );
    }

    /// The checksum and both sizes move behind the content.
    pub(in super::super) fn sizes_follow(&mut self) {
        let numbers = self.local[local::CRC..local::CRC + 12].to_vec();
        self.after = [&b"PK\x07\x08"[..], &numbers].concat();
        self.local[local::CRC..local::CRC + 12].fill(0);
        self.flags(8);
    }
}

impl Zip {
    pub(in super::super) fn new() -> Self {
        Self::default()
    }

    /// A deflated file.
    pub(in super::super) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(name.as_bytes(), content, true, 0o100_644, |_| ())
    }

    pub(in super::super) fn program(self, name: &str, content: &[u8]) -> Self {
        self.entry(name.as_bytes(), content, true, 0o100_755, |_| ())
    }

    pub(in super::super) fn stored(self, name: &str, content: &[u8]) -> Self {
        self.entry(name.as_bytes(), content, false, 0o100_644, |_| ())
    }

    pub(in super::super) fn folder(self, name: &str) -> Self {
        self.entry(name.as_bytes(), b"", false, 0o040_755, |_| ())
    }

    /// A deflated file, changed by `twist` before it is added.
    pub(in super::super) fn twisted(self, name: &str, content: &[u8], twist: impl FnOnce(&mut Entry)) -> Self {
        self.entry(name.as_bytes(), content, true, 0o100_644, twist)
    }

    pub(in super::super) fn entry(
        mut self,
        name: &[u8],
        content: &[u8],
        deflated: bool,
        mode: u32,
        twist: impl FnOnce(&mut Entry),
    ) -> Self {
        let data = if deflated { deflate(content) } else { content.to_vec() };
        let flags: u16 = if name.is_ascii() { 0 } else { 1 << 11 };
        let method: u16 = if deflated { 8 } else { 0 };
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
        let mut shared = Vec::new();
        shared.extend(20_u16.to_le_bytes());
        shared.extend(flags.to_le_bytes());
        shared.extend(method.to_le_bytes());
        shared.extend([0; 4]);
        shared.extend(crc(content).to_le_bytes());
        shared.extend(length(&data).to_le_bytes());
        shared.extend(length(content).to_le_bytes());
        shared.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        shared.extend([0; 2]);
        let offset = length(&self.front).to_le_bytes();
        let mut entry = Entry {
            local: [b"PK\x03\x04", &shared[..], name].concat(),
            data,
            after: vec![],
            central: [
                b"PK\x01\x02\x14\x03",
                &shared[..],
                &[0; 6],
                &(mode << 16).to_le_bytes(),
                &offset,
                name,
            ]
            .concat(),
        };
        twist(&mut entry);
        for bytes in [&entry.local, &entry.data, &entry.after] {
            self.front.extend_from_slice(bytes);
        }
        self.directory.extend_from_slice(&entry.central);
        self.count += 1;
        self
    }

    /// Bytes between the entries.
    pub(in super::super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.front.extend_from_slice(bytes);
        self
    }

    /// Bytes in the directory.
    pub(in super::super) fn directory_bytes(mut self, bytes: &[u8]) -> Self {
        self.directory.extend_from_slice(bytes);
        self
    }

    pub(in super::super) fn pack(&self) -> Vec<u8> {
        self.pack_twisted(|_| ())
    }

    /// With the end record changed, and whatever `twist` puts before it.
    pub(in super::super) fn pack_twisted(&self, twist: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        let count = u16::try_from(self.count).unwrap_or(0xffff).to_le_bytes();
        end.extend(count);
        end.extend(count);
        end.extend(u32::try_from(self.directory.len()).unwrap().to_le_bytes());
        end.extend(u32::try_from(self.front.len()).unwrap().to_le_bytes());
        end.extend([0; 2]);
        twist(&mut end);
        [&self.front, &self.directory, &end].map(Vec::as_slice).concat()
    }

    /// With a zip64 end record and its locator, changed by `twist`, before the other one.
    pub(in super::super) fn pack_wide(&self, twist: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>)) -> Vec<u8> {
        self.pack_twisted(|end| {
            let at = (self.front.len() + self.directory.len()) as u64;
            let mut wide = b"PK\x06\x06".to_vec();
            wide.extend(44_u64.to_le_bytes());
            wide.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [
                self.count as u64,
                self.count as u64,
                self.directory.len() as u64,
                self.front.len() as u64,
            ] {
                wide.extend(number.to_le_bytes());
            }
            let mut locator = b"PK\x06\x07\0\0\0\0".to_vec();
            locator.extend(at.to_le_bytes());
            locator.extend(1_u32.to_le_bytes());
            twist(&mut wide, &mut locator, end);
            *end = [&wide[..], &locator[..], &end[..]].concat();
        })
    }
}

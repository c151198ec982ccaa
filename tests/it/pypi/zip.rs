//! A zip written entry by entry, the same bytes every time, able to hold what no packer writes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// One entry: its name as bytes, its Unix mode with the file type, its content.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) content: Vec<u8>,
}

impl Entry {
    /// A regular file.
    pub(crate) fn file(name: &str, content: &[u8], executable: bool) -> Self {
        Self {
            name: name.into(),
            mode: if executable { 0o100_755 } else { 0o100_644 },
            content: content.to_vec(),
        }
    }

    /// A symbolic link.
    pub(crate) fn link(name: &str, target: &str) -> Self {
        Self {
            name: name.into(),
            mode: 0o120_777,
            content: target.into(),
        }
    }
}

/// 1985-10-26, 01:21: the time of every entry.
const TIME: u16 = 0x0aa0;
const DATE: u16 = 0x0b5a;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const DEFLATED: u16 = 8;
const STORED: u16 = 0;

/// The archive's bytes.
pub(crate) fn write(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = out.len();
        let (method, packed) = packed(&entry.content);
        let mut crc = flate2::Crc::new();
        crc.update(&entry.content);
        let mut common = Vec::new();
        for value in [FLAGS, method, TIME, DATE] {
            common.extend(value.to_le_bytes());
        }
        for value in [crc.sum(), length(&packed), length(&entry.content)] {
            common.extend(value.to_le_bytes());
        }
        common.extend(u16::try_from(entry.name.len()).unwrap().to_le_bytes());
        common.extend(0_u16.to_le_bytes());

        out.extend(b"PK\x03\x04\x14\x00");
        out.extend(&common);
        out.extend(&entry.name);
        out.extend(&packed);

        // Made by Unix, so that the mode counts.
        directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(u32::try_from(offset).unwrap().to_le_bytes());
        directory.extend(&entry.name);
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let start = length(&out).to_le_bytes();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend([count, count].concat());
    out.extend(length(&directory).to_le_bytes());
    out.extend(start);
    out.extend([0; 2]);
    out
}

fn packed(content: &[u8]) -> (u16, Vec<u8>) {
    if content.len() < 64 {
        return (STORED, content.to_vec());
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    (DEFLATED, encoder.finish().unwrap())
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

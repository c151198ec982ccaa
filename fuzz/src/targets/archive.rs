//! Archives: whatever the bytes are, no name leaves its folder, none stands twice.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use flate2::read::DeflateDecoder;
use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use mcp_pin::store::fuzzing::{files, wheel_files};

/// Bytes as they come from a registry.
pub(crate) fn gzip(data: &[u8]) {
    if let Ok(found) = files(data) {
        sound(&found);
        assert_eq!(files(data).as_ref(), Ok(&found), "two readings differ");
    }
}

/// The same behind an honest compression, and with the right checksum in each header: mutation
/// alone would hardly get through either.
pub(crate) fn tar(data: &[u8]) {
    let data = &with_checksums(data);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(data).expect("memory");
    let gzip = gzip.finish().expect("memory");
    if let Ok(found) = files(&gzip) {
        sound(&found);
        let content: usize = found.iter().map(|(_, _, content)| content.len()).sum();
        assert!(content <= data.len(), "more content than there are bytes");
    }
}

/// A wheel as it comes from an index.
pub(crate) fn wheel(data: &[u8]) {
    if let Ok(found) = wheel_files(data) {
        sound(&found);
        assert_eq!(wheel_files(data).as_ref(), Ok(&found), "two readings differ");
        // Whoever cuts a byte off, or adds one, has another archive.
        assert!(wheel_files(&data[1..]).is_err() && wheel_files(&data[..data.len() - 1]).is_err());
        assert!(wheel_files(&[data, &[0]].concat()).is_err(), "bytes may follow the end");
        let content: usize = found.iter().map(|(_, _, content)| content.len()).sum();
        assert!(content <= data.len() * 1040, "more content than deflate can pack");
    }
}

/// The same with the right checksums, which mutation alone would hardly find.
pub(crate) fn wheel_mended(data: &[u8]) {
    let mut data = data.to_vec();
    mend(&mut data);
    wheel(&data);
}

fn field<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Goes through the directory, and gives each entry the checksum of what it unpacks to.
fn mend(data: &mut [u8]) -> Option<()> {
    let end = data.len().checked_sub(22)?;
    let mut at = u32::from_le_bytes(field(data, end + 16)?) as usize;
    for _ in 0..u16::from_le_bytes(field(data, end + 10)?) {
        let record = data.get(at..at.checked_add(46)?)?;
        let length = |at| field(record, at).map_or(0, u16::from_le_bytes) as usize;
        let number = |at| field(record, at).map_or(0, u32::from_le_bytes) as usize;
        let (deflated, packed, local) = (length(10) == 8, number(20), number(42));
        let next = at + 46 + length(28) + length(30) + length(32);
        let follow = length(8) & 8 != 0;
        let name = u16::from_le_bytes(field(data, local.checked_add(26)?)?) as usize;
        let extra = u16::from_le_bytes(field(data, local + 28)?) as usize;
        let start = local + 30 + name + extra;
        let packed = data.get(start..start.checked_add(packed)?)?;
        let mut content = Vec::new();
        if deflated {
            DeflateDecoder::new(packed).take(1 << 20).read_to_end(&mut content).ok()?;
        } else {
            content.extend_from_slice(packed);
        }
        let behind = start + packed.len();
        let mut crc = Crc::new();
        crc.update(&content);
        let crc = crc.sum().to_le_bytes();
        data.get_mut(at + 16..at + 20)?.copy_from_slice(&crc);
        if !follow {
            data.get_mut(local + 14..local + 18)?.copy_from_slice(&crc);
        } else if field(data, behind) == Some(*b"PK\x07\x08") {
            data.get_mut(behind + 4..behind + 8)?.copy_from_slice(&crc);
        }
        at = next;
    }
    Some(())
}

const BLOCK: usize = 512;
const CHECKSUM: std::ops::Range<usize> = 148..156;

fn with_checksums(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    let mut at = 0;
    while let Some(header) = data.get_mut(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        header[CHECKSUM].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let size = std::str::from_utf8(&header[124..135]).unwrap_or_default();
        let size = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8).unwrap_or_default();
        at += BLOCK + size.next_multiple_of(BLOCK);
    }
    data
}

fn sound(files: &[(String, bool, Vec<u8>)]) {
    assert!(!files.is_empty(), "an archive without a file was read");
    let mut names = BTreeSet::new();
    for (path, _, _) in files {
        assert!(!path.is_empty() && path.len() < 4096, "a name of {} bytes", path.len());
        assert!(!path.contains(['\\', '\0']), "{path:?}");
        for segment in path.split('/') {
            assert!(!["", ".", ".."].contains(&segment), "{path:?}");
        }
        assert!(names.insert(path.to_lowercase()), "{path:?} stands twice");
    }
}

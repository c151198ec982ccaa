//! Archives: whatever the bytes are, no name leaves its folder, none stands twice.

use std::collections::BTreeSet;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use mcp_pin::store::fuzzing::files;

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

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

/// The same behind an honest compression, which mutation alone would hardly get through.
pub(crate) fn tar(data: &[u8]) {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(data).expect("memory");
    let gzip = gzip.finish().expect("memory");
    if let Ok(found) = files(&gzip) {
        sound(&found);
        let content: usize = found.iter().map(|(_, _, content)| content.len()).sum();
        assert!(content <= data.len(), "more content than there are bytes");
    }
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

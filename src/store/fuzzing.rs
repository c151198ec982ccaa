//! A door for the fuzz targets into the reader of archives. Not built otherwise.

use super::ArchiveError;
use super::tarball::Tarball;

/// Every file of an archive: path, executable bit, content.
///
/// # Errors
/// As the unpacking's.
pub fn files(bytes: &[u8]) -> Result<Vec<(String, bool, Vec<u8>)>, ArchiveError> {
    let mut tarball = Tarball::new("fuzzed", bytes);
    let mut files = Vec::new();
    while let Some(head) = tarball.next_file()? {
        let mut content = Vec::new();
        tarball.content(&mut content)?;
        files.push((head.path, head.executable, content));
    }
    Ok(files)
}

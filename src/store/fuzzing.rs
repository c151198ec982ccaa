//! A door for the fuzz targets into the readers of archives. Not built otherwise.

use super::ArchiveError;
use super::entry::Entries;
use super::tarball::Tarball;
use super::zip::Zip;

/// Path, executable bit and content of a file.
pub type File = (String, bool, Vec<u8>);

/// Every file of an npm archive.
///
/// # Errors
/// As the unpacking's.
pub fn files(bytes: &[u8]) -> Result<Vec<File>, ArchiveError> {
    all(&mut Tarball::new("fuzzed", bytes))
}

/// Every file of a wheel.
///
/// # Errors
/// As the unpacking's.
pub fn wheel_files(bytes: &[u8]) -> Result<Vec<File>, ArchiveError> {
    all(&mut Zip::new("fuzzed", bytes)?)
}

fn all(entries: &mut dyn Entries) -> Result<Vec<File>, ArchiveError> {
    let mut files = Vec::new();
    while let Some(head) = entries.next_file()? {
        let mut content = Vec::new();
        entries.content(&mut content)?;
        files.push((head.path, head.executable, content));
    }
    Ok(files)
}

//! What a verified archive holds: the authority for everything about a package.

use std::collections::BTreeMap;

use super::digest::Sha256Digest;

/// One regular file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Path inside the package, `/`-separated, without the archive's leading folder.
    pub path: String,
    /// Any executable bit was set.
    pub executable: bool,
    /// Length in bytes.
    pub size: u64,
    /// Digest of the content.
    pub digest: Sha256Digest,
    /// The content starts like ELF, Mach-O, PE or WebAssembly, or the name ends in `.node`.
    pub native: bool,
}

/// Everything in an archive, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveContents {
    /// Every file.
    pub files: Vec<ArchiveFile>,
    /// The bytes of the package's own manifest (`package.json` at its root).
    pub manifest: Vec<u8>,
}

/// Everything in a wheel, sorted by path. Nothing in it is judged yet: `verify::wheel` does that.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WheelContents {
    /// Every file, by its path in the archive.
    pub files: Vec<ArchiveFile>,
    /// The bytes of the files that say something about the wheel, by path: those directly in the
    /// top-level `*.dist-info` folders, and every `.pth` file.
    pub read: BTreeMap<String, Vec<u8>>,
}

impl ArchiveContents {
    /// Whether a file of this path is there.
    pub fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok()
    }

    /// Whether any file is native code.
    pub fn is_native(&self) -> bool {
        self.files.iter().any(|file| file.native)
    }
}

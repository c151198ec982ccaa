//! Archives: streamed in under a check, and hashed again whenever they are used.
//!
//! The attacks: wrong or endless bytes from a registry, and an archive swapped on the disk between
//! the moment it is hashed and the moment it is unpacked. A [`StoredArchive`] holds the very bytes
//! that were hashed.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::{fmt, fs};

use tempfile::NamedTempFile;

use super::entry::{ArchiveError, Entries, Refusal, bomb};
use super::error::{At as _, StoreError};
use super::tarball::Tarball;
use super::zip::Zip;
use super::{Store, tree};
use crate::model::{ArchiveContents, ArchiveFile, Integrity, Sha256Digest, WheelContents};
use crate::verify::{ArchiveCheck, Verified};

/// Largest archive that is read back, compressed: it is held in memory.
const MAX_ARCHIVE: u64 = 256 << 20;
/// Largest file of a wheel that is read as a whole, and all of them together.
const MAX_READ: u64 = 16 << 20;
const MAX_READ_TOGETHER: u64 = 64 << 20;

/// An archive on its way in. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    store: Store,
    file: NamedTempFile,
    check: ArchiveCheck,
    integrity: Integrity,
    what: String,
    limit: u64,
    size: u64,
}

impl Incoming {
    /// Takes the next bytes. Fails as soon as there are more than allowed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.limit {
            return Err(StoreError::TooLarge {
                what: self.what.clone(),
                limit: self.limit,
            });
        }
        self.check.update(bytes);
        self.file.write_all(bytes).at("write", self.file.path())
    }

    /// All bytes are here: checks the digest, makes them durable, and gives them their final name.
    /// With another digest nothing is kept, and the error names both.
    pub fn finish(self) -> Result<StoredArchive, StoreError> {
        let Self {
            store,
            file,
            check,
            integrity,
            what,
            ..
        } = self;
        check.finish().map_err(|source| StoreError::Mismatch {
            what: what.clone(),
            source,
        })?;
        let path = store.archive_path(&integrity);
        file.as_file()
            .set_permissions(fs::Permissions::from_mode(0o400))
            .at("write", &path)?;
        file.as_file().sync_all().at("write", &path)?;
        file.persist(&path).map_err(|error| error.error).at("write", &path)?;
        if let Some(folder) = path.parent() {
            tree::sync_folder(folder)?;
        }
        // Read back and hashed once more: what is given out is what the store holds.
        store.archive(&integrity, &what)?.ok_or(StoreError::MissingArchive { what })
    }
}

/// An archive whose bytes were hashed in this process and are held in memory, so that what is read
/// out of it is what was hashed. Only [`Incoming::finish`] and [`Store::archive`] make one.
///
/// Drop it when it is not needed: it costs the size of the compressed archive.
/// ```compile_fail
/// fn forge(verified: mcp_pin::verify::Verified) -> mcp_pin::store::StoredArchive {
///     mcp_pin::store::StoredArchive { verified, bytes: vec![], what: String::new() }
/// }
/// ```
#[derive(Clone)]
pub struct StoredArchive {
    verified: Verified,
    pub(super) bytes: Vec<u8>,
    what: String,
}

impl StoredArchive {
    /// The proof that the bytes are the expected ones.
    pub const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The package, as errors name it.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Every file with its digest, and the package's own manifest. Applies all rules of unpacking.
    pub fn contents(&self) -> Result<ArchiveContents, ArchiveError> {
        let mut contents = ArchiveContents::default();
        let mut manifest = None;
        self.for_each_file(&mut |path, executable, bytes| {
            if path == "package.json" {
                manifest = Some(bytes.to_vec());
            }
            contents.files.push(ArchiveFile {
                path: path.to_owned(),
                executable,
                size: bytes.len() as u64,
                digest: Sha256Digest::of(bytes),
                native: is_native(path, bytes),
            });
        })?;
        contents.manifest = manifest.ok_or_else(|| ArchiveError::NoManifest {
            package: self.what.clone(),
        })?;
        contents.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(contents)
    }

    /// Calls `f` with path, executable bit and content of every file of an npm archive, in its order.
    ///
    /// An error may come after some calls: believe what `f` saw only once this returned `Ok`.
    pub fn for_each_file(&self, f: &mut dyn FnMut(&str, bool, &[u8])) -> Result<(), ArchiveError> {
        each_file(&mut self.tarball(), f)
    }

    /// The same for a wheel.
    pub fn for_each_wheel_file(&self, f: &mut dyn FnMut(&str, bool, &[u8])) -> Result<(), ArchiveError> {
        each_file(&mut self.zip()?, f)
    }

    /// Every file of a wheel with its digest, and the bytes of those that say something about it.
    /// Applies all rules of unpacking but one: where the files go is the layout's to say.
    pub fn wheel(&self) -> Result<WheelContents, ArchiveError> {
        let mut contents = WheelContents::default();
        let mut zip = self.zip()?;
        let (mut content, mut read) = (Vec::new(), 0);
        while let Some(head) = zip.next_file()? {
            let says = says_something(&head.path);
            if says && head.size > MAX_READ {
                return Err(zip.refused(head.path.as_bytes(), Refusal::TooLargeToRead));
            }
            zip.content(&mut content)?;
            if says {
                read += head.size;
                if read > MAX_READ_TOGETHER {
                    return Err(bomb(&self.what, "64 MiB of metadata"));
                }
                contents.read.insert(head.path.clone(), content.clone());
            }
            contents.files.push(ArchiveFile {
                native: is_native(&head.path, &content) || is_library(&head.path),
                digest: Sha256Digest::of(&content),
                executable: head.executable,
                size: head.size,
                path: head.path,
            });
        }
        contents.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(contents)
    }

    /// The content of one file, `None` if there is none of that path.
    pub fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let mut found = None;
        self.for_each_file(&mut |name, _, bytes| {
            if name == path {
                found = Some(bytes.to_vec());
            }
        })?;
        Ok(found)
    }

    pub(super) fn tarball(&self) -> Tarball<'_> {
        Tarball::new(&self.what, &self.bytes)
    }

    pub(super) fn zip(&self) -> Result<Zip<'_>, ArchiveError> {
        Zip::new(&self.what, &self.bytes)
    }
}

fn each_file(entries: &mut dyn Entries, f: &mut dyn FnMut(&str, bool, &[u8])) -> Result<(), ArchiveError> {
    let mut content = Vec::new();
    while let Some(head) = entries.next_file()? {
        entries.content(&mut content)?;
        f(&head.path, head.executable, &content);
    }
    Ok(())
}

/// Whether a wheel's file is one that is read as a whole: directly in a `*.dist-info` folder, or a
/// `.pth` file where Python would look for it.
fn says_something(path: &str) -> bool {
    let segments: Vec<_> = path.split('/').collect();
    match segments[..] {
        [name] => has_ending(name, "pth"),
        [folder, _] => has_ending(folder, "dist-info"),
        [folder, scheme, name] => has_ending(folder, "data") && ["purelib", "platlib"].contains(&scheme) && has_ending(name, "pth"),
        _ => false,
    }
}

/// Whether a name ends in `.ENDING`, in any letter case.
fn has_ending(name: &str, ending: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
}

/// Whether Python or a system's loader takes a file for native code, by its name.
fn is_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    // `libx.so.1` too.
    let versioned = name.to_ascii_lowercase().contains(".so.");
    versioned || ["so", "pyd", "dylib"].iter().any(|ending| has_ending(name, ending))
}

/// The `package.json` of an archive that is in hand and in no store. All rules of unpacking apply;
/// what it says is the archive's own word.
///
/// # Errors
/// An archive that would not be unpacked, or one without a `package.json`.
pub fn manifest_of(archive: &[u8], what: &str) -> Result<Vec<u8>, ArchiveError> {
    let mut tarball = Tarball::new(what, archive);
    let (mut content, mut manifest) = (Vec::new(), None);
    while let Some(head) = tarball.next_file()? {
        if head.path == "package.json" {
            tarball.content(&mut content)?;
            manifest = Some(content.clone());
        }
    }
    manifest.ok_or_else(|| ArchiveError::NoManifest { package: what.to_owned() })
}

impl fmt::Debug for StoredArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredArchive")
            .field("what", &self.what)
            .field("verified", &self.verified)
            .finish_non_exhaustive()
    }
}

/// Whether a file is native code, by its first bytes or its name: the kinds that run without Node
/// reading them as a script.
fn is_native(path: &str, bytes: &[u8]) -> bool {
    const STARTS: [&[u8]; 8] = [
        b"\x7fELF",
        b"\0asm",
        b"MZ",
        // Mach-O: 32 and 64 bit in both byte orders, and fat.
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
    ];
    path.to_ascii_lowercase().ends_with(".node") || STARTS.iter().any(|start| bytes.starts_with(start))
}

impl Store {
    /// Starts taking in an archive. `what` names the package in errors; more than `max_bytes` are
    /// refused while they arrive. Bytes go to `tmp/` and get their final name only when they are
    /// whole and right.
    pub fn receive(&self, integrity: &Integrity, what: &str, max_bytes: u64) -> Result<Incoming, StoreError> {
        let temporary = self.temporary();
        let file = tempfile::Builder::new()
            .prefix("archive-")
            .tempfile_in(&temporary)
            .at("make a file in", &temporary)?;
        Ok(Incoming {
            store: self.clone(),
            file,
            check: ArchiveCheck::new(integrity),
            integrity: integrity.clone(),
            what: what.to_owned(),
            limit: max_bytes.min(MAX_ARCHIVE),
            size: 0,
        })
    }

    /// Whether something lies where this archive belongs. No promise about what: [`Store::archive`]
    /// looks.
    pub fn has_archive(&self, integrity: &Integrity) -> bool {
        fs::symlink_metadata(self.archive_path(integrity)).is_ok()
    }

    /// Reads a stored archive and hashes it. `None` if it is not stored.
    ///
    /// If the bytes are no longer those of the digest, the error says that the stored archive was
    /// changed on disk; [`Store::discard_archive`] makes room to fetch it again.
    pub fn archive(&self, integrity: &Integrity, what: &str) -> Result<Option<StoredArchive>, StoreError> {
        let path = self.archive_path(integrity);
        match fs::symlink_metadata(&path) {
            Ok(there) if !there.is_file() => return Err(StoreError::NotAFile { path }),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).at("read", &path),
        }
        let mut bytes = Vec::new();
        let file = tree::open(&path).at("read", &path)?;
        bytes.reserve(usize::try_from(file.metadata().at("read", &path)?.len().min(MAX_ARCHIVE) + 1).unwrap_or(0));
        // One byte more than allowed makes a longer file fail its digest instead of being cut to fit.
        file.take(MAX_ARCHIVE + 1).read_to_end(&mut bytes).at("read", &path)?;
        let mut check = ArchiveCheck::new(integrity);
        check.update(&bytes);
        let verified = check.finish().map_err(|source| StoreError::ChangedOnDisk {
            what: what.to_owned(),
            source,
        })?;
        Ok(Some(StoredArchive {
            verified,
            bytes,
            what: what.to_owned(),
        }))
    }

    /// Takes away whatever lies where this archive belongs, so that it is fetched again.
    pub fn discard_archive(&self, integrity: &Integrity) -> Result<(), StoreError> {
        tree::remove(&self.archive_path(integrity))
    }

    /// The size of a stored archive, 0 if there is none: only for ordering work.
    pub(super) fn archive_size(&self, integrity: &Integrity) -> u64 {
        fs::symlink_metadata(self.archive_path(integrity)).map_or(0, |there| there.len())
    }

    /// Where the archive of a digest lies; for tests that tamper with it.
    #[cfg(test)]
    pub(super) fn archive_file(&self, integrity: &Integrity) -> std::path::PathBuf {
        self.archive_path(integrity)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Home, Tgz, integrity};
    use super::*;

    #[test]
    fn right_bytes_are_stored_read_only_and_hashed_again_on_use() {
        let home = Home::new();
        let bytes = Tgz::new()
            .file("package.json", b"{}")
            .program("bin/x.NODE", b"js")
            .file("a.wasm", b"\0asm\x01")
            .pack();
        let integrity = integrity(&bytes);
        assert!(!home.store.has_archive(&integrity) && home.store.archive(&integrity, "a@1").unwrap().is_none());
        home.stored(&bytes, "a@1");
        assert!(home.store.has_archive(&integrity) && home.leftovers().is_empty());
        let mode = fs::metadata(home.store.archive_file(&integrity)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400);
        let archive = home.store.archive(&integrity, "a@1").unwrap().unwrap();
        assert_eq!(
            (archive.verified().integrity(), archive.verified().size()),
            (&integrity, bytes.len() as u64)
        );
        let contents = archive.contents().unwrap();
        assert_eq!(contents.manifest, b"{}");
        let files: Vec<_> = contents
            .files
            .iter()
            .map(|f| (f.path.as_str(), f.executable, f.size, f.native))
            .collect();
        assert_eq!(
            files,
            [
                ("a.wasm", false, 5, true),
                ("bin/x.NODE", true, 2, true),
                ("package.json", false, 2, false)
            ]
        );
        assert_eq!(contents.files[2].digest, Sha256Digest::of(b"{}"));
        assert_eq!(archive.read_file("bin/x.NODE").unwrap().as_deref(), Some(&b"js"[..]));
        assert_eq!(archive.read_file("package").unwrap(), None);
    }

    #[test]
    fn wrong_bytes_name_the_package_and_both_digests_and_leave_nothing() {
        let home = Home::new();
        let (asked, got) = (integrity(b"asked"), integrity(b"other"));
        let mut incoming = home.store.receive(&asked, "evil@1", 100).unwrap();
        incoming.write(b"oth").unwrap();
        incoming.write(b"er").unwrap();
        assert_eq!(home.leftovers().len(), 1);
        let error = incoming.finish().unwrap_err();
        assert!(matches!(error, StoreError::Mismatch { .. }));
        let text = error.to_string();
        assert!(
            text.contains("`evil@1`") && text.contains(&asked.to_string()) && text.contains(&got.to_string()),
            "{text}"
        );
        assert!(home.leftovers().is_empty() && !home.store.has_archive(&asked) && !home.store.has_archive(&got));
    }

    #[test]
    fn endless_bytes_are_stopped_while_they_arrive() {
        let home = Home::new();
        let mut incoming = home.store.receive(&integrity(b"x"), "big@1", 10).unwrap();
        incoming.write(&[0; 10]).unwrap();
        assert!(matches!(incoming.write(&[0]), Err(StoreError::TooLarge { limit: 10, .. })));
        drop(incoming);
        assert!(home.leftovers().is_empty());
    }

    #[test]
    fn an_archive_changed_on_disk_is_not_given_out() {
        let home = Home::new();
        let part = home.part("node_modules/a", &Tgz::new().file("package.json", b"{}"));
        let path = home.store.archive_file(&part.integrity);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        home.tamper_archive(&part, &bytes);
        let error = home.store.archive(&part.integrity, "a@1.0.0").unwrap_err();
        assert!(
            matches!(error, StoreError::ChangedOnDisk { .. }) && error.to_string().contains("was changed on disk"),
            "{error}"
        );
        // A link to the right bytes is none of ours either.
        home.store.discard_archive(&part.integrity).unwrap();
        let elsewhere = home.store.root().join("elsewhere");
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&elsewhere, &bytes).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(matches!(
            home.store.archive(&part.integrity, "a@1.0.0"),
            Err(StoreError::NotAFile { .. })
        ));
        home.store.discard_archive(&part.integrity).unwrap();
        assert!(!home.store.has_archive(&part.integrity) && elsewhere.exists());
    }

    #[test]
    fn an_archive_without_a_manifest_is_no_package() {
        let home = Home::new();
        let integrity = home.stored(&Tgz::new().file("lib/package.json", b"{}").pack(), "a@1");
        let archive = home.store.archive(&integrity, "a@1").unwrap().unwrap();
        assert!(matches!(archive.contents(), Err(ArchiveError::NoManifest { .. })));
    }

    #[test]
    fn what_comes_in_may_travel_between_threads() {
        fn is_send<T: Send>() {}
        is_send::<Incoming>();
        is_send::<StoredArchive>();
    }
}

//! The check: an installed tree against the archives it came from, byte by byte.
//!
//! The attack: a file changed after the installation (also with size and time kept), added, taken
//! away, made executable, or replaced by a link. The check trusts nothing but the archive digests it
//! is given: not the store's own files, not the tree's manifests, no sizes and no times.
//!
//! # Performance
//! Each archive is read once, hashed, and unpacked piece by piece next to the installed file. This
//! precedes every start of a server.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::{At as _, StoreError};
use super::install::{InstallId, Installed, Job, Part, jobs};
use super::tarball::{FileHead, Tarball};
use super::tree::{self, Kind};
use super::{Store, parallel};
use crate::model::Sha256Digest;
use crate::model::drift::TreeChangeKind;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeCheck {
    /// Every difference, sorted by path. Paths are below the tree's root; `.` is the root itself.
    pub changes: Vec<(String, TreeChangeKind)>,
    /// The digests of the files on disk among `changes`, so that consent to one content is none to
    /// the next. What is no file, or cannot be read, has none.
    pub found: BTreeMap<String, Sha256Digest>,
    /// How many files of the archives were compared.
    pub files: u64,
    /// How many bytes they hold.
    pub bytes: u64,
    /// There only if every archive was there and nothing differs.
    pub installed: Option<Installed>,
    /// Packages whose archive is not stored: nothing can be said about their files. If this is not
    /// empty, the check could not decide, whatever `changes` says.
    pub missing_archives: Vec<String>,
}

/// What one worker found.
#[derive(Default)]
struct Findings {
    changes: Vec<(String, TreeChangeKind)>,
    files: u64,
    bytes: u64,
    missing: Option<String>,
}

impl Store {
    /// Compares the tree `id` with the archives of `parts`: every file's content and executable bit,
    /// and everything on disk that no archive holds, empty folders included. Links are not followed.
    ///
    /// An archive that is not what its digest says is an error, not a finding: nothing could be
    /// compared with it.
    pub fn check(&self, id: &InstallId, parts: &[Part]) -> Result<TreeCheck, StoreError> {
        let root = self.install_path(id);
        let mut check = TreeCheck {
            changes: vec![],
            found: BTreeMap::new(),
            files: 0,
            bytes: 0,
            installed: None,
            missing_archives: vec![],
        };
        match tree::is_folder(&root)? {
            Some(true) => {}
            Some(false) => check.changes.push((".".into(), TreeChangeKind::NotAFile)),
            None => check.changes.push((".".into(), TreeChangeKind::Missing)),
        }
        if !check.changes.is_empty() {
            return Ok(check);
        }
        let frame = Frame::read(&root, parts, &mut check.changes)?;
        for findings in parallel::each(&jobs(self, parts), |job| self.check_part(job, &root, &frame))? {
            check.changes.extend(findings.changes);
            check.files += findings.files;
            check.bytes += findings.bytes;
            check.missing_archives.extend(findings.missing);
        }
        check.changes.sort();
        let files = check
            .changes
            .iter()
            .filter(|(_, kind)| !matches!(kind, TreeChangeKind::Missing | TreeChangeKind::NotAFile));
        check.found = files
            .filter_map(|(path, _)| Some((path.clone(), digest_of(&root.join(path))?)))
            .collect();
        check.missing_archives.sort();
        // Nothing compared is nothing proved.
        if check.changes.is_empty() && check.missing_archives.is_empty() && check.files > 0 {
            check.installed = Some(Installed::proved(*id, root));
        }
        Ok(check)
    }

    fn check_part(&self, job: &Job<'_>, root: &Path, frame: &Frame<'_>) -> Result<Findings, StoreError> {
        let mut findings = Findings::default();
        let Some(archive) = self.archive(&job.part.integrity, &job.part.what)? else {
            findings.missing = Some(job.part.what.clone());
            return Ok(findings);
        };
        let prefix = job.part.path.as_str();
        let mut found = if frame.real.contains(prefix) {
            tree::walk(&root.join(prefix), prefix, |path| frame.parts.contains(path))?
        } else {
            tree::Found::default()
        };
        // The frame's folders were looked at already.
        found.paths.retain(|path, _| !frame.folders.contains(path.as_str()));
        let mut tarball = archive.tarball();
        let mut scratch = Vec::new();
        while let Some(head) = tarball.next_file()? {
            job.admit(&tarball, &head)?;
            let path = tree::joined(prefix, &head.path);
            let there = found.paths.remove(&path);
            expect_folders_above(&path, prefix, &mut found, &mut findings.changes);
            let change = match there {
                Some(Kind::File) => compare(&root.join(&path), &head, &mut tarball, &mut scratch)?,
                Some(Kind::Folder | Kind::EmptyFolder | Kind::Other) => Some(TreeChangeKind::NotAFile),
                None => Some(TreeChangeKind::Missing),
            };
            findings.changes.extend(change.map(|kind| (path, kind)));
            findings.files += 1;
            findings.bytes += head.size;
        }
        strays(found, &mut findings.changes);
        Ok(findings)
    }
}

/// The folders that the install paths themselves need: `node_modules`, scopes, packages.
struct Frame<'a> {
    /// Every one of them, whether it is there or not.
    folders: BTreeSet<&'a str>,
    /// Those that are a package's own.
    parts: HashSet<&'a str>,
    /// Those that are real folders, all the way down from the root.
    real: HashSet<&'a str>,
}

impl<'a> Frame<'a> {
    /// Looks at the frame on disk; reports what is no folder, and what stands between packages.
    fn read(root: &Path, parts: &'a [Part], changes: &mut Vec<(String, TreeChangeKind)>) -> Result<Self, StoreError> {
        let paths = || parts.iter().map(|part| part.path.as_str());
        let mut frame = Self {
            folders: paths()
                .flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]))
                .collect(),
            parts: paths().collect(),
            real: HashSet::from([""]),
        };
        for &folder in &frame.folders {
            // Sorted: what is above was looked at before.
            let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
            if !frame.real.contains(above) {
                continue;
            }
            match tree::is_folder(&root.join(folder))? {
                Some(true) => drop(frame.real.insert(folder)),
                Some(false) => changes.push((folder.to_owned(), TreeChangeKind::NotAFile)),
                None => {}
            }
        }
        frame.between_packages(root, changes)?;
        Ok(frame)
    }

    /// What stands in the frame's folders that belong to no package.
    fn between_packages(&self, root: &Path, changes: &mut Vec<(String, TreeChangeKind)>) -> Result<(), StoreError> {
        let owned = |folder: &str| {
            folder
                .match_indices('/')
                .map(|(at, _)| &folder[..at])
                .chain([folder])
                .any(|path| self.parts.contains(path))
        };
        for &folder in self.real.iter().filter(|folder| !owned(folder)) {
            // Only this level: the frame's own folders get their turn, the others are strays.
            let mut found = tree::walk(&root.join(folder), folder, |path| self.folders.contains(path))?;
            found.paths.retain(|path, _| !self.folders.contains(path.as_str()));
            strays(found, changes);
        }
        Ok(())
    }
}

/// Marks the folders between a package and one of its files as expected.
fn expect_folders_above(path: &str, prefix: &str, found: &mut tree::Found, changes: &mut Vec<(String, TreeChangeKind)>) {
    let mut above = path;
    while let Some((folder, _)) = above.rsplit_once('/').filter(|(folder, _)| folder.len() > prefix.len()) {
        // Marked already, not there (its files are reported as missing), or a folder: all fine.
        if let Some(Kind::File | Kind::Other) = found.paths.remove(folder) {
            changes.push((folder.to_owned(), TreeChangeKind::NotAFile));
        }
        above = folder;
    }
}

/// Reports what no archive accounts for. A folder with something in it is reported by that.
fn strays(found: tree::Found, changes: &mut Vec<(String, TreeChangeKind)>) {
    changes.extend(found.unnameable.into_iter().map(|path| (path, TreeChangeKind::Added)));
    changes.extend(found.paths.into_iter().filter_map(|(path, kind)| match kind {
        Kind::File | Kind::EmptyFolder => Some((path, TreeChangeKind::Added)),
        Kind::Other => Some((path, TreeChangeKind::NotAFile)),
        Kind::Folder => None,
    }));
}

/// Compares one installed file with the archive's, piece by piece.
fn compare(path: &Path, head: &FileHead, tarball: &mut Tarball<'_>, scratch: &mut Vec<u8>) -> Result<Option<TreeChangeKind>, StoreError> {
    let mut file = match tree::open(path) {
        Ok(file) => file,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound => Ok(Some(TreeChangeKind::Missing)),
                // Unpacking made it readable: somebody took that away.
                io::ErrorKind::PermissionDenied => Ok(Some(TreeChangeKind::ModeChanged)),
                // A link or a socket, swapped in since the walk.
                _ if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) => Ok(Some(TreeChangeKind::NotAFile)),
                _ => Err(error).at("read", path),
            };
        }
    };
    let there = file.metadata().at("read", path)?;
    if !there.is_file() {
        return Ok(Some(TreeChangeKind::NotAFile));
    }
    if there.len() != head.size {
        return Ok(Some(TreeChangeKind::Changed));
    }
    while let Some(chunk) = tarball.chunk()? {
        if !same(&mut file, chunk, scratch).at("read", path)? {
            return Ok(Some(TreeChangeKind::Changed));
        }
    }
    let mode = there.permissions().mode();
    // No archive gives set-user or set-group bits.
    let as_unpacked = (mode & 0o111 != 0) == head.executable && mode & 0o6000 == 0;
    Ok((!as_unpacked).then_some(TreeChangeKind::ModeChanged))
}

/// The digest of a file on disk. Only what differs is read for it; a sound tree costs nothing.
fn digest_of(path: &Path) -> Option<Sha256Digest> {
    let mut file = tree::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let (mut hasher, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Some(Sha256Digest::from_bytes(hasher.finalize().into())),
            Ok(read) => hasher.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Whether the file goes on with exactly these bytes.
fn same(file: &mut File, expected: &[u8], scratch: &mut Vec<u8>) -> io::Result<bool> {
    if scratch.len() < expected.len() {
        scratch.resize(expected.len(), 0);
    }
    let piece = &mut scratch[..expected.len()];
    match file.read_exact(piece) {
        Ok(()) => Ok(piece == expected),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;

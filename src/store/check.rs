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

use super::derive::Derive;
use super::entry::{Entries, FileHead};
use super::error::{At as _, StoreError};
use super::install::{Installed, Job, jobs};
use super::part::{InstallId, Part, Parts, Wheel};
use super::tree::{self, Kind, digest_of};
use super::wheels::{Origin, Plan};
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
    /// How many files were made again of the archives' sources, and compared.
    pub derived: u64,
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
    derived: u64,
    missing: Vec<String>,
}

impl Store {
    /// Compares the tree `id` with the archives of `parts`: every file's content and executable bit,
    /// and everything on disk that no archive holds, empty folders included. Links are not followed.
    ///
    /// What `derive` makes of wheels' sources is made again, of the archives' bytes, and compared too.
    ///
    /// # Errors
    /// An archive that is not what its digest says is an error, not a finding: nothing could be
    /// compared with it. So is a wheel that could not be installed beside the others.
    pub fn check(&self, id: &InstallId, parts: &[Part], derive: Option<&dyn Derive>) -> Result<TreeCheck, StoreError> {
        let root = self.install_path(id);
        let mut check = TreeCheck {
            changes: vec![],
            found: BTreeMap::new(),
            files: 0,
            bytes: 0,
            derived: 0,
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
        let findings = match Parts::of(parts)? {
            Parts::Packages(packages) => self.check_packages(&packages, &root)?,
            Parts::Wheels(wheels) => self.check_wheels(&wheels, &root, derive)?,
        };
        for findings in findings {
            check.changes.extend(findings.changes);
            check.files += findings.files;
            check.bytes += findings.bytes;
            check.derived += findings.derived;
            check.missing_archives.extend(findings.missing);
        }
        check.changes.sort();
        check.changes.dedup();
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

    fn check_packages(&self, packages: &[(&Part, &str)], root: &Path) -> Result<Vec<Findings>, StoreError> {
        let mut between = Findings::default();
        let frame = Frame::read(root, packages, &mut between.changes)?;
        let mut findings = parallel::each(&jobs(self, packages), |job| self.check_part(job, root, &frame))?;
        findings.push(between);
        Ok(findings)
    }

    fn check_part(&self, job: &Job<'_>, root: &Path, frame: &Frame<'_>) -> Result<Findings, StoreError> {
        let mut findings = Findings::default();
        let Some(archive) = self.archive(&job.part.integrity, &job.part.what)? else {
            findings.missing.push(job.part.what.clone());
            return Ok(findings);
        };
        let prefix = job.path;
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
            let change = differs(&root.join(&path), there, &head, &mut tarball, &mut scratch)?;
            findings.changes.extend(change.map(|kind| (path, kind)));
            findings.files += 1;
            findings.bytes += head.size;
        }
        strays(found, &mut findings.changes);
        Ok(findings)
    }

    /// Wheels share their folders, so what belongs to none shows once all were compared.
    fn check_wheels(&self, wheels: &[Wheel<'_>], root: &Path, derive: Option<&dyn Derive>) -> Result<Vec<Findings>, StoreError> {
        let plan = Plan::new(wheels, derive);
        let mut found = tree::walk(root, "", |_| false)?;
        let compared = parallel::each(&plan.order(self), |&index| self.check_wheel(&plan, index, root, &found))?;
        let (mut all, mut last) = (Vec::new(), Findings::default());
        let mut expected = Vec::new();
        for (findings, files) in compared {
            all.push(findings);
            expected.extend(files);
        }
        for file in expected
            .into_iter()
            .filter(|file| file.source.as_ref().is_none_or(|source| plan.counts(source)))
        {
            found.paths.remove(&file.path);
            expect_folders_above(&file.path, "", &mut found, &mut last.changes);
            last.derived += u64::from(file.source.is_some());
            last.changes.extend(file.change.map(|kind| (file.path, kind)));
        }
        // Without its archive, a wheel's own files would look like strays.
        if all.iter().all(|findings| findings.missing.is_empty()) {
            strays(found, &mut last.changes);
        }
        all.push(last);
        Ok(all)
    }

    fn check_wheel(
        &self,
        plan: &Plan<'_>,
        index: usize,
        root: &Path,
        found: &tree::Found,
    ) -> Result<(Findings, Vec<Expected>), StoreError> {
        let part = plan.wheel(index).part;
        let mut findings = Findings::default();
        let mut files = Vec::new();
        let Some(archive) = self.archive(&part.integrity, &part.what)? else {
            findings.missing.push(part.what.clone());
            return Ok((findings, files));
        };
        let mut scratch = Vec::new();
        plan.visit(index, &archive, &mut |file, head, entries| {
            let there = found.paths.get(file.path).copied();
            let source = match file.origin {
                Origin::Derived(source) => Some(source.to_owned()),
                Origin::Wheel | Origin::Shared => None,
            };
            if source.is_none() {
                findings.files += 1;
                findings.bytes += head.size;
            }
            files.push(Expected {
                change: differs(&root.join(file.path), there, head, entries, &mut scratch)?,
                path: file.path.to_owned(),
                source,
            });
            Ok(())
        })?;
        Ok((findings, files))
    }
}

/// A file that a wheel puts into the tree, compared with what is there.
struct Expected {
    path: String,
    change: Option<TreeChangeKind>,
    /// What it was made of, if it does not lie in the wheel.
    source: Option<String>,
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
    fn read(root: &Path, packages: &[(&Part, &'a str)], changes: &mut Vec<(String, TreeChangeKind)>) -> Result<Self, StoreError> {
        let paths = || packages.iter().map(|&(_, path)| path);
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

/// How what stands at a path differs from the archive's file.
fn differs(
    path: &Path,
    there: Option<Kind>,
    head: &FileHead,
    entries: &mut dyn Entries,
    scratch: &mut Vec<u8>,
) -> Result<Option<TreeChangeKind>, StoreError> {
    match there {
        Some(Kind::File) => compare(path, head, entries, scratch),
        Some(Kind::Folder | Kind::EmptyFolder | Kind::Other) => Ok(Some(TreeChangeKind::NotAFile)),
        None => Ok(Some(TreeChangeKind::Missing)),
    }
}

/// Compares one installed file with the archive's, piece by piece.
fn compare(path: &Path, head: &FileHead, entries: &mut dyn Entries, scratch: &mut Vec<u8>) -> Result<Option<TreeChangeKind>, StoreError> {
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
    while let Some(chunk) = entries.chunk()? {
        if !same(&mut file, chunk, scratch).at("read", path)? {
            return Ok(Some(TreeChangeKind::Changed));
        }
    }
    let mode = there.permissions().mode();
    // No archive gives set-user or set-group bits.
    let as_unpacked = (mode & 0o111 != 0) == head.executable && mode & 0o6000 == 0;
    Ok((!as_unpacked).then_some(TreeChangeKind::ModeChanged))
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

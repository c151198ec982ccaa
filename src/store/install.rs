//! Installing: a server's whole tree, unpacked from verified archives, in one step.
//!
//! The attacks: a half-made or tampered tree that gets started, files of one package that land in
//! another's place, and install scripts (nothing is ever run here).

use std::collections::HashSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::derive::Derive;
use super::entry::{Entries, FileHead, Refusal};
use super::error::{At as _, StoreError};
use super::part::{InstallId, Part, Parts};
use super::tree::{self, Scratch};
use super::{Store, StoredArchive, parallel};

/// Proof that a whole tree is what the archives hold: it was just made from them, or just compared
/// with them byte by byte. Private fields; only [`Store::install`] and a [`Store::check`] that found
/// no difference make one, and only such a tree may be started.
///
/// What it does not prove: that nobody with this user's rights changes the tree afterwards.
/// ```compile_fail
/// fn forge(id: mcp_pin::store::InstallId) -> mcp_pin::store::Installed {
///     mcp_pin::store::Installed { id, root: "/".into() }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    id: InstallId,
    root: PathBuf,
}

impl Installed {
    /// Only after a tree was made or found equal.
    pub(super) const fn proved(id: InstallId, root: PathBuf) -> Self {
        Self { id, root }
    }

    /// Which tree.
    pub const fn id(&self) -> &InstallId {
        &self.id
    }

    /// The tree's root: the folder that holds `node_modules`, or the Python tree's `lib`.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// What an installation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The tree.
    pub installed: Installed,
    /// There was a tree of this identifier, and it was replaced.
    pub replaced: bool,
}

/// One part with what must be known about its neighbours.
pub(super) struct Job<'a> {
    pub(super) part: &'a Part,
    /// Its folder in the tree.
    pub(super) path: &'a str,
    /// Parts inside this one: their paths below it, as written and folded to lower case.
    nested: Vec<(&'a str, String)>,
}

impl Job<'_> {
    /// Refuses a file that stands where a nested package does, or where a folder above one does.
    pub(super) fn admit(&self, tarball: &dyn Entries, head: &FileHead) -> Result<(), StoreError> {
        if self.nested.is_empty() {
            return Ok(());
        }
        let path = head.path.to_lowercase();
        let within = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self
            .nested
            .iter()
            .find(|(_, folded)| within(&path, folded) || within(folded, &path))
        {
            Some((nested, _)) => Err(tarball
                .refused(head.path.as_bytes(), Refusal::NestedPackage((*nested).to_owned()))
                .into()),
            None => Ok(()),
        }
    }
}

/// The parts, largest archive first.
pub(super) fn jobs<'a>(store: &Store, parts: &[(&'a Part, &'a str)]) -> Vec<Job<'a>> {
    let mut jobs: Vec<_> = parts
        .iter()
        .map(|&(part, path)| {
            let below = format!("{path}/");
            let nested = parts.iter().filter_map(|&(_, other)| other.strip_prefix(&below));
            Job {
                part,
                path,
                nested: nested.map(|path| (path, path.to_lowercase())).collect(),
            }
        })
        .collect();
    jobs.sort_by_cached_key(|job| std::cmp::Reverse(store.archive_size(&job.part.integrity)));
    jobs
}

impl Store {
    /// Unpacks every part into one new tree, read-only, and puts it in its place in one step. A tree
    /// that was there stays until then, and is replaced; the result says so. What `derive` makes of
    /// wheels' sources is written beside them.
    ///
    /// Every archive is hashed in the same reading that unpacks it. Nothing of a package is run.
    ///
    /// # Errors
    /// An archive that is missing or refused, two wheels that have other content at one path, npm
    /// packages and wheels together, or the disk.
    pub fn install(&self, id: &InstallId, parts: &[Part], derive: Option<&dyn Derive>) -> Result<Installation, StoreError> {
        let scratch = Scratch::new(&self.temporary(), "tree-")?;
        let folders = match Parts::of(parts)? {
            Parts::Packages(packages) => self.unpack_packages(&packages, scratch.path())?,
            Parts::Wheels(wheels) => self.unpack_wheels(&wheels, scratch.path(), derive)?,
        };
        for folder in folders {
            let path = scratch.path().join(folder);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o555)).at("write", &path)?;
        }
        make_durable(scratch.path())?;
        let root = self.installs().join(id.to_string());
        let replaced = self.put(scratch, &root)?;
        Ok(Installation {
            installed: Installed::proved(*id, root),
            replaced,
        })
    }

    fn unpack_packages(&self, packages: &[(&Part, &str)], root: &Path) -> Result<HashSet<String>, StoreError> {
        let mut folders = HashSet::new();
        for (_, path) in packages {
            make_folders(root, path, &mut folders)?;
        }
        let made = parallel::each(&jobs(self, packages), |job| {
            let archive = self.needed(job.part)?;
            unpack(job, &mut archive.tarball(), root)
        })?;
        folders.extend(made.into_iter().flatten());
        Ok(folders)
    }

    /// The archive of a part, hashed.
    pub(super) fn needed(&self, part: &Part) -> Result<StoredArchive, StoreError> {
        let archive = self.archive(&part.integrity, &part.what)?;
        archive.ok_or_else(|| StoreError::MissingArchive { what: part.what.clone() })
    }

    /// Whether a tree, good or bad, is there.
    pub fn has_install(&self, id: &InstallId) -> bool {
        fs::symlink_metadata(self.install_path(id)).is_ok()
    }

    /// Takes a tree away: out of its place in one step, then off the disk.
    pub fn remove_install(&self, id: &InstallId) -> Result<(), StoreError> {
        let root = self.install_path(id);
        let aside = Scratch::new(&self.temporary(), "old-")?;
        match fs::rename(&root, aside.path().join("tree")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.at("remove", &root)?,
        }
        tree::remove(aside.path())
    }

    pub(super) fn install_path(&self, id: &InstallId) -> PathBuf {
        self.installs().join(id.to_string())
    }

    /// Renames a finished tree to its place; says whether one was there.
    fn put(&self, scratch: Scratch, root: &Path) -> Result<bool, StoreError> {
        let replaced = fs::symlink_metadata(root).is_ok();
        if replaced && exchange(scratch.path(), root) {
            // The scratch folder is the old tree now, and goes.
            tree::sync_folder(&self.installs())?;
            return Ok(true);
        }
        if replaced {
            let aside = Scratch::new(&self.temporary(), "old-")?;
            fs::rename(root, aside.path().join("tree")).at("replace", root)?;
        }
        fs::rename(scratch.path(), root).at("write", root)?;
        scratch.keep();
        tree::sync_folder(&self.installs())?;
        Ok(replaced)
    }
}

/// Writes the files of one archive; gives the folders it made, relative to the tree.
fn unpack(job: &Job<'_>, entries: &mut dyn Entries, root: &Path) -> Result<HashSet<String>, StoreError> {
    let mut folders = HashSet::new();
    while let Some(head) = entries.next_file()? {
        job.admit(entries, &head)?;
        let path = format!("{}/{}", job.path, head.path);
        let mut file = create(root, &path, head.executable, &mut folders)?;
        while let Some(chunk) = entries.chunk()? {
            file.write(chunk)?;
        }
    }
    Ok(folders)
}

/// A new file of a tree.
pub(super) struct NewFile {
    file: fs::File,
    path: PathBuf,
}

impl NewFile {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).at("write", &self.path)
    }
}

/// Makes a file that is not there yet, read-only, and the folders above it.
pub(super) fn create(root: &Path, path: &str, executable: bool, folders: &mut HashSet<String>) -> Result<NewFile, StoreError> {
    if let Some((folder, _)) = path.rsplit_once('/') {
        make_folders(root, folder, folders)?;
    }
    let path = root.join(path);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(if executable { 0o555 } else { 0o444 })
        .open(&path)
        .at("write", &path)?;
    Ok(NewFile { file, path })
}

/// Makes `path` and what is above it below `root`, remembering what is known to be there.
fn make_folders(root: &Path, path: &str, known: &mut HashSet<String>) -> Result<(), StoreError> {
    if known.contains(path) {
        return Ok(());
    }
    if let Some((above, _)) = path.rsplit_once('/') {
        make_folders(root, above, known)?;
    }
    let folder = root.join(path);
    match DirBuilder::new().mode(0o755).create(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other.at("make the folder", &folder)?,
    }
    known.insert(path.to_owned());
    Ok(())
}

/// Makes the tree survive a power cut before it gets its name. One flush of the file system on
/// Linux; elsewhere a torn tree after a power cut is found by the check that precedes every start.
fn make_durable(root: &Path) -> Result<(), StoreError> {
    #[cfg(target_os = "linux")]
    fs::File::open(root)
        .and_then(|folder| Ok(rustix::fs::syncfs(folder)?))
        .at("write", root)?;
    #[cfg(not(target_os = "linux"))]
    tree::sync_folder(root)?;
    Ok(())
}

/// Swaps two folders in one step, where the system can.
fn exchange(one: &Path, other: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (one, other);
        false
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::testing::{Home, Tgz};
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_tree_is_unpacked_read_only_with_nested_and_bundled_packages() {
        let home = Home::new();
        let parts = vec![
            home.part(
                "node_modules/a",
                &Tgz::new()
                    .file("package.json", b"{}")
                    .program("cli.js", b"#!")
                    .file("node_modules/own/x.js", b"x"),
            ),
            home.part(
                "node_modules/a/node_modules/@s/b",
                &Tgz::new().file("package.json", b"b").file("lib/deep/y.js", b"y"),
            ),
        ];
        let done = home.store.install(&home.id, &parts, None).unwrap();
        assert!(!done.replaced);
        let root = done.installed.root();
        assert_eq!(fs::read(root.join("node_modules/a/node_modules/@s/b/lib/deep/y.js")).unwrap(), b"y");
        assert_eq!(fs::read(root.join("node_modules/a/node_modules/own/x.js")).unwrap(), b"x");
        assert_eq!(mode(&root.join("node_modules/a/cli.js")) & 0o333, 0o111);
        assert_eq!(mode(&root.join("node_modules/a/package.json")) & 0o333, 0);
        assert_eq!(mode(&root.join("node_modules/a/node_modules/@s/b/lib")) & 0o222, 0);
        assert!(home.leftovers().is_empty());
        assert!(home.check(&parts).installed.is_some());

        home.store.remove_install(&home.id).unwrap();
        assert!(!home.store.has_install(&home.id) && home.leftovers().is_empty());
        home.store.remove_install(&home.id).unwrap();
    }

    #[test]
    fn a_tree_that_is_there_is_replaced_and_that_is_said() {
        let home = Home::new();
        let parts = vec![home.part("node_modules/a", &Tgz::new().file("package.json", b"{}"))];
        let root = home.store.install(&home.id, &parts, None).unwrap().installed.root().to_owned();
        let file = root.join("node_modules/a/package.json");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&file, "evil").unwrap();
        let done = home.store.install(&home.id, &parts, None).unwrap();
        assert!(done.replaced && home.leftovers().is_empty());
        assert_eq!(fs::read(&file).unwrap(), b"{}");
        // A link in the tree's place is replaced, and its target left alone.
        home.store.remove_install(&home.id).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("mine"), "x").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &root).unwrap();
        assert!(home.store.install(&home.id, &parts, None).unwrap().replaced);
        assert!(fs::symlink_metadata(&root).unwrap().is_dir() && elsewhere.path().join("mine").exists());
    }

    #[test]
    fn a_refused_archive_leaves_no_tree_and_the_old_one_stays() {
        let home = Home::new();
        let good = home.part("node_modules/a", &Tgz::new().file("package.json", b"{}"));
        let bad = home.part(
            "node_modules/b",
            &Tgz::new().file("package.json", b"{}").raw(b"package/../../x", b'0', b"evil"),
        );
        home.store.install(&home.id, std::slice::from_ref(&good), None).unwrap();
        let error = home.store.install(&home.id, &[good.clone(), bad], None).unwrap_err().to_string();
        assert!(error.contains("`b@1.0.0`") && error.contains("package/../../x"), "{error}");
        assert!(home.leftovers().is_empty());
        assert!(home.check(&[good]).installed.is_some());
    }

    #[test]
    fn a_file_in_a_nested_packages_place_is_refused() {
        for file in ["node_modules/b/index.js", "node_modules", "node_modules/b", "Node_Modules/B/x"] {
            let home = Home::new();
            let parts = [
                home.part("node_modules/a", &Tgz::new().file("package.json", b"{}").file(file, b"x")),
                home.part("node_modules/a/node_modules/b", &Tgz::new().file("package.json", b"{}")),
            ];
            let error = home.store.install(&home.id, &parts, None).unwrap_err();
            assert!(
                error.to_string().contains("in the place of the nested package `node_modules/b`"),
                "{file}: {error}"
            );
        }
        // A neighbour whose name merely starts alike is none.
        let home = Home::new();
        let parts = [
            home.part(
                "node_modules/a",
                &Tgz::new().file("package.json", b"{}").file("node_modules/bc/x", b"x"),
            ),
            home.part("node_modules/a/node_modules/b", &Tgz::new().file("package.json", b"{}")),
        ];
        home.store.install(&home.id, &parts, None).unwrap();
    }

    #[test]
    fn an_archive_that_is_not_there_or_was_changed_is_named() {
        let home = Home::new();
        let part = home.part("node_modules/a", &Tgz::new().file("package.json", b"{}"));
        home.tamper_archive(&part, b"other bytes");
        let error = home.store.install(&home.id, std::slice::from_ref(&part), None).unwrap_err();
        assert!(
            matches!(&error, StoreError::ChangedOnDisk { what, .. } if what == "a@1.0.0"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("mcp-pin install"));
        home.store.discard_archive(&part.integrity).unwrap();
        assert!(matches!(
            home.store.install(&home.id, &[part], None),
            Err(StoreError::MissingArchive { .. })
        ));
        assert!(home.leftovers().is_empty() && !home.store.has_install(&home.id));
    }
}

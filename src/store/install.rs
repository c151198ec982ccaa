//! Installing: a server's whole tree, unpacked from verified archives, in one step.
//!
//! The attacks: a half-made or tampered tree that gets started, files of one package that land in
//! another's place, and install scripts (nothing is ever run here).

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::error::{At as _, StoreError};
use super::tarball::{FileHead, Refusal, Tarball};
use super::tree::{self, Scratch};
use super::{Store, parallel};
use crate::model::{DigestError, InstallPath, Integrity, Platform, ServerName, Sha256Digest};

/// Which tree: the digest of the server's name, the platform, and every package's place and digest.
///
/// Two trees that differ in any of these never share a folder. The identifier proves nothing about
/// what lies in that folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallId(Sha256Digest);

impl InstallId {
    /// The identifier of a server's tree. The order of `parts` does not matter.
    pub fn of<'a>(server: &ServerName, platform: &Platform, parts: impl IntoIterator<Item = (&'a InstallPath, &'a Integrity)>) -> Self {
        let parts: BTreeMap<_, _> = parts.into_iter().collect();
        let mut state = Sha256::new();
        let mut field = |text: &str| {
            // The length first, so that no two lists of fields give the same bytes.
            state.update((text.len() as u64).to_be_bytes());
            state.update(text.as_bytes());
        };
        field("mcp-pin install 1");
        field(server.as_str());
        field(&platform.os);
        field(&platform.cpu);
        field(if platform.libc.is_some() { "libc" } else { "" });
        field(platform.libc.as_deref().unwrap_or_default());
        for (path, integrity) in parts {
            field(path.as_str());
            field(&integrity.to_string());
        }
        Self(Sha256Digest::from_bytes(state.finalize().into()))
    }
}

impl fmt::Display for InstallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for InstallId {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// One package of a tree. Its archive is opened, hashed and unpacked when its turn comes, so that a
/// few archives are in memory at a time, not all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it stands in the tree.
    pub path: InstallPath,
    /// The digest its archive must have.
    pub integrity: Integrity,
    /// The package, as errors name it: `name@version`.
    pub what: String,
}

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

    /// The folder that holds the tree's `node_modules`.
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
    /// Parts inside this one: their paths below it, as written and folded to lower case.
    nested: Vec<(&'a str, String)>,
}

impl Job<'_> {
    /// Refuses a file that stands where a nested package does, or where a folder above one does.
    pub(super) fn admit(&self, tarball: &Tarball<'_>, head: &FileHead) -> Result<(), StoreError> {
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
pub(super) fn jobs<'a>(store: &Store, parts: &'a [Part]) -> Vec<Job<'a>> {
    let mut jobs: Vec<_> = parts
        .iter()
        .map(|part| {
            let below = format!("{}/", part.path);
            let nested = parts.iter().filter_map(|other| other.path.as_str().strip_prefix(&below));
            Job {
                part,
                nested: nested.map(|path| (path, path.to_lowercase())).collect(),
            }
        })
        .collect();
    jobs.sort_by_cached_key(|job| std::cmp::Reverse(store.archive_size(&job.part.integrity)));
    jobs
}

impl Store {
    /// Unpacks every part into one new tree, read-only, and puts it in its place in one step. A tree
    /// that was there stays until then, and is replaced; the result says so.
    ///
    /// Every archive is hashed in the same reading that unpacks it. Nothing of a package is run.
    pub fn install(&self, id: &InstallId, parts: &[Part]) -> Result<Installation, StoreError> {
        let scratch = Scratch::new(&self.temporary(), "tree-")?;
        let mut folders = HashSet::new();
        for part in parts {
            make_folders(scratch.path(), part.path.as_str(), &mut folders)?;
        }
        let made = parallel::each(&jobs(self, parts), |job| {
            let archive = self.archive(&job.part.integrity, &job.part.what)?;
            let archive = archive.ok_or_else(|| StoreError::MissingArchive {
                what: job.part.what.clone(),
            })?;
            unpack(job, &mut archive.tarball(), scratch.path())
        })?;
        folders.extend(made.into_iter().flatten());
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
fn unpack(job: &Job<'_>, tarball: &mut Tarball<'_>, root: &Path) -> Result<HashSet<String>, StoreError> {
    let mut folders = HashSet::new();
    while let Some(head) = tarball.next_file()? {
        job.admit(tarball, &head)?;
        let path = format!("{}/{}", job.part.path, head.path);
        if let Some((folder, _)) = path.rsplit_once('/') {
            make_folders(root, folder, &mut folders)?;
        }
        let target = root.join(&path);
        let mode = if head.executable { 0o555 } else { 0o444 };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&target)
            .at("write", &target)?;
        while let Some(chunk) = tarball.chunk()? {
            file.write_all(chunk).at("write", &target)?;
        }
    }
    Ok(folders)
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
        let done = home.store.install(&home.id, &parts).unwrap();
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
        let root = home.store.install(&home.id, &parts).unwrap().installed.root().to_owned();
        let file = root.join("node_modules/a/package.json");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&file, "evil").unwrap();
        let done = home.store.install(&home.id, &parts).unwrap();
        assert!(done.replaced && home.leftovers().is_empty());
        assert_eq!(fs::read(&file).unwrap(), b"{}");
        // A link in the tree's place is replaced, and its target left alone.
        home.store.remove_install(&home.id).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("mine"), "x").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &root).unwrap();
        assert!(home.store.install(&home.id, &parts).unwrap().replaced);
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
        home.store.install(&home.id, std::slice::from_ref(&good)).unwrap();
        let error = home.store.install(&home.id, &[good.clone(), bad]).unwrap_err().to_string();
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
            let error = home.store.install(&home.id, &parts).unwrap_err();
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
        home.store.install(&home.id, &parts).unwrap();
    }

    #[test]
    fn an_archive_that_is_not_there_or_was_changed_is_named() {
        let home = Home::new();
        let part = home.part("node_modules/a", &Tgz::new().file("package.json", b"{}"));
        home.tamper_archive(&part, b"other bytes");
        let error = home.store.install(&home.id, std::slice::from_ref(&part)).unwrap_err();
        assert!(
            matches!(&error, StoreError::ChangedOnDisk { what, .. } if what == "a@1.0.0"),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("mcp-pin install"));
        home.store.discard_archive(&part.integrity).unwrap();
        assert!(matches!(
            home.store.install(&home.id, &[part]),
            Err(StoreError::MissingArchive { .. })
        ));
        assert!(home.leftovers().is_empty() && !home.store.has_install(&home.id));
    }

    #[test]
    fn the_identifier_covers_everything_and_no_order() {
        let (name, other): (ServerName, ServerName) = ("n".parse().unwrap(), "m".parse().unwrap());
        let platform = |libc: Option<&str>| Platform {
            os: "linux".into(),
            cpu: "x64".into(),
            libc: libc.map(str::to_owned),
        };
        let (a, b): (InstallPath, InstallPath) = ("node_modules/a".parse().unwrap(), "node_modules/b".parse().unwrap());
        let (x, y) = (Integrity::Sha512([1; 64]), Integrity::Sha512([2; 64]));
        let id = InstallId::of(&name, &platform(None), [(&a, &x), (&b, &y)]);
        assert_eq!(id, InstallId::of(&name, &platform(None), [(&b, &y), (&a, &x)]));
        for different in [
            InstallId::of(&other, &platform(None), [(&a, &x), (&b, &y)]),
            InstallId::of(&name, &platform(Some("")), [(&a, &x), (&b, &y)]),
            InstallId::of(&name, &platform(None), [(&a, &y), (&b, &x)]),
            InstallId::of(&name, &platform(None), [(&a, &x)]),
        ] {
            assert_ne!(id, different);
        }
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}

//! Wheels in a tree: where each file goes, what is made of the sources, and that no wheel takes
//! another's place.
//!
//! The attack: wheels have no folders of their own, so one may bring a file that another has, and
//! run in its place. Two wheels may have the same path only with the same content.
//!
//! Unpacking and checking go through [`Plan::visit`], so they cannot disagree about what belongs
//! into a tree.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::claims::{Claims, Meeting};
use super::derive::{self, Derive};
use super::entry::{ArchiveError, BUFFER, Entries, FileHead, refused};
use super::error::{At as _, StoreError};
use super::install::create;
use super::part::Wheel;
use super::zip::Zip;
use super::{Store, StoredArchive, names, parallel, tree};
use crate::model::Sha256Digest;
use crate::verify::wheel::{Layout, Placed};

/// The wheels of one tree, while they are unpacked or checked.
pub(super) struct Plan<'a> {
    wheels: &'a [Wheel<'a>],
    claims: Claims,
    derive: Option<&'a dyn Derive>,
}

/// A file that belongs into the tree.
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) origin: Origin<'a>,
}

/// What [`Plan::visit`] calls with each file, its head and its content.
type Visitor<'v> = dyn FnMut(&File<'_>, &FileHead, &mut dyn Entries) -> Result<(), StoreError> + 'v;

/// Where a file comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// Out of this wheel, which was the first with this path.
    Wheel,
    /// Out of this wheel, and another one has it too.
    Shared,
    /// Made of the wheel's source at this path. It counts only if no other wheel turns out to have
    /// that source: who comes first differs from run to run, and the batch in which a source is
    /// compiled may show in the result.
    Derived(&'a str),
}

impl<'a> Plan<'a> {
    pub(super) fn new(wheels: &'a [Wheel<'a>], derive: Option<&'a dyn Derive>) -> Self {
        Self {
            wheels,
            claims: Claims::default(),
            derive,
        }
    }

    /// The wheels' numbers, largest archive first.
    pub(super) fn order(&self, store: &Store) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.wheels.len()).collect();
        order.sort_by_cached_key(|&index| std::cmp::Reverse(store.archive_size(&self.wheels[index].part.integrity)));
        order
    }

    pub(super) fn wheel(&self, index: usize) -> &Wheel<'a> {
        &self.wheels[index]
    }

    /// Whether what is made of a source counts; only after every wheel was visited.
    pub(super) fn counts(&self, source: &str) -> bool {
        !self.claims.is_shared(source)
    }

    /// Calls `f` with every file that belongs into the tree because of a wheel, and its content.
    pub(super) fn visit(&self, index: usize, archive: &StoredArchive, f: &mut Visitor<'_>) -> Result<(), StoreError> {
        let what = self.wheels[index].part.what.as_str();
        let mut zip = archive.zip()?;
        let places = self.places(index, &zip)?;
        let claimed = self.claims.files(index, places.iter().flatten().map(String::as_str));
        let shared = claimed.map_err(|meeting| self.clash(index, &meeting))?;
        let mut places = places.into_iter();
        let mut sources = Vec::new();
        while let Some(head) = zip.next_file()? {
            // What goes nowhere was proved all the same, when the next file was asked for.
            let Some(path) = places.next().flatten() else { continue };
            let origin = if shared.contains(&path) { Origin::Shared } else { Origin::Wheel };
            if !self.is_source(index, &path) {
                f(&File { path: &path, origin }, &head, &mut zip)?;
                continue;
            }
            let mut content = Vec::new();
            zip.content(&mut content)?;
            f(&File { path: &path, origin }, &head, &mut Held::new(what, &content))?;
            sources.push((path, content));
        }
        let Some(derive) = self.derive else { return Ok(()) };
        for derived in derive::all(derive, &self.wheels[index].part.integrity, what, &sources)? {
            let claimed = self.claims.derived(index, derived.source, &derived.path);
            if !claimed.map_err(|meeting| self.clash(index, &meeting))? {
                continue;
            }
            let head = FileHead {
                path: derived.path.clone(),
                executable: false,
                size: derived.content.len() as u64,
            };
            let file = File {
                path: &derived.path,
                origin: Origin::Derived(derived.source),
            };
            f(&file, &head, &mut Held::new(what, &derived.content))?;
        }
        Ok(())
    }

    /// Where each file of a wheel goes, by its path below the tree; `None`: nowhere.
    fn places(&self, index: usize, zip: &Zip<'_>) -> Result<Vec<Option<String>>, StoreError> {
        let wheel = &self.wheels[index];
        let fault = |source| StoreError::Layout {
            what: wheel.part.what.clone(),
            source,
        };
        let layout = Layout::of(wheel.file).map_err(fault)?;
        let place = |path: &str| {
            let joined = match layout.place(path).map_err(fault)? {
                Placed::Site(path) => tree::joined(wheel.site, &path),
                Placed::Prefix(path) => path,
                Placed::Dropped(_) => return Ok(None),
            };
            // The layout's word is not enough to write somewhere.
            let normal = names::normal(joined.as_bytes()).map_err(|refusal| refused(&wheel.part.what, path.as_bytes(), refusal))?;
            Ok(Some(normal))
        };
        zip.paths().map(place).collect()
    }

    fn is_source(&self, index: usize, path: &str) -> bool {
        let below = path.strip_prefix(self.wheels[index].site).is_some_and(|rest| rest.starts_with('/'));
        self.derive.is_some() && below && Path::new(path).extension().is_some_and(|ending| ending == "py")
    }

    fn clash(&self, index: usize, meeting: &Meeting) -> StoreError {
        let mut both = [meeting.first, index].map(|index| self.wheels[index].part.what.clone());
        // Who came first is chance.
        both.sort();
        let [one, other] = both;
        StoreError::Clash {
            one,
            other,
            path: meeting.path.clone(),
        }
    }
}

/// Content in memory, read like an archive's file.
struct Held<'a> {
    package: &'a str,
    content: &'a [u8],
}

impl<'a> Held<'a> {
    const fn new(package: &'a str, content: &'a [u8]) -> Self {
        Self { package, content }
    }
}

impl Entries for Held<'_> {
    fn package(&self) -> &str {
        self.package
    }

    fn next_file(&mut self) -> Result<Option<FileHead>, ArchiveError> {
        Ok(None)
    }

    fn chunk(&mut self) -> Result<Option<&[u8]>, ArchiveError> {
        let (piece, rest) = self.content.split_at(self.content.len().min(BUFFER));
        self.content = rest;
        Ok((!piece.is_empty()).then_some(piece))
    }
}

/// What was written for one wheel.
#[derive(Default)]
struct Made {
    folders: HashSet<String>,
    /// Files that another wheel has: its number, path, digest of the content, executable bit.
    shared: Vec<(usize, String, Sha256Digest, bool)>,
    /// Derived files: source and path.
    derived: Vec<(String, String)>,
}

impl Store {
    /// Writes the files of all wheels below `root`; gives the folders that were made.
    pub(super) fn unpack_wheels(
        &self,
        wheels: &[Wheel<'_>],
        root: &Path,
        derive: Option<&dyn Derive>,
    ) -> Result<HashSet<String>, StoreError> {
        let plan = Plan::new(wheels, derive);
        let mut all = Made::default();
        for made in parallel::each(&plan.order(self), |&index| self.unpack_wheel(&plan, index, root))? {
            all.folders.extend(made.folders);
            all.shared.extend(made.shared);
            all.derived.extend(made.derived);
        }
        for (index, path, digest, executable) in all.shared {
            let file = root.join(&path);
            let mode = fs::symlink_metadata(&file).at("read", &file)?.permissions().mode();
            if tree::digest_of(&file) != Some(digest) || (mode & 0o111 != 0) != executable {
                let first = plan.claims.owner(&path).unwrap_or(index);
                return Err(plan.clash(index, &Meeting { path, first }));
            }
        }
        for (_, path) in all.derived.iter().filter(|(source, _)| !plan.counts(source)) {
            withdraw(root, path, &mut all.folders)?;
        }
        Ok(all.folders)
    }

    fn unpack_wheel(&self, plan: &Plan<'_>, index: usize, root: &Path) -> Result<Made, StoreError> {
        let archive = self.needed(plan.wheel(index).part)?;
        let mut made = Made::default();
        plan.visit(index, &archive, &mut |file, head, entries| {
            if file.origin == Origin::Shared {
                let mut hasher = Sha256::new();
                while let Some(chunk) = entries.chunk()? {
                    hasher.update(chunk);
                }
                let digest = Sha256Digest::from_bytes(hasher.finalize().into());
                made.shared.push((index, file.path.to_owned(), digest, head.executable));
                return Ok(());
            }
            let mut new = create(root, file.path, head.executable, &mut made.folders)?;
            while let Some(chunk) = entries.chunk()? {
                new.write(chunk)?;
            }
            if let Origin::Derived(source) = file.origin {
                made.derived.push((source.to_owned(), file.path.to_owned()));
            }
            Ok(())
        })?;
        Ok(made)
    }
}

/// Takes a derived file away again, and its folder if nothing else is in it.
fn withdraw(root: &Path, path: &str, folders: &mut HashSet<String>) -> Result<(), StoreError> {
    let file = root.join(path);
    fs::remove_file(&file).at("remove", &file)?;
    if let Some((folder, _)) = path.rsplit_once('/')
        && fs::remove_dir(root.join(folder)).is_ok()
    {
        folders.remove(folder);
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! Who may write which path of a tree that several wheels share.
//!
//! The attack: a package that puts a file where another package's stands, and so runs in its place
//! (wheels have no folders of their own). Letter case counts for nothing: what is two files here is
//! one elsewhere.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// A file of an archive.
    File,
    /// A folder above one.
    Folder,
    /// What is made here of a file of an archive.
    Derived,
}

/// Two that cannot both have a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meeting {
    /// The path, as the second one spells it.
    pub(super) path: String,
    /// The number of the one that was first.
    pub(super) first: usize,
}

/// All claims on one tree; several workers make them at the same time.
#[derive(Default)]
pub(super) struct Claims(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// From the folded path to what it is, whose, and how it was spelled (`None`: as folded).
    seen: HashMap<String, (Claim, usize, Option<Box<str>>)>,
    /// Paths that several have.
    shared: HashSet<String>,
}

impl Claims {
    /// Claims files for the package of number `owner`, and the folders above them: once for each
    /// package. Gives those that another package claimed before: there the contents must be compared.
    pub(super) fn files<'p>(&self, owner: usize, paths: impl Iterator<Item = &'p str>) -> Result<HashSet<String>, Meeting> {
        let mut held = self.held();
        let mut known_folder = "";
        let (mut again, mut mine) = (HashSet::new(), HashSet::new());
        for path in paths {
            if !mine.insert(path) {
                // Which of its two files did the package mean?
                return Err(Meeting {
                    path: path.to_owned(),
                    first: owner,
                });
            }
            if let Some((folder, _)) = path.rsplit_once('/')
                && folder != known_folder
            {
                held.folders(owner, folder)?;
                known_folder = folder;
            }
            if !held.claim(owner, path, Claim::File)? {
                held.shared.insert(path.to_owned());
                again.insert(path.to_owned());
            }
        }
        Ok(again)
    }

    /// Claims a file that is made of the file `source`. `false` if several have that source: then
    /// nothing is made of it, whoever comes first.
    pub(super) fn derived(&self, owner: usize, source: &str, path: &str) -> Result<bool, Meeting> {
        let mut held = self.held();
        if held.shared.contains(source) {
            return Ok(false);
        }
        if let Some((folder, _)) = path.rsplit_once('/') {
            held.folders(owner, folder)?;
        }
        held.claim(owner, path, Claim::Derived)
    }

    /// Whether several packages have this file.
    pub(super) fn is_shared(&self, path: &str) -> bool {
        self.held().shared.contains(path)
    }

    /// Who claimed a path first.
    pub(super) fn owner(&self, path: &str) -> Option<usize> {
        self.held().seen.get(&path.to_lowercase()).map(|(_, owner, _)| *owner)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        // A worker that panicked ends the whole work anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn folders(&mut self, owner: usize, path: &str) -> Result<(), Meeting> {
        for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
            self.claim(owner, &path[..end], Claim::Folder)?;
        }
        Ok(())
    }

    /// Whether the path is new. Folders may be claimed often, files again, nothing else.
    fn claim(&mut self, owner: usize, path: &str, claim: Claim) -> Result<bool, Meeting> {
        let folded = path.to_lowercase();
        if let Some((there, first, spelling)) = self.seen.get(&folded) {
            let same = *there == claim && claim != Claim::Derived && spelling.as_deref().unwrap_or(&folded) == path;
            return if same {
                Ok(false)
            } else {
                Err(Meeting {
                    path: path.to_owned(),
                    first: *first,
                })
            };
        }
        let spelling = (folded != path).then(|| path.into());
        self.seen.insert(folded, (claim, owner, spelling));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting<T>(path: &str, first: usize) -> Result<T, Meeting> {
        Err(Meeting { path: path.into(), first })
    }

    #[test]
    fn files_folders_and_spellings_do_not_mix() {
        let claims = Claims::default();
        let files = |owner, path: &'static str| claims.files(owner, [path].into_iter()).map(|again| again.len());
        assert_eq!(files(1, "s/a/x.py"), Ok(0));
        assert_eq!(files(2, "s/a/y.py"), Ok(0));
        assert_eq!(files(2, "s/a/x.py"), Ok(1));
        assert!(claims.is_shared("s/a/x.py") && !claims.is_shared("s/a/y.py"));
        assert_eq!((claims.owner("s/a/x.py"), claims.owner("s/A/Y.py")), (Some(1), Some(2)));
        assert_eq!(files(2, "s/a/X.py"), meeting("s/a/X.py", 1));
        assert_eq!(files(2, "s/A/z.py"), meeting("s/A", 1));
        assert_eq!(files(2, "s/a"), meeting("s/a", 1));
        assert_eq!(files(1, "s/a/y.py/z"), meeting("s/a/y.py", 2));
        assert_eq!(claims.files(3, ["s/w", "s/w"].into_iter()), meeting("s/w", 3));
    }

    #[test]
    fn what_is_derived_meets_nothing() {
        let claims = Claims::default();
        claims.files(1, ["s/a.py", "s/b.py"].into_iter()).unwrap();
        assert_eq!(claims.derived(1, "s/a.py", "s/__pycache__/a.c.pyc"), Ok(true));
        assert_eq!(
            claims.files(2, ["s/__pycache__/A.c.pyc"].into_iter()),
            meeting("s/__pycache__/A.c.pyc", 1)
        );
        assert_eq!(
            claims.derived(2, "s/x.py", "s/__pycache__/a.c.pyc"),
            meeting("s/__pycache__/a.c.pyc", 1)
        );
        claims.files(2, ["s/b.py"].into_iter()).unwrap();
        assert_eq!(claims.derived(1, "s/b.py", "s/__pycache__/b.c.pyc"), Ok(false));
    }
}

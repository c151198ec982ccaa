//! Who may write which path of a tree that several wheels share.
//!
//! The attack: a package that puts a file where another package's stands, and so runs in its place
//! (wheels have no folders of their own). Letter case counts for nothing: what is two files here is
//! one elsewhere.
//!
//! Nor may a package bring another file for a module that another package has: Python takes a folder
//! `a` with an `__init__.py` before `a.so`, and that before `a.py`.

use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// From a module's folded path, without ending, to each package that has it, and the folded paths
    /// of what it has there.
    modules: HashMap<String, BTreeMap<usize, HashSet<String>>>,
}

impl Claims {
    /// Claims files for the package of number `owner`, and the folders above them: once for each
    /// package. Gives those that another package claimed before: there the contents must be compared.
    pub(super) fn files<'p>(&self, owner: usize, paths: impl Iterator<Item = &'p str>) -> Result<HashSet<String>, Meeting> {
        let mut held = self.held();
        let mut known_folder = "";
        let (mut again, mut mine) = (HashSet::new(), HashSet::new());
        let mut modules: HashMap<String, HashSet<String>> = HashMap::new();
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
            let folded = path.to_lowercase();
            if let Some(module) = module(&folded) {
                modules.entry(module.to_owned()).or_default().insert(folded);
            }
        }
        held.modules(owner, modules)?;
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

    /// Two packages that have no file of a module in common have two modules of one name. (Those that
    /// share one do so with the same content; that is compared elsewhere.)
    fn modules(&mut self, owner: usize, modules: HashMap<String, HashSet<String>>) -> Result<(), Meeting> {
        for (module, paths) in modules {
            let known = self.modules.entry(module).or_default();
            if let Some((first, theirs)) = known.iter().find(|(_, theirs)| theirs.is_disjoint(&paths)) {
                let both: std::collections::BTreeSet<_> = paths.iter().chain(theirs).map(String::as_str).collect();
                return Err(Meeting {
                    path: both.into_iter().collect::<Vec<_>>().join(" or "),
                    first: *first,
                });
            }
            known.insert(owner, paths);
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

/// The module that a file is, by the path without its ending; `None` for what is not imported by its
/// name. The folder of an `__init__` is a module as well.
fn module(path: &str) -> Option<&str> {
    let (at, name) = path.rsplit_once('/').map_or((0, path), |(folder, name)| (folder.len() + 1, name));
    let stem = match name.strip_suffix(".py") {
        Some(stem) => stem,
        // `a.so`, `a.abi3.so`, `a.cpython-312-x86_64-linux-gnu.so`.
        None if [".so", ".pyd"].iter().any(|ending| name.ends_with(ending)) => name.split('.').next()?,
        None => return None,
    };
    match stem {
        "__init__" => path.get(..at)?.strip_suffix('/'),
        stem if stem.is_empty() || stem.contains('.') => None,
        stem => path.get(..at + stem.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_that_a_file_is() {
        for (path, expected) in [
            ("s/a.py", Some("s/a")),
            ("s/a/__init__.py", Some("s/a")),
            ("s/a/__init__.abi3.so", Some("s/a")),
            ("s/a.cpython-312-x86_64-linux-gnu.so", Some("s/a")),
            ("s/a.pyd", Some("s/a")),
            ("s/a.b.py", None),
            ("s/a.txt", None),
            ("s/.py", None),
            ("a.py", Some("a")),
            ("__init__.py", None),
        ] {
            assert_eq!(module(path), expected, "{path}");
        }
    }

    #[test]
    fn a_module_is_one_packages() {
        let claims = |all: &[(usize, &[&'static str])]| {
            let claims = Claims::default();
            all.iter()
                .try_for_each(|(owner, paths)| claims.files(*owner, paths.iter().copied()).map(drop))
                .map_err(|meeting| meeting.path)
        };
        for (one, other) in [
            ("s/a.py", "s/a/__init__.py"),
            ("s/a.py", "s/a.abi3.so"),
            ("s/a/b.py", "s/a/B.cpython-312-darwin.so"),
        ] {
            let both = [one, other].map(str::to_lowercase);
            let text = format!("{} or {}", both.iter().min().unwrap(), both.iter().max().unwrap());
            assert_eq!(claims(&[(1, &[one]), (2, &[other])]), Err(text.clone()));
            assert_eq!(claims(&[(2, &[other]), (1, &[one])]), Err(text));
            // A package's own are its own.
            assert_eq!(claims(&[(1, &[one, other])]), Ok(()));
        }
        // Neither folders without an `__init__` nor what several have are another's module.
        assert_eq!(claims(&[(1, &["s/a.py"]), (2, &["s/a/b.py", "s/a.txt"])]), Ok(()));
        let (whole, part): (&[&str], &[&str]) = (&["s/a.py", "s/a/__init__.py"], &["s/a/__init__.py"]);
        assert_eq!(claims(&[(1, whole), (2, part)]), Ok(()));
        assert_eq!(claims(&[(2, part), (1, whole)]), Ok(()));
    }

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

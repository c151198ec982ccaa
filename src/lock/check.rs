//! A closure as a whole: does everything in it belong there?
//!
//! The attack is a poisoned lock: one reviewed line among thousands that adds a package nobody
//! requires, puts one package under another's name, moves a version out of what its dependants
//! accept, or marks a needed package as optional so that it is left out and node finds another.
//! Each entry alone may be true to its archive; [`check`] looks at how they hang together: npm's
//! with npm's own rules for ranges and Node's for finding packages, Python's on every kind of machine,
//! by markers.
//!
//! Not covered: a tag cannot be checked (the registry may move it), and which of several
//! acceptable versions was chosen is the resolver's freedom.

mod npm;
mod python;
mod range;
mod requirement;

use crate::model::python::PythonTarget;
use crate::model::{Closure, InstallPath, PackageName, Source};

pub use range::{Range, Version};
pub use requirement::Requirement;

/// One thing that does not belong, or is not sound, in a closure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Poison {
    /// The entry's own package is not in the closure.
    #[error("the server's package `{path}` is not among the locked packages")]
    RootMissing {
        /// Where it should stand.
        path: InstallPath,
    },
    /// The entry's package is not the one the manifest asks for.
    #[error("`{wanted}` is asked for but `{found}` is locked")]
    RootName {
        /// The manifest's name.
        wanted: PackageName,
        /// The lock's.
        found: PackageName,
    },
    /// The locked version is not one the manifest's requirement accepts.
    #[error("`{name}@{requirement}` is asked for but version {version} is locked")]
    RootVersion {
        /// The package.
        name: PackageName,
        /// The manifest's requirement.
        requirement: String,
        /// The lock's version.
        version: String,
    },
    /// A dependency is not in the tree: node would look for it outside, or fail.
    #[error("`{from}` needs `{name}@{requirement}`, which is not locked")]
    Missing {
        /// The package that needs it.
        from: InstallPath,
        /// The dependency's name.
        name: String,
        /// As written.
        requirement: String,
    },
    /// What node would find is not a version the dependant accepts.
    #[error("`{from}` needs `{name}@{requirement}` but would get version {version} from `{found}`")]
    Unsatisfied {
        /// The package that needs it.
        from: InstallPath,
        /// The dependency's name.
        name: String,
        /// As written.
        requirement: String,
        /// Where node finds it.
        found: InstallPath,
        /// Its version.
        version: String,
    },
    /// What node would find is another package than the dependant names.
    #[error("`{from}` needs the package `{wanted}` but would get `{real}` from `{found}`")]
    Impostor {
        /// The package that needs it.
        from: InstallPath,
        /// The real name it asks for.
        wanted: String,
        /// Where node finds it.
        found: InstallPath,
        /// The real name of what stands there.
        real: PackageName,
    },
    /// A git, URL, file or workspace dependency: no registry digest stands behind it.
    #[error("`{from}` needs `{name}` from `{requirement}`, which is not a registry")]
    Foreign {
        /// The package that needs it.
        from: InstallPath,
        /// The dependency's name.
        name: String,
        /// As written.
        requirement: String,
    },
    /// Nothing in the closure leads there.
    #[error("nothing requires `{path}`")]
    Unreachable {
        /// The package nobody asked for.
        path: InstallPath,
    },
    /// The package's name differs from its path, and no alias says so.
    #[error("`{path}` holds the package `{real}`, and no alias says so")]
    NameDiffers {
        /// Where it stands.
        path: InstallPath,
        /// What it is.
        real: PackageName,
    },
    /// A nested package whose parent is not there.
    #[error("`{path}` is nested in a package that is not locked")]
    Orphan {
        /// The nested package.
        path: InstallPath,
    },
    /// A needed package that is marked as one that may be left out.
    #[error("`{path}` is marked optional but is required")]
    NotOptional {
        /// The package.
        path: InstallPath,
    },
    /// The version is not a version.
    #[error("`{path}` has the version `{version}`, which is not one")]
    Version {
        /// The package.
        path: InstallPath,
        /// As written.
        version: String,
    },
    /// A peer dependency is missing or too old or new. A notice, not poison: npm installs such
    /// trees too (`is_notice`).
    #[error("`{from}` wants `{name}@{requirement}` beside it, and {}", found.as_deref().map_or("there is none".to_owned(), |v| format!("version {v} is there")))]
    Peer {
        /// The package that wants it.
        from: InstallPath,
        /// The peer's name.
        name: String,
        /// As written.
        requirement: String,
        /// The version that is there, if any.
        found: Option<String>,
    },
    /// Something of a Python package cannot be read, so that nobody knows what it asks for.
    #[error("`{path}`: {what}")]
    Unreadable {
        /// The package.
        path: InstallPath,
        /// Why.
        what: String,
    },
    /// The server's package is for no Python that is known.
    #[error("`{path}` is for no Python from 3.10 to 3.15 on a known system (it asks for `{wanted}`)")]
    Nowhere {
        /// The server's package.
        path: InstallPath,
        /// Its `Requires-Python` and its marker.
        wanted: String,
    },
    /// The server's package does not belong on this machine.
    #[error("`{path}` is not for {on} (it asks for `{wanted}`)")]
    NotHere {
        /// The server's package.
        path: InstallPath,
        /// Its `Requires-Python` and its marker.
        wanted: String,
        /// The machine.
        on: String,
    },
    /// An extra is asked for that the package does not have.
    #[error("`{path}` has no extra `{extra}`")]
    NoExtra {
        /// The server's package.
        path: InstallPath,
        /// The extra.
        extra: String,
    },
    /// A Python package is required and not locked: it would be missing, or come from elsewhere.
    #[error("`{from}` needs `{requirement}`, which is not locked (seen for {on})")]
    Absent {
        /// The package that needs it.
        from: InstallPath,
        /// As written.
        requirement: String,
        /// The first kind of machine where it is so.
        on: String,
    },
    /// A Python package is locked, but its own marker leaves it out where it is needed.
    #[error("`{from}` needs `{requirement}`, but the marker of `{path}` leaves it out (seen for {on})")]
    LeftOut {
        /// The package that needs it.
        from: InstallPath,
        /// As written.
        requirement: String,
        /// The package that is left out.
        path: InstallPath,
        /// The first kind of machine where it is so.
        on: String,
    },
    /// The Python package that would be installed is not of a version its dependant accepts.
    #[error("`{from}` needs `{requirement}` but would get `{path}` (seen for {on})")]
    Mismatch {
        /// The package that needs it.
        from: InstallPath,
        /// As written.
        requirement: String,
        /// What it would get.
        path: InstallPath,
        /// The first kind of machine where it is so.
        on: String,
    },
    /// Two versions of one Python package would be installed over each other.
    #[error("`{first}` and `{second}` would both be installed (seen for {on})")]
    Ambiguous {
        /// One of them.
        first: InstallPath,
        /// Another.
        second: InstallPath,
        /// The first kind of machine where it is so.
        on: String,
    },
    /// A Python package is needed where its own `Requires-Python` does not allow it.
    #[error("`{path}` is for Python {wanted} only, but is needed elsewhere (seen for {on})")]
    WrongPython {
        /// The package.
        path: InstallPath,
        /// Its `Requires-Python`.
        wanted: String,
        /// The first kind of machine where it is so.
        on: String,
    },
}

impl Poison {
    /// Whether this is only to be shown: everything else means the lock is refused.
    pub const fn is_notice(&self) -> bool {
        matches!(self, Self::Peer { .. })
    }
}

/// Checks a whole closure against itself and against what the manifest asks for. Sorted; empty
/// means sound. Anything that is not [a notice](Poison::is_notice) must stop whoever asked.
///
/// The same on every machine. A Python closure is looked at for every kind of machine of
/// [`universe`](crate::model::python::universe) on which the server's package belongs; before it is
/// used on a machine, [`check_here`] is to be asked too. A local command has no closure.
pub fn check(closure: &Closure, source: &Source) -> Vec<Poison> {
    match source {
        Source::Npm { name, requirement } => npm::check(closure, name, requirement.as_deref()),
        Source::Pypi { name, extras, requirement } => {
            python::check(closure, &python::Wanted::new(name, extras, requirement.as_deref()), None)
        }
        Source::Local | Source::Remote(_) => Vec::new(),
    }
}

/// The same for one machine: whether exactly what is needed there would be installed there, on a
/// Python that every package allows. Says nothing new about npm, whose closures are the same
/// everywhere.
pub fn check_here(closure: &Closure, source: &Source, machine: &PythonTarget) -> Vec<Poison> {
    match source {
        Source::Pypi { name, extras, requirement } => {
            python::check(closure, &python::Wanted::new(name, extras, requirement.as_deref()), Some(machine))
        }
        Source::Npm { .. } | Source::Local | Source::Remote(_) => check(closure, source),
    }
}

/// Takes out of a freshly resolved Python closure what no known kind of machine needs, and tells
/// what that was: a resolver also answers for systems on which no server runs (`emscripten`), and a
/// lock may not hold what nothing requires. A closure that does not hang together is left as it is.
pub fn prune(closure: &mut Closure, source: &Source) -> Vec<InstallPath> {
    if !closure.root.is_python() {
        return Vec::new();
    }
    let unreachable = |poison| match poison {
        Poison::Unreachable { path } => Some(path),
        _ => None,
    };
    let out: Vec<InstallPath> = check(closure, source).into_iter().filter_map(unreachable).collect();
    closure.packages.retain(|path, _| !out.contains(path));
    out
}

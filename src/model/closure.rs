//! The dependency closure: every package of a server, for all platforms, and how they hang together.
//!
//! The attack: a lock (or a resolver's answer) whose paths escape the tree, whose package stands
//! under another's name, or which carries packages nobody requires. Paths and names that could do
//! the first do not parse; the rest is checked over the whole closure by `lock::check`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::digest::Integrity;
use super::evidence::{Evidence, Level};
use super::python::{PythonTerms, WheelName};

/// Why a name, a path or a closure is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosureError {
    /// Not a package name npm would accept for a new package, or unsafe as a path.
    #[error("`{0}` is not a package name")]
    Name(String),
    /// Not of the form `node_modules/NAME[/node_modules/NAME...]`.
    #[error("`{0}` is not an install path")]
    Path(String),
}

/// An npm package name, `name` or `@scope/name`.
///
/// Only letters, digits and `. _ - ~` stand in it, and no segment is `.`, `..` or starts with a
/// dot, so it is safe as a path and in a URL. Upper case is allowed: old packages have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(String);

impl PackageName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scope with its `@`, if the name has one.
    pub fn scope(&self) -> Option<&str> {
        self.0.split_once('/').map(|(scope, _)| scope)
    }

    /// The name without its scope.
    pub fn base(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PackageName {
    type Err = ClosureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let segment =
            |s: &str| !s.is_empty() && !s.starts_with('.') && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-~".contains(&b));
        let ok = match text.strip_prefix('@') {
            // A package `@s/node_modules` would be a folder of packages to node and npm.
            Some(scoped) => scoped
                .split_once('/')
                .is_some_and(|(scope, name)| segment(scope) && segment(name) && name != "node_modules"),
            None => segment(text) && text != "node_modules" && text != "favicon.ico",
        };
        if ok && text.len() <= 214 {
            Ok(Self(text.to_owned()))
        } else {
            Err(ClosureError::Name(text.chars().take(80).collect()))
        }
    }
}

/// Where a package stands in a closure: `node_modules/a/node_modules/@s/b` below an npm server's tree;
/// `site-packages/NAME@VERSION` for a Python package, several versions of which may be locked for
/// several machines (all files of a tree's packages share one `site-packages`).
///
/// Relative, `/`-separated, every segment a [`PackageName`]: joining it to a folder cannot leave
/// that folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstallPath(String);

impl InstallPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of `name` installed directly below `parent` (`None`: below the tree's root).
    pub fn child(parent: Option<&Self>, name: &PackageName) -> Self {
        match parent {
            Some(parent) => Self(format!("{}/node_modules/{name}", parent.0)),
            None => Self(format!("node_modules/{name}")),
        }
    }

    /// The place of a Python package. `None` where the version is not one that can stand in a path.
    pub fn python(name: &PackageName, version: &str) -> Option<Self> {
        format!("{SITE}{name}@{version}").parse().ok()
    }

    /// Whether it is the place of a Python package.
    pub fn is_python(&self) -> bool {
        self.0.starts_with(SITE)
    }

    /// The name the path gives the package: its last segment. An alias differs from the real name.
    pub fn name(&self) -> PackageName {
        if let Some((name, _)) = self.0.strip_prefix(SITE).and_then(|rest| rest.split_once('@')) {
            return PackageName(name.to_owned());
        }
        // With the slash in front: a scope may be called `@my_node_modules`.
        let last = match self.0.rsplit_once("/node_modules/") {
            Some((_, last)) => last,
            None => self.0.strip_prefix("node_modules/").unwrap_or(&self.0),
        };
        PackageName(last.to_owned())
    }

    /// The package this one is nested in, or `None` at the top of the tree.
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind("/node_modules/").map(|at| Self(self.0[..at].to_owned()))
    }
}

/// The folder that Python's packages share.
const SITE: &str = "site-packages/";

/// Whether a text is a project's name in the one form that indexes compare (PEP 503).
fn is_python_name(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() <= 214 && text.split('-').all(plain)
}

/// Whether a text has only characters of a version (PEP 440), so that it is safe in a path.
fn is_python_version(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    first && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+!-_".contains(&b))
}

impl fmt::Display for InstallPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InstallPath {
    type Err = ClosureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ClosureError::Path(text.chars().take(200).collect());
        if let Some(rest) = text.strip_prefix(SITE) {
            let (name, version) = rest.split_once('@').ok_or_else(bad)?;
            return if is_python_name(name) && is_python_version(version) {
                Ok(Self(text.to_owned()))
            } else {
                Err(bad())
            };
        }
        let rest = text.strip_prefix("node_modules/").ok_or_else(bad)?;
        for name in rest.split("/node_modules/") {
            name.parse::<PackageName>().map_err(|_| bad())?;
        }
        Ok(Self(text.to_owned()))
    }
}

/// One package of a closure, as the lock names it. Everything in it was read from, or confirmed
/// by, an archive's own manifest, except for npm packages of other platforms, whose archives are
/// checked when a machine of that platform fetches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// The real name, also where an alias gives the path another one.
    pub name: PackageName,
    /// The exact version.
    pub version: String,
    /// The archives: npm's one, or every wheel of a Python package, sorted by file name. Never
    /// empty. Digests of archives that no machine here needed are claims until one fetches them.
    pub archives: Vec<LockedArchive>,
    /// Code that runs without being asked for, name to what it is. npm: install-time lifecycle
    /// scripts (`preinstall`, `install`, `postinstall`; `node-gyp rebuild` stands here also where
    /// npm would imply it), which mcp-pin never runs. Python: `.pth` files with code and the like,
    /// which run whenever the server's interpreter starts.
    pub scripts: BTreeMap<String, String>,
    /// Native code (ELF, Mach-O, PE, `.node`, `.wasm`) is in the archive. Always `false` for
    /// packages with platform limits, whose archives not every machine holds: they are native by
    /// nature.
    pub native: bool,
    /// What only its ecosystem knows.
    pub terms: Terms,
}

/// One archive of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedArchive {
    /// The wheel's file name, which says where it fits; `None` for npm.
    pub file: Option<String>,
    /// Its digest.
    pub integrity: Integrity,
    /// What is proved about who made it. Not the archive's own word: it is collected from
    /// the registry and proved, and nothing but `verify::attest` makes one that is not empty.
    pub evidence: Evidence,
}

/// What only an ecosystem knows of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terms {
    /// npm.
    Node(NodeTerms),
    /// A Python index.
    Python(PythonTerms),
}

/// What a locked npm package says beside its name, version and archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeTerms {
    /// npm's `os` limits as written (`linux`, `!win32`); empty means every system.
    pub os: Vec<String>,
    /// npm's `cpu` limits as written; empty means every processor.
    pub cpu: Vec<String>,
    /// npm's `libc` limits as written (`glibc`, `musl`); empty means every C library.
    pub libc: Vec<String>,
    /// Only reached through optional edges: may be left out where the platform does not fit.
    pub optional: bool,
    /// `dependencies`, name to requirement as written.
    pub dependencies: BTreeMap<String, String>,
    /// `optionalDependencies`.
    pub optional_dependencies: BTreeMap<String, String>,
    /// `peerDependencies`.
    pub peer_dependencies: BTreeMap<String, String>,
    /// Those peers that `peerDependenciesMeta` calls optional.
    pub optional_peers: BTreeSet<String>,
    /// Dependencies that stand inside this package's own archive: covered by its digest and its
    /// file list, and therefore not entries of their own.
    pub bundled: BTreeSet<String>,
    /// `engines.node` as written, if any.
    pub engines_node: Option<String>,
}

impl NodeTerms {
    /// Whether the package belongs on a machine of this platform, by npm's rules: a list of
    /// allowed values, or values excluded with `!`.
    pub fn fits(&self, platform: &Platform) -> bool {
        allows(&self.os, &platform.os)
            && allows(&self.cpu, &platform.cpu)
            && match &platform.libc {
                Some(libc) => allows(&self.libc, libc),
                None => true,
            }
    }
}

impl LockedPackage {
    /// `name@version`, as people say it.
    pub fn label(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// npm's side of it.
    pub const fn node(&self) -> Option<&NodeTerms> {
        match &self.terms {
            Terms::Node(terms) => Some(terms),
            Terms::Python(_) => None,
        }
    }

    /// Python's side of it.
    pub const fn python(&self) -> Option<&PythonTerms> {
        match &self.terms {
            Terms::Node(_) => None,
            Terms::Python(terms) => Some(terms),
        }
    }

    /// Whether it is, or may be, code that nobody can read: native code was found in it, or it is made
    /// for certain platforms.
    pub fn is_native(&self) -> bool {
        self.native || self.is_platform_limited()
    }

    /// Whether the package is limited to platforms, or has archives that are.
    pub fn is_platform_limited(&self) -> bool {
        match &self.terms {
            Terms::Node(terms) => !(terms.os.is_empty() && terms.cpu.is_empty() && terms.libc.is_empty()),
            Terms::Python(_) => {
                let files = self.archives.iter().filter_map(|archive| archive.file.as_deref());
                files.filter_map(WheelName::parse).any(|wheel| !wheel.is_pure())
            }
        }
    }

    /// The archive about which the least is proved: a chain is as strong as that.
    pub fn weakest(&self) -> Option<&LockedArchive> {
        self.archives
            .iter()
            .min_by_key(|archive| (archive.evidence.level(), archive.evidence.has_registrys_word()))
    }

    /// The level that every archive of it reaches.
    pub fn level(&self) -> Level {
        self.weakest().map_or(Level::Hash, |archive| archive.evidence.level())
    }

    /// npm's side of it, for tests that change it.
    #[cfg(test)]
    pub(crate) fn node_mut(&mut self) -> &mut NodeTerms {
        match &mut self.terms {
            Terms::Node(terms) => terms,
            Terms::Python(_) => panic!("not an npm package"),
        }
    }

    /// Python's side of it, for tests that change it.
    #[cfg(test)]
    pub(crate) fn python_mut(&mut self) -> &mut PythonTerms {
        match &mut self.terms {
            Terms::Python(terms) => terms,
            Terms::Node(_) => panic!("not a Python package"),
        }
    }

    /// The first archive, for tests that change it.
    #[cfg(test)]
    pub(crate) fn archive_mut(&mut self) -> &mut LockedArchive {
        &mut self.archives[0]
    }

    /// Whether one of its archives has these bytes.
    pub fn holds(&self, integrity: &Integrity) -> bool {
        self.archives.iter().any(|archive| archive.integrity == *integrity)
    }
}

fn allows(limits: &[String], value: &str) -> bool {
    if limits.is_empty() || limits.iter().any(|l| l == "any") {
        return true;
    }
    let denied = limits.iter().any(|l| l.strip_prefix('!') == Some(value));
    let positive: Vec<_> = limits.iter().filter(|l| !l.starts_with('!')).collect();
    !denied && (positive.is_empty() || positive.iter().any(|l| *l == value))
}

fn fits(package: &LockedPackage, platform: &Platform) -> bool {
    package.node().is_some_and(|terms| terms.fits(platform))
}

/// The machine as npm names it: `linux`/`darwin`/`win32`, `x64`/`arm64`..., `glibc`/`musl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// `process.platform`.
    pub os: String,
    /// `process.arch`.
    pub cpu: String,
    /// The C library on Linux, `None` elsewhere.
    pub libc: Option<String>,
}

/// A whole closure. The root is the server's own package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// Where the server's own package stands.
    pub root: InstallPath,
    /// Every package, the root among them, sorted by path.
    pub packages: BTreeMap<InstallPath, LockedPackage>,
}

impl Closure {
    /// The server's own package. `None` only for a closure that `lock::check` refuses.
    pub fn root_package(&self) -> Option<&LockedPackage> {
        self.packages.get(&self.root)
    }

    /// Every archive with the package it belongs to.
    pub fn archives(&self) -> impl Iterator<Item = (&LockedPackage, &LockedArchive)> {
        self.packages
            .values()
            .flat_map(|package| package.archives.iter().map(move |archive| (package, archive)))
    }

    /// The npm packages that this platform needs, in path order.
    pub fn for_platform<'a>(&'a self, platform: &'a Platform) -> impl Iterator<Item = (&'a InstallPath, &'a LockedPackage)> {
        self.packages
            .iter()
            .filter(move |(path, package)| fits(package, platform) && self.ancestors_fit(path, platform))
    }

    fn ancestors_fit(&self, path: &InstallPath, platform: &Platform) -> bool {
        std::iter::successors(path.parent(), InstallPath::parent)
            .all(|parent| self.packages.get(&parent).is_none_or(|package| fits(package, platform)))
    }

    /// Resolves `name` as Node does from `from`: the nearest `node_modules` upward in the tree.
    pub fn lookup(&self, from: &InstallPath, name: &PackageName) -> Option<(InstallPath, &LockedPackage)> {
        let mut at = Some(from.clone());
        loop {
            let candidate = InstallPath::child(at.as_ref(), name);
            if let Some(package) = self.packages.get(&candidate) {
                return Some((candidate, package));
            }
            at = at?.parent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_cannot_leave_the_tree() {
        for bad in [
            "..",
            ".",
            "../x",
            "@s",
            "@s/",
            "@/x",
            "a/b",
            "@s/../x",
            "a b",
            "a\\b",
            ".hid",
            "node_modules",
            "@s/node_modules",
            "a%2fb",
            "",
        ] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad}");
        }
        for bad in [
            "a",
            "node_modules",
            "node_modules/",
            "node_modules/../x",
            "/node_modules/a",
            "node_modules/a/b",
            "node_modules/a/",
            "node_modules//a",
            "site-packages/a",
            "site-packages/a@",
            "site-packages/a@../x",
            "site-packages/A@1",
            "site-packages/a_b@1",
            "site-packages/../a@1",
            "site-packages/a@1/b",
        ] {
            assert!(bad.parse::<InstallPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_knows_its_parent_and_name() {
        let path: InstallPath = "node_modules/a/node_modules/@s/b".parse().unwrap();
        assert_eq!(path.name().as_str(), "@s/b");
        assert_eq!(path.parent().unwrap().as_str(), "node_modules/a");
        assert_eq!(path.parent().unwrap().parent(), None);
        // Found by fuzzing: the scope's name ends like the folder's, and `b` was taken for the name.
        let path: InstallPath = "node_modules/@s_node_modules/b".parse().unwrap();
        assert_eq!((path.name().as_str(), path.parent()), ("@s_node_modules/b", None));
    }

    #[test]
    fn a_python_package_stands_under_name_and_version() {
        let path = InstallPath::python(&"mcp-server-time".parse().unwrap(), "2025.9.25").unwrap();
        assert_eq!((path.as_str(), path.parent()), ("site-packages/mcp-server-time@2025.9.25", None));
        assert_eq!((path.name().as_str(), path.is_python()), ("mcp-server-time", true));
        assert_eq!(InstallPath::python(&"a".parse().unwrap(), "1/2"), None);
    }

    #[test]
    fn platform_limits_follow_npm() {
        let linux = |limits: &[&str]| allows(&limits.iter().map(|&s| s.to_owned()).collect::<Vec<_>>(), "linux");
        assert!(linux(&[]) && linux(&["linux"]) && linux(&["!win32"]) && linux(&["darwin", "linux"]) && linux(&["any"]));
        assert!(!linux(&["darwin"]) && !linux(&["!linux"]));
    }
}

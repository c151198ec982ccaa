//! The dependency closure: every package of a server, for all platforms, and how they hang together.
//!
//! The attack: a lock (or a resolver's answer) whose paths escape the tree, whose package stands
//! under another's name, or which carries packages nobody requires. Paths and names that could do
//! the first do not parse; the rest is checked over the whole closure by `lock::check`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::digest::Integrity;
use super::evidence::Evidence;

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

/// Where a package stands below a server's tree: `node_modules/a/node_modules/@s/b`.
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

    /// The name the path gives the package: its last segment. An alias differs from the real name.
    pub fn name(&self) -> PackageName {
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

impl fmt::Display for InstallPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InstallPath {
    type Err = ClosureError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ClosureError::Path(text.chars().take(200).collect());
        let rest = text.strip_prefix("node_modules/").ok_or_else(bad)?;
        for name in rest.split("/node_modules/") {
            name.parse::<PackageName>().map_err(|_| bad())?;
        }
        Ok(Self(text.to_owned()))
    }
}

/// One package of a closure, as the lock names it. Everything in it was read from, or confirmed
/// by, the archive's own manifest, except for packages of other platforms, whose archives are
/// checked when a machine of that platform fetches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// The real name, also where an alias gives the path another one.
    pub name: PackageName,
    /// The exact version.
    pub version: String,
    /// The archive's digest.
    pub integrity: Integrity,
    /// What is proved about who made the archive. Not the archive's own word: it is collected from
    /// the registry and proved, and nothing but `verify::attest` makes one that is not empty.
    pub evidence: Evidence,
    /// npm's `os` limits as written (`linux`, `!win32`); empty means every system.
    pub os: Vec<String>,
    /// npm's `cpu` limits as written; empty means every processor.
    pub cpu: Vec<String>,
    /// npm's `libc` limits as written (`glibc`, `musl`); empty means every C library.
    pub libc: Vec<String>,
    /// Only reached through optional edges: may be left out where the platform does not fit.
    pub optional: bool,
    /// Install-time lifecycle scripts (`preinstall`, `install`, `postinstall`), name to command.
    /// mcp-pin never runs them. `node-gyp rebuild` stands here also where npm would imply it.
    pub scripts: BTreeMap<String, String>,
    /// Native code (ELF, Mach-O, PE, `.node`, `.wasm`) is in the archive. Always `false` for
    /// packages with platform limits, whose archives not every machine holds: they are native by
    /// nature.
    pub native: bool,
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

impl LockedPackage {
    /// Whether the package names any platform limit.
    pub fn is_platform_limited(&self) -> bool {
        !(self.os.is_empty() && self.cpu.is_empty() && self.libc.is_empty())
    }

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

fn allows(limits: &[String], value: &str) -> bool {
    if limits.is_empty() || limits.iter().any(|l| l == "any") {
        return true;
    }
    let denied = limits.iter().any(|l| l.strip_prefix('!') == Some(value));
    let positive: Vec<_> = limits.iter().filter(|l| !l.starts_with('!')).collect();
    !denied && (positive.is_empty() || positive.iter().any(|l| *l == value))
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

    /// The packages whose archives this platform needs, in path order.
    pub fn for_platform<'a>(&'a self, platform: &'a Platform) -> impl Iterator<Item = (&'a InstallPath, &'a LockedPackage)> {
        self.packages
            .iter()
            .filter(move |(path, package)| package.fits(platform) && self.ancestors_fit(path, platform))
    }

    fn ancestors_fit(&self, path: &InstallPath, platform: &Platform) -> bool {
        std::iter::successors(path.parent(), InstallPath::parent)
            .all(|parent| self.packages.get(&parent).is_none_or(|package| package.fits(platform)))
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
    fn platform_limits_follow_npm() {
        let linux = |limits: &[&str]| allows(&limits.iter().map(|&s| s.to_owned()).collect::<Vec<_>>(), "linux");
        assert!(linux(&[]) && linux(&["linux"]) && linux(&["!win32"]) && linux(&["darwin", "linux"]) && linux(&["any"]));
        assert!(!linux(&["darwin"]) && !linux(&["!linux"]));
    }
}

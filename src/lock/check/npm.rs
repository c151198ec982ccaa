//! npm's closures: ranges as npm reads them, places as Node finds them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Poison, Requirement, Version};
use crate::model::{Closure, InstallPath, LockedPackage, PackageName};

/// Checks a closure of npm packages. Sorted; empty means sound.
pub(super) fn check(closure: &Closure, wanted: &PackageName, requirement: Option<&str>) -> Vec<Poison> {
    let mut found = BTreeSet::new();
    root(closure, wanted, requirement, &mut found);
    let walk = Walk::over(closure, &mut found);
    for (path, package) in &closure.packages {
        if path.parent().is_some_and(|parent| !closure.packages.contains_key(&parent)) {
            found.insert(Poison::Orphan { path: path.clone() });
        }
        if Version::parse(&package.version).is_none() {
            found.insert(Poison::Version {
                path: path.clone(),
                version: package.version.clone(),
            });
        }
        if package.name != path.name() && !walk.aliased.contains(path) {
            found.insert(Poison::NameDiffers {
                path: path.clone(),
                real: package.name.clone(),
            });
        }
        if !walk.reached.contains_key(path) {
            found.insert(Poison::Unreachable { path: path.clone() });
        }
        if package.node().is_some_and(|terms| terms.optional) && walk.reached.get(path) == Some(&true) {
            found.insert(Poison::NotOptional { path: path.clone() });
        }
    }
    found.into_iter().collect()
}

fn root(closure: &Closure, wanted: &PackageName, requirement: Option<&str>, found: &mut BTreeSet<Poison>) {
    let Some(package) = closure.root_package() else {
        found.insert(Poison::RootMissing {
            path: closure.root.clone(),
        });
        return;
    };
    if package.name != *wanted || closure.root != InstallPath::child(None, wanted) {
        found.insert(Poison::RootName {
            wanted: wanted.clone(),
            found: package.name.clone(),
        });
    }
    let Some(text) = requirement else { return };
    // A root requirement that names another package or place cannot come from a parsed source.
    let accepted = match Requirement::parse(text) {
        Requirement::Range(range) => range.accepts(&package.version),
        Requirement::Tag => true,
        Requirement::Alias { .. } | Requirement::Foreign => false,
    };
    if !accepted {
        found.insert(Poison::RootVersion {
            name: wanted.clone(),
            requirement: text.to_owned(),
            version: package.version.clone(),
        });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Required,
    Optional,
    Peer,
    OptionalPeer,
}

/// What a walk along every edge from the root finds.
struct Walk<'a> {
    closure: &'a Closure,
    /// Every package that is reached: `true` if by required edges only.
    reached: BTreeMap<InstallPath, bool>,
    /// Targets of an alias that names them rightly.
    aliased: BTreeSet<InstallPath>,
    queue: VecDeque<(InstallPath, bool)>,
}

impl<'a> Walk<'a> {
    fn over(closure: &'a Closure, found: &mut BTreeSet<Poison>) -> Self {
        let mut walk = Self {
            closure,
            reached: BTreeMap::new(),
            aliased: BTreeSet::new(),
            queue: VecDeque::new(),
        };
        walk.reach(closure.root.clone(), true);
        while let Some((from, needed)) = walk.queue.pop_front() {
            if let Some(package) = closure.packages.get(&from) {
                walk.leave(&from, package, needed, found);
            }
        }
        walk
    }

    /// A package reached a second time, now by required edges, is walked again: what it needs is
    /// needed too.
    fn reach(&mut self, path: InstallPath, needed: bool) {
        let known = self.reached.get(&path).copied();
        if known.is_none() || (known == Some(false) && needed) {
            self.reached.insert(path.clone(), needed);
            self.queue.push_back((path, needed));
        }
    }

    fn leave(&mut self, from: &InstallPath, package: &LockedPackage, needed: bool, found: &mut BTreeSet<Poison>) {
        let Some(terms) = package.node() else { return };
        let required = terms.dependencies.iter().map(|edge| (edge, Edge::Required));
        let optional = terms.optional_dependencies.iter().map(|edge| (edge, Edge::Optional));
        let peers = terms.peer_dependencies.iter().map(|edge| {
            let optional = terms.optional_peers.contains(edge.0);
            (edge, if optional { Edge::OptionalPeer } else { Edge::Peer })
        });
        for ((name, text), edge) in required.chain(optional).chain(peers) {
            // npm lets a plain dependency stand for the peer of the same name.
            let shadowed = terms.dependencies.contains_key(name) || terms.optional_dependencies.contains_key(name);
            if matches!(edge, Edge::Peer | Edge::OptionalPeer) && shadowed {
                continue;
            }
            self.follow(from, package, (name, text), edge, needed, found);
        }
    }

    fn follow(
        &mut self,
        from: &InstallPath,
        package: &LockedPackage,
        (name, text): (&str, &str),
        edge: Edge,
        needed: bool,
        found: &mut BTreeSet<Poison>,
    ) {
        let requirement = Requirement::parse(text);
        let bundled = package.node().is_some_and(|terms| terms.bundled.contains(name));
        if matches!(requirement, Requirement::Foreign) && !bundled && matches!(edge, Edge::Required | Edge::Optional) {
            let (from, name, requirement) = (from.clone(), name.to_owned(), text.to_owned());
            found.insert(Poison::Foreign { from, name, requirement });
            return;
        }
        let target = name.parse::<PackageName>().ok().and_then(|name| self.find(from, &name, edge));
        let Some((path, target)) = target else {
            if !bundled {
                absent(from, (name, text), edge, found);
            }
            return;
        };
        if bundled {
            // Node finds the one inside the archive. npm may have listed the same name as well.
            self.reach(path, false);
            return;
        }
        let problem = judge(from, (name, text), &requirement, edge, &path, target);
        if problem.is_none() && requirement.real_name().is_some() {
            self.aliased.insert(path.clone());
        }
        found.extend(problem);
        self.reach(path, needed && matches!(edge, Edge::Required | Edge::Peer));
    }

    /// A peer stands beside its dependant, never inside it.
    fn find(&self, from: &InstallPath, name: &PackageName, edge: Edge) -> Option<(InstallPath, &'a LockedPackage)> {
        if matches!(edge, Edge::Required | Edge::Optional) {
            return self.closure.lookup(from, name);
        }
        if let Some(parent) = from.parent() {
            return self.closure.lookup(&parent, name);
        }
        let path = InstallPath::child(None, name);
        let package = self.closure.packages.get(&path)?;
        Some((path, package))
    }
}

fn absent(from: &InstallPath, (name, text): (&str, &str), edge: Edge, found: &mut BTreeSet<Poison>) {
    let (from, name, requirement) = (from.clone(), name.to_owned(), text.to_owned());
    match edge {
        Edge::Required => found.insert(Poison::Missing { from, name, requirement }),
        Edge::Peer => found.insert(Poison::Peer {
            from,
            name,
            requirement,
            found: None,
        }),
        Edge::Optional | Edge::OptionalPeer => false,
    };
}

fn judge(
    from: &InstallPath,
    (name, text): (&str, &str),
    requirement: &Requirement,
    edge: Edge,
    path: &InstallPath,
    target: &LockedPackage,
) -> Option<Poison> {
    let wanted = requirement.real_name().unwrap_or(name);
    let peer = matches!(edge, Edge::Peer | Edge::OptionalPeer);
    if target.name.as_str() != wanted && !peer {
        return Some(Poison::Impostor {
            from: from.clone(),
            wanted: wanted.to_owned(),
            found: path.clone(),
            real: target.name.clone(),
        });
    }
    if target.name.as_str() == wanted && requirement.accepts(&target.version) {
        return None;
    }
    let (from, name, requirement) = (from.clone(), name.to_owned(), text.to_owned());
    Some(if peer {
        Poison::Peer {
            from,
            name,
            requirement,
            found: Some(target.version.clone()),
        }
    } else {
        Poison::Unsatisfied {
            from,
            name,
            requirement,
            found: path.clone(),
            version: target.version.clone(),
        }
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

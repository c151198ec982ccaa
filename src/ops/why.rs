//! `why`: every way from a server's own package to another one of its closure.
//!
//! Read from the lock alone: nothing is asked, started or written. What a lock says that nobody here
//! approved is only its writer's word, so each answer says which it is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use crate::error::Error;
use crate::lock::entry_digest;
use crate::manifest::nearest;
use crate::model::python::{PythonRequirement, normal_name};
use crate::model::{Closure, InstallPath, LockedPackage, PackageName, Pin, Pinned, ServerName, Source, Terms};
use crate::ops::{Context, Interact, queries};

/// More ways than this to one package are counted no further.
const MAX_WAYS: usize = 20;
/// How many beginnings of ways are looked at: a closure can have more ways than there is time.
const MAX_LOOKED_AT: usize = 50_000;

/// One package of a way, and how the one before it asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// Where it stands in the lock.
    pub path: InstallPath,
    /// What is asked for; empty for the server's own package.
    pub requirement: String,
    /// `optional`, `peer`, `optional peer`, `bundled`, `extra NAME`, or empty.
    pub kind: String,
    /// The marker that the requirement stands under.
    pub marker: Option<String>,
}

/// One package that was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// Where it stands in the lock.
    pub path: InstallPath,
    /// The machines it is for, where that is not all.
    pub only_for: Option<String>,
    /// Ways from the server's own package to it, the shortest first, both ends included.
    pub ways: Vec<Vec<Step>>,
    /// There are more.
    pub more: bool,
}

/// What one server's closure holds of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InServer {
    /// The server.
    pub server: ServerName,
    /// This user approved the entry.
    pub approved: bool,
    /// A package a version and place.
    pub answers: Vec<Answer>,
    /// Packages that carry it inside their own archive.
    pub carried_by: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The servers that have it.
    pub servers: Vec<InServer>,
    /// How many closures were looked through.
    pub looked_through: usize,
    /// The name that was perhaps meant, where no closure has this one.
    pub near: Option<String>,
}

/// Looks a package up in the closures of a scope.
///
/// # Errors
/// Nothing to read, or a server that is not there.
pub fn why(context: &Context, package: &str, server: Option<&ServerName>, person: &dyn Interact) -> Result<Found, Error> {
    let loaded = queries::reading(context, person)?;
    let names = queries::select(&loaded, server.map(std::slice::from_ref).unwrap_or_default())?;
    if let Some(server) = server {
        queries::entry(&loaded, server)?;
    }
    let (name, version) = asked(package);
    let mut found = Found {
        servers: Vec::new(),
        looked_through: 0,
        near: None,
    };
    let mut known = BTreeSet::new();
    for server in names {
        let Some(pin) = loaded.lock.servers.get(&server) else { continue };
        let Pinned::Package { closure, .. } = &pin.pinned else { continue };
        found.looked_through += 1;
        known.extend(closure.packages.values().map(|package| package.name.to_string()));
        let (answers, carried_by) = in_closure(pin, closure, name, version);
        if !answers.is_empty() || !carried_by.is_empty() {
            found.servers.push(InServer {
                approved: queries::is_approved(context, loaded.scope_key(), &server, &entry_digest(&server, pin))?,
                server,
                answers,
                carried_by,
            });
        }
    }
    if found.servers.is_empty() {
        found.near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
    }
    Ok(found)
}

/// `NAME` or `NAME@VERSION`.
fn asked(text: &str) -> (&str, Option<&str>) {
    match text.char_indices().skip(1).find(|&(_, c)| c == '@') {
        Some((at, _)) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn in_closure(pin: &Pin, closure: &Closure, name: &str, version: Option<&str>) -> (Vec<Answer>, Vec<String>) {
    let python = closure.root.is_python();
    let normal = normal_name(name).filter(|_| python).map(|name| name.to_string());
    let name = normal.as_deref().unwrap_or(name);
    let is_it = |path: &InstallPath, package: &LockedPackage| {
        let named = package.name.as_str() == name || path.name().as_str() == name;
        named && version.is_none_or(|version| package.version == version)
    };
    let graph = Graph::of(pin, closure);
    let wanted = closure.packages.iter().filter(|(path, package)| is_it(path, package));
    let answers = wanted.map(|(path, package)| {
        let (ways, more) = graph.ways(path);
        Answer {
            name: package.name.clone(),
            version: package.version.clone(),
            path: path.clone(),
            only_for: only_for(package),
            ways,
            more,
        }
    });
    let carries = |package: &&LockedPackage| version.is_none() && package.node().is_some_and(|terms| terms.bundled.contains(name));
    let carried_by = closure.packages.values().filter(carries).map(LockedPackage::label);
    (answers.collect(), carried_by.collect())
}

fn only_for(package: &LockedPackage) -> Option<String> {
    match &package.terms {
        Terms::Node(terms) => {
            let limits = [("os", &terms.os), ("cpu", &terms.cpu), ("libc", &terms.libc)];
            let limits: Vec<_> = limits
                .iter()
                .filter(|(_, values)| !values.is_empty())
                .map(|(what, values)| format!("{what} {}", values.join(", ")))
                .collect();
            (!limits.is_empty()).then(|| limits.join("; "))
        }
        Terms::Python(terms) => terms.marker.clone(),
    }
}

/// One requirement and the package that meets it.
struct Edge<'a> {
    from: &'a InstallPath,
    requirement: String,
    kind: String,
    marker: Option<String>,
}

/// Who asks for whom.
struct Graph<'a> {
    closure: &'a Closure,
    /// By the package that is asked for.
    into: BTreeMap<&'a InstallPath, Vec<Edge<'a>>>,
    /// How far each package is from the server's own.
    far: BTreeMap<&'a InstallPath, usize>,
}

impl<'a> Graph<'a> {
    fn of(pin: &Pin, closure: &'a Closure) -> Self {
        let mut graph = Self {
            closure,
            into: BTreeMap::new(),
            far: BTreeMap::new(),
        };
        if closure.root.is_python() {
            graph.python(&pin.source);
        } else {
            graph.npm();
        }
        graph.measure();
        graph
    }

    fn add(&mut self, to: &InstallPath, edge: Edge<'a>) {
        if let Some((to, _)) = self.closure.packages.get_key_value(to) {
            self.into.entry(to).or_default().push(edge);
        }
    }

    fn npm(&mut self) {
        let closure = self.closure;
        for (from, package) in &closure.packages {
            let Some(terms) = package.node() else { continue };
            let plain = terms.dependencies.iter().map(|edge| (edge, ""));
            let optional = terms.optional_dependencies.iter().map(|edge| (edge, "optional"));
            let shadowed = |name: &String| terms.dependencies.contains_key(name) || terms.optional_dependencies.contains_key(name);
            let peers = terms.peer_dependencies.iter().filter(|(name, _)| !shadowed(name)).map(|edge| {
                let optional = terms.optional_peers.contains(edge.0);
                (edge, if optional { "optional peer" } else { "peer" })
            });
            for ((name, requirement), kind) in plain.chain(optional).chain(peers) {
                let Ok(wanted) = name.parse::<PackageName>() else { continue };
                // A peer stands beside its dependant, never inside it.
                let found = match (kind.ends_with("peer"), from.parent()) {
                    (false, _) => closure.lookup(from, &wanted).map(|(path, _)| path),
                    (true, Some(parent)) => closure.lookup(&parent, &wanted).map(|(path, _)| path),
                    (true, None) => Some(InstallPath::child(None, &wanted)),
                };
                let bundled = terms.bundled.contains(name);
                if let Some(to) = found {
                    let edge = Edge {
                        from,
                        requirement: requirement.clone(),
                        kind: if bundled { "bundled".to_owned() } else { kind.to_owned() },
                        marker: None,
                    };
                    self.add(&to, edge);
                }
            }
        }
    }

    /// By name and version. What stands under an extra counts where somebody asks for that extra.
    fn python(&mut self, source: &Source) {
        let closure = self.closure;
        let read = |package: &LockedPackage| -> Vec<PythonRequirement> {
            let requires = package.python().map(|terms| terms.requires.as_slice()).unwrap_or_default();
            requires.iter().filter_map(|text| PythonRequirement::parse(text).ok()).collect()
        };
        let all: BTreeMap<&InstallPath, Vec<PythonRequirement>> =
            closure.packages.iter().map(|(path, package)| (path, read(package))).collect();
        let extras = asked_extras(closure, source, &all);
        for (from, requirements) in &all {
            for requirement in requirements {
                let Some(under) = enabled(requirement, extras.get(from)) else {
                    continue;
                };
                for to in meeting(closure, requirement) {
                    let edge = Edge {
                        from,
                        requirement: requirement.specifiers.to_string(),
                        kind: under.as_ref().map(|extra| format!("extra {extra}")).unwrap_or_default(),
                        marker: requirement.marker.as_ref().map(|marker| marker.as_str().to_owned()),
                    };
                    self.add(to, edge);
                }
            }
        }
    }

    fn measure(&mut self) {
        let mut out: BTreeMap<&InstallPath, Vec<&'a InstallPath>> = BTreeMap::new();
        for (to, edges) in &self.into {
            for edge in edges {
                out.entry(edge.from).or_default().push(*to);
            }
        }
        let Some((root, _)) = self.closure.packages.get_key_value(&self.closure.root) else {
            return;
        };
        self.far.insert(root, 0);
        let mut queue = VecDeque::from([root]);
        while let Some(from) = queue.pop_front() {
            let next = self.far.get(from).copied().unwrap_or_default() + 1;
            for to in out.get(from).into_iter().flatten() {
                if !self.far.contains_key(to) {
                    self.far.insert(to, next);
                    queue.push_back(to);
                }
            }
        }
    }

    /// The ways to a package, the shortest first, no package twice in one; and whether there are more.
    ///
    /// They are built from their end, and of all beginnings the one is continued that can become the
    /// shortest: however large the closure is, the shortest ways are found.
    fn ways(&self, to: &InstallPath) -> (Vec<Vec<Step>>, bool) {
        let (Some((to, _)), Some(far)) = (self.closure.packages.get_key_value(to), self.far.get(to)) else {
            return (Vec::new(), false);
        };
        // Length if it becomes the shortest, then order of discovery; the packages from the end on,
        // each with the edge into it.
        let mut open = BinaryHeap::from([Reverse((*far, 0_usize, vec![(to, usize::MAX)]))]);
        let (mut ways, mut made) = (Vec::new(), 0);
        while let Some(Reverse((_, _, way))) = open.pop() {
            let Some((last, _)) = way.last().copied() else { continue };
            if *last == self.closure.root {
                if ways.len() == MAX_WAYS {
                    return (ways, true);
                }
                ways.push(self.steps(&way));
                continue;
            }
            for (at, edge) in self.into.get(last).into_iter().flatten().enumerate() {
                let Some(far) = self.far.get(edge.from) else { continue };
                if way.iter().any(|(path, _)| *path == edge.from) {
                    continue;
                }
                made += 1;
                if made > MAX_LOOKED_AT {
                    return (ways, true);
                }
                let mut longer = way.clone();
                if let Some(end) = longer.last_mut() {
                    end.1 = at;
                }
                longer.push((edge.from, usize::MAX));
                open.push(Reverse((way.len() + far, made, longer)));
            }
        }
        (ways, false)
    }

    fn steps(&self, way: &[(&InstallPath, usize)]) -> Vec<Step> {
        let step = |(path, at): &(&InstallPath, usize)| {
            let package = self.closure.packages.get(*path)?;
            let edge = self.into.get(*path).and_then(|edges| edges.get(*at));
            Some(Step {
                name: package.name.clone(),
                version: package.version.clone(),
                path: (*path).clone(),
                requirement: edge.map(|edge| edge.requirement.clone()).unwrap_or_default(),
                kind: edge.map(|edge| edge.kind.clone()).unwrap_or_default(),
                marker: edge.and_then(|edge| edge.marker.clone()),
            })
        };
        way.iter().rev().filter_map(step).collect()
    }
}

/// The packages that meet a requirement.
fn meeting<'a>(closure: &'a Closure, requirement: &PythonRequirement) -> Vec<&'a InstallPath> {
    let meets = |package: &LockedPackage| {
        let version = package.version.parse::<pep440_rs::Version>();
        package.name == requirement.name && version.is_ok_and(|version| requirement.specifiers.contains(&version))
    };
    let found = closure.packages.iter().filter(|(_, package)| meets(package));
    found.map(|(path, _)| path).collect()
}

/// `None`: nobody asks for the extra that a requirement stands under.
#[expect(clippy::option_option, reason = "not at all, always, or under an extra")]
fn enabled(requirement: &PythonRequirement, extras: Option<&BTreeSet<String>>) -> Option<Option<String>> {
    let mut about = BTreeSet::new();
    if let Some(marker) = &requirement.marker {
        marker.extras(&mut about);
    }
    if about.is_empty() {
        return Some(None);
    }
    let on = extras.into_iter().flatten().find(|extra| about.contains(*extra));
    on.map(|extra| Some(extra.clone()))
}

/// Which extras somebody asks for, of each package.
fn asked_extras<'a>(
    closure: &'a Closure,
    source: &Source,
    all: &BTreeMap<&'a InstallPath, Vec<PythonRequirement>>,
) -> BTreeMap<&'a InstallPath, BTreeSet<String>> {
    let mut asked: BTreeMap<&InstallPath, BTreeSet<String>> = BTreeMap::new();
    if let (Source::Pypi { extras, .. }, Some((root, _))) = (source, closure.packages.get_key_value(&closure.root)) {
        asked.insert(root, extras.clone());
    }
    // Each round adds an extra or is the last; there are no more extras than requirements.
    let mut grown = true;
    while grown {
        grown = false;
        for (from, requirements) in all {
            for requirement in requirements {
                if enabled(requirement, asked.get(from)).is_none() {
                    continue;
                }
                for to in meeting(closure, requirement) {
                    let known = asked.entry(to).or_default();
                    for extra in &requirement.extras {
                        grown |= known.insert(extra.clone());
                    }
                }
            }
        }
    }
    asked
}

#[cfg(test)]
#[path = "why_tests.rs"]
mod tests;

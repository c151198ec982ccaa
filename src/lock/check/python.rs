//! Python's closures: markers as PEP 508 has them, versions as PEP 440.
//!
//! Which packages a machine gets is decided by markers, so a closure is many closures. The attacks:
//! a package that only Windows gets, in a lock that Linux users review; a marker narrowed by one
//! word, so that a needed package is left out and found elsewhere; a second version of a package that
//! wins on some machines. Hence the walk from the server's package is made on every kind of machine.
//!
//! As uv does it: an extra adds its requirements to those of the package without extras; a
//! `Requires-Python` counts by its lower bounds where no machine is given (upper bounds are guesses
//! about the future: they are checked on the machine itself).

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use pep440_rs::{Operator, Version, VersionSpecifiers};

use super::Poison;
use crate::model::python::{Marker, PythonRequirement, PythonTarget, universe};
use crate::model::{Closure, InstallPath, LockedPackage, PackageName};

/// More places at which markers change their answers than this make a lock too slow to check.
/// Real closures have fewer than ten.
const MAX_MACHINES: usize = 1000;

/// What the manifest asks for.
pub(super) struct Wanted<'a> {
    name: &'a PackageName,
    extras: &'a BTreeSet<String>,
    requirement: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    pub(super) const fn new(name: &'a PackageName, extras: &'a BTreeSet<String>, requirement: Option<&'a str>) -> Self {
        Self { name, extras, requirement }
    }
}

/// Checks a closure of Python packages, for every kind of machine or for one.
pub(super) fn check(closure: &Closure, wanted: &Wanted<'_>, machine: Option<&PythonTarget>) -> Vec<Poison> {
    let mut found = Found::default();
    let packages = read(closure, &mut found);
    let Some(root) = root(closure, &packages, wanted, &mut found) else {
        return found.all();
    };
    // What cannot be read leads nowhere: a walk would call its dependencies unreachable.
    if !found.is_empty() {
        return found.all();
    }
    let machines = match machine {
        Some(machine) => here(&root, machine, &mut found),
        None => everywhere(&root, &packages, &mut found),
    };
    let mut reached = BTreeSet::new();
    for target in &machines {
        if let Some(mut walk) = Walk::new(target, machine.is_some(), &packages, &mut found) {
            walk.from(&root, wanted.extras);
            reached.append(&mut walk.reached.into_keys().cloned().collect());
        }
    }
    // One machine does not need the packages of the others.
    if machine.is_none() && found.is_empty() {
        for path in closure.packages.keys().filter(|path| !reached.contains(path)) {
            found.add(Poison::Unreachable { path: path.clone() });
        }
    }
    found.all()
}

/// What was found, each thing once: what is wrong on a hundred kinds of machines is said of the first.
#[derive(Default)]
struct Found {
    poison: BTreeMap<String, Poison>,
}

impl Found {
    fn add(&mut self, poison: Poison) {
        self.poison.entry(poison.to_string()).or_insert(poison);
    }

    fn on(&mut self, target: &PythonTarget, poison: impl Fn(String) -> Poison) {
        let key = poison(String::new()).to_string();
        self.poison.entry(key).or_insert_with(|| poison(target.label()));
    }

    fn is_empty(&self) -> bool {
        self.poison.is_empty()
    }

    fn all(self) -> Vec<Poison> {
        self.poison.into_values().collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// A package with everything it says understood.
struct Read<'a> {
    path: &'a InstallPath,
    name: &'a PackageName,
    version: Version,
    marker: Option<Marker>,
    /// As written, and as read.
    requires: Vec<(&'a str, PythonRequirement)>,
    requires_python: Option<VersionSpecifiers>,
}

type Packages<'a> = BTreeMap<&'a InstallPath, Read<'a>>;

fn read<'a>(closure: &'a Closure, found: &mut Found) -> Packages<'a> {
    let mut packages = BTreeMap::new();
    for (path, package) in &closure.packages {
        match one(path, package) {
            Ok(read) => drop(packages.insert(path, read)),
            Err(poison) => found.add(poison),
        }
    }
    packages
}

fn one<'a>(path: &'a InstallPath, package: &'a LockedPackage) -> Result<Read<'a>, Poison> {
    let unreadable = |what: String| Poison::Unreadable { path: path.clone(), what };
    let terms = package.python().ok_or_else(|| unreadable("it is no Python package".to_owned()))?;
    let version = Version::from_str(&package.version).map_err(|_| Poison::Version {
        path: path.clone(),
        version: package.version.clone(),
    })?;
    if InstallPath::python(&package.name, &package.version).as_ref() != Some(path) {
        return Err(Poison::NameDiffers {
            path: path.clone(),
            real: package.name.clone(),
        });
    }
    let marker = terms.marker.as_deref().map(Marker::parse).transpose();
    let requires = terms.requires.iter().map(|text| {
        PythonRequirement::parse(text)
            .map(|requirement| (text.as_str(), requirement))
            .map_err(|error| unreadable(error.to_string()))
    });
    Ok(Read {
        path,
        name: &package.name,
        version,
        marker: marker.map_err(|error| unreadable(error.to_string()))?,
        requires: requires.collect::<Result<_, _>>()?,
        requires_python: terms
            .requires_python
            .as_deref()
            .map(VersionSpecifiers::from_str)
            .transpose()
            .map_err(|_| unreadable("its `Requires-Python` cannot be read".to_owned()))?,
    })
}

/// The server's own package.
struct Root<'a> {
    read: &'a Read<'a>,
    /// Its `Requires-Python` and its marker, for messages.
    asks: String,
}

fn root<'a>(closure: &'a Closure, packages: &'a Packages<'a>, wanted: &Wanted<'_>, found: &mut Found) -> Option<Root<'a>> {
    let Some(package) = closure.root_package() else {
        found.add(Poison::RootMissing {
            path: closure.root.clone(),
        });
        return None;
    };
    if package.name != *wanted.name {
        found.add(Poison::RootName {
            wanted: wanted.name.clone(),
            found: package.name.clone(),
        });
    }
    let read = packages.get(&closure.root)?;
    let accepts = |text: &str| VersionSpecifiers::from_str(text).is_ok_and(|specifiers| specifiers.contains(&read.version));
    if let Some(requirement) = wanted.requirement.filter(|text| !accepts(text)) {
        found.add(Poison::RootVersion {
            name: wanted.name.clone(),
            requirement: requirement.to_owned(),
            version: package.version.clone(),
        });
    }
    let mut known = BTreeSet::new();
    let markers = read.requires.iter().filter_map(|(_, requirement)| requirement.marker.as_ref());
    markers.for_each(|marker| marker.extras(&mut known));
    for extra in wanted.extras.iter().filter(|extra| !known.contains(extra.as_str())) {
        found.add(Poison::NoExtra {
            path: closure.root.clone(),
            extra: extra.clone(),
        });
    }
    let terms = package.python()?;
    let asks: Vec<&str> = terms.requires_python.iter().chain(&terms.marker).map(String::as_str).collect();
    Some(Root {
        read,
        asks: asks.join("; "),
    })
}

impl Root<'_> {
    /// Whether the server belongs on this machine at all.
    fn is_for(&self, target: &PythonTarget) -> Result<bool, Poison> {
        let python = self.read.requires_python.as_ref();
        Ok(python.is_none_or(|specifiers| target.allowed_by(specifiers)) && self.read.holds(target)?)
    }
}

/// The given machine, if the server belongs there.
fn here(root: &Root<'_>, machine: &PythonTarget, found: &mut Found) -> Vec<PythonTarget> {
    match root.is_for(machine) {
        Ok(true) => return vec![machine.clone()],
        Ok(false) => found.on(machine, |on| Poison::NotHere {
            path: root.read.path.clone(),
            wanted: root.asks.clone(),
            on,
        }),
        Err(poison) => found.add(poison),
    }
    Vec::new()
}

/// Every kind of machine the server belongs on, each reading of markers once.
fn everywhere(root: &Root<'_>, packages: &Packages<'_>, found: &mut Found) -> Vec<PythonTarget> {
    let requirements = packages.values().flat_map(|package| package.requires.iter());
    let markers = requirements
        .filter_map(|(_, requirement)| requirement.marker.as_ref())
        .chain(packages.values().filter_map(|package| package.marker.as_ref()));
    let Some(all) = universe(root.read.requires_python.as_ref(), markers, MAX_MACHINES) else {
        found.add(Poison::Unreadable {
            path: root.read.path.clone(),
            what: "the markers of its closure tell more versions of Python apart than can be checked".to_owned(),
        });
        return Vec::new();
    };
    let mut machines: Vec<PythonTarget> = Vec::new();
    for target in all {
        match root.is_for(&target) {
            Ok(true) if machines.iter().all(|other| !other.reads_like(&target)) => machines.push(target),
            Ok(_) => {}
            Err(poison) => found.add(poison),
        }
    }
    if machines.is_empty() && found.is_empty() {
        found.add(Poison::Nowhere {
            path: root.read.path.clone(),
            wanted: root.asks.clone(),
        });
    }
    machines
}

impl Read<'_> {
    /// Whether its own marker holds on a machine.
    fn holds(&self, target: &PythonTarget) -> Result<bool, Poison> {
        let Some(marker) = &self.marker else { return Ok(true) };
        target.meets(marker, &BTreeSet::new()).map_err(|error| Poison::Unreadable {
            path: self.path.clone(),
            what: error.to_string(),
        })
    }

    /// Whether its `Requires-Python` allows a machine: by all of it, or by its lower bounds.
    fn allows(&self, target: &PythonTarget, exactly: bool) -> bool {
        let Some(specifiers) = &self.requires_python else { return true };
        if exactly {
            return target.allowed_by(specifiers);
        }
        specifiers.iter().all(|one| match one.operator() {
            Operator::GreaterThan => one.contains(target.version()),
            Operator::GreaterThanEqual | Operator::TildeEqual | Operator::Equal | Operator::EqualStar | Operator::ExactEqual => {
                *target.version() >= one.version().only_release()
            }
            _ => true,
        })
    }
}

/// A walk over one machine's closure.
struct Walk<'a> {
    target: &'a PythonTarget,
    /// One machine is looked at, and not a kind.
    exactly: bool,
    packages: &'a Packages<'a>,
    /// What is installed there, by name.
    present: BTreeMap<&'a PackageName, &'a Read<'a>>,
    /// What was reached, with the extras that were asked for.
    reached: BTreeMap<&'a InstallPath, BTreeSet<String>>,
    found: &'a mut Found,
}

impl<'a> Walk<'a> {
    fn new(target: &'a PythonTarget, exactly: bool, packages: &'a Packages<'a>, found: &'a mut Found) -> Option<Self> {
        let mut present: BTreeMap<&PackageName, &Read<'_>> = BTreeMap::new();
        for package in packages.values() {
            match package.holds(target) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(poison) => {
                    found.add(poison);
                    return None;
                }
            }
            if let Some(other) = present.insert(package.name, package) {
                found.on(target, |on| Poison::Ambiguous {
                    first: other.path.clone(),
                    second: package.path.clone(),
                    on,
                });
            }
        }
        Some(Self {
            target,
            exactly,
            packages,
            present,
            reached: BTreeMap::new(),
            found,
        })
    }

    fn from(&mut self, root: &Root<'a>, extras: &BTreeSet<String>) {
        let mut queue: Vec<(&Read<'a>, BTreeSet<String>)> = vec![(root.read, extras.clone())];
        while let Some((package, extras)) = queue.pop() {
            let known = self.reached.get(package.path);
            let new: BTreeSet<String> = extras.difference(known.unwrap_or(&BTreeSet::new())).cloned().collect();
            if known.is_some() && new.is_empty() {
                continue;
            }
            let first = known.is_none();
            self.reached.entry(package.path).or_default().extend(extras);
            if first && !package.allows(self.target, self.exactly) {
                let wanted = package.requires_python.as_ref().map(ToString::to_string).unwrap_or_default();
                self.found.on(self.target, |on| Poison::WrongPython {
                    path: package.path.clone(),
                    wanted: wanted.clone(),
                    on,
                });
            }
            for (text, requirement) in &package.requires {
                if self.counts(package, requirement, &new, first) {
                    queue.extend(
                        self.follow(package, text, requirement)
                            .map(|next| (next, requirement.extras.clone())),
                    );
                }
            }
        }
    }

    /// Whether a requirement counts: for the package itself, or for one of the extras.
    fn counts(&mut self, package: &Read<'_>, requirement: &PythonRequirement, extras: &BTreeSet<String>, itself: bool) -> bool {
        let Some(marker) = &requirement.marker else { return itself };
        let alone = itself.then(BTreeSet::new);
        let each = extras.iter().map(|extra| BTreeSet::from([extra.clone()]));
        for asked in alone.into_iter().chain(each) {
            match self.target.meets(marker, &asked) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => {
                    self.found.add(Poison::Unreadable {
                        path: package.path.clone(),
                        what: error.to_string(),
                    });
                    return false;
                }
            }
        }
        false
    }

    fn follow(&mut self, from: &Read<'_>, text: &str, requirement: &PythonRequirement) -> Option<&'a Read<'a>> {
        let (from, text) = (from.path, text.to_owned());
        if let Some(url) = &requirement.url {
            self.found.add(Poison::Foreign {
                from: from.clone(),
                name: requirement.name.to_string(),
                requirement: url.clone(),
            });
            return None;
        }
        let Some(&next) = self.present.get(&requirement.name) else {
            let locked = self
                .packages
                .values()
                .find(|package| *package.name == requirement.name && requirement.specifiers.contains(&package.version));
            self.found.on(self.target, |on| match locked {
                Some(left_out) => Poison::LeftOut {
                    from: from.clone(),
                    requirement: text.clone(),
                    path: left_out.path.clone(),
                    on,
                },
                None => Poison::Absent {
                    from: from.clone(),
                    requirement: text.clone(),
                    on,
                },
            });
            return None;
        };
        if !requirement.specifiers.contains(&next.version) {
            self.found.on(self.target, |on| Poison::Mismatch {
                from: from.clone(),
                requirement: text.clone(),
                path: next.path.clone(),
                on,
            });
        }
        Some(next)
    }
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;

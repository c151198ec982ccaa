//! The archive's own manifest against what was claimed, or locked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::{ArchiveContents, LockedPackage, NodeTerms, PackageName, Terms};
use crate::surface::visible::is_invisible;

use super::manifest::clean_version;
use super::{Claim, Manifest, ManifestError, install_scripts};

/// One field where a claim (the registry's, or a lock's) and the archive disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// The field of `package.json`.
    pub field: &'static str,
    /// What was claimed, as JSON-like text.
    pub claimed: String,
    /// What the archive says.
    pub archived: String,
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is claimed as {} but the archive says {}",
            self.field, self.claimed, self.archived
        )
    }
}

/// Why an archive does not become a lock entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The archive's manifest cannot be read. The publisher is at fault.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The archive brings its own lockfile, which would pull in whatever it names.
    #[error("the archive holds an npm-shrinkwrap.json, which would choose its own dependencies")]
    Shrinkwrap,
    /// The archive's manifest hides characters in what the lock would show. The publisher is at
    /// fault; npm's registry takes such text.
    #[error("a control or invisible character stands in `{field}` of the archive's package.json")]
    Invisible {
        /// The field.
        field: &'static str,
    },
    /// Manifest confusion: the registry's metadata describes another package than the archive.
    #[error("the registry's metadata and the archive disagree: {}", list(.0))]
    Confused(Vec<Confusion>),
}

fn list(confusions: &[Confusion]) -> String {
    confusions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Makes a lock entry out of an archive, if the archive is what was claimed. Everything in the
/// result is the archive's own word; the claim contributes the digest (which the caller has
/// computed over the bytes) and the `optional` flag (which is a property of the tree).
pub fn confirm(claim: &Claim, contents: &ArchiveContents) -> Result<LockedPackage, Refusal> {
    if contents.has("npm-shrinkwrap.json") {
        return Err(Refusal::Shrinkwrap);
    }
    let manifest = Manifest::parse(&contents.manifest)?;
    let mut found = Differences::default();
    found.text("name", claim.name.as_str(), &manifest.name);
    found.text("version", &clean_version(&claim.version), &manifest.version);
    found.map("dependencies", &claim.dependencies, &manifest.dependencies);
    found.map(
        "optionalDependencies",
        &claim.optional_dependencies,
        &manifest.optional_dependencies,
    );
    found.map("peerDependencies", &claim.peer_dependencies, &manifest.peer_dependencies);
    found.set("peerDependenciesMeta", &claim.optional_peers, &manifest.optional_peers);
    found.set("bundleDependencies", &claim.bundled, &manifest.bundled);
    found.list("os", &claim.os, &manifest.os);
    found.list("cpu", &claim.cpu, &manifest.cpu);
    found.list("libc", &claim.libc, &manifest.libc);
    // Publishing tools fill `bin` in from `directories.bin`, or leave that out: both are honest.
    if manifest.bin != claim.bin && manifest.executables(contents) != claim.bin {
        found.map("bin", &claim.bin, &manifest.bin);
    }
    // Only hiding a script is an attack. A claimed one that is not written down is what registries
    // add for a `binding.gyp`.
    let written: BTreeMap<_, _> = install_scripts(
        &Manifest {
            gypfile: Some(false),
            ..manifest.clone()
        },
        contents,
    );
    if !claim.has_install_script && !written.is_empty() {
        found.map("scripts", &BTreeMap::new(), &written);
    }
    if !found.0.is_empty() {
        return Err(Refusal::Confused(found.0));
    }
    let package = archived(&manifest, claim, contents);
    match invisible(&package) {
        Some(field) => Err(Refusal::Invisible { field }),
        None => Ok(package),
    }
}

/// The first field with text that the lock refuses to hold.
fn invisible(package: &LockedPackage) -> Option<&'static str> {
    let hides = |text: &String| text.chars().any(is_invisible);
    let edges = |map: &BTreeMap<String, String>| map.iter().any(|(name, requirement)| hides(name) || hides(requirement));
    let terms = package.node()?;
    [
        ("version", hides(&package.version)),
        ("os", terms.os.iter().any(hides)),
        ("cpu", terms.cpu.iter().any(hides)),
        ("libc", terms.libc.iter().any(hides)),
        ("dependencies", edges(&terms.dependencies)),
        ("optionalDependencies", edges(&terms.optional_dependencies)),
        ("peerDependencies", edges(&terms.peer_dependencies)),
        ("peerDependenciesMeta", terms.optional_peers.iter().any(hides)),
        ("engines", terms.engines_node.iter().any(hides)),
    ]
    .into_iter()
    .find_map(|(field, hidden)| hidden.then_some(field))
}

fn archived(manifest: &Manifest, claim: &Claim, contents: &ArchiveContents) -> LockedPackage {
    let facts = Facts::of(manifest, contents);
    LockedPackage {
        name: claim.name.clone(),
        version: claim.version.clone(),
        archives: vec![claim.archive()],
        scripts: facts.scripts,
        native: facts.native,
        terms: Terms::Node(NodeTerms {
            optional: claim.optional,
            os: manifest.os.clone(),
            cpu: manifest.cpu.clone(),
            libc: manifest.libc.clone(),
            dependencies: manifest.dependencies.clone(),
            optional_dependencies: manifest.optional_dependencies.clone(),
            peer_dependencies: manifest.peer_dependencies.clone(),
            optional_peers: manifest.optional_peers.clone(),
            bundled: facts.bundled,
            engines_node: manifest.engines_node.clone(),
        }),
    }
}

/// What is read from the files rather than from the manifest alone.
struct Facts {
    scripts: BTreeMap<String, String>,
    native: bool,
    bundled: BTreeSet<String>,
}

impl Facts {
    fn of(manifest: &Manifest, contents: &ArchiveContents) -> Self {
        let limited = !(manifest.os.is_empty() && manifest.cpu.is_empty() && manifest.libc.is_empty());
        Self {
            scripts: install_scripts(manifest, contents),
            native: !limited && contents.is_native(),
            bundled: bundled_names(contents),
        }
    }
}

/// The packages that really stand in the archive's own `node_modules`, declared or not: those are
/// the ones node finds first. A file `node_modules/foo.js` is one as well: `require("foo")` finds
/// it, and so does `require("foo.js")`.
///
/// One in a folder of the archive's (`lib/node_modules/foo`) is found from that folder only. It is
/// recorded by its path: under the bare name it would stand for the locked package of that name,
/// whose edges nobody would check then.
fn bundled_names(contents: &ArchiveContents) -> BTreeSet<String> {
    contents.files.iter().flat_map(|file| bundled_as(&file.path)).collect()
}

fn bundled_as(path: &str) -> Vec<String> {
    let (folder, rest) = match path.strip_prefix("node_modules/") {
        Some(rest) => ("", rest),
        None => match path.find("/node_modules/") {
            Some(at) => path.split_at(at + "/node_modules/".len()),
            None => return Vec::new(),
        },
    };
    let segments = if rest.starts_with('@') { 2 } else { 1 };
    let names = match rest.match_indices('/').nth(segments - 1) {
        Some((end, _)) => vec![&rest[..end]],
        // A file: by its whole name, and by the endings that node adds.
        None => [".js", ".json", ".node"]
            .iter()
            .filter_map(|ending| rest.strip_suffix(ending))
            .chain([rest])
            .collect(),
    };
    let names = names.into_iter().filter_map(|name| name.parse::<PackageName>().ok());
    names.map(|name| format!("{folder}{name}")).collect()
}

/// Compares a lock's entry with the archive whose digest it names: every field must be what the
/// archive itself says. The attack is a lock edited by hand, or made by a tool that believed the
/// registry: right digest, wrong edges or no scripts. An empty answer means they agree.
pub fn check_locked(locked: &LockedPackage, contents: &ArchiveContents) -> Result<Vec<Confusion>, Refusal> {
    if contents.has("npm-shrinkwrap.json") {
        return Err(Refusal::Shrinkwrap);
    }
    let manifest = Manifest::parse(&contents.manifest)?;
    let mut found = Differences::default();
    let Some(terms) = locked.node() else {
        found.text("ecosystem", "Python", "npm");
        return Ok(found.0);
    };
    let facts = Facts::of(&manifest, contents);
    found.text("name", locked.name.as_str(), &manifest.name);
    found.text("version", &clean_version(&locked.version), &manifest.version);
    found.list("os", &terms.os, &manifest.os);
    found.list("cpu", &terms.cpu, &manifest.cpu);
    found.list("libc", &terms.libc, &manifest.libc);
    found.map("scripts", &locked.scripts, &facts.scripts);
    found.text("native code", yes_no(locked.native), yes_no(facts.native));
    found.map("dependencies", &terms.dependencies, &manifest.dependencies);
    found.map(
        "optionalDependencies",
        &terms.optional_dependencies,
        &manifest.optional_dependencies,
    );
    found.map("peerDependencies", &terms.peer_dependencies, &manifest.peer_dependencies);
    found.set("peerDependenciesMeta", &terms.optional_peers, &manifest.optional_peers);
    found.set("bundleDependencies", &terms.bundled, &facts.bundled);
    let engines = |node: &Option<String>| node.clone().unwrap_or_default();
    found.text("engines.node", &engines(&terms.engines_node), &engines(&manifest.engines_node));
    Ok(found.0)
}

const fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

#[derive(Default)]
struct Differences(Vec<Confusion>);

impl Differences {
    fn add(&mut self, field: &'static str, claimed: String, archived: String) {
        self.0.push(Confusion { field, claimed, archived });
    }

    fn text(&mut self, field: &'static str, claimed: &str, archived: &str) {
        if claimed != archived {
            self.add(field, format!("`{claimed}`"), format!("`{archived}`"));
        }
    }

    /// Shows only the keys that differ: a manifest may have hundreds.
    fn map(&mut self, field: &'static str, claimed: &BTreeMap<String, String>, archived: &BTreeMap<String, String>) {
        if claimed == archived {
            return;
        }
        let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
            let differing = a.iter().filter(|(key, value)| b.get(*key) != Some(value));
            set_text(differing.map(|(key, value)| format!("{key}: {value}")))
        };
        self.add(field, only(claimed, archived), only(archived, claimed));
    }

    fn set(&mut self, field: &'static str, claimed: &BTreeSet<String>, archived: &BTreeSet<String>) {
        if claimed != archived {
            self.add(
                field,
                set_text(claimed.difference(archived).cloned()),
                set_text(archived.difference(claimed).cloned()),
            );
        }
    }

    /// Order and repetition carry no meaning in platform limits.
    fn list(&mut self, field: &'static str, claimed: &[String], archived: &[String]) {
        let (claimed, archived) = (claimed.iter().cloned().collect(), archived.iter().cloned().collect());
        self.set(field, &claimed, &archived);
    }
}

fn set_text(items: impl Iterator<Item = String>) -> String {
    format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;

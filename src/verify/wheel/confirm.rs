//! The wheel's own metadata against what was claimed, or locked.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use crate::model::{Integrity, LockedPackage, PackageName, Sha256Digest, Terms, WheelContents};

use super::{Confusion, Refusal, Wheel, read};

/// What an index, through the resolver, says about one version. Nothing in it is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The project, normalised.
    pub name: PackageName,
    /// The version.
    pub version: String,
    /// The index's `data-requires-python`, where it gives one: it may leave it out.
    pub requires_python: Option<String>,
    /// The digest of the copy of METADATA that the index gave to the resolver, where it tells.
    pub metadata: Option<Integrity>,
}

/// Reads a wheel, if it is what was claimed. Everything in the result is the archive's own word.
pub fn confirm(claim: &Claim, file_name: &str, contents: &WheelContents) -> Result<Wheel, Refusal> {
    let wheel = read(file_name, contents)?;
    let mut found = Differences::default();
    found.text("name", claim.name.as_str(), wheel.name.as_str());
    found.version(&claim.version, &wheel.version);
    if let Some(claimed) = &claim.requires_python {
        let archived = wheel.requires_python.as_deref().unwrap_or_default();
        if !same_specifiers(claimed, archived) {
            found.add("Requires-Python", tick(claimed), tick(archived));
        }
    }
    let mut read = contents.read.iter();
    let own = read.find_map(|(path, bytes)| path.ends_with(".dist-info/METADATA").then(|| Sha256Digest::of(bytes)));
    let own = own.map(|digest| Integrity::Sha256(*digest.as_bytes()));
    if let (Some(claimed), Some(own)) = (&claim.metadata, own)
        && *claimed != own
    {
        found.add("METADATA", claimed.to_string(), own.to_string());
    }
    if found.0.is_empty() {
        Ok(wheel)
    } else {
        Err(Refusal::Confused(found.0))
    }
}

/// Compares a lock's entry with a wheel whose digest it names: every field must be what the archive
/// itself says. The attack is a lock edited by hand, or made by a tool that believed the index:
/// right digest, wrong requirements or no start-up code. An empty answer means they agree.
pub fn check_locked(locked: &LockedPackage, file_name: &str, contents: &WheelContents) -> Result<Vec<Confusion>, Refusal> {
    let wheel = read(file_name, contents)?;
    let mut found = Differences::default();
    found.text("name", locked.name.as_str(), wheel.name.as_str());
    found.version(&locked.version, &wheel.version);
    match &locked.terms {
        Terms::Python(terms) => {
            let (claimed, archived) = (terms.requires_python.as_deref(), wheel.requires_python.as_deref());
            found.text("Requires-Python", claimed.unwrap_or_default(), archived.unwrap_or_default());
            if terms.requires != wheel.requires {
                found.add("Requires-Dist", braced(&terms.requires), braced(&wheel.requires));
            }
        }
        Terms::Node(_) => found.add("kind", "an npm package".to_owned(), "a Python package".to_owned()),
    }
    found.map("start-up code", &locked.scripts, &wheel.startup);
    // Of a wheel for certain platforms the file name says it already.
    if wheel.pure && locked.native != wheel.native {
        found.add("native code", yes_no(locked.native), yes_no(wheel.native));
    }
    Ok(found.0)
}

fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

#[derive(Default)]
struct Differences(Vec<Confusion>);

impl Differences {
    fn add(&mut self, field: &'static str, claimed: String, archived: String) {
        self.0.push(Confusion { field, claimed, archived });
    }

    fn text(&mut self, field: &'static str, claimed: &str, archived: &str) {
        if claimed != archived {
            self.add(field, tick(claimed), tick(archived));
        }
    }

    /// In any spelling of PEP 440. What is no version equals nothing.
    fn version(&mut self, claimed: &str, archived: &str) {
        let same = match (Version::from_str(claimed), Version::from_str(archived)) {
            (Ok(claimed), Ok(archived)) => claimed == archived,
            _ => false,
        };
        if !same {
            self.add("version", tick(claimed), tick(archived));
        }
    }

    fn map(&mut self, field: &'static str, claimed: &BTreeMap<String, String>, archived: &BTreeMap<String, String>) {
        let only = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
            let differing = a.iter().filter(|(key, value)| b.get(*key) != Some(value));
            braced(differing.map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>())
        };
        if claimed != archived {
            self.add(field, only(claimed, archived), only(archived, claimed));
        }
    }
}

fn tick(text: &str) -> String {
    format!("`{text}`")
}

fn braced(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.as_ref().to_owned()).collect();
    format!("{{{}}}", items.join(", "))
}

/// Whether two texts of version specifiers say the same. Spelled alike they do; otherwise both must
/// be read, and what cannot be read equals nothing.
fn same_specifiers(one: &str, other: &str) -> bool {
    if one.trim() == other.trim() {
        return true;
    }
    match (VersionSpecifiers::from_str(one), VersionSpecifiers::from_str(other)) {
        (Ok(one), Ok(other)) => clauses(&one) == clauses(&other),
        _ => false,
    }
}

fn clauses(specifiers: &VersionSpecifiers) -> BTreeSet<String> {
    specifiers.iter().map(clause).collect()
}

fn clause(specifier: &VersionSpecifier) -> String {
    // In these the number of parts counts: `~=3.8` allows 3.9, `~=3.8.0` does not.
    let counted = [
        Operator::TildeEqual,
        Operator::EqualStar,
        Operator::NotEqualStar,
        Operator::ExactEqual,
    ];
    if counted.contains(specifier.operator()) {
        return specifier.to_string();
    }
    let mut release = specifier.version().release().to_vec();
    while release.len() > 1 && release.last() == Some(&0) {
        release.pop();
    }
    format!("{}{}", specifier.operator(), specifier.version().clone().with_release(release))
}

//! What differs between the evidence about one package before and now.
//!
//! The attacks: a stolen token publishes by hand what a build published before, and the provenance
//! is gone; somebody takes a deleted repository's name and signs with it; a workflow of one's own
//! signs what the release workflow signed.
//!
//! An archive with the same evidence on both sides is no change, whatever the others are. Every other
//! copy of the package now is held against the best that any copy before had: an attacker
//! does not choose the weakest of them to be measured by. Only where the very bytes were there
//! before are they measured by what was proved of them.

use std::collections::BTreeMap;

use super::closure::Copies;
use super::refs::ref_pattern;
use crate::model::{Change, Evidence, Identity, Integrity, LockedPackage, PackageName, Provenance};

/// The fields whose change says that somebody else made the package.
const WHO: [&str; 4] = ["issuer", "repository", "repository-id", "owner-id"];

/// The changes of level and signer of a package that is on both sides.
pub(super) fn evidence(name: &PackageName, own: bool, was: &Copies<'_>, is: &Copies<'_>, out: &mut Vec<Change>) {
    let old = archives(was);
    let come: Vec<_> = archives(is).into_iter().filter(|archive| !old.contains(archive)).collect();
    levels(name, own, &old, &come, out);
    words(name, own, &old, &come, out);
    signers(name, own, &old, &come, out);
}

/// One archive of one version, and what is proved about it.
#[derive(Clone, Copy, PartialEq)]
struct Archive<'a> {
    version: &'a String,
    integrity: &'a Integrity,
    evidence: &'a Evidence,
}

fn archives<'a>(copies: &Copies<'a>) -> Vec<Archive<'a>> {
    let of = |package: &'a LockedPackage| {
        package.archives.iter().map(|archive| Archive {
            version: &package.version,
            integrity: &archive.integrity,
            evidence: &archive.evidence,
        })
    };
    copies.iter().flat_map(|(_, package)| of(package)).collect()
}

fn levels(name: &PackageName, own: bool, old: &[Archive<'_>], come: &[Archive<'_>], out: &mut Vec<Change>) {
    // Of one archive in several places the weakest word counts.
    let mut lowest = BTreeMap::new();
    for package in come {
        let level = package.evidence.level();
        let known = lowest.entry((package.version, package.integrity)).or_insert(level);
        *known = level.min(*known);
    }
    let mut told = Vec::new();
    for ((version, integrity), after) in lowest {
        let rank = |package: &&Archive<'_>| {
            let same_bytes = package.version == version && package.integrity == integrity;
            (same_bytes, package.evidence.level())
        };
        let best = old.iter().max_by_key(rank);
        let Some(before) = best.filter(|before| before.evidence.level() != after) else {
            continue;
        };
        let change = Change::EvidenceLevel {
            name: name.clone(),
            own,
            version: version.clone(),
            integrity: integrity.clone(),
            before_version: before.version.clone(),
            before_source: before.evidence.provenance.as_ref().map(source),
            before: before.evidence.level(),
            after,
        };
        if !told.contains(&change) {
            told.push(change);
        }
    }
    out.extend(told);
}

/// Where provenance stands in the place of the registry's own word. The attack: a mirror without any
/// key serves bytes of its own, with provenance by a build of its own. Anybody can have that, and by
/// the level alone it would be a gain.
fn words(name: &PackageName, own: bool, old: &[Archive<'_>], come: &[Archive<'_>], out: &mut Vec<Change>) {
    let without = come
        .iter()
        .filter(|package| package.evidence.provenance.is_some() && !package.evidence.has_registrys_word());
    for package in without {
        let same_bytes = |old: &&Archive<'_>| old.version == package.version && old.integrity == package.integrity;
        let vouched = |old: &&Archive<'_>| old.evidence.has_registrys_word();
        let before = old.iter().filter(vouched).max_by_key(|old| same_bytes(old));
        let change = before.map(|before| Change::RegistryWordLost {
            name: name.clone(),
            own,
            version: package.version.clone(),
            integrity: package.integrity.clone(),
            before_version: before.version.clone(),
        });
        out.extend(change.filter(|change| !out.contains(change)));
    }
}

fn source(provenance: &Provenance) -> String {
    let Identity { repository, signer, .. } = &provenance.identity;
    repository.as_ref().unwrap_or(signer).clone()
}

/// Who signed one copy, with the part of the ref that stays.
#[derive(Clone)]
struct Signed<'a> {
    identity: Identity,
    git_ref: String,
    version: &'a str,
    integrity: &'a Integrity,
}

impl<'a> Signed<'a> {
    fn of(package: Archive<'a>) -> Option<Self> {
        let provenance = package.evidence.provenance.as_ref()?;
        Some(Self {
            identity: provenance.identity.clone(),
            git_ref: provenance
                .git_ref
                .as_ref()
                .map_or_else(String::new, |git_ref| ref_pattern(git_ref, package.version)),
            version: package.version,
            integrity: package.integrity,
        })
    }

    fn is(&self, other: &Self) -> bool {
        self.identity == other.identity && self.git_ref == other.git_ref
    }

    /// Every field that differs from a signer before, with both texts.
    fn differences(&self, old: &Self) -> Vec<(&'static str, String, String)> {
        let (was, is) = (&old.identity, &self.identity);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut out = Vec::new();
        let mut compare = |field, same: bool, before: String, after: String| {
            if !same {
                out.push((field, before, after));
            }
        };
        let same_repository = text(&was.repository).eq_ignore_ascii_case(&text(&is.repository));
        let same_signer = was.signer == is.signer || same_repository && inside(was).is_some() && inside(was) == inside(is);
        compare("issuer", was.issuer == is.issuer, was.issuer.clone(), is.issuer.clone());
        compare("signer", same_signer, was.signer.clone(), is.signer.clone());
        compare("repository", same_repository, text(&was.repository), text(&is.repository));
        // Older certificates do not number repositories and owners: a number that is new is no
        // change, one that is gone is.
        let mut number = |field, was: &Option<String>, is: &Option<String>| {
            compare(field, was.is_none() || was == is, text(was), text(is));
        };
        number("repository-id", &was.repository_id, &is.repository_id);
        number("owner-id", &was.owner_id, &is.owner_id);
        compare("workflow", was.workflow == is.workflow, text(&was.workflow), text(&is.workflow));
        compare("builder", was.builder == is.builder, text(&was.builder), text(&is.builder));
        compare("ref", old.git_ref == self.git_ref, old.git_ref.clone(), self.git_ref.clone());
        out
    }
}

/// The signer's path inside its own repository, where it lies there: hosts take the name of a
/// repository in any case.
fn inside(identity: &Identity) -> Option<&str> {
    let repository = identity.repository.as_ref()?;
    let head = identity.signer.get(..repository.len())?;
    let rest = &identity.signer[repository.len()..];
    (head.eq_ignore_ascii_case(repository) && rest.starts_with('/')).then_some(rest)
}

fn signers(name: &PackageName, own: bool, old: &[Archive<'_>], come: &[Archive<'_>], out: &mut Vec<Change>) {
    let old: Vec<_> = old.iter().copied().filter_map(Signed::of).collect();
    let numbered: Vec<_> = old.iter().map(|signed| with_numbers(signed, &old)).collect();
    let mut told = Vec::new();
    for signed in come
        .iter()
        .copied()
        .filter_map(Signed::of)
        .filter(|signed| !old.iter().any(|old| signed.is(old)))
    {
        let closest = numbered.iter().map(|before| signed.differences(before)).min_by_key(|differences| {
            let who = differences.iter().filter(|(field, ..)| WHO.contains(field)).count();
            (who, differences.len())
        });
        for (field, before, after) in closest.unwrap_or_default() {
            let change = Change::Signer {
                name: name.clone(),
                own,
                version: signed.version.to_owned(),
                integrity: signed.integrity.clone(),
                field,
                before,
                after,
            };
            if !told.contains(&change) {
                told.push(change);
            }
        }
    }
    out.extend(told);
}

/// The signer with the numbers that another copy's certificate names for the same repository: an
/// old certificate without them must not vouch for a repository that only has the same name.
fn with_numbers<'a>(signed: &Signed<'a>, all: &[Signed<'a>]) -> Signed<'a> {
    let mut signed = signed.clone();
    let here = signed.identity.repository.clone().unwrap_or_default();
    let twins = all.iter().map(|other| &other.identity).filter(|other| {
        let there = other.repository.as_deref().unwrap_or_default();
        other.issuer == signed.identity.issuer && there.eq_ignore_ascii_case(&here)
    });
    let (mut repository_id, mut owner_id) = (None, None);
    for twin in twins {
        repository_id = repository_id.or_else(|| twin.repository_id.clone());
        owner_id = owner_id.or_else(|| twin.owner_id.clone());
    }
    signed.identity.repository_id = signed.identity.repository_id.or(repository_id);
    signed.identity.owner_id = signed.identity.owner_id.or(owner_id);
    signed
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;

//! The source that a package claims, held against the one it was proved to be built from.
//!
//! The attack: a package that claims somebody else's repository, brought in by a project's lock.
//! Whoever made the lock saw the finding; whoever clones it must see it too.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::model::{Closure, Finding, ServerName};
use crate::ops::archive::Archive;
use crate::ops::ecosystem;
use crate::ops::tools::Tools;
use crate::policy;
use crate::verify::attest::source::names_same_repository;

/// Every package whose archive names another repository than its pinned provenance does. Archives
/// that this platform has no use for are not at hand, and say nothing.
///
/// # Errors
/// The store, or an archive that changed on disk.
pub fn mismatches(tools: &Tools<'_>, server: &ServerName, closure: &Closure) -> Result<Vec<Finding>, Error> {
    let ecosystem = ecosystem::of(closure);
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for at in Archive::all(closure) {
        let provenance = at.archive.evidence.provenance.as_ref();
        let Some(attested) = provenance.and_then(|provenance| provenance.identity.repository.as_deref()) else {
            continue;
        };
        let what = at.label();
        if !seen.insert((what.clone(), &at.archive.integrity)) {
            continue;
        }
        let Some(archive) = tools.store.archive(&at.archive.integrity, &what)? else {
            continue;
        };
        let claimed = ecosystem.repository(&archive, at)?;
        if let Some(claimed) = claimed.filter(|claimed| !names_same_repository(claimed, attested)) {
            findings.push(policy::source_mismatch(server, &what, &claimed, attested));
        }
    }
    Ok(findings)
}

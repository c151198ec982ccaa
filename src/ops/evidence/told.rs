//! Evidence in words, the same wherever it is told.

use crate::model::{Closure, Evidence, Level, LockedPackage, Provenance};

/// How many packages of a closure reach which level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Built by a proved identity.
    pub provenance: usize,
    /// Signed by the registry.
    pub signed: usize,
    /// Nothing but the digest.
    pub hash: usize,
}

/// Counts a closure's packages by level.
pub fn counts(closure: &Closure) -> Counts {
    let mut counts = Counts::default();
    for package in closure.packages.values() {
        match package.level() {
            Level::Provenance => counts.provenance += 1,
            Level::Signed => counts.signed += 1,
            Level::Hash => counts.hash += 1,
        }
    }
    counts
}

/// The lines about evidence that a person reads before they are asked.
pub fn figures(closure: &Closure) -> Vec<String> {
    let root = closure
        .root_package()
        .and_then(LockedPackage::weakest)
        .map(|archive| &archive.evidence);
    let mut lines = vec![format!("evidence: {}", root.map_or_else(|| "none".to_owned(), told))];
    let Counts { provenance, signed, hash } = counts(closure);
    let all = closure.packages.len();
    if all > 1 && hash == all {
        lines.push("no package of its closure is signed or has provenance: each has its digest alone".to_owned());
    } else if all > 1 {
        lines.push(format!(
            "of its {all} packages, {provenance} have provenance, {signed} a signature of the registry alone, {hash} nothing but their digest"
        ));
    }
    lines
}

/// Evidence in a line.
pub(super) fn told(evidence: &Evidence) -> String {
    match (&evidence.provenance, evidence.level()) {
        (Some(provenance), _) => format!("provenance, {}", signer(provenance)),
        (None, Level::Hash) => "hash alone, nothing says who made it".to_owned(),
        (None, _) => "signed by the registry, nothing says who built it".to_owned(),
    }
}

/// Who built it, from what.
pub fn signer(provenance: &Provenance) -> String {
    let identity = &provenance.identity;
    let source = match &identity.repository {
        Some(repository) => format!("built from {repository}"),
        None => format!("signed by {}", identity.signer),
    };
    let commit = provenance.commit.as_ref().map(|commit| format!(" at commit {commit}"));
    let git_ref = provenance.git_ref.as_ref().map(|git_ref| format!(" ({git_ref})"));
    let workflow = identity.workflow.as_ref().map(|workflow| format!(" by {workflow}"));
    [Some(source), commit, git_ref, workflow].into_iter().flatten().collect()
}

/// Where the source of a build can be read, on hosts whose addresses are known.
pub fn source_link(provenance: &Provenance) -> Option<String> {
    let repository = provenance.identity.repository.as_deref()?;
    let commit = provenance
        .commit
        .as_deref()
        .filter(|commit| commit.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    let host = repository.strip_prefix("https://")?.split('/').next()?;
    match host {
        "github.com" => Some(format!("{repository}/tree/{commit}")),
        "gitlab.com" => Some(format!("{repository}/-/tree/{commit}")),
        _ => None,
    }
}

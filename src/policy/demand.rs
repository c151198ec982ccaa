//! Evidence held against what is demanded of it, what the lock says, and what the registry claims.
//!
//! Each function judges one fact that somebody else established; none of them proves anything.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::package::{WithLines as _, plural};
use crate::model::report::Detail;
use crate::model::{Closure, Evidence, Finding, Grade, IdentityRule, Level, LockedArchive, LockedPackage, Provenance, ServerName};

/// How much earlier than the log a release may call itself: clocks differ, and a registry may give
/// the moment at which an upload began.
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// The finding where `evidence` is not by whom the user demands; `None` where every member of the
/// rule that is set holds. A rule without any asks for provenance by anybody.
///
/// The attack: a stolen token, or a repository under another name, with provenance that is valid
/// and somebody else's.
pub fn identity_unmet(server: &ServerName, package: &LockedPackage, rule: &IdentityRule) -> Option<Finding> {
    let unmet = |archive| identity_of(server, &package.label(), archive, rule);
    package.archives.iter().find_map(unmet)
}

/// As [`identity_unmet`], for one archive: every one of a package must be by whom is demanded.
fn identity_of(server: &ServerName, package: &str, archive: &LockedArchive, rule: &IdentityRule) -> Option<Finding> {
    let integrity = archive.integrity.to_string();
    let Some(provenance) = &archive.evidence.provenance else {
        let title = format!("{package} has no provenance, and who built it is demanded");
        let facts = json!({"rule": rule_json(rule), "integrity": integrity, "found": null});
        return Some(Finding::new("identity-unmet", Grade::Critical, server, package, title, &facts));
    };
    let unmet = unmet(rule, provenance);
    let names: Vec<_> = unmet.iter().map(|(member, ..)| format!("`{member}`")).collect();
    if names.is_empty() {
        return None;
    }
    let title = format!("{package} was not built by whom you demand: {} differs", names.join(", "));
    let facts = json!({
        "rule": rule_json(rule),
        "integrity": integrity,
        "found": unmet.iter().map(|(member, _, found)| json!([member, found])).collect::<Value>(),
    });
    let mut finding = Finding::new("identity-unmet", Grade::Critical, server, package, title, &facts);
    finding.details.extend(unmet.into_iter().flat_map(|(member, wanted, found)| {
        let found = found.map_or_else(|| "nothing".to_owned(), |found| format!("`{found}`"));
        [
            Detail::Line(format!("{member} demanded `{wanted}`")),
            Detail::Line(format!("{member} found    {found}")),
        ]
    }));
    Some(finding)
}

/// A member of a rule that does not hold: its name in the manifest, what is wanted, what was found.
type Unmet<'a> = (&'static str, &'a str, Option<&'a str>);

fn unmet<'a>(rule: &'a IdentityRule, provenance: &'a Provenance) -> Vec<Unmet<'a>> {
    let IdentityRule {
        issuer,
        signer,
        repository,
        workflow,
        git_ref,
    } = rule;
    let identity = &provenance.identity;
    let repository_holds = |wanted: &String| identity.repository.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(wanted));
    let mut out = Vec::new();
    let mut demand = |member, wanted: &'a Option<String>, found: Option<&'a str>, holds: &dyn Fn(&String) -> bool| {
        if let Some(wanted) = wanted
            && !holds(wanted)
        {
            out.push((member, wanted.as_str(), found));
        }
    };
    demand("issuer", issuer, Some(&identity.issuer), &|wanted| *wanted == identity.issuer);
    demand("signer", signer, Some(&identity.signer), &|wanted| *wanted == identity.signer);
    demand("repository", repository, identity.repository.as_deref(), &repository_holds);
    demand("workflow", workflow, identity.workflow.as_deref(), &|wanted| {
        identity.workflow.as_ref() == Some(wanted)
    });
    demand("ref", git_ref, provenance.git_ref.as_deref(), &|wanted| {
        provenance.git_ref.as_ref().is_some_and(|found| fits(wanted, found))
    });
    out
}

/// Whether a text fits a pattern in which the first `*` is any text and all else is itself.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| rest.ends_with(tail)),
    }
}

fn rule_json(rule: &IdentityRule) -> Value {
    let IdentityRule {
        issuer,
        signer,
        repository,
        workflow,
        git_ref,
    } = rule;
    json!({"issuer": issuer, "signer": signer, "repository": repository, "workflow": workflow, "ref": git_ref})
}

/// Whether an npm package's evidence reaches what is demanded. A higher level includes the lower
/// ones: where the registry's signature is demanded, provenance does not stand in for it.
///
/// The attack: a mirror without any key serves bytes of its own and attests them itself, as anybody
/// can.
fn reaches(evidence: &Evidence, wanted: Level) -> bool {
    evidence.level() >= wanted && (wanted < Level::Signed || evidence.has_registrys_word())
}

/// What is proved of the archive about which the least is proved, and its digest.
fn weakest(package: &LockedPackage) -> (Evidence, String) {
    package
        .weakest()
        .map(|archive| (archive.evidence.clone(), archive.integrity.to_string()))
        .unwrap_or_default()
}

/// What there is, in words.
fn held(evidence: &Evidence) -> String {
    match evidence.level() {
        Level::Provenance if !evidence.has_registrys_word() => "`provenance` alone, not signed by the registry".to_owned(),
        level => format!("`{level}` evidence"),
    }
}

/// The findings for packages with less evidence than is demanded: `own` of the server's own
/// package, `closure` of every other.
pub fn evidence_too_low(server: &ServerName, own: Level, closure: Level, packages: &Closure) -> Vec<Finding> {
    const CODE: &str = "evidence-too-low";
    let fact = |package: &LockedPackage, wanted: Level| {
        json!([
            package.name.as_str(),
            package.version,
            weakest(package).1,
            weakest(package).0.level().to_string(),
            weakest(package).0.has_registrys_word(),
            wanted.to_string()
        ])
    };
    let mut out = Vec::new();
    if let Some(root) = packages.root_package().filter(|root| !reaches(&weakest(root).0, own)) {
        let (name, version, held) = (&root.name, &root.version, held(&weakest(root).0));
        let title = format!("the server's own package {name} {version} has {held}, and `{own}` is demanded");
        out.push(Finding::new(CODE, Grade::Critical, server, name.as_str(), title, &fact(root, own)));
    }
    let others = packages.packages.iter().filter(|(path, _)| **path != packages.root);
    let mut low: Vec<_> = others
        .map(|(_, package)| package)
        .filter(|package| !reaches(&weakest(package).0, closure))
        .map(|package| {
            let line = format!(
                "{} {} has {}",
                package.name,
                package.version,
                held(&weakest(package).0).trim_end_matches(" evidence")
            );
            (line, fact(package, closure))
        })
        .collect();
    // One archive in several places of the tree is one fact.
    low.sort_by_key(|(line, fact)| (line.clone(), fact.to_string()));
    low.dedup();
    if !low.is_empty() {
        let (lines, facts): (Vec<_>, Vec<_>) = low.into_iter().unzip();
        let title = format!(
            "{} of the closure with less evidence than `{closure}`, which is demanded",
            plural(lines.len(), "package")
        );
        let finding = Finding::new(CODE, Grade::Critical, server, "closure", title, &Value::from(facts));
        out.push(finding.with_lines(lines.into_iter()));
    }
    out
}

/// The finding for a package that says it comes from one place and was built from another.
pub fn source_mismatch(server: &ServerName, package: &str, claimed: &str, attested: &str) -> Finding {
    let title = format!("{package} says that its source is somewhere else than where it was built from");
    let facts = json!({"claimed": claimed, "attested": attested});
    Finding::new("source-mismatch", Grade::Warning, server, package, title, &facts)
        .with(Detail::Line(format!("it says           {claimed}")))
        .with(Detail::Line(format!("it was built from {attested}")))
}

/// The finding for a release that calls itself older than the log's time proves it to be: more than
/// an hour, and a cooldown would be measured from a date that is not true. `None` otherwise.
pub fn release_before_log(server: &ServerName, package: &str, version: &str, released: Timestamp, logged: Timestamp) -> Option<Finding> {
    (logged.duration_since(released) > SKEW).then(|| {
        let title = format!("the registry says that {package} {version} is older than the log proves it can be");
        let facts = json!({"version": version, "released": released.to_string(), "logged": logged.to_string()});
        Finding::new("release-date-before-log", Grade::Warning, server, package, title, &facts)
            .with(Detail::Line(format!("released, says the registry: {released}")))
            .with(Detail::Line(format!("signed, proves the log:      {logged}")))
    })
}

/// The finding for packages (`NAME VERSION` each) whose metadata announces attestations, where the
/// registry explicitly has none.
pub fn attestation_missing(server: &ServerName, packages: &[String]) -> Finding {
    let mut packages = packages.to_vec();
    packages.sort();
    packages.dedup();
    let title = format!(
        "the registry announces attestations for {} and has none",
        plural(packages.len(), "package")
    );
    let facts = Value::from(packages.clone());
    Finding::new("attestation-missing", Grade::Notice, server, "closure", title, &facts).with_lines(packages.into_iter())
}

/// The finding for evidence that the lock names for exactly these bytes, and that the registry does
/// not deliver.
pub fn evidence_stripped(server: &ServerName, package: &str, locked: Level) -> Finding {
    let title = format!("the lock names `{locked}` evidence for these very bytes of {package}, and the registry delivers none");
    let facts = json!({"locked": locked.to_string()});
    Finding::new("evidence-stripped", Grade::Critical, server, package, title, &facts)
}

/// As [`evidence_stripped`], for many packages at once (`NAME@VERSION` and the level each): one
/// mirror is one question.
pub fn evidence_stripped_of_many(server: &ServerName, packages: &[(String, Level)]) -> Finding {
    let title = format!(
        "the lock names evidence for these very bytes of {}, and the registry delivers none",
        plural(packages.len(), "package")
    );
    let facts = packages
        .iter()
        .map(|(package, locked)| json!([package, locked.to_string()]))
        .collect::<Value>();
    let lines = packages.iter().map(|(package, locked)| format!("{package}: `{locked}`"));
    Finding::new("evidence-stripped", Grade::Critical, server, "closure", title, &facts).with_lines(lines)
}

/// The findings for provenance that is proved and weak: the server's own package built on a machine
/// of somebody's own, and packages built from a proposal that nobody had merged.
///
/// Part of the report of a first install; an update whose provenance is new asks for it by itself.
pub fn weak_provenance(server: &ServerName, closure: &Closure) -> Vec<Finding> {
    let mut out = Vec::new();
    let provenance = |package: &LockedPackage| package.archives.iter().find_map(|archive| archive.evidence.provenance.clone());
    let root = closure.root_package();
    if let Some((root, provenance)) = root.and_then(|root| Some((root, provenance(root)?)))
        && provenance.identity.builder.as_deref() == Some("self-hosted")
    {
        let name = root.name.as_str();
        let title = format!("the server's own package {name} was built on a machine of somebody's own (self-hosted)");
        let facts = json!([root.version, weakest(root).1, "self-hosted"]);
        out.push(Finding::new("builder-self-hosted", Grade::Notice, server, name, title, &facts));
    }
    let proposal = |git_ref: &String| ["refs/pull/", "refs/merge-requests/"].iter().any(|head| git_ref.starts_with(head));
    let built_from = |package: &LockedPackage| {
        let git_ref = provenance(package)?.git_ref.filter(proposal)?;
        let line = format!("{} {}: {git_ref}", package.name, package.version);
        Some((line, weakest(package).1))
    };
    let mut unusual: Vec<_> = closure.packages.values().filter_map(built_from).collect();
    unusual.sort();
    unusual.dedup();
    if !unusual.is_empty() {
        let title = format!(
            "{} built from a pull request, which nobody need have merged",
            plural(unusual.len(), "package")
        );
        out.push(
            Finding::new("signer-ref-unusual", Grade::Warning, server, "closure", title, &json!(unusual))
                .with_lines(unusual.into_iter().map(|(line, _)| line)),
        );
    }
    out
}

#[cfg(test)]
#[path = "demand_tests.rs"]
mod tests;

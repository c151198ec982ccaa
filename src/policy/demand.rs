//! Evidence held against what is demanded of it, what the lock says, and what the registry claims.
//!
//! Each function judges one fact that somebody else established; none of them proves anything.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::package::{WithLines as _, plural};
use super::python::bytes;
use crate::model::report::Detail;
use crate::model::{Closure, Evidence, Finding, Grade, IdentityRule, Level, LockedArchive, LockedPackage, Provenance, ServerName, Terms};

/// How much earlier than the log a release may call itself: clocks differ, and a registry may give
/// the moment at which an upload began.
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// The finding where `evidence` is not by whom the user demands; `None` where every member of the
/// rule that is set holds. A rule without any asks for provenance by anybody.
///
/// The attack: a stolen token, or a repository under another name, with provenance that is valid
/// and somebody else's.
///
/// Of a Python package every wheel must be by whom is demanded: which of them is taken is the
/// machine's choice. The finding covers all that are not.
pub fn identity_unmet(server: &ServerName, package: &LockedPackage, rule: &IdentityRule) -> Option<Finding> {
    let label = package.label();
    let mut unmet: Vec<_> = package
        .archives
        .iter()
        .filter_map(|archive| Some((archive, identity_of(server, &label, archive, rule)?)))
        .collect();
    if unmet.len() < 2 {
        return unmet.pop().map(|(_, finding)| finding);
    }
    let title = format!(
        "{} of {label} are not built by whom you demand, or nobody says who built them",
        plural(unmet.len(), "wheel")
    );
    let facts = unmet
        .iter()
        .map(|(archive, finding)| json!([archive.file, archive.integrity.to_string(), finding.fingerprint.as_str()]))
        .collect();
    let finding = Finding::new("identity-unmet", Grade::Critical, server, &label, title, &facts);
    let line = |(archive, finding): (&LockedArchive, Finding)| {
        let file = archive.file.as_deref().unwrap_or(&label);
        let why = finding.details.into_iter().filter_map(|detail| match detail {
            Detail::Line(line) => Some(line),
            Detail::Text { .. } | Detail::Code { .. } => None,
        });
        let why: Vec<_> = why.collect();
        if why.is_empty() {
            format!("{file}: no provenance")
        } else {
            format!("{file}: {}", why.join(", "))
        }
    };
    Some(finding.with_lines(unmet.into_iter().map(line)))
}

/// As [`identity_unmet`], for one archive.
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

/// Whether what is proved of every archive of a package reaches what is demanded. A higher level
/// includes the lower ones.
///
/// npm: where the registry's signature is demanded, provenance does not stand in for it. The attack:
/// a mirror without any key serves bytes of its own and attests them itself, as anybody can.
///
/// Python: an index signs nothing, so `hash` and `provenance` are the levels that there are, and a
/// demand of `signed` is met by provenance alone: an attestation (PEP 740) by the identity that
/// publishes the project, which the index checked when the file was uploaded. A mirror that serves
/// bytes and an attestation of its own is refused only where an `identity` is demanded or pinned.
fn reaches(package: &LockedPackage, wanted: Level) -> bool {
    let archive = |evidence: &Evidence| match package.terms {
        Terms::Node(_) => evidence.level() >= wanted && (wanted < Level::Signed || evidence.has_registrys_word()),
        Terms::Python(_) => wanted == Level::Hash || evidence.provenance.is_some(),
    };
    // What a machine takes is its own choice: every archive counts, and none is not enough.
    !package.archives.is_empty() && package.archives.iter().all(|one| archive(&one.evidence))
}

/// What is proved of the archive about which the least is proved, in words.
fn held(package: &LockedPackage) -> String {
    let evidence = package.weakest().map(|archive| archive.evidence.clone()).unwrap_or_default();
    match evidence.level() {
        Level::Provenance if package.node().is_some() && !evidence.has_registrys_word() => {
            "`provenance` alone, not signed by the registry".to_owned()
        }
        level => format!("`{level}` evidence"),
    }
}

/// How many of a Python package's wheels fall short, where it is not all of them.
fn how_many(package: &LockedPackage) -> Option<String> {
    let lowest = package.level();
    let low = package.archives.iter().filter(|archive| archive.evidence.level() == lowest).count();
    (low < package.archives.len()).then(|| format!("{low} of {} wheels", package.archives.len()))
}

/// A package as a fact: its bytes, what is proved of them, what is demanded.
fn fact(package: &LockedPackage, wanted: Level) -> Value {
    let (name, version, wanted) = (package.name.as_str(), &package.version, wanted.to_string());
    let proved = |archive: &LockedArchive| {
        let evidence = &archive.evidence;
        (
            archive.integrity.to_string(),
            evidence.level().to_string(),
            evidence.has_registrys_word(),
        )
    };
    match &package.archives[..] {
        [one] if one.file.is_none() => {
            let (integrity, level, word) = proved(one);
            json!([name, version, integrity, level, word, wanted])
        }
        all => {
            let all: Vec<_> = all.iter().map(|archive| json!([archive.file, proved(archive)])).collect();
            json!([name, version, all, wanted])
        }
    }
}

/// The line that says why no Python package can reach `signed` as npm's do.
const UNSIGNED: &str = "a Python index signs nothing: only an attestation (`provenance`) meets a demand of `signed`";

fn asks_a_signature_of_python(package: &LockedPackage, wanted: Level) -> bool {
    wanted == Level::Signed && package.python().is_some()
}

/// The findings for packages with less evidence than is demanded: `own` of the server's own
/// package, `closure` of every other. Of several wheels the weakest counts.
pub fn evidence_too_low(server: &ServerName, own: Level, closure: Level, packages: &Closure) -> Vec<Finding> {
    const CODE: &str = "evidence-too-low";
    let mut out = Vec::new();
    if let Some(root) = packages.root_package().filter(|root| !reaches(root, own)) {
        let (name, version, held) = (&root.name, &root.version, held(root));
        let title = format!("the server's own package {name} {version} has {held}, and `{own}` is demanded");
        let mut finding = Finding::new(CODE, Grade::Critical, server, name.as_str(), title, &fact(root, own));
        finding
            .details
            .extend(how_many(root).map(|how_many| Detail::Line(format!("of {how_many}"))));
        if asks_a_signature_of_python(root, own) {
            finding = finding.with(Detail::Line(UNSIGNED.to_owned()));
        }
        out.push(finding);
    }
    let others = packages.packages.iter().filter(|(path, _)| **path != packages.root);
    let low: Vec<_> = others
        .map(|(_, package)| package)
        .filter(|package| !reaches(package, closure))
        .collect();
    let unsigned = low.iter().any(|package| asks_a_signature_of_python(package, closure));
    let mut low: Vec<_> = low
        .into_iter()
        .map(|package| {
            let held = held(package);
            let held = held.trim_end_matches(" evidence");
            let of = how_many(package).map(|how_many| format!(" ({how_many})")).unwrap_or_default();
            let line = format!("{} {} has {held}{of}", package.name, package.version);
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
        let mut finding = Finding::new(CODE, Grade::Critical, server, "closure", title, &Value::from(facts));
        if unsigned {
            finding = finding.with(Detail::Line(UNSIGNED.to_owned()));
        }
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

/// The provenance of every archive that has one.
fn attested(package: &LockedPackage) -> impl Iterator<Item = &Provenance> {
    package.archives.iter().filter_map(|archive| archive.evidence.provenance.as_ref())
}

/// The findings for provenance that is proved and weak: the server's own package built on a machine
/// of somebody's own, and packages built from a proposal that nobody had merged.
///
/// Part of the report of a first install; an update whose provenance is new asks for it by itself.
pub fn weak_provenance(server: &ServerName, closure: &Closure) -> Vec<Finding> {
    let mut out = Vec::new();
    let self_hosted =
        |root: &&LockedPackage| attested(root).any(|provenance| provenance.identity.builder.as_deref() == Some("self-hosted"));
    if let Some(root) = closure.root_package().filter(self_hosted) {
        let name = root.name.as_str();
        let title = format!("the server's own package {name} was built on a machine of somebody's own (self-hosted)");
        let facts = json!([root.version, bytes(root), "self-hosted"]);
        out.push(Finding::new("builder-self-hosted", Grade::Notice, server, name, title, &facts));
    }
    let proposal = |git_ref: &&String| ["refs/pull/", "refs/merge-requests/"].iter().any(|head| git_ref.starts_with(head));
    let built_from = |package: &LockedPackage| {
        let git_ref = attested(package)
            .filter_map(|provenance| provenance.git_ref.as_ref())
            .find(proposal)?;
        let line = format!("{} {}: {git_ref}", package.name, package.version);
        Some((line, bytes(package)))
    };
    let mut unusual: Vec<_> = closure.packages.values().filter_map(built_from).collect();
    unusual.sort_by_key(|(line, bytes)| (line.clone(), bytes.to_string()));
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

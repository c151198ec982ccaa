//! Release dates of a whole closure against the cooldown, checked by us entry by entry.
//!
//! The attack: a release that is an hour old and will be pulled tomorrow, reached through a range
//! somewhere deep in the closure. The resolver is asked for the state of a date; that it kept to
//! it is checked here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use crate::model::told::span;
use crate::model::{Detail, Finding, Grade, PackageName, ServerName, Told};
use crate::ops::ecosystem::{Claimed, Releases, Resolution};
use crate::ops::tools::Tools;
use crate::policy;

/// Findings about young releases, and about registries without dates.
pub fn findings(
    tools: &Tools<'_>,
    server: &ServerName,
    resolved: &Resolution,
    releases: &Releases,
    cutoff: Option<Timestamp>,
) -> Vec<Finding> {
    let Some(cutoff) = cutoff else { return Vec::new() };
    let mut versions: BTreeMap<(&PackageName, &str), Option<Timestamp>> = BTreeMap::new();
    for (key, release) in releases {
        // Of several archives the youngest counts, and one without a date leaves it open.
        let date = versions.entry((&key.name, &key.version)).or_insert(release.published);
        *date = date.zip(release.published).map(|(one, other)| one.max(other));
    }
    let names: BTreeSet<_> = versions.keys().map(|(name, _)| *name).collect();
    let dating = registries_with_dates(&resolved.told);
    let (mut young, mut undated, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for ((name, version), published) in &versions {
        let registry = resolved.told.packages.get(*name).map(|told| &told.registry);
        match published {
            Some(published) if *published > cutoff => young.push((*name, *version, *published)),
            Some(_) => {}
            None if registry.is_some_and(|registry| dating.contains(registry)) => missing.push(format!("{name}@{version}")),
            None => undated.push(format!("{name}@{version}")),
        }
    }
    let mut out = Vec::new();
    if !missing.is_empty() {
        let title = format!(
            "the registry dates other releases and not {}: the cooldown could not be checked",
            shortened(&missing)
        );
        out.push(Finding::new(
            "release-date-missing",
            Grade::Warning,
            server,
            "",
            title,
            &json!(missing),
        ));
    }
    if !undated.is_empty() {
        let title = format!(
            "the registry gives no release date for {} of {} packages: the cooldown could not be checked",
            undated.len(),
            names.len()
        );
        out.push(
            Finding::new("release-date-unknown", Grade::Notice, server, "", title, &json!(undated)).with(Detail::Line(shortened(&undated))),
        );
    }
    let now = tools.context.now();
    let root = resolved.claims.get(&resolved.root).map(|claim| &claim.name);
    for (name, version, released) in young {
        let own = root == Some(name);
        let title = format!(
            "{name} {version} was released {} ago, within the cooldown",
            span(now.duration_since(released).max(jiff::SignedDuration::ZERO))
        );
        let mut finding = Finding::new(
            "release-too-young",
            Grade::Warning,
            server,
            name.as_str(),
            title,
            &json!([version, released.to_string()]),
        );
        if own {
            finding = finding.with(Detail::Line("no release that is old enough satisfies what was asked for".into()));
        }
        out.push(finding);
    }
    out
}

/// Registries that give a date for at least one release: of those, one without a date is odd.
fn registries_with_dates(told: &Told) -> BTreeSet<&String> {
    let dated = told.packages.values().filter(|told| !told.dates.is_empty());
    dated.map(|told| &told.registry).collect()
}

/// Findings about releases that are taken, were not pinned before, and are called deprecated.
pub fn deprecated(server: &ServerName, resolved: &Resolution) -> Vec<Finding> {
    let Some(root) = resolved.claims.get(&resolved.root) else {
        return Vec::new();
    };
    let known = |claim: &Claimed| {
        let earlier = resolved.earlier.get(&claim.name);
        earlier.is_some_and(|versions| versions.contains(&claim.version))
    };
    let new = resolved.claims.values().filter(|claim| !known(claim));
    let said: Vec<_> = new
        .filter_map(|claim| {
            let words = resolved.told.version(&claim.name, &claim.version)?.deprecated.clone()?;
            Some((claim.name.clone(), claim.version.clone(), words))
        })
        .collect();
    policy::release_deprecated(server, &root.name, &said)
}

/// How old the server's own release is and who published it, in a line, as far as the registry says.
pub fn told(resolved: &Resolution) -> Option<String> {
    let root = resolved.claims.get(&resolved.root)?;
    let told = &resolved.told;
    let age = told.released(&root.name, &root.version).and_then(|date| told.age(date)).map(span);
    let publisher = told
        .version(&root.name, &root.version)
        .and_then(|version| version.publisher.as_ref());
    let by = publisher.map_or_else(String::new, |publisher| format!(" by {}", publisher.name));
    Some(match age {
        Some(age) => format!("{} {} was released {age} ago{by}, the registry says", root.name, root.version),
        None if by.is_empty() => format!("the registry does not say when {} {} was released", root.name, root.version),
        None => format!("{} {} was released{by}, the registry does not say when", root.name, root.version),
    })
}

fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 5 {
        format!("{shown} and {} more", names.len() - 5)
    } else {
        shown
    }
}

/// How long ago a release was: hours, then days.
pub fn age(now: Timestamp, released: Timestamp) -> String {
    let hours = now.duration_since(released).as_hours();
    if hours < 48 {
        format!("{hours} hours")
    } else {
        format!("{} days", hours / 24)
    }
}

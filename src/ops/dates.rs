//! Release dates of a whole closure against the cooldown, checked by us entry by entry.
//!
//! The attack: a release that is an hour old and will be pulled tomorrow, reached through a range
//! somewhere deep in the closure. The resolver is asked for the state of a date; that it kept to
//! it is checked here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use crate::model::{Detail, Finding, Grade, PackageName, ServerName};
use crate::ops::ecosystem::{Releases, Resolution};
use crate::ops::tools::Tools;

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
    let (mut young, mut undated) = (Vec::new(), Vec::new());
    for ((name, version), published) in &versions {
        match published {
            Some(published) if *published > cutoff => young.push((*name, *version, *published)),
            Some(_) => {}
            None => undated.push(format!("{name}@{version}")),
        }
    }
    let mut out = Vec::new();
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
        let title = format!("{name} {version} was released {} ago, within the cooldown", age(now, released));
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

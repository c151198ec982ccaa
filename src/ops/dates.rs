//! Release dates of a whole closure against the cooldown, checked by us entry by entry.
//!
//! The attack: a release that is an hour old and will be pulled tomorrow, reached through a range
//! somewhere deep in the closure. The resolver is asked for the state of a date; that it kept to
//! it is checked here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use crate::error::Error;
use crate::model::{Detail, Finding, Grade, PackageName, ServerName};
use crate::ops::tools::Tools;
use crate::registry::npm::Resolution;

/// How many documents are asked for at once.
const AT_ONCE: usize = 12;

/// Findings about young releases, and about registries without dates.
///
/// # Errors
/// A document could not be fetched: "could not decide" is not "old enough".
pub async fn findings(
    tools: &Tools<'_>,
    server: &ServerName,
    resolved: &Resolution,
    cutoff: Option<Timestamp>,
) -> Result<Vec<Finding>, Error> {
    let Some(cutoff) = cutoff else { return Ok(Vec::new()) };
    let mut versions: BTreeMap<PackageName, BTreeSet<String>> = BTreeMap::new();
    for claim in resolved.claims.values() {
        versions.entry(claim.name.clone()).or_default().insert(claim.version.clone());
    }
    let dates = fetch(tools, versions.keys().cloned().collect()).await?;
    let (mut young, mut undated) = (Vec::new(), Vec::new());
    for (name, versions) in &versions {
        for version in versions {
            match dates.get(name).and_then(|dates| dates.get(version)) {
                Some(released) if *released > cutoff => young.push((name, version, *released)),
                Some(_) => {}
                None => undated.push(format!("{name}@{version}")),
            }
        }
    }
    let mut out = Vec::new();
    if !undated.is_empty() {
        let title = format!(
            "the registry gives no release date for {} of {} packages: the cooldown could not be checked",
            undated.len(),
            dates.len()
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
    Ok(out)
}

fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 5 {
        format!("{shown} and {} more", names.len() - 5)
    } else {
        shown
    }
}

fn age(now: Timestamp, released: Timestamp) -> String {
    let hours = now.duration_since(released).as_hours();
    if hours < 48 {
        format!("{hours} hours")
    } else {
        format!("{} days", hours / 24)
    }
}

type Dates = BTreeMap<PackageName, BTreeMap<String, Timestamp>>;

async fn fetch(tools: &Tools<'_>, names: Vec<PackageName>) -> Result<Dates, Error> {
    let (npm, network) = tools.online("ask for release dates").await?;
    let progress = tools.person.progress("dates", names.len());
    let mut waiting = names.into_iter();
    let mut running = futures_util::stream::FuturesUnordered::new();
    let mut dates = Dates::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(name) = waiting.next()
        {
            running.push(async move {
                let document = npm.packument(network, &name).await;
                (name, document)
            });
        }
        let Some((name, document)) = futures_util::StreamExt::next(&mut running).await else {
            return Ok(dates);
        };
        progress.step(name.as_str());
        dates.insert(name, document?.times.unwrap_or_default());
    }
}

//! What npm's registry offers, chosen as npm chooses, from the package's one document.
//!
//! Engines are not looked at: which node there is decides nothing about what is newer.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::super::Offered;
use super::gone;
use crate::error::Error;
use crate::lock::check::{Range, Requirement, Version};
use crate::model::Source;
use crate::ops::tools::Tools;
use crate::registry::npm::Packument;

/// Asks for the document and chooses.
pub(super) async fn offered(tools: &Tools<'_>, source: &Source, cutoff: Option<Timestamp>) -> Result<Offered, Error> {
    let Source::Npm { name, requirement } = source else {
        return Err(gone("reading the source"));
    };
    let (npm, network) = tools.online(&format!("ask which versions of `{name}` there are")).await?;
    let document = npm.packument(network, name).await?;
    let requirement = Requirement::parse(requirement.as_deref().unwrap_or("latest"));
    let tag = match source {
        Source::Npm {
            requirement: Some(tag), ..
        } => tag.trim(),
        _ => "latest",
    };
    let choice = |cutoff| match &requirement {
        Requirement::Range(range) => in_range(&document, range, cutoff),
        Requirement::Tag => tagged(&document, tag, cutoff),
        Requirement::Alias { .. } | Requirement::Foreign => None,
    };
    let everything = Range::parse("*");
    Ok(Offered {
        wanted: choice(cutoff),
        matching: choice(None),
        latest: tagged(&document, "latest", None).or_else(|| in_range(&document, everything.as_ref()?, None)),
        latest_is_source: false,
        dates: document.times.clone().unwrap_or_default(),
    })
}

/// A version without a date is not held back, as npm has it: the cooldown then says that it could
/// not be checked.
fn is_before(document: &Packument, version: &str, cutoff: Option<Timestamp>) -> bool {
    match (document.time(version), cutoff) {
        (Some(time), Some(cutoff)) => time <= cutoff,
        _ => true,
    }
}

/// The tag's version; where that is too young, the highest below it.
fn tagged(document: &Packument, tag: &str, cutoff: Option<Timestamp>) -> Option<String> {
    let version = document.tags.get(tag)?;
    let there = document.versions().any(|one| one == version);
    if there && is_before(document, version, cutoff) {
        return Some(version.clone());
    }
    in_range(document, &Range::parse(&format!("<={version}"))?, cutoff)
}

/// What `latest` names, if it is in the range; else the highest that is not deprecated; else the
/// highest.
fn in_range(document: &Packument, range: &Range, cutoff: Option<Timestamp>) -> Option<String> {
    let takes = |version: &&str| range.accepts(version) && is_before(document, version, cutoff);
    let mut found: Vec<(Version, &str)> = document
        .versions()
        .filter(takes)
        .filter_map(|version| Some((Version::parse(version)?, version)))
        .collect();
    found.sort_by(|a, b| Reverse(&a.0).cmp(&Reverse(&b.0)));
    let latest = document.tags.get("latest").map(String::as_str);
    let deprecated = |version: &str| !matches!(document.version(version), Ok(Some(found)) if found.deprecated.is_none());
    let chosen = found.iter().find(|(_, version)| Some(*version) == latest && !deprecated(version));
    let chosen = chosen
        .or_else(|| found.iter().find(|(_, version)| !deprecated(version)))
        .or_else(|| found.first());
    chosen.map(|(_, version)| (*version).to_owned())
}

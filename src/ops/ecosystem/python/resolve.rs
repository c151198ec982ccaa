//! Resolving by uv, and the index's word about every wheel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::super::{Beside, Earlier};
use super::{
    AT_ONCE, Announced, Ask, Claimed, Key, Project, PypiError, Release, Releases, Resolution, Wanted, Words, build, gone, pypi, words,
};
use crate::error::Error;
use crate::model::{InstallPath, PackageName, PackageTold, Source, Told};
use crate::ops::tools::Tools;
use crate::registry::pypi::Built;

/// Resolves as of the cutoff; where nothing old enough satisfies the requirement, as of the day of
/// the release that is wanted.
pub(super) async fn resolve(tools: &Tools<'_>, ask: Ask<'_>) -> Result<Resolution, Error> {
    let Source::Pypi { name, extras, requirement } = ask.source else {
        return Err(gone("reading the source"));
    };
    let (index, network) = tools.index(&format!("resolve `{name}`")).await?;
    tools.person.note(&format!("resolving {name}"));
    let wanted = pypi::Ask {
        name: name.clone(),
        extras: extras.clone(),
        requirement: requirement.clone(),
    };
    let mut built = Vec::new();
    let resolution = match resolve_as_of(tools, ask, &wanted, ask.cutoff, &mut built).await {
        Err(Error::Pypi(PypiError::OnlyYounger { .. })) if ask.cutoff.is_some() => {
            let free = resolve_as_of(tools, ask, &wanted, None, &mut built).await?;
            let exact = pypi::Ask {
                requirement: Some(format!("=={}", free.root.1)),
                ..wanted
            };
            let uploaded = free
                .claims
                .get(&free.root)
                .and_then(|claim| claim.wheels.iter().filter_map(|wheel| wheel.uploaded).max());
            let next = uploaded.and_then(|uploaded| uploaded.checked_add(jiff::SignedDuration::from_secs(1)).ok());
            match next {
                Some(day) => match resolve_as_of(tools, ask, &exact, Some(day), &mut built).await {
                    Err(Error::Pypi(PypiError::OnlyYounger { .. })) => free,
                    result => result?,
                },
                None => free,
            }
        }
        result => result?,
    };
    let path = |(name, version): &(PackageName, String)| InstallPath::python(name, version).ok_or_else(|| gone("reading uv's answer"));
    let root = path(&resolution.root)?;
    let mut claims = BTreeMap::new();
    for (key, mut claim) in resolution.claims {
        if key == resolution.root {
            claim.marker = within(claim.marker, &resolution.requires_python);
        }
        claims.insert(path(&key)?, claimed(claim));
    }
    let runtime = own_python(index.project(network, name.as_str()).await?, &claims, &root)?;
    Ok(Resolution {
        root,
        claims,
        findings: Vec::new(),
        runtime,
        earlier: Earlier::new(),
        told: Told::default(),
    })
}

/// Resolves as of a date. What has no wheel is built where the user permitted it by name, and then
/// takes part like any other.
async fn resolve_as_of(
    tools: &Tools<'_>,
    ask: Ask<'_>,
    wanted: &pypi::Ask,
    before: Option<Timestamp>,
    built: &mut Vec<Built>,
) -> Result<pypi::Resolution, Error> {
    let (index, network) = tools.index("resolve").await?;
    let uv = tools.uv().await?;
    loop {
        let error = match index.resolve(uv, network, wanted, before, built).await {
            Ok(resolution) => return Ok(resolution),
            Err(error) => error,
        };
        let (name, requirement) = match &error {
            PypiError::NoWheel { name, .. } => (name, wanted.requirement.clone()),
            PypiError::SourceOnly { name, version } => (name, version.as_ref().map(|version| format!("=={version}"))),
            _ => return Err(error.into()),
        };
        let Ok(name) = name.parse::<PackageName>() else {
            return Err(error.into());
        };
        build::permitted(tools, ask.builds, &name, error.clone())?;
        let meant = if matches!(error, PypiError::SourceOnly { .. }) {
            let others = &ask.builds.policy.builds;
            index.meant(uv, network, wanted, before, built, &name, others).await?
        } else {
            None
        };
        let source = if let Some(source) = meant {
            source
        } else {
            let sources = index.sources(network, &name, requirement.as_deref(), before).await?;
            sources.into_iter().next_back().ok_or_else(|| error.clone())?
        };
        // Built already, and still it is said to have no wheel.
        if built.iter().any(|one| one.name == name && one.version == source.version) {
            return Err(error.into());
        }
        built.push(build::of_source(tools, ask.builds, ask.site.server, source).await?);
    }
}

/// The marker of the server's own package, with the oldest Python for which a closure was found: where
/// its dependencies want a newer one than the package itself says, the lock must say so.
fn within(marker: Option<String>, requires_python: &str) -> Option<String> {
    let Some(oldest) = requires_python.split(',').find_map(|one| one.trim().strip_prefix(">=")) else {
        return marker;
    };
    let bound = format!("python_full_version >= '{oldest}'");
    Some(match marker {
        Some(marker) if marker.contains(&bound) => marker,
        Some(marker) => format!("({marker}) and {bound}"),
        None => bound,
    })
}

fn claimed(claim: pypi::Claim) -> Claimed {
    let archive = |wheel: &pypi::ClaimedWheel| Wanted {
        key: Key {
            name: claim.name.clone(),
            version: claim.version.clone(),
            file: Some(wheel.file.clone()),
            integrity: wheel.sha256.clone(),
        },
        address: None,
    };
    Claimed {
        name: claim.name.clone(),
        version: claim.version.clone(),
        archives: claim.files().iter().map(archive).collect(),
        beside: BTreeMap::new(),
        words: Words::Python(Box::new(claim)),
    }
}

/// The Pythons that the asked-for version is for, as the index's page says: enough to choose an
/// interpreter before anything is fetched. The wheel itself is asked later.
fn own_python(project: Option<Arc<Project>>, claims: &BTreeMap<InstallPath, Claimed>, root: &InstallPath) -> Result<Option<String>, Error> {
    let claim = claims.get(root).ok_or_else(|| gone("reading uv's answer"))?;
    let mut files = claim.archives.iter().filter_map(|wanted| wanted.key.file.as_deref());
    Ok(project.and_then(|project| files.find_map(|file| project.file(file)?.requires_python.clone())))
}

/// One page a project.
pub(super) async fn releases(tools: &Tools<'_>, resolved: &mut Resolution) -> Result<Releases, Error> {
    let (index, network) = tools.index("ask for release dates and attestations").await?;
    let names: BTreeSet<PackageName> = resolved.claims.values().map(|claim| claim.name.clone()).collect();
    let progress = tools.person.progress("releases", names.len());
    let mut waiting = names.into_iter();
    let mut running = futures_util::stream::FuturesUnordered::new();
    let mut pages = BTreeMap::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(name) = waiting.next()
        {
            running.push(async move {
                let page = index.project(network, name.as_str()).await;
                (name, page)
            });
        }
        let Some((name, page)) = futures_util::StreamExt::next(&mut running).await else {
            break;
        };
        progress.step(name.as_str());
        pages.insert(name, page?);
    }
    for (name, page) in &pages {
        // An index says nothing of people.
        let told = page.as_ref().map(|page| PackageTold {
            registry: page.index().map_or_else(String::new, |index| index.to_string()),
            dates: page.dates(),
            versions: BTreeMap::new(),
        });
        resolved.told.packages.extend(told.map(|told| (name.clone(), told)));
    }
    let mut releases = Releases::new();
    for claim in resolved.claims.values_mut() {
        words(claim)?;
        for wanted in &claim.archives {
            let file = wanted.key.file.clone().unwrap_or_default();
            let lost = || PypiError::Gone {
                name: claim.name.to_string(),
                file: file.clone(),
            };
            let page = pages.get(&claim.name).and_then(Option::as_ref).ok_or_else(lost)?;
            let listed = page.file(&file).ok_or_else(lost)?;
            if listed.sha256.as_ref().is_some_and(|said| *said != wanted.key.integrity) {
                return Err(Error::TwoDigests { file });
            }
            let beside = Beside {
                runtime: listed.requires_python.clone(),
                manifest: listed.metadata.clone(),
            };
            claim.beside.insert(file.clone(), beside);
            let release = Release {
                published: listed.upload_time,
                signatures: Vec::new(),
                attestations: listed.provenance.is_some().then(|| Announced::Python(Box::new(listed.clone()))),
            };
            releases.insert(wanted.key.clone(), release);
        }
    }
    Ok(releases)
}

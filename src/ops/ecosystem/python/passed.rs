//! What an index has and the resolver did not take, or took although it was taken back.

use super::{Ask, Resolution};
use crate::error::Error;
use crate::model::{Finding, Source};
use crate::ops::tools::Tools;
use crate::policy;

/// Newer versions without a wheel (uv passes them over without a word), and yanked files.
pub(super) async fn findings(tools: &Tools<'_>, ask: Ask<'_>, resolved: &Resolution) -> Result<Vec<Finding>, Error> {
    let (index, network) = tools.index("ask for releases that were passed over").await?;
    let (mut passed, mut yanked) = (Vec::new(), Vec::new());
    for (path, claim) in &resolved.claims {
        let Some(page) = index.project(network, claim.name.as_str()).await? else {
            continue;
        };
        let newer = page.passed_over(&claim.version, ask.cutoff);
        let newer: Vec<_> = newer
            .into_iter()
            .filter(|version| *path != resolved.root || wanted(ask.source, version))
            .collect();
        if let Some(newest) = newer.last() {
            passed.push((claim.name.to_string(), claim.version.clone(), newest.clone()));
        }
        let files = claim.archives.iter().filter_map(|wanted| page.file(wanted.key.file.as_deref()?));
        if files.clone().next().is_some() && files.clone().all(|file| file.yanked) {
            let why = files.into_iter().find_map(|file| file.yanked_because.clone());
            yanked.push((claim.name.to_string(), claim.version.clone(), why));
        }
    }
    let passed = policy::newer_without_wheel(ask.site.server, &passed);
    Ok(passed.into_iter().chain(policy::release_yanked(ask.site.server, &yanked)).collect())
}

/// Whether a version of the asked-for package is one that was asked for.
fn wanted(source: &Source, version: &str) -> bool {
    let Source::Pypi {
        requirement: Some(requirement),
        ..
    } = source
    else {
        return true;
    };
    match (
        requirement.parse::<pep440_rs::VersionSpecifiers>(),
        version.parse::<pep440_rs::Version>(),
    ) {
        (Ok(specifiers), Ok(version)) => specifiers.contains(&version),
        _ => false,
    }
}

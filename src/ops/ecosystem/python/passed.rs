//! What an index has and the resolver did not take, or took although it was taken back.

use super::{Ask, Resolution};
use crate::error::Error;
use crate::model::{Finding, Source};
use crate::ops::tools::Tools;
use crate::policy;

/// Newer versions without a wheel (uv passes them over without a word), and yanked files.
pub(super) async fn findings(tools: &Tools<'_>, ask: Ask<'_>, resolved: &Resolution) -> Result<Vec<Finding>, Error> {
    let (index, network) = tools.index("ask for releases that were passed over").await?;
    let server = ask.site.server;
    let (mut passed, mut yanked) = (Vec::new(), Vec::new());
    for (path, claim) in &resolved.claims {
        let Some(page) = index.project(network, claim.name.as_str()).await? else {
            continue;
        };
        let (name, version) = (claim.name.to_string(), claim.version.clone());
        let mut newer = page.passed_over(&claim.version, ask.cutoff);
        newer.retain(|newer| *path != resolved.root || wanted(ask.source, newer));
        let mut files = claim
            .archives
            .iter()
            .filter_map(|wanted| page.file(wanted.key.file.as_deref()?))
            .peekable();
        if files.peek().is_some() && files.all(|file| file.yanked) {
            yanked.push((name.clone(), version.clone(), None));
        }
        passed.extend(newer.pop().map(|newest| (name, version, newest)));
    }
    let found = [
        policy::newer_without_wheel(server, &passed),
        policy::release_yanked(server, &yanked),
    ];
    Ok(found.into_iter().flatten().collect())
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

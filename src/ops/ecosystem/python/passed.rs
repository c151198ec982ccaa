//! What an index has and the resolver did not take, or took although it was taken back.

use serde_json::json;

use super::{Ask, Resolution};
use crate::error::Error;
use crate::model::{Detail, Finding, Grade, Source};
use crate::ops::tools::Tools;

/// Newer versions without a wheel (uv passes them over without a word), and yanked files.
pub(super) async fn findings(tools: &Tools<'_>, ask: Ask<'_>, resolved: &Resolution) -> Result<Vec<Finding>, Error> {
    let (index, network) = tools.index("ask for releases that were passed over").await?;
    let server = ask.site.server;
    let (mut out, mut passed, mut yanked) = (Vec::new(), Vec::new(), Vec::new());
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
            passed.push(format!("{} {newest} has no wheel; {} is taken", claim.name, claim.version));
        }
        let files = claim.archives.iter().filter_map(|wanted| page.file(wanted.key.file.as_deref()?));
        if files.clone().next().is_some() && files.into_iter().all(|file| file.yanked) {
            yanked.push(format!("{} {}", claim.name, claim.version));
        }
    }
    let mut tell = |code, grade, title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let mut finding = Finding::new(code, grade, server, "closure", title, &json!(lines));
            finding.details = lines.into_iter().map(Detail::Line).collect();
            out.push(finding);
        }
    };
    let title = "newer versions are there only as source, which would have to be built: they were passed over";
    tell("newer-without-wheel", Grade::Notice, title, passed);
    let title = "the publisher took a release back (yanked) that is to be installed";
    tell("release-yanked", Grade::Warning, title, yanked);
    Ok(out)
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

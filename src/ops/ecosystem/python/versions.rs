//! What a Python index offers, chosen as the resolver's own version is, from the project's one page.

use jiff::Timestamp;

use super::super::Offered;
use super::gone;
use crate::error::Error;
use crate::model::Source;
use crate::ops::tools::Tools;
use crate::registry::pypi::PypiError;

/// Asks for the page and chooses.
pub(super) async fn offered(tools: &Tools<'_>, source: &Source, cutoff: Option<Timestamp>) -> Result<Offered, Error> {
    let Source::Pypi { name, requirement, .. } = source else {
        return Err(gone("reading the source"));
    };
    let (index, network) = tools.index(&format!("ask which versions of `{name}` there are")).await?;
    let project = index.project(network, name.as_str()).await?;
    let project = project.ok_or_else(|| PypiError::UnknownPackage { name: name.to_string() })?;
    let requirement = requirement.as_deref();
    let newest = project.newest(None, None)?;
    let above = project.passed_over(newest.as_deref().unwrap_or("0.dev0"), None).pop();
    Ok(Offered {
        wanted: project.newest(requirement, cutoff)?,
        matching: project.newest(requirement, None)?,
        latest_is_source: above.is_some(),
        latest: above.or(newest),
        dates: project.dates(),
    })
}

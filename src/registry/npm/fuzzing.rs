//! Doors for the fuzz targets into readers of the registry's and npm's own words. Not built otherwise.

use crate::model::PackageName;

use super::credentials::{self, Credentials};
use super::{Environment, NpmError, Packument, Resolution, lockfile};

/// Reads npm's answer.
///
/// # Errors
/// As the resolver's.
pub fn resolution(bytes: &[u8], root: &PackageName) -> Result<Resolution, NpmError> {
    lockfile::parse(bytes, root)
}

/// Reads a package's document.
///
/// # Errors
/// As the fetcher's.
pub fn packument(name: &PackageName, bytes: &[u8]) -> Result<Packument, NpmError> {
    Packument::parse(name, bytes)
}

/// Whether an `.npmrc` of this text sends anything along to this address.
pub fn npmrc_gives_a_secret(text: &str, env: &Environment, url: &str, registry: &str) -> bool {
    let credentials = Credentials::gather(&credentials::parse(text, env));
    credentials.for_url(url, std::iter::once(registry)).is_some()
}

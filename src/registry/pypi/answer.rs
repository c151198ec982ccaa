//! uv's answer, a `pylock.toml` (PEP 751), as claims about a closure.
//!
//! The attack: a dependency that comes from a repository, an address or a folder, for which no
//! index's digest stands; a wheel of another project among a package's wheels.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pep440_rs::Version;
use toml_edit::{Document, Item, TableLike};

use super::built::Built;
use super::{PypiError, names};
use crate::model::{Integrity, PackageName, Sha256Digest};

/// What the resolver answered: which packages every platform and Python of the universe needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// The claim that is the package asked for.
    pub root: (PackageName, String),
    /// By name and version, several versions of a name where their markers differ.
    pub claims: BTreeMap<(PackageName, String), Claim>,
    /// The Pythons it was resolved for, as a `Requires-Python`.
    pub requires_python: String,
    /// The cut-off date that held. `None` also where one was wanted and the index does not say when
    /// its files were uploaded: then nobody kept the young ones out, which a report must say.
    pub before: Option<Timestamp>,
}

/// What the index, by way of uv, claims of one version of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Normalised.
    pub name: PackageName,
    /// As uv writes it.
    pub version: String,
    /// Where it is needed (PEP 508); `None`: everywhere.
    pub marker: Option<String>,
    /// Its wheels for all platforms, sorted by file name; at least one. The one that was built here,
    /// where [`Claim::source`] is there.
    pub wheels: Vec<ClaimedWheel>,
    /// The source distribution of which its wheel was built.
    pub source: Option<ClaimedWheel>,
}

impl Claim {
    /// The files that the index has of it: its wheels, or the source distribution of which one was
    /// built here.
    pub fn files(&self) -> &[ClaimedWheel] {
        self.source.as_ref().map_or(&self.wheels, std::slice::from_ref)
    }
}

/// What is claimed of a wheel, or of a source distribution.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimedWheel {
    /// Its file name, which says that it is of this package and version.
    pub file: String,
    /// Its digest.
    pub sha256: Integrity,
    /// Where uv saw it: for this run only, and not for messages. [`super::Pypi::fetch`] goes by name.
    pub address: Option<String>,
    /// When it was uploaded, where the index says.
    pub uploaded: Option<Timestamp>,
    /// Its length, where the index says.
    pub size: Option<u64>,
}

impl std::fmt::Debug for ClaimedWheel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClaimedWheel").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Keys of a package that may stand beside its wheels. Whatever else PEP 751 or a later version of
/// it has would be a source that is not an index.
const KNOWN: [&str; 9] = [
    "name",
    "version",
    "marker",
    "index",
    "wheels",
    "sdist",
    "requires-python",
    "dependencies",
    "tool",
];

/// Reads uv's answer. Whatever is not a plain package of an index is refused here, by name.
pub(super) fn parse(text: &str, built: &[Built]) -> Result<BTreeMap<(PackageName, String), Claim>, PypiError> {
    // The library's own rendering quotes lines, which hold addresses.
    let document = Document::parse(text).map_err(|_| answer("it is not TOML"))?;
    let version = document.get("lock-version").and_then(Item::as_str).unwrap_or_default();
    if version.split('.').next() != Some("1") {
        return Err(answer("it is of a version that is not known"));
    }
    if ["extras", "dependency-groups", "default-groups"]
        .iter()
        .any(|key| document.get(key).and_then(Item::as_array).is_some_and(|list| !list.is_empty()))
    {
        return Err(answer("it has parts that are only for some installs"));
    }
    let Some(Item::ArrayOfTables(packages)) = document.get("packages") else {
        return Err(answer("it lists no packages"));
    };
    let mut claims = BTreeMap::new();
    for package in packages {
        let claim = claim(package, built)?;
        let key = (claim.name.clone(), claim.version.clone());
        if claims.insert(key, claim).is_some() {
            return Err(answer("it lists a package twice"));
        }
    }
    Ok(claims)
}

fn claim(package: &dyn TableLike, built: &[Built]) -> Result<Claim, PypiError> {
    let string = |key: &str| package.get(key).and_then(Item::as_str);
    let written = string("name").ok_or_else(|| answer("a package has no name"))?;
    let name = names::normalised(written).and_then(|name| name.parse::<PackageName>().ok());
    let name = name.ok_or_else(|| answer("a package has a name that none can have"))?;
    if package.iter().any(|(key, _)| !KNOWN.contains(&key)) {
        return Err(PypiError::NotIndexed { name: name.to_string() });
    }
    let version = string("version")
        .filter(|text| text.parse::<Version>().is_ok_and(|version| version.to_string() == *text))
        .ok_or_else(|| answer(&format!("`{name}` has no proper version")))?
        .to_owned();
    let marker = match package.get("marker") {
        None => None,
        Some(item) => Some(
            item.as_str()
                .ok_or_else(|| answer(&format!("`{name}` has no proper marker")))?
                .to_owned(),
        ),
    };
    if let Some(built) = built.iter().find(|built| built.name == name && built.version == version) {
        let (wheels, source) = (vec![built.wheel()], Some(built.source.clone()));
        return Ok(Claim {
            name,
            version,
            marker,
            wheels,
            source,
        });
    }
    let mut wheels: Vec<ClaimedWheel> = tables(package.get("wheels"))
        .ok_or_else(|| answer(&format!("`{name}` has no proper list of wheels")))?
        .into_iter()
        .map(|entry| wheel(entry, &name, &version))
        .collect::<Result<_, _>>()?;
    if wheels.is_empty() {
        return Err(PypiError::SourceOnly {
            name: name.to_string(),
            version: Some(version),
        });
    }
    wheels.sort_by(|one, other| one.file.cmp(&other.file));
    let files: BTreeSet<&str> = wheels.iter().map(|wheel| wheel.file.as_str()).collect();
    if files.len() < wheels.len() {
        return Err(answer(&format!("`{name}` {version} has a wheel twice")));
    }
    Ok(Claim {
        name,
        version,
        marker,
        wheels,
        source: None,
    })
}

fn wheel(entry: &dyn TableLike, name: &PackageName, version: &str) -> Result<ClaimedWheel, PypiError> {
    let string = |key: &str| entry.get(key).and_then(Item::as_str);
    let address = string("url").map(str::to_owned);
    let file = match string("name") {
        Some(file) => file.to_owned(),
        None => address
            .as_deref()
            .and_then(file_of)
            .ok_or_else(|| answer(&format!("a wheel of `{name}` has no name")))?,
    };
    let ours = names::file_parts(&file).is_some_and(|(project, written)| {
        let same = written.parse::<Version>().ok() == version.parse::<Version>().ok();
        names::is_wheel(&file) && project == name.as_str() && same
    });
    if !ours {
        return Err(PypiError::ForeignWheel {
            name: name.to_string(),
            version: version.to_owned(),
            file: file.escape_debug().take(200).collect(),
        });
    }
    let hashes = entry.get("hashes").and_then(Item::as_table_like);
    let sha256 = hashes.and_then(|hashes| hashes.get("sha256")).and_then(Item::as_str);
    let sha256: Sha256Digest = sha256
        .and_then(|hex| hex.to_ascii_lowercase().parse().ok())
        .ok_or_else(|| PypiError::NoDigest { file: file.clone() })?;
    let uploaded = entry.get("upload-time").and_then(Item::as_datetime);
    Ok(ClaimedWheel {
        sha256: Integrity::Sha256(*sha256.as_bytes()),
        uploaded: uploaded.and_then(|time| time.to_string().parse().ok()),
        size: entry
            .get("size")
            .and_then(Item::as_integer)
            .and_then(|size| u64::try_from(size).ok()),
        address,
        file,
    })
}

/// `[[packages.wheels]]`, or `wheels = [{ … }]`, or nothing.
fn tables(item: Option<&Item>) -> Option<Vec<&dyn TableLike>> {
    match item {
        None => Some(Vec::new()),
        Some(Item::ArrayOfTables(tables)) => Some(tables.iter().map(|table| table as &dyn TableLike).collect()),
        Some(item) => item
            .as_array()?
            .iter()
            .map(|value| value.as_inline_table().map(|table| table as &dyn TableLike))
            .collect(),
    }
}

/// The last part of an address's path, decoded.
fn file_of(address: &str) -> Option<String> {
    let url = reqwest::Url::parse(address).ok()?;
    let last = url.path_segments()?.next_back()?;
    Some(super::index::decoded(last))
}

fn answer(cause: &str) -> PypiError {
    PypiError::Answer { cause: cause.to_owned() }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;

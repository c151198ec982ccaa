//! METADATA and WHEEL: what a wheel says that it is, against its file name.
//!
//! Specifications: core metadata (1.x and 2.x), binary distribution format.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use pep440_rs::Version;

use crate::model::python::{WheelName, normal_extra, normal_name};

use super::super::attest::source::repository_of;
use super::Refusal;
use super::fields::Fields;

const METADATA: &str = "METADATA";
const WHEEL: &str = "WHEEL";

/// What is used of METADATA.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) version: String,
    pub(super) requires: Vec<String>,
    pub(super) requires_python: Option<String>,
    pub(super) extras: BTreeSet<String>,
    pub(super) repositories: Vec<String>,
}

impl Metadata {
    /// Reads METADATA and checks that it is of the package that the file name says.
    pub(super) fn read(bytes: &[u8], named: &WheelName) -> Result<Self, Refusal> {
        let fields = Fields::read(METADATA, bytes)?;
        major(&fields, METADATA, "Metadata-Version", &["1", "2"])?;
        let name = fields.needed("Name")?;
        if normal_name(name).as_ref() != Some(named.name()) {
            return Err(renamed("Name", name, &named.name()));
        }
        let version = fields.needed("Version")?;
        if !Version::from_str(version).is_ok_and(|inside| inside == *named.version()) {
            return Err(renamed("Version", version, &named.version()));
        }
        let extras = fields.all("Provides-Extra")?;
        Ok(Self {
            version: version.to_owned(),
            requires: fields.all("Requires-Dist")?.into_iter().map(str::to_owned).collect(),
            requires_python: fields.one("Requires-Python")?.map(str::to_owned),
            extras: extras.into_iter().filter_map(normal_extra).collect(),
            repositories: repositories(&fields),
        })
    }
}

/// Checks WHEEL: a format that is known, and the tags of the file name. An archive that was renamed
/// to pass for one of another machine or Python is refused.
pub(super) fn check_wheel(bytes: &[u8], named: &WheelName) -> Result<(), Refusal> {
    let fields = Fields::read(WHEEL, bytes)?;
    major(&fields, WHEEL, "Wheel-Version", &["1"])?;
    let root = fields.needed("Root-Is-Purelib")?;
    if !["true", "false"].contains(&root.to_ascii_lowercase().as_str()) {
        return Err(unknown(WHEEL, "Root-Is-Purelib", root));
    }
    let lines: BTreeSet<String> = fields.all("Tag")?.into_iter().map(str::to_ascii_lowercase).collect();
    let [python, abi, platform] = named.tags();
    let tags = lines
        .iter()
        .map(|line| single(&as_published(line, platform)))
        .collect::<Option<Vec<_>>>();
    let tags: BTreeSet<String> = tags.map_or(lines, |tags| tags.into_iter().flatten().collect());
    // Counted and looked up, never multiplied: a short name stands for very many tags.
    let fits = |tag: &String| match tag.split('-').collect::<Vec<_>>()[..] {
        [one, two, three] => python.contains(one) && abi.contains(two) && platform.contains(three),
        _ => false,
    };
    if tags.len() != python.len() * abi.len() * platform.len() || !tags.iter().all(fits) {
        let inside: Vec<_> = tags.into_iter().take(8).collect();
        let parts = named.tags().map(|part| part.iter().cloned().collect::<Vec<_>>().join("."));
        return Err(renamed("Tag", &inside.join(", "), &parts.join("-")));
    }
    Ok(())
}

/// A line in which `linux_ARCH`, as the build left it, is what the wheel was published as
/// (`manylinux_2_28_ARCH`): some projects rename wheels and do not write that into them. Another
/// processor or system stays what it is.
fn as_published(line: &str, platforms: &BTreeSet<String>) -> String {
    let built = line
        .rsplit_once('-')
        .and_then(|(head, platform)| Some((head, platform.strip_prefix("linux_")?)));
    let Some((head, machine)) = built else {
        return line.to_owned();
    };
    let published = |platform: &&String| {
        let kind = platform.strip_suffix(machine).and_then(|kind| kind.strip_suffix('_'));
        kind.is_some_and(|kind| kind.starts_with("manylinux") || kind.starts_with("musllinux"))
    };
    if platforms.is_empty() || !platforms.iter().all(|platform| published(&platform)) {
        return line.to_owned();
    }
    let all: Vec<&str> = platforms.iter().map(String::as_str).collect();
    format!("{head}-{}", all.join("."))
}

/// The tags that a line names: one, or a set in the short form of file names, as some tools write it.
/// `None` for a set that no honest wheel has.
fn single(line: &str) -> Option<Vec<String>> {
    const MOST: usize = 64;
    let parts: Vec<Vec<&str>> = line.split('-').map(|part| part.split('.').take(MOST + 1).collect()).collect();
    let [python, abi, platform] = &parts[..] else {
        return Some(vec![line.to_owned()]);
    };
    if python.len() * abi.len() * platform.len() > MOST {
        return None;
    }
    let tags = python.iter().flat_map(|one| {
        abi.iter()
            .flat_map(move |two| platform.iter().map(move |three| format!("{one}-{two}-{three}")))
    });
    Some(tags.collect())
}

fn major(fields: &Fields<'_>, file: &'static str, field: &'static str, known: &[&str]) -> Result<(), Refusal> {
    let value = fields.needed(field)?;
    match value.split_once('.') {
        Some((major, minor)) if known.contains(&major) && !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
        _ => Err(unknown(file, field, value)),
    }
}

fn unknown(file: &'static str, field: &'static str, value: &str) -> Refusal {
    Refusal::Unknown {
        file,
        field,
        value: value.chars().take(80).collect(),
    }
}

fn renamed(field: &'static str, inside: &str, named: &dyn ToString) -> Refusal {
    Refusal::Renamed {
        field,
        inside: inside.chars().take(200).collect(),
        named: named.to_string(),
    }
}

/// Labels of `Project-URL` that are said to be of the source (well-known labels of project URLs,
/// and what people write besides).
const SOURCE: [&str; 7] = ["source", "repository", "sourcecode", "github", "gitlab", "code", "repo"];
/// Hosts whose pages are repositories: a home page there is the source.
const HOSTS: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];

/// Where the source is said to be, as written: what is labelled so first, then a home page on a
/// host of repositories. Trackers and documentation may be of another project.
pub(super) fn repositories(fields: &Fields<'_>) -> Vec<String> {
    let mut labelled = Vec::new();
    let mut homes: Vec<&str> = fields.loose("Home-page").collect();
    for value in fields.loose("Project-URL") {
        let Some((label, url)) = value.split_once(',') else { continue };
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        match label.to_ascii_lowercase().as_str() {
            label if SOURCE.contains(&label) => labelled.push(url.trim()),
            "homepage" | "home" => homes.push(url.trim()),
            _ => {}
        }
    }
    let mut found: Vec<String> = Vec::new();
    for url in labelled.into_iter().chain(homes.into_iter().filter(|url| on_known_host(url))) {
        if repository_of(url).is_some() && !found.iter().any(|there| there == url) {
            found.push(url.to_owned());
        }
    }
    found
}

fn on_known_host(url: &str) -> bool {
    repository_of(url).is_some_and(|repository| {
        let host = repository.strip_prefix("https://").and_then(|rest| rest.split('/').next());
        host.is_some_and(|host| HOSTS.contains(&host))
    })
}

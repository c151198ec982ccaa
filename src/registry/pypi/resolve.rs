//! Asking uv which versions, in a folder that nothing else can speak into.
//!
//! uv is given one requirement, pinned to the version that the index's page says is meant, and the
//! lowest Python of its universe; it answers for all platforms. It never builds, so no code of a
//! package runs; it takes no source but the indexes it was named.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::built::{self, Built};
use super::explain::{Failure, explain};
use super::tool::{Folder, Uv};
use super::universe::{self, Chosen, Universe};
use super::{Claim, Pypi, PypiError, Resolution, answer, normalised};
use crate::model::PackageName;
use crate::model::python::PythonRequirement;
use crate::net::Network;

/// A hundred packages on a slow line.
const LIMIT: Duration = Duration::from_mins(10);

const MAX_ANSWER: u64 = 64 << 20;

/// What is to be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The project, in any spelling.
    pub name: PackageName,
    /// Its extras.
    pub extras: BTreeSet<String>,
    /// PEP 440 specifiers; `None`: the newest.
    pub requirement: Option<String>,
}

impl Pypi {
    /// Resolves a package and its whole closure, for all platforms and all Pythons that the package
    /// supports from 3.10 on, from wheels alone, without running anything of theirs. With `before`,
    /// nothing younger is chosen anywhere in the closure (as far as the index's dates can be
    /// believed: check each wheel's).
    ///
    /// The version of the package itself is chosen from the index's page; uv may not go back to an
    /// older one to make its dependencies fit. Where dependencies need a newer Python than the
    /// package admits, the lowest with which they agree is taken ([`Resolution::requires_python`]).
    ///
    /// Wheels that were `built` here count as if the index had them.
    ///
    /// # Errors
    /// Each names the package at fault, the one asked for or a dependency.
    pub async fn resolve(
        &self,
        uv: &Uv,
        network: &Network,
        ask: &Ask,
        before: Option<Timestamp>,
        built: &[Built],
    ) -> Result<Resolution, PypiError> {
        let name = normalised(ask.name.as_str()).ok_or_else(|| PypiError::Name {
            name: ask.name.to_string(),
        })?;
        let extras = extras(ask)?;
        let project = self.project(network, &name).await?;
        let project = project.ok_or_else(|| PypiError::UnknownPackage { name: name.clone() })?;
        let mut before = before.filter(|_| project.is_dated());
        let Chosen { version, universe } = universe::choose(&project, ask.requirement.as_deref(), before, built)?;
        if !universe.has_any() {
            return Err(PypiError::OldPython {
                name,
                version: version.to_string(),
                wanted: universe.rest(),
            });
        }
        let folder = uv.folder(&self.indexes)?;
        built::lay_out(&folder, built)?;
        let mut universe = universe;
        let mut first = None;
        let text = loop {
            let requirement = requirement(&name, &extras, &version.to_string(), &universe);
            match self.ask(uv, &folder, &requirement, &universe, before).await {
                Ok(text) => break text,
                // The index does not date a dependency: uv would pass over all of its versions.
                Err(Failure::Undated) if before.is_some() => before = None,
                Err(Failure::Python(error)) => match universe.raised() {
                    Some(raised) => {
                        universe = raised;
                        first.get_or_insert(error);
                    }
                    None => return Err(first.unwrap_or(error)),
                },
                Err(Failure::Other(error)) => return Err(first.unwrap_or(error)),
                Err(Failure::Undated) => {
                    return Err(PypiError::Answer {
                        cause: "it misses dates that nobody asked for".to_owned(),
                    });
                }
            }
        };
        let claims = answer::parse(&text, built)?;
        self.agree(network, &claims).await?;
        let root = name
            .parse::<PackageName>()
            .map(|name| (name, version.to_string()))
            .map_err(|_| PypiError::Name { name })?;
        if !claims.contains_key(&root) {
            return Err(PypiError::Answer {
                cause: format!("`{}` {} is not in it", root.0, root.1),
            });
        }
        Ok(Resolution {
            root,
            claims,
            requires_python: universe.requires_python(),
            before,
        })
    }

    /// Resolves what a build needs: some requirements (PEP 508, of a package and not to be believed),
    /// for one minor version of Python 3 and newer ones, from wheels of the indexes alone.
    ///
    /// # Errors
    /// As [`Pypi::resolve`]; a requirement that does not name a project of an index.
    pub async fn resolve_tools(
        &self,
        uv: &Uv,
        network: &Network,
        requirements: &[String],
        minor: u32,
        mut before: Option<Timestamp>,
    ) -> Result<BTreeMap<(PackageName, String), Claim>, PypiError> {
        let mut lines = String::new();
        for text in requirements {
            lines.push_str(&line(text)?);
            lines.push('\n');
        }
        if lines.is_empty() {
            return Ok(BTreeMap::new());
        }
        let folder = uv.folder(&self.indexes)?;
        let universe = Universe::from(minor);
        loop {
            match self.ask(uv, &folder, &lines, &universe, before).await {
                Ok(text) => {
                    let claims = answer::parse(&text, &[])?;
                    self.agree(network, &claims).await?;
                    return Ok(claims);
                }
                // Its index does not say when: then nobody can keep the young ones out.
                Err(Failure::Undated) if before.is_some() => before = None,
                Err(Failure::Undated) => {
                    return Err(PypiError::Answer {
                        cause: "it misses dates that nobody asked for".to_owned(),
                    });
                }
                Err(Failure::Python(error) | Failure::Other(error)) => return Err(error),
            }
        }
    }

    async fn ask(
        &self,
        uv: &Uv,
        folder: &Folder,
        requirement: &str,
        universe: &Universe,
        before: Option<Timestamp>,
    ) -> Result<String, Failure> {
        let other = |error: PypiError| Failure::Other(error);
        let run = |error: std::io::Error| Failure::Other(PypiError::Run { cause: error.to_string() });
        std::fs::write(folder.question(), requirement).map_err(run)?;
        let output = uv
            .run(folder, &arguments(uv, folder, universe, before), LIMIT)
            .await
            .map_err(other)?;
        if !output.success {
            return Err(explain(&output, &self.indexes, before));
        }
        read(&folder.answer()).map_err(other)
    }
}

fn arguments(uv: &Uv, folder: &Folder, universe: &Universe, before: Option<Timestamp>) -> Vec<OsString> {
    let words = "pip compile --universal --no-build --no-sources --no-python-downloads --no-header --no-progress --color=never \
        --index-strategy=first-index --resolution=highest --format=pylock.toml";
    let mut args: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
    let mut pair = |option: &str, value: OsString| args.extend([option.into(), value]);
    pair("--config-file", folder.settings().into());
    pair("--output-file", folder.answer().into());
    pair("--python-version", universe.lowest.to_string().into());
    if let Some(python) = uv.python() {
        pair("--python", python.into());
    }
    if folder.wheels().is_dir() {
        pair("--find-links", folder.wheels().into());
    }
    if let Some(before) = before {
        pair("--exclude-newer", before.to_string().into());
    }
    args.push(folder.question().into());
    args
}

/// One line that holds nothing but what we checked: a line of a requirements file may also be an
/// option.
fn requirement(name: &str, extras: &BTreeSet<String>, version: &str, universe: &Universe) -> String {
    let mut line = name.to_owned();
    if !extras.is_empty() {
        let list: Vec<&str> = extras.iter().map(String::as_str).collect();
        let _ = write!(line, "[{}]", list.join(","));
    }
    let _ = write!(line, "=={version}");
    if let Some(marker) = universe.marker() {
        let _ = write!(line, " ; {marker}");
    }
    line.push('\n');
    line
}

/// A requirement of a package, written anew from what was understood of it. A line of a requirements
/// file may also be an option, an address or a folder.
fn line(text: &str) -> Result<String, PypiError> {
    let read = PythonRequirement::parse(text).ok().filter(|read| read.url.is_none());
    let read = read.ok_or_else(|| PypiError::NotIndexed {
        name: text.chars().filter(|c| !c.is_control()).take(100).collect(),
    })?;
    let mut line = read.name.to_string();
    if !read.extras.is_empty() {
        let list: Vec<&str> = read.extras.iter().map(String::as_str).collect();
        let _ = write!(line, "[{}]", list.join(","));
    }
    let _ = write!(line, "{}", read.specifiers);
    if let Some(marker) = &read.marker {
        let _ = write!(line, " ; {}", marker.as_str());
    }
    Ok(line)
}

fn extras(ask: &Ask) -> Result<BTreeSet<String>, PypiError> {
    let checked = |text: &String| normalised(text).ok_or_else(|| PypiError::Name { name: text.clone() });
    ask.extras.iter().map(checked).collect()
}

fn read(path: &Path) -> Result<String, PypiError> {
    let answer = |cause: String| PypiError::Answer { cause };
    let file = std::fs::File::open(path).map_err(|error| answer(error.to_string()))?;
    let mut text = String::new();
    let length = file.take(MAX_ANSWER + 1).read_to_string(&mut text);
    let length = length.map_err(|error| answer(error.to_string()))?;
    if length as u64 > MAX_ANSWER {
        return Err(answer(format!("it is larger than {MAX_ANSWER} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;

//! Python packages, by way of the machine's uv and interpreters.
//!
//! What the lock holds of a package is the word of a wheel that was read here: the one this machine
//! takes, or, of a package that this machine has no use for, the smallest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::machine::remember;
use super::{
    Announced, Archive, Ask, Belief, Builds, Claimed, Confirmed, Ecosystem, Files, Interpreter, Key, Machine, NotConfirmed, Pending,
    Recorded, Release, Releases, Resolution, Sink, Site, Start, Wanted, Words, gone, is_built,
};
use crate::error::Error;
use crate::lock::check::check_here;
use crate::manifest::ServerEntry;
use crate::mcp::launch;
use crate::mcp::probe::Launchable;
use crate::mcp::python::PythonRuntime;
use crate::model::python::{EntryPoint, PythonTarget, WheelName};
use crate::model::{
    ArchiveContents, Closure, Evidence, Finding, InstallPath, Launch, LockedArchive, LockedPackage, PackageName, PythonTerms,
    RegistrySignature, Runtime, ServerName, Source, Terms,
};
use crate::ops::tools::Tools;
use crate::registry::pypi::{self, Claim, FetchError, Project, PypiError};
use crate::store::{InstallId, Part, Place, Store, StoreError, StoredArchive};
use crate::verify::attest::source::repository_of;
use crate::verify::attest::{Document, Proven, PypiSubject, Refused, Trust, prove_pypi, read_pep740};
use crate::verify::wheel::{self, Refusal, SourceRefusal, Wheel, check_locked, check_source, confirm, entry_point};

mod build;
mod passed;
mod resolve;
mod versions;

/// A Python index.
pub(super) struct Python;

/// How many pages are asked for at once.
const AT_ONCE: usize = 12;

fn runtime(machine: &Machine) -> Result<&PythonRuntime, Error> {
    match machine {
        Machine::Python(python) => Ok(&python.runtime),
        Machine::Node(_) => Err(gone("choosing the runtime")),
    }
}

/// The wheel that this machine built of a package.
fn built<'a>(machine: &'a Machine, package: &LockedPackage) -> Option<&'a LockedArchive> {
    match machine {
        Machine::Python(python) => python.built(package),
        Machine::Node(_) => None,
    }
}

fn target(machine: &Machine) -> Result<PythonTarget, Error> {
    PythonTarget::new(runtime(machine)?.facts().clone()).map_err(|error| Error::Machine {
        hint: error.hint(),
        what: error.to_string(),
    })
}

fn words(claim: &Claimed) -> Result<&Claim, Error> {
    match &claim.words {
        Words::Python(claim) => Ok(claim),
        Words::Npm(_) => Err(gone("reading uv's answer")),
    }
}

/// Whether a package belongs here. A marker that cannot be read belongs to a lock that is refused.
fn belongs(target: &PythonTarget, marker: Option<&str>) -> Result<bool, Error> {
    let Some(marker) = marker else { return Ok(true) };
    target.holds(marker, &BTreeSet::new()).map_err(|error| Error::Machine {
        what: format!("could not decide whether a package belongs on this machine: {error}"),
        hint: None,
    })
}

/// The wheel that this machine takes, by its place in the list.
fn best<'a>(target: &PythonTarget, files: impl IntoIterator<Item = &'a str>) -> Option<usize> {
    let names: Vec<_> = files.into_iter().map(WheelName::parse).collect();
    let best = target.best(names.iter().flatten())?;
    names.iter().position(|name| name.as_ref() == Some(best))
}

fn files(package: &LockedPackage) -> impl Iterator<Item = &str> {
    package.archives.iter().map(|archive| archive.file.as_deref().unwrap_or_default())
}

fn marker(package: &LockedPackage) -> Option<&str> {
    package.python().and_then(|terms| terms.marker.as_deref())
}

/// A package that belongs here, and the wheel this machine takes, if there is one.
type Chosen<'a> = (&'a InstallPath, &'a LockedPackage, Option<Archive<'a>>);

/// The packages that belong here, each with the wheel this machine takes, if there is one: out of
/// those that the lock names, or the one that was built here.
fn chosen<'a>(machine: &'a Machine, closure: &'a Closure) -> Result<Vec<Chosen<'a>>, Error> {
    let target = &target(machine)?;
    let mut out = Vec::new();
    for (path, package) in &closure.packages {
        if belongs(target, marker(package))? {
            let archive = if is_built(package) {
                built(machine, package)
            } else {
                best(target, files(package)).and_then(|index| package.archives.get(index))
            };
            out.push((path, package, archive.map(|archive| Archive { package, archive })));
        }
    }
    Ok(out)
}

fn read(stored: &StoredArchive, file: &str) -> Result<Result<Wheel, Refusal>, Error> {
    Ok(wheel::read(file, &stored.wheel()?))
}

fn subject(key: &Key) -> PypiSubject<'_> {
    PypiSubject {
        file_name: key.file.as_deref().unwrap_or_default(),
        archive: &key.integrity,
    }
}

impl Ecosystem for Python {
    fn resolve<'a>(&'a self, tools: &'a Tools<'a>, ask: Ask<'a>) -> Pending<'a, Resolution> {
        resolve::resolve(tools, ask).boxed_local()
    }

    fn versions<'a>(&'a self, tools: &'a Tools<'a>, source: &'a Source, cutoff: Option<Timestamp>) -> Pending<'a, super::Offered> {
        versions::offered(tools, source, cutoff).boxed_local()
    }

    fn releases<'a>(&'a self, tools: &'a Tools<'a>, resolved: &'a mut Resolution) -> Pending<'a, Releases> {
        resolve::releases(tools, resolved).boxed_local()
    }

    fn passed_over<'a>(&'a self, tools: &'a Tools<'a>, ask: Ask<'a>, resolved: &'a Resolution) -> Pending<'a, Vec<Finding>> {
        passed::findings(tools, ask, resolved).boxed_local()
    }

    fn machine<'a>(&'a self, tools: &'a Tools<'a>, wanted: Option<&'a str>) -> Pending<'a, Machine> {
        let python = tools.python(wanted).and_then(|runtime| Interpreter::new(tools, runtime));
        let python = python.map(|python| Machine::Python(Box::new(python)));
        std::future::ready(python).boxed_local()
    }

    fn recorded(&self, tools: &Tools<'_>, site: Site<'_>, belief: Belief) -> Result<Recorded, Error> {
        let Some(before) = tools.history.interpreter(site.scope, site.server)? else {
            return Ok(Recorded::Nothing);
        };
        if belief == Belief::Stamps
            && let Some(last) = tools.history.remembered(&before.path)?
            && let Some(runtime) = PythonRuntime::recall(&before.path, &before.version, &last)
            && runtime.identity() == before.identity
        {
            return Ok(Recorded::As(Machine::Python(Box::new(Interpreter::new(tools, runtime)?))));
        }
        let asked = tools.context.now();
        let said = |path: &Path, version: &str, identity: &str| (path.display().to_string(), format!("{version}, {identity}"));
        Ok(match PythonRuntime::reopen(&before.path, &before.version) {
            Ok(runtime) if runtime.identity() == before.identity => {
                remember(tools, &runtime, asked)?;
                Recorded::As(Machine::Python(Box::new(Interpreter::new(tools, runtime)?)))
            }
            _ => Recorded::Changed {
                now: PythonRuntime::ask(&before.path)
                    .ok()
                    .map(|now| said(now.path(), now.version(), &now.identity())),
                before: said(&before.path, &before.version, &before.identity),
            },
        })
    }

    fn needed(&self, machine: &Machine, resolved: &Resolution) -> Result<Vec<Wanted>, Error> {
        let target = target(machine)?;
        let mut wanted = Vec::new();
        for claim in resolved.claims.values() {
            let words = words(claim)?;
            let here = belongs(&target, words.marker.as_deref())?;
            if words.source.is_some() {
                wanted.extend(claim.archives.first().cloned());
                continue;
            }
            let taken = best(&target, words.wheels.iter().map(|wheel| wheel.file.as_str())).filter(|_| here);
            if here && taken.is_none() {
                return Err(Error::Machine {
                    what: no_wheel(&format!("{}@{}", claim.name, claim.version), machine)?,
                    hint: None,
                });
            }
            let smallest = || (0..words.wheels.len()).min_by_key(|&index| (words.wheels[index].size.unwrap_or(u64::MAX), index));
            let index = taken.or_else(smallest).unwrap_or_default();
            wanted.extend(claim.archives.get(index).cloned());
        }
        Ok(wanted)
    }

    fn fetch<'a>(&'a self, tools: &'a Tools<'a>, wanted: &'a Wanted, sink: Sink<'a>) -> Pending<'a, ()> {
        async move {
            let (pypi, network) = tools.index("fetch wheels").await?;
            let file = wanted.key.file.as_deref().unwrap_or_default();
            let fetched = pypi.fetch(network, &wanted.key.name, file, sink).await;
            fetched.map(drop).map_err(|error: FetchError<StoreError>| match error {
                FetchError::Pypi(error) => Error::Pypi(error),
                FetchError::Sink(error) => Error::Store(error),
            })
        }
        .boxed_local()
    }

    fn attestations<'a>(&'a self, tools: &'a Tools<'a>, key: &'a Key, announced: Option<&'a Announced>) -> Pending<'a, Option<Vec<u8>>> {
        async move {
            let (pypi, network) = tools.index("ask for attestations").await?;
            let file = match announced {
                Some(Announced::Python(file)) => Some((**file).clone()),
                _ => {
                    pypi.file(network, key.name.as_str(), key.file.as_deref().unwrap_or_default())
                        .await?
                }
            };
            match file {
                Some(file) => Ok(pypi.provenance(network, &file).await?),
                None => Ok(None),
            }
        }
        .boxed_local()
    }

    fn documents(&self, _: &Key, reply: &[u8]) -> Result<Vec<Document>, Refused> {
        read_pep740(reply).map_err(Refused::Undecidable)
    }

    fn prove(&self, trust: &Trust, key: &Key, _: &[RegistrySignature], documents: &[Document], now: Timestamp) -> Result<Proven, Refused> {
        prove_pypi(trust, subject(key), documents, now)
    }

    fn confirm(&self, store: &Store, claimed: &Claimed) -> Result<Result<Confirmed, NotConfirmed>, Error> {
        let words = words(claimed)?;
        if words.source.is_some() {
            return confirm_built(store, claimed, words);
        }
        let mut first: Option<Wheel> = None;
        for wanted in &claimed.archives {
            let file = wanted.key.file.as_deref().unwrap_or_default();
            let Some(stored) = store.archive(&wanted.key.integrity, file)? else {
                continue;
            };
            let beside = claimed.beside.get(file).cloned().unwrap_or_default();
            let claim = wheel::Claim {
                name: words.name.clone(),
                version: words.version.clone(),
                requires_python: beside.runtime,
                metadata: beside.manifest,
            };
            let wheel = match confirm(&claim, file, &stored.wheel()?) {
                Ok(wheel) => wheel,
                Err(refusal) => {
                    return Ok(Err(NotConfirmed {
                        confused: matches!(refusal, Refusal::Confused(_)),
                        what: refusal.to_string(),
                    }));
                }
            };
            let Some(first) = &first else {
                first = Some(wheel);
                continue;
            };
            if let Some(what) = disagreement(first, &wheel) {
                return Ok(Err(NotConfirmed {
                    confused: true,
                    what: format!("`{file}` says something else about {what} than another wheel of the same version"),
                }));
            }
        }
        let wheel = first.ok_or_else(|| gone("fetching the wheels"))?;
        let source = wheel.repositories.iter().find_map(|text| repository_of(text));
        Ok(Ok((locked(words, claimed, wheel), source)))
    }

    fn differences(&self, stored: &StoredArchive, at: Archive<'_>) -> Result<Vec<String>, Error> {
        let file = at.archive.file.as_deref().unwrap_or_default();
        if is_built(at.package) && !at.is_local() {
            let checked = source_of(stored, &at.package.name, &at.package.version)?;
            return Ok(checked.err().iter().map(ToString::to_string).collect());
        }
        Ok(match check_locked(at.package, file, &stored.wheel()?) {
            Ok(differences) => differences.iter().map(ToString::to_string).collect(),
            Err(refusal) => vec![refusal.to_string()],
        })
    }

    fn repository(&self, stored: &StoredArchive, at: Archive<'_>) -> Result<Option<String>, Error> {
        if is_built(at.package) && !at.is_local() {
            let said = source_of(stored, &at.package.name, &at.package.version)?.unwrap_or_default();
            return Ok(said.iter().find_map(|text| repository_of(text)));
        }
        let wheel = read(stored, at.archive.file.as_deref().unwrap_or_default())?;
        Ok(wheel
            .ok()
            .and_then(|wheel| wheel.repositories.iter().find_map(|text| repository_of(text))))
    }

    fn build<'a>(
        &'a self,
        tools: &'a Tools<'a>,
        builds: Builds<'a>,
        server: &'a ServerName,
        closure: &'a Closure,
        machine: Machine,
    ) -> Pending<'a, Machine> {
        build::ensure(tools, builds, server, closure, machine).boxed_local()
    }

    fn launch(&self, store: &Store, machine: &Machine, name: &ServerName, entry: &ServerEntry, closure: &Closure) -> Result<Launch, Error> {
        let (wheels, root) = own_wheels(store, machine, closure)?;
        let failed = |what: String, hint: Option<String>| Error::Entry {
            server: name.clone(),
            what,
            hint,
        };
        // They agree: what does not was not confirmed.
        let wheel = wheels.into_iter().next().ok_or_else(|| gone("reading the server's own wheel"))?;
        let wheel = wheel.map_err(|refusal| failed(refusal.to_string(), refusal.hint()))?;
        let script = entry_point(&wheel, entry.bin.as_deref()).map_err(|error| failed(error.to_string(), error.hint()))?;
        let wanted = root.python().and_then(|terms| terms.requires_python.clone());
        Ok(Launch {
            runtime: Runtime::Python { wanted },
            entry: script.to_string(),
            args: entry.args.clone(),
            env: super::npm::sorted(&entry.env),
            cwd: entry.cwd,
            network: entry.network,
        })
    }

    fn wrong_launch(&self, store: &Store, machine: &Machine, closure: &Closure, launch: &Launch) -> Result<Option<String>, Error> {
        let root = closure.root_package().ok_or_else(|| gone(OWN))?;
        if is_built(root) && !build::is_here(store, machine, root) {
            return Ok(None);
        }
        let Ok(entry) = launch.entry.parse::<EntryPoint>() else {
            return Ok(Some(format!("`{}` is no console script", launch.entry)));
        };
        let (wheels, root) = own_wheels(store, machine, closure)?;
        // All of them: which one is unpacked, the machine decides.
        Ok(wheels.into_iter().find_map(|wheel| match wheel {
            Ok(wheel) if wheel.scripts.get(entry.name()) == Some(&entry) => None,
            Ok(_) => Some(format!("{} has no console script `{}`", root.label(), launch.entry)),
            Err(refusal) => Some(refusal.to_string()),
        }))
    }

    fn runtime_finding(&self, _: &Machine, _: &ServerName, _: &Closure) -> Result<Option<Finding>, Error> {
        // One that does not fit is never chosen.
        Ok(None)
    }

    fn required<'a>(&self, machine: &Machine, closure: &'a Closure) -> Result<Vec<Archive<'a>>, Error> {
        let (mut out, target) = (Vec::new(), target(machine)?);
        for package in closure.packages.values() {
            if belongs(&target, marker(package))? {
                // Of one that is built, the source.
                let index = if is_built(package) {
                    Some(0)
                } else {
                    best(&target, files(package))
                };
                let archive = index.and_then(|index| package.archives.get(index));
                out.extend(archive.map(|archive| Archive { package, archive }));
            }
        }
        Ok(out)
    }

    fn unfit(&self, machine: &Machine, closure: &Closure, source: &Source) -> Result<Option<String>, Error> {
        if let Some(poison) = check_here(closure, source, &target(machine)?).first() {
            return Ok(Some(poison.to_string()));
        }
        let unfit = chosen(machine, closure)?
            .into_iter()
            .find(|(_, package, archive)| archive.is_none() && !is_built(package));
        unfit.map(|(_, package, _)| no_wheel(&package.label(), machine)).transpose()
    }

    fn unpacked<'a>(&self, machine: &'a Machine, closure: &'a Closure) -> Result<Vec<(&'a InstallPath, Archive<'a>)>, Error> {
        let chosen = chosen(machine, closure)?;
        Ok(chosen.into_iter().filter_map(|(path, _, archive)| Some((path, archive?))).collect())
    }

    fn tree<'a>(&self, machine: &'a Machine, server: &ServerName, closure: &'a Closure) -> Result<(InstallId, Vec<Part>), Error> {
        let runtime = runtime(machine)?;
        // One that is still to be built has its source's place: no tree without it passes for this one.
        let wheel = |(_, package, archive): &(&InstallPath, &'a LockedPackage, Option<Archive<'a>>)| {
            let source = package.archives.first().filter(|_| is_built(package));
            archive.or_else(|| source.map(|archive| Archive { package, archive }))
        };
        let parts: Vec<Part> = chosen(machine, closure)?
            .iter()
            .filter_map(wheel)
            .map(|at| Part {
                place: Place::Wheel {
                    file: at.archive.file.clone().unwrap_or_default(),
                    site: runtime.site_packages(),
                },
                integrity: at.archive.integrity.clone(),
                what: build::label(at),
            })
            .collect();
        let interpreter = format!("{} {}", runtime.version(), runtime.identity());
        Ok((InstallId::of_python(server, &interpreter, &parts), parts))
    }

    fn files(&self, stored: &StoredArchive) -> Result<Files, Error> {
        let mut bytes = BTreeMap::new();
        stored.for_each_wheel_file(&mut |path, _, content| {
            bytes.insert(unversioned(path), content.to_vec());
        })?;
        // It names every other file with its digest: each change would be told twice.
        bytes.remove(RECORD);
        let mut contents = ArchiveContents {
            files: stored.wheel()?.files,
            manifest: bytes.get("dist-info/METADATA").cloned().unwrap_or_default(),
        };
        for file in &mut contents.files {
            file.path = unversioned(&file.path);
        }
        contents.files.retain(|file| file.path != RECORD);
        contents.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((contents, bytes))
    }

    fn start(&self, machine: &Machine, start: Start<'_>) -> Result<Launchable, Error> {
        let Start {
            installed,
            launch,
            digest,
            approval,
            env,
        } = start;
        Ok(launch::python(installed, launch, digest, approval, runtime(machine)?, env)?)
    }
}

const RECORD: &str = "dist-info/RECORD";

/// A wheel's path without the version in the names of its own folders, so that two versions can be
/// compared file by file.
fn unversioned(path: &str) -> String {
    let Some((first, rest)) = path.split_once('/') else {
        return path.to_owned();
    };
    for end in ["dist-info", "data"] {
        if first.ends_with(&format!(".{end}")) {
            return format!("{end}/{rest}");
        }
    }
    path.to_owned()
}

fn no_wheel(package: &str, machine: &Machine) -> Result<String, Error> {
    let runtime = runtime(machine)?;
    let platform = &runtime.facts().markers.platform_machine;
    Ok(format!(
        "`{package}` has no wheel for this machine (Python {}, {platform})",
        runtime.version()
    ))
}

const OWN: &str = "reading the server's own wheel";

/// The server's own package, with what its wheels at hand say.
type OwnWheels<'a> = (Vec<Result<Wheel, Refusal>>, &'a LockedPackage);

/// The server's own wheels that are at hand; at least one. Of one that is built here, that wheel.
fn own_wheels<'a>(store: &Store, machine: &Machine, closure: &'a Closure) -> Result<OwnWheels<'a>, Error> {
    let root = closure.root_package().ok_or_else(|| gone(OWN))?;
    let local = if is_built(root) { built(machine, root) } else { None };
    let archives: Vec<&LockedArchive> = match local {
        Some(local) => vec![local],
        None if is_built(root) => Vec::new(),
        None => root.archives.iter().collect(),
    };
    let mut wheels = Vec::new();
    for archive in archives {
        let file = archive.file.as_deref().unwrap_or_default();
        if let Some(stored) = store.archive(&archive.integrity, file)? {
            wheels.push(read(&stored, file)?);
        }
    }
    if wheels.is_empty() { Err(gone(OWN)) } else { Ok((wheels, root)) }
}

/// What two wheels of one version say differently, of what the lock holds once for all of them. The
/// attack: one more wheel of a version that is known, which this machine prefers, while the report
/// is about the one that it took before and still has.
fn disagreement(one: &Wheel, other: &Wheel) -> Option<&'static str> {
    if one.requires != other.requires || one.requires_python != other.requires_python {
        Some("its dependencies")
    } else if one.startup != other.startup {
        Some("the code that runs whenever Python starts")
    } else if (&one.scripts, &one.unusable) != (&other.scripts, &other.unusable) {
        Some("its console scripts")
    } else if one.pure && other.pure && one.native != other.native {
        Some("native code in it")
    } else {
        None
    }
}

/// What a source distribution says where its source is, if it is of this package.
fn source_of(stored: &StoredArchive, name: &PackageName, version: &str) -> Result<Result<Vec<String>, SourceRefusal>, Error> {
    let info = stored.read_file("PKG-INFO")?;
    Ok(check_source(info.as_deref(), name, version))
}

/// A package that is built here: its source by name and digest, the rest by the word of the wheel
/// that came out.
fn confirm_built(store: &Store, claimed: &Claimed, words: &Claim) -> Result<Result<Confirmed, NotConfirmed>, Error> {
    const WHAT: &str = "building the wheel";
    let refused = |confused: bool, what: String| Ok(Err(NotConfirmed { confused, what }));
    let (Some(source), Some(local)) = (claimed.archives.first(), words.wheels.first()) else {
        return Err(gone(WHAT));
    };
    let label = source.key.label();
    let stored = store.archive(&source.key.integrity, &label)?.ok_or_else(|| gone(WHAT))?;
    if let Err(refusal) = source_of(&stored, &claimed.name, &claimed.version)? {
        return refused(true, refusal.to_string());
    }
    let stored = store.archive(&local.sha256, &local.file)?.ok_or_else(|| gone(WHAT))?;
    let claim = wheel::Claim {
        name: words.name.clone(),
        version: words.version.clone(),
        requires_python: claimed.beside.get(&label).and_then(|beside| beside.runtime.clone()),
        metadata: None,
    };
    match confirm(&claim, &local.file, &stored.wheel()?) {
        Ok(wheel) => {
            let repository = wheel.repositories.iter().find_map(|text| repository_of(text));
            Ok(Ok((locked(words, claimed, wheel), repository)))
        }
        Err(refusal) => refused(matches!(refusal, Refusal::Confused(_)), refusal.to_string()),
    }
}

fn locked(claim: &Claim, claimed: &Claimed, wheel: Wheel) -> LockedPackage {
    let archive = |wanted: &Wanted| LockedArchive {
        file: wanted.key.file.clone(),
        integrity: wanted.key.integrity.clone(),
        evidence: Evidence::default(),
    };
    let mut archives: Vec<_> = claimed.archives.iter().map(archive).collect();
    archives.sort_by(|a, b| a.file.cmp(&b.file));
    let built = claim.source.is_some();
    let pure = archives
        .iter()
        .all(|archive| archive.file.as_ref().is_some_and(|file| file.ends_with("-any.whl")));
    // The file name of a source says nothing about it.
    let native = if built { wheel.native || !wheel.pure } else { pure && wheel.native };
    LockedPackage {
        name: claim.name.clone(),
        version: claim.version.clone(),
        archives,
        scripts: wheel.startup,
        native,
        terms: Terms::Python(PythonTerms {
            marker: claim.marker.clone(),
            requires: wheel.requires,
            requires_python: wheel.requires_python,
            built,
        }),
    }
}

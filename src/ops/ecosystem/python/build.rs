//! Wheels that this machine builds of source distributions, for packages that the user permitted.
//!
//! A build runs code of a package that nobody has looked at. So it happens only for names in the
//! user's own (or the system's) manifest, it is said aloud, and it happens in the sandbox, from
//! inputs whose every byte has the digest that the index's page claims. It happens once: what came
//! out is pinned by its digest on this machine, and used again.
//!
//! The attacks: a project that permits a build (its manifest has no say); a lock that names other
//! bytes under a permitted name (the index must list them, and they must say that they are that
//! package); a build backend that makes a wheel of another package, or one that contradicts itself;
//! a wheel that was swapped in the store.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::Builds;
use super::{Archive, Interpreter, Key, Machine, Python, SourceRefusal, Wanted, belongs, best, gone, is_built, source_of, target};
use crate::error::Error;
use crate::history::Build;
use crate::mcp::python::{Backend, BuildError, Builder, BuiltWheel, PythonRuntime};
use crate::mcp::sandbox::SandboxLevel;
use crate::model::python::WheelName;
use crate::model::{Closure, Integrity, LockedPackage, PackageName, ServerName, Sha256Digest};
use crate::ops::tools::Tools;
use crate::ops::{checks, sync};
use crate::registry::pypi::{self, Built, PypiError};
use crate::store::{InstallId, Installed, Part, Place, Store, StoreError, StoredArchive};
use crate::surface::visible;
use crate::verify::wheel::{self, build_system, check_locked, confirm};

/// No honest wheel is larger.
const LARGEST: u64 = 256 << 20;

/// Who builds, with what.
#[derive(Clone, Copy)]
struct Site<'a> {
    tools: &'a Tools<'a>,
    builds: Builds<'a>,
    server: &'a ServerName,
    python: &'a Interpreter,
}

/// What an archive is called where its bytes are not what they were.
pub(super) fn label(at: Archive<'_>) -> String {
    if at.is_local() {
        return format!("{}, built on this machine", at.label());
    }
    at.label()
}

/// Whether a package may be built; the error says what would permit it.
pub(super) fn permitted(tools: &Tools<'_>, builds: Builds<'_>, name: &PackageName, why: PypiError) -> Result<(), Error> {
    if builds.policy.builds.contains(name) {
        return Ok(());
    }
    let names: BTreeSet<_> = builds
        .policy
        .builds
        .iter()
        .chain([name])
        .map(|name| format!("\"{name}\""))
        .collect();
    Err(Error::NotPermitted {
        line: format!("builds = [{}]", names.into_iter().collect::<Vec<_>>().join(", ")),
        manifest: tools.context.config.join(crate::ops::scope::MANIFEST),
        why,
    })
}

/// The wheel of a source distribution of which nobody knows yet what it needs: built where it is
/// permitted, or built before.
pub(super) async fn of_source(tools: &Tools<'_>, builds: Builds<'_>, server: &ServerName, source: pypi::Source) -> Result<Built, Error> {
    let python = Interpreter::new(tools, tools.python(source.requires_python.as_deref())?)?;
    let key = Key {
        name: source.name.clone(),
        version: source.version.clone(),
        file: Some(source.file.file.clone()),
        integrity: source.file.sha256.clone(),
    };
    let site = Site {
        tools,
        builds,
        server,
        python: &python,
    };
    let (file, stored) = site.wheel(&key).await?;
    Ok(Built {
        name: source.name,
        version: source.version,
        source: source.file,
        file,
        sha256: stored.verified().integrity().clone(),
        bytes: stored.bytes().to_vec(),
    })
}

/// Whether the wheel that was built of a package lies in the store as it was built.
pub(super) fn is_here(store: &Store, machine: &Machine, package: &LockedPackage) -> bool {
    let archive = super::built(machine, package);
    archive.is_some_and(|archive| matches!(store.archive(&archive.integrity, package.name.as_str()), Ok(Some(_))))
}

/// Builds what of a lock is to be built here and is not there yet, and holds each of these wheels
/// against the lock.
///
/// # Errors
/// A build that is not permitted or fails; [`Error::Untrustworthy`] where the lock says something
/// else than the wheel.
pub(super) async fn ensure(
    tools: &Tools<'_>,
    builds: Builds<'_>,
    server: &ServerName,
    closure: &Closure,
    machine: Machine,
) -> Result<Machine, Error> {
    let Machine::Python(python) = &machine else {
        return Err(gone("choosing the runtime"));
    };
    let target = target(&machine)?;
    let (mut wrong, mut any) = (Vec::new(), false);
    for package in closure.packages.values().filter(|package| is_built(package)) {
        if !belongs(&target, super::marker(package))? {
            continue;
        }
        any = true;
        let source = package.archives.first().ok_or_else(|| gone("reading the lock"))?;
        let site = Site {
            tools,
            builds,
            server,
            python,
        };
        let (file, stored) = site.wheel(&Key::of(package, source)).await?;
        match check_locked(package, &file, &stored.wheel()?) {
            Ok(differences) => wrong.extend(differences.iter().map(|difference| format!("{file}: {difference}"))),
            Err(refusal) => wrong.push(format!("{file}: {refusal}")),
        }
    }
    if !wrong.is_empty() {
        let what = "the lock says something else than the wheels that were built here";
        return Err(checks::untrustworthy(server, "lock-poisoned", what, &wrong));
    }
    if !any {
        return Ok(machine);
    }
    let runtime = python.runtime.clone();
    Ok(Machine::Python(Box::new(Interpreter::new(tools, runtime)?)))
}

impl<'a> Site<'a> {
    const fn runtime(&self) -> &'a PythonRuntime {
        &self.python.runtime
    }

    /// The wheel that was built of a source distribution, or that is built now.
    async fn wheel(&self, key: &Key) -> Result<(String, StoredArchive), Error> {
        let Tools {
            store, history, person, ..
        } = self.tools;
        let identity = self.runtime().identity();
        let mut recorded = history.builds(&identity)?.into_iter();
        let recorded = recorded.find(|build| (&build.name, &build.version, &build.source) == (&key.name, &key.version, &key.integrity));
        let mut before = None;
        if let Some(build) = recorded {
            let what = format!("{}, built on this machine", build.file);
            let happened = match store.archive(&build.wheel, &what) {
                Ok(Some(stored)) => return Ok((build.file, stored)),
                Ok(None) => "is gone from the store",
                Err(StoreError::ChangedOnDisk { .. } | StoreError::NotAFile { .. }) => "was changed on disk",
                Err(error) => return Err(error.into()),
            };
            person.warn(&format!("{what}, {happened}: it has to be built again"));
            before = Some(build.wheel);
        }
        let why = PypiError::SourceOnly {
            name: key.name.to_string(),
            version: Some(key.version.clone()),
        };
        permitted(self.tools, self.builds, &key.name, why)?;
        if let Some(before) = &before {
            store.discard_archive(before)?;
        }
        let (build, stored) = self.build(key).await?;
        history.record_build(&build, self.tools.context.now())?;
        person.note(&format!(
            "built {}: {} is pinned for this machine",
            build.file,
            digest(&build.wheel)
        ));
        if let Some(before) = before.filter(|before| *before != build.wheel) {
            let (before, now) = (digest(&before), digest(&build.wheel));
            person.warn(&format!(
                "{} is not what it was when it was first built: {before} then, {now} now",
                build.file
            ));
        }
        Ok((build.file, stored))
    }

    async fn build(&self, key: &Key) -> Result<(Build, StoredArchive), Error> {
        let source = self.source(key).await?;
        let broken = |error: BuildError| failed(key, &error.to_string(), error.hint());
        let refused = |error: SourceRefusal| failed(key, &error.to_string(), None);
        source_of(&source, &key.name, &key.version)?.map_err(refused)?;
        let system = build_system(source.read_file("pyproject.toml")?.as_deref()).map_err(refused)?;
        self.tools.person.warn(&format!(
            "building {} {} from its source: this runs the package's own code on this machine{}, as your mcp-pin.toml permits",
            key.name,
            key.version,
            if self.builds.unsandboxed {
                ", WITHOUT a sandbox"
            } else {
                ", in a sandbox without network and home"
            },
        ));
        let backend = Backend {
            object: system.backend,
            paths: system.paths,
        };
        let scratch = self.tools.store.scratch()?;
        let mut requires = system.requires;
        let mut bench = self.bench(key, &requires).await?;
        let more = self
            .builder(&bench.tree, &source, scratch.path())
            .requires(&backend)
            .await
            .map_err(broken)?;
        if more.iter().any(|text| !requires.contains(text)) {
            requires.extend(more);
            bench = self.bench(key, &requires).await?;
        }
        let made = self
            .builder(&bench.tree, &source, scratch.path())
            .wheel(&backend)
            .await
            .map_err(broken)?;
        if made.sandbox == SandboxLevel::LandlockOnly {
            self.tools
                .person
                .note("built behind Landlock alone: this machine allows no namespaces");
        }
        let stored = self.take(key, &made)?;
        let build = Build {
            name: key.name.clone(),
            version: key.version.clone(),
            source: key.integrity.clone(),
            interpreter: self.runtime().identity(),
            file: made.file,
            wheel: stored.verified().integrity().clone(),
            inputs: bench.inputs.clone(),
        };
        Ok((build, stored))
    }

    fn builder<'b>(&'b self, tools: &'b Installed, source: &'b StoredArchive, scratch: &'b std::path::Path) -> Builder<'b> {
        Builder {
            runtime: self.runtime(),
            tools,
            source,
            sandbox_exe: &self.tools.context.exe,
            scratch,
            unsandboxed: self.builds.unsandboxed,
        }
    }

    /// The source distribution, which the index must list under this name with this digest: a lock
    /// alone cannot say what is built.
    async fn source(&self, key: &Key) -> Result<StoredArchive, Error> {
        let file = key.file.as_deref().unwrap_or_default();
        let lost = || PypiError::Gone {
            name: key.name.to_string(),
            file: file.to_owned(),
        };
        let (index, network) = self.tools.index(&format!("build {}", key.name)).await?;
        let listed = index.file(network, key.name.as_str(), file).await?.ok_or_else(lost)?;
        if listed.sha256.as_ref() != Some(&key.integrity) {
            return Err(Error::TwoDigests { file: file.to_owned() });
        }
        let wanted = Wanted {
            key: key.clone(),
            address: None,
        };
        sync::fetch(self.tools, &Python, vec![wanted]).await?;
        let stored = self.tools.store.archive(&key.integrity, file)?;
        stored.ok_or_else(|| gone("fetching the source"))
    }

    /// A tree of the build's own with what it needs: wheels alone, resolved as of the cooldown,
    /// fetched, hashed and read as any other.
    async fn bench(&self, key: &Key, requires: &[String]) -> Result<Bench<'a>, Error> {
        let Tools { store, person, .. } = self.tools;
        let (index, network) = self.tools.index("resolve what the build needs").await?;
        let uv = self.tools.uv().await?;
        let now = self.tools.context.now();
        let before = now.saturating_sub(self.builds.policy.cooldown_install).ok();
        person.note(&format!("resolving what the build of {} needs", key.name));
        let claims = index.resolve_tools(uv, network, requires, self.runtime().minor(), before).await;
        let claims = claims.map_err(|error| failed(key, &format!("what it needs cannot be had: {error}"), error.hint()))?;
        let machine = Machine::Python(Box::new(self.python.clone()));
        let target = target(&machine)?;
        let (mut wanted, mut inputs) = (Vec::new(), String::new());
        for claim in claims.values() {
            if !belongs(&target, claim.marker.as_deref())? {
                continue;
            }
            let taken = best(&target, claim.wheels.iter().map(|wheel| wheel.file.as_str()));
            let taken = taken.and_then(|index| claim.wheels.get(index)).ok_or_else(|| {
                let what = format!("it needs {} {}, which has no wheel for this machine", claim.name, claim.version);
                failed(key, &what, None)
            })?;
            let _ = writeln!(inputs, "{} {}", taken.file, digest(&taken.sha256));
            let key = Key {
                name: claim.name.clone(),
                version: claim.version.clone(),
                file: Some(taken.file.clone()),
                integrity: taken.sha256.clone(),
            };
            wanted.push(Wanted { key, address: None });
        }
        sync::fetch(self.tools, &Python, wanted.clone()).await?;
        let mut parts = Vec::new();
        for Wanted { key: tool, .. } in &wanted {
            parts.push(self.tool(key, tool)?);
        }
        let interpreter = format!("build {} {}", self.runtime().version(), self.runtime().identity());
        let id = InstallId::of_python(self.server, &interpreter, &parts);
        let tree = store.install(&id, &parts, None)?.installed;
        Ok(Bench { store, tree, inputs })
    }

    /// One wheel that the build needs, after it was read as every wheel is.
    fn tool(&self, key: &Key, tool: &Key) -> Result<Part, Error> {
        let file = tool.file.clone().unwrap_or_default();
        let stored = self.tools.store.archive(&tool.integrity, &file)?;
        let stored = stored.ok_or_else(|| gone("fetching what a build needs"))?;
        let claim = wheel::Claim {
            name: tool.name.clone(),
            version: tool.version.clone(),
            requires_python: None,
            metadata: None,
        };
        confirm(&claim, &file, &stored.wheel()?)
            .map_err(|refusal| failed(key, &format!("{file}, which it needs, is refused: {refusal}"), refusal.hint()))?;
        Ok(Part {
            place: Place::Wheel {
                file: file.clone(),
                site: self.runtime().site_packages(),
            },
            integrity: tool.integrity.clone(),
            what: file,
        })
    }

    /// Takes what a build left into the store, if it is a wheel of that package for this machine and
    /// nothing in it contradicts itself.
    fn take(&self, key: &Key, made: &BuiltWheel) -> Result<StoredArchive, Error> {
        let store = &self.tools.store;
        let shown: String = visible(&made.file).chars().take(200).collect();
        let named = WheelName::parse(&made.file).filter(|name| name.matches_project(&key.name, &key.version));
        if named.is_none() {
            let what = format!("its build left `{shown}`, which is no wheel of {} {}", key.name, key.version);
            return Err(failed(key, &what, None));
        }
        let machine = Machine::Python(Box::new(self.python.clone()));
        if best(&target(&machine)?, [made.file.as_str()]).is_none() {
            let what = format!("its build left `{shown}`, which is not for this machine");
            return Err(failed(key, &what, None));
        }
        let integrity = Integrity::Sha256(*Sha256Digest::of(&made.bytes).as_bytes());
        let mut incoming = store.receive(&integrity, &made.file, LARGEST)?;
        incoming.write(&made.bytes)?;
        let stored = incoming.finish()?;
        let claim = wheel::Claim {
            name: key.name.clone(),
            version: key.version.clone(),
            requires_python: None,
            metadata: None,
        };
        let what = match stored.wheel() {
            Ok(contents) => match confirm(&claim, &made.file, &contents) {
                Ok(_) => return Ok(stored),
                Err(refusal) => refusal.to_string(),
            },
            Err(error) => error.to_string(),
        };
        store.discard_archive(&integrity)?;
        Err(failed(key, &format!("the wheel that its build left is refused: {what}"), None))
    }
}

fn failed(key: &Key, what: &str, hint: Option<String>) -> Error {
    Error::Build {
        package: format!("{} {}", key.name, key.version),
        what: what.to_owned(),
        hint,
    }
}

/// What a build needs, unpacked. It goes when the build has ended.
struct Bench<'a> {
    store: &'a Store,
    tree: Installed,
    /// A line each.
    inputs: String,
}

impl Drop for Bench<'_> {
    fn drop(&mut self) {
        // What cannot be removed now is in no lock, and goes with the next `prune`.
        let _ = self.store.remove_install(self.tree.id());
    }
}

fn digest(integrity: &Integrity) -> String {
    format!("{}:{}", integrity.algorithm(), integrity.hex())
}

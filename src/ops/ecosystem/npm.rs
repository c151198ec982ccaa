//! npm packages, by way of the machine's npm and node.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::{
    Announced, Archive, Ask, Belief, Claimed, Confirmed, Earlier, Ecosystem, Files, Key, Machine, NotConfirmed, Pending, Recorded, Release,
    Releases, Resolution, Sink, Site, Start, Wanted, Words, at_hand, gone,
};
use crate::error::Error;
use crate::lock::check::Range;
use crate::manifest::ServerEntry;
use crate::mcp::launch;
use crate::mcp::probe::Launchable;
use crate::mcp::runtime::NodeRuntime;
use crate::model::{
    Closure, Finding, Grade, InstallPath, Integrity, Launch, LockedPackage, PackageName, RegistrySignature, Runtime, ServerName, Source,
    Told,
};
use crate::ops::tools::Tools;
use crate::registry::npm::{FetchError, Note, NpmError};
use crate::store::{InstallId, Part, Place, Store, StoreError, StoredArchive};
use crate::verify::attest::source::repository_of;
use crate::verify::attest::{Document, NpmSubject, Proven, Refused, Trust, prove_npm, read_npm_reply};
use crate::verify::npm::{Claim, Manifest, Refusal, check_locked, confirm, entry_point};

mod versions;

/// npm.
pub(super) struct Npm;

/// How many documents are asked for at once.
const AT_ONCE: usize = 12;

fn node(machine: &Machine) -> Result<&NodeRuntime, Error> {
    match machine {
        Machine::Node(node) => Ok(node),
        Machine::Python(_) => Err(gone("choosing the runtime")),
    }
}

fn words(claim: &Claimed) -> Result<&Claim, Error> {
    match &claim.words {
        Words::Npm(claim) => Ok(claim),
        Words::Python(_) => Err(gone("reading npm's answer")),
    }
}

fn fits(package: &LockedPackage, node: &NodeRuntime) -> bool {
    package.node().is_some_and(|terms| terms.fits(node.platform()))
}

fn optional(package: &LockedPackage) -> bool {
    package.node().is_some_and(|terms| terms.optional)
}

impl Ecosystem for Npm {
    fn resolve<'a>(&'a self, tools: &'a Tools<'a>, ask: Ask<'a>) -> Pending<'a, Resolution> {
        resolve(tools, ask).boxed_local()
    }

    fn versions<'a>(&'a self, tools: &'a Tools<'a>, source: &'a Source, cutoff: Option<Timestamp>) -> Pending<'a, super::Offered> {
        versions::offered(tools, source, cutoff).boxed_local()
    }

    fn releases<'a>(&'a self, tools: &'a Tools<'a>, resolved: &'a mut Resolution) -> Pending<'a, Releases> {
        releases(tools, resolved).boxed_local()
    }

    fn passed_over<'a>(&'a self, _: &'a Tools<'a>, _: Ask<'a>, _: &'a Resolution) -> Pending<'a, Vec<Finding>> {
        std::future::ready(Ok(Vec::new())).boxed_local()
    }

    fn machine<'a>(&'a self, tools: &'a Tools<'a>, _: Option<&'a str>) -> Pending<'a, Machine> {
        let node = tools.node().map(|node| Machine::Node(node.clone()));
        std::future::ready(node).boxed_local()
    }

    fn recorded(&self, tools: &Tools<'_>, _: Site<'_>, _: Belief) -> Result<Recorded, Error> {
        Ok(Recorded::As(Machine::Node(tools.node()?.clone())))
    }

    fn needed(&self, machine: &Machine, resolved: &Resolution) -> Result<Vec<Wanted>, Error> {
        let node = node(machine)?;
        let mut wanted = Vec::new();
        for claim in resolved.claims.values() {
            // What only the archive can tell is fetched for that.
            if words(claim)?.as_claimed().is_none_or(|package| fits(&package, node)) {
                wanted.extend(claim.archives.iter().cloned());
            }
        }
        Ok(wanted)
    }

    fn fetch<'a>(&'a self, tools: &'a Tools<'a>, wanted: &'a Wanted, sink: Sink<'a>) -> Pending<'a, ()> {
        async move {
            let (npm, network) = tools.online("fetch archives").await?;
            let key = &wanted.key;
            let fetched = npm.fetch(network, &key.name, &key.version, wanted.address.as_deref(), sink).await;
            fetched.map(drop).map_err(|error: FetchError<StoreError>| match error {
                FetchError::Npm(error) => Error::Npm(error),
                FetchError::Sink(error) => Error::Store(error),
            })
        }
        .boxed_local()
    }

    fn attestations<'a>(&'a self, tools: &'a Tools<'a>, key: &'a Key, announced: Option<&'a Announced>) -> Pending<'a, Option<Vec<u8>>> {
        async move {
            let announced = match announced {
                Some(Announced::Npm(announced)) => Some(announced),
                _ => None,
            };
            let (npm, network) = tools.online("ask for attestations").await?;
            Ok(npm.attestations(network, &key.name, &key.version, announced).await?)
        }
        .boxed_local()
    }

    fn documents(&self, _: &Key, reply: &[u8]) -> Result<Vec<Document>, Refused> {
        read_npm_reply(reply).map_err(Refused::Undecidable)
    }

    fn prove(
        &self,
        trust: &Trust,
        key: &Key,
        signatures: &[RegistrySignature],
        documents: &[Document],
        now: Timestamp,
    ) -> Result<Proven, Refused> {
        let subject = NpmSubject {
            name: &key.name,
            version: &key.version,
            archive: &key.integrity,
        };
        prove_npm(trust, subject, signatures, documents, now)
    }

    fn confirm(&self, store: &Store, claimed: &Claimed) -> Result<Result<Confirmed, NotConfirmed>, Error> {
        let claim = words(claimed)?;
        let what = format!("{}@{}", claim.name, claim.version);
        let Some(stored) = store.archive(&claim.integrity, &what)? else {
            let package = claim.as_claimed().ok_or_else(|| gone("fetching the archives"))?;
            return Ok(Ok((package, None)));
        };
        let contents = stored.contents()?;
        let source = named_repository(&contents.manifest);
        Ok(confirm(claim, &contents)
            .map(|package| (package, source))
            .map_err(|refusal| NotConfirmed {
                confused: matches!(refusal, Refusal::Confused(_)),
                what: refusal.to_string(),
            }))
    }

    fn differences(&self, stored: &StoredArchive, at: Archive<'_>) -> Result<Vec<String>, Error> {
        Ok(match check_locked(at.package, &stored.contents()?) {
            Ok(differences) => differences.iter().map(ToString::to_string).collect(),
            Err(refusal) => vec![refusal.to_string()],
        })
    }

    fn repository(&self, stored: &StoredArchive, _: Archive<'_>) -> Result<Option<String>, Error> {
        Ok(named_repository(&stored.contents()?.manifest))
    }

    fn launch(&self, store: &Store, _: &Machine, name: &ServerName, entry: &ServerEntry, closure: &Closure) -> Result<Launch, Error> {
        let root = closure.root_package().ok_or_else(|| gone("reading the server's own archive"))?;
        let (stored, _) = at_hand(store, root)?.ok_or_else(|| gone("reading the server's own archive"))?;
        let contents = stored.contents()?;
        let failed = |what: String, hint: Option<String>| Error::Entry {
            server: name.clone(),
            what,
            hint,
        };
        let manifest = Manifest::parse(&contents.manifest).map_err(|error| failed(error.to_string(), None))?;
        let read = |path: &str| stored.read_file(path).ok().flatten();
        let file =
            entry_point(&manifest, &contents, entry.bin.as_deref(), read).map_err(|error| failed(error.to_string(), error.hint()))?;
        let wanted = root.node().and_then(|terms| terms.engines_node.clone());
        Ok(Launch {
            runtime: Runtime::Node { wanted },
            entry: format!("{}/{file}", closure.root),
            args: entry.args.clone(),
            env: sorted(&entry.env),
            cwd: entry.cwd,
            network: entry.network,
        })
    }

    fn wrong_launch(&self, store: &Store, _: &Machine, closure: &Closure, launch: &Launch) -> Result<Option<String>, Error> {
        let Some(root) = closure.root_package() else {
            return Ok(Some("the server's own package is missing".to_owned()));
        };
        let (stored, _) = at_hand(store, root)?.ok_or_else(|| gone("reading the server's own archive"))?;
        let contents = stored.contents()?;
        let inside = launch.entry.strip_prefix(&format!("{}/", closure.root));
        let there = inside.is_some_and(|path| contents.has(path));
        Ok((!there).then(|| format!("{} holds no `{}`", root.label(), launch.entry)))
    }

    fn runtime_finding(&self, machine: &Machine, server: &ServerName, closure: &Closure) -> Result<Option<Finding>, Error> {
        let Some(wanted) = closure.root_package().and_then(|root| root.node()?.engines_node.clone()) else {
            return Ok(None);
        };
        let found = node(machine)?.version()?;
        let fits = Range::parse(&wanted).is_none_or(|range| range.accepts(&found));
        Ok((!fits).then(|| {
            let title = format!("it wants node `{wanted}` and this machine has {found}");
            let facts = serde_json::json!([wanted, found]);
            Finding::new("runtime-unfit", Grade::Notice, server, "node", title, &facts)
        }))
    }

    fn required<'a>(&self, machine: &Machine, closure: &'a Closure) -> Result<Vec<Archive<'a>>, Error> {
        let node = node(machine)?;
        let all = Archive::all(closure).into_iter();
        Ok(all.filter(|at| !optional(at.package) || fits(at.package, node)).collect())
    }

    fn unfit(&self, machine: &Machine, closure: &Closure, _: &Source) -> Result<Option<String>, Error> {
        let node = node(machine)?;
        let unfit = closure.packages.values().find(|package| !optional(package) && !fits(package, node));
        Ok(unfit.map(|package| format!("it needs {}, which does not run on this platform", package.label())))
    }

    fn unpacked<'a>(&self, machine: &'a Machine, closure: &'a Closure) -> Result<Vec<(&'a InstallPath, Archive<'a>)>, Error> {
        let here = closure.packages.keys().zip(closure.packages.values());
        let platform = node(machine)?.platform();
        let wanted: BTreeSet<&InstallPath> = closure.for_platform(platform).map(|(path, _)| path).collect();
        let archive = |package: &'a LockedPackage| package.archives.first().map(|archive| Archive { package, archive });
        Ok(here
            .filter(|(path, _)| wanted.contains(path))
            .filter_map(|(path, package)| Some((path, archive(package)?)))
            .collect())
    }

    fn tree(&self, machine: &Machine, server: &ServerName, closure: &Closure) -> Result<(InstallId, Vec<Part>), Error> {
        let unpacked = self.unpacked(machine, closure)?;
        let places = unpacked.iter().map(|(path, at)| (*path, &at.archive.integrity));
        let id = InstallId::of(server, node(machine)?.platform(), places);
        let part = |(path, at): &(&InstallPath, Archive<'_>)| Part {
            place: Place::Package((*path).clone()),
            integrity: at.archive.integrity.clone(),
            what: at.label(),
        };
        Ok((id, unpacked.iter().map(part).collect()))
    }

    fn files(&self, stored: &StoredArchive) -> Result<Files, Error> {
        let mut bytes = BTreeMap::new();
        stored.for_each_file(&mut |path, _, content| {
            bytes.insert(path.to_owned(), content.to_vec());
        })?;
        Ok((stored.contents()?, bytes))
    }

    fn start(&self, machine: &Machine, start: Start<'_>) -> Result<Launchable, Error> {
        let Start {
            installed,
            launch,
            digest,
            approval,
            env,
        } = start;
        Ok(launch::package(installed, launch, digest, approval, node(machine)?, env)?)
    }
}

pub(super) fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    names
}

fn named_repository(manifest: &[u8]) -> Option<String> {
    repository_of(&Manifest::parse(manifest).ok()?.repository?)
}

fn key(claim: &Claim) -> Key {
    Key {
        name: claim.name.clone(),
        version: claim.version.clone(),
        file: None,
        integrity: claim.integrity.clone(),
    }
}

/// Resolves as of the cutoff. Where nothing old enough satisfies the requirement, resolves as of
/// the day of the release that is wanted: the findings then say how young it is, and nothing goes
/// on without a yes to that.
async fn resolve(tools: &Tools<'_>, ask: Ask<'_>) -> Result<Resolution, Error> {
    let Source::Npm { name, requirement } = ask.source else {
        return Err(gone("reading the source"));
    };
    let (npm, network) = tools.online(&format!("resolve `{name}`")).await?;
    tools.person.note(&format!("resolving {name}"));
    let requirement = requirement.as_deref();
    let resolution = match npm.resolve(network, name, requirement, ask.cutoff).await {
        Err(NpmError::OnlyYounger { .. }) if ask.cutoff.is_some() => {
            let free = npm.resolve(network, name, requirement, None).await?;
            let wanted = free.claims.get(&free.root).map(|claim| claim.version.clone()).unwrap_or_default();
            match npm.packument(network, name).await?.time(&wanted) {
                Some(released) => match npm.resolve(network, name, Some(&wanted), Some(released)).await {
                    Err(NpmError::OnlyYounger { .. }) => free,
                    result => result?,
                },
                None => free,
            }
        }
        result => result?,
    };
    let findings = resolution
        .notes
        .iter()
        .filter_map(|note| note_finding(ask.site.server, note))
        .collect();
    let claimed = |(path, claim): (InstallPath, Claim)| {
        let archive = Wanted {
            key: key(&claim),
            address: claim.resolved.clone(),
        };
        let claimed = Claimed {
            name: claim.name.clone(),
            version: claim.version.clone(),
            archives: vec![archive],
            beside: BTreeMap::new(),
            words: Words::Npm(Box::new(claim)),
        };
        (path, claimed)
    };
    Ok(Resolution {
        root: resolution.root,
        claims: resolution.claims.into_iter().map(claimed).collect(),
        findings,
        runtime: None,
        earlier: Earlier::new(),
        told: Told::default(),
    })
}

/// A bundled package is reported with the closure it stands in; what npm left out is not.
fn note_finding(server: &ServerName, note: &Note) -> Option<Finding> {
    let Note::OptionalAbsent { from, name, requirement } = note else {
        return None;
    };
    let text = format!("npm left out the optional dependency {name} ({requirement}) of {from}: the registry does not give it");
    let facts = serde_json::json!(text);
    let code = "optional-dependency-absent";
    Some(Finding::new(code, Grade::Info, server, name.as_str(), text, &facts))
}

/// One document a package.
async fn releases(tools: &Tools<'_>, resolved: &mut Resolution) -> Result<Releases, Error> {
    let mut wanted: BTreeMap<PackageName, BTreeSet<(String, Integrity)>> = BTreeMap::new();
    for claim in resolved.claims.values() {
        let claim = words(claim)?;
        let version = (claim.version.clone(), claim.integrity.clone());
        wanted.entry(claim.name.clone()).or_default().insert(version);
    }
    let (npm, network) = tools.online("ask for release dates and signatures").await?;
    let progress = tools.person.progress("releases", wanted.len());
    let mut waiting = wanted.into_iter();
    let mut running = futures_util::stream::FuturesUnordered::new();
    let mut releases = Releases::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((name, versions)) = waiting.next()
        {
            running.push(async move {
                let document = npm.packument(network, &name).await;
                (name, versions, document)
            });
        }
        let Some((name, versions, document)) = futures_util::StreamExt::next(&mut running).await else {
            return Ok(releases);
        };
        progress.step(name.as_str());
        let document = document?;
        let matter = versions
            .iter()
            .map(|(version, _)| version)
            .chain(resolved.earlier.get(&name).into_iter().flatten());
        let told = document.told(npm.registry_of(&name), matter.map(String::as_str));
        resolved.told.packages.insert(name.clone(), told);
        for (version, integrity) in versions {
            let release = document.release(&version)?.ok_or_else(|| NpmError::Document {
                name: name.clone(),
                cause: format!("it does not hold version {version}, which npm chose"),
            })?;
            let key = Key {
                name: name.clone(),
                version,
                file: None,
                integrity,
            };
            let release = Release {
                published: release.published,
                signatures: release.signatures,
                attestations: release.attestations.map(Announced::Npm),
            };
            releases.insert(key, release);
        }
    }
}

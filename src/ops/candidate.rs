//! From what the user wants to a candidate for the lock: resolved, fetched, confirmed. Nothing of
//! it is started.
//!
//! The resolver's answer is a claim. What the candidate holds of a package is its verified
//! archive's own word; where the registry's metadata says otherwise, that ends the operation.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::lock::check::{Range, check};
use crate::manifest::{Policy, ServerEntry};
use crate::model::{
    Closure, Finding, Grade, InstallPath, Launch, LocalArg, LockedPackage, PackageName, Pin, Pinned, Runtime, ServerName, Source,
};
use crate::ops::archive::Key;
use crate::ops::evidence::{self, Known};
use crate::ops::sync::Wanted;
use crate::ops::tools::Tools;
use crate::ops::{checks, dates, local as local_command, releases, sync};
use crate::registry::npm::{Claim, Note, NpmError, Resolution};
use crate::verify::attest::source::repository_of;
use crate::verify::npm::{Manifest, Refusal, confirm, entry_point};

/// What a candidate must meet, and what is known already.
#[derive(Debug)]
pub struct Terms<'a> {
    /// Younger releases are not taken by themselves. Zero switches the rule off.
    pub cooldown: SignedDuration,
    /// The policy in force.
    pub policy: &'a Policy,
    /// Evidence that locks and approved entries hold already.
    pub known: Known,
}

/// A candidate.
#[derive(Debug)]
pub struct Candidate {
    /// Without a surface.
    pub pin: Pin,
    /// What was found on the way.
    pub findings: Vec<Finding>,
    /// Figures for the person.
    pub summary: Vec<String>,
}

/// Resolves, fetches and confirms an npm server.
///
/// # Errors
/// The resolver or the network; archives that are not what was claimed; a closure that does not
/// hang together; a package that cannot be started.
pub async fn npm(tools: &Tools<'_>, name: &ServerName, entry: &ServerEntry, terms: &Terms<'_>) -> Result<Candidate, Error> {
    let Source::Npm {
        name: package,
        requirement,
    } = &entry.source
    else {
        return Err(Error::NoName {
            source_text: entry.source.to_string(),
        });
    };
    let cutoff = cutoff(tools, terms.cooldown);
    let resolved = resolve(tools, package, requirement.as_deref(), cutoff).await?;
    let releases = releases::fetch(tools, &resolved).await?;
    let mut findings = dates::findings(tools, name, &resolved, &releases, cutoff);
    findings.extend(resolved.notes.iter().filter_map(|note| note_finding(name, note)));
    fetch(tools, &resolved).await?;
    let (mut closure, claimed) = confirmed(tools, name, &resolved)?;
    let poison = check(&closure, &entry.source);
    let poison: Vec<_> = poison
        .iter()
        .filter(|poison| !poison.is_notice())
        .map(ToString::to_string)
        .collect();
    if !poison.is_empty() {
        return Err(checks::untrustworthy(
            name,
            "closure-broken",
            "its closure does not hang together",
            &poison,
        ));
    }
    let launch = launch(tools, name, entry, &closure)?;
    findings.extend(evidence::collect(tools, name, &mut closure, &releases, &terms.known, &claimed).await?);
    findings.extend(engine(tools, name, &closure)?);
    let pin = Pin {
        source: entry.source.clone(),
        pinned: Pinned::Package { closure, launch },
        surface: None,
    };
    findings.extend(checks::poison(name, &pin));
    findings.extend(evidence::demands(name, &pin, terms.policy, Some(entry)));
    Ok(Candidate {
        summary: figures(&pin),
        pin,
        findings,
    })
}

/// The latest release date that is taken by itself; `None` with a cooldown of zero.
fn cutoff(tools: &Tools<'_>, cooldown: SignedDuration) -> Option<Timestamp> {
    cooldown
        .is_positive()
        .then(|| tools.context.now().saturating_sub(cooldown).ok())
        .flatten()
}

/// Resolves as of the cutoff. Where nothing old enough satisfies the requirement, resolves as of
/// the day of the release that is wanted: the findings then say how young it is, and nothing goes
/// on without a yes to that.
async fn resolve(
    tools: &Tools<'_>,
    package: &PackageName,
    requirement: Option<&str>,
    cutoff: Option<Timestamp>,
) -> Result<Resolution, Error> {
    let (npm, network) = tools.online(&format!("resolve `{package}`")).await?;
    tools.person.note(&format!("resolving {package}"));
    match npm.resolve(network, package, requirement, cutoff).await {
        Err(NpmError::OnlyYounger { .. }) if cutoff.is_some() => {}
        result => return Ok(result?),
    }
    let free = npm.resolve(network, package, requirement, None).await?;
    let wanted = free.claims.get(&free.root).map(|claim| claim.version.clone()).unwrap_or_default();
    let released = npm.packument(network, package).await?.time(&wanted);
    match released {
        Some(released) => match npm.resolve(network, package, Some(&wanted), Some(released)).await {
            Ok(resolution) => Ok(resolution),
            Err(NpmError::OnlyYounger { .. }) => Ok(free),
            Err(error) => Err(error.into()),
        },
        None => Ok(free),
    }
}

/// Fetches what this platform needs, and what only its archive can tell about.
async fn fetch(tools: &Tools<'_>, resolved: &Resolution) -> Result<(), Error> {
    let platform = tools.node()?.platform().clone();
    let wanted = resolved
        .claims
        .values()
        .filter(|claim| claim_fits(claim, &platform) || claim.as_claimed().is_none());
    let wanted = wanted
        .map(|claim| Wanted {
            key: Key {
                name: claim.name.clone(),
                version: claim.version.clone(),
                file: None,
                integrity: claim.integrity.clone(),
            },
            address: claim.resolved.clone(),
        })
        .collect();
    sync::fetch(tools, wanted).await
}

fn claim_fits(claim: &Claim, platform: &crate::model::Platform) -> bool {
    claim
        .as_claimed()
        .is_none_or(|package| package.node().is_some_and(|terms| terms.fits(platform)))
}

/// Where packages say that they come from, as far as their archives are at hand.
type Sources = BTreeMap<Key, String>;

/// Every archive we hold, against what was claimed of it.
fn confirmed(tools: &Tools<'_>, name: &ServerName, resolved: &Resolution) -> Result<(Closure, Sources), Error> {
    let mut sources = Sources::new();
    let mut packages: BTreeMap<InstallPath, LockedPackage> = BTreeMap::new();
    let (mut confused, mut refused) = (Vec::new(), Vec::new());
    for (path, claim) in &resolved.claims {
        let what = format!("{}@{}", claim.name, claim.version);
        match package(tools, claim)? {
            Ok((package, source)) => {
                let keys = package.archives.iter().map(|archive| Key::of(&package, archive));
                sources.extend(keys.filter_map(|key| Some((key, source.clone()?))));
                packages.insert(path.clone(), package);
            }
            Err(refusal @ Refusal::Confused(_)) => confused.push(format!("{what}: {refusal}")),
            Err(refusal) => refused.push(format!("{what}: {refusal}")),
        }
    }
    if !confused.is_empty() {
        let what = "the registry's metadata says something else than the archive it names";
        return Err(checks::untrustworthy(name, "manifest-confusion", what, &confused));
    }
    if !refused.is_empty() {
        return Err(checks::untrustworthy(
            name,
            "archive-refused",
            "an archive of its closure is refused",
            &refused,
        ));
    }
    let root = resolved.root.clone();
    Ok((Closure { root, packages }, sources))
}

/// A package as its archive says, and the repository that it names.
type Confirmed = (LockedPackage, Option<String>);

fn package(tools: &Tools<'_>, claim: &Claim) -> Result<Result<Confirmed, Refusal>, Error> {
    let what = format!("{}@{}", claim.name, claim.version);
    match (tools.store.archive(&claim.integrity, &what)?, claim.as_claimed()) {
        (Some(archive), _) => {
            let contents = archive.contents()?;
            let source = || {
                Manifest::parse(&contents.manifest)
                    .ok()
                    .and_then(|manifest| repository_of(&manifest.repository?))
            };
            Ok(confirm(claim, &contents).map(|package| (package, source())))
        }
        (None, Some(claimed)) => Ok(Ok((claimed, None))),
        (None, None) => Err(Error::Worker {
            what: "fetching the archives",
        }),
    }
}

fn launch(tools: &Tools<'_>, name: &ServerName, entry: &ServerEntry, closure: &Closure) -> Result<Launch, Error> {
    let gone = || Error::Worker {
        what: "reading the server's own archive",
    };
    let root = closure.root_package().ok_or_else(gone)?;
    let integrity = &root.archives.first().ok_or_else(gone)?.integrity;
    let archive = tools.store.archive(integrity, &root.label())?.ok_or_else(gone)?;
    let contents = archive.contents()?;
    let failed = |what: String, hint: Option<String>| Error::Entry {
        server: name.clone(),
        what,
        hint,
    };
    let manifest = Manifest::parse(&contents.manifest).map_err(|error| failed(error.to_string(), None))?;
    let file = entry_point(&manifest, &contents, entry.bin.as_deref(), |path| {
        archive.read_file(path).ok().flatten()
    })
    .map_err(|error| failed(error.to_string(), error.hint()))?;
    let mut env = entry.env.clone();
    env.sort();
    env.dedup();
    Ok(Launch {
        runtime: Runtime::Node {
            wanted: root.node().and_then(|terms| terms.engines_node.clone()),
        },
        entry: format!("{}/{file}", closure.root),
        args: entry.args.clone(),
        env,
        cwd: entry.cwd,
        network: entry.network,
    })
}

/// Whether this machine's runtime is one the package asks for.
fn engine(tools: &Tools<'_>, name: &ServerName, closure: &Closure) -> Result<Option<Finding>, Error> {
    let Some(wanted) = closure.root_package().and_then(|root| root.node()?.engines_node.clone()) else {
        return Ok(None);
    };
    let found = tools.node()?.version()?;
    let fits = Range::parse(&wanted).is_none_or(|range| range.accepts(&found));
    Ok((!fits).then(|| {
        let title = format!("it wants node `{wanted}` and this machine has {found}");
        Finding::new(
            "runtime-unfit",
            Grade::Notice,
            name,
            "node",
            title,
            &serde_json::json!([wanted, found]),
        )
    }))
}

/// A bundled package is reported with the closure it stands in; what npm left out is not.
fn note_finding(server: &ServerName, note: &Note) -> Option<Finding> {
    let Note::OptionalAbsent { from, name, requirement } = note else {
        return None;
    };
    let text = format!("npm left out the optional dependency {name} ({requirement}) of {from}: the registry does not give it");
    let facts = serde_json::json!(text);
    Some(Finding::new(
        "optional-dependency-absent",
        Grade::Info,
        server,
        name.as_str(),
        text,
        &facts,
    ))
}

/// A candidate for a command of this machine.
///
/// # Errors
/// The command cannot be pinned.
pub fn local(tools: &Tools<'_>, entry: &ServerEntry) -> Result<Candidate, Error> {
    let path = tools.context.env.get("PATH").unwrap_or_default();
    let mut pinned = local_command::pin(&entry.command, path, &tools.context.cwd)?;
    pinned.env.clone_from(&entry.env);
    pinned.env.sort();
    pinned.env.dedup();
    pinned.cwd = entry.cwd;
    pinned.network = entry.network;
    let pin = Pin {
        source: Source::Local,
        pinned: Pinned::Local(pinned),
        surface: None,
    };
    Ok(Candidate {
        summary: figures(&pin),
        pin,
        findings: Vec::new(),
    })
}

/// The manifest entry that a pin was made from, as far as the pin tells.
pub fn entry_of(pin: &Pin) -> ServerEntry {
    let (args, env, cwd, command) = match &pin.pinned {
        Pinned::Package { launch, .. } => (launch.args.clone(), launch.env.clone(), launch.cwd, Vec::new()),
        Pinned::Local(local) => {
            let mut command = vec![local.command.path.clone()];
            command.extend(local.args.iter().map(|arg| match arg {
                LocalArg::Text(text) => text.clone(),
                LocalArg::File(file) => file.path.clone(),
            }));
            (Vec::new(), local.env.clone(), local.cwd, command)
        }
    };
    ServerEntry {
        source: pin.source.clone(),
        args,
        env,
        cwd,
        network: pin.network(),
        bin: None,
        evidence: None,
        identity: None,
        command,
    }
}

/// A few lines of figures about a pin.
pub fn figures(pin: &Pin) -> Vec<String> {
    match &pin.pinned {
        Pinned::Package { closure, launch } => {
            let root = closure.root_package().map(LockedPackage::label).unwrap_or_default();
            let limited = closure.packages.values().filter(|package| package.is_platform_limited()).count();
            let limited = if limited > 0 {
                format!(", {limited} of them for certain platforms only")
            } else {
                String::new()
            };
            [
                format!(
                    "{root}, {} package{}{limited}; every archive's digest is in the lock",
                    closure.packages.len(),
                    if closure.packages.len() == 1 { "" } else { "s" },
                ),
                format!("starts {} {} {}", launch.runtime.kind(), launch.entry, launch.args.join(" "))
                    .trim_end()
                    .to_owned(),
            ]
            .into_iter()
            .chain(evidence::figures(closure))
            .collect()
        }
        Pinned::Local(local) => {
            vec![format!(
                "starts {} of this machine, pinned by content; files it loads in turn are not pinned",
                local.command.path
            )]
        }
    }
}

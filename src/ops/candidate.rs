//! From what the user wants to a candidate for the lock: resolved, fetched, confirmed. Nothing of
//! it is started.
//!
//! The resolver's answer is a claim. What the candidate holds of a package is its verified
//! archive's own word; where the registry's metadata says otherwise, that ends the operation.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::lock::check::{check, prune};
use crate::manifest::{GuardSettings, Policy, ServerEntry};
use crate::model::{
    Closure, CwdRule, Finding, InstallPath, LocalArg, LockedPackage, Pin, Pinned, Remote, RemoteSettings, RemoteUrl, ServerName, Source,
    Told,
};
use crate::ops::archive::Key;
use crate::ops::ecosystem::{self, Ask, Builds, Ecosystem, Resolution, Site, is_built};
use crate::ops::evidence::{self, Known};
use crate::ops::tools::Tools;
use crate::ops::{checks, dates, local as local_command, sync};

/// What a candidate must meet, and what is known already.
#[derive(Debug)]
pub struct Terms<'a> {
    /// Younger releases are not taken by themselves. Zero switches the rule off.
    pub cooldown: SignedDuration,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The user accepted that nothing keeps a build in, where there is no sandbox.
    pub unsandboxed: bool,
    /// Evidence that locks and approved entries hold already.
    pub known: Known,
    /// What the candidate will be compared with: registries are asked what they say of that too.
    pub before: Option<&'a Pin>,
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
    /// What the registries say of its packages.
    pub told: Told,
}

/// Resolves, fetches and confirms a registry's server. The order of checks is the same for every
/// ecosystem.
///
/// # Errors
/// The resolver or the network; no runtime that fits; archives that are not what was claimed; a
/// closure that does not hang together; a package that cannot be started.
pub async fn package(tools: &Tools<'_>, site: Site<'_>, entry: &ServerEntry, terms: &Terms<'_>) -> Result<Candidate, Error> {
    let name = site.server;
    let ecosystem = ecosystem::of_source(&entry.source).ok_or_else(|| Error::NoName {
        source_text: entry.source.to_string(),
    })?;
    let ask = Ask {
        site,
        source: &entry.source,
        cutoff: cutoff(tools, terms.cooldown),
        builds: Builds {
            policy: terms.policy,
            unsandboxed: terms.unsandboxed,
        },
    };
    let mut resolved = ecosystem.resolve(tools, ask).await?;
    let wanted = resolved.runtime.clone();
    let machine = ecosystem.machine(tools, wanted.as_deref()).await;
    let machine = machine.map_err(|error| of_the_server(error, &resolved))?;
    if let Some(Pinned::Package { closure, .. }) = terms.before.map(|before| &before.pinned) {
        for package in closure.packages.values() {
            let versions = resolved.earlier.entry(package.name.clone()).or_default();
            versions.insert(package.version.clone());
        }
    }
    let releases = ecosystem.releases(tools, &mut resolved).await?;
    resolved.told.now = Some(tools.context.now());
    let mut findings = dates::findings(tools, name, &resolved, &releases, ask.cutoff);
    findings.extend(dates::deprecated(name, &resolved));
    findings.append(&mut resolved.findings);
    sync::fetch(tools, ecosystem, ecosystem.needed(&machine, &resolved)?).await?;
    let (mut closure, claimed) = confirmed(tools, ecosystem, name, &resolved)?;
    prune(&mut closure, &entry.source);
    let poison: Vec<_> = check(&closure, &entry.source)
        .iter()
        .filter(|poison| !poison.is_notice())
        .map(ToString::to_string)
        .collect();
    if !poison.is_empty() {
        let what = "its closure does not hang together";
        return Err(checks::untrustworthy(name, "closure-broken", what, &poison));
    }
    if let Some(what) = ecosystem.unfit(&machine, &closure, &entry.source)? {
        let server = name.clone();
        return Err(Error::Entry { server, what, hint: None });
    }
    findings.extend(ecosystem.passed_over(tools, ask, &resolved).await?);
    let launch = ecosystem.launch(&tools.store, &machine, name, entry, &closure)?;
    findings.extend(evidence::collect(tools, ecosystem, name, &mut closure, &releases, &terms.known, &claimed).await?);
    findings.extend(ecosystem.runtime_finding(&machine, name, &closure)?);
    let pin = Pin {
        source: entry.source.clone(),
        pinned: Pinned::Package { closure, launch },
        surface: None,
        guard: entry.guard.pin(),
    };
    findings.extend(checks::poison(name, &pin));
    findings.extend(evidence::demands(name, &pin, terms.policy, Some(entry)));
    let mut summary = figures(&pin);
    summary.extend(dates::told(&resolved));
    Ok(Candidate {
        summary,
        pin,
        findings,
        told: resolved.told,
    })
}

/// Tells which version it is that asks for a runtime that is not there.
fn of_the_server(error: Error, resolved: &Resolution) -> Error {
    match (error, resolved.claims.get(&resolved.root)) {
        (Error::Runtime(source), Some(claim)) => Error::NoRuntime {
            package: format!("{}@{}", claim.name, claim.version),
            source,
        },
        (error, _) => error,
    }
}

/// The latest release date that is taken by itself; `None` with a cooldown of zero.
fn cutoff(tools: &Tools<'_>, cooldown: SignedDuration) -> Option<Timestamp> {
    cooldown
        .is_positive()
        .then(|| tools.context.now().saturating_sub(cooldown).ok())
        .flatten()
}

/// Where packages say that they come from, as far as their archives are at hand.
type Sources = BTreeMap<Key, String>;

/// Every archive we hold, against what was claimed of it.
fn confirmed(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, name: &ServerName, resolved: &Resolution) -> Result<(Closure, Sources), Error> {
    let mut sources = Sources::new();
    let mut packages: BTreeMap<InstallPath, LockedPackage> = BTreeMap::new();
    let (mut confused, mut refused) = (Vec::new(), Vec::new());
    for (path, claim) in &resolved.claims {
        match ecosystem.confirm(&tools.store, claim)? {
            Ok((package, source)) => {
                let keys = package.archives.iter().map(|archive| Key::of(&package, archive));
                sources.extend(keys.filter_map(|key| Some((key, source.clone()?))));
                packages.insert(path.clone(), package);
            }
            Err(not) => {
                let line = format!("{}@{}: {}", claim.name, claim.version, not.what);
                if not.confused { confused.push(line) } else { refused.push(line) }
            }
        }
    }
    if !confused.is_empty() {
        let what = "the registry's metadata says something else than the archive it names";
        return Err(checks::untrustworthy(name, "manifest-confusion", what, &confused));
    }
    if !refused.is_empty() {
        let what = "an archive of its closure is refused";
        return Err(checks::untrustworthy(name, "archive-refused", what, &refused));
    }
    let root = resolved.root.clone();
    Ok((Closure { root, packages }, sources))
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
        guard: entry.guard.pin(),
    };
    Ok(Candidate {
        summary: figures(&pin),
        pin,
        findings: Vec::new(),
        told: Told::default(),
    })
}

/// The candidate of a remote server. Nothing is asked of it yet: not before its origin is approved.
/// Until then, who hands out its tokens is as it was `before`, where the address is the same.
pub fn remote(entry: &ServerEntry, url: &RemoteUrl, before: Option<&Pin>) -> Candidate {
    let mut remote = Remote::new(url.clone(), entry.remote.clone());
    if let Some(Pinned::Remote(before)) = before.map(|before| &before.pinned)
        && before.url == remote.url
    {
        remote.issuers.clone_from(&before.issuers);
        remote.authorization = before.authorization.clone();
    }
    let pin = Pin {
        source: entry.source.clone(),
        pinned: Pinned::Remote(Box::new(remote)),
        surface: None,
        guard: entry.guard.pin(),
    };
    Candidate {
        summary: figures(&pin),
        pin,
        findings: Vec::new(),
        told: Told::default(),
    }
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
        Pinned::Remote(_) => (Vec::new(), Vec::new(), CwdRule::Empty, Vec::new()),
    };
    ServerEntry {
        source: pin.source.clone(),
        args,
        env,
        cwd,
        network: pin.network() && !matches!(pin.pinned, Pinned::Remote(_)),
        bin: None,
        evidence: None,
        identity: None,
        command,
        remote: match &pin.pinned {
            Pinned::Remote(remote) => remote.settings.clone(),
            Pinned::Package { .. } | Pinned::Local(_) => RemoteSettings::default(),
        },
        guard: GuardSettings::of(&pin.guard),
    }
}

/// A few lines of figures about a pin.
pub fn figures(pin: &Pin) -> Vec<String> {
    match &pin.pinned {
        Pinned::Package { closure, launch } => {
            let root = closure.root_package().map(LockedPackage::label).unwrap_or_default();
            let limited = closure.packages.values().filter(|package| package.is_platform_limited()).count();
            let built = closure.packages.values().filter(|package| is_built(package));
            let built = built.map(|package| format!("{} is built from source on this machine", package.label()));
            let archives = closure.archives().count() - built.clone().count();
            let wheels = if closure.root.is_python() {
                format!(", {archives} wheel{}", if archives == 1 { "" } else { "s" })
            } else {
                String::new()
            };
            let limited = if limited > 0 {
                format!(", {limited} of them for certain platforms only")
            } else {
                String::new()
            };
            [
                format!(
                    "{root}, {} package{}{wheels}{limited}; every archive's digest is in the lock",
                    closure.packages.len(),
                    if closure.packages.len() == 1 { "" } else { "s" },
                ),
                format!("starts {} {} {}", launch.runtime.kind(), launch.entry, launch.args.join(" "))
                    .trim_end()
                    .to_owned(),
            ]
            .into_iter()
            .chain(built)
            .chain(evidence::figures(closure))
            .collect()
        }
        Pinned::Local(local) => {
            vec![format!(
                "starts {} of this machine, pinned by content; files it loads in turn are not pinned",
                local.command.path
            )]
        }
        Pinned::Remote(remote) => {
            let tls = match (remote.url.url().scheme(), &remote.settings.tls_key) {
                ("http", _) => "in plain text, on this machine",
                (_, Some(_)) => "over TLS with the pinned key",
                (_, None) => "over TLS",
            };
            vec![format!(
                "speaks to {} by {}, {tls}; its code is not seen",
                remote.url,
                remote.settings.transport.as_str()
            )]
        }
    }
}

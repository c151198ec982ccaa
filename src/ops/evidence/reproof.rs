//! Pinned evidence, proved again: from the lock and the store alone, without a network.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::told::told;
use super::{AT_ONCE, on_all_cores, undecided};
use crate::error::Error;
use crate::model::report::Undecided;
use crate::model::{Detail, Finding, Grade, Level, ServerName, Sha256Digest};
use crate::ops::archive::{Archive, Key};
use crate::ops::checks;
use crate::ops::ecosystem::Ecosystem;
use crate::ops::tools::Tools;
use crate::policy;
use crate::store::{Store, StoreError};
use crate::verify::attest::{Document, Proven, Refused};

/// What became of one package's pinned evidence.
#[derive(Debug)]
pub enum Reproof {
    /// It holds, and is exactly what is pinned.
    Holds(Box<Proven>),
    /// The store lacks a bundle that is pinned: nothing is decided.
    Missing,
    /// A stored bundle is not what it was when it was proved.
    Changed,
    /// It does not hold, or cannot be judged.
    Refused(Refused),
    /// It holds, and proves something else than what is pinned.
    Differs {
        /// What is pinned.
        pinned: String,
        /// What is proved.
        proved: String,
    },
}

/// Proves the evidence of packages again, on all cores, in their order.
///
/// # Errors
/// The trust root cannot be loaded, or the store cannot be read.
pub fn reprove(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, packages: &[Archive<'_>]) -> Result<Vec<Reproof>, Error> {
    let trust = &tools.trust()?.trust;
    let now = tools.context.now();
    let stored = stored(&tools.store, packages)?;
    let one = |&Archive { package, archive }: &Archive<'_>| {
        let evidence = &archive.evidence;
        let mut documents = Vec::new();
        for digest in evidence.bundles() {
            match stored.get(&digest) {
                Some(Stored::Whole(document)) => documents.push(document.clone()),
                Some(Stored::Changed) => return Reproof::Changed,
                None => return Reproof::Missing,
            }
        }
        let signatures: Vec<_> = evidence.signature.iter().cloned().collect();
        match ecosystem.prove(trust, &Key::of(package, archive), &signatures, &documents, now) {
            Err(refused) => Reproof::Refused(refused),
            Ok(proven) if proven.evidence() == evidence => Reproof::Holds(Box::new(proven)),
            Ok(proven) => Reproof::Differs {
                pinned: told(evidence),
                proved: told(proven.evidence()),
            },
        }
    };
    Ok(on_all_cores(packages, one))
}

/// A bundle of the store.
enum Stored {
    Whole(Document),
    /// It is not what it was when it was proved.
    Changed,
}

/// Every bundle that the packages name and the store has, read once, on all cores. The attack: a
/// lock in which thousands of packages name the same many bundles.
fn stored(store: &Store, packages: &[Archive<'_>]) -> Result<BTreeMap<Sha256Digest, Stored>, Error> {
    let named: BTreeSet<_> = packages.iter().flat_map(|archive| archive.archive.evidence.bundles()).collect();
    let named: Vec<_> = named.into_iter().collect();
    let read = on_all_cores(&named, |digest| document(store, digest));
    let mut found = BTreeMap::new();
    for (digest, read) in named.into_iter().zip(read) {
        found.extend(read?.map(|stored| (digest, stored)));
    }
    Ok(found)
}

fn document(store: &Store, digest: &Sha256Digest) -> Result<Option<Stored>, Error> {
    let bytes = match store.bundle(digest) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(None),
        Err(StoreError::BundleChanged { .. } | StoreError::BundleTooLarge { .. } | StoreError::NotAFile { .. }) => {
            return Ok(Some(Stored::Changed));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Some(match Document::new(&bytes) {
        Ok(document) if document.digest() == *digest => Stored::Whole(document),
        _ => Stored::Changed,
    }))
}

/// What `verify` has to say of the evidence of a closure.
#[derive(Debug, Default)]
pub struct Said {
    /// What does not hold.
    pub findings: Vec<Finding>,
    /// What could not be proved again.
    pub undecided: Vec<Undecided>,
    /// How many packages' evidence holds.
    pub proved: usize,
}

/// Proves every package's pinned evidence again and says what came of it.
///
/// # Errors
/// As [`reprove`].
pub fn again(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, server: &ServerName, packages: &[Archive<'_>]) -> Result<Said, Error> {
    let mut said = Said::default();
    let (mut lacking, mut unjudged) = (Vec::new(), Vec::new());
    for (package, outcome) in packages.iter().zip(reprove(tools, ecosystem, packages)?) {
        let what = package.label();
        match outcome {
            Reproof::Holds(_) => said.proved += 1,
            Reproof::Missing => lacking.push(what),
            Reproof::Refused(Refused::Undecidable(undecidable)) => unjudged.push(format!("{what}: {undecidable}")),
            wrong => said.findings.push(finding(server, *package, &wrong)),
        }
    }
    let mut undecided = |what: String, hint: &str| {
        said.undecided.push(Undecided {
            server: server.clone(),
            what,
            hints: vec![hint.to_owned()],
        });
    };
    if !lacking.is_empty() {
        let what = format!("prove the evidence of {} again: the store lacks the attestations", some(&lacking));
        undecided(what, "`mcp-pin install` fetches them again");
    }
    if !unjudged.is_empty() {
        let what = format!("prove evidence again: {}", some(&unjudged));
        undecided(what, "`mcp-pin trust show` says what signatures are proved against");
    }
    Ok(said)
}

/// The first few, and how many more.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn finding(server: &ServerName, archive: Archive<'_>, wrong: &Reproof) -> Finding {
    let what = archive.label();
    let (code, title, lines) = match wrong {
        Reproof::Changed => (
            "bundle-changed",
            format!("a stored attestation of {what} was changed on disk"),
            vec!["`mcp-pin install` fetches it again and proves it".to_owned()],
        ),
        Reproof::Differs { pinned, proved } => (
            "evidence-forged",
            format!("the lock says something else about {what} than its attestations"),
            vec![format!("the lock says {pinned}"), format!("they prove {proved}")],
        ),
        Reproof::Refused(refused) => (
            "evidence-forged",
            format!("the evidence that the lock names for {what} does not hold"),
            vec![refused.to_string()],
        ),
        Reproof::Holds(_) | Reproof::Missing => ("evidence-forged", what.clone(), Vec::new()),
    };
    let facts = json!([archive.package.version, archive.archive.integrity.to_string(), lines]);
    let mut finding = Finding::new(code, Grade::Critical, server, archive.package.name.as_str(), title, &facts);
    finding.details = lines.into_iter().map(Detail::Line).collect();
    finding
}

/// Before an entry of a lock is used: fetches the attestations that the store lacks and proves what
/// the lock says of every package.
///
/// # Errors
/// [`Error::Untrustworthy`] where the lock's word does not hold, or where the registry has nothing
/// for it (a mirror can strip); [`Error::Evidence`] or the network's where nothing can be decided.
pub async fn prepare(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, server: &ServerName, packages: &[Archive<'_>]) -> Result<(), Error> {
    let signed: Vec<Archive<'_>> = packages
        .iter()
        .copied()
        .filter(|archive| archive.archive.evidence.level() > Level::Hash)
        .collect();
    let first = reprove(tools, ecosystem, &signed)?;
    let lacking: Vec<Archive<'_>> = signed
        .iter()
        .zip(&first)
        .filter(|(_, outcome)| matches!(outcome, Reproof::Missing | Reproof::Changed))
        .map(|(package, _)| *package)
        .collect();
    fetch(tools, ecosystem, server, &lacking).await?;
    let mut wrong = Vec::new();
    for (package, outcome) in signed.iter().zip(reprove(tools, ecosystem, &signed)?) {
        let what = package.label();
        match outcome {
            Reproof::Holds(_) => {}
            Reproof::Refused(refused @ Refused::Undecidable(_)) => return Err(undecided(server, &what, &refused)),
            Reproof::Refused(refused) => wrong.push(format!("{what}: {refused}")),
            Reproof::Differs { pinned, proved } => wrong.push(format!("{what}: the lock says {pinned}, its attestations prove {proved}")),
            Reproof::Missing | Reproof::Changed => {
                let mut report = crate::model::Report::default();
                report
                    .findings
                    .push(policy::evidence_stripped(server, &what, package.archive.evidence.level()));
                return Err(Error::Untrustworthy {
                    server: server.clone(),
                    what: format!("the registry has no longer the attestations of {what} that the lock names"),
                    report: Box::new(report),
                });
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let what = "the lock names evidence that does not hold";
    Err(checks::untrustworthy(server, "evidence-forged", what, &wrong))
}

/// Fetches attestations and keeps those that the lock names.
async fn fetch(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, server: &ServerName, packages: &[Archive<'_>]) -> Result<(), Error> {
    if packages.is_empty() {
        return Ok(());
    }
    tools.must_be_online(&format!("fetch the attestations of {} packages", packages.len()))?;
    // By what is pinned as well: two copies of one version may name different bundles.
    let wanted: BTreeMap<_, _> = packages
        .iter()
        .map(|at| ((at.label(), at.archive.evidence.bundles()), *at))
        .collect();
    let progress = tools.person.progress("attestations", wanted.len());
    let mut waiting = wanted.into_iter();
    let mut running = futures_util::stream::FuturesUnordered::new();
    loop {
        while running.len() < AT_ONCE
            && let Some(((what, _), package)) = waiting.next()
        {
            running.push(async move {
                let key = package.key();
                let reply = ecosystem.attestations(tools, &key, None).await;
                (what, package, reply)
            });
        }
        let Some((what, package, reply)) = futures_util::StreamExt::next(&mut running).await else {
            return Ok(());
        };
        progress.step(&what);
        let Some(reply) = reply? else { continue };
        let documents = ecosystem
            .documents(&package.key(), &reply)
            .map_err(|refused| undecided(server, &what, &refused))?;
        let pinned = package.archive.evidence.bundles();
        for document in documents.iter().filter(|document| pinned.contains(&document.digest())) {
            tools.store.put_bundle(document.json())?;
        }
    }
}

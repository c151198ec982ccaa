//! Evidence: who made the archives of a closure, collected, proved, kept, and proved again.
//!
//! The attacks: a stolen publishing token (bytes that did not go through the build that made every
//! release before), a mirror that strips or swaps attestations, a lock that claims what nobody
//! proved, and an error that is taken for "unsigned".
//!
//! So there are three answers, never two. *Proved*: by [`crate::verify::attest`] alone. *None*: the
//! registry says so explicitly, and no lock says otherwise. *Could not decide*: everything else,
//! and it ends the operation.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::lock::{Lockfile, check_evidence};
use crate::manifest::{Policy, ServerEntry};
use crate::model::{Closure, Evidence, Finding, Level, LockedArchive, LockedPackage, Pin, Pinned, RegistrySignature, ServerName};
use crate::ops::archive::{Archive, Key};
use crate::ops::checks;
use crate::ops::ecosystem::{Ecosystem, Releases};
use crate::ops::tools::Tools;
use crate::policy;
use crate::verify::attest::{Document, Proven, Refused, Trust, source};

mod claims;
mod reproof;
mod told;

pub use claims::mismatches;
pub use reproof::{Reproof, Said, again, prepare, reprove};
pub use told::{Counts, counts, figures, signer, source_link};

/// How many replies are asked for at once.
const AT_ONCE: usize = 8;

/// Evidence that other entries hold already, by archive. Whoever wrote it: it is proved again before
/// it counts.
pub type Known = BTreeMap<Key, Evidence>;

/// What the locks at hand hold.
pub fn known<'a>(locks: impl IntoIterator<Item = &'a Lockfile>, pins: impl IntoIterator<Item = &'a Pin>) -> Known {
    let pins = locks.into_iter().flat_map(|lock| lock.servers.values()).chain(pins);
    let mut known = Known::new();
    for pin in pins {
        let Pinned::Package { closure, .. } = &pin.pinned else { continue };
        for (package, archive) in closure.archives().filter(|(_, archive)| archive.evidence.level() > Level::Hash) {
            let key = Key::of(package, archive);
            if known.get(&key).is_none_or(|found| found.level() < archive.evidence.level()) {
                known.insert(key, archive.evidence.clone());
            }
        }
    }
    known
}

/// What the policy and the manifest demand of a pin's evidence, as far as it is not met.
pub fn demands(name: &ServerName, pin: &Pin, policy: &Policy, entry: Option<&ServerEntry>) -> Vec<Finding> {
    let Pinned::Package { closure, .. } = &pin.pinned else {
        return Vec::new();
    };
    let own = entry.and_then(|entry| entry.evidence).unwrap_or(Level::Hash).max(policy.evidence);
    let mut findings = policy::evidence_too_low(name, own, policy.evidence_closure, closure);
    let rule = entry.and_then(|entry| entry.identity.as_ref());
    if let (Some(rule), Some(root)) = (rule, closure.root_package()) {
        findings.extend(policy::identity_unmet(name, root, rule));
    }
    findings
}

/// What was delivered about one archive, to be proved.
struct Job {
    key: Key,
    signatures: Vec<RegistrySignature>,
    documents: Vec<Document>,
    /// Announced by the registry's metadata, and not there.
    missing: bool,
}

/// Collects and proves the evidence of every package of a fresh candidate, and puts it into the
/// closure. Bundles go to the store once they are proved.
///
/// `known` evidence about the very same archive is proved again from the store and kept, unless the
/// registry has more by now: what was proved once cannot be stripped, and an unchanged package
/// stays unchanged in the lock.
///
/// # Errors
/// [`Error::Untrustworthy`] where something wrong was delivered; [`Error::Evidence`] or the
/// network's where nothing can be decided.
pub async fn collect(
    tools: &Tools<'_>,
    ecosystem: &dyn Ecosystem,
    server: &ServerName,
    closure: &mut Closure,
    releases: &Releases,
    known: &Known,
    claimed: &BTreeMap<Key, String>,
) -> Result<Vec<Finding>, Error> {
    let trust = &tools.trust()?.trust;
    let archives: BTreeMap<Key, Archive<'_>> = Archive::all(closure).into_iter().map(|archive| (archive.key(), archive)).collect();
    let kept = kept(tools, ecosystem, &archives, known)?;
    let asked = archives.keys().filter(|key| {
        let release = releases.get(*key);
        let offered = match release {
            Some(release) if release.attestations.is_some() => Level::Provenance,
            Some(release) if !release.signatures.is_empty() => Level::Signed,
            _ => Level::Hash,
        };
        kept.get(*key).map_or(Level::Hash, |proven| proven.evidence().level()) < offered
    });
    let mut jobs = deliver(tools, ecosystem, server, asked.cloned().collect(), releases).await?;
    for job in &mut jobs {
        if let Some(kept) = kept.get(&job.key) {
            job.keep(tools, kept.evidence())?;
        }
    }
    let mut findings = Vec::new();
    let missing: Vec<_> = jobs.iter().filter(|job| job.missing).map(|job| job.key.label()).collect();
    if !missing.is_empty() {
        findings.push(policy::attestation_missing(server, &missing));
    }
    let mut proven = kept;
    for (key, fresh) in proved(tools, ecosystem, server, trust, jobs)? {
        let better = proven
            .get(&key)
            .is_none_or(|kept| kept.evidence().level() < fresh.evidence().level());
        if better {
            proven.insert(key, fresh);
        }
    }
    findings.extend(stripped(server, archives.keys(), known, &proven));
    findings.extend(facts(server, &proven, releases, claimed));
    for package in closure.packages.values_mut() {
        let keys: Vec<_> = package.archives.iter().map(|archive| Key::of(package, archive)).collect();
        for (archive, key) in package.archives.iter_mut().zip(keys) {
            if let Some(proven) = proven.get(&key) {
                archive.evidence = proven.evidence().clone();
            }
        }
    }
    Ok(findings)
}

impl Job {
    /// Adds the registry's word that is held already, where it is not delivered this time: more
    /// evidence of one kind is no reason to forget another.
    fn keep(&mut self, tools: &Tools<'_>, held: &Evidence) -> Result<(), Error> {
        if self.signatures.is_empty() {
            self.signatures.extend(held.signature.clone());
        }
        let Some(publish) = held
            .publish
            .filter(|publish| self.documents.iter().all(|document| document.digest() != *publish))
        else {
            return Ok(());
        };
        let stored = tools.store.bundle(&publish)?;
        self.documents.extend(stored.and_then(|bytes| Document::new(&bytes).ok()));
        Ok(())
    }
}

/// Evidence that a lock names for these very bytes, under whatever server, and that neither the
/// store nor the registry has: what was signed once stays signed.
fn stripped<'a>(
    server: &ServerName,
    packages: impl Iterator<Item = &'a Key>,
    known: &Known,
    proven: &BTreeMap<Key, Proven>,
) -> Vec<Finding> {
    const MANY: usize = 3;
    let lost: Vec<_> = packages
        .filter_map(|key| {
            let locked = known.get(key)?.level();
            let found = proven.get(key).map_or(Level::Hash, |proven| proven.evidence().level());
            (found < locked).then(|| (key.label(), locked))
        })
        .collect();
    if lost.len() >= MANY {
        return vec![policy::evidence_stripped_of_many(server, &lost)];
    }
    lost.iter()
        .map(|(package, locked)| policy::evidence_stripped(server, package, *locked))
        .collect()
}

/// Known evidence that holds, proved again from the store. What does not hold is fetched anew.
fn kept(
    tools: &Tools<'_>,
    ecosystem: &dyn Ecosystem,
    archives: &BTreeMap<Key, Archive<'_>>,
    known: &Known,
) -> Result<BTreeMap<Key, Proven>, Error> {
    let pinned: Vec<(&LockedPackage, LockedArchive)> = archives
        .iter()
        .filter_map(|(key, Archive { package, archive })| {
            let evidence = known.get(key)?.clone();
            Some((
                *package,
                LockedArchive {
                    evidence,
                    ..(*archive).clone()
                },
            ))
        })
        .collect();
    let pinned: Vec<Archive<'_>> = pinned.iter().map(|(package, archive)| Archive { package, archive }).collect();
    let outcomes = reprove(tools, ecosystem, &pinned)?;
    Ok(pinned
        .iter()
        .zip(outcomes)
        .filter_map(|(archive, outcome)| match outcome {
            Reproof::Holds(holds) => Some((archive.key(), *holds)),
            _ => None,
        })
        .collect())
}

/// Fetches what the registry announces.
async fn deliver(
    tools: &Tools<'_>,
    ecosystem: &dyn Ecosystem,
    server: &ServerName,
    asked: Vec<Key>,
    releases: &Releases,
) -> Result<Vec<Job>, Error> {
    let announced = asked
        .iter()
        .filter(|key| releases.get(*key).is_some_and(|release| release.attestations.is_some()))
        .count();
    tools.must_be_online("ask for attestations")?;
    let progress = tools.person.progress("attestations", announced);
    let mut waiting = asked.into_iter().filter_map(|key| Some((releases.get(&key)?.clone(), key)));
    let mut running = futures_util::stream::FuturesUnordered::new();
    let mut jobs = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((release, key)) = waiting.next()
        {
            running.push(async move {
                let reply = match &release.attestations {
                    Some(announced) => ecosystem.attestations(tools, &key, Some(announced)).await,
                    None => Ok(None),
                };
                (key, release, reply)
            });
        }
        let Some((key, release, reply)) = futures_util::StreamExt::next(&mut running).await else {
            return Ok(jobs);
        };
        let reply = reply?;
        let announced = release.attestations.is_some();
        if announced {
            progress.step(&key.label());
        }
        let missing = announced && reply.is_none();
        let documents = match reply {
            None => Vec::new(),
            Some(reply) => ecosystem
                .documents(&key, &reply)
                .map_err(|refused| undecided(server, &key.label(), &refused))?,
        };
        jobs.push(Job {
            key,
            signatures: release.signatures,
            documents,
            missing,
        });
    }
}

fn undecided(server: &ServerName, what: &str, refused: &Refused) -> Error {
    Error::Evidence {
        server: server.clone(),
        what: format!("{what}: {refused}"),
    }
}

/// Proves every job, on all cores, and stores what is proved.
fn proved(
    tools: &Tools<'_>,
    ecosystem: &dyn Ecosystem,
    server: &ServerName,
    trust: &Trust,
    jobs: Vec<Job>,
) -> Result<Vec<(Key, Proven)>, Error> {
    let now = tools.context.now();
    let results = on_all_cores(&jobs, |job| ecosystem.prove(trust, &job.key, &job.signatures, &job.documents, now));
    let mut forged = Vec::new();
    let mut out = Vec::new();
    for (job, result) in jobs.into_iter().zip(results) {
        match result {
            Ok(proven) => {
                // What a lock could not hold is not pinned: every reader would refuse the lock.
                check_evidence(proven.evidence()).map_err(|error| Error::Evidence {
                    server: server.clone(),
                    what: format!("{}: what is proved cannot be written down: {error}", job.key.label()),
                })?;
                let pinned = proven.evidence().bundles();
                for document in job.documents.iter().filter(|document| pinned.contains(&document.digest())) {
                    tools.store.put_bundle(document.json())?;
                }
                out.push((job.key, proven));
            }
            Err(Refused::Forged { attack }) => forged.push(format!("{}: {attack}", job.key.label())),
            Err(undecidable @ Refused::Undecidable(_)) => return Err(undecided(server, &job.key.label(), &undecidable)),
        }
    }
    if forged.is_empty() {
        return Ok(out);
    }
    Err(checks::untrustworthy(
        server,
        "evidence-forged",
        "the registry delivers evidence that does not hold",
        &forged,
    ))
}

/// What proved evidence says against the registry's metadata and the package's own.
fn facts(server: &ServerName, proven: &BTreeMap<Key, Proven>, releases: &Releases, claimed: &BTreeMap<Key, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, proven) in proven {
        let published = releases.get(key).and_then(|release| release.published);
        if let (Some(published), Some(logged)) = (published, proven.logged_at()) {
            findings.extend(policy::release_before_log(
                server,
                key.name.as_str(),
                &key.version,
                published,
                logged,
            ));
        }
        let repository = proven
            .evidence()
            .provenance
            .as_ref()
            .and_then(|provenance| provenance.identity.repository.as_deref());
        if let (Some(claimed), Some(attested)) = (claimed.get(key), repository)
            && !source::names_same_repository(claimed, attested)
        {
            findings.push(policy::source_mismatch(server, &key.label(), claimed, attested));
        }
    }
    findings
}

/// Applies `work` to every item, spread over all cores; the results stand in the items' order.
fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = items.len().div_ceil(workers).max(1);
    let work = &work;
    std::thread::scope(|scope| {
        let running: Vec<_> = items
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(work).collect::<Vec<_>>()))
            .collect();
        running
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(results) => results,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

//! Making a machine match a closure: fetch what is missing, check every byte, unpack.
//!
//! Nothing is resolved here. An archive whose digest is not the lock's, or whose own manifest says
//! something else than the lock, ends the operation, and the tree that was there stays.

use crate::error::Error;
use crate::model::drift::TreeChangeKind;
use crate::model::{Closure, ServerName};
use crate::net::Network;
use crate::ops::archive::{Archive, Key};
use crate::ops::checks;
use crate::ops::tools::Tools;
use crate::registry::npm::{FetchError, Npm};
use crate::store::{InstallId, Installed, Part, Place, Store, StoreError};
use crate::verify::npm::check_locked;

/// How many archives are fetched at once.
const AT_ONCE: usize = 8;
/// No honest package is larger.
const MAX_ARCHIVE: u64 = 256 * 1024 * 1024;

/// An archive to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which, and what its bytes must hash to.
    pub key: Key,
    /// The resolver's address, where there is one. A lock has none.
    pub address: Option<String>,
}

impl Wanted {
    /// A locked archive.
    pub fn locked(archive: Archive<'_>) -> Self {
        Self {
            key: archive.key(),
            address: None,
        }
    }
}

/// A tree on this machine that equals its verified archives.
#[derive(Debug)]
pub struct Synced {
    /// The proof.
    pub installed: Installed,
    /// What of the tree that stood there was not what its archives say, and was replaced; a line
    /// each.
    pub replaced: Vec<String>,
}

/// The parts of a closure that belong on this machine.
///
/// # Errors
/// No runtime, which decides the platform.
pub fn parts(tools: &Tools<'_>, name: &ServerName, closure: &Closure) -> Result<(InstallId, Vec<Part>), Error> {
    let platform = tools.node()?.platform();
    let parts: Vec<_> = closure
        .for_platform(platform)
        .filter_map(|(path, package)| {
            Some(Part {
                place: Place::Package(path.clone()),
                integrity: package.archives.first()?.integrity.clone(),
                what: package.label(),
            })
        })
        .collect();
    let places = parts.iter().filter_map(|part| match &part.place {
        Place::Package(path) => Some((path, &part.integrity)),
        Place::Wheel { .. } => None,
    });
    let id = InstallId::of(name, platform, places);
    Ok((id, parts))
}

/// Fetches the archives that the store lacks, and those that were changed on the disk since they
/// were verified: the person hears of the latter.
///
/// # Errors
/// The network, or bytes that are not what was asked for (both digests are named).
pub async fn fetch(tools: &Tools<'_>, mut wanted: Vec<Wanted>) -> Result<(), Error> {
    wanted.sort_by(|a, b| a.key.integrity.cmp(&b.key.integrity));
    wanted.dedup_by(|a, b| a.key.integrity == b.key.integrity);
    let (mut missing, mut damaged) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match tools.store.archive(&wanted.key.integrity, &wanted.key.label()) {
            Ok(Some(_)) => continue,
            Ok(None) => {}
            Err(StoreError::ChangedOnDisk { .. } | StoreError::NotAFile { .. }) => damaged.push(wanted.clone()),
            Err(error) => return Err(error.into()),
        }
        missing.push(wanted);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let (npm, network) = tools.online(&format!("fetch {} archives", missing.len())).await?;
    for wanted in damaged {
        let what = wanted.key.label();
        tools
            .person
            .note(&format!("the stored archive of {what} was changed on disk: fetching it again"));
        tools.store.discard_archive(&wanted.key.integrity)?;
    }
    let progress = tools.person.progress("fetching", missing.len());
    let progress = progress.as_ref();
    let mut running = futures_util::stream::FuturesUnordered::new();
    let mut waiting = missing.iter();
    loop {
        while running.len() < AT_ONCE
            && let Some(wanted) = waiting.next()
        {
            running.push(async move {
                fetch_one(tools, npm, network, wanted, progress).await?;
                progress.step(&wanted.key.label());
                Ok::<_, Error>(())
            });
        }
        match futures_util::StreamExt::next(&mut running).await {
            Some(result) => result?,
            None => return Ok(()),
        }
    }
}

async fn fetch_one(
    tools: &Tools<'_>,
    npm: &Npm,
    network: &Network,
    wanted: &Wanted,
    progress: &dyn crate::ops::Progress,
) -> Result<(), Error> {
    let mut incoming = tools.store.receive(&wanted.key.integrity, &wanted.key.label(), MAX_ARCHIVE)?;
    let mut sink = |piece: &[u8]| {
        progress.bytes(piece.len() as u64);
        incoming.write(piece)
    };
    let fetched = npm
        .fetch(network, &wanted.key.name, &wanted.key.version, wanted.address.as_deref(), &mut sink)
        .await;
    fetched.map_err(|error: FetchError<StoreError>| match error {
        FetchError::Npm(error) => Error::Npm(error),
        FetchError::Sink(error) => Error::Store(error),
    })?;
    incoming.finish()?;
    Ok(())
}

/// Fetches what a locked closure lacks and compares every archive's manifest with the lock: those
/// of this platform, and those that are needed and said to be for another one. Leaving a needed
/// package out would have node look for it elsewhere.
///
/// # Errors
/// As [`fetch`], [`Error::Untrustworthy`] where the lock says something else than an archive, and
/// [`Error::Entry`] where a needed package really is for another platform.
pub async fn prepare(tools: &Tools<'_>, name: &ServerName, closure: &Closure) -> Result<(), Error> {
    let platform = tools.node()?.platform();
    let fits = |archive: &Archive<'_>| archive.package.node().is_some_and(|terms| terms.fits(platform));
    let optional = |archive: &Archive<'_>| archive.package.node().is_some_and(|terms| terms.optional);
    let all = Archive::all(closure);
    let needed = || all.iter().copied().filter(|archive| !optional(archive) || fits(archive));
    let wanted = needed().map(Wanted::locked);
    fetch(tools, wanted.collect()).await?;
    let packages: Vec<_> = needed().collect();
    let mut wrong = Vec::new();
    for compared in compare_all(&tools.store, &packages) {
        wrong.extend(compared?);
    }
    if !wrong.is_empty() {
        return Err(checks::untrustworthy(
            name,
            "lock-poisoned",
            "the lock says something else than the archives it names",
            &wrong,
        ));
    }
    let unfit = needed().find(|archive| !fits(archive));
    unfit.map_or(Ok(()), |archive| {
        Err(Error::Entry {
            server: name.clone(),
            what: format!("it needs {}, which does not run on this platform", archive.package.label()),
            hint: None,
        })
    })
}

/// What each package's archive says differently from the lock, compared on all cores.
fn compare_all(store: &Store, packages: &[Archive<'_>]) -> Vec<Result<Vec<String>, Error>> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = packages.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let compare_share = |share: &[Archive<'_>]| share.iter().map(|archive| compare(store, *archive)).collect::<Vec<_>>();
        let running: Vec<_> = packages
            .chunks(share)
            .map(|share| scope.spawn(move || compare_share(share)))
            .collect();
        // A worker that ended early compared nothing: that is no agreement.
        let lost = |_| {
            vec![Err(Error::Worker {
                what: "comparing the archives",
            })]
        };
        running.into_iter().flat_map(|worker| worker.join().unwrap_or_else(lost)).collect()
    })
}

fn compare(store: &Store, Archive { package, archive }: Archive<'_>) -> Result<Vec<String>, Error> {
    let what = package.label();
    let Some(archive) = store.archive(&archive.integrity, &what)? else {
        return Ok(vec![format!("{what}: its archive vanished from the store")]);
    };
    let contents = archive.contents()?;
    Ok(match check_locked(package, &contents) {
        Ok(differences) => differences.into_iter().map(|difference| format!("{what}: {difference}")).collect(),
        Err(refusal) => vec![format!("{what}: {refusal}")],
    })
}

/// Makes the tree stand as the closure says, replacing one that does not.
///
/// # Errors
/// The store cannot write, or an archive is refused.
pub fn install(tools: &Tools<'_>, name: &ServerName, closure: &Closure) -> Result<Synced, Error> {
    let (id, parts) = parts(tools, name, closure)?;
    let mut replaced = Vec::new();
    if tools.store.has_install(&id) {
        let check = tools.store.check(&id, &parts, None)?;
        if let Some(installed) = check.installed {
            return Ok(Synced { installed, replaced });
        }
        replaced = lines(&check.changes);
    }
    let done = tools.store.install(&id, &parts, None)?;
    if done.replaced && replaced.is_empty() {
        replaced.push("replaced an installed tree that could not be compared".into());
    }
    Ok(Synced {
        installed: done.installed,
        replaced,
    })
}

/// What is replaced and why, the first few one by one.
fn lines(changes: &[(String, TreeChangeKind)]) -> Vec<String> {
    const SHOWN: usize = 20;
    let line = |(path, kind): &(String, TreeChangeKind)| match kind {
        TreeChangeKind::Changed => format!("replaced {path}: it was not what its verified archive holds"),
        TreeChangeKind::Missing => format!("put {path} back: it was missing"),
        TreeChangeKind::Added => format!("removed {path}: it is in no verified archive"),
        TreeChangeKind::ModeChanged => format!("replaced {path}: it had another executable bit"),
        TreeChangeKind::NotAFile => format!("replaced {path}: it was not the kind of file its archive holds"),
    };
    let mut out: Vec<_> = changes.iter().take(SHOWN).map(line).collect();
    if changes.len() > SHOWN {
        out.push(format!(
            "and {} more files that differed from their archives",
            changes.len() - SHOWN
        ));
    }
    out
}

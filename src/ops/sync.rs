//! Making a machine match a closure: fetch what is missing, check every byte, unpack.
//!
//! Nothing is resolved here. An archive whose digest is not the lock's, or whose own manifest says
//! something else than the lock, ends the operation, and the tree that was there stays.

use crate::error::Error;
use crate::model::drift::TreeChangeKind;
use crate::model::{Closure, Integrity, LockedPackage, PackageName, ServerName};
use crate::net::Network;
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
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// What its bytes must hash to.
    pub integrity: Integrity,
    /// The resolver's address, where there is one. A lock has none.
    pub resolved: Option<String>,
}

impl Wanted {
    /// The archive of a locked package.
    pub fn locked(package: &LockedPackage) -> Self {
        Self {
            name: package.name.clone(),
            version: package.version.clone(),
            integrity: package.integrity.clone(),
            resolved: None,
        }
    }

    fn what(&self) -> String {
        format!("{}@{}", self.name, self.version)
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
    let packages = || closure.for_platform(platform);
    let parts: Vec<_> = packages()
        .map(|(path, package)| Part {
            place: Place::Package(path.clone()),
            integrity: package.integrity.clone(),
            what: label(package),
        })
        .collect();
    let id = InstallId::of(name, platform, packages().map(|(path, package)| (path, &package.integrity)));
    Ok((id, parts))
}

/// `name@version`, as people say it.
pub fn label(package: &LockedPackage) -> String {
    format!("{}@{}", package.name, package.version)
}

/// Fetches the archives that the store lacks, and those that were changed on the disk since they
/// were verified: the person hears of the latter.
///
/// # Errors
/// The network, or bytes that are not what was asked for (both digests are named).
pub async fn fetch(tools: &Tools<'_>, mut wanted: Vec<Wanted>) -> Result<(), Error> {
    wanted.sort_by(|a, b| a.integrity.cmp(&b.integrity));
    wanted.dedup_by(|a, b| a.integrity == b.integrity);
    let (mut missing, mut damaged) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match tools.store.archive(&wanted.integrity, &wanted.what()) {
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
        let what = wanted.what();
        tools
            .person
            .note(&format!("the stored archive of {what} was changed on disk: fetching it again"));
        tools.store.discard_archive(&wanted.integrity)?;
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
                progress.step(&wanted.what());
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
    let mut incoming = tools.store.receive(&wanted.integrity, &wanted.what(), MAX_ARCHIVE)?;
    let mut sink = |piece: &[u8]| {
        progress.bytes(piece.len() as u64);
        incoming.write(piece)
    };
    let fetched = npm
        .fetch(network, &wanted.name, &wanted.version, wanted.resolved.as_deref(), &mut sink)
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
    let needed = || {
        closure
            .packages
            .values()
            .filter(|package| !package.optional || package.fits(platform))
    };
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
    let unfit = needed().find(|package| !package.fits(platform));
    unfit.map_or(Ok(()), |package| {
        Err(Error::Entry {
            server: name.clone(),
            what: format!("it needs {}, which does not run on this platform", label(package)),
            hint: None,
        })
    })
}

/// What each package's archive says differently from the lock, compared on all cores.
fn compare_all(store: &Store, packages: &[&LockedPackage]) -> Vec<Result<Vec<String>, Error>> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = packages.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let compare_share = |share: &[&LockedPackage]| share.iter().map(|package| compare(store, package)).collect::<Vec<_>>();
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

fn compare(store: &Store, package: &LockedPackage) -> Result<Vec<String>, Error> {
    let what = label(package);
    let Some(archive) = store.archive(&package.integrity, &what)? else {
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

//! Making a machine match a closure: fetch what is missing, check every byte, unpack.
//!
//! Nothing is resolved here. An archive whose digest is not the lock's, or whose own manifest says
//! something else than the lock, ends the operation, and the tree that was there stays.

use crate::error::Error;
use crate::model::drift::TreeChangeKind;
use crate::model::{Closure, ServerName, Source};
use crate::ops::archive::Archive;
use crate::ops::checks;
use crate::ops::ecosystem::{self, Ecosystem, Machine, Site, Wanted, gone};
use crate::ops::tools::Tools;
use crate::store::{Derive, Installed, Part, Store, StoreError};

/// How many archives are fetched at once.
const AT_ONCE: usize = 8;
/// How long a new tree is left alone before its stamp is taken.
const SETTLES: std::time::Duration = std::time::Duration::from_millis(30);
/// No honest package is larger.
const MAX_ARCHIVE: u64 = 256 * 1024 * 1024;

/// A tree on this machine that equals its verified archives.
#[derive(Debug)]
pub struct Synced {
    /// The proof.
    pub installed: Installed,
    /// What of the tree that stood there was not what its archives say, and was replaced; a line
    /// each.
    pub replaced: Vec<String>,
    /// What it is started with.
    pub machine: Machine,
}

/// Fetches the archives that the store lacks, and those that were changed on the disk since they
/// were verified: the person hears of the latter.
///
/// # Errors
/// The network, or bytes that are not what was asked for (both digests are named).
pub async fn fetch(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, mut wanted: Vec<Wanted>) -> Result<(), Error> {
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
    tools.must_be_online(&format!("fetch {} archives", missing.len()))?;
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
                fetch_one(tools, ecosystem, wanted, progress).await?;
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
    ecosystem: &dyn Ecosystem,
    wanted: &Wanted,
    progress: &dyn crate::ops::Progress,
) -> Result<(), Error> {
    let mut incoming = tools.store.receive(&wanted.key.integrity, &wanted.key.label(), MAX_ARCHIVE)?;
    let mut sink = |piece: &[u8]| {
        progress.bytes(piece.len() as u64);
        incoming.write(piece)
    };
    ecosystem.fetch(tools, wanted, &mut sink).await?;
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
pub async fn prepare(tools: &Tools<'_>, name: &ServerName, closure: &Closure, source: &Source, machine: &Machine) -> Result<(), Error> {
    let ecosystem = ecosystem::of(closure);
    let required = ecosystem.required(machine, closure)?;
    fetch(tools, ecosystem, required.iter().copied().map(Wanted::locked).collect()).await?;
    let mut wrong = Vec::new();
    for compared in compare_all(&tools.store, ecosystem, &required) {
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
    ecosystem.unfit(machine, closure, source)?.map_or(Ok(()), |what| {
        Err(Error::Entry {
            server: name.clone(),
            what,
            hint: None,
        })
    })
}

/// What each archive says differently from the lock, compared on all cores.
fn compare_all(store: &Store, ecosystem: &dyn Ecosystem, archives: &[Archive<'_>]) -> Vec<Result<Vec<String>, Error>> {
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = archives.len().div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let compare_share = |share: &[Archive<'_>]| share.iter().map(|at| compare(store, ecosystem, *at)).collect::<Vec<_>>();
        let running: Vec<_> = archives
            .chunks(share)
            .map(|share| scope.spawn(move || compare_share(share)))
            .collect();
        // A worker that ended early compared nothing: that is no agreement.
        let lost = |_| vec![Err(gone("comparing the archives"))];
        running.into_iter().flat_map(|worker| worker.join().unwrap_or_else(lost)).collect()
    })
}

fn compare(store: &Store, ecosystem: &dyn Ecosystem, at: Archive<'_>) -> Result<Vec<String>, Error> {
    let what = at.label();
    let Some(stored) = store.archive(&at.archive.integrity, &what)? else {
        return Ok(vec![format!("{what}: its archive vanished from the store")]);
    };
    let differences = ecosystem.differences(&stored, at)?;
    Ok(differences.iter().map(|difference| format!("{what}: {difference}")).collect())
}

/// Makes the tree stand as the closure says, replacing one that does not, and records for which
/// runtime.
///
/// # Errors
/// The store cannot write, or an archive is refused.
pub fn install(tools: &Tools<'_>, site: Site<'_>, closure: &Closure, machine: Machine) -> Result<Synced, Error> {
    let (id, parts) = ecosystem::of(closure).tree(&machine, site.server, closure)?;
    let mut replaced = Vec::new();
    if tools.store.has_install(&id) {
        let derive = machine.derive();
        let now = tools.context.now();
        let (check, stamp) = tools.store.check_and_stamp(&id, &parts, derive.as_deref(), now)?;
        if let Some(installed) = check.installed {
            machine.record(tools, site)?;
            if let Some(stamp) = stamp {
                tools.history.record_stamp(&id, &stamp, now)?;
            }
            return Ok(Synced {
                installed,
                replaced,
                machine,
            });
        }
        replaced = lines(&check.changes);
    }
    let once = machine.derive_once(tools)?;
    let done = tools.store.install(&id, &parts, once.as_ref().map(|once| once as &dyn Derive))?;
    if let Some(once) = once {
        once.record(tools)?;
    }
    if done.replaced && replaced.is_empty() {
        replaced.push("replaced an installed tree that could not be compared".into());
    }
    machine.record(tools, site)?;
    // What was made this very moment could not be told from what is changed in the next.
    std::thread::sleep(SETTLES);
    record_stamp(tools, &done.installed, &parts)?;
    Ok(Synced {
        installed: done.installed,
        replaced,
        machine,
    })
}

/// Records what a proved tree looks like, for starts that do not read it whole.
fn record_stamp(tools: &Tools<'_>, installed: &Installed, parts: &[Part]) -> Result<(), Error> {
    let now = tools.context.now();
    if let Some(stamp) = tools.store.stamp(installed, parts, now)? {
        tools.history.record_stamp(installed.id(), &stamp, now)?;
    }
    Ok(())
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

//! What an update changes in the code: file by file, for every package that moved; and the first
//! look at a package that nothing came before.
//!
//! The attack: one changed line in a package of the closure. Every package whose bytes moved is
//! read, and one that cannot be read ends the operation: nothing passes unread.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diff::{self, Package, Side, SourceFile};
use crate::error::Error;
use crate::model::{Change, Closure, InstallPath, Integrity, LockedPackage, Pin, Pinned};
use crate::ops::archive::Archive;
use crate::ops::ecosystem::{self, Ecosystem, Files, Wanted, gone};
use crate::ops::sync;
use crate::ops::tools::Tools;
use crate::store::Store;

/// Each worker holds two unpacked packages, and they are as large as they like.
const MOST_WORKERS: usize = 4;
/// Parsers go down with the nesting of what they read, which its author chooses.
const STACK: usize = 64 * 1024 * 1024;

/// The changes of files and of code of every package whose bytes differ. One that is new as a whole
/// is not listed file by file (`package-added` names it), but its code is read.
///
/// # Errors
/// An archive cannot be read. Where the old archive is neither in the store nor to be had any more,
/// the package is compared with nothing: every file counts as added, never as unchanged.
pub async fn changes(tools: &Tools<'_>, before: &Pin, after: &Pin) -> Result<Vec<Change>, Error> {
    let (
        Pinned::Package { closure: before, .. },
        Pinned::Package {
            closure: after,
            launch: after_launch,
        },
    ) = (&before.pinned, &after.pinned)
    else {
        return Ok(Vec::new());
    };
    let ecosystem = ecosystem::of(after);
    let machine = ecosystem.machine(tools, after_launch.runtime.wanted()).await?;
    let new = ecosystem.unpacked(&machine, after)?;
    // Of another ecosystem nothing is comparable: all of it is new.
    let old = if before.root.is_python() == after.root.is_python() {
        ecosystem.unpacked(&machine, before)?
    } else {
        Vec::new()
    };
    let jobs = jobs(before, &old, &new, after);
    let old = jobs.iter().filter_map(|job| job.old);
    for old in old.filter(|old| !tools.store.has_archive(&old.archive.integrity)) {
        // One that was unpublished meanwhile must not keep the others from being compared.
        if let Err(error) = sync::fetch(tools, ecosystem, vec![Wanted::locked(old)]).await {
            tools.person.note(&format!("{} is compared with nothing: {error}", old.label()));
        }
    }
    work(&tools.store, ecosystem, &jobs)
}

/// The first look: the code of the server's own package, and of those that bring code which runs
/// unasked, with nothing before.
///
/// # Errors
/// An archive cannot be read.
pub async fn first(tools: &Tools<'_>, pin: &Pin) -> Result<Vec<Change>, Error> {
    let Pinned::Package { closure, launch } = &pin.pinned else {
        return Ok(Vec::new());
    };
    let ecosystem = ecosystem::of(closure);
    let machine = ecosystem.machine(tools, launch.runtime.wanted()).await?;
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for (_, new) in ecosystem.unpacked(&machine, closure)? {
        let job = Job::new(None, new, closure);
        let startup = new.package.python().is_some() && !new.package.scripts.is_empty();
        let again = || jobs.iter().any(|job| job.new.archive.integrity == new.archive.integrity);
        if (job.own || startup) && !again() {
            jobs.push(job);
        }
    }
    work(&tools.store, ecosystem, &jobs)
}

/// The archives that this machine unpacks, with their places.
type Here<'a> = Vec<(&'a InstallPath, Archive<'a>)>;

/// One package to compare.
#[derive(Debug, Clone, Copy)]
struct Job<'a> {
    /// Nothing: the package is new.
    old: Option<Archive<'a>>,
    new: Archive<'a>,
    own: bool,
}

impl<'a> Job<'a> {
    fn new(old: Option<Archive<'a>>, new: Archive<'a>, closure: &Closure) -> Self {
        let own = closure
            .root_package()
            .is_some_and(|root| root.name == new.package.name && root.version == new.package.version);
        Self { old, new, own }
    }
}

/// Old and new of each package that moved: at the same place first, otherwise the nearest of the
/// same name, otherwise nothing and new.
fn jobs<'a>(before: &Closure, old: &Here<'a>, new: &Here<'a>, after: &Closure) -> Vec<Job<'a>> {
    let mut seen: Vec<(Option<&Integrity>, &Integrity)> = Vec::new();
    let mut out = Vec::new();
    for (path, new) in new {
        let known = before.packages.values().filter(|old| old.name == new.package.name);
        if known.clone().any(|old| old.holds(&new.archive.integrity)) {
            continue; // These very bytes were pinned before.
        }
        let mut candidates = old.iter().filter(|(_, old)| old.package.name == new.package.name);
        let same_place = candidates.clone().find(|(old, _)| old == path);
        let old = same_place.or_else(|| candidates.next()).map(|(_, old)| *old);
        let both = (old.map(|old| &old.archive.integrity), &new.archive.integrity);
        if !seen.contains(&both) {
            seen.push(both);
            out.push(Job::new(old, *new, after));
        }
    }
    out
}

/// Compares all of them, several at a time; the changes are in the order of the jobs.
fn work(store: &Store, ecosystem: &dyn Ecosystem, jobs: &[Job<'_>]) -> Result<Vec<Change>, Error> {
    let workers = std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST_WORKERS)
        .min(jobs.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(at) else { break };
            let result = compare(store, ecosystem, job);
            if let Ok(mut done) = done.lock() {
                done.push((at, result));
            }
        }
    };
    let lost = || gone("comparing the code");
    std::thread::scope(|scope| {
        let builder = || std::thread::Builder::new().stack_size(STACK);
        let started: Vec<_> = (0..workers).map(|_| builder().spawn_scoped(scope, worker)).collect();
        // A worker that ended early compared nothing: that is no agreement.
        started
            .into_iter()
            .try_for_each(|worker| worker.map_err(|_| lost())?.join().map_err(|_| lost()))
    })?;
    let mut done = done.into_inner().map_err(|_| lost())?;
    if done.len() != jobs.len() {
        return Err(lost());
    }
    done.sort_by_key(|(at, _)| *at);
    let mut out = Vec::new();
    for (_, changes) in done {
        out.extend(changes?);
    }
    Ok(out)
}

fn compare(store: &Store, ecosystem: &dyn Ecosystem, job: &Job<'_>) -> Result<Vec<Change>, Error> {
    let old = job.old.map(|old| unpacked(store, ecosystem, old)).transpose()?.flatten();
    let new = job.new;
    let Some((after, after_bytes)) = unpacked(store, ecosystem, new)? else {
        return Err(gone("an archive that is to be compared"));
    };
    let first = old.is_none();
    let (before, before_bytes) = old.unwrap_or_default();
    let mut out = Vec::new();
    if job.old.is_some() {
        let read = |side: Side, file: &crate::model::ArchiveFile| {
            let bytes = if side == Side::Before { &before_bytes } else { &after_bytes };
            Ok::<_, Error>(bytes.get(&file.path).cloned().unwrap_or_default())
        };
        let files = diff::diff_files(&before, &after, read)?;
        if !files.is_empty() {
            out.push(Change::Files {
                name: new.package.name.clone(),
                own: job.own,
                files,
            });
        }
    }
    let python = new.package.python().is_some();
    let (old_sources, new_sources) = (sources(&before_bytes, python), sources(&after_bytes, python));
    let (old_names, new_names) = (job.old.and_then(|old| declared(old.package)), declared(new.package));
    let old = job.old.filter(|_| !first).map(|old| Package {
        name: old.package.name.as_str(),
        files: &old_sources,
        declared: old_names.as_deref(),
    });
    let new_package = Package {
        name: new.package.name.as_str(),
        files: &new_sources,
        declared: new_names.as_deref(),
    };
    let signs = diff::diff_code(old.as_ref(), &new_package);
    if !signs.is_empty() {
        out.push(Change::Code {
            name: new.package.name.clone(),
            own: job.own,
            version: new.package.version.clone(),
            integrity: new.archive.integrity.clone(),
            first,
            signs,
        });
    }
    Ok(out)
}

/// The files that are installed. Compiled Python of a wheel is not: it is dropped, and made anew.
fn sources(files: &BTreeMap<String, Vec<u8>>, python: bool) -> Vec<SourceFile<'_>> {
    let compiled = |path: &str| Path::new(path).extension().is_some_and(|ext| ext == "pyc");
    let dropped = |path: &str| python && path.contains("__pycache__/") && compiled(path);
    let kept = files.iter().filter(|(path, _)| !dropped(path));
    kept.map(|(path, content)| SourceFile { path, content }).collect()
}

/// The packages that one says it depends on, in any way; `None` where names of modules do not follow
/// from names of packages.
fn declared(package: &LockedPackage) -> Option<Vec<&str>> {
    let terms = package.node()?;
    let kinds = [&terms.dependencies, &terms.optional_dependencies, &terms.peer_dependencies];
    let names = kinds.into_iter().flat_map(|names| names.keys()).chain(&terms.bundled);
    Some(names.map(String::as_str).collect())
}

fn unpacked(store: &Store, ecosystem: &dyn Ecosystem, at: Archive<'_>) -> Result<Option<Files>, Error> {
    let stored = store.archive(&at.archive.integrity, &at.label())?;
    stored.map(|stored| ecosystem.files(&stored)).transpose()
}

//! What an update changes in the code: file by file, for every package that moved.

use crate::diff::{self, Side};
use crate::error::Error;
use crate::model::{Change, Closure, InstallPath, Integrity, Pin, Pinned};
use crate::ops::archive::Archive;
use crate::ops::ecosystem::{self, Ecosystem, Files, Wanted};
use crate::ops::sync;
use crate::ops::tools::Tools;

/// The file changes of every package whose bytes differ. A package that is new as a whole is not
/// listed file by file: `package-added` names it.
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
    if before.root.is_python() != after.root.is_python() {
        return Ok(Vec::new()); // Another source altogether: the closure's changes say so.
    }
    let wanted = after_launch.runtime.wanted();
    let machine = ecosystem.machine(tools, wanted).await?;
    let (old, new) = (ecosystem.unpacked(&machine, before)?, ecosystem.unpacked(&machine, after)?);
    let pairs = pairs(before, &old, &new);
    let gone = pairs.iter().filter(|(old, _)| !tools.store.has_archive(&old.archive.integrity));
    for (old, _) in gone {
        // One that was unpublished meanwhile must not keep the others from being compared.
        if let Err(error) = sync::fetch(tools, ecosystem, vec![Wanted::locked(*old)]).await {
            tools.person.note(&format!("{} is compared with nothing: {error}", old.label()));
        }
    }
    let mut out = Vec::new();
    for (old, new) in pairs {
        let own = after
            .root_package()
            .is_some_and(|root| root.name == new.package.name && root.version == new.package.version);
        let files = compare(tools, ecosystem, old, new)?;
        if !files.is_empty() {
            out.push(Change::Files {
                name: new.package.name.clone(),
                own,
                files,
            });
        }
    }
    Ok(out)
}

/// The archives that this machine unpacks, with their places.
type Here<'a> = Vec<(&'a InstallPath, Archive<'a>)>;

/// Old and new of each package that moved: at the same place first, otherwise the nearest of the
/// same name.
fn pairs<'a>(before: &Closure, old: &Here<'a>, new: &Here<'a>) -> Vec<(Archive<'a>, Archive<'a>)> {
    let mut seen: Vec<(&Integrity, &Integrity)> = Vec::new();
    let mut out = Vec::new();
    for (path, new) in new {
        let known = before.packages.values().filter(|old| old.name == new.package.name);
        if known.clone().any(|old| old.holds(&new.archive.integrity)) {
            continue; // These very bytes were pinned before.
        }
        let mut candidates = old.iter().filter(|(_, old)| old.package.name == new.package.name);
        let same_place = candidates.clone().find(|(old, _)| old == path);
        let Some((_, old)) = same_place.or_else(|| candidates.next()) else {
            continue;
        };
        let both = (&old.archive.integrity, &new.archive.integrity);
        if !seen.contains(&both) {
            seen.push(both);
            out.push((*old, *new));
        }
    }
    out
}

fn compare(
    tools: &Tools<'_>,
    ecosystem: &dyn Ecosystem,
    old: Archive<'_>,
    new: Archive<'_>,
) -> Result<Vec<crate::model::drift::FileChange>, Error> {
    let (before, before_bytes) = unpacked(tools, ecosystem, old)?.unwrap_or_default();
    let Some((after, after_bytes)) = unpacked(tools, ecosystem, new)? else {
        return Ok(Vec::new());
    };
    let read = |side: Side, file: &crate::model::ArchiveFile| {
        let bytes = if side == Side::Before { &before_bytes } else { &after_bytes };
        Ok::<_, Error>(bytes.get(&file.path).cloned().unwrap_or_default())
    };
    diff::diff_files(&before, &after, read)
}

fn unpacked(tools: &Tools<'_>, ecosystem: &dyn Ecosystem, at: Archive<'_>) -> Result<Option<Files>, Error> {
    let stored = tools.store.archive(&at.archive.integrity, &at.label())?;
    stored.map(|stored| ecosystem.files(&stored)).transpose()
}

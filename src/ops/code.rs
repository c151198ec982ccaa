//! What an update changes in the code: file by file, for every package that moved.

use std::collections::BTreeMap;

use crate::diff::{self, Side};
use crate::error::Error;
use crate::model::{ArchiveContents, Change, Closure, InstallPath, Integrity, Pin, Pinned};
use crate::ops::archive::Archive;
use crate::ops::sync;
use crate::ops::tools::Tools;

/// The file changes of every package whose bytes differ. A package that is new as a whole is not
/// listed file by file: `package-added` names it.
///
/// # Errors
/// An archive cannot be read. Where the old archive is neither in the store nor to be had any more,
/// the package is compared with nothing: every file counts as added, never as unchanged.
pub async fn changes(tools: &Tools<'_>, before: &Pin, after: &Pin) -> Result<Vec<Change>, Error> {
    let (Pinned::Package { closure: before, .. }, Pinned::Package { closure: after, .. }) = (&before.pinned, &after.pinned) else {
        return Ok(Vec::new());
    };
    let (old, new) = (here(tools, before)?, here(tools, after)?);
    let pairs = pairs(before, &old, &new);
    let gone = pairs.iter().filter(|(old, _)| !tools.store.has_archive(&old.archive.integrity));
    for (old, _) in gone {
        // One that was unpublished meanwhile must not keep the others from being compared.
        if let Err(error) = sync::fetch(tools, vec![sync::Wanted::locked(*old)]).await {
            tools.person.note(&format!("{} is compared with nothing: {error}", old.label()));
        }
    }
    let mut out = Vec::new();
    for (old, new) in pairs {
        let own = after
            .root_package()
            .is_some_and(|root| root.name == new.package.name && root.version == new.package.version);
        let files = compare(tools, old, new)?;
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

fn here<'a>(tools: &Tools<'_>, closure: &'a Closure) -> Result<Here<'a>, Error> {
    let platform = tools.node()?.platform();
    let fits = closure
        .packages
        .iter()
        .filter(|(_, package)| package.node().is_some_and(|terms| terms.fits(platform)));
    Ok(fits
        .filter_map(|(path, package)| {
            Some((
                path,
                Archive {
                    package,
                    archive: package.archives.first()?,
                },
            ))
        })
        .collect())
}

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

fn compare(tools: &Tools<'_>, old: Archive<'_>, new: Archive<'_>) -> Result<Vec<crate::model::drift::FileChange>, Error> {
    let (before, before_bytes) = unpacked(tools, old)?.unwrap_or_default();
    let Some((after, after_bytes)) = unpacked(tools, new)? else {
        return Ok(Vec::new());
    };
    let read = |side: Side, file: &crate::model::ArchiveFile| {
        let bytes = if side == Side::Before { &before_bytes } else { &after_bytes };
        Ok::<_, Error>(bytes.get(&file.path).cloned().unwrap_or_default())
    };
    diff::diff_files(&before, &after, read)
}

type Unpacked = (ArchiveContents, BTreeMap<String, Vec<u8>>);

fn unpacked(tools: &Tools<'_>, archive: Archive<'_>) -> Result<Option<Unpacked>, Error> {
    let Some(archive) = tools.store.archive(&archive.archive.integrity, &archive.label())? else {
        return Ok(None);
    };
    let mut bytes = BTreeMap::new();
    archive.for_each_file(&mut |path, _, content| {
        bytes.insert(path.to_owned(), content.to_vec());
    })?;
    Ok(Some((archive.contents()?, bytes)))
}

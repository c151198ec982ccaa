//! What an update changes in the code: file by file, for every package that moved.

use std::collections::BTreeMap;

use crate::diff::{self, Side};
use crate::error::Error;
use crate::model::{ArchiveContents, Change, Closure, Integrity, LockedPackage, PackageName, Pin, Pinned};
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
    let platform = tools.node()?.platform();
    let mut pairs = pairs(before, after);
    pairs.retain(|(_, new)| new.fits(platform));
    let gone: Vec<_> = pairs.iter().filter(|(old, _)| !tools.store.has_archive(&old.integrity)).collect();
    for (old, _) in gone {
        // One that was unpublished meanwhile must not keep the others from being compared.
        if let Err(error) = sync::fetch(tools, vec![sync::Wanted::locked(old)]).await {
            tools
                .person
                .note(&format!("{} is compared with nothing: {error}", sync::label(old)));
        }
    }
    let mut out = Vec::new();
    for (old, new) in pairs {
        let own = after
            .root_package()
            .is_some_and(|root| root.name == new.name && root.version == new.version);
        let files = compare(tools, old, new)?;
        if !files.is_empty() {
            out.push(Change::Files {
                name: new.name.clone(),
                own,
                files,
            });
        }
    }
    Ok(out)
}

/// Old and new of each package that moved: at the same place first, otherwise the nearest of the
/// same name.
fn pairs<'a>(before: &'a Closure, after: &'a Closure) -> Vec<(&'a LockedPackage, &'a LockedPackage)> {
    let mut by_name: BTreeMap<&PackageName, Vec<&LockedPackage>> = BTreeMap::new();
    for package in before.packages.values() {
        by_name.entry(&package.name).or_default().push(package);
    }
    let mut seen: Vec<(&Integrity, &Integrity)> = Vec::new();
    let mut out = Vec::new();
    for (path, new) in &after.packages {
        let same_place = before.packages.get(path).filter(|old| old.name == new.name);
        let candidates = by_name.get(&new.name);
        if candidates.is_some_and(|all| all.iter().any(|old| old.integrity == new.integrity)) {
            continue; // These very bytes were pinned before.
        }
        let Some(old) = same_place.or_else(|| candidates.and_then(|all| all.first().copied())) else {
            continue;
        };
        if !seen.contains(&(&old.integrity, &new.integrity)) {
            seen.push((&old.integrity, &new.integrity));
            out.push((old, new));
        }
    }
    out
}

fn compare(tools: &Tools<'_>, old: &LockedPackage, new: &LockedPackage) -> Result<Vec<crate::model::drift::FileChange>, Error> {
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

fn unpacked(tools: &Tools<'_>, package: &LockedPackage) -> Result<Option<Unpacked>, Error> {
    let Some(archive) = tools.store.archive(&package.integrity, &sync::label(package))? else {
        return Ok(None);
    };
    let mut bytes = BTreeMap::new();
    archive.for_each_file(&mut |path, _, content| {
        bytes.insert(path.to_owned(), content.to_vec());
    })?;
    Ok(Some((archive.contents()?, bytes)))
}

//! One archive of a closure, as operations speak of it: which package, which bytes.

use crate::model::{Closure, Integrity, LockedArchive, LockedPackage, PackageName};

/// One archive under one name. Two packages of the same bytes are two, since evidence is about a
/// name and bytes together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// The wheel's file name; `None` for npm.
    pub file: Option<String>,
    /// The digest.
    pub integrity: Integrity,
}

impl Key {
    /// The archive of a locked package.
    pub fn of(package: &LockedPackage, archive: &LockedArchive) -> Self {
        Self {
            name: package.name.clone(),
            version: package.version.clone(),
            file: archive.file.clone(),
            integrity: archive.integrity.clone(),
        }
    }

    /// As people say it: the wheel's file name, else `name@version`.
    pub fn label(&self) -> String {
        self.file.clone().unwrap_or_else(|| format!("{}@{}", self.name, self.version))
    }
}

/// An archive with the package it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Archive<'a> {
    /// The package.
    pub package: &'a LockedPackage,
    /// One of its archives.
    pub archive: &'a LockedArchive,
}

impl<'a> Archive<'a> {
    /// Every archive of a closure.
    pub fn all(closure: &'a Closure) -> Vec<Self> {
        closure.archives().map(|(package, archive)| Self { package, archive }).collect()
    }

    /// Which one.
    pub fn key(&self) -> Key {
        Key::of(self.package, self.archive)
    }

    /// Whether it was made on this machine: no lock names it, and no index has it.
    pub fn is_local(&self) -> bool {
        !self.package.holds(&self.archive.integrity)
    }

    /// As [`Key::label`].
    pub fn label(&self) -> String {
        self.archive.file.clone().unwrap_or_else(|| self.package.label())
    }
}

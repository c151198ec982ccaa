//! What is new in the code of one package.
//!
//! Only what stands on added or changed lines counts, and of that only what the package had nowhere
//! before: a literal that was there, or an ability that it had, is no news.

use crate::model::code::CodeSign;

/// A file as text.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// Its path in the package.
    pub path: &'a str,
    /// Its content, whatever it is.
    pub content: &'a [u8],
}

/// One version of one package, unpacked.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// Its name: code may import its own package.
    pub name: &'a str,
    /// Its files, in any order; a path that occurs twice counts by its last occurrence, as in the archive.
    pub files: &'a [SourceFile<'a>],
    /// The names of every package it declares: dependencies of all kinds, optional, peer and bundled
    /// ones among them. `None` where names of modules do not follow from names of packages (Python):
    /// imports are then not compared with them.
    pub declared: Option<&'a [&'a str]>,
}

/// The signs that are new between two versions of one package, sorted; with nothing before, all that
/// a first look is to see.
///
/// Pure and free of shared state: run packages side by side on as many threads as there are cores.
pub fn diff_code(_before: Option<&Package<'_>>, _after: &Package<'_>) -> Vec<CodeSign> {
    Vec::new()
}

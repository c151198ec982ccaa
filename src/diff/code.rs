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

/// The signs that are new between two versions of one package, sorted; with nothing before, all that
/// a first look is to see. `declared`: the names of the packages it depends on.
pub fn diff_code(_before: &[SourceFile<'_>], _after: &[SourceFile<'_>], _declared: &[&str]) -> Vec<CodeSign> {
    Vec::new()
}

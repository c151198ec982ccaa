//! Every code a finding can have, with what it means, why it matters and what to do about it.
//!
//! A code is a promise: it keeps its one meaning over versions, since users filter and scripts
//! compare by it. One table a [`Part`], each sorted by code.

mod closure;
mod code;
mod launch;
mod machine;
mod surface;
mod trust;

use crate::model::Part;

/// What is written about one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The code, as reports print it.
    pub code: &'static str,
    /// What was found and why it matters, a fragment without a full stop.
    pub meaning: &'static str,
    /// What a careful person does next, likewise.
    pub advice: &'static str,
}

/// The pages of one part, sorted by code.
pub const fn pages(part: Part) -> &'static [Page] {
    match part {
        Part::Code => code::PAGES,
        Part::Surface => surface::PAGES,
        Part::Closure => closure::PAGES,
        Part::Trust => trust::PAGES,
        Part::Launch => launch::PAGES,
        Part::Machine => machine::PAGES,
    }
}

/// Every page of every part, sorted by code.
pub fn codes() -> impl Iterator<Item = &'static Page> {
    let mut all: Vec<_> = Part::ALL.iter().flat_map(|part| pages(*part)).collect();
    all.sort_unstable_by_key(|page| page.code);
    all.into_iter()
}

/// The page about a code; `None` where there is no such code.
pub fn page(code: &str) -> Option<&'static Page> {
    found(code).map(|(_, page)| page)
}

/// What a code means; `None` where there is no such code.
pub fn explain(code: &str) -> Option<&'static str> {
    page(code).map(|page| page.meaning)
}

/// The part a code belongs to. No finding has a code that is in no table (a test sees to it); one
/// that had would be shown with what cannot be placed: the machine.
pub fn part(code: &str) -> Part {
    found(code).map_or(Part::Machine, |(part, _)| part)
}

fn found(code: &str) -> Option<(Part, &'static Page)> {
    Part::ALL.into_iter().find_map(|part| {
        let pages = pages(part);
        let at = pages.binary_search_by(|page| page.code.cmp(code)).ok()?;
        pages.get(at).map(|page| (part, page))
    })
}

#[cfg(test)]
mod tests;
